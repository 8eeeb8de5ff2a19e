//! Arithmetic search and lemma application in pure Rust. Nothing here is trusted: the kernel checks every proposal.
//!
//! What is absent: no floats, no clock, no threads, no solver; every loop is bounded by the step budget.

mod arith;
mod certificate;
mod poly;
mod reify;
mod simplex;

use bfv_search::{Budget, Engine, Goal, Outcome};
use certificate::Power;

/// What the step `arith` calls: linear combinations of the facts at hand.
pub struct Arith;

impl Engine for Arith {
    fn name(&self) -> &'static str {
        "arith"
    }
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        outcome(arith::run(goal, Power::Linear, budget))
    }
}

/// Arithmetic with products of facts and squares.
pub struct Native;

impl Engine for Native {
    fn name(&self) -> &'static str {
        "native"
    }
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        outcome(arith::run(goal, Power::Quadratic, budget))
    }
}

fn outcome(found: Result<bfv_format::Term, (bfv_search::Reason, String)>) -> Outcome {
    match found {
        Ok(t) => Outcome::Candidate(t),
        Err((reason, why)) => Outcome::GaveUp(reason, why),
    }
}
