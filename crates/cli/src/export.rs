//! `bfv export`: what the kernel refuted, as a program that runs without bfv.

use crate::answer::{Answer, Line};
use crate::args::{Export, Language};
use crate::check::{BUDGET, goal_json, goal_mistake, judge_and_see, place, short};
use crate::commands::broken;
use crate::import::write;
use crate::init::shown;
use crate::itf::itf;
use crate::options::Options;
use crate::usage::Mistake;
use bfv_driver::{CheckOptions, Code, Kind, Problem, Seen, StoreMode, arguments, goal_message};
use bfv_export::{Program, Refutation};
use std::path::PathBuf;

/// `bfv export`. Nothing is written where the claim is not refuted, or where a program could not replay the refutation.
pub fn export(args: &Export, options: &Options, arguments: &[String]) -> Result<Answer, Mistake> {
    let (paths, project) = place("export", &args.paths)?;
    let store = project.map(|p| p.store(StoreMode { fresh: false, locked: true }));
    let request = CheckOptions { paths, goal: Some(args.claim.clone()), steps: BUDGET, store, repair: false };
    let language = args.language.unwrap_or(Language::Python);
    let mut made = None;
    let (report, names, _) = judge_and_see(&request, &mut |seen| made = Some(text(seen, language)));
    if report.errors() > 0 {
        return match goal_mistake(&args.claim, &names, arguments) {
            Some(mistake) if report.errors() == 1 => Err(mistake),
            _ => Ok(broken(report.problems, options)),
        };
    }
    let Some(goal) = report.goals.first() else { return Ok(broken(report.problems, options)) };
    let name = short(&goal.name);
    let refused = |why: &str, mend: &str| {
        let what = format!("There is no program for {name}, because {why}.");
        Ok(broken(vec![Problem::new(Code::NotExported, what, mend)], options))
    };
    if goal.verdict.kind() != Kind::Refuted {
        let why = format!("the claim is {} and not refuted", goal.verdict.kind().word());
        return refused(&why, &format!("to read more, run bfv explain {name}"));
    }
    let text = match made {
        Some(Ok(text)) => text,
        Some(Err(why)) => return refused(&why, "give another point with refuted at, where the claim can be computed."),
        None => return refused("it has no evidence", "check the claim again."),
    };
    let (ending, command) = match language {
        Language::Python => ("py", Some("python3")),
        Language::Rust => ("rs", Some("rustc")),
        Language::Itf => ("itf.json", None),
    };
    let out = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.{ending}")));
    write(&out, &text, args.replace)?;
    let file = shown(&out);
    let mut document = serde_json::Map::new();
    document.insert("file".into(), file.clone().into());
    document.insert("goal".into(), goal_json(goal, options.math()));
    Ok(Answer {
        first: format!("Wrote 1 file: {file}."),
        lines: vec![Line::from(goal_message(goal, options.math()))],
        hint: command.map(|command| format!("to replay the counterexample, run {command} {file}")),
        closing: match command {
            Some(_) => "Result: the program was replayed here, and the claim fails in it.".to_owned(),
            None => "Result: the states were computed from the run that the kernel accepted.".to_owned(),
        },
        document,
        ..Answer::default()
    })
}

/// What is written.
fn text(seen: &Seen<'_>, language: Language) -> Result<String, String> {
    match language {
        Language::Python => Ok(program(seen)?.text(bfv_export::Language::Python)),
        Language::Rust => Ok(program(seen)?.text(bfv_export::Language::Rust)),
        Language::Itf => itf(seen),
    }
}

fn program(seen: &Seen<'_>) -> Result<Program, String> {
    let at = |name: &str| seen.elaborated.positions.get(name).copied();
    let Some(arguments) = arguments(&seen.elaborated.signature, seen.goal) else {
        return Err("its arguments cannot be told apart".to_owned());
    };
    Program::new(&Refutation {
        signature: &seen.elaborated.signature,
        claim: &seen.report.name,
        written: &seen.report.written,
        statement: &seen.goal.statement,
        arguments: &arguments,
        evidence: seen.evidence,
        point: &seen.report.counterexample,
        vectors: at("std.vec.nil").zip(at("std.vec.cons")),
    })
}
