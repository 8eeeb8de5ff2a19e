//! Which theorems are worth trying first on a goal: an order learned from the proofs of the library, and unlearned ones beside it.
//!
//! An order is all that comes out of this. Floats end in it, every step is tried, and the kernel judges what it leads to.

mod ablation;
mod data;
mod features;
mod model;
mod unlearned;

pub use ablation::{Asked, Measured, by_score, measure};
pub use data::{Data, Example, Theorem};
pub use features::{Features, number};
pub use model::{LONGEST, Model, PLACES, Side, WEIGHTS, WIDTH};
pub use unlearned::{Frequencies, Memory};
