//! Milestones of a long run, on standard error: the first after two seconds, then at most one in ten.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

const FIRST: Duration = Duration::from_secs(2);
const NEXT: Duration = Duration::from_secs(10);

/// A run in progress; it is silent again when dropped.
pub struct Milestones {
    counts: Arc<(AtomicUsize, AtomicUsize)>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Milestones {
    /// `what` is counted, such as "goals".
    pub fn start(what: &'static str) -> Self {
        let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let seen = Arc::clone(&counts);
        let (stop, stopped) = channel::<()>();
        let thread = std::thread::Builder::new().spawn(move || {
            let mut wait = FIRST;
            // The sender is dropped when the run ends; until then the wait times out.
            while stopped.recv_timeout(wait) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                wait = NEXT;
                let (done, all) = (seen.0.load(Ordering::Relaxed), seen.1.load(Ordering::Relaxed));
                let _closed = writeln!(std::io::stderr().lock(), "{}", sentence(what, done, all));
            }
        });
        Milestones { counts, stop: Some(stop), thread: thread.ok() }
    }

    pub fn at(&self, done: usize, all: usize) {
        self.counts.0.store(done, Ordering::Relaxed);
        self.counts.1.store(all, Ordering::Relaxed);
    }
}

impl Drop for Milestones {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn sentence(what: &str, done: usize, all: usize) -> String {
    match (done * 100).checked_div(all) {
        None => "Still reading the files.".to_owned(),
        Some(percent) => format!("Still checking: {done} of {all} {what} are done, {percent} percent."),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn milestones_stand_alone() {
        assert_eq!(super::sentence("goals", 0, 0), "Still reading the files.");
        assert_eq!(super::sentence("goals", 3, 8), "Still checking: 3 of 8 goals are done, 37 percent.");
    }
}
