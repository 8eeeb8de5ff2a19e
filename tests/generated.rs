//! Both checkers on generated judgements, well typed by construction and nearly so: the same answer, for the same reason.
//!
//! `BFV_CASES` and `BFV_SEED` make a run longer or another one. A disagreement is shown with the smallest term that the shrinking finds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
#[allow(dead_code)]
#[path = "mutants/change.rs"]
mod change;
#[path = "../crates/kernel/tests/common/mod.rs"]
mod common;
#[path = "generated/draw.rs"]
mod draw;
#[path = "generated/free.rs"]
mod free;
#[path = "generated/judgement.rs"]
mod judgement;
#[path = "generated/signature.rs"]
mod signature;

use bfv_format::{Decl, Node, Outcome, Prim, Rule, Stored, Term};
use bfv_kernel::{Ctx, Limits, Machine, Signature};
use judgement::Judgement;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// What the program allocates with, since much of the time goes there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |v| v.parse().expect("a whole number"))
}

fn runner(cases: u64, seed: u64, shrinks: u32) -> TestRunner {
    let mut bytes = [11u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: u32::try_from(cases).unwrap(),
        failure_persistence: None,
        max_shrink_iters: shrinks,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// The numbers that a judgement is drawn from.
fn numbers() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..200)
}

type Answer = Result<(), &'static str>;

/// Both checkers after the declarations, with one budget of steps for each.
struct Both {
    first: Signature,
    second: bfv_recheck::Judge,
    limits: Limits,
}

impl Both {
    /// `others` are the declarations that the second checker sees.
    fn new(kernel: u64, second: u64, others: &[Decl]) -> Self {
        let limits = bfv_recheck::Limits { steps: second, ..bfv_recheck::Limits::default() };
        let mut second = bfv_recheck::Judge::new(limits);
        others.iter().for_each(|d| second.add(d).unwrap());
        let limits = Limits { steps: kernel, ..Limits::default() };
        Both { first: common::signature(signature::declarations()), second, limits }
    }

    fn answers(&self, j: &Judgement) -> [Answer; 2] {
        match j {
            Judgement::Claim { statement, evidence } => {
                let proved = bfv_recheck::Verdict::Proved;
                [
                    self.first.prove(statement, evidence, self.limits).map(|_| ()).map_err(|r| r.reason),
                    self.second.judge(statement, proved, evidence).map_err(|r| r.reason),
                ]
            }
            Judgement::Declaration(decl) => [
                self.first.clone().add(decl.clone(), self.limits).map(|_| ()).map_err(|r| r.reason),
                self.second.clone().add(decl).map_err(|r| r.reason),
            ],
        }
    }
}

/// The terms of a judgement.
fn terms(j: &Judgement) -> Vec<&Term> {
    match j {
        Judgement::Claim { statement, evidence } => vec![statement, evidence],
        Judgement::Declaration(Decl::Def { ty, body, .. } | Decl::Theorem { ty, proof: body, .. }) => vec![ty, body],
        Judgement::Declaration(Decl::Axiom { ty, .. }) => vec![ty],
        Judgement::Declaration(Decl::Data(d)) => {
            d.params.iter().chain(d.constructors.iter().flat_map(bfv_format::Constructor::terms)).collect()
        }
    }
}

/// Every former of terms. The match below fails to compile when one is added and stands not here.
const FORMERS: [&str; 52] = [
    "variable",
    "universe",
    "constant",
    "displaced constant",
    "type of the theory",
    "element of the theory",
    "operation on natural numbers",
    "operation on integers",
    "operation on reals",
    "natural number",
    "integer",
    "real",
    "function type",
    "function",
    "application",
    "definition",
    "pair type",
    "pair",
    "first part",
    "second part",
    "line type",
    "path type",
    "line or path",
    "line applied",
    "path applied",
    "coercion",
    "composition",
    "composition of types",
    "composition in a type with paths",
    "case on Empty",
    "case on Bool",
    "recursion on Nat",
    "case on Int",
    "data type",
    "displaced data type",
    "data type with parameters",
    "constructor",
    "recursive constructor",
    "path constructor",
    "constructor of two dimensions",
    "eliminator",
    "eliminator of paths",
    "Glue type",
    "glued element",
    "unglue",
    "ring",
    "psatz",
    "lia",
    "definition declared",
    "theorem declared",
    "axiom declared",
    "data type declared",
];

/// What formers a node shows.
fn formers(node: &Node) -> Vec<&'static str> {
    use signature::{CIRCLE, LIST, SUSPENSION, TORUS, TREE, TRUNCATION};
    let displaced = |shift: u32, plain, raised| if shift == 0 { vec![plain] } else { vec![plain, raised] };
    vec![match node {
        Node::Var(_) => "variable",
        Node::Univ(_) => "universe",
        Node::Const { shift, .. } => return displaced(*shift, "constant", "displaced constant"),
        Node::Prim(Prim::Empty | Prim::Unit | Prim::Bool | Prim::Nat | Prim::Int | Prim::Real) => "type of the theory",
        Node::Prim(Prim::Star | Prim::True | Prim::False) => "element of the theory",
        Node::Prim(Prim::Suc | Prim::NatAdd | Prim::NatMul | Prim::NatSub | Prim::NatLtb) => {
            "operation on natural numbers"
        }
        Node::Prim(Prim::IntPos | Prim::IntNegSuc | Prim::IntAdd | Prim::IntSub | Prim::IntMul | Prim::IntLtb) => {
            "operation on integers"
        }
        Node::Prim(_) => "operation on reals",
        Node::NatLit(_) => "natural number",
        Node::IntLit(_) => "integer",
        Node::RealLit(_) => "real",
        Node::Pi(..) => "function type",
        Node::Lam(_) => "function",
        Node::App(..) => "application",
        Node::Let(..) => "definition",
        Node::Sigma(..) => "pair type",
        Node::Pair(..) => "pair",
        Node::Fst(_) => "first part",
        Node::Snd(_) => "second part",
        Node::Line(_) => "line type",
        Node::Path(..) => "path type",
        Node::DLam(_) => "line or path",
        Node::LApp(..) => "line applied",
        Node::PApp(..) => "path applied",
        Node::Coe(..) => "coercion",
        Node::HCom(_, _, ty, ..) => match &**ty {
            Node::Univ(_) => return vec!["composition", "composition of types"],
            Node::Data(d, _) if [CIRCLE, TORUS, TRUNCATION, SUSPENSION].contains(&d.id) => {
                return vec!["composition", "composition in a type with paths"];
            }
            _ => "composition",
        },
        Node::EmptyElim(..) => "case on Empty",
        Node::BoolElim(..) => "case on Bool",
        Node::NatElim(..) => "recursion on Nat",
        Node::IntElim(..) => "case on Int",
        Node::Data(d, ps) => {
            let mut all = displaced(d.shift, "data type", "displaced data type");
            all.extend((!ps.is_empty()).then_some("data type with parameters"));
            return all;
        }
        Node::Con(d, c, _, _, dims) => match (d.id, dims.len()) {
            (LIST | TREE, _) if *c == 1 => return vec!["constructor", "recursive constructor"],
            (_, 0) => "constructor",
            (_, 1) => return vec!["constructor", "path constructor"],
            _ => return vec!["constructor", "constructor of two dimensions"],
        },
        Node::DataElim(d, ..) if [CIRCLE, TORUS, TRUNCATION, SUSPENSION].contains(&d.id) => {
            return vec!["eliminator", "eliminator of paths"];
        }
        Node::DataElim(..) => "eliminator",
        Node::Rule(r) => match &**r {
            Rule::Ring { .. } => "ring",
            Rule::Psatz { .. } => "psatz",
            Rule::Lia { .. } => "lia",
        },
        Node::Glue(..) => "Glue type",
        Node::GlueEl(..) => "glued element",
        Node::Unglue(..) => "unglue",
    }]
}

fn formers_of(j: &Judgement) -> BTreeSet<&'static str> {
    fn go(t: &Term, out: &mut BTreeSet<&'static str>) {
        out.extend(formers(t));
        change::children(t).iter().for_each(|c| go(c, out));
    }
    let mut out = BTreeSet::new();
    terms(j).into_iter().for_each(|t| go(t, &mut out));
    if let Judgement::Declaration(d) = j {
        out.insert(match d {
            Decl::Def { .. } => "definition declared",
            Decl::Theorem { .. } => "theorem declared",
            Decl::Axiom { .. } => "axiom declared",
            Decl::Data(_) => "data type declared",
        });
    }
    out
}

/// The reasons of the kernel, from its source, so that none is forgotten.
fn reasons() -> Vec<&'static str> {
    let source = include_str!("../crates/kernel/src/refusal.rs");
    let constants = source.lines().filter(|l| l.starts_with("pub const "));
    constants.map(|l| l.split('"').nth(1).unwrap()).collect()
}

/// Reasons that no generated judgement can have.
const NEVER: [(&str, &str); 2] = [
    // Nobody ends these judgements.
    ("interrupted", "a judgement that is stopped from outside; the tests of the evaluator stop some"),
    // What is evaluated was checked before.
    ("ill-formed term", "a term that no rule allows is refused by its rule before it is evaluated"),
];

/// How the judgements of a run were answered.
#[derive(Default)]
struct Counts {
    drawn: [u32; 2],
    accepted: [u32; 2],
    refused: BTreeMap<&'static str, u32>,
    formers: BTreeMap<&'static str, u32>,
    both_unknown: u32,
    /// Judgements that only the second checker decided, and that only the kernel decided.
    kernel_unknown: u32,
    second_unknown: u32,
    /// Judgements that one of the two needed the larger budget for.
    large: u32,
    /// Accepted claims whose statement was computed by the kernel and judged again.
    computed: u32,
    /// Those that were refused then for the parts of a glued element.
    other_parts: u32,
    /// Judgements whose bytes the reader refuses.
    unreadable: u32,
    slowest: Duration,
}

impl Counts {
    fn add(&mut self, j: &Judgement, as_drawn: bool, answer: Answer) {
        self.drawn[usize::from(!as_drawn)] += 1;
        match answer {
            Ok(()) => {
                self.accepted[usize::from(!as_drawn)] += 1;
                for f in formers_of(j) {
                    *self.formers.entry(f).or_default() += 1;
                }
            }
            Err(reason) => *self.refused.entry(reason).or_default() += 1,
        }
    }
}

/// Whether the bytes of a judgement can be read; if so they must say the same.
fn readable(j: &Judgement) -> Result<bool, String> {
    // The reader only counts the declarations that come before.
    let mut stored = Stored {
        decls: (0..signature::next()).map(|_| common::axiom("given", common::nat())).collect(),
        claim: "generated".into(),
        statement: common::prim(Prim::Unit),
        verdict: Outcome::Proved,
        evidence: common::prim(Prim::Star),
        witness: vec![],
        engine: String::new(),
    };
    match j.clone() {
        Judgement::Claim { statement, evidence } => (stored.statement, stored.evidence) = (statement, evidence),
        Judgement::Declaration(d) => stored.decls.push(d),
    }
    match bfv_format::read(&bfv_format::write(&stored)) {
        Ok(read) if read == stored => Ok(true),
        Ok(_) => Err("another judgement is read than was written".into()),
        Err(_) => Ok(false),
    }
}

/// Both judges of one judgement: the answer that they agree on.
fn judged(small: &Both, large: &Both, j: &Judgement, counts: &mut Counts) -> Result<Answer, String> {
    let start = Instant::now();
    let budget = |a: &Answer| *a == Err("budget");
    let mut answers = small.answers(j);
    if answers.iter().any(budget) && answers[0] != answers[1] {
        counts.large += 1;
        answers = large.answers(j);
    }
    counts.slowest = counts.slowest.max(start.elapsed());
    let [first, second] = answers;
    // Nothing is looked at under a face that is false, so a constant or a fraction that no reader lets through may stand there.
    // Such a judgement does not reach the second checker, which judges bytes, and no stored proof has it.
    if !readable(j)? {
        counts.unreadable += 1;
        return Ok(first.and(Err("unreadable")));
    }
    // The one disagreement that is no mistake, for no answer is no wrong answer. `x * n` of a number x of which nothing is known and a
    // literal n unfolds to n sums, and the second checker, which evaluates anew at every look, compares them one by one where the kernel
    // sees that both sides are the same. The kernel in turn computes compositions of compositions of types that the second leaves alone.
    if budget(&first) != budget(&second) {
        if budget(&first) {
            counts.kernel_unknown += 1
        } else {
            counts.second_unknown += 1
        }
        return Ok(first);
    }
    if first != second {
        return Err(format!("the kernel says {first:?}, the second checker {second:?}"));
    }
    if budget(&first) {
        counts.both_unknown += 1;
    }
    Ok(first)
}

/// A budget that is used up by a few judgements of a thousand, which are most of the work with any larger one, and a budget for those
/// where only one of the two used it up: what counts as a step is up to each checker, so only an answer of both is an agreement.
fn checkers(others: &[Decl]) -> [Both; 2] {
    [Both::new(20_000, 200_000, others), Both::new(2_000_000, 10_000_000, others)]
}

/// The claim with its statement in the normal form that the kernel finds, if that is found soon.
fn computed(kernel: &Signature, j: &Judgement) -> Option<Judgement> {
    let Judgement::Claim { statement, evidence } = j else { return None };
    let m = Machine::new(kernel, Limits { steps: 20_000, ..Limits::default() });
    let ctx = Ctx::default();
    let statement = m.normal(&ctx, &m.eval(&ctx.env, statement)).ok()?;
    Some(Judgement::Claim { statement, evidence: evidence.clone() })
}

#[test]
fn both_give_one_answer_to_generated_judgements() {
    let cases = setting("BFV_CASES", CASES);
    common::big(move || {
        let [small, large] = checkers(&signature::declarations());
        let counts = RefCell::new(Counts::default());
        let done = runner(cases, setting("BFV_SEED", 1), 20_000).run(&numbers(), |numbers| {
            let (j, as_drawn) = judgement::draw(numbers);
            let answer = judged(&small, &large, &j, &mut counts.borrow_mut()).map_err(TestCaseError::fail)?;
            counts.borrow_mut().add(&j, as_drawn, answer);
            // What the kernel computes is the same statement for both.
            if answer.is_ok()
                && let Some(j) = computed(&small.first, &j)
            {
                let again = judged(&small, &large, &j, &mut counts.borrow_mut()).map_err(TestCaseError::fail)?;
                let counts = &mut counts.borrow_mut();
                match again {
                    Ok(()) | Err("budget") => counts.computed += 1,
                    // Two Glue types may be equal with different numbers of faces. A normal form is read back without its type, and
                    // has the parts of the type that it was made at: no well typed term then, and both say so.
                    Err("part disagrees with base") => counts.other_parts += 1,
                    Err(reason) => prop_assert!(false, "computed, it is refused: {reason}\n{j:?}"),
                }
            }
            Ok(())
        });
        if let Err(TestError::Fail(why, numbers)) = &done {
            panic!("{why}\n{:?}\n{numbers:?}", judgement::draw(numbers.clone()).0);
        }
        done.unwrap();
        let mut counts = counts.into_inner();
        // Every run has the same words, so that the numbers of several can be added.
        counts.refused.entry("unreadable").or_default();
        let Counts {
            drawn,
            accepted,
            refused,
            formers,
            both_unknown,
            kernel_unknown,
            second_unknown,
            large,
            computed,
            other_parts,
            unreadable,
            slowest,
        } = &counts;
        println!(
            "Figures: {cases} judgements, no disagreement; {} of {} accepted as drawn, {} of {} with one change; \
             {computed} accepted again with their statements computed, {other_parts} refused then for the parts of a glued element; \
             {unreadable} that the reader refuses; {both_unknown} that neither decided, \
             {kernel_unknown} that only the second checker decided, {second_unknown} that only the kernel decided, \
             {large} that were judged with the larger budget.",
            accepted[0], drawn[0], accepted[1], drawn[1]
        );
        println!("Figures: slowest judgement by both: {} ms", slowest.as_millis());
        println!("Figures: refused: {refused:?}");
        println!("Figures: accepted with each former: {formers:?}");
        assert!(accepted[0] * 10 > drawn[0] * 7 && accepted[1] * 20 > drawn[1] && accepted[1] * 2 < drawn[1]);
        assert!(u64::from(*both_unknown) * 100 < cases, "{both_unknown} judgements that neither decided");
        for (rare, what) in [
            (kernel_unknown, "that only the second checker decided"),
            (second_unknown, "that only the kernel decided"),
            (other_parts, "whose normal form has other parts"),
        ] {
            assert!(u64::from(*rare) * 5_000 <= cases, "{rare} {what}");
        }
        let unmet: Vec<&str> = FORMERS.into_iter().filter(|f| formers.get(f).is_none_or(|n| *n < FLOOR)).collect();
        assert!(unmet.is_empty(), "in fewer than {FLOOR} accepted judgements: {unmet:?}");
        assert!(formers.keys().all(|f| FORMERS.contains(f)), "{formers:?}");
        let never = |r: &str| NEVER.iter().any(|(n, _)| *n == r);
        let unmet: Vec<&str> = reasons().into_iter().filter(|r| !refused.contains_key(r) && !never(r)).collect();
        assert!(unmet.is_empty(), "reasons that no generated judgement was refused for: {unmet:?}");
        assert!(refused.keys().all(|r| !never(r)), "{refused:?}");
    });
}

/// A composition of a literal counted its successors one by one in the second checker, which used up every budget.
#[test]
fn compositions_of_large_literals_are_computed() {
    use common::{I0, I1, dlam, face, hcom, lam, lapp, line, nat, num, path, pi, refl, suc, v};
    common::big(|| {
        let [small, _] = checkers(&signature::declarations());
        let of = |x: Term| hcom(I0, I1, nat(), vec![face(common::d(0), I0, x.clone())], x);
        let claim = |x: Term, y: Term| Judgement::Claim {
            statement: path(line(nat()), dlam(of(x)), dlam(y.clone())),
            evidence: refl(dlam(y)),
        };
        let top = || num(u64::MAX);
        assert_eq!(small.answers(&claim(top(), top())), [Ok(()); 2]);
        assert_eq!(small.answers(&claim(suc(top()), suc(top()))), [Ok(()); 2]);
        assert_eq!(small.answers(&claim(suc(top()), top())), [Err("wrong path endpoint"); 2]);
        // A side with as many successors over something unknown: they are taken off, and the rest is stuck.
        let over = |x: Term| common::op(Prim::NatAdd, &[x, top()]);
        let side = |x: Term| hcom(I0, I1, nat(), vec![face(common::d(0), I0, lapp(v(0), I0))], x);
        let unknown = |x: Term, y: Term| Judgement::Claim {
            statement: pi(line(nat()), path(line(nat()), dlam(x), dlam(y.clone()))),
            evidence: lam(refl(dlam(y))),
        };
        let at = || lapp(v(0), I0);
        assert_eq!(small.answers(&unknown(of(over(at())), over(side(at())))), [Ok(()); 2]);
        assert_eq!(small.answers(&unknown(of(over(at())), over(at()))), [Err("wrong path endpoint"); 2]);
    });
}

/// The second checker took a recursive field without its arguments for a boundary term, and refused its type only.
#[test]
fn a_recursive_field_has_its_arguments_in_a_boundary() {
    use common::{I0, app, data_at, nat, num, part, path_con, path_data, pi, point, v};
    common::big(|| {
        let [small, _] = checkers(&signature::declarations());
        let me = signature::next();
        let with = |body: Term| {
            let path = path_con(vec![pi(nat(), data_at(me, vec![]))], 1, vec![part(common::d(0), I0, body)]);
            small.answers(&Judgement::Declaration(path_data(vec![], 0, vec![point(vec![]), path])))
        };
        assert_eq!(with(app(v(0), num(1))), [Ok(()); 2]);
        assert_eq!(with(v(0)), [Err("boundary not of constructors"); 2]);
        assert_eq!(with(app(app(v(0), num(1)), num(1))), [Err("boundary not of constructors"); 2]);
    });
}

/// The second checker judged the fields of a constructor first and looked at its dimensions afterwards, and so had another reason.
#[test]
fn a_dimension_out_of_scope_comes_before_a_field_of_another_type() {
    use common::{con_at, data_at, lam, nat, pi, prim};
    common::big(|| {
        let [small, _] = checkers(&signature::declarations());
        let with = |dim| {
            let meridian = con_at(signature::SUSPENSION, 2, vec![nat()], vec![prim(Prim::Star)], vec![dim]);
            let ty = data_at(signature::SUSPENSION, vec![nat()]);
            small.answers(&Judgement::Claim { statement: pi(nat(), ty), evidence: lam(meridian) })
        };
        assert_eq!(with(common::d(0)), [Err("dimension out of scope"); 2]);
        assert_eq!(with(common::I0), [Err("type mismatch"); 2]);
    });
}

/// The second checker looked first at the dimension where a composition begins, which the kernel needs for its sides only.
#[test]
fn the_beginning_of_a_composition_comes_after_its_base() {
    use common::{I1, hcom, lam, nat, pi, prim};
    common::big(|| {
        let [small, _] = checkers(&signature::declarations());
        let with = |from, base| {
            let evidence = lam(hcom(from, I1, nat(), vec![], base));
            small.answers(&Judgement::Claim { statement: pi(nat(), nat()), evidence })
        };
        assert_eq!(with(common::d(0), prim(Prim::Star)), [Err("type mismatch"); 2]);
        assert_eq!(with(common::d(0), common::v(0)), [Err("dimension out of scope"); 2]);
        assert_eq!(with(I1, common::v(0)), [Ok(()); 2]);
    });
}

/// The second checker counted the parts of a glued element before it judged any of them, and so had another reason.
#[test]
fn a_missing_part_comes_after_the_parts_that_are_there() {
    use common::{I0, I1, app, boolean, c, dlam, glue, glue_el, glued, line, num, part, prim};
    common::big(|| {
        let [small, _] = checkers(&signature::declarations());
        let same = || app(c(signature::SAME), boolean());
        let on = |end| glued(common::d(0), end, boolean(), same());
        let ty = line(glue(boolean(), vec![on(I0), on(I1)]));
        let with = |parts| {
            let evidence = dlam(glue_el(prim(Prim::True), parts));
            small.answers(&Judgement::Claim { statement: ty.clone(), evidence })
        };
        let at = |end, body| part(common::d(0), end, body);
        let truth = || prim(Prim::True);
        assert_eq!(with(vec![at(I0, truth()), at(I1, truth())]), [Ok(()); 2]);
        assert_eq!(with(vec![at(I0, truth())]), [Err("part disagrees with base"); 2]);
        assert_eq!(with(vec![at(I0, num(0))]), [Err("type mismatch"); 2]);
        let three = vec![at(I0, truth()), at(I1, truth()), at(I1, num(0))];
        assert_eq!(with(three), [Err("part disagrees with base"); 2]);
    });
}

/// What the kernel reads back is read without its type: an element of a Glue type has the parts of the type that it was made at, also
/// where it stands in another one that is equal and has fewer faces. Both refuse such a term; nothing is accepted that should not be.
#[test]
fn a_normal_form_may_have_the_parts_of_an_equal_type() {
    use common::{I0, app, boolean, c, dlam, glue, glue_el, glued, let_, line, part, path, prim, refl, v};
    common::big(|| {
        let [small, _] = checkers(&signature::declarations());
        // The first number says where the dimension of the faces stands, the second how often they are written.
        let same = || app(c(signature::SAME), boolean());
        let ty = |i, n| glue(boolean(), vec![glued(common::d(i), I0, boolean(), same()); n]);
        let of = |i, n| glue_el(prim(Prim::True), vec![part(common::d(i), I0, prim(Prim::True)); n]);
        let twice = || let_(ty(0, 2), of(0, 2), v(0));
        let j = Judgement::Claim { statement: line(path(ty(1, 1), twice(), twice())), evidence: dlam(refl(of(1, 1))) };
        assert_eq!(small.answers(&j), [Ok(()); 2]);
        let j = computed(&small.first, &j).unwrap();
        assert_eq!(small.answers(&j), [Err("part disagrees with base"); 2]);
    });
}

/// Two checkers that differ in one definition: the generated judgements show it, and with a small one.
#[test]
fn a_difference_would_be_noticed_and_shrunk() {
    common::big(|| {
        let mut others = signature::declarations();
        let Decl::Def { body, .. } = &mut others[usize::try_from(signature::DOUBLE).unwrap()] else { unreachable!() };
        *body = common::lam(common::v(0));
        let both = Both::new(20_000, 200_000, &others);
        let done = runner(CASES, 1, 2_000).run(&numbers(), |numbers| {
            let (j, _) = judgement::draw(numbers);
            let answers = both.answers(&j);
            let differ = answers[0] != answers[1] && !answers.contains(&Err("budget")) && readable(&j).unwrap();
            if differ { Err(TestCaseError::fail("a difference")) } else { Ok(()) }
        });
        let Err(TestError::Fail(_, numbers)) = done else { panic!("not noticed") };
        let (j, _) = judgement::draw(numbers);
        fn size(t: &Term) -> usize {
            1 + change::children(t).iter().map(size).sum::<usize>()
        }
        let size: usize = terms(&j).into_iter().map(size).sum();
        assert!(size <= SMALL, "{size} nodes: {j:?}");
    });
}

/// `cargo xtask soak` takes more.
const CASES: u64 = 10_000;
/// Each former stands in so many accepted judgements.
const FLOOR: u32 = 20;
/// Nodes of a judgement that a person can read.
const SMALL: usize = 60;
