//! Statements that come with a claim, made from the claim's own statement: that its hypotheses contradict each other,
//! and the same with the condition of a `holds_if`. Check and gate make them alike, so the gate has nothing to search for.
//!
//! One statement answers two questions. A proof of "the hypotheses contradict each other" shows that the claim is vacuous;
//! a refutation of it is a point at which all hypotheses hold.

use crate::check::{Conditional, Goal};
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ctx, Limits, Machine, Res, Signature, V, Val};
use std::rc::Rc;

/// What a stored proof of a claim is about; each lies in a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The claim itself.
    Claim,
    /// That its hypotheses contradict each other, or the opposite.
    Hypotheses,
    /// That it holds under the condition of this number, from 1.
    Condition(usize),
    /// That this condition contradicts the hypotheses, or the opposite.
    ConditionHypotheses(usize),
    /// That it holds under a condition that bfv found.
    Repair,
    /// That the condition that bfv found contradicts the hypotheses, or the opposite.
    RepairHypotheses,
    /// That the invariant of this number, from 1, holds in every state.
    Always(usize),
    /// That it follows from the others.
    Follows(usize),
}

impl Part {
    /// The name of the file without its ending. No claim can have a name with a hyphen in it.
    #[must_use]
    pub fn file(self, claim: &str) -> String {
        match self {
            Part::Claim => claim.to_owned(),
            Part::Hypotheses => format!("{claim}-hypotheses"),
            Part::Condition(n) => format!("{claim}-if-{n}"),
            Part::ConditionHypotheses(n) => format!("{claim}-if-{n}-hypotheses"),
            Part::Repair => format!("{claim}-repair"),
            Part::RepairHypotheses => format!("{claim}-repair-hypotheses"),
            Part::Always(n) => format!("{claim}-invariant-{n}"),
            Part::Follows(n) => format!("{claim}-invariant-{n}-follows"),
        }
    }

    /// What it is, said of a claim.
    #[must_use]
    pub fn of(self, claim: &str) -> String {
        match self {
            Part::Claim => claim.to_owned(),
            Part::Hypotheses => format!("the hypotheses of {claim}"),
            Part::Condition(n) => format!("condition {n} of {claim}"),
            Part::ConditionHypotheses(n) => format!("the hypotheses of {claim} with condition {n}"),
            Part::Repair => format!("the condition found for {claim}"),
            Part::RepairHypotheses => format!("the hypotheses of {claim} with the condition found"),
            Part::Always(n) => format!("invariant {n} of {claim}"),
            Part::Follows(n) => format!("invariant {n} of {claim} from the others"),
        }
    }
}

/// The name under which a stored proof of `Part::Repair` carries the text of its condition, among its values.
const CONDITION: &str = "condition";

/// The values of a stored proof that holds under a condition that bfv found.
#[must_use]
pub fn condition_values(condition: &str) -> Vec<(String, String)> {
    vec![(CONDITION.to_owned(), condition.to_owned())]
}

/// The condition among the values of a stored proof of `Part::Repair`. The text means nothing by itself: it is read as a statement,
/// and the proof must be one of this statement.
#[must_use]
pub fn stored_condition(values: &[(String, String)]) -> Option<&str> {
    match values {
        [(name, text)] if name == CONDITION => Some(text),
        _ => None,
    }
}

/// Depth to which a hypothesis is looked into when it is asked whether it is one.
const NESTING: u32 = 32;

/// "The hypotheses contradict each other": the statement with `Empty` for its conclusion. The conclusion begins after the first `least`
/// arguments, and after all further ones whose result is not `Empty`: `not P`, and an order, which is one, count as conclusions.
#[must_use]
pub fn contradiction(statement: &Term, least: usize) -> Option<Term> {
    let mut domains = Vec::new();
    let mut rest = statement.clone();
    while let Node::Pi(domain, result) = &*rest.clone() {
        if domains.len() >= least && matches!(&**result, Node::Prim(Prim::Empty)) {
            break;
        }
        domains.push(domain.clone());
        rest = result.clone();
    }
    let empty: Term = Rc::new(Node::Prim(Prim::Empty));
    (!domains.is_empty()).then(|| domains.into_iter().rev().fold(empty, |t, d| Rc::new(Node::Pi(d, t))))
}

/// The statement about the hypotheses of a claim; nothing when it has variables only.
#[must_use]
pub fn hypotheses(signature: &Signature, goal: &Goal) -> Option<Term> {
    let statement = contradiction(&goal.statement, 0)?;
    let machine = Machine::new(signature, Limits { steps: 1_000_000, ..Limits::default() });
    // What the evaluator cannot look at is offered to the search all the same.
    states_something(&machine, &statement).unwrap_or(true).then_some(statement)
}

/// The statement about the hypotheses of a claim together with a condition, and names for its leading variables.
#[must_use]
pub fn with_condition(goal: &Goal, c: &Conditional) -> Option<(Term, Vec<String>)> {
    let (before, after) = goal.variables.split_at_checked(c.binders)?;
    let names = before.iter().cloned().chain([String::new()]).chain(after.iter().cloned()).collect();
    Some((contradiction(&c.statement, c.binders + 1)?, names))
}

/// Whether some argument of a statement is a proposition and not data.
fn states_something(m: &Machine<'_>, statement: &Term) -> Res<bool> {
    propositions(m, statement, &mut |is| is)
}

/// Which of the leading arguments of a statement, as many as there are names, are propositions and not data; nothing where the evaluator
/// cannot look at them.
#[must_use]
pub fn arguments(signature: &Signature, goal: &Goal) -> Option<Vec<(String, bool)>> {
    let machine = Machine::new(signature, Limits { steps: 1_000_000, ..Limits::default() });
    let mut out = Vec::new();
    let mut names = goal.variables.iter();
    propositions(&machine, &goal.statement, &mut |is| {
        out.extend(names.next().map(|name| (name.clone(), is)));
        out.len() == goal.variables.len()
    })
    .ok()?;
    (out.len() == goal.variables.len()).then_some(out)
}

/// Says of each leading argument of a statement whether it is a proposition, until `stop` is true of one; whether that was so.
fn propositions(m: &Machine<'_>, statement: &Term, stop: &mut dyn FnMut(bool) -> bool) -> Res<bool> {
    let mut ctx = Ctx::default();
    let mut current = m.eval(&ctx.env, statement);
    while let Val::Pi(domain, result) = &*m.whnf(&current)? {
        if stop(is_proposition(m, &ctx, domain, NESTING)?) {
            return Ok(true);
        }
        let (inner, x) = m.bind(&ctx, domain.clone());
        current = m.inst(result, x);
        ctx = inner;
    }
    Ok(false)
}

fn is_proposition(m: &Machine<'_>, ctx: &Ctx, ty: &V, nesting: u32) -> Res<bool> {
    let Some(nesting) = nesting.checked_sub(1) else { return Ok(false) };
    Ok(match &*m.whnf(ty)? {
        Val::Path(..) | Val::Prim(Prim::Empty) => true,
        Val::Pi(domain, result) => {
            let (inner, x) = m.bind(ctx, domain.clone());
            is_proposition(m, &inner, &m.inst(result, x), nesting)?
        }
        Val::Sigma(first, second) => {
            let (inner, x) = m.bind(ctx, first.clone());
            is_proposition(m, ctx, first, nesting)? && is_proposition(m, &inner, &m.inst(second, x), nesting)?
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(n: Node) -> Term {
        Rc::new(n)
    }
    fn pi(a: Term, b: Term) -> Term {
        t(Node::Pi(a, b))
    }
    fn prim(p: Prim) -> Term {
        t(Node::Prim(p))
    }
    fn empty() -> Term {
        prim(Prim::Empty)
    }

    #[test]
    fn the_conclusion_becomes_empty() {
        let (nat, unit) = (prim(Prim::Nat), prim(Prim::Unit));
        // (x : Nat) -> Unit -> Unit: both arguments stay.
        let s = pi(nat.clone(), pi(unit.clone(), unit.clone()));
        assert_eq!(contradiction(&s, 0), Some(pi(nat.clone(), pi(unit.clone(), empty()))));
        // (x : Nat) -> not Unit: what is denied is the conclusion.
        let s = pi(nat.clone(), pi(unit.clone(), empty()));
        assert_eq!(contradiction(&s, 0), Some(pi(nat.clone(), empty())));
        // Unless it is said to be an argument.
        assert_eq!(contradiction(&s, 2), Some(s.clone()));
        // No arguments, no hypotheses.
        assert_eq!(contradiction(&unit, 0), None);
        assert_eq!(contradiction(&pi(unit, empty()), 0), None);
    }
}
