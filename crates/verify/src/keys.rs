//! What a verifier knows of a weight matrix: a random vector r and the combination `v = r W` of its rows, modulo p.
//!
//! With them a claimed product `y = W x` is checked by `v x = r y`: lemma `freivalds_exact` in `sctt/freivalds.sctt`. When nothing wraps, a wrong
//! y passes for at most one of p vectors r.

use crate::field;
use bfv_cert::certificate::Layers;
use bfv_cert::digest::{Context, Digest};
use bfv_exact::Matrix;
use bfv_exact::commit::all_rows;
use bfv_exact::forward::Op;
use bfv_exact::model::Model;
use bfv_exact::requantise::Saturate;
use bfv_exact::spec::{Bits, Named};

/// Rows that are combined before sums are reduced: with limbs of r of 31 bits and weights of 16, `2^16 * 2^47 = 2^63`.
const ROWS: usize = 1 << 16;
/// Bits of the lower limb of r.
const LIMB: u32 = 31;

/// A vector and the combination.
#[derive(Debug, Clone)]
pub struct Key {
    /// As many numbers as W has rows.
    pub r: Vec<u64>,
    /// As many numbers as W has columns.
    pub v: Vec<u64>,
}

/// A grid of weights.
pub trait Weight: Named + Saturate {
    /// Half of the grid.
    const HALF: u32;
    /// The number plus half of the grid.
    fn positive(self) -> u32;
    /// Draws r from random words and computes v. It is compiled in this crate, whatever the settings of who calls it.
    fn key(w: &Matrix<Self>, words: &mut dyn Iterator<Item = u64>) -> Key;
}

macro_rules! weight {
    ($($t:ty, $half:literal);*) => {$(
        impl Weight for $t {
            const HALF: u32 = $half;

            #[inline]
            fn positive(self) -> u32 {
                u32::from(self.cast_unsigned() ^ $half)
            }

            fn key(w: &Matrix<$t>, words: &mut dyn Iterator<Item = u64>) -> Key {
                key_of(w, words)
            }
        }
    )*};
}
weight!(i8, 0x80; i16, 0x8000);

fn key_of<G: Weight>(w: &Matrix<G>, words: &mut dyn Iterator<Item = u64>) -> Key {
    let r: Vec<u64> = (0..w.rows()).map(|_| field::draw(words)).collect();
    let mut v = vec![0u64; w.cols()];
    let mut sums = [vec![0u64; w.cols()], vec![0u64; w.cols()]];
    let rows: Vec<&[G]> = w.each_row().collect();
    for (rows, r) in rows.chunks(ROWS).zip(r.chunks(ROWS)) {
        for (w, &r) in rows.iter().zip(r) {
            let [low, high] = &mut sums;
            add(low, r & ((1 << LIMB) - 1), w);
            add(high, r >> LIMB, w);
        }
        let total = r.iter().fold(0, |sum, r| field::add(sum, *r));
        let half = field::mul(total, G::HALF.into());
        let [low, high] = &mut sums;
        for (v, (low, high)) in v.iter_mut().zip(low.iter_mut().zip(high)) {
            let sum = u128::from(*low) + (u128::from(*high) << LIMB);
            *v = field::add(*v, field::sub(field::reduce(sum), half));
            (*low, *high) = (0, 0);
        }
    }
    Key { r, v }
}

/// Adds a limb times each weight, made positive.
fn add<G: Weight>(sums: &mut [u64], limb: u64, w: &[G]) {
    // Both factors have 32 bits, which one vector instruction multiplies.
    let limb = limb & 0xffff_ffff;
    for (sum, w) in sums.iter_mut().zip(w) {
        *sum = sum.wrapping_add(u64::from(w.positive()).wrapping_mul(limb));
    }
}

/// Keys of all linear layers, for some repetitions of the check.
#[derive(Debug, Clone)]
pub struct Keys {
    /// For each layer those of query, key, value, output, gate, up and down, then that of the head; for each the repetitions.
    keys: Vec<Vec<Key>>,
    repetitions: u32,
    model: Digest,
}

/// The linear layers of a layer, in the order of [`Keys`].
const LINEAR: [Op; 7] =
    [Op::QuerySums, Op::KeySums, Op::ValueSums, Op::OutputSums, Op::GateSums, Op::UpSums, Op::DownSums];

impl Keys {
    /// Draws keys from a seed, each from words of its own. `model` is the root of this model.
    #[must_use]
    pub fn draw<G: Weight>(model: &Model<G>, root: &Digest, seed: &Digest, repetitions: u32) -> Keys {
        Self::draw_rows(model, root, seed, repetitions, all_rows(model.spec()))
    }

    /// The same keys for these rows only, as a trace counts them. Other rows have none, so that nothing passes there.
    #[must_use]
    pub fn draw_rows<G: Weight>(
        model: &Model<G>,
        root: &Digest,
        seed: &Digest,
        repetitions: u32,
        rows: Layers,
    ) -> Keys {
        let key = |(i, w): (usize, &Matrix<G>)| {
            // The head comes after all layers, as the last row.
            if !(usize::from(rows.start)..usize::from(rows.end)).contains(&(i / LINEAR.len() + 1)) {
                return Vec::new();
            }
            let one = |n: u32| {
                let hash = Context::Challenge.hash().bytes(b"rows").digest(seed).digest(root);
                G::key(w, &mut hash.number(i as u64).number(n.into()).words())
            };
            (0..repetitions).map(one).collect()
        };
        let keys = linear_layers(model).enumerate().map(key).collect();
        Keys { keys, repetitions, model: *root }
    }

    /// The root of the model that they belong to.
    #[must_use]
    pub fn model(&self) -> &Digest {
        &self.model
    }

    /// How many repetitions there are.
    #[must_use]
    pub fn repetitions(&self) -> usize {
        usize::try_from(self.repetitions).unwrap_or(usize::MAX)
    }

    /// The repetitions for the sums of a linear layer, in a layer from 1, the head one after the last; none where there is no such layer.
    #[must_use]
    pub fn of(&self, layer: u32, op: Op) -> &[Key] {
        place(self.keys.len(), layer, op).and_then(|i| self.keys.get(i)).map_or(&[], Vec::as_slice)
    }
}

/// The weights of all linear layers, layer by layer in the order of [`LINEAR`], then those of the head.
pub(crate) fn linear_layers<G>(model: &Model<G>) -> impl Iterator<Item = &Matrix<G>>
where
    G: Weight,
{
    let w = model.weights();
    let layers = w.layers.iter().flat_map(|l| [&l.query, &l.key, &l.value, &l.output, &l.gate, &l.up, &l.down]);
    layers.chain([&w.head])
}

/// The number of a linear layer among so many in that order, in a layer from 1, the head one after the last; nothing where there is no such layer.
pub(crate) fn place(all: usize, layer: u32, op: Op) -> Option<usize> {
    if op == Op::HeadOutput {
        return all.checked_sub(1);
    }
    let within = LINEAR.iter().position(|o| *o == op)?;
    let at = usize::try_from(layer).ok()?.checked_sub(1)?.checked_mul(LINEAR.len())?.checked_add(within)?;
    (at < all.checked_sub(1)?).then_some(at)
}

/// The weights whose product with tokens an operation is, in a layer from 1.
#[must_use]
pub fn weights<G: Weight>(model: &Model<G>, layer: u32, op: Op) -> Option<&Matrix<G>> {
    let w = model.weights();
    if op == Op::HeadOutput {
        return Some(&w.head);
    }
    let l = w.layers.get(usize::try_from(layer).ok()?.checked_sub(1)?)?;
    Some(match op {
        Op::QuerySums => &l.query,
        Op::KeySums => &l.key,
        Op::ValueSums => &l.value,
        Op::OutputSums => &l.output,
        Op::GateSums => &l.gate,
        Op::UpSums => &l.up,
        Op::DownSums => &l.down,
        _ => return None,
    })
}

/// The bits b with which every sum of k products on a grid lies below `2^b` in size. At most 51, and `2^(b + 1) < p`, so nothing wraps:
/// lemma `declared_near` in `sctt/freivalds.sctt`.
#[must_use]
pub fn sum_bits(grid: Bits, k: usize) -> u32 {
    let factor = match grid {
        Bits::Eight => 14,
        Bits::Sixteen => 30,
    };
    k.checked_ilog2().map_or(0, |bits| bits + 1) + factor
}
