//! Where the random numbers come from, and what they are worth.
//!
//! A product of T tokens is first combined twice with coefficients of 31 bits, and each combination is checked with a vector r modulo p. A wrong product
//! passes when both combinations of its differences vanish, or when r lets a combination pass that does not: with probability at most
//! `e = 2^-62 + 1/p`, which is below `2^-60` (`freivalds_small` in `sctt/freivalds.sctt`). Products of attention are checked token by token, with
//! probability at most 1/p. There is no sum over products: whoever cheats must pass the check of one product that is wrong. Nor is there one over
//! the stages of a chain: a wrong answer needs a stage that is wrong, and that one must pass.

use crate::combine::{self, Coefficients};
use crate::judge::Subject;
use crate::keys::{Keys, Weight};
use crate::verdict::Undecided;
use bfv_cert::certificate::{Body, Lane, Layers};
use bfv_cert::digest::{Context, Digest, Words};
use bfv_exact::commit::operation;
use bfv_exact::forward::Op;
use std::fmt;

/// The bits of one repetition, rounded down: `2^-62 + 1/p <= 2^-60`, also when up to `2^20` vectors r are ruled out already.
const BITS: u32 = 60;
/// Vectors of signs for each repetition, in the lane of tolerances: all of them pass a wrong entry with probability `2^-60` (`signs_repeated` in
/// `sctt/tolerance.sctt`).
pub(crate) const SIGNS: u32 = BITS;
/// How many certificates are judged with one secret: each rejected one rules out one r, so `1/p` becomes `1/(p - 2^20)`.
pub const SECRET_LIMIT: u64 = 1 << 20;

/// Random numbers that nobody but the verifier knows. The vectors r are used for many certificates, the coefficients for one.
pub struct Secret {
    key: [u8; 32],
    keys: Keys,
}

impl Secret {
    /// The numbers of 32 secret random bytes for this model.
    pub fn new<G: Weight>(subject: &Subject<G>, key: [u8; 32]) -> Secret {
        let seed = Context::Challenge.hash().bytes(b"secret").digest(&Digest(key)).finish();
        Secret { key, keys: Keys::draw(subject.model(), subject.root(), &seed, 1) }
    }

    /// What the secret is called where it is counted how many certificates were judged with it. It tells nothing about the numbers.
    #[must_use]
    pub fn name(&self) -> Digest {
        Context::Challenge.hash().bytes(b"name of a secret").digest(&Digest(self.key)).finish()
    }
}

/// What became known to everybody after certificates were logged.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    value: Digest,
    log_head: Digest,
    drawn: u64,
    choices: u64,
}

impl Known {
    /// A beacon that became known at this time, in seconds since 1970, when the log had this root. `choices` bounds among how many
    /// values somebody could choose, such as the sets of signers that a leader may put together. With it is judged what is shown to be in the log with
    /// this root: times alone are the word of the log, which may date back.
    #[must_use]
    pub fn new(beacon: &[u8; 32], log_head: &Digest, drawn: u64, choices: u64) -> Known {
        let value = Context::Challenge.hash().bytes(b"beacon").digest(&Digest(*beacon)).digest(log_head).finish();
        Known { value, log_head: *log_head, drawn, choices }
    }

    /// What is drawn from for a certificate that was logged at this time in a log with this root.
    pub(crate) fn seed(&self, body: &Body, (logged, log_head): (u64, &Digest)) -> Result<Digest, Undecided> {
        if *log_head != self.log_head {
            return Err(Undecided::BeaconLog(*log_head));
        }
        if logged >= self.drawn {
            return Err(Undecided::BeaconKnown(logged, self.drawn));
        }
        Ok(body.challenge(self.value.as_bytes()))
    }

    /// The logarithm of among how many values somebody could choose, rounded up.
    pub(crate) fn bits(&self) -> u32 {
        u64::BITS - self.choices.saturating_sub(1).leading_zeros()
    }
}

/// Random numbers of what became known.
pub struct Beacon {
    known: Known,
    keys: Keys,
}

impl Beacon {
    /// The numbers of [`Known::new`] for this model.
    pub fn new<G: Weight>(
        subject: &Subject<G>,
        beacon: &[u8; 32],
        log_head: &Digest,
        drawn: u64,
        choices: u64,
    ) -> Beacon {
        let known = Known::new(beacon, log_head, drawn, choices);
        Beacon { keys: Keys::draw(subject.model(), subject.root(), &known.value, 1), known }
    }
}

/// Where the random numbers come from.
#[derive(Clone, Copy)]
pub enum Challenge<'a> {
    /// A secret, with which so many certificates were judged already.
    Secret(&'a Secret, u64),
    /// The beacon of an epoch.
    Beacon(&'a Beacon),
    /// Hashes of the certificate, so that everybody can check it at once. A worker may try certificates until one passes.
    FiatShamir {
        /// How often each product is checked.
        repetitions: u32,
        /// The logarithm of how many certificates a worker may have tried, or all workers of a chain of stages together.
        tries: u32,
    },
}

/// The probability with which a wrong answer is accepted: at most `choices (2^-62 + 1/p)^repetitions`, and with signs `choices 2^(-60 repetitions)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Soundness {
    /// How often each product was checked.
    pub repetitions: u32,
    /// The logarithm of how many random numbers a worker could choose among, rounded up.
    pub choices: u32,
    /// How many vectors of signs each product was checked with, in the lane of tolerances.
    pub signs: u32,
}

impl Soundness {
    /// What was computed again in full is not accepted when it is wrong.
    pub const FULL: Soundness = Soundness { repetitions: 0, choices: 0, signs: 0 };

    /// The probability is at most 2 to the minus this, rounded down; `u32::MAX` for [`Soundness::FULL`].
    #[must_use]
    pub fn bits(self) -> u32 {
        if self == Self::FULL {
            return u32::MAX;
        }
        self.repetitions.saturating_mul(BITS).saturating_sub(self.choices)
    }
}

impl fmt::Display for Soundness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (*self, self.choices) {
            (Self::FULL, _) => write!(f, "computed again in full"),
            (s, 0) if s.signs > 0 => write!(f, "wrong with at most 2^-{}, by {} vectors of signs", s.bits(), s.signs),
            (s, c) if s.signs > 0 => {
                write!(f, "wrong with at most 2^-{}, from 2^{c} by {} vectors of signs", s.bits(), s.signs)
            }
            (s, 0) => write!(f, "wrong with at most 2^-{}, from (2^-62 + 1/p)^{}", s.bits(), s.repetitions),
            (s, c) => write!(f, "wrong with at most 2^-{}, from 2^{c} (2^-62 + 1/p)^{}", s.bits(), s.repetitions),
        }
    }
}

/// The random numbers for one certificate.
pub(crate) struct Numbers<'a> {
    pub(crate) keys: std::borrow::Cow<'a, Keys>,
    /// For each repetition.
    pub(crate) coefficients: Vec<Coefficients>,
    seed: Digest,
}

impl Numbers<'_> {
    /// Words for the attention of a layer, in a key head and repetition.
    pub(crate) fn attention(&self, layer: u32, head: usize, repetition: usize) -> Words {
        let hash = Context::Challenge.hash().bytes(b"attention").digest(&self.seed).number(layer.into());
        hash.number(head as u64).number(repetition as u64).words()
    }

    /// Words for a vector of signs of a linear layer, of this number.
    pub(crate) fn signs(&self, layer: u32, op: Op, number: usize) -> Words {
        let hash = Context::Challenge.hash().bytes(b"signs").digest(&self.seed).number(layer.into());
        hash.number(operation(op).into()).number(number as u64).words()
    }
}

impl Challenge<'_> {
    /// What the random numbers are worth in a lane. In that of tolerances some products are checked with vectors of signs, 60 for each repetition,
    /// and all others as everywhere: a wrong one passes with probability at most `2^-60` for each repetition, too.
    pub fn soundness_in(&self, lane: Lane) -> Soundness {
        let all = self.soundness();
        let signs = if lane == Lane::Tolerance { all.repetitions.saturating_mul(SIGNS) } else { 0 };
        Soundness { signs, ..all }
    }

    /// What the random numbers are worth, in the lanes without signs.
    pub fn soundness(&self) -> Soundness {
        match self {
            Challenge::Secret(..) => Soundness { repetitions: 1, choices: 0, signs: 0 },
            Challenge::Beacon(b) => Soundness { repetitions: 1, choices: b.known.bits(), signs: 0 },
            // One more than the tries is at most twice as many.
            Challenge::FiatShamir { repetitions, tries } => {
                Soundness { repetitions: *repetitions, choices: tries.saturating_add(1), signs: 0 }
            }
        }
    }

    /// The numbers for a certificate that was logged at this time in a log with this root, for so many tokens and these rows of the model.
    pub(crate) fn numbers<G: Weight>(
        &self,
        subject: &Subject<G>,
        body: &Body,
        logged: (u64, &Digest),
        tokens: usize,
        rows: Layers,
    ) -> Result<Numbers<'_>, Undecided> {
        use std::borrow::Cow::{Borrowed, Owned};
        let (seed, keys) = match self {
            Challenge::Secret(_, judged) if *judged >= SECRET_LIMIT => return Err(Undecided::Weak(0, BITS)),
            Challenge::Secret(s, _) => (body.challenge(&s.key), Borrowed(&s.keys)),
            Challenge::Beacon(b) => (b.known.seed(body, logged)?, Borrowed(&b.keys)),
            Challenge::FiatShamir { repetitions, .. } => {
                let seed = body.challenge(&[]);
                (seed, Owned(Keys::draw_rows(subject.model(), subject.root(), &seed, *repetitions, rows)))
            }
        };
        if keys.model() != subject.root() {
            return Err(Undecided::Keys);
        }
        let coefficients = |n: u64| {
            let hash = Context::Challenge.hash().bytes(b"tokens").digest(&seed);
            combine::draw(&mut hash.number(n).words(), tokens)
        };
        let coefficients = (0..).take(keys.repetitions()).map(coefficients).collect();
        Ok(Numbers { keys, coefficients, seed })
    }
}
