//! The float reference: one forward of a model of the shape of Llama in floats of 32 bits, and how large its values get.
//!
//! Rotary positions turn the coordinates i and `i + d/2` of a head of width d, as files of Hugging Face have them. `exact` does the same, so
//! no weights change places.

use crate::checkpoint::{Checkpoint, Layer, candle};
use crate::config::Config;
use crate::number::{count, float};
use bfv_model::Problem;
use candle_core::{D, Device, Result, Tensor};

/// The most tokens of one forward: memory grows with their square.
pub const MAX_TOKENS: u32 = 1 << 12;

/// The largest sizes of values in a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerRanges {
    /// After the norm before attention.
    pub first_norm: f64,
    /// Queries, before and after they are turned.
    pub query: f64,
    /// Keys, likewise.
    pub key: f64,
    /// Values.
    pub value: f64,
    /// What attention gives.
    pub mixed: f64,
    /// After the norm before the gate.
    pub second_norm: f64,
    /// Before the gate's function.
    pub gate: f64,
    /// After it.
    pub gated: f64,
    /// Beside the gate.
    pub up: f64,
    /// The gated product.
    pub product: f64,
}

/// The largest sizes of values.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranges {
    /// Of the residual stream, at every place.
    pub hidden: f64,
    /// Of each layer.
    pub layers: Vec<LayerRanges>,
    /// After the norm before the head.
    pub last_norm: f64,
    /// Logits.
    pub logits: f64,
}

/// The logits of every position, row after row, and the ranges.
///
/// # Errors
/// There are no tokens, more than positions or [`MAX_TOKENS`], or one that is not in the vocabulary.
pub fn forward(model: &Checkpoint, tokens: &[u32]) -> std::result::Result<(Vec<Vec<f32>>, Ranges), Problem> {
    let window = model.config.window.and_then(|w| usize::try_from(w).ok()).unwrap_or(usize::MAX);
    forward_where(model, tokens, &|_, query, key| key <= query && query - key < window)
}

/// The same for a model whose layers see other keys: whether a layer, from 0, lets a query see a key, both by their positions. Every query must see
/// a key.
///
/// # Errors
/// As [`forward`].
pub fn forward_where(
    model: &Checkpoint,
    tokens: &[u32],
    sees: &dyn Fn(usize, usize, usize) -> bool,
) -> std::result::Result<(Vec<Vec<f32>>, Ranges), Problem> {
    let c = &model.config;
    let refuse = |what: String| Err(Problem::new("the tokens", what, "Give other tokens."));
    let most = c.positions.min(MAX_TOKENS);
    if !u32::try_from(tokens.len()).is_ok_and(|n| (1..=most).contains(&n)) {
        return refuse(format!("There are {}, and there must be 1 to {most}.", tokens.len()));
    }
    if let Some(t) = tokens.iter().find(|t| **t >= c.vocab) {
        return refuse(format!("There is no token {t}, of {}.", c.vocab));
    }
    let (logits, ranges) = run(model, tokens, sees).map_err(candle)?;
    Ok((logits.to_vec2().map_err(candle)?, ranges))
}

fn run(model: &Checkpoint, tokens: &[u32], sees: &dyn Fn(usize, usize, usize) -> bool) -> Result<(Tensor, Ranges)> {
    let c = &model.config;
    let places = Places::new(c, tokens.len())?;
    let mut x = model.embedding.index_select(&Tensor::new(tokens, &Device::Cpu)?, 0)?;
    let mut ranges = Ranges { hidden: size(&x)?, layers: Vec::new(), last_norm: 0.0, logits: 0.0 };
    for (i, layer) in model.layers.iter().enumerate() {
        let mask = mask(tokens.len(), |query, key| sees(i, query, key))?;
        let (attended, after, layer) = block(c, (&places, &mask), layer, &x)?;
        ranges.hidden = ranges.hidden.max(size(&attended)?).max(size(&after)?);
        ranges.layers.push(layer);
        x = after;
    }
    let x = norm(c, &x, &model.last)?;
    let logits = x.matmul(&model.head.t()?)?;
    (ranges.last_norm, ranges.logits) = (size(&x)?, size(&logits)?);
    Ok((logits, ranges))
}

/// The residual stream after attention and after the layer.
fn block(
    c: &Config,
    (places, mask): (&Places, &Tensor),
    layer: &Layer,
    x: &Tensor,
) -> Result<(Tensor, Tensor, LayerRanges)> {
    let [query, key, value, output, gate, up, down] = &layer.matrices;
    let first = norm(c, x, &layer.first)?;
    let linear = |w: &Tensor, x: &Tensor| x.matmul(&w.t()?);
    let (q, k, v) = (linear(query, &first)?, linear(key, &first)?, linear(value, &first)?);
    let (turned_q, turned_k) = (places.turn(&heads(c, &q)?)?, places.turn(&heads(c, &k)?)?);
    let mixed = attend(c, mask, &turned_q, &turned_k, &heads(c, &v)?)?;
    let attended = (x + linear(output, &mixed)?)?;
    let second = norm(c, &attended, &layer.second)?;
    let (g, u) = (linear(gate, &second)?, linear(up, &second)?);
    let gated = g.silu()?;
    let product = (&gated * &u)?;
    let after = (&attended + linear(down, &product)?)?;
    let ranges = LayerRanges {
        first_norm: size(&first)?,
        query: size(&q)?.max(size(&turned_q)?),
        key: size(&k)?.max(size(&turned_k)?),
        value: size(&v)?,
        mixed: size(&mixed)?,
        second_norm: size(&second)?,
        gate: size(&g)?,
        gated: size(&gated)?,
        up: size(&u)?,
        product: size(&product)?,
    };
    Ok((attended, after, ranges))
}

/// The largest absolute value.
fn size(t: &Tensor) -> Result<f64> {
    Ok(f64::from(t.abs()?.max_all()?.to_scalar::<f32>()?))
}

fn norm(c: &Config, x: &Tensor, gains: &Tensor) -> Result<Tensor> {
    let mean = x.sqr()?.mean_keepdim(D::Minus1)?;
    x.broadcast_div(&(mean + float(c.eps))?.sqrt()?)?.broadcast_mul(gains)
}

/// A head for each first index, a position for each second one.
fn heads(c: &Config, x: &Tensor) -> Result<Tensor> {
    let (positions, all) = x.dims2()?;
    let width = usize::try_from(c.head_width).unwrap_or(1);
    x.reshape((positions, all / width, width))?.transpose(0, 1)?.contiguous()
}

/// What depends on positions only: cosines and sines of each pair.
struct Places {
    cosines: Tensor,
    sines: Tensor,
}

impl Places {
    fn new(c: &Config, positions: usize) -> Result<Places> {
        let half = usize::try_from(c.head_width / 2).unwrap_or(1);
        let angle = |i: usize| {
            let frequency = f64::from(c.rope_base).powf(-count(i % half) / count(half));
            count(i / half) * frequency
        };
        let table = |f: fn(f64) -> f64| {
            let all: Vec<f64> = (0..positions * half).map(|i| f(angle(i))).collect();
            Tensor::from_vec(all, (positions, half), &Device::Cpu)?.to_dtype(candle_core::DType::F32)
        };
        Ok(Places { cosines: table(f64::cos)?, sines: table(f64::sin)? })
    }

    fn turn(&self, x: &Tensor) -> Result<Tensor> {
        let half = x.dim(D::Minus1)? / 2;
        let (low, high) = (x.narrow(D::Minus1, 0, half)?, x.narrow(D::Minus1, half, half)?);
        let (cos, sin) = (&self.cosines, &self.sines);
        let first = (low.broadcast_mul(cos)? - high.broadcast_mul(sin)?)?;
        let second = (high.broadcast_mul(cos)? + low.broadcast_mul(sin)?)?;
        Tensor::cat(&[first, second], D::Minus1)
    }
}

/// What is added to scores: nothing where a query sees a key, and minus infinity elsewhere.
fn mask(positions: usize, sees: impl Fn(usize, usize) -> bool) -> Result<Tensor> {
    let seen = |i: usize| if sees(i / positions, i % positions) { 0.0 } else { f32::NEG_INFINITY };
    let mask: Vec<f32> = (0..positions * positions).map(seen).collect();
    Tensor::from_vec(mask, (positions, positions), &Device::Cpu)
}

fn attend(c: &Config, mask: &Tensor, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
    let (heads, positions, width) = q.dims3()?;
    let groups = heads / k.dim(0)?;
    let shared = |x: &Tensor| {
        let wide = x.unsqueeze(1)?.expand((heads / groups, groups, positions, width))?;
        wide.contiguous()?.reshape((heads, positions, width))
    };
    let scores = q.matmul(&shared(k)?.transpose(1, 2)?.contiguous()?)?;
    let scores = (scores / f64::from(c.head_width).sqrt())?.broadcast_add(mask)?;
    let weights = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
    let weights = weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)?;
    weights.matmul(&shared(v)?)?.transpose(0, 1)?.contiguous()?.reshape((positions, heads * width))
}
