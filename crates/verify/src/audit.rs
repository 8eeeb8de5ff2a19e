//! An answer computed again: products are taken as they were committed and checked, everything else follows from them.
//!
//! All tokens of prompt and answer go through each layer together, as one block: a block gives what its tokens one by one give.

use crate::cells::Cells;
use crate::challenge::Numbers;
use crate::combine::Rows;
use crate::drift::{Intervals, Near, Span, differences, gated, turned};
use crate::floats::Floats;
use crate::judge::{Case, Subject, judge_of, other};
use crate::keys::{Weight, sum_bits, weights};
use crate::product::{Combined, combined, passes, row_passes};
use crate::stage::{Split, Stage, judge_stage_of};
use crate::stream::{Listener, Past, listen_of};
use crate::verdict::{Checked, Fault, Found, Rejected, Spot, Stop, Undecided, Verdict};
use bfv_cert::Hashes;
use bfv_cert::certificate::Fields;
use bfv_cert::digest::draw_word;
use bfv_cert::envelope::Envelope;
use bfv_exact::Matrix;
use bfv_exact::commit::{all_rows, layers_of, read, stream_root, write};
use bfv_exact::forward::{Numbers as Shape, Op, Shown};
use bfv_exact::linear::{Grid, scalar};
use bfv_exact::model::Model;
use bfv_exact::requantise::Saturate;
use bfv_exact::sample::Sampler;
use bfv_exact::spec::Bits;

/// A grid that can be judged.
pub trait Judged: Weight + Shown + Grid<Sum: Saturate + Shown> {
    /// [`crate::judge`] on this grid. It is compiled in this crate, whatever the settings of who calls it.
    fn judge(envelope: &Envelope<'_>, case: &Case<'_>, subject: &Subject<Self>) -> Verdict;

    /// [`crate::judge_stage`] on this grid, likewise.
    fn judge_stage(envelope: &Envelope<'_>, case: &Case<'_>, subject: &Subject<Self>, split: &Split) -> Verdict<Stage>;

    /// [`Listener::take_read`] on this grid, likewise.
    fn listen(to: &mut Listener, envelope: &Envelope<'_>, case: &Case<'_>, subject: &Subject<Self>) -> Verdict;
}

macro_rules! judged {
    ($($t:ty),*) => {$(
        impl Judged for $t {
            fn judge(envelope: &Envelope<'_>, case: &Case<'_>, subject: &Subject<$t>) -> Verdict {
                judge_of(envelope, case, subject)
            }

            fn judge_stage(envelope: &Envelope<'_>, case: &Case<'_>, subject: &Subject<$t>, split: &Split) -> Verdict<Stage> {
                judge_stage_of(envelope, case, subject, split)
            }

            fn listen(to: &mut Listener, envelope: &Envelope<'_>, case: &Case<'_>, subject: &Subject<$t>) -> Verdict {
                listen_of(to, envelope, case, subject)
            }
        }
    )*};
}
judged!(i8, i16);

/// What an audit works on.
pub(crate) struct Audit<'a, 'e, G> {
    pub(crate) model: &'a Model<G>,
    pub(crate) cells: &'a Cells<'a>,
    pub(crate) numbers: &'a Numbers<'a>,
    /// Prompt and answer, or the last token before a block, and the block.
    pub(crate) tokens: &'a [u32],
    /// What was accepted before, where this continues it.
    pub(crate) past: Option<&'a Past>,
    /// Keys and values of each layer, for whoever wants to go on from here.
    pub(crate) made: Option<&'a mut Vec<Made>>,
    /// In a lane of floats, how products are checked there.
    pub(crate) floats: Option<Floats<'a>>,
    /// Where the intervals are noted, for whoever wants them.
    pub(crate) noted: Option<&'a mut Vec<Intervals>>,
    pub(crate) checked: Checked,
    /// The hashes of opened values, as far as they were made.
    pub(crate) hashes: &'a mut Hashes<'e>,
}

/// Keys and values of a layer, with a row for each token.
pub(crate) type Made = (Matrix<i16>, Matrix<i16>);

/// The input of linear layers: the tokens, and their combinations.
pub(crate) struct Input<G> {
    pub(crate) numbers: Near<G>,
    pub(crate) combined: Combined,
}

impl<G: Judged> Audit<'_, '_, G> {
    /// Computes everything in the rows of the layout. `seed` and the question are for the sampler; what passes from stage to stage must have
    /// the roots that these fields of the certificate name.
    pub(crate) fn run(&mut self, seed: Option<&[u8; 32]>, fields: &Fields) -> Result<(), Stop> {
        let spec = self.model.spec();
        let rows = self.cells.layout.rows();
        let mut hidden = self.incoming(fields)?;
        let own = layers_of(spec, rows)?;
        let all = (1..).zip(spec.draft().layers.iter().zip(&self.model.weights().layers));
        for (layer, (spec, weights)) in all.skip(own.start).take(own.len()) {
            let x = hidden.normed::<G>(spec.first_norm, &weights.first_gains)?;
            self.compare(layer, Op::FirstNorm, &x)?;
            let x = self.input(x)?;
            let q = self.linear(layer, Op::QuerySums, &x)?;
            let k = self.linear(layer, Op::KeySums, &x)?;
            let v = self.linear(layer, Op::ValueSums, &x)?;
            let first = self.start(0);
            let (q, k) = (turned(self.model, spec.query, &q, first)?, turned(self.model, spec.key, &k, first)?);
            let v = v.scaled(spec.value);
            self.compare(layer, Op::Queries, &q)?;
            self.compare(layer, Op::Keys, &k)?;
            self.compare(layer, Op::Values, &v)?;
            let mixed = self.attend(layer, spec, [&q, &k, &v])?;
            if let Some(made) = &mut self.made {
                made.push((k.own, v.own));
            }
            self.compare(layer, Op::Mixed, &mixed)?;
            let sums = self.linear(layer, Op::OutputSums, &self.input(mixed)?)?;
            hidden = hidden.plus::<G>(spec.output, &sums)?;
            self.compare(layer, Op::AfterAttention, &hidden)?;
            let x = hidden.normed::<G>(spec.second_norm, &weights.second_gains)?;
            self.compare(layer, Op::SecondNorm, &x)?;
            let x = self.input(x)?;
            let gate = self.linear(layer, Op::GateSums, &x)?;
            let up = self.linear(layer, Op::UpSums, &x)?;
            let x = gated(self.model, spec, (&gate, &up))?;
            self.compare(layer, Op::Gated, &x)?;
            let sums = self.linear(layer, Op::DownSums, &self.input(x)?)?;
            hidden = hidden.plus::<G>(spec.down, &sums)?;
            self.compare(layer, Op::AfterLayer, &hidden)?;
        }
        if rows.end == all_rows(spec).end {
            self.answer(&hidden, seed, fields)?;
        } else if stream_root(&hidden.own)? != fields.output_root {
            return Err(other("output root", fields.output_root));
        }
        Ok(())
    }

    /// The embedding of the tokens, or what came from the stage before, as the worker has committed to it.
    fn incoming(&mut self, fields: &Fields) -> Result<Near<i32>, Stop> {
        // The last token of the answer was not computed with.
        let done = self.tokens.len().saturating_sub(1);
        let Some(row) = self.cells.layout.input_row() else {
            let hidden = self.model.embed(self.tokens.get(..done).unwrap_or_default())?;
            let hidden = Near::same(hidden);
            self.compare(0, Op::AfterLayer, &hidden)?;
            return Ok(hidden);
        };
        let mut entries = Vec::new();
        for block in 0..self.cells.layout.shape().blocks {
            if let Some((form, bytes)) = self.cells.get(block, row, Op::AfterLayer) {
                read(bytes, form.width, &mut entries);
            }
        }
        let hidden = Matrix::new("what comes in", done, size(self.model.spec().draft().dims.width), entries)?;
        if stream_root(&hidden)? != fields.input {
            return Err(other("input", fields.input));
        }
        Ok(Near::same(hidden))
    }

    /// The head, for the last token of each block, and the sampler.
    fn answer(&mut self, hidden: &Near<i32>, seed: Option<&[u8; 32]>, fields: &Fields) -> Result<(), Stop> {
        let draft = self.model.spec().draft();
        let layer = u32::try_from(draft.layers.len()).unwrap_or(u32::MAX).saturating_add(1);
        let prompt = self.start(1) - self.start(0);
        let x = hidden.last_rows(prompt - 1)?.normed::<G>(draft.last_norm, &self.model.weights().last_gains)?;
        self.compare(layer, Op::LastNorm, &x)?;
        let sums = self.linear(layer, Op::HeadOutput, &self.input(x)?)?;
        let logits = sums.scaled::<i32>(draft.head);
        self.compare(layer, Op::Logits, &logits)?;
        let mut tokens = Vec::new();
        let before = self.past.map_or(0, Past::answered);
        for (i, said) in self.tokens.iter().skip(prompt).enumerate() {
            let word = match (draft.sampler, seed) {
                (Sampler::Greedy, _) => 0,
                (Sampler::Draw(_), Some(seed)) => draw_word(seed, &fields.query, (before + i) as u64),
                (Sampler::Draw(_), None) => return Err(Stop::Undecided(Undecided::Seed)),
            };
            let row = logits.own.row(i);
            let chosen = draft.sampler.choose(self.model.powers(), row, word)?;
            let token = self.position(Op::Logits, i).saturating_add(1);
            if u32::try_from(chosen).ok() != Some(*said) {
                let spot = Spot { layer, op: Op::Logits, token };
                let chosen = u32::try_from(chosen).unwrap_or(u32::MAX);
                return Err(Fault { spot, found: Found::Sampled(*said, chosen) }.into());
            }
            tokens.push((token, row, chosen));
        }
        // That a token is wrong is said before that another one is uncertain.
        if let Some(spans) = &logits.spans {
            for ((token, row, chosen), spans) in tokens.into_iter().zip(spans.each_row()) {
                certain(draft.sampler, token, row, spans, chosen).map_err(Stop::Undecided)?;
                self.checked.drift = self.checked.drift.max(differences(row, spans).0);
            }
        }
        Ok(())
    }

    /// The position of the first token of a block.
    pub(crate) fn start(&self, block: u32) -> usize {
        size(self.cells.layout.block(block).0)
    }

    /// The position that the row of a matrix stands for, which has a row for each token or for the last of each block.
    pub(crate) fn position(&self, op: Op, row: usize) -> u32 {
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        match op {
            Op::LastNorm | Op::HeadOutput | Op::Logits => self.cells.layout.block(row.saturating_add(1)).0 - 1,
            _ => row.saturating_add(self.cells.layout.block(0).0),
        }
    }

    /// What goes into linear layers, with its combinations.
    fn input(&self, numbers: Near<G>) -> Result<Input<G>, Stop> {
        let (bits, width) = match G::BITS {
            Bits::Eight => (7, 1),
            Bits::Sixteen => (15, 2),
        };
        let mut bytes = Vec::new();
        write(shown(&numbers.own), width, &mut bytes);
        let rows = Rows { rows: bytes.chunks(numbers.own.cols() * width).collect(), width };
        match combined(&rows, bits, &self.numbers.coefficients) {
            Some(combined) => Ok(Input { numbers, combined }),
            // Every number of the grid has so many bits, and there are as many coefficients as tokens.
            None => Err(Stop::Undecided(Undecided::Keys)),
        }
    }

    /// The committed sums of a linear layer for all tokens, checked.
    fn linear(&mut self, layer: u32, op: Op, x: &Input<G>) -> Result<Near<G::Sum>, Stop> {
        let (mut sums, mut residuals) = (Vec::new(), Vec::new());
        let mut rows = Rows { rows: Vec::new(), width: 1 };
        let mut cols = 0;
        for block in 0..self.cells.layout.shape().blocks {
            if let Some((form, bytes)) = self.cells.get(block, layer, op) {
                let (bytes, behind) = form.split(bytes);
                read(bytes, form.width, &mut sums);
                if form.residual > 0 {
                    read(behind, form.residual, &mut residuals);
                }
                rows.rows.extend(bytes.chunks(form.cols * form.width));
                (cols, rows.width) = (form.cols, form.width);
            }
        }
        let own = &x.numbers.own;
        let y = Matrix::new("committed sums", own.rows(), cols, sums)?;
        self.checked.products += y.entries().len() as u64;
        let bits = sum_bits(G::BITS, own.cols());
        if let Some(floats) = self.floats {
            let near = self.near((layer, op), floats, x, (y, &rows, residuals), bits)?;
            self.hash(layer, op);
            self.notes(layer, op, &near);
            return Ok(near);
        }
        self.exactly((layer, op), x, &y, &rows, bits)?;
        self.hash(layer, op);
        let near = Near::same(y);
        self.notes(layer, op, &near);
        Ok(near)
    }

    /// That sums are those of the exact product, as far as random numbers can tell.
    pub(crate) fn exactly(
        &self,
        (layer, op): (u32, Op),
        x: &Input<G>,
        y: &Matrix<G::Sum>,
        rows: &Rows<'_>,
        bits: u32,
    ) -> Result<(), Stop> {
        let combined_y = combined(rows, bits, &self.numbers.coefficients);
        if combined_y.is_some_and(|y| passes(self.numbers.keys.of(layer, op), &x.combined, &y)) {
            return Ok(());
        }
        Err(self.locate((layer, op), &x.numbers.own, y, bits, Found::Product))
    }

    /// Hashes a value of all blocks, which was just read and is still in the cache: reading it from memory is a large part of the cost.
    fn hash(&mut self, layer: u32, op: Op) {
        for block in 0..self.cells.layout.shape().blocks {
            if let Some(at) = self.cells.at(block, layer, op) {
                self.hashes.hash(at);
            }
        }
    }

    /// Which entry of a product is wrong: the product is computed for the first token that does not pass.
    pub(crate) fn locate<Y: Copy + Into<i64>>(
        &self,
        (layer, op): (u32, Op),
        x: &Matrix<G>,
        y: &Matrix<Y>,
        y_bits: u32,
        wrong: fn(usize, i64, i64) -> Found,
    ) -> Stop {
        let keys = self.numbers.keys.of(layer, op);
        let beyond = |y: &[Y]| y.iter().any(|&y| i128::from(y.into()).abs() >= 1 << y_bits);
        let fails = |x: &[G], y: &[Y]| beyond(y) || keys.iter().any(|key| !row_passes(key, x, y));
        let Some((t, x, y)) =
            (0..).zip(x.each_row().zip(y.each_row())).map(|(t, (x, y))| (t, x, y)).find(|(_, x, y)| fails(x, y))
        else {
            return Stop::Undecided(Undecided::Keys);
        };
        let exact = || {
            let w = weights(self.model, layer, op)?;
            scalar(w, &Matrix::new("a token", 1, x.len(), x.to_vec()).ok()?).ok()
        };
        let Some(exact) = exact() else { return Stop::Undecided(Undecided::Keys) };
        let found = (0..).zip(y.iter().zip(exact.entries())).map(|(i, (&y, &e))| (i, y.into(), e.into()));
        match found.into_iter().find(|(_, y, e): &(usize, i64, i64)| y != e) {
            Some((i, y, e)) => {
                let spot = Spot { layer, op, token: self.position(op, t) };
                Fault { spot, found: wrong(i, y, e) }.into()
            }
            // A right product passes every check of its own keys.
            None => Stop::Undecided(Undecided::Keys),
        }
    }

    /// Notes where the model's values of an operation lie.
    fn notes<T: Copy + Into<i64>>(&mut self, layer: u32, op: Op, near: &Near<T>) {
        if let Some(noted) = &mut self.noted {
            noted.push(Intervals { layer, op, spans: near.all_spans() });
        }
    }

    /// What was opened of an operation is what was computed.
    pub(crate) fn compare<T: Shown + Saturate>(&mut self, layer: u32, op: Op, near: &Near<T>) -> Result<(), Stop> {
        let m = &near.own;
        self.notes(layer, op, near);
        self.checked.computed += m.entries().len() as u64;
        let mut row = 0;
        for block in 0..self.cells.layout.shape().blocks {
            let Some(form) = self.cells.layout.form(block, layer, op) else { continue };
            let part = m.entries().get(row * m.cols()..(row + form.rows) * m.cols()).unwrap_or_default();
            if let Some((_, bytes)) = self.cells.get(block, layer, op) {
                let part = Matrix::new("a block", form.rows, m.cols(), part.to_vec())?;
                self.same(layer, op, self.position(op, row), &part, form.width, bytes)?;
            }
            row += form.rows;
        }
        Ok(())
    }

    /// The bytes are those of this matrix, whose first row has this position.
    pub(crate) fn same<T: Shown + Saturate>(
        &mut self,
        layer: u32,
        op: Op,
        position: u32,
        m: &Matrix<T>,
        width: usize,
        bytes: &[u8],
    ) -> Result<(), Stop> {
        let mut own = Vec::new();
        write(shown(m), width, &mut own);
        if own == bytes {
            self.checked.compared += m.entries().len() as u64;
            return Ok(());
        }
        let mut claimed = Vec::<i64>::new();
        read(bytes, width, &mut claimed);
        let found = (0..).zip(m.entries().iter().zip(&claimed)).map(|(i, (&e, &c))| (i, c, e.into()));
        let (i, claimed, exact) = found.into_iter().find(|(_, c, e)| c != e).unwrap_or_default();
        let (row, col) = (i / m.cols(), i % m.cols());
        let spot = Spot { layer, op, token: position.saturating_add(u32::try_from(row).unwrap_or(u32::MAX)) };
        Err(Fault { spot, found: Found::Computed(col, claimed, exact) }.into())
    }
}

fn shown<T: Shown>(m: &Matrix<T>) -> Shape<'_> {
    T::shown(m)
}

/// That the sampler chooses this token of the model's logits, wherever they lie in their intervals. The largest logit is certainly that of the token when
/// its lower end is above the upper ends of all others, or reaches those of higher index. A draw depends on all logits, so none may be uncertain.
fn certain(sampler: Sampler, token: u32, own: &[i32], spans: &[Span], chosen: usize) -> Result<(), Undecided> {
    let logit = |i: usize| own.get(i).copied().map_or(0, i64::from);
    let span = |i: usize| spans.get(i).copied().unwrap_or((i64::MIN, i64::MAX));
    match sampler {
        Sampler::Draw(_) => match differences(own, spans) {
            (0, _) => Ok(()),
            (drift, _) => Err(Undecided::Drawn(token, drift)),
        },
        Sampler::Greedy => {
            let (low, _) = span(chosen);
            let rivals = |i: &usize| *i != chosen && (span(*i).1 > low || (span(*i).1 == low && *i < chosen));
            // Of all that might be chosen, the one that may be largest.
            match (0..own.len()).filter(rivals).max_by_key(|i| span(*i).1) {
                None => Ok(()),
                Some(rival) => {
                    let margin = logit(chosen).abs_diff(logit(rival));
                    Err(Undecided::Drift { token, margin, drift: margin.saturating_add(span(rival).1.abs_diff(low)) })
                }
            }
        }
    }
}

/// A number of tokens or a position as a length.
pub(crate) fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// All tokens are in the vocabulary.
pub(crate) fn vocabulary(tokens: &[u32], vocab: u32) -> Result<(), Stop> {
    match tokens.iter().find(|t| **t >= vocab) {
        Some(t) => Err(Stop::Rejected(Rejected::Token(*t, vocab))),
        None => Ok(()),
    }
}
