//! Exponential, logarithm, sine and cosine by integer arithmetic, for making tables. No platform's library takes part, so a table is
//! the same bytes everywhere.
//!
//! A number here is an `i128` that stands for itself divided by `2^60`. Each product is rounded down, so it is less than one unit
//! below the exact one. The arguments of products are at most 8 in size, so no product has more than 126 bits.

/// Fraction bits.
pub const BITS: u32 = 60;
/// 1.
pub const ONE: i128 = 1 << BITS;
/// A bound on the error of [`exp_minus`], in units: `2^-50`. With k halvings the argument that is left is within `128 k` units, and the
/// series within 64; both are divided by `2^k`.
pub(crate) const ERROR: i128 = 1 << 10;

/// A product, rounded down.
fn mul(a: i128, b: i128) -> i128 {
    (a * b) >> BITS
}

/// The sum of `2 / ((2 k + 1) 3^(2 k + 1))`, which is the logarithm of 2. Within 128 units.
pub fn ln2() -> i128 {
    two_atanh(ONE / 3)
}

/// `2 atanh(z)` for z from 0 to 1/3, by its series `2 (z + z^3 / 3 + z^5 / 5 + ...)`.
fn two_atanh(z: i128) -> i128 {
    let square = mul(z, z);
    let (mut power, mut sum, mut k) = (z, 0, 1);
    while power != 0 {
        sum += power / k;
        power = mul(power, square);
        k += 2;
    }
    2 * sum
}

/// The logarithm of a whole number, at least 1. Within `2^12` units: 32 times that of 2, and that of a number from 1 to 2.
pub(crate) fn ln(n: u32) -> i128 {
    let n = n.max(1);
    let whole = n.ilog2();
    let mantissa = (i128::from(n) << BITS) >> whole;
    i128::from(whole) * ln2() + two_atanh(((mantissa - ONE) << BITS) / (mantissa + ONE))
}

/// `exp(-x)` for x at least 0, by the logarithm of 2. Above 64 the answer is 0, which is within a unit.
pub fn exp_minus(ln2: i128, x: i128) -> i128 {
    if x >= 64 * ONE {
        return 0;
    }
    let (halvings, rest) = (x / ln2, x % ln2);
    // exp(-rest) = 1 - rest (1 - rest/2 (1 - rest/3 (...))), from within; 24 terms leave less than a unit for a rest below 0.7.
    let mut value = ONE;
    for k in (1..=24).rev() {
        value = ONE - mul(rest, value) / k;
    }
    value >> u32::try_from(halvings).unwrap_or(BITS).min(BITS)
}

/// A quarter turn, half of `16 atan(1/5) - 4 atan(1/239)` (Machin). Within 512 units.
pub(crate) fn quarter_turn() -> i128 {
    let atan = |n: i128| {
        let (mut power, mut sum, mut k, mut sign) = (ONE / n, 0, 1, 1);
        while power != 0 {
            sum += sign * (power / k);
            power /= n * n;
            k += 2;
            sign = -sign;
        }
        sum
    };
    8 * atan(5) - 2 * atan(239)
}

/// Sine and cosine of an angle from 0 to `2^21`, in radians, by the [`quarter_turn`]. The error is at most 64 units, and 512 for each
/// quarter turn of the angle.
pub(crate) fn sin_cos(quarter: i128, angle: i128) -> (i128, i128) {
    let (quarters, rest) = (angle / quarter, angle % quarter);
    let square = mul(rest, rest);
    // sin x = x (1 - x^2/(2*3) (1 - x^2/(4*5) (...))), and cos x likewise; 14 factors leave less than a unit for x below 1.6.
    let series = |first: i128| {
        let mut value = ONE;
        for k in (0..14).rev() {
            let n = first + 2 * k;
            value = ONE - mul(square, value) / (n * (n + 1));
        }
        value
    };
    let (sine, cosine) = (mul(rest, series(2)), series(1));
    match quarters % 4 {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// `a 2^exponent` to the nearest whole number, ties upwards, for an exponent of at most 59. 0 where the type cannot hold it, which is
/// nowhere where a table asks.
pub fn to_unit<T: TryFrom<i128> + Default>(a: i128, exponent: u32) -> T {
    let shift = BITS - exponent;
    T::try_from((a + (1 << (shift - 1))) >> shift).unwrap_or_default()
}
