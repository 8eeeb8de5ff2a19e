//! Which theorems are worth trying first on a goal: an order learned from the proofs of the library, and unlearned ones beside it.
//!
//! An order is all that comes out of this. Floats end in it, every step is tried, and the kernel judges what it leads to.

mod data;
mod features;
mod model;
mod unlearned;

pub use data::{Data, Example, Theorem};
pub use features::Features;
pub use model::{Model, PLACES, Side, WIDTH, checksum};
pub use unlearned::{Frequencies, Memory};
