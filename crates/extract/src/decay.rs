//! Tables of the exponential function.

use crate::property::Ratio;
use bfv_exact::Refused;
use bfv_exact::fixed::{BITS, exp_minus, ln2, to_unit};
use bfv_exact::program::MAX_TABLE;

/// Entry 0 of a table stands for 1.
pub const DECAY_BITS: u32 = 30;

/// `exp (-step q)` for q from 0 to a last one, in units of `1/2^30`, to nearest. How near the entries are is proved where it matters.
///
/// # Errors
/// The step is not positive, or there are too many entries.
pub fn decay(step: Ratio, last: u32) -> Result<Vec<i64>, Refused> {
    let (num, den) = step.parts();
    if num <= 0 {
        return Err(Refused::new("a table", format!("the step is {step}, and must be positive")));
    }
    if usize::try_from(last).map_or(true, |last| last >= MAX_TABLE) {
        return Err(Refused::new("a table", format!("the last place is {last}, of {MAX_TABLE} entries")));
    }
    let ln2 = ln2();
    // Above 64 the function is 0 in these units, so a product that is too large may stand for any such number.
    let argument = |q: u32| {
        let scaled = i128::from(num).checked_mul(i128::from(q)).and_then(|n| n.checked_mul(1 << BITS));
        scaled.map_or(i128::MAX, |n| n / i128::from(den))
    };
    Ok((0..=last).map(|q| to_unit(exp_minus(ln2, argument(q)), DECAY_BITS)).collect())
}
