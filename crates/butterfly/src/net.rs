//! The model as floats, and its forward over whole sequences.
//!
//! Attention is computed for all chunks at once: the keys of a chunk are those of the chunk that it attends to, then its own. So it takes
//! `2 C` scores for each token of a chunk of C, whatever the length is.

use crate::holes::Holed;
use crate::numbers::{Random, count, single};
use crate::shape::{Shape, Sight};
use crate::{VOCAB, train};
use bfv_model::Problem;
use bfv_model::stored::{EMBEDDING, FIRST_NORM, HEAD, LAST_NORM, LAYER_MATRICES, SECOND_NORM, of_layer};
use candle_core::{D, DType, Device, Result, Tensor, Var};
use std::collections::HashMap;

/// What is added to mean squares in a norm.
pub const EPS: f64 = 1e-5;
/// The standard deviation of weights at first.
const SPREAD: f64 = 0.05;

/// A layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// In the order of `bfv_model::stored::LAYER_MATRICES`; rows are what comes out.
    pub matrices: Vec<Var>,
    /// Gains before attention.
    pub first: Var,
    /// Gains before the gate.
    pub second: Var,
}

/// A model with weights that can be learned.
#[derive(Debug, Clone)]
pub struct Net {
    /// Its sizes.
    pub shape: Shape,
    /// A row for each token.
    pub embedding: Var,
    /// The layers in order.
    pub layers: Vec<Layer>,
    /// Gains before the head.
    pub last: Var,
    /// A row for each token.
    pub head: Var,
}

/// A message of the float library, in a sentence.
pub(crate) fn candle(why: candle_core::Error) -> Problem {
    let text = why.to_string();
    let first = text.lines().next().unwrap_or_default();
    Problem::new("the butterfly model", format!("The float library failed: {first}."), "Report this.")
}

impl Net {
    /// Random weights, the same for the same seed. Matrices that write to the residual stream are smaller, by the root of how many there are.
    ///
    /// # Errors
    /// The float library fails.
    pub fn new(shape: Shape, seed: u64) -> Result<Net> {
        let mut random = Random::new(seed);
        let smaller = 1.0 / (2.0 * count(shape.layers.len())).sqrt();
        Net::made(shape, |name, dims| match name {
            None => Tensor::ones(dims, DType::F32, &Device::Cpu),
            Some(name) => {
                let writes = name.contains("o_proj") || name.contains("down_proj");
                let spread = if writes { SPREAD * smaller } else { SPREAD };
                let all: Vec<f32> = (0..dims.iter().product()).map(|_| single(random.normal() * spread)).collect();
                Tensor::from_vec(all, dims, &Device::Cpu)
            }
        })
    }

    /// The weights of a file, under the names that models of the shape of Llama have.
    ///
    /// # Errors
    /// A tensor is missing, surplus or of another shape, or an entry is no finite number.
    pub fn read(shape: Shape, mut all: HashMap<String, Tensor>) -> std::result::Result<Net, Problem> {
        let refuse = |name: &str, what: &str| {
            Problem::new(format!("tensor {name}"), what.to_owned(), "Use the weights and the sizes of one model.")
        };
        for name in names(&shape) {
            let t = all.get(&name.0).ok_or_else(|| refuse(&name.0, "It is missing."))?;
            if t.dims() != name.1 {
                return Err(refuse(&name.0, "Its shape is not that of the model."));
            }
            let entries = t.to_dtype(DType::F32).and_then(|t| t.flatten_all()?.to_vec1::<f32>()).map_err(candle)?;
            if entries.iter().any(|x| !x.is_finite()) {
                return Err(refuse(&name.0, "An entry is no finite number."));
            }
        }
        let order: Vec<String> = names(&shape).into_iter().map(|n| n.0).collect();
        if let Some(name) = all.keys().find(|k| !order.contains(k)) {
            return Err(refuse(name, "The model has no such tensor."));
        }
        let mut order = order.into_iter();
        let net = Net::made(shape, |_, dims| {
            let found = order.next().and_then(|name| all.remove(&name));
            found.map_or_else(|| Tensor::zeros(dims, DType::F32, &Device::Cpu), |t| t.to_dtype(DType::F32))
        });
        net.map_err(candle)
    }

    /// Makes all weights in the order of [`names`]; a name is given for matrices only, since gains begin as ones.
    fn made(shape: Shape, mut make: impl FnMut(Option<&str>, &[usize]) -> Result<Tensor>) -> Result<Net> {
        let mut var = |name: Option<&str>, dims: &[usize]| Var::from_tensor(&make(name, dims)?);
        let width = [shape.width];
        let side = [VOCAB, shape.width];
        let embedding = var(Some(EMBEDDING), &side)?;
        let mut layers = Vec::new();
        for _ in &shape.layers {
            let parts = LAYER_MATRICES.iter().zip(shape.matrices());
            let matrices = parts.map(|(name, dims)| var(Some(name), &dims)).collect::<Result<_>>()?;
            layers.push(Layer { matrices, first: var(None, &width)?, second: var(None, &width)? });
        }
        let last = var(None, &width)?;
        let head = var(Some(HEAD), &side)?;
        Ok(Net { shape, embedding, layers, last, head })
    }

    /// All weights in the order of [`names`].
    #[must_use]
    pub fn vars(&self) -> Vec<&Var> {
        let layers = self.layers.iter().flat_map(|l| l.matrices.iter().chain([&l.first, &l.second]));
        std::iter::once(&self.embedding).chain(layers).chain([&self.last, &self.head]).collect()
    }

    /// All weights by their names.
    #[must_use]
    pub fn tensors(&self) -> HashMap<String, Tensor> {
        names(&self.shape).into_iter().zip(self.vars()).map(|(n, v)| (n.0, v.as_tensor().clone())).collect()
    }

    /// The same as brain floats of 16 bits, as they are shipped.
    ///
    /// # Errors
    /// The float library fails.
    pub fn shortened(&self) -> std::result::Result<HashMap<String, Tensor>, Problem> {
        let short = |(name, t): (String, Tensor)| Ok((name, t.to_dtype(DType::BF16)?));
        self.tensors().into_iter().map(short).collect::<Result<_>>().map_err(candle)
    }

    /// The logits of every position of some sequences of one length, row after row: sequences times positions, by tokens.
    ///
    /// # Errors
    /// There are no sequences, their lengths differ, or the length is no multiple of the chunk.
    pub fn logits(&self, sequences: &[Vec<u8>]) -> std::result::Result<Tensor, Problem> {
        self.headed(self.stream(sequences)?).map_err(candle)
    }

    /// The logits of the characters that are hidden in some texts of one length, in their order: hidden characters by tokens.
    ///
    /// # Errors
    /// As [`Net::logits`], or nothing is hidden.
    pub fn foretold(&self, texts: &[Holed]) -> std::result::Result<Tensor, Problem> {
        let given: Vec<Vec<u8>> = texts.iter().map(|t| t.given().to_vec()).collect();
        let rows = texts.iter().zip(0..).flat_map(|(t, n)| t.hidden().iter().map(move |h| n * t.given().len() + h.0));
        let rows: Vec<u32> = rows.map(|row| u32::try_from(row).unwrap_or(u32::MAX)).collect();
        if rows.is_empty() {
            return Err(Problem::new("the texts with holes", "Nothing is hidden.", "Hide a character."));
        }
        let stream = self.stream(&given)?;
        let count = rows.len();
        let only = Tensor::from_vec(rows, count, &Device::Cpu).and_then(|rows| stream.index_select(&rows, 0));
        only.and_then(|x| self.headed(x)).map_err(candle)
    }

    /// The residual stream behind the last layer, for sequences as [`Net::logits`] takes them.
    fn stream(&self, sequences: &[Vec<u8>]) -> std::result::Result<Tensor, Problem> {
        let length = sequences.first().map_or(0, Vec::len);
        if length == 0 || !length.is_multiple_of(self.shape.chunk) || sequences.iter().any(|s| s.len() != length) {
            let what = format!("They are not of one length that is a multiple of the chunk of {}.", self.shape.chunk);
            return Err(Problem::new("the sequences", what, "Give sequences of such a length."));
        }
        let tokens: Vec<u32> = sequences.iter().flatten().map(|t| u32::from(*t)).collect();
        self.run(tokens, sequences.len(), length).map_err(candle)
    }

    fn run(&self, tokens: Vec<u32>, batch: usize, length: usize) -> Result<Tensor> {
        let rows = tokens.len();
        let turns = Turns::new(&self.shape, length)?;
        let mut x = self.embedding.index_select(&Tensor::from_vec(tokens, rows, &Device::Cpu)?, 0)?;
        for (layer, sight) in self.layers.iter().zip(&self.shape.layers) {
            x = layer.run(&self.shape, *sight, &turns, &x, [batch, length / self.shape.chunk])?;
        }
        Ok(x)
    }

    fn headed(&self, x: Tensor) -> Result<Tensor> {
        norm(&x, &self.last)?.matmul(&self.head.t()?)
    }

    /// The mean of what each hidden character costs in nats, in texts of one length with equally many of them.
    ///
    /// # Errors
    /// As [`Net::foretold`].
    pub fn hidden_loss(&self, texts: &[Holed]) -> std::result::Result<Tensor, Problem> {
        let logits = self.foretold(texts)?;
        let wanted: Vec<u32> = texts.iter().flat_map(|t| t.hidden().iter().map(|h| u32::from(h.1))).collect();
        let all = wanted.len();
        train::cost(&logits, wanted, all, 0).map_err(candle)
    }

    /// The mean of what each token costs in nats, where each position foretells the token after it. The first `skip` positions are not counted.
    ///
    /// # Errors
    /// As [`Net::logits`] for the sequences without their last tokens, or nothing is left to count.
    pub fn loss(&self, sequences: &[Vec<u8>], skip: usize) -> std::result::Result<Tensor, Problem> {
        let given: Vec<Vec<u8>> =
            sequences.iter().map(|s| s.split_last().map_or(Vec::new(), |s| s.1.to_vec())).collect();
        let logits = self.logits(&given)?;
        let wanted = sequences.iter().flat_map(|s| s.iter().skip(1).map(|t| u32::from(*t)));
        let length = given.first().map_or(0, Vec::len);
        train::cost(&logits, wanted.collect(), length, skip).map_err(candle)
    }
}

/// The names of all weights with their shapes, in the order in which they are made.
#[must_use]
pub fn names(shape: &Shape) -> Vec<(String, Vec<usize>)> {
    let side = vec![VOCAB, shape.width];
    let mut out = vec![(EMBEDDING.to_owned(), side.clone())];
    for i in 0..shape.layers.len() {
        let parts = LAYER_MATRICES.iter().zip(shape.matrices());
        out.extend(parts.map(|(part, dims)| (of_layer(i, part), dims.to_vec())));
        out.extend([FIRST_NORM, SECOND_NORM].map(|part| (of_layer(i, part), vec![shape.width])));
    }
    out.push((LAST_NORM.to_owned(), vec![shape.width]));
    out.push((HEAD.to_owned(), side));
    out
}

/// Every row divided by the root of its mean square, times gains (Zhang and Sennrich, "Root mean square layer normalization", 2019).
fn norm(x: &Tensor, gains: &Tensor) -> Result<Tensor> {
    let mean = (x.sqr()?.mean_keepdim(D::Minus1)? + EPS)?;
    x.broadcast_div(&mean.sqrt()?)?.broadcast_mul(gains)
}

/// Cosines and sines of rotary positions (Su and others, "RoFormer", 2021): coordinates i and `i + d/2` of a head of d are turned together.
struct Turns {
    cosines: Tensor,
    sines: Tensor,
}

impl Turns {
    fn new(shape: &Shape, length: usize) -> Result<Turns> {
        let half = shape.head_width / 2;
        let angles: Vec<f64> = (0..length).flat_map(|t| angles(shape, t)).collect();
        let table = |f: fn(f64) -> f64| {
            Tensor::from_vec(
                angles.iter().map(|a| single(f(*a))).collect::<Vec<f32>>(),
                (length, 1, half),
                &Device::Cpu,
            )
        };
        Ok(Turns { cosines: table(f64::cos)?, sines: table(f64::sin)? })
    }

    /// Of sequences by positions by heads by coordinates.
    fn turn(&self, x: &Tensor) -> Result<Tensor> {
        let half = x.dim(D::Minus1)? / 2;
        let (low, high) = (x.narrow(D::Minus1, 0, half)?, x.narrow(D::Minus1, half, half)?);
        let first = (low.broadcast_mul(&self.cosines)? - high.broadcast_mul(&self.sines)?)?;
        let second = (high.broadcast_mul(&self.cosines)? + low.broadcast_mul(&self.sines)?)?;
        Tensor::cat(&[first, second], D::Minus1)
    }
}

/// The angles of the pairs of a head at a position.
pub(crate) fn angles(shape: &Shape, position: usize) -> impl Iterator<Item = f64> {
    let (half, base) = (shape.head_width / 2, f64::from(shape.rope_base));
    (0..half).map(move |i| count(position) * base.powf(-count(i) / count(half)))
}

impl Layer {
    fn run(
        &self,
        shape: &Shape,
        sight: Sight,
        turns: &Turns,
        x: &Tensor,
        [batch, chunks]: [usize; 2],
    ) -> Result<Tensor> {
        let linear = |n: usize, x: &Tensor| match self.matrices.get(n) {
            Some(m) => x.matmul(&m.t()?),
            None => candle_core::bail!("a layer has no matrix {n}"),
        };
        let (length, heads, width) = (chunks * shape.chunk, shape.heads, shape.head_width);
        let first = norm(x, &self.first)?;
        let split = |t: Tensor| t.reshape((batch, length, heads, width));
        // Sequences by chunks by heads by positions by coordinates.
        let by_chunk = |t: Tensor| t.reshape((batch, chunks, shape.chunk, heads, width))?.transpose(2, 3)?.contiguous();
        let q = by_chunk(turns.turn(&split(linear(0, &first)?)?)?)?;
        let k = by_chunk(turns.turn(&split(linear(1, &first)?)?)?)?;
        let v = by_chunk(linear(2, &first)?)?;
        let mixed = attend(shape, sight, &q, &k, &v)?;
        let mixed = mixed.transpose(2, 3)?.contiguous()?.reshape((batch * length, heads * width))?;
        let x = (x + linear(3, &mixed)?)?;
        let second = norm(&x, &self.second)?;
        let gated = (linear(4, &second)?.silu()? * linear(5, &second)?)?;
        &x + linear(6, &gated)?
    }
}

/// Attention of every chunk to the chunk that it reads and to itself.
fn attend(shape: &Shape, sight: Sight, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<Tensor> {
    let (batch, chunks, heads, chunk, width) = q.dims5()?;
    let both = |x: &Tensor| -> Result<Tensor> {
        Tensor::cat(&[&partner(sight, x)?, x], 3)?.contiguous()?.reshape((batch * chunks * heads, 2 * chunk, width))
    };
    let q = q.reshape((batch * chunks * heads, chunk, width))?;
    let scores = (q.matmul(&both(k)?.t()?.contiguous()?)? / count(width).sqrt())?;
    let scores =
        scores.reshape((batch, chunks, heads, chunk, 2 * chunk))?.broadcast_add(&mask(shape, sight, chunks)?)?;
    let weights = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?.detach())?.exp()?;
    let weights = weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)?;
    let weights = weights.reshape((batch * chunks * heads, chunk, 2 * chunk))?;
    weights.matmul(&both(v)?)?.reshape((batch, chunks, heads, chunk, width))
}

/// What is at the chunk that each chunk reads; where there is none, anything, since it is masked.
fn partner(sight: Sight, x: &Tensor) -> Result<Tensor> {
    let chunks = x.dim(1)?;
    let number = |c: usize| u32::try_from(sight.reads(c, chunks).unwrap_or(c)).map_err(candle_core::Error::wrap);
    let whose: Vec<u32> = (0..chunks).map(number).collect::<Result<_>>()?;
    x.index_select(&Tensor::from_vec(whose, chunks, &Device::Cpu)?, 1)
}

/// What is added to scores: nothing where a token may look, and minus infinity elsewhere.
fn mask(shape: &Shape, sight: Sight, chunks: usize) -> Result<Tensor> {
    let chunk = shape.chunk;
    let mut out = Vec::with_capacity(chunks * chunk * 2 * chunk);
    for c in 0..chunks {
        let read = if sight.reads(c, chunks).is_some() { 0.0 } else { f32::NEG_INFINITY };
        for query in 0..chunk {
            out.extend(std::iter::repeat_n(read, chunk));
            let ahead = |key: usize| matches!(sight, Sight::Back(_)) && key > query;
            out.extend((0..chunk).map(|key| if ahead(key) { f32::NEG_INFINITY } else { 0.0 }));
        }
    }
    Tensor::from_vec(out, (1, chunks, 1, chunk, 2 * chunk), &Device::Cpu)
}
