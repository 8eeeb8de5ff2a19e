//! What describes models and workers, read strictly: JSON, safetensors, integer models, what passes between stages, and the manifests of workers.
//!
//! Bytes come in, values go out: there are no files, no clock, no floats. A file that two programs could read differently is refused: names
//! that stand twice, tensors that overlap or leave gaps, fields that nobody knows. [`Problem`] says what was found, where, and how to mend it.
//!
//! JSON has a reader of its own ([`json`]). Readers that are common keep the last of two fields with one name, and round numbers; here both
//! would let a worker show one thing and run another.
#![forbid(unsafe_code)]

pub mod config;
pub mod fields;
pub mod json;
pub mod llama;
pub mod manifest;
pub mod parts;
mod problem;
pub mod safetensors;
pub mod shipped;
pub mod splitting;
pub mod stored;
pub mod stream;

pub use problem::Problem;
