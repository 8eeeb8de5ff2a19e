//! `bfv serve` and `bfv suggest`: the service is a program of its own, which lives and ends with the command.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/worker.rs"]
mod worker;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use worker::{build_the_lsp, build_the_service};

const BFV: &str = env!("CARGO_BIN_EXE_bfv");

fn suggest(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = Command::new(BFV).arg("suggest").args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_goal_on_the_command_line_gets_steps_and_an_exit_code() {
    build_the_service();
    let (code, out, err) = suggest(&["forall (n : Nat), n + 0 = n"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("Found 2 steps: 2 with a proof that the kernel accepted.\n"), "{out}");
    assert!(out.contains("\nThe whole proof: by { intro n; refl }\n") && out.contains("induction n"), "{out}");
    assert!(out.ends_with("End of the suggestions.\n"), "{out}");
    let (code, out, _) = suggest(&["forall (n : Nat), n + 1 = n"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("Goal 1 is false. Counterexample: n is 1."), "{out}");
    let (code, out, _) = suggest(&["exists (x : Real), x * x = 2", "--timeout", "2000"]);
    assert_eq!(code, Some(4), "{out}");
    assert!(out.starts_with("Found ") && out.contains(": 0 with a proof that the kernel accepted.\n"), "{out}");
    let (code, out, err) = suggest(&["a + 0 = a"]);
    assert_eq!((code, out.as_str()), (Some(3), ""), "{err}");
    assert!(err.starts_with("Error E0201: ") && err.contains(" To mend it: "), "{err}");
    assert_eq!(suggest(&["0 = 0", "--import", "std.nothing"]).0, Some(2));
    let (code, out, _) = suggest(&["hull", "--import", "std.vec", "--format", "json"]);
    assert_eq!(code, Some(3), "{out}");
    let (code, out, _) = suggest(&["forall (n : Nat), 0 + n = n", "--format", "json"]);
    let said: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &said["suggestions"][0]["valid"]), (Some(0), &serde_json::Value::Bool(true)));
}

/// A proof that is suggested is one that `bfv check` accepts.
#[test]
fn what_is_suggested_is_accepted_in_a_file() {
    build_the_service();
    let goals = [
        "forall (n : Nat), n + 0 = n",
        "forall (a b : Nat), a <= b -> a < b + 1",
        "forall (x y : Real), x * y = y * x",
    ];
    let folder = std::env::temp_dir().join(format!("bfv-suggested-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut text = "import std.nat\nimport std.real\n".to_owned();
    for (goal, n) in goals.iter().zip(1..) {
        let (code, out, _) = suggest(&[goal]);
        assert_eq!(code, Some(0), "{out}");
        for (proof, m) in out.lines().filter_map(|l| l.strip_prefix("The whole proof: ")).zip(1..) {
            text += &format!("claim goal_{n}_{m} : {goal} {proof}\n");
        }
    }
    assert!(text.matches("claim ").count() >= goals.len());
    let file = folder.join("suggested.sctt");
    std::fs::write(&file, &text).unwrap();
    let o = Command::new(BFV).arg("check").arg(&file).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(o.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&o.stdout));
}

#[cfg(unix)]
#[test]
fn signals_reach_the_service_and_it_ends_with_the_command() {
    build_the_service();
    for signal in ["-TERM", "-INT"] {
        let mut child = Command::new(BFV).args(["serve", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line.split_once("http://").unwrap().1.split_whitespace().next().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        assert!(child.wait().unwrap().success(), "{signal}");
        let mut last = String::new();
        out.read_to_string(&mut last).unwrap();
        assert!(last.starts_with("bfv-serve has ended. "), "{last}");
        // Nobody listens any more.
        assert!(TcpStream::connect(address).is_err(), "{signal}");
    }
}

/// 31: the real program, over pipes.
#[test]
fn an_editor_talks_with_the_program_31() {
    build_the_lsp();
    let frame = |text: &str| format!("Content-Length: {}\r\n\r\n{text}", text.len());
    let talk = |messages: &[&str]| {
        let mut child =
            Command::new(BFV).args(["serve", "--lsp"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let text: String = messages.iter().map(|m| frame(m)).collect();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let o = child.wait_with_output().unwrap();
        (o.status.code(), String::from_utf8(o.stdout).unwrap())
    };
    let begin = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}"#;
    let begun = r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#;
    let shut = r#"{"jsonrpc":"2.0","id":2,"method":"shutdown"}"#;
    let exit = r#"{"jsonrpc":"2.0","method":"exit"}"#;
    let (code, out) = talk(&[begin, begun, "junk", shut, exit]);
    assert_eq!(code, Some(0), "{out}");
    assert_eq!(out.matches("Content-Length: ").count(), 3, "{out}");
    assert!(out.contains("\"hoverProvider\":true") && out.contains("-32700"), "{out}");
    assert!(out.contains(r#""id":2"#) && out.contains(r#""result":null"#), "{out}");
    // Who goes without a word is not told that all is well.
    assert_eq!(talk(&[begin, exit]).0, Some(1));
    assert_eq!(talk(&[begin, shut]).0, Some(1));
}

#[test]
fn a_service_that_is_not_built_is_a_missing_tool() {
    let folder = std::env::temp_dir().join(format!("bfv-alone-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let alone = folder.join("bfv");
    std::fs::copy(BFV, &alone).unwrap();
    let said: Vec<_> = [["serve", "help"], ["suggest", "0 = 0"]]
        .iter()
        .map(|words| Command::new(&alone).args(words).env("PATH", "").output().unwrap())
        .collect();
    std::fs::remove_dir_all(&folder).unwrap();
    for o in said {
        assert_eq!(o.status.code(), Some(6));
        let text = String::from_utf8(o.stderr).unwrap();
        assert!(
            text.starts_with("Error: the program bfv-serve is missing. ") && text.ends_with(" bfv-service.\n"),
            "{text}"
        );
    }
}
