//! A file for each message about meaning: `tests/messages/CODE/NAME.sctt`, and beside it, in `NAME.txt`, all that bfv says about it.
//! With UPDATE_EXPECTED set, the texts are written instead of compared; read them before keeping them.
//! The messages about reading a text, E01xx, are tested in the same way in the crate `syntax`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;

use bfv_diag::Code;
use folder::{Folder, newcomer};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;

fn bfv(dir: &Path, args: &[&str]) -> Output {
    newcomer(dir, dir, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The codes of all errors in a report.
fn codes(report: &str) -> BTreeSet<String> {
    report.lines().filter_map(|l| Some(l.strip_prefix("Error ")?.split(':').next()?.to_owned())).collect()
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages")
}

fn inside(path: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|f| f.unwrap().path()).collect();
    all.sort();
    all
}

#[test]
fn every_message_is_the_one_expected_and_has_the_code_of_its_folder() {
    let scratch = Folder::new("expected");
    let (mut seen, mut wrong) = (0, Vec::new());
    for code in inside(&samples()) {
        let id = code.file_name().unwrap().to_str().unwrap().to_owned();
        for file in inside(&code).iter().filter(|f| f.extension().is_some_and(|e| e == "sctt")) {
            let name = file.file_name().unwrap().to_str().unwrap();
            std::fs::copy(file, scratch.0.join(name)).unwrap();
            let o = bfv(&scratch.0, &["check", name]);
            let report = text(&o.stdout);
            assert_eq!(o.status.code(), Some(3), "{id} {name}: {report}{}", text(&o.stderr));
            assert_eq!(codes(&report), BTreeSet::from([id.clone()]), "{id} {name}: {report}");
            let errors: String = report.lines().filter(|l| l.starts_with("Error ")).map(|l| format!("{l}\n")).collect();
            let expected = file.with_extension("txt");
            if std::env::var_os("UPDATE_EXPECTED").is_some() {
                std::fs::write(&expected, &errors).unwrap();
            }
            if std::fs::read_to_string(&expected).unwrap_or_default() != errors {
                wrong.push(format!("{id} {name} gives\n{errors}"));
            }
            seen += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 80, "{seen} messages");
}

#[test]
fn every_code_about_meaning_has_a_folder_and_every_folder_is_a_code() {
    let known: BTreeSet<String> =
        Code::ALL.iter().map(|c| c.id().to_owned()).filter(|id| !id.starts_with("E01")).collect();
    let folders: BTreeSet<String> =
        inside(&samples()).iter().map(|f| f.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(known, folders);
}

/// The sample of a code gives this code and no other, and `bfv explain` knows the code in both cases of letters.
#[test]
fn every_code_can_be_explained_and_its_sample_gives_exactly_it() {
    let scratch = Folder::new("samples");
    for code in Code::ALL {
        let file = format!("{}.sctt", code.id());
        std::fs::write(scratch.0.join(&file), code.sample().bytes()).unwrap();
        let o = bfv(&scratch.0, &["check", &file]);
        std::fs::remove_file(scratch.0.join(&file)).unwrap();
        let report = text(&o.stdout);
        let mut found = codes(&report);
        match code {
            // This one ends a long list of others.
            Code::TooManyErrors => {
                assert!(found.remove(code.id()) && !found.is_empty(), "{report:.300}");
            }
            _ => {
                let warning = report.contains(&format!("Warning {}: ", code.id()));
                let only = if warning { BTreeSet::new() } else { BTreeSet::from([code.id().to_owned()]) };
                assert_eq!(found, only, "{}: {report:.600}", code.id());
            }
        }
        for id in [code.id().to_owned(), code.id().to_lowercase()] {
            let o = bfv(&scratch.0, &["explain", &id]);
            assert_eq!(o.status.code(), Some(0), "{id}");
            let page = text(&o.stdout);
            assert!(page.starts_with(&format!("Code {}: {}.", code.id(), code.title())), "{page}");
            assert!(page.contains(code.explanation()), "{page}");
        }
    }
}

/// A mistake in one declaration hides neither those of others nor a name that is declared twice.
#[test]
fn every_declaration_is_reported_in_one_run() {
    let scratch = Folder::new("recovery");
    let source = "claim a : 1 = true\nclaim a : 2 = 2\ndef b : Nat := (1 + \ndef c : Nat := missing\ntheorem d (n : Nat) : n = n := ?hole\nclaim good : 1 = 1\n";
    std::fs::write(scratch.0.join("many.sctt"), source).unwrap();
    let o = bfv(&scratch.0, &["check", "many.sctt"]);
    let report = text(&o.stdout);
    assert_eq!(o.status.code(), Some(3));
    let expected = ["E0122", "E0201", "E0203", "E0210", "E0303"].map(str::to_owned);
    assert_eq!(codes(&report), BTreeSet::from(expected), "{report}");
    assert!(report.starts_with("Found 5 errors in many.sctt, and checked 1 goal: 1 proved,"), "{report}");
}

/// The proofs of two modules share a folder where the case of letters does not count.
#[test]
fn modules_that_differ_only_in_case_are_refused() {
    let scratch = Folder::new("modules");
    std::fs::write(scratch.0.join("a.sctt"), "module hull\nclaim a : 1 = 1\n").unwrap();
    std::fs::write(scratch.0.join("b.sctt"), "module Hull\nclaim a : 2 = 2\n").unwrap();
    let o = bfv(&scratch.0, &["check", "a.sctt", "b.sctt"]);
    let report = text(&o.stdout);
    assert_eq!((o.status.code(), codes(&report)), (Some(3), BTreeSet::from(["E0203".to_owned()])), "{report}");
    assert!(report.contains("The modules `hull` and `Hull` differ only in the case of letters."), "{report}");
}

/// What a newcomer meets first: a claim about a definition of their own, which the search does not open.
#[test]
fn an_unknown_about_an_own_definition_says_how_to_go_on() {
    let scratch = Folder::new("own");
    let source = "import std.fusion\n\ndef avg (x : Vec 3 Real) : Real := sum x / 3\n\nclaim low (x : Vec 3 Real) : avg x <= max x\n";
    std::fs::write(scratch.0.join("own.sctt"), source).unwrap();
    let o = bfv(&scratch.0, &["check", "own.sctt"]);
    let report = text(&o.stdout);
    assert_eq!(o.status.code(), Some(4), "{report}");
    assert!(report.contains(" The search does not look into `avg`. Begin with `by unfold avg`.\n"), "{report}");
    // The library's own definitions are not named.
    let source = "import std.mean\nclaim low {k : Nat} (x : Vec (k + 1) Real) : variance x <= sum_sq x\n";
    std::fs::write(scratch.0.join("own.sctt"), source).unwrap();
    let report = text(&bfv(&scratch.0, &["check", "own.sctt"]).stdout);
    assert!(report.contains("Unknown: low") && !report.contains("look into"), "{report}");
}
