//! What is computed, beside the weights: dimensions, scales, tables and the sampler of a model of the shape of Llama.

use crate::MAX_SIDE;
use crate::attention::Mask;
use crate::bytes::{Reader, Writer};
use crate::gate::{Function, Shape};
use crate::linear::{Grid, MAX_K8};
use crate::norm::{MAX_WIDTH, Norm};
use crate::pairs::Pair;
use crate::refused::{Refused, index};
use crate::requantise::Scale;
use crate::rope::{MAX_PAIRS, MAX_POSITIONS};
use crate::sample::{Draw, Sampler};

const MAGIC: [u8; 4] = *b"bfxs";
const VERSION: u8 = 1;
/// The version of bytes with pairs.
const PAIRED: u8 = 2;
/// The most layers.
pub const MAX_LAYERS: usize = 256;
/// The largest digit by which chunks are paired: no more positions can be told apart.
pub const MAX_DIGIT: u8 = 20;

/// Sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dims {
    /// Coordinates of the residual stream.
    pub width: u32,
    /// Query heads.
    pub heads: u32,
    /// Key heads, which divide the query heads.
    pub kv_heads: u32,
    /// Coordinates of a head, an even number.
    pub head_width: u32,
    /// Coordinates between the matrices of a gate.
    pub inner: u32,
    /// Tokens of the vocabulary.
    pub vocab: u32,
    /// Positions.
    pub positions: u32,
}

/// The scales of a layer. A linear layer's scale leads from its sums to the grid of what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerSpec {
    /// Before attention.
    pub first_norm: Norm,
    /// From the sums of queries to 16 bits.
    pub query: Scale,
    /// From the sums of keys to 16 bits.
    pub key: Scale,
    /// From the sums of values to 16 bits.
    pub value: Scale,
    /// From a distance of scores to `1/1024` of an octave.
    pub score: Scale,
    /// From the weighted mean of values to the grid.
    pub mixed: Scale,
    /// From the sums of the output of attention to the residual stream.
    pub output: Scale,
    /// Before the gate.
    pub second_norm: Norm,
    /// From the sums of the gate to 16 bits, the input of its table.
    pub gate: Scale,
    /// From the sums beside the gate to 16 bits.
    pub up: Scale,
    /// From gated products to the grid.
    pub product: Scale,
    /// From the sums after the gate to the residual stream.
    pub down: Scale,
}

/// The grid of weights and of what they are multiplied with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// `i8`.
    Eight,
    /// `i16`.
    Sixteen,
}

/// A specification before it was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The grid.
    pub grid: Bits,
    /// Sizes.
    pub dims: Dims,
    /// How many keys a query sees at most, its own included; nothing: all up to its own.
    pub window: Option<u32>,
    /// The base of the frequencies of rotary positions.
    pub rope_base: u32,
    /// The table of the gate.
    pub gate: Shape,
    /// From the entries of the embedding to the residual stream.
    pub embedding: Scale,
    /// The layers in order.
    pub layers: Vec<LayerSpec>,
    /// Before the head.
    pub last_norm: Norm,
    /// From the sums of the head to logits of 32 bits.
    pub head: Scale,
    /// How the next token is chosen.
    pub sampler: Sampler,
}

/// Chunks of tokens, of which each layer lets a query see two: its own up to itself, and the one that is `2^l` before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs {
    /// The tokens of a chunk.
    pub chunk: u32,
    /// The digit l of each layer, at most [`MAX_DIGIT`].
    pub digits: Vec<u8>,
}

/// A checked specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    draft: Draft,
    pairs: Option<Pairs>,
}

impl Spec {
    /// Checks a specification.
    ///
    /// # Errors
    /// The first size that is outside of its limits, with the limits.
    pub fn new(draft: Draft) -> Result<Self, Refused> {
        let fail = |why: String| Err(Refused::new("a specification", why));
        let dims = draft.dims;
        let inner = match draft.grid {
            Bits::Eight => MAX_K8,
            Bits::Sixteen => MAX_SIDE,
        };
        let heads = index(dims.heads).saturating_mul(index(dims.head_width));
        let pairs = u64::from(dims.positions) * u64::from(dims.head_width / 2);
        let limits = [
            ("coordinates", index(dims.width), MAX_WIDTH),
            ("coordinates of all heads", heads, inner),
            ("query heads", index(dims.heads), MAX_SIDE),
            ("key heads", index(dims.kv_heads), MAX_SIDE),
            ("coordinates of a head", index(dims.head_width), 1024),
            ("inner coordinates", index(dims.inner), inner),
            ("tokens of the vocabulary", index(dims.vocab), MAX_SIDE),
            ("positions", index(dims.positions), index(MAX_POSITIONS)),
            ("pairs of all positions", usize::try_from(pairs).unwrap_or(usize::MAX), index(MAX_PAIRS)),
            ("layers", draft.layers.len(), MAX_LAYERS),
        ];
        for (what, n, most) in limits {
            if n == 0 || n > most {
                return fail(format!("there are {n} {what}, and there must be 1 to {most}"));
            }
        }
        if !dims.heads.is_multiple_of(dims.kv_heads) {
            return fail(format!("{} query heads are no multiple of {} key heads", dims.heads, dims.kv_heads));
        }
        if !dims.head_width.is_multiple_of(2) {
            return fail(format!("a head of width {} has no pairs", dims.head_width));
        }
        if let Some(w) = draft.window.filter(|&w| w == 0 || w >= dims.positions) {
            let most = dims.positions;
            return fail(format!(
                "the window is {w}, and must be at least 1 and below the {most} positions, or absent"
            ));
        }
        if draft.rope_base < 2 || draft.gate.input > 15 || draft.gate.output > 15 {
            return fail("the base of positions is below 2, or a gate has more than 15 fraction bits".to_owned());
        }
        if let Sampler::Draw(draw) = draft.sampler
            && draw.top_k() > dims.vocab
        {
            return fail(format!("top_k is {}, of {} tokens", draw.top_k(), dims.vocab));
        }
        Ok(Self { draft, pairs: None })
    }

    /// Checks a specification of a model whose layers pair chunks.
    ///
    /// # Errors
    /// As [`Spec::new`]; a chunk is empty or has too many tokens, there are other digits than layers, one is too large, or there is a window as well.
    pub fn paired(draft: Draft, pairs: Pairs) -> Result<Self, Refused> {
        let spec = Self::new(draft)?;
        let fail = |why: String| Err(Refused::new("a specification", why));
        let (chunk, layers) = (index(pairs.chunk), spec.draft.layers.len());
        if chunk == 0 || chunk > MAX_SIDE / 2 {
            return fail(format!("there are {chunk} tokens of a chunk, and there must be 1 to {}", MAX_SIDE / 2));
        }
        if pairs.digits.len() != layers {
            return fail(format!("there are {} digits of pairs, and {layers} layers", pairs.digits.len()));
        }
        if let Some(digit) = pairs.digits.iter().find(|d| **d > MAX_DIGIT) {
            return fail(format!("chunks are paired by digit {digit}, and the last one is {MAX_DIGIT}"));
        }
        if spec.draft.window.is_some() {
            return fail("there are a window and pairs, and there must be one of both at most".to_owned());
        }
        Ok(Self { pairs: Some(pairs), ..spec })
    }

    /// The pairs of chunks, where there are any.
    #[must_use]
    pub fn pairs(&self) -> Option<&Pairs> {
        self.pairs.as_ref()
    }

    /// What queries from a position on see in a layer, counted from 0, where chunks are paired.
    #[must_use]
    pub fn pair(&self, layer: usize, first: usize) -> Option<Pair> {
        let pairs = self.pairs.as_ref()?;
        let digit = pairs.digits.get(layer).copied()?;
        Some(Pair { first, chunk: index(pairs.chunk), digit: digit.into() })
    }

    /// What was checked.
    #[must_use]
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// Which keys queries from a position on see.
    #[must_use]
    pub fn mask(&self, first: usize) -> Mask {
        Mask { first, window: self.draft.window.map(index) }
    }

    /// The bytes of the specification. Two have the same bytes only if they are equal; tables are functions of it.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let d = &self.draft;
        let mut w = Writer::new(MAGIC, if self.pairs.is_some() { PAIRED } else { VERSION });
        w.u8(match d.grid {
            Bits::Eight => 0,
            Bits::Sixteen => 1,
        });
        let Dims { width, heads, kv_heads, head_width, inner, vocab, positions } = d.dims;
        [width, heads, kv_heads, head_width, inner, vocab, positions].iter().for_each(|n| w.u32(*n));
        // No window is 0, which is none otherwise.
        w.u32(d.window.unwrap_or(0));
        w.u32(d.rope_base);
        w.u8(match d.gate.function {
            Function::Relu => 0,
            Function::Silu => 1,
        });
        w.u8(d.gate.input);
        w.u8(d.gate.output);
        scale(&mut w, d.embedding);
        w.count(d.layers.len());
        for l in &d.layers {
            norm(&mut w, l.first_norm);
            [l.query, l.key, l.value, l.score, l.mixed, l.output].iter().for_each(|s| scale(&mut w, *s));
            norm(&mut w, l.second_norm);
            [l.gate, l.up, l.product, l.down].iter().for_each(|s| scale(&mut w, *s));
        }
        norm(&mut w, d.last_norm);
        scale(&mut w, d.head);
        match d.sampler {
            Sampler::Greedy => w.u8(0),
            Sampler::Draw(draw) => {
                w.u8(1);
                scale(&mut w, draw.scale());
                w.u32(draw.top_k());
                w.u32(draw.top_p());
            }
        }
        if let Some(pairs) = &self.pairs {
            w.u32(pairs.chunk);
            w.count(pairs.digits.len());
            pairs.digits.iter().for_each(|d| w.u8(*d));
        }
        w.end()
    }

    /// Reads a specification and checks it.
    ///
    /// # Errors
    /// The bytes are not those that [`Spec::bytes`] writes of some specification.
    pub fn read(bytes: &[u8]) -> Result<Self, Refused> {
        let paired = bytes.get(MAGIC.len()) == Some(&PAIRED);
        let version = if paired { PAIRED } else { VERSION };
        let mut r = Reader::new("the bytes of a specification", MAGIC, version, bytes)?;
        let draft = Draft {
            grid: if r.flag()? { Bits::Sixteen } else { Bits::Eight },
            dims: Dims {
                width: r.u32()?,
                heads: r.u32()?,
                kv_heads: r.u32()?,
                head_width: r.u32()?,
                inner: r.u32()?,
                vocab: r.u32()?,
                positions: r.u32()?,
            },
            window: Some(r.u32()?).filter(|w| *w != 0),
            rope_base: r.u32()?,
            gate: Shape {
                function: if r.flag()? { Function::Silu } else { Function::Relu },
                input: r.u8()?,
                output: r.u8()?,
            },
            embedding: read_scale(&mut r)?,
            layers: r.list(MAX_LAYERS, read_layer)?,
            last_norm: read_norm(&mut r)?,
            head: read_scale(&mut r)?,
            sampler: if r.flag()? {
                Sampler::Draw(Draw::new(read_scale(&mut r)?, r.u32()?, r.u32()?)?)
            } else {
                Sampler::Greedy
            },
        };
        if !paired {
            r.end()?;
            return Self::new(draft);
        }
        let pairs = Pairs { chunk: r.u32()?, digits: r.list(MAX_LAYERS, |r| r.u8())? };
        r.end()?;
        Self::paired(draft, pairs)
    }
}

fn scale(w: &mut Writer, s: Scale) {
    // The multiplier is positive.
    w.u32(s.multiplier().unsigned_abs());
    w.u8(s.shift());
}

fn read_scale(r: &mut Reader<'_>) -> Result<Scale, Refused> {
    // What is above 31 bits becomes negative, which no scale is.
    Scale::new(r.u32()?.cast_signed(), r.u8()?)
}

fn norm(w: &mut Writer, n: Norm) {
    w.u32(n.eps());
    w.u8(n.shift());
}

fn read_norm(r: &mut Reader<'_>) -> Result<Norm, Refused> {
    Norm::new(r.u32()?, r.u8()?)
}

fn read_layer(r: &mut Reader<'_>) -> Result<LayerSpec, Refused> {
    Ok(LayerSpec {
        first_norm: read_norm(r)?,
        query: read_scale(r)?,
        key: read_scale(r)?,
        value: read_scale(r)?,
        score: read_scale(r)?,
        mixed: read_scale(r)?,
        output: read_scale(r)?,
        second_norm: read_norm(r)?,
        gate: read_scale(r)?,
        up: read_scale(r)?,
        product: read_scale(r)?,
        down: read_scale(r)?,
    })
}

/// A grid with its name in a specification.
pub trait Named: Grid {
    /// The name.
    const BITS: Bits;
}

impl Named for i8 {
    const BITS: Bits = Bits::Eight;
}

impl Named for i16 {
    const BITS: Bits = Bits::Sixteen;
}
