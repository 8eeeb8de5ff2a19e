//! A small world: keys, a registry, a log, a trace, and honest certificates in it.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_cert::certificate::*;
use bfv_cert::digest::{Digest, output_digest, query_id, seed_commitment};
use bfv_cert::envelope::{LogExtract, RegistryExtract, Reveal, write};
use bfv_cert::freshness::Fresh;
use bfv_cert::log::{Entry as LogEntry, Inclusion, Kind, Log, TreeHead};
use bfv_cert::merkle::{Builder, Tree};
use bfv_cert::registry::{Entry, Registry, Role};
use bfv_cert::sign::{KeyId, Quorum, SecretKey};
use bfv_cert::statement::{Signed, Statement};
use bfv_cert::tensor::{Dtype, Scale, Shape, activation};
use bfv_cert::{Admitted, Class, Expected, Malformed, Policy, Refusal, admit};

/// When certificates are logged.
pub const LOGGED: u64 = 1_800_000_100;
/// When the tree head is signed.
pub const HEAD: u64 = LOGGED + 30;
pub const OUTPUT: &[u8] = b"an answer of some tokens";
pub const SEED: [u8; 32] = [7; 32];

pub fn d(n: u8) -> Digest {
    Digest([n; 32])
}

pub fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

pub fn id(n: u8) -> KeyId {
    key(n).public().id()
}

/// Key 1 is a worker, 2 another, 3 a head; 10 is the authority, 11 to 13 sign the log, of which two must.
pub fn entries() -> Vec<Entry> {
    let new = |n, role| Entry::new(&key(n), role, LOGGED - 1000, LOGGED + 1000);
    vec![new(1, Role::Worker), new(2, Role::Worker), new(3, Role::Head)]
}

pub fn policy() -> Policy {
    Policy {
        authority: Quorum::one(key(10).public()),
        log: Quorum::new((11..14).map(|n| key(n).public()).collect(), 2).unwrap(),
        registry_max_age: 600,
        lanes: vec![Lane::Exact],
        models: vec![d(20)],
        specs: vec![d(21)],
        kernels: vec![bfv_cert::Kernel { hash: d(22), device: 3, roundoff: bfv_cert::Roundoff::Single }],
    }
}

/// The values of the trace: two blocks, three layers, two operations.
pub fn values() -> Vec<Vec<u8>> {
    (0..12u8).map(|i| vec![i; usize::from(i) * 50]).collect()
}

pub fn trace() -> Tree {
    let mut builder = Builder::new();
    values().iter().for_each(|v| builder.push(trace_content(v)));
    builder.finish().unwrap()
}

pub fn input() -> Digest {
    let shape = Shape::new(&[2, 4]).unwrap();
    activation(Dtype::I16, &shape, Scale::new(-7).unwrap(), &[3; 16]).unwrap()
}

/// An honest certificate of worker 1, with its output by hash and without parents.
pub fn fields() -> Fields {
    let query = query_id(&[5; 32], &[1, 2, 3], &d(30), &d(31));
    Fields {
        lane: Lane::Exact,
        operation: Operation::FullForward,
        query,
        slot: Slot { epoch: 40, view: 2, seq: 900 },
        validity: Validity { not_before: LOGGED - 100, not_after: LOGGED + 100 },
        worker: id(1),
        model: d(20),
        spec: d(21),
        layers: Layers { start: 0, end: 3 },
        input_shape: Shape::new(&[2, 4]).unwrap(),
        output_shape: Shape::new(&[2, 300]).unwrap(),
        input: input(),
        output_root: d(25),
        trace: trace().root(),
        trace_shape: TraceShape { blocks: 2, layers: 3, operations: 2 },
        output: Output::Hashed(output_digest(OUTPUT)),
        seed: seed_commitment(&SEED, &query),
        execution: Some(Execution {
            kernel: d(22),
            device: 3,
            batch: Batch::Fixed(BatchStep { sequences: 8, tokens: 8, position: 5 }),
        }),
        parents: Vec::new(),
        previous: Digest::ZERO,
    }
}

pub fn certificate() -> Certificate {
    Body::new(&fields()).unwrap().sign(&key(1))
}

/// All that an envelope is made of, so that a test can change any of it.
pub struct World {
    pub entries: Vec<Entry>,
    pub registry_time: u64,
    pub logged: u64,
    pub head_time: u64,
    pub certificate: Certificate,
    pub opened: Vec<u64>,
    pub seed: Option<[u8; 32]>,
    pub output: Option<&'static [u8]>,
}

impl World {
    pub fn new() -> World {
        World {
            entries: entries(),
            registry_time: LOGGED - 50,
            logged: LOGGED,
            head_time: HEAD,
            certificate: certificate(),
            opened: vec![0, 4, 5, 11],
            seed: Some(SEED),
            output: Some(OUTPUT),
        }
    }

    /// A certificate of these fields, signed by this key.
    pub fn with(fields: &Fields, by: u8) -> World {
        World { certificate: Body::new(fields).unwrap().sign(&key(by)), ..World::new() }
    }

    /// A log with other entries before and after.
    pub fn extract(&self) -> (LogExtract, RegistryExtract) {
        let registry = Registry::new(self.entries.clone()).unwrap();
        let head = registry.head(self.registry_time);
        let mut log = Log::default();
        let other = |n, time| LogEntry { kind: Kind::Certificate, time, id: d(n) };
        log.append(&other(90, 5)).unwrap();
        let mut append = |kind, time, id| (log.append(&LogEntry { kind, time, id }).unwrap(), time);
        let registry_at = append(Kind::RegistryHead, self.registry_time.min(self.logged), head.id());
        let certificate_at = append(Kind::Certificate, self.logged, self.certificate.id());
        log.append(&other(91, self.logged)).unwrap();
        let size = 4;
        let place = |(index, time)| Inclusion { index, time, proof: log.inclusion(index, size).unwrap() };
        let tree_head = log.head(self.head_time.max(self.logged)).unwrap();
        let tree_head = TreeHead { time: self.head_time, ..tree_head };
        let signatures = [11, 12].map(|n| tree_head.sign(&key(n))).to_vec();
        let worker = self.certificate.fields();
        let opening = registry
            .open(worker.worker, worker.operation.role())
            .or_else(|| registry.open(id(1), Role::Worker))
            .unwrap();
        let log = LogExtract {
            head: Signed::new(tree_head, signatures),
            certificate: place(certificate_at),
            registry: place(registry_at),
        };
        let signed = Signed::new(head, vec![head.sign(&key(10))]);
        (log, RegistryExtract { head: signed, opening })
    }

    pub fn bytes(&self) -> Vec<u8> {
        let (log, registry) = self.extract();
        self.bytes_with(&log, &registry)
    }

    pub fn reveal(&self) -> Reveal<'static> {
        Reveal { seed: self.seed, output: self.output }
    }

    pub fn bytes_with(&self, log: &LogExtract, registry: &RegistryExtract) -> Vec<u8> {
        let values = values();
        let cells: Vec<(u64, &[u8])> =
            self.opened.iter().map(|i| (*i, values[usize::try_from(*i).unwrap()].as_slice())).collect();
        let proof = if cells.is_empty() { Vec::new() } else { trace().open(&self.opened).unwrap() };
        write(&self.certificate, log, registry, &self.reveal(), &cells, &proof).unwrap()
    }

    /// What is answered when the question is asked that this certificate is for.
    pub fn refusal(&self) -> Refusal {
        refused(&self.bytes(), &expected())
    }
}

/// What the client of [`fields`] expects.
pub fn expected() -> Expected<'static> {
    let fresh = Fresh { query: Some(fields().query), epochs: Some((40, 40)), seen: None };
    Expected { at: Some(HEAD + 10), fresh, input: Some(input()), output: Some(OUTPUT), ..Expected::default() }
}

pub fn admitted<'a>(bytes: &'a [u8], expected: &Expected<'_>) -> Admitted<'a> {
    admit(bytes, &policy(), expected).unwrap()
}

pub fn refused(bytes: &[u8], expected: &Expected<'_>) -> Refusal {
    let refusal = admit(bytes, &policy(), expected).expect_err("it was admitted");
    let text = refusal.to_string();
    assert!(text.split(' ').count() <= 20 && text.is_ascii() && text.ends_with('.'), "{text}");
    refusal
}

/// Numbers that look random, the same in every run (xorshift64*).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }
}

/// One flipped bit.
pub fn flip(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[bit / 8] ^= 1 << (bit % 8);
    changed
}

/// Whether a refusal is of malformed bytes, for this reason.
pub fn malformed(refusal: Refusal, reason: Malformed) {
    assert!(matches!(refusal, Refusal::Malformed(_, found) if found == reason), "{refusal}, not {reason}");
}

pub fn class(refusal: Refusal) -> Class {
    refusal.class()
}
