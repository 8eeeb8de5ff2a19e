//! Propositional logic without excluded middle, over any types: proofs as terms, or Kripke models that show why there is none.
//!
//! A goal is decided as far as its functions, pairs, sums, falsity and truth go. Everything else in it is an atom, of which nothing is known
//! but the variables of the context, and that what is not false holds, where a lemma says so of such equations: for these, logic is classical.
//! Easy goals are proved by a sequent calculus, whose proofs are short; what takes it long is decided by clauses (Claessen, Rosen 2015).
//! A step is one sequent of the calculus, or 64 looks at clauses. So where there is a model, what is open is about the atoms. Nothing here is trusted: the kernel
//! judges proofs, and a model is checked by a definition that knows nothing of the search. What is absent: no clock, no floats, no threads.

mod classical;
mod clauses;
mod derive;
pub mod formula;
pub mod model;
pub mod proof;
pub mod reify;
mod sat;
pub mod sequent;
pub mod term;

use bfv_format::{Node, Term};
use bfv_kernel::Refusal;
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, stopped};
use clauses::Clauses;
use formula::{Formula, Id, Table};
use model::Model;
use proof::Proof;
use reify::Reader;
use sequent::Search;
use std::rc::Rc;

/// What is known of a goal.
#[derive(Clone, Debug)]
pub enum Decided {
    /// A term, which the kernel has yet to judge.
    Proof(Term),
    /// There is no proof by logic alone.
    Model {
        /// A checked model in which the hypotheses hold and the goal does not.
        model: Model,
        /// The types of its atoms in the context that is reached by taking in what the goal depends on.
        atoms: Vec<Term>,
        /// How many variables that context has.
        arguments: u32,
    },
}

/// Why nothing is known, and one sentence about it.
type Open = (Reason, String);

/// Proves a goal or finds a model.
///
/// # Errors
/// The budget is used up, or the evaluator refuses.
pub fn decide(goal: &Goal<'_>, budget: &mut Budget) -> Result<Decided, Open> {
    decide_after(goal, BRIEF, budget)
}

/// The same, with so many steps of the sequent calculus at most before clauses take over.
///
/// # Errors
/// The budget is used up, or the evaluator refuses.
pub fn decide_after(goal: &Goal<'_>, brief: u64, budget: &mut Budget) -> Result<Decided, Open> {
    let (ctx, target, taken) = goal.taken_in().map_err(|r| stopped(&r))?;
    let mut reader = Reader::new(goal.machine, &ctx);
    let read = |reader: &mut Reader<'_>| {
        // The innermost first, as indices count.
        let all = ctx.types.iter().rev().map(|ty| reader.read(ty)).collect::<Result<Vec<_>, _>>()?;
        Ok((all, reader.read(&target)?))
    };
    let (all, wanted) = read(&mut reader).map_err(|r: Refusal| stopped(&r))?;
    // A variable of a type that nothing else mentions, such as a universe, would only stand in every world of a model.
    let compound = |id: &Id| !matches!(reader.table.get(*id), Formula::Atom(_));
    let mentioned = reader.table.atoms(all.iter().copied().filter(compound).chain([wanted]));
    let told = |id: &Id| !matches!(reader.table.get(*id), Formula::Atom(n) if !mentioned.contains(&n));
    let variables = (0..).map(|n| Rc::new(Node::Var(n)));
    let given: Vec<(Id, Term)> = all.into_iter().zip(variables).filter(|(id, _)| told(id)).collect();
    let stable = reader.stable(goal.lemmas).map_err(|r| stopped(&r))?;
    let (hypotheses, variables): (Vec<Id>, Vec<Term>) = given.into_iter().chain(stable).unzip();
    let found = search(&mut reader.table, &hypotheses, wanted, (brief, budget));
    match found {
        Err(Reason::Unsupported) => {
            Err((Reason::Unsupported, "A proof was found by logic that cannot be written as a term.".to_owned()))
        }
        Err(reason) => Err((reason, "The search in propositional logic ran out of steps.".to_owned())),
        Ok(Ok(proof)) => {
            let term = term::write(&reader, &variables, &proof);
            let Some(term) = term else {
                return Err((Reason::Unsupported, "A proof was found of which a part has no type.".to_owned()));
            };
            Ok(Decided::Proof((0..taken).fold(term, |t, _| Rc::new(Node::Lam(t)))))
        }
        Ok(Err(model)) if model.refutes(&reader.table, &hypotheses, wanted) => {
            let atoms = (0..).map_while(|n| reader.atom_type(n).transpose()).collect::<Result<Vec<Term>, _>>();
            let atoms = atoms.map_err(|r| stopped(&r))?;
            // A universe is nothing of which one could say that it does not hold: it has elements.
            let universe = |n: &u32| {
                usize::try_from(*n).ok().and_then(|n| atoms.get(n)).is_some_and(|a| matches!(**a, Node::Univ(_)))
            };
            if reader.table.atoms([wanted].into_iter()).iter().any(universe) {
                return Err((Reason::OutsideFragment, String::new()));
            }
            let model = model.shrunk(&reader.table, &hypotheses, wanted);
            let arguments = u32::try_from(ctx.types.len()).unwrap_or(u32::MAX);
            Ok(Decided::Model { model, atoms, arguments })
        }
        Ok(Err(_)) => Err((Reason::RejectedCandidate, "A model was found that is none.".to_owned())),
    }
}

/// Steps of the sequent calculus before clauses take over: its proofs and models are short, and easy goals need no more.
const BRIEF: u64 = 600;

/// A proof or a model, by one search or the other.
fn search(
    table: &mut Table,
    hypotheses: &[Id],
    wanted: Id,
    (brief, budget): (u64, &mut Budget),
) -> Result<Result<Rc<Proof>, Model>, Reason> {
    let mut brief = budget.part(brief);
    let found = Search::new(table, &mut brief).run(hypotheses, wanted);
    budget.spend(brief.used)?;
    match found {
        Err(Reason::Budget) => Clauses::run(table, hypotheses, wanted, budget),
        found => found,
    }
}

/// The engine.
pub struct Logic;

impl Engine for Logic {
    fn name(&self) -> &'static str {
        "logic"
    }

    fn looks_into_definitions(&self) -> bool {
        true
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        match decide(goal, budget) {
            Ok(Decided::Proof(term)) => Outcome::Candidate(term),
            Ok(Decided::Model { model, .. }) => {
                let worlds = model.worlds.len();
                let why = format!(
                    "It does not follow by propositional logic from what is given: there is a Kripke model with {worlds} {}.",
                    if worlds == 1 { "world" } else { "worlds" }
                );
                Outcome::GaveUp(Reason::Incomplete, why)
            }
            Err((reason, why)) => Outcome::GaveUp(reason, why),
        }
    }
}
