//! The desk of the service with engines that lie: about proofs, about points at which goals fail, and about themselves. Nothing that they say is
//! told as a verdict, nothing of it is kept, and nothing breaks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bfv_cache::Cache;
use bfv_driver::{Desk, Plugged};
use bfv_format::{Hypothesis, Node, Op, Prim, Product, Rational, Relation, Rule, Sort, Step, Term};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
use bfv_service::memory::Memory;
use bfv_service::pool::STACK;
use bfv_service::solve::Limits;
use bfv_service::tasks;
use bfv_service::wire::Request;
use common::verification;
use serde_json::{Value, json};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// An engine that says what it is told to say, whatever it is asked.
struct Liar;

static LIAR: Liar = Liar;
const LYING: Plugged = Plugged {
    arith: &LIAR,
    auto: &LIAR,
    boxes: &LIAR,
    search: &[&LIAR, &LIAR],
    points: &LIAR,
    exhibits: &LIAR,
    statements: &LIAR,
};
/// Which lie is told, and how often one was.
static WHICH: AtomicUsize = AtomicUsize::new(0);
static TOLD: AtomicUsize = AtomicUsize::new(0);

fn node(n: Node) -> Term {
    Rc::new(n)
}

fn var(n: u32) -> Term {
    node(Node::Var(n))
}

fn lam(n: usize, t: Term) -> Term {
    (0..n).fold(t, |t, _| node(Node::Lam(t)))
}

fn constant(id: u32) -> Term {
    node(Node::Const { id, shift: 0 })
}

fn number(n: i64) -> Rational {
    Rational { num: n.into(), den: 1_u32.into() }
}

fn one(sort: Sort) -> Vec<Op> {
    vec![Op::Lit(sort, number(1))]
}

/// `1 < 1`, with a proof that is none.
fn false_hypothesis(sort: Sort) -> Hypothesis {
    Hypothesis { relation: Relation::Lt, left: one(sort), right: one(sort), proof: node(Node::Prim(Prim::Star)) }
}

/// Terms that prove nothing: with variables and constants that are not there, of other types, too large, too deep, and with rules whose numbers
/// are wrong.
fn lies(goal: &Goal<'_>) -> Vec<Term> {
    let ring = |sort, left, right| Rule::Ring { sort, atoms: vec![(sort, var(0))], left, right };
    let atom = |sort| vec![Op::Atom(sort, 0)];
    let psatz = |coefficient, hypotheses: Vec<u32>| Rule::Psatz {
        atoms: Vec::new(),
        hypotheses: vec![false_hypothesis(Sort::Real)],
        products: vec![Product { coefficient, hypotheses, squares: Vec::new() }],
        equalities: vec![(7, one(Sort::Real))],
    };
    let lia = |sort, steps| Rule::Lia { sort, atoms: Vec::new(), hypotheses: vec![false_hypothesis(sort)], steps };
    let rules = [
        ring(Sort::Nat, one(Sort::Nat), vec![Op::Lit(Sort::Nat, number(2))]),
        ring(Sort::Real, atom(Sort::Real), atom(Sort::Int)),
        ring(Sort::Int, vec![Op::Add, Op::Add], Vec::new()),
        ring(Sort::Real, vec![Op::Lit(Sort::Real, Rational { num: 2.into(), den: 0_u32.into() })], one(Sort::Real)),
        ring(Sort::Nat, vec![Op::Atom(Sort::Nat, u32::MAX)], one(Sort::Nat)),
        psatz(number(1), vec![0, 0]),
        psatz(number(-1), vec![0]),
        psatz(number(1), vec![u32::MAX]),
        lia(Sort::Nat, Vec::new()),
        lia(Sort::Int, vec![Step::Cut(0, 0_u32.into()), Step::NatAtom(9)]),
        lia(Sort::Real, Vec::new()),
    ];
    let own = lam(1, node(Node::App(var(0), var(0))));
    let target = goal.machine.quote(&goal.ctx, &goal.target).unwrap_or_else(|_| var(0));
    let mut out = vec![
        var(0),
        var(1),
        var(u32::MAX),
        constant(0),
        constant(u32::MAX),
        constant((1 << 31) + 1),
        node(Node::Const { id: 3, shift: u32::MAX }),
        node(Node::Prim(Prim::Star)),
        node(Node::Univ(u32::MAX)),
        node(Node::DLam(var(0))),
        node(Node::DLam(node(Node::NatLit(1_u32.into())))),
        node(Node::EmptyElim(node(Node::Prim(Prim::Empty)), var(0))),
        node(Node::App(own.clone(), own)),
        node(Node::Pair(var(0), constant(2))),
        target.clone(),
        node(Node::Lam(target)),
    ];
    out.extend(rules.into_iter().map(|r| node(Node::Rule(Box::new(r)))));
    // The lemmas themselves, alone and applied to anything.
    out.extend(goal.lemmas.iter().step_by(40).map(|l| constant(l.id)));
    out.extend(goal.lemmas.iter().skip(7).step_by(40).map(|l| node(Node::App(constant(l.id), var(0)))));
    out
}

/// Terms that are too deep, that stand for too many with few nodes, and that are too large.
const TOO_MUCH: [fn() -> Term; 3] = [
    || (0..15_000).fold(var(0), |t, _| node(Node::App(t, var(0)))),
    || (0..200).fold(node(Node::Prim(Prim::Star)), |t, _| node(Node::Pair(t.clone(), t))),
    || node(Node::NatLit(num_bigint::BigUint::from(1_u32) << 3_000_000_u32)),
];

/// The lie of a number; nothing where there are no more.
fn lie(goal: &Goal<'_>, n: usize) -> Option<Term> {
    match TOO_MUCH.get(n) {
        Some(make) => Some(make()),
        None => lies(goal).get(n - TOO_MUCH.len()).cloned(),
    }
}

impl Engine for Liar {
    fn name(&self) -> &'static str {
        "source\u{1b}[31m"
    }

    fn solve(&self, goal: &Goal<'_>, _: &mut Budget) -> Outcome {
        TOLD.fetch_add(1, Ordering::Relaxed);
        let which = WHICH.load(Ordering::Relaxed);
        let Some(term) = lie(goal, which / 3) else {
            return Outcome::GaveUp(Reason::ToolMissing, "A reason that is\nnone. \u{1b}[31m".to_owned());
        };
        let point = |t: &Term| vec![Some(t.clone()), None, Some(var(9)), Some(node(Node::Univ(0)))];
        match which % 3 {
            0 => Outcome::Candidate(term),
            // Under as many functions as the goal begins with.
            1 => {
                let taken = goal.taken_in().map_or(0, |(_, _, n)| n);
                Outcome::Candidate(lam(usize::try_from(taken).unwrap(), term))
            }
            _ => Outcome::Refutation(lam(1, term.clone()), point(&term)),
        }
    }
}

/// False statements, and true ones that need more than computation.
const FALSE: [&str; 5] = [
    "forall (n : Nat), n + 1 = n",
    "0 = 1",
    "forall (x : Real), 0 < x * x",
    "forall (A : U 0), A",
    "exists (n : Nat), n + 1 = 0",
];
const TRUE: [&str; 3] = ["forall (a b : Nat), a + b = b + a", "forall (x : Real), 0 <= x * x", "0 = 0"];

/// Everything that may say something as a verdict.
fn verdicts<'v>(value: &'v Value, out: &mut Vec<&'v str>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                match (name.as_str(), inner) {
                    ("valid" | "type_checked" | "found", Value::Bool(true)) => out.push("yes"),
                    ("status" | "verdict", Value::String(s)) if s == "proved" || s == "refuted" => out.push(s),
                    _ => verdicts(inner, out),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|v| verdicts(v, out)),
        _ => {}
    }
}

fn around(memory: &Memory) -> tasks::Around<'_> {
    tasks::Around { memory, hands: None }
}

#[test]
fn engines_that_lie_make_nothing_valid_and_refute_nothing() {
    let work = || {
        let mut desk = Desk::open(LYING, &Request::usual_imports()).unwrap();
        let cache = Cache::in_memory(1 << 20).unwrap();
        let memory = Memory::over(cache).unwrap();
        let mut kinds = 0;
        for which in 0.. {
            WHICH.store(which, Ordering::Relaxed);
            let told = TOLD.load(Ordering::Relaxed);
            for (n, goal) in FALSE.iter().chain(&TRUE).enumerate() {
                let state = json!({ "goals": [{ "statement": goal }] });
                let messages = [
                    json!({ "type": "REQUEST_PROOF_SUGGESTION", "proof_state": state }),
                    verification(goal, "arith", &[]),
                    verification(goal, "auto", &[]),
                    json!({ "type": "REQUEST_PROOF_COMPLETION", "proof_sketch": { "goal": goal }, "max_steps": 3 }),
                    json!({ "type": "REQUEST_COUNTEREXAMPLE", "theorem": goal }),
                ];
                // Each lie meets each goal, and the kinds of messages by turns.
                let message = &messages[(which + n) % messages.len()];
                let request = Request::read(message.to_string().as_bytes(), None).unwrap();
                let deadline = Instant::now() + Duration::from_secs(2);
                let limits = Limits { deadline, cancelled: Default::default() };
                let said = match tasks::answer(&mut desk, around(&memory), &request, "test", &limits, &mut |_| {})
                    .and_then(tasks::Reply::value)
                {
                    Ok(said) => said,
                    Err(fault) => {
                        assert_ne!(fault.status, 500, "lie {which}, {message}: {fault:?}");
                        continue;
                    }
                };
                let mut found = Vec::new();
                verdicts(&said, &mut found);
                if n < FALSE.len() {
                    assert!(found.is_empty(), "lie {which}, {message}: {said}");
                } else {
                    assert!(!found.contains(&"refuted"), "lie {which}, {message}: {said}");
                }
            }
            // Once there is no further lie, the engine gives up for a reason that is none.
            kinds = which / 3;
            if TOLD.load(Ordering::Relaxed) > told && which / 3 > 60 {
                break;
            }
        }
        assert!(kinds > 40 && TOLD.load(Ordering::Relaxed) > 500, "{kinds} lies, {TOLD:?}");
        // What is false is not kept either.
        let request = |goal: &str| json!({ "type": "REQUEST_COUNTEREXAMPLE", "theorem": goal }).to_string();
        for goal in FALSE {
            let limits = Limits { deadline: Instant::now() + Duration::from_secs(2), cancelled: Default::default() };
            let asked = Request::read(request(goal).as_bytes(), None).unwrap();
            let said = tasks::answer(&mut desk, around(&memory), &asked, "test", &limits, &mut |_| {})
                .unwrap()
                .value()
                .unwrap();
            assert_eq!((&said["found"], &said["verdict"]), (&json!(false), &json!("unknown")), "{said}");
        }
    };
    std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap();
}
