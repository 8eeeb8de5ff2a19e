//! The judge. Only this crate can build a [`Proved`] or a [`Refuted`].
//!
//! It has no input or output, no floats, no clock, no environment, no threads, no hash maps with random order, and no names that matter.
//! The rules are written down in `sctt/KERNEL.md`; the modules follow its sections: `check` (2), `prim` (3), `data` (4), `kan` and `glue` (5),
//! `denote` and `rules` (6), `signature` (7). Evaluation is in `machine` and `native`, interval substitution in `face`, conversion in `conv`.

use bfv_format::{DataDecl, Term};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

mod alike;
mod check;
mod conv;
mod data;
mod denote;
mod face;
mod glue;
mod kan;
mod machine;
mod native;
mod prim;
mod quote;
pub mod refusal;
mod rules;
mod signature;
mod value;
mod walk;

pub use check::Ctx;
pub use machine::Machine;
pub use prim::rational;
pub use refusal::{Refusal, Res};
pub use signature::{Proved, Refuted, Signature};
pub use value::{
    Clo, DClo, DimSub, Elim, Env, Equations, Head, Ivl, Levels, List, Name, Native, Neutral, Spine, V, VFace, VGlue,
    VPart, Val,
};

/// Positions from here on are metavariables of the elaborator; no signature grows that far.
pub const META_BASE: u32 = 1 << 31;

/// Set from outside, at any time, where nobody wants a judgement any more. The judgement is refused then, with a reason of its own, and may
/// be asked for again. It cannot make anything be accepted.
pub type Interrupt = Arc<AtomicBool>;

/// What the evaluator needs to know of constants.
pub trait Globals {
    /// The type of a constant.
    fn const_type(&self, id: u32) -> Option<Term>;
    /// The body, if it may be unfolded: definitions, solved metavariables.
    fn const_body(&self, id: u32) -> Option<Term>;
    /// A data type.
    fn data(&self, id: u32) -> Option<Rc<DataDecl>>;
    /// Whether a universe occurs in the closure of a constant: if not, its displacement is dropped.
    fn displaceable(&self, id: u32) -> bool;
    /// Grows whenever a metavariable is solved or taken back: stuck values are looked at again then. Constant for a signature.
    fn generation(&self) -> u64 {
        0
    }
    /// What is looked at now and then by whoever works over these constants; nothing where all work is to be ended.
    fn interrupt(&self) -> Option<&Interrupt> {
        None
    }
}

/// The budget of one judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps of evaluation, conversion and typing.
    pub steps: u64,
    /// Depth of recursion; the caller supplies a stack of 1 GiB.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { steps: 50_000_000, depth: 100_000 }
    }
}
