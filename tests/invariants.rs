//! The prover of statements about workers, values and sets of them, and of protocols by their invariants: what it proves is judged by the
//! kernel and by the second checker, what does not hold it does not prove, and what it could not show it names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of its own with a project, so that proofs are stored.
fn project(name: &str, text: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("invariants-{name}"));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("bfv.toml"), "name = \"trial\"\n").unwrap();
    std::fs::write(dir.join("trial.sctt"), text).unwrap();
    dir
}

/// What bfv says: the exit code and the goals.
fn checked(dir: &Path) -> (i32, Vec<serde_json::Value>) {
    let o = Command::new(env!("CARGO_BIN_EXE_bfv"))
        .args(["check", "trial.sctt", "--format", "json"])
        .current_dir(dir)
        .output()
        .unwrap();
    let document: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
    assert_eq!(document["problems"].as_array().unwrap().len(), 0, "{document}");
    (o.status.code().unwrap(), document["goals"].as_array().unwrap().clone())
}

/// The second checker accepts every stored proof of a project.
fn recheck(dir: &Path) -> usize {
    let mut seen = 0;
    for module in std::fs::read_dir(dir.join("proofs")).unwrap() {
        for file in std::fs::read_dir(module.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|e| e != "bfvp") {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let judged = std::thread::Builder::new()
                .stack_size(1 << 30)
                .spawn(move || {
                    bfv_recheck::recheck(&bytes, bfv_recheck::Limits::default()).map(|_| ()).map_err(|r| r.reason)
                })
                .unwrap();
            judged.join().unwrap().unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            seen += 1;
        }
    }
    seen
}

/// Claims that the prover proves, each with a neighbour that does not hold.
const CLAIMS: &str = "import std.ground

claim instance (p q : Nat -> Bool) (h : forall x, p x -> q x) (x : Nat) (k : p x) : q x
claim unrelated (p q : Nat -> Bool) (h : forall x, p x -> q x) (x : Nat) (k : q x) : p x

claim meet {n f : Nat} (A B C : Fin n -> Bool) (c : count C <= f) (ha : n + f < 2 * count A) (hb : n + f < 2 * count B)
  (inside : forall w, A w -> B w -> C w) : Empty
claim do_not_meet {n f : Nat} (A B C : Fin n -> Bool) (c : count C <= f) (ha : n + f <= 2 * count A) (hb : n + f <= 2 * count B)
  (inside : forall w, A w -> B w -> C w) : Empty

claim moved (p : Nat -> Nat -> Bool) (f : Nat -> Nat) (x y : Nat) (h : p (f x) y) (e : x = y) : p (f y) x
claim not_moved (p : Nat -> Nat -> Bool) (f : Nat -> Nat) (x y : Nat) (h : p (f x) y) (e : f x = y) : p (f y) x

claim grown {n f : Nat} (w : Fin n) (r : Fin n -> Bool) (h : f < count r) : f < count (fun u => if fin_eqb n w u then true else r u)
claim shrunk {n f : Nat} (w : Fin n) (r : Fin n -> Bool) (h : f < count r) : f < count (fun u => if fin_eqb n w u then false else r u)

claim witness (p q : Nat -> Bool) (h : exists x, p x) (k : forall x, p x -> q x) : exists x, q x
claim no_witness (p q : Nat -> Bool) (h : exists x, p x) (k : exists x, q x) : exists x, p x /\\ q x

claim ordered (p : Nat -> Bool) (x y : Nat) (h : forall (a b : Nat), a < b -> p a -> not p b) (k : p x) (l : p y) : x = y
claim half_ordered (p : Nat -> Bool) (x y : Nat) (h : forall (a b : Nat), a < b -> p a -> not p b) (k : p x) : x = y

claim later {n f : Nat} (w : Fin n) (r : Nat -> Fin n -> Bool) (h : exists (k : Nat), f < count (fun u => r k u)) :
  exists (k : Nat), f < count (fun u => if fin_eqb n w u then true else r k u)
claim never_later {n f : Nat} (w : Fin n) (r : Nat -> Fin n -> Bool) (h : exists (k : Nat), f < count (fun u => r k u)) :
  exists (k : Nat), f < count (fun u => if fin_eqb n w u then false else r k u)
";

#[test]
fn what_holds_is_proved_and_its_neighbour_is_not() {
    let dir = project("claims", CLAIMS);
    let (_, goals) = checked(&dir);
    // Other engines are asked first, and prove the easy ones.
    let by_ground = goals.iter().filter(|g| g["proof"]["engine"] == "ground").count();
    assert!(by_ground >= 4, "{by_ground} of {}", goals.len());
    for (n, g) in goals.iter().enumerate() {
        let (name, verdict) = (g["name"].as_str().unwrap(), g["verdict"].as_str().unwrap());
        if n % 2 == 0 {
            assert_eq!(verdict, "proved", "{name}");
        } else {
            assert_ne!(verdict, "proved", "{name}");
        }
    }
    assert_eq!(goals.len(), 14);
    assert!(recheck(&dir) >= 7);
}

/// One round of voting; the invariants and what a worker waits for are put in.
fn voting(wait: &str, invariants: &str) -> String {
    format!(
        "import std.ground

protocol voting {{n f : Nat}} (bound : 3 * f < n)
  sort worker := Fin n
  sort value := Nat
  byzantine byz : worker at most f
  message voted : worker -> value -> Bool
  relation decided : worker -> value -> Bool
  command vote (w : worker) (v : value)
    when not byz w /\\ forall x, not voted w x
    do voted w v := true
  command decide (w : worker) (v : value)
    when not byz w /\\ {wait}
    do decided w v := true
  decides decided
{invariants}
  safety agreement : forall w u v x, decided w v -> decided u x -> v = x
end
"
    )
}

const ENOUGH: &str = "n + f < 2 * count (fun u => voted u v)";
const ONCE: &str = "  invariant once : forall w v x, not byz w -> voted w v -> voted w x -> v = x";
const BACKED: &str = "  invariant backed : forall w v, decided w v -> n + f < 2 * count (fun u => voted u v)";

#[test]
fn a_protocol_is_proved_for_every_number_of_workers() {
    let dir = project("voting", &voting(ENOUGH, &format!("{ONCE}\n{BACKED}")));
    let (code, goals) = checked(&dir);
    assert_eq!(code, 0, "{goals:?}");
    assert_eq!(goals[0]["proof"]["engine"], "invariants");
    assert_eq!(goals[0]["axioms"].as_array().unwrap().len(), 0);
    assert!(recheck(&dir) >= 1);
}

#[test]
fn what_an_action_may_break_is_named() {
    for (name, wait, invariants, said) in [
        ("without_once", ENOUGH, BACKED.to_owned(), "It is not shown that `decide` keeps the property."),
        ("without_backed", ENOUGH, ONCE.to_owned(), "It is not shown that `decide` keeps the property."),
        (
            "wrong",
            ENOUGH,
            format!("{ONCE}\n{BACKED}\n  invariant silent : forall w v, not voted w v"),
            "It is not shown that `vote` keeps `voting.invariant.silent`.",
        ),
        (
            "at_first",
            ENOUGH,
            format!("{ONCE}\n{BACKED}\n  invariant loud : exists w, voted w 0"),
            "It is not shown that `voting.invariant.loud` holds at first.",
        ),
    ] {
        let dir = project(name, &voting(wait, &invariants));
        let (code, goals) = checked(&dir);
        assert_eq!((code, goals[0]["verdict"].as_str()), (4, Some("unknown")), "{name}: {goals:?}");
        assert!(goals[0]["message"].as_str().unwrap().contains(said), "{name}: {}", goals[0]["message"]);
    }
}

/// A goal that runs out of steps is named like any other that is open.
#[test]
fn what_runs_out_is_named() {
    let dir = project("short", &voting(ENOUGH, &format!("{ONCE}\n{BACKED}")));
    let o = Command::new(env!("CARGO_BIN_EXE_bfv"))
        .args(["check", "trial.sctt", "--budget", "300", "--format", "json"])
        .current_dir(&dir)
        .output()
        .unwrap();
    let document: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
    let goal = &document["goals"][0];
    assert_eq!((goal["verdict"].as_str(), goal["reason"].as_str()), (Some("unknown"), Some("budget")), "{goal}");
    assert!(goal["message"].as_str().unwrap().contains("It is not shown that `decide` keeps the property."), "{goal}");
}

#[test]
fn a_quorum_that_is_too_small_is_refuted_whatever_the_invariants() {
    let wait = "n < 2 * count (fun u => voted u v)";
    let backed = BACKED.replace("n + f", "n");
    let dir = project("small", &voting(wait, &format!("{ONCE}\n{backed}")));
    let (code, goals) = checked(&dir);
    assert_eq!((code, goals[0]["verdict"].as_str()), (1, Some("refuted")), "{goals:?}");
}
