//! Arithmetic search and lemma application in pure Rust. Nothing here is trusted: the kernel checks every proposal.
//!
//! What is absent: no floats, no clock, no threads, no solver; every loop is bounded by the step budget.

mod arith;
mod certificate;
mod integer;
mod lemmas;
mod matching;
mod number;
mod points;
mod poly;
mod reify;
mod shift;
mod simplex;
mod squares;
mod witness;

use arith::Prover;
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
use certificate::{Fruitless, Power};

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

/// What the step `auto` calls: arithmetic with products of facts and squares, then tagged lemmas.
pub struct Auto;

impl Engine for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        match arith::run(goal, Power::Quadratic, budget) {
            Err((Reason::Incomplete | Reason::OutsideFragment, _)) => outcome(search(goal, budget)),
            found => outcome(found),
        }
    }
}

/// What claims without a proof ask: lemmas and arithmetic, and for closed claims a counterexample.
pub struct Native;

impl Engine for Native {
    fn name(&self) -> &'static str {
        "native"
    }
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        // Proof and counterexample share the budget, so that a claim that resists proof can still be refuted.
        let mut half = Budget::new(budget.left / 2);
        let found = search(goal, &mut half);
        let spent = budget.spend(half.used);
        let (reason, why) = match found {
            Ok(t) => return Outcome::Candidate(t),
            Err(e) => e,
        };
        if !goal.ctx.types.is_empty() || spent.is_err() {
            return Outcome::GaveUp(reason, why);
        }
        let fruitless = Fruitless::default();
        let prover = Prover { m: goal.machine, lemmas: goal.lemmas, power: Power::Linear, unfold: true, fruitless: &fruitless };
        match prover.refute(&goal.target, budget) {
            Ok(Ok((negation, point))) => Outcome::Refutation(negation, point),
            Ok(Err((Reason::Budget, _))) | Err(_) => Outcome::GaveUp(Reason::Budget, why),
            Ok(Err(_)) => Outcome::GaveUp(reason, why),
        }
    }
}

fn search(goal: &Goal<'_>, budget: &mut Budget) -> Result<bfv_format::Term, (Reason, String)> {
    // Lemmas speak of definitions by name, so definitions are looked through only when that does not help.
    let mut last = Err((Reason::Incomplete, String::new()));
    let fruitless = Fruitless::default();
    for unfold in [false, true] {
        let prover = Prover { m: goal.machine, lemmas: goal.lemmas, power: Power::Quadratic, unfold, fruitless: &fruitless };
        last = prover.search(&goal.ctx, &goal.target, budget).unwrap_or_else(|r| Err(arith::stopped(&r)));
        if last.is_ok() {
            break;
        }
    }
    last
}

fn outcome(found: Result<bfv_format::Term, (Reason, String)>) -> Outcome {
    match found {
        Ok(t) => Outcome::Candidate(t),
        Err((reason, why)) => Outcome::GaveUp(reason, why),
    }
}
