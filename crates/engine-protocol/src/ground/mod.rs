//! Proofs about workers, values and sets of them: from facts with quantifiers, by instances, cases and arithmetic.

mod carry;
mod equal;
pub mod formula;
mod frames;
pub mod hints;
mod instances;
mod keys;
pub mod library;
mod linear;
mod matching;
mod measure;
mod numbers;
mod pending;
pub mod proof;
mod refute;
pub mod search;
mod smt;
mod sorts;
