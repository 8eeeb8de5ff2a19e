//! Claims about data: what is false is refuted at a point that the kernel accepts, and what is true is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_elab::{Engines, Session};
use bfv_engine_data::Narrow;
use bfv_engine_native::{Arith, Auto, Boxes};
use bfv_format::{Decl, Term};
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, Wish};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const PRELUDE: &str = "module m
data List (A : U 0) : U 0
| nil
| cons (head : A) (tail : List A)

data Color : U 0
| red
| green
| blue

data Tree : U 0
| leaf
| node (left : Tree) (label : Int) (right : Tree)

data Big : U 0
| big (next : Nat -> Big)
| small

def append {A : U 0} : List A -> List A -> List A
| nil, y => y
| cons z xs, y => cons z (append xs y)

def reverse {A : U 0} : List A -> List A
| nil => nil
| cons z xs => append (reverse xs) (cons z nil)

def length {A : U 0} : List A -> Nat
| nil => 0
| cons z xs => suc (length xs)

def map {A B : U 0} (f : A -> B) : List A -> List B
| nil => nil
| cons z xs => cons (f z) (map f xs)

def same_color (x y : Color) : Bool := match x with
| red => match y with | red => true | green => false | blue => false end
| green => match y with | red => false | green => true | blue => false end
| blue => match y with | red => false | green => false | blue => true end
end

def differ : List Color -> Bool
| nil => true
| cons x xs => match xs with | nil => true | cons y ys => if same_color x y then false else differ xs end

def same_int (x y : Int) : Bool := if Int.ltb x y then false else if Int.ltb y x then false else true

def climbs : List Int -> Int -> Bool
| nil, n => same_int n 33
| cons x xs, n => if same_int (x - 1) (n + 10) then climbs xs x else false

def sum : Tree -> Int
| leaf => 0
| node l x r => sum l + x + sum r

def mirror : Tree -> Tree
| leaf => leaf
| node l x r => node (mirror r) x (mirror l)

def half (x : Int) : Int := floor ((x : Real) * inv 2)
";

/// Evaluation recurses.
fn deep<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(1 << 30).spawn(work).unwrap().join().unwrap()
}

fn session(claim: &str) -> (Session, Term) {
    let text = format!("{PRELUDE}\ndef goal : U 1 := {claim}\n");
    let (file, diagnostics) = bfv_syntax::parse(0, text.as_bytes());
    assert!(diagnostics.is_empty(), "{claim}: {diagnostics:?}");
    let mut session = Session::new();
    let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 10_000, wish: None, memo: None };
    let out = session.module("m", &file, engines, &|_| String::new());
    let problems: Vec<&String> = out.problems.iter().map(|p| &p.message).collect();
    assert!(problems.is_empty(), "{claim}: {problems:?}");
    let Some(Decl::Def { body, .. }) = session.signature.decls().last() else { panic!("no goal") };
    let body = body.clone();
    (session, body)
}

/// What the engine says, with the values at which a claim is refuted; the kernel has accepted them.
fn tried(claim: &str, steps: u64, wish: Option<&Wish>) -> Result<Vec<String>, Reason> {
    let (session, statement) = session(claim);
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, &statement);
    let goal = Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() };
    let mut budget = Budget::until(steps, wish);
    let found = Narrow { most: u64::MAX, quiet: false }.solve(&goal, &mut budget);
    assert!(budget.used <= steps);
    match found {
        Outcome::Refutation(term, point) => {
            let judged = session.signature.refute(&statement, &term, Limits::default());
            assert!(judged.is_ok(), "{claim}: the kernel refuses: {:?}", judged.err());
            Ok(point.iter().flatten().map(|v| bfv_elab::show(v, &session.names, &[], &[])).collect())
        }
        Outcome::GaveUp(reason, _) => Err(reason),
        Outcome::Candidate(_) => panic!("{claim}: a proof, which it never looks for"),
    }
}

fn refuted(cases: &'static [(&'static str, &'static [&'static str])]) {
    deep(move || {
        for (claim, point) in cases {
            assert_eq!(tried(claim, 20_000, None).as_deref(), Ok(point.map_strings().as_slice()), "{claim}");
        }
    });
}

trait Strings {
    fn map_strings(&self) -> Vec<String>;
}

impl Strings for &[&str] {
    fn map_strings(&self) -> Vec<String> {
        self.iter().map(|s| (*s).to_owned()).collect()
    }
}

#[test]
fn false_claims_are_refuted_at_small_points() {
    refuted(&[
        ("forall (x y : List Nat), append x y = append y x", &["cons 0 nil", "cons 1 nil"]),
        ("forall (x : List Nat), length x = 0 -> x = cons 0 nil", &["nil"]),
        ("forall (x : List Nat), length x <= 3", &["cons 0 (cons 0 (cons 0 (cons 0 nil)))"]),
        ("forall (t : Tree), sum t = 0", &["node leaf 1 leaf"]),
        ("forall (t : Tree), mirror t = t", &["node (node leaf 0 leaf) 0 leaf"]),
        ("forall (t : Tree), not (half (sum t) = -2)", &["node leaf (-3) leaf"]),
        // No statement about a type is needed for a type variable.
        ("forall (A : U 0) (x : List A), reverse x = x", &["Nat", "cons 1 (cons 0 nil)"]),
        // Hypotheses cut the search off.
        (
            "forall (x : List Color), differ x = true -> not (length x = 5)",
            &["cons red (cons green (cons red (cons green (cons red nil))))"],
        ),
        // Conjunction, disjunction, implication in the conclusion.
        ("forall (c : Color), c = red \\/ c = green", &["blue"]),
        ("forall (c : Color), (c = red -> c = green) /\\ c = c", &["red"]),
        // Pairs, and a claim that every value refutes.
        ("forall (p : Color ** Bool), not (p = (green, true))", &["(green, true)"]),
        ("forall (x : List Nat), Empty", &["nil"]),
        // Data with functions in it.
        ("forall (b : Big), b = small", &["big (fun x => Nat.elim small (fun x1 => fun x2 => small) x)"]),
    ]);
}

/// Numbers are cut into ranges where the claim compares them, also where something is added first, and are not gone through one by one.
#[test]
fn numbers_are_told_apart_as_the_claim_does() {
    deep(|| {
        let steps = 12;
        let found = tried("(l : List Int) -> climbs l 0 = false", steps, None);
        assert_eq!(found, Ok(vec!["cons 11 (cons 22 (cons 33 nil))".to_owned()]));
        let found = tried("(l : List Int) (h : not (climbs l 0 = false)) (x : Int) -> (x < 17) = (x <= 16)", 200, None);
        assert!(found.is_err(), "{found:?}");
    });
}

#[test]
fn functions_become_tables() {
    refuted(&[(
        "forall (f : Nat -> Color) (x : List Nat), length x = 2 -> map f x = map (fun y => red) x",
        &["fun x => Nat.elim green (fun x1 => fun x2 => red) x", "cons 0 (cons 0 nil)"],
    )]);
}

#[test]
fn true_claims_are_not_refuted() {
    deep(|| {
        for claim in [
            "forall (x y z : List Nat), append x (append y z) = append (append x y) z",
            "forall (x : List Nat), reverse (reverse x) = x",
            "forall (A : U 0) (x y : List A), length (append x y) = length (append y x)",
            "forall (t : Tree), mirror (mirror t) = t",
            "forall (t : Tree), sum (mirror t) = sum t",
            "forall (A B : U 0) (f : A -> B) (x : List A), map f (reverse x) = reverse (map f x)",
        ] {
            assert_eq!(tried(claim, 3_000, None), Err(Reason::Incomplete), "{claim}");
        }
    });
}

#[test]
fn finitely_many_values_are_gone_through_to_the_end() {
    deep(|| {
        // The search ends long before its budget, and says that there is none.
        assert_eq!(tried("forall (x y : Color), same_color x y = same_color y x", 50, None), Err(Reason::Incomplete));
    });
}

#[test]
fn what_is_not_about_data_is_left_alone() {
    deep(|| {
        for claim in [
            "forall (x : Nat), x = 0",
            "forall (x : Real) (y : List Real), y = nil",
            "forall (f : Nat -> Nat), f 0 = 0",
            "(A : U 0) -> A -> A",
        ] {
            assert_eq!(tried(claim, 20, None), Err(Reason::OutsideFragment), "{claim}");
        }
    });
}

#[test]
fn one_that_is_quiet_leaves_the_reasons_to_others() {
    deep(|| {
        let (session, statement) = session("forall (x : List Nat), reverse (reverse x) = x");
        let machine = Machine::new(&session.signature, Limits::default());
        let (ctx, target) = (Ctx::default(), machine.eval(&Ctx::default().env, &statement));
        let goal = Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() };
        let mut budget = Budget::new(1_000);
        let found = Narrow { most: 30, quiet: true }.solve(&goal, &mut budget);
        assert!(matches!(&found, Outcome::GaveUp(Reason::OutsideFragment, why) if why.is_empty()), "{found:?}");
        assert!(budget.used <= 30);
    });
}

#[test]
fn a_wish_ends_the_search() {
    deep(|| {
        let wish: Wish = Arc::new(AtomicBool::new(true));
        let claim = "forall (x : List Nat), reverse (reverse x) = x";
        assert_eq!(tried(claim, 1_000_000, Some(&wish)), Err(Reason::Cancelled));
    });
}
