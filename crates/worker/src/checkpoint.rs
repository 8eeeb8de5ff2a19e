//! Weights as floats, from one or several files of safetensors with the names that models of the shape of Llama have.

use crate::Fault;
use bfv_model::Problem;
use bfv_model::config::Config;
use bfv_model::llama::{self, Collected, Files};
use bfv_model::safetensors::{Dtype, Tensor as Stored, read};
use candle_core::{DType, Device, Tensor};
use std::collections::BTreeMap;
use std::path::Path;

/// A layer.
pub type Layer = llama::Layer<Tensor>;

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
    /// Reads the files of a folder.
    ///
    /// # Errors
    /// As in [`Files::open`], [`Files::tensors`] and [`Checkpoint::of`].
    pub fn open(folder: &Path) -> Result<Checkpoint, Fault> {
        let files = files(folder)?;
        Ok(Checkpoint::of(files.config().clone(), files.tensors()?)?)
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
    pub fn of(config: Config, all: BTreeMap<String, Stored<'_>>) -> Result<Checkpoint, Problem> {
        let all = llama::collect(&config, all, tensor, |a, b| Ok(values(a)? == values(b)?))?;
        let Collected { embedding, layers, last, head } = all;
        let head = head.unwrap_or_else(|| embedding.clone());
        Ok(Checkpoint { config, embedding, layers, last, head })
    }
}

/// The files of a folder.
///
/// # Errors
/// As in [`Files::open`].
pub fn files(folder: &Path) -> Result<Files, Fault> {
    let file = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|why| Fault::Files(path, why))
    };
    let is_there = |name: &str| folder.join(name).symlink_metadata().is_ok();
    Files::open(&folder.display().to_string(), file, is_there)
}

/// The entries of a tensor, row after row.
pub(crate) fn values(t: &Tensor) -> Result<Vec<f32>, Problem> {
    t.flatten_all().and_then(|t| t.to_vec1()).map_err(candle)
}

/// The tensor as floats of 32 bits, all of them finite.
fn tensor(name: &str, found: &Stored<'_>) -> Result<Tensor, Problem> {
    let refuse = |what: String, mend: &str| Problem::new(format!("tensor {name}"), what, mend);
    let dtype = match found.dtype {
        Dtype::F32 => DType::F32,
        Dtype::Bf16 => DType::BF16,
        Dtype::F16 => DType::F16,
        Dtype::I8 | Dtype::I16 => {
            let what = format!("It has integers, of type {}.", found.dtype.name());
            return Err(refuse(what, "Use a model of floats, or run this one as it is."));
        }
    };
    let sides: Vec<usize> = found.shape.dims().iter().filter_map(|n| usize::try_from(*n).ok()).collect();
    let tensor = Tensor::from_raw_buffer(found.bytes, dtype, &sides, &Device::Cpu);
    let tensor = tensor.and_then(|t| t.to_dtype(DType::F32)).map_err(candle)?;
    if let Some(i) = values(&tensor)?.iter().position(|x| !x.is_finite()) {
        return Err(refuse(format!("Entry {i} is no finite number."), "Use a model without infinities."));
    }
    Ok(tensor)
}
