//! `bfv import`: a recipe of another program becomes a file of claims, which is judged at once.

use crate::answer::{Answer, Line, problem_json};
use crate::args::{From, Import};
use crate::check::{BUDGET, document, judge};
use crate::finding::Findings;
use crate::init::{refuse, shown};
use crate::options::Options;
use crate::project;
use crate::suggest::nearest;
use crate::usage::{Mistake, line};
use bfv_driver::{
    CheckOptions, Code, GoalReport, Kind, Place, Problem, Report, StoreMode, Verdict, first_sentence, goal_message,
    last_sentence, next_step,
};
use bfv_import::{Fault, Rule, Setting, Written, aggregator, mergekit, module_name};
use std::path::{Path, PathBuf};

/// The ending of files of the language.
const ENDING: &str = "sctt";

/// `bfv import`. Nothing is written where the recipe cannot be read, or where the file exists and is not to be replaced.
pub fn import(args: &Import, options: &Options, arguments: &[String]) -> Result<Answer, Mistake> {
    let (source, out, written) = match args.from {
        From::Mergekit => from_mergekit(args)?,
        From::Aggregator => from_aggregator(args, arguments)?,
    };
    write(&out, &written.text, args.replace)?;
    let project = project::find(&out).map_err(refuse)?;
    let store = project.as_ref().map(|p| p.store(StoreMode { fresh: false, locked: false }));
    let request = CheckOptions { paths: vec![out.clone()], goal: None, steps: BUDGET, store, repair: false };
    let (report, _, _) = judge(&request, None);
    let mut answer = answer(&report, &written, source.as_deref(), &out, options);
    answer.findings = Findings::of_check(&report, project.as_ref().map(|p| p.folder.as_path()), options.math());
    Ok(answer)
}

fn from_mergekit(args: &Import) -> Result<(Option<String>, PathBuf, Written), Mistake> {
    let Some(file) = &args.file else {
        let what = "A file of mergekit must be named.";
        return Err(Mistake::new(what, vec![line(&["import", "mergekit", "mergekit_config.yml"])]));
    };
    let name = shown(file);
    let text = std::fs::read_to_string(file).map_err(|e| refuse(Problem::not_read(&name, &e)))?;
    let near = |word: &str, words: &[&str]| nearest(word, words.iter().copied()).first().map(|w| (*w).to_owned());
    let written = mergekit(&name, &text, &near).map_err(|f| refuse(problem(&f, Some(&name))))?;
    let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = file.with_file_name(format!("{}.{ENDING}", module_name(&stem)));
    Ok((Some(name), args.output.clone().unwrap_or(beside), written))
}

fn from_aggregator(args: &Import, arguments: &[String]) -> Result<(Option<String>, PathBuf, Written), Mistake> {
    let missing = |option: &str, value: &str| {
        let what = format!("The aggregator needs the option {option}.");
        Mistake::new(what, vec![[arguments, &line(&[option, value])].concat()])
    };
    if let Some(file) = &args.file {
        let rest: Vec<String> = arguments.iter().filter(|a| Path::new(a) != file).cloned().collect();
        return Err(Mistake::new("An aggregator has settings and no file.", vec![rest]));
    }
    let rule = args.rule.ok_or_else(|| missing("--rule", "trimmed-mean"))?;
    let n = usize::from(args.n.ok_or_else(|| missing("--n", "10"))?);
    let f = usize::from(args.f.ok_or_else(|| missing("--f", "2"))?);
    let trim = match (rule, args.trim) {
        (Rule::TrimmedMean, None) => return Err(missing("--trim", &f.to_string())),
        (_, trim) => usize::from(trim.unwrap_or_default()),
    };
    let stem = rule.word().replace('-', "_");
    let select = args.select.map_or(n.saturating_sub(f + 2), usize::from);
    let out = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{stem}.{ENDING}")));
    let name = out.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((None, out, aggregator(&module_name(&name), &Setting { rule, n, f, trim, select })))
}

/// What is wrong with a recipe, with its place where it has a file.
fn problem(fault: &Fault, file: Option<&str>) -> Problem {
    let mut problem = Problem::new(Code::Recipe, fault.what.clone(), fault.mend.clone());
    if let (Some(file), Some(start)) = (file, fault.place) {
        problem.place = Some(Box::new(Place { file: file.to_owned(), start, end: start, bytes: 0..0 }));
    }
    problem
}

/// Writes a file, and not over another unless that is asked for.
pub fn write(out: &Path, bytes: impl AsRef<[u8]>, replace: bool) -> Result<(), Mistake> {
    if out.exists() && !replace {
        let what = format!("The file {} exists already. Nothing was written.", shown(out));
        let mend = "add --replace to write it anew, or give another name.";
        return Err(refuse(Problem::new(Code::NotWritten, what, mend)));
    }
    std::fs::write(out, bytes).map_err(|e| refuse(Problem::not_written(&shown(out), &e)))
}

/// What was read and written, and every verdict in a line.
fn answer(report: &Report, written: &Written, source: Option<&str>, out: &Path, options: &Options) -> Answer {
    let math = options.math();
    let mut lines: Vec<Line> = vec![written.read.clone().into(), first_sentence(report).into()];
    lines.extend(report.problems.iter().map(|p| Line::from(p.sentences_in(math))));
    let kept = |g: &&GoalReport| g.verdict == Verdict::Proved && g.expected_met();
    lines.extend(report.goals.iter().filter(kept).map(|g| Line::from(goal_message(g, math))));
    lines.extend(report.goals.iter().filter(|g| !kept(g)).map(|g| Line::from(goal_message(g, math))));
    // The words for a wrong number are said only where the kernel has refuted the claim that guards it.
    let refuted = |claim: &str| {
        let named = |g: &&GoalReport| crate::check::short(&g.name) == claim;
        report.goals.iter().filter(named).any(|g| g.verdict.kind() == Kind::Refuted && !g.expected_met())
    };
    let wrong: Vec<Problem> =
        written.guards.iter().filter(|g| refuted(&g.claim)).map(|g| problem(&g.fault, source)).collect();
    lines.extend(wrong.iter().map(|p| Line::from(p.sentences_in(math))));
    lines.extend(written.notes.iter().cloned().map(Line::from));
    let file = shown(out);
    let mut document = document(report, math);
    document.insert("file".into(), file.clone().into());
    document.insert("recipe".into(), wrong.iter().map(problem_json).collect());
    document.insert("notes".into(), written.notes.clone().into());
    let on = if wrong.is_empty() {
        format!("to go on, read and change {file}, then run bfv check {file}")
    } else {
        "to go on, mend the recipe, then import it again with --replace".to_owned()
    };
    Answer {
        first: format!("Wrote 1 file: {file}."),
        lines,
        hint: next_step(report, BUDGET).or(Some(on)),
        closing: last_sentence(report),
        document,
        list: "goals",
        events: report.events(),
        ..Answer::default()
    }
}
