//! From floats to the numbers of a specification.

use bfv_exact::Refused;
use bfv_exact::requantise::Scale;
use bfv_model::config::Decimal;

/// The nearest whole number, ties away from zero; what does not fit becomes the nearest that does, and what is no number 0.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, as it should")]
pub(crate) fn whole(x: f64) -> i64 {
    x.round() as i64
}

/// A count as a float. Counts here have far fewer than 53 bits.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub(crate) fn count(n: usize) -> f64 {
    n as f64
}

/// A decimal number as the nearest float. Its digits and power are those of a number that can be parsed.
pub(crate) fn float(x: Decimal) -> f64 {
    x.to_string().parse().unwrap_or(f64::NAN)
}

/// The scale that is nearest to x, with a multiplier of 31 bits, or fewer where the shift would be above 62.
///
/// # Errors
/// It is 0, below `2^-63`, or above `2^31`.
pub(crate) fn scale(x: f64) -> Result<Scale, Refused> {
    let shift = (30.0 - x.log2().floor()).clamp(0.0, 62.0);
    let (mut multiplier, mut shift) = (whole(x * shift.exp2()), whole(shift));
    if multiplier == 1 << 31 && shift > 0 {
        (multiplier, shift) = (multiplier / 2, shift - 1);
    }
    let refuse = || Refused::new("a scale", format!("{x} is no scale from 2^-62 to 2^31"));
    let multiplier = i32::try_from(multiplier).map_err(|_| refuse())?;
    let shift = u8::try_from(shift).map_err(|_| refuse())?;
    Scale::new(multiplier, shift).map_err(|_| refuse())
}

#[cfg(test)]
mod tests {
    use super::{scale, whole};

    #[test]
    #[allow(clippy::unwrap_used)]
    fn a_scale_is_near_to_what_it_stands_for() {
        let mut x = 2f64.powi(-30);
        while x < 2f64.powi(30) {
            let s = scale(x).unwrap();
            let value = f64::from(s.multiplier()) / f64::from(s.shift()).exp2();
            assert!((value / x - 1.0).abs() <= 2f64.powi(-31), "{x} became {value}");
            x *= 1.37;
        }
        // Just below a power of two, the multiplier is rounded up to it.
        let s = scale(1.0 - 2f64.powi(-40)).unwrap();
        assert_eq!((s.multiplier(), s.shift()), (1 << 30, 30));
    }

    #[test]
    fn what_is_no_scale_is_refused() {
        for x in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2f64.powi(31), 2f64.powi(-64), 1e-300] {
            assert!(scale(x).is_err(), "{x}");
        }
    }

    #[test]
    fn rounding_saturates() {
        assert_eq!([2.5, -2.5, 2.4].map(whole), [3, -3, 2]);
        assert_eq!([f64::NAN, 1e300, -1e300].map(whole), [0, i64::MAX, i64::MIN]);
    }
}
