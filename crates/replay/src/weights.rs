//! Weights, as bits of a format of 16 bits, and what a certificate names them by.

use crate::spec::{Draft, Refused, Spec};
use bfv_cert::Refusal;
use bfv_cert::digest::Digest;
use bfv_cert::tensor::{self, Dtype};

/// The names of the matrices of a layer: to queries, keys and values, from attention, to the gate, beside it, and from it.
pub const MATRICES: [&str; 7] = ["query", "key", "value", "output", "gate", "up", "down"];

/// Rows and columns of the matrices of a layer, in the order of [`MATRICES`].
#[must_use]
pub fn shapes(d: &Draft) -> [(usize, usize); 7] {
    let [width, inner] = [d.width, d.inner].map(index);
    let [queries, keys] = [d.heads, d.kv_heads].map(|heads| index(heads.saturating_mul(d.head_width)));
    [(queries, width), (keys, width), (keys, width), (width, queries), (inner, width), (inner, width), (width, inner)]
}

/// A number as a length. No address is narrower than 32 bits.
pub(crate) fn index(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// A layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// In the order of [`MATRICES`], row after row; a row for each coordinate that comes out.
    pub matrices: [Vec<u16>; 7],
    /// Gains before attention.
    pub first: Vec<u16>,
    /// Gains before the gate.
    pub second: Vec<u16>,
}

/// All weights of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    /// A row for each token.
    pub embedding: Vec<u16>,
    /// The layers in order.
    pub layers: Vec<Layer>,
    /// Gains before the head.
    pub last: Vec<u16>,
    /// A row for each token; nothing where that is the embedding.
    pub head: Option<Vec<u16>>,
}

/// A specification with weights that fit it, all of them numbers.
#[derive(Debug, Clone)]
pub struct Model {
    spec: Spec,
    weights: Weights,
    root: Digest,
}

impl Model {
    /// Checks shapes and numbers, and hashes the weights.
    ///
    /// # Errors
    /// A weight has another size than the specification says, or is no finite number.
    pub fn new(spec: Spec, weights: Weights) -> Result<Model, Refused> {
        let d = spec.draft();
        let (width, vocab) = (index(d.width), index(d.vocab));
        let rows = |n: usize, what: String, entries| (what, n, width, entries);
        let mut all =
            vec![rows(vocab, "embedding".into(), &weights.embedding), rows(1, "last.gains".into(), &weights.last)];
        if let Some(head) = &weights.head {
            all.push(rows(vocab, "head".into(), head));
        }
        if weights.layers.len() != index(d.layers) {
            return Err(Refused(format!("There are {} layers, and must be {}.", weights.layers.len(), d.layers)));
        }
        for (i, layer) in weights.layers.iter().enumerate() {
            all.push(rows(1, format!("layer.{i}.first_gains"), &layer.first));
            all.push(rows(1, format!("layer.{i}.second_gains"), &layer.second));
            for ((name, entries), (rows, cols)) in MATRICES.iter().zip(&layer.matrices).zip(shapes(d)) {
                all.push((format!("layer.{i}.{name}"), rows, cols, entries));
            }
        }
        let mut committed = Vec::new();
        for (name, rows, cols, entries) in all {
            if rows.checked_mul(cols) != Some(entries.len()) {
                return Err(Refused(format!(
                    "The weight {name} has {} numbers, and must have {rows} by {cols}.",
                    entries.len()
                )));
            }
            if let Some(at) = entries.iter().position(|x| !d.format.is_finite((*x).into())) {
                return Err(Refused(format!("Number {at} of the weight {name} is infinite, or is none.")));
            }
            let dims: &[usize] = if rows == 1 && name.ends_with("gains") { &[cols] } else { &[rows, cols] };
            let weight = tensor::weight(&name, Dtype::I16, dims, |range, out| {
                out.extend(entries.get(range).unwrap_or_default().iter().flat_map(|x| x.to_le_bytes()));
            });
            committed.push(weight.map_err(refused)?);
        }
        let root = tensor::model(committed).map_err(refused)?.root();
        Ok(Model { spec, weights, root })
    }

    /// The specification.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The weights.
    #[must_use]
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// What a certificate names as the model: the bits of all weights as whole numbers of 16 bits. What format they have is said by the specification.
    #[must_use]
    pub fn root(&self) -> &Digest {
        &self.root
    }
}

fn refused(why: Refusal) -> Refused {
    Refused(why.to_string())
}
