//! The check of one linear layer for many tokens.

use crate::combine::{COMBINATIONS, Entry, combine};
use crate::field;
use crate::keys::Key;
use bfv_exact::Matrix;

/// Whether `y = W x` for tokens as rows, as far as a key and coefficients can tell: a right product always passes. Entries of x are of `x_bits`
/// bits beside the sign; an entry of y with more than `y_bits` fails.
#[must_use]
pub fn passes<X: Entry, Y: Entry>(
    key: &Key,
    coefficients: &[[u32; COMBINATIONS]],
    (x, x_bits): (&Matrix<X>, u32),
    (y, y_bits): (&Matrix<Y>, u32),
) -> bool {
    let fits = x.rows() == y.rows() && x.cols() == key.v.len() && y.cols() == key.r.len();
    let (Some(x), Some(y)) = (combine(x, x_bits, coefficients), combine(y, y_bits, coefficients)) else {
        return false;
    };
    fits && x.iter().zip(&y).all(|(x, y)| field::dot(&key.v, x) == field::dot(&key.r, y))
}

/// The same for one token, without coefficients. Entries have at most 55 bits.
#[must_use]
pub fn row_passes<X: Copy + Into<i64>, Y: Copy + Into<i64>>(key: &Key, x: &[X], y: &[Y]) -> bool {
    field::dot_small(&key.v, x) == field::dot_small(&key.r, y)
}
