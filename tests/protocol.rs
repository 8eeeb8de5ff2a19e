//! Protocols end to end: what a block becomes, what bfv says of it, and that the gate treats its claims as any others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;

use folder::{Folder, newcomer};
use std::path::Path;

fn bfv(dir: &Path, args: &[&str]) -> (Option<i32>, String) {
    let out = newcomer(dir, dir, args).output().unwrap();
    (out.status.code(), String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap())
}

/// A small protocol with one item of each kind.
const SMALL: &str = "module demo
import std.protocol

--- A vote.
protocol small {n f : Nat} (bound : 3 * f < n)
  sort worker := Fin n
  byzantine byz : worker at most f
  given leader : Nat -> worker
  given (honest : forall v, not byz (leader v))
  quorum enough := at least n - f
  --- Signed.
  message voted : worker -> Nat -> Bool
  relation decided : worker -> Nat -> Bool
  function view : worker -> Nat := 0
  command vote (w : worker) (v : Nat)
    when not byz w
    do voted w v := true
  command decide (w : worker) (v : Nat)
    when enough (fun u => voted u v)
    do decided w v := true, view w := view w + 1
  decides decided
  invariant backed : forall w v, decided w v -> enough (fun u => voted u v)
  --- No two differ.
  @[expect unknown]
  safety agreement : forall w u v x, decided w v -> decided u x -> v = x
  safety same : forall w v, voted w v -> voted w v
    by intro w v h exact h
end
";

fn small(name: &str) -> Folder {
    let folder = Folder::new(name);
    std::fs::write(folder.0.join("demo.sctt"), SMALL).unwrap();
    folder
}

/// The lines that `bfv show --core` has for one of the declarations.
fn core(folder: &Folder, name: &str) -> String {
    let (code, out) = bfv(&folder.0, &["show", name, "demo.sctt", "--core"]);
    assert_eq!(code, Some(0), "{out}");
    let line = out.lines().find_map(|l| l.strip_prefix("Core form: ")).unwrap_or_else(|| panic!("{out}"));
    line.to_owned()
}

#[test]
fn a_safety_property_is_the_claim_that_the_encoding_says() {
    let folder = small("protocol-core");
    let legal = "(App (App (App (App (App (App Legal (App small.State v7)) (Data small.Action v7)) (App small.init v7)) (App small.effect v7)) \
                 (App (App (App small.guard v7) v6) v4)) v0)";
    let run = |n: u32, trace: u32| {
        format!(
            "(App (App (App (App (App run (App small.State v{n})) (Data small.Action v{n})) (App small.init v{n})) (App small.effect v{n})) v{trace})"
        )
    };
    let decided = |n: u32, trace: u32, w: u32, v: u32| {
        format!("(Path Bool (App (App (App (App small.decided v{n}) {}) v{w}) v{v}) True)", run(n, trace))
    };
    let expected = [
        // n, f, bound, byz, few, leader, honest
        "(Pi Nat (Pi Nat (Pi (Path Bool (App (App NatLtb (App (App NatMul (nat 3)) v0)) v1) True) (Pi (Pi (App Fin v2) Bool) \
         (Pi (Pi (Path Bool (App (App NatLtb v2) (App (App count v3) v0)) True) Empty) (Pi (Pi Nat (App Fin v5)) \
         (Pi (Pi Nat (Pi (Path Bool (App v3 (App v1 v0)) True) Empty)) ",
        // trace, legal
        &format!("(Pi (Data Trace (Data small.Action v6)) (Pi {legal} "),
        // w, u, v, x
        "(Pi (App Fin v8) (Pi (App Fin v9) (Pi Nat (Pi Nat ",
        &format!("(Pi {} (Pi {} (Path Nat v3 v2))))))))))))))))", decided(12, 5, 3, 1), decided(13, 6, 3, 1)),
    ];
    assert_eq!(core(&folder, "small.agreement"), expected.concat());
}

#[test]
fn the_declarations_of_a_protocol_have_their_types() {
    let folder = small("protocol-types");
    for (name, ty) in [
        ("small.State", "(Pi Nat (U 0))"),
        ("small.voted", "(Pi Nat (Pi (App small.State v0) (Pi (App Fin v1) (Pi Nat Bool))))"),
        ("small.view", "(Pi Nat (Pi (App small.State v0) (Pi (App Fin v1) Nat)))"),
        ("small.init", "(Pi Nat (App small.State v0))"),
        ("small.effect", "(Pi Nat (Pi (Data small.Action v0) (Pi (App small.State v1) (App small.State v2))))"),
        (
            "small.guard",
            "(Pi Nat (Pi Nat (Pi (Pi (App Fin v1) Bool) (Pi (Data small.Action v2) (Pi (App small.State v3) (U 0))))))",
        ),
        ("small.invariant.backed", "(Pi Nat (Pi Nat (Pi (App small.State v1) (U 0))))"),
        // The parameters of the guard, so that one is found from the other.
        ("small.invariant", "(Pi Nat (Pi Nat (Pi (Pi (App Fin v1) Bool) (Pi (App small.State v2) (U 0)))))"),
    ] {
        assert_eq!(core(&folder, name), ty, "{name}");
    }
}

/// What the definitions of a protocol compute to is stated and proved by computing.
#[test]
fn the_state_changes_as_the_commands_say() {
    let folder = small("protocol-effect");
    let source = SMALL.to_owned()
        + "
def after_one : small.State 2 := run (small.init 2) small.effect [small.vote 0 7]
def after_two : small.State 2 := run (small.init 2) small.effect [small.vote 0 7, small.decide 1 7]
theorem nothing_at_first (w : Fin 2) (v : Nat) : small.voted (small.init 2) w v = false by refl
theorem one_vote : small.voted after_one 0 7 by refl
theorem no_other_value : small.voted after_one 0 8 = false by refl
theorem no_other_worker : small.voted after_one 1 7 = false by refl
theorem kept : small.voted after_two 0 7 by refl
theorem decided : small.decided after_two 1 7 by refl
theorem counted : small.view after_two 1 = 1 by refl
theorem not_counted : small.view after_two 0 = 0 by refl
theorem honest_votes (byz : Fin 2 -> Bool) (w : Fin 2) (v : Nat) (s : small.State 2) : small.guard 0 byz (small.vote w v) s = not byz w by refl
theorem lies (byz : Fin 2 -> Bool) (w : Fin 2) (v : Nat) (s : small.State 2) : small.guard 0 byz (small.voted_by_byzantine w v) s = (byz w = true) by refl
theorem quorum (n f : Nat) (byz : Fin n -> Bool) (w : Fin n) (v : Nat) (s : small.State n) :
  small.guard f byz (small.decide w v) s = (n - f <= count (fun u => small.voted s u v)) by refl
";
    std::fs::write(folder.0.join("demo.sctt"), source).unwrap();
    let (code, out) = bfv(&folder.0, &["check", "demo.sctt"]);
    assert_eq!(code, Some(0), "{out}");
}

#[test]
fn reports_name_a_protocol_and_its_property() {
    let folder = small("protocol-names");
    let (code, out) = bfv(&folder.0, &["check", "demo.sctt"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.starts_with("Checked 2 goals in demo.sctt: 1 proved, 0 refuted, 1 unknown."), "{out}");
    assert!(out.contains("Unknown, as expected: small agreement, line 25."), "{out}");
    let (code, out) = bfv(&folder.0, &["list", "demo.sctt"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("Name: demo.small.agreement. File: demo.sctt. Line: 25. Expected: unknown."), "{out}");
    for name in ["small.agreement", "small agreement", "agreement"] {
        let (code, out) = bfv(&folder.0, &["show", name, "demo.sctt", "--math", "symbols"]);
        assert_eq!(code, Some(0), "{out}");
        assert!(out.contains("Comment: No two differ."), "{out}");
        let says = "(trace : Trace (small.Action n)) (legal : Legal (small.init n) small.effect (small.guard f byz) trace), \
                    forall w u v x, let state := run (small.init n) small.effect trace in \
                    small.decided state w v -> small.decided state u x -> v = x";
        assert!(out.contains(says), "{out}");
        assert!(out.contains("safety agreement : forall w u v x, decided w v -> decided u x -> v = x"), "{out}");
    }
    let (_, out) = bfv(&folder.0, &["show", "small.voted", "demo.sctt"]);
    assert!(out.contains("Comment: Signed."), "{out}");
}

#[test]
fn the_gate_accepts_a_project_with_a_protocol() {
    let folder = small("protocol-gate");
    let proved: String = SMALL
        .replace("  @[expect unknown]\n  safety agreement : forall w u v x, decided w v -> decided u x -> v = x\n", "");
    std::fs::write(folder.0.join("demo.sctt"), proved).unwrap();
    std::fs::write(folder.0.join("bfv.toml"), "name = \"p\"\nsources = [\".\"]\n").unwrap();
    let (code, out) = bfv(&folder.0, &["check"]);
    assert_eq!(code, Some(0), "{out}");
    let (code, out) = bfv(&folder.0, &["gate"]);
    assert_eq!(code, Some(0), "{out}");
    // A changed guard is another statement: the stored proof is none of it.
    let changed = std::fs::read_to_string(folder.0.join("demo.sctt")).unwrap().replace("at least n - f", "at least n");
    std::fs::write(folder.0.join("demo.sctt"), changed).unwrap();
    let (code, out) = bfv(&folder.0, &["gate"]);
    assert_ne!(code, Some(0), "{out}");
}
