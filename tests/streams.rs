//! Certificates on the standard input of `bfv verify`: each is judged when it is complete, and its line is there before the next one comes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_cert::envelope::{Envelope, write};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long a line may take that comes at once.
const SOON: Duration = Duration::from_secs(60);
/// How long nothing must come of what waits.
const WAITS: Duration = Duration::from_millis(300);

fn examples(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/inference").join(folder)
}

fn file(folder: &str, name: &str) -> Vec<u8> {
    std::fs::read(examples(folder).join(name)).unwrap()
}

/// A run whose input is written by hand and whose lines are read as they come.
struct Run {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Run {
    fn new(folder: &str, args: &[&str]) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bfv"))
            .arg("verify")
            .args(args)
            .current_dir(examples(folder))
            .env("BFV_CONFIG", examples(folder).join("no-settings.toml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        Run { child, input, lines }
    }

    fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    /// The next line, which comes while the input is open.
    fn line(&self) -> String {
        self.lines.recv_timeout(SOON).unwrap()
    }

    fn nothing(&self) {
        let line = self.lines.recv_timeout(WAITS);
        assert!(line.is_err(), "{line:?}");
    }

    /// Ends the input; the other lines, and the exit code.
    fn end(mut self) -> (Vec<String>, Option<i32>) {
        drop(self.input.take());
        let lines = self.lines.iter().collect();
        (lines, self.child.wait().unwrap().code())
    }
}

#[test]
fn a_line_comes_before_the_next_certificate() {
    let mut run = Run::new("", &[]);
    for (n, name) in (1..).zip(["law", "medicine", "code"]) {
        let bytes = file("", &format!("accepted/question-1-{name}.bfc"));
        // Not before the last byte is there.
        let (last, most) = bytes.split_last().unwrap();
        run.write(most);
        if n == 1 {
            run.nothing();
        }
        run.write(&[*last]);
        let line = run.line();
        assert!(line.starts_with(&format!("Accepted: envelope {n} of the input. Worker {name}, ")), "{line}");
    }
    // What rests on these is judged at once, and so is a lie.
    run.write(&file("", "accepted/question-1-fused.bfc"));
    let line = run.line();
    assert!(line.starts_with("Accepted: envelope 4 of the input. Worker head, program median, "), "{line}");
    run.write(&file("", "rejected/02-one-row-of-weights.bfc"));
    let line = run.line();
    assert!(line.starts_with("Rejected: envelope 5 of the input. Wrong product: "), "{line}");
    let (rest, code) = run.end();
    assert_eq!((code, rest[0].as_str()), (Some(1), "Judged 5 certificates: 4 accepted, 1 rejected, 0 undecided."));
    assert!(!rest.iter().any(|line| line.contains(" of the input. ")), "{rest:?}");
    assert!(rest[1].starts_with("Proved of the program median, 1 of 7: "), "{rest:?}");
    assert_eq!(rest.last().unwrap(), "Result: not every certificate is accepted.");
}

#[test]
fn what_rests_on_others_waits_for_them() {
    for (folder, waits, name) in
        [("", "accepted/question-1-fused.bfc", "question-1-"), ("votes", "accepted/voted.bfc", "")]
    {
        let answers = if folder.is_empty() { ["law", "medicine", "code"] } else { ["first", "second", "third"] };
        let mut run = Run::new(folder, &[]);
        run.write(&file(folder, waits));
        run.nothing();
        for (n, answer) in (2..).zip(answers) {
            run.write(&file(folder, &format!("accepted/{name}{answer}.bfc")));
            let line = run.line();
            assert!(line.starts_with(&format!("Accepted: envelope {n} of the input. Worker {answer}, ")), "{line}");
        }
        let (rest, code) = run.end();
        assert_eq!(code, Some(0), "{rest:?}");
        assert!(rest[0].starts_with("Accepted: envelope 1 of the input. Worker head, "), "{rest:?}");
        assert_eq!(rest[1], "Judged 4 certificates: 4 accepted, 0 rejected, 0 undecided.");
        // Its answers never come.
        let mut run = Run::new(folder, &[]);
        run.write(&file(folder, waits));
        run.write(&file(folder, &format!("accepted/{name}{}.bfc", answers[0])));
        assert!(run.line().starts_with("Accepted: envelope 2 "));
        let (rest, code) = run.end();
        assert_eq!(code, Some(4), "{rest:?}");
        assert!(rest[0].starts_with("Undecided: envelope 1 of the input. Not all answers that it "), "{rest:?}");
    }
}

/// What waits is held, so that there is a limit: what comes then is judged at once.
#[test]
fn what_waits_is_held_up_to_a_limit() {
    let bytes = file("votes", "accepted/voted.bfc");
    let e = Envelope::decode(&bytes).unwrap();
    // A value that was never committed to, and is large.
    let value = vec![0; 40 << 20];
    let large = write(e.certificate(), e.log(), e.registry(), e.reveal(), &[(0, &value)], &[]).unwrap();
    let mut run = Run::new("votes", &[]);
    run.write(&large);
    run.nothing();
    run.write(&large);
    let line = run.line();
    assert!(line.starts_with("Rejected: envelope 2 of the input. "), "{line}");
    let (rest, code) = run.end();
    assert_eq!(code, Some(1), "{rest:?}");
    assert!(rest[0].starts_with("Rejected: envelope 1 of the input. "), "{rest:?}");
}

/// A stage is judged when it comes, and the answer of all of them in the end.
#[test]
fn stages_come_one_by_one() {
    let mut run = Run::new("stages", &["-"]);
    for (n, name) in [(1, "second"), (2, "first")] {
        run.write(&file("stages", &format!("accepted/question-1-{name}.bfc")));
        let line = run.line();
        assert!(line.starts_with(&format!("Accepted: envelope {n} of the input. Stage {} of 2. ", 3 - n)), "{line}");
    }
    run.nothing();
    let (rest, code) = run.end();
    assert_eq!(code, Some(0), "{rest:?}");
    assert!(rest[0].starts_with("Judged 2 certificates and 1 answer in stages: 3 accepted, "), "{rest:?}");
    assert!(rest[1].starts_with("Accepted: the answer to question "), "{rest:?}");
}

#[test]
fn what_is_malformed_ends_a_stream_at_once() {
    let mut run = Run::new("", &[]);
    run.write(&file("", "accepted/question-1-law.bfc"));
    assert!(run.line().starts_with("Accepted: envelope 1 "));
    run.write(&[0x86, 0x82, 0x44, b'N', b'O', b'N', b'E', 1]);
    // No more is needed to know it, but it may be looked at only when there is more.
    run.write(&[0x40; 4096]);
    let line = run.line();
    assert!(line.starts_with("Rejected: envelope 2 of the input. Malformed at envelope, "), "{line}");
    assert!(line.ends_with(" The rest was not read."), "{line}");
    let (rest, code) = run.end();
    assert_eq!((code, rest[0].as_str()), (Some(1), "Judged 2 certificates: 1 accepted, 1 rejected, 0 undecided."));
}

/// What other programs read line by line comes line by line; what is one document comes in the end.
#[test]
fn formats_that_have_parts_come_in_parts() {
    let mut run = Run::new("", &["--format", "jsonl"]);
    run.write(&file("", "accepted/question-1-law.bfc"));
    let json: serde_json::Value = serde_json::from_str(&run.line()).unwrap();
    assert_eq!(
        (&json["certificate"]["verdict"], &json["certificate"]["worker_name"]),
        (&"accepted".into(), &"law".into())
    );
    let (rest, code) = run.end();
    let end: serde_json::Value = serde_json::from_str(&rest[0]).unwrap();
    assert_eq!((code, rest.len(), &end["end"]["summary"]["accepted"]), (Some(0), 1, &1.into()));
    for args in [&["--format", "json"][..], &["--quiet"]] {
        let mut run = Run::new("", args);
        run.write(&file("", "accepted/question-1-law.bfc"));
        run.nothing();
        let (rest, code) = run.end();
        let whole = rest.concat();
        assert_eq!(code, Some(0), "{whole}");
        if args.len() == 1 {
            assert_eq!(whole, "");
        } else {
            let json: serde_json::Value = serde_json::from_str(&whole).unwrap();
            assert_eq!(json["certificates"][0]["verdict"], "accepted");
        }
    }
}

/// Whoever hears that something is accepted finds it noted, even if the run is stopped then.
#[test]
fn what_is_accepted_is_noted_before_its_line_is_printed() {
    let seen = std::env::temp_dir().join(format!("bfv-streams-seen-{}", std::process::id()));
    let _absent = std::fs::remove_file(&seen);
    let mut run = Run::new("", &["--seen", seen.to_str().unwrap()]);
    run.write(&file("", "accepted/question-1-law.bfc"));
    assert!(run.line().starts_with("Accepted: "));
    let noted = std::fs::read_to_string(&seen).unwrap();
    run.child.kill().unwrap();
    assert!(run.end().0.is_empty());
    std::fs::remove_file(&seen).unwrap();
    assert_eq!(noted.lines().count(), 1, "{noted}");
}

/// Nobody reads what is printed: the run ends, and says so with its code.
#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bfv"))
        .arg("verify")
        .current_dir(examples(""))
        .env("BFV_CONFIG", examples("").join("no-settings.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 9];
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let answer = file("", "accepted/question-1-law.bfc");
    input.write_all(&answer).unwrap();
    output.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"Accepted:");
    drop(output);
    // The input stays open, so it ends for this reason.
    input.write_all(&answer).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(74));
}

/// What cannot be noted is not said to be accepted, as it could be accepted again, and nothing more is judged.
#[test]
fn what_cannot_be_noted_is_not_accepted() {
    let absent = std::env::temp_dir().join(format!("bfv-streams-absent-{}", std::process::id())).join("seen");
    let mut run = Run::new("", &["--seen", absent.to_str().unwrap()]);
    for name in ["law", "medicine"] {
        // The run may have ended by then.
        let _ended = run.input.as_mut().unwrap().write_all(&file("", &format!("accepted/question-1-{name}.bfc")));
    }
    let (lines, code) = run.end();
    assert!(lines.iter().all(|line| !line.starts_with("Accepted")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("seen")), "{lines:?}");
    assert_eq!(code, Some(74), "{lines:?}");
}
