//! The plain sentences of reports. Every surface shows these and no others.

use crate::verdict::{ConditionSource, Consistency, GoalReport, HoldsIf, InvariantNote, Kind, Reason, Report, Verdict};
use bfv_syntax::words;

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

/// How formulas and values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Math {
    /// "x is minus 1 over 3".
    Words,
    /// "x = -1/3".
    Symbols,
}

/// "x is 1, y is minus 1", or with signs "x = 1, y = -1".
#[must_use]
pub fn named_values(point: &[(String, String)], math: Math) -> String {
    let value = |(name, value): &(String, String)| match math {
        Math::Words => format!("{name} is {}", words::formula(value).unwrap_or_else(|| value.clone())),
        Math::Symbols => format!("{name} = {value}"),
    };
    point.iter().map(value).collect::<Vec<_>>().join(", ")
}

/// The sentence about a counterexample; empty for none.
#[must_use]
pub fn point_sentence(point: &[(String, String)], math: Math) -> String {
    if point.is_empty() { String::new() } else { format!(" Counterexample: {}.", named_values(point, math)) }
}

/// The lines that tell the run behind a counterexample: what is chosen before, each step, and what is wrong at the end; none where there is
/// no such run.
#[must_use]
pub fn run_lines(g: &GoalReport, math: Math) -> Vec<String> {
    let Some(chart) = &g.chart else { return Vec::new() };
    let mut before = chart.choice(math);
    before.push(chart.setting());
    before.retain(|s| !s.is_empty());
    let mut out = Vec::new();
    if !before.is_empty() {
        out.push(before.join(" "));
    }
    out.extend(chart.told());
    out.push(chart.end(&g.spoken()));
    out
}

/// Sentences in which formulas stand between backticks, with the formulas in words where these are wanted.
#[must_use]
pub fn in_math(text: &str, math: Math) -> String {
    match math {
        Math::Words => words::sentence(text),
        Math::Symbols => text.to_owned(),
    }
}

/// A statement on its own: in words, or as source.
#[must_use]
pub fn statement_sentence(source: &str, math: Math) -> String {
    match math {
        Math::Words => words::formula(source).unwrap_or_else(|| source.to_owned()),
        Math::Symbols => source.to_owned(),
    }
}

/// What is known of a claim with one more hypothesis.
#[must_use]
pub fn condition_message(h: &HoldsIf, math: Math) -> String {
    let mut out = condition_sentence(&format!("`{}`", h.condition), h.without, h.verdict, h.hypotheses.verdict);
    out += match h.source {
        ConditionSource::Written => "",
        ConditionSource::Searched { minimal: false } => " This condition was found by a search.",
        ConditionSource::Searched { minimal: true } => {
            " This condition was found by a search. Nothing weaker that was tried is proved."
        }
    };
    in_math(&out, math)
}

/// What is said of an invariant.
#[must_use]
pub fn invariant_sentence(note: &InvariantNote, math: Math) -> String {
    let text = match note {
        InvariantNote::Always(name, _) => {
            format!("The invariant `{name}` says nothing, because it holds in every state.")
        }
        InvariantNote::Follows(name, _) => {
            format!("The invariant `{name}` is not needed, because it follows from the others.")
        }
        InvariantNote::Made(statement) => format!("The proof rests on an invariant made by bfv: `{statement}`."),
    };
    in_math(&text, math)
}

/// So many invariants that follow from the others are told one by one; a message with more would take too long to listen to.
const FOLLOWING: usize = 2;

/// What is said of the invariants of a goal.
fn invariant_sentences(notes: &[InvariantNote], math: Math) -> Vec<String> {
    let following: Vec<&str> = notes.iter().filter_map(InvariantNote::following).collect();
    if following.len() <= FOLLOWING {
        return notes.iter().map(|i| invariant_sentence(i, math)).collect();
    }
    let others = notes.iter().filter(|i| i.following().is_none());
    let mut out: Vec<String> = others.map(|i| invariant_sentence(i, math)).collect();
    out.push(format!("{} follow from the others, each alone.", count(following.len(), "invariant")));
    if let [first, second, ..] = following.as_slice() {
        let more = following.len() - FOLLOWING;
        out.push(in_math(&format!("They are `{first}`, `{second}` and {more} more."), math));
    }
    out
}

/// The message of one goal: verdict, name, line, then what a reader needs to know about it.
#[must_use]
pub fn goal_message(g: &GoalReport, math: Math) -> String {
    let word = match g.verdict.kind() {
        Kind::Proved => "Proved",
        Kind::Refuted => "Refuted",
        Kind::Unknown => "Unknown",
    };
    let (kind, expected) = (g.verdict.kind(), g.expected);
    let as_expected = if expected != Kind::Proved && expected == kind { ", as expected" } else { "" };
    let mut out = format!("{word}{as_expected}: {}, line {}.", g.spoken(), g.place.start.0);
    if let Verdict::Unknown(reason) = g.verdict {
        out += &format!(" Reason: {}.", reason.says());
    }
    out += &match &g.chart {
        Some(chart) => format!(" Counterexample: {}.", chart.length()),
        None => point_sentence(&g.counterexample, math),
    };
    let conditions = g.holds_if.iter().map(|h| condition_message(h, math));
    let invariants = invariant_sentences(&g.invariants, math);
    for more in std::iter::once(in_math(&g.detail, math)).chain(invariants).chain(conditions).filter(|m| !m.is_empty())
    {
        out.push(' ');
        out += &more;
    }
    if kind != Kind::Unknown && kind != expected {
        out += &format!(" Expected: {}.", expected.word());
    }
    out
}

/// The sentence about a condition of a claim: the first of its three goals that has another answer decides it.
#[must_use]
pub fn condition_sentence(condition: &str, without: Kind, verdict: Verdict, hypotheses: Consistency) -> String {
    match (verdict, hypotheses, without) {
        (Verdict::Refuted, ..) => format!("It does not hold even if {condition}."),
        (Verdict::Unknown(r), ..) => format!("Whether it holds if {condition} is unknown: {}.", r.word()),
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

/// What to run next, once per report: for the first goal that ran out of budget, otherwise for the first that is unknown and should not be.
#[must_use]
pub fn next_step(report: &Report, budget: u64) -> Option<String> {
    let unknown = |g: &GoalReport| match g.verdict {
        Verdict::Unknown(r) if g.expected != Kind::Unknown => Some(r),
        _ => None,
    };
    if let Some(goal) = report.goals.iter().find(|g| unknown(g) == Some(Reason::Budget)) {
        let name = goal.name.strip_prefix(&format!("{}.", goal.module)).unwrap_or(&goal.name);
        let more = budget.saturating_mul(4);
        return Some(format!("to give it more steps, run bfv check {} --goal {name} --budget {more}", goal.place.file));
    }
    let reason = report.goals.iter().find_map(unknown)?;
    Some(format!("to read what to do about it, run bfv explain {}", reason.word()))
}
