//! Proofs about workers, values and sets of them: from facts with quantifiers, by instances, cases and arithmetic.

mod equal;
pub mod formula;
mod instances;
pub mod library;
mod linear;
mod numbers;
pub mod proof;
mod refute;
pub mod search;
