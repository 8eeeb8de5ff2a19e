//! The manifest of a worker: what it says of itself, in JSON. A registry entry of the role worker carries the digest of the file, signed by
//! the worker's key, so a worker cannot show one manifest to one client and another to the next.

use crate::fields::{Fields, Found, ONE};
use crate::json;
use crate::problem::Problem;
use bfv_cert::certificate::Lane;
use bfv_cert::digest::{Context, Digest};
use bfv_cert::registry::{Entry, Role};
use bfv_exact::spec::{Bits, Spec};

/// The most layers that a manifest may speak of, those of an integer model.
pub const LAYER_LIMIT: u32 = 256;
const NAME_LIMIT: usize = 64;
const LIST_LIMIT: usize = 64;

/// How weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantization {
    /// Integers of 8 bits.
    Int8,
    /// Integers of 16 bits.
    Int16,
    /// Brain floats of 16 bits.
    Bf16,
    /// Floats of 16 bits.
    F16,
    /// Floats of 32 bits.
    F32,
}

const QUANTIZATIONS: [(&str, Quantization); 5] = [
    ("int8", Quantization::Int8),
    ("int16", Quantization::Int16),
    ("bf16", Quantization::Bf16),
    ("f16", Quantization::F16),
    ("f32", Quantization::F32),
];

impl Quantization {
    /// The grid of the exact lane, which has integers only.
    #[must_use]
    pub fn bits(self) -> Option<Bits> {
        match self {
            Quantization::Int8 => Some(Bits::Eight),
            Quantization::Int16 => Some(Bits::Sixteen),
            Quantization::Bf16 | Quantization::F16 | Quantization::F32 => None,
        }
    }

    /// Whether answers in this lane are made with such weights. Weights on a grid do for every lane that has an integer model: in those of floats, their
    /// products are rounded. For replay weights are floats of 16 bits.
    #[must_use]
    pub fn suits(self, lane: Lane) -> bool {
        match lane {
            Lane::Exact => self.bits().is_some(),
            Lane::Residual | Lane::Tolerance => true,
            Lane::Replay => matches!(self, Quantization::Bf16 | Quantization::F16),
        }
    }
}

/// What a query sees of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// All keys.
    Global,
    /// All keys up to its own.
    Causal,
    /// The last keys up to its own.
    Windowed,
}

/// What a worker runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hardware {
    /// Processors.
    Cpu,
    /// Graphics cards.
    Cuda,
    /// Tensor processors.
    Tpu,
}

/// Heads that serve a purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    /// The purpose.
    pub kind: String,
    /// Their layers, strictly ascending, within those of the capability.
    pub layers: Vec<u32>,
}

/// What a worker is good at. Shares are in billionths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// Its name.
    pub name: String,
    /// Its share of the worker.
    pub weight: u32,
    /// The accuracy that was measured.
    pub accuracy: u32,
    /// The first and the last layer, both included.
    pub layers: (u32, u32),
    /// How its heads attend.
    pub patterns: Vec<Pattern>,
    /// Heads that serve a purpose.
    pub heads: Vec<Heads>,
}

/// A checked manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The name of the worker.
    pub worker: String,
    /// The model that it was made from.
    pub base_model: String,
    /// What it is good at; names are distinct, and weights add up to at most 1.
    pub capabilities: Vec<Capability>,
    /// Parameters.
    pub parameters: u64,
    /// How weights are stored.
    pub quantization: Quantization,
    /// What it runs on.
    pub hardware: Vec<Hardware>,
    /// The times within which a half, 95 and 99 of 100 answers come, in microseconds, ascending.
    pub latency: [u64; 3],
    digest: Digest,
}

/// Whether an entry of the registry, for this role, carries this digest.
pub(crate) fn bound(entry: &Entry, role: Role, digest: Digest) -> Result<(), Problem> {
    let refuse =
        |what: &str, mend: &str| Err(Problem::new(format!("the registry entry of {}", entry.key.0), what, mend));
    if entry.role != role {
        return refuse("The key is registered for another role.", "Use the entry of the right key.");
    }
    match entry.manifest {
        Some(own) if own == digest => Ok(()),
        Some(_) => {
            refuse("It was registered with another file.", "Use that file, or register a new key with this one.")
        }
        None => refuse("It was registered without a file.", "Register a new key with this file."),
    }
}

/// The digest of the file of a manifest or of a splitting configuration, byte by byte.
#[must_use]
pub fn digest(file: &[u8]) -> Digest {
    Context::Manifest.hash().bytes(file).finish()
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and how to mend it.
    pub fn read(file: &[u8]) -> Result<Manifest, Problem> {
        let text = json::text(file)?;
        let tree = json::read(text)?;
        let mut f = Fields::new(text, &tree)?;
        let manifest = Manifest {
            worker: f.must("worker_id")?.name(NAME_LIMIT)?,
            base_model: f.must("base_model")?.name(NAME_LIMIT)?,
            capabilities: capabilities(&f.must("capabilities")?)?,
            parameters: count(&f.must("parameter_count")?)?,
            quantization: f.must("quantization")?.one_of(&QUANTIZATIONS)?,
            hardware: f.must("hardware_affinity").and_then(|h| {
                distinct(&h, &[("cpu", Hardware::Cpu), ("cuda", Hardware::Cuda), ("tpu", Hardware::Tpu)])
            })?,
            latency: latency(&f.must("latency_profile")?)?,
            digest: digest(file),
        };
        f.end()?;
        Ok(manifest)
    }

    /// The digest of the file, which the registry carries.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether the registry entry of a worker carries this manifest.
    ///
    /// # Errors
    /// It is of another role, or carries another file or none.
    pub fn bound(&self, entry: &Entry) -> Result<(), Problem> {
        bound(entry, Role::Worker, self.digest)
    }

    /// Whether a worker with this manifest may answer in a lane.
    ///
    /// # Errors
    /// Its weights are of a kind that the lane does not have.
    pub fn suits(&self, lane: Lane) -> Result<(), Problem> {
        if self.quantization.suits(lane) {
            return Ok(());
        }
        let what = format!("Weights of kind {:?} do not suit the lane {lane:?}.", self.quantization);
        Err(Problem::new("quantization", what, "Choose int8 or int16, and bf16 or f16 for the lane replay."))
    }

    /// Whether an integer model is what the manifest says.
    ///
    /// # Errors
    /// The grid is another, or a capability has layers that the model does not have.
    pub fn fits(&self, spec: &Spec) -> Result<(), Problem> {
        self.suits(Lane::Exact)?;
        let draft = spec.draft();
        if self.quantization.bits() != Some(draft.grid) {
            let what = format!("The manifest says {:?}, and the model has {:?} bits.", self.quantization, draft.grid);
            return Err(Problem::new("quantization", what, "Write how the weights of the model are stored."));
        }
        let beyond = |c: &&Capability| usize::try_from(c.layers.1).is_ok_and(|last| last >= draft.layers.len());
        match self.capabilities.iter().find(beyond) {
            None => Ok(()),
            Some(c) => {
                let what = format!("The last layer is {}, and the model has {}.", c.layers.1, draft.layers.len());
                Err(Problem::new(format!("capability {}, layer_range", c.name), what, "Count layers from 0."))
            }
        }
    }
}

fn capabilities(all: &Found<'_>) -> Result<Vec<Capability>, Problem> {
    let mut out: Vec<Capability> = Vec::new();
    let mut sum = 0u32;
    for found in all.list(LIST_LIMIT)? {
        let mut f = found.object()?;
        let name = f.must("name")?;
        let weight = f.must("weight")?;
        let layers = range(&f.must("layer_range")?)?;
        let c = Capability {
            name: name.name(NAME_LIMIT)?,
            weight: weight.share()?,
            accuracy: f.must("validation_accuracy")?.share()?,
            layers,
            patterns: distinct(
                &f.must("attention_patterns")?,
                &[("global", Pattern::Global), ("causal", Pattern::Causal), ("windowed", Pattern::Windowed)],
            )?,
            heads: match f.maybe("specialized_heads") {
                None => Vec::new(),
                Some(all) => all.list(LIST_LIMIT)?.iter().map(|h| heads(h, layers)).collect::<Result<_, _>>()?,
            },
        };
        f.end()?;
        if out.iter().any(|o| o.name == c.name) {
            return Err(name.problem(format!("The capability {} stands twice.", c.name), "Keep one of the two."));
        }
        // Both are at most 1, in billionths, and 2 fits.
        sum = sum.saturating_add(c.weight);
        if sum > ONE {
            return Err(
                weight.problem("The weights of capabilities add up to more than 1.", "Make them add up to at most 1.")
            );
        }
        out.push(c);
    }
    Ok(out)
}

fn range(found: &Found<'_>) -> Result<(u32, u32), Problem> {
    match found.list(2)?.as_slice() {
        [first, last] => {
            let (first, end) = (first.whole(0, LAYER_LIMIT - 1)?, last.whole(0, LAYER_LIMIT - 1)?);
            if end < first {
                return Err(
                    last.problem(format!("The last layer {end} is before the first, {first}."), "Exchange them.")
                );
            }
            Ok((first, end))
        }
        _ => Err(found.problem("A range has a first and a last layer.", "Write two numbers.")),
    }
}

fn heads(found: &Found<'_>, (first, last): (u32, u32)) -> Result<Heads, Problem> {
    let mut f = found.object()?;
    let kind = f.must("type")?.name(NAME_LIMIT)?;
    let listed = f.must("layers")?;
    let layers = ascending(&listed, first, last)?;
    f.end()?;
    Ok(Heads { kind, layers })
}

/// Strictly ascending layers of a range.
pub(crate) fn ascending(listed: &Found<'_>, first: u32, last: u32) -> Result<Vec<u32>, Problem> {
    let mut layers: Vec<u32> = Vec::new();
    for found in listed.list(LAYER_LIMIT as usize)? {
        let layer = found.whole(first, last)?;
        if layers.last().is_some_and(|before| *before >= layer) {
            return Err(found.problem(format!("Layer {layer} does not ascend."), "Write each layer once, in order."));
        }
        layers.push(layer);
    }
    Ok(layers)
}

/// Words of a list, none of them twice.
fn distinct<T: Copy + PartialEq>(found: &Found<'_>, words: &[(&str, T)]) -> Result<Vec<T>, Problem> {
    let mut out = Vec::new();
    for entry in found.list(words.len())? {
        let one = entry.one_of(words)?;
        if out.contains(&one) {
            return Err(entry.problem("This word stands twice.", "Keep one of the two."));
        }
        out.push(one);
    }
    Ok(out)
}

/// A decimal number with at most `digits` digits after the point, times ten to that power.
fn decimal(written: &str, digits: usize) -> Option<u64> {
    let (whole, rest) = written.split_once('.').unwrap_or((written, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let dotted = whole.len() < written.len();
    if whole.is_empty() || rest.len() > digits || (dotted && rest.is_empty()) || !plain(whole) || !plain(rest) {
        return None;
    }
    format!("{whole}{rest:0<digits$}").parse().ok()
}

/// A number of parameters such as `7.3B`: thousands, millions, billions or trillions.
fn count(found: &Found<'_>) -> Result<u64, Problem> {
    let written = found.text()?;
    let units = [("K", 3), ("M", 6), ("B", 9), ("T", 12)];
    let split = units.iter().find_map(|(unit, digits)| Some((written.strip_suffix(unit)?, *digits)));
    let (number, digits) = split.unwrap_or((written, 0));
    decimal(number, digits).filter(|n| *n > 0).ok_or_else(|| {
        found.problem("This is no number of parameters.", "Write a number with K, M, B or T behind it, such as 7.3B.")
    })
}

fn latency(found: &Found<'_>) -> Result<[u64; 3], Problem> {
    let mut f = found.object()?;
    let (p50, p95, p99) = (f.must("p50")?, f.must("p95")?, f.must("p99")?);
    f.end()?;
    let times = [duration(&p50)?, duration(&p95)?, duration(&p99)?];
    if !times.is_sorted() {
        return Err(found.problem("The times do not ascend from p50 to p99.", "Check which is which."));
    }
    Ok(times)
}

/// A time such as `23ms`, `1.5s` or `80us`, in microseconds.
fn duration(found: &Found<'_>) -> Result<u64, Problem> {
    let written = found.text()?;
    let units = [("us", 0), ("ms", 3), ("s", 6)];
    let split = units.iter().find_map(|(unit, digits)| Some((written.strip_suffix(unit)?, *digits)));
    split
        .and_then(|(number, digits)| decimal(number, digits))
        .ok_or_else(|| found.problem("This is no time.", "Write a number with us, ms or s behind it, such as 23ms."))
}
