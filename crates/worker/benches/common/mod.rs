//! The same answer with commitments and without, in one run.
#![allow(dead_code, clippy::cast_precision_loss)]

use bfv_cert::certificate::{Slot, Validity};
use bfv_cert::digest::Digest;
use bfv_cert::sign::SecretKey;
use bfv_exact::commit::Commit;
use bfv_exact::forward::{Numbers, Place, Shown, Trace};
use bfv_exact::requantise::Saturate;
use bfv_exact::spec::Named;
use bfv_worker::prove::{Answer, Circumstances, Prover, Question, generate};
use std::hint::black_box;
use std::time::Instant;

pub const SEED: [u8; 32] = [1; 32];

/// Seconds that this thread had a core (the first number of `schedstat`, in nanoseconds); nothing where the system does not say.
fn on_core() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse::<u64>().ok().map(|ns| ns as f64 / 1e9)
}

/// How long something takes: by how long this thread had a core, where the system says so.
pub fn seconds<T>(run: impl FnOnce() -> T) -> (f64, T) {
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
pub fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// What commitments cost an answer.
pub struct Overhead {
    /// Seconds of the answer alone, the shortest.
    pub plain: f64,
    /// What hashing takes while it is computed, in percent of the rest of the same run, the median.
    pub online: f64,
    /// That with what comes after it: the tree, the certificate and its signature.
    pub all: f64,
    /// The shortest run with all of that beside the shortest without, in percent.
    pub compared: f64,
    /// The bytes of the certificate.
    pub bytes: usize,
}

/// Answers a question with commitments and without, in turns.
pub fn overhead<G: Named + Saturate + Shown>(
    prover: &Prover<G>,
    prompt: Vec<u32>,
    count: usize,
    runs: usize,
) -> Overhead
where
    G::Sum: Shown,
{
    let model = prover.model();
    let question = Question { query: Digest([2; 32]), prompt, count };
    let circumstances = Circumstances {
        slot: Slot { epoch: 1, view: 1, seq: 1 },
        validity: Validity { not_before: 1_800_000_000, not_after: 1_800_000_300 },
        previous: Digest([3; 32]),
        execution: None,
    };
    let key = SecretKey::from_seed(&[4; 32]);
    let (mut plain, mut whole, mut online, mut all, mut bytes) = (f64::MAX, f64::MAX, vec![], vec![], 0);
    for _ in 0..runs {
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
        online.push(took / alone * 100.0);
        all.push((in_all / alone - 1.0) * 100.0);
        (plain, whole) = (plain.min(without), whole.min(with));
        bytes = certificate.encode().len();
    }
    Overhead { plain, online: median(online), all: median(all), compared: (whole / plain - 1.0) * 100.0, bytes }
}
