//! Answers that come block by block: who listens to which worker, and what is said of each block and of the whole.

use crate::trust::Question;
use bfv_cert::digest::Digest;
use bfv_cert::sign::KeyId;
use bfv_driver::count;
use bfv_verify::{Listener, Verdict};

/// The most bytes of keys and values that are kept for all answers together: 256 MiB.
pub const KEPT_LIMIT: usize = 1 << 28;

/// A block as it was judged, or all of an answer.
pub struct BlockOf {
    pub verdict: Verdict,
    /// How many blocks were accepted, with this one where it is.
    pub number: usize,
    /// Which tokens of the answer it has, both from 1, where it is accepted.
    pub tokens: (usize, usize),
    /// How many tokens were asked for.
    pub asked: usize,
    /// Whether it is the whole answer.
    pub whole: bool,
}

impl BlockOf {
    /// Which part of the answer it is, after a space.
    pub fn part(&self) -> String {
        let (first, last) = self.tokens;
        match self.whole {
            true => format!(" All {} are accepted, in {}.", count(self.asked, "token"), count(self.number, "block")),
            false => format!(" Block {}, tokens {first} to {last} of {}.", self.number, self.asked),
        }
    }
}

/// Who listens to a worker that answers a question.
pub struct Stream<'a> {
    query: Digest,
    worker: KeyId,
    /// The name of the model.
    pub of: &'a str,
    listener: Listener,
    /// Whether a block came that nobody judged to the end: then what is missing was not withheld.
    left_out: bool,
}

impl Stream<'_> {
    /// What came of the whole answer. What is missing after the deadline was withheld, but where a block came that was left out.
    pub fn whole(&self, deadline: Option<u64>) -> BlockOf {
        let deadline = deadline.filter(|_| !self.left_out);
        let (verdict, asked) = (self.listener.answer(deadline), self.listener.count());
        let tokens = (1, self.listener.tokens().len());
        BlockOf { verdict, number: self.listener.blocks(), tokens, asked, whole: true }
    }

    /// The answer in words, with the name of its worker.
    pub fn place(&self, name: impl Fn(&KeyId) -> String) -> String {
        let query: String = self.query.to_string().chars().take(8).collect();
        format!("the answer of {} to question {query} in blocks", name(&self.worker))
    }

    pub fn query(&self) -> &Digest {
        &self.query
    }
}

/// All answers in blocks, in the order in which they began.
#[derive(Default)]
pub struct Streams<'a>(Vec<Stream<'a>>);

impl<'a> Streams<'a> {
    /// All that began.
    pub fn all(&self) -> &[Stream<'a>] {
        &self.0
    }

    /// Whether so much is kept already that no more is taken.
    pub fn full(&self) -> bool {
        self.0.iter().map(|s| s.listener.bytes()).fold(0, usize::saturating_add) > KEPT_LIMIT
    }

    /// Judges a block of this worker by whoever listens to it, or a first one by somebody new, who stays where it is accepted.
    pub fn block(
        &mut self,
        (question, asked): (&Question, usize),
        worker: KeyId,
        of: &'a str,
        judge: impl FnOnce(&mut Listener) -> Verdict,
    ) -> BlockOf {
        let own = self.0.iter().position(|s| s.query == question.query && s.worker == worker && s.of == of);
        let mut new = Listener::new(asked);
        let listener = own.and_then(|i| self.0.get_mut(i)).map_or(&mut new, |s| &mut s.listener);
        let before = listener.tokens().len();
        let verdict = judge(listener);
        let tokens = (before.saturating_add(1), listener.tokens().len());
        let number = listener.blocks();
        if own.is_none() && number > 0 {
            self.0.push(Stream { query: question.query, worker, of, listener: new, left_out: false });
        }
        if matches!(verdict, Verdict::Undecided(_)) {
            self.left_out(&question.query, &worker);
        }
        BlockOf { verdict, number, tokens, asked, whole: false }
    }

    /// Notes that a block of this worker was not judged to the end.
    pub fn left_out(&mut self, query: &Digest, worker: &KeyId) {
        let own = self.0.iter_mut().filter(|s| s.query == *query && s.worker == *worker);
        own.for_each(|s| s.left_out = true);
    }
}
