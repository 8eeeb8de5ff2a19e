//! One run in several threads. Each of them elaborates a share of the claims and judges it. Where there are many files, whole modules are
//! shared out, and a module whose declarations nobody else sees is left to its thread; otherwise single claims are.
//!
//! Terms are not shared between threads, so each has a session of its own. No claim changes what a session knows, so all sessions
//! are alike, and each goal is judged as one thread alone would judge it. They wait for each other between elaborating and judging:
//! where anything is amiss by then, nothing is judged and one thread alone does everything again, so that problems are found and said
//! in their order.
//!
//! What scripts gave before is recalled here and nowhere else. Where a stored proof that was recalled does not count, everything is done
//! again with nothing recalled, so that no report depends on it.

use crate::check::{CheckOptions, Frontend, GoalName, Hooks, Progress, Run, Search, check_loaded};
use crate::load::{Input, load};
use crate::replay::Sides;
use crate::scripts::Scripts;
use crate::store::Store;
use crate::verdict::{GoalReport, Report};
use bfv_diag::Sources;
use bfv_elab::Share;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread;

/// What makes the front end and the search of a thread.
pub type Make<'a> = dyn Fn(Option<Share>) -> (Box<dyn Frontend>, Box<dyn Search>) + Sync + 'a;

/// With fewer claims than this, reading the library in a second thread costs more than it saves.
const MANY: usize = 16;

/// More threads than this mostly read the library again.
const THREADS: usize = 4;

/// Checks as `check` does, with as many threads as the machine has processors for, each with so many bytes of stack.
pub fn check_in_threads(
    options: &CheckOptions,
    make: &Make<'_>,
    stack: usize,
    progress: &mut dyn FnMut(Progress),
) -> (Report, Vec<GoalName>, Sources) {
    let mut sources = Sources::new();
    let (files, problems) = load(&options.paths, &mut sources);
    let names = files.iter().filter_map(|f| sources.name(f.number)).map(str::to_owned).collect();
    let report = Report { files: names, problems, ..Report::default() };
    if files.is_empty() {
        return (report, Vec::new(), sources);
    }
    let store = options.store.clone();
    let task = Task { options, files: &files, sources: &sources, report: &report, make, store };
    let mut run = task.run(stack, progress);
    if run.refused {
        run = Task { store: task.store.clone().map(Store::ignored), ..task }.run(stack, progress);
    }
    if let Some(store) = &options.store
        && run.report.errors() == 0
    {
        Scripts::keep(run.scripts, store);
    }
    (run.report, run.names, run.sources)
}

/// What is to be checked.
struct Task<'a> {
    options: &'a CheckOptions,
    files: &'a [Input],
    sources: &'a Sources,
    report: &'a Report,
    make: &'a Make<'a>,
    /// Where what scripts gave is recalled from.
    store: Option<Store>,
}

/// How many claims the files have, by the beginnings of their lines: it only decides how much is done at once.
fn claims(files: &[Input]) -> usize {
    files.iter().flat_map(|f| f.bytes.split(|b| *b == b'\n')).filter(|line| line.starts_with(b"claim ")).count()
}

impl Task<'_> {
    fn run(&self, stack: usize, progress: &mut dyn FnMut(Progress)) -> Run {
        let claims = claims(self.files);
        if self.options.goal.is_none() && self.report.problems.is_empty() && claims >= MANY {
            let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS);
            if threads > 1
                && let Some(run) = self.in_shares((threads, stack, claims), progress)
            {
                return run;
            }
        }
        self.share(None, progress, &mut |_| true)
    }

    fn share(&self, share: Option<Share>, progress: &mut dyn FnMut(Progress), go: &mut dyn FnMut(bool) -> bool) -> Run {
        let (mut frontend, mut search) = (self.make)(share);
        if let Some(store) = &self.store {
            frontend.recall(store.clone());
        }
        let hooks = Hooks { progress, see: &mut |_| {}, go };
        let (sources, report) = (self.sources.clone(), self.report.clone());
        check_loaded(self.options, self.files, sources, report, (frontend.as_mut(), search.as_mut()), hooks)
    }

    /// The run made of all shares; nothing where anything is amiss.
    fn in_shares(
        &self,
        (threads, stack, claims): (usize, usize, usize),
        progress: &mut dyn FnMut(Progress),
    ) -> Option<Run> {
        let done = AtomicUsize::new(0);
        let meeting = Meeting::of(threads);
        let share = |first: usize, progress: &mut dyn FnMut(Progress)| {
            let mut count = |p: Progress| {
                // Every goal but the first says that the one before it is done.
                let done = done.fetch_add(usize::from(p.done > 0), Ordering::Relaxed);
                progress(Progress { done, all: claims });
            };
            let mut seat = Seat { meeting: &meeting, taken: false };
            self.share(Some(Share { first, of: threads }), &mut count, &mut |well| seat.take(well))
        };
        let share = &share;
        let runs: Vec<Run> = thread::scope(|scope| {
            let helpers: std::io::Result<Vec<_>> = (1..threads)
                .map(|first| {
                    let helper = thread::Builder::new().stack_size(stack);
                    helper.spawn_scoped(scope, move || share(first, &mut |_| {}))
                })
                .collect();
            // Where no thread is to be had, one alone does it all, and those that are there must not wait.
            let helpers = helpers.inspect_err(|_| meeting.leave()).ok()?;
            let mut runs = vec![share(0, progress)];
            runs.extend(helpers.into_iter().map(|h| h.join().unwrap_or_else(|mistake| resume_unwind(mistake))));
            Some(runs)
        })?;
        merged(runs)
    }
}

/// Where threads wait for each other, to go on together or not at all.
struct Meeting {
    /// How many are still to come, and whether all is well so far.
    state: Mutex<(usize, bool)>,
    all: Condvar,
}

impl Meeting {
    fn of(threads: usize) -> Self {
        Meeting { state: Mutex::new((threads, true)), all: Condvar::new() }
    }

    /// Waits for the others; whether all is well with everybody.
    fn join(&self, well: bool) -> bool {
        // What is behind the lock is whole at any time, also where somebody panicked.
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *state = (state.0.saturating_sub(1), state.1 && well);
        self.all.notify_all();
        while state.0 > 0 && state.1 {
            state = self.all.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        state.1
    }

    /// Nobody goes on.
    fn leave(&self) {
        self.join(false);
    }
}

/// The place of one thread in a meeting. A thread that ends without having come, leaves.
struct Seat<'m> {
    meeting: &'m Meeting,
    taken: bool,
}

impl Seat<'_> {
    fn take(&mut self, well: bool) -> bool {
        self.taken = true;
        self.meeting.join(well)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if !self.taken {
            self.meeting.leave();
        }
    }
}

fn merged(runs: Vec<Run>) -> Option<Run> {
    if runs.iter().any(|r| r.refused) {
        return runs.into_iter().find(|r| r.refused);
    }
    if runs.iter().any(|r| !r.report.problems.is_empty()) {
        return None;
    }
    let mut sides = Sides::default();
    for run in &runs {
        if !sides.join(&run.sides) {
            return None;
        }
    }
    let mut runs = runs.into_iter();
    let Run { mut report, names, sources, numbers, mut scripts, .. } = runs.next()?;
    let mut goals: Vec<(usize, (GoalReport, GoalName))> = Vec::new();
    let mut add = |numbers: Vec<usize>, reports: Vec<GoalReport>, names: Vec<GoalName>| {
        goals.extend(numbers.into_iter().zip(reports.into_iter().zip(names)));
    };
    add(numbers, std::mem::take(&mut report.goals), names);
    for run in runs {
        report.load_us = report.load_us.max(run.report.load_us);
        add(run.numbers, run.report.goals, run.names);
        Scripts::join(&mut scripts, run.scripts);
    }
    goals.sort_by_key(|(number, _)| *number);
    let numbers = goals.iter().map(|(number, _)| *number).collect();
    let (reports, names) = goals.into_iter().map(|(_, both)| both).unzip();
    Some(Run { report: Report { goals: reports, ..report }, names, sources, sides, numbers, scripts, refused: false })
}
