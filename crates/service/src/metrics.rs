//! Counters for Prometheus, in its text format.

use crate::wire::Kind;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper ends of the groups of times, in milliseconds.
const ENDS: [u64; 10] = [1, 5, 10, 25, 50, 100, 250, 1_000, 5_000, 60_000];

/// The counters.
#[derive(Default)]
pub struct Metrics {
    requests: [AtomicU64; Kind::ALL.len()],
    faults: Mutex<BTreeMap<String, u64>>,
    cancelled: AtomicU64,
    times: [AtomicU64; ENDS.len()],
    total_us: AtomicU64,
    answered: AtomicU64,
}

impl Metrics {
    /// A request was accepted.
    pub fn asked(&self, kind: Kind) {
        let counter = Kind::ALL.iter().position(|k| *k == kind).and_then(|at| self.requests.get(at));
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A request was answered, or refused, after some time.
    pub fn answered(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        for (end, counter) in ENDS.iter().zip(&self.times) {
            if ms < *end {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.total_us.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// Something was refused. Codes come from a fixed set.
    pub fn refused(&self, code: &str) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner).entry(code.to_owned()).or_default() += 1;
    }

    /// A request was cancelled, or its client went away.
    pub fn cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests were answered.
    pub fn total(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// The text. `waiting` and `running` are the requests of this moment, `recalled` says how many goals were known as they were, known as
    /// instances of others, and not known, `cache` how many are kept in how many bytes.
    pub fn text(
        &self,
        (waiting, running): (usize, usize),
        (recalled, cache): ([u64; 3], (u64, u64)),
        ready: bool,
    ) -> String {
        let mut out = String::new();
        let head = |out: &mut String, name: &str, kind: &str, help: &str| {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        };
        head(&mut out, "bfv_requests_total", "counter", "Requests that were accepted, by kind.");
        for (kind, n) in Kind::ALL.iter().zip(&self.requests) {
            let _ = writeln!(out, "bfv_requests_total{{kind=\"{}\"}} {}", kind.word(), n.load(Ordering::Relaxed));
        }
        head(&mut out, "bfv_problems_total", "counter", "Requests that were refused, by code.");
        for (code, n) in self.faults.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = writeln!(out, "bfv_problems_total{{code=\"{code}\"}} {n}");
        }
        head(&mut out, "bfv_cancelled_total", "counter", "Requests that were cancelled or whose client went away.");
        let _ = writeln!(out, "bfv_cancelled_total {}", self.cancelled.load(Ordering::Relaxed));
        head(&mut out, "bfv_recalled_total", "counter", "Goals that were looked for among those found before.");
        for (how, n) in ["exact", "instance", "none"].iter().zip(recalled) {
            let _ = writeln!(out, "bfv_recalled_total{{found=\"{how}\"}} {n}");
        }
        head(&mut out, "bfv_cache_entries", "gauge", "Goals that are kept.");
        let _ = writeln!(out, "bfv_cache_entries {}", cache.0);
        head(&mut out, "bfv_cache_bytes", "gauge", "Bytes of what is kept.");
        let _ = writeln!(out, "bfv_cache_bytes {}", cache.1);
        head(&mut out, "bfv_waiting", "gauge", "Requests that wait for a thread.");
        let _ = writeln!(out, "bfv_waiting {waiting}");
        head(&mut out, "bfv_running", "gauge", "Requests that are worked on.");
        let _ = writeln!(out, "bfv_running {running}");
        head(&mut out, "bfv_ready", "gauge", "1 where requests are taken.");
        let _ = writeln!(out, "bfv_ready {}", u8::from(ready));
        head(&mut out, "bfv_answer_seconds", "histogram", "Time from the message to its answer.");
        for (end, n) in ENDS.iter().zip(&self.times) {
            let seconds = format!("{}.{:03}", end / 1000, end % 1000);
            let _ = writeln!(out, "bfv_answer_seconds_bucket{{le=\"{seconds}\"}} {}", n.load(Ordering::Relaxed));
        }
        let us = self.total_us.load(Ordering::Relaxed);
        let _ = writeln!(out, "bfv_answer_seconds_bucket{{le=\"+Inf\"}} {}", self.total());
        let _ = writeln!(out, "bfv_answer_seconds_sum {}.{:06}", us / 1_000_000, us % 1_000_000);
        let _ = writeln!(out, "bfv_answer_seconds_count {}", self.total());
        out
    }
}
