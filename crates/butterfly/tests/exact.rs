//! The streaming step over whole numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../exact/tests/common/mod.rs"]
mod common;

use bfv_butterfly::exact::{Exact, State};
use bfv_butterfly::shape::Sight;
use bfv_exact::forward::{self, Numbers, Op, Place, Trace};
use bfv_exact::model::Model;
use bfv_exact::spec::{Bits, Named, Spec};
use common::Random;
use common::small::{any_draft, any_weights};
use std::collections::BTreeMap;

/// All bytes that were shown, by their places.
#[derive(Default)]
struct Seen(Vec<(Place, Vec<u8>)>);

impl Trace for Seen {
    fn see(&mut self, place: Place, numbers: Numbers<'_>) {
        let mut bytes = Vec::new();
        numbers.bytes(&mut bytes);
        self.0.push((place, bytes));
    }
}

/// A small model without a window, with random scales.
fn model(seed: u64, least: usize) -> Model<i8> {
    let mut random = Random(seed);
    loop {
        let mut draft = any_draft(&mut random, Bits::Eight);
        draft.window = None;
        draft.dims.positions = 64;
        if draft.layers.len() < least {
            continue;
        }
        let weights = any_weights(&mut random, &draft);
        return Model::new(Spec::new(draft).unwrap(), weights).unwrap();
    }
}

fn tokens(seed: u64, n: u32, model: &Model<i8>) -> Vec<u32> {
    let mut random = Random(seed);
    let dims = model.spec().draft().dims;
    let vocab = usize::try_from(dims.vocab).unwrap();
    (0..n.min(dims.positions)).map(|_| u32::try_from(random.below(vocab)).unwrap()).collect()
}

fn sights(model: &Model<i8>) -> Vec<Sight> {
    (0..u32::try_from(model.spec().draft().layers.len()).unwrap()).map(Sight::Back).collect()
}

/// Within one chunk nothing is paired, so all that is shown is what the plain model shows.
#[test]
fn one_chunk_is_the_plain_model() {
    for seed in 0..20 {
        let plain = model(seed, 1);
        let all = tokens(seed, 12, &plain);
        let exact = Exact::new(plain.clone(), all.len(), &sights(&plain)).unwrap();
        let (mut a, mut b) = (Seen::default(), Seen::default());
        let (_, wanted) = plain.forward(forward::State::default(), &all, &mut a).unwrap();
        let (state, found) = exact.forward(State::default(), &all, &mut b).unwrap();
        assert_eq!((found, state.positions()), (wanted, all.len()), "model {seed}");
        assert!(a.0 == b.0, "model {seed}");
    }
}

/// How tokens are handed over changes no number.
#[test]
fn blocks_give_what_single_tokens_give() {
    for seed in 0..20 {
        let plain = model(seed, 2);
        let all = tokens(seed + 100, 23, &plain);
        let exact = Exact::new(plain.clone(), 3, &sights(&plain)).unwrap();
        let whole = exact.forward(State::default(), &all, &mut ()).unwrap();
        let mut state = State::default();
        let mut logits = Vec::new();
        for token in &all {
            (state, logits) = exact.forward(state, &[*token], &mut ()).unwrap();
        }
        assert_eq!((state, logits), whole, "model {seed}");
    }
}

/// The keys of a head in a step: at most two chunks, and what is kept grows no further once the layer reaches all that it can.
#[test]
fn a_step_sees_two_chunks_at_most() {
    let (seed, chunk) = (3, 2);
    let plain = model(seed, 2);
    let all = tokens(seed, 40, &plain);
    assert!(all.len() >= 12, "the model has few positions");
    let exact = Exact::new(plain.clone(), chunk, &sights(&plain)).unwrap();
    let mut state = State::default();
    for (position, token) in all.iter().enumerate() {
        let mut seen = Seen::default();
        (state, _) = exact.forward(state, &[*token], &mut seen).unwrap();
        let mut keys: BTreeMap<u32, usize> = BTreeMap::new();
        for (place, bytes) in &seen.0 {
            if place.op == Op::Scores(0) {
                keys.insert(place.layer, bytes.len() / 8);
            }
        }
        for (layer, kept) in state.kept().iter().enumerate() {
            let far = 1 << layer;
            let own = position % chunk + 1;
            let other = if position / chunk >= far { chunk } else { 0 };
            assert_eq!(keys[&u32::try_from(layer + 1).unwrap()], own + other, "layer {layer}, position {position}");
            assert!(*kept <= (far + 1) * chunk);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let plain = model(1, 2);
    let fitting = sights(&plain);
    assert!(Exact::new(plain.clone(), 0, &fitting).is_err());
    assert!(Exact::new(plain.clone(), 4, &fitting[1..]).unwrap_err().to_string().contains("layers"));
    let ahead: Vec<Sight> = fitting.iter().map(|s| Sight::Flip(s.digit())).collect();
    assert!(Exact::new(plain.clone(), 4, &ahead).unwrap_err().to_string().contains("looks ahead"));
    let mut draft = plain.spec().draft().clone();
    if draft.dims.positions > 1 {
        draft.window = Some(1);
        let windowed = Model::new(Spec::new(draft).unwrap(), plain.weights().clone()).unwrap();
        assert!(Exact::new(windowed, 4, &fitting).unwrap_err().to_string().contains("window"));
    }
    let exact = Exact::new(plain.clone(), 4, &fitting).unwrap();
    assert!(exact.forward(State::default(), &[], &mut ()).unwrap_err().to_string().contains("no tokens"));
    let dims = plain.spec().draft().dims;
    assert!(exact.forward(State::default(), &[dims.vocab], &mut ()).is_err());
    let many = vec![0; usize::try_from(dims.positions).unwrap() + 1];
    assert!(exact.forward(State::default(), &many, &mut ()).unwrap_err().to_string().contains("exceed"));
    assert_eq!(<i8 as Named>::BITS, Bits::Eight);
}
