//! Equality saturation: an equation is proved by rewriting both of its sides with lemmas, hypotheses and polynomial arithmetic until
//! they meet. Nothing here is trusted: what the e-graph says is replayed step by step as a term, and the kernel judges that.
//!
//! What is absent: no clock and no floats. Rounds, nodes and steps are counted, so that one goal has one answer.

mod graph;
#[cfg(test)]
mod lies;
mod replay;
mod ring;
mod rules;
mod saturate;
mod scope;
mod tree;

use bfv_format::{Dim, Node, Prim, Term};
use bfv_kernel::{Ctx, Ivl, Res, V, Val};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
use saturate::Saturation;
use std::rc::Rc;

/// The tag of lemmas that are used from left to right.
pub const FORWARD: &str = "equation.forward";
/// The tag of the lemma that a truth value which is not true is false.
pub const FALSE: &str = "equation.false";

/// The tag of the lemma that one of two numbers is below the other or not, which gives a goal from both cases.
pub const CASES: &str = "equation.cases";

/// How many comparisons a goal is split by, at most.
const SPLITS: u32 = 4;

/// Steps of the evaluator for each step of the budget, at most.
const EVALUATIONS: u64 = 100;

/// Proves equations, and statements about numbers after rewriting them.
pub struct Egg {
    /// Proves the side conditions of lemmas, and what is left of a goal when both of its sides have been rewritten.
    pub side: &'static dyn Engine,
}

impl Engine for Egg {
    fn name(&self) -> &'static str {
        "egg"
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        if !goal.ctx.dims.is_empty() {
            return Outcome::GaveUp(Reason::OutsideFragment, String::new());
        }
        let found = goal.machine.within(budget.left.saturating_mul(EVALUATIONS), || {
            Prover { side: self.side, goal }.prove(&goal.ctx, &goal.target, SPLITS, budget)
        });
        match found {
            Ok(Some(Ok(t))) => Outcome::Candidate(t),
            Ok(Some(Err((reason, why)))) => Outcome::GaveUp(reason, why),
            Ok(None) => Outcome::GaveUp(Reason::Budget, "The evaluator ran out of steps.".to_owned()),
            Err(r) => Outcome::from(&r),
        }
    }
}

/// A term, or why there is none.
type Found = Res<Result<Term, (Reason, String)>>;

struct Prover<'g> {
    side: &'g dyn Engine,
    goal: &'g Goal<'g>,
}

/// What the leaves of a goal are.
enum Leaf {
    /// `left = right`.
    Equation,
    /// `not (left = right)`, as every `a <= b` is.
    Refused,
}

impl Prover<'_> {
    fn prove(&self, ctx: &Ctx, target: &V, splits: u32, budget: &mut Budget) -> Found {
        let m = self.goal.machine;
        match &*m.whnf(target)? {
            Val::Pi(dom, cod) => {
                let (inner, x) = m.bind(ctx, dom.clone());
                let body = m.inst(cod, x);
                if matches!(&*m.whnf(&body)?, Val::Prim(Prim::Empty))
                    && let Val::Path(..) = &*m.whnf(dom)?
                {
                    return self.leaf(ctx, target, dom, Leaf::Refused, splits, budget);
                }
                Ok(self.prove(&inner, &body, splits, budget)?.map(|t| Rc::new(Node::Lam(t))))
            }
            Val::Sigma(a, b) => {
                let first = match self.prove(ctx, a, splits, budget)? {
                    Ok(t) => t,
                    Err(e) => return Ok(Err(e)),
                };
                let rest = m.inst(b, m.eval(&ctx.env, &first));
                Ok(self.prove(ctx, &rest, splits, budget)?.map(|second| Rc::new(Node::Pair(first, second))))
            }
            Val::Path(..) => self.leaf(ctx, target, target, Leaf::Equation, splits, budget),
            _ => Ok(Err((Reason::OutsideFragment, "The goal is no equation.".to_owned()))),
        }
    }

    /// An equation of data, or of functions at every argument.
    fn leaf(&self, outer: &Ctx, target: &V, equation: &V, leaf: Leaf, splits: u32, budget: &mut Budget) -> Found {
        let m = self.goal.machine;
        let w = m.whnf(equation)?;
        let Val::Path(line, a, b) = &*w else {
            return Ok(Err((Reason::OutsideFragment, "The goal is no equation.".to_owned())));
        };
        let mut ty = m.dinst(line, Ivl::Zero);
        if !m.conv_type(outer, &ty, &m.dinst(line, Ivl::One))? {
            return Ok(Err((Reason::OutsideFragment, "The two sides of the equation have two types.".to_owned())));
        }
        let (mut ctx, mut left, mut right, mut arguments) = (outer.clone(), a.clone(), b.clone(), 0);
        while let (Val::Pi(dom, cod), Leaf::Equation) = (&*m.whnf(&ty)?, &leaf) {
            let (inner, x) = m.bind(&ctx, dom.clone());
            (left, right) = (m.apply(&left, x.clone()), m.apply(&right, x.clone()));
            ty = m.inst(cod, x);
            ctx = inner;
            arguments += 1;
        }
        let mut saturation = Saturation::new(self.side, self.goal, &ctx, &ty)?;
        let Some((l, r)) = saturation.sides(&left, &right)? else {
            return Ok(Err((Reason::Unsupported, "A term of the goal cannot be read.".to_owned())));
        };
        let ended = saturation.run(l, r, matches!(leaf, Leaf::Equation), budget)?;
        let found = match leaf {
            Leaf::Equation => saturation.equation(l, r, budget)?.map(|body| {
                let body = (0..arguments).fold(body, |t, _| Rc::new(Node::Lam(t)));
                Rc::new(Node::DLam(body))
            }),
            Leaf::Refused => saturation.refused(l, r, budget)?,
        };
        match found {
            Some(t) => Ok(Ok(t)),
            // What is compared must be in sight of the whole goal.
            None if splits > 0 && arguments == 0 => {
                let lemma = self.goal.lemmas.iter().find(|l| l.has(CASES)).map(|l| l.id);
                match lemma.zip(saturation.comparison()) {
                    Some((id, numbers)) => self.split(outer, target, id, numbers, splits, budget),
                    None => Ok(Err(ended)),
                }
            }
            None => Ok(Err(ended)),
        }
    }

    /// The goal from `x < y`, and from `y <= x`, by the lemma that says so.
    fn split(&self, ctx: &Ctx, target: &V, id: u32, numbers: (Term, Term), splits: u32, budget: &mut Budget) -> Found {
        let m = self.goal.machine;
        let mut term: Term = Rc::new(Node::Const { id, shift: 0 });
        let (x, y) = numbers;
        for arg in [m.quote(ctx, target)?, x, y] {
            term = Rc::new(Node::App(term, arg));
        }
        for _ in 0..2 {
            let ty = m.infer(ctx, &term)?;
            let w = m.whnf(&ty)?;
            let Val::Pi(case, _) = &*w else { break };
            let case = m.whnf(case)?;
            let Val::Pi(assumed, _) = &*case else { break };
            let (inner, _) = m.bind(ctx, assumed.clone());
            match self.prove(&inner, target, splits - 1, budget)? {
                Ok(t) => term = Rc::new(Node::App(term, Rc::new(Node::Lam(t)))),
                Err(e) => return Ok(Err(e)),
            }
        }
        Ok(Ok(term))
    }
}

/// What a path is at the dimension of the scope.
fn along(path: Term, left: Term, right: Term) -> Term {
    Rc::new(Node::PApp(path, left, right, Dim::Var(0)))
}

/// The path that a chain is, under a definition of its last fact.
fn under(ty: Term, proof: Term, body: Term) -> Term {
    Rc::new(Node::Let(ty, proof, body))
}
