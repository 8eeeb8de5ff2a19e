//! What somebody meets who uses the service for the first time: mistakes that are easily made, and answers that are read aloud.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Server, suggestion, until, verification};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Output, Stdio};

const PUBLISHED: &str = "forall (n : Nat), n + 0 = n";

fn told(flags: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_bfv-serve")).args(flags).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn mistakes_in_flags_are_named_with_what_was_probably_meant() {
    let table: [(&[&str], &str); 7] = [
        (&["--prot", "7000"], "There is no flag --prot here. Did you mean --port?"),
        (&["--wokers=2"], "There is no flag --wokers here. Did you mean --workers?"),
        (&["--port=many"], "The flag --port needs a whole number from 0 to 65535."),
        (&["--port="], "The flag --port has no value. Write one behind it."),
        (&["--port=1", "--port", "2"], "The flag --port stands twice. Keep one of the two."),
        (&["-p"], "There is no flag -p. Write bfv serve help to see what there is."),
        (&["start"], "There is no command start. Write bfv serve help to see what there is."),
    ];
    for (flags, why) in table {
        assert_eq!(told(flags), (Some(2), format!("Error: {why}\n")), "{flags:?}");
    }
    let (code, said) = told(&["--unheard-of"]);
    assert!(code == Some(2) && said.contains("There are: --address, --port, "), "{said}");
    // A port that is taken.
    let server = Server::start(&[]);
    let port = server.address.rsplit_once(':').unwrap().1;
    let (code, said) = told(&[&format!("--port={port}")]);
    assert!(code == Some(74) && said.contains(&server.address), "{said}");
    assert!(said.ends_with("Choose another one with --port.\n"), "{said}");
}

#[test]
fn mistakes_in_messages_are_named_with_what_is_wanted() {
    let server = Server::start(&["--token-file", &token()]);
    let json = ["Content-Type: application/json", "Authorization: Bearer 0123456789abcdef"];
    for body in ["", " \n"] {
        let said = server.send("POST", "/v1/message", &json, body.as_bytes()).json();
        assert_eq!((&said["status"], &said["what"]), (&json!(400), &json!("The body is empty.")), "{said}");
    }
    let said = server.send("POST", "/v1/message", &json, b"{}").json();
    assert_eq!(said["what"], "The field type is missing.", "{said}");
    assert!(said["mend"].as_str().unwrap().contains("REQUEST_PROOF_SUGGESTION, "), "{said}");
    let refused = server.send("POST", "/v1/message", &json[..1], b"{}");
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")), "{}", refused.head);
    let refused = server.send("GET", "/v1/suggest", &json, b"");
    assert_eq!((refused.status, refused.header("allow")), (405, Some("POST")), "{}", refused.head);
}

/// The message that the first page shows is answered.
#[test]
fn the_example_of_the_first_page_is_answered() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let line = page.lines().find(|l| l.contains("curl -s 127.0.0.1:7717/v1/suggest ")).expect("an example with curl");
    let message: Value = serde_json::from_str(line.split('\'').nth(1).unwrap()).unwrap();
    assert!(line.contains("-H \"Content-Type: application/json\""), "{line}");
    let said = Server::start(&[]).post("/v1/suggest", &message).json();
    assert_eq!(said["suggestions"][0]["valid"], true, "{said}");
}

fn token() -> String {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("newcomer.token");
    std::fs::write(&file, "0123456789abcdef\n").unwrap();
    file.to_str().unwrap().to_owned()
}

/// What is suggested comes with a picture and with words for ears; the published example is read.
#[test]
fn suggestions_are_drawn_and_told_without_signs() {
    let server = Server::start(&[]);
    for (statement, goal) in [
        (PUBLISHED, "for all n of type Nat, n plus 0 equals n"),
        ("forall (a b c : Nat), (a + b) * c = a * c + b * c /\\ a + b = b + a", "for all a b c of type Nat, "),
    ] {
        let said = server.ask(&suggestion(statement));
        let (best, told) = (&said["suggestions"][0], &said["explanation"]);
        assert_eq!(best["valid"], true, "{said}");
        let picture = &told["spatial_visualization"];
        let nodes = picture["nodes"].as_array().unwrap();
        assert_eq!(picture["type"], "proof_tree");
        assert!(nodes[0]["label"].as_str().unwrap().starts_with(goal), "{picture}");
        let left: Vec<&Value> = nodes.iter().filter(|n| n["level"] == 3).map(|n| &n["label"]).collect();
        let spoken: Vec<&Value> = best["resulting_goals"].as_array().unwrap().iter().map(|g| &g["spoken"]).collect();
        assert_eq!(left, spoken, "{said}");
        let ids: std::collections::BTreeSet<&str> = nodes.iter().map(|n| n["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), nodes.len(), "{picture}");
        let audio = told["audio_description"].as_str().unwrap();
        assert!(audio.starts_with(&format!("Best step: {}", best["tactic"].as_str().unwrap())), "{audio}");
        assert!(!audio.contains(['{', '}', '|', '=', ';', '>', '<', '\\']), "{audio}");
    }
    // Where there is no step, there is no picture of one.
    let said = server.ask(&suggestion("forall (n : Nat), n + 1 = n"));
    assert_eq!(said["explanation"]["spatial_visualization"], Value::Null, "{said}");
}

#[test]
fn a_step_on_a_false_goal_is_told_that_the_goal_is_false() {
    let server = Server::start(&[]);
    for (tactic, arguments) in [("refl", &[][..]), ("intro", &["n"])] {
        let mut message = verification("forall (n : Nat), n + 1 = 2 * n", tactic, arguments);
        message["request_counterexample_on_failure"] = json!(true);
        let said = server.ask(&message);
        let first = &said["potential_issues"][0];
        assert_eq!(first["description"], "The goal is false. Counterexample: n is 0.", "{said}");
        assert_eq!((&first["severity"], &said["valid"]), (&json!("error"), &json!(false)));
    }
}

/// The first signal waits for what was accepted, and says so; the second one does not.
#[cfg(unix)]
#[test]
fn a_second_signal_ends_the_service_at_once() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bfv-serve"))
        .args(["--port", "0", "--workers", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut out, mut err) =
        (BufReader::new(child.stdout.take().unwrap()), BufReader::new(child.stderr.take().unwrap()));
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let address = line.split_once("http://").unwrap().1.split_whitespace().next().unwrap();
    // A request whose body does not come is accepted only when it has come; this one is at work for long.
    let mut message = verification(common::HEAVY, "refl", &[]);
    message["declarations"] = json!(common::LONG);
    message["timeout_ms"] = json!(60_000);
    let body = message.to_string();
    let head = format!("POST /v1/message HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let running = || {
        let mut other = std::net::TcpStream::connect(address).unwrap();
        write!(other, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        other.read_to_string(&mut text).unwrap();
        text.contains("\nbfv_running 1\n")
    };
    until("it runs", running);
    let signal = || assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    signal();
    line.clear();
    err.read_line(&mut line).unwrap();
    assert_eq!(line, "Ending: 1 request will be answered first. A second signal ends bfv-serve at once.\n");
    signal();
    line.clear();
    err.read_line(&mut line).unwrap();
    assert_eq!(line, "Error: bfv-serve was ended at once. Not answered: 1 request.\n");
    assert_eq!(child.wait().unwrap().code(), Some(4));
}
