//! What commitments cost a worker: the same answer with and without them, on one core. `cargo xtask bench prover` writes it down.
//! Runs with and without take turns. The time of hashing is taken within a run, and the median of shares counts, as whole runs differ by more
//! than that where other programs use the same caches. Whole runs are compared by how long the thread had a core, where the system says so.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

mod common;

use bfv_cert::certificate::{Slot, Validity};
use bfv_cert::digest::Digest;
use bfv_cert::sign::SecretKey;
use bfv_exact::Matrix;
use bfv_exact::commit::Commit;
use bfv_exact::forward::{Numbers, Place, Shown, Trace};
use bfv_exact::gate::{Function, Shape};
use bfv_exact::model::{Layer, Model, Weights};
use bfv_exact::norm::Norm;
use bfv_exact::requantise::{Saturate, Scale};
use bfv_exact::sample::Sampler;
use bfv_exact::spec::{Bits, Dims, Draft, LayerSpec, Named, Spec};
use bfv_worker::prove::{Answer, Circumstances, Prover, Question, generate};
use common::seconds;
use std::time::Instant;

/// Runs of each.
const RUNS: usize = 9;
const PROMPT: usize = 16;
/// Tokens of an answer, times the width: short answers would be lost in how coarsely time on a core is told.
const ANSWER: usize = 1 << 16;
const LAYERS: usize = 2;
const VOCAB: usize = 4096;
const SEED: [u8; 32] = [1; 32];

struct Random(u64);

impl Random {
    fn matrix<G: Saturate>(&mut self, rows: usize, cols: usize) -> Matrix<G> {
        let next = |_| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // The upper bits, as a number of the grid.
            G::saturate(self.0.cast_signed() >> (64 - 8 * size_of::<G>()))
        };
        Matrix::new("a benchmark", rows, cols, (0..rows * cols).map(next).collect()).unwrap()
    }
}

/// Random weights; scales keep values near to the middle of their ranges.
fn model<G: Named + Saturate>(width: usize) -> Model<G> {
    let (heads, inner) = (width / 128, width * 11 / 4);
    let small = |n: usize| u32::try_from(n).unwrap();
    let dims = Dims {
        width: small(width),
        heads: small(heads),
        kv_heads: small(heads),
        head_width: 128,
        inner: small(inner),
        vocab: small(VOCAB),
        positions: small(PROMPT + ANSWER / width),
    };
    let more = if G::BITS == Bits::Sixteen { 16 } else { 0 };
    let scale = |shift: u8| Scale::new(1 << 15, 15 + shift).unwrap();
    let norm = Norm::new(1 << 10, if more == 0 { 10 } else { 3 }).unwrap();
    let layer = LayerSpec {
        first_norm: norm,
        query: scale(more),
        key: scale(more),
        value: scale(more),
        score: scale(20),
        mixed: scale(if more == 0 { 8 } else { 0 }),
        output: scale(more),
        second_norm: norm,
        gate: scale(more),
        up: scale(more),
        product: scale(if more == 0 { 24 } else { 15 }),
        down: scale(more),
    };
    let spec = Spec::new(Draft {
        grid: G::BITS,
        dims,
        window: None,
        rope_base: 10_000,
        gate: Shape { function: Function::Silu, input: 11, output: 11 },
        embedding: scale(0),
        layers: vec![layer; LAYERS],
        last_norm: norm,
        head: scale(more),
        sampler: Sampler::Greedy,
    })
    .unwrap();
    let mut n = Random(1);
    let gains = vec![1 << 14; width];
    let layers = (0..LAYERS).map(|_| Layer {
        first_gains: gains.clone(),
        query: n.matrix(width, width),
        key: n.matrix(width, width),
        value: n.matrix(width, width),
        output: n.matrix(width, width),
        second_gains: gains.clone(),
        gate: n.matrix(inner, width),
        up: n.matrix(inner, width),
        down: n.matrix(width, inner),
    });
    let layers = layers.collect();
    let (embedding, head) = (n.matrix(VOCAB, width), n.matrix(VOCAB, width));
    Model::new(spec, Weights { embedding, layers, last_gains: gains, head }).unwrap()
}

/// A trace that knows how long it took.
struct Timed {
    commit: Commit,
    took: f64,
}

impl Trace for Timed {
    fn see(&mut self, place: Place, numbers: Numbers<'_>) {
        let start = Instant::now();
        self.commit.see(place, numbers);
        self.took += start.elapsed().as_secs_f64();
    }
}

/// The middle of some numbers.
fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Prints a row: the answer alone, what hashing takes while it is computed, and that with what comes after it, as shares of the answer
/// alone; then the same by comparison with runs without.
fn row<G: Named + Saturate + Shown>(bits: u32, width: usize)
where
    G::Sum: Shown,
{
    let prover = Prover::new(model::<G>(width)).unwrap();
    let model = prover.model();
    let question = Question { query: Digest([2; 32]), prompt: vec![3; PROMPT], count: ANSWER / width };
    let circumstances = Circumstances {
        slot: Slot { epoch: 1, view: 1, seq: 1 },
        validity: Validity { not_before: 1_800_000_000, not_after: 1_800_000_300 },
        previous: Digest([3; 32]),
        execution: None,
    };
    let key = SecretKey::from_seed(&[4; 32]);
    let (mut plain, mut whole, mut online, mut all, mut bytes) = (f64::MAX, f64::MAX, vec![], vec![], 0);
    for _ in 0..RUNS {
        let (without, expected) = seconds(|| generate(model, &question, &SEED, &mut ()).unwrap());
        let mut timed = Timed { commit: Commit::new(model.spec()), took: 0.0 };
        // Within a run by the clock, which is as much too slow for one part as for another.
        let start = Instant::now();
        let (with, (certificate, computed, took)) = seconds(|| {
            let tokens = generate(model, &question, &SEED, &mut timed).unwrap();
            assert!(tokens == expected);
            let (computed, took) = (start.elapsed().as_secs_f64(), timed.took);
            let answer = Answer::new(question.clone(), tokens, SEED, timed.commit.finish().unwrap());
            (prover.certify(&answer, &circumstances, &key).unwrap(), computed, took)
        });
        let (alone, in_all) = (computed - took, start.elapsed().as_secs_f64());
        online.push(took / alone);
        all.push(in_all / alone - 1.0);
        (plain, whole) = (plain.min(without), whole.min(with));
        bytes = certificate.encode().len();
    }
    println!(
        "| {bits} bits, width {width} | {:.1} ms | {:.1} % | {:.1} % | {:.1} % | {bytes} |",
        plain * 1e3,
        median(online) * 100.0,
        median(all) * 100.0,
        (whole / plain - 1.0) * 100.0
    );
}

fn main() {
    for width in [1024, 2048, 4096] {
        row::<i8>(8, width);
        row::<i16>(16, width);
    }
}
