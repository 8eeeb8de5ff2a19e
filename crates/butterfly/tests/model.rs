//! The forward of whole sequences, the streaming step, and what each position depends on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bfv_butterfly::shape::{Shape, Sight};
use bfv_butterfly::stream::Stream;
use bfv_butterfly::{Net, VOCAB};
use std::collections::BTreeSet;

fn shape(chunk: usize, layers: Vec<Sight>) -> Shape {
    Shape { width: 16, heads: 2, head_width: 8, inner: 24, chunk, layers, rope_base: 10_000 }.checked().unwrap()
}

/// Some characters that look random and are the same in every run.
fn characters(n: usize) -> Vec<u8> {
    (0..n).map(|i| u8::try_from(i * i % 251 * 7 % 256).unwrap()).collect()
}

fn logits(net: &Net, tokens: &[u8]) -> Vec<Vec<f32>> {
    net.logits(&[tokens.to_vec()]).unwrap().to_vec2().unwrap()
}

/// Which chunks have other logits when a character of one chunk is changed.
fn heard(net: &Net, chunks: usize, from: usize) -> BTreeSet<usize> {
    let chunk = net.shape.chunk;
    let before = characters(chunks * chunk);
    let mut after = before.clone();
    after[from * chunk] ^= 1;
    let (a, b) = (logits(net, &before), logits(net, &after));
    (0..chunks).filter(|c| (c * chunk..(c + 1) * chunk).any(|t| a[t] != b[t])).collect()
}

/// What the claims of `examples/butterfly.sctt` say of the pairings, seen in the logits: three layers and eight chunks.
#[test]
fn what_changes_reaches_the_chunks_that_the_claims_name() {
    let digits = 3;
    let all = |net: &Net| -> Vec<BTreeSet<usize>> { (0..8).map(|from| heard(net, 8, from)).collect() };
    let writing = Net::new(shape(2, Shape::writing(0, digits, 0)), 1).unwrap();
    for (from, found) in all(&writing).into_iter().enumerate() {
        assert_eq!(found, (from..8).collect(), "back by steps, from chunk {from}");
    }
    let scoring = Net::new(shape(2, Shape::writing(0, digits, 0)).scoring(), 1).unwrap();
    for found in all(&scoring) {
        assert_eq!(found, (0..8).collect(), "both ways");
    }
    // One layer less does not reach all, and an order with one digit twice neither.
    let short = Net::new(shape(2, Shape::writing(0, 2, 0)), 1).unwrap();
    assert_eq!(heard(&short, 8, 0), (0..4).collect());
    let twice = Net::new(shape(2, vec![Sight::Flip(0), Sight::Flip(1), Sight::Flip(0)]), 1).unwrap();
    assert_eq!(heard(&twice, 8, 0), (0..4).collect());
}

#[test]
fn a_stream_gives_what_the_whole_sequence_gives() {
    let net = Net::new(shape(3, Shape::writing(1, 3, 1)), 5).unwrap();
    let tokens = characters(3 * 21);
    let whole = logits(&net, &tokens);
    let mut stream = Stream::new(&net).unwrap();
    for (i, (token, wanted)) in tokens.iter().zip(&whole).enumerate() {
        let found = stream.step(*token);
        assert_eq!(found.len(), VOCAB);
        let far = found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 1e-4, "position {i}: {far}");
    }
}

/// The counts of the claims `new_token`, `new_token_late` and `new_token_all`: of other chunks C keys for each layer that has one, and of the own chunk those up to the token.
#[test]
fn a_step_reads_as_many_keys_as_is_proved_and_keeps_as_many_as_its_layers_reach() {
    let (chunk, digits) = (4, 4_u32);
    let net = Net::new(shape(chunk, Shape::writing(0, digits, 0)), 3).unwrap();
    let mut stream = Stream::new(&net).unwrap();
    let layers = usize::try_from(digits).unwrap();
    let mut kept = Vec::new();
    for position in 0..200 {
        stream.step(65);
        let (i, a) = (position / chunk, position % chunk);
        let others: usize = (0..layers).map(|l| if i < 1 << l { 0 } else { chunk }).sum();
        assert_eq!(stream.reads(), others + layers * (a + 1), "position {position}");
        assert!(stream.reads() <= 2 * chunk * layers);
        if position + 1 == 4 * 9 {
            kept = stream.kept();
        }
    }
    assert_eq!(kept, [8, 12, 20, 36]);
    assert_eq!(stream.kept(), kept, "nothing more is kept afterwards");
}

#[test]
fn what_does_not_fit_is_refused() {
    let good = shape(4, Shape::writing(1, 1, 0));
    assert!(Shape { head_width: 7, ..good.clone() }.checked().is_err());
    assert!(Shape { layers: Vec::new(), ..good.clone() }.checked().is_err());
    assert!(Shape { layers: vec![Sight::Back(21)], ..good.clone() }.checked().is_err());
    let net = Net::new(good.clone(), 1).unwrap();
    for sequences in [vec![], vec![vec![]], vec![vec![1, 2, 3]], vec![vec![1; 4], vec![1; 8]]] {
        let why = net.logits(&sequences).unwrap_err();
        assert!(why.what.contains("multiple of the chunk of 4"), "{why:?}");
    }
    let why = Stream::new(&Net::new(good.clone().scoring(), 1).unwrap()).unwrap_err();
    assert!(why.what.contains("looks ahead"), "{why:?}");
    assert!(good.writes() && !good.scoring().writes());
}

#[test]
fn weights_are_read_back_and_others_are_refused() {
    let net = Net::new(shape(4, Shape::writing(0, 2, 0)), 9).unwrap();
    let tokens = characters(16);
    let again = Net::read(net.shape.clone(), net.tensors()).unwrap();
    assert_eq!(logits(&net, &tokens), logits(&again, &tokens));
    assert_eq!(net.vars().iter().map(|v| v.elem_count()).sum::<usize>(), net.shape.weights());
    let mut fewer = net.tensors();
    fewer.remove("lm_head.weight");
    assert!(Net::read(net.shape.clone(), fewer).unwrap_err().what.contains("missing"));
    let mut more = net.tensors();
    more.insert("surplus".to_owned(), net.last.as_tensor().clone());
    assert!(Net::read(net.shape.clone(), more).unwrap_err().what.contains("no such tensor"));
    let wider = Shape { inner: 25, ..net.shape.clone() };
    assert!(Net::read(wider, net.tensors()).unwrap_err().what.contains("shape"));
    let mut infinite = net.tensors();
    let bad = (net.last.as_tensor() / 0.0).unwrap();
    infinite.insert("model.norm.weight".to_owned(), bad);
    assert!(Net::read(net.shape.clone(), infinite).unwrap_err().what.contains("finite"));
}

#[test]
fn the_same_seed_writes_the_same_and_a_low_temperature_the_likeliest() {
    let net = Net::new(shape(4, Shape::writing(0, 2, 0)), 2).unwrap();
    let write = |temperature, seed| Stream::new(&net).unwrap().write(b"one", 30, temperature, seed);
    assert_eq!(write(1.0, 1), write(1.0, 1));
    assert_ne!(write(1.0, 1), write(1.0, 2));
    assert_eq!(write(1e-6, 1), write(1e-6, 2));
    assert_eq!(Stream::new(&net).unwrap().write(b"", 5, 1.0, 1), b"");
}
