//! The attacks of the table that concern certificates, each by its number, with the answer that is right for it.
//! Attacks 1, 2 and 31 are in `damage.rs`, 4 and 5 also in `keys.rs`, 17, 29 and 30 in `tensors.rs`, 32 and 33 in `forms.rs`, and 37 also in
//! `trees.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::certificate::*;
use bfv_cert::digest::{Context, Digest};
use bfv_cert::freshness::{Fresh, Seen, equivocation};
use bfv_cert::log::{Inclusion, Kind, TreeHead};
use bfv_cert::registry::{Entry, Registry, Role};
use bfv_cert::sign::{KeyId, Payload, Signature};
use bfv_cert::statement::{Signed, Statement};
use bfv_cert::tensor::Shape;
use bfv_cert::{
    BindingFault, Equivocation, Expected, FreshnessFault, Malformed, Part, Refusal, SignatureFault, Undecided, admit,
    chain,
};
use common::*;

/// One attack: fields that a worker changes before it signs.
fn changed(change: impl Fn(&mut Fields)) -> World {
    let mut f = fields();
    change(&mut f);
    World::with(&f, 1)
}

fn signature(fault: SignatureFault) -> Refusal {
    Refusal::Signature(Part::Certificate, fault)
}

fn binding(fault: BindingFault) -> Refusal {
    Refusal::Binding(Part::Certificate, fault)
}

fn refuses(fields: &Fields, reason: Malformed) {
    malformed(Body::new(fields).expect_err("it is well formed"), reason);
}

#[test]
fn an_honest_envelope_is_admitted_and_says_what_it_was_not_asked() {
    let bytes = World::new().bytes();
    let a = admitted(&bytes, &expected());
    assert_eq!((a.logged(), a.at()), (LOGGED, HEAD + 10));
    let t = a.taken();
    assert_eq!((t.time, t.query, t.epoch, t.input, t.output), (false, false, false, false, false));
    assert_eq!((t.slot, t.worker, t.parents, t.log, t.registry), (true, true, true, true, true));
    let cells: Vec<_> = a.envelope().cells().map(|(i, v)| (i, v.to_vec())).collect();
    assert_eq!(cells, [0, 4, 5, 11].map(|i| (i, values()[usize::try_from(i).unwrap()].clone())));
    // The time is that of the tree head when nobody gives one.
    let a = admitted(&bytes, &Expected::default());
    assert_eq!(a.at(), HEAD);
    assert!(a.taken().time && a.taken().query);
    // Values are slices of the bytes that were given.
    let (_, value) = a.envelope().cells().nth(3).unwrap();
    assert!(bytes.as_ptr_range().contains(&value.as_ptr()));
}

#[test]
fn attack_03_signature_with_a_number_that_is_not_reduced() {
    let mut bytes = certificate().encode();
    let at = bytes.len() - 32;
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let mut carry = 0u16;
    for (i, s) in bytes[at..].iter_mut().enumerate() {
        let sum = u16::from(*s) + u16::from_str_radix(&order[2 * i..2 * i + 2], 16).unwrap() + carry;
        *s = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    let changed = Certificate::decode(&bytes).unwrap();
    assert_eq!(changed.verify(), Err(signature(SignatureFault::NotReduced)));
    let world = World { certificate: changed, ..World::new() };
    assert_eq!(world.refusal(), signature(SignatureFault::NotReduced));
}

#[test]
fn attack_04_weak_key() {
    // The neutral point: any message has the signature of that point and zero.
    let weak = KeyId(Digest(std::array::from_fn(|i| u8::from(i == 0))));
    let mut f = fields();
    f.worker = weak;
    let body = Body::new(&f).unwrap();
    let forged: [u8; 64] = std::array::from_fn(|i| u8::from(i == 0));
    let bytes = [body.bytes(), &forged].concat();
    let certificate = Certificate::decode(&bytes).unwrap();
    assert_eq!(certificate.verify(), Err(signature(SignatureFault::WeakKey)));
    // It cannot be registered either.
    let mut entry = entries().remove(0);
    (entry.key, entry.possession) = (weak, Signature(forged));
    assert_eq!(
        Registry::new(vec![entry]).err(),
        Some(Refusal::Signature(Part::RegistryEntry, SignatureFault::WeakKey))
    );
}

#[test]
fn attack_05_key_that_is_not_canonical() {
    // y = p + 3, which is another encoding of the point with y = 3.
    let encoding: [u8; 32] = std::array::from_fn(|i| match i {
        0 => 0xf0,
        31 => 0x7f,
        _ => 0xff,
    });
    let mut f = fields();
    f.worker = KeyId(Digest(encoding));
    let world = World::with(&f, 1);
    assert_eq!(world.certificate.verify(), Err(signature(SignatureFault::NotCanonicalKey)));
}

#[test]
fn attack_06_key_that_is_not_registered_or_has_another_role() {
    // Signed by a stranger in its own name, with the extract of somebody else.
    let mut f = fields();
    f.worker = id(9);
    assert_eq!(World::with(&f, 9).refusal(), signature(SignatureFault::NotRegistered));
    // A head signs what workers sign.
    f.worker = id(3);
    assert_eq!(World::with(&f, 3).refusal(), signature(SignatureFault::NotRegistered));
    // Also when it brings its own entry, which is of another role.
    let (log, mut registry) = World::with(&f, 3).extract();
    registry.opening = Registry::new(entries()).unwrap().open(id(3), Role::Head).unwrap();
    let refusal = refused(&World::with(&f, 3).bytes_with(&log, &registry), &expected());
    assert_eq!(refusal, signature(SignatureFault::NotRegistered));
    // Another worker signs in the name of the first.
    assert_eq!(World::with(&fields(), 2).refusal(), signature(SignatureFault::Wrong));
    // The stranger brings an entry of a registry of its own under the honest head.
    f.worker = id(9);
    let world = World::with(&f, 9);
    let (log, mut registry) = world.extract();
    registry.opening = Registry::new(vec![Entry::new(&key(9), Role::Worker, LOGGED - 9, LOGGED + 9)])
        .unwrap()
        .open(id(9), Role::Worker)
        .unwrap();
    let refusal = refused(&world.bytes_with(&log, &registry), &expected());
    assert_eq!(refusal, Refusal::Signature(Part::RegistryEntry, SignatureFault::NotRegistered));
    // And a head that it signed itself.
    let own = Registry::new(vec![Entry::new(&key(9), Role::Worker, LOGGED - 9, LOGGED + 9)]).unwrap();
    let head = own.head(LOGGED - 50);
    registry.head = Signed::new(head, vec![head.sign(&key(9))]);
    let refusal = refused(&world.bytes_with(&log, &registry), &expected());
    assert_eq!(refusal, Refusal::Signature(Part::RegistryHead, SignatureFault::UnknownSigner));
}

#[test]
fn attack_07_question_that_was_assigned_to_another_worker() {
    let mut f = fields();
    f.worker = id(2);
    let world = World::with(&f, 2);
    let assigned = [id(1)];
    let e = Expected { workers: Some(&assigned), ..expected() };
    assert_eq!(refused(&world.bytes(), &e), binding(BindingFault::NotAssigned));
    admitted(&World::new().bytes(), &e);
}

#[test]
fn attack_08_key_that_is_revoked_expired_or_not_valid_yet() {
    let with = |change: fn(&mut Entry)| {
        let mut entries = entries();
        change(&mut entries[0]);
        World { entries, ..World::new() }
    };
    for (at, refused) in [(LOGGED - 1, true), (LOGGED, true), (LOGGED + 1, false)] {
        let mut entries = entries();
        entries[0].revoked_at = Some(at);
        let bytes = World { entries, ..World::new() }.bytes();
        let found = admit(&bytes, &policy(), &expected()).err();
        assert_eq!(found, refused.then_some(signature(SignatureFault::Revoked)), "revoked at {at}");
    }
    let expired = with(|e| *e = Entry::new(&key(1), Role::Worker, 0, LOGGED - 1));
    assert_eq!(expired.refusal(), signature(SignatureFault::Expired));
    let early = with(|e| *e = Entry::new(&key(1), Role::Worker, LOGGED + 1, LOGGED + 9));
    assert_eq!(early.refusal(), signature(SignatureFault::NotYetValid));
}

/// A log that helps the holder of a revoked key and dates its certificate back: the registry that revokes the key stands before it.
#[test]
fn attack_08_certificate_that_the_log_dates_back() {
    let mut world = World { registry_time: LOGGED + 20, ..World::new() };
    world.entries[0].revoked_at = Some(LOGGED + 10);
    let (mut log, registry) = world.extract();
    let leaf = |kind, time, id| bfv_cert::log::Entry { kind, time, id }.leaf();
    let revoking = leaf(Kind::RegistryHead, LOGGED + 20, registry.head.head.id());
    let late = leaf(Kind::Certificate, LOGGED, world.certificate.id());
    let mut judge = |first: Digest, second: Digest, certificate: u64| {
        let text = [&[1], &first.0[..], &second.0].concat();
        let root = Digest(blake3::derive_key(Context::LogNode.string(), &text));
        let head = TreeHead { size: 2, time: HEAD, root };
        log.head = Signed::new(head, [11, 12].map(|n| head.sign(&key(n))).to_vec());
        log.registry = Inclusion { index: 1 - certificate, time: LOGGED + 20, proof: vec![late] };
        log.certificate = Inclusion { index: certificate, time: LOGGED, proof: vec![revoking] };
        admit(&world.bytes_with(&log, &registry), &policy(), &expected()).err()
    };
    assert_eq!(judge(late, revoking, 0), None, "a certificate from before the revocation");
    let disordered = Refusal::Freshness(FreshnessFault::LogDisordered(LOGGED));
    assert_eq!(judge(revoking, late, 1), Some(disordered));
}

#[test]
fn attack_09_old_registry_head_and_logs_that_do_not_grow() {
    let old = World { registry_time: HEAD + 10 - 601, ..World::new() };
    let refusal = Refusal::Freshness(FreshnessFault::RegistryTooOld(601, 600));
    assert_eq!(old.refusal(), refusal);
    let e = Expected { last_registry: Some(LOGGED), ..expected() };
    let rollback = Refusal::Freshness(FreshnessFault::RegistryRollback(LOGGED));
    assert_eq!(refused(&World::new().bytes(), &e), rollback);
    // A registry head that claims to be younger than its place in the log.
    let young = World { registry_time: LOGGED + 1, ..World::new() };
    assert_eq!(young.refusal(), Refusal::Freshness(FreshnessFault::RegistryAhead(LOGGED + 1)));

    let bytes = World::new().bytes();
    let head = World::new().extract().0.head.head;
    let check = |last: &TreeHead, proof: &[Digest]| {
        admit(&bytes, &policy(), &Expected { last_log: Some((*last, proof)), ..expected() }).err()
    };
    assert_eq!(check(&head, &[]), None);
    let larger = TreeHead { size: 5, ..head };
    assert_eq!(check(&larger, &[]), Some(Refusal::Freshness(FreshnessFault::LogRollback(4))));
    let fork = TreeHead { root: d(66), ..head };
    assert_eq!(check(&fork, &[]), Some(Refusal::Equivocation(Equivocation::Log(4, d(66), head.root))));
    let other = TreeHead { size: 3, root: d(66), time: 5 };
    assert_eq!(check(&other, &[d(1), d(2)]), Some(Refusal::Freshness(FreshnessFault::LogInconsistent)));
}

#[test]
fn attack_10_replay_for_another_question() {
    let fresh = Fresh { query: Some(d(77)), ..expected().fresh };
    let refusal = refused(&World::new().bytes(), &Expected { fresh, ..expected() });
    assert_eq!(refusal, Refusal::Freshness(FreshnessFault::Query(fields().query)));
    let fresh = Fresh { epochs: Some((41, 50)), ..expected().fresh };
    let refusal = refused(&World::new().bytes(), &Expected { fresh, ..expected() });
    assert_eq!(refusal, Refusal::Freshness(FreshnessFault::Epoch(40)));
}

struct Book(Vec<(KeyId, Slot, Digest)>);

impl Seen for Book {
    fn slot(&self, worker: &KeyId, slot: &Slot) -> Option<Digest> {
        self.0.iter().find(|(w, s, _)| w == worker && s == slot).map(|(_, _, d)| *d)
    }
}

#[test]
fn attack_11_slot_that_was_used() {
    let bytes = World::new().bytes();
    let body = certificate().body().digest();
    let check = |book: Book| {
        let fresh = Fresh { seen: Some(&book), ..expected().fresh };
        admit(&bytes, &policy(), &Expected { fresh, ..expected() }).err()
    };
    let slot = fields().slot;
    assert_eq!(check(Book(vec![(id(1), slot, body)])), Some(Refusal::Freshness(FreshnessFault::SlotUsed(body))));
    let two = Refusal::Equivocation(Equivocation::Slot(d(8), body));
    assert_eq!(check(Book(vec![(id(1), slot, d(8))])), Some(two));
    let next = Slot { seq: slot.seq + 1, ..slot };
    assert_eq!(check(Book(vec![(id(2), slot, body), (id(1), next, body)])), None);
}

#[test]
fn attack_11_evidence_of_two_certificates_for_one_slot() {
    let sign = |change: fn(&mut Fields), by| {
        let mut f = fields();
        change(&mut f);
        Body::new(&f).unwrap().sign(&key(by))
    };
    let (a, b) = (certificate(), sign(|f| f.output = Output::Inline(b"no".to_vec()), 1));
    let found = equivocation(&a, &b).unwrap();
    assert_eq!(found, Some(Equivocation::Slot(a.body().digest(), b.body().digest())));
    let fork = sign(|f| f.slot.seq += 1, 1);
    let found = equivocation(&a, &fork).unwrap();
    assert_eq!(found, Some(Equivocation::Previous(a.body().digest(), fork.body().digest())));
    assert_eq!(equivocation(&a, &a), Ok(None));
    let honest = sign(|f| (f.slot.seq, f.previous) = (f.slot.seq + 1, certificate().id()), 1);
    assert_eq!(equivocation(&a, &honest), Ok(None));
    // Nobody is accused by what another signed.
    let framed = sign(|f| f.output = Output::Inline(b"no".to_vec()), 2);
    assert_eq!(equivocation(&a, &framed), Err(signature(SignatureFault::Wrong)));
}

#[test]
fn attack_12_times_that_are_backwards_too_far_apart_or_missed() {
    let fault = |world: World, fault| assert_eq!(world.refusal(), Refusal::Freshness(fault));
    let times = |from, to| changed(move |f| f.validity = Validity { not_before: from, not_after: to });
    fault(times(LOGGED + 1, LOGGED), FreshnessFault::Backwards(LOGGED + 1, LOGGED));
    fault(times(LOGGED - 1, LOGGED + 300), FreshnessFault::Span(301, 300));
    fault(times(0, u64::MAX), FreshnessFault::Span(u64::MAX, 300));
    fault(times(LOGGED + 1, LOGGED + 9), FreshnessFault::LoggedOutside(LOGGED));
    fault(times(LOGGED - 9, LOGGED - 1), FreshnessFault::LoggedOutside(LOGGED));
    admitted(&times(LOGGED, LOGGED + 300).bytes(), &expected());
    admitted(&times(LOGGED, LOGGED).bytes(), &expected());
    // The log gives a time that is later than its own head.
    fault(World { head_time: LOGGED - 1, ..World::new() }, FreshnessFault::LoggedLater(LOGGED));
}

#[test]
fn attack_13_clock_of_the_verifier_that_was_set_back() {
    let e = Expected { at: Some(HEAD - 1), ..expected() };
    let refusal = refused(&World::new().bytes(), &e);
    assert_eq!(refusal, Refusal::Undecided(Undecided::ClockBehind(HEAD, HEAD - 1)));
    admitted(&World::new().bytes(), &Expected { at: Some(HEAD), ..expected() });
}

#[test]
fn attack_14_another_model_specification_lane_kernel_or_input() {
    let other = |what, n| binding(BindingFault::Other(what, d(n)));
    assert_eq!(changed(|f| f.model = d(50)).refusal(), other("model", 50));
    assert_eq!(changed(|f| f.spec = d(51)).refusal(), other("specification", 51));
    assert_eq!(changed(|f| f.input = d(52)).refusal(), other("input", 52));
    assert_eq!(changed(|f| f.lane = Lane::Tolerance).refusal(), binding(BindingFault::Lane));
    // In a lane of floats the kernel is bound, in the exact one it is not.
    let foreign = |lane| {
        changed(move |f| {
            f.lane = lane;
            f.execution = f.execution.map(|e| Execution { kernel: d(53), ..e });
        })
    };
    let floats = bfv_cert::Policy { lanes: vec![Lane::Residual, Lane::Tolerance], ..policy() };
    for lane in [Lane::Residual, Lane::Tolerance] {
        assert_eq!(admit(&foreign(lane).bytes(), &floats, &expected()).err(), Some(other("kernel", 53)));
        // A kernel may compute in another way on another device.
        let moved = changed(|f| {
            f.lane = lane;
            f.execution = f.execution.map(|e| Execution { device: 4, ..e });
        });
        assert_eq!(admit(&moved.bytes(), &floats, &expected()).err(), Some(binding(BindingFault::Device(4))));
        let own = changed(|f| f.lane = lane);
        assert_eq!(admit(&own.bytes(), &floats, &expected()).err(), None);
    }
    admitted(&foreign(Lane::Exact).bytes(), &expected());
}

#[test]
fn attack_18_stages_that_do_not_follow_on_each_other() {
    let stage = |start, change: fn(&mut Fields)| {
        let mut f = fields();
        f.operation = Operation::LayerRange;
        f.layers = Layers { start, end: start + 3 };
        f.output_shape = f.input_shape;
        f.output_root = f.input;
        change(&mut f);
        Body::new(&f).unwrap()
    };
    let (a, b, c) = (stage(0, |_| ()), stage(3, |_| ()), stage(6, |_| ()));
    chain(&[&a, &b, &c]).unwrap();
    chain(&[&a]).unwrap();
    let fault = |stages: &[&Body], what, i| {
        assert_eq!(chain(stages), Err(binding(BindingFault::Chain(what, i))));
    };
    fault(&[&a, &c], "layers", 1);
    fault(&[&a, &b, &b], "layers", 2);
    fault(&[&b, &a], "layers", 1);
    fault(&[&a, &stage(3, |f| f.input = d(9))], "values", 1);
    fault(&[&a, &stage(3, |f| f.model = d(9))], "model", 1);
    fault(&[&a, &stage(3, |f| f.spec = d(9))], "specification", 1);
    fault(&[&a, &stage(3, |f| f.query = d(9))], "question", 1);
    fault(&[&a, &stage(3, |f| f.output = Output::Inline(vec![9]))], "answer", 1);
    fault(&[&a, &stage(3, |f| f.output = Output::Hashed(d(9)))], "answer", 1);
    fault(&[&a, &stage(3, |f| f.input_shape = Shape::new(&[4, 2]).unwrap())], "shape", 1);
}

/// A change of any field gives other numbers to the judge, as does what became known later.
#[test]
fn attack_22_every_field_is_absorbed_by_the_challenge() {
    let changes: [fn(&mut Fields); 30] = [
        |_| (),
        |f| f.lane = Lane::Residual,
        |f| f.operation = Operation::LayerRange,
        |f| f.query = d(60),
        |f| f.slot.epoch += 1,
        |f| f.slot.view += 1,
        |f| f.slot.seq += 1,
        |f| f.validity.not_before += 1,
        |f| f.validity.not_after += 1,
        |f| f.worker = id(2),
        |f| f.model = d(60),
        |f| f.spec = d(60),
        |f| f.layers.end += 1,
        |f| f.input_shape = Shape::new(&[8, 1]).unwrap(),
        |f| f.output_shape = Shape::new(&[8, 1]).unwrap(),
        |f| f.input = d(60),
        |f| f.output_root = d(60),
        |f| f.trace = d(60),
        |f| f.trace_shape = TraceShape { blocks: 3, layers: 2, operations: 2 },
        |f| f.output = Output::Inline(Vec::new()),
        |f| f.seed = d(60),
        |f| f.execution = None,
        |f| f.execution = f.execution.map(|e| Execution { kernel: d(60), ..e }),
        |f| f.execution = f.execution.map(|e| Execution { device: 9, ..e }),
        |f| {
            let batch = Batch::Fixed(BatchStep { sequences: 8, tokens: 8, position: 6 });
            f.execution = f.execution.map(|e| Execution { batch, ..e });
        },
        |f| {
            let batch = Batch::Schedule { steps: 3, root: d(60) };
            f.execution = f.execution.map(|e| Execution { batch, ..e });
        },
        |f| (f.operation, f.parents) = (Operation::Fusion, vec![d(60)]),
        |f| (f.operation, f.parents) = (Operation::Continuation, vec![d(60)]),
        |f| (f.operation, f.parents) = (Operation::Continuation, vec![d(61)]),
        |f| f.previous = d(60),
    ];
    let challenge = |change: fn(&mut Fields), entropy| {
        let mut f = fields();
        change(&mut f);
        Body::new(&f).unwrap().challenge(entropy)
    };
    let mut all: Vec<Digest> = changes.iter().map(|c| challenge(*c, b"beacon")).collect();
    all.extend(changes.iter().map(|c| challenge(*c, b"")));
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

/// Fields that contradict each other or are out of range.
#[test]
fn attack_30_fields_that_contradict_each_other() {
    let with = |change: fn(&mut Fields)| {
        let mut f = fields();
        change(&mut f);
        f
    };
    refuses(&with(|f| f.layers = Layers { start: 3, end: 3 }), Malformed::Range(3));
    let lane = Malformed::Contradicts("the lane, which is one of floats");
    refuses(&with(|f| (f.lane, f.execution) = (Lane::Tolerance, None)), lane);
    let operation = Malformed::Contradicts("the operation");
    refuses(&with(|f| f.operation = Operation::Fusion), operation);
    refuses(&with(|f| f.parents = vec![d(1)]), operation);
    // A block continues one other, not none and not two.
    refuses(&with(|f| f.operation = Operation::Continuation), operation);
    refuses(&with(|f| (f.operation, f.parents) = (Operation::Continuation, vec![d(1), d(2)])), operation);
    for step in [(0, 1, 0), (8, 0, 0), (8, 8, 8), ((1 << 24) + 1, 8, 0)] {
        let mut f = fields();
        let (sequences, tokens, position) = step;
        let batch = Batch::Fixed(BatchStep { sequences, tokens, position });
        f.execution = f.execution.map(|e| Execution { batch, ..e });
        refuses(&f, Malformed::Range(position.into()));
    }
    let schedule = |f: &mut Fields| {
        let batch = Batch::Schedule { steps: 0, root: d(1) };
        f.execution = f.execution.map(|e| Execution { batch, ..e });
    };
    refuses(&with(schedule), Malformed::Range(0));
}

/// The key signs the very bytes of a body, as something else.
#[test]
fn attack_34_signature_for_another_purpose() {
    let body = Body::new(&fields()).unwrap();
    for payload in Payload::ALL {
        let signature = key(1).sign(payload, body.bytes());
        let certificate = Certificate::decode(&[body.bytes(), &signature.0].concat()).unwrap();
        let good = payload == Payload::Certificate;
        assert_eq!(certificate.verify().is_ok(), good, "{payload:?}");
        let world = World { certificate, ..World::new() };
        assert_eq!(admit(&world.bytes(), &policy(), &expected()).is_ok(), good);
    }
    // Nor does the text of the encoding let one body stand for another: type and body are counted.
    let message = Payload::TreeHead.message(b"ab");
    assert_eq!(message, b"BFC1-sig\0DSSEv1 31 application/vnd.bfv.log.v1+cbor 2 ab");
    // A plain signature of the body without any encoding.
    let raw = ed25519_dalek::Signer::sign(&ed25519_dalek::SigningKey::from_bytes(&[1; 32]), body.bytes());
    let certificate = Certificate::decode(&[body.bytes(), &raw.to_bytes()].concat()).unwrap();
    assert_eq!(certificate.verify(), Err(signature(SignatureFault::Wrong)));
}

#[test]
fn attack_35_36_unknown_versions_lanes_and_operations() {
    let bytes = certificate().encode();
    // 91 82 44 "BFC1" 01: the version is byte 7, the lane byte 9, the operation byte 10.
    assert_eq!(&bytes[..11], b"\x91\x82\x44BFC1\x01\x82\x00\x01");
    let at = |offset: usize, new: &[u8]| {
        Certificate::decode(&[&bytes[..offset], new, &bytes[offset + 1..]].concat()).expect_err("it was read")
    };
    for (form, version) in
        [(&[0][..], 0), (&[2], 2), (&[0x18, 255], 255), (&[0x1b, 255, 0, 0, 0, 0, 0, 0, 0], 255 << 56)]
    {
        malformed(at(7, form), Malformed::Version(version));
    }
    malformed(at(9, &[4]), Malformed::Code(4));
    malformed(at(10, &[5]), Malformed::Code(5));
    malformed(at(3, b"C"), Malformed::Magic);
    // There is one suite of algorithms, so there is no field in which one could be named; a longer version is none.
    malformed(at(1, &[0x83]), Malformed::TooLarge(3, 2));
}

#[test]
fn attack_37_openings_of_other_leaves() {
    let world = World::new();
    let whole = world.bytes();
    let f = fields();
    // The worker lies about the number of leaves: the same trace, other numbers.
    for shape in [(1, 3, 4), (4, 3, 2), (3, 2, 2)] {
        let lie = changed(|f| {
            f.trace_shape = TraceShape { blocks: shape.0, layers: shape.1, operations: shape.2 };
        });
        let found = admit(&lie.bytes(), &policy(), &expected()).err();
        if shape.0 * u32::from(shape.1) * u32::from(shape.2) == 12 {
            assert_eq!(found, None, "how leaves are counted is for the judge, who knows the specification");
        } else {
            assert!(matches!(found, Some(Refusal::Binding(Part::Trace, _))), "{shape:?}: {found:?}");
        }
    }
    // Values under other indices: one that has the same siblings, others that do not, and others that do not ascend or are too large.
    let (of_4, of_11) = ([0x82, 4, 0x58, 200], [0x82, 11, 0x59, 2]);
    for (cell, index, fault) in [
        (of_11, 10, BindingFault::Root),
        (of_11, 9, BindingFault::Root),
        (of_4, 3, BindingFault::ProofLength),
        (of_4, 5, BindingFault::Index(5)),
        (of_4, 0, BindingFault::Index(0)),
        (of_11, 12, BindingFault::Index(12)),
    ] {
        let at = whole.windows(4).position(|w| w == cell).unwrap();
        let mut moved = whole.clone();
        moved[at + 1] = index;
        assert_eq!(refused(&moved, &expected()), Refusal::Binding(Part::Trace, fault), "{index}");
    }
    assert_eq!(f.trace_shape.leaf(1, 2, 1), Some(11));
    assert_eq!([f.trace_shape.leaf(2, 0, 0), f.trace_shape.leaf(0, 3, 0), f.trace_shape.leaf(0, 0, 2)], [None; 3]);
    // Seeds and outputs that are not those of the commitments.
    let seed = World { seed: Some([8; 32]), ..World::new() };
    assert_eq!(seed.refusal(), binding(BindingFault::Reveal("seed")));
    let output = World { output: Some(b"another"), ..World::new() };
    assert_eq!(output.refusal(), binding(BindingFault::Reveal("output")));
    let e = Expected { output: Some(b"another"), ..expected() };
    assert_eq!(refused(&World { output: None, ..World::new() }.bytes(), &e), binding(BindingFault::Reveal("output")));
}

#[test]
fn attack_42_parents_that_are_missing_or_stand_twice() {
    let mut f = fields();
    (f.operation, f.worker) = (Operation::Fusion, id(3));
    let with = |parents: Vec<Digest>| Fields { parents, ..f.clone() };
    refuses(&with(vec![d(2), d(2)]), Malformed::Order);
    refuses(&with(vec![d(3), d(2)]), Malformed::Order);
    refuses(&with((0..65).map(d).collect()), Malformed::TooLarge(65, 64));
    assert!(Body::new(&with((0..64).map(d).collect())).is_ok());
    let assigned = [d(2), d(3), d(4)];
    let e = Expected { parents: Some(&assigned), ..expected() };
    let judge = |parents| admit(&World::with(&with(parents), 3).bytes(), &policy(), &e).err();
    assert_eq!(judge(assigned.to_vec()), None);
    assert_eq!(judge(vec![d(2), d(4)]), Some(binding(BindingFault::Count(3, 2))));
    assert_eq!(judge(vec![d(2), d(4), d(5)]), Some(binding(BindingFault::Other("parent", d(5)))));
}

/// Where several things are wrong, the cheapest is noticed, so an attacker pays more than the verifier.
#[test]
fn attack_46_checks_are_made_in_the_order_of_their_cost() {
    // Everything at once: unregistered, wrong signature, unlogged, stale, another model, a wrong opening.
    let mut f = fields();
    (f.worker, f.model, f.query) = (id(9), d(50), d(51));
    f.validity.not_after = 0;
    let mut world = World::with(&f, 8);
    world.seed = Some([9; 32]);
    let mut bytes = world.bytes();
    let mut broken = bytes.clone();
    broken.push(0);
    malformed(refused(&broken, &expected()), Malformed::Trailing(1));
    // The key of the worker is unknown, which costs no cryptography at all.
    assert_eq!(refused(&bytes, &expected()), signature(SignatureFault::NotRegistered));
    // Registered, the signature is next.
    f.worker = id(1);
    let mut world = World { seed: Some([9; 32]), ..World::with(&f, 8) };
    bytes = world.bytes();
    assert_eq!(refused(&bytes, &expected()), signature(SignatureFault::Wrong));
    // With a good one, freshness.
    world = World { seed: Some([9; 32]), ..World::with(&f, 1) };
    let backwards = FreshnessFault::Backwards(f.validity.not_before, 0);
    assert_eq!(world.refusal(), Refusal::Freshness(backwards));
    // When that is right, what belongs together, and last what is opened.
    (f.validity, f.query) = (fields().validity, fields().query);
    world = World { seed: Some([9; 32]), ..World::with(&f, 1) };
    assert_eq!(world.refusal(), binding(BindingFault::Other("model", d(50))));
    f.model = d(20);
    world = World { seed: Some([9; 32]), ..World::with(&f, 1) };
    assert_eq!(world.refusal(), binding(BindingFault::Reveal("seed")));
}
