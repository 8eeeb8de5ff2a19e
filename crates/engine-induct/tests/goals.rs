//! Statements about recursive functions: true ones are proved by terms that the kernel accepts, on false ones the search gives up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_elab::{Engines, Session};
use bfv_engine_induct::Induct;
use bfv_engine_native::{Arith, Auto, Boxes};
use bfv_format::{Decl, Term};
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What the statements are about.
const DEFINITIONS: &str = "
data List (A : U 0) : U 0
| nil
| cons (head : A) (tail : List A)

data Shape : U 0
| dot
| wide (left : Shape) (right : Shape)
| deep (inside : Shape)

data Plan : U 0
| done (result : Nat)
| ask (next : Bool -> Plan)

def append {A : U 0} : List A -> List A -> List A
| nil, ys => ys
| cons x xs, ys => cons x (append xs ys)

def rotate {A : U 0} : List A -> List A
| nil => nil
| cons x xs => append xs (cons x nil)

def reverse {A : U 0} : List A -> List A
| nil => nil
| cons x xs => append (reverse xs) (cons x nil)

def length {A : U 0} : List A -> Nat
| nil => 0
| cons x xs => suc (length xs)

def add : Nat -> Nat -> Nat
| 0, n => n
| suc m, n => suc (add m n)

def times : Nat -> Nat -> Nat
| 0, n => 0
| suc m, n => add n (times m n)

def same : Nat -> Nat -> Bool
| 0, n => match n with | 0 => true | suc k => false end
| suc m, n => match n with | 0 => false | suc k => same m k end

def less : Nat -> Nat -> Bool
| 0, n => match n with | 0 => false | suc k => true end
| suc m, n => match n with | 0 => false | suc k => less m k end

def member (x : Nat) : List Nat -> Bool
| nil => false
| cons y ys => match same x y with | true => true | false => member x ys end

def keep {A : U 0} (f : A -> Bool) : List A -> List A
| nil => nil
| cons x xs => match f x with | true => cons x (keep f xs) | false => keep f xs end

def turned : Shape -> Shape
| dot => dot
| wide l r => wide (turned r) (turned l)
| deep s => deep (turned s)

def dots : Shape -> Nat
| dot => 1
| wide l r => add (dots l) (dots r)
| deep s => dots s

def best : Plan -> Nat
| done n => n
| ask next => best (next true)
";

/// Evaluation recurses.
fn deep<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(1 << 30).spawn(work).unwrap().join().unwrap()
}

/// A session with the definitions, and the statements as types.
fn statements(texts: &[&str]) -> (Session, Vec<Term>) {
    let goals: String = (0..).zip(texts).map(|(n, t)| format!("def goal{n} : U 1 := {t}\n")).collect();
    let text = format!("module m\n{DEFINITIONS}\n{goals}");
    let (file, diagnostics) = bfv_syntax::parse(0, text.as_bytes());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let mut session = Session::new();
    let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 100_000, wish: None, memo: None };
    let out = session.module("m", &file, engines, &|_| String::new());
    let problems: Vec<&String> = out.problems.iter().map(|p| &p.message).collect();
    assert!(problems.is_empty(), "{problems:?}");
    let goal = |d: &Decl| match d {
        Decl::Def { name, body, .. } if name.contains("goal") => Some(body.clone()),
        _ => None,
    };
    let found: Vec<Term> = session.signature.decls().filter_map(goal).collect();
    assert_eq!(found.len(), texts.len());
    (session, found)
}

fn outcome(session: &Session, statement: &Term, budget: &mut Budget) -> Outcome {
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, statement);
    Induct.solve(&Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() }, budget)
}

/// Each is proved within so many steps, and the kernel accepts it.
fn proved(steps: u64, texts: &'static [&'static str]) {
    deep(move || {
        let (session, found) = statements(texts);
        for (text, statement) in texts.iter().zip(&found) {
            match outcome(&session, statement, &mut Budget::new(steps)) {
                Outcome::Candidate(term) => {
                    let judged = session.signature.prove(statement, &term, Limits::default());
                    assert!(judged.is_ok(), "{text}: the kernel refuses: {:?}", judged.err());
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    });
}

/// On each the search gives up.
fn left_open(steps: u64, texts: &'static [&'static str]) {
    deep(move || {
        let (session, found) = statements(texts);
        for (text, statement) in texts.iter().zip(&found) {
            let mut budget = Budget::new(steps);
            match outcome(&session, statement, &mut budget) {
                Outcome::GaveUp(..) => assert!(budget.used <= steps),
                other => panic!("{text}: {other:?}"),
            }
        }
    });
}

#[test]
fn one_induction_suffices() {
    proved(
        2_000,
        &[
            "(xs ys zs : List Nat) -> append xs (append ys zs) = append (append xs ys) zs",
            "(A : U 0) (xs : List A) -> append xs nil = xs",
            "(A : U 0) (xs ys : List A) -> length (append xs ys) = add (length xs) (length ys)",
            "(A : U 0) (f : A -> Bool) (xs ys : List A) -> keep f (append xs ys) = append (keep f xs) (keep f ys)",
            "(s : Shape) -> turned (turned s) = s",
            "(xs : List Nat) -> keep (fun x => true) xs = xs",
            // By cases alone.
            "(n : Nat) -> same 0 (suc n) = false",
        ],
    );
}

#[test]
fn hypotheses_and_cases_are_used() {
    proved(
        4_000,
        &[
            "(m n : Nat) -> same m n = true -> m = n",
            "(m n k : Nat) -> less m n = true -> less n k = true -> less m k = true",
            "(m n : Nat) -> less m n = true -> not (less n m = true)",
            "(m n : Nat) (xs ys : List Nat) -> cons m xs = cons n ys -> n = m",
            "(n : Nat) (xs : List Nat) -> cons n xs = nil -> n = 7",
            "(x : Nat) (xs ys : List Nat) -> member x xs = true -> member x (append xs ys) = true",
            "(x : Nat) (xs : List Nat) -> not (member x xs = true) -> member x (append xs nil) = false",
            "(xs : List Nat) -> not (xs = nil) -> less 0 (length xs) = true",
        ],
    );
}

#[test]
fn lemmas_are_found() {
    proved(
        40_000,
        &[
            "(m n : Nat) -> add m n = add n m",
            "(m n : Nat) -> times m n = times n m",
            "(A : U 0) (xs : List A) -> reverse (reverse xs) = xs",
            "(A : U 0) (xs ys : List A) -> reverse (append xs ys) = append (reverse ys) (reverse xs)",
            "(x : Nat) (xs : List Nat) -> member x (reverse xs) = member x xs",
            "(s : Shape) -> dots (turned s) = dots s",
            "(A : U 0) (xs : List A) -> length (rotate xs) = length xs",
        ],
    );
}

/// The numbers of the theory compute on their second argument.
#[test]
fn numbers_of_the_theory_are_data() {
    proved(
        4_000,
        &[
            "(m n : Nat) -> add m n = m + n",
            "(m n : Nat) -> times m n = m * n",
            "(A : U 0) (xs ys : List A) -> length (append xs ys) = length xs + length ys",
            "(m n : Nat) -> less m n = Nat.ltb m n",
        ],
    );
}

#[test]
fn false_statements_are_left_open() {
    left_open(
        20_000,
        &[
            "(xs : List Nat) -> reverse xs = xs",
            "(A : U 0) (xs ys : List A) -> append xs ys = append ys xs",
            "(m n : Nat) -> less m n = true",
            "(m n : Nat) -> same m n = true -> m = suc n",
            "(x : Nat) (xs ys : List Nat) -> member x (append xs ys) = true -> member x xs = true",
            "(A : U 0) (f : A -> Bool) (xs : List A) -> keep f xs = xs",
            "(n : Nat) -> times n n = n",
            // At small values only.
            "(n : Nat) -> less n 30 = true",
            "(A : U 0) (x y : A) -> x = y",
            "(s : Shape) -> turned s = s",
        ],
    );
}

/// What cannot be read is left to others, at once.
#[test]
fn other_goals_cost_nothing() {
    deep(|| {
        let (session, found) = statements(&[
            "(A : U 0) -> A -> A",
            "(x y : Real) -> x + y = y + x",
            "U 0",
            "(m n : Nat) -> m * n = n * m",
            "(p q : Nat) -> p * p = 2 * (q * q) -> q = 0",
            "(A : U 0) (x : A) -> x = x",
            "(P : Nat -> U 0) -> P 0 -> P 0",
        ]);
        for statement in &found {
            let mut budget = Budget::new(1_000);
            let out = outcome(&session, statement, &mut budget);
            assert!(matches!(out, Outcome::GaveUp(Reason::OutsideFragment, _)), "{out:?}");
            assert_eq!(budget.used, 0);
        }
    });
}

/// Fields that are functions have no equation of their own here: such definitions stay closed, and nothing goes wrong.
#[test]
fn fields_that_are_functions_are_left_alone() {
    left_open(2_000, &["(p q : Plan) -> best p = best q"]);
}

#[test]
fn a_small_budget_and_a_wish_are_kept() {
    deep(|| {
        let (session, found) = statements(&["(m n : Nat) -> times m n = times n m"]);
        for steps in [0, 1, 5, 20] {
            let mut budget = Budget::new(steps);
            let out = outcome(&session, &found[0], &mut budget);
            assert!(matches!(out, Outcome::GaveUp(..)), "{steps}: {out:?}");
            assert!(budget.used <= steps);
        }
        let wish = Arc::new(AtomicBool::new(true));
        let out = outcome(&session, &found[0], &mut Budget::until(1_000_000, Some(&wish)));
        assert!(matches!(out, Outcome::GaveUp(Reason::Cancelled, _)), "{out:?}");
    });
}

/// One goal has one answer.
#[test]
fn the_same_goal_has_the_same_proof() {
    deep(|| {
        let (session, found) = statements(&["(A : U 0) (xs : List A) -> reverse (reverse xs) = xs"]);
        let once = |_: u32| match outcome(&session, &found[0], &mut Budget::new(20_000)) {
            Outcome::Candidate(term) => term,
            other => panic!("{other:?}"),
        };
        let first = once(0);
        assert!((1..4).map(once).all(|t| t == first));
    });
}
