//! A service in a process of its own, and a client that asks it over HTTP.

use crate::program;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(90);

/// A service, which ends with this value.
pub struct Server {
    child: Child,
    pub address: String,
    /// Connections over which nothing is on its way, as an editor keeps one open.
    idle: Mutex<Vec<BufReader<TcpStream>>>,
}

/// An answer: its status and its body.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// Builds the program and says where it lies.
pub fn build() -> Result<PathBuf, String> {
    program("bfv-serve")
}

impl Server {
    /// Starts the program; it may not be ready yet.
    pub fn start(program: &Path, flags: &[&str]) -> Result<Server, String> {
        let mut child = Command::new(program)
            .args(["--port", "0", "--rate", "1000000", "--burst", "1000000", "--queue", "4096"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("The service cannot be started: {e}."))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.as_mut() {
            BufReader::new(out).read_line(&mut line).map_err(|e| format!("The service says nothing: {e}."))?;
        }
        let address = line.split_once("http://").and_then(|(_, rest)| rest.split_whitespace().next());
        match address {
            Some(address) => Ok(Server { address: address.to_owned(), child, idle: Mutex::default() }),
            None => Err(format!("The service says no address, but: {line}")),
        }
    }

    /// Waits until it takes requests.
    pub fn ready(&self) -> Result<(), String> {
        let start = Instant::now();
        while self.send("GET", "/ready", "", "")?.status != 200 {
            if start.elapsed() > PATIENCE {
                return Err("The service does not become ready.".to_owned());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Sends a request and leaves the connection open.
    pub fn open(&self, method: &str, path: &str, headers: &str, body: &str) -> Result<TcpStream, String> {
        let mut stream = self.connect()?;
        let text = self.request(method, path, &format!("Connection: close\r\n{headers}"), body);
        stream.write_all(text.as_bytes()).map_err(|e| format!("A request cannot be sent: {e}."))?;
        Ok(stream)
    }

    fn connect(&self) -> Result<TcpStream, String> {
        let stream = TcpStream::connect(&self.address).map_err(|e| format!("The service takes no connection: {e}."))?;
        let _slower = stream.set_nodelay(true);
        stream.set_read_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
        Ok(stream)
    }

    fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
    }

    /// Asks and waits for the answer.
    pub fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Result<Answer, String> {
        read(&mut self.open(method, path, headers, body)?)
    }

    /// A message to the path of all messages over a connection that stays open, with the time until its answer in milliseconds.
    pub fn ask(&self, message: &Value) -> Result<(Answer, f64), String> {
        let text = self.request("POST", "/v1/message", "", &message.to_string());
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let start = Instant::now();
        let kept = idle().pop();
        let mut kept = match kept {
            Some(kept) => kept,
            None => BufReader::new(self.connect()?),
        };
        let answer = exchange(&mut kept, &text)?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        idle().push(kept);
        Ok((answer, took))
    }

    /// A value of the metrics.
    pub fn metric(&self, name: &str) -> Result<f64, String> {
        let text = self.send("GET", "/metrics", "", "")?.body;
        let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok());
        line.ok_or_else(|| format!("The metrics have no {name}."))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Sends a request over a connection that stays open, and reads as much as its answer has.
fn exchange(kept: &mut BufReader<TcpStream>, text: &str) -> Result<Answer, String> {
    let broken = |e: std::io::Error| format!("A request was not answered: {e}.");
    kept.get_mut().write_all(text.as_bytes()).map_err(broken)?;
    let (mut status, mut length, mut line) = (0, 0, String::new());
    while line != "\r\n" {
        line.clear();
        if kept.read_line(&mut line).map_err(broken)? == 0 {
            return Err("A request was not answered: the connection was closed.".to_owned());
        }
        let lower = line.to_ascii_lowercase();
        if let Some(n) = lower.strip_prefix("content-length:") {
            length = n.trim().parse().map_err(|_| format!("An answer has no length: {}.", line.trim()))?;
        } else if let Some(rest) = lower.strip_prefix("http/1.1 ") {
            status = rest.split_whitespace().next().and_then(|s| s.parse().ok()).unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    kept.read_exact(&mut body).map_err(broken)?;
    Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// Reads an answer to its end.
pub fn read(stream: &mut TcpStream) -> Result<Answer, String> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).map_err(|e| format!("An answer cannot be read: {e}."))?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split_whitespace().nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Ok(Answer { status, body: body.to_owned() })
}
