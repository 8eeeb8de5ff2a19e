//! A vote of three workers: the demonstration in `examples/inference/votes`, and the same through the real programs from the keys to the verdict.
//! `UPDATE_EXPECTED=1` writes the files of the demonstration, the same ones each time.
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
#[path = "project/worker.rs"]
mod worker;
#[allow(dead_code)]
#[path = "inference/world.rs"]
mod world;

use bfv_cert::certificate::{Certificate, Slot, Validity};
use bfv_cert::digest::Digest;
use bfv_cert::registry::{Entry, Role};
use bfv_exact::vote::Rule;
use bfv_ledger::{Keys, Ledger, Trust, generate, secret};
use bfv_worker::gather::{Combined, Gathered};
use bfv_worker::prove::Circumstances;
use folder::{Folder, newcomer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use worker::build_the_worker;
use world::{COUNT, Made, START, answer, honest, id, key, made_again, question};

/// Who has a vote, and with which model each answers.
const WORKERS: [(&str, &str); 3] = [("first", "medicine"), ("second", "medicine"), ("third", "law")];
const HONEST: [&str; 4] = ["accepted/first.bfc", "accepted/second.bfc", "accepted/third.bfc", "accepted/voted.bfc"];

/// Whom to trust, by the keys of workers and heads; `more` follows on the questions.
fn settings(hex: &dyn Fn(&str) -> String, models: &str, more: &str) -> String {
    let mut out = format!(
        "# Whom a verifier of a vote trusts.\nauthority = \"{}\"\nlog = \"{}\"\nledger = \"ledger.txt\"\n",
        hex("authority"),
        hex("log")
    );
    for name in ["first", "second", "third", "head"] {
        out += &format!("\n[[worker]]\nname = \"{name}\"\nkey = \"{}\"\n", hex(name));
    }
    for name in ["medicine", "law"] {
        out += &format!("\n[[model]]\nname = \"{name}\"\nfolder = \"{models}/{name}\"\n");
    }
    let (prompt, query) = question(1);
    let prompt: Vec<String> = prompt.iter().map(u32::to_string).collect();
    let workers = "[\"first\", \"second\", \"third\"]";
    out += &format!(
        "\n[[question]]\nquery = \"{query}\"\nprompt = [{}]\nanswer = {COUNT}\nworkers = {workers}\n",
        prompt.join(", ")
    );
    out += &format!(
        "\n# Two of three must give the same answer.\n[[vote]]\nname = \"majority\"\nhead = \"head\"\nworkers = {workers}\nquorum = 2\n"
    );
    out + more
}

fn circumstances(seq: u64) -> Circumstances {
    Circumstances {
        slot: Slot { epoch: 1, view: 0, seq },
        validity: Validity { not_before: START, not_after: START + 300 },
        previous: Digest::ZERO,
        execution: None,
    }
}

/// The answers of the workers.
fn answers() -> Vec<Made> {
    WORKERS.into_iter().map(|(name, model)| answer(&honest(model), model, 1, name, 1)).collect()
}

/// A vote on some of these answers, as the head makes it.
fn combined(answers: &[&Made], quorum: usize) -> Combined {
    let folder = Folder::new("votes-interim");
    let ledger = ledger(&folder.0.join("ledger.txt"), &answers.iter().map(|m| m.signed()).collect::<Vec<_>>());
    let file = |m: &&Made| (m.signer.to_owned(), m.envelope(&ledger.extract(&m.signed()).unwrap()));
    let envelopes: Vec<(String, Vec<u8>)> = answers.iter().map(file).collect();
    let gathered = Gathered::read(&envelopes).unwrap();
    // A rule of as many workers as are needed for this quorum; what is signed names the rule of the vote.
    gathered.vote(Rule::new(answers.len().max(quorum), quorum).unwrap()).unwrap()
}

/// A vote on these answers that delivers what the first of them says, by the rule of two in three.
fn voted(answers: &[&Made], signer: &'static str, seq: u64) -> Made {
    let honest = combined(answers, 2.min(answers.len()));
    let certificate = honest.certify(&circumstances(seq), &key(signer)).unwrap();
    let mut fields = certificate.fields().clone();
    fields.spec = Rule::new(3, 2).unwrap().root();
    let output = answers[0].output.clone();
    let made = Made { fields, cells: vec![output.clone()], output, seed: None, opened: Vec::new(), signer };
    let tokens: Vec<u32> = answers[0].tokens().iter().map(|t| *t as u32).collect();
    let mut made = made.say(&tokens);
    let mut trace = bfv_cert::merkle::Builder::new();
    trace.push(bfv_cert::certificate::trace_content(&made.output));
    made.fields.trace = trace.finish().unwrap().root();
    made
}

/// What a head may try: the file, what is said of it, and what it signs.
fn lies() -> Vec<(&'static str, &'static str, Made)> {
    let all = answers();
    let [first, second, third] = [&all[0], &all[1], &all[2]];
    vec![
        (
            "01-an-answer-with-less-support",
            "The certificate does not belong here: its support is 1, and that of another answer 2.",
            voted(&[third, first, second], "head", 11),
        ),
        (
            "02-one-answer-alone",
            "The certificate does not belong here: 2 were expected, not 1.",
            voted(&[first], "head", 12),
        ),
        (
            "03-by-another-head",
            "The certificate does not belong here: the question was assigned to other workers.",
            voted(&[first, second, third], "chief", 13),
        ),
    ]
}

/// A ledger with the keys of workers and heads.
fn ledger(path: &Path, certificates: &[Certificate]) -> Ledger {
    let (authority, log) = (key("authority"), key("log"));
    let keys = Keys { authority: &authority, log: &log };
    let mut ledger = Ledger::open(path, Trust { authority: authority.public(), log: log.public() }).unwrap();
    let workers = WORKERS.map(|(name, _)| (name, Role::Worker));
    for (name, role) in workers.into_iter().chain([("head", Role::Voter), ("chief", Role::Voter)]) {
        let entry = Entry::new(&key(name), role, START - 1000, START + 365 * 86_400);
        ledger.register(entry, keys, START - 900).unwrap();
    }
    for c in certificates {
        ledger.add(c, &log, START + 60).unwrap();
    }
    ledger
}

/// Every file of the demonstration, by its path in the folder.
fn made() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let hex = |name: &str| id(name).0.to_string();
    files.insert("verify.toml".into(), settings(&hex, "../models", "").into_bytes());
    let answers = answers();
    let vote = voted(&answers.iter().collect::<Vec<_>>(), "head", 1);
    let honest = HONEST.iter().map(|f| (*f).to_owned()).zip(answers.into_iter().chain([vote]));
    let lies = lies().into_iter().map(|(file, _, made)| (format!("rejected/{file}.bfc"), made));
    let all: Vec<(String, Made)> = honest.chain(lies).collect();
    let folder = Folder::new("votes-ledger");
    let path = folder.0.join("ledger.txt");
    let ledger = ledger(&path, &all.iter().map(|(_, m)| m.signed()).collect::<Vec<_>>());
    for (file, made) in all {
        files.insert(file, made.envelope(&ledger.extract(&made.signed()).unwrap()));
    }
    drop(ledger);
    files.insert("ledger.txt".into(), std::fs::read(&path).unwrap());
    files
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/inference/votes")
}

fn bfv_in(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let o = newcomer(folder, folder, args).output().unwrap();
    (o.status.code(), String::from_utf8(o.stdout).unwrap(), String::from_utf8(o.stderr).unwrap())
}

fn bfv(args: &[&str]) -> (Option<i32>, String, String) {
    bfv_in(&examples(), args)
}

/// The files are those that are made here, and there are no others.
#[test]
fn every_file_is_made_again_byte_by_byte() {
    made_again(&examples(), &made());
}

#[test]
fn an_honest_vote_is_accepted_wherever_it_stands() {
    let [first, second, third, voted] = HONEST;
    for order in [[first, second, third, voted], [voted, third, second, first]] {
        let (code, out, err) = bfv(&[&["verify"], order.as_slice()].concat());
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert!(out.starts_with("Judged 4 certificates: 4 accepted, 0 rejected, 0 undecided.\n"), "{out}");
        let line = "Accepted: accepted/voted.bfc. Worker head, vote majority, lane exact. 2 workers gave this answer. \
                    All of it was computed again. ";
        assert!(out.contains(line), "{out}");
        // Lines stand in the order of the files.
        let at = |file: &str| out.find(&format!("Accepted: {file}. ")).unwrap();
        assert!(order.windows(2).all(|two| at(two[0]) < at(two[1])), "{out}");
    }
    let (code, out, _) = bfv(&[&["verify", "--format", "json"], HONEST.as_slice()].concat());
    assert_eq!(code, Some(0), "{out}");
    let json: Value = serde_json::from_str(&out).unwrap();
    let all = json["certificates"].as_array().unwrap();
    assert_eq!((&all[3]["of"], &all[3]["support"]), (&"majority".into(), &2.into()));
    assert_eq!(all[3]["values"], all[0]["values"]);
    assert_ne!(all[3]["values"], all[2]["values"], "a vote on which all agree shows less");
    assert!(all[0].get("support").is_none());
    let (code, out, _) = bfv(&["show", "certificate", voted]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("\nOperation: vote.\n") && out.contains("\nParents: 3.\n"), "{out}");
    assert!(out.contains("\nOutput shape: 4.\n"), "{out}");
}

#[test]
fn without_its_answers_nothing_can_be_told() {
    let [first, second, third, voted] = HONEST;
    let reason = format!("Undecided: {voted}. Not all answers that it counts were accepted before.\n");
    for some in [vec![], vec![first, second], vec![third]] {
        let (code, out, _) = bfv(&[&["verify", voted], some.as_slice()].concat());
        assert_eq!(code, Some(4), "{out}");
        assert!(out.contains(&reason), "{out}");
    }
    // With another rule of the same numbers, in which the third worker has no vote, that is the reason.
    let folder = Folder::new("votes-no-vote");
    let text = std::fs::read_to_string(examples().join("verify.toml")).unwrap();
    let text = text.replace("../models", &examples().join("../models").display().to_string());
    let (before, vote) = text.split_at(text.find("[[vote]]").unwrap());
    std::fs::write(folder.0.join("verify.toml"), format!("{before}{}", vote.replace("\"third\"", "\"head\""))).unwrap();
    let trust = folder.0.join("verify.toml").display().to_string();
    for order in [[first, second, third, voted], [voted, first, second, third]] {
        let (code, out, _) = bfv(&[&["verify", "--trust", &trust], order.as_slice()].concat());
        assert_eq!(code, Some(1), "{out}");
        let line = out.lines().find(|l| l.starts_with(&format!("Rejected: {voted}. "))).unwrap_or_default();
        assert!(line.contains("The certificate does not belong here: answer "), "{out}");
        assert!(line.ends_with(" is of a worker who has no vote."), "{out}");
    }
    // An answer that is rejected is no parent: here it is one to another question, of which nobody was asked.
    let other = question(2).1.to_string();
    let (code, out, _) = bfv(&["verify", "--query", &other, first, second, third, voted]);
    assert_eq!((code, out.matches("Rejected: ").count()), (Some(1), 4), "{out}");
    let folder = Folder::new("votes-unknown");
    let text = std::fs::read_to_string(examples().join("verify.toml")).unwrap();
    let text = text.replace("../models", &examples().join("../models").display().to_string());
    std::fs::write(folder.0.join("verify.toml"), &text[..text.find("# Two of three").unwrap()]).unwrap();
    let trust = folder.0.join("verify.toml").display().to_string();
    let (code, out, _) = bfv(&["verify", "--trust", &trust, voted]);
    assert!(code == Some(1) && out.contains("another specification was expected"), "{out}");
}

#[test]
fn every_lie_is_rejected_for_its_own_reason() {
    for (file, says, _) in lies() {
        let file = format!("rejected/{file}.bfc");
        let (code, out, err) = bfv(&["verify", &file, HONEST[0], HONEST[1], HONEST[2]]);
        assert_eq!((code, err.as_str()), (Some(1), ""), "{out}");
        assert!(out.contains(&format!("Rejected: {file}. {says}\n")), "{file}: {out}");
        assert!(out.contains("3 accepted, 1 rejected, 0 undecided"), "{out}");
    }
}

#[test]
fn a_rule_that_lets_two_answers_win_is_refused() {
    let folder = Folder::new("votes-rules");
    let text = std::fs::read_to_string(examples().join("verify.toml")).unwrap();
    let text = text.replace("../models", &examples().join("../models").display().to_string());
    let said = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        // The workers of the vote stand after those of the question.
        let (before, vote) = text.split_at(text.find("[[vote]]").unwrap());
        std::fs::write(folder.0.join("verify.toml"), format!("{before}{}", vote.replacen(from, to, 1))).unwrap();
        let trust = folder.0.join("verify.toml").display().to_string();
        let (code, out, err) = bfv(&[&["verify", "--trust", &trust], HONEST.as_slice()].concat());
        (code, out + &err)
    };
    assert_eq!(said("quorum = 2", "quorum = 2").0, Some(0));
    let fusion = "[[fusion]]\nname = \"majority\"\npackage = \"none\"\nworkers = []\n";
    for (from, to, why) in [
        ("quorum = 2", "quorum = 1", "two answers could both have the quorum of 1 of 3 workers"),
        ("quorum = 2", "quorum = 4", "the quorum is 4, and there are only 3 workers"),
        ("quorum = 2", "quorum = -1", "integer -1"),
        ("\"third\"]", "\"second\"]", "a worker stands twice"),
        ("\"third\"]", "\"nobody\"]", "there is no worker nobody"),
        ("head = \"head\"", "head = \"nobody\"", "there is no worker nobody"),
        ("workers = [\"first\", \"second\", \"third\"]", "workers = []", "it has 0 workers"),
        ("quorum = 2\n", &format!("quorum = 2\n\n{fusion}"), "fusion or vote majority stands twice"),
    ] {
        let (code, said) = said(from, to);
        assert_eq!(code, Some(2), "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
    }
}

/// From the keys to the verdict, with the programs that a person starts: the same answers are counted and fused.
#[test]
fn a_head_counts_and_fuses_through_the_real_programs() {
    build_the_worker();
    let folder = Folder::new("votes-programs");
    let at = |name: &str| folder.0.join(name).display().to_string();
    let run = |args: &[&str]| bfv_in(&folder.0, &[&["run", "worker"], args].concat());
    let done = |(code, out, err): (Option<i32>, String, String)| {
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        out
    };
    for (name, _) in WORKERS {
        done(run(&["key", "--output", &at(name)]));
    }
    let [authority, log, head] = ["authority", "log", "head"].map(|n| generate(&folder.0.join(n)).unwrap());
    let keys = Keys { authority: &authority, log: &log };
    let path = folder.0.join("ledger.txt");
    let mut ledger = Ledger::open(&path, Trust { authority: authority.public(), log: log.public() }).unwrap();
    let own = WORKERS.map(|(name, _)| secret(&folder.0.join(name)).unwrap());
    let roles = own.iter().map(|k| (k, Role::Worker)).chain([(&head, Role::Voter), (&head, Role::Head)]);
    for (key, role) in roles {
        ledger.register(Entry::new(key, role, START - 1000, START + 1000), keys, START - 900).unwrap();
    }
    drop(ledger);
    let hex = |name: &str| secret(&folder.0.join(name)).unwrap().public().id().0.to_string();
    let models = examples().join("../models").display().to_string();
    let package = examples().join("../median.bfxk").display().to_string();
    let more = format!(
        "\n[[fusion]]\nname = \"median\"\npackage = \"{package}\"\nworkers = [\"first\", \"second\", \"third\"]\n"
    );
    std::fs::write(folder.0.join("verify.toml"), settings(&hex, &models, &more)).unwrap();
    let (query, authority, start) = (question(1).1.to_string(), hex("authority"), START.to_string());
    let sign = |command: &str, name: &str, slot: &str, out: &str, more: &[&str]| {
        let (key, ledger, log, out) = (at(name), at("ledger.txt"), at("log"), at(out));
        let flags = [
            ["--key", &key],
            ["--slot", slot],
            ["--ledger", &ledger],
            ["--log-key", &log],
            ["--authority", &authority],
            ["--at", &start],
            ["--output", &out],
        ];
        run(&[&[command], flags.as_flattened(), more].concat())
    };
    for (name, model) in WORKERS {
        let model = format!("{models}/{model}");
        let flags = ["--model", &model, "--prompt-tokens", "1,7,21,4", "--count", "4", "--query", &query];
        done(sign("run", name, "1.0.1", &format!("{name}.bfc"), &[&flags[..], &["--open", "products"]].concat()));
    }
    let all = ["first.bfc", "second.bfc", "third.bfc"].map(at).join(",");
    let vote = ["--workers", "3", "--quorum", "2", "--answers"];
    let out = done(sign("vote", "head", "1.0.1", "voted.bfc", &[&vote[..], &[&all]].concat()));
    assert!(
        out.starts_with("Tokens from number 1 on: ") && out.ends_with("Of 3 workers, 2 gave this answer.\n"),
        "{out}"
    );
    let out = done(sign("fuse", "head", "1.0.2", "fused.bfc", &["--package", &package, "--answers", &all]));
    assert!(out.starts_with("Numbers from number 1 on: "), "{out}");
    let files = ["fused.bfc", "voted.bfc", "first.bfc", "second.bfc", "third.bfc"];
    let out = done(bfv_in(&folder.0, &[&["verify", "--format", "json"], files.as_slice()].concat()));
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["summary"], serde_json::json!({ "accepted": 5, "rejected": 0, "undecided": 0 }), "{out}");
    assert_eq!(json["certificates"][1]["values"], json["certificates"][2]["values"]);
    // Two answers are enough, where they agree.
    let two = ["first.bfc", "second.bfc"].map(at).join(",");
    done(sign("vote", "head", "1.0.3", "two.bfc", &[&vote[..], &[&two]].concat()));
    done(bfv_in(&folder.0, &["verify", "two.bfc", "first.bfc", "second.bfc"]));

    // What a head would be blamed for is not signed, and uses no slot up.
    let apart = ["first.bfc", "third.bfc"].map(at).join(",");
    let twice = ["first.bfc", "first.bfc"].map(at).join(",");
    let fused = ["first.bfc", "fused.bfc"].map(at).join(",");
    let (none, settings) = (at("none.bfc"), at("verify.toml"));
    let refused = |command: &str, flags: &[&str], code: i32, why: &str| {
        let (found, out, err) = sign(command, "head", "1.0.4", "refused.bfc", flags);
        assert_eq!((found, out.as_str()), (Some(code), ""), "{err}");
        assert!(err.contains(why), "{why}: {err}");
        assert!(!folder.0.join("refused.bfc").exists());
    };
    let by = |workers: &'static str, quorum: &'static str, answers: &str, code: i32, why: &str| {
        refused("vote", &["--workers", workers, "--quorum", quorum, "--answers", answers], code, why);
    };
    by("3", "2", &apart, 2, "the largest support is 1, and the quorum is 2.");
    by("3", "2", &twice, 3, "An answer of the same worker was given before.");
    by("3", "2", &fused, 3, "It is no answer of a model");
    by("3", "2", &none, 74, "cannot be used");
    by("3", "2", &settings, 3, "Take the file from its worker again.");
    by("4", "2", &all, 2, "two answers could both have the quorum of 2 of 4 workers");
    by("2", "2", &all, 2, "3 answers were given, and 2 workers have a vote");
    by("x", "2", &all, 2, "no such number");
    refused("vote", &["--workers", "3", "--answers", &all], 2, "The flag --quorum is missing.");
    refused("fuse", &["--package", &settings, "--answers", &all], 3, "verify.toml");
    refused("fuse", &["--package", &package, "--answers", &two], 2, "In ");
    refused("fuse", &["--package", &package, "--answers", &all, "--parameters", "1,x"], 2, "has x");
    refused("fuse", &["--package", &package, "--answers", &all, "--parameters", "1,2:3"], 2, "In ");
    done(sign("vote", "head", "1.0.4", "four.bfc", &[&vote[..], &[&two]].concat()));
}
