//! Envelopes that were changed at random, most of them as bytes, some before they were signed: no panic, no large allocation, and nothing wrong is
//! accepted.
//!
//! `BFV_CASES` and `BFV_SEED` make a run longer or another one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap
)]

mod common;
#[path = "common/split.rs"]
mod split_model;
#[path = "common/near.rs"]
mod workers;

use bfv_cert::certificate::{Lane, Layers, TraceShape};
use bfv_cert::freshness::Fresh;
use bfv_cert::tensor::Shape;
use bfv_exact::rounding::Exact;
use bfv_exact::spec::Bits;
use bfv_verify::{Challenge, Listener, Secret, Terms, Verdict};
use common::numbers::Random;
use common::*;
use split_model::{honest, of_bytes, split, subject_of_three};
use workers::{Single, calm, greedy, near};

/// Bytes changed, left out, put in, copied from elsewhere, or replaced by heads of CBOR that lie about a length.
fn changed(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    const HEADS: [&[u8]; 5] = [
        &[0x9f],
        &[0x5b, 0, 0, 1, 0, 0, 0, 0, 0],
        &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255],
        &[0x5a, 0, 255, 255, 255],
        &[0x1b, 255, 255, 255, 255, 255, 255, 255, 255],
    ];
    let mut b = bytes.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(b.len().max(1)).min(b.len());
        let to = (at + random.below(12)).min(b.len());
        match random.below(6) {
            0 if at < b.len() => b[at] ^= 1 << random.below(8),
            1 => drop(b.drain(at..to)),
            2 => drop(b.splice(at..at, (0..random.below(40)).map(|i| i as u8))),
            3 => {
                let from = random.below(bytes.len());
                let part = bytes[from..(from + random.below(80)).min(bytes.len())].to_vec();
                drop(b.splice(at..to, part));
            }
            4 => drop(b.splice(at..to, HEADS[random.below(HEADS.len())].iter().copied())),
            _ => b.truncate(at),
        }
    }
    b
}

/// A worker that lies in one way, signs it and opens what fits. Says whether the lie is about something that matters.
fn lied(honest: &Proof, random: &mut Random) -> (Proof, bool) {
    let mut proof = honest.clone();
    let leaf = random.below(proof.cells.len());
    let filled = proof.layout.place(leaf as u64).is_some();
    let any = |random: &mut Random| 1 + random.sized(20) as u32;
    match random.below(9) {
        0 if filled => {
            let bit = random.below(proof.cells[leaf].len() * 8);
            proof.cells[leaf][bit / 8] ^= 1 << (bit % 8);
            return (proof.commit(), true);
        }
        1 => {
            let other = random.below(proof.cells.len());
            let same = proof.cells[leaf] == proof.cells[other];
            proof.cells.swap(leaf, other);
            return (proof.commit(), !same);
        }
        2 if filled => {
            let long = random.below(2 * proof.cells[leaf].len());
            let same = long == proof.cells[leaf].len();
            proof.cells[leaf].resize(long, 7);
            return (proof.commit(), !same);
        }
        3 => {
            let at = random.below(proof.answer.len());
            let mut answer = proof.answer.clone();
            answer[at] = random.sized(32) as u32;
            let same = answer == proof.answer;
            return (proof.say(answer), !same);
        }
        4 => {
            let long = 1 + random.below(20);
            let mut answer = proof.answer.clone();
            answer.resize(long, 3);
            let same = answer == proof.answer;
            return (proof.say(answer), !same);
        }
        5 => {
            let (layers, operations) = (1 + random.below(60) as u16, 1 + random.below(40) as u16);
            proof.fields.trace_shape = TraceShape { blocks: any(random), layers, operations };
            let same = proof.fields.trace_shape == honest.fields.trace_shape;
            proof.opened = Some(Vec::new());
            return (proof, !same);
        }
        6 => {
            proof.fields.layers = Layers { start: 0, end: any(random) as u16 | 1 };
            proof.fields.input_shape = Shape::new(&[any(random)]).unwrap();
            return (proof, true);
        }
        7 => {
            // Openings that are not needed may be left out, those of products and of what comes in may not.
            let keep: Vec<u64> = (0..proof.cells.len() as u64)
                .filter(|l| proof.layout.place(*l).is_some_and(|(_, p)| proof.layout.needs(p)) || random.below(2) == 0)
                .filter(|l| proof.layout.place(*l).is_some())
                .collect();
            proof.opened = Some(keep);
            return (proof, false);
        }
        _ => (),
    }
    proof.fields.slot.view = random.word();
    (proof, false)
}

/// Whether an envelope is accepted, rejected or undecided: 0, 1 or 2, and the verdict in words.
fn told<A>(verdict: Verdict<A>) -> (usize, String)
where
    Verdict<A>: std::fmt::Display,
{
    let place = match &verdict {
        Verdict::Accepted(_) => 0,
        Verdict::Rejected(_) => 1,
        Verdict::Undecided(_) => 2,
    };
    (place, verdict.to_string())
}

/// Judges changed envelopes of an honest proof.
fn storm(what: &str, honest: &Proof, judge: &dyn Fn(&[u8]) -> (usize, String)) {
    let (cases, seed) = (setting("BFV_CASES", 6_000), setting("BFV_SEED", 1));
    let bytes = honest.bytes();
    let mut random = Random(seed.wrapping_mul(0x9e37).wrapping_add(1));
    let (mut most, mut lies, mut good) = (0, 0, 0);
    let mut counts = [0u64; 3];
    for case in 0..cases {
        let (envelope, wrong) = if case % 8 == 0 {
            let (proof, wrong) = lied(honest, &mut random);
            lies += u64::from(wrong);
            good += u64::from(!wrong);
            (proof.bytes(), wrong)
        } else {
            let envelope = changed(&bytes, &mut random);
            let wrong = envelope != bytes;
            (envelope, wrong)
        };
        let mut verdict = None;
        let memory = allocation_counter::measure(|| verdict = Some(judge(&envelope)));
        most = most.max(memory.bytes_max);
        let (place, verdict) = verdict.unwrap();
        counts[place] += 1;
        assert_eq!(place == 0, !wrong, "case {case}: {verdict}");
    }
    let [accepted, rejected, undecided] = counts;
    println!(
        "Figures: {cases} changed envelopes{what}, {lies} of them signed lies and {good} signed changes that do not matter: {accepted} accepted, \
         {rejected} rejected, {undecided} undecided; at most {most} bytes of memory."
    );
    assert!(most < 1_000_000, "{most} bytes of memory");
    assert!(lies > cases / 20 && good > cases / 50);
}

/// With residuals every bit of a sum is bound, so that what changes one is rejected, as in the exact lane.
#[test]
fn changed_envelopes_with_residuals_are_judged_without_panic_or_much_memory() {
    let subject = greedy::<i16>(calm(), 6);
    let secret = Secret::new(&subject, [5; 32]);
    let honest = near(&subject, &Single::new(Lane::Residual, 6), 3);
    storm(" with residuals", &honest, &|bytes| told(judged_by(bytes, &subject, Challenge::Secret(&secret, 0))));
}

#[test]
fn changed_envelopes_are_judged_without_panic_or_much_memory() {
    let subject = subject();
    let secret = Secret::new(&subject, [5; 32]);
    let honest = prove(subject.model(), &subject, &PROMPT, 3);
    storm("", &honest, &|bytes| told(judged_by(bytes, &subject, Challenge::Secret(&secret, 0))));
}

/// The last stage, as what it says of the answer is checked by itself; what other stages say of it, only the chain tells.
#[test]
fn changed_envelopes_of_stages_are_judged_without_panic_or_much_memory() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let (secret, split) = (Secret::new(&subject, [5; 32]), split(&subject));
    let last = honest(&subject).pop().unwrap();
    storm(" of a stage", &last, &|bytes| {
        let challenge = Challenge::Secret(&secret, 0);
        told(of_bytes(bytes, &subject, &split, challenge, Fresh::default(), Terms::default()))
    });
}

/// A later block of an answer, by whoever has listened to the first.
#[test]
fn changed_blocks_are_judged_without_panic_or_much_memory() {
    let subject = subject();
    let secret = Secret::new(&subject, [5; 32]);
    let mut teller = Teller::new(subject.model(), &PROMPT, world::fields().query);
    let first = teller.block(&Exact, &subject, 4);
    let mut second = teller.block(&Exact, &subject, 3);
    second.fields.parents = vec![first.id()];
    let take = |listener: &mut Listener, bytes: &[u8]| {
        with_case(&subject, Challenge::Secret(&secret, 0), Terms::default(), |case| {
            listener.take(bytes, case, &subject)
        })
    };
    let mut listener = Listener::new(7);
    accepts(take(&mut listener, &first.bytes()));
    storm(" of a block", &second, &|bytes| told(take(&mut listener.clone(), bytes)));
}
