//! Audits of a log after the fact: certificates were logged, the log signed a head, and a beacon became known then. The real program names those that fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

#[path = "project/folder.rs"]
mod folder;
#[path = "../crates/exact/tests/common/mod.rs"]
mod random;
#[path = "inference/world.rs"]
#[allow(dead_code)]
mod world;

use bfv_cert::certificate::{Batch, BatchStep, Execution, Slot, Validity};
use bfv_cert::digest::{Digest, query_id};
use bfv_exact::commit::Layout;
use bfv_exact::forward::Op;
use bfv_ledger::Ledger;
use bfv_model::stored::{SPEC_FILE, WEIGHTS_FILE, weights_file};
use bfv_worker::prove::{Circumstances, Prover, Question};
use folder::Folder;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use world::{Made, START, draft, honest, key, prover, weights};

/// Certificates in the log, and how many of them are forged.
const LOGGED: usize = 1_000;
const FORGED: usize = 10;
/// Tokens of an answer.
const COUNT: usize = 2;
const PROMPT: [u32; 3] = [7, 21, 4];
/// When all was logged, and when the beacon became known.
const DRAWN: u64 = START + 61;
const BEACON: Digest = Digest([0xb7; 32]);

fn query(i: usize) -> Digest {
    let mut nonce = [0; 32];
    nonce[..8].copy_from_slice(&(i as u64).to_le_bytes());
    query_id(&nonce, &PROMPT, &Digest([1; 32]), &Digest([2; 32]))
}

/// An answer by a model, which claims to be that for law.
fn answer(run: &Prover<i8>, claimed: &Prover<i8>, i: usize) -> Made {
    let seed = [i as u8; 32];
    let question = Question { query: query(i), prompt: PROMPT.to_vec(), count: COUNT };
    let made = run.answer(question, seed, true).unwrap();
    let circumstances = Circumstances {
        slot: Slot { epoch: 1, view: 0, seq: i as u64 },
        validity: Validity { not_before: START, not_after: START + 300 },
        previous: Digest::ZERO,
        // In the exact lane kernels are named for information: an answer is judged by its numbers alone, whoever computed them.
        execution: i.is_multiple_of(2).then_some(Execution {
            kernel: Digest([9; 32]),
            device: 80,
            batch: Batch::Fixed(BatchStep { sequences: 1, tokens: 1, position: 0 }),
        }),
    };
    let mut fields = run.certify(&made, &circumstances, &key("law")).unwrap().fields().clone();
    (fields.model, fields.spec) = (claimed.model_root(), claimed.spec_root());
    let output = bfv_exact::commit::token_bytes(made.tokens());
    let opened = made.products(claimed.model().spec()).unwrap();
    Made { fields, cells: made.committed().cells.clone(), output, seed: Some(seed), opened, signer: "law" }
}

/// A lie of one of three kinds: another model, a changed product, other tokens.
fn forged(honest: &Prover<i8>, other: &Prover<i8>, i: usize) -> Made {
    let own = answer(honest, honest, i);
    match i % 3 {
        0 => answer(other, honest, i),
        1 => {
            let layout = Layout::new(honest.model().spec(), PROMPT.len(), COUNT).unwrap();
            own.change(&layout, 1, 2, Op::UpSums, |cell| cell[5] ^= 1)
        }
        _ => {
            let said: Vec<u32> = own.tokens().iter().map(|t| (*t as u32 + 1) % 32).collect();
            own.say(&said)
        }
    }
}

struct Epoch {
    folder: Folder,
    envelopes: Vec<Vec<u8>>,
    root: Digest,
}

/// A folder with a ledger of so many certificates, of which those with these numbers are forged, and their envelopes as they were when each was logged.
fn epoch(name: &str, logged: usize, lies: &BTreeSet<usize>) -> Epoch {
    let folder = Folder::new(name);
    let (law, other) = (honest("law"), prover(draft("law"), weights("code")));
    let models = folder.0.join("models/law");
    std::fs::create_dir_all(&models).unwrap();
    std::fs::write(models.join(SPEC_FILE), law.model().spec().bytes()).unwrap();
    std::fs::write(models.join(WEIGHTS_FILE), weights_file(law.model())).unwrap();
    let mut ledger: Ledger = world::ledger(&folder.0, &[]);
    let mut envelopes = Vec::new();
    for i in 0..logged {
        let made = if lies.contains(&i) { forged(&law, &other, i) } else { answer(&law, &law, i) };
        let certificate = made.signed();
        ledger.add(&certificate, &key("log"), START + 60).unwrap();
        envelopes.push(made.envelope(&ledger.extract(&certificate).unwrap()));
    }
    let root = ledger.grown(1).unwrap().0.head.root;
    Epoch { folder, envelopes, root }
}

impl Epoch {
    /// The settings, with this table of random numbers.
    fn settings(&self, challenge: &str, more: &str) {
        let id = |name: &str| key(name).public().id().0;
        let mut text = format!(
            "authority = \"{}\"\nlog = \"{}\"\nledger = \"ledger.txt\"\n{more}\n[challenge]\n{challenge}\n",
            id("authority"),
            id("log")
        );
        text += &format!("[[worker]]\nname = \"law\"\nkey = \"{}\"\n", id("law"));
        text += "[[model]]\nname = \"law\"\nfolder = \"models/law\"\n";
        for i in 0..self.envelopes.len() {
            text += &format!("[[question]]\nquery = \"{}\"\nprompt = {PROMPT:?}\nanswer = {COUNT}\n", query(i));
        }
        std::fs::write(self.folder.0.join("verify.toml"), text).unwrap();
    }

    fn beacon(&self) -> String {
        format!("kind = \"beacon\"\nvalue = \"{BEACON}\"\nlog_root = \"{}\"\ndrawn = {DRAWN}\n", self.root)
    }

    /// Runs the program with these envelopes on its input.
    fn audit(&self, flags: &[&str], envelopes: &[Vec<u8>]) -> (Option<i32>, String, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bfv"))
            .args(["verify", "--trust", "verify.toml"])
            .args(flags)
            .current_dir(&self.folder.0)
            .env("BFV_CONFIG", self.folder.0.join("no-settings.toml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        // What is refused before anything was read closes its input.
        let _closed = envelopes.iter().try_for_each(|bytes| input.write_all(bytes));
        drop(input);
        let o = child.wait_with_output().unwrap();
        (o.status.code(), String::from_utf8(o.stdout).unwrap(), String::from_utf8(o.stderr).unwrap())
    }
}

/// The numbers in the log of those that a text names with a verdict.
fn named(out: &str, verdict: &str) -> BTreeSet<usize> {
    let lines = out.lines().filter(|line| line.starts_with(verdict));
    let number = |line: &str| {
        let (_, rest) = line.split_once(", certificate ").unwrap();
        rest.split(' ').next().unwrap().parse::<usize>().unwrap() - 1
    };
    lines.map(number).collect()
}

#[test]
fn an_audit_of_a_thousand_certificates_finds_all_ten_that_are_forged() {
    let mut random = random::Random(11);
    let mut lies = BTreeSet::new();
    while lies.len() < FORGED {
        lies.insert(random.below(LOGGED));
    }
    let epoch = epoch("audit-thousand", LOGGED, &lies);
    epoch.settings(&epoch.beacon(), "");
    let (code, out, err) = epoch.audit(&["--audit", "all"], &epoch.envelopes);
    assert_eq!((code, err.as_str()), (Some(1), ""), "{out}");
    let first = "Audited 1000 of 1000 logged certificates: 990 accepted, 10 rejected, 0 undecided.\n";
    assert!(out.starts_with(first), "{out}");
    assert_eq!(named(&out, "Rejected: "), lies);
    // Nothing is said of those that are right.
    assert!(!out.contains("Accepted: ") && out.ends_with("Result: not every certificate is accepted.\n"), "{out}");
}

#[test]
fn a_part_of_a_log_is_drawn_by_its_beacon_and_head() {
    let lies: BTreeSet<usize> = (0..40).filter(|i: &usize| i.is_multiple_of(2)).collect();
    let epoch = epoch("audit-part", 40, &lies);
    let found = |challenge: &str, number: &str| {
        epoch.settings(challenge, "");
        let (code, out, err) = epoch.audit(&["--audit", number, "--format", "json"], &epoch.envelopes);
        assert_eq!((code, err.as_str()), (Some(1), ""), "{out}");
        let json: Value = serde_json::from_str(&out).unwrap();
        let (summary, audit) = (&json["summary"], &json["audit"]);
        assert_eq!((audit["logged"].as_u64(), audit["drawn"].as_u64()), (Some(40), number.parse().ok()));
        let [accepted, rejected] = ["accepted", "rejected"].map(|word| summary[word].as_u64().unwrap());
        assert_eq!(accepted + rejected, number.parse::<u64>().unwrap());
        let named = json["certificates"].as_array().unwrap().iter();
        let named: Vec<String> = named.map(|c| c["file"].as_str().unwrap().to_owned()).collect();
        assert_eq!(named.len() as u64, rejected);
        named
    };
    let first = found(&epoch.beacon(), "15");
    assert_eq!(first, found(&epoch.beacon(), "15"));
    // Two people may make it, who could choose nothing, as both shares are needed.
    let shares = [[5; 32], [6; 32]];
    let lines = |shares: [String; 2]| {
        let commitments = [[5; 32], [6; 32]].map(|share| bfv_verify::epoch::commitment(&share).to_string());
        let made = format!("commitments = {commitments:?}\nshares = {shares:?}\n");
        epoch.beacon().replace(&format!("value = \"{BEACON}\"\n"), &made)
    };
    let made = found(&lines(shares.map(|share| Digest(share).to_string())), "15");
    assert_ne!(first, made);
    for (challenge, why) in [
        (
            lines([Digest([5; 32]).to_string(), String::new()]),
            "the number of revealed shares is 1, and must be at least 2",
        ),
        (lines([Digest([5; 32]).to_string(), Digest([7; 32]).to_string()]), "share 2 is not the one"),
        (
            lines(shares.map(|share| Digest(share).to_string())) + "choices = 9\n",
            "the beacon has no value, or says it twice",
        ),
        (epoch.beacon().replace("value = ", "least = 1\n# "), "the beacon has no value, or says it twice"),
    ] {
        epoch.settings(&challenge, "");
        let (code, out, err) = epoch.audit(&["--audit", "15"], &epoch.envelopes);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(why), "{err}");
    }
    // Another beacon draws others.
    let other = epoch.beacon().replace(&BEACON.to_string(), &Digest([3; 32]).to_string());
    assert_ne!(first, found(&other, "15"));
}

#[test]
fn what_nobody_gives_is_named_and_withheld_after_the_deadline() {
    let epoch = epoch("audit-withheld", 6, &BTreeSet::new());
    let given = &epoch.envelopes[1..];
    epoch.settings(&epoch.beacon(), "");
    let (code, out, _) = epoch.audit(&["--audit", "all"], given);
    assert_eq!((code, named(&out, "Undecided: ")), (Some(4), BTreeSet::from([0])), "{out}");
    assert!(out.contains("certificate 1 of 6 in the log. No envelope of it was given.\n"), "{out}");
    epoch.settings(&epoch.beacon(), &format!("deadline = {START}"));
    let (code, out, _) = epoch.audit(&["--audit", "all"], given);
    assert_eq!((code, named(&out, "Rejected: ")), (Some(1), BTreeSet::from([0])), "{out}");
    assert!(out.starts_with("Audited 6 of 6 logged certificates: 5 accepted, 1 rejected, 0 undecided.\n"), "{out}");
}

/// An epoch is audited as it was, though the log has grown; what came later is no part of it, and a beacon of another log draws nothing.
#[test]
fn a_beacon_belongs_to_one_head_of_the_log() {
    let whole = epoch("audit-head", 6, &BTreeSet::new());
    let text = std::fs::read_to_string(whole.folder.0.join("ledger.txt")).unwrap();
    let heads: Vec<&str> = text.lines().filter(|l| l.starts_with("head ")).collect();
    let before = heads[heads.len() - 3].split(' ').nth(3).unwrap();
    whole.settings(&whole.beacon().replace(&whole.root.to_string(), before), "");
    let (code, out, err) = whole.audit(&["--audit", "all"], &whole.envelopes);
    assert_eq!((code, err.as_str()), (Some(4), ""), "{out}");
    assert!(out.starts_with("Audited 4 of 4 logged certificates: 4 accepted, 0 rejected, 2 undecided.\n"), "{out}");
    assert_eq!(out.matches("Its certificate is not in the log.").count(), 2, "{out}");
    // A worker who has seen the beacon may have chosen what it signs.
    whole.settings(&whole.beacon().replace(&DRAWN.to_string(), &(START + 60).to_string()), "");
    let (code, out, _) = whole.audit(&["--audit", "all"], &whole.envelopes);
    assert_eq!((code, out.matches(" was known.").count()), (Some(4), 6), "{out}");
    // Without an audit an envelope counts under the head that it came with.
    let (code, out, _) = whole.audit(&[], &whole.envelopes);
    assert_eq!(code, Some(4), "{out}");
    let refused = |challenge: &str, number: &str, why: &str| {
        whole.settings(challenge, "");
        let (code, out, err) = whole.audit(&["--audit", number], &whole.envelopes);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(why), "{err}");
    };
    let hashes = "kind = \"fiat-shamir\"\nrepetitions = 2\ntries = 60\n";
    refused(&whole.beacon().replace(&whole.root.to_string(), &"0a".repeat(32)), "all", "No head of the log");
    refused(hashes, "3", "a part of a log is drawn by a beacon");
    for number in ["0", "1.5", "some"] {
        refused(&whole.beacon(), number, "An audit takes the word all");
    }
    // All of a log needs no draw.
    whole.settings(hashes, "");
    let (code, out, _) = whole.audit(&["--audit", "all"], &whole.envelopes);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.ends_with("Result: every certificate is accepted.\n"), "{out}");
}
