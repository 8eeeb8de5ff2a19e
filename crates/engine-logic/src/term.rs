//! Proofs as kernel terms.

use crate::formula::{Formula, Id};
use crate::proof::Proof;
use crate::reify::{Reader, lift};
use bfv_format::{Node, Prim, Term};
use std::rc::Rc;

/// What stands for the variables of a proof.
pub struct Writer<'a, 'b> {
    /// What was read.
    pub reader: &'a Reader<'b>,
    /// The terms of the hypotheses in the context, which are the first levels.
    pub hypotheses: &'a [Term],
}

impl Writer<'_, '_> {
    /// The term of a proof below so many binders of its own; nothing where a formula has no type.
    #[must_use]
    pub fn term(&self, proof: &Proof, below: u32) -> Option<Term> {
        let go = |p: &Proof| self.term(p, below);
        let under = |p: &Proof| self.term(p, below + 1);
        Some(Rc::new(match proof {
            Proof::Var(level) => {
                let level = usize::try_from(*level).ok()?;
                match level.checked_sub(self.hypotheses.len()) {
                    None => return lift(self.hypotheses.get(level)?, below),
                    Some(own) => Node::Var(below.checked_sub(1)?.checked_sub(u32::try_from(own).ok()?)?),
                }
            }
            Proof::Lam(body) => Node::Lam(under(body)?),
            Proof::App(f, a) => Node::App(go(f)?, go(a)?),
            Proof::Pair(a, b) => Node::Pair(go(a)?, go(b)?),
            Proof::Fst(p) => Node::Fst(go(p)?),
            Proof::Snd(p) => Node::Snd(go(p)?),
            Proof::Star => Node::Prim(Prim::Star),
            Proof::Absurd(goal, p) => Node::EmptyElim(self.reader.type_of(*goal, below + 1)?, go(p)?),
            Proof::In(or, first, p) => {
                let (d, parameters) = self.sum(*or, below)?;
                Node::Con(d, u32::from(!first), parameters, vec![go(p)?], Vec::new())
            }
            Proof::Cases(or, goal, said, first, second) => {
                let (d, parameters) = self.sum(*or, below)?;
                let branch = |p: &Proof| Some(Rc::new(Node::Lam(under(p)?)));
                let motive = self.reader.type_of(*goal, below + 1)?;
                Node::DataElim(d, parameters, motive, vec![branch(first)?, branch(second)?], go(said)?)
            }
            Proof::Let(fact, p, rest) => Node::Let(self.reader.type_of(*fact, below)?, go(p)?, under(rest)?),
        }))
    }

    /// The data type of a disjunction and its parameters.
    fn sum(&self, or: Id, below: u32) -> Option<(bfv_format::DataRef, Vec<Term>)> {
        let Formula::Or(a, b) = self.reader.table.get(or) else { return None };
        Some((self.reader.sum(or)?, vec![self.reader.type_of(a, below)?, self.reader.type_of(b, below)?]))
    }
}
