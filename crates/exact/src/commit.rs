//! How the values of an answer are committed: where each stands, how many bytes it has, and the roots of model and specification.
//!
//! An answer is made in blocks: the first takes the tokens of the prompt, each later one the token that was chosen last, so there are as
//! many blocks as tokens of the answer. The trace has a row for each layer as [`Place`] counts them, with the embedding before and the head after,
//! and in each row the operations of [`OPERATIONS`]. A cell is one operation of one layer in one block, of all heads; where a row has no such
//! operation, the cell is empty. Entries are in two's complement, the lowest byte first, in as few bytes as the bound on them allows.
//!
//! A stage of a model that is split commits to its own rows only ([`Layout::of`]), in the blocks of the whole answer. Behind the first stage, the
//! row before them is there too, with the residual stream that comes in.
//!
//! An answer may also be committed to in parts ([`Layout::after`]): each part begins with the last token of the part before, which was not computed with yet.

mod pack;
mod roots;
mod rows;

use crate::forward::{Numbers, Op, Place, Trace};
use crate::heads::Wanted;
use crate::refused::{Refused, index};
use crate::rounding::residual_bytes;
use crate::spec::{Bits, Dims, Spec};
use bfv_cert::certificate::{Lane, Layers, TraceShape, trace_content};
use bfv_cert::digest::Digest;
use bfv_cert::merkle::{Builder, Tree};

pub use pack::{read, read_cell, sum_bytes, write};
pub use roots::{
    model_root, number_bytes, numbers_root, spec_root, stream_bytes, stream_root, stream_shape, token_bytes,
    tokens_root, tokens_shape,
};
pub use rows::{all_rows, layers_of, rows_of};

/// The operations of a row, in the order in which they are committed. Those of a head stand for all heads, named by the first.
pub const OPERATIONS: [Op; 22] = [
    Op::FirstNorm,
    Op::QuerySums,
    Op::KeySums,
    Op::ValueSums,
    Op::Queries,
    Op::Keys,
    Op::Values,
    Op::Scores(0),
    Op::Weights(0),
    Op::HeadSums(0),
    Op::Mixed,
    Op::OutputSums,
    Op::AfterAttention,
    Op::SecondNorm,
    Op::GateSums,
    Op::UpSums,
    Op::Gated,
    Op::DownSums,
    Op::AfterLayer,
    Op::LastNorm,
    Op::HeadOutput,
    Op::Logits,
];

/// The number of an operation in [`OPERATIONS`], whatever its head.
#[must_use]
pub fn operation(op: Op) -> u16 {
    let all_heads = match op {
        Op::Scores(_) => Op::Scores(0),
        Op::Weights(_) => Op::Weights(0),
        Op::HeadSums(_) => Op::HeadSums(0),
        other => other,
    };
    (0..).zip(OPERATIONS).find(|(_, o)| *o == all_heads).map_or(0, |(i, _)| i)
}

/// The shape of a cell: so many matrices, one after the other, and the bytes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Matrices: one, or one for each query head.
    pub parts: usize,
    /// Rows of each: the tokens of the block.
    pub rows: usize,
    /// Columns of each.
    pub cols: usize,
    /// Bytes of an entry, 1 to 8.
    pub width: usize,
    /// Bytes of a residual, 0 to 8: in the lane of residuals, one for each entry stands behind all entries of the sums of a linear layer.
    pub residual: usize,
}

impl Form {
    /// The bytes of the cell.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.entries().saturating_mul(self.width.saturating_add(self.residual))
    }

    fn entries(&self) -> usize {
        self.parts.saturating_mul(self.rows).saturating_mul(self.cols)
    }

    /// The bytes of the entries and those of the residuals, of a cell with as many bytes as this form has.
    #[must_use]
    pub fn split<'a>(&self, cell: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        cell.split_at_checked(self.entries().saturating_mul(self.width)).unwrap_or((cell, &[]))
    }
}

/// Where the values of an answer stand, or of what a stage computes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    grid: Bits,
    dims: Dims,
    /// The last row of the model, which is the head.
    head: u32,
    rows: Layers,
    /// The position of the first token.
    first: u32,
    prompt: u32,
    blocks: u32,
    lane: Lane,
    /// The tokens of a chunk, where chunks are paired.
    chunk: Option<u32>,
}

impl Layout {
    /// The layout for a prompt of so many tokens and an answer of so many.
    ///
    /// # Errors
    /// There are none of either, or together, without the last of the answer, more than the specification has positions.
    pub fn new(spec: &Spec, prompt: usize, answer: usize) -> Result<Self, Refused> {
        Self::of(spec, all_rows(spec), prompt, answer)
    }

    /// The same for a stage with these rows, as [`Place::layer`] counts them.
    ///
    /// # Errors
    /// As [`Layout::new`], or there are no such rows.
    pub fn of(spec: &Spec, rows: Layers, prompt: usize, answer: usize) -> Result<Self, Refused> {
        Self::placed(spec, rows, 0, prompt, answer)
    }

    /// The layout of a part of an answer of so many tokens, where so many positions were computed in the parts before. What goes in first is the token that was
    /// chosen last.
    ///
    /// # Errors
    /// It has no tokens, or together there are more positions than the specification has.
    pub fn after(spec: &Spec, done: usize, answer: usize) -> Result<Self, Refused> {
        Self::placed(spec, all_rows(spec), done, 1, answer)
    }

    fn placed(spec: &Spec, rows: Layers, done: usize, prompt: usize, answer: usize) -> Result<Self, Refused> {
        layers_of(spec, rows)?;
        let dims = spec.draft().dims;
        let fail = || {
            let before = done.saturating_add(prompt);
            let why = format!("a prompt of {before} tokens and an answer of {answer} do not fit {}", dims.positions);
            Refused::new("the positions of an answer", why)
        };
        let number = |n: usize| u32::try_from(n).ok().filter(|n| *n > 0).ok_or_else(fail);
        let (prompt, blocks) = (number(prompt)?, number(answer)?);
        let first = u32::try_from(done).map_err(|_| fail())?;
        if u64::from(first) + u64::from(prompt) + u64::from(blocks - 1) > u64::from(dims.positions) {
            return Err(fail());
        }
        Ok(Self { first, prompt, blocks, ..Self::one_token(spec, rows) })
    }

    /// The layout of one token.
    fn one_token(spec: &Spec, rows: Layers) -> Self {
        let head = u32::from(all_rows(spec).end).saturating_sub(1);
        let (grid, dims, chunk) = (spec.draft().grid, spec.draft().dims, spec.pairs().map(|p| p.chunk));
        Self { grid, dims, head, rows, first: 0, prompt: 1, blocks: 1, lane: Lane::Exact, chunk }
    }

    /// The same in a lane. In that of residuals the cells of linear layers have these behind their sums; otherwise the lane changes nothing.
    #[must_use]
    pub fn in_lane(self, lane: Lane) -> Self {
        Self { lane, ..self }
    }

    /// How many cells there are.
    #[must_use]
    pub fn shape(&self) -> TraceShape {
        let layers = self.rows.end.saturating_sub(self.base());
        TraceShape { blocks: self.blocks, layers, operations: operations() }
    }

    /// The rows, without the one of what comes in.
    #[must_use]
    pub fn rows(&self) -> Layers {
        self.rows
    }

    /// The row of what comes in, where that is a residual stream.
    #[must_use]
    pub fn input_row(&self) -> Option<u32> {
        self.rows.start.checked_sub(1).map(u32::from)
    }

    /// Whether an audit cannot do without a value: products, which are checked, and what comes into a stage. Everything else follows from these.
    #[must_use]
    pub fn needs(&self, place: Place) -> bool {
        place.op.is_product() || self.input_row() == Some(place.layer)
    }

    /// The first row of the trace.
    fn base(&self) -> u16 {
        self.rows.start.saturating_sub(1)
    }

    /// The first position of a block, and how many tokens it has. They are all below the number of positions.
    #[must_use]
    pub fn block(&self, block: u32) -> (u32, u32) {
        match block.checked_sub(1) {
            None => (self.first, self.prompt),
            Some(later) => (self.first.saturating_add(self.prompt).saturating_add(later), 1),
        }
    }

    /// The leaf of an operation, of whatever head, in a layer as [`Place`] counts them; nothing where the trace has none.
    #[must_use]
    pub fn leaf(&self, block: u32, layer: u32, op: Op) -> Option<u64> {
        self.form(block, layer, op)?;
        let row = u16::try_from(layer).ok()?.checked_sub(self.base())?;
        self.shape().leaf(block, row, operation(op))
    }

    /// What stands at a leaf: the block and the place, of the first head where there are several; nothing for an empty cell or no leaf.
    #[must_use]
    pub fn place(&self, leaf: u64) -> Option<(u32, Place)> {
        let (operations, layers) = (u64::from(operations()), u64::from(self.shape().layers));
        let block = u32::try_from(leaf / operations / layers).ok().filter(|b| *b < self.blocks)?;
        let layer = u32::try_from(leaf / operations % layers).ok()?.checked_add(self.base().into())?;
        let op = OPERATIONS.get(usize::try_from(leaf % operations).ok()?).copied()?;
        self.form(block, layer, op)?;
        Some((block, Place { layer, op, first: self.block(block).0 }))
    }

    /// The shape of a cell; nothing where the trace has none.
    #[must_use]
    pub fn form(&self, block: u32, layer: u32, op: Op) -> Option<Form> {
        let last = self.head;
        let there = match op {
            Op::AfterLayer => layer < last,
            Op::LastNorm | Op::HeadOutput | Op::Logits => layer == last,
            _ => (1..last).contains(&layer),
        };
        let own = (self.rows.start..self.rows.end).contains(&u16::try_from(layer).unwrap_or(u16::MAX));
        let comes_in = op == Op::AfterLayer && self.input_row() == Some(layer);
        if !there || !(own || comes_in) || block >= self.blocks {
            return None;
        }
        let (first, tokens) = self.block(block);
        let d = self.dims;
        let [width, inner, vocab, head, positions] = [d.width, d.inner, d.vocab, d.head_width, d.positions].map(index);
        let [queries, keys] = [d.heads * d.head_width, d.kv_heads * d.head_width].map(index);
        // Of paired chunks a row has a column for each key of two.
        let seen = self.chunk.map_or_else(|| first.saturating_add(tokens), |chunk| chunk.saturating_mul(2));
        let (tokens, seen, heads) = (index(tokens), index(seen), index(d.heads));
        let entry = match self.grid {
            Bits::Eight => 1,
            Bits::Sixteen => 2,
        };
        let sums = |k| sum_bytes(self.grid, k);
        let scores = score_bytes;
        // How many products the sums of a linear layer have.
        let terms = match op {
            Op::QuerySums | Op::KeySums | Op::ValueSums | Op::GateSums | Op::UpSums | Op::HeadOutput => Some(width),
            Op::OutputSums => Some(queries),
            Op::DownSums => Some(inner),
            _ => None,
        };
        let residual = match (self.lane, terms) {
            (Lane::Residual, Some(k)) => residual_bytes(self.grid, k),
            _ => 0,
        };
        let (parts, rows, cols, width) = match op {
            Op::FirstNorm | Op::SecondNorm => (1, tokens, width, entry),
            Op::QuerySums => (1, tokens, queries, sums(width)),
            Op::KeySums | Op::ValueSums => (1, tokens, keys, sums(width)),
            Op::Queries => (1, tokens, queries, 2),
            Op::Keys | Op::Values => (1, tokens, keys, 2),
            Op::Scores(_) => (heads, tokens, seen, scores(head)),
            Op::Weights(_) => (heads, tokens, seen, 2),
            Op::HeadSums(_) => (heads, tokens, head, scores(positions)),
            Op::Mixed => (1, tokens, queries, entry),
            Op::OutputSums => (1, tokens, width, sums(queries)),
            // Of 24 bits.
            Op::AfterAttention | Op::AfterLayer => (1, tokens, width, 3),
            Op::GateSums | Op::UpSums => (1, tokens, inner, sums(width)),
            Op::Gated => (1, tokens, inner, entry),
            Op::DownSums => (1, tokens, width, sums(inner)),
            Op::LastNorm => (1, 1, width, entry),
            Op::HeadOutput => (1, 1, vocab, sums(width)),
            Op::Logits => (1, 1, vocab, 4),
        };
        Some(Form { parts, rows, cols, width, residual })
    }
}

/// The bytes of a score of heads with so many coordinates, and of a weighted sum of so many values.
#[must_use]
pub fn score_bytes(terms: usize) -> usize {
    sum_bytes(Bits::Sixteen, terms)
}

/// The operations of a row.
fn operations() -> u16 {
    u16::try_from(OPERATIONS.len()).unwrap_or(u16::MAX)
}

/// What was committed: the tree, its shape, and the bytes of the cells in the order of leaves, where they were kept.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The commitment, from which cells can be opened.
    pub tree: Tree,
    /// The number of cells.
    pub shape: TraceShape,
    /// The bytes of each cell, or nothing.
    pub cells: Vec<Vec<u8>>,
}

/// Commits to what is computed, while it is. It sees the blocks of one answer, each as one call of [`crate::model::Model::forward`] or
/// [`crate::model::Model::stage`].
#[derive(Debug, Clone)]
pub struct Commit {
    /// Of one block of one token: the bytes of an entry and the rows do not depend on that.
    layout: Layout,
    builder: Builder,
    kept: Option<Vec<Vec<u8>>>,
    /// Scores, weights and sums of the heads so far.
    heads: [Vec<u8>; 3],
    /// The hashes of scores and weights, where they were told in the place of the numbers.
    told: [Option<Digest>; 2],
    /// Whether a hash came in the place of bytes that are kept.
    lost: bool,
    scratch: Vec<u8>,
    empty: Digest,
}

impl Commit {
    /// Keeps hashes only: 32 bytes for each cell.
    #[must_use]
    pub fn new(spec: &Spec) -> Self {
        Self::by(Layout::one_token(spec, all_rows(spec)))
    }

    /// The same for a stage with these rows.
    ///
    /// # Errors
    /// There are no such rows.
    pub fn of(spec: &Spec, rows: Layers) -> Result<Self, Refused> {
        layers_of(spec, rows)?;
        Ok(Self::by(Layout::one_token(spec, rows)))
    }

    fn by(layout: Layout) -> Self {
        Self {
            layout,
            builder: Builder::new(),
            kept: None,
            heads: Default::default(),
            told: [None; 2],
            lost: false,
            scratch: Vec::new(),
            empty: trace_content(&[]),
        }
    }

    /// The same in a lane.
    #[must_use]
    pub fn in_lane(self, lane: Lane) -> Self {
        Self { layout: self.layout.in_lane(lane), ..self }
    }

    /// Keeps the bytes as well, so that cells can be opened.
    #[must_use]
    pub fn keeping(spec: &Spec) -> Self {
        Self::new(spec).keep()
    }

    /// Keeps the bytes from now on.
    #[must_use]
    pub fn keep(self) -> Self {
        Self { kept: Some(Vec::new()), ..self }
    }

    /// The commitment; nothing where no block was seen to its end, there are too many cells, or a hash was told of a cell whose bytes are kept.
    #[must_use]
    pub fn finish(self) -> Option<Committed> {
        if self.lost {
            return None;
        }
        let blocks = u32::try_from(self.builder.len() / self.block()).ok()?;
        let shape = TraceShape { blocks, ..self.layout.shape() };
        let tree = if shape.leaves() == self.builder.len() { self.builder.finish()? } else { return None };
        Some(Committed { tree, shape, cells: self.kept.unwrap_or_default() })
    }

    /// The bytes of an entry and those of a residual; they do not depend on the block.
    fn widths(&self, place: Place) -> (usize, usize) {
        self.layout.form(0, place.layer, place.op).map_or((8, 0), |form| (form.width, form.residual))
    }

    /// The cells of a block.
    fn block(&self) -> u64 {
        self.layout.shape().leaves()
    }

    /// Empty cells up to this number in the block.
    fn advance(&mut self, to: u64) {
        while self.builder.len() % self.block() < to {
            self.skip();
        }
    }

    /// One empty cell.
    fn skip(&mut self) {
        self.builder.push(self.empty);
        if let Some(kept) = &mut self.kept {
            kept.push(Vec::new());
        }
    }

    fn push(&mut self, place: Place, cell: &mut Vec<u8>) {
        self.push_hash(place, trace_content(cell), cell);
        cell.clear();
    }

    /// A cell by the hash of its bytes, which are kept where bytes are.
    fn push_hash(&mut self, place: Place, content: Digest, cell: &[u8]) {
        if let Some(own) = self.layout.leaf(0, place.layer, place.op) {
            self.advance(own);
        }
        self.builder.push(content);
        if let Some(kept) = &mut self.kept {
            kept.push(cell.to_vec());
        }
        // Behind the last value of a block that has no head, there are cells left of its last row.
        if place.op == Op::AfterLayer && place.layer + 1 == u32::from(self.layout.rows.end) {
            (operation(place.op) + 1..operations()).for_each(|_| self.skip());
        }
    }
}

impl Trace for Commit {
    fn see(&mut self, place: Place, numbers: Numbers<'_>) {
        let (width, _) = self.widths(place);
        let head = match place.op {
            Op::Scores(h) => Some((0, h)),
            Op::Weights(h) => Some((1, h)),
            Op::HeadSums(h) => Some((2, h)),
            _ => None,
        };
        let Some((kind, h)) = head else {
            let mut cell = std::mem::take(&mut self.scratch);
            write(numbers, width, &mut cell);
            self.push(place, &mut cell);
            self.scratch = cell;
            return;
        };
        if let Some(cell) = self.heads.get_mut(kind) {
            write(numbers, width, cell);
        }
        if kind == 2 && h + 1 == self.layout.dims.heads {
            let mut heads = std::mem::take(&mut self.heads);
            let [scores, weights] = std::mem::take(&mut self.told);
            let told = [scores, weights, None];
            for ((cell, told), op) in heads.iter_mut().zip(told).zip([Op::Scores(0), Op::Weights(0), Op::HeadSums(0)]) {
                let place = Place { op, ..place };
                match told {
                    Some(hash) => self.push_hash(place, hash, &[]),
                    None => self.push(place, cell),
                }
            }
            self.heads = heads;
        }
    }

    fn wants(&self) -> Wanted {
        if self.kept.is_some() { Wanted::Numbers } else { Wanted::Hash }
    }

    fn see_hash(&mut self, place: Place, hash: Digest) {
        self.lost |= self.kept.is_some();
        match (place.op, &mut self.told) {
            (Op::Scores(_), [told, _]) | (Op::Weights(_), [_, told]) => *told = Some(hash),
            _ => self.push_hash(place, hash, &[]),
        }
    }

    fn see_rounded(&mut self, place: Place, sums: Numbers<'_>, residuals: Numbers<'_>) {
        let (width, residual) = self.widths(place);
        let mut cell = std::mem::take(&mut self.scratch);
        write(sums, width, &mut cell);
        if residual > 0 {
            write(residuals, residual, &mut cell);
        }
        self.push(place, &mut cell);
        self.scratch = cell;
    }
}
