//! Float models that are computed again bit for bit, tile by tile, with integers.
//!
//! A number of a format of IEEE 754 is a dyadic rational ([`Format`]), and each operation is that of the standard, rounded to nearest with ties to even
//! ([`Soft`]). How a machine sums the products of a matrix product is its [`Order`]; which machines were measured says [`card`].
//! [`spec`] says what a model computes, [`ops`] defines every operation, and [`forward`] runs a model. Whoever computes with a float unit gives that as a
//! [`Machine`], so there is one definition of every operation and two ways to add and multiply, which must agree.
//!
//! What is computed for one token in one layer by one operation is a cell, and a cell is made of tiles ([`layout`]): each can be computed
//! again from the cells that it reads, without the others. [`draw`] picks tiles. Nothing here judges: that is for whoever compares.
//!
//! There are no floats, files, clock or threads, and no function panics on what it is given.
#![forbid(unsafe_code)]

pub mod card;
pub mod draw;
mod format;
pub mod forward;
pub mod layout;
mod machine;
pub mod ops;
mod order;
pub mod probe;
mod soft;
pub mod spec;
pub mod weights;

pub use format::{Format, Mode};
pub use machine::Machine;
pub use order::{Order, Unit};
pub use soft::Soft;
pub use spec::{Draft, Refused, Spec};
pub use weights::Weights;
