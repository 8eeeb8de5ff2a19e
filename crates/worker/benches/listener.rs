//! What judging a block of an answer costs as the text before it grows, and what a listener keeps: the model that is built in, whose whole stream is judged from its
//! first token on. `cargo xtask bench butterfly` writes it down.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::cast_precision_loss)]

mod common;

use bfv_cert::certificate::{Lane, Slot, Validity};
use bfv_cert::digest::Digest;
use bfv_cert::registry::{Entry, Role};
use bfv_cert::sign::{Quorum, SecretKey};
use bfv_cert::{Expected, Policy};
use bfv_exact::rounding::Exact;
use bfv_ledger::{Keys, Ledger, Trust};
use bfv_model::shipped;
use bfv_model::stored::Stored;
use bfv_verify::{Case, Challenge, Listener, Secret, Subject, Terms, Verdict};
use bfv_worker::prove::{Circumstances, Prover, Question};
use bfv_worker::stream::Speaker;
use common::seconds;

/// Tokens before the blocks that are measured. The last of these end with the last position of the model.
const CONTEXTS: [usize; 4] = [1 << 10, 1 << 12, 1 << 14, (1 << 16) - MEASURED * BLOCK];
const PROMPT: usize = 512;
/// Tokens of a block that is measured, and of one that fills.
const BLOCK: usize = 16;
const FILL: usize = 256;
/// Blocks that are measured at each context, and how often each is judged.
const MEASURED: usize = 5;
const RUNS: usize = 5;
const NOW: u64 = 1_800_000_000;

fn main() {
    let Stored::Eight(model) = shipped::read().unwrap() else { panic!("it has another grid") };
    let (spec, subject) = (model.spec().clone(), Subject::new(model.clone()).unwrap());
    let prover = Prover::new(model).unwrap();
    let [authority, log, key] = [1, 2, 3].map(|n| SecretKey::from_seed(&[n; 32]));
    let folder = std::env::temp_dir().join(format!("bfv-bench-listener-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let trust = Trust { authority: authority.public(), log: log.public() };
    let mut ledger = Ledger::open(&folder.join("ledger"), trust).unwrap();
    let entry = Entry::new(&key, Role::Worker, NOW, NOW + 1000);
    ledger.register(entry, Keys { authority: &authority, log: &log }, NOW).unwrap();
    let policy = Policy {
        authority: Quorum::one(authority.public()),
        log: Quorum::one(log.public()),
        registry_max_age: 1000,
        lanes: vec![Lane::Exact],
        models: vec![*subject.root()],
        specs: vec![*subject.spec()],
        kernels: Vec::new(),
    };
    let query = Digest([9; 32]);
    let prompt: Vec<u32> = (0u32..).map(|i| 32 + i * i % 91).take(PROMPT).collect();
    let count = (1 << 16) - PROMPT + 1;
    let mut speaker = Speaker::new(&prover, &Exact, Question { query, prompt: prompt.clone(), count }, [7; 32], true);
    let secret = Secret::new(&subject, [5; 32]);
    let case = |challenge| Case {
        policy: &policy,
        expected: Expected { at: Some(NOW + 10), ..Expected::default() },
        prompt: &prompt,
        challenge,
        terms: Terms::default(),
    };
    let (mut listener, mut parent, mut seq) = (Listener::new(count), None, 0);
    let mut next = |tokens: usize| {
        let (computed, answer) = seconds(|| speaker.block(tokens).unwrap());
        let c = Circumstances {
            slot: Slot { epoch: 0, view: 0, seq },
            validity: Validity { not_before: NOW, not_after: NOW + 100 },
            previous: parent.unwrap_or(Digest::ZERO),
            execution: None,
        };
        let certificate = prover.certify_after(&answer, parent, &c, &key).unwrap();
        ledger.add(&certificate, &log, NOW + 1).unwrap();
        let (log, registry) = ledger.extract(&certificate).unwrap();
        (parent, seq) = (Some(certificate.id()), seq + 1);
        let leaves = answer.products(&spec).unwrap();
        (answer.envelope(&certificate, (&log, &registry), &leaves).unwrap(), computed)
    };
    let take = |listener: &mut Listener, bytes: &[u8], challenge| {
        let verdict = listener.take(bytes, &case(challenge), &subject);
        assert!(matches!(verdict, Verdict::Accepted(_)), "{verdict}");
    };
    let usual = Challenge::FiatShamir { repetitions: 2, tries: 60 };
    for context in CONTEXTS {
        while PROMPT + listener.tokens().len() < context {
            let left = context - PROMPT - listener.tokens().len();
            let (bytes, _) = next(left.min(FILL));
            take(&mut listener, &bytes, Challenge::Secret(&secret, 0));
        }
        // The system counts in steps of some milliseconds, so what is measured takes many of them.
        let (mut by_secret, mut by_hash, mut computed, mut size) = (0.0, 0.0, 0.0, 0);
        for _ in 0..MEASURED {
            let (bytes, time) = next(BLOCK);
            let all = |challenge| (0..RUNS).for_each(|_| take(&mut listener.clone(), &bytes, challenge));
            by_secret += seconds(|| all(Challenge::Secret(&secret, 0))).0;
            by_hash += seconds(|| all(usual)).0;
            (computed, size) = (computed + time, bytes.len());
            take(&mut listener, &bytes, Challenge::Secret(&secret, 0));
        }
        let each = |time: f64, runs: usize| time * 1e6 / (MEASURED * runs * BLOCK) as f64;
        println!(
            "| {context} | {:.0} | {:.0} | {:.0} | {} | {} |",
            each(by_secret, RUNS),
            each(by_hash, RUNS),
            each(computed, 1),
            listener.bytes(),
            size / BLOCK
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
