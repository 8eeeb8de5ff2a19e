//! How long something takes on one core, where other programs run beside it.
#![allow(dead_code, clippy::cast_precision_loss)]

use std::hint::black_box;
use std::time::Instant;

/// Seconds that this thread had a core (the first number of `schedstat`, in nanoseconds); nothing where the system does not say.
pub fn on_core() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse::<u64>().ok().map(|ns| ns as f64 / 1e9)
}

/// How long something took, and what it gave.
pub fn seconds<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let (start, core) = (Instant::now(), on_core());
    let done = black_box(run());
    let time = on_core().zip(core).map_or(start.elapsed().as_secs_f64(), |(end, start)| end - start);
    (time, done)
}
