//! What time and the network do to messages.

use super::random::Random;
use std::collections::{BTreeMap, BTreeSet};

/// Things that will happen, by time; of one time, in the order in which they were put in.
#[derive(Clone, Debug)]
pub(super) struct Agenda<E> {
    now: u64,
    put: u64,
    waiting: BTreeMap<(u64, u64), E>,
}

impl<E> Agenda<E> {
    /// Nothing will happen.
    #[must_use]
    pub fn new() -> Agenda<E> {
        Agenda { now: 0, put: 0, waiting: BTreeMap::new() }
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Lets something happen at a time, at the earliest now.
    pub fn put(&mut self, time: u64, event: E) {
        self.waiting.insert((time.max(self.now), self.put), event);
        self.put += 1;
    }

    /// Goes to the next thing that happens.
    pub fn take(&mut self) -> Option<E> {
        let ((time, _), event) = self.waiting.pop_first()?;
        self.now = time;
        Some(event)
    }
}

impl<E> Default for Agenda<E> {
    fn default() -> Agenda<E> {
        Agenda::new()
    }
}

/// For some time nothing passes between a group of nodes and the others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Partition {
    /// Its beginning.
    pub from: u64,
    /// Its end, at most the time of stabilisation.
    pub until: u64,
    /// One side.
    pub group: BTreeSet<u32>,
}

/// A network of partial synchrony (Dwork, Lynch and Stockmeyer 1988): from a time on that nobody knows, every message arrives soon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Net {
    /// That time.
    pub stabilisation: u64,
    /// How many of a hundred messages are lost before.
    pub loss: u64,
    /// How many of a hundred messages of a kind are lost beside that.
    pub grudges: BTreeMap<&'static str, u64>,
    /// The longest delay before.
    pub slow: u64,
    /// How many of a hundred messages arrive twice, at all times.
    pub duplicates: u64,
    /// Partitions before.
    pub partitions: Vec<Partition>,
}

/// The longest delay after stabilisation.
const DELAY: u64 = 10;

impl Net {
    /// When a message that is sent now arrives: never, once or twice. Messages overtake each other, as delays differ.
    pub(super) fn arrivals(&self, random: &mut Random, now: u64, kind: &str, from: u32, to: u32) -> Vec<u64> {
        let parts = |p: &Partition| p.from <= now && now < p.until && p.group.contains(&from) != p.group.contains(&to);
        let is_stable = now >= self.stabilisation;
        let grudge = self.grudges.get(kind).copied().unwrap_or(0);
        if !is_stable && (random.percent(self.loss) || random.percent(grudge) || self.partitions.iter().any(parts)) {
            return Vec::new();
        }
        let copies = if random.percent(self.duplicates) { 2 } else { 1 };
        // What is under way at the time of stabilisation arrives soon, too.
        let slow = if is_stable { DELAY } else { self.slow };
        let latest = now.max(self.stabilisation) + DELAY;
        (0..copies).map(|_| (now + random.between(1, slow)).min(latest)).collect()
    }
}
