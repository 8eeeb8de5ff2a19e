//! Induction: equations about recursive functions over data types.

mod goal;
mod lang;
mod proof;
mod prove;
mod read;
mod sample;
mod simplify;
mod write;

use bfv_search::{Budget, Engine, Goal, Outcome, Reason, stopped};

/// Work for each step of the budget.
const WORK: u64 = 50;

/// The engine.
pub struct Induct;

impl Engine for Induct {
    fn name(&self) -> &'static str {
        "induct"
    }

    fn looks_into_definitions(&self) -> bool {
        true
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let mut read = match goal::read(goal) {
            Ok(Some(read)) => read,
            Ok(None) => return Outcome::GaveUp(Reason::OutsideFragment, String::new()),
            Err(r) => {
                let (reason, why) = stopped(&r);
                return Outcome::GaveUp(reason, why);
            }
        };
        let debug = std::env::var("IND").is_ok();
        if debug {
            eprintln!("{:?}", read.seq);
            if let proof::Lit::Eq(a, b) = read.seq.goal {
                eprintln!("{} = {}", read.prover.l.show(a), read.prover.l.show(b));
            }
        }
        read.prover.limit = budget.left.saturating_mul(WORK);
        for fuel in 0..4 {
            let seq = read.seq.clone();
            if let Some(p) = read.prover.prove(seq, fuel, 6) {
                if debug {
                    eprintln!("found at {fuel} work {}", read.prover.l.work);
                }
                let _ = budget.spend(read.prover.l.work / WORK);
                return match read.write(p, &[]) {
                    Some(t) => Outcome::Candidate(t),
                    None => Outcome::GaveUp(Reason::Unsupported, "A proof was found that cannot be written.".to_owned()),
                };
            }
            if debug {
                eprintln!("not at {fuel} work {}", read.prover.l.work);
            }
        }
        let _ = budget.spend(read.prover.l.work / WORK);
        Outcome::GaveUp(Reason::Incomplete, "No proof by induction was found.".to_owned())
    }
}
