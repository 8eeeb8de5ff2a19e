//! A newcomer's first commands in an empty folder: init, check, gate, explain, doctor.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;

use folder::{Folder, of_newcomer};
use std::path::{Path, PathBuf};

/// The folder in which a newcomer works; what lies beside it is outside of it.
fn work(folder: &Folder) -> PathBuf {
    let dir = folder.0.join("work");
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn bfv_with(dir: &Path, program: &Path, args: &[&str]) -> (i32, String) {
    let o = of_newcomer(program, dir, &dir.join(".."), args).output().unwrap();
    let text = String::from_utf8(o.stdout).unwrap() + &String::from_utf8(o.stderr).unwrap();
    (o.status.code().unwrap(), text)
}

fn bfv(dir: &Path, args: &[&str]) -> (i32, String) {
    bfv_with(dir, Path::new(env!("CARGO_BIN_EXE_bfv")), args)
}

#[test]
fn the_template_is_written_checked_and_passes_the_gate() {
    let folder = Folder::new("template");
    let dir = work(&folder);
    let (code, text) = bfv(&dir, &["init", "--template", "ensemble"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("Wrote 2 files: bfv.toml and ensemble.sctt.\nChecked "), "{text}");
    assert!(text.ends_with("Result: every verdict is as expected.\n"), "{text}");
    let source = std::fs::read_to_string(dir.join("ensemble.sctt")).unwrap();
    let claims = source.lines().filter(|l| l.starts_with("claim ")).count();
    assert!(claims >= 5 && source.is_ascii() && source.lines().all(|l| l.len() <= 120), "{source}");
    // Every claim has its words before it, and one is refuted.
    assert_eq!(source.matches("\n--- ").count(), claims + 1, "{source}");
    assert!(source.contains("@[expect refuted"), "{source}");
    // One file for each claim, and more for what is asked beside it.
    let proofs = std::fs::read_dir(dir.join("proofs/ensemble")).unwrap().count();
    assert!(proofs >= claims, "{proofs} proofs");
    for args in [&["check"][..], &["check", "--locked"], &["check", "--fresh"], &["gate"]] {
        let (code, text) = bfv(&dir, args);
        assert_eq!(code, 0, "{args:?}: {text}");
        assert!(text.contains(&format!("{claims} ")), "{args:?}: {text}");
    }
    std::fs::remove_file(dir.join("proofs/ensemble/below_the_largest.bfvp")).unwrap();
    let (code, text) = bfv(&dir, &["gate"]);
    assert_eq!(code, 5, "{text}");
    // What is there is kept.
    let (code, text) = bfv(&dir, &["init", "--template", "ensemble"]);
    assert_eq!(code, 74, "{text}");
    assert!(text.starts_with("Error not-written: The file bfv.toml exists already. Nothing was written."), "{text}");
    assert_eq!(std::fs::read_to_string(dir.join("ensemble.sctt")).unwrap(), source);
}

#[test]
fn every_template_passes_the_gate_and_says_what_it_claims() {
    for name in ["merge", "federated", "consensus"] {
        let folder = Folder::new(name);
        let dir = work(&folder);
        let (code, text) = bfv(&dir, &["init", "--template", name]);
        assert_eq!(code, 0, "{text}");
        assert!(text.starts_with(&format!("Wrote 2 files: bfv.toml and {name}.sctt.\nChecked ")), "{text}");
        assert!(text.contains("Result: every verdict is as expected.\n"), "{text}");
        let source = std::fs::read_to_string(dir.join(format!("{name}.sctt"))).unwrap();
        let lines: Vec<&str> = source.lines().collect();
        let claims: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].starts_with("claim ")).collect();
        assert!(claims.len() >= 5 && source.is_ascii() && lines.iter().all(|l| l.len() <= 120), "{source}");
        // Every claim has its words before it, and one is refuted.
        for at in claims {
            let before = if lines[at - 1].starts_with("@[") { lines[at - 2] } else { lines[at - 1] };
            assert!(before.starts_with("--- "), "{name}: {}", lines[at]);
        }
        assert!(source.contains("@[expect refuted"), "{source}");
        let (code, text) = bfv(&dir, &["gate"]);
        assert_eq!(code, 0, "{name}: {text}");
    }
}

#[test]
fn an_unknown_template_is_refused_with_suggestions() {
    let folder = Folder::new("unknown");
    let dir = work(&folder);
    for (typed, first) in [
        ("ensembel", "init --template ensemble"),
        ("Ensemble", "init --template ensemble"),
        ("emtpy", "init --template empty"),
    ] {
        let (code, text) = bfv(&dir, &["init", "--template", typed]);
        assert_eq!(code, 2, "{typed}: {text}");
        assert!(text.starts_with("Error usage: The option --template does not take the value "), "{text}");
        assert!(text.contains(&format!("bfv {first}\n")), "{typed}: {text}");
    }
    let (code, text) = bfv(&dir, &["init", "--template", "blockchain"]);
    assert_eq!((code, text.contains("Suggestion 1 of ")), (2, true), "{text}");
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0, "something was written");
}

#[test]
fn explain_says_statement_verdict_witness_and_axioms_of_a_claim() {
    let folder = Folder::new("explain");
    let dir = work(&folder);
    assert_eq!(bfv(&dir, &["init", "--template", "ensemble"]).0, 0);
    let (code, text) = bfv(&dir, &["explain", "any_weights_do"]);
    assert_eq!(code, 0, "{text}");
    for part in [
        "Claim any weights do, file ensemble.sctt, line 18: refuted as expected.\n",
        "Statement: for all k of type Nat next w x of type Vec of begin group k plus 1 end group and of Real, weighted_mean of w and of x is at most max of x.\n",
        "The kernel checked a proof that the statement is false.\n",
        "Counterexample: k is 0, w is begin list 2 end list, x is begin list 1 end list.\n",
        "It holds if Simplex of w.\n",
        "It rests on no axiom.\n",
        "Certificate rules used: psatz.\n",
        "Found by: source.",
        "End of the explanation.\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let (code, text) = bfv(&dir, &["explain", "any_weights_do", "--math", "symbols"]);
    assert_eq!(code, 0, "{text}");
    for part in [
        "Statement: forall (k : Nat) (w x : Vec (k + 1) Real), weighted_mean w x <= max x.\n",
        "Counterexample: k = 0, w = [2], x = [1].\n",
        "It holds if `Simplex w`.\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let (code, text) = bfv(&dir, &["explain", "below_the_largest", "ensemble.sctt"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("The proof was stored. Found by: "), "{text}");
    assert!(
        text.contains(": proved as expected.\n") && text.contains("It rests on the axioms of 1 bundle: real.\n"),
        "{text}"
    );
    let (code, text) = bfv(&dir, &["explain", "any_wieghts_do"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("\nSuggestion 1 of 2: bfv explain any_weights_do\n"), "{text}");
    let (code, text) = bfv(&dir, &["explain", "E0210", "ensemble.sctt"]);
    assert_eq!(
        (code, text.contains("bfv explain E0210\n") || text.ends_with("bfv explain E0210\n")),
        (2, true),
        "{text}"
    );
    // One claim in full, with its words.
    let (code, text) = bfv(&dir, &["show", "any_weights_do"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("\nrefuted at (k := 0) (w := [2]) (x := [1])\n"), "{text}");
}

#[test]
fn doctor_says_what_works_what_is_missing_and_how_to_mend_it() {
    let folder = Folder::new("doctor");
    let dir = work(&folder);
    let (code, text) = bfv(&dir, &["doctor"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("passed: The library loads. A true claim was proved and a false one refuted.\n"), "{text}");
    assert!(
        text.contains(
            "missing: No project was found here. Proofs are stored in projects only. To make one: bfv init\n"
        ),
        "{text}"
    );
    // The program alone, without the second checker beside it.
    let alone = folder.0.join("bfv");
    std::fs::copy(env!("CARGO_BIN_EXE_bfv"), &alone).unwrap();
    let (code, text) = bfv_with(&dir, &alone, &["doctor"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("missing: The second checker bfv-recheck is not beside bfv. To add it: cargo build --release -p bfv-recheck\n"), "{text}");
    assert!(text.ends_with("Result: bfv is ready; what is missing can be added.\n"), "{text}");
    std::fs::write(dir.join("bfv.toml"), "name = \"p\"\nsources = [\"specs\"]\n").unwrap();
    let (code, text) = bfv(&dir, &["doctor"]);
    assert_eq!(code, 74, "{text}");
    assert!(
        text.contains(
            "specs of the project is not there. To mend it: Make it, or change the line sources of bfv.toml.\n"
        ),
        "{text}"
    );
    std::fs::write(dir.join("bfv.toml"), "nam = \"p\"\n").unwrap();
    let (code, text) = bfv(&dir, &["doctor"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.ends_with("Result: something needs mending.\n"), "{text}");
}
