//! What engines answered, so that a question that comes again within one task is not searched again.
//!
//! A script is tried step by step, and each try elaborates it from the start. The engines that its steps call get the same goals each time.

use crate::{Budget, Engine, Goal, Outcome, Reason};
use bfv_format::Term;
use bfv_kernel::META_BASE;
use std::cell::RefCell;

/// So many answers are kept, the latest ones.
const MOST: usize = 64;

/// What engines answered about goals over one signature. Nothing in it is believed: what they propose is judged each time.
#[derive(Debug, Default)]
pub struct Memo(RefCell<Vec<Answer>>);

#[derive(Debug)]
struct Answer {
    engine: &'static str,
    question: Question,
    /// Steps that the engine might take, and took.
    given: u64,
    used: u64,
    outcome: Outcome,
}

/// Everything that an answer may depend on, but for the steps.
#[derive(Debug, PartialEq)]
struct Question {
    /// Types of the context, outermost first, and the target.
    types: Vec<Term>,
    hints: Vec<Term>,
    lemmas: usize,
}

impl Question {
    /// Nothing where a goal has dimensions in its context, or is not known in full yet.
    fn of(goal: &Goal<'_>) -> Option<Question> {
        if !goal.ctx.dims.is_empty() {
            return None;
        }
        let read = |v| goal.machine.quote(&goal.ctx, v).ok();
        let types = (0..goal.ctx.types.len()).map(|n| goal.ctx.types.get(n)).chain([Some(&goal.target)]);
        let types: Vec<Term> = types.map(|v| read(v?)).collect::<Option<_>>()?;
        let open = |t: &Term| bfv_format::named(t).range(META_BASE..).next().is_some();
        if types.iter().chain(&goal.hints).any(open) {
            return None;
        }
        Some(Question { types, hints: goal.hints.clone(), lemmas: goal.lemmas.len() })
    }
}

impl Answer {
    /// Whether an engine with so many steps would answer the same.
    fn holds_for(&self, left: u64) -> bool {
        match &self.outcome {
            // What was found with less is found.
            Outcome::Candidate(_) | Outcome::Refutation(..) => self.given <= left,
            Outcome::GaveUp(..) => self.given == left,
        }
    }
}

impl Budget {
    /// Asks an engine, or tells what it answered when it was asked the same before, which takes the same steps.
    pub fn ask(&mut self, engine: &dyn Engine, goal: &Goal<'_>) -> Outcome {
        let Some((memo, question)) = self.memo.clone().and_then(|m| Some((m, Question::of(goal)?))) else {
            return engine.solve(goal, self);
        };
        let known = |a: &&Answer| a.engine == engine.name() && a.holds_for(self.left) && a.question == question;
        if let Some(answer) = memo.0.borrow().iter().find(known) {
            self.left = self.left.saturating_sub(answer.used);
            self.used = self.used.saturating_add(answer.used);
            return answer.outcome.clone();
        }
        let (given, before) = (self.left, self.used);
        let outcome = engine.solve(goal, self);
        if matches!(outcome, Outcome::GaveUp(Reason::Cancelled, _)) {
            return outcome;
        }
        let used = self.used.saturating_sub(before);
        let mut answers = memo.0.borrow_mut();
        if answers.len() >= MOST {
            answers.remove(0);
        }
        answers.push(Answer { engine: engine.name(), question, given, used, outcome: outcome.clone() });
        outcome
    }
}
