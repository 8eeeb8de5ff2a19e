//! Answers of models whose layers pair chunks: honest ones are accepted, and lies are named.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod common;
#[path = "common/near.rs"]
mod workers;

use bfv_cert::certificate::Lane;
use bfv_exact::forward::Op;
use bfv_exact::model::Model;
use bfv_exact::spec::{Bits, Pairs, Spec};
use bfv_verify::{Found, Subject, Undecided, Verdict};
use common::*;
use workers::*;

/// The usual small model with pairs.
fn paired(chunk: u32, digits: [u8; 2]) -> Subject<i8> {
    let draft = draft(Bits::Eight);
    let spec = Spec::paired(draft.clone(), Pairs { chunk, digits: digits.to_vec() }).unwrap();
    Subject::new(Model::new(spec, weights(&draft)).unwrap()).unwrap()
}

/// A prompt of three tokens and an answer of twelve: with chunks of one to four, blocks begin and end anywhere in a chunk.
fn honest(subject: &Subject<i8>) -> Proof {
    prove(subject.model(), subject, &PROMPT, 12)
}

#[test]
fn honest_answers_are_accepted() {
    for chunk in 1..5 {
        for digits in [[0, 0], [0, 1], [1, 0], [2, 1], [20, 0]] {
            let subject = paired(chunk, digits);
            let proof = honest(&subject);
            for bytes in [proof.bytes(), proof.clone().products().bytes()] {
                let accepted = accepts(judged(&bytes, &subject));
                assert_eq!((accepted.lane(), accepted.soundness().bits()), (Lane::Exact, 59), "{chunk} {digits:?}");
                let answer: Vec<i64> = proof.answer.iter().map(|t| i64::from(*t)).collect();
                assert_eq!(accepted.values(), answer, "{chunk} {digits:?}");
            }
        }
    }
}

/// In every block, layer and operation one committed number is another, the last of the cell.
#[test]
fn every_changed_number_is_found_where_it_is() {
    let subject = paired(2, [1, 0]);
    let proof = honest(&subject);
    let mut changed = 0;
    for leaf in 0..proof.cells.len() as u64 {
        let Some((block, place)) = proof.layout.place(leaf) else { continue };
        let lie = proof.clone().change(block, place.layer, place.op, |cell| *cell.last_mut().unwrap() ^= 1);
        let fault = fault(judged(&lie.bytes(), &subject));
        let head = |op: Op| match op {
            Op::Scores(_) => Op::Scores(0),
            Op::Weights(_) => Op::Weights(0),
            Op::HeadSums(_) => Op::HeadSums(0),
            op => op,
        };
        assert_eq!((fault.spot.layer, head(fault.spot.op)), (place.layer, place.op), "block {block}: {fault}");
        changed += 1;
    }
    assert!(changed > 400, "{changed} numbers were changed");
}

/// A score in a column that is not seen would change nothing, and it must be 0 all the same: an answer has one commitment.
#[test]
fn what_is_not_seen_has_no_score() {
    let subject = paired(2, [1, 0]);
    let proof = honest(&subject);
    let width = proof.layout.form(0, 1, Op::Scores(0)).unwrap().width;
    // The first query of the prompt sees its own key only, in the third column of four.
    for column in [0, 1, 3] {
        let lie = proof.clone().change(0, 1, Op::Scores(0), |cell| cell[column * width] = 5);
        let fault = fault(judged(&lie.bytes(), &subject));
        assert_eq!((fault.spot.op, fault.spot.token), (Op::Scores(0), 0));
        assert!(matches!(fault.found, Found::Product(c, 5, 0) if c == column), "{fault}");
    }
}

/// Who reads another chunk than the specification says is found at the first score that comes of it.
#[test]
fn other_pairs_are_found() {
    let subject = paired(2, [1, 0]);
    for (chunk, digits) in [(2, [0, 0]), (2, [2, 0]), (2, [20, 0])] {
        let run = paired(chunk, digits);
        let proof = prove(run.model(), &subject, &PROMPT, 12);
        let (layer, op, _) = product(judged(&proof.bytes(), &subject));
        assert_eq!((layer, op), (1, Op::Scores(0)), "{digits:?}");
    }
    let run = paired(2, [1, 1]);
    let proof = prove(run.model(), &subject, &PROMPT, 12);
    assert_eq!(product(judged(&proof.bytes(), &subject)).0, 2);
    // Of another length of chunks, values have other sizes.
    let run = paired(3, [1, 0]);
    let proof = prove(run.model(), &subject, &PROMPT, 12);
    let fault = fault(judged(&proof.bytes(), &subject));
    assert!(matches!(fault.found, Found::Bytes(..)), "{fault}");
    // And so has the model without pairs.
    let plain = subject_without();
    let proof = prove(plain.model(), &subject, &PROMPT, 12);
    assert!(matches!(judged(&proof.bytes(), &subject), Verdict::Rejected(_)));
    let named = prove(plain.model(), &plain, &PROMPT, 12);
    assert!(matches!(
        judged(&named.bytes(), &subject),
        Verdict::Undecided(Undecided::OtherModel) | Verdict::Rejected(_)
    ));
}

fn subject_without() -> Subject<i8> {
    Subject::new(model(&draft(Bits::Eight))).unwrap()
}

#[test]
fn lanes_of_floats_are_undecided() {
    let subject = paired(2, [1, 0]);
    for lane in [Lane::Residual, Lane::Tolerance] {
        let proof = near(&subject, &Single::new(lane, 1), 4);
        let verdict = judged(&proof.bytes(), &subject);
        assert!(matches!(verdict, Verdict::Undecided(Undecided::Paired(l)) if l == lane), "{verdict}");
    }
}
