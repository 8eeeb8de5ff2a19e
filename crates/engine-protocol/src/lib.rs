//! Protocols: claims that every legal run of a protocol ends in a state of which something holds.
//!
//! `Invariants` proves it for every number of workers, from invariants that the protocol gives, with the prover of `ground`.
//! `Explore` goes through the runs of small instances and looks for one that breaks the claim. Nothing here is trusted: what they find
//! becomes a term, which the kernel judges. What is absent: no clock, no floats, no hash tables whose order matters.

mod claim;
mod decide;
mod explore;
mod finite;
mod formula;
mod fragment;
mod ground;
mod instance;
mod invariant;
mod lasso;
mod model;
mod obligations;
mod provenance;
mod ranking;
mod reader;
mod search;
mod symmetry;
#[cfg(test)]
mod tests;
mod trace;

pub use instance::{Argument, Instance, NotTaken};

use bfv_kernel::Res;
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, Solver};
use ground::library::Library;
use ground::search::Search;
use model::About;

/// The tag of the library's statement that every action of a run was allowed.
pub const LEGAL: &str = "protocol.legal";
/// The tags of its statements that every move of a run without end was allowed, that it is fair, and that some state satisfies something.
pub const LIVE: [&str; 3] = ["live.possible", "live.fair", "live.eventually"];

/// A finite search for runs that break a safety property, and for fair runs without end that break a liveness property. Where it went
/// through all states of a liveness property and found none, it writes a proof by ranks.
pub struct Explore;

impl Engine for Explore {
    fn name(&self) -> &'static str {
        "explore"
    }

    fn looks_into_definitions(&self) -> bool {
        true
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let id = |tag: &str| goal.lemmas.iter().find(|l| l.has(tag)).map(|l| l.id);
        let legal = id(LEGAL).map(About::Legal);
        let live = match LIVE.map(id) {
            [Some(possible), Some(fair), Some(eventually)] => Some(About::Live(possible, fair, eventually)),
            _ => None,
        };
        let met = |about: &About| goal.ctx.types.is_empty() && model::is_protocol(goal.machine, &goal.target, *about);
        match legal.into_iter().chain(live).find(met) {
            Some(about) => match search::search(goal, about, budget) {
                Ok(outcome) => outcome,
                Err((reason, why)) => Outcome::GaveUp(reason, why),
            },
            None => Outcome::GaveUp(Reason::OutsideFragment, String::new()),
        }
    }
}

/// Steps of the evaluator for each step of the budget, at most.
const EVALUATIONS: u64 = 200;

/// Proves statements about elements, relations between them and sizes of sets of them, from facts with quantifiers.
pub struct Ground {
    /// Proves what is arithmetic.
    pub side: &'static dyn Engine,
}

/// Proves that something holds at the end of every legal run of a protocol, from its invariants.
pub struct Invariants {
    /// Proves what is arithmetic.
    pub side: &'static dyn Engine,
    /// Says which facts matter for a goal that the search does not reach soon. It is not believed.
    pub solver: Option<&'static dyn Solver>,
}

impl Engine for Invariants {
    fn name(&self) -> &'static str {
        if self.solver.is_some() { "invariants-z3" } else { "invariants" }
    }

    fn looks_into_definitions(&self) -> bool {
        true
    }

    fn adds_to_reasons(&self) -> bool {
        self.solver.is_some()
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let steps = budget.left.saturating_mul(EVALUATIONS);
        match goal.machine.within(steps, || invariant::run(goal, self.side, self.solver, budget)) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Outcome::GaveUp(Reason::Budget, "The evaluator ran out of steps.".to_owned()),
            Err(r) => Outcome::from(&r),
        }
    }
}

impl Engine for Ground {
    fn name(&self) -> &'static str {
        "ground"
    }

    fn looks_into_definitions(&self) -> bool {
        true
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let m = goal.machine;
        let steps = budget.left.saturating_mul(EVALUATIONS);
        match m.within(steps, || self.prove(goal, budget)) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Outcome::GaveUp(Reason::Budget, "The evaluator ran out of steps.".to_owned()),
            Err(r) => Outcome::from(&r),
        }
    }
}

impl Ground {
    fn prove(&self, goal: &Goal<'_>, budget: &mut Budget) -> Res<Outcome> {
        let m = goal.machine;
        let Some(lib) = Library::find(m, goal.lemmas) else {
            return Ok(Outcome::GaveUp(Reason::OutsideFragment, "The module std.ground is not imported.".to_owned()));
        };
        let variables = u32::try_from(goal.ctx.types.len()).unwrap_or(u32::MAX);
        let mut search = Search::new(m, lib, self.side, goal.lemmas, &goal.ctx)?;
        Ok(match search.prove(&goal.target, budget)? {
            Ok(p) => match search.write(&p, variables) {
                Some(t) => Outcome::Candidate(t),
                None => {
                    Outcome::GaveUp(Reason::Unsupported, "A proof was found that cannot be written down.".to_owned())
                }
            },
            Err(reason) => Outcome::GaveUp(reason, String::new()),
        })
    }
}
