//! What a streaming step over whole numbers reads and allocates, and what is kept between steps, as the context grows. Everything is counted, and nothing is timed.
//! `cargo xtask bench butterfly` writes it down.
//!
//! There are two models: the shipped one, whose layers are the same for every context, and one with as many mixing layers as reach all of the context.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod common;

use bfv_exact::forward::State;
use bfv_exact::model::Model;
use bfv_model::shipped;
use bfv_model::stored::Stored;
use common::{CHUNK, CONTEXTS, Keys, STEPS, model, tokens};

/// Prints a row.
fn row(what: &str, context: usize, model: &Model<i8>) {
    let tokens = tokens(context);
    // Every step of the second half is counted, so that those are among them in which keys are dropped or moved.
    let (filled, stepped) = tokens.split_at(context / 2);
    let (mut state, mut allocated, mut most, mut keys) = (State::default(), Vec::new(), 0, 0);
    let kept = allocation_counter::measure(|| {
        for block in filled.chunks(CHUNK) {
            state = model.forward(std::mem::take(&mut state), block, &mut ()).unwrap().0;
        }
        for token in stepped {
            let mut counted = Keys::default();
            let step = allocation_counter::measure(|| {
                state = model.forward(std::mem::take(&mut state), &[*token], &mut counted).unwrap().0;
            });
            allocated.push(step.bytes_total);
            most = most.max(step.bytes_max);
            keys = counted.0;
        }
    });
    let own: u64 = allocated.capacity().try_into().unwrap();
    let kept = kept.bytes_current - 8 * i64::try_from(own).unwrap();
    let largest = allocated.iter().max().copied().unwrap();
    let mut last = allocated.split_off(allocated.len() - STEPS);
    last.sort_unstable();
    let dims = model.spec().draft().dims;
    // A key and a value, each of so many coordinates of two bytes.
    let read = keys * usize::try_from(4 * dims.kv_heads * dims.head_width).unwrap();
    let rows: usize = state.kept().iter().sum();
    println!(
        "| {what} | {context} | {} | {keys} | {read} | {} | {largest} | {most} | {rows} | {kept} |",
        model.spec().draft().layers.len(),
        last[STEPS / 2]
    );
}

fn main() {
    let Stored::Eight(whole) = shipped::read().unwrap() else { panic!("the shipped model is on another grid") };
    for context in CONTEXTS {
        row("shipped", context, &whole);
    }
    for context in CONTEXTS {
        row("reaches all", context, &model((context / CHUNK).ilog2(), context, true));
    }
}
