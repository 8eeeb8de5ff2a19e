//! Tasks of the project that plain cargo cannot do. `cargo xtask test` is what a person and continuous integration run.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// A tool that some test needs and that may be missing: program, argument that only asks for its version, what needs it.
const TOOLS: [(&str, &str, &str); 1] =
    [("script", "--version", "accessibility items 3 and 4, under a pseudo-terminal")];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["test"] => test(false),
        ["test", "--require-tools"] => test(true),
        _ => {
            say("There is one task. Usage: cargo xtask test, or cargo xtask test --require-tools.");
            ExitCode::from(2)
        }
    }
}

fn say(text: &str) {
    let _closed = writeln!(std::io::stdout().lock(), "{text}");
}

/// One step of the test: what it shows, and the command.
struct Step {
    what: &'static str,
    command: Command,
}

fn step(what: &'static str, program: &str, args: &[&str]) -> Step {
    let mut command = Command::new(program);
    // The manifest lies in crates/xtask; everything runs in the root.
    command.args(args).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    Step { what, command }
}

/// Runs every step, also after one failed, and says which failed.
fn test(require_tools: bool) -> ExitCode {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let bfv = |args: &[&'static str]| -> Vec<&'static str> {
        [&["run", "--release", "--quiet", "--package", "bfv", "--"], args].concat()
    };
    let steps = [
        step("the code is formatted", &cargo, &["fmt", "--all", "--", "--check"]),
        step(
            "the lints are silent",
            &cargo,
            &["clippy", "--release", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"],
        ),
        step("the tests pass", &cargo, &["test", "--release", "--workspace", "--quiet"]),
        step("every example has the expected verdict", &cargo, &bfv(&["check", "examples", "--locked"])),
        step("the gate passes", &cargo, &bfv(&["gate"])),
    ];
    let all = steps.len();
    let mut failed = Vec::new();
    for (i, mut s) in steps.into_iter().enumerate() {
        say(&format!("Step {} of {all}: {}.", i + 1, s.what));
        if !s.command.status().is_ok_and(|status| status.success()) {
            say(&format!("Step {} of {all} failed.", i + 1));
            failed.push(s.what);
        }
    }
    let missing: Vec<_> = TOOLS.iter().filter(|(tool, version, _)| !is_there(tool, version)).collect();
    for (tool, _, what) in &missing {
        say(&format!("Not run: needs {tool}. It is for {what}."));
    }
    say(&format!(
        "Test: {} of {all} steps passed, {} of {} tools missing.",
        all - failed.len(),
        missing.len(),
        TOOLS.len()
    ));
    if failed.is_empty() && (missing.is_empty() || !require_tools) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn is_there(tool: &str, version: &str) -> bool {
    Command::new(tool).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
