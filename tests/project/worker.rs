//! The programs beside `bfv` for tests that start them. Used by several test files.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

/// The worker lies beside `bfv`, and is built if it is not there or is older than its sources.
pub fn build_the_worker() {
    build("bfv-worker");
}

/// The proof-suggestion service, in the same way.
pub fn build_the_service() {
    build("bfv-serve");
}

/// What speaks to editors, in the same way.
pub fn build_the_lsp() {
    build("bfv-lsp");
}

/// Of the whole workspace, as the tests are: alone some of it would be built once more.
fn build(program: &str) {
    let bfv = Path::new(env!("CARGO_BIN_EXE_bfv"));
    let release = bfv.parent().unwrap().ends_with("release");
    let profile: &[&str] = if release { &["--release"] } else { &[] };
    let args = [&["build", "--quiet", "--workspace", "--bin", program], profile].concat();
    let built = Command::new(env!("CARGO")).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
    assert!(built.success());
}
