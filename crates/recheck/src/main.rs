//! Reads stored proofs and says what each shows, from its bytes alone.

use bfv_recheck::{Limits, Verdict, recheck};
use std::io::Write;
use std::process::ExitCode;

/// Checking recurses on what the file holds, within limits that this stack can bear.
const STACK: usize = 1 << 30;

fn main() -> ExitCode {
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(run);
    ExitCode::from(worker.ok().and_then(|w| w.join().ok()).unwrap_or(70))
}

fn say(text: &str) {
    let _closed = writeln!(std::io::stdout().lock(), "{text}");
}

fn run() -> u8 {
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    if files.is_empty() {
        say("Name the stored proofs to check. Usage: bfv-recheck FILE and further files.");
        return 2;
    }
    let (mut rejected, mut unread) = (0, 0);
    let mut lines = Vec::new();
    for file in &files {
        let shown = file.to_string_lossy();
        match std::fs::read(file) {
            Err(e) => {
                unread += 1;
                lines.push(format!("Not read: {shown}. Reason: {e}."));
            }
            Ok(bytes) => match recheck(&bytes, Limits::default()) {
                Ok(r) => {
                    let word = if r.verdict == Verdict::Proved { "Proved" } else { "Refuted" };
                    let axioms = if r.axioms.is_empty() { "none".to_owned() } else { r.axioms.join(", ") };
                    lines.push(format!("{word}: {}. Axiom bundles: {axioms}. Statement: {}.", r.claim, r.statement));
                }
                Err(r) => {
                    rejected += 1;
                    lines.push(format!("Rejected: {shown}. Reason: {}. {}.", r.reason, r.detail.trim_end_matches('.')));
                }
            },
        }
    }
    let accepted = files.len() - rejected - unread;
    say(&format!(
        "Checked {} stored {}: {accepted} accepted, {rejected} rejected, {unread} not read.",
        files.len(),
        if files.len() == 1 { "proof" } else { "proofs" }
    ));
    for line in lines {
        say(&line);
    }
    match (unread, rejected) {
        (0, 0) => 0,
        (0, _) => 1,
        _ => 74,
    }
}
