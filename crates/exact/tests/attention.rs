//! Attention and sampling against plain loops over big integers, and what must not change them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap
)]

mod common;

use bfv_exact::Matrix;
use bfv_exact::attention::{Attention, Head, Mask, Powers, divided};
use bfv_exact::requantise::Scale;
use bfv_exact::sample::{ALL, Draw, Sampler};
use common::{Random, clamp, nearest};
use num_bigint::BigInt;

fn table(powers: &Powers) -> Vec<u32> {
    powers.bytes().collect::<Vec<u8>>().chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect()
}

/// `floor(unit entry[f] / 2^(30 + k) + 1/2)` at the scaled distance.
fn weight(table: &[u32], scale: Scale, unit: i64, distance: &BigInt) -> BigInt {
    let t = nearest(&(distance * scale.multiplier()), &(BigInt::from(1) << scale.shift())).min(i64::MAX.into());
    let (k, f) = (u64::try_from(&t >> 10u8).unwrap(), usize::try_from(t % 1024).unwrap());
    if k > 60 { BigInt::from(0) } else { nearest(&(BigInt::from(unit) * table[f]), &(BigInt::from(1) << (30 + k))) }
}

/// A scale at which some weights are neither 0 nor all.
fn scale(random: &mut Random) -> Scale {
    Scale::new(1 + random.sized(20) as i32, random.below(40) as u8).unwrap()
}

struct Case {
    scale: Scale,
    mask: Mask,
    q: Matrix<i16>,
    k: Matrix<i16>,
    v: Matrix<i16>,
}

impl Case {
    fn new(random: &mut Random) -> Self {
        let (width, first, tokens) = (1 + random.below(6), random.below(5), 1 + random.below(4));
        let keys = first + tokens;
        let window = (random.below(2) == 0).then(|| 1 + random.below(4));
        let scale = scale(random);
        let [q, k, v] = [tokens, keys, keys].map(|rows| random.matrix(rows, width, -32_768, 32_767));
        Self { scale, mask: Mask { first, window }, q, k, v }
    }

    fn run(&self, powers: &Powers) -> Head {
        Attention { powers, scale: self.scale, mask: self.mask }.head(&self.q, &self.k, &self.v).unwrap()
    }
}

#[test]
fn a_head_is_its_formula() {
    let powers = Powers::new();
    let table = table(&powers);
    let mut random = Random(11);
    for case in 0..10_000 {
        let c = Case::new(&mut random);
        let head = c.run(&powers);
        let out_scale = scale(&mut random);
        let out: Matrix<i16> = divided(out_scale, &head.weights, &head.sums).unwrap();
        for t in 0..c.q.rows() {
            let own = c.mask.first + t;
            let sees = |j: usize| j <= own && c.mask.window.is_none_or(|w| j + w > own);
            let product =
                |j: usize| -> BigInt { (0..c.q.cols()).map(|i| BigInt::from(c.q.row(t)[i]) * c.k.row(j)[i]).sum() };
            let scores: Vec<BigInt> = (0..c.k.rows()).map(product).collect();
            let largest = (0..c.k.rows()).filter(|j| sees(*j)).map(|j| scores[j].clone()).max().unwrap();
            let weights: Vec<BigInt> = (0..c.k.rows())
                .map(|j| if sees(j) { weight(&table, c.scale, 32_767, &(&largest - &scores[j])) } else { 0.into() })
                .collect();
            for j in 0..c.k.rows() {
                assert_eq!(BigInt::from(head.scores.row(t)[j]), scores[j], "case {case}");
                assert_eq!(BigInt::from(head.weights.row(t)[j]), weights[j], "case {case}");
            }
            let total: BigInt = weights.iter().sum();
            assert!(total >= 32_767.into());
            for i in 0..c.v.cols() {
                let sum: BigInt = (0..c.v.rows()).map(|j| &weights[j] * c.v.row(j)[i]).sum();
                assert_eq!(BigInt::from(head.sums.row(t)[i]), sum, "case {case}");
                let exact = nearest(&(sum * out_scale.multiplier()), &(&total << out_scale.shift()));
                assert_eq!(i64::from(out.row(t)[i]), clamp(exact, -32_768, 32_767), "case {case}");
            }
        }
    }
}

#[test]
fn a_query_does_not_depend_on_what_its_mask_hides() {
    let powers = Powers::new();
    let mut random = Random(12);
    for _ in 0..2_000 {
        let mut c = Case::new(&mut random);
        let before = c.run(&powers);
        let t = random.below(c.q.rows());
        let own = c.mask.first + t;
        let width = c.q.cols();
        for j in (0..c.k.rows()).filter(|j| *j > own || c.mask.window.is_some_and(|w| j + w <= own)) {
            for i in 0..width {
                c.k.entries_mut()[j * width + i] = random.between(-32_768, 32_767) as i16;
                c.v.entries_mut()[j * width + i] = random.between(-32_768, 32_767) as i16;
            }
        }
        let after = c.run(&powers);
        assert_eq!(before.weights.row(t), after.weights.row(t));
        assert_eq!(before.sums.row(t), after.sums.row(t));
    }
}

#[test]
fn what_a_mask_shows_counts() {
    let powers = Powers::new();
    let scale = Scale::new(1, 0).unwrap();
    let q = Matrix::filled("q", 1, 1, 1i16).unwrap();
    let k = Matrix::filled("k", 4, 1, 1i16).unwrap();
    let v = Matrix::new("v", 4, 1, vec![1i16, 10, 100, 1000]).unwrap();
    let sum = |window| {
        let mask = Mask { first: 3, window };
        Attention { powers: &powers, scale, mask }.head(&q, &k, &v).unwrap().sums.entries()[0] / 32_767
    };
    assert_eq!([None, Some(9), Some(3), Some(2), Some(1)].map(sum), [1111, 1111, 1110, 1100, 1000]);
}

#[test]
fn tokens_in_blocks_and_one_by_one_agree() {
    let powers = Powers::new();
    let mut random = Random(13);
    for _ in 0..1_000 {
        let c = Case::new(&mut random);
        let block = c.run(&powers);
        for t in 0..c.q.rows() {
            let keys = c.mask.first + t + 1;
            let cut =
                |m: &Matrix<i16>| Matrix::new("cut", keys, m.cols(), m.entries()[..keys * m.cols()].to_vec()).unwrap();
            let one = Case {
                scale: c.scale,
                mask: Mask { first: keys - 1, ..c.mask },
                q: Matrix::new("q", 1, c.q.cols(), c.q.row(t).to_vec()).unwrap(),
                k: cut(&c.k),
                v: cut(&c.v),
            };
            let one = one.run(&powers);
            assert_eq!(one.sums.row(0), block.sums.row(t));
            assert_eq!(one.weights.row(0), &block.weights.row(t)[..keys]);
        }
    }
}

#[test]
fn groups_of_heads_share_keys_and_values() {
    let powers = Powers::new();
    let mut random = Random(14);
    for (heads, kv_heads, width) in [(4, 2, 3), (4, 4, 1), (6, 1, 2), (1, 1, 5)] {
        let mask = Mask { first: 2, window: None };
        let attention = Attention { powers: &powers, scale: Scale::new(3, 12).unwrap(), mask };
        let q: Matrix<i16> = random.matrix(2, heads * width, -300, 300);
        let k: Matrix<i16> = random.matrix(4, kv_heads * width, -300, 300);
        let v: Matrix<i16> = random.matrix(4, kv_heads * width, -300, 300);
        let columns = |m: &Matrix<i16>, h: usize| {
            let entries = m.each_row().flat_map(|r| r[h * width..(h + 1) * width].to_vec()).collect();
            Matrix::new("head", m.rows(), width, entries).unwrap()
        };
        let mut seen = 0;
        attention
            .grouped(width, [&q, &k, &v], |h, head| {
                let kv = h * kv_heads / heads;
                assert_eq!(head, attention.head(&columns(&q, h), &columns(&k, kv), &columns(&v, kv)).unwrap());
                assert_eq!(h, seen);
                seen += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, heads);
    }
}

#[test]
fn shapes_that_lie_are_refused() {
    let powers = Powers::new();
    let m = |rows, cols| Matrix::filled("m", rows, cols, 0i16).unwrap();
    let with =
        |first, window| Attention { powers: &powers, scale: Scale::new(1, 0).unwrap(), mask: Mask { first, window } };
    assert!(with(2, None).head(&m(1, 2), &m(3, 2), &m(3, 2)).is_ok());
    assert!(with(1, None).head(&m(1, 2), &m(3, 2), &m(3, 2)).is_err());
    assert!(with(usize::MAX, None).head(&m(1, 2), &m(3, 2), &m(3, 2)).is_err());
    assert!(with(2, None).head(&m(1, 2), &m(3, 2), &m(2, 2)).is_err());
    assert!(with(2, None).head(&m(1, 2), &m(3, 3), &m(3, 3)).is_err());
    // A window of no keys is one of the query's own.
    assert_eq!(Mask { first: 2, window: Some(0) }.keys(0), 2..3);
    for (width, q, k, v) in [(0, 4, 4, 4), (3, 4, 4, 4), (2, 6, 4, 4), (2, 4, 8, 8), (2, 4, 4, 2)] {
        let none = |_, _| Ok(());
        assert!(with(0, None).grouped(width, [&m(1, q), &m(1, k), &m(1, v)], none).is_err(), "{width} {q} {k} {v}");
    }
    assert!(divided::<i16>(Scale::new(1, 0).unwrap(), &m(2, 1), &Matrix::filled("s", 1, 1, 1i64).unwrap()).is_err());
    let zero: Matrix<i16> =
        divided(Scale::new(1, 62).unwrap(), &m(1, 1), &Matrix::filled("s", 1, 1, 1i64).unwrap()).unwrap();
    assert_eq!(zero.entries(), [0]);
    assert!(Draw::new(Scale::new(1, 0).unwrap(), 1, ALL).is_err());
    assert!(Draw::new(Scale::new(1, 0).unwrap(), 2, 0).is_err());
    assert!(Draw::new(Scale::new(1, 0).unwrap(), 2, ALL + 1).is_err());
    assert!(Sampler::Greedy.choose(&powers, &[], 0).is_err());
}

/// The tokens that are kept, by sorting all of them.
fn kept(table: &[u32], draw: Draw, logits: &[i32]) -> Vec<(usize, BigInt)> {
    let largest = *logits.iter().max().unwrap();
    let of = |i: usize| weight(table, draw.scale(), 1 << 30, &(BigInt::from(largest) - logits[i]));
    let mut all: Vec<(usize, BigInt)> = (0..logits.len()).map(|i| (i, of(i))).collect();
    all.sort_by_key(|(i, _)| (std::cmp::Reverse(logits[*i]), *i));
    all.truncate(draw.top_k() as usize);
    let total: BigInt = all.iter().map(|(_, w)| w).sum();
    let share = |n: usize| all[..n].iter().map(|(_, w)| w).sum::<BigInt>() * ALL >= &total * draw.top_p();
    let n = (1..=all.len()).find(|n| share(*n)).unwrap();
    all.truncate(n);
    all.sort();
    all
}

#[test]
fn a_draw_is_its_formula() {
    let powers = Powers::new();
    let table = table(&powers);
    let mut random = Random(15);
    let mut chosen = 0;
    for _ in 0..10_000 {
        let n = 1 + random.below(20);
        let range = 1 + random.sized(16) as i64;
        let logits: Vec<i32> = (0..n).map(|_| random.extreme(-range, range) as i32).collect();
        let top_p = if random.below(2) == 0 { ALL } else { 1 + random.below(ALL as usize) as u32 };
        let top_k = 2 + random.below(n + 2) as u32;
        let draw = Draw::new(scale(&mut random), top_k, top_p).unwrap();
        let word = random.word();
        let kept = kept(&table, draw, &logits);
        let total: BigInt = kept.iter().map(|(_, w)| w).sum();
        let mark: BigInt = (total * word) >> 64u8;
        let mut sum = BigInt::from(0);
        let expected = kept.iter().find(|(_, w)| {
            sum += w;
            sum > mark
        });
        let got = Sampler::Draw(draw).choose(&powers, &logits, word).unwrap();
        assert_eq!(got, expected.unwrap().0, "{logits:?} {draw:?} {word}");
        chosen += got;
        let greedy = Sampler::Greedy.choose(&powers, &logits, word).unwrap();
        assert!(logits[..greedy].iter().all(|l| *l < logits[greedy]) && logits.iter().all(|l| *l <= logits[greedy]));
    }
    assert!(chosen > 10_000, "the draws are not all the first token");
}

#[test]
fn equal_logits_are_drawn_equally_often_and_the_lowest_is_greedy() {
    let powers = Powers::new();
    let draw = Draw::new(Scale::new(1, 0).unwrap(), 4, ALL).unwrap();
    let logits = [7, 9, 9, -3, 9, 9, 2];
    let mut counts = [0; 7];
    for i in 0..400u64 {
        let word = i * (u64::MAX / 400) + u64::MAX / 800;
        counts[Sampler::Draw(draw).choose(&powers, &logits.map(|l| l * 100_000), word).unwrap()] += 1;
    }
    assert_eq!(counts, [0, 100, 100, 0, 100, 100, 0]);
    assert_eq!(Sampler::Greedy.choose(&powers, &logits, 0).unwrap(), 1);
    // Half of the weight lies in two of four tokens, and ties are kept from the lowest index.
    let half = Draw::new(Scale::new(1, 0).unwrap(), 7, ALL / 2).unwrap();
    let last = Sampler::Draw(half).choose(&powers, &logits.map(|l| l * 100_000), u64::MAX).unwrap();
    assert_eq!(last, 2);
}
