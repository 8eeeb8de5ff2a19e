//! Polynomials, and the work of computing with them (KERNEL.md section 8).
//!
//! A monomial is its atoms in order, each followed by its exponent, in one list; lists are in the order of the page.

use crate::{Res, refuse};
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::collections::BTreeMap;

/// More monomials than this are refused.
const MONOMIALS: usize = 20_000;
/// Monomials of a larger degree are refused.
const DEGREE: u64 = 1_000;
/// The work that one rule may do.
const WORK: u64 = 5_000_000;

/// The work of one rule so far.
pub(crate) struct Work(pub(crate) u64);

impl Work {
    pub(crate) fn units(&mut self, n: u64) -> Res<()> {
        self.0 = self.0.saturating_add(n);
        if self.0 > WORK { refuse("budget", "a rule needs too much work") } else { Ok(()) }
    }

    /// An operation on numbers that have so many bits together: `1 + b/64 + b*b/4096`.
    pub(crate) fn numbers(&mut self, a: &BigRational, b: Option<&BigRational>) -> Res<()> {
        let size = |q: &BigRational| q.numer().bits().saturating_add(q.denom().bits());
        let bits = size(a).saturating_add(b.map_or(0, size));
        self.units(1 + bits / 64 + bits.saturating_mul(bits) / 4_096)
    }
}

type Monomial = Vec<u32>;

/// How many distinct atoms a monomial has.
fn width(m: &[u32]) -> u64 {
    u64::try_from(m.len() / 2).unwrap_or(u64::MAX)
}

fn degree(m: &[u32]) -> u64 {
    m.chunks(2).filter_map(|c| c.get(1)).map(|e| u64::from(*e)).sum()
}

/// The product of two monomials: their lists merged.
fn join(mut m: &[u32], mut n: &[u32]) -> Res<Monomial> {
    if degree(m) + degree(n) > DEGREE {
        return refuse("budget", "a monomial has a degree that is too large");
    }
    let mut out = Vec::with_capacity(m.len() + n.len());
    loop {
        match (m, n) {
            ([a, e, rest @ ..], [b, f, others @ ..]) if a == b => {
                out.extend([*a, e + f]);
                (m, n) = (rest, others);
            }
            ([a, e, rest @ ..], [b, ..]) if a < b => {
                out.extend([*a, *e]);
                m = rest;
            }
            (_, [b, f, others @ ..]) => {
                out.extend([*b, *f]);
                n = others;
            }
            (rest, _) => {
                out.extend(rest);
                return Ok(out);
            }
        }
    }
}

/// Nonzero coefficients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Poly(BTreeMap<Monomial, BigRational>);

impl Poly {
    pub(crate) fn zero() -> Poly {
        Poly(BTreeMap::new())
    }

    pub(crate) fn constant(q: BigRational) -> Poly {
        Poly(if q.is_zero() { BTreeMap::new() } else { [(Vec::new(), q)].into() })
    }

    pub(crate) fn atom(n: u32) -> Poly {
        Poly([(vec![n, 1], BigRational::one())].into())
    }

    /// One more summand.
    fn summand(&mut self, work: &mut Work, m: Monomial, c: BigRational) -> Res<()> {
        work.units(width(&m))?;
        if c.is_zero() {
            return Ok(());
        }
        let sum = match self.0.get(&m) {
            Some(old) => {
                work.numbers(old, Some(&c))?;
                old + c
            }
            None => c,
        };
        if sum.is_zero() {
            self.0.remove(&m);
        } else {
            self.0.insert(m, sum);
        }
        if self.0.len() > MONOMIALS { refuse("budget", "a polynomial has too many monomials") } else { Ok(()) }
    }

    /// `self + q * other`
    pub(crate) fn plus(mut self, work: &mut Work, q: &BigRational, other: &Poly) -> Res<Poly> {
        for (m, c) in &other.0 {
            work.numbers(c, Some(q))?;
            self.summand(work, m.clone(), c * q)?;
        }
        Ok(self)
    }

    pub(crate) fn times(&self, work: &mut Work, other: &Poly) -> Res<Poly> {
        let mut out = Poly::zero();
        for (m, a) in &self.0 {
            for (n, b) in &other.0 {
                work.numbers(a, Some(b))?;
                work.units(width(m) + width(n))?;
                out.summand(work, join(m, n)?, a * b)?;
            }
        }
        Ok(out)
    }

    /// The value of a constant polynomial.
    pub(crate) fn value(&self) -> Option<BigRational> {
        match self.0.iter().next() {
            None => Some(BigRational::zero()),
            Some((m, c)) if m.is_empty() && self.0.len() == 1 => Some(c.clone()),
            _ => None,
        }
    }

    /// The polynomial divided by a positive number that must divide all but the constant, which is rounded down.
    pub(crate) fn cut(&self, work: &mut Work, d: &BigRational) -> Res<Option<Poly>> {
        let mut out = Poly::zero();
        for (m, c) in &self.0 {
            work.numbers(c, Some(d))?;
            let q = c / d;
            match (m.is_empty(), q.is_integer()) {
                (true, _) => out.summand(work, m.clone(), q.floor())?,
                (false, true) => out.summand(work, m.clone(), q)?,
                (false, false) => return Ok(None),
            }
        }
        Ok(Some(out))
    }
}
