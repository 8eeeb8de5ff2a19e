//! One product in the lanes of floats: the checks that `sctt/tolerance.sctt` is about. What they mean for a whole answer is said where the crate begins.

use crate::combine::{Coefficients, Rows};
use crate::keys::{Key, Weight};
use crate::product::{Combined, combined, passes};
use bfv_exact::Matrix;

/// What a check of a float product found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Near {
    /// Within the tolerance, as far as the check can tell.
    Within,
    /// A residual is larger than its tolerance, at this row and column.
    Residual(usize, usize),
    /// The product is not `c y + e`.
    Product,
    /// The signed sums differ by more than allowed, for this row and this vector of signs.
    Signs(usize, usize),
    /// Shapes differ, or numbers are too large for the check.
    Shape,
}

/// The sums `c y + e` of a product with its residuals; nothing where shapes differ, or one has more than 64 bits.
pub(crate) fn completed<Y: Copy + Into<i64>>(scale: i64, y: &Matrix<Y>, e: &Matrix<i64>) -> Option<Matrix<i64>> {
    if (e.rows(), e.cols()) != (y.rows(), y.cols()) {
        return None;
    }
    let sums = y.entries().iter().zip(e.entries()).map(|(&y, &e)| y.into().checked_mul(scale)?.checked_add(e));
    Matrix::new("sums with residuals", y.rows(), y.cols(), sums.collect::<Option<Vec<i64>>>()?).ok()
}

/// The lane of residuals, lemma `residual_check`: `W x = c y + e` exactly, and each `|e|` is at most its tolerance, which comes from the
/// specification and not from the worker. A y that is farther from its product than the tolerance passes with the probability of
/// [`passes`]; there is no tolerance in the sum. `x` are the combinations of the tokens, and `sum_bits`, at most 51, those of
/// [`crate::keys::sum_bits`]: what is outside of them is no sum, so nothing wraps.
#[must_use]
pub fn residual<Y: Copy + Into<i64>>(
    keys: &[Key],
    coefficients: &[Coefficients],
    x: &Combined,
    (scale, y, e): (i64, &Matrix<Y>, &Matrix<i64>),
    tolerance: &[i64],
    sum_bits: u32,
) -> Near {
    if tolerance.len() != y.cols() || e.cols() != y.cols() || sum_bits > 51 {
        return Near::Shape;
    }
    for (t, e) in e.each_row().enumerate() {
        let larger = |(e, most): (&i64, &i64)| i128::from(*e).abs() > i128::from(*most);
        if let Some(i) = e.iter().zip(tolerance).position(larger) {
            return Near::Residual(t, i);
        }
    }
    let Some(sums) = completed(scale, y, e) else { return Near::Shape };
    let bytes: Vec<[u8; 8]> = sums.entries().iter().map(|sum| sum.to_le_bytes()).collect();
    let rows = Rows { rows: bytes.as_flattened().chunks(8 * y.cols()).collect(), width: 8 };
    match combined(&rows, sum_bits, coefficients) {
        Some(y) if passes(keys, x, &y) => Near::Within,
        _ => Near::Product,
    }
}

/// A vector of signs, `true` for 1 and `false` for -1, and [`signed_rows`] of it.
pub type Signs = (Vec<bool>, Vec<i64>);

/// The combination of the rows of W with signs: `true` stands for 1, `false` for -1.
#[must_use]
pub fn signed_rows<G: Weight>(w: &Matrix<G>, signs: &[bool]) -> Vec<i64> {
    let mut v = vec![0i64; w.cols()];
    for (row, sign) in w.each_row().zip(signs) {
        v.iter_mut().zip(row).for_each(|(v, &w)| *v += if *sign { w.into() } else { -w.into() });
    }
    v
}

/// The lane of tolerances, lemma `signs_repeated`: for each vector of signs and each token, `|r (c y - W x)| <= t`. Where one entry of `c y`
/// is farther than t from its product, each independent vector passes with probability at most 1/2. Signs come with their [`signed_rows`].
#[must_use]
pub fn tolerance<X: Copy + Into<i64>, Y: Copy + Into<i64>>(
    signs: &[Signs],
    x: &Matrix<X>,
    scale: i64,
    y: &Matrix<Y>,
    t: i128,
) -> Near {
    if signs.is_empty() || x.rows() != y.rows() {
        return Near::Shape;
    }
    let rows = x.each_row().zip(y.each_row()).map(|(x, y)| row_tolerance(signs, x, scale, y, t));
    rows.enumerate().find(|(_, near)| *near != Near::Within).map_or(Near::Within, |(row, near)| match near {
        Near::Signs(_, n) => Near::Signs(row, n),
        other => other,
    })
}

/// The same for one token, as row 0.
pub(crate) fn row_tolerance<X: Copy + Into<i64>, Y: Copy + Into<i64>>(
    signs: &[Signs],
    x: &[X],
    scale: i64,
    y: &[Y],
    t: i128,
) -> Near {
    if t < 0 || !signs.iter().all(|(signs, v)| signs.len() == y.len() && v.len() == x.len()) {
        return Near::Shape;
    }
    for (n, (signs, v)) in signs.iter().enumerate() {
        match distance(signs, v, x, scale, y) {
            Some(distance) if distance <= t.unsigned_abs() => (),
            Some(_) => return Near::Signs(0, n),
            None => return Near::Shape,
        }
    }
    Near::Within
}

/// The size of `r (c y) - v x`; nothing where it has more than 127 bits.
fn distance<X: Copy + Into<i64>, Y: Copy + Into<i64>>(
    signs: &[bool],
    v: &[i64],
    x: &[X],
    scale: i64,
    y: &[Y],
) -> Option<u128> {
    // Each product has at most 126 bits.
    let own = signs.iter().zip(y).try_fold(0i128, |sum, (sign, &y)| {
        let y = i128::from(y.into()) * i128::from(scale);
        sum.checked_add(if *sign { y } else { -y })
    })?;
    let product = |sum: i128, (&v, &x): (&i64, &X)| sum.checked_add(i128::from(v) * i128::from(x.into()));
    let exact = v.iter().zip(x).try_fold(0, product)?;
    Some(own.checked_sub(exact)?.unsigned_abs())
}
