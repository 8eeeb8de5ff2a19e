//! Engines on claims: they are asked in order, within one budget.

use crate::check::{Attempt, Candidate, Goal, Method, Search};
use crate::core_text::is_smaller;
use crate::front::{Known, Plugged};
use crate::verdict::Reason;
use bfv_format::{Outcome as Sense, Term};
use bfv_kernel::{Ctx, Limits, Machine, Signature};
use bfv_search::{Budget, Engine, Goal as EngineGoal, Lemma, Memo, Outcome, Wish};
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

/// The largest value of a point that is told, in nodes. What is larger is left out.
const SHOWN: usize = 10_000;
/// Steps of the evaluator for each step of an engine, at most.
pub(crate) const EVALUATIONS: u64 = 100;

/// The engines on claims.
pub(crate) struct Engaged {
    pub(crate) engines: Plugged,
    pub(crate) known: Rc<RefCell<Known>>,
    /// Set where nobody waits for the answer.
    pub(crate) wish: Option<Wish>,
    /// What engines answered before.
    pub(crate) memo: Option<Rc<Memo>>,
}

impl Search for Engaged {
    fn search(&mut self, signature: &Signature, statement: &Term, variables: &[String], steps: u64) -> (Attempt, u64) {
        self.ask(self.engines.search, &[], signature, statement, variables, steps)
    }

    fn thorough(
        &mut self,
        goal: &Goal,
        signature: &Signature,
        statement: &Term,
        variables: &[String],
        steps: u64,
    ) -> (Attempt, u64) {
        let theorems = self.known.borrow_mut().session.theorems(&goal.module, statement);
        self.ask(self.engines.search, &theorems, signature, statement, variables, steps)
    }

    fn only(
        &mut self,
        method: Method,
        signature: &Signature,
        statement: &Term,
        variables: &[String],
        steps: u64,
    ) -> (Attempt, u64) {
        let engine = match method {
            Method::Point => self.engines.points,
            Method::Exhibit => self.engines.exhibits,
            Method::Linear => self.engines.arith,
            Method::Arithmetic => self.engines.auto,
            Method::Statements => self.engines.statements,
        };
        self.ask(&[engine], &[], signature, statement, variables, steps)
    }
}

impl Engaged {
    fn ask(
        &self,
        engines: &[&dyn Engine],
        more: &[Lemma],
        signature: &Signature,
        statement: &Term,
        variables: &[String],
        steps: u64,
    ) -> (Attempt, u64) {
        let machine = Machine::new(signature, Limits { steps: steps.saturating_mul(EVALUATIONS), ..Limits::default() });
        let ctx = Ctx::default();
        let known = self.known.borrow();
        let lemmas: Cow<'_, [Lemma]> = match more {
            [] => Cow::Borrowed(&known.session.lemmas),
            more => [&known.session.lemmas, more].concat().into(),
        };
        let mut last: Option<(Reason, String)> = None;
        let (mut used, mut looked_into) = (0, false);
        // What the evaluator did counts where theorems are tried: each of them costs an evaluation, and the engine counts one step.
        let spent = |used: u64| if more.is_empty() { used } else { used.max(machine.steps() / EVALUATIONS) };
        for engine in engines {
            // Were an engine to get only what others left, one that comes late would hardly be heard.
            let own = steps.saturating_sub(used).max(steps / 10);
            let mut budget = Budget::until(own, self.wish.as_ref()).remembering(self.memo.as_ref());
            let goal = EngineGoal {
                machine: &machine,
                ctx: ctx.clone(),
                target: machine.eval(&ctx.env, statement),
                lemmas: &lemmas,
                hints: Vec::new(),
            };
            let outcome = engine.solve(&goal, &mut budget);
            used += budget.used;
            match outcome {
                Outcome::Candidate(evidence) => {
                    let candidate = Candidate {
                        outcome: Sense::Proved,
                        evidence,
                        witness: Vec::new(),
                        engine: engine.name().to_owned(),
                    };
                    return (Attempt::Candidate(candidate), spent(used));
                }
                Outcome::Refutation(evidence, point) => {
                    let witness = variables
                        .iter()
                        .zip(&point)
                        .filter_map(|(n, v)| {
                            let v = v.as_ref().filter(|v| is_smaller(v, SHOWN));
                            v.map(|v| (n.clone(), bfv_elab::show(v, &known.session.names, &[], &[])))
                        })
                        .collect();
                    let candidate =
                        Candidate { outcome: Sense::Refuted, evidence, witness, engine: engine.name().to_owned() };
                    return (Attempt::Candidate(candidate), spent(used));
                }
                // That a further engine found nothing, either, or is for other goals, tells nothing new, unless nothing was told yet.
                Outcome::GaveUp(bfv_search::Reason::Incomplete | bfv_search::Reason::OutsideFragment, _)
                    if !engine.adds_to_reasons()
                        && last.as_ref().is_some_and(|(r, why)| *r != Reason::OutsideFragment || !why.is_empty()) => {}
                // It has nothing to add.
                Outcome::GaveUp(_, why) if engine.adds_to_reasons() && why.is_empty() && last.is_some() => {}
                // Who does not look into definitions knows less than who did.
                Outcome::GaveUp(..) if looked_into && !engine.looks_into_definitions() => {}
                Outcome::GaveUp(reason, mut why) => {
                    // That a goal is not for one engine says nothing against what another one looked at.
                    let reason = match (reason_of(reason), &last) {
                        (Reason::OutsideFragment, Some((earlier, _))) => *earlier,
                        (reason, _) => reason,
                    };
                    // What one could not show and what another one did not find are two things to know.
                    if let (Some((_, before)), true, true) = (&last, looked_into, engine.looks_into_definitions())
                        && *before != why
                    {
                        why = format!("{before} {why}").trim().to_owned();
                    }
                    looked_into = engine.looks_into_definitions() && !why.is_empty();
                    last = Some((reason, why));
                }
            }
        }
        let mut last = last.unwrap_or((Reason::Incomplete, String::new()));
        let own = known.session.names.own_definitions(statement);
        if let (Reason::Incomplete, Some(first), false) = (last.0, own.first(), looked_into) {
            let names: Vec<String> = own.iter().map(|n| format!("`{n}`")).collect();
            let hint =
                format!("The search does not look into {}. Begin with `by unfold {first}`.", names.join(" and "));
            last.1 = format!("{} {hint}", last.1).trim().to_owned();
        }
        (Attempt::GaveUp(last.0, last.1), spent(used))
    }
}

fn reason_of(r: bfv_search::Reason) -> Reason {
    use bfv_search::Reason as R;
    match r {
        R::Budget => Reason::Budget,
        R::Time => Reason::Time,
        R::Memory => Reason::Memory,
        R::Incomplete => Reason::Incomplete,
        R::OutsideFragment => Reason::OutsideFragment,
        R::Unsupported => Reason::Unsupported,
        R::RejectedCandidate => Reason::RejectedCandidate,
        R::ToolMissing => Reason::ToolMissing,
        R::Cancelled => Reason::Cancelled,
        R::Dependency => Reason::Dependency,
    }
}
