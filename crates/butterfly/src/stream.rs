//! The streaming step: one token after the other, with what is kept bounded for each layer.
//!
//! A layer that pairs by digit l reads chunk i - 2^l and the part of chunk i that is there. So it keeps the keys and values of the last `2^l + 1` chunks and
//! no more, however long the stream is, and a step reads at most `2 C` of them.

use crate::net::{EPS, Net, angles, candle};
use crate::numbers::{Random, count, single};
use crate::shape::{Shape, Sight};
use bfv_model::Problem;
use candle_core::Tensor;

/// A matrix: rows are what comes out.
#[derive(Debug, Clone)]
struct Matrix {
    cols: usize,
    entries: Vec<f32>,
}

impl Matrix {
    fn of(t: &Tensor) -> Result<Matrix, Problem> {
        let (_, cols) = t.dims2().map_err(candle)?;
        Ok(Matrix { cols, entries: flat(t)? })
    }

    fn row(&self, i: usize) -> &[f32] {
        self.entries.chunks_exact(self.cols).nth(i).unwrap_or_default()
    }

    fn times(&self, x: &[f32]) -> Vec<f32> {
        self.entries.chunks_exact(self.cols).map(|row| dot(row, x)).collect()
    }
}

fn flat(t: &Tensor) -> Result<Vec<f32>, Problem> {
    t.flatten_all().and_then(|t| t.to_vec1()).map_err(candle)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A layer with what it keeps.
#[derive(Debug, Clone)]
struct Layer {
    digit: u32,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    output: Matrix,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
    first: Vec<f32>,
    second: Vec<f32>,
    /// The key and the value of a position stand at its number modulo how many are kept.
    kept: Vec<(Vec<f32>, Vec<f32>)>,
}

/// A model that reads a stream.
#[derive(Debug, Clone)]
pub struct Stream {
    shape: Shape,
    embedding: Matrix,
    layers: Vec<Layer>,
    last: Vec<f32>,
    head: Matrix,
    position: usize,
    reads: usize,
}

impl Stream {
    /// Begins a stream.
    ///
    /// # Errors
    /// A layer looks ahead.
    pub fn new(net: &Net) -> Result<Stream, Problem> {
        let mut layers = Vec::new();
        for (layer, sight) in net.layers.iter().zip(&net.shape.layers) {
            let Sight::Back(digit) = *sight else {
                let what = "A layer has the published pairing, which looks ahead.";
                return Err(Problem::new("a stream", what, "Use a model whose layers look back only."));
            };
            let all = layer.matrices.iter().map(|m| Matrix::of(m.as_tensor())).collect::<Result<Vec<_>, _>>()?;
            let Ok([query, key, value, output, gate, up, down]) = <[Matrix; 7]>::try_from(all) else {
                return Err(Problem::new("a layer", "It has no seven matrices.", "Report this."));
            };
            let (first, second) = (flat(layer.first.as_tensor())?, flat(layer.second.as_tensor())?);
            layers.push(Layer { digit, query, key, value, output, gate, up, down, first, second, kept: Vec::new() });
        }
        Ok(Stream {
            shape: net.shape.clone(),
            embedding: Matrix::of(net.embedding.as_tensor())?,
            layers,
            last: flat(net.last.as_tensor())?,
            head: Matrix::of(net.head.as_tensor())?,
            position: 0,
            reads: 0,
        })
    }

    /// How many tokens were read.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many keys all layers together have read in the last step.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.reads
    }

    /// How many keys each layer keeps now.
    #[must_use]
    pub fn kept(&self) -> Vec<usize> {
        self.layers.iter().map(|l| l.kept.len()).collect()
    }

    /// Reads a token, and gives the logits of the next one.
    pub fn step(&mut self, token: u8) -> Vec<f32> {
        let turns: Vec<(f32, f32)> =
            angles(&self.shape, self.position).map(|a| (single(a.cos()), single(a.sin()))).collect();
        let mut x = self.embedding.row(usize::from(token)).to_vec();
        self.reads = 0;
        for layer in &mut self.layers {
            self.reads += layer.step(&self.shape, &turns, self.position, &mut x);
        }
        self.position += 1;
        self.head.times(&norm(&x, &self.last))
    }
}

impl Stream {
    /// Reads a text and writes so many characters after it, each drawn with its likelihood at a temperature above 0; the same for the same seed.
    pub fn write(&mut self, after: &[u8], characters: usize, temperature: f64, seed: u64) -> Vec<u8> {
        let mut random = Random::new(seed);
        let mut out = Vec::new();
        let mut logits = Vec::new();
        for token in after {
            logits = self.step(*token);
        }
        while out.len() < characters && !logits.is_empty() {
            let token = draw(&logits, temperature, random.unit());
            out.push(token);
            logits = self.step(token);
        }
        out
    }
}

/// The token that a number between 0 and 1 falls on, where each has a share by its likelihood.
fn draw(logits: &[f32], temperature: f64, at: f64) -> u8 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shares: Vec<f64> = logits.iter().map(|l| (f64::from(l - largest) / temperature).exp()).collect();
    let mut left = at * shares.iter().sum::<f64>();
    for (token, share) in (0..=u8::MAX).zip(&shares) {
        left -= share;
        if left < 0.0 {
            return token;
        }
    }
    u8::MAX
}

impl Layer {
    /// Adds what the layer computes to the residual stream, and gives how many keys were read.
    fn step(&mut self, shape: &Shape, turns: &[(f32, f32)], position: usize, x: &mut [f32]) -> usize {
        let first = norm(x, &self.first);
        let (mut q, mut k) = (self.query.times(&first), self.key.times(&first));
        for head in q.chunks_exact_mut(shape.head_width).chain(k.chunks_exact_mut(shape.head_width)) {
            turn(head, turns);
        }
        self.keep(shape, position, (k, self.value.times(&first)));
        let (mixed, reads) = self.attend(shape, position, &q);
        add(x, &self.output.times(&mixed));
        let second = norm(x, &self.second);
        let (gate, up) = (self.gate.times(&second), self.up.times(&second));
        let gated: Vec<f32> = gate.iter().zip(&up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
        add(x, &self.down.times(&gated));
        reads
    }

    /// How many positions are kept at most.
    fn most(&self, shape: &Shape) -> usize {
        let far = 1usize.checked_shl(self.digit).unwrap_or(usize::MAX);
        far.saturating_add(1).saturating_mul(shape.chunk)
    }

    fn keep(&mut self, shape: &Shape, position: usize, pair: (Vec<f32>, Vec<f32>)) {
        let place = position % self.most(shape);
        match self.kept.get_mut(place) {
            Some(place) => *place = pair,
            None => self.kept.push(pair),
        }
    }

    fn attend(&self, shape: &Shape, position: usize, q: &[f32]) -> (Vec<f32>, usize) {
        let (chunk, most) = (position / shape.chunk, self.most(shape));
        let other = Sight::Back(self.digit).reads(chunk, chunk + 1).map(|c| c * shape.chunk..(c + 1) * shape.chunk);
        let positions: Vec<usize> = other.unwrap_or(0..0).chain(chunk * shape.chunk..position + 1).collect();
        let pairs: Vec<&(Vec<f32>, Vec<f32>)> = positions.iter().filter_map(|p| self.kept.get(p % most)).collect();
        let (width, root) = (shape.head_width, single(count(shape.head_width).sqrt()));
        let mut mixed = vec![0.0; q.len()];
        for (h, (q, out)) in q.chunks_exact(width).zip(mixed.chunks_exact_mut(width)).enumerate() {
            let part = |x: &'_ [f32]| -> std::ops::Range<usize> { h * width..((h + 1) * width).min(x.len()) };
            let scores: Vec<f32> =
                pairs.iter().map(|(k, _)| dot(q, k.get(part(k)).unwrap_or_default()) / root).collect();
            let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let weights: Vec<f32> = scores.iter().map(|s| (s - largest).exp()).collect();
            let total: f32 = weights.iter().sum();
            for (weight, (_, v)) in weights.iter().zip(&pairs) {
                for (out, v) in out.iter_mut().zip(v.get(part(v)).unwrap_or_default()) {
                    *out += weight / total * v;
                }
            }
        }
        (mixed, pairs.len())
    }
}

fn add(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

fn norm(x: &[f32], gains: &[f32]) -> Vec<f32> {
    let mean = f64::from(dot(x, x)) / count(x.len());
    let root = single((mean + EPS).sqrt());
    x.iter().zip(gains).map(|(x, g)| x / root * g).collect()
}

fn turn(head: &mut [f32], turns: &[(f32, f32)]) {
    let (low, high) = head.split_at_mut(head.len() / 2);
    for ((a, b), (cos, sin)) in low.iter_mut().zip(high).zip(turns) {
        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
    }
}
