//! Weights that fit a specification, and the operations between products.
//!
//! Each operation here is a function of what a worker commits: a verifier that has checked the products computes the rest again
//! with the same functions, [`Model::embed`] to [`Model::logits`].

use crate::attention::{Powers, divided_by, totals};
use crate::gate::Gate;
use crate::matrix::Matrix;
use crate::norm::{LIMIT, Norm};
use crate::refused::{Refused, index};
use crate::requantise::{Saturate, Scale};
use crate::rope::Rope;
use crate::spec::{LayerSpec, Named, Spec};

/// The weights of a layer; of matrices, rows are what comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer<G> {
    /// Gains of the norm before attention.
    pub first_gains: Vec<i16>,
    /// To the queries of all heads.
    pub query: Matrix<G>,
    /// To the keys of all key heads.
    pub key: Matrix<G>,
    /// To the values of all key heads.
    pub value: Matrix<G>,
    /// From all heads to the residual stream.
    pub output: Matrix<G>,
    /// Gains of the norm before the gate.
    pub second_gains: Vec<i16>,
    /// To the gate.
    pub gate: Matrix<G>,
    /// To what the gate is multiplied with.
    pub up: Matrix<G>,
    /// From the gated products to the residual stream.
    pub down: Matrix<G>,
}

/// All weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights<G> {
    /// A row for each token.
    pub embedding: Matrix<G>,
    /// The layers in order.
    pub layers: Vec<Layer<G>>,
    /// Gains of the norm before the head.
    pub last_gains: Vec<i16>,
    /// A row for each token.
    pub head: Matrix<G>,
}

/// A specification with weights of its shapes and its tables.
#[derive(Debug, Clone)]
pub struct Model<G> {
    spec: Spec,
    weights: Weights<G>,
    rope: Rope,
    gate: Gate,
    powers: Powers,
}

impl<G: Named + Saturate> Model<G> {
    /// Checks the shapes of all weights and makes the tables.
    ///
    /// # Errors
    /// The grid is another than the specification says, weights have another shape, or a table is refused.
    pub fn new(spec: Spec, weights: Weights<G>) -> Result<Self, Refused> {
        let draft = spec.draft();
        let d = draft.dims;
        if draft.grid != G::BITS {
            let why = format!("they are of grid {:?}, and the specification says {:?}", G::BITS, draft.grid);
            return Err(Refused::new("weights", why));
        }
        if weights.layers.len() != draft.layers.len() {
            let why =
                format!("there are {} layers, and the specification has {}", weights.layers.len(), draft.layers.len());
            return Err(Refused::new("weights", why));
        }
        // No product wraps: a specification bounds each by the longest side of a matrix.
        let [width, inner, vocab] = [d.width, d.inner, d.vocab].map(index);
        let (heads, kv_heads) = (index(d.heads * d.head_width), index(d.kv_heads * d.head_width));
        let matrix = |name: String, m: &Matrix<G>, rows: usize, cols: usize| match (m.rows(), m.cols()) {
            shape if shape == (rows, cols) => Ok(()),
            (r, c) => Err(Refused::new(name, format!("the shape is {r} by {c}, and must be {rows} by {cols}"))),
        };
        let gains = |name: String, g: &[i16]| match g.len() {
            n if n == width => Ok(()),
            n => Err(Refused::new(name, format!("there are {n} gains, and must be {width}"))),
        };
        matrix("the weights of the embedding".into(), &weights.embedding, vocab, width)?;
        matrix("the weights of the head".into(), &weights.head, vocab, width)?;
        gains("the last norm".into(), &weights.last_gains)?;
        for (i, l) in weights.layers.iter().enumerate() {
            let all = [
                ("query", &l.query, heads, width),
                ("key", &l.key, kv_heads, width),
                ("value", &l.value, kv_heads, width),
                ("output", &l.output, width, heads),
                ("gate", &l.gate, inner, width),
                ("up", &l.up, inner, width),
                ("down", &l.down, width, inner),
            ];
            for (name, m, rows, cols) in all {
                matrix(format!("the weights {name} of layer {i}"), m, rows, cols)?;
            }
            gains(format!("the first norm of layer {i}"), &l.first_gains)?;
            gains(format!("the second norm of layer {i}"), &l.second_gains)?;
        }
        let rope = Rope::new(d.head_width, draft.rope_base, d.positions)?;
        let gate = Gate::new(draft.gate)?;
        Ok(Self { spec, weights, rope, gate, powers: Powers::new() })
    }

    /// The specification.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The weights.
    #[must_use]
    pub fn weights(&self) -> &Weights<G> {
        &self.weights
    }

    /// The table of rotary positions.
    #[must_use]
    pub fn rope(&self) -> &Rope {
        &self.rope
    }

    /// The table of the gate.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The powers of two.
    #[must_use]
    pub fn powers(&self) -> &Powers {
        &self.powers
    }

    /// The residual stream at the start: the rows of the tokens, scaled, of 24 bits.
    ///
    /// # Errors
    /// There are no or too many tokens, or one is not in the vocabulary.
    pub fn embed(&self, tokens: &[u32]) -> Result<Matrix<i32>, Refused> {
        let scale = self.spec.draft().embedding;
        let mut out = Matrix::filled("the tokens", tokens.len(), self.weights.embedding.cols(), 0)?;
        for (out, &token) in out.each_row_mut().zip(tokens) {
            let row = self.weights.embedding.row(index(token));
            if row.is_empty() {
                let why = format!("there is no token {token}, of {}", self.weights.embedding.rows());
                return Err(Refused::new("the tokens", why));
            }
            for (out, &x) in out.iter_mut().zip(row) {
                *out = stream(scale.round(x.into()));
            }
        }
        Ok(out)
    }

    /// A norm of the residual stream, on the grid.
    ///
    /// # Errors
    /// A coordinate has more than 24 bits, or there are more than gains.
    pub fn norm(norm: Norm, gains: &[i16], hidden: &Matrix<i32>) -> Result<Matrix<G>, Refused> {
        norm.apply(hidden, gains)
    }

    /// Queries or keys from their sums: scaled to 16 bits, then turned by their positions.
    ///
    /// # Errors
    /// The columns are no whole number of heads, or a position is too large.
    pub fn turn(&self, scale: Scale, sums: &Matrix<G::Sum>, first: usize) -> Result<Matrix<i16>, Refused> {
        let mut x = scale.apply_all(sums);
        self.rope.apply(&mut x, first)?;
        Ok(x)
    }

    /// One head's columns of the input of the output matrix, from its weights and sums.
    ///
    /// # Errors
    /// The numbers of rows differ.
    pub fn mix(layer: &LayerSpec, weights: &Matrix<i16>, sums: &Matrix<i64>) -> Result<Matrix<G>, Refused> {
        Self::mix_by(layer, &totals(weights), sums)
    }

    /// The same by the total of each row of weights.
    ///
    /// # Errors
    /// As [`Model::mix`].
    pub fn mix_by(layer: &LayerSpec, totals: &[i64], sums: &Matrix<i64>) -> Result<Matrix<G>, Refused> {
        divided_by(layer.mixed, totals, sums)
    }

    /// The residual stream with the sums of a linear layer added, of 24 bits.
    ///
    /// # Errors
    /// The shapes differ.
    pub fn add(scale: Scale, hidden: &Matrix<i32>, sums: &Matrix<G::Sum>) -> Result<Matrix<i32>, Refused> {
        let place = "the residual stream";
        if (hidden.rows(), hidden.cols()) != (sums.rows(), sums.cols()) {
            let why = format!("{} by {} and {} by {} differ", hidden.rows(), hidden.cols(), sums.rows(), sums.cols());
            return Err(Refused::new(place, why));
        }
        let added = hidden.entries().iter().zip(sums.entries());
        let added = added.map(|(&h, &s)| stream(scale.round(s.into()).saturating_add(h.into()))).collect();
        Matrix::new(place, hidden.rows(), hidden.cols(), added)
    }

    /// The input of the matrix after the gate, from the sums of both before it.
    ///
    /// # Errors
    /// The shapes differ.
    pub fn gated(&self, layer: &LayerSpec, gate: &Matrix<G::Sum>, up: &Matrix<G::Sum>) -> Result<Matrix<G>, Refused> {
        let (gate, up) = (layer.gate.apply_all(gate), layer.up.apply_all(up));
        Ok(layer.product.apply_all(&self.gate.apply(&gate, &up)?))
    }

    /// Logits from the sums of the head.
    #[must_use]
    pub fn logits(&self, sums: &Matrix<G::Sum>) -> Matrix<i32> {
        self.spec.draft().head.apply_all(sums)
    }
}

/// The nearest number of 24 bits.
fn stream(a: i64) -> i32 {
    i32::saturate(a.clamp((-LIMIT).into(), (LIMIT - 1).into()))
}
