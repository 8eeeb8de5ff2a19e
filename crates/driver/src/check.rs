//! The straight line: sources, declarations and goals, candidates, the kernel's judgement, the report. Nothing flows back.

use crate::line::Line;
use crate::load::{Input, load};
use crate::problem::{Code, Place, Problem};
use crate::replay::Context;
use crate::store::Store;
use crate::verdict::{Kind, Reason, Report};
use bfv_diag::Sources;
use bfv_format::{Outcome, Term};
use bfv_kernel::Signature;
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
    /// Names of the statement's leading variables, hypotheses included.
    pub variables: Vec<String>,
    /// The verdict asked for.
    pub expected: Kind,
    /// What the source itself offers: a proof, or a proof of the negation at a point.
    pub given: Option<Candidate>,
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
    /// A proof by linear arithmetic.
    Linear,
    /// A proof by arithmetic with products, then by lemmas.
    Arithmetic,
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
    let mut report = Report { files: names, problems, ..Report::default() };
    if !report.problems.is_empty() {
        return (report, Vec::new(), sources);
    }
    let start = Instant::now();
    let elaborated = frontend.elaborate(&mut sources, &files);
    report.load_us = micros(start);
    let elaborated = match elaborated {
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
    let mut line = Line::new(options, &elaborated.signature, &context, search);
    for (done, goal) in goals.iter().enumerate() {
        progress(Progress { done, all: goals.len() });
        report.goals.extend(line.goal(goal));
    }
    report.problems.append(&mut line.problems);
    (report, all, sources)
}

pub(crate) fn micros(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}

pub(crate) fn internal(what: &str) -> Problem {
    Problem::new(Code::Internal, what, "report this as a mistake of bfv, with the file that shows it.")
}
