//! Polynomials with rational coefficients in the atoms of a rule.

use crate::refusal::{BUDGET, RATIONAL, Res, TREE, refuse};
use bfv_format::{Arith, Op, Rational, Sort, Term};
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::collections::BTreeMap;

/// More monomials than this in one polynomial are refused.
const MONOMIALS: usize = 20_000;

/// A monomial: atoms with positive exponents, in order of atoms. The empty one is the constant.
pub(crate) type Monomial = Vec<(u32, u32)>;

/// A polynomial: nonzero coefficients by monomial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Poly(pub(crate) BTreeMap<Monomial, BigRational>);

/// A rational of a certificate: lowest terms, positive denominator (T46).
pub(crate) fn exact(q: &Rational) -> Res<BigRational> {
    let den = BigInt::from_biguint(Sign::Plus, q.den.clone());
    if den.is_zero() || !q.num.gcd(&den).is_one() {
        return refuse(RATIONAL, "A number of a certificate is not in lowest terms with a positive denominator.");
    }
    Ok(BigRational::new_raw(q.num.clone(), den))
}

impl Poly {
    pub(crate) fn constant(q: BigRational) -> Poly {
        let mut p = Poly::default();
        p.insert(Vec::new(), q);
        p
    }

    pub(crate) fn atom(n: u32) -> Poly {
        let mut p = Poly::default();
        p.insert(vec![(n, 1)], BigRational::one());
        p
    }

    fn insert(&mut self, m: Monomial, q: BigRational) {
        if q.is_zero() {
            return;
        }
        let entry = self.0.entry(m.clone()).or_insert_with(BigRational::zero);
        *entry += q;
        if entry.is_zero() {
            self.0.remove(&m);
        }
    }

    /// `self + q * other`
    pub(crate) fn plus(mut self, q: &BigRational, other: &Poly) -> Res<Poly> {
        for (m, c) in &other.0 {
            self.insert(m.clone(), c * q);
        }
        if self.0.len() > MONOMIALS {
            return refuse(BUDGET, "A polynomial has too many monomials.");
        }
        Ok(self)
    }

    pub(crate) fn minus(self, other: &Poly) -> Res<Poly> {
        self.plus(&-BigRational::one(), other)
    }

    pub(crate) fn times(&self, other: &Poly) -> Res<Poly> {
        if self.0.len().saturating_mul(other.0.len()) > 50 * MONOMIALS {
            return refuse(BUDGET, "A product of polynomials has too many monomials.");
        }
        let mut out = Poly::default();
        for (m, a) in &self.0 {
            for (n, b) in &other.0 {
                out.insert(multiply(m, n)?, a * b);
            }
            if out.0.len() > MONOMIALS {
                return refuse(BUDGET, "A product of polynomials has too many monomials.");
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

fn multiply(m: &Monomial, n: &Monomial) -> Res<Monomial> {
    let mut out: BTreeMap<u32, u32> = m.iter().copied().collect();
    for (atom, exponent) in n {
        let e = out.entry(*atom).or_insert(0);
        *e = match e.checked_add(*exponent) {
            Some(sum) => sum,
            None => return refuse(BUDGET, "An exponent is too large."),
        };
    }
    Ok(out.into_iter().collect())
}

/// The sort and the polynomial of a tree.
pub(crate) fn polynomial(atoms: &[(Sort, Term)], tree: &Arith) -> Res<(Sort, Poly)> {
    let ill = |what: &str| refuse(TREE, format!("An arithmetic tree {what}."));
    let mut stack: Vec<(Sort, Poly)> = Vec::new();
    for op in tree {
        let next = match op {
            Op::Atom(s, n) => match usize::try_from(*n).ok().and_then(|n| atoms.get(n)) {
                Some((t, _)) if t == s => (*s, Poly::atom(*n)),
                Some(_) => return ill("uses an atom at two sorts"),
                None => return ill("names an atom that is not there"),
            },
            Op::Lit(s, q) => {
                let value = exact(q)?;
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
                    Op::Add => a.plus(&BigRational::one(), &b)?,
                    Op::Sub => a.minus(&b)?,
                    _ => a.times(&b)?,
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
pub(crate) fn difference(atoms: &[(Sort, Term)], h: &bfv_format::Hypothesis, sort: Sort) -> Res<Poly> {
    let ((s, a), (t, b)) = (polynomial(atoms, &h.left)?, polynomial(atoms, &h.right)?);
    if s != sort || t != sort {
        return refuse(TREE, "A side of a hypothesis has another sort than the rule.");
    }
    b.minus(&a)
}
