//! Attacks 32 and 33: other forms of the same thing, and what comes back after writing and reading.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::cbor::{Reader, Writer};
use bfv_cert::certificate::*;
use bfv_cert::digest::{Context, Digest};
use bfv_cert::envelope::{Envelope, write};
use bfv_cert::sign::{KeyId, Payload};
use bfv_cert::tensor::Shape;
use bfv_cert::{Malformed, Part, Refusal};
use common::*;
use proptest::prelude::*;

fn number(bytes: &[u8]) -> Result<u64, Malformed> {
    let mut r = Reader::new(Part::Certificate, bytes);
    let n = r.number("test", u64::MAX).and_then(|n| r.end().map(|()| n));
    n.map_err(|refusal| match refusal {
        Refusal::Malformed(_, found) => found,
        other => panic!("{other}"),
    })
}

/// Numbers at the borders of every form, in every form.
#[test]
fn a_number_has_one_form() {
    for n in [0u64, 0x17, 0x18, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, u64::MAX] {
        let mut forms: Vec<(u8, Vec<u8>)> = Vec::new();
        let bytes = n.to_be_bytes();
        if n <= 0x17 {
            forms.push((bytes[7], vec![]));
        }
        for (lead, length) in [(0x18, 1), (0x19, 2), (0x1a, 4), (0x1b, 8)] {
            if bytes[..8 - length].iter().all(|b| *b == 0) {
                forms.push((lead, bytes[8 - length..].to_vec()));
            }
        }
        let mut forms = forms.into_iter().map(|(lead, rest)| [vec![lead], rest].concat());
        assert_eq!(number(&forms.next().unwrap()), Ok(n));
        for longer in forms {
            assert_eq!(number(&longer), Err(Malformed::NotShortest), "{n} as {longer:x?}");
        }
    }
}

/// Every first byte, where a number, a byte string or an array is needed.
#[test]
fn only_three_kinds_of_items_are_read() {
    let mut read = [0; 3];
    for first in 0..=255u8 {
        let bytes = [&[first][..], &[0x7f; 300]].concat();
        let mut kinds = [false; 3];
        kinds[0] = Reader::new(Part::Envelope, &bytes).number("test", u64::MAX).is_ok();
        kinds[1] = Reader::new(Part::Envelope, &bytes).bytes("test", 0, 1 << 40).is_ok();
        kinds[2] = Reader::new(Part::Envelope, &bytes).array("test", 0, u64::MAX).is_ok();
        assert!(kinds.iter().filter(|k| **k).count() <= 1);
        read.iter_mut().zip(kinds).for_each(|(n, k)| *n += u32::from(k));
        let expected = match first {
            // Numbers, byte strings and arrays whose head is at most eight bytes more.
            0x00..=0x1b => 0,
            0x40..=0x58 => 1,
            0x80..=0x9b => 2,
            _ => 3,
        };
        assert_eq!(kinds.iter().position(|k| *k).unwrap_or(3), expected, "{first:x}");
    }
    assert_eq!(read, [28, 25, 28]);
    for (bytes, found) in [
        (&[0x9f, 0xff][..], Malformed::Indefinite),
        (&[0x5f, 0xff], Malformed::Indefinite),
        (&[0xbf, 0xff], Malformed::Indefinite),
        (&[0x20], Malformed::Type("number")),
        (&[0x61, 0x61], Malformed::Type("number")),
        (&[0xa0], Malformed::Type("number")),
        (&[0xc0, 0x00], Malformed::Type("number")),
        (&[0xf9, 0, 0], Malformed::Type("number")),
        (&[0xf6], Malformed::Type("number")),
        (&[0x1c], Malformed::Type("number")),
        (&[], Malformed::Truncated),
        (&[0x1b, 1, 2], Malformed::Truncated),
    ] {
        assert_eq!(number(bytes), Err(found), "{bytes:x?}");
    }
}

/// Lengths that say more than follows, arrays within arrays, and bodies that are too large: refused with little memory.
#[test]
fn attack_32_bombs_are_refused_with_little_memory() {
    let whole = certificate().encode();
    let bombs = [
        vec![0x81; 4000],
        vec![0x91; 4000],
        vec![0x9f; 4000],
        vec![0x91, 0x82, 0x5b, 255, 255, 255, 255, 255, 255, 255, 255],
        vec![0x9b, 255, 255, 255, 255, 255, 255, 255, 255],
        [vec![0x91], vec![0x82; 4000]].concat(),
        [vec![0xd8, 24], whole.clone()].concat(),
        whole.repeat(100_000),
    ];
    for bomb in &bombs {
        let memory = allocation_counter::measure(|| {
            let refusal = Certificate::decode(bomb).expect_err("a bomb was read");
            assert!(matches!(refusal, Refusal::Malformed(..)));
            assert!(matches!(Envelope::decode(bomb), Err(Refusal::Malformed(..))));
        });
        assert!(memory.bytes_max < 4096, "{} bytes of memory", memory.bytes_max);
    }
    let mut f = fields();
    (f.operation, f.output) = (Operation::Vote, Output::Inline(vec![1; OUTPUT_LIMIT]));
    f.parents = (0..64).map(d).collect();
    let largest = Body::new(&f).unwrap().bytes().len();
    assert!(largest < BODY_LIMIT, "{largest}");
    f.output = Output::Inline(vec![1; OUTPUT_LIMIT + 1]);
    let refusal = Body::new(&f).expect_err("it is too large");
    assert!(matches!(refusal, Refusal::Malformed(_, Malformed::TooLarge(1025, 1024))));
    let refusal = Body::decode(&[0; BODY_LIMIT + 1]).expect_err("it is too large");
    assert!(matches!(refusal, Refusal::Malformed(_, Malformed::TooLarge(4097, 4096))));
}

/// Many megabytes of openings are admitted without being copied.
#[test]
fn large_openings_are_not_copied() {
    let values = [vec![1u8; 20_000_000], vec![2; 12_000_000]];
    let mut builder = bfv_cert::merkle::Builder::new();
    values.iter().for_each(|v| builder.push(trace_content(v)));
    let tree = builder.finish().unwrap();
    let mut f = fields();
    f.trace = tree.root();
    f.trace_shape = TraceShape { blocks: 2, layers: 1, operations: 1 };
    let world = World::with(&f, 1);
    let (log, registry) = world.extract();
    let cells: Vec<(u64, &[u8])> = (0..).zip(values.iter().map(Vec::as_slice)).collect();
    let bytes = write(&world.certificate, &log, &registry, &Default::default(), &cells, &[]).unwrap();
    let memory = allocation_counter::measure(|| {
        let a = admitted(&bytes, &expected());
        assert_eq!(a.envelope().cells().map(|(_, v)| v.len()).sum::<usize>(), 32_000_000);
    });
    println!("{} bytes of memory for {} bytes", memory.bytes_max, bytes.len());
    assert!(memory.bytes_max < 20_000, "{} bytes of memory", memory.bytes_max);
}

/// Bytes that nothing would bind: a proof where nothing is opened, and an output beside that of the certificate.
#[test]
fn an_envelope_has_nothing_that_is_not_needed() {
    let world = World { opened: Vec::new(), ..World::new() };
    let (log, registry) = world.extract();
    let reveal = world.reveal();
    let proof = write(&world.certificate, &log, &registry, &reveal, &[], &[d(1)]).expect_err("a proof of nothing");
    malformed(proof, Malformed::Range(32));
    let mut f = fields();
    f.output = Output::Inline(OUTPUT.to_vec());
    let inline = World::with(&f, 1);
    let (log, registry) = inline.extract();
    let twice = write(&inline.certificate, &log, &registry, &reveal, &[], &[]).expect_err("two outputs");
    malformed(twice, Malformed::Contradicts("the certificate, which has the output"));
    // Part of a hash at the end of a proof: the proof is the last byte string.
    let mut bytes = World { opened: vec![0], ..World::new() }.bytes();
    let at = bytes.len() - 4 * 32 - 1;
    assert_eq!(bytes[at - 1..=at], [0x58, 128]);
    bytes[at] = 129;
    bytes.push(0);
    malformed(Envelope::decode(&bytes).expect_err("part of a hash"), Malformed::Range(129));
}

#[test]
fn revocations_have_one_form_and_known_reasons() {
    use bfv_cert::registry::{Reason, Revocation, Role};
    use bfv_cert::statement::Statement;
    let of = |role, reason| Revocation { key: key(1).public().id(), role, from: 1_800_000_000, reason };
    for role in [Role::Worker, Role::Head, Role::Voter] {
        for reason in Reason::ALL {
            let bytes = of(role, reason).encode();
            assert_eq!(Revocation::decode(&bytes).unwrap(), of(role, reason));
            for end in 0..bytes.len() {
                malformed_class(Revocation::decode(&bytes[..end]).expect_err("cut off"));
            }
            malformed_class(Revocation::decode(&[&bytes[..], &[0]].concat()).expect_err("longer"));
        }
    }
    let mut bytes = of(Role::Worker, Reason::Lied).encode();
    *bytes.last_mut().unwrap() = 4;
    let refusal = Revocation::decode(&bytes).expect_err("a fifth reason");
    assert!(matches!(refusal, Refusal::Malformed(_, Malformed::Code(4))), "{refusal}");
}

fn malformed_class(refusal: Refusal) {
    assert_eq!(refusal.class(), bfv_cert::Class::Malformed, "{refusal}");
}

/// Short and long bytes are hashed in two ways, which are one function.
#[test]
fn bytes_of_every_length_have_the_hash_of_their_use() {
    let bytes: Vec<u8> = (0..5000_u32).map(|i| i.to_le_bytes()[0]).collect();
    for context in Context::ALL {
        for length in [0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 5000] {
            let wanted = blake3::derive_key(context.string(), &bytes[..length]);
            assert_eq!(context.of(&bytes[..length]), Digest(wanted), "{context:?}, {length} bytes");
        }
    }
}

#[test]
fn contexts_and_types_are_all_different() {
    let mut strings: Vec<&str> = Context::ALL.iter().map(|c| c.string()).collect();
    strings.extend(Payload::ALL.iter().map(|p| p.media_type()));
    let count = strings.len();
    strings.sort_unstable();
    strings.dedup();
    assert_eq!(strings.len(), count);
    assert!(Context::ALL.windows(2).all(|p| (p[0] as usize) + 1 == p[1] as usize), "one is missing in the list");
}

/// Two texts of parts that would be one text without their lengths.
#[test]
fn parts_of_a_hash_do_not_run_together() {
    use bfv_cert::digest::{query_id, seed_commitment};
    let two = |a: &[u8], b: &[u8]| Context::Output.hash().bytes(a).bytes(b).finish();
    assert_ne!(two(b"ab", b"c"), two(b"a", b"bc"));
    let all = [
        query_id(&[0; 32], &[1], &d(1), &d(2)),
        query_id(&[1; 32], &[1], &d(1), &d(2)),
        query_id(&[0; 32], &[1, 0], &d(1), &d(2)),
        query_id(&[0; 32], &[1], &d(2), &d(2)),
        query_id(&[0; 32], &[1], &d(1), &d(1)),
        seed_commitment(&[0; 32], &d(1)),
        seed_commitment(&[1; 32], &d(0)),
    ];
    assert!((0..all.len()).all(|i| !all[..i].contains(&all[i])));
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..30, 200u64..300, 65_000u64..66_000, any::<u64>()]
}

fn any_shape() -> impl Strategy<Value = Shape> {
    proptest::collection::vec(1u32..500, 1..5).prop_filter_map("too many elements", |dims| Shape::new(&dims).ok())
}

fn any_batch() -> impl Strategy<Value = Batch> {
    let step = (1u32..2000, 1u32..=BATCH_LIMIT, any::<u32>())
        .prop_map(|(sequences, tokens, n)| Batch::Fixed(BatchStep { sequences, tokens, position: n % sequences }));
    let schedule = (1u32..=BATCH_LIMIT, digest()).prop_map(|(steps, root)| Batch::Schedule { steps, root });
    prop_oneof![step, schedule]
}

fn any_fields() -> impl Strategy<Value = Fields> {
    let output = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..=OUTPUT_LIMIT).prop_map(Output::Inline),
        digest().prop_map(Output::Hashed)
    ];
    let operation = prop_oneof![
        Just(Operation::LayerRange),
        Just(Operation::FullForward),
        Just(Operation::Fusion),
        Just(Operation::Vote),
        Just(Operation::Continuation)
    ];
    let lane = prop_oneof![Just(Lane::Exact), Just(Lane::Residual), Just(Lane::Tolerance), Just(Lane::Replay)];
    let execution =
        (digest(), any::<u8>(), any_batch()).prop_map(|(kernel, device, batch)| Execution { kernel, device, batch });
    let parents = proptest::collection::btree_set(any::<[u8; 32]>(), 1..=PARENT_LIMIT)
        .prop_map(|set| set.into_iter().map(Digest).collect::<Vec<_>>());
    let digests = proptest::array::uniform8(digest());
    let numbers = proptest::array::uniform5(any_number());
    let layers = (any::<u16>(), 1u16..=u16::MAX);
    let trace = (1u32..60_000, 1u16..200, 1u16..100);
    (
        (lane, operation, execution, any::<bool>(), parents),
        (digests, digest(), digest()),
        numbers,
        (layers, any_shape(), any_shape(), trace, output),
    )
        .prop_map(|(kind, digests, n, (layers, input_shape, output_shape, trace, output))| {
            let (lane, operation, execution, absent, parents) = kind;
            let ([query, worker, model, spec, input, output_root, trace_root, seed], previous, _) = digests;
            let mut parents = if operation.has_parents() { parents } else { Vec::new() };
            if operation == Operation::Continuation {
                parents.truncate(1);
            }
            Fields {
                lane,
                operation,
                query,
                slot: Slot { epoch: n[0], view: n[1], seq: n[2] },
                validity: Validity { not_before: n[3], not_after: n[4] },
                worker: KeyId(worker),
                model,
                spec,
                layers: Layers { start: layers.0 % layers.1, end: layers.1 },
                input_shape,
                output_shape,
                input,
                output_root,
                trace: trace_root,
                trace_shape: TraceShape { blocks: trace.0, layers: trace.1, operations: trace.2 },
                output,
                seed,
                execution: (lane != Lane::Exact || !absent).then_some(execution),
                parents,
                previous,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is written is read as it was, and nothing else has these bytes.
    #[test]
    fn fields_come_back(fields in any_fields(), other in any_fields()) {
        let body = Body::new(&fields).unwrap();
        let again = Body::decode(body.bytes()).unwrap();
        prop_assert_eq!(again.fields(), &fields);
        prop_assert_eq!(&again, &body);
        let whole = body.clone().sign(&key(1));
        let read = Certificate::decode(&whole.encode()).unwrap();
        prop_assert_eq!(read.encode(), whole.encode());
        prop_assert_eq!(read.id(), whole.id());
        let second = Body::new(&other).unwrap();
        prop_assert_eq!(fields == other, second.bytes() == body.bytes());
        prop_assert_eq!(fields == other, second.digest() == body.digest());
    }

    /// Whatever the reader accepts, the writer makes.
    #[test]
    fn items_come_back(numbers in proptest::collection::vec(any_number(), 0..20), text in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut w = Writer::default();
        w.array(numbers.len() as u64);
        numbers.iter().for_each(|n| { w.number(*n); });
        w.bytes(&text);
        let bytes = w.finish();
        let mut r = Reader::new(Part::Envelope, &bytes);
        let count = r.array("test", 0, 20).unwrap();
        let read: Vec<u64> = (0..count).map(|_| r.number("test", u64::MAX).unwrap()).collect();
        prop_assert_eq!(read, numbers);
        prop_assert_eq!(r.bytes("test", 0, 400).unwrap(), text.as_slice());
        prop_assert_eq!(r.end(), Ok(()));
    }

    /// An envelope that was read is written as it was.
    #[test]
    fn envelopes_come_back(picks in proptest::collection::btree_set(0u64..12, 0..12), reveal in any::<bool>()) {
        let mut world = World::new();
        world.opened = picks.into_iter().collect();
        if !reveal {
            (world.seed, world.output) = (None, None);
        }
        let bytes = world.bytes();
        let e = Envelope::decode(&bytes).unwrap();
        let cells: Vec<(u64, &[u8])> = e.cells().collect();
        let proof: Vec<Digest> = e.proof().collect();
        let again = write(e.certificate(), e.log(), e.registry(), e.reveal(), &cells, &proof).unwrap();
        prop_assert_eq!(again, bytes);
    }
}
