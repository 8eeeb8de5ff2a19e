//! Float models in the files that are common for models of the shape of Llama: `config.json` with one or several files of safetensors.
//!
//! Their names and shapes are checked here, whatever is made of the weights ([`collect`]), and models that are computed again bit for bit are made
//! of the very bits ([`replayed`]).

use crate::config::Config;
use crate::parts::{INDEX_FILE, Index};
use crate::problem::Problem;
use crate::safetensors::{Dtype, Tensor, read};
use crate::stored::{EMBEDDING, FIRST_NORM, HEAD, LAST_NORM, LAYER_MATRICES, SECOND_NORM, WEIGHTS_FILE, of_layer};
use bfv_replay::spec::decimal;
use bfv_replay::weights::{Layer as Bits, Model};
use bfv_replay::{Draft, Format, Spec, Weights};
use std::collections::BTreeMap;

/// The file that says what is computed.
pub const CONFIG_FILE: &str = "config.json";
/// The largest such file, in bytes.
pub const CONFIG_LIMIT: u64 = 1 << 20;
/// What is wrong where two files do not fit.
const SAME: &str = "Check that both files are of one model.";

/// The bytes of a model.
#[derive(Debug, Clone)]
pub struct Files {
    config: Config,
    index: Option<Index>,
    contents: Vec<Vec<u8>>,
}

impl Files {
    /// Reads `config.json` and `model.safetensors` of a folder, or in place of the latter all files of [`INDEX_FILE`]. `file` gives the bytes of a file of this name, and `is_there`
    /// says whether there is one. The folder is named in problems.
    ///
    /// # Errors
    /// A file cannot be read, both are there, or as in [`Config::read`] and [`Index::read`].
    pub fn open<E: From<Problem>>(
        folder: &str,
        mut file: impl FnMut(&str) -> Result<Vec<u8>, E>,
        is_there: impl Fn(&str) -> bool,
    ) -> Result<Files, E> {
        let config = Config::read(&file(CONFIG_FILE)?)?;
        if !is_there(INDEX_FILE) {
            return Ok(Files { config, index: None, contents: vec![file(WEIGHTS_FILE)?] });
        }
        if is_there(WEIGHTS_FILE) {
            let what = format!("There is {WEIGHTS_FILE}, and {INDEX_FILE}, which names other files.");
            return Err(Problem::new(folder, what, "Keep one of the two.").into());
        }
        let in_index = |p: Problem| Problem::new(format!("{INDEX_FILE}, {}", p.place), p.what, p.mend);
        let index = Index::read(&file(INDEX_FILE)?).map_err(in_index)?;
        let contents: Vec<Vec<u8>> = index.files().into_iter().map(file).collect::<Result<_, _>>()?;
        Ok(Files { config, index: Some(index), contents })
    }

    /// What is computed.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The tensors by name.
    ///
    /// # Errors
    /// A file is malformed, or as in [`Index::tensors`].
    pub fn tensors(&self) -> Result<BTreeMap<String, Tensor<'_>>, Problem> {
        match (&self.index, self.contents.as_slice()) {
            (Some(index), contents) => index.tensors(contents),
            (None, [one, ..]) => read(one),
            (None, []) => Ok(BTreeMap::new()),
        }
    }
}

/// A layer: matrices in the order of [`LAYER_MATRICES`], rows being what comes out, and the gains of both norms.
#[derive(Debug, Clone)]
pub struct Layer<T> {
    /// To queries, keys and values, from attention, to the gate, beside the gate, from the gate.
    pub matrices: [T; 7],
    /// Gains before attention.
    pub first: T,
    /// Gains before the gate.
    pub second: T,
}

/// The weights of a model.
#[derive(Debug, Clone)]
pub struct Collected<T> {
    /// A row for each token.
    pub embedding: T,
    /// The layers in order.
    pub layers: Vec<Layer<T>>,
    /// Gains before the head.
    pub last: T,
    /// A row for each token. A file of a tied model may have it or leave it out.
    pub head: Option<T>,
}

/// Makes something of every weight of a model: `make` gets the name, the tensor and its sides.
///
/// # Errors
/// A tensor is missing, surplus, or of another shape, the head differs from an embedding that it is said to be, or `make` refuses it.
pub fn collect<T>(
    config: &Config,
    mut all: BTreeMap<String, Tensor<'_>>,
    make: impl Fn(&str, &Tensor<'_>) -> Result<T, Problem>,
    same: impl Fn(&T, &T) -> Result<bool, Problem>,
) -> Result<Collected<T>, Problem> {
    let c = config;
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
    let take = |all: &mut BTreeMap<String, Tensor<'_>>, name: &str, shape: &[u32]| {
        let refuse = |what: String| Problem::new(format!("tensor {name}"), what, SAME);
        let found = all.remove(name).ok_or_else(|| refuse("It is missing.".to_owned()))?;
        if found.shape.dims() != shape {
            return Err(refuse(format!("Its shape is {:?}, and must be {shape:?}.", found.shape.dims())));
        }
        make(name, &found)
    };
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
    let head = match all.contains_key(HEAD) || !c.tied {
        true => Some(take(all, HEAD, &[c.vocab, c.width])?),
        false => None,
    };
    if let Some(head) = head.as_ref().filter(|_| c.tied)
        && !same(head, &embedding)?
    {
        let what = "It differs from the embedding, and config.json says that they are one.";
        return Err(Problem::new(format!("tensor {HEAD}"), what, "Check tie_word_embeddings."));
    }
    match all.keys().next() {
        None => Ok(Collected { embedding, layers, last, head }),
        Some(name) => {
            let what = "A model of this config.json has no such tensor.";
            Err(Problem::new(format!("tensor {name}"), what, SAME))
        }
    }
}

/// The model of files, with the bits of its weights as they are. All of them must be of one type of 16 bits.
///
/// # Errors
/// As [`collect`], weights are of another type or no finite numbers, or the sizes are not those of [`Spec::new`].
pub fn replayed(files: &Files) -> Result<Model, Problem> {
    let c = files.config();
    let tensors = files.tensors()?;
    let format = match tensors.get(EMBEDDING).map(|t| t.dtype) {
        Some(Dtype::F16) => Format::F16,
        // Any other type is refused below, by its name.
        _ => Format::Bf16,
    };
    let own = if format == Format::F16 { Dtype::F16 } else { Dtype::Bf16 };
    let bits = |name: &str, found: &Tensor<'_>| {
        if found.dtype != own {
            let what = format!("Its type is {}. For replay all weights are BF16, or all are F16.", found.dtype.name());
            return Err(Problem::new(format!("tensor {name}"), what, "Convert the model, or use another lane."));
        }
        Ok(found.bytes.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b)).collect::<Vec<u16>>())
    };
    let all = collect(c, tensors, bits, |a, b| Ok(a == b))?;
    let layers = all.layers.into_iter().map(|l| Bits { matrices: l.matrices, first: l.first, second: l.second });
    let head = all.head.filter(|_| !c.tied);
    let weights = Weights { embedding: all.embedding, layers: layers.collect(), last: all.last, head };
    let refuse = |what: String| Problem::new(CONFIG_FILE, what, "Use another model, or another lane.");
    let eps = decimal(c.eps.digits, c.eps.tens);
    let eps = eps.ok_or_else(|| refuse("What is added in a norm is no number of single precision.".to_owned()))?;
    let spec = Spec::new(Draft {
        format,
        width: c.width,
        layers: c.layers,
        heads: c.heads,
        kv_heads: c.kv_heads,
        head_width: c.head_width,
        inner: c.inner,
        vocab: c.vocab,
        positions: c.positions,
        eps,
        rope_base: c.rope_base,
        window: c.window,
    });
    let refused = |why: bfv_replay::Refused| refuse(why.to_string());
    Model::new(spec.map_err(refused)?, weights).map_err(refused)
}
