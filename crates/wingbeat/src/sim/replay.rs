//! Whether a recorded run is one of the repaired protocol: everything that its honest workers did is done again with [`step`].
//!
//! Byzantine workers have no lines, and may have signed anything in their own names, but nothing in the name of an honest worker that this
//! one has not signed before.

use super::abstraction::{Abstract, abstraction};
use super::books::{Books, signed};
use super::reader::{Read, Record};
use super::scenario::{Forget, RADIUS, similar};
use super::trace::{Trace, VERSION};
use super::watch::{Violation, Watch, highest};
use crate::arm::Arm;
use crate::config::{Config, Rule};
use crate::instance::{Durable, Standing};
use crate::message::*;
use crate::worker::{Effect, Event, Worker, step};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The most workers of a record: each has a machine from the start, whether or not it has a line.
const MOST_WORKERS: u32 = 10_000;

/// What a run that conforms consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conforming {
    /// The workers.
    pub workers: usize,
    /// How many of them are Byzantine.
    pub byzantine: usize,
    /// The events of honest workers.
    pub events: usize,
    /// Their effects.
    pub effects: usize,
    /// Their crashes.
    pub crashes: usize,
    /// What must not have happened and has, by name, as the end of the record says and the replay has found.
    pub violations: Vec<String>,
}

/// The first event that is none of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The line, from 1 on.
    pub line: usize,
    /// The time.
    pub time: u64,
    /// The worker; of the end of a record there is none.
    pub worker: Option<WorkerId>,
    /// What is wrong with it, in sentences.
    pub what: String,
}

/// Why a text is no record of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

/// Why a run does not conform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotConforming {
    /// It cannot be read.
    Fault(Fault),
    /// It is none of the protocol.
    Departure(Departure),
}

/// How a line that was read ends the replay, before it is known which line it was.
enum Stop {
    Fault(String),
    Departs(Option<WorkerId>, String),
}

/// A step that is not the one of the protocol, for tests of what only the specification notices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Altered {
    /// The rule that is left out.
    pub omitted: Option<Rule>,
    /// What is lost in a crash.
    pub forget: Option<Forget>,
}

/// What came of a replay.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What was done up to its end, as runs of the specification.
    pub run: Abstract,
    /// Whether all of the record follows.
    pub end: Result<Conforming, NotConforming>,
}

/// An event of an honest worker, and what it did.
pub(super) struct Taken {
    /// The line, from 1 on.
    pub line: usize,
    pub time: u64,
    pub worker: WorkerId,
    pub event: Event,
    pub arms: Vec<Arm>,
    pub effects: Vec<Effect>,
    /// How the worker stands afterwards, in the sequences that the event is about.
    pub after: BTreeMap<Sequence, Standing>,
    /// The sequences in which nothing was kept of it, because of a crash.
    pub undone: BTreeSet<Sequence>,
}

/// The machine of an honest worker.
#[derive(Default)]
struct Machine {
    /// None while it is down.
    worker: Option<Worker>,
    kept: BTreeMap<Sequence, Durable>,
    /// Clocks and computations that will answer; a crash stops them.
    awaited: Vec<Awaited>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Tick(Sequence),
    Computed(Sequence, Query),
}

struct Replay {
    config: Config,
    altered: Altered,
    watch: Watch,
    stabilisation: u64,
    /// The queries of which a client has told an honest worker.
    submitted: BTreeSet<(Sequence, Query)>,
    byzantine: BTreeSet<WorkerId>,
    books: Books,
    machines: BTreeMap<WorkerId, Machine>,
    time: u64,
    /// Lines that must come next, as the effects of the last event, with the worker.
    expected: Vec<(WorkerId, Value)>,
    /// The last event's effects, of which it is not yet known how many a crash has lost.
    open: Option<(WorkerId, Vec<Effect>)>,
    conforming: Conforming,
    /// The line, from 1 on.
    at: usize,
    taken: Vec<Taken>,
    ended: bool,
}

/// Does a recorded run of the repaired protocol again.
///
/// The trace must be whole, and of version 1, see the page of the crate. What the outputs of a model are, when messages arrive, and when
/// workers crash is taken from it; everything else must follow.
///
/// # Errors
/// The first line that cannot be read, or the first event that is none of the protocol.
pub fn replay(text: &str) -> Result<Conforming, NotConforming> {
    replay_altered(text, Altered::default()).end
}

/// The same with a step that may be altered. It gives what was done in commands of the specification, up to the first event that departs.
#[must_use]
pub fn replay_altered(text: &str, altered: Altered) -> Replayed {
    let mut replay = None;
    let end = through(text, altered, &mut replay);
    let Some(Replay { config, byzantine, conforming, taken, .. }) = replay else {
        return Replayed { run: Abstract::default(), end: end.map(|()| Conforming::default()) };
    };
    let run = abstraction(&config, byzantine, &taken);
    Replayed { run, end: end.map(|()| conforming) }
}

fn through(text: &str, altered: Altered, replay: &mut Option<Replay>) -> Result<(), NotConforming> {
    let fault = |line: usize, what: String, mend: &str| {
        NotConforming::Fault(Fault { line: line + 1, what, mend: mend.to_owned() })
    };
    const WHOLE: &str = "record the run again, and keep the file as it is written.";
    let mut lines = 0;
    for (n, line) in text.lines().enumerate() {
        lines = n + 1;
        let value: Value =
            serde_json::from_str(line).map_err(|e| fault(n, format!("The line is no JSON: {e}."), WHOLE))?;
        let Some(run) = replay else {
            *replay = Some(begin(Record(&value), altered).map_err(|what| fault(n, what, WHOLE))?);
            continue;
        };
        run.at = lines;
        if let Err(stop) = run.line(&value) {
            return Err(match stop {
                Stop::Fault(what) => fault(n, what, WHOLE),
                Stop::Departs(worker, what) => {
                    NotConforming::Departure(Departure { line: n + 1, time: run.time, worker, what })
                }
            });
        }
    }
    match replay {
        Some(run) if run.ended => Ok(()),
        _ => Err(fault(lines.saturating_sub(1), "The record has no end.".to_owned(), WHOLE)),
    }
}

/// Reads the first line.
fn begin(start: Record<'_>, altered: Altered) -> Read<Replay> {
    if start.text("line")? != "start" {
        return Err("The first line is not the start of a record.".to_owned());
    }
    if start.number("version")? != VERSION {
        return Err(format!("The record has another version than {VERSION}."));
    }
    if start.text("protocol")? != "repaired" {
        return Err("The record is of another protocol than repaired.".to_owned());
    }
    if start.number("radius")? != RADIUS {
        return Err(format!("The record has another similarity than within {RADIUS}."));
    }
    let small = |name: &str| u32::try_from(start.number(name)?).map_err(|_| format!("The member {name} is too large."));
    let (workers, faults) = (small("workers")?, small("faults")?);
    if workers > MOST_WORKERS {
        return Err(format!("The record has more than {MOST_WORKERS} workers."));
    }
    let config = Config::new(workers, faults, similar)
        .map_err(|_| format!("With {workers} workers there may not be {faults} faults."))?;
    let config = altered.omitted.map_or(config, |rule| config.without(rule));
    if start.number("quorum")? != config.quorum() as u64 {
        return Err(format!("The quorum is not {}.", config.quorum()));
    }
    let byzantine = start.workers("byzantine")?;
    if byzantine.len() > config.faults() || !byzantine.iter().all(|w| config.is_member(*w)) {
        return Err(format!("The Byzantine workers are not at most {faults} of the workers."));
    }
    let honest = config.members().filter(|w| !byzantine.contains(w));
    let machine = |w| Machine { worker: Some(Worker::new(config, w)), ..Machine::default() };
    Ok(Replay {
        config,
        altered,
        watch: Watch::new(faults),
        stabilisation: start.number("stabilisation")?,
        submitted: BTreeSet::new(),
        books: Books::of_workers(byzantine.clone()),
        machines: honest.map(|w| (w, machine(w))).collect(),
        time: 0,
        expected: Vec::new(),
        open: None,
        conforming: Conforming { workers: config.workers(), byzantine: byzantine.len(), ..Conforming::default() },
        byzantine,
        at: 1,
        taken: Vec::new(),
        ended: false,
    })
}

impl Replay {
    fn line(&mut self, value: &Value) -> Result<(), Stop> {
        let record = Record(value);
        if self.ended {
            return Err(Stop::Fault("There is a line after the end.".to_owned()));
        }
        let kind = record.text("line").map_err(Stop::Fault)?;
        let time = record.number("time").map_err(Stop::Fault)?;
        if time < self.time {
            return Err(Stop::Fault(format!("The time goes back from {} to {time}.", self.time)));
        }
        self.time = time;
        if kind != "effect"
            && let Some((worker, next)) = self.expected.first()
        {
            return Err(Stop::Departs(
                Some(*worker),
                format!("Its last event has the effect {} too, which is missing.", called(next)),
            ));
        }
        if kind == "event" || kind == "end" {
            self.carry_out(0);
            self.stabilise();
        }
        match kind {
            "end" => {
                self.ended = true;
                self.end(&record.texts("violations").map_err(Stop::Fault)?)
            }
            "event" => {
                let worker = self.honest(record)?;
                let event = record.event().map_err(Stop::Fault)?;
                self.event(worker, event, value)
            }
            "effect" => {
                let worker = self.honest(record)?;
                if self.expected.is_empty() {
                    return Err(Stop::Departs(Some(worker), "Its last event has no further effect.".to_owned()));
                }
                let (of, next) = self.expected.remove(0);
                if next != *value {
                    return Err(Stop::Departs(
                        Some(of),
                        format!("The effect is not what follows. {}", difference(&next, value)),
                    ));
                }
                self.conforming.effects += 1;
                Ok(())
            }
            "crash" => {
                let worker = self.honest(record)?;
                let lost = record.number("lost").map_err(Stop::Fault)?;
                self.crash(worker, lost)
            }
            word => Err(Stop::Fault(format!("There is no line {}.", word.escape_debug()))),
        }
    }

    fn honest(&self, record: Record<'_>) -> Result<WorkerId, Stop> {
        let worker = record.worker("worker").map_err(Stop::Fault)?;
        if !self.config.is_member(worker) {
            return Err(Stop::Fault(format!("There is no worker {}.", worker.0)));
        }
        if self.byzantine.contains(&worker) {
            return Err(Stop::Fault(format!("Worker {} is Byzantine, so it has no lines.", worker.0)));
        }
        Ok(worker)
    }

    fn event(&mut self, worker: WorkerId, event: Event, value: &Value) -> Result<(), Stop> {
        let departs = |what: &str| Err(Stop::Departs(Some(worker), what.to_owned()));
        let Some(machine) = self.machines.get_mut(&worker) else { return departs("It is no worker.") };
        if let Event::Restart = event {
            if machine.worker.is_some() {
                return departs("It restarts, but has not crashed.");
            }
            let mut kept = machine.kept.clone();
            if let Some(part) = self.altered.forget {
                kept.values_mut().for_each(|durable| part.forget(durable));
            }
            machine.worker = Some(Worker::restore(self.config, worker, kept));
        }
        let Some(before) = machine.worker.take() else { return departs("It has crashed, and takes no part.") };
        let awaited = match &event {
            Event::Tick { sequence } => Some(Awaited::Tick(*sequence)),
            Event::Computed { sequence, query, .. } => Some(Awaited::Computed(*sequence, *query)),
            Event::Submit { .. } | Event::Receive(_) | Event::Restart => None,
        };
        if let Some(awaited) = awaited {
            let Some(at) = machine.awaited.iter().position(|a| *a == awaited) else {
                return departs("It has not asked for that.");
            };
            machine.awaited.remove(at);
        }
        if let Event::Receive(signed) = &event
            && !self.books.is_authentic(signed)
        {
            return departs("The message has something that an honest worker has not signed.");
        }
        let (after, did) = step(before, event.clone());
        let about: Vec<Sequence> = match of_event(&event) {
            Some(sequence) => vec![sequence],
            None => after.kept().map(|(sequence, _)| sequence).collect(),
        };
        let standing = about.into_iter().filter_map(|s| Some((s, after.standing(s)?))).collect();
        machine.worker = Some(after);
        if let Event::Submit { sequence, query } = &event {
            self.submitted.insert((*sequence, *query));
        }
        let mut lines = Trace::written();
        lines.step(self.time, worker, &event, &did);
        let text = lines.into_text();
        let mut expected = text.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
        self.conforming.events += 1;
        let line = expected.next();
        self.expected = expected.map(|v| (worker, v)).collect();
        self.open = Some((worker, did.effects.clone()));
        let Some(line) = line else { return departs("The event has no line.") };
        if line != *value {
            return departs(&format!("The event is not what follows. {}", difference(&line, value)));
        }
        let (arms, effects) = (did.arms, did.effects);
        let (line, time, undone) = (self.at, self.time, BTreeSet::new());
        self.taken.push(Taken { line, time, worker, event, arms, effects, after: standing, undone });
        Ok(())
    }

    /// A crash loses the last so many effects of the event just before it, and nothing else: what came in between may rest on them.
    fn crash(&mut self, worker: WorkerId, lost: u64) -> Result<(), Stop> {
        self.conforming.crashes += 1;
        let lost = usize::try_from(lost).unwrap_or(usize::MAX);
        if lost > 0 && !self.open.as_ref().is_some_and(|(of, effects)| *of == worker && lost <= effects.len()) {
            return Err(Stop::Departs(Some(worker), "It loses more effects than the event before it has.".to_owned()));
        }
        // More than nothing is lost of the event before only, so that is the last one.
        if let (true, Some(last)) = (lost > 0, self.taken.last_mut()) {
            last.undone = last.effects.iter().rev().take(lost).filter_map(persisted).collect();
        }
        self.carry_out(lost);
        self.stabilise();
        if let Some(machine) = self.machines.get_mut(&worker) {
            machine.worker = None;
            machine.awaited.clear();
        }
        Ok(())
    }

    /// Does the effects of the last event but so many.
    fn carry_out(&mut self, lost: usize) {
        let Some((worker, effects)) = self.open.take() else { return };
        let done = effects.len().saturating_sub(lost);
        for message in signed(&effects, done) {
            self.watch.signs(message);
            self.books.enter(Signed { signer: worker, message: message.clone() });
        }
        let effects = effects.get(..done).unwrap_or_default();
        if let Some(machine) = self.machines.get_mut(&worker) {
            machine.carry_out(effects);
        }
        for effect in effects {
            if let Effect::Decide { sequence, query, outcome } = *effect {
                let is_asked = self.submitted.contains(&(sequence, query));
                let highest = highest(up(&self.machines).map(|(_, w)| w), sequence);
                self.watch.decides((sequence, worker), (query, outcome), is_asked, highest);
            }
        }
    }

    /// Notes the views of the time of stabilisation, when that has come.
    fn stabilise(&mut self) {
        if self.time >= self.stabilisation && !self.watch.is_stable() {
            self.watch.stabilises(up(&self.machines).map(|(_, w)| w));
        }
    }

    /// The end must name the violations that the run has. Whether a client has asked for a query of which it has told no honest worker does
    /// not stand in a record, so there the end may say that none has, and need not.
    fn end(&mut self, named: &[&str]) -> Result<(), Stop> {
        let undecided = self.watch.undecided(up(&self.machines));
        let found: Vec<&str> = self.watch.violations.iter().chain(&undecided).map(|v| v.name()).collect();
        let all: BTreeSet<&str> = named.iter().chain(&found).copied().collect();
        for name in all {
            let times = |of: &[&str]| of.iter().filter(|n| **n == name).count();
            let (says, is) = (times(named), times(&found));
            if says != is && !(name == Violation::NOT_ASKED && says < is) {
                let (name, says, is) = (name.escape_debug(), often(says), often(is));
                let what = format!("The end names the violation {name} {says}, and the run has it {is}.");
                return Err(Stop::Departs(None, what));
            }
        }
        self.conforming.violations = named.iter().map(|n| (*n).to_owned()).collect();
        Ok(())
    }
}

fn often(times: usize) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

/// The honest workers that are up.
fn up(machines: &BTreeMap<WorkerId, Machine>) -> impl Iterator<Item = (WorkerId, &Worker)> {
    machines.iter().filter_map(|(w, m)| Some((*w, m.worker.as_ref()?)))
}

/// The sequence that an event is about; none for a restart, which is about all.
pub(super) fn of_event(event: &Event) -> Option<Sequence> {
    match event {
        Event::Submit { sequence, .. } | Event::Computed { sequence, .. } | Event::Tick { sequence } => Some(*sequence),
        Event::Receive(signed) => Some(signed.message.sequence()),
        Event::Restart => None,
    }
}

/// The sequence of which an effect keeps something.
fn persisted(effect: &Effect) -> Option<Sequence> {
    if let Effect::Persist(sequence, _) = effect { Some(*sequence) } else { None }
}

impl Machine {
    /// Does what concerns the machine itself.
    fn carry_out(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Persist(sequence, durable) => {
                    self.kept.insert(*sequence, durable.clone());
                }
                Effect::Compute { sequence, query } => self.awaited.push(Awaited::Computed(*sequence, *query)),
                Effect::Tick { sequence } => self.awaited.push(Awaited::Tick(*sequence)),
                Effect::Broadcast(_) | Effect::Send { .. } | Effect::Decide { .. } => {}
            }
        }
    }
}

/// An effect in words.
fn called(line: &Value) -> String {
    let words = ["effect", "message"].into_iter().filter_map(|name| line[name].as_str());
    words.collect::<Vec<_>>().join(" ")
}

/// The first member in which a line differs from what must stand there, as a sentence.
fn difference(must: &Value, is: &Value) -> String {
    let members = |v: &Value| v.as_object().cloned().unwrap_or_default();
    let (must, is) = (members(must), members(is));
    for (name, value) in &must {
        match is.get(name) {
            Some(other) if other == value => {}
            None => return format!("The member {name} is missing."),
            Some(other) if value.is_object() || other.is_object() => {
                return format!("The member {name} is another one.");
            }
            Some(other) => return format!("The member {name} must be {value}, and is {other}."),
        }
    }
    let more = is.keys().find(|name| !must.contains_key(*name));
    more.map_or_else(String::new, |name| format!("There must be no member {name}."))
}
