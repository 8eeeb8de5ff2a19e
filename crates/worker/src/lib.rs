//! Runs models of the shape of Llama on a card or the CPU and certifies every answer.
//!
//! A model comes as floats ([`checkpoint`]), is run with floats for reference ([`float`]) and becomes a model over the integers
//! ([`quantise`]). That one is run exactly as `exact` says ([`prove`]): intermediate values are hashed while they are computed, and what is
//! signed commits to all of them. Of a model that is split a worker runs its layers only ([`stage`]). A head fuses the answers of others
//! or counts them as votes ([`gather`]). An answer may be certified block by block, while it is written ([`stream`]). A model that mixes chunks in pairs becomes whole numbers in the same way ([`butterfly`]). The worker judges nothing, its own answers
//! included.
//!
//! Floats end where the integer model begins: whatever they did, the integers are what is committed to, run and verified. In the lanes of floats
//! linear layers are computed in single precision and rounded to integers ([`single`]), and a verifier says how far that may lead from the model.
//! In the lane of replay the float model itself is run, in a stated order of sums ([`replay`]).
#![forbid(unsafe_code)]

pub mod butterfly;
pub mod card;
pub mod checkpoint;
pub mod float;
pub mod gather;
mod number;
pub mod prove;
pub mod quantise;
pub mod replay;
pub mod single;
pub mod stage;
pub mod stream;

pub use bfv_ledger::Fault;
pub use bfv_model::config;
