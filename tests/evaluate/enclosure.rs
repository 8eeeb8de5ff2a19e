//! Numbers that are no fractions, between two fractions: exact bounds, with every rounding outwards.

use num_bigint::BigInt;
use num_rational::BigRational;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A number that is at least `low` and at most `high`. It is known exactly where both are the same.
#[derive(Clone, Debug)]
pub struct Enclosure {
    pub low: BigRational,
    pub high: BigRational,
}

/// Fixed point: numbers are counted in units of two to the power minus this.
const BITS: u32 = 160;
/// Enclosures that are narrower than two to the power minus this, against their size, count as one number.
const NARROW: u32 = 100;
/// Powers of e with a larger exponent are left alone: their digits are too many.
const LARGEST: u32 = 200;
/// Terms of a series of which each is at most a quarter of the one before; what is left out is less than one unit.
const TERMS: u32 = BITS / 2 + 1;

thread_local! {
    /// Powers of e and logarithms that were computed before: the same few numbers are drawn again and again.
    static KNOWN: RefCell<BTreeMap<(&'static str, BigRational), Option<Enclosure>>> = RefCell::default();
}

fn remembered(what: &'static str, x: &BigRational, compute: impl FnOnce() -> Option<Enclosure>) -> Option<Enclosure> {
    let key = (what, x.clone());
    if let Some(known) = KNOWN.with_borrow(|k| k.get(&key).cloned()) {
        return known;
    }
    let found = compute();
    KNOWN.with_borrow_mut(|k| k.insert(key, found.clone()));
    found
}

fn whole(n: u32) -> BigRational {
    BigRational::from(BigInt::from(n))
}

fn unit() -> BigInt {
    BigInt::from(1) << BITS
}

/// The fixed-point numbers next to a fraction, below and above.
fn fixed(x: &BigRational) -> (BigInt, BigInt) {
    let scaled = x * BigRational::from(unit());
    (scaled.floor().to_integer(), scaled.ceil().to_integer())
}

fn fraction(n: BigInt) -> BigRational {
    BigRational::new(n, unit())
}

/// The quotient rounded up, of a number that is not negative by a positive one.
fn div_up(a: &BigInt, b: &BigInt) -> BigInt {
    (a + b - 1) / b
}

impl Enclosure {
    pub fn point(x: BigRational) -> Enclosure {
        Enclosure { low: x.clone(), high: x }
    }

    pub fn exact(&self) -> Option<&BigRational> {
        (self.low == self.high).then_some(&self.low)
    }

    pub fn add(&self, other: &Enclosure) -> Enclosure {
        Enclosure { low: &self.low + &other.low, high: &self.high + &other.high }
    }

    pub fn sub(&self, other: &Enclosure) -> Enclosure {
        Enclosure { low: &self.low - &other.high, high: &self.high - &other.low }
    }

    pub fn mul(&self, other: &Enclosure) -> Enclosure {
        let mut products: Vec<BigRational> =
            [&self.low, &self.high].iter().flat_map(|a| [*a * &other.low, *a * &other.high]).collect();
        products.sort();
        Enclosure { low: products[0].clone(), high: products[3].clone() }
    }

    /// Nothing where the number may be zero and may be something else.
    pub fn inv(&self) -> Option<Enclosure> {
        let zero = whole(0);
        if self.exact() == Some(&zero) {
            return Some(self.clone());
        }
        let apart = self.low > zero || self.high < zero;
        apart.then(|| Enclosure { low: self.high.recip(), high: self.low.recip() })
    }

    /// Whether this number is less than another one, where the bounds tell.
    pub fn less(&self, other: &Enclosure) -> Option<bool> {
        if self.high < other.low {
            Some(true)
        } else if self.low >= other.high {
            Some(false)
        } else {
            None
        }
    }

    /// Whether two numbers are the same. Equal numbers that are no fractions cannot be told from numbers that agree to a hundred bits.
    pub fn same(&self, other: &Enclosure) -> Option<bool> {
        if self.high < other.low || other.high < self.low {
            return Some(false);
        }
        let narrow = |e: &Enclosure| {
            let size = if e.low < whole(0) { -&e.low } else { e.high.clone() };
            (&e.high - &e.low) * BigRational::from(BigInt::from(1) << NARROW) <= size
        };
        (narrow(self) && narrow(other)).then_some(true)
    }

    /// The power of e.
    pub fn exp(&self) -> Option<Enclosure> {
        let at = |x: &BigRational| remembered("exp", x, || power_of_e(x));
        Some(Enclosure { low: at(&self.low)?.low, high: at(&self.high)?.high })
    }

    /// The logarithm, and 0 where there is none.
    pub fn log(&self) -> Option<Enclosure> {
        let zero = whole(0);
        if self.high <= zero {
            return Some(Enclosure::point(zero));
        }
        let at = |x: &BigRational| remembered("log", x, || (*x > zero).then(|| logarithm(x)));
        Some(Enclosure { low: at(&self.low)?.low, high: at(&self.high)?.high })
    }
}

/// By the series of the power of a small part of x, which is then squared again and again.
fn power_of_e(x: &BigRational) -> Option<Enclosure> {
    let zero = whole(0);
    if *x == zero {
        return Some(Enclosure::point(whole(1)));
    }
    if *x < zero {
        return power_of_e(&-x)?.inv();
    }
    if *x > whole(LARGEST) {
        return None;
    }
    let (mut part, mut squarings) = (x.clone(), 0);
    while part > BigRational::new(1.into(), 4.into()) {
        part /= whole(2);
        squarings += 1;
    }
    let (low_part, high_part) = fixed(&part);
    let (mut low, mut high) = (unit(), unit());
    let (mut low_term, mut high_term) = (unit(), unit());
    for n in 1..=TERMS {
        low_term = low_term * &low_part / (unit() * n);
        high_term = div_up(&(high_term * &high_part), &(unit() * n));
        low += &low_term;
        high += &high_term;
    }
    high += 1;
    for _ in 0..squarings {
        low = &low * &low / unit();
        high = div_up(&(&high * &high), &unit());
    }
    Some(Enclosure { low: fraction(low), high: fraction(high) })
}

/// By the series of the inverse hyperbolic tangent: log z is twice that of (z - 1) / (z + 1).
fn logarithm(x: &BigRational) -> Enclosure {
    let (two, mut rest, mut twos) = (whole(2), x.clone(), 0_i64);
    while rest > BigRational::new(4.into(), 3.into()) {
        rest /= &two;
        twos += 1;
    }
    while rest < BigRational::new(2.into(), 3.into()) {
        rest *= &two;
        twos -= 1;
    }
    let third = area_tangent(&BigRational::new(1.into(), 3.into()));
    let of_twos = Enclosure::point(BigRational::from(BigInt::from(2 * twos))).mul(&third);
    let ratio = (&rest - whole(1)) / (&rest + whole(1));
    let of_rest =
        if ratio < whole(0) { Enclosure::point(whole(0)).sub(&area_tangent(&-ratio)) } else { area_tangent(&ratio) };
    of_twos.add(&Enclosure::point(two).mul(&of_rest))
}

/// The inverse hyperbolic tangent of a fraction from 0 to 1/3.
fn area_tangent(w: &BigRational) -> Enclosure {
    if *w == whole(0) {
        return Enclosure::point(whole(0));
    }
    let (low_w, high_w) = fixed(w);
    let (mut low_power, mut high_power) = (low_w.clone(), high_w.clone());
    let (mut low, mut high) = (low_w.clone(), high_w.clone());
    for n in 1..=TERMS {
        low_power = low_power * &low_w / unit() * &low_w / unit();
        high_power = div_up(&(div_up(&(high_power * &high_w), &unit()) * &high_w), &unit());
        low += &low_power / (2 * n + 1);
        high += div_up(&high_power, &BigInt::from(2 * n + 1));
    }
    Enclosure { low: fraction(low), high: fraction(high + 1) }
}
