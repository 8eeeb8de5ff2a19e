//! Attention with an integer softmax.
//!
//! Scores are exact sums. A weight is `2^-t` for the distance t of a score from the largest of its row, on a grid in which 1 is
//! 32,767; weights are not divided by their total, but the weighted sum of values is. So a long row of small probabilities keeps its
//! precision, and both products, `Q K^T` and `W V`, are matrices that can be committed and checked like linear layers.

use crate::fixed;
use crate::heads::Counts;
use crate::linear;
use crate::matrix::Matrix;
use crate::refused::Refused;
use crate::requantise::{Saturate, Scale};

/// The weight of the largest score.
pub const ONE: i16 = i16::MAX;
/// Fraction bits of a distance.
const OCTAVE: u32 = 10;

/// Powers `2^(30 - f / 1024)` for f from 0 to 1,023, to the nearest whole number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Powers {
    entries: Vec<u32>,
}

impl Default for Powers {
    fn default() -> Self {
        Self::new()
    }
}

impl Powers {
    /// Makes the table.
    #[must_use]
    pub fn new() -> Self {
        let ln2 = fixed::ln2();
        let power = |f: i128| fixed::to_unit(fixed::exp_minus(ln2, ln2 * f / (1 << OCTAVE)), 30);
        Self { entries: (0..1 << OCTAVE).map(power).collect() }
    }

    /// The entries in order, each as four bytes, the lowest first.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        self.entries.iter().flat_map(|e| e.to_le_bytes())
    }

    /// `floor(unit 2^(-t / 1024) + 1/2)` with the entry in the place of the power: with `t = 1024 k + f` it is
    /// `floor(unit entry[f] / 2^(30 + k) + 1/2)`. Negative t counts as 0.
    #[must_use]
    #[inline]
    pub fn weight(&self, unit: u32, t: i64) -> u32 {
        let t = t.max(0).cast_unsigned();
        let entry = usize::try_from(t % (1 << OCTAVE)).ok().and_then(|f| self.entries.get(f)).copied().unwrap_or(0);
        let shift = 30 + (t >> OCTAVE).min(33);
        // The product is below 2^62, as no entry exceeds 2^30, and the half is at most 2^62.
        let weight = (u64::from(unit) * u64::from(entry) + (1 << (shift - 1))) >> shift;
        u32::try_from(weight).unwrap_or(u32::MAX)
    }

    /// The weights of a row of scores: entry j is [`Powers::weight`] of [`ONE`] at the distance `(largest - scores[j])` scaled
    /// and rounded. Their total is at least [`ONE`].
    pub fn softmax(&self, scale: Scale, scores: &[i64], weights: &mut [i16]) {
        let Some(largest) = scores.iter().max() else { return };
        for (weight, score) in weights.iter_mut().zip(scores) {
            *weight = self.softmax_weight(scale, largest.saturating_sub(*score));
        }
    }

    /// The weight of a score at this distance from the largest of its row. It does not grow with the distance.
    #[must_use]
    pub fn softmax_weight(&self, scale: Scale, distance: i64) -> i16 {
        i16::saturate(i64::from(self.weight(u32::from(ONE.unsigned_abs()), scale.apply(distance))))
    }
}

/// Which keys a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mask {
    /// The position of the first query; the first key has position 0.
    pub first: usize,
    /// How many keys a query sees at most, itself included and the latest ones; at least 1. Nothing: all up to itself.
    pub window: Option<usize>,
}

impl Mask {
    /// The keys that the query in row t sees, which are never none: those up to its own, and of these the last of the window.
    #[must_use]
    pub fn keys(self, t: usize) -> std::ops::Range<usize> {
        let end = self.first.saturating_add(t).saturating_add(1);
        end - self.window.unwrap_or(end).clamp(1, end)..end
    }

    /// That there is a key and a value for each position up to the last query.
    pub(crate) fn fits(self, [q, k, v]: [&Matrix<i16>; 3]) -> Result<(), Refused> {
        if self.first.checked_add(q.rows()) != Some(k.rows()) || k.rows() != v.rows() {
            let (q, k, v) = (q.rows(), k.rows(), v.rows());
            let why = format!("{q} queries from position {}, {k} keys and {v} values do not fit", self.first);
            return Err(Refused::new("attention", why));
        }
        Ok(())
    }
}

/// What one head computes, in the order in which it is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// `Q K^T`: a row for each query, a column for each key, masked ones included.
    pub scores: Matrix<i64>,
    /// Weights; 0 where a key is masked.
    pub weights: Matrix<i16>,
    /// `W V`: a row for each query.
    pub sums: Matrix<i64>,
}

/// What attention is made with.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// The powers of two.
    pub powers: &'a Powers,
    /// From a distance of scores to `1/1024` of an octave; it holds the logarithm, the grids and the width of a head.
    pub scale: Scale,
    /// Which keys a query sees.
    pub mask: Mask,
}

impl Attention<'_> {
    /// One head over queries, keys and values of one width, a row for each position.
    ///
    /// # Errors
    /// The shapes do not fit each other or the mask, or a result is too large for a matrix.
    pub fn head(&self, q: &Matrix<i16>, k: &Matrix<i16>, v: &Matrix<i16>) -> Result<Head, Refused> {
        self.mask.fits([q, k, v])?;
        let scores = linear::vectored(k, q)?;
        let weights = softmax(self.powers, self.scale, self.mask, &scores)?;
        let sums = linear::vectored(&transposed(v)?, &weights)?;
        Ok(Head { scores, weights, sums })
    }

    /// All query heads in order, of one width; with g times as many query heads as key heads, query head h goes with the key head
    /// `floor(h / g)`. Each head is handed over when it is done.
    ///
    /// # Errors
    /// The number of query heads is no multiple of that of key heads, or a head is refused, here or by who gets it.
    pub fn grouped(
        &self,
        width: usize,
        qkv: [&Matrix<i16>; 3],
        done: impl FnMut(usize, Head) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let [q, k, v] = qkv;
        let head = |h, kv| self.head(&part(q, h, width)?, &part(k, kv, width)?, &part(v, kv, width)?);
        grouped(width, qkv, head, done)
    }
}

/// The heads of [`Attention::grouped`], each made from the numbers of its query head and its key head.
pub(crate) fn grouped(
    width: usize,
    qkv: [&Matrix<i16>; 3],
    head: impl Fn(usize, usize) -> Result<Head, Refused>,
    mut done: impl FnMut(usize, Head) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let Counts { heads, kv_heads } = Counts::of(width, qkv)?;
    for h in 0..heads {
        let kv = h / (heads / kv_heads);
        done(h, head(h, kv)?)?;
    }
    Ok(())
}

/// Weights of all rows of scores, each over the keys that its mask leaves.
///
/// # Errors
/// A row's mask leaves keys that the scores do not have.
pub fn softmax(powers: &Powers, scale: Scale, mask: Mask, scores: &Matrix<i64>) -> Result<Matrix<i16>, Refused> {
    softmax_of(powers, scale, |t| mask.keys(t), scores)
}

/// The same where each row sees these columns.
///
/// # Errors
/// A row sees columns that the scores do not have.
pub fn softmax_of(
    powers: &Powers,
    scale: Scale,
    seen: impl Fn(usize) -> std::ops::Range<usize>,
    scores: &Matrix<i64>,
) -> Result<Matrix<i16>, Refused> {
    let mut weights = Matrix::filled("attention", scores.rows(), scores.cols(), 0)?;
    for (t, (scores, weights)) in scores.each_row().zip(weights.each_row_mut()).enumerate() {
        let keys = seen(t);
        match (scores.get(keys.clone()), weights.get_mut(keys)) {
            (Some(scores), Some(weights)) => powers.softmax(scale, scores, weights),
            _ => return Err(Refused::new("attention", format!("query {t} sees keys that there are not"))),
        }
    }
    Ok(weights)
}

/// Each weighted sum divided by the total of its row of weights, scaled and rounded once; no weight is negative:
/// `saturate(floor(sum multiplier / (total 2^shift) + 1/2))`, and 0 for a total of 0.
///
/// # Errors
/// The numbers of rows differ.
pub fn divided<T: Saturate>(scale: Scale, weights: &Matrix<i16>, sums: &Matrix<i64>) -> Result<Matrix<T>, Refused> {
    divided_by(scale, &totals(weights), sums)
}

/// The total of each row of weights.
#[must_use]
pub fn totals(weights: &Matrix<i16>) -> Vec<i64> {
    weights.each_row().map(|row| row.iter().copied().map(i64::from).sum()).collect()
}

/// The same by the totals of rows of weights.
///
/// # Errors
/// As [`divided`].
pub fn divided_by<T: Saturate>(scale: Scale, totals: &[i64], sums: &Matrix<i64>) -> Result<Matrix<T>, Refused> {
    if totals.len() != sums.rows() {
        let why = format!("{} rows of weights and {} of sums differ", totals.len(), sums.rows());
        return Err(Refused::new("attention", why));
    }
    let mut out = Matrix::filled("attention", sums.rows(), sums.cols(), T::default())?;
    for ((out, sums), total) in out.each_row_mut().zip(sums.each_row()).zip(totals) {
        // The total has at most 36 bits; shifted, at most 99.
        let unit = i128::from(*total) << scale.shift();
        for (out, &sum) in out.iter_mut().zip(sums) {
            let twice = 2 * i128::from(sum) * i128::from(scale.multiplier()) + unit;
            let rounded = twice.checked_div_euclid(2 * unit).unwrap_or(0);
            *out = T::saturate(i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX }));
        }
    }
    Ok(out)
}

/// Rows as columns.
pub(crate) fn transposed(v: &Matrix<i16>) -> Result<Matrix<i16>, Refused> {
    let columns = (0..v.cols()).flat_map(|c| v.entries().iter().skip(c).step_by(v.cols()).copied());
    Matrix::new("attention", v.cols(), v.rows(), columns.collect())
}

/// The columns of one head: width columns from `head * width`.
pub(crate) fn part(x: &Matrix<i16>, head: usize, width: usize) -> Result<Matrix<i16>, Refused> {
    let start = head.saturating_mul(width);
    let mut columns = Vec::new();
    for row in x.each_row() {
        match row.get(start..start.saturating_add(width)) {
            Some(part) => columns.extend_from_slice(part),
            None => return Err(Refused::new("attention", format!("there is no head {head} of width {width}"))),
        }
    }
    Matrix::new("attention", x.rows(), width, columns)
}
