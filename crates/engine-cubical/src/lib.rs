//! Paths at any type. A goal is taken apart as far as it goes; a path between functions or pairs is one of functions or pairs of paths. What
//! remains is shown by one of these: both sides are the same once boxes and coercions that do nothing are left out (`regular.rs`); it is an
//! instance of what is given, or a cube in a type of which any two elements are equal (`facts.rs`); it holds by induction on a path that it
//! mentions (`induct.rs`), after which that path is constant. A path over a line of types that moves is one of what is carried along it.
//!
//! Cohen, Coquand, Huber and Mortberg, Cubical type theory (2018), and Angiuli, Brunerie, Coquand, Favonia, Harper and Licata, Syntax and
//! models of Cartesian cubical type theory (2021), for what coercion and boxes do. Nothing here is trusted: the kernel judges each term.
//!
//! What is absent: no clock, no floats, no threads; no search among all boxes, no induction over data and no lemmas of the library.

mod facts;
mod induct;
mod regular;
mod terms;

use bfv_format::{Dim, Face, Node, Term};
use bfv_kernel::{Ctx, Env, Ivl, Machine, Res, V, Val};
use bfv_search::chain::Chain;
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, stopped};
use regular::{below, outside};
use std::rc::Rc;
use terms::lift;

/// Steps of the evaluator for each step of the budget, at most.
const EVALUATIONS: u64 = 100;

/// Steps for one goal: most of its time goes into evaluation.
const GOAL: u64 = 50;

/// Rounds in which boxes that do nothing are left out, at most.
const ROUNDS: usize = 40;

/// Inductions and other reductions inside of each other, at most.
const DEPTH: u32 = 12;

/// Of the steps that are left, this part at most.
const PART: u64 = 4;

/// Proves paths.
pub struct Cubical;

impl Engine for Cubical {
    fn name(&self) -> &'static str {
        "cubical"
    }

    fn looks_into_definitions(&self) -> bool {
        true
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let outside = || Outcome::GaveUp(Reason::OutsideFragment, String::new());
        match about_paths(goal) {
            Ok(true) => {}
            Ok(false) => return outside(),
            Err(r) => {
                let (reason, why) = stopped(&r);
                return Outcome::GaveUp(reason, why);
            }
        }
        let mut own = budget.part(budget.left / PART);
        let found = goal.machine.within(own.left.saturating_mul(EVALUATIONS), || {
            let mut prover = Prover { m: goal.machine, budget: &mut own, stop: None };
            let found = prover.prove(&goal.ctx, &goal.target, DEPTH)?;
            Ok((found, prover.stop))
        });
        let spent = budget.spend(own.used);
        match (found, spent) {
            (Ok(Some((Some(t), _))), _) => Outcome::Candidate(t),
            (_, Err(reason)) | (Ok(Some((None, Some(reason)))), Ok(())) => Outcome::GaveUp(reason, String::new()),
            (Ok(Some((None, None))), Ok(())) => {
                let why = "Neither induction on paths, nor given paths, nor leaving out what does nothing shows this path.";
                Outcome::GaveUp(Reason::Incomplete, why.to_owned())
            }
            (Ok(None), Ok(())) => Outcome::GaveUp(Reason::Budget, "The evaluator ran out of steps.".to_owned()),
            (Err(r), Ok(())) => {
                let (reason, why) = stopped(&r);
                Outcome::GaveUp(reason, why)
            }
        }
    }
}

/// Whether a goal ends in a path at a type of which the search can know something: numbers have engines of their own.
fn about_paths(goal: &Goal<'_>) -> Res<bool> {
    if !goal.ctx.dims.is_empty() {
        return Ok(false);
    }
    let (mut ctx, target, _) = goal.taken_in()?;
    let m = goal.machine;
    let mut ty = target;
    loop {
        let w = m.whnf(&ty)?;
        ty = match &*w {
            Val::Path(line, ..) => {
                let at = m.whnf(&m.dinst(line, Ivl::Zero))?;
                return Ok(!matches!(&*at, Val::Prim(_)));
            }
            Val::Sigma(a, b) => {
                // The last part is what is said of the parts before.
                let (inner, x) = m.bind(&ctx, a.clone());
                ctx = inner;
                m.inst(b, x)
            }
            Val::Pi(a, b) => {
                let (inner, x) = m.bind(&ctx, a.clone());
                ctx = inner;
                m.inst(b, x)
            }
            _ => return Ok(false),
        };
    }
}

struct Prover<'a, 'm> {
    m: &'a Machine<'m>,
    budget: &'a mut Budget,
    /// Why the search ended early.
    stop: Option<Reason>,
}

impl Prover<'_, '_> {
    /// A term of a type, which the kernel accepts; none where none is found.
    fn prove(&mut self, ctx: &Ctx, target: &V, depth: u32) -> Res<Option<Term>> {
        if let Err(reason) = self.budget.spend(GOAL) {
            self.stop = Some(reason);
            return Ok(None);
        }
        let m = self.m;
        match &*m.whnf(target)? {
            Val::Pi(a, b) => {
                let (inner, x) = m.bind(ctx, a.clone());
                let body = self.prove(&inner, &m.inst(b, x), depth)?;
                Ok(body.map(|t| Rc::new(Node::Lam(t))))
            }
            Val::Sigma(a, b) => self.pair(ctx, a, &|first| m.inst(b, first), depth),
            Val::Path(..) => self.path(ctx, target, depth),
            _ => self.other(ctx, target, depth),
        }
    }

    /// A pair: the first part is given where it is an element, and found where it is a path.
    fn pair(&mut self, ctx: &Ctx, a: &V, b: &dyn Fn(V) -> V, depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        let mut firsts = Vec::new();
        let goal = m.normal(ctx, a)?;
        for fact in facts::facts(m, ctx)? {
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
        self.by_induction(ctx, target, depth)
    }

    fn accepted(&self, ctx: &Ctx, t: Term, target: &V) -> Option<Term> {
        self.m.check(ctx, &t, target).is_ok().then_some(t)
    }

    fn given(&mut self, ctx: &Ctx, target: &V, cubes: bool) -> Res<Option<Term>> {
        let m = self.m;
        let goal = m.normal(ctx, target)?;
        let facts = facts::facts(m, ctx)?;
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
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        for induction in induct::inductions(self.m, ctx, target)? {
            if let Some(base) = self.prove(ctx, &induction.left, depth)?
                && let Some(t) = self.accepted(ctx, induction.proof(base), target)
            {
                return Ok(Some(t));
            }
            if self.stop.is_some() {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn path(&mut self, ctx: &Ctx, target: &V, depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        let w = m.whnf(target)?;
        let Val::Path(line, a, b) = &*w else { return Ok(None) };
        let (inner, i) = m.bind_dim(ctx);
        let at = m.dinst(line, Ivl::Name(i));
        let ty = outside(&m.quote(&inner, &at)?).map(|t| m.eval(&ctx.env, &t));
        if let Some(ty) = &ty {
            if m.conv(ctx, ty, a, b)? {
                let t = below(&m.quote(ctx, a)?).map(|t| Rc::new(Node::DLam(t)) as Term);
                if let Some(t) = t.and_then(|t| self.accepted(ctx, t, target)) {
                    return Ok(Some(t));
                }
            }
            if let Some(t) = self.regular(ctx, ty, (a, b))?.and_then(|t| self.accepted(ctx, t, target)) {
                return Ok(Some(t));
            }
        }
        if let Some(t) = self.given(ctx, target, true)? {
            return Ok(Some(t));
        }
        // Functions are equal when they are so everywhere; nothing is lost by that.
        if let Some(ty) = &ty
            && let Val::Pi(dom, cod) = &*m.whnf(ty)?
        {
            let (inner, x) = m.bind(ctx, dom.clone());
            let (l, r) = (m.apply(a, x.clone()), m.apply(b, x.clone()));
            let at = m.inst(cod, x);
            let Some(pointwise) = self.path_type(&inner, &at, &l, &r)? else { return Ok(None) };
            let found = self.prove(&inner, &pointwise, depth)?;
            let Some(body) = found else { return Ok(None) };
            let Some(body) = moving(&body, &m.quote(&inner, &l)?, &m.quote(&inner, &r)?) else { return Ok(None) };
            return Ok(self.accepted(ctx, Rc::new(Node::DLam(Rc::new(Node::Lam(body)))), target));
        }
        if let Some(t) = self.by_induction(ctx, target, depth)? {
            return Ok(Some(t));
        }
        if self.stop.is_some() {
            return Ok(None);
        }
        match &*m.whnf(&at)? {
            Val::Sigma(..) => self.pairs(ctx, target, &inner, &at, (a, b), depth),
            _ if ty.is_none() => self.over(ctx, target, &inner, &at, (a, b), depth),
            _ => Ok(None),
        }
    }

    /// The type of paths between two elements of a type.
    fn path_type(&self, ctx: &Ctx, ty: &V, a: &V, b: &V) -> Res<Option<V>> {
        let m = self.m;
        let (Some(line), l, r) = (below(&m.quote(ctx, ty)?), m.quote(ctx, a)?, m.quote(ctx, b)?) else {
            return Ok(None);
        };
        Ok(Some(m.eval(&ctx.env, &Rc::new(Node::Path(line, l, r)))))
    }

    /// A path between what both sides are without boxes that do nothing, where these are the same.
    fn regular(&mut self, ctx: &Ctx, ty: &V, (a, b): (&V, &V)) -> Res<Option<Term>> {
        let m = self.m;
        let left = self.rounds(ctx, a)?;
        let right = self.rounds(ctx, b)?;
        if left.1.is_empty() && right.1.is_empty() {
            return Ok(None);
        }
        let (l, r) = (m.eval(&ctx.env, &left.0), m.eval(&ctx.env, &right.0));
        if !m.conv(ctx, ty, &l, &r).unwrap_or(false) {
            return Ok(None);
        }
        let mut chain = Chain::at(m.quote(ctx, ty)?, m.quote(ctx, a)?);
        for step in left.1 {
            chain = chain.then(step);
        }
        for step in right.1.into_iter().rev() {
            chain = chain.back(step);
        }
        Ok(Some(Rc::new(Node::DLam(chain.body()))))
    }

    /// What is left of a value when all boxes that do nothing are left out, with the paths on the way.
    fn rounds(&mut self, ctx: &Ctx, v: &V) -> Res<(Term, Vec<Term>)> {
        let m = self.m;
        let mut now = m.normal(ctx, v)?;
        let mut steps = Vec::new();
        for _ in 0..ROUNDS {
            let Some((path, end)) = regular::round(&now) else { break };
            steps.push(path);
            now = m.normal(ctx, &m.eval(&ctx.env, &end))?;
        }
        Ok((now, steps))
    }

    /// A path between pairs: of the first parts, and of the second parts over it.
    fn pairs(&mut self, ctx: &Ctx, target: &V, inner: &Ctx, at: &V, (a, b): (&V, &V), depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        let w = m.whnf(at)?;
        let Val::Sigma(first, second) = &*w else { return Ok(None) };
        let (l, r) = (m.fst(a), m.fst(b));
        let line = m.quote(inner, first)?;
        let goal: Term = Rc::new(Node::Path(line, m.quote(ctx, &l)?, m.quote(ctx, &r)?));
        let Some(p) = self.prove(ctx, &m.eval(&ctx.env, &goal), depth)? else { return Ok(None) };
        let Some(p) = moving(&p, &m.quote(ctx, &l)?, &m.quote(ctx, &r)?) else { return Ok(None) };
        let over = m.inst(second, m.eval(&inner.env, &p));
        let (l, r) = (m.quote(ctx, &m.snd(a))?, m.quote(ctx, &m.snd(b))?);
        let goal: Term = Rc::new(Node::Path(m.quote(inner, &over)?, l.clone(), r.clone()));
        let Some(q) = self.prove(ctx, &m.eval(&ctx.env, &goal), depth)? else { return Ok(None) };
        let Some(q) = moving(&q, &l, &r) else { return Ok(None) };
        Ok(self.accepted(ctx, Rc::new(Node::DLam(Rc::new(Node::Pair(p, q)))), target))
    }

    /// A path over a line of types from one at its end: its left end is carried there.
    fn over(&mut self, ctx: &Ctx, target: &V, inner: &Ctx, at: &V, (a, b): (&V, &V), depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        let line = m.quote(inner, at)?;
        let (l, r) = (m.quote(ctx, a)?, m.quote(ctx, b)?);
        let carried: Term = Rc::new(Node::Coe(Dim::Zero, Dim::One, line.clone(), l.clone()));
        let env = Env { dims: ctx.env.dims.push(Ivl::One), ..ctx.env.clone() };
        let end = m.eval(&env, &line);
        let Some(goal) = self.path_type(ctx, &end, &m.eval(&ctx.env, &carried), b)? else { return Ok(None) };
        let Some(q) = self.prove(ctx, &goal, depth)? else { return Ok(None) };
        let term = (|| {
            let face = |end, body| Face { cof: vec![(Dim::Var(0), end)], body };
            let wall = moving(&q, &carried, &r)?;
            let wall = lift_past(&wall)?;
            let start = Rc::new(Node::Coe(Dim::Zero, Dim::Var(0), lift_past(&line)?, lift(&l, 0, 1)?));
            let faces = vec![face(Dim::Zero, lift(&l, 0, 2)?), face(Dim::One, wall)];
            Some(Rc::new(Node::DLam(Rc::new(Node::HCom(Dim::Zero, Dim::One, line.clone(), faces, start)))) as Term)
        })();
        Ok(term.and_then(|t| self.accepted(ctx, t, target)))
    }
}

/// A term with one dimension below one more, which stands around that dimension.
fn lift_past(t: &Term) -> Option<Term> {
    let mut dim = |n: u32| if n == 0 { Some(0) } else { n.checked_add(1) };
    bfv_search::shift::rename(t, 0, 0, &mut Some, &mut dim)
}

/// What a path is at a new dimension, which is the dimension 0 of the scope.
fn moving(path: &Term, left: &Term, right: &Term) -> Option<Term> {
    if let Node::DLam(body) = &**path {
        return Some(body.clone());
    }
    Some(Rc::new(Node::PApp(below(path)?, below(left)?, below(right)?, Dim::Var(0))))
}
