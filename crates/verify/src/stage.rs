//! Stages: a model is split by ranges of layers, and each worker certifies its part of an answer.
//!
//! A stage runs its rows for all tokens of prompt and answer, once the answer is known, so the keys and values of every token stand in one
//! certificate. It commits to the residual stream that comes in, and that is opened, so a stage is judged without the others and
//! whoever is wrong is named. What a stage says is only that its output follows from its input. That the input is the output of the stage before, that
//! the first one has the question and the last one the answer, and that no layer is missing, is for [`judge_chain`].
//!
//! A chain is accepted when each of its stages is, so a wrong answer needs a stage that is wrong and passes: the probability is that of one stage.

use crate::audit::Judged;
use crate::challenge::Soundness;
use crate::judge::{Case, Subject, What, examined, read, verdict};
use crate::keys::Weight;
use crate::verdict::{Accepted, Checked, Rejected, Stop, Sure, Undecided, Verdict, sure_in};
use bfv_cert::certificate::{Body, Fields, Layers, PARENT_LIMIT};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_cert::registry::Entry;
use bfv_cert::sign::KeyId;
use bfv_cert::{BindingFault, FreshnessFault, Part as Read, Policy, Refusal, Taken, Unopened, chain};
use bfv_exact::Refused;
use bfv_exact::commit::all_rows;

/// The part of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its key.
    pub worker: KeyId,
    /// Its rows, as certificates count layers: 0 is the embedding, one after the last layer the head.
    pub layers: Layers,
}

/// Who says how a model is split: an entry of the registry that carries the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Registered {
    /// The entry of the head. That it carries this configuration is for the caller to see to.
    pub head: Entry,
    /// When the registry was signed, in seconds since 1970.
    pub time: u64,
}

/// How a model is split, as it is registered: every row belongs to one part.
#[derive(Debug, Clone)]
pub struct Split {
    model: Digest,
    spec: Digest,
    parts: Vec<Part>,
    registered: Registered,
}

impl Split {
    /// The split of a model into these parts, in the order in which they run.
    ///
    /// # Errors
    /// There are none or more than [`PARENT_LIMIT`], one key has two, or they do not have every row of the model once, in order.
    pub fn new<G: Weight>(subject: &Subject<G>, parts: Vec<Part>, registered: Registered) -> Result<Split, Refused> {
        let fail = |why: String| Err(Refused::new("a split model", why));
        if parts.len() > PARENT_LIMIT {
            return fail(format!("it has {} parts, at most {PARENT_LIMIT} are possible", parts.len()));
        }
        let mut next = 0;
        for (n, part) in (1..).zip(&parts) {
            let Layers { start, end } = part.layers;
            if start != next || end <= start {
                return fail(format!("part {n} has the rows {start} to {end}, and row {next} comes next"));
            }
            if parts.iter().filter(|p| p.worker == part.worker).count() > 1 {
                return fail(format!("the worker of part {n} has another part"));
            }
            next = end;
        }
        let all = all_rows(subject.model().spec()).end;
        if next != all {
            return fail(format!("its parts end at row {next}, and the model at {all}"));
        }
        Ok(Split { model: *subject.root(), spec: *subject.spec(), parts, registered })
    }

    /// The parts.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// That the split was registered when a certificate was logged, in a registry that is not too old now.
    pub(crate) fn valid(&self, admitted: &Unopened<'_>, policy: &Policy) -> Result<(), Stop> {
        let Registered { head, time } = &self.registered;
        let age = admitted.at().saturating_sub(*time);
        match head.valid_at(admitted.logged()) {
            Err(fault) => Err(Stop::Undecided(Undecided::Split(fault))),
            Ok(()) if age > policy.registry_max_age => {
                Err(Stop::Undecided(Undecided::SplitTooOld(age, policy.registry_max_age)))
            }
            Ok(()) => Ok(()),
        }
    }

    /// The rows that the worker of this certificate has, which must be those that the certificate names.
    pub(crate) fn rows(&self, fields: &Fields) -> Result<Layers, Stop> {
        if fields.model != self.model || fields.spec != self.spec {
            return Err(Stop::Undecided(Undecided::OtherModel));
        }
        match self.parts.iter().find(|p| p.worker == fields.worker) {
            None => Err(binding(BindingFault::NotAssigned)),
            Some(Part { layers, .. }) if *layers != fields.layers => {
                Err(binding(BindingFault::Layers(layers.start, layers.end)))
            }
            Some(Part { layers, .. }) => Ok(*layers),
        }
    }

    /// The number of the part in which this row of the model is, from 1.
    fn number(&self, row: u16) -> usize {
        self.parts.iter().filter(|p| p.layers.end <= row).count() + 1
    }

    /// The number of the part of this worker, from 1; nothing where it has none. What rows a certificate names does not matter: it may name any.
    #[must_use]
    pub fn number_of(&self, worker: &KeyId) -> Option<usize> {
        self.parts.iter().position(|p| p.worker == *worker).map(|i| i + 1)
    }
}

fn binding(fault: BindingFault) -> Stop {
    Stop::Rejected(Rejected::Refused(Refusal::Binding(Read::Certificate, fault)))
}

/// A stage that was accepted: its output follows from its input. It is no answer. Only [`judge_stage`] makes one.
#[derive(Debug, Clone)]
pub struct Stage {
    certificate: Digest,
    body: Body,
    at: u64,
    soundness: Soundness,
    taken: Taken,
    checked: Checked,
    answer: Vec<u32>,
}

impl Stage {
    /// The name of the certificate.
    #[must_use]
    pub fn certificate(&self) -> &Digest {
        &self.certificate
    }

    /// What the certificate says.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        self.body.fields()
    }

    /// How many tokens the answer has that it names.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.answer.len()
    }

    /// The probability with which a wrong stage is accepted.
    #[must_use]
    pub fn soundness(&self) -> Soundness {
        self.soundness
    }

    /// What was taken from the envelope because nothing was expected of it.
    #[must_use]
    pub fn taken(&self) -> Taken {
        self.taken
    }

    /// How much was checked.
    #[must_use]
    pub fn checked(&self) -> Checked {
        self.checked
    }
}

impl Sure for Stage {
    fn sure(&self) -> String {
        sure_in(self.fields().lane, self.soundness)
    }
}

/// Judges the envelope of one stage. The case is that of the whole answer.
pub fn judge_stage<G: Judged>(envelope: &[u8], case: &Case<'_>, subject: &Subject<G>, split: &Split) -> Verdict<Stage> {
    read(envelope, |envelope| judge_stage_read(envelope, case, subject, split))
}

/// The same for an envelope that was read before.
pub fn judge_stage_read<G: Judged>(
    envelope: &Envelope<'_>,
    case: &Case<'_>,
    subject: &Subject<G>,
    split: &Split,
) -> Verdict<Stage> {
    G::judge_stage(envelope, case, subject, split)
}

pub(crate) fn judge_stage_of<G: Judged>(
    envelope: &Envelope<'_>,
    case: &Case<'_>,
    subject: &Subject<G>,
    split: &Split,
) -> Verdict<Stage> {
    verdict(examined(envelope, case, subject, What::Stage(split), None).map(|right| {
        let certificate = right.admitted.envelope().certificate();
        Stage {
            certificate: certificate.id(),
            body: certificate.body().clone(),
            at: right.admitted.at(),
            soundness: right.soundness,
            taken: right.admitted.taken(),
            checked: right.checked,
            answer: right.answer,
        }
    }))
}

/// One stage of a chain.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// The worker that its certificate names.
    pub worker: KeyId,
    /// The rows that its certificate names.
    pub layers: Layers,
    /// The hash of what its certificate says ([`Body::digest`]).
    pub body: Digest,
    /// What came of it.
    pub verdict: &'a Verdict<Stage>,
}

/// Judges an answer by its stages, in the order in which they ran. It is accepted when each of them is, when they have every part of the split
/// once and in order, are of one question and one answer, and when what goes into each is what comes out of the one before. A stage that is missing
/// leaves the answer undecided, and rejected when the stages were judged after the deadline.
///
/// What no worker of the split has signed, or what was judged before ([`bfv_cert::freshness::Fresh`] has what was), is no part of the chain. Nor is
/// an envelope that is undecided or rejected where another one with the same certificate is accepted: anybody can take openings out of an honest
/// envelope or spoil them, and its signature stays good. Otherwise anybody could spoil an honest chain. That a worker has signed two things for one slot
/// is evidence against it, and stays.
#[must_use]
pub fn judge_chain(split: &Split, links: &[Link<'_>], deadline: Option<u64>) -> Verdict {
    let (mut own, mut foreign) = (Vec::new(), Vec::new());
    for link in links.iter().filter(|link| !is_spoilt(links, link)) {
        match split.number_of(&link.worker).filter(|_| !is_foreign(link)) {
            Some(number) => own.push(Placed { number, link: *link }),
            None => foreign.push(*link),
        }
    }
    // Of a stage that is accepted, its certificate says whose it is and what it has.
    if let Some(placed) = own.iter().find(|placed| !placed.known()) {
        return placed.fault("certificate").into();
    }
    let judged = chained(split, &own, deadline);
    if let Err(Stop::Rejected(Rejected::Absent(n)) | Stop::Undecided(Undecided::Absent(n))) = &judged {
        // What came in the place of a part that is missing says more. A stranger has no part, so the rows say which place it is.
        let place = |link: &Link<'_>| split.number_of(&link.worker).unwrap_or_else(|| split.number(link.layers.start));
        let mut instead = foreign.into_iter().filter(|link| place(link) == *n);
        if let Err(stop) = instead.try_for_each(|link| Placed { number: *n, link }.rejected()) {
            return stop.into();
        }
    }
    verdict(judged)
}

/// Whether it was signed by somebody else than the worker that it names, or was judged before.
fn is_foreign(link: &Link<'_>) -> bool {
    let Verdict::Rejected(Rejected::Refused(refusal)) = link.verdict else { return false };
    matches!(refusal, Refusal::Signature(..) | Refusal::Freshness(FreshnessFault::SlotUsed(_)))
}

/// Whether another envelope with the same certificate is accepted, so that only this envelope is spoilt.
fn is_spoilt(links: &[Link<'_>], link: &Link<'_>) -> bool {
    let same = |other: &Link<'_>| {
        matches!(other.verdict, Verdict::Accepted(stage) if stage.body.digest() == link.body)
            && (other.worker, other.layers) == (link.worker, link.layers)
    };
    match link.verdict {
        Verdict::Accepted(_) | Verdict::Rejected(Rejected::Refused(Refusal::Equivocation(_))) => false,
        Verdict::Rejected(_) | Verdict::Undecided(_) => links.iter().any(same),
    }
}

/// A stage with the number of the part of the split whose place it takes, from 1.
#[derive(Clone, Copy)]
struct Placed<'a> {
    number: usize,
    link: Link<'a>,
}

impl Placed<'_> {
    /// Whether the link says of an accepted stage what its certificate does.
    fn known(&self) -> bool {
        let Link { worker, layers, body, verdict } = &self.link;
        match verdict {
            Verdict::Accepted(s) => {
                (s.fields().worker, s.fields().layers, s.body.digest()) == (*worker, *layers, *body)
            }
            Verdict::Rejected(_) | Verdict::Undecided(_) => true,
        }
    }

    /// It does not follow on the stage before.
    fn fault(&self, what: &'static str) -> Stop {
        binding(BindingFault::Chain(what, self.number.saturating_sub(1)))
    }

    /// Refuses a chain for a stage that is rejected.
    fn rejected(&self) -> Result<(), Stop> {
        match self.link.verdict {
            Verdict::Rejected(why) => Err(Stop::Rejected(Rejected::Stage(self.number, Box::new(why.clone())))),
            Verdict::Accepted(_) | Verdict::Undecided(_) => Ok(()),
        }
    }
}

fn chained(split: &Split, all: &[Placed<'_>], deadline: Option<u64>) -> Result<Accepted, Stop> {
    all.iter().try_for_each(Placed::rejected)?;
    let stages: Vec<&Stage> = all
        .iter()
        .filter_map(|p| if let Verdict::Accepted(stage) = p.link.verdict { Some(stage) } else { None })
        .collect();
    // Each was accepted as a part of some split; here they must be parts of this one.
    stages.iter().try_for_each(|stage| split.rows(stage.fields()).map(|_| ()))?;
    let mut missing = None;
    let mut next = 0;
    let mut before: Option<&Placed<'_>> = None;
    for placed in all {
        let Layers { start, end } = placed.link.layers;
        if start < next {
            return Err(placed.fault("layers"));
        }
        if start > next {
            missing = missing.or(Some(next));
        }
        if let (Some(before), Verdict::Accepted(stage)) =
            (before.filter(|b| b.link.layers.end == start), placed.link.verdict)
            && let Verdict::Accepted(before) = before.link.verdict
        {
            follows(before, stage, placed)?;
        }
        (before, next) = (Some(placed), end);
    }
    let end = split.parts.last().map_or(0, |p| p.layers.end);
    if let Some(row) = missing.or((next < end).then_some(next)) {
        let at = stages.iter().map(|s| s.at).max();
        let late = at.zip(deadline).is_some_and(|(at, deadline)| at > deadline);
        let n = split.number(row);
        return Err(if late { Stop::Rejected(Rejected::Absent(n)) } else { Stop::Undecided(Undecided::Absent(n)) });
    }
    for placed in all {
        if let Verdict::Undecided(why) = placed.link.verdict {
            return Err(Stop::Undecided(Undecided::Stage(placed.number, Box::new(why.clone()))));
        }
    }
    let Some(last) = stages.last() else { return Err(Stop::Undecided(Undecided::Absent(1))) };
    let weakest = stages.iter().map(|s| s.soundness).min_by_key(|s| s.bits()).unwrap_or(last.soundness);
    let checked = stages.iter().fold(Checked::default(), |sum, s| Checked {
        products: sum.products.saturating_add(s.checked.products),
        computed: sum.computed.saturating_add(s.checked.computed),
        compared: sum.compared.saturating_add(s.checked.compared),
        drift: sum.drift.max(s.checked.drift),
    });
    Ok(Accepted {
        certificate: last.certificate,
        query: last.fields().query,
        worker: last.fields().worker,
        lane: last.fields().lane,
        operation: last.fields().operation,
        soundness: weakest,
        taken: stages.iter().fold(last.taken, |all, s| all.or(s.taken)),
        checked,
        values: last.answer.iter().map(|t| i64::from(*t)).collect(),
        support: None,
    })
}

/// Whether a stage follows on the one before.
fn follows(before: &Stage, stage: &Stage, placed: &Placed<'_>) -> Result<(), Stop> {
    match chain(&[&before.body, &stage.body]) {
        Err(Refusal::Binding(_, BindingFault::Chain(what, _))) => Err(placed.fault(what)),
        Err(refusal) => Err(refusal.into()),
        Ok(()) => Ok(()),
    }
}
