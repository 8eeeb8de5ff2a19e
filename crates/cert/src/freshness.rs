//! Freshness and replays: every time, question and slot is an input here, and none is read from the machine.

use crate::certificate::{Certificate, Fields, Slot};
use crate::digest::Digest;
use crate::refusal::{Equivocation, FreshnessFault, Refusal};
use crate::sign::KeyId;

/// The longest time from `not_before` to `not_after`, in seconds.
pub const SPAN_LIMIT: u64 = 300;

/// Which slots were used. The caller keeps them; one set for each policy.
pub trait Seen {
    /// The certificate of this worker for this slot that was admitted before, by [`crate::certificate::Body::digest`].
    fn slot(&self, worker: &KeyId, slot: &Slot) -> Option<Digest>;

    /// The certificate admitted before in which this worker did the same for the same question: its answer, the same layers of one, or its
    /// fusion. A worker that may answer again answers until somebody likes it.
    fn answer(&self, _: &Fields) -> Option<Digest> {
        None
    }

    /// Whether it knows everything that was admitted before, and not only since it was made.
    fn lasting(&self) -> bool {
        true
    }
}

/// What a certificate must be fresh for. What is `None` is not compared.
#[derive(Clone, Copy, Default)]
pub struct Fresh<'a> {
    /// The question.
    pub query: Option<Digest>,
    /// The first and the last epoch.
    pub epochs: Option<(u64, u64)>,
    /// Slots that were used.
    pub seen: Option<&'a dyn Seen>,
}

impl Fresh<'_> {
    /// Checks times, question and slot of a certificate that was logged at this time.
    ///
    /// # Errors
    /// It is backwards, spans too much, was logged outside of its time, is of another question or epoch, or its slot was used: by itself,
    /// which is a replay, or by another certificate, which is equivocation; or the worker has answered the question before.
    pub fn check(&self, fields: &Fields, body: &Digest, logged: u64) -> Result<(), Refusal> {
        let (from, to) = (fields.validity.not_before, fields.validity.not_after);
        let fault = match to.checked_sub(from) {
            None => Some(FreshnessFault::Backwards(from, to)),
            Some(span) if span > SPAN_LIMIT => Some(FreshnessFault::Span(span, SPAN_LIMIT)),
            Some(_) if logged < from || logged > to => Some(FreshnessFault::LoggedOutside(logged)),
            Some(_) if self.query.is_some_and(|q| q != fields.query) => Some(FreshnessFault::Query(fields.query)),
            Some(_) if self.epochs.is_some_and(|(a, z)| !(a..=z).contains(&fields.slot.epoch)) => {
                Some(FreshnessFault::Epoch(fields.slot.epoch))
            }
            Some(_) => None,
        };
        if let Some(fault) = fault {
            return Err(Refusal::Freshness(fault));
        }
        match self.seen.and_then(|seen| seen.slot(&fields.worker, &fields.slot)) {
            None => match self.seen.and_then(|seen| seen.answer(fields)) {
                None => Ok(()),
                Some(other) => Err(Refusal::Freshness(FreshnessFault::Answered(other))),
            },
            Some(other) if other == *body => Err(Refusal::Freshness(FreshnessFault::SlotUsed(other))),
            Some(other) => Err(Refusal::Equivocation(Equivocation::Slot(other, *body))),
        }
    }
}

/// Evidence, from two certificates, that one worker signed two things of which an honest one signs one: different bodies for one slot, or
/// after the same certificate. Anybody can check it. `None` where they are no such evidence; two signatures of one body are none.
///
/// # Errors
/// A signature does not fit, so that anybody may have made the certificate.
pub fn equivocation(a: &Certificate, b: &Certificate) -> Result<Option<Equivocation>, Refusal> {
    let (x, y) = (a.fields(), b.fields());
    let (first, second) = (a.body().digest(), b.body().digest());
    let found = if x.worker != y.worker || first == second {
        None
    } else if x.slot == y.slot {
        Some(Equivocation::Slot(first, second))
    } else if x.previous == y.previous {
        Some(Equivocation::Previous(first, second))
    } else {
        None
    };
    if found.is_some() {
        a.verify()?;
        b.verify()?;
    }
    Ok(found)
}
