//! Paths at any type, with and without a proof that the search finds; each proof is judged by the kernel.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../engine-logic/tests/common/mod.rs"]
mod common;

use bfv_elab::Session;
use bfv_engine_complete::Complete;
use bfv_engine_cubical::Cubical;
use bfv_format::{Decl, Term};
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, Wish};
use common::{deep, goals, goals_over};
use std::sync::atomic::AtomicBool;

const LIBRARY: &[&str] =
    &["int", "cubical/path", "cubical/levels", "cubical/equivalence", "cubical/univalence", "cubical/circle"];

/// What the engine says of a statement, judged by the kernel where there is a term.
fn ask(session: &Session, statement: &Term, budget: &mut Budget) -> Outcome {
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, statement);
    let outcome = Cubical { side: &Complete }
        .solve(&Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() }, budget);
    if let Outcome::Candidate(term) = &outcome {
        let judged = session.signature.prove(statement, term, Limits::default());
        assert!(judged.is_ok(), "the kernel refuses: {:?}", judged.err());
    }
    outcome
}

/// What is proved, each within 4,000 steps.
const PROVED: &[&str] = &[
    // Paths form a groupoid.
    "{A : U 0} {a b : A} (p : a = b) -> compose p (constant b) = p",
    "{A : U 0} {a b : A} (p : a = b) -> compose (constant a) p = p",
    "{A : U 0} {a b : A} (p : a = b) -> compose p (inverse p) = constant a",
    "{A : U 0} {a b : A} (p : a = b) -> compose (inverse p) p = constant b",
    "{A : U 0} {a b : A} (p : a = b) -> inverse (inverse p) = p",
    "{A : U 0} {a b c d : A} (p : a = b) (q : b = c) (r : c = d) -> compose (compose p q) r = compose p (compose q r)",
    "{A : U 0} {a b c : A} (p : a = b) (q : b = c) -> inverse (compose p q) = compose (inverse q) (inverse p)",
    "{A : U 0} {a b c : A} (p : a = b) (q : b = c) -> compose (inverse p) (compose p q) = q",
    "{A : U 0} {a b c : A} (p : a = b) (q r : b = c) -> compose p q = compose p r -> q = r",
    // So do the paths made by the other two operations of the library.
    "{A : U 0} {a b : A} (p : a = b) -> trans p (sym p) = constant a",
    "{A : U 0} {a b c : A} (p : a = b) (q : b = c) -> trans p q = compose p q",
    "{A : U 0} {a b : A} (p : a = b) -> sym p = inverse p",
    // Loops, whose ends cannot be let go as they are.
    "{A : U 0} {a : A} (p : a = a) -> compose p (inverse p) = constant a",
    "{A : U 0} {a : A} (p q : a = a) -> inverse (compose p q) = compose (inverse q) (inverse p)",
    "{A B : U 0} (f g : A -> B) (x : A) (p : f x = g x) -> compose p (inverse p) = constant (f x)",
    // Functions act on paths.
    "{A B : U 0} (f : A -> B) {a b c : A} (p : a = b) (q : b = c) -> ap f (compose p q) = compose (ap f p) (ap f q)",
    "{A B : U 0} (f : A -> B) {a b : A} (p : a = b) -> ap f (inverse p) = inverse (ap f p)",
    "{A B C : U 0} (f : A -> B) (g : B -> C) {a b : A} (p : a = b) -> ap g (ap f p) = ap (fun x => g (f x)) p",
    "{A : U 0} {a b : A} (p : a = b) -> ap (fun x => x) p = p",
    // Homotopies are natural.
    "{A B : U 0} (f g : A -> B) (h : (x : A) -> f x = g x) {a b : A} (p : a = b) -> compose (h a) (ap g p) = compose (ap f p) (h b)",
    "{A : U 0} (h : A -> A) (e : (x : A) -> h x = x) (x : A) -> ap h (e x) = e (h x)",
    // What is carried along paths.
    "{A : U 0} (P : A -> U 0) {a b c : A} (p : a = b) (q : b = c) (t : P a) -> subst P (compose p q) t = subst P q (subst P p t)",
    "{A : U 0} (P : A -> U 0) {a b : A} (p : a = b) (t : P a) -> subst P (inverse p) (subst P p t) = t",
    "{A : U 0} (P : A -> U 0) (a : A) (t : P a) -> subst P (constant a) t = t",
    "{A B : U 0} {a b : A} (p : a = b) (t : B) -> subst (fun x => B) p t = t",
    "{A : U 0} {a b c : A} (p : b = c) (q : a = b) -> subst (fun x => a = x) p q = compose q p",
    "{A : U 0} {a b c : A} (p : a = b) (q : a = c) -> subst (fun x => x = c) p q = compose (inverse p) q",
    "{A : U 0} {P Q : A -> U 0} (f : (x : A) -> P x -> Q x) {a b : A} (p : a = b) (t : P a) -> f b (subst P p t) = subst Q p (f a t)",
    "{A : U 0} (P : A -> U 0) (f : (x : A) -> P x) {a b : A} (p : a = b) -> subst P p (f a) = f b",
    // Squares.
    "{A : U 0} {a b : A} (p : a = b) -> PathP (fun k => Path A a (p k)) (constant a) p",
    "{A : U 0} {a b : A} (p : a = b) -> PathP (fun k => Path A (p k) b) p (constant b)",
    "{A : U 0} {a b c : A} (p : a = b) (q : b = c) -> PathP (fun k => Path A a (q k)) p (compose p q)",
    "{A : U 0} {a b c d : A} (p : a = b) (q : c = d) (l : a = c) (r : b = d) -> PathP (fun k => Path A (l k) (r k)) p q -> compose p r = compose l q",
    "{A B : U 0} (P : Path (U 0) A B) (a : A) -> PathP (fun i => P i) a (coe 0 1 (fun i => P i) a)",
    // Functions and pairs.
    "{A : U 0} {B : A -> U 0} (f g : (x : A) -> B x) -> ((x : A) -> f x = g x) -> f = g",
    "{A B : U 0} (f g : A -> B) (h k : (x : A) -> f x = g x) -> ((x : A) -> h x = k x) -> funext h = funext k",
    "{A B : U 0} (u v : A ** B) -> u.1 = v.1 -> u.2 = v.2 -> u = v",
    "{A : U 0} {B : A -> U 0} (u v : Sigma (x : A), B x) (p : u.1 = v.1) -> subst B p u.2 = v.2 -> u = v",
    "{A : U 0} {B : A -> U 0} (u v : Sigma (x : A), B x) (p : u.1 = v.1) -> PathP (fun i => B (p i)) u.2 v.2 -> u = v",
    // Levels.
    "{A : U 0} (a : A) -> IsContr (Sigma (x : A), a = x)",
    "{A : U 0} (a : A) -> IsContr (Sigma (x : A), x = a)",
    "{A : U 0} -> IsContr A -> IsProp A",
    "{A : U 0} -> IsProp A -> IsSet A",
    "{A : U 0} -> IsContr A -> IsSet A",
    "{A : U 0} -> IsProp (IsProp A)",
    "{A : U 0} -> IsProp (IsSet A)",
    "{A : U 0} -> IsProp (IsContr A)",
    "{A : U 0} {B : A -> U 0} -> ((x : A) -> IsProp (B x)) -> IsProp ((x : A) -> B x)",
    "{A : U 0} {B : A -> U 0} -> ((x : A) -> IsSet (B x)) -> IsSet ((x : A) -> B x)",
    "{A B : U 0} -> IsProp A -> IsProp B -> IsProp (A ** B)",
    "{A B : U 0} -> IsSet A -> IsSet B -> IsSet (A ** B)",
    "{A : U 0} {P : A -> U 0} -> ((x : A) -> IsProp (P x)) -> (u v : Sigma (x : A), P x) -> u.1 = v.1 -> u = v",
    "{A : U 0} {P : A -> U 0} -> IsProp A -> ((x : A) -> IsProp (P x)) -> IsProp (Sigma (x : A), P x)",
    "{A B : U 0} (f : A -> B) (g : B -> A) -> ((y : B) -> f (g y) = y) -> IsProp A -> IsProp B",
    // Equivalences and the circle.
    "{A : U 0} -> Equiv A A",
    "{A B : U 0} (e : Equiv A B) (x y : A) -> e.1 x = e.1 y -> x = y",
    "compose loop_path (inverse loop_path) = constant base",
    "(p : base = base) -> compose p (compose (inverse p) loop_path) = loop_path",
];

/// What holds and is not found.
const OPEN: &[&str] = &[
    "{A : U 0} {a b c d : A} (p : a = b) (q : c = d) (l : a = c) (r : b = d) -> compose p r = compose l q -> PathP (fun k => Path A (l k) (r k)) p q",
    "{A B : U 0} (f : A -> B) (g : B -> A) -> ((y : B) -> f (g y) = y) -> IsContr A -> IsContr B",
    "inverse (compose loop_path loop_path) = compose (inverse loop_path) (inverse loop_path)",
    "{A B : U 0} (f : A -> B) {a b : A} (p : f a = f b) -> ((x y : A) -> f x = f y -> x = y) -> (B -> A) -> IsSet A",
];

/// What does not hold.
const WRONG: &[&str] = &[
    "{A : U 0} {a b : A} (p q : a = b) -> p = q",
    "{A : U 0} {a : A} (p : a = a) -> p = constant a",
    "{A : U 0} {a : A} (p q : a = a) -> compose p q = compose q p",
    "{A : U 0} {a b : A} (p : a = b) (q : a = b) -> compose p (inverse q) = constant a",
    "{A : U 0} (P : A -> U 0) {a : A} (p : a = a) (t : P a) -> subst P p t = t",
    "{A B : U 0} (u v : A ** B) -> u.1 = v.1 -> u = v",
    "{A : U 0} -> IsProp A",
    "{A : U 0} -> IsSet A -> IsProp A",
    "{A : U 0} -> IsSet A",
    "loop_path = constant base",
    "compose loop_path loop_path = loop_path",
];

/// Each statement with what the engine says of it.
fn each(texts: &'static [&'static str], check: impl Fn(&str, Outcome, &Budget) + Send + 'static) {
    deep(move || {
        let texts: Vec<String> = texts.iter().map(|t| (*t).to_owned()).collect();
        let (session, statements) = goals_over(LIBRARY, "", &texts);
        assert_eq!(texts.len(), statements.len());
        for (text, statement) in texts.iter().zip(&statements) {
            let mut budget = Budget::new(100_000);
            let outcome = ask(&session, statement, &mut budget);
            check(text, outcome, &budget);
        }
    });
}

#[test]
fn paths_squares_and_cubes_are_found() {
    assert!(PROVED.len() >= 55, "{}", PROVED.len());
    each(PROVED, |text, outcome, budget| {
        assert!(matches!(outcome, Outcome::Candidate(_)), "{text}: {outcome:?}");
        assert!(budget.used <= 4_000, "{text}: {} steps", budget.used);
    });
}

/// The reason is one of two, and the search is no longer than it may be.
#[test]
fn what_is_not_found_is_left_open_with_a_reason() {
    for texts in [OPEN, WRONG] {
        each(texts, |text, outcome, budget| {
            assert!(
                matches!(outcome, Outcome::GaveUp(Reason::Incomplete | Reason::Budget, ref why) if !why.is_empty()),
                "{text}: {outcome:?}"
            );
            assert!(budget.used <= 25_000, "{text}: {} steps", budget.used);
        });
    }
}

#[test]
fn other_goals_are_left_to_others_at_once() {
    each(
        &[
            "(A : U 0) -> A -> A",
            "(A : U 0) (P : A -> U 0) (a b : A) -> a = b -> P a -> P b",
            "(x y : Nat) -> x + y = y + x",
            "(x : Real) -> x <= x",
            "(x : Bool) -> x = x",
            "(A : U 0) -> Path (U 0) A A -> A -> A",
        ],
        |text, outcome, budget| {
            assert!(
                matches!(&outcome, Outcome::GaveUp(Reason::OutsideFragment, why) if why.is_empty()),
                "{text}: {outcome:?}"
            );
            assert_eq!(budget.used, 0, "{text}");
        },
    );
}

#[test]
fn a_search_that_nobody_wants_ends() {
    deep(|| {
        let text =
            "{A : U 0} {a b c d : A} (p : a = b) (q : b = c) (r : c = d) -> trans (trans p q) r = trans p (trans q r)";
        let (session, statements) = goals("", &[text.to_owned()]);
        assert!(matches!(ask(&session, &statements[0], &mut Budget::new(10_000)), Outcome::Candidate(_)));
        let mut budget = Budget::until(100_000, Some(&Wish::new(AtomicBool::new(true))));
        let outcome = ask(&session, &statements[0], &mut budget);
        assert!(matches!(outcome, Outcome::GaveUp(Reason::Cancelled, _)), "{outcome:?}");
    });
}

/// The theorems of the library about paths, with their proofs taken away: all of the first module are found.
#[test]
fn theorems_of_the_library_are_found_again() {
    deep(|| {
        for (modules, at_least, of) in [(2, 17, 17), (3, 12, 25), (4, 3, 5), (5, 3, 12), (6, 1, 18)] {
            let theorems = |modules: &[&str]| {
                let (session, _) = goals_over(modules, "", &[]);
                let all = session.signature.decls().filter_map(|d| match d {
                    Decl::Theorem { name, ty, .. } => Some((name.clone(), ty.clone())),
                    _ => None,
                });
                (all.collect::<Vec<_>>(), session)
            };
            let (before, _) = theorems(&LIBRARY[..modules - 1]);
            let (all, session) = theorems(&LIBRARY[..modules]);
            let new = &all[before.len()..];
            let found = |(_, ty): &&(String, Term)| {
                matches!(ask(&session, ty, &mut Budget::new(100_000)), Outcome::Candidate(_))
            };
            let names: Vec<&str> = new.iter().filter(found).map(|(n, _)| n.as_str()).collect();
            println!("{}: {} of {}: {names:?}", LIBRARY[modules - 1], names.len(), new.len());
            assert_eq!(new.len(), of, "{}", LIBRARY[modules - 1]);
            assert!(names.len() >= at_least, "{names:?}");
        }
    });
}
