//! Answers in the lanes of floats: honest ones, the intervals that they are judged by, and the attacks on these lanes by their numbers in the list.
//!
//! `BFV_CASES` and `BFV_SEED` make the random test of intervals longer or another one.
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

use bfv_cert::certificate::{Execution, Lane};
use bfv_cert::{BindingFault, Expected, Kernel, Policy, Refusal, Roundoff};
use bfv_exact::forward::{Numbers, Op, Place, State, Trace};
use bfv_exact::model::Model;
use bfv_exact::spec::Bits;
use bfv_verify::sizes::threshold;
use bfv_verify::{
    Case, Challenge, Found, Intervals, Judged, Rejected, Secret, Subject, Terms, Undecided, Verdict, judge,
    judge_noting,
};
use common::*;
use numbers::Random;
use numbers::small::any_draft;
use workers::*;

const FLOATS: [Lane; 2] = [Lane::Residual, Lane::Tolerance];

fn noted<G: Judged>(proof: &Proof, subject: &Subject<G>, roundoff: Roundoff) -> (Verdict, Vec<Intervals>) {
    let mut policy = policy(subject);
    policy.kernels.iter_mut().for_each(|k| k.roundoff = roundoff);
    let expected = Expected { at: Some(world::HEAD + 10), ..Expected::default() };
    let case = Case { policy: &policy, expected, prompt: &PROMPT, challenge: BOTH, terms: Terms::default() };
    judge_noting(&proof.bytes(), &case, subject)
}

#[test]
fn sums_of_8_bits_are_exact_in_single_precision_and_accepted() {
    for lane in FLOATS {
        for seed in 0..20 {
            let subject = greedy::<i8>(draft(Bits::Eight), seed);
            let proof = near(&subject, &Single::new(lane, seed), 4);
            for bytes in [proof.bytes(), proof.clone().products().bytes()] {
                let accepted = accepts(judged(&bytes, &subject));
                assert_eq!((accepted.lane(), accepted.soundness().bits()), (lane, 59));
                let signs = if lane == Lane::Tolerance { 120 } else { 0 };
                assert_eq!((accepted.soundness().signs, accepted.checked().drift), (signs, 0));
                assert_eq!(accepted.values(), right(&subject, 4).iter().map(|t| i64::from(*t)).collect::<Vec<_>>());
            }
        }
    }
    // A sampler that draws needs that no logit drifts, which holds here.
    let subject = subject();
    for lane in FLOATS {
        accepts(judged(&near(&subject, &Single::new(lane, 1), 4).bytes(), &subject));
    }
}

#[test]
fn rounded_sums_are_accepted_where_the_interval_is_tight_and_never_for_another_answer() {
    let (mut accepted, mut all) = ([0, 0], 0);
    for seed in 0..60 {
        let subject = greedy::<i16>(calm(), seed);
        let right = right(&subject, 3);
        all += 1;
        for (lane, n) in FLOATS.into_iter().zip(&mut accepted) {
            let proof = near(&subject, &Single::new(lane, seed), 3);
            if decided(judged(&proof.bytes(), &subject)) {
                assert_eq!(proof.answer, right);
                *n += 1;
            }
        }
    }
    println!("accepted with residuals {}, with signs {}, of {all}", accepted[0], accepted[1]);
    assert!(accepted[0] >= 40 && accepted[1] >= 5, "{accepted:?} of {all}");
}

/// What the model itself has, by place, as one row for each token or block.
#[derive(Default)]
struct Record(Vec<(u32, Op, Vec<i64>)>);

impl Trace for Record {
    fn see(&mut self, place: Place, numbers: Numbers<'_>) {
        if matches!(place.op, Op::Scores(_) | Op::Weights(_) | Op::HeadSums(_)) {
            return;
        }
        let all: Vec<i64> = match numbers {
            Numbers::I8(m) => m.entries().iter().map(|x| (*x).into()).collect(),
            Numbers::I16(m) => m.entries().iter().map(|x| (*x).into()).collect(),
            Numbers::I32(m) => m.entries().iter().map(|x| (*x).into()).collect(),
            Numbers::I64(m) => m.entries().to_vec(),
        };
        match self.0.iter_mut().find(|(layer, op, _)| (*layer, *op) == (place.layer, place.op)) {
            Some((.., rows)) => rows.extend(all),
            None => self.0.push((place.layer, place.op, all)),
        }
    }
}

/// Runs the model on the tokens of an answer, without the last one.
fn model_on<G: Judged>(model: &Model<G>, answer: &[u32]) -> Record {
    let mut record = Record::default();
    let (mut state, _) = model.forward(State::default(), &PROMPT, &mut record).unwrap();
    for token in &answer[..answer.len() - 1] {
        (state, _) = model.forward(state, &[*token], &mut record).unwrap();
    }
    record
}

/// All values of the model lie in their intervals. Gives how many intervals have more than one number, and how many there are.
fn covers(record: &Record, noted: &[Intervals], complete: bool) -> (usize, usize) {
    let (mut wide, mut all) = (0, 0);
    for Intervals { layer, op, spans } in noted {
        let (.., values) = record.0.iter().find(|(l, o, _)| l == layer && o == op).unwrap();
        assert_eq!(values.len(), spans.entries().len());
        for (i, (x, (low, high))) in values.iter().zip(spans.entries()).enumerate() {
            assert!(low <= x && x <= high, "{op:?} of layer {layer}, entry {i}: {x} is not in {low} to {high}");
            wide += usize::from(low < high);
            all += 1;
        }
    }
    assert!(!complete || noted.len() == record.0.len());
    (wide, all)
}

fn intervals_hold<G: Judged + TryFrom<i64>>(grid: Bits) {
    let (rounds, first) = (setting("BFV_CASES", 40), setting("BFV_SEED", 600));
    let mut random = Random(first);
    let (mut wide, mut all, mut accepted) = (0, 0, 0);
    for seed in first..first + rounds {
        let mut draft = any_draft(&mut random, grid);
        draft.dims.vocab = 9;
        // Some with sums of so many products that 8 bits are rounded, too.
        if random.below(3) == 0 {
            (draft.dims.width, draft.dims.inner) = (40 + random.below(40) as u32, 300);
        }
        let subject = greedy::<G>(draft, seed);
        for lane in FLOATS {
            for roundoff in [Roundoff::Single, Roundoff::Tensor] {
                let mut by = Off::anywhere(lane, seed);
                by.roundoff = roundoff;
                let proof = near(&subject, &by, 4);
                let (verdict, noted) = noted(&proof, &subject, roundoff);
                let record = model_on(subject.model(), &proof.answer);
                let (w, n) = covers(&record, &noted, true);
                (wide, all) = (wide + w, all + n);
                if decided(verdict) {
                    accepted += 1;
                    assert_eq!(proof.answer, right(&subject, 4));
                }
            }
        }
    }
    println!(
        "Figures: {rounds} models on the grid {grid:?}: the model's value lay in each of {all} intervals, {wide} of which have more than one number; \
         {accepted} answers accepted, all of them the model's."
    );
    assert!(wide > all / 20 && accepted > 0);
}

#[test]
fn every_value_of_the_model_lies_in_its_interval_with_8_bits() {
    intervals_hold::<i8>(Bits::Eight);
}

#[test]
fn every_value_of_the_model_lies_in_its_interval_with_16_bits() {
    intervals_hold::<i16>(Bits::Sixteen);
}

#[test]
fn in_the_exact_lane_every_interval_is_one_number() {
    let subject = greedy::<i16>(wide(), 3);
    let proof = prove(subject.model(), &subject, &PROMPT, 3);
    let (verdict, noted) = noted(&proof, &subject, Roundoff::Single);
    accepts(verdict);
    let (wide, all) = covers(&model_on(subject.model(), &proof.answer), &noted, true);
    assert!(wide == 0 && all > 500);
}

#[test]
fn attack_16_weights_of_less_precision_in_the_lane_of_tolerances() {
    let (mut rejected, mut undecided) = (0, 0);
    for seed in 0..10 {
        let subject = greedy::<i16>(wide(), seed);
        for keep in [-2i16, -4, -256] {
            let mut weights = subject.model().weights().clone();
            for l in &mut weights.layers {
                for m in [&mut l.query, &mut l.key, &mut l.value, &mut l.output, &mut l.gate, &mut l.up, &mut l.down] {
                    m.entries_mut().iter_mut().for_each(|w| *w &= keep);
                }
            }
            let run = Model::new(subject.model().spec().clone(), weights).unwrap();
            for lane in FLOATS {
                let by = Single::new(lane, seed);
                let proof = prove_by(&run, &by, &subject, (&PROMPT, 3), world::fields().query);
                match judged(&proof.bytes(), &subject) {
                    Verdict::Undecided(Undecided::Drift { .. }) if lane == Lane::Tolerance => undecided += 1,
                    verdict => {
                        let fault = fault(verdict);
                        assert!(matches!(fault.found, Found::Rounded(..) | Found::Far(..)), "{fault}");
                        assert!(lane == Lane::Tolerance || (fault.spot.layer, fault.spot.op) == (1, Op::QuerySums));
                        rejected += 1;
                    }
                }
            }
        }
    }
    println!("{rejected} rejected, {undecided} undecided");
    assert!(rejected >= 50);
}

#[test]
fn attack_25_every_operation_drifts_towards_another_choice() {
    let (mut flipped, mut undecided) = ([0, 0], 0);
    for seed in 0..300 {
        let mut draft = wide();
        draft.dims.inner = 60;
        let subject = greedy::<i16>(draft, seed % 10);
        let right = right(&subject, 1)[0];
        for (lane, flipped) in FLOATS.into_iter().zip(&mut flipped) {
            // Directions are tried until one flips the choice: each operation at 0.99 of its tolerance, in every layer.
            let mut random = Random(seed);
            let mut by = Off::new(lane, move |_, most, sums| {
                let mut one = |t: &i64| if random.word().is_multiple_of(2) { t * 99 / 100 } else { -t * 99 / 100 };
                (0..sums.rows()).flat_map(|_| most.iter().map(&mut one).collect::<Vec<_>>()).collect()
            });
            by.roundoff = Roundoff::Tensor;
            let proof = near(&subject, &by, 1);
            let (verdict, _) = noted(&proof, &subject, Roundoff::Tensor);
            if proof.answer[0] != right {
                *flipped += 1;
                let Verdict::Undecided(Undecided::Drift { token, margin, drift }) = verdict else {
                    panic!("{verdict}")
                };
                assert!(token == 3 && drift > 0 && margin <= drift);
            } else if !decided(verdict) {
                undecided += 1;
            }
        }
    }
    println!("{flipped:?} flipped, {undecided} others undecided");
    assert!(flipped.iter().all(|n| *n > 0) && undecided > 0);
}

#[test]
fn attack_26_a_lane_kernel_or_tolerance_that_was_not_asked_for() {
    let subject = greedy::<i16>(wide(), 1);
    let judged_with = |proof: &Proof, policy: &Policy| {
        let expected = Expected { at: Some(world::HEAD + 10), ..Expected::default() };
        judge(
            &proof.bytes(),
            &Case { policy, expected, prompt: &PROMPT, challenge: BOTH, terms: Terms::default() },
            &subject,
        )
    };
    let binding = |verdict: Verdict| match rejects(verdict) {
        Rejected::Refused(Refusal::Binding(_, fault)) => fault,
        other => panic!("{other}"),
    };
    for lane in FLOATS {
        let proof = near(&subject, &Single::new(lane, 1), 3);
        let own = policy(&subject);
        for lanes in [vec![Lane::Exact], FLOATS.into_iter().filter(|l| *l != lane).collect()] {
            assert_eq!(binding(judged_with(&proof, &Policy { lanes, ..own.clone() })), BindingFault::Lane);
        }
        let none = Policy { kernels: Vec::new(), ..own.clone() };
        assert!(matches!(binding(judged_with(&proof, &none)), BindingFault::Other("kernel", _)));
        let kernels = own.kernels.iter().map(|k| Kernel { device: k.device + 1, ..*k }).collect();
        assert_eq!(binding(judged_with(&proof, &Policy { kernels, ..own.clone() })), BindingFault::Device(3));
        let mut other = proof.clone();
        other.fields.execution = other.fields.execution.map(|e| Execution { kernel: world::d(9), ..e });
        assert!(matches!(binding(judged_with(&other, &own)), BindingFault::Other("kernel", _)));
        // One lane is not the other: with residuals the values are longer.
        let mut swapped = proof.clone();
        swapped.fields.lane = if lane == Lane::Residual { Lane::Tolerance } else { Lane::Residual };
        assert!(matches!(fault(judged(&swapped.bytes(), &subject)).found, Found::Bytes(..)));
    }
    // The tolerance is that of the kernel which the verifier knows, whatever a worker takes: here one of 2^-22 where 2^-24 was said.
    let mut by = Off::new(Lane::Residual, |_, most, sums| (0..sums.rows()).flat_map(|_| most.to_vec()).collect());
    by.roundoff = Roundoff::Tensor;
    let found = fault(judged(&near(&subject, &by, 2).bytes(), &subject)).found;
    let Found::Residual(_, e, most) = found else { panic!("{found:?}") };
    assert!(e.abs() > most && e.abs() <= 4 * most + 4, "{e} {most}");
    let mut by = Off::new(Lane::Tolerance, |_, most, sums| {
        (0..sums.rows()).flat_map(|_| most.iter().map(|t| 8 * t).collect::<Vec<_>>()).collect()
    });
    by.roundoff = Roundoff::Tensor;
    let found = fault(judged(&near(&subject, &by, 2).bytes(), &subject)).found;
    assert!(matches!(found, Found::Far(..)), "{found:?}");
}

#[test]
fn attacks_27_28_29_what_is_no_number_in_floats_is_a_wrong_number_here() {
    // Values are whole numbers in two's complement, and a certificate has no exponent for them: bits of a float are such numbers, too.
    let subject = greedy::<i16>(wide(), 2);
    let specials =
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::from_bits(1), 2f64.powi(300), 2f64.powi(-300)];
    for lane in FLOATS {
        let proof = near(&subject, &Single::new(lane, 2), 2);
        for bits in specials.map(f64::to_bits).into_iter().chain([u64::MAX, 1 << 39]) {
            // Both ends of the cell: the first sum, and the last residual where there are some.
            for first in [true, false] {
                let changed = proof.clone().change(0, 1, Op::GateSums, |cell| {
                    let at = if first { 0 } else { cell.len() - 5 };
                    cell[at..at + 5].copy_from_slice(&bits.to_le_bytes()[3..]);
                });
                if changed.cells == proof.cells {
                    continue;
                }
                let fault = fault(judged(&changed.bytes(), &subject));
                assert_eq!((fault.spot.layer, fault.spot.op), (1, Op::GateSums), "{fault}");
                assert!(matches!(fault.found, Found::Rounded(..) | Found::Residual(..) | Found::Far(..)), "{fault}");
            }
        }
    }
}

/// One entry of one product is off by so many tolerances, and one more.
fn one_off(lane: Lane, product: usize, times: i64) -> Off<'static> {
    Off::new(lane, move |n, most, sums| {
        let mut off = vec![0; sums.entries().len()];
        if n == product {
            off[1] = times * (most[1] + 1);
        }
        off
    })
}

#[test]
fn a_sum_beyond_its_tolerance_is_shown_with_its_entry() {
    let subject = greedy::<i16>(wide(), 4);
    let ops = [Op::QuerySums, Op::KeySums, Op::ValueSums, Op::OutputSums, Op::GateSums, Op::UpSums, Op::DownSums];
    for (n, op) in (0..).zip(ops) {
        // With the residual that belongs to it.
        let found = fault(judged(&near(&subject, &one_off(Lane::Residual, n, -1), 2).bytes(), &subject));
        assert_eq!((found.spot.layer, found.spot.op, found.spot.token), (1, op, 0));
        let Found::Residual(1, e, most) = found.found else { panic!("{found}") };
        assert_eq!(e, most + 1);
        // By more than the signs let pass.
        let found = fault(judged(&near(&subject, &one_off(Lane::Tolerance, n, 99), 2).bytes(), &subject));
        assert_eq!((found.spot.layer, found.spot.op, found.spot.token), (1, op, 0));
        let Found::Far(1, claimed, exact, most) = found.found else { panic!("{found}") };
        assert!((claimed - exact).abs() > most);
    }
    // A residual that does not belong to its sum.
    let proof = near(&subject, &Single::new(Lane::Residual, 4), 2);
    for (op, from_end) in [(Op::UpSums, false), (Op::UpSums, true), (Op::HeadOutput, true)] {
        let layer = if op == Op::HeadOutput { 3 } else { 2 };
        let changed = proof.clone().change(1, layer, op, |cell| {
            let at = if from_end { cell.len() - 2 } else { 0 };
            cell[at] ^= 1;
        });
        let found = fault(judged(&changed.bytes(), &subject));
        assert_eq!((found.spot.layer, found.spot.op, found.spot.token), (layer, op, 3));
        assert!(matches!(found.found, Found::Rounded(..) | Found::Residual(..)), "{found}");
    }
    // What lies between products is computed and compared as in the exact lane.
    let changed = proof.change(0, 2, Op::Gated, |cell| cell[0] ^= 1);
    assert_eq!(computed(judged(&changed.bytes(), &subject)), (2, Op::Gated, 0));
}

#[test]
fn attack_49_a_flipped_bit_of_a_value_is_found_or_changes_no_answer() {
    let mut random = Random(91);
    let subject = greedy::<i16>(calm(), 6);
    let right = right(&subject, 2);
    let (mut accepted, mut found) = ([0, 0], [0, 0]);
    for (n, lane) in FLOATS.into_iter().enumerate() {
        let proof = near(&subject, &Single::new(lane, 6), 2);
        for leaf in 0..proof.cells.len() as u64 {
            let Some((block, place)) = proof.layout.place(leaf) else { continue };
            for _ in 0..3 {
                let bit = random.below(proof.cells[leaf as usize].len() * 8);
                let changed =
                    proof.clone().change(block, place.layer, place.op, |cell| cell[bit / 8] ^= 1 << (bit % 8));
                match judged(&changed.products().bytes(), &subject) {
                    Verdict::Rejected(Rejected::Wrong(fault)) => {
                        assert!(fault.spot.layer >= place.layer);
                        found[n] += 1;
                    }
                    // A change within a tolerance may be found only by what comes of it, and what is not opened does not count.
                    verdict => {
                        let linear = place.op.is_product() && !matches!(place.op, Op::Scores(_) | Op::HeadSums(_));
                        assert!(!place.op.is_product() || (linear && lane == Lane::Tolerance), "{verdict}");
                        accepted[n] += usize::from(decided(verdict));
                        assert_eq!(proof.answer, right);
                    }
                }
            }
        }
    }
    println!("{found:?} found, {accepted:?} accepted");
    assert!(found.iter().all(|n| *n > 50));
}

#[test]
fn signs_that_fail_by_chance_reject_nobody() {
    // Off by the whole tolerance in the direction of the exact sums: whatever signs do, every entry is within.
    for seed in 0..20 {
        let mut draft = wide();
        draft.dims.inner = 200;
        let subject = greedy::<i16>(draft, seed);
        let by = Off::new(Lane::Tolerance, |_, most, sums| (0..sums.rows()).flat_map(|_| most.to_vec()).collect());
        decided(judged(&near(&subject, &by, 2).bytes(), &subject));
    }
}

#[test]
fn attacks_43_44_any_number_of_workers_with_the_same_wrong_answer() {
    let subject = greedy::<i16>(wide(), 5);
    for by in [1, 2] {
        for lane in FLOATS {
            let mut proof = near(&subject, &one_off(lane, 3, 200), 2);
            (proof.by, proof.fields.worker) = (by, world::id(by));
            let found = fault(judged(&proof.bytes(), &subject));
            assert_eq!((found.spot.layer, found.spot.op), (1, Op::OutputSums));
        }
        // What is within all tolerances and wrong is accepted of nobody, however many say it.
        let mut proof = near(&subject, &Off::anywhere(Lane::Tolerance, 5), 2);
        (proof.by, proof.fields.worker) = (by, world::id(by));
        let right = right(&subject, 2);
        assert!(!decided(judged(&proof.bytes(), &subject)) || proof.answer == right);
    }
}

#[test]
fn a_token_that_the_worker_would_not_choose_itself_is_rejected() {
    let subject = greedy::<i16>(wide(), 6);
    for lane in FLOATS {
        let proof = near(&subject, &Single::new(lane, 6), 3);
        let mut answer = proof.answer.clone();
        answer[2] = (answer[2] + 1) % 9;
        assert!(matches!(fault(judged(&proof.say(answer).bytes(), &subject)).found, Found::Sampled(..)));
    }
}

#[test]
fn a_draw_needs_logits_without_drift() {
    let draft = wide();
    let subject = Subject::new(model::<i16>(&draft)).unwrap();
    let mut undecided = 0;
    for (seed, lane) in (0..10).flat_map(|s| FLOATS.map(|l| (s, l))) {
        let proof = near(&subject, &Off::anywhere(lane, seed), 3);
        match judged(&proof.bytes(), &subject) {
            Verdict::Undecided(Undecided::Drawn(token, drift)) => {
                assert!(token >= 3 && drift > 0);
                undecided += 1;
            }
            verdict => assert_eq!(accepts(verdict).values().len(), 3),
        }
    }
    assert!(undecided > 0);
}

#[test]
fn signs_are_drawn_for_each_certificate_also_from_a_secret() {
    let subject = greedy::<i16>(wide(), 7);
    let secret = Secret::new(&subject, [9; 32]);
    let challenge = Challenge::Secret(&secret, 0);
    let proof = near(&subject, &one_off(Lane::Tolerance, 0, 99), 2);
    let wrong = fault(judged_by(&proof.bytes(), &subject, challenge));
    assert!(matches!(wrong.found, Found::Far(..)));
    for lane in FLOATS {
        let proof = near(&subject, &Single::new(lane, 7), 2);
        decided(judged_by(&proof.bytes(), &subject, challenge));
    }
}

#[test]
fn the_threshold_of_signs_is_met_by_all_signs_or_almost_all() {
    assert_eq!(threshold(&[]), 0);
    assert_eq!(threshold(&[0, 0, 0]), 0);
    // No signs exceed the sum.
    assert_eq!(threshold(&[3, 4, 5]), 12);
    // 1,000 tolerances of 10: the root of 57 * 100,000.
    assert_eq!(threshold(&[10; 1000]), 2387);
    assert!(threshold(&[i64::MAX; 100]) > i128::from(i64::MAX));
    let mut random = Random(9);
    let off: Vec<i64> = (0..1000).map(|_| random.extreme(-10, 10)).collect();
    for _ in 0..2000 {
        let sum: i64 = off.iter().map(|d| if random.word().is_multiple_of(2) { *d } else { -d }).sum();
        assert!(i128::from(sum.abs()) <= threshold(&[10; 1000]));
    }
}
