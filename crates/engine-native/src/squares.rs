//! Which squares a sum of squares may need: read off the polynomials, and found from why the others do not suffice.

use crate::certificate::Functional;
use bfv_search::poly::{Monomial, Poly};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::collections::BTreeSet;

/// Largest number of monomials that are combined into squares.
const BASIS: usize = 15;

/// Monomials that squares are made of: up to half the degree of the facts, as far as their number allows.
pub fn basis(atoms: usize, facts: &[Poly]) -> Vec<Monomial> {
    let degree = facts.iter().map(Poly::degree).max().unwrap_or(0);
    let mut out: Vec<Monomial> = vec![Vec::new()];
    let names: Vec<u32> = (0u32..).take(atoms).collect();
    out.extend(names.iter().map(|n| vec![*n]));
    if degree > 2 {
        out.extend(names.iter().flat_map(|a| names.iter().filter(move |b| a <= *b).map(move |b| vec![*a, *b])));
    }
    if out.len() > BASIS { Vec::new() } else { out }
}

/// Squares `(u - r v)^2` and `(u + r v)^2` for monomials u and v whose squares and product a fact holds, r the root of the
/// quotient of the squares' coefficients where it is rational. Products of two atoms are tried with r = 1 as well.
pub fn fitting(facts: &[Poly]) -> Vec<Poly> {
    let mut out = BTreeSet::new();
    for p in facts {
        for m in p.0.keys().filter(|m| (1..=4).contains(&m.len())) {
            for (u, v) in splits(m) {
                let coefficient = |w: &Monomial| p.0.get(&double(w)).cloned().unwrap_or_else(BigRational::zero);
                let (a, c) = (coefficient(&u), coefficient(&v));
                let mut roots = vec![BigRational::one()];
                if !a.is_zero() {
                    roots.extend(root(&(c / a)));
                }
                for r in roots {
                    for r in [r.clone(), -r] {
                        let mut q = Poly::default();
                        q.add_term(u.clone(), BigRational::one());
                        q.add_term(v.clone(), r);
                        out.insert(q);
                    }
                }
            }
        }
    }
    out.into_iter().collect()
}

/// Ways to write a monomial as a product of two different ones of degree at most two.
fn splits(m: &Monomial) -> Vec<(Monomial, Monomial)> {
    let mut out = BTreeSet::new();
    for bits in 0u32..(1 << m.len()) {
        let part = |bit: u32| -> Monomial {
            (0u32..).zip(m).filter(|(n, _)| (bits >> n) & 1 == bit).map(|(_, a)| *a).collect()
        };
        let (u, v) = (part(0), part(1));
        if u > v && u.len() <= 2 && v.len() <= 2 {
            out.insert((u, v));
        }
    }
    out.into_iter().collect()
}

fn double(m: &Monomial) -> Monomial {
    let mut out: Monomial = m.iter().chain(m).copied().collect();
    out.sort_unstable();
    out
}

/// The square root of a positive rational, when it is rational.
fn root(q: &BigRational) -> Option<BigRational> {
    if !q.is_positive() {
        return None;
    }
    let (n, d) = (q.numer().sqrt(), q.denom().sqrt());
    (&n * &n == *q.numer() && &d * &d == *q.denom()).then(|| BigRational::new(n, d))
}

/// Polynomials over the basis whose squares the functional makes positive, although no certificate may: adding them forbids it.
pub fn missing(functional: &Functional, basis: &[Monomial]) -> Vec<Poly> {
    let value = |q: &Poly| -> BigRational {
        q.times(q)
            .0
            .iter()
            .fold(BigRational::zero(), |sum, (m, c)| sum + functional.get(m).map_or_else(BigRational::zero, |v| v * c))
    };
    let mut out = Vec::new();
    for v in directions(functional, basis) {
        // Simple numbers first: exact certificates at the boundary need exactly the right square.
        for limit in [1u32, 2, 4, 12, 60] {
            let mut q = Poly::default();
            for (m, c) in basis.iter().zip(&v) {
                q.add_term(m.clone(), simple(c, limit));
            }
            if value(&q).is_positive() && !out.contains(&q) {
                out.push(q);
                break;
            }
        }
    }
    out
}

/// Vectors v with `v^T M v > 0`, M the values of products of the basis: by symmetric elimination of `-M` until a pivot is negative,
/// or is zero in a row that is not.
fn directions(functional: &Functional, basis: &[Monomial]) -> Vec<Vec<BigRational>> {
    let n = basis.len();
    let zero = BigRational::zero;
    let mut matrix: Vec<Vec<BigRational>> = basis
        .iter()
        .map(|a| {
            basis
                .iter()
                .map(|b| {
                    let mut m: Monomial = a.iter().chain(b).copied().collect();
                    m.sort_unstable();
                    functional.get(&m).map_or_else(zero, |v| -v.clone())
                })
                .collect()
        })
        .collect();
    // Row k of `change` is the vector that the k-th row of the eliminated matrix stands for.
    let unit = |k: usize| (0..n).map(|j| if j == k { BigRational::one() } else { zero() }).collect::<Vec<_>>();
    let mut change: Vec<Vec<BigRational>> = (0..n).map(unit).collect();
    let mut out = Vec::new();
    let at = |m: &[Vec<BigRational>], i: usize, j: usize| m.get(i).and_then(|r| r.get(j)).cloned().unwrap_or_else(zero);
    for k in 0..n {
        let pivot = at(&matrix, k, k);
        if pivot.is_negative() {
            out.extend(change.get(k).cloned());
            continue;
        }
        for i in k + 1..n {
            let entry = at(&matrix, i, k);
            if entry.is_zero() {
                continue;
            }
            if pivot.is_zero() {
                // With a zero pivot a large multiple of it makes the form negative.
                let factor = -(at(&matrix, i, i) + BigRational::one()) / (&entry + &entry);
                if let (Some(a), Some(b)) = (change.get(i), change.get(k)) {
                    out.push(a.iter().zip(b).map(|(x, y)| x + &factor * y).collect());
                }
                continue;
            }
            let factor = &entry / &pivot;
            let (row, base) = (matrix.get(k).cloned().unwrap_or_default(), change.get(k).cloned().unwrap_or_default());
            let subtract = |target: Option<&mut Vec<BigRational>>, source: &[BigRational]| {
                for (x, y) in target.into_iter().flatten().zip(source) {
                    *x -= &factor * y;
                }
            };
            subtract(matrix.get_mut(i), &row);
            subtract(change.get_mut(i), &base);
        }
    }
    out
}

/// The nearest number with a denominator up to the limit.
fn simple(q: &BigRational, limit: u32) -> BigRational {
    let limit = BigInt::from(limit);
    let half = BigRational::new(1.into(), 2.into());
    let (mut best, mut distance) = (q.round(), (q - q.round()).abs());
    let mut d = BigInt::from(2);
    while d <= limit && !distance.is_zero() {
        let scaled = q * BigRational::from_integer(d.clone()) + &half;
        let near = scaled.floor() / BigRational::from_integer(d.clone());
        if (q - &near).abs() < distance {
            distance = (q - &near).abs();
            best = near;
        }
        d += 1;
    }
    best
}
