//! Protocols: claims that every legal run of a protocol ends in a state of which something holds.
//!
//! `Explore` goes through the runs of small instances and looks for one that breaks the claim. Nothing here is trusted: what it finds
//! becomes a term of the negation, which the kernel judges. What is absent: no clock, no floats, no hash tables whose order matters.

mod decide;
mod explore;
mod finite;
mod formula;
mod model;
mod reader;
mod search;
mod symmetry;
#[cfg(test)]
mod tests;
mod trace;

use bfv_search::{Budget, Engine, Goal, Outcome, Reason};

/// The tag of the library's statement that every action of a run was allowed.
pub const LEGAL: &str = "protocol.legal";

/// A finite search for runs that break a safety property.
pub struct Explore;

impl Engine for Explore {
    fn name(&self) -> &'static str {
        "explore"
    }

    fn looks_into_definitions(&self) -> bool {
        true
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let legal = goal.lemmas.iter().find(|l| l.has(LEGAL));
        match legal {
            Some(legal) if goal.ctx.types.is_empty() && model::is_protocol(goal.machine, &goal.target, legal.id) => {
                match search::search(goal, legal.id, budget) {
                    Ok((term, values)) => Outcome::Refutation(term, values),
                    Err((reason, why)) => Outcome::GaveUp(reason, why),
                }
            }
            _ => Outcome::GaveUp(Reason::OutsideFragment, String::new()),
        }
    }
}
