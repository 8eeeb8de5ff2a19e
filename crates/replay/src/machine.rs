//! What computes: the operations of single precision on bits, and sums of products.

use crate::format::Format;

/// A machine with the operations of IEEE 754 in single precision, rounded to nearest with ties to even. Numbers are bits of single precision.
///
/// Two machines with one order of sums agree in every bit of whatever is a number. So whoever uses one for the other must see to
/// that: subnormal numbers are kept, and nothing is fused or put in another order.
pub trait Machine {
    /// The sum.
    fn add(&self, a: u32, b: u32) -> u32;

    /// The product.
    fn mul(&self, a: u32, b: u32) -> u32;

    /// The quotient.
    fn div(&self, a: u32, b: u32) -> u32;

    /// The square root.
    fn sqrt(&self, a: u32) -> u32;

    /// The sum of the products of two lists of one length, in the order of the machine. Where one is longer, its rest is left out.
    fn dot(&self, a: &[u32], b: &[u32]) -> u32;

    /// The difference: the sum with the negative.
    fn sub(&self, a: u32, b: u32) -> u32 {
        self.add(a, negative(b))
    }

    /// The dot product of each row of a matrix in this format with a list as long as a row.
    fn rows(&self, format: Format, matrix: &[u16], x: &[u32]) -> Vec<u32> {
        let mut row = Vec::with_capacity(x.len());
        let rows = matrix.chunks_exact(x.len().max(1));
        rows.map(|entries| {
            row.clear();
            row.extend(entries.iter().map(|w| format.widen((*w).into())));
            self.dot(&row, x)
        })
        .collect()
    }
}

/// The number with the other sign.
#[must_use]
pub const fn negative(a: u32) -> u32 {
    a ^ 0x8000_0000
}

/// Whether one number is less than another; both zeros are equal.
#[must_use]
pub fn less(a: u32, b: u32) -> bool {
    key(a) < key(b)
}

/// A whole number with the order of the numbers.
fn key(a: u32) -> i64 {
    let size = i64::from(a & 0x7fff_ffff);
    if a & 0x8000_0000 == 0 { size } else { -size }
}
