//! Repairs: a condition under which a refuted claim holds, found in a fixed menu or read from the proof store.
//!
//! The weaker of two conditions is tried first, so the first one that is proved, and met at a point together with the hypotheses, is
//! minimal among those tried. What is proved went through the kernel like any other goal, and is stored beside the claim.

use crate::check::{Attempt, Candidate, Conditional, Goal, Method, internal};
use crate::companion::{self, Part};
use crate::line::{Accepted, Line, Task, about_hypotheses};
use crate::store::Store;
use crate::verdict::{ConditionSource, HoldsIf, Kind, Reason, Verdict};
use bfv_format::{Outcome, Term};
use std::collections::BTreeMap;

/// Steps of the search for a condition of one claim, shared by all that are tried.
const REPAIR_STEPS: u64 = 400_000;

/// Steps of one question about one condition.
const TRY_STEPS: u64 = 4_000;

/// Steps to see that a condition is met at a point where the claim fails.
const POINT_STEPS: u64 = 1_000;

/// Steps to find a point at which a condition that is enough is met.
const EXHIBIT_STEPS: u64 = 20_000;

/// Most points at which conditions are looked at before the engines are asked.
const POINTS: usize = 8;

/// The names of a claim's variables with values, at which it fails.
type Point = Vec<(String, String)>;

/// What a search for a condition has learnt.
struct Hunt<'g> {
    goal: &'g Goal,
    /// Steps left.
    left: u64,
    /// Points at which the claim fails, though its hypotheses hold. A condition that is met at one of them mends nothing.
    points: Vec<Point>,
    /// Conditions that were proved to be enough, and for which no point was found: a stronger one has none either.
    never: Vec<Vec<String>>,
    /// Whether a part of a condition is met at a point, by its number.
    met: BTreeMap<(usize, String), bool>,
}

/// What is stored about a condition that was found.
enum Kept {
    Nothing,
    /// Something that does not count.
    Broken,
    Counts(Box<HoldsIf>),
}

/// What came of a condition.
enum Came {
    Mends(Box<HoldsIf>),
    /// It is enough, and nothing shows that it can be met.
    Never,
    /// Too few steps were left to tell.
    Stopped,
    Nothing,
}

impl Line<'_> {
    /// Conditions that mend a refuted claim, and a sentence where one was looked for in vain. `point` is where the claim fails.
    pub(crate) fn repair(&mut self, goal: &Goal, point: &[(String, String)]) -> Option<(Vec<HoldsIf>, &'static str)> {
        let writes = self.options.store.as_ref().is_some_and(Store::writes);
        let kept = self.stored_repair(goal)?;
        let broken = matches!(kept, Kept::Broken);
        match kept {
            Kept::Counts(found) => return Some((vec![*found], "")),
            // What does not count is looked for again, as any other proof.
            Kept::Broken if writes => {}
            _ if self.options.repair => {}
            Kept::Broken | Kept::Nothing => return Some((Vec::new(), "")),
        }
        let left = self.options.steps.min(REPAIR_STEPS);
        let points = if point.is_empty() { Vec::new() } else { vec![point.to_vec()] };
        let mut hunt = Hunt { goal, left, points, never: Vec::new(), met: BTreeMap::new() };
        for proposal in self.frontend.menu(goal) {
            if self.fails(&mut hunt, &proposal.parts) {
                continue;
            }
            let Some(c) = proposal.texts.iter().find_map(|text| self.frontend.condition(goal, text)) else { continue };
            match self.tried(&mut hunt, &c)? {
                Came::Mends(found) => return Some((vec![*found], "")),
                Came::Never => hunt.never.push(proposal.parts),
                Came::Stopped => {
                    return Some((Vec::new(), "The search for a condition that mends it used up its steps."));
                }
                Came::Nothing => {}
            }
        }
        if broken {
            self.forget(goal, Part::Repair);
            self.forget(goal, Part::RepairHypotheses);
        }
        Some((Vec::new(), "No condition in the menu was found to mend it."))
    }

    /// The condition that is stored with a claim.
    fn stored_repair(&mut self, goal: &Goal) -> Option<Kept> {
        let task = Task { goal, part: Part::Repair, statement: &goal.statement, variables: &[] };
        let Some(store) = self.store(&task) else { return Some(Kept::Nothing) };
        let bytes = match store.load(&goal.module, &Part::Repair.file(&goal.name)) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Some(Kept::Nothing),
            Err(problem) => {
                self.problems.push(problem);
                return Some(Kept::Nothing);
            }
        };
        let Ok(stored) = bfv_format::read(&bytes) else { return Some(Kept::Broken) };
        let found = companion::stored_condition(&stored.witness).and_then(|text| self.frontend.condition(goal, text));
        let Some(c) = found else { return Some(Kept::Broken) };
        let (hypotheses, names) = self.with_condition(goal, &c)?;
        let task = Task { goal, part: Part::Repair, statement: &c.statement, variables: &names };
        let about = Task { goal, part: Part::RepairHypotheses, statement: &hypotheses, variables: &names };
        let (Some(proof), Some(point)) = (self.stored(&task), self.stored(&about)) else { return Some(Kept::Broken) };
        let found = self.mended(&c, &task, &about, proof, point, ConditionSource::Searched { minimal: false })?;
        Some(found.map_or(Kept::Broken, |found| Kept::Counts(Box::new(found))))
    }

    /// The report on a condition that mends its claim; nothing when it does not. The inner option is the report.
    fn mended(
        &mut self,
        c: &Conditional,
        task: &Task<'_>,
        about: &Task<'_>,
        proof: Accepted,
        point: Accepted,
        source: ConditionSource,
    ) -> Option<Option<HoldsIf>> {
        for (task, accepted) in [(task, &proof), (about, &point)] {
            let hash = self.hash(task)?;
            self.note(task, hash, accepted.judgement.kind)?;
        }
        if (proof.judgement.kind, point.judgement.kind) != (Kind::Proved, Kind::Refuted) {
            return Some(None);
        }
        // Of a claim that is meant to hold nothing is stored but itself: it is to be mended in the source.
        if task.goal.expected == Kind::Refuted {
            self.keep(task, &proof);
            self.keep(about, &point);
        }
        Some(Some(HoldsIf {
            condition: c.condition.clone(),
            source,
            without: Kind::Refuted,
            verdict: Verdict::Proved,
            hypotheses: about_hypotheses(Some(point)),
        }))
    }

    /// Asks the engines for a proof under a condition, then for a point that meets it, and the kernel about both.
    fn tried(&mut self, hunt: &mut Hunt<'_>, c: &Conditional) -> Option<Came> {
        let goal = hunt.goal;
        let (hypotheses, names) = self.with_condition(goal, c)?;
        let steps = hunt.left.min(TRY_STEPS);
        let (attempt, used) = self.search.thorough(goal, self.signature, &c.statement, &names, steps);
        hunt.left = hunt.left.saturating_sub(used);
        let candidate = match attempt {
            Attempt::Candidate(candidate) if candidate.outcome == Outcome::Proved => candidate,
            Attempt::Candidate(refuted) => {
                let point: Point = refuted.witness.into_iter().filter(|(name, _)| !name.is_empty()).collect();
                if !point.is_empty() && hunt.points.len() < POINTS {
                    hunt.points.push(point);
                }
                return Some(Came::Nothing);
            }
            Attempt::GaveUp(Reason::Budget, _) if steps < TRY_STEPS => return Some(Came::Stopped),
            Attempt::GaveUp(..) => return Some(Came::Nothing),
        };
        let task = Task { goal, part: Part::Repair, statement: &c.statement, variables: &names };
        let candidate = Candidate { witness: companion::condition_values(&c.condition), ..candidate };
        let Ok(proof) = self.offer(&task, candidate) else { return Some(Came::Nothing) };
        let about = Task { goal, part: Part::RepairHypotheses, statement: &hypotheses, variables: &names };
        let steps = hunt.left.min(EXHIBIT_STEPS);
        let (attempt, used) = self.search.only(Method::Exhibit, self.signature, &hypotheses, &names, steps);
        hunt.left = hunt.left.saturating_sub(used);
        let Attempt::Candidate(candidate) = attempt else { return Some(Came::Never) };
        let Ok(point) = self.offer(&about, candidate) else { return Some(Came::Nothing) };
        let found = self.mended(c, &task, &about, proof, point, ConditionSource::Searched { minimal: true })?;
        Some(found.map_or(Came::Nothing, |found| Came::Mends(Box::new(found))))
    }

    /// Whether a condition with these parts mends nothing: it is met at a point at which the claim fails, or never.
    fn fails(&mut self, hunt: &mut Hunt<'_>, parts: &[String]) -> bool {
        hunt.never.iter().any(|never| never.iter().all(|part| parts.contains(part)))
            || (0..hunt.points.len()).any(|at| parts.iter().all(|part| self.met(hunt, at, part)))
    }

    /// Whether arithmetic shows a part of a condition at a point. This only spares the engines what cannot be proved.
    fn met(&mut self, hunt: &mut Hunt<'_>, at: usize, part: &str) -> bool {
        let key = (at, part.to_owned());
        if let Some(known) = hunt.met.get(&key) {
            return *known;
        }
        let statement = hunt.points.get(at).and_then(|point| self.frontend.at_point(hunt.goal, part, point));
        let met = statement.is_some_and(|statement| {
            let (attempt, used) =
                self.search.only(Method::Linear, self.signature, &statement, &[], hunt.left.min(POINT_STEPS));
            hunt.left = hunt.left.saturating_sub(used);
            matches!(attempt, Attempt::Candidate(c) if c.outcome == Outcome::Proved)
        });
        hunt.met.insert(key, met);
        met
    }

    fn with_condition(&mut self, goal: &Goal, c: &Conditional) -> Option<(Term, Vec<String>)> {
        let made = companion::with_condition(goal, c);
        if made.is_none() {
            self.problems.push(internal(&format!("A condition of {} has no place in it.", goal.full_name())));
        }
        made
    }
}
