//! Statements about types: each is proved by a term that the kernel accepts, or has a model that shows why not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_elab::Session;
use bfv_engine_logic::{Decided, decide, decide_after};
use bfv_format::Term;
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Goal, Reason};
use common::{deep, goals};

/// What must come of a statement: a proof, or a model with so many worlds at most.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Proof,
    Worlds(usize),
}
use Wanted::{Proof, Worlds};

/// Decides a statement; a proof is judged by the kernel. Both searches are asked: as they share the work, and clauses alone.
fn decided(session: &Session, statement: &Term, steps: u64) -> Result<Decided, (Reason, String)> {
    let found = asked(session, statement, steps, false);
    let by_clauses = asked(session, statement, steps, true);
    let proved = |found: &Result<Decided, _>| found.as_ref().map(|d| matches!(d, Decided::Proof(_))).ok();
    assert_eq!(proved(&found), proved(&by_clauses), "{found:?} {by_clauses:?}");
    by_clauses.and(found)
}

fn asked(session: &Session, statement: &Term, steps: u64, clauses: bool) -> Result<Decided, (Reason, String)> {
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, statement);
    let goal = Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() };
    let mut budget = Budget::new(steps);
    let found = if clauses { decide_after(&goal, 0, &mut budget) } else { decide(&goal, &mut budget) };
    assert!(budget.used <= steps);
    if let Ok(Decided::Proof(term)) = &found {
        let judged = session.signature.prove(statement, term, Limits::default());
        assert!(judged.is_ok(), "the kernel refuses: {:?}", judged.err());
    }
    found
}

fn run(cases: &[(&str, Wanted)]) {
    let cases: Vec<(String, Wanted)> = cases.iter().map(|(t, w)| ((*t).to_owned(), *w)).collect();
    deep(move || {
        let texts: Vec<String> = cases.iter().map(|(t, _)| t.clone()).collect();
        let (session, statements) = goals("", &texts);
        for ((text, wanted), statement) in cases.iter().zip(&statements) {
            match (decided(&session, statement, 20_000), wanted) {
                (Ok(Decided::Proof(_)), Proof) => (),
                (Ok(Decided::Model { model, .. }), Worlds(most)) if model.worlds.len() <= *most => (),
                (found, _) => panic!("{text}: wanted {wanted:?}, found {found:?}"),
            }
        }
    });
}

#[test]
fn theorems_are_proved() {
    run(&[
        ("(A : U 0) -> A -> A", Proof),
        ("(A B : U 0) -> A /\\ B -> B /\\ A", Proof),
        ("(A B : U 0) -> Sum A B -> Sum B A", Proof),
        ("(A B C : U 0) -> (A -> B -> C) -> A /\\ B -> C", Proof),
        ("(A B C : U 0) -> (Sum A B -> C) -> (A -> C) /\\ (B -> C)", Proof),
        ("(A B C : U 0) -> A /\\ Sum B C -> Sum (A /\\ B) (A /\\ C)", Proof),
        ("(A : U 0) -> not not Sum A (not A)", Proof),
        ("(A B : U 0) -> not not not A -> not A", Proof),
        ("(A B : U 0) -> not Sum A B -> not A /\\ not B", Proof),
        ("(A B : U 0) -> Sum (not A) B -> A -> B", Proof),
        ("(A B : U 0) -> ((((A -> B) -> A) -> A) -> B) -> B", Proof),
        ("(A B C : U 0) -> ((A -> B) -> C) -> (B -> C)", Proof),
        ("Unit", Proof),
        ("Empty -> Empty", Proof),
        ("(A : U 0) -> Empty -> A", Proof),
        // What a goal depends on is taken in, and what is no connective is an atom.
        ("(A : U 0) (P : A -> U 0) (x : A) -> P x -> ((y : A) -> P y) -> P x /\\ ((y : A) -> P y)", Proof),
        ("(A B : U 0) (f : A -> B) (x : A) -> B", Proof),
        ("(A : U 0) (x y : A) -> x = y -> not not (x = y)", Proof),
    ]);
}

#[test]
fn what_is_no_theorem_has_a_model() {
    run(&[
        // Excluded middle, double negation, Peirce's law, and what holds classically only, need a world above.
        ("(A : U 0) -> Sum A (not A)", Worlds(2)),
        ("(A : U 0) -> not not A -> A", Worlds(2)),
        ("(A B : U 0) -> ((A -> B) -> A) -> A", Worlds(2)),
        ("(A B : U 0) -> Sum (A -> B) (B -> A)", Worlds(3)),
        ("(A B : U 0) -> not (A /\\ B) -> Sum (not A) (not B)", Worlds(3)),
        ("(A B C : U 0) -> (not A -> Sum B C) -> Sum (not A -> B) (not A -> C)", Worlds(4)),
        // What is false at some truth values needs no more than one.
        ("(A B : U 0) -> A -> B", Worlds(1)),
        ("(A B : U 0) -> (A -> B) -> B -> A", Worlds(1)),
        ("Empty", Worlds(1)),
        ("(A : U 0) (P : A -> U 0) (x y : A) -> P x -> P y", Worlds(1)),
    ]);
}

/// Orders and equations of numbers, and truth of Booleans, are decided one way or the other, so for them logic is classical.
#[test]
fn logic_is_classical_where_a_lemma_says_so() {
    run(&[
        ("(a b : Nat) -> not not (a = b) -> a = b", Proof),
        ("(a b : Real) -> ((a < b -> b = a) -> a < b) -> a < b", Proof),
        ("(p q : Bool) -> (p = true \\/ q = true) -> (p = true -> q = true) -> q = true", Proof),
        ("(a b c : Nat) -> not (a < b /\\ b = c) -> a < b -> not (b = c)", Proof),
        ("(P : Nat -> U 0) (a : Nat) -> not not P a -> P a", Worlds(2)),
        ("(a b c : Nat) -> a < b -> b < c -> a < c", Worlds(1)),
    ]);
}

/// Many statements, each of which follows from its neighbours being equivalent, in a ring of an odd number of them: de Bruijn's formula.
fn ring(n: usize) -> String {
    let all = (0..n).map(|i| format!("A{i}")).collect::<Vec<_>>();
    let goal = all.join(" /\\ ");
    let given: String = (0..n).map(|i| format!("((A{i} <-> A{}) -> {goal}) -> ", (i + 1) % n)).collect();
    format!("({} : U 0) -> {given}{goal}", all.join(" "))
}

/// One pigeon more than there are holes: two of them are in one. The holes of some pigeons are only known not to be denied.
fn pigeons(holes: usize, denied: bool) -> String {
    let place = |p: usize, h: usize| format!("P{p}_{h}");
    let sum =
        |parts: Vec<String>| parts.into_iter().rev().reduce(|rest, part| format!("Sum ({part}) ({rest})")).unwrap();
    let all: Vec<String> = (0..=holes).flat_map(|p| (0..holes).map(move |h| place(p, h))).collect();
    let last = |p, h| if denied && h + 1 == holes { format!("not not {}", place(p, h)) } else { place(p, h) };
    let given: String = (0..=holes).map(|p| sum((0..holes).map(|h| last(p, h)).collect()) + " -> ").collect();
    let pairs = (0..holes).flat_map(|h| (0..=holes).flat_map(move |p| (0..p).map(move |q| (h, p, q))));
    let both = pairs.map(|(h, p, q)| format!("{} /\\ {}", place(q, h), place(p, h))).collect();
    format!("({} : U 0) -> {given}{}", all.join(" "), sum(both))
}

/// What the sequent calculus alone would take far longer for: the steps say that clauses do the work, and the kernel accepts what they find.
#[test]
fn clauses_decide_what_is_large() {
    deep(|| {
        let texts = [ring(25), pigeons(4, false), pigeons(4, true), pigeons(6, true)];
        let (session, statements) = goals("", &texts);
        for (n, statement) in statements.iter().enumerate() {
            let proved = match decided(&session, statement, 20_000) {
                Ok(Decided::Proof(_)) => true,
                Ok(Decided::Model { .. }) => false,
                Err((reason, why)) => panic!("{}: {reason:?} {why}", texts[n]),
            };
            assert_eq!(proved, n < 2, "{}", texts[n]);
        }
    });
}

/// A small generator, so that each run takes the same formulas.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn formula(&mut self, depth: u32) -> String {
        let kind = if depth == 0 { 4 + self.below(5) } else { self.below(8) };
        let mut part = || self.formula(depth - 1);
        match kind {
            0 | 1 => format!("({} -> {})", part(), part()),
            2 => format!("({} /\\ {})", part(), part()),
            3 => format!("(Sum {} {})", part(), part()),
            4 => "A".to_owned(),
            5 => "B".to_owned(),
            6 => "C".to_owned(),
            7 => "Empty".to_owned(),
            _ => "Unit".to_owned(),
        }
    }
}

/// Every formula is decided, and whatever is said is checked: proofs by the kernel, models by their definition.
#[test]
fn random_formulas_are_decided() {
    deep(|| {
        let mut random = Random(1);
        let texts: Vec<String> = (0..400).map(|n| format!("(A B C : U 0) -> {}", random.formula(2 + n % 3))).collect();
        let (session, statements) = goals("", &texts);
        let (mut proofs, mut models) = (0, 0);
        for (text, statement) in texts.iter().zip(&statements) {
            match decided(&session, statement, 200_000) {
                Ok(Decided::Proof(_)) => proofs += 1,
                Ok(Decided::Model { .. }) => models += 1,
                Err((reason, why)) => panic!("{text}: {reason:?} {why}"),
            }
        }
        assert!(proofs > 50 && models > 50, "{proofs} proofs, {models} models");
    });
}

#[test]
fn a_small_budget_is_kept() {
    deep(|| {
        let (session, statements) = goals("", &["(A B : U 0) -> ((((A -> B) -> A) -> A) -> B) -> B".to_owned()]);
        let found = decided(&session, &statements[0], 3);
        assert!(matches!(found, Err((Reason::Budget, _))), "{found:?}");
    });
}
