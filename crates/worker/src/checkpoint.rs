//! Weights as floats, from one or several files of safetensors with the names that models of the shape of Llama have.

use crate::Fault;
use crate::config::Config;
use bfv_model::Problem;
use bfv_model::parts::{INDEX_FILE, Index};
use bfv_model::safetensors::{Dtype, Tensor as Stored, read};
use bfv_model::stored::{EMBEDDING, FIRST_NORM, HEAD, LAST_NORM, LAYER_MATRICES, SECOND_NORM, WEIGHTS_FILE, of_layer};
use candle_core::{DType, Device, Tensor};
use std::collections::BTreeMap;
use std::path::Path;

/// A layer: matrices in the order of [`LAYER_MATRICES`], rows being what comes out, and the gains of both norms.
#[derive(Debug, Clone)]
pub struct Layer {
    /// To queries, keys and values, from attention, to the gate, beside the gate, from the gate.
    pub matrices: [Tensor; 7],
    /// Gains before attention.
    pub first: Tensor,
    /// Gains before the gate.
    pub second: Tensor,
}

/// A model as floats of 32 bits, all of them finite.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// What is computed.
    pub config: Config,
    /// A row for each token.
    pub embedding: Tensor,
    /// The layers in order.
    pub layers: Vec<Layer>,
    /// Gains before the head.
    pub last: Tensor,
    /// A row for each token.
    pub head: Tensor,
}

/// A message of the float library, in a sentence.
pub(crate) fn candle(why: candle_core::Error) -> Problem {
    let text = why.to_string();
    let first = text.lines().next().unwrap_or_default();
    Problem::new("the float reference", format!("It failed: {first}."), "Report this.")
}

impl Checkpoint {
    /// Reads `config.json` and `model.safetensors` of a folder, or in place of the latter all files of [`INDEX_FILE`].
    ///
    /// # Errors
    /// A file cannot be read, both are there, or as in [`Index::read`], [`Index::tensors`] and [`Checkpoint::read`].
    pub fn open(folder: &Path) -> Result<Checkpoint, Fault> {
        let file = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|why| Fault::Files(path, why))
        };
        let config = Config::read(&file("config.json")?)?;
        let is_there = |name: &str| folder.join(name).symlink_metadata().is_ok();
        if !is_there(INDEX_FILE) {
            return Ok(Checkpoint::read(config, &file(WEIGHTS_FILE)?)?);
        }
        if is_there(WEIGHTS_FILE) {
            let what = format!("There is {WEIGHTS_FILE}, and {INDEX_FILE}, which names other files.");
            return Err(Problem::new(folder.display().to_string(), what, "Keep one of the two.").into());
        }
        let in_index = |p: Problem| Problem::new(format!("{INDEX_FILE}, {}", p.place), p.what, p.mend);
        let index = Index::read(&file(INDEX_FILE)?).map_err(in_index)?;
        let contents: Vec<Vec<u8>> = index.files().into_iter().map(file).collect::<Result<_, _>>()?;
        Ok(Checkpoint::of(config, index.tensors(&contents)?)?)
    }

    /// Reads the weights of a model.
    ///
    /// # Errors
    /// The file is malformed, a tensor is missing, surplus, or of another type or shape, or an entry is no finite number.
    pub fn read(config: Config, file: &[u8]) -> Result<Checkpoint, Problem> {
        Checkpoint::of(config, read(file)?)
    }

    /// The same for the tensors by their names.
    ///
    /// # Errors
    /// A tensor is missing, surplus, or of another type or shape, or an entry is no finite number.
    pub fn of(config: Config, mut all: BTreeMap<String, Stored<'_>>) -> Result<Checkpoint, Problem> {
        let c = &config;
        let (heads, kv_heads) = (c.heads.saturating_mul(c.head_width), c.kv_heads.saturating_mul(c.head_width));
        let shapes = [
            [heads, c.width],
            [kv_heads, c.width],
            [kv_heads, c.width],
            [c.width, heads],
            [c.inner, c.width],
            [c.inner, c.width],
            [c.width, c.inner],
        ];
        let all = &mut all;
        let embedding = take(all, EMBEDDING, &[c.vocab, c.width])?;
        let mut layers = Vec::new();
        for i in 0..usize::try_from(c.layers).unwrap_or(usize::MAX) {
            let mut matrices = Vec::new();
            for (part, shape) in LAYER_MATRICES.iter().zip(&shapes) {
                matrices.push(take(all, &of_layer(i, part), shape)?);
            }
            let first = take(all, &of_layer(i, FIRST_NORM), &[c.width])?;
            let second = take(all, &of_layer(i, SECOND_NORM), &[c.width])?;
            // There are as many as names.
            let Ok(matrices) = matrices.try_into() else { continue };
            layers.push(Layer { matrices, first, second });
        }
        let last = take(all, LAST_NORM, &[c.width])?;
        // A file of a tied model may have the head or leave it out.
        let head = match all.contains_key(HEAD) || !c.tied {
            true => take(all, HEAD, &[c.vocab, c.width])?,
            false => embedding.clone(),
        };
        if c.tied && values(&head)? != values(&embedding)? {
            let what = "It differs from the embedding, and config.json says that they are one.";
            return Err(Problem::new(format!("tensor {HEAD}"), what, "Check tie_word_embeddings."));
        }
        match all.keys().next() {
            None => Ok(Checkpoint { config, embedding, layers, last, head }),
            Some(name) => {
                let what = "A model of this config.json has no such tensor.";
                Err(Problem::new(format!("tensor {name}"), what, "Check that both files are of one model."))
            }
        }
    }
}

/// The entries of a tensor, row after row.
pub(crate) fn values(t: &Tensor) -> Result<Vec<f32>, Problem> {
    t.flatten_all().and_then(|t| t.to_vec1()).map_err(candle)
}

fn take(all: &mut BTreeMap<String, Stored<'_>>, name: &str, shape: &[u32]) -> Result<Tensor, Problem> {
    let refuse = |what: String, mend: &str| Problem::new(format!("tensor {name}"), what, mend);
    let same = "Check that both files are of one model.";
    let found = all.remove(name).ok_or_else(|| refuse("It is missing.".to_owned(), same))?;
    if found.shape.dims() != shape {
        return Err(refuse(format!("Its shape is {:?}, and must be {shape:?}.", found.shape.dims()), same));
    }
    let dtype = match found.dtype {
        Dtype::F32 => DType::F32,
        Dtype::Bf16 => DType::BF16,
        Dtype::F16 => DType::F16,
        Dtype::I8 | Dtype::I16 => {
            let what = format!("It has integers, of type {}.", found.dtype.name());
            return Err(refuse(what, "Use a model of floats, or run this one as it is."));
        }
    };
    let sides: Vec<usize> = shape.iter().filter_map(|n| usize::try_from(*n).ok()).collect();
    let tensor = Tensor::from_raw_buffer(found.bytes, dtype, &sides, &Device::Cpu);
    let tensor = tensor.and_then(|t| t.to_dtype(DType::F32)).map_err(candle)?;
    if let Some(i) = values(&tensor)?.iter().position(|x| !x.is_finite()) {
        return Err(refuse(format!("Entry {i} is no finite number."), "Use a model without infinities."));
    }
    Ok(tensor)
}
