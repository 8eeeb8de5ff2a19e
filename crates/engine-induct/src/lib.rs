//! Induction: equations about recursive functions over data types, under hypotheses.
//!
//! A goal is read into a first-order language in which definitions are case trees and stay folded (`read`). Everything else is rewriting in
//! that language: computation, hypotheses and lemmas in a well-founded order, constructors that are injective and differ (`simplify`); cases
//! and induction on what a call is stuck on (`prove`); goals that are made more general (`general`); and lemmas that are found by comparing
//! the values of small terms (`explore`). Statements are tried at values before anybody proves them (`sample`).
//! The method is that of Boyer and Moore (1979), Zeno (Sonnex, Drossopoulou and Eisenbach, 2012) and HipSpec (Claessen, Johansson, Rosen and
//! Smallbone, 2013). Nothing here is trusted: a proof becomes a term (`write`), and the kernel judges it.
//!
//! What is absent: no clock, no floats, no threads. Work is counted, so that one goal has one answer.

mod explore;
mod general;
mod goal;
mod lang;
#[cfg(test)]
mod lies;
mod numbers;
mod proof;
mod prove;
mod read;
mod sample;
mod simplify;
mod write;

use bfv_format::Term;
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
use explore::Explorer;
use goal::Read;
use proof::Clause;

/// Work for each step of the budget.
const WORK: u64 = 50;
/// Steps of the evaluator for each step of the budget, at most.
const EVALUATIONS: u64 = 100;
/// Work on the goal in each round; between two of them there are new lemmas, found with as much.
const ROUNDS: [u64; 4] = [10_000, 100_000, 400_000, 1_000_000];
/// Inductions inside of each other.
const INDUCTIONS: u32 = 4;
/// Truth values by which a goal is split inside of each other.
const SPLITS: u32 = 6;

/// Proves equations about recursive functions by induction.
pub struct Induct;

impl Engine for Induct {
    fn name(&self) -> &'static str {
        "induct"
    }

    fn looks_into_definitions(&self) -> bool {
        true
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let wish = budget.part(u64::MAX);
        let found = goal.machine.within(budget.left.saturating_mul(EVALUATIONS), || goal::read(goal, wish));
        let mut read = match found {
            Ok(Some(Some(read))) => read,
            Ok(Some(None)) => return Outcome::GaveUp(Reason::OutsideFragment, String::new()),
            Ok(None) => return Outcome::GaveUp(Reason::Budget, "The evaluator ran out of steps.".to_owned()),
            Err(r) => return Outcome::from(&r),
        };
        let all = budget.left.saturating_mul(WORK);
        read.prover.l.most = all;
        if read.prover.holds_at_points(&read.seq).is_none() {
            let why = "It does not seem to hold at some values that were tried, so no induction was tried.";
            return Outcome::GaveUp(Reason::Incomplete, why.to_owned());
        }
        let found = search(&mut read, all);
        let spent = budget.spend(read.prover.l.work / WORK);
        match (found, spent) {
            (Some(Some(term)), _) => Outcome::Candidate(term),
            (Some(None), _) => Outcome::GaveUp(
                Reason::Unsupported,
                "A proof by induction has a part that cannot be written.".to_owned(),
            ),
            (None, Err(reason)) => Outcome::GaveUp(reason, "The search for an induction ran out of steps.".to_owned()),
            (None, Ok(())) => Outcome::GaveUp(Reason::Incomplete, "No proof by induction was found.".to_owned()),
        }
    }
}

/// Without lemmas, then with more and more of them. A proof that was found may have a part that no term is written for.
fn search(read: &mut Read, all: u64) -> Option<Option<Term>> {
    let mut terms = Vec::new();
    Clause::plain(read.seq.goal).terms(&mut terms);
    read.seq.hyps.iter().for_each(|h| h.clause.terms(&mut terms));
    let mut explorer: Option<Explorer> = None;
    for (round, work) in ROUNDS.into_iter().enumerate() {
        let p = &mut read.prover;
        if round > 0 {
            let e = explorer.get_or_insert_with(|| Explorer::new(p, &terms));
            let end = all.min(p.l.work.saturating_add(work));
            e.grow(p, end);
            if round == 1 {
                // Terms with one symbol say little.
                e.grow(p, end);
            }
        }
        for inductions in 0..=INDUCTIONS {
            let p = &mut read.prover;
            p.limit = all.min(p.l.work.saturating_add(work));
            if let Some(proof) = p.prove(read.seq.clone(), inductions, SPLITS) {
                let lemmas = explorer.map(|e| e.lemmas).unwrap_or_default();
                return Some(read.write(proof, &lemmas));
            }
        }
        if read.prover.over() && read.prover.l.work >= all {
            return None;
        }
    }
    None
}
