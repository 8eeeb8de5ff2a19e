//! Runs of the protocol as published, and what is found wrong in them.

use super::net::{Agenda, Net};
use super::random::Random;
use super::scenario::{RADIUS, similar};
use super::trace::{Object, Trace, VERSION};
use crate::message::{Digest, Query, Sequence, Signed, View, WorkerId};
use crate::published::{Config, Effect, Event, Message, Node, Reply, cluster, quorum, step};
use std::collections::{BTreeMap, BTreeSet};

/// Outputs for the fast path differ by at most this.
const NEAR: u64 = RADIUS / 2;
/// Heads that there are.
const HEADS: u64 = 4;
/// Queries of a run; a new one every so often.
const QUERIES: u64 = 3;
const PAUSE: u64 = 400;

/// What is found. The numbers are those of the claims about the published text that it refutes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Finding {
    /// 1 and 2: two valid replies for one sequence whose supporters have no honest worker in common. Only where `2 f + 1` is no quorum.
    DisjointQuorums,
    /// 14: an honest head answers what no honest worker vouches for, since it takes f from the responses received.
    NotVouched,
    /// 17 and 32: a Byzantine head gives two clients different valid replies for one sequence, clustering in two orders.
    TwoReplies,
    /// 18: the outputs of the honest workers are similar, all have arrived, and no cluster is large enough.
    Blocked,
    /// 34: a sequence that was answered with COMMITs is answered again, for another query or differently, after a view change.
    RunAgain,
    /// 35: the same, for a sequence that was answered by the fast path.
    FastRunAgain,
    /// 37: no message was lost and nothing more will happen, and a query is not answered: some honest workers have asked for a new view and
    /// others have not, and neither are enough.
    Deadlock,
}

/// All findings.
pub const FINDINGS: [Finding; 7] = [
    Finding::DisjointQuorums,
    Finding::NotVouched,
    Finding::TwoReplies,
    Finding::Blocked,
    Finding::RunAgain,
    Finding::FastRunAgain,
    Finding::Deadlock,
];

impl Finding {
    /// The name, as in traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Finding::DisjointQuorums => "disjoint-quorums",
            Finding::NotVouched => "not-vouched",
            Finding::TwoReplies => "two-replies",
            Finding::Blocked => "blocked",
            Finding::RunAgain => "run-again",
            Finding::FastRunAgain => "fast-run-again",
            Finding::Deadlock => "deadlock",
        }
    }
}

/// What a Byzantine worker does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Traitor {
    Silent,
    /// Answers far away from the others, and at once.
    Outlier,
    /// Answers just inside what some of the others are similar to, and at once.
    Wedge,
    /// Lets the head have an output of each cluster.
    Split,
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct PublishedRun {
    /// The number of workers.
    pub workers: u32,
    /// What was found.
    pub findings: BTreeSet<Finding>,
    /// Queries that were answered.
    pub answered: u64,
    /// The trace, if one was asked for.
    pub trace: String,
}

struct Simulation {
    config: Config,
    net: Net,
    random: Random,
    agenda: Agenda<(WorkerId, Event)>,
    nodes: BTreeMap<WorkerId, Node>,
    traitors: BTreeMap<WorkerId, Traitor>,
    head_lies: bool,
    /// The time-out of workers, and half of the time after which a head finalises.
    timeout: u64,
    spread: u64,
    /// What honest workers and traitors have signed as output.
    signed: BTreeMap<(View, Sequence), BTreeMap<WorkerId, Digest>>,
    asked: BTreeMap<(View, Sequence), Query>,
    replies: Vec<Reply>,
    answered: BTreeSet<Query>,
    trace: Trace,
    run: PublishedRun,
}

/// Makes the run that belongs to a seed: 4 to 7 workers, at most `floor((n - 1) / 3)` of them Byzantine, no message lost.
#[must_use]
pub fn run(seed: u64, trace: Trace) -> PublishedRun {
    let mut random = Random::new(seed ^ 0x0b5e_55ed);
    let workers = *random.pick(&[4, 4, 5, 6, 7]).unwrap_or(&4);
    let config = Config { workers, similar, very_similar: |a, b| a.0.abs_diff(b.0) <= NEAR };
    let faults = (workers - 1) / 3;
    let mut ids: Vec<u32> = (0..workers).collect();
    random.shuffle(&mut ids);
    let kinds = [Traitor::Silent, Traitor::Outlier, Traitor::Wedge, Traitor::Split];
    let chosen = usize::try_from(random.below(u64::from(faults) + 1)).unwrap_or(0);
    let traitors =
        ids.iter().take(chosen).map(|w| (WorkerId(*w), *random.pick(&kinds).unwrap_or(&Traitor::Silent))).collect();
    let net = Net {
        stabilisation: *random.pick(&[0, 300, 1000]).unwrap_or(&0),
        loss: 0,
        grudges: BTreeMap::new(),
        slow: *random.pick(&[15, 40, 80]).unwrap_or(&15),
        duplicates: 0,
        partitions: Vec::new(),
    };
    let worker = |w| (WorkerId(w), Node::worker(WorkerId(w)));
    let mut nodes: BTreeMap<WorkerId, Node> = (0..workers).map(worker).collect();
    for view in 0..HEADS {
        nodes.insert(head_of(workers, View(view)), Node::head(View(view)));
    }
    let mut simulation = Simulation {
        config,
        net,
        timeout: *random.pick(&[40, 60]).unwrap_or(&60),
        head_lies: random.percent(30),
        spread: *random.pick(&[0, NEAR, RADIUS, 2 * RADIUS, 4 * RADIUS]).unwrap_or(&0),
        random,
        agenda: Agenda::new(),
        nodes,
        traitors,
        signed: BTreeMap::new(),
        asked: BTreeMap::new(),
        replies: Vec::new(),
        answered: BTreeSet::new(),
        trace,
        run: PublishedRun { workers, ..PublishedRun::default() },
    };
    simulation.begin(seed);
    while let Some((node, event)) = simulation.agenda.take() {
        simulation.happen(node, event);
    }
    simulation.end()
}

fn head_of(workers: u32, view: View) -> WorkerId {
    WorkerId(workers.saturating_add(u32::try_from(view.0).unwrap_or(u32::MAX)))
}

impl Simulation {
    fn begin(&mut self, seed: u64) {
        let (workers, traitors) = (self.config.workers, self.traitors.clone());
        self.trace.line("start", |o| {
            o.number("version", VERSION);
            o.text("protocol", "published");
            o.number("seed", seed);
            o.number("workers", workers.into());
            o.workers("byzantine", traitors.keys());
        });
        for k in 0..QUERIES {
            self.agenda.put(k * PAUSE, (head_of(workers, View(0)), Event::Submit(Query(k + 1))));
        }
    }

    fn is_honest(&self, node: WorkerId) -> bool {
        let lies = self.head_lies && node == head_of(self.config.workers, View(0));
        !lies && !self.traitors.contains_key(&node)
    }

    fn happen(&mut self, id: WorkerId, event: Event) {
        let Some(node) = self.nodes.remove(&id) else { return };
        let (node, effects) = step(&self.config, node, event.clone());
        self.nodes.insert(id, node);
        let now = self.agenda.now();
        self.trace.line("event", |o| {
            o.number("time", now);
            o.number("worker", id.0.into());
            write_event(o, &event);
        });
        for effect in effects {
            self.trace.line("effect", |o| {
                o.number("time", now);
                o.number("worker", id.0.into());
                write_effect(o, &effect);
            });
            self.carry_out(id, effect);
        }
        // A head that lies looks for a second answer when it would finalise.
        if let Event::Timeout { view, sequence } = event
            && self.head_lies
            && id == head_of(self.config.workers, View(0))
        {
            self.lie(view, sequence);
        }
    }

    fn carry_out(&mut self, id: WorkerId, effect: Effect) {
        match effect {
            Effect::Broadcast(message) => self.broadcast(id, message),
            Effect::Compute { sequence, query } => {
                let delay = if self.traitors.contains_key(&id) { 1 } else { self.random.between(1, 20) };
                let digest = self.output(id, query);
                self.agenda.put(self.agenda.now() + delay, (id, Event::Computed { sequence, digest }));
            }
            Effect::Timer { view, sequence } => {
                let time = if id.0 < self.config.workers { self.timeout } else { 2 * self.timeout };
                self.agenda.put(self.agenda.now() + time, (id, Event::Timeout { view, sequence }));
            }
            Effect::Reply(reply) => self.reply(id, reply),
        }
    }

    fn broadcast(&mut self, id: WorkerId, message: Message) {
        let workers = self.config.workers;
        let view = match &message {
            Message::PrePrepare { view, sequence, query } => {
                self.asked.insert((*view, *sequence), *query);
                *view
            }
            Message::Prepare { view, sequence, output } => {
                self.signed.entry((*view, *sequence)).or_default().insert(id, *output);
                *view
            }
            Message::NewView { view, .. } => {
                // Clients turn to the new head with what is not answered.
                for query in (1..=QUERIES).map(Query).filter(|q| !self.answered.contains(q)) {
                    let time = self.agenda.now().max((query.0 - 1) * PAUSE) + 1;
                    self.agenda.put(time, (id, Event::Submit(query)));
                }
                *view
            }
            Message::Commit { view, .. } | Message::ViewChange { view, .. } => *view,
        };
        if self.traitors.get(&id) == Some(&Traitor::Silent) {
            return;
        }
        let receivers = (0..workers).map(WorkerId).chain([head_of(workers, view)]).filter(|to| *to != id);
        for to in receivers {
            let signed = Signed { signer: id, message: message.clone() };
            for time in self.net.arrivals(&mut self.random, self.agenda.now(), message.kind(), id.0, to.0) {
                self.agenda.put(time, (to, Event::Receive(signed.clone())));
            }
        }
    }

    fn output(&mut self, id: WorkerId, query: Query) -> Digest {
        let base = query.0 * 10_000;
        Digest(match self.traitors.get(&id) {
            None | Some(Traitor::Silent | Traitor::Split) => base + self.random.below(self.spread + 1),
            Some(Traitor::Outlier) => base + 5_000,
            Some(Traitor::Wedge) => base - self.random.between(1, RADIUS - 1),
        })
    }

    /// A Byzantine head clusters the same signed outputs in other orders, and sends each result to another client.
    fn lie(&mut self, view: View, sequence: Sequence) {
        let Some(query) = self.asked.get(&(view, sequence)).copied() else { return };
        let signed = self.signed.get(&(view, sequence)).cloned().unwrap_or_default();
        for _ in 0..20 {
            let mut outputs: Vec<(WorkerId, Digest)> = signed.iter().map(|(w, d)| (*w, *d)).collect();
            let near = self.random.pick(&outputs).map(|(_, d)| *d);
            for (worker, digest) in &mut outputs {
                if let (Some(Traitor::Split), Some(near)) = (self.traitors.get(worker), near) {
                    *digest = near;
                }
            }
            self.random.shuffle(&mut outputs);
            let enough = quorum(self.config.workers as usize);
            let Some(found) = cluster(&outputs, similar).into_iter().find(|c| c.len() >= enough) else { continue };
            let Some((_, output)) = found.first().copied() else { continue };
            if self.replies.iter().all(|r| (r.view, r.sequence, r.output) != (view, sequence, output)) {
                let supporters = found.into_iter().collect();
                let reply = Reply { view, sequence, query, output, supporters, fast: false };
                self.reply(head_of(self.config.workers, view), reply);
            }
        }
    }

    /// A client gets a reply. It is valid when `2 f + 1` of n workers support it, which all replies for which that matters have.
    fn reply(&mut self, head: WorkerId, reply: Reply) {
        self.answered.insert(reply.query);
        let outputs = self.signed.get(&(reply.view, reply.sequence)).cloned().unwrap_or_default();
        let vouches = |(w, d): (&WorkerId, &Digest)| self.is_honest(*w) && similar(*d, reply.output);
        if self.is_honest(head) && !outputs.iter().any(vouches) {
            self.run.findings.insert(Finding::NotVouched);
        }
        let enough = quorum(self.config.workers as usize);
        if reply.supporters.len() < enough {
            return;
        }
        let mut found = Vec::new();
        for other in self.replies.iter().filter(|r| r.sequence == reply.sequence) {
            if (other.query, other.output) == (reply.query, reply.output) {
                continue;
            }
            if other.view != reply.view {
                found.push(if other.fast { Finding::FastRunAgain } else { Finding::RunAgain });
                continue;
            }
            found.push(Finding::TwoReplies);
            let common = |w: &&WorkerId| self.is_honest(**w) && other.supporters.contains_key(*w);
            if !reply.supporters.keys().any(|w| common(&w)) {
                found.push(Finding::DisjointQuorums);
            }
        }
        self.run.findings.extend(found);
        self.replies.push(reply);
    }

    fn end(mut self) -> PublishedRun {
        let unanswered: BTreeSet<Query> = self.asked.values().copied().filter(|q| !self.answered.contains(q)).collect();
        let honest = (0..self.config.workers).map(WorkerId).filter(|w| self.is_honest(*w));
        let honest: Vec<WorkerId> = honest.collect();
        let waiting = honest.iter().filter(|w| self.nodes.get(w).is_some_and(Node::waits)).count();
        let enough = quorum(self.config.workers as usize);
        if !unanswered.is_empty() && waiting > 0 && waiting < enough && honest.len() - waiting < enough {
            self.run.findings.insert(Finding::Deadlock);
        }
        for ((view, sequence), query) in &self.asked {
            let head = head_of(self.config.workers, *view);
            let counted = self.nodes.get(&head).map(|n| n.counted(*sequence)).unwrap_or_default();
            let of_honest: Vec<Digest> = counted.iter().filter(|(w, _)| self.is_honest(*w)).map(|(_, d)| *d).collect();
            let agree = of_honest.iter().all(|a| of_honest.iter().all(|b| similar(*a, *b)));
            let is_late = cluster(&counted, similar).iter().any(|c| c.len() >= quorum(counted.len()));
            if unanswered.contains(query)
                && self.is_honest(head)
                && of_honest.len() == honest.len()
                && agree
                && !is_late
            {
                self.run.findings.insert(Finding::Blocked);
            }
        }
        let (now, findings) = (self.agenda.now(), self.run.findings.clone());
        self.trace.line("end", |o| {
            o.number("time", now);
            o.texts("findings", findings.iter().map(|f| f.name()));
        });
        self.run.answered = self.answered.len() as u64;
        self.run.trace = self.trace.into_text();
        self.run
    }
}

fn write_event(o: &mut Object, event: &Event) {
    match event {
        Event::Submit(query) => {
            o.text("event", "submit");
            o.number("query", query.0);
        }
        Event::Receive(signed) => {
            o.text("event", "receive");
            o.number("signer", signed.signer.0.into());
            write_message(o, &signed.message);
        }
        Event::Computed { sequence, digest } => {
            o.text("event", "computed");
            o.number("sequence", sequence.0);
            o.number("digest", digest.0);
        }
        Event::Timeout { view, sequence } => {
            o.text("event", "timeout");
            o.number("view", view.0);
            o.number("sequence", sequence.0);
        }
    }
}

fn write_effect(o: &mut Object, effect: &Effect) {
    match effect {
        Effect::Broadcast(message) => {
            o.text("effect", "broadcast");
            write_message(o, message);
        }
        Effect::Compute { sequence, query } => {
            o.text("effect", "compute");
            o.number("sequence", sequence.0);
            o.number("query", query.0);
        }
        Effect::Timer { view, sequence } => {
            o.text("effect", "timer");
            o.number("view", view.0);
            o.number("sequence", sequence.0);
        }
        Effect::Reply(reply) => {
            o.text("effect", "reply");
            o.number("view", reply.view.0);
            o.number("sequence", reply.sequence.0);
            o.number("query", reply.query.0);
            o.number("output", reply.output.0);
            o.workers("supporters", reply.supporters.keys());
        }
    }
}

fn write_message(o: &mut Object, message: &Message) {
    o.text("message", message.kind());
    match message {
        Message::PrePrepare { view, sequence, query } => {
            o.number("view", view.0);
            o.number("sequence", sequence.0);
            o.number("query", query.0);
        }
        Message::Prepare { view, sequence, output } => {
            o.number("view", view.0);
            o.number("sequence", sequence.0);
            o.number("output", output.0);
        }
        Message::Commit { view, sequence, accepted } => {
            o.number("view", view.0);
            o.number("sequence", sequence.0);
            o.workers("accepted", accepted.iter());
        }
        Message::ViewChange { view, last } => {
            o.number("view", view.0);
            if let Some(last) = last {
                o.number("last", last.0);
            }
        }
        Message::NewView { view, start } => {
            o.number("view", view.0);
            o.number("start", start.0);
        }
    }
}
