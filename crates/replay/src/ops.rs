//! Every operation, defined once. Each gives some numbers of a cell from the cells that it reads.
//!
//! Numbers are bits of single precision while something is computed, and the result is rounded to the format of its cell at the end ([`Format::narrow`]). Only products of
//! matrices, queries with keys, and weights with values are summed in the order of the machine; the sums of norms and of weights go one after the other.

use crate::format::Format;
use crate::layout::{Layout, Op, Place};
use crate::machine::{Machine, less, negative};
use crate::spec::Turns;
use crate::weights::{Model, index};
use std::ops::Range;

/// The numbers of cells, as bits of single precision.
pub trait Cells {
    /// Those of a cell, where they are known.
    fn cell(&self, place: Place) -> Option<&[u32]>;
}

/// An answer that is computed, or computed again.
pub struct Run<'a, M> {
    /// What computes.
    pub machine: &'a M,
    /// What is computed.
    pub model: &'a Model,
    /// Where its values stand.
    pub layout: &'a Layout,
    /// The angles of positions.
    pub turns: &'a Turns,
    /// The tokens that it is computed for.
    pub tokens: &'a [u32],
}

// Constants of the exponential. Arguments are brought into this range: beyond it the result would round to 0 or be infinite.
const SMALLEST: u32 = 0xc2d0_0000; // -104
const LARGEST: u32 = 0x42b1_0000; // 88.5
const ONE: u32 = 0x3f80_0000;
/// The reciprocal of the logarithm of 2, 1.442695.
const PER_OCTAVE: u32 = 0x3fb8_aa3b;
/// The logarithm of 2 in two parts: 0.693359375, which has few bits, and -0.000212194440.
const OCTAVE_HIGH: u32 = 0x3f31_8000;
const OCTAVE_LOW: u32 = 0xb95e_8083;
/// `3 * 2^22`: whoever adds and subtracts it has rounded to a whole number.
const WHOLE: u32 = 0x4b40_0000;
/// `1/n!` for n from 7 down to 2, rounded.
const SERIES: [u32; 6] = [0x3950_0d01, 0x3ab6_0b61, 0x3c08_8889, 0x3d2a_aaab, 0x3e2a_aaab, 0x3f00_0000];

/// The exponential, for what is no infinity: by octaves and a series, in the manner of Cody and Waite, 1980. What it is to the last bit is this definition.
pub fn exp<M: Machine>(m: &M, x: u32) -> u32 {
    let x = if less(x, SMALLEST) { SMALLEST } else { x };
    let x = if less(LARGEST, x) { LARGEST } else { x };
    // In the binade of the constant, numbers are one apart, so the bits count octaves.
    let shifted = m.add(m.mul(x, PER_OCTAVE), WHOLE);
    let octaves = shifted.cast_signed().wrapping_sub(WHOLE.cast_signed());
    let number = m.sub(shifted, WHOLE);
    let rest = m.sub(m.sub(x, m.mul(number, OCTAVE_HIGH)), m.mul(number, OCTAVE_LOW));
    let [first, others @ ..] = SERIES;
    let series = others.into_iter().fold(first, |sum, next| m.add(m.mul(sum, rest), next));
    let series = m.add(m.mul(series, m.mul(rest, rest)), m.add(rest, ONE));
    // In two steps, as a power may be below the smallest number. At most 151 octaves down and 128 up.
    let power = |n: i32| ONE.wrapping_add_signed(n << 23);
    let half = octaves >> 1;
    m.mul(m.mul(series, power(half)), power(octaves - half))
}

impl<M: Machine> Run<'_, M> {
    /// The numbers of a cell in a range, as bits of its format. Of an operation with heads the range is that of whole heads.
    ///
    /// Nothing where there is no such cell or range, or a cell that it reads is not there or has another size.
    pub fn part(&self, cells: &impl Cells, place: Place, range: Range<usize>) -> Option<Vec<u32>> {
        let entries = self.layout.entries(place)?;
        if range.start >= range.end || range.end > entries {
            return None;
        }
        let get = |place: Place| cells.cell(place).filter(|c| Some(c.len()) == self.layout.entries(place));
        let read = self.layout.inputs(place);
        let first = || get(*read.first()?);
        let second = || get(*read.get(1)?);
        let some = |all: &'_ [u32]| all.get(range.clone()).map(<[u32]>::to_vec);
        let layer = self.model.weights().layers.get(index(place.layer.wrapping_sub(1)));
        let linear = |n: usize| self.linear(layer?.matrices.get(n)?, first()?, range.clone());
        let made = match place.op {
            Op::FirstNorm => self.norm(&layer?.first, first()?, range)?,
            Op::SecondNorm => self.norm(&layer?.second, first()?, range)?,
            Op::LastNorm => self.norm(&self.model.weights().last, first()?, range)?,
            Op::Query => linear(0)?,
            Op::Key => linear(1)?,
            Op::Value => linear(2)?,
            Op::Attended => linear(3)?,
            Op::Gate => linear(4)?,
            Op::Up => linear(5)?,
            Op::Down => linear(6)?,
            Op::Logits => {
                let weights = self.model.weights();
                self.linear(weights.head.as_ref().unwrap_or(&weights.embedding), first()?, range)?
            }
            Op::TurnedQuery | Op::TurnedKey => {
                range.map(|i| self.turned(first()?, place.token, i)).collect::<Option<_>>()?
            }
            Op::Scores | Op::Weights | Op::Mixed => {
                let each = entries / index(self.model.spec().draft().heads);
                let heads = range.start / each..range.end.div_ceil(each);
                let mut all = Vec::with_capacity(range.len());
                for head in heads {
                    match place.op {
                        Op::Scores => self.scores(&get, &read, head, &mut all)?,
                        Op::Weights => all.extend(self.shares(first()?.get(head * each..(head + 1) * each)?)?),
                        _ => self.mixed(&get, &read, head, &mut all)?,
                    }
                }
                all
            }
            Op::AfterLayer if place.layer == 0 => {
                let token = index(*self.tokens.get(index(place.token))?);
                let width = entries;
                let row = self.model.weights().embedding.get(token.checked_mul(width)?..)?.get(range)?;
                let format = self.model.spec().draft().format;
                row.iter().map(|x| format.widen((*x).into())).collect()
            }
            Op::AfterAttention | Op::AfterLayer => {
                let (x, y) = (some(first()?)?, some(second()?)?);
                x.into_iter().zip(y).map(|(x, y)| self.machine.add(x, y)).collect()
            }
            Op::Gated => {
                let (gate, up) = (some(first()?)?, some(second()?)?);
                gate.into_iter().zip(up).map(|(gate, up)| self.gated(gate, up)).collect()
            }
        };
        let format = self.layout.format(place.op);
        Some(made.into_iter().map(|x| format.narrow(x)).collect())
    }

    /// Rows of a matrix times a list.
    fn linear(&self, matrix: &[u16], x: &[u32], rows: Range<usize>) -> Option<Vec<u32>> {
        let matrix = matrix.get(rows.start.checked_mul(x.len())?..rows.end.checked_mul(x.len())?)?;
        Some(self.machine.rows(self.model.spec().draft().format, matrix, x))
    }

    /// `x / sqrt(mean of squares + eps) * gain`.
    fn norm(&self, gains: &[u16], x: &[u32], range: Range<usize>) -> Option<Vec<u32>> {
        let (m, spec) = (self.machine, self.model.spec());
        let squares = x.iter().fold(0, |sum, x| m.add(sum, m.mul(*x, *x)));
        let root = m.sqrt(m.add(m.div(squares, spec.count()), spec.draft().eps));
        let format = spec.draft().format;
        let all = x.get(range.clone())?.iter().zip(gains.get(range)?);
        Some(all.map(|(x, gain)| m.mul(m.div(*x, root), format.widen((*gain).into()))).collect())
    }

    /// A coordinate of a head of width d is paired with the one that is d/2 away.
    fn turned(&self, x: &[u32], position: u32, i: usize) -> Option<u32> {
        let m = self.machine;
        let half = index(self.model.spec().draft().head_width) / 2;
        let pair = i % half;
        let (cos, sin) = self.turns.of(position, pair)?;
        let own = m.mul(*x.get(i)?, cos);
        Some(if (i / half).is_multiple_of(2) {
            m.sub(own, m.mul(*x.get(i + half)?, sin))
        } else {
            m.add(own, m.mul(*x.get(i - half)?, sin))
        })
    }

    /// The coordinates of the key head that a query head reads.
    fn shared(&self, head: usize) -> Range<usize> {
        let d = self.model.spec().draft();
        let (group, width) = (index(d.heads / d.kv_heads), index(d.head_width));
        let start = head / group * width;
        start..start + width
    }

    /// The scores of a head: the scaled product of its query with every key that is seen.
    fn scores<'b>(
        &self,
        get: &impl Fn(Place) -> Option<&'b [u32]>,
        read: &[Place],
        head: usize,
        out: &mut Vec<u32>,
    ) -> Option<()> {
        let (query, keys) = read.split_first()?;
        let (width, own) = (index(self.model.spec().draft().head_width), self.shared(head));
        let query = get(*query)?.get(head * width..(head + 1) * width)?;
        for key in keys {
            let sum = self.machine.dot(query, get(*key)?.get(own.clone())?);
            out.push(self.machine.mul(sum, self.model.spec().scale()));
        }
        Some(())
    }

    /// Exponentials of the distances to the largest score, each divided by their sum.
    fn shares(&self, scores: &[u32]) -> Option<Vec<u32>> {
        let m = self.machine;
        let (first, others) = scores.split_first()?;
        let most = others.iter().fold(*first, |most, x| if less(most, *x) { *x } else { most });
        let powers: Vec<u32> = scores.iter().map(|x| exp(m, m.sub(*x, most))).collect();
        let sum = powers.iter().fold(0, |sum, x| m.add(sum, *x));
        Some(powers.into_iter().map(|x| m.div(x, sum)).collect())
    }

    /// For each coordinate of a head, the sum of the weights with the values that are seen.
    fn mixed<'b>(
        &self,
        get: &impl Fn(Place) -> Option<&'b [u32]>,
        read: &[Place],
        head: usize,
        out: &mut Vec<u32>,
    ) -> Option<()> {
        let (weights, values) = read.split_first()?;
        let weights = get(*weights)?.get(head * values.len()..(head + 1) * values.len())?;
        let values: Vec<&[u32]> = values.iter().map(|v| get(*v)).collect::<Option<_>>()?;
        let mut column = Vec::with_capacity(values.len());
        for i in self.shared(head) {
            column.clear();
            for value in &values {
                column.push(*value.get(i)?);
            }
            out.push(self.machine.dot(weights, &column));
        }
        Some(())
    }

    /// `g / (1 + exp(-g)) * u`.
    fn gated(&self, gate: u32, up: u32) -> u32 {
        let m = self.machine;
        m.mul(m.div(gate, m.add(ONE, exp(m, negative(gate)))), up)
    }
}

/// The token of the largest logit; of several the first. Nothing where there are none.
#[must_use]
pub fn chosen(logits: &[u32]) -> Option<u32> {
    let mut best = *logits.first()?;
    let mut at = 0;
    for (i, x) in (0..).zip(logits) {
        if less(best, *x) {
            (best, at) = (*x, i);
        }
    }
    Some(at)
}

/// The first of some numbers that is infinite or none.
#[must_use]
pub fn unfinished(format: Format, all: &[u32]) -> Option<usize> {
    all.iter().position(|x| !format.is_finite(*x))
}
