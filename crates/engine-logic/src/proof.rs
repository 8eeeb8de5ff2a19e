//! Proofs as lambda terms over formulas. Variables are counted from the outermost binder, so a proof can stand below more binders unchanged.

use crate::formula::Id;
use std::rc::Rc;

/// A proof. Binders take the next level.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The variable of this level.
    Var(u32),
    /// Of an implication.
    Lam(Rc<Proof>),
    /// By an implication.
    App(Rc<Proof>, Rc<Proof>),
    /// Of a conjunction.
    Pair(Rc<Proof>, Rc<Proof>),
    /// The first part.
    Fst(Rc<Proof>),
    /// The second part.
    Snd(Rc<Proof>),
    /// Of truth.
    Star,
    /// Of anything, by falsity.
    Absurd(Id, Rc<Proof>),
    /// Of a disjunction, by its first or second part: the disjunction, whether it is the first, and the part.
    In(Id, bool, Rc<Proof>),
    /// By a disjunction: that, the goal, what is said, and a proof for each case, which binds it.
    Cases(Id, Id, Rc<Proof>, Rc<Proof>, Rc<Proof>),
    /// Of something by a fact that is proved first: the fact, its proof, and the rest, which binds it.
    Let(Id, Rc<Proof>, Rc<Proof>),
}
