//! How a goal is taken apart, and what is tried on it in which order.

use crate::cases::eliminable;
use crate::facts::{self, Fact};
use crate::fill;
use crate::induct;
use crate::regular::{self, Round, below, outside};
use crate::terms::{lift, size, visit};
use crate::tower::{self, Base, Part};
use crate::{DEPTH, EVALUATIONS};
use bfv_format::{Dim, Node, Prim, Term};
use bfv_kernel::{Ctx, Ivl, Machine, Res, V, Val};
use bfv_search::chain::Chain;
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
use std::rc::Rc;

/// Steps for one goal: most of its time goes into evaluation.
const GOAL: u64 = 50;

/// Rounds in which boxes that do nothing are left out, at most.
const ROUNDS: usize = 40;

/// Steps for one path between elements, at most.
const SIDE: u64 = 5_000;

/// Theorems with premises inside of each other, at most.
const THEOREMS: u32 = 3;

/// Steps for a goal about an element of a data type as it stands, at most.
const TAKEN: u64 = 10_000;

/// Eliminators of data inside of each other, at most.
const CASES: u32 = 3;

/// Steps for equations one after another, at most.
const EQUATIONS: u64 = 8_000;

/// Steps for maps of paths, and for what stands at one place, at most.
const MAPS: u64 = 10_000;
const PLACE: u64 = 2_000;

/// Steps for what a goal is led to, at most, where there is more to try.
const LED: u64 = 20_000;

/// Steps for theorems with premises, at most.
const PREMISES: u64 = 40_000;

/// Steps for a box made of cells, at most.
const BOX: u64 = 1_000;

/// Parts of terms that are looked at for one step.
const PARTS: u64 = 8;

pub struct Prover<'a, 'm> {
    pub m: &'a Machine<'m>,
    pub side: &'static dyn Engine,
    pub budget: Budget,
    /// Levels of variables that have been used up by inductions.
    pub spent: Vec<u32>,
    /// What the theorems of the library say.
    pub lemmas: Rc<[Fact]>,
    /// Theorems with premises inside of each other that may still be used.
    pub theorems: u32,
    /// Eliminators inside of each other that may still be used.
    pub cases: u32,
    /// Whether something in the goal is glued or large: then it is not looked into.
    pub glued: bool,
    /// Whether boxes are searched for.
    pub boxing: bool,
    /// Why the search ended early.
    pub stop: Option<Reason>,
}

impl<'a, 'm> Prover<'a, 'm> {
    /// A search for a goal, with a budget of its own.
    pub fn new(goal: &Goal<'a>, side: &'static dyn Engine, budget: Budget) -> Prover<'a, 'a>
    where
        'a: 'm,
    {
        Prover {
            m: goal.machine,
            side,
            budget,
            spent: Vec::new(),
            lemmas: Rc::new([]),
            theorems: THEOREMS,
            cases: CASES,
            glued: false,
            boxing: true,
            stop: None,
        }
    }

    /// Does something with a part of the steps; that these are used up is no end of the search.
    pub fn limited<T>(&mut self, most: u64, work: impl FnOnce(&mut Self) -> Res<Option<T>>) -> Res<Option<T>> {
        let part = self.budget.part(most);
        let evaluations = part.left.saturating_mul(EVALUATIONS);
        let whole = std::mem::replace(&mut self.budget, part);
        let m = self.m;
        // Work that the evaluator ends stops anywhere.
        let (spent, boxing, cases, theorems) = (self.spent.len(), self.boxing, self.cases, self.theorems);
        let done = m.within(evaluations, || work(self));
        self.spent.truncate(spent);
        (self.boxing, self.cases, self.theorems) = (boxing, cases, theorems);
        let used = std::mem::replace(&mut self.budget, whole).used;
        if self.stop == Some(Reason::Budget) {
            self.stop = None;
        }
        if let Err(reason) = self.budget.spend(used) {
            self.stop = Some(reason);
        }
        Ok(done?.flatten())
    }

    /// A term of a type, which the kernel accepts; none where none is found.
    pub fn prove(&mut self, ctx: &Ctx, target: &V, depth: u32) -> Res<Option<Term>> {
        if let Err(reason) = self.budget.spend(GOAL) {
            self.stop = Some(reason);
            return Ok(None);
        }
        let m = self.m;
        match &*m.whnf(target)? {
            Val::Pi(a, b) => {
                if let Val::Sigma(first, second) = &*m.whnf(a)? {
                    return self.opened(ctx, (first, second), &|x| m.inst(b, x), depth);
                }
                let taken_in = |this: &mut Self| {
                    let (inner, x) = m.bind(ctx, a.clone());
                    let body = this.prove(&inner, &m.inst(b, x), depth)?;
                    Ok(body.map(|t| Rc::new(Node::Lam(t)) as Term))
                };
                if self.cases == 0 || !eliminable(&*m.whnf(a)?) {
                    return taken_in(self);
                }
                let most = TAKEN.min(self.budget.left / 2);
                if let Some(t) = self.limited(most, taken_in)? {
                    return Ok(Some(t));
                }
                if self.stop.is_some() {
                    return Ok(None);
                }
                self.cases -= 1;
                let found = self.by_cases(ctx, a, b, depth);
                self.cases += 1;
                found
            }
            Val::Sigma(a, b) => {
                for premises in [false, true] {
                    let most = TAKEN.min(self.budget.left / 2);
                    let found = self.limited(most, |this| this.by_theorem(ctx, target, premises, depth))?;
                    if found.is_some() || self.stop.is_some() {
                        return Ok(found);
                    }
                }
                self.pair(ctx, a, &|first| m.inst(b, first), depth)
            }
            Val::Path(..) => self.path(ctx, target, depth),
            _ => self.other(ctx, target, depth),
        }
    }

    /// A goal for all pairs, from one for all first and second parts: these are variables then.
    fn opened(
        &mut self,
        ctx: &Ctx,
        (a, b): (&V, &bfv_kernel::Clo),
        goal: &dyn Fn(V) -> V,
        depth: u32,
    ) -> Res<Option<Term>> {
        let m = self.m;
        let (one, x) = m.bind(ctx, a.clone());
        let second = m.inst(b, x.clone());
        let (two, y) = m.bind(&one, second.clone());
        let body = goal(m.value(Val::Pair(x, y)));
        let (a, second, body) = (m.quote(ctx, a)?, m.quote(&one, &second)?, m.quote(&two, &body)?);
        let ty: Term = Rc::new(Node::Pi(a, Rc::new(Node::Pi(second, body))));
        let Some(t) = self.prove(ctx, &m.eval(&ctx.env, &ty), depth)? else { return Ok(None) };
        let (Some(ty), Some(t)) = (lift(&ty, 1, 0), lift(&t, 1, 0)) else { return Ok(None) };
        let (whole, f) = (Rc::new(Node::Var(1)) as Term, Rc::new(Node::Var(0)) as Term);
        let at = Rc::new(Node::App(f, Rc::new(Node::Fst(whole.clone()))));
        let at = Rc::new(Node::App(at, Rc::new(Node::Snd(whole))));
        Ok(Some(Rc::new(Node::Lam(Rc::new(Node::Let(ty, t, at))))))
    }

    /// A pair: the first part is given where it is an element, and found where it is a path.
    fn pair(&mut self, ctx: &Ctx, a: &V, b: &dyn Fn(V) -> V, depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        let mut firsts = Vec::new();
        for fact in if self.glued { Vec::new() } else { facts::facts(m, ctx)? } {
            let goal = m.normal(ctx, a)?;
            firsts.extend(facts::instance(&fact, &goal));
        }
        firsts.extend(self.prove(ctx, a, depth)?);
        for first in firsts {
            if m.check(ctx, &first, a).is_err() {
                continue;
            }
            let rest = b(m.eval(&ctx.env, &first));
            if let Some(second) = self.prove(ctx, &rest, depth)? {
                return Ok(Some(Rc::new(Node::Pair(first, second))));
            }
        }
        Ok(None)
    }

    /// Something else than a path: what is given, or what is carried along a path.
    fn other(&mut self, ctx: &Ctx, target: &V, depth: u32) -> Res<Option<Term>> {
        if let Some(t) = self.given(ctx, target, false)? {
            return Ok(Some(t));
        }
        for premises in [false, true] {
            if let Some(t) = self.by_theorem(ctx, target, premises, depth)? {
                return Ok(Some(t));
            }
        }
        if !self.glued
            && let Some(t) = self.by_given(ctx, target, depth)?
        {
            return Ok(Some(t));
        }
        self.by_induction(ctx, target, depth)
    }

    pub fn accepted(&self, ctx: &Ctx, t: Term, target: &V) -> Option<Term> {
        self.m.check(ctx, &t, target).is_ok().then_some(t)
    }

    fn given(&mut self, ctx: &Ctx, target: &V, cubes: bool) -> Res<Option<Term>> {
        if self.glued {
            return Ok(None);
        }
        let m = self.m;
        let goal = m.normal(ctx, target)?;
        let facts = facts::facts(m, ctx)?;
        let sizes = facts.iter().fold(size(&goal), |n, fact| n.saturating_add(fact.size()));
        if !self.pay(sizes) {
            return Ok(None);
        }
        for fact in &facts {
            if let Some(t) = facts::instance(fact, &goal).and_then(|t| self.accepted(ctx, t, target)) {
                return Ok(Some(t));
            }
        }
        for fact in facts.iter().filter(|_| cubes) {
            if let Some(t) = facts::cube(m, ctx, fact, target)?.and_then(|t| self.accepted(ctx, t, target)) {
                return Ok(Some(t));
            }
        }
        Ok(None)
    }

    fn by_induction(&mut self, ctx: &Ctx, target: &V, depth: u32) -> Res<Option<Term>> {
        if self.glued {
            return Ok(None);
        }
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        for induction in induct::inductions(self.m, ctx, target, &self.spent)? {
            // What was carried along is there anew.
            let before = self.spent.len();
            self.spent.extend(&induction.spent);
            let base = self.prove(ctx, &induction.left, depth)?;
            self.spent.truncate(before);
            if let Some(base) = base
                && let Some(t) = self.accepted(ctx, induction.proof(base), target)
            {
                return Ok(Some(t));
            }
            // Which of several comes first matters little, and less and less.
            if self.stop.is_some() || (induction.lossless && depth + 1 < DEPTH) {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Pays for looking at terms of some size.
    fn pay(&mut self, size: u64) -> bool {
        let paid = self.budget.spend(size / PARTS);
        if let Err(reason) = paid {
            self.stop = Some(reason);
        }
        paid.is_ok()
    }

    fn path(&mut self, ctx: &Ctx, target: &V, depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        let w = m.whnf(target)?;
        let Val::Path(line, a, b) = &*w else { return Ok(None) };
        let (inner, i) = m.bind_dim(ctx);
        let at = m.dinst(line, Ivl::Name(i));
        let ty = outside(&m.quote(&inner, &at)?).map(|t| m.eval(&ctx.env, &t));
        if let Some(ty) = &ty
            && m.conv(ctx, ty, a, b)?
        {
            let t = below(&m.quote(ctx, a)?).map(|t| Rc::new(Node::DLam(t)) as Term);
            if let Some(t) = t.and_then(|t| self.accepted(ctx, t, target)) {
                return Ok(Some(t));
            }
        }
        if let Some(ty) = &ty
            && matches!(&*m.whnf(ty)?, Val::Prim(Prim::Empty))
        {
            // There is no element, so anything holds of the one at hand.
            let goal = m.quote(ctx, target)?;
            let t = lift(&goal, 1, 0).zip(Some(m.quote(ctx, a)?));
            return Ok(t.and_then(|(goal, a)| self.accepted(ctx, Rc::new(Node::EmptyElim(goal, a)), target)));
        }
        if let Some(t) = self.given(ctx, target, true)? {
            return Ok(Some(t));
        }
        if self.spent.is_empty()
            && let Some(t) = self.by_theorem(ctx, target, false, depth)?
        {
            return Ok(Some(t));
        }
        if !self.glued
            && let Some(ty) = &ty
            && let Some(found) = self.regular(ctx, ty, (a, b), depth)?
        {
            return Ok(found.and_then(|t| self.accepted(ctx, t, target)));
        }
        let (base, dims) = tower::base(m, ctx, target)?;
        // Functions are equal when they are so everywhere; nothing is lost by that.
        if let Base::Functions(dom) = base {
            let (inner, x) = m.bind(ctx, dom.clone());
            let Some(part) = tower::part_type(m, &inner, target, &Part::At(x), target, &[])? else { return Ok(None) };
            let all: Term = Rc::new(Node::Pi(m.quote(ctx, &dom)?, part.clone()));
            let Some(t) = self.prove(ctx, &m.eval(&ctx.env, &all), depth)? else { return Ok(None) };
            let ty = m.eval(&inner.env, &part);
            let t = match &*t {
                Node::Lam(body) => body.clone(),
                _ => {
                    // The type makes what is applied one that the kernel can read.
                    let (Some(all), Some(f)) = (lift(&all, 1, 0), lift(&t, 1, 0)) else { return Ok(None) };
                    let at = Rc::new(Node::App(Rc::new(Node::Var(0)), Rc::new(Node::Var(1))));
                    Rc::new(Node::Let(all, f, at))
                }
            };
            let Some(body) = self.walked(&inner, &t, &ty, dims)? else { return Ok(None) };
            let t = (0..dims).fold(Rc::new(Node::Lam(body)) as Term, |t, _| Rc::new(Node::DLam(t)));
            return Ok(self.accepted(ctx, t, target));
        }
        if !self.glued
            && let Some(ty) = &ty
            && !matches!(&*m.whnf(ty)?, Val::Path(..) | Val::Sigma(..) | Val::Univ(_))
            && let Some(t) = self.elements(ctx, target).and_then(|t| self.accepted(ctx, t, target))
        {
            return Ok(Some(t));
        }
        if self.boxing
            && !self.glued
            && let Some(t) = self.filled(ctx, target, BOX, 0..2)?
        {
            return Ok(Some(t));
        }
        if self.boxing
            && let Some(ty) = &ty
            && !self.lemmas.is_empty()
        {
            let most = EQUATIONS.min(self.budget.left / 4);
            let found = self.limited(most, |this| this.by_equations(ctx, ty, (a, b)))?;
            if let Some(t) = found.and_then(|t| self.accepted(ctx, t, target)) {
                return Ok(Some(t));
            }
        }
        if !self.glued && self.spent.is_empty() {
            let most = PLACE.min(self.budget.left / 2);
            let found = self.limited(most, |this| this.at_one_place(ctx, (a, b), depth))?;
            if let Some(t) = found.and_then(|t| self.accepted(ctx, t, target)) {
                return Ok(Some(t));
            }
        }
        // What a goal is led to has no boxes of its own: there are too many such goals.
        let boxing = std::mem::replace(&mut self.boxing, false);
        let all = self.budget.left;
        let part = if boxing { LED.min(all - all / 4) } else { all };
        let found = self.limited(part, |this| this.elsewhere(ctx, target, (&ty, dims), (a, b), depth))?;
        self.boxing = boxing;
        if found.is_some() || self.stop.is_some() {
            return Ok(found);
        }
        if !self.glued
            && self.spent.is_empty()
            && let Some(ty) = &ty
        {
            let most = MAPS.min(self.budget.left / 2);
            let found = self.limited(most, |this| this.by_endomap(ctx, ty, (a, b), depth))?;
            if let Some(t) = found.and_then(|t| self.accepted(ctx, t, target)) {
                return Ok(Some(t));
            }
        }
        if self.spent.is_empty() {
            let most = PREMISES.min(self.budget.left);
            let found = self.limited(most, |this| this.by_theorem(ctx, target, true, depth))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        if self.stop.is_some() {
            return Ok(None);
        }
        let boxing = boxing && !self.glued;
        if ty.is_none()
            && let Some(t) = self.turned_over(ctx, target, depth)?
        {
            return Ok(Some(t));
        }
        match base {
            Base::Pairs => self.pairs(ctx, target, dims, depth),
            _ if ty.is_none() => self.over(ctx, target, &inner, &at, (a, b), depth),
            _ if boxing => self.filled(ctx, target, u64::MAX, 2..usize::MAX),
            _ => Ok(None),
        }
    }

    /// A path by one between what the goal is led to.
    fn elsewhere(
        &mut self,
        ctx: &Ctx,
        target: &V,
        (ty, dims): (&Option<V>, u32),
        (a, b): (&V, &V),
        depth: u32,
    ) -> Res<Option<Term>> {
        if let Some(t) = self.by_induction(ctx, target, depth)? {
            return Ok(Some(t));
        }
        if self.stop.is_none()
            && let Some(t) = self.constants(ctx, target, depth)?.and_then(|t| self.accepted(ctx, t, target))
        {
            return Ok(Some(t));
        }
        if self.stop.is_some() {
            return Ok(None);
        }
        if dims > 1
            && let Some(ty) = ty
            && let Some(t) = self.bridge(ctx, ty, (a, b), depth)?.and_then(|t| self.accepted(ctx, t, target))
        {
            return Ok(Some(t));
        }
        Ok(None)
    }

    /// A box from the cells at hand.
    fn filled(&mut self, ctx: &Ctx, target: &V, most: u64, rounds: std::ops::Range<usize>) -> Res<Option<Term>> {
        let most = if most == BOX { BOX.min(self.budget.left / 8) } else { most };
        let found = self.limited(most, |this| fill::cube(this, ctx, target, rounds))?;
        Ok(found.and_then(|t| self.accepted(ctx, t, target)))
    }

    /// A path between elements, by the engine for these.
    fn elements(&mut self, ctx: &Ctx, target: &V) -> Option<Term> {
        let mut part = self.budget.part(SIDE);
        let goal = Goal { machine: self.m, ctx: ctx.clone(), target: target.clone(), lemmas: &[], hints: Vec::new() };
        let outcome = self.side.solve(&goal, &mut part);
        if let Err(reason) = self.budget.spend(part.used) {
            self.stop = Some(reason);
        }
        match outcome {
            Outcome::Candidate(t) => Some(t),
            Outcome::Refutation(..) | Outcome::GaveUp(..) => None,
        }
    }

    /// A goal about paths that have a name, from the same about any paths with these ends.
    fn constants(&mut self, ctx: &Ctx, target: &V, depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        let goal = m.quote(ctx, target)?;
        let mut named: Vec<Term> = Vec::new();
        visit(&goal, 0, 0, &mut |t, _, _| {
            if matches!(&**t, Node::Const { .. }) && !named.contains(t) {
                named.push(t.clone());
            }
        });
        for c in named {
            let ty = m.infer(ctx, &c)?;
            if !matches!(&*m.whnf(&ty)?, Val::Path(..)) {
                continue;
            }
            let ty = m.quote(ctx, &ty)?;
            let Some(body) =
                lift(&goal, 1, 0).and_then(|goal| crate::terms::put_term(&goal, &c, &(Rc::new(Node::Var(0)) as Term)))
            else {
                continue;
            };
            let all: Term = Rc::new(Node::Pi(ty, body));
            if let Some(t) = self.prove(ctx, &m.eval(&ctx.env, &all), depth)? {
                let at = Rc::new(Node::App(Rc::new(Node::Var(0)), c));
                return Ok(Some(Rc::new(Node::Let(all, t, at))));
            }
        }
        Ok(None)
    }

    /// What a path of some dimension is at so many new dimensions.
    pub fn walked(&self, ctx: &Ctx, t: &Term, ty: &V, dims: u32) -> Res<Option<Term>> {
        // Mostly it is written out.
        let mut body = t;
        let written = (0..dims).all(|_| match &**body {
            Node::DLam(b) => {
                body = b;
                true
            }
            _ => false,
        });
        if written {
            return Ok(Some(body.clone()));
        }
        let (inner, way) = tower::bound(self.m, ctx, dims);
        match tower::walk(self.m, &self.m.eval(&ctx.env, t), ty, &way)? {
            Some(v) => Ok(Some(self.m.quote(&inner, &v)?)),
            None => Ok(None),
        }
    }

    /// The type of paths between two elements of a type.
    pub fn path_type(&self, ctx: &Ctx, ty: &V, a: &V, b: &V) -> Res<Option<V>> {
        let m = self.m;
        let (Some(line), l, r) = (below(&m.quote(ctx, ty)?), m.quote(ctx, a)?, m.quote(ctx, b)?) else {
            return Ok(None);
        };
        Ok(Some(m.eval(&ctx.env, &Rc::new(Node::Path(line, l, r)))))
    }

    /// A path by one between what both sides are without boxes that do nothing; none where there are no such boxes.
    fn regular(&mut self, ctx: &Ctx, ty: &V, (a, b): (&V, &V), depth: u32) -> Res<Option<Option<Term>>> {
        let m = self.m;
        let left = self.rounds(ctx, ty, a)?;
        let right = self.rounds(ctx, ty, b)?;
        if left.1.is_empty() && right.1.is_empty() {
            return Ok(None);
        }
        let (l, r) = (m.eval(&ctx.env, &left.0), m.eval(&ctx.env, &right.0));
        let middle = if m.conv(ctx, ty, &l, &r)? {
            None
        } else {
            let (Some(goal), Some(depth)) = (self.path_type(ctx, ty, &l, &r)?, depth.checked_sub(1)) else {
                return Ok(Some(None));
            };
            let found = self.prove(ctx, &goal, depth)?.and_then(|t| moving(&t, &left.0, &right.0));
            let Some(step) = found else { return Ok(Some(None)) };
            Some(step)
        };
        let mut chain = Chain::at(m.quote(ctx, ty)?, m.quote(ctx, a)?);
        for step in left.1 {
            chain = chain.then(step);
        }
        if let Some(step) = middle {
            chain = chain.then(step);
        }
        for step in right.1.into_iter().rev() {
            chain = chain.back(step);
        }
        Ok(Some(Some(Rc::new(Node::DLam(chain.body())))))
    }

    /// What is left of a value when all boxes that do nothing are left out, with the paths on the way.
    fn rounds(&mut self, ctx: &Ctx, ty: &V, v: &V) -> Res<(Term, Vec<Term>)> {
        let m = self.m;
        let mut now = m.normal(ctx, v)?;
        let mut steps = Vec::new();
        for _ in 0..ROUNDS {
            let mut next = None;
            for which in [Round::All, Round::Innermost] {
                let Some((path, end)) = regular::round(&now, which) else { continue };
                let value = m.eval(&ctx.env, &end);
                let Some(ty) = self.path_type(ctx, ty, &m.eval(&ctx.env, &now), &value)? else { continue };
                if m.check(ctx, &(Rc::new(Node::DLam(path.clone())) as Term), &ty).is_ok() {
                    next = Some((path, value));
                    break;
                }
            }
            let Some((path, value)) = next else { break };
            if !self.pay(size(&path)) {
                break;
            }
            steps.push(path);
            now = m.normal(ctx, &value)?;
        }
        Ok((now, steps))
    }
}

/// What a path is at a new dimension, which is the dimension 0 of the scope.
pub fn moving(path: &Term, left: &Term, right: &Term) -> Option<Term> {
    if let Node::DLam(body) = &**path {
        return Some(body.clone());
    }
    Some(Rc::new(Node::PApp(below(path)?, below(left)?, below(right)?, Dim::Var(0))))
}
