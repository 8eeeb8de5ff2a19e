//! Root mean square norm, `y_i = g_i x_i / sqrt(mean of squares + eps)`, over the integers.

use crate::matrix::Matrix;
use crate::refused::{Refused, index};
use crate::requantise::{Saturate, round_shift};

/// The most coordinates of a vector that is normed.
pub const MAX_WIDTH: usize = 1 << 16;
/// The least and the largest coordinate of the residual stream, which has 24 bits: `-LIMIT` to `LIMIT - 1`.
pub const LIMIT: i32 = 1 << 23;
/// Fraction bits of a reciprocal root.
const BITS: u8 = 38;

/// What a norm is made with, beside the gains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Norm {
    eps: u32,
    shift: u8,
}

impl Norm {
    /// A norm. `eps` is added to the mean of squares, on the scale of a square. The result is divided by `2^shift`, so that a gain
    /// of `2^shift` times the unit of the result is the gain 1.
    ///
    /// # Errors
    /// Eps is 0, so the root of zeros would have no reciprocal, or the shift is above 24, so a product might overflow.
    pub fn new(eps: u32, shift: u8) -> Result<Self, Refused> {
        if eps == 0 {
            return Err(Refused::new("a norm", "eps is 0, and must be at least 1"));
        }
        if shift > 24 {
            return Err(Refused::new("a norm", format!("the shift is {shift}, and must be at most 24")));
        }
        Ok(Self { eps, shift })
    }

    /// Eps, at least 1.
    #[must_use]
    pub fn eps(self) -> u32 {
        self.eps
    }

    /// The shift, at most 24.
    #[must_use]
    pub fn shift(self) -> u8 {
        self.shift
    }

    /// The width of a row, and the sum of its squares with eps added for each coordinate. With at most [`MAX_WIDTH`] coordinates of
    /// 24 bits it is below `2^63`.
    fn energy(self, x: &[i32]) -> Result<(u32, u64), Refused> {
        let place = "a norm";
        let Some(d) = u32::try_from(x.len()).ok().filter(|d| index(*d) <= MAX_WIDTH) else {
            return Err(Refused::new(place, format!("{} coordinates are more than {MAX_WIDTH}", x.len())));
        };
        if let Some(x) = x.iter().find(|&&x| !(-LIMIT..LIMIT).contains(&x)) {
            return Err(Refused::new(place, format!("the coordinate {x} has more than 24 bits")));
        }
        let squares = x.iter().fold(0u64, |sum, &x| sum + u64::from(x.unsigned_abs()) * u64::from(x.unsigned_abs()));
        Ok((d, squares + u64::from(self.eps) * u64::from(d)))
    }

    /// Each row of x, normed: with m the energy of the row, d its width and r its [`reciprocal_root`],
    /// `y_i = saturate(floor(x_i g_i r / 2^(38 + shift) + 1/2))`.
    ///
    /// As `x_i^2 <= m`, `|x_i| r <= 2^38 sqrt(d) <= 2^46`, and with a gain of 16 bits the product is at most `2^61`.
    ///
    /// # Errors
    /// The gains have another width, the width is above [`MAX_WIDTH`], or a coordinate has more than 24 bits.
    pub fn apply<T: Saturate>(self, x: &Matrix<i32>, gains: &[i16]) -> Result<Matrix<T>, Refused> {
        if gains.len() != x.cols() {
            let why = format!("{} gains and {} coordinates must be equally many", gains.len(), x.cols());
            return Err(Refused::new("a norm", why));
        }
        let mut y = Matrix::filled("a norm", x.rows(), x.cols(), T::default())?;
        for (y, x) in y.each_row_mut().zip(x.each_row()) {
            let r = self.root(x)?;
            for ((y, &x), &g) in y.iter_mut().zip(x).zip(gains) {
                let product = i64::from(x).wrapping_mul(r).wrapping_mul(i64::from(g));
                *y = T::saturate(round_shift(product, BITS + self.shift));
            }
        }
        Ok(y)
    }

    /// One entry of [`Norm::apply`] before it is brought to a type, for any coordinate of 24 bits and any root up to `2^38`, also when they are not of
    /// one row.
    #[must_use]
    pub fn entry(self, x: i64, root: i64, gain: i16) -> i64 {
        // At most 76 bits, and 38 fewer after the shift.
        let product = i128::from(x) * i128::from(root) * i128::from(gain);
        let shift = u32::from(BITS) + u32::from(self.shift);
        i64::try_from((product + (1i128 << (shift - 1))) >> shift).unwrap_or(if product < 0 {
            i64::MIN
        } else {
            i64::MAX
        })
    }

    /// The [`reciprocal_root`] of the energy of a row.
    ///
    /// # Errors
    /// The row is longer than [`MAX_WIDTH`], or a coordinate has more than 24 bits.
    pub fn root(self, x: &[i32]) -> Result<i64, Refused> {
        self.energy(x).map(|(d, m)| reciprocal_root(m, d))
    }

    /// Whether r is the [`Norm::root`] of a row, by two comparisons instead of a root.
    #[must_use]
    pub fn is_root(self, x: &[i32], r: i64) -> bool {
        self.energy(x).is_ok_and(|(d, m)| is_reciprocal_root(m, d, r))
    }
}

/// `floor(2^38 / sqrt(m / d))`, the r with `r^2 m <= 2^76 d < (r + 1)^2 m`. It is at most `2^38` when `m >= d`, and 0 for `m = 0`.
#[must_use]
pub fn reciprocal_root(m: u64, d: u32) -> i64 {
    let Some(quotient) = scaled(d).checked_div(u128::from(m)) else { return 0 };
    // The root of a number below 2^(76 + 32) is below 2^54.
    i64::try_from(quotient.isqrt()).unwrap_or(i64::MAX)
}

/// Whether r is [`reciprocal_root`] of m and d, for positive m: two multiplications and two comparisons, and no search.
#[must_use]
pub fn is_reciprocal_root(m: u64, d: u32, r: i64) -> bool {
    let Ok(r) = u64::try_from(r) else { return false };
    let square = |r: u128| r.checked_mul(r)?.checked_mul(u128::from(m));
    let (low, high) = (square(u128::from(r)), square(u128::from(r) + 1));
    low.is_some_and(|low| low <= scaled(d)) && high.is_none_or(|high| high > scaled(d))
}

/// `2^76 d`.
fn scaled(d: u32) -> u128 {
    u128::from(d) << (2 * BITS)
}
