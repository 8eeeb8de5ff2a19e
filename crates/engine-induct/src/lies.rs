//! Proofs that are none: whatever this crate writes, the kernel decides.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::goal::{self, Read};
use crate::lang::{Head, Id, Sym};
use crate::proof::{Case, Fact, Induction, Lit, Proof};
use bfv_elab::{Engines, Session};
use bfv_engine_native::{Arith, Auto, Boxes};
use bfv_format::{Decl, Term};
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Goal};

const TEXT: &str = "module m
def add : Nat -> Nat -> Nat
| 0, n => n
| suc m, n => suc (add m n)
def right : U 0 := (n : Nat) -> add n 0 = n
def wrong : U 0 := (n : Nat) -> add n n = n
";

/// A goal of the text as it is read, with what is made of it by a liar; whether the kernel accepts that.
fn judged(name: &'static str, liar: impl FnOnce(&mut Read) -> Proof + Send + 'static) -> bool {
    let work = move || {
        let (file, diagnostics) = bfv_syntax::parse(0, TEXT.as_bytes());
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let mut session = Session::new();
        let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 1_000, wish: None, memo: None };
        assert!(session.module("m", &file, engines, &|_| String::new()).problems.is_empty());
        let body = |d: &Decl| match d {
            Decl::Def { name: n, body, .. } if n.ends_with(name) => Some(body.clone()),
            _ => None,
        };
        let statement: Term = session.signature.decls().find_map(body).unwrap();
        let machine = Machine::new(&session.signature, Limits::default());
        let (ctx, target) = (Ctx::default(), machine.eval(&Ctx::default().env, &statement));
        let goal = Goal { machine: &machine, ctx, target, lemmas: &[], hints: Vec::new() };
        let mut read = goal::read(&goal, Budget::new(1)).unwrap().unwrap();
        read.prover.l.most = 10_000;
        read.prover.limit = 10_000;
        let proof = liar(&mut read);
        let term = read.write(proof, &[]).unwrap();
        session.signature.prove(&statement, &term, Limits::default()).is_ok()
    };
    std::thread::Builder::new().stack_size(1 << 30).spawn(work).unwrap().join().unwrap()
}

/// The induction on the only variable, in whose second case the given proof stands; it may use the name of the hypothesis.
fn induction(read: &mut Read, step: impl FnOnce(&mut Read, u32, Id) -> Proof) -> Proof {
    let l = &mut read.prover.l;
    let on = 0;
    let ty = l.var_ty(on);
    let cons: Vec<Sym> = l.cons_of(ty).unwrap().to_vec();
    let zero = l.app(Head::Sym(cons[0]), Vec::new());
    let (field, x) = l.fresh_term(ty);
    let ih = read.prover.name();
    let proof = step(read, ih, x);
    let case = |fields, ihs, proof| Case { fields, ihs, others: Vec::new(), hyps: Vec::new(), proof };
    Proof::Induct(Box::new(Induction {
        on,
        others: Vec::new(),
        hyps: Vec::new(),
        goal: read.seq.goal,
        cases: vec![case(vec![], vec![], Proof::Refl(zero)), case(vec![field], vec![ih], proof)],
    }))
}

#[test]
fn what_is_right_is_accepted() {
    assert!(judged("right", |read| {
        let seq = read.seq.clone();
        read.prover.prove(seq, 1, 1).unwrap()
    }));
}

/// The hypothesis says it of the smaller number, and is offered for the larger one.
#[test]
fn a_hypothesis_of_induction_at_the_wrong_place_is_refused() {
    for name in ["right", "wrong"] {
        assert!(!judged(name, |read| {
            induction(read, |_, ih, _| Proof::Exact(Fact::Inst(ih, Vec::new(), Vec::new())))
        }));
    }
}

/// That both sides compute to the same is said where they do not.
#[test]
fn sides_that_differ_are_refused() {
    assert!(!judged("wrong", |read| induction(read, |_, _, x| Proof::Refl(x))));
    assert!(!judged("right", |read| Proof::Intro(Vec::new(), Vec::new(), {
        let Lit::Eq(left, _) = read.seq.goal else { panic!() };
        Box::new(Proof::Refl(left))
    })));
}

/// Two terms with one constructor are said to contradict each other.
#[test]
fn a_clash_that_is_none_is_refused() {
    assert!(!judged("wrong", |read| {
        induction(read, |read, ih, x| {
            let l = &mut read.prover.l;
            let cons = l.cons_of(l.type_of(x)).unwrap();
            let next = l.app(Head::Sym(cons[1]), vec![x]);
            Proof::Clash(Fact::Inst(ih, Vec::new(), Vec::new()), next, next, read.seq.goal)
        })
    }));
}
