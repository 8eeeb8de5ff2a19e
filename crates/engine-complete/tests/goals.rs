//! Laws from laws: equations that follow are proved by terms that the kernel accepts, and those that do not are left open with a reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../engine-logic/tests/common/mod.rs"]
mod common;

use bfv_elab::Session;
use bfv_engine_complete::Complete;
use bfv_format::Term;
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, Wish};
use common::{deep, goals};
use std::sync::atomic::AtomicBool;

/// Laws that are given through a definition, and groups as one value.
const DEFINITIONS: &str = "
def IsGroup (G : U 0) (mul : G -> G -> G) (one : G) (inv : G -> G) : U 0 :=
  ((x y z : G) -> mul (mul x y) z = mul x (mul y z)) /\\ ((x : G) -> mul one x = x) /\\ ((x : G) -> mul (inv x) x = one)
def Group : U 1 := Sigma (G : U 0), Sigma (mul : G -> G -> G), Sigma (one : G), Sigma (inv : G -> G), IsGroup G mul one inv
def conjugate {G : U 0} (mul : G -> G -> G) (inv : G -> G) (a x : G) : G := mul (mul a x) (inv a)
";

const GROUP: &str = "(G : U 0) (mul : G -> G -> G) (one : G) (inv : G -> G)
  (assoc : (x y z : G) -> mul (mul x y) z = mul x (mul y z)) (unit : (x : G) -> mul one x = x) (inverse : (x : G) -> mul (inv x) x = one) -> ";

const RIGHT_GROUP: &str = "(G : U 0) (mul : G -> G -> G) (one : G) (inv : G -> G)
  (assoc : (x y z : G) -> mul (mul x y) z = mul x (mul y z)) (unit : (x : G) -> mul x one = x) (inverse : (x : G) -> mul x (inv x) = one) -> ";

const RING: &str = "(R : U 0) (add : R -> R -> R) (zero : R) (neg : R -> R) (mul : R -> R -> R) (one : R)
  (add_assoc : (x y z : R) -> add (add x y) z = add x (add y z)) (add_comm : (x y : R) -> add x y = add y x)
  (add_zero : (x : R) -> add zero x = x) (add_neg : (x : R) -> add (neg x) x = zero)
  (mul_assoc : (x y z : R) -> mul (mul x y) z = mul x (mul y z)) (mul_one : (x : R) -> mul x one = x) (one_mul : (x : R) -> mul one x = x)
  (left : (x y z : R) -> mul x (add y z) = add (mul x y) (mul x z)) (right : (x y z : R) -> mul (add x y) z = add (mul x z) (mul y z)) -> ";

const BOOLEAN: &str = "(B : U 0) (meet join : B -> B -> B) (zero one : B) (no : B -> B)
  (mc : (x y : B) -> meet x y = meet y x) (jc : (x y : B) -> join x y = join y x)
  (md : (x y z : B) -> meet x (join y z) = join (meet x y) (meet x z)) (jd : (x y z : B) -> join x (meet y z) = meet (join x y) (join x z))
  (mi : (x : B) -> meet x one = x) (ji : (x : B) -> join x zero = x)
  (mn : (x : B) -> meet x (no x) = zero) (jn : (x : B) -> join x (no x) = one) -> ";

const SEMILATTICE: &str =
    "(L : U 0) (join : L -> L -> L) (assoc : (x y z : L) -> join (join x y) z = join x (join y z))
  (comm : (x y : L) -> join x y = join y x) (idem : (x : L) -> join x x = x) -> ";

const HOMOMORPHISM: &str = "(G H : U 0) (mul : G -> G -> G) (one : G) (inv : G -> G) (times : H -> H -> H) (id : H) (back : H -> H) (f : G -> H)
  (unit : (x : G) -> mul one x = x) (inverse : (x : G) -> mul (inv x) x = one)
  (assoc : (x y z : H) -> times (times x y) z = times x (times y z)) (left : (x : H) -> times id x = x) (undo : (x : H) -> times (back x) x = id)
  (hom : (x y : G) -> f (mul x y) = times (f x) (f y)) -> ";

/// What the engine says of statements with the same beginning, each judged by the kernel where there is a term.
fn each(given: &'static str, texts: &'static [&'static str], check: impl Fn(&str, Outcome, &Budget) + Send + 'static) {
    each_within(400_000, None, given, texts, check);
}

fn each_within(
    steps: u64,
    wish: Option<Wish>,
    given: &'static str,
    texts: &'static [&'static str],
    check: impl Fn(&str, Outcome, &Budget) + Send + 'static,
) {
    deep(move || {
        let texts: Vec<String> = texts.iter().map(|t| format!("{given}{t}")).collect();
        let (session, statements) = goals(DEFINITIONS, &texts);
        for (text, statement) in texts.iter().zip(&statements) {
            let mut budget = Budget::until(steps, wish.as_ref());
            let outcome = engine(&session, statement, &mut budget);
            if let Outcome::Candidate(term) = &outcome {
                let judged = session.signature.prove(statement, term, Limits::default());
                assert!(judged.is_ok(), "{text}: the kernel refuses: {:?}", judged.err());
            }
            check(text, outcome, &budget);
        }
    });
}

fn engine(session: &Session, statement: &Term, budget: &mut Budget) -> Outcome {
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, statement);
    Complete.solve(&Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() }, budget)
}

/// Each statement is proved within so many steps, which is about twice as many as it takes.
fn proved(steps: u64, given: &'static str, texts: &'static [&'static str]) {
    each(given, texts, move |text, outcome, budget| {
        assert!(matches!(outcome, Outcome::Candidate(_)), "{text}: {outcome:?}");
        assert!(budget.used <= steps, "{text}: {} steps", budget.used);
    });
}

/// Each statement is left open, with a reason and a sentence.
fn open(steps: u64, reason: Reason, sentence: &'static str, given: &'static str, texts: &'static [&'static str]) {
    each_within(steps, None, given, texts, move |text, outcome, _| match outcome {
        Outcome::GaveUp(r, why) => assert_eq!((r, why.as_str()), (reason, sentence), "{text}"),
        other => panic!("{text}: {other:?}"),
    });
}

const APART: &str = "All consequences of the given equations were derived, and the two sides stay apart.";

/// The published example, with the laws on either side, and what else everybody asks of groups.
#[test]
fn laws_of_groups_follow_from_three() {
    const THEOREMS: &[&str] = &[
        "(a b : G) -> inv (mul a b) = mul (inv b) (inv a)",
        "(a : G) -> inv (inv a) = a",
        "inv one = one",
        "(a : G) -> mul a (inv a) = one",
        "(a : G) -> mul (inv a) a = one",
        "(a : G) -> mul a one = a",
        "(a b c : G) -> mul a b = mul a c -> b = c",
        "(a b c : G) -> mul b a = mul c a -> b = c",
        "(a b : G) -> mul a b = one -> b = inv a",
        "(e : G) -> ((x : G) -> mul e x = x) -> e = one",
        "((x : G) -> mul x x = one) -> (a b : G) -> mul a b = mul b a",
        "((x y : G) -> mul (mul x y) (mul x y) = mul (mul x x) (mul y y)) -> (a b : G) -> mul a b = mul b a",
    ];
    proved(30_000, GROUP, THEOREMS);
    proved(30_000, RIGHT_GROUP, THEOREMS);
}

#[test]
fn laws_of_rings_and_lattices_follow() {
    proved(
        200_000,
        RING,
        &[
            "(a : R) -> mul a zero = zero",
            "(a : R) -> mul zero a = zero",
            "(a b : R) -> mul (neg a) b = neg (mul a b)",
            "(a b : R) -> mul (neg a) (neg b) = mul a b",
            "((x : R) -> mul x x = x) -> (a b : R) -> mul a b = mul b a",
        ],
    );
    proved(
        150_000,
        BOOLEAN,
        &[
            "(a : B) -> join a a = a",
            "(a : B) -> meet a a = a",
            "(a b : B) -> join a (meet a b) = a",
            "(a : B) -> no (no a) = a",
        ],
    );
    proved(
        5_000,
        SEMILATTICE,
        &[
            "(a b c : L) -> join (join a b) (join a c) = join a (join b c)",
            "(a b c : L) -> join a b = b -> join b c = c -> join a c = c",
        ],
    );
    proved(
        5_000,
        "(L : U 0) (meet join : L -> L -> L) (m : (x y : L) -> meet x (join x y) = x) (j : (x y : L) -> join x (meet x y) = x) -> ",
        &["(a : L) -> meet a a = a"],
    );
}

/// Equations between two types, functions that are equal, combinators.
#[test]
fn other_laws_follow() {
    proved(20_000, HOMOMORPHISM, &["f one = id", "(a : G) -> f (inv a) = back (f a)"]);
    proved(
        5_000,
        "",
        &[
            "(A : U 0) (f g : A -> A) -> ((x : A) -> f (f x) = x) -> Path (A -> A) (fun x => g (f x)) f -> Path (A -> A) g (fun x => x)",
            "(T : U 0) (app : T -> T -> T) (s k : T) -> ((x y : T) -> app (app k x) y = x) -> ((x y z : T) -> app (app (app s x) y) z = app (app x z) (app y z)) -> (a : T) -> app (app (app s k) k) a = a",
            "(X : U 0) (f g : X -> X -> X) (e : X) -> ((x : X) -> f e x = x) -> ((x : X) -> f x e = x) -> ((x : X) -> g e x = x) -> ((x : X) -> g x e = x) -> ((a b c d : X) -> f (g a b) (g c d) = g (f a c) (f b d)) -> ((a b : X) -> f a b = g a b) /\\ ((a b : X) -> f a b = f b a)",
            "(A : U 0) (P : A -> U 0) (a b c : A) -> a = b -> b = c -> c = a",
            // The variable z occurs on neither side: an element of its type is at hand.
            "(A B : U 0) (f : A -> A) (z : B) -> ((x : A) (z : B) -> f x = x) -> (a : A) -> f (f a) = a",
        ],
    );
}

#[test]
fn laws_may_come_through_definitions() {
    proved(
        30_000,
        "",
        &[
            "(G : U 0) (mul : G -> G -> G) (one : G) (inv : G -> G) -> IsGroup G mul one inv -> (a b : G) -> inv (mul a b) = mul (inv b) (inv a)",
            "(G : Group) (a b : G.1) -> G.2.2.2.1 (G.2.1 a b) = G.2.1 (G.2.2.2.1 b) (G.2.2.2.1 a)",
            "(G : U 0) (mul : G -> G -> G) (one : G) (inv : G -> G) -> IsGroup G mul one inv -> (a x y : G) -> conjugate mul inv a (mul x y) = mul (conjugate mul inv a x) (conjugate mul inv a y)",
        ],
    );
}

/// Where the laws have finitely many consequences, the end of the search says that the equation is none of them.
#[test]
fn what_does_not_follow_is_left_open_with_the_reason() {
    open(100_000, Reason::Incomplete, APART, GROUP, &["(a b : G) -> mul a b = mul b a", "(a : G) -> a = one"]);
    open(
        100_000,
        Reason::Incomplete,
        APART,
        "(G : U 0) (mul : G -> G -> G) -> ((x y z : G) -> mul (mul x y) z = mul x (mul y z)) -> ",
        &["(a b : G) -> mul a b = mul b a"],
    );
    // Whatever follows from a condition is not known.
    open(
        100_000,
        Reason::Incomplete,
        "All consequences of the equations that can be used were derived, and the two sides stay apart.",
        "",
        &[
            "(A : U 0) (P : A -> U 0) (f g : A -> A) -> ((x : A) -> f x = g x) -> ((x : A) -> P x -> g x = x) -> (a : A) -> P a -> f a = a",
        ],
    );
    // Without an element z nothing follows; and a condition is not proved here.
    open(
        100_000,
        Reason::OutsideFragment,
        "",
        "",
        &[
            "(A B : U 0) (f : A -> A) -> ((x : A) (z : B) -> f x = x) -> (a : A) -> f (f a) = a",
            "(A : U 0) (P : A -> U 0) (f : A -> A) -> ((x : A) -> P x -> f x = x) -> (a : A) -> f a = a",
        ],
    );
    let endless = "The given equations have too many consequences for the steps allowed.";
    open(300, Reason::Budget, endless, RING, &["(a b : R) -> mul a b = mul b a"]);
}

#[test]
fn other_goals_are_left_to_others_at_once() {
    each(
        "",
        &[
            "(A : U 0) -> A -> A",
            "(x y : Nat) -> x = y -> y = x",
            "(f : Nat -> Nat) -> ((x : Nat) -> f x = x) -> f 2 = 2",
            "(A : U 0) (a : A) -> a = a",
            "(A : U 0) (a b : A) -> (a = b) -> not (b = a) -> Empty",
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
    let wish = Wish::new(AtomicBool::new(true));
    each_within(1_000_000, Some(wish), RING, &["(a b : R) -> mul a b = mul b a"], |text, outcome, _| {
        assert!(matches!(outcome, Outcome::GaveUp(Reason::Cancelled, _)), "{text}: {outcome:?}");
    });
}
