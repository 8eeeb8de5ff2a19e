//! Induction: equations about recursive functions over data types.

mod explore;
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
        let all = budget.left.saturating_mul(WORK);
        let mut terms = Vec::new();
        proof::Clause::plain(read.seq.goal).terms(&mut terms);
        for h in &read.seq.hyps {
            h.clause.terms(&mut terms);
        }
        let mut explorer: Option<explore::Explorer> = None;
        let mut found = None;
        // Without lemmas, then with more and more of them.
        for (round, work) in [10_000u64, 100_000, 400_000, 4_000_000].into_iter().enumerate() {
            if round > 0 {
                let p = &mut read.prover;
                let e = explorer.get_or_insert_with(|| explore::Explorer::new(p, &terms));
                e.grow(p, all.min(p.l.work + work));
                if round == 1 {
                    e.grow(p, all.min(p.l.work + work));
                }
                if debug {
                    eprintln!("lemmas {} work {}", e.lemmas.len(), p.l.work);
                    for (_, c, _) in e.lemmas.iter().filter(|_| std::env::var("INDL").is_ok()) {
                        eprintln!("   {}", p.show_clause(c));
                    }
                }
            }
            for fuel in 0..5 {
                read.prover.limit = all.min(read.prover.l.work + work / 2);
                let seq = read.seq.clone();
                found = read.prover.prove(seq, fuel, 6);
                if found.is_some() {
                    if debug {
                        eprintln!("found at {round} {fuel} work {}", read.prover.l.work);
                    }
                    break;
                }
                if debug {
                    eprintln!("not at {round} {fuel} work {}", read.prover.l.work);
                }
            }
            if found.is_some() || read.prover.l.work >= all {
                break;
            }
        }
        let _ = budget.spend(read.prover.l.work / WORK);
        let Some(p) = found else {
            return Outcome::GaveUp(Reason::Incomplete, "No proof by induction was found.".to_owned());
        };
        let lemmas = explorer.map(|e| e.lemmas).unwrap_or_default();
        match read.write(p, &lemmas) {
            Some(t) => Outcome::Candidate(t),
            None => Outcome::GaveUp(Reason::Unsupported, "A proof was found that cannot be written.".to_owned()),
        }
    }
}
