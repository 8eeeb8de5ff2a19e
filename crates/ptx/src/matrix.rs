//! `mma.m16n8k32` over bytes: which entries each thread of a warp holds, and the product.
//!
//! As in the manual of PTX, section 9.7.13.4.9 of version 8.0: with g the number of the thread divided by 4 and q the rest, the entry e of A that it holds (from 0
//! to 15, four in a word) stands in row g, or `g + 8` where e is 4 to 7 or 12 to 15, and column `4 q + e % 4`, 16 more from e = 8 on. The entry e of B (0 to
//! 7) stands in row `4 q + e % 4`, 16 more from e = 4 on, and column g. Those of C and D (0 to 3) stand in row g, or `g + 8` from e = 2 on, and column `2 q + e % 2`.

use crate::value::Type;

/// The threads of a warp.
pub(crate) const WARP: usize = 32;
const ROWS: usize = 16;
const COLUMNS: usize = 8;
const INNER: usize = 32;

/// What one thread holds of A, B and C.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Held {
    pub(crate) a: [u64; 4],
    pub(crate) b: [u64; 2],
    pub(crate) c: [u64; 4],
}

fn places(thread: usize) -> (usize, usize) {
    (thread / 4, thread % 4)
}

/// Row and column of entry e of A.
fn place_a(thread: usize, e: usize) -> (usize, usize) {
    let (g, q) = places(thread);
    (g + if (e / 4).is_multiple_of(2) { 0 } else { 8 }, 4 * q + e % 4 + if e < 8 { 0 } else { 16 })
}

/// Row and column of entry e of B.
fn place_b(thread: usize, e: usize) -> (usize, usize) {
    let (g, q) = places(thread);
    (4 * q + e % 4 + if e < 4 { 0 } else { 16 }, g)
}

/// Row and column of entry e of C and D.
fn place_c(thread: usize, e: usize) -> (usize, usize) {
    let (g, q) = places(thread);
    (g + if e < 2 { 0 } else { 8 }, 2 * q + e % 2)
}

/// The bytes of words, the lowest first, as numbers of a type.
pub(crate) fn bytes(words: &[u64], of: Type) -> impl Iterator<Item = i64> + '_ {
    let shifts = move |word: &u64| [0, 8, 16, 24].map(|shift| word >> shift & 0xff);
    words.iter().flat_map(shifts).map(move |byte| i64::try_from(of.meaning(byte)).unwrap_or_default())
}

/// What each thread holds of D: `A B + C` in 32 bits, which wrap.
pub(crate) fn product(a_of: Type, b_of: Type, held: &[Held; WARP]) -> [[u64; 4]; WARP] {
    let mut a = [[0i64; INNER]; ROWS];
    let mut b = [[0i64; COLUMNS]; INNER];
    for (thread, held) in held.iter().enumerate() {
        for (e, n) in bytes(&held.a, a_of).enumerate() {
            let (row, column) = place_a(thread, e);
            a[row][column] = n;
        }
        for (e, n) in bytes(&held.b, b_of).enumerate() {
            let (row, column) = place_b(thread, e);
            b[row][column] = n;
        }
    }
    let sum = |row: usize, column: usize| (0..INNER).map(|k| a[row][k] * b[k][column]).sum::<i64>();
    std::array::from_fn(|thread| {
        std::array::from_fn(|e| {
            let (row, column) = place_c(thread, e);
            Type::U32.bits_of(i128::from(held[thread].c[e]) + i128::from(sum(row, column)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every entry of each matrix is held by one thread.
    #[test]
    fn the_entries_are_shared_out() {
        let all = |entries: usize, place: fn(usize, usize) -> (usize, usize)| {
            (0..WARP).flat_map(|t| (0..entries).map(move |e| place(t, e))).collect::<BTreeSet<_>>()
        };
        let grid = |rows, columns| (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c))).collect::<BTreeSet<_>>();
        assert_eq!(all(16, place_a), grid(ROWS, INNER));
        assert_eq!(all(8, place_b), grid(INNER, COLUMNS));
        assert_eq!(all(4, place_c), grid(ROWS, COLUMNS));
    }

    /// With one entry 1 in each factor, the product has one entry, where the columns of A meet the rows of B.
    #[test]
    fn bytes_have_their_sign_and_sums_wrap() {
        let (s8, u8) = (Type { signed: true, bits: 8 }, Type { signed: false, bits: 8 });
        let mut held = [Held::default(); WARP];
        // Thread 5 holds row 1 and column 4 of A in its lowest byte; thread 9 holds row 4 and column 2 of B.
        held[5].a[0] = 0xff;
        held[9].b[0] = 0x80;
        let entry = |a_of, b_of, held: &[Held; WARP]| {
            // Row 1 and column 2 of D are held by thread 5 as its first entry.
            product(a_of, b_of, held)[5][0]
        };
        assert_eq!(entry(s8, s8, &held), 128);
        assert_eq!(entry(u8, s8, &held), Type::U32.bits_of(-255 * 128));
        assert_eq!(entry(s8, u8, &held), Type::U32.bits_of(-128));
        assert_eq!(entry(u8, u8, &held), 255 * 128);
        held[5].c[0] = 0xffff_ffff;
        assert_eq!(entry(s8, s8, &held), 127);
        assert_eq!(product(s8, s8, &held)[5][1], 0);
    }
}
