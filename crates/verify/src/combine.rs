//! Tokens combined with small random coefficients, so that one check does for all of them.
//!
//! With coefficients drawn evenly from `0` to `2^31 - 1`, a row of differences that is not 0 modulo p vanishes in a combination with
//! probability at most `2^-31`, as `2^31 <= p` (`small_coefficients` in `sctt/freivalds.sctt`); two independent combinations vanish both with at
//! most `2^-62`. The sums are plain integers: a coefficient has 31 bits, an entry is made positive and cut into limbs of at most 30 bits, and what
//! is added in between stays below `2^64`. So the compiler makes vector instructions of the loops.

use crate::field::{self, P};
use bfv_exact::Matrix;

/// Bits of a coefficient.
pub const BITS: u32 = 31;
/// Independent combinations in each repetition.
pub const COMBINATIONS: usize = 2;
/// The most bits of a limb.
const LIMB: u32 = 30;
/// The bits of the lower of two limbs.
const LOW: u32 = 26;
/// Tokens that share one pass over the sums.
const TOKENS: usize = 4;

/// The coefficients of both combinations, a pair for each token.
pub type Coefficients = Vec<[u32; COMBINATIONS]>;

/// Draws the coefficients of so many tokens.
pub fn draw(words: &mut impl Iterator<Item = u64>, tokens: usize) -> Coefficients {
    let coefficient = |w: u64| u32::try_from(w >> (64 - BITS)).unwrap_or_default();
    let mut next = || coefficient(words.next().unwrap_or_default());
    (0..tokens).map(|_| [next(), next()]).collect()
}

/// A type of entries.
pub trait Entry: Copy + Into<i64> {
    /// Appends each entry plus `2^bits`, as 32 bits, and gives all bits that are set in one of them, lost ones included. Bits are below 30.
    fn positive(row: &[Self], bits: u32, out: &mut Vec<u32>) -> u64;
}

macro_rules! narrow {
    ($($t:ty),*) => {$(
        impl Entry for $t {
            fn positive(row: &[$t], bits: u32, out: &mut Vec<u32>) -> u64 {
                let start = out.len();
                // What wraps around has its highest bit set.
                out.extend(row.iter().map(|&x| i32::from(x).wrapping_add(1i32.wrapping_shl(bits)).cast_unsigned()));
                out.get(start..).unwrap_or_default().iter().fold(0, |all, x| all | x).into()
            }
        }
    )*};
}
narrow!(i8, i16, i32);

impl Entry for i64 {
    fn positive(row: &[i64], bits: u32, out: &mut Vec<u32>) -> u64 {
        let positive = |x: i64| x.wrapping_add(1i64.wrapping_shl(bits)).cast_unsigned();
        out.extend(row.iter().map(|&x| u32::try_from(positive(x) & u64::from(u32::MAX)).unwrap_or_default()));
        row.iter().fold(0, |all, &x| all | positive(x))
    }
}

/// Sums over tokens, one for each column and combination.
struct Sums {
    /// Not reduced yet.
    open: [Vec<u64>; COMBINATIONS],
    /// Reduced.
    done: [Vec<u64>; COMBINATIONS],
}

impl Sums {
    fn new(columns: usize) -> Self {
        Self { open: [vec![0; columns], vec![0; columns]], done: [vec![0; columns], vec![0; columns]] }
    }

    /// Adds up to four rows of entries, each times its coefficients. Missing rows are empty.
    fn add(&mut self, rows: [&[u32]; TOKENS], by: [[u32; COMBINATIONS]; TOKENS]) {
        let [a, b] = &mut self.open;
        let n = a.len().min(b.len()).min(rows.iter().map(|r| r.len()).min().unwrap_or(0));
        let (a, b) = (&mut a[..n], &mut b[..n]);
        let [r0, r1, r2, r3] = rows.map(|r| &r[..n]);
        let [[a0, b0], [a1, b1], [a2, b2], [a3, b3]] = by.map(|c| c.map(u64::from));
        for i in 0..n {
            let (x0, x1, x2, x3) = (u64::from(r0[i]), u64::from(r1[i]), u64::from(r2[i]), u64::from(r3[i]));
            let one = x0.wrapping_mul(a0).wrapping_add(x1.wrapping_mul(a1));
            let two = x2.wrapping_mul(a2).wrapping_add(x3.wrapping_mul(a3));
            a[i] = a[i].wrapping_add(one).wrapping_add(two);
            let one = x0.wrapping_mul(b0).wrapping_add(x1.wrapping_mul(b1));
            let two = x2.wrapping_mul(b2).wrapping_add(x3.wrapping_mul(b3));
            b[i] = b[i].wrapping_add(one).wrapping_add(two);
        }
    }

    /// Reduces what is open. Both parts stay below `2^61 + 2^3` when they are added, so `done` is below `2^62` and not quite reduced.
    fn close(&mut self) {
        for (open, done) in self.open.iter_mut().zip(&mut self.done) {
            for (open, done) in open.iter_mut().zip(done) {
                let sum = (*open & P).wrapping_add(*open >> 61).wrapping_add(*done);
                *done = (sum & P).wrapping_add(sum >> 61);
                *open = 0;
            }
        }
    }
}

/// The combinations of the rows of a matrix modulo p, or nothing where an entry is outside of `-2^bits` to `2^bits - 1`. Bits are
/// at most 51. Nothing, too, where there are fewer coefficients than rows.
pub fn combine<T: Entry>(
    x: &Matrix<T>,
    bits: u32,
    coefficients: &[[u32; COMBINATIONS]],
) -> Option<[Vec<u64>; COMBINATIONS]> {
    let coefficients = coefficients.get(..x.rows())?;
    let mut result = if bits < LIMB {
        limb(x, bits + 1, coefficients, |row, out| T::positive(row, bits, out))?
    } else {
        let positive = |x: T| x.into().wrapping_add(1i64.wrapping_shl(bits)).cast_unsigned();
        let mask = (1 << LOW) - 1;
        let low = |row: &[T], out: &mut Vec<u32>| {
            out.extend(row.iter().map(|&x| u32::try_from(positive(x) & mask).unwrap_or_default()));
            0
        };
        let high = |row: &[T], out: &mut Vec<u32>| {
            out.extend(row.iter().map(|&x| u32::try_from(positive(x) >> LOW).unwrap_or(u32::MAX)));
            row.iter().fold(0, |all, &x| all | (positive(x) >> LOW))
        };
        let mut low = limb(x, LOW, coefficients, low)?;
        let high = limb(x, bits + 1 - LOW, coefficients, high)?;
        for (low, high) in low.iter_mut().zip(&high) {
            for (low, high) in low.iter_mut().zip(high) {
                *low = field::add(*low, field::mul(*high, 1 << LOW));
            }
        }
        low
    };
    // What made the entries positive is taken off again.
    for (c, result) in result.iter_mut().enumerate() {
        let total = coefficients.iter().map(|pair| pair.get(c).copied().map_or(0, u128::from)).sum();
        let shift = field::mul(field::reduce(total), 1 << bits);
        result.iter_mut().for_each(|x| *x = field::sub(*x, shift));
    }
    Some(result)
}

/// The combinations of one limb, which has at most so many bits; nothing where it has more. `cut` appends the limb of a row, and gives all
/// bits that are set somewhere.
fn limb<T: Entry>(
    x: &Matrix<T>,
    bits: u32,
    coefficients: &[[u32; COMBINATIONS]],
    cut: impl Fn(&[T], &mut Vec<u32>) -> u64,
) -> Option<[Vec<u64>; COMBINATIONS]> {
    // So many products of 31 bits and of these bits are below 2^64; at least 8, as a limb has at most 30.
    let fits = 1usize << (64 - BITS - bits).min(20);
    let columns = x.cols();
    let mut sums = Sums::new(columns);
    let mut limbs: Vec<u32> = Vec::with_capacity(TOKENS * columns);
    let (mut all, mut open) = (0, 0);
    let rows: Vec<&[T]> = x.each_row().collect();
    for (rows, by) in rows.chunks(TOKENS).zip(coefficients.chunks(TOKENS)) {
        limbs.clear();
        rows.iter().for_each(|row| all |= cut(row, &mut limbs));
        // A row that is missing counts with coefficient 0.
        let mut parts = limbs.chunks_exact(columns);
        let first = limbs.get(..columns).unwrap_or_default();
        let parts: [&[u32]; TOKENS] = std::array::from_fn(|_| parts.next().unwrap_or(first));
        let by = std::array::from_fn(|i| by.get(i).copied().unwrap_or_default());
        sums.add(parts, by);
        open += TOKENS;
        if open + TOKENS > fits {
            sums.close();
            open = 0;
        }
    }
    sums.close();
    let [mut a, mut b] = sums.done;
    a.iter_mut().chain(&mut b).for_each(|x| *x = field::reduce(u128::from(*x)));
    (all >> bits == 0).then_some([a, b])
}
