//! `bfv-lsp`: speaks to an editor over standard input and output. `bfv serve --lsp` becomes it.

use bfv_driver::{Event, escaped, exit_code};
use bfv_lsp::{server, wire};
use lsp_server::Connection;
use std::io::Write;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// Values of the kernel are very many and small, as in `bfv`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "bfv-lsp speaks to an editor, in the language server protocol, over standard input and output.
It has no flags. The custom request bfv/goals gives the goals at a place in plain text.";

fn complain(text: &str) {
    // Who does not read it misses it.
    let _closed = writeln!(std::io::stderr().lock(), "{text}");
}

fn main() -> ExitCode {
    // A question that makes the worker panic is answered, and told here in one line.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!(" Place: {}, line {}.", l.file(), l.line())).unwrap_or_default();
        complain(&format!("Error internal: bfv-lsp made a mistake of its own.{place} To mend it: Report this."));
    }));
    let first = std::env::args_os().nth(1).map(|a| a.to_string_lossy().into_owned());
    match first.as_deref() {
        // Editors add this one by themselves.
        None | Some("--stdio") => {}
        Some("help" | "--help") => {
            let _closed = writeln!(std::io::stdout().lock(), "{USAGE}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            let shown = escaped(other, char::is_control);
            complain(&format!("Error: There is no flag {shown} here. Write bfv-lsp help to see what there is."));
            return ExitCode::from(exit_code(&[Event::Usage]));
        }
    }
    match talk() {
        Ok(true) => ExitCode::SUCCESS,
        // The editor is gone and has not said so: the protocol has the code 1 for that.
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            complain(&format!("Error: {why}"));
            ExitCode::from(exit_code(&[Event::InputOutput]))
        }
    }
}

fn talk() -> Result<bool, String> {
    let (own, editor) = Connection::memory();
    let output = Arc::new(Mutex::new(std::io::stdout()));
    let Connection { sender, receiver } = editor;
    let written = Arc::clone(&output);
    let thread = std::thread::Builder::new();
    let writer = thread
        .spawn(move || wire::write(&written, receiver))
        .map_err(|e| format!("The system gives no thread: {e}."))?;
    let thread = std::thread::Builder::new();
    // It may wait for input for ever, and ends with the program.
    let _reader = thread
        .spawn(move || {
            if let Err(why) = wire::read(&mut std::io::stdin().lock(), &output, &sender) {
                complain(&format!("Error: {why}"));
            }
        })
        .map_err(|e| format!("The system gives no thread: {e}."))?;
    let ended = server::serve(&own);
    // All that was said is written before the program ends.
    drop(own);
    writer.join().map_err(|_| "The writer of messages stopped.".to_owned())?;
    ended
}
