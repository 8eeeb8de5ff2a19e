//! The plain sentences: accessibility items 7, 10 and 19.
#![allow(clippy::unwrap_used)]

mod common;

use bfv_driver::{
    Code, ConditionSource, Consistency, GoalReport, HoldsIf, Hypotheses, InvariantNote, Kind, Math, Place, Problem,
    ProofInfo, ProofSource, Reason, Report, Verdict, first_sentence, goal_message, last_sentence, next_step,
    point_sentence, spoken,
};
use common::goal;

fn report(goals: Vec<GoalReport>) -> Report {
    Report { files: vec!["wingbeat.sctt".into()], goals, ..Report::default() }
}

fn words_per_sentence(text: &str) -> usize {
    text.split_inclusive(['.', ':']).map(|s| s.split_whitespace().count()).max().unwrap_or(0)
}

#[test]
fn item_07_the_first_sentence_has_the_counts() {
    let r = report(vec![
        goal("a", Verdict::Proved, Kind::Proved),
        goal("b", Verdict::Refuted, Kind::Refuted),
        goal("c", Verdict::Unknown(Reason::Budget), Kind::Proved),
    ]);
    assert_eq!(first_sentence(&r), "Checked 3 goals in wingbeat.sctt: 1 proved, 1 refuted, 1 unknown.");
    assert_eq!(last_sentence(&r), "Result: 1 verdict differs from what is expected.");
    assert_eq!(
        next_step(&r, 1_000_000).unwrap(),
        "to give it more steps, run bfv check wingbeat.sctt --goal c --budget 4000000"
    );
    assert_eq!(last_sentence(&report(vec![])), "Result: there was no claim to check.");
    let mut broken = report(vec![]);
    broken.problems.push(Problem::new(Code::Usage, "There is no goal named x.", "y."));
    assert_eq!(
        first_sentence(&broken),
        "Found 1 error in wingbeat.sctt, and checked 0 goals: 0 proved, 0 refuted, 0 unknown."
    );
    assert_eq!(last_sentence(&broken), "Result: not complete, because of 1 error.");
}

#[test]
fn the_message_says_verdict_name_line_and_point() {
    let at = |verdict, expected, line, point: &[(&str, &str)]| {
        let mut g = goal("quorum_intersection", verdict, expected);
        g.place.start.0 = line;
        g.counterexample = point.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        goal_message(&g, Math::Words)
    };
    assert_eq!(
        at(Verdict::Refuted, Kind::Proved, 12, &[("n", "3"), ("f", "1")]),
        "Refuted: quorum intersection, line 12. Counterexample: n is 3, f is 1. Expected: proved."
    );
    assert_eq!(at(Verdict::Refuted, Kind::Refuted, 3, &[]), "Refuted, as expected: quorum intersection, line 3.");
    assert_eq!(
        at(Verdict::Unknown(Reason::Budget), Kind::Proved, 3, &[]),
        "Unknown: quorum intersection, line 3. Reason: budget, because the step budget is used up."
    );
    let point = [("w".to_owned(), "[-2, 1/3]".to_owned())];
    assert_eq!(point_sentence(&point, Math::Words), " Counterexample: w is begin list minus 2, 1 over 3 end list.");
    assert_eq!(point_sentence(&point, Math::Symbols), " Counterexample: w = [-2, 1/3].");
    assert_eq!(spoken("examples.m.hull_2"), "hull 2");
}

#[test]
fn item_06_conditions_and_problems_have_their_formulas_in_words_or_as_source() {
    let mut g = goal("c", Verdict::Refuted, Kind::Refuted);
    let hypotheses = Hypotheses { verdict: Consistency::Satisfiable, point: vec![], proof: None };
    let (condition, without, verdict) = ("0 <= w".to_owned(), Kind::Refuted, Verdict::Proved);
    let source = ConditionSource::Written;
    g.holds_if = vec![HoldsIf { condition, source, without, verdict, hypotheses }];
    assert_eq!(goal_message(&g, Math::Words), "Refuted, as expected: c, line 12. It holds if 0 is at most w.");
    assert_eq!(goal_message(&g, Math::Symbols), "Refuted, as expected: c, line 12. It holds if `0 <= w`.");
    g.holds_if[0].source = ConditionSource::Searched { minimal: true };
    let found = "It holds if `0 <= w`. This condition was found by a search. Nothing weaker that was tried is proved.";
    assert!(goal_message(&g, Math::Symbols).ends_with(found));
    g.holds_if[0].source = ConditionSource::Searched { minimal: false };
    assert!(goal_message(&g, Math::Symbols).ends_with("This condition was found by a search."));
    let p = Problem::new(Code::Source("E0301".into()), "The goal is `x < 2 * y`.", "use `split`.");
    assert_eq!(p.sentences(), "Error E0301: The goal is x is less than 2 y. To mend it: Use `split`.");
    assert_eq!(p.sentences_in(Math::Symbols), "Error E0301: The goal is `x < 2 * y`. To mend it: Use `split`.");
}

#[test]
fn item_10_a_problem_has_code_what_place_and_fix() {
    let mut p = Problem::new(Code::Source("E0120".into()), "A number is missing.", "write a number.");
    p.place = Some(Box::new(Place { file: "a.sctt".into(), start: (3, 7), end: (3, 8), bytes: 1..2 }));
    assert_eq!(
        p.sentences(),
        "Error E0120: A number is missing. File a.sctt, line 3, column 7. To mend it: Write a number."
    );
}

#[test]
fn item_19_sentences_are_short_and_not_doubly_negative() {
    let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
    let mut all: Vec<String> = Reason::ALL
        .iter()
        .map(|r| goal_message(&goal("hull", Verdict::Unknown(*r), Kind::Proved), Math::Words))
        .collect();
    all.push(Problem::not_read("examples/a.sctt", &missing).sentences());
    all.push(Problem::not_written("examples/a.sctt", &missing).sentences());
    for text in all {
        assert!(words_per_sentence(&text) <= 20, "{text}");
        let negations = text.split_whitespace().filter(|w| ["not", "no", "never", "without", "cannot"].contains(w));
        assert!(negations.count() <= 2, "{text}");
        assert!(text.is_ascii());
    }
}

#[test]
fn many_invariants_that_follow_are_told_in_two_sentences() {
    let said = |names: &[&str]| {
        let mut g = goal("a", Verdict::Proved, Kind::Proved);
        let proof = || ProofInfo { hash: String::new(), source: ProofSource::Stored, engine: "native".into() };
        g.invariants = names.iter().map(|n| InvariantNote::Follows((*n).into(), proof())).collect();
        g.invariants.push(InvariantNote::Always("none".into(), proof()));
        goal_message(&g, Math::Words)
    };
    let few = said(&["one", "two"]);
    assert_eq!(few.matches("because it follows from the others").count(), 2, "{few}");
    let many = said(&["one", "two", "three"]);
    assert!(many.contains("The invariant `none` says nothing"), "{many}");
    assert!(
        many.contains("3 invariants follow from the others, each alone. They are `one`, `two` and 1 more."),
        "{many}"
    );
    assert!(words_per_sentence(&many) <= 20, "{many}");
}
