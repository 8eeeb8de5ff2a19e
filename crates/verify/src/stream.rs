//! Answers that are written block by block, each block judged while the next one is being written.
//!
//! The first block is an answer of its own: what the model makes of the prompt, a few tokens long. Each later one is a continuation, whose parent is the certificate
//! before it. It goes in with the last token of that, which was not computed with yet, and with the keys and values of all tokens before. Those are not in its
//! envelope: a [`Listener`] has them, from the blocks that it has accepted. So a block is judged after all blocks before it, and alone it is undecided.
//!
//! Of a model that pairs chunks only those keys and values are kept that can still be read ([`Kept::without`]), and a block costs the same however much stands
//! before it. What does not move the listener on leaves it as it was, so the right block may still come.
//!
//! How many tokens the answer has is said by whoever asked, and by no certificate: so a stream that ends early is told from one that is complete.
//!
//! A wrong answer needs a first block that is wrong and passes, and everything after it is built on that: the probability is that of one block, as for a chain of
//! stages. Blocks that were rejected are tries.

use crate::audit::{Judged, Made, size};
use crate::judge::{Case, Subject, What, accepted, examined, read, verdict};
use crate::verdict::{Accepted, Checked, Rejected, Stop, Undecided, Verdict};
use bfv_cert::certificate::{Fields, Operation};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_cert::sign::KeyId;
use bfv_cert::{Admitted, BindingFault, Part, Refusal, admit_read};
use bfv_exact::Refused;
use bfv_exact::forward::Kept;
use bfv_exact::spec::Spec;

/// What was accepted of an answer, and what the next block needs of it.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    certificate: Digest,
    query: Digest,
    worker: KeyId,
    roots: [Digest; 2],
    seed: Digest,
    /// How many tokens were asked for.
    count: usize,
    /// The tokens of the answer so far, never none.
    tokens: Vec<u32>,
    /// How many positions were computed.
    positions: usize,
    /// For each layer.
    kept: Vec<Kept>,
}

impl Past {
    /// How many tokens the answer has so far.
    pub(crate) fn answered(&self) -> usize {
        self.tokens.len()
    }

    /// How many tokens were asked for.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// How many positions were computed.
    pub(crate) fn positions(&self) -> usize {
        self.positions
    }

    /// The token with which the next block begins.
    pub(crate) fn last(&self) -> u32 {
        self.tokens.last().copied().unwrap_or_default()
    }

    /// Keys and values of a layer, from 1.
    pub(crate) fn kept(&self, layer: u32) -> Option<&Kept> {
        self.kept.get(size(layer).checked_sub(1)?)
    }

    /// That this certificate continues the last one. The certificate that it names has everything before in its own name, so nothing else need be compared but
    /// what each certificate says anew.
    pub(crate) fn continued(&self, fields: &Fields) -> Result<(), Stop> {
        let faults = [
            ("question", fields.query == self.query),
            ("worker", fields.worker == self.worker),
            ("model", [fields.model, fields.spec] == self.roots),
            ("seed", fields.seed == self.seed),
        ];
        if let Some((what, _)) = faults.iter().find(|(_, holds)| !holds) {
            let fault = BindingFault::Block(what);
            return Err(Stop::Rejected(Rejected::Refused(Refusal::Binding(Part::Certificate, fault))));
        }
        match fields.parents.as_slice() {
            [parent] if *parent == self.certificate => Ok(()),
            // It may be the right one, and what lies between may come.
            _ => Err(before(fields)),
        }
    }
}

/// That the block before is not the last one that was accepted.
fn before(fields: &Fields) -> Stop {
    Stop::Undecided(Undecided::Before(fields.parents.first().copied().unwrap_or(Digest::ZERO)))
}

/// Who listens to one worker who answers one question block by block. Blocks come in order, and what is accepted moves it on.
#[derive(Debug, Clone)]
pub struct Listener {
    count: usize,
    blocks: usize,
    past: Option<Past>,
    /// What can be said of the whole: the last block, the weakest soundness, what was taken and checked in all.
    whole: Option<Accepted>,
    /// When a block was judged last.
    at: u64,
}

impl Listener {
    /// Listens to an answer of so many tokens.
    #[must_use]
    pub fn new(count: usize) -> Listener {
        Listener { count, blocks: 0, past: None, whole: None, at: 0 }
    }

    /// How many tokens were asked for.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many blocks were accepted.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// The tokens that were accepted.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        self.past.as_ref().map_or(&[], |past| &past.tokens)
    }

    /// Whether all tokens were accepted.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.tokens().len() >= self.count
    }

    /// The bytes of the keys and values that it keeps.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let of = |k: &Kept| k.keys().entries().len().saturating_add(k.values().entries().len()).saturating_mul(2);
        self.past.as_ref().map_or(0, |past| past.kept.iter().map(of).fold(0, usize::saturating_add))
    }

    /// Judges the next block. The case is that of the whole answer; how many tokens it has is what this listener was told.
    pub fn take<G: Judged>(&mut self, envelope: &[u8], case: &Case<'_>, subject: &Subject<G>) -> Verdict {
        read(envelope, |envelope| self.take_read(envelope, case, subject))
    }

    /// The same for an envelope that was read before.
    pub fn take_read<G: Judged>(&mut self, envelope: &Envelope<'_>, case: &Case<'_>, subject: &Subject<G>) -> Verdict {
        G::listen(self, envelope, case, subject)
    }

    /// What can be said of the whole answer: accepted when all of its tokens are. What is missing leaves it undecided, and rejected when a block was judged after
    /// the deadline.
    #[must_use]
    pub fn answer(&self, deadline: Option<u64>) -> Verdict {
        match &self.whole {
            Some(whole) if self.complete() => {
                let values = self.tokens().iter().map(|t| i64::from(*t)).collect();
                Verdict::Accepted(Accepted { values, ..whole.clone() })
            }
            _ if deadline.is_some_and(|deadline| self.at > deadline) => {
                Verdict::Rejected(Rejected::CutShort(self.tokens().len(), self.count))
            }
            _ => Verdict::Undecided(Undecided::CutShort(self.tokens().len(), self.count)),
        }
    }

    /// Moves on to a block that was accepted.
    fn moved(&mut self, admitted: &Admitted<'_>, spec: &Spec, answer: &[u32], made: Vec<Made>) -> Result<(), Refused> {
        let certificate = admitted.envelope().certificate();
        let fields = certificate.fields();
        let computed = made.first().map_or(0, |(keys, _)| keys.rows());
        // A copy, so that all is as it was where something is refused.
        let past = self.past.clone();
        let positions = past.as_ref().map_or(0, |past| past.positions).saturating_add(computed);
        let (before, mut tokens) = past.map_or_else(Default::default, |past| (past.kept, past.tokens));
        tokens.extend_from_slice(answer);
        let mut before = before.into_iter();
        let mut kept = Vec::new();
        for (i, (keys, values)) in made.into_iter().enumerate() {
            let all = match before.next() {
                Some(kept) => kept.with(&keys, &values)?,
                None => Kept::new(keys, values),
            };
            kept.push(all.without(spec.pair(i, positions)));
        }
        // Who has all of it needs nothing more.
        if tokens.len() >= self.count {
            kept.clear();
        }
        let (query, worker, roots, seed) = (fields.query, fields.worker, [fields.model, fields.spec], fields.seed);
        let (certificate, count) = (certificate.id(), self.count);
        self.past = Some(Past { certificate, query, worker, roots, seed, count, tokens, positions, kept });
        self.blocks = self.blocks.saturating_add(1);
        Ok(())
    }
}

pub(crate) fn listen_of<G: Judged>(
    to: &mut Listener,
    envelope: &Envelope<'_>,
    case: &Case<'_>,
    subject: &Subject<G>,
) -> Verdict {
    verdict(listened(to, envelope, case, subject))
}

fn listened<G: Judged>(
    to: &mut Listener,
    envelope: &Envelope<'_>,
    case: &Case<'_>,
    subject: &Subject<G>,
) -> Result<Accepted, Stop> {
    let fields = envelope.certificate().fields();
    let what = match (&to.past, fields.operation) {
        (Some(past), Operation::Continuation) => What::Next(past),
        (None, Operation::FullForward) => What::First(to.count),
        (_, operation) => {
            // What is wrong with it anyway is said first.
            admit_read(envelope.clone(), case.policy, &case.expected)?;
            return Err(match operation {
                Operation::Continuation => before(fields),
                Operation::FullForward => Stop::Undecided(Undecided::Begun),
                _ => Stop::Undecided(Undecided::Operation),
            });
        }
    };
    let right = examined(envelope, case, subject, what, None)?;
    let values = right.answer.iter().map(|t| i64::from(*t)).collect();
    // The first block is no whole answer either, so that nothing is fused of it or counted.
    let operation = Operation::Continuation;
    let mut block = Accepted { operation, ..accepted(&right.admitted, right.soundness, right.checked, values) };
    // What a block continues was compared with what was accepted.
    block.taken.parents = false;
    to.at = to.at.max(right.admitted.at());
    let spec = subject.model().spec();
    to.moved(&right.admitted, spec, &right.answer, right.made)?;
    to.whole = Some(match to.whole.take() {
        None => block.clone(),
        Some(all) => joined(&all, &block),
    });
    Ok(block)
}

/// Two parts of an answer together: named by the later one, and as sound as the weaker one.
fn joined(all: &Accepted, block: &Accepted) -> Accepted {
    let sum = |a: u64, b: u64| a.saturating_add(b);
    Accepted {
        soundness: if all.soundness.bits() < block.soundness.bits() { all.soundness } else { block.soundness },
        taken: all.taken.or(block.taken),
        checked: Checked {
            products: sum(all.checked.products, block.checked.products),
            computed: sum(all.checked.computed, block.checked.computed),
            compared: sum(all.checked.compared, block.checked.compared),
            drift: all.checked.drift.max(block.checked.drift),
        },
        ..block.clone()
    }
}
