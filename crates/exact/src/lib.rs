//! What workers compute and verifiers compute again: linear layers, norms, rotary positions, attention, gates and sampling over the
//! integers, with one definition of each.
//!
//! There are no floating-point numbers, no files, no clock, no threads and no environment. A result is a function of its arguments, the same on
//! every machine: sums are exact, so their order does not matter, and every rounding is stated where it happens. All roundings are
//! `floor(x + 1/2)`, to nearest with ties upwards, and what does not fit a type becomes its nearest number.
//!
//! Shapes are checked when something is made, against limits that are named, before memory is taken. What has passed does not panic:
//! each module says why its sums fit. Tables ([`gate`], [`rope`], [`attention::Powers`]) are made by integer arithmetic with a stated
//! error, and have one sequence of bytes, so that they can be hashed.
//!
//! A worker in a lane of floats computes the sums of linear layers in floats and hands over whole numbers. How far these may be from the exact ones is a
//! bound in integers ([`rounding`]).
//!
//! What a worker commits of all that, and where each value stands in the commitment, is a function of the specification too ([`commit`]).
//!
//! Where there is a fast form beside the definition, tests show that both agree bit for bit.
#![forbid(unsafe_code)]

pub mod attention;
pub mod bytes;
pub mod commit;
pub mod fixed;
pub mod forward;
pub mod gate;
pub mod heads;
pub mod linear;
mod matrix;
pub mod model;
pub mod norm;
pub mod pairs;
pub mod program;
mod refused;
pub mod requantise;
pub mod rope;
pub mod rounding;
pub mod sample;
pub mod spec;
pub mod vote;

pub use matrix::{MAX_ELEMENTS, MAX_SIDE, Matrix, elements};
pub use refused::Refused;
