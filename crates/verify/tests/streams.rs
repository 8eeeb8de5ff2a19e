//! Answers in blocks: honest ones are accepted block by block, whatever their sizes, and whatever is wrong with a block is said and moves nothing on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bfv_cert::certificate::Lane;
use bfv_cert::digest::Digest;
use bfv_cert::{BindingFault, Part, Refusal};
use bfv_exact::forward::Op;
use bfv_exact::model::Model;
use bfv_exact::rounding::Exact;
use bfv_exact::spec::{Bits, Dims, Pairs, Spec};
use bfv_verify::{Challenge, Found, Judged, Listener, Rejected, Secret, Subject, Terms, Undecided, Verdict, judge};
use common::*;

const COUNT: usize = 12;

/// The usual small model: with pairs where there are any, and with more positions than usual where a test needs them.
fn model_of(pairs: Option<(u32, [u8; 2])>, positions: u32) -> Subject<i8> {
    let mut draft = draft(Bits::Eight);
    draft.dims = Dims { positions, ..draft.dims };
    let spec = match pairs {
        None => Spec::new(draft.clone()),
        Some((chunk, digits)) => Spec::paired(draft.clone(), Pairs { chunk, digits: digits.to_vec() }),
    };
    Subject::new(Model::new(spec.unwrap(), weights(&draft)).unwrap()).unwrap()
}

/// Blocks of these sizes, each continuing the one before.
fn blocks(subject: &Subject<i8>, sizes: &[usize]) -> Vec<Proof> {
    let mut teller = Teller::new(subject.model(), &PROMPT, world::fields().query);
    linked(sizes.iter().map(|n| teller.block(&Exact, subject, *n)).collect())
}

fn linked(mut all: Vec<Proof>) -> Vec<Proof> {
    for i in 1..all.len() {
        all[i].fields.parents = vec![all[i - 1].id()];
        all[i].fields.slot.seq = all[i - 1].fields.slot.seq + 1;
    }
    all
}

fn take<G: Judged>(to: &mut Listener, bytes: &[u8], subject: &Subject<G>) -> Verdict {
    with_case(subject, BOTH, Terms::default(), |case| told(to.take(bytes, case, subject)))
}

/// Who has listened to the first blocks.
fn after(all: &[Proof], subject: &Subject<i8>) -> Listener {
    let mut listener = Listener::new(COUNT);
    all.iter().for_each(|p| drop(accepts(take(&mut listener, &p.bytes(), subject))));
    listener
}

/// That nothing of it is accepted and nothing has moved; why.
fn stays(listener: &mut Listener, bytes: &[u8], subject: &Subject<i8>) -> Verdict {
    let before = (listener.tokens().to_vec(), listener.blocks(), listener.bytes());
    let verdict = take(listener, bytes, subject);
    assert!(!matches!(verdict, Verdict::Accepted(_)), "it was accepted");
    assert_eq!((listener.tokens().to_vec(), listener.blocks(), listener.bytes()), before);
    verdict
}

fn binding(verdict: Verdict) -> BindingFault {
    match rejects(verdict) {
        Rejected::Refused(Refusal::Binding(Part::Certificate, fault)) => fault,
        other => panic!("{other}"),
    }
}

fn waits(verdict: &Verdict, id: Digest) {
    assert!(matches!(verdict, Verdict::Undecided(Undecided::Before(found)) if *found == id), "{verdict}");
}

/// With chunks of one to four tokens, blocks begin and end anywhere in a chunk. Whatever the blocks are, the tokens are those of the answer as a whole.
#[test]
fn honest_streams_are_accepted() {
    let pairs = [None, Some((1, [0, 1])), Some((2, [1, 0])), Some((3, [0, 0])), Some((4, [0, 1])), Some((2, [20, 0]))];
    let sizes: [&[usize]; 5] = [&[12], &[5, 7], &[1, 11], &[3, 1, 4, 1, 1, 1, 1], &[1; 12]];
    for pairs in pairs {
        let subject = model_of(pairs, 16);
        let whole = prove(subject.model(), &subject, &PROMPT, COUNT).answer;
        for sizes in sizes {
            let mut listener = Listener::new(COUNT);
            let mut said = Vec::new();
            for (i, proof) in (1..).zip(blocks(&subject, sizes)) {
                assert!(!listener.complete());
                let verdict = listener.answer(None);
                let told = said.len();
                assert!(matches!(verdict, Verdict::Undecided(Undecided::CutShort(n, COUNT)) if n == told), "{verdict}");
                // All that can be opened, and only what is needed.
                let bytes = if i % 2 == 0 { proof.bytes() } else { proof.products().bytes() };
                let accepted = accepts(take(&mut listener, &bytes, &subject));
                assert_eq!((accepted.lane(), accepted.soundness().bits()), (Lane::Exact, 59));
                said.extend(accepted.values().iter().map(|t| u32::try_from(*t).unwrap()));
                assert_eq!((listener.tokens(), listener.blocks()), (said.as_slice(), i), "{pairs:?} {sizes:?}");
            }
            assert_eq!(said, whole, "{pairs:?} {sizes:?}");
            let answer = accepts(listener.answer(None));
            assert_eq!((answer.values().len(), answer.soundness().bits(), listener.bytes()), (COUNT, 59, 0));
        }
    }
}

/// With a secret no block costs a pass over the weights.
#[test]
fn a_secret_judges_streams() {
    let subject = model_of(Some((2, [1, 0])), 16);
    let secret = Secret::new(&subject, [3; 32]);
    let mut listener = Listener::new(COUNT);
    for (n, proof) in (0..).zip(blocks(&subject, &[4, 4, 4])) {
        let challenge = Challenge::Secret(&secret, n);
        let lie = proof.clone().change(1, 2, Op::UpSums, |cell| cell[0] ^= 1);
        let mut judged = |bytes: &[u8]| {
            with_case(&subject, challenge, Terms::default(), |case| listener.take(bytes, case, &subject))
        };
        assert!(matches!(rejects(judged(&lie.bytes())), Rejected::Wrong(_)));
        assert_eq!(accepts(judged(&proof.bytes())).soundness().bits(), 60);
    }
    assert!(listener.complete());
}

/// In every operation of a later block one committed number is another. It is found where it is, by the position in the whole answer, and the right block is
/// accepted afterwards.
#[test]
fn every_changed_number_is_found_where_it_is() {
    for pairs in [None, Some((2, [1, 0]))] {
        let subject = model_of(pairs, 16);
        let all = blocks(&subject, &[4, 3, 5]);
        let mut listener = after(&all[..1], &subject);
        let proof = &all[1];
        let mut changed = 0;
        for leaf in 0..proof.cells.len() as u64 {
            let Some((block, place)) = proof.layout.place(leaf) else { continue };
            let lie = proof.clone().change(block, place.layer, place.op, |cell| *cell.last_mut().unwrap() ^= 1);
            let fault = fault(stays(&mut listener, &lie.bytes(), &subject));
            assert_eq!(fault.spot.layer, place.layer, "{fault}");
            assert!(fault.spot.token >= place.first, "{fault}");
            let of = |op: Op| format!("{op:?}").split('(').next().unwrap().to_owned();
            assert_eq!(of(fault.spot.op), of(place.op), "{fault}");
            changed += 1;
        }
        assert!(changed > 100, "{changed} numbers were changed");
        // Prompt and first block have 7 tokens, of which the last was not computed with.
        let lie = proof.clone().change(0, 2, Op::UpSums, |cell| cell[0] ^= 1);
        assert_eq!(product(stays(&mut listener, &lie.bytes(), &subject)), (2, Op::UpSums, 6));
        // Another token is no choice of the sampler, and what was computed stands at the place of the whole answer.
        let mut tokens = proof.answer.clone();
        *tokens.last_mut().unwrap() = (tokens[2] + 1) % 9;
        let fault = fault(stays(&mut listener, &proof.clone().say(tokens).bytes(), &subject));
        assert!(matches!(fault.found, Found::Sampled(..)) && fault.spot.token == 9, "{fault}");
        accepts(take(&mut listener, &proof.bytes(), &subject));
        accepts(take(&mut listener, &all[2].bytes(), &subject));
        assert!(listener.complete());
    }
}

/// Who forgets or changes what stood before computes other scores.
#[test]
fn other_keys_before_are_found() {
    for pairs in [None, Some((2, [1, 0]))] {
        let subject = model_of(pairs, 16);
        let query = world::fields().query;
        let mut right = Teller::new(subject.model(), &PROMPT, query);
        let first = right.block(&Exact, &subject, 4);
        let mut other = Teller::new(subject.model(), &[1, 7, 5], query);
        drop(other.block(&Exact, &subject, 4));
        // It goes on from the right token, with the wrong memory.
        right.state = other.state;
        let all = linked(vec![first, right.block(&Exact, &subject, 3)]);
        let mut listener = after(&all[..1], &subject);
        let fault = fault(stays(&mut listener, &all[1].bytes(), &subject));
        assert!(matches!(fault.spot.op, Op::Scores(_)) && fault.spot.token == 6, "{fault}");
    }
}

#[test]
fn blocks_out_of_order_are_undecided() {
    let subject = model_of(Some((2, [1, 0])), 16);
    let all = blocks(&subject, &[4, 4, 4]);
    let mut listener = Listener::new(COUNT);
    // Alone, a block says nothing.
    for (proof, before) in all[1..].iter().zip(&all) {
        waits(&stays(&mut listener, &proof.bytes(), &subject), before.id());
    }
    accepts(take(&mut listener, &all[0].bytes(), &subject));
    // The first block again, and the third without the second.
    let again = stays(&mut listener, &all[0].bytes(), &subject);
    assert!(matches!(again, Verdict::Undecided(Undecided::Begun)), "{again}");
    waits(&stays(&mut listener, &all[2].bytes(), &subject), all[1].id());
    accepts(take(&mut listener, &all[1].bytes(), &subject));
    // The second again, after it was accepted.
    waits(&stays(&mut listener, &all[1].bytes(), &subject), all[0].id());
    accepts(take(&mut listener, &all[2].bytes(), &subject));
    // A block is no answer for who judges answers.
    with_case(&subject, BOTH, Terms::default(), |case| {
        let alone = judge(&all[1].bytes(), case, &subject);
        assert!(matches!(alone, Verdict::Undecided(Undecided::Operation)), "{alone}");
    });
}

#[test]
fn blocks_of_something_else_are_rejected() {
    let subject = model_of(Some((2, [1, 0])), 16);
    let all = blocks(&subject, &[4, 4, 4]);
    let mut listener = after(&all[..1], &subject);
    let mut with = |change: &dyn Fn(&mut Proof)| {
        let mut proof = all[1].clone();
        change(&mut proof);
        binding(stays(&mut listener, &proof.bytes(), &subject))
    };
    let query = with(&|p| {
        p.fields.query = Digest([9; 32]);
        p.fields.seed = bfv_cert::digest::seed_commitment(&SEED, &p.fields.query);
    });
    assert_eq!(query, BindingFault::Block("question"));
    let seed = with(&|p| {
        p.fields.seed = bfv_cert::digest::seed_commitment(&[8; 32], &p.fields.query);
        p.seed = Some([8; 32]);
    });
    assert_eq!(seed, BindingFault::Block("seed"));
    let worker = with(&|p| (p.fields.worker, p.by) = (world::id(2), 2));
    assert_eq!(worker, BindingFault::Block("worker"));
    // It goes on from another token than the last one.
    let token = (all[0].answer[3] + 1) % 9;
    let other = bfv_exact::commit::tokens_root(&[token]).unwrap();
    assert_eq!(with(&|p| p.fields.input = other), BindingFault::Other("input", other));
    accepts(take(&mut listener, &all[1].bytes(), &subject));
    // The same worker, question and seed, from another first block.
    let forked = blocks(&subject, &[5, 4]);
    waits(&stays(&mut listener, &forked[1].bytes(), &subject), forked[0].id());
    // Another model of the same weights, under the same listener.
    let other = model_of(Some((2, [0, 0])), 16);
    let verdict = take(&mut listener, &all[2].bytes(), &other);
    assert!(matches!(verdict, Verdict::Rejected(_)), "{verdict}");
}

/// How many tokens there must be is the word of who asked.
#[test]
fn a_stream_that_is_cut_short_is_not_complete() {
    let subject = model_of(Some((2, [1, 0])), 16);
    let all = blocks(&subject, &[4, 4, 4, 1]);
    let mut listener = after(&all[..2], &subject);
    let short = listener.answer(Some(world::HEAD + 10));
    assert!(matches!(short, Verdict::Undecided(Undecided::CutShort(8, COUNT))), "{short}");
    let late = told(listener.answer(Some(world::HEAD)));
    assert!(matches!(late, Verdict::Rejected(Rejected::CutShort(8, COUNT))), "{late}");
    accepts(take(&mut listener, &all[2].bytes(), &subject));
    accepts(listener.answer(Some(world::HEAD)));
    // More than was asked for.
    let more = binding(stays(&mut listener, &all[3].bytes(), &subject));
    assert_eq!(more, BindingFault::Count(COUNT as u64, 13));
    let mut short = Listener::new(3);
    assert_eq!(binding(take(&mut short, &all[0].bytes(), &subject)), BindingFault::Count(3, 4));
}

#[test]
fn damaged_blocks_move_nothing() {
    let subject = model_of(Some((2, [1, 0])), 16);
    let all = blocks(&subject, &[4, 3]);
    let bytes = all[1].clone().products().bytes();
    let mut listener = after(&all[..1], &subject);
    for at in (0..bytes.len()).step_by(bytes.len() / 60) {
        stays(&mut listener, &bytes[..at], &subject);
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let verdict = stays(&mut listener, &changed, &subject);
        assert!(matches!(verdict, Verdict::Rejected(_)), "byte {at}: {verdict}");
    }
    for lane in [Lane::Residual, Lane::Tolerance] {
        let mut proof = all[1].clone();
        (proof.fields.lane, proof.fields.execution) = (lane, world::fields().execution);
        let verdict = stays(&mut listener, &proof.bytes(), &subject);
        assert!(matches!(verdict, Verdict::Undecided(Undecided::Lane(l)) if l == lane), "{verdict}");
    }
    // Values that are not opened may still come.
    let mut closed = all[1].clone();
    closed.opened = Some(Vec::new());
    let verdict = stays(&mut listener, &closed.bytes(), &subject);
    assert!(matches!(verdict, Verdict::Undecided(Undecided::Unopened(_))), "{verdict}");
    accepts(take(&mut listener, &bytes, &subject));
}

/// Of paired chunks so many keys are kept as can be read, and never more, however long the stream is. Without pairs all are kept.
#[test]
fn what_is_kept_does_not_grow_where_chunks_are_paired() {
    let sizes = [8; 14];
    let kept = |pairs| {
        let subject = model_of(pairs, 128);
        let mut listener = Listener::new(sizes.iter().sum::<usize>() + 1);
        let all = blocks(&subject, &sizes).into_iter().map(|p| {
            accepts(take(&mut listener, &p.products().bytes(), &subject));
            listener.bytes()
        });
        all.collect::<Vec<usize>>()
    };
    // Two layers, keys and values of 4 numbers of 2 bytes for each position.
    let all = kept(None);
    assert_eq!((all[0], all[13]), (10 * 2 * 16, 114 * 2 * 16));
    let paired = kept(Some((4, [1, 0])));
    // Layers that see two chunks back and one keep at most twice (2 + 1) and (1 + 1) chunks, and the block that has just come.
    assert!(paired.iter().all(|n| *n <= (2 * (3 + 2) * 4 + 2 * 8) * 16), "{paired:?}");
    assert!(paired[13] <= *paired[2..8].iter().max().unwrap(), "{paired:?}");
}
