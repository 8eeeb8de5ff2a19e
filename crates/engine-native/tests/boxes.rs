//! Bounds on boxes: true claims are proved, near siblings never are, and a term that lies about a bound is refused by the kernel.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_elab::{Engines, Session};
use bfv_engine_native::{Arith, Auto, Boxes, Native};
use bfv_format::{Node, Op, Rational, Relation, Rule, Term};
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal, Outcome};
use std::rc::Rc;

const STEPS: u64 = 200_000;
const ENGINES: Engines<'static> =
    Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 100_000, wish: None, memo: None };

/// What `std.bounds` is built on.
const MODULES: [&str; 21] = [
    "logic",
    "nat",
    "int",
    "real",
    "fin",
    "vec",
    "sum",
    "order",
    "floor",
    "space",
    "deriv",
    "calculus",
    "chain",
    "linear",
    "algebra",
    "smooth",
    "root",
    "exp",
    "archimedes",
    "fusion",
    "bounds",
];

/// A statement without and with what makes it false; each about variables between numbers.
const PAIRS: [(&str, &str, &str); 28] = [
    ("(x : Real) (h : 0 <= x) (g : x <= 1)", "exp x <= 1 + 2 * x", "exp x <= 1 + 1.7 * x"),
    ("(x : Real) (h : 0 <= x) (g : x <= 1)", "0.6 <= exp (0 - x * x / 2)", "0.61 <= exp (0 - x * x / 2)"),
    ("(x : Real) (h : -1 <= x) (g : x <= 1)", "sqrt (1 + x * x) <= 1.5", "sqrt (1 + x * x) <= 1.4"),
    ("(x : Real) (h : 0 <= x) (g : x <= 1)", "log (1 + x) <= 0.7", "log (1 + x) <= 0.69"),
    ("(x : Real) (h : 0 <= x) (g : x <= 1)", "tanh x <= x + 0.01", "tanh x <= x - 0.01"),
    (
        "(x y z : Real) (a : -1 <= x) (b : x <= 1) (c : -1 <= y) (d : y <= 1) (e : -1 <= z) (f : z <= 1)",
        "0.05 <= exp x / (exp x + exp y + exp z)",
        "0.07 <= exp x / (exp x + exp y + exp z)",
    ),
    (
        "(x y t : Real) (a : -1 <= x) (b : x <= 1) (c : -1 <= y) (d : y <= 1) (e : 1 <= t) (f : t <= 2)",
        "0.1 <= exp (x / t) / (exp (x / t) + exp (y / t))",
        "0.13 <= exp (x / t) / (exp (x / t) + exp (y / t))",
    ),
    ("(x : Real) (h : -2 <= x) (g : x <= 2)", "inv (1 + exp (0 - x)) <= 0.89", "inv (1 + exp (0 - x)) <= 0.88"),
    (
        "(x : Real) (h : -2 <= x) (g : x <= 2)",
        "x * inv (1 + exp (0 - x)) >= 0 - 0.3",
        "x * inv (1 + exp (0 - x)) >= 0 - 0.2",
    ),
    ("(x : Real) (h : -3 <= x) (g : x <= 3)", "tanh x < 1", "tanh x < 0.99"),
    ("", "exp 1 <= 2.71829", "exp 1 <= 2.71828"),
    ("", "2.71828 <= exp 1", "2.71829 <= exp 1"),
    ("", "log 2 <= 0.6932", "log 2 <= 0.6931"),
    ("", "exp (0 - 10) <= 0.0000454", "exp (0 - 10) <= 0.0000453"),
    ("", "1.4142 <= sqrt 2", "1.4143 <= sqrt 2"),
    ("(x : Real) (h : -1 <= x) (g : x <= 1)", "x ^ 4 - x ^ 2 + 0.3 > 0", "x ^ 4 - x ^ 2 + 0.2 > 0"),
    (
        "(x y : Real) (a : -1 <= x) (b : x <= 1) (c : -1 <= y) (d : y <= 1)",
        "x ^ 3 * y - x * y ^ 3 <= 0.4",
        "x ^ 3 * y - x * y ^ 3 <= 0.3",
    ),
    ("(x : Real) (h : 0 <= x) (g : x <= 2)", "x / (1 + x * x) <= 0.51", "x / (1 + x * x) <= 0.49"),
    ("(x y : Real) (a : 1 <= x) (b : x <= 2) (c : 1 <= y) (d : y <= 2)", "x / (x + y) <= 0.67", "x / (x + y) <= 0.66"),
    ("(x : Real) (h : 1 <= x) (g : x <= 4)", "log x <= sqrt x - 0.3", "log x <= sqrt x - 0.7"),
    ("(x : Real) (h : 1/4 <= x) (g : x <= 4)", "x * log x >= 0 - 0.4", "x * log x >= 0 - 0.3"),
    ("(x : Real) (h : -1 <= x) (g : x <= 1)", "1 + x <= exp x", "1 + 1.1 * x <= exp x"),
    ("(x : Real) (h : 1/2 <= x) (g : x <= 2)", "log x <= x - 1", "log x <= x - 1.01"),
    ("(x : Real) (h : -4 <= x) (g : x <= -1)", "inv x <= 0 - 0.25", "inv x <= 0 - 0.26"),
    ("(x : Real) (h : -1 <= x) (g : x <= 0)", "log x <= 0", "log x < 0"),
    ("(x : Real) (h : -4 <= x) (g : x <= 1)", "sqrt x <= 1", "sqrt x <= 0.9"),
    (
        "(p q : Real) (a : 0.1 <= p) (b : p <= 0.9) (c : 0.1 <= q) (d : q <= 0.9)",
        "0 - p * log q <= 2.1",
        "0 - p * log q <= 2",
    ),
    (
        "(x : Real) (h : 0 <= x) (g : x <= 1)",
        "exp (exp x) <= 15.2 /\\ exp x <= 2.72",
        "exp (exp x) <= 15.1 /\\ exp x <= 2.72",
    ),
];

fn module(session: &mut Session, name: &str, bytes: &[u8]) -> Vec<bfv_elab::Claim> {
    let (file, diagnostics) = bfv_syntax::parse(0, bytes);
    assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
    let out = session.module(name, &file, ENGINES, &|_| String::new());
    for p in &out.problems {
        println!("{name}: {}", p.message);
    }
    assert!(out.problems.is_empty(), "{name} has problems");
    out.claims
}

fn with_session(work: impl FnOnce(&mut Session) + Send + 'static) {
    let run = move || {
        let mut session = Session::new();
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sctt/");
        for name in MODULES {
            let bytes = std::fs::read(format!("{root}{name}.sctt")).unwrap();
            module(&mut session, &format!("std.{name}"), &bytes);
        }
        work(&mut session);
    };
    std::thread::Builder::new().stack_size(1 << 30).spawn(run).unwrap().join().unwrap();
}

fn claim(session: &mut Session, n: &str, binders: &str, text: &str) -> Term {
    let source = format!("module m{n}\nimport std.bounds\nclaim c {binders} : {text}\n");
    module(session, &format!("m{n}"), source.as_bytes()).first().unwrap().statement.clone()
}

fn solve(session: &Session, statement: &Term) -> (Outcome, Budget, std::time::Duration) {
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, statement);
    let goal = Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() };
    let mut budget = Budget::new(STEPS);
    let start = std::time::Instant::now();
    (Native.solve(&goal, &mut budget), budget, start.elapsed())
}

#[test]
fn true_bounds_are_proved_and_near_siblings_never() {
    with_session(|session| {
        let mut wrong = Vec::new();
        for (n, (binders, truth, falsehood)) in PAIRS.iter().enumerate() {
            for (which, text) in [("t", truth), ("f", falsehood)] {
                let statement = claim(session, &format!("{which}{n}"), binders, text);
                let (outcome, budget, time) = solve(session, &statement);
                let start = std::time::Instant::now();
                let (got, judged) = match outcome {
                    Outcome::Candidate(t) => {
                        ("proved", session.signature.prove(&statement, &t, Limits::default()).err())
                    }
                    Outcome::Refutation(t, _) => {
                        ("refuted", session.signature.refute(&statement, &t, Limits::default()).err())
                    }
                    Outcome::GaveUp(..) => ("unknown", None),
                };
                println!(
                    "{got:>8} {:>7} steps, search {time:>9.1?}, kernel {:>9.1?}: {text}",
                    budget.used,
                    start.elapsed()
                );
                if judged.is_some() || got != if which == "t" { "proved" } else { "refuted" } {
                    wrong.push(format!("{text}: {got} {judged:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    });
}

/// A term with its parts changed; the first answer on the way down counts.
fn changed(t: &Term, change: &mut dyn FnMut(&Term) -> Option<Term>) -> Term {
    if let Some(new) = change(t) {
        return new;
    }
    Rc::new(match &**t {
        Node::Lam(a) => Node::Lam(changed(a, change)),
        Node::App(f, a) => Node::App(changed(f, change), changed(a, change)),
        Node::Let(a, v, b) => Node::Let(changed(a, change), changed(v, change), changed(b, change)),
        Node::Pi(a, b) => Node::Pi(changed(a, change), changed(b, change)),
        Node::Path(a, l, r) => Node::Path(a.clone(), changed(l, change), changed(r, change)),
        Node::Rule(r) => match &**r {
            Rule::Psatz { atoms, hypotheses, products, equalities } => {
                let mut hypotheses = hypotheses.clone();
                for h in &mut hypotheses {
                    h.proof = changed(&h.proof, change);
                }
                let (atoms, products, equalities) = (atoms.clone(), products.clone(), equalities.clone());
                Node::Rule(Box::new(Rule::Psatz { atoms, hypotheses, products, equalities }))
            }
            _ => return t.clone(),
        },
        _ => return t.clone(),
    })
}

/// A number moved by one part in four thousand.
fn moved(q: &Rational, up: bool) -> Rational {
    let factor: num_bigint::BigInt = if up { 4097 } else { 4095 }.into();
    let q = num_rational::BigRational::new(&q.num * factor, num_bigint::BigInt::from(q.den.clone()) * 4096);
    bfv_kernel::rational(&q)
}

#[test]
fn a_lie_about_a_part_is_refused_by_the_kernel() {
    with_session(|session| {
        for n in [0, 4, 5, 8, 10, 12, 17, 26] {
            let (binders, truth, falsehood) = PAIRS[n];
            let (truth, falsehood) = (
                claim(session, &format!("t{n}"), binders, truth),
                claim(session, &format!("f{n}"), binders, falsehood),
            );
            let (Outcome::Candidate(proof), ..) = solve(session, &truth) else { panic!("{binders} is not proved") };
            let accepted = |s: &Term, t: &Term| session.signature.prove(s, t, Limits::default()).is_ok();
            assert!(accepted(&truth, &proof) && !accepted(&falsehood, &proof));
            // A bound that is rounded the other way: no number may be moved both ways, and nothing makes the sibling true.
            let mut count = 0;
            changed(&proof, &mut |t| {
                count += u32::from(matches!(&**t, Node::RealLit(_)));
                None
            });
            let mut refused = 0;
            for k in (0..count).step_by(usize::try_from(1 + count / 60).unwrap()) {
                let both = [true, false].map(|up| {
                    let mut seen = 0;
                    let lie = changed(&proof, &mut |t| match &**t {
                        Node::RealLit(q) => {
                            seen += 1;
                            (seen == k + 1).then(|| Rc::new(Node::RealLit(moved(q, up))))
                        }
                        _ => None,
                    });
                    assert!(!accepted(&falsehood, &lie), "number {k} of {n}");
                    lie == proof || !accepted(&truth, &lie)
                });
                assert!(both[0] || both[1], "number {k} of {n} does not matter");
                refused += u32::from(both[0]) + u32::from(both[1]);
            }
            // A part of the box is left out: the proof for one half is given for both.
            let mut parts = 0;
            let lie = changed(&proof, &mut |t| match &**t {
                Node::App(f, b) => match &**f {
                    Node::App(g, a) if matches!((&**a, &**b), (Node::Lam(_), Node::Lam(_))) => {
                        parts += 1;
                        Some(Rc::new(Node::App(Rc::new(Node::App(g.clone(), a.clone())), a.clone())))
                    }
                    _ => None,
                },
                _ => None,
            });
            assert!(parts == 0 || !accepted(&truth, &lie), "a part of {n} may be left out");
            // A leaf that claims more than its facts give.
            let mut leaves = 0;
            let lie = changed(&proof, &mut |t| match &**t {
                Node::Rule(r) => match &**r {
                    Rule::Psatz { atoms, hypotheses, products, equalities } => {
                        leaves += 1;
                        let mut hypotheses = hypotheses.clone();
                        for h in hypotheses.iter_mut().filter(|h| h.relation != Relation::Eq) {
                            for o in h.left.iter_mut().chain(&mut h.right) {
                                if let Op::Lit(_, q) = o {
                                    *q = moved(q, true);
                                }
                            }
                        }
                        let (atoms, products, equalities) = (atoms.clone(), products.clone(), equalities.clone());
                        Some(Rc::new(Node::Rule(Box::new(Rule::Psatz { atoms, hypotheses, products, equalities }))))
                    }
                    _ => None,
                },
                _ => None,
            });
            assert!(leaves > 0 && !accepted(&truth, &lie), "a leaf of {n} may lie");
            println!("{n}: {count} numbers, {refused} lies refused, {parts} splits at the top, {leaves} leaves");
        }
    });
}
