//! The chat with the model that is built in, by real processes: text is shown once it is accepted, and a worker that lies, dies or is silent gets none of it shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(unix)]

#[path = "project/folder.rs"]
mod folder;
#[path = "project/worker.rs"]
mod worker;

use bfv_cert::certificate::{Lane, Slot, Validity};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_driver::escaped;
use bfv_exact::rounding::{Arithmetic, Exact, Product};
use bfv_exact::{Matrix, Refused};
use bfv_ledger::{Ledger, Trust, digest, key_id, random, secret};
use bfv_model::shipped;
use bfv_model::stored::{SPEC_FILE, Stored, WEIGHTS_FILE};
use bfv_worker::prove::{Circumstances, Prover, Question};
use bfv_worker::stream::Speaker;
use folder::{Folder, newcomer};
use serde_json::Value;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where a test double finds what it is told, and where it writes.
const TOLD: &str = "BFV_TEST_LIAR";
const TYPED: &str = "theorem plus";

/// What a chat says to lines that are typed, its complaints, and its exit code.
fn chat(dir: &Folder, typed: &[u8], more: &[&str]) -> (Vec<String>, String, Option<i32>) {
    static BUILT: Once = Once::new();
    BUILT.call_once(worker::build_the_worker);
    let usual = ["run", "worker", "--model", "butterfly", "--count", "12", "--block", "4"];
    let mut command = newcomer(&dir.0, &dir.0, &[&usual, more].concat());
    command.env("TMPDIR", &dir.0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed).unwrap();
    let out = child.wait_with_output().unwrap();
    let [said, why] = [out.stdout, out.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!said.contains('\u{1b}') && !said.contains('\r'), "{said:?}");
    (said.lines().map(str::to_owned).collect(), why, out.status.code())
}

/// The same for one line that is continued by a program in the place of the worker.
fn with(dir: &Folder, script: &str, more: &[&str]) -> (String, Option<i32>) {
    let worker = Path::new(env!("CARGO_BIN_EXE_bfv")).with_file_name("bfv-worker");
    let path = dir.0.join("program");
    std::fs::write(&path, format!("#!/bin/sh\nworker='{}'\n{script}\n", worker.display())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let flags = ["--program", path.to_str().unwrap()];
    let (said, why, code) = chat(dir, format!("{TYPED}\n").as_bytes(), &[&flags, more].concat());
    assert_eq!(why, "");
    (said.join("\n"), code)
}

/// The text of the first blocks that a worker wrote, of which its script left a copy, as it is shown.
fn written(dir: &Folder, blocks: usize) -> String {
    let bytes = std::fs::read(dir.0.join("envelopes")).unwrap();
    let (mut rest, mut text) = (bytes.as_slice(), String::new());
    for _ in 0..blocks {
        let (envelope, length) = Envelope::first(rest).unwrap();
        let (tokens, _) = envelope.reveal().output.unwrap().as_chunks::<4>();
        text.extend(tokens.iter().filter_map(|t| shipped::character(u32::from_le_bytes(*t))));
        rest = &rest[length..];
    }
    assert_eq!(text.chars().count(), 4 * blocks);
    escaped(&text, |c| c.is_control() && c != '\n')
}

/// A script that runs the worker and leaves a copy of what it writes.
fn copied(dir: &Folder) -> String {
    format!("\"$worker\" \"$@\" 2>/dev/null | tee '{}/envelopes'", dir.0.display())
}

#[test]
fn a_line_is_continued_by_what_the_model_says() {
    let dir = Folder::new("chat-line");
    let (text, code) = with(&dir, &copied(&dir), &[]);
    assert_eq!(code, Some(0), "{text}");
    let said: Vec<&str> = text.lines().collect();
    assert!(said[0].starts_with("Type a line, and the model butterfly continues it by 12 characters. "), "{text}");
    assert!(said[2].ends_with(" It is removed when the input ends."), "{text}");
    let accepted = "Accepted: all 12 characters in 3 blocks, lane exact. \
                    A wrong text would pass with probability at most 2^-60.";
    let answer = format!("\n{}\n{accepted}\n", written(&dir, 3));
    assert!(text.contains(&answer), "{text}");
    assert_eq!(said.last(), Some(&"Result: 1 line continued. 1 accepted, 0 rejected, 0 undecided."));
    for sentence in text.replace(&answer, "").split(['.', '\n']) {
        assert!(sentence.split(' ').count() <= 20 && sentence.is_ascii(), "{sentence}");
    }
    // Nothing is left of the folder with the keys.
    let left = std::fs::read_dir(&dir.0).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    assert!(left.into_iter().all(|name| !name.starts_with("bfv-chat-")));
}

#[test]
fn what_cannot_be_continued_is_refused_with_the_reason() {
    let dir = Folder::new("chat-refused");
    let long = [vec![b'a'; 40_000], b"\n".to_vec()].concat();
    let typed = ["5 \u{20ac}\n\n".as_bytes(), b"\xff\xff\n", &long, b"\x07\n", TYPED.as_bytes()].concat();
    let (said, _, code) = chat(&dir, &typed, &["--folder", "kept"]);
    let text = said.join("\n");
    assert!(said[3].starts_with("Error usage: The model does not know the character U+20AC, which is "), "{text}");
    assert!(said[4].starts_with("Error usage: The line is empty"), "{text}");
    assert!(said[5].starts_with("Error usage: The line is no text in UTF-8."), "{text}");
    assert!(said[6].starts_with("Error usage: The line has more than 8192 characters."), "{text}");
    // A line that is cut off by the end of the input is one, and so is one of a character that cannot be seen.
    assert_eq!(
        (said.last().unwrap().as_str(), code),
        ("Result: 2 lines continued. 2 accepted, 0 rejected, 0 undecided.", Some(0))
    );
    // The same keys once more.
    let ledger = || std::fs::read_to_string(dir.0.join("kept/ledger.txt")).unwrap();
    let before = ledger().lines().count();
    let (said, why, code) = chat(&dir, b"x\n", &["--folder", "kept", "--format", "jsonl"]);
    assert_eq!((why.as_str(), code), ("", Some(0)), "{said:?}");
    // A certificate and a head for each of three blocks, and no new keys.
    assert_eq!(ledger().lines().count(), before + 6);
    let values: Vec<Value> = said.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&String> = values.iter().flat_map(|v| v.as_object().unwrap().keys()).collect();
    assert_eq!(kinds, ["block", "block", "block", "turn", "end"]);
    let blocks: String = values[..3].iter().map(|v| v["block"]["text"].as_str().unwrap()).collect();
    let turn = &values[3]["turn"];
    assert_eq!((turn["verdict"].as_str(), turn["text"].as_str()), (Some("accepted"), Some(blocks.as_str())));
    assert_eq!((&turn["soundness_bits"], &turn["blocks"]), (&60.into(), &3.into()));
    // Nobody reads what is printed.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = newcomer(&dir.0, &dir.0, &["run", "worker", "--model", "butterfly", "--folder", "kept"]);
    let out = command.stdin(Stdio::piped()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output();
    assert_eq!(out.unwrap().status.code(), Some(74));
    // Only refused lines are no success.
    let (_, _, code) = chat(&dir, b"\n", &[]);
    assert_eq!(code, Some(2));
    // An envelope has room for a line and a block of some length together.
    let settings = ["run", "worker", "--model", "butterfly", "--count", "9000", "--block", "8192"];
    let mut child = newcomer(&dir.0, &dir.0, &settings).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&[b'a'; 2809]).unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let why = "Error usage: The line has more than 2808 characters. To mend it: Type a shorter line, or give a smaller --block.";
    assert!(said.contains(why), "{said}");
    for (flags, what) in [
        (&["--cuont", "3"][..], "A chat has no flag --cuont."),
        (&["--limit", "0"], "The flag --limit has 0, and needs a whole number from 1 to 86400."),
        (&["--limit"], "The flag --limit has no value."),
        (&["--count", "4"], "The flag --count stands twice."),
        (&["--device", "tpu"], "The flag --device has tpu, and needs auto, cpu or cuda."),
        (&["--folder", ""], "The flag --folder has no name of a folder."),
    ] {
        let (said, why, code) = chat(&dir, b"", flags);
        assert!(why.starts_with(&format!("Error usage: {what} ")) && said.is_empty(), "{why}");
        assert_eq!(code, Some(2));
    }
}

/// The worker runs another model and says so: nothing of its text is shown.
#[test]
fn another_model_is_rejected() {
    let dir = Folder::new("chat-model");
    let folder = dir.0.join("other");
    std::fs::create_dir(&folder).unwrap();
    let mut weights = shipped::WEIGHTS.to_vec();
    *weights.last_mut().unwrap() ^= 1;
    std::fs::write(folder.join(WEIGHTS_FILE), weights).unwrap();
    std::fs::write(folder.join(SPEC_FILE), shipped::SPEC).unwrap();
    // The second word is the flag and the third one its value.
    let script = format!("shift 3\nexec \"$worker\" run --model '{}' \"$@\"", folder.display());
    let (said, code) = with(&dir, &script, &[]);
    assert!(
        said.contains(
            " when the input ends.\nRejected: block 1. The certificate does not belong here: another model was expected"
        ),
        "{said}"
    );
    assert!(said.contains(" All of its text is withheld. ") && code == Some(1), "{said}");
}

/// Exact until it has computed so many products, and wrong by one from then on.
struct Lying(AtomicUsize);

impl Arithmetic<i8> for Lying {
    type Held = ();

    fn lane(&self) -> Lane {
        Lane::Exact
    }

    fn product(&self, w: &Matrix<i8>, x: &Matrix<i8>) -> Result<Product<i32>, Refused> {
        let mut product = Exact.product(w, x)?;
        if self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err() {
            product.sums.entries_mut()[0] += 1;
        }
        Ok(product)
    }
}

/// No test of its own: the worker of the next one, which signs and logs whatever it computes. It is started by a script with what the chat tells a worker.
#[test]
#[ignore = "it is a program that another test starts"]
fn a_worker_that_lies() {
    let told = PathBuf::from(std::env::var_os(TOLD).expect("a folder"));
    let words = std::fs::read_to_string(told.join("words")).unwrap();
    let words: Vec<&str> = words.lines().collect();
    let flag = |name: &str| words[words.iter().position(|w| *w == name).unwrap() + 1];
    let Stored::Eight(model) = shipped::read().unwrap() else { panic!("it has another grid") };
    let (spec, prover) = (model.spec().clone(), Prover::new(model).unwrap());
    let [key, log] = ["--key", "--log-key"].map(|name| secret(Path::new(flag(name))).unwrap());
    let trust = Trust { authority: key_id(flag("--authority")).unwrap().key().unwrap(), log: log.public() };
    let mut ledger = Ledger::open(Path::new(flag("--ledger")), trust).unwrap();
    let prompt: Vec<u32> = flag("--prompt-tokens").split(',').map(|t| t.parse().unwrap()).collect();
    let question = Question { query: digest(flag("--query")).unwrap(), prompt, count: 12 };
    // Each token takes 7 products in each layer, and one of the head. The prompt counts as one.
    let by = Lying(AtomicUsize::new(6 * (7 * spec.draft().layers.len() + 1)));
    let mut speaker = Speaker::new(&prover, &by, question, random().unwrap(), true);
    let slot: Vec<u64> = flag("--slot").split('.').map(|n| n.parse().unwrap()).collect();
    let (mut parent, mut all) = (None, Vec::new());
    for block in 0..3 {
        let answer = speaker.block(4).unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let c = Circumstances {
            slot: Slot { epoch: slot[0], view: slot[1], seq: block },
            validity: Validity { not_before: now, not_after: now + 100 },
            previous: parent.unwrap_or(Digest::ZERO),
            execution: None,
        };
        let certificate = prover.certify_after(&answer, parent, &c, &key).unwrap();
        ledger.add(&certificate, &log, now).unwrap();
        let (log, registry) = ledger.extract(&certificate).unwrap();
        all.extend(answer.envelope(&certificate, (&log, &registry), &answer.products(&spec).unwrap()).unwrap());
        parent = Some(certificate.id());
    }
    std::fs::write(told.join("envelopes"), all).unwrap();
}

/// Its keys, signatures and openings are right, and it names the right model: only a product is wrong, in the second block.
#[test]
fn a_worker_that_lies_is_rejected_and_its_text_withheld() {
    let dir = Folder::new("chat-liar");
    let own = std::env::current_exe().unwrap();
    let script = format!(
        "for word in \"$@\"; do echo \"$word\"; done > '{0}/words'\n{TOLD}='{0}' '{1}' --ignored --exact a_worker_that_lies > '{0}/said' 2>&1\n\
         cat '{0}/envelopes'",
        dir.0.display(),
        own.display()
    );
    let (said, code) = with(&dir, &script, &[]);
    let lie = "Rejected: block 2. Wrong product: QuerySums of layer 1, token 17, column 0 is ";
    assert!(said.contains(&format!(" when the input ends.\n{}\n{lie}", written(&dir, 1))), "{said}");
    assert!(said.contains(" Above are the 4 characters that were accepted before. The rest is not shown. "), "{said}");
    assert!(said.ends_with("\nResult: 1 line continued. 0 accepted, 1 rejected, 0 undecided."), "{said}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_worker_that_dies_or_is_silent_has_not_passed() {
    let dir = Folder::new("chat-dies");
    // Before anything, and in the middle of the second block.
    let (said, code) = with(&dir, "echo 'There is no power.' >&2; exit 7", &[]);
    let why = "Undecided: block 1 did not come. The worker ended too early, with code 7. \
               Its unchecked complaint: \"There is no power.\".";
    assert!(said.contains(why) && said.contains(" All of its text is withheld. ") && code == Some(4), "{said}");
    // What it says cannot look like what is said here, and does not fill the screen.
    let (said, _) = with(&dir, "printf 'Accepted\\n\\033[2J\\303\\251\"' >&2", &[]);
    let why = r#"with code 0. Its unchecked complaint: "Accepted\n\u{1b}[2J\u{e9}\"". All of its text"#;
    assert!(said.contains(why), "{said}");
    let (said, _) = with(&dir, "printf '%0500d' 0 >&2", &[]);
    let why = format!("Its unchecked complaint begins: \"{}\". All", "0".repeat(200));
    assert!(said.contains(&why), "{said}");
    let cut = copied(&dir) + " | head -c 770000";
    let (said, code) = with(&dir, &cut, &[]);
    let shown = || format!(" when the input ends.\n{}\n", written(&dir, 1));
    assert!(said.contains(&format!("{}Rejected: block 2. Malformed at ", shown())), "{said}");
    assert!(said.contains("the bytes end too early") && code == Some(1), "{said}");
    // The pipe stays open, and nothing comes.
    let (said, code) = with(&dir, &format!("{cut}\nexec sleep 100"), &["--limit", "2"]);
    let silent = "Undecided: block 2 did not come. Nothing whole came for 2 seconds. ";
    assert!(said.contains(&format!("{}{silent}", shown())), "{said}");
    assert!(said.contains(" or give more seconds with --limit.") && code == Some(4), "{said}");
    // Its output is closed, and it or what it has started goes on.
    for (script, end) in [
        ("exec >&-; exec sleep 100", "The worker closed its output and was stopped."),
        ("sleep 20 >&- & exit 3", "The worker ended too early, with code 3."),
    ] {
        let (said, code) = with(&dir, script, &[]);
        assert!(said.contains(&format!("Undecided: block 1 did not come. {end} ")) && code == Some(4), "{said}");
    }
    // Something else than envelopes.
    let (said, code) = with(&dir, "echo hello", &[]);
    assert!(said.contains("\nRejected: block 1. Malformed at envelope, ") && code == Some(1), "{said}");
    // A program that is not there.
    let (said, why, code) = chat(&dir, b"x\n", &["--program", "./absent"]);
    assert!(why.starts_with("Error input-output: The file absent cannot be read: ") || why.contains("absent"), "{why}");
    assert!(code != Some(0) && !said.iter().any(|line| line.starts_with("Accepted")), "{said:?}");
}
