//! The gate's policy, with a kernel that answers what the test says, and the store on disk.
#![allow(clippy::unwrap_used, clippy::panic)]

use bfv_driver::{
    Allowance, Claim, Judged, Judgement, Kind, Part, Policy, Store, StoreMode, StoredFailure, Violation, ViolationKind,
    gate, leftovers, proof_path,
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

fn claim(expected: Kind) -> Claim {
    Claim { name: "m.c".into(), expected, vacuous: false, hypotheses: true, conditions: 0, invariants: 0 }
}

/// The gate over a claim of whose parts the kernel says what the test says; nothing is stored of the others.
fn parts(claim: &Claim, policy: &Policy, kinds: &[(Part, Kind)]) -> Vec<(ViolationKind, String)> {
    let find = |part: Part| kinds.iter().find(|(p, _)| *p == part).map(|(_, k)| *k);
    let load = |_: &Claim, part| Ok(find(part).map(|_| proof()));
    let judge = |_: &Claim, part, _: &Stored| accepted(find(part).unwrap(), &[]);
    let found = gate(std::slice::from_ref(claim), policy, load, judge);
    for v in &found {
        assert!(v.sentence.contains("m.c") && v.sentence.split_whitespace().count() <= 20, "{}", v.sentence);
    }
    found.into_iter().map(|v| (v.kind, v.sentence)).collect()
}

fn kinds(found: Vec<(ViolationKind, String)>) -> Vec<ViolationKind> {
    found.into_iter().map(|(k, _)| k).collect()
}

#[test]
fn vacuous() {
    let p = Policy::default();
    let (proved, contradictory) = ((Part::Claim, Kind::Proved), (Part::Hypotheses, Kind::Proved));
    let satisfiable = (Part::Hypotheses, Kind::Refuted);
    let plain = claim(Kind::Proved);
    let marked = Claim { vacuous: true, ..plain.clone() };
    assert_eq!(parts(&plain, &p, &[proved]), []);
    assert_eq!(parts(&plain, &p, &[proved, satisfiable]), []);
    let found = parts(&plain, &p, &[proved, contradictory]);
    let sentence = "The hypotheses of m.c contradict each other, so its proof says nothing.";
    assert_eq!(found, [(ViolationKind::Vacuous, sentence.to_owned())]);
    assert_eq!(parts(&marked, &p, &[proved, contradictory]), []);
    assert_eq!(kinds(parts(&marked, &p, &[proved, satisfiable])), [ViolationKind::NotVacuous]);
    assert_eq!(kinds(parts(&marked, &p, &[proved])), [ViolationKind::NotVacuous]);
    let refuted = Claim { expected: Kind::Refuted, ..marked };
    assert_eq!(kinds(parts(&refuted, &p, &[(Part::Claim, Kind::Refuted)])), [ViolationKind::NotVacuous]);
}

#[test]
fn points_can_be_asked_for() {
    let p = Policy { points: true, ..Policy::default() };
    let proved = (Part::Claim, Kind::Proved);
    let c = claim(Kind::Proved);
    assert_eq!(kinds(parts(&c, &p, &[proved])), [ViolationKind::NoPoint]);
    assert_eq!(parts(&c, &p, &[proved, (Part::Hypotheses, Kind::Refuted)]), []);
    assert_eq!(parts(&Claim { hypotheses: false, ..c }, &p, &[proved]), [], "it has none");
}

#[test]
fn conditions() {
    let p = Policy::default();
    let c = Claim { conditions: 1, ..claim(Kind::Refuted) };
    let (own, holds) = ((Part::Claim, Kind::Refuted), (Part::Condition(1), Kind::Proved));
    let point = (Part::ConditionHypotheses(1), Kind::Refuted);
    assert_eq!(parts(&c, &p, &[own, holds, point]), []);
    assert_eq!(kinds(parts(&c, &p, &[own, holds])), [ViolationKind::NoPoint]);
    assert_eq!(kinds(parts(&c, &p, &[own, point])), [ViolationKind::Missing]);
    let not = (Part::Condition(1), Kind::Refuted);
    assert_eq!(kinds(parts(&c, &p, &[own, not, point])), [ViolationKind::OtherVerdict]);
    let never = (Part::ConditionHypotheses(1), Kind::Proved);
    assert_eq!(kinds(parts(&c, &p, &[own, holds, never])), [ViolationKind::ContradictoryCondition]);
    let proved = Claim { conditions: 1, ..claim(Kind::Proved) };
    let found = parts(&proved, &p, &[(Part::Claim, Kind::Proved), holds, point]);
    assert_eq!(kinds(found), [ViolationKind::ConditionNotNeeded]);
}

#[test]
fn a_claim_that_is_listed_as_unknown_must_say_so_itself() {
    let found = run(Kind::Proved, &listed(), &Ok(None), &accepted(Kind::Proved, &[]));
    violates(&found, ViolationKind::Missing, "The claim m.c has no stored proof.");
}

#[test]
fn what_belongs_to_no_claim_is_reported() {
    let c = Claim { conditions: 1, ..claim(Kind::Refuted) };
    let stored = |names: &[&str]| names.iter().map(|n| ("m".to_owned(), (*n).to_owned())).collect::<Vec<_>>();
    let all = stored(&["c", "c-if-1", "c-if-1-hypotheses"]);
    assert_eq!(leftovers(std::slice::from_ref(&c), &Policy::default(), &all, |_| true), []);
    for orphan in ["d", "c-hypotheses", "c-if-2", "c-if-0", "c-"] {
        let found = leftovers(std::slice::from_ref(&c), &Policy::default(), &stored(&[orphan]), |_| true);
        let [v] = found.as_slice() else { panic!("{orphan}: {found:?}") };
        assert_eq!(v.kind, ViolationKind::Orphan);
        assert_eq!(v.sentence, format!("The stored proof proofs/m/{orphan}.bfvp belongs to no claim; delete it."));
        assert_eq!(leftovers(std::slice::from_ref(&c), &Policy::default(), &stored(&[orphan]), |m| m != "m"), []);
    }
    let proved = claim(Kind::Proved);
    let all = stored(&["c", "c-hypotheses"]);
    assert_eq!(leftovers(&[proved], &Policy::default(), &all, |_| true), []);
    // The list of unknown claims must not outlive them.
    let found = leftovers(&[claim(Kind::Proved)], &listed(), &[], |_| true);
    assert_eq!(found.iter().map(|v| v.kind).collect::<Vec<_>>(), [ViolationKind::ListedForNothing]);
    assert_eq!(leftovers(&[claim(Kind::Unknown)], &listed(), &[], |_| true), []);
}

fn run(expected: Kind, policy: &Policy, load: &Result<Option<Vec<u8>>, String>, judged: &Judged) -> Vec<Violation> {
    let only = |part| if part == Part::Claim { load.clone() } else { Ok(None) };
    gate(&[claim(expected)], policy, |_, part| only(part), |_, _, _| judged.clone())
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
