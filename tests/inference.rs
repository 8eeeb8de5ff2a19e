//! The demonstration in `examples/inference`: three specialists answer, their answers are fused, and a fourth worker lies. Every file there is made
//! here, byte by byte the same each time: `UPDATE_EXPECTED=1` writes them. The real program judges them.
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
#[path = "evaluate/stack.rs"]
mod stack;
#[path = "inference/world.rs"]
mod world;

use bfv_exact::commit::Layout;
use bfv_exact::forward::Op;
use bfv_exact::gate::Function;
use bfv_extract::Package;
use bfv_model::stored::{SPEC_FILE, WEIGHTS_FILE, weights_file};
use folder::Folder;
use serde_json::Value;
use stack::with_stack;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use world::{
    COUNT, Made, SPECIALISTS, START, answer, draft, fusion, honest, key, made_again, median, prover, question, weights,
};

type Files = BTreeMap<String, Vec<u8>>;

/// A lie: its file, and how the answer to it begins.
struct Lie {
    file: &'static str,
    says: &'static str,
    made: Made,
    /// What is done to the envelope.
    after: fn(Vec<u8>, &Made) -> Vec<u8>,
}

fn lie(file: &'static str, says: &'static str, made: Made) -> Lie {
    Lie { file, says, made, after: |bytes, _| bytes }
}

/// The answers of the specialists to a question, and their fusion.
fn fused(n: u8, package: &Package) -> (Vec<Made>, Made) {
    let seq = u64::from(n);
    let answers: Vec<Made> = SPECIALISTS.iter().map(|name| answer(&honest(name), name, n, name, seq)).collect();
    let rows: Vec<i64> = answers.iter().flat_map(Made::tokens).collect();
    let result = package.program().run(&[&rows]).unwrap();
    let whole = fusion(&answers.iter().collect::<Vec<_>>(), package, &result, "head", seq);
    (answers, whole)
}

/// What the fourth worker does, each time as an answer of the model for medicine to question 3.
fn lies(package: &Package) -> Vec<Lie> {
    let name = "medicine";
    let run = |run: &bfv_worker::prove::Prover<i8>, seq| answer(run, name, 3, "mallory", seq);
    let own = |seq| run(&honest(name), seq);
    let with_weights = |seq, change: &dyn Fn(&mut bfv_exact::model::Weights<i8>)| {
        let mut w = weights(name);
        change(&mut w);
        run(&prover(draft(name), w), seq)
    };
    let model = honest(name);
    let layout = Layout::new(model.model().spec(), 4, COUNT).unwrap();
    let mut relu = draft(name);
    relu.gate.function = Function::Relu;
    let mut withheld = own(12);
    let leaf = layout.leaf(2, 1, Op::UpSums).unwrap();
    withheld.opened.retain(|l| *l != leaf);
    let mut revoked = own(9);
    revoked.signer = "mallory, before";
    revoked.fields.worker = key("mallory, before").public().id();
    let mut stranger = own(8);
    stranger.signer = "a stranger";
    stranger.fields.worker = key("a stranger").public().id();
    let other = answer(&honest(name), name, 4, "mallory", 11).ask(question(3).1);
    let said: Vec<u32> = own(6).tokens().iter().map(|t| (*t as u32 + 1) % 32).collect();
    let (answers, _) = fused(1, package);
    let mut result = package.program().run(&[&answers.iter().flat_map(Made::tokens).collect::<Vec<_>>()]).unwrap();
    result[1] += 1;
    let all: Vec<&Made> = answers.iter().collect();
    vec![
        lie(
            "01-another-model",
            "Wrong operation: AfterLayer of layer 0",
            run(&prover(draft(name), weights("code")), 1),
        ),
        lie("02-one-row-of-weights", "Wrong product: DownSums of layer 2", {
            with_weights(2, &|w| w.layers[1].down.entries_mut()[3 * 16..4 * 16].fill(1))
        }),
        lie("03-a-layer-left-out", "Wrong product: OutputSums of layer 2", {
            with_weights(3, &|w| {
                w.layers[1].output.entries_mut().fill(0);
                w.layers[1].down.entries_mut().fill(0);
            })
        }),
        lie("04-another-gate", "Wrong operation: Gated of layer 1", run(&prover(relu, weights(name)), 4)),
        lie("05-exchanged-logits", "Wrong operation: Logits of layer 3", {
            own(5).change(&layout, 1, 3, Op::Logits, |cell| cell.rotate_left(4))
        }),
        lie("06-other-tokens", "Wrong", own(6).say(&said)),
        lie("07-the-answer-to-an-older-question", "Not fresh: ", own(7).ask(question(9).1)),
        lie(
            "08-a-key-of-nobody",
            "Signature of the certificate: the key is not in the registry for this role.",
            stranger,
        ),
        lie("09-a-revoked-key", "Signature of the certificate: the key was revoked.", revoked),
        Lie {
            file: "10-a-changed-signature",
            says: "Signature of the certificate: ",
            made: own(10),
            after: |mut bytes, made| {
                let own = made.signed().encode();
                let at = bytes.windows(own.len()).position(|w| w == own).unwrap() + own.len() - 40;
                bytes[at] ^= 1;
                bytes
            },
        },
        lie("11-another-prompt", "The certificate does not belong here: ", other),
        lie("12-a-withheld-value", "Withheld: UpSums of layer 1", withheld),
        lie("13-a-wrong-fusion", "Wrong fusion: number 1 is ", fusion(&all, package, &result, "mallory", 13)),
        lie("14-a-worker-left-out", "The certificate does not belong here: ", {
            fusion(&all[..2], package, &result, "mallory", 14)
        }),
    ]
}

fn settings(models: &[&str]) -> String {
    let id = |name: &str| key(name).public().id().0;
    let mut out = format!(
        "# Whom a verifier of this demonstration trusts. The keys are made of their names, so they are no secrets.\n\
         authority = \"{}\"\nlog = \"{}\"\nledger = \"ledger.txt\"\n\
         # From then on a value that was not opened counts as withheld.\ndeadline = {START}\n\n\
         # Random numbers are hashes of each certificate; a worker may have tried 2^60 of them.\n\
         [challenge]\nkind = \"fiat-shamir\"\nrepetitions = 2\ntries = 60\n",
        id("authority"),
        id("log")
    );
    for name in ["law", "medicine", "code", "head", "mallory"] {
        out += &format!("\n[[worker]]\nname = \"{name}\"\nkey = \"{}\"\n", id(name));
        if models.contains(&name) {
            out += &format!("models = [\"{name}\"]\n");
        }
    }
    for name in models {
        out += &format!("\n[[model]]\nname = \"{name}\"\nfolder = \"models/{name}\"\n");
    }
    for n in 1..=3u8 {
        let (prompt, query) = question(n);
        let workers = if n == 3 { "\"mallory\"" } else { "\"law\", \"medicine\", \"code\"" };
        let prompt: Vec<String> = prompt.iter().map(u32::to_string).collect();
        let prompt = prompt.join(", ");
        out += &format!(
            "\n[[question]]\nquery = \"{query}\"\nprompt = [{prompt}]\nanswer = {COUNT}\nworkers = [{workers}]\n"
        );
    }
    out + "\n[[fusion]]\nname = \"median\"\npackage = \"median.bfxk\"\nworkers = [\"law\", \"medicine\", \"code\"]\n"
}

/// Every file of the demonstration, by its path in the folder.
fn made() -> (Files, Vec<Lie>) {
    let package = median();
    let mut files = Files::new();
    files.insert("verify.toml".into(), settings(&SPECIALISTS).into_bytes());
    files.insert("median.bfxk".into(), package.bytes());
    for name in SPECIALISTS {
        let model = honest(name);
        files.insert(format!("models/{name}/{SPEC_FILE}"), model.model().spec().bytes());
        files.insert(format!("models/{name}/{WEIGHTS_FILE}"), weights_file(model.model()));
    }
    let mut honest_ones: Vec<(String, Made)> = Vec::new();
    for n in 1..=2u8 {
        let (answers, whole) = fused(n, &package);
        honest_ones.extend(answers.into_iter().map(|a| (format!("accepted/question-{n}-{}.bfc", a.signer), a)));
        honest_ones.push((format!("accepted/question-{n}-fused.bfc"), whole));
    }
    let lies = lies(&package);
    let registered = |m: &&Made| m.signer != "a stranger";
    let certificates: Vec<_> = honest_ones
        .iter()
        .map(|(_, m)| m)
        .chain(lies.iter().map(|l| &l.made).filter(registered))
        .map(Made::signed)
        .collect();
    let folder = Folder::new("inference-ledger");
    let ledger = world::ledger(&folder.0, &certificates);
    for (file, made) in honest_ones {
        let envelope = made.envelope(&ledger.extract(&made.signed()).unwrap());
        files.insert(file, envelope);
    }
    let some = ledger.extract(&lies[0].made.signed()).unwrap();
    for l in &lies {
        let extract =
            if l.made.signer == "a stranger" { some.clone() } else { ledger.extract(&l.made.signed()).unwrap() };
        files.insert(format!("rejected/{}.bfc", l.file), (l.after)(l.made.envelope(&extract), &l.made));
    }
    drop(ledger);
    files.insert("ledger.txt".into(), std::fs::read(folder.0.join("ledger.txt")).unwrap());
    (files, lies)
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/inference")
}

fn bfv(args: &[&str]) -> (Option<i32>, String, String) {
    let o = Command::new(env!("CARGO_BIN_EXE_bfv"))
        .args(args)
        .current_dir(examples())
        .env("BFV_CONFIG", examples().join("no-settings.toml"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (o.status.code(), String::from_utf8(o.stdout).unwrap(), String::from_utf8(o.stderr).unwrap())
}

fn in_folder(folder: &str) -> Vec<String> {
    let all = std::fs::read_dir(examples().join(folder)).unwrap();
    let mut names: Vec<String> =
        all.map(|e| format!("{folder}/{}", e.unwrap().file_name().to_str().unwrap())).collect();
    names.sort();
    names
}

/// The files are those that are made here, and there are no others.
#[test]
fn every_file_is_made_again_byte_by_byte() {
    made_again(&examples(), &with_stack(|| made().0));
}

#[test]
fn the_honest_answers_are_accepted() {
    let files = in_folder("accepted");
    let args: Vec<&str> = ["verify"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let (code, out, err) = bfv(&args);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("Judged 8 certificates: 8 accepted, 0 rejected, 0 undecided.\n"), "{out}");
    let first = "Accepted: accepted/question-1-law.bfc. Worker law, program law, lane exact. \
                 A wrong answer would pass with probability at most 2^-59. ";
    assert!(out.contains(first), "{out}");
    assert!(
        out.contains("question-2-fused.bfc. Worker head, program median, lane exact. All of it was computed again.")
    );
    assert!(out.contains("Proved of the program median, 1 of 7: the result lies between the outputs.\n"), "{out}");
    assert!(out.ends_with("Result: every certificate is accepted.\n"), "{out}");
    let (code, out, _) = bfv(&[&args[..], &["--format", "json"]].concat());
    assert_eq!(code, Some(0));
    let json: Value = serde_json::from_str(&out).unwrap();
    let fused = json["certificates"].as_array().unwrap().iter().find(|c| c["file"] == "accepted/question-1-fused.bfc");
    let values = fused.unwrap()["values"].as_array().unwrap();
    assert_eq!(values.len(), COUNT);
    // Without its parents it cannot be told.
    let (code, out, _) = bfv(&["verify", "accepted/question-1-fused.bfc"]);
    assert_eq!(code, Some(4), "{out}");
    assert!(out.contains(". Not all answers that it fuses were accepted before.\n"), "{out}");
}

#[test]
fn every_lie_is_rejected_for_its_own_reason() {
    let lies = with_stack(|| lies(&median()).into_iter().map(|l| (l.file, l.says)).collect::<Vec<_>>());
    assert!(lies.len() >= 12);
    let parents: Vec<String> = SPECIALISTS.iter().map(|n| format!("accepted/question-1-{n}.bfc")).collect();
    for (file, says) in lies {
        let file = format!("rejected/{file}.bfc");
        let mut args = vec!["verify", file.as_str()];
        args.extend(parents.iter().map(String::as_str));
        let (code, out, err) = bfv(&args);
        assert_eq!((code, err.as_str()), (Some(1), ""), "{out}");
        assert!(out.contains(&format!("Rejected: {file}. {says}")), "{file}: {out}");
        assert!(out.contains("3 accepted, 1 rejected, 0 undecided"), "{out}");
    }
}

#[test]
fn a_certificate_counts_once() {
    let folder = Folder::new("inference-seen");
    let seen = folder.0.join("seen.txt");
    let args = ["verify", "accepted/question-1-law.bfc", "--seen", seen.to_str().unwrap()];
    assert_eq!(bfv(&args).0, Some(0));
    let (code, out, _) = bfv(&args);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("Not fresh: "), "{out}");
    let twice = bfv(&["verify", "accepted/question-1-law.bfc", "accepted/question-1-law.bfc"]);
    assert_eq!(twice.0, Some(1), "{}", twice.1);
}

#[test]
fn what_is_expected_is_compared() {
    let file = "accepted/question-1-law.bfc";
    let other = question(2).1.to_string();
    assert_eq!(bfv(&["verify", file, "--query", &question(1).1.to_string(), "--epochs", "1-1"]).0, Some(0));
    assert_eq!(bfv(&["verify", file, "--query", &other]).0, Some(1));
    assert_eq!(bfv(&["verify", file, "--epochs", "2-3"]).0, Some(1));
    // Two days later the registry is too old; before the log it is nothing that can be told.
    assert_eq!(bfv(&["verify", file, "--at", &(START + 200_000).to_string()]).0, Some(1));
    assert_eq!(bfv(&["verify", file, "--at", "5"]).0, Some(4));
    for bad in [
        &["verify", file, "--query", "12"][..],
        &["verify", file, "--epochs", "3"],
        &["verify", file, "--trust", "ledger.txt"],
    ] {
        assert_eq!(bfv(bad).0, Some(2), "{bad:?}");
    }
    assert_eq!(bfv(&["verify", "no-such.bfc"]).0, Some(74));
}

/// Each repetition costs as much as the first, and none checks nothing.
#[test]
fn repetitions_have_a_limit() {
    let folder = Folder::new("inference-repetitions");
    let text = std::fs::read_to_string(examples().join("verify.toml")).unwrap();
    let here = |path: &str| examples().join(path).display().to_string();
    let text = ["models/", "median.bfxk", "ledger.txt"].iter().fold(text, |text, path| text.replace(path, &here(path)));
    let trust = folder.0.join("verify.toml");
    for (repetitions, code) in [(0, 2), (1, 4), (2, 0), (16, 0), (17, 2), (u32::MAX, 2)] {
        let line = format!("repetitions = {repetitions}\n");
        std::fs::write(&trust, text.replace("repetitions = 2\n", &line)).unwrap();
        let (found, out, err) = bfv(&["verify", "--trust", trust.to_str().unwrap(), "accepted/question-1-law.bfc"]);
        assert_eq!(found, Some(code), "{repetitions}: {out}{err}");
        let said = err.contains(&format!("repetitions is {repetitions}, and 1 to 16 are possible"));
        assert_eq!(said, code == 2, "{err}");
    }
}

/// Whatever is judged with a secret tells something about it, so all runs count, and rejected certificates as well.
#[test]
fn uses_of_a_secret_are_counted_over_runs() {
    let folder = Folder::new("inference-secret");
    let text = std::fs::read_to_string(examples().join("verify.toml")).unwrap();
    let here = |path: &str| examples().join(path).display().to_string();
    let text = ["models/", "median.bfxk", "ledger.txt"].iter().fold(text, |text, path| text.replace(path, &here(path)));
    let secret = "kind = \"secret\"\nfile = \"secret\"\n";
    let text = text.replace("kind = \"fiat-shamir\"\nrepetitions = 2\ntries = 60\n", secret);
    let at = |name: &str| folder.0.join(name).display().to_string();
    std::fs::write(at("verify.toml"), text).unwrap();
    let judged = |file: &str| bfv(&["verify", "--trust", &at("verify.toml"), "--seen", &at("seen"), file]);
    let counts = || {
        let text = std::fs::read_to_string(at("seen")).unwrap();
        text.lines().filter(|l| l.starts_with("judged ")).map(str::to_owned).collect::<Vec<_>>()
    };
    std::fs::write(at("secret"), "5a".repeat(32)).unwrap();
    let (code, out, err) = judged("accepted/question-1-law.bfc");
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let (code, out, _) = judged("rejected/02-one-row-of-weights.bfc");
    assert_eq!(code, Some(1), "{out}");
    let all = counts();
    assert!(all.len() == 2 && all[0] == all[1] && all[0].ends_with(" 1"), "{all:?}");
    assert!(!all[0].contains("5a5a"), "the secret itself is not written");
    // What other runs have used up is used up.
    let name = all[0].split(' ').nth(1).unwrap();
    let file = std::fs::read_to_string(at("seen")).unwrap();
    for (more, code) in [((1 << 20) - 3, 0), ((1 << 20) - 2, 4), (u64::MAX, 4)] {
        std::fs::write(at("seen"), format!("{file}judged {name} {more}\n")).unwrap();
        let (found, out, err) = judged("accepted/question-1-medicine.bfc");
        assert_eq!(found, Some(code), "{more}: {out}{err}");
        assert_eq!(out.contains("2^-0"), code == 4, "{out}");
    }
    // Another secret begins anew.
    std::fs::write(at("secret"), "6b".repeat(32)).unwrap();
    let (code, out, _) = judged("accepted/question-1-code.bfc");
    assert_eq!(code, Some(0), "{out}");
    for line in ["judged", "judged x 1", &format!("judged {name} -1"), &format!("judged {name} 1 1")] {
        std::fs::write(at("seen"), line).unwrap();
        let (code, _, err) = judged("accepted/question-2-law.bfc");
        assert!(code == Some(2) && err.contains("Line 1 of "), "{err}");
    }
}

#[test]
fn envelopes_come_on_the_standard_input() {
    let run = |bytes: Vec<u8>| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bfv"))
            .arg("verify")
            .current_dir(examples())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &bytes));
        let o = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        (o.status.code(), String::from_utf8(o.stdout).unwrap())
    };
    let all: Vec<u8> = in_folder("accepted").iter().flat_map(|f| std::fs::read(examples().join(f)).unwrap()).collect();
    let (code, out) = run(all.clone());
    assert_eq!(code, Some(0), "{out}");
    assert_eq!(out.matches("Accepted: envelope ").count(), 8, "{out}");
    let (code, out) = run(all[..all.len() - 1].to_vec());
    assert_eq!(code, Some(1), "{out}");
    assert_eq!(out.matches("Accepted: envelope ").count(), 6, "{out}");
    assert!(out.contains("Undecided: envelope 6 of the input. "), "the fusion of what is cut off: {out}");
    assert!(out.contains("Rejected: envelope 8 of the input. Malformed at envelope"), "{out}");
    assert_eq!(run(Vec::new()).0, Some(2));
}

#[test]
fn a_worker_that_is_not_built_is_a_missing_tool() {
    let folder = Folder::new("inference-alone");
    let alone = folder.0.join("bfv");
    std::fs::copy(env!("CARGO_BIN_EXE_bfv"), &alone).unwrap();
    let o = Command::new(&alone).args(["run", "worker"]).env("PATH", "").output().unwrap();
    assert_eq!(o.status.code(), Some(6));
    let said = String::from_utf8(o.stderr).unwrap();
    assert!(
        said.starts_with("Error: the program bfv-worker is missing. ") && said.ends_with(" bfv-worker.\n"),
        "{said}"
    );
}

#[test]
fn certificates_and_workers_are_shown() {
    let (code, out, _) = bfv(&["show", "certificate", "accepted/question-1-fused.bfc"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("\nOperation: fusion.\n") && out.contains("\nParents: 3.\n"), "{out}");
    let (code, out, _) = bfv(&["list", "workers"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.starts_with("Found 7 keys in the registry "), "{out}");
    assert!(out.contains("Name: law. Role: worker. "), "{out}");
    assert!(out.contains(&format!(" Revoked from {} on: stolen. ", START - 500)), "{out}");
    assert_eq!(bfv(&["show", "certificate", "verify.toml"]).0, Some(3));
    // What is not there is not looked for elsewhere.
    assert_eq!(bfv(&["list", "workers", "no-such-folder"]).0, Some(74));
}
