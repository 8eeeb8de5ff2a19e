//! What workers say to each other: plain data, with canonical collections only.

use std::collections::{BTreeMap, BTreeSet};

/// A worker, numbered from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WorkerId(pub u32);

/// An attempt at a sequence; view `v` is led by worker `v mod n`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct View(pub u64);

impl View {
    /// The view after this one.
    #[must_use]
    pub fn next(self) -> View {
        View(self.0.saturating_add(1))
    }
}

/// A place in the order of answered queries. Sequences are independent of each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Sequence(pub u64);

/// A query, standing for the hash of what a client has signed: the text and the sequence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Query(pub u64);

/// An output, standing for its hash. Votes are on digests, exactly; only [`crate::representative()`] looks at similarity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Digest(pub u64);

/// What is decided for a query.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Outcome {
    /// This output.
    Output(Digest),
    /// The outputs were too far apart. This is a value of its own, because a view that fails would be followed by another
    /// that fails: workers that differ go on to differ, and a client would wait for ever for an answer that it can be given.
    NoAgreement,
}

/// The three kinds of votes, in the order of a view.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// OUTPUT: "I computed this".
    Output,
    /// PREPARE: "this is the only value that I accept in this view".
    Prepare,
    /// COMMIT: "I hold a prepared certificate for this".
    Commit,
}

/// What a worker signs when it votes. Equal votes of several workers make a certificate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Vote {
    /// The kind.
    pub phase: Phase,
    /// The view it is cast in.
    pub view: View,
    /// The sequence it is about.
    pub sequence: Sequence,
    /// The query it is about.
    pub query: Query,
    /// The value. An OUTPUT is never [`Outcome::NoAgreement`].
    pub outcome: Outcome,
}

/// One vote with everybody who signed it. A real one has a signature for each signer, over the same bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Certificate {
    /// What was signed.
    pub vote: Vote,
    /// By whom.
    pub signers: BTreeSet<WorkerId>,
}

/// The OUTPUT that a worker sent in the highest view in which it sent one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Report {
    /// That view.
    pub view: View,
    /// The query that was answered.
    pub query: Query,
    /// The answer.
    pub digest: Digest,
}

/// VIEW-CHANGE: "I take no part in lower views; this is what I know from them".
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ViewChange {
    /// The view that the worker enters.
    pub view: View,
    /// The sequence.
    pub sequence: Sequence,
    /// The query that the worker has heard of first; a leader that has heard of none proposes it.
    pub query: Query,
    /// The prepared certificate of the highest view.
    pub lock: Option<Certificate>,
    /// The worker's own last OUTPUT.
    pub report: Option<Report>,
}

/// A message. All of them name view, sequence and query.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Message {
    /// PRE-PREPARE: the leader of view 0 asks for outputs.
    PrePrepare {
        /// The sequence.
        sequence: Sequence,
        /// The query to be answered.
        query: Query,
    },
    /// OUTPUT, PREPARE or COMMIT.
    Vote(Vote),
    /// PROPOSE: the leader names the representative of the outputs, and gives them.
    Propose {
        /// The view.
        view: View,
        /// The sequence.
        sequence: Sequence,
        /// The query that was answered.
        query: Query,
        /// The representative.
        outcome: Outcome,
        /// The signed OUTPUT of each worker, for this view, sequence and query.
        outputs: BTreeMap<WorkerId, Digest>,
    },
    /// VIEW-CHANGE.
    ViewChange(ViewChange),
    /// NEW-VIEW: the leader of a later view opens it, either with the value that must be proposed again or for new outputs.
    NewView {
        /// The view.
        view: View,
        /// The sequence.
        sequence: Sequence,
        /// The query of the value that must be proposed again, or the one to be answered.
        query: Query,
        /// The value that must be proposed again, if there is one.
        outcome: Option<Outcome>,
        /// The signed VIEW-CHANGEs from which this follows.
        view_changes: BTreeMap<WorkerId, ViewChange>,
    },
    /// DECIDED: the certificate of a decision.
    Decided(Certificate),
}

impl Message {
    /// The view that the message names.
    #[must_use]
    pub fn view(&self) -> View {
        match self {
            Message::PrePrepare { .. } => View(0),
            Message::Vote(v) => v.view,
            Message::Propose { view, .. } | Message::NewView { view, .. } => *view,
            Message::ViewChange(c) => c.view,
            Message::Decided(c) => c.vote.view,
        }
    }

    /// The sequence that the message names.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        match self {
            Message::PrePrepare { sequence, .. }
            | Message::Propose { sequence, .. }
            | Message::NewView { sequence, .. } => *sequence,
            Message::Vote(v) => v.sequence,
            Message::ViewChange(c) => c.sequence,
            Message::Decided(c) => c.vote.sequence,
        }
    }

    /// The query that the message names.
    #[must_use]
    pub fn query(&self) -> Query {
        match self {
            Message::PrePrepare { query, .. } | Message::Propose { query, .. } | Message::NewView { query, .. } => {
                *query
            }
            Message::Vote(v) => v.query,
            Message::ViewChange(c) => c.query,
            Message::Decided(c) => c.vote.query,
        }
    }

    /// The name of the kind, as in traces.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Message::PrePrepare { .. } => "pre-prepare",
            Message::Vote(v) => v.phase.name(),
            Message::Propose { .. } => "propose",
            Message::ViewChange(_) => "view-change",
            Message::NewView { .. } => "new-view",
            Message::Decided(_) => "decided",
        }
    }
}

impl Phase {
    /// The name, as in traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Output => "output",
            Phase::Prepare => "prepare",
            Phase::Commit => "commit",
        }
    }
}

/// A message with the worker that signed it.
///
/// Whoever hands one to [`crate::step`] has verified the signature of the signer, those of everything inside that names a
/// signer, and the client's signature of the query. The real signatures come from the certificate crate later; the simulator
/// keeps books of what was signed, see [`crate::sim`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Signed<M> {
    /// Who signed.
    pub signer: WorkerId,
    /// What was signed.
    pub message: M,
}
