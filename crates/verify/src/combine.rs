//! Tokens combined with small random coefficients, so that one check does for all of them.
//!
//! With coefficients drawn evenly from `0` to `2^31 - 1`, a row of differences that is not 0 modulo p vanishes in a combination with
//! probability at most `2^-31`, as `2^31 <= p` (`small_coefficients` in `sctt/freivalds.sctt`); two independent combinations vanish both with at
//! most `2^-62`. The sums are plain integers: a coefficient has 31 bits, an entry is made positive and cut into limbs of at most 30 bits, and what
//! is added in between stays below `2^64`. So the compiler makes vector instructions of the loops. Entries are taken from the bytes that were
//! committed to.

#[cfg(target_arch = "x86_64")]
mod vector;

use crate::field::{self, P};
use std::ops::Range;

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
/// Columns of which the sums stay in the first cache.
const STRIP: usize = 512;

/// The coefficients of a token, below `2^31`, one for each combination.
pub type Coefficient = [u32; COMBINATIONS];
/// The coefficients of all tokens.
pub type Coefficients = Vec<Coefficient>;
/// Both combinations, modulo p: a number for each column.
pub type Combination = [Vec<u64>; COMBINATIONS];

/// Draws the coefficients of so many tokens.
pub fn draw(words: &mut dyn Iterator<Item = u64>, tokens: usize) -> Coefficients {
    let coefficient = |w: u64| u32::try_from(w >> (64 - BITS)).unwrap_or_default();
    let mut next = || coefficient(words.next().unwrap_or_default());
    (0..tokens).map(|_| [next(), next()]).collect()
}

/// Entries of tokens as committed bytes, a slice for each token, and the bytes of an entry, 1 to 8.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    /// The tokens.
    pub rows: Vec<&'a [u8]>,
    /// Bytes of an entry.
    pub width: usize,
}

/// Sums over tokens, one for each combination and column.
struct Sums {
    /// Not reduced yet.
    open: Combination,
    /// Reduced.
    done: Combination,
}

/// Limbs of entries, as four bytes each.
type Limbs = Vec<[u8; 4]>;
/// Four tokens as entries of so many bytes.
type Four<'a, const W: usize> = (&'a [[u8; W]], &'a [[u8; W]], &'a [[u8; W]], &'a [[u8; W]]);

/// Adds the entries of four tokens plus a shift, as 32 bits, each times its coefficients, and gives all bits that are set in one of them. In this
/// form, with each slice for itself and inlined into a function of its own, the compiler multiplies two entries at once.
#[inline(always)]
fn add<const W: usize>(
    [a, b]: [&mut [u64]; COMBINATIONS],
    (r0, r1, r2, r3): Four<'_, W>,
    by: [Coefficient; TOKENS],
    shift: u32,
    entry: impl Fn([u8; W]) -> i32,
) -> u32 {
    let n = a.len().min(b.len()).min(r0.len()).min(r1.len()).min(r2.len()).min(r3.len());
    let (a, b, r0, r1, r2, r3) = (&mut a[..n], &mut b[..n], &r0[..n], &r1[..n], &r2[..n], &r3[..n]);
    let positive = |x: [u8; W]| entry(x).cast_unsigned().wrapping_add(shift);
    let mut all = 0;
    for i in 0..n {
        let (x0, x1, x2, x3) = (positive(r0[i]), positive(r1[i]), positive(r2[i]), positive(r3[i]));
        all |= x0 | x1 | x2 | x3;
        let combined = |c: usize| {
            u64::from(x0)
                .wrapping_mul(u64::from(by[0][c]))
                .wrapping_add(u64::from(x1).wrapping_mul(u64::from(by[1][c])))
                .wrapping_add(u64::from(x2).wrapping_mul(u64::from(by[2][c])))
                .wrapping_add(u64::from(x3).wrapping_mul(u64::from(by[3][c])))
        };
        a[i] = a[i].wrapping_add(combined(0));
        b[i] = b[i].wrapping_add(combined(1));
    }
    all
}

macro_rules! add {
    ($name:ident, $width:literal, $entry:expr) => {
        #[inline(never)]
        fn $name(a: &mut [u64], b: &mut [u64], rows: Four<'_, $width>, by: [Coefficient; TOKENS], shift: u32) -> u32 {
            add([a, b], rows, by, shift, $entry)
        }
    };
}
add!(add_1, 1, |x| i8::from_le_bytes(x).into());
add!(add_2, 2, |x| i16::from_le_bytes(x).into());
add!(add_3, 3, |[x, y, z]| i32::from_le_bytes([0, x, y, z]) >> 8);
add!(add_4, 4, i32::from_le_bytes);

impl Sums {
    fn new(columns: usize) -> Self {
        let zeros = || [vec![0; columns], vec![0; columns]];
        Self { open: zeros(), done: zeros() }
    }

    /// Reduces what is open in some columns. Its parts are at most p and 7, and `done` is at most `p + 1` afterwards.
    fn close(&mut self, columns: Range<usize>) {
        for (open, done) in self.open.iter_mut().zip(&mut self.done) {
            let open = open.get_mut(columns.clone()).unwrap_or_default();
            for (open, done) in open.iter_mut().zip(done.get_mut(columns.clone()).unwrap_or_default()) {
                let sum = (*open & P).wrapping_add(*open >> 61).wrapping_add(*done);
                *done = (sum & P).wrapping_add(sum >> 61);
                *open = 0;
            }
        }
    }
}

/// The combinations of tokens, or nothing where an entry is outside of `-2^bits` to `2^bits - 1`, tokens have different lengths or no
/// whole number of entries, or there are fewer coefficients than tokens. Bits are at most 51.
#[must_use]
pub fn combine(x: &Rows<'_>, bits: u32, coefficients: &[Coefficient]) -> Option<Combination> {
    combine_by(limb, x, bits, coefficients)
}

/// The same by loops that know no processor. Others than x86-64 do without vector instructions of their own.
#[must_use]
pub fn combine_plain(x: &Rows<'_>, bits: u32, coefficients: &[Coefficient]) -> Option<Combination> {
    combine_by(plain, x, bits, coefficients)
}

/// The combinations of rows of limbs: bytes of a limb, columns, bits and shift.
type Limb = fn(&[&[u8]], usize, usize, (u32, u32), &[Coefficient]) -> Option<Combination>;

fn combine_by(limb: Limb, x: &Rows<'_>, bits: u32, coefficients: &[Coefficient]) -> Option<Combination> {
    let coefficients = coefficients.get(..x.rows.len())?;
    let columns = x.rows.first()?.len().checked_div(x.width).filter(|n| *n > 0)?;
    if x.rows.iter().any(|row| row.len() != columns * x.width) {
        return None;
    }
    let mut result = if bits < LIMB && x.width <= 4 {
        limb(&x.rows, x.width, columns, (bits + 1, 1 << bits), coefficients)?
    } else {
        let (low, high) = cut(x, bits)?;
        let part = |limbs: &[[u8; 4]], bits| {
            let rows: Vec<&[u8]> = limbs.chunks(columns).map(<[[u8; 4]]>::as_flattened).collect();
            limb(&rows, 4, columns, (bits, 0), coefficients)
        };
        let (mut low, high) = (part(&low, LOW)?, part(&high, LOW)?);
        for (low, high) in low.iter_mut().flatten().zip(high.iter().flatten()) {
            *low = field::add(*low, field::mul(*high, 1 << LOW));
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

/// The entries plus `2^bits` in two limbs of four bytes; nothing where one is not between 0 and `2^(bits + 1) - 1`.
fn cut(x: &Rows<'_>, bits: u32) -> Option<(Limbs, Limbs)> {
    let limb = |x: u64| u32::try_from(x).unwrap_or_default().to_le_bytes();
    let (mut low, mut high, mut all) = (Vec::new(), Vec::new(), 0);
    for entry in x.rows.iter().flat_map(|row| row.chunks_exact(x.width)) {
        let mut bytes = [0; 8];
        bytes.get_mut(8usize.checked_sub(x.width)?..)?.copy_from_slice(entry);
        let x = (i64::from_le_bytes(bytes) >> (64 - 8 * x.width)).wrapping_add(1 << bits).cast_unsigned();
        all |= x;
        low.push(limb(x & ((1 << LOW) - 1)));
        high.push(limb(x >> LOW));
    }
    (all >> (bits + 1) == 0).then_some((low, high))
}

/// The combinations of entries of at most four bytes, plus a shift that gives them at most so many bits, at most [`LIMB`]; nothing where one
/// has more.
fn limb(
    rows: &[&[u8]],
    width: usize,
    columns: usize,
    (bits, shift): (u32, u32),
    coefficients: &[Coefficient],
) -> Option<Combination> {
    match (width, bits, shift) {
        #[cfg(target_arch = "x86_64")]
        (1, 8, 0x80) => Some(vector::one(rows, columns, coefficients)),
        #[cfg(target_arch = "x86_64")]
        (4, ..) => vector::four(rows, columns, (bits, shift), coefficients),
        _ => plain(rows, width, columns, (bits, shift), coefficients),
    }
}

/// [`limb`] by plain loops.
fn plain(
    rows: &[&[u8]],
    width: usize,
    columns: usize,
    (bits, shift): (u32, u32),
    coefficients: &[Coefficient],
) -> Option<Combination> {
    // So many products of 31 bits and of these bits are below 2^64: at least 8.
    let fits = 1usize << (64 - BITS - bits).min(20);
    let mut sums = Sums::new(columns);
    let mut all = 0;
    for start in (0..columns).step_by(STRIP) {
        let strip = start..columns.min(start + STRIP);
        let mut open = 0;
        for (rows, by) in rows.chunks(TOKENS).zip(coefficients.chunks(TOKENS)) {
            // A token that is missing counts with coefficient 0; any other stands for it.
            let by = std::array::from_fn(|i| by.get(i).copied().unwrap_or_default());
            let row = |i: usize| {
                let row: &[u8] = rows.get(i).or(rows.first()).copied().unwrap_or_default();
                row.get(strip.start * width..strip.end * width).unwrap_or_default()
            };
            let [a, b] = sums.open.each_mut().map(|open| open.get_mut(strip.clone()).unwrap_or_default());
            all |= match width {
                1 => add_1(a, b, four(row), by, shift),
                2 => add_2(a, b, four(row), by, shift),
                3 => add_3(a, b, four(row), by, shift),
                _ => add_4(a, b, four(row), by, shift),
            };
            open += TOKENS;
            if open + TOKENS > fits {
                sums.close(strip.clone());
                open = 0;
            }
        }
        sums.close(strip);
    }
    let reduced = sums.done.map(|mut done| {
        done.iter_mut().for_each(|x| *x = if *x >= P { *x - P } else { *x });
        done
    });
    (u64::from(all) >> bits == 0).then_some(reduced)
}

fn four<'a, const W: usize>(row: impl Fn(usize) -> &'a [u8]) -> Four<'a, W> {
    let part = |i| row(i).as_chunks::<W>().0;
    (part(0), part(1), part(2), part(3))
}
