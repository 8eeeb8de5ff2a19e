//! Goals of one proof that stand on their own: whoever has nothing else to do ends one, and the scripts are put together.
//!
//! Each part becomes a claim of its own, as it would be written. What comes back is text, and counts for nothing until the whole script is
//! accepted where it belongs; what engines proposed for it comes along, so that they need not search again.

use crate::sheet::{Script, Sheet};
use crate::solve::{Bench, Found, Limits, Steps, Stop, targets};
use crate::steps::intro;
use crate::wire::{Goal, Piece, Variable};
use bfv_driver::{Desk, Packed};
use bfv_elab::{Form, OpenGoal};
use std::sync::Arc;
use std::time::Instant;

/// What came of a part.
pub enum Part {
    /// Steps that end it.
    Ended {
        /// The script.
        text: String,
        /// Its steps, each with the goals that it left.
        steps: Steps,
        /// What engines proposed.
        proposed: Vec<Packed>,
    },
    /// No steps were found.
    Open,
    /// Its text means nothing on its own.
    Unread,
}

/// How a part is looked for: at most so many steps, and at length until then.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// Most steps.
    pub most: u32,
    /// Until when steps are looked for at length; nothing for as long as there is time.
    pub soft: Option<Instant>,
}

/// Threads that may help with a request.
pub trait Hands {
    /// Whether any of them has nothing to do.
    fn free(&self) -> bool;
    /// Hands out parts: those who are free begin with them at once.
    fn begin(&self, parts: Vec<Goal>, search: Search) -> Box<dyn Begun + '_>;
}

/// Parts that others work on. Where it is dropped, no further one is taken.
pub trait Begun {
    /// What comes of each part. The desk is that of the thread that asks, which helps, too.
    ///
    /// # Errors
    /// The time is used up, or the request was cancelled.
    fn end(self: Box<Self>, desk: &mut Desk) -> Result<Vec<Part>, Stop>;
}

/// Looks for the steps of one part.
///
/// # Errors
/// The time is used up, or the request was cancelled.
pub fn end(desk: &mut Desk, goal: &Goal, limits: &Limits, search: Search) -> Result<Part, Stop> {
    desk.heed(Some(Arc::clone(&limits.cancelled)));
    let Some((mut bench, first)) = alone(desk, goal, limits)? else { return Ok(Part::Unread) };
    bench.soft = search.soft;
    let found = bench.finish(&Script::default(), &[first], search.most)?;
    Ok(found.map_or(Part::Open, |Found { script, steps }| Part::Ended {
        text: script.text,
        steps,
        proposed: bench.desk.proposed(),
    }))
}

/// A part on the desk; nothing where its text means nothing on its own.
fn alone<'d>(desk: &'d mut Desk, goal: &Goal, limits: &'d Limits) -> Result<Option<(Bench<'d>, OpenGoal)>, Stop> {
    let Ok(sheet) = Sheet::of(goal) else { return Ok(None) };
    let leading = goal.context.iter().map(|v| v.name.text.clone()).collect();
    let mut bench = Bench::new(desk, sheet, limits, leading, Vec::new());
    match bench.first() {
        Ok(first) => Ok(Some((bench, first))),
        Err(Stop::Fault(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// An open goal as it would be asked for.
fn asked(goal: &OpenGoal) -> Goal {
    let piece = |text: &str| Piece { text: text.to_owned(), place: String::new() };
    let context = goal.context.iter().map(|v| Variable { name: piece(&v.name), ty: piece(&v.ty) }).collect();
    Goal { id: String::new(), statement: piece(&goal.target), context, constructions: Vec::new() }
}

/// How parts belong together.
enum Plan {
    /// The part with this number.
    Leaf(usize),
    /// A conjunction.
    Split(Vec<Plan>),
}

impl Plan {
    /// Takes a goal apart as far as it is a conjunction.
    fn of(desk: &mut Desk, goal: &OpenGoal, limits: &Limits, leaves: &mut Vec<Goal>) -> Result<Plan, Stop> {
        let own = asked(goal);
        if goal.form == Form::Pair
            && let Some((mut bench, first)) = alone(desk, &own, limits)?
            && let Some(tried) = bench.try_step(&Script::default(), &first, "split")?
        {
            let sides = tried.open.iter().map(|g| Plan::of(desk, g, limits, leaves));
            return Ok(Plan::Split(sides.collect::<Result<_, _>>()?));
        }
        leaves.push(own);
        Ok(Plan::Leaf(leaves.len() - 1))
    }

    /// The script, and its steps with the goals that they leave; `left` are the statements of all parts.
    fn written(&self, parts: &[(String, Steps)], left: &[String], steps: &mut Steps) -> String {
        match self {
            Plan::Leaf(n) => {
                let Some((text, own)) = parts.get(*n) else { return String::new() };
                let later = left.get(n + 1..).unwrap_or_default();
                steps.extend(own.iter().map(|(step, open)| (step.clone(), [open, later].concat())));
                text.trim().to_owned()
            }
            Plan::Split(sides) => {
                steps.push(("split".to_owned(), left.get(self.first()..).unwrap_or_default().to_vec()));
                let mut all = vec!["split".to_owned()];
                all.extend(sides.iter().map(|s| s.written(parts, left, steps)));
                all.join("; ")
            }
        }
    }

    /// The number of its first part.
    fn first(&self) -> usize {
        match self {
            Plan::Leaf(n) => *n,
            Plan::Split(sides) => sides.first().map_or(0, Plan::first),
        }
    }
}

/// Ends the goals that a script leaves, with the help of other threads, where there are several and some thread is free. Nothing where they
/// have to be ended where they are; whether a thread is free changes how long that takes, and not whether it is tried.
///
/// # Errors
/// The time is used up, or the request was cancelled.
pub fn shared(bench: &mut Bench<'_>, script: &Script, open: &[OpenGoal], most: u32) -> Result<Option<Found>, Stop> {
    match Apart::begin(bench, script, open, most)? {
        Some(apart) => apart.end(bench),
        None => Ok(None),
    }
}

/// Goals that a script leaves, taken apart, while others work on the parts.
pub struct Apart<'h> {
    script: Script,
    /// The steps of the script that were made to get here, with the goals that they left.
    before: Steps,
    open: Vec<OpenGoal>,
    plans: Vec<Plan>,
    /// The statements of all parts.
    left: Vec<String>,
    begun: Box<dyn Begun + 'h>,
}

impl<'h> Apart<'h> {
    /// Takes the conclusion of a goal apart, where it falls into several parts and some thread is free to begin with them, while what is
    /// known of the whole is looked for.
    ///
    /// # Errors
    /// The time is used up, or the request was cancelled.
    pub fn conclusion(bench: &mut Bench<'h>, first: &OpenGoal, most: u32) -> Result<Option<Apart<'h>>, Stop> {
        if !bench.hands.is_some_and(Hands::free) {
            return Ok(None);
        }
        let (mut script, mut goal, mut before) = (Script::default(), first.clone(), Vec::new());
        while let Some(step) = intro(&goal, bench.names_after(&script)) {
            let Some(tried) = bench.try_step(&script, &goal, &step)? else { return Ok(None) };
            before.push((step, targets(&tried.open)));
            let Some(next) = tried.open.into_iter().next() else { return Ok(None) };
            (script, goal) = (tried.script, next);
        }
        let Some(most) = u32::try_from(before.len()).ok().and_then(|made| most.checked_sub(made)) else {
            return Ok(None);
        };
        let apart = Apart::begin(bench, &script, &[goal], most)?;
        Ok(apart.map(|apart| Apart { before, ..apart }))
    }

    /// Hands out the parts of the goals that a script leaves, as `shared` does.
    fn begin(bench: &mut Bench<'h>, script: &Script, open: &[OpenGoal], most: u32) -> Result<Option<Apart<'h>>, Stop> {
        let several = |h: &&dyn Hands| open.iter().any(|g| open.len() > 1 || g.form == Form::Pair) && h.free();
        let Some(hands) = bench.hands.filter(|h| bench.share && several(h)) else { return Ok(None) };
        // What was not ended this way is not tried in the same way again further in.
        bench.share = false;
        let (mut leaves, limits) = (Vec::new(), bench.limits);
        let plans = open.iter().map(|g| Plan::of(bench.desk, g, limits, &mut leaves)).collect::<Result<Vec<_>, _>>();
        // The desk is for this task again.
        bench.desk.remember(Some(bench.memo.clone()));
        let left: Vec<String> = leaves.iter().map(|g| g.statement.text.clone()).collect();
        if left.len() < 2 {
            return plans.map(|_| None);
        }
        let (plans, begun) = (plans?, hands.begin(leaves, Search { most, soft: bench.soft }));
        Ok(Some(Apart { script: script.clone(), before: Vec::new(), open: open.to_vec(), plans, left, begun }))
    }

    /// Waits for the parts, helps with them, and puts the scripts together; nothing where a part was not ended.
    ///
    /// # Errors
    /// The time is used up, or the request was cancelled.
    pub fn end(self, bench: &mut Bench<'_>) -> Result<Option<Found>, Stop> {
        let Apart { script, before: mut steps, open, plans, left, begun } = self;
        let done = begun.end(bench.desk);
        bench.desk.remember(Some(bench.memo.clone()));
        let mut parts = Vec::new();
        for part in done? {
            match part {
                Part::Ended { text, steps, proposed } => {
                    proposed.iter().for_each(|p| bench.desk.take(p));
                    parts.push((text, steps));
                }
                Part::Open | Part::Unread => return Ok(None),
            }
        }
        let mut places: Vec<(usize, Vec<String>)> = Vec::new();
        for (goal, plan) in open.iter().zip(&plans) {
            let Some(at) = bench.sheet.end_of(&script, goal) else { return Ok(None) };
            let text = plan.written(&parts, &left, &mut steps);
            match places.iter_mut().find(|(place, _)| *place == at) {
                Some((_, texts)) => texts.push(text),
                None => places.push((at, vec![text])),
            }
        }
        // From the end on, so that the other places stay where they are.
        places.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let whole = places.iter().fold(script, |script, (at, texts)| script.insert(*at, &texts.join("; ")));
        let ended = bench.open(&whole)?.is_ok_and(|open| open.is_empty());
        Ok(ended.then_some(Found { script: whole, steps }))
    }
}
