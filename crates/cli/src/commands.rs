//! The commands that judge nothing: list, show, explain, init, doctor, set.

use crate::answer::{Answer, Line, problem_json, range_json};
use crate::args::{Explain, Init, Paths, Set, Show};
use crate::check::{goal_suggestions, place, short};
use crate::options::{Options, id, read_settings, settings, settings_path};
use crate::plug::frontend;
use crate::project::{self, FILE};
use crate::suggest::nearest;
use crate::usage::{Mistake, line, replaced};
use bfv_diag::Code as SourceCode;
use bfv_driver::{Code, Event, GoalName, Listed, Problem, Reason, count, spoken};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// `bfv list`.
pub fn list(args: &Paths, options: &Options) -> Result<Answer, Mistake> {
    let (paths, _) = place("list", &args.paths)?;
    let (claims, problems) = bfv_driver::list(&paths, frontend().as_mut());
    let mut first = format!("Found {}", count(claims.len(), "claim"));
    let errors = problems.iter().filter(|p| p.is_error()).count();
    if errors > 0 {
        first += &format!(" and {}", count(errors, "error"));
    }
    let mut lines: Vec<Line> = problems.iter().map(|p| Line::from(p.sentences())).collect();
    lines.extend(claims.iter().enumerate().map(|(i, c)| {
        let head = format!("Goal {} of {}. Name: {}.", i + 1, claims.len(), c.name);
        let place = format!("File: {}. Line: {}.", c.place.file, c.place.start.0);
        Line::from(format!("{head} {place} Expected: {}. Id: {}.", c.expected.word(), id(&c.hash, options.ids)))
    }));
    let mut document = Map::new();
    document.insert("goals".into(), claims.iter().map(claim_json).collect());
    document.insert("problems".into(), problems.iter().map(problem_json).collect());
    Ok(Answer {
        first: first + ".",
        lines,
        hint: claims
            .first()
            .map(|c| format!("to judge one of them, run bfv check {} --goal {}", c.place.file, short(&c.name))),
        closing: "End of the list.".to_owned(),
        document,
        list: "goals",
        events: problems.iter().filter_map(Problem::event).collect(),
    })
}

fn claim_json(c: &Listed) -> Value {
    json!({
        "name": c.name,
        "hash": c.hash,
        "file": c.place.file,
        "range": range_json(&c.place),
        "expected": c.expected.word(),
        "doc": c.doc,
    })
}

/// An answer that has only problems.
fn broken(problems: Vec<Problem>) -> Answer {
    let mut document = Map::new();
    document.insert("problems".into(), problems.iter().map(problem_json).collect());
    Answer {
        first: format!("Found {}.", count(problems.len(), "error")),
        lines: problems.iter().map(|p| Line::from(p.sentences())).collect(),
        closing: "Result: nothing can be shown.".to_owned(),
        document,
        list: "problems",
        events: problems.iter().filter_map(Problem::event).collect(),
        hint: None,
    }
}

/// `bfv show`.
pub fn show(args: &Show, options: &Options, arguments: &[String]) -> Result<Answer, Mistake> {
    let (paths, _) = place("show", &args.paths)?;
    let (claims, problems) = bfv_driver::list(&paths, frontend().as_mut());
    let Some(c) = claims.iter().find(|c| c.name == args.name || short(&c.name) == args.name) else {
        if problems.iter().any(Problem::is_error) {
            return Ok(broken(problems));
        }
        let names: Vec<GoalName> =
            claims.iter().map(|c| GoalName { name: c.name.clone(), file: c.place.file.clone() }).collect();
        let suggestions = goal_suggestions(&args.name, &names, arguments);
        return Err(Mistake { problem: bfv_driver::unknown_goal(&args.name), suggestions });
    };
    let mut lines = Vec::new();
    if let Some(doc) = &c.doc {
        lines.push(Line::from(format!("Comment: {}", doc.split_whitespace().collect::<Vec<_>>().join(" "))));
    }
    let mut document = Map::new();
    document.insert("goal".into(), claim_json(c));
    if args.core {
        let text = c.core.clone().unwrap_or_else(|| "too large to be printed".to_owned());
        lines.push(Line::from(format!("Core form: {text}")));
        document.insert("core".into(), c.core.clone().into());
    } else {
        lines.push(Line::from(format!("Source:\n{}", c.source.trim_end())));
        document.insert("source".into(), c.source.clone().into());
    }
    document.insert("problems".into(), problems.iter().map(problem_json).collect());
    Ok(Answer {
        first: format!(
            "Claim {}, file {}, line {}: {} is expected. Id: {}.",
            spoken(&c.name),
            c.place.file,
            c.place.start.0,
            c.expected.word(),
            id(&c.hash, options.ids)
        ),
        lines,
        hint: Some(format!("to judge it, run bfv check {} --goal {}", c.place.file, short(&c.name))),
        closing: "End of the claim.".to_owned(),
        document,
        list: "problems",
        events: problems.iter().filter_map(Problem::event).collect(),
    })
}

/// The codes of the driver, each with its explanation.
const CODES: [(&str, &str); 6] = [
    ("not-read", "A file or folder cannot be read. The message says which one and why."),
    ("not-written", "A file cannot be written. The message says which one and why. No verdict depends on it."),
    ("bad-settings", "The project file bfv.toml or your settings file has a form or a value that bfv does not know."),
    ("usage", "The command line is not one that bfv knows. Nothing was run. The message suggests others."),
    ("contradiction", "The kernel accepted a claim and its negation. Trust no verdict of this version."),
    ("internal", "bfv made a mistake of its own. Your files are not the cause. Please report it."),
];

/// `bfv explain`.
pub fn explain(args: &Explain, arguments: &[String]) -> Result<Answer, Mistake> {
    let word = args.code.to_lowercase();
    let source = SourceCode::from_id(&args.code).map(|c| (c.id(), c.title(), c.explanation().to_owned()));
    let driver = CODES.iter().find(|(c, _)| *c == word).map(|(c, e)| (*c, "Code of bfv", (*e).to_owned()));
    let reason = Reason::ALL
        .iter()
        .find(|r| r.word() == word)
        .map(|r| (r.word(), "Reason of an unknown verdict", format!("The claim is unknown because {}.", r.meaning())));
    let Some((code, title, text)) = source.or(driver).or(reason) else {
        let known: Vec<&str> = SourceCode::ALL
            .iter()
            .map(|c| c.id())
            .chain(CODES.iter().map(|(c, _)| *c))
            .chain(Reason::ALL.iter().map(|r| r.word()))
            .collect();
        let mut lines: Vec<Vec<String>> = nearest(&args.code, known.iter().copied())
            .into_iter()
            .map(|n| replaced(arguments, &args.code, n))
            .collect();
        lines.push(line(&["help", "explain"]));
        return Err(Mistake::new(format!("There is no code {}.", args.code.escape_debug()), lines));
    };
    let mut document = Map::new();
    document.insert("code".into(), code.into());
    document.insert("title".into(), title.into());
    document.insert("explanation".into(), text.clone().into());
    Ok(Answer {
        first: format!("Code {code}: {title}."),
        lines: vec![Line::from(text)],
        closing: "End of the explanation.".to_owned(),
        document,
        ..Answer::default()
    })
}

/// `bfv init`.
pub fn init(args: &Init) -> Result<Answer, Mistake> {
    let refuse = |problem| Mistake { problem, suggestions: Vec::new() };
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    let file = folder.join(FILE);
    let shown = file.strip_prefix("./").unwrap_or(&file).display().to_string();
    if file.exists() {
        return Err(refuse(Problem::new(
            Code::NotWritten,
            format!("The file {shown} exists already."),
            "keep it, or move it away first.",
        )));
    }
    let absolute = std::path::absolute(&folder).map_err(|e| refuse(Problem::not_read(&shown, &e)))?;
    let name = absolute.file_name().map_or_else(|| "project".to_owned(), |n| n.to_string_lossy().into_owned());
    let name = toml::Value::String(name).to_string();
    let text = format!(
        "# The project and what its gate allows. See: bfv help project\nname = {name}\n\n[gate]\n# Bundles of axioms that proofs may use.\nallow = [\"real\"]\n"
    );
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&file, text))
        .map_err(|e| refuse(Problem::not_written(&shown, &e)))?;
    let mut document = Map::new();
    document.insert("file".into(), shown.clone().into());
    Ok(Answer {
        first: format!("Wrote 1 file: {shown}."),
        hint: Some("to judge the claims of the project, run bfv check".to_owned()),
        closing: "Result: the folder is a project.".to_owned(),
        document,
        ..Answer::default()
    })
}

/// `bfv doctor`.
pub fn doctor() -> Answer {
    let mut checks: Vec<(bool, String, Option<Event>)> = Vec::new();
    checks.push((true, format!("This is bfv version {}.", env!("CARGO_PKG_VERSION")), None));
    match (read_settings(), settings_path()) {
        (Ok(_), Some(path)) if path.exists() => {
            checks.push((true, format!("Your settings are read from {}.", path.display()), None));
        }
        (Ok(_), Some(path)) => {
            let text = format!("You have no settings; bfv set would write {}.", path.display());
            checks.push((true, text, None));
        }
        (Ok(_), None) => {
            let text = "Settings cannot be kept, because HOME and BFV_CONFIG are missing.";
            checks.push((true, text.to_owned(), None));
        }
        (Err(p), _) => checks.push((false, p.sentences(), Some(p.code.event()))),
    }
    match project::find(Path::new(".")) {
        Ok(Some(p)) => {
            checks.push((true, format!("The project {} lies in {}.", p.name, p.folder.display()), None));
            let proofs = p.folder.join("proofs");
            let stored = count_proofs(&proofs);
            checks.push((true, format!("It has {}.", count(stored, "stored proof")), None));
        }
        Ok(None) => checks.push((true, "No project was found here; bfv init would make one.".to_owned(), None)),
        Err(p) => checks.push((false, p.sentences(), Some(p.code.event()))),
    }
    let passed = checks.iter().filter(|c| c.0).count();
    let mut document = Map::new();
    let listed = checks.iter().map(|(ok, text, _)| json!({ "passed": ok, "message": text }));
    document.insert("checks".into(), listed.collect());
    Answer {
        first: format!("Doctor: {passed} of {} checks passed.", checks.len()),
        lines: checks
            .iter()
            .enumerate()
            .map(|(i, (ok, text, _))| {
                let word = if *ok { "passed" } else { "failed" };
                Line::from(format!("Check {} of {}, {word}: {text}", i + 1, checks.len()))
            })
            .collect(),
        closing: if passed == checks.len() {
            "Result: bfv is ready.".to_owned()
        } else {
            "Result: something needs mending.".to_owned()
        },
        document,
        list: "checks",
        events: checks.iter().filter_map(|c| c.2).collect(),
        hint: None,
    }
}

/// Stored proofs in the folder of a store; unreadable folders hold none.
fn count_proofs(proofs: &Path) -> usize {
    let inside = |p: &Path| std::fs::read_dir(p).into_iter().flatten().flatten().map(|e| e.path()).collect::<Vec<_>>();
    let modules = inside(proofs);
    modules.iter().flat_map(|m| inside(m)).filter(|f| f.extension().is_some_and(|e| e == "bfvp")).count()
}

/// `bfv set`.
pub fn set(args: &Set, arguments: &[String]) -> Result<Answer, Mistake> {
    let refuse = |problem| Mistake { problem, suggestions: Vec::new() };
    let all = settings();
    let mut current = read_settings().map_err(refuse)?;
    let Some(key) = &args.key else {
        let lines = all.iter().enumerate().map(|(i, (key, values))| {
            let value = current.get(*key).map_or("not set", String::as_str);
            let head = format!("Setting {} of {}. Name: {key}. Value: {value}.", i + 1, all.len());
            Line::from(format!("{head} Possible: {}.", values.join(", ")))
        });
        let mut document = Map::new();
        document.insert("settings".into(), json!(current));
        return Ok(Answer {
            first: format!("You have set {} of {} settings.", current.len(), all.len()),
            lines: lines.collect(),
            hint: Some("to change one, run for example bfv set layout visual".to_owned()),
            closing: "End of the settings.".to_owned(),
            document,
            ..Answer::default()
        });
    };
    let Some((_, values)) = all.iter().find(|(k, _)| k == key) else {
        let near = nearest(key, all.iter().map(|(k, _)| *k));
        let mut lines: Vec<Vec<String>> = near.into_iter().map(|n| replaced(arguments, key, n)).collect();
        lines.push(line(&["set"]));
        return Err(Mistake::new(format!("There is no setting {}.", key.escape_debug()), lines));
    };
    let Some(value) = args.value.as_ref() else {
        let lines = values.iter().map(|v| line(&["set", key, v])).collect();
        return Err(Mistake::new(format!("The setting {key} needs a value."), lines));
    };
    if !values.contains(value) {
        let near = nearest(value, values.iter().map(String::as_str));
        let chosen = if near.is_empty() { values.iter().map(String::as_str).collect() } else { near };
        let lines = chosen.into_iter().map(|v| line(&["set", key, v])).collect();
        let what = format!("The setting {key} does not take the value {}.", value.escape_debug());
        return Err(Mistake::new(what, lines));
    }
    let Some(path) = settings_path() else {
        let what = "There is no place for settings, because HOME and BFV_CONFIG are missing.";
        return Err(refuse(Problem::new(Code::NotWritten, what, "set BFV_CONFIG to the path of a file.")));
    };
    current.insert(key.clone(), value.clone());
    let shown = path.display().to_string();
    let not_written = |e: &std::io::Error| refuse(Problem::not_written(&shown, e));
    let text = toml::to_string(&current).map_err(|e| not_written(&std::io::Error::other(e)))?;
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| not_written(&e))?;
    }
    std::fs::write(&path, text).map_err(|e| not_written(&e))?;
    let mut document = Map::new();
    document.insert("settings".into(), json!(current));
    Ok(Answer {
        first: format!("Set 1 setting: {key} is {value}."),
        closing: format!("Result: your settings are kept in {shown}."),
        document,
        ..Answer::default()
    })
}
