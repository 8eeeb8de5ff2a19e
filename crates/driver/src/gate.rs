//! The gate: whether every claim has a stored proof that the kernel accepts now and that the policy allows. It never searches.

use crate::companion::Part;
use crate::replay::{Judgement, StoredFailure};
use crate::verdict::Kind;
use bfv_format::{ReadError, Stored, read};
use std::collections::BTreeSet;

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
    /// Every proved claim with hypotheses must have a stored point at which they hold.
    pub points: bool,
}

impl Default for Policy {
    /// Only the bundle `real`; no claim may be unknown.
    fn default() -> Self {
        Policy { allow: vec!["real".into()], unknown: Vec::new(), points: false }
    }
}

/// A claim of the source, as far as the gate looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Full name: module, dot, name.
    pub name: String,
    /// The verdict it asks for.
    pub expected: Kind,
    /// The author says that it is vacuous.
    pub vacuous: bool,
    /// It has hypotheses, not only variables.
    pub hypotheses: bool,
    /// How many conditions of `holds_if` it has.
    pub conditions: usize,
    /// How many invariants go with it.
    pub invariants: usize,
}

impl Claim {
    /// Whether a condition that bfv found may be stored with it: its author says that it fails, and gives no condition.
    fn may_have_repair(&self) -> bool {
        self.expected == Kind::Refuted && self.conditions == 0
    }
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
    ListedForNothing,
    Vacuous,
    NotVacuous,
    NoPoint,
    ContradictoryCondition,
    ConditionNotNeeded,
    Orphan,
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
            ViolationKind::ListedForNothing => "listed-for-nothing",
            ViolationKind::Vacuous => "vacuous",
            ViolationKind::NotVacuous => "not-vacuous",
            ViolationKind::NoPoint => "no-point",
            ViolationKind::ContradictoryCondition => "contradictory-condition",
            ViolationKind::ConditionNotNeeded => "condition-not-needed",
            ViolationKind::Orphan => "orphan",
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

/// The stored bytes of a part of a claim: none, or why they cannot be read.
pub type Loaded = Result<Option<Vec<u8>>, String>;

/// Holds every claim against the policy. `load` gives the stored bytes (`None`: there are none; an error: why they cannot be read);
/// `judge` lets the kernel judge what was read.
pub fn gate(
    claims: &[Claim],
    policy: &Policy,
    mut load: impl FnMut(&Claim, Part) -> Loaded,
    mut judge: impl FnMut(&Claim, Part, &Stored) -> Judged,
) -> Vec<Violation> {
    let mut out = Vec::new();
    for claim in claims {
        let mut one = One { claim, policy, load: &mut load, judge: &mut judge, out: &mut out };
        one.claim();
    }
    out
}

/// One claim at the gate.
struct One<'a> {
    claim: &'a Claim,
    policy: &'a Policy,
    load: &'a mut dyn FnMut(&Claim, Part) -> Loaded,
    judge: &'a mut dyn FnMut(&Claim, Part, &Stored) -> Judged,
    out: &'a mut Vec<Violation>,
}

/// What is stored about a part of a claim.
enum Evidence {
    /// The kernel accepts it.
    Judged(Kind),
    /// There is none.
    None,
    /// There is something, and it does not count: a violation that is noted already.
    Broken,
}

impl One<'_> {
    fn violate(&mut self, kind: ViolationKind, sentence: String) {
        self.out.push(Violation { claim: self.claim.name.clone(), kind, sentence });
    }

    fn claim(&mut self) {
        let name = &self.claim.name;
        let expected = self.claim.expected;
        let mut proved = false;
        match self.evidence(Part::Claim) {
            Evidence::None if expected == Kind::Unknown => {
                if !self.policy.unknown.iter().any(|a| a.claim == *name) {
                    let what = format!("The claim {name} is expected to be unknown, but the gate does not list it.");
                    self.violate(ViolationKind::UnknownNotListed, what);
                }
            }
            Evidence::None => self.violate(ViolationKind::Missing, format!("The claim {name} has no stored proof.")),
            Evidence::Broken => {}
            Evidence::Judged(kind) => {
                if kind != expected {
                    let (is, asked) = (kind.word(), expected.word());
                    let what = format!("The claim {name} is {is}, but {asked} is expected.");
                    self.violate(ViolationKind::OtherVerdict, what);
                }
                proved = kind == Kind::Proved;
            }
        }
        if expected != Kind::Refuted && self.claim.conditions > 0 {
            let what = format!("The claim {name} has a condition and is not expected to be refuted.");
            self.violate(ViolationKind::ConditionNotNeeded, what);
        }
        if proved {
            self.hypotheses();
        } else if self.claim.vacuous && expected != Kind::Proved {
            self.violate(ViolationKind::NotVacuous, format!("The claim {name} is marked vacuous, but is not proved."));
        }
        for n in 1..=self.claim.conditions {
            self.condition(n);
        }
        if self.claim.may_have_repair() {
            self.repair();
        }
        // Nothing need be said of an invariant, and what is said must be so.
        for n in 1..=self.claim.invariants {
            self.evidence(Part::Always(n));
            self.evidence(Part::Follows(n));
        }
    }

    /// Whether a proved claim is vacuous. That nothing is stored says nothing, unless the policy or the author asks for it.
    fn hypotheses(&mut self) {
        let Claim { name, vacuous, hypotheses, .. } = self.claim;
        match (self.evidence(Part::Hypotheses), *vacuous) {
            (Evidence::Broken, _) | (Evidence::Judged(Kind::Proved), true) => {}
            (Evidence::Judged(Kind::Proved), false) => {
                let what = format!("The hypotheses of {name} contradict each other, so its proof says nothing.");
                self.violate(ViolationKind::Vacuous, what);
            }
            (Evidence::Judged(_), true) => {
                let what = format!("The claim {name} is marked vacuous, but its hypotheses hold at a point.");
                self.violate(ViolationKind::NotVacuous, what);
            }
            (Evidence::None, true) => {
                let what = format!("The claim {name} is marked vacuous, but no stored proof shows it.");
                self.violate(ViolationKind::NotVacuous, what);
            }
            (Evidence::None, false) if self.policy.points && *hypotheses => {
                let what = format!("No stored point shows that the hypotheses of {name} can hold.");
                self.violate(ViolationKind::NoPoint, what);
            }
            (Evidence::None | Evidence::Judged(_), false) => {}
        }
    }

    /// A condition that bfv found: nothing must be stored about one, and what is stored must count.
    fn repair(&mut self) {
        let name = &self.claim.name;
        let proof = self.evidence(Part::Repair);
        let point = self.evidence(Part::RepairHypotheses);
        match (proof, point) {
            (Evidence::Judged(Kind::Proved), Evidence::Judged(Kind::Refuted))
            | (Evidence::None, Evidence::None)
            | (Evidence::Broken, _)
            | (_, Evidence::Broken) => {}
            (Evidence::Judged(Kind::Proved), Evidence::None) => {
                let what = format!("No stored point shows that the condition found for {name} can be met.");
                self.violate(ViolationKind::NoPoint, what);
            }
            (Evidence::Judged(Kind::Proved), Evidence::Judged(_)) => {
                let what = format!("The condition found for {name} contradicts its hypotheses.");
                self.violate(ViolationKind::ContradictoryCondition, what);
            }
            (Evidence::Judged(_) | Evidence::None, _) => {
                let what = format!("The claim {name} does not hold under the condition found for it.");
                self.violate(ViolationKind::OtherVerdict, what);
            }
        }
    }

    /// A condition of `holds_if`: with it the claim is proved, and it can be met together with the hypotheses.
    fn condition(&mut self, n: usize) {
        let name = &self.claim.name;
        match self.evidence(Part::Condition(n)) {
            Evidence::Broken | Evidence::Judged(Kind::Proved) => {}
            Evidence::None => {
                let what = format!("No stored proof shows that {name} holds under its condition {n}.");
                self.violate(ViolationKind::Missing, what);
            }
            Evidence::Judged(_) => {
                let what = format!("The claim {name} does not hold under its condition {n}.");
                self.violate(ViolationKind::OtherVerdict, what);
            }
        }
        match self.evidence(Part::ConditionHypotheses(n)) {
            Evidence::Broken | Evidence::Judged(Kind::Refuted) => {}
            Evidence::None => {
                let what = format!("No stored point shows that condition {n} of {name} can be met.");
                self.violate(ViolationKind::NoPoint, what);
            }
            Evidence::Judged(_) => {
                let what = format!("The condition {n} of {name} contradicts its hypotheses.");
                self.violate(ViolationKind::ContradictoryCondition, what);
            }
        }
    }

    /// What is stored about a part, judged now; what does not count and what the policy does not allow is noted.
    fn evidence(&mut self, part: Part) -> Evidence {
        let subject = part.of(&self.claim.name);
        let bytes = match (self.load)(self.claim, part) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Evidence::None,
            Err(why) => {
                let what = format!("The stored proof of {subject} cannot be read: {why}.");
                self.violate(ViolationKind::Unreadable, what);
                return Evidence::Broken;
            }
        };
        let stored = match read(&bytes) {
            Ok(stored) => stored,
            Err(ReadError { reason: "truncated", .. }) => {
                self.violate(ViolationKind::Truncated, format!("The stored proof of {subject} is cut short."));
                return Evidence::Broken;
            }
            Err(e) => {
                self.violate(ViolationKind::Unreadable, format!("The stored proof of {subject} is damaged: {e}."));
                return Evidence::Broken;
            }
        };
        let judgement = match (self.judge)(self.claim, part, &stored) {
            Ok(judgement) => judgement,
            // What bfv found belonged to the claim as it was.
            Err(StoredFailure::Stale) if matches!(part, Part::Repair | Part::RepairHypotheses) => {
                let what = format!("The stored proof of {subject} belongs to an earlier form of the claim; delete it.");
                self.violate(ViolationKind::Orphan, what);
                return Evidence::Broken;
            }
            Err(StoredFailure::Stale) => {
                let what = format!("The stored proof of {subject} is stale, because the claim has changed.");
                self.violate(ViolationKind::Stale, what);
                return Evidence::Broken;
            }
            Err(StoredFailure::Rejected(why)) => {
                let why = why.trim_end_matches('.');
                let what = format!("The kernel rejects the stored proof of {subject}: {why}.");
                self.violate(ViolationKind::Rejected, what);
                return Evidence::Broken;
            }
        };
        for bundle in judgement.axioms.iter().filter(|b| !self.policy.allow.contains(b)) {
            let what = format!("The proof of {subject} uses the axiom bundle {bundle}, which the gate does not allow.");
            self.violate(ViolationKind::AxiomNotAllowed, what);
        }
        Evidence::Judged(judgement.kind)
    }
}

/// What lies in the store and belongs to no claim, and what the policy lists for no claim. `stored` are pairs of module and file name without its ending;
/// `module` says whether a module is among those that the gate was asked about.
pub fn leftovers(
    claims: &[Claim],
    policy: &Policy,
    stored: &[(String, String)],
    module: impl Fn(&str) -> bool,
) -> Vec<Violation> {
    let mut out = Vec::new();
    for (m, file) in stored.iter().filter(|(m, _)| module(m)) {
        let full = format!("{m}.{file}");
        let belongs = claims.iter().any(|c| {
            let mut parts = vec![Part::Claim];
            if c.expected == Kind::Proved {
                parts.push(Part::Hypotheses);
            }
            if c.may_have_repair() {
                parts.extend([Part::Repair, Part::RepairHypotheses]);
            }
            parts.extend((1..=c.invariants).flat_map(|n| [Part::Always(n), Part::Follows(n)]));
            parts.extend((1..=c.conditions).flat_map(|n| [Part::Condition(n), Part::ConditionHypotheses(n)]));
            parts.iter().any(|p| p.file(&c.name) == full)
        });
        if !belongs {
            let sentence = format!("The stored proof proofs/{m}/{file}.bfvp belongs to no claim; delete it.");
            out.push(Violation { claim: full, kind: ViolationKind::Orphan, sentence });
        }
    }
    for a in &policy.unknown {
        let about = a.claim.rsplit_once('.').map_or("", |(m, _)| m);
        let found = claims.iter().find(|c| c.name == a.claim);
        if module(about) && found.is_none_or(|c| c.expected != Kind::Unknown) {
            let sentence = format!(
                "The gate lists the claim {} as unknown, but no such claim is expected to be unknown.",
                a.claim
            );
            out.push(Violation { claim: a.claim.clone(), kind: ViolationKind::ListedForNothing, sentence });
        }
    }
    out
}

/// What scripts of modules gave, where there is no such module.
pub(crate) fn scripts_of_none(modules: &BTreeSet<String>, stored: &[String]) -> Vec<Violation> {
    let left = stored.iter().filter(|m| !modules.contains(*m));
    left.map(|m| Violation {
        claim: m.clone(),
        kind: ViolationKind::Orphan,
        sentence: format!("The stored file proofs/{m}/scripts.bfvl belongs to no module; delete it."),
    })
    .collect()
}
