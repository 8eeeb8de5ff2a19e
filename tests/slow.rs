//! `benches/cubical/SLOW.md`: the computations for which the second checker may answer `budget`, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_recheck::{Limits, recheck};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The names on the page.
fn listed() -> BTreeSet<String> {
    let page = read("benches/cubical/SLOW.md");
    let names: Vec<String> =
        page.lines().filter_map(|l| l.strip_prefix("- `")?.split_once('`').map(|(name, _)| name.to_owned())).collect();
    let lines = page.lines().filter(|l| l.starts_with('-')).count();
    assert_eq!(names.len(), lines, "every line with a hyphen begins with a name between backticks");
    let distinct: BTreeSet<String> = names.iter().cloned().collect();
    assert_eq!(distinct.len(), lines, "a name stands twice");
    distinct
}

/// The files with an ending in a folder and the folders in it.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let (mut out, mut todo) = (Vec::new(), vec![root().join(folder)]);
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == ending) {
            out.push(path);
        }
    }
    out.sort();
    out
}

/// The module of a source: what its first line says, otherwise the name of the file.
fn module(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let named = text.lines().find_map(|l| l.strip_prefix("module "));
    named.map_or_else(|| file.file_stem().unwrap().to_string_lossy().into_owned(), |m| m.trim().to_owned())
}

/// The names that follow one of the words at the beginning of a line.
fn declared(file: &Path, words: &[&str]) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let name = |l: &str| {
        let rest = words.iter().find_map(|w| l.strip_prefix(w)?.strip_prefix(' '))?;
        rest.split([' ', ':', '{', '(']).next().map(str::to_owned)
    };
    text.lines().filter_map(name).collect()
}

/// The computations of the benchmark, as `module.claim`, with their files.
fn computations() -> Vec<(String, PathBuf)> {
    let all: Vec<(String, PathBuf)> = files("benches/cubical", "sctt")
        .into_iter()
        .flat_map(|f| {
            let module = module(&f);
            declared(&f, &["claim"]).into_iter().map(move |c| (format!("{module}.{c}"), f.clone())).collect::<Vec<_>>()
        })
        .collect();
    assert!(all.len() >= 10, "{all:?}");
    all
}

/// What the second checker answers: the claim that it accepts, or the reason.
fn second(proof: &Path) -> Result<String, &'static str> {
    let bytes = std::fs::read(proof).unwrap();
    let run = move || recheck(&bytes, Limits::default()).map(|r| r.claim).map_err(|r| r.reason);
    std::thread::Builder::new().stack_size(1 << 30).spawn(run).unwrap().join().unwrap()
}

#[test]
fn every_listed_name_is_a_computation_of_the_benchmark() {
    let there: BTreeSet<String> = computations().into_iter().map(|(name, _)| name).collect();
    let unknown: Vec<String> = listed().difference(&there).cloned().collect();
    assert!(unknown.is_empty(), "in no file of benches/cubical: {unknown:?}");
}

#[test]
fn nothing_of_the_library_and_of_the_examples_is_listed() {
    let listed = listed();
    for folder in ["sctt", "examples"] {
        let files = files(folder, "sctt");
        assert!(files.len() > 5, "{folder}");
        for file in files {
            let module = module(&file);
            for name in declared(&file, &["def", "operator", "theorem", "claim", "axiom"]) {
                let name = format!("{module}.{name}");
                assert!(!listed.contains(&name), "{name} is listed as heavy, and others build on it");
            }
        }
    }
}

/// Every proof of the project, none of which is listed, is accepted within the budget.
#[test]
fn no_stored_proof_is_heavy() {
    let listed = listed();
    let proofs = files("proofs", "bfvp");
    assert!(proofs.len() > 100, "{} proofs", proofs.len());
    for proof in proofs {
        let answer = second(&proof);
        let name = answer.unwrap_or_else(|reason| panic!("{}: {reason}", proof.display()));
        assert!(!listed.contains(&name), "{name} is listed as heavy");
    }
}

/// The first computation of each family, judged and stored: where the second checker answers `budget`, it is listed.
#[test]
fn a_computation_over_budget_is_listed() {
    let listed = listed();
    let dir = std::env::temp_dir().join(format!("bfv-slow-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("bfv.toml"), "name = \"slow\"\n").unwrap();
    let mut seen = BTreeSet::new();
    for (name, file) in computations() {
        let (module, claim) = name.rsplit_once('.').unwrap();
        if !seen.insert(module.to_owned()) {
            continue;
        }
        // Only this claim: the elaborator computes those that stand beside it as well.
        let text = std::fs::read_to_string(&file).unwrap();
        let this = format!("claim {claim} ");
        let kept: Vec<&str> = text.lines().filter(|l| !l.starts_with("claim ") || l.starts_with(&this)).collect();
        std::fs::write(dir.join("one.sctt"), kept.join("\n")).unwrap();
        let done = Command::new(env!("CARGO_BIN_EXE_bfv"))
            .args(["check", "--fresh", "one.sctt"])
            .current_dir(&dir)
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&done.stdout));
        match second(&dir.join(format!("proofs/{module}/{claim}.bfvp"))) {
            Ok(accepted) => assert_eq!(accepted, name),
            Err(reason) => {
                assert_eq!(reason, "budget", "{name}");
                assert!(listed.contains(&name), "{name} is not listed as heavy");
            }
        }
    }
    std::fs::remove_dir_all(dir).unwrap();
}

/// In the figures that were measured, what the second checker had no budget for is listed, and what it accepted is not.
#[test]
fn the_measured_figures_agree_with_the_page() {
    let page = read("benches/RESULTS.md");
    let section = page.split("\n## ").find(|s| s.starts_with("Cubical\n")).unwrap();
    let listed = listed();
    let names: BTreeSet<String> = computations().into_iter().map(|(name, _)| name).collect();
    let mut rows = 0;
    for line in section.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Some(name) = cells[0].strip_prefix('`').and_then(|c| c.strip_suffix('`')).filter(|n| names.contains(*n))
        else {
            continue;
        };
        rows += 1;
        let second = cells[7];
        assert_eq!(second.starts_with("budget"), listed.contains(name), "{name}: {second}");
    }
    assert_eq!(rows, names.len(), "run cargo xtask bench cubical");
}
