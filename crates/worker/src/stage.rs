//! Stages: one worker's layers of a model that is split, on what the worker before hands on.
//!
//! An answer is found first and certified then. In a *step* the stages run in turn over all tokens that are known, without commitments, and the last one
//! chooses the next token. Once the answer is known, each stage runs *once more over all of it*, block by block as the whole model would, and certifies
//! that. So every certificate holds the keys and values of all tokens: a certificate for each token would need those of the tokens before it, which
//! other certificates hold, and as many signatures as tokens. A stage needs no state between processes. The price is that tokens are computed with again
//! in each step, and once more in the end.

use crate::prove::{Answer, Ends, Failure, Prover, Question, choose};
use bfv_cert::certificate::{Lane, Layers};
use bfv_cert::digest::Digest;
use bfv_exact::commit::{Commit, all_rows, stream_root, stream_shape, tokens_root, tokens_shape};
use bfv_exact::forward::{Input, Passed, Shown, State, Trace};
use bfv_exact::requantise::Saturate;
use bfv_exact::rounding::{Arithmetic, Exact};
use bfv_exact::spec::Named;
use bfv_exact::{Matrix, Refused};

/// What a stage works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The name of the question.
    pub query: Digest,
    /// The tokens of the prompt.
    pub prompt: Vec<u32>,
    /// The tokens of the answer, as far as they are known.
    pub answer: Vec<u32>,
    /// The rows of the stage, as [`bfv_exact::forward::Place::layer`] counts them.
    pub rows: Layers,
    /// What the stage before has handed on, a row for each token; nothing for the first stage, which has the tokens.
    pub stream: Option<Matrix<i32>>,
}

/// What a step gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// What is handed on to the next stage.
    Stream(Matrix<i32>),
    /// The next token, of the last stage.
    Token(u32),
}

impl Task {
    /// What goes into the block of these tokens.
    fn input<'a>(&self, tokens: &'a [u32], from: usize) -> Result<Input<'a>, Refused> {
        let Some(stream) = &self.stream else { return Ok(Input::Tokens(tokens)) };
        let rows = from * stream.cols()..(from + tokens.len()) * stream.cols();
        let entries = stream.entries().get(rows).unwrap_or_default().to_vec();
        Ok(Input::Stream(Matrix::new(PLACE, tokens.len(), stream.cols(), entries)?))
    }

    /// All tokens that are known.
    fn tokens(&self) -> Result<Vec<u32>, Refused> {
        if self.prompt.is_empty() {
            return Err(Refused::new("a stage", "the prompt has no tokens"));
        }
        Ok([self.prompt.as_slice(), &self.answer].concat())
    }

    /// That the stream, where there is one, has a row for each of so many tokens.
    fn covers(&self, tokens: usize) -> Result<(), Refused> {
        match self.stream.as_ref().map(Matrix::rows).filter(|rows| *rows != tokens) {
            Some(rows) => Err(Refused::new(PLACE, format!("it has {rows} tokens, and must have {tokens}"))),
            None => Ok(()),
        }
    }
}

/// Where what comes in is refused.
const PLACE: &str = "the input of a stage";

impl<G> Prover<G>
where
    G: Named + Saturate + Shown,
    G::Sum: Shown,
{
    /// One step: all tokens that are known go through the stage. A token that is drawn is the one that this seed gives.
    ///
    /// # Errors
    /// The model does not take the task, or what came in has another number of tokens.
    pub fn step(&self, task: &Task, seed: &[u8; 32]) -> Result<Step, Failure> {
        self.step_by(&Exact, task, seed)
    }

    /// The same with products that are computed in this way, in the exact lane.
    ///
    /// # Errors
    /// As [`Prover::step`].
    pub fn step_by<A: Arithmetic<G>>(&self, by: &A, task: &Task, seed: &[u8; 32]) -> Result<Step, Failure> {
        let tokens = task.tokens()?;
        task.covers(tokens.len())?;
        let (_, passed) = self.model().stage_by(by, State::default(), task.rows, task.input(&tokens, 0)?, &mut ())?;
        Ok(match passed {
            Passed::Stream(stream) => Step::Stream(stream),
            Passed::Logits(logits) => {
                Step::Token(choose(self.model(), &logits, &task.query, seed, task.answer.len() as u64)?)
            }
        })
    }

    /// Runs the stage for the whole answer, which is known, and commits to every intermediate. Gives what is handed on, too, where there is a next
    /// stage.
    ///
    /// # Errors
    /// The model does not take the task, what came in has another number of tokens, or the last stage chooses another token than it was told.
    pub fn stage(&self, task: &Task, seed: &[u8; 32], keep: bool) -> Result<(Answer, Option<Matrix<i32>>), Failure> {
        self.stage_by(&Exact, task, seed, keep)
    }

    /// The same with products that are computed in this way, in the exact lane.
    ///
    /// # Errors
    /// As [`Prover::stage`].
    pub fn stage_by<A: Arithmetic<G>>(
        &self,
        by: &A,
        task: &Task,
        seed: &[u8; 32],
        keep: bool,
    ) -> Result<(Answer, Option<Matrix<i32>>), Failure> {
        let spec = self.model().spec();
        let tokens = task.tokens()?;
        if task.answer.is_empty() {
            return Err(Refused::new("a stage", "the answer has no tokens").into());
        }
        // The last token is not computed with.
        let done = tokens.len().saturating_sub(1);
        task.covers(done)?;
        let commit = Commit::of(spec, task.rows)?;
        let mut commit = if keep { commit.keep() } else { commit };
        let passed = self.blocks(by, task, tokens.get(..done).unwrap_or_default(), &mut commit)?;
        let mut handed = Vec::new();
        for (i, passed) in passed.into_iter().enumerate() {
            match passed {
                Passed::Stream(stream) => handed.extend(stream.into_entries()),
                Passed::Logits(logits) => {
                    let own = choose(self.model(), &logits, &task.query, seed, i as u64)?;
                    match task.answer.get(i) {
                        Some(told) if *told != own => return Err(Failure::Told(i + 1, *told, own)),
                        _ => (),
                    }
                }
            }
        }
        let last = task.rows.end == all_rows(spec).end;
        let width = usize::try_from(spec.draft().dims.width).unwrap_or(usize::MAX);
        let handed = if last { None } else { Some(Matrix::new("a stage", done, width, handed)?) };
        let none = || Refused::new("a stage", "there are no tokens, or too many intermediates");
        let committed = commit.finish().ok_or_else(none)?;
        let of = |stream: &Matrix<i32>| Ok::<_, Failure>((stream_shape(stream)?, stream_root(stream)?));
        let of_tokens = |tokens: &[u32]| Ok::<_, Failure>((tokens_shape(tokens)?, tokens_root(tokens)?));
        let ends = Ends {
            rows: task.rows,
            input: task.stream.as_ref().map_or_else(|| of_tokens(&task.prompt), of)?,
            output: handed.as_ref().map_or_else(|| of_tokens(&task.answer), of)?,
        };
        let question = Question { query: task.query, prompt: task.prompt.clone(), count: task.answer.len() };
        let (tokens, seed) = (task.answer.clone(), last.then_some(*seed));
        Ok((Answer { question, lane: Lane::Exact, tokens, seed, committed, stage: Some(ends), after: None }, handed))
    }

    /// The blocks of an answer, the prompt first, then a token each.
    fn blocks<A: Arithmetic<G>, T: Trace>(
        &self,
        by: &A,
        task: &Task,
        tokens: &[u32],
        trace: &mut T,
    ) -> Result<Vec<Passed>, Failure> {
        let (mut state, mut out, mut from) = (State::default(), Vec::new(), 0);
        while from < tokens.len() {
            let to = if from == 0 { task.prompt.len() } else { from + 1 };
            let block = tokens.get(from..to).unwrap_or_default();
            let (next, passed) = self.model().stage_by(by, state, task.rows, task.input(block, from)?, trace)?;
            state = next;
            out.push(passed);
            from = to;
        }
        Ok(out)
    }
}
