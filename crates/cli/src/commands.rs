//! The commands that judge nothing: list, show, set.

use crate::answer::{Answer, Line, problem_json, range_json};
use crate::args::{List, Set, Show};
use crate::certificate;
use crate::check::{goal_mistake, place, short};
use crate::declared::{self, Known, one_line};
use crate::options::{Options, id, read_settings, settings, settings_path};
use crate::plug::frontend;
use crate::suggest::nearest;
use crate::usage::{Mistake, line, replaced};
use bfv_driver::{Code, GoalName, Listed, Problem, count, meant, spoken, statement_sentence};
use serde_json::{Map, Value, json};

/// `bfv list`.
pub fn list(args: &List, options: &Options, arguments: &[String]) -> Result<Answer, Mistake> {
    // A folder of that name is meant where there is one.
    if let [first, rest @ ..] = args.paths.as_slice()
        && first.as_os_str() == "workers"
        && !first.exists()
    {
        return certificate::workers(rest, options);
    }
    if let Some(modules) = declared::asked_modules(&args.paths, arguments)? {
        return Ok(declared::list(&modules));
    }
    let (paths, _) = place("list", &args.paths)?;
    let (claims, problems) = bfv_driver::list(&paths, frontend().as_mut());
    let mut first = format!("Found {}", count(claims.len(), "claim"));
    let errors = problems.iter().filter(|p| p.is_error()).count();
    if errors > 0 {
        first += &format!(" and {}", count(errors, "error"));
    }
    let mut lines: Vec<Line> = problems.iter().map(|p| Line::from(p.sentences_in(options.math()))).collect();
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
        ..Answer::default()
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
        "statement": c.written,
    })
}

/// An answer that has only problems.
pub fn broken(problems: Vec<Problem>, options: &Options) -> Answer {
    let mut document = Map::new();
    document.insert("problems".into(), problems.iter().map(problem_json).collect());
    Answer {
        first: format!("Found {}.", count(problems.len(), "error")),
        lines: problems.iter().map(|p| Line::from(p.sentences_in(options.math()))).collect(),
        closing: "Result: nothing can be shown.".to_owned(),
        document,
        list: "problems",
        events: problems.iter().filter_map(Problem::event).collect(),
        ..Answer::default()
    }
}

/// `bfv show`.
pub fn show(args: &Show, options: &Options, arguments: &[String]) -> Result<Answer, Mistake> {
    let is_source = |p: &std::path::PathBuf| p.is_dir() || p.extension().is_some_and(|e| e == "sctt");
    if args.name == "certificate" && !args.paths.is_empty() && !args.paths.iter().any(is_source) {
        return certificate::show(&args.paths, options);
    }
    let paths = declared::places("show", &args.paths)?;
    let (claims, problems) = bfv_driver::list(&paths, frontend().as_mut());
    let names: Vec<GoalName> =
        claims.iter().map(|c| GoalName { name: c.name.clone(), file: c.place.file.clone() }).collect();
    let c = match meant(&args.name, claims.iter().map(|c| c.name.as_str())).as_slice() {
        [] => {
            let known = Known::new(&paths);
            if let Some(d) = known.find(&args.name, arguments)? {
                return Ok(declared::answer(d, &paths, args.core, options));
            }
            if problems.iter().any(Problem::is_error) {
                return Ok(broken(problems, options));
            }
            let mut near = known.near(&args.name, &names, arguments);
            near.push(line(&["list", "std"]));
            let what = format!("There is no claim or declaration named {}.", args.name.escape_debug());
            return Err(Mistake::new(what, near));
        }
        found => match goal_mistake(&args.name, &names, arguments) {
            Some(mistake) => return Err(mistake),
            None => found.first().and_then(|n| claims.get(*n)),
        },
    };
    let Some(c) = c else { return Ok(broken(problems, options)) };
    let mut lines = Vec::new();
    if let Some(doc) = &c.doc {
        lines.push(Line::from(format!("Comment: {}", one_line(doc))));
    }
    let mut document = Map::new();
    document.insert("goal".into(), claim_json(c));
    if args.core {
        let text = c.core.clone().unwrap_or_else(|| "too large to be printed".to_owned());
        lines.push(Line::from(format!("Core form: {text}")));
        document.insert("core".into(), c.core.clone().into());
    } else {
        lines.push(Line::from(format!("Statement: {}.", statement_sentence(&c.written, options.math()))));
        lines.push(Line::from(format!("Source:\n{}", c.source.trim_end())));
        document.insert("source".into(), c.source.clone().into());
    }
    lines.push(Line::from(format!("Id: {}.", id(&c.hash, options.ids))));
    document.insert("problems".into(), problems.iter().map(problem_json).collect());
    Ok(Answer {
        first: format!(
            "Claim {}, file {}, line {}: {} is expected.",
            spoken(&c.name),
            c.place.file,
            c.place.start.0,
            c.expected.word()
        ),
        lines,
        hint: Some(format!("to judge it, run bfv check {} --goal {}", c.place.file, short(&c.name))),
        closing: "End of the claim.".to_owned(),
        document,
        list: "problems",
        events: problems.iter().filter_map(Problem::event).collect(),
        ..Answer::default()
    })
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
