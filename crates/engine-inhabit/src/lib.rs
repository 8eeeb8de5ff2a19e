//! Terms of dependent types, found by refining what is still open.

mod copy;
mod read;
mod search;
mod store;
mod term;
mod write;

use bfv_format::{Node, Term};
use bfv_kernel::{Ctx, V, Val};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, stopped};
use read::{Open, Reader};
use search::{Search, Stop};
use std::rc::Rc;
use store::{Role, Store};
use term::{Clo, Env};
use write::Writer;

/// Finds a term of the type of a goal.
///
/// # Errors
/// The budget is used up, the goal has something in it that the search does not know, or there is no term among those that it makes.
pub fn inhabit(goal: &Goal<'_>, budget: &mut Budget) -> Result<Term, Open> {
    let m = goal.machine;
    let (ctx, target, taken) = taken_in(goal)?;
    if !ctx.dims.is_empty() {
        return Err((Reason::OutsideFragment, String::new()));
    }
    let variables = ctx.types.len();
    let mut reader = Reader::new(m, variables);
    for (level, ty) in (0..).zip(&ctx.types) {
        let ty = m.quote(&ctx, ty).map_err(|r| stopped(&r))?;
        reader.variable(level, &ty)?;
    }
    let wanted = m.quote(&ctx, &target).map_err(|r| stopped(&r))?;
    let wanted = reader.term(&wanted, 0, 0)?;
    reader.targets()?;
    let mut store = reader.store;
    store.refuel();
    let too_long = |_| (Reason::Unsupported, "The type of the goal takes too long to evaluate.".to_owned());
    let root = store
        .open(
            &Env::default(),
            &None,
            Clo { env: Env::default(), tm: wanted },
            Role { irrelevant: true, ..Role::default() },
        )
        .map_err(too_long)?;
    let variables = u32::try_from(variables).unwrap_or(u32::MAX);
    let (mut found, mut refused) = (None, 0_u32);
    let mut judge = |store: &Store| -> Result<bool, Stop> {
        let Some(term) = (Writer { store, variables }).term(&root, 0) else { return Ok(false) };
        let accepted = m.check(&ctx, &term, &target).is_ok();
        if accepted {
            found = Some(term);
        } else {
            refused += 1;
        }
        Ok(accepted)
    };
    let done = Search::new(store, budget, &mut judge).run();
    match (done, found) {
        (Ok(true), Some(term)) => Ok((0..taken).fold(term, |t, _| Rc::new(Node::Lam(t)))),
        (Err(Stop::Reason(reason)), _) => {
            Err((reason, "The search for a term of the type ran out of steps.".to_owned()))
        }
        _ => Err((Reason::Incomplete, "No term was found.".to_owned())),
    }
}

/// The context and the rest of the goal after its arguments are taken in, and how many these are.
fn taken_in(goal: &Goal<'_>) -> Result<(Ctx, V, u32), Open> {
    let m = goal.machine;
    let (mut ctx, mut target, mut taken) = (goal.ctx.clone(), goal.target.clone(), 0);
    loop {
        let w = m.whnf(&target).map_err(|r| stopped(&r))?;
        let Val::Pi(a, b) = &*w else { break };
        let (inner, x) = m.bind(&ctx, a.clone());
        (target, ctx) = (m.inst(b, x), inner);
        taken += 1;
    }
    Ok((ctx, target, taken))
}

/// The engine.
pub struct Inhabit;

impl Engine for Inhabit {
    fn name(&self) -> &'static str {
        "inhabit"
    }

    fn looks_into_definitions(&self) -> bool {
        true
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        match inhabit(goal, budget) {
            Ok(term) => Outcome::Candidate(term),
            Err((reason, why)) => Outcome::GaveUp(reason, why),
        }
    }
}
