//! The streaming step over whole numbers: the model that is committed to, run and verified.
//!
//! Weights, scales and every operation between them are those of `bfv_exact::model`, and attention is that of `bfv_exact::attention`, over the keys of the
//! chunk that is read followed by those of the own chunk. So where there is one chunk only, a step shows what `Model::forward` shows, bit for bit; and a
//! block of tokens that lies in one chunk has for each head one product of queries with at most `2 C` keys and one of weights with as many values,
//! which a verifier checks like those of any other model.

use crate::shape::Sight;
use bfv_exact::attention::{Attention, Mask};
use bfv_exact::forward::{Op, Place, Shown, Trace};
use bfv_exact::linear::vectored;
use bfv_exact::model::{Layer, Model};
use bfv_exact::requantise::Saturate;
use bfv_exact::spec::{LayerSpec, Named};
use bfv_exact::{Matrix, Refused};
use std::collections::VecDeque;

/// Where a step refuses something.
const STEP: &str = "a step of a butterfly model";

/// A model of whole numbers whose layers pair chunks.
#[derive(Debug, Clone)]
pub struct Exact<G> {
    model: Model<G>,
    chunk: usize,
    digits: Vec<u32>,
}

/// Keys and values of a chunk, as far as they are there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Chunk {
    keys: Matrix<i16>,
    values: Matrix<i16>,
}

/// What is kept of a stream: for a layer that pairs by digit l the last `2^l + 1` chunks at most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    positions: usize,
    layers: Vec<VecDeque<Chunk>>,
}

impl State {
    /// How many positions are done.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// How many keys each layer keeps.
    #[must_use]
    pub fn kept(&self) -> Vec<usize> {
        self.layers.iter().map(|l| l.iter().map(|c| c.keys.rows()).sum()).collect()
    }
}

/// A trace with the place that does not change within a layer.
struct Shower<'a, T> {
    trace: &'a mut T,
    layer: u32,
    first: u32,
}

impl<T: Trace> Shower<'_, T> {
    fn show<N: Shown>(&mut self, op: Op, m: &Matrix<N>) {
        self.trace.see(Place { layer: self.layer, op, first: self.first }, N::shown(m));
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl<G: Named + Saturate + Shown> Exact<G>
where
    G::Sum: Shown,
{
    /// A model with a chunk length and what each layer pairs.
    ///
    /// # Errors
    /// The chunk is empty, the model has another number of layers or a window of its own, or a layer looks ahead.
    pub fn new(model: Model<G>, chunk: usize, sights: &[Sight]) -> Result<Self, Refused> {
        let draft = model.spec().draft();
        let refuse = |why: String| Err(Refused::new("a butterfly model", why));
        if chunk == 0 || sights.len() != draft.layers.len() {
            return refuse(format!(
                "{} pairings of chunks of {chunk} do not fit {} layers",
                sights.len(),
                draft.layers.len()
            ));
        }
        if draft.window.is_some() {
            return refuse("its specification has a window, and chunks say what is seen".to_owned());
        }
        let back = |s: &Sight| match s {
            Sight::Back(l) if *l < usize::BITS => Some(*l),
            Sight::Back(_) | Sight::Flip(_) => None,
        };
        match sights.iter().map(back).collect::<Option<Vec<u32>>>() {
            Some(digits) => Ok(Self { model, chunk, digits }),
            None => refuse("a layer looks ahead, or too far back".to_owned()),
        }
    }

    /// The model of whole numbers.
    #[must_use]
    pub fn model(&self) -> &Model<G> {
        &self.model
    }

    /// The next tokens: the state after them, and the logits of the last. Tokens are taken in blocks that end with their chunk, and how they are
    /// handed over changes no number. When they are refused, the state is gone.
    ///
    /// # Errors
    /// There are none, one is not in the vocabulary, they exceed the positions, or the state is of another model.
    pub fn forward<T: Trace>(
        &self,
        mut state: State,
        tokens: &[u32],
        trace: &mut T,
    ) -> Result<(State, Vec<i32>), Refused> {
        if state.layers.is_empty() {
            state.layers = vec![VecDeque::new(); self.digits.len()];
        }
        if state.layers.len() != self.digits.len() {
            return Err(Refused::new(STEP, "the state is of another model"));
        }
        let most = self.model.spec().draft().dims.positions;
        if !u32::try_from(state.positions.saturating_add(tokens.len())).is_ok_and(|n| n <= most) {
            let why = format!("{} tokens from position {} exceed {most} positions", tokens.len(), state.positions);
            return Err(Refused::new(STEP, why));
        }
        let mut rest = tokens;
        let mut logits = None;
        while !rest.is_empty() {
            let room = self.chunk - state.positions % self.chunk;
            let (block, after) = rest.split_at(room.min(rest.len()));
            logits = Some(self.block(&mut state, block, after.is_empty(), trace)?);
            rest = after;
        }
        match logits.flatten() {
            Some(logits) => Ok((state, logits)),
            None => Err(Refused::new(STEP, "there are no tokens")),
        }
    }

    /// Tokens of one chunk; the head is computed for the last block only.
    fn block<T: Trace>(
        &self,
        state: &mut State,
        tokens: &[u32],
        last: bool,
        trace: &mut T,
    ) -> Result<Option<Vec<i32>>, Refused> {
        let draft = self.model.spec().draft();
        let first = state.positions;
        let mut show = Shower { trace, layer: 0, first: number(first) };
        let mut hidden = self.model.embed(tokens)?;
        show.show(Op::AfterLayer, &hidden);
        let layers =
            draft.layers.iter().zip(&self.model.weights().layers).zip(self.digits.iter().zip(&mut state.layers));
        for (layer, (digit, kept)) in layers {
            show.layer += 1;
            hidden = self.attend(layer, *digit, kept, first, &hidden, &mut show)?;
            hidden = self.feed(layer, &hidden, &mut show)?;
        }
        state.positions = first.saturating_add(tokens.len());
        if !last {
            return Ok(None);
        }
        show.layer += 1;
        let row = hidden.row(hidden.rows().saturating_sub(1)).to_vec();
        let row = Matrix::new(STEP, 1, row.len(), row)?;
        let normed = Model::norm(draft.last_norm, &self.model.weights().last_gains, &row)?;
        show.show(Op::LastNorm, &normed);
        let sums = vectored(&self.model.weights().head, &normed)?;
        show.show(Op::HeadOutput, &sums);
        let logits = self.model.logits(&sums);
        show.show(Op::Logits, &logits);
        Ok(Some(logits.into_entries()))
    }

    /// The first half of a layer. The keys and values of the block go into what is kept.
    fn attend<T: Trace>(
        &self,
        (spec, weights): (&LayerSpec, &Layer<G>),
        digit: u32,
        kept: &mut VecDeque<Chunk>,
        first: usize,
        hidden: &Matrix<i32>,
        show: &mut Shower<'_, T>,
    ) -> Result<Matrix<i32>, Refused> {
        let x: Matrix<G> = Model::norm(spec.first_norm, &weights.first_gains, hidden)?;
        show.show(Op::FirstNorm, &x);
        let (q, k, v) = (vectored(&weights.query, &x)?, vectored(&weights.key, &x)?, vectored(&weights.value, &x)?);
        show.show(Op::QuerySums, &q);
        show.show(Op::KeySums, &k);
        show.show(Op::ValueSums, &v);
        let (q, k) = (self.model.turn(spec.query, &q, first)?, self.model.turn(spec.key, &k, first)?);
        let v = spec.value.apply_all(&v);
        show.show(Op::Queries, &q);
        show.show(Op::Keys, &k);
        show.show(Op::Values, &v);
        let far = 1usize << digit;
        match kept.back_mut() {
            Some(own) if !first.is_multiple_of(self.chunk) => {
                own.keys.append(&k)?;
                own.values.append(&v)?;
            }
            _ => kept.push_back(Chunk { keys: k, values: v }),
        }
        while kept.len() > far + 1 {
            kept.pop_front();
        }
        let (keys, values, before) = seen(kept, far)?;
        let mask = Mask { first: before + first % self.chunk, window: None };
        let attention = Attention { powers: self.model.powers(), scale: spec.score, mask };
        let width = usize::try_from(self.model.spec().draft().dims.head_width).unwrap_or(usize::MAX);
        let mut mixed = Matrix::filled(STEP, q.rows(), q.cols(), G::default())?;
        attention.grouped(width, [&q, &keys, &values], |h, head| {
            show.show(Op::Scores(number(h)), &head.scores);
            show.show(Op::Weights(number(h)), &head.weights);
            show.show(Op::HeadSums(number(h)), &head.sums);
            let columns = Model::<G>::mix(spec, &head.weights, &head.sums)?;
            for (row, columns) in mixed.each_row_mut().zip(columns.each_row()) {
                row.iter_mut().skip(h * width).zip(columns).for_each(|(to, from)| *to = *from);
            }
            Ok(())
        })?;
        show.show(Op::Mixed, &mixed);
        let sums = vectored(&weights.output, &mixed)?;
        show.show(Op::OutputSums, &sums);
        let hidden = Model::<G>::add(spec.output, hidden, &sums)?;
        show.show(Op::AfterAttention, &hidden);
        Ok(hidden)
    }

    /// The second half of a layer.
    fn feed<T: Trace>(
        &self,
        (spec, weights): (&LayerSpec, &Layer<G>),
        hidden: &Matrix<i32>,
        show: &mut Shower<'_, T>,
    ) -> Result<Matrix<i32>, Refused> {
        let x: Matrix<G> = Model::norm(spec.second_norm, &weights.second_gains, hidden)?;
        show.show(Op::SecondNorm, &x);
        let (gate, up) = (vectored(&weights.gate, &x)?, vectored(&weights.up, &x)?);
        show.show(Op::GateSums, &gate);
        show.show(Op::UpSums, &up);
        let x = self.model.gated(spec, &gate, &up)?;
        show.show(Op::Gated, &x);
        let sums = vectored(&weights.down, &x)?;
        show.show(Op::DownSums, &sums);
        let hidden = Model::<G>::add(spec.down, hidden, &sums)?;
        show.show(Op::AfterLayer, &hidden);
        Ok(hidden)
    }
}

/// The keys and values that the last chunk sees: those of the chunk so far before it, where that is kept, then its own; and how many are of the former.
fn seen(kept: &VecDeque<Chunk>, far: usize) -> Result<(Matrix<i16>, Matrix<i16>, usize), Refused> {
    let Some(own) = kept.back() else { return Err(Refused::new(STEP, "nothing is kept")) };
    let other = (kept.len() - 1).checked_sub(far).and_then(|i| kept.get(i));
    match other {
        None => Ok((own.keys.clone(), own.values.clone(), 0)),
        Some(other) => {
            let (mut keys, mut values) = (other.keys.clone(), other.values.clone());
            keys.append(&own.keys)?;
            values.append(&own.values)?;
            Ok((keys, values, other.keys.rows()))
        }
    }
}
