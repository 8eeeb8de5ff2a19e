//! Recipes of other programs as files of claims: mergekit files, and settings of aggregators of updates.
//!
//! A recipe becomes the text of a `.sctt` file. Nothing here judges: whether a claim holds is for the kernel, and what is computed here
//! only decides which claim is written and which point is offered. A wrong guess makes a claim unknown, never wrongly proved.

mod aggregator;
mod combination;
mod file;
mod mergekit;
mod number;
mod parts;
mod slerp;
mod ties;
mod yaml;

pub use aggregator::{Rule, Setting, aggregator};
pub use file::module_name;
pub use mergekit::mergekit;

/// A recipe that cannot be read as one. Nothing is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong and why: full sentences.
    pub what: String,
    /// Line and column, both from 1.
    pub place: Option<(u32, u32)>,
    /// How to mend it, as after a colon.
    pub mend: String,
}

impl Fault {
    fn new(what: impl Into<String>, place: Option<(u32, u32)>, mend: impl Into<String>) -> Self {
        Fault { what: what.into(), place, mend: mend.into() }
    }
}

/// What a wrong number of the recipe is called, should the kernel refute the claim that guards it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The name of the claim, without its module.
    pub claim: String,
    /// The words for its refutation.
    pub fault: Fault,
}

/// A file of claims, made from a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The text of the file.
    pub text: String,
    /// What was read, as a sentence.
    pub read: String,
    /// What was not read, and what is left out, as sentences.
    pub notes: Vec<String>,
    /// The claims that say that the recipe is sound.
    pub guards: Vec<Guard>,
}
