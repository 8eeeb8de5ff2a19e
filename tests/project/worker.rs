//! The program `bfv-worker` for tests that start it. Used by several test files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

/// The worker lies beside `bfv`, and is built if it is not there or is older than its sources.
pub fn build_the_worker() {
    let bfv = Path::new(env!("CARGO_BIN_EXE_bfv"));
    let release = bfv.parent().unwrap().ends_with("release");
    let profile: &[&str] = if release { &["--release"] } else { &[] };
    let args = [&["build", "--quiet", "--package", "bfv-worker", "--bin", "bfv-worker"], profile].concat();
    let built = Command::new(env!("CARGO")).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
    assert!(built.success());
}
