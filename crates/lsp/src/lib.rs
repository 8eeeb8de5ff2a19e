//! The protocol of editors: problems and verdicts as diagnostics, statements and goals in words, names, and proofs that were checked.

pub mod ask;
pub mod lines;
pub mod places;
pub mod proofs;
pub mod server;
pub mod told;
pub mod wire;
