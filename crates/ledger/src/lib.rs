//! Keys in files with what they have signed, and a registry with a transparency log in one plain file that only grows. For demos and tests: a real log has several
//! keepers, and a real authority keeps its key elsewhere.
//!
//! The formats that are signed and hashed are those of `cert`; here is only how they lie on a disk. Times are handed in.
#![forbid(unsafe_code)]

mod chain;
mod disk;
mod fault;
mod hex;
mod keys;
mod ledger;
mod line;
mod request;

pub use chain::{CHAIN_LIMIT, Chain};
pub use disk::create;
pub use fault::Fault;
pub use hex::{digest, key_id};
pub use keys::{KEY_LIMIT, generate, random, secret};
pub use ledger::{Book, FILE_LIMIT, Keys, Ledger, Trust};
pub use line::{reason_word, role_word};
pub use request::{REQUEST_LIMIT, request, requested};
