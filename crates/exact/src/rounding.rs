//! Who computes linear layers: exactly, or in floats that are rounded to whole numbers, and how far the latter may be from the former.
//!
//! There are no floats here: a worker hands over what it has rounded, and bounds are computed in integers. The bounds are the usual ones for sums of
//! products in any order of summation (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1): with a unit roundoff u and n roundings on
//! the way of a product into the sum, a computed sum differs from the exact one by at most `n u / (1 - n u)` times the sum of the sizes of the
//! products. Here u is `2^-b`, so that is `n / (2^b - n)`. Factors are whole numbers, so nothing underflows.

use crate::heads::{Handed, Heads};
use crate::linear::{Grid, vectored};
use crate::matrix::Matrix;
use crate::refused::Refused;
use crate::spec::Bits;
use bfv_cert::certificate::Lane;
use bfv_cert::digest::Digest;

/// The bits b of the coarsest unit roundoff `2^-b` that answers may be computed with: residuals have bytes enough for it.
pub const COARSEST: u32 = 22;
/// The bits of the unit roundoff of single precision. Whole numbers up to `2^24` in size are exact there.
pub const SINGLE: u32 = 24;

/// The sums of a linear layer, as they were computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product<S> {
    /// A row for each token.
    pub sums: Matrix<S>,
    /// What is missing to the exact sums, in the lane where that is committed too.
    pub residuals: Option<Matrix<i64>>,
}

/// Who computes the products of linear layers.
pub trait Arithmetic<G: Grid> {
    /// What it keeps of the keys and values of a layer beside those of [`crate::forward::State`], in which it lies. So it is that of one answer, follows each block in
    /// turn, and is gone when a block is refused.
    type Held: Default;

    /// The lane in which answers that are computed in this way can be checked.
    fn lane(&self) -> Lane;
    /// `W x` for each token x, or whole numbers that are near to it and at most [`largest_sum`] in size.
    ///
    /// # Errors
    /// As [`vectored`].
    fn product(&self, w: &Matrix<G>, x: &Matrix<G>) -> Result<Product<G::Sum>, Refused>;

    /// The same, and the hash of the cell that the sums are committed in, with so many bytes for each, where it is known without them: that of
    /// [`crate::commit::write`]. Whoever does not know it gives none.
    ///
    /// # Errors
    /// As [`Arithmetic::product`].
    fn product_hashed(
        &self,
        w: &Matrix<G>,
        x: &Matrix<G>,
        width: usize,
    ) -> Result<(Product<G::Sum>, Option<Digest>), Refused> {
        let _ = width;
        Ok((self.product(w, x)?, None))
    }

    /// Attention of all heads, which is exact in every lane: [`Heads::each`], or the same numbers from elsewhere.
    ///
    /// # Errors
    /// As there.
    fn attention(
        &self,
        heads: &Heads<'_>,
        held: &mut Self::Held,
        done: &mut dyn FnMut(Handed) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let _ = held;
        heads.each(done)
    }
}

/// By integers: [`vectored`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact;

impl<G: Grid> Arithmetic<G> for Exact {
    type Held = ();

    fn lane(&self) -> Lane {
        Lane::Exact
    }

    fn product(&self, w: &Matrix<G>, x: &Matrix<G>) -> Result<Product<G::Sum>, Refused> {
        Ok(Product { sums: vectored(w, x)?, residuals: None })
    }
}

/// The largest size of a number on a grid.
#[must_use]
pub fn largest(grid: Bits) -> u64 {
    match grid {
        Bits::Eight => 1 << 7,
        Bits::Sixteen => 1 << 15,
    }
}

/// The largest size of a sum of k products on a grid; k has at most 20 bits.
#[must_use]
pub fn largest_sum(grid: Bits, k: usize) -> u64 {
    u64::try_from(k).unwrap_or(u64::MAX).saturating_mul(largest(grid) * largest(grid))
}

/// How far a sum of k products may be from the exact one when it was computed in floats with the unit roundoff `2^-bits`, in any order, and then
/// rounded to a whole number. `size` bounds the sum of the sizes of the products. Nothing where k is too large for the roundoff.
///
/// That is the largest whole number up to `n / (2^bits - n) size + 1/2`. A product of numbers of 8 bits is exact, so n is `k - 1`; one of numbers
/// of 16 bits may have 30 bits and is rounded too, so n is k. In single precision all is exact when `size` is at most `2^24`, as every partial sum is a
/// whole number of at most that size.
#[must_use]
pub fn tolerance(grid: Bits, k: usize, size: u64, bits: u32) -> Option<u64> {
    if bits >= SINGLE && size <= 1 << SINGLE {
        return Some(0);
    }
    let k = u64::try_from(k).ok()?;
    let n = match grid {
        Bits::Eight => k.saturating_sub(1),
        Bits::Sixteen => k,
    };
    let rest = u128::from(1u64.checked_shl(bits)?.checked_sub(n).filter(|rest| *rest > 0)?);
    // Both factors have at most 64 bits.
    let far = u128::from(n).checked_mul(u128::from(size))?.checked_mul(2)?.checked_add(rest)?;
    u64::try_from(far / (2 * rest)).ok()
}

/// The bytes of a residual of a sum of k products: the fewest that hold the tolerance of any row, with the roundoff of [`COARSEST`]. None where that
/// is always 0.
#[must_use]
pub fn residual_bytes(grid: Bits, k: usize) -> usize {
    match tolerance(grid, k, largest_sum(grid, k), COARSEST) {
        Some(0) => 0,
        Some(most) => (1..8).find(|bytes| most < 1 << (8 * bytes - 1)).unwrap_or(8),
        None => 8,
    }
}
