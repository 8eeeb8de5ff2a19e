//! Arithmetic search and lemma application in pure Rust. Nothing here is trusted: the kernel checks every proposal.
//!
//! What is absent: no floats, no clock, no threads, no solver; every loop is bounded by the step budget.

mod arith;
mod boxes;
mod certificate;
mod derive;
mod enclose;
mod equations;
mod field;
mod formula;
mod integer;
mod lemmas;
mod matching;
mod number;
mod points;
mod program;
mod reify;
mod relax;
mod sheet;
mod simplex;
mod smt;
mod squares;
mod witness;

use arith::Prover;
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, Solver};
use certificate::{Fruitless, Power};
use points::Effort;

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

/// What the step `box` calls: bounds on boxes, by splitting and by bounds of exp, log, sqrt and inverses.
pub struct Boxes;

impl Engine for Boxes {
    fn name(&self) -> &'static str {
        "box"
    }
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        outcome(boxes::run(goal, budget))
    }
}

/// What claims without a proof ask: lemmas and arithmetic, and for closed claims a counterexample.
pub struct Native;

impl Engine for Native {
    fn name(&self) -> &'static str {
        "native"
    }
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let fruitless = Fruitless::default();
        let prover = |power, unfold| Prover::new(goal, power, unfold, &fruitless);
        let closed = goal.ctx.types.is_empty();
        let mut last = (Reason::Incomplete, String::new());
        // What is cheap comes first: linear arithmetic and lemmas, then likely points, and only then products and unlikely points.
        // Lemmas speak of definitions by name, so definitions are looked through only when that does not help.
        // Each stage may use half of what is left, so that a claim that resists proof can still be refuted.
        for (stage, most) in STAGES {
            let mut part = budget.part(most.min(budget.left / 2));
            let (found, refuted) = match stage {
                Stage::Proof(power, unfold) => {
                    let found = prover(power, unfold).search(&goal.ctx, &goal.target, &mut part);
                    (found.unwrap_or_else(|r| Err(bfv_search::stopped(&r))).map(|t| (t, Vec::new())), false)
                }
                Stage::Point(_) | Stage::Box if !closed => continue,
                Stage::Box => {
                    let Ok(Some(prover)) = prover(Power::Linear, true).with_boxes() else { continue };
                    match prover.on_boxes(&goal.target, &mut part) {
                        Ok(Ok((t, None))) => (Ok((t, Vec::new())), false),
                        Ok(Ok((t, Some(point)))) => (Ok((t, point)), true),
                        // Claims without boxes are for the stages after this one, and so is what is said about them.
                        Ok(Err(why)) => (Err(why), true),
                        Err(r) => (Err(bfv_search::stopped(&r)), true),
                    }
                }
                Stage::Point(effort) => {
                    // At a point everything computes, so nothing but linear arithmetic is needed.
                    let found = prover(Power::Linear, true).refute(&goal.target, effort, None, &mut part);
                    (found.unwrap_or_else(|r| Err(bfv_search::stopped(&r))), true)
                }
            };
            let spent = budget.spend(part.used);
            match found {
                Ok((t, point)) if refuted => return Outcome::Refutation(t, point),
                Ok((t, _)) => return Outcome::Candidate(t),
                // Why no point was found says less than why no proof was.
                Err(why) if !refuted => last = why,
                Err(_) => {}
            }
            if spent.is_err() || budget.left == 0 {
                return Outcome::GaveUp(Reason::Budget, last.1);
            }
        }
        Outcome::GaveUp(last.0, last.1)
    }
}

/// Small points only: refutes a closed statement, or gives up. What the consistency of hypotheses is asked from.
pub struct Points;

impl Engine for Points {
    fn name(&self) -> &'static str {
        "points"
    }
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        at_a_point(goal, Effort::Little, None, budget)
    }
}

/// Small points, also for functions, and with lemmas for what does not compute there: shows that a condition can be met.
pub struct Exhibits;

impl Engine for Exhibits {
    fn name(&self) -> &'static str {
        "points"
    }
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        at_a_point(goal, Effort::Wide, None, budget)
    }
}

/// Points that a solver outside of this program names: refutes a closed statement, or gives up.
pub struct Asked(pub &'static dyn Solver);

impl Engine for Asked {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        at_a_point(goal, Effort::Much, Some(self.0), budget)
    }
}

fn at_a_point(goal: &Goal<'_>, effort: Effort, solver: Option<&dyn Solver>, budget: &mut Budget) -> Outcome {
    if !goal.ctx.types.is_empty() {
        return Outcome::GaveUp(Reason::OutsideFragment, String::new());
    }
    let fruitless = Fruitless::default();
    match Prover::new(goal, Power::Linear, true, &fruitless).refute(&goal.target, effort, solver, budget) {
        Ok(Ok((negation, point))) => Outcome::Refutation(negation, point),
        Ok(Err((reason, why))) => Outcome::GaveUp(reason, why),
        Err(r) => Outcome::from(&r),
    }
}

/// One part of the search for a claim.
#[derive(Clone, Copy)]
enum Stage {
    /// For a proof, with this power, and whether definitions are looked through.
    Proof(Power, bool),
    /// On a box: for a proof or a counterexample.
    Box,
    /// For a counterexample.
    Point(Effort),
}

/// The stages, each with the most steps it may use: long searches come when short ones have ended.
const STAGES: [(Stage, u64); 8] = [
    (Stage::Proof(Power::Linear, false), u64::MAX),
    (Stage::Point(Effort::Little), 5_000),
    (Stage::Proof(Power::Quadratic, false), 3_000),
    (Stage::Proof(Power::Quadratic, true), 3_000),
    (Stage::Box, u64::MAX),
    (Stage::Point(Effort::Much), 50_000),
    (Stage::Proof(Power::Quadratic, false), u64::MAX),
    (Stage::Proof(Power::Quadratic, true), u64::MAX),
];

/// Proofs only, for a goal inside a script.
fn search(goal: &Goal<'_>, budget: &mut Budget) -> Result<bfv_format::Term, (Reason, String)> {
    let fruitless = Fruitless::default();
    let mut last = Err((Reason::Incomplete, String::new()));
    // Products of facts are costly, so lemmas are first tried with linear arithmetic only.
    for (power, unfold) in [(Power::Linear, false), (Power::Quadratic, false), (Power::Quadratic, true)] {
        let prover = Prover::new(goal, power, unfold, &fruitless);
        last = prover.search(&goal.ctx, &goal.target, budget).unwrap_or_else(|r| Err(bfv_search::stopped(&r)));
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
