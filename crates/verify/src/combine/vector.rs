//! The loops over entries of one and of four bytes in vector instructions that every processor of this architecture has.
//!
//! Compilers do not find these forms: products of 16 bits added in pairs for entries of 8 bits, and even and odd columns apart for those of 32.

use super::{BITS, COMBINATIONS, Coefficient, Combination};
use crate::field::{self, P};
use safe_arch::{
    add_i32_m128i, add_i64_m128i, bitand_m128i, bitor_m128i, bitxor_m128i, load_unaligned_m128i, m128i,
    mul_i16_horizontal_add_m128i, mul_widen_u32_odd_m128i, set_splat_i16_m128i, set_splat_i32_m128i,
    set_splat_i64_m128i, shr_imm_u64_m128i, unpack_high_i8_m128i, unpack_low_i8_m128i, zeroed_m128i,
};
use std::ops::Range;

/// Bytes of a vector.
const LANES: usize = 16;
/// Tokens that share one pass over the sums.
const TOKENS: usize = 8;

/// The rows of a pass from some vectors on: what has no whole vector is filled with zeros.
struct Strip<'a> {
    whole: [&'a [[u8; LANES]]; TOKENS],
    rest: [[u8; LANES]; TOKENS],
}

/// A token that is missing counts with coefficient 0; any other stands for it.
fn pass<'a>(rows: &[&'a [u8]], bytes: Range<usize>) -> Strip<'a> {
    let row = |i: usize| {
        let row: &'a [u8] = rows.get(i).or(rows.first()).copied().unwrap_or_default();
        row.get(bytes.start..bytes.end.min(row.len())).unwrap_or_default()
    };
    let rest = |i: usize| {
        let mut rest = [0; LANES];
        rest.iter_mut().zip(row(i).as_chunks::<LANES>().1).for_each(|(to, from)| *to = *from);
        rest
    };
    Strip { whole: std::array::from_fn(|i| row(i).as_chunks().0), rest: std::array::from_fn(rest) }
}

/// The coefficients of a pass.
fn by(coefficients: &[Coefficient]) -> [Coefficient; TOKENS] {
    std::array::from_fn(|i| coefficients.get(i).copied().unwrap_or_default())
}

/// Bytes of a row in which the sums stay in a near cache.
const NEAR: usize = 16 << 10;

/// Sums of four columns: for each combination those of the even ones and of the odd ones.
type Open = [[m128i; 2]; COMBINATIONS];

/// The combinations of entries of four bytes plus `shift`, which then have at most so many bits; nothing where one has more.
pub(super) fn four(
    rows: &[&[u8]],
    columns: usize,
    (bits, shift): (u32, u32),
    coefficients: &[Coefficient],
) -> Option<Combination> {
    // So many products of 31 bits and of these bits are below 2^64: at least 8.
    let fits = 1usize << (64 - BITS - bits).min(20);
    let mut open: Vec<Open> = vec![Default::default(); columns.div_ceil(4)];
    let mut done = open.clone();
    let mut all = zeroed_m128i();
    for start in (0..4 * columns).step_by(NEAR) {
        let vectors = start / LANES..(start + NEAR).min(4 * columns).div_ceil(LANES);
        let (Some(open), Some(done)) = (open.get_mut(vectors.clone()), done.get_mut(vectors)) else { return None };
        for (many, (rows, coefficients)) in (1..).zip(rows.chunks(fits).zip(coefficients.chunks(fits))) {
            for (rows, coefficients) in rows.chunks(TOKENS).zip(coefficients.chunks(TOKENS)) {
                let strip = pass(rows, start..start + NEAR);
                let by = by(coefficients);
                let (whole, rest) = open.split_at_mut(strip.whole[0].len());
                all = bitor_m128i(all, add_four(whole, strip.whole, by, shift));
                if !rest.is_empty() {
                    all = bitor_m128i(all, add_four(rest, strip.rest.each_ref().map(std::slice::from_ref), by, shift));
                }
            }
            close(open, done, many);
        }
    }
    let all = <[u32; 4]>::from(all).iter().fold(0, |all, x| all | x);
    if u64::from(all) >> bits != 0 {
        return None;
    }
    let sums = |c: usize| {
        let four = |four: &Open| {
            let [even, odd] = four.get(c).copied().unwrap_or_default().map(<[u64; 2]>::from);
            [even[0], odd[0], even[1], odd[1]].map(|x| field::reduce(x.into()))
        };
        done.iter().flat_map(four).take(columns).collect()
    };
    Some([sums(0), sums(1)])
}

/// Adds the entries of tokens times their coefficients, and gives all bits that are set in one of them.
#[inline(never)]
fn add_four(open: &mut [Open], rows: [&[[u8; LANES]]; TOKENS], by: [Coefficient; TOKENS], shift: u32) -> m128i {
    let n = rows.iter().fold(open.len(), |n, row| n.min(row.len()));
    let rows = rows.map(|row| &row[..n]);
    let by = by.map(|by| by.map(|c| set_splat_i64_m128i(c.into())));
    let shift = set_splat_i32_m128i(shift.cast_signed());
    let mut all = zeroed_m128i();
    for (i, open) in open.iter_mut().enumerate().take(n) {
        let mut sums = *open;
        for (row, by) in rows.iter().zip(&by) {
            let even = add_i32_m128i(load_unaligned_m128i(&row[i]), shift);
            let odd = shr_imm_u64_m128i::<32>(even);
            all = bitor_m128i(all, even);
            for (sums, by) in sums.iter_mut().zip(by) {
                sums[0] = add_i64_m128i(sums[0], mul_widen_u32_odd_m128i(even, *by));
                sums[1] = add_i64_m128i(sums[1], mul_widen_u32_odd_m128i(odd, *by));
            }
        }
        *open = sums;
    }
    all
}

/// Takes what is open, for the time `many` from 1. What is done stays below 2^64: each time adds at most `p + 7`.
fn close(open: &mut [Open], done: &mut [Open], many: u32) {
    let p = set_splat_i64_m128i(P.cast_signed());
    let reduced = |x| add_i64_m128i(bitand_m128i(x, p), shr_imm_u64_m128i::<61>(x));
    let numbers = open.as_flattened_mut().as_flattened_mut().iter_mut();
    for (open, done) in numbers.zip(done.as_flattened_mut().as_flattened_mut()) {
        *done = add_i64_m128i(*done, reduced(*open));
        if many.is_multiple_of(6) {
            *done = reduced(*done);
        }
        *open = zeroed_m128i();
    }
}

/// Bits of the lower limb of a coefficient here. The higher limb has 16 and is made signed.
const LOW: u32 = 15;
/// Tokens whose sums of 16-bit limbs and entries below 2^8 fit 31 bits: `2^7 * 2^15 * 2^8 = 2^30`.
const GROUP: usize = 128;
/// Both limbs for both combinations, and the entries alone, which make up for the sign of the higher limb.
type Limbs = [m128i; 2 * COMBINATIONS + 1];
/// Vectors of a row in which the sums stay in the first cache.
const STRIP: usize = 32;

/// The combinations of entries of one byte, each made positive by `2^7`.
pub(super) fn one(rows: &[&[u8]], columns: usize, coefficients: &[Coefficient]) -> Combination {
    let mut result = [vec![0; columns], vec![0; columns]];
    for (rows, coefficients) in rows.chunks(GROUP).zip(coefficients.chunks(GROUP)) {
        for start in (0..columns).step_by(STRIP * LANES) {
            let mut sums = [[Limbs::default(); 4]; STRIP];
            for (rows, coefficients) in rows.chunks(TOKENS).zip(coefficients.chunks(TOKENS)) {
                let strip = pass(rows, start..start + STRIP * LANES);
                let by = limbs(by(coefficients));
                let (whole, rest) = sums.split_at_mut(strip.whole[0].len());
                add_one(whole, strip.whole, by);
                if start + LANES * whole.len() < columns {
                    add_one(rest, strip.rest.each_ref().map(std::slice::from_ref), by);
                }
            }
            for (c, result) in result.iter_mut().enumerate() {
                let four = |sums: &Limbs| {
                    let [low, high, alone] =
                        [sums[2 * c], sums[2 * c + 1], sums[2 * COMBINATIONS]].map(<[i32; 4]>::from);
                    // A sum of products of numbers that are not negative, below 2^46.
                    let sum = |i: usize| {
                        let [low, high, alone] = [low[i], high[i], alone[i]].map(i64::from);
                        (low + (high << LOW) + (alone << (LOW + 15))).cast_unsigned()
                    };
                    std::array::from_fn::<_, 4, _>(sum)
                };
                let strip = result.get_mut(start..).unwrap_or_default();
                for (result, sum) in strip.iter_mut().zip(sums.as_flattened().iter().flat_map(four)) {
                    *result = field::add(*result, sum);
                }
            }
        }
    }
    result
}

/// The limbs of the coefficients of two tokens each, in turn.
fn limbs(by: [Coefficient; TOKENS]) -> [Limbs; TOKENS / 2] {
    let limbs = |c: u32| {
        let low = i16::try_from(c & ((1 << LOW) - 1)).unwrap_or_default();
        let high = i16::try_from(i64::from(c >> LOW) - (1 << 15)).unwrap_or_default();
        [low, high]
    };
    let turn = |a: i16, b: i16| m128i::from([a, b, a, b, a, b, a, b]);
    std::array::from_fn(|pair| {
        let [a, b] = [by[2 * pair], by[2 * pair + 1]].map(|by| by.map(limbs));
        let mut all = [set_splat_i16_m128i(1); 2 * COMBINATIONS + 1];
        for (all, (a, b)) in all.iter_mut().zip(a.as_flattened().iter().zip(b.as_flattened())) {
            *all = turn(*a, *b);
        }
        all
    })
}

/// Adds the entries of tokens times their limbs.
#[inline(never)]
fn add_one(sums: &mut [[Limbs; 4]], rows: [&[[u8; LANES]]; TOKENS], by: [Limbs; TOKENS / 2]) {
    let n = rows.iter().fold(sums.len(), |n, row| n.min(row.len()));
    let rows = rows.map(|row| &row[..n]);
    let half = m128i::from([0x80u8; LANES]);
    let zero = zeroed_m128i();
    for (i, sums) in sums.iter_mut().enumerate().take(n) {
        // For each pair of tokens their entries in turn, four columns in a vector.
        let wide: [[m128i; 4]; TOKENS / 2] = std::array::from_fn(|pair| {
            let [a, b] =
                [rows[2 * pair], rows[2 * pair + 1]].map(|row| bitxor_m128i(load_unaligned_m128i(&row[i]), half));
            let (low, high) = (unpack_low_i8_m128i(a, b), unpack_high_i8_m128i(a, b));
            [
                unpack_low_i8_m128i(low, zero),
                unpack_high_i8_m128i(low, zero),
                unpack_low_i8_m128i(high, zero),
                unpack_high_i8_m128i(high, zero),
            ]
        });
        for (q, sums) in sums.iter_mut().enumerate() {
            for (l, sum) in sums.iter_mut().enumerate() {
                *sum = wide
                    .iter()
                    .zip(&by)
                    .fold(*sum, |sum, (wide, by)| add_i32_m128i(sum, mul_i16_horizontal_add_m128i(wide[q], by[l])));
            }
        }
    }
}
