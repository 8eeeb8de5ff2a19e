//! Answers of the protocol as JSON.

use crate::plane::drawn;
use crate::solve::Found;
use crate::wire::Goal;
use bfv_driver::{Consistency, Math, Ruling, goal_message, in_math, named_values, statement_sentence};
use bfv_elab::OpenGoal;
use serde_json::{Value, json};

/// The longest proof term that is written out, in bytes.
const TERM: usize = 20_000;
/// The longest certificate that is sent along, in bytes.
const CERTIFICATE: usize = 1 << 20;

/// A formula in words for ears, or as it is where it is none.
pub fn words(formula: &str) -> String {
    statement_sentence(formula, Math::Words)
}

/// A goal that is left.
pub fn goal(g: &OpenGoal) -> Value {
    let context: Vec<Value> = g.context.iter().map(|v| json!({ "var": v.name, "type": v.ty })).collect();
    json!({ "statement": g.target, "spoken": words(&g.target), "context": context })
}

/// What a formal check says where the kernel accepted evidence.
pub fn formal(ruling: &Ruling) -> Value {
    let r = &ruling.report;
    let term = ruling.written.as_ref().filter(|t| t.len() <= TERM);
    let bytes = ruling.bytes.as_ref().filter(|b| b.len() <= CERTIFICATE);
    let hex = |bytes: &Vec<u8>| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    json!({
        "type_checked": true,
        "status": r.verdict.kind().word(),
        "proof_checker": "the bfv kernel",
        "proof_term": term,
        "proof_term_left_out": term.is_none(),
        "proof_term_spoken": term.map(|t| words(t)),
        "sctt_certificate": r.proof.as_ref().map(|p| &p.hash),
        "certificate_hash": r.proof.as_ref().map(|p| &p.hash),
        "certificate_bytes": bytes.map(hex),
        "statement_hash": r.hash,
        "found_by": r.proof.as_ref().map(|p| &p.engine),
        "axioms": r.axioms,
        "rules": r.rules,
    })
}

/// What a formal check says where the kernel accepted nothing.
pub fn not_checked() -> Value {
    json!({ "type_checked": false, "status": "unknown", "proof_checker": "the bfv kernel", "proof_term": null, "sctt_certificate": null })
}

/// What is to be known of a claim that is proved, beside that.
pub fn issues(ruling: &Ruling) -> Vec<Value> {
    let mut out = Vec::new();
    let r = &ruling.report;
    if r.hypotheses.as_ref().is_some_and(|h| h.verdict == Consistency::Contradictory) {
        out.push(issue(
            "warning",
            "The hypotheses contradict each other, so the statement says nothing.",
            "Look at the hypotheses again.",
        ));
    }
    if !r.axioms.is_empty() {
        let what = format!("The proof uses the axioms of {}.", r.axioms.join(", "));
        out.push(issue("note", &what, "Nothing need be done where these axioms are accepted."));
    }
    out
}

/// Something that a person should know of a step.
pub fn issue(severity: &str, description: &str, suggestion: &str) -> Value {
    json!({ "severity": severity, "description": in_math(description, Math::Words), "suggestion": suggestion })
}

/// The point of a refutation that the kernel accepted.
pub fn counterexample(ruling: &Ruling, goal: &Goal) -> Value {
    let point = &ruling.report.counterexample;
    let witness: Vec<Value> = point.iter().map(|(name, value)| json!({ "var": name, "value": value })).collect();
    let (constructions, facts) = drawn(goal, point).unwrap_or_default();
    json!({
        "witness": witness,
        "spoken": named_values(point, Math::Words),
        "constructions": constructions,
        "facts": facts,
        "formal_verification": formal(ruling),
    })
}

/// Why a search has no answer, in sentences.
pub fn reason(ruling: &Ruling) -> String {
    let text = goal_message(&ruling.report, Math::Words);
    // The name and line of the claim are the service's own.
    text.split_once(". ").map_or(text.clone(), |(_, rest)| rest.to_owned())
}

/// A step in a sentence.
pub fn explain(step: &str) -> String {
    // The names that come first are only those of what the induction is on.
    let induction = step.find("induction ").filter(|_| step.starts_with("intro "));
    let step = induction.and_then(|at| step.get(at..)).unwrap_or(step);
    let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
    match word {
        "intro" => format!("Name what the statement is about: {rest}."),
        "refl" => "Both sides compute to the same.".to_owned(),
        "assumption" => "A hypothesis says just this.".to_owned(),
        "arith" | "ring" => "Arithmetic proves this.".to_owned(),
        "auto" => "A search proves this: through lemmas, arithmetic, induction, rewriting and logic.".to_owned(),
        "exact" => "This term is the proof.".to_owned(),
        "apply" => format!("Use {rest}. What it needs is left to prove."),
        "split" => "Prove both parts.".to_owned(),
        "rewrite" => format!("Replace one side of the equation {rest} by the other."),
        "induction" => {
            let name = rest.split_whitespace().next().unwrap_or_default();
            format!("Do induction on {name}: one case for each way in which it is made.")
        }
        "cases" => {
            let name = rest.split_whitespace().next().unwrap_or_default();
            format!("Look at each way in which {name} is made.")
        }
        "unfold" => format!("Write out what {rest} stands for."),
        "have" => {
            let name = rest.split([' ', ':']).next().unwrap_or_default();
            format!("Show first what is called {name} from here on.")
        }
        "show" => "State the goal in another way that means the same.".to_owned(),
        "exists" => format!("Take this value: {}.", words(rest)),
        "block" => "These steps belong together.".to_owned(),
        "box" => "Bounds of all parts prove this.".to_owned(),
        _ => "Make this step.".to_owned(),
    }
}

/// The steps of a proof.
pub fn steps(found: &Found) -> Vec<Value> {
    let step = |(n, (text, left)): (usize, &(String, Vec<String>))| json!({ "step": n, "tactic": text, "resulting_goals": left, "explanation": explain(text) });
    (1..).zip(&found.steps).map(step).collect()
}
