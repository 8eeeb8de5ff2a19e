//! Judges answers of float models by computing some of their tiles again, bit for bit.
//!
//! A worker commits to every value, and then tiles are drawn: so it could not know which. Each is computed again from the values that the worker committed to, by integers
//! and in the order of sums of its machine, and must be the same to the last bit. That every token is the one with the largest of the committed logits is checked
//! for all of them.
//!
//! The verdict is about tiles: of S tiles, s were drawn and right. Where a share f of all tiles is wrong, that happens with probability at most `(1 - f)^s`, times the
//! number of draws that the worker could choose among. A single wrong tile is found with probability s/S only, and nothing more is claimed of an answer
//! that passes. All tiles together say all: if each is right and the choices are, the answer is that of the model.

use crate::audit::vocabulary;
use crate::challenge::Known;
use crate::judge::{contradicts, delivered, other, read, tokens, verdict};
use crate::verdict::{Rejected, Stop, Sure, Undecided, Verdict};
use bfv_cert::certificate::{Body, Fields, Lane, Layers, Operation};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_cert::sign::KeyId;
use bfv_cert::{BindingFault, Expected, Part, Policy, Refusal, Taken, admit_read};
use bfv_exact::commit::{tokens_root, tokens_shape};
use bfv_exact::fixed;
use bfv_exact::rope::angles;
use bfv_replay::card::{self, Card};
use bfv_replay::draw::{Tiles, missed_bits, tiles};
use bfv_replay::layout::{Layout, Place};
use bfv_replay::ops::{Cells, Run, chosen, unfinished};
use bfv_replay::spec::Turns;
use bfv_replay::weights::Model;
use bfv_replay::{Format, Soft};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU64;

/// Where the draw of tiles comes from.
#[derive(Clone, Copy)]
pub enum Draw {
    /// 32 bytes that nobody but the verifier knows, with which so many certificates were judged already. Each certificate has a draw of its own, so what is
    /// seen of one says nothing about the next, but whoever is told of every verdict may try again.
    Secret([u8; 32], u64),
    /// What became known after certificates were logged. Each certificate in the log has a draw of its own, so a worker may log many and show the one whose
    /// draw misses what is wrong: they are at most as many as the log has entries.
    Beacon(Known),
    /// Hashes of the certificate, so that everybody can check it at once, and the worker knows which values are needed. It may try certificates until
    /// the draw misses what is wrong: for each it hashes some thousand bytes anew.
    Certificate {
        /// The logarithm of how many certificates a worker may have tried.
        tries: u32,
    },
}

impl Draw {
    /// The same draw, where so many certificates were judged with its secret already.
    #[must_use]
    pub fn after(self, judged: u64) -> Draw {
        match self {
            Draw::Secret(key, _) => Draw::Secret(key, judged),
            Draw::Beacon(_) | Draw::Certificate { .. } => self,
        }
    }

    /// The logarithm of how many draws somebody could choose among, rounded up, where the log has so many entries.
    fn choices(&self, entries: u64) -> u32 {
        let bits = |n: u64| u64::BITS - n.saturating_sub(1).leading_zeros();
        match self {
            Draw::Secret(_, judged) => bits(judged.saturating_add(1)),
            Draw::Beacon(known) => known.bits().saturating_add(bits(entries)),
            // One more than the tries is at most twice as many.
            Draw::Certificate { tries } => tries.saturating_add(1),
        }
    }

    fn seed(&self, body: &Body, logged: (u64, &Digest)) -> Result<Digest, Undecided> {
        match self {
            Draw::Secret(key, _) => Ok(body.challenge(key)),
            Draw::Beacon(known) => known.seed(body, logged),
            Draw::Certificate { .. } => Ok(body.challenge(&[])),
        }
    }
}

/// What a judge knows of a question about a float model.
pub struct Replay<'a> {
    /// Whom the verifier trusts.
    pub policy: &'a Policy,
    /// What it expects.
    pub expected: Expected<'a>,
    /// The tokens of the prompt.
    pub prompt: &'a [u32],
    /// How many tokens the answer must have, where that is known.
    pub answer: Option<usize>,
    /// Where the draw comes from.
    pub draw: Draw,
    /// How many tiles are drawn.
    pub tiles: NonZeroU64,
    /// Until when values must be opened, in seconds since 1970; what is missing afterwards is withheld.
    pub deadline: Option<u64>,
    /// The machines whose order is known.
    pub cards: &'a [Card],
}

/// How much was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Tiles that were drawn.
    pub drawn: u64,
    /// All tiles.
    pub of: u64,
    /// The logarithm of how many draws somebody could choose among, rounded up.
    pub choices: u32,
}

impl Sample {
    /// Where so many of so many tiles are wrong, the draw misses all of them with probability at most 2 to the minus this. 0 says nothing. Nothing is missed where all are
    /// drawn: then it is `u32::MAX`.
    #[must_use]
    pub fn missed(&self, wrong: u32, all: u32) -> u32 {
        if self.drawn == self.of && wrong > 0 {
            return u32::MAX;
        }
        match missed_bits(wrong, all, self.drawn) {
            u32::MAX => u32::MAX,
            bits => bits.saturating_sub(self.choices),
        }
    }
}

/// An answer of which a sample was right. Only [`judge_replay`] makes one, and no fusion, vote or chain takes it.
#[derive(Debug, Clone)]
pub struct Sampled {
    certificate: Digest,
    query: Digest,
    worker: KeyId,
    card: &'static str,
    taken: Taken,
    sample: Sample,
    compared: u64,
    values: Vec<u32>,
}

impl Sampled {
    /// The name of the certificate.
    #[must_use]
    pub fn certificate(&self) -> &Digest {
        &self.certificate
    }

    /// The question that it answers.
    #[must_use]
    pub fn query(&self) -> &Digest {
        &self.query
    }

    /// Who signed it.
    #[must_use]
    pub fn worker(&self) -> &KeyId {
        &self.worker
    }

    /// The machine in whose order it was computed again.
    #[must_use]
    pub fn card(&self) -> &'static str {
        self.card
    }

    /// What was taken from the envelope because nothing was expected of it.
    #[must_use]
    pub fn taken(&self) -> Taken {
        self.taken
    }

    /// How much was drawn.
    #[must_use]
    pub fn sample(&self) -> Sample {
        self.sample
    }

    /// How many numbers were computed again.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// The tokens that were delivered.
    #[must_use]
    pub fn values(&self) -> &[u32] {
        &self.values
    }
}

impl Sure for Sampled {
    fn sure(&self) -> String {
        let Sample { drawn, of, .. } = self.sample;
        format!("Accepted (sampled, {drawn} of {of} tiles) in the order of {}.", self.card)
    }
}

/// What was found wrong in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayFound {
    /// The number in this column has the first bits, and must have the second.
    Differs(usize, u32, u32),
    /// The number in this column with these bits is infinite or none.
    Unfinished(usize, u32),
    /// The opened value has so many bytes, and must have so many.
    Bytes(usize, usize),
    /// It was not opened until the deadline.
    Withheld,
    /// The token that was delivered, and the one with the largest logit.
    Chosen(u32, u32),
}

/// A place and what was found there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayFault {
    /// The place.
    pub place: Place,
    /// The format of its numbers.
    pub format: Format,
    /// What was found.
    pub found: ReplayFound,
}

impl fmt::Display for ReplayFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, digits) = (self.place, self.format.bytes() * 2);
        match self.found {
            ReplayFound::Differs(i, own, right) => {
                write!(f, "Wrong bits: {place}, column {i} has {own:0digits$x}, and must have {right:0digits$x}.")
            }
            ReplayFound::Unfinished(i, own) => {
                write!(f, "No number: {place}, column {i} has the bits {own:0digits$x}.")
            }
            ReplayFound::Bytes(n, needed) => write!(f, "Wrong size: {place} has {n} bytes, and must have {needed}."),
            ReplayFound::Withheld => write!(f, "Withheld: {place} was not opened until the deadline."),
            ReplayFound::Chosen(said, right) => {
                write!(f, "Wrong token: {said} was delivered after token {}, and {right} is chosen.", place.token)
            }
        }
    }
}

/// Judges an envelope with an answer of a float model.
pub fn judge_replay(envelope: &[u8], case: &Replay<'_>, model: &Model) -> Verdict<Sampled> {
    read(envelope, |envelope| judge_replay_read(envelope, case, model))
}

/// The same for an envelope that was read before.
pub fn judge_replay_read(envelope: &Envelope<'_>, case: &Replay<'_>, model: &Model) -> Verdict<Sampled> {
    verdict(judged(envelope, case, model))
}

/// The opened cells, as numbers of single precision.
struct Opened(BTreeMap<Place, Vec<u32>>);

impl Cells for Opened {
    fn cell(&self, place: Place) -> Option<&[u32]> {
        self.0.get(&place).map(Vec::as_slice)
    }
}

fn judged(envelope: &Envelope<'_>, case: &Replay<'_>, model: &Model) -> Result<Sampled, Stop> {
    let admitted = admit_read(envelope.clone(), case.policy, &case.expected)?;
    let certificate = envelope.certificate();
    let fields = certificate.fields();
    if fields.lane != Lane::Replay || fields.operation != Operation::FullForward {
        return Err(Stop::Undecided(Undecided::Operation));
    }
    if fields.model != *model.root() || fields.spec != model.spec().root() {
        return Err(Stop::Undecided(Undecided::OtherModel));
    }
    // Without an execution a body in a lane of floats is malformed.
    let execution = fields.execution.as_ref().ok_or_else(|| contradicts("execution", "the lane"))?;
    let unmeasured = || Stop::Undecided(Undecided::Card(execution.kernel, execution.device));
    let card = card::of(case.cards, &execution.kernel, execution.device).ok_or_else(unmeasured)?;
    let answer = tokens(&delivered(envelope, &case.expected)?)?;
    let layout = shapes(fields, case, &answer, model)?;
    let all = [case.prompt, &answer].concat();
    vocabulary(&all, model.spec().draft().vocab)?;
    let logged = (admitted.logged(), &envelope.log().head.head.root);
    let seed = case.draw.seed(certificate.body(), logged).map_err(Stop::Undecided)?;
    let of = layout.tiles();
    let drawn = tiles(&seed, case.tiles.get(), of);
    let late = case.deadline.is_some_and(|deadline| admitted.at() > deadline);
    let opened = opened(envelope, &layout, &drawn, late)?;
    let draft = model.spec().draft();
    let turns = angles(draft.head_width, draft.rope_base, layout.tokens())?;
    let turns =
        Turns::new(usize::try_from(draft.head_width / 2).unwrap_or(usize::MAX), fixed::BITS.cast_signed(), turns);
    let machine = Soft { order: card.order };
    let run = Run { machine: &machine, model, layout: &layout, turns: &turns, tokens: &all };
    let mut compared = 0;
    for number in drawn.numbers() {
        compared += replayed(&run, &opened, number)?;
    }
    // What is delivered follows from the committed logits, whichever tiles were drawn.
    for (place, said) in layout.choices().zip(&answer) {
        match opened.cell(place).and_then(chosen) {
            Some(right) if right == *said => (),
            Some(right) => return Err(fault(&layout, place, ReplayFound::Chosen(*said, right))),
            None => return Err(Stop::Undecided(Undecided::UnopenedTile(place))),
        }
    }
    Ok(Sampled {
        certificate: certificate.id(),
        query: fields.query,
        worker: fields.worker,
        card: card.name,
        taken: admitted.taken(),
        sample: Sample { drawn: drawn.count(), of, choices: case.draw.choices(envelope.log().head.head.size) },
        compared,
        values: answer,
    })
}

fn fault(layout: &Layout, place: Place, found: ReplayFound) -> Stop {
    Stop::Rejected(Rejected::Replayed(ReplayFault { place, format: layout.format(place.op), found }))
}

/// Computes a tile again. Gives how many numbers it has.
fn replayed(run: &Run<'_, Soft>, opened: &Opened, number: u64) -> Result<u64, Stop> {
    let layout = run.layout;
    let impossible = || Stop::Undecided(Undecided::Size(format!("Tile {number} is none of the answer.")));
    let tile = layout.tile(number).ok_or_else(impossible)?;
    let range = layout.range(tile).ok_or_else(impossible)?;
    let right = run.part(opened, tile.place, range.clone()).ok_or_else(impossible)?;
    let own = opened.cell(tile.place).and_then(|all| all.get(range.clone())).ok_or_else(impossible)?;
    let format = layout.format(tile.place.op);
    for (column, (own, right)) in range.zip(own.iter().zip(&right)) {
        // Widened numbers are compared narrowed again, which changes nothing.
        let own = format.narrow(*own);
        if own != *right {
            return Err(fault(layout, tile.place, ReplayFound::Differs(column, own, *right)));
        }
    }
    Ok(right.len() as u64)
}

/// The opened values that are needed, all of numbers. Every opened value has its size.
fn opened(envelope: &Envelope<'_>, layout: &Layout, drawn: &Tiles, late: bool) -> Result<Opened, Stop> {
    let given: BTreeSet<u64> = envelope.cells().map(|(leaf, _)| leaf).collect();
    // Up to the first that is missing, so memory is bounded by what was sent and not by what a certificate says of its size.
    let (mut needed, mut missing) = (BTreeSet::new(), None);
    for place in layout.read_by(drawn.numbers()) {
        match layout.leaf(place).filter(|leaf| given.contains(leaf)) {
            Some(leaf) => {
                needed.insert(leaf);
            }
            None => {
                missing = Some(place);
                break;
            }
        }
    }
    let mut all = BTreeMap::new();
    for (leaf, bytes) in envelope.cells() {
        let Some(place) = layout.place(leaf) else {
            // Where there is no operation there is nothing but the empty value.
            if bytes.is_empty() {
                continue;
            }
            return Err(Stop::Rejected(Rejected::Refused(Refusal::Binding(Part::Trace, BindingFault::Index(leaf)))));
        };
        let size = layout.size(place).unwrap_or_default();
        if bytes.len() != size {
            return Err(fault(layout, place, ReplayFound::Bytes(bytes.len(), size)));
        }
        // What no tile needs is not read, so memory does not grow with what else was sent.
        if !needed.contains(&leaf) {
            continue;
        }
        let Some(entries) = layout.read(place, bytes) else {
            return Err(fault(layout, place, ReplayFound::Bytes(bytes.len(), size)));
        };
        let format = layout.format(place.op);
        if let Some(at) = unfinished(format, &entries) {
            let bits = entries.get(at).copied().unwrap_or_default();
            return Err(fault(layout, place, ReplayFound::Unfinished(at, bits)));
        }
        all.insert(place, entries.into_iter().map(|x| format.widen(x)).collect());
    }
    match missing {
        None => Ok(Opened(all)),
        Some(place) if late => Err(fault(layout, place, ReplayFound::Withheld)),
        Some(place) => Err(Stop::Undecided(Undecided::UnopenedTile(place))),
    }
}

/// Shapes, input and output are those of prompt, answer and specification.
fn shapes(fields: &Fields, case: &Replay<'_>, answer: &[u32], model: &Model) -> Result<Layout, Stop> {
    // A question without tokens has no root, and so another one than any certificate.
    if tokens_root(case.prompt).ok() != Some(fields.input) {
        return Err(other("input", fields.input));
    }
    if let Some(n) = case.answer.filter(|n| *n != answer.len()) {
        let count = BindingFault::Count(n as u64, answer.len() as u64);
        return Err(Stop::Rejected(Rejected::Refused(Refusal::Binding(Part::Certificate, count))));
    }
    let Ok(layout) = Layout::new(model.spec(), case.prompt.len(), answer.len()) else {
        return Err(contradicts("output", "the positions of the specification"));
    };
    let shape = layout.shape();
    let conditions = [
        ("layers", fields.layers == Layers { start: 0, end: shape.layers }),
        ("input shape", fields.input_shape == tokens_shape(case.prompt)?),
        ("output shape", fields.output_shape == tokens_shape(answer)?),
        ("trace shape", fields.trace_shape == shape),
        // The largest logit is chosen, so there is no seed.
        ("seed", fields.seed == Digest::ZERO),
    ];
    if let Some((field, _)) = conditions.iter().find(|(_, holds)| !holds) {
        return Err(contradicts(field, "the specification"));
    }
    if fields.output_root != tokens_root(answer)? {
        return Err(other("output root", fields.output_root));
    }
    Ok(layout)
}
