//! Rational numbers that fit two machine words as long as they are small. Programs are solved with mostly small numbers.

use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};
use std::cmp::Ordering;

/// A rational number in lowest terms with a positive denominator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Q {
    /// Both parts fit.
    Small(i64, i64),
    /// They do not.
    Big(Box<BigRational>),
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        // Machine words divide much faster than pairs of them.
        if let (Ok(x), Ok(y)) = (u64::try_from(a), u64::try_from(b)) {
            let (mut x, mut y) = (x, y);
            while y != 0 {
                (x, y) = (y, x % y);
            }
            return x.into();
        }
        (a, b) = (b, a % b);
    }
    a
}

/// A fraction with a positive denominator, in lowest terms.
fn reduced(num: i128, den: i128) -> Q {
    let d = i128::try_from(gcd(num.unsigned_abs(), den.unsigned_abs())).unwrap_or(1).max(1);
    let (num, den) = (num / d, den / d);
    match (i64::try_from(num), i64::try_from(den)) {
        (Ok(n), Ok(d)) => Q::Small(n, d),
        _ => Q::Big(Box::new(BigRational::new_raw(num.into(), den.into()))),
    }
}

impl Q {
    pub const ZERO: Q = Q::Small(0, 1);
    pub const ONE: Q = Q::Small(1, 1);

    pub fn big(&self) -> BigRational {
        match self {
            Q::Small(n, d) => BigRational::new_raw((*n).into(), (*d).into()),
            Q::Big(q) => (**q).clone(),
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
            Q::Small(n, d) => reduced(-i128::from(*n), i128::from(*d)),
            Q::Big(q) => Q::from(&-(**q).clone()),
        }
    }

    pub fn plus(&self, other: &Q) -> Q {
        match (self, other) {
            (Q::Small(0, _), q) | (q, Q::Small(0, _)) => q.clone(),
            (Q::Small(a, 1), Q::Small(b, 1)) => reduced(i128::from(*a) + i128::from(*b), 1),
            (Q::Small(a, b), Q::Small(c, d)) => {
                let (a, b, c, d) = (i128::from(*a), i128::from(*b), i128::from(*c), i128::from(*d));
                match (a * d).checked_add(c * b) {
                    Some(n) => reduced(n, b * d),
                    None => Q::from(&(self.big() + other.big())),
                }
            }
            _ => Q::from(&(self.big() + other.big())),
        }
    }

    pub fn times(&self, other: &Q) -> Q {
        match (self, other) {
            (Q::Small(a, b), Q::Small(c, d)) => {
                reduced(i128::from(*a) * i128::from(*c), i128::from(*b) * i128::from(*d))
            }
            _ => Q::from(&(self.big() * other.big())),
        }
    }

    /// The inverse; zero has none and stays zero.
    pub fn inverse(&self) -> Q {
        match self {
            Q::Small(0, _) => Q::ZERO,
            Q::Small(n, d) if *n > 0 => reduced(i128::from(*d), i128::from(*n)),
            Q::Small(n, d) => reduced(-i128::from(*d), -i128::from(*n)),
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
            _ => self.big().cmp(&other.big()),
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
    use num_bigint::BigInt;
    use num_traits::{One, Zero};
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
            let (p, q) = (Q::from(&x), Q::from(&y));
            prop_assert_eq!(p.big(), x.clone());
            for (got, want) in [
                (p.plus(&q), &x + &y),
                (p.times(&q), &x * &y),
                (p.negated(), -x.clone()),
                (p.minus_product(&q, &q), &x - &y * &y),
                (p.inverse(), if x.is_zero() { x.clone() } else { BigRational::one() / &x }),
            ] {
                prop_assert_eq!(got.big(), want.clone());
                // One number has one form, so that equality is equality.
                prop_assert_eq!(got, Q::from(&want));
            }
            prop_assert_eq!(p.cmp(&q), x.cmp(&y));
            prop_assert_eq!(p.is_positive(), x.is_positive());
            prop_assert_eq!(p.is_negative(), x.is_negative());
        }
    }
}
