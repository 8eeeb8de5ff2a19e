//! Where the values of an answer stand, and of which tiles they are made.

use crate::format::Format;
use crate::spec::{Refused, Spec};
use crate::weights::index;
use bfv_cert::certificate::TraceShape;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

/// Columns of a tile of an operation that has no heads. The last tile may have fewer.
pub const COLUMNS: usize = 64;
/// The most tiles of an answer.
pub const TILE_LIMIT: u64 = 1 << 32;

/// An operation. In a layer they are done in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// The input of queries, keys and values.
    FirstNorm,
    /// Queries.
    Query,
    /// Keys.
    Key,
    /// Values.
    Value,
    /// Queries, turned by their positions.
    TurnedQuery,
    /// Keys, turned by their positions.
    TurnedKey,
    /// Queries times keys, scaled, in single precision.
    Scores,
    /// Weights of keys.
    Weights,
    /// Weighted sums of values.
    Mixed,
    /// From attention to the residual stream.
    Attended,
    /// The residual stream after attention.
    AfterAttention,
    /// The input of the gate.
    SecondNorm,
    /// The gate.
    Gate,
    /// Beside the gate.
    Up,
    /// The gated product.
    Gated,
    /// From the gate to the residual stream.
    Down,
    /// The residual stream after the layer; in layer 0, the embedding.
    AfterLayer,
    /// The input of the head.
    LastNorm,
    /// Logits, in single precision.
    Logits,
}

/// The operations of a row of the trace, in their order.
pub const OPERATIONS: [Op; 19] = [
    Op::FirstNorm,
    Op::Query,
    Op::Key,
    Op::Value,
    Op::TurnedQuery,
    Op::TurnedKey,
    Op::Scores,
    Op::Weights,
    Op::Mixed,
    Op::Attended,
    Op::AfterAttention,
    Op::SecondNorm,
    Op::Gate,
    Op::Up,
    Op::Gated,
    Op::Down,
    Op::AfterLayer,
    Op::LastNorm,
    Op::Logits,
];

impl Op {
    /// Its number in [`OPERATIONS`].
    #[must_use]
    pub fn number(self) -> u16 {
        (0..).zip(OPERATIONS).find(|(_, o)| *o == self).map_or(0, |(i, _)| i)
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Op::FirstNorm => "first norm",
            Op::Query => "query",
            Op::Key => "key",
            Op::Value => "value",
            Op::TurnedQuery => "turned query",
            Op::TurnedKey => "turned key",
            Op::Scores => "scores",
            Op::Weights => "weights",
            Op::Mixed => "mixed values",
            Op::Attended => "attention output",
            Op::AfterAttention => "stream after attention",
            Op::SecondNorm => "second norm",
            Op::Gate => "gate",
            Op::Up => "beside the gate",
            Op::Gated => "gated product",
            Op::Down => "gate output",
            Op::AfterLayer => "stream after the layer",
            Op::LastNorm => "last norm",
            Op::Logits => "logits",
        }
    }
}

/// A cell: one operation of one layer for one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The position of the token, from 0.
    pub token: u32,
    /// The layer from 1; 0 is the embedding, and one more than the last is the head.
    pub layer: u32,
    /// The operation.
    pub op: Op,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of layer {}, token {}", self.op.name(), self.layer, self.token)
    }
}

/// A tile: a head, or some columns of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// The cell.
    pub place: Place,
    /// Which part of it, from 0.
    pub part: u32,
}

/// Where the values of an answer stand: of a prompt, and of all tokens of the answer but the last, with which nothing is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    spec: Spec,
    prompt: u32,
    tokens: u32,
}

impl Layout {
    /// The layout for a prompt of so many tokens and an answer of so many.
    ///
    /// # Errors
    /// There are none of either, or more together than positions, or too many cells or tiles.
    pub fn new(spec: &Spec, prompt: usize, answer: usize) -> Result<Layout, Refused> {
        let positions = spec.draft().positions;
        let number = |n: usize| u32::try_from(n).ok().filter(|n| (1..=positions).contains(n));
        let tokens = |(p, a): (u32, u32)| Some((p, p.checked_add(a - 1).filter(|t| *t <= positions)?));
        let Some((prompt, tokens)) = number(prompt).zip(number(answer)).and_then(tokens) else {
            let what =
                format!("A prompt of {prompt} and an answer of {answer} tokens do not fit {positions} positions.");
            return Err(Refused(what));
        };
        let layout = Layout { spec: *spec, prompt, tokens };
        if layout.tiles() > TILE_LIMIT || layout.shape().leaves() > TILE_LIMIT {
            return Err(Refused(format!(
                "The answer has more than {TILE_LIMIT} tiles or cells. Ask for fewer tokens."
            )));
        }
        Ok(layout)
    }

    /// The positions that are computed.
    #[must_use]
    pub fn tokens(&self) -> u32 {
        self.tokens
    }

    /// The row of the head.
    #[must_use]
    pub fn head(&self) -> u32 {
        self.spec.draft().layers.saturating_add(1)
    }

    /// Whether a token is chosen after this position, so that there are logits.
    #[must_use]
    pub fn chooses(&self, token: u32) -> bool {
        (self.prompt - 1..self.tokens).contains(&token)
    }

    /// How many cells there are. A block is a token.
    #[must_use]
    pub fn shape(&self) -> TraceShape {
        let layers = u16::try_from(self.head().saturating_add(1)).unwrap_or(u16::MAX);
        let operations = u16::try_from(OPERATIONS.len()).unwrap_or(u16::MAX);
        TraceShape { blocks: self.tokens, layers, operations }
    }

    /// The leaf of a cell; nothing where the trace has none.
    #[must_use]
    pub fn leaf(&self, place: Place) -> Option<u64> {
        self.entries(place)?;
        self.shape().leaf(place.token, u16::try_from(place.layer).ok()?, place.op.number())
    }

    /// The cell at a leaf; nothing where it is empty.
    #[must_use]
    pub fn place(&self, leaf: u64) -> Option<Place> {
        let shape = self.shape();
        let (operations, layers) = (u64::from(shape.operations), u64::from(shape.layers));
        let op = OPERATIONS.get(usize::try_from(leaf % operations).ok()?).copied()?;
        let row = leaf / operations;
        let place = Place { token: u32::try_from(row / layers).ok()?, layer: u32::try_from(row % layers).ok()?, op };
        self.entries(place).map(|_| place)
    }

    /// The positions whose keys a token sees.
    #[must_use]
    pub fn seen(&self, token: u32) -> Range<u32> {
        let window = self.spec.draft().window.unwrap_or(u32::MAX);
        (token + 1).saturating_sub(window)..token + 1
    }

    /// The numbers of a cell; nothing where the trace has no such cell.
    #[must_use]
    pub fn entries(&self, place: Place) -> Option<usize> {
        let Place { token, layer, op } = place;
        let there = match op {
            Op::AfterLayer => layer < self.head(),
            Op::LastNorm | Op::Logits => layer == self.head() && self.chooses(token),
            _ => (1..self.head()).contains(&layer),
        };
        if !there || token >= self.tokens {
            return None;
        }
        let d = self.spec.draft();
        let heads = |n: u32| index(n * d.head_width);
        Some(match op {
            Op::Query | Op::TurnedQuery | Op::Mixed => heads(d.heads),
            Op::Key | Op::Value | Op::TurnedKey => heads(d.kv_heads),
            Op::Scores | Op::Weights => index(d.heads) * self.seen(token).len(),
            Op::Gate | Op::Up | Op::Gated => index(d.inner),
            Op::Logits => index(d.vocab),
            _ => index(d.width),
        })
    }

    /// The format of the numbers of a cell.
    #[must_use]
    pub fn format(&self, op: Op) -> Format {
        match op {
            Op::Scores | Op::Logits => Format::F32,
            _ => self.spec.draft().format,
        }
    }

    /// How many numbers a tile of a cell has; the last one may have fewer where there are no heads.
    fn part(&self, place: Place) -> Option<usize> {
        let d = self.spec.draft();
        self.entries(place)?;
        Some(match place.op {
            Op::Scores | Op::Weights => self.seen(place.token).len(),
            Op::Mixed => index(d.head_width),
            _ => COLUMNS,
        })
    }

    /// The numbers of the cell that a tile has; nothing where there is no such tile.
    #[must_use]
    pub fn range(&self, tile: Tile) -> Option<Range<usize>> {
        let (all, part) = (self.entries(tile.place)?, self.part(tile.place)?);
        let start = index(tile.part).checked_mul(part).filter(|start| *start < all)?;
        Some(start..start.saturating_add(part).min(all))
    }

    /// The tiles of a cell: none where there is no cell.
    fn parts(&self, place: Place) -> u64 {
        let parts = self.entries(place).zip(self.part(place)).map_or(0, |(all, part)| all.div_ceil(part.max(1)));
        parts as u64
    }

    /// The tiles of a row of the trace.
    fn in_row(&self, token: u32, layer: u32) -> u64 {
        OPERATIONS.into_iter().map(|op| self.parts(Place { token, layer, op })).sum()
    }

    /// The tiles of a token without those of the head, and those of the head. All layers have the same number.
    fn of_token(&self) -> (u64, u64, u64) {
        let last = self.tokens - 1;
        (self.in_row(last, 0), self.in_row(last, 1), self.in_row(last, self.head()))
    }

    /// How many tiles there are. Every number of every cell is in one.
    #[must_use]
    pub fn tiles(&self) -> u64 {
        let (embedding, layer, head) = self.of_token();
        let row = embedding.saturating_add(layer.saturating_mul(self.spec.draft().layers.into()));
        let choosing = u64::from(self.tokens - (self.prompt - 1));
        row.saturating_mul(self.tokens.into()).saturating_add(head.saturating_mul(choosing))
    }

    /// The tile of this number, from 0: token after token, layer after layer, operation after operation, part after part.
    #[must_use]
    pub fn tile(&self, number: u64) -> Option<Tile> {
        if number >= self.tiles() {
            return None;
        }
        let (embedding, layer, head) = self.of_token();
        let row = embedding + layer * u64::from(self.spec.draft().layers);
        let silent = u64::from(self.prompt - 1);
        let (token, mut rest) = match number.checked_sub(silent * row) {
            None => (number / row, number % row),
            Some(over) => (silent + over / (row + head), over % (row + head)),
        };
        let token = u32::try_from(token).ok()?;
        let at = match rest.checked_sub(embedding) {
            None => 0,
            Some(over) => {
                let at = (over / layer).min(self.spec.draft().layers.into());
                rest = over - at * layer;
                u32::try_from(at + 1).ok()?
            }
        };
        for op in OPERATIONS {
            let place = Place { token, layer: at, op };
            match rest.checked_sub(self.parts(place)) {
                None => return Some(Tile { place, part: u32::try_from(rest).ok()? }),
                Some(over) => rest = over,
            }
        }
        None
    }

    /// The cells that an operation reads.
    #[must_use]
    pub fn inputs(&self, place: Place) -> Vec<Place> {
        let Place { token, layer, op } = place;
        let own = |op| Place { token, layer, op };
        let before = Place { token, layer: layer.saturating_sub(1), op: Op::AfterLayer };
        let all = |op| self.seen(token).map(move |token| Place { token, layer, op });
        match op {
            Op::FirstNorm | Op::LastNorm => vec![before],
            Op::Query | Op::Key | Op::Value => vec![own(Op::FirstNorm)],
            Op::TurnedQuery => vec![own(Op::Query)],
            Op::TurnedKey => vec![own(Op::Key)],
            Op::Scores => std::iter::once(own(Op::TurnedQuery)).chain(all(Op::TurnedKey)).collect(),
            Op::Weights => vec![own(Op::Scores)],
            Op::Mixed => std::iter::once(own(Op::Weights)).chain(all(Op::Value)).collect(),
            Op::Attended => vec![own(Op::Mixed)],
            Op::AfterAttention => vec![before, own(Op::Attended)],
            Op::SecondNorm => vec![own(Op::AfterAttention)],
            Op::Gate | Op::Up => vec![own(Op::SecondNorm)],
            Op::Gated => vec![own(Op::Gate), own(Op::Up)],
            Op::Down => vec![own(Op::Gated)],
            Op::AfterLayer if layer == 0 => Vec::new(),
            Op::AfterLayer => vec![own(Op::AfterAttention), own(Op::Down)],
            Op::Logits => vec![own(Op::LastNorm)],
        }
    }

    /// The leaves that are opened for these tiles, ascending: what they read, what they make, and the logits of every choice.
    #[must_use]
    pub fn needed(&self, tiles: impl IntoIterator<Item = u64>) -> Vec<u64> {
        self.read_by(tiles).filter_map(|place| self.leaf(place)).collect::<BTreeSet<u64>>().into_iter().collect()
    }

    /// The cells that these tiles read and make, some of them often, and the logits of every choice.
    pub fn read_by(&self, tiles: impl IntoIterator<Item = u64>) -> impl Iterator<Item = Place> {
        let drawn = tiles.into_iter().filter_map(|number| self.tile(number));
        drawn.flat_map(|tile| self.inputs(tile.place).into_iter().chain([tile.place])).chain(self.choices())
    }

    /// The cells of the logits, in the order of the tokens that are chosen.
    pub fn choices(&self) -> impl Iterator<Item = Place> + use<> {
        let layer = self.head();
        (self.prompt - 1..self.tokens).map(move |token| Place { token, layer, op: Op::Logits })
    }

    /// The bytes of a cell, from its numbers as bits of its format.
    #[must_use]
    pub fn bytes(&self, op: Op, entries: &[u32]) -> Vec<u8> {
        let width = self.format(op).bytes();
        entries.iter().flat_map(|x| x.to_le_bytes().into_iter().take(width)).collect()
    }

    /// The numbers of a cell from its bytes, as bits of its format; nothing where there are too few or too many.
    #[must_use]
    pub fn read(&self, place: Place, bytes: &[u8]) -> Option<Vec<u32>> {
        let n = self.entries(place)?;
        let all: Vec<u32> = match self.format(place.op).bytes() {
            4 => bytes.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect(),
            _ => bytes.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b).into()).collect(),
        };
        (all.len() == n && bytes.len() == n * self.format(place.op).bytes()).then_some(all)
    }

    /// How many bytes a cell has.
    #[must_use]
    pub fn size(&self, place: Place) -> Option<usize> {
        self.entries(place).map(|n| n * self.format(place.op).bytes())
    }
}
