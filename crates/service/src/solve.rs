//! Trying steps on a goal, within a deadline, and the kernel's judgement of what they end with.

use crate::fault::Fault;
use crate::parts::{Hands, shared};
use crate::sheet::{NAME, Script, Sheet, step_text};
use crate::steps::{closing, induction, intro, opening};
use crate::wire::Step;
use bfv_driver::{Desk, Kind, Misfit, Problem, Ruling};
use bfv_elab::{Form, OpenGoal};
use bfv_search::{Engine, Memo};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Steps of the searches about one statement, one after another: what is easy is found at once, and the deadline is looked at in between.
const SEARCHES: [u64; 3] = [2_000, 20_000, 200_000];
/// Steps of one engine that a step of a script calls.
const ENGINE: u64 = 4_000;
/// Steps of engine and kernel when a finished script is judged.
const JUDGED: u64 = 200_000;
/// Most attempts to end the goals that a step leaves.
const ATTEMPTS: u32 = 120;
/// The same where an answer should be on its way.
const FEW: u32 = 8;
/// The longest term that is written as a step, in bytes.
const LONGEST_TERM: usize = 400;
/// Variables that a statement begins with on which an induction is tried.
const LEADING: usize = 4;

/// Why a search ended early.
#[derive(Clone, Debug)]
pub enum Stop {
    /// The time is used up.
    Deadline,
    /// Nobody waits for the answer.
    Cancelled,
    /// The request has a mistake, or bfv has one.
    Fault(Box<Fault>),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(Box::new(fault))
    }
}

/// How long a request may be worked on.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Until when.
    pub deadline: Instant,
    /// Set where nobody waits any more.
    pub cancelled: Arc<AtomicBool>,
}

impl Limits {
    /// Looks whether to go on.
    ///
    /// # Errors
    /// The request was cancelled, or its time is used up.
    pub fn check(&self) -> Result<(), Stop> {
        // Engines are told in the same way that nobody waits and that the time is over.
        if Instant::now() >= self.deadline {
            return Err(Stop::Deadline);
        }
        if self.cancelled.load(Ordering::Relaxed) { Err(Stop::Cancelled) } else { Ok(()) }
    }
}

/// A goal of a request on the desk.
pub struct Bench<'d> {
    pub(crate) desk: &'d mut Desk,
    /// The goal as a claim.
    pub sheet: Sheet,
    pub(crate) limits: &'d Limits,
    /// Names of what is given before the statement.
    pub leading: Vec<String>,
    /// Names of the leading arguments of the statement.
    pub names: Vec<String>,
    /// How many steps were tried.
    pub tried: u32,
    /// How many of them it were when the kernel accepted a script for the first time.
    pub accepted: Option<u32>,
    /// Until when ends are looked for at length.
    pub soft: Option<Instant>,
    /// Threads that may help.
    pub hands: Option<&'d dyn Hands>,
    /// Whether they were not asked yet for the goals at hand.
    pub(crate) share: bool,
    /// What engines answered about this goal.
    pub(crate) memo: Rc<Memo>,
}

/// A step as it was tried.
pub struct Tried {
    /// The script with the step.
    pub script: Script,
    /// The goals that are left.
    pub open: Vec<OpenGoal>,
}

/// Steps, each with the statements of the goals that it left.
pub type Steps = Vec<(String, Vec<String>)>;

/// A finished script with its steps, each with the goals that it left.
pub struct Found {
    /// The whole script.
    pub script: Script,
    /// The steps in the order in which they were made, each with the statements of the goals that it left.
    pub steps: Steps,
}

impl Found {
    /// A script whose first step is told apart: the others, without the statements of the goals in between.
    pub fn beginning(script: Script) -> Found {
        let steps = script.steps().into_iter().skip(1).map(|(_, s)| (s.to_owned(), Vec::new())).collect();
        Found { script, steps }
    }
}

impl<'d> Bench<'d> {
    /// A goal on the desk.
    pub fn new(
        desk: &'d mut Desk,
        sheet: Sheet,
        limits: &'d Limits,
        leading: Vec<String>,
        names: Vec<String>,
    ) -> Bench<'d> {
        let memo = Rc::<Memo>::default();
        desk.remember(Some(memo.clone()));
        Bench {
            desk,
            sheet,
            limits,
            leading,
            names,
            tried: 0,
            accepted: None,
            soft: None,
            hands: None,
            share: true,
            memo,
        }
    }

    /// The goals that a script leaves, or why it is not accepted.
    ///
    /// # Errors
    /// The time is used up.
    pub fn open(&mut self, script: &Script) -> Result<Result<Vec<OpenGoal>, Problem>, Stop> {
        self.open_with(script, ENGINE)
    }

    /// The same of a script that is given, and not one of many that are tried: engines that it calls get as many steps as when it is judged.
    ///
    /// # Errors
    /// The time is used up.
    pub fn open_given(&mut self, script: &Script) -> Result<Result<Vec<OpenGoal>, Problem>, Stop> {
        match self.open(script)? {
            Ok(open) => Ok(Ok(open)),
            Err(_) => self.open_with(script, JUDGED),
        }
    }

    fn open_with(&mut self, script: &Script, steps: u64) -> Result<Result<Vec<OpenGoal>, Problem>, Stop> {
        self.limits.check()?;
        self.tried = self.tried.saturating_add(1);
        match self.desk.open_goals(NAME, &self.sheet.with(script), steps) {
            Ok(open) => Ok(Ok(open)),
            Err(problems) => {
                // What was not accepted when the time was over may be right all the same.
                self.limits.check()?;
                problems.into_iter().next().map(Err).ok_or_else(|| nothing_said().into())
            }
        }
    }

    /// The goal as it stands, without a step. Where it is no proposition, an element of it is wanted from now on.
    ///
    /// # Errors
    /// The statement has a mistake, or the time is used up.
    pub fn first(&mut self) -> Result<OpenGoal, Stop> {
        let mut open = self.open(&Script::default())?;
        if open.as_ref().is_err_and(|p| p.code.word() == bfv_diag::Code::NotAProposition.id()) {
            self.sheet.typed = true;
            open = self.open(&Script::default())?;
        }
        let open = open.map_err(|p| self.sheet.fault(&p, ""))?;
        open.into_iter().next().ok_or_else(|| Fault::internal("A claim without steps has no goal.").into())
    }

    /// A script with one more step for a goal that it leaves. Nothing where the step is not accepted.
    ///
    /// # Errors
    /// The time is used up.
    pub fn try_step(&mut self, script: &Script, goal: &OpenGoal, step: &str) -> Result<Option<Tried>, Stop> {
        let Some(at) = self.sheet.end_of(script, goal) else { return Ok(None) };
        let script = script.insert(at, step);
        Ok(self.open(&script)?.ok().map(|open| Tried { script, open }))
    }

    /// Inductions on variables that the statement begins with, each after they were introduced.
    ///
    /// # Errors
    /// The time is used up.
    pub fn leading_inductions(&mut self, first: &OpenGoal) -> Result<Vec<String>, Stop> {
        let mut out = Vec::new();
        let (mut steps, mut script, mut goal) = (String::new(), Script::default(), first.clone());
        for n in 0..LEADING {
            if !matches!(goal.form, Form::Function { hypothesis: false, .. }) {
                break;
            }
            let Some(step) = intro(&goal, self.names.get(n..).unwrap_or_default()) else { break };
            let Some(tried) = self.try_step(&script, &goal, &step)? else { break };
            let Some(next) = tried.open.into_iter().next() else { break };
            steps += &format!("{step}; ");
            (script, goal) = (tried.script, next);
            // What was introduced last stands last.
            if let Some(induction) = goal.context.last().and_then(|v| induction(Some(&goal), v)) {
                out.push(format!("{steps}{induction}"));
            }
        }
        Ok(out)
    }

    /// A step as the language writes it. An induction may be on a variable that the statement begins with.
    ///
    /// # Errors
    /// What is wrong with the step, or the time is used up.
    pub fn step_text(&mut self, step: &Step, goal: &OpenGoal) -> Result<String, Stop> {
        let text = step_text(step, Some(goal))?;
        let variable = text.strip_prefix("induction ").filter(|rest| !rest.contains('{')).map(str::trim);
        let Some(variable) = variable.filter(|name| !goal.context.iter().any(|v| v.name == *name)) else {
            return Ok(text);
        };
        let begins = format!("induction {variable} ");
        let leading = self.leading_inductions(goal)?;
        Ok(leading.into_iter().find(|s| s.contains(&begins)).unwrap_or(text))
    }

    /// Scripts that may replay what a search found about the bare statement: the term itself, and the engines after all arguments.
    ///
    /// # Errors
    /// The time is used up.
    pub fn replays(&mut self, first: &OpenGoal, ruling: &Ruling) -> Result<Vec<Script>, Stop> {
        let mut out = Vec::new();
        if let Some(term) = ruling.written.as_ref().filter(|t| t.len() <= LONGEST_TERM) {
            out.push(Script { text: format!(" exact {term}") });
        }
        let (mut script, mut goal) = (Script::default(), first.clone());
        while let Some(step) = intro(&goal, self.names_after(&script)) {
            let Some(tried) = self.try_step(&script, &goal, &step)? else { break };
            let Some(next) = tried.open.into_iter().next() else { break };
            (script, goal) = (tried.script, next);
        }
        for engine in ["arith", "auto"] {
            let at = script.text.len();
            out.push(script.insert(at, engine));
        }
        Ok(out)
    }

    /// Theorems whose conclusion may be the goal.
    pub fn theorems(&self, goal: &OpenGoal) -> Vec<String> {
        crate::rank::theorems(self.desk, goal)
    }

    /// The names of the arguments that a script has not introduced yet, as long as it only introduces.
    #[must_use]
    pub fn names_after(&self, script: &Script) -> &[String] {
        let steps: Vec<&str> = script.text.split(';').map(str::trim).filter(|s| !s.is_empty()).collect();
        if !steps.iter().all(|s| s.starts_with("intro ")) {
            return &[];
        }
        let made = steps.iter().map(|s| s.split_whitespace().count().saturating_sub(1)).sum();
        self.names.get(made..).unwrap_or_default()
    }

    /// Steps that end all goals that a script leaves: `most` of them at most. Nothing where none were found.
    ///
    /// # Errors
    /// The time is used up.
    pub fn finish(&mut self, script: &Script, open: &[OpenGoal], most: u32) -> Result<Option<Found>, Stop> {
        self.share = true;
        let late = self.soft.is_some_and(|soft| Instant::now() >= soft);
        let mut attempts = if late { FEW } else { ATTEMPTS };
        let mut steps = Vec::new();
        let script = self.descend(script, open, (most, 1), &mut attempts, &mut steps)?;
        Ok(script.map(|script| {
            steps.reverse();
            Found { script, steps }
        }))
    }

    /// One step after another, depth first. `inductions` says how many may still be made. The steps found come last first.
    fn descend(
        &mut self,
        script: &Script,
        open: &[OpenGoal],
        (most, inductions): (u32, u32),
        attempts: &mut u32,
        steps: &mut Steps,
    ) -> Result<Option<Script>, Stop> {
        let Some(goal) = open.first() else { return Ok(Some(script.clone())) };
        if let Some(mut found) = shared(self, script, open, most)? {
            found.steps.reverse();
            steps.extend(found.steps);
            return Ok(Some(found.script));
        }
        let Some(most) = most.checked_sub(1) else { return Ok(None) };
        let mut candidates = closing(goal);
        candidates.extend(opening(goal, self.names_after(script)));
        for (_, step) in candidates {
            let induction = u32::from(step.starts_with("induction"));
            let (Some(left), Some(inductions)) = (attempts.checked_sub(1), inductions.checked_sub(induction)) else {
                continue;
            };
            *attempts = left;
            let Some(tried) = self.try_step(script, goal, &step)? else { continue };
            // A step that changes nothing leads nowhere.
            if tried.open.len() == open.len() && tried.open.first().is_some_and(|g| g.same(goal)) {
                continue;
            }
            if let Some(done) = self.descend(&tried.script, &tried.open, (most, inductions), attempts, steps)? {
                steps.push((step, targets(&tried.open)));
                return Ok(Some(done));
            }
        }
        Ok(None)
    }

    /// The steps of a script, each with the statements of the goals that it leaves; nothing where one is not accepted.
    ///
    /// # Errors
    /// The time is used up.
    pub fn steps_of(&mut self, script: &Script) -> Result<Option<Steps>, Stop> {
        let mut steps = Vec::new();
        for (end, step) in script.steps() {
            let text = script.text.get(..end).unwrap_or_default().to_owned();
            let Ok(open) = self.open_given(&Script { text })? else { return Ok(None) };
            steps.push((step.to_owned(), targets(&open)));
        }
        Ok(Some(steps))
    }

    /// The kernel's judgement of a finished script. Nothing where it is none of proved.
    ///
    /// # Errors
    /// The time is used up, or bfv has a mistake.
    pub fn judge(&mut self, script: &Script) -> Result<Option<Ruling>, Stop> {
        self.limits.check()?;
        let text = self.sheet.with(script);
        match self.ruling(&text, JUDGED) {
            Ok(ruling) => {
                let proved = ruling.filter(|r| r.report.verdict.kind() == Kind::Proved);
                if proved.is_some() {
                    self.accepted.get_or_insert(self.tried);
                }
                Ok(proved)
            }
            // What was accepted step by step, and is refused as a whole, is no proof.
            Err(Stop::Fault(fault)) if fault.status != 500 => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// What the engines find about the bare statement, and the kernel's judgement of it: more steps are given as long as
    /// there is time, from `least` to `most`.
    ///
    /// # Errors
    /// The statement has a mistake, or the time is used up before the first search.
    pub fn search(&mut self, least: u64, most: u64) -> Result<Option<Ruling>, Stop> {
        let engines = self.sheet.typed.then_some(bfv_engines::FOR_TYPES);
        self.search_among(engines, least, most)
    }

    /// The same with engines of its own; nothing for those of the desk.
    ///
    /// # Errors
    /// As `search`.
    pub fn search_among(
        &mut self,
        engines: Option<&'static [&'static dyn Engine]>,
        least: u64,
        most: u64,
    ) -> Result<Option<Ruling>, Stop> {
        self.desk.search_with(engines);
        let found = self.searched(least, most);
        self.desk.search_with(None);
        found
    }

    fn searched(&mut self, least: u64, most: u64) -> Result<Option<Ruling>, Stop> {
        let text = self.sheet.bare();
        let mut last = None;
        for steps in SEARCHES.into_iter().filter(|s| (least..=most).contains(s)) {
            match self.limits.check() {
                Err(Stop::Deadline) if last.is_some() => break,
                ended => ended?,
            }
            let ruling = match self.ruling(&text, steps) {
                Err(Stop::Deadline) if last.is_some() => break,
                ruling => ruling?,
            };
            let decided = ruling.as_ref().is_some_and(|r| r.report.verdict.kind() != Kind::Unknown);
            // What the kernel refused it may have refused for want of steps.
            let may_help = ruling.as_ref().is_some_and(|r| {
                use bfv_driver::Reason::{Budget, Incomplete, RejectedCandidate};
                matches!(r.report.verdict, bfv_driver::Verdict::Unknown(Budget | Incomplete | RejectedCandidate))
            });
            last = ruling;
            if decided || !may_help {
                break;
            }
        }
        Ok(last)
    }

    /// The kernel's judgement of stored evidence that a client sends for the goal, from this place of its request.
    ///
    /// # Errors
    /// The evidence does not fit the goal, or the time is used up.
    pub fn certified(&mut self, bytes: &[u8], place: &str) -> Result<Ruling, Stop> {
        self.limits.check()?;
        let judged = self.desk.certified(NAME, &self.sheet.bare(), bytes, JUDGED);
        if !matches!(judged, Ok(Ok(_))) {
            self.limits.check()?;
        }
        let (what, mend) = match judged {
            Ok(Ok(ruling)) if ruling.report.verdict.kind() != Kind::Unknown => return Ok(ruling),
            Err(problems) => {
                return Err(problems.first().map_or_else(nothing_said, |p| self.sheet.fault(p, "")).into());
            }
            Ok(Err(Misfit::Unreadable(why))) => {
                (format!("The certificate cannot be read: {why}."), "Send certificate_bytes as it came.")
            }
            Ok(Err(Misfit::Unknown)) => (
                "The certificate speaks of declarations that are not known here.".to_owned(),
                "Send the imports and declarations with which it was made.",
            ),
            Ok(Err(Misfit::Other)) => {
                ("The certificate is about another goal.".to_owned(), "Send the goal for which it was made.")
            }
            Ok(Ok(_)) => (
                "The kernel did not accept the certificate for this goal.".to_owned(),
                "Ask for the proof again, with REQUEST_PROOF_COMPLETION.",
            ),
            Ok(Err(Misfit::Refused(why))) => {
                let what = "The kernel did not accept the certificate for this goal.";
                (format!("{what} {why}").trim().to_owned(), "Ask for the proof again, with REQUEST_PROOF_COMPLETION.")
            }
        };
        Err(Fault::wrong(place, what, mend).into())
    }

    fn ruling(&mut self, text: &str, steps: u64) -> Result<Option<Ruling>, Stop> {
        let judged = self.desk.judge(NAME, text, steps);
        let decided = |r: &Ruling| r.report.verdict.kind() != Kind::Unknown;
        if !judged.as_ref().is_ok_and(|all| all.iter().all(decided)) {
            // Engines and the kernel end early when the time is over, and what they say then means nothing.
            self.limits.check()?;
        }
        match judged {
            Ok(mut rulings) => match (rulings.pop(), rulings.is_empty()) {
                (Some(one), true) => Ok(Some(one)),
                (None, _) => Ok(None),
                (Some(_), false) => Err(Fault::wrong("", "The steps hold a further claim.", "Remove it.").into()),
            },
            Err(problems) => {
                let first = problems.first().map_or_else(nothing_said, |p| self.sheet.fault(p, ""));
                Err(first.into())
            }
        }
    }
}

/// The statements of goals.
pub fn targets(open: &[OpenGoal]) -> Vec<String> {
    open.iter().map(|g| g.target.clone()).collect()
}

fn nothing_said() -> Fault {
    Fault::internal("A text was refused without a reason.")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Two statements that are too long to show are told apart by their terms: a step from one to the other leads somewhere.
    #[test]
    fn goals_that_are_too_long_to_show_are_told_apart() {
        let mut desk = Desk::open(bfv_engines::FOR_GOALS, &["std.logic".to_owned()]).unwrap();
        let long = |atom: &str| {
            let doubled: String = (0..16).map(|n| format!("let t{} := t{n} /\\ t{n} in ", n + 1)).collect();
            format!("(let t0 := {atom} in {doubled} t16)")
        };
        let (a, b) = (long("A"), long("B"));
        let claim = format!("@[type]\nclaim goal (A B : U 0) (h : {a} -> {b}) : {b}\nby {{");
        let open = |desk: &mut Desk, step: &str| {
            let open = desk.open_goals("text", &format!("{claim} {step} }}\n"), 1_000).unwrap();
            open.into_iter().next().unwrap()
        };
        let (before, after) = (open(&mut desk, ""), open(&mut desk, "apply h"));
        assert_eq!((before.target.as_str(), &before.context), (after.target.as_str(), &after.context));
        assert_eq!(before.target, "a term too large to show");
        assert!(!after.same(&before) && before.same(&before.clone()));
    }
}
