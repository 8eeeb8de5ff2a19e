//! From floats to integers.
//!
//! The rule. Every tensor of weights has one unit, its largest size divided by the largest number of the grid (127 or 32,767), and an entry is
//! the nearest whole number of units. The float reference is run on the tokens that are given for calibration. A value of 8 bits has the
//! largest size that was seen, divided by the largest number; a value of 16 bits has twice that, so that what is larger than anything seen
//! is mostly kept; the residual stream has 24 bits over twice of what was seen. Inputs and outputs of the gate's table
//! have powers of two. Where nothing but zeros was seen, the unit is that of a size of 1. What exceeds its range saturates.
//! Every scale of the specification is a quotient of such units, to 31 bits.

use crate::checkpoint::{Checkpoint, values};
use crate::float::{self, LayerRanges, Ranges};
use crate::number::{count, float as float_of, scale, whole};
use bfv_exact::forward::{Shown, State};
use bfv_exact::gate::{Function, Shape};
use bfv_exact::model::{Layer, Model, Weights};
use bfv_exact::norm::Norm;
use bfv_exact::requantise::{Saturate, Scale};
use bfv_exact::sample::{Draw, Sampler};
use bfv_exact::spec::{Bits, Dims, Draft, LayerSpec, Named, Pairs, Spec};
use bfv_exact::{Matrix, Refused};
use bfv_model::Problem;
use bfv_model::stored::Element;
use candle_core::Tensor;

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice {
    /// The most likely one.
    Greedy,
    /// A random one.
    Draw {
        /// Logits are divided by it; above 0.
        temperature: f64,
        /// How many tokens are kept at most.
        top_k: u32,
        /// Which share of the weights is kept at least, in parts of 65,536.
        top_p: u32,
    },
}

/// A model over the integers.
#[derive(Debug, Clone)]
pub struct Quantised<G> {
    /// The model.
    pub model: Model<G>,
    /// What a logit of 1 stands for.
    pub logit: f64,
}

/// How far an integer model is from the float reference on some tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// The root of the mean square of differences of logits, divided by that of the logits of the reference.
    pub relative: f64,
    /// The largest difference of logits, in the unit of the reference.
    pub largest: f64,
    /// At how many positions the most likely token is the same.
    pub same: usize,
    /// How many positions there are.
    pub positions: usize,
}

/// The largest number of a grid.
fn top<G: Saturate>() -> f64 {
    let top: i64 = G::saturate(i64::MAX).into();
    f64::from(i32::try_from(top).unwrap_or(i32::MAX))
}

/// The unit in which this size is the largest number.
fn unit(size: f64, top: f64) -> f64 {
    (if size > 0.0 { size } else { 1.0 }) / top
}

/// The unit of values of which this is the largest that was seen.
fn roomy<G: Named + Saturate>(size: f64) -> f64 {
    let room = match G::BITS {
        Bits::Eight => 1.0,
        Bits::Sixteen => 2.0,
    };
    unit(room * size, top::<G>())
}

/// How many fraction bits leave room for this size in 16 bits.
fn fraction_bits(size: f64) -> u8 {
    let bits = (1.0 / roomy::<i16>(size)).log2().floor().clamp(0.0, 15.0);
    u8::try_from(whole(bits)).unwrap_or(0)
}

fn refused(why: Refused) -> Problem {
    Problem::new(why.place, format!("It is refused: {}.", why.why), "Use another model, or other tokens.")
}

/// Entries as whole numbers of units.
fn grid<G: Saturate>(t: &Tensor) -> Result<(Matrix<G>, f64), Problem> {
    let entries = values(t)?;
    let largest = entries.iter().fold(0f32, |m, x| m.max(x.abs()));
    let unit = unit(largest.into(), top::<G>());
    let whole = entries.iter().map(|x| G::saturate(whole(f64::from(*x) / unit))).collect();
    let (rows, cols) = t.dims2().map_err(crate::checkpoint::candle)?;
    Ok((Matrix::new("weights", rows, cols, whole).map_err(refused)?, unit))
}

/// A norm and its gains, from the unit of the stream to that of what comes out.
fn norm(eps: f64, stream: f64, gains: &Tensor, out: f64) -> Result<(Norm, Vec<i16>), Problem> {
    let gains: Vec<f64> = values(gains)?.into_iter().map(f64::from).collect();
    let largest = gains.iter().fold(0f64, |m, g| m.max(g.abs())).max(f64::MIN_POSITIVE);
    let shift = (top::<i16>() * out / largest).log2().floor().clamp(0.0, 24.0);
    let numbers = gains.iter().map(|g| i16::saturate(whole(g / out * shift.exp2()))).collect();
    let eps = u32::try_from(whole(eps / (stream * stream)).clamp(1, u32::MAX.into())).unwrap_or(u32::MAX);
    let norm = Norm::new(eps, u8::try_from(whole(shift)).unwrap_or(0)).map_err(refused)?;
    Ok((norm, numbers))
}

/// What all layers share.
struct Shared {
    eps: f64,
    stream: f64,
    head_width: f64,
    gate: Shape,
}

/// A layer of integers.
fn layer<G: Named + Saturate>(
    shared: &Shared,
    from: &crate::checkpoint::Layer,
    r: &LayerRanges,
) -> Result<(LayerSpec, Layer<G>), Problem> {
    let matrices: Result<Vec<(Matrix<G>, f64)>, Problem> = from.matrices.iter().map(grid).collect();
    let Ok([query, key, value, output, gate, up, down]) = <[_; 7]>::try_from(matrices?) else {
        return Err(Problem::new("a layer", "It has no seven matrices.", "Report this."));
    };
    let [x, second, mixed, product] = [r.first_norm, r.second_norm, r.mixed, r.product].map(roomy::<G>);
    let [q, k, v, u] = [r.query, r.key, r.value, r.up].map(roomy::<i16>);
    let [into, out] = [shared.gate.input, shared.gate.output].map(|bits| (-f64::from(bits)).exp2());
    let (first_norm, first_gains) = norm(shared.eps, shared.stream, &from.first, x)?;
    let (second_norm, second_gains) = norm(shared.eps, shared.stream, &from.second, second)?;
    let scale = |x: f64| scale(x).map_err(refused);
    let spec = LayerSpec {
        first_norm,
        query: scale(query.1 * x / q)?,
        key: scale(key.1 * x / k)?,
        value: scale(value.1 * x / v)?,
        score: scale(q * k * octaves() / shared.head_width.sqrt())?,
        mixed: scale(v / mixed)?,
        output: scale(output.1 * mixed / shared.stream)?,
        second_norm,
        gate: scale(gate.1 * second / into)?,
        up: scale(up.1 * second / u)?,
        product: scale(out * u / product)?,
        down: scale(down.1 * product / shared.stream)?,
    };
    let [query, key, value, output, gate, up, down] = [query, key, value, output, gate, up, down].map(|(m, _)| m);
    Ok((spec, Layer { first_gains, query, key, value, output, second_gains, gate, up, down }))
}

/// 1024 octaves, in which distances of scores are counted, of a factor e.
fn octaves() -> f64 {
    1024.0 * std::f64::consts::LOG2_E
}

fn sampler(choice: Choice, logit: f64) -> Result<Sampler, Problem> {
    match choice {
        Choice::Greedy => Ok(Sampler::Greedy),
        Choice::Draw { temperature, top_k, top_p } => {
            let scale: Scale = scale(logit * octaves() / temperature).map_err(refused)?;
            Draw::new(scale, top_k, top_p).map(Sampler::Draw).map_err(refused)
        }
    }
}

/// Makes a model over the integers, of so many positions, with the ranges that the reference has on the tokens.
///
/// # Errors
/// The tokens or the positions are not those of the model, or a size or a scale is outside of what `exact` has.
pub fn quantise<G: Element>(
    model: &Checkpoint,
    tokens: &[u32],
    positions: u32,
    choice: Choice,
) -> Result<Quantised<G>, Problem> {
    let c = &model.config;
    if positions > c.positions {
        let what = format!("There are {positions} positions, and the model has {}.", c.positions);
        return Err(Problem::new("the number of positions", what, "Ask for fewer."));
    }
    quantise_to(model, &float::forward(model, tokens)?.1, positions, choice, None)
}

/// The same with ranges that were found otherwise, and with pairs of chunks where the layers have such.
///
/// # Errors
/// The positions are not those of the model, there are other ranges than layers, or a size or a scale is outside of what `exact` has.
pub fn quantise_to<G: Element>(
    model: &Checkpoint,
    ranges: &Ranges,
    positions: u32,
    choice: Choice,
    pairs: Option<Pairs>,
) -> Result<Quantised<G>, Problem> {
    let c = &model.config;
    let (gate, eps) = (gate(ranges), float_of(c.eps));
    // What is added in a norm fits into 31 bits.
    let stream = unit(2.0 * ranges.hidden, f64::from(1u32 << 23)).max((eps / f64::from(1u32 << 31)).sqrt());
    let shared = Shared { eps, stream, head_width: c.head_width.into(), gate };
    let layers: Result<Vec<_>, Problem> =
        model.layers.iter().zip(&ranges.layers).map(|(from, r)| layer(&shared, from, r)).collect();
    let (specs, layers) = layers?.into_iter().unzip();
    let (embedding, own) = grid::<G>(&model.embedding)?;
    let (head, of_head) = grid(&model.head)?;
    let x = roomy::<G>(ranges.last_norm);
    let (last_norm, last_gains) = norm(eps, stream, &model.last, x)?;
    // Logits have 32 bits, of which 8 are room.
    let logit = unit(ranges.logits, f64::from(1u32 << 23));
    let draft = Draft {
        grid: G::BITS,
        dims: Dims {
            width: c.width,
            heads: c.heads,
            kv_heads: c.kv_heads,
            head_width: c.head_width,
            inner: c.inner,
            vocab: c.vocab,
            positions,
        },
        window: c.window.filter(|w| *w < positions),
        rope_base: c.rope_base,
        gate,
        embedding: scale(own / stream).map_err(refused)?,
        layers: specs,
        last_norm,
        head: scale(of_head * x / logit).map_err(refused)?,
        sampler: sampler(choice, logit)?,
    };
    let spec = match pairs {
        None => Spec::new(draft),
        Some(pairs) => Spec::paired(draft, pairs),
    };
    let spec = spec.map_err(refused)?;
    let model = Model::new(spec, Weights { embedding, layers, last_gains, head }).map_err(refused)?;
    Ok(Quantised { model, logit })
}

/// The table of the gate, which all layers share.
fn gate(ranges: &Ranges) -> Shape {
    let largest = |f: fn(&LayerRanges) -> f64| ranges.layers.iter().map(f).fold(0.0, f64::max);
    Shape {
        function: Function::Silu,
        input: fraction_bits(largest(|r| r.gate)),
        output: fraction_bits(largest(|r| r.gated)),
    }
}

/// Compares an integer model with the reference, token after token.
///
/// # Errors
/// The tokens are refused by either.
pub fn compare<G: Element + Shown>(
    reference: &Checkpoint,
    integers: &Quantised<G>,
    tokens: &[u32],
) -> Result<Distance, Problem>
where
    G::Sum: Shown,
{
    let (expected, _) = float::forward(reference, tokens)?;
    let (mut wrong, mut all, mut largest, mut same) = (0.0, 0.0, 0f64, 0);
    let mut state = State::default();
    for (token, expected) in tokens.iter().zip(&expected) {
        let (next, logits) = integers.model.forward(state, &[*token], &mut ()).map_err(refused)?;
        state = next;
        for (found, expected) in logits.iter().zip(expected) {
            let expected = f64::from(*expected);
            let difference = f64::from(*found) * integers.logit - expected;
            wrong += difference * difference;
            all += expected * expected;
            largest = largest.max(difference.abs());
        }
        let best = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
        let of = |logits: Vec<f64>| logits.into_iter().enumerate().max_by(best).map(|(i, _)| i);
        let found = of(logits.iter().map(|l| f64::from(*l)).collect());
        same += usize::from(found == of(expected.iter().map(|l| f64::from(*l)).collect()));
    }
    let entries = count(tokens.len()).max(1.0);
    let relative = ((wrong / entries) / (all / entries).max(f64::MIN_POSITIVE)).sqrt();
    Ok(Distance { relative, largest, same, positions: tokens.len() })
}
