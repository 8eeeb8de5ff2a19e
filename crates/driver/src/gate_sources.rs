//! The gate over source files: elaborates them again and judges what is stored.

use crate::check::{Conditional, Frontend, Goal, internal};
use crate::companion::{self, Part};
use crate::gate::{Claim, Policy, Violation, gate, leftovers, scripts_of_none};
use crate::load::load;
use crate::problem::{Place, Problem};
use crate::replay::{Context, Sides, StoredFailure, judge_stored};
use crate::store::Store;
use bfv_diag::Sources;
use bfv_format::{Stored, Term};
use bfv_kernel::Limits;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A claim that the gate looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Full name: module, dot, name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Merkle hash of the statement in hex.
    pub hash: String,
}

/// What `gate` found.
#[derive(Clone, Debug, Default)]
pub struct GateReport {
    /// The claims that were looked at, in file order.
    pub claims: Vec<Looked>,
    /// Violations, in file order.
    pub violations: Vec<Violation>,
    /// Problems that kept the gate from looking.
    pub problems: Vec<Problem>,
    /// Files with claims whose proofs are not kept, because the project does not name them.
    pub not_kept: Vec<String>,
}

impl GateReport {
    /// What it means for the exit code.
    #[must_use]
    pub fn events(&self) -> Vec<crate::exit::Event> {
        let policy = self.violations.iter().map(|_| crate::exit::Event::Policy);
        self.problems.iter().filter_map(Problem::event).chain(policy).collect()
    }
}

/// The gate over source files: elaborates them again and judges what is stored. No search, no time, no network.
/// `whole` says that the files are all of the project, so that a stored proof of any other module has no claim.
pub fn gate_sources(
    paths: &[PathBuf],
    whole: bool,
    policy: &Policy,
    store: &Store,
    frontend: &mut dyn Frontend,
) -> GateReport {
    let mut sources = Sources::new();
    let (files, mut problems) = load(paths, &mut sources);
    // What cannot be read is a problem that stays; the other files are judged all the same.
    let complete = problems.is_empty();
    if files.is_empty() {
        return GateReport { problems, ..GateReport::default() };
    }
    let elaborated = match frontend.elaborate(&mut sources, &files) {
        Ok(elaborated) => elaborated,
        Err(more) => {
            problems.extend(more);
            return GateReport { problems, ..GateReport::default() };
        }
    };
    let broken = elaborated.problems.iter().any(Problem::is_error);
    problems.extend(elaborated.problems);
    let signature = &elaborated.signature;
    let context = match Context::new(signature) {
        Ok(context) => context,
        Err(e) => {
            problems.push(internal(&format!("A checked signature cannot be hashed: {e}.")));
            return GateReport { problems, ..GateReport::default() };
        }
    };
    if broken {
        return GateReport { problems, ..GateReport::default() };
    }
    let claims: Vec<Claim> = elaborated
        .goals
        .iter()
        .map(|g| Claim {
            name: g.full_name(),
            expected: g.expected,
            vacuous: g.vacuous,
            hypotheses: companion::hypotheses(signature, g).is_some(),
            conditions: g.holds_if.len(),
            invariants: frontend.invariants(g, signature).len(),
        })
        .collect();
    let find = |claim: &Claim| elaborated.goals.iter().find(|g| g.full_name() == claim.name);
    let load = |claim: &Claim, part: Part| match find(claim) {
        Some(g) => store.load(&g.module, &part.file(&g.name)).map_err(|p| p.what),
        None => Ok(None),
    };
    let mut sides = Sides::default();
    // What was found for the claim that was looked at last: its proof comes before what is said of its hypotheses.
    let mut repair: Option<(String, Conditional)> = None;
    let judge = |claim: &Claim, part: Part, stored: &Stored| {
        let goal = find(claim).ok_or(StoredFailure::Stale)?;
        if part == Part::Repair {
            let found = companion::stored_condition(&stored.witness).and_then(|text| frontend.condition(goal, text));
            repair = found.map(|c| (claim.name.clone(), c));
        }
        let found = repair.as_ref().filter(|(name, _)| *name == claim.name).map(|(_, c)| c);
        let statement = match part {
            Part::Always(n) | Part::Follows(n) => {
                let invariant = n.checked_sub(1).and_then(|n| frontend.invariants(goal, signature).into_iter().nth(n));
                invariant.and_then(|i| if part == Part::Always(n) { Some(i.always) } else { i.follows })
            }
            _ => statement(goal, part, found),
        }
        .ok_or(StoredFailure::Stale)?;
        let judgement = judge_stored(signature, &context, &statement, stored, Limits::default())?;
        match context.statement_hash(&statement) {
            Ok(hash) => problems.extend(sides.add(hash, judgement.kind, &part.of(&claim.name))),
            Err(e) => problems.push(internal(&format!("A judged statement cannot be hashed: {e}."))),
        }
        Ok(judgement)
    };
    let mut violations = gate(&claims, policy, load, judge);
    match store.list() {
        Ok(stored) => {
            let modules: BTreeSet<&str> = elaborated.goals.iter().map(|g| g.module.as_str()).collect();
            violations.extend(leftovers(&claims, policy, &stored, |m| (whole && complete) || modules.contains(m)));
        }
        Err(problem) => problems.push(problem),
    }
    match store.list_scripts() {
        Ok(all) if whole && complete => violations.extend(scripts_of_none(&elaborated.modules, &all)),
        Ok(_) => {}
        Err(problem) => problems.push(problem),
    }
    let mut looked = Vec::new();
    for g in &elaborated.goals {
        let (name, place) = (g.full_name(), g.place.clone());
        match context.statement_hash(&g.statement) {
            Ok(hash) => looked.push(Looked { name, place, hash: hash.to_string() }),
            Err(e) => problems.push(internal(&format!("The goal {name} cannot be hashed: {e}."))),
        }
    }
    let files: BTreeSet<&str> = elaborated.goals.iter().map(|g| g.place.file.as_str()).collect();
    let not_kept = files.into_iter().filter(|f| !store.keeps(f)).map(str::to_owned).collect();
    GateReport { claims: looked, violations, problems, not_kept }
}

/// The statement that a stored proof of a part of a claim must have; `found` is the condition that its stored repair carries.
fn statement(goal: &Goal, part: Part, found: Option<&Conditional>) -> Option<Term> {
    let condition = |n: usize| -> Option<&Conditional> { goal.holds_if.get(n.checked_sub(1)?) };
    match part {
        Part::Claim => Some(goal.statement.clone()),
        Part::Hypotheses => companion::contradiction(&goal.statement, 0),
        Part::Condition(n) => condition(n).map(|c| c.statement.clone()),
        Part::ConditionHypotheses(n) => companion::with_condition(goal, condition(n)?).map(|(t, _)| t),
        Part::Repair => found.map(|c| c.statement.clone()),
        Part::RepairHypotheses => companion::with_condition(goal, found?).map(|(t, _)| t),
        // Those are made from the protocol, and not from the claim alone.
        Part::Always(_) | Part::Follows(_) => None,
    }
}
