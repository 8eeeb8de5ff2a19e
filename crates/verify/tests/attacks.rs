//! The attacks on answers of models, by their numbers in the list of attacks, each with the answer and the reason that it must get.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod common;

use bfv_cert::certificate::{Layers, TraceShape};
use bfv_cert::tensor::Shape;
use bfv_cert::{BindingFault, Expected, Malformed, Refusal};
use bfv_exact::commit::OPERATIONS;
use bfv_exact::forward::Op;
use bfv_exact::gate::Function;
use bfv_exact::model::{Model, Weights};
use bfv_exact::norm::Norm;
use bfv_exact::requantise::Scale;
use bfv_exact::sample::{Draw, Sampler};
use bfv_exact::spec::{Bits, Draft, Spec};
use bfv_verify::{Beacon, Case, Challenge, Found, Rejected, Secret, Subject, Terms, Undecided, Verdict, judge};
use common::*;
use numbers::Random;

/// An answer of the same specification with other weights.
fn with_weights(subject: &Subject<i8>, change: impl Fn(&mut Weights<i8>)) -> Proof {
    let mut weights = subject.model().weights().clone();
    change(&mut weights);
    let run = Model::new(subject.model().spec().clone(), weights).unwrap();
    prove(&run, subject, &PROMPT, 4)
}

/// An answer of the same weights with another specification.
fn with_draft(subject: &Subject<i8>, change: impl Fn(&mut Draft)) -> Proof {
    let mut draft = subject.model().spec().draft().clone();
    change(&mut draft);
    let run = Model::new(Spec::new(draft).unwrap(), subject.model().weights().clone()).unwrap();
    prove(&run, subject, &PROMPT, 4)
}

fn honest(subject: &Subject<i8>) -> Proof {
    prove(subject.model(), subject, &PROMPT, 4)
}

#[test]
fn attack_15_another_model_with_its_own_activations() {
    let subject = subject();
    let other = draft(Bits::Eight);
    let other: Weights<i8> = numbers::small::any_weights(&mut Random(1234), &other);
    let proof = with_weights(&subject, |w| *w = other.clone());
    assert_eq!(computed(judged(&proof.bytes(), &subject)), (0, Op::AfterLayer, 0));
    // Without the values between products it is the first product.
    assert_eq!(product(judged(&proof.products().bytes(), &subject)), (1, Op::QuerySums, 0));
}

#[test]
fn attack_16_weights_of_less_precision() {
    let subject = subject();
    let proof = with_weights(&subject, |w| {
        for l in &mut w.layers {
            for m in [&mut l.query, &mut l.key, &mut l.value, &mut l.output, &mut l.gate, &mut l.up, &mut l.down] {
                m.entries_mut().iter_mut().for_each(|w| *w &= -16);
            }
        }
    });
    assert_eq!(product(judged(&proof.bytes(), &subject)), (1, Op::QuerySums, 0));
}

#[test]
fn attack_17_one_row_of_weights() {
    let subject = subject();
    let proof = with_weights(&subject, |w| w.layers[1].down.entries_mut()[3 * 10..4 * 10].fill(1));
    let fault = fault(judged(&proof.bytes(), &subject));
    assert_eq!((fault.spot.layer, fault.spot.op), (2, Op::DownSums));
    assert!(matches!(fault.found, Found::Product(3, ..)), "{fault}");
}

#[test]
fn attack_18_layers_left_out_and_exchanged() {
    let subject = subject();
    let skipped = with_weights(&subject, |w| {
        w.layers[1].output.entries_mut().fill(0);
        w.layers[1].down.entries_mut().fill(0);
    });
    assert_eq!(product(judged(&skipped.bytes(), &subject)), (2, Op::OutputSums, 0));
    let exchanged = with_weights(&subject, |w| w.layers.swap(0, 1));
    assert_eq!(computed(judged(&exchanged.bytes(), &subject)), (1, Op::FirstNorm, 0));
    assert_eq!(product(judged(&exchanged.products().bytes(), &subject)), (1, Op::QuerySums, 0));
    let repeated = with_weights(&subject, |w| w.layers[1] = w.layers[0].clone());
    assert_eq!(computed(judged(&repeated.bytes(), &subject)), (2, Op::FirstNorm, 0));
    // Fewer layers in the certificate are another shape.
    let mut short = honest(&subject);
    short.fields.layers = Layers { start: 0, end: 3 };
    malformed(judged(&short.bytes(), &subject), "layers");
}

#[test]
fn attack_19_right_products_of_wrong_operations() {
    let subject = subject();
    let norm = subject.model().spec().draft().layers[0].first_norm;
    let eps = Norm::new(1 << 31, norm.shift()).unwrap();
    type Change<'a> = &'a dyn Fn(&mut Draft);
    let cases: [(Op, u32, Change<'_>); 9] = [
        (Op::AfterLayer, 0, &|d| d.embedding = Scale::new(4, 0).unwrap()),
        (Op::FirstNorm, 1, &|d| d.layers[0].first_norm = eps),
        (Op::Queries, 1, &|d| d.rope_base = 101),
        (Op::Weights(0), 1, &|d| d.window = Some(2)),
        (Op::Weights(0), 2, &|d| d.layers[1].score = Scale::new(1, 0).unwrap()),
        (Op::Mixed, 1, &|d| d.layers[0].mixed = Scale::new(1, 3).unwrap()),
        (Op::AfterAttention, 2, &|d| d.layers[1].output = Scale::new(1, 20).unwrap()),
        (Op::Gated, 1, &|d| d.gate.function = Function::Relu),
        (Op::LastNorm, 3, &|d| d.last_norm = eps),
    ];
    for (op, layer, change) in cases {
        let proof = with_draft(&subject, change);
        let (l, o, _) = computed(judged(&proof.bytes(), &subject));
        assert_eq!((l, o), (layer, op));
        // What is not opened is computed, so the lie appears as a product that is not the one of the right values.
        let (l, o, _) = product(judged(&proof.products().bytes(), &subject));
        assert!(l >= layer && o.is_product());
    }
    // The causal mask is off: the first token looks at the second.
    let masked = honest(&subject).change(0, 1, Op::Weights(0), |cell| cell[2] = 77);
    assert_eq!(computed(judged(&masked.bytes(), &subject)), (1, Op::Weights(0), 0));
}

#[test]
fn attack_20_exchanged_numbers_and_changes_that_cancel() {
    let subject = subject();
    let secret = Secret::new(&subject, [3; 32]);
    let swapped = honest(&subject).change(1, 3, Op::Logits, |cell| cell.rotate_left(4));
    assert_eq!(computed(judged(&swapped.bytes(), &subject)), (3, Op::Logits, 3));
    for n in 0..40u8 {
        let delta = i32::from(n) * 7919 + 1;
        let change = |cell: &mut Vec<u8>| {
            let mut add = |at: usize, d: i32| {
                let width = 3;
                let mut bytes = [0; 4];
                bytes[1..].copy_from_slice(&cell[at * width..(at + 1) * width]);
                let x = (i32::from_le_bytes(bytes) >> 8) + d;
                cell[at * width..(at + 1) * width].copy_from_slice(&x.to_le_bytes()[..width]);
            };
            add(0, delta);
            add(5, -delta);
        };
        let proof = honest(&subject).change(1, 3, Op::HeadOutput, change);
        for challenge in [BOTH, Challenge::Secret(&secret, n.into())] {
            let fault = fault(judged_by(&proof.bytes(), &subject, challenge));
            assert_eq!((fault.spot.layer, fault.spot.op, fault.spot.token), (3, Op::HeadOutput, 3));
            assert!(matches!(fault.found, Found::Product(0, ..)));
        }
    }
}

#[test]
fn attack_23_certificates_tried_until_one_passes() {
    let subject = subject();
    let bytes = honest(&subject).bytes();
    let by = |repetitions, tries| judged_by(&bytes, &subject, Challenge::FiatShamir { repetitions, tries });
    // One repetition is not enough against so many tries, and the tries are part of what is said.
    assert!(matches!(by(1, 60), Verdict::Undecided(Undecided::Weak(0, 59))));
    assert!(matches!(by(2, 62), Verdict::Undecided(Undecided::Weak(57, 59))));
    assert!(matches!(by(0, 0), Verdict::Undecided(Undecided::Weak(0, 59))));
    assert_eq!(accepts(by(3, 100)).soundness().bits(), 79);
}

#[test]
fn attack_24_beacons_that_a_leader_chooses() {
    let subject = subject();
    let bytes = honest(&subject).bytes();
    let by = |drawn, choices, least_bits| {
        let beacon = Beacon::new(&subject, &[8; 32], &log_root(&bytes), drawn, choices);
        let policy = policy(&subject);
        let terms = Terms { least_bits, ..Terms::default() };
        let expected = Expected::default();
        let challenge = Challenge::Beacon(&beacon);
        judge(&bytes, &Case { policy: &policy, expected, prompt: &PROMPT, challenge, terms }, &subject)
    };
    // Of 31 signers 21 are enough: 44,352,165 sets.
    assert!(matches!(by(world::LOGGED + 1, 44_352_165, 59), Verdict::Undecided(Undecided::Weak(34, 59))));
    assert_eq!(accepts(by(world::LOGGED + 1, 44_352_165, 30)).soundness().bits(), 34);
    assert_eq!(accepts(by(world::LOGGED + 1, 1, 59)).soundness().bits(), 60);
    // A beacon that was known when the certificate was logged proves nothing.
    assert!(matches!(by(world::LOGGED, 1, 59), Verdict::Undecided(Undecided::BeaconKnown(..))));
}

/// A field of the certificate contradicts the specification.
fn malformed(verdict: Verdict, field: &str) {
    let rejected = rejects(verdict);
    let Rejected::Refused(Refusal::Malformed(place, Malformed::Contradicts(_))) = rejected else {
        panic!("{rejected}")
    };
    assert_eq!(place.field, field);
}

#[test]
fn attack_30_shapes_that_the_specification_does_not_have() {
    let subject = subject();
    let honest = honest(&subject);
    let with = |change: &dyn Fn(&mut Proof)| {
        let mut proof = honest.clone();
        change(&mut proof);
        proof.opened = Some(Vec::new());
        judged(&proof.bytes(), &subject)
    };
    let trace = honest.fields.trace_shape;
    malformed(with(&|p| p.fields.layers = Layers { start: 1, end: 4 }), "layers");
    malformed(with(&|p| p.fields.layers = Layers { start: 0, end: u16::MAX }), "layers");
    malformed(with(&|p| p.fields.input_shape = Shape::new(&[4]).unwrap()), "input shape");
    malformed(with(&|p| p.fields.input_shape = Shape::new(&[1, 3]).unwrap()), "input shape");
    malformed(with(&|p| p.fields.output_shape = Shape::new(&[1 << 31]).unwrap()), "output shape");
    malformed(with(&|p| p.fields.trace_shape = TraceShape { blocks: 1 << 20, ..trace }), "trace shape");
    malformed(with(&|p| p.fields.trace_shape = TraceShape { operations: 21, ..trace }), "trace shape");
    malformed(with(&|p| *p = p.clone().say(vec![0; 15])), "output");
    let other = rejects(with(&|p| p.fields.output_root = world::d(1)));
    assert!(matches!(other, Rejected::Refused(Refusal::Binding(_, BindingFault::Other("output root", _)))));
    let token = rejects(with(&|p| *p = p.clone().say(vec![0, 9, 1, 1])));
    assert_eq!(token, Rejected::Token(9, 9));
    // A value of another size, which the root of the trace binds.
    let long = honest.change(1, 2, Op::Gated, |cell| cell.push(0));
    assert_eq!(fault(judged(&long.bytes(), &subject)).found, Found::Bytes(11, 10));
}

#[test]
fn attack_38_values_that_are_withheld() {
    let subject = subject();
    let mut proof = honest(&subject).products();
    let leaf = proof.layout.leaf(2, 1, Op::UpSums).unwrap();
    proof.opened.as_mut().unwrap().retain(|l| *l != leaf);
    let bytes = proof.bytes();
    let by = |deadline| {
        let policy = policy(&subject);
        let expected = Expected { at: Some(world::HEAD + 10), ..Expected::default() };
        let terms = Terms { deadline, ..Terms::default() };
        judge(&bytes, &Case { policy: &policy, expected, prompt: &PROMPT, challenge: BOTH, terms }, &subject)
    };
    for deadline in [None, Some(world::HEAD + 10)] {
        let Verdict::Undecided(Undecided::Unopened(spot)) = by(deadline) else { panic!("not undecided") };
        assert_eq!((spot.layer, spot.op, spot.token), (1, Op::UpSums, 4));
    }
    let late = fault(by(Some(world::HEAD + 9)));
    assert_eq!((late.spot.layer, late.spot.op, late.found), (1, Op::UpSums, Found::Withheld));
    proof.opened = Some(Vec::new());
    assert!(matches!(judged(&proof.bytes(), &subject), Verdict::Undecided(Undecided::Unopened(_))));
}

#[test]
fn attack_39_another_prompt() {
    let subject = subject();
    for prompt in [&[1u32, 7][..], &[2, 1, 7, 4], &[1, 7, 5]] {
        let proof = prove(subject.model(), &subject, prompt, 4);
        let rejected = rejects(judged(&proof.bytes(), &subject));
        assert!(matches!(rejected, Rejected::Refused(Refusal::Binding(_, BindingFault::Other("input", _)))));
        // The right input in the certificate, and another in the model.
        let mut proof = prove(subject.model(), &subject, &[4, 7, 4], 4);
        proof.fields.input = honest(&subject).fields.input;
        assert_eq!(computed(judged(&proof.bytes(), &subject)), (0, Op::AfterLayer, 0));
    }
}

#[test]
fn attack_40_another_seed_sampler_or_token() {
    let subject = subject();
    let mut other = honest(&subject);
    other.seed = Some([8; 32]);
    let rejected = rejects(judged(&other.bytes(), &subject));
    assert!(matches!(rejected, Rejected::Refused(Refusal::Binding(_, BindingFault::Reveal("seed")))));
    let mut none = honest(&subject);
    none.seed = None;
    assert!(matches!(judged(&none.bytes(), &subject), Verdict::Undecided(Undecided::Seed)));
    // Greedy, or colder, where something else was specified.
    let cold = Sampler::Draw(Draw::new(Scale::new(1 << 20, 2).unwrap(), 9, 1 << 16).unwrap());
    for sampler in [Sampler::Greedy, cold] {
        let found = fault(judged(&with_draft(&subject, |d| d.sampler = sampler).bytes(), &subject)).found;
        assert!(matches!(found, Found::Sampled(..)), "{found:?}");
    }
    // Another last token; another token before it was computed with.
    let mut answer = honest(&subject).answer;
    answer[3] = (answer[3] + 1) % 9;
    let found = fault(judged(&honest(&subject).say(answer.clone()).bytes(), &subject));
    assert_eq!((found.spot.token, found.found), (6, Found::Sampled(answer[3], (answer[3] + 8) % 9)));
    answer[1] = (answer[1] + 1) % 9;
    assert_eq!(computed(judged(&honest(&subject).say(answer).bytes(), &subject)), (0, Op::AfterLayer, 4));
    // Fewer tokens than were asked for.
    let bytes = honest(&subject).bytes();
    let policy = policy(&subject);
    let terms = Terms { answer: Some(5), ..Terms::default() };
    let case = Case { policy: &policy, expected: Expected::default(), prompt: &PROMPT, challenge: BOTH, terms };
    let rejected = rejects(judge(&bytes, &case, &subject));
    assert!(matches!(rejected, Rejected::Refused(Refusal::Binding(_, BindingFault::Count(5, 4)))));
}

#[test]
fn attack_40_ties_are_broken_by_the_lower_index() {
    let mut draft = draft(Bits::Eight);
    draft.sampler = Sampler::Greedy;
    let mut weights = weights::<i8>(&draft);
    weights.head.entries_mut().fill(0);
    let subject = Subject::new(Model::new(Spec::new(draft).unwrap(), weights).unwrap()).unwrap();
    let mut proof = prove(subject.model(), &subject, &PROMPT, 1);
    assert_eq!(proof.answer, [0]);
    proof.seed = None;
    accepts(judged(&proof.bytes(), &subject));
    let other = proof.say(vec![8]);
    assert_eq!(fault(judged(&other.bytes(), &subject)).found, Found::Sampled(8, 0));
}

#[test]
fn attack_43_all_workers_say_the_same_wrong_thing() {
    let subject = subject();
    // Each of them is judged for itself, so their number does not matter.
    for by in [1, 2] {
        let mut proof = with_weights(&subject, |w| w.layers[0].gate.entries_mut()[0] ^= 1);
        proof.by = by;
        proof.fields.worker = world::id(by);
        let (layer, op, _) = product(judged(&proof.bytes(), &subject));
        assert_eq!((layer, op), (1, Op::GateSums));
    }
}

#[test]
fn attack_47_the_reply_does_not_say_what_failed() {
    let subject = subject();
    let verdicts = [
        judged(&with_weights(&subject, |w| w.layers[0].up.entries_mut()[0] ^= 1).bytes(), &subject),
        judged(&with_draft(&subject, |d| d.rope_base = 7).bytes(), &subject),
        judged(&[], &subject),
    ];
    assert!(verdicts.iter().all(|v| v.reply() == "not accepted"));
    assert_eq!(judged(&honest(&subject).bytes(), &subject).reply(), "accepted");
    // A secret is used for a limited number of certificates.
    let secret = Secret::new(&subject, [3; 32]);
    let spent = judged_by(&honest(&subject).bytes(), &subject, Challenge::Secret(&secret, 1 << 20));
    assert!(matches!(spent, Verdict::Undecided(Undecided::Weak(..))));
}

#[test]
fn attack_49_every_flipped_bit_of_a_value_is_found_where_it_is() {
    let subject = subject();
    let secret = Secret::new(&subject, [3; 32]);
    let honest = honest(&subject);
    let mut random = Random(90);
    let mut found = 0;
    for leaf in 0..honest.cells.len() as u64 {
        let Some((block, place)) = honest.layout.place(leaf) else { continue };
        let bit = random.below(honest.cells[leaf as usize].len() * 8);
        let proof = honest.clone().change(block, place.layer, place.op, |cell| cell[bit / 8] ^= 1 << (bit % 8));
        let verdict = judged_by(&proof.bytes(), &subject, Challenge::Secret(&secret, 0));
        let (layer, op, _) = if place.op.is_product() { product(verdict) } else { computed(verdict) };
        let all_heads = match op {
            Op::Scores(_) => Op::Scores(0),
            Op::Weights(_) => Op::Weights(0),
            Op::HeadSums(_) => Op::HeadSums(0),
            other => other,
        };
        assert_eq!((layer, all_heads), (place.layer, place.op));
        found += 1;
    }
    assert_eq!(found, 4 * (1 + 19 * 2 + 3));
    assert_eq!(OPERATIONS.len(), 22);
}

#[test]
fn another_model_at_hand_or_random_numbers_of_another_decide_nothing() {
    let first = subject();
    let mut weights = first.model().weights().clone();
    weights.head.entries_mut()[0] ^= 1;
    let second = Subject::new(Model::new(first.model().spec().clone(), weights).unwrap()).unwrap();
    let bytes = honest(&first).bytes();
    let case = |policy, challenge| Case {
        policy,
        expected: Expected::default(),
        prompt: &PROMPT,
        challenge,
        terms: Terms::default(),
    };
    let policy = policy(&first);
    assert!(matches!(judge(&bytes, &case(&policy, BOTH), &second), Verdict::Undecided(Undecided::OtherModel)));
    let secret = Secret::new(&second, [1; 32]);
    let verdict = judge(&bytes, &case(&policy, Challenge::Secret(&secret, 0)), &first);
    assert!(matches!(verdict, Verdict::Undecided(Undecided::Keys)));
    // A model that nobody asked for is refused before anything is computed.
    let other = bfv_cert::Policy { models: vec![world::d(9)], ..policy.clone() };
    let rejected = rejects(judge(&bytes, &case(&other, BOTH), &first));
    assert!(matches!(rejected, Rejected::Refused(Refusal::Binding(_, BindingFault::Other("model", _)))));
}
