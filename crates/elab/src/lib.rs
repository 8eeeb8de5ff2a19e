//! From the surface tree to kernel terms: holes, implicit arguments, unification and tactics live and die here.
//!
//! Nothing here is trusted: every declaration goes through the kernel's `Signature::add` or `add_owing`, every claim through its verdicts.
//! What is absent: no file system, no solver of its own; tactics that search call an engine that is handed in.

mod app;
mod arith;
mod attributes;
mod bundle;
mod cases;
mod claim;
mod code;
mod context;
mod domain;
mod elab;
mod expr;
mod finish;
mod glue;
mod module;
mod names;
mod open;
mod pattern;
mod patterns;
mod proposition;
mod protocol;
mod recall;
mod replay;
mod scratch;
mod show;
mod tactic;
mod unify;
mod units;
mod walk;

pub use bundle::bundle_key;
pub use elab::{Engines, Kind, Problem};
pub use module::{Claim, Expected, Given, Outcomes, Session, Share};
pub use names::{Global, Names, Target, distance};
pub use open::{Fitting, Form, OpenCase, OpenGoal, OpenVariable};
pub use recall::Recall;
pub use show::show;
pub use walk::{mentions, point};
