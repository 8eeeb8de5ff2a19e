//! Rational numbers that fit two machine words as long as they are small. Programs are solved with mostly small numbers.

use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::borrow::Cow;
use std::cmp::Ordering;

/// A rational number in lowest terms with a positive denominator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Q {
    /// Both parts fit.
    Small(i64, i64),
    /// They do not.
    Big(Box<BigRational>),
}

/// The greatest common divisor. Shifts and differences cost less than divisions, and machine words less than pairs of them.
fn gcd(mut a: u128, mut b: u128) -> u128 {
    if a == 0 || b == 0 {
        return a | b;
    }
    let twos = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    while b != 0 {
        b >>= b.trailing_zeros();
        if let (Ok(x), Ok(y)) = (u64::try_from(a), u64::try_from(b)) {
            return u128::from(odd_gcd(x, y)) << twos;
        }
        if a > b {
            (a, b) = (b, a);
        }
        b -= a;
    }
    a << twos
}

/// The greatest common divisor of two odd numbers.
fn odd_gcd(mut a: u64, mut b: u64) -> u64 {
    while a != b {
        if a > b {
            (a, b) = (b, a);
        }
        b -= a;
        b >>= b.trailing_zeros();
    }
    a
}

/// The greatest common divisor of long numbers. As long as one of them is longer than two machine words, division shortens it.
fn long_gcd(a: &BigUint, b: &BigUint) -> BigUint {
    let (mut a, mut b) = (Cow::Borrowed(a), Cow::Borrowed(b));
    loop {
        if b.is_zero() {
            return a.into_owned();
        }
        if let (Some(x), Some(y)) = (a.to_u128(), b.to_u128()) {
            return gcd(x, y).into();
        }
        let rest = &*a % &*b;
        (a, b) = (b, Cow::Owned(rest));
    }
}

/// A fraction with a positive denominator, in lowest terms.
fn reduced(num: i128, den: i128) -> Q {
    match gcd(num.unsigned_abs(), den.unsigned_abs()) {
        0 | 1 => lowest(num, den),
        d => match i128::try_from(d) {
            Ok(d) => lowest(num / d, den / d),
            Err(_) => lowest(num, den),
        },
    }
}

/// A fraction that is in lowest terms, with a positive denominator.
fn lowest(num: i128, den: i128) -> Q {
    match (i64::try_from(num), i64::try_from(den)) {
        (Ok(n), Ok(d)) => Q::Small(n, d),
        _ => Q::Big(Box::new(BigRational::new_raw(num.into(), den.into()))),
    }
}

/// The same of long numbers.
fn long_lowest(num: BigInt, den: BigInt) -> Q {
    match (num.to_i64(), den.to_i64()) {
        (Some(n), Some(d)) => Q::Small(n, d),
        _ => Q::Big(Box::new(BigRational::new_raw(num, den))),
    }
}

/// Both parts divided by what they have in common.
fn without_common(a: &BigInt, b: &BigInt) -> (BigInt, BigInt) {
    let d = BigInt::from(long_gcd(a.magnitude(), b.magnitude()));
    if d.is_one() || d.is_zero() { (a.clone(), b.clone()) } else { (a / &d, b / &d) }
}

impl Q {
    pub const ZERO: Q = Q::Small(0, 1);
    pub const ONE: Q = Q::Small(1, 1);

    pub fn big(&self) -> BigRational {
        self.long().into_owned()
    }

    fn long(&self) -> Cow<'_, BigRational> {
        match self {
            Q::Small(n, d) => Cow::Owned(BigRational::new_raw((*n).into(), (*d).into())),
            Q::Big(q) => Cow::Borrowed(q),
        }
    }

    pub fn is_zero(&self) -> bool {
        matches!(self, Q::Small(0, _))
    }

    pub fn is_positive(&self) -> bool {
        match self {
            Q::Small(n, _) => *n > 0,
            Q::Big(q) => q.is_positive(),
        }
    }

    pub fn is_negative(&self) -> bool {
        !self.is_zero() && !self.is_positive()
    }

    pub fn negated(&self) -> Q {
        match self {
            Q::Small(n, d) => lowest(-i128::from(*n), (*d).into()),
            Q::Big(q) => long_lowest(-q.numer().clone(), q.denom().clone()),
        }
    }

    pub fn plus(&self, other: &Q) -> Q {
        match (self, other) {
            (Q::Small(0, _), q) | (q, Q::Small(0, _)) => q.clone(),
            (Q::Small(a, b), Q::Small(c, d)) if b == d => reduced(i128::from(*a) + i128::from(*c), (*b).into()),
            (Q::Small(a, b), Q::Small(c, d)) => {
                let (a, b, c, d) = (i128::from(*a), i128::from(*b), i128::from(*c), i128::from(*d));
                match (a * d).checked_add(c * b) {
                    Some(n) => reduced(n, b * d),
                    None => self.long_plus(other),
                }
            }
            _ => self.long_plus(other),
        }
    }

    /// A sum shares with the product of the denominators no more than these share with each other.
    fn long_plus(&self, other: &Q) -> Q {
        let (p, q) = (self.long(), other.long());
        let common = BigInt::from(long_gcd(p.denom().magnitude(), q.denom().magnitude()));
        let (b, d) = (p.denom() / &common, q.denom() / &common);
        let sum = p.numer() * &d + q.numer() * &b;
        let (sum, common) = without_common(&sum, &common);
        if sum.is_zero() { Q::ZERO } else { long_lowest(sum, b * d * common) }
    }

    /// What two fractions in lowest terms have in common stands crosswise.
    pub fn times(&self, other: &Q) -> Q {
        match (self, other) {
            (Q::Small(0, _), _) | (_, Q::Small(0, _)) => Q::ZERO,
            (Q::Small(a, 1), Q::Small(c, 1)) => lowest(i128::from(*a) * i128::from(*c), 1),
            (Q::Small(a, b), Q::Small(c, d)) => {
                reduced(i128::from(*a) * i128::from(*c), i128::from(*b) * i128::from(*d))
            }
            _ => {
                let (p, q) = (self.long(), other.long());
                let (a, d) = without_common(p.numer(), q.denom());
                let (c, b) = without_common(q.numer(), p.denom());
                long_lowest(a * c, b * d)
            }
        }
    }

    /// The inverse; zero has none and stays zero.
    pub fn inverse(&self) -> Q {
        match self {
            Q::Small(0, _) => Q::ZERO,
            Q::Small(n, d) if *n > 0 => lowest((*d).into(), (*n).into()),
            Q::Small(n, d) => lowest(-i128::from(*d), -i128::from(*n)),
            Q::Big(q) => Q::from(&q.recip()),
        }
    }

    /// `self - factor * v`
    pub fn minus_product(&self, factor: &Q, v: &Q) -> Q {
        self.plus(&factor.times(v).negated())
    }

    /// What computing with it costs, about in units of five nanoseconds: common divisors of long numbers cost the square of their length.
    pub fn weight(&self) -> u64 {
        match self {
            Q::Small(..) => 8,
            Q::Big(q) => {
                let bits = q.numer().bits().saturating_add(q.denom().bits());
                bits.saturating_mul(bits) / 8 + 4 * bits + 400
            }
        }
    }
}

impl From<&BigRational> for Q {
    fn from(q: &BigRational) -> Q {
        match (q.numer().to_i64(), q.denom().to_i64()) {
            (Some(n), Some(d)) => Q::Small(n, d),
            _ => Q::Big(Box::new(q.clone())),
        }
    }
}

impl Ord for Q {
    fn cmp(&self, other: &Q) -> Ordering {
        match (self, other) {
            (Q::Small(a, b), Q::Small(c, d)) => {
                (i128::from(*a) * i128::from(*d)).cmp(&(i128::from(*c) * i128::from(*b)))
            }
            _ => self.long().cmp(&other.long()),
        }
    }
}

impl PartialOrd for Q {
    fn partial_cmp(&self, other: &Q) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part() -> impl Strategy<Value = i64> {
        prop_oneof![-5i64..6, any::<i64>(), Just(i64::MAX), Just(i64::MIN), (0i64..100).prop_map(|n| i64::MIN + n)]
    }

    fn exact(n: i64, d: i64) -> BigRational {
        if d == 0 { BigRational::zero() } else { BigRational::new(BigInt::from(n), BigInt::from(d)) }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn small_numbers_compute_as_large_ones_do(a in part(), b in part(), c in part(), d in part()) {
            let (x, y) = (exact(a, b), exact(c, d));
            // Powers are long, and share much with each other.
            let long = &x * &x * &x - &y;
            for (x, y) in [(&x, &y), (&long, &y), (&y, &long), (&long, &(&long * &x)), (&long, &long)] {
                let (p, q) = (Q::from(x), Q::from(y));
                prop_assert_eq!(&p.big(), x);
                for (got, want) in [
                    (p.plus(&q), x + y),
                    (p.times(&q), x * y),
                    (p.negated(), -x.clone()),
                    (p.minus_product(&q, &q), x - y * y),
                    (p.minus_product(&Q::ONE, &p), BigRational::zero()),
                    (p.inverse(), if x.is_zero() { x.clone() } else { BigRational::one() / x }),
                ] {
                    prop_assert_eq!(&got.big(), &want);
                    // One number has one form, so that equality is equality.
                    prop_assert_eq!(got, Q::from(&want));
                }
                prop_assert_eq!(p.cmp(&q), x.cmp(y));
                prop_assert_eq!(p.is_positive(), x.is_positive());
                prop_assert_eq!(p.is_negative(), x.is_negative());
            }
        }
    }
}
