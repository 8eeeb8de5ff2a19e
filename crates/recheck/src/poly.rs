//! Polynomials as sorted lists of monomials; a monomial is the sorted list of its atoms, repeated by exponent.

use crate::{Res, refuse};
use num_rational::BigRational;
use num_traits::{One, Zero};

/// More monomials than this are refused.
const LIMIT: usize = 20_000;

/// Strictly increasing monomials with nonzero coefficients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Poly(Vec<(Vec<u32>, BigRational)>);

impl Poly {
    fn normal(mut terms: Vec<(Vec<u32>, BigRational)>) -> Res<Poly> {
        if terms.len() > 50 * LIMIT {
            return refuse("budget", "a polynomial has too many monomials");
        }
        terms.sort_by(|a, b| a.0.cmp(&b.0));
        let mut out: Vec<(Vec<u32>, BigRational)> = Vec::new();
        for (m, c) in terms {
            match out.last_mut() {
                Some((n, d)) if *n == m => *d += c,
                _ => out.push((m, c)),
            }
        }
        out.retain(|(_, c)| !c.is_zero());
        if out.len() > LIMIT { refuse("budget", "a polynomial has too many monomials") } else { Ok(Poly(out)) }
    }

    pub(crate) fn zero() -> Poly {
        Poly(Vec::new())
    }

    pub(crate) fn constant(q: BigRational) -> Poly {
        Poly(if q.is_zero() { Vec::new() } else { vec![(Vec::new(), q)] })
    }

    pub(crate) fn atom(n: u32) -> Poly {
        Poly(vec![(vec![n], BigRational::one())])
    }

    /// `self + q * other`
    pub(crate) fn plus(&self, q: &BigRational, other: &Poly) -> Res<Poly> {
        let scaled = other.0.iter().map(|(m, c)| (m.clone(), c * q));
        Poly::normal(self.0.iter().cloned().chain(scaled).collect())
    }

    pub(crate) fn times(&self, other: &Poly) -> Res<Poly> {
        if self.0.len().saturating_mul(other.0.len()) > 50 * LIMIT {
            return refuse("budget", "a product has too many monomials");
        }
        let mut terms = Vec::new();
        for (m, a) in &self.0 {
            for (n, b) in &other.0 {
                let mut k: Vec<u32> = m.iter().chain(n).copied().collect();
                k.sort_unstable();
                terms.push((k, a * b));
            }
        }
        Poly::normal(terms)
    }

    /// The value of a constant polynomial.
    pub(crate) fn value(&self) -> Option<BigRational> {
        match self.0.as_slice() {
            [] => Some(BigRational::zero()),
            [(m, c)] if m.is_empty() => Some(c.clone()),
            _ => None,
        }
    }

    /// The polynomial divided by a positive number that must divide all but the constant, which is rounded down.
    pub(crate) fn cut(&self, d: &BigRational) -> Option<Poly> {
        let mut out = Vec::new();
        for (m, c) in &self.0 {
            let q = c / d;
            match (m.is_empty(), q.is_integer()) {
                (true, _) => out.push((m.clone(), q.floor())),
                (false, true) => out.push((m.clone(), q)),
                (false, false) => return None,
            }
        }
        out.retain(|(_, c)| !c.is_zero());
        Some(Poly(out))
    }
}
