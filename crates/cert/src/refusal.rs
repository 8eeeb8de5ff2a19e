//! Why something is refused: which of six answers, where, and what was found there.

use crate::digest::Digest;
use std::fmt;

/// What was read when something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The body of a certificate, or the certificate.
    Certificate,
    /// A tree head of the log.
    TreeHead,
    /// A registry head.
    RegistryHead,
    /// A key of a registry.
    RegistryEntry,
    /// A statement that a key is revoked.
    Revocation,
    /// The frame of an envelope.
    Envelope,
    /// Openings of the trace.
    Trace,
    /// A weight, or one tile of it.
    Tensor,
}

impl Part {
    fn words(self) -> &'static str {
        match self {
            Part::Certificate => "certificate",
            Part::TreeHead => "tree head",
            Part::RegistryHead => "registry head",
            Part::RegistryEntry => "registry entry",
            Part::Revocation => "revocation",
            Part::Envelope => "envelope",
            Part::Trace => "trace",
            Part::Tensor => "tensor",
        }
    }
}

/// A place: the part, the field in words, and the offset in bytes from the start of the part (0 where no bytes were read).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// What was read.
    pub part: Part,
    /// The field, in words.
    pub field: &'static str,
    /// Bytes from the start of the part.
    pub offset: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, byte {}", self.part.words(), self.field, self.offset)
    }
}

/// What makes bytes malformed. Found before any cryptography.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The bytes end here.
    Truncated,
    /// So many bytes follow after the end.
    Trailing(usize),
    /// There are so many bytes or items, and at most so many are allowed.
    TooLarge(u64, u64),
    /// There are so few bytes or items, and at least so many are needed.
    TooSmall(u64, u64),
    /// A number, byte string or array was needed, and another type of CBOR stands here.
    Type(&'static str),
    /// The length of an array or a byte string is left open.
    Indefinite,
    /// A number or length that has a shorter form.
    NotShortest,
    /// Not the magic bytes of the format.
    Magic,
    /// A version that is unknown here. There is one suite of algorithms in each version.
    Version(u64),
    /// A code that means nothing in this field.
    Code(u64),
    /// A number, or a product of numbers, outside of its range.
    Range(u64),
    /// Items are not strictly ascending, so that one may stand there twice.
    Order,
    /// A name that is empty or has other characters than visible ASCII.
    Name,
    /// What stands here contradicts another field, named here.
    Contradicts(&'static str),
    /// What was decoded is encoded by other bytes.
    NotCanonical,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::Truncated => write!(f, "the bytes end too early"),
            Malformed::Trailing(n) => write!(f, "{n} bytes follow after the end"),
            Malformed::TooLarge(n, most) => write!(f, "size {n}, at most {most} is allowed"),
            Malformed::TooSmall(n, least) => write!(f, "size {n}, at least {least} is needed"),
            Malformed::Type(needed) => write!(f, "no {needed} stands here"),
            Malformed::Indefinite => write!(f, "a length is left open"),
            Malformed::NotShortest => write!(f, "a number has a shorter form"),
            Malformed::Magic => write!(f, "other magic bytes"),
            Malformed::Version(n) => write!(f, "version {n} is unknown"),
            Malformed::Code(n) => write!(f, "code {n} has no meaning"),
            Malformed::Range(n) => write!(f, "{n} is out of range"),
            Malformed::Order => write!(f, "items are not in strictly ascending order"),
            Malformed::Name => write!(f, "a name is empty or not in visible ASCII"),
            Malformed::Contradicts(other) => write!(f, "this contradicts {other}"),
            Malformed::NotCanonical => write!(f, "what is decoded has another encoding"),
        }
    }
}

/// What is wrong with a key or a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureFault {
    /// The bytes of the key are no point of the curve.
    NoPoint,
    /// The key is a point whose encoding has other bytes.
    NotCanonicalKey,
    /// The key has small order: any message has a signature by it.
    WeakKey,
    /// The key stands in no entry of the registry that was given, for this role.
    NotRegistered,
    /// The certificate was logged before the key was valid.
    NotYetValid,
    /// The certificate was logged after the key had expired.
    Expired,
    /// The certificate was logged when or after the key was revoked.
    Revoked,
    /// A signature by a key that is none of those that may sign this.
    UnknownSigner,
    /// There are so many signatures, and so many are needed.
    TooFewSigners(usize, usize),
    /// The number in the signature is not reduced, so someone has changed a signature.
    NotReduced,
    /// The point in the signature has small order or is none.
    WeakPoint,
    /// The signature is not one of these bytes for this purpose.
    Wrong,
}

impl fmt::Display for SignatureFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignatureFault::NoPoint => write!(f, "the key is no point of the curve"),
            SignatureFault::NotCanonicalKey => write!(f, "the key is not in canonical form"),
            SignatureFault::WeakKey => write!(f, "the key is weak"),
            SignatureFault::NotRegistered => write!(f, "the key is not in the registry for this role"),
            SignatureFault::NotYetValid => write!(f, "the key was not valid yet"),
            SignatureFault::Expired => write!(f, "the key had expired"),
            SignatureFault::Revoked => write!(f, "the key was revoked"),
            SignatureFault::UnknownSigner => write!(f, "nobody who may sign this has this key"),
            SignatureFault::TooFewSigners(n, least) => write!(f, "{n} signatures, {least} are needed"),
            SignatureFault::NotReduced => write!(f, "the signature is not in reduced form"),
            SignatureFault::WeakPoint => write!(f, "the point in the signature is weak or none"),
            SignatureFault::Wrong => write!(f, "the signature does not fit"),
        }
    }
}

/// What is too old, too new or used already. Times are seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreshnessFault {
    /// The certificate ends, at the second time, before it begins, at the first.
    Backwards(u64, u64),
    /// The certificate spans so many seconds, and at most so many are allowed.
    Span(u64, u64),
    /// The certificate was logged at this time, before it begins or after it ends.
    LoggedOutside(u64),
    /// The log says that it holds something younger, of this time, than its own head.
    LoggedLater(u64),
    /// The log gives this time to the certificate, and its place there says otherwise.
    LogDisordered(u64),
    /// The certificate answers this other question.
    Query(Digest),
    /// The certificate is of this other epoch.
    Epoch(u64),
    /// The slot was used, by a certificate with this very body.
    SlotUsed(Digest),
    /// The worker has answered this question before, with this certificate.
    Answered(Digest),
    /// The registry head is so many seconds old, and at most so many are allowed.
    RegistryTooOld(u64, u64),
    /// The registry head is of this time, and the log took it earlier.
    RegistryAhead(u64),
    /// The registry head is older than one that was seen, of this time.
    RegistryRollback(u64),
    /// The tree head has so many leaves, fewer than one that was seen.
    LogRollback(u64),
    /// Nothing shows that the log has only grown.
    LogInconsistent,
}

impl fmt::Display for FreshnessFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FreshnessFault::Backwards(from, to) => write!(f, "the certificate begins at {from} and ends at {to}"),
            FreshnessFault::Span(n, most) => write!(f, "the certificate spans {n} seconds, at most {most} are allowed"),
            FreshnessFault::LoggedOutside(t) => write!(f, "the certificate was logged at {t}, outside of its time"),
            FreshnessFault::LoggedLater(t) => write!(f, "the log has an entry of {t}, younger than its head"),
            FreshnessFault::LogDisordered(t) => write!(f, "the log is not in the order of time, at {t}"),
            FreshnessFault::Query(d) => write!(f, "this is the answer to the question {d}"),
            FreshnessFault::Epoch(n) => write!(f, "the certificate is of epoch {n}"),
            FreshnessFault::Answered(d) => write!(f, "the question was answered by this worker already, with {d}"),
            FreshnessFault::SlotUsed(d) => write!(f, "the slot was used already, by {d}"),
            FreshnessFault::RegistryTooOld(n, most) => {
                write!(f, "the registry is {n} seconds old, at most {most} are allowed")
            }
            FreshnessFault::RegistryAhead(t) => write!(f, "the log took the registry before it was made, at {t}"),
            FreshnessFault::RegistryRollback(t) => write!(f, "a younger registry was seen, of {t}"),
            FreshnessFault::LogRollback(n) => write!(f, "the log has {n} entries, fewer than were seen"),
            FreshnessFault::LogInconsistent => write!(f, "nothing shows that the log has only grown"),
        }
    }
}

/// What does not belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingFault {
    /// The certificate says this of a field, and something else was expected there.
    Other(&'static str, Digest),
    /// The certificate has a lane that was not asked for.
    Lane,
    /// The kernel was expected on devices of other classes than this.
    Device(u8),
    /// The question was assigned to other workers.
    NotAssigned,
    /// An opening does not lead to the root, where the proof has as many hashes as it should.
    Root,
    /// The proof of an opening has too many or too few hashes.
    ProofLength,
    /// This index is not below the number of leaves, or does not ascend.
    Index(u64),
    /// What is revealed does not fit what was committed to.
    Reveal(&'static str),
    /// So many inputs were expected, and so many stand there.
    Count(u64, u64),
    /// Of the answers that a fusion or vote rests on, the one with this index, from 0, is another than the others or the fusion in this respect.
    Parent(&'static str, usize),
    /// The answer with this index, from 0, is of a worker who has no vote.
    NoVote(usize),
    /// The answer with this index, from 0, is the second one of its worker.
    VotesTwice(usize),
    /// So many answers are the one that is delivered, and so many are needed.
    Quorum(u64, u64),
    /// So many answers are the one that is delivered, and so many are another one.
    Outvoted(u64, u64),
    /// These stages do not follow on each other in this respect; the second has this index, from 0.
    Chain(&'static str, usize),
    /// A block of an answer does not continue the one before in this respect.
    Block(&'static str),
    /// The key is registered for other layers, from the first number up to, and without, the second.
    Layers(u16, u16),
}

impl fmt::Display for BindingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BindingFault::Other(field, d) => write!(f, "another {field} was expected, not {d}"),
            BindingFault::Lane => write!(f, "the lane was not asked for"),
            BindingFault::Device(n) => write!(f, "the kernel was not expected on a device of class {n}"),
            BindingFault::NotAssigned => write!(f, "the question was assigned to other workers"),
            BindingFault::Root => write!(f, "the opening leads to another root"),
            BindingFault::ProofLength => write!(f, "the proof of the opening has a wrong length"),
            BindingFault::Index(n) => write!(f, "index {n} is not possible here"),
            BindingFault::Reveal(field) => write!(f, "the revealed {field} does not fit"),
            BindingFault::Count(needed, found) => write!(f, "{needed} were expected, not {found}"),
            BindingFault::Parent(what, i) => {
                write!(f, "answer {} of those it rests on has another {what}", i.saturating_add(1))
            }
            BindingFault::NoVote(i) => write!(f, "answer {} is of a worker who has no vote", i.saturating_add(1)),
            BindingFault::VotesTwice(i) => write!(f, "answer {} is the second one of its worker", i.saturating_add(1)),
            BindingFault::Quorum(n, quorum) => write!(f, "its support is {n}, and the quorum is {quorum}"),
            BindingFault::Outvoted(n, most) => write!(f, "its support is {n}, and that of another answer {most}"),
            BindingFault::Chain(what, i) => write!(f, "stage {} does not follow in its {what}", i.saturating_add(1)),
            BindingFault::Block(what) => write!(f, "its block has another {what} than the one before"),
            BindingFault::Layers(start, end) => write!(f, "its key has other layers, {start} to {end}"),
        }
    }
}

/// What cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// The tree head is of the first time, and the clock of the verifier shows the second, which is before.
    ClockBehind(u64, u64),
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Undecided::ClockBehind(head, at) => write!(f, "the log is of {head}, and the clock shows {at}"),
        }
    }
}

/// Two signed things of which an honest signer signs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equivocation {
    /// Two certificates, by the hashes of their bodies, for one slot.
    Slot(Digest, Digest),
    /// Two certificates, by the hashes of their bodies, each of which says that it follows on the same one.
    Previous(Digest, Digest),
    /// Two tree heads of this size with these roots.
    Log(u64, Digest, Digest),
}

impl fmt::Display for Equivocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Equivocation::Slot(a, b) => write!(f, "two certificates for one slot, {a} and {b}"),
            Equivocation::Previous(a, b) => write!(f, "two certificates follow on the same one, {a} and {b}"),
            Equivocation::Log(n, a, b) => write!(f, "two logs of {n} entries, {a} and {b}"),
        }
    }
}

/// Which answer a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// M: the bytes are malformed; found before any cryptography.
    Malformed,
    /// S: a bad signature or key.
    Signature,
    /// F: stale, too early, or a replay.
    Freshness,
    /// B: things that do not belong together.
    Binding,
    /// U: it cannot be told, with a reason. Never a pass.
    Undecided,
    /// E: evidence that somebody signed two things of which one is a lie.
    Equivocation,
}

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Malformed bytes.
    Malformed(Place, Malformed),
    /// A bad signature or key, of this part.
    Signature(Part, SignatureFault),
    /// Stale, too early, or a replay.
    Freshness(FreshnessFault),
    /// Things that do not belong together; the part is what was opened or compared.
    Binding(Part, BindingFault),
    /// It cannot be told.
    Undecided(Undecided),
    /// Somebody signed two things of which one is a lie.
    Equivocation(Equivocation),
}

impl Refusal {
    /// Which answer this is.
    pub fn class(&self) -> Class {
        match self {
            Refusal::Malformed(..) => Class::Malformed,
            Refusal::Signature(..) => Class::Signature,
            Refusal::Freshness(..) => Class::Freshness,
            Refusal::Binding(..) => Class::Binding,
            Refusal::Undecided(..) => Class::Undecided,
            Refusal::Equivocation(..) => Class::Equivocation,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Malformed(place, found) => write!(f, "Malformed at {place}: {found}."),
            Refusal::Signature(part, found) => write!(f, "Signature of the {}: {found}.", part.words()),
            Refusal::Freshness(found) => write!(f, "Not fresh: {found}."),
            Refusal::Binding(part, found) => write!(f, "The {} does not belong here: {found}.", part.words()),
            Refusal::Undecided(found) => write!(f, "Undecided: {found}."),
            Refusal::Equivocation(found) => write!(f, "Two-faced: {found}."),
        }
    }
}

impl std::error::Error for Refusal {}
