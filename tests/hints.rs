//! Hints of z3 for proofs about protocols, through the real program: they bring home what the search does not reach by itself, and
//! whatever the solver says, no verdict rests on its word. Programs that lie, babble or never end stand in for it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;

use folder::{Folder, newcomer};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The property is true, and the invariant is not kept: nobody stays silent.
const SILENT: &str = "import std.ground

protocol voting {n f : Nat} (bound : 3 * f < n)
  sort worker := Fin n
  sort value := Nat
  byzantine byz : worker at most f
  message voted : worker -> value -> Bool
  relation decided : worker -> value -> Bool
  command vote (w : worker) (v : value)
    when not byz w /\\ forall x, not voted w x
    do voted w v := true
  command decide (w : worker) (v : value)
    when not byz w /\\ n + f < 2 * count (fun u => voted u v)
    do decided w v := true
  decides decided
  invariant silent : forall w v, not byz w -> not voted w v
  safety agreement : forall w u v x, decided w v -> decided u x -> v = x
end
";

/// The exit code and the goal of a check that asks z3, or a shell script in its place.
fn check(name: &str, text: &str, goal: &str, budget: &str, script: Option<&str>) -> (i32, Value) {
    let folder = Folder::new(&format!("hints-{name}"));
    folder.write("trial.sctt", text.as_bytes());
    let args = ["check", "trial.sctt", "--goal", goal, "--engine", "z3", "--budget", budget, "--format", "json"];
    let mut c = newcomer(&folder.0, &folder.0, &args);
    c.env_remove("BFV_Z3");
    if let Some(script) = script {
        folder.write("solver", format!("#!/bin/sh\n{script}\n").as_bytes());
        let solver = folder.0.join("solver");
        std::fs::set_permissions(&solver, std::fs::Permissions::from_mode(0o755)).unwrap();
        c.env("BFV_Z3", solver);
    }
    let o = c.output().unwrap();
    let document: Value = serde_json::from_slice(&o.stdout).unwrap();
    (o.status.code().unwrap(), document["goals"][0].clone())
}

/// The goal stays open, whatever the script says, and the message has a part.
fn stays_open(name: &str, script: &str, part: &str) {
    let (code, goal) = check(name, SILENT, "agreement", "3000", Some(script));
    assert_eq!((code, goal["verdict"].as_str()), (4, Some("unknown")), "{name}: {goal}");
    assert_eq!(goal["proof"], Value::Null, "{name}: {goal}");
    let said = goal["message"].as_str().unwrap();
    assert!(said.contains("It is not shown that `vote` keeps"), "{name}: {said}");
    assert!(said.contains(part), "{name}: {said}");
}

#[test]
fn a_solver_that_lies_changes_no_verdict() {
    let vain = "What z3 named as a hint led to no proof.";
    stays_open("nothing", "echo none", vain);
    stays_open("others", "echo none; echo i0; echo i999; echo s7; echo o3; echo nonsense; echo i", vain);
    // It says that everything it is asked about is true, every time.
    stays_open("true", "shift 2; echo values; for n in \"$@\"; do echo \"$n true\"; done", "z3");
    stays_open("false", "shift 2; echo values; for n in \"$@\"; do echo \"$n false\"; done", "z3");
}

#[test]
fn a_solver_that_gives_no_answer_is_told() {
    stays_open("babbles", "head -c 100000 /dev/urandom", "The answer of the solver z3 cannot be read.");
    stays_open("fails", "exit 3", "The answer of the solver z3 cannot be read.");
    stays_open("short", "echo values; echo b0 true", "The answer of the solver z3 cannot be read.");
    stays_open("late", "echo unknown timeout", "The solver z3 knows of no contradiction.");
    stays_open("hangs", "exec sleep 600", "The solver z3 was stopped.");
}

#[test]
fn a_solver_that_is_not_there_is_a_missing_tool() {
    let folder = Folder::new("hints-missing");
    folder.write("trial.sctt", SILENT.as_bytes());
    let args = ["check", "trial.sctt", "--engine", "z3", "--budget", "3000", "--format", "json"];
    let o = newcomer(&folder.0, &folder.0, &args).env("BFV_Z3", "/nowhere/bfv-z3").output().unwrap();
    let document: Value = serde_json::from_slice(&o.stdout).unwrap();
    let goal = &document["goals"][0];
    assert_eq!((o.status.code(), goal["reason"].as_str()), (Some(6), Some("tool-missing")), "{goal}");
    assert!(goal["message"].as_str().unwrap().contains("cargo xtask setup"), "{goal}");
}

/// Whether the real one is there.
fn has_z3() -> bool {
    let there = Path::new(env!("CARGO_BIN_EXE_bfv")).with_file_name("bfv-z3").is_file();
    if !there {
        println!("Not run: needs bfv-z3, which cargo xtask setup builds.");
    }
    there
}

/// The search by itself runs out of steps there, and is asked first; that the name of the engine is another one shows both.
#[test]
fn hints_bring_home_what_the_search_does_not_reach() {
    if !has_z3() {
        return;
    }
    let bosco = include_str!("../examples/consensus/bosco.sctt");
    let (code, goal) = check("bosco", bosco, "going_on.kept_agrees", "250000", None);
    assert_eq!((code, goal["verdict"].as_str()), (0, Some("proved")), "{goal}");
    assert_eq!(goal["proof"]["engine"], "invariants-z3", "{goal}");
}

#[test]
fn what_is_most_likely_not_kept_is_told() {
    if !has_z3() {
        return;
    }
    let (code, goal) = check("silent", SILENT, "agreement", "20000", None);
    assert_eq!((code, goal["verdict"].as_str()), (4, Some("unknown")), "{goal}");
    assert_eq!(goal["reason"], "incomplete", "{goal}");
    assert!(goal["message"].as_str().unwrap().contains("Most likely an invariant is missing or wrong."), "{goal}");
}
