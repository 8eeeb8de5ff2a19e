//! `bfv doctor`: what works on this machine, what is missing, and how to mend it.

use crate::answer::{Answer, Line};
use crate::check::BUDGET;
use crate::options::{read_settings, settings_path};
use crate::plug;
use crate::project;
use bfv_driver::{Event, Kind, Problem, Report, check_text, count};
use serde_json::{Map, json};
use std::path::Path;

/// One thing that was looked at.
struct Finding {
    state: State,
    text: String,
    event: Option<Event>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Passed,
    /// Not there, and bfv works without it.
    Missing,
    Failed,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Passed => "passed",
            State::Missing => "missing",
            State::Failed => "failed",
        }
    }
}

fn passed(text: impl Into<String>) -> Finding {
    Finding { state: State::Passed, text: text.into(), event: None }
}

fn missing(text: impl Into<String>) -> Finding {
    Finding { state: State::Missing, text: text.into(), event: None }
}

fn failed(p: &Problem) -> Finding {
    Finding { state: State::Failed, text: p.sentences(), event: Some(p.code.event()) }
}

/// Claims whose verdicts are known: the whole line from text to kernel is tried on them.
const TRIAL: &str = "import std.fusion
claim proved {k : Nat} (w x : Vec (k + 1) Real) (hw : Simplex w) : weighted_mean w x <= max x
@[expect refuted]
claim refuted {k : Nat} (w x : Vec (k + 1) Real) : weighted_mean w x <= max x
";

/// `bfv doctor`.
pub fn doctor() -> Answer {
    let mut findings = vec![passed(format!("This is bfv version {}.", env!("CARGO_PKG_VERSION")))];
    let (mut frontend, mut search) = plug::both(None);
    let (report, _) = check_text("trial", TRIAL, BUDGET, frontend.as_mut(), search.as_mut());
    findings.push(trial(&report));
    findings.push(second_checker());
    findings.push(match bfv_engine_z3::program() {
        Some(_) => passed("The program bfv-z3 is there, for bfv check with --engine z3."),
        None => missing("The program bfv-z3 is not beside bfv. To add it: cargo xtask setup"),
    });
    findings.push(settings());
    findings.extend(project());
    let all = findings.len();
    let counted = |state| findings.iter().filter(|f| f.state == state).count();
    let (good, absent, bad) = (counted(State::Passed), counted(State::Missing), counted(State::Failed));
    let mut document = Map::new();
    let listed = findings
        .iter()
        .map(|f| json!({ "passed": f.state == State::Passed, "state": f.state.word(), "message": f.text }));
    document.insert("checks".into(), listed.collect());
    Answer {
        first: format!("Doctor: {good} of {all} checks passed, {absent} missing, {bad} failed."),
        lines: findings
            .iter()
            .enumerate()
            .map(|(i, f)| Line::from(format!("Check {} of {all}, {}: {}", i + 1, f.state.word(), f.text)))
            .collect(),
        closing: match (absent, bad) {
            (0, 0) => "Result: bfv is ready.",
            (_, 0) => "Result: bfv is ready; what is missing can be added.",
            _ => "Result: something needs mending.",
        }
        .to_owned(),
        document,
        list: "checks",
        events: findings.iter().filter_map(|f| f.event).collect(),
        ..Answer::default()
    }
}

fn trial(report: &Report) -> Finding {
    let verdicts: Vec<Kind> = report.goals.iter().map(|g| g.verdict.kind()).collect();
    if report.errors() == 0 && verdicts == [Kind::Proved, Kind::Refuted] {
        return passed("The library loads. A true claim was proved and a false one refuted.");
    }
    let first = report.problems.first().map(|p| format!(" {}", p.sentences())).unwrap_or_default();
    Finding {
        state: State::Failed,
        text: format!(
            "A claim with a known verdict was judged otherwise.{first} To mend it: build bfv again, and report this."
        ),
        event: Some(Event::Internal),
    }
}

/// The second checker is a program of its own, which lies beside this one when it was built.
fn second_checker() -> Finding {
    let name = format!("bfv-recheck{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().and_then(|p| Some(p.parent()?.join(&name)));
    match beside {
        Some(path) if path.is_file() => passed("The second checker bfv-recheck lies beside bfv."),
        _ => {
            missing("The second checker bfv-recheck is not beside bfv. To add it: cargo build --release -p bfv-recheck")
        }
    }
}

fn settings() -> Finding {
    match (read_settings(), settings_path()) {
        (Ok(_), Some(path)) if path.exists() => passed(format!("Your settings are read from {}.", path.display())),
        (Ok(_), Some(path)) => passed(format!("You have no settings; bfv set would write {}.", path.display())),
        (Ok(_), None) => missing(
            "Settings cannot be kept, because HOME and BFV_CONFIG are missing. To mend it: set BFV_CONFIG to the path of a file.",
        ),
        (Err(p), _) => failed(&p),
    }
}

fn project() -> Vec<Finding> {
    let p = match project::find(Path::new(".")) {
        Ok(Some(p)) => p,
        Ok(None) => {
            return vec![missing(
                "No project was found here. Proofs are stored in projects only. To make one: bfv init",
            )];
        }
        Err(p) => return vec![failed(&p)],
    };
    let mut out = vec![passed(format!("The project {} lies in {}.", p.name, p.folder.display()))];
    for source in &p.sources {
        let path = p.folder.join(source);
        if !path.exists() {
            let what = format!("The source {} of the project is not there.", path.display());
            let mend = "make it, or change the line sources of bfv.toml.";
            out.push(failed(&Problem::new(bfv_driver::Code::NotRead, what, mend)));
        }
    }
    let proofs = p.folder.join("proofs");
    out.push(passed(format!("It has {}.", count(count_proofs(&proofs), "stored proof"))));
    let place = if proofs.is_dir() { proofs } else { p.folder };
    if std::fs::metadata(&place).is_ok_and(|m| m.permissions().readonly()) {
        let what = format!("Proofs cannot be stored, because {} is write-protected.", place.display());
        let mend = "change the permissions, or run bfv check with --locked.";
        out.push(failed(&Problem::new(bfv_driver::Code::NotWritten, what, mend)));
    }
    out
}

/// Stored proofs in the folder of a store; unreadable folders hold none.
fn count_proofs(proofs: &Path) -> usize {
    let inside = |p: &Path| std::fs::read_dir(p).into_iter().flatten().flatten().map(|e| e.path()).collect::<Vec<_>>();
    let modules = inside(proofs);
    modules.iter().flat_map(|m| inside(m)).filter(|f| f.extension().is_some_and(|e| e == "bfvp")).count()
}
