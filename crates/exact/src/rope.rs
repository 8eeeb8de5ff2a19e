//! Rotary positions: each pair of coordinates of a head is turned by an angle that is the position times a frequency.

use crate::fixed;
use crate::matrix::Matrix;
use crate::refused::{Refused, index};
use crate::requantise::Saturate;

/// Fraction bits of sines and cosines: 1 is 16,384.
const UNIT: u8 = 14;
/// The most positions.
pub const MAX_POSITIONS: u32 = 1 << 20;
/// The most pairs, all positions together.
pub const MAX_PAIRS: u32 = 1 << 24;

/// Cosines and sines of every pair of a head at the positions from 0 on, position after position, in units of `2^-60`, within `2^34` of them.
///
/// # Errors
/// As [`Rope::new`].
pub fn angles(width: u32, base: u32, positions: u32) -> Result<impl Iterator<Item = (i128, i128)>, Refused> {
    let place = "rotary positions";
    if !width.is_multiple_of(2) || width == 0 || width > 1024 {
        return Err(Refused::new(place, format!("a head of width {width} has no pairs, or more than 512")));
    }
    if base < 2 {
        return Err(Refused::new(place, format!("the base is {base}, and must be at least 2")));
    }
    let pairs = width / 2;
    if positions == 0 || positions > MAX_POSITIONS || positions > MAX_PAIRS / pairs {
        let why = format!(
            "{positions} positions of {pairs} pairs are none, or more than {MAX_POSITIONS} or {MAX_PAIRS} pairs"
        );
        return Err(Refused::new(place, why));
    }
    // The logarithm is within 2^12 units of 2^-60, so a frequency is within 2^13 and an angle within 2^33 of them.
    let (ln2, log) = (fixed::ln2(), fixed::ln(base));
    let frequencies: Vec<i128> =
        (0..pairs).map(|i| fixed::exp_minus(ln2, log * i128::from(i) / i128::from(pairs))).collect();
    let quarter = fixed::quarter_turn();
    let turn = move |angle: i128| {
        let (sine, cosine) = fixed::sin_cos(quarter, angle);
        (cosine, sine)
    };
    let row = move |position: i128| -> Vec<(i128, i128)> { frequencies.iter().map(|f| turn(position * f)).collect() };
    Ok((0..i128::from(positions)).flat_map(row))
}

/// Sines and cosines by integer arithmetic.
///
/// Pair i of a head of width d has the frequency `base^(-2 i / d)`. An entry is within `1/2 + 2^-12` of `2^14` times the sine or
/// cosine, so it is the nearest whole number except where the exact value is that near to a tie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rope {
    /// A row for each position: the cosines of all pairs, then their sines.
    turns: Matrix<i16>,
}

impl Rope {
    /// The table for heads of a width and positions from 0.
    ///
    /// # Errors
    /// The width is odd, 0 or above 1,024, the base is below 2, or there are no or too many positions.
    pub fn new(width: u32, base: u32, positions: u32) -> Result<Self, Refused> {
        let place = "rotary positions";
        let pairs = index(width / 2);
        let mut angles = angles(width, base, positions)?;
        let mut turns = Matrix::filled(place, index(positions), index(width), 0)?;
        for row in turns.each_row_mut() {
            let (cosines, sines) = row.split_at_mut(pairs);
            for ((cosine, sine), (c, s)) in cosines.iter_mut().zip(sines).zip(angles.by_ref()) {
                *sine = fixed::to_unit(s, u32::from(UNIT));
                *cosine = fixed::to_unit(c, u32::from(UNIT));
            }
        }
        Ok(Self { turns })
    }

    /// The number of positions.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.turns.rows()
    }

    /// The width of a head.
    #[must_use]
    pub fn width(&self) -> usize {
        self.turns.cols()
    }

    /// The entries in order, each as two bytes, the low one first.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        self.turns.entries().iter().flat_map(|e| e.to_le_bytes())
    }

    /// Cosines and sines at a position, one of each for each pair; none where there is no such position.
    #[must_use]
    pub fn turns(&self, position: usize) -> (&[i16], &[i16]) {
        self.turns.row(position).split_at_checked(self.width() / 2).unwrap_or_default()
    }

    /// A sum of products with a cosine and a sine, rounded as the entries of a turned head are.
    #[must_use]
    #[inline]
    pub fn round(sum: i32) -> i16 {
        i16::saturate(i64::from(sum.wrapping_add(1 << (UNIT - 1)) >> UNIT))
    }

    /// Turns every head of every row; row t stands at the position `first + t`. With c and s of the pair,
    /// `(a, b)` becomes `(round((a c - b s) / 2^14), round((b c + a s) / 2^14))`, where `round(z) = floor(z + 1/2)`, saturated.
    /// The pair i of a head of width d is its coordinates i and `i + d/2`.
    ///
    /// # Errors
    /// The rows are no whole number of heads, or a position has no angle.
    pub fn apply(&self, x: &mut Matrix<i16>, first: usize) -> Result<(), Refused> {
        let place = "rotary positions";
        let d = self.width();
        if !x.cols().is_multiple_of(d) {
            return Err(Refused::new(place, format!("{} coordinates are no whole number of heads of {d}", x.cols())));
        }
        if first.saturating_add(x.rows()) > self.positions() {
            let why = format!("{} tokens from position {first} exceed {} positions", x.rows(), self.positions());
            return Err(Refused::new(place, why));
        }
        for (x, turn) in x.each_row_mut().zip(self.turns.each_row().skip(first)) {
            let (cosines, sines) = turn.split_at(d / 2);
            for head in x.chunks_exact_mut(d) {
                let (low, high) = head.split_at_mut(d / 2);
                for ((low, high), (&c, &s)) in low.iter_mut().zip(high).zip(cosines.iter().zip(sines)) {
                    let [a, b, c, s] = [*low, *high, c, s].map(i32::from);
                    // Each product is at most 2^29, and the half 2^13, so nothing wraps.
                    *low = Self::round(a.wrapping_mul(c).wrapping_sub(b.wrapping_mul(s)));
                    *high = Self::round(b.wrapping_mul(c).wrapping_add(a.wrapping_mul(s)));
                }
            }
        }
        Ok(())
    }
}
