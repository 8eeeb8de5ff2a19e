//! The search: the sequent calculus without contraction (Dyckhoff 1992, there LJT, also G4ip).
//!
//! Every rule makes the sequent smaller, so the search ends. What does not lose anything is done at once; then a left implication
//! from an implication or a part of a disjunction is chosen. Where nothing is left to choose, the failed choices are worlds of a Kripke
//! model (Pinto and Dyckhoff 1995). A choice is only made where no classical countermodel is at hand, which is a model with one world.

use crate::classical;
use crate::formula::{Formula, Id, Table};
use crate::model::{Above, Model};
use crate::proof::Proof;
use bfv_search::{Budget, Reason};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// What the search found, on the way.
type Found = Result<Rc<Proof>, Rc<Above>>;

/// Hypotheses by what can be done with them, each with the variable that proves it.
#[derive(Clone, Default)]
struct Facts {
    /// Not looked at yet.
    fresh: Vec<(Id, u32)>,
    /// Atoms.
    atoms: HashMap<Id, u32>,
    /// From an atom that does not hold, to something: by the atom.
    waiting: HashMap<Id, Vec<(Id, u32)>>,
    /// From an implication to something.
    nested: Vec<(Id, u32)>,
    /// All that was taken in, so that nothing is taken in twice.
    all: BTreeSet<Id>,
}

/// A search over one table.
pub struct Search<'a> {
    /// The formulas.
    pub table: &'a mut Table,
    /// What is left of it.
    pub budget: &'a mut Budget,
    /// Sequents that failed, by their saturated hypotheses and the goal.
    failed: HashMap<(Vec<Id>, Id), Rc<Above>>,
}

impl<'a> Search<'a> {
    /// A search that has found nothing yet.
    pub fn new(table: &'a mut Table, budget: &'a mut Budget) -> Self {
        Search { table, budget, failed: HashMap::new() }
    }

    /// Proves a goal from hypotheses, which are the variables from level 0 on, or finds a model.
    ///
    /// # Errors
    /// The budget is used up.
    pub fn run(&mut self, hypotheses: &[Id], goal: Id) -> Result<Result<Rc<Proof>, Model>, Reason> {
        let fresh = hypotheses.iter().copied().zip(0..).collect::<Vec<(Id, u32)>>();
        let depth = u32::try_from(fresh.len()).unwrap_or(u32::MAX);
        let found = self.prove(Facts { fresh, ..Facts::default() }, depth, goal)?;
        Ok(found.map_err(|lowest| Model::from(&lowest)))
    }

    /// The rules that lose nothing, for the goal and for facts.
    fn prove(&mut self, mut facts: Facts, depth: u32, goal: Id) -> Result<Found, Reason> {
        self.budget.spend(1)?;
        if let Some(level) = facts.atoms.get(&goal) {
            return Ok(Ok(Rc::new(Proof::Var(*level))));
        }
        match self.table.get(goal) {
            Formula::Imp(a, b) => {
                facts.fresh.push((a, depth));
                return Ok(self.prove(facts, depth + 1, b)?.map(|t| Rc::new(Proof::Lam(t))));
            }
            Formula::And(a, b) if !self.given(&facts, goal) => return self.both(facts, depth, [a, b]),
            Formula::True => return Ok(Ok(Rc::new(Proof::Star))),
            _ => (),
        }
        while let Some((fact, level)) = facts.fresh.pop() {
            let var = Rc::new(Proof::Var(level));
            if fact == goal {
                return Ok(Ok(var));
            }
            if !facts.all.insert(fact) {
                continue;
            }
            match self.table.get(fact) {
                Formula::False => return Ok(Ok(Rc::new(Proof::Absurd(goal, var)))),
                Formula::True => (),
                Formula::Atom(_) => {
                    facts.atoms.insert(fact, level);
                    let woken = facts.waiting.remove(&fact).unwrap_or_default();
                    if let Some(((to, by), rest)) = woken.split_first() {
                        facts.waiting.insert(fact, rest.to_vec());
                        // The others wait for the same atom, which is looked at again.
                        facts.all.remove(&fact);
                        facts.fresh.push((fact, level));
                        let applied = Proof::App(Rc::new(Proof::Var(*by)), var);
                        return self.with(facts, depth, goal, &[(*to, applied)]);
                    }
                    facts.waiting.remove(&fact);
                }
                Formula::And(a, b) => {
                    let parts = [(a, Proof::Fst(var.clone())), (b, Proof::Snd(var))];
                    return self.with(facts, depth, goal, &parts);
                }
                Formula::Or(a, b) => {
                    let mut case = |part: Id| {
                        let mut facts = facts.clone();
                        facts.fresh.push((part, depth));
                        self.prove(facts, depth + 1, goal)
                    };
                    let first = case(a)?;
                    let Ok(first) = first else { return Ok(first) };
                    let second = case(b)?;
                    return Ok(second.map(|second| Rc::new(Proof::Cases(fact, goal, var, first, second))));
                }
                Formula::Imp(a, b) => match self.table.get(a) {
                    Formula::False => (),
                    Formula::True => {
                        let applied = Proof::App(var, Rc::new(Proof::Star));
                        return self.with(facts, depth, goal, &[(b, applied)]);
                    }
                    Formula::Atom(_) => match facts.atoms.get(&a) {
                        Some(atom) => {
                            let applied = Proof::App(var, Rc::new(Proof::Var(*atom)));
                            return self.with(facts, depth, goal, &[(b, applied)]);
                        }
                        None => facts.waiting.entry(a).or_default().push((b, level)),
                    },
                    Formula::And(c, d) => {
                        let inner = self.table.imp(d, b);
                        let curried = self.table.imp(c, inner);
                        // Below two more binders.
                        let (first, second) = (Rc::new(Proof::Var(depth)), Rc::new(Proof::Var(depth + 1)));
                        let body = Proof::App(var, Rc::new(Proof::Pair(first, second)));
                        let proof = Proof::Lam(Rc::new(Proof::Lam(Rc::new(body))));
                        return self.with(facts, depth, goal, &[(curried, proof)]);
                    }
                    Formula::Or(c, d) => {
                        let (from_c, from_d) = (self.table.imp(c, b), self.table.imp(d, b));
                        // The second is proved below the first.
                        let part = |at: u32, first: bool| {
                            let said = Proof::In(a, first, Rc::new(Proof::Var(at)));
                            Proof::Lam(Rc::new(Proof::App(var.clone(), Rc::new(said))))
                        };
                        let parts = [(from_c, part(depth, true)), (from_d, part(depth + 1, false))];
                        return self.with(facts, depth, goal, &parts);
                    }
                    Formula::Imp(..) => facts.nested.push((fact, level)),
                },
            }
        }
        self.choose(facts, depth, goal)
    }

    /// Both parts of a conjunction.
    fn both(&mut self, facts: Facts, depth: u32, [a, b]: [Id; 2]) -> Result<Found, Reason> {
        let first = self.prove(facts.clone(), depth, a)?;
        let Ok(first) = first else { return Ok(first) };
        Ok(self.prove(facts, depth, b)?.map(|second| Rc::new(Proof::Pair(first, second))))
    }

    /// Whether a fact gives a formula as a whole, so that it should not be proved part by part.
    fn given(&self, facts: &Facts, goal: Id) -> bool {
        let fresh = facts.fresh.iter().map(|(id, _)| *id);
        fresh.chain(facts.nested.iter().map(|(id, _)| *id)).any(|id| self.last(id) == goal)
    }

    /// What an implication gives in the end.
    fn last(&self, mut id: Id) -> Id {
        while let Formula::Imp(_, b) = self.table.get(id) {
            id = b;
        }
        id
    }

    /// Goes on with more facts, each with its proof below those before.
    fn with(&mut self, mut facts: Facts, depth: u32, goal: Id, more: &[(Id, Proof)]) -> Result<Found, Reason> {
        let mut at = depth;
        for (fact, _) in more {
            facts.fresh.push((*fact, at));
            at += 1;
        }
        let bind = |rest, (fact, proof): &(Id, Proof)| Rc::new(Proof::Let(*fact, Rc::new(proof.clone()), rest));
        Ok(self.prove(facts, at, goal)?.map(|rest| more.iter().rev().fold(rest, bind)))
    }

    /// The rules that choose.
    fn choose(&mut self, facts: Facts, depth: u32, goal: Id) -> Result<Found, Reason> {
        let mut hypotheses: Vec<Id> = facts.atoms.keys().copied().collect();
        for (atom, waiting) in &facts.waiting {
            hypotheses.extend(waiting.iter().map(|(to, _)| self.table.imp(*atom, *to)));
        }
        hypotheses.extend(facts.nested.iter().map(|(id, _)| *id));
        hypotheses.sort_unstable();
        if let Some(model) = self.failed.get(&(hypotheses.clone(), goal)) {
            return Ok(Err(model.clone()));
        }
        let found = self.choose_among(&facts, depth, goal, &hypotheses)?;
        if let Err(model) = &found {
            self.failed.insert((hypotheses, goal), model.clone());
        }
        Ok(found)
    }

    fn choose_among(&mut self, facts: &Facts, depth: u32, goal: Id, hypotheses: &[Id]) -> Result<Found, Reason> {
        if let Some(atoms) = classical::countermodel(self.table, hypotheses, goal, self.budget)? {
            return Ok(Err(Rc::new(Above { atoms, above: Vec::new() })));
        }
        let mut worlds = Vec::new();
        if let Formula::Or(a, b) = self.table.get(goal) {
            for (part, first) in [(a, true), (b, false)] {
                match self.prove(facts.clone(), depth, part)? {
                    Ok(proof) => return Ok(Ok(Rc::new(Proof::In(goal, first, proof)))),
                    Err(model) => worlds.push(model),
                }
            }
        }
        // What gives the goal itself comes first.
        let mut order: Vec<usize> = (0..facts.nested.len()).collect();
        order.sort_by_key(|i| facts.nested.get(*i).map(|(id, _)| self.last(*id) != goal));
        for i in order {
            let Some((fact, level)) = facts.nested.get(i) else { continue };
            let Formula::Imp(from, to) = self.table.get(*fact) else { continue };
            let Formula::Imp(_, b) = self.table.get(from) else { continue };
            let mut rest = facts.clone();
            rest.nested.remove(i);
            let after = rest.clone();
            // What this fact came from may come again, and is no longer there.
            rest.all = rest.atoms.keys().copied().chain(rest.nested.iter().map(|(id, _)| *id)).collect();
            // From b the implication follows, and so what it gives.
            let weaker = self.table.imp(b, to);
            let by_b = Proof::Lam(Rc::new(Proof::App(
                Rc::new(Proof::Var(*level)),
                Rc::new(Proof::Lam(Rc::new(Proof::Var(depth)))),
            )));
            match self.with(rest, depth, from, &[(weaker, by_b)])? {
                Ok(proof) => {
                    let applied = Proof::App(Rc::new(Proof::Var(*level)), proof);
                    // Nothing is lost here: what does not follow from more does not follow.
                    return self.with(after, depth, goal, &[(to, applied)]);
                }
                Err(model) => worlds.push(model),
            }
        }
        if let Formula::And(a, b) = self.table.get(goal) {
            return self.both(facts.clone(), depth, [a, b]);
        }
        let atoms = facts.atoms.keys().filter_map(|a| match self.table.get(*a) {
            Formula::Atom(n) => Some(n),
            _ => None,
        });
        Ok(Err(Rc::new(Above { atoms: atoms.collect(), above: worlds })))
    }
}
