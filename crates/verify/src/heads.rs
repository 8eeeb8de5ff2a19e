//! Where the weighted means of attention lie, when queries, keys and values lie in intervals.
//!
//! For a query and a key, scores move by at most the sum of `|q d_k|`, `|d_q k|` and `|d_q d_k|`, each at most the smaller of the two products of a sum of
//! sizes and a largest size. A weight does not grow with the distance of its score from the largest, which is that from the largest of the others,
//! or 0. With weights w, their total W and the mean m of values v of the worker, w', W', m' and v' those of the model, and n the mean of v with weights w',
//!
//! `m' - m = (sum of w'_j (v'_j - v_j)) / W' + (n - m)`.
//!
//! The first is at most the largest difference of values. As the sum of `w_j (v_j - m)` is 0, and that of `w'_j (v_j - n)`, the second is the sum of
//! `(w'_j - w_j) (v_j - m)` by W', and also that of `(w'_j - w_j) (v_j - n)` by W. Each of these distances is at most that between the largest and the least v,
//! so the larger total counts. And m' lies among the v'.

use crate::drift::{Near, Span, difference, differences};
use bfv_exact::Matrix;
use bfv_exact::attention::Powers;
use bfv_exact::requantise::Scale;

/// Fraction bits of a mean here.
const FRACTION: u32 = 20;

/// The sizes of some numbers and of what they may be off by: largest and sum.
#[derive(Clone, Copy, Default)]
struct Sizes {
    own: (u64, u64),
    off: (u64, u64),
}

impl Sizes {
    fn new(own: &[i16], spans: &[Span]) -> Sizes {
        let sizes = || own.iter().map(|x| u64::from(x.unsigned_abs()));
        Sizes { own: (sizes().max().unwrap_or(0), sizes().sum()), off: differences(own, spans) }
    }

    /// How far the product of both may be from that of the worker's numbers. A head has at most 2^10 numbers of 17 bits.
    fn moved(&self, other: &Sizes) -> i64 {
        let most = |a: (u64, u64), b: (u64, u64)| (a.0 * b.1).min(a.1 * b.0);
        let all = most(self.own, other.off) + most(self.off, other.own) + most(self.off, other.off);
        i64::try_from(all).unwrap_or(i64::MAX)
    }
}

/// The values of one coordinate up to a position: those of the worker, the largest difference, and those of the model.
#[derive(Clone, Copy)]
struct Values {
    own: Span,
    off: u64,
    model: Span,
}

/// A key head.
pub(crate) struct Keys {
    keys: Vec<Sizes>,
    /// For each position, all coordinates.
    values: Vec<Vec<Values>>,
}

/// The coordinates of a head in a row.
pub(crate) fn part<T>(row: &[T], head: usize, width: usize) -> &[T] {
    row.get(head * width..(head + 1) * width).unwrap_or_default()
}

/// Queries, keys and values, with intervals for all.
pub(crate) struct Attended<'a> {
    own: [&'a Matrix<i16>; 3],
    spans: [Matrix<Span>; 3],
    width: usize,
}

impl<'a> Attended<'a> {
    /// Nothing where the model has all that the worker has.
    pub(crate) fn new(all: [&'a Near<i16>; 3], width: usize) -> Option<Attended<'a>> {
        let any = all.iter().any(|x| x.spans.is_some());
        any.then(|| Attended { own: all.map(|x| &x.own), spans: all.map(Near::all_spans), width })
    }

    /// The key head of this number.
    pub(crate) fn keys(&self, head: usize) -> Keys {
        let [_, k, v] = self.own;
        let [_, k_spans, v_spans] = &self.spans;
        let sizes = |(row, spans)| Sizes::new(part(row, head, self.width), part(spans, head, self.width));
        let mut values: Vec<Vec<Values>> = Vec::new();
        for (row, spans) in v.each_row().zip(v_spans.each_row()) {
            let now = part(row, head, self.width).iter().zip(part(spans, head, self.width));
            let now = now.map(|(&x, span)| {
                let x = i64::from(x);
                Values { own: (x, x), off: difference(x, *span), model: *span }
            });
            let join = |a: Span, b: Span| (a.0.min(b.0), a.1.max(b.1));
            let next = match values.last() {
                None => now.collect(),
                Some(last) => now
                    .zip(last)
                    .map(|(a, b)| Values {
                        own: join(a.own, b.own),
                        off: a.off.max(b.off),
                        model: join(a.model, b.model),
                    })
                    .collect(),
            };
            values.push(next);
        }
        Keys { keys: k.each_row().zip(k_spans.each_row()).map(sizes).collect(), values }
    }

    /// Intervals for the weighted means of a query head at a position, by the scale `mixed` and before saturation. `seen` are the positions of the keys that
    /// the query sees; scores, weights and sums are those of the worker.
    pub(crate) fn means(
        &self,
        (powers, score, mixed): (&Powers, Scale, Scale),
        (head, keys): (usize, &Keys),
        (position, seen): (usize, std::ops::Range<usize>),
        (scores, weights, sums): (&[i64], &[i16], &[i64]),
    ) -> Vec<Span> {
        let ([q, ..], [spans, ..]) = (self.own, &self.spans);
        let query = Sizes::new(part(q.row(position), head, self.width), part(spans.row(position), head, self.width));
        let seen_scores = scores.get(seen.clone()).unwrap_or_default().iter();
        let scores: Vec<Span> = seen_scores
            .zip(keys.keys.get(seen.clone()).unwrap_or_default())
            .map(|(score, key)| {
                let moved = query.moved(key);
                (score.saturating_sub(moved), score.saturating_add(moved))
            })
            .collect();
        let totals = weighed(powers, score, &scores, weights.get(seen).unwrap_or_default());
        let none = Vec::new();
        let values = keys.values.get(position).unwrap_or(&none);
        sums.iter().zip(values).map(|(sum, values)| mean(mixed, *sum, totals, values)).collect()
    }
}

/// The total of the worker's weights, the larger one of this and the least total of those of the model, and how far all weights may be off together.
fn weighed(powers: &Powers, scale: Scale, scores: &[Span], weights: &[i16]) -> (i64, i64, i64) {
    let (low, high) = (Others::new(scores.iter().map(|s| s.0)), Others::new(scores.iter().map(|s| s.1)));
    let (mut total, mut least, mut off) = (0i64, 0i64, 0i64);
    for (j, ((low_score, high_score), weight)) in scores.iter().zip(weights).enumerate() {
        let distance = |others: Option<i64>, score: i64| others.map_or(0, |most| most.saturating_sub(score).max(0));
        let near = distance(low.without(j), *high_score);
        let far = distance(high.without(j), *low_score);
        let [less, more] = [far, near].map(|d| i64::from(powers.softmax_weight(scale, d)));
        let weight = i64::from(*weight);
        total += weight;
        least += less;
        off += (weight - less).max(more - weight);
    }
    (total, least.max(total), off)
}

/// The largest of some numbers but one.
struct Others {
    first: Option<(usize, i64)>,
    second: Option<i64>,
}

impl Others {
    fn new(all: impl Iterator<Item = i64>) -> Others {
        let (mut first, mut second): (Option<(usize, i64)>, Option<i64>) = (None, None);
        for (i, x) in all.enumerate() {
            match first {
                Some((_, most)) if x <= most => second = Some(second.map_or(x, |s| s.max(x))),
                _ => (first, second) = (Some((i, x)), first.map(|(_, most)| most)),
            }
        }
        Others { first, second }
    }

    fn without(&self, i: usize) -> Option<i64> {
        self.first.filter(|(at, _)| *at != i).map(|(_, x)| x).or(self.second)
    }
}

/// The interval of one mean, scaled and rounded as [`bfv_exact::attention::divided`] does.
fn mean(scale: Scale, sum: i64, (total, larger, off): (i64, i64, i64), values: &Values) -> Span {
    // A sum has at most 51 bits, and 71 with the fraction; off has at most 36 and a distance of values 17.
    let fixed = |x: i64| i128::from(x) << FRACTION;
    let up = |a: i128, b: i64| -((-a).div_euclid(i128::from(b)));
    let total = total.max(1);
    let apart = values.own.1.saturating_sub(values.own.0);
    let far = (i128::from(values.off) << FRACTION) + up(fixed(off) * i128::from(apart), larger.max(1));
    let low = (fixed(sum).div_euclid(i128::from(total)) - far).max(fixed(values.model.0));
    let high = (up(fixed(sum), total) + far).min(fixed(values.model.1));
    let shift = u32::from(scale.shift()) + FRACTION;
    // At most 37 bits by 31, shifted by at most 82.
    let round = |x: i128| {
        let rounded = (x * i128::from(scale.multiplier()) + (1i128 << (shift - 1))) >> shift;
        i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
    };
    (round(low), round(high))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
mod tests {
    use super::*;
    use crate::numbers::Random;
    use bfv_exact::attention::{Attention, Mask, divided};

    /// Numbers of a worker, those of the model nearby, and intervals that end at one of the two.
    fn pair(random: &mut Random, rows: usize, cols: usize, size: i64, off: i64) -> (Near<i16>, Matrix<i16>) {
        let own: Matrix<i16> = random.matrix(rows, cols, -size, size);
        let model = own.map(|x| i16::try_from(i64::from(x) + random.extreme(-off, off)).unwrap());
        let both = own.entries().iter().zip(model.entries());
        let spans = both.map(|(a, b)| (i64::from(*a.min(b)), i64::from(*a.max(b)))).collect();
        (Near::within(own, spans).unwrap(), model)
    }

    /// One number in a head and few keys, so that there is little room between what happens and what is bounded.
    #[test]
    fn means_of_the_model_lie_in_their_intervals() {
        let mut random = Random(70);
        let powers = Powers::new();
        let (mut narrow, mut all) = (0, 0);
        for _ in 0..20_000 {
            let (n, width) = (1 + random.below(4), 1 + random.below(2));
            let size = 1 << (2 + random.below(12));
            let off =
                |random: &mut Random| if random.below(3) == 0 { 0 } else { i64::try_from(random.sized(9)).unwrap() };
            let offs = [off(&mut random), off(&mut random), off(&mut random)];
            let [q, k, v] = offs.map(|off| pair(&mut random, n, width, size, off));
            let scale =
                |random: &mut Random, shift: u8| Scale::new(random.between(1 << 15, 1 << 16) as i32, shift).unwrap();
            let shift = 12 + random.below(20) as u8;
            let (score, mixed) = (scale(&mut random, shift), scale(&mut random, 15));
            let window = (random.below(2) == 0).then(|| 1 + random.below(3));
            let mask = Mask { first: 0, window };
            let attention = Attention { powers: &powers, scale: score, mask };
            let own = attention.head(&q.0.own, &k.0.own, &v.0.own).unwrap();
            let model = attention.head(&q.1, &k.1, &v.1).unwrap();
            let model: Matrix<i64> = divided(mixed, &model.weights, &model.sums).unwrap();
            let Some(attended) = Attended::new([&q.0, &k.0, &v.0], width) else { continue };
            let keys = attended.keys(0);
            for t in 0..n {
                let rows = (own.scores.row(t), own.weights.row(t), own.sums.row(t));
                let spans = attended.means((&powers, score, mixed), (0, &keys), (t, mask.keys(t)), rows);
                assert_eq!(spans.len(), width);
                for (x, (low, high)) in model.row(t).iter().zip(spans) {
                    assert!(low <= *x && *x <= high, "{x} is not in {low} to {high}");
                    narrow += usize::from(high - low <= 2 * offs[2] + 2);
                    all += 1;
                }
            }
        }
        assert!(narrow > all / 10, "{narrow} of {all}");
    }

    #[test]
    fn the_largest_of_the_others_is_found() {
        let mut random = Random(71);
        for _ in 0..1000 {
            let all: Vec<i64> = (0..random.below(5)).map(|_| random.between(-3, 3)).collect();
            let others = Others::new(all.iter().copied());
            for i in 0..all.len() {
                let rest = all.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, x)| *x);
                assert_eq!(others.without(i), rest.max());
            }
        }
    }
}
