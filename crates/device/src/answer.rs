//! What commitments cost where a card computes: an answer of a whole model with its cells hashed on the card, hashed on the CPU, and without any.

use crate::arithmetic::OnMachine;
use crate::attention::{self, Tables};
use crate::hash::{self, Numbers};
use crate::linear::Planes;
use crate::machine::Machine;
use crate::sample::{Size, model};
use bfv_cert::digest::{Context, Digest};
use bfv_exact::attention::{Attention, Mask, Powers, totals};
use bfv_exact::commit::Commit;
use bfv_exact::forward::{Shown, State, Trace};
use bfv_exact::heads::{Handed, Heads, Wanted};
use bfv_exact::model::Model;
use bfv_exact::pairs::Pair;
use bfv_exact::requantise::{Saturate, Scale};
use bfv_exact::rounding::{Arithmetic, Exact};
use bfv_exact::spec::Named;
use bfv_exact::{Matrix, Refused};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// An answer that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// The model.
    pub size: Size,
    /// Tokens of the prompt.
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

/// Coordinates of a head.
const HEAD: usize = 128;

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

/// Attention that is measured: one token of so many heads of 128 coordinates, behind so many others, and the tokens of a chunk where chunks are paired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Heads.
    pub heads: usize,
    /// Tokens before the one that asks.
    pub before: usize,
    /// The tokens of a chunk.
    pub chunk: Option<usize>,
}

/// What is measured on a card: all positions before, and two chunks of them.
pub const SIGHTS: [Sight; 2] =
    [Sight { heads: 16, before: 8192, chunk: None }, Sight { heads: 16, before: 8192, chunk: Some(128) }];

/// Measures attention of single tokens, with all that is sent and fetched for it, beside what the memory of the machine can move, in units of 10^9 bytes a second.
///
/// # Errors
/// The machine fails, or it gives other numbers than the CPU.
pub fn attention<M: Machine>(
    machine: &M,
    ceiling: u64,
    sight: Sight,
    say: &mut dyn FnMut(String),
) -> Result<(), Refused> {
    const RUNS: usize = 5;
    let (powers, cols) = (Powers::new(), sight.heads.saturating_mul(HEAD));
    let (tables, scale) = (Tables::new(machine, &powers)?, Scale::new(1, 20)?);
    let numbers = |rows: usize, step: usize| {
        let entry = |i: usize| i16::try_from(i.wrapping_mul(step) % 251).unwrap_or(0) - 125;
        let entries = bfv_exact::elements("a measurement", rows, cols)?;
        Matrix::new("a measurement", rows, cols, (0..entries).map(entry).collect())
    };
    let (mut held, mut best, mut read) = (None, Duration::MAX, 0);
    // The first one sends all that was before, and does not count.
    for first in (sight.before..).take(RUNS.saturating_add(1)) {
        let rows = first.saturating_add(1);
        let (q, k, v) = (numbers(1, 37)?, numbers(rows, 31)?, numbers(rows, 29)?);
        let pair = sight.chunk.map(|chunk| Pair { first, chunk, digit: 0 });
        let attention = Attention { powers: &powers, scale, mask: Mask { first, window: None } };
        let asked = Heads { attention, pair, width: HEAD, from: 0, qkv: [&q, &k, &v], wanted: Wanted::Nothing };
        let (mut here, mut there) = (Vec::new(), Vec::new());
        let began = Instant::now();
        attention::each(machine, &tables, &asked, &mut held, 0, &mut |handed| {
            there.push(handed);
            Ok(())
        })?;
        if first > sight.before {
            best = began.elapsed().min(best);
        }
        asked.each(&mut |handed| {
            if let Handed::Head(h, head) = handed {
                here.push(Handed::Sums(h, totals(&head.weights), head.sums));
            }
            Ok(())
        })?;
        if here != there {
            return Err(Refused::new("attention", "its numbers are not those of the CPU"));
        }
        // Two bytes of a key and two of a value, for each coordinate.
        read = pair.map_or(rows, |pair| pair.keys(0).len()).saturating_mul(cols).saturating_mul(4);
    }
    let rate = u128::try_from(read).unwrap_or(u128::MAX) / best.as_nanos().max(1);
    let share = rate.saturating_mul(100).checked_div(ceiling.into()).unwrap_or(0);
    let (micros, Sight { heads, before, .. }) = (best.as_micros(), sight);
    let what = sight.chunk.map_or("all positions".to_owned(), |chunk| format!("two chunks of {chunk}"));
    say(format!("Attention of {heads} heads over {what} takes {micros} microseconds, behind {before} tokens."));
    say(format!("It reads keys and values at {rate} gigabytes a second, {share} percent of the ceiling."));
    Ok(())
}
