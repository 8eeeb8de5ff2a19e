//! Statements in the surface language, given to one engine each; whatever comes back is judged by the kernel.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_elab::{Engines, Session};
use bfv_engine_native::{Arith, Auto, Boxes, Native};
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};

/// What must come of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Proof,
    Counterexample,
    Nothing,
}
use Wanted::{Counterexample, Nothing, Proof};

const STEPS: u64 = 20_000;

fn session() -> Session {
    let mut session = Session::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sctt/");
    for name in ["logic", "nat", "real", "fin", "vec", "sum", "fusion"] {
        let bytes = std::fs::read(format!("{root}{name}.sctt")).unwrap();
        module(&mut session, &format!("std.{name}"), &bytes);
    }
    session
}

fn module(session: &mut Session, name: &str, bytes: &[u8]) -> Vec<bfv_elab::Claim> {
    let (file, diagnostics) = bfv_syntax::parse(0, bytes);
    assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
    let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 100_000, wish: None, memo: None };
    let out = session.module(name, &file, engines, &|_| String::new());
    for p in &out.problems {
        println!("{name}: {}", p.message);
    }
    assert!(out.problems.is_empty(), "{name} has problems");
    out.claims
}

/// Runs an engine on every statement and compares; a candidate that the kernel refuses is a failure whatever was wanted.
fn run(engine: &'static (dyn Engine + Sync), cases: &'static [(&'static str, Wanted)]) {
    let work = move || {
        let mut session = session();
        let mut wrong = Vec::new();
        for (n, (text, wanted)) in cases.iter().enumerate() {
            let source = format!("module m{n}\nimport std.fusion\nimport std.nat\nclaim c {text}\n");
            let claims = module(&mut session, &format!("m{n}"), source.as_bytes());
            let statement = &claims.first().unwrap().statement;
            let machine = Machine::new(&session.signature, Limits::default());
            let ctx = Ctx::default();
            let target = machine.eval(&ctx.env, statement);
            let goal = Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() };
            let mut budget = Budget::new(STEPS);
            let start = std::time::Instant::now();
            let outcome = engine.solve(&goal, &mut budget);
            println!("{:>8.1?} {:>6} steps: {text}", start.elapsed(), budget.used);
            assert!(budget.used <= STEPS);
            let (got, why) = match outcome {
                Outcome::Candidate(t) => {
                    let judged = session.signature.prove(statement, &t, Limits::default());
                    (Proof, judged.err().map(|r| format!("REJECTED {}: {}", r.reason, r.detail)).unwrap_or_default())
                }
                Outcome::Refutation(t, _) => {
                    let judged = session.signature.refute(statement, &t, Limits::default());
                    (
                        Counterexample,
                        judged.err().map(|r| format!("REJECTED {}: {}", r.reason, r.detail)).unwrap_or_default(),
                    )
                }
                Outcome::GaveUp(reason, why) => (Nothing, format!("{}: {why}", reason.as_str())),
            };
            if got != *wanted || why.starts_with("REJECTED") {
                wrong.push(format!("{text}\n    wanted {wanted:?}, got {got:?} {why}"));
            }
        }
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    };
    std::thread::Builder::new().stack_size(1 << 30).spawn(work).unwrap().join().unwrap();
}

#[test]
fn linear_arithmetic() {
    run(
        &Arith,
        &[
            ("(x y : Real) (h : x < y) : not (y < x)", Proof),
            ("(x y z : Real) (h : x <= y) (k : y < z) : x < z", Proof),
            ("(x y z : Real) (h : x <= y) (k : y <= z) : x < z", Nothing),
            ("(x y : Real) (h : x <= y) (k : y <= x) : x = y", Proof),
            ("(x y : Real) (h : x <= y) : x = y", Nothing),
            ("(x y : Real) (h : 2 * x + 3 * y <= 6) (k : 1 <= x) : y <= 4/3", Proof),
            ("(x y : Real) (h : 2 * x + 3 * y <= 6) (k : 1 <= x) : y < 4/3", Nothing),
            ("(x y : Real) : (x + y) * (x - y) = x * x - y * y", Proof),
            ("(x y : Real) : (x + y) * (x + y) = x * x + y * y", Nothing),
            ("(x y : Real) (h : x < y /\\ y < x) : Empty", Proof),
            ("(x y : Real) (h : not (x < y)) : y <= x", Proof),
            ("(x y : Real) (h : not (x <= y)) : y < x", Proof),
            ("(x y : Real) (h : x < y) : x <= y /\\ not (x = y)", Proof),
            ("(x y : Real) (h : x < y) : not not (x < y + 1)", Proof),
            ("(x : Real) (h : x = x + 1) : Empty", Proof),
            ("(x y : Real) (h : x = y) : x + 1 <= y + 2", Proof),
            ("(n : Nat) (h : n < 0) : Empty", Proof),
            ("(m n : Nat) (h : m < n) : m + 1 <= n", Proof),
            ("(m n : Nat) (h : m <= n) : m < n + 1", Proof),
            ("(m n : Nat) (h : m <= n) : m < n", Nothing),
            ("(n : Nat) : 0 <= n", Proof),
            ("(n : Nat) (h : 0 < n) (k : n < 2) : 1 <= n /\\ n <= 1", Proof),
            ("(m n : Nat) : of_nat (m + n) = of_nat m + of_nat n", Proof),
            ("(m n : Int) (h : m < n) : m + 1 <= n", Proof),
            ("(x : Real) (h : 0 < x) : 1 <= x", Nothing),
        ],
    );
}

#[test]
fn parity_and_cuts() {
    run(
        &Arith,
        &[
            ("(x y : Int) (h : 2 * x = 2 * y + 1) : Empty", Proof),
            ("(x y z : Int) (h : x = 2 * y) (k : x = 2 * z + 1) : Empty", Proof),
            ("(x y : Nat) (h : 2 * x = 2 * y + 1) : Empty", Proof),
            ("(x y : Nat) (h : 6 * x + 4 * y = 3) : Empty", Proof),
            ("(x : Int) (h : 1 < 2 * x) (k : 2 * x < 3) : x = 1", Nothing),
            ("(x : Int) (h : 2 < 2 * x) (k : 2 * x < 4) : Empty", Proof),
            ("(x : Int) (h : 1 <= 3 * x) (k : 3 * x <= 2) : Empty", Proof),
            ("(x y : Int) (h : 1 <= 2 * x + 4 * y) (k : x + 2 * y <= 0) : Empty", Proof),
            ("(x y : Int) (h : 3 * x + y = 1) (k : y = 3 * x) : Empty", Proof),
            ("(n f : Nat) (h : 3 * f + 1 <= n) (k : n <= 3 * f) : Empty", Proof),
            ("(n f q : Nat) (h : n = 3 * f + 1) (k : 2 * q < n + f + 1) (l : 2 * f + 1 <= q) : Empty", Proof),
            ("(x y : Int) (h : 2 * x = 3 * y) (k : 1 <= x) (l : x <= 2) : Empty", Proof),
            ("(x y : Int) (h : 2 * x = 3 * y) (k : 1 <= x) (l : x <= 3) : Empty", Nothing),
            ("(x y : Int) (h : 2 * x = 2 * y) : Empty", Nothing),
        ],
    );
}

#[test]
fn nonlinear_arithmetic() {
    run(
        &Auto,
        &[
            ("(x y : Real) : 2 * x * y <= x * x + y * y", Proof),
            ("(x y : Real) : 4 * x * y <= (x + y) * (x + y)", Proof),
            ("(x y : Real) (h : 0 <= x) (k : 0 <= y) : 0 <= x * y", Proof),
            ("(x y : Real) (h : 0 < x) (k : 0 < y) : 0 < x * y", Proof),
            ("(x y : Real) (h : 0 <= x) (k : 0 < y) : 0 < x * y", Nothing),
            ("(x : Real) (h : 0 <= x) (k : x <= 1) : x * x <= x", Proof),
            ("(x : Real) (h : 0 <= x) : x * x <= x", Nothing),
            ("(x : Real) : 2 * x <= x * x + 1", Proof),
            ("(x : Real) : x < x * x + 1", Proof),
            ("(x : Real) : 6 * x <= x * x + 9", Proof),
            ("(x y z : Real) : x * y + y * z + z * x <= x * x + y * y + z * z", Proof),
            ("(x y : Real) : 0 <= x * x + x * y + y * y", Proof),
            ("(x y : Real) : 0 < x * x + x * y + y * y + 1", Proof),
            ("(x y : Real) : 4 * x * y <= x * x + 4 * y * y", Proof),
            ("(x y : Real) : 0 < 2 * x * x - 3 * x * y + 2 * y * y + x - y + 5", Proof),
            ("(x y z : Real) (a : 0 <= x) (b : 0 <= y) (c : 0 <= z) : 0 <= x * y * z", Proof),
            ("(x y : Real) (a : x * y = 1) (b : x = 0) : Empty", Proof),
            ("(x y z : Real) (h : x <= y) (k : 0 <= z) : x * z <= y * z", Proof),
            ("(x y z w : Real) (h : 0 <= x) (i : x <= y) (j : 0 <= z) (k : z <= w) : x * z <= y * w", Proof),
            ("(x y : Real) (h : 0 < x) (k : 1 <= x * y) : 0 < y", Proof),
            ("(x y : Real) (h : 0 <= x) (i : x <= 1) (j : 0 <= y) (k : y <= 1) : x + y <= 1 + x * y", Proof),
            ("(x : Real) (h : x * x = 2) (k : 0 < x) : x < 3/2", Proof),
            ("(x : Real) (h : x * x = 2) (k : 0 < x) : x < 7/5", Nothing),
            ("(a b c d : Real) : (a * c + b * d) * (a * c + b * d) <= (a * a + b * b) * (c * c + d * d)", Proof),
            ("(x : Real) (h : 0 <= x) (k : x <= 1) : x * x * x <= x", Proof),
            ("(x y : Real) (h : x < y) : x * x * x < y * y * y", Proof),
            ("(x y : Real) (h : x * x * x < y * y * y) : x * x < y * y", Nothing),
        ],
    );
}

#[test]
fn claims_and_counterexamples() {
    run(
        &Native,
        &[
            ("(x y : Real) : x <= y", Counterexample),
            ("(x y : Real) (h : x <= y) : x < y", Counterexample),
            ("(x : Real) (h : 0 <= x) : x * x <= x", Counterexample),
            ("(x : Real) : x * x = x", Counterexample),
            ("(x : Real) (h : 3 <= x) : 4 <= x", Counterexample),
            ("(x y : Real) (h : x + y = 7) : x <= 6", Counterexample),
            ("(x y z : Real) (h : 5 * x = 3) (k : x < y) (l : y < z) (n : z < 7/10) : y <= 65/100", Counterexample),
            ("(n : Nat) : n <= 2", Counterexample),
            ("(n : Nat) : 0 < n", Counterexample),
            ("(m n : Int) (h : m < n) : m + 2 <= n", Counterexample),
            ("(n : Nat) : n <= 100", Counterexample),
            ("{k : Nat} (w x : Vec (k + 1) Real) : weighted_mean w x <= max x", Counterexample),
            ("{k : Nat} (w x : Vec (k + 1) Real) (hw : Simplex w) : weighted_mean w x <= max x", Proof),
            ("{k : Nat} (w x : Vec (k + 1) Real) (hw : Simplex w) : weighted_mean w x < max x", Counterexample),
            ("{k : Nat} (w x : Vec k Real) (i : Fin k) : w i <= x i", Counterexample),
            ("(x y : Real) (h : x < y) : x <= y", Proof),
            ("(x : Real) : 0 <= x * x", Proof),
        ],
    );
}

#[test]
fn counterexamples_are_solved_for() {
    run(
        &Native,
        &[
            ("(x : Real) : x <= 1000000", Counterexample),
            ("(a b c d e f g h i j : Real) : a * b + c * d + e * f + g * h + i * j <= 100", Counterexample),
            (
                "(a b c d e f g h i j : Real) (p : a + b + c + d + e + f + g + h + i + j = 1) (q : 0 <= a) (r : 0 <= b) (s : 0 <= c) : a * a + b * b + c * c + d * d <= 1",
                Counterexample,
            ),
            (
                "(a b c d e f g h i j : Real) (p : a <= b) (q : b <= c) (r : c <= d) (s : d <= e) (t : e <= f) (u : f <= g) (v : g <= h) (w : h <= i) (z : i <= j) : j <= a + 5",
                Counterexample,
            ),
            (
                "(a b c d e f g h i j : Real) (p : 0 < a * b) (q : 0 < b * c) (r : 0 < c * d) (s : 0 < d * e) (t : 0 < e * f) (u : 0 < f * g) (v : 0 < g * h) (w : 0 < h * i) (x : 0 < i * j) : 0 < a",
                Counterexample,
            ),
            (
                "(a b c d e f g h i j : Real) : (a + b + c + d + e) * (f + g + h + i + j) <= a * f + b * g + c * h + d * i + e * j",
                Counterexample,
            ),
            ("(a b c d e f g h i j : Nat) (p : a + b + c + d + e + f + g + h + i + j = 30) : a <= 20", Counterexample),
            ("(m n : Int) (h : 3 * m + 5 * n = 1) : m <= 100", Counterexample),
            ("(x y : Real) (h : x * y = 6) (k : x + y = 5) : x <= 2", Counterexample),
            ("(x y z : Real) (h : x * x + y * y + z * z <= 100) : x + y + z <= 10", Counterexample),
            ("(n : Nat) (h : 100 <= n) : n * n <= 10000", Counterexample),
            ("(x y : Real) : not (x * x + y * y = 25)", Counterexample),
            ("(x : Real) : x * inv x = 1", Counterexample),
            ("(x y : Real) (h : not (x = 0)) : inv x <= 5", Counterexample),
            ("(m n : Nat) : Nat.sub m n + n = m", Counterexample),
            ("(x y : Real) : max2 x y <= x", Counterexample),
            ("(x y z : Real) (h : max2 x (max2 y z) = 7) (k : abs (x - y) = 3) : z <= 6", Counterexample),
            ("(w x : Vec 8 Real) (hw : Simplex w) : weighted_mean w x <= 10", Counterexample),
            ("(w x : Vec 10 Real) : weighted_mean w x <= max x", Counterexample),
            ("{k : Nat} (x : Vec (k + 1) Real) (h : forall i, 0 <= x i) : max x <= 17 /\\ 0 <= min x", Counterexample),
            (
                "(k s t f : Real) (p : 1 <= k) (q : 0 < t) (r : 0 <= f) (h : 100 * f <= t) (e : s * (t + k * f) = k * t) : 9 * k <= 10 * s",
                Counterexample,
            ),
            ("(x : Real) (h : x * x = 2) : x <= 1", Nothing),
            ("(p q : Nat) (h : p * p = 2 * (q * q)) : q = 0", Nothing),
        ],
    );
}

#[test]
fn no_engine_proves_falsehood() {
    run(&Arith, &[(": Empty", Nothing), (": 1 < 0", Nothing)]);
    run(&Auto, &[(": Empty", Nothing), (": 1 < 0", Nothing)]);
    run(
        &Native,
        &[(": Empty", Counterexample), ("(e : Empty -> Empty) : Empty", Counterexample), (": 1 < 0", Counterexample)],
    );
}

#[test]
fn a_spent_budget_is_said_to_be_the_reason() {
    let work = || {
        let mut session = session();
        let claims = module(
            &mut session,
            "m",
            b"module m\nimport std.fusion\nclaim c (x y : Real) : 2 * x * y <= x * x + y * y\n",
        );
        let machine = Machine::new(&session.signature, Limits::default());
        let ctx = Ctx::default();
        let target = machine.eval(&ctx.env, &claims.first().unwrap().statement);
        let goal = Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() };
        for engine in [&Auto as &dyn Engine, &Native] {
            let outcome = engine.solve(&goal, &mut Budget::new(1));
            assert!(matches!(outcome, Outcome::GaveUp(Reason::Budget, _)), "{outcome:?}");
        }
    };
    std::thread::Builder::new().stack_size(1 << 30).spawn(work).unwrap().join().unwrap();
}
