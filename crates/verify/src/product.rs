//! The check of one linear layer for many tokens.

use crate::combine::{Coefficients, Combination, Rows, combine};
use crate::field;
use crate::keys::Key;

/// Tokens that were combined, for each repetition of the check.
pub type Combined = Vec<Combination>;

/// The combinations of tokens, once for all layers that they go into. Nothing where [`combine`] gives nothing.
#[must_use]
pub fn combined(x: &Rows<'_>, bits: u32, coefficients: &[Coefficients]) -> Option<Combined> {
    coefficients.iter().map(|c| combine(x, bits, c)).collect()
}

/// Whether `y = W x` for all tokens, as far as keys can tell, each key for one repetition: a right product always passes. Both sides are
/// combined with the same coefficients.
#[must_use]
pub fn passes(keys: &[Key], x: &Combined, y: &Combined) -> bool {
    let agree = |key: &Key, x: &Combination, y: &Combination| {
        x.iter().zip(y).all(|(x, y)| {
            x.len() == key.v.len() && y.len() == key.r.len() && field::dot(&key.v, x) == field::dot(&key.r, y)
        })
    };
    !keys.is_empty()
        && [x.len(), y.len()] == [keys.len(); 2]
        && keys.iter().zip(x.iter().zip(y)).all(|(key, (x, y))| agree(key, x, y))
}

/// The same for one token, without coefficients. Entries have at most 55 bits.
#[must_use]
pub fn row_passes<X: Copy + Into<i64>, Y: Copy + Into<i64>>(key: &Key, x: &[X], y: &[Y]) -> bool {
    field::dot_small(&key.v, x) == field::dot_small(&key.r, y)
}
