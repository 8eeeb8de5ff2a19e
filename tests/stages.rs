//! A model that is split over two workers: the demonstration in `examples/inference/stages`, and the same through the real programs from the keys to
//! the verdict. `UPDATE_EXPECTED=1` writes the files of the demonstration, the same ones each time.
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
#[path = "../crates/extract/tests/common/mod.rs"]
mod operators;
#[path = "../crates/exact/tests/common/mod.rs"]
mod random;
#[path = "project/worker.rs"]
mod worker;
#[allow(dead_code)]
#[path = "inference/world.rs"]
mod world;

use bfv_cert::certificate::{Certificate, Layers, Slot, Validity};
use bfv_cert::digest::Digest;
use bfv_cert::registry::{Entry, Role};
use bfv_exact::Matrix;
use bfv_exact::commit::{Layout, rows_of, token_bytes};
use bfv_exact::forward::Op;
use bfv_ledger::{Keys, Ledger, Trust, generate, secret};
use bfv_model::splitting::Splitting;
use bfv_worker::prove::{Circumstances, Prover};
use bfv_worker::stage::{Step, Task};
use folder::{Folder, newcomer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use worker::build_the_worker;
use world::{COUNT, Made, START, draft, honest, id, key, made_again, prover, question, weights};

/// The model that is split; it draws its tokens.
const MODEL: &str = "code";
/// The workers, in the order in which they run.
const WORKERS: [&str; 2] = ["first", "second"];

const CONFIGURATION: &str = r#"{
  "strategy": "layers",
  "base_model": "code",
  "workers": [
    {
      "worker_id": "first",
      "capability_focus": "code",
      "layer_selection": {"shared_base": [0], "specialized_core": [], "output_head": []},
      "fine_tune_dataset": "none",
      "pruning_threshold": 0
    },
    {
      "worker_id": "second",
      "capability_focus": "code",
      "layer_selection": {"shared_base": [0], "specialized_core": [], "output_head": [1]},
      "fine_tune_dataset": "none",
      "pruning_threshold": 0
    }
  ],
  "fusion_strategy": "none",
  "fusion_hyperparams": {"smoothness_order": 0, "combination_weights_learnable": false, "confidence_weighting": false}
}
"#;

fn settings(
    authority: &str,
    log: &str,
    keys: &[(&str, String)],
    model: &str,
    questions: &[(String, String)],
) -> String {
    let mut out = format!(
        "# Whom a verifier of a model in two stages trusts.\nauthority = \"{authority}\"\nlog = \"{log}\"\nledger = \"ledger.txt\"\n"
    );
    for (name, key) in keys {
        out += &format!("\n[[worker]]\nname = \"{name}\"\nkey = \"{key}\"\n");
    }
    out += &format!("\n[[model]]\nname = \"{MODEL}\"\nfolder = \"{model}\"\n");
    out += &format!(
        "\n# Which worker has which layers, as the head has registered it.\n[[split]]\nname = \"two\"\nmodel = \"{MODEL}\"\n\
         configuration = \"splitting.json\"\nhead = \"head\"\n"
    );
    for (query, prompt) in questions {
        out += &format!(
            "\n[[question]]\nquery = \"{query}\"\nprompt = [{prompt}]\nanswer = {COUNT}\nworkers = [\"first\", \"second\"]\n"
        );
    }
    out
}

fn list(tokens: &[u32]) -> String {
    tokens.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn rows(model: &Prover<i8>, layer: u32) -> Layers {
    rows_of(model.model().spec(), layer..layer + 1).unwrap()
}

fn task(model: &Prover<i8>, layer: u32, n: u8, answer: &[u32], stream: Option<Matrix<i32>>) -> Task {
    let (prompt, query) = question(n);
    Task { query, prompt, answer: answer.to_vec(), rows: rows(model, layer), stream }
}

/// The answer to a question, found step by step.
fn answer(n: u8) -> Vec<u32> {
    let (model, mut known) = (honest(MODEL), Vec::new());
    let seed = key(WORKERS[1]).sampler_seed(&question(n).1);
    for _ in 0..COUNT {
        let Step::Stream(cut) = model.step(&task(&model, 0, n, &known, None), &seed).unwrap() else {
            panic!("a token")
        };
        let Step::Token(next) = model.step(&task(&model, 1, n, &known, Some(cut)), &seed).unwrap() else {
            panic!("none")
        };
        known.push(next);
    }
    known
}

/// Runs a stage, and says that it was one of the model.
fn stage(
    run: &Prover<i8>,
    layer: u32,
    n: u8,
    stream: Option<Matrix<i32>>,
    signer: &'static str,
    seq: u64,
) -> (Made, Option<Matrix<i32>>) {
    let seed = key(WORKERS[1]).sampler_seed(&question(n).1);
    let task = task(run, layer, n, &answer(n), stream);
    let (made, handed) = run.stage(&task, &seed, true).unwrap();
    let circumstances = Circumstances {
        slot: Slot { epoch: 1, view: 0, seq },
        validity: Validity { not_before: START, not_after: START + 300 },
        previous: Digest::ZERO,
        execution: None,
    };
    let mut fields = run.certify(&made, &circumstances, &key(signer)).unwrap().fields().clone();
    let claimed = honest(MODEL);
    (fields.model, fields.spec) = (claimed.model_root(), claimed.spec_root());
    let opened = made.products(claimed.model().spec()).unwrap();
    let last = handed.is_none();
    let made = Made {
        fields,
        cells: made.committed().cells.clone(),
        output: token_bytes(made.tokens()),
        seed: last.then_some(seed),
        opened,
        signer,
    };
    (made, handed)
}

/// Both honest stages.
fn both(n: u8, seq: u64) -> [Made; 2] {
    let (first, handed) = stage(&honest(MODEL), 0, n, None, WORKERS[0], seq);
    let (second, _) = stage(&honest(MODEL), 1, n, handed, WORKERS[1], seq);
    [first, second]
}

/// A lie: its file, which honest stage of question 1 it is judged with, what is said of it, and what of the answer.
struct Lie {
    file: &'static str,
    with: usize,
    says: &'static str,
    answer: &'static str,
    made: Made,
}

fn lies() -> Vec<Lie> {
    let model = honest(MODEL);
    let (first, handed) = stage(&model, 0, 1, None, WORKERS[0], 11);
    let handed = handed.unwrap();
    let mut left_out = weights(MODEL);
    left_out.layers[0].output.entries_mut().fill(0);
    left_out.layers[0].down.entries_mut().fill(0);
    let left_out = stage(&prover(draft(MODEL), left_out), 0, 1, None, WORKERS[0], 12).0;
    // It differs by too little to change a token.
    let mut changed = handed.clone();
    changed.entries_mut()[0] ^= 1;
    let changed = stage(&model, 1, 1, Some(changed), WORKERS[1], 13).0;
    let other = stage(&model, 0, 1, None, WORKERS[1], 14).0;
    let layout = Layout::of(model.model().spec(), rows(&model, 1), 4, COUNT).unwrap();
    let logits = stage(&model, 1, 1, Some(handed), WORKERS[1], 15).0;
    let logits = logits.change(&layout, 2, 3, Op::HeadOutput, |cell| cell[0] ^= 1);
    let mut root = first;
    root.fields.output_root = Digest([7; 32]);
    let says = |file, with, says, answer, made| Lie { file, with, says, answer, made };
    vec![
        says(
            "01-another-output",
            1,
            "The certificate does not belong here: another output root",
            "Stage 1 is rejected. ",
            root,
        ),
        says(
            "02-a-layer-left-out",
            1,
            "Wrong product: OutputSums of layer 1",
            "Stage 1 is rejected. Wrong product: ",
            left_out,
        ),
        // For itself it is right: it follows from what went in.
        says(
            "03-changed-at-the-cut",
            0,
            "",
            "The certificate does not belong here: stage 2 does not follow in its values.",
            changed,
        ),
        says(
            "04-layers-of-another-worker",
            0,
            "The certificate does not belong here: its key has other layers, 2 to 4.",
            "Stage 2 is rejected. ",
            other,
        ),
        says(
            "05-a-wrong-product",
            0,
            "Wrong product: HeadOutput of layer 3",
            "Stage 2 is rejected. Wrong product: ",
            logits,
        ),
    ]
}

/// A ledger with the keys and with the configuration of the head.
fn ledger(path: &Path, certificates: &[Certificate]) -> Ledger {
    let (authority, log) = (key("authority"), key("log"));
    let keys = Keys { authority: &authority, log: &log };
    let mut ledger = Ledger::open(path, Trust { authority: authority.public(), log: log.public() }).unwrap();
    let until = START + 365 * 86_400;
    for name in WORKERS {
        ledger.register(Entry::new(&key(name), Role::Worker, START - 1000, until), keys, START - 900).unwrap();
    }
    let manifest = Splitting::read(CONFIGURATION.as_bytes()).unwrap().digest();
    let head = Entry::with_manifest(&key("head"), Role::Head, START - 1000, until, Some(manifest));
    ledger.register(head, keys, START - 900).unwrap();
    for c in certificates {
        ledger.add(c, &log, START + 60).unwrap();
    }
    ledger
}

/// Every file of the demonstration, by its path in the folder.
fn made() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let hex = |name: &str| id(name).0.to_string();
    let keys: Vec<(&str, String)> = ["first", "second", "head"].map(|n| (n, hex(n))).to_vec();
    let questions = [1, 2].map(|n| (question(n).1.to_string(), list(&question(n).0)));
    let text = settings(&hex("authority"), &hex("log"), &keys, "../models/code", &questions);
    files.insert("verify.toml".into(), text.into_bytes());
    files.insert("splitting.json".into(), CONFIGURATION.as_bytes().to_vec());
    let honest: Vec<(String, Made)> = [1, 2]
        .into_iter()
        .flat_map(|n| both(n, n.into()).map(|m| (format!("accepted/question-{n}-{}.bfc", m.signer), m)))
        .collect();
    let lies = lies().into_iter().map(|l| (format!("rejected/{}.bfc", l.file), l.made));
    let all: Vec<(String, Made)> = honest.into_iter().chain(lies).collect();
    let folder = Folder::new("stages-ledger");
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
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/inference/stages")
}

fn bfv_in(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let o = newcomer(folder, folder, args).output().unwrap();
    (o.status.code(), String::from_utf8(o.stdout).unwrap(), String::from_utf8(o.stderr).unwrap())
}

/// The `verify.toml` of the demonstration for another folder: these paths are those of the demonstration.
fn trusting(paths: &[&str]) -> String {
    let text = std::fs::read_to_string(examples().join("verify.toml")).unwrap();
    paths.iter().fold(text, |text, path| text.replace(path, &examples().join(path).display().to_string()))
}

/// A path in a folder, for the command line.
fn at(folder: &Folder, name: &str) -> String {
    folder.0.join(name).display().to_string()
}

fn bfv(args: &[&str]) -> (Option<i32>, String, String) {
    bfv_in(&examples(), args)
}

const HONEST: [&str; 2] = ["accepted/question-1-first.bfc", "accepted/question-1-second.bfc"];

/// The files are those that are made here, and there are no others.
#[test]
fn every_file_is_made_again_byte_by_byte() {
    made_again(&examples(), &made());
}

#[test]
fn honest_stages_are_accepted_and_so_is_their_answer() {
    // In any order.
    for files in [HONEST, [HONEST[1], HONEST[0]]] {
        let (code, out, err) = bfv(&["verify", files[0], files[1]]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert!(
            out.starts_with("Judged 2 certificates and 1 answer in stages: 3 accepted, 0 rejected, 0 undecided.\n"),
            "{out}"
        );
        let stage = "Accepted: accepted/question-1-first.bfc. Stage 1 of 2. Worker first, program code, lane exact. \
                     A wrong stage would pass with probability at most 2^-59. ";
        assert!(out.contains(stage), "{out}");
        let query = question(1).1.to_string();
        let answer = format!(
            "Accepted: the answer to question {} in stages of two. Worker second, program code, lane exact. \
             A wrong answer would pass with probability at most 2^-59. ",
            &query[..8]
        );
        assert!(out.contains(&answer), "{out}");
        assert!(out.ends_with("Result: every certificate and every answer is accepted.\n"), "{out}");
    }
    let all = ["verify", HONEST[0], HONEST[1], "accepted/question-2-second.bfc", "accepted/question-2-first.bfc"];
    let (code, out, _) = bfv(&[&all[..], &["--format", "json"]].concat());
    assert_eq!(code, Some(0), "{out}");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["summary"]["accepted"], 6);
    let (stages, answers) = (json["certificates"].as_array().unwrap(), json["answers"].as_array().unwrap());
    assert_eq!((stages.len(), answers.len()), (4, 2));
    assert_eq!((&stages[0]["split"], &stages[0]["stage"], &stages[0]["stages"]), (&"two".into(), &1.into(), &2.into()));
    // A stage delivers no answer.
    assert!(stages.iter().all(|s| s.get("values").is_none()));
    for (a, n) in answers.iter().zip([1, 2]) {
        assert_eq!((&a["split"], &a["query"]), (&"two".into(), &question(n).1.to_string().into()));
        assert_eq!(a["values"], Value::from(answer(n)));
        assert_eq!(a["worker_name"], "second");
    }
}

#[test]
fn a_stage_alone_decides_no_answer() {
    for (file, missing) in [(HONEST[0], 2), (HONEST[1], 1)] {
        let (code, out, _) = bfv(&["verify", file]);
        assert_eq!(code, Some(4), "{out}");
        assert!(out.contains(&format!("in stages of two. There is no stage {missing}.\n")), "{out}");
        assert!(
            out.starts_with("Judged 1 certificate and 1 answer in stages: 1 accepted, 0 rejected, 1 undecided."),
            "{out}"
        );
    }
    // Stages of two questions are no answer to either.
    let (code, out, _) = bfv(&["verify", HONEST[0], "accepted/question-2-second.bfc"]);
    assert_eq!(code, Some(4), "{out}");
    assert!(out.contains("There is no stage 2.\n") && out.contains("There is no stage 1.\n"), "{out}");
    // After the deadline it counts as withheld.
    let folder = Folder::new("stages-deadline");
    let text = trusting(&["ledger.txt", "../models/code", "splitting.json"]);
    std::fs::write(folder.0.join("late.toml"), format!("deadline = {START}\n{text}")).unwrap();
    let (code, out, _) = bfv(&["verify", "--trust", &at(&folder, "late.toml"), HONEST[0]]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("Withheld: there was no stage 2 until the deadline.\n"), "{out}");
}

#[test]
fn every_lie_is_rejected_and_so_is_the_answer() {
    let lies = lies();
    assert!(lies.len() >= 5);
    for lie in lies {
        let file = format!("rejected/{}.bfc", lie.file);
        let (code, out, err) = bfv(&["verify", &file, HONEST[lie.with]]);
        assert_eq!((code, err.as_str()), (Some(1), ""), "{out}");
        let own =
            if lie.says.is_empty() { format!("Accepted: {file}. ") } else { format!("Rejected: {file}. {}", lie.says) };
        assert!(out.contains(&own), "{file}: {out}");
        let answer = format!(" in stages of two. {}", lie.answer);
        let line = out.lines().find(|l| l.starts_with("Rejected: the answer to question ")).unwrap_or_default();
        assert!(line.contains(&answer), "{file}: {out}");
        assert!(out.contains(&format!("Accepted: {}. ", HONEST[lie.with])), "{out}");
        assert!(out.ends_with("Result: not every certificate and answer is accepted.\n"), "{out}");
    }
}

#[test]
fn slots_of_stages_count_once_their_answer_is_accepted() {
    let folder = Folder::new("stages-seen");
    let seen = at(&folder, "seen.txt");
    let judged = |files: &[&str]| bfv(&[&["verify", "--seen", &seen], files].concat());
    // A stage may be judged before the others are there, and again with them.
    assert_eq!(judged(&HONEST[..1]).0, Some(4));
    assert_eq!(judged(&HONEST).0, Some(0));
    assert_eq!(std::fs::read_to_string(&seen).unwrap().lines().count(), 2);
    let (code, out, _) = judged(&HONEST);
    assert_eq!(code, Some(1), "{out}");
    assert_eq!(out.matches("Not fresh: the slot was used already").count(), 3, "{out}");
    // The same file twice is one stage and a replay, which spoils nothing.
    let (code, out, _) = bfv(&["verify", HONEST[0], HONEST[1], HONEST[1]]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("3 accepted, 1 rejected, 0 undecided") && out.contains("Accepted: the answer"), "{out}");
}

#[test]
fn a_stage_is_shown_with_its_layers() {
    let (code, out, _) = bfv(&["show", "certificate", HONEST[1]]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("\nOperation: layer range.\n") && out.contains("\nLayers: 2 to 4.\n"), "{out}");
    assert!(out.contains("\nInput shape: 7 by 8.\n") && out.contains("\nOutput shape: 4.\n"), "{out}");
}

/// Two heads split a model in two ways, and the first worker has the same layers in both. The ledger cannot be written.
#[test]
fn a_stage_belongs_to_every_split_that_has_it() {
    let folder = Folder::new("stages-both");
    let path = folder.0.join("ledger.txt");
    let (authority, log) = (key("authority"), key("log"));
    let other = CONFIGURATION.replace("\"second\"", "\"third\"");
    let manifest = Splitting::read(other.as_bytes()).unwrap().digest();
    let entry = Entry::with_manifest(&key("chief"), Role::Head, START - 1000, START + 1000, Some(manifest));
    ledger(&path, &[]).register(entry, Keys { authority: &authority, log: &log }, START - 900).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o444)).unwrap();
    let first = "\n[[split]]\nname = \"other\"\nmodel = \"code\"\nconfiguration = \"other.json\"\nhead = \"chief\"\n";
    let mut text = trusting(&["../models/code"]).replacen("\n[[split]]", &format!("{first}\n[[split]]"), 1);
    for name in ["third", "chief"] {
        text += &format!("\n[[worker]]\nname = \"{name}\"\nkey = \"{}\"\n", id(name).0);
    }
    for (name, text) in [("verify.toml", text.as_str()), ("splitting.json", CONFIGURATION), ("other.json", &other)] {
        std::fs::write(folder.0.join(name), text).unwrap();
    }
    let (code, out, err) = bfv(&["verify", "--trust", &at(&folder, "verify.toml"), HONEST[0], HONEST[1]]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("3 accepted, 0 rejected, 0 undecided") && out.contains("in stages of two. "), "{out}");
    let (code, out, _) = bfv(&["verify", "--trust", &at(&folder, "verify.toml"), HONEST[0]]);
    assert_eq!((code, out.matches("There is no stage 2.").count()), (Some(4), 2), "{out}");
}

/// What `verify.toml` says of a split must hold.
#[test]
fn a_split_that_nobody_registered_is_refused() {
    let folder = Folder::new("stages-unregistered");
    let said = |from: &str, to: &str, configuration: &str| {
        let ledger = trusting(&["../models/code", "ledger.txt"]);
        assert!(ledger.contains(from), "{from}");
        std::fs::write(folder.0.join("verify.toml"), ledger.replacen(from, to, 1)).unwrap();
        std::fs::write(folder.0.join("splitting.json"), configuration).unwrap();
        let (code, out, err) = bfv(&["verify", "--trust", &at(&folder, "verify.toml"), HONEST[0], HONEST[1]]);
        (code, out + &err)
    };
    assert_eq!(said("two", "two", CONFIGURATION).0, Some(0));
    let (second, two) = ("\"output_head\": [1]", "\"output_head\": [1, 2]");
    let spaced = format!("{CONFIGURATION}\n");
    let more = CONFIGURATION.replace(second, two);
    let reversed =
        CONFIGURATION.replace("\"first\"", "\"x\"").replace("\"second\"", "\"first\"").replace("\"x\"", "\"second\"");
    let side = CONFIGURATION
        .replace("\"specialized_core\": [], \"output_head\": []", "\"specialized_core\": [1], \"output_head\": []");
    for (from, to, configuration, why) in [
        ("two", "two", spaced.as_str(), "It was registered with another file."),
        ("two", "two", reversed.as_str(), "It was registered with another file."),
        ("two", "two", more.as_str(), "Its workers have 3 layers, and the model has 2."),
        ("two", "two", side.as_str(), "Worker second has layer 1, and layer 2 comes next."),
        ("two", "two", "{}", "strategy"),
        ("model = \"code\"", "model = \"law\"", CONFIGURATION, "there is no model law"),
        ("head = \"head\"", "head = \"first\"", CONFIGURATION, "the registry has no head first"),
        ("head = \"head\"", "head = \"nobody\"", CONFIGURATION, "there is no worker nobody"),
        ("name = \"second\"", "name = \"third\"", CONFIGURATION, "there is no worker second"),
        ("ledger = ", "# ledger = ", CONFIGURATION, "needs the ledger in which it is registered"),
        ("ledger.txt", "none.txt", CONFIGURATION, "needs the ledger in which it is registered"),
    ] {
        let (code, said) = said(from, to, configuration);
        assert_eq!(code, Some(2), "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
    }
    // Twice, and a model that is not split at all.
    let twice = "[[split]]\nname = \"two\"\nmodel = \"code\"\nconfiguration = \"splitting.json\"\nhead = \"head\"\n";
    let (code, out) = said(twice, &format!("{twice}\n{twice}"), CONFIGURATION);
    assert!(code == Some(2) && out.contains("split two stands twice"), "{out}");
    let (code, out) = said(twice, "", CONFIGURATION);
    assert!(code == Some(4) && out.contains("The model is not split."), "{out}");
}

/// From the keys to the verdict, with the programs that a person starts.
#[test]
fn two_workers_answer_through_the_real_programs() {
    build_the_worker();
    let folder = Folder::new("stages-programs");
    let run = |args: &[&str]| bfv_in(&folder.0, &[&["run", "worker"], args].concat());
    let done = |(code, out, err): (Option<i32>, String, String)| {
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        out
    };
    for name in WORKERS {
        done(run(&["key", "--output", &at(&folder, name)]));
    }
    let [authority, log, head] = ["authority", "log", "head"].map(|n| generate(&folder.0.join(n)).unwrap());
    let own = WORKERS.map(|n| secret(&folder.0.join(n)).unwrap());
    let keys = Keys { authority: &authority, log: &log };
    let path = folder.0.join("ledger.txt");
    let mut ledger = Ledger::open(&path, Trust { authority: authority.public(), log: log.public() }).unwrap();
    for key in &own {
        ledger.register(Entry::new(key, Role::Worker, START - 1000, START + 1000), keys, START - 900).unwrap();
    }
    let manifest = Splitting::read(CONFIGURATION.as_bytes()).unwrap().digest();
    let entry = Entry::with_manifest(&head, Role::Head, START - 1000, START + 1000, Some(manifest));
    ledger.register(entry, keys, START - 900).unwrap();
    drop(ledger);
    let (prompt, query) = question(7);
    let hex = |k: &bfv_cert::sign::SecretKey| k.public().id().0.to_string();
    let names: Vec<(&str, String)> =
        WORKERS.into_iter().zip(own.each_ref().map(hex)).chain([("head", hex(&head))]).collect();
    let model = examples().join("../models/code").display().to_string();
    let text = settings(&hex(&authority), &hex(&log), &names, &model, &[(query.to_string(), list(&prompt))]);
    std::fs::write(folder.0.join("verify.toml"), text).unwrap();
    std::fs::write(folder.0.join("splitting.json"), CONFIGURATION).unwrap();
    let commas = |tokens: &[u32]| list(tokens).replace(' ', "");
    let (prompt, query) = (commas(&prompt), query.to_string());
    let (cut, second) = (at(&folder, "cut"), at(&folder, "second"));
    // Steps, until the answer is known.
    let mut known: Vec<u32> = Vec::new();
    for _ in 0..COUNT {
        let so_far = commas(&known);
        let some: Vec<&str> = if known.is_empty() { vec![] } else { vec!["--answer-tokens", &so_far] };
        let both = [&["step", "--model", &model, "--prompt-tokens", &prompt][..], &some].concat();
        done(run(&[&both[..], &["--layers", "0-0", "--next", &cut]].concat()));
        let key = ["--layers", "1-1", "--input", &cut, "--key", &second, "--query", &query];
        let said = done(run(&[&both[..], &key].concat()));
        known.push(said.trim().trim_start_matches("The next token is ").trim_end_matches('.').parse().unwrap());
    }
    // Then each certifies its layers, the second what follows on the first.
    let (answer, authority, start) = (commas(&known), hex(&authority), START.to_string());
    let sign = |name: &str, more: &[&str]| {
        let (key, out) = (at(&folder, name), at(&folder, &format!("{name}.bfc")));
        let (ledger, log) = (at(&folder, "ledger.txt"), at(&folder, "log"));
        let flags = [
            ["--model", &model],
            ["--prompt-tokens", &prompt],
            ["--answer-tokens", &answer],
            ["--key", &key],
            ["--query", &query],
            ["--slot", "1.0.1"],
            ["--ledger", &ledger],
            ["--log-key", &log],
            ["--authority", &authority],
            ["--open", "products"],
            ["--at", &start],
            ["--output", &out],
        ];
        run(&[&["stage"], flags.as_flattened(), more].concat())
    };
    done(sign("first", &["--layers", "0-0", "--next", &cut]));
    let before = at(&folder, "first.bfc");
    done(sign("second", &["--layers", "1-1", "--input", &cut, "--before", &before]));
    let out = done(bfv_in(&folder.0, &["verify", "first.bfc", "second.bfc", "--query", &query, "--format", "json"]));
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["summary"], serde_json::json!({ "accepted": 3, "rejected": 0, "undecided": 0 }), "{out}");
    assert_eq!(json["answers"][0]["values"], Value::from(known));
    // What was signed for one question is no stage of another.
    let other = question(8).1.to_string();
    let (code, out, _) = bfv_in(&folder.0, &["verify", "first.bfc", "second.bfc", "--query", &other]);
    assert_eq!(code, Some(1), "{out}");
    assert_eq!(out.matches("Not fresh: this is the answer to the question").count(), 3, "{out}");
}
