//! Random claims through the engines and the kernel: no candidate is refused, nothing is proved and refuted, and what is proved holds at
//! points chosen at random. `BFV_CASES` and `BFV_SEED` make a run longer or another one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_elab::{Engines, Session};
use bfv_engine_native::{Arith, Auto, Boxes, Native};
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal, Outcome};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |v| v.parse().expect("a whole number"))
}

fn runner(cases: u64) -> TestRunner {
    let cases = u32::try_from(setting("BFV_CASES", cases)).unwrap();
    let mut seed = [7u8; 32];
    seed[..8].copy_from_slice(&setting("BFV_SEED", 1).to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

fn load() -> Session {
    let mut session = Session::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sctt/");
    for name in ["logic", "nat", "real"] {
        let bytes = std::fs::read(format!("{root}{name}.sctt")).unwrap();
        elaborate(&mut session, &format!("std.{name}"), &bytes);
    }
    session
}

fn elaborate(session: &mut Session, name: &str, bytes: &[u8]) -> Vec<bfv_elab::Claim> {
    let (file, diagnostics) = bfv_syntax::parse(0, bytes);
    assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
    let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 100_000, wish: None, memo: None };
    let out = session.module(name, &file, engines, &|_| String::new());
    assert!(out.problems.is_empty(), "{name}: {}", out.problems[0].message);
    out.claims
}

/// `sum of coefficients times monomials`; a monomial lists its variables.
type Poly = Vec<(i32, Vec<usize>)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Less,
    AtMost,
    Equal,
}

/// A polynomial compared with zero.
type Fact = (Poly, Relation);

/// A claim: its facts imply its conclusion.
#[derive(Clone, Debug)]
struct Claim {
    sort: &'static str,
    variables: usize,
    facts: Vec<Fact>,
    conclusion: Fact,
}

/// The terms of one sign; what is subtracted goes to the other side, since natural numbers have no negatives.
fn show_side(p: &Poly, positive: bool) -> String {
    let mut out = "0".to_owned();
    for (c, m) in p.iter().filter(|(c, _)| (*c > 0) == positive) {
        let factors: String = m.iter().map(|v| format!(" * x{v}")).collect();
        out += &format!(" + {}{factors}", c.unsigned_abs());
    }
    out
}

fn show_fact((p, r): &Fact) -> String {
    let sign = match r {
        Relation::Less => "<",
        Relation::AtMost => "<=",
        Relation::Equal => "=",
    };
    format!("{} {sign} {}", show_side(p, true), show_side(p, false))
}

impl Claim {
    fn text(&self) -> String {
        let names: Vec<String> = (0..self.variables).map(|v| format!("x{v}")).collect();
        let facts: String = self.facts.iter().enumerate().map(|(n, f)| format!(" (h{n} : {})", show_fact(f))).collect();
        format!("({} : {}){facts} : {}", names.join(" "), self.sort, show_fact(&self.conclusion))
    }
}

fn value((p, r): &Fact, point: &[BigRational]) -> bool {
    let mut sum = BigRational::zero();
    for (c, m) in p {
        sum += m.iter().fold(BigRational::from_integer((*c).into()), |q, v| q * &point[*v]);
    }
    match r {
        Relation::Less => sum.is_negative(),
        Relation::AtMost => !sum.is_positive(),
        Relation::Equal => sum.is_zero(),
    }
}

fn claim(sort: &'static str, degree: usize) -> impl Strategy<Value = Claim> {
    (1usize..4).prop_flat_map(move |variables| {
        let monomial = prop::collection::vec(0..variables, 0..=degree);
        let poly = prop::collection::vec((-4i32..5, monomial), 1..4);
        let relation =
            prop_oneof![Just(Relation::Less), Just(Relation::AtMost), Just(Relation::AtMost), Just(Relation::Equal)];
        let fact = (poly, relation);
        (prop::collection::vec(fact.clone(), 0..4), fact).prop_map(move |(facts, conclusion)| Claim {
            sort,
            variables,
            facts,
            conclusion,
        })
    })
}

/// What an engine makes of a claim, judged by the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    Proved,
    Refuted,
    Unknown,
}

fn judge(session: &mut Session, engine: &dyn Engine, claim: &Claim, n: u64, steps: u64) -> Result<Judged, String> {
    let name = format!("m{n}");
    let source = format!("module {name}\nimport std.real\nimport std.nat\nclaim c {}\n", claim.text());
    let claims = elaborate(session, &name, source.as_bytes());
    let statement = &claims.first().unwrap().statement;
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, statement);
    let goal = Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() };
    match engine.solve(&goal, &mut Budget::new(steps)) {
        Outcome::Candidate(t) => match session.signature.prove(statement, &t, Limits::default()) {
            Ok(_) => Ok(Judged::Proved),
            Err(r) => Err(format!("refused proof, {}: {}", r.reason, r.detail)),
        },
        Outcome::Refutation(t, _) => match session.signature.refute(statement, &t, Limits::default()) {
            Ok(_) => Ok(Judged::Refuted),
            Err(r) => Err(format!("refused counterexample, {}: {}", r.reason, r.detail)),
        },
        Outcome::GaveUp(..) => Ok(Judged::Unknown),
    }
}

/// Whole points in a small box and a few fractions.
fn points(variables: usize, whole: bool, natural: bool) -> Vec<Vec<BigRational>> {
    let number = |n: i32, d: i32| BigRational::new(n.into(), d.into());
    let mut values: Vec<BigRational> = (if natural { 0..4 } else { -3..4 }).map(|n| number(n, 1)).collect();
    if !whole {
        values.extend([number(1, 2), number(-1, 3), number(7, 2), number(20, 1)]);
    }
    let mut out = vec![Vec::new()];
    for _ in 0..variables {
        out =
            out.iter().flat_map(|p| values.iter().map(|v| [p.as_slice(), std::slice::from_ref(v)].concat())).collect();
    }
    out
}

/// Runs the engines on random claims; prints and returns how many were proved, refuted, unknown.
fn run(sort: &'static str, degree: usize, cases: u64) -> [u64; 3] {
    let work = move || {
        let session = std::cell::RefCell::new(load());
        let counts = std::cell::RefCell::new([0u64; 3]);
        let number = std::cell::Cell::new(0);
        runner(cases)
            .run(&claim(sort, degree), |claim| {
                let session = &mut session.borrow_mut();
                let mut verdicts = Vec::new();
                let engines: [&dyn Engine; 2] = [&Native, if degree > 1 { &Auto } else { &Arith }];
                for engine in engines {
                    number.set(number.get() + 1);
                    verdicts.push(judge(session, engine, &claim, number.get(), 20_000).map_err(TestCaseError::fail)?);
                }
                prop_assert!(
                    !(verdicts.contains(&Judged::Proved) && verdicts.contains(&Judged::Refuted)),
                    "proved and refuted: {}",
                    claim.text()
                );
                if verdicts.contains(&Judged::Proved) {
                    for p in points(claim.variables, sort != "Real", sort == "Nat") {
                        let applies = claim.facts.iter().all(|f| value(f, &p));
                        prop_assert!(
                            !applies || value(&claim.conclusion, &p),
                            "proved, but not at {:?}: {}",
                            p,
                            claim.text()
                        );
                    }
                }
                if !verdicts.contains(&Judged::Proved) && !verdicts.contains(&Judged::Refuted) {
                    println!("unknown over {sort}: {}", claim.text());
                }
                let place = if verdicts.contains(&Judged::Proved) {
                    0
                } else if verdicts.contains(&Judged::Refuted) {
                    1
                } else {
                    2
                };
                counts.borrow_mut()[place] += 1;
                Ok(())
            })
            .unwrap_or_else(|e| panic!("{sort}, degree {degree}: {e}"));
        counts.into_inner()
    };
    let [proved, refuted, unknown] =
        std::thread::Builder::new().stack_size(1 << 30).spawn(work).unwrap().join().unwrap();
    println!(
        "Figures: random claims over {sort} of degree {degree}: {proved} proved, {refuted} refuted, {unknown} unknown"
    );
    [proved, refuted, unknown]
}

#[test]
fn random_linear_claims_over_the_reals_are_decided() {
    let [proved, refuted, unknown] = run("Real", 1, 80);
    // Only a region between strict bounds that is thinner than the smallest margin may be missed.
    assert!(proved > 0 && refuted > 0 && unknown * 50 <= proved + refuted, "{proved} {refuted} {unknown}");
}

#[test]
fn random_linear_claims_over_whole_numbers_are_judged_rightly() {
    for sort in ["Int", "Nat"] {
        let [proved, refuted, unknown] = run(sort, 1, 50);
        assert!(proved > 0 && refuted > 0 && unknown * 5 <= proved + refuted, "{sort}: {proved} {refuted} {unknown}");
    }
}

#[test]
fn random_claims_with_products_are_judged_rightly() {
    for sort in ["Real", "Int", "Nat"] {
        let [proved, refuted, _] = run(sort, 2, 40);
        assert!(proved > 0 && refuted > 0, "{sort}: {proved} {refuted}");
    }
}

/// One is at least a half: the helper that every comparison rests on.
#[test]
fn the_values_of_facts_are_computed_exactly() {
    let half = BigRational::new(1.into(), 2.into());
    let p = vec![(2, vec![0, 0]), (-1, vec![0])];
    assert!(value(&(p.clone(), Relation::Equal), std::slice::from_ref(&half)));
    assert!(!value(&(p.clone(), Relation::Less), std::slice::from_ref(&half)));
    assert!(!value(&(p, Relation::AtMost), &[BigRational::one()]));
}
