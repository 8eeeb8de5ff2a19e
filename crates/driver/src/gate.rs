//! The gate: whether every claim has a stored proof that the kernel accepts now and that the policy allows. It never searches.

use crate::replay::{Judgement, StoredFailure};
use crate::verdict::Kind;
use bfv_format::{ReadError, Stored, read};

/// A claim that is allowed to have no proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Full name: module, dot, name.
    pub claim: String,
    /// Why; shown to people.
    pub reason: String,
}

/// What the project's `bfv.toml` says under `[gate]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Bundles of axioms that proofs may use.
    pub allow: Vec<String>,
    /// Claims that may be unknown.
    pub unknown: Vec<Allowance>,
}

impl Default for Policy {
    /// Only the bundle `real`; no claim may be unknown.
    fn default() -> Self {
        Policy { allow: vec!["real".into()], unknown: Vec::new() }
    }
}

/// A claim of the source, as far as the gate looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Full name: module, dot, name.
    pub name: String,
    /// The verdict it asks for.
    pub expected: Kind,
}

/// What the kernel says of a stored proof.
pub type Judged = Result<Judgement, StoredFailure>;

/// Which part of the policy is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ViolationKind {
    Missing,
    Unreadable,
    Truncated,
    Stale,
    Rejected,
    OtherVerdict,
    AxiomNotAllowed,
    UnknownNotListed,
}

impl ViolationKind {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ViolationKind::Missing => "missing",
            ViolationKind::Unreadable => "unreadable",
            ViolationKind::Truncated => "truncated",
            ViolationKind::Stale => "stale",
            ViolationKind::Rejected => "rejected",
            ViolationKind::OtherVerdict => "other-verdict",
            ViolationKind::AxiomNotAllowed => "axiom-not-allowed",
            ViolationKind::UnknownNotListed => "unknown-not-listed",
        }
    }
}

/// One way in which the policy is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Full name of the claim.
    pub claim: String,
    /// Which part.
    pub kind: ViolationKind,
    /// A plain sentence that names the claim.
    pub sentence: String,
}

/// Holds every claim against the policy. `load` gives the stored bytes (`None`: there are none; an error: why they cannot be read);
/// `judge` lets the kernel judge what was read.
pub fn gate(
    claims: &[Claim],
    policy: &Policy,
    mut load: impl FnMut(&Claim) -> Result<Option<Vec<u8>>, String>,
    mut judge: impl FnMut(&Claim, &Stored) -> Judged,
) -> Vec<Violation> {
    let mut out = Vec::new();
    for claim in claims {
        let name = &claim.name;
        let mut violate = |kind, sentence: String| out.push(Violation { claim: name.clone(), kind, sentence });
        let bytes = match load(claim) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                if !policy.unknown.iter().any(|a| a.claim == *name) {
                    if claim.expected == Kind::Unknown {
                        violate(
                            ViolationKind::UnknownNotListed,
                            format!("The claim {name} is expected to be unknown, but the gate does not list it."),
                        );
                    } else {
                        violate(ViolationKind::Missing, format!("The claim {name} has no stored proof."));
                    }
                }
                continue;
            }
            Err(why) => {
                violate(ViolationKind::Unreadable, format!("The stored proof of {name} cannot be read: {why}."));
                continue;
            }
        };
        let stored = match read(&bytes) {
            Ok(stored) => stored,
            Err(ReadError { reason: "truncated", .. }) => {
                violate(ViolationKind::Truncated, format!("The stored proof of {name} is cut short."));
                continue;
            }
            Err(e) => {
                violate(ViolationKind::Unreadable, format!("The stored proof of {name} is damaged: {e}."));
                continue;
            }
        };
        let judgement = match judge(claim, &stored) {
            Ok(judgement) => judgement,
            Err(StoredFailure::Stale) => {
                violate(
                    ViolationKind::Stale,
                    format!("The stored proof of {name} is stale, because the claim has changed."),
                );
                continue;
            }
            Err(StoredFailure::Rejected(why)) => {
                violate(
                    ViolationKind::Rejected,
                    format!("The kernel rejects the stored proof of {name}: {}.", why.trim_end_matches('.')),
                );
                continue;
            }
        };
        if judgement.kind != claim.expected {
            let (is, expected) = (judgement.kind.word(), claim.expected.word());
            violate(ViolationKind::OtherVerdict, format!("The claim {name} is {is}, but {expected} is expected."));
        }
        for bundle in judgement.axioms.iter().filter(|b| !policy.allow.contains(b)) {
            violate(
                ViolationKind::AxiomNotAllowed,
                format!("The proof of {name} uses the axiom bundle {bundle}, which the gate does not allow."),
            );
        }
    }
    out
}
