//! The straight line: sources, declarations and goals, candidates, the kernel's judgement, the report. Nothing flows back.

use crate::gate::{Claim, Policy, Violation, gate};
use crate::load::{Input, load};
use crate::problem::{Code, Place, Problem};
use crate::replay::{Context, Judgement, StoredFailure, judge, judge_stored};
use crate::store::Store;
use crate::verdict::{Cost, GoalReport, HoldsIf, Kind, ProofInfo, ProofSource, Reason, Report, Verdict};
use bfv_diag::Sources;
use bfv_format::{Hash, Outcome, Stored, Term, pack, read, write};
use bfv_kernel::{Limits, Signature};
use std::path::PathBuf;
use std::time::Instant;

/// Evidence that something proposes. It means nothing until the kernel accepted it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What it is said to show.
    pub outcome: Outcome,
    /// The term.
    pub evidence: Term,
    /// The point of a counterexample, in the user's names.
    pub witness: Vec<(String, String)>,
    /// Who proposes it.
    pub engine: String,
}

/// A goal that `holds_if` adds to a claim: "condition implies claim".
#[derive(Clone, Debug)]
pub struct Conditional {
    /// As written.
    pub condition: String,
    /// The statement.
    pub statement: Term,
}

/// One claim, elaborated.
#[derive(Clone, Debug)]
pub struct Goal {
    /// Module.
    pub module: String,
    /// Name within the module.
    pub name: String,
    /// The comment before it.
    pub doc: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// The statement, over the signature.
    pub statement: Term,
    /// The statement as written, with its binders.
    pub written: String,
    /// The whole claim as it stands in the source.
    pub source: String,
    /// Names of the statement's leading variables, hypotheses included.
    pub variables: Vec<String>,
    /// The verdict asked for.
    pub expected: Kind,
    /// What the source itself offers: a proof, or a proof of the negation at a point.
    pub given: Option<Candidate>,
    /// Goals added by `holds_if`.
    pub holds_if: Vec<Conditional>,
}

impl Goal {
    /// Module, dot, name.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }
}

/// What the front end makes of the files.
pub struct Elaborated {
    /// Every declaration, checked.
    pub signature: Signature,
    /// The claims of the files asked for, in file order.
    pub goals: Vec<Goal>,
    /// What is ill-formed.
    pub problems: Vec<Problem>,
}

/// From source texts to declarations and goals. The texts of imported modules are added to `sources`.
pub trait Frontend {
    /// Elaborates the files, in order, and what they import.
    ///
    /// # Errors
    /// Problems after which there is nothing to judge.
    fn elaborate(&mut self, sources: &mut Sources, files: &[Input]) -> Result<Elaborated, Vec<Problem>>;
}

/// What a search ended with.
#[derive(Clone, Debug)]
pub enum Attempt {
    /// A proposal for the kernel.
    Candidate(Candidate),
    /// Nothing, why, and a sentence about it (may be empty).
    GaveUp(Reason, String),
}

/// Engines, tried on a statement under a budget of steps.
pub trait Search {
    /// A proposal or a reason, and the steps used.
    /// `variables` are the names of the statement's leading variables, for witnesses.
    fn search(&mut self, signature: &Signature, statement: &Term, variables: &[String], steps: u64) -> (Attempt, u64);
}

/// No engines: every claim must bring its proof.
pub struct NoSearch;

impl Search for NoSearch {
    fn search(&mut self, _: &Signature, _: &Term, _: &[String], _: u64) -> (Attempt, u64) {
        (Attempt::GaveUp(Reason::Incomplete, String::new()), 0)
    }
}

/// How to check.
pub struct CheckOptions {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Only this goal: its name, or its full name.
    pub goal: Option<String>,
    /// Budget of steps of each goal, for engines and kernel each.
    pub steps: u64,
    /// Where proofs are stored; none outside a project.
    pub store: Option<Store>,
}

/// The names of a goal, for suggestions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalName {
    /// Full name.
    pub name: String,
    /// File it stands in.
    pub file: String,
}

/// A milestone of a long run.
pub struct Progress {
    /// Goals done.
    pub done: usize,
    /// Goals in all.
    pub all: usize,
}

/// The problem that a goal asked for does not exist; the command line adds suggestions.
#[must_use]
pub fn unknown_goal(name: &str) -> Problem {
    Problem::new(Code::Usage, format!("There is no goal named {}.", name.escape_debug()), "")
}

/// Checks. The report has every problem and every verdict; also the names of all goals and the texts, for suggestions and pictures.
pub fn check(
    options: &CheckOptions,
    frontend: &mut dyn Frontend,
    search: &mut dyn Search,
    progress: &mut dyn FnMut(Progress),
) -> (Report, Vec<GoalName>, Sources) {
    let mut sources = Sources::new();
    let (files, problems) = load(&options.paths, &mut sources);
    let names = files.iter().filter_map(|f| sources.name(f.number)).map(str::to_owned).collect();
    let report = Report { files: names, goals: Vec::new(), problems };
    if !report.problems.is_empty() {
        return (report, Vec::new(), sources);
    }
    check_loaded(options, files.as_slice(), sources, report, frontend, search, progress)
}

/// Checks a text that is in no file; nothing is stored.
pub fn check_text(
    name: &str,
    text: &str,
    steps: u64,
    frontend: &mut dyn Frontend,
    search: &mut dyn Search,
) -> (Report, Sources) {
    let mut sources = Sources::new();
    let input = Input { number: sources.add(name, text.as_bytes()), bytes: text.as_bytes().to_vec() };
    let options = CheckOptions { paths: Vec::new(), goal: None, steps, store: None };
    let report = Report { files: vec![name.to_owned()], ..Report::default() };
    let (report, _, sources) = check_loaded(&options, &[input], sources, report, frontend, search, &mut |_| {});
    (report, sources)
}

fn check_loaded(
    options: &CheckOptions,
    files: &[Input],
    mut sources: Sources,
    mut report: Report,
    frontend: &mut dyn Frontend,
    search: &mut dyn Search,
    progress: &mut dyn FnMut(Progress),
) -> (Report, Vec<GoalName>, Sources) {
    let elaborated = match frontend.elaborate(&mut sources, files) {
        Ok(elaborated) => elaborated,
        Err(problems) => {
            report.problems = problems;
            return (report, Vec::new(), sources);
        }
    };
    report.problems = elaborated.problems;
    let all: Vec<GoalName> =
        elaborated.goals.iter().map(|g| GoalName { name: g.full_name(), file: g.place.file.clone() }).collect();
    let wanted = |g: &&Goal| options.goal.as_ref().is_none_or(|n| g.name == *n || g.full_name() == *n);
    let goals: Vec<&Goal> = elaborated.goals.iter().filter(wanted).collect();
    if let (Some(name), []) = (&options.goal, goals.as_slice()) {
        report.problems.push(unknown_goal(name));
        return (report, all, sources);
    }
    let context = match Context::new(&elaborated.signature) {
        Ok(context) => context,
        Err(e) => {
            report.problems.push(internal(&format!("A checked signature cannot be hashed: {e}.")));
            return (report, all, sources);
        }
    };
    let mut line = Line { options, signature: &elaborated.signature, context: &context, search, problems: Vec::new() };
    for (done, goal) in goals.iter().enumerate() {
        progress(Progress { done, all: goals.len() });
        report.goals.extend(line.goal(goal));
    }
    report.problems.append(&mut line.problems);
    (report, all, sources)
}

/// The kernel's refusal as sentences; its detail may be one already.
fn says(why: &str) -> String {
    format!("The kernel says: {}.", why.trim_end_matches('.'))
}

fn internal(what: &str) -> Problem {
    Problem::new(Code::Internal, what, "report this as a mistake of bfv, with the file that shows it.")
}

/// What one goal passes through.
struct Line<'a> {
    options: &'a CheckOptions,
    signature: &'a Signature,
    context: &'a Context,
    search: &'a mut dyn Search,
    problems: Vec<Problem>,
}

/// Evidence that the kernel accepted.
struct Accepted {
    judgement: Judgement,
    candidate: Candidate,
    source: ProofSource,
    bytes: Vec<u8>,
}

impl Line<'_> {
    fn limits(&self) -> Limits {
        Limits { steps: self.options.steps, ..Limits::default() }
    }

    fn goal(&mut self, goal: &Goal) -> Option<GoalReport> {
        let start = Instant::now();
        let hash = match self.context.statement_hash(&goal.statement) {
            Ok(hash) => hash,
            Err(e) => {
                self.problems.push(internal(&format!("The goal {} cannot be hashed: {e}.", goal.name)));
                return None;
            }
        };
        let mut search_steps = 0;
        let mut accepted: Vec<Accepted> = self.stored(goal).into_iter().collect();
        let mut failure = (Reason::Incomplete, String::new());
        if let Some(candidate) = &goal.given {
            match self.offer(goal, candidate.clone()) {
                Ok(a) => accepted.push(a),
                Err(why) => failure = (Reason::RejectedCandidate, says(&why)),
            }
        } else if accepted.is_empty() {
            let (attempt, steps) =
                self.search.search(self.signature, &goal.statement, &goal.variables, self.options.steps);
            search_steps = steps;
            match attempt {
                Attempt::Candidate(candidate) => match self.offer(goal, candidate) {
                    Ok(a) => accepted.push(a),
                    Err(why) => failure = (Reason::RejectedCandidate, says(&why)),
                },
                Attempt::GaveUp(reason, why) => failure = (reason, why),
            }
        }
        if accepted.iter().any(|a| a.judgement.kind == Kind::Proved)
            && accepted.iter().any(|a| a.judgement.kind == Kind::Refuted)
        {
            let what = format!("The kernel accepted the claim {} and its negation.", goal.full_name());
            let mend = "trust no verdict of this version, and report this.";
            self.problems.push(Problem::new(Code::Contradiction, what, mend));
            return None;
        }
        // A proof that the source gives and the kernel refuses is not papered over by a stored one.
        if failure.0 == Reason::RejectedCandidate {
            accepted.clear();
        }
        let holds_if = goal.holds_if.iter().map(|c| self.conditional(c)).collect();
        let wall_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Some(self.report(
            goal,
            hash,
            accepted.pop(),
            failure,
            holds_if,
            Cost { kernel_steps: 0, search_steps, wall_ms },
        ))
    }

    /// The stored proof, when there is one that counts. One that does not count is searched for again, so it is no problem.
    fn stored(&mut self, goal: &Goal) -> Option<Accepted> {
        let bytes = match self.options.store.as_ref()?.load(&goal.module, &goal.name) {
            Ok(bytes) => bytes?,
            Err(problem) => {
                self.problems.push(problem);
                return None;
            }
        };
        let stored = read(&bytes).ok()?;
        let judgement = judge_stored(self.signature, self.context, &goal.statement, &stored, self.limits()).ok()?;
        let Stored { verdict, evidence, witness, engine, .. } = stored;
        let candidate = Candidate { outcome: verdict, evidence, witness, engine };
        Some(Accepted { judgement, candidate, source: ProofSource::Stored, bytes })
    }

    fn offer(&mut self, goal: &Goal, candidate: Candidate) -> Result<Accepted, String> {
        let Candidate { outcome, evidence, .. } = &candidate;
        let judgement = judge(self.signature, &goal.statement, *outcome, evidence, self.limits())?;
        let packed = pack(self.context.decls(), &goal.statement, evidence).map_err(|e| e.to_string())?;
        let bytes = write(&Stored {
            decls: packed.decls,
            claim: goal.full_name(),
            statement: packed.statement,
            verdict: *outcome,
            evidence: packed.evidence,
            witness: candidate.witness.clone(),
            engine: candidate.engine.clone(),
        });
        // What is stored must be judged the same when it is read; otherwise the writer is broken, and the gate would find out late.
        let back = read(&bytes).map_err(|e| format!("the proof cannot be stored, {e}"))?;
        judge_stored(self.signature, self.context, &goal.statement, &back, self.limits()).map_err(|e| match e {
            StoredFailure::Stale => "the stored form has another statement".to_owned(),
            StoredFailure::Rejected(why) => why,
        })?;
        if let Some(store) = &self.options.store
            && let Err(problem) = store.save(&goal.module, &goal.name, &bytes)
        {
            self.problems.push(problem);
        }
        Ok(Accepted { judgement, candidate, source: ProofSource::Searched, bytes })
    }

    fn conditional(&mut self, c: &Conditional) -> HoldsIf {
        let (attempt, _) = self.search.search(self.signature, &c.statement, &[], self.options.steps);
        let verdict = match attempt {
            Attempt::Candidate(Candidate { outcome, evidence, .. }) => {
                match judge(self.signature, &c.statement, outcome, &evidence, self.limits()) {
                    Ok(Judgement { kind: Kind::Proved, .. }) => Verdict::Proved,
                    Ok(_) => Verdict::Refuted,
                    Err(_) => Verdict::Unknown(Reason::RejectedCandidate),
                }
            }
            Attempt::GaveUp(reason, _) => Verdict::Unknown(reason),
        };
        HoldsIf { condition: c.condition.clone(), verdict }
    }

    fn report(
        &self,
        goal: &Goal,
        hash: Hash,
        accepted: Option<Accepted>,
        failure: (Reason, String),
        holds_if: Vec<HoldsIf>,
        mut cost: Cost,
    ) -> GoalReport {
        let (verdict, detail) = match &accepted {
            Some(a) if a.judgement.kind == Kind::Proved => (Verdict::Proved, String::new()),
            Some(_) => (Verdict::Refuted, String::new()),
            None => (Verdict::Unknown(failure.0), failure.1),
        };
        let mut counterexample = Vec::new();
        let (mut proof, mut axioms, mut rules) = (None, Vec::new(), Vec::new());
        if let Some(Accepted { judgement, candidate, source, bytes }) = accepted {
            if judgement.kind == Kind::Refuted {
                counterexample = candidate.witness;
            }
            let hash = blake3::hash(&bytes).to_hex().to_string();
            proof = Some(ProofInfo { hash, source, engine: candidate.engine });
            cost.kernel_steps = judgement.steps;
            (axioms, rules) = (judgement.axioms, judgement.rules);
        }
        GoalReport {
            name: goal.full_name(),
            hash: hash.to_string(),
            written: goal.written.clone(),
            detail,
            place: goal.place.clone(),
            verdict,
            expected: goal.expected,
            counterexample,
            holds_if,
            proof,
            axioms,
            rules,
            cost,
        }
    }
}

/// What `gate` found.
#[derive(Clone, Debug, Default)]
pub struct GateReport {
    /// How many claims were looked at.
    pub claims: usize,
    /// Violations, in file order.
    pub violations: Vec<Violation>,
    /// Problems that kept the gate from looking.
    pub problems: Vec<Problem>,
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
pub fn gate_sources(paths: &[PathBuf], policy: &Policy, store: &Store, frontend: &mut dyn Frontend) -> GateReport {
    let mut sources = Sources::new();
    let (files, mut problems) = load(paths, &mut sources);
    if !problems.is_empty() {
        return GateReport { problems, ..GateReport::default() };
    }
    let elaborated = match frontend.elaborate(&mut sources, &files) {
        Ok(elaborated) => elaborated,
        Err(problems) => return GateReport { problems, ..GateReport::default() },
    };
    problems.extend(elaborated.problems);
    let context = match Context::new(&elaborated.signature) {
        Ok(context) => context,
        Err(e) => {
            problems.push(internal(&format!("A checked signature cannot be hashed: {e}.")));
            return GateReport { problems, ..GateReport::default() };
        }
    };
    if problems.iter().any(Problem::is_error) {
        return GateReport { problems, ..GateReport::default() };
    }
    let claims: Vec<Claim> =
        elaborated.goals.iter().map(|g| Claim { name: g.full_name(), expected: g.expected }).collect();
    let find = |claim: &Claim| elaborated.goals.iter().find(|g| g.full_name() == claim.name);
    let load = |claim: &Claim| match find(claim) {
        Some(g) => store.load(&g.module, &g.name).map_err(|p| p.what),
        None => Ok(None),
    };
    let judge = |claim: &Claim, stored: &Stored| match find(claim) {
        Some(g) => judge_stored(&elaborated.signature, &context, &g.statement, stored, Limits::default()),
        None => Err(StoredFailure::Stale),
    };
    let violations = gate(&claims, policy, load, judge);
    GateReport { claims: claims.len(), violations, problems }
}
