//! What must hold in a run, seen from outside: the simulator watches what it makes, and a record is watched again when it is replayed.

use super::scenario::similar;
use crate::message::*;
use crate::worker::Worker;
use std::collections::{BTreeMap, BTreeSet};

/// Something that must not happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Violation {
    /// Two honest workers have decided differently. Agreement.
    Disagreement {
        /// Where.
        sequence: Sequence,
        /// One of them.
        first: WorkerId,
        /// The other.
        second: WorkerId,
    },
    /// An honest worker has decided twice, and differently. Integrity.
    Changed {
        /// Where.
        sequence: Sequence,
        /// The worker.
        worker: WorkerId,
    },
    /// No honest worker has sent an output that is similar to the decided one. Validity.
    NotVouched {
        /// Where.
        sequence: Sequence,
    },
    /// It was decided that there is no agreement, though all outputs of honest workers are similar. Validity.
    Agreed {
        /// Where.
        sequence: Sequence,
    },
    /// No client has asked what was answered. Validity.
    NotAsked {
        /// Where.
        sequence: Sequence,
    },
    /// An honest worker has heard of a query and has not decided, or nobody has. Termination.
    Undecided {
        /// Where.
        sequence: Sequence,
        /// The worker.
        worker: WorkerId,
    },
    /// An honest worker needed more views than rotation allows: of the views after the highest one at stabilisation, f may have Byzantine
    /// leaders, and one more may be lost to those who come late. Termination within a bound.
    Late {
        /// Where.
        sequence: Sequence,
        /// The worker.
        worker: WorkerId,
    },
}

impl Violation {
    /// The name of the violation that a record alone cannot show.
    pub(super) const NOT_ASKED: &str = "not-asked";

    /// The name, as in traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Violation::Disagreement { .. } => "disagreement",
            Violation::Changed { .. } => "changed",
            Violation::NotVouched { .. } => "not-vouched",
            Violation::Agreed { .. } => "agreed",
            Violation::NotAsked { .. } => Self::NOT_ASKED,
            Violation::Undecided { .. } => "undecided",
            Violation::Late { .. } => "late",
        }
    }
}

/// What was seen of a run so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    faults: u64,
    /// The outputs that honest workers have signed, in OUTPUT or VIEW-CHANGE.
    outputs: BTreeMap<(Sequence, Query), BTreeSet<Digest>>,
    /// The highest view of an honest worker in each sequence at the time of stabilisation, once that has come.
    stable: Option<BTreeMap<Sequence, View>>,
    /// The decisions of honest workers.
    pub decisions: BTreeMap<(Sequence, WorkerId), (Query, Outcome)>,
    /// What must not have happened.
    pub violations: BTreeSet<Violation>,
}

impl Watch {
    /// Nothing was seen. So many workers may be Byzantine.
    #[must_use]
    pub fn new(faults: u32) -> Watch {
        Watch { faults: faults.into(), ..Watch::default() }
    }

    /// An honest worker signs something, and vouches for the output in it.
    pub fn signs(&mut self, message: &Message) {
        let vouched = match message {
            Message::Vote(Vote { phase: Phase::Output, query, outcome: Outcome::Output(d), .. }) => Some((*query, *d)),
            Message::ViewChange(ViewChange { report: Some(r), .. }) => Some((r.query, r.digest)),
            _ => None,
        };
        if let Some((query, digest)) = vouched {
            self.outputs.entry((message.sequence(), query)).or_default().insert(digest);
        }
    }

    /// Whether the time of stabilisation has come.
    #[must_use]
    pub fn is_stable(&self) -> bool {
        self.stable.is_some()
    }

    /// The time of stabilisation comes. Those honest workers are up.
    pub fn stabilises<'w>(&mut self, honest: impl Iterator<Item = &'w Worker>) {
        let mut views: BTreeMap<Sequence, View> = BTreeMap::new();
        for (sequence, durable) in honest.flat_map(Worker::kept) {
            let highest = views.entry(sequence).or_default();
            *highest = durable.view.max(*highest);
        }
        self.stable = Some(views);
    }

    /// The highest view of an honest worker at the time of stabilisation.
    #[must_use]
    pub fn highest_when_stable(&self) -> View {
        self.stable.iter().flat_map(BTreeMap::values).max().copied().unwrap_or_default()
    }

    /// An honest worker announces a decision, for a query that was asked for or not, when honest workers have reached a view.
    pub fn decides(
        &mut self,
        (sequence, worker): (Sequence, WorkerId),
        (query, outcome): (Query, Outcome),
        is_asked: bool,
        highest: View,
    ) {
        let of_sequence = self.decisions.iter().filter(|((s, _), _)| *s == sequence);
        let other = of_sequence.filter(|(_, d)| **d != (query, outcome)).map(|((_, w), _)| *w).next();
        if let Some(first) = other {
            self.violations.insert(Violation::Disagreement { sequence, first, second: worker });
        }
        let before = self.decisions.insert((sequence, worker), (query, outcome));
        if before.is_some_and(|b| b != (query, outcome)) {
            self.violations.insert(Violation::Changed { sequence, worker });
        }
        if !is_asked {
            self.violations.insert(Violation::NotAsked { sequence });
        }
        let outputs = self.outputs.get(&(sequence, query)).cloned().unwrap_or_default();
        match outcome {
            Outcome::Output(d) => {
                if !outputs.iter().any(|o| similar(*o, d)) {
                    self.violations.insert(Violation::NotVouched { sequence });
                }
            }
            Outcome::NoAgreement => {
                if outputs.iter().all(|a| outputs.iter().all(|b| similar(*a, *b))) {
                    self.violations.insert(Violation::Agreed { sequence });
                }
            }
        }
        if let Some(views) = &self.stable
            && highest.0 > views.get(&sequence).copied().unwrap_or_default().0 + self.faults + 2
        {
            self.violations.insert(Violation::Late { sequence, worker });
        }
    }

    /// Where an honest worker has heard of a query and has not decided.
    #[must_use]
    pub fn undecided<'w>(&self, honest: impl Iterator<Item = (WorkerId, &'w Worker)>) -> BTreeSet<Violation> {
        let mut undecided = BTreeSet::new();
        for (worker, state) in honest {
            let heard = state.kept().filter(|(_, durable)| durable.query.is_some());
            let open = heard.filter(|(sequence, _)| !self.decisions.contains_key(&(*sequence, worker)));
            undecided.extend(open.map(|(sequence, _)| Violation::Undecided { sequence, worker }));
        }
        undecided
    }
}

/// The highest view of some workers in a sequence.
pub(super) fn highest<'w>(workers: impl Iterator<Item = &'w Worker>, sequence: Sequence) -> View {
    workers.filter_map(|w| Some(w.durable(sequence)?.view)).max().unwrap_or_default()
}
