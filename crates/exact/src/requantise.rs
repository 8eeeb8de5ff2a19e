//! From the grid of an accumulator to that of an activation. What is small here is inlined into the loops of other crates.

use crate::matrix::Matrix;
use crate::refused::Refused;

/// The largest shift of a scale.
pub const MAX_SHIFT: u8 = 62;

/// A positive scale `multiplier / 2^shift`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    multiplier: i32,
    shift: u8,
}

impl Scale {
    /// A scale.
    ///
    /// # Errors
    /// The multiplier is below 1, or the shift above [`MAX_SHIFT`].
    pub fn new(multiplier: i32, shift: u8) -> Result<Self, Refused> {
        if multiplier < 1 {
            return Err(Refused::new("a scale", format!("the multiplier is {multiplier}, and must be at least 1")));
        }
        if shift > MAX_SHIFT {
            return Err(Refused::new("a scale", format!("the shift is {shift}, and must be at most {MAX_SHIFT}")));
        }
        Ok(Self { multiplier, shift })
    }

    /// The multiplier, from 1 to `2^31 - 1`.
    #[must_use]
    pub fn multiplier(self) -> i32 {
        self.multiplier
    }

    /// The shift, from 0 to [`MAX_SHIFT`].
    #[must_use]
    pub fn shift(self) -> u8 {
        self.shift
    }

    /// `a` scaled and rounded: `floor(a * multiplier / 2^shift + 1/2)`, so to nearest, and ties upwards; what has more than 64 bits
    /// becomes the nearest number of 64 bits.
    #[must_use]
    #[inline]
    pub fn round(self, a: i64) -> i64 {
        if let Ok(small) = i32::try_from(a) {
            // At most 2^62 in size.
            return round_shift(i64::from(small).wrapping_mul(i64::from(self.multiplier)), self.shift);
        }
        // At most 2^94 in size.
        let product = i128::from(a) * i128::from(self.multiplier);
        let shift = u32::from(self.shift);
        let rounded = product.wrapping_add(1i128.wrapping_shl(shift) >> 1).wrapping_shr(shift);
        i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
    }

    /// `a` scaled, rounded, and brought to the nearest number of the type.
    #[must_use]
    pub fn apply<T: Saturate>(self, a: i64) -> T {
        T::saturate(self.round(a))
    }

    /// [`Scale::apply`] of every entry.
    #[must_use]
    pub fn apply_all<S: Copy + Into<i64>, T: Saturate>(self, a: &Matrix<S>) -> Matrix<T> {
        a.map(|a| self.apply(a.into()))
    }
}

/// `floor(a / 2^shift + 1/2)`, for a of at most `2^62` in size and a shift of at most [`MAX_SHIFT`], so that nothing wraps.
#[inline]
pub(crate) fn round_shift(a: i64, shift: u8) -> i64 {
    let shift = u32::from(shift);
    a.wrapping_add(1i64.wrapping_shl(shift) >> 1).wrapping_shr(shift)
}

/// A type of numbers to which others are brought by saturation: what is below its least number becomes that, what is above its
/// largest becomes that, and all others stay.
pub trait Saturate: Copy + Default + Into<i64> {
    /// The nearest number of the type.
    fn saturate(a: i64) -> Self;
}

macro_rules! saturate {
    ($($t:ty),*) => {$(
        impl Saturate for $t {
            #[inline]
            fn saturate(a: i64) -> Self {
                Self::try_from(a).unwrap_or(if a < 0 { Self::MIN } else { Self::MAX })
            }
        }
    )*};
}
saturate!(i8, i16, i32, i64);
