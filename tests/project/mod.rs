//! A project in a folder of its own, and the real program in it. Used by several test files.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod folder;

use folder::{Folder, newcomer};
use std::path::{Path, PathBuf};

/// A folder of one test with a `bfv.toml`; removed in the end.
pub struct Project(Folder);

/// What the program said.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The document of `--format json`.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}{}", self.out, self.err))
    }

    /// Asserts the code, and that no sentence of the answer is broken English of a crash.
    pub fn code(&self, expected: i32) -> &Self {
        assert_eq!(self.code, expected, "{}{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// Asserts that the answer has a line with these words.
    pub fn says(&self, words: &str) -> &Self {
        assert!(
            self.out.lines().chain(self.err.lines()).any(|l| l.contains(words)),
            "{words}: {}{}",
            self.out,
            self.err
        );
        self
    }
}

impl Project {
    /// A project with these lines under `[gate]`.
    pub fn new(name: &str, gate: &str) -> Self {
        let p = Project(Folder::new(&format!("project-{name}")));
        p.write("bfv.toml", &format!("name = \"p\"\n\n[gate]\n{gate}\n"));
        p
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.0.0.join(file)
    }

    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path(file), text).unwrap();
    }

    /// The stored proof of a file of the store, such as `m/c`.
    pub fn proof(&self, name: &str) -> PathBuf {
        self.0.0.join(format!("proofs/{name}.bfvp"))
    }

    pub fn run(&self, args: &[&str]) -> Said {
        run(&self.0.0, args)
    }
}

/// Runs the program in a folder, with the settings of a newcomer.
pub fn run(dir: &Path, args: &[&str]) -> Said {
    let out = newcomer(dir, dir, args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: out.status.code().unwrap_or(-1), out: text(out.stdout), err: text(out.stderr) }
}
