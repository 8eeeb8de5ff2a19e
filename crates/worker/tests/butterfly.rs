//! Butterfly models: two float forwards that know nothing of each other, and the whole numbers beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bfv_butterfly::shape::{Shape, Sight};
use bfv_butterfly::{Net, VOCAB};
use bfv_exact::forward::State;
use bfv_model::stored::{Stored, weights_file};
use bfv_worker::butterfly::{quantise, reference, sees};
use bfv_worker::quantise::Choice;

fn net(seed: u64) -> Net {
    let layers = Shape::writing(1, 3, 1);
    let shape = Shape { width: 32, heads: 2, head_width: 16, inner: 48, chunk: 4, layers, rope_base: 10_000 };
    Net::new(shape.checked().unwrap(), seed).unwrap()
}

fn characters(seed: usize, n: usize) -> Vec<u8> {
    (0..n).map(|i| u8::try_from((i * i + seed) % 251).unwrap()).collect()
}

/// The one gathers the keys of two chunks, and the other masks those of all positions.
#[test]
fn gathered_keys_give_what_masked_ones_give() {
    let writing = net(4);
    let scoring = Net::read(writing.shape.clone().scoring(), writing.tensors()).unwrap();
    for net in [writing, scoring] {
        let tokens = characters(1, 64);
        let gathered: Vec<Vec<f32>> = net.logits(std::slice::from_ref(&tokens)).unwrap().to_vec2().unwrap();
        let (masked, _) = reference(&net, &tokens).unwrap();
        for (position, (a, b)) in gathered.iter().zip(&masked).enumerate() {
            let far = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(far < 1e-4, "position {position}: {far}");
        }
        assert_eq!((gathered.len(), masked.len(), masked[0].len()), (64, 64, VOCAB));
    }
}

#[test]
fn what_is_seen_is_two_chunks() {
    let seen = |sight, query: usize| (0..16).filter(|key| sees(sight, 2, query, *key)).collect::<Vec<usize>>();
    assert_eq!(seen(Sight::Back(1), 9), [4, 5, 8, 9]);
    assert_eq!(seen(Sight::Back(1), 8), [4, 5, 8]);
    assert_eq!(seen(Sight::Back(1), 3), [2, 3]);
    assert_eq!(seen(Sight::Flip(1), 8), [8, 9, 12, 13]);
}

/// The integer model streams token by token, and stays near to the reference over all of 20 chunks.
#[test]
fn whole_numbers_are_near_to_the_reference() {
    let net = net(6);
    let tokens = characters(3, 80);
    let (wanted, _) = reference(&net, &tokens).unwrap();
    let eight = quantise::<i8>(&net, &characters(0, 80), 4096, Choice::Greedy).unwrap();
    let sixteen = quantise::<i16>(&net, &characters(0, 80), 4096, Choice::Greedy).unwrap();
    let relative = |found: Vec<Vec<f64>>| {
        let pairs = found.iter().flatten().zip(wanted.iter().flatten());
        let (wrong, all) = pairs.fold((0.0, 0.0), |(wrong, all), (f, w)| {
            let w = f64::from(*w);
            (wrong + (f - w) * (f - w), all + w * w)
        });
        (wrong / all).sqrt()
    };
    let scaled = |logits: Vec<i32>, unit: f64| logits.into_iter().map(|l| f64::from(l) * unit).collect::<Vec<f64>>();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let (mut s, mut t) = (State::default(), State::default());
    for token in &tokens {
        let (next, logits) = eight.model.forward(s, &[u32::from(*token)], &mut ()).unwrap();
        (s, a) = (next, [a, vec![scaled(logits, eight.logit)]].concat());
        let (next, logits) = sixteen.model.forward(t, &[u32::from(*token)], &mut ()).unwrap();
        (t, b) = (next, [b, vec![scaled(logits, sixteen.logit)]].concat());
    }
    let (eight, sixteen) = (relative(a), relative(b));
    println!("Relative error {eight:.5} with 8 bits, {sixteen:.6} with 16 bits.");
    assert!(eight < 0.2 && sixteen < 2e-3 && sixteen * 10.0 < eight, "{eight} {sixteen}");
}

#[test]
fn what_is_paired_is_stored_with_the_model() {
    let made = quantise::<i8>(&net(8), &characters(2, 40), 256, Choice::Greedy).unwrap().model;
    let Stored::Eight(read) = Stored::read(&made.spec().bytes(), &weights_file(&made)).unwrap() else {
        panic!("another grid")
    };
    assert!(read.spec() == made.spec() && read.weights() == made.weights());
    let pairs = read.spec().pairs().unwrap();
    assert_eq!((pairs.chunk, pairs.digits.as_slice()), (4, &[0, 0, 1, 2, 0][..]));
}

#[test]
fn a_model_that_looks_ahead_does_not_stream() {
    let writing = net(7);
    let scoring = Net::read(writing.shape.clone().scoring(), writing.tensors()).unwrap();
    let why = quantise::<i8>(&scoring, &characters(0, 16), 64, Choice::Greedy).unwrap_err();
    assert!(why.what.contains("looks ahead"), "{why}");
}
