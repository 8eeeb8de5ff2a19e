//! A splitting configuration: which layers of a base model each worker has, and how answers are fused, in JSON. A registry entry of the role
//! head carries the digest of the file, as that of a worker carries its manifest's.

use crate::fields::{Fields, Found};
use crate::json;
use crate::manifest::{Capability, LAYER_LIMIT, Manifest, ascending, bound, digest};
use crate::problem::Problem;
use bfv_cert::certificate::PARENT_LIMIT;
use bfv_cert::digest::Digest;
use bfv_cert::registry::{Entry, Role};
use bfv_exact::spec::Spec;
use std::ops::Range;

const NAME_LIMIT: usize = 64;

/// The layers of one worker: each list is contiguous, and each is behind the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// From layer 0 on, the same for all workers.
    pub shared: Vec<u32>,
    /// Its own; there may be none.
    pub core: Vec<u32>,
    /// The last ones; there may be none.
    pub head: Vec<u32>,
}

impl Selection {
    /// All layers, ascending.
    pub fn layers(&self) -> impl Iterator<Item = u32> + '_ {
        self.shared.iter().chain(&self.core).chain(&self.head).copied()
    }
}

/// One worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub worker: String,
    /// The capability that it is for.
    pub focus: String,
    /// Its layers.
    pub layers: Selection,
    /// The data that it was trained with.
    pub dataset: String,
    /// Weights below this size were removed, in billionths.
    pub pruning: u32,
}

/// How answers are fused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fusion {
    /// The name of the strategy.
    pub strategy: String,
    /// How often the fusion is differentiable.
    pub smoothness: u32,
    /// Whether its weights are learned.
    pub learnable: bool,
    /// Whether answers are weighted by confidence.
    pub confidence: bool,
}

/// A checked configuration. All layers of the base model have a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splitting {
    /// The name of the strategy.
    pub strategy: String,
    /// The model that is split.
    pub base_model: String,
    /// How many layers it has.
    pub layers: u32,
    /// The workers, at most [`PARENT_LIMIT`], with distinct names.
    pub workers: Vec<Part>,
    /// How answers are fused.
    pub fusion: Fusion,
    digest: Digest,
}

impl Splitting {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and how to mend it.
    pub fn read(file: &[u8]) -> Result<Splitting, Problem> {
        let text = json::text(file)?;
        let tree = json::read(text)?;
        let mut f = Fields::new(text, &tree)?;
        let strategy = f.must("strategy")?.name(NAME_LIMIT)?;
        let base_model = f.must("base_model")?.name(NAME_LIMIT)?;
        let listed = f.must("workers")?;
        let workers = parts(&listed)?;
        let fusion = Fusion {
            strategy: f.must("fusion_strategy")?.name(NAME_LIMIT)?,
            ..fusion(&f.must("fusion_hyperparams")?)?
        };
        f.end()?;
        let layers = complete(&workers).map_err(|gap| {
            let what = format!("No worker has layer {gap}, and some have later ones.");
            listed.problem(what, "Give it to a worker, so that all layers are covered.")
        })?;
        Ok(Splitting { strategy, base_model, layers, workers, fusion, digest: digest(file) })
    }

    /// The digest of the file, which the registry carries.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether the registry entry of a head carries this configuration.
    ///
    /// # Errors
    /// It is of another role, or carries another file or none.
    pub fn bound(&self, entry: &Entry) -> Result<(), Problem> {
        bound(entry, Role::Head, self.digest)
    }

    /// Whether an integer model has the layers of the configuration.
    ///
    /// # Errors
    /// It has more or fewer.
    pub fn fits(&self, spec: &Spec) -> Result<(), Problem> {
        let layers = spec.draft().layers.len();
        if u32::try_from(layers).is_ok_and(|n| n == self.layers) {
            return Ok(());
        }
        let what = format!("Its workers have {} layers, and the model has {layers}.", self.layers);
        Err(Problem::new("the splitting configuration", what, "Give each layer of the model to a worker."))
    }

    /// The stages of a model that the workers run one after the other, in the order of the file: the name of each, and its layers. The first one runs
    /// the shared layers, which all have; each runs its core and then its last layers.
    ///
    /// # Errors
    /// A worker has no layers of its own, or the layers of the workers do not follow on each other. Then the workers are no stages, but answer side
    /// by side.
    pub fn stages(&self) -> Result<Vec<(&str, Range<u32>)>, Problem> {
        let mut stages: Vec<(&str, Range<u32>)> = Vec::new();
        let refuse = |what, mend| Err(Problem::new("the splitting configuration", what, mend));
        for part in &self.workers {
            let own = part.layers.core.iter().chain(&part.layers.head);
            let (start, shared) = match stages.last() {
                Some((_, before)) => (before.end, [].as_slice()),
                None => (0, part.layers.shared.as_slice()),
            };
            let mut next = start;
            for layer in shared.iter().chain(own) {
                if *layer != next {
                    let what = format!("Worker {} has layer {layer}, and layer {next} comes next.", part.worker);
                    return refuse(what, "Give each layer to one worker, in the order of the workers.");
                }
                next = next.saturating_add(1);
            }
            if next == start {
                let what = format!("Worker {} has no layers of its own.", part.worker);
                return refuse(what, "Give it some, or leave it out.");
            }
            stages.push((part.worker.as_str(), start..next));
        }
        Ok(stages)
    }

    /// Whether the manifests of workers, which may stand in any order, are those that the configuration needs.
    ///
    /// # Errors
    /// A worker has no manifest or two, a manifest has no worker, or it is of another base model or lacks the capability or some of the layers.
    pub fn agrees(&self, manifests: &[Manifest]) -> Result<(), Problem> {
        manifests.iter().try_for_each(|m| self.part(m).map(|_| ()))?;
        self.workers.iter().try_for_each(|part| self.one(part, manifests))
    }

    fn one(&self, part: &Part, manifests: &[Manifest]) -> Result<(), Problem> {
        let mut own = manifests.iter().filter(|m| m.worker == part.worker);
        let (Some(manifest), None) = (own.next(), own.next()) else {
            let what = "It has no manifest, or two.";
            return Err(Problem::new(part.place(), what, "Give one manifest for each worker."));
        };
        self.agrees_with(manifest)
    }

    /// Whether the manifest of one worker is what the configuration needs.
    ///
    /// # Errors
    /// It is of no worker of the configuration or of another base model, or lacks the capability or some of the layers.
    pub fn agrees_with(&self, manifest: &Manifest) -> Result<(), Problem> {
        let part = self.part(manifest)?;
        if manifest.base_model != self.base_model {
            let what = format!("Its manifest is of {}, and not of {}.", manifest.base_model, self.base_model);
            return Err(Problem::new(part.place(), what, "Use one base model."));
        }
        part.within(manifest, &part.layers.core, "of its core ")
    }

    /// The same where the workers are stages of a model with this specification ([`Splitting::stages`]): then every layer that a worker runs, also one that
    /// all share, is within its capability, which has some weight, and weights are stored as those of the model.
    ///
    /// # Errors
    /// As [`Splitting::agrees_with`] and [`Splitting::stages`], or the capability has no weight, or the manifest does not fit the model.
    pub fn stage_agrees(&self, manifest: &Manifest, spec: &Spec) -> Result<(), Problem> {
        self.agrees_with(manifest)?;
        let part = self.part(manifest)?;
        let own = self.stages()?.into_iter().find(|(name, _)| *name == part.worker);
        let layers: Vec<u32> = own.map_or_else(Vec::new, |(_, layers)| layers.collect());
        part.within(manifest, &layers, "")?;
        if part.capability(manifest)?.weight == 0 {
            let what = format!("Its manifest gives the capability {} the weight 0.", part.focus);
            return Err(Problem::new(part.place(), what, "Choose a capability that counts."));
        }
        let of_it = |p: Problem| Problem::new(format!("{}, {}", part.place(), p.place), p.what, p.mend);
        manifest.fits(spec).map_err(of_it)
    }

    /// The worker of a manifest.
    fn part(&self, manifest: &Manifest) -> Result<&Part, Problem> {
        self.workers.iter().find(|w| w.worker == manifest.worker).ok_or_else(|| {
            let what = "The configuration has no such worker.";
            Problem::new(format!("the manifest of {}", manifest.worker), what, "Add it, or leave the manifest out.")
        })
    }
}

impl Part {
    fn place(&self) -> String {
        format!("worker {}", self.worker)
    }

    /// What the worker is needed for, as its manifest describes it.
    fn capability<'a>(&self, manifest: &'a Manifest) -> Result<&'a Capability, Problem> {
        manifest.capabilities.iter().find(|c| c.name == self.focus).ok_or_else(|| {
            let what = format!("Its manifest has no capability {}.", self.focus);
            Problem::new(self.place(), what, "Write one of its capabilities as capability_focus.")
        })
    }

    fn within(&self, manifest: &Manifest, layers: &[u32], which: &str) -> Result<(), Problem> {
        let (first, last) = self.capability(manifest)?.layers;
        match layers.iter().find(|l| !(first..=last).contains(l)) {
            None => Ok(()),
            Some(l) => {
                let what = format!("Layer {l} {which}is outside of the capability, layers {first} to {last}.");
                Err(Problem::new(self.place(), what, "Change the selection or the manifest."))
            }
        }
    }
}

fn parts(listed: &Found<'_>) -> Result<Vec<Part>, Problem> {
    let mut out: Vec<Part> = Vec::new();
    for found in listed.list(PARENT_LIMIT)? {
        let mut f = found.object()?;
        let name = f.must("worker_id")?;
        let selected = f.must("layer_selection")?;
        let pruning = f.must("pruning_threshold")?;
        let part = Part {
            worker: name.name(NAME_LIMIT)?,
            focus: f.must("capability_focus")?.name(NAME_LIMIT)?,
            layers: selection(&selected)?,
            dataset: f.must("fine_tune_dataset")?.name(NAME_LIMIT)?,
            pruning: pruning.share()?,
        };
        f.end()?;
        if out.iter().any(|o| o.worker == part.worker) {
            return Err(name.problem(format!("The worker {} stands twice.", part.worker), "Keep one of the two."));
        }
        if out.first().is_some_and(|o| o.layers.shared != part.layers.shared) {
            let what = "The layers of shared_base differ from those of the first worker.";
            return Err(selected.problem(what, "Write the same layers for all workers."));
        }
        out.push(part);
    }
    Ok(out)
}

fn selection(found: &Found<'_>) -> Result<Selection, Problem> {
    let mut f = found.object()?;
    let (shared, core, head) = (f.must("shared_base")?, f.must("specialized_core")?, f.must("output_head")?);
    f.end()?;
    let mut least = 0;
    let mut next = |listed: &Found<'_>| {
        // One stage of a model may have shared layers only, or none of the last ones.
        if least > 0 && listed.is_empty_list() {
            return Ok(Vec::new());
        }
        let layers = ascending(listed, least, LAYER_LIMIT - 1)?;
        if let Some(gap) =
            layers.windows(2).find_map(|pair| matches!(pair, [a, b] if a + 1 != *b).then(|| pair.first()))
        {
            let after = gap.copied().unwrap_or_default();
            return Err(
                listed.problem(format!("The list has a gap after layer {after}."), "Write layers without gaps.")
            );
        }
        least = layers.last().map_or(least, |l| l + 1);
        Ok(layers)
    };
    let own = next(&shared)?;
    if own.first() != Some(&0) {
        return Err(shared.problem("The shared layers do not begin with layer 0.", "Begin with layer 0."));
    }
    Ok(Selection { shared: own, core: next(&core)?, head: next(&head)? })
}

fn fusion(found: &Found<'_>) -> Result<Fusion, Problem> {
    let mut f = found.object()?;
    let fusion = Fusion {
        strategy: String::new(),
        smoothness: f.must("smoothness_order")?.whole(0, 1 << 16)?,
        learnable: f.must("combination_weights_learnable")?.truth()?,
        confidence: f.must("confidence_weighting")?.truth()?,
    };
    f.end()?;
    Ok(fusion)
}

/// The number of layers, or the first one that nobody has.
fn complete(workers: &[Part]) -> Result<u32, u32> {
    let mut all: Vec<u32> = workers.iter().flat_map(|w| w.layers.layers()).collect();
    all.sort_unstable();
    all.dedup();
    let last = all.last().map_or(0, |l| l + 1);
    match (0..last).zip(&all).find(|(i, l)| i != *l) {
        None => Ok(last),
        Some((gap, _)) => Err(gap),
    }
}
