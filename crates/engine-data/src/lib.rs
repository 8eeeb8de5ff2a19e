//! Counterexamples over data types: values are filled in only where the evaluation of a claim needs them, smaller ones first.
//!
//! A claim about lists, trees or other data is evaluated with its variables unknown. Where it cannot go on, the part that it needs is filled in,
//! in every way; a claim that holds whatever the rest is cuts off the rest. A type variable stands for the natural numbers, a function
//! for a table. The point becomes a term that the kernel judges; nothing here is trusted. What is absent: no clock, no floats, no threads.
//! It says nothing of claims without data types, nor of real numbers.

mod close;
mod eval;
mod hunt;
mod numbers;
mod ranges;
mod shapes;
mod stuck;
mod truth;

use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ctx, Res, Val};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
use eval::Stop;
use hunt::{Claim, Hunt, Variable, shrink};
use shapes::Shapes;
use std::rc::Rc;

/// Looks for a point at which a claim about data fails.
pub struct Narrow {
    /// Most steps that it takes of a budget.
    pub most: u64,
    /// Whether it says nothing of what it did not find, because others are asked after it.
    pub quiet: bool,
}

impl Engine for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
    }
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let mut part = budget.part(self.most);
        let out = refute(goal, &mut part).unwrap_or_else(|r| Outcome::from(&r));
        match (budget.spend(part.used), &out) {
            (Ok(()), Outcome::GaveUp(Reason::Incomplete, _)) if self.quiet => {
                Outcome::GaveUp(Reason::OutsideFragment, String::new())
            }
            (Ok(()), _) => out,
            (Err(reason), _) => Outcome::GaveUp(reason, String::new()),
        }
    }
}

/// A claim, with the types of its variables, and the values of those that are types.
struct Opened {
    claim: Claim,
    /// For each variable of the statement: a type, or the next variable of the claim.
    types: Vec<Option<Term>>,
}

fn refute(goal: &Goal<'_>, budget: &mut Budget) -> Res<Outcome> {
    let outside = || Outcome::GaveUp(Reason::OutsideFragment, String::new());
    if !goal.ctx.types.is_empty() {
        return Ok(outside());
    }
    let mut shapes = Shapes::default();
    let Some(opened) = open(goal, &mut shapes)? else { return Ok(outside()) };
    shapes.settle();
    let claim = opened.claim;
    let mut hunt = Hunt::new(eval::Machine::new(goal.machine.globals()), &shapes, &claim);
    let point = match hunt.search(budget) {
        Ok(Some(point)) => point,
        Ok(None) => {
            return Ok(Outcome::GaveUp(Reason::Incomplete, "No value of its variables refutes it.".to_owned()));
        }
        Err(Stop::Unsupported | Stop::Stuck(_)) => return Ok(outside()),
        Err(Stop::End(Reason::Cancelled)) => return Ok(Outcome::GaveUp(Reason::Cancelled, String::new())),
        Err(Stop::End(_)) => {
            return Ok(Outcome::GaveUp(Reason::Incomplete, "No small value of its variables refutes it.".to_owned()));
        }
    };
    let mut fresh = eval::Machine::new(goal.machine.globals());
    let point = shrink(&mut fresh, &shapes, &claim, point, budget);
    let mut values = Vec::new();
    let mut variables = claim.variables.iter();
    let mut trees = point.iter();
    for ty in &opened.types {
        values.push(match (ty, ty.is_none().then(|| variables.next()).flatten()) {
            (Some(ty), _) => Some(ty.clone()),
            (None, Some(Variable::Value(shape))) => {
                let Some(t) = trees.next().and_then(|t| shapes.term(*shape, t)) else { return Ok(outside()) };
                Some(t)
            }
            (None, _) => None,
        });
    }
    Ok(match close::close(goal.machine, &goal.target, &values)? {
        Some(t) => Outcome::Refutation(t, values),
        None => {
            Outcome::GaveUp(Reason::Incomplete, "A point was found that does not refute it by computing.".to_owned())
        }
    })
}

/// The variables, hypotheses and conclusion of a goal; none where it is not about data.
fn open(goal: &Goal<'_>, shapes: &mut Shapes) -> Res<Option<Opened>> {
    let m = goal.machine;
    let mut ctx = Ctx::default();
    let mut current = goal.target.clone();
    let (mut variables, mut types, mut data) = (Vec::new(), Vec::new(), false);
    while let Val::Pi(dom, cod) = &*m.whnf(&current)? {
        if let Val::Univ(0) = &*m.whnf(dom)? {
            // Numbers are as many as values of any type need be.
            types.push(Some(Rc::new(Node::Prim(Prim::Nat))));
            current = m.inst(cod, m.value(Val::Prim(Prim::Nat)));
            continue;
        }
        types.push(None);
        match shapes.of(m, &ctx, dom)? {
            Some(shape) => {
                data |= shapes.has_data(shape);
                variables.push(Variable::Value(shape));
            }
            None => variables.push(Variable::Given(m.quote(&ctx, dom)?)),
        }
        let (inner, x) = m.bind(&ctx, dom.clone());
        current = m.inst(cod, x);
        ctx = inner;
    }
    if !data {
        return Ok(None);
    }
    let conclusion = m.quote(&ctx, &current)?;
    Ok(Some(Opened { claim: Claim { variables, conclusion }, types }))
}
