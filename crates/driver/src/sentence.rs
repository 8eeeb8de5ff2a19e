//! The plain sentences of reports. Every surface shows these and no others.

use crate::verdict::{Consistency, Kind, Report, Verdict};

/// "1 goal", "2 goals".
#[must_use]
pub fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// A name as it is spoken: without its module, words apart.
#[must_use]
pub fn spoken(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).replace('_', " ").trim().to_owned()
}

/// The first sentence: what was done, the counts, and what stands behind them.
#[must_use]
pub fn first_sentence(report: &Report) -> String {
    let s = report.summary();
    let place = match report.files.as_slice() {
        [] => String::new(),
        [one] => format!(" in {one}"),
        many => format!(" in {}", count(many.len(), "file")),
    };
    let verdicts = format!("{} proved, {} refuted, {} unknown", s.proved, s.refuted, s.unknown);
    if report.errors() == 0 {
        format!("Checked {}{place}: {verdicts}.", count(report.goals.len(), "goal"))
    } else {
        let errors = count(report.errors(), "error");
        format!("Found {errors}{place}, and checked {}: {verdicts}.", count(report.goals.len(), "goal"))
    }
}

/// The closing sentence.
#[must_use]
pub fn last_sentence(report: &Report) -> String {
    let s = report.summary();
    if report.errors() > 0 {
        format!("Result: not complete, because of {}.", count(report.errors(), "error"))
    } else if s.unexpected > 0 {
        let verb = if s.unexpected == 1 { "differs" } else { "differ" };
        format!("Result: {} {verb} from what is expected.", count(s.unexpected, "verdict"))
    } else if report.goals.is_empty() {
        "Result: there was no claim to check.".to_owned()
    } else {
        "Result: every verdict is as expected.".to_owned()
    }
}

/// How values and relations are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Math {
    /// "x is minus 1 over 3".
    Words,
    /// "x = -1/3".
    Symbols,
}

/// "x is 1, y is minus 1": a point in words.
#[must_use]
pub fn named_values(point: &[(String, String)]) -> String {
    point.iter().map(|(name, value)| format!("{name} is {}", value_in_words(value))).collect::<Vec<_>>().join(", ")
}

/// The sentence about a counterexample; empty for none.
#[must_use]
pub fn point_sentence(point: &[(String, String)], math: Math) -> String {
    let parts: Vec<String> = point
        .iter()
        .map(|(name, value)| match math {
            Math::Words => format!("{name} is {}", value_in_words(value)),
            Math::Symbols => format!("{name} = {value}"),
        })
        .collect();
    if parts.is_empty() { String::new() } else { format!(" Counterexample: {}.", parts.join(", ")) }
}

/// A value without signs that a screen reader may skip. Brackets become words, so that the grouping can be heard.
fn value_in_words(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars() {
        match c {
            '/' => out += " over ",
            '-' => out += " minus ",
            '[' => out += " begin list ",
            ']' => out += " end list ",
            '(' => out += " begin group ",
            ')' => out += " end group ",
            c => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The message of one goal: verdict, name, line, then what a reader needs to know about it.
#[must_use]
pub fn goal_message(
    name: &str,
    line: u32,
    verdict: Verdict,
    expected: Kind,
    counterexample: &[(String, String)],
    detail: &str,
) -> String {
    let word = match verdict.kind() {
        Kind::Proved => "Proved",
        Kind::Refuted => "Refuted",
        Kind::Unknown => "Unknown",
    };
    let as_expected = if expected != Kind::Proved && expected == verdict.kind() { ", as expected" } else { "" };
    let mut out = format!("{word}{as_expected}: {}, line {line}.", spoken(name));
    if let Verdict::Unknown(reason) = verdict {
        out += &format!(" Reason: {}.", reason.meaning());
    }
    out += &point_sentence(counterexample, Math::Words);
    if !detail.is_empty() {
        out.push(' ');
        out += detail;
    }
    if verdict.kind() != Kind::Unknown && verdict.kind() != expected {
        out += &format!(" Expected: {}.", expected.word());
    }
    out
}

/// The sentence about a condition of a claim: the first of its three goals that has another answer decides it.
#[must_use]
pub fn condition_sentence(condition: &str, without: Kind, verdict: Verdict, hypotheses: Consistency) -> String {
    match (verdict, hypotheses, without) {
        (Verdict::Refuted, ..) => format!("It does not hold even if {condition}."),
        (Verdict::Unknown(r), ..) => format!("Whether it holds if {condition} is unknown: {}.", r.meaning()),
        (_, Consistency::Contradictory, _) => {
            format!("The condition {condition} contradicts the hypotheses, so it mends nothing.")
        }
        (_, Consistency::Unknown, _) => {
            format!("It holds if {condition}, but no point was found that meets the condition and the hypotheses.")
        }
        (_, _, Kind::Proved) => format!("The condition {condition} is not needed, because the claim is proved."),
        (_, _, Kind::Unknown) => format!("It holds if {condition}. Whether it holds without is unknown."),
        (_, _, Kind::Refuted) => format!("It holds if {condition}."),
    }
}

/// The sentence about a proved claim whose hypotheses contradict each other, or that says so of itself; empty for all others.
#[must_use]
pub fn vacuity_sentence(proved: bool, marked: bool, hypotheses: Option<Consistency>) -> &'static str {
    match (proved, marked, hypotheses) {
        (true, false, Some(Consistency::Contradictory)) => {
            "It is vacuous: its hypotheses contradict each other. To accept that, mark the claim as vacuous."
        }
        (true, true, Some(Consistency::Contradictory)) => {
            "It is vacuous, as marked: its hypotheses contradict each other."
        }
        (true, true, Some(Consistency::Satisfiable)) => "It is marked vacuous, but its hypotheses hold at a point.",
        (true, true, Some(Consistency::Unknown)) => {
            "It is marked vacuous, but no contradiction of its hypotheses was found."
        }
        (true, true, None) => "It is marked vacuous, but has no hypotheses.",
        (false, true, _) => "It is marked vacuous, but is not proved.",
        _ => "",
    }
}

/// What to run next, once per report: for the first goal that ran out of budget.
#[must_use]
pub fn next_step(report: &Report, budget: u64) -> Option<String> {
    let goal = report.goals.iter().find(|g| g.verdict == Verdict::Unknown(crate::verdict::Reason::Budget))?;
    let name = goal.name.rsplit('.').next().unwrap_or(&goal.name);
    Some(format!("bfv check {} --goal {name} --budget {}", goal.place.file, budget.saturating_mul(4)))
}
