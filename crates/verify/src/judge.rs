//! The order in which an answer of a model is judged.

use crate::audit::{Audit, Judged, Made, vocabulary};
use crate::cells::Cells;
use crate::challenge::{Challenge, Soundness};
use crate::drift::Intervals;
use crate::floats::Floats;
use crate::keys::Weight;
use crate::sizes::Sizes;
use crate::stage::Split;
use crate::stream::Past;
use crate::verdict::{Accepted, Checked, Rejected, Stop, Undecided, Verdict};
use bfv_cert::certificate::{Fields, Lane, Layers, Operation, Output};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_cert::tensor::Shape;
use bfv_cert::{
    Admitted, BindingFault, Expected, Hashes, Malformed, Part, Place, Policy, Refusal, Unopened, admit_unopened,
};
use bfv_exact::commit::{Layout, all_rows, model_root, spec_root, tokens_root, tokens_shape};
use bfv_exact::model::Model;
use std::sync::OnceLock;

/// A model whose roots were computed here.
pub struct Subject<G> {
    model: Model<G>,
    root: Digest,
    spec: Digest,
    /// Measured when the first answer in a lane of floats is judged.
    sizes: OnceLock<Sizes>,
}

impl<G: Weight> Subject<G> {
    /// Hashes all weights once.
    ///
    /// # Errors
    /// None for a model, whose shapes were checked.
    pub fn new(model: Model<G>) -> Result<Self, Refusal> {
        Ok(Self { root: model_root(&model)?, spec: spec_root(model.spec()), sizes: OnceLock::new(), model })
    }

    /// The model.
    pub fn model(&self) -> &Model<G> {
        &self.model
    }

    /// The sizes of the rows of all weights.
    pub fn sizes(&self) -> &Sizes {
        self.sizes.get_or_init(|| Sizes::new(&self.model))
    }

    /// The root of the weights.
    pub fn root(&self) -> &Digest {
        &self.root
    }

    /// The root of the specification.
    pub fn spec(&self) -> &Digest {
        &self.spec
    }
}

/// What must be met beside the policy.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The fewest bits of soundness.
    pub least_bits: u32,
    /// Until when values must be opened, in seconds since 1970; what is missing afterwards is withheld.
    pub deadline: Option<u64>,
    /// How many tokens the answer must have, where that is known.
    pub answer: Option<usize>,
}

impl Default for Terms {
    fn default() -> Self {
        Self { least_bits: 59, deadline: None, answer: None }
    }
}

/// What a judge knows of a question, beside the model.
pub struct Case<'a> {
    /// Whom the verifier trusts.
    pub policy: &'a Policy,
    /// What it expects.
    pub expected: Expected<'a>,
    /// The tokens of the prompt.
    pub prompt: &'a [u32],
    /// Where the random numbers come from.
    pub challenge: Challenge<'a>,
    /// What must be met.
    pub terms: Terms,
}

/// Judges an envelope.
pub fn judge<G: Judged>(envelope: &[u8], case: &Case<'_>, subject: &Subject<G>) -> Verdict {
    read(envelope, |envelope| judge_read(envelope, case, subject))
}

/// The same for an envelope that was read before.
pub fn judge_read<G: Judged>(envelope: &Envelope<'_>, case: &Case<'_>, subject: &Subject<G>) -> Verdict {
    G::judge(envelope, case, subject)
}

/// Judges an envelope, and says where the values of the model lie as far as that was found: what is compared with the choices in the lanes of floats. In
/// the exact lane every interval is one number.
pub fn judge_noting<G: Judged>(envelope: &[u8], case: &Case<'_>, subject: &Subject<G>) -> (Verdict, Vec<Intervals>) {
    let mut noted = Vec::new();
    let verdict = read(envelope, |envelope| verdict(judged(envelope, case, subject, Some(&mut noted))));
    (verdict, noted)
}

/// Reads an envelope, which is judged then.
pub(crate) fn read<A>(envelope: &[u8], judge: impl FnOnce(&Envelope<'_>) -> Verdict<A>) -> Verdict<A> {
    match Envelope::decode(envelope) {
        Ok(envelope) => judge(&envelope),
        Err(refusal) => Stop::from(refusal).into(),
    }
}

pub(crate) fn judge_of<G: Judged>(envelope: &Envelope<'_>, case: &Case<'_>, subject: &Subject<G>) -> Verdict {
    verdict(judged(envelope, case, subject, None))
}

pub(crate) fn verdict<A>(judged: Result<A, Stop>) -> Verdict<A> {
    judged.map_or_else(Verdict::from, Verdict::Accepted)
}

fn judged<G: Judged>(
    envelope: &Envelope<'_>,
    case: &Case<'_>,
    subject: &Subject<G>,
    noted: Option<&mut Vec<Intervals>>,
) -> Result<Accepted, Stop> {
    let right = examined(envelope, case, subject, What::Whole, noted)?;
    let values = right.answer.iter().map(|t| i64::from(*t)).collect();
    Ok(accepted(&right.admitted, right.soundness, right.checked, values))
}

/// What an envelope is examined as.
#[derive(Clone, Copy)]
pub(crate) enum What<'a> {
    /// An answer.
    Whole,
    /// The part of a stage in one.
    Stage(&'a Split),
    /// The first block of an answer of so many tokens.
    First(usize),
    /// A later block of one.
    Next(&'a Past),
}

impl<'a> What<'a> {
    fn operation(self) -> Operation {
        match self {
            What::Whole | What::First(_) => Operation::FullForward,
            What::Stage(_) => Operation::LayerRange,
            What::Next(_) => Operation::Continuation,
        }
    }

    fn past(self) -> Option<&'a Past> {
        if let What::Next(past) = self { Some(past) } else { None }
    }

    /// How many tokens of a whole answer there may be, of which so many are there before.
    fn limit(self) -> Option<(usize, usize)> {
        match self {
            What::Whole | What::Stage(_) => None,
            What::First(count) => Some((count, 0)),
            What::Next(past) => Some((past.count(), past.answered())),
        }
    }
}

/// What was found right.
pub(crate) struct Right<'a> {
    pub(crate) admitted: Admitted<'a>,
    pub(crate) soundness: Soundness,
    pub(crate) checked: Checked,
    /// The tokens of the answer that the certificate names. A stage without the head says nothing about them.
    pub(crate) answer: Vec<u32>,
    /// Of a block, the keys and values of each layer.
    pub(crate) made: Vec<Made>,
}

/// Examines an answer or a part of one.
pub(crate) fn examined<'a, G: Judged>(
    envelope: &Envelope<'a>,
    case: &Case<'_>,
    subject: &Subject<G>,
    what: What<'_>,
    noted: Option<&mut Vec<Intervals>>,
) -> Result<Right<'a>, Stop> {
    let unopened = admit_unopened(envelope.clone(), case.policy, &case.expected)?;
    let mut hashes = unopened.hashes();
    // With so many signs anybody could make a judge compute products in full that nobody has committed to.
    if unopened.envelope().certificate().fields().lane == Lane::Tolerance {
        unopened.clone().open(&hashes)?;
    }
    let mut made = Vec::new();
    let wanted = matches!(what, What::First(_) | What::Next(_)).then_some(&mut made);
    let found = audited(&unopened, case, subject, what, (noted, wanted), &mut hashes);
    // Whatever was found was found of the opened values. Where these are others than the worker's, that is what is wrong.
    let admitted = unopened.open(&hashes)?;
    let (soundness, checked, answer) = found?;
    Ok(Right { admitted, soundness, checked, answer, made })
}

/// Examines opened values, and hashes those that were read.
fn audited<'a, G: Judged>(
    unopened: &Unopened<'a>,
    case: &Case<'_>,
    subject: &Subject<G>,
    what: What<'_>,
    (noted, made): (Option<&mut Vec<Intervals>>, Option<&mut Vec<Made>>),
    hashes: &mut Hashes<'a>,
) -> Result<(Soundness, Checked, Vec<u32>), Stop> {
    let envelope = unopened.envelope();
    let certificate = envelope.certificate();
    let fields = certificate.fields();
    if fields.lane != Lane::Exact && !matches!(what, What::Whole) {
        return Err(Stop::Undecided(Undecided::Lane(fields.lane)));
    }
    if fields.operation != what.operation() {
        return Err(Stop::Undecided(Undecided::Operation));
    }
    if fields.model != subject.root || fields.spec != subject.spec {
        return Err(Stop::Undecided(Undecided::OtherModel));
    }
    if fields.lane != Lane::Exact && subject.model.spec().pairs().is_some() {
        return Err(Stop::Undecided(Undecided::Paired(fields.lane)));
    }
    let rows = match what {
        What::Whole | What::First(_) => all_rows(subject.model.spec()),
        What::Stage(split) => {
            split.valid(unopened, case.policy)?;
            split.rows(fields)?
        }
        What::Next(past) => {
            past.continued(fields)?;
            all_rows(subject.model.spec())
        }
    };
    let floats = floats(fields, case.policy, subject)?;
    let soundness = case.challenge.soundness_in(fields.lane);
    if soundness.bits() < case.terms.least_bits {
        return Err(Stop::Undecided(Undecided::Weak(soundness.bits(), case.terms.least_bits)));
    }
    let answer = tokens(&delivered(envelope, &case.expected)?)?;
    let last = what.past().map(|past| [past.last()]);
    let prompt = last.as_ref().map_or(case.prompt, |last| last.as_slice());
    let layout = shapes(fields, (case, what), (prompt, &answer), subject, rows)?;
    let all = [prompt, &answer].concat();
    vocabulary(&all, subject.model.spec().draft().dims.vocab)?;
    let cells = Cells::new(layout, envelope.cells());
    cells.complete(late(case, unopened.at()))?;
    let logged = (unopened.logged(), &envelope.log().head.head.root);
    let numbers = case.challenge.numbers(subject, certificate.body(), logged, all.len().saturating_sub(1), rows);
    let numbers = numbers.map_err(Stop::Undecided)?;
    let (model, checked) = (&subject.model, Checked::default());
    let past = what.past();
    let mut audit =
        Audit { model, cells: &cells, numbers: &numbers, tokens: &all, past, made, floats, noted, checked, hashes };
    let right = audit.run(envelope.reveal().seed.as_ref(), fields);
    right.map(|()| (soundness, audit.checked, answer))
}

/// How products are checked in the lane of a certificate, where that is one of floats.
fn floats<'a, G: Weight>(
    fields: &Fields,
    policy: &Policy,
    subject: &'a Subject<G>,
) -> Result<Option<Floats<'a>>, Stop> {
    let residuals = match fields.lane {
        Lane::Exact => return Ok(None),
        Lane::Residual => true,
        Lane::Tolerance => false,
        // The model is one of integers, and there is nothing to compute again.
        Lane::Replay => return Err(Stop::Undecided(Undecided::Integers)),
    };
    // Without them a body is malformed.
    let execution = fields.execution.as_ref().ok_or_else(|| contradicts("execution", "the lane"))?;
    let kernel = policy.kernel(execution);
    let kernel =
        kernel.map_err(|found| Stop::Rejected(Rejected::Refused(Refusal::Binding(Part::Certificate, found))))?;
    Ok(Some(Floats { residuals, sizes: subject.sizes(), roundoff: kernel.roundoff }))
}

/// Whether what is not there at this time counts as withheld.
fn late(case: &Case<'_>, at: u64) -> bool {
    case.terms.deadline.is_some_and(|deadline| at > deadline)
}

pub(crate) fn accepted(admitted: &Admitted<'_>, soundness: Soundness, checked: Checked, values: Vec<i64>) -> Accepted {
    let certificate = admitted.envelope().certificate();
    let fields = certificate.fields();
    Accepted {
        certificate: certificate.id(),
        query: fields.query,
        worker: fields.worker,
        lane: fields.lane,
        operation: fields.operation,
        soundness,
        taken: admitted.taken(),
        checked,
        values,
        support: None,
    }
}

/// The delivered bytes: in the certificate, revealed, or expected. That the latter two fit was checked.
pub(crate) fn delivered(envelope: &Envelope<'_>, expected: &Expected<'_>) -> Result<Vec<u8>, Stop> {
    let output = match &envelope.certificate().fields().output {
        Output::Inline(bytes) => Some(bytes.as_slice()),
        Output::Hashed(_) => envelope.reveal().output.or(expected.output),
    };
    output.map(<[u8]>::to_vec).ok_or(Stop::Undecided(Undecided::Output))
}

/// A field that contradicts something.
pub(crate) fn contradicts(field: &'static str, what: &'static str) -> Stop {
    let place = Place { part: Part::Certificate, field, offset: 0 };
    Stop::Rejected(Rejected::Refused(Refusal::Malformed(place, Malformed::Contradicts(what))))
}

/// A value that is not the one that belongs here.
pub(crate) fn other(field: &'static str, found: Digest) -> Stop {
    Stop::Rejected(Rejected::Refused(Refusal::Binding(Part::Certificate, BindingFault::Other(field, found))))
}

/// Four bytes for each token, and at least one.
pub(crate) fn tokens(bytes: &[u8]) -> Result<Vec<u32>, Stop> {
    match bytes.as_chunks::<4>() {
        (all @ [_, ..], []) => Ok(all.iter().map(|t| u32::from_le_bytes(*t)).collect()),
        _ => Err(contradicts("output", "a list of tokens")),
    }
}

/// Shapes, input and output are those of prompt, answer and specification, but for what passes between stages, which is not known yet. Nothing
/// was computed by what the certificate says of them.
fn shapes<G: Weight>(
    fields: &Fields,
    (case, what): (&Case<'_>, What<'_>),
    (prompt, answer): (&[u32], &[u32]),
    subject: &Subject<G>,
    rows: Layers,
) -> Result<Layout, Stop> {
    let spec = subject.model.spec();
    let (first, last) = (rows.start == 0, rows.end == all_rows(spec).end);
    // A question without tokens has no root, and so another one than any certificate.
    if first && tokens_root(prompt).ok() != Some(fields.input) {
        return Err(other("input", fields.input));
    }
    let wrong = match what.limit() {
        None => case.terms.answer.filter(|n| *n != answer.len()).map(|n| (n, answer.len())),
        Some((most, before)) => Some((most, before.saturating_add(answer.len()))).filter(|(most, n)| n > most),
    };
    if let Some((n, found)) = wrong {
        let count = BindingFault::Count(n as u64, found as u64);
        return Err(Stop::Rejected(Rejected::Refused(Refusal::Binding(Part::Certificate, count))));
    }
    let layout = match what.past() {
        None => Layout::of(spec, rows, prompt.len(), answer.len()),
        Some(past) => Layout::after(spec, past.positions(), answer.len()),
    };
    let Ok(layout) = layout else {
        return Err(contradicts("output", "the positions of the specification"));
    };
    let layout = layout.in_lane(fields.lane);
    // The last token of the answer is not computed with.
    let done = u32::try_from(prompt.len() + answer.len() - 1).unwrap_or(u32::MAX);
    let stream =
        Shape::new(&[done, spec.draft().dims.width]).map_err(|_| contradicts("output", "the specification"))?;
    let conditions = [
        ("layers", fields.layers == rows),
        ("input shape", fields.input_shape == if first { tokens_shape(prompt)? } else { stream }),
        ("output shape", fields.output_shape == if last { tokens_shape(answer)? } else { stream }),
        ("trace shape", fields.trace_shape == layout.shape()),
        // Who chooses no token has no seed.
        ("seed", last || fields.seed == Digest::ZERO),
    ];
    if let Some((field, _)) = conditions.iter().find(|(_, holds)| !holds) {
        return Err(contradicts(field, "the specification"));
    }
    if last && fields.output_root != tokens_root(answer)? {
        return Err(other("output root", fields.output_root));
    }
    Ok(layout)
}
