//! Plain data of core terms, declarations and stored proofs: no theory, no checking beyond well-formed bytes.
//!
//! The kernel and `recheck` share this crate and nothing else, so that one mistake in a rule cannot hide in both.
//! The theory these terms belong to is written down in `sctt/KERNEL.md`.

mod term;

pub use term::{
    Arith, Cof, Combination, Constructor, DataDecl, DataRef, Decl, Dim, Face, Hypothesis, Node, Op, Prim, Product,
    Rational, Relation, Rule, Sort, Step, Term,
};
