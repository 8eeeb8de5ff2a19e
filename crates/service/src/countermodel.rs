//! Why a goal does not follow by logic alone: a Kripke model, in words and as data. It refutes nothing, and the goal stays unknown.

use crate::fault::Fault;
use crate::sheet::NAME;
use crate::solve::{Bench, Stop};
use bfv_driver::{Math, count, statement_sentence};
use bfv_engine_logic::{Decided, decide, model::Model};
use bfv_format::Node;
use bfv_search::Budget;
use serde_json::{Value, json};

/// Steps of the search.
const STEPS: u64 = 300_000;
/// Most worlds that are told one by one.
const TOLD: usize = 24;

/// A model, and whether it says that nothing will be found: all in the goal is propositions of which nothing is known.
pub struct Told {
    /// The model as data and in words.
    pub value: Value,
    /// Whether a search has nothing to find.
    pub settled: bool,
}

/// A model in which what is given holds and the goal does not, where there is one.
///
/// # Errors
/// The request was cancelled, or the goal has a mistake.
pub fn countermodel(bench: &mut Bench<'_>) -> Result<Option<Told>, Stop> {
    match bench.limits.check() {
        Err(Stop::Deadline) => return Ok(None),
        ended => ended?,
    }
    let names: Vec<String> = bench.leading.iter().chain(&bench.names).cloned().collect();
    let wish = bench.limits.cancelled.clone();
    let found = bench.desk.ask(NAME, &bench.sheet.bare(), STEPS, |goal, known| {
        let mut budget = Budget::until(STEPS, Some(&wish));
        match decide(goal, &mut budget) {
            Ok(Decided::Model { model, atoms, arguments }) => {
                let named = |n: u32| {
                    let given = usize::try_from(n).ok().and_then(|n| names.get(n)).filter(|name| *name != "_");
                    given.cloned().unwrap_or_else(|| format!("h{}", n.saturating_add(1)))
                };
                let variables: Vec<String> = (0..arguments).map(named).collect();
                // That a variable is a type stands among the atoms all the same. Where more is made of a universe there is no model.
                let plain = atoms.iter().all(|a| matches!(**a, Node::Var(_) | Node::Univ(_)));
                Some((
                    model,
                    plain,
                    atoms.iter().map(|a| bfv_elab::show(a, known, &variables, &[])).collect::<Vec<_>>(),
                ))
            }
            // A proof is for the kernel to judge, and it was found by the same search before.
            Ok(Decided::Proof(_)) | Err(_) => None,
        }
    });
    match found {
        // A model in which nothing holds says of an equation no more than that it is not a matter of logic.
        Ok(found) => Ok(found
            .filter(|(model, _, atoms)| {
                let holds = model.worlds.iter().any(|w| !w.atoms.is_empty());
                bench.sheet.typed && (holds || !atoms.iter().any(|a| a.contains('=')))
            })
            .map(|(model, plain, atoms)| Told { value: told(&model, &atoms), settled: plain })),
        Err(problems) => {
            let fault = problems.first().map(|p| bench.sheet.fault(p, ""));
            Err(fault.unwrap_or_else(|| Fault::internal("A goal was refused without a reason.")).into())
        }
    }
}

/// A model as data and in words. Worlds have the numbers that the words use, from 1.
fn told(model: &Model, atoms: &[String]) -> Value {
    let holds = |w: &bfv_engine_logic::model::World| -> Vec<&str> {
        w.atoms.iter().filter_map(|a| usize::try_from(*a).ok().and_then(|a| atoms.get(a))).map(String::as_str).collect()
    };
    let above = |w: &bfv_engine_logic::model::World| w.above.iter().map(|a| a + 1).collect::<Vec<_>>();
    let worlds: Vec<Value> = (1usize..)
        .zip(&model.worlds)
        .map(|(n, w)| json!({ "world": n, "holds": holds(w), "above": above(w) }))
        .collect();
    let mut spoken = format!(
        "This is no consequence of what is given by propositional logic alone. There is a Kripke model with {}.",
        count(model.worlds.len(), "world")
    );
    for (n, w) in (1usize..).zip(&model.worlds).take(TOLD) {
        let said: Vec<String> = holds(w).into_iter().map(|s| statement_sentence(s, Math::Words)).collect();
        spoken += &match said.as_slice() {
            [] => format!(" In world {n} nothing holds."),
            [one] => format!(" In world {n} this holds: {one}."),
            all => format!(" In world {n} these hold: {}.", all.join("; ")),
        };
        let higher: Vec<String> = above(w).iter().map(usize::to_string).collect();
        if !higher.is_empty() {
            spoken += &format!(" Above it: {}.", higher.join(", "));
        }
    }
    if model.worlds.len() > TOLD {
        spoken += &format!(" The other {} are in the list.", count(model.worlds.len() - TOLD, "world"));
    }
    spoken += " In world 1 all that is given holds, and the goal does not. A model refutes nothing.";
    json!({ "worlds": worlds, "atoms": atoms, "spoken": spoken })
}
