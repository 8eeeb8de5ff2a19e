//! What commitments cost a worker: the same answer with and without them, on one core. `cargo xtask bench prover` writes it down.
//! Runs with and without take turns. The time of hashing is taken within a run, and the median of shares counts, as whole runs differ by more
//! than that where other programs use the same caches. Whole runs are compared by how long the thread had a core, where the system says so.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

use bfv_cert::certificate::{Slot, Validity};
use bfv_cert::digest::Digest;
use bfv_cert::sign::SecretKey;
use bfv_device::sample::{self, Size};
use bfv_exact::commit::Commit;
use bfv_exact::forward::{Numbers, Place, Shown, Trace};
use bfv_exact::model::Model;
use bfv_exact::requantise::Saturate;
use bfv_exact::spec::Named;
use bfv_worker::prove::{Answer, Circumstances, Prover, Question, generate};
use std::hint::black_box;
use std::time::Instant;

/// Runs of each.
const RUNS: usize = 9;
const PROMPT: usize = 16;
/// Tokens of an answer, times the width: short answers would be lost in how coarsely time on a core is told.
const ANSWER: usize = 1 << 16;
const LAYERS: usize = 2;
const VOCAB: u32 = 4096;
const SEED: [u8; 32] = [1; 32];

/// The model that is measured.
fn model<G: Named + Saturate>(width: usize) -> Model<G> {
    let small = |n: usize| u32::try_from(n).unwrap();
    let positions = small(PROMPT + ANSWER / width);
    sample::model(Size { width: small(width), layers: LAYERS, vocab: VOCAB, positions }).unwrap()
}

/// Seconds that this thread had a core (the first number of `schedstat`, in nanoseconds); nothing where the system does not say.
fn on_core() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse::<u64>().ok().map(|ns| ns as f64 / 1e9)
}

fn seconds<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let (start, core) = (Instant::now(), on_core());
    let done = black_box(run());
    let time = on_core().zip(core).map_or(start.elapsed().as_secs_f64(), |(end, start)| end - start);
    (time, done)
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
