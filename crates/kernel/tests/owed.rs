//! Proofs of theorems that are owed: until they are judged, and accepted, nothing that rests on them counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_format::{Decl, Prim};
use bfv_kernel::{Limits, Signature};
use common::*;

const MISMATCH: &str = "type mismatch";

fn owing(decls: Vec<Decl>) -> Signature {
    let mut s = Signature::new();
    for decl in decls {
        s.add_owing(decl, Limits::default()).unwrap();
    }
    s
}

fn star() -> bfv_format::Term {
    prim(Prim::Star)
}

#[test]
fn nothing_rests_on_a_wrong_proof() {
    let absurd = theorem(empty(), star());
    assert!(Signature::new().add(absurd.clone(), Limits::default()).is_err());
    let mut s = owing(vec![absurd, theorem(empty(), c(0)), def(pi(nat(), empty()), lam(c(1)))]);
    // By itself, through another theorem, through a definition, below a binder, and in the statement only.
    for _ in 0..2 {
        rejects(&s, empty(), c(0), MISMATCH);
        rejects(&s, empty(), c(1), MISMATCH);
        rejects(&s, empty(), app(c(2), num(0)), MISMATCH);
        rejects(&s, pi(nat(), empty()), lam(c(1)), MISMATCH);
        rejects(&s, pi(path(empty(), c(0), c(0)), prim(Prim::Unit)), lam(star()), MISMATCH);
        assert!(s.refute(&prim(Prim::Unit), &lam(c(0)), Limits::default()).is_err());
    }
    for id in 0..4 {
        let found = s.settle(id).unwrap_err();
        assert!(id == 3 || found.detail.contains("It rests on `t`, whose proof is refused."), "{}", found.detail);
    }
    // What does not rest on it counts, and what is added over it does not.
    accepts(&s, prim(Prim::Unit), star());
    let before = s.len();
    assert!(s.add(theorem(empty(), c(1)), Limits::default()).is_err());
    assert!(s.add(def(pi(nat(), empty()), c(2)), Limits::default()).is_err());
    assert_eq!(s.len(), before);
    // A copy owes the same.
    rejects(&s.clone(), empty(), c(0), MISMATCH);
}

/// A proof that is judged late sees what came before its theorem, and nothing else.
#[test]
fn no_proof_is_judged_over_itself_or_what_comes_later() {
    const UNKNOWN: &str = "unknown constant";
    let own = owing(vec![theorem(empty(), c(0))]);
    rejects(&own, empty(), c(0), UNKNOWN);
    let circle = owing(vec![theorem(empty(), c(1)), theorem(empty(), c(0))]);
    rejects(&circle, empty(), c(0), UNKNOWN);
    rejects(&circle, empty(), c(1), UNKNOWN);
    // Later definitions and data types are not there, either; the proofs would be accepted over them.
    let one = || path(nat(), num(1), num(1));
    let later = owing(vec![theorem(one(), c(1)), def(one(), refl(num(1)))]);
    rejects(&later, one(), c(0), UNKNOWN);
    let folded = let_(path(nat(), num(1), num(1)), c(1), refl(num(1)));
    let later = owing(vec![theorem(one(), folded), def(one(), refl(num(1)))]);
    rejects(&later, one(), c(0), UNKNOWN);
    let value = let_(data_at(1, vec![]), con(1, 0, vec![], vec![]), refl(num(1)));
    let later = owing(vec![theorem(one(), value), data(vec![], 0, vec![vec![]])]);
    rejects(&later, one(), c(0), UNKNOWN);
}

#[test]
fn what_is_not_the_proof_of_a_theorem_is_checked_at_once() {
    let mut s = Signature::new();
    let limits = Limits::default();
    for decl in [def(empty(), star()), theorem(star(), star()), axiom("b", u(1)), theorem(c(0), star())] {
        assert!(s.add_owing(decl, limits).is_err());
        assert!(s.is_empty());
    }
}

/// The verdict is the one over a signature that owes nothing.
#[test]
fn a_right_proof_counts_with_all_that_it_rests_on() {
    let less = || path(boolean(), op(Prim::NatLtb, &[num(1), num(2)]), prim(Prim::True));
    let decls = || {
        let given = axiom("mine", less());
        vec![given, theorem(less(), c(0)), theorem(less(), c(1)), theorem(less(), refl(prim(Prim::True)))]
    };
    let (s, eager) = (owing(decls()), signature(decls()));
    for id in (0..4).rev() {
        let (one, other) =
            (s.prove(&less(), &c(id), Limits::default()), eager.prove(&less(), &c(id), Limits::default()));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!((one.axioms(), one.rules(), one.steps()), (other.axioms(), other.rules(), other.steps()));
        assert_eq!(s.axioms(id), eager.axioms(id));
    }
    s.settle(2).unwrap();
}

/// The limits of a judgement are not those of the proofs that it rests on, whichever comes first.
#[test]
fn a_proof_that_is_owed_has_its_own_limits() {
    let long = || path(boolean(), op(Prim::NatLtb, &[num(0), num(1)]), prim(Prim::True));
    let proof = (0..200).fold(refl(prim(Prim::True)), |p, _| let_(long(), refl(prim(Prim::True)), p));
    let few = Limits { steps: 500, ..Limits::default() };
    let mut s = owing(vec![theorem(long(), proof.clone())]);
    assert_eq!(s.prove(&long(), &proof, few).unwrap_err().reason, "budget");
    s.prove(&long(), &c(0), few).unwrap();
    s.add_owing(theorem(long(), proof), few).unwrap();
    assert_eq!(s.prove(&long(), &c(1), Limits::default()).unwrap_err().reason, "budget");
}
