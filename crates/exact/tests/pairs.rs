//! Models whose layers pair chunks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bfv_exact::attention::{Attention, Mask, Powers};
use bfv_exact::commit::{Commit, Layout};
use bfv_exact::forward::{Numbers, Op, Place, State, Trace};
use bfv_exact::model::Model;
use bfv_exact::pairs::Pair;
use bfv_exact::requantise::Scale;
use bfv_exact::spec::{Bits, Draft, Pairs, Spec};
use common::Random;
use common::small::{any_draft, any_weights};
use std::collections::BTreeMap;

/// A random draft of two layers and 64 positions, without a window.
fn draft(random: &mut Random) -> Draft {
    loop {
        let mut draft = any_draft(random, Bits::Eight);
        draft.window = None;
        draft.dims.positions = 64;
        if draft.layers.len() == 2 {
            return draft;
        }
    }
}

/// The same model with pairs and without.
fn models(seed: u64, chunk: u32, digits: [u8; 2]) -> (Model<i8>, Model<i8>) {
    let mut random = Random(seed);
    let draft = draft(&mut random);
    let weights = any_weights(&mut random, &draft);
    let spec = Spec::paired(draft.clone(), Pairs { chunk, digits: digits.to_vec() }).unwrap();
    (Model::new(spec, weights.clone()).unwrap(), Model::new(Spec::new(draft).unwrap(), weights).unwrap())
}

fn tokens(seed: u64, n: usize, model: &Model<i8>) -> Vec<u32> {
    let mut random = Random(seed);
    let vocab = usize::try_from(model.spec().draft().dims.vocab).unwrap();
    (0..n).map(|_| u32::try_from(random.below(vocab)).unwrap()).collect()
}

/// All bytes that were shown of an operation in a layer, block after block.
#[derive(Default, PartialEq)]
struct Seen(BTreeMap<(u32, Op), Vec<u8>>);

impl Trace for Seen {
    fn see(&mut self, place: Place, numbers: Numbers<'_>) {
        numbers.bytes(self.0.entry((place.layer, place.op)).or_default());
    }
}

/// Scores, weights and sums of a head by their definition, over keys and values of all positions.
#[test]
fn a_head_is_what_its_definition_says() {
    let powers = Powers::new();
    for seed in 0..200 {
        let mut r = Random(seed);
        let (chunk, digit) = (1 + r.below(4), u32::try_from(r.below(3)).unwrap());
        let (first, rows, width) = (r.below(20), 1 + r.below(9), 1 + r.below(4));
        let pair = Pair { first, chunk, digit };
        let end = first + rows;
        let (q, k, v) = (r.matrix(rows, width, -9, 9), r.matrix(end, width, -9, 9), r.matrix(end, width, -9, 9));
        let scale = Scale::new(1 << 20, 12).unwrap();
        let attention = Attention { powers: &powers, scale, mask: Mask { first, window: None } };
        let mut found = Vec::new();
        pair.grouped(&attention, width, 0, [&q, &k, &v], |_, head| {
            found.push(head);
            Ok(())
        })
        .unwrap();
        // Keys that no query sees any more may be gone.
        let from = pair.oldest(0).min(end - 1);
        let (mut later_k, mut later_v) = (k.clone(), v.clone());
        later_k.drop_first(from);
        later_v.drop_first(from);
        pair.grouped(&attention, width, from, [&q, &later_k, &later_v], |_, head| {
            assert!(head == found[0], "seed {seed}: without what is not seen");
            Ok(())
        })
        .unwrap();
        let head = &found[0];
        let dot = |a: &[i16], b: &[i16]| a.iter().zip(b).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum::<i64>();
        for t in 0..rows {
            let position = first + t;
            let own = position / chunk;
            // Column by column, as the page says: first the other chunk, then the own one.
            let key = |column: usize| -> Option<usize> {
                if column < chunk {
                    own.checked_sub(1 << digit).map(|other| other * chunk + column)
                } else {
                    Some(own * chunk + column - chunk).filter(|key| *key <= position)
                }
            };
            let seen: Vec<(usize, usize)> = (0..2 * chunk).filter_map(|c| Some((c, key(c)?))).collect();
            let scores: Vec<i64> = seen.iter().map(|(_, key)| dot(q.row(t), k.row(*key))).collect();
            let mut weights = vec![0; seen.len()];
            powers.softmax(scale, &scores, &mut weights);
            let (mut all_scores, mut all_weights) = (vec![0; 2 * chunk], vec![0; 2 * chunk]);
            for (((column, key), score), weight) in seen.iter().zip(&scores).zip(&weights) {
                (all_scores[*column], all_weights[*column]) = (*score, *weight);
                assert_eq!(pair.position(t, *column), *key);
            }
            let sum = |i: usize| -> i64 {
                seen.iter().zip(&weights).map(|((_, key), w)| i64::from(*w) * i64::from(v.row(*key)[i])).sum()
            };
            assert_eq!(head.scores.row(t), all_scores, "seed {seed}, row {t}");
            assert_eq!(head.weights.row(t), all_weights, "seed {seed}, row {t}");
            assert_eq!(head.sums.row(t), (0..width).map(sum).collect::<Vec<_>>(), "seed {seed}, row {t}");
        }
    }
}

/// Within one chunk nothing is paired, so all but the empty columns is what the plain model shows.
#[test]
fn one_chunk_is_the_plain_model() {
    for seed in 0..20 {
        let (paired, plain) = models(seed, 12, [0, 1]);
        let all = tokens(seed, 12, &plain);
        let (mut a, mut b) = (Seen::default(), Seen::default());
        let wanted = plain.forward(State::default(), &all, &mut a).unwrap().1;
        assert_eq!(paired.forward(State::default(), &all, &mut b).unwrap().1, wanted, "model {seed}");
        let rest = |seen: Seen| {
            let keep = |op: &Op| !matches!(op, Op::Scores(_) | Op::Weights(_));
            seen.0.into_iter().filter(|((_, op), _)| keep(op)).collect::<Vec<_>>()
        };
        assert!(rest(a) == rest(b), "model {seed}");
    }
}

/// How tokens are handed over changes no number, and what a step keeps has a bound.
#[test]
fn blocks_give_what_single_tokens_give() {
    let mut differ = 0;
    for seed in 0..20 {
        let (paired, plain) = models(seed, 3, [1, 0]);
        let all = tokens(seed + 100, 40, &plain);
        let (mut a, mut b) = (Seen::default(), Seen::default());
        let whole = paired.forward(State::default(), &all, &mut a).unwrap();
        let (mut state, mut logits) = paired.forward(State::default(), &all[..17], &mut b).unwrap();
        for token in &all[17..] {
            (state, logits) = paired.forward(state, &[*token], &mut b).unwrap();
            // Three and two chunks are seen; the last key is one that may be seen by the next token.
            assert!(state.kept()[0] <= 2 * 9 && state.kept()[1] <= 2 * 6, "{:?}", state.kept());
        }
        assert_eq!(logits, whole.1, "model {seed}");
        let layers = |seen: Seen| seen.0.into_iter().filter(|((layer, _), _)| *layer < 3).collect::<Vec<_>>();
        assert!(layers(a) == layers(b), "model {seed}");
        differ += usize::from(plain.forward(State::default(), &all, &mut ()).unwrap().1 != logits);
    }
    assert!(differ >= 10, "what is seen counts in {differ} of 20 models");
}

/// Every value has the bytes that the layout says, so a commitment has its cells.
#[test]
fn the_layout_has_two_chunks_of_columns() {
    let (paired, plain) = models(5, 3, [0, 2]);
    let (prompt, answer) = (tokens(1, 10, &plain), tokens(2, 6, &plain));
    let layout = Layout::new(paired.spec(), prompt.len(), answer.len()).unwrap();
    let mut commit = Commit::keeping(paired.spec());
    let (mut state, _) = paired.forward(State::default(), &prompt, &mut commit).unwrap();
    for token in &answer[..5] {
        (state, _) = paired.forward(state, &[*token], &mut commit).unwrap();
    }
    let committed = commit.finish().unwrap();
    assert_eq!(committed.shape, layout.shape());
    for (leaf, cell) in (0..).zip(&committed.cells) {
        let bytes = layout.place(leaf).map_or(0, |(block, p)| layout.form(block, p.layer, p.op).unwrap().bytes());
        assert_eq!(cell.len(), bytes, "leaf {leaf}");
    }
    for block in 0..6 {
        assert_eq!(layout.form(block, 1, Op::Scores(0)).unwrap().cols, 6);
    }
}

#[test]
fn pairs_are_bytes_of_a_version_of_their_own() {
    let mut random = Random(8);
    let draft = draft(&mut random);
    let plain = Spec::new(draft.clone()).unwrap();
    let paired = Spec::paired(draft.clone(), Pairs { chunk: 7, digits: vec![0, 20] }).unwrap();
    assert_eq!(Spec::read(&paired.bytes()).unwrap(), paired);
    assert_eq!(Spec::read(&plain.bytes()).unwrap(), plain);
    assert_eq!((plain.bytes()[4], paired.bytes()[4]), (1, 2));
    assert_eq!(plain.bytes()[5..], paired.bytes()[5..plain.bytes().len()]);
    // A version that does not fit what follows.
    let mut bytes = paired.bytes();
    bytes[4] = 1;
    assert!(Spec::read(&bytes).is_err());
    let mut bytes = plain.bytes();
    bytes[4] = 2;
    assert!(Spec::read(&bytes).is_err());
    bytes[4] = 3;
    assert!(Spec::read(&bytes).unwrap_err().to_string().contains("the version is 3"));
    let refused = |draft: &Draft, chunk, digits: &[u8], why: &str| {
        let said = Spec::paired(draft.clone(), Pairs { chunk, digits: digits.to_vec() }).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    };
    refused(&draft, 0, &[0, 0], "tokens of a chunk");
    refused(&draft, u32::MAX, &[0, 0], "tokens of a chunk");
    refused(&draft, 4, &[0], "1 digits of pairs, and 2 layers");
    refused(&draft, 4, &[0, 21], "digit 21");
    refused(&Draft { window: Some(3), ..draft.clone() }, 4, &[0, 0], "a window and pairs");
}

#[test]
fn what_does_not_fit_is_refused() {
    let powers = Powers::new();
    let mut r = Random(1);
    let (q, k) = (r.matrix(2, 2, -9, 9), r.matrix(8, 2, -9, 9));
    let attention =
        Attention { powers: &powers, scale: Scale::new(1, 0).unwrap(), mask: Mask { first: 6, window: None } };
    let run = |pair: Pair, from: usize, qkv| pair.grouped(&attention, 2, from, qkv, |_, _| Ok(())).is_ok();
    let pair = Pair { first: 6, chunk: 2, digit: 0 };
    assert!(run(pair, 0, [&q, &k, &k]));
    assert!(!run(Pair { chunk: 0, ..pair }, 0, [&q, &k, &k]));
    assert!(!run(pair, 1, [&q, &k, &k]), "nine keys and queries up to the eighth position");
    assert!(!run(Pair { first: 5, ..pair }, 0, [&q, &k, &k]));
    let mut later = k.clone();
    later.drop_first(5);
    assert!(!run(pair, 5, [&q, &later, &later]), "the fifth key is seen and gone");
}
