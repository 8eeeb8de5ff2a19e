//! `bfv init`: a folder becomes a project, with claims to begin with where these are asked for.

use crate::answer::Answer;
use crate::args::{Check, Init, Template};
use crate::check;
use crate::options::Options;
use crate::project::FILE;
use crate::usage::Mistake;
use bfv_driver::{Code, Problem, escaped};
use serde_json::Map;
use std::path::{Path, PathBuf};

/// The file of a template; none for the empty one.
fn file(template: Template) -> Option<(&'static str, &'static str)> {
    match template {
        Template::Empty => None,
        Template::Ensemble => Some(("ensemble.sctt", include_str!("templates/ensemble.sctt"))),
        Template::Merge => Some(("merge.sctt", include_str!("templates/merge.sctt"))),
        Template::Federated => Some(("federated.sctt", include_str!("templates/federated.sctt"))),
        Template::Consensus => Some(("consensus.sctt", include_str!("templates/consensus.sctt"))),
    }
}

pub fn refuse(problem: Problem) -> Mistake {
    Mistake { problem, suggestions: Vec::new() }
}

/// A path as a person would write it. Whoever gives a file its name adds no line to an answer.
pub fn shown(path: &Path) -> String {
    // The folder itself is `.`, of which nothing would be left.
    let short = path.strip_prefix("./").ok().filter(|p| !p.as_os_str().is_empty());
    escaped(&short.unwrap_or(path).display().to_string(), char::is_control)
}

/// `bfv init`. Nothing is written where one of the files exists already.
pub fn init(args: &Init, options: &Options) -> Result<Answer, Mistake> {
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    let absolute = std::path::absolute(&folder).map_err(|e| refuse(Problem::not_read(&shown(&folder), &e)))?;
    let name = absolute.file_name().map_or_else(|| "project".to_owned(), |n| n.to_string_lossy().into_owned());
    let name = toml::Value::String(name).to_string();
    let settings = format!(
        "# The project and what its gate allows. See: bfv help project\nname = {name}\n\n[gate]\n# Bundles of axioms that proofs may use.\nallow = [\"real\"]\n"
    );
    let mut files = vec![(folder.join(FILE), settings)];
    let begun = file(args.template.unwrap_or(Template::Empty)).map(|(name, text)| (folder.join(name), text));
    files.extend(begun.iter().map(|(path, text)| (path.clone(), (*text).to_owned())));
    for (path, _) in &files {
        if path.exists() {
            let what = format!("The file {} exists already. Nothing was written.", shown(path));
            return Err(refuse(Problem::new(Code::NotWritten, what, "keep it, or move it away first.")));
        }
    }
    for (path, text) in &files {
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(path, text))
            .map_err(|e| refuse(Problem::not_written(&shown(path), &e)))?;
    }
    let names: Vec<String> = files.iter().map(|(path, _)| shown(path)).collect();
    let wrote = match names.as_slice() {
        [one] => format!("Wrote 1 file: {one}."),
        many => format!("Wrote {} files: {}.", many.len(), many.join(" and ")),
    };
    let mut document = Map::new();
    document.insert("file".into(), names.first().cloned().into());
    document.insert("files".into(), names.clone().into());
    let Some((claims, _)) = begun else {
        return Ok(Answer {
            first: wrote,
            hint: Some("to begin with claims, write a file such as claims.sctt, then run bfv check".to_owned()),
            closing: "Result: the folder is a project.".to_owned(),
            document,
            ..Answer::default()
        });
    };
    // What was written is judged at once, and its proofs are stored.
    let request = Check {
        paths: vec![claims.clone()],
        goal: None,
        budget: None,
        fresh: false,
        locked: false,
        engine: None,
        repair: false,
        attack_spec: false,
        deny_survivors: false,
    };
    let checked = check::check(&request, options, &[])?;
    document.extend(checked.document);
    let mut lines = vec![checked.first.into()];
    lines.extend(checked.lines);
    Ok(Answer {
        first: wrote,
        lines,
        hint: Some(format!("to go on, read and change {}, then run bfv check", shown(&claims))),
        closing: checked.closing,
        document,
        list: checked.list,
        events: checked.events,
        findings: checked.findings,
    })
}
