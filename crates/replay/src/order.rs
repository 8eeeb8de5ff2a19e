//! In which order and how exactly a machine sums products.

use crate::format::{Dyadic, Format, Mode};
use crate::soft::{add, mul};
use std::fmt;

/// How a sum of products in single precision is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One after the other: each product in single precision, which is exact for numbers of 16 bits within its range, and then added to the sum so far,
    /// which begins with 0. Both are rounded to nearest. This is what a loop of a processor does that fuses nothing.
    Sequential,
    /// As a matrix unit.
    Unit(Unit),
}

/// A matrix unit with one wide adder (after Fasi, Higham, Mikaitis and Pranesh, 2021, who found such adders by tests of inputs and outputs).
///
/// It takes blocks of products. Each is exact, and all of a block are moved to the exponent of the largest. What is then below the last kept bit is cut off towards
/// zero. They are summed as whole numbers, and the result is brought to single precision. The exponent of a product is the sum of those of both
/// factors, as in `1.x * 1.y`; a factor is normalised as far as single precision can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// Products in a block, at least 1. The last block may have fewer.
    pub terms: u16,
    /// Bits that are kept behind the point of the largest, at most [`Unit::MAX_KEPT`].
    pub kept: u8,
    /// Whether the sum so far is moved and cut off with the block. Otherwise the block is brought to single precision and added then, to nearest.
    pub joined: bool,
    /// How the sum of a block is brought to single precision.
    pub mode: Mode,
}

impl Unit {
    /// The most bits that may be kept.
    pub const MAX_KEPT: u8 = 60;
}

impl Order {
    /// Canonical bytes, for hashes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Order::Sequential => vec![0],
            Order::Unit(u) => {
                let [low, high] = u.terms.to_le_bytes();
                vec![1, low, high, u.kept, u.joined.into(), u8::from(u.mode == Mode::Zero)]
            }
        }
    }

    /// The sum of the products of two lists, up to the end of the shorter one. Numbers are bits of single precision.
    #[must_use]
    pub fn sum(&self, a: &[u32], b: &[u32]) -> u32 {
        match self {
            Order::Sequential => a.iter().zip(b).fold(0, |sum, (a, b)| add(sum, mul(*a, *b))),
            Order::Unit(unit) => {
                let terms = usize::from(unit.terms.max(1));
                a.chunks(terms).zip(b.chunks(terms)).fold(0, |sum, (a, b)| unit.block(sum, a, b))
            }
        }
    }
}

impl Unit {
    fn block(&self, sum: u32, a: &[u32], b: &[u32]) -> u32 {
        let all = a.iter().zip(b).flat_map(|(a, b)| [*a, *b]).chain([sum]);
        if !all.into_iter().all(|x| Format::F32.is_finite(x)) {
            // There is no answer that is a number, whatever the order.
            return a.iter().zip(b).fold(sum, |sum, (a, b)| add(sum, mul(*a, *b)));
        }
        let unpack = |x: u32| Format::F32.unpack(x);
        // The size, and the exponent of its last bit and of its point.
        let product = |(a, b): (&u32, &u32)| {
            let (x, y): (Dyadic, Dyadic) = (unpack(*a), unpack(*b));
            let size = i128::from(x.size) * i128::from(y.size);
            (if x.negative != y.negative { -size } else { size }, x.exponent + y.exponent, x.exponent + y.exponent + 46)
        };
        let mut all: Vec<(i128, i32, i32)> = a.iter().zip(b).map(product).collect();
        if self.joined {
            let Dyadic { negative, size, exponent } = unpack(sum);
            all.push((if negative { -i128::from(size) } else { size.into() }, exponent, exponent + 23));
        }
        let point = all.iter().filter(|(size, ..)| *size != 0).map(|(.., point)| *point).max();
        let Some(point) = point else { return if self.joined { 0 } else { add(sum, 0) } };
        let last = point - i32::from(self.kept.min(Unit::MAX_KEPT));
        // A size has at most 48 bits and a point that is not above the largest, so it is moved left by at most 60.
        let moved = |(size, exponent, _): &(i128, i32, i32)| {
            let by = exponent - last;
            match u32::try_from(by) {
                Ok(left) => size << left.min(127 - 48),
                // Towards zero: a quotient, where a shift would round down.
                Err(_) => size / (1i128 << by.unsigned_abs().min(126)),
            }
        };
        let total: i128 = all.iter().filter(|(size, ..)| *size != 0).map(moved).sum();
        let block = Format::F32.round(self.mode, total < 0, total.unsigned_abs(), last);
        if self.joined { block } else { add(sum, block) }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Order::Sequential => write!(f, "one product after the other"),
            Order::Unit(u) => write!(f, "blocks of {} products with {} bits kept", u.terms, u.kept),
        }
    }
}
