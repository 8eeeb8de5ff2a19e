//! Signatures in the simulator: books of what honest workers have signed.

use crate::message::*;
use crate::worker::Effect;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that honest workers and clients have signed. A message passes only when all that it says in the name of an honest worker
/// stands here, which is what signatures ensure.
#[derive(Clone, Debug)]
pub(super) struct Books {
    byzantine: BTreeSet<WorkerId>,
    /// None where clients are not known; then every query counts as theirs.
    queries: Option<BTreeMap<Sequence, BTreeSet<Query>>>,
    signed: BTreeSet<Signed<Message>>,
}

impl Books {
    /// Books without an entry but the queries that clients have signed.
    #[must_use]
    pub fn new(byzantine: BTreeSet<WorkerId>, queries: BTreeMap<Sequence, BTreeSet<Query>>) -> Books {
        Books { byzantine, queries: Some(queries), signed: BTreeSet::new() }
    }

    /// Books in which nothing stands about clients.
    #[must_use]
    pub fn of_workers(byzantine: BTreeSet<WorkerId>) -> Books {
        Books { byzantine, queries: None, signed: BTreeSet::new() }
    }

    /// Enters what an honest worker signs.
    pub fn enter(&mut self, signed: Signed<Message>) {
        self.signed.insert(signed);
    }

    /// Whether nothing in a message is forged.
    #[must_use]
    pub fn is_authentic(&self, signed: &Signed<Message>) -> bool {
        let (view, sequence, query) = (signed.message.view(), signed.message.sequence(), signed.message.query());
        let inside = match &signed.message {
            Message::PrePrepare { .. } | Message::Vote(_) => true,
            Message::Propose { outputs, .. } => outputs.iter().all(|(signer, digest)| {
                let outcome = Outcome::Output(*digest);
                self.has(*signer, Message::Vote(Vote { phase: Phase::Output, view, sequence, query, outcome }))
            }),
            Message::ViewChange(c) => self.has_lock(c),
            Message::NewView { view_changes, .. } => view_changes
                .iter()
                .all(|(signer, c)| self.has_lock(c) && self.has(*signer, Message::ViewChange(c.clone()))),
            Message::Decided(c) => self.has_all(c),
        };
        inside && self.is_asked(sequence, query) && self.has(signed.signer, signed.message.clone())
    }

    fn has(&self, signer: WorkerId, message: Message) -> bool {
        self.byzantine.contains(&signer) || self.signed.contains(&Signed { signer, message })
    }

    fn has_lock(&self, change: &ViewChange) -> bool {
        self.is_asked(change.sequence, change.query)
            && change.report.is_none_or(|r| self.is_asked(change.sequence, r.query))
            && change.lock.as_ref().is_none_or(|l| self.has_all(l))
    }

    fn has_all(&self, certificate: &Certificate) -> bool {
        self.is_asked(certificate.vote.sequence, certificate.vote.query)
            && certificate.signers.iter().all(|s| self.has(*s, Message::Vote(certificate.vote)))
    }

    /// Whether a client has signed the query for the sequence.
    #[must_use]
    pub fn is_asked(&self, sequence: Sequence, query: Query) -> bool {
        let Some(queries) = &self.queries else { return true };
        queries.get(&sequence).is_some_and(|known| known.contains(&query))
    }
}

/// What a worker may have signed when so many of the effects of a step were carried out: what is to be sent may be signed before it is
/// sent, but never before what it rests on is kept. Otherwise the worker could vote again, and otherwise, when it restarts.
pub(super) fn signed(effects: &[Effect], done: usize) -> impl Iterator<Item = &Message> {
    let reached = effects.iter().enumerate().take_while(move |(n, e)| *n < done || !matches!(e, Effect::Persist(..)));
    reached.filter_map(|(_, effect)| match effect {
        Effect::Broadcast(message) | Effect::Send { message, .. } => Some(message),
        Effect::Persist(..) | Effect::Compute { .. } | Effect::Tick { .. } | Effect::Decide { .. } => None,
    })
}
