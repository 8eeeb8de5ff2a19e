//! How far an answer may have drifted: certified intervals for what the model gives where a worker has computed something near to it.
//!
//! A worker in a lane of floats has other sums than the model, within what was checked, and everything after them follows from its own sums. So its
//! values and those of the model are two runs of one program on numbers that are near to each other. [`Near`] holds the worker's values and, for each, an
//! interval in which that of the *model* lies, given that all tokens so far are those of the worker. An interval of one operation follows from those before it:
//!
//! - What is monotone (scales, sums, saturation) takes ends to ends. Turned heads and gated products are sums and products of two intervals at most, whose
//!   ends are taken at corners.
//! - A norm divides by a root that lies between those of the least and the largest sum of squares.
//! - A linear layer adds to its sums what was checked of them, and what `W` makes of the differences of its inputs. Where only a few of these differ, each
//!   counts by itself; otherwise that is at most the smaller of `|w|_1 |d|_max` and `|w|_max |d|_1` for each row w ([`RowSizes::moved`]), as attention has it
//!   ([`crate::heads`]).
//!
//! All of it is integer arithmetic that rounds outwards. The intervals may be too wide, and never too narrow, so an answer may remain undecided that is right.
//! Where the worker has exactly what the model has, there is no interval, and nothing is computed.

use crate::audit::Judged;
use crate::keys::Weight;
use crate::sizes::RowSizes;
use bfv_exact::forward::Op;
use bfv_exact::gate::Gate;
use bfv_exact::model::Model;
use bfv_exact::norm::{LIMIT, Norm, reciprocal_root};
use bfv_exact::requantise::{Saturate, Scale};
use bfv_exact::rope::Rope;
use bfv_exact::spec::LayerSpec;
use bfv_exact::{Matrix, Refused};

/// An interval, with both of its ends.
pub type Span = (i64, i64);

/// Where the model's values of an operation lie, given that all tokens before them are those of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervals {
    /// The layer from 1; 0 is the embedding, one after the last the head.
    pub layer: u32,
    /// The operation. Those of single heads are not noted.
    pub op: Op,
    /// A row for each token, or for the last token of each block.
    pub spans: Matrix<Span>,
}

/// The numbers of a worker, and where those of the model lie.
pub(crate) struct Near<T> {
    /// As the worker has them.
    pub(crate) own: Matrix<T>,
    /// An interval for each; nothing where all are those of the worker.
    pub(crate) spans: Option<Matrix<Span>>,
}

/// The sizes of differences between an interval and a number: the largest of a row, and their sum.
pub(crate) fn differences<T: Copy + Into<i64>>(own: &[T], spans: &[Span]) -> (u64, u64) {
    own.iter()
        .zip(spans)
        .map(|(&x, span)| difference(x.into(), *span))
        .fold((0, 0), |(most, sum), d| (most.max(d), sum + d))
}

/// How far a number in an interval may be from another one.
pub(crate) fn difference(x: i64, (low, high): Span) -> u64 {
    x.abs_diff(low).max(x.abs_diff(high))
}

/// The interval of a function that has its ends at some points.
fn hull(points: impl IntoIterator<Item = i64>) -> Span {
    points.into_iter().fold((i64::MAX, i64::MIN), |(low, high), x| (low.min(x), high.max(x)))
}

/// A product of a number of one interval and one of the other.
fn product(a: Span, b: Span) -> Span {
    hull([a.0.saturating_mul(b.0), a.0.saturating_mul(b.1), a.1.saturating_mul(b.0), a.1.saturating_mul(b.1)])
}

/// The nearest number of a type, of both ends.
pub(crate) fn saturated<T: Saturate>((low, high): Span) -> Span {
    (T::saturate(low).into(), T::saturate(high).into())
}

impl<T: Copy + Into<i64>> Near<T> {
    /// Numbers that the model has too.
    pub(crate) fn same(own: Matrix<T>) -> Near<T> {
        Near { own, spans: None }
    }

    /// Numbers with intervals in the order of entries.
    pub(crate) fn within(own: Matrix<T>, spans: Vec<Span>) -> Result<Near<T>, Refused> {
        let spans = Matrix::new("intervals", own.rows(), own.cols(), spans)?;
        Ok(Near::of(own, spans))
    }

    fn of(own: Matrix<T>, spans: Matrix<Span>) -> Near<T> {
        let same = own.entries().iter().zip(spans.entries()).all(|(&x, span)| (x.into(), x.into()) == *span);
        Near { own, spans: (!same).then_some(spans) }
    }

    /// The intervals, also of numbers that the model has too.
    pub(crate) fn all_spans(&self) -> Matrix<Span> {
        self.spans.clone().unwrap_or_else(|| self.own.map(|x| (x.into(), x.into())))
    }

    /// The intervals brought to the grid of another type, which is monotone.
    fn scaled_spans<U: Saturate>(&self, scale: Scale) -> Option<Matrix<Span>> {
        let end = |x: i64| scale.apply::<U>(x).into();
        self.spans.as_ref().map(|spans| spans.map(|(low, high)| (end(low), end(high))))
    }

    /// All brought to the grid of another type.
    pub(crate) fn scaled<U: Saturate>(&self, scale: Scale) -> Near<U> {
        let own = scale.apply_all(&self.own);
        match self.scaled_spans::<U>(scale) {
            None => Near::same(own),
            Some(spans) => Near::of(own, spans),
        }
    }

    /// The last rows, from this one on.
    pub(crate) fn last_rows(&self, row: usize) -> Result<Near<T>, Refused> {
        fn last<U: Copy>(m: &Matrix<U>, row: usize) -> Result<Matrix<U>, Refused> {
            let entries = m.entries().get(row.saturating_mul(m.cols())..).unwrap_or_default().to_vec();
            Matrix::new("the last tokens", m.rows().saturating_sub(row), m.cols(), entries)
        }
        Ok(Near { own: last(&self.own, row)?, spans: self.spans.as_ref().map(|s| last(s, row)).transpose()? })
    }
}

impl Near<i32> {
    /// [`Model::norm`].
    pub(crate) fn normed<G: Weight>(&self, norm: Norm, gains: &[i16]) -> Result<Near<G>, Refused> {
        let own = Model::<G>::norm(norm, gains, &self.own)?;
        let Some(spans) = &self.spans else { return Ok(Near::same(own)) };
        let width = u32::try_from(spans.cols()).unwrap_or(u32::MAX);
        let mut out = Vec::new();
        for row in spans.each_row() {
            // As in a norm, a sum of at most 2^16 squares of 24 bits, which is below 2^63 with eps.
            let (mut least, mut most) = (0u64, 0u64);
            for (low, high) in row {
                let (a, b) = (low.unsigned_abs(), high.unsigned_abs());
                most += a.max(b) * a.max(b);
                least += if *low <= 0 && *high >= 0 { 0 } else { a.min(b) * a.min(b) };
            }
            let eps = u64::from(norm.eps()) * u64::from(width);
            let roots = [reciprocal_root(most + eps, width), reciprocal_root(least + eps, width)];
            out.extend(row.iter().zip(gains).map(|((low, high), gain)| {
                let corners = [*low, *high].into_iter().flat_map(|x| roots.map(|root| norm.entry(x, root, *gain)));
                saturated::<G>(hull(corners))
            }));
        }
        Near::within(own, out)
    }

    /// [`Model::add`].
    pub(crate) fn plus<G: Judged>(&self, scale: Scale, sums: &Near<G::Sum>) -> Result<Near<i32>, Refused> {
        let own = Model::<G>::add(scale, &self.own, &sums.own)?;
        if self.spans.is_none() && sums.spans.is_none() {
            return Ok(Near::same(own));
        }
        let add = |h: i64, s: i64| scale.round(s).saturating_add(h).clamp((-LIMIT).into(), (LIMIT - 1).into());
        let (hidden, sums) = (self.all_spans(), sums.all_spans());
        let spans = hidden.entries().iter().zip(sums.entries());
        Near::within(own, spans.map(|(h, s)| (add(h.0, s.0), add(h.1, s.1))).collect())
    }
}

/// [`Model::turn`], from position 0.
pub(crate) fn turned<G: Judged>(
    model: &Model<G>,
    scale: Scale,
    sums: &Near<G::Sum>,
    first: usize,
) -> Result<Near<i16>, Refused> {
    let own = model.turn(scale, &sums.own, first)?;
    let Some(spans) = sums.scaled_spans::<i16>(scale) else { return Ok(Near::same(own)) };
    let width = model.rope().width();
    let mut out = Vec::new();
    for (position, row) in (first..).zip(spans.each_row()) {
        let (cosines, sines) = model.rope().turns(position);
        for head in row.chunks(width) {
            let (low, high) = head.split_at_checked(width / 2).unwrap_or_default();
            let half = |first: &[Span], second: &[Span], sign: i64| {
                let pairs = first.iter().zip(second).zip(cosines.iter().zip(sines));
                let one = |((a, b), (c, s)): ((&Span, &Span), (&i16, &i16))| {
                    let (c, s) = (i64::from(*c), sign * i64::from(*s));
                    let (x, y) = (product(*a, (c, c)), product(*b, (s, s)));
                    // Two products of at most 2^29 each.
                    let round = |sum: i64| i64::from(Rope::round(i32::saturate(sum)));
                    (round(x.0 + y.0), round(x.1 + y.1))
                };
                pairs.map(one).collect::<Vec<Span>>()
            };
            // The first half is a c - b s, the second b c + a s.
            out.extend(half(low, high, -1));
            out.extend(half(high, low, 1));
        }
    }
    Near::within(own, out)
}

/// Numbers of the table that are looked at together.
const PART: usize = 256;

/// The table of a gate with the least and the largest entry of each part.
pub(crate) struct Gates<'a> {
    gate: &'a Gate,
    parts: Vec<Span>,
}

impl<'a> Gates<'a> {
    pub(crate) fn new(gate: &'a Gate) -> Gates<'a> {
        let all: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let parts = all.chunks(PART).map(|part| hull(part.iter().map(|q| gate.at(*q).into()))).collect();
        Gates { gate, parts }
    }

    /// The interval of entries for an interval of numbers of 16 bits.
    fn at(&self, (low, high): Span) -> Span {
        let place = |q: i64| usize::try_from(q - i64::from(i16::MIN)).unwrap_or_default();
        let (first, last) = (place(low), place(high));
        let (from, to) = (first.div_ceil(PART), (last + 1) / PART);
        let entries = |places: std::ops::Range<usize>| {
            let number = |i: usize| i64::try_from(i).unwrap_or_default() + i64::from(i16::MIN);
            hull(places.map(|i| self.gate.at(i16::saturate(number(i))).into()))
        };
        if from >= to {
            return entries(first..last + 1);
        }
        let whole = self.parts.get(from..to).unwrap_or_default().iter().flat_map(|(low, high)| [*low, *high]);
        let (start, end) = (entries(first..from * PART), entries(to * PART..last + 1));
        // Of no entries the ends are the other way round, and change nothing.
        let within = hull(whole);
        (within.0.min(start.0).min(end.0), within.1.max(start.1).max(end.1))
    }
}

/// [`Model::gated`].
pub(crate) fn gated<G: Judged>(
    model: &Model<G>,
    layer: &LayerSpec,
    (gate, up): (&Near<G::Sum>, &Near<G::Sum>),
) -> Result<Near<G>, Refused> {
    let own = model.gated(layer, &gate.own, &up.own)?;
    if gate.spans.is_none() && up.spans.is_none() {
        return Ok(Near::same(own));
    }
    let gates = Gates::new(model.gate());
    let (gate, up) = (gate.scaled::<i16>(layer.gate).all_spans(), up.scaled::<i16>(layer.up).all_spans());
    let spans = gate.entries().iter().zip(up.entries());
    let one = |(g, u): (&Span, &Span)| {
        let (low, high) = product(gates.at(*g), *u);
        (layer.product.apply::<G>(low).into(), layer.product.apply::<G>(high).into())
    };
    Near::within(own, spans.map(one).collect())
}

/// Of so many inputs, one may differ from the model's for each difference to count by itself.
const FEW: usize = 16;

/// The inputs of a row that the model may have otherwise, with the intervals of the differences; nothing where they are more than a few.
fn few<T: Copy + Into<i64>>(own: &[T], spans: &[Span]) -> Option<Vec<(usize, Span)>> {
    let differ = own.iter().zip(spans).enumerate().filter_map(|(j, (&x, (low, high)))| {
        let x: i64 = x.into();
        ((x, x) != (*low, *high)).then_some((j, (low.saturating_sub(x), high.saturating_sub(x))))
    });
    let most = own.len().div_ceil(FEW);
    let all: Vec<(usize, Span)> = differ.take(most + 1).collect();
    (all.len() <= most).then_some(all)
}

/// What a row of weights makes of differences at some places.
fn moved<G: Weight>(w: &[G], differences: &[(usize, Span)]) -> Span {
    differences.iter().fold((0, 0), |(low, high), (j, span)| {
        let w: i64 = w.get(*j).map_or(0, |&w| w.into());
        // At most 2^20 products of 16 bits and 17.
        let (a, b) = product(*span, (w, w));
        (low.saturating_add(a), high.saturating_add(b))
    })
}

/// The sums of a linear layer. `centre` is near to the product of the worker's own input: `far` bounds how far, for a row of it and a row of weights.
pub(crate) fn linear<G: Judged>(
    own: Matrix<G::Sum>,
    centre: &Matrix<i64>,
    far: impl Fn(usize, usize) -> i64,
    x: &Near<G>,
    (w, sizes): (&Matrix<G>, &RowSizes),
) -> Result<Near<G::Sum>, Refused> {
    let mut out = Vec::new();
    for (t, centre) in centre.each_row().enumerate() {
        let spans = x.spans.as_ref().map(|spans| (x.own.row(t), spans.row(t)));
        let moved: Vec<Span> = match spans.map(|(own, spans)| (few(own, spans), differences(own, spans))) {
            None => vec![(0, 0); centre.len()],
            Some((Some(few), _)) => w.each_row().map(|w| moved(w, &few)).collect(),
            Some((None, (most, sum))) => sizes.moved(most, sum).map(|far| (-far, far)).collect(),
        };
        out.extend(centre.iter().zip(moved).enumerate().map(|(i, (y, (low, high)))| {
            let far = far(t, i);
            (y.saturating_add(low).saturating_sub(far), y.saturating_add(high).saturating_add(far))
        }));
    }
    Near::within(own, out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
mod tests {
    use super::*;
    use crate::numbers::Random;
    use bfv_exact::gate::{Function, Shape};

    #[test]
    fn the_interval_of_a_gate_is_that_of_its_entries() {
        let mut random = Random(72);
        let gate = Gate::new(Shape { function: Function::Silu, input: 12, output: 12 }).unwrap();
        let gates = Gates::new(&gate);
        for _ in 0..3000 {
            let low = random.extreme(i16::MIN.into(), i16::MAX.into());
            let most = low + (1 << random.below(17));
            let high = random.extreme(low, most.min(i16::MAX.into()));
            let all = (low..=high).map(|q| i64::from(gate.at(q as i16)));
            assert_eq!(gates.at((low, high)), hull(all), "{low} to {high}");
        }
    }

    #[test]
    fn a_row_moves_by_no_more_than_both_bounds() {
        let mut random = Random(73);
        let mut equal = 0;
        for _ in 0..20_000 {
            let k = 1 + random.below(6);
            let w: Matrix<i16> = random.matrix(1, k, -32_768, 32_767);
            let d: Matrix<i32> = random.matrix(1, k, -65_535, 65_535);
            let sizes = || d.entries().iter().map(|d| u64::from(d.unsigned_abs()));
            let far = RowSizes::new(&w).moved(sizes().max().unwrap(), sizes().sum()).next().unwrap();
            let moved: i64 = w.entries().iter().zip(d.entries()).map(|(w, d)| i64::from(*w) * i64::from(*d)).sum();
            assert!(moved.abs() <= far);
            equal += usize::from(moved.abs() == far);
        }
        assert!(equal > 2000, "{equal}");
    }
}
