//! What the tests of reports share.

use bfv_driver::{Cost, GoalReport, Kind, Place, Verdict};

/// A report on a goal of the module `examples`, with nothing beside its verdict.
pub fn goal(name: &str, verdict: Verdict, expected: Kind) -> GoalReport {
    GoalReport {
        name: format!("examples.{name}"),
        module: "examples".to_owned(),
        hash: String::new(),
        place: Place { file: "wingbeat.sctt".into(), start: (12, 1), end: (12, 9), bytes: 0..8 },
        verdict,
        expected,
        written: String::new(),
        detail: String::new(),
        counterexample: vec![],
        chart: None,
        invariants: vec![],
        holds_if: vec![],
        hypotheses: None,
        vacuous_expected: false,
        proof: None,
        axioms: vec![],
        rules: vec![],
        cost: Cost::default(),
    }
}
