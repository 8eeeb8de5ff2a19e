//! The straight line: sources, declarations and goals, candidates, the kernel's judgement, the report. Nothing flows back.

use crate::chart::Chart;
use crate::invariants::Invariant;
use crate::line::Line;
use crate::load::{Input, load};
use crate::menu::Proposal;
use crate::named::{ambiguous, meant};
use crate::problem::{Code, Place, Problem};
use crate::replay::{Context, Sides};
use crate::scripts::Scripts;
use crate::states::States;
use crate::store::Store;
use crate::verdict::{GoalReport, Kind, Reason, Report};
use bfv_diag::Sources;
use bfv_format::{Outcome, Term};
use bfv_kernel::Signature;
use std::collections::{BTreeMap, BTreeSet};
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

/// A goal that `holds_if` adds to a claim: "condition implies claim". That the condition can be met is a goal of its own, made from this one.
#[derive(Clone, Debug)]
pub struct Conditional {
    /// As written.
    pub condition: String,
    /// The statement.
    pub statement: Term,
    /// How many arguments of the statement come before the condition.
    pub binders: usize,
}

/// One claim, elaborated.
#[derive(Clone, Debug)]
pub struct Goal {
    /// How many claims come before it, those of other shares included.
    pub number: usize,
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
    /// The stored proof that the source's evidence gave when it was last elaborated; `given` is nothing then.
    pub recalled: Option<Vec<u8>>,
    /// It was noted that a search about its hypotheses found nothing. That saves a search, and is never an answer.
    pub in_vain: bool,
    /// Goals added by `holds_if`.
    pub holds_if: Vec<Conditional>,
    /// The author knows that the hypotheses contradict each other, and says so.
    pub vacuous: bool,
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
    /// Where a declaration stands in the signature, by its full name.
    pub positions: BTreeMap<String, u32>,
    /// The modules of the files asked for.
    pub modules: BTreeSet<String>,
}

/// From source texts to declarations and goals. The texts of imported modules are added to `sources`.
pub trait Frontend {
    /// Elaborates the files, in order, and what they import.
    ///
    /// # Errors
    /// Problems after which there is nothing to judge.
    fn elaborate(&mut self, sources: &mut Sources, files: &[Input]) -> Result<Elaborated, Vec<Problem>>;

    /// From now on, what scripts gave is recalled from this store as far as it is current.
    fn recall(&mut self, _: Store) {}

    /// What came of the scripts of the modules elaborated last, to be recalled later. It is taken out.
    fn scripts(&mut self) -> Vec<Scripts> {
        Vec::new()
    }

    /// The goal that `holds_if text` would add to a claim; nothing when the text is no statement over its variables.
    fn condition(&mut self, _: &Goal, _: &str) -> Option<Conditional> {
        None
    }

    /// What may be tried as the missing hypothesis of a claim: texts of one condition, of which the first that is a statement counts.
    /// Of two conditions, the weaker one stands first.
    fn menu(&self, _: &Goal) -> Vec<Proposal> {
        Vec::new()
    }

    /// The run behind evidence against a claim about a protocol, which the kernel accepted.
    fn chart(&self, _: &Goal, _: &Signature, _: &Term) -> Option<Chart> {
        None
    }

    /// The states of that run.
    fn states(&self, _: &Goal, _: &Signature, _: &Term) -> Option<States> {
        None
    }

    /// Whether a claim is about the runs of a protocol.
    fn about_runs(&self, _: &Goal) -> bool {
        false
    }

    /// The invariants that an author wrote for the protocol of a claim; none unless this is the first claim about it.
    fn invariants(&self, _: &Goal, _: &Signature) -> Vec<Invariant> {
        Vec::new()
    }

    /// The invariants that a proof of a claim rests on and nobody wrote.
    fn made(&self, _: &Goal, _: &Signature, _: &Term) -> Vec<String> {
        Vec::new()
    }

    /// That a condition on the variables of a claim is met where these have the given values.
    fn at_point(&mut self, _: &Goal, _: &str, _: &[(String, String)]) -> Option<Term> {
        None
    }
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

    /// The same with theorems that the claim's file sees and that carry no tag.
    fn thorough(&mut self, _: &Goal, s: &Signature, statement: &Term, names: &[String], steps: u64) -> (Attempt, u64) {
        self.search(s, statement, names, steps)
    }

    /// The same with one method only. What the driver asks beside the claims themselves must be cheap.
    fn only(&mut self, _: Method, _: &Signature, _: &Term, _: &[String], _: u64) -> (Attempt, u64) {
        (Attempt::GaveUp(Reason::Incomplete, String::new()), 0)
    }
}

/// A method of search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A point at which the statement fails.
    Point,
    /// The same with more effort, for few statements.
    Exhibit,
    /// A proof by linear arithmetic.
    Linear,
    /// A proof by arithmetic with products, then by lemmas.
    Arithmetic,
    /// A proof from facts with quantifiers.
    Statements,
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
    /// Only the goal that is meant by this name; see `meant`.
    pub goal: Option<String>,
    /// Budget of steps of each goal, for engines and kernel each.
    pub steps: u64,
    /// Where proofs are stored; none outside a project.
    pub store: Option<Store>,
    /// Look for a condition under which a refuted claim holds, where its source gives none.
    pub repair: bool,
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

/// The problem that several goals are meant by a name; the command line adds suggestions.
#[must_use]
pub fn ambiguous_goal(name: &str, candidates: usize) -> Problem {
    Problem::new(Code::Usage, ambiguous(name, "goal", candidates), "")
}

/// A goal that the kernel has judged, with what its verdict rests on.
pub struct Seen<'a> {
    /// Every declaration, and where each stands.
    pub elaborated: &'a Elaborated,
    /// The goal.
    pub goal: &'a Goal,
    /// The report on it.
    pub report: &'a GoalReport,
    /// The evidence that the kernel accepted.
    pub evidence: &'a Term,
    /// What elaborated it.
    pub frontend: &'a dyn Frontend,
}

/// Checks. The report has every problem and every verdict; also the names of all goals and the texts, for suggestions and pictures.
pub fn check(
    options: &CheckOptions,
    frontend: &mut dyn Frontend,
    search: &mut dyn Search,
    progress: &mut dyn FnMut(Progress),
) -> (Report, Vec<GoalName>, Sources) {
    check_and_see(options, frontend, search, progress, &mut |_| {})
}

/// The same, and shows every goal that has a verdict of the kernel.
pub fn check_and_see(
    options: &CheckOptions,
    frontend: &mut dyn Frontend,
    search: &mut dyn Search,
    progress: &mut dyn FnMut(Progress),
    see: &mut dyn FnMut(&Seen<'_>),
) -> (Report, Vec<GoalName>, Sources) {
    let mut sources = Sources::new();
    let (files, problems) = load(&options.paths, &mut sources);
    let names = files.iter().filter_map(|f| sources.name(f.number)).map(str::to_owned).collect();
    let report = Report { files: names, problems, ..Report::default() };
    if files.is_empty() {
        return (report, Vec::new(), sources);
    }
    let hooks = Hooks { progress, see, go: &mut |_| true };
    let run = check_loaded(options, files.as_slice(), sources, report, (frontend, search), hooks);
    (run.report, run.names, run.sources)
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
    let options = CheckOptions { paths: Vec::new(), goal: None, steps, store: None, repair: false };
    let report = Report { files: vec![name.to_owned()], ..Report::default() };
    let hooks = Hooks { progress: &mut |_| {}, see: &mut |_| {}, go: &mut |_| true };
    let run = check_loaded(&options, &[input], sources, report, (frontend, search), hooks);
    (run.report, run.sources)
}

/// What came of a run: also what the kernel accepted, by statement.
pub(crate) struct Run {
    pub(crate) report: Report,
    pub(crate) names: Vec<GoalName>,
    pub(crate) sources: Sources,
    pub(crate) sides: Sides,
    /// The numbers of the goals.
    pub(crate) numbers: Vec<usize>,
    /// What came of scripts.
    pub(crate) scripts: Vec<Scripts>,
    /// A stored proof that was recalled in place of a script does not count, so the run says nothing.
    pub(crate) refused: bool,
}

/// What is told of a run on its way.
pub(crate) struct Hooks<'h> {
    pub(crate) progress: &'h mut dyn FnMut(Progress),
    pub(crate) see: &'h mut dyn FnMut(&Seen<'_>),
    /// Asked once all is elaborated, with whether that went well: whether goals are judged.
    pub(crate) go: &'h mut dyn FnMut(bool) -> bool,
}

pub(crate) fn check_loaded(
    options: &CheckOptions,
    files: &[Input],
    mut sources: Sources,
    mut report: Report,
    (frontend, search): (&mut dyn Frontend, &mut dyn Search),
    hooks: Hooks<'_>,
) -> Run {
    let ended = |report, names, sources| Run {
        report,
        names,
        sources,
        sides: Sides::default(),
        numbers: Vec::new(),
        scripts: Vec::new(),
        refused: false,
    };
    let start = Instant::now();
    let elaborated = frontend.elaborate(&mut sources, files);
    report.load_us = micros(start);
    let mut elaborated = match elaborated {
        Ok(elaborated) => elaborated,
        Err(problems) => {
            report.problems.extend(problems);
            return ended(report, Vec::new(), sources);
        }
    };
    report.problems.append(&mut elaborated.problems);
    let well = report.problems.is_empty();
    let all: Vec<GoalName> =
        elaborated.goals.iter().map(|g| GoalName { name: g.full_name(), file: g.place.file.clone() }).collect();
    let goals: Vec<&Goal> = match &options.goal {
        None => elaborated.goals.iter().collect(),
        Some(name) => match meant(name, all.iter().map(|g| g.name.as_str())).as_slice() {
            [one] => elaborated.goals.get(*one).into_iter().collect(),
            [] => {
                report.problems.push(unknown_goal(name));
                return ended(report, all, sources);
            }
            many => {
                report.problems.push(ambiguous_goal(name, many.len()));
                return ended(report, all, sources);
            }
        },
    };
    if !(hooks.go)(well) || goals.is_empty() {
        return ended(report, all, sources);
    }
    let context = match Context::new(&elaborated.signature) {
        Ok(context) => context,
        Err(e) => {
            report.problems.push(internal(&format!("A checked signature cannot be hashed: {e}.")));
            return ended(report, all, sources);
        }
    };
    let mut line = Line::new(options, &elaborated.signature, &context, frontend, search);
    for (done, goal) in goals.iter().enumerate() {
        (hooks.progress)(Progress { done, all: goals.len() });
        let judged = line.goal(goal);
        if line.refused {
            return Run { refused: true, ..ended(report, all, sources) };
        }
        let Some((judged, evidence)) = judged else { continue };
        if let Some(evidence) = &evidence {
            (hooks.see)(&Seen { elaborated: &elaborated, goal, report: &judged, evidence, frontend: &*line.frontend });
        }
        report.goals.push(judged);
    }
    report.problems.append(&mut line.problems);
    let (sides, stored) = (std::mem::take(&mut line.sides), std::mem::take(&mut line.from_source));
    let in_vain = std::mem::take(&mut line.in_vain);
    let mut scripts = frontend.scripts();
    // Of the other goals nothing is known.
    if options.goal.is_none() {
        Scripts::note(&mut scripts, stored, in_vain);
    } else {
        scripts.clear();
    }
    let numbers = elaborated.goals.iter().map(|g| g.number).collect();
    Run { report, names: all, sources, sides, numbers, scripts, refused: false }
}

pub(crate) fn micros(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}

pub(crate) fn internal(what: &str) -> Problem {
    Problem::new(Code::Internal, what, "report this as a mistake of bfv, with the file that shows it.")
}
