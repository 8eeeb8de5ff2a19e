//! `bfv run`, `bfv serve` and `bfv suggest`: they start a program that lies beside this one.

use crate::args::{Format, Run, Runnable, Serve, Suggest};
use crate::chat::{Stop, chat};
use crate::complain;
use crate::options::Options;
use crate::usage::Mistake;
use bfv_driver::{Event, exit_code};
use std::path::PathBuf;
use std::process::Command;

/// A program beside this one: its name, and the package that it is built from.
struct Beside {
    name: &'static str,
    package: &'static str,
}

const WORKER: Beside = Beside { name: "bfv-worker", package: "bfv-worker" };
const SERVE: Beside = Beside { name: "bfv-serve", package: "bfv-service" };
const LSP: Beside = Beside { name: "bfv-lsp", package: "bfv-lsp" };

/// Starts the program and answers with its exit code. It prints for itself. With flags and no command there is a chat.
pub fn run(args: &Run, options: &Options) -> Result<u8, Mistake> {
    let Runnable::Worker = args.program;
    match args.arguments.first() {
        Some(first) if first.starts_with("--") && first != "--help" => {
            match chat(&args.arguments, options, || WORKER.command(&[])) {
                Ok(code) => Ok(code),
                Err(Stop::Mistake(mistake)) => Err(mistake),
                Err(Stop::Missing(e)) => Ok(WORKER.missing(&e)),
            }
        }
        _ => Ok(WORKER.run(&args.arguments)),
    }
}

/// Becomes the service, or what speaks to editors, so that every signal reaches it and neither outlives the other.
pub fn serve(args: &Serve) -> u8 {
    match args.arguments.split_first() {
        Some((first, rest)) if first == "--lsp" => LSP.become_it(rest),
        _ => SERVE.become_it(&args.arguments),
    }
}

/// Asks the program of the service one question.
pub fn suggest(args: &Suggest, options: &Options) -> u8 {
    let mut words = vec!["suggest".to_owned(), args.goal.clone()];
    for module in &args.imports {
        words.extend(["--import".to_owned(), module.clone()]);
    }
    if let Some(ms) = args.timeout {
        words.extend(["--timeout".to_owned(), ms.to_string()]);
    }
    if matches!(options.format, Format::Json | Format::Jsonl) {
        words.extend(["--format".to_owned(), "json".to_owned()]);
    }
    SERVE.run(&words)
}

impl Beside {
    fn command(&self, arguments: &[String]) -> Command {
        let name = format!("{}{}", self.name, std::env::consts::EXE_SUFFIX);
        let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(&name)));
        let path = beside.filter(|p| p.is_file()).unwrap_or_else(|| PathBuf::from(&name));
        let mut command = Command::new(path);
        command.args(arguments);
        command
    }

    /// Starts the program and waits for its end.
    fn run(&self, arguments: &[String]) -> u8 {
        match self.command(arguments).status() {
            Ok(status) => match status.code().map(u8::try_from) {
                Some(Ok(code)) => code,
                // It was stopped from outside.
                _ => {
                    complain(&format!("Error: the program {} did not end by itself.", self.name));
                    exit_code(&[Event::Internal])
                }
            },
            Err(e) => self.missing(&e),
        }
    }

    /// Puts the program in the place of this one.
    #[cfg(unix)]
    fn become_it(&self, arguments: &[String]) -> u8 {
        use std::os::unix::process::CommandExt;
        // It comes back only where it fails.
        self.missing(&self.command(arguments).exec())
    }

    /// Where a program cannot take the place of another one, this one waits for it; control and c reaches both.
    #[cfg(not(unix))]
    fn become_it(&self, arguments: &[String]) -> u8 {
        self.run(arguments)
    }

    /// Says why the program could not be started.
    fn missing(&self, e: &std::io::Error) -> u8 {
        let Beside { name, package } = self;
        if e.kind() == std::io::ErrorKind::NotFound {
            complain(&format!(
                "Error: the program {name} is missing. It lies beside bfv once it is built. \
                 To build it, run cargo build --release --package {package}."
            ));
            return exit_code(&[Event::ToolMissing]);
        }
        complain(&format!("Error: the program {name} cannot be started: {e}."));
        exit_code(&[Event::InputOutput])
    }
}
