//! A stack for tests that elaborate or evaluate. Used by several test files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// Runs a test on a stack that elaboration and evaluation can bear.
pub fn with_stack<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|s| {
        let worker = std::thread::Builder::new().stack_size(1 << 30).spawn_scoped(s, f).unwrap();
        worker.join().unwrap_or_else(|e| std::panic::resume_unwind(e))
    })
}
