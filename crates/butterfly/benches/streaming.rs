//! What a streaming step over whole numbers costs as the context grows, with as many mixing layers as reach all of it. `cargo xtask bench butterfly` writes it
//! down. Beside it stands the same model without chunks, in which every layer reads every key.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

mod common;

use bfv_exact::forward::State;
use bfv_exact::model::Model;
use common::{CHUNK, CONTEXTS, Keys, STEPS, model, tokens};
use std::time::Instant;

/// The longest context that the model without chunks is filled with, as that takes time with its square.
const DENSE: usize = 1 << 12;
/// The median of the microseconds of the last steps, the keys of the very last one, and how many are kept.
fn measured(context: usize, model: &Model<i8>) -> (f64, usize, usize) {
    let tokens = tokens(context);
    let (filled, last) = tokens.split_at(context - STEPS);
    let mut state = State::default();
    for block in filled.chunks(CHUNK) {
        state = model.forward(state, block, &mut ()).unwrap().0;
    }
    let (mut times, mut keys) = (Vec::new(), 0);
    for token in last {
        let start = Instant::now();
        let mut counted = Keys::default();
        state = model.forward(state, &[*token], &mut counted).unwrap().0;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        keys = counted.0;
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], keys, state.kept().iter().sum())
}

fn main() {
    for context in CONTEXTS {
        let layers = (context / CHUNK).ilog2();
        let (time, keys, kept) = measured(context, &model(layers, context, true));
        let dense = if context <= DENSE {
            let (time, keys, _) = measured(context, &model(layers, context, false));
            format!("{time:.0} | {keys}")
        } else {
            "not measured | not measured".to_owned()
        };
        println!("| {context} | {layers} | {keys} | {time:.0} | {:.1} | {kept} | {dense} |", time / f64::from(layers));
    }
}
