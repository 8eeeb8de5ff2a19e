//! Random choices that are the same everywhere, and the comparison of the two checkers' answers.
#![allow(dead_code)]

use bfv_format::{Outcome, Stored, Term, write};
use bfv_kernel::{Limits, Signature};

/// A linear congruential generator: the same numbers everywhere.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(n)).unwrap()
    }
    pub fn small(&mut self, n: u32) -> u64 {
        u64::from(self.roll(n))
    }
}

/// How the judgements of a run were answered.
#[derive(Debug, Default)]
pub struct Count {
    pub accepted: u32,
    pub refused: u32,
    pub unknown: u32,
}

pub fn compare(seed: u64, s: &Signature, statement: Term, evidence: Term, count: &mut Count) {
    let limits = Limits { steps: 300_000, ..Limits::default() };
    let first = s.prove(&statement, &evidence, limits).map(|_| ()).map_err(|r| r.reason.to_owned());
    let bytes = write(&Stored {
        decls: s.decls().cloned().collect(),
        claim: "agree".into(),
        statement: statement.clone(),
        verdict: Outcome::Proved,
        evidence: evidence.clone(),
        witness: vec![],
        engine: String::new(),
    });
    let limits = bfv_recheck::Limits { steps: 20_000_000, ..bfv_recheck::Limits::default() };
    let second = bfv_recheck::recheck(&bytes, limits).map(|_| ()).map_err(|r| r.reason.to_owned());
    match (&first, &second) {
        (Ok(()), Ok(())) => count.accepted += 1,
        (Err(a), Err(b)) if a == "budget" || b == "budget" => count.unknown += 1,
        (Err(a), Err(b)) if a == b => count.refused += 1,
        // The reader comes before the second checker.
        (Err(_), Err(b)) if b == "unreadable" => count.refused += 1,
        (Err(r), Ok(())) | (Ok(()), Err(r)) if r == "budget" => count.unknown += 1,
        _ => panic!("seed {seed}: {first:?} {second:?}\n{statement:?}\n{evidence:?}"),
    }
}
