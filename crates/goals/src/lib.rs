//! Goals of other programs as claims of the language: TIP problems, propositional goals of the ILTP library, and goals of type inhabitation.
//!
//! A goal becomes text: declarations, binders and a statement. Nothing here judges. A function of a TIP problem is translated only in a way
//! that keeps its meaning wherever the original is defined; what has no such translation is refused with the reason.
//! Sources: Claessen, Johansson, Rosen, Smallbone, "TIP: Tons of Inductive Problems" (2015); Raths, Otten, Kreitz, "The ILTP Problem Library
//! for Intuitionistic Logic" (2007); Norman, Avigad, "Canonical for Automated Theorem Proving in Lean" (2025).

mod calls;
mod equality;
mod functions;
mod infer;
mod inhabit;
mod logic;
mod measure;
mod names;
mod node;
mod print;
mod problem;
mod smt;
mod term;
mod tip;
mod types;

pub use inhabit::inhabit;
pub use logic::logic;
pub use smt::{logic_smt, tip_smt};
pub use tip::tip;

/// What is expected of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It has a proof.
    Proved,
    /// It is false, and a point shows that.
    Refuted,
    /// It has no proof without excluded middle, and nothing refutes it: a Kripke model shows the former.
    Open,
}

/// A variable of a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binder {
    /// Its name, which is a name of the language.
    pub name: String,
    /// Its type, or what it is a proof of, as text of the language.
    pub ty: String,
}

/// A goal as text of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// The name that its source gives it.
    pub name: String,
    /// Modules of the library whose words it uses.
    pub imports: Vec<String>,
    /// Data types and functions, each on lines of its own; may be empty.
    pub declarations: String,
    /// Its variables and hypotheses, in order. A later one may depend on an earlier one.
    pub binders: Vec<Binder>,
    /// What is to be shown of them.
    pub statement: String,
    /// Whether it is a type rather than a proposition: it quantifies over types.
    pub is_type: bool,
    /// What is expected.
    pub expected: Expected,
}

impl Goal {
    /// The goal as a file with one claim.
    #[must_use]
    pub fn file(&self) -> String {
        let mut out: String = self.imports.iter().map(|i| format!("import {i}\n")).collect();
        if !out.is_empty() {
            out.push('\n');
        }
        out += &self.declarations;
        let expect = match self.expected {
            Expected::Proved => "",
            Expected::Refuted => "expect refuted",
            Expected::Open => "expect unknown",
        };
        let attributes: Vec<&str> =
            [if self.is_type { "type" } else { "" }, expect].into_iter().filter(|a| !a.is_empty()).collect();
        if !attributes.is_empty() {
            out += &format!("@[{}]\n", attributes.join(", "));
        }
        let binders: String = self.binders.iter().map(|b| format!(" ({} : {})", b.name, b.ty)).collect();
        out += &format!("claim goal{binders} :\n  {}\n", self.statement);
        out
    }
}

/// Why a goal has no translation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The goal, or the file as far as no goal of it is known.
    pub name: String,
    /// What is wrong or missing, and why: full sentences.
    pub what: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "The goal {} has no translation. {}", self.name, self.what)
    }
}

impl std::error::Error for Fault {}
