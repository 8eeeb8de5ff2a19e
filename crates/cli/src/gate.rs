//! `bfv gate`: from the report of the driver to an answer.

use crate::answer::{Answer, Line, problem_json};
use crate::args::Paths;
use crate::check::{problem_line, sources};
use crate::finding::Findings;
use crate::options::Options;
use crate::plug;
use crate::project;
use crate::usage::{Mistake, line};
use bfv_driver::{GateReport, Math, StoreMode, Violation, ViolationKind, count, exit_code};
use serde_json::{Map, json};
use std::path::{Path, PathBuf};

/// `bfv gate`. It needs a project, whose policy it applies.
pub fn gate(args: &Paths, options: &Options) -> Result<Answer, Mistake> {
    let start = args.paths.first().map_or(Path::new("."), PathBuf::as_path);
    let refuse = |problem| Mistake { problem, suggestions: Vec::new() };
    let Some(project) = project::find(start).map_err(refuse)? else {
        // A file makes no project; the folder around it does.
        let folder = if start.is_dir() { start } else { start.parent().unwrap_or(start) }.display().to_string();
        let init = if folder.is_empty() || folder == "." { line(&["init"]) } else { line(&["init", &folder]) };
        let what = "The gate needs a project, and no bfv.toml was found at or above the first path.";
        return Err(Mistake::new(what, vec![init, line(&["help", "project"])]));
    };
    let paths = if args.paths.is_empty() { sources(&project) } else { args.paths.clone() };
    // What is stored is read, and nothing is written.
    let store = project.store(StoreMode { fresh: false, locked: true });
    let whole = args.paths.is_empty();
    let report = bfv_driver::gate_sources(&paths, whole, &project.policy, &store, plug::source_frontend().as_mut());
    let mut answer = gate_answer(&report, &project.name, options.math());
    answer.findings = Findings::of_gate(&report, &project.folder.join(project::FILE), options.math());
    Ok(answer)
}

pub fn gate_answer(report: &GateReport, project: &str, math: Math) -> Answer {
    let GateReport { claims, violations, problems, not_kept } = report;
    let passed = exit_code(&report.events()) == 0;
    let word = if passed { "Gate passed" } else { "Gate failed" };
    let mut first = format!("{word}: {} and {}", count(claims.len(), "claim"), count(violations.len(), "violation"));
    let errors = problems.iter().filter(|p| p.is_error()).count();
    if errors > 0 {
        first += &format!(", with {}", count(errors, "error"));
    }
    first += &format!(", in project {project}.");
    let mut lines: Vec<Line> = problems.iter().map(|p| problem_line(p, math, |_, _| None)).collect();
    lines.extend(violations.iter().enumerate().map(|(i, v)| {
        Line::from(format!("Violation {} of {}, {}: {}", i + 1, violations.len(), v.kind.word(), v.sentence))
    }));
    if !not_kept.is_empty() {
        let files = not_kept.join(", ");
        lines.push(Line::from(format!(
            "Proofs of these files are not stored, because bfv.toml names other sources: {files}."
        )));
    }
    let mut document = Map::new();
    document
        .insert("summary".into(), json!({ "passed": passed, "claims": claims.len(), "violations": violations.len() }));
    let listed = violations.iter().map(|v| json!({ "claim": v.claim, "kind": v.kind.word(), "message": v.sentence }));
    document.insert("violations".into(), listed.collect());
    document.insert("problems".into(), problems.iter().map(problem_json).collect());
    Answer {
        first,
        lines,
        hint: gate_hint(violations, not_kept.is_empty()),
        closing: if passed {
            "Result: every claim meets the policy of the gate.".to_owned()
        } else if errors == 0 {
            "Result: the policy of the gate is broken.".to_owned()
        } else {
            "Result: the gate could not judge every claim.".to_owned()
        },
        document,
        list: "violations",
        events: report.events(),
        ..Answer::default()
    }
}

/// What to do about violations: one sentence for each kind of them, in the order of the report. `kept` says that proofs of all files are kept.
fn gate_hint(violations: &[Violation], kept: bool) -> Option<String> {
    let mut all: Vec<&str> = Vec::new();
    for v in violations {
        let advice = match v.kind {
            ViolationKind::Missing | ViolationKind::NoPoint if !kept => {
                "Name the file in the line sources of bfv.toml, then run bfv check to store what is missing"
            }
            kind => advice(kind),
        };
        if !all.contains(&advice) {
            all.push(advice);
        }
    }
    (!all.is_empty()).then(|| all.join(". "))
}

/// What to do about a kind of violation, as a sentence without its full stop.
pub fn advice(kind: ViolationKind) -> &'static str {
    match kind {
        ViolationKind::Missing | ViolationKind::NoPoint => "To search for what is missing and store it, run bfv check",
        ViolationKind::Stale => "Read the claim that has changed, then run bfv check to store a proof of it",
        ViolationKind::Unreadable | ViolationKind::Truncated | ViolationKind::Rejected => {
            "To replace a proof that does not count, run bfv check"
        }
        ViolationKind::OtherVerdict
        | ViolationKind::Vacuous
        | ViolationKind::NotVacuous
        | ViolationKind::ContradictoryCondition
        | ViolationKind::ConditionNotNeeded => "Mend the claim or what it expects, then run bfv check",
        ViolationKind::AxiomNotAllowed => {
            "To allow a bundle after reading its axioms, add it to the line allow of bfv.toml"
        }
        ViolationKind::UnknownNotListed => {
            "To let a claim be unknown, list it with a reason under [[gate.unknown]] in bfv.toml"
        }
        ViolationKind::ListedForNothing => "Delete the part [[gate.unknown]] of bfv.toml that lists no unknown claim",
        ViolationKind::Orphan => {
            "Delete a proof that belongs to no claim, or name its file in the line sources of bfv.toml"
        }
    }
}
