//! What commitments cost a worker: the same answer with and without them, on one core. `cargo xtask bench prover` writes it down.
//! Runs with and without take turns. The time of hashing is taken within a run, and the median of shares counts, as whole runs differ by more
//! than that where other programs use the same caches. Whole runs are compared by how long the thread had a core, where the system says so.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

mod common;

use bfv_device::sample::{self, Size};
use bfv_exact::forward::Shown;
use bfv_exact::model::Model;
use bfv_exact::requantise::Saturate;
use bfv_exact::spec::Named;
use bfv_worker::prove::Prover;
use common::{Overhead, overhead};

/// Runs of each.
const RUNS: usize = 9;
const PROMPT: usize = 16;
/// Tokens of an answer, times the width: short answers would be lost in how coarsely time on a core is told.
const ANSWER: usize = 1 << 16;
const LAYERS: usize = 2;
const VOCAB: u32 = 4096;

/// The model that is measured.
fn model<G: Named + Saturate>(width: usize) -> Model<G> {
    let small = |n: usize| u32::try_from(n).unwrap();
    let positions = small(PROMPT + ANSWER / width);
    sample::model(Size { width: small(width), layers: LAYERS, vocab: VOCAB, positions }).unwrap()
}

/// Prints a row of [`Overhead`].
fn row<G: Named + Saturate + Shown>(bits: u32, width: usize)
where
    G::Sum: Shown,
{
    let prover = Prover::new(model::<G>(width)).unwrap();
    let Overhead { plain, online, all, compared, bytes, .. } = overhead(&prover, vec![3; PROMPT], ANSWER / width, RUNS);
    println!(
        "| {bits} bits, width {width} | {:.1} ms | {online:.1} % | {all:.1} % | {compared:.1} % | {bytes} |",
        plain * 1e3
    );
}

fn main() {
    for width in [1024, 2048, 4096] {
        row::<i8>(8, width);
        row::<i16>(16, width);
    }
}
