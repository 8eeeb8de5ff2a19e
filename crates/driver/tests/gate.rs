//! The gate's policy, with a kernel that answers what the test says, and the store on disk.
#![allow(clippy::unwrap_used, clippy::panic)]

use bfv_driver::{
    Allowance, Claim, Judged, Judgement, Kind, Policy, Store, StoreMode, StoredFailure, Violation, ViolationKind, gate,
    proof_path,
};
use bfv_format::{Node, Outcome, Prim, Stored, Term, write};

fn proof() -> Vec<u8> {
    let t = Term::new(Node::Prim(Prim::Nat));
    write(&Stored {
        decls: vec![],
        claim: "m.c".into(),
        statement: t.clone(),
        verdict: Outcome::Proved,
        evidence: t,
        witness: vec![],
        engine: "test".into(),
    })
}

fn accepted(kind: Kind, axioms: &[&str]) -> Judged {
    let axioms = axioms.iter().map(|a| (*a).to_owned()).collect();
    Ok(Judgement { kind, axioms, rules: vec![], steps: 1 })
}

fn run(expected: Kind, policy: &Policy, load: &Result<Option<Vec<u8>>, String>, judged: &Judged) -> Vec<Violation> {
    let claims = [Claim { name: "m.c".into(), expected }];
    gate(&claims, policy, |_| load.clone(), |_, _| judged.clone())
}

fn violates(found: &[Violation], kind: ViolationKind, sentence: &str) {
    let [v] = found else { panic!("expected one violation, found {found:?}") };
    assert_eq!(v.kind, kind);
    assert_eq!(v.sentence, sentence);
    assert_eq!(v.claim, "m.c");
}

fn listed() -> Policy {
    let unknown = vec![Allowance { claim: "m.c".into(), reason: "open".into() }];
    Policy { unknown, ..Policy::default() }
}

#[test]
fn passes_what_the_kernel_accepts_as_expected() {
    let p = Policy::default();
    assert_eq!(run(Kind::Proved, &p, &Ok(Some(proof())), &accepted(Kind::Proved, &["real"])), []);
    assert_eq!(run(Kind::Refuted, &p, &Ok(Some(proof())), &accepted(Kind::Refuted, &[])), []);
}

#[test]
fn missing() {
    let ok = accepted(Kind::Proved, &[]);
    let found = run(Kind::Proved, &Policy::default(), &Ok(None), &ok);
    violates(&found, ViolationKind::Missing, "The claim m.c has no stored proof.");
    assert_eq!(run(Kind::Proved, &listed(), &Ok(None), &ok), []);
}

#[test]
fn unreadable() {
    let ok = accepted(Kind::Proved, &[]);
    let found = run(Kind::Proved, &Policy::default(), &Err("permission is denied".into()), &ok);
    violates(&found, ViolationKind::Unreadable, "The stored proof of m.c cannot be read: permission is denied.");
    let mut bytes = proof();
    bytes[6] ^= 1;
    let found = run(Kind::Proved, &Policy::default(), &Ok(Some(bytes)), &ok);
    violates(&found, ViolationKind::Unreadable, "The stored proof of m.c is damaged: seal does not match at byte 22.");
}

#[test]
fn truncated() {
    let found = run(Kind::Proved, &Policy::default(), &Ok(Some(vec![])), &accepted(Kind::Proved, &[]));
    violates(&found, ViolationKind::Truncated, "The stored proof of m.c is cut short.");
}

#[test]
fn stale() {
    let found = run(Kind::Proved, &Policy::default(), &Ok(Some(proof())), &Err(StoredFailure::Stale));
    violates(&found, ViolationKind::Stale, "The stored proof of m.c is stale, because the claim has changed.");
}

#[test]
fn rejected() {
    let judged = Err(StoredFailure::Rejected("type mismatch".into()));
    let found = run(Kind::Proved, &Policy::default(), &Ok(Some(proof())), &judged);
    violates(&found, ViolationKind::Rejected, "The kernel rejects the stored proof of m.c: type mismatch.");
}

#[test]
fn other_verdict() {
    let found = run(Kind::Proved, &Policy::default(), &Ok(Some(proof())), &accepted(Kind::Refuted, &[]));
    violates(&found, ViolationKind::OtherVerdict, "The claim m.c is refuted, but proved is expected.");
    let found = run(Kind::Unknown, &listed(), &Ok(Some(proof())), &accepted(Kind::Proved, &[]));
    violates(&found, ViolationKind::OtherVerdict, "The claim m.c is proved, but unknown is expected.");
}

#[test]
fn axiom_not_allowed() {
    let judged = accepted(Kind::Proved, &["exp", "real"]);
    let found = run(Kind::Proved, &Policy::default(), &Ok(Some(proof())), &judged);
    let sentence = "The proof of m.c uses the axiom bundle exp, which the gate does not allow.";
    violates(&found, ViolationKind::AxiomNotAllowed, sentence);
    let wider = Policy { allow: vec!["real".into(), "exp".into()], ..Policy::default() };
    assert_eq!(run(Kind::Proved, &wider, &Ok(Some(proof())), &judged), []);
    let none = Policy { allow: vec![], ..Policy::default() };
    assert_eq!(run(Kind::Proved, &none, &Ok(Some(proof())), &judged).len(), 2);
}

#[test]
fn unknown_not_listed() {
    let ok = accepted(Kind::Proved, &[]);
    let found = run(Kind::Unknown, &Policy::default(), &Ok(None), &ok);
    let sentence = "The claim m.c is expected to be unknown, but the gate does not list it.";
    violates(&found, ViolationKind::UnknownNotListed, sentence);
    assert_eq!(run(Kind::Unknown, &listed(), &Ok(None), &ok), []);
}

#[test]
fn sentences_are_short() {
    let judged = accepted(Kind::Refuted, &["exp"]);
    for expected in [Kind::Proved, Kind::Unknown] {
        for load in [Ok(None), Ok(Some(proof())), Ok(Some(vec![])), Err("x".into())] {
            for v in run(expected, &Policy::default(), &load, &judged) {
                assert!(v.sentence.split_whitespace().count() <= 20, "{}", v.sentence);
                assert!(v.sentence.ends_with('.'));
            }
        }
    }
}

fn folder(name: &str) -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("bfv-store-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn the_store_keeps_what_is_saved() {
    let dir = folder("save");
    let store = Store::new(&dir, StoreMode::default());
    assert_eq!(store.load("a.b", "c").unwrap(), None);
    assert!(store.save("a.b", "c", &[1, 2]).unwrap());
    assert!(!store.save("a.b", "c", &[1, 2]).unwrap(), "the same bytes are not written twice");
    assert_eq!(store.load("a.b", "c").unwrap(), Some(vec![1, 2]));
    assert_eq!(std::fs::read(dir.join("proofs/a.b/c.bfvp")).unwrap(), [1, 2]);
    assert_eq!(std::fs::read_dir(dir.join("proofs/a.b")).unwrap().count(), 1, "no half file is left");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn locked_never_writes_and_fresh_never_reads() {
    let dir = folder("modes");
    let locked = Store::new(&dir, StoreMode { locked: true, fresh: false });
    assert!(!locked.save("m", "c", &[1]).unwrap());
    assert!(!dir.join("proofs").exists());
    let fresh = Store::new(&dir, StoreMode { locked: false, fresh: true });
    assert!(fresh.save("m", "c", &[1]).unwrap());
    assert_eq!(fresh.load("m", "c").unwrap(), None);
    assert_eq!(locked.load("m", "c").unwrap(), Some(vec![1]));
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn names_cannot_leave_their_folder() {
    for bad in ["", "..", "a/../b", "/etc", "a\\b", ".hidden", "a..b", "a b", "a\0"] {
        assert!(proof_path("m", bad).is_err(), "{bad:?}");
        assert!(proof_path(bad, "c").is_err(), "{bad:?}");
    }
    assert_eq!(proof_path("examples.weighted", "hull'").unwrap().to_str(), Some("proofs/examples.weighted/hull'.bfvp"));
}

#[test]
fn a_stored_proof_that_is_a_folder_is_a_problem() {
    let dir = folder("folder");
    std::fs::create_dir_all(dir.join("proofs/m/c.bfvp")).unwrap();
    assert!(Store::new(&dir, StoreMode::default()).load("m", "c").is_err());
    std::fs::remove_dir_all(dir).unwrap();
}
