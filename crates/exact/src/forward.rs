//! One step of a model over a block of tokens, with every intermediate shown in a fixed order.

use crate::attention::{Attention, totals};
use crate::commit::{all_rows, layers_of, sum_bytes};
use crate::heads::{Handed, Heads, Wanted};
use crate::matrix::{Matrix, elements};
use crate::model::Model;
use crate::pairs::Pair;
use crate::refused::{Refused, index};
use crate::requantise::Saturate;
use crate::rounding::{Arithmetic, Exact};
use crate::spec::Named;
use bfv_cert::certificate::Layers;
use bfv_cert::digest::Digest;

/// Where a step refuses something.
const STEP: &str = "a step";

/// What an intermediate is. In a layer they are shown in this order, those of a head once for each head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// The input of queries, keys and values.
    FirstNorm,
    /// Sums of queries.
    QuerySums,
    /// Sums of keys.
    KeySums,
    /// Sums of values.
    ValueSums,
    /// Queries, turned.
    Queries,
    /// Keys of the block, turned.
    Keys,
    /// Values of the block.
    Values,
    /// Scores of that query head.
    Scores(u32),
    /// Weights of that query head.
    Weights(u32),
    /// Weighted sums of values of that query head.
    HeadSums(u32),
    /// The input of the output matrix.
    Mixed,
    /// Sums of the output matrix.
    OutputSums,
    /// The residual stream after attention.
    AfterAttention,
    /// The input of the gate.
    SecondNorm,
    /// Sums of the gate.
    GateSums,
    /// Sums beside the gate.
    UpSums,
    /// The input of the matrix after the gate.
    Gated,
    /// Sums of the matrix after the gate.
    DownSums,
    /// The residual stream after the layer; in place 0, the embedding.
    AfterLayer,
    /// The input of the head, of the last token.
    LastNorm,
    /// Sums of the head.
    HeadOutput,
    /// Logits.
    Logits,
}

impl Op {
    /// Whether this is a product of two matrices, which is checked as such. Everything else is a function of what was shown
    /// before it, or of the tokens, and is computed again.
    #[must_use]
    pub fn is_product(self) -> bool {
        matches!(
            self,
            Self::QuerySums
                | Self::KeySums
                | Self::ValueSums
                | Self::Scores(_)
                | Self::HeadSums(_)
                | Self::OutputSums
                | Self::GateSums
                | Self::UpSums
                | Self::DownSums
                | Self::HeadOutput
        )
    }
}

/// Where an intermediate belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The layer from 1; 0 is the embedding, and one more than the last is the head.
    pub layer: u32,
    /// What it is.
    pub op: Op,
    /// The position of the first token of the block.
    pub first: u32,
}

/// An intermediate: a row for each token of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers<'a> {
    /// On the grid of 8 bits.
    I8(&'a Matrix<i8>),
    /// Of 16 bits.
    I16(&'a Matrix<i16>),
    /// Of 32 bits.
    I32(&'a Matrix<i32>),
    /// Of 64 bits.
    I64(&'a Matrix<i64>),
}

impl Numbers<'_> {
    /// Appends the entries, row after row, each in the bytes of its type, the lowest first.
    pub fn bytes(self, out: &mut Vec<u8>) {
        match self {
            Self::I8(m) => out.extend(m.entries().iter().flat_map(|x| x.to_le_bytes())),
            Self::I16(m) => out.extend(m.entries().iter().flat_map(|x| x.to_le_bytes())),
            Self::I32(m) => out.extend(m.entries().iter().flat_map(|x| x.to_le_bytes())),
            Self::I64(m) => out.extend(m.entries().iter().flat_map(|x| x.to_le_bytes())),
        }
    }
}

/// A type of which matrices are shown.
pub trait Shown: Copy {
    /// The matrix as an intermediate.
    fn shown(m: &Matrix<Self>) -> Numbers<'_>;
}

macro_rules! shown {
    ($($t:ty => $variant:ident),*) => {$(
        impl Shown for $t {
            fn shown(m: &Matrix<Self>) -> Numbers<'_> {
                Numbers::$variant(m)
            }
        }
    )*};
}
shown!(i8 => I8, i16 => I16, i32 => I32, i64 => I64);

/// Who sees the intermediates, and may hash them on the way.
pub trait Trace {
    /// Sees one. The order depends on the specification only.
    fn see(&mut self, place: Place, numbers: Numbers<'_>);

    /// Sees sums with their residuals, where there are any. Who does not care for those sees the sums.
    fn see_rounded(&mut self, place: Place, sums: Numbers<'_>, residuals: Numbers<'_>) {
        let _ = residuals;
        self.see(place, sums);
    }

    /// What it wants of numbers that nothing else needs, or whose hash is known elsewhere. The same for a whole block.
    fn wants(&self) -> Wanted {
        Wanted::Numbers
    }

    /// Sees the hash of the bytes in which an intermediate is committed, in its place in the order; of heads all together, by the first one, before the sums of any. Only
    /// a trace that wants hashes sees any.
    fn see_hash(&mut self, place: Place, hash: Digest) {
        let _ = (place, hash);
    }
}

/// Nobody.
impl Trace for () {
    fn see(&mut self, _: Place, _: Numbers<'_>) {}

    fn wants(&self) -> Wanted {
        Wanted::Nothing
    }
}

/// The keys and values of the positions so far, for each layer, with what the [`Arithmetic`] holds of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State<H = ()> {
    positions: usize,
    layers: Vec<Kept<H>>,
}

/// The keys and values that a layer may still read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept<H = ()> {
    /// The position of the first of them.
    from: usize,
    keys: Matrix<i16>,
    values: Matrix<i16>,
    /// What the arithmetic holds.
    held: H,
}

impl<H> State<H> {
    /// How many positions are done.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// How many keys each layer keeps: all of them, or where chunks are paired those that it may still read, up to twice as many.
    #[must_use]
    pub fn kept(&self) -> Vec<usize> {
        self.layers.iter().map(|l| l.keys.rows()).collect()
    }
}

impl<H> Kept<H> {
    /// Without what cannot be read any more, once that is half of it: so each position is moved at most twice.
    fn without(mut self, next: Option<Pair>) -> Kept<H> {
        let old =
            next.map_or(0, |pair| pair.oldest(0).saturating_sub(self.from)).min(self.keys.rows().saturating_sub(1));
        if 2 * old >= self.keys.rows() {
            self.keys.drop_first(old);
            self.values.drop_first(old);
            self.from += old;
        }
        self
    }
}

/// What goes into a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<'a> {
    /// Tokens, into the stage with the embedding.
    Tokens(&'a [u32]),
    /// The residual stream behind the stage before, with a row for each token.
    Stream(Matrix<i32>),
}

/// What comes out of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passed {
    /// The residual stream, with a row for each token.
    Stream(Matrix<i32>),
    /// The logits of the last token, of the stage with the head.
    Logits(Vec<i32>),
}

/// A trace with the place that does not change within a layer.
struct Shower<'a, T> {
    trace: &'a mut T,
    layer: u32,
    first: u32,
}

impl<T: Trace> Shower<'_, T> {
    fn show<N: Shown>(&mut self, op: Op, m: &Matrix<N>) {
        self.trace.see(self.place(op), N::shown(m));
    }

    /// A linear layer: its sums, after they or their hash were shown.
    fn product<G: Named, A: Arithmetic<G>>(
        &mut self,
        by: &A,
        op: Op,
        w: &Matrix<G>,
        x: &Matrix<G>,
    ) -> Result<Matrix<G::Sum>, Refused>
    where
        G::Sum: Shown,
    {
        let (product, hash) = match self.trace.wants() {
            Wanted::Hash => by.product_hashed(w, x, sum_bytes(G::BITS, w.cols()))?,
            Wanted::Nothing | Wanted::Numbers => (by.product(w, x)?, None),
        };
        match (hash, &product.residuals) {
            (Some(hash), _) => self.trace.see_hash(self.place(op), hash),
            (None, None) => self.show(op, &product.sums),
            (None, Some(residuals)) => {
                self.trace.see_rounded(self.place(op), Shown::shown(&product.sums), i64::shown(residuals));
            }
        }
        Ok(product.sums)
    }

    fn place(&self, op: Op) -> Place {
        Place { layer: self.layer, op, first: self.first }
    }
}

impl<G: Named + Saturate + Shown> Model<G>
where
    G::Sum: Shown,
{
    /// The next tokens: the state after them, and the logits of the last. A block gives what its tokens one by one give. When it is
    /// refused, the state is gone, as it may have grown.
    ///
    /// # Errors
    /// A token is not in the vocabulary, there are none, they exceed the positions, the state is of another model, or the scores
    /// of a head are too many for a matrix.
    pub fn forward<T: Trace>(&self, state: State, tokens: &[u32], trace: &mut T) -> Result<(State, Vec<i32>), Refused> {
        self.forward_by(&Exact, state, tokens, trace)
    }

    /// The same with linear layers that are computed in this way. All else is computed by integers, from the sums that come of it.
    ///
    /// # Errors
    /// As [`Model::forward`].
    pub fn forward_by<A: Arithmetic<G>, T: Trace>(
        &self,
        by: &A,
        state: State<A::Held>,
        tokens: &[u32],
        trace: &mut T,
    ) -> Result<(State<A::Held>, Vec<i32>), Refused> {
        match self.stage_by(by, state, all_rows(self.spec()), Input::Tokens(tokens), trace)? {
            (state, Passed::Logits(logits)) => Ok((state, logits)),
            (_, Passed::Stream(_)) => Err(Refused::new(STEP, "the head is missing")),
        }
    }

    /// The same for some rows, as [`Place::layer`] counts them: what one stage of a model that is split computes of the next tokens. The stages
    /// of a model, one after the other, show what [`Model::forward`] shows; a stage that does not begin with the embedding shows its input
    /// first, as the residual stream after the row before it.
    ///
    /// # Errors
    /// As [`Model::forward`]; there are no such rows, or the input is of another kind or shape or has more than 24 bits.
    pub fn stage<T: Trace>(
        &self,
        state: State,
        rows: Layers,
        input: Input<'_>,
        trace: &mut T,
    ) -> Result<(State, Passed), Refused> {
        self.stage_by(&Exact, state, rows, input, trace)
    }

    /// The same with linear layers that are computed in this way.
    ///
    /// # Errors
    /// As [`Model::stage`].
    pub fn stage_by<A: Arithmetic<G>, T: Trace>(
        &self,
        by: &A,
        state: State<A::Held>,
        rows: Layers,
        input: Input<'_>,
        trace: &mut T,
    ) -> Result<(State<A::Held>, Passed), Refused> {
        let draft = self.spec().draft();
        let head = all_rows(self.spec()).end.saturating_sub(1);
        let own = layers_of(self.spec(), rows)?;
        let tokens = match &input {
            Input::Tokens(tokens) => tokens.len(),
            Input::Stream(hidden) => hidden.rows(),
        };
        let first = state.positions;
        let end = first.saturating_add(tokens);
        if end > index(draft.dims.positions) {
            let why = format!("{tokens} tokens from position {first} exceed {} positions", draft.dims.positions);
            return Err(Refused::new(STEP, why));
        }
        if first > 0 && state.layers.len() != own.len() {
            return Err(Refused::new(STEP, "the state is of another model"));
        }
        let seen = self.spec().pair(0, 0).map_or(end, Pair::columns);
        elements(STEP, tokens, seen)?;
        let mut hidden = match (input, rows.start) {
            (Input::Tokens(tokens), 0) => self.embed(tokens)?,
            (Input::Stream(hidden), 1..) => self.taken(hidden)?,
            (Input::Tokens(_), _) => return Err(Refused::new(STEP, "it begins behind the embedding, with tokens")),
            (Input::Stream(_), _) => return Err(Refused::new(STEP, "it begins with the embedding, without tokens")),
        };
        let mut before = state.layers.into_iter();
        let mut after = State { positions: end, layers: Vec::new() };
        let layer = rows.start.saturating_sub(1).into();
        let mut show = Shower { trace, layer, first: u32::try_from(first).unwrap_or(u32::MAX) };
        show.show(Op::AfterLayer, &hidden);
        for i in own {
            show.layer = u32::try_from(i).unwrap_or(u32::MAX).saturating_add(1);
            hidden = self.attend(by, (i, first), &hidden, before.next(), &mut after, &mut show)?;
            hidden = self.feed(by, i, &hidden, &mut show)?;
        }
        if rows.end <= head {
            return Ok((after, Passed::Stream(hidden)));
        }
        show.layer = head.into();
        let last = hidden.row(hidden.rows() - 1).to_vec();
        let last = Matrix::new(STEP, 1, last.len(), last)?;
        let normed = Self::norm(draft.last_norm, &self.weights().last_gains, &last)?;
        show.show(Op::LastNorm, &normed);
        let sums = show.product(by, Op::HeadOutput, &self.weights().head, &normed)?;
        let logits = self.logits(&sums);
        show.show(Op::Logits, &logits);
        Ok((after, Passed::Logits(logits.into_entries())))
    }

    /// A residual stream that came from outside.
    fn taken(&self, hidden: Matrix<i32>) -> Result<Matrix<i32>, Refused> {
        let width = index(self.spec().draft().dims.width);
        if hidden.cols() != width {
            let why = format!("it has {} columns, and must have {width}", hidden.cols());
            return Err(Refused::new("the input of a stage", why));
        }
        // That every coordinate has 24 bits is seen to by the norm that comes next.
        Ok(hidden)
    }

    /// The first half of a layer; the keys and values up to the end of the block go into the state after it.
    fn attend<A: Arithmetic<G>, T: Trace>(
        &self,
        by: &A,
        (i, first): (usize, usize),
        hidden: &Matrix<i32>,
        before: Option<Kept<A::Held>>,
        after: &mut State<A::Held>,
        show: &mut Shower<'_, T>,
    ) -> Result<Matrix<i32>, Refused> {
        let (Some(spec), Some(weights)) = (self.spec().draft().layers.get(i), self.weights().layers.get(i)) else {
            return Err(Refused::new(STEP, format!("there is no layer {i}")));
        };
        let dims = self.spec().draft().dims;
        let x = Self::norm(spec.first_norm, &weights.first_gains, hidden)?;
        show.show(Op::FirstNorm, &x);
        let q = show.product(by, Op::QuerySums, &weights.query, &x)?;
        let k = show.product(by, Op::KeySums, &weights.key, &x)?;
        let v = show.product(by, Op::ValueSums, &weights.value, &x)?;
        let (q, k) = (self.turn(spec.query, &q, first)?, self.turn(spec.key, &k, first)?);
        let v = spec.value.apply_all(&v);
        show.show(Op::Queries, &q);
        show.show(Op::Keys, &k);
        show.show(Op::Values, &v);
        let mut kept = match before {
            Some(mut kept) => {
                kept.keys.append(&k)?;
                kept.values.append(&v)?;
                kept
            }
            None => Kept { from: first, keys: k, values: v, held: A::Held::default() },
        };
        let width = index(dims.head_width);
        let heads = Heads {
            attention: Attention { powers: self.powers(), scale: spec.score, mask: self.spec().mask(first) },
            pair: self.spec().pair(i, first),
            width,
            from: kept.from,
            qkv: [&q, &kept.keys, &kept.values],
            wanted: show.trace.wants(),
        };
        let mut mixed = Matrix::filled(STEP, q.rows(), q.cols(), G::default())?;
        let mut done = |handed: Handed| {
            let name = |h: usize| u32::try_from(h).unwrap_or(u32::MAX);
            let (h, totals, sums) = match handed {
                Handed::Hashes([scores, weights]) => {
                    show.trace.see_hash(show.place(Op::Scores(0)), scores);
                    show.trace.see_hash(show.place(Op::Weights(0)), weights);
                    return Ok(());
                }
                Handed::Head(h, head) => {
                    show.show(Op::Scores(name(h)), &head.scores);
                    show.show(Op::Weights(name(h)), &head.weights);
                    (h, totals(&head.weights), head.sums)
                }
                Handed::Sums(h, totals, sums) => (h, totals, sums),
            };
            show.show(Op::HeadSums(name(h)), &sums);
            let columns = Self::mix_by(spec, &totals, &sums)?;
            for (row, columns) in mixed.each_row_mut().zip(columns.each_row()) {
                row.iter_mut().skip(h * width).zip(columns).for_each(|(to, from)| *to = *from);
            }
            Ok(())
        };
        by.attention(&heads, &mut kept.held, &mut done)?;
        after.layers.push(kept.without(self.spec().pair(i, after.positions)));
        show.show(Op::Mixed, &mixed);
        let sums = show.product(by, Op::OutputSums, &weights.output, &mixed)?;
        let hidden = Self::add(spec.output, hidden, &sums)?;
        show.show(Op::AfterAttention, &hidden);
        Ok(hidden)
    }

    /// The second half of a layer.
    fn feed<A: Arithmetic<G>, T: Trace>(
        &self,
        by: &A,
        i: usize,
        hidden: &Matrix<i32>,
        show: &mut Shower<'_, T>,
    ) -> Result<Matrix<i32>, Refused> {
        let (Some(spec), Some(weights)) = (self.spec().draft().layers.get(i), self.weights().layers.get(i)) else {
            return Err(Refused::new(STEP, format!("there is no layer {i}")));
        };
        let x = Self::norm(spec.second_norm, &weights.second_gains, hidden)?;
        show.show(Op::SecondNorm, &x);
        let gate = show.product(by, Op::GateSums, &weights.gate, &x)?;
        let up = show.product(by, Op::UpSums, &weights.up, &x)?;
        let x = self.gated(spec, &gate, &up)?;
        show.show(Op::Gated, &x);
        let sums = show.product(by, Op::DownSums, &weights.down, &x)?;
        let hidden = Self::add(spec.down, hidden, &sums)?;
        show.show(Op::AfterLayer, &hidden);
        Ok(hidden)
    }
}
