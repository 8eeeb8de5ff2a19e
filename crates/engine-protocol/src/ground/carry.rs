//! What follows by putting equals for equals: of atoms that are known, and contradictions.

use crate::ground::equal::Edges;
use crate::ground::formula::Says;
use crate::ground::frames::Frame;
use crate::ground::pending::put;
use crate::ground::proof::{Proof, negation};
use crate::ground::search::{Refutation, Search};
use bfv_format::Term;
use bfv_kernel::Res;
use rustc_hash::FxHashMap;
use std::rc::Rc;

impl Search<'_> {
    /// What is known of one atom is known of another one that is the same when equals are put for equals; whether that was new.
    pub fn carry(&mut self, frames: &mut Vec<Frame>) -> Res<bool> {
        let Some(merged) = self.merged() else { return Ok(false) };
        let (edges, lib) = (self.edges(), self.reader.lib);
        let mut any = false;
        for n in self.unsettled() {
            let Some(atom) = self.reader.atoms.get(n) else { continue };
            let (truth, proof) = match (merged.like(&atom.key), &atom.says) {
                (Some(from), Says::Bool(_) | Says::Equal { .. }) => {
                    let (Some(source), Some(known)) = (self.reader.atoms.get(from), self.known.get(&from).cloned())
                    else {
                        continue;
                    };
                    let (there, back) = if known.truth { (&source.key, &atom.key) } else { (&atom.key, &source.key) };
                    let Some(mut way) = edges.path(there, back, lib, &mut self.fresh) else { continue };
                    let line = way.line();
                    if known.truth {
                        (true, way.bind(Rc::new(Proof::Along(line, known.proof))))
                    } else {
                        let x = self.fresh.next();
                        let wrong = Proof::app(known.proof, Rc::new(Proof::Along(line, Proof::var(x))));
                        (false, way.bind(Proof::lam(x, wrong)))
                    }
                }
                (None, Says::Equal { left, right, .. }) => {
                    let (left, right) = (left.clone(), right.clone());
                    let Some(mut way) = edges.path(&left, &right, lib, &mut self.fresh) else { continue };
                    let path = way.path();
                    (true, way.bind(path))
                }
                _ => continue,
            };
            let name = self.fresh.next();
            let ty = if truth { atom.written.clone() } else { negation(&atom.written) };
            self.learn_named(n, truth, name);
            frames.push(Frame::Named { name, ty, value: proof });
            any = true;
        }
        Ok(any)
    }

    /// The equations that hold.
    pub fn edges(&self) -> Edges {
        Edges::new(self.trail.iter().filter_map(|a| {
            let known = self.known.get(a).filter(|k| k.truth)?;
            match &self.reader.atoms.get(*a)?.says {
                Says::Equal { of, left, right } => Some((of.clone(), left.clone(), right.clone(), known.proof.clone())),
                _ => None,
            }
        }))
    }

    /// Falsehood from equations: an atom that holds and one that fails are the same when equals are put for equals.
    pub fn equations(&mut self) -> Res<Option<Refutation>> {
        let edges = self.edges();
        let lib = self.reader.lib;
        let mut failing: Vec<usize> = Vec::new();
        let mut holding: Vec<usize> = Vec::new();
        for a in &self.trail {
            let Some(k) = self.known.get(a) else { continue };
            match self.reader.atoms.get(*a).map(|x| &x.says) {
                Some(Says::Equal { left, right, .. }) if !k.truth => {
                    let (left, right) = (left.clone(), right.clone());
                    let Some(mut found) = edges.path(&left, &right, lib, &mut self.fresh) else { continue };
                    let p = found.bind(Proof::app(k.proof.clone(), found.path()));
                    let used = p.facts();
                    return Ok(Some((p, used)));
                }
                Some(Says::Bool(_)) if k.truth => holding.push(*a),
                Some(Says::Bool(_)) => failing.push(*a),
                _ => {}
            }
        }
        if edges.is_empty() {
            return Ok(None);
        }
        let pairs: Vec<(usize, usize)> = if edges.plain() {
            let instead = edges.instead();
            let key = |n: usize| put(&self.reader.atoms.get(n)?.key, 0, &instead);
            let wrong: FxHashMap<Term, usize> = failing.iter().filter_map(|n| Some((key(*n)?, *n))).collect();
            holding.iter().filter_map(|n| Some((*n, *wrong.get(&key(*n)?)?))).collect()
        } else {
            holding.iter().flat_map(|yes| failing.iter().map(|no| (*yes, *no))).collect()
        };
        for (yes, no) in &pairs {
            let (Some(a), Some(b)) = (self.reader.atoms.get(*yes), self.reader.atoms.get(*no)) else { continue };
            let Some(mut found) = edges.path(&a.key, &b.key, lib, &mut self.fresh) else { continue };
            let (Some(y), Some(n)) = (self.known.get(yes), self.known.get(no)) else { continue };
            let moved = Rc::new(Proof::Along(found.line(), y.proof.clone()));
            let p = found.bind(Proof::app(n.proof.clone(), moved));
            let used = p.facts();
            return Ok(Some((p, used)));
        }
        Ok(None)
    }
}
