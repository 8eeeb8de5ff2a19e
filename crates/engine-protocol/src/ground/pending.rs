//! Instances that wait: those that say something new at once are taken in first, those that leave more open wait until nothing else is
//! left to do, and those that hold anyway are left out.

use crate::ground::instances::Quantifier;
use crate::ground::matching::Found;
use crate::ground::search::Search;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::Res;
use bfv_search::Budget;
use bfv_search::shift::rename;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// So many instances that leave more than one thing open are taken in together.
const TOGETHER: usize = 8;

/// To find so many instances counts as one step.
const FOUND: u64 = 16;

/// What an instance says of an atom.
#[derive(Clone, Copy)]
enum Slot {
    /// Its truth does not depend on anything.
    Fixed(bool),
    /// By its place among the keys that are asked for.
    Key(usize),
}

/// An instance of a quantified statement.
struct Instance {
    atom: usize,
    terms: Vec<Term>,
    /// Its clauses. None where they are not known before it is read.
    clauses: Option<Vec<Vec<(Slot, bool)>>>,
}

/// Instances that were found, in any branch, and those that this branch knows.
#[derive(Default)]
pub struct Pending {
    all: Vec<Rc<Instance>>,
    places: FxHashMap<(usize, Vec<Term>), usize>,
    found: Vec<usize>,
    known: FxHashSet<usize>,
    made: Vec<usize>,
    done: FxHashSet<usize>,
    /// How many were found since that was last counted as work.
    uncounted: u64,
}

impl Pending {
    /// How many were found and how many were made.
    pub fn mark(&self) -> (usize, usize) {
        (self.found.len(), self.made.len())
    }

    /// Forgets what came later.
    pub fn undo(&mut self, (found, made): (usize, usize)) {
        for n in self.found.drain(found..) {
            self.known.remove(&n);
        }
        for n in self.made.drain(made..) {
            self.done.remove(&n);
        }
    }
}

/// A numbered term with terms for some of its numbers. None for what no statement of the prover is made of.
pub fn put(t: &Term, under: u32, found: &Found) -> Option<Term> {
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
    known: FxHashMap<Term, (usize, bool)>,
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
        let mut known = FxHashMap::default();
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
        let mut places = q.open.iter().map(|(n, _)| Rc::new(Node::Var(*n)) as Term).zip(&terms);
        if !places.all(|(place, t)| self.reader.sorts.fit(&place, t)) {
            return false;
        }
        let key = (atom, terms);
        let place = match self.pending.places.get(&key) {
            Some(place) => *place,
            None => {
                let clauses = self.resolve(q, &key.1);
                let place = self.pending.all.len();
                self.pending.all.push(Rc::new(Instance { atom, terms: key.1.clone(), clauses }));
                self.pending.places.insert(key, place);
                place
            }
        };
        let new = self.pending.known.insert(place);
        if new {
            self.pending.found.push(place);
            self.pending.uncounted += 1;
        }
        new
    }

    fn resolve(&mut self, q: &Quantifier, terms: &[Term]) -> Option<Vec<Vec<(Slot, bool)>>> {
        let found: Found = q.open.iter().map(|(n, _)| *n).zip(terms.iter().cloned()).collect();
        let mut literal = |(atom, truth): &(usize, bool)| Some((self.slot(*atom, &found)?, *truth));
        q.clauses.as_ref()?.iter().map(|c| c.iter().map(&mut literal).collect()).collect()
    }

    fn slot(&mut self, atom: usize, found: &Found) -> Option<Slot> {
        let key = put(&self.reader.atoms.get(atom)?.key, 0, found)?;
        Some(
            plain(&key)
                .map_or_else(|| Slot::Key(self.reader.wanted.place(&key, self.reader.position(&key))), Slot::Fixed),
        )
    }

    /// The truth of a key that is asked for, looked up once.
    fn truth(&self, place: usize, merged: Option<&Merged>, seen: &mut FxHashMap<usize, Option<bool>>) -> Option<bool> {
        if let Some(truth) = seen.get(&place) {
            return *truth;
        }
        let (key, atom) = self.reader.wanted.get(place)?;
        let truth = atom.and_then(|n| self.known.get(&n)).map(|k| k.truth).or_else(|| merged?.truth(key));
        seen.insert(place, truth);
        truth
    }

    /// How many literals the emptiest clause has that is not satisfied. None when all are.
    fn left(
        &self,
        instance: &Instance,
        merged: Option<&Merged>,
        seen: &mut FxHashMap<usize, Option<bool>>,
    ) -> Option<usize> {
        // What is not known before is read at once.
        let Some(clauses) = &instance.clauses else { return Some(1) };
        let mut least = None;
        'clauses: for clause in clauses {
            let mut left = 0;
            for (slot, wanted) in clause {
                let truth = match slot {
                    Slot::Fixed(truth) => Some(*truth),
                    Slot::Key(place) => self.truth(*place, merged, seen),
                };
                match truth {
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
        let _ = budget.spend((self.pending.uncounted / FOUND).min(budget.left));
        self.pending.uncounted %= FOUND;
        let mut chosen: Vec<(usize, usize)> = Vec::new();
        let merged = self.merged();
        let same = |i: &Instance| Some((i.atom, merged.as_ref()?.terms(&i.terms)?));
        // Instances that say the same when equals are put for equals are made once.
        let mut made: FxHashSet<(usize, Vec<Term>)> = FxHashSet::default();
        if merged.is_some() {
            made.extend(self.pending.made.iter().filter_map(|n| same(self.pending.all.get(*n)?)));
        }
        let mut seen = FxHashMap::default();
        for n in self.pending.found.iter().filter(|n| !self.pending.done.contains(n)) {
            let Some(instance) = self.pending.all.get(*n) else { continue };
            let Some(left) = self.left(instance, merged.as_ref(), &mut seen).filter(|left| *left <= 1 || all) else {
                continue;
            };
            if same(instance).is_some_and(|key| !made.insert(key)) {
                continue;
            }
            // Nothing else matters then.
            if left == 0 {
                chosen = vec![(0, *n)];
                break;
            }
            chosen.push((left, *n));
        }
        if all {
            // In the order in which they were found where they leave open as much.
            chosen.sort_by_key(|c| c.0);
            let least = chosen.first().map(|c| c.0);
            chosen.retain(|c| Some(c.0) == least);
            chosen.truncate(TOGETHER);
        }
        let mut any = false;
        for (_, n) in chosen {
            let Some(instance) = self.pending.all.get(n).cloned() else { continue };
            let Some(proof) = self.known.get(&instance.atom).map(|k| k.proof.clone()) else { continue };
            if budget.spend(1).is_err() {
                break;
            }
            self.pending.done.insert(n);
            self.pending.made.push(n);
            self.hints.made(instance.atom, &instance.terms);
            self.instance(instance.atom, &proof, instance.terms.clone())?;
            any = true;
        }
        Ok(any)
    }
}

/// Keys of atoms that instances would have, and the atoms that have them.
#[derive(Default)]
pub struct Keys {
    places: FxHashMap<Term, usize>,
    all: Vec<(Term, Option<usize>)>,
}

impl Keys {
    fn place(&mut self, key: &Term, atom: Option<usize>) -> usize {
        let next = self.all.len();
        let n = *self.places.entry(key.clone()).or_insert(next);
        if n == next {
            self.all.push((key.clone(), atom));
        }
        n
    }

    fn get(&self, place: usize) -> Option<(&Term, Option<usize>)> {
        self.all.get(place).map(|(key, atom)| (key, *atom))
    }

    /// Tells which atom has a key, or that none has it any more.
    pub fn tell(&mut self, key: &Term, atom: Option<usize>) {
        for key in [Some(key.clone()), turned(key)].into_iter().flatten() {
            if let Some(entry) = self.places.get(&key).and_then(|n| self.all.get_mut(*n)) {
                entry.1 = atom;
            }
        }
    }
}
