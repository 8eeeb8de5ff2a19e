//! Proofs as kernel terms.

use crate::formula::{Formula, Id};
use crate::proof::Proof;
use crate::reify::{Reader, lift};
use bfv_format::{Node, Prim, Term};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// Where types are mentioned more often than this, those that come twice get names.
const MENTIONS: u32 = 48;

/// The term of a proof, whose first levels are hypotheses with these terms; nothing where a formula has no type.
#[must_use]
pub fn write(reader: &Reader<'_>, hypotheses: &[Term], proof: &Proof) -> Option<Term> {
    let mut writer = Writer { reader, hypotheses, names: HashMap::new() };
    let mut mentions = BTreeMap::new();
    writer.count(proof, &mut mentions);
    if mentions.values().sum::<u32>() <= MENTIONS {
        return writer.term(proof, 0);
    }
    // A formula has a larger number than its parts.
    let mut lets = Vec::new();
    for (id, _) in mentions.into_iter().filter(|(_, n)| *n > 1) {
        let below = u32::try_from(lets.len()).ok()?;
        lets.push((Rc::new(Node::Univ(writer.universe(id)?)), writer.type_of(id, below)?));
        writer.names.insert(id, below);
    }
    let term = writer.term(proof, u32::try_from(lets.len()).ok()?)?;
    Some(lets.into_iter().rev().fold(term, |rest, (universe, ty)| Rc::new(Node::Let(universe, ty, rest))))
}

/// What stands for the variables of a proof.
struct Writer<'a, 'b> {
    /// What was read.
    reader: &'a Reader<'b>,
    /// The terms of the hypotheses in the context, which are the first levels.
    hypotheses: &'a [Term],
    /// Types with a name of their own, by how many binders are outside of it.
    names: HashMap<Id, u32>,
}

impl Writer<'_, '_> {
    /// How often each type that is no atom is mentioned.
    fn count(&self, proof: &Proof, mentions: &mut BTreeMap<Id, u32>) {
        let mut open = vec![proof];
        while let Some(proof) = open.pop() {
            match proof {
                Proof::Var(_) | Proof::Star => (),
                Proof::Lam(p) | Proof::Fst(p) | Proof::Snd(p) => open.push(p),
                Proof::App(p, q) | Proof::Pair(p, q) => open.extend([&**p, &**q]),
                Proof::Absurd(goal, p) => {
                    self.mention(*goal, mentions);
                    open.push(p);
                }
                Proof::In(or, _, p) => {
                    self.mention_parts(*or, mentions);
                    open.push(p);
                }
                Proof::Cases(or, goal, p, q, r) => {
                    self.mention_parts(*or, mentions);
                    self.mention(*goal, mentions);
                    open.extend([&**p, &**q, &**r]);
                }
                Proof::Let(fact, p, rest) => {
                    self.mention(*fact, mentions);
                    open.extend([&**p, &**rest]);
                }
            }
        }
    }

    fn mention(&self, id: Id, mentions: &mut BTreeMap<Id, u32>) {
        if !matches!(self.reader.table.get(id), Formula::Atom(_) | Formula::True | Formula::False) {
            let count = mentions.entry(id).or_default();
            *count = count.saturating_add(1);
            // The parts of what was read are written with it.
            if *count == 1 && self.reader.written(id).is_none() {
                self.mention_parts(id, mentions);
            }
        }
    }

    fn mention_parts(&self, id: Id, mentions: &mut BTreeMap<Id, u32>) {
        if let Formula::And(a, b) | Formula::Or(a, b) | Formula::Imp(a, b) = self.reader.table.get(id) {
            self.mention(a, mentions);
            self.mention(b, mentions);
        }
    }

    /// The universe of a type.
    fn universe(&self, id: Id) -> Option<u32> {
        if let Some(written) = self.reader.written(id) {
            return self.reader.universe(written);
        }
        match self.reader.table.get(id) {
            Formula::And(a, b) | Formula::Or(a, b) | Formula::Imp(a, b) => {
                Some(self.universe(a)?.max(self.universe(b)?))
            }
            Formula::True | Formula::False => Some(0),
            Formula::Atom(_) => None,
        }
    }

    /// The type of a formula below so many binders.
    fn type_of(&self, id: Id, below: u32) -> Option<Term> {
        if let Some(name) = self.names.get(&id) {
            return Some(Rc::new(Node::Var(below.checked_sub(1)?.checked_sub(*name)?)));
        }
        if let Some(written) = self.reader.written(id) {
            return lift(written, below);
        }
        let ty = |id: Id, below: u32| self.type_of(id, below);
        Some(Rc::new(match self.reader.table.get(id) {
            Formula::Atom(_) => return None,
            Formula::False => Node::Prim(Prim::Empty),
            Formula::True => Node::Prim(Prim::Unit),
            Formula::And(a, b) => Node::Sigma(ty(a, below)?, ty(b, below + 1)?),
            Formula::Imp(a, b) => Node::Pi(ty(a, below)?, ty(b, below + 1)?),
            Formula::Or(a, b) => Node::Data(self.reader.sum(id)?, vec![ty(a, below)?, ty(b, below)?]),
        }))
    }

    /// The term of a proof below so many binders of its own; nothing where a formula has no type.
    fn term(&self, proof: &Proof, below: u32) -> Option<Term> {
        let go = |p: &Proof| self.term(p, below);
        let under = |p: &Proof| self.term(p, below + 1);
        Some(Rc::new(match proof {
            Proof::Var(level) => {
                let level = usize::try_from(*level).ok()?;
                match level.checked_sub(self.hypotheses.len()) {
                    None => return lift(self.hypotheses.get(level)?, below),
                    Some(own) => {
                        let outside = u32::try_from(self.names.len().checked_add(own)?).ok()?;
                        Node::Var(below.checked_sub(1)?.checked_sub(outside)?)
                    }
                }
            }
            Proof::Lam(body) => Node::Lam(under(body)?),
            Proof::App(f, a) => Node::App(go(f)?, go(a)?),
            Proof::Pair(a, b) => Node::Pair(go(a)?, go(b)?),
            Proof::Fst(p) => Node::Fst(go(p)?),
            Proof::Snd(p) => Node::Snd(go(p)?),
            Proof::Star => Node::Prim(Prim::Star),
            Proof::Absurd(goal, p) => Node::EmptyElim(self.type_of(*goal, below + 1)?, go(p)?),
            Proof::In(or, first, p) => {
                let (d, parameters) = self.sum(*or, below)?;
                Node::Con(d, u32::from(!first), parameters, vec![go(p)?], Vec::new())
            }
            Proof::Cases(or, goal, said, first, second) => {
                let (d, parameters) = self.sum(*or, below)?;
                let branch = |p: &Proof| Some(Rc::new(Node::Lam(under(p)?)));
                let motive = self.type_of(*goal, below + 1)?;
                Node::DataElim(d, parameters, motive, vec![branch(first)?, branch(second)?], go(said)?)
            }
            Proof::Let(fact, p, rest) => Node::Let(self.type_of(*fact, below)?, go(p)?, under(rest)?),
        }))
    }

    /// The data type of a disjunction and its parameters.
    fn sum(&self, or: Id, below: u32) -> Option<(bfv_format::DataRef, Vec<Term>)> {
        let Formula::Or(a, b) = self.reader.table.get(or) else { return None };
        Some((self.reader.sum(or)?, vec![self.type_of(a, below)?, self.type_of(b, below)?]))
    }
}
