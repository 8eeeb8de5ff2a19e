//! The proof-suggestion service: goals come in, steps go out that were tried, and proofs that the kernel accepted.

pub mod answer;
pub mod clients;
pub mod countermodel;
pub mod explain;
pub mod fault;
pub mod memory;
pub mod metrics;
pub mod openapi;
pub mod pace;
pub mod parts;
pub mod plane;
pub mod pool;
pub mod rank;
pub mod recent;
pub mod server;
pub mod sheet;
pub mod solve;
pub mod steps;
pub mod suggest;
pub mod tasks;
pub mod text;
pub mod unfold;
pub mod wire;
