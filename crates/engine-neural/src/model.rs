//! Two orders over walks that are folded into a fixed number of places, with what they know in one file.
//!
//! The unlearned one is by what goal and theorem share, each walk with the logarithm of how rare it is as its weight, after Meng and Paulson,
//! "Lightweight relevance filtering for machine-generated resolution problems" (2009).
//!
//! The learned one: goal and theorem as vectors of a shared space, and weights of what they have in common.
//!
//! The score of a theorem for a goal is the product of two short vectors, each a sum of one row for each walk, plus a weight for each walk
//! that both have, plus one for each walk of the theorem. The shape follows Wang, Tang, Wang and
//! Deng, "Premise Selection for Theorem Proving by Deep Graph Embedding" (2017), with sums of walks in the place of their graphs.

use crate::features::{Features, common, number};
use candle_core::{DType, Device, Tensor};
use std::collections::HashMap;

/// The version of what the numbers in a file mean.
const VERSION: u32 = 1;
/// Places that walks are folded into, one half for conclusions and the other for what is given.
pub const PLACES: usize = 4096;
const HALF: u64 = 2048;
/// Numbers of a vector.
pub const WIDTH: usize = 16;
/// Longest file that is read, in bytes.
pub const LONGEST: usize = 1 << 20;

/// The weights.
#[derive(Clone, Debug)]
pub struct Model {
    /// For each place, of walks that both have, and of those that the theorem has.
    shared: Vec<f32>,
    own: Vec<f32>,
    /// The rows of goals and of theorems.
    goal: Vec<[f32; WIDTH]>,
    theorem: Vec<[f32; WIDTH]>,
    /// For each place, the logarithm of how rare it is in theorems.
    rare: Vec<f32>,
}

/// A goal or a theorem as the model sees it.
#[derive(Clone, Debug)]
pub struct Side {
    places: Vec<u32>,
    vector: [f32; WIDTH],
    own: f32,
    scale: f32,
    /// How rare its places are, together: those of the conclusion, and those of what is given.
    rare: [f32; 2],
}

/// The weights that belong to the program, trained by `cargo xtask rank-train`.
pub const WEIGHTS: &[u8] = include_bytes!("../weights/rank.safetensors");

impl Features {
    /// The places that the model looks at, each once and in order, and by what each is multiplied.
    #[must_use]
    pub fn folded(&self) -> (Vec<u32>, f32) {
        // Half of the places are for conclusions. The lowest bits of a walk are those by which vectors are folded.
        let fold = |walk: &u64, from: u32| from + u32::try_from((walk >> 20) % HALF).unwrap_or_default();
        let end = self.end.iter().map(|w| fold(w, 0));
        let mut all: Vec<u32> = end.chain(self.given.iter().map(|w| fold(w, 2048))).collect();
        all.sort_unstable();
        all.dedup();
        let count = u16::try_from(all.len()).map_or(f32::MAX, f32::from);
        (all, 1.0 / count.max(1.0).sqrt())
    }
}

/// What tells damage: a number of all bytes of the weights, as eight of them.
fn checksum(tensors: &[Vec<f32>]) -> [u8; 8] {
    number(tensors.iter().flatten().flat_map(|x| x.to_le_bytes())).to_le_bytes()
}

impl Model {
    /// The names of the tensors, in the order of the checksum.
    pub const TENSORS: [&'static str; 5] = ["shared", "own", "goal", "theorem", "rare"];

    /// The tensors of a file with these weights, as floats of 32 bits that brain floats of 16 bits can tell exactly.
    ///
    /// # Errors
    /// Tensors of another shape.
    pub fn file(tensors: [Tensor; 5]) -> candle_core::Result<HashMap<String, Tensor>> {
        let mut out = HashMap::new();
        let mut plain = Vec::new();
        for (name, tensor) in Model::TENSORS.iter().zip(tensors) {
            let short = tensor.to_dtype(DType::BF16)?;
            plain.push(short.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?);
            out.insert((*name).to_owned(), short);
        }
        out.insert("checksum".to_owned(), Tensor::new(&checksum(&plain), &Device::Cpu)?);
        out.insert("version".to_owned(), Tensor::new(&[VERSION], &Device::Cpu)?);
        Ok(out)
    }

    /// Reads weights in the format safetensors.
    ///
    /// # Errors
    /// Why the bytes are none, in a sentence.
    pub fn read(bytes: &[u8]) -> Result<Model, String> {
        let damaged = || "The weights of the ranking are damaged.".to_owned();
        if bytes.len() > LONGEST {
            return Err(format!("The weights of the ranking have more than {LONGEST} bytes."));
        }
        let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu).map_err(|_| damaged())?;
        let version: Vec<u32> = tensors.get("version").and_then(|t| t.to_vec1().ok()).ok_or_else(damaged)?;
        if version != [VERSION] {
            return Err(format!("The weights of the ranking are not of version {VERSION}."));
        }
        let flat = |name: &str, width: usize| -> Option<Vec<f32>> {
            let t = tensors.get(name).filter(|t| t.elem_count() == PLACES * width)?;
            t.to_dtype(DType::F32).and_then(|t| t.flatten_all()).and_then(|t| t.to_vec1()).ok()
        };
        let widths = [1, 1, WIDTH, WIDTH, 1];
        let all: Option<Vec<Vec<f32>>> = Model::TENSORS.iter().zip(widths).map(|(n, w)| flat(n, w)).collect();
        let all = all.ok_or_else(damaged)?;
        let sum: Vec<u8> = tensors.get("checksum").and_then(|t| t.to_vec1().ok()).ok_or_else(damaged)?;
        if sum != checksum(&all) || all.iter().flatten().any(|x| !x.is_finite()) {
            return Err(damaged());
        }
        let rows = |flat: &Vec<f32>| flat.chunks_exact(WIDTH).filter_map(|c| c.try_into().ok()).collect();
        match all.as_slice() {
            [shared, own, goal, theorem, rare] => Ok(Model {
                shared: shared.clone(),
                own: own.clone(),
                goal: rows(goal),
                theorem: rows(theorem),
                rare: rare.clone(),
            }),
            _ => Err(damaged()),
        }
    }

    fn side(&self, features: &Features, rows: &[[f32; WIDTH]]) -> Side {
        let (places, scale) = features.folded();
        let mut vector = [0.0; WIDTH];
        let mut own = 0.0;
        for place in places.iter().filter_map(|p| usize::try_from(*p).ok()) {
            for (sum, x) in vector.iter_mut().zip(rows.get(place).unwrap_or(&[0.0; WIDTH])) {
                *sum += x * scale;
            }
            own += self.own.get(place).copied().unwrap_or_default() * scale;
        }
        let rare = self.rarity(places.iter().copied());
        Side { places, vector, own, scale, rare }
    }

    /// How rare places are, together: those of conclusions, and those of what is given.
    fn rarity(&self, places: impl Iterator<Item = u32>) -> [f32; 2] {
        let mut sums = [0.0; 2];
        for place in places {
            let weight = usize::try_from(place).ok().and_then(|p| self.rare.get(p)).copied().unwrap_or_default();
            let [end, given] = &mut sums;
            *(if u64::from(place) < HALF { end } else { given }) += weight;
        }
        sums
    }

    /// How much of each other a goal and a theorem have: more is better. Premises that are given count less than what is to be shown.
    #[must_use]
    pub fn overlap(&self, goal: &Side, theorem: &Side) -> f32 {
        let [end, given] = self.rarity(common(&goal.places, &theorem.places));
        let ([ours, _], [theirs, premises]) = (goal.rare, theorem.rare);
        2.0 * end / (ours + theirs).max(1e-9) + 0.5 * given / premises.max(1e-9)
    }

    /// A goal.
    #[must_use]
    pub fn goal(&self, features: &Features) -> Side {
        self.side(features, &self.goal)
    }

    /// A theorem.
    #[must_use]
    pub fn theorem(&self, features: &Features) -> Side {
        self.side(features, &self.theorem)
    }

    /// How far a theorem may help with a goal: more is better. The same sides have the same score on the same machine.
    #[must_use]
    pub fn score(&self, goal: &Side, theorem: &Side) -> f32 {
        let near: f32 = goal.vector.iter().zip(&theorem.vector).map(|(a, b)| a * b).sum();
        let shared = |p: u32| usize::try_from(p).ok().and_then(|p| self.shared.get(p)).copied().unwrap_or_default();
        let both: f32 = common(&goal.places, &theorem.places).map(shared).sum();
        near + both * goal.scale * theorem.scale + theorem.own
    }
}
