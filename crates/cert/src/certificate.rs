//! The certificate: 17 fields in fixed order, as one CBOR array of at most 4 KiB, followed by 64 bytes of signature.
//!
//! A [`Body`] exists only when its fields are in range and agree with each other; it keeps the bytes that were received, and those are what
//! is signed and hashed. Times and slots may still be stale: that is for [`crate::freshness`].

use crate::cbor::{Reader, Writer};
use crate::digest::{Context, Digest};
use crate::refusal::{Malformed, Part, Place, Refusal};
use crate::registry::Role;
use crate::sign::{KeyId, Payload, SIGNATURE_LEN, SecretKey, Signature};
use crate::tensor::Shape;

/// The largest body, in bytes.
pub const BODY_LIMIT: usize = 4096;
/// The largest output that stands in a certificate, in bytes.
pub const OUTPUT_LIMIT: usize = 1024;
/// The largest number of parents.
pub const PARENT_LIMIT: usize = 64;
/// The largest number of sequences, of tokens or of steps of a batch.
pub const BATCH_LIMIT: u32 = 1 << 24;
const MAGIC: &[u8; 4] = b"BFC1";
const FIELDS: u64 = 17;

/// How an answer can be checked. Policy says which lane a question needs; a lane is never lowered silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Integers, tolerance zero.
    Exact,
    /// Floats on a grid, with exact residuals.
    Residual,
    /// Floats with a proven tolerance.
    Tolerance,
    /// Floats in a known order, of which some are computed again bit for bit.
    Replay,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Some layers of a model.
    LayerRange,
    /// All of a model.
    FullForward,
    /// Answers were fused.
    Fusion,
    /// A vote on answers.
    Vote,
    /// All of a model again, for the next tokens of an answer that is written block by block. Its one parent is the certificate of the block before, and names
    /// with that all tokens so far; its input is the last of them.
    Continuation,
}

impl Operation {
    /// The role that a key needs for this.
    pub fn role(self) -> Role {
        match self {
            Operation::LayerRange | Operation::FullForward | Operation::Continuation => Role::Worker,
            Operation::Fusion => Role::Head,
            Operation::Vote => Role::Voter,
        }
    }

    /// Whether it rests on what other certificates say, its parents, and so is by itself no answer of a model.
    pub fn has_parents(self) -> bool {
        matches!(self, Operation::Fusion | Operation::Vote | Operation::Continuation)
    }

    /// Whether it may have so many parents.
    fn takes(self, parents: usize) -> bool {
        match self {
            Operation::LayerRange | Operation::FullForward => parents == 0,
            Operation::Fusion | Operation::Vote => parents > 0,
            Operation::Continuation => parents == 1,
        }
    }
}

/// Each by its place. A lane is only ever added at the end, so that old bytes mean what they meant.
const LANES: [Lane; 4] = [Lane::Exact, Lane::Residual, Lane::Tolerance, Lane::Replay];
const OPERATIONS: [Operation; 5] =
    [Operation::LayerRange, Operation::FullForward, Operation::Fusion, Operation::Vote, Operation::Continuation];

/// The place of a certificate in the consensus protocol. A worker signs at most one certificate for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The epoch.
    pub epoch: u64,
    /// The view within the epoch.
    pub view: u64,
    /// The number within the view.
    pub seq: u64,
}

/// When a certificate is meant to be logged, both ends included, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Not earlier.
    pub not_before: u64,
    /// Not later.
    pub not_after: u64,
}

/// Layers from the first one up to, and without, the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layers {
    /// The first.
    pub start: u16,
    /// One after the last; greater than `start`.
    pub end: u16,
}

/// How many intermediate values are committed to: their number is the product, at least 1 and at most 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceShape {
    /// Blocks of tokens.
    pub blocks: u32,
    /// Layers, with what stands before the first and after the last, as the specification counts them.
    pub layers: u16,
    /// Operations in each layer.
    pub operations: u16,
}

impl TraceShape {
    /// The number of leaves. The depth of the tree follows from it.
    pub fn leaves(&self) -> u64 {
        u64::from(self.blocks).saturating_mul(u64::from(self.layers)).saturating_mul(u64::from(self.operations))
    }

    /// The leaf of this operation; `None` where there is none. Blocks are the slowest, as tokens are computed one after the other and
    /// their number is known last.
    pub fn leaf(&self, block: u32, layer: u16, operation: u16) -> Option<u64> {
        if block >= self.blocks || layer >= self.layers || operation >= self.operations {
            return None;
        }
        let row = u64::from(block).checked_mul(u64::from(self.layers))?.checked_add(u64::from(layer))?;
        row.checked_mul(u64::from(self.operations))?.checked_add(u64::from(operation))
    }
}

/// What was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The output, at most [`OUTPUT_LIMIT`] bytes.
    Inline(Vec<u8>),
    /// Its hash, by [`crate::digest::output_digest`].
    Hashed(Digest),
}

/// One step of a batch: how a kernel sums depends on it, so a float answer is computed again only in the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchStep {
    /// Sequences in the batch.
    pub sequences: u32,
    /// Rows of tokens in the batch, with padding.
    pub tokens: u32,
    /// Which of the sequences this answer is, from 0.
    pub position: u32,
}

impl BatchStep {
    /// What a step contributes to the schedule of a changing batch.
    pub fn content(&self) -> Digest {
        let hash = Context::Batch.hash().number(u64::from(self.sequences)).number(u64::from(self.tokens));
        hash.number(u64::from(self.position)).finish()
    }

    fn fits(&self) -> bool {
        let range = 1..=BATCH_LIMIT;
        range.contains(&self.sequences) && range.contains(&self.tokens) && self.position < self.sequences
    }
}

/// Batch and position while an answer was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// The same in every step.
    Fixed(BatchStep),
    /// One for each step: their number, and the [`crate::merkle`] commitment to [`BatchStep::content`] of each.
    Schedule {
        /// At least 1.
        steps: u32,
        /// The commitment.
        root: Digest,
    },
}

/// What a float answer depends on beside its inputs. Needed in the lanes of floats, for information in the exact one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The hash of the compiled kernels and their libraries, as the manifest of the operator lists it.
    pub kernel: Digest,
    /// The class of the device, as that manifest numbers it.
    pub device: u8,
    /// Batch and position.
    pub batch: Batch,
}

/// The fields of a certificate, each with its number in the encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// 1: how it can be checked.
    pub lane: Lane,
    /// 1: what was done.
    pub operation: Operation,
    /// 2: the question, by [`crate::digest::query_id`].
    pub query: Digest,
    /// 3: the place in the consensus protocol.
    pub slot: Slot,
    /// 4: when it may be logged.
    pub validity: Validity,
    /// 5: the key of the worker.
    pub worker: KeyId,
    /// 6: the weights, by [`crate::tensor::model`].
    pub model: Digest,
    /// 7: the checked specification.
    pub spec: Digest,
    /// 8: the layers.
    pub layers: Layers,
    /// 8: the shape of the input.
    pub input_shape: Shape,
    /// 8: the shape of the output.
    pub output_shape: Shape,
    /// 9: the input, by [`crate::tensor::activation`].
    pub input: Digest,
    /// 9: the output of the layers, likewise.
    pub output_root: Digest,
    /// 10: the commitment to intermediate values, by [`trace_content`] in the order of [`TraceShape::leaf`].
    pub trace: Digest,
    /// 11: how many there are.
    pub trace_shape: TraceShape,
    /// 12: what was delivered.
    pub output: Output,
    /// 13: the commitment to the seed of the sampler, by [`crate::digest::seed_commitment`].
    pub seed: Digest,
    /// 14: kernel, device, batch and position.
    pub execution: Option<Execution>,
    /// 15: the certificates that were fused or are continued, strictly ascending, at most [`PARENT_LIMIT`].
    pub parents: Vec<Digest>,
    /// 16: the certificate of this worker before this one, or zeros.
    pub previous: Digest,
}

/// The hash of a committed intermediate value, from its bytes as the specification lays them out.
pub fn trace_content(value: &[u8]) -> Digest {
    Context::Cell.of(value)
}

/// A well-formed body, with the bytes that it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    fields: Fields,
    bytes: Vec<u8>,
}

impl Body {
    /// Encodes fields.
    ///
    /// # Errors
    /// They are out of range or contradict each other; the offset is that in the encoding.
    pub fn new(fields: &Fields) -> Result<Body, Refusal> {
        Body::decode(&encode(fields))
    }

    /// Decodes a body, encodes it again and compares.
    ///
    /// # Errors
    /// The bytes are too many, no canonical encoding, or have fields that are out of range or contradict each other.
    pub fn decode(bytes: &[u8]) -> Result<Body, Refusal> {
        let start = |found| Err(Refusal::Malformed(Place { part: Part::Certificate, field: "body", offset: 0 }, found));
        if bytes.len() > BODY_LIMIT {
            return start(Malformed::TooLarge(bytes.len() as u64, BODY_LIMIT as u64));
        }
        let mut reader = Reader::new(Part::Certificate, bytes);
        let fields = read(&mut reader)?;
        reader.end()?;
        if encode(&fields) != bytes {
            return start(Malformed::NotCanonical);
        }
        Ok(Body { fields, bytes: bytes.to_vec() })
    }

    /// The fields.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The hash of the bytes: what was said, however it was signed.
    pub fn digest(&self) -> Digest {
        Context::Body.hash().bytes(&self.bytes).finish()
    }

    /// What a judge's random numbers are drawn from when nobody else draws them: it absorbs every byte of the body, so that whoever changes
    /// any field gets other numbers. `entropy` is what became known after the certificate was logged, such as the beacon of an epoch.
    pub fn challenge(&self, entropy: &[u8]) -> Digest {
        Context::Challenge.hash().bytes(&self.bytes).bytes(entropy).finish()
    }

    /// Signs. The key should be that of the field `worker`: otherwise nobody accepts the certificate.
    pub fn sign(self, key: &SecretKey) -> Certificate {
        let signature = key.sign(Payload::Certificate, &self.bytes);
        Certificate { body: self, signature }
    }
}

/// A well-formed certificate. Its signature has not been checked: see [`crate::admit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    body: Body,
    signature: Signature,
}

impl Certificate {
    /// Decodes a body and the 64 bytes after it.
    ///
    /// # Errors
    /// As [`Body::decode`], or the bytes are too few.
    pub fn decode(bytes: &[u8]) -> Result<Certificate, Refusal> {
        let Some((body, signature)) = bytes.split_last_chunk::<SIGNATURE_LEN>() else {
            let place = Place { part: Part::Certificate, field: "signature", offset: bytes.len() };
            return Err(Refusal::Malformed(place, Malformed::Truncated));
        };
        Ok(Certificate { body: Body::decode(body)?, signature: Signature(*signature) })
    }

    /// The bytes of body and signature.
    pub fn encode(&self) -> Vec<u8> {
        [self.body.bytes.as_slice(), &self.signature.0].concat()
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The fields of the body.
    pub fn fields(&self) -> &Fields {
        &self.body.fields
    }

    /// The name: the hash of body and signature.
    pub fn id(&self) -> Digest {
        Context::Certificate.hash().bytes(&self.body.bytes).bytes(&self.signature.0).finish()
    }

    /// Checks the signature by the key that the certificate names, strictly. This says nothing about who has the key.
    ///
    /// # Errors
    /// The key is none, not canonical or weak, or the signature does not fit.
    pub fn verify(&self) -> Result<(), Refusal> {
        let checked = self.fields().worker.key();
        let checked = checked.and_then(|key| key.verify(Payload::Certificate, &self.body.bytes, &self.signature));
        checked.map_err(|fault| Refusal::Signature(Part::Certificate, fault))
    }
}

fn position<T: PartialEq>(all: &[T], one: &T) -> u64 {
    (0..).zip(all).find(|(_, x)| *x == one).map_or(u64::MAX, |(i, _)| i)
}

fn encode(f: &Fields) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(FIELDS).magic(MAGIC);
    w.array(2).number(position(&LANES, &f.lane)).number(position(&OPERATIONS, &f.operation));
    w.digest(&f.query);
    w.array(3).number(f.slot.epoch).number(f.slot.view).number(f.slot.seq);
    w.array(2).number(f.validity.not_before).number(f.validity.not_after);
    w.digest(&f.worker.0).digest(&f.model).digest(&f.spec);
    w.array(4).number(f.layers.start.into()).number(f.layers.end.into());
    for shape in [&f.input_shape, &f.output_shape] {
        w.array(shape.dims().len() as u64);
        shape.dims().iter().for_each(|d| {
            w.number(u64::from(*d));
        });
    }
    w.array(2).digest(&f.input).digest(&f.output_root);
    w.digest(&f.trace);
    let t = &f.trace_shape;
    w.array(3).number(t.blocks.into()).number(t.layers.into()).number(t.operations.into());
    match &f.output {
        Output::Inline(bytes) => w.array(2).number(0).bytes(bytes),
        Output::Hashed(digest) => w.array(2).number(1).digest(digest),
    };
    w.digest(&f.seed);
    match &f.execution {
        None => {
            w.array(0);
        }
        Some(e) => {
            w.array(3).digest(&e.kernel).number(e.device.into());
            match &e.batch {
                Batch::Fixed(step) => {
                    w.array(4).number(0).number(step.sequences.into()).number(step.tokens.into());
                    w.number(step.position.into());
                }
                Batch::Schedule { steps, root } => {
                    w.array(3).number(1).number(u64::from(*steps)).digest(root);
                }
            }
        }
    }
    w.array(f.parents.len() as u64);
    f.parents.iter().for_each(|p| {
        w.digest(p);
    });
    w.digest(&f.previous);
    w.finish()
}

fn code<T: Copy>(r: &mut Reader<'_>, field: &'static str, all: &[T]) -> Result<T, Refusal> {
    let n: u8 = r.uint(field)?;
    all.get(usize::from(n)).copied().map_or_else(|| r.deny(field, Malformed::Code(n.into())), Ok)
}

/// A condition on what was just read in a field.
fn check(r: &Reader<'_>, field: &'static str, holds: bool, found: Malformed) -> Result<(), Refusal> {
    if holds { Ok(()) } else { r.deny(field, found) }
}

fn read(r: &mut Reader<'_>) -> Result<Fields, Refusal> {
    r.tuple("fields", FIELDS)?;
    r.magic(MAGIC)?;
    r.tuple("lane", 2)?;
    let lane = code(r, "lane", &LANES)?;
    let operation = code(r, "operation", &OPERATIONS)?;
    let query = r.digest("query")?;
    r.tuple("slot", 3)?;
    let slot = Slot {
        epoch: r.number("epoch", u64::MAX)?,
        view: r.number("view", u64::MAX)?,
        seq: r.number("seq", u64::MAX)?,
    };
    r.tuple("validity", 2)?;
    let validity =
        Validity { not_before: r.number("not before", u64::MAX)?, not_after: r.number("not after", u64::MAX)? };
    let worker = KeyId(r.digest("worker")?);
    let model = r.digest("model")?;
    let spec = r.digest("spec")?;
    r.tuple("layers", 4)?;
    let layers = Layers { start: r.uint("layers")?, end: r.uint("layers")? };
    check(r, "layers", layers.start < layers.end, Malformed::Range(layers.end.into()))?;
    let input_shape = Shape::read(r, "input shape")?;
    let output_shape = Shape::read(r, "output shape")?;
    r.tuple("input and output", 2)?;
    let input = r.digest("input")?;
    let output_root = r.digest("output root")?;
    let trace = r.digest("trace")?;
    r.tuple("trace shape", 3)?;
    let trace_shape = TraceShape {
        blocks: r.uint("trace shape")?,
        layers: r.uint("trace shape")?,
        operations: r.uint("trace shape")?,
    };
    let leaves = trace_shape.leaves();
    check(r, "trace shape", (1..=crate::merkle::LEAF_LIMIT).contains(&leaves), Malformed::Range(leaves))?;
    r.tuple("output", 2)?;
    let output = match r.number("output", u64::MAX)? {
        0 => Output::Inline(r.bytes("output", 0, OUTPUT_LIMIT as u64)?.to_vec()),
        1 => Output::Hashed(r.digest("output")?),
        n => return r.deny("output", Malformed::Code(n)),
    };
    let seed = r.digest("seed")?;
    let execution = read_execution(r)?;
    let needed = execution.is_some() || lane == Lane::Exact;
    check(r, "execution", needed, Malformed::Contradicts("the lane, which is one of floats"))?;
    let mut parents: Vec<Digest> = Vec::new();
    for _ in 0..r.array("parents", 0, PARENT_LIMIT as u64)? {
        let parent = r.digest("parents")?;
        check(r, "parents", parents.last().is_none_or(|last| *last < parent), Malformed::Order)?;
        parents.push(parent);
    }
    check(r, "parents", operation.takes(parents.len()), Malformed::Contradicts("the operation"))?;
    let previous = r.digest("previous")?;
    Ok(Fields {
        lane,
        operation,
        query,
        slot,
        validity,
        worker,
        model,
        spec,
        layers,
        input_shape,
        output_shape,
        input,
        output_root,
        trace,
        trace_shape,
        output,
        seed,
        execution,
        parents,
        previous,
    })
}

fn read_execution(r: &mut Reader<'_>) -> Result<Option<Execution>, Refusal> {
    match r.array("execution", 0, 3)? {
        0 => return Ok(None),
        3 => (),
        n => return r.deny("execution", Malformed::TooSmall(n, 3)),
    }
    let kernel = r.digest("kernel")?;
    let device = r.uint("device")?;
    let items = r.array("batch", 3, 4)?;
    let batch = match (r.number("batch", u64::MAX)?, items) {
        (0, 4) => {
            let step =
                BatchStep { sequences: r.uint("sequences")?, tokens: r.uint("tokens")?, position: r.uint("position")? };
            check(r, "batch", step.fits(), Malformed::Range(step.position.into()))?;
            Batch::Fixed(step)
        }
        (1, 3) => {
            let steps = r.uint("steps")?;
            check(r, "steps", (1..=BATCH_LIMIT).contains(&steps), Malformed::Range(steps.into()))?;
            Batch::Schedule { steps, root: r.digest("schedule")? }
        }
        (n, _) => return r.deny("batch", Malformed::Code(n)),
    };
    Ok(Some(Execution { kernel, device, batch }))
}
