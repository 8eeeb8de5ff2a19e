//! How large the rows of weights are, and the tolerances that follow: from specification and weights, and never from a certificate.

use crate::keys::{Weight, linear_layers, place};
use bfv_exact::Matrix;
use bfv_exact::forward::Op;
use bfv_exact::model::Model;
use bfv_exact::rounding::{largest, tolerance};
use bfv_exact::spec::Bits;

/// Twice the logarithm of 2 to the 41, rounded up.
const FACTOR: u128 = 57;

/// The rows of one matrix.
#[derive(Debug, Clone)]
pub struct RowSizes {
    grid: Bits,
    columns: usize,
    /// For each row, the sum of the sizes of its entries, and the largest of them.
    rows: Vec<(u64, u64)>,
}

impl RowSizes {
    /// Measures the rows of a matrix.
    #[must_use]
    pub fn new<G: Weight>(w: &Matrix<G>) -> RowSizes {
        let size = |row: &[G]| {
            let sizes = || row.iter().map(|&w| w.into().unsigned_abs());
            // At most 2^20 entries of 16 bits.
            (sizes().sum(), sizes().max().unwrap_or(0))
        };
        RowSizes { grid: G::BITS, columns: w.cols(), rows: w.each_row().map(size).collect() }
    }

    /// How far an entry of each row may be from the exact sum, with the unit roundoff `2^-bits`: [`tolerance`] of the sum of sizes of the row times the
    /// largest number of the grid. Where nothing bounds it, the largest number of 63 bits: then nothing is known of the entry.
    #[must_use]
    pub fn tolerances(&self, bits: u32) -> Vec<i64> {
        let most = largest(self.grid);
        let one = |(sum, _): &(u64, u64)| {
            let far = tolerance(self.grid, self.columns, sum.saturating_mul(most), bits);
            far.and_then(|far| i64::try_from(far).ok()).unwrap_or(i64::MAX)
        };
        self.rows.iter().map(one).collect()
    }

    /// For each row, how far its product with numbers may be from that with others, where `most` bounds the differences of these and `sum` the sum of
    /// the sizes of the differences: the smaller of Hoelder's two bounds.
    pub(crate) fn moved(&self, most: u64, sum: u64) -> impl Iterator<Item = i64> {
        self.rows.iter().map(move |(all, largest)| {
            let far = all.saturating_mul(most).min(largest.saturating_mul(sum));
            i64::try_from(far).unwrap_or(i64::MAX)
        })
    }
}

/// The rows of all linear layers of a model.
#[derive(Debug, Clone)]
pub struct Sizes(Vec<RowSizes>);

impl Sizes {
    /// Measures all weights, once for a model.
    #[must_use]
    pub fn new<G: Weight>(model: &Model<G>) -> Sizes {
        Sizes(linear_layers(model).map(RowSizes::new).collect())
    }

    /// Those of a linear layer, in a layer from 1; nothing where there is none.
    #[must_use]
    pub fn of(&self, layer: u32, op: Op) -> Option<&RowSizes> {
        place(self.0.len(), layer, op).and_then(|i| self.0.get(i))
    }
}

/// What the sum of differences with random signs must not exceed, where each difference is within its tolerance: `sqrt(57 sum of their squares)`, but no
/// more than the sum of tolerances, which no signs exceed. An honest product exceeds the root for at most `2^-40` of all signs (Hoeffding's inequality
/// with `2 exp(-57/2) < 2^-40`).
#[must_use]
pub fn threshold(tolerances: &[i64]) -> i128 {
    let sizes = || tolerances.iter().map(|t| u128::from(t.unsigned_abs()));
    let sum = sizes().fold(0, u128::saturating_add);
    let squares = sizes().fold(0u128, |all, t| all.saturating_add(t.saturating_mul(t)));
    // A root of 128 bits has 64.
    i128::try_from(squares.saturating_mul(FACTOR).isqrt().min(sum)).unwrap_or(i128::MAX)
}
