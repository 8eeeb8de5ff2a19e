//! Answers: tokens are computed one after the other, and every cell is handed over while it is made.

use crate::layout::{Layout, OPERATIONS, Op, Place};
use crate::machine::Machine;
use crate::ops::{Cells, Run, chosen, unfinished};
use crate::spec::{Refused, Turns};
use crate::weights::Model;
use std::collections::BTreeMap;

/// What is known while a token is computed: keys and values of all tokens, and otherwise the cells of this one in its layer and the one before.
#[derive(Default)]
struct Known(BTreeMap<Place, Vec<u32>>);

impl Cells for Known {
    fn cell(&self, place: Place) -> Option<&[u32]> {
        self.0.get(&place).map(Vec::as_slice)
    }
}

impl Known {
    /// Forgets what nothing reads any more once this layer of a token is done.
    fn forget(&mut self, token: u32, layer: u32) {
        for op in
            OPERATIONS.into_iter().filter(|op| !matches!(op, Op::TurnedKey | Op::Value | Op::AfterLayer | Op::Logits))
        {
            self.0.remove(&Place { token, layer, op });
        }
        if let Some(layer) = layer.checked_sub(1) {
            self.0.remove(&Place { token, layer, op: Op::AfterLayer });
        }
    }
}

/// Answers a prompt with so many tokens, each the one with the largest logit. `see` gets every cell of the trace in the order of leaves: its place, or nothing
/// for an empty one, and its numbers as bits of its format.
///
/// # Errors
/// The model does not take the prompt, or a value becomes infinite or no number.
pub fn answer<M: Machine>(
    machine: &M,
    model: &Model,
    turns: &Turns,
    (prompt, count): (&[u32], usize),
    see: &mut dyn FnMut(Option<Place>, &[u32]),
) -> Result<Vec<u32>, Refused> {
    let layout = Layout::new(model.spec(), prompt.len(), count)?;
    let vocab = model.spec().draft().vocab;
    if let Some(token) = prompt.iter().find(|t| **t >= vocab) {
        return Err(Refused(format!("There is no token {token}, of {vocab}.")));
    }
    let (mut known, mut tokens) = (Known::default(), prompt.to_vec());
    for token in 0..layout.tokens() {
        for layer in 0..=layout.head() {
            for op in OPERATIONS {
                let place = Place { token, layer, op };
                let Some(all) = layout.entries(place) else {
                    see(None, &[]);
                    continue;
                };
                let run = Run { machine, model, layout: &layout, turns, tokens: &tokens };
                let made = run.part(&known, place, 0..all);
                let made = made.ok_or_else(|| Refused(format!("There are no values for {place}.")))?;
                let format = layout.format(op);
                if let Some(at) = unfinished(format, &made) {
                    return Err(Refused(format!(
                        "Number {at} of {place} is infinite or no number. Use another prompt or model."
                    )));
                }
                see(Some(place), &made);
                known.0.insert(place, made.into_iter().map(|x| format.widen(x)).collect());
            }
            known.forget(token, layer);
        }
        let logits = Place { token, layer: layout.head(), op: Op::Logits };
        if let Some(next) = known.0.remove(&logits).and_then(|all| chosen(&all)) {
            tokens.push(next);
        }
    }
    Ok(tokens.split_off(prompt.len()))
}
