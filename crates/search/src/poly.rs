//! Polynomials of arithmetic trees, for the search. The kernel has its own and trusts none of these.

use bfv_format::{Arith, Op, Rational, Sort};
use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::collections::BTreeMap;

/// Atoms of a monomial in order, repeated by exponent.
pub type Monomial = Vec<u32>;

/// Nonzero coefficients by monomial.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Poly(pub BTreeMap<Monomial, BigRational>);

/// A literal as a number.
#[must_use]
pub fn number(q: &Rational) -> BigRational {
    BigRational::new_raw(q.num.clone(), BigInt::from_biguint(Sign::Plus, q.den.clone()))
}

impl Poly {
    /// A constant.
    #[must_use]
    pub fn constant(q: BigRational) -> Poly {
        let mut p = Poly::default();
        p.add_term(Vec::new(), q);
        p
    }

    /// An atom.
    #[must_use]
    pub fn atom(n: u32) -> Poly {
        let mut p = Poly::default();
        p.add_term(vec![n], BigRational::one());
        p
    }

    /// Adds a multiple of a monomial.
    pub fn add_term(&mut self, m: Monomial, q: BigRational) {
        if q.is_zero() {
            return;
        }
        let entry = self.0.entry(m.clone()).or_insert_with(BigRational::zero);
        *entry += q;
        if entry.is_zero() {
            self.0.remove(&m);
        }
    }

    /// Adds a multiple of a polynomial.
    pub fn add_scaled(&mut self, other: &Poly, q: &BigRational) {
        for (m, c) in &other.0 {
            self.add_term(m.clone(), c * q);
        }
    }

    /// The difference.
    #[must_use]
    pub fn minus(&self, other: &Poly) -> Poly {
        let mut out = self.clone();
        out.add_scaled(other, &-BigRational::one());
        out
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Poly) -> Poly {
        let mut out = Poly::default();
        for (m, a) in &self.0 {
            for (n, b) in &other.0 {
                let mut k: Monomial = m.iter().chain(n).copied().collect();
                k.sort_unstable();
                out.add_term(k, a * b);
            }
        }
        out
    }

    /// The largest degree.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.0.keys().map(Vec::len).max().unwrap_or(0)
    }
}

/// The polynomial of a tree; none where the tree is no tree.
#[must_use]
pub fn polynomial(tree: &Arith) -> Option<Poly> {
    let mut stack: Vec<Poly> = Vec::new();
    for op in tree {
        let next = match op {
            Op::Atom(_, n) => Poly::atom(*n),
            Op::Lit(_, q) => Poly::constant(number(q)),
            Op::Add | Op::Sub | Op::Mul => {
                let (b, a) = (stack.pop()?, stack.pop()?);
                match op {
                    Op::Add => {
                        let mut out = a;
                        out.add_scaled(&b, &BigRational::one());
                        out
                    }
                    Op::Sub => a.minus(&b),
                    _ => a.times(&b),
                }
            }
            Op::NatToInt | Op::NatToReal | Op::IntToReal => stack.pop()?,
        };
        stack.push(next);
    }
    stack.pop()
}

/// A monomial as a tree over Real; every atom is given by its tree.
#[must_use]
pub fn monomial_tree(m: &[u32], atoms: &[Arith]) -> Option<Arith> {
    let mut out: Arith = Vec::new();
    for a in m {
        let first = out.is_empty();
        out.extend(atoms.get(usize::try_from(*a).ok()?)?.iter().cloned());
        if !first {
            out.push(Op::Mul);
        }
    }
    if out.is_empty() {
        out.push(Op::Lit(Sort::Real, Rational { num: 1.into(), den: 1u8.into() }));
    }
    Some(out)
}
