//! Instances that wait: those that say something new at once are taken in first, those that leave more open wait until nothing else is
//! left to do, and those that hold anyway are left out.

use crate::ground::instances::Quantifier;
use crate::ground::matching::Found;
use crate::ground::search::Search;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::Res;
use bfv_search::Budget;
use bfv_search::shift::rename;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// So many instances that leave more than one thing open are taken in together.
const TOGETHER: usize = 8;

/// What an instance says of an atom.
#[derive(Clone)]
pub enum Slot {
    /// Its truth does not depend on anything.
    Fixed(bool),
    /// By its position in the table.
    Atom(usize),
    /// One that is not in the table.
    Unread(Term),
}

/// The clauses of an instance. None where they are not known before it is read.
pub type Clauses = Option<Rc<Vec<Vec<(Slot, bool)>>>>;

/// Instances that were found, in order.
#[derive(Default)]
pub struct Pending {
    found: Vec<(usize, Vec<Term>, Clauses)>,
    known: HashSet<(usize, Vec<Term>)>,
}

impl Pending {
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Forgets what was found later.
    pub fn truncate(&mut self, len: usize) {
        for (atom, terms, _) in self.found.drain(len..) {
            self.known.remove(&(atom, terms));
        }
    }
}

/// A numbered term with terms for some of its numbers. None for what no statement of the prover is made of.
fn put(t: &Term, under: u32, found: &Found) -> Option<Term> {
    let go = |t: &Term, more: u32| put(t, under + more, found);
    Some(Rc::new(match &**t {
        Node::Var(n) => {
            let Some(value) = n.checked_sub(under).and_then(|n| found.get(&n)) else { return Some(t.clone()) };
            return rename(value, 0, 0, &mut |n| Some(n + under), &mut Some);
        }
        Node::Univ(_) | Node::Const { .. } | Node::Prim(_) | Node::NatLit(_) | Node::IntLit(_) | Node::RealLit(_) => {
            return Some(t.clone());
        }
        Node::App(f, x) => Node::App(go(f, 0)?, go(x, 0)?),
        Node::Lam(b) => Node::Lam(go(b, 1)?),
        Node::Pi(a, b) => Node::Pi(go(a, 0)?, go(b, 1)?),
        Node::Sigma(a, b) => Node::Sigma(go(a, 0)?, go(b, 1)?),
        Node::Pair(a, b) => Node::Pair(go(a, 0)?, go(b, 0)?),
        Node::Fst(a) => Node::Fst(go(a, 0)?),
        Node::Snd(a) => Node::Snd(go(a, 0)?),
        // The type of a path binds a dimension, which is no variable.
        Node::Path(l, a, b) => Node::Path(go(l, 0)?, go(a, 0)?, go(b, 0)?),
        Node::BoolElim(m, a, b, c) => Node::BoolElim(go(m, 1)?, go(a, 0)?, go(b, 0)?, go(c, 0)?),
        _ => return None,
    }))
}

/// Whether a numbered statement is true or false by itself: a number or a position is equal to itself and no number is below itself.
fn plain(key: &Term) -> Option<bool> {
    let Node::Path(_, left, right) = &**key else { return None };
    if left == right {
        return Some(true);
    }
    let (Node::App(f, b), Node::Prim(Prim::True)) = (&**left, &**right) else { return None };
    let Node::App(less, a) = &**f else { return None };
    (matches!(&**less, Node::Prim(Prim::NatLtb)) && a == b).then_some(false)
}

/// What is known when equals are put for equals.
pub struct Merged {
    /// What stands for a variable.
    instead: Found,
    /// The atom that is known, and whether it is true.
    known: HashMap<Term, (usize, bool)>,
}

impl Merged {
    fn find(&self, key: &Term) -> Option<(usize, bool)> {
        self.known.get(key).copied()
    }

    fn truth(&self, key: &Term) -> Option<bool> {
        let key = put(key, 0, &self.instead)?;
        plain(&key).or_else(|| Some(self.find(&key).or_else(|| self.find(&turned(&key)?))?.1))
    }

    /// A known atom that is the same.
    pub fn like(&self, key: &Term) -> Option<usize> {
        Some(self.find(&put(key, 0, &self.instead)?)?.0)
    }

    /// Terms with what stands for their variables.
    fn terms(&self, terms: &[Term]) -> Option<Vec<Term>> {
        terms.iter().map(|t| put(t, 0, &self.instead)).collect()
    }
}

/// An equation the other way round.
pub fn turned(key: &Term) -> Option<Term> {
    match &**key {
        Node::Path(of, a, b) => Some(Rc::new(Node::Path(of.clone(), b.clone(), a.clone()))),
        _ => None,
    }
}

impl Search<'_> {
    /// What is known when equals are put for equals. None where there are no equations.
    pub fn merged(&self) -> Option<Merged> {
        let instead = self.edges().instead();
        if instead.is_empty() {
            return None;
        }
        let mut known = HashMap::new();
        for a in &self.trail {
            if let (Some(k), Some(atom)) = (self.known.get(a), self.reader.atoms.get(*a))
                && let Some(key) = put(&atom.key, 0, &instead)
            {
                known.entry(key).or_insert((*a, k.truth));
            }
        }
        Some(Merged { instead, known })
    }

    /// Keeps an instance; whether it is new.
    pub fn keep(&mut self, atom: usize, q: &Quantifier, terms: Vec<Term>) -> bool {
        let key = (atom, terms);
        if self.done.contains(&key) || self.pending.known.contains(&key) {
            return false;
        }
        let mut places = q.open.iter().map(|(n, _)| Rc::new(Node::Var(*n)) as Term).zip(&key.1);
        if !places.all(|(place, t)| self.reader.sorts.fit(&place, t)) {
            return false;
        }
        let clauses = match self.resolved.get(&key) {
            Some(clauses) => clauses.clone(),
            None => {
                let clauses = self.resolve(q, &key.1).map(Rc::new);
                self.resolved.insert(key.clone(), clauses.clone());
                clauses
            }
        };
        self.pending.known.insert(key.clone());
        self.pending.found.push((key.0, key.1, clauses));
        true
    }

    fn resolve(&self, q: &Quantifier, terms: &[Term]) -> Option<Vec<Vec<(Slot, bool)>>> {
        let found: Found = q.open.iter().map(|(n, _)| *n).zip(terms.iter().cloned()).collect();
        let literal = |(atom, truth): &(usize, bool)| Some((self.slot(*atom, &found)?, *truth));
        q.clauses.as_ref()?.iter().map(|c| c.iter().map(literal).collect()).collect()
    }

    fn slot(&self, atom: usize, found: &Found) -> Option<Slot> {
        let a = self.reader.atoms.get(atom)?;
        if !a.mentions.iter().any(|n| found.contains_key(n)) {
            return Some(Slot::Atom(atom));
        }
        let key = put(&a.key, 0, found)?;
        if let Some(truth) = plain(&key) {
            return Some(Slot::Fixed(truth));
        }
        Some(self.reader.position(&key).map_or(Slot::Unread(key), Slot::Atom))
    }

    /// How many literals the emptiest clause has that is not satisfied. None when all are.
    fn left(&self, clauses: &Clauses, merged: Option<&Merged>) -> Option<usize> {
        // What is not known before is read at once.
        let Some(clauses) = clauses else { return Some(1) };
        let known = |n: usize| self.known.get(&n).map(|k| k.truth);
        let truth = |slot: &Slot| match slot {
            Slot::Fixed(truth) => Some(*truth),
            Slot::Atom(n) => known(*n).or_else(|| merged?.truth(&self.reader.atoms.get(*n)?.key)),
            Slot::Unread(key) => self.reader.position(key).and_then(known).or_else(|| merged?.truth(key)),
        };
        let mut least = None;
        'clauses: for clause in clauses.iter() {
            let mut left = 0;
            for (slot, wanted) in clause {
                match truth(slot) {
                    Some(truth) if truth == *wanted => continue 'clauses,
                    Some(_) => {}
                    None => left += 1,
                }
            }
            least = Some(least.map_or(left, |l: usize| l.min(left)));
        }
        least
    }

    /// Takes in the instances that leave open one thing at most, or where `all`, the ones that leave open the least; whether there were any.
    pub fn take_in(&mut self, all: bool, budget: &mut Budget) -> Res<bool> {
        let mut chosen: Vec<(usize, usize)> = Vec::new();
        let merged = self.merged();
        let same = |atom: usize, terms: &[Term]| Some((atom, merged.as_ref()?.terms(terms)?));
        // Instances that say the same when equals are put for equals are made once.
        let mut made: HashSet<(usize, Vec<Term>)> = HashSet::new();
        if merged.is_some() {
            made.extend(self.done_trail.iter().filter_map(|(atom, terms)| same(*atom, terms)));
        }
        for (n, (atom, terms, clauses)) in self.pending.found.iter().enumerate() {
            if self.done.contains(&(*atom, terms.clone())) {
                continue;
            }
            let left = self.left(clauses, merged.as_ref());
            if left.is_some_and(|left| left <= 1 || all)
                && let Some(key) = same(*atom, terms)
                && !made.insert(key)
            {
                continue;
            }
            match left {
                // Nothing else matters then.
                Some(0) => {
                    chosen = vec![(0, n)];
                    break;
                }
                Some(left) if left == 1 || all => chosen.push((left, n)),
                _ => {}
            }
        }
        if all {
            chosen.sort();
            let least = chosen.first().map(|c| c.0);
            chosen.retain(|c| Some(c.0) == least);
            chosen.truncate(TOGETHER);
        }
        let mut any = false;
        for (_, n) in chosen {
            let Some((atom, terms, _)) = self.pending.found.get(n).cloned() else { continue };
            let Some(proof) = self.known.get(&atom).map(|k| k.proof.clone()) else { continue };
            if budget.spend(1).is_err() {
                break;
            }
            self.first((atom, terms.clone()));
            self.instance(atom, &proof, terms)?;
            any = true;
        }
        Ok(any)
    }
}
