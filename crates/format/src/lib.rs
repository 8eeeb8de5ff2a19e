//! Plain data of core terms, declarations and stored proofs: no theory, no checking beyond well-formed bytes.
//!
//! The kernel and `recheck` share this crate and nothing else, so that one mistake in a rule cannot hide in both.
//! The theory these terms belong to is written down in `sctt/KERNEL.md`.

mod decode;
mod encode;
mod hash;
mod leb;
mod pack;
mod same;
mod show;
mod stored;
mod term;
mod walk;

pub use hash::{Hash, UnknownConstant, decl_hashes, term_hash};
pub use leb::{NUMBER_LIMIT, ReadError};
pub use pack::{Renumber, mentions, named};
pub use same::same;
pub use show::show;
pub use stored::{
    DEPTH_LIMIT, Library, Outcome, Stored, VERSION, read, read_library, reseal, write, write_library, write_over,
};
pub use term::{
    Arith, Cof, Combination, Constructor, DataDecl, DataRef, Decl, Dim, Face, GlueFace, Hypothesis, Node, Op, Part,
    Prim, Product, Rational, Relation, Rule, Sort, Step, Term,
};
