//! What engines answered, so that a question that comes again within one task is not searched again.
//!
//! A script is tried step by step, and each try elaborates it from the start. The engines that its steps call get the same goals each time.

use crate::{Budget, Engine, Goal, Outcome, Reason};
use bfv_format::{Node, Term};
use bfv_kernel::{Ctx, META_BASE};
use std::cell::RefCell;
use std::rc::Rc;

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
        // Each type is read in the scope of those before it.
        let (mut scope, mut types) = (Ctx::default(), Vec::new());
        for n in 0..goal.ctx.types.len() {
            let ty = goal.ctx.types.get(n)?;
            types.push(goal.machine.quote(&scope, ty).ok()?);
            scope = goal.machine.bind(&scope, ty.clone()).0;
        }
        types.push(goal.machine.quote(&scope, &goal.target).ok()?);
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

/// What an engine proposed for a goal, closed: the goal as a function type over its context, and the term as such a function.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// The engine.
    pub engine: &'static str,
    /// How many variables the context has.
    pub arguments: usize,
    /// The goal over its context.
    pub statement: Term,
    /// What was proposed, over the same context.
    pub evidence: Term,
    /// Lemmas that were known, steps that the engine might take, and that it took.
    pub numbers: (usize, u64, u64),
}

impl Memo {
    /// What was proposed so far, in order. What rests on hints is left out.
    #[must_use]
    pub fn proposed(&self) -> Vec<Proposed> {
        let one = |a: &Answer| {
            let Outcome::Candidate(term) = &a.outcome else { return None };
            let (target, context) = a.question.types.split_last().filter(|_| a.question.hints.is_empty())?;
            let over = |body: &Term, binder: &dyn Fn(&Term, Term) -> Node| {
                context.iter().rev().fold(body.clone(), |body, ty| Rc::new(binder(ty, body)))
            };
            Some(Proposed {
                engine: a.engine,
                arguments: context.len(),
                statement: over(target, &|ty, body| Node::Pi(ty.clone(), body)),
                evidence: over(term, &|_, body| Node::Lam(body)),
                numbers: (a.question.lemmas, a.given, a.used),
            })
        };
        self.0.borrow().iter().filter_map(one).collect()
    }

    /// Takes over what was proposed elsewhere. It is believed no more than what is proposed here.
    pub fn take(&self, proposed: Proposed) {
        let (mut types, mut statement, mut evidence) = (Vec::new(), proposed.statement, proposed.evidence);
        for _ in 0..proposed.arguments {
            let (Node::Pi(ty, rest), Node::Lam(body)) = (&*statement, &*evidence) else { return };
            types.push(ty.clone());
            (statement, evidence) = (rest.clone(), body.clone());
        }
        types.push(statement);
        let (lemmas, given, used) = proposed.numbers;
        let question = Question { types, hints: Vec::new(), lemmas };
        let outcome = Outcome::Candidate(evidence);
        self.add(Answer { engine: proposed.engine, question, given, used, outcome });
    }

    fn add(&self, answer: Answer) {
        let mut answers = self.0.borrow_mut();
        if answers.len() >= MOST {
            answers.remove(0);
        }
        answers.push(answer);
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
        // Why it ended early may lie outside of the question: what is left of the evaluator's steps, or a wish.
        if let Outcome::GaveUp(Reason::Cancelled | Reason::Budget | Reason::Time | Reason::Memory, _) = outcome {
            return outcome;
        }
        let used = self.used.saturating_sub(before);
        memo.add(Answer { engine: engine.name(), question, given, used, outcome: outcome.clone() });
        outcome
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use bfv_format::Prim;
    use bfv_kernel::{Limits, Machine, Signature};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Proposes the last variable where it has five steps.
    #[derive(Default)]
    struct Counted(AtomicU32);

    impl Engine for Counted {
        fn name(&self) -> &'static str {
            "counted"
        }
        fn solve(&self, _: &Goal<'_>, budget: &mut Budget) -> Outcome {
            self.0.fetch_add(1, Ordering::Relaxed);
            match budget.spend(5) {
                Ok(()) => Outcome::Candidate(Rc::new(Node::Var(0))),
                Err(reason) => Outcome::GaveUp(reason, String::new()),
            }
        }
    }

    #[test]
    fn the_same_question_is_searched_once_and_takes_the_same_steps() {
        let signature = Signature::default();
        let machine = Machine::new(&signature, Limits::default());
        let prim = |p| machine.eval(&Ctx::default().env, &Rc::new(Node::Prim(p)));
        let ctx = machine.bind(&Ctx::default(), prim(Prim::Nat)).0;
        let goal =
            |target, ctx: &Ctx| Goal { machine: &machine, ctx: ctx.clone(), target, lemmas: &[], hints: Vec::new() };
        let (engine, memo) = (Counted::default(), Rc::new(Memo::default()));
        let ask = |memo: &Rc<Memo>, steps, goal: &Goal<'_>| {
            let mut budget = Budget::new(steps).remembering(Some(memo));
            let found = matches!(budget.part(u64::MAX).ask(&engine, goal), Outcome::Candidate(_));
            assert_eq!(matches!(budget.ask(&engine, goal), Outcome::Candidate(_)), found);
            (found, budget.used, engine.0.load(Ordering::Relaxed))
        };
        let nat = goal(prim(Prim::Nat), &ctx);
        assert_eq!(ask(&memo, 9, &nat), (true, 5, 1));
        // With more steps it finds no less; with fewer it is asked.
        assert_eq!(ask(&memo, 20, &nat), (true, 5, 1));
        assert_eq!(ask(&memo, 4, &nat), (false, 0, 3), "that steps ran out is no answer, and is not kept");
        // Another goal, another context, and hints are other questions.
        assert_eq!(ask(&memo, 9, &goal(prim(Prim::Int), &ctx)), (true, 5, 4));
        let two = machine.bind(&ctx, prim(Prim::Nat)).0;
        assert_eq!(ask(&memo, 9, &goal(prim(Prim::Nat), &two)), (true, 5, 5));
        let hinted = Goal { hints: vec![Rc::new(Node::Var(0))], ..goal(prim(Prim::Nat), &ctx) };
        assert_eq!(ask(&memo, 9, &hinted), (true, 5, 6));
        // What was proposed is known elsewhere, but for what rests on hints.
        let other = Rc::new(Memo::default());
        let proposed = memo.proposed();
        assert_eq!(proposed.len(), 3);
        proposed.into_iter().for_each(|p| other.take(p));
        assert_eq!(ask(&other, 9, &goal(prim(Prim::Nat), &two)), (true, 5, 6));
        assert_eq!(ask(&other, 9, &hinted), (true, 5, 7));
    }
}
