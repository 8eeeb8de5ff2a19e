//! How well an order puts the theorems first that a proof uses.

use crate::data::Example;
use std::collections::BTreeSet;

/// So many of an order are looked at.
const FIRST: usize = 8;

/// What is asked of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All theorems that the proof names, among all that stand before it.
    Named,
    /// The one that the proof applies first, among those whose conclusion may be the goal.
    First,
}

impl Asked {
    /// The candidates for an example, and which of them are wanted.
    #[must_use]
    pub fn of(self, e: &Example) -> (&[usize], BTreeSet<usize>) {
        let (all, wanted): (&[usize], &[usize]) = match self {
            Asked::Named => (&e.visible, &e.used),
            Asked::First => (&e.fitting, e.root.as_slice()),
        };
        (all, wanted.iter().filter(|w| all.contains(w)).copied().collect())
    }
}

/// What came of an order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// Goals for which a candidate is wanted. Others are left out.
    pub goals: u32,
    /// Candidates of each, in the mean.
    pub candidates: f64,
    /// Which part of what is wanted is among the first eight, in the mean.
    pub recall: f64,
    /// The reciprocal of the place of the first that is wanted, in the mean.
    pub reciprocal: f64,
}

/// Measures an order on examples.
pub fn measure<'e>(
    examples: impl Iterator<Item = &'e Example>,
    asked: Asked,
    order: &mut dyn FnMut(&Example, &[usize]) -> Vec<usize>,
) -> Measured {
    let float = |n: usize| u32::try_from(n).map_or(f64::MAX, f64::from);
    let mut out = Measured::default();
    for e in examples {
        let (all, wanted) = asked.of(e);
        if wanted.is_empty() {
            continue;
        }
        let order = order(e, all);
        let found = order.iter().take(FIRST).filter(|t| wanted.contains(t)).count();
        out.goals += 1;
        out.candidates += float(all.len());
        out.recall += float(found) / float(wanted.len());
        out.reciprocal += order.iter().position(|t| wanted.contains(t)).map_or(0.0, |at| 1.0 / float(at + 1));
    }
    let goals = f64::from(out.goals.max(1));
    Measured {
        candidates: out.candidates / goals,
        recall: out.recall / goals,
        reciprocal: out.reciprocal / goals,
        ..out
    }
}

/// Candidates by their scores, the best one first; equal ones keep their order.
pub fn by_score<T>(all: Vec<T>, mut score: impl FnMut(&T) -> f64) -> Vec<T> {
    let mut scored: Vec<(f64, T)> = all.into_iter().map(|t| (score(&t), t)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, t)| t).collect()
}
