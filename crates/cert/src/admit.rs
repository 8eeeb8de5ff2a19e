//! The order of checks: what is cheap first, so that many bad envelopes cost little.
//!
//! Malformed bytes are noticed before any hash; an unregistered key before any signature; then come the signature of the certificate and those
//! of the heads, the places in the log, freshness, and what belongs together. Opened values are most of an envelope and come last: a judge may look at
//! them before they are known to be those of the worker ([`Unopened`]), so that they are read from memory once.

use crate::certificate::{Body, Execution, Fields, Lane, Output, trace_content};
use crate::digest::{Digest, output_digest, seed_commitment};
use crate::envelope::{Envelope, LogExtract, RegistryExtract};
use crate::freshness::{Fresh, Seen};
use crate::log::{Kind, TreeHead, verify_consistency};
use crate::merkle::verify_opening;
use crate::refusal::{BindingFault, FreshnessFault, Part, Refusal, SignatureFault, Undecided};
use crate::sign::{KeyId, Quorum};

/// How exactly a kernel computes with floats: the unit roundoff of its products and sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roundoff {
    /// `2^-24`: single precision, rounded to nearest, as the standard IEEE 754 has it.
    Single,
    /// `2^-22`: matrix units, which cut off and keep fewer bits.
    Tensor,
}

impl Roundoff {
    /// The unit roundoff is 2 to the minus this.
    pub fn bits(self) -> u32 {
        match self {
            Roundoff::Single => 24,
            Roundoff::Tensor => 22,
        }
    }
}

/// A kernel that does in the lanes of floats, on one class of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Its hash.
    pub hash: Digest,
    /// The class of the device.
    pub device: u8,
    /// How exactly it computes there. That is the word of the verifier, never of a certificate.
    pub roundoff: Roundoff,
}

/// Whom a verifier trusts and what it knows.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Who signs registry heads.
    pub authority: Quorum,
    /// Who signs tree heads.
    pub log: Quorum,
    /// The oldest registry head, in seconds before the time of the verifier.
    pub registry_max_age: u64,
    /// The lanes that do for this question.
    pub lanes: Vec<Lane>,
    /// The models that do.
    pub models: Vec<Digest>,
    /// The specifications that do.
    pub specs: Vec<Digest>,
    /// The kernels that do in the lanes of floats; in the exact lane the kernel does not matter.
    pub kernels: Vec<Kernel>,
}

impl Policy {
    /// What the verifier knows of the kernel and device with which an answer was computed.
    ///
    /// # Errors
    /// It does not know the kernel, or not on this class of devices.
    pub fn kernel(&self, execution: &Execution) -> Result<&Kernel, BindingFault> {
        let mut own = self.kernels.iter().filter(|k| k.hash == execution.kernel).peekable();
        if own.peek().is_none() {
            return Err(BindingFault::Other("kernel", execution.kernel));
        }
        own.find(|k| k.device == execution.device).ok_or(BindingFault::Device(execution.device))
    }
}

/// What a verifier expects of one certificate. What is `None` is not compared, and [`Taken`] says so.
#[derive(Clone, Copy, Default)]
pub struct Expected<'a> {
    /// The time of the verifier, in seconds since 1970; otherwise that of the tree head in the envelope.
    pub at: Option<u64>,
    /// The question, the epochs and the slots that were used.
    pub fresh: Fresh<'a>,
    /// The workers to which the question was assigned.
    pub workers: Option<&'a [KeyId]>,
    /// The input, such as the client's prompt.
    pub input: Option<Digest>,
    /// The output that was delivered.
    pub output: Option<&'a [u8]>,
    /// The certificates that should have been fused, strictly ascending.
    pub parents: Option<&'a [Digest]>,
    /// The last tree head that the verifier has seen, and the proof that the log has only grown since.
    pub last_log: Option<(TreeHead, &'a [Digest])>,
    /// The time of the youngest registry head that the verifier has seen.
    pub last_registry: Option<u64>,
}

/// What was not compared because nothing was expected of it, and so was taken from the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The time.
    pub time: bool,
    /// The question.
    pub query: bool,
    /// The epoch.
    pub epoch: bool,
    /// That the slot is unused.
    pub slot: bool,
    /// The worker.
    pub worker: bool,
    /// The input.
    pub input: bool,
    /// The output.
    pub output: bool,
    /// The parents.
    pub parents: bool,
    /// That the log has only grown.
    pub log: bool,
    /// That there is no younger registry.
    pub registry: bool,
}

impl Taken {
    /// What was taken in either of two envelopes.
    #[must_use]
    pub fn or(self, other: Taken) -> Taken {
        Taken {
            time: self.time || other.time,
            query: self.query || other.query,
            epoch: self.epoch || other.epoch,
            slot: self.slot || other.slot,
            worker: self.worker || other.worker,
            input: self.input || other.input,
            output: self.output || other.output,
            parents: self.parents || other.parents,
            log: self.log || other.log,
            registry: self.registry || other.registry,
        }
    }
}

/// An envelope of which all of that was checked. The opened values are those that the worker committed to; whether they are right is not known.
/// Only [`admit`] and [`Unopened::open`] make one.
#[derive(Clone, Debug)]
pub struct Admitted<'a> {
    envelope: Envelope<'a>,
    at: u64,
    taken: Taken,
}

impl<'a> Admitted<'a> {
    /// The envelope.
    pub fn envelope(&self) -> &Envelope<'a> {
        &self.envelope
    }

    /// When the certificate was logged, in seconds since 1970.
    pub fn logged(&self) -> u64 {
        self.envelope.log().certificate.time
    }

    /// The time at which this was checked, in seconds since 1970.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// What was taken from the envelope.
    pub fn taken(&self) -> Taken {
        self.taken
    }
}

/// An envelope of which all of that was checked but the opened values, which may be any.
#[derive(Clone, Debug)]
pub struct Unopened<'a>(Admitted<'a>);

impl<'a> Unopened<'a> {
    /// The envelope.
    pub fn envelope(&self) -> &Envelope<'a> {
        self.0.envelope()
    }

    /// When the certificate was logged, in seconds since 1970.
    pub fn logged(&self) -> u64 {
        self.0.logged()
    }

    /// The time at which this was checked, in seconds since 1970.
    pub fn at(&self) -> u64 {
        self.0.at()
    }

    /// The opened values in their order, none of them hashed.
    pub fn hashes(&self) -> Hashes<'a> {
        let cells: Vec<&'a [u8]> = self.envelope().cells().map(|(_, value)| value).collect();
        Hashes { known: vec![None; cells.len()], cells }
    }

    /// Checks the opened values. Those of them that were hashed are not hashed again.
    ///
    /// # Errors
    /// They are not those that the certificate commits to.
    pub fn open(self, hashes: &Hashes<'_>) -> Result<Admitted<'a>, Refusal> {
        let envelope = &self.0.envelope;
        let fields = envelope.certificate().fields();
        let cells = (0..).zip(envelope.cells()).map(|(at, (leaf, value))| (leaf, hashes.of(at, value)));
        if envelope.cells().next().is_some() {
            verify_opening(Part::Trace, &fields.trace, fields.trace_shape.leaves(), cells, envelope.proof())?;
        }
        Ok(self.0)
    }
}

/// Hashes of opened values, as they were made when somebody had read a value anyway and had it in the processor's cache.
#[derive(Clone, Debug, Default)]
pub struct Hashes<'a> {
    cells: Vec<&'a [u8]>,
    known: Vec<Option<Digest>>,
}

impl Hashes<'_> {
    /// Hashes the opened value of this number.
    pub fn hash(&mut self, at: usize) {
        if let (Some(known), Some(value)) = (self.known.get_mut(at), self.cells.get(at)) {
            *known = Some(trace_content(value));
        }
    }

    /// The hash of an opened value: what is known of these very bytes, or made now.
    fn of(&self, at: usize, value: &[u8]) -> Digest {
        let same = self.cells.get(at).is_some_and(|own| std::ptr::eq(*own, value));
        let known = self.known.get(at).copied().flatten().filter(|_| same);
        known.unwrap_or_else(|| trace_content(value))
    }
}

/// Checks an envelope.
///
/// # Errors
/// The first thing that is wrong, in the order of cost.
pub fn admit<'a>(bytes: &'a [u8], policy: &Policy, expected: &Expected<'_>) -> Result<Admitted<'a>, Refusal> {
    admit_read(Envelope::decode(bytes)?, policy, expected)
}

/// The same for an envelope that was read before.
///
/// # Errors
/// The first thing that is wrong, in the order of cost.
pub fn admit_read<'a>(
    envelope: Envelope<'a>,
    policy: &Policy,
    expected: &Expected<'_>,
) -> Result<Admitted<'a>, Refusal> {
    admit_unopened(envelope, policy, expected)?.open(&Hashes::default())
}

/// Checks all of an envelope but the opened values, which cost most.
///
/// # Errors
/// The first thing that is wrong, in the order of cost.
pub fn admit_unopened<'a>(
    envelope: Envelope<'a>,
    policy: &Policy,
    expected: &Expected<'_>,
) -> Result<Unopened<'a>, Refusal> {
    let certificate = envelope.certificate();
    let fields = certificate.fields();
    let (log, registry) = (envelope.log(), envelope.registry());
    registered(fields, log, registry)?;
    certificate.verify()?;
    log.head.verify(&policy.log)?;
    registry.head.verify(&policy.authority)?;
    log.certificate.verify(&log.head.head, Kind::Certificate, certificate.id())?;
    log.registry.verify(&log.head.head, Kind::RegistryHead, registry.head.head.id())?;
    let at = current(log, registry, policy, expected)?;
    expected.fresh.check(fields, &certificate.body().digest(), log.certificate.time)?;
    belongs(fields, policy, expected)?;
    revealed(&envelope, expected)?;
    let taken = Taken {
        time: expected.at.is_none(),
        query: expected.fresh.query.is_none(),
        epoch: expected.fresh.epochs.is_none(),
        slot: !expected.fresh.seen.is_some_and(Seen::lasting),
        worker: expected.workers.is_none(),
        input: expected.input.is_none(),
        output: expected.output.is_none(),
        parents: expected.parents.is_none(),
        log: expected.last_log.is_none(),
        registry: expected.last_registry.is_none(),
    };
    Ok(Unopened(Admitted { envelope, at, taken }))
}

/// The key stands in the registry for this role and time, by comparisons and hashes only. That registry and time are those of the authority
/// and of the log is checked afterwards.
fn registered(fields: &Fields, log: &LogExtract, registry: &RegistryExtract) -> Result<(), Refusal> {
    let refuse = |fault| Refusal::Signature(Part::Certificate, fault);
    let entry = &registry.opening.entry;
    if entry.key != fields.worker || entry.role != fields.operation.role() {
        return Err(refuse(SignatureFault::NotRegistered));
    }
    entry.valid_at(log.certificate.time).map_err(refuse)?;
    registry.opening.verify(&registry.head.head)
}

/// Log and registry are as new as the verifier demands. Gives the time of the verifier.
fn current(
    log: &LogExtract,
    registry: &RegistryExtract,
    policy: &Policy,
    expected: &Expected<'_>,
) -> Result<u64, Refusal> {
    let head = &log.head.head;
    let at = expected.at.unwrap_or(head.time);
    if head.time > at {
        return Err(Refusal::Undecided(Undecided::ClockBehind(head.time, at)));
    }
    if let Some((last, proof)) = &expected.last_log {
        verify_consistency(last, head, proof)?;
    }
    // A log that dates a certificate back to before its key was revoked cannot put it in front of the registry that revokes it.
    let (c, r) = (&log.certificate, &log.registry);
    let ordered = if c.index < r.index { c.time <= r.time } else { c.time >= r.time };
    let made = registry.head.head.time;
    let age = at.saturating_sub(made);
    let fault = if !ordered {
        FreshnessFault::LogDisordered(c.time)
    } else if made > r.time {
        FreshnessFault::RegistryAhead(made)
    } else if age > policy.registry_max_age {
        FreshnessFault::RegistryTooOld(age, policy.registry_max_age)
    } else if let Some(last) = expected.last_registry.filter(|last| *last > made) {
        FreshnessFault::RegistryRollback(last)
    } else {
        return Ok(at);
    };
    Err(Refusal::Freshness(fault))
}

/// Lane, model, specification, kernel, worker, input and parents are those that were expected.
fn belongs(fields: &Fields, policy: &Policy, expected: &Expected<'_>) -> Result<(), Refusal> {
    let refuse = |found| Err(Refusal::Binding(Part::Certificate, found));
    let one_of = |field, all: &[Digest], d: &Digest| {
        if all.contains(d) { Ok(()) } else { refuse(BindingFault::Other(field, *d)) }
    };
    if !policy.lanes.contains(&fields.lane) {
        return refuse(BindingFault::Lane);
    }
    if expected.workers.is_some_and(|workers| !workers.contains(&fields.worker)) {
        return refuse(BindingFault::NotAssigned);
    }
    one_of("model", &policy.models, &fields.model)?;
    one_of("specification", &policy.specs, &fields.spec)?;
    if let (Lane::Residual | Lane::Tolerance, Some(execution)) = (fields.lane, &fields.execution)
        && let Err(found) = policy.kernel(execution)
    {
        return refuse(found);
    }
    if let Some(input) = &expected.input {
        one_of("input", std::slice::from_ref(input), &fields.input)?;
    }
    if let Some(parents) = expected.parents {
        if parents.len() != fields.parents.len() {
            return refuse(BindingFault::Count(parents.len() as u64, fields.parents.len() as u64));
        }
        fields.parents.iter().try_for_each(|parent| one_of("parent", parents, parent))?;
    }
    Ok(())
}

/// Seed and output are those that the certificate commits to.
fn revealed(envelope: &Envelope<'_>, expected: &Expected<'_>) -> Result<(), Refusal> {
    let fields = envelope.certificate().fields();
    let refuse = |field| Err(Refusal::Binding(Part::Certificate, BindingFault::Reveal(field)));
    let reveal = envelope.reveal();
    if reveal.seed.is_some_and(|seed| seed_commitment(&seed, &fields.query) != fields.seed) {
        return refuse("seed");
    }
    let is_output = |output: &[u8]| match &fields.output {
        Output::Inline(own) => own == output,
        Output::Hashed(hash) => output_digest(output) == *hash,
    };
    if [reveal.output, expected.output].into_iter().flatten().any(|output| !is_output(output)) {
        return refuse("output");
    }
    Ok(())
}

/// Checks that stages follow on each other: one question, model and specification, layers without gaps, the output of each is the
/// input of the next, and all name one answer as their output.
///
/// # Errors
/// A binding fault with the index of the first stage that does not follow on the one before.
pub fn chain(stages: &[&Body]) -> Result<(), Refusal> {
    // The same bytes may stand in one certificate and be hashed in another.
    let of = |output: &Output| match output {
        Output::Inline(bytes) => output_digest(bytes),
        Output::Hashed(hash) => *hash,
    };
    for (i, pair) in (1..).zip(stages.windows(2)) {
        let [a, b] = pair else { return Ok(()) };
        let (a, b) = (a.fields(), b.fields());
        let faults = [
            ("question", a.query == b.query),
            ("model", a.model == b.model),
            ("specification", a.spec == b.spec),
            ("layers", a.layers.end == b.layers.start),
            ("shape", a.output_shape == b.input_shape),
            ("values", a.output_root == b.input),
            // The last token of an answer is not computed with, so the values do not bind it.
            ("answer", of(&a.output) == of(&b.output)),
        ];
        if let Some((what, _)) = faults.iter().find(|(_, holds)| !holds) {
            return Err(Refusal::Binding(Part::Certificate, BindingFault::Chain(what, i)));
        }
    }
    Ok(())
}
