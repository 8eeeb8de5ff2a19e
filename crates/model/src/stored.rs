//! Integer models in files: the specification in its own bytes, and the weights as safetensors under the names that models of the shape of
//! Llama have. A worker runs such a model and a verifier reads it, so both have the same integers whoever made them and however.

use crate::problem::Problem;
use crate::safetensors::{self, Dtype, Tensor};
use bfv_exact::model::{Layer, Model, Weights};
use bfv_exact::requantise::Saturate;
use bfv_exact::spec::{Bits, Named, Spec};
use bfv_exact::{Matrix, Refused};
use std::collections::BTreeMap;

/// The file of the specification in the folder of a model.
pub const SPEC_FILE: &str = "model.spec";
/// The file of the weights.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// The largest file of a specification, in bytes. With all layers that there may be it has some ten thousand.
pub const SPEC_LIMIT: u64 = 1 << 20;
/// The names of matrices of a layer, in the order of [`matrices`].
pub const LAYER_MATRICES: [&str; 7] = [
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
];
/// The name of the gains before attention.
pub const FIRST_NORM: &str = "input_layernorm";
/// The name of the gains before the gate.
pub const SECOND_NORM: &str = "post_attention_layernorm";
/// The embedding.
pub const EMBEDDING: &str = "model.embed_tokens.weight";
/// The gains before the head.
pub const LAST_NORM: &str = "model.norm.weight";
/// The head.
pub const HEAD: &str = "lm_head.weight";

/// The name of a weight of a layer.
#[must_use]
pub fn of_layer(layer: usize, part: &str) -> String {
    format!("model.layers.{layer}.{part}.weight")
}

/// A grid whose numbers stand in files.
pub trait Element: Named + Saturate {
    /// Their type.
    const DTYPE: Dtype;
    /// Numbers from their bytes.
    fn from_bytes(bytes: &[u8]) -> Vec<Self>;
    /// The bytes of numbers.
    fn to_bytes(numbers: &[Self]) -> Vec<u8>;
}

impl Element for i8 {
    const DTYPE: Dtype = Dtype::I8;

    fn from_bytes(bytes: &[u8]) -> Vec<i8> {
        bytes.iter().map(|b| b.cast_signed()).collect()
    }

    fn to_bytes(numbers: &[i8]) -> Vec<u8> {
        numbers.iter().map(|n| n.cast_unsigned()).collect()
    }
}

impl Element for i16 {
    const DTYPE: Dtype = Dtype::I16;

    fn from_bytes(bytes: &[u8]) -> Vec<i16> {
        let (pairs, _) = bytes.as_chunks::<2>();
        pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
    }

    fn to_bytes(numbers: &[i16]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
    }
}

/// The largest file of the weights of a model with this specification, in bytes: no number has more than four, and in front of them stand the length
/// of the header and the header.
#[must_use]
pub fn weights_limit(spec: &Spec) -> u64 {
    let d = &spec.draft().dims;
    let [width, inner, vocab] = [d.width, d.inner, d.vocab].map(u64::from);
    let heads = |n: u32| u64::from(n).saturating_mul(u64::from(d.head_width));
    let rows = [heads(d.heads), heads(d.heads), heads(d.kv_heads), heads(d.kv_heads), inner, inner, inner, 1, 1];
    let layer = rows.iter().fold(0u64, |sum, n| sum.saturating_add(*n));
    let layers = layer.saturating_mul(spec.draft().layers.len() as u64);
    let all = layers.saturating_add(vocab).saturating_add(vocab).saturating_add(1).saturating_mul(width);
    all.saturating_mul(4).saturating_add(safetensors::HEADER_LIMIT).saturating_add(8)
}

/// A model of either grid.
#[derive(Debug, Clone)]
pub enum Stored {
    /// Of 8 bits.
    Eight(Model<i8>),
    /// Of 16 bits.
    Sixteen(Model<i16>),
}

/// Reads the file of a specification.
///
/// # Errors
/// It is malformed.
pub fn read_spec(file: &[u8]) -> Result<Spec, Problem> {
    Spec::read(file).map_err(refused)
}

impl Stored {
    /// Reads a model from the bytes of its two files.
    ///
    /// # Errors
    /// A file is malformed, a weight is missing, surplus, or of another type or shape.
    pub fn read(spec: &[u8], weights: &[u8]) -> Result<Stored, Problem> {
        Stored::of(read_spec(spec)?, weights)
    }

    /// The same for a specification that was read before, so that no more is read of the weights than [`weights_limit`].
    ///
    /// # Errors
    /// As [`Stored::read`].
    pub fn of(spec: Spec, weights: &[u8]) -> Result<Stored, Problem> {
        let tensors = safetensors::read(weights)?;
        Ok(match spec.draft().grid {
            Bits::Eight => Stored::Eight(model(spec, tensors)?),
            Bits::Sixteen => Stored::Sixteen(model(spec, tensors)?),
        })
    }

    /// The specification.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        match self {
            Stored::Eight(m) => m.spec(),
            Stored::Sixteen(m) => m.spec(),
        }
    }
}

fn refused(why: Refused) -> Problem {
    Problem::new(why.place, format!("It is refused: {}.", why.why), "Make the model again.")
}

/// The two dimensions of a matrix, or the one of gains, as rows and columns.
fn sides(t: &Tensor<'_>) -> Option<(usize, usize)> {
    let side = |n: &u32| usize::try_from(*n).ok();
    match t.shape.dims() {
        [n] => Some((1, side(n)?)),
        [r, c] => Some((side(r)?, side(c)?)),
        _ => None,
    }
}

fn take<E: Element>(tensors: &mut BTreeMap<String, Tensor<'_>>, name: &str, dims: usize) -> Result<Matrix<E>, Problem> {
    let refuse = |what: String| Problem::new(format!("tensor {name}"), what, "Make the model again.");
    let tensor = tensors.remove(name).ok_or_else(|| refuse("It is missing.".to_owned()))?;
    if tensor.dtype != E::DTYPE {
        return Err(refuse(format!("It has the type {}, and must have {}.", tensor.dtype.name(), E::DTYPE.name())));
    }
    let found = tensor.shape.dims().len();
    let Some((rows, cols)) = sides(&tensor).filter(|_| found == dims) else {
        return Err(refuse(format!("It has {found} dimensions, and must have {dims}.")));
    };
    Matrix::new(name, rows, cols, E::from_bytes(tensor.bytes)).map_err(refused)
}

fn model<E: Element>(spec: Spec, mut tensors: BTreeMap<String, Tensor<'_>>) -> Result<Model<E>, Problem> {
    let all = &mut tensors;
    let embedding = take(all, EMBEDDING, 2)?;
    let mut layers = Vec::new();
    for i in 0..spec.draft().layers.len() {
        let mut next = |part| take(all, &of_layer(i, part), 2);
        let [query, key, value, output, gate, up, down] = LAYER_MATRICES.map(&mut next);
        layers.push(Layer {
            query: query?,
            key: key?,
            value: value?,
            output: output?,
            gate: gate?,
            up: up?,
            down: down?,
            first_gains: take(all, &of_layer(i, FIRST_NORM), 1)?.into_entries(),
            second_gains: take(all, &of_layer(i, SECOND_NORM), 1)?.into_entries(),
        });
    }
    let last_gains = take(all, LAST_NORM, 1)?.into_entries();
    let head = take(all, HEAD, 2)?;
    if let Some(name) = tensors.keys().next() {
        let what = "The model has no such weight.";
        return Err(Problem::new(format!("tensor {name}"), what, "Make the model again."));
    }
    Model::new(spec, Weights { embedding, layers, last_gains, head }).map_err(refused)
}

/// The matrices of a layer in the order of [`LAYER_MATRICES`].
#[must_use]
pub fn matrices<E>(l: &Layer<E>) -> [&Matrix<E>; 7] {
    [&l.query, &l.key, &l.value, &l.output, &l.gate, &l.up, &l.down]
}

/// The bytes of the file of weights.
#[must_use]
pub fn weights_file<E: Element>(model: &Model<E>) -> Vec<u8> {
    let matrix = |name: String, m: &Matrix<E>| (name, E::DTYPE, vec![m.rows(), m.cols()], E::to_bytes(m.entries()));
    let gains = |name: String, g: &[i16]| (name, Dtype::I16, vec![g.len()], i16::to_bytes(g));
    let w = model.weights();
    let mut all = vec![matrix(EMBEDDING.to_owned(), &w.embedding)];
    for (i, l) in w.layers.iter().enumerate() {
        all.extend(LAYER_MATRICES.iter().zip(matrices(l)).map(|(part, m)| matrix(of_layer(i, part), m)));
        all.push(gains(of_layer(i, FIRST_NORM), &l.first_gains));
        all.push(gains(of_layer(i, SECOND_NORM), &l.second_gains));
    }
    all.push(gains(LAST_NORM.to_owned(), &w.last_gains));
    all.push(matrix(HEAD.to_owned(), &w.head));
    safetensors::write(&all)
}
