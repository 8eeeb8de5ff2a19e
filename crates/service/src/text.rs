//! Answers as plain sentences, for the one question on the command line.

use crate::answer::words;
use bfv_driver::{Event, count};
use serde_json::Value;

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Suggestions in sentences, one line each, with a closing sentence.
#[must_use]
pub fn suggestions(goal: &str, answer: &Value) -> String {
    let all = list(answer, "suggestions");
    let proofs = all.iter().filter(|s| s.get("valid") == Some(&Value::Bool(true))).count();
    let mut out = vec![format!("Found {}: {proofs} with a proof that the kernel accepted.", count(all.len(), "step"))];
    out.push(format!("Goal: {}.", words(goal)));
    for (s, n) in all.iter().zip(1..) {
        out.push(format!("Step {n} of {}: {}. {}", all.len(), text(s, "step"), text(s, "rationale")));
        if let Some(script) = s.get("script").and_then(Value::as_str) {
            out.push(format!("The whole proof: by {{ {script} }}"));
        }
        if let Some(certificate) =
            s.get("formal_verification").map(|f| text(f, "sctt_certificate")).filter(|c| !c.is_empty())
        {
            out.push(format!("Certificate: {certificate}."));
        }
        for left in list(s, "resulting_goals") {
            if s.get("valid") != Some(&Value::Bool(true)) {
                out.push(format!("Left to prove: {}.", text(left, "spoken")));
            }
        }
    }
    let reason = text(answer, "reason");
    if !reason.is_empty() {
        out.push(reason.to_owned());
    }
    out.push("End of the suggestions.".to_owned());
    out.join("\n")
}

/// What an answer means for the exit code: a goal that is false is one verdict, and no step at all another.
#[must_use]
pub fn events(answer: &Value) -> Vec<Event> {
    if !list(answer, "refuted_goals").is_empty() {
        return vec![Event::UnexpectedVerdict];
    }
    let proved = list(answer, "suggestions").iter().any(|s| s.get("valid") == Some(&Value::Bool(true)));
    if proved { Vec::new() } else { vec![Event::Undecided] }
}
