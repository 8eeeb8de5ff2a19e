//! What is answered.

use crate::challenge::Soundness;
use crate::replay::ReplayFault;
use bfv_cert::certificate::{Lane, Operation};
use bfv_cert::digest::Digest;
use bfv_cert::sign::KeyId;
use bfv_cert::{Refusal, SignatureFault, Taken};
use bfv_exact::forward::Op;
use bfv_replay::layout::Place;
use std::fmt;

/// The answer about one certificate: of a whole answer, or of a stage, which is no answer.
#[derive(Debug, Clone)]
pub enum Verdict<A = Accepted> {
    /// It is right, but for the stated probability.
    Accepted(A),
    /// Something is wrong, with its place.
    Rejected(Rejected),
    /// It cannot be told, with the reason. Never a pass.
    Undecided(Undecided),
}

/// How much was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Entries of products, by random numbers.
    pub products: u64,
    /// Entries that were computed again from these.
    pub computed: u64,
    /// Of those the ones that were opened and compared.
    pub compared: u64,
    /// How far a logit of the model may be from that of the worker: 0 in the exact lane, and certified in those of floats.
    pub drift: u64,
}

/// An answer that was accepted, or a block of one. Only [`crate::judge`], [`crate::judge_fusion`], [`crate::judge_vote`],
/// [`crate::judge_chain`] and [`crate::Listener`] make one. Of a chain of stages and of an answer in blocks, certificate
/// and worker are those of the last one.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub(crate) certificate: Digest,
    pub(crate) query: Digest,
    pub(crate) worker: KeyId,
    pub(crate) lane: Lane,
    pub(crate) operation: Operation,
    pub(crate) soundness: Soundness,
    pub(crate) taken: Taken,
    pub(crate) checked: Checked,
    pub(crate) values: Vec<i64>,
    pub(crate) support: Option<usize>,
}

impl Accepted {
    /// The name of the certificate.
    #[must_use]
    pub fn certificate(&self) -> &Digest {
        &self.certificate
    }

    /// The question that it answers.
    #[must_use]
    pub fn query(&self) -> &Digest {
        &self.query
    }

    /// Who signed it.
    #[must_use]
    pub fn worker(&self) -> &KeyId {
        &self.worker
    }

    /// The lane in which it was checked, which is the one that it names.
    #[must_use]
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// The probability with which a wrong answer is accepted.
    #[must_use]
    pub fn soundness(&self) -> Soundness {
        self.soundness
    }

    /// What was taken from the envelope because nothing was expected of it.
    #[must_use]
    pub fn taken(&self) -> Taken {
        self.taken
    }

    /// How much was checked.
    #[must_use]
    pub fn checked(&self) -> Checked {
        self.checked
    }

    /// Of a vote, how many of the answers are the one that is delivered.
    #[must_use]
    pub fn support(&self) -> Option<usize> {
        self.support
    }

    /// What was delivered: tokens, or the numbers of a fusion.
    #[must_use]
    pub fn values(&self) -> &[i64] {
        &self.values
    }
}

/// A place in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The layer from 1; 0 is the embedding, one after the last the head.
    pub layer: u32,
    /// The operation, with its head.
    pub op: Op,
    /// The position of the token.
    pub token: u32,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of layer {}, token {}", self.op, self.layer, self.token)
    }
}

/// What was found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An entry of a product, in this column: what was committed, and what the product is.
    Product(usize, i64, i64),
    /// A residual in this column, and the largest size that it may have.
    Residual(usize, i64, i64),
    /// An entry of a product with its residual, in this column: what was committed, and what the product is.
    Rounded(usize, i64, i64),
    /// An entry of a product in this column: what was committed, what the product is, and how far it may be from that.
    Far(usize, i64, i64, i64),
    /// An entry of another operation, in this column: what was committed, and what comes of the values before it.
    Computed(usize, i64, i64),
    /// The opened value has so many bytes, and must have so many.
    Bytes(usize, usize),
    /// The value was not opened until the deadline.
    Withheld,
    /// The token that was delivered, and the one that the sampler chooses.
    Sampled(u32, u32),
}

/// A place and what was found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The place.
    pub spot: Spot,
    /// What was found.
    pub found: Found,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spot = self.spot;
        match &self.found {
            Found::Product(i, claimed, exact) => {
                write!(f, "Wrong product: {spot}, column {i} is {claimed}, and must be {exact}.")
            }
            Found::Computed(i, claimed, exact) => {
                write!(f, "Wrong operation: {spot}, column {i} is {claimed}, and must be {exact}.")
            }
            Found::Residual(i, claimed, most) => {
                write!(f, "Wrong residual: {spot}, column {i} is {claimed}, and may be {most} in size.")
            }
            Found::Rounded(i, claimed, exact) => {
                write!(f, "Wrong product: {spot}, column {i} with its residual is {claimed}, and must be {exact}.")
            }
            Found::Far(i, claimed, exact, most) => {
                write!(f, "Wrong product: {spot}, column {i} is {claimed}, and must be within {most} of {exact}.")
            }
            Found::Bytes(n, needed) => write!(f, "Wrong size: {spot} has {n} bytes, and must have {needed}."),
            Found::Withheld => write!(f, "Withheld: {spot} was not opened until the deadline."),
            Found::Sampled(said, chosen) => {
                write!(f, "Wrong token: {} was delivered at {}, and {chosen} is chosen.", said, spot.token)
            }
        }
    }
}

/// Why an answer is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejected {
    /// The certificate is not what it claims to be.
    Refused(Refusal),
    /// A value is wrong.
    Wrong(Fault),
    /// A value is not the one that comes of computing it again, or cannot be.
    Replayed(ReplayFault),
    /// A token of prompt or answer is not in the vocabulary: the token and the size of that.
    Token(u32, u32),
    /// A fusion refuses its inputs, with the reason.
    Inputs(String),
    /// The number at this place of a fused result is the first, and must be the second.
    Fused(usize, i64, i64),
    /// The stage of this number in a chain, from 1, is rejected.
    Stage(usize, Box<Rejected>),
    /// There was no stage of this number until the deadline.
    Absent(usize),
    /// Of an answer that is written block by block so many tokens came until the deadline, and so many were asked for.
    CutShort(usize, usize),
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejected::Refused(refusal) => refusal.fmt(f),
            Rejected::Wrong(fault) => fault.fmt(f),
            Rejected::Replayed(fault) => fault.fmt(f),
            Rejected::Token(token, vocab) => write!(f, "Wrong token: {token} is not below {vocab}."),
            Rejected::Inputs(why) => write!(f, "The fusion does not take these inputs. {why}"),
            Rejected::Fused(i, claimed, exact) => {
                write!(f, "Wrong fusion: number {i} is {claimed}, and must be {exact}.")
            }
            Rejected::Stage(n, why) => write!(f, "Stage {n} is rejected. {why}"),
            Rejected::CutShort(n, all) => {
                write!(f, "Withheld: {n} of {all} tokens came until the deadline.")
            }
            Rejected::Absent(n) => write!(f, "Withheld: there was no stage {n} until the deadline."),
        }
    }
}

/// Why nothing can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undecided {
    /// What [`bfv_cert::admit`] cannot tell.
    Refused(Refusal),
    /// A stage, a fusion or a vote in a lane of floats, which nobody judges.
    Lane(Lane),
    /// In the lane of replay, an answer of an integer model.
    Integers,
    /// In a lane of floats, an answer of a model that pairs chunks. Such a model is judged in the exact lane.
    Paired(Lane),
    /// In a lane of floats: the model may choose another token than that at this position. So much larger is the logit of the chosen token than that of the
    /// rival that may be largest, and by so much may the model's difference be smaller.
    Drift {
        /// The position of the token.
        token: u32,
        /// How much larger the logit of the token is than that of the rival, as the worker has them.
        margin: u64,
        /// How far both logits of the model together may be from those of the worker, towards each other.
        drift: u64,
    },
    /// In a lane of floats: the token at this position is drawn, and a logit may be off by so much.
    Drawn(u32, u64),
    /// It continues the certificate of this name, which was not accepted here as the block before.
    Before(Digest),
    /// Of an answer that is written block by block so many tokens were accepted, and so many were asked for.
    CutShort(usize, usize),
    /// It begins an answer of which the first block was accepted already.
    Begun,
    /// This judge does not judge the operation.
    Operation,
    /// The model or specification is another than the one at hand.
    OtherModel,
    /// The place was not opened, and there is no deadline or it has not passed.
    Unopened(Spot),
    /// The order in which this kernel sums on this class of devices was not measured.
    Card(Digest, u8),
    /// What a drawn tile needs was not opened, and there is no deadline or it has not passed.
    UnopenedTile(Place),
    /// The output was not revealed.
    Output,
    /// The seed was not revealed, and the sampler draws.
    Seed,
    /// The probability of a wrong verdict has these bits, and so many are needed.
    Weak(u32, u32),
    /// The certificate was logged at the first time, and the beacon was known at the second.
    BeaconKnown(u64, u64),
    /// The certificate was shown to be in the log of this root, and the beacon belongs to another.
    BeaconLog(Digest),
    /// The random numbers do not belong to this model.
    Keys,
    /// The answer is larger than this machine computes, with the reason.
    Size(String),
    /// How the model is split was not registered when the certificate was logged, for this reason.
    Split(SignatureFault),
    /// The registry that says how the model is split has so many seconds, and at most so many are allowed.
    SplitTooOld(u64, u64),
    /// The stage of this number in a chain, from 1, is undecided.
    Stage(usize, Box<Undecided>),
    /// There is no stage of this number, and there is no deadline or it has not passed.
    Absent(usize),
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Undecided::Refused(refusal) => refusal.fmt(f),
            Undecided::Lane(lane) => write!(f, "Undecided: in lane {lane:?}, only whole answers are judged."),
            Undecided::Integers => {
                write!(f, "Undecided: the lane Replay is for float models. Ask for an answer in the exact lane.")
            }
            Undecided::Paired(lane) => {
                write!(
                    f,
                    "Undecided: in lane {lane:?}, models that pair chunks are not judged. Ask for an answer in the exact lane."
                )
            }
            Undecided::Drift { token, margin, drift } => write!(
                f,
                "Undecided: at token {token} the margin is {margin}, the drift up to {drift}: the certified interval contains another choice."
            ),
            Undecided::Drawn(token, drift) => {
                write!(
                    f,
                    "Undecided: token {token} is drawn, and the drift is up to {drift}. A draw needs a drift of 0."
                )
            }
            Undecided::Before(id) => {
                {
                    // As short as names are said elsewhere.
                    let id: String = id.to_string().chars().take(8).collect();
                    write!(
                        f,
                        "Undecided: it continues {id}, which is not the last block that was accepted. Give blocks in order."
                    )
                }
            }
            Undecided::CutShort(n, all) => {
                write!(f, "Undecided: {n} of {all} tokens were accepted, and the rest is missing.")
            }
            Undecided::Begun => write!(f, "Undecided: the first block of this answer was accepted already."),
            Undecided::Operation => write!(f, "Undecided: this operation is not judged here."),
            Undecided::OtherModel => write!(f, "Undecided: the model or specification is another."),
            Undecided::Unopened(spot) => write!(f, "Undecided: {spot} is not opened."),
            Undecided::Card(kernel, device) => {
                write!(f, "Undecided: how the kernel {kernel} sums on device {device} was not measured.")
            }
            Undecided::UnopenedTile(place) => {
                write!(f, "Undecided: {place} is needed for a tile, and is not opened.")
            }
            Undecided::Output => write!(f, "Undecided: the output is not revealed."),
            Undecided::Seed => write!(f, "Undecided: the seed of the sampler is not revealed."),
            Undecided::Weak(bits, least) => write!(f, "Undecided: soundness 2^-{bits}, and 2^-{least} is needed."),
            Undecided::BeaconLog(root) => {
                write!(f, "Undecided: the beacon belongs to another state of the log than {root}.")
            }
            Undecided::BeaconKnown(logged, drawn) => {
                write!(f, "Undecided: logged at {logged}, when the beacon of {drawn} was known.")
            }
            Undecided::Keys => write!(f, "Undecided: the random numbers belong to another model."),
            Undecided::Size(why) => write!(f, "Undecided: the answer is too large. {why}"),
            Undecided::Split(fault) => write!(f, "Undecided: the split is not registered, as of its head {fault}."),
            Undecided::SplitTooOld(age, most) => {
                write!(f, "Undecided: the registry of the split is {age} seconds old, at most {most} are allowed.")
            }
            Undecided::Stage(n, why) => write!(f, "Undecided: stage {n} is undecided. {why}"),
            Undecided::Absent(n) => write!(f, "Undecided: there is no stage {n}."),
        }
    }
}

/// What can be said of whatever was accepted.
pub(crate) trait Sure {
    /// How sure that is, in a sentence.
    fn sure(&self) -> String;
}

/// What is said of something that passes with a probability when it is wrong.
pub(crate) fn sure_in(lane: Lane, soundness: Soundness) -> String {
    format!("Accepted in lane {lane:?}, {soundness}.")
}

impl Sure for Accepted {
    fn sure(&self) -> String {
        sure_in(self.lane, self.soundness)
    }
}

impl<A: Sure> fmt::Display for Verdict<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Accepted(a) => f.write_str(&a.sure()),
            Verdict::Rejected(rejected) => rejected.fmt(f),
            Verdict::Undecided(undecided) => undecided.fmt(f),
        }
    }
}

impl<A> Verdict<A> {
    /// All that a worker may be told while secret random numbers are in use: which product has failed would say something about them.
    #[must_use]
    pub fn reply(&self) -> &'static str {
        match self {
            Verdict::Accepted(_) => "accepted",
            Verdict::Rejected(_) | Verdict::Undecided(_) => "not accepted",
        }
    }
}

/// Why judging stops.
pub(crate) enum Stop {
    Rejected(Rejected),
    Undecided(Undecided),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        match refusal {
            Refusal::Undecided(_) => Stop::Undecided(Undecided::Refused(refusal)),
            _ => Stop::Rejected(Rejected::Refused(refusal)),
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Rejected(Rejected::Wrong(fault))
    }
}

/// What the integer operations refuse: shapes were checked before, so only a size is left.
impl From<bfv_exact::Refused> for Stop {
    fn from(refused: bfv_exact::Refused) -> Stop {
        Stop::Undecided(Undecided::Size(refused.to_string()))
    }
}

impl<A> From<Stop> for Verdict<A> {
    fn from(stop: Stop) -> Verdict<A> {
        match stop {
            Stop::Rejected(rejected) => Verdict::Rejected(rejected),
            Stop::Undecided(undecided) => Verdict::Undecided(undecided),
        }
    }
}
