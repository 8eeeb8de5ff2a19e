//! Classical countermodels: truth values at which all hypotheses hold and the goal does not. Where there are some, nothing is to be proved, and
//! they are a Kripke model with one world.

use crate::formula::{Formula, Id, Table};
use bfv_search::{Budget, Reason};
use std::collections::{BTreeMap, BTreeSet};

/// Steps after which nothing is known.
const STEPS: u64 = 2_000;
/// So many steps count as one of the sequent calculus.
const SHARE: u64 = 64;

/// A formula and the value that it is to have.
type Wanted = (Id, bool);
/// Values of atoms.
type Values = BTreeMap<u32, bool>;

/// Too many steps were taken.
struct TooLong;

/// The atoms that hold in a countermodel; nothing where there is none or the search became too long.
///
/// # Errors
/// The budget is used up.
pub fn countermodel(
    table: &Table,
    hypotheses: &[Id],
    goal: Id,
    budget: &mut Budget,
) -> Result<Option<BTreeSet<u32>>, Reason> {
    let mut search = Search { table, left: STEPS };
    let open = hypotheses.iter().map(|h| (*h, true)).chain([(goal, false)]).collect();
    let found = search.run(open, Vec::new(), Values::new());
    budget.spend(STEPS.saturating_sub(search.left) / SHARE)?;
    let atoms = |values: Values| values.into_iter().filter(|(_, holds)| *holds).map(|(atom, _)| atom).collect();
    Ok(found.unwrap_or(None).map(atoms))
}

struct Search<'a> {
    table: &'a Table,
    left: u64,
}

impl Search<'_> {
    fn step(&mut self) -> Result<(), TooLong> {
        self.left = self.left.checked_sub(1).ok_or(TooLong)?;
        Ok(())
    }

    /// Values at which everything open has the value that is wanted, and of each choice one side has.
    fn run(
        &mut self,
        mut open: Vec<Wanted>,
        mut choices: Vec<[Wanted; 2]>,
        mut values: Values,
    ) -> Result<Option<Values>, TooLong> {
        loop {
            while let Some((id, holds)) = open.pop() {
                self.step()?;
                match (self.table.get(id), holds) {
                    (Formula::Atom(n), _) if values.insert(n, holds).is_some_and(|other| other != holds) => {
                        return Ok(None);
                    }
                    (Formula::False, true) | (Formula::True, false) => return Ok(None),
                    (Formula::Atom(_), _) | (Formula::False, false) | (Formula::True, true) => (),
                    (Formula::And(a, b), true) => open.extend([(a, true), (b, true)]),
                    (Formula::Or(a, b), false) => open.extend([(a, false), (b, false)]),
                    (Formula::Imp(a, b), false) => open.extend([(a, true), (b, false)]),
                    (Formula::And(a, b), false) => choices.push([(a, false), (b, false)]),
                    (Formula::Or(a, b), true) => choices.push([(a, true), (b, true)]),
                    (Formula::Imp(a, b), true) => choices.push([(a, false), (b, true)]),
                }
            }
            let mut left = Vec::new();
            for [a, b] in choices {
                self.step()?;
                match [a, b].map(|(id, holds)| self.value(&values, id).map(|v| v == holds)) {
                    [Some(true), _] | [_, Some(true)] => (),
                    [Some(false), _] => open.push(b),
                    [_, Some(false)] => open.push(a),
                    _ => left.push([a, b]),
                }
            }
            choices = left;
            if !open.is_empty() {
                continue;
            }
            let Some([a, b]) = choices.pop() else { return Ok(Some(values)) };
            if let Some(found) = self.run(vec![a], choices.clone(), values.clone())? {
                return Ok(Some(found));
            }
            open.push(b);
        }
    }

    /// The value of a formula that is no compound, as far as it is known.
    fn value(&self, values: &Values, id: Id) -> Option<bool> {
        match self.table.get(id) {
            Formula::Atom(n) => values.get(&n).copied(),
            Formula::False => Some(false),
            Formula::True => Some(true),
            _ => None,
        }
    }
}
