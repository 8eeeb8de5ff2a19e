//! Arithmetic, and what it says about sizes of sets.

use crate::ground::equal::Edges;
use crate::ground::formula::{Kind, Relation, Says, Set, Size};
use crate::ground::frames::Frame;
use crate::ground::linear::{Contradiction, Linear, contradictory};
use crate::ground::measure::relations;
use crate::ground::proof::{P, Proof, free, negation, numbered};
use crate::ground::refute::Known;
use crate::ground::search::{Refutation, Search};
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Clo, Ctx, DClo, Env, Res, V, Val};
use bfv_search::shift::rename;
use bfv_search::{Budget, Goal, Outcome};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Steps of one question to arithmetic.
const QUESTION: u64 = 2_000;

/// From which atoms something follows.
enum From {
    Atoms(BTreeSet<usize>),
    All,
}

/// What is asked of arithmetic: a statement about numbers, what is known of them, and one more fact if there is one.
pub struct Question {
    target: V,
    more: Option<(u32, V)>,
    known: Vec<(usize, Known)>,
}

/// Linear forms, each with the atom that it is from.
type Forms = Vec<(Linear, usize)>;

/// A theorem about sizes that may be of use, at sets or numbers.
#[derive(Clone)]
pub struct Wanted {
    pub lemma: u32,
    args: Vec<Term>,
    /// By what it is told from others.
    pub key: Vec<Term>,
    /// Whether its premise is about sizes, and its conclusion says that something exists. Otherwise its conclusion is about sizes.
    exists: bool,
    /// When it is tried: at once, or later and in which order.
    pub order: u8,
}

impl Search<'_> {
    /// What is known of numbers.
    fn numbers(&self) -> Vec<(usize, Known)> {
        let number = |a: &&usize| self.reader.atoms.get(**a).is_some_and(|a| a.number);
        self.trail.iter().filter(number).filter_map(|a| Some((*a, self.known.get(a)?.clone()))).collect()
    }

    fn question(&self, target: V, more: Option<(u32, V)>, from: &From) -> Question {
        let mut known = self.numbers();
        if let From::Atoms(atoms) = from {
            known.retain(|(a, _)| atoms.contains(a));
        }
        Question { target, more, known }
    }

    /// A proof of a statement about numbers.
    pub fn answer(&mut self, question: &Question, budget: &mut Budget) -> Res<Option<P>> {
        // Nothing is proved there.
        if self.hints.along() {
            return Ok(Some(Proof::var(self.fresh.next())));
        }
        let m = self.m();
        let Question { target, more, known: numbers } = question;
        let depth = self.reader.depth();
        // What is known of numbers is handed over below, so other facts are hidden: some of them are out of scope by now.
        let mut ctx = Ctx::default();
        for (level, ty) in (0u32..).zip(&self.reader.ctx.types) {
            let hidden = self.facts.contains(&level).then(|| m.value(Val::Prim(Prim::Unit)));
            ctx = m.bind(&ctx, hidden.unwrap_or_else(|| ty.clone())).0;
        }
        let empty = m.value(Val::Prim(Prim::Empty));
        for (atom, known) in numbers {
            let Some(a) = self.reader.atoms.get(*atom) else { return Ok(None) };
            let ty = if known.truth { a.ty.clone() } else { m.value(Val::Pi(a.ty.clone(), Clo::Const(empty.clone()))) };
            ctx = m.bind(&ctx, ty).0;
        }
        if let Some((_, ty)) = more {
            ctx = m.bind(&ctx, ty.clone()).0;
        }
        let total = u32::try_from(ctx.types.len()).unwrap_or(u32::MAX);
        let goal = Goal { machine: m, ctx, target: target.clone(), lemmas: self.lemmas, hints: Vec::new() };
        let mut part = budget.part(QUESTION);
        let found = self.side.solve(&goal, &mut part);
        let _ = budget.spend(part.used.min(budget.left));
        let Outcome::Candidate(t) = found else { return Ok(None) };
        let Some(t) = numbered(&t, total) else { return Ok(None) };
        // The facts were variables there; here they have names of their own.
        let mut names: Vec<u32> = numbers.iter().map(|_| self.fresh.next()).collect();
        names.extend(more.as_ref().map(|(name, _)| *name));
        let name = |n: u32| match n.checked_sub(depth) {
            Some(k) => usize::try_from(k).ok().and_then(|k| names.get(k)).copied(),
            None => Some(n),
        };
        let Some(t) = rename(&t, 0, 0, &mut |n| name(n), &mut Some) else { return Ok(None) };
        let mut p = Proof::data(t);
        let used = p.facts();
        for ((atom, known), name) in numbers.iter().zip(names) {
            if !used.contains(&name) {
                continue;
            }
            let Some(a) = self.reader.atoms.get(*atom) else { return Ok(None) };
            let ty = if known.truth { a.written.clone() } else { negation(&a.written) };
            p = Rc::new(Proof::Let(name, ty, known.proof.clone(), p));
        }
        Ok(Some(p))
    }

    /// A proof that arithmetic is asked for where it is used, or at once where what it can prove is not known beforehand.
    fn later(
        &mut self,
        question: Question,
        from: &From,
        frames: &mut Vec<Frame>,
        budget: &mut Budget,
    ) -> Res<Option<P>> {
        if self.at_once || matches!(from, From::All) {
            return self.answer(&question, budget);
        }
        let name = self.fresh.next();
        let proof = Rc::new(Proof::Later(name, OnceCell::new()));
        frames.push(Frame::Later { name, proof: proof.clone(), question: Box::new(question) });
        Ok(Some(proof))
    }

    /// What is known of numbers, as forms that are at least zero, and those that are not zero, each with its atom.
    fn forms(&self) -> (Forms, Forms) {
        let (mut forms, mut apart) = (Vec::new(), Vec::new());
        for (atom, known) in self.numbers() {
            let Some(a) = self.reader.atoms.get(atom) else { continue };
            let Some(d) = &a.linear else { continue };
            let zero = Linear::constant(0);
            let (below, above) = (d.plus(&Linear::constant(1), -1), zero.plus(d, -1));
            let mut add = |f: Option<Linear>| forms.extend(f.map(|f| (f, atom)));
            match (&a.says, known.truth) {
                // larger - smaller >= 1, or not.
                (Says::Bool(_), true) => add(below),
                (Says::Bool(_), false) => add(above),
                (_, true) => {
                    add(Some(d.clone()));
                    add(above);
                }
                (_, false) => apart.push((d.clone(), atom)),
            }
        }
        (forms, apart)
    }

    /// Whether it is worth asking for a contradiction between numbers, and from which atoms.
    fn promising(&self, more: Option<Linear>) -> Option<From> {
        let (forms, apart) = self.forms();
        let (mut forms, atoms): (Vec<Linear>, Vec<usize>) = forms.into_iter().unzip();
        forms.extend(more);
        let from = |found: Contradiction| match found {
            Contradiction::Of(places) => From::Atoms(places.iter().filter_map(|n| atoms.get(*n)).copied().collect()),
            Contradiction::Perhaps => From::All,
        };
        if let Some(found) = contradictory(&forms) {
            return Some(from(found));
        }
        // Two numbers that differ, and neither is smaller.
        apart.iter().find_map(|(d, atom)| {
            let sides = [d.plus(&Linear::constant(1), -1), Linear::constant(-1).plus(d, -1)];
            let mut used = From::Atoms(BTreeSet::from([*atom]));
            for side in sides.into_iter().flatten() {
                forms.push(side);
                let found = contradictory(&forms).map(from);
                forms.pop();
                used = match (used, found?) {
                    (From::Atoms(mut a), From::Atoms(b)) => {
                        a.extend(b);
                        From::Atoms(a)
                    }
                    _ => From::All,
                };
            }
            Some(used)
        })
    }

    /// Falsehood from what is known of numbers.
    pub fn contradiction(&mut self, budget: &mut Budget) -> Res<Option<Refutation>> {
        let known = self.numbers().len();
        if self.looked == known {
            return Ok(None);
        }
        self.looked = known;
        let Some(from) = self.promising(None) else { return Ok(None) };
        let empty = self.m().value(Val::Prim(Prim::Empty));
        let question = self.question(empty, None, &from);
        Ok(self.answer(&question, budget)?.map(|p| {
            let used = p.facts();
            (p, used)
        }))
    }

    /// Facts about sizes: that large sets meet, and what a difference is; where nothing else is left (`last`), that a part is no larger,
    /// that a larger set has a member outside of a smaller one, and that one with a size has a member. These make many new terms.
    pub fn sizes(&mut self, last: bool, frames: &mut Vec<Frame>, budget: &mut Budget) -> Res<bool> {
        let known = (self.numbers().len(), last);
        if self.counted == Some(known) {
            return Ok(false);
        }
        let mut wanted = self.wanted();
        wanted.retain(|w| self.hints.sizes(w, last));
        wanted.sort_by_key(|w| w.order);
        for w in wanted {
            let key = (usize::MAX - usize::try_from(w.lemma).unwrap_or(0), w.key.clone());
            if self.done.contains(&key) {
                continue;
            }
            let useful =
                if w.exists { self.by_size(&w, frames, budget)? } else { self.by_members(&w, frames, budget)? };
            if useful {
                self.hints.sized(&w);
                self.first(key);
                // What two sets share outside of a third one shows that neither is a part of that.
                if let ([a, b, c], true) = (&*w.key, w.lemma == self.reader.lib.meet) {
                    let subset = usize::MAX - usize::try_from(self.reader.lib.subset).unwrap_or(0);
                    self.first((subset, vec![a.clone(), c.clone()]));
                    self.first((subset, vec![b.clone(), c.clone()]));
                }
                return Ok(true);
            }
        }
        self.counted = Some(known);
        Ok(false)
    }

    /// Two numbers of which neither is smaller are equal; whether there are two of which that was not known.
    pub fn between(&mut self) -> Res<bool> {
        let lib = self.reader.lib;
        let mut orders: Vec<(Term, Term, P)> = Vec::new();
        for a in &self.trail {
            if let (Some(k), Some((low, high))) =
                (self.known.get(a).filter(|k| !k.truth), self.reader.atoms.get(*a).and_then(|a| a.order.clone()))
            {
                orders.push((low, high, k.proof.clone()));
            }
        }
        let mut any = false;
        for (n, (a, b, p)) in orders.iter().enumerate() {
            let Some((_, _, q)) = orders.iter().skip(n + 1).find(|(x, y, _)| x == b && y == a) else { continue };
            if !self.first((usize::MAX - usize::try_from(lib.between).unwrap_or(0), vec![a.clone(), b.clone()])) {
                continue;
            }
            let m = self.m();
            let (Some(x), Some(y)) = (self.reader.value(a), self.reader.value(b)) else { continue };
            let nat = m.value(Val::Prim(Prim::Nat));
            let equal = m.value(Val::Path(DClo::Abs(m.fresh_dim(), nat), x, y));
            let Some(f) = self.reader.read(&equal)? else { continue };
            let args = [Proof::data(a.clone()), Proof::data(b.clone()), p.clone(), q.clone()];
            self.assert(&f, Proof::call(lib.between, args), true);
            any = true;
        }
        Ok(any)
    }

    /// Theorems that may be of use.
    fn wanted(&self) -> Vec<Wanted> {
        let lib = self.reader.lib;
        let (mut large, mut small): (Vec<Rc<Set>>, Vec<Rc<Set>>) = (Vec::new(), Vec::new());
        let mut out: Vec<Wanted> = Vec::new();
        let edges = self.edges();
        for atom in &self.trail {
            let (Some(a), Some(k)) = (self.reader.atoms.get(*atom), self.known.get(atom)) else { continue };
            let [low, high] = &a.sizes;
            let (less, more) = if k.truth { (low, high) } else { (high, low) };
            for (from, to) in [(more, &mut large), (less, &mut small)] {
                for s in from {
                    match s {
                        Size::Set(s) if !to.iter().any(|t| t.key == s.key) => to.push(s.clone()),
                        Size::Set(_) => {}
                        Size::Difference(n, m) => {
                            let args = vec![n.clone(), m.clone()];
                            // Subtraction stops at zero, so one of these has to be known.
                            for lemma in [lib.difference, lib.positive_difference, lib.no_difference] {
                                let (args, key) = (args.clone(), args.clone());
                                out.push(Wanted { lemma, key, args, exists: true, order: 0 });
                            }
                        }
                    }
                }
            }
        }
        let mut add = |lemma, sets: &[&Rc<Set>], exists, order| {
            let args = sets.iter().take(1).map(|s| s.of.clone()).chain(sets.iter().map(|s| s.holds.clone())).collect();
            out.push(Wanted { lemma, args, key: sets.iter().map(|s| s.key.clone()).collect(), exists, order });
        };
        for (n, a) in large.iter().enumerate() {
            add(lib.member, &[a], true, 3);
            let bounds: Vec<&Rc<Set>> = small.iter().filter(|c| a.of == c.of && a.key != c.key).collect();
            for (k, c) in bounds.iter().enumerate() {
                for d in bounds.iter().skip(k + 1) {
                    add(lib.outside_both, &[a, c, d], true, 4);
                    for b in large.iter().skip(n + 1).filter(|b| a.of == b.of && c.key != b.key && d.key != b.key) {
                        add(lib.meet_outside_both, &[a, b, c, d], true, 4);
                    }
                }
            }
            for b in large.iter().skip(n + 1).filter(|b| a.of == b.of) {
                let bounds: Vec<&Rc<Set>> =
                    small.iter().filter(|c| a.of == c.of && a.key != c.key && b.key != c.key).collect();
                for c in &bounds {
                    add(lib.meet, &[a, b, c], true, 0);
                }
                if bounds.is_empty() {
                    add(lib.common, &[a, b], true, 0);
                }
            }
            for c in small.iter().filter(|c| a.of == c.of && a.key != c.key) {
                add(lib.outside, &[a, c], true, 2);
                add(lib.subset, &[a, c], false, if Self::alike_sets(a, c, &edges) { 0 } else { 2 });
            }
        }
        out
    }

    /// Whether a set may be a part of another one because both are made of a relation at the same places; or the other one is given.
    fn alike_sets(a: &Set, c: &Set, edges: &Edges) -> bool {
        let (mut of_a, mut of_c) = (Vec::new(), Vec::new());
        relations(&a.key, 0, &mut of_a);
        relations(&c.key, 0, &mut of_c);
        let given = |r: &Relation| matches!(&*r.0, Node::Var(_));
        let same = |a: &Option<Term>, b: &Option<Term>| {
            a == b || a.as_ref().zip(b.as_ref()).is_some_and(|(a, b)| edges.same(a, b))
        };
        let alike = |(f, xs): &Relation, (g, ys): &Relation| {
            f == g && xs.len() == ys.len() && xs.iter().zip(ys).all(|(x, y)| same(x, y))
        };
        of_c.iter().all(given) || of_a.iter().any(|r| !given(r) && of_c.iter().any(|s| alike(r, s)))
    }

    /// The premise and the conclusion of a theorem at arguments.
    pub fn stated(&self, w: &Wanted) -> Res<Option<(V, V)>> {
        let m = self.m();
        let Some(ty) = m.globals().const_type(w.lemma) else { return Ok(None) };
        let mut ty = m.eval(&Env::default(), &ty);
        for t in &w.args {
            let whnf = m.whnf(&ty)?;
            let (Val::Pi(_, body), Some(x)) = (&*whnf, self.reader.value(t)) else { return Ok(None) };
            ty = m.inst(body, x);
        }
        let whnf = m.whnf(&ty)?;
        let Val::Pi(premise, conclusion) = &*whnf else { return Ok(None) };
        Ok(Some((premise.clone(), m.inst(conclusion, m.value(Val::Prim(Prim::Star))))))
    }

    /// What a theorem needs of numbers, which is its premise or what its conclusion contradicts, as a form that is at least zero where that
    /// order fails.
    fn against(&mut self, w: &Wanted) -> Res<Option<Linear>> {
        let key = (w.lemma, w.key.clone());
        if let Some(known) = self.against.get(&key) {
            return Ok(known.clone());
        }
        let form = match self.stated(w)? {
            Some((premise, conclusion)) => self.opposite(if w.exists { &premise } else { &conclusion })?,
            None => None,
        };
        self.against.insert(key, form.clone());
        Ok(form)
    }

    /// A form that is at least zero where an order of numbers fails.
    fn opposite(&mut self, statement: &V) -> Res<Option<Linear>> {
        let Some(f) = self.reader.read(statement)? else { return Ok(None) };
        let (atom, truth) = match &f.kind {
            Kind::Atom(n) => (*n, true),
            Kind::Not(g) => match &g.kind {
                Kind::Atom(n) => (*n, false),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let Some(d) = self.reader.atoms.get(atom).and_then(|a| a.linear.clone()) else { return Ok(None) };
        Ok(if truth { Linear::constant(0).plus(&d, -1) } else { d.plus(&Linear::constant(1), -1) })
    }

    /// What follows from sizes that are known: something exists.
    fn by_size(&mut self, w: &Wanted, frames: &mut Vec<Frame>, budget: &mut Budget) -> Res<bool> {
        let Some(against) = self.against(w)? else { return Ok(false) };
        let Some(from) = self.promising(Some(against)) else { return Ok(false) };
        let Some((premise, conclusion)) = self.stated(w)? else { return Ok(false) };
        let Some(f) = self.reader.read(&conclusion)? else { return Ok(false) };
        let question = self.question(premise, None, &from);
        let Some(proof) = self.later(question, &from, frames, budget)? else { return Ok(false) };
        let args = w.args.iter().map(|t| Proof::data(t.clone())).chain([proof]);
        self.assert(&f, Proof::call(w.lemma, args), true);
        Ok(true)
    }

    /// What sizes rule out: that one set is a part of another.
    fn by_members(&mut self, w: &Wanted, frames: &mut Vec<Frame>, budget: &mut Budget) -> Res<bool> {
        let Some(against) = self.against(w)? else { return Ok(false) };
        // `against` is below zero by one where the statement holds.
        let holds = Linear::constant(-1).plus(&against, -1);
        let Some(from) = self.promising(holds) else { return Ok(false) };
        let Some((premise, conclusion)) = self.stated(w)? else { return Ok(false) };
        let (Some(f), Some(part_of), Some(larger)) =
            (self.reader.read(&premise)?, self.reader.term(&premise)?, self.reader.term(&conclusion)?)
        else {
            return Ok(false);
        };
        let (size, part, name) = (self.fresh.next(), self.fresh.next(), self.fresh.next());
        let empty = self.m().value(Val::Prim(Prim::Empty));
        let question = self.question(empty, Some((size, conclusion)), &from);
        let Some(wrong) = self.later(question, &from, frames, budget)? else { return Ok(false) };
        let args = w.args.iter().map(|t| Proof::data(t.clone())).chain([Proof::var(part)]);
        let refuted = Rc::new(Proof::Let(size, larger, Proof::call(w.lemma, args), wrong));
        frames.push(Frame::Named { name, ty: negation(&part_of), value: Proof::lam(part, refuted) });
        self.assert(&f, Proof::var(name), false);
        Ok(true)
    }
}

/// Adds the numbers that a named fact needs.
pub fn needs(ty: &Term, value: &P, used: &mut BTreeSet<u32>) {
    free(ty, used);
    used.extend(value.facts());
}
