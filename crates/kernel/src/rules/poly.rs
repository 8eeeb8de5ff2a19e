//! Polynomials with rational coefficients in the atoms of a rule.

use crate::Interrupt;
use crate::machine::{UNWATCHED, interrupted};
use crate::refusal::{BUDGET, RATIONAL, Res, TREE, refuse};
use bfv_format::{Arith, Hypothesis, Op, Rational, Sort, Term};
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// More monomials than this in one polynomial are refused.
const MONOMIALS: usize = 20_000;

/// Monomials of a larger degree are refused.
const DEGREE: u32 = 1_000;

/// Work that one rule may do: a unit is one operation on small coefficients, and a step of the judgement.
pub(crate) const WORK: u64 = 5_000_000;

/// Work done by one rule so far. Every operation on coefficients is paid for before it is done.
pub(crate) struct Work<'i> {
    spent: u64,
    limit: u64,
    /// Until so much the interrupt need not be looked at.
    unwatched: u64,
    interrupt: Option<&'i Interrupt>,
}

impl<'i> Work<'i> {
    pub(crate) fn new(limit: u64, interrupt: Option<&'i Interrupt>) -> Work<'i> {
        Work { spent: 0, limit, unwatched: 0, interrupt }
    }

    pub(crate) fn spent(&self) -> u64 {
        self.spent
    }

    pub(crate) fn spend(&mut self, units: u64) -> Res<()> {
        self.spent = self.spent.saturating_add(units);
        if self.spent > self.limit {
            return refuse(BUDGET, format!("A rule needs more than {} units of work.", self.limit));
        }
        if self.spent > self.unwatched {
            interrupted(self.interrupt)?;
            self.unwatched = self.spent.saturating_add(UNWATCHED);
        }
        Ok(())
    }

    /// An operation on coefficients: common divisors cost the square of the number of bits.
    pub(crate) fn numbers(&mut self, numbers: &[&BigRational]) -> Res<()> {
        let bits = numbers.iter().fold(0u64, |n, q| n.saturating_add(size(q)));
        self.spend(1 + bits / 64 + bits.saturating_mul(bits) / 4_096)
    }
}

fn size(q: &BigRational) -> u64 {
    q.numer().bits().saturating_add(q.denom().bits())
}

/// A monomial: atoms with positive exponents, in order of atoms. The empty one is the constant.
pub(crate) type Monomial = Vec<(u32, u32)>;

/// A polynomial: nonzero coefficients by monomial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Poly(pub(crate) BTreeMap<Monomial, BigRational>);

/// A rational of a certificate: lowest terms, positive denominator (T46).
pub(crate) fn exact(work: &mut Work<'_>, q: &Rational) -> Res<BigRational> {
    let value = BigRational::new_raw(q.num.clone(), BigInt::from_biguint(Sign::Plus, q.den.clone()));
    work.numbers(&[&value])?;
    if value.denom().is_zero() || !value.numer().gcd(value.denom()).is_one() {
        return refuse(RATIONAL, "A number of a certificate is not in lowest terms with a positive denominator.");
    }
    Ok(value)
}

impl Poly {
    pub(crate) fn constant(q: BigRational) -> Poly {
        Poly(if q.is_zero() { BTreeMap::new() } else { BTreeMap::from([(Vec::new(), q)]) })
    }

    pub(crate) fn atom(n: u32) -> Poly {
        Poly(BTreeMap::from([(vec![(n, 1)], BigRational::one())]))
    }

    /// Adds one summand; a sum of zero leaves no monomial behind.
    pub(crate) fn insert(&mut self, work: &mut Work<'_>, m: Monomial, q: BigRational) -> Res<()> {
        work.spend(u64::try_from(m.len()).unwrap_or(u64::MAX))?;
        match self.0.entry(m) {
            _ if q.is_zero() => {}
            Entry::Vacant(place) => {
                place.insert(q);
            }
            Entry::Occupied(mut place) => {
                work.numbers(&[place.get(), &q])?;
                *place.get_mut() += q;
                if place.get().is_zero() {
                    place.remove();
                }
            }
        }
        if self.0.len() > MONOMIALS {
            return refuse(BUDGET, "A polynomial has too many monomials.");
        }
        Ok(())
    }

    /// `self + q * other`
    pub(crate) fn plus(mut self, work: &mut Work<'_>, q: &BigRational, other: &Poly) -> Res<Poly> {
        for (m, c) in &other.0 {
            work.numbers(&[c, q])?;
            self.insert(work, m.clone(), c * q)?;
        }
        Ok(self)
    }

    pub(crate) fn minus(self, work: &mut Work<'_>, other: &Poly) -> Res<Poly> {
        self.plus(work, &-BigRational::one(), other)
    }

    pub(crate) fn times(&self, work: &mut Work<'_>, other: &Poly) -> Res<Poly> {
        let mut out = Poly::default();
        for (m, a) in &self.0 {
            for (n, b) in &other.0 {
                work.numbers(&[a, b])?;
                let product = multiply(work, m, n)?;
                out.insert(work, product, a * b)?;
            }
        }
        Ok(out)
    }

    /// The value, when the polynomial is constant.
    pub(crate) fn as_constant(&self) -> Option<BigRational> {
        match self.0.len() {
            0 => Some(BigRational::zero()),
            1 => self.0.get(&Vec::new()).cloned(),
            _ => None,
        }
    }
}

fn multiply(work: &mut Work<'_>, m: &Monomial, n: &Monomial) -> Res<Monomial> {
    work.spend(u64::try_from(m.len().saturating_add(n.len())).unwrap_or(u64::MAX))?;
    let mut out: BTreeMap<u32, u32> = m.iter().copied().collect();
    let mut degree: u32 = m.iter().fold(0, |d, (_, e)| d.saturating_add(*e));
    for (atom, exponent) in n {
        degree = degree.saturating_add(*exponent);
        // The degree bounds every exponent, so nothing below can overflow once it is within its limit.
        let e = out.entry(*atom).or_insert(0);
        *e = e.saturating_add(*exponent);
    }
    if degree > DEGREE {
        return refuse(BUDGET, format!("A monomial has a degree above {DEGREE}."));
    }
    Ok(out.into_iter().collect())
}

/// The sort and the polynomial of a tree.
pub(crate) fn polynomial(work: &mut Work<'_>, atoms: &[(Sort, Term)], tree: &Arith) -> Res<(Sort, Poly)> {
    let ill = |what: &str| refuse(TREE, format!("An arithmetic tree {what}."));
    let mut stack: Vec<(Sort, Poly)> = Vec::new();
    for op in tree {
        work.spend(1)?;
        let next = match op {
            Op::Atom(s, n) => match usize::try_from(*n).ok().and_then(|n| atoms.get(n)) {
                Some((t, _)) if t == s => (*s, Poly::atom(*n)),
                Some(_) => return ill("uses an atom at two sorts"),
                None => return ill("names an atom that is not there"),
            },
            Op::Lit(s, q) => {
                let value = exact(work, q)?;
                let fits = match s {
                    Sort::Real => true,
                    Sort::Int => value.is_integer(),
                    Sort::Nat => value.is_integer() && value.numer().sign() != Sign::Minus,
                };
                if !fits {
                    return ill("has a literal that is no number of its sort");
                }
                (*s, Poly::constant(value))
            }
            Op::Add | Op::Sub | Op::Mul => {
                let (Some((s, b)), Some((t, a))) = (stack.pop(), stack.pop()) else { return ill("is not balanced") };
                if s != t || (*op == Op::Sub && s == Sort::Nat) {
                    return ill("joins sorts that do not fit");
                }
                let value = match op {
                    Op::Add => a.plus(work, &BigRational::one(), &b)?,
                    Op::Sub => a.minus(work, &b)?,
                    _ => a.times(work, &b)?,
                };
                (s, value)
            }
            Op::NatToInt | Op::NatToReal | Op::IntToReal => {
                let (from, to) = match op {
                    Op::NatToInt => (Sort::Nat, Sort::Int),
                    Op::NatToReal => (Sort::Nat, Sort::Real),
                    _ => (Sort::Int, Sort::Real),
                };
                match stack.pop() {
                    Some((s, p)) if s == from => (to, p),
                    _ => return ill("embeds something of another sort"),
                }
            }
        };
        stack.push(next);
    }
    match (stack.pop(), stack.is_empty()) {
        (Some(top), true) => Ok(top),
        _ => ill("is not balanced"),
    }
}

/// Right side minus left side of a hypothesis; both sides must have the sort.
pub(crate) fn difference(work: &mut Work<'_>, atoms: &[(Sort, Term)], h: &Hypothesis, sort: Sort) -> Res<Poly> {
    let ((s, a), (t, b)) = (polynomial(work, atoms, &h.left)?, polynomial(work, atoms, &h.right)?);
    if s != sort || t != sort {
        return refuse(TREE, "A side of a hypothesis has another sort than the rule.");
    }
    b.minus(work, &a)
}
