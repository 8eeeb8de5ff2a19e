//! The repaired protocol in the simulator: nothing goes wrong, and every rule is used. `BFV_CASES` and `BFV_SEED` make a run longer or
//! another one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_wingbeat::sim::{STRATEGIES, Scenario, Trace, run};
use bfv_wingbeat::{ARMS, Arm, Outcome, REFUSALS, Refusal};
use std::collections::BTreeSet;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |v| v.parse().expect("a whole number"))
}

/// Refusals that no run meets, with the reason.
const NOT_MET: [(Refusal, &str); 3] = [
    (Refusal::NotAMember, "the network has no other nodes; tests/laws.rs meets it"),
    (Refusal::OutOfWindow, "there are at most three sequences; tests/laws.rs meets it"),
    (Refusal::Unexpected, "a tick is asked for by a worker that has heard of a query; tests/laws.rs meets it"),
];

#[test]
fn nothing_goes_wrong_and_every_rule_is_used() {
    let (cases, first) = (setting("BFV_CASES", 1000), setting("BFV_SEED", 0) * 1_000_000);
    let mut arms: BTreeSet<Arm> = BTreeSet::new();
    let mut refusals: BTreeSet<Refusal> = BTreeSet::new();
    let (mut events, mut traitors, mut decisions, mut none, mut forged) = (0, 0, 0, 0, 0);
    let mut strategies = BTreeSet::new();
    for seed in first..first + cases {
        let scenario = Scenario::new(seed);
        let done = run(&scenario, Trace::none());
        assert!(done.violations.is_empty(), "seed {seed}: {:?}", done.violations);
        // The client of each sequence gets an answer.
        let answered: BTreeSet<_> = done.decisions.keys().map(|(s, _)| *s).collect();
        assert_eq!(answered.len() as u64, scenario.sequences, "seed {seed}");
        arms.extend(&done.arms);
        refusals.extend(&done.refusals);
        strategies.extend(scenario.byzantine.values().copied());
        events += done.events;
        forged += done.forged;
        traitors += scenario.byzantine.len();
        decisions += done.decisions.len();
        none += done.decisions.values().filter(|(_, o)| *o == Outcome::NoAgreement).count();
    }
    println!(
        "Figures: {cases} runs with {traitors} Byzantine workers, {events} events and {decisions} decisions, {none} of them that there is \
         no agreement; {forged} forged messages stopped; violations: 0"
    );
    assert_eq!(strategies.len(), STRATEGIES.len());
    assert!(none > 0 && forged > 0);
    let unused: Vec<&Arm> = ARMS.iter().filter(|a| !arms.contains(a)).collect();
    println!("Arms never reached: {unused:?}");
    assert!(unused.is_empty(), "arms never reached: {unused:?}");
    for refusal in REFUSALS {
        let exempt = NOT_MET.iter().any(|(r, _)| *r == refusal);
        assert_eq!(refusals.contains(&refusal), !exempt, "{refusal:?}");
    }
}

/// The rules are cited by their codes, so no two have the same, and each says something.
#[test]
fn arms_have_their_own_codes_and_words() {
    let codes: BTreeSet<&str> = ARMS.iter().map(|a| a.code()).collect();
    let rules: BTreeSet<&str> = ARMS.iter().map(|a| a.rule()).collect();
    assert_eq!((codes.len(), rules.len()), (ARMS.len(), ARMS.len()));
    for arm in ARMS {
        assert_eq!(format!("{arm:?}"), arm.code());
        assert!(arm.rule().ends_with('.'));
    }
    let names: BTreeSet<&str> = REFUSALS.iter().map(|r| r.name()).collect();
    assert_eq!(names.len(), REFUSALS.len());
}
