//! Types for which a term is found that the kernel accepts, types for which the search ends without one, and how it ends early.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../engine-logic/tests/common/mod.rs"]
mod common;

use bfv_elab::Session;
use bfv_engine_inhabit::{Inhabit, inhabit};
use bfv_format::Term;
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, Wish};
use common::{deep, goals};
use std::sync::atomic::{AtomicBool, Ordering};

/// Data types of the tests.
const DATA: &str = "
data List (A : U 0) : U 0
| nil
| cons (head : A) (tail : List A)

data Forall (A : U 0) (P : A -> U 0) : U 0
| every (f : (x : A) -> P x)

data Branching : U 0
| leaf
| node (next : Nat -> Branching)
";

/// Asks about a type, and has the kernel judge what is found.
fn found(session: &Session, statement: &Term, budget: &mut Budget) -> Result<Term, (Reason, String)> {
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, statement);
    let goal = Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() };
    let found = inhabit(&goal, budget);
    if let Ok(term) = &found {
        let judged = session.signature.prove(statement, term, Limits::default());
        assert!(judged.is_ok(), "the kernel refuses: {:?}", judged.err());
    }
    found
}

fn each(texts: &'static [&'static str], check: impl Fn(&str, &Session, &Term) + Send + 'static) {
    deep(move || {
        let texts: Vec<String> = texts.iter().map(|t| (*t).to_owned()).collect();
        let (session, statements) = goals(DATA, &texts);
        for (text, statement) in texts.iter().zip(&statements) {
            check(text, &session, statement);
        }
    });
}

/// A term is found within so many steps, which is about twice as many as it takes.
fn within(steps: u64, texts: &'static [&'static str]) {
    each(texts, move |text, session, statement| {
        let found = found(session, statement, &mut Budget::new(steps));
        assert!(found.is_ok(), "{text}: {found:?}");
    });
}

#[test]
fn functions_pairs_and_data_have_terms() {
    within(
        1000,
        &[
            "(A : U 0) -> A -> A",
            "(A B : U 0) -> A /\\ B -> B /\\ A",
            "(A B : U 0) -> Sum A B -> Sum B A",
            "(A B C : U 0) -> (A /\\ B -> C) -> A -> B -> C",
            "(A B C : U 0) -> A /\\ Sum B C -> Sum (A /\\ B) (A /\\ C)",
            "(A : U 0) -> not not Sum A (not A)",
            "(A : U 0) -> Empty -> A",
            "(A : U 0) -> ((R : U 0) -> (A -> R) -> R) -> A",
            "(A : U 0) (P Q : A -> U 0) -> ((x : A) -> P x -> Q x) -> (Sigma (x : A), P x) -> Sigma (x : A), Q x",
            "(A B : U 0) (R : A -> B -> U 0) -> ((x : A) -> Sigma (y : B), R x y) -> Sigma (f : A -> B), (x : A) -> R x (f x)",
            "(A : U 0) (P : A -> U 0) -> not (Sigma (x : A), P x) -> (x : A) -> not P x",
            "(A : U 0) (P : A -> U 0) -> Forall A P -> (x : A) -> P x",
            "(A B : U 0) -> (A -> B) -> List A -> List B",
            "(A : U 0) -> Unit /\\ (A -> Unit)",
            "List Bool",
        ],
    );
}

#[test]
fn eliminators_prove_by_cases_and_by_induction() {
    within(
        3000,
        &[
            "(P : Bool -> U 0) -> P true -> P false -> (b : Bool) -> P b",
            "(P : Nat -> U 0) -> P 0 -> ((n : Nat) -> P n -> P (suc n)) -> (n : Nat) -> P n",
            "(P Q : Nat -> U 0) -> (P 0 /\\ Q 0) -> ((n : Nat) -> P n /\\ Q n -> P (suc n) /\\ Q (suc n)) -> (n : Nat) -> P n /\\ Q n",
            // About all values of the second number at once.
            "(P : Nat -> Nat -> U 0) -> ((m : Nat) -> P 0 m) -> ((n m : Nat) -> P n (suc m) -> P (suc n) m) -> (n m : Nat) -> P n m",
            "(A : U 0) (P : List A -> U 0) -> P nil -> ((x : A) (l : List A) -> P l -> P (cons x l)) -> (l : List A) -> P l",
            "(P : Branching -> U 0) -> P leaf -> ((f : Nat -> Branching) -> ((n : Nat) -> P (f n)) -> P (node f)) -> (b : Branching) -> P b",
            "(A B C : U 0) -> (A -> C) -> (B -> C) -> Sum A B -> C",
        ],
    );
}

#[test]
fn paths_are_transported_along() {
    within(
        1000,
        &[
            "(A : U 0) (x y : A) -> x = y -> y = x",
            "(A : U 0) (x y z : A) -> x = y -> y = z -> x = z",
            "(A B : U 0) (f : A -> B) (x y : A) -> x = y -> f x = f y",
            "(A : U 0) (P : A -> U 0) (x y : A) -> x = y -> P x -> P y",
            "(A : U 0) (x y : A) -> ((P : A -> U 0) -> P x -> P y) -> x = y",
            "(A B : U 0) (p : A /\\ B) -> p = (p.1, p.2)",
            "(A : U 0) (f : A -> A) -> f = (fun (x : A) => f x)",
        ],
    );
    within(25_000, &["(A B C : U 0) (f : A -> B -> C) (x y : A) (u v : B) -> x = y -> u = v -> f x u = f y v"]);
}

/// An equality, an order, closures of a relation and lists that are no more than what a goal says of them.
#[test]
fn eliminators_may_be_arguments() {
    within(
        1000,
        &[
            "(Eq : (A : U 0) -> A -> A -> U 0) (refl : (A : U 0) (x : A) -> Eq A x x)
             (J : (A : U 0) (x : A) (M : (y : A) -> Eq A x y -> U 0) -> M x (refl A x) -> (y : A) (p : Eq A x y) -> M y p) ->
             (A : U 0) (x y z : A) -> Eq A x y -> Eq A y z -> Eq A x z",
            "(Eq : (A : U 0) -> A -> A -> U 0) (refl : (A : U 0) (x : A) -> Eq A x x)
             (J : (A : U 0) (x : A) (M : (y : A) -> Eq A x y -> U 0) -> M x (refl A x) -> (y : A) (p : Eq A x y) -> M y p) ->
             (A B : U 0) (f : A -> B) (x y : A) -> Eq A x y -> Eq B (f x) (f y)",
            // Cantor: no map from a type to its predicates meets them all.
            "(Same : U 0 -> U 0 -> U 0) (No : U 0 -> U 0) (Goal : U 0) -> ((A : U 0) -> Same A (No A) -> Goal) ->
             (S : U 0) (member : S -> S -> U 0) (code : (S -> U 0) -> S) ->
             ((p : S -> U 0) (x : S) -> Same (member (code p) x) (p x)) -> Goal",
            "(List : U 0 -> U 0) (nil : (B : U 0) -> List B) (cons : (B : U 0) -> B -> List B -> List B)
             (fold : (B : U 0) (M : List B -> U 0) -> M (nil B) -> ((x : B) (l : List B) -> M l -> M (cons B x l)) -> (l : List B) -> M l)
             (All : (B : U 0) -> (B -> U 0) -> List B -> U 0) (none : (B : U 0) (P : B -> U 0) -> All B P (nil B))
             (more : (B : U 0) (P : B -> U 0) (x : B) (l : List B) -> P x -> All B P l -> All B P (cons B x l)) ->
             (A : U 0) (P : A -> U 0) -> ((x : A) -> P x) -> (l : List A) -> All A P l",
            "(S : U 0) (Step Many : S -> S -> U 0) (stay : (x : S) -> Many x x)
             (more : (x y z : S) -> Many x y -> Step y z -> Many x z)
             (walk : (x : S) (M : (y : S) -> Many x y -> U 0) -> M x (stay x) ->
                ((y z : S) (p : Many x y) (s : Step y z) -> M y p -> M z (more x y z p s)) -> (y : S) (p : Many x y) -> M y p) ->
             (x y z : S) -> Many x y -> Many y z -> Many x z",
            "(False : U 0) (classical : (A : U 0) -> ((A -> False) -> False) -> A) (A B : U 0) -> ((A -> B) -> A) -> A",
        ],
    );
}

/// Statements with quantifiers about predicates, of which nothing is known but that they hold or do not.
#[test]
fn first_order_logic_is_classical_where_a_lemma_says_so() {
    within(
        1200,
        &[
            // Whoever drinks, everybody drinks, if the right one does.
            "(P : Nat -> Bool) -> exists (x : Nat), (P x -> forall (y : Nat), P y)",
            "(P : Nat -> Nat -> Bool) -> exists (x y : Nat), (P x y -> forall (u v : Nat), P u v)",
            "(P : Nat -> Bool) -> (not (forall (x : Nat), P x) <-> exists (x : Nat), not P x)",
            "(P Q : Nat -> Bool) -> (forall (x : Nat), P x /\\ Q x) <-> ((forall (x : Nat), P x) /\\ forall (x : Nat), Q x)",
            "(P : Nat -> Bool) (q : Bool) -> (((exists (x : Nat), P x) -> q) <-> forall (x : Nat), (P x -> q))",
            "(P : Nat -> Nat -> Bool) -> (exists (x : Nat), forall (y : Nat), P x y) -> forall (y : Nat), exists (x : Nat), P x y",
            // Nobody shaves just those who do not shave themselves.
            "(Shaves : Nat -> Nat -> Bool) -> not exists (x : Nat), forall (y : Nat), (Shaves x y <-> not Shaves y y)",
            // Orders and equations of numbers, too.
            "(f : Nat -> Nat) -> not (forall (x : Nat), f x = x) -> exists (x : Nat), not (f x = x)",
            "(a b : Nat -> Real) -> not (exists (n : Nat), a n < b n) -> forall (n : Nat), not (a n < b n)",
            "(S : U 0) (a b : S) (P : S -> Bool) -> (forall (x : S), P x) -> P a /\\ P b",
        ],
    );
    // Cases are proofs by contradiction, and cost more.
    within(
        3000,
        &[
            "(P Q R : Nat -> Bool) -> (exists (x : Nat), P x) -> (forall (x : Nat), P x -> Q x \\/ R x) -> not (exists (x : Nat), P x /\\ R x) ->
             exists (x : Nat), P x /\\ Q x",
        ],
    );
}

/// What does not follow is not found, and a part of the steps is kept for others.
#[test]
fn what_does_not_follow_by_first_order_logic_is_left_open() {
    each(
        &[
            "(P : Nat -> Nat -> Bool) -> (forall (y : Nat), exists (x : Nat), P x y) -> exists (x : Nat), forall (y : Nat), P x y",
            "(P Q : Nat -> Bool) -> (exists (x : Nat), P x) -> (exists (x : Nat), Q x) -> exists (x : Nat), P x /\\ Q x",
            "(P : Nat -> Bool) -> (exists (x : Nat), P x) -> forall (x : Nat), P x",
        ],
        |text, session, statement| {
            let mut budget = Budget::new(40_000);
            let outcome = engine(session, statement, &mut budget);
            assert!(matches!(outcome, Outcome::GaveUp(..)), "{text}: {outcome:?}");
            assert!(budget.used <= 10_000, "{text}: {}", budget.used);
        },
    );
}

/// What has no term, and where that is seen because nothing is left to try.
#[test]
fn a_search_without_a_term_ends() {
    each(
        &[
            "(A B : U 0) -> A -> B",
            "(A : U 0) (P : A -> U 0) (x y : A) -> P x -> P y",
            "(A B : U 0) -> (A -> B) -> B -> A",
            "(A : U 0) (P Q : A -> U 0) -> ((x : A) -> P x -> Q x) -> (Sigma (x : A), P x) -> (x : A) -> Q x",
        ],
        |text, session, statement| {
            let found = found(session, statement, &mut Budget::new(10_000));
            assert!(matches!(found, Err((Reason::Incomplete, _))), "{text}: {found:?}");
        },
    );
}

/// What has no term, but no end of what might be tried, and what does not hold without excluded middle.
const ENDLESS: [&str; 4] = [
    "(A : U 0) -> Sum A (not A)",
    "(P : Nat -> U 0) -> P 0 -> (n : Nat) -> P n",
    "(A : U 0) (f : A -> A) (x y : A) -> f x = f y -> x = y",
    "(A : U 0) (P : A -> U 0) -> not ((x : A) -> not P x) -> Sigma (x : A), P x",
];

#[test]
fn budgets_are_kept() {
    each(&ENDLESS, |text, session, statement| {
        for steps in [0, 1, 100, 20_000] {
            let mut budget = Budget::new(steps);
            let found = found(session, statement, &mut budget);
            assert!(matches!(found, Err((Reason::Budget, _))), "{text}: {found:?}");
            assert!(budget.used <= steps, "{text}: {} of {steps}", budget.used);
        }
    });
}

#[test]
fn a_wish_to_stop_is_heeded() {
    each(&ENDLESS, |text, session, statement| {
        let wish = Wish::new(AtomicBool::new(false));
        wish.store(true, Ordering::Relaxed);
        let mut budget = Budget::until(u64::MAX, Some(&wish));
        let stopped = found(session, statement, &mut budget);
        assert!(matches!(stopped, Err((Reason::Cancelled, _))), "{text}: {stopped:?}");
        assert_eq!(budget.used, 0);
        // Without the wish it would not end; with one that comes later it does.
        wish.store(false, Ordering::Relaxed);
        let later = {
            let wish = wish.clone();
            std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(20));
                wish.store(true, Ordering::Relaxed);
            })
        };
        let stopped = found(session, statement, &mut Budget::until(u64::MAX, Some(&wish)));
        later.join().unwrap();
        assert!(matches!(stopped, Err((Reason::Cancelled, _))), "{text}: {stopped:?}");
    });
}

/// What the kernel knows of universes decides, not the search: a type of types is not small.
#[test]
fn universes_are_left_to_the_kernel() {
    within(1000, &["(F : U 1 -> U 0) -> ((A : U 1) -> F A) -> F (U 0)", "(A : U 0) -> U 0"]);
    each(&["(F : U 1 -> U 0) -> ((A : U 0) -> F A) -> (B : U 1) -> F B"], |text, session, statement| {
        let found = found(session, statement, &mut Budget::new(2000));
        assert!(found.is_err(), "{text}: {found:?}");
    });
}

/// What the engine says of a statement.
fn engine(session: &Session, statement: &Term, budget: &mut Budget) -> Outcome {
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, statement);
    Inhabit.solve(&Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() }, budget)
}

/// A definition may stand for more than can be looked at.
#[test]
fn a_goal_that_is_too_large_is_refused_at_once() {
    deep(|| {
        let mut text = "def double0 : U 0 := Bool\n".to_owned();
        for n in 1..40 {
            text += &format!("def double{n} : U 0 := double{} ** double{}\n", n - 1, n - 1);
        }
        let (session, statements) = goals(&text, &["(A : U 0) -> double39 -> A".to_owned()]);
        for statement in &statements {
            let mut budget = Budget::new(1000);
            let found = found(&session, statement, &mut budget);
            assert!(matches!(found, Err((Reason::Unsupported, _))), "{found:?}");
            assert_eq!(budget.used, 0);
        }
    });
}

/// The engine leaves to others what computes with numbers, and what is propositional logic.
#[test]
fn the_engine_is_for_types_with_dependence() {
    each(
        &[
            "(a b : Nat) -> a + b = b + a",
            "(x : Real) -> x < x + 1",
            "(f : Nat -> Nat) -> (forall (n : Nat), f n = n * 2) -> f 2 = 4",
            "(p q : Bool) -> (p = true -> q = true) -> not (q = true) -> not (p = true)",
            "(A B : U 0) -> Sum A B -> Sum B A",
            "(A : U 0) -> Sum A (not A)",
        ],
        |text, session, statement| {
            let mut budget = Budget::new(1000);
            let outcome = engine(session, statement, &mut budget);
            let left = matches!(&outcome, Outcome::GaveUp(Reason::OutsideFragment, _)) && budget.used == 0;
            assert!(left, "{text}: {outcome:?} after {}", budget.used);
        },
    );
    each(
        &["(A : U 0) (P : A -> U 0) (x : A) -> ((y : A) -> P y) -> P x", "(A B : U 0) -> (A -> B) -> List A -> List B"],
        |text, session, statement| {
            let outcome = engine(session, statement, &mut Budget::new(1000));
            assert!(matches!(outcome, Outcome::Candidate(_)), "{text}: {outcome:?}");
        },
    );
}
