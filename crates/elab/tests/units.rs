//! Units are checked, and leave no trace in what the kernel sees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_elab::{Engines, Kind, Outcomes, Problem, Session};
use bfv_engine_native::{Arith, Auto, Boxes};

fn module(session: &mut Session, name: &str, text: &str) -> Outcomes {
    let (file, diagnostics) = bfv_syntax::parse(0, text.as_bytes());
    assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
    let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 100_000, wish: None, memo: None };
    session.module(name, &file, engines, &|_| String::new())
}

/// A session with a part of the library.
fn library(modules: &str) -> Session {
    let mut session = Session::new();
    for m in modules.split(' ') {
        let text = std::fs::read_to_string(format!("{}/../../sctt/{m}.sctt", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let out = module(&mut session, &format!("std.{m}"), &text);
        assert!(out.problems.is_empty(), "{m}: {:?}", out.problems);
    }
    session
}

fn with_stack(f: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 30).spawn(f).unwrap().join().unwrap();
}

const VARIABLES: &str = "(x y : Real [ms]) (v : Vec 3 (Real [ms])) (w : Vec 3 (Real [usd])) (p : Vec 3 Real) (n : Nat [token]) \
    (i : Int [token]) (f : Real [ms] -> Real [usd]) (q : Real [ms] ** Real [usd])";

/// Expressions with the unit that each has.
const TRACKED: &[(&str, &str)] = &[
    ("x + y", "ms"),
    ("x - y", "ms"),
    ("-x", "ms"),
    ("x * y", "ms ^ 2"),
    ("x / y * x", "ms"),
    ("2 * x / 3", "ms"),
    ("1 / x", "1 / ms"),
    ("x ^ 3", "ms ^ 3"),
    ("(5 : Real [ms])", "ms"),
    ("if x < y then x else y", "ms"),
    ("let z := x in z + y", "ms"),
    ("v 1", "ms"),
    ("[x, y] 0", "ms"),
    ("f x", "usd"),
    ("q.2", "usd"),
    ("(fun (t : Real [ms]) => t * t) x", "ms ^ 2"),
    ("inv x", "1 / ms"),
    ("Real.inv x", "1 / ms"),
    ("of_nat n", "token"),
    ("Real.of_nat n", "token"),
    ("of_int i", "token"),
    ("Real.of_int i", "token"),
    ("of_int (floor x)", "ms"),
    ("of_int (Real.floor x)", "ms"),
    ("n * x", "token * ms"),
    ("Real.add x y", "ms"),
    ("Real.sub x y", "ms"),
    ("Real.mul x y", "ms ^ 2"),
    ("if Real.ltb x y then x else y", "ms"),
    ("min2 x y", "ms"),
    ("max2 0 x", "ms"),
    ("max2 (1/2) x", "ms"),
    ("abs x", "ms"),
    ("sqrt (x * y)", "ms"),
    ("head v", "ms"),
    ("tail v 0", "ms"),
    ("total 3 v", "ms"),
    ("sum v", "ms"),
    ("sum i, v i * w i", "ms * usd"),
    ("min v", "ms"),
    ("max v", "ms"),
    ("max i, v i * w i", "ms * usd"),
    ("weighted_mean p v", "ms"),
    ("mean v", "ms"),
    ("sum_sq v", "ms ^ 2"),
    ("variance v", "ms ^ 2"),
    ("norm_one v", "ms"),
    ("norm_two v", "ms"),
    ("norm_inf v", "ms"),
    ("dot v w", "ms * usd"),
    ("median v", "ms"),
    ("exp (x / y)", "1"),
    ("log (x / y)", "1"),
    ("sigmoid (x / y)", "1"),
    ("softmax x v 0", "1"),
    ("log_sum_exp x v", "ms"),
];

/// Expressions that ask a function for what it does not take.
const REFUSED: &[&str] =
    &["exp x", "log x", "sigmoid x", "softmax (w 0) v 0", "log_sum_exp (w 0) v", "min2 x (w 0)", "f (w 0)"];

/// What is wrong with a definition of an expression with a stated unit.
fn stating(session: &Session, unit: &str, e: &str) -> Vec<Problem> {
    let imports = "import std.norm\nimport std.rank\nimport std.softmax\nimport std.units\n";
    let text = format!("{imports}def a {VARIABLES} : Real [{unit}] := {e}\n");
    module(&mut session.clone(), "trial", &text).problems
}

#[test]
fn every_tracked_expression_has_its_unit_and_no_other() {
    with_stack(|| {
        let session = library(
            "logic nat real units fin vec sum fusion order mean root monotone norm count rank space deriv calculus chain linear algebra smooth exp \
             convex lipschitz normalized softmax",
        );
        for (e, unit) in TRACKED {
            for stated in [*unit, "second", "1"] {
                let problems = stating(&session, stated, e);
                let kinds: Vec<Kind> = problems.iter().map(|p| p.kind).collect();
                let expected: &[Kind] = if stated == *unit { &[] } else { &[Kind::UnitMismatch] };
                assert_eq!(kinds, expected, "{e} as {stated}: {problems:?}");
            }
        }
        for e in REFUSED {
            let problems = stating(&session, "?any", e);
            assert_eq!(problems.iter().map(|p| p.kind).collect::<Vec<_>>(), [Kind::UnitMismatch], "{e}: {problems:?}");
            assert!(problems[0].message.contains("is needed here"), "{e}: {problems:?}");
        }
    });
}

/// A module with units; without what stands in brackets after a type of numbers it is one without.
const WITH: &str = "import std.mean
UNITS
def measured : Vec 3 (Real [ms]) := [134, 67, 39]
def waited (network model : Real [ms]) : Real [ms] := network + model
def price (each : Real [usd / token]) (tokens : Nat [token]) : Real [usd] := each * tokens
def speedup (i : Fin 3) : Real := (247 : Real [ms]) / measured i
def counted : Nat -> Real [ms] -> Real [ms]
| 0, t => t
| suc n, t => t + counted n t
theorem kept (t : Real [ms]) (h : (0 : Real [ms]) <= t) : 0 <= t := h
claim fast (t : Real [ms]) (h : t <= (100 : Real [ms])) : t <= (200 : Real [ms])
@[expect refuted, holds_if t <= (1 : Real [ms])]
claim slow (t : Real [ms]) : t <= (2 : Real [ms])
refuted at (t := 3)
";

/// The text without units.
fn erased(text: &str) -> String {
    let mut out = text.to_owned();
    for unit in [" [ms]", " [usd / token]", " [usd]", " [token]"] {
        out = out.replace(unit, "");
    }
    out
}

#[test]
fn units_leave_no_trace_in_the_core() {
    with_stack(|| {
        let run = |text: &str| {
            let mut session = library("logic nat real units fin vec sum fusion order mean");
            let from = session.signature.len();
            let out = module(&mut session, "trial", text);
            assert!(out.problems.is_empty(), "{:?}", out.problems);
            let declarations: Vec<_> = session.signature.decls().skip(from as usize).cloned().collect();
            let claims: Vec<_> =
                out.claims.into_iter().map(|c| (c.statement, c.holds_if, c.given.map(|g| g.term))).collect();
            assert_eq!((declarations.len(), claims.len()), (6, 2));
            format!(
                "{declarations:?} {:?}",
                claims.iter().map(|(s, h, g)| (s, h.iter().map(|h| &h.1).collect::<Vec<_>>(), g)).collect::<Vec<_>>()
            )
        };
        let (with, without) = (WITH.replace("UNITS", "import std.units"), erased(&WITH.replace("UNITS", "")));
        assert!(!without.contains("[ms]") && !without.contains("units"));
        assert_eq!(run(&with), run(&without));
    });
}

#[test]
fn a_wrong_sum_of_units_is_refused_also_in_a_module_with_units_of_its_own() {
    with_stack(|| {
        let session = library("logic nat real");
        let with = |body: &str| {
            let text = format!("import std.real\nunit day\nunit euro\n\n{body}\n");
            module(&mut session.clone(), "trial", &text).problems.iter().map(|p| p.kind).collect::<Vec<_>>()
        };
        assert_eq!(with("def a (t : Real [day]) (p : Real [euro]) : Real [day] := t + t"), []);
        assert_eq!(with("def a (t : Real [day]) (p : Real [euro]) : Real [day] := t + p"), [Kind::UnitMismatch]);
        assert_eq!(
            with("theorem a (t : Real [day]) (p : Real [euro]) (h : t = p) : t = t by refl"),
            [Kind::UnitMismatch]
        );
        let passed = |f: &str| {
            with(&format!("def g (f : Real [day] -> Real) : Real := f 0\ndef h (f : {f} -> Real) : Real := g f"))
        };
        assert_eq!(passed("Real [day]"), []);
        assert_eq!(passed("Real [euro]"), [Kind::UnitMismatch]);
        assert_eq!(with("axiom day : Nat"), [Kind::Duplicate]);
        // The word is free as a name elsewhere.
        assert_eq!(with("def unit (unit : Nat) : Nat := unit"), []);
    });
}
