//! Every side condition of the numeric half is dropped in turn, and the rule must say which one is missing.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::poly::{Work, polynomial};
use crate::Res;
use crate::refusal::{BUDGET, CUT, MULTIPLIER, NO_CONTRADICTION, POLYNOMIALS, RATIONAL, TREE};
use bfv_format::{Arith, Combination, Hypothesis, Node, Op, Prim, Product, Rational, Relation, Rule, Sort, Step, Term};
use num_bigint::BigInt;
use num_rational::BigRational;
use std::rc::Rc;
use {Relation::*, Sort::*};

fn check(rule: &Rule) -> Res<u64> {
    super::check(rule, None)
}

fn q(num: i64, den: u64) -> Rational {
    Rational { num: num.into(), den: den.into() }
}
fn lit(s: Sort, n: i64) -> Arith {
    vec![Op::Lit(s, q(n, 1))]
}
fn at(s: Sort, n: u32) -> Arith {
    vec![Op::Atom(s, n)]
}
fn bin(op: Op, a: Arith, b: Arith) -> Arith {
    [a, b, vec![op]].concat()
}
fn add(a: Arith, b: Arith) -> Arith {
    bin(Op::Add, a, b)
}
fn sub(a: Arith, b: Arith) -> Arith {
    bin(Op::Sub, a, b)
}
fn mul(a: Arith, b: Arith) -> Arith {
    bin(Op::Mul, a, b)
}
fn term() -> Term {
    Rc::new(Node::Prim(Prim::Star))
}
fn hyp(left: Arith, relation: Relation, right: Arith) -> Hypothesis {
    Hypothesis { relation, left, right, proof: term() }
}
fn atoms(sorts: &[Sort]) -> Vec<(Sort, Term)> {
    sorts.iter().map(|s| (*s, term())).collect()
}
fn ring(sort: Sort, sorts: &[Sort], left: Arith, right: Arith) -> Rule {
    Rule::Ring { sort, atoms: atoms(sorts), left, right }
}
fn product(coefficient: Rational, hypotheses: &[u32], squares: Vec<Arith>) -> Product {
    Product { coefficient, hypotheses: hypotheses.to_vec(), squares }
}
fn psatz(n: usize, hypotheses: Vec<Hypothesis>, products: Vec<Product>, equalities: Vec<(u32, Arith)>) -> Rule {
    Rule::Psatz { atoms: atoms(&vec![Real; n]), hypotheses, products, equalities }
}
fn lia(sort: Sort, sorts: &[Sort], hypotheses: Vec<Hypothesis>, steps: Vec<Step>) -> Rule {
    Rule::Lia { sort, atoms: atoms(sorts), hypotheses, steps }
}
fn combine(terms: &[(u32, i64)]) -> Step {
    Step::Combine(Combination { terms: terms.iter().map(|(n, k)| (*n, BigInt::from(*k))).collect() })
}
#[track_caller]
fn accepts(rule: &Rule) {
    if let Err(r) = check(rule) {
        panic!("refused: {}: {}", r.reason, r.detail);
    }
}
#[track_caller]
fn rejects(rule: &Rule, reason: &str) {
    match check(rule) {
        Ok(_) => panic!("accepted, expected: {reason}"),
        Err(r) => assert_eq!(r.reason, reason, "{}", r.detail),
    }
}

#[test]
fn ring_proves_the_binomial_square_at_every_sort() {
    for s in [Nat, Int, Real] {
        let sum = add(at(s, 0), at(s, 1));
        let right = add(add(mul(at(s, 0), at(s, 0)), mul(lit(s, 2), mul(at(s, 0), at(s, 1)))), mul(at(s, 1), at(s, 1)));
        accepts(&ring(s, &[s, s], mul(sum.clone(), sum.clone()), right.clone()));
        rejects(&ring(s, &[s, s], mul(sum, at(s, 0)), right), POLYNOMIALS);
    }
}

#[test]
fn ring_distinguishes_atoms_and_constants() {
    rejects(&ring(Real, &[Real, Real], at(Real, 0), at(Real, 1)), POLYNOMIALS);
    rejects(&ring(Real, &[Real], at(Real, 0), add(at(Real, 0), lit(Real, 1))), POLYNOMIALS);
    rejects(&ring(Real, &[Real], mul(at(Real, 0), at(Real, 0)), at(Real, 0)), POLYNOMIALS);
    accepts(&ring(Real, &[Real], sub(at(Real, 0), at(Real, 0)), lit(Real, 0)));
}

#[test]
fn embeddings_change_nothing_in_the_polynomial() {
    let inside = [add(at(Nat, 0), lit(Nat, 1)), vec![Op::NatToReal]].concat();
    let outside = add([at(Nat, 0), vec![Op::NatToReal]].concat(), lit(Real, 1));
    accepts(&ring(Real, &[Nat], inside, outside));
    let through = [at(Nat, 0), vec![Op::NatToInt, Op::IntToReal]].concat();
    accepts(&ring(Real, &[Nat], through, [at(Nat, 0), vec![Op::NatToReal]].concat()));
}

#[test]
fn trees_must_be_balanced_and_well_sorted() {
    let fine = lit(Real, 0);
    let bad: Vec<(&str, Arith)> = vec![
        ("empty", vec![]),
        ("one operand", vec![Op::Lit(Real, q(1, 1)), Op::Add]),
        ("something left over", [lit(Real, 1), lit(Real, 0)].concat()),
        ("sorts mixed", add(lit(Real, 0), lit(Int, 0))),
        ("atom out of range", at(Real, 7)),
        ("atom at another sort", at(Int, 0)),
        ("Nat taken for Int", [lit(Nat, 0), vec![Op::IntToReal]].concat()),
        ("Int taken for Nat", [lit(Int, 0), vec![Op::NatToReal]].concat()),
        ("nothing to embed", vec![Op::NatToReal]),
        ("the sort of the rule", lit(Int, 0)),
        ("fraction in Int", [vec![Op::Lit(Int, q(1, 2))], vec![Op::IntToReal]].concat()),
        ("negative in Nat", [vec![Op::Lit(Nat, q(-1, 1))], vec![Op::NatToReal]].concat()),
        ("difference in Nat", [sub(lit(Nat, 1), lit(Nat, 1)), vec![Op::NatToReal]].concat()),
    ];
    for (what, tree) in bad {
        for rule in [ring(Real, &[Real], tree.clone(), fine.clone()), ring(Real, &[Real], fine.clone(), tree)] {
            assert_eq!(check(&rule).unwrap_err().reason, TREE, "{what}");
        }
    }
}

#[test]
fn rationals_are_in_lowest_terms() {
    for bad in [q(2, 4), q(0, 2), q(1, 0), q(0, 0), q(-3, 3)] {
        let l = vec![Op::Lit(Real, bad.clone())];
        rejects(&ring(Real, &[], l.clone(), l), RATIONAL);
        let h = vec![hyp(lit(Real, 0), Lt, lit(Real, 0))];
        rejects(&psatz(0, h, vec![product(bad, &[0], vec![])], vec![]), RATIONAL);
    }
    accepts(&ring(Real, &[], vec![Op::Lit(Real, q(-1, 2))], sub(vec![Op::Lit(Real, q(1, 2))], lit(Real, 1))));
}

/// `x < y` and `y < x`.
fn cycle(first: Relation, second: Relation) -> Vec<Hypothesis> {
    vec![hyp(at(Real, 0), first, at(Real, 1)), hyp(at(Real, 1), second, at(Real, 0))]
}

#[test]
fn psatz_needs_a_strict_part_when_the_sum_is_zero() {
    let sum = || vec![product(q(1, 1), &[0], vec![]), product(q(1, 1), &[1], vec![])];
    accepts(&psatz(2, cycle(Lt, Lt), sum(), vec![]));
    accepts(&psatz(2, cycle(Le, Lt), sum(), vec![]));
    rejects(&psatz(2, cycle(Le, Le), sum(), vec![]), NO_CONTRADICTION);
    rejects(&psatz(2, cycle(Lt, Lt), vec![product(q(1, 1), &[0], vec![])], vec![]), NO_CONTRADICTION);
    rejects(&psatz(2, cycle(Lt, Lt), vec![], vec![]), NO_CONTRADICTION);
}

#[test]
fn psatz_accepts_no_positive_sum() {
    let h = vec![hyp(lit(Real, 0), Lt, lit(Real, 1))];
    rejects(&psatz(0, h.clone(), vec![product(q(1, 1), &[0], vec![])], vec![]), NO_CONTRADICTION);
    // The empty product is the fact 1 > 0, which contradicts nothing.
    rejects(&psatz(0, h, vec![product(q(1, 1), &[], vec![])], vec![]), NO_CONTRADICTION);
    // 0 < 0 is strict and zero; 0 <= 0 is not; 0 <= -1 is negative.
    accepts(&psatz(0, vec![hyp(lit(Real, 0), Lt, lit(Real, 0))], vec![product(q(1, 1), &[0], vec![])], vec![]));
    rejects(
        &psatz(0, vec![hyp(lit(Real, 0), Le, lit(Real, 0))], vec![product(q(1, 1), &[0], vec![])], vec![]),
        NO_CONTRADICTION,
    );
    accepts(&psatz(0, vec![hyp(lit(Real, 0), Le, lit(Real, -1))], vec![product(q(1, 2), &[0], vec![])], vec![]));
}

#[test]
fn psatz_strictness_is_lost_in_products_with_squares_and_with_weak_factors() {
    // 0 < x, 0 <= y, 0 = x * y: the product of the two is zero, and that is possible at y = 0.
    let h = |second| {
        vec![
            hyp(lit(Real, 0), Lt, at(Real, 0)),
            hyp(lit(Real, 0), second, at(Real, 1)),
            hyp(mul(at(Real, 0), at(Real, 1)), Eq, lit(Real, 0)),
        ]
    };
    let both = || vec![product(q(1, 1), &[0, 1], vec![])];
    let multiple = || vec![(2, lit(Real, 1))];
    accepts(&psatz(2, h(Lt), both(), multiple()));
    rejects(&psatz(2, h(Le), both(), multiple()), NO_CONTRADICTION);
    // 0 < x, x * y * y = 0: possible at y = 0, so the square takes the strictness away.
    let square = vec![
        hyp(lit(Real, 0), Lt, at(Real, 0)),
        hyp(mul(at(Real, 0), mul(at(Real, 1), at(Real, 1))), Eq, lit(Real, 0)),
    ];
    rejects(
        &psatz(2, square, vec![product(q(1, 1), &[0], vec![at(Real, 1)])], vec![(1, lit(Real, 1))]),
        NO_CONTRADICTION,
    );
}

#[test]
fn psatz_multipliers_have_the_right_sign() {
    for c in [q(-1, 1), q(0, 1)] {
        rejects(&psatz(2, cycle(Lt, Lt), vec![product(c, &[0], vec![])], vec![]), MULTIPLIER);
    }
    // An equality may not stand among nonnegative factors, nor an inequality under a free multiplier.
    rejects(&psatz(2, cycle(Eq, Lt), vec![product(q(1, 1), &[0], vec![])], vec![]), MULTIPLIER);
    rejects(&psatz(2, cycle(Le, Lt), vec![], vec![(0, lit(Real, -1))]), MULTIPLIER);
    // x = y and y < x, the equality with multiplier 1 (and not -1).
    let strict = || vec![product(q(1, 1), &[1], vec![])];
    accepts(&psatz(2, cycle(Eq, Lt), strict(), vec![(0, lit(Real, 1))]));
    rejects(&psatz(2, cycle(Eq, Lt), strict(), vec![(0, lit(Real, -1))]), NO_CONTRADICTION);
}

#[test]
fn psatz_squares_are_squared() {
    // x * x < 0 is absurd by the square of x; x < 0 is not.
    let by_square = || vec![product(q(1, 1), &[0], vec![]), product(q(1, 1), &[], vec![at(Real, 0)])];
    accepts(&psatz(1, vec![hyp(mul(at(Real, 0), at(Real, 0)), Lt, lit(Real, 0))], by_square(), vec![]));
    rejects(&psatz(1, vec![hyp(at(Real, 0), Lt, lit(Real, 0))], by_square(), vec![]), NO_CONTRADICTION);
}

#[test]
fn psatz_names_only_what_is_there_and_only_at_real() {
    rejects(&psatz(2, cycle(Lt, Lt), vec![product(q(1, 1), &[2], vec![])], vec![]), TREE);
    rejects(&psatz(2, cycle(Lt, Lt), vec![], vec![(9, lit(Real, 1))]), TREE);
    rejects(&psatz(0, vec![hyp(lit(Int, 0), Lt, lit(Int, 0))], vec![product(q(1, 1), &[0], vec![])], vec![]), TREE);
    rejects(&psatz(2, cycle(Lt, Lt), vec![product(q(1, 1), &[0], vec![lit(Int, 1)])], vec![]), TREE);
    rejects(&psatz(2, cycle(Eq, Lt), vec![], vec![(0, lit(Int, 1))]), TREE);
}

#[test]
fn lia_strictness_is_one_whole_unit() {
    for s in [Nat, Int] {
        // x < y and y < x + 1.
        let h = |first| vec![hyp(at(s, 0), first, at(s, 1)), hyp(at(s, 1), Lt, add(at(s, 0), lit(s, 1)))];
        accepts(&lia(s, &[s, s], h(Lt), vec![combine(&[(0, 1), (1, 1)])]));
        rejects(&lia(s, &[s, s], h(Le), vec![combine(&[(0, 1), (1, 1)])]), NO_CONTRADICTION);
    }
    let real = vec![hyp(lit(Real, 0), Lt, lit(Real, 0))];
    rejects(&lia(Real, &[], real.clone(), vec![combine(&[(0, 1)])]), TREE);
    rejects(&lia(Int, &[], real, vec![combine(&[(0, 1)])]), TREE);
}

#[test]
fn lia_multipliers_have_the_right_sign() {
    // x <= 3 and 5 <= x.
    let h = |first| vec![hyp(at(Int, 0), first, lit(Int, 3)), hyp(lit(Int, 5), Le, at(Int, 0))];
    accepts(&lia(Int, &[Int], h(Le), vec![combine(&[(0, 1), (1, 1)])]));
    // 3 <= x with multiplier -1 would be x <= 3.
    let turned = vec![hyp(lit(Int, 3), Le, at(Int, 0)), hyp(lit(Int, 5), Le, at(Int, 0))];
    rejects(&lia(Int, &[Int], turned, vec![combine(&[(0, -1), (1, 1)])]), MULTIPLIER);
    // x = 3 may be taken either way.
    let equal = vec![hyp(lit(Int, 3), Eq, at(Int, 0)), hyp(lit(Int, 5), Le, at(Int, 0))];
    accepts(&lia(Int, &[Int], equal, vec![combine(&[(0, -1), (1, 1)])]));
}

#[test]
fn lia_equalities_stay_equalities_only_among_themselves() {
    // x = 1 and x = 2: the difference is 1 = 0.
    let two = vec![hyp(at(Int, 0), Eq, lit(Int, 1)), hyp(at(Int, 0), Eq, lit(Int, 2))];
    accepts(&lia(Int, &[Int], two, vec![combine(&[(0, -1), (1, 1)])]));
    // x = 1 and x <= 2: the difference is 1 >= 0, which is true.
    let weak = vec![hyp(at(Int, 0), Eq, lit(Int, 1)), hyp(at(Int, 0), Le, lit(Int, 2))];
    rejects(&lia(Int, &[Int], weak, vec![combine(&[(0, -1), (1, 1)])]), NO_CONTRADICTION);
    // A combination that holds an inequality is one from then on: it takes no negative multiplier.
    let mixed = vec![hyp(at(Int, 0), Eq, lit(Int, 1)), hyp(lit(Int, 0), Le, lit(Int, 0))];
    rejects(&lia(Int, &[Int], mixed, vec![combine(&[(0, 1), (1, 0)]), combine(&[(2, -1)])]), MULTIPLIER);
}

/// `2 x - 2 y` between two bounds that leave it only an odd value.
fn parity() -> Vec<Hypothesis> {
    let even = sub(mul(lit(Int, 2), at(Int, 0)), mul(lit(Int, 2), at(Int, 1)));
    vec![hyp(lit(Int, 1), Le, even.clone()), hyp(even, Le, lit(Int, 1))]
}

#[test]
fn lia_cuts_round_down_and_only_by_common_divisors() {
    let cut = |d: u32| Step::Cut(0, d.into());
    let sorts = [Int, Int];
    // 2x - 2y >= 1 gives x - y >= 1; with 2x - 2y <= 1 that is 2 <= 1.
    accepts(&lia(Int, &sorts, parity(), vec![cut(2), combine(&[(2, 2), (1, 1)])]));
    rejects(&lia(Int, &sorts, parity(), vec![combine(&[(0, 1), (1, 1)])]), NO_CONTRADICTION);
    rejects(&lia(Int, &sorts, parity(), vec![cut(1), combine(&[(2, 1), (1, 1)])]), NO_CONTRADICTION);
    for wrong in [0, 3, 4] {
        rejects(&lia(Int, &sorts, parity(), vec![cut(wrong), combine(&[(2, 2), (1, 1)])]), CUT);
    }
    // Rounding up would prove falsehood from 2 x <= 3 and 1 <= x.
    let possible = vec![hyp(mul(lit(Int, 2), at(Int, 0)), Le, lit(Int, 3)), hyp(lit(Int, 1), Le, at(Int, 0))];
    rejects(&lia(Int, &[Int], possible, vec![cut(2), combine(&[(2, 1), (1, 1)])]), NO_CONTRADICTION);
}

#[test]
fn lia_does_not_cut_equalities() {
    let h = vec![hyp(mul(lit(Int, 2), at(Int, 0)), Eq, lit(Int, 1))];
    rejects(&lia(Int, &[Int], h, vec![Step::Cut(0, 2u8.into())]), CUT);
}

#[test]
fn lia_natural_atoms_are_nonnegative_and_others_are_not() {
    let below = |s| vec![hyp(at(s, 0), Lt, lit(s, 0))];
    accepts(&lia(Nat, &[Nat], below(Nat), vec![Step::NatAtom(0), combine(&[(0, 1), (1, 1)])]));
    rejects(&lia(Int, &[Int], below(Int), vec![Step::NatAtom(0), combine(&[(0, 1), (1, 1)])]), TREE);
    rejects(&lia(Nat, &[Nat], below(Nat), vec![Step::NatAtom(1)]), TREE);
    // An embedded natural number is nonnegative at Int as well.
    let embedded = vec![hyp([at(Nat, 0), vec![Op::NatToInt]].concat(), Lt, lit(Int, 0))];
    accepts(&lia(Int, &[Nat], embedded, vec![Step::NatAtom(0), combine(&[(0, 1), (1, 1)])]));
}

#[test]
fn lia_products_of_atoms_are_unknowns_of_their_own() {
    let square = mul(at(Int, 0), at(Int, 0));
    let h = vec![hyp(square.clone(), Le, lit(Int, 1)), hyp(lit(Int, 2), Le, square)];
    accepts(&lia(Int, &[Int], h, vec![combine(&[(0, 1), (1, 1)])]));
    // x * x says nothing of x.
    let h = vec![hyp(mul(at(Int, 0), at(Int, 0)), Le, lit(Int, 1)), hyp(lit(Int, 2), Le, at(Int, 0))];
    rejects(&lia(Int, &[Int], h, vec![combine(&[(0, 1), (1, 1)])]), NO_CONTRADICTION);
}

#[test]
fn lia_uses_only_earlier_facts_and_needs_one() {
    rejects(&lia(Int, &[], vec![], vec![]), NO_CONTRADICTION);
    rejects(&lia(Int, &[], vec![], vec![combine(&[])]), NO_CONTRADICTION);
    rejects(&lia(Int, &[Int], parity_one(), vec![combine(&[(1, 1)])]), TREE);
    rejects(&lia(Int, &[Int], parity_one(), vec![Step::Cut(1, 1u8.into())]), TREE);
    // Only the last fact counts: a contradiction that is left behind proves nothing.
    let h = vec![hyp(lit(Int, 1), Lt, lit(Int, 0)), hyp(lit(Int, 0), Le, lit(Int, 1))];
    rejects(&lia(Int, &[], h, vec![]), NO_CONTRADICTION);
}

fn parity_one() -> Vec<Hypothesis> {
    vec![hyp(at(Int, 0), Le, lit(Int, 3))]
}

#[test]
fn work_is_bounded_however_it_is_spent() {
    let power = |base: Arith, n: usize| {
        let mut tree = base.clone();
        for _ in 1..n {
            tree.extend(base.iter().cloned());
            tree.push(Op::Mul);
        }
        tree
    };
    // Degree.
    let high = power(at(Real, 0), 1_001);
    rejects(&ring(Real, &[Real], high.clone(), high), BUDGET);
    // Many monomials: (x0 + ... + x39)^6.
    let sum = (1..40).fold(at(Real, 0), |t, n| add(t, at(Real, n)));
    let many = power(sum, 6);
    rejects(&ring(Real, &[Real; 40], many.clone(), many), BUDGET);
    // Few monomials, but many operations on large coefficients: (1 + 3 x)^1000 four times over.
    let dense = power(add(lit(Real, 1), mul(lit(Real, 3), at(Real, 0))), 1_000);
    rejects(&ring(Real, &[Real], dense.clone(), dense), BUDGET);
    // No atoms at all: a long product of literals.
    let long = power(lit(Real, 1_000_000_007), 2_000);
    rejects(&ring(Real, &[], long.clone(), long), BUDGET);
    // What people write stays far below: (x + y + 1)^12.
    let usual = power(add(add(at(Real, 0), at(Real, 1)), lit(Real, 1)), 12);
    assert!(check(&ring(Real, &[Real, Real], usual.clone(), usual)).unwrap() < 50_000);
}

#[test]
fn polynomials_agree_with_evaluation_at_points() {
    // A fixed generator of small random trees over two atoms, evaluated at points by another road.
    let mut seed: u64 = 7;
    let mut next = |n: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % n
    };
    for _ in 0..300 {
        let (mut tree, mut height): (Arith, u32) = (Vec::new(), 0);
        while height != 1 || tree.len() < 9 {
            if height >= 2 && (tree.len() > 12 || next(2) == 0) {
                tree.push([Op::Add, Op::Sub, Op::Mul].get(usize::try_from(next(3)).unwrap()).unwrap().clone());
                height -= 1;
            } else {
                tree.extend(match next(3) {
                    0 => lit(Real, i64::try_from(next(7)).unwrap() - 3),
                    1 => at(Real, 0),
                    _ => at(Real, 1),
                });
                height += 1;
            }
        }
        let (_, p) = polynomial(&mut Work::new(1_000_000, None), &atoms(&[Real, Real]), &tree).unwrap();
        for point in [[2, -3], [0, 5], [-1, 1]] {
            let whole = |n: i64| BigRational::from_integer(n.into());
            let mut stack: Vec<BigRational> = Vec::new();
            for op in &tree {
                let value = match op {
                    Op::Atom(_, n) => whole(*point.get(usize::try_from(*n).unwrap()).unwrap()),
                    Op::Lit(_, r) => BigRational::from_integer(r.num.clone()),
                    _ => {
                        let (b, a) = (stack.pop().unwrap(), stack.pop().unwrap());
                        match op {
                            Op::Add => a + b,
                            Op::Sub => a - b,
                            _ => a * b,
                        }
                    }
                };
                stack.push(value);
            }
            let mut total = whole(0);
            for (m, c) in &p.0 {
                let mut value = c.clone();
                for (n, e) in m {
                    for _ in 0..*e {
                        value *= whole(*point.get(usize::try_from(*n).unwrap()).unwrap());
                    }
                }
                total += value;
            }
            assert_eq!(vec![total], stack);
        }
    }
}
