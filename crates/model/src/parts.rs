//! A model in several files of safetensors: the index `model.safetensors.index.json`, which says in which file each tensor is.
//!
//! What the index says and what the files have must be the same, so that no tensor is read from another place than the one that is named. Names are
//! those of files beside the index: a path could lead anywhere.

use crate::fields::{Fields, Found};
use crate::json;
use crate::problem::{Problem, quoted};
use crate::safetensors::{Tensor, read};
use bfv_cert::tensor::Name;
use std::collections::BTreeMap;

/// The file of the index in the folder of a model.
pub const INDEX_FILE: &str = "model.safetensors.index.json";
/// The most files of one model.
pub const PART_LIMIT: usize = 1024;
const ENDING: &str = ".safetensors";

/// A checked index: in which file each tensor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    files: BTreeMap<String, String>,
}

impl Index {
    /// Reads an index. What stands under `metadata` says nothing about single tensors and is not used.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and how to mend it: a name of a tensor that none has, or a file that is no file of safetensors
    /// beside the index.
    pub fn read(file: &[u8]) -> Result<Index, Problem> {
        let text = json::text(file)?;
        let tree = json::read(text)?;
        let mut f = Fields::new(text, &tree)?;
        f.maybe("metadata").map(|m| m.object()).transpose()?;
        let map = f.must("weight_map")?;
        f.end()?;
        let mut files = BTreeMap::new();
        for (name, found) in map.object()?.every() {
            if Name::new(name).is_err() {
                let what = format!("{} is no name of a tensor.", quoted(name));
                return Err(found.problem(what, "Name tensors with at most 128 visible ASCII characters."));
            }
            files.insert(name.to_owned(), beside(&found)?);
        }
        let index = Index { files };
        match index.files().len() {
            0 => Err(map.problem("The index has no tensors.", "Fetch the file again.")),
            n if n > PART_LIMIT => {
                Err(map.problem(format!("The index has {n} files, and may have {PART_LIMIT}."), "Join some of them."))
            }
            _ => Ok(index),
        }
    }

    /// The names of the files, each once, ascending.
    #[must_use]
    pub fn files(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.files.values().map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The tensors of all files by name, from the bytes of each, in the order of [`Index::files`].
    ///
    /// # Errors
    /// A file is malformed, or lacks a tensor that the index has there, or has one that the index has not there. So every tensor stands once.
    pub fn tensors<'a>(&self, contents: &'a [Vec<u8>]) -> Result<BTreeMap<String, Tensor<'a>>, Problem> {
        let mut all = BTreeMap::new();
        for (file, bytes) in self.files().into_iter().zip(contents) {
            let in_it = |p: Problem| Problem::new(format!("file {file}, {}", p.place), p.what, p.mend);
            for (name, tensor) in read(bytes).map_err(in_it)? {
                if self.files.get(&name).is_none_or(|own| own != file) {
                    let what = format!("The index does not have the tensor {} in this file.", quoted(&name));
                    return Err(Problem::new(format!("file {file}"), what, AGAIN));
                }
                all.insert(name, tensor);
            }
        }
        match self.files.iter().find(|(name, _)| !all.contains_key(*name)) {
            None => Ok(all),
            Some((name, file)) => {
                let what = format!("It does not have the tensor {}, as the index says.", quoted(name));
                Err(Problem::new(format!("file {file}"), what, AGAIN))
            }
        }
    }
}

const AGAIN: &str = "Fetch all files of the model again.";

/// The name of a file beside the index.
fn beside(found: &Found<'_>) -> Result<String, Problem> {
    let name = found.text()?;
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if plain && name.len() <= 255 && !name.starts_with('.') && name.len() > ENDING.len() && name.ends_with(ENDING) {
        return Ok(name.to_owned());
    }
    let what = format!("{} is no file of safetensors beside the index.", quoted(name));
    Err(found.problem(what, "Name files with letters, digits, hyphens and points, without folders."))
}
