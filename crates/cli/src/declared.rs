//! What `show`, `explain` and `list` say of declarations that are no claims, of the user's files and of the library.

use crate::answer::{Answer, Line, range_json};
use crate::check::{renamed, short, words};
use crate::commands::broken;
use crate::options::Options;
use crate::plug::frontend;
use crate::project;
use crate::suggest::nearest;
use crate::usage::{Mistake, line, replaced};
use bfv_driver::{
    Behind, Declared, GoalName, ambiguous, behind, count, declarations, library_declarations, meant, modules, spoken,
    statement_sentence,
};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Where a name is looked for, beside the library: the paths given, or the sources of the project; nothing without either.
///
/// # Errors
/// A project file that cannot be read.
pub fn places(command: &str, paths: &[PathBuf]) -> Result<Vec<PathBuf>, Mistake> {
    let refuse = |problem| Mistake { problem, suggestions: Vec::new() };
    if paths.is_empty() && project::find(Path::new(".")).map_err(refuse)?.is_none() {
        return Ok(Vec::new());
    }
    Ok(crate::check::place(command, paths)?.0)
}

/// The declarations that a name may mean where it is no claim: those of the files, and those of the library.
pub struct Known {
    own: Vec<Declared>,
    library: Vec<Declared>,
}

impl Known {
    pub fn new(paths: &[PathBuf]) -> Self {
        Known { own: declarations(paths).0, library: modules().flat_map(library_declarations).collect() }
    }

    /// The declaration that is meant, first in the files, then in the library.
    ///
    /// # Errors
    /// A name that means several.
    pub fn find(&self, name: &str, arguments: &[String]) -> Result<Option<&Declared>, Mistake> {
        for all in [&self.own, &self.library] {
            let found = meant(name, all.iter().map(|d| d.name.as_str()));
            match found.as_slice() {
                [] => {}
                [one] => return Ok(all.get(*one)),
                many => {
                    let full = many.iter().filter_map(|n| Some(all.get(*n)?.name.as_str()));
                    let suggestions = full.map(|f| renamed(arguments, name, f)).collect();
                    return Err(Mistake::new(ambiguous(name, "declaration", many.len()), suggestions));
                }
            }
        }
        Ok(None)
    }

    /// Command lines with nearer names: claims, then the user's own declarations, then those of the library.
    pub fn near(&self, name: &str, claims: &[GoalName], arguments: &[String]) -> Vec<Vec<String>> {
        let claims = nearest(short(name), claims.iter().map(|c| short(&c.name))).into_iter().map(str::to_owned);
        let mut near: Vec<String> = claims.collect();
        for all in [&self.own, &self.library] {
            for n in nearest(short(name), all.iter().map(|d| short(&d.name))) {
                // With its module, so that it is the only one.
                near.extend(all.iter().filter(|d| short(&d.name) == n).map(|d| d.name.clone()));
            }
        }
        near.iter().map(|n| renamed(arguments, name, n)).collect()
    }
}

/// The answer about a declaration.
pub fn answer(d: &Declared, paths: &[PathBuf], core: bool, options: &Options) -> Answer {
    match behind(d, paths, frontend().as_mut()) {
        Ok(b) => about(d, &b, core, options),
        Err(problems) => broken(problems, options),
    }
}

/// The word of a kind at the beginning of a sentence.
fn title(kind: &str) -> &'static str {
    match kind {
        "def" => "Definition",
        "theorem" => "Theorem",
        "axiom" => "Axiom",
        "operator" => "Operator",
        "data" => "Data type",
        _ => "Constructor",
    }
}

fn about(d: &Declared, behind: &Behind, core: bool, options: &Options) -> Answer {
    let math = options.math();
    let mut lines = vec![format!("Name: {}.", d.name)];
    lines.extend(d.doc.as_ref().map(|doc| format!("Comment: {}", one_line(doc))));
    let label = if matches!(d.kind, "theorem" | "axiom") { "Statement" } else { "Type" };
    let mut document = Map::new();
    document.insert("declaration".into(), declared_json(d));
    if core {
        let text = behind.core.clone().unwrap_or_else(|| "too large to be printed, or that of a data type".to_owned());
        lines.push(format!("Core form: {text}"));
        document.insert("core".into(), behind.core.clone().into());
    } else {
        lines.extend(d.written.as_ref().map(|w| format!("{label}: {}.", statement_sentence(w, math))));
        lines.extend(match d.kind {
            "axiom" => Some("It is taken as true. The source names the theorem that implies it.".to_owned()),
            "theorem" => Some("The kernel checked its proof.".to_owned()),
            _ => None,
        });
        lines.extend(rests_on(&behind.axioms, &behind.rules));
        lines.push(format!("Source:\n{}", d.source));
    }
    document.insert("axioms".into(), behind.axioms.clone().into());
    document.insert("rules".into(), behind.rules.clone().into());
    Answer {
        first: format!("{} {}, file {}, line {}.", title(d.kind), spoken(&d.name), d.place.file, d.place.start.0),
        lines: lines.into_iter().map(Line::from).collect(),
        closing: "End of the declaration.".to_owned(),
        document,
        ..Answer::default()
    }
}

/// What a proof or a declaration rests on, in sentences.
pub fn rests_on(axioms: &[String], rules: &[String]) -> [String; 2] {
    [
        match axioms {
            [] => "It rests on no axiom.".to_owned(),
            [one] => format!("It rests on the axioms of 1 bundle: {one}."),
            several => format!("It rests on the axioms of {} bundles: {}.", several.len(), words(several)),
        },
        match rules {
            [] => "It uses no certificate rule.".to_owned(),
            some => format!("Certificate rules used: {}.", words(some)),
        },
    ]
}

/// A comment as one line.
pub fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn declared_json(d: &Declared) -> Value {
    json!({
        "name": d.name,
        "kind": d.kind,
        "file": d.place.file,
        "range": range_json(&d.place),
        "doc": d.doc,
        "statement": d.written,
        "source": d.source,
    })
}

/// The modules of the library that are asked for by name; nothing where a path is among the words.
///
/// # Errors
/// A word that looks like such a module and is none.
pub fn asked_modules(paths: &[PathBuf], arguments: &[String]) -> Result<Option<Vec<String>>, Mistake> {
    let names: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    let library = |n: &String| (n == "std" || n.starts_with("std.")) && !Path::new(n).exists();
    if names.is_empty() || !names.iter().all(library) {
        return Ok(None);
    }
    if let Some(unknown) = names.iter().find(|n| *n != "std" && !modules().any(|m| m == *n)) {
        let near = nearest(unknown, modules()).into_iter().map(|n| replaced(arguments, unknown, n));
        let what = format!("The library has no module {}.", unknown.escape_debug());
        return Err(Mistake::new(what, near.chain([line(&["list", "std"])]).collect()));
    }
    Ok(Some(names))
}

/// `bfv list std`, or with names of modules of the library.
pub fn list(names: &[String]) -> Answer {
    if names.iter().any(|n| n == "std") {
        return list_modules();
    }
    let all: Vec<Declared> = names.iter().flat_map(|n| library_declarations(n)).collect();
    let lines = all.iter().enumerate().map(|(i, d)| {
        let head = format!("Declaration {} of {}. Name: {}. Kind: {}.", i + 1, all.len(), d.name, title(d.kind));
        let doc = d.doc.as_ref().map_or(String::new(), |doc| format!(" Comment: {}", one_line(doc)));
        Line::from(format!("{head} Line: {}.{doc}", d.place.start.0))
    });
    let mut document = Map::new();
    document.insert("declarations".into(), all.iter().map(declared_json).collect());
    Answer {
        first: format!("Found {} in {} of the library.", count(all.len(), "declaration"), count(names.len(), "module")),
        lines: lines.collect(),
        hint: all.first().map(|d| format!("to read one of them, run bfv show {}", d.name)),
        closing: "End of the list.".to_owned(),
        document,
        list: "declarations",
        ..Answer::default()
    }
}

fn list_modules() -> Answer {
    let all: Vec<(&str, usize)> = modules().map(|m| (m, library_declarations(m).len())).collect();
    let lines = all.iter().enumerate().map(|(i, (module, declared))| {
        Line::from(format!("Module {} of {}. Name: {module}. Declarations: {declared}.", i + 1, all.len()))
    });
    let mut document = Map::new();
    let json = all.iter().map(|(module, declared)| json!({ "name": module, "declarations": declared }));
    document.insert("modules".into(), json.collect());
    Answer {
        first: format!("Found {} of the library.", count(all.len(), "module")),
        lines: lines.collect(),
        hint: Some("to list the declarations of one, run for example bfv list std.hull".to_owned()),
        closing: "End of the list.".to_owned(),
        document,
        list: "modules",
        ..Answer::default()
    }
}
