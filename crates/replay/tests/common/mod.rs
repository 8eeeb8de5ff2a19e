//! Random models of a few coordinates, and the angles of their positions.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss
)]

use bfv_cert::digest::{Context, Words};
use bfv_replay::spec::{Draft, Spec, Turns};
use bfv_replay::weights::{Layer, Model, Weights, shapes};
use bfv_replay::{Format, Order, Soft};

pub const REFERENCE: Soft = Soft { order: Order::Sequential };

/// Random words of a seed.
pub fn words(seed: u64) -> Words {
    Context::Challenge.hash().bytes(b"test").number(seed).words()
}

pub fn bits(words: &mut Words) -> u32 {
    (words.next().unwrap() >> 32) as u32
}

/// Any bits of single precision, often with exponents that meet, and often special.
pub fn any(words: &mut Words) -> u32 {
    let x = bits(words);
    match words.next().unwrap() % 8 {
        0 => x & 0x807f_ffff,
        1 => x & 0x8000_0007,
        2 => (x & 0x8000_0000) | 0x7f7f_ff00 | (x & 0xff),
        3 | 4 => (x & 0x8007_ffff) | 127 << 23,
        5 => (x & 0x8000_0000) | ((120 + (x >> 8 & 15)) << 23),
        _ => x,
    }
}

pub fn draft(format: Format) -> Draft {
    Draft {
        format,
        width: 12,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        head_width: 6,
        inner: 70,
        vocab: 67,
        positions: 32,
        eps: 1e-5f32.to_bits(),
        rope_base: 10_000,
        window: None,
    }
}

/// Weights of about the reciprocal of the square root of the width, and gains near 1.
pub fn weights(d: &Draft, seed: u64) -> Weights {
    let mut words = words(seed);
    let mut list = |n: usize, middle: f32, size: f32| -> Vec<u16> {
        let one = |word: u64| {
            let x = (word >> 40) as f32 / (1u32 << 23) as f32 - 1.0;
            d.format.narrow((middle + size * x).to_bits()) as u16
        };
        words.by_ref().take(n).map(one).collect()
    };
    let (width, vocab) = (d.width as usize, d.vocab as usize);
    let layer = |list: &mut dyn FnMut(usize, f32, f32) -> Vec<u16>| Layer {
        matrices: shapes(d).map(|(rows, cols)| list(rows * cols, 0.0, 1.7 / (cols as f32).sqrt())),
        first: list(width, 1.0, 0.2),
        second: list(width, 1.0, 0.2),
    };
    Weights {
        embedding: list(vocab * width, 0.0, 1.7),
        layers: (0..d.layers).map(|_| layer(&mut list)).collect(),
        last: list(width, 1.0, 0.2),
        head: Some(list(vocab * width, 0.0, 1.0)),
    }
}

pub fn model(d: Draft, seed: u64) -> Model {
    Model::new(Spec::new(d).unwrap(), weights(&d, seed)).unwrap()
}

pub fn turns(d: &Draft, positions: u32) -> Turns {
    let pairs = d.head_width / 2;
    let unit = (1u64 << 60) as f64;
    let all = (0..positions).flat_map(|p| {
        (0..pairs).map(move |i| {
            let angle = f64::from(p) * f64::from(d.rope_base).powf(-f64::from(i) / f64::from(pairs));
            ((angle.cos() * unit) as i128, (angle.sin() * unit) as i128)
        })
    });
    Turns::new(pairs as usize, 60, all)
}
