//! The search through the states of an instance, nearest states first, so that the first run that breaks the claim is a shortest one.

use crate::model::Program;
use crate::symmetry::{Symmetry, after, first};
use bfv_search::{Budget, Reason};
use rustc_hash::FxHashMap;

/// Most states that are kept: about 100 bytes each.
pub const STATES: usize = 1_000_000;

/// Tries of an action for each step of the budget: most actions are not allowed in most states.
pub const TRIES: u64 = 2;

/// A run, by numbers of actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The actions at first.
    pub stem: Vec<usize>,
    /// Of a run without end, those that come again and again.
    pub cycle: Option<Vec<usize>>,
}

/// What came of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// A run that breaks the claim.
    Broken(Run),
    /// Every state was met, so many.
    All(usize),
    /// So many states were met, and there are more.
    More(usize),
}

/// How the cells of the state lie in words: cells that never change are left out.
pub struct Packing(Vec<(usize, u32)>);

impl Packing {
    /// For the states of a program.
    pub fn new(p: &Program) -> Packing {
        let changes: std::collections::BTreeSet<usize> =
            p.actions.iter().flat_map(|a| a.updates.iter().map(|u| u.0)).collect();
        let bits = |c: usize| p.cells.get(c).map_or(8, |cell| u64::BITS - cell.size.saturating_sub(1).leading_zeros());
        // A renaming may move a cell that changes to one that does not only where it is wrong.
        Packing(changes.into_iter().map(|c| (c, bits(c).max(1))).collect())
    }

    /// The words of a state.
    pub fn pack(&self, cells: &[u8]) -> Box<[u64]> {
        let (mut out, mut word, mut used) = (Vec::new(), 0u64, 0);
        for (c, bits) in &self.0 {
            if used + bits > u64::BITS {
                out.push(word);
                (word, used) = (0, 0);
            }
            word |= cells.get(*c).copied().map_or(0, u64::from) << used;
            used += bits;
        }
        out.push(word);
        out.into()
    }

    /// Puts a state from its words into cells.
    pub fn unpack(&self, words: &[u64], cells: &mut [u8]) {
        let (mut at, mut used) = (0, 0);
        for (c, bits) in &self.0 {
            if used + bits > u64::BITS {
                (at, used) = (at + 1, 0);
            }
            let word = words.get(at).copied().unwrap_or(0) >> used;
            let value = word & (u64::MAX >> (u64::BITS - bits));
            if let Some(cell) = cells.get_mut(*c) {
                *cell = u8::try_from(value).unwrap_or(u8::MAX);
            }
            used += bits;
        }
    }
}

/// Goes through the states of a program, where some cells are known, within so many tries of an action.
///
/// # Errors
/// `Reason::Budget` when the steps are used up.
pub fn explore(p: &Program, chosen: &[u8], symmetry: &Symmetry, most: u64, budget: &mut Budget) -> Result<End, Reason> {
    let packing = Packing::new(p);
    let start = first(p, chosen);
    if p.safe.value(&start) == 0 {
        return Ok(End::Broken(Run { stem: Vec::new(), cycle: None }));
    }
    // Only whether a state was met is asked of the table, so nothing depends on an order.
    let mut met: FxHashMap<Box<[u64]>, ()> = FxHashMap::default();
    let mut states = vec![packing.pack(&start)];
    let mut from: Vec<(usize, usize)> = vec![(0, 0)];
    let (mut cells, mut next, mut canonical) = (start.clone(), Vec::new(), Vec::new());
    symmetry.canonical(p, &start, &mut canonical);
    met.insert(packing.pack(&canonical), ());
    let each = u64::try_from(p.actions.len()).unwrap_or(u64::MAX).max(1);
    let (mut at, mut tries) = (0, 0u64);
    while let Some(state) = states.get(at) {
        packing.unpack(state, &mut cells);
        budget.spend(each.div_ceil(TRIES))?;
        tries += each;
        if tries > most || states.len() > STATES {
            return Ok(End::More(states.len()));
        }
        for (n, a) in p.actions.iter().enumerate() {
            if !after(p, a, &cells, &mut next) || next == cells {
                continue;
            }
            symmetry.canonical(p, &next, &mut canonical);
            if met.insert(packing.pack(&canonical), ()).is_some() {
                continue;
            }
            let here = states.len();
            states.push(packing.pack(&next));
            from.push((at, n));
            if p.safe.value(&next) == 0 {
                return Ok(End::Broken(Run { stem: run(&from, here), cycle: None }));
            }
        }
        at += 1;
    }
    Ok(End::All(states.len()))
}

/// The actions that lead to a state.
pub fn run(from: &[(usize, usize)], mut at: usize) -> Vec<usize> {
    let mut out = Vec::new();
    while at > 0
        && let Some((before, action)) = from.get(at)
    {
        out.push(*action);
        at = *before;
    }
    out.reverse();
    out
}

/// What may be chosen once: values of these cells at which the hypotheses hold, one of those that differ by exchanges of elements.
/// Of very many, the first ones; what is false mostly comes first.
pub fn choices(p: &Program, most: usize) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let all_elements = Symmetry::every(p);
    let mut canonical = Vec::new();
    each_choice(p, most, &mut |now, cells| {
        all_elements.canonical(p, cells, &mut canonical);
        canonical.truncate(p.chosen);
        if seen.insert(canonical.clone()) {
            out.push(now.to_vec());
        }
    });
    // Few true values first.
    out.sort_by_key(|c| c.iter().map(|x| u32::from(*x)).sum::<u32>());
    out
}

/// Goes through the values of what is chosen once at which the hypotheses hold; whether all values were gone through. What is done with
/// one gets the cells that are chosen, and all cells.
pub fn each_choice(p: &Program, most: usize, take: &mut dyn FnMut(&[u8], &[u8])) -> bool {
    let sizes: Vec<u64> = p.cells.iter().take(p.chosen).map(|c| c.size.max(1)).collect();
    let mut now = vec![0u8; p.chosen];
    for _ in 0..most {
        let mut cells = now.clone();
        cells.resize(p.cells.len(), 0);
        if p.hypotheses.value(&cells) != 0 {
            take(&now, &cells);
        }
        let mut ended = true;
        for (cell, size) in now.iter_mut().zip(&sizes) {
            if u64::from(*cell) + 1 < *size {
                *cell += 1;
                ended = false;
                break;
            }
            *cell = 0;
        }
        if ended {
            return true;
        }
    }
    false
}
