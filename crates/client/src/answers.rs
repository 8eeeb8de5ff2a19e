//! What the service answers. Fields that a client has no use for are left out; fields that may be missing have a value for that.

use crate::questions::Variable;
use serde::Deserialize;

/// A variable as it comes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Named {
    var: String,
    #[serde(rename = "type", default)]
    ty: String,
    #[serde(default)]
    value: String,
}

/// A goal that a step leaves. It may be sent back as it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OpenGoal {
    /// The statement.
    pub statement: String,
    /// The statement in words.
    pub spoken: String,
    context: Vec<Named>,
}

impl OpenGoal {
    /// Its variables and hypotheses.
    #[must_use]
    pub fn context(&self) -> Vec<Variable> {
        self.context.iter().map(|n| Variable::new(&n.var, &n.ty)).collect()
    }
}

/// What the kernel said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Formal {
    /// The kernel accepted a term.
    pub type_checked: bool,
    /// The verdict in a word.
    pub status: String,
    /// The term, where it is not too long.
    pub proof_term: Option<String>,
    /// The hash of the stored proof.
    pub certificate_hash: Option<String>,
    /// The stored proof in hexadecimal digits.
    pub certificate_bytes: Option<String>,
    /// Who found it.
    pub found_by: Option<String>,
    /// Bundles of axioms that it uses.
    pub axioms: Vec<String>,
}

/// Something that a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Issue {
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// What it is.
    pub description: String,
    /// What to do.
    pub suggestion: String,
}

/// A next step.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Suggestion {
    /// 1 for the best.
    pub rank: u32,
    /// The id of its goal.
    pub target: String,
    /// The word of the step.
    pub tactic: String,
    /// What follows it.
    pub arguments: Vec<String>,
    /// The step as the language writes it.
    pub step: String,
    /// The whole proof that begins with it.
    pub script: Option<String>,
    /// The kernel accepted the whole proof.
    pub valid: bool,
    /// What it does, in sentences.
    pub rationale: String,
    /// What it leaves.
    pub resulting_goals: Vec<OpenGoal>,
    /// What the kernel said of the whole proof.
    pub formal_verification: Option<Formal>,
}

/// A point at which a goal fails.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refutation {
    witness: Vec<Named>,
    /// The point in words.
    pub spoken: String,
    /// What the kernel said of it.
    pub formal_verification: Formal,
}

impl Refutation {
    /// The value of a variable.
    #[must_use]
    pub fn value(&self, variable: &str) -> Option<&str> {
        self.witness.iter().find(|n| n.var == variable).map(|n| n.value.as_str())
    }
}

/// A world of a Kripke model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct World {
    /// Its number, from 1.
    pub world: u32,
    /// What holds there.
    pub holds: Vec<String>,
    /// The worlds directly above.
    pub above: Vec<u32>,
}

/// Why a goal does not follow by logic alone. It refutes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Model {
    /// The worlds.
    pub worlds: Vec<World>,
    /// The model in sentences.
    pub spoken: String,
}

/// Next steps.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Suggestions {
    /// The id of the request.
    pub request_id: String,
    /// The steps, best first.
    pub suggestions: Vec<Suggestion>,
    /// How many goals were known from before.
    #[serde(default)]
    pub recalled: u32,
    #[serde(default)]
    refuted_goals: Vec<RefutedGoal>,
    /// Why something was not found; empty where all was.
    #[serde(default)]
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct RefutedGoal {
    goal: String,
    refuted: Refutation,
}

impl Suggestions {
    /// The best step for a goal of which the kernel has accepted a whole proof.
    #[must_use]
    pub fn best(&self, goal: &str) -> Option<&Suggestion> {
        self.suggestions.iter().find(|s| s.valid && s.target == goal)
    }

    /// Where a goal fails, if it is false.
    #[must_use]
    pub fn refuted(&self, goal: &str) -> Option<&Refutation> {
        self.refuted_goals.iter().find(|r| r.goal == goal).map(|r| &r.refuted)
    }
}

/// Whether a step is right.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Verified {
    /// The kernel accepted a proof of the whole goal.
    pub valid: bool,
    /// The step could be made. That proves nothing.
    pub step_accepted: bool,
    /// The same in words.
    pub status: String,
    /// What a person should know.
    pub potential_issues: Vec<Issue>,
    /// What is left.
    pub resulting_goals: Vec<OpenGoal>,
    /// A point at which the goal fails, where one was found.
    pub counterexample: Option<Refutation>,
    /// What the kernel said.
    pub formal_verification: Formal,
}

/// A step of a whole proof.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ProofStep {
    /// Its number, from 1.
    pub step: u32,
    /// The step as the language writes it.
    pub tactic: String,
    /// The statements of the goals that it leaves.
    pub resulting_goals: Vec<String>,
    /// What it does.
    pub explanation: String,
}

/// A whole proof.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Proof {
    /// What is proved.
    pub goal: String,
    /// The steps as one text; nothing where the proof is a term only.
    pub script: Option<String>,
    /// The steps.
    pub steps: Vec<ProofStep>,
    /// What the kernel said.
    pub formal_verification: Formal,
}

/// The missing steps of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Completed {
    /// The proof; nothing where none was found.
    pub proof: Option<Proof>,
    /// Why there is none.
    #[serde(default)]
    pub reason: String,
    /// A point at which the goal fails.
    #[serde(default)]
    pub counterexample: Option<Refutation>,
    /// Why it does not follow by logic alone.
    #[serde(default)]
    pub countermodel: Option<Model>,
}

/// Where a statement fails.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Counterexample {
    /// The kernel accepted a refutation.
    pub found: bool,
    /// `proved`, `refuted` or `unknown`.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// The point.
    #[serde(default)]
    pub counterexample: Option<Refutation>,
    /// Why it does not follow by logic alone.
    #[serde(default)]
    pub countermodel: Option<Model>,
}

/// What a proof does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Explanation {
    /// In sentences.
    pub text: String,
    /// For a voice, as SSML.
    pub audio_description: String,
}

/// The explanation of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Explained {
    /// Nothing where the kernel did not accept the proof.
    pub explanation: Option<Explanation>,
    /// Why nothing is explained.
    pub reason: String,
}
