//! What commitments cost where a card computes: an answer of a whole model with its cells hashed on the card, hashed on the CPU, and without any.

use crate::arithmetic::OnMachine;
use crate::hash::{self, Numbers};
use crate::linear::Planes;
use crate::machine::Machine;
use crate::sample::{Size, model};
use bfv_cert::digest::{Context, Digest};
use bfv_exact::Refused;
use bfv_exact::commit::Commit;
use bfv_exact::forward::{Shown, State, Trace};
use bfv_exact::model::Model;
use bfv_exact::requantise::Saturate;
use bfv_exact::rounding::{Arithmetic, Exact};
use bfv_exact::spec::Named;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// An answer that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// The model.
    pub size: Size,
    /// Tokens of the prompt, and of the answer.
    pub prompt: u32,
    /// Tokens that come one by one after the prompt.
    pub single: u32,
    /// Runs of which the fastest counts.
    pub runs: usize,
}

/// What is measured on a card: all fits in some seconds there, and in less than a minute on a core.
pub const USUAL: Measured =
    Measured { size: Size { width: 2048, layers: 2, vocab: 4096, positions: 600 }, prompt: 512, single: 16, runs: 3 };

/// Bytes of cells for which hashes on the card and on a core are compared, as powers of two.
pub const CELLS: RangeInclusive<u32> = 12..=24;

/// The logits behind the prompt and behind the last token.
type Logits = [Vec<i32>; 2];

fn run<G, A, T>(model: &Model<G>, by: &A, m: Measured, trace: &mut T) -> Result<(Logits, Duration), Refused>
where
    G: Named + Saturate + Shown,
    G::Sum: Shown,
    A: Arithmetic<G>,
    T: Trace,
{
    let began = Instant::now();
    let token = |i: u32| i.wrapping_mul(37) % m.size.vocab;
    let prompt: Vec<u32> = (0..m.prompt).map(token).collect();
    let (mut state, first) = model.forward_by(by, State::default(), &prompt, trace)?;
    let mut last = Vec::new();
    for i in 0..m.single {
        (state, last) = model.forward_by(by, state, &[token(m.prompt.saturating_add(i))], trace)?;
    }
    Ok(([first, last], began.elapsed()))
}

/// Measures an answer on a machine, and compares it with that of the CPU.
///
/// # Errors
/// The machine fails, or it gives other numbers or another commitment than the CPU.
pub fn measure<G, M>(machine: &M, m: Measured, say: &mut dyn FnMut(String)) -> Result<(), Refused>
where
    G: Planes + Named + Saturate + Shown,
    G::Sum: Shown,
    M: Machine,
{
    let model = model::<G>(m.size)?;
    let commitment = |commit: Commit| -> Result<Digest, Refused> {
        let committed = commit.finish().ok_or_else(|| Refused::new("an answer", "it has no commitment"))?;
        Ok(committed.tree.root())
    };
    let mut own = Commit::new(model.spec());
    let (wanted, here) = run(&model, &Exact, m, &mut own)?;
    let wanted = (wanted, commitment(own)?);
    let mut fastest = [Duration::MAX; 3];
    for _ in 0..m.runs.max(1) {
        // Without a commitment, with hashes of the CPU, and with those of the machine.
        for (best, hashed_from) in fastest.iter_mut().zip([None, Some(usize::MAX), Some(0)]) {
            let by = OnMachine::new(machine, &model)?.hashing_from(hashed_from.unwrap_or_default());
            let (found, took) = match hashed_from {
                None => {
                    let (logits, took) = run(&model, &by, m, &mut ())?;
                    ((logits, wanted.1), took)
                }
                Some(_) => {
                    let mut commit = Commit::new(model.spec());
                    let (logits, took) = run(&model, &by, m, &mut commit)?;
                    ((logits, commitment(commit)?), took)
                }
            };
            if found != wanted {
                return Err(Refused::new("an answer", "its numbers or its commitment are not those of the CPU"));
            }
            *best = took.min(*best);
        }
    }
    let [alone, by_cpu, by_card] = fastest;
    let more = |with: Duration| {
        let more = with.saturating_sub(alone).as_micros().saturating_mul(100);
        more.checked_div(alone.as_micros()).unwrap_or(0)
    };
    let (bits, width, layers) = (8 * size_of::<G>(), m.size.width, m.size.layers);
    say(format!("A model has {bits} bits, width {width} and {layers} layers."));
    say(format!("A prompt of {} tokens and {} single ones give the numbers of the CPU.", m.prompt, m.single));
    say(format!(
        "They take {} milliseconds on the card, and {} on a core with hashes.",
        alone.as_millis(),
        here.as_millis()
    ));
    say(format!("Hashes on a core take {} percent more, and hashes on the card {}.", more(by_cpu), more(by_card)));
    Ok(())
}

/// Measures from which size on a cell is hashed faster where it lies than on a core, without the way there.
///
/// # Errors
/// The machine fails, or a hash is not that of the CPU.
pub fn cells<M: Machine>(machine: &M, powers: RangeInclusive<u32>, say: &mut dyn FnMut(String)) -> Result<(), Refused> {
    let key = machine.upload(&Context::Cell.key())?;
    for power in powers {
        let bytes = vec![7; 1usize.checked_shl(power).unwrap_or(1)];
        let memory = machine.upload(&bytes)?;
        let numbers = Numbers { memory: &memory, from: 1, count: bytes.len(), width: 1 };
        let mut best = [Duration::MAX; 2];
        for _ in 0..5 {
            let began = Instant::now();
            let there = hash::cell(machine, &key, &numbers)?;
            let between = Instant::now();
            let here = Context::Cell.of(&bytes);
            let ended = Instant::now();
            if here != there {
                return Err(Refused::new("a cell", "its hash is not that of the CPU"));
            }
            let took = [between.duration_since(began), ended.duration_since(between)];
            for (best, took) in best.iter_mut().zip(took) {
                *best = took.min(*best);
            }
        }
        let [there, here] = best.map(|took| took.as_micros());
        say(format!(
            "A cell of 2^{power} bytes is hashed in {there} microseconds on the card, and in {here} on a core."
        ));
    }
    Ok(())
}
