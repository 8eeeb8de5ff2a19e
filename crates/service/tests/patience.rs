//! Clients that are slow, that go away, or that stand in each other's way; and what the service does about it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{HEAVY, LONG, SLOW, Server, read, suggestion, until, verification};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const EASY: &str = "forall (n : Nat), n + 0 = n";

fn heavy(id: &str, ms: u32) -> Value {
    let mut message = verification(HEAVY, "refl", &[]);
    message["declarations"] = json!(LONG);
    message["timeout_ms"] = json!(ms);
    message["request_id"] = json!(id);
    message
}

/// What a connection says until it ends. One that does not end is a fault, however slow the machine is.
fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    if let Err(e) = stream.read_to_end(&mut bytes) {
        // A connection that is cut off says what it said before.
        assert_eq!(e.kind(), ErrorKind::ConnectionReset, "the connection stays open: {e}");
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn slow_heads_and_bodies_come_to_a_clear_end() {
    let server = Server::start(&["--slowest", "1"]);
    // Nothing at all, the beginning of a head, all of it but its end, and a head whose body does not come.
    let body = suggestion(EASY).to_string();
    let whole = server.written("POST", "/v1/message", &["Content-Type: application/json"], body.as_bytes());
    let head = whole.len() - body.len();
    let mut all: Vec<(TcpStream, usize)> = [0, 1, 10, head - 1, head, whole.len() - 1]
        .into_iter()
        .cycle()
        .take(60)
        .map(|cut| {
            let mut stream = server.connect();
            stream.write_all(&whole[..cut]).unwrap();
            (stream, cut)
        })
        .collect();
    // Others are answered meanwhile.
    assert_eq!(server.ask(&suggestion(EASY))["suggestions"][0]["valid"], true);
    for (stream, cut) in &mut all {
        let said = rest(stream);
        if *cut == 0 {
            assert_eq!(said, "", "who asks nothing is told nothing");
            continue;
        }
        let (top, text) = said.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{cut}: {said}"));
        assert!(top.starts_with("HTTP/1.1 408 ") && top.contains("application/problem+json"), "{cut}: {said}");
        let problem: Value = serde_json::from_str(text).unwrap();
        assert_eq!(problem["code"], "slow", "{problem}");
        let part = if *cut < head { "The head was not there" } else { "The body was not there" };
        assert!(problem["what"].as_str().unwrap().starts_with(part), "{cut}: {problem}");
    }
    // One byte now and then does not help.
    let mut stream = server.connect();
    let sent = whole.iter().take_while(|byte| {
        std::thread::sleep(Duration::from_millis(100));
        stream.write_all(&[**byte]).is_ok()
    });
    assert!(sent.count() < head);
}

#[test]
fn a_connection_may_rest_between_requests_and_wait_for_its_answer() {
    let server = Server::start(&["--slowest", "1", "--workers", "1"]);
    let mut stream = server.connect();
    let answer = |stream: &mut TcpStream, message: &Value| {
        let body = message.to_string();
        let mut text = server.written("POST", "/v1/message", &["Content-Type: application/json"], body.as_bytes());
        let keep = String::from_utf8(text).unwrap().replacen("Connection: close\r\n", "", 1);
        text = keep.into_bytes();
        stream.write_all(&text).unwrap();
        let (mut said, mut more) = (Vec::new(), [0; 4096]);
        loop {
            let n = stream.read(&mut more).unwrap();
            assert!(n > 0, "the connection ended: {}", String::from_utf8_lossy(&said));
            said.extend_from_slice(&more[..n]);
            let text = String::from_utf8_lossy(&said);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if length.is_some_and(|n: usize| body.len() >= n) {
                    return serde_json::from_str::<Value>(body).unwrap();
                }
            }
        }
    };
    for _ in 0..2 {
        assert_eq!(answer(&mut stream, &suggestion(EASY))["suggestions"][0]["valid"], true);
        std::thread::sleep(Duration::from_millis(1600));
    }
    // An answer that takes longer than a head may take.
    let sketch = json!({ "goal": SLOW });
    let late = json!({ "type": "REQUEST_PROOF_COMPLETION", "proof_sketch": sketch, "timeout_ms": 1500 });
    assert_eq!(answer(&mut stream, &late)["type"], "COMPLETED_PROOF");
    assert_eq!(answer(&mut stream, &suggestion(EASY))["suggestions"][0]["valid"], true);
}

/// The kernel and the elaborator hear that the time is over, or that nobody waits any more.
#[test]
fn no_thread_stays_at_work_for_nobody() {
    let server = Server::start(&["--workers", "1"]);
    let one = format!("{LONG}\ntheorem long : {HEAVY} by refl\n");
    // How long the shortest of the computations below takes where nobody ends it: until the kernel's own limit. A machine under load takes longer
    // for that, too, so half of it tells a computation that was ended from one that was not.
    let mut message = suggestion("0 = 0");
    message["declarations"] = json!(one);
    message["timeout_ms"] = json!(50_000);
    let start = Instant::now();
    let said = server.post("/v1/message", &message).json();
    let soon = start.elapsed() / 2;
    assert!(said["what"].as_str().unwrap().starts_with("This is too large to be computed."), "{said}");
    let free = |what: &str| {
        let start = Instant::now();
        until(what, || server.counter("bfv_running") == 0);
        assert!(start.elapsed() < soon, "{what}: {:?}, and {soon:?} would be soon", start.elapsed());
    };
    // The time is over in the middle of a computation.
    let start = Instant::now();
    let said = server.ask(&heavy("timed", 400));
    assert!(start.elapsed() < Duration::from_millis(400) + soon, "{:?}, {soon:?}", start.elapsed());
    assert_eq!((&said["valid"], &said["status"]), (&json!(false), &json!("unknown")), "{said}");
    free("the thread is free after the time is over");
    // The client goes away.
    let body = heavy("gone", 50_000).to_string();
    let text = server.written("POST", "/v1/message", &["Content-Type: application/json"], body.as_bytes());
    let mut stream = server.connect();
    stream.write_all(&text).unwrap();
    until("it runs", || server.counter("bfv_running") == 1);
    drop(stream);
    free("the thread is free after the client is gone");
    // It is cancelled.
    let mut stream = server.connect();
    stream.write_all(&text).unwrap();
    until("it runs", || server.counter("bfv_running") == 1);
    assert_eq!(server.send("DELETE", "/v1/requests/gone", &[], b"").status, 204);
    assert_eq!(read(&mut stream).json()["code"], "cancelled");
    free("the thread is free after it is cancelled");
    // Declarations that take long, each of them and all together.
    let many: String = (0..400).map(|n| format!("\ntheorem long{n} : tree 14 true = false by refl\n")).collect();
    for (what, declarations) in [("one", one), ("many", format!("{LONG}{many}"))] {
        let mut message = suggestion("0 = 0");
        message["declarations"] = json!(&declarations[..declarations.len().min(16_000)]);
        if what == "many" {
            let end = declarations[..16_000].rfind("\ntheorem").unwrap();
            message["declarations"] = json!(&declarations[..end]);
        }
        message["timeout_ms"] = json!(300);
        let start = Instant::now();
        let said = server.ask(&message);
        assert!(start.elapsed() < Duration::from_millis(300) + soon, "{what}: {:?}, {soon:?}", start.elapsed());
        assert!(said["reason"].as_str().unwrap().starts_with("The time is used up."), "{what}: {said}");
        free("the thread is free after long declarations");
    }
    // The same declarations with more time are taken: nothing of the first attempt is left.
    let mut message = suggestion("tree 3 true = false");
    message["declarations"] = json!(LONG);
    assert_eq!(server.ask(&message)["suggestions"][0]["valid"], true);
    assert_eq!(server.ask(&suggestion(EASY))["suggestions"][0]["valid"], true);
}

/// Ids belong to those who chose them.
#[test]
fn nobody_cancels_or_blocks_the_request_of_another_client() {
    let server = Server::start(&["--workers", "1"]);
    let send = |client: &[&str], id: &str, ms: u32| {
        let headers = [&["Content-Type: application/json"], client].concat();
        let mut stream = server.connect();
        stream
            .write_all(&server.written("POST", "/v1/message", &headers, heavy(id, ms).to_string().as_bytes()))
            .unwrap();
        stream
    };
    let (ann, bob) = (["Bfv-Client: ann-0123456789"], ["bfv-client: bob-0123456789"]);
    let mut first = send(&ann, "1", 50_000);
    until("it runs", || server.counter("bfv_running") == 1);
    let mut second = send(&bob, "1", 50_000);
    let mut third = send(&[], "1", 50_000);
    until("all are accepted", || server.counter("bfv_requests_total{kind=\"verify\"}") == 3);
    let twice = read(&mut send(&bob, "1", 50_000));
    assert_eq!(twice.status, 409, "{}", twice.body);
    let cancel = |client: &[&str], id: &str| server.send("DELETE", &format!("/v1/requests/{id}"), client, b"").status;
    assert_eq!(cancel(&["Bfv-Client: eve-0123456789"], "1"), 404);
    assert_eq!(cancel(&bob, "2"), 404);
    assert_eq!(cancel(&bob, "1"), 204);
    assert_eq!(read(&mut second).json()["code"], "cancelled");
    assert_eq!(server.counter("bfv_running"), 1, "the first one is still at work");
    assert_eq!(cancel(&[], "1"), 204);
    assert_eq!(read(&mut third).json()["code"], "cancelled");
    assert_eq!(cancel(&ann, "1"), 204);
    assert_eq!(read(&mut first).json()["code"], "cancelled");
    let long = format!("Bfv-Client: {}", "x".repeat(129));
    let refused = server.send("DELETE", "/v1/requests/1", &[&long], b"");
    assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("usage")), "{}", refused.body);
    assert_eq!(cancel(&[], "%FF%FE"), 404);
}

/// What the service answers is not taken for what the library of HTTP answers by itself to what is no request, and the other way round.
#[test]
fn the_service_answers_for_itself_what_is_a_request() {
    let server = Server::start(&[]);
    let no_http = "This is no request of HTTP 1.1.";
    let own = |status: &str, text: &str| {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")) && head.contains("erver: bfv-serve"), "{text}");
        serde_json::from_str::<Value>(body).unwrap()["what"].as_str().unwrap().to_owned()
    };
    // A body that is not wanted before the service says so: an answer in between comes first.
    let headers = ["Content-Type: application/json", "Expect: 100-continue"];
    let text = server.written("POST", "/v1/message", &headers, b"[]");
    let (head, body) = text.split_at(text.len() - 2);
    let mut stream = server.connect();
    stream.write_all(head).unwrap();
    let mut between = [0; 25];
    stream.read_exact(&mut between).unwrap();
    assert_eq!(&between, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body).unwrap();
    let said = own("400", &rest(&mut stream));
    let plain = server.send("POST", "/v1/message", &headers[..1], b"[]");
    assert_eq!((plain.status, &plain.json()["what"]), (400, &json!(said)), "{}", plain.body);
    assert!(said != no_http && !said.is_empty(), "{said}");
    // What is no request, alone and behind one that was answered.
    for before in ["", "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
        let mut stream = server.connect();
        stream.write_all(format!("{before}nothing of the kind\r\n\r\n").as_bytes()).unwrap();
        let said = rest(&mut stream);
        let last = said.strip_prefix("HTTP/1.1 200 OK").map_or(said.as_str(), |s| &s[s.find("HTTP/1.1").unwrap()..]);
        assert_eq!(own("400", last), no_http);
    }
}
