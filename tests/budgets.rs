//! What a stored proof may cost: the worst that can be built for each kind of work, judged by both checkers within their steps.
//!
//! Nothing here looks at the clock. Work that were not charged to the steps would not end at all, or would make a limit of steps
//! accept what it must refuse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../crates/kernel/tests/common/mod.rs"]
mod common;
use bfv_format::{
    Combination, Face, Hypothesis, Node, Op, Prim, Rational, Relation, Rule, Sort, Step, Stored, Term, write,
};
use bfv_kernel::{Limits, Signature};
use common::*;

type Answer = Result<(), String>;

/// Both answers to a judgement without declarations, within so many steps of the kernel and of the second checker.
fn judged(statement: &Term, evidence: &Term, steps: u64) -> (Answer, Answer) {
    let first = Signature::new().prove(statement, evidence, Limits { steps, ..Limits::default() });
    (first.map(|_| ()).map_err(|r| r.reason.to_owned()), rechecked(statement, evidence, steps))
}

fn rechecked(statement: &Term, evidence: &Term, steps: u64) -> Answer {
    let bytes = write(&Stored {
        decls: vec![],
        claim: "budget".into(),
        statement: statement.clone(),
        verdict: bfv_format::Outcome::Proved,
        evidence: evidence.clone(),
        witness: vec![],
        engine: String::new(),
    });
    let limits = bfv_recheck::Limits { steps, ..bfv_recheck::Limits::default() };
    bfv_recheck::recheck(&bytes, limits).map(|_| ()).map_err(|r| r.reason.to_owned())
}

#[track_caller]
fn both_run_out(statement: &Term, evidence: &Term, steps: u64) {
    let out = Err("budget".to_owned());
    assert_eq!(judged(statement, evidence, steps), (out.clone(), out));
}

#[track_caller]
fn both_accept(statement: &Term, evidence: &Term, steps: u64) {
    assert_eq!(judged(statement, evidence, steps), (Ok(()), Ok(())));
}

fn lit(n: i64) -> Vec<Op> {
    vec![Op::Lit(Sort::Real, Rational { num: n.into(), den: 1u8.into() })]
}
fn at(n: u32) -> Vec<Op> {
    vec![Op::Atom(Sort::Real, n)]
}
fn bin(op: Op, a: &[Op], b: &[Op]) -> Vec<Op> {
    [a, b, &[op]].concat()
}
fn power(base: &[Op], n: usize) -> Vec<Op> {
    (1..n).fold(base.to_vec(), |t, _| bin(Op::Mul, &t, base))
}

/// The term that a tree of reals denotes when its n-th atom is the variable with index n.
fn denoted(tree: &[Op]) -> Term {
    let mut stack: Vec<Term> = Vec::new();
    for op in tree {
        let next = match op {
            Op::Atom(_, n) => v(*n),
            Op::Lit(_, q) => Node::RealLit(q.clone()).into(),
            _ => {
                let (b, a) = (stack.pop().unwrap(), stack.pop().unwrap());
                let p = match op {
                    Op::Add => Prim::RealAdd,
                    Op::Sub => Prim::RealSub,
                    _ => Prim::RealMul,
                };
                op_(p, a, b)
            }
        };
        stack.push(next);
    }
    stack.pop().unwrap()
}
fn op_(p: Prim, a: Term, b: Term) -> Term {
    op(p, &[a, b])
}

/// `tree = tree` for all values of so many atoms, by the rule ring.
fn ring(atoms: u32, tree: &[Op]) -> (Term, Term) {
    let over = |t: Term, f: &dyn Fn(Term) -> Term| (0..atoms).fold(t, |t, _| f(t));
    let statement = over(path(real(), denoted(tree), denoted(tree)), &|t| pi(real(), t));
    let named = (0..atoms).map(|n| (Sort::Real, v(n))).collect();
    let rule = Rule::Ring { sort: Sort::Real, atoms: named, left: tree.to_vec(), right: tree.to_vec() };
    (statement, over(t(Node::Rule(Box::new(rule))), &|t| lam(t)))
}

/// The largest of a family of trees that fits into the budget of a rule is the same for both checkers.
#[track_caller]
fn border(atoms: u32, family: impl Fn(usize) -> Vec<Op>, largest: usize) {
    let steps = 40_000_000;
    let (statement, evidence) = ring(atoms, &family(largest));
    both_accept(&statement, &evidence, steps);
    let (statement, evidence) = ring(atoms, &family(largest + 1));
    both_run_out(&statement, &evidence, steps);
}

/// `(1 + 3 x)^n`: one atom, growing coefficients.
fn dense(n: usize) -> Vec<Op> {
    power(&bin(Op::Add, &lit(1), &bin(Op::Mul, &lit(3), &at(0))), n)
}
/// `(x0 + ... + x11)^n`: many monomials.
fn wide(n: usize) -> Vec<Op> {
    power(&(1..12).fold(at(0), |t, k| bin(Op::Add, &t, &at(k))), n)
}
/// `x / p0 + x / p1 + ...`: a sum in one coefficient whose denominators have no common factor.
fn fractions(n: usize) -> Vec<Op> {
    let prime = |p: &u64| (2..*p).take_while(|d| d * d <= *p).all(|d| !p.is_multiple_of(d));
    let term = |p: u64| {
        let q = Rational { num: 1.into(), den: p.into() };
        bin(Op::Mul, &[Op::Lit(Sort::Real, q)], &at(0))
    };
    (1_000_000_007..).filter(prime).take(n).map(term).reduce(|a, b| bin(Op::Add, &a, &b)).unwrap()
}
/// A literal squared n times.
fn squares(n: usize) -> Vec<Op> {
    let mut tree = lit(3);
    for _ in 0..n {
        tree = bin(Op::Mul, &tree, &tree);
    }
    tree
}

#[test]
fn the_budget_of_a_rule_is_the_same_for_both() {
    big(|| {
        // The first ends at work, the second at monomials, the third at a common denominator, the last at one long number.
        border(1, dense, 216);
        border(12, wide, 6);
        border(1, fractions, 204);
        border(0, squares, 15);
    });
}

#[test]
fn the_work_of_a_rule_is_counted_in_steps() {
    big(|| {
        let (statement, evidence) = ring(1, &dense(100));
        let steps = Signature::new().prove(&statement, &evidence, Limits::default()).unwrap().steps();
        // At least the pairs of monomials that are multiplied: 2 * (2 + 4 + ... + 200).
        assert!(steps > 20_200, "{steps}");
        both_accept(&statement, &evidence, 2 * steps);
        both_run_out(&statement, &evidence, steps / 2);
        // A rule that is compared with another one is read again: 40 comparisons of 4,000 instructions.
        let (_, rule) = ring(0, &(1..2_000).fold(lit(0), |t, _| bin(Op::Add, &t, &lit(0))));
        let (_, other) = ring(0, &(1..2_000).fold(lit(0), |t, _| bin(Op::Add, &t, &lit(0))));
        let equation = path(real(), rat(0, 1), rat(0, 1));
        let once = pair(refl(rule.clone()), nat());
        let pairs = (0..40).fold(once, |p, _| pair(refl(rule.clone()), p));
        let apart = |n: u32| {
            path(equation.clone(), if n.is_multiple_of(2) { rule.clone() } else { other.clone() }, rule.clone())
        };
        let types = (0..40).fold(u(0), |ty, n| sigma(apart(n + 1), ty));
        let types = sigma(apart(0), types);
        let accepted = Signature::new().prove(&types, &pairs, Limits::default()).map_err(|r| r.reason);
        assert!(accepted.as_ref().is_ok_and(|p| p.steps() > 20 * 2 * 4_000), "{:?}", accepted.map(|p| p.steps()));
    });
}

#[test]
fn linear_combinations_and_long_certificates_are_counted() {
    big(|| {
        // 0 < 0, doubled by combinations with huge multipliers until the numbers are too long.
        let nat_lit = |n: i64| vec![Op::Lit(Sort::Nat, Rational { num: n.into(), den: 1u8.into() })];
        let less = path(boolean(), op(Prim::NatLtb, &[num(0), num(0)]), prim(Prim::True));
        let statement = pi(less, empty());
        let h = Hypothesis { relation: Relation::Lt, left: nat_lit(0), right: nat_lit(0), proof: v(0) };
        let lia = |steps: Vec<Step>| {
            let r = Rule::Lia { sort: Sort::Nat, atoms: vec![], hypotheses: vec![h.clone()], steps };
            lam(t(Node::Rule(Box::new(r))))
        };
        let long = format!("1{}", "0".repeat(4_000));
        let grow = |n: u32| Step::Combine(Combination { terms: vec![(n, long.parse().unwrap())] });
        both_accept(&statement, &lia((0..5).map(grow).collect()), 40_000_000);
        both_run_out(&statement, &lia((0..60).map(grow).collect()), 40_000_000);
        // One combination of a long fact with itself, fifty thousand times over, and facts that are the sums of all before them.
        let atom = |n: u32| vec![Op::Atom(Sort::Nat, n)];
        let right = (1..100).fold(atom(0), |sum, n| bin(Op::Add, &sum, &atom(n)));
        let h = Hypothesis { relation: Relation::Lt, left: nat_lit(0), right, proof: v(0) };
        let lia = |steps: Vec<Step>| {
            let atoms = (0..100).map(|n| (Sort::Nat, num(n))).collect();
            lam(t(Node::Rule(Box::new(Rule::Lia { sort: Sort::Nat, atoms, hypotheses: vec![h.clone()], steps }))))
        };
        let one = Step::Combine(Combination { terms: vec![(0, 1.into()); 50_000] });
        both_run_out(&statement, &lia(vec![one]), 40_000_000);
        let all = |n: u32| Step::Combine(Combination { terms: (0..n).map(|k| (k, 1.into())).collect() });
        both_run_out(&statement, &lia((1..400).map(all).collect()), 40_000_000);
    });
}

#[test]
fn large_numbers_are_counted() {
    big(|| {
        let limit = 3_000_000;
        let again = |z: Term, step: Term, n: u64| nat_elim(nat(), z, lam(lam(step)), num(n));
        let is_zero = |x: Term| path(nat(), x, num(0));
        // Squared again and again, and doubled again and again by a sum.
        both_run_out(&is_zero(again(num(3), op(Prim::NatMul, &[v(0), v(0)]), 40)), &refl(num(0)), limit);
        let long = t(Node::NatLit(format!("1{}", "0".repeat(39_000)).parse().unwrap()));
        both_run_out(&is_zero(again(long, op(Prim::NatAdd, &[v(0), v(0)]), 5_000)), &refl(num(0)), limit);
        let int_power = || nat_elim(prim(Prim::Int), int(3), lam(lam(op(Prim::IntMul, &[v(0), v(0)]))), num(40));
        both_run_out(&path(prim(Prim::Int), int_power(), int(0)), &refl(int(0)), limit);
        // Rationals: x * x + 1/3, and inverses.
        let square = op(Prim::RealAdd, &[op(Prim::RealMul, &[v(0), v(0)]), rat(1, 3)]);
        let reals = |step: Term| nat_elim(real(), rat(2, 7), lam(lam(step)), num(40));
        both_run_out(&path(real(), reals(square.clone()), rat(0, 1)), &refl(rat(0, 1)), limit);
        let inverse = op(Prim::RealInv, &[square]);
        both_run_out(&path(real(), reals(inverse), rat(0, 1)), &refl(rat(0, 1)), limit);
        // A literal as long as the reader allows, in many places: each place costs the check of its fraction.
        let den = format!("1{}", "0".repeat(19_000));
        let q = Rational { num: 1.into(), den: den.parse().unwrap() };
        let x = t(Node::RealLit(q));
        let sum = (0..200).fold(x.clone(), |s, _| op(Prim::RealAdd, &[s, x.clone()]));
        both_run_out(&real(), &sum, limit);
    });
}

#[test]
fn shared_terms_are_read_once_where_they_are_not_judged() {
    big(|| {
        // 2^200 places under a false face, in evidence, in a statement, and in a field: what is not checked is not gone through either.
        let huge = (0..200).fold(num(0), |x, _| pair(x.clone(), x));
        let hidden = |x: Term| hcom(I0, I1, nat(), vec![Face { cof: vec![(I0, I1)], body: x }], num(0));
        both_accept(&nat(), &hidden(huge.clone()), 10_000);
        let statement = path(nat(), hidden(huge.clone()), hidden(num(1)));
        both_accept(&statement, &refl(hidden(num(2))), 10_000);
        // Judged, it runs out of steps.
        let types = (0..200).fold(nat(), |x, _| sigma(x.clone(), x));
        both_run_out(&u(0), &types, 100_000);
        let mut first = Signature::new();
        let refused = first.add(data(vec![], 0, vec![vec![types]]), Limits { steps: 100_000, ..Limits::default() });
        assert_eq!(refused.unwrap_err().reason, "budget");
    });
}

#[test]
fn deep_and_long_terms_end_within_their_steps() {
    big(|| {
        // Deep contexts do not cost their square in memory: 5,000 variables, then 5,000 dimensions.
        let deep = 5_000;
        let (ty, fun) = (0..deep).fold((nat(), num(0)), |(ty, f), _| (pi(nat(), ty), lam(f)));
        both_accept(&ty, &fun, 1_000_000);
        let (ty, fun) = (0..deep).fold((nat(), num(0)), |(ty, f), _| (line(ty), dlam(f)));
        both_accept(&ty, &fun, 1_000_000);
        // A variable applied to 8,000 arguments, one after another.
        let ty = (0..8_000).fold(nat(), |ty, _| pi(nat(), ty));
        let long = lam((0..8_000).fold(v(0), |f, _| app(f, num(0))));
        both_accept(&pi(ty.clone(), nat()), &long, 20_000_000);
        let deeper = (0..90_000).fold(num(0), |f, _| suc(f));
        both_run_out(&nat(), &deeper, 1_000_000);
        std::mem::forget(deeper);
        // Every pair of 2,000 sides that never meet, and one side with 100,000 equations.
        let side = |n: u32| Face { cof: vec![(d(0), I0), (d(1), if n == 0 { I0 } else { I1 })], body: num(0) };
        let sides = dlam(dlam(hcom(I0, I1, nat(), (0..2_000).map(|n| side(n % 2)).collect(), num(0))));
        both_run_out(&line(line(nat())), &sides, 1_000_000);
        let equations = Face { cof: vec![(d(0), I0); 100_000], body: lapp(v(0), I0) };
        let wide = |n: u64| {
            let step = lam(lam(dlam(hcom(I0, I1, nat(), vec![equations.clone()], lapp(v(0), d(0))))));
            nat_elim(line(nat()), dlam(num(0)), step, num(n))
        };
        both_run_out(&path(line(nat()), wide(100), dlam(num(1))), &refl(dlam(num(1))), 1_000_000);
    });
}

#[test]
fn variables_under_many_faces_are_counted() {
    big(|| {
        // 1,000 sides one inside the other, each where the dimension of the one outside is 1; inside a sum of 1,000 times x.
        let sum = (0..1_000).fold(v(0), |s, _| op(Prim::NatAdd, &[s, v(0)]));
        let inner = let_(nat(), sum, v(1));
        let side = |body: Term| hcom(I0, d(0), nat(), vec![face(d(0), I1, body)], v(0));
        let nested = (0..1_000).fold(inner, |body, _| side(body));
        let evidence = lam(dlam(nested));
        // The kernel substitutes into the whole context once for each face, the second checker at each look.
        let (first, second) = judged(&pi(nat(), line(nat())), &evidence, 20_000_000);
        assert_eq!((first, second), (Ok(()), Err("budget".to_owned())));
        let fewer = (0..50).fold(v(0), |body, _| side(body));
        both_accept(&pi(nat(), line(nat())), &lam(dlam(fewer)), 1_000_000);
    });
}

#[test]
fn long_chains_of_delayed_values_are_dropped() {
    big(|| {
        // Three hundred thousand sums, each waiting for the one before: too deep to look at, and freed without harm.
        let add = lam(lam(lam(app(v(1), suc(op(Prim::NatMul, &[v(0), num(1)]))))));
        let count = app(nat_elim(pi(nat(), nat()), lam(v(0)), add, num(300_000)), num(0));
        let (first, second) = judged(&path(nat(), count, num(0)), &refl(num(0)), 20_000_000);
        assert_eq!(first, Err("budget".to_owned()));
        // The second checker sees the first successor without looking further, and drops the chain.
        assert_eq!(second, Err("wrong path endpoint".to_owned()));
    });
}
