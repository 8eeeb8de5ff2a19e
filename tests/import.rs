//! Recipes as people have them, through the real program: from the recipe to the verdicts, and what is said of wrong ones.
//! Beside each recipe in `tests/import` lies what is printed; `UPDATE_EXPECTED=1` writes it anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;

use folder::{Folder, newcomer};
use std::path::{Path, PathBuf};
use std::time::Instant;

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/import");

/// The exit code and what is printed, first on standard output, then on standard error without the milestones of a slow machine.
fn bfv(dir: &Path, args: &[&str]) -> (i32, String) {
    let o = newcomer(dir, dir, args).output().unwrap();
    let noise = String::from_utf8(o.stderr).unwrap();
    let noise: String = noise.lines().filter(|l| !l.starts_with("Still ")).map(|l| format!("{l}\n")).collect();
    (o.status.code().unwrap(), String::from_utf8(o.stdout).unwrap() + &noise)
}

/// Rows of a screen of 80 columns.
fn rows(text: &str) -> usize {
    text.lines().map(|l| l.chars().count().div_ceil(80).max(1)).sum()
}

fn samples(folder: &str, ending: &str) -> Vec<(String, PathBuf)> {
    let mut out: Vec<(String, PathBuf)> = std::fs::read_dir(Path::new(SAMPLES).join(folder))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == ending))
        .map(|p| (p.file_stem().unwrap().to_str().unwrap().to_owned(), p))
        .collect();
    out.sort();
    out
}

/// Runs one recipe in a folder of its own. The file of claims is read back where one was written.
fn run(name: &str, recipe: &Path) -> (i32, String, Option<String>) {
    let folder = Folder::new(name);
    let dir = &folder.0;
    let (code, text) = if recipe.extension().unwrap() == "yml" {
        let file = recipe.file_name().unwrap().to_str().unwrap();
        std::fs::copy(recipe, dir.join(file)).unwrap();
        let start = Instant::now();
        let got = bfv(dir, &["import", "mergekit", file]);
        eprintln!("{name}: {} ms", start.elapsed().as_millis());
        got
    } else {
        let args = std::fs::read_to_string(recipe).unwrap();
        let args: Vec<&str> = ["import", "aggregator"].into_iter().chain(args.split_whitespace()).collect();
        let start = Instant::now();
        let got = bfv(dir, &args);
        eprintln!("{name}: {} ms", start.elapsed().as_millis());
        got
    };
    let written: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "sctt"))
        .collect();
    assert!(written.len() <= 1, "{written:?}");
    let source = written.first().map(|p| std::fs::read_to_string(p).unwrap());
    if let (Some(path), Some(source)) = (written.first(), &source) {
        assert!(source.is_ascii(), "{source}");
        // The file is good on its own, and says the same again.
        let (again, check) = bfv(dir, &["check", path.file_name().unwrap().to_str().unwrap()]);
        assert_eq!(again, code, "{check}");
        let verdicts = |t: &str| t.lines().filter(|l| l.starts_with("Refuted") || l.starts_with("Unknown")).count();
        assert_eq!(verdicts(&check), verdicts(&text), "{check}\n{text}");
    }
    (code, text, source)
}

fn compare(recipe: &Path, code: i32, text: &str) {
    let got = format!("exit code {code}\n{text}");
    let expected = recipe.with_extension("txt");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&expected, &got).unwrap();
    }
    let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
    assert_eq!(got, wanted, "{}", recipe.display());
}

fn good(name: &str, recipe: &Path) {
    let (code, text, source) = run(name, recipe);
    assert_eq!(code, 0, "{name}: {text}");
    assert!(rows(&text) <= 24, "{name} has {} rows:\n{text}", rows(&text));
    assert!(text.starts_with("Wrote 1 file: ") && text.ends_with("Result: every verdict is as expected.\n"), "{text}");
    assert!(text.contains(", 0 unknown."), "{text}");
    let source = source.unwrap();
    let claims = source.lines().filter(|l| l.starts_with("claim ")).count();
    assert_eq!(
        claims,
        text.lines().filter(|l| l.starts_with("Proved: ") || l.starts_with("Refuted, as expected: ")).count(),
        "{text}"
    );
    assert!(source.contains("@[expect refuted]\n") || name == "multi_krum", "{source}");
    assert!(!source.contains("expect unknown"), "{source}");
    compare(recipe, code, &text);
}

#[test]
fn mergekit_files_become_claims_on_one_screen() {
    let all = samples(".", "yml");
    assert!(all.len() >= 5);
    for (name, recipe) in all {
        good(&name, &recipe);
    }
}

#[test]
fn settings_of_aggregators_become_claims_on_one_screen() {
    let all = samples("aggregators", "args");
    assert_eq!(all.len(), 7, "one for each rule");
    for (name, recipe) in all {
        good(&name, &recipe);
    }
}

#[test]
fn a_wrong_recipe_is_said_to_be_with_its_number_and_place() {
    let mut codes = Vec::new();
    for (name, recipe) in [samples("wrong", "yml"), samples("aggregators/wrong", "args")].concat() {
        let (code, text, source) = run(&name, &recipe);
        assert!(rows(&text) <= 24, "{name}: {text}");
        match code {
            // The kernel refutes the claim that the recipe is sound, and the words name the number.
            1 => {
                assert!(
                    source.is_some() && text.contains("\nRefuted: ") && text.contains(" Expected: proved."),
                    "{text}"
                );
                assert!(text.contains("\nError recipe: ") && text.contains(" To mend it: "), "{text}");
            }
            2 => assert!(source.is_none() && text.starts_with("Error usage: "), "{text}"),
            3 => assert!(source.is_none() && text.starts_with("Error recipe: "), "{text}"),
            other => panic!("{name}: {other}\n{text}"),
        }
        if recipe.extension().unwrap() == "yml" {
            assert!(text.contains(&format!("File {name}.yml, line ")) && text.contains(", column "), "{text}");
        }
        compare(&recipe, code, &text);
        codes.push(code);
    }
    for code in [1, 2, 3] {
        assert!(codes.contains(&code), "no sample with exit code {code}");
    }
}

#[test]
fn weights_are_read_exactly() {
    let folder = Folder::new("exact");
    let dir = &folder.0;
    let text = "merge_method: linear\nparameters: {normalize: false}\nmodels:\n- {model: a, parameters: {weight: 0.1}}\n- {model: b, parameters: {weight: 2.e-1}}\n- &c {model: c, parameters: {weight: \"0.70\"}}\n";
    std::fs::write(dir.join("My Merge-1.yml"), text).unwrap();
    let (code, text) = bfv(dir, &["import", "mergekit", "My Merge-1.yml"]);
    assert_eq!(code, 0, "{text}");
    // In floats the sum of the three would not be 1.
    assert!(text.contains("Proved: weights sum to 1, line "), "{text}");
    let source = std::fs::read_to_string(dir.join("my_merge_1.sctt")).unwrap();
    assert!(source.contains("def weights : Vec 3 Real := [0.1, 0.2, 0.7]\n"), "{source}");
}

#[test]
fn what_is_there_is_kept_unless_it_is_to_be_replaced() {
    let folder = Folder::new("kept");
    let dir = &folder.0;
    std::fs::copy(Path::new(SAMPLES).join("linear.yml"), dir.join("linear.yml")).unwrap();
    std::fs::write(dir.join("linear.sctt"), "claim mine : 1 = 1 by refl\n").unwrap();
    let (code, text) = bfv(dir, &["import", "mergekit", "linear.yml"]);
    assert_eq!(code, 74, "{text}");
    assert!(text.starts_with("Error not-written: The file linear.sctt exists already. Nothing was written."), "{text}");
    assert_eq!(std::fs::read_to_string(dir.join("linear.sctt")).unwrap(), "claim mine : 1 = 1 by refl\n");
    let (code, text) = bfv(dir, &["import", "mergekit", "linear.yml", "--output", "other.sctt"]);
    assert_eq!((code, dir.join("other.sctt").exists()), (0, true), "{text}");
    let (code, text) = bfv(dir, &["import", "mergekit", "linear.yml", "--replace"]);
    assert_eq!(code, 0, "{text}");
    assert!(std::fs::read_to_string(dir.join("linear.sctt")).unwrap().contains("operator merge"));
    let (code, text) = bfv(dir, &["import", "mergekit", "no.yml"]);
    assert_eq!(code, 74, "{text}");
    assert!(text.starts_with("Error not-read: The file no.yml cannot be read"), "{text}");
}

#[test]
fn in_a_project_the_proofs_are_stored_and_the_gate_passes() {
    let folder = Folder::new("project");
    let dir = &folder.0;
    assert_eq!(bfv(dir, &["init"]).0, 0);
    let args = ["import", "aggregator", "--rule", "trimmed-mean", "--n", "5", "--f", "1", "--trim", "1"];
    assert_eq!(bfv(dir, &args).0, 0);
    let (code, text) = bfv(dir, &["gate"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("Gate passed: 6 claims and 0 violations"), "{text}");
}

#[test]
fn the_command_line_says_what_is_missing() {
    let folder = Folder::new("usage");
    let dir = &folder.0;
    for (args, code, parts) in [
        (&["import"][..], 2, ["needs one word more", "bfv import mergekit mergekit_config.yml"]),
        (
            &["import", "mergkit", "a.yml"],
            2,
            ["The word FROM does not take the value mergkit.", "bfv import mergekit a.yml"],
        ),
        (&["import", "mergekit"], 2, ["A file of mergekit must be named.", "bfv import mergekit mergekit_config.yml"]),
        (&["import", "aggregator"], 2, ["needs the option --rule", "bfv import aggregator --rule trimmed-mean"]),
        (&["import", "aggregator", "a.yml"], 2, ["An aggregator has settings and no file.", "bfv import aggregator\n"]),
        (
            &["import", "aggregator", "--rule", "krum", "--n", "ten"],
            2,
            ["--n does not take the value ten", "Nothing was run"],
        ),
    ] {
        let (got, text) = bfv(dir, args);
        assert_eq!(got, code, "{args:?}: {text}");
        for part in parts {
            assert!(text.contains(part), "{args:?}: {part}\n{text}");
        }
    }
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 0, "something was written");
}
