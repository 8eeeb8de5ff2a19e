//! A run of the repaired protocol, and whether what must hold did.

use super::adversary::{Coalition, Posted};
use super::books::{Books, signed};
use super::net::Agenda;
use super::random::Random;
use super::scenario::{Outputs, Scenario, similar};
use super::trace::{Trace, VERSION};
use super::watch::{Violation, Watch, highest};
use crate::arm::{Arm, Refusal};
use crate::config::Config;
use crate::instance::Durable;
use crate::message::*;
use crate::worker::{Effect, Event, Step, Worker, step};
use std::collections::{BTreeMap, BTreeSet};

/// A unit of time of the workers. Longer than a view without trouble takes after stabilisation: six delays and a computation.
const TICK: u64 = 100;
/// The longest time that an output takes.
const COMPUTATION: u64 = 20;

/// The most crashes in the middle of a step. Each costs a view, and views become long.
const CRASHES: u32 = 6;

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// What must not have happened.
    pub violations: BTreeSet<Violation>,
    /// The decisions of honest workers.
    pub decisions: BTreeMap<(Sequence, WorkerId), (Query, Outcome)>,
    /// The arms that honest workers took.
    pub arms: BTreeSet<Arm>,
    /// The refusals of honest workers.
    pub refusals: BTreeSet<Refusal>,
    /// The number of events.
    pub events: u64,
    /// Messages stopped because of a forged signature.
    pub forged: u64,
    /// The highest view of an honest worker.
    pub highest: View,
    /// The trace, if one was asked for.
    pub trace: String,
}

#[derive(Clone, Debug)]
enum Happening {
    Arrive(WorkerId, Signed<Message>),
    /// Something of a worker's own machine, which a crash takes with it; the number counts its starts.
    Own(WorkerId, u32, Event),
    Submit(WorkerId, Event),
    Crash(WorkerId),
    Restart(WorkerId),
    Stabilise,
}

/// The machine of a worker; no worker is on it while it is down.
struct Machine {
    worker: Option<Worker>,
    starts: u32,
    kept: BTreeMap<Sequence, Durable>,
}

struct Simulation<'a> {
    scenario: &'a Scenario,
    config: Config,
    random: Random,
    agenda: Agenda<Happening>,
    machines: BTreeMap<WorkerId, Machine>,
    books: Books,
    coalition: Coalition,
    watch: Watch,
    /// Crashes in the middle of a step, so far.
    crashes: u32,
    trace: Trace,
    run: Run,
}

/// Makes the run of a scenario. The same scenario gives the same run, to the last byte of the trace.
///
/// A scenario with more Byzantine workers than it is configured for has violations; one with a wrong configuration has an empty run.
#[must_use]
pub fn run(scenario: &Scenario, trace: Trace) -> Run {
    let Ok(config) = Config::new(scenario.workers, scenario.faults, similar) else { return Run::default() };
    let config = scenario.omitted.map_or(config, |rule| config.without(rule));
    let mut random = Random::new(scenario.seed ^ 0x5eed);
    let byzantine: BTreeSet<WorkerId> = scenario.byzantine.keys().copied().collect();
    let kinds = if scenario.two_queries { 2 } else { 1 };
    let of = |s| (Sequence(s), (1..=kinds).map(|k| Query(10 * (s + 1) + k)).collect());
    let queries: BTreeMap<Sequence, BTreeSet<Query>> = (0..scenario.sequences).map(of).collect();
    let machine = |w| Machine { worker: Some(Worker::new(config, w)), starts: 0, kept: BTreeMap::new() };
    let mut simulation = Simulation {
        scenario,
        config,
        agenda: Agenda::new(),
        machines: config.members().map(|w| (w, machine(w))).collect(),
        books: Books::new(byzantine.clone(), queries.clone()),
        coalition: Coalition::new(config, byzantine, queries.clone(), &mut random),
        random,
        watch: Watch::new(scenario.faults),
        crashes: 0,
        trace,
        run: Run::default(),
    };
    simulation.begin(&queries);
    simulation.go();
    simulation.end()
}

impl Simulation<'_> {
    fn begin(&mut self, queries: &BTreeMap<Sequence, BTreeSet<Query>>) {
        let (scenario, config) = (self.scenario, self.config);
        self.trace.line("start", |o| {
            o.number("version", VERSION);
            o.text("protocol", "repaired");
            o.number("seed", scenario.seed);
            o.number("workers", config.workers() as u64);
            o.number("faults", config.faults() as u64);
            o.number("quorum", config.quorum() as u64);
            o.number("radius", super::RADIUS);
            o.number("stabilisation", scenario.net.stabilisation);
            o.workers("byzantine", scenario.byzantine.keys());
            o.texts("strategies", scenario.byzantine.values().map(|s| s.name()));
        });
        self.agenda.put(scenario.net.stabilisation, Happening::Stabilise);
        for (sequence, known) in queries {
            let known: Vec<Query> = known.iter().copied().collect();
            // A client tells 2 f + 1 workers, so at least f + 1 honest ones, and says it again after stabilisation.
            let mut workers: Vec<WorkerId> = config.members().collect();
            self.random.shuffle(&mut workers);
            for worker in workers.into_iter().take(2 * config.faults() + 1) {
                let Some(query) = self.random.pick(&known).copied() else { continue };
                let event = Event::Submit { sequence: *sequence, query };
                let first = self.random.below(50) + 20 * sequence.0;
                if !self.random.percent(scenario.net.loss) {
                    self.agenda.put(first, Happening::Submit(worker, event.clone()));
                }
                let again = scenario.net.stabilisation + self.random.between(1, 10);
                self.agenda.put(again.max(first), Happening::Submit(worker, event));
            }
        }
        for crash in &scenario.crashes {
            self.agenda.put(crash.at, Happening::Crash(crash.worker));
            self.agenda.put(crash.until, Happening::Restart(crash.worker));
        }
    }

    fn go(&mut self) {
        while let Some(happening) = self.agenda.take() {
            if self.is_over() {
                break;
            }
            self.run.events += 1;
            match happening {
                Happening::Arrive(to, signed) => self.happen(to, Event::Receive(signed)),
                Happening::Submit(to, event) => self.happen(to, event),
                Happening::Own(to, starts, event) => {
                    if self.machines.get(&to).is_some_and(|m| m.starts == starts) {
                        self.happen(to, event);
                    }
                }
                Happening::Crash(worker) => self.crash(worker, 0),
                Happening::Restart(worker) => self.restart(worker),
                Happening::Stabilise => {
                    let Simulation { scenario, machines, watch, .. } = &mut *self;
                    watch.stabilises(honest(scenario, machines).map(|(_, w)| w));
                }
            }
        }
    }

    /// Stops a worker; so many of the effects of its last step are not carried out.
    fn crash(&mut self, worker: WorkerId, lost: usize) {
        if let Some(machine) = self.machines.get_mut(&worker) {
            machine.worker = None;
            machine.starts += 1;
        }
        let now = self.agenda.now();
        self.trace.line("crash", |o| {
            o.number("time", now);
            o.number("worker", worker.0.into());
            o.number("lost", lost as u64);
        });
    }

    fn restart(&mut self, worker: WorkerId) {
        let Some(machine) = self.machines.get_mut(&worker) else { return };
        // Two crashes of one worker may overlap; the first restart counts.
        if machine.worker.is_some() {
            return;
        }
        let mut kept = machine.kept.clone();
        for durable in kept.values_mut() {
            if let Some(part) = self.scenario.forget {
                part.forget(durable);
            }
        }
        machine.worker = Some(Worker::restore(self.config, worker, kept));
        self.happen(worker, Event::Restart);
    }

    fn honest(&self) -> impl Iterator<Item = (WorkerId, &Worker)> {
        honest(self.scenario, &self.machines)
    }

    /// Whether every honest worker that has heard of a sequence has decided it, or has had more time than any bound allows.
    fn is_over(&self) -> bool {
        let honest = self.config.workers() - self.scenario.byzantine.len();
        let all = usize::try_from(self.scenario.sequences).unwrap_or(usize::MAX).saturating_mul(honest);
        let (now, stable) = (self.agenda.now(), self.scenario.net.stabilisation);
        if self.watch.decisions.len() >= all {
            return true;
        }
        // Clients have asked again, and that has gone round.
        if now < stable + TICK {
            return false;
        }
        let views = self.watch.highest_when_stable().0 + u64::from(self.scenario.faults) + 4;
        now > stable + TICK * (1 << views.min(40)) || self.watch.undecided(self.honest()).is_empty()
    }

    /// Lets something happen to a worker, and does what it wants done.
    fn happen(&mut self, worker: WorkerId, event: Event) {
        if !self.scenario.is_honest(worker) && self.coalition.ignores(&event) {
            return;
        }
        let Some(machine) = self.machines.get_mut(&worker) else { return };
        let Some(before) = machine.worker.take() else { return };
        let (after, step) = step(before, event.clone());
        machine.worker = Some(after);
        match self.scenario.byzantine.get(&worker) {
            Some(strategy) => {
                for effect in &step.effects {
                    self.run_machine(worker, effect);
                }
                let posted = self.coalition.act(&mut self.random, worker, *strategy, &event, &step);
                self.post_checked(worker, posted);
            }
            None => {
                self.trace.step(self.agenda.now(), worker, &event, &step);
                self.run.arms.extend(&step.arms);
                self.run.refusals.extend(step.refusal);
                self.carry_out(worker, &step);
            }
        }
    }

    /// Does what a worker wants of its own machine.
    fn run_machine(&mut self, worker: WorkerId, effect: &Effect) {
        let Some(machine) = self.machines.get_mut(&worker) else { return };
        let (event, delay) = match effect {
            Effect::Persist(sequence, durable) => {
                machine.kept.insert(*sequence, durable.clone());
                return;
            }
            Effect::Compute { sequence, query } => {
                let digest = output(&mut self.random, self.scenario.outputs, worker, *query);
                let event = Event::Computed { sequence: *sequence, query: *query, digest };
                (event, self.random.between(1, COMPUTATION))
            }
            Effect::Tick { sequence } => (Event::Tick { sequence: *sequence }, TICK),
            Effect::Broadcast(_) | Effect::Send { .. } | Effect::Decide { .. } => return,
        };
        let happening = Happening::Own(worker, machine.starts, event);
        self.agenda.put(self.agenda.now() + delay, happening);
    }

    /// Does what an honest worker wants done, all of it or, if it crashes, a part.
    fn carry_out(&mut self, worker: WorkerId, step: &Step) {
        let (now, stable) = (self.agenda.now(), self.scenario.net.stabilisation);
        let persists = matches!(step.effects.first(), Some(Effect::Persist(..)));
        // A crash hurts most right after a lock.
        let chance = self.scenario.crashing * if step.arms.contains(&Arm::P3) { 4 } else { 1 };
        let crashes = persists && self.crashes < CRASHES && now < stable && self.random.percent(chance);
        let all = step.effects.len();
        let done = if crashes { usize::try_from(self.random.below(all as u64 + 1)).unwrap_or(all) } else { all };
        // What is signed is signed, though it may never be sent.
        for message in signed(&step.effects, done) {
            self.sign(worker, message);
        }
        for effect in step.effects.iter().take(done) {
            match effect {
                Effect::Broadcast(message) => {
                    for to in self.config.members().filter(|to| *to != worker) {
                        self.post(worker, to, &Signed { signer: worker, message: message.clone() });
                    }
                }
                Effect::Send { to, message } => {
                    self.post(worker, *to, &Signed { signer: worker, message: message.clone() });
                }
                Effect::Decide { sequence, query, outcome } => self.decided(worker, *sequence, *query, *outcome),
                Effect::Persist(..) | Effect::Compute { .. } | Effect::Tick { .. } => self.run_machine(worker, effect),
            }
        }
        if crashes {
            self.crashes += 1;
            self.crash(worker, all - done);
            let until = now + self.random.between(1, 60);
            self.agenda.put(until.min(stable - 1), Happening::Restart(worker));
        }
    }

    /// Notes what an honest worker signs, and the outputs that it vouches for.
    fn sign(&mut self, worker: WorkerId, message: &Message) {
        self.watch.signs(message);
        self.books.enter(Signed { signer: worker, message: message.clone() });
    }

    /// Sends what a Byzantine worker says, as far as the signatures hold.
    fn post_checked(&mut self, from: WorkerId, posted: Vec<Posted>) {
        for (to, signed) in posted {
            if self.books.is_authentic(&signed) {
                self.post(from, to, &signed);
            } else {
                self.run.forged += 1;
            }
        }
    }

    fn post(&mut self, from: WorkerId, to: WorkerId, signed: &Signed<Message>) {
        let (kind, decided) = (signed.message.kind(), (signed.message.sequence(), from));
        let is_stable = self.agenda.now() >= self.scenario.net.stabilisation;
        if self.scenario.isolate && !is_stable && self.watch.decisions.contains_key(&decided) {
            return;
        }
        for time in self.scenario.net.arrivals(&mut self.random, self.agenda.now(), kind, from.0, to.0) {
            self.agenda.put(time, Happening::Arrive(to, signed.clone()));
        }
    }

    fn decided(&mut self, worker: WorkerId, sequence: Sequence, query: Query, outcome: Outcome) {
        let is_asked = self.books.is_asked(sequence, query);
        let highest = highest(self.honest().map(|(_, w)| w), sequence);
        self.watch.decides((sequence, worker), (query, outcome), is_asked, highest);
    }

    fn end(mut self) -> Run {
        for sequence in (0..self.scenario.sequences).map(Sequence) {
            self.run.highest = self.run.highest.max(highest(self.honest().map(|(_, w)| w), sequence));
        }
        let undecided = self.watch.undecided(self.honest());
        self.run.decisions = std::mem::take(&mut self.watch.decisions);
        self.run.violations = std::mem::take(&mut self.watch.violations);
        self.run.violations.extend(undecided);
        let (now, violations) = (self.agenda.now(), &self.run.violations);
        self.trace.line("end", |o| {
            o.number("time", now);
            o.texts("violations", violations.iter().map(|v| v.name()));
        });
        self.run.trace = self.trace.into_text();
        self.run
    }
}

/// The honest workers that are up.
fn honest<'s>(
    scenario: &'s Scenario,
    machines: &'s BTreeMap<WorkerId, Machine>,
) -> impl Iterator<Item = (WorkerId, &'s Worker)> {
    let honest = machines.iter().filter(|(w, _)| scenario.is_honest(**w));
    honest.filter_map(|(w, m)| Some((*w, m.worker.as_ref()?)))
}

/// An output of a worker.
fn output(random: &mut Random, outputs: Outputs, worker: WorkerId, query: Query) -> Digest {
    let (base, w) = (query.0 * 10_000, u64::from(worker.0));
    Digest(match outputs {
        Outputs::Same => base,
        Outputs::Close => base + random.below(6),
        Outputs::Chain => base + 7 * w,
        Outputs::Groups => base + 100 * (w % 2) + random.below(3),
        Outputs::Apart => base + 100 * w + random.below(5),
    })
}
