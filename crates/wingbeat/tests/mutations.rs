//! Each rule of the repaired protocol is left out in turn, and each part of what must be kept is lost; the simulator notices, and says what
//! goes wrong. The same runs with all rules are in order, see the last test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_wingbeat::Rule;
use bfv_wingbeat::sim::{Forget, Outputs, Scenario, Strategy, Trace, run};

/// The run of a seed in which two queries are about, and those who have decided are not heard.
fn hard(seed: u64) -> Scenario {
    Scenario { two_queries: true, isolate: true, ..Scenario::new(seed) }
}

/// One in which workers crash as soon as they have kept something.
fn crashing(seed: u64) -> Scenario {
    Scenario { crashing: 15, ..hard(seed) }
}

/// One in which the fast path is taken often.
fn fast(scenario: Scenario) -> Scenario {
    Scenario { outputs: Outputs::Same, ..scenario }
}

/// One in which all Byzantine workers do the same.
fn led_by(strategy: Strategy, scenario: Scenario) -> Scenario {
    let byzantine = scenario.byzantine.keys().map(|w| (*w, strategy)).collect();
    Scenario { byzantine, ..scenario }
}

/// The first of 3,000 runs in which this goes wrong.
fn caught(violation: &str, scenario: impl Fn(u64) -> Scenario) {
    let seen = |seed: &u64| run(&scenario(*seed), Trace::none()).violations.iter().any(|v| v.name() == violation);
    let seed = (0..3000).find(seen);
    assert!(seed.is_some(), "{violation} is not seen");
    println!("{violation}: seen in run {}.", seed.unwrap());
}

fn without(rule: Rule, scenario: Scenario) -> Scenario {
    Scenario { omitted: Some(rule), ..scenario }
}

#[test]
fn a_quorum_with_one_fewer_breaks_agreement() {
    caught("disagreement", |seed| without(Rule::Quorum, Scenario::new(seed)));
}

#[test]
fn view_changes_without_locks_break_agreement() {
    caught("disagreement", |seed| without(Rule::Lock, led_by(Strategy::Forgetful, hard(seed))));
}

#[test]
fn view_changes_without_outputs_break_agreement() {
    caught("disagreement", |seed| without(Rule::Recovery, led_by(Strategy::Miser, fast(hard(seed)))));
}

#[test]
fn similarity_before_equality_breaks_agreement() {
    caught("disagreement", |seed| without(Rule::Exact, fast(Scenario::new(seed))));
}

#[test]
fn new_views_that_nobody_verifies_break_validity() {
    caught("not-vouched", |seed| without(Rule::NewView, Scenario::new(seed)));
}

#[test]
fn new_views_that_nobody_verifies_break_agreement() {
    caught("disagreement", |seed| without(Rule::NewView, led_by(Strategy::Liar, hard(seed))));
}

#[test]
fn proposals_that_nobody_verifies_break_validity() {
    caught("not-vouched", |seed| without(Rule::Proposal, Scenario::new(seed)));
}

#[test]
fn workers_that_do_not_join_break_termination() {
    caught("undecided", |seed| without(Rule::Join, Scenario::new(seed)));
}

#[test]
fn a_lost_lock_breaks_agreement() {
    caught("disagreement", |seed| Scenario { forget: Some(Forget::Lock), ..crashing(seed) });
}

#[test]
fn a_lost_report_breaks_agreement() {
    caught("disagreement", |seed| Scenario {
        forget: Some(Forget::Report),
        ..led_by(Strategy::Miser, fast(crashing(seed)))
    });
}

#[test]
fn a_lost_view_breaks_termination() {
    caught("undecided", |seed| Scenario { forget: Some(Forget::View), ..crashing(seed) });
}

/// Otherwise the runs would show nothing.
#[test]
fn with_all_rules_the_same_runs_are_in_order() {
    for seed in 0..200 {
        for scenario in [hard(seed), crashing(seed), fast(hard(seed)), fast(crashing(seed))] {
            let done = run(&scenario, Trace::none());
            assert!(done.violations.is_empty(), "seed {seed}: {:?}", done.violations);
        }
    }
}
