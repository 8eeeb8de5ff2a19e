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

claim left {n f : Nat} (A B C : Fin n -> Bool) (c : count C <= f) (ha : n < 2 * count A - f) (hb : n < 2 * count B - f)
  (inside : forall w, A w -> B w -> C w) : Empty
claim not_left {n f : Nat} (A B C : Fin n -> Bool) (c : count C <= f) (ha : n <= 2 * count A - f) (hb : n <= 2 * count B - f)
  (inside : forall w, A w -> B w -> C w) : Empty

claim nothing_left {n f : Nat} (A : Fin n -> Bool) (h : n < f) : n - f <= count A
claim something_left {n f : Nat} (A : Fin n -> Bool) (h : n <= f + 1) : n - f <= count A

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
    assert_eq!(goals.len(), 18);
    assert!(recheck(&dir) >= 7);
}

/// Hypotheses whose contradiction is none of arithmetic, each with a neighbour that has none.
const CONTRADICTORY: &str = "import std.ground

claim truth (p : Bool) (one : p = true) (two : p = false) : 0 = 1
claim truths (p q : Bool) (one : p = true) (two : q = false) : p = true

claim relation (p : Nat -> Bool) (all : forall x, p x) (no : not p 3) : 0 = 1
claim relations (p q : Nat -> Bool) (all : forall x, p x) (no : not q 3) : p 3
";

#[test]
fn contradictory_hypotheses_without_arithmetic_are_noticed() {
    let dir = project("contradictory", CONTRADICTORY);
    let (_, goals) = checked(&dir);
    for (n, g) in goals.iter().enumerate() {
        assert_eq!(g["verdict"], "proved", "{}", g["name"]);
        assert_eq!(g["hypotheses"]["verdict"] == "contradictory", n % 2 == 0, "{}: {}", g["name"], g["hypotheses"]);
    }
    assert_eq!(goals.len(), 4);
    assert!(recheck(&dir) >= 6);
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

/// What is said of the invariants of a goal: the kind, and the name or the statement.
fn notes(goal: &serde_json::Value) -> Vec<(String, String)> {
    let text = |v: &serde_json::Value| v.as_str().map(str::to_owned);
    let all = goal["invariants"].as_array().unwrap().iter();
    all.map(|i| (text(&i["kind"]).unwrap(), text(&i["name"]).or(text(&i["statement"])).unwrap())).collect()
}

fn pair((a, b): (&str, &str)) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

#[test]
fn invariants_that_a_protocol_says_anyway_are_made_and_told() {
    let made = [
        ("made", "forall (x : Fin n), forall (n1 : Nat), forall (n2 : Nat), not byz x -> voted x n1 -> voted x n2 -> n1 = n2"),
        (
            "made",
            "forall (x : Fin n), forall (n1 : Nat), decided x n1 -> n + f < 2 * count (fun x1 => voted x1 n1)",
        ),
    ]
    .map(pair);
    for (name, invariants, expected) in
        [("none", "", &made[..]), ("without_once", BACKED, &made[..1]), ("without_backed", ONCE, &made[1..])]
    {
        let dir = project(name, &voting(ENOUGH, invariants));
        let (code, goals) = checked(&dir);
        assert_eq!(code, 0, "{name}: {goals:?}");
        assert_eq!(notes(&goals[0]), expected, "{name}");
        assert!(recheck(&dir) >= 1);
        // What is stored is told alike.
        let (_, again) = checked(&dir);
        assert_eq!(again[0]["proof"]["source"], "stored");
        assert_eq!(notes(&again[0]), notes(&goals[0]));
    }
}

/// Two commands take b, so nothing is said of it, and what c waits for is lost.
const CHAIN: &str = "import std.ground

protocol chain {n : Nat} (small : n <= 2)
  sort worker := Fin n
  relation a : worker -> Bool
  relation b : worker -> Bool
  relation c : worker -> Bool
  command one (w : worker)
    do a w := true
  command two (w : worker)
    when a w
    do b w := true
  command other (w : worker)
    when a w
    do b w := true
  command three (w : worker)
    when b w
    do c w := true
  decides c
  safety ordered : forall w, c w -> a w
end
";

#[test]
fn quantifiers_that_go_in_a_circle_are_named() {
    let more = "  given leader : Nat -> worker\n  function view : worker -> Nat := 0\n  relation a";
    let dir = project("circle", &CHAIN.replace("  relation a", more));
    let (code, goals) = checked(&dir);
    assert_eq!((code, goals[0]["reason"].as_str()), (4, Some("outside-fragment")), "{goals:?}");
    let said = goals[0]["message"].as_str().unwrap();
    for part in [
        "It is not shown that `three` keeps the property. Quantifiers go in a circle, so the search need not end.",
        "From numbers to workers leads a function that is chosen once.",
        "From workers to numbers leads a function of the state.",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // An invariant that says of each number that there is a worker does the same.
    let more = "  function view : worker -> Nat := 0\n  relation a";
    let last = "  decides c\n  invariant each : forall (k : Nat), exists w, k <= k + view w";
    let dir = project("half_circle", &CHAIN.replace("  relation a", more).replace("  decides c", last));
    let (_, goals) = checked(&dir);
    let said = goals[0]["message"].as_str().unwrap();
    assert!(said.contains("From numbers to workers leads the invariant `chain.invariant.each`."), "{said}");
}

#[test]
fn a_guard_that_does_not_stay_true_is_no_invariant() {
    let text = CHAIN;
    let dir = project("chain", text);
    let (code, goals) = checked(&dir);
    assert_eq!((code, goals[0]["verdict"].as_str()), (4, Some("unknown")), "{goals:?}");
    let said = goals[0]["message"].as_str().unwrap();
    assert!(said.contains("It is not shown that `three` keeps the property."), "{said}");
    assert_eq!(notes(&goals[0]), []);
    // With one command less there is nothing to ask.
    let start = text.find("  command other").unwrap();
    let end = text.find("  command three").unwrap();
    let dir = project("short_chain", &format!("{}{}", &text[..start], &text[end..]));
    let (code, goals) = checked(&dir);
    assert_eq!(code, 0, "{goals:?}");
    // What c waits for came from a.
    assert_eq!(notes(&goals[0]), [pair(("made", "forall (x : Fin n), b x -> a x"))]);
}

#[test]
fn invariants_that_say_nothing_or_nothing_new_are_named() {
    let more = format!(
        "{ONCE}
{BACKED}
  invariant silly : forall w v, voted w v -> voted w v
  invariant part : forall (w : worker) (x : value), not byz w -> voted w 0 -> voted w x -> 0 = x"
    );
    let dir = project("superfluous", &voting(ENOUGH, &more));
    let (code, goals) = checked(&dir);
    assert_eq!(code, 0, "{goals:?}");
    assert_eq!(notes(&goals[0]), [("always-true", "silly"), ("follows", "part")].map(pair));
    let said = goals[0]["message"].as_str().unwrap();
    assert!(said.contains("The invariant `silly` says nothing, because it holds in every state."), "{said}");
    for file in ["voting.agreement-invariant-3", "voting.agreement-invariant-4-follows"] {
        assert!(dir.join("proofs/trial").join(format!("{file}.bfvp")).exists(), "{file}");
    }
    assert!(recheck(&dir) >= 3);
    let gate = Command::new(env!("CARGO_BIN_EXE_bfv")).args(["gate"]).current_dir(&dir).output().unwrap();
    assert_eq!(gate.status.code(), Some(0), "{}", String::from_utf8_lossy(&gate.stdout));
    let (_, again) = checked(&dir);
    assert_eq!(notes(&again[0]), notes(&goals[0]));
    // What says more is not what said nothing, and its proof is gone.
    let more = more.replace("voted w v -> voted w v\n", "decided w v -> n < 2 * count (fun u => voted u v)\n");
    std::fs::write(dir.join("trial.sctt"), voting(ENOUGH, &more)).unwrap();
    let (code, goals) = checked(&dir);
    assert_eq!(code, 0, "{goals:?}");
    assert_eq!(notes(&goals[0]), [("follows", "silly"), ("follows", "part")].map(pair));
    assert!(!dir.join("proofs/trial/voting.agreement-invariant-3.bfvp").exists());
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
