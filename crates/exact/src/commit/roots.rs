//! What a certificate names as specification, model, input and output.

use super::pack::write_all;
use crate::matrix::Matrix;
use crate::model::Model;
use crate::requantise::Saturate;
use crate::spec::{Bits, Named, Spec};
use bfv_cert::digest::{self, Digest};
use bfv_cert::tensor::{self, Dtype, Scale, Shape};
use bfv_cert::{Malformed, Part, Place, Refusal};

/// What a certificate names as the specification.
#[must_use]
pub fn spec_root(spec: &Spec) -> Digest {
    digest::spec_root(&spec.bytes())
}

/// What a certificate names as the input, and as the output of the layers: tokens, as numbers of 32 bits.
///
/// # Errors
/// There are no tokens, or too many.
pub fn tokens_root(tokens: &[u32]) -> Result<Digest, Refusal> {
    tensor::activation(Dtype::I32, &tokens_shape(tokens)?, Scale::new(0).map_err(refusal)?, &token_bytes(tokens))
}

/// The shape of tokens.
///
/// # Errors
/// There are no tokens, or too many.
pub fn tokens_shape(tokens: &[u32]) -> Result<Shape, Refusal> {
    Shape::new(&[u32::try_from(tokens.len()).unwrap_or(u32::MAX)]).map_err(refusal)
}

/// Tokens as they are delivered: four bytes each, the lowest first.
#[must_use]
pub fn token_bytes(tokens: &[u32]) -> Vec<u8> {
    tokens.iter().flat_map(|t| t.to_le_bytes()).collect()
}

/// What a certificate names as the input or output of a fusion or vote, and its shape: whole numbers of 64 bits.
///
/// # Errors
/// The sides are not those of so many numbers, or too large.
pub fn numbers_root(sides: &[usize], values: &[i64]) -> Result<(Shape, Digest), Refusal> {
    let sides: Vec<u32> = sides.iter().map(|n| u32::try_from(*n).unwrap_or(u32::MAX)).collect();
    let shape = Shape::new(&sides).map_err(refusal)?;
    let root = tensor::activation(Dtype::I64, &shape, Scale::new(0).map_err(refusal)?, &number_bytes(values))?;
    Ok((shape, root))
}

/// Whole numbers as a fusion delivers them: eight bytes each, the lowest first.
#[must_use]
pub fn number_bytes(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// What a certificate names as what passes from one stage to the next: the residual stream, as numbers of 32 bits.
///
/// # Errors
/// There are no tokens, or too many.
pub fn stream_root(stream: &Matrix<i32>) -> Result<Digest, Refusal> {
    tensor::activation(Dtype::I32, &stream_shape(stream)?, Scale::new(0).map_err(refusal)?, &stream_bytes(stream))
}

/// The shape of that: tokens by coordinates.
///
/// # Errors
/// There are no tokens, or too many.
pub fn stream_shape(stream: &Matrix<i32>) -> Result<Shape, Refusal> {
    Shape::new(&[stream.rows(), stream.cols()].map(|n| u32::try_from(n).unwrap_or(u32::MAX))).map_err(refusal)
}

/// The bytes of that: four for each number, the lowest first, token after token.
#[must_use]
pub fn stream_bytes(stream: &Matrix<i32>) -> Vec<u8> {
    stream.entries().iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn refusal(found: Malformed) -> Refusal {
    let place = Place { part: Part::Tensor, field: "tokens", offset: 0 };
    Refusal::Malformed(place, found)
}

/// What a certificate names as the model: the weights by their names, `embedding`, `layer.0.query` and so on, with scale 1, as what they
/// stand for is said by the specification.
///
/// # Errors
/// None for a model, whose shapes were checked.
pub fn model_root<G: Named + Saturate>(model: &Model<G>) -> Result<Digest, Refusal> {
    let w = model.weights();
    let grid = match G::BITS {
        Bits::Eight => Dtype::I8,
        Bits::Sixteen => Dtype::I16,
    };
    let matrix = |name: String, m: &Matrix<G>| weight(&name, grid, &[m.rows(), m.cols()], m.entries());
    let gains = |name: String, g: &[i16]| weight(&name, Dtype::I16, &[g.len()], g);
    let mut all = vec![
        matrix("embedding".into(), &w.embedding)?,
        gains("last.gains".into(), &w.last_gains)?,
        matrix("head".into(), &w.head)?,
    ];
    for (i, l) in w.layers.iter().enumerate() {
        let name = |what| format!("layer.{i}.{what}");
        all.push(gains(name("first_gains"), &l.first_gains)?);
        all.push(matrix(name("query"), &l.query)?);
        all.push(matrix(name("key"), &l.key)?);
        all.push(matrix(name("value"), &l.value)?);
        all.push(matrix(name("output"), &l.output)?);
        all.push(gains(name("second_gains"), &l.second_gains)?);
        all.push(matrix(name("gate"), &l.gate)?);
        all.push(matrix(name("up"), &l.up)?);
        all.push(matrix(name("down"), &l.down)?);
    }
    Ok(tensor::model(all)?.root())
}

fn weight<T: Copy + Into<i64>>(
    name: &str,
    dtype: Dtype,
    dims: &[usize],
    entries: &[T],
) -> Result<tensor::Weight, Refusal> {
    let width = usize::try_from(dtype.bytes()).unwrap_or(8);
    tensor::weight(name, dtype, dims, |range, out| write_all(entries.get(range).unwrap_or_default(), width, out))
}
