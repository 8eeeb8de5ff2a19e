//! A small solver for clauses, which keeps how each clause that it learns follows from others.
//!
//! Conflicts are analysed up to the first unique implication point (Marques-Silva, Sakallah 1999), two literals of each clause are watched
//! (Moskewicz and others 2001), and questions are asked under assumptions (Een, Sorensson 2003). Variables are tried as false first, so
//! few of them hold in what is found. There are no restarts, and nothing that was learned is forgotten: a budget ends what is too long.

use bfv_search::{Budget, Reason};
use std::collections::{BTreeSet, HashMap};

/// So many looks at clauses and variables count as one step: about as long as the sequent calculus takes for one of its steps.
const SHARE: u64 = 64;
/// Scores are made smaller by so many bits above this weight of a conflict.
const HEAVY: u64 = 1 << 50;
const LIGHTER: u32 = 40;

/// A variable that is to hold or not to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lit(usize);

impl Lit {
    /// A variable with the value that it is to have.
    #[must_use]
    pub fn new(var: usize, holds: bool) -> Self {
        Lit(2 * var + usize::from(!holds))
    }

    /// The variable.
    #[must_use]
    pub fn var(self) -> usize {
        self.0 / 2
    }

    /// Whether the variable is to hold.
    #[must_use]
    pub fn holds(self) -> bool {
        self.0.is_multiple_of(2)
    }

    /// The other value.
    #[must_use]
    pub fn not(self) -> Self {
        Lit(self.0 ^ 1)
    }
}

/// The number of a clause.
pub type ClauseId = usize;

/// Clauses in an order in which each one leaves one of its literals, which then holds; of the last one none is left.
pub type Chain = Vec<(ClauseId, Option<Lit>)>;

/// Where a clause comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// It was added, with a number that says more to whoever added it.
    Given(usize),
    /// It was learned: where all its literals are false, these contradict each other.
    Learned(Chain),
}

/// A clause: one of its literals holds.
#[derive(Clone, Debug)]
pub struct Clause {
    /// Its literals. The first two are watched.
    pub lits: Vec<Lit>,
    /// Where it comes from.
    pub origin: Origin,
}

/// What came of a question.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The variables that hold in a model of all clauses and assumptions.
    Model(Vec<usize>),
    /// There is no model: one of these holds, which are all false by the assumptions, and why.
    Refused(Vec<Lit>, Chain),
}

/// Where a variable got its value.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    level: usize,
    reason: Option<ClauseId>,
    at: usize,
}

/// What was met on the way back from a conflict.
#[derive(Default)]
struct Way {
    chain: Chain,
    touched: Vec<usize>,
    folded: BTreeSet<Lit>,
}

/// Clauses and what was learned from them.
#[derive(Clone, Debug, Default)]
pub struct Solver {
    clauses: Vec<Clause>,
    /// By literal, the clauses that watch it.
    watches: Vec<Vec<ClauseId>>,
    value: Vec<Option<bool>>,
    place: Vec<Place>,
    score: Vec<u64>,
    seen: Vec<bool>,
    /// The values that are tried first.
    phase: Vec<bool>,
    /// By literal, the clause that says just that.
    units: Vec<Option<ClauseId>>,
    trail: Vec<Lit>,
    /// How long the trail was before each decision.
    limits: Vec<usize>,
    head: usize,
    weight: u64,
    /// By what does not hold and by what is denied first: the clause that says that the one gives the other.
    under: HashMap<(Lit, Lit), ClauseId>,
    /// The clause without literals, where there is one.
    empty: Option<ClauseId>,
    work: u64,
}

fn set<T>(all: &mut [T], at: usize, to: T) {
    if let Some(place) = all.get_mut(at) {
        *place = to;
    }
}

impl Solver {
    /// One more variable.
    pub fn variable(&mut self) -> usize {
        self.value.push(None);
        self.place.push(Place::default());
        self.score.push(0);
        self.seen.push(false);
        self.phase.push(false);
        self.watches.extend([Vec::new(), Vec::new()]);
        self.units.extend([None, None]);
        self.value.len() - 1
    }

    /// Tries a variable as true first: what is learned of a choice among several is shorter where it says what one of them leads to.
    pub fn prefer(&mut self, var: usize) {
        set(&mut self.phase, var, true);
    }

    /// Whether a literal is that one of the variables that are tried as true holds.
    fn is_choice(&self, lit: Lit) -> bool {
        lit.holds() && self.phase.get(lit.var()) == Some(&true)
    }

    /// A clause by its number.
    #[must_use]
    pub fn clause(&self, id: ClauseId) -> Option<&Clause> {
        self.clauses.get(id)
    }

    /// The clause that says that a literal holds, where one says just that.
    #[must_use]
    pub fn unit(&self, lit: Lit) -> Option<ClauseId> {
        self.units.get(lit.0).copied().flatten()
    }

    fn value(&self, lit: Lit) -> Option<bool> {
        self.value.get(lit.var()).copied().flatten().map(|v| v == lit.holds())
    }

    fn place(&self, lit: Lit) -> Place {
        self.place.get(lit.var()).copied().unwrap_or_default()
    }

    fn lits(&self, id: ClauseId) -> &[Lit] {
        self.clauses.get(id).map(|c| c.lits.as_slice()).unwrap_or_default()
    }

    fn learned(&self, id: ClauseId) -> bool {
        self.clauses.get(id).is_some_and(|c| matches!(c.origin, Origin::Learned(_)))
    }

    /// Adds a clause. One that always holds is left out.
    pub fn add(&mut self, mut lits: Vec<Lit>, given: usize) {
        self.undo(0);
        lits.sort_unstable();
        lits.dedup();
        if lits.iter().zip(lits.iter().skip(1)).any(|(a, b)| a.not() == *b) {
            return;
        }
        lits.sort_by_key(|l| self.value(*l) == Some(false));
        let open = lits.iter().filter(|l| self.value(**l) != Some(false)).count();
        let id = self.push(lits, Origin::Given(given));
        match (self.lits(id).first().copied(), open) {
            (_, 0) | (None, _) => self.fail(id),
            (Some(only), 1) if self.value(only).is_none() => self.assign(only, Some(id)),
            _ => (),
        }
    }

    fn push(&mut self, lits: Vec<Lit>, origin: Origin) -> ClauseId {
        let id = self.clauses.len();
        if let [a, b, ..] = lits.as_slice() {
            for lit in [a, b] {
                if let Some(watching) = self.watches.get_mut(lit.0) {
                    watching.push(id);
                }
            }
        }
        self.clauses.push(Clause { lits, origin });
        id
    }

    /// A clause of which no literal is left without assumptions.
    fn fail(&mut self, id: ClauseId) {
        let empty = self.push(Vec::new(), Origin::Learned(vec![(id, None)]));
        self.empty.get_or_insert(empty);
    }

    fn assign(&mut self, lit: Lit, reason: Option<ClauseId>) {
        let level = self.limits.len();
        set(&mut self.value, lit.var(), Some(lit.holds()));
        set(&mut self.place, lit.var(), Place { level, reason, at: self.trail.len() });
        self.trail.push(lit);
        if let (0, Some(reason)) = (level, reason) {
            // What is false is named as a function, which a rule is not.
            let unit = match self.lits(reason) {
                [_] if lit.holds() || self.learned(reason) => reason,
                _ => self.push(vec![lit], Origin::Learned(vec![(reason, None)])),
            };
            set(&mut self.units, lit.0, Some(unit));
        }
        if let (1, Some(reason), false) = (level, reason, lit.holds()) {
            self.note_under(lit, reason);
        }
    }

    /// What is denied by the first assumption.
    fn denied(&self) -> Option<Lit> {
        let first = self.limits.first().and_then(|at| self.trail.get(*at)).copied()?;
        (!first.holds()).then(|| first.not())
    }

    /// Keeps that a variable gives what is denied, where it cannot hold for that reason alone. Disjunctions with many parts are denied part by
    /// part; without this, what is learned would name each of them.
    fn note_under(&mut self, lit: Lit, reason: ClauseId) {
        let Some(denied) = self.denied() else { return };
        if lit.not() == denied || self.under.contains_key(&(lit, denied)) {
            return;
        }
        let (mut chain, mut plain) = (Chain::new(), self.lits(reason).len() == 2);
        for other in self.lits(reason).iter().filter(|l| **l != lit && **l != denied) {
            plain = false;
            if self.place(*other).level > 0 {
                let Some(by) = self.under.get(&(other.not(), denied)) else { return };
                chain.push((*by, Some(other.not())));
            }
        }
        let by = if plain {
            reason
        } else {
            chain.sort_by_key(|(_, lit)| lit.map_or(usize::MAX, |l| self.place(l).at));
            chain.push((reason, None));
            // It is not watched: it says nothing new.
            self.clauses.push(Clause { lits: vec![lit, denied], origin: Origin::Learned(chain) });
            self.clauses.len() - 1
        };
        self.under.insert((lit, denied), by);
    }

    /// The clause by which a literal that is false gives what is denied.
    fn folded(&self, lit: Lit) -> Option<(ClauseId, Lit)> {
        if self.place(lit).level != 1 {
            return None;
        }
        let denied = self.denied()?;
        self.under.get(&(lit.not(), denied)).map(|by| (*by, denied))
    }

    /// Back to so many decisions.
    fn undo(&mut self, level: usize) {
        if let Some(length) = self.limits.get(level).copied() {
            for lit in self.trail.drain(length..) {
                set(&mut self.value, lit.var(), None);
            }
            self.limits.truncate(level);
            self.head = length;
        }
    }

    /// Gives values to what has no choice; a clause of which no literal is left, where there is one.
    fn propagate(&mut self) -> Option<ClauseId> {
        while let Some(lit) = self.trail.get(self.head).copied() {
            self.head += 1;
            let gone = lit.not();
            let mut watching = self.watches.get_mut(gone.0).map(std::mem::take).unwrap_or_default();
            let mut conflict = None;
            watching.retain(|id| {
                if conflict.is_some() {
                    return true;
                }
                self.work += 1;
                let stays = self.look(*id, gone);
                if let Some(true) = stays {
                    conflict = Some(*id);
                }
                stays.is_some()
            });
            set(&mut self.watches, gone.0, watching);
            if conflict.is_some() {
                return conflict;
            }
        }
        None
    }

    /// A look at a clause one of whose watched literals is false: nothing where another one is watched now, else whether it is in conflict.
    fn look(&mut self, id: ClauseId, gone: Lit) -> Option<bool> {
        let value = |lit: Lit| self.value.get(lit.var()).copied().flatten().map(|v| v == lit.holds());
        let lits = &mut self.clauses.get_mut(id)?.lits;
        if lits.first() == Some(&gone) {
            lits.swap(0, 1);
        }
        let first = *lits.first()?;
        if value(first) == Some(true) {
            return Some(false);
        }
        if let Some(k) = (2..lits.len()).find(|k| lits.get(*k).is_some_and(|l| value(*l) != Some(false))) {
            self.work += u64::try_from(k).unwrap_or_default() / 4;
            lits.swap(1, k);
            let other = *lits.get(1)?;
            self.watches.get_mut(other.0)?.push(id);
            return None;
        }
        self.work += u64::try_from(lits.len()).unwrap_or_default() / 4;
        if value(first) == Some(false) {
            return Some(true);
        }
        self.assign(first, Some(id));
        Some(false)
    }

    /// Marks the literals of a clause that are not settled; those newly marked. What gives what is denied is told by that.
    fn mark(&mut self, id: ClauseId, but: Option<Lit>, way: &mut Way) -> Vec<Lit> {
        let lits: Vec<Lit> = self.lits(id).iter().copied().filter(|l| Some(*l) != but).collect();
        self.work += u64::try_from(lits.len()).unwrap_or_default();
        let mut fresh = Vec::new();
        for lit in lits {
            let told = self.fold(lit, way).unwrap_or(lit);
            if self.place(told).level > 0 && self.seen.get(told.var()) == Some(&false) {
                set(&mut self.seen, told.var(), true);
                way.touched.push(told.var());
                if let Some(score) = self.score.get_mut(told.var()) {
                    *score = score.saturating_add(self.weight);
                }
                fresh.push(told);
            }
        }
        fresh
    }

    /// What is denied, where a literal that is false gives it, with the reason on the way.
    fn fold(&self, lit: Lit, way: &mut Way) -> Option<Lit> {
        let (by, denied) = self.folded(lit)?;
        if way.folded.insert(lit) {
            way.chain.push((by, Some(lit.not())));
        }
        Some(denied)
    }

    /// The reasons on a way in the order in which they were met.
    fn end(&mut self, mut way: Way) -> Chain {
        for var in way.touched {
            set(&mut self.seen, var, false);
        }
        way.chain.sort_by_key(|(_, lit)| lit.map_or(usize::MAX, |l| self.place(l).at));
        way.chain
    }

    /// What a conflict teaches: a clause, why it holds, and the level where it leaves only its first literal.
    fn analyse(&mut self, conflict: ClauseId) -> (Vec<Lit>, Chain, usize) {
        let level = self.limits.len();
        let (mut below, mut open, mut at) = (Vec::new(), 0_usize, self.trail.len());
        let mut way = Way { chain: vec![(conflict, None)], ..Way::default() };
        let mut fresh = self.mark(conflict, None, &mut way);
        let first = loop {
            while let Some(lit) = fresh.pop() {
                let place = self.place(lit);
                match place.reason {
                    _ if place.level == level => open += 1,
                    // A part of a choice that does not hold for a reason is told by that: choices are no good beginning of a proof.
                    Some(reason) if self.is_choice(lit) => {
                        way.chain.push((reason, Some(lit.not())));
                        fresh.extend(self.mark(reason, Some(lit.not()), &mut way));
                    }
                    _ => below.push(lit),
                }
            }
            let next = loop {
                let Some(before) = at.checked_sub(1) else { break None };
                at = before;
                if let Some(lit) = self.trail.get(at).filter(|l| self.seen.get(l.var()) == Some(&true)) {
                    break Some(*lit);
                }
            };
            let Some(lit) = next else { break None };
            open = open.saturating_sub(1);
            match self.place(lit).reason {
                Some(reason) if open > 0 || self.is_choice(lit.not()) => {
                    way.chain.push((reason, Some(lit)));
                    fresh = self.mark(reason, Some(lit), &mut way);
                }
                _ => break Some(lit.not()),
            }
        };
        // A literal that is false because others of the clause are says nothing.
        let known = |s: &Self, l: Lit| s.place(l).level == 0 || s.seen.get(l.var()) == Some(&true);
        below.retain(|lit| {
            let Some(reason) = self.place(*lit).reason else { return true };
            let others = || self.lits(reason).iter().copied().filter(|l| *l != lit.not());
            let needed = others().any(|l| !known(self, self.folded(l).map_or(l, |(_, denied)| denied)));
            if !needed {
                others().for_each(|l| _ = self.fold(l, &mut way));
                way.chain.push((reason, Some(lit.not())));
            }
            needed
        });
        let chain = self.end(way);
        below.sort_by_key(|l| std::cmp::Reverse(self.place(*l).level));
        let back = below.first().map_or(0, |l| self.place(*l).level);
        self.weight += self.weight / 16;
        if self.weight > HEAVY {
            self.weight >>= LIGHTER;
            self.score.iter_mut().for_each(|s| *s >>= LIGHTER);
        }
        (first.into_iter().chain(below).collect(), chain, back)
    }

    /// Which assumptions make another one false, and why.
    fn blamed(&mut self, assumed: Lit) -> (Vec<Lit>, Chain) {
        let mut lits = vec![assumed.not()];
        if let Some(unit) = self.unit(assumed.not()) {
            return (lits, vec![(unit, None)]);
        }
        let mut way = Way { touched: vec![assumed.var()], ..Way::default() };
        set(&mut self.seen, assumed.var(), true);
        for lit in self.trail.clone().into_iter().rev() {
            if self.seen.get(lit.var()) != Some(&true) {
                continue;
            }
            match self.place(lit).reason {
                Some(reason) => {
                    way.chain.push((reason, Some(lit).filter(|l| l.var() != assumed.var())));
                    self.mark(reason, Some(lit), &mut way);
                }
                None => lits.push(lit.not()),
            }
        }
        (lits, self.end(way))
    }

    /// A model of all clauses in which the assumptions hold, or those of them that allow none. No two assumptions may be opposites. What is
    /// to be shown is best denied first.
    ///
    /// # Errors
    /// The budget is used up.
    pub fn solve(&mut self, assumed: &[Lit], budget: &mut Budget) -> Result<Answer, Reason> {
        self.undo(0);
        self.weight = self.weight.max(64);
        loop {
            let conflict = self.propagate();
            budget.spend(self.work / SHARE)?;
            self.work %= SHARE;
            if let Some(conflict) = conflict.filter(|_| self.limits.is_empty()) {
                self.fail(conflict);
            }
            if let Some(empty) = self.empty {
                return Ok(Answer::Refused(Vec::new(), vec![(empty, None)]));
            }
            if let Some(conflict) = conflict {
                let (lits, chain, back) = self.analyse(conflict);
                self.undo(back);
                let first = lits.first().copied();
                let id = self.push(lits, Origin::Learned(chain));
                if let Some(first) = first {
                    self.assign(first, Some(id));
                }
                continue;
            }
            let next = match assumed.get(self.limits.len()).copied() {
                Some(lit) => match self.value(lit) {
                    Some(false) => {
                        let (lits, chain) = self.blamed(lit);
                        return Ok(Answer::Refused(lits, chain));
                    }
                    Some(true) => None,
                    None => Some(lit),
                },
                None => match self.pick() {
                    Some(var) => Some(Lit::new(var, self.phase.get(var) == Some(&true))),
                    None => {
                        let holds = |(var, value): (usize, &Option<bool>)| (*value == Some(true)).then_some(var);
                        return Ok(Answer::Model(self.value.iter().enumerate().filter_map(holds).collect()));
                    }
                },
            };
            self.limits.push(self.trail.len());
            if let Some(lit) = next {
                self.assign(lit, None);
            }
        }
    }

    /// The variable without a value that took part in most conflicts of late.
    fn pick(&mut self) -> Option<usize> {
        self.work += u64::try_from(self.value.len()).unwrap_or_default() / 16;
        let open = self.value.iter().enumerate().filter(|(_, v)| v.is_none()).map(|(var, _)| var);
        open.max_by_key(|var| (self.score.get(*var), std::cmp::Reverse(*var)))
    }
}
