//! How many workers there are, how many of them may be Byzantine, and which outputs are similar.

use crate::message::{Certificate, Digest, Phase, View, WorkerId};

/// A rule of the protocol that can be left out, to see that it is needed. Nothing but tests leaves one out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rule {
    /// Quorums have `floor((n + f) / 2) + 1` workers; without the rule one fewer.
    Quorum,
    /// VIEW-CHANGE carries the prepared certificate of the highest view.
    Lock,
    /// VIEW-CHANGE carries the last OUTPUT, and NEW-VIEW heeds it.
    Recovery,
    /// Workers verify a NEW-VIEW by computing it again.
    NewView,
    /// Workers verify a PROPOSE by computing it again.
    Proposal,
    /// What all but f workers report exactly is the representative, whatever else is similar to more.
    Exact,
    /// A worker follows f + 1 others to a higher view.
    Join,
}

/// All rules that can be left out.
pub const RULES: [Rule; 7] =
    [Rule::Quorum, Rule::Lock, Rule::Recovery, Rule::NewView, Rule::Proposal, Rule::Exact, Rule::Join];

/// Why a configuration is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigError {
    /// There must be at least `3 f + 1` workers: with fewer no protocol is safe and live under partial synchrony
    /// (Dwork, Lynch and Stockmeyer 1988).
    TooFewWorkers,
}

/// The parameters of the protocol, the same at all workers. They are configured and never taken from what was received.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    workers: u32,
    faults: u32,
    similarity: fn(Digest, Digest) -> bool,
    omitted: Option<Rule>,
}

/// Sequences so far above the first undecided one are refused, so that nobody can fill the memory of a worker
/// (the water marks of Castro and Liskov 1999, section 4.3).
pub const WINDOW: u64 = 64;

impl Config {
    /// A configuration of `workers` workers of which `faults` may be Byzantine. The similarity relation need not be transitive.
    ///
    /// # Errors
    /// When there are fewer than `3 * faults + 1` workers.
    pub fn new(workers: u32, faults: u32, similarity: fn(Digest, Digest) -> bool) -> Result<Config, ConfigError> {
        if u64::from(workers) < 3 * u64::from(faults) + 1 {
            return Err(ConfigError::TooFewWorkers);
        }
        Ok(Config { workers, faults, similarity, omitted: None })
    }

    /// The same configuration with a rule left out, for tests that show why there is such a rule.
    #[must_use]
    pub fn without(self, rule: Rule) -> Config {
        Config { omitted: Some(rule), ..self }
    }

    /// Whether a rule is in force.
    #[must_use]
    pub fn keeps(&self, rule: Rule) -> bool {
        self.omitted != Some(rule)
    }

    /// The number n of workers.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers as usize
    }

    /// The number f of workers that may be Byzantine.
    #[must_use]
    pub fn faults(&self) -> usize {
        self.faults as usize
    }

    /// The quorum `q = floor((n + f) / 2) + 1`.
    ///
    /// Two quorums share at least `2 q - n > f` workers, so an honest one; and `q <= n - f` because `n > 3 f`, so the honest
    /// workers are a quorum. Where n is `3 f + 1` it is `2 f + 1`; for other n, `2 f + 1` is too few.
    #[must_use]
    pub fn quorum(&self) -> usize {
        let q = (self.workers() + self.faults()) / 2 + 1;
        if self.keeps(Rule::Quorum) { q } else { q - 1 }
    }

    /// The number `n - f` of workers that answer even if all Byzantine ones are silent.
    #[must_use]
    pub fn answering(&self) -> usize {
        self.workers() - self.faults()
    }

    /// All workers.
    pub fn members(&self) -> impl Iterator<Item = WorkerId> + use<> {
        (0..self.workers).map(WorkerId)
    }

    /// Whether there is such a worker.
    #[must_use]
    pub fn is_member(&self, worker: WorkerId) -> bool {
        worker.0 < self.workers
    }

    /// The leader of a view, `v mod n`: among any f + 1 views in a row one has an honest leader.
    #[must_use]
    pub fn leader(&self, view: View) -> WorkerId {
        WorkerId(u32::try_from(view.0 % u64::from(self.workers)).unwrap_or(0))
    }

    /// Whether two outputs are similar. The given relation is made reflexive and symmetric here: a score may be neither,
    /// as BLEU without smoothing.
    #[must_use]
    pub fn similar(&self, a: Digest, b: Digest) -> bool {
        a == b || ((self.similarity)(a, b) && (self.similarity)(b, a))
    }

    /// Whether a certificate proves that its value is prepared in its view.
    #[must_use]
    pub fn proves_prepared(&self, c: &Certificate) -> bool {
        c.vote.phase == Phase::Prepare && c.signers.len() >= self.quorum() && self.are_members(c)
    }

    /// Whether a certificate proves a decision: a quorum of COMMITs, or the OUTPUTs of all workers.
    #[must_use]
    pub fn proves_decision(&self, c: &Certificate) -> bool {
        let enough = match c.vote.phase {
            Phase::Output => self.workers(),
            Phase::Commit => self.quorum(),
            Phase::Prepare => return false,
        };
        c.signers.len() >= enough && self.are_members(c)
    }

    fn are_members(&self, c: &Certificate) -> bool {
        c.signers.iter().all(|s| self.is_member(*s))
    }
}
