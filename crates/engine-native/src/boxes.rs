//! Bounds on boxes: where hypotheses bound every variable by numbers, the box is split until linear facts about each part suffice.
//!
//! On a part, every exp, log, sqrt and inverse is enclosed by chords and tangents with rounded numbers, and products by products of
//! bounds. What is left is a linear program; its solution is a certificate for the kernel's rule about real numbers.
//! A point at which the claim fails ends the search.

use crate::arith::{Found, Prover};
use crate::certificate::Fruitless;
use crate::certificate::Power;
use crate::enclose::{Lemmas, NAMES, Numbers, call, literal, rounded, whole};
use crate::reify;
use crate::relax::{Fact, Leaf, Proof};
use crate::sheet::{Function, Interval, Kind, ROOM, Sheet};
use bfv_format::{Node, Op, Prim, Relation, Sort, Term};
use bfv_kernel::{Ctx, Elim, Env, Head, Neutral, Res, V, Val};
use bfv_search::poly::polynomial;
use bfv_search::shift::rename;
use bfv_search::{Budget, Goal, Reason};
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// With more atoms than this a goal is left alone.
const ATOMS: usize = 40;
/// How often a box is split along one path.
const DEPTH: u32 = 40;
/// With more variables than this the corners of the box are not tried.
const CORNERS: usize = 5;

/// How the search for a part of the box ends.
pub enum End {
    Proof(Term),
    /// Values of the atoms that are variables.
    Point(BTreeMap<u32, BigRational>),
    GaveUp(Reason, &'static str),
}

/// The search for one goal.
pub struct Search<'s, 'g> {
    pub sheet: &'s mut Sheet<'g>,
    pub budget: &'s mut Budget,
    /// The place of the fact that the goal is denied, if there is a goal.
    pub denied: Option<usize>,
    /// Whether points at which all facts hold end the search.
    pub points: bool,
}

impl Search<'_, '_> {
    /// The bounds by numbers that facts state of variables.
    pub fn bounds(facts: &[Fact]) -> BTreeMap<u32, (Option<BigRational>, Option<BigRational>)> {
        let mut out: BTreeMap<u32, (Option<BigRational>, Option<BigRational>)> = BTreeMap::new();
        for f in facts {
            let Some((atom, slope, at)) = f.bound() else { continue };
            let (low, high) = out.entry(atom).or_default();
            if (slope || f.relation == Relation::Eq) && low.as_ref().is_none_or(|l| *l < at) {
                *low = Some(at.clone());
            }
            if (!slope || f.relation == Relation::Eq) && high.as_ref().is_none_or(|h| *h > at) {
                *high = Some(at);
            }
        }
        out
    }

    /// The variables with both bounds.
    fn boxed(facts: &[Fact]) -> BTreeMap<u32, Interval> {
        Self::bounds(facts).into_iter().filter_map(|(n, (l, h))| Some((n, (l?, h?)))).collect()
    }

    /// A point of the box at which every fact holds for certain.
    fn witness(
        &mut self,
        facts: &[Fact],
        sides: &BTreeMap<u32, Interval>,
        corners: bool,
    ) -> Option<BTreeMap<u32, BigRational>> {
        let mut points: Vec<BTreeMap<u32, BigRational>> = vec![BTreeMap::new()];
        for (n, (l, h)) in sides.iter().filter(|(n, _)| self.sheet.function(**n).is_none()) {
            let middle = rounded(&((l + h) / whole(2)), 12, false);
            let middle = if middle < *l || middle > *h { (l + h) / whole(2) } else { middle };
            let choices = if corners { vec![middle, l.clone(), h.clone()] } else { vec![middle] };
            points = points
                .into_iter()
                .flat_map(|p| {
                    choices
                        .iter()
                        .map(move |q| p.iter().map(|(k, v)| (*k, v.clone())).chain([(*n, q.clone())]).collect())
                        .collect::<Vec<_>>()
                })
                .collect();
        }
        points.into_iter().find(|p| {
            let at = p.iter().map(|(n, q)| (*n, (q.clone(), q.clone()))).collect();
            let ranges = self.sheet.ranges(&at, 40);
            facts.iter().all(|f| Sheet::certain(f, &ranges, 60) == Some(true))
        })
    }

    /// Falsehood from the facts, at a depth; `level` says how often the box was split.
    ///
    /// # Errors
    /// The evaluator's.
    pub fn refute(&mut self, facts: &[Fact], depth: u32, level: u32) -> End {
        let steps = 1 + u64::try_from(self.sheet.functions.len()).unwrap_or(u64::MAX);
        if self.budget.spend(steps).is_err() {
            return End::GaveUp(Reason::Budget, "The search on boxes ran out of steps.");
        }
        let sides = Self::boxed(facts);
        let few = sides.len() <= CORNERS && level == 0;
        if self.points
            && let Some(point) = self.witness(facts, &sides, few)
        {
            return End::Point(point);
        }
        let bits = 10 + level;
        let mut tries = vec![bits.min(24)];
        if sides.is_empty() || level == 0 {
            tries.push(30);
        }
        for bits in tries {
            match Leaf::new(self.sheet, facts, depth, bits).close(self.denied, self.budget) {
                Ok(Some(t)) => return End::Proof(t),
                Ok(None) => {}
                Err(reason) => return End::GaveUp(reason, "The search on boxes ran out of steps."),
            }
        }
        if level >= DEPTH {
            return End::GaveUp(Reason::Incomplete, "The box was split as often as the search does it.");
        }
        let Some((atom, at)) = self.split(facts, &sides) else {
            return End::GaveUp(Reason::Incomplete, "There is nothing left to split.");
        };
        let mut parts = Vec::new();
        let (low, high) = (vec![Op::Atom(Sort::Real, atom)], vec![Op::Lit(Sort::Real, bfv_kernel::rational(&at))]);
        for (relation, left, right) in [(Relation::Lt, low.clone(), high.clone()), (Relation::Le, high, low)] {
            let proof = Proof { term: Rc::new(Node::Var(0)), depth: depth + 1 };
            let Some(fact) = Fact::new(relation, left, right, proof) else {
                return End::GaveUp(Reason::Unsupported, "");
            };
            let mut more = facts.to_vec();
            more.push(fact);
            match self.refute(&more, depth + 1, level + 1) {
                End::Proof(t) => parts.push(Rc::new(Node::Lam(t))),
                other => return other,
            }
        }
        let mut args = vec![self.sheet.atom(atom, depth), literal(&at)];
        args.extend(parts);
        End::Proof(self.sheet.numbers.lemmas.apply("split", &args))
    }

    /// The variable whose halves say most about the goal, and its middle.
    fn split(&mut self, facts: &[Fact], sides: &BTreeMap<u32, Interval>) -> Option<(u32, BigRational)> {
        let goal = self.denied.and_then(|n| facts.get(n)).map(|f| f.poly.clone());
        let about = goal.as_ref().map(|p| self.sheet.about(p));
        let mut best: Option<(u32, BigRational, Option<BigRational>, BigRational)> = None;
        for (n, (l, h)) in sides {
            if l >= h || self.sheet.function(*n).is_some() || about.as_ref().is_some_and(|a| !a.contains(n)) {
                continue;
            }
            let real = usize::try_from(*n)
                .ok()
                .and_then(|n| self.sheet.atoms.list.get(n))
                .is_some_and(|(s, _)| *s == Sort::Real);
            if !real {
                continue;
            }
            let middle = (l + h) / whole(2);
            let near = rounded(&middle, 6, false);
            let quarter = (h - l) / whole(4);
            let at = if l.is_negative() && h.is_positive() && middle.abs() < quarter {
                whole(0)
            } else if (&near - &middle).abs() < quarter {
                near
            } else {
                rounded(&middle, 30, false)
            };
            let mut spread = Some(whole(0));
            for part in [(l.clone(), at.clone()), (at.clone(), h.clone())] {
                let mut less = sides.clone();
                less.insert(*n, part);
                let width = goal.as_ref().and_then(|p| {
                    let ranges = self.sheet.ranges(&less, 12);
                    Sheet::range(p, &ranges, 20)
                });
                spread = match (spread, width) {
                    (Some(s), Some((a, b))) => Some(s + b - a),
                    _ => None,
                };
            }
            let width = h - l;
            let better = match &best {
                None => true,
                Some((_, _, old, wide)) => match (&spread, old) {
                    (Some(a), Some(b)) if a != b => a < b,
                    (Some(_), None) => true,
                    (None, Some(_)) => false,
                    _ => width > *wide,
                },
            };
            if better {
                best = Some((*n, at, spread, width));
            }
        }
        best.map(|(n, at, ..)| (n, at))
    }
}

/// Values of the variables of a context; proofs have none.
type Values = Vec<Option<Term>>;

/// A proof, or a refutation with the values of the leading variables.
pub type Judged = Res<Result<(Term, Option<Values>), (Reason, String)>>;

/// What a prover needs that searches on boxes.
pub struct Boxing {
    lemmas: Lemmas,
    /// Where the goal at hand fails, once that is known.
    point: RefCell<Option<Values>>,
}

fn give_up(reason: Reason, why: &str) -> Found {
    Ok(Err((reason, why.to_owned())))
}

impl<'g> Prover<'g> {
    /// The same prover, which goes on with boxes where arithmetic finds nothing.
    ///
    /// # Errors
    /// The evaluator's; nothing when the module `std.bounds` is not there.
    pub fn with_boxes(mut self) -> Res<Option<Prover<'g>>> {
        let Some(lemmas) = self.box_lemmas()? else { return Ok(None) };
        self.boxing = Some(Boxing { lemmas, point: RefCell::default() });
        Ok(Some(self))
    }

    /// The lemmas of `std.bounds`, where that module is there.
    fn box_lemmas(&self) -> Res<Option<Lemmas>> {
        let mut out = BTreeMap::new();
        for name in NAMES {
            let Some(t) = self.role(&format!("box.{name}")) else { return Ok(None) };
            out.insert(name, t);
        }
        let real = self.m.value(Val::Prim(Prim::Real));
        let (inner, x) = self.m.bind(&Ctx::default(), real);
        for name in ["exp", "log", "sqrt"] {
            // The lemma of this name is the function by another name.
            let Some(t) = out.get(name) else { return Ok(None) };
            let Val::Neutral(Neutral { head: Head::Const(id, shift), .. }) =
                &*self.m.whnf(&self.m.apply(&self.m.eval(&inner.env, t), x.clone()))?
            else {
                return Ok(None);
            };
            out.insert(name, Rc::new(Node::Const { id: *id, shift: *shift }));
        }
        Ok(Some(Lemmas(out)))
    }

    /// Statements for all elements of a finite type, as one proof for each element.
    fn instances(&self, ctx: &Ctx, ty: &V, proof: &Term, out: &mut Vec<Term>) -> Res<()> {
        if let Val::Pi(dom, cod) = &*self.m.whnf(ty)?
            && let Some(elements) = self.elements(dom, crate::arith::ELEMENTS)?
            && !elements.is_empty()
        {
            for e in elements {
                let t: Term = Rc::new(Node::App(proof.clone(), self.m.quote(ctx, &e)?));
                self.instances(ctx, &self.m.inst(cod, e), &t, out)?;
            }
            return Ok(());
        }
        if !matches!(&*proof.clone(), Node::Var(_)) {
            out.push(proof.clone());
        }
        Ok(())
    }

    /// Falsehood from what the context and the hints say.
    pub fn on_a_box(&self, boxing: &Boxing, ctx: &Ctx, hints: &[Term], budget: &mut Budget) -> Found {
        let lemmas = &boxing.lemmas;
        let mut more = Vec::new();
        for (index, ty) in (0u32..).zip(ctx.types.iter().rev()) {
            self.instances(ctx, ty, &Rc::new(Node::Var(index)), &mut more)?;
        }
        for h in hints {
            let ty = self.m.infer(ctx, h)?;
            self.instances(ctx, &ty, h, &mut more)?;
        }
        let plain = self.all_facts(ctx, &more)?;
        let depth = u32::try_from(ctx.types.len()).unwrap_or(u32::MAX);
        let mut sheet = Sheet::new(depth, Numbers::new(lemmas));
        let mut facts = Vec::new();
        for f in plain.into_iter().filter(|f| f.sort == Sort::Real) {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            reify::tree(self.m, ctx, &mut sheet.atoms, Sort::Real, &f.left, &mut left)?;
            reify::tree(self.m, ctx, &mut sheet.atoms, Sort::Real, &f.right, &mut right)?;
            let proof = Proof { term: sheet.lower(&f.proof, depth, sheet.root), depth: sheet.root };
            facts.extend(Fact::new(f.relation, left, right, proof));
        }
        self.functions(lemmas, ctx, &mut sheet)?;
        if sheet.atoms.list.len() > ATOMS {
            return give_up(Reason::OutsideFragment, "There are too many variables for the search on boxes.");
        }
        // The goal that is denied is what was assumed last, and comes first.
        let denied = (hints.is_empty() && !facts.is_empty()).then_some(0);
        let subject = match denied.and_then(|n| facts.get(n)) {
            Some(f) => vec![f.poly.clone()],
            None => facts.iter().map(|f| f.poly.clone()).collect(),
        };
        let about: BTreeSet<u32> = subject.iter().flat_map(|p| sheet.about(p)).collect();
        let bounds = Search::bounds(&facts);
        let open = |n: &u32| sheet.function(*n).is_none() && !matches!(bounds.get(n), Some((Some(_), Some(_))));
        if about.iter().any(open) {
            return give_up(Reason::OutsideFragment, "Not every variable of the goal lies between two numbers.");
        }
        let plain = !about.iter().any(|n| sheet.function(*n).is_some());
        if plain && subject.iter().all(|p| p.degree() <= 1) {
            return give_up(Reason::Incomplete, "Nothing in the goal needs a box: it is linear.");
        }
        let root = sheet.root;
        let mut search = Search { sheet: &mut sheet, budget, denied, points: denied.is_some() };
        match search.refute(&facts, root, 0) {
            End::Proof(t) => {
                let noted = std::mem::take(&mut sheet.numbers.noted);
                let count = u32::try_from(noted.len()).unwrap_or(u32::MAX);
                // The room shrinks to what is in it.
                let place = |n: u32| match n.checked_sub(ROOM) {
                    Some(outer) => outer.checked_add(count),
                    None => count.checked_sub(1)?.checked_sub(ROOM - 1 - n),
                };
                let Some(t) = rename(&t, 0, 0, &mut |n| place(n), &mut Some) else {
                    return give_up(Reason::Unsupported, "A proof on boxes could not be written down.");
                };
                let whole = noted.into_iter().rev().fold(t, |t, (ty, proof)| Rc::new(Node::Let(ty, proof, t)));
                Ok(Ok(whole))
            }
            End::Point(point) => {
                *boxing.point.borrow_mut() = Some(self.values(ctx, &sheet, &point)?);
                give_up(Reason::Incomplete, "The goal fails at a point of the box.")
            }
            End::GaveUp(reason, why) => give_up(reason, why),
        }
    }

    /// The functions among the atoms; their arguments may bring more atoms.
    fn functions(&self, lemmas: &Lemmas, ctx: &Ctx, sheet: &mut Sheet<'_>) -> Res<()> {
        let mut found: Vec<Function> = Vec::new();
        let mut n = 0u32;
        while let Some(v) = sheet.atoms.value(n).cloned()
            && sheet.atoms.list.len() <= ATOMS
        {
            let w = self.m.whnf(&v)?;
            let (kind, argument) = match &*w {
                Val::Neutral(Neutral { head, spine, .. }) => match (head, &**spine) {
                    (Head::Prim(Prim::RealInv), [Elim::App(a)]) => (Some(Kind::Inverse), Some(a.clone())),
                    (Head::Const(id, shift), [Elim::App(a)]) => {
                        let this: Term = Rc::new(Node::Const { id: *id, shift: *shift });
                        let kinds = [Kind::Exp, Kind::Log, Kind::Sqrt];
                        (kinds.into_iter().find(|k| lemmas.0.get(k.name()) == Some(&this)), Some(a.clone()))
                    }
                    _ => (None, None),
                },
                _ => (None, None),
            };
            if let (Some(kind), Some(a)) = (kind, argument) {
                let mut tree = Vec::new();
                reify::tree(self.m, ctx, &mut sheet.atoms, Sort::Real, &a, &mut tree)?;
                if let Some(poly) = polynomial(&tree) {
                    let term = sheet.lower(&self.m.quote(ctx, &a)?, sheet.root.saturating_sub(ROOM), sheet.root);
                    found.push(Function { kind, atom: n, tree, poly, term });
                }
            }
            n += 1;
        }
        for (_, t) in &mut sheet.atoms.list {
            *t = rename(t, 0, 0, &mut |n| n.checked_add(ROOM), &mut Some).unwrap_or_else(|| t.clone());
        }
        // Each comes after those in its argument; a function is never in its own argument.
        while !found.is_empty() {
            let left: BTreeSet<u32> = found.iter().map(|f| f.atom).collect();
            let (ready, later): (Vec<Function>, Vec<Function>) =
                found.into_iter().partition(|f| !f.poly.0.keys().flatten().any(|a| left.contains(a)));
            if ready.is_empty() {
                return Ok(());
            }
            sheet.functions.extend(ready);
            found = later;
        }
        Ok(())
    }

    /// What the variables of a context are at a point.
    fn values(&self, ctx: &Ctx, sheet: &Sheet<'_>, point: &BTreeMap<u32, BigRational>) -> Res<Vec<Option<Term>>> {
        let mut out = Vec::new();
        let depth = u32::try_from(ctx.types.len()).unwrap_or(u32::MAX);
        for (level, ty) in (0u32..).zip(ctx.types.iter()) {
            let x = self.m.eval(&ctx.env, &Rc::new(Node::Var(depth.saturating_sub(level + 1))));
            out.push(self.value_at(ctx, sheet, point, ty, &x)?);
        }
        Ok(out)
    }

    fn value_at(
        &self,
        ctx: &Ctx,
        sheet: &Sheet<'_>,
        point: &BTreeMap<u32, BigRational>,
        ty: &V,
        x: &V,
    ) -> Res<Option<Term>> {
        match &*self.m.whnf(ty)? {
            Val::Prim(Prim::Real) => {
                let t = self.m.quote(ctx, x)?;
                let t = sheet.lower(&t, sheet.first_number(), sheet.root);
                let n = (0u32..).zip(&sheet.atoms.list).find(|(_, (_, a))| *a == t).map(|(n, _)| n);
                let q = n.and_then(|n| point.get(&n)).cloned().unwrap_or_else(BigRational::zero);
                Ok(Some(literal(&q)))
            }
            Val::Pi(dom, cod) => {
                let (Some(elements), Some(cons), Some(nil)) =
                    (self.elements(dom, crate::arith::ELEMENTS)?, self.role("vector.cons"), self.role("vector.nil"))
                else {
                    return Ok(None);
                };
                let mut parts = Vec::new();
                for e in elements {
                    let ty = self.m.inst(cod, e.clone());
                    let Some(t) = self.value_at(ctx, sheet, point, &ty, &self.m.apply(x, e))? else { return Ok(None) };
                    parts.push((self.m.quote(ctx, &ty)?, t));
                }
                let Some((ty, _)) = parts.first().cloned() else { return Ok(None) };
                let mut out = call(&nil, &[ty]);
                for (n, (ty, t)) in parts.into_iter().rev().enumerate() {
                    out = call(&cons, &[Rc::new(Node::NatLit(n.into())), ty, t, out]);
                }
                Ok(Some(out))
            }
            _ => Ok(None),
        }
    }

    /// Judges a closed statement on boxes: a proof, or a refutation with the values of the leading variables.
    pub fn on_boxes(&self, statement: &V, budget: &mut Budget) -> Judged {
        let why = match self.prove(&Ctx::default(), statement, &[], budget)? {
            Ok(t) => return Ok(Ok((t, None))),
            Err(why) => why,
        };
        let Some(values) = self.boxing.as_ref().and_then(|b| b.point.take()) else { return Ok(Err(why)) };
        let (ctx, _) = self.m.bind(&Ctx::default(), statement.clone());
        let (mut claim, mut current): (Term, V) = (Rc::new(Node::Var(0)), statement.clone());
        let mut given = Vec::new();
        for value in values {
            let w = self.m.whnf(&current)?;
            let Val::Pi(dom, cod) = &*w else { break };
            // What is claimed begins at an order, or at a statement for all elements of a finite type.
            let order = match reify::negated(self.m, &Ctx::default(), &current)? {
                Some(inner) => reify::strict(self.m, &inner)?.is_some(),
                None => false,
            };
            if order || self.finite(dom)? {
                break;
            }
            let arg = match &value {
                Some(t) => t.clone(),
                None => match self.prove(&Ctx::default(), dom, &[], budget)? {
                    Ok(t) => t,
                    Err(why) => return Ok(Err(why)),
                },
            };
            current = self.m.inst(cod, self.m.eval(&Env::default(), &arg));
            claim = Rc::new(Node::App(claim, arg));
            given.push(value);
        }
        let found = self.falsehood(&ctx, std::slice::from_ref(&claim), budget)?;
        Ok(found.map(|t| (Rc::new(Node::Lam(t)), Some(given))))
    }
}

/// What the step `box` calls.
pub fn run(goal: &Goal<'_>, budget: &mut Budget) -> Result<Term, (Reason, String)> {
    let fruitless = Fruitless::default();
    let search = |budget: &mut Budget| match Prover::new(goal, Power::Linear, true, &fruitless).with_boxes()? {
        Some(prover) => prover.prove(&goal.ctx, &goal.target, &goal.hints, budget),
        None => give_up(Reason::OutsideFragment, "The search on boxes needs `import std.bounds`."),
    };
    search(budget).unwrap_or_else(|r| Err(bfv_search::stopped(&r)))
}
