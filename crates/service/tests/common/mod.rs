//! The real program, and a client that speaks HTTP by hand, so that it can be rude.
#![allow(dead_code)]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A service that runs until the end of a test.
pub struct Server {
    child: Child,
    pub address: String,
    out: BufReader<std::process::ChildStdout>,
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {} {}", self.head, self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |l: &&str| l.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
        self.head.lines().find(named).and_then(|l| l.split_once(':')).map(|(_, v)| v.trim())
    }
}

impl Server {
    pub fn start(flags: &[&str]) -> Server {
        Server::of(Command::new(env!("CARGO_BIN_EXE_bfv-serve")).args(["--port", "0"]).args(flags))
    }

    pub fn of(command: &mut Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line.split_once("http://").unwrap().1.split_whitespace().next().unwrap().to_owned();
        let server = Server { child, address, out };
        let start = Instant::now();
        while server.get("/ready").status != 200 {
            assert!(start.elapsed() < Duration::from_secs(60), "the service is not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to end.
    pub fn terminate(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap().success());
    }

    /// Kills it at once.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end: how it ended, and its last words.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// A request as text.
    pub fn written(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|h| h.to_lowercase().starts_with("host:")) {
            head += &format!("Host: {}\r\n", self.address);
        }
        for h in headers {
            head += &format!("{h}\r\n");
        }
        if method == "POST" && !headers.iter().any(|h| h.to_lowercase().starts_with("content-length")) {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        [format!("{head}\r\n").as_bytes(), body].concat()
    }

    pub fn send(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A service that refuses early may not read all of it.
        let _ = stream.write_all(&self.written(method, path, headers, body));
        read(&mut stream)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, message: &Value) -> Answer {
        self.send("POST", path, &["Content-Type: application/json"], message.to_string().as_bytes())
    }

    /// A message that must be answered.
    pub fn ask(&self, message: &Value) -> Value {
        let answer = self.post("/v1/message", message);
        assert_eq!(answer.status, 200, "{message}: {}", answer.body);
        answer.json()
    }

    /// A counter of the metrics.
    pub fn counter(&self, name: &str) -> u64 {
        let text = self.get("/metrics").body;
        let line = text.lines().find(|l| l.split_whitespace().next() == Some(name));
        line.unwrap_or_else(|| panic!("{name} is not in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Reads an answer to its end.
pub fn read(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split_whitespace().nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { joined(body) } else { body.to_owned() };
    Answer { status, head: head.to_owned(), body }
}

pub fn joined(mut chunks: &str) -> String {
    let mut out = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        out += &rest[..size];
        chunks = rest[size..].trim_start_matches("\r\n");
        if size == 0 {
            break;
        }
    }
    out
}

/// A message that asks for steps.
pub fn suggestion(statement: &str) -> Value {
    json!({ "type": "REQUEST_PROOF_SUGGESTION", "proof_state": { "goals": [{ "id": "g", "statement": statement }] } })
}

/// A message that asks whether a step is right.
pub fn verification(statement: &str, tactic: &str, arguments: &[&str]) -> Value {
    json!({
        "type": "REQUEST_PROOF_VERIFICATION", "current_state": { "goals": [{ "id": "g", "statement": statement }] },
        "proof_step": { "tactic": tactic, "target": "g", "arguments": arguments }, "request_counterexample_on_failure": true,
    })
}

/// A goal on which the search takes seconds.
pub const SLOW: &str = "forall (a b c d : Real), a^4 + b^4 + c^4 + d^4 >= 4*a*b*c*d";

/// A function that takes twice as long for each number more, and nests no deeper for it.
pub const LONG: &str = "def tree : Nat -> Bool -> Bool\n| zero => fun b => if b then false else true\n| suc n => fun b => if tree n b then tree n false else tree n true\n";
/// A statement over it that is true, and whose evaluation takes far more steps than a request has time for.
pub const HEAVY: &str = "tree 60 true = false";
