//! Attacks beside those of the numbered list: limits met and passed by one, random numbers that are worth nothing, openings of other answers,
//! and questions of no length.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]

mod common;

use bfv_cert::{BindingFault, Expected, Part, Refusal};
use bfv_exact::forward::Op;
use bfv_exact::spec::Bits;
use bfv_verify::challenge::SECRET_LIMIT;
use bfv_verify::{Beacon, Case, Challenge, Found, Rejected, Secret, Subject, Terms, Undecided, Verdict, judge};
use common::*;

/// The verdict for this prompt, random numbers and least bits.
fn verdict(bytes: &[u8], subject: &Subject<i8>, prompt: &[u32], challenge: Challenge<'_>, least_bits: u32) -> Verdict {
    let policy = policy(subject);
    let terms = Terms { least_bits, ..Terms::default() };
    let expected = Expected { at: Some(world::HEAD + 10), ..Expected::default() };
    judge(bytes, &Case { policy: &policy, expected, prompt, challenge, terms }, subject)
}

/// An answer with a wrong product in the second layer.
fn wrong(subject: &Subject<i8>) -> Proof {
    prove(subject.model(), subject, &PROMPT, 4).change(1, 2, Op::UpSums, |cell| cell[0] ^= 1)
}

/// A check that is made no times finds nothing, so it is none, whatever the verifier says that it needs.
#[test]
fn no_repetitions_accept_nothing() {
    let subject = subject();
    let none = || Challenge::FiatShamir { repetitions: 0, tries: 0 };
    for proof in [wrong(&subject), prove(subject.model(), &subject, &PROMPT, 4)] {
        let found = verdict(&proof.bytes(), &subject, &PROMPT, none(), 0);
        assert!(matches!(found, Verdict::Undecided(_)), "{found}");
    }
    // One repetition finds it, and is said to be worth nothing against somebody who may try.
    let one = Challenge::FiatShamir { repetitions: 1, tries: 60 };
    assert_eq!(product(verdict(&wrong(&subject).bytes(), &subject, &PROMPT, one, 0)), (2, Op::UpSums, 3));
}

/// The small model has 16 positions, and the last token of an answer needs none.
#[test]
fn an_answer_ends_at_the_last_position() {
    let subject = subject();
    for n in [1, 14] {
        let proof = prove(subject.model(), &subject, &PROMPT, n);
        assert_eq!(accepts(judged(&proof.bytes(), &subject)).values().len(), n);
    }
    // One token more than there are positions, with what was computed before.
    let longest = prove(subject.model(), &subject, &PROMPT, 14);
    let more = [&longest.answer[..], &[0]].concat();
    let refused = rejects(judged(&longest.say(more).bytes(), &subject));
    assert!(matches!(refused, Rejected::Refused(Refusal::Malformed(place, _)) if place.field == "output"), "{refused}");
}

/// A token that was not computed is not appended, and one that was is not left out.
#[test]
fn an_answer_has_a_block_for_each_token() {
    let subject = subject();
    let honest = prove(subject.model(), &subject, &PROMPT, 4);
    for said in [honest.answer[..3].to_vec(), [&honest.answer[..], &[1]].concat()] {
        let refused = rejects(judged(&honest.clone().say(said).bytes(), &subject));
        assert!(matches!(refused, Rejected::Refused(Refusal::Malformed(place, _)) if place.field == "trace shape"));
    }
}

/// A verifier who asks nothing gets no verdict about something.
#[test]
fn a_question_without_tokens_has_no_answer() {
    let subject = subject();
    let bytes = prove(subject.model(), &subject, &PROMPT, 4).bytes();
    let found = verdict(&bytes, &subject, &[], BOTH, 59);
    assert!(!matches!(found, Verdict::Accepted(_)), "{found}");
    // Prompts that begin alike, or go on, are others.
    for prompt in [&PROMPT[..2], &[PROMPT[0], PROMPT[1], PROMPT[2], 0]] {
        let refused = rejects(verdict(&bytes, &subject, prompt, BOTH, 59));
        assert!(matches!(refused, Rejected::Refused(Refusal::Binding(..))), "{refused}");
    }
}

/// That the verifier's own question is empty says nothing bad about a certificate: another input is no malformed one.
#[test]
fn a_question_without_tokens_makes_no_certificate_malformed() {
    let subject = subject();
    let bytes = prove(subject.model(), &subject, &PROMPT, 4).bytes();
    let found = verdict(&bytes, &subject, &[], BOTH, 59);
    assert!(!matches!(found, Verdict::Rejected(Rejected::Refused(Refusal::Malformed(..)))), "{found}");
}

/// Openings of another answer to the same question, and some of one beside some of the other.
#[test]
fn openings_of_two_answers_are_not_mixed() {
    let subject = subject();
    let (first, second) =
        (prove(subject.model(), &subject, &PROMPT, 4), prove(subject.model(), &subject, &[2, 2, 2], 4));
    assert_ne!(first.fields.trace, second.fields.trace);
    // The certificate of one with what was opened of the other: the trace is that of the fields.
    let swapped = Proof { cells: second.cells.clone(), ..first.clone() };
    let refused = rejects(judged(&swapped.bytes(), &subject));
    assert!(matches!(refused, Rejected::Refused(Refusal::Binding(..))), "{refused}");
    // Committed together they are bound, and the products of the second do not follow from the prompt of the first.
    for op in [Op::QuerySums, Op::ValueSums, Op::Scores(0), Op::HeadSums(0), Op::OutputSums, Op::DownSums] {
        let leaf = first.layout.leaf(0, 1, op).unwrap() as usize;
        let mixed = first.clone().change(0, 1, op, |cell| cell.clone_from(&second.cells[leaf]));
        let found = fault(judged(&mixed.products().bytes(), &subject));
        assert_eq!((found.spot.layer, matches!(found.found, Found::Product(..))), (1, true), "{found}");
    }
}

/// The last certificate that a secret judges, and the first one that it does not. A lie is found by both.
#[test]
fn a_secret_is_used_so_often_and_no_more() {
    let subject = subject();
    let honest = prove(subject.model(), &subject, &PROMPT, 4).bytes();
    let secret = Secret::new(&subject, [9; 32]);
    let by = |bytes: &[u8], judged| verdict(bytes, &subject, &PROMPT, Challenge::Secret(&secret, judged), 59);
    assert_eq!(accepts(by(&honest, SECRET_LIMIT - 1)).soundness().bits(), 60);
    assert_eq!(product(by(&wrong(&subject).bytes(), SECRET_LIMIT - 1)), (2, Op::UpSums, 3));
    for judged in [SECRET_LIMIT, SECRET_LIMIT + 1, u64::MAX] {
        assert!(matches!(by(&honest, judged), Verdict::Undecided(Undecided::Weak(0, _))));
        assert!(matches!(by(&wrong(&subject).bytes(), judged), Verdict::Undecided(Undecided::Weak(0, _))));
    }
}

/// On the grid of 16 bits a sum has more bytes than it needs bits. Sums moved by what such bytes can hold are no other representatives modulo
/// the prime, and are found as what they are.
#[test]
fn sums_beyond_their_bits_do_not_wrap() {
    let subject = Subject::new(model::<i16>(&draft(Bits::Sixteen))).unwrap();
    let honest = prove(subject.model(), &subject, &PROMPT, 2);
    accepts(judged(&honest.bytes(), &subject));
    for op in [Op::QuerySums, Op::UpSums, Op::DownSums, Op::Scores(0), Op::HeadSums(0)] {
        let form = honest.layout.form(0, 1, op).unwrap();
        assert!(form.width < 8, "eight bytes hold multiples of the prime");
        for top in [0x7f, 0x80, 0x40] {
            let lie = honest.clone().change(0, 1, op, |cell| cell[form.width - 1] ^= top);
            let found = fault(judged(&lie.products().bytes(), &subject));
            let Found::Product(column, claimed, exact) = found.found else { panic!("{found}") };
            assert_eq!((found.spot.layer, found.spot.token, column), (1, 0, 0));
            assert_eq!((claimed ^ exact) & ((1 << (8 * form.width - 8)) - 1), 0);
        }
    }
}

/// Where the trace has no operation, nothing is to be opened: what stands there was never looked at.
#[test]
fn nothing_is_opened_where_nothing_stands() {
    let subject = subject();
    let mut proof = prove(subject.model(), &subject, &PROMPT, 4);
    let empty = (0..proof.cells.len() as u64).find(|leaf| proof.layout.place(*leaf).is_none()).unwrap();
    proof.cells[empty as usize] = b"something else".to_vec();
    proof.opened = Some((0..proof.cells.len() as u64).collect());
    let found = judged(&proof.commit().bytes(), &subject);
    assert!(matches!(found, Verdict::Rejected(_)), "{found}");
}

/// A beacon says that everything in the log was there before it. A certificate that is in another log, or in this one later, was not.
#[test]
fn a_beacon_of_another_log_decides_nothing() {
    let subject = subject();
    let bytes = prove(subject.model(), &subject, &PROMPT, 4).bytes();
    let beacon = Beacon::new(&subject, &[8; 32], &world::d(3), world::LOGGED + 1, 1);
    let found = verdict(&bytes, &subject, &PROMPT, Challenge::Beacon(&beacon), 59);
    assert!(!matches!(found, Verdict::Accepted(_)), "{found}");
}

/// Values are judged before they are hashed, so that they are read from memory once. That is not to be noticed: other values than the worker's,
/// right or wrong, are never accepted, and never told as a fault of the worker.
#[test]
fn values_that_the_worker_did_not_commit_to_are_named_as_such() {
    let subject = subject();
    let proof = prove(subject.model(), &subject, &PROMPT, 4);
    let root = |proof: &Proof, what: &str| {
        let refused = rejects(judged(&proof.bytes(), &subject));
        let binding = matches!(refused, Rejected::Refused(Refusal::Binding(Part::Trace, BindingFault::Root)));
        assert!(binding, "{what}: {refused}");
    };
    // Wrong values of each kind, under the certificate of right ones.
    for (block, layer, op) in
        [(0, 1, Op::QuerySums), (2, 2, Op::DownSums), (3, 3, Op::HeadOutput), (1, 1, Op::Scores(0)), (1, 2, Op::Gated)]
    {
        let changed = proof.clone().change(block, layer, op, |cell| cell[0] ^= 1);
        root(&Proof { fields: proof.fields.clone(), ..changed }, &format!("{op:?}"));
    }
    // Right values, under the certificate of wrong ones.
    let wrong = wrong(&subject);
    root(&Proof { fields: wrong.fields.clone(), ..proof.clone() }, "right values");
    root(&Proof { fields: wrong.fields, ..proof.clone().products() }, "right products");
    // A value that no judge needs, where the trace has none.
    let mut stray = proof.clone();
    let empty = (0..stray.cells.len() as u64).find(|leaf| stray.layout.place(*leaf).is_none()).unwrap();
    stray.opened =
        Some((0..stray.cells.len() as u64).filter(|l| *l == empty || stray.layout.place(*l).is_some()).collect());
    accepts(judged(&stray.bytes(), &subject));
    stray.cells[empty as usize] = vec![1];
    root(&stray, "a stray value");
}
