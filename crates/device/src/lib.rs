//! Integer kernels of workers on a card: linear layers, attention, fusion programs and the hashes of commitments.
//!
//! What a kernel computes is defined in `exact` and `cert`, and is the same numbers, bit for bit: sums of integers do not depend on their order, and roundings are the same
//! integer operations. So an answer that a card computed is the answer of the model, judged like any other; which kernels computed it stands in its certificate for
//! information ([`kernels::identity`]).
//!
//! The sources of kernels lie in `kernels/`, each beside its PTX, which a pinned compiler made of it ([`compile`]). The driver of a card loads that text; nothing is compiled
//! where a worker runs. Everything that prepares a launch is written over a [`Machine`], of which there are two: a card ([`cuda`]), and in the tests the
//! interpreter `bfv-ptx`, which runs the same text over the same launches without a card.
//!
//! No line here changes a setting of a card. Memory is allocated plainly and freed, and the result of every call of the driver is looked at.
#![deny(unsafe_code)]

pub mod answer;
pub mod arithmetic;
pub mod attention;
pub mod compile;
pub mod cuda;
pub mod fusion;
pub mod hash;
pub mod kernels;
pub mod linear;
mod machine;
pub mod measure;
pub mod sample;
pub mod trial;
pub mod watched;

pub use machine::{Argument, Machine, Start};
