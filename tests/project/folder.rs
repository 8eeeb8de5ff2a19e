//! A folder of one test outside every project, and a command as a newcomer gives it. Used by several test files.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder of one test; removed in the end.
pub struct Folder(pub PathBuf);

impl Folder {
    /// An empty folder. Tests that run at the same time need names of their own.
    pub fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("bfv-test-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Folder(dir)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program in a folder with the settings of a newcomer; they are looked for in `home`, where there are none.
pub fn newcomer(dir: &Path, home: &Path, args: &[&str]) -> Command {
    of_newcomer(Path::new(env!("CARGO_BIN_EXE_bfv")), dir, home, args)
}

/// The same with a program that lies elsewhere.
pub fn of_newcomer(program: &Path, dir: &Path, home: &Path, args: &[&str]) -> Command {
    let mut c = Command::new(program);
    c.args(args).current_dir(dir).stdin(Stdio::null()).env("BFV_CONFIG", home.join("no-settings.toml"));
    for name in ["NO_COLOR", "ACCESSIBLE", "BFV_ACCESSIBLE", "NO_GRAPHICS", "COLUMNS", "RUST_BACKTRACE"] {
        c.env_remove(name);
    }
    c
}

/// What the program says to a line of words, on both streams, and its exit code.
pub fn bfv(dir: &Path, line: &str) -> (Option<i32>, String) {
    said(newcomer(dir, dir, &line.split_whitespace().collect::<Vec<_>>()))
}

/// What a command says, on both streams, and its exit code.
pub fn said(mut command: Command) -> (Option<i32>, String) {
    let o = command.output().unwrap();
    (o.status.code(), String::from_utf8(o.stdout).unwrap() + &String::from_utf8(o.stderr).unwrap())
}
