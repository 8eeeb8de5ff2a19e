//! The forward of whole sequences, the streaming step, and what each position depends on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bfv_butterfly::holes::{HOLE, Holed};
use bfv_butterfly::score::{Score, mean, scores, window};
use bfv_butterfly::shape::{Shape, Sight};
use bfv_butterfly::stream::Stream;
use bfv_butterfly::train::{Recipe, learn};
use bfv_butterfly::words::{character, report};
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

/// Every character is scored once, by what a forward with holes of its own says, whatever windows and chunks there are.
#[test]
fn a_score_is_the_cost_of_what_is_hidden() {
    let net = Net::new(shape(4, Shape::writing(0, 2, 0)).scoring(), 4).unwrap();
    assert_eq!(window(&net.shape), 16);
    let text: Vec<u8> = characters(45).into_iter().map(|t| if t == HOLE { 65 } else { t }).collect();
    for (length, spacing) in [(1, 1), (3, 2), (16, 5), (17, 4), (45, 3), (45, 1000)] {
        let text = &text[..length];
        let found = scores(&net, text, spacing).unwrap();
        assert_eq!(found.len(), length);
        // The first window by the definition: a forward of the text with holes, padded with holes.
        let mut seen = text.to_vec();
        seen.resize(length.next_multiple_of(4), HOLE);
        seen.truncate(16);
        let end = if seen.len() >= length { length } else { 8 };
        for place in 0..end {
            let holes = (place % spacing..end).step_by(spacing);
            let holed = Holed::new(&seen, holes);
            assert_eq!(holed.given()[place], HOLE);
            let row = &logits(&net, holed.given())[place];
            let largest = row.iter().copied().fold(f32::MIN, f32::max);
            let sum: f64 = row.iter().map(|l| f64::from(l - largest).exp()).sum();
            let cost = |token: u8| sum.ln() + f64::from(largest - row[usize::from(token)]);
            assert!((found[place].cost - cost(text[place])).abs() < 1e-4, "{length}, {spacing}, {place}");
            assert!((found[place].least - cost(found[place].likeliest)).abs() < 1e-4);
            assert!(found[place].least <= found[place].cost + 1e-6);
        }
    }
    let mean = mean(&scores(&net, &text, 3).unwrap());
    assert!(mean > 0.0 && mean.is_finite());
}

/// What is hidden is not in what the model sees: another character there changes no logit.
#[test]
fn a_hidden_character_is_not_seen() {
    let net = Net::new(shape(4, Shape::writing(1, 2, 0)).scoring(), 8).unwrap();
    let text = characters(16);
    let mut other = text.clone();
    other[5] ^= 1;
    let foretold = |text: &[u8]| net.foretold(&[Holed::new(text, [5, 9, 5, 99])]).unwrap().to_vec2::<f32>().unwrap();
    assert_eq!(foretold(&text), foretold(&other));
    assert_eq!(foretold(&text).len(), 2);
    let holed = Holed::new(&text, [9, 5]);
    assert_eq!(holed.hidden(), [(5, text[5]), (9, text[9])]);
    let rows = logits(&net, holed.given());
    assert_eq!(foretold(&text), [rows[5].clone(), rows[9].clone()]);
}

#[test]
fn what_cannot_be_scored_is_refused() {
    let writing = Net::new(shape(4, Shape::writing(0, 2, 0)), 4).unwrap();
    let scoring = Net::read(writing.shape.clone().scoring(), writing.tensors()).unwrap();
    assert!(scores(&writing, b"text", 4).unwrap_err().what.contains("look back"));
    assert!(scores(&scoring, b"", 4).unwrap_err().what.contains("no characters"));
    assert!(scores(&scoring, b"text", 0).unwrap_err().what.contains("Of 0 characters"));
    assert!(scores(&scoring, b"te\x1at", 4).unwrap_err().what.contains("Character 2"));
    assert!(scoring.foretold(&[Holed::new(b"text", [])]).unwrap_err().what.contains("Nothing is hidden"));
    assert!(scoring.foretold(&[]).unwrap_err().what.contains("Nothing is hidden"));
    let recipe = Recipe { length: 4, ..Recipe::SCORING };
    assert!(learn(&scoring, b"some te\x1at", &recipe, |_, _| ()).unwrap_err().what.contains("Character 7"));
}

#[test]
fn characters_have_words() {
    let all: BTreeSet<String> = (0..=255).map(character).collect();
    assert_eq!(all.len(), VOCAB, "no two have the same words");
    for (token, words) in
        [(b'q', "letter q"), (b'Q', "capital letter Q"), (b'7', "digit 7"), (b'(', "left parenthesis")]
    {
        assert_eq!(character(token), words);
    }
    assert_eq!((character(b'\n'), character(0)), ("end of line".to_owned(), "character number 0".to_owned()));
}

#[test]
fn scores_are_told_in_sentences() {
    let score = |cost, likeliest| Score { cost, likeliest, least: 0.25 };
    let scores = [score(0.5, b'a'), score(3.0, b' '), score(0.25, b'b'), score(3.0, b'(')];
    let said = report(b"a\nb;", &scores, 3);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "Scored 4 characters from both sides.",
            "The mean cost of a character is 1.688 nats, which is 2.435 bits.",
            "Surprise 1 of 3: end of line, at line 1, column 2. It costs 3.00 nats. The model expects: space, at 0.25 nats.",
            "Surprise 2 of 3: semicolon, at line 2, column 2. It costs 3.00 nats. The model expects: left parenthesis, at 0.25 nats.",
            "Surprise 3 of 3: letter a, at line 1, column 1. It costs 0.50 nats. No other character is likelier there.",
        ]
    );
    assert!(report(b"a\nb;", &scores, 9).contains("Surprise 4 of 4: letter b, at line 2, column 1."));
    assert_eq!(report(b"a\nb;", &scores, 0).lines().count(), 2);
    assert!(report(b"a", &scores[..1], 0).starts_with("Scored 1 character from both sides."));
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
