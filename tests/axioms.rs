//! Axioms under attack. Each axiom of the library has an entry here; a new one without an entry makes the test fail.
//!
//! Its statement is instantiated at random and at extreme points and must hold wherever it can be evaluated; each hypothesis is dropped
//! in turn, and the statement must then fail somewhere, or the entry says why it does not. And no engine finds falsehood from all axioms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod evaluate;

use bfv_engine_egg::Egg;
use bfv_engine_native::{Arith, Auto, Boxes, Native};
use bfv_format::{Decl, Node, Prim, Term};
use bfv_kernel::{Ctx, Limits, Machine, Signature};
use bfv_search::{Budget, Engine, Goal, Lemma, Outcome};
use evaluate::{Dice, Enclosure, Evaluator, Truth, elaborate, number, with_stack};
use num_rational::BigRational;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

/// What becomes of an axiom when one of its hypotheses is dropped.
enum Dropped {
    /// It fails at a point, so the hypothesis is needed.
    Fails,
    /// Why that cannot be shown here.
    #[allow(dead_code)]
    Reason(&'static str),
}

/// How an axiom is attacked.
enum Attack {
    /// At so many points at least its hypotheses and its conclusion are decided; one entry for each hypothesis, in order.
    Points(usize, &'static [Dropped]),
    /// It states nothing: it names something that other axioms speak about, and that `model` interprets.
    Name,
    /// Why it cannot be evaluated.
    #[allow(dead_code)]
    Reason(&'static str),
}

/// Every axiom of the library. To add one: its full name, and how it is attacked. A constant that it speaks about goes into `model`.
const AXIOMS: &[(&str, Attack)] = &[
    ("std.real.eq_intro", Attack::Points(20, &[Dropped::Fails, Dropped::Fails])),
    ("std.real.mul_inv", Attack::Points(20, &[Dropped::Fails])),
    ("std.floor.negsuc_eq", Attack::Points(4, &[])),
    ("std.floor.floor_le", Attack::Points(20, &[])),
    ("std.floor.lt_floor", Attack::Points(20, &[])),
    ("std.root.sqrt", Attack::Name),
    ("std.root.sqrt_neg", Attack::Points(20, &[Dropped::Fails])),
    ("std.root.sqrt_nonneg", Attack::Points(20, &[])),
    ("std.root.sqrt_mul", Attack::Points(20, &[Dropped::Fails])),
    ("std.exp.exp", Attack::Name),
    ("std.exp.exp_add", Attack::Points(20, &[])),
    ("std.exp.exp_ge", Attack::Points(20, &[])),
    ("std.exp.log", Attack::Name),
    ("std.exp.exp_log", Attack::Points(20, &[Dropped::Fails])),
    ("std.exp.log_nonpos", Attack::Points(20, &[Dropped::Fails])),
];

/// What constants without a definition stand for: exactly where the value is a fraction, between two fractions where it is not.
fn model(name: &str, args: &[Enclosure]) -> Option<Enclosure> {
    match (name, args) {
        ("sqrt", [x]) => square_root(x.exact()?).map(Enclosure::point),
        ("exp", [x]) => x.exp(),
        ("log", [x]) => x.log(),
        _ => None,
    }
}

/// The root of the square of a fraction, and 0 below 0.
fn square_root(x: &BigRational) -> Option<BigRational> {
    if *x < BigRational::from(num_bigint::BigInt::from(0)) {
        return Some(BigRational::from(num_bigint::BigInt::from(0)));
    }
    let root = BigRational::new(x.numer().sqrt(), x.denom().sqrt());
    (&root * &root == *x).then_some(root)
}

/// The sources of the library.
fn sources() -> Vec<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut out = Vec::new();
    for folder in ["sctt", "sctt/cubical"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "sctt") {
                out.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    out
}

/// The module that a source says it is.
fn module(text: &str) -> &str {
    text.lines().find_map(|l| l.strip_prefix("module ")).unwrap().trim()
}

/// A file that imports the whole library, elaborated.
fn library() -> bfv_driver::Elaborated {
    let text: String = sources().iter().map(|s| format!("import {}\n", module(s))).collect();
    let dir = std::env::temp_dir().join(format!("bfv-axioms-{}-{:?}", std::process::id(), std::thread::current().id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("all.sctt");
    std::fs::write(&file, text).unwrap();
    let out = elaborate(&[file]);
    std::fs::remove_dir_all(dir).unwrap();
    out
}

/// Full names of the axioms in the library's sources, by the short name that a declaration carries.
fn full_names() -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for text in sources() {
        for line in text.lines().filter_map(|l| l.strip_prefix("axiom ")) {
            let name: String =
                line.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '\'')).collect();
            let full = format!("{}.{name}", module(&text));
            assert!(out.insert(name, full).is_none(), "two axioms are called {line}; tell them apart here");
        }
    }
    out
}

fn axioms(signature: &Signature) -> Vec<(String, Term)> {
    let found = signature.decls().filter_map(|d| match d {
        Decl::Axiom { name, ty, .. } => Some((name.clone(), ty.clone())),
        _ => None,
    });
    found.collect()
}

const TRIES: usize = 3_000;

/// How often the statement was decided with its hypotheses, that of number `dropped` ignored, and how often it was false.
fn attack(signature: &Signature, statement: &Term, dropped: Option<usize>) -> (usize, usize, usize) {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let (mut decided, mut fails, mut hypotheses) = (0, 0, 0);
    for _ in 0..TRIES {
        let e = Evaluator::new(signature, Some(model));
        let Ok(Some(at)) = e.at(statement, &[], false, &mut dice) else { continue };
        hypotheses = at.hypotheses.len();
        if at.hypotheses.iter().enumerate().any(|(n, h)| *h != Truth::True && Some(n) != dropped) {
            continue;
        }
        match e.conclusion(&at, &mut dice).unwrap() {
            Truth::True => decided += 1,
            Truth::False => {
                decided += 1;
                fails += 1;
            }
            Truth::Open => {}
        }
    }
    (decided, fails, hypotheses)
}

#[test]
fn every_axiom_is_attacked() {
    with_stack(|| {
        let elaborated = library();
        let signature = &elaborated.signature;
        let full = full_names();
        let all: Vec<(String, Term)> = axioms(signature).into_iter().map(|(n, t)| (full[&n].clone(), t)).collect();
        assert_eq!(all.len(), full.len(), "an axiom of the sources is not in the library");
        let names: BTreeSet<&str> = all.iter().map(|(n, _)| n.as_str()).collect();
        for (name, _) in AXIOMS.iter().filter(|(n, _)| !names.contains(n)) {
            println!("There is no axiom {name}; its entry does nothing.");
        }
        for (name, statement) in &all {
            let entry = AXIOMS.iter().find(|(n, _)| n == name);
            let Some((_, kind)) = entry else { panic!("the axiom {name} has no entry in tests/axioms.rs; add one") };
            let (decided, fails, hypotheses) = attack(signature, statement, None);
            assert_eq!(fails, 0, "the axiom {name} is false at a point");
            println!("Axiom {name}: {hypotheses} hypotheses, decided at {decided} points, never false.");
            match kind {
                Attack::Points(least, drops) => {
                    assert!(decided >= *least, "{name}: only {decided} points");
                    assert_eq!(drops.len(), hypotheses, "{name} has {hypotheses} hypotheses");
                    for (n, drop) in drops.iter().enumerate() {
                        let (tried, fails, _) = attack(signature, statement, Some(n));
                        match drop {
                            Dropped::Fails => {
                                assert!(fails > 0, "{name} without hypothesis {n} never fails at {tried} points")
                            }
                            Dropped::Reason(why) => assert!(fails == 0 && !why.is_empty(), "{name}: {why}"),
                        }
                        println!("Axiom {name} without hypothesis {}: false at {fails} of {tried} points.", n + 1);
                    }
                }
                Attack::Name => assert_eq!((decided, hypotheses), (0, 0), "{name} states something"),
                Attack::Reason(why) => {
                    assert!(!why.is_empty() && decided == 0, "{name} can be evaluated at {decided} points")
                }
            }
        }
    });
}

/// The attack would notice: false statements are false at some point, and a needless hypothesis is seen to be needless.
#[test]
fn a_false_axiom_would_be_noticed() {
    with_stack(|| {
        let dir = std::env::temp_dir().join(format!("bfv-axioms-false-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("m.sctt");
        let bundle = "@[bundle x, reference \"none\"]\naxiom";
        let text = format!(
            "import std.fusion\n\
             {bundle} cancel (a b : Real) (h : a * b = a) : b = 1\n\
             {bundle} inverse (a : Real) : a * inv a = 1\n\
             {bundle} rounding (a b : Real) (h : 0 < b) : a < a + b * b * b\n\
             {bundle} mean {{k : Nat}} (w x : Vec (k + 1) Real) : weighted_mean w x <= max x\n\
             {bundle} needless (a b : Real) (h : a < b) (k : 0 < a) : a <= b\n"
        );
        std::fs::write(&file, text).unwrap();
        let elaborated = elaborate(&[file]);
        std::fs::remove_dir_all(dir).unwrap();
        for (name, statement) in axioms(&elaborated.signature) {
            let (decided, fails, _) = attack(&elaborated.signature, &statement, None);
            let without = attack(&elaborated.signature, &statement, Some(0)).1;
            match name.as_str() {
                "cancel" | "inverse" | "mean" => assert!(fails > 0, "{name}"),
                "rounding" => assert!(fails == 0 && decided > 100 && without > 0, "{name}"),
                "needless" => {
                    let other = attack(&elaborated.signature, &statement, Some(1)).1;
                    assert!(fails == 0 && without > 0 && other == 0, "{name}");
                }
                "eq_intro" | "mul_inv" => assert_eq!(fails, 0, "{name}"),
                _ => panic!("{name}"),
            }
        }
    });
}

/// The square root and the exponential function, as axioms in the making: their laws hold in the model, and fail without their hypotheses.
#[test]
fn constants_of_the_model_are_computed() {
    with_stack(|| {
        let dir = std::env::temp_dir().join(format!("bfv-axioms-model-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("m.sctt");
        let bundle = "@[bundle x, reference \"none\"]\naxiom";
        let text = format!(
            "import std.real\n\
             {bundle} sqrt (x : Real) : Real\n\
             {bundle} law (x : Real) (h : 0 <= x) : sqrt x * sqrt x = x\n\
             {bundle} sign (x : Real) : 0 <= max2 (sqrt x) (1 - sqrt x)\n\
             {bundle} false_law (x : Real) (h : 0 <= x) : x <= sqrt x\n\
             {bundle} exp (x : Real) : Real\n\
             {bundle} log (x : Real) : Real\n\
             {bundle} doubled (x : Real) : exp (2 * x) = exp x * exp x\n\
             {bundle} undone (x : Real) (h : 0 < x) : log (exp (log x)) = log x\n\
             {bundle} false_product (x y : Real) : exp (x * y) = exp x * exp y\n\
             {bundle} false_tangent (x : Real) : 1 + x < exp x\n\
             {bundle} false_bound (x : Real) : exp x <= 1 + 2 * abs x\n"
        );
        std::fs::write(&file, text).unwrap();
        let elaborated = elaborate(&[file]);
        std::fs::remove_dir_all(dir).unwrap();
        let run = |name: &str, dropped| {
            let all = axioms(&elaborated.signature);
            let (_, statement) = all.iter().find(|(n, _)| n == name).unwrap();
            attack(&elaborated.signature, statement, dropped)
        };
        let (decided, fails, _) = run("law", None);
        assert!(decided > 100 && fails == 0);
        assert!(run("law", Some(0)).1 > 0);
        let (decided, fails, _) = run("sign", None);
        assert!(decided > 100 && fails == 0);
        assert!(run("false_law", None).1 > 0);
        for law in ["doubled", "undone"] {
            let (decided, fails, _) = run(law, None);
            assert!(decided > 100 && fails == 0, "{law}: false at {fails} of {decided} points");
        }
        for law in ["false_product", "false_tangent", "false_bound"] {
            assert!(run(law, None).1 > 0, "{law}");
        }
    });
}

/// The tripwire: no engine finds falsehood from all axioms of the library, in context and as lemmas.
#[test]
fn no_engine_finds_falsehood_from_the_axioms() {
    with_stack(|| {
        let elaborated = library();
        let signature = &elaborated.signature;
        let all = axioms(signature);
        assert!(all.len() >= 2);
        let ids: Vec<(u32, String)> =
            (0..signature.len()).filter_map(|id| Some((id, signature.decl(id)?.name().to_owned()))).collect();
        // The lemmas that arithmetic calls by their tags are known by name and sort.
        let tag = |id: u32, name: &str| {
            let sort = match signature.decl(id) {
                Some(Decl::Axiom { ty, .. } | Decl::Theorem { ty, .. }) => match &**ty {
                    Node::Pi(a, _) if matches!(&**a, Node::Prim(Prim::Real)) => "real",
                    Node::Pi(a, _) if matches!(&**a, Node::Prim(Prim::Nat)) => "nat",
                    _ => "other",
                },
                _ => "other",
            };
            match (name, sort) {
                ("eq_intro" | "lt_intro", "real" | "nat") => format!("arith.{name}_{sort}"),
                _ => "axiom".to_owned(),
            }
        };
        // Every axiom and every theorem of the library is a lemma, so that engines may apply them.
        let lemmas: Vec<Lemma> = ids
            .iter()
            .filter(|(id, _)| matches!(signature.decl(*id), Some(Decl::Axiom { .. } | Decl::Theorem { .. })))
            // What is an equation is used for rewriting, too, and two have their parts in it.
            .map(|(id, name)| {
                let part = match name.as_str() {
                    "bool_false" => bfv_engine_egg::FALSE,
                    "ltb_cases" => bfv_engine_egg::CASES,
                    _ => bfv_engine_egg::FORWARD,
                };
                Lemma { id: *id, name: name.clone(), tags: vec![tag(*id, name), part.to_owned()] }
            })
            .collect();
        for known in ["arith.eq_intro_real", "arith.lt_intro_real", "arith.eq_intro_nat", "arith.lt_intro_nat"] {
            assert!(lemmas.iter().any(|l| l.has(known)), "{known}");
        }
        let hints: Vec<Term> = ids
            .iter()
            .filter(|(id, _)| matches!(signature.decl(*id), Some(Decl::Axiom { .. })))
            .map(|(id, _)| -> Term { Rc::new(Node::Const { id: *id, shift: 0 }) })
            .collect();
        assert_eq!(hints.len(), all.len());
        // Falsehood itself, and from the axioms as hypotheses.
        let empty: Term = Rc::new(Node::Prim(Prim::Empty));
        let assumed = all.iter().rev().fold(empty.clone(), |t, (_, ax)| Rc::new(Node::Pi(ax.clone(), t)));
        // The same as an equation, which is what rewriting is asked for.
        let number = |n: u8| Rc::new(Node::RealLit(bfv_format::Rational { num: n.into(), den: 1u8.into() }));
        let equal: Term = Rc::new(Node::Path(Rc::new(Node::Prim(Prim::Real)), number(0), number(1)));
        let assumed_equal = all.iter().rev().fold(equal.clone(), |t, (_, ax)| Rc::new(Node::Pi(ax.clone(), t)));
        let engines: [&dyn Engine; 5] = [&Native, &Auto, &Arith, &Boxes, &Egg { side: &Auto }];
        for engine in engines {
            for (statement, hints) in [
                (&empty, hints.clone()),
                (&assumed, Vec::new()),
                (&assumed, hints.clone()),
                (&equal, Vec::new()),
                (&assumed_equal, Vec::new()),
            ] {
                let machine = Machine::new(signature, Limits::default());
                let ctx = Ctx::default();
                let target = machine.eval(&ctx.env, statement);
                let goal = Goal { machine: &machine, ctx, target, lemmas: &lemmas, hints };
                match engine.solve(&goal, &mut Budget::new(200_000)) {
                    Outcome::GaveUp(..) | Outcome::Refutation(..) => {}
                    Outcome::Candidate(t) => {
                        let accepted = signature.prove(statement, &t, Limits::default()).is_ok();
                        panic!("{} offers a proof of falsehood; accepted by the kernel: {accepted}", engine.name());
                    }
                }
            }
        }
    });
}

/// The bounds are bounds: of e and of the logarithm of 2, to as many digits as are written here, and of what undoes itself.
#[test]
fn numbers_that_are_no_fractions_lie_between_their_bounds() {
    let digits = |text: &str| {
        let (whole, rest) = text.split_once('.').unwrap();
        let scale = num_bigint::BigInt::from(10).pow(u32::try_from(rest.len()).unwrap());
        BigRational::new(format!("{whole}{rest}").parse().unwrap(), scale)
    };
    let unit = number(1, 10).pow(40);
    let e = Enclosure::point(number(1, 1)).exp().unwrap();
    let log_two = Enclosure::point(number(2, 1)).log().unwrap();
    let known =
        [(&e, "2.7182818284590452353602874713526624977572"), (&log_two, "0.6931471805599453094172321214581765680755")];
    for (bounds, text) in known {
        assert!(bounds.low < digits(text) + &unit && digits(text) <= bounds.high, "{text}");
        assert!(&bounds.high - &bounds.low < unit, "{text}");
    }
    for x in [number(-150, 1), number(-1, 3), number(1, 1_000_000), number(7, 3), number(199, 1)] {
        let back = Enclosure::point(x.clone()).exp().unwrap().log().unwrap();
        assert!(back.low < x && x < back.high && &back.high - &back.low < unit, "{x}");
    }
    assert!(Enclosure::point(number(201, 1)).exp().is_none());
    let zero = Enclosure::point(number(0, 1));
    assert_eq!((zero.exp().unwrap().exact(), zero.log().unwrap().exact()), (Some(&number(1, 1)), Some(&number(0, 1))));
}
