//! Votes: the answer that enough workers have given to one question. Answers are compared with all their tokens.
//!
//! A rule is refused where two answers could both have enough support. So whoever counts, and whichever answers are left out, no second answer
//! can come of the same workers, as long as each has one answer to a question, which whoever judges sees to.

use crate::refused::Refused;
use bfv_cert::certificate::PARENT_LIMIT;
use bfv_cert::digest::{Digest, vote_root};

const PLACE: &str = "the rule of a vote";

/// How many workers have a vote, and how many must give one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    workers: usize,
    quorum: usize,
}

impl Rule {
    /// A rule.
    ///
    /// # Errors
    /// There are no workers or more than [`PARENT_LIMIT`], the quorum is larger than their number, or two answers could both have it: two
    /// disjoint quorums fit when twice the quorum is at most the number of workers.
    pub fn new(workers: usize, quorum: usize) -> Result<Rule, Refused> {
        let fail = |why: String| Err(Refused::new(PLACE, why));
        if workers == 0 || workers > PARENT_LIMIT {
            return fail(format!("it has {workers} workers, and 1 to {PARENT_LIMIT} are possible"));
        }
        if quorum > workers {
            return fail(format!("the quorum is {quorum}, and there are only {workers} workers"));
        }
        if quorum.saturating_mul(2) <= workers {
            return fail(format!("two answers could both have the quorum of {quorum} of {workers} workers"));
        }
        Ok(Rule { workers, quorum })
    }

    /// How many workers have a vote.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// How many must give one answer.
    #[must_use]
    pub fn quorum(&self) -> usize {
        self.quorum
    }

    /// What a certificate names as the specification.
    #[must_use]
    pub fn root(&self) -> Digest {
        vote_root(self.workers as u64, self.quorum as u64)
    }
}

/// How many of these answers are this one.
pub fn support<T: PartialEq>(answers: &[T], answer: &T) -> usize {
    answers.iter().filter(|other| *other == answer).count()
}

/// The answer with the most support, and how many have given it; of several the first one.
pub fn leading<T: PartialEq>(answers: &[T]) -> Option<(&T, usize)> {
    let mut best: Option<(&T, usize)> = None;
    for answer in answers {
        let n = support(answers, answer);
        if best.is_none_or(|(_, most)| n > most) {
            best = Some((answer, n));
        }
    }
    best
}

/// What a certificate commits to as the input of a vote: of each answer its length and its tokens, in the order of the certificates that it
/// names.
pub fn ballots(answers: &[&[i64]]) -> Vec<i64> {
    let one = |answer: &&[i64]| {
        // A certificate cannot have so many tokens.
        let length = i64::try_from(answer.len()).unwrap_or(i64::MAX);
        std::iter::once(length).chain(answer.iter().copied()).collect::<Vec<_>>()
    };
    answers.iter().flat_map(one).collect()
}
