//! Proofs from what the solver learned: each clause that is needed becomes a function from what it takes to one of what it gives, named by
//! `let`. A chain of clauses without choices becomes a row of definitions and of cases of which all but one are closed. So a proof is as
//! long as the chains that it needs, and nothing in it is written twice.

use crate::clauses::Clauses;
use crate::formula::{Formula, Id, Table};
use crate::proof::Proof;
use crate::sat::{Chain, ClauseId, Lit, Origin};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// What a clause says that was given, by the formula it is about.
#[derive(Clone, Debug)]
pub enum Given {
    /// The variable of this level says it.
    Hypothesis(u32),
    /// Truth holds.
    Truth,
    /// A conjunction gives its first part.
    First(Id),
    /// And its second part.
    Second(Id),
    /// A disjunction gives one of its parts.
    Cases(Id),
    /// An implication and what it is from give what it is to.
    Apply(Id),
    /// Both parts give a conjunction.
    Pair(Id),
    /// The first or second part gives a disjunction.
    In(Id, bool),
    /// What an implication is to gives it.
    Constant(Id),
    /// An implication from a formula to itself.
    Same,
    /// An implication from falsity.
    Anything(Id),
    /// An implication, as what it is to follows by the chain from what it is from and what the clause takes.
    Opened(Id, Chain),
}

/// What is known not to hold on the way to a goal, and how it gives the goal.
#[derive(Clone, Copy)]
enum Closed {
    /// It is the part of the goal with this number.
    Part(usize),
    /// The variable of this level gives the goal from it.
    By(u32),
    /// The clause with this number gives the goal from it.
    Through(ClauseId),
}

/// A clause as what it takes and what it gives.
struct Shape {
    from: Vec<Id>,
    to: Vec<Id>,
}

/// The proof of a goal by a chain, below so many variables, and how many links of chains were written for it. Nothing where it has a gap.
pub fn write(clauses: &Clauses, table: &mut Table, goal: Id, chain: &Chain, depth: u32) -> Option<(Proof, u64)> {
    let mut writer = Writer { clauses, table, names: HashMap::new(), inside: HashMap::new(), links: 0 };
    writer.place(chain, goal)?;
    let way = Way { goal, parts: vec![goal], rests: vec![goal], known: HashMap::new(), closed: HashMap::new() };
    let proof = writer.scoped(None, chain, way, depth)?;
    Some((proof, writer.links))
}

/// What is known on the way to a goal.
struct Way {
    goal: Id,
    /// The parts of the goal, one of which is to be shown, and the disjunctions of the parts from each one on.
    parts: Vec<Id>,
    rests: Vec<Id>,
    /// What holds, by the level of the variable that says so.
    known: HashMap<Id, u32>,
    /// What does not hold.
    closed: HashMap<Id, Closed>,
}

/// A piece of a proof that the rest stands in.
enum Frame {
    /// A definition.
    Let(Id, Proof),
    /// Cases of a disjunction, of which the first or the second is the rest, and the other one is closed.
    Cases(Id, Proof, bool, Proof),
}

struct Writer<'a> {
    clauses: &'a Clauses,
    table: &'a mut Table,
    /// By clause, the level of the variable that stands for it.
    names: HashMap<ClauseId, u32>,
    /// By clause, those that only its proof needs, in an order in which each needs those before.
    inside: HashMap<Option<ClauseId>, Vec<ClauseId>>,
    /// How many links were written.
    links: u64,
}

fn var(level: u32) -> Rc<Proof> {
    Rc::new(Proof::Var(level))
}

impl Writer<'_> {
    fn given(&self, id: ClauseId) -> Option<Option<&Given>> {
        match self.clauses.solver.clause(id)?.origin {
            Origin::Given(n) => self.clauses.given.get(n).map(Some),
            Origin::Learned(_) => Some(None),
        }
    }

    /// Whether a clause gets a definition: one that is no more than a rule does not.
    fn is_written(&self, id: ClauseId) -> bool {
        matches!(self.given(id), Some(None | Some(Given::Opened(..) | Given::Same | Given::Anything(_))))
    }

    fn lits(&self, id: ClauseId) -> Option<Vec<Lit>> {
        let mut lits = self.clauses.solver.clause(id)?.lits.clone();
        // The solver moves them.
        lits.sort_unstable();
        Some(lits)
    }

    fn id(&self, lit: Lit) -> Option<Id> {
        self.clauses.ids.get(lit.var()).copied()
    }

    fn shape(&self, id: ClauseId) -> Option<Shape> {
        let mut shape = Shape { from: Vec::new(), to: Vec::new() };
        for lit in self.lits(id)? {
            if lit.holds() { &mut shape.to } else { &mut shape.from }.push(self.id(lit)?);
        }
        Some(shape)
    }

    fn parts(&self, imp: Id) -> Option<(Id, Id)> {
        match self.table.get(imp) {
            Formula::Imp(a, b) | Formula::And(a, b) | Formula::Or(a, b) => Some((a, b)),
            Formula::Atom(_) | Formula::False | Formula::True => None,
        }
    }

    /// The clauses that a chain uses, as it stands where some hold and some do not.
    fn needs(&self, chain: &Chain, holding: &[Id], not: &[Id]) -> Option<Vec<ClauseId>> {
        let mut known: BTreeSet<(Id, bool)> = holding.iter().map(|id| (*id, true)).collect();
        known.extend(not.iter().map(|id| (*id, false)));
        let mut needs = Vec::new();
        for (id, left) in chain {
            needs.push(*id);
            for lit in self.lits(*id)?.into_iter().filter(|l| Some(*l) != *left) {
                let against = lit.not();
                if !known.contains(&(self.id(against)?, against.holds())) {
                    needs.push(self.clauses.solver.unit(against)?);
                }
            }
            if let Some(lit) = left {
                known.insert((self.id(*lit)?, lit.holds()));
            }
        }
        Some(needs)
    }

    fn needs_of(&self, id: ClauseId) -> Option<Vec<ClauseId>> {
        let shape = self.shape(id)?;
        match &self.clauses.solver.clause(id)?.origin {
            Origin::Learned(chain) => self.needs(chain, &shape.from, &shape.to),
            Origin::Given(n) => match self.clauses.given.get(*n)? {
                Given::Opened(imp, chain) => {
                    let (a, b) = self.parts(*imp)?;
                    let holding: Vec<Id> = shape.from.into_iter().chain([a]).collect();
                    self.needs(chain, &holding, &[b])
                }
                _ => Some(Vec::new()),
            },
        }
    }

    /// Finds for each clause the proof that it is written in: the innermost one that holds all its uses. So few names are in scope anywhere.
    fn place(&mut self, chain: &Chain, goal: Id) -> Option<()> {
        let mut open: BTreeSet<ClauseId> = BTreeSet::new();
        // By clause, the one it is written in, where that is not the whole, and how deep it lies.
        let mut homes: HashMap<ClauseId, (Option<ClauseId>, u32)> = HashMap::new();
        let mut user = None;
        let mut needs = self.needs(chain, &[], &[goal])?;
        loop {
            for need in needs {
                let first = open.insert(need);
                let mut home = if first { user } else { homes.get(&need)?.0 };
                let mut other = user;
                let depth = |c: Option<ClauseId>| c.map_or(Some(0), |c| homes.get(&c).map(|h| h.1));
                while home != other {
                    if depth(home)? >= depth(other)? {
                        home = homes.get(&home?)?.0;
                    } else {
                        other = homes.get(&other?)?.0;
                    }
                }
                let depth = depth(home)? + 1;
                homes.insert(need, (home, depth));
            }
            // A clause is only learned from those before, so all its uses are known by now.
            let Some(next) = open.pop_last() else { break };
            needs = self.needs_of(next)?;
            user = Some(next);
        }
        let mut homes: Vec<(ClauseId, Option<ClauseId>)> =
            homes.into_iter().map(|(id, (home, _))| (id, home)).collect();
        homes.sort_unstable();
        for (id, home) in homes {
            if self.is_written(id) {
                self.inside.entry(home).or_default().push(id);
            }
        }
        Some(())
    }

    /// A chain with the clauses before it that only its proof needs.
    fn scoped(&mut self, id: Option<ClauseId>, chain: &Chain, way: Way, mut depth: u32) -> Option<Proof> {
        let mut lets = Vec::new();
        for inner in self.inside.remove(&id).unwrap_or_default() {
            let proof = self.clause(inner, depth)?;
            lets.push((self.type_of(inner)?, proof));
            self.names.insert(inner, depth);
            depth += 1;
        }
        let proof = self.chain(chain, way, depth)?;
        Some(lets.into_iter().rev().fold(proof, |rest, (ty, proof)| Proof::Let(ty, Rc::new(proof), Rc::new(rest))))
    }

    /// The disjunctions of formulas from each one on; falsity where there are none.
    fn rests(&mut self, parts: &[Id]) -> Vec<Id> {
        let mut rests: Vec<Id> = Vec::new();
        for part in parts.iter().rev() {
            let rest = match rests.last() {
                Some(rest) => self.table.or(*part, *rest),
                None => *part,
            };
            rests.push(rest);
        }
        rests.reverse();
        if rests.is_empty() {
            rests.push(self.table.id(Formula::False));
        }
        rests
    }

    fn type_of(&mut self, id: ClauseId) -> Option<Id> {
        let shape = self.shape(id)?;
        let to = *self.rests(&shape.to).first()?;
        Some(shape.from.iter().rev().fold(to, |to, from| self.table.imp(*from, to)))
    }

    /// The proof of a clause below so many variables.
    fn clause(&mut self, id: ClauseId, depth: u32) -> Option<Proof> {
        let shape = self.shape(id)?;
        let mut depth = depth;
        let mut known = HashMap::new();
        for from in &shape.from {
            known.insert(*from, depth);
            depth += 1;
        }
        let origin = self.clauses.solver.clause(id)?.origin.clone();
        let body = match origin {
            Origin::Learned(chain) => {
                let rests = self.rests(&shape.to);
                let goal = *rests.first()?;
                let way = Way { goal, parts: shape.to, rests, known, closed: HashMap::new() };
                self.scoped(Some(id), &chain, way, depth)?
            }
            Origin::Given(n) => match self.clauses.given.get(n)?.clone() {
                Given::Same => Proof::Lam(var(depth)),
                Given::Anything(imp) => Proof::Lam(Rc::new(Proof::Absurd(self.parts(imp)?.1, var(depth)))),
                Given::Opened(imp, chain) => {
                    let (a, b) = self.parts(imp)?;
                    known.insert(a, depth);
                    let way = Way { goal: b, parts: vec![b], rests: vec![b], known, closed: HashMap::new() };
                    Proof::Lam(Rc::new(self.scoped(Some(id), &chain, way, depth + 1)?))
                }
                _ => return None,
            },
        };
        Some(shape.from.iter().fold(body, |body, _| Proof::Lam(Rc::new(body))))
    }

    /// The goal by a chain.
    fn chain(&mut self, chain: &Chain, mut way: Way, mut depth: u32) -> Option<Proof> {
        way.closed.extend(way.parts.iter().enumerate().map(|(n, part)| (*part, Closed::Part(n))));
        let mut frames = Vec::new();
        for (id, left) in chain {
            self.links = self.links.saturating_add(1);
            let Some(lit) = *left else {
                let said = self.said(*id, &way)?;
                let gives = self.gives(*id)?;
                let end = self.close(&gives, said, &way, depth)?;
                return Some(frames.into_iter().rev().fold(end, |rest, frame| match frame {
                    Frame::Let(ty, proof) => Proof::Let(ty, Rc::new(proof), Rc::new(rest)),
                    Frame::Cases(or, said, first, other) => {
                        let (a, b) = if first { (rest, other) } else { (other, rest) };
                        Proof::Cases(or, way.goal, Rc::new(said), Rc::new(a), Rc::new(b))
                    }
                }));
            };
            let formula = self.id(lit)?;
            let shape = self.shape(*id)?;
            if !lit.holds() && shape.from == [formula] && shape.to == [way.goal] {
                way.closed.insert(formula, Closed::Through(*id));
                continue;
            }
            if !lit.holds() {
                // What the clause takes gives the goal.
                way.known.insert(formula, depth);
                let said = self.said(*id, &way)?;
                let gives = self.gives(*id)?;
                let body = self.close(&gives, said, &way, depth + 1)?;
                way.known.remove(&formula);
                frames.push(Frame::Let(self.table.imp(formula, way.goal), Proof::Lam(Rc::new(body))));
                way.closed.insert(formula, Closed::By(depth));
                depth += 1;
                continue;
            }
            let mut said = self.said(*id, &way)?;
            let gives = self.gives(*id)?;
            let mut cases = gives.iter().peekable();
            while let Some((or, part)) = cases.next() {
                if cases.peek().is_none() {
                    if *part != formula {
                        return None;
                    }
                    if gives.len() == 1 {
                        frames.push(Frame::Let(formula, said.clone()));
                        depth += 1;
                    }
                } else if *part == formula {
                    let rest: Vec<(Id, Id)> = cases.copied().collect();
                    let other = self.close(&rest, Proof::Var(depth), &way, depth + 1)?;
                    frames.push(Frame::Cases(*or, said, true, other));
                    depth += 1;
                    break;
                } else {
                    let other = self.closed(*part, Proof::Var(depth), &way)?;
                    frames.push(Frame::Cases(*or, said, false, other));
                    said = Proof::Var(depth);
                    depth += 1;
                }
            }
            way.known.insert(formula, depth.checked_sub(1)?);
        }
        None
    }

    /// What a clause gives: each part with the disjunction of it and those after it.
    fn gives(&mut self, id: ClauseId) -> Option<Vec<(Id, Id)>> {
        if let Some(Given::Cases(or)) = self.given(id)? {
            return Some(self.table.row(*or));
        }
        let rule = match self.given(id)? {
            Some(Given::First(x)) => self.parts(*x).map(|(a, _)| a),
            Some(Given::Second(x) | Given::Apply(x)) => self.parts(*x).map(|(_, b)| b),
            _ => None,
        };
        // A rule may give falsity, which has no variable.
        let to = match rule {
            Some(to) => vec![to],
            None => self.shape(id)?.to,
        };
        let rests = self.rests(&to);
        let parts = if to.is_empty() { rests.clone() } else { to };
        Some(rests.into_iter().zip(parts).collect())
    }

    /// A proof of the disjunction that a clause gives, where all that it takes is known.
    fn said(&self, id: ClauseId, way: &Way) -> Option<Proof> {
        let known = |formula: Id| self.known(formula, way).map(Rc::new);
        let rule = match self.given(id)? {
            Some(Given::Hypothesis(level)) => Proof::Var(*level),
            Some(Given::Truth) => Proof::Star,
            Some(Given::First(x)) => Proof::Fst(known(*x)?),
            Some(Given::Second(x)) => Proof::Snd(known(*x)?),
            Some(Given::Cases(x)) => return self.known(*x, way),
            Some(Given::Apply(x)) => Proof::App(known(*x)?, known(self.parts(*x)?.0)?),
            Some(Given::Pair(x)) => {
                let (a, b) = self.parts(*x)?;
                Proof::Pair(known(a)?, known(b)?)
            }
            Some(Given::In(x, first)) => {
                let (a, b) = self.parts(*x)?;
                Proof::In(*x, *first, known(if *first { a } else { b })?)
            }
            Some(Given::Constant(x)) => Proof::Lam(known(self.parts(*x)?.1)?),
            None | Some(Given::Same | Given::Anything(_) | Given::Opened(..)) => {
                let mut said = Proof::Var(*self.names.get(&id)?);
                for from in self.shape(id)?.from {
                    said = Proof::App(Rc::new(said), known(from)?);
                }
                said
            }
        };
        Some(rule)
    }

    /// What a clause gives from the only formula that it takes.
    fn through(&self, id: ClauseId, said: Proof) -> Option<Proof> {
        let said = Rc::new(said);
        Some(match self.given(id)? {
            Some(Given::First(_)) => Proof::Fst(said),
            Some(Given::Second(_)) => Proof::Snd(said),
            Some(Given::Cases(_)) => (*said).clone(),
            Some(Given::In(x, first)) => Proof::In(*x, *first, said),
            Some(Given::Constant(_)) => Proof::Lam(said),
            _ => Proof::App(var(*self.names.get(&id)?), said),
        })
    }

    /// A proof of what is known.
    fn known(&self, formula: Id, way: &Way) -> Option<Proof> {
        if let Some(level) = way.known.get(&formula) {
            return Some(Proof::Var(*level));
        }
        let unit = self.clauses.solver.unit(self.lit(formula, true)?)?;
        self.said(unit, way)
    }

    fn lit(&self, formula: Id, holds: bool) -> Option<Lit> {
        self.clauses.variable(formula).map(|var| Lit::new(var, holds))
    }

    /// The goal from a disjunction of which no part holds.
    fn close(&mut self, gives: &[(Id, Id)], said: Proof, way: &Way, depth: u32) -> Option<Proof> {
        let (&(or, part), rest) = gives.split_first()?;
        if rest.is_empty() {
            return self.closed(part, said, way);
        }
        let first = self.closed(part, Proof::Var(depth), way)?;
        let second = self.close(rest, Proof::Var(depth), way, depth + 1)?;
        Some(Proof::Cases(or, way.goal, Rc::new(said), Rc::new(first), Rc::new(second)))
    }

    /// The goal from a formula that does not hold.
    fn closed(&mut self, formula: Id, said: Proof, way: &Way) -> Option<Proof> {
        match way.closed.get(&formula) {
            Some(Closed::By(level)) => return Some(Proof::App(var(*level), Rc::new(said))),
            Some(Closed::Through(id)) => return self.through(*id, said),
            Some(Closed::Part(n)) => {
                // Of a single part the goal is that part.
                let last = n + 1 == way.rests.len();
                let own = *way.rests.get(*n)?;
                let inner = if last { said } else { Proof::In(own, true, Rc::new(said)) };
                let outer = way.rests.get(..*n)?.iter().rev();
                return Some(outer.fold(inner, |inner, or| Proof::In(*or, false, Rc::new(inner))));
            }
            None => (),
        }
        if formula == way.goal {
            return Some(said);
        }
        if self.table.get(formula) == Formula::False {
            return Some(Proof::Absurd(way.goal, Rc::new(said)));
        }
        let unit = self.clauses.solver.unit(self.lit(formula, false)?)?;
        // Only this formula is taken, and what the clause gives does not hold by itself.
        let by = Proof::App(Rc::new(Proof::Var(*self.names.get(&unit)?)), Rc::new(said));
        Some(Proof::Absurd(way.goal, Rc::new(by)))
    }
}
