//! The search for a fair run without end in which something never comes true: a stem and a cycle through states in which it does not hold.
//!
//! Whether a cycle is fair depends on its own states and steps: each fair action is taken in it, or not allowed somewhere in it. A set of
//! states each of which leads to each other has such a cycle exactly where each fair action is taken between two of them or not allowed in
//! one of them, for a cycle may go through all of them. A run may stand still, so a state alone is such a set, too.
//!
//! So where there is none, each such set has a fair action that is allowed in all of its states and leads out of it each time: it helps.
//! A step leads to a state of the same set, or of one of lower rank. The kernel judges a proof that is made of ranks and what helps.

use crate::explore::{End, Packing, Run, STATES, TRIES, run};
use crate::model::{Action, Program};
use crate::symmetry::{after, first};
use bfv_search::{Budget, Reason};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, VecDeque};

/// States that were met, none of which satisfies the goal.
struct Graph<'p> {
    p: &'p Program,
    packing: Packing,
    chosen: Vec<u8>,
    states: Vec<Box<[u64]>>,
    /// The steps between them: where to, and the number of the action. A step that changes nothing is one, too.
    steps: Vec<Vec<(usize, usize)>>,
    /// How each state was met first.
    from: Vec<(usize, usize)>,
}

/// What a fair cycle must do for a fair action.
#[derive(Clone, Copy)]
enum Need {
    /// Take it, or meet a state in which it is not allowed.
    Action(usize),
    /// Meet a state in which it is not allowed, for it is one of those that are not taken.
    Waiting(usize),
}

/// Looks for a fair run without end that never satisfies the goal, where some cells are known, within so many tries of an action.
///
/// # Errors
/// `Reason::Budget` when the steps are used up.
pub fn lasso(p: &Program, chosen: &[u8], most: u64, budget: &mut Budget) -> Result<End, Reason> {
    let mut graph = Graph::new(p, chosen);
    if graph.states.is_empty() {
        return Ok(End::All(1));
    }
    let whole = graph.grow(most, budget)?;
    if let Some(found) = graph.still().or_else(|| graph.circle()) {
        return Ok(End::Broken(found));
    }
    Ok(if whole { End::All(graph.states.len()) } else { End::More(graph.states.len()) })
}

/// A state in which the goal does not hold, with its rank.
pub struct Ranked {
    /// All cells.
    pub cells: Vec<u8>,
    /// No step leads to a higher rank, and steps between states of one rank lead back.
    pub rank: usize,
    /// The number of a fair action that is allowed in all states of this rank, and leads out of them.
    pub helper: usize,
}

/// Ranks for all states that are met before the goal, where some cells are known. Nothing where some state has none, or the tries are too few.
///
/// # Errors
/// `Reason::Budget` when the steps are used up.
pub fn ranks(p: &Program, chosen: &[u8], most: u64, budget: &mut Budget) -> Result<Option<Vec<Ranked>>, Reason> {
    let mut graph = Graph::new(p, chosen);
    if graph.states.is_empty() {
        return Ok(Some(Vec::new()));
    }
    if !graph.grow(most, budget)? {
        return Ok(None);
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (state, group) in graph.groups().into_iter().enumerate() {
        groups.entry(group).or_default().push(state);
    }
    let mut out = Vec::new();
    for (rank, group) in groups {
        budget.spend(u64::try_from(group.len() * p.actions.len()).unwrap_or(u64::MAX).div_ceil(TRIES))?;
        let members: Vec<Vec<u8>> = group.iter().map(|s| graph.cells(*s)).collect();
        let helps = |(n, a): &(usize, &Action)| {
            a.fair
                && members.iter().all(|cells| a.guard.value(cells) != 0)
                && !group
                    .iter()
                    .any(|s| graph.steps(*s).iter().any(|(to, by)| by == n && group.binary_search(to).is_ok()))
        };
        let Some((helper, _)) = p.actions.iter().enumerate().find(helps) else { return Ok(None) };
        out.extend(members.into_iter().map(|cells| Ranked { cells, rank, helper }));
    }
    Ok(Some(out))
}

impl<'p> Graph<'p> {
    /// The state at first, where the goal does not hold there.
    fn new(p: &'p Program, chosen: &[u8]) -> Graph<'p> {
        let (start, packing) = (first(p, chosen), Packing::new(p));
        let states = if p.safe.value(&start) == 0 { vec![packing.pack(&start)] } else { Vec::new() };
        Graph { p, packing, chosen: start, states, steps: vec![Vec::new()], from: vec![(0, 0)] }
    }

    fn cells(&self, state: usize) -> Vec<u8> {
        let mut cells = self.chosen.clone();
        if let Some(words) = self.states.get(state) {
            self.packing.unpack(words, &mut cells);
        }
        cells
    }

    /// Meets states, nearest ones first; whether all were met.
    fn grow(&mut self, most: u64, budget: &mut Budget) -> Result<bool, Reason> {
        let mut met: FxHashMap<Box<[u64]>, usize> = FxHashMap::default();
        met.extend(self.states.first().map(|s| (s.clone(), 0)));
        let each = u64::try_from(self.p.actions.len()).unwrap_or(u64::MAX).max(1);
        let (mut at, mut tries, mut next) = (0, 0u64, Vec::new());
        while at < self.states.len() {
            budget.spend(each.div_ceil(TRIES))?;
            tries += each;
            if tries > most || self.states.len() > STATES {
                return Ok(false);
            }
            let cells = self.cells(at);
            for (n, a) in self.p.actions.iter().enumerate() {
                if !after(self.p, a, &cells, &mut next) || self.p.safe.value(&next) != 0 {
                    continue;
                }
                let packed = self.packing.pack(&next);
                let to = *met.entry(packed.clone()).or_insert(self.states.len());
                if to == self.states.len() {
                    self.states.push(packed);
                    self.steps.push(Vec::new());
                    self.from.push((at, n));
                }
                if to != at || a.fair {
                    self.steps.get_mut(at).into_iter().for_each(|s| s.push((to, n)));
                }
            }
            at += 1;
        }
        Ok(true)
    }

    fn steps(&self, state: usize) -> &[(usize, usize)] {
        self.steps.get(state).map_or(&[], Vec::as_slice)
    }

    fn needs(&self) -> Vec<Need> {
        let fair = self.p.actions.iter().enumerate().filter(|(_, a)| a.fair);
        fair.map(|(n, _)| Need::Action(n)).chain((0..self.p.waiting.len()).map(Need::Waiting)).collect()
    }

    /// Whether the action of a need is not allowed in a state.
    fn idle(&self, need: Need, cells: &[u8]) -> bool {
        let guard = match need {
            Need::Action(n) => self.p.actions.get(n).map(|a| &a.guard),
            Need::Waiting(n) => self.p.waiting.get(n),
        };
        guard.is_none_or(|g| g.value(cells) == 0)
    }

    /// A state in which a run may stay for ever, and the fair actions that it takes there without a change.
    fn still(&self) -> Option<Run> {
        let needs = self.needs();
        (0..self.states.len()).find_map(|state| {
            let cells = self.cells(state);
            let mut cycle = Vec::new();
            for need in needs.iter().filter(|need| !self.idle(**need, &cells)) {
                match need {
                    Need::Action(n) if self.steps(state).contains(&(state, *n)) => cycle.push(*n),
                    _ => return None,
                }
            }
            Some(Run { stem: run(&self.from, state), cycle: Some(cycle) })
        })
    }

    /// A fair cycle through several states.
    fn circle(&self) -> Option<Run> {
        let needs = self.needs();
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (state, group) in self.groups().into_iter().enumerate() {
            groups.entry(group).or_default().push(state);
        }
        let mut groups: Vec<Vec<usize>> = groups.into_values().filter(|g| g.len() > 1).collect();
        groups.sort();
        groups.iter().find_map(|group| {
            let base = *group.first()?;
            let (mut at, mut cycle, mut been) = (base, Vec::new(), vec![base]);
            for need in &needs {
                let taken = matches!(need, Need::Action(n) if cycle.contains(n));
                if taken || been.iter().any(|s| self.idle(*need, &self.cells(*s))) {
                    continue;
                }
                let way = self.way(group, at, |step, state| {
                    self.idle(*need, &self.cells(state))
                        || matches!((need, step), (Need::Action(n), Some(taken)) if *n == taken)
                })?;
                for (state, action) in way {
                    cycle.push(action);
                    been.push(state);
                    at = state;
                }
            }
            let back = if at == base { Vec::new() } else { self.way(group, at, |_, state| state == base)? };
            cycle.extend(back.into_iter().map(|(_, action)| action));
            Some(Run { stem: run(&self.from, base), cycle: Some(cycle) })
        })
    }

    /// A shortest way within a group to a step that is looked for, by its states and actions. What is looked for is told the action of the
    /// step and the state after it.
    fn way(
        &self,
        group: &[usize],
        start: usize,
        sought: impl Fn(Option<usize>, usize) -> bool,
    ) -> Option<Vec<(usize, usize)>> {
        // Before each state that was met: the state and the action that led to it.
        let mut before: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for (to, action) in self.steps(at) {
                if group.binary_search(to).is_err() {
                    continue;
                }
                if sought(Some(*action), *to) {
                    let (mut way, mut now) = (vec![(*to, *action)], at);
                    while now != start {
                        let (earlier, action) = *before.get(&now)?;
                        way.push((now, action));
                        now = earlier;
                    }
                    way.reverse();
                    return Some(way);
                }
                if *to != start && !before.contains_key(to) {
                    before.insert(*to, (at, *action));
                    queue.push_back(*to);
                }
            }
        }
        None
    }

    /// The group of each state: states are in one where each leads to the other (Tarjan's algorithm, without recursion). No step leads to
    /// a group with a higher number.
    fn groups(&self) -> Vec<usize> {
        const NEW: usize = usize::MAX;
        let size = self.states.len();
        let (mut order, mut low, mut group) = (vec![NEW; size], vec![NEW; size], vec![NEW; size]);
        let (mut stack, mut open, mut met, mut done) = (Vec::new(), Vec::new(), 0, 0);
        let put = |all: &mut Vec<usize>, at: usize, value: usize| {
            if let Some(slot) = all.get_mut(at) {
                *slot = value;
            }
        };
        let get = |all: &[usize], at: usize| all.get(at).copied().unwrap_or(NEW);
        for root in 0..size {
            if get(&order, root) != NEW {
                continue;
            }
            open.push((root, 0));
            while let Some((at, step)) = open.pop() {
                if step == 0 {
                    put(&mut order, at, met);
                    put(&mut low, at, met);
                    met += 1;
                    stack.push(at);
                }
                if let Some((to, _)) = self.steps(at).get(step) {
                    open.push((at, step + 1));
                    if get(&order, *to) == NEW {
                        open.push((*to, 0));
                    } else if get(&group, *to) == NEW {
                        let lower = get(&low, at).min(get(&order, *to));
                        put(&mut low, at, lower);
                    }
                    continue;
                }
                if get(&low, at) == get(&order, at) {
                    while let Some(member) = stack.pop() {
                        put(&mut group, member, done);
                        if member == at {
                            break;
                        }
                    }
                    done += 1;
                }
                if let Some((parent, _)) = open.last() {
                    let lower = get(&low, *parent).min(get(&low, at));
                    put(&mut low, *parent, lower);
                }
            }
        }
        group
    }
}
