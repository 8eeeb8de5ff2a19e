//! Small models with random shapes, scales and weights.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

use super::Random;
use bfv_exact::gate::{Function, Shape};
use bfv_exact::model::{Layer, Weights};
use bfv_exact::norm::Norm;
use bfv_exact::requantise::Scale;
use bfv_exact::sample::{Draw, Sampler};
use bfv_exact::spec::{Bits, Dims, Draft, LayerSpec, Named};

pub fn any_scale(random: &mut Random, shift: u8) -> Scale {
    Scale::new(random.between(1 << 15, 1 << 16) as i32, 15 + shift).unwrap()
}

pub fn any_norm(random: &mut Random) -> Norm {
    Norm::new(1 + random.sized(12) as u32, 8 + random.below(3) as u8).unwrap()
}

pub fn any_draft(random: &mut Random, grid: Bits) -> Draft {
    let (kv_heads, group) = (1 + random.below(2) as u32, 1 + random.below(2) as u32);
    let dims = Dims {
        width: 1 + random.below(12) as u32,
        heads: kv_heads * group,
        kv_heads,
        head_width: 2 + 2 * random.below(3) as u32,
        inner: 1 + random.below(12) as u32,
        vocab: 2 + random.below(9) as u32,
        positions: 12,
    };
    // Weights of 16 bits make sums about 2^8 times as large.
    let more = if grid == Bits::Sixteen { 8 } else { 0 };
    let layer = |random: &mut Random| LayerSpec {
        first_norm: any_norm(random),
        query: any_scale(random, 2 + more),
        key: any_scale(random, 2 + more),
        value: any_scale(random, 1 + more),
        score: any_scale(random, 8),
        mixed: any_scale(random, 6),
        output: any_scale(random, 3 + more),
        second_norm: any_norm(random),
        gate: any_scale(random, 3 + more),
        up: any_scale(random, 2 + more),
        product: any_scale(random, 12),
        down: any_scale(random, 3 + more),
    };
    Draft {
        grid,
        dims,
        window: (random.below(2) == 0).then(|| 1 + random.below(4) as u32),
        rope_base: 2 + random.sized(14) as u32,
        gate: Shape { function: [Function::Relu, Function::Silu][random.below(2)], input: 8, output: 8 },
        embedding: Scale::new(3, 0).unwrap(),
        layers: (0..1 + random.below(2)).map(|_| layer(random)).collect(),
        last_norm: any_norm(random),
        head: any_scale(random, 2),
        sampler: match random.below(2) {
            0 => Sampler::Greedy,
            _ => Sampler::Draw(Draw::new(any_scale(random, 3), 2, 1 + random.below(65_536) as u32).unwrap()),
        },
    }
}

pub fn any_weights<G: Named + TryFrom<i64>>(random: &mut Random, draft: &Draft) -> Weights<G> {
    let high = if G::BITS == Bits::Eight { 127 } else { 32_767 };
    let d = draft.dims;
    let [width, inner, vocab, heads, kv_heads] =
        [d.width, d.inner, d.vocab, d.heads * d.head_width, d.kv_heads * d.head_width].map(|n| n as usize);
    let mut m = |rows, cols| random.matrix(rows, cols, -high - 1, high);
    let (embedding, head) = (m(vocab, width), m(vocab, width));
    let matrices: Vec<_> = draft
        .layers
        .iter()
        .map(|_| {
            (
                m(heads, width),
                m(kv_heads, width),
                m(kv_heads, width),
                m(width, heads),
                m(inner, width),
                m(inner, width),
                m(width, inner),
            )
        })
        .collect();
    let mut gains = || (0..width).map(|_| random.between(-1 << 14, 1 << 15) as i16).collect::<Vec<i16>>();
    let layers = matrices
        .into_iter()
        .map(|(query, key, value, output, gate, up, down)| Layer {
            first_gains: gains(),
            query,
            key,
            value,
            output,
            second_gains: gains(),
            gate,
            up,
            down,
        })
        .collect();
    Weights { embedding, layers, last_gains: gains(), head }
}
