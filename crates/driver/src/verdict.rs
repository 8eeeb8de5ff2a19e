//! What `check` reports, as data. One model behind every format.

use crate::chart::Chart;
use crate::exit::Event;
use crate::problem::{Place, Problem};

/// Version of the JSON document made from a `Report`.
pub const SCHEMA_VERSION: u32 = 1;

/// The three verdicts without their details: also what a claim may expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    Proved,
    Refuted,
    Unknown,
}

impl Kind {
    /// The word in every format.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Proved => "proved",
            Kind::Refuted => "refuted",
            Kind::Unknown => "unknown",
        }
    }
}

/// Why a claim is unknown: a closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Counted steps are used up.
    Budget,
    /// The last guard on time.
    Time,
    /// The last guard on memory.
    Memory,
    /// The search space is exhausted without an answer.
    Incomplete,
    /// No engine treats claims of this shape.
    OutsideFragment,
    /// The language has it, this version does not.
    Unsupported,
    /// Something proposed a proof that the kernel refused: a bug of the proposer, or a wrong proof in the source.
    RejectedCandidate,
    /// A tool asked for by name is not installed.
    ToolMissing,
    /// Stopped from outside.
    Cancelled,
    /// Something it stands on has no verdict.
    Dependency,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 10] = [
        Reason::Budget,
        Reason::Time,
        Reason::Memory,
        Reason::Incomplete,
        Reason::OutsideFragment,
        Reason::Unsupported,
        Reason::RejectedCandidate,
        Reason::ToolMissing,
        Reason::Cancelled,
        Reason::Dependency,
    ];

    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Reason::Budget => "budget",
            Reason::Time => "time",
            Reason::Memory => "memory",
            Reason::Incomplete => "incomplete",
            Reason::OutsideFragment => "outside-fragment",
            Reason::Unsupported => "unsupported",
            Reason::RejectedCandidate => "rejected-candidate",
            Reason::ToolMissing => "tool-missing",
            Reason::Cancelled => "cancelled",
            Reason::Dependency => "dependency",
        }
    }

    /// The word, which can be asked for, and what it means, as a part of a sentence.
    #[must_use]
    pub fn says(self) -> String {
        format!("{}, because {}", self.word(), self.meaning())
    }

    /// What a person can do about it, in sentences.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Reason::Budget => "Give it more steps with --budget, or prove a smaller claim first.",
            Reason::Time | Reason::Memory => "Make the claim smaller, or give a proof with by.",
            Reason::Incomplete | Reason::OutsideFragment => {
                "Give a proof with by, or a point with refuted at. Begin with the goal that the message names, if any."
            }
            Reason::Unsupported => "Write the claim in another way. The message names the part.",
            Reason::RejectedCandidate => "Where the proof is your own, mend it. Otherwise report a mistake of bfv.",
            Reason::ToolMissing => "Run bfv doctor to see what is missing.",
            Reason::Cancelled => "Check again.",
            Reason::Dependency => "Prove the other claim first.",
        }
    }

    /// What it means, as a part of a sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Reason::Budget => "the step budget is used up",
            Reason::Time => "the time limit is reached",
            Reason::Memory => "the memory limit is reached",
            Reason::Incomplete => "the search ended and found no answer",
            Reason::OutsideFragment => "no engine handles claims of this shape",
            Reason::Unsupported => "this version does not support a part of the claim",
            Reason::RejectedCandidate => "the kernel refused the proof that was offered",
            Reason::ToolMissing => "a tool that was asked for is missing",
            Reason::Cancelled => "the search was cancelled",
            Reason::Dependency => "the claim needs another claim that has no proof",
        }
    }
}

/// A verdict with the reason of an unknown. Words for a report; what makes it true is the kernel's judgement behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The kernel accepted a proof.
    Proved,
    /// The kernel accepted a proof of the negation.
    Refuted,
    /// Neither.
    Unknown(Reason),
}

impl Verdict {
    /// Without the reason.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Verdict::Proved => Kind::Proved,
            Verdict::Refuted => Kind::Refuted,
            Verdict::Unknown(_) => Kind::Unknown,
        }
    }

    /// What it means for the exit code, when another verdict is asked for.
    #[must_use]
    pub fn event(self, expected: Kind) -> Option<Event> {
        if self.kind() == expected {
            return None;
        }
        Some(match self {
            Verdict::Proved | Verdict::Refuted => Event::UnexpectedVerdict,
            Verdict::Unknown(Reason::ToolMissing) => Event::ToolMissing,
            Verdict::Unknown(_) => Event::Undecided,
        })
    }
}

/// Where an accepted proof came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ProofSource {
    Stored,
    Searched,
}

/// The accepted proof of a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofInfo {
    /// blake3 of the stored bytes, in hex.
    pub hash: String,
    /// Stored or searched (a proof given in the source counts as searched, by the engine `source`).
    pub source: ProofSource,
    /// Who found it.
    pub engine: String,
}

/// What a verdict cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Steps of the kernel.
    pub kernel_steps: u64,
    /// Steps of the engines.
    pub search_steps: u64,
    /// Wall clock of finding and judging the evidence, microseconds. What is asked about hypotheses and the other side is not in it.
    pub wall_us: u64,
}

/// What is known of the hypotheses of a claim. Each of the first two stands for a judgement of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// There is a point at which all of them hold.
    Satisfiable,
    /// They contradict each other.
    Contradictory,
    /// Neither was found.
    Unknown,
}

impl Consistency {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Consistency::Satisfiable => "satisfiable",
            Consistency::Contradictory => "contradictory",
            Consistency::Unknown => "unknown",
        }
    }
}

/// What is known of some hypotheses, and the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hypotheses {
    /// What is known.
    pub verdict: Consistency,
    /// The user's names with the values of the point at which they hold, where there is one.
    pub point: Vec<(String, String)>,
    /// The accepted evidence.
    pub proof: Option<ProofInfo>,
}

/// Where a condition of a claim comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionSource {
    /// The claim's own `holds_if`.
    Written,
    /// A search through the menu of conditions.
    Searched {
        /// The search was now, and of the conditions tried none that is weaker is proved. Of a stored one that is not known.
        minimal: bool,
    },
}

impl ConditionSource {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ConditionSource::Written => "written",
            ConditionSource::Searched { .. } => "searched",
        }
    }

    /// Whether this run looked for something weaker in the menu, and nothing weaker was proved.
    #[must_use]
    pub fn is_minimal(self) -> bool {
        self == ConditionSource::Searched { minimal: true }
    }
}

/// A condition under which a claim was said to hold. It is met when the claim fails without it, is proved with it,
/// and there is a point at which the condition and the hypotheses hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldsIf {
    /// As written, or as the menu writes it.
    pub condition: String,
    /// Whether the claim's source gives it.
    pub source: ConditionSource,
    /// The verdict on the claim without the condition.
    pub without: Kind,
    /// The verdict on "condition implies claim".
    pub verdict: Verdict,
    /// What is known of the condition together with the hypotheses.
    pub hypotheses: Hypotheses,
}

impl HoldsIf {
    /// Whether all three goals have the answer that makes the condition a repair of the claim.
    #[must_use]
    pub fn met(&self) -> bool {
        self.events().is_empty()
    }

    /// What it means for the exit code.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let claim = match self.without {
            Kind::Refuted => None,
            Kind::Proved => Some(Event::UnexpectedVerdict),
            Kind::Unknown => Some(Event::Undecided),
        };
        let point = match self.hypotheses.verdict {
            Consistency::Satisfiable => None,
            Consistency::Contradictory => Some(Event::UnexpectedVerdict),
            Consistency::Unknown => Some(Event::Undecided),
        };
        [claim, self.verdict.event(Kind::Proved), point].into_iter().flatten().collect()
    }
}

/// What is said of an invariant of a protocol. Each of the first two stands for a judgement of the kernel; the last is part of the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvariantNote {
    /// The one of this name holds in every state, so it says nothing.
    Always(String, ProofInfo),
    /// The one of this name follows from the others.
    Follows(String, ProofInfo),
    /// The proof rests on one that the author did not write: this one.
    Made(String),
}

impl InvariantNote {
    /// The name of one that follows from the others.
    #[must_use]
    pub fn following(&self) -> Option<&str> {
        match self {
            InvariantNote::Follows(name, _) => Some(name),
            InvariantNote::Always(..) | InvariantNote::Made(_) => None,
        }
    }

    /// The word in JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            InvariantNote::Always(..) => "always-true",
            InvariantNote::Follows(..) => "follows",
            InvariantNote::Made(_) => "made",
        }
    }
}

/// One goal of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalReport {
    /// Module and name with a dot between them.
    pub name: String,
    /// The module; a name within it may have dots, too.
    pub module: String,
    /// Merkle hash of the statement in hex.
    pub hash: String,
    /// Where it stands.
    pub place: Place,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict asked for.
    pub expected: Kind,
    /// The statement as written, with its binders.
    pub written: String,
    /// What is to be added to the reason of an unknown: sentences in which formulas stand between backticks.
    pub detail: String,
    /// The user's names with exact values, when refuted by a point.
    pub counterexample: Vec<(String, String)>,
    /// The run that the counterexample rests on, when the claim is about those of a protocol.
    pub chart: Option<Chart>,
    /// What is said of the invariants of the protocol that the claim is about.
    pub invariants: Vec<InvariantNote>,
    /// Goals added by `holds_if`, or by a condition that was found.
    pub holds_if: Vec<HoldsIf>,
    /// What is known of the hypotheses of a proved claim; nothing when it has none, or is not proved.
    pub hypotheses: Option<Hypotheses>,
    /// The author says that the claim is vacuous.
    pub vacuous_expected: bool,
    /// The accepted proof.
    pub proof: Option<ProofInfo>,
    /// Bundles of axioms used, sorted.
    pub axioms: Vec<String>,
    /// Certificate rules used, sorted.
    pub rules: Vec<String>,
    /// What it cost.
    pub cost: Cost,
}

impl GoalReport {
    /// The name without its module, as it is spoken: words apart. A safety property has the name of its protocol before its own.
    #[must_use]
    pub fn spoken(&self) -> String {
        let own = self.name.strip_prefix(&self.module).unwrap_or(&self.name);
        own.replace(['_', '.'], " ").trim().to_owned()
    }

    /// Whether the claim is proved only because its hypotheses contradict each other.
    #[must_use]
    pub fn vacuous(&self) -> bool {
        self.verdict == Verdict::Proved
            && self.hypotheses.as_ref().is_some_and(|h| h.verdict == Consistency::Contradictory)
    }

    /// Whether the verdict, and those of what comes with the claim, are the expected ones.
    #[must_use]
    pub fn expected_met(&self) -> bool {
        self.events().is_empty()
    }

    /// What this goal means for the exit code: the verdict on the claim, whether it is vacuous, then its conditions.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let vacuity = match (self.vacuous(), self.vacuous_expected) {
            (true, false) => Some(Event::UnexpectedVerdict),
            (false, true) => Some(match (self.verdict, self.hypotheses.as_ref().map(|h| h.verdict)) {
                (Verdict::Unknown(_), _) | (_, Some(Consistency::Unknown)) => Event::Undecided,
                _ => Event::UnexpectedVerdict,
            }),
            _ => None,
        };
        let conditions = self.holds_if.iter().flat_map(HoldsIf::events);
        self.verdict.event(self.expected).into_iter().chain(vacuity).chain(conditions).collect()
    }
}

/// Counts of a report; goals added by `holds_if` are counted with their claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Summary {
    pub proved: usize,
    pub refuted: usize,
    pub unknown: usize,
    pub expected: usize,
    pub unexpected: usize,
}

/// The result of `check`.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Files that were checked, as given.
    pub files: Vec<String>,
    /// Goals in file order.
    pub goals: Vec<GoalReport>,
    /// What was wrong with the input or with bfv.
    pub problems: Vec<Problem>,
    /// Wall clock until the library and the files were loaded, microseconds.
    pub load_us: u64,
}

impl Report {
    /// The counts.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut s = Summary::default();
        for g in &self.goals {
            match g.verdict.kind() {
                Kind::Proved => s.proved += 1,
                Kind::Refuted => s.refuted += 1,
                Kind::Unknown => s.unknown += 1,
            }
            if g.expected_met() {
                s.expected += 1;
            } else {
                s.unexpected += 1;
            }
        }
        s
    }

    /// How many errors there are; warnings and notes do not count.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|p| p.is_error()).count()
    }

    /// All that matters for the exit code.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let goals = self.goals.iter().flat_map(GoalReport::events);
        goals.chain(self.problems.iter().filter_map(Problem::event)).collect()
    }
}
