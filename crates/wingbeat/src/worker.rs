//! A worker: its sequences, and the one step.

use crate::arm::{Arm, Refusal};
use crate::config::{Config, WINDOW};
use crate::instance::{Context, Durable, Instance, Standing};
use crate::message::*;
use std::collections::BTreeMap;

/// Something that happens to a worker.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Event {
    /// A client asks for a query to be answered in a sequence. Its signature has been verified.
    Submit {
        /// The sequence.
        sequence: Sequence,
        /// The query.
        query: Query,
    },
    /// A message has arrived, and every signature in it has been verified.
    Receive(Signed<Message>),
    /// The model has answered an [`Effect::Compute`].
    Computed {
        /// The sequence.
        sequence: Sequence,
        /// The query.
        query: Query,
        /// Its output.
        digest: Digest,
    },
    /// A unit of time has passed since an [`Effect::Tick`]. It should be as long as a view takes when nothing goes wrong.
    Tick {
        /// The sequence.
        sequence: Sequence,
    },
    /// The worker has been restored after a crash, see [`Worker::restore`].
    Restart,
}

/// Something that a worker wants to be done, in this order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effect {
    /// Keep this for the sequence, before anything else of this step is done.
    Persist(Sequence, Durable),
    /// Sign and send to all other workers.
    Broadcast(Message),
    /// Sign and send to one worker.
    Send {
        /// To whom.
        to: WorkerId,
        /// What.
        message: Message,
    },
    /// Compute an output for a query, and answer with [`Event::Computed`].
    Compute {
        /// The sequence.
        sequence: Sequence,
        /// The query.
        query: Query,
    },
    /// Answer with [`Event::Tick`] after a unit of time.
    Tick {
        /// The sequence.
        sequence: Sequence,
    },
    /// This is the answer for the sequence.
    Decide {
        /// The sequence.
        sequence: Sequence,
        /// The query that is answered.
        query: Query,
        /// The answer.
        outcome: Outcome,
    },
}

/// What a step did.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Step {
    /// The rules that were applied, in order.
    pub arms: Vec<Arm>,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
    /// Why nothing was done, if so. A step with a refusal leaves the worker as it was and has no effects.
    pub refusal: Option<Refusal>,
}

/// The state of a worker.
#[derive(Clone, Debug)]
pub struct Worker {
    config: Config,
    me: WorkerId,
    instances: BTreeMap<Sequence, Instance>,
    /// All sequences below this are decided.
    low: Sequence,
}

/// States are compared; the parameters are not, as they are the same at all workers.
impl PartialEq for Worker {
    fn eq(&self, other: &Worker) -> bool {
        (self.me, self.low, &self.instances) == (other.me, other.low, &other.instances)
    }
}

impl Eq for Worker {}

/// The protocol: a function of a state and an event, with no other input and no other output.
///
/// It never panics, whatever the event. Messages must have verified signatures, see [`Signed`].
#[must_use]
pub fn step(mut worker: Worker, event: Event) -> (Worker, Step) {
    let mut step = Step::default();
    if let Event::Restart = event {
        let sequences: Vec<Sequence> = worker.instances.keys().copied().collect();
        for sequence in sequences {
            let _never_refused = worker.at(sequence, &mut step, |c| {
                c.restart();
                Ok(())
            });
        }
        return (worker, step);
    }
    let heard = match event {
        Event::Submit { sequence, query } => worker.at(sequence, &mut step, |c| c.submit(query)),
        Event::Computed { sequence, query, digest } => worker.at(sequence, &mut step, |c| c.computed(query, digest)),
        Event::Tick { sequence } => worker.at(sequence, &mut step, |c| c.tick()),
        Event::Receive(m) => worker.receive(&m, &mut step),
        Event::Restart => Ok(()),
    };
    step.refusal = heard.err();
    (worker, step)
}

impl Worker {
    /// A worker at the beginning.
    #[must_use]
    pub fn new(config: Config, me: WorkerId) -> Worker {
        Worker { config, me, instances: BTreeMap::new(), low: Sequence(0) }
    }

    /// A worker after a crash, with the last [`Effect::Persist`] of each sequence. Its first event must be [`Event::Restart`].
    #[must_use]
    pub fn restore(config: Config, me: WorkerId, kept: BTreeMap<Sequence, Durable>) -> Worker {
        let instances = kept.into_iter().map(|(s, durable)| (s, Instance::restored(durable))).collect();
        let mut worker = Worker { config, me, instances, low: Sequence(0) };
        worker.raise_low();
        worker
    }

    /// The parameters.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the worker would keep of a sequence, if it has heard of it.
    #[must_use]
    pub fn durable(&self, sequence: Sequence) -> Option<&Durable> {
        self.instances.get(&sequence).map(|i| &i.durable)
    }

    /// What the worker would keep, of every sequence that it has heard of.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (Sequence, &Durable)> {
        self.instances.iter().map(|(sequence, instance)| (*sequence, &instance.durable))
    }

    /// How the worker stands in a sequence, if it has heard of it.
    pub(crate) fn standing(&self, sequence: Sequence) -> Option<Standing> {
        Some(self.instances.get(&sequence)?.standing(self.me))
    }

    fn raise_low(&mut self) {
        while self.durable(self.low).is_some_and(|d| d.decision.is_some()) {
            self.low = Sequence(self.low.0.saturating_add(1));
        }
    }

    /// Refuses what no worker may say, whatever the state.
    fn receive(&mut self, signed: &Signed<Message>, step: &mut Step) -> Result<(), Refusal> {
        let inside: Vec<WorkerId> = match &signed.message {
            Message::Propose { outputs, .. } => outputs.keys().copied().collect(),
            Message::NewView { view_changes, .. } => view_changes.keys().copied().collect(),
            _ => Vec::new(),
        };
        if !inside.iter().chain([&signed.signer]).all(|w| self.config.is_member(*w)) {
            return Err(Refusal::NotAMember);
        }
        // Own votes are noted when they are cast, and none come from elsewhere.
        if signed.signer == self.me {
            return Err(Refusal::Duplicate);
        }
        self.at(signed.message.sequence(), step, |c| c.hear(signed.signer, &signed.message))
    }

    /// Lets something happen to a sequence. When it is refused nothing has changed.
    fn at(
        &mut self,
        sequence: Sequence,
        step: &mut Step,
        happen: impl FnOnce(&mut Context<'_>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        if sequence.0.saturating_sub(self.low.0) >= WINDOW {
            return Err(Refusal::OutOfWindow);
        }
        let is_new = !self.instances.contains_key(&sequence);
        let state = self.instances.entry(sequence).or_default();
        let before = state.durable.clone();
        let first = step.effects.len();
        let mut context = Context { config: &self.config, me: self.me, sequence, state, step };
        let heard = happen(&mut context);
        if heard.is_ok() {
            context.advance();
        }
        let after = &state.durable;
        if *after != before {
            step.effects.insert(first, Effect::Persist(sequence, after.clone()));
        }
        if heard.is_err() && is_new {
            self.instances.remove(&sequence);
        }
        self.raise_low();
        heard
    }
}
