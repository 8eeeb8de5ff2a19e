//! The solver z3, through the real program: what it names is tried, and whatever it answers, no verdict rests on its word.
//! Programs that lie, babble, never end or fail stand in for it; the real one is asked where `cargo xtask setup` has built it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;

use folder::{Folder, newcomer};
use serde_json::Value;
use std::path::Path;
use std::time::Instant;

/// Claims that the native search leaves open: a false one, and a true one.
const CLAIMS: &str = "module claims
import std.real

claim thin (x y : Real) (h : x * x + y * y <= 1) : x * y * y * y <= 1/4
claim bounded (x y : Real) (h : x * x + y * y <= 1) : x * y * y * y <= 1/3
";

/// The exit code and the goals of a check of the claims, asking z3.
fn check(folder: &Folder, solver: Option<&Path>) -> (i32, Vec<Value>) {
    folder.write("claims.sctt", CLAIMS.as_bytes());
    let args = ["check", "claims.sctt", "--engine", "z3", "--budget", "20000", "--format", "json"];
    let mut c = newcomer(&folder.0, &folder.0, &args);
    c.env_remove("BFV_Z3");
    if let Some(solver) = solver {
        c.env("BFV_Z3", solver);
    }
    let o = c.output().unwrap();
    let document: Value = serde_json::from_slice(&o.stdout).unwrap();
    (o.status.code().unwrap(), document["goals"].as_array().unwrap().clone())
}

/// The same with a shell script in place of z3.
fn check_with(name: &str, script: &str) -> (i32, Vec<(String, String)>) {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new(name);
    folder.write("solver", format!("#!/bin/sh\n{script}\n").as_bytes());
    let solver = folder.0.join("solver");
    std::fs::set_permissions(&solver, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (code, goals) = check(&folder, Some(&solver));
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    (code, goals.iter().map(|g| (text(&g["verdict"]), text(&g["reason"]))).collect())
}

fn all_unknown(reason: &str) -> (i32, Vec<(String, String)>) {
    (4, vec![("unknown".to_owned(), reason.to_owned()); 2])
}

#[test]
fn a_solver_that_lies_changes_no_verdict() {
    // The point violates the hypothesis of both claims, so neither is refuted by it.
    assert_eq!(check_with("lies", "echo values; echo r0 100/1; echo r1 100/1"), all_unknown("incomplete"));
    assert_eq!(check_with("says-none", "echo none"), all_unknown("incomplete"));
    // A point that refutes the first claim is one, whoever names it; it does not refute the second.
    let (code, goals) = check_with("guesses", "echo values; echo r0 1/2; echo r1 0.86");
    let verdicts: Vec<&str> = goals.iter().map(|(v, _)| v.as_str()).collect();
    assert_eq!((code, verdicts), (1, vec!["refuted", "unknown"]));
}

#[test]
fn a_solver_that_gives_no_answer_is_a_reason() {
    assert_eq!(check_with("babbles", "head -c 100000 /dev/urandom"), all_unknown("incomplete"));
    assert_eq!(check_with("fails", "exit 3"), all_unknown("incomplete"));
    assert_eq!(check_with("too-few", "echo values; echo r0 1/2"), all_unknown("incomplete"));
    assert_eq!(check_with("no-memory", "echo unknown max. memory exceeded"), all_unknown("memory"));
    assert_eq!(check_with("no-time", "echo unknown timeout"), all_unknown("time"));
}

#[test]
fn a_solver_that_never_ends_is_stopped() {
    let start = Instant::now();
    assert_eq!(check_with("endless", "while :; do echo values; done"), all_unknown("incomplete"));
    assert_eq!(check_with("sleeps", "exec sleep 600"), all_unknown("time"));
    assert!(start.elapsed().as_secs() < 120);
}

#[test]
fn a_solver_that_is_not_there_is_a_missing_tool() {
    let folder = Folder::new("missing");
    let (code, goals) = check(&folder, Some(Path::new("/nowhere/bfv-z3")));
    assert_eq!(code, 6);
    assert!(goals.iter().all(|g| g["reason"] == "tool-missing"), "{goals:?}");
    assert!(goals[0]["message"].as_str().unwrap().contains("cargo xtask setup"), "{goals:?}");
}

/// The real one, where it is there: it finds a point that the native search does not.
#[test]
fn z3_finds_a_thin_set_of_points() {
    if !Path::new(env!("CARGO_BIN_EXE_bfv")).with_file_name("bfv-z3").is_file() {
        println!("Not run: needs bfv-z3, which cargo xtask setup builds.");
        return;
    }
    let folder = Folder::new("real");
    let (code, goals) = check(&folder, None);
    assert_eq!(code, 1, "{goals:?}");
    assert_eq!(goals[0]["verdict"], "refuted");
    assert_eq!(goals[0]["proof"]["engine"], "z3");
    assert_eq!(goals[1]["verdict"], "unknown");
}
