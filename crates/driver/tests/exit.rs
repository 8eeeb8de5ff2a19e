//! Exit codes, one by one, and their order when several apply.
#![allow(clippy::unwrap_used)]

use bfv_driver::{Code, Cost, Event, GoalReport, HoldsIf, Kind, Place, Problem, Reason, Report, Verdict, exit_code};

fn goal(verdict: Verdict, expected: Kind) -> GoalReport {
    GoalReport {
        name: "m.c".into(),
        hash: String::new(),
        place: Place::default(),
        verdict,
        expected,
        written: String::new(),
        detail: String::new(),
        counterexample: vec![],
        holds_if: vec![],
        proof: None,
        axioms: vec![],
        rules: vec![],
        cost: Cost::default(),
    }
}

fn code(goals: &[(Verdict, Kind)]) -> u8 {
    let goals = goals.iter().map(|(v, e)| goal(*v, *e)).collect();
    exit_code(&Report { goals, ..Report::default() }.events())
}

fn problem(code: Code) -> u8 {
    exit_code(&Report { problems: vec![Problem::new(code, "", "")], ..Report::default() }.events())
}

const UNKNOWN: Verdict = Verdict::Unknown(Reason::Budget);

#[test]
fn zero_when_every_verdict_is_as_expected() {
    assert_eq!(code(&[]), 0);
    assert_eq!(
        code(&[(Verdict::Proved, Kind::Proved), (Verdict::Refuted, Kind::Refuted), (UNKNOWN, Kind::Unknown)]),
        0
    );
}

#[test]
fn one_when_a_decided_verdict_is_not_expected() {
    assert_eq!(code(&[(Verdict::Refuted, Kind::Proved)]), 1);
    assert_eq!(code(&[(Verdict::Proved, Kind::Refuted)]), 1);
    assert_eq!(code(&[(Verdict::Proved, Kind::Unknown)]), 1);
}

#[test]
fn two_for_usage_and_settings() {
    assert_eq!(problem(Code::Usage), 2);
    assert_eq!(problem(Code::BadSettings), 2);
}

#[test]
fn three_for_ill_formed_source() {
    assert_eq!(problem(Code::Source("E0101".into())), 3);
}

#[test]
fn four_for_unknown() {
    for reason in Reason::ALL.into_iter().filter(|r| *r != Reason::ToolMissing) {
        assert_eq!(code(&[(Verdict::Unknown(reason), Kind::Proved)]), 4, "{}", reason.word());
    }
    assert_eq!(code(&[(UNKNOWN, Kind::Refuted)]), 4);
}

#[test]
fn five_for_the_policy_of_the_gate() {
    assert_eq!(exit_code(&[Event::Policy]), 5);
}

#[test]
fn six_for_a_missing_tool() {
    assert_eq!(code(&[(Verdict::Unknown(Reason::ToolMissing), Kind::Proved)]), 6);
}

#[test]
fn seventy_for_an_internal_mistake_and_for_a_contradiction() {
    assert_eq!(problem(Code::Internal), 70);
    assert_eq!(problem(Code::Contradiction), 70);
}

#[test]
fn seventy_four_for_input_and_output() {
    assert_eq!(problem(Code::NotRead), 74);
    assert_eq!(problem(Code::NotWritten), 74);
}

#[test]
fn each_code_wins_over_all_after_it() {
    for (i, (_, code)) in Event::PRIORITY.iter().enumerate() {
        let mut later: Vec<Event> = Event::PRIORITY[i..].iter().map(|(e, _)| *e).collect();
        assert_eq!(exit_code(&later), *code);
        later.reverse();
        assert_eq!(exit_code(&later), *code);
    }
    let order: Vec<u8> = Event::PRIORITY.iter().map(|(_, c)| *c).collect();
    assert_eq!(order, [70, 74, 2, 3, 1, 4, 6, 5]);
}

#[test]
fn a_condition_that_does_not_hold_is_no_success() {
    for (verdict, expected) in [(Verdict::Proved, 0), (Verdict::Refuted, 1), (UNKNOWN, 4)] {
        let mut g = goal(Verdict::Refuted, Kind::Refuted);
        g.holds_if = vec![HoldsIf { condition: "H".into(), verdict }];
        assert_eq!(g.expected_met(), expected == 0);
        assert_eq!(exit_code(&Report { goals: vec![g], ..Report::default() }.events()), expected);
    }
}
