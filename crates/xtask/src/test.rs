//! Everything that a person and continuous integration run.

use crate::{built_program, cargo, kernels, root, say, tools};
use std::process::{Command, ExitCode};

/// One step of the test: what it shows, and the command.
struct Step {
    what: &'static str,
    command: Command,
}

/// Runs every step, also after one failed, and says which failed.
pub fn test(require_tools: bool) -> ExitCode {
    // The step of the tests has built it.
    let bfv = |arguments: &[&'static str]| {
        let mut command = Command::new(built_program("bfv"));
        command.args(arguments).current_dir(root());
        command
    };
    let clippy = ["clippy", "--release", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"];
    let steps = [
        Step { what: "the code is formatted", command: cargo(&["fmt", "--all", "--", "--check"]) },
        Step { what: "the lints are silent", command: cargo(&clippy) },
        Step {
            what: "the tests pass",
            command: cargo(&["test", "--release", "--workspace", "--quiet", "--no-fail-fast"]),
        },
        Step { what: "every example has the expected verdict", command: bfv(&["check", "examples", "--locked"]) },
        Step { what: "the gate passes", command: bfv(&["gate"]) },
    ];
    // The last step is that of the kernels, which is left out where their compiler is missing.
    let all = steps.len() + 1;
    // Where tools are required, those that come as packages are fetched; others must be installed.
    if require_tools {
        for fetched in [tools::speech(), tools::fetch_compiler()] {
            if let Err(why) = fetched {
                say(&why);
            }
        }
    }
    let mut failed = Vec::new();
    for (i, mut s) in steps.into_iter().enumerate() {
        say(&format!("Step {} of {all}: {}.", i + 1, s.what));
        if !s.command.status().is_ok_and(|status| status.success()) {
            say(&format!("Step {} of {all} failed.", i + 1));
            failed.push(s.what);
        }
    }
    const KERNELS: &str = "the kernels of cards are those of their sources";
    let passed = match kernels::check() {
        None => {
            say(&format!("Step {all} of {all} is left out: {KERNELS}."));
            all - 1 - failed.len()
        }
        Some(true) => {
            say(&format!("Step {all} of {all}: {KERNELS}."));
            all - failed.len()
        }
        Some(false) => {
            say(&format!("Step {all} of {all} failed: {KERNELS}."));
            failed.push(KERNELS);
            all - failed.len()
        }
    };
    let missing = tools::missing();
    for n in &missing {
        say(&format!("Not run: needs {}. It is for {}.", n.tool, n.what));
    }
    if !tools::has_bfv_z3() {
        say(
            "Not run: needs bfv-z3, which cargo xtask setup builds. It is for three tests of the solver z3 and its hints.",
        );
    }
    say(&format!("Test: {passed} of {all} steps passed, {} of {} tools missing.", missing.len(), tools::NEEDED.len()));
    if failed.is_empty() && (missing.is_empty() || !require_tools) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
