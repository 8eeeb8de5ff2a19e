//! Messages over standard input and output. One that cannot be read is answered here, as no other part can tell whose it is.

use crossbeam_channel::Sender;
use lsp_server::{ErrorCode, Message};
use serde_json::{Value, json};
use std::io::{BufRead, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// The longest message that is read, in bytes: that of a source file, written in JSON.
pub const LONGEST: usize = 128 << 20;
/// The longest line of a header, in bytes.
const HEADER: u64 = 1024;

/// What was read.
enum Got {
    /// The end of the input.
    End,
    /// The bytes of a message.
    Body(Vec<u8>),
}

/// Reads the bytes of one message.
fn body(input: &mut impl BufRead) -> Result<Got, String> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        let read =
            input.take(HEADER).read_until(b'\n', &mut line).map_err(|e| format!("The input cannot be read: {e}."))?;
        if read == 0 {
            return Ok(Got::End);
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err("A line of the header has no colon, so no further message can be read.".to_owned());
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let Some(length) = length.filter(|n| *n <= LONGEST) else {
        return Err(format!(
            "The header needs a Content-Length of at most {LONGEST}, so no further message can be read."
        ));
    };
    let mut bytes = Vec::new();
    let wanted = u64::try_from(length).unwrap_or(u64::MAX);
    let read = input.take(wanted).read_to_end(&mut bytes).map_err(|e| format!("The input cannot be read: {e}."))?;
    // Who stops in the middle of a message says nothing further.
    Ok(if read < length { Got::End } else { Got::Body(bytes) })
}

/// The answer to bytes that are no message.
fn refusal(bytes: &[u8]) -> Value {
    let (code, text, id) = match serde_json::from_slice::<Value>(bytes) {
        Err(_) => (ErrorCode::ParseError, "This message is no JSON.", Value::Null),
        Ok(value) => {
            let id = value.get("id").cloned().unwrap_or(Value::Null);
            (ErrorCode::InvalidRequest, "This is no request, notification or response of the protocol.", id)
        }
    };
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code as i32, "message": text } })
}

fn send(output: &Mutex<impl Write>, text: &str) -> std::io::Result<()> {
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len()).and_then(|()| output.flush())
}

/// Reads messages until the input ends or the message to exit has come, and hands them on. What is none is answered.
///
/// # Errors
/// Why no further message can be read.
pub fn read(input: &mut impl BufRead, output: &Mutex<impl Write>, peer: &Sender<Message>) -> Result<(), String> {
    loop {
        let bytes = match body(input) {
            Ok(Got::Body(bytes)) => bytes,
            Ok(Got::End) => return Ok(()),
            Err(why) => {
                let answer = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": ErrorCode::ParseError as i32, "message": why } });
                // Who does not listen misses it; the error is told to the caller, too.
                let _closed = send(output, &answer.to_string());
                return Err(why);
            }
        };
        let Ok(message) = serde_json::from_slice::<Message>(&bytes) else {
            if send(output, &refusal(&bytes).to_string()).is_err() {
                return Ok(());
            }
            continue;
        };
        let last = matches!(&message, Message::Notification(n) if n.method == "exit");
        if peer.send(message).is_err() || last {
            return Ok(());
        }
    }
}

/// Writes messages as they come.
pub fn write(output: &Arc<Mutex<impl Write>>, messages: impl IntoIterator<Item = Message>) {
    for message in messages {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(&message) else { continue };
        fields.insert("jsonrpc".to_owned(), "2.0".into());
        if send(output, &Value::Object(fields).to_string()).is_err() {
            return;
        }
    }
}
