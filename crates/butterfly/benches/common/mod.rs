//! Models of whole numbers with random weights, whose streaming steps are measured.
#![allow(dead_code, clippy::unwrap_used)]

use bfv_exact::Matrix;
use bfv_exact::forward::{Numbers, Op, Place, Trace};
use bfv_exact::gate::{Function, Shape as Gate};
use bfv_exact::model::{Layer, Model, Weights};
use bfv_exact::norm::Norm;
use bfv_exact::requantise::{Saturate, Scale};
use bfv_exact::sample::Sampler;
use bfv_exact::spec::{Bits, Dims, Draft, LayerSpec, Pairs, Spec};

pub const CHUNK: usize = 128;
pub const WIDTH: u32 = 32;
pub const CONTEXTS: [usize; 4] = [1 << 10, 1 << 12, 1 << 14, 1 << 16];
/// Steps of which the median counts: those of the last chunk.
pub const STEPS: usize = CHUNK;

struct Random(u64);

impl Random {
    fn matrix(&mut self, rows: u32, cols: u32) -> Matrix<i8> {
        let (rows, cols) = (usize::try_from(rows).unwrap(), usize::try_from(cols).unwrap());
        let next = |_| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i8::saturate(self.0.cast_signed() >> 56)
        };
        Matrix::new("a benchmark", rows, cols, (0..rows * cols).map(next).collect()).unwrap()
    }
}

/// Random weights; scales keep values near to the middle of their ranges.
pub fn model(layers: u32, positions: usize, paired: bool) -> Model<i8> {
    let dims = Dims {
        width: WIDTH,
        heads: 1,
        kv_heads: 1,
        head_width: WIDTH,
        inner: 2 * WIDTH,
        vocab: 256,
        positions: u32::try_from(positions).unwrap(),
    };
    let scale = |shift: u8| Scale::new(1 << 15, 15 + shift).unwrap();
    let norm = Norm::new(1 << 10, 10).unwrap();
    let layer = LayerSpec {
        first_norm: norm,
        query: scale(2),
        key: scale(2),
        value: scale(2),
        score: scale(12),
        mixed: scale(8),
        output: scale(2),
        second_norm: norm,
        gate: scale(4),
        up: scale(4),
        product: scale(14),
        down: scale(2),
    };
    let mut random = Random(u64::from(layers));
    let gains = vec![1000; usize::try_from(WIDTH).unwrap()];
    let mut made = || Layer {
        first_gains: gains.clone(),
        query: random.matrix(WIDTH, WIDTH),
        key: random.matrix(WIDTH, WIDTH),
        value: random.matrix(WIDTH, WIDTH),
        output: random.matrix(WIDTH, WIDTH),
        second_gains: gains.clone(),
        gate: random.matrix(2 * WIDTH, WIDTH),
        up: random.matrix(2 * WIDTH, WIDTH),
        down: random.matrix(WIDTH, 2 * WIDTH),
    };
    let all = (0..layers).map(|_| made()).collect();
    let (embedding, head) = (random.matrix(256, WIDTH), random.matrix(256, WIDTH));
    let draft = Draft {
        grid: Bits::Eight,
        dims,
        window: None,
        rope_base: 10_000,
        gate: Gate { function: Function::Silu, input: 10, output: 10 },
        embedding: Scale::new(1 << 12, 8).unwrap(),
        layers: (0..layers).map(|_| layer).collect(),
        last_norm: norm,
        head: scale(2),
        sampler: Sampler::Greedy,
    };
    let pairs = Pairs { chunk: u32::try_from(CHUNK).unwrap(), digits: (0..u8::try_from(layers).unwrap()).collect() };
    let spec = if paired { Spec::paired(draft, pairs) } else { Spec::new(draft) };
    Model::new(spec.unwrap(), Weights { embedding, layers: all, last_gains: gains, head }).unwrap()
}

/// Counts the columns of scores of all layers in a step. The last token of a chunk sees all of them.
#[derive(Default)]
pub struct Keys(pub usize);

impl Trace for Keys {
    fn see(&mut self, place: Place, numbers: Numbers<'_>) {
        if let (Op::Scores(0), Numbers::I64(scores)) = (place.op, numbers) {
            self.0 += scores.cols();
        }
    }
}

/// Tokens that look random and are the same in every run.
pub fn tokens(n: usize) -> Vec<u32> {
    (0..n).map(|i| u32::try_from(i * i % 251).unwrap()).collect()
}
