//! The second judge: a naive implementation of `sctt/KERNEL.md`, written from that page.
//!
//! It shares with the kernel the crate of plain data and the number crates, and nothing else. It evaluates arguments by need:
//! an argument keeps its value, everything else is evaluated anew at every look. Before two types or terms are evaluated to be
//! compared they are read side by side, because mostly they are one term (`alike.rs`). Contexts are environments whose free
//! variables carry their types. What is absent: input and output, tables of results.

mod alike;
mod check;
mod closure;
mod compute;
mod conv;
mod data;
mod judge;
mod kan;
mod machine;
mod poly;
mod rules;
mod scene;
mod trust;

pub use judge::{Judge, Report, Verdict, recheck};

/// Why something is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A fixed phrase.
    pub reason: &'static str,
    /// One sentence that says more.
    pub detail: String,
}

impl Refusal {
    pub(crate) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Refusal { reason, detail: detail.into() }
    }
}

pub(crate) type Res<T> = Result<T, Refusal>;

pub(crate) fn refuse<T>(reason: &'static str, detail: impl Into<String>) -> Res<T> {
    Err(Refusal::new(reason, detail))
}

/// The budget of one declaration or judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps of evaluation, conversion and typing.
    pub steps: u64,
    /// Depth of recursion; the caller supplies a stack of 1 GiB.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { steps: 200_000_000, depth: 20_000 }
    }
}
