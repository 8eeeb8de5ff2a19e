//! What is asked, as the protocol writes it.

use serde::Serialize;

/// A variable and its type, or the name of a hypothesis and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// The name.
    pub var: String,
    /// The type or the statement.
    #[serde(rename = "type")]
    pub ty: String,
}

impl Variable {
    /// A variable.
    #[must_use]
    pub fn new(name: &str, ty: &str) -> Variable {
        Variable { var: name.to_owned(), ty: ty.to_owned() }
    }
}

/// A goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Goal {
    /// A name that is not that of another goal of the state.
    pub id: String,
    /// What is to be proved, in the language of `.sctt` files.
    pub statement: String,
    /// Variables, then hypotheses, each of which may speak of those before it.
    pub context: Vec<Variable>,
}

impl Goal {
    /// A goal without context.
    #[must_use]
    pub fn new(id: &str, statement: &str) -> Goal {
        Goal { id: id.to_owned(), statement: statement.to_owned(), context: Vec::new() }
    }

    /// The same with one variable or hypothesis more.
    #[must_use]
    pub fn with(mut self, name: &str, ty: &str) -> Goal {
        self.context.push(Variable::new(name, ty));
        self
    }
}

/// What a person is about to prove.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// The goals.
    pub goals: Vec<Goal>,
}

impl State {
    /// A state with one goal.
    #[must_use]
    pub fn of(goal: Goal) -> State {
        State { goals: vec![goal] }
    }
}

/// A step of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The word, such as `exact`, or `script` for several steps.
    pub tactic: String,
    /// The id of the goal that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What stands after the word.
    pub arguments: Vec<String>,
}

impl Step {
    /// A step for the first goal.
    #[must_use]
    pub fn new(tactic: &str, arguments: &[&str]) -> Step {
        let arguments = arguments.iter().map(|a| (*a).to_owned()).collect();
        Step { tactic: tactic.to_owned(), target: None, arguments }
    }

    /// The same for another goal.
    #[must_use]
    pub fn on(mut self, goal: &str) -> Step {
        self.target = Some(goal.to_owned());
        self
    }
}

/// A step of a sketch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Sketched {
    /// To be taken as it is.
    Complete(Step),
    /// To be found.
    Missing,
}

/// How much an explanation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Level {
    Brief,
    Normal,
    Full,
}

#[derive(Clone, Debug, Serialize)]
struct Sketch {
    goal: Goal,
    steps: Vec<Sketched>,
}

#[derive(Clone, Debug, Serialize)]
struct Preferences {
    explanation_level: Level,
}

/// A message of the protocol.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Question {
    #[serde(rename = "type")]
    ty: &'static str,
    /// An id, by which the request can be cancelled. The service makes one where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The modules whose words are known, where they are not the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imports: Option<Vec<String>>,
    /// Data, definitions and theorems of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declarations: Option<String>,
    /// How long it may take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof_state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof_step: Option<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_counterexample_on_failure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof_sketch: Option<Sketch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theorem: Option<Goal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_preferences: Option<Preferences>,
}

impl Question {
    /// Which steps are next?
    #[must_use]
    pub fn suggest(state: &State) -> Question {
        Question { ty: "REQUEST_PROOF_SUGGESTION", proof_state: Some(state.clone()), ..Question::default() }
    }

    /// Is this step right, and where it is not, is the goal false?
    #[must_use]
    pub fn verify(state: &State, step: &Step) -> Question {
        Question {
            ty: "REQUEST_PROOF_VERIFICATION",
            current_state: Some(state.clone()),
            proof_step: Some(step.clone()),
            request_counterexample_on_failure: Some(true),
            ..Question::default()
        }
    }

    /// What is missing in this proof?
    #[must_use]
    pub fn complete(goal: &Goal, steps: &[Sketched]) -> Question {
        let sketch = Sketch { goal: goal.clone(), steps: steps.to_vec() };
        Question { ty: "REQUEST_PROOF_COMPLETION", proof_sketch: Some(sketch), ..Question::default() }
    }

    /// Where does this fail?
    #[must_use]
    pub fn counterexample(goal: &Goal) -> Question {
        Question { ty: "REQUEST_COUNTEREXAMPLE", theorem: Some(goal.clone()), ..Question::default() }
    }

    /// What does this proof do?
    #[must_use]
    pub fn explain(goal: &Goal, script: &str, level: Level) -> Question {
        Question {
            ty: "REQUEST_PROOF_EXPLANATION",
            theorem: Some(goal.clone()),
            script: Some(script.to_owned()),
            user_preferences: Some(Preferences { explanation_level: level }),
            ..Question::default()
        }
    }
}
