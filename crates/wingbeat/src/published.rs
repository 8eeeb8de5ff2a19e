//! Wingbeat as it was published, as a step of the same kind, so that the simulator can show what is wrong with it. Do not use it.
//!
//! A head asks n workers, and decides itself; the workers have no decision of their own. What the text says is done here:
//! 1. PRE-PREPARE of the head to all workers.
//! 2. PREPARE of each worker to all, with its own output.
//! 3. COMMIT of each worker with a vote about each other worker: whether its output is similar to the own one.
//! 4. The head clusters the outputs, each joining the first cluster all of whose members are similar, in the order of arrival, and a
//!    cluster of `2 f + 1` is the consensus, where `f = floor((m - 1) / 3)` and m is the number of responses received.
//!
//! Fast path: when the outputs of all workers are very similar to each other the head answers at once. View change: VIEW-CHANGE carries
//! the last sequence; the head of the next view waits for `2 f + 1` of them and starts at the highest one plus one. There are no locks, and
//! nobody joins others.
//!
//! Where the text is silent or says two things, this is assumed:
//! - Workers wait for `2 f + 1` PREPAREs, not for all of them, which one silent worker would block. There, `f = floor((n - 1) / 3)`.
//! - `2 f + 1` votes of a cluster are `2 f + 1` outputs in it, of workers whose COMMIT has arrived.
//! - The head finalises after a fixed time, with what has arrived.
//! - The clock of a worker runs from PRE-PREPARE to its own COMMIT: after that only the head acts, and the worker waits for nothing.
//! - The last sequence is the last for which the worker has sent COMMIT.
//! - The head of a view is a node of its own, so that the f workers that may be Byzantine are all workers.
//! - A worker that has timed out takes no part in the old view, and has no second time-out.
//! - Of a cluster the first output is given to the client. The published selection, by self-reported confidence among others, changes which
//!   member that is, and nothing that is shown here.
//! - PREPAREs are compared by view and sequence; that the query must be the same is not in the text.

use crate::message::{Digest, Query, Sequence, Signed, View, WorkerId};
use std::collections::{BTreeMap, BTreeSet};

/// A message. Heads sign as the worker n + view.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Message {
    /// The head asks.
    PrePrepare {
        /// The view.
        view: View,
        /// The sequence.
        sequence: Sequence,
        /// The query.
        query: Query,
    },
    /// A worker's output.
    Prepare {
        /// The view.
        view: View,
        /// The sequence.
        sequence: Sequence,
        /// The output.
        output: Digest,
    },
    /// A worker's votes: whose outputs are similar to its own.
    Commit {
        /// The view.
        view: View,
        /// The sequence.
        sequence: Sequence,
        /// The workers that it accepts.
        accepted: BTreeSet<WorkerId>,
    },
    /// A worker asks for the next view.
    ViewChange {
        /// That view.
        view: View,
        /// The last sequence for which the worker has sent COMMIT.
        last: Option<Sequence>,
    },
    /// The head of a view begins.
    NewView {
        /// The view.
        view: View,
        /// The next sequence.
        start: Sequence,
    },
}

impl Message {
    /// The name of the kind, as in traces.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Message::PrePrepare { .. } => "pre-prepare",
            Message::Prepare { .. } => "prepare",
            Message::Commit { .. } => "commit",
            Message::ViewChange { .. } => "view-change",
            Message::NewView { .. } => "new-view",
        }
    }
}

/// What a client gets: an output with those who support it and what they signed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Reply {
    /// The view.
    pub view: View,
    /// The sequence.
    pub sequence: Sequence,
    /// The query.
    pub query: Query,
    /// The answer.
    pub output: Digest,
    /// The outputs of the cluster.
    pub supporters: BTreeMap<WorkerId, Digest>,
    /// Whether it came by the fast path.
    pub fast: bool,
}

/// Something that happens to a node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Event {
    /// A client's query, at a head.
    Submit(Query),
    /// A message.
    Receive(Signed<Message>),
    /// The model has answered.
    Computed {
        /// The sequence.
        sequence: Sequence,
        /// The output.
        digest: Digest,
    },
    /// The time-out that was asked for.
    Timeout {
        /// The view it is about.
        view: View,
        /// The sequence it is about.
        sequence: Sequence,
    },
}

/// Something that a node wants to be done.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// Send to all workers and the head of the view that the message names.
    Broadcast(Message),
    /// Compute an output.
    Compute {
        /// The sequence.
        sequence: Sequence,
        /// The query.
        query: Query,
    },
    /// Answer with [`Event::Timeout`] later.
    Timer {
        /// The view.
        view: View,
        /// The sequence.
        sequence: Sequence,
    },
    /// The answer for the client.
    Reply(Reply),
}

/// The parameters.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The number of workers.
    pub workers: u32,
    /// Similar enough for a cluster (above 0.9 in the text).
    pub similar: fn(Digest, Digest) -> bool,
    /// Similar enough for the fast path (above 0.95).
    pub very_similar: fn(Digest, Digest) -> bool,
}

/// The published quorum `2 f + 1` with `f = floor((m - 1) / 3)`.
#[must_use]
pub fn quorum(m: usize) -> usize {
    2 * (m.saturating_sub(1) / 3) + 1
}

/// First fit: each output joins the first cluster all of whose members are similar to it. The order matters.
#[must_use]
pub fn cluster(outputs: &[(WorkerId, Digest)], similar: fn(Digest, Digest) -> bool) -> Vec<Vec<(WorkerId, Digest)>> {
    let mut clusters: Vec<Vec<(WorkerId, Digest)>> = Vec::new();
    for output in outputs {
        match clusters.iter_mut().find(|c| c.iter().all(|(_, d)| similar(*d, output.1))) {
            Some(fits) => fits.push(*output),
            None => clusters.push(vec![*output]),
        }
    }
    clusters
}

/// What a head is doing.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Round {
    sequence: Sequence,
    query: Query,
    /// In the order of arrival.
    outputs: Vec<(WorkerId, Digest)>,
    committed: BTreeSet<WorkerId>,
}

/// The head of a view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    view: View,
    /// The next sequence; none before the view has begun.
    next: Option<Sequence>,
    queries: Vec<Query>,
    round: Option<Round>,
    changes: BTreeMap<WorkerId, Option<Sequence>>,
}

/// A worker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Worker {
    me: WorkerId,
    view: View,
    /// Whether it has asked for this view, and the view has not begun.
    waits: bool,
    round: Option<(Sequence, Query)>,
    own: Option<Digest>,
    prepares: BTreeMap<(View, Sequence), BTreeMap<WorkerId, Digest>>,
    last: Option<Sequence>,
}

/// A head or a worker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node {
    /// A head.
    Head(Head),
    /// A worker.
    Worker(Worker),
}

impl Node {
    /// The head of a view.
    #[must_use]
    pub fn head(view: View) -> Node {
        let next = if view == View(0) { Some(Sequence(0)) } else { None };
        Node::Head(Head { view, next, queries: Vec::new(), round: None, changes: BTreeMap::new() })
    }

    /// A worker.
    #[must_use]
    pub fn worker(me: WorkerId) -> Node {
        let (round, own, prepares, last) = (None, None, BTreeMap::new(), None);
        Node::Worker(Worker { me, view: View(0), waits: false, round, own, prepares, last })
    }

    /// Whether the node is a worker that has timed out and waits for a view to begin.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self, Node::Worker(Worker { waits: true, .. }))
    }

    /// The outputs that a head would cluster now, if it has not answered the sequence.
    #[must_use]
    pub fn counted(&self, sequence: Sequence) -> Vec<(WorkerId, Digest)> {
        match self {
            Node::Head(head) => head.counted(sequence),
            Node::Worker(_) => Vec::new(),
        }
    }
}

/// The published protocol as a step: what a node does at an event.
#[must_use]
pub fn step(config: &Config, mut node: Node, event: Event) -> (Node, Vec<Effect>) {
    let mut effects = Vec::new();
    match &mut node {
        Node::Head(head) => head.happen(config, event, &mut effects),
        Node::Worker(worker) => worker.happen(config, event, &mut effects),
    }
    (node, effects)
}

impl Head {
    fn happen(&mut self, config: &Config, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Submit(query) => self.queries.push(query),
            Event::Receive(Signed { signer, message }) => self.hear(config, signer, message, effects),
            Event::Timeout { sequence, .. } => self.finalise(config, sequence, effects),
            Event::Computed { .. } => {}
        }
        self.ask(effects);
    }

    /// The next query, when nothing is under way.
    fn ask(&mut self, effects: &mut Vec<Effect>) {
        let Some(sequence) = self.next.filter(|_| self.round.is_none() && !self.queries.is_empty()) else { return };
        let query = self.queries.remove(0);
        self.next = Some(Sequence(sequence.0 + 1));
        self.round = Some(Round { sequence, query, outputs: Vec::new(), committed: BTreeSet::new() });
        effects.push(Effect::Broadcast(Message::PrePrepare { view: self.view, sequence, query }));
        effects.push(Effect::Timer { view: self.view, sequence });
    }

    fn hear(&mut self, config: &Config, signer: WorkerId, message: Message, effects: &mut Vec<Effect>) {
        let all = config.workers as usize;
        match message {
            Message::Prepare { view, sequence, output } if view == self.view => {
                let Some(round) = self.round.as_mut().filter(|r| r.sequence == sequence) else { return };
                if round.outputs.iter().all(|(w, _)| *w != signer) {
                    round.outputs.push((signer, output));
                }
                let close = |(_, a): &(_, Digest)| round.outputs.iter().all(|(_, b)| (config.very_similar)(*a, *b));
                if round.outputs.len() == all && round.outputs.iter().all(close) {
                    let outputs = round.outputs.clone();
                    self.reply(&outputs, true, effects);
                }
            }
            Message::Commit { view, sequence, .. } if view == self.view => {
                if let Some(round) = self.round.as_mut().filter(|r| r.sequence == sequence) {
                    round.committed.insert(signer);
                }
            }
            Message::ViewChange { view, last } if view == self.view && self.next.is_none() => {
                self.changes.insert(signer, last);
                if self.changes.len() >= quorum(all) {
                    // No last sequence is less than any.
                    let start =
                        self.changes.values().max().copied().flatten().map_or(Sequence(0), |s| Sequence(s.0 + 1));
                    self.next = Some(start);
                    effects.push(Effect::Broadcast(Message::NewView { view, start }));
                }
            }
            _ => {}
        }
    }

    fn finalise(&mut self, config: &Config, sequence: Sequence, effects: &mut Vec<Effect>) {
        let outputs = self.counted(sequence);
        let clusters = cluster(&outputs, config.similar);
        let consensus = clusters.into_iter().find(|c| c.len() >= quorum(outputs.len()));
        if let Some(consensus) = consensus {
            self.reply(&consensus, false, effects);
        }
    }

    /// The outputs of workers whose COMMIT has arrived, in the order of arrival.
    fn counted(&self, sequence: Sequence) -> Vec<(WorkerId, Digest)> {
        let Some(round) = self.round.as_ref().filter(|r| r.sequence == sequence) else { return Vec::new() };
        round.outputs.iter().filter(|(w, _)| round.committed.contains(w)).copied().collect()
    }

    fn reply(&mut self, cluster: &[(WorkerId, Digest)], fast: bool, effects: &mut Vec<Effect>) {
        let (Some(round), Some((_, output))) = (self.round.take(), cluster.first()) else { return };
        effects.push(Effect::Reply(Reply {
            view: self.view,
            sequence: round.sequence,
            query: round.query,
            output: *output,
            supporters: cluster.iter().copied().collect(),
            fast,
        }));
    }
}

impl Worker {
    fn happen(&mut self, config: &Config, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Receive(Signed { signer, message }) => self.hear(config, signer, message, effects),
            Event::Computed { sequence, digest } if self.is_at(self.view, sequence) && self.own.is_none() => {
                self.own = Some(digest);
                self.prepares.entry((self.view, sequence)).or_default().insert(self.me, digest);
                effects.push(Effect::Broadcast(Message::Prepare { view: self.view, sequence, output: digest }));
            }
            Event::Timeout { view, sequence } if self.is_at(view, sequence) => {
                self.view = view.next();
                self.waits = true;
                self.round = None;
                effects.push(Effect::Broadcast(Message::ViewChange { view: self.view, last: self.last }));
            }
            Event::Computed { .. } | Event::Timeout { .. } | Event::Submit(_) => {}
        }
        self.commit(config, effects);
    }

    /// Whether the worker is in the phases pre-prepare or prepare of a sequence.
    fn is_at(&self, view: View, sequence: Sequence) -> bool {
        view == self.view && !self.waits && self.round.is_some_and(|(s, _)| s == sequence)
    }

    fn is_free_for(&self, sequence: Sequence) -> bool {
        !self.waits && self.round.is_none() && self.last.is_none_or(|last| last < sequence)
    }

    fn hear(&mut self, config: &Config, signer: WorkerId, message: Message, effects: &mut Vec<Effect>) {
        let head = |view: View| u64::from(config.workers) + view.0 == u64::from(signer.0);
        match message {
            Message::PrePrepare { view, sequence, query }
                if head(view) && view == self.view && self.is_free_for(sequence) =>
            {
                self.round = Some((sequence, query));
                self.own = None;
                effects.push(Effect::Compute { sequence, query });
                effects.push(Effect::Timer { view, sequence });
            }
            Message::Prepare { view, sequence, output } => {
                self.prepares.entry((view, sequence)).or_default().entry(signer).or_insert(output);
            }
            Message::NewView { view, start }
                if head(view) && (view > self.view || (view == self.view && self.waits)) =>
            {
                self.view = view;
                self.waits = false;
                self.round = None;
                // The worker takes part in sequences from there on, whatever it did before.
                self.last = start.0.checked_sub(1).map(Sequence);
            }
            _ => {}
        }
    }

    fn commit(&mut self, config: &Config, effects: &mut Vec<Effect>) {
        let (Some((sequence, _)), Some(own)) = (self.round, self.own) else { return };
        let Some(prepares) = self.prepares.get(&(self.view, sequence)) else { return };
        if prepares.len() < quorum(config.workers as usize) {
            return;
        }
        let similar = prepares.iter().filter(|(_, d)| (config.similar)(own, **d));
        let accepted = similar.map(|(w, _)| *w).collect();
        self.last = Some(sequence);
        self.round = None;
        effects.push(Effect::Broadcast(Message::Commit { view: self.view, sequence, accepted }));
    }
}
