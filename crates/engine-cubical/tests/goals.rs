//! Paths at any type, with and without a proof that the search finds; each proof is judged by the kernel.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../engine-logic/tests/common/mod.rs"]
mod common;

use bfv_elab::Session;
use bfv_engine_complete::Complete;
use bfv_engine_cubical::Cubical;
use bfv_format::{Decl, Term};
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal, Lemma, Outcome, Reason, Wish};
use common::{deep, goals, goals_over};
use std::sync::atomic::AtomicBool;

const LIBRARY: &[&str] = &[
    "int",
    "cubical/path",
    "cubical/levels",
    "cubical/equivalence",
    "cubical/univalence",
    "cubical/circle",
    "cubical/suspension",
    "cubical/torus",
    "cubical/truncation",
];

/// Names for the two circles of the torus.
const CIRCLES: &str =
    "def one_way : corner = corner := fun i => first i\ndef other_way : corner = corner := fun i => second i\n";

/// What the engine says of a statement with some lemmas, judged by the kernel where there is a term.
fn ask(session: &Session, statement: &Term, lemmas: &[Lemma], budget: &mut Budget) -> Outcome {
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, statement);
    let outcome =
        Cubical { side: &Complete }.solve(&Goal { machine: &machine, ctx, target, lemmas, hints: Vec::new() }, budget);
    if let Outcome::Candidate(term) = &outcome {
        let judged = session.signature.prove(statement, term, Limits::default());
        assert!(judged.is_ok(), "the kernel refuses: {:?}", judged.err());
    }
    outcome
}

/// What is proved, each within 8,000 steps.
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
    "{A : U 0} {a b c d : A} (p : a = b) (q : c = d) (l : a = c) (r : b = d) -> compose p r = compose l q -> PathP (fun k => Path A (l k) (r k)) p q",
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

/// Cubes with a given boundary, of which some hold for the points of one type only.
const BOXES: &[&str] = &[
    // Connections, and what they are walls for.
    "PathP (fun k => Path S1 base (loop k)) (constant base) loop_path",
    "PathP (fun k => Path S1 (loop k) base) loop_path (constant base)",
    "PathP (fun k => Path S1 (loop k) (loop k)) loop_path loop_path",
    "{A : U 0} {a : A} (p : a = a) -> PathP (fun k => Path A (p k) (p k)) p p",
    "{A : U 0} {a b c : A} (p : a = b) (q : b = c) -> PathP (fun k => Path A a (q k)) p (compose p q)",
    "{A : U 0} {a b c : A} (p : a = b) (q : b = c) -> PathP (fun k => Path A (p k) c) (compose p q) q",
    "{A : U 0} {a b : A} (p : a = b) -> PathP (fun k => Path A (p k) b) (inverse (inverse p)) (constant b)",
    "PathP (fun i => Path S1 (compose loop_path (inverse (constant base)) i) (loop i)) (constant base) (constant base)",
    "inverse (compose loop_path loop_path) = compose (inverse loop_path) (inverse loop_path)",
    // A square given is one to be found, also when its sides are composed.
    "{A : U 0} {a b c d : A} (p : a = b) (q : c = d) (l : a = c) (r : b = d) -> PathP (fun k => Path A (l k) (r k)) p q -> PathP (fun k => Path A (p k) (q k)) l r",
    "{A : U 0} {a b c d : A} (p : a = b) (q : c = d) (l : a = c) (r : b = d) -> compose p r = compose l q -> PathP (fun k => Path A (l k) (r k)) p q",
    "{A : U 0} (a : A) (p q r : a = a) -> PathP (fun k => Path A (p k) (p k)) q r -> compose p r = compose q p",
    "compose one_way other_way = compose other_way one_way",
    "PathP (fun k => Path Torus (first k) (first k)) other_way other_way",
    "PathP (fun k => Path Torus (second k) (second k)) one_way one_way",
];

/// Goals by the eliminators of data types with path constructors.
const DATA: &[&str] = &[
    "{P : S1 -> U 0} -> ((x : S1) -> IsProp (P x)) -> P base -> (x : S1) -> P x",
    "{A : U 0} (f : S1 -> A) (x : S1) -> circle_rec (f base) (ap f loop_path) x = f x",
    "{A : U 0} (f g : S1 -> A) (b : f base = g base) -> PathP (fun i => Path A (f (loop i)) (g (loop i))) b b -> f = g",
    "{A : U 0} (f : S1 -> A) (a : A) (h : (x : S1) -> f x = a) -> ap f loop_path = constant (f base)",
    "{A : U 0} (s : S1 -> A) (a : A) (r : (x : S1) -> s x = a) (x y : S1) -> s x = s y",
    "{A : U 0} (h : IsSet A) (f : S1 -> A) (s : S1) -> f s = f base",
    "(h : (x : S1) -> x = x) -> compose (h base) loop_path = compose loop_path (h base)",
    "(x : S1) -> circle_of_susp (susp_of_circle x) = x",
    "(t : Torus) -> torus_of (circles_of t) = t",
    "(a b : S1) -> circles_of (torus_at a b) = (a, b)",
    "{A B : U 0} (n s : B) (m : A -> n = s) (f : Susp A -> B) (p : f north = n) (q : f south = s) -> ((a : A) -> PathP (fun i => Path B (f (meridian a i)) (m a i)) p q) -> (x : Susp A) -> f x = susp_rec n s m x",
    "{A : U 0} -> IsProp (Trunc A)",
    "{A : U 0} -> Trunc A -> IsProp A -> A",
    "{A : U 0} (P : Trunc A -> U 0) -> ((x : Trunc A) -> IsProp (P x)) -> ((a : A) -> P (inc a)) -> (x : Trunc A) -> P x",
    "{A : U 0} (x : Trunc (Trunc A)) -> Trunc A",
    "winding (compose loop_path loop_path) = 2",
];

/// What books and papers show of paths, with the theorems of the library: Univalent Foundations Program, Homotopy type theory (2013),
/// for most of it.
const LITERATURE: &[&str] = &[
    // Four paths in a row: the ends of the pentagon.
    "{A : U 0} {a b c d e : A} (p : a = b) (q : b = c) (r : c = d) (s : d = e) -> compose (compose (compose p q) r) s = compose p (compose q (compose r s))",
    // Encoding and decoding.
    "(p : base = base) -> winding (compose p (inverse p)) = 0",
    "(p : base = base) -> winding (compose (compose p loop_path) loop_path) = next (next (winding p))",
    "(n : Nat) -> winding (loop_times n) = Int.pos n",
    "(n : Nat) -> compose (loop_power (previous (Int.negsuc n))) loop_path = loop_power (Int.negsuc n)",
    "compose (loop_power (previous 0)) loop_path = loop_power 0",
    "Equiv (base = base) Int",
    // Levels.
    "IsSet Bool",
    "IsSet Nat",
    "IsSet (Nat ** Bool)",
    "{A : U 0} -> ((x y : A) -> Decision (x = y)) -> IsSet A",
    "{A : U 0} -> ((x y : A) -> not not (x = y) -> x = y) -> IsSet A",
    "{A : U 0} (k : (x y : A) -> x = y -> x = y) -> ((x y : A) -> (p q : x = y) -> k x y p = k x y q) -> IsSet A",
    "{A : U 0} (x y : Trunc A) (p q : x = y) -> p = q",
    "(f : S1 -> Bool) (x : S1) -> f x = f base",
    "{A B : U 0} (f : A -> B) (g : B -> A) -> ((y : B) -> f (g y) = y) -> IsContr A -> IsContr B",
    "{A : U 0} -> IsProp (not A)",
    // Univalence.
    "{A B : U 0} (u : A) (e : Equiv A B) -> transport (ua e) u = e.1 u",
    "{A : U 0} (x : A) -> transport (ua (identity A)) x = x",
    "{A B C : U 0} (e : Equiv A B) (d : Equiv B C) (x : A) -> transport (ua d) (transport (ua e) x) = d.1 (e.1 x)",
    "{A B : U 0} (f : A -> B) (g : B -> A) -> ((x : A) -> g (f x) = x) -> ((y : B) -> f (g y) = y) -> Path (U 0) A B",
    "{A B : U 0} (f : A -> B) -> IsProp (IsEquiv f)",
    "Path (U 0) Torus (S1 ** S1)",
    "transport flip_path true = false",
];

/// What holds and is not found.
const OPEN: &[&str] = &[
    "{A : U 0} (a : A) (p q : constant a = constant a) -> compose p q = compose q p",
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
    "PathP (fun k => Path S1 (loop k) base) loop_path loop_path",
    "(x y : S1) -> x = y",
    "(x : S1) (p q : x = x) -> p = q",
    "{A : U 0} (f g : S1 -> A) -> f base = g base -> f = g",
    "{A : U 0} (x : Susp A) -> x = north",
    "{A B : U 0} -> IsProp B -> (f : A -> B) -> IsEquiv f",
];

/// Whether a search is given the theorems of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum With {
    Nothing,
    Theorems,
}

/// Each statement with what the engine says of it.
fn each(texts: &'static [&'static str], with: With, check: impl Fn(&str, Outcome, &Budget) + Send + 'static) {
    deep(move || {
        let texts: Vec<String> = texts.iter().map(|t| (*t).to_owned()).collect();
        let (session, statements) = goals_over(LIBRARY, CIRCLES, &texts);
        let lemmas: &[Lemma] = if with == With::Theorems { &session.lemmas } else { &[] };
        assert_eq!(texts.len(), statements.len());
        for (text, statement) in texts.iter().zip(&statements) {
            let mut budget = Budget::new(400_000);
            let outcome = ask(&session, statement, lemmas, &mut budget);
            check(text, outcome, &budget);
        }
    });
}

fn found(text: &str, outcome: &Outcome, budget: &Budget, most: u64) {
    assert!(matches!(outcome, Outcome::Candidate(_)), "{text}: {outcome:?}");
    assert!(budget.used <= most, "{text}: {} steps", budget.used);
}

#[test]
fn paths_squares_and_cubes_are_found() {
    assert!(PROVED.len() >= 57, "{}", PROVED.len());
    each(PROVED, With::Nothing, |text, outcome, budget| found(text, &outcome, budget, 12_000));
}

#[test]
fn boundaries_are_filled() {
    assert!(BOXES.len() >= 10, "{}", BOXES.len());
    each(BOXES, With::Nothing, |text, outcome, budget| found(text, &outcome, budget, 60_000));
}

#[test]
fn goals_about_higher_data_types_are_found() {
    assert!(DATA.len() >= 14, "{}", DATA.len());
    each(DATA, With::Nothing, |text, outcome, budget| found(text, &outcome, budget, 60_000));
}

#[test]
fn goals_from_the_literature_are_found_with_the_library() {
    assert!(LITERATURE.len() >= 20, "{}", LITERATURE.len());
    each(LITERATURE, With::Theorems, |text, outcome, budget| found(text, &outcome, budget, 60_000));
}

/// The reason is one of two, and the search is no longer than it may be. Theorems make nothing true.
#[test]
fn what_is_not_found_is_left_open_with_a_reason() {
    for (texts, with) in
        [(OPEN, With::Nothing), (OPEN, With::Theorems), (WRONG, With::Nothing), (WRONG, With::Theorems)]
    {
        each(texts, with, |text, outcome, budget| {
            assert!(
                matches!(outcome, Outcome::GaveUp(Reason::Incomplete | Reason::Budget, ref why) if !why.is_empty()),
                "{text}: {outcome:?}"
            );
            assert!(budget.used <= 100_000, "{text}: {} steps", budget.used);
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
        With::Theorems,
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
        assert!(matches!(ask(&session, &statements[0], &[], &mut Budget::new(10_000)), Outcome::Candidate(_)));
        let mut budget = Budget::until(100_000, Some(&Wish::new(AtomicBool::new(true))));
        let outcome = ask(&session, &statements[0], &[], &mut budget);
        assert!(matches!(outcome, Outcome::GaveUp(Reason::Cancelled, _)), "{outcome:?}");
    });
}

/// The theorems of the library about paths, with their proofs taken away: each is asked for with the theorems that stand before it.
#[test]
fn theorems_of_the_library_are_found_again() {
    deep(|| {
        let least = [(17, 17), (17, 25), (3, 5), (4, 12), (9, 18), (2, 4), (3, 3), (2, 5)];
        for (modules, (at_least, of)) in (2..).zip(least) {
            let theorems = |modules: &[&str]| {
                let (session, _) = goals_over(modules, "", &[]);
                let all = (0..).zip(session.signature.decls()).filter_map(|(id, d)| match d {
                    Decl::Theorem { name, ty, .. } => Some((id, name.clone(), ty.clone())),
                    _ => None,
                });
                (all.collect::<Vec<_>>(), session)
            };
            let (before, _) = theorems(&LIBRARY[..modules - 1]);
            let (all, session) = theorems(&LIBRARY[..modules]);
            let new = &all[before.len()..];
            let found = |(id, _, ty): &&(u32, String, Term)| {
                let earlier: Vec<Lemma> = session.lemmas.iter().filter(|l| l.id < *id).cloned().collect();
                matches!(ask(&session, ty, &earlier, &mut Budget::new(400_000)), Outcome::Candidate(_))
            };
            let names: Vec<&str> = new.iter().filter(found).map(|(_, n, _)| n.as_str()).collect();
            println!("{}: {} of {}: {names:?}", LIBRARY[modules - 1], names.len(), new.len());
            assert_eq!(new.len(), of, "{}", LIBRARY[modules - 1]);
            assert!(names.len() >= at_least, "{names:?}");
        }
    });
}
