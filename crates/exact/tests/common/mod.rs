//! What the tests share: random numbers from a seed, and rounding over big integers.
#![allow(dead_code)]

pub mod small;

use bfv_exact::Matrix;
use num_bigint::{BigInt, Sign};

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Random(pub u64);

impl Random {
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `n - 1`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.word() % n as u64).unwrap()
    }

    /// A number from 0 to `2^bits - 1` for a random number of bits below the given one, so that small numbers are frequent.
    pub fn sized(&mut self, bits: usize) -> usize {
        let bits = self.below(bits);
        self.below(1 << bits)
    }

    /// A number from one to the other, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u128::try_from(i128::from(high) - i128::from(low) + 1).unwrap();
        i64::try_from(i128::from(low) + i128::try_from(u128::from(self.word()) % width).unwrap()).unwrap()
    }

    /// Mostly any number of the range, sometimes one of its ends or 0, so that extremes meet.
    pub fn extreme(&mut self, low: i64, high: i64) -> i64 {
        match self.below(8) {
            0 => low,
            1 => high,
            2 => 0i64.clamp(low, high),
            _ => self.between(low, high),
        }
    }

    pub fn matrix<T: Copy + TryFrom<i64>>(&mut self, rows: usize, cols: usize, low: i64, high: i64) -> Matrix<T> {
        let entries = (0..rows * cols).map(|_| T::try_from(self.extreme(low, high)).ok().unwrap()).collect();
        Matrix::new("a test", rows, cols, entries).unwrap()
    }
}

/// `floor(a / b)` for positive b.
pub fn floor(a: &BigInt, b: &BigInt) -> BigInt {
    assert_eq!(b.sign(), Sign::Plus);
    let quotient = a / b;
    if a.sign() == Sign::Minus && &quotient * b != *a { quotient - 1 } else { quotient }
}

/// `floor(a / b + 1/2)` for positive b.
pub fn nearest(a: &BigInt, b: &BigInt) -> BigInt {
    floor(&(a * 2 + b), &(b * 2))
}

/// The nearest number from one to the other.
pub fn clamp(a: BigInt, low: i64, high: i64) -> i64 {
    i64::try_from(a.clamp(low.into(), high.into())).unwrap()
}
