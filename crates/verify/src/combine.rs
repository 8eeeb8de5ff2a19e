//! Tokens combined with small random coefficients, so that one check does for all of them.
//!
//! With coefficients drawn evenly from `0` to `2^31 - 1`, a row of differences that is not 0 modulo p vanishes in a combination with
//! probability at most `2^-31`, as `2^31 <= p` (`small_coefficients` in `sctt/freivalds.sctt`); two independent combinations vanish both with at
//! most `2^-62`. The sums are plain integers: a coefficient has 31 bits, an entry is made positive and cut into limbs of at most 30 bits, and what
//! is added in between stays below `2^64`. So the compiler makes vector instructions of the loops. Entries are taken from the bytes that were
//! committed to.

use crate::field::{self, P};

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

/// Adds four rows of entries, each times its coefficients. In this form, with each slice for itself, the compiler multiplies two entries at once.
#[inline(never)]
fn add(a: &mut [u64], b: &mut [u64], rows: (&[u32], &[u32], &[u32], &[u32]), by: [[u32; COMBINATIONS]; TOKENS]) {
    let (r0, r1, r2, r3) = rows;
    let n = a.len().min(b.len()).min(r0.len()).min(r1.len()).min(r2.len()).min(r3.len());
    let (a, b, r0, r1, r2, r3) = (&mut a[..n], &mut b[..n], &r0[..n], &r1[..n], &r2[..n], &r3[..n]);
    for i in 0..n {
        let combined = |c: usize| {
            u64::from(r0[i])
                .wrapping_mul(u64::from(by[0][c]))
                .wrapping_add(u64::from(r1[i]).wrapping_mul(u64::from(by[1][c])))
                .wrapping_add(u64::from(r2[i]).wrapping_mul(u64::from(by[2][c])))
                .wrapping_add(u64::from(r3[i]).wrapping_mul(u64::from(by[3][c])))
        };
        a[i] = a[i].wrapping_add(combined(0));
        b[i] = b[i].wrapping_add(combined(1));
    }
}

impl Sums {
    fn new(columns: usize) -> Self {
        let zeros = || [vec![0; columns], vec![0; columns]];
        Self { open: zeros(), done: zeros() }
    }

    /// Reduces what is open. Its parts are at most p and 7, and `done` is at most `p + 1` afterwards.
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

/// The combinations of tokens, or nothing where an entry is outside of `-2^bits` to `2^bits - 1`, tokens have different lengths or no
/// whole number of entries, or there are fewer coefficients than tokens. Bits are at most 51.
#[must_use]
pub fn combine(x: &Rows<'_>, bits: u32, coefficients: &[[u32; COMBINATIONS]]) -> Option<Combination> {
    let coefficients = coefficients.get(..x.rows.len())?;
    let columns = x.rows.first()?.len().checked_div(x.width).filter(|n| *n > 0)?;
    if x.rows.iter().any(|row| row.len() != columns * x.width) {
        return None;
    }
    let mut result = if bits < LIMB && x.width <= 4 {
        limb(x, columns, bits + 1, coefficients, |row, out| positive(row, x.width, bits, out))?
    } else {
        let cut = |row: &[u8], out: &mut [u32], shift: u32, mask: u64| {
            out.iter_mut().zip(wide(row, x.width, bits)).fold(0, |all, (to, x)| {
                let limb = (x >> shift) & mask;
                *to = u32::try_from(limb).unwrap_or_default();
                all | limb
            })
        };
        let low = limb(x, columns, LOW.min(bits + 1), coefficients, |row, out| cut(row, out, 0, (1 << LOW) - 1));
        let high = (bits + 1).saturating_sub(LOW);
        let high = limb(x, columns, high, coefficients, |row, out| cut(row, out, LOW, u64::MAX))?;
        let mut low = low?;
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

/// The combinations of one limb, which has at most so many bits, at most [`LIMB`]; nothing where it has more. `cut` writes the limb of each
/// entry of a row, and gives all bits that are set in one of them.
fn limb(
    x: &Rows<'_>,
    columns: usize,
    bits: u32,
    coefficients: &[[u32; COMBINATIONS]],
    cut: impl Fn(&[u8], &mut [u32]) -> u64,
) -> Option<Combination> {
    // So many products of 31 bits and of these bits are below 2^64: at least 8.
    let fits = 1usize << (64 - BITS - bits).min(20);
    let mut sums = Sums::new(columns);
    let mut limbs = vec![0; TOKENS * columns];
    let (mut all, mut open) = (0, 0);
    for (rows, by) in x.rows.chunks(TOKENS).zip(coefficients.chunks(TOKENS)) {
        for (row, out) in rows.iter().zip(limbs.chunks_exact_mut(columns)) {
            all |= cut(row, out);
        }
        let mut parts = limbs.chunks_exact(columns);
        let mut part = || parts.next().unwrap_or_default();
        let [a, b] = &mut sums.open;
        // A row that is missing counts with coefficient 0.
        let by = std::array::from_fn(|i| by.get(i).copied().unwrap_or_default());
        add(a, b, (part(), part(), part(), part()), by);
        open += TOKENS;
        if open + TOKENS > fits {
            sums.close();
            open = 0;
        }
    }
    sums.close();
    let reduced = sums.done.map(|mut done| {
        done.iter_mut().for_each(|x| *x = if *x >= P { *x - P } else { *x });
        done
    });
    (all >> bits == 0).then_some(reduced)
}

/// Entries of at most four bytes plus `2^bits`, as 32 bits each, where what wraps around has its highest bit set.
fn positive(row: &[u8], width: usize, bits: u32, out: &mut [u32]) -> u64 {
    match width {
        1 => each::<1>(row, bits, out, |[a]| i8::from_le_bytes([a]).into()),
        2 => each::<2>(row, bits, out, |x| i16::from_le_bytes(x).into()),
        3 => each::<3>(row, bits, out, |[a, b, c]| i32::from_le_bytes([0, a, b, c]) >> 8),
        _ => each::<4>(row, bits, out, i32::from_le_bytes),
    }
}

fn each<const W: usize>(row: &[u8], bits: u32, out: &mut [u32], entry: impl Fn([u8; W]) -> i32) -> u64 {
    let (entries, _) = row.as_chunks::<W>();
    let shift = 1i32.wrapping_shl(bits);
    let mut all = 0;
    for (to, x) in out.iter_mut().zip(entries) {
        *to = entry(*x).wrapping_add(shift).cast_unsigned();
        all |= *to;
    }
    all.into()
}

/// Entries of any width plus `2^bits`, as 64 bits each.
fn wide(row: &[u8], width: usize, bits: u32) -> impl Iterator<Item = u64> {
    row.chunks_exact(width.clamp(1, 8)).map(move |entry| {
        let mut all = [0; 8];
        let (_, high) = all.split_at_mut(8 - entry.len());
        high.copy_from_slice(entry);
        let x = i64::from_le_bytes(all) >> (64 - 8 * entry.len());
        x.wrapping_add(1i64.wrapping_shl(bits)).cast_unsigned()
    })
}
