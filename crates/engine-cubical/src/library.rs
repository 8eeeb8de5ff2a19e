//! Theorems of the library that are offered for this: one whose conclusion is the goal, whose premises become goals themselves; and equations
//! by which one side of the goal is led to the other. Definitions stay folded while a theorem is compared with a goal, as both are written in
//! the words of the library; where that leads to nothing, the definitions in a side are opened one at a time.

use crate::facts::{self, Fact, arguments, put, said};
use crate::prove::Prover;
use crate::regular::outside;
use crate::terms::{Pattern, lift, lower, put_term, size, visit};
use bfv_format::{Dim, Node, Prim, Term};
use bfv_kernel::{Ctx, DClo, Env, Ivl, Machine, Res, V, Val};
use bfv_search::Goal;
use bfv_search::chain::Chain;
use std::rc::Rc;

/// What a theorem carries that is offered for this.
pub const TAG: &str = "path.lemma";

/// Steps for comparing a theorem with a goal.
const COMPARED: u64 = 1;

/// Parts of a term that are compared for one step.
const PARTS: u64 = 16;

/// Steps for premises of one theorem, at most.
const PREMISES: u64 = 4_000;

/// Equations used one after another on a goal, at most.
const STEPS: u32 = 4;

/// Ways to write a side of a goal that are looked at, at most.
const FORMS: usize = 12;

/// How many times as large a call may become when its definition is opened.
const GROWTH: u64 = 6;

/// In how many universes theorems are offered, at most.
const SHIFTS: usize = 2;

/// What the offered theorems say.
///
/// # Errors
/// The evaluator refuses.
pub fn offered(goal: &Goal<'_>) -> Res<Rc<[Fact]>> {
    let m = goal.machine;
    // Where the goal is about large types, theorems are about these, too.
    let mut shifts = vec![0];
    visit(&m.quote(&goal.ctx, &goal.target)?, 0, 0, &mut |t, _, _| {
        if let Node::Const { shift, .. } = &**t
            && !shifts.contains(shift)
            && shifts.len() < SHIFTS
        {
            shifts.push(*shift);
        }
    });
    let mut out = Vec::new();
    for shift in shifts {
        for lemma in goal.lemmas.iter().filter(|l| l.has(TAG)) {
            let Some(ty) = m.globals().const_type(lemma.id) else { continue };
            if shift > 0 && !m.globals().displaceable(lemma.id) {
                continue;
            }
            let head: Term = Rc::new(Node::Const { id: lemma.id, shift });
            let ty = m.eval(&Env { shift, ..Env::default() }, &ty);
            // What is still to be applied or taken apart is said by the others.
            let all = said(m, &Ctx::default(), &head, &ty, true)?;
            out.extend(all.into_iter().filter(|f| !matches!(&*f.says, Node::Pi(..) | Node::Sigma(..) | Node::Var(_))));
        }
    }
    Ok(out.into())
}

/// What is known of the arguments of a theorem once its conclusion is compared with a goal.
fn compared(fact: &Fact, says: &Term, goal: &Term) -> Option<Pattern> {
    let mut pattern = Pattern::new(fact.variables);
    pattern.fits(says, goal, 0, 0).then_some(pattern)
}

/// What the arguments are whose types say so, from those that are known.
fn typed(m: &Machine<'_>, ctx: &Ctx, fact: &Fact, pattern: &mut Pattern) -> Res<()> {
    for (n, takes) in (0u32..).zip(&fact.takes).collect::<Vec<_>>().into_iter().rev() {
        let Some(place) = fact.variables.checked_sub(n.saturating_add(1)) else { continue };
        let known = usize::try_from(place).ok().and_then(|p| pattern.found.get(p).cloned().flatten());
        let Some(known) = known else { continue };
        let open = (0u32..).zip(&pattern.found).any(|(p, f)| f.is_none() && p > place);
        if !open {
            continue;
        }
        let Ok(ty) = m.infer(ctx, &known) else { continue };
        let w = m.whnf(&ty)?;
        let ty = m.quote(ctx, &facts::plain(m, &w, &ty))?;
        let Some(takes) = lift(takes, fact.variables - n, 0) else { continue };
        let mut tried = Pattern { found: pattern.found.clone() };
        if tried.fits(&takes, &ty, 0, 0) {
            pattern.found = tried.found;
        }
    }
    Ok(())
}

impl Prover<'_, '_> {
    /// A goal as the conclusion of a theorem: of one that says it as it stands, or of one with premises that are to be shown.
    pub fn by_theorem(&mut self, ctx: &Ctx, target: &V, premises: bool, depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        if self.lemmas.is_empty() || (premises && self.theorems == 0) {
            return Ok(None);
        }
        let w = m.whnf(target)?;
        let mut goals = vec![(m.quote(ctx, &facts::plain(m, &w, target))?, false)];
        if let Val::Path(line, a, b) = &*w {
            // A type that has a name may be one of pairs.
            let i = m.fresh_dim();
            let at = m.dinst(line, Ivl::Name(i));
            if let Val::Sigma(first, second) = &*m.whnf(&at)? {
                let pairs = m.value(Val::Sigma(first.clone(), second.clone()));
                let goal = m.value(Val::Path(DClo::Abs(i, pairs), a.clone(), b.clone()));
                goals.push((m.quote(ctx, &goal)?, false));
            }
        }
        if let Node::Path(line, a, b) = &*goals.first().map(|g| g.0.clone()).unwrap_or_else(|| Rc::new(Node::Univ(0)))
            && outside(line).is_some()
        {
            goals.push((Rc::new(Node::Path(line.clone(), b.clone(), a.clone())), true));
        }
        let lemmas = self.lemmas.clone();
        let mut fitting = Vec::new();
        for (goal, turned) in &goals {
            self.spend(u64::try_from(lemmas.len()).unwrap_or(u64::MAX) / PARTS);
            for fact in lemmas.iter() {
                let Some(mut pattern) = compared(fact, &fact.says, goal) else { continue };
                typed(m, ctx, fact, &mut pattern)?;
                let open = pattern.found.iter().filter(|f| f.is_none()).count();
                if (open > 0) == premises {
                    fitting.push((open, pattern, fact, goal.clone(), *turned));
                }
            }
        }
        if self.stop.is_some() {
            return Ok(None);
        }
        // What asks for least comes first.
        fitting.sort_by_key(|(open, ..)| *open);
        for (_, pattern, fact, goal, turned) in fitting {
            let before = self.theorems;
            self.theorems = before.saturating_sub(1);
            let most = PREMISES.min(self.budget.left / 2);
            let found = self.limited(most, |this| this.premises(ctx, fact, pattern, depth));
            self.theorems = before;
            let Some(t) = found? else { continue };
            let t = match (&*goal, turned) {
                (Node::Path(line, b, a), true) => {
                    let Some(ty) = outside(line) else { continue };
                    facts::turned(&t, ty, a, b)
                }
                _ => t,
            };
            if let Some(t) = self.accepted(ctx, t, target) {
                return Ok(Some(t));
            }
            if self.stop.is_some() {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// What is given, at arguments that are still to be found.
    pub fn by_given(&mut self, ctx: &Ctx, target: &V, depth: u32) -> Res<Option<Term>> {
        let (m, Some(depth), Some(theorems)) = (self.m, depth.checked_sub(1), self.theorems.checked_sub(1)) else {
            return Ok(None);
        };
        let goal = m.normal(ctx, target)?;
        for fact in facts::facts(m, ctx)? {
            let Some(pattern) = compared(&fact, &fact.says, &goal).filter(|p| p.found.iter().any(Option::is_none))
            else {
                continue;
            };
            let most = PREMISES.min(self.budget.left / 2);
            let before = std::mem::replace(&mut self.theorems, theorems);
            let found = self.limited(most, |this| this.premises(ctx, &fact, pattern, depth));
            self.theorems = before;
            if let Some(t) = found?.and_then(|t| self.accepted(ctx, t, target)) {
                return Ok(Some(t));
            }
            if self.stop.is_some() {
                break;
            }
        }
        Ok(None)
    }

    /// The theorem at its arguments; those that are not known yet are goals.
    pub fn premises(&mut self, ctx: &Ctx, fact: &Fact, mut pattern: Pattern, depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        for (n, takes) in (0u32..).zip(&fact.takes) {
            let Some(place) = fact.variables.checked_sub(n.saturating_add(1)).and_then(|p| usize::try_from(p).ok())
            else {
                return Ok(None);
            };
            if pattern.found.get(place).is_some_and(Option::is_some) {
                continue;
            }
            // The variables before this one are known.
            let before = pattern.found.get(place.saturating_add(1)..).unwrap_or(&[]).to_vec();
            let Some(ty) = arguments(before).and_then(|args| put(takes, &args)) else { return Ok(None) };
            let ty = m.eval(&ctx.env, &ty);
            if matches!(&*m.whnf(&ty)?, Val::Univ(_)) {
                return Ok(None);
            }
            let boxing = std::mem::replace(&mut self.boxing, false);
            let found = self.prove(ctx, &ty, depth);
            self.boxing = boxing;
            let Some(t) = found? else { return Ok(None) };
            if let Some(slot) = pattern.found.get_mut(place) {
                *slot = Some(t);
            }
        }
        Ok(arguments(pattern.found).and_then(|args| fact.at(&args)))
    }

    /// A path by equations that lead one side of it to the other.
    pub fn by_equations(&mut self, ctx: &Ctx, ty: &V, (a, b): (&V, &V)) -> Res<Option<Term>> {
        let m = self.m;
        let (left, right) = (m.quote(ctx, a)?, m.quote(ctx, b)?);
        let mut rules = Vec::new();
        for (n, given) in (0u32..).zip(ctx.types.iter().rev()) {
            rules.extend(said(m, ctx, &(Rc::new(Node::Var(n)) as Term), given, true)?);
        }
        rules.retain(|f| matches!(&*f.says, Node::Path(..)));
        let given = rules.len();
        let known = self.lemmas.clone();
        let all: Vec<(&Fact, bool)> =
            rules.iter().chain(known.iter()).zip(0usize..).map(|(f, n)| (f, n < given)).collect();
        for fuel in 1..=STEPS {
            if let Some(ways) = self.led(ctx, ty, &all, (&left, &right), fuel)? {
                let mut chain = Chain::at(m.quote(ctx, ty)?, left);
                for step in ways.iter().filter(|w| w.left) {
                    chain = if step.forward { chain.then(step.path.clone()) } else { chain.back(step.path.clone()) };
                }
                for step in ways.iter().rev().filter(|w| !w.left) {
                    chain = if step.forward { chain.back(step.path.clone()) } else { chain.then(step.path.clone()) };
                }
                return Ok(Some(Rc::new(Node::DLam(chain.body()))));
            }
            if self.stop.is_some() {
                break;
            }
        }
        Ok(None)
    }

    fn led(
        &mut self,
        ctx: &Ctx,
        ty: &V,
        rules: &[(&Fact, bool)],
        (left, right): (&Term, &Term),
        fuel: u32,
    ) -> Res<Option<Vec<Way>>> {
        let m = self.m;
        self.spend(COMPARED);
        if self.stop.is_some() {
            return Ok(None);
        }
        if m.conv(ctx, ty, &m.eval(&ctx.env, left), &m.eval(&ctx.env, right))? {
            return Ok(Some(Vec::new()));
        }
        let Some(fuel) = fuel.checked_sub(1) else { return Ok(None) };
        for at_left in [true, false] {
            let (side, other) = if at_left { (left, right) } else { (right, left) };
            for form in self.forms(ctx, side)? {
                let steps = self.steps(ctx, ty, rules, &form)?;
                for (path, next, forward) in steps {
                    let ends = if at_left { (&next, other) } else { (other, &next) };
                    if let Some(rest) = self.led(ctx, ty, rules, ends, fuel)? {
                        let first = Way { left: at_left, forward, path };
                        return Ok(Some([first].into_iter().chain(rest).collect()));
                    }
                    if self.stop.is_some() {
                        return Ok(None);
                    }
                }
            }
        }
        Ok(None)
    }

    /// The steps that equations make from a term: the path at a dimension, what it leads to, and whether it comes from there instead.
    fn steps(&mut self, ctx: &Ctx, ty: &V, rules: &[(&Fact, bool)], form: &Term) -> Res<Vec<(Term, Term, bool)>> {
        let m = self.m;
        let mut parts: Vec<Term> = Vec::new();
        visit(form, 0, 0, &mut |t, vars, dims| {
            if !matches!(&**t, Node::Var(_) | Node::Univ(_) | Node::Const { .. } | Node::Prim(_))
                && let Some(t) = lower(t, vars, dims)
                && !parts.contains(&t)
            {
                parts.push(t);
            }
        });
        let mut out: Vec<(Term, Term, bool)> = Vec::new();
        for (fact, both) in rules {
            if self.stop.is_some() {
                break;
            }
            let Node::Path(line, l, r) = &*fact.says else { continue };
            if outside(line).is_none() {
                continue;
            }
            for forward in [true, false] {
                let (from, to) = if forward { (l, r) } else { (r, l) };
                if (!forward && !both) || matches!(&**from, Node::Var(n) if *n < fact.variables) {
                    continue;
                }
                self.spend(COMPARED.saturating_add(crate::terms::count(&parts) / PARTS));
                for part in &parts {
                    let Some(mut pattern) = compared(fact, from, part) else { continue };
                    typed(m, ctx, fact, &mut pattern)?;
                    let Some(args) = arguments(pattern.found) else { continue };
                    let (Some(proof), Some(to)) = (fact.at(&args), put_in(to, &args, fact.variables)) else { continue };
                    let Some((path, next)) = replaced(form, part, &proof, &to, forward) else { continue };
                    if next == *form || out.iter().any(|(_, n, _)| *n == next) {
                        continue;
                    }
                    let ends = if forward { (form, &next) } else { (&next, form) };
                    let (Some(line), whole) = (crate::regular::below(&m.quote(ctx, ty)?), ends) else { continue };
                    let goal: Term = Rc::new(Node::Path(line, whole.0.clone(), whole.1.clone()));
                    let goal = m.eval(&ctx.env, &goal);
                    if self.accepted(ctx, Rc::new(Node::DLam(path.clone())), &goal).is_some() {
                        out.push((path, next, forward));
                    }
                }
            }
        }
        Ok(out)
    }

    /// A term, and the same with some definition in it opened.
    fn forms(&mut self, ctx: &Ctx, t: &Term) -> Res<Vec<Term>> {
        let mut out = vec![t.clone()];
        let mut n = 0;
        while let Some(t) = out.get(n).cloned() {
            n += 1;
            let mut calls: Vec<Term> = Vec::new();
            visit(&t, 0, 0, &mut |t, vars, dims| {
                if bfv_search::shift::head_constant(t).is_some()
                    && let Some(t) = lower(t, vars, dims)
                    && !calls.contains(&t)
                {
                    calls.push(t);
                }
            });
            // What is inside comes first.
            calls.sort_by_key(size);
            for call in calls {
                if out.len() >= FORMS {
                    return Ok(out);
                }
                for open in self.opened_once(ctx, &call)? {
                    if size(&open) <= size(&call).saturating_mul(GROWTH).saturating_add(GROWTH)
                        && let Some(next) = put_term(&t, &call, &open)
                        && !out.contains(&next)
                    {
                        out.push(next);
                    }
                }
            }
            self.spend(COMPARED);
            if self.stop.is_some() {
                break;
            }
        }
        Ok(out)
    }

    /// The call of a definition with this definition opened, and no other: as it is written, and as it computes.
    fn opened_once(&self, ctx: &Ctx, call: &Term) -> Res<Vec<Term>> {
        let m = self.m;
        let (mut args, mut head) = (Vec::new(), call);
        while let Node::App(f, x) = &**head {
            args.push(x.clone());
            head = f;
        }
        args.reverse();
        let Node::Const { id, shift } = &**head else { return Ok(Vec::new()) };
        let Some(body) = m.globals().const_body(*id) else { return Ok(Vec::new()) };
        if m.infer(ctx, call).is_err() {
            return Ok(Vec::new());
        }
        let mut out = Vec::new();
        let (mut inside, mut taken) = (&body, 0usize);
        while let (Node::Lam(b), true) = (&**inside, taken < args.len()) {
            (inside, taken) = (b, taken.saturating_add(1));
        }
        let written = args.get(..taken).and_then(|args| put(inside, args));
        let recursive = matches!(
            &**inside,
            Node::NatElim(..) | Node::IntElim(..) | Node::BoolElim(..) | Node::DataElim(..) | Node::App(..)
        );
        if *shift == 0 && taken == args.len() && !recursive {
            out.extend(written);
        }
        let body = m.eval(&Env { shift: *shift, ..Env::default() }, &body);
        let computed = |args: &[Term]| {
            let open = args.iter().fold(body.clone(), |f, x| m.apply(&f, m.eval(&ctx.env, x)));
            m.quote(ctx, &open)
        };
        let mut open = computed(&args)?;
        // What is called for a smaller number is written as a call again.
        for n in 0..args.len() {
            let Some(Node::App(suc, less)) = args.get(n).map(|x| &**x) else { continue };
            if !matches!(&**suc, Node::Prim(Prim::Suc)) {
                continue;
            }
            let mut before = args.clone();
            if let Some(x) = before.get_mut(n) {
                *x = less.clone();
            }
            let again = before.iter().fold(head.clone(), |f, x| Rc::new(Node::App(f, x.clone())));
            if let Some(folded) = put_term(&open, &computed(&before)?, &again) {
                open = folded;
            }
        }
        out.push(open);
        Ok(out)
    }

    /// Pays; the search ends where there is nothing left.
    pub fn spend(&mut self, steps: u64) {
        if let Err(reason) = self.budget.spend(steps) {
            self.stop = Some(reason);
        }
    }
}

/// A step of a chain: on which side of the goal, from there or to there, and its path at a dimension.
struct Way {
    left: bool,
    forward: bool,
    path: Term,
}

/// What a fact speaks of at arguments; the variables of the goal stand behind its own.
fn put_in(t: &Term, args: &[Term], variables: u32) -> Option<Term> {
    (u32::try_from(args.len()).ok()? == variables).then(|| put(t, args))?
}

/// A term with a part of it led along a path: at a dimension, and at the other end.
fn replaced(form: &Term, part: &Term, proof: &Term, to: &Term, forward: bool) -> Option<(Term, Term)> {
    let (l, r) = if forward { (part, to) } else { (to, part) };
    let up = crate::regular::below;
    let at = Rc::new(Node::PApp(up(proof)?, up(l)?, up(r)?, Dim::Var(0)));
    Some((put_term(&up(form)?, &up(part)?, &(at as Term))?, put_term(form, part, to)?))
}
