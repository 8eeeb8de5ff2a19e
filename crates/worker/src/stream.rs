//! Answers in blocks: some tokens are chosen, and what was computed for them is committed to by itself, so that they can be signed and judged while the next
//! ones are chosen. The first block is an answer like any other; a later one begins with the token that was chosen last.

use crate::prove::{Answer, Failure, Going, Prover, Question};
use bfv_exact::Refused;
use bfv_exact::commit::Commit;
use bfv_exact::forward::Shown;
use bfv_exact::requantise::Saturate;
use bfv_exact::rounding::Arithmetic;
use bfv_exact::spec::Named;

/// A worker in the middle of an answer, in the exact lane.
pub struct Speaker<'a, G: Named, A: Arithmetic<G>> {
    prover: &'a Prover<G>,
    by: &'a A,
    question: Question,
    seed: [u8; 32],
    keep: bool,
    going: Going<A::Held>,
}

impl<'a, G, A> Speaker<'a, G, A>
where
    G: Named + Saturate + Shown,
    G::Sum: Shown,
    A: Arithmetic<G>,
{
    /// Begins to answer. All tokens are chosen with this seed, and values are kept where they may be opened.
    pub fn new(prover: &'a Prover<G>, by: &'a A, question: Question, seed: [u8; 32], keep: bool) -> Self {
        let going = Going::new(question.prompt.clone());
        Self { prover, by, question, seed, keep, going }
    }

    /// How many tokens are left to choose.
    #[must_use]
    pub fn left(&self) -> usize {
        self.question.count.saturating_sub(usize::try_from(self.going.told).unwrap_or(usize::MAX))
    }

    /// The next tokens, at most so many, and no more than are left.
    ///
    /// # Errors
    /// The model does not take the question, or there are no tokens or too many intermediates. Then this answer has no more blocks.
    pub fn block(&mut self, tokens: usize) -> Result<Answer, Failure> {
        let spec = self.prover.model().spec();
        let count = tokens.min(self.left());
        let done = self.going.state.positions();
        let question = Question { query: self.question.query, prompt: self.going.next.clone(), count };
        let commit = Commit::new(spec);
        let mut commit = if self.keep { commit.keep() } else { commit };
        let of = (&self.question.query, &self.seed);
        let tokens = self.going.on(self.prover.model(), self.by, of, count, &mut commit)?;
        let none = || Refused::new("a block", "there are no tokens, or too many intermediates");
        let committed = commit.finish().ok_or_else(none)?;
        let after = (done > 0).then_some(done);
        Ok(Answer { after, ..Answer::new(question, tokens, self.seed, committed) })
    }
}
