//! What one goal passes through: stored evidence, evidence in the source, engines, the kernel, the report.

use crate::check::{Attempt, Candidate, CheckOptions, Frontend, Goal, Method, Search, internal};
use crate::companion::{self, Part};
use crate::problem::Problem;
use crate::replay::{Context, Judgement, Sides, StoredFailure, judge, judge_moved, judge_stored};
use crate::sentence::vacuity_sentence;
use crate::store::Store;
use crate::verdict::{
    ConditionSource, Consistency, Cost, GoalReport, HoldsIf, Hypotheses, InvariantNote, Kind, ProofInfo, ProofSource,
    Reason, Verdict,
};
use bfv_format::{Hash, Node, Outcome, Stored, Term, read, write_over};
use bfv_kernel::{Limits, Signature};
use std::time::Instant;

/// Steps of each of the two searches about the hypotheses of a proved claim.
const HYPOTHESES_STEPS: u64 = 20_000;

/// Steps of the same two searches where the claim's own proof was stored: they were made with all steps when it was new, and what
/// they found was stored, too. All that is stored for the examples is found again within these.
const AGAIN: [u64; 2] = [6_000, 1_000];

/// Steps of the kernel for each step of a search: a long proof is made of many small ones, and checking takes no tries.
pub(crate) const CHECKING: u64 = 10;

/// Steps of the search for what makes an invariant superfluous, each, and for a contradiction that is none of arithmetic.
const INVARIANT_STEPS: u64 = 500;

/// Steps of the search for the other side of a new verdict.
const OTHER_SIDE_STEPS: u64 = 2_000;

/// The goals of one run, one after another.
pub struct Line<'a> {
    pub(crate) options: &'a CheckOptions,
    pub(crate) signature: &'a Signature,
    context: &'a Context,
    pub(crate) frontend: &'a mut dyn Frontend,
    pub(crate) search: &'a mut dyn Search,
    pub(crate) sides: Sides,
    /// A stored proof that was recalled in place of a script does not count.
    pub(crate) refused: bool,
    /// Module and name of the claims whose evidence is that of the source, with the hash of what is stored.
    pub(crate) from_source: Vec<(String, String, String)>,
    /// Module and name of the claims about whose hypotheses nothing was found.
    pub(crate) in_vain: Vec<(String, String)>,
    /// The bytes of the evidence for the claim judged last, as they are stored.
    pub(crate) bytes: Option<Vec<u8>>,
    /// What went wrong on the way.
    pub problems: Vec<Problem>,
}

/// A statement to be judged: a claim, or one that comes with it.
pub(crate) struct Task<'t> {
    pub(crate) goal: &'t Goal,
    pub(crate) part: Part,
    pub(crate) statement: &'t Term,
    pub(crate) variables: &'t [String],
}

/// Evidence that the kernel accepted.
pub(crate) struct Accepted {
    pub(crate) judgement: Judgement,
    /// The evidence over the signature; nothing where it brings declarations of its own.
    evidence: Option<Term>,
    candidate: Candidate,
    source: ProofSource,
    bytes: Vec<u8>,
}

impl Accepted {
    fn info(&self) -> ProofInfo {
        ProofInfo {
            hash: blake3::hash(&self.bytes).to_hex().to_string(),
            source: self.source,
            engine: self.candidate.engine.clone(),
        }
    }
}

/// What came of a task.
pub(crate) struct Answer {
    hash: Hash,
    accepted: Option<Accepted>,
    failure: (Reason, String),
    search_steps: u64,
    wall_us: u64,
    /// The evidence was stored before.
    old: bool,
}

impl Answer {
    fn verdict(&self) -> Verdict {
        match self.accepted.as_ref().map(|a| a.judgement.kind) {
            Some(Kind::Proved) => Verdict::Proved,
            Some(Kind::Refuted) => Verdict::Refuted,
            _ => Verdict::Unknown(self.failure.0),
        }
    }

    /// The proof, where the statement is proved.
    fn proof(&self) -> Option<ProofInfo> {
        self.accepted.as_ref().filter(|a| a.judgement.kind == Kind::Proved).map(Accepted::info)
    }

    /// The answer to "the hypotheses contradict each other".
    fn hypotheses(self) -> Hypotheses {
        about_hypotheses(self.accepted)
    }
}

/// What evidence about "the hypotheses contradict each other" says of them.
pub(crate) fn about_hypotheses(accepted: Option<Accepted>) -> Hypotheses {
    let verdict = match accepted.as_ref().map(|a| a.judgement.kind) {
        Some(Kind::Proved) => Consistency::Contradictory,
        Some(Kind::Refuted) => Consistency::Satisfiable,
        Some(Kind::Unknown) | None => Consistency::Unknown,
    };
    let proof = accepted.as_ref().map(Accepted::info);
    let point = accepted.map(|a| a.candidate.witness).unwrap_or_default();
    Hypotheses { verdict, point, proof }
}

impl<'a> Line<'a> {
    pub fn new(
        options: &'a CheckOptions,
        signature: &'a Signature,
        context: &'a Context,
        frontend: &'a mut dyn Frontend,
        search: &'a mut dyn Search,
    ) -> Self {
        Line {
            options,
            signature,
            context,
            frontend,
            search,
            sides: Sides::default(),
            refused: false,
            from_source: Vec::new(),
            in_vain: Vec::new(),
            bytes: None,
            problems: Vec::new(),
        }
    }

    fn limits(&self) -> Limits {
        Limits { steps: self.options.steps.saturating_mul(CHECKING), ..Limits::default() }
    }

    /// The report on a goal, and the evidence that was accepted; none when something of bfv itself is broken, which is a problem then.
    pub fn goal(&mut self, goal: &Goal) -> Option<(GoalReport, Option<Term>)> {
        let task = Task { goal, part: Part::Claim, statement: &goal.statement, variables: &goal.variables };
        let own = self.judged(&task, false)?;
        let kind = own.verdict().kind();
        let statement = if kind == Kind::Proved { companion::hypotheses(self.signature, goal) } else { None };
        let hypotheses = match &statement {
            None => {
                // An earlier form may have had some; where nothing is decided, they may be asked for again.
                if kind != Kind::Unknown || goal.expected == Kind::Unknown {
                    self.forget(goal, Part::Hypotheses);
                }
                None
            }
            Some(statement) => {
                let task = Task { goal, part: Part::Hypotheses, statement, variables: &goal.variables };
                Some(self.judged(&task, own.old)?.hypotheses())
            }
        };
        let mut holds_if = Vec::new();
        for n in 1..=goal.holds_if.len() {
            holds_if.push(self.condition(goal, n, kind)?);
        }
        let mut tried = "";
        if goal.holds_if.is_empty() && kind == Kind::Refuted {
            let point = own.accepted.as_ref().map_or(&[][..], |a| &a.candidate.witness);
            let (found, says) = self.repair(goal, point)?;
            holds_if.extend(found);
            tried = says;
        }
        self.bytes = own.accepted.as_ref().map(|a| a.bytes.clone());
        let evidence = own.accepted.as_ref().and_then(|a| a.evidence.clone());
        let invariants = match kind {
            Kind::Refuted => Vec::new(),
            // A stored proof may be one by other invariants than those of today.
            Kind::Proved | Kind::Unknown => self.invariants(goal, own.old && evidence.is_some(), evidence.as_ref())?,
        };
        let mut judged = report(goal, own, hypotheses, holds_if, tried);
        judged.invariants = invariants;
        if let Some(evidence) = evidence.as_ref().filter(|_| kind == Kind::Refuted) {
            judged.chart = self.frontend.chart(goal, self.signature, evidence);
        }
        Some((judged, evidence))
    }

    /// Judges a task; nothing when the kernel accepted both sides, or the statement cannot be hashed.
    /// `again` says that a search for it was made before.
    fn judged(&mut self, task: &Task<'_>, again: bool) -> Option<Answer> {
        let hash = self.hash(task)?;
        if let (Part::Claim, Some(bytes)) = (task.part, &task.goal.recalled) {
            return self.recalled(task, hash, bytes.clone());
        }
        let start = Instant::now();
        let mut search_steps = 0;
        let loaded = self.load(task);
        let given = if task.part == Part::Claim { task.goal.given.clone() } else { None };
        let given = given.map(|candidate| (self.written(task, &candidate), candidate));
        // What the source gives is mostly what is stored, byte by byte; then one judgement is that of both.
        let same = given.as_ref().is_some_and(|(bytes, _)| bytes.as_ref().ok() == loaded.as_ref());
        let stored = loaded.filter(|_| !same).map(|bytes| self.replayed(task, bytes));
        // Other reasons not to count, such as few steps, may pass.
        let stale = matches!(stored, Some(Err(None | Some(StoredFailure::Stale))));
        let mut accepted: Vec<Accepted> = stored.and_then(Result::ok).into_iter().collect();
        let mut failure = (Reason::Incomplete, String::new());
        if let Some((bytes, candidate)) = given {
            match bytes.and_then(|bytes| self.accept(task, candidate, bytes)) {
                Ok(a) => {
                    self.is_from_source(task, &a);
                    accepted.push(a);
                }
                Err(why) => failure = (Reason::RejectedCandidate, says(&why)),
            }
        } else if accepted.is_empty() && again && !stale && self.notes_vain(task) && task.goal.in_vain {
            self.is_in_vain(task);
        } else if accepted.is_empty() {
            let attempts = self.attempts(task, again && !stale);
            if self.notes_vain(task) && attempts.iter().all(|(attempt, _)| found_nothing(attempt)) {
                self.is_in_vain(task);
            }
            for (attempt, steps) in attempts {
                search_steps += steps;
                match attempt {
                    Attempt::Candidate(candidate) => match self.offer(task, candidate) {
                        Ok(a) => accepted.push(a),
                        Err(why) => failure = (Reason::RejectedCandidate, says(&why)),
                    },
                    Attempt::GaveUp(reason, why) if accepted.is_empty() => failure = (reason, why),
                    Attempt::GaveUp(..) => {}
                }
            }
        }
        let wall_us = crate::check::micros(start);
        let mut kinds: Vec<Kind> = accepted.iter().map(|a| a.judgement.kind).collect();
        // What is stored was new once, and its other side was offered then.
        if let ([kind], [new]) = (kinds.as_slice(), accepted.as_slice())
            && new.source == ProofSource::Searched
            && task.part == Part::Claim
            && !same
        {
            let kind = *kind;
            kinds.extend(self.other_side(task, kind));
        }
        for kind in kinds {
            self.note(task, hash, kind)?;
        }
        // A proof that the source gives and the kernel refuses is not papered over by a stored one.
        if failure.0 == Reason::RejectedCandidate && task.goal.given.is_some() && task.part == Part::Claim {
            accepted.clear();
        }
        let accepted = accepted.pop();
        // Nothing is stored before the other side was offered, or a later run would not offer it again.
        if let Some(new) = accepted.as_ref().filter(|_| !same) {
            self.keep(task, new);
        }
        // What belongs to an earlier form of the claim and has no successor would be a fault at the gate for good.
        let wanted = task.part == Part::Claim && task.goal.expected != Kind::Unknown;
        if stale && accepted.is_none() && !wanted {
            self.forget(task.goal, task.part);
        }
        let old = same || accepted.as_ref().is_some_and(|a| a.source == ProofSource::Stored);
        Some(Answer { hash, accepted, failure, search_steps, wall_us, old })
    }

    /// Judges the stored proof that the evidence in the source gave, in its place. Nothing when it does not count, which is noted.
    fn recalled(&mut self, task: &Task<'_>, hash: Hash, bytes: Vec<u8>) -> Option<Answer> {
        let start = Instant::now();
        let Ok(accepted) = self.replayed(task, bytes) else {
            self.refused = true;
            return None;
        };
        let accepted = Accepted { source: ProofSource::Searched, ..accepted };
        let wall_us = crate::check::micros(start);
        self.note(task, hash, accepted.judgement.kind)?;
        self.is_from_source(task, &accepted);
        let failure = (Reason::Incomplete, String::new());
        Some(Answer { hash, accepted: Some(accepted), failure, search_steps: 0, wall_us, old: true })
    }

    /// Whether it is kept that a search for a task found nothing: with fewer steps it says little, and with more it may not be so.
    fn notes_vain(&self, task: &Task<'_>) -> bool {
        task.part == Part::Hypotheses && !task.goal.vacuous && self.options.steps >= HYPOTHESES_STEPS
    }

    /// Notes that nothing was found about the hypotheses of a claim.
    fn is_in_vain(&mut self, task: &Task<'_>) {
        self.in_vain.push((task.goal.module.clone(), task.goal.name.clone()));
    }

    /// Notes that what is stored of a claim is the evidence in its source.
    fn is_from_source(&mut self, task: &Task<'_>, a: &Accepted) {
        let Goal { module, name, .. } = task.goal;
        self.from_source.push((module.clone(), name.clone(), a.info().hash));
    }

    /// Notes a judgement; nothing when the kernel accepted the other side of the same statement before.
    pub(crate) fn note(&mut self, task: &Task<'_>, hash: Hash, kind: Kind) -> Option<()> {
        let Some(mut problem) = self.sides.add(hash, kind, &task.part.of(&task.goal.full_name())) else {
            return Some(());
        };
        problem.place = Some(Box::new(task.goal.place.clone()));
        self.problems.push(problem);
        None
    }

    /// Removes a stored proof that can count no more, where anything may be written.
    pub(crate) fn forget(&mut self, goal: &Goal, part: Part) {
        let task = Task { goal, part, statement: &goal.statement, variables: &goal.variables };
        if let Some(Err(problem)) = self.store(&task).map(|s| s.remove(&goal.module, &part.file(&goal.name))) {
            self.problems.push(problem);
        }
    }

    /// Stores what is new.
    pub(crate) fn keep(&mut self, task: &Task<'_>, new: &Accepted) {
        if let Some(store) = self.store(task)
            && new.source == ProofSource::Searched
            && let Err(problem) = store.save(&task.goal.module, &task.part.file(&task.goal.name), &new.bytes)
        {
            self.problems.push(problem);
        }
    }

    /// The hash of the statement of a task; nothing when it has none, which is a mistake of bfv.
    pub(crate) fn hash(&mut self, task: &Task<'_>) -> Option<Hash> {
        match self.context.statement_hash(task.statement) {
            Ok(hash) => Some(hash),
            Err(e) => {
                let name = task.part.of(&task.goal.full_name());
                self.problems.push(internal(&format!("The goal {name} cannot be hashed: {e}.")));
                None
            }
        }
    }

    /// What engines say of a task. About hypotheses a point is looked for first, then a contradiction, both within few steps.
    fn attempts(&mut self, task: &Task<'_>, again: bool) -> Vec<(Attempt, u64)> {
        let Task { statement, variables, .. } = *task;
        let steps = self.options.steps;
        match task.part {
            Part::Claim | Part::Condition(_) => {
                vec![self.search.search(self.signature, statement, variables, steps)]
            }
            // What was not found when the claim's own proof was new is not found now.
            Part::Always(_) | Part::Follows(_) if again => Vec::new(),
            Part::Always(_) | Part::Follows(_) => {
                let few = steps.min(INVARIANT_STEPS);
                vec![self.search.only(Method::Statements, self.signature, statement, variables, few)]
            }
            // What was found is read, and looked for elsewhere.
            Part::Repair | Part::RepairHypotheses => Vec::new(),
            Part::Hypotheses | Part::ConditionHypotheses(_) => {
                // Where the author relies on the answer, it gets all the steps of a goal.
                let asked = task.goal.vacuous || task.part != Part::Hypotheses;
                let [first, second] = if again { AGAIN } else { [HYPOTHESES_STEPS; 2] };
                let most = |few: u64| if asked { steps } else { steps.min(few) };
                // A run without steps is always legal, so only what is said of parameters can contradict itself, and that is arithmetic.
                let runs = !asked && self.frontend.about_runs(task.goal);
                let contradiction = if runs { Method::Linear } else { Method::Arithmetic };
                let point = self.search.only(Method::Point, self.signature, statement, variables, most(first));
                if matches!(point.0, Attempt::Candidate(_)) {
                    return vec![point];
                }
                let second = self.search.only(contradiction, self.signature, statement, variables, most(second));
                if matches!(second.0, Attempt::Candidate(_)) {
                    return vec![point, second];
                }
                // Arithmetic does not see that truth values, relations or functions contradict each other.
                let few = most(INVARIANT_STEPS);
                vec![point, second, self.search.only(Method::Statements, self.signature, statement, variables, few)]
            }
        }
    }

    /// The other side of a new verdict is offered to the kernel, too, within few steps. It must not be accepted.
    fn other_side(&mut self, task: &Task<'_>, kind: Kind) -> Option<Kind> {
        let Task { statement, variables, .. } = *task;
        let steps = self.options.steps.min(OTHER_SIDE_STEPS);
        let (attempt, _) = match kind {
            Kind::Proved => self.search.only(Method::Point, self.signature, statement, variables, steps),
            Kind::Refuted | Kind::Unknown => {
                self.search.only(Method::Linear, self.signature, statement, variables, steps)
            }
        };
        let Attempt::Candidate(Candidate { outcome, evidence, .. }) = attempt else { return None };
        judge(self.signature, statement, outcome, &evidence, self.limits()).ok().map(|j| j.kind)
    }

    /// Where the proof of a task is kept; nowhere for a file that the project does not name.
    pub(crate) fn store(&self, task: &Task<'_>) -> Option<&'a Store> {
        self.options.store.as_ref().filter(|s| s.keeps(&task.goal.place.file))
    }

    /// The bytes of the stored proof, when there is one.
    fn load(&mut self, task: &Task<'_>) -> Option<Vec<u8>> {
        let file = task.part.file(&task.goal.name);
        self.store(task)?.load(&task.goal.module, &file).unwrap_or_else(|problem| {
            self.problems.push(problem);
            None
        })
    }

    /// The stored proof, when there is one that counts. One that does not count is searched for again, so it is no problem.
    pub(crate) fn stored(&mut self, task: &Task<'_>) -> Option<Accepted> {
        let bytes = self.load(task)?;
        self.replayed(task, bytes).ok()
    }

    /// Stored bytes that count, or why they do not; nothing is said of bytes that cannot be read.
    fn replayed(&self, task: &Task<'_>, bytes: Vec<u8>) -> Result<Accepted, Option<StoredFailure>> {
        let stored = read(&bytes).map_err(|_| None)?;
        let (judgement, moved) = judge_moved(self.signature, self.context, task.statement, &stored, self.limits())?;
        // Only the run or the point behind a refutation is looked at later, and the invariants behind a proof.
        let moved = moved.filter(|_| stored.verdict == Outcome::Refuted || keeps_more(&stored.evidence));
        let Stored { verdict, evidence, witness, engine, .. } = stored;
        let candidate = Candidate { outcome: verdict, evidence, witness, engine };
        Ok(Accepted { judgement, evidence: moved, candidate, source: ProofSource::Stored, bytes })
    }

    pub(crate) fn offer(&self, task: &Task<'_>, candidate: Candidate) -> Result<Accepted, String> {
        let bytes = self.written(task, &candidate)?;
        self.accept(task, candidate, bytes)
    }

    /// A candidate as it is stored.
    fn written(&self, task: &Task<'_>, candidate: &Candidate) -> Result<Vec<u8>, String> {
        let file = task.part.file(&task.goal.name);
        let stored = Stored {
            decls: Vec::new(),
            claim: format!("{}.{file}", task.goal.module),
            statement: task.statement.clone(),
            verdict: candidate.outcome,
            evidence: candidate.evidence.clone(),
            witness: candidate.witness.clone(),
            engine: candidate.engine.clone(),
        };
        write_over(self.context.decls(), &stored).map_err(|e| e.to_string())
    }

    /// What is judged is what will be stored, read back: were the writer broken, the gate would find out late.
    fn accept(&self, task: &Task<'_>, candidate: Candidate, bytes: Vec<u8>) -> Result<Accepted, String> {
        let back = read(&bytes).map_err(|e| format!("the proof cannot be stored, {e}"))?;
        let judged = judge_stored(self.signature, self.context, task.statement, &back, self.limits());
        let judgement = judged.map_err(|e| match e {
            StoredFailure::Stale => "the stored form has another statement".to_owned(),
            StoredFailure::Rejected(why) => why,
        })?;
        let evidence = Some(candidate.evidence.clone());
        Ok(Accepted { judgement, evidence, candidate, source: ProofSource::Searched, bytes })
    }

    /// What is said of the invariants of the protocol of a claim. `old` says that the claim's own proof was stored.
    fn invariants(&mut self, goal: &Goal, old: bool, evidence: Option<&Term>) -> Option<Vec<InvariantNote>> {
        let mut out = Vec::new();
        for (n, i) in (1..).zip(self.frontend.invariants(goal, self.signature)) {
            let task = Task { goal, part: Part::Always(n), statement: &i.always, variables: &i.variables };
            if let Some(proof) = self.judged(&task, old)?.proof() {
                self.forget(goal, Part::Follows(n));
                out.push(InvariantNote::Always(i.name, proof));
            } else if let Some(statement) = &i.follows {
                let task = Task { goal, part: Part::Follows(n), statement, variables: &i.variables };
                let proof = self.judged(&task, old)?.proof();
                out.extend(proof.map(|proof| InvariantNote::Follows(i.name, proof)));
            }
        }
        let made = evidence.map(|e| self.frontend.made(goal, self.signature, e)).unwrap_or_default();
        out.extend(made.into_iter().map(InvariantNote::Made));
        Some(out)
    }

    /// A condition of `holds_if`, counted from 1: the claim holds with it, and it can be met together with the hypotheses.
    fn condition(&mut self, goal: &Goal, n: usize, without: Kind) -> Option<HoldsIf> {
        let c = n.checked_sub(1).and_then(|i| goal.holds_if.get(i))?;
        let Some((hypotheses, names)) = companion::with_condition(goal, c) else {
            self.problems.push(internal(&format!("The condition {n} of {} has no place in it.", goal.full_name())));
            return None;
        };
        let task = Task { goal, part: Part::Condition(n), statement: &c.statement, variables: &names };
        let verdict = self.judged(&task, false)?.verdict();
        let task = Task { goal, part: Part::ConditionHypotheses(n), statement: &hypotheses, variables: &names };
        let hypotheses = self.judged(&task, false)?.hypotheses();
        let (condition, source) = (c.condition.clone(), ConditionSource::Written);
        Some(HoldsIf { condition, source, without, verdict, hypotheses })
    }
}

/// Whether a search came to its end, or to that of its steps, without a proposal: another time it would again.
fn found_nothing(attempt: &Attempt) -> bool {
    use Reason::{Budget, Incomplete, OutsideFragment, Unsupported};
    matches!(attempt, Attempt::GaveUp(Budget | Incomplete | OutsideFragment | Unsupported, _))
}

/// Whether evidence for a claim is a part of evidence for more, as it is where a protocol keeps more than the claim says.
fn keeps_more(evidence: &Term) -> bool {
    let mut t = evidence;
    while let Node::Lam(body) = &**t {
        t = body;
    }
    matches!(**t, Node::Snd(_))
}

/// The kernel's refusal as sentences; its detail may be one already.
fn says(why: &str) -> String {
    format!("The kernel says: {}.", why.trim_end_matches('.'))
}

fn report(goal: &Goal, own: Answer, hypotheses: Option<Hypotheses>, holds_if: Vec<HoldsIf>, tried: &str) -> GoalReport {
    let verdict = own.verdict();
    let vacuity = vacuity_sentence(verdict == Verdict::Proved, goal.vacuous, hypotheses.as_ref().map(|h| h.verdict));
    let Answer { hash, accepted, failure, search_steps, wall_us, .. } = own;
    let why = if accepted.is_some() { "" } else { failure.1.as_str() };
    let sentences: Vec<&str> = [why, vacuity, tried].into_iter().filter(|s| !s.is_empty()).collect();
    let detail = sentences.join(" ").trim().to_owned();
    let mut cost = Cost { kernel_steps: 0, search_steps, wall_us };
    let mut counterexample = Vec::new();
    let (mut proof, mut axioms, mut rules) = (None, Vec::new(), Vec::new());
    if let Some(a) = accepted {
        proof = Some(a.info());
        if a.judgement.kind == Kind::Refuted {
            counterexample = a.candidate.witness;
        }
        cost.kernel_steps = a.judgement.steps;
        (axioms, rules) = (a.judgement.axioms, a.judgement.rules);
    }
    GoalReport {
        name: goal.full_name(),
        module: goal.module.clone(),
        hash: hash.to_string(),
        written: goal.written.clone(),
        detail,
        place: goal.place.clone(),
        verdict,
        expected: goal.expected,
        counterexample,
        chart: None,
        invariants: Vec::new(),
        holds_if,
        hypotheses,
        vacuous_expected: goal.vacuous,
        proof,
        axioms,
        rules,
        cost,
    }
}
