//! What a seed means: how many workers, which of them lie, what the network does.

use super::adversary::{STRATEGIES, Strategy};
use super::net::{Net, Partition};
use super::random::Random;
use crate::config::Rule;
use crate::instance::Durable;
use crate::message::{Digest, View, WorkerId};
use std::collections::{BTreeMap, BTreeSet};

/// Outputs are similar when their digests differ by at most this; so similarity is not transitive.
pub const RADIUS: u64 = 10;

/// The similarity of the simulator.
#[must_use]
pub fn similar(a: Digest, b: Digest) -> bool {
    a.0.abs_diff(b.0) <= RADIUS
}

/// How the outputs of honest workers lie to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outputs {
    /// All the same.
    Same,
    /// All similar, and another one each time that a worker computes.
    Close,
    /// Each similar to its neighbours only.
    Chain,
    /// In two groups.
    Groups,
    /// All far apart.
    Apart,
}

/// A worker stops, and starts again with what it kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Crash {
    /// The worker.
    pub worker: WorkerId,
    /// When it stops.
    pub at: u64,
    /// When it starts again, at most the time of stabilisation.
    pub until: u64,
}

/// A part of [`crate::Durable`] that a restarting worker has lost, to see that it must not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forget {
    /// The view.
    View,
    /// The lock.
    Lock,
    /// The last OUTPUT.
    Report,
}

impl Forget {
    /// Loses the part.
    pub(super) fn forget(self, durable: &mut Durable) {
        match self {
            Forget::View => durable.view = View(0),
            Forget::Lock => durable.lock = None,
            Forget::Report => durable.report = None,
        }
    }
}

/// A run that is to be made. Everything that happens in it follows from these values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// The seed of everything that happens by chance.
    pub seed: u64,
    /// The number n of workers.
    pub workers: u32,
    /// The number f that the workers are configured for.
    pub faults: u32,
    /// The Byzantine workers, at most f.
    pub byzantine: BTreeMap<WorkerId, Strategy>,
    /// The number of sequences.
    pub sequences: u64,
    /// The network.
    pub net: Net,
    /// Crashes of honest workers.
    pub crashes: Vec<Crash>,
    /// How many of a hundred steps in which an honest worker keeps something, before stabilisation, end in a crash before all is done.
    pub crashing: u64,
    /// The outputs.
    pub outputs: Outputs,
    /// Whether the client signs two queries for a sequence and tells some workers one and some the other.
    pub two_queries: bool,
    /// Whether, until stabilisation, nothing is heard of a worker about a sequence that it has decided: the worst that a network can do,
    /// since otherwise its answer would settle the matter.
    pub isolate: bool,
    /// The rule that is left out.
    pub omitted: Option<Rule>,
    /// What is lost in a crash.
    pub forget: Option<Forget>,
}

impl Scenario {
    /// The run that belongs to a seed: 1 to 10 workers, as many Byzantine ones as they bear in most runs.
    #[must_use]
    pub fn new(seed: u64) -> Scenario {
        let mut random = Random::new(seed);
        let r = &mut random;
        // Half of the runs are hostile: as small as it can be, with much loss of what matters, many crashes and two queries.
        let is_hostile = r.percent(50);
        let workers = if is_hostile { 4 } else { *r.pick(&[1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10]).unwrap_or(&4) };
        let faults = (workers - 1) / 3;
        let mut ids: Vec<u32> = (0..workers).collect();
        r.shuffle(&mut ids);
        let traitors = if r.percent(15) { r.below(u64::from(faults) + 1) } else { faults.into() };
        let traitors = usize::try_from(traitors).unwrap_or(0);
        let strategy = |r: &mut Random| *r.pick(&STRATEGIES).unwrap_or(&Strategy::Silent);
        let byzantine = ids.iter().take(traitors).map(|w| (WorkerId(*w), strategy(r))).collect();
        let stabilisation = if r.percent(15) { 0 } else { r.between(200, if is_hostile { 2500 } else { 1500 }) };
        let span = |r: &mut Random, longest: u64| {
            let from = r.below(stabilisation);
            (from, r.between(from, (from + longest).min(stabilisation.saturating_sub(1))))
        };
        let mut partitions = Vec::new();
        for _ in 0..r.below(4) {
            let (from, until) = span(r, stabilisation);
            let group: BTreeSet<u32> = (0..workers).filter(|_| r.percent(40)).collect();
            partitions.push(Partition { from, until, group });
        }
        let mut grudges = BTreeMap::new();
        if is_hostile {
            for kind in ["output", "propose", "prepare", "commit", "decided", "view-change", "new-view"] {
                let likely = if ["commit", "decided"].contains(&kind) { 70 } else { 15 };
                if r.percent(likely) {
                    grudges.insert(kind, r.between(30, 80));
                }
            }
        }
        let mut crashes = Vec::new();
        if stabilisation > 0 && r.percent(50) {
            let honest: Vec<u32> = ids.iter().skip(traitors).copied().collect();
            for _ in 0..if is_hostile { r.between(2, 8) } else { r.between(1, 3) } {
                let (at, until) = span(r, if is_hostile { 60 } else { stabilisation });
                let worker = WorkerId(*r.pick(&honest).unwrap_or(&0));
                crashes.push(Crash { worker, at, until });
            }
        }
        let all = [Outputs::Same, Outputs::Same, Outputs::Close, Outputs::Chain, Outputs::Groups, Outputs::Apart];
        Scenario {
            seed,
            workers,
            faults,
            byzantine,
            sequences: r.between(1, 3),
            net: Net {
                stabilisation,
                grudges,
                loss: *r.pick(&[0, 5, 20, 35]).unwrap_or(&0),
                slow: *r.pick(&[15, 40, 120]).unwrap_or(&15),
                duplicates: *r.pick(&[0, 5, 20]).unwrap_or(&0),
                partitions,
            },
            crashes,
            crashing: if is_hostile { *r.pick(&[0, 0, 5, 15]).unwrap_or(&0) } else { 0 },
            outputs: *r.pick(&all).unwrap_or(&Outputs::Same),
            two_queries: r.percent(if is_hostile { 50 } else { 20 }),
            isolate: is_hostile && r.percent(60),
            omitted: None,
            forget: None,
        }
    }

    /// Whether a worker is honest.
    #[must_use]
    pub fn is_honest(&self, worker: WorkerId) -> bool {
        !self.byzantine.contains_key(&worker)
    }
}
