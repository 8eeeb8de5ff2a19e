//! Heads that come from the goal: what they are to the kernel, how they compute, and what they lead to.

use crate::term::{Head, Tm};
use bfv_format::{DataRef, Term};
use std::rc::Rc;

/// What an atom is to the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    /// A variable of the context, by its level.
    Variable(u32),
    /// A theorem, by its position, which the search tries last.
    Theorem(u32),
    /// A term of the context in which nothing computes.
    Opaque(Term),
    Sigma,
    Pair,
    Fst,
    Snd,
    Path,
    Refl,
    /// Transport along a path in a family.
    Subst,
    Empty,
    EmptyElim,
    Unit,
    Star,
    Bool,
    True,
    False,
    BoolElim,
    Nat,
    Zero,
    Suc,
    NatElim,
    Data(DataRef),
    Con(DataRef, u32),
    DataElim(DataRef),
}

/// One case of an eliminator.
#[derive(Clone, Debug)]
pub struct Case {
    /// The constructor.
    pub con: usize,
    /// How many of its arguments are no fields.
    pub params: usize,
    /// The recursive fields, and how many arguments each takes.
    pub recursive: Vec<(usize, usize)>,
}

/// How an atom computes.
#[derive(Clone, Debug)]
pub enum Rule {
    /// It does not.
    Inert,
    /// A projection: of the third argument, which is this atom, to this argument of it.
    Field(usize, usize),
    /// An eliminator: the argument with the first branch, one case for each branch, and what is eliminated last.
    Elim(usize, Vec<Case>),
}

impl Rule {
    /// Whether it is an eliminator of a type with recursive constructors.
    #[must_use]
    pub fn recursive(&self) -> bool {
        matches!(self, Rule::Elim(_, cases) if cases.iter().any(|c| !c.recursive.is_empty()))
    }
}

/// What the result of a head is, as far as it is known before it has arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A type with this head.
    Head(Head),
    /// A universe.
    Univ,
    /// It depends on the arguments.
    Open,
}

/// A head that comes from the goal.
#[derive(Clone, Debug)]
pub struct Atom {
    /// What it is.
    pub kind: Kind,
    /// Its type; without one it is no candidate.
    pub ty: Option<Tm>,
    /// How it computes.
    pub rule: Rule,
    /// The argument which must not be a constructor, because the application would not be normal.
    pub scrutinee: Option<usize>,
    /// Whether it is a constructor.
    pub constructs: bool,
    /// What it leads to.
    pub leads: Rc<[Lead]>,
    /// Whether it is tried where no equation asks for it.
    pub offered: bool,
    /// Whether it is a type of what is one of two things.
    pub sum: bool,
}

/// A result that a head leads to: the projections on the way, true for the second part of a pair, and what is known of it.
pub type Lead = (Rc<[bool]>, Target);
