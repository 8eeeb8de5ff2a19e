//! How fast the operations are, on one core: one line for each, as rows of a table. `cargo xtask bench exact` writes them down.
//! The shortest of many runs counts, since a run is a few milliseconds long and other programs may interrupt some.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::print_stdout
)]

use bfv_exact::Matrix;
use bfv_exact::attention::{Mask, Powers, softmax};
use bfv_exact::gate::{Function, Gate, Shape};
use bfv_exact::linear::{Grid, scalar, vectored};
use bfv_exact::norm::Norm;
use bfv_exact::requantise::Scale;
use bfv_exact::rope::Rope;
use bfv_exact::sample::{ALL, Draw, Sampler};
use std::hint::black_box;
use std::time::Instant;

/// Runs of each.
const RUNS: u32 = 200;

struct Numbers(u64);

impl Numbers {
    fn matrix<T: Copy>(&mut self, rows: usize, cols: usize, make: impl Fn(u64) -> T) -> Matrix<T> {
        let next = |_| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            make(self.0 >> 32)
        };
        Matrix::new("a benchmark", rows, cols, (0..rows * cols).map(next).collect()).unwrap()
    }
}

/// Prints how many things a second there are of a number of things in each run.
fn row<T>(what: &str, things: usize, unit: &str, run: impl Fn() -> T) {
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        black_box(run());
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("| {what} | {:.2} | {unit} |", things as f64 / best / 1e9);
}

fn linear<G: Grid>(name: &str, numbers: &mut Numbers, make: impl Fn(u64) -> G + Copy) {
    // The weights of the first two fit a second-level cache; the last is read from memory.
    for (rows, cols, tokens) in [(64, 4096, 1), (64, 4096, 8), (4096, 4096, 1)] {
        let (w, x) = (numbers.matrix(rows, cols, make), numbers.matrix(tokens, cols, make));
        let macs = rows * cols * tokens;
        let shape = format!("{name}, {rows} by {cols}, tokens: {tokens}");
        row(&format!("linear, {shape}, definition"), macs, "billion products", || scalar(&w, &x).unwrap());
        row(&format!("linear, {shape}, fast form"), macs, "billion products", || vectored(&w, &x).unwrap());
    }
}

fn main() {
    let mut numbers = Numbers(1);
    linear::<i8>("8 bits", &mut numbers, |n| n as u8 as i8);
    linear::<i16>("16 bits", &mut numbers, |n| n as u16 as i16);
    let scale = Scale::new(12_345, 20).unwrap();
    let sums = numbers.matrix(8, 4096, |n| n as u32 as i32);
    row("requantisation to 8 bits", 8 * 4096, "billion numbers", || scale.apply_all::<i32, i8>(&sums));
    let wide = numbers.matrix(8, 4096, |n| (n as u32 as i64) << 10);
    row("requantisation to 16 bits, from 64", 8 * 4096, "billion numbers", || scale.apply_all::<i64, i16>(&wide));
    let hidden = numbers.matrix(8, 4096, |n| n as u32 as i32 >> 8);
    let gains = vec![300i16; 4096];
    let norm = Norm::new(10, 8).unwrap();
    row("root mean square norm", 8 * 4096, "billion numbers", || norm.apply::<i16>(&hidden, &gains).unwrap());
    let rope = Rope::new(128, 10_000, 64).unwrap();
    let heads = numbers.matrix(8, 4096, |n| n as u16 as i16);
    row("rotary positions", 8 * 4096, "billion numbers", || {
        let mut x = heads.clone();
        rope.apply(&mut x, 0).unwrap();
        x
    });
    let gate = Gate::new(Shape { function: Function::Silu, input: 10, output: 10 }).unwrap();
    row("gate and product", 8 * 4096, "billion numbers", || gate.apply(&heads, &heads).unwrap());
    let powers = Powers::new();
    let scores = numbers.matrix(8, 1024, |n| i64::from(n as u16) << 8);
    let mask = Mask { first: 1016, window: None };
    row("weights of attention", 8 * 1024, "billion numbers", || softmax(&powers, scale, mask, &scores).unwrap());
    let logits = numbers.matrix(1, 32_000, |n| n as u16 as i32);
    row("greedy choice", 32_000, "billion logits", || Sampler::Greedy.choose(&powers, logits.entries(), 0).unwrap());
    let draw = Sampler::Draw(Draw::new(scale, 50, ALL).unwrap());
    row("draw from 50 tokens", 32_000, "billion logits", || draw.choose(&powers, logits.entries(), 1 << 60).unwrap());
}
