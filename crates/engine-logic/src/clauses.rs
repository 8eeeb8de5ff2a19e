//! The search by clauses: a formula without excluded middle as clauses over its parts, and as implications from implications.
//!
//! Each part of a formula is a variable, and clauses say what it gives and what gives it, as far as it is used or wanted. They hold
//! intuitionistically, and what they imply does so too. What they do not say is that `a -> b` holds where `b` follows from `a`: that is asked
//! of each world of a model, and either gives another world or one more clause (Claessen, Rosen 2015, SAT modulo intuitionistic implications).
//! Worlds that a new clause leaves alone are kept, instead of beginning again (as Fiorentini 2019 and 2021 does it).

use crate::derive::{Given, write};
use crate::formula::{Formula, Id, Table};
use crate::model::{Model, World};
use crate::proof::Proof;
use crate::sat::{Answer, Lit, Solver};
use bfv_search::{Budget, Reason};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// An implication that is wanted, as variables; what it gives is missing where that is falsity.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    whole: usize,
    from: usize,
    to: Option<usize>,
}

/// A world: which variables hold there.
type Holds = Vec<bool>;

/// A formula as clauses.
#[derive(Default)]
pub struct Clauses {
    /// The clauses.
    pub solver: Solver,
    /// By variable, the formula.
    pub ids: Vec<Id>,
    /// What is said of each clause that was given.
    pub given: Vec<Given>,
    vars: HashMap<Id, usize>,
    wanted: Vec<Wanted>,
}

/// So many comparisons of worlds, or links of a chain that are written, count as one step.
const SHARE: u64 = 16;

impl Clauses {
    /// Proves a goal from hypotheses, which are the variables of the proof from level 0 on, or finds a model.
    ///
    /// # Errors
    /// The budget is used up. A proof that cannot be written is none, and counts as unsupported.
    pub fn run(
        table: &mut Table,
        hypotheses: &[Id],
        goal: Id,
        budget: &mut Budget,
    ) -> Result<Result<Rc<Proof>, Model>, Reason> {
        let mut this = Clauses::default();
        this.read(table, hypotheses, goal, budget)?;
        let wanted = this.var(table, goal);
        let denied: Vec<Lit> = wanted.map(|var| Lit::new(var, false)).into_iter().collect();
        let mut worlds: Vec<Option<Holds>> = Vec::new();
        loop {
            match worlds.first() {
                None | Some(None) => match this.solver.solve(&denied, budget)? {
                    Answer::Refused(_, chain) => {
                        let depth = u32::try_from(hypotheses.len()).unwrap_or(u32::MAX);
                        let (proof, links) = write(&this, table, goal, &chain, depth).ok_or(Reason::Unsupported)?;
                        budget.spend(links / SHARE)?;
                        return Ok(Ok(Rc::new(proof)));
                    }
                    Answer::Model(holds) => worlds = vec![Some(this.world(&holds))],
                },
                Some(Some(_)) => (),
            }
            if this.grow(&mut worlds, budget)? {
                return Ok(Err(this.model(table, worlds.into_iter().flatten().collect())));
            }
        }
    }

    /// The variable of a formula, where it has one.
    pub(crate) fn variable(&self, id: Id) -> Option<usize> {
        self.vars.get(&id).copied()
    }

    /// The variable of a formula; nothing for falsity, which holds nowhere.
    fn var(&mut self, table: &Table, id: Id) -> Option<usize> {
        let formula = table.get(id);
        if formula == Formula::False {
            return None;
        }
        if let Some(var) = self.vars.get(&id) {
            return Some(*var);
        }
        let var = self.solver.variable();
        self.ids.push(id);
        self.vars.insert(id, var);
        if formula == Formula::True {
            self.say(table, &[], &[id], Given::Truth);
        }
        Some(var)
    }

    /// A clause: of the second formulas one follows from the first ones.
    fn say(&mut self, table: &Table, from: &[Id], to: &[Id], given: Given) {
        let mut lits = Vec::new();
        for id in from {
            // From falsity everything follows, so there is nothing to say.
            let Some(var) = self.var(table, *id) else { return };
            lits.push(Lit::new(var, false));
        }
        lits.extend(to.iter().filter_map(|id| self.var(table, *id)).map(|var| Lit::new(var, true)));
        self.given.push(given);
        self.solver.add(lits, self.given.len() - 1);
    }

    /// The clauses of hypotheses, which are used, and of a goal, which is wanted.
    fn read(&mut self, table: &Table, hypotheses: &[Id], goal: Id, budget: &mut Budget) -> Result<(), Reason> {
        let mut open: Vec<(Id, bool)> = vec![(goal, false)];
        for (id, level) in hypotheses.iter().zip(0..) {
            self.say(table, &[], &[*id], Given::Hypothesis(level));
            open.push((*id, true));
        }
        let mut done = BTreeSet::new();
        while let Some((x, used)) = open.pop() {
            if !done.insert((x, used)) {
                continue;
            }
            budget.spend(1)?;
            match (table.get(x), used) {
                (Formula::And(a, b), true) => {
                    self.say(table, &[x], &[a], Given::First(x));
                    self.say(table, &[x], &[b], Given::Second(x));
                    open.extend([(b, true), (a, true)]);
                }
                (Formula::Or(..), true) => {
                    // A row of disjunctions is one choice.
                    let parts: Vec<Id> = table.row(x).into_iter().map(|(_, part)| part).collect();
                    self.say(table, &[x], &parts, Given::Cases(x));
                    for part in parts.into_iter().rev() {
                        if let Some(var) = self.var(table, part) {
                            self.solver.prefer(var);
                        }
                        open.push((part, true));
                    }
                }
                (Formula::Imp(a, b), true) => {
                    self.say(table, &[x, a], &[b], Given::Apply(x));
                    open.extend([(b, true), (a, false)]);
                }
                (Formula::And(a, b), false) => {
                    self.say(table, &[a, b], &[x], Given::Pair(x));
                    open.extend([(b, false), (a, false)]);
                }
                (Formula::Or(a, b), false) => {
                    self.say(table, &[a], &[x], Given::In(x, true));
                    self.say(table, &[b], &[x], Given::In(x, false));
                    open.extend([(b, false), (a, false)]);
                }
                (Formula::Imp(a, b), false) => {
                    self.say(table, &[b], &[x], Given::Constant(x));
                    match (self.var(table, x), self.var(table, a)) {
                        _ if a == b => self.say(table, &[], &[x], Given::Same),
                        (Some(whole), Some(from)) => {
                            let to = self.var(table, b);
                            self.wanted.push(Wanted { whole, from, to });
                            open.extend([(b, false), (a, true)]);
                        }
                        _ => self.say(table, &[], &[x], Given::Anything(x)),
                    }
                }
                (Formula::Atom(_) | Formula::False | Formula::True, _) => (),
            }
        }
        Ok(())
    }

    fn world(&self, holds: &[usize]) -> Holds {
        let mut world = vec![false; self.ids.len()];
        for var in holds {
            if let Some(place) = world.get_mut(*var) {
                *place = true;
            }
        }
        world
    }

    /// Adds worlds until every implication that is wanted and does not hold in a world has its reason in one above. Where there is none, a
    /// clause is learned and the worlds that break it are gone; `false` where that is the lowest.
    fn grow(&mut self, worlds: &mut Vec<Option<Holds>>, budget: &mut Budget) -> Result<bool, Reason> {
        // The world above in which an implication fails, by the world and the implication.
        let mut above: HashMap<(usize, usize), usize> = HashMap::new();
        let has = |w: &Holds, var: usize| w.get(var) == Some(&true);
        // The latest world first: it knows most.
        let mut at = worlds.len();
        while let Some(now) = at.checked_sub(1) {
            let Some(world) = worlds.get(now).cloned().flatten() else {
                at = now;
                continue;
            };
            let mut complete = true;
            budget.spend(u64::try_from(self.wanted.len()).unwrap_or_default() / SHARE)?;
            for i in 0..self.wanted.len() {
                let Some(w) = self.wanted.get(i).copied() else { continue };
                let alive = |other: &usize| worlds.get(*other).is_some_and(Option::is_some);
                if has(&world, w.whole) || above.get(&(now, i)).is_some_and(alive) {
                    continue;
                }
                let fails = |v: &Holds| has(v, w.from) && !w.to.is_some_and(|to| has(v, to));
                let over = |v: &Holds| world.iter().zip(v).all(|(a, b)| !*a || *b);
                budget.spend(u64::try_from(worlds.len()).unwrap_or_default() / SHARE)?;
                let found = worlds.iter().position(|v| v.as_ref().is_some_and(|v| fails(v) && over(v)));
                if let Some(found) = found {
                    above.insert((now, i), found);
                    continue;
                }
                let mut assumed: Vec<Lit> = w.to.map(|to| Lit::new(to, false)).into_iter().collect();
                assumed.push(Lit::new(w.from, true));
                let given = world.iter().enumerate().filter(|(var, holds)| **holds && *var != w.from);
                assumed.extend(given.map(|(var, _)| Lit::new(var, true)));
                match self.solver.solve(&assumed, budget)? {
                    Answer::Model(holds) => {
                        above.insert((now, i), worlds.len());
                        worlds.push(Some(self.world(&holds)));
                        complete = false;
                        break;
                    }
                    Answer::Refused(lits, chain) => {
                        let from: Vec<usize> =
                            lits.iter().filter(|l| !l.holds() && l.var() != w.from).map(|l| l.var()).collect();
                        let breaks = |v: &Holds| !has(v, w.whole) && from.iter().all(|var| has(v, *var));
                        for place in worlds.iter_mut() {
                            if place.as_ref().is_some_and(breaks) {
                                *place = None;
                            }
                        }
                        let whole = self.ids.get(w.whole).copied().unwrap_or_default();
                        self.given.push(Given::Opened(whole, chain));
                        let mut lits: Vec<Lit> = from.into_iter().map(|var| Lit::new(var, false)).collect();
                        lits.push(Lit::new(w.whole, true));
                        self.solver.add(lits, self.given.len() - 1);
                        if worlds.first().is_none_or(Option::is_none) {
                            return Ok(false);
                        }
                        complete = false;
                        break;
                    }
                }
            }
            // What lies below may have lost a world that it needs.
            at = if complete { now } else { worlds.len() };
        }
        Ok(true)
    }

    /// The worlds by how much holds in them, each directly below those that hold the least more.
    fn model(&self, table: &Table, mut worlds: Vec<Holds>) -> Model {
        let lowest = if worlds.is_empty() { Holds::new() } else { worlds.remove(0) };
        let over = |a: &Holds, b: &Holds| a != b && a.iter().zip(b).all(|(a, b)| !*a || *b);
        worlds.retain(|w| over(&lowest, w));
        let size = |w: &Holds| w.iter().filter(|h| **h).count();
        worlds.sort_by(|a, b| size(a).cmp(&size(b)).then_with(|| a.cmp(b)));
        worlds.dedup();
        worlds.insert(0, lowest);
        let atom = |(var, holds): (usize, &bool)| match self.ids.get(var).map(|id| table.get(*id)) {
            Some(Formula::Atom(n)) if *holds => Some(n),
            _ => None,
        };
        let higher: Vec<Vec<usize>> = worlds
            .iter()
            .map(|w| worlds.iter().enumerate().filter(|(_, v)| over(w, v)).map(|(j, _)| j).collect())
            .collect();
        let build = |(w, all): (&Holds, &Vec<usize>)| {
            let between = |j: &usize| all.iter().any(|k| higher.get(*k).is_some_and(|h| h.contains(j)));
            let atoms = w.iter().enumerate().filter_map(atom).collect();
            World { atoms, above: all.iter().copied().filter(|j| !between(j)).collect() }
        };
        Model { worlds: worlds.iter().zip(&higher).map(build).collect() }
    }
}
