//! Goals encoded: the canonical form of a statement, a vector that says what it looks like, and statements that it is an instance of.
//!
//! Nothing here is believed. A key that two statements share by mistake, or a wrong instance, leads to evidence that the kernel refuses.

mod canonical;
mod instance;
mod parts;
mod vector;

pub use canonical::canonical;
pub use instance::instance;
pub use parts::telescope;
pub use vector::{LEARNED, STRUCTURE, VERSION, Vector, WALKS, encode, walks};
