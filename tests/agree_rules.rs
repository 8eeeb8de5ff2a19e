//! Both checkers on random certificates and on arithmetic at the borders: the same answer, for the same reason.
//!
//! The judgements are drawn from fixed seeds. A disagreement names its seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
#[path = "../crates/kernel/tests/common/mod.rs"]
mod common;
use agreement::{Count, Dice, compare};
use bfv_format::{Combination, Hypothesis, Node, Op, Prim, Rational, Relation, Rule, Sort, Step, Term};
use bfv_kernel::Signature;
use common::*;

/// Random arithmetic trees over atoms that are variables, three of each sort.
struct Gen {
    dice: Dice,
}

impl Gen {
    fn tree(&mut self, s: Sort, fuel: u32) -> Vec<Op> {
        let n = if fuel == 0 { self.dice.roll(2) } else { self.dice.roll(8) };
        let two = |g: &mut Gen, op: Op| [g.tree(s, fuel - 1), g.tree(s, fuel - 1), vec![op]].concat();
        match n {
            0 => vec![Op::Atom(s, 3 * s as u32 + self.dice.roll(3))],
            2 | 3 => two(self, Op::Add),
            4 => two(self, Op::Mul),
            5 if s != Sort::Nat => two(self, Op::Sub),
            6 if s == Sort::Int => [self.tree(Sort::Nat, fuel - 1), vec![Op::NatToInt]].concat(),
            6 if s == Sort::Real => [self.tree(Sort::Nat, fuel - 1), vec![Op::NatToReal]].concat(),
            7 if s == Sort::Real => [self.tree(Sort::Int, fuel - 1), vec![Op::IntToReal]].concat(),
            _ => {
                let n = i64::from(self.dice.roll(4)) - if s == Sort::Nat { 0 } else { 1 };
                vec![Op::Lit(s, Rational { num: n.into(), den: 1u8.into() })]
            }
        }
    }

    fn sort(&mut self) -> Sort {
        [Sort::Nat, Sort::Int, Sort::Real][usize::try_from(self.dice.roll(3)).unwrap()]
    }

    /// A tree that denotes the same, or nearly.
    fn rewritten(&mut self, s: Sort, tree: &[Op]) -> Vec<Op> {
        let zero = Op::Lit(s, Rational { num: 0.into(), den: 1u8.into() });
        let one = Op::Lit(s, Rational { num: 1.into(), den: 1u8.into() });
        match self.dice.roll(6) {
            0 => [tree, &[zero, Op::Add]].concat(),
            1 => [&[zero][..], tree, &[Op::Add]].concat(),
            2 => [&[one][..], tree, &[Op::Mul]].concat(),
            3 => [tree, tree, &[Op::Add]].concat(),
            4 if s != Sort::Nat => {
                let extra = self.tree(s, 1);
                [tree, &extra, &[Op::Add], &extra, &[Op::Sub]].concat()
            }
            _ => {
                let mut out = tree.to_vec();
                let at = usize::try_from(self.dice.roll(u32::try_from(out.len()).unwrap())).unwrap();
                out[at] = match &out[at] {
                    Op::Add => Op::Mul,
                    Op::Sub => Op::Add,
                    Op::Atom(s, n) => Op::Atom(*s, n ^ 1),
                    other => other.clone(),
                };
                out
            }
        }
    }
}

/// The term of a tree whose n-th atom is the variable with index `8 - n + extra`; `None` for a tree that denotes nothing.
fn denoted(tree: &[Op], extra: u32) -> Option<(Sort, Term)> {
    agreement::denoted(tree, &|n| Some(v((8 + extra).checked_sub(n)?)))
}

fn carrier(s: Sort) -> Term {
    prim([Prim::Nat, Prim::Int, Prim::Real][s as usize])
}

/// Three variables of each sort, bound outside.
fn over_atoms(x: Term, f: fn(Term, Sort) -> Term) -> Term {
    let sorts = [Sort::Real, Sort::Int, Sort::Nat];
    sorts.iter().fold(x, |x, s| (0..3).fold(x, |x, _| f(x, *s)))
}

fn atoms(extra: u32) -> Vec<(Sort, Term)> {
    let sort = |n: u32| [Sort::Nat, Sort::Int, Sort::Real][usize::try_from(n / 3).unwrap()];
    (0..9).map(|n| (sort(n), v(8 + extra - n))).collect()
}

#[test]
fn both_give_one_answer_to_random_ring_equations() {
    big(|| {
        let (s, mut count) = (Signature::new(), Count::default());
        for seed in 0..2_000 {
            let mut g = Gen { dice: Dice(seed * 104_729 + 3) };
            let sort = g.sort();
            let left = g.tree(sort, 3);
            let right = g.rewritten(sort, &left);
            let (Some((_, a)), Some((_, b))) = (denoted(&left, 0), denoted(&right, 0)) else { continue };
            let statement = over_atoms(path(carrier(sort), a, b), |x, s| pi(carrier(s), x));
            let rule = Rule::Ring { sort, atoms: atoms(0), left, right };
            let evidence = over_atoms(t(Node::Rule(Box::new(rule))), |x, _| lam(x));
            compare(seed, &s, statement, evidence, &mut count);
        }
        println!("{count:?}");
        assert!(count.accepted > 300 && count.refused > 300 && count.unknown < 100, "{count:?}");
    });
}

#[test]
fn both_give_one_answer_to_random_certificates() {
    big(|| {
        let (s, mut count) = (Signature::new(), Count::default());
        for seed in 0..3_000 {
            let mut g = Gen { dice: Dice(seed * 15_485_863 + 5) };
            let sort = g.sort();
            // Pairs that contradict each other, and hypotheses of their own.
            let mut given: Vec<(Relation, Vec<Op>, Vec<Op>)> = Vec::new();
            for _ in 0..1 + g.dice.roll(2) {
                let (a, b) = (g.tree(sort, 1), g.tree(sort, 1));
                let relation = |n| [Relation::Lt, Relation::Le, Relation::Eq][usize::try_from(n).unwrap()];
                given.push((relation(g.dice.roll(3)), a.clone(), b.clone()));
                if g.dice.roll(3) > 0 {
                    given.push((relation(g.dice.roll(3)), b, a));
                }
            }
            let n = u32::try_from(given.len()).unwrap();
            // The proofs are variables: the hypotheses are bound inside of the atoms, the first one outermost.
            let (mut statement, mut hypotheses) = (empty(), vec![]);
            for (k, (relation, left, right)) in (0..n).zip(&given).rev() {
                let (Some((_, a)), Some((_, b))) = (denoted(left, k), denoted(right, k)) else { continue };
                let ltb = [Prim::NatLtb, Prim::IntLtb, Prim::RealLtb][sort as usize];
                let less = |a: Term, b: Term| path(boolean(), op(ltb, &[a, b]), prim(Prim::True));
                let ty = match relation {
                    Relation::Lt => less(a, b),
                    Relation::Le => pi(less(b, a), empty()),
                    Relation::Eq => path(carrier(sort), a, b),
                };
                statement = pi(ty, statement);
                let (left, right) = (left.clone(), right.clone());
                hypotheses.insert(0, Hypothesis { relation: *relation, left, right, proof: v(n - 1 - k) });
            }
            let number = |g: &mut Gen| i64::from(g.dice.roll(4)) - i64::from(g.dice.roll(8) == 0);
            let rule = if sort == Sort::Real {
                let q = |n: i64| Rational { num: n.into(), den: 1u8.into() };
                let products = (0..1 + g.dice.roll(3))
                    .map(|_| bfv_format::Product {
                        coefficient: q(number(&mut g)),
                        hypotheses: (0..g.dice.roll(3)).map(|_| g.dice.roll(n)).collect(),
                        squares: if g.dice.roll(4) == 0 { vec![g.tree(sort, 1)] } else { vec![] },
                    })
                    .collect();
                let equalities = (0..g.dice.roll(2)).map(|_| (g.dice.roll(n), g.tree(sort, 1))).collect();
                Rule::Psatz { atoms: atoms(n), hypotheses, products, equalities }
            } else {
                let mut steps = Vec::new();
                for k in 0..1 + g.dice.roll(3) {
                    let fact = g.dice.roll(n + k);
                    steps.push(match g.dice.roll(6) {
                        0 => Step::NatAtom(g.dice.roll(9)),
                        1 => Step::Cut(fact, (1 + g.dice.roll(2)).into()),
                        _ => {
                            let terms = (0..n + k).map(|f| (f, number(&mut g).into())).collect();
                            Step::Combine(Combination { terms })
                        }
                    });
                }
                Rule::Lia { sort, atoms: atoms(n), hypotheses, steps }
            };
            let evidence = (0..n).fold(t(Node::Rule(Box::new(rule))), |x, _| lam(x));
            let statement = over_atoms(statement, |x, s| pi(carrier(s), x));
            compare(seed, &s, statement, over_atoms(evidence, |x, _| lam(x)), &mut count);
        }
        println!("{count:?}");
        assert!(count.accepted > 100 && count.refused > 300 && count.unknown < 100, "{count:?}");
    });
}

#[test]
fn arithmetic_agrees_with_the_unary_equations_under_both() {
    big(|| {
        let (s, mut count) = (Signature::new(), Count::default());
        let (mut seed, edge) = (0, u64::MAX);
        for a in [0, 1, 2, edge - 1, edge] {
            for b in [0, 1, 3, edge - 1, edge] {
                let (a, b) = (suc(num(a)), num(b));
                let two = |p, x: &Term, y: &Term| op(p, &[x.clone(), y.clone()]);
                let pairs = [
                    (nat(), two(Prim::NatAdd, &a, &suc(b.clone())), suc(two(Prim::NatAdd, &a, &b))),
                    (nat(), two(Prim::NatMul, &a, &suc(b.clone())), two(Prim::NatAdd, &two(Prim::NatMul, &a, &b), &a)),
                    (nat(), two(Prim::NatSub, &suc(a.clone()), &suc(b.clone())), two(Prim::NatSub, &a, &b)),
                    (boolean(), two(Prim::NatLtb, &suc(a.clone()), &suc(b.clone())), two(Prim::NatLtb, &a, &b)),
                    (nat(), two(Prim::NatSub, &num(0), &suc(b.clone())), num(0)),
                    (boolean(), two(Prim::NatLtb, &num(0), &suc(b.clone())), prim(Prim::True)),
                    (boolean(), two(Prim::NatLtb, &a, &num(0)), prim(Prim::False)),
                    (nat(), two(Prim::NatMul, &a, &num(0)), num(0)),
                    (nat(), two(Prim::NatAdd, &a, &num(0)), a.clone()),
                ];
                for (ty, x, y) in pairs {
                    // As it stands, and one off.
                    compare(seed, &s, path(ty.clone(), x.clone(), y.clone()), refl(y.clone()), &mut count);
                    if ty == nat() {
                        compare(seed, &s, path(ty, x, suc(y.clone())), refl(y), &mut count);
                    }
                    seed += 1;
                }
            }
        }
        assert_eq!((count.accepted, count.refused, count.unknown), (25 * 9, 25 * 6, 0));
    });
}
