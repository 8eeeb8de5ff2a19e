//! Fusion programs with proofs about them: what a certificate may say of the program that ran.
//!
//! Operators of the language are about real numbers, and machines run integers, so what was proved of an operator says nothing about a
//! program. Here a program is a term of the kernel ([`Package`] says which), and its properties are proved of that term: the definitions of
//! operations and properties stand in `sctt/program.sctt`, and `examples/certificates/operators.sctt` has programs of the usual operators with
//! claims about them for every number of workers.
//!
//! A package has the bytes of a program, the names of properties, and one proof. Its reader believes none of these: it makes the statement
//! that this program has these properties, and the kernel judges the proof of it. Which definitions statements are made of is fixed by hashes
//! that are part of this crate, and so are the axioms that a proof may assume.
#![forbid(unsafe_code)]

mod build;
mod claims;
mod decay;
mod denote;
mod emit;
mod package;
mod pins;
mod property;
mod translate;
mod vocabulary;

pub use claims::{Extracted, Given, Said, Values, numbers};
pub use decay::{DECAY_BITS, decay};
pub use denote::{Meaning, meaning};
pub use emit::Rounding;
pub use package::{Argument, Evidence, MAX_BYTES, MAX_PROPERTIES, PACKAGE_LIMIT, Package};
pub use pins::{AXIOMS, DEFINITIONS};
pub use property::{Number, Property, Ratio, Refinement};
pub use translate::{Grid, Names, Plan, extract};
pub use vocabulary::named_hashes;
