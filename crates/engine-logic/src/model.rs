//! Kripke models: worlds in which some atoms hold, and worlds above them in which at least these hold (Kripke 1965).
//!
//! A statement that does not hold in a world of a model has no proof in intuitionistic logic. It may hold classically, so a model refutes nothing.

use crate::formula::{Formula, Id, Table};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::rc::Rc;

/// Models with more worlds are not made smaller, which takes a look at all of it for each world.
const SHRUNK: usize = 200;

/// A world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The atoms that hold here.
    pub atoms: BTreeSet<u32>,
    /// The worlds directly above, each with a larger number.
    pub above: Vec<usize>,
}

/// Worlds with numbers from 0, which is the lowest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The worlds.
    pub worlds: Vec<World>,
}

/// A world with those above it, which several worlds may share.
#[derive(Debug)]
pub(crate) struct Above {
    pub(crate) atoms: BTreeSet<u32>,
    pub(crate) above: Vec<Rc<Above>>,
}

impl Model {
    /// The worlds from the lowest on, each once.
    pub(crate) fn from(lowest: &Rc<Above>) -> Model {
        // Worlds whose worlds above have all been written.
        let mut written: Vec<&Rc<Above>> = Vec::new();
        let mut places = HashMap::new();
        let mut open = vec![(lowest, false)];
        while let Some((world, above)) = open.pop() {
            if places.contains_key(&Rc::as_ptr(world)) {
                continue;
            }
            if above {
                places.insert(Rc::as_ptr(world), written.len());
                written.push(world);
            } else {
                open.push((world, true));
                open.extend(world.above.iter().map(|w| (w, false)));
            }
        }
        // The lowest was written last.
        let last = written.len().saturating_sub(1);
        let place = |w: &Rc<Above>| places.get(&Rc::as_ptr(w)).map(|at| last - at);
        let world = |w: &&Rc<Above>| {
            let above: BTreeSet<usize> = w.above.iter().filter_map(place).collect();
            World { atoms: w.atoms.clone(), above: above.into_iter().collect() }
        };
        Model { worlds: written.iter().rev().map(world).collect() }
    }

    /// Whether the model is one: worlds above have larger numbers and all atoms of those below. Then whether all hypotheses hold in the
    /// lowest world, and the goal does not. This knows nothing of the search that found the model.
    #[must_use]
    pub fn refutes(&self, table: &Table, hypotheses: &[Id], goal: Id) -> bool {
        let ordered = self.worlds.iter().enumerate().all(|(i, w)| {
            w.above.iter().all(|a| *a > i && self.worlds.get(*a).is_some_and(|v| v.atoms.is_superset(&w.atoms)))
        });
        let mut known = HashMap::new();
        ordered
            && !self.worlds.is_empty()
            && hypotheses.iter().all(|h| self.forces(table, 0, *h, &mut known))
            && !self.forces(table, 0, goal, &mut known)
    }

    /// A model of the same with fewer worlds: each that is not needed is left out, one after the other. Large models stay as they are.
    #[must_use]
    pub fn shrunk(mut self, table: &Table, hypotheses: &[Id], goal: Id) -> Model {
        let mut at = self.worlds.len();
        while at > 1 && self.worlds.len() <= SHRUNK {
            at -= 1;
            let smaller = self.without(at);
            if smaller.refutes(table, hypotheses, goal) {
                self = smaller;
            }
        }
        self
    }

    /// Without a world: what was below it is below those above it.
    fn without(&self, gone: usize) -> Model {
        let next = self.worlds.get(gone).map(|w| w.above.as_slice()).unwrap_or_default();
        let place = |w: &usize| if *w > gone { w - 1 } else { *w };
        let world = |w: &World| {
            let bridged = if w.above.contains(&gone) { next } else { &[] };
            let above: BTreeSet<usize> = w.above.iter().filter(|w| **w != gone).chain(bridged).map(place).collect();
            World { atoms: w.atoms.clone(), above: above.into_iter().collect() }
        };
        Model { worlds: self.worlds.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, w)| world(w)).collect() }
    }

    /// Whether a formula holds in a world.
    fn forces(&self, table: &Table, world: usize, id: Id, known: &mut HashMap<(usize, Id), bool>) -> bool {
        if let Some(holds) = known.get(&(world, id)) {
            return *holds;
        }
        let Some(w) = self.worlds.get(world) else { return false };
        let holds = match table.get(id) {
            Formula::Atom(n) => w.atoms.contains(&n),
            Formula::False => false,
            Formula::True => true,
            Formula::And(a, b) => self.forces(table, world, a, known) && self.forces(table, world, b, known),
            Formula::Or(a, b) => self.forces(table, world, a, known) || self.forces(table, world, b, known),
            // Here and, as what holds here holds above, directly above, where it is asked again.
            Formula::Imp(a, b) => {
                (!self.forces(table, world, a, known) || self.forces(table, world, b, known))
                    && w.above.iter().all(|above| self.forces(table, *above, id, known))
            }
        };
        known.insert((world, id), holds);
        holds
    }

    /// The model in sentences, with names for atoms.
    #[must_use]
    pub fn sentences<'a>(&'a self, name: &'a dyn Fn(u32) -> String) -> impl fmt::Display + 'a {
        struct Sentences<'a>(&'a Model, &'a dyn Fn(u32) -> String);
        impl fmt::Display for Sentences<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let many = self.0.worlds.len();
                write!(f, "A model with {many} {}.", if many == 1 { "world" } else { "worlds" })?;
                for (i, w) in (1..).zip(&self.0.worlds) {
                    let atoms: Vec<String> = w.atoms.iter().map(|a| self.1(*a)).collect();
                    let hold = if atoms.is_empty() { "nothing".to_owned() } else { atoms.join(" and ") };
                    write!(f, " In world {i} holds {hold}.")?;
                    let above: Vec<String> = w.above.iter().map(|a| (a + 1).to_string()).collect();
                    if !above.is_empty() {
                        let worlds = if above.len() == 1 { "world" } else { "worlds" };
                        write!(f, " Above it: {worlds} {}.", above.join(" and "))?;
                    }
                }
                Ok(())
            }
        }
        Sentences(self, name)
    }
}
