//! Formulas of propositional logic, each kept once, so that equal formulas have one number.

use std::collections::{BTreeSet, HashMap};

/// The number of a formula in its table.
pub type Id = u32;

/// A formula by the numbers of its parts. Negation is an implication to falsity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Formula {
    /// A statement that is not looked into, by a number of its own.
    Atom(u32),
    /// What has no proof.
    False,
    /// What has a proof.
    True,
    /// Both.
    And(Id, Id),
    /// One of both, and which.
    Or(Id, Id),
    /// The second from the first.
    Imp(Id, Id),
}

/// All formulas of one goal.
#[derive(Clone, Debug, Default)]
pub struct Table {
    formulas: Vec<Formula>,
    ids: HashMap<Formula, Id>,
}

impl Table {
    /// The number of a formula, whose parts have numbers here.
    ///
    /// # Panics
    /// Never: there are fewer formulas than steps of a search, which are counted.
    pub fn id(&mut self, formula: Formula) -> Id {
        let next = u32::try_from(self.formulas.len()).unwrap_or(u32::MAX);
        *self.ids.entry(formula).or_insert_with(|| {
            self.formulas.push(formula);
            next
        })
    }

    /// A formula by its number. What has no number here is false.
    #[must_use]
    pub fn get(&self, id: Id) -> Formula {
        usize::try_from(id).ok().and_then(|i| self.formulas.get(i)).copied().unwrap_or(Formula::False)
    }

    /// The atoms in some formulas.
    #[must_use]
    pub fn atoms(&self, formulas: impl Iterator<Item = Id>) -> BTreeSet<u32> {
        let (mut atoms, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), Vec::from_iter(formulas));
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                match self.get(id) {
                    Formula::Atom(n) => _ = atoms.insert(n),
                    Formula::And(a, b) | Formula::Or(a, b) | Formula::Imp(a, b) => open.extend([a, b]),
                    Formula::False | Formula::True => (),
                }
            }
        }
        atoms
    }

    /// The parts of a disjunction whose second part may be one again, and so on: each with the disjunction of it and those after it.
    #[must_use]
    pub fn row(&self, mut id: Id) -> Vec<(Id, Id)> {
        let mut row = Vec::new();
        while let Formula::Or(a, b) = self.get(id) {
            row.push((id, a));
            id = b;
        }
        row.push((id, id));
        row
    }

    /// The number of an atom.
    pub fn atom(&mut self, n: u32) -> Id {
        self.id(Formula::Atom(n))
    }

    /// The number of a conjunction.
    pub fn and(&mut self, a: Id, b: Id) -> Id {
        self.id(Formula::And(a, b))
    }

    /// The number of a disjunction.
    pub fn or(&mut self, a: Id, b: Id) -> Id {
        self.id(Formula::Or(a, b))
    }

    /// The number of an implication.
    pub fn imp(&mut self, a: Id, b: Id) -> Id {
        self.id(Formula::Imp(a, b))
    }

    /// The number of a negation.
    pub fn not(&mut self, a: Id) -> Id {
        let no = self.id(Formula::False);
        self.imp(a, no)
    }
}
