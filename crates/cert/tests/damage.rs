//! Attacks 1, 2 and 31: every flipped bit, every truncation, bytes that follow.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::certificate::{Certificate, Output};
use bfv_cert::envelope::Envelope;
use bfv_cert::{Class, Malformed, Refusal, SignatureFault};
use common::*;

/// Every bit of body and signature. A flipped bit is malformed, or the signature fails, for the reason that the place gives.
#[test]
fn every_flipped_bit_of_a_certificate_is_refused() {
    let whole = certificate().encode();
    let body = whole.len() - 64;
    let (mut malformed, mut signature, mut other_key) = (0, 0, 0);
    for bit in 0..whole.len() * 8 {
        let changed = flip(&whole, bit);
        match Certificate::decode(&changed) {
            Err(refusal) => {
                assert_eq!(refusal.class(), Class::Malformed, "bit {bit}");
                assert!(bit < body * 8, "a signature has no form that is malformed: bit {bit}");
                malformed += 1;
            }
            Ok(read) => {
                assert_eq!(read.encode(), changed, "bit {bit}");
                match read.verify().expect_err("a changed certificate has a good signature") {
                    Refusal::Signature(_, SignatureFault::Wrong) => signature += 1,
                    Refusal::Signature(_, SignatureFault::NoPoint) if bit < body * 8 => other_key += 1,
                    Refusal::Signature(_, SignatureFault::WeakPoint | SignatureFault::NotReduced) => {
                        assert!(bit >= body * 8, "bit {bit}");
                        signature += 1;
                    }
                    other => panic!("bit {bit}: {other}"),
                }
            }
        }
    }
    println!("{malformed} malformed, {signature} with a wrong signature, {other_key} with a key that is none");
    assert!(malformed > 300 && signature > 3000 && other_key > 50);
}

/// A bit of every byte of an envelope with openings, and every bit with `BFV_CASES` of 8 or more: no byte of it is bound by nothing.
#[test]
fn every_changed_byte_of_an_envelope_is_refused() {
    let bits = std::env::var("BFV_CASES").map_or(1, |n| n.parse::<usize>().unwrap().clamp(1, 8));
    let mut world = World::new();
    world.opened = vec![0, 1, 11];
    let whole = world.bytes();
    assert!(admitted(&whole, &expected()).envelope().cells().count() == 3);
    let mut counts = std::collections::BTreeMap::new();
    // With nothing expected, only what is carried can speak against a change.
    let nothing = bfv_cert::Expected::default();
    for (byte, bit) in (0..whole.len()).flat_map(|byte| (0..bits).map(move |b| (byte, (byte * 3 + b) % 8))) {
        let refusal = refused(&flip(&whole, byte * 8 + bit), &nothing);
        *counts.entry(refusal.class()).or_insert(0) += 1;
    }
    println!("{counts:?} of {} bytes, {bits} bits of each", whole.len());
    assert!([Class::Malformed, Class::Signature, Class::Binding].iter().all(|c| counts[c] > 100));
}

#[test]
fn truncation_at_every_offset_is_malformed() {
    let certificate = certificate().encode();
    for n in 0..certificate.len() {
        let refusal = Certificate::decode(&certificate[..n]).expect_err("a part was read");
        assert_eq!(refusal.class(), Class::Malformed, "{n} bytes");
    }
    let envelope = World::new().bytes();
    for n in 0..envelope.len() {
        assert_eq!(class(Envelope::decode(&envelope[..n]).expect_err("a part was read")), Class::Malformed);
    }
}

#[test]
fn bytes_that_follow_are_malformed() {
    let one = certificate().encode();
    for more in [&[0][..], &[0xf6], &[0; 64], &one] {
        let refusal = Certificate::decode(&[&one, more].concat()).expect_err("more was read");
        assert!(matches!(refusal, Refusal::Malformed(_, Malformed::Trailing(_))), "{refusal}");
    }
    let envelope = World::new().bytes();
    for more in [&[0][..], &envelope] {
        let refusal = Envelope::decode(&[&envelope, more].concat()).expect_err("more was read");
        assert!(matches!(refusal, Refusal::Malformed(_, Malformed::Trailing(n)) if n == more.len()), "{refusal}");
    }
}

/// The claim about size, with what a worker always sends.
#[test]
fn a_certificate_of_a_worker_has_less_than_700_bytes() {
    let mut large = fields();
    assert!(matches!(large.output, Output::Hashed(_)) && large.parents.is_empty());
    let usual = certificate().encode().len();
    // The largest numbers that the fields can have.
    large.slot = bfv_cert::certificate::Slot { epoch: u64::MAX, view: u64::MAX, seq: u64::MAX };
    large.validity = bfv_cert::certificate::Validity { not_before: u64::MAX - 300, not_after: u64::MAX };
    let all = 1 << 24;
    large.execution = large.execution.map(|mut e| {
        e.device = 255;
        e.batch = bfv_cert::certificate::Batch::Fixed(bfv_cert::certificate::BatchStep {
            sequences: all,
            tokens: all,
            position: all - 1,
        });
        e
    });
    large.layers = bfv_cert::certificate::Layers { start: 65_534, end: 65_535 };
    large.input_shape = bfv_cert::tensor::Shape::new(&[1 << 16, 1 << 20]).unwrap();
    large.output_shape = large.input_shape;
    large.trace_shape = bfv_cert::certificate::TraceShape { blocks: 1 << 16, layers: 256, operations: 256 };
    let worst = bfv_cert::certificate::Body::new(&large).unwrap().sign(&key(1)).encode().len();
    println!("{usual} bytes, at most {worst}");
    assert!(usual < 600 && worst < 700, "{usual} and {worst}");
}
