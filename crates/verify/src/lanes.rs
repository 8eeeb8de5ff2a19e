//! One product in the lanes of floats, as whole numbers on a declared grid.
//!
//! These are the checks that `sctt/tolerance.sctt` is about. A float answer as a whole is not judged by them: that needs a specification of the
//! float operations between products, which version 1 does not have.

use crate::combine::{Coefficients, Rows};
use crate::keys::{Key, Weight};
use crate::product::{combined, passes};
use bfv_exact::Matrix;

/// What a check of a float product found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Near {
    /// Within the tolerance, as far as the check can tell. In the lane of tolerances this is no acceptance.
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

/// The lane of residuals, lemma `residual_check`: `W x = c y + e` exactly, and each `|e|` is at most its tolerance, which comes from the
/// specification and not from the worker. A y that is farther from its product than the tolerance passes with the probability of
/// [`passes`]; there is no tolerance in the sum.
#[must_use]
pub fn residual(
    keys: &[Key],
    coefficients: &[Coefficients],
    (x, x_bits): (&Rows<'_>, u32),
    (scale, y, e): (i64, &Matrix<i64>, &Matrix<i64>),
    tolerance: &[i64],
    sum_bits: u32,
) -> Near {
    if (e.rows(), e.cols()) != (y.rows(), y.cols())
        || tolerance.len() != y.cols()
        || x.rows.len() != y.rows()
        || sum_bits > 51
    {
        return Near::Shape;
    }
    for (t, e) in e.each_row().enumerate() {
        let larger = |(e, most): (&i64, &i64)| i128::from(*e).abs() > i128::from(*most);
        if let Some(i) = e.iter().zip(tolerance).position(larger) {
            return Near::Residual(t, i);
        }
    }
    let sums = y.entries().iter().zip(e.entries()).map(|(&y, &e)| y.checked_mul(scale)?.checked_add(e));
    let Some(sums) = sums.map(|sum| sum.map(i64::to_le_bytes)).collect::<Option<Vec<[u8; 8]>>>() else {
        return Near::Shape;
    };
    let rows = Rows { rows: sums.as_flattened().chunks(8 * y.cols()).collect(), width: 8 };
    match (combined(x, x_bits, coefficients), combined(&rows, sum_bits, coefficients)) {
        (Some(x), Some(y)) if passes(keys, &x, &y) => Near::Within,
        _ => Near::Product,
    }
}

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
pub fn tolerance<X: Copy + Into<i64>>(
    signs: &[(Vec<bool>, Vec<i64>)],
    x: &Matrix<X>,
    scale: i64,
    y: &Matrix<i64>,
    t: i128,
) -> Near {
    let fits = |(signs, v): &(Vec<bool>, Vec<i64>)| signs.len() == y.cols() && v.len() == x.cols();
    if signs.is_empty() || !signs.iter().all(fits) || x.rows() != y.rows() || t < 0 {
        return Near::Shape;
    }
    for (row, (x, y)) in x.each_row().zip(y.each_row()).enumerate() {
        for (n, (signs, v)) in signs.iter().enumerate() {
            match distance(signs, v, x, scale, y) {
                Some(distance) if distance <= t.unsigned_abs() => (),
                Some(_) => return Near::Signs(row, n),
                None => return Near::Shape,
            }
        }
    }
    Near::Within
}

/// The size of `r (c y) - v x`; nothing where it has more than 127 bits.
fn distance<X: Copy + Into<i64>>(signs: &[bool], v: &[i64], x: &[X], scale: i64, y: &[i64]) -> Option<u128> {
    // Each product has at most 126 bits.
    let own = signs.iter().zip(y).try_fold(0i128, |sum, (sign, &y)| {
        let y = i128::from(y) * i128::from(scale);
        sum.checked_add(if *sign { y } else { -y })
    })?;
    let product = |sum: i128, (&v, &x): (&i64, &X)| sum.checked_add(i128::from(v) * i128::from(x.into()));
    let exact = v.iter().zip(x).try_fold(0, product)?;
    Some(own.checked_sub(exact)?.unsigned_abs())
}
