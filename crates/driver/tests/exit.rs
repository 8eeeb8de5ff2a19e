//! Exit codes, one by one, and their order when several apply.
#![allow(clippy::unwrap_used)]

mod common;

use bfv_driver::{
    Code, ConditionSource, Consistency, Event, GoalReport, HoldsIf, Hypotheses, Kind, Math, Problem, Reason, Report,
    Verdict, condition_message, exit_code, vacuity_sentence,
};
use common::goal;

fn code(goals: &[(Verdict, Kind)]) -> u8 {
    let goals = goals.iter().map(|(v, e)| goal("c", *v, *e)).collect();
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

fn hypotheses(verdict: Consistency) -> Hypotheses {
    Hypotheses { verdict, point: vec![], proof: None }
}

fn code_of(g: GoalReport) -> u8 {
    let code = exit_code(&Report { goals: vec![g.clone()], ..Report::default() }.events());
    assert_eq!(g.expected_met(), code == 0, "{g:?}");
    code
}

/// Trap T43, first half: a condition counts only when the claim fails without it, holds with it, and it can be met.
#[test]
fn a_condition_is_met_by_three_answers_only() {
    use Consistency::{Contradictory, Satisfiable, Unknown};
    for (without, verdict, point, expected) in [
        (Kind::Refuted, Verdict::Proved, Satisfiable, 0),
        (Kind::Refuted, Verdict::Proved, Contradictory, 1),
        (Kind::Refuted, Verdict::Proved, Unknown, 4),
        (Kind::Refuted, Verdict::Refuted, Satisfiable, 1),
        (Kind::Refuted, UNKNOWN, Satisfiable, 4),
        (Kind::Refuted, UNKNOWN, Contradictory, 1),
        (Kind::Proved, Verdict::Proved, Satisfiable, 1),
        (Kind::Unknown, Verdict::Proved, Satisfiable, 4),
    ] {
        let own = match without {
            Kind::Proved => Verdict::Proved,
            Kind::Refuted => Verdict::Refuted,
            Kind::Unknown => UNKNOWN,
        };
        let mut g = goal("c", own, without);
        g.holds_if = vec![HoldsIf {
            condition: "H".into(),
            source: ConditionSource::Written,
            without,
            verdict,
            hypotheses: hypotheses(point),
        }];
        assert_eq!(g.holds_if[0].met(), expected == 0);
        // Only a condition that is met is spoken of without a reservation.
        assert_eq!(condition_message(&g.holds_if[0], Math::Symbols) == "It holds if `H`.", expected == 0);
        assert_eq!(code_of(g), expected, "{without:?} {verdict:?} {point:?}");
    }
}

/// Trap T43, second half: a vacuous claim is no success unless its author says that it is vacuous, and then it must be.
#[test]
fn vacuity_is_expected_or_no_success() {
    use Consistency::{Contradictory, Satisfiable, Unknown};
    for (verdict, known, marked, expected) in [
        (Verdict::Proved, None, false, 0),
        (Verdict::Proved, Some(Satisfiable), false, 0),
        (Verdict::Proved, Some(Unknown), false, 0),
        (Verdict::Proved, Some(Contradictory), false, 1),
        (Verdict::Proved, Some(Contradictory), true, 0),
        (Verdict::Proved, Some(Satisfiable), true, 1),
        (Verdict::Proved, Some(Unknown), true, 4),
        (Verdict::Proved, None, true, 1),
        (UNKNOWN, None, true, 4),
    ] {
        let mut g = goal("c", verdict, Kind::Proved);
        g.hypotheses = known.map(hypotheses);
        g.vacuous_expected = marked;
        assert_eq!(g.vacuous(), known == Some(Contradictory));
        let sentence = vacuity_sentence(verdict == Verdict::Proved, marked, known);
        assert_eq!(sentence.is_empty(), !marked && known != Some(Contradictory), "{sentence}");
        assert_eq!(code_of(g), expected, "{verdict:?} {known:?} {marked}");
    }
    let mut g = goal("c", Verdict::Refuted, Kind::Refuted);
    g.vacuous_expected = true;
    assert_eq!(code_of(g), 1, "a refuted claim is not vacuous");
}
