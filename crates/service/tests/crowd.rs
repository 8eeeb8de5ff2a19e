//! A thousand clients at once, each with a connection of its own: some ask, some cancel, some break off, some send what is no message. Whoever
//! is answered gets its own answer, and the right one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{SLOW, Server, read, suggestion, until, verification};
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

const CLIENTS: usize = 1000;

/// Statements with whether they are true.
const GOALS: [(&str, bool); 6] = [
    ("forall (n : Nat), n + 0 = n", true),
    ("forall (n : Nat), n + 1 = n", false),
    ("forall (a b : Real), a * b = b * a", true),
    ("0 = 1", false),
    ("forall (A B : U 0), Sum A B -> Sum B A", true),
    ("forall (a b : Nat), a - b + b = a", false),
];

/// What a client does.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Suggest,
    Verify,
    Complete,
    Counterexample,
    Events,
    /// Asks for something that takes long, and cancels it.
    Cancels,
    /// Sends a request and goes away.
    Leaves,
    /// Sends a part of a request and goes away.
    Breaks,
    /// Sends what is no message.
    Wrong,
}

const KINDS: [Kind; 9] = [
    Kind::Suggest,
    Kind::Verify,
    Kind::Complete,
    Kind::Counterexample,
    Kind::Events,
    Kind::Cancels,
    Kind::Leaves,
    Kind::Breaks,
    Kind::Wrong,
];

/// What is asked, with a time that is enough also where a thousand others ask.
fn message(kind: Kind, id: &str, goal: &str) -> Value {
    let mut message = match kind {
        Kind::Verify => verification(goal, "refl", &[]),
        Kind::Complete => json!({ "type": "REQUEST_PROOF_COMPLETION", "proof_sketch": { "goal": goal } }),
        Kind::Counterexample => json!({ "type": "REQUEST_COUNTEREXAMPLE", "theorem": goal }),
        Kind::Cancels | Kind::Leaves => {
            json!({ "type": "REQUEST_PROOF_COMPLETION", "proof_sketch": { "goal": SLOW } })
        }
        _ => suggestion(goal),
    };
    message["request_id"] = json!(id);
    message["timeout_ms"] = json!(60_000);
    message
}

/// Looks at an answer: it is that of this client, and what it says of the goal is right.
fn right(kind: Kind, id: &str, (goal, truth): (&str, bool), said: &Value) {
    assert_eq!(said["request_id"], json!(id), "{said}");
    let (valid, refuted) = match kind {
        Kind::Verify => (said["valid"] == true, !said["counterexample"].is_null()),
        Kind::Complete => (!said["proof"].is_null(), !said["counterexample"].is_null()),
        Kind::Counterexample => (said["verdict"] == "proved", said["found"] == true),
        _ => {
            let valid = said["suggestions"].as_array().unwrap().iter().any(|s| s["valid"] == true);
            (valid || said["proved_goals"] != json!([]), said["refuted_goals"] != json!([]))
        }
    };
    assert!(if truth { !refuted } else { !valid }, "{goal}: {said}");
    // Reflexivity is no proof of most of them.
    if kind != Kind::Verify {
        assert!(valid == truth && refuted != truth, "{goal}: {said}");
    }
}

#[test]
fn a_thousand_clients_at_once_get_their_own_right_answers() {
    let server = Server::start(&["--queue", "2000", "--burst", "5000"]);
    // Everybody connects before anybody asks.
    let streams: Vec<TcpStream> = (0..CLIENTS).map(|_| server.connect()).collect();
    let (ready, answered, cancelled) = (Barrier::new(CLIENTS), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for (n, mut stream) in streams.into_iter().enumerate() {
            let (server, ready, answered, cancelled) = (&server, &ready, &answered, &cancelled);
            let work = move || {
                let (kind, goal) = (KINDS[n % KINDS.len()], GOALS[n % GOALS.len()]);
                let id = format!("client-{n}");
                let mut body = message(kind, &id, goal.0).to_string();
                if kind == Kind::Wrong {
                    body.truncate(body.len() - 1 - n % 20);
                }
                let secret = format!("Bfv-Client: secret-of-{n}");
                let mut headers = vec!["Content-Type: application/json", secret.as_str()];
                if kind == Kind::Events {
                    headers.push("Accept: text/event-stream");
                }
                let mut text = server.written("POST", "/v1/message", &headers, body.as_bytes());
                if kind == Kind::Breaks {
                    text.truncate(1 + n % text.len());
                }
                ready.wait();
                stream.write_all(&text).unwrap();
                match kind {
                    Kind::Leaves | Kind::Breaks => return,
                    Kind::Cancels => {
                        // Before it is accepted there is nothing to cancel.
                        let path = format!("/v1/requests/{id}");
                        until("it is cancelled", || server.send("DELETE", &path, &[&secret], b"").status == 204);
                        let answer = read(&mut stream);
                        assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("cancelled")));
                        assert_eq!(answer.json()["request_id"], json!(id));
                        cancelled.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                    _ => {}
                }
                let answer = read(&mut stream);
                if kind == Kind::Wrong {
                    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("usage")), "{}", answer.body);
                } else if kind == Kind::Events {
                    let last = answer.body.lines().filter_map(|l| l.strip_prefix("data: ")).next_back().unwrap();
                    right(kind, &id, goal, &serde_json::from_str(last).unwrap());
                } else {
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    right(kind, &id, goal, &answer.json());
                }
                answered.fetch_add(1, Ordering::Relaxed);
            };
            // Small stacks, for there are many threads.
            std::thread::Builder::new().stack_size(256 << 10).spawn_scoped(scope, work).unwrap();
        }
    });
    let of = |kinds: &[Kind]| (0..CLIENTS).filter(|n| kinds.contains(&KINDS[n % KINDS.len()])).count();
    assert_eq!(cancelled.load(Ordering::Relaxed), of(&[Kind::Cancels]));
    assert_eq!(answered.load(Ordering::Relaxed), CLIENTS - of(&[Kind::Cancels, Kind::Leaves, Kind::Breaks]));
    until("nothing is left", || server.counter("bfv_running") == 0 && server.counter("bfv_waiting") == 0);
    assert_eq!(server.ask(&suggestion(GOALS[0].0))["suggestions"][0]["valid"], true);
}
