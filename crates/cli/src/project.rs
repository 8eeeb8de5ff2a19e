//! `bfv.toml`: the project's name and the policy of its gate.

use bfv_driver::{Allowance, Code, Place, Policy, Problem, Store, StoreMode};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The name of the file.
pub const FILE: &str = "bfv.toml";

/// A project.
#[derive(Debug)]
pub struct Project {
    /// Where its `bfv.toml` lies.
    pub folder: PathBuf,
    /// Its name.
    pub name: String,
    /// What commands work on when no path is given, relative to the folder.
    pub sources: Vec<PathBuf>,
    /// What its gate allows.
    pub policy: Policy,
}

impl Project {
    /// Where its proofs are stored: those of its own sources, and no others.
    pub fn store(&self, mode: StoreMode) -> Store {
        Store::new(&self.folder, mode).of(&self.sources)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    sources: Option<Vec<PathBuf>>,
    #[serde(default)]
    gate: Gate,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Gate {
    allow: Option<Vec<String>>,
    #[serde(default)]
    unknown: Vec<Unknown>,
    #[serde(default)]
    points: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unknown {
    claim: String,
    reason: String,
}

/// The project that a path belongs to: the nearest `bfv.toml` at or above it.
pub fn find(start: &Path) -> Result<Option<Project>, Problem> {
    let absolute = std::path::absolute(start).map_err(|e| Problem::not_read(&start.display().to_string(), &e))?;
    for folder in absolute.ancestors() {
        let file = folder.join(FILE);
        if file.is_file() {
            return read(folder, &file).map(Some);
        }
    }
    Ok(None)
}

fn read(folder: &Path, file: &Path) -> Result<Project, Problem> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|e| Problem::not_read(&shown, &e))?;
    parse(&text, folder, &shown)
}

fn parse(text: &str, folder: &Path, shown: &str) -> Result<Project, Problem> {
    let document: Document = toml::from_str(text).map_err(|e| {
        let first = e.message().lines().next().unwrap_or_default().replace('`', "").trim_end_matches('.').to_owned();
        let bytes = e.span().unwrap_or(0..0);
        let mut problem = Problem::new(
            Code::BadSettings,
            format!("The project file is malformed: {first}."),
            "see bfv help project for its form.",
        );
        problem.place = Some(Box::new(Place {
            file: shown.to_owned(),
            start: position(text, bytes.start),
            end: position(text, bytes.end),
            bytes,
        }));
        problem
    })?;
    let Document { name, sources, gate } = document;
    let mut unknown = Vec::new();
    for Unknown { claim, reason } in gate.unknown {
        if reason.trim().is_empty() {
            let what = format!("The project file {shown} lists the claim {claim} as unknown and gives no reason.");
            return Err(Problem::new(Code::BadSettings, what, "write why the claim may be unknown."));
        }
        unknown.push(Allowance { claim, reason });
    }
    let allow = gate.allow.unwrap_or_else(|| Policy::default().allow);
    let sources = sources.unwrap_or_else(|| vec![PathBuf::from(".")]);
    Ok(Project { folder: folder.to_owned(), name, sources, policy: Policy { allow, unknown, points: gate.points } })
}

/// Line and column of a byte offset, both from 1.
pub fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Project, Problem> {
        parse(text, Path::new("."), "bfv.toml")
    }

    #[test]
    fn reads_name_and_policy() {
        let text = "name = \"p\"\nsources = [\"examples\"]\n[gate]\nallow = [\"real\", \"exp\"]\npoints = true\n[[gate.unknown]]\nclaim = \"m.c\"\nreason = \"open\"\n";
        let Project { name, sources, policy, .. } = parsed(text).unwrap();
        assert_eq!(name, "p");
        assert_eq!(sources, [PathBuf::from("examples")]);
        assert_eq!(policy.allow, ["real", "exp"]);
        assert!(policy.points);
        assert_eq!(policy.unknown, [Allowance { claim: "m.c".into(), reason: "open".into() }]);
    }

    #[test]
    fn allows_only_the_bundle_real_where_nothing_is_said() {
        let Project { sources, policy, .. } = parsed("name = \"p\"\n").unwrap();
        assert_eq!(policy, Policy::default());
        assert_eq!(policy.allow, ["real"]);
        assert_eq!(sources, [PathBuf::from(".")]);
        let Project { policy, .. } = parsed("name = \"p\"\n[gate]\nallow = []\n").unwrap();
        assert_eq!(policy.allow, Vec::<String>::new());
    }

    #[test]
    fn refuses_a_misspelt_key_with_its_place() {
        let p = parsed("name = \"p\"\n[gate]\nalow = []\n").unwrap_err();
        assert_eq!(p.code, Code::BadSettings);
        assert_eq!(p.place.unwrap().start, (3, 1));
    }

    #[test]
    fn refuses_an_unknown_claim_without_a_reason() {
        let text = "name = \"p\"\n[[gate.unknown]]\nclaim = \"m.c\"\nreason = \" \"\n";
        assert!(parsed(text).unwrap_err().what.contains("gives no reason"));
    }
}
