//! What `bfv check --attack-spec` adds to the answer of a check.

use crate::answer::{Answer, Line, range_json};
use crate::args::Engine;
use crate::check::{engines, point};
use crate::options::Options;
use crate::progress::Milestones;
use bfv_driver::{
    ATTACK_STEPS, Attack, CheckOptions, Event, Math, Mutant, Notice, Report, attack, count, in_math, named_values,
    spoken,
};
use serde_json::{Value, json};

/// Attacks the specification of a report, and says what came of it. Survivors are a failure only where they are denied.
pub fn add(
    answer: &mut Answer,
    report: &Report,
    request: &CheckOptions,
    engine: Option<Engine>,
    deny: bool,
    options: &Options,
) {
    let milestones = Milestones::start("operators");
    let found =
        attack(engines(engine), &request.paths, report, request.steps, &mut |done, all| milestones.at(done, all));
    drop(milestones);
    let math = options.math();
    let survivors = found.count("survives");
    answer.lines.push(summary(&found).into());
    if found.mutants.is_empty() && found.silent.is_empty() && found.unasked.is_empty() {
        answer.lines.push("The claims speak of no operator or definition of their own files.".to_owned().into());
    }
    let open = found.count("undecided");
    if open > 0 {
        let steps = request.steps.min(ATTACK_STEPS);
        let text =
            format!("Undecided: {}. There a claim lost its verdict, within {steps} steps.", count(open, "change"));
        answer.lines.push(text.into());
    }
    let silent = found.silent.iter();
    answer.lines.extend(silent.map(|(name, place)| {
        Line::from(format!("No claim of its file speaks of the operator {}, line {}.", spoken(name), place.start.0))
    }));
    let unasked = found.unasked.iter();
    answer.lines.extend(unasked.map(|(name, place)| {
        Line::from(format!("No claim was asked about the operator {}, line {}.", spoken(name), place.start.0))
    }));
    let left_out = found.left_out.iter();
    answer.lines.extend(left_out.map(|(name, n)| {
        Line::from(format!("{} of the operator {} were left out.", count(*n, "more change"), spoken(name)))
    }));
    let shown = found.mutants.iter().filter(|m| m.notice == Notice::Survives);
    answer.lines.extend(shown.map(|m| Line::from(message(m, math))));
    if survivors > 0 {
        let verb = if survivors == 1 { "survives" } else { "survive" };
        let but = format!(", and {} {verb}.", count(survivors, "change"));
        answer.closing = format!("{}{but}", answer.closing.trim_end_matches('.'));
        let hint = "to say more of the operators, add a claim about the value at one of these points";
        answer.hint.get_or_insert_with(|| hint.to_owned());
        if deny {
            answer.events.push(Event::Policy);
        }
    }
    answer.document.insert("attack".into(), document(&found, request.steps.min(ATTACK_STEPS), math));
}

fn summary(found: &Attack) -> String {
    format!(
        "Tried {}: {} noticed, {} survive, {} undecided, {} without effect.",
        count(found.mutants.len(), "change"),
        found.count("noticed"),
        found.count("survives"),
        found.count("undecided"),
        found.count("equal"),
    )
}

/// The sentences about a change that no claim notices.
fn message(m: &Mutant, math: Math) -> String {
    let change = in_math(&m.change, math);
    let head = format!("Survives: {}, line {}. The change: {change}.", spoken(&m.operator), m.place.start.0);
    if m.differ.is_empty() {
        return format!("{head} Whether it makes a difference is unknown.");
    }
    let at = named_values(&m.differ, math);
    format!("{head} It makes a difference where {at}. A claim about the value there would tell.")
}

fn document(found: &Attack, steps: u64, math: Math) -> Value {
    let place = |name: &str, p: &bfv_driver::Place| json!({ "operator": name, "file": p.file, "range": range_json(p) });
    json!({
        "steps": steps,
        "summary": {
            "noticed": found.count("noticed"),
            "survives": found.count("survives"),
            "undecided": found.count("undecided"),
            "equal": found.count("equal"),
        },
        "mutants": found.mutants.iter().map(|m| json!({
            "operator": m.operator,
            "file": m.place.file,
            "range": range_json(&m.place),
            "change": m.change,
            "result": m.notice.word(),
            "noticed_by": match &m.notice {
                Notice::Noticed(claim) => Some(claim),
                _ => None,
            },
            "lost": match &m.notice {
                Notice::Undecided(claims) => claims.as_slice(),
                _ => &[],
            },
            "differ": point(&m.differ),
            "message": (m.notice == Notice::Survives).then(|| message(m, math)),
        })).collect::<Vec<_>>(),
        "unasked": found.unasked.iter().map(|(name, p)| place(name, p)).collect::<Vec<_>>(),
        "silent": found.silent.iter().map(|(name, p)| place(name, p)).collect::<Vec<_>>(),
        "left_out": found.left_out.iter().map(|(name, n)| json!({ "operator": name, "changes": n })).collect::<Vec<_>>(),
    })
}
