//! Answers of float models that can be computed again bit for bit: the operations of [`bfv_replay`] with the float unit of the processor.
//!
//! Sums are made eight side by side, each in the reference order: one product after the other, both rounded to single precision. Nothing is fused, as the
//! compiler never does that by itself, and subnormal numbers are kept, as nobody here changes how the processor rounds.

use crate::prove::{Answer, Circumstances, Failure, Question, certify};
use crate::single::execution;
use bfv_cert::certificate::{Body, Certificate, Execution, Lane, Layers, trace_content};
use bfv_cert::merkle::Builder;
use bfv_cert::sign::SecretKey;
use bfv_exact::commit::Committed;
use bfv_exact::rope::angles;
use bfv_exact::{Refused, fixed};
use bfv_replay::card::REFERENCE;
use bfv_replay::draw::tiles;
use bfv_replay::forward;
use bfv_replay::layout::Layout;
use bfv_replay::spec::Turns;
use bfv_replay::weights::Model;
use bfv_replay::{Format, Machine};

/// Sums that are made side by side.
const SIDE: usize = 8;

/// The float unit of the processor, in the reference order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hard;

fn both(a: u32, b: u32, f: impl FnOnce(f32, f32) -> f32) -> u32 {
    f(f32::from_bits(a), f32::from_bits(b)).to_bits()
}

impl Machine for Hard {
    fn add(&self, a: u32, b: u32) -> u32 {
        both(a, b, |a, b| a + b)
    }

    fn mul(&self, a: u32, b: u32) -> u32 {
        both(a, b, |a, b| a * b)
    }

    fn div(&self, a: u32, b: u32) -> u32 {
        both(a, b, |a, b| a / b)
    }

    fn sqrt(&self, a: u32) -> u32 {
        f32::from_bits(a).sqrt().to_bits()
    }

    fn dot(&self, a: &[u32], b: &[u32]) -> u32 {
        let products = a.iter().zip(b).map(|(a, b)| f32::from_bits(*a) * f32::from_bits(*b));
        products.fold(0f32, |sum, x| sum + x).to_bits()
    }

    fn rows(&self, format: Format, matrix: &[u16], x: &[u32]) -> Vec<u32> {
        let x: Vec<f32> = x.iter().map(|x| f32::from_bits(*x)).collect();
        match format {
            // The upper half of a float of 32 bits.
            Format::Bf16 => rows(matrix, &x, |w| f32::from_bits(u32::from(w) << 16)),
            _ => rows(matrix, &x, |w| f32::from_bits(format.widen(w.into()))),
        }
    }
}

/// The dot product of each row with a list as long as a row, some of them side by side.
fn rows(matrix: &[u16], x: &[f32], widen: impl Fn(u16) -> f32) -> Vec<u32> {
    let width = x.len().max(1);
    let mut out = Vec::with_capacity(matrix.len() / width);
    let mut blocks = matrix.chunks_exact(width * SIDE);
    for block in blocks.by_ref() {
        let mut all = block.chunks_exact(width);
        let [a, b, c, d, e, f, g, h] = std::array::from_fn(|_| all.next().unwrap_or_default());
        let columns = a.iter().zip(b).zip(c).zip(d).zip(e).zip(f).zip(g).zip(h);
        let sums = x.iter().zip(columns).fold([0f32; SIDE], |sums, (x, columns)| {
            let (((((((a, b), c), d), e), f), g), h) = columns;
            let [p, q, r, s, t, u, v, w] = sums;
            let next = |sum: f32, entry: &u16| sum + widen(*entry) * x;
            // Written out, so that all of them stay in registers.
            [next(p, a), next(q, b), next(r, c), next(s, d), next(t, e), next(u, f), next(v, g), next(w, h)]
        });
        out.extend(sums.map(f32::to_bits));
    }
    for row in blocks.remainder().chunks_exact(width) {
        let sum = row.iter().zip(x).fold(0f32, |sum, (w, x)| sum + widen(*w) * x);
        out.push(sum.to_bits());
    }
    out
}

/// A float model that answers with certificates.
pub struct Runner {
    model: Model,
}

impl Runner {
    /// For this model.
    #[must_use]
    pub fn new(model: Model) -> Runner {
        Runner { model }
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What its certificates say of how an answer is computed; nothing where there are no tokens of prompt or answer, or too many for a batch.
    #[must_use]
    pub fn execution(&self, prompt: usize, answer: usize) -> Option<Execution> {
        execution(REFERENCE.kernel(), REFERENCE.device, prompt, answer)
    }

    /// Answers, and commits to every value. They are kept where they may be opened later.
    ///
    /// # Errors
    /// The model does not take the question, or a value is infinite or no number.
    pub fn answer(&self, question: Question, keep: bool) -> Result<Answer, Failure> {
        self.answer_by(&Hard, question, keep)
    }

    /// The same with another machine, which must compute as [`Hard`] where its answers are to be accepted.
    ///
    /// # Errors
    /// As [`Runner::answer`].
    pub fn answer_by<M: Machine>(&self, machine: &M, question: Question, keep: bool) -> Result<Answer, Failure> {
        let layout = Layout::new(self.model.spec(), question.prompt.len(), question.count)?;
        let draft = self.model.spec().draft();
        let all = angles(draft.head_width, draft.rope_base, layout.tokens())?;
        let pairs = usize::try_from(draft.head_width / 2).unwrap_or(usize::MAX);
        let turns = Turns::new(pairs, fixed::BITS.cast_signed(), all);
        let (mut builder, mut cells) = (Builder::new(), Vec::new());
        let asked = (question.prompt.as_slice(), question.count);
        let tokens = forward::answer(machine, &self.model, &turns, asked, &mut |place, cell| {
            let bytes = place.map_or_else(Vec::new, |place| layout.bytes(place.op, cell));
            builder.push(trace_content(&bytes));
            if keep {
                cells.push(bytes);
            }
        })?;
        let none = || Refused::new("an answer", "there are no values, or too many");
        let tree = builder.finish().ok_or_else(none)?;
        let committed = Committed { tree, shape: layout.shape(), cells };
        Ok(Answer { question, lane: Lane::Replay, tokens, seed: None, committed, stage: None, after: None })
    }

    /// The certificate of an answer.
    ///
    /// # Errors
    /// The fields contradict each other, or there is no kernel.
    pub fn certify(&self, answer: &Answer, c: &Circumstances, key: &SecretKey) -> Result<Certificate, Failure> {
        let all = Layers { start: 0, end: answer.committed.shape.layers };
        certify((*self.model.root(), self.model.spec().root()), all, (answer, None), c, key)
    }

    /// The leaves that a verifier needs who draws so many tiles by hashes of this certificate.
    ///
    /// # Errors
    /// The answer is not one of this model.
    pub fn needed(&self, answer: &Answer, body: &Body, drawn: u64) -> Result<Vec<u64>, Failure> {
        let layout = Layout::new(self.model.spec(), answer.question.prompt.len(), answer.tokens.len())?;
        Ok(layout.needed(tiles(&body.challenge(&[]), drawn, layout.tiles()).numbers()))
    }
}
