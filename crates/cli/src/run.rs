//! `bfv run`: starts a program that lies beside this one.

use crate::args::{Run, Runnable};
use crate::complain;
use bfv_driver::{Event, exit_code};
use std::path::PathBuf;
use std::process::Command;

/// Starts the program and answers with its exit code. It prints for itself.
pub fn run(args: &Run) -> u8 {
    let Runnable::Worker = args.program;
    let name = format!("bfv-worker{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(&name)));
    let path = beside.filter(|p| p.is_file()).unwrap_or_else(|| PathBuf::from(&name));
    match Command::new(&path).args(&args.arguments).status() {
        Ok(status) => match status.code().map(u8::try_from) {
            Some(Ok(code)) => code,
            // It was stopped from outside.
            _ => {
                complain("Error: the program bfv-worker did not end by itself.");
                exit_code(&[Event::Internal])
            }
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            complain(
                "Error: the program bfv-worker is missing. It lies beside bfv once it is built. \
                 To build it, run cargo build --release --package bfv-worker.",
            );
            exit_code(&[Event::ToolMissing])
        }
        Err(e) => {
            complain(&format!("Error: the program bfv-worker cannot be started: {e}."));
            exit_code(&[Event::InputOutput])
        }
    }
}
