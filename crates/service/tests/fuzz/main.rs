//! Messages that were changed at random, to the real program: in their bytes, in their structure, in the language of their texts, and in HTTP.
//! Whatever is sent, there is a whole answer with a code, soon, and never a mistake of the service. What is called proved or refuted is judged
//! again, from a text that is made here: by the line of `bfv check`, and by the second checker.
//! `BFV_CASES` and `BFV_SEED` make a run longer or another one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../common/mod.rs"]
mod common;

mod change;
mod judged;

use change::{Case, Numbers};
use common::{Answer, Server, joined, suggestion};
use judged::Judged;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// An answer that takes longer is a hang: no message asks for more than a tenth of it.
const PATIENCE: Duration = Duration::from_secs(30);
/// An answer to a changed head is there after this time: a part of one is refused after a second.
const SILENCE: Duration = Duration::from_secs(4);
/// So many clients at once.
const CLIENTS: u64 = 4;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |v| v.parse().expect("a whole number"))
}

/// What a connection says until it ends, as answers.
fn exchange(server: &Server, case: &Case) -> Vec<Answer> {
    let Case { bytes, closes, message } = case;
    let mut stream = server.connect();
    // Where the head was changed the connection may stay open for further requests.
    let silence = if message.is_some() { PATIENCE } else { SILENCE };
    stream.set_read_timeout(Some(silence)).unwrap();
    let start = Instant::now();
    // Who refuses early does not read all of it.
    let _ = stream.write_all(bytes);
    if *closes {
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(start.elapsed() < PATIENCE, "no answer to {}", String::from_utf8_lossy(bytes));
    let text = String::from_utf8(said).expect("an answer is a text");
    assert!(*closes || bytes.is_empty() || !text.is_empty(), "no answer to {}", String::from_utf8_lossy(bytes));
    if String::from_utf8_lossy(bytes).contains("HEAD ") {
        // An answer to it says how long a body would be, and has none.
        assert!(!text.starts_with("HTTP/1.1 5"), "{text}");
        return Vec::new();
    }
    answers(&text)
}

/// The answers in what a connection says: one after another, where what was sent can be read as several requests.
fn answers(mut text: &str) -> Vec<Answer> {
    let mut out = Vec::new();
    while !text.is_empty() {
        let (head, rest) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("half an answer: {text}"));
        let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head: head.to_owned(), body: String::new() };
        if answer.header("transfer-encoding").is_some() {
            answer.body = joined(rest);
            text = "";
        } else {
            let length: usize = answer.header("content-length").map_or(0, |n| n.parse().unwrap());
            let (body, more) = rest.split_at_checked(length).unwrap_or_else(|| panic!("half an answer: {text}"));
            (answer.body, text) = (body.to_owned(), more);
        }
        // That a body may come is no answer yet.
        if status != 100 {
            out.push(answer);
        }
    }
    out
}

/// Looks whether an answer is whole, and gives what it says where it is one of the protocol.
fn look_at(answer: &Answer, sent: &str, closes: bool) -> Option<Value> {
    let place = || format!("to {sent}\n{}\n{}", answer.head, answer.body);
    assert!(answer.status < 500 || answer.status == 503, "{}", place());
    let kind = answer.header("content-type").unwrap_or_default();
    if answer.status == 200 {
        return match kind {
            "application/json" => {
                let said: Value = serde_json::from_str(&answer.body).unwrap_or_else(|e| panic!("{e} {}", place()));
                if said.get("openapi").is_some() {
                    return None;
                }
                for name in ["type", "request_id", "metadata"] {
                    assert!(said.get(name).is_some(), "{name} {}", place());
                }
                Some(said)
            }
            "text/event-stream" => {
                let mut all = answer.body.lines().filter_map(|l| l.strip_prefix("data: "));
                if closes && answer.body.is_empty() {
                    return None;
                }
                let last: Value =
                    serde_json::from_str(all.next_back().unwrap_or_else(|| panic!("{}", place()))).unwrap();
                last.get("metadata").is_some().then_some(last)
            }
            other => {
                assert!(other.starts_with("text/plain"), "{}", place());
                None
            }
        };
    }
    if answer.status == 204 {
        return None;
    }
    assert_eq!(kind, "application/problem+json", "{}", place());
    let problem: Value = serde_json::from_str(&answer.body).unwrap_or_else(|e| panic!("{e} {}", place()));
    assert_eq!(problem["status"], answer.status, "{}", place());
    for part in ["code", "what", "mend", "title", "detail"] {
        assert!(problem[part].as_str().is_some_and(|t| t.len() > 2), "{part} {}", place());
    }
    assert!(problem["mend"].as_str().unwrap().ends_with(['.', '?']), "{}", place());
    None
}

#[test]
fn changed_messages_are_answered_and_what_is_called_valid_is() {
    let cases = setting("BFV_CASES", 6000);
    let seed = setting("BFV_SEED", 1);
    let server = Server::start(&["--rate", "1000000", "--burst", "1000000", "--slowest", "1", "--body", "65536"]);
    let judged = Mutex::new(Judged::default());
    let statuses = Mutex::new(BTreeMap::<u16, u32>::new());
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (server, judged, statuses) = (&server, &judged, &statuses);
            scope.spawn(move || {
                let mut numbers = Numbers::new(seed * CLIENTS + client);
                for _ in 0..cases / CLIENTS {
                    let case = change::case(server, &mut numbers);
                    let sent = String::from_utf8_lossy(&case.bytes).into_owned();
                    let answers = exchange(server, &case);
                    let status = answers.first().map_or(0, |a| a.status);
                    *statuses.lock().unwrap().entry(status).or_default() += 1;
                    // A request that is no whole one may be left without a word.
                    assert!(case.message.is_none() || answers.len() == 1, "{} answers to {sent}", answers.len());
                    for answer in answers {
                        if let (Some(said), Some(message)) = (look_at(&answer, &sent, case.closes), &case.message) {
                            judged.lock().unwrap().note(message, &said);
                        }
                    }
                }
            });
        }
    });
    assert_eq!(server.ask(&suggestion("forall (n : Nat), n + 0 = n"))["suggestions"][0]["valid"], true);
    common::until("nothing is left", || server.counter("bfv_running") == 0 && server.counter("bfv_waiting") == 0);
    let statuses = statuses.into_inner().unwrap();
    let seen = |status: u16| statuses.get(&status).copied().unwrap_or_default();
    // A run whose messages are all refused at the door shows nothing.
    assert!(seen(200) * 10 > u32::try_from(cases).unwrap() && seen(400) > 20 && seen(422) > 20, "{statuses:?}");
    let (proved, refuted) = judged.into_inner().unwrap().judge();
    assert!(proved > 40 && refuted > 20, "{proved} proved, {refuted} refuted, {statuses:?}");
    println!(
        "{cases} messages, {proved} proofs and {refuted} refutations judged again, answers by status: {statuses:?}"
    );
}
