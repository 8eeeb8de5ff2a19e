//! What workers say of themselves against how a model is split: `bfv verify` compares the manifests that the ledger carries with the configuration.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;

use bfv_cert::digest::output_digest;
use bfv_cert::registry::{Entry, Role};
use bfv_cert::sign::SecretKey;
use bfv_ledger::{Keys, Ledger, Trust};
use bfv_model::manifest::Manifest;
use bfv_model::splitting::Splitting;
use folder::{Folder, newcomer};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// When the world of the demonstration begins.
const START: u64 = 1_780_000_000;
const HONEST: [&str; 2] = ["accepted/question-1-first.bfc", "accepted/question-1-second.bfc"];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/inference/stages")
}

/// A key of the demonstration, which is made of its name.
fn key(name: &str) -> SecretKey {
    SecretKey::from_seed(output_digest(name.as_bytes()).as_bytes())
}

/// What an honest worker says of itself.
fn manifest(name: &str) -> String {
    format!(
        r#"{{"worker_id": "{name}", "base_model": "code", "capabilities": [{{"name": "code", "weight": 0.5,
"validation_accuracy": 0.5, "layer_range": [0, 1], "attention_patterns": ["causal"]}}, {{"name": "law", "weight": 0.25,
"validation_accuracy": 0.5, "layer_range": [0, 1], "attention_patterns": ["causal"]}}], "parameter_count": "1K",
"quantization": "int8", "hardware_affinity": ["cpu"], "latency_profile": {{"p50": "1ms", "p95": "2ms", "p99": "3ms"}}}}"#
    )
}

/// Judges the honest stages where workers were registered with these files, and verify.toml names others; nothing: none.
fn judged(registered: [Option<&str>; 2], named: [Option<&str>; 2]) -> (Option<i32>, String) {
    // Tests run at the same time, and a ledger has one writer.
    static MADE: AtomicU32 = AtomicU32::new(0);
    let folder = Folder::new(&format!("manifests-{}", MADE.fetch_add(1, Ordering::Relaxed)));
    let (authority, log) = (key("authority"), key("log"));
    let keys = Keys { authority: &authority, log: &log };
    let path = folder.0.join("ledger.txt");
    let mut ledger = Ledger::open(&path, Trust { authority: authority.public(), log: log.public() }).unwrap();
    let configuration = std::fs::read(examples().join("splitting.json")).unwrap();
    let mut text = std::fs::read_to_string(examples().join("verify.toml")).unwrap();
    for path in ["../models/code", "splitting.json"] {
        text = text.replace(path, &examples().join(path).display().to_string());
    }
    let (from, until) = (START - 1000, START + 1000);
    for (name, (registered, named)) in ["first", "second"].into_iter().zip(registered.into_iter().zip(named)) {
        let digest = registered.map(|text| bfv_model::manifest::digest(text.as_bytes()));
        ledger.register(Entry::with_manifest(&key(name), Role::Worker, from, until, digest), keys, from).unwrap();
        if let Some(named) = named {
            std::fs::write(folder.0.join(format!("{name}.json")), named).unwrap();
            let line = format!("name = \"{name}\"\n");
            text = text.replacen(&line, &format!("{line}manifest = \"{name}.json\"\n"), 1);
        }
    }
    let head = Splitting::read(&configuration).unwrap().digest();
    ledger.register(Entry::with_manifest(&key("head"), Role::Head, from, until, Some(head)), keys, from).unwrap();
    // Who reads it waits for who writes it.
    drop(ledger);
    std::fs::write(folder.0.join("verify.toml"), text).unwrap();
    let trust = folder.0.join("verify.toml").display().to_string();
    let o = newcomer(&examples(), &folder.0, &["verify", "--trust", &trust, HONEST[0], HONEST[1]]).output().unwrap();
    (o.status.code(), String::from_utf8(o.stdout).unwrap() + &String::from_utf8(o.stderr).unwrap())
}

#[test]
fn manifests_that_agree_change_nothing() {
    let [first, second] = ["first", "second"].map(manifest);
    Manifest::read(first.as_bytes()).unwrap();
    let both = [Some(first.as_str()), Some(second.as_str())];
    for all in [both, [both[0], None], [None, None]] {
        let (code, said) = judged(all, all);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("Judged 2 certificates and 1 answer in stages: 3 accepted"), "{said}");
    }
}

#[test]
fn a_manifest_is_the_one_that_was_registered() {
    let [first, second] = ["first", "second"].map(manifest);
    let spaced = format!("{first} ");
    for (registered, named, why) in [
        (Some(&first), None, "worker first of the split was registered with a manifest, which is not named"),
        (Some(&first), Some(&spaced), "It was registered with another file."),
        (None, Some(&first), "It was registered without a file."),
        (Some(&second), Some(&second), "the manifest of worker first is of second"),
    ] {
        let [registered, named] = [registered, named].map(|text| text.map(String::as_str));
        let (code, said) = judged([registered, None], [named, None]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(why), "{why}: {said}");
    }
}

/// Each thing in which a worker may disagree is named, with the worker.
#[test]
fn who_disagrees_is_named_and_in_what() {
    for name in ["first", "second"] {
        for (from, to, why) in [
            ("\"base_model\": \"code\"", "\"base_model\": \"law\"", "Its manifest is of law, and not of code."),
            ("\"name\": \"code\"", "\"name\": \"poems\"", "Its manifest has no capability code."),
            ("\"weight\": 0.5", "\"weight\": 0", "Its manifest gives the capability code the weight 0."),
            ("[0, 1]", "[2, 3]", "is outside of the capability, layers 2 to 3."),
            ("\"int8\"", "\"int16\"", "The manifest says Int16, and the model has Eight bits."),
            ("\"int8\"", "\"bf16\"", "Weights of kind Bf16 do not suit the lane Exact."),
            (
                "[0, 1], \"attention_patterns\": [\"causal\"]}]",
                "[0, 2], \"attention_patterns\": [\"causal\"]}]",
                "The last layer is 2, and the model has 2.",
            ),
        ] {
            let text = manifest(name);
            assert!(text.contains(from), "{from}");
            let text = text.replacen(from, to, 1);
            let own = if name == "first" { [Some(text.as_str()), None] } else { [None, Some(text.as_str())] };
            let (code, said) = judged(own, own);
            assert_eq!(code, Some(2), "{why}: {said}");
            assert!(said.contains(&format!("{name}.json cannot be used. Place: worker {name}")), "{said}");
            assert!(said.contains(why), "{why}: {said}");
        }
    }
}

#[test]
fn a_file_that_is_no_manifest_is_refused_with_its_place() {
    let large = " ".repeat((1 << 20) + 1);
    for (text, code, why) in [("{}", 2, "worker_id"), (large.as_str(), 74, "has more than 1048576 bytes")] {
        let (found, said) = judged([Some(text), None], [Some(text), None]);
        assert_eq!(found, Some(code), "{said}");
        assert!(said.contains(why) && said.contains("first.json"), "{said}");
    }
}

/// Whoever asks for a registration names a file, of which no more is read than a manifest may have.
#[test]
fn a_request_reads_a_manifest_up_to_a_limit() {
    let folder = Folder::new("manifests-request");
    let run = |args: &[&str]| {
        let o = newcomer(&folder.0, &folder.0, args).output().unwrap();
        (o.status.code(), String::from_utf8(o.stdout).unwrap() + &String::from_utf8(o.stderr).unwrap())
    };
    assert_eq!(run(&["key", "make", "law.key"]).0, Some(0));
    std::fs::write(folder.0.join("large.json"), " ".repeat((1 << 20) + 1)).unwrap();
    std::fs::write(folder.0.join("good.json"), manifest("first")).unwrap();
    let (code, said) = run(&["key", "request", "law.key", "--manifest", "large.json"]);
    assert_eq!(code, Some(74), "{said}");
    assert!(said.contains("The file large.json has more than 1048576 bytes"), "{said}");
    let (code, said) = run(&["key", "request", "law.key", "--manifest", "good.json"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&["key", "request", "law.key", "--out", "x.request"]);
    assert!(code == Some(2) && said.contains("key request law.key --output x.request"), "{said}");
}
