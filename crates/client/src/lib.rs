//! A typed client of the proof-suggestion service: questions about goals as values, answers as values, problems as errors with what, where
//! and how to mend it.
//!
//! It knows nothing of proofs. What it says of a proof is what the service says that the kernel accepted.

mod answers;
mod questions;

pub use answers::{
    Completed, Counterexample, Explained, Explanation, Formal, Issue, Model, OpenGoal, Proof, ProofStep, Refutation,
    Suggestion, Suggestions, Verified, World,
};
pub use questions::{Goal, Level, Question, Sketched, State, Step, Variable};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::time::Duration;

/// How much longer than a request may take its answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a request takes at most that says nothing of it: that of the service.
const LONGEST: Duration = Duration::from_secs(60);

/// A connection to a service. Requests of several threads need a client each.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    /// The service says what is wrong with the request.
    Problem(Problem),
    /// The service was not reached, broke off, or sent what is no answer.
    Connection(String),
}

/// What is wrong with a request, as RFC 9457 has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// The status of HTTP.
    pub status: u16,
    /// What is wrong, in one sentence or more.
    #[serde(default)]
    pub detail: String,
    /// The code, as the command line has it.
    #[serde(default)]
    pub code: String,
    /// Where in the request; empty where it has no place.
    #[serde(rename = "where", default)]
    pub place: String,
    /// How to mend it.
    #[serde(default)]
    pub mend: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Problem(p) => write!(f, "Error {}: {}", p.code, p.detail),
            Error::Connection(why) => write!(f, "The service did not answer: {why}."),
        }
    }
}

impl std::error::Error for Error {}

impl Client {
    /// A client of the service at an address such as `http://127.0.0.1:7717`. Nothing is sent yet.
    #[must_use]
    pub fn new(base: &str, token: Option<&str>) -> Client {
        // What is wrong with a request stands in the body of its answer.
        let settings = ureq::Agent::config_builder().http_status_as_error(false);
        let settings = settings.timeout_global(Some(LONGEST.saturating_add(PATIENCE)));
        Client {
            agent: settings.build().into(),
            base: base.trim_end_matches('/').to_owned(),
            token: token.map(str::to_owned),
        }
    }

    /// Asks for next steps.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn suggest(&self, state: &State) -> Result<Suggestions, Error> {
        self.ask(&Question::suggest(state))
    }

    /// Asks whether a step is right for a goal of a state.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn verify(&self, state: &State, step: &Step) -> Result<Verified, Error> {
        self.ask(&Question::verify(state, step))
    }

    /// Asks for the missing steps of a proof.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn complete(&self, goal: &Goal, steps: &[Sketched]) -> Result<Completed, Error> {
        self.ask(&Question::complete(goal, steps))
    }

    /// Asks for a point at which a statement fails.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn counterexample(&self, goal: &Goal) -> Result<Counterexample, Error> {
        self.ask(&Question::counterexample(goal))
    }

    /// Asks what a proof does.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn explain(&self, goal: &Goal, script: &str, level: Level) -> Result<Explained, Error> {
        self.ask(&Question::explain(goal, script, level))
    }

    /// Asks a question that may carry more: an id, imports, declarations, a time.
    ///
    /// # Errors
    /// Why there is no answer, also where the answer is of another kind than is wanted.
    pub fn ask<T: DeserializeOwned>(&self, question: &Question) -> Result<T, Error> {
        let url = format!("{}/v1/message", self.base);
        let mut request = self.agent.post(&url).header("Accept", "application/json");
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut answer = request.send_json(question).map_err(broken)?;
        if answer.status().is_success() {
            return answer.body_mut().read_json().map_err(broken);
        }
        Err(Error::Problem(answer.body_mut().read_json().map_err(broken)?))
    }

    /// Ends a request that was sent with this id by another client, and says whether it was still worked on.
    ///
    /// # Errors
    /// The service was not reached, or refuses.
    pub fn cancel(&self, id: &str) -> Result<bool, Error> {
        let mut request = self.agent.delete(format!("{}/v1/requests/{id}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut answer = request.call().map_err(broken)?;
        match answer.status().as_u16() {
            200..=299 => Ok(true),
            404 => Ok(false),
            _ => Err(Error::Problem(answer.body_mut().read_json().map_err(broken)?)),
        }
    }
}

fn broken(e: ureq::Error) -> Error {
    Error::Connection(e.to_string())
}
