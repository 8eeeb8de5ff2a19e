//! What a card does with the kernels: the same numbers as the CPU on random inputs, and how near they come to what the memory of the card can do.

use crate::answer;
use crate::cuda::Cuda;
use crate::hash;
use crate::kernels::Kernel;
use crate::linear::{Placed, Planes, Way, start_in};
use crate::machine::Machine;
use crate::trial::{Draw, once};
use bfv_cert::digest::Context;
use bfv_exact::{Matrix, Refused};
use std::time::{Duration, Instant};

/// Random inputs for each kernel.
pub const TRIALS: u64 = 10_000;
/// Runs of which the fastest counts, and launches of a run.
const RUNS: usize = 5;
const LAUNCHES: u32 = 20;
/// Bytes of the copy that is the ceiling: 1 GiB, read and written.
const COPIED: usize = 1 << 30;
/// Rows and columns of the weights that are measured.
const SIDE: usize = 1 << 13;
/// Tokens of a prompt that is measured.
const PROMPT: usize = 1 << 10;
/// Bytes that are hashed.
const HASHED: usize = 1 << 28;

/// Compares each kernel with its definition on so many random inputs, and says of each how it went.
///
/// # Errors
/// A kernel gives other numbers, or the card fails.
pub fn trials(cuda: &Cuda, inputs: u64, say: &mut dyn FnMut(String)) -> Result<(), Refused> {
    for kernel in Kernel::ALL {
        let (name, began) = (kernel.name(), Instant::now());
        let mut words = Context::Challenge.hash().bytes(b"a card").bytes(name.as_bytes()).words();
        for trial in 0..inputs {
            if !once(cuda, kernel, &mut Draw(&mut words))? {
                return Err(Refused::new(name, format!("input {trial} has other numbers on the card than on the CPU")));
            }
        }
        let seconds = began.elapsed().as_secs();
        say(format!("The kernel {name} gave the numbers of the CPU on {inputs} random inputs in {seconds} seconds."));
    }
    Ok(())
}

/// The shortest time of a launch, of some runs of several launches each.
fn fastest(cuda: &Cuda, mut start: impl FnMut() -> Result<(), Refused>) -> Result<Duration, Refused> {
    let mut best = Duration::MAX;
    // One more first, so that nothing is measured that happens once.
    start()?;
    for _ in 0..RUNS {
        cuda.finish()?;
        let began = Instant::now();
        for _ in 0..LAUNCHES {
            start()?;
        }
        cuda.finish()?;
        best = best.min(began.elapsed() / LAUNCHES);
    }
    Ok(best)
}

/// Numbers of a second, in units of 10^9.
fn rate(count: u64, took: Duration) -> u64 {
    u64::try_from(u128::from(count) / took.as_nanos().max(1)).unwrap_or(u64::MAX)
}

/// Measures bandwidth and products.
///
/// # Errors
/// The card fails, or its memory is too small.
pub fn figures(cuda: &Cuda, say: &mut dyn FnMut(String)) -> Result<(), Refused> {
    let (from, to) = (cuda.upload(&vec![1; COPIED])?, cuda.room(COPIED)?);
    let copied = fastest(cuda, || cuda.copy(&from, &to))?;
    drop((from, to));
    let ceiling = rate(2 * COPIED as u64, copied).max(1);
    say(format!("A copy within the card moves {ceiling} gigabytes a second, which is the ceiling."));
    layer::<i8>(cuda, ceiling, say)?;
    layer::<i16>(cuda, ceiling, say)?;
    let bytes = vec![7; HASHED];
    let began = Instant::now();
    hash::of(cuda, Context::Cell, &bytes)?;
    let there = began.elapsed();
    let began = Instant::now();
    let _root = Context::Cell.of(&bytes);
    let here = began.elapsed();
    let (there, here) = (rate(HASHED as u64, there), rate(HASHED as u64, here));
    say(format!("A hash of 256 MiB takes in {there} gigabytes a second, with the way to the card."));
    say(format!("On a core of the CPU it takes in {here}."));
    for sight in answer::SIGHTS {
        answer::attention(cuda, ceiling, sight, say)?;
    }
    answer::cells(cuda, answer::CELLS, say)?;
    answer::measure::<i8, Cuda>(cuda, answer::USUAL, say)?;
    answer::measure::<i16, Cuda>(cuda, answer::USUAL, say)
}

fn layer<G: Planes + From<i8>>(cuda: &Cuda, ceiling: u64, say: &mut dyn FnMut(String)) -> Result<(), Refused> {
    let entries = |rows: usize| (0..rows.saturating_mul(SIDE)).map(|i| G::from(i8::try_from(i % 127).unwrap_or(0)));
    let matrix = |rows: usize| Matrix::new("a measurement", rows, SIDE, entries(rows).collect());
    let w = Placed::new(cuda, &matrix(SIDE)?)?;
    let [few, many] = G::KERNELS;
    for (tokens, way, kernel) in [(1, Way::Sums, few), (PROMPT, Way::Tiles, many)] {
        let x = Placed::new(cuda, &matrix(tokens)?)?;
        let y = cuda.room(tokens.saturating_mul(SIDE).saturating_mul(G::SUM))?;
        let took = fastest(cuda, || start_in::<G, Cuda>(cuda, &w, &x, way, &y))?;
        let (name, read) = (kernel.name(), rate(w.bytes(), took));
        let products = rate((tokens as u64).saturating_mul(SIDE as u64).saturating_mul(SIDE as u64), took);
        let micros = took.as_micros();
        let share = read.saturating_mul(100) / ceiling;
        say(format!(
            "The kernel {name} takes {micros} microseconds for {tokens} tokens and weights of {SIDE} by {SIDE}."
        ));
        match way {
            Way::Sums => say(format!("It reads weights at {read} gigabytes a second, {share} percent of the ceiling.")),
            Way::Tiles => say(format!("It makes {products} products a nanosecond.")),
        }
    }
    Ok(())
}
