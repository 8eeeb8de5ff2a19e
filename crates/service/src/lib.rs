//! The proof-suggestion service: goals come in, steps go out that were tried, and proofs that the kernel accepted.

pub mod answer;
pub mod fault;
pub mod sheet;
pub mod solve;
pub mod steps;
pub mod tasks;
pub mod wire;
