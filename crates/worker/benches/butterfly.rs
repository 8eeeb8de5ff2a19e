//! What the shipped butterfly model over whole numbers takes on this machine: tokens in a second, and what commitments add. `cargo xtask bench butterfly` writes
//! it down.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::cast_precision_loss)]

mod common;

use bfv_device::arithmetic::OnMachine;
use bfv_device::cuda::Cuda;
use bfv_exact::forward::State;
use bfv_exact::model::Model;
use bfv_exact::rounding::{Arithmetic, Exact};
use bfv_model::shipped;
use bfv_model::stored::Stored;
use bfv_worker::prove::Prover;
use common::{Overhead, median, overhead, seconds};
use std::time::Instant;

/// Tokens of the prompt, and of the stream behind it.
const PROMPT: usize = 512;
const STREAM: usize = 256;
/// Runs, of which the median counts.
const RUNS: usize = 9;

/// Characters that look random and are the same in every run.
fn prompt() -> Vec<u32> {
    (0..PROMPT).map(|i| u32::try_from(32 + i * i % 91).unwrap()).collect()
}

/// Prints tokens in a second, of a prompt in one block and then token by token. What waits for a card is timed by the clock.
fn speed<A: Arithmetic<i8>>(what: &str, model: &Model<i8>, by: &A, clock: bool) {
    let timed = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        let (core, ()) = seconds(run);
        if clock { start.elapsed().as_secs_f64() } else { core }
    };
    let (mut blocks, mut steps) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut state = State::default();
        let mut take = |tokens: &[u32]| {
            state = model.forward_by(by, std::mem::take(&mut state), tokens, &mut ()).unwrap().0;
        };
        blocks.push(PROMPT as f64 / timed(&mut || take(&prompt())));
        let mut stream = || prompt().iter().take(STREAM).for_each(|token| take(&[*token]));
        steps.push(STREAM as f64 / timed(&mut stream));
    }
    println!("| {what} | {:.0} | {:.0} |", median(blocks), median(steps));
}

fn main() {
    let Stored::Eight(model) = shipped::read().unwrap() else { panic!("the shipped model is on another grid") };
    speed("CPU, one core", &model, &Exact, false);
    match Cuda::open() {
        Err(_) => println!("| card | no card | no card |"),
        Ok(cuda) => {
            let by = OnMachine::new(&cuda, &model).unwrap();
            speed(&format!("card {}", cuda.name()), &model, &by, true);
        }
    }
    println!();
    let prover = Prover::new(model).unwrap();
    let questions = [
        (format!("a prompt of {PROMPT} tokens, one token of answer"), prompt(), 1),
        (format!("a prompt of 64 tokens, {STREAM} tokens of answer"), prompt().into_iter().take(64).collect(), STREAM),
    ];
    for (what, prompt, count) in questions {
        let Overhead { plain, online, all, compared, .. } = overhead(&prover, prompt, count, RUNS);
        println!("| {what} | {:.1} ms | {online:.1} % | {all:.1} % | {compared:.1} % |", plain * 1e3);
    }
}
