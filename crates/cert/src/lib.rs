//! The run-time certificate BFC1: what a worker signs about an answer, and everything about it that can be checked without
//! knowing what the answer means. No theory, no files, no clock, no threads.
//!
//! A certificate is 17 fields in one canonical form and an Ed25519 signature ([`certificate`]). It commits to weights ([`tensor`]), to
//! intermediate values ([`merkle`]) and to the circumstances in which a float answer can be computed again: kernel, batch and position.
//! Keys stand in a registry ([`registry`]), certificates and registries in a transparency log ([`log`]). An envelope, the file `.bfc`, carries
//! all of that ([`envelope`]), and [`admit`] checks it, what is cheap first. Whether the values are *right* is judged by others.
//!
//! Whatever is refused is refused by a [`Refusal`]: one of six answers, with the place and with what was found there. Types are parsed,
//! not validated: a [`certificate::Certificate`] or a [`sign::PublicKey`] is well formed because it exists.
//!
//! No function here panics or allocates by a length that it has read and not bounded. Numbers are little-endian where they are hashed,
//! and times are seconds since 1970 in UTC.

mod admit;
pub mod cbor;
pub mod certificate;
pub mod digest;
pub mod envelope;
pub mod freshness;
pub mod log;
pub mod merkle;
mod refusal;
pub mod registry;
pub mod sign;
pub mod statement;
pub mod tensor;

pub use admit::{
    Admitted, Expected, Hashes, Kernel, Policy, Roundoff, Taken, Unopened, admit, admit_read, admit_unopened, chain,
};
pub use refusal::{
    BindingFault, Class, Equivocation, FreshnessFault, Malformed, Part, Place, Refusal, SignatureFault, Undecided,
};
