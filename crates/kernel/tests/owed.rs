//! Proofs of theorems that are owed: until they are judged, and accepted, nothing that rests on them counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_format::{Decl, Node, Op, Prim, Rule, Sort, Term};
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

/// Numbers that mention a proof of falsehood at position 0 somewhere, each in another kind of place. A box of a type is at position 1.
fn numbers_with_a_proof_of_falsehood() -> Vec<Term> {
    let e = || t(Node::EmptyElim(nat(), c(0)));
    let same = || path(nat(), e(), e());
    let beside = |ty: Term, x: Term| let_(ty, x, num(1));
    let sum = |a: Term, b: Term| op(Prim::NatAdd, &[a, b]);
    let tree = |a, b| vec![Op::Atom(Sort::Nat, a), Op::Atom(Sort::Nat, b), Op::Add];
    // An atom that no tree has.
    let atoms = [num(3), num(2), e()].map(|a| (Sort::Nat, a)).to_vec();
    let ring = Rule::Ring { sort: Sort::Nat, atoms, left: tree(0, 1), right: tree(1, 0) };
    vec![
        e(),
        beside(nat(), e()),
        beside(same(), refl(e())),
        beside(u(0), same()),
        fst(let_(sigma(nat(), nat()), pair(num(1), e()), v(0))),
        bool_elim(nat(), num(1), e(), prim(Prim::True)),
        bool_elim(let_(nat(), e(), nat()), num(1), num(2), prim(Prim::True)),
        nat_elim(nat(), num(1), lam(lam(e())), num(0)),
        app(let_(pi(nat(), nat()), lam(e()), v(0)), num(0)),
        hcom(I0, I1, nat(), vec![face(I0, I1, e())], num(1)),
        hcom(I0, I0, nat(), vec![face(I0, I0, e())], e()),
        beside(same(), coe(I0, I1, same(), refl(e()))),
        papp(let_(same(), refl(e()), v(0)), e(), e(), I0),
        lapp(let_(line(nat()), dlam(e()), v(0)), I1),
        data_elim(1, vec![nat()], nat(), vec![lam(v(0))], con(1, 0, vec![nat()], vec![e()])),
        data_elim(1, vec![let_(nat(), e(), nat())], nat(), vec![lam(v(0))], con(1, 0, vec![nat()], vec![num(1)])),
        beside(data_at(1, vec![same()]), con(1, 0, vec![same()], vec![refl(e())])),
        beside(u(0), glue(nat(), vec![glued(I0, I0, nat(), let_(nat(), e(), id_equiv()))])),
        beside(path(nat(), sum(num(3), num(2)), sum(num(2), num(3))), t(Node::Rule(Box::new(ring)))),
    ]
}

/// Wherever a term mentions a theorem, what is judged rests on its proof.
#[test]
fn a_wrong_proof_is_found_in_every_place() {
    let boxed = || data(vec![u(0)], 0, vec![vec![v(0)]]);
    let given = signature(vec![axiom("falsehood", empty()), boxed()]);
    let owed = owing(vec![theorem(empty(), star()), boxed()]);
    for (n, number) in numbers_with_a_proof_of_falsehood().into_iter().enumerate() {
        accepts(&given, nat(), number.clone());
        let found = owed.prove(&nat(), &number, Limits::default()).unwrap_err();
        assert_eq!(found.reason, MISMATCH, "place {n}");
        assert!(found.detail.starts_with("It rests on `t`, whose proof is refused."), "place {n}: {}", found.detail);
        // Through a definition, which is as good as what it rests on.
        let mut over = owed.clone();
        over.add_owing(def(nat(), number.clone()), Limits::default()).unwrap();
        rejects(&over, nat(), c(2), MISMATCH);
        rejects(&over, path(nat(), c(2), c(2)), refl(c(2)), MISMATCH);
        assert!(over.settle(2).is_err(), "place {n}");
        assert!(owed.clone().add(def(nat(), number), Limits::default()).is_err(), "place {n}");
    }
}
