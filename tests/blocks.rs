//! Answers in blocks on the command line: a worker writes them, `bfv verify` judges them while it does, and says of each and of the whole what it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "project/folder.rs"]
mod folder;
#[path = "project/worker.rs"]
mod worker;

use bfv_cert::certificate::{Slot, Validity};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_exact::rounding::Exact;
use bfv_ledger::{Ledger, Trust, random, secret};
use bfv_model::shipped;
use bfv_model::stored::Stored;
use bfv_worker::prove::{Circumstances, Prover, Question};
use bfv_worker::stream::Speaker;
use folder::{Folder, bfv, newcomer};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Once;

const QUERY: &str = "abababababababababababababababababababababababababababababababab";
const PROMPT: &str = "116,104,101,111,114,101,109,32";

/// A folder with keys, a ledger, and a file of trust with the model that is built in and a question.
struct World {
    dir: Folder,
}

impl World {
    fn new(name: &str) -> World {
        static BUILT: Once = Once::new();
        BUILT.call_once(worker::build_the_worker);
        let dir = Folder::new(name);
        for line in ["registry start", "key make worker.key", "key request worker.key"] {
            assert_eq!(bfv(&dir.0, line).0, Some(0), "{line}");
        }
        assert_eq!(bfv(&dir.0, "registry register --request worker.request").0, Some(0));
        let world = World { dir };
        world.asks("answer = 12\nblocks = true");
        world
    }

    /// Writes the file of trust, with these lines about the question.
    fn asks(&self, question: &str) {
        let path = self.dir.0.join("verify.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let start = text.split("[[worker]]").next().unwrap();
        let key = secret(&self.dir.0.join("worker.key")).unwrap().public().id().0;
        let text = format!(
            "{start}[[worker]]\nname = \"mine\"\nkey = \"{key}\"\n[[model]]\nname = \"built-in\"\nshipped = \"butterfly\"\n\
             [[question]]\nquery = \"{QUERY}\"\nprompt = [{PROMPT}]\n{question}\n"
        );
        std::fs::write(path, text).unwrap();
    }

    fn trust(&self) -> Trust {
        let key = |name: &str| secret(&self.dir.0.join(name)).unwrap().public();
        Trust { authority: key("authority.key"), log: key("log.key") }
    }

    /// The worker that writes 12 tokens in blocks of 4, with flags of which some are replaced.
    fn worker(&self, slot: &str, output: &str, changed: &[(&str, &str)]) -> Command {
        let authority = self.trust().authority.id().0.to_string();
        let own = [
            ("--model", "butterfly"),
            ("--key", "worker.key"),
            ("--prompt-tokens", PROMPT),
            ("--count", "12"),
            ("--block", "4"),
            ("--query", QUERY),
            ("--ledger", "ledger.txt"),
            ("--log-key", "log.key"),
            ("--authority", &authority),
            ("--device", "cpu"),
            ("--slot", slot),
            ("--output", output),
        ];
        let program = PathBuf::from(env!("CARGO_BIN_EXE_bfv")).with_file_name("bfv-worker");
        let mut command = Command::new(program);
        command.arg("run").current_dir(&self.dir.0).stdin(Stdio::null());
        for (name, value) in own {
            let value = changed.iter().find(|(n, _)| *n == name).map_or(value, |(_, v)| v);
            command.args([name, value]);
        }
        command
    }

    fn written(&self, slot: &str, output: &str) -> Vec<Vec<u8>> {
        let out = self.worker(slot, output, &[]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let said = String::from_utf8(out.stdout).unwrap();
        assert_eq!(said, "The answer has 12 tokens in 3 blocks, each with a certificate.\n");
        (1..=3).map(|n| std::fs::read(self.dir.0.join(output).join(format!("block-000000{n}.bfc"))).unwrap()).collect()
    }

    /// What `bfv verify` says to these words; the lines, and the exit code.
    fn verify(&self, words: &str) -> (Vec<String>, Option<i32>) {
        let (code, said) = bfv(&self.dir.0, &format!("verify {words}"));
        (said.lines().map(str::to_owned).collect(), code)
    }
}

/// The verdict about a block stands in the output before the block after the next one is written: the worker cannot have written more than was read from it and
/// what its pipe holds.
#[test]
fn blocks_are_judged_while_the_next_ones_are_written() {
    /// What a pipe holds, at most.
    const PIPE: usize = 1 << 16;
    let world = World::new("blocks-pipe");
    let mut writer = world.worker("1.0.0", "-", &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut verifier = newcomer(&world.dir.0, &world.dir.0, &["verify"]);
    let mut verifier = verifier.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut from, mut to) = (writer.stdout.take().unwrap(), verifier.stdin.take().unwrap());
    let mut lines = BufReader::new(verifier.stdout.take().unwrap()).lines();
    let (mut read, mut ends, mut start, mut seen) = (Vec::new(), Vec::new(), 0, Vec::new());
    let mut chunk = vec![0; 4096];
    loop {
        let n = from.read(&mut chunk).unwrap();
        read.extend_from_slice(&chunk[..n]);
        while let Ok((_, length)) = Envelope::first(&read[start..]) {
            to.write_all(&read[start..start + length]).unwrap();
            start += length;
            // The verdict comes before more is read.
            seen.push((lines.next().unwrap().unwrap(), read.len()));
            ends.push(start);
        }
        if n == 0 {
            break;
        }
    }
    drop(to);
    assert_eq!(ends.len(), 3);
    for (n, (line, by_then)) in (1..).zip(&seen) {
        let (first, last) = (4 * n - 3, 4 * n);
        let said =
            format!("Accepted: envelope {n} of the input. Block {n}, tokens {first} to {last} of 12. Worker mine, ");
        assert!(line.starts_with(&said), "{line}");
        if let Some(end) = ends.get(n) {
            assert!(by_then + PIPE < *end, "of block {} all may have been written", n + 1);
        }
    }
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(rest[0], "Judged 3 certificates and 1 answer in blocks: 4 accepted, 0 rejected, 0 undecided.");
    let whole =
        "Accepted: the answer of mine to question abababab in blocks. All 12 tokens are accepted, in 3 blocks. ";
    assert!(rest[1].starts_with(whole), "{rest:?}");
    assert_eq!(verifier.wait().unwrap().code(), Some(0));
    assert!(writer.wait().unwrap().success());
    // And with nothing between the two.
    let mut writer = world.worker("1.1.0", "-", &[]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let pipe = Stdio::from(writer.stdout.take().unwrap());
    let out = newcomer(&world.dir.0, &world.dir.0, &["verify"]).stdin(pipe).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stdout));
    assert!(writer.wait().unwrap().success());
}

#[test]
fn each_block_and_the_whole_are_told() {
    let world = World::new("blocks-told");
    let blocks = world.written("1.0.0", "out");
    // A folder is read in the order of its names.
    let (said, code) = world.verify("out --format json");
    assert_eq!(code, Some(0), "{said:?}");
    let value: Value = serde_json::from_str(&said.join("\n")).unwrap();
    let all = value["certificates"].as_array().unwrap();
    let places: Vec<_> = all.iter().map(|c| (&c["blocks"], &c["first"], &c["last"], &c["asked"])).collect();
    let numbers: Vec<Value> = (0..=12).map(Value::from).collect();
    let at = |block: usize| (&numbers[block], &numbers[4 * block - 3], &numbers[4 * block], &numbers[12]);
    assert_eq!(places, [at(1), at(2), at(3)]);
    let whole = &value["answers"][0];
    assert_eq!((&whole["verdict"], whole["values"].as_array().unwrap().len()), (&"accepted".into(), 12));
    let values: Vec<&Value> = all.iter().flat_map(|c| c["values"].as_array().unwrap()).collect();
    assert_eq!(whole["values"].as_array().unwrap().iter().collect::<Vec<_>>(), values);
    // Some blocks, in some order: which of them are accepted, and what is said of the whole.
    let name = |n: usize| format!("out/block-000000{n}.bfc");
    for (order, accepted, code) in [
        (&[1, 2, 3][..], &[1, 2, 3][..], 0),
        (&[1], &[1], 4),
        (&[1, 2], &[1, 2], 4),
        (&[2], &[], 4),
        (&[2, 1, 3], &[1], 4),
        (&[1, 3], &[1], 4),
        (&[1, 2, 2, 3], &[1, 2, 3], 1),
        (&[1, 1, 2, 3], &[1, 2, 3], 1),
        (&[3, 2, 1, 2, 3], &[1, 2, 3], 4),
    ] {
        let words: Vec<String> = order.iter().map(|n| name(*n)).collect();
        let (said, found) = world.verify(&words.join(" "));
        assert_eq!(found, Some(code), "{order:?} {said:?}");
        let lines: Vec<&String> = said.iter().filter(|line| line.starts_with("Accepted: out/")).collect();
        assert_eq!(lines.len(), accepted.len(), "{order:?} {said:?}");
        for (line, n) in lines.iter().zip(accepted) {
            assert!(line.starts_with(&format!("Accepted: {}. Block {n}, ", name(*n))), "{line}");
        }
        let whole = said.iter().find(|line| line.contains(": the answer of mine to question abababab in blocks. "));
        match accepted.len() {
            0 => assert_eq!(whole, None),
            3 => assert!(whole.unwrap().contains(" All 12 tokens are accepted, in 3 blocks. "), "{whole:?}"),
            n => {
                let short = format!(" {} of 12 tokens were accepted, and the rest is missing.", 4 * n);
                assert!(whole.unwrap().starts_with("Undecided: ") && whole.unwrap().ends_with(&short), "{whole:?}");
            }
        }
        for line in said.iter().filter(|line| line.starts_with("Undecided: out/")) {
            assert!(
                line.contains(". It continues ")
                    && line.ends_with(" which is not the last block that was accepted. Give blocks in order."),
                "{line}"
            );
        }
        for line in said.iter().filter(|line| line.starts_with("Rejected: ")) {
            assert!(line.contains("Not fresh: the slot was used already, by "), "{line}");
        }
    }
    // What is kept of an earlier run says that its blocks were accepted.
    assert_eq!(world.verify("out --seen seen.txt").1, Some(0));
    let (said, code) = world.verify("out --seen seen.txt");
    assert_eq!(code, Some(1));
    assert!(said[1].contains("Not fresh: the slot was used already"), "{said:?}");
    // After the deadline, what is missing is withheld.
    world.asks("answer = 12\nblocks = true\n");
    let path = world.dir.0.join("verify.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("deadline = 1000\n{text}")).unwrap();
    let (said, code) = world.verify(&name(1));
    assert!(said.iter().any(|l| l.ends_with(" Withheld: 4 of 12 tokens came until the deadline.")), "{said:?}");
    assert_eq!(code, Some(1));
    // A block that came too early was not withheld.
    let (said, code) = world.verify(&[name(1), name(3), name(2)].join(" "));
    assert!(said.iter().any(|l| l.ends_with(" 8 of 12 tokens were accepted, and the rest is missing.")), "{said:?}");
    assert_eq!(code, Some(4));
    // An answer to another question with the same prompt is none to this one.
    world.asks("answer = 12\nblocks = true");
    let other = QUERY.replace("ab", "cd");
    let out = world.worker("1.5.0", "other", &[("--query", &other), ("--block", "12")]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let (said, code) = world.verify(&format!("other --query {other}"));
    assert!(said.iter().all(|l| !l.contains("abababab") && !l.contains(" in blocks")), "{said:?}");
    assert_eq!(code, Some(0), "{said:?}");
    // Questions that were not asked so, or otherwise.
    for (question, what) in [
        ("answer = 12", "Undecided: out/block-0000002.bfc. The question was not asked for an answer in blocks."),
        (
            "answer = 6\nblocks = true",
            "Rejected: out/block-0000002.bfc. The certificate does not belong here: 6 were expected, not 8.",
        ),
    ] {
        world.asks(question);
        let (said, _) = world.verify("out");
        assert!(said.iter().any(|line| line == what), "{said:?}");
    }
    world.asks("blocks = true");
    let (said, code) = world.verify("out");
    assert!(said[0].contains("has blocks, and no number of tokens") && code == Some(2), "{said:?}");
    // A changed byte of a value, in the second block.
    world.asks("answer = 12\nblocks = true");
    let mut changed = blocks[1].clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    world.dir.write("out/block-0000002.bfc", &changed);
    let (said, code) = world.verify("out");
    assert!(said[2].starts_with("Rejected: out/block-0000002.bfc. The trace does not belong here: "), "{said:?}");
    assert!(said[3].starts_with("Undecided: out/block-0000003.bfc. It continues ") && code == Some(1), "{said:?}");
    // An empty folder is no success.
    std::fs::create_dir(world.dir.0.join("empty")).unwrap();
    let (said, code) = world.verify("empty");
    assert!(said.iter().any(|l| l.contains("The folder empty has no file with the ending bfc.")), "{said:?}");
    assert_eq!(code, Some(74));
}

/// A worker that continues one block in two ways, each with a slot of its own and in one chain, has answered twice.
#[test]
fn a_block_is_continued_once() {
    let world = World::new("blocks-fork");
    let Stored::Eight(model) = shipped::read().unwrap() else { panic!("it has another grid") };
    let (spec, prover) = (model.spec().clone(), Prover::new(model).unwrap());
    let key = secret(&world.dir.0.join("worker.key")).unwrap();
    let log = secret(&world.dir.0.join("log.key")).unwrap();
    let query = bfv_ledger::digest(QUERY).unwrap();
    let prompt: Vec<u32> = PROMPT.split(',').map(|t| t.parse().unwrap()).collect();
    let seed = random().unwrap();
    let speak = |sizes: &[usize]| {
        let question = Question { query, prompt: prompt.clone(), count: 12 };
        let mut speaker = Speaker::new(&prover, &Exact, question, seed, true);
        sizes.iter().map(|n| speaker.block(*n).unwrap()).collect::<Vec<_>>()
    };
    let mut ledger = Ledger::open(&world.dir.0.join("ledger.txt"), world.trust()).unwrap();
    let mut previous = Digest::ZERO;
    let mut signed = |name: &str, answer: &bfv_worker::prove::Answer, parent, slot: (u64, u64)| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let c = Circumstances {
            slot: Slot { epoch: 1, view: slot.0, seq: slot.1 },
            validity: Validity { not_before: now, not_after: now + 100 },
            previous,
            execution: None,
        };
        let certificate = prover.certify_after(answer, parent, &c, &key).unwrap();
        ledger.add(&certificate, &log, now).unwrap();
        let (log, registry) = ledger.extract(&certificate).unwrap();
        let bytes = answer.envelope(&certificate, (&log, &registry), &answer.products(&spec).unwrap()).unwrap();
        world.dir.write(name, &bytes);
        previous = certificate.id();
        previous
    };
    let (one, other) = (speak(&[4, 4, 4]), speak(&[4, 3]));
    let first = signed("1.bfc", &one[0], None, (0, 0));
    let second = signed("2.bfc", &one[1], Some(first), (0, 1));
    signed("3.bfc", &one[2], Some(second), (0, 2));
    signed("fork.bfc", &other[1], Some(first), (0, 3));
    // For a slot that was used.
    signed("slot.bfc", &other[1], Some(first), (0, 1));
    let (said, code) = world.verify("1.bfc 2.bfc fork.bfc slot.bfc 3.bfc");
    assert!(
        said[3].starts_with("Rejected: fork.bfc. Not fresh: the question was answered by this worker already, "),
        "{said:?}"
    );
    assert!(said[4].starts_with("Rejected: slot.bfc. Two-faced: two certificates for one slot, "), "{said:?}");
    assert!(said[5].starts_with("Accepted: 3.bfc. Block 3, tokens 9 to 12 of 12. ") && code == Some(1), "{said:?}");
    // Alone it is a continuation like any other.
    assert!(world.verify("1.bfc fork.bfc").0[2].starts_with("Accepted: fork.bfc. Block 2, tokens 5 to 7 of 12. "));
}

#[test]
fn the_worker_refuses_what_makes_no_stream() {
    let world = World::new("blocks-refused");
    std::fs::create_dir(world.dir.0.join("full")).unwrap();
    world.dir.write("full/block-0000009.bfc", b"");
    for (changed, output, code, why) in [
        (&[("--block", "0")][..], "new", 2, "An answer in blocks needs a --block and a --count of at least 1."),
        (&[("--count", "0")], "new", 2, "An answer in blocks needs a --block and a --count of at least 1."),
        (&[], "full", 3, "There is something in the folder."),
        (&[("--prompt-tokens", "256")], "new", 2, "There is no token 256"),
        (&[("--model", "./butterfly")], "new", 74, "butterfly"),
    ] {
        let out = world.worker("2.0.0", output, changed).output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(said.to_lowercase().contains(&why.to_lowercase()) && out.status.code() == Some(code), "{said}");
    }
}
