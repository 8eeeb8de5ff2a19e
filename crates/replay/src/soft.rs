//! Single precision in integers: addition, subtraction, multiplication, division and square root of IEEE 754-2019, clauses 5.4.1 and 4.3.1.

use crate::format::{Dyadic, Format, Mode};
use crate::machine::Machine;
use crate::order::Order;

/// What stands for the result of an operation that has none. Only whether something is a number is ever looked at.
const NONE: u32 = 0x7fc0_0000;
const SIGN: u32 = 0x8000_0000;
const INFINITY: u32 = Format::F32.infinity();
/// How far the larger of two summands is moved left where the other is much smaller.
const FAR: i32 = 38;

/// Operations by integers, and sums in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Soft {
    /// How products of matrices are summed.
    pub order: Order,
}

/// The digits of a dividend behind the point: a quotient has 40 bits then.
const DIGITS: i32 = 64;

fn nearest(negative: bool, size: u128, exponent: i32) -> u32 {
    Format::F32.round(Mode::Nearest, negative, size, exponent)
}

#[inline]
fn nearest_short(negative: bool, size: u64, exponent: i32) -> u32 {
    Format::F32.round_short(Mode::Nearest, negative, size, exponent)
}

fn finite(bits: u32) -> bool {
    Format::F32.is_finite(bits)
}

fn none(bits: u32) -> bool {
    bits & !SIGN > INFINITY
}

/// The sum of two numbers.
#[must_use]
#[inline]
pub fn add(a: u32, b: u32) -> u32 {
    match (finite(a), finite(b)) {
        (true, true) => (),
        _ if none(a) || none(b) => return NONE,
        (false, false) => return if a == b { a } else { NONE },
        (false, true) => return a,
        (true, false) => return b,
    }
    let (x, y) = (Format::F32.unpack(a), Format::F32.unpack(b));
    if x.size == 0 && y.size == 0 {
        // A sum of zeros is negative where both are.
        return a & b;
    }
    let (high, low) = if x.exponent >= y.exponent { (x, y) } else { (y, x) };
    let apart = high.exponent - low.exponent;
    // Of a summand that is so much smaller only its sign matters: it moves the other by less than a quarter of a unit, and not by nothing.
    let (by, low_size) = if apart <= FAR { (apart, i64::from(low.size)) } else { (FAR, i64::from(low.size.min(1))) };
    let signed = |negative: bool, size: i64| if negative { -size } else { size };
    let sum = signed(high.negative, i64::from(high.size) << by) + signed(low.negative, low_size);
    if sum == 0 {
        return 0;
    }
    nearest_short(sum < 0, sum.unsigned_abs(), high.exponent - by)
}

/// The product of two numbers.
#[must_use]
#[inline]
pub fn mul(a: u32, b: u32) -> u32 {
    let sign = (a ^ b) & SIGN;
    if !finite(a) || !finite(b) {
        let zero = a & !SIGN == 0 || b & !SIGN == 0;
        return if none(a) || none(b) || zero { NONE } else { sign | INFINITY };
    }
    let (x, y) = (Format::F32.unpack(a), Format::F32.unpack(b));
    nearest_short(sign != 0, u64::from(x.size) * u64::from(y.size), x.exponent + y.exponent)
}

/// The quotient of two numbers.
#[must_use]
pub fn div(a: u32, b: u32) -> u32 {
    let sign = (a ^ b) & SIGN;
    if none(a) || none(b) {
        return NONE;
    }
    match (finite(a), finite(b)) {
        (false, false) => return NONE,
        (false, true) => return sign | INFINITY,
        (true, false) => return sign,
        (true, true) => (),
    }
    let (x, y) = (Format::F32.unpack(a), Format::F32.unpack(b));
    if y.size == 0 {
        return if x.size == 0 { NONE } else { sign | INFINITY };
    }
    // At least 40 bits of the quotient, and in the last one whether anything is left.
    let dividend = u128::from(x.size) << DIGITS;
    let (quotient, rest) = (dividend / u128::from(y.size), dividend % u128::from(y.size));
    nearest(sign != 0, quotient << 1 | u128::from(rest != 0), x.exponent - y.exponent - DIGITS - 1)
}

/// The square root of a number.
#[must_use]
pub fn sqrt(a: u32) -> u32 {
    if a & !SIGN == 0 || a == INFINITY {
        return a;
    }
    if none(a) || a & SIGN != 0 {
        return NONE;
    }
    let Dyadic { size, exponent, .. } = Format::F32.unpack(a);
    // An even exponent, and at least 31 bits of the root.
    let by = if exponent.rem_euclid(2) == 0 { DIGITS } else { DIGITS + 1 };
    let square = u128::from(size) << by;
    let root = square.isqrt();
    nearest(false, root << 1 | u128::from(root * root != square), (exponent - by) / 2 - 1)
}

impl Machine for Soft {
    fn add(&self, a: u32, b: u32) -> u32 {
        add(a, b)
    }

    fn mul(&self, a: u32, b: u32) -> u32 {
        mul(a, b)
    }

    fn div(&self, a: u32, b: u32) -> u32 {
        div(a, b)
    }

    fn sqrt(&self, a: u32) -> u32 {
        sqrt(a)
    }

    fn dot(&self, a: &[u32], b: &[u32]) -> u32 {
        self.order.sum(a, b)
    }
}
