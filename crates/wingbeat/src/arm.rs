//! The rules of the protocol by number. A step names the arms that it took; the formal specification cites them, and they it.

/// A rule that a step applied. [`Arm::code`] is its number, [`Arm::rule`] says it in words with its source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[allow(missing_docs)] // Each is documented by `rule`, which is printed too, so that the words exist once.
pub enum Arm {
    S1,
    S2,
    S3,
    O1,
    O2,
    O3,
    R1,
    R2,
    P1,
    P2,
    P3,
    C1,
    C2,
    F1,
    D1,
    D2,
    V1,
    V2,
    V3,
    V4,
    V5,
    V6,
    N1,
    N2,
    N3,
    X1,
    X2,
}

/// All arms, in the order of their numbers.
pub const ARMS: [Arm; 27] = [
    Arm::S1,
    Arm::S2,
    Arm::S3,
    Arm::O1,
    Arm::O2,
    Arm::O3,
    Arm::R1,
    Arm::R2,
    Arm::P1,
    Arm::P2,
    Arm::P3,
    Arm::C1,
    Arm::C2,
    Arm::F1,
    Arm::D1,
    Arm::D2,
    Arm::V1,
    Arm::V2,
    Arm::V3,
    Arm::V4,
    Arm::V5,
    Arm::V6,
    Arm::N1,
    Arm::N2,
    Arm::N3,
    Arm::X1,
    Arm::X2,
];

impl Arm {
    /// The number, as in traces and in the specification.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.parts().0
    }

    /// The rule in words. PBFT is Castro and Liskov 1999; Tendermint is arXiv 1807.04938.
    #[must_use]
    pub fn rule(self) -> &'static str {
        self.parts().1
    }

    /// The commands of the specification, examples/consensus/repaired.sctt, that the rule is.
    ///
    /// # Errors
    /// Why there is none.
    pub fn commands(self) -> Result<&'static [&'static str], &'static str> {
        const NOTED: &str = "The specification has all messages in one place, so nobody needs to note any.";
        Ok(match self {
            Arm::S1 => return Err("Queries of clients are left out: a worker may answer anything."),
            Arm::O1 => return Err("The model is left out: a worker may answer anything."),
            Arm::O3 | Arm::P2 | Arm::C1 | Arm::V3 => return Err(NOTED),
            Arm::D1 => return Err("A certificate is a fact for all workers there, so nobody needs to be told."),
            Arm::X2 => return Err("It has been decided before."),
            Arm::S2 | Arm::S3 => &["open_first"],
            Arm::O2 => &["answer"],
            Arm::R1 | Arm::R2 => &["accept"],
            Arm::P1 => &["prepare"],
            Arm::P3 => &["certify", "lock", "commit"],
            Arm::C2 => &["ratify", "settle", "choose", "decide"],
            Arm::F1 => &["unite", "choose_united", "decide"],
            Arm::D2 => &["ratify", "settle", "unite", "choose", "choose_united", "decide"],
            Arm::V1 | Arm::V4 | Arm::X1 => &["enter", "change_view"],
            Arm::V2 => &["change_view"],
            Arm::V5 | Arm::N1 => &["release", "release_apart", "open_free"],
            Arm::V6 | Arm::N2 => &["force_lock", "force_lock_apart", "force_answer", "accept_forced"],
            Arm::N3 => &["enter"],
        })
    }

    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Arm::S1 => (
                "S1",
                "A worker that hears of a query from its client notes it and starts its clock. PBFT 4.2 and 4.4.",
            ),
            Arm::S2 => ("S2", "The leader of view 0 sends PRE-PREPARE with the query that it has noted. PBFT 4.2."),
            Arm::S3 => ("S3", "PRE-PREPARE of the leader opens view 0 for outputs. PBFT 4.2."),
            Arm::O1 => ("O1", "In a view that is open for outputs, a worker asks its model for one."),
            Arm::O2 => ("O2", "In a view that is open for outputs, a worker sends one OUTPUT, to all."),
            Arm::O3 => ("O3", "The first OUTPUT of each worker in a view is noted."),
            Arm::R1 => ("R1", "The leader proposes the representative of n - f OUTPUTs for its query, with them."),
            Arm::R2 => (
                "R2",
                "PROPOSE whose outcome is the representative of its n - f OUTPUTs is accepted, once in a view; it opens the \
                 view, because an honest worker among the n - f found it open.",
            ),
            Arm::P1 => ("P1", "A worker sends one PREPARE in a view, for the value accepted there. PBFT 4.2."),
            Arm::P2 => ("P2", "The first PREPARE of each worker in a view is noted."),
            Arm::P3 => (
                "P3",
                "q equal PREPAREs of an open view are a prepared certificate; the worker is locked on it and sends COMMIT. \
                 PBFT 4.2; Tendermint, line 36.",
            ),
            Arm::C1 => ("C1", "The first COMMIT of each worker in a view is noted."),
            Arm::C2 => ("C2", "q equal COMMITs decide. PBFT 4.2; Tendermint, line 49."),
            Arm::F1 => ("F1", "Equal OUTPUTs of all n workers in one view decide."),
            Arm::D1 => (
                "D1",
                "A worker that has decided answers PREPARE and VIEW-CHANGE with its certificate, and takes no other part.",
            ),
            Arm::D2 => ("D2", "A valid certificate of a decision decides. Tendermint, line 49."),
            Arm::V1 => (
                "V1",
                "A worker whose patience ends enters the next view with VIEW-CHANGE. It has 2^v ticks of patience in view v, \
                 which run while the view is open or a quorum is there or beyond. PBFT 4.5.2.",
            ),
            Arm::V2 => ("V2", "At every tick in a later view that is not open, VIEW-CHANGE is sent again."),
            Arm::V3 => ("V3", "The VIEW-CHANGE of the highest view of each worker is noted."),
            Arm::V4 => (
                "V4",
                "When f + 1 others are in higher views, a worker enters the highest view that so many have reached. PBFT 4.5.2.",
            ),
            Arm::V5 => (
                "V5",
                "The leader opens a view with q VIEW-CHANGEs that force nothing: NEW-VIEW asks for outputs. PBFT 4.4.",
            ),
            Arm::V6 => (
                "V6",
                "The leader opens a view with q VIEW-CHANGEs that force a value: NEW-VIEW proposes it. PBFT 4.4.",
            ),
            Arm::N1 => {
                ("N1", "NEW-VIEW without a value opens its view for outputs, when its q VIEW-CHANGEs force none.")
            }
            Arm::N2 => {
                ("N2", "NEW-VIEW with a value opens its view for it, when its q VIEW-CHANGEs force that one. PBFT 4.4.")
            }
            Arm::N3 => ("N3", "NEW-VIEW or PROPOSE of a higher view takes the worker there."),
            Arm::X1 => (
                "X1",
                "A worker that restarts has what was kept, and enters the next view: it votes no more in one of which it \
                 may have forgotten votes.",
            ),
            Arm::X2 => (
                "X2",
                "A worker that restarts announces again what it has decided, as it may have crashed before it was heard.",
            ),
        }
    }
}

/// Why a worker took no notice of an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Refusal {
    /// The signer, or somebody named inside, is no worker.
    NotAMember,
    /// The sequence is too far above the first undecided one.
    OutOfWindow,
    /// The message cannot be true: such as an OUTPUT without output, or a lock that is not proved.
    Malformed,
    /// The view, or the vote, is older than what is known.
    Stale,
    /// Only the leader of the view may say that.
    NotTheLeader,
    /// The view is open already, or its proposal has been made.
    AlreadyOpen,
    /// The view is open for another query.
    OtherQuery,
    /// The view must propose a value again, so it takes no outputs.
    NotFree,
    /// The worker has said so before.
    Duplicate,
    /// The worker has said something else in this view before.
    Equivocation,
    /// Fewer than n - f OUTPUTs.
    TooFewOutputs,
    /// The outcome is not the representative of the outputs.
    NotTheRepresentative,
    /// Fewer than q VIEW-CHANGEs.
    TooFewViewChanges,
    /// The VIEW-CHANGEs force another value, or one where none is named.
    NotTheForcedValue,
    /// The certificate does not prove a decision.
    NoProof,
    /// The sequence is decided here.
    Decided,
    /// Nothing was waiting for this.
    Unexpected,
}

/// All refusals.
pub const REFUSALS: [Refusal; 17] = [
    Refusal::NotAMember,
    Refusal::OutOfWindow,
    Refusal::Malformed,
    Refusal::Stale,
    Refusal::NotTheLeader,
    Refusal::AlreadyOpen,
    Refusal::OtherQuery,
    Refusal::NotFree,
    Refusal::Duplicate,
    Refusal::Equivocation,
    Refusal::TooFewOutputs,
    Refusal::NotTheRepresentative,
    Refusal::TooFewViewChanges,
    Refusal::NotTheForcedValue,
    Refusal::NoProof,
    Refusal::Decided,
    Refusal::Unexpected,
];

impl Refusal {
    /// The name, as in traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Refusal::NotAMember => "not-a-member",
            Refusal::OutOfWindow => "out-of-window",
            Refusal::Malformed => "malformed",
            Refusal::Stale => "stale",
            Refusal::NotTheLeader => "not-the-leader",
            Refusal::AlreadyOpen => "already-open",
            Refusal::OtherQuery => "other-query",
            Refusal::NotFree => "not-free",
            Refusal::Duplicate => "duplicate",
            Refusal::Equivocation => "equivocation",
            Refusal::TooFewOutputs => "too-few-outputs",
            Refusal::NotTheRepresentative => "not-the-representative",
            Refusal::TooFewViewChanges => "too-few-view-changes",
            Refusal::NotTheForcedValue => "not-the-forced-value",
            Refusal::NoProof => "no-proof",
            Refusal::Decided => "decided",
            Refusal::Unexpected => "unexpected",
        }
    }
}
