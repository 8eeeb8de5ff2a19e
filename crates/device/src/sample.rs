//! A model that is measured: of the shape of Llama, with numbers that look random and scales that keep values near to the middle of their ranges.

use bfv_exact::gate::{Function, Shape};
use bfv_exact::model::{Layer, Model, Weights};
use bfv_exact::norm::Norm;
use bfv_exact::requantise::{Saturate, Scale};
use bfv_exact::sample::Sampler;
use bfv_exact::spec::{Bits, Dims, Draft, LayerSpec, Named, Spec};
use bfv_exact::{Matrix, Refused};

/// Coordinates of a head.
const HEAD: u32 = 128;

/// The sizes of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Coordinates, a multiple of 128.
    pub width: u32,
    /// Layers.
    pub layers: usize,
    /// Tokens of the vocabulary.
    pub vocab: u32,
    /// Positions.
    pub positions: u32,
}

/// Numbers by a linear congruence, which nothing rests on.
struct Random(u64);

impl Random {
    fn matrix<G: Saturate>(&mut self, rows: u32, cols: u32) -> Result<Matrix<G>, Refused> {
        let [rows, cols] = [rows, cols].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let next = |_| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // The upper bits, as a number of the grid.
            G::saturate(self.0.cast_signed() >> (64 - 8 * size_of::<G>()))
        };
        let entries = bfv_exact::elements("a sample", rows, cols)?;
        Matrix::new("a sample", rows, cols, (0..entries).map(next).collect())
    }
}

/// A model of these sizes, the same each time.
///
/// # Errors
/// A size is outside of what a specification allows.
pub fn model<G: Named + Saturate>(size: Size) -> Result<Model<G>, Refused> {
    let Size { width, layers, vocab, positions } = size;
    let inner = width.saturating_mul(11) / 4;
    let dims = Dims { width, heads: width / HEAD, kv_heads: width / HEAD, head_width: HEAD, inner, vocab, positions };
    let more = if G::BITS == Bits::Sixteen { 16 } else { 0 };
    let scale = |shift: u8| Scale::new(1 << 15, 15 + shift);
    let norm = Norm::new(1 << 10, if more == 0 { 10 } else { 3 })?;
    let layer = LayerSpec {
        first_norm: norm,
        query: scale(more)?,
        key: scale(more)?,
        value: scale(more)?,
        score: scale(20)?,
        mixed: scale(if more == 0 { 8 } else { 0 })?,
        output: scale(more)?,
        second_norm: norm,
        gate: scale(more)?,
        up: scale(more)?,
        product: scale(if more == 0 { 24 } else { 15 })?,
        down: scale(more)?,
    };
    let spec = Spec::new(Draft {
        grid: G::BITS,
        dims,
        window: None,
        rope_base: 10_000,
        gate: Shape { function: Function::Silu, input: 11, output: 11 },
        embedding: scale(0)?,
        layers: vec![layer; layers],
        last_norm: norm,
        head: scale(more)?,
        sampler: Sampler::Greedy,
    })?;
    let mut n = Random(1);
    let gains = vec![1 << 14; usize::try_from(width).unwrap_or(usize::MAX)];
    let layers = (0..layers).map(|_| {
        Ok(Layer {
            first_gains: gains.clone(),
            query: n.matrix(width, width)?,
            key: n.matrix(width, width)?,
            value: n.matrix(width, width)?,
            output: n.matrix(width, width)?,
            second_gains: gains.clone(),
            gate: n.matrix(inner, width)?,
            up: n.matrix(inner, width)?,
            down: n.matrix(width, inner)?,
        })
    });
    let layers = layers.collect::<Result<_, Refused>>()?;
    let (embedding, head) = (n.matrix(vocab, width)?, n.matrix(vocab, width)?);
    Model::new(spec, Weights { embedding, layers, last_gains: gains, head })
}
