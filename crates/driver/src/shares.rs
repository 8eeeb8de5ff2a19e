//! One run in several threads. Each of them elaborates every declaration and a share of the claims, and judges that share.
//!
//! Terms are not shared between threads, so each has a session of its own. No claim changes what a session knows, so all sessions
//! are alike, and each goal is judged as one thread alone would judge it. Where anything is amiss, one thread alone does
//! everything again, so that problems are found and said in their order.

use crate::check::{CheckOptions, Frontend, GoalName, Progress, Run, Search, check_loaded};
use crate::load::{Input, load};
use crate::replay::Sides;
use crate::verdict::Report;
use bfv_diag::Sources;
use bfv_elab::Share;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    let claims = claims(&files);
    if options.goal.is_none() && report.problems.is_empty() && claims >= MANY {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS);
        if threads > 1
            && let Some(run) = in_shares(options, &files, &sources, &report, make, (threads, stack, claims), progress)
        {
            return (run.report, run.names, run.sources);
        }
    }
    let (mut frontend, mut search) = make(None);
    let run =
        check_loaded(options, &files, sources, report, (frontend.as_mut(), search.as_mut()), progress, &mut |_| {});
    (run.report, run.names, run.sources)
}

/// How many claims the files have, by the beginnings of their lines: it only decides how much is done at once.
fn claims(files: &[Input]) -> usize {
    files.iter().flat_map(|f| f.bytes.split(|b| *b == b'\n')).filter(|line| line.starts_with(b"claim ")).count()
}

/// The run made of all shares; nothing where anything is amiss.
fn in_shares(
    options: &CheckOptions,
    files: &[Input],
    sources: &Sources,
    report: &Report,
    make: &Make<'_>,
    (threads, stack, claims): (usize, usize, usize),
    progress: &mut dyn FnMut(Progress),
) -> Option<Run> {
    let done = AtomicUsize::new(0);
    let share = |first: usize, progress: &mut dyn FnMut(Progress)| {
        let (mut frontend, mut search) = make(Some(Share { first, of: threads }));
        let mut count = |p: Progress| {
            // Every goal but the first says that the one before it is done.
            let done = done.fetch_add(usize::from(p.done > 0), Ordering::Relaxed);
            progress(Progress { done, all: claims });
        };
        check_loaded(
            options,
            files,
            sources.clone(),
            report.clone(),
            (frontend.as_mut(), search.as_mut()),
            &mut count,
            &mut |_| {},
        )
    };
    let share = &share;
    let runs: Vec<Run> = thread::scope(|scope| {
        let helpers: std::io::Result<Vec<_>> = (1..threads)
            .map(|first| {
                let helper = thread::Builder::new().stack_size(stack);
                helper.spawn_scoped(scope, move || share(first, &mut |_| {}))
            })
            .collect();
        // Where no thread is to be had, one alone does it all.
        let helpers = helpers.ok()?;
        let mut runs = vec![share(0, progress)];
        runs.extend(helpers.into_iter().map(|h| h.join().unwrap_or_else(|mistake| resume_unwind(mistake))));
        Some(runs)
    })?;
    merged(runs)
}

fn merged(runs: Vec<Run>) -> Option<Run> {
    if runs.iter().any(|r| !r.report.problems.is_empty()) {
        return None;
    }
    let mut sides = Sides::default();
    for run in &runs {
        if !sides.join(&run.sides) {
            return None;
        }
    }
    let load_us = runs.iter().map(|r| r.report.load_us).max().unwrap_or_default();
    let all: usize = runs.iter().map(|r| r.report.goals.len()).sum();
    let mut runs = runs.into_iter();
    let Run { mut report, mut names, sources, .. } = runs.next()?;
    let mut goals = vec![std::mem::take(&mut report.goals).into_iter()];
    let mut of_all = vec![std::mem::take(&mut names).into_iter()];
    for run in runs {
        goals.push(run.report.goals.into_iter());
        of_all.push(run.names.into_iter());
    }
    let threads = goals.len();
    for n in 0..all {
        let share = n.checked_rem(threads)?;
        report.goals.push(goals.get_mut(share)?.next()?);
        names.push(of_all.get_mut(share)?.next()?);
    }
    Some(Run { report: Report { load_us, ..report }, names, sources, sides })
}
