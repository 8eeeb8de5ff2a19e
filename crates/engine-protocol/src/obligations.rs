//! The goals of a proof by invariants: each part of what is kept at first and after each action, and what is open.

use crate::ground::hints::Note;
use crate::ground::proof::{P, Proof};
use crate::ground::search::Search;
use crate::invariant::named;
use bfv_format::{Prim, Term};
use bfv_kernel::{Res, V, Val};
use bfv_search::{Budget, Lemma, Reason, Solver};
use std::collections::BTreeSet;
use std::rc::Rc;

/// One goal gets this part of all steps, as what takes longer most likely lacks an invariant, but no fewer than `OBLIGATION`.
const PART: u64 = 50;
/// Steps of one goal.
const OBLIGATION: u64 = 5_000;
/// Steps of the evaluator for each of these, at most.
const EVALUATIONS: u64 = 60;

/// The same for invariants that were made, of which most fail.
const MADE: u64 = 1_000;

/// Steps of a goal before the solver is asked.
const ALONE: u64 = 1_000;

/// Where a part of what is kept comes from.
#[derive(Clone, Copy)]
pub enum Source {
    /// The invariants that the protocol gives.
    Given,
    /// One that was made, by its number.
    Made(usize),
    /// The property.
    Property,
}

/// A part of what is kept.
pub struct Part {
    pub source: Source,
    /// What it says of a state, numbered; the state has the number of all variables of the claim.
    pub says: Term,
    /// What a person calls it.
    pub name: String,
}

/// What is not shown so far.
#[derive(Default)]
pub struct Open {
    /// So many steps of the evaluator may have been taken at the end.
    evaluations: u64,
    /// Steps of each goal.
    share: u64,
    pub reason: Option<Reason>,
    /// After which action, and what.
    pub goals: Vec<(Option<String>, String)>,
    /// The invariants made that are not shown.
    pub made: BTreeSet<usize>,
    /// Nothing else is asked.
    only_made: bool,
    /// Whom to ask for hints.
    solver: Option<&'static dyn Solver>,
    /// What came of asking.
    pub notes: BTreeSet<Note>,
}

impl Open {
    /// Nothing tried so far; `left` are the steps for all goals together. With `only_made`, nothing else is asked.
    pub fn new(only_made: bool, solver: Option<&'static dyn Solver>, evaluations: u64, left: u64) -> Self {
        Open { only_made, solver, evaluations, share: OBLIGATION.max(left / PART), ..Open::default() }
    }

    /// Proves each part of what is kept, of one state.
    pub fn prove(
        &mut self,
        search: &mut Search<'_>,
        types: &[V],
        parts: &[Part],
        after: Option<&str>,
        lemmas: &[Lemma],
        budget: &mut Budget,
    ) -> Res<Option<Vec<P>>> {
        let mut proofs = Vec::new();
        for (part, ty) in parts.iter().zip(types) {
            let proof = match part.source {
                // What failed before is not tried again.
                Source::Made(n) if self.made.contains(&n) => None,
                Source::Given | Source::Property if self.only_made => None,
                Source::Given | Source::Property => self.part(search, ty, after, &part.name, lemmas, budget)?,
                Source::Made(n) => {
                    let found = self.within(search, ty, (MADE, MADE), budget)?;
                    if let Err(reason) = &found {
                        self.reason.get_or_insert(*reason);
                        self.made.insert(n);
                    }
                    found.ok()
                }
            };
            proofs.push(proof);
        }
        Ok(proofs.into_iter().collect())
    }

    pub fn why(&self) -> Reason {
        self.reason.unwrap_or(Reason::Unsupported)
    }

    fn part(
        &mut self,
        search: &mut Search<'_>,
        ty: &V,
        after: Option<&str>,
        name: &str,
        lemmas: &[Lemma],
        budget: &mut Budget,
    ) -> Res<Option<P>> {
        let m = search.reader.m;
        let own = named(m, ty, lemmas)?;
        let name = own.as_deref().unwrap_or(name);
        if let Val::Sigma(a, b) = &*m.whnf(ty)? {
            let rest = m.inst(b, m.value(Val::Prim(Prim::Star)));
            let first = self.part(search, a, after, name, lemmas, budget)?;
            let second = self.part(search, &rest, after, name, lemmas, budget)?;
            return Ok(first.zip(second).map(|(a, b)| Rc::new(Proof::Pair(a, b))));
        }
        match self.hinted(search, ty, budget)? {
            Ok(p) => Ok(Some(p)),
            Err(reason) => {
                self.reason.get_or_insert(reason);
                self.goals.push((after.map(str::to_owned), name.to_owned()));
                Ok(None)
            }
        }
    }

    /// One goal within so many steps. What it takes is caught, so that the others are tried and the one that is open is named.
    /// The evaluator gets what is right for `evaluated` steps.
    fn within(
        &self,
        search: &mut Search<'_>,
        ty: &V,
        (steps, evaluated): (u64, u64),
        budget: &mut Budget,
    ) -> Res<Result<P, Reason>> {
        let m = search.reader.m;
        let mut own = budget.part(steps);
        let mark = search.mark();
        // A part of what is left is kept for the others.
        let left = self.evaluations.saturating_sub(m.steps());
        let share = evaluated.saturating_mul(EVALUATIONS).min(left / 4);
        let found = m.within(share, || search.prove(ty, &mut own))?.unwrap_or(Err(Reason::Budget));
        search.undo(&mark);
        let _ = budget.spend(own.used.min(budget.left));
        Ok(found)
    }

    /// The same with hints of the solver, where there is one and the search by itself does not reach the goal soon.
    fn hinted(&mut self, search: &mut Search<'_>, ty: &V, budget: &mut Budget) -> Res<Result<P, Reason>> {
        let all = (self.share, self.share);
        let Some(solver) = self.solver else { return self.within(search, ty, all, budget) };
        let alone = self.within(search, ty, (ALONE.min(self.share), self.share), budget)?;
        if alone.is_ok() {
            return Ok(alone);
        }
        search.hints.solver = Some(solver);
        let found = self.within(search, ty, all, budget)?;
        search.hints.solver = None;
        if found.is_err() {
            self.notes.extend(search.hints.note.take());
        }
        search.hints.reset();
        Ok(found)
    }

    pub fn said(&self) -> String {
        let mut out = Vec::new();
        for (after, what) in self.goals.iter().take(3) {
            out.push(match after {
                None => format!("It is not shown that {what} holds at first."),
                Some(action) => format!("It is not shown that `{action}` keeps {what}."),
            });
        }
        if let Some(more @ 1..) = self.goals.len().checked_sub(3) {
            out.push(format!("The same goes for {more} more."));
        }
        out.join(" ")
    }
}
