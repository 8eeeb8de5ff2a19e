//! Merkle hashes and closures: what counts, and what does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_format::{
    Constructor, DataDecl, DataRef, Decl, Hash, Node, Outcome, Prim, Renumber, Stored, Term, UnknownConstant,
    decl_hashes, read, term_hash, write, write_over,
};
use common::{Seed, stored, terms};
use proptest::prelude::*;

fn prim(p: Prim) -> Term {
    Term::new(Node::Prim(p))
}
fn constant(id: u32, shift: u32) -> Term {
    Term::new(Node::Const { id, shift })
}
fn def(name: &str, body: Term) -> Decl {
    Decl::Def { name: name.into(), ty: prim(Prim::Nat), body }
}
fn axiom(bundle: &str) -> Decl {
    Decl::Axiom { name: "a".into(), bundle: bundle.into(), ty: prim(Prim::Nat) }
}
fn theorem(proof: Term) -> Decl {
    Decl::Theorem { name: "t".into(), ty: prim(Prim::Nat), proof }
}
fn list(position: u32, shift: u32, name: &str, con: &str) -> Decl {
    let own = Term::new(Node::Data(DataRef { id: position, shift }, vec![Term::new(Node::Var(1))]));
    Decl::Data(DataDecl {
        name: name.into(),
        params: vec![Term::new(Node::Univ(0))],
        level: 0,
        constructors: vec![Constructor {
            name: con.into(),
            fields: vec![Term::new(Node::Var(0)), own],
            dims: 0,
            boundary: vec![],
        }],
    })
}
fn one(d: &Decl) -> Hash {
    decl_hashes(std::slice::from_ref(d)).unwrap()[0]
}

#[test]
fn names_do_not_count() {
    assert_eq!(one(&def("x", prim(Prim::Nat))), one(&def("y", prim(Prim::Nat))));
    assert_eq!(one(&list(0, 0, "List", "cons")), one(&list(0, 0, "Stack", "push")));
}

#[test]
fn bodies_count_and_proofs_do_not() {
    assert_ne!(one(&def("x", prim(Prim::Nat))), one(&def("x", prim(Prim::Int))));
    assert_eq!(one(&theorem(prim(Prim::Nat))), one(&theorem(prim(Prim::Int))));
}

#[test]
fn the_bundle_and_the_kind_count() {
    assert_ne!(one(&axiom("real")), one(&axiom("exp")));
    assert_ne!(one(&axiom("real")), one(&theorem(prim(Prim::Nat))));
    assert_ne!(one(&def("x", prim(Prim::Nat))), one(&theorem(prim(Prim::Nat))));
}

#[test]
fn displacement_counts() {
    let hashes = [one(&axiom("real"))];
    assert_ne!(term_hash(&constant(0, 0), &hashes).unwrap(), term_hash(&constant(0, 1), &hashes).unwrap());
    assert_ne!(one(&list(0, 0, "l", "c")), one(&list(0, 1, "l", "c")));
}

#[test]
fn positions_do_not_count() {
    let a = [axiom("real"), def("x", constant(0, 0))];
    let b = [axiom("exp"), list(1, 0, "l", "c"), axiom("real"), def("y", constant(2, 0))];
    let (ha, hb) = (decl_hashes(&a).unwrap(), decl_hashes(&b).unwrap());
    assert_eq!(ha[1], hb[3]);
    assert_eq!(hb[1], one(&list(0, 0, "l", "c")));
}

#[test]
fn an_axiom_below_a_definition_counts() {
    let a = decl_hashes(&[axiom("real"), def("x", constant(0, 0)), def("z", constant(1, 0))]).unwrap();
    let b = decl_hashes(&[axiom("exp"), def("x", constant(0, 0)), def("z", constant(1, 0))]).unwrap();
    assert_ne!(a[2], b[2]);
}

#[test]
fn a_constant_that_does_not_come_earlier_has_no_hash() {
    assert_eq!(term_hash(&constant(3, 0), &[]), Err(UnknownConstant(3)));
    assert_eq!(decl_hashes(&[def("x", constant(0, 0))]), Err(UnknownConstant(0)));
    assert!(decl_hashes(&[list(1, 0, "l", "c")]).is_err());
}

#[test]
fn hashing_a_tree_of_two_to_the_500_is_quick() {
    let t = (0..500).fold(prim(Prim::Nat), |t, _| Term::new(Node::App(t.clone(), t)));
    let u = (0..500).fold(prim(Prim::Int), |t, _| Term::new(Node::App(t.clone(), t)));
    assert_ne!(term_hash(&t, &[]).unwrap(), term_hash(&u, &[]).unwrap());
}

#[test]
fn what_is_written_takes_the_closure_through_proofs_and_nothing_else() {
    let decls = [
        axiom("unused"),
        axiom("real"),
        theorem(constant(1, 0)),
        list(3, 0, "unused", "c"),
        list(4, 0, "l", "c"),
        def("d", Term::new(Node::App(constant(2, 1), constant(2, 0)))),
    ];
    let statement = Term::new(Node::Data(DataRef { id: 4, shift: 0 }, vec![constant(5, 2)]));
    let over = |statement: Term, evidence: Term| Stored {
        decls: Vec::new(),
        claim: "c".into(),
        statement,
        verdict: Outcome::Proved,
        evidence,
        witness: Vec::new(),
        engine: "e".into(),
    };
    let packed = read(&write_over(&decls, &over(statement.clone(), prim(Prim::Nat))).unwrap()).unwrap();
    let (before, after) = (decl_hashes(&decls).unwrap(), decl_hashes(&packed.decls).unwrap());
    assert_eq!(after, [1, 2, 4, 5].map(|old: usize| before[old]));
    assert_eq!(term_hash(&packed.statement, &after), term_hash(&statement, &before));
    assert_eq!(write_over(&decls, &over(constant(6, 0), statement)), Err(UnknownConstant(6)));
}

#[test]
fn renumber_refuses_a_constant_that_was_not_entered() {
    let mut r = Renumber::default();
    r.insert(0, 9);
    assert_eq!(r.term(&constant(0, 3)).unwrap(), constant(9, 3));
    assert_eq!(r.term(&constant(1, 0)), Err(UnknownConstant(1)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn packing_keeps_every_hash(seeds in prop::collection::vec(any::<Seed>(), 1..16)) {
        let s = stored(&seeds);
        let before = decl_hashes(&s.decls).unwrap();
        let bytes = write_over(&s.decls, &s).unwrap();
        let p = read(&bytes).unwrap();
        // All of what was written is needed.
        prop_assert_eq!(write(&p), bytes.clone());
        prop_assert_eq!(write_over(&p.decls, &p), Ok(bytes));
        let after = decl_hashes(&p.decls).unwrap();
        prop_assert_eq!(term_hash(&p.statement, &after), term_hash(&s.statement, &before));
        prop_assert_eq!(term_hash(&p.evidence, &after), term_hash(&s.evidence, &before));
    }

    /// Different terms have different hashes, equal terms equal ones.
    #[test]
    fn hashes_agree_with_equality(seeds in prop::collection::vec(any::<Seed>(), 1..16), a in any::<u32>(), b in any::<u32>()) {
        let hashes = [one(&axiom("a")), one(&axiom("b")), one(&axiom("c"))];
        let all = terms(&seeds, 3);
        let (x, y) = (&all[a as usize % all.len()], &all[b as usize % all.len()]);
        prop_assert_eq!(x == y, term_hash(x, &hashes).unwrap() == term_hash(y, &hashes).unwrap());
    }
}
