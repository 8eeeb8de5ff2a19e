//! What the honest workers of a recorded run did, in commands of the specification, examples/consensus/repaired.sctt.
//!
//! The rules that a step applied give the commands, see [`Arm::commands`]. What Byzantine workers signed is said by a command of its own before
//! somebody relies on it. Nothing here decides whether a command is allowed: witnesses are proposed, and guards are asked elsewhere.
//! After each event stands what the state of its worker says in words of the specification, to be compared with the state there.

use super::replay::{Taken, of_event};
use crate::arm::Arm;
use crate::config::Config;
use crate::instance::Standing;
use crate::message::*;
use crate::worker::{Effect, Event};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// An argument of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A worker, a view or a value, by its number.
    One(u64),
    /// A set of workers, by which of them are in it.
    Set(Vec<bool>),
}

/// A command that somebody takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The line of the event, from 1 on.
    pub line: usize,
    /// The time.
    pub time: u64,
    /// The worker of the event.
    pub worker: WorkerId,
    /// The command.
    pub command: &'static str,
    /// Its arguments.
    pub arguments: Vec<Argument>,
}

/// The run of a record, as its sequences are runs of the specification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abstract {
    /// The workers.
    pub workers: usize,
    /// How many may be Byzantine.
    pub faults: usize,
    /// Those that are.
    pub byzantine: BTreeSet<WorkerId>,
    /// The commands of each sequence.
    pub sequences: BTreeMap<Sequence, Actions>,
}

/// Which tuples of a relation a fact is about, beside that they begin with the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// The one with the highest view.
    Highest,
    /// Those with this view.
    At(u64),
}

/// What the state of a worker says of a relation: these tuples, without the worker, and no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The relation.
    pub relation: &'static str,
    /// Which tuples are compared.
    pub which: Which,
    /// The tuples: a view, and a value where the relation has one.
    pub tuples: BTreeSet<Vec<u64>>,
}

/// How a worker stands after an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The line of the event, from 1 on.
    pub line: usize,
    /// The time.
    pub time: u64,
    /// The worker.
    pub worker: WorkerId,
    /// So many commands of the sequence have been taken by then.
    pub taken: usize,
    /// What its state says.
    pub facts: Vec<Fact>,
}

/// The commands of a sequence, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    /// The commands.
    pub list: Vec<Action>,
    /// How workers stand in between, in order.
    pub stands: Vec<Stand>,
    /// What the numbers of values mean. They are given in the order in which values are met.
    pub values: Vec<(Query, Outcome)>,
    /// A number above all views and values.
    pub above: u64,
}

/// The run in commands of the specification.
pub(super) fn abstraction(config: &Config, byzantine: BTreeSet<WorkerId>, run: &[Taken]) -> Abstract {
    let (workers, faults) = (config.workers(), config.faults());
    let sequences = pages(workers, &byzantine, run);
    Abstract { workers, faults, byzantine, sequences }
}

fn pages(workers: usize, byzantine: &BTreeSet<WorkerId>, run: &[Taken]) -> BTreeMap<Sequence, Actions> {
    let mut pages: BTreeMap<Sequence, Page<'_>> = BTreeMap::new();
    for taken in run {
        let mut effects: VecDeque<&Effect> = taken.effects.iter().collect();
        let mut arms = taken.arms.iter().copied().peekable();
        while let Some(arm) = arms.next() {
            let said = if speaks(arm) { next(&mut effects) } else { None };
            let Some(sequence) = said.and_then(of_effect).or_else(|| of_event(&taken.event)) else { continue };
            // What a crash has undone was not done.
            if taken.undone.contains(&sequence) {
                continue;
            }
            let page = pages.entry(sequence).or_insert_with(|| Page::new(workers, byzantine));
            page.at = (taken.line, taken.time, taken.worker);
            let kept = taken.effects.iter().rev().find_map(|e| match e {
                Effect::Persist(s, durable) if *s == sequence => Some(durable),
                _ => None,
            });
            let message = match (said, &taken.event) {
                (Some(Effect::Broadcast(m)), _) => Some(m),
                (None, Event::Receive(signed)) => Some(&signed.message),
                _ => None,
            };
            // The rule that opens a view says so before the worker goes there.
            if arms.peek() == Some(&Arm::N3)
                && let Some(m) = message
            {
                page.enter(m.view());
            }
            match arm {
                Arm::P3 => page.lock(kept.and_then(|d| d.lock.as_ref()), message),
                Arm::F1 | Arm::C2 | Arm::D2 => page.decide(kept.and_then(|d| d.decision.as_ref())),
                _ => page.apply(arm, message),
            }
        }
        for (sequence, standing) in taken.after.iter().filter(|(s, _)| !taken.undone.contains(s)) {
            let page = pages.entry(*sequence).or_insert_with(|| Page::new(workers, byzantine));
            page.at = (taken.line, taken.time, taken.worker);
            page.stands(standing);
        }
    }
    pages.into_iter().map(|(s, p)| (s, p.actions)).collect()
}

/// Whether a rule has an effect that others see.
fn speaks(arm: Arm) -> bool {
    use Arm::*;
    matches!(arm, S2 | O2 | R1 | P1 | P3 | F1 | C2 | D1 | D2 | V1 | V2 | V4 | V5 | V6 | X1 | X2)
}

/// The next effect that others see.
fn next<'e>(effects: &mut VecDeque<&'e Effect>) -> Option<&'e Effect> {
    let seen = |e: &&Effect| matches!(e, Effect::Broadcast(_) | Effect::Send { .. } | Effect::Decide { .. });
    std::iter::from_fn(|| effects.pop_front()).find(seen)
}

fn of_effect(effect: &Effect) -> Option<Sequence> {
    match effect {
        Effect::Broadcast(m) | Effect::Send { message: m, .. } => Some(m.sequence()),
        Effect::Decide { sequence, .. } => Some(*sequence),
        Effect::Persist(..) | Effect::Compute { .. } | Effect::Tick { .. } => None,
    }
}

/// A sequence, as it is translated.
struct Page<'b> {
    workers: usize,
    byzantine: &'b BTreeSet<WorkerId>,
    actions: Actions,
    numbers: BTreeMap<(Query, Outcome), u64>,
    /// Line, time and worker of the event.
    at: (usize, u64, WorkerId),
    /// What was voted for, by phase, worker and view.
    votes: BTreeSet<(Phase, WorkerId, View, u64)>,
    /// The VIEW-CHANGEs of Byzantine workers.
    changed: BTreeSet<(WorkerId, View)>,
}

/// A worker as an argument.
fn who(w: WorkerId) -> Argument {
    Argument::One(w.0.into())
}

fn view(v: View) -> Argument {
    Argument::One(v.0)
}

impl<'b> Page<'b> {
    fn new(workers: usize, byzantine: &'b BTreeSet<WorkerId>) -> Page<'b> {
        Page {
            workers,
            byzantine,
            actions: Actions { above: 1, ..Actions::default() },
            numbers: BTreeMap::new(),
            at: (0, 0, WorkerId(0)),
            votes: BTreeSet::new(),
            changed: BTreeSet::new(),
        }
    }

    fn push(&mut self, command: &'static str, arguments: Vec<Argument>) {
        let (line, time, worker) = self.at;
        for a in &arguments {
            if let Argument::One(n) = a {
                self.occurs(*n);
            }
        }
        self.actions.list.push(Action { line, time, worker, command, arguments });
    }

    fn occurs(&mut self, number: u64) {
        self.actions.above = self.actions.above.max(number.saturating_add(1));
    }

    fn me(&self) -> WorkerId {
        self.at.2
    }

    /// The number of a value.
    fn value(&mut self, query: Query, outcome: Outcome) -> u64 {
        let values = &mut self.actions.values;
        let number = *self.numbers.entry((query, outcome)).or_insert_with(|| {
            values.push((query, outcome));
            values.len() as u64 - 1
        });
        self.occurs(number);
        number
    }

    /// Compares the worker from here on: its views, its lock, its last OUTPUT and its decision; what it did in its view, while it has not
    /// decided. Afterwards a worker takes no part, and a restart does not bring the rest back.
    fn stands(&mut self, standing: &Standing) {
        let Standing { durable, free, accepted, prepared, committed, changed } = standing;
        let here = durable.view.0;
        self.occurs(here);
        let mut facts = Vec::new();
        let mut fact = |relation, which, tuples: BTreeSet<Vec<u64>>| facts.push(Fact { relation, which, tuples });
        fact("left", Which::All, (0..here).map(|r| vec![r]).collect());
        let vote = |v: &Vote, page: &mut Self| vec![v.view.0, page.value(v.query, v.outcome)];
        let tuple = |t: Option<Vec<u64>>| t.into_iter().collect();
        fact("locked", Which::Highest, tuple(durable.lock.as_ref().map(|c| vote(&c.vote, self))));
        let report = durable.report.map(|r| vec![r.view.0, self.value(r.query, Outcome::Output(r.digest))]);
        fact("answered", Which::Highest, tuple(report));
        fact("decided", Which::All, tuple(durable.decision.as_ref().map(|c| vote(&c.vote, self))));
        if durable.decision.is_none() {
            let at = Which::At(here);
            fact("free", at, tuple(free.then(|| vec![here])));
            fact("accepted", at, tuple(accepted.map(|(q, o)| vec![here, self.value(q, o)])));
            fact("prepared", at, tuple(prepared.as_ref().map(|v| vote(v, self))));
            fact("committed", at, tuple(committed.as_ref().map(|v| vote(v, self))));
            fact("changed", at, tuple(changed.then(|| vec![here])));
        }
        let (line, time, worker) = self.at;
        self.actions.stands.push(Stand { line, time, worker, taken: self.actions.list.len(), facts });
    }

    fn set(&self, of: impl Iterator<Item = WorkerId>) -> Argument {
        let of: BTreeSet<usize> = of.filter_map(|w| usize::try_from(w.0).ok()).collect();
        Argument::Set((0..self.workers).map(|n| of.contains(&n)).collect())
    }

    /// Somebody has voted: of a Byzantine worker that is a command of its own.
    fn voted(&mut self, phase: Phase, w: WorkerId, v: View, x: u64) {
        if self.votes.insert((phase, w, v, x)) && self.byzantine.contains(&w) {
            let command = match phase {
                Phase::Output => "answered_by_byzantine",
                Phase::Prepare => "prepared_by_byzantine",
                Phase::Commit => "committed_by_byzantine",
            };
            self.push(command, vec![who(w), view(v), Argument::One(x)]);
        }
    }

    /// Everybody has voted whose signature a certificate has, which is relied on.
    fn relied(&mut self, c: &Certificate) -> (View, u64) {
        let x = self.value(c.vote.query, c.vote.outcome);
        for signer in c.signers.iter().filter(|w| self.byzantine.contains(w)) {
            self.voted(c.vote.phase, *signer, c.vote.view, x);
        }
        (c.vote.view, x)
    }

    /// An honest worker among some; any worker where there is none, and then no guard holds.
    fn honest(&self, mut of: impl Iterator<Item = WorkerId>) -> WorkerId {
        of.find(|w| !self.byzantine.contains(w)).unwrap_or(WorkerId(0))
    }

    fn enter(&mut self, v: View) {
        self.push("enter", vec![who(self.me()), view(v)]);
    }

    /// A prepared certificate is checked.
    fn certify(&mut self, c: &Certificate) -> (View, u64) {
        let (r, x) = self.relied(c);
        let b = self.honest(c.signers.iter().copied());
        self.push("certify", vec![view(r), Argument::One(x), who(b)]);
        (r, x)
    }

    fn lock(&mut self, lock: Option<&Certificate>, message: Option<&Message>) {
        let (Some(lock), Some(Message::Vote(vote))) = (lock, message) else { return };
        let me = self.me();
        self.certify(lock);
        let x = self.value(vote.query, vote.outcome);
        for command in ["lock", "commit"] {
            self.push(command, vec![who(me), view(vote.view), Argument::One(x)]);
        }
        self.voted(Phase::Commit, me, vote.view, x);
    }

    fn decide(&mut self, decision: Option<&Certificate>) {
        let Some(c) = decision else { return };
        let (r, x) = self.relied(c);
        let what = vec![view(r), Argument::One(x)];
        let backed = [what.clone(), vec![who(self.honest(c.signers.iter().copied()))]].concat();
        if c.vote.phase == Phase::Output {
            self.push("unite", backed);
            self.push("choose_united", what.clone());
        } else {
            self.push("ratify", backed);
            self.push("settle", what.clone());
            self.push("choose", what.clone());
        }
        self.push("decide", [vec![who(self.me())], what].concat());
    }

    fn apply(&mut self, arm: Arm, message: Option<&Message>) {
        let me = self.me();
        match (arm, message) {
            (Arm::S2 | Arm::S3, _) => self.push("open_first", vec![who(me)]),
            (Arm::O2 | Arm::P1, Some(Message::Vote(v))) => {
                let x = self.value(v.query, v.outcome);
                let command = if arm == Arm::O2 { "answer" } else { "prepare" };
                self.push(command, vec![who(me), view(v.view), Argument::One(x)]);
                self.voted(v.phase, me, v.view, x);
            }
            (Arm::V1 | Arm::V4 | Arm::X1, Some(Message::ViewChange(c))) => {
                self.enter(c.view);
                self.push("change_view", vec![who(me), view(c.view)]);
            }
            (Arm::V2, Some(Message::ViewChange(c))) => self.push("change_view", vec![who(me), view(c.view)]),
            (Arm::R1 | Arm::R2, Some(Message::Propose { view: s, query, outcome, outputs, .. })) => {
                for (w, digest) in outputs.iter().filter(|(w, _)| self.byzantine.contains(w)) {
                    let x = self.value(*query, Outcome::Output(*digest));
                    self.voted(Phase::Output, *w, *s, x);
                }
                let x = self.value(*query, *outcome);
                let (p, b) = (self.set(outputs.keys().copied()), self.honest(outputs.keys().copied()));
                self.push("accept", vec![who(me), view(*s), Argument::One(x), p, who(b)]);
            }
            (
                Arm::V5 | Arm::V6 | Arm::N1 | Arm::N2,
                Some(Message::NewView { view: s, query, outcome, view_changes, .. }),
            ) => match outcome.map(|o| self.value(*query, o)) {
                Some(x) => {
                    self.forced(*s, x, view_changes);
                    self.push("accept_forced", vec![who(me), view(*s), Argument::One(x)]);
                }
                None => {
                    self.released(*s, view_changes);
                    self.push("open_free", vec![who(me), view(*s)]);
                }
            },
            _ => {}
        }
    }

    /// The highest lock in VIEW-CHANGEs, with what they rely on, the set of their signers, and of each honest one the last OUTPUT before.
    fn reasons(&mut self, s: View, changes: &BTreeMap<WorkerId, ViewChange>) -> Reasons {
        let mut lock = None;
        for (w, c) in changes {
            if self.byzantine.contains(w) && self.changed.insert((*w, s)) {
                self.push("changed_by_byzantine", vec![who(*w), view(s)]);
            }
            if let Some(l) = &c.lock {
                lock = lock.max(Some(self.certify(l)));
            }
        }
        let honest = changes.keys().filter(|w| !self.byzantine.contains(w));
        let last = |w: &WorkerId| {
            let own = self.votes.iter().filter(|(p, u, t, _)| *p == Phase::Output && u == w && *t < s);
            own.map(|(_, _, t, x)| (*t, *x)).max()
        };
        let reports = honest.map(|w| (*w, last(w))).collect();
        Reasons { quorum: self.set(changes.keys().copied()), lock, reports }
    }

    fn released(&mut self, s: View, changes: &BTreeMap<WorkerId, ViewChange>) {
        let why = self.reasons(s, changes);
        let head = vec![view(s), why.quorum.clone()];
        match (why.silent_since(None), why.apart(None)) {
            (None, Some(more)) => self.push("release_apart", [head, more].concat()),
            (b, _) => self.push("release", [head, vec![who(b.unwrap_or(WorkerId(0)))]].concat()),
        }
    }

    fn forced(&mut self, s: View, x: u64, changes: &BTreeMap<WorkerId, ViewChange>) {
        let why = self.reasons(s, changes);
        let head = vec![view(s), Argument::One(x), why.quorum.clone()];
        if let Some((m, locked)) = why.lock
            && locked == x
        {
            let head = [head.clone(), vec![view(m)]].concat();
            if let Some(b) = why.silent_since(Some(m)) {
                return self.push("force_lock", [head, vec![who(b)]].concat());
            }
            if let Some([b, more @ ..]) = why.apart(Some(m)).as_deref() {
                return self.push("force_lock_apart", [head, vec![b.clone()], more.to_vec()].concat());
            }
        }
        let answered = why.reports.iter().filter_map(|(w, r)| r.filter(|(_, y)| *y == x).map(|(k, _)| (k, *w))).max();
        let (k, b) = answered.unwrap_or((View(0), WorkerId(0)));
        self.push("force_answer", [head, vec![view(k), who(b)]].concat());
    }
}

/// Why a NEW-VIEW forces what it does.
struct Reasons {
    quorum: Argument,
    /// The highest lock.
    lock: Option<(View, u64)>,
    /// The last OUTPUT of each honest worker, with its view.
    reports: BTreeMap<WorkerId, Option<(View, u64)>>,
}

impl Reasons {
    /// An honest worker without an OUTPUT above a view.
    fn silent_since(&self, since: Option<View>) -> Option<WorkerId> {
        let silent = |r: &Option<(View, u64)>| r.is_none_or(|(k, _)| since.is_some_and(|m| k <= m));
        self.reports.iter().find(|(_, r)| silent(r)).map(|(w, _)| *w)
    }

    /// The honest worker with the last OUTPUT of all, that OUTPUT, and an honest worker that has not sent the same there.
    fn apart(&self, since: Option<View>) -> Option<Vec<Argument>> {
        let latest = self.reports.iter().filter_map(|(w, r)| r.map(|(k, y)| (k, y, *w))).max();
        let (k, y, b) = latest.filter(|(k, ..)| since.is_none_or(|m| *k > m))?;
        let (c, _) = self.reports.iter().find(|(_, r)| **r != Some((k, y)))?;
        Some(vec![who(b), view(k), Argument::One(y), who(*c)])
    }
}
