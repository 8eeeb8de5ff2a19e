//! One sequence at one worker. Sequences share nothing, so this is the whole protocol.
//!
//! An event first changes what is known (`hear`), or is refused. Then every rule whose guard holds is applied, until none does
//! (`advance`): guarded commands, as the specification has them. Own votes are noted like those of others.

use crate::arm::{Arm, Refusal};
use crate::config::{Config, Rule};
use crate::message::*;
use crate::representative::{is_sound, must_propose, representative};
use crate::worker::{Effect, Step};
use std::collections::{BTreeMap, BTreeSet};

/// What must survive a crash. It is persisted before anything is sent that depends on it.
///
/// A worker that restarts enters the next view, so votes of the view it was in need not be kept.
/// Without `view` it would vote again where it has voted; without `lock` or `report` its VIEW-CHANGEs would hide what it helped to
/// decide. `decision` and `query` are kept for others that ask, and so that a worker decides once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Durable {
    /// The query that the worker heard of first.
    pub query: Option<Query>,
    /// The view the worker is in.
    pub view: View,
    /// The prepared certificate of the highest view in which the worker has seen one.
    pub lock: Option<Certificate>,
    /// The last OUTPUT.
    pub report: Option<Report>,
    /// The decision.
    pub decision: Option<Certificate>,
}

/// What an open view is open for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Open {
    query: Query,
    /// Whether outputs are asked for, rather than a value proposed again.
    free: bool,
    /// The value proposed.
    outcome: Option<Outcome>,
}

/// The state of a sequence.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Instance {
    pub durable: Durable,
    /// None until the view is opened.
    open: Option<Open>,
    /// Ticks left in the view; counted from the moment the worker has heard of a query.
    patience: u64,
    /// The last output of the model.
    answer: Option<(Query, Digest)>,
    /// Of each worker and phase, the first vote in the highest view it voted in.
    votes: BTreeMap<(Phase, WorkerId), Vote>,
    /// Of each worker, the VIEW-CHANGE for the highest view.
    changes: BTreeMap<WorkerId, ViewChange>,
}

/// What the specification says of one worker, read off its state.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// What is kept.
    pub durable: Durable,
    /// Whether the worker's view is open for outputs.
    pub free: bool,
    /// The value that was accepted in the view.
    pub accepted: Option<(Query, Outcome)>,
    /// The PREPARE and the COMMIT that the worker has sent in the view.
    pub prepared: Option<Vote>,
    /// See `prepared`.
    pub committed: Option<Vote>,
    /// Whether the worker has sent VIEW-CHANGE for the view.
    pub changed: bool,
}

impl Instance {
    /// How the worker stands whose state this is.
    pub fn standing(&self, me: WorkerId) -> Standing {
        let here = self.durable.view;
        let vote = |phase| self.votes.get(&(phase, me)).copied().filter(|v| v.view == here);
        Standing {
            durable: self.durable.clone(),
            free: self.open.is_some_and(|o| o.free),
            accepted: self.open.and_then(|o| Some((o.query, o.outcome?))),
            prepared: vote(Phase::Prepare),
            committed: vote(Phase::Commit),
            changed: self.changes.get(&me).is_some_and(|c| c.view == here),
        }
    }

    /// The state after a crash.
    pub fn restored(durable: Durable) -> Instance {
        Instance { durable, ..Instance::default() }
    }
}

/// An instance with all that a rule needs: who and where it is, and where effects go.
pub(crate) struct Context<'a> {
    pub config: &'a Config,
    pub me: WorkerId,
    pub sequence: Sequence,
    pub state: &'a mut Instance,
    pub step: &'a mut Step,
}

type Heard = Result<(), Refusal>;

impl Context<'_> {
    fn took(&mut self, arm: Arm) {
        self.step.arms.push(arm);
    }

    fn broadcast(&mut self, message: Message) {
        self.step.effects.push(Effect::Broadcast(message));
    }

    fn view(&self) -> View {
        self.state.durable.view
    }

    fn undecided(&self) -> Heard {
        if self.state.durable.decision.is_some() { Err(Refusal::Decided) } else { Ok(()) }
    }

    /// Notes a query, and starts the clock with the first.
    fn note_query(&mut self, query: Query) {
        if self.state.durable.query.is_none() {
            self.state.durable.query = Some(query);
            self.state.patience = patience(self.view());
            self.step.effects.push(Effect::Tick { sequence: self.sequence });
        }
    }

    /// A client's query.
    pub fn submit(&mut self, query: Query) -> Heard {
        self.undecided()?;
        if self.state.durable.query.is_some() {
            return Err(Refusal::Duplicate);
        }
        self.note_query(query);
        self.took(Arm::S1);
        Ok(())
    }

    /// The model's answer.
    pub fn computed(&mut self, query: Query, digest: Digest) -> Heard {
        self.undecided()?;
        if self.state.answer.is_some_and(|(q, _)| q == query) {
            return Err(Refusal::Duplicate);
        }
        self.state.answer = Some((query, digest));
        Ok(())
    }

    /// The clock.
    pub fn tick(&mut self) -> Heard {
        self.undecided()?;
        if self.state.durable.query.is_none() {
            return Err(Refusal::Unexpected);
        }
        let is_open = self.state.open.is_some();
        let beyond = self.state.changes.values().filter(|c| c.view >= self.view()).count();
        if is_open || self.view() == View(0) || beyond >= self.config.quorum() {
            self.state.patience = self.state.patience.saturating_sub(1);
        }
        if self.state.patience == 0 {
            self.took(Arm::V1);
            self.change_view(self.view().next());
        } else if !is_open && self.view() > View(0) {
            self.took(Arm::V2);
            self.send_view_change();
        }
        self.step.effects.push(Effect::Tick { sequence: self.sequence });
        Ok(())
    }

    /// After a crash, with nothing but what was kept.
    pub fn restart(&mut self) {
        if let Some(Vote { query, outcome, .. }) = self.state.durable.decision.as_ref().map(|d| d.vote) {
            self.took(Arm::X2);
            self.step.effects.push(Effect::Decide { sequence: self.sequence, query, outcome });
        } else if self.state.durable.query.is_some() {
            self.took(Arm::X1);
            self.change_view(self.view().next());
            self.step.effects.push(Effect::Tick { sequence: self.sequence });
        }
    }

    /// A message of another worker.
    pub fn hear(&mut self, from: WorkerId, message: &Message) -> Heard {
        if let Some(decision) = &self.state.durable.decision {
            let asks = matches!(message, Message::ViewChange(_) | Message::Vote(Vote { phase: Phase::Prepare, .. }));
            if asks {
                let answer = Message::Decided(decision.clone());
                self.step.effects.push(Effect::Send { to: from, message: answer });
                self.took(Arm::D1);
                return Ok(());
            }
            return Err(Refusal::Decided);
        }
        match message {
            Message::PrePrepare { query, .. } => self.hear_pre_prepare(from, *query),
            Message::Vote(v) => self.hear_vote(from, *v),
            Message::Propose { view, query, outcome, outputs, .. } => {
                self.hear_propose(from, *view, *query, *outcome, outputs)
            }
            Message::ViewChange(c) => self.hear_view_change(from, c),
            Message::NewView { view, query, outcome, view_changes, .. } => {
                self.hear_new_view(from, *view, *query, *outcome, view_changes)
            }
            Message::Decided(c) => self.hear_decided(c),
        }
    }

    fn is_led(&self, from: WorkerId, view: View) -> Heard {
        if self.config.leader(view) != from {
            return Err(Refusal::NotTheLeader);
        }
        if view < self.view() { Err(Refusal::Stale) } else { Ok(()) }
    }

    fn is_open(&self, view: View) -> Option<Open> {
        self.state.open.filter(|_| view == self.view())
    }

    fn hear_pre_prepare(&mut self, from: WorkerId, query: Query) -> Heard {
        self.is_led(from, View(0))?;
        if self.state.open.is_some() {
            return Err(Refusal::AlreadyOpen);
        }
        self.took(Arm::S3);
        self.open(View(0), Open { query, free: true, outcome: None });
        Ok(())
    }

    fn hear_vote(&mut self, from: WorkerId, vote: Vote) -> Heard {
        if vote.phase == Phase::Output && vote.outcome == Outcome::NoAgreement {
            return Err(Refusal::Malformed);
        }
        if self.is_open(vote.view).is_some_and(|open| open.query != vote.query) {
            return Err(Refusal::OtherQuery);
        }
        self.note_vote(from, vote)?;
        self.took(match vote.phase {
            Phase::Output => Arm::O3,
            Phase::Prepare => Arm::P2,
            Phase::Commit => Arm::C1,
        });
        Ok(())
    }

    /// One vote is kept of each worker and phase, so that memory is bounded. A vote for a view that the worker has left may still
    /// help to decide, so it is not stale because of that.
    fn note_vote(&mut self, from: WorkerId, vote: Vote) -> Heard {
        if let Some(old) = self.state.votes.get(&(vote.phase, from)) {
            if *old == vote {
                return Err(Refusal::Duplicate);
            }
            if old.view == vote.view {
                return Err(Refusal::Equivocation);
            }
            if old.view > vote.view {
                return Err(Refusal::Stale);
            }
        }
        self.state.votes.insert((vote.phase, from), vote);
        Ok(())
    }

    fn hear_propose(
        &mut self,
        from: WorkerId,
        view: View,
        query: Query,
        outcome: Outcome,
        outputs: &BTreeMap<WorkerId, Digest>,
    ) -> Heard {
        self.is_led(from, view)?;
        if let Some(open) = self.is_open(view) {
            if !open.free {
                return Err(Refusal::NotFree);
            }
            if open.query != query {
                return Err(Refusal::OtherQuery);
            }
            if open.outcome.is_some() {
                return Err(Refusal::AlreadyOpen);
            }
        }
        if outputs.len() < self.config.answering() {
            return Err(Refusal::TooFewOutputs);
        }
        if self.config.keeps(Rule::Proposal) && outcome != representative(self.config, outputs) {
            return Err(Refusal::NotTheRepresentative);
        }
        self.took(Arm::R2);
        self.open(view, Open { query, free: true, outcome: Some(outcome) });
        for (signer, digest) in outputs {
            // A worker may have said more than the leader knows; then that stands.
            let _known = self.note_vote(*signer, self.output(view, query, *digest));
        }
        Ok(())
    }

    fn hear_view_change(&mut self, from: WorkerId, change: &ViewChange) -> Heard {
        if change.view < self.view() {
            return Err(Refusal::Stale);
        }
        if !is_sound(self.config, change) {
            return Err(Refusal::Malformed);
        }
        if let Some(old) = self.state.changes.get(&from) {
            if old == change {
                return Err(Refusal::Duplicate);
            }
            if old.view == change.view {
                return Err(Refusal::Equivocation);
            }
            if old.view > change.view {
                return Err(Refusal::Stale);
            }
        }
        self.state.changes.insert(from, change.clone());
        self.took(Arm::V3);
        Ok(())
    }

    fn hear_new_view(
        &mut self,
        from: WorkerId,
        view: View,
        query: Query,
        outcome: Option<Outcome>,
        changes: &BTreeMap<WorkerId, ViewChange>,
    ) -> Heard {
        self.is_led(from, view)?;
        if view == View(0) {
            return Err(Refusal::Malformed);
        }
        if self.is_open(view).is_some() {
            return Err(Refusal::AlreadyOpen);
        }
        if changes.len() < self.config.quorum() {
            return Err(Refusal::TooFewViewChanges);
        }
        if self.config.keeps(Rule::NewView) {
            let fits = |c: &ViewChange| c.view == view && c.sequence == self.sequence && is_sound(self.config, c);
            if !changes.values().all(fits) {
                return Err(Refusal::Malformed);
            }
            let forced = must_propose(self.config, changes);
            let told = outcome.map(|o| (query, o));
            if told != forced {
                return Err(Refusal::NotTheForcedValue);
            }
        }
        self.took(if outcome.is_some() { Arm::N2 } else { Arm::N1 });
        self.open(view, Open { query, free: outcome.is_none(), outcome });
        Ok(())
    }

    fn hear_decided(&mut self, certificate: &Certificate) -> Heard {
        if !self.config.proves_decision(certificate) {
            return Err(Refusal::NoProof);
        }
        self.took(Arm::D2);
        self.decide(certificate.clone());
        Ok(())
    }

    /// Opens a view that is not below the worker's own, and takes the worker there.
    fn open(&mut self, view: View, open: Open) {
        if view > self.view() {
            self.took(Arm::N3);
            self.enter(view);
        }
        self.note_query(open.query);
        self.state.open = Some(open);
        let is_answered = self.state.answer.is_some_and(|(q, _)| q == open.query);
        if open.free && open.outcome.is_none() && !is_answered {
            self.took(Arm::O1);
            self.step.effects.push(Effect::Compute { sequence: self.sequence, query: open.query });
        }
    }

    fn enter(&mut self, view: View) {
        self.state.durable.view = view;
        self.state.open = None;
        self.state.patience = patience(view);
    }

    fn change_view(&mut self, view: View) {
        self.enter(view);
        self.send_view_change();
    }

    /// The VIEW-CHANGE for the worker's view. While the view is not open the worker gets neither lock nor report there, so the same
    /// one is sent each time.
    fn send_view_change(&mut self) {
        let Some(query) = self.state.durable.query else { return };
        let change = ViewChange {
            view: self.view(),
            sequence: self.sequence,
            query,
            lock: self.state.durable.lock.clone().filter(|_| self.config.keeps(Rule::Lock)),
            report: self.state.durable.report.filter(|_| self.config.keeps(Rule::Recovery)),
        };
        self.state.changes.insert(self.me, change.clone());
        self.broadcast(Message::ViewChange(change));
    }

    fn decide(&mut self, certificate: Certificate) {
        let Vote { query, outcome, .. } = certificate.vote;
        self.state.durable.decision = Some(certificate);
        self.step.effects.push(Effect::Decide { sequence: self.sequence, query, outcome });
    }

    /// Applies rules until no guard holds. Each application makes its own guard false and none that was applied true in this view, and a
    /// worker enters a higher view at most once for each worker's VIEW-CHANGE, so this ends.
    pub fn advance(&mut self) {
        while self.state.durable.decision.is_none() && self.advance_once() {}
    }

    fn advance_once(&mut self) -> bool {
        self.decide_by(Phase::Output, self.config.workers(), Arm::F1)
            || self.decide_by(Phase::Commit, self.config.quorum(), Arm::C2)
            || self.join()
            || self.lead()
            || self.send_output()
            || self.propose()
            || self.prepare()
            || self.commit()
    }

    fn decide_by(&mut self, phase: Phase, enough: usize, arm: Arm) -> bool {
        let Some(certificate) = self.certificate(phase, enough, |_| true) else { return false };
        self.took(arm);
        self.decide(certificate);
        true
    }

    /// Enough equal votes of a phase. Two quorums of different votes of one view do not exist; of different views, any will do.
    fn certificate(&self, phase: Phase, enough: usize, fits: impl Fn(&Vote) -> bool) -> Option<Certificate> {
        let mut tally: BTreeMap<Vote, BTreeSet<WorkerId>> = BTreeMap::new();
        for ((p, signer), vote) in &self.state.votes {
            if *p == phase && fits(vote) {
                tally.entry(*vote).or_default().insert(*signer);
            }
        }
        tally.into_iter().find(|(_, s)| s.len() >= enough).map(|(vote, signers)| Certificate { vote, signers })
    }

    fn join(&mut self) -> bool {
        if !self.config.keeps(Rule::Join) {
            return false;
        }
        let others = self.state.changes.iter().filter(|(w, _)| **w != self.me);
        let mut changes: Vec<&ViewChange> = others.map(|(_, c)| c).collect();
        changes.sort_by_key(|c| std::cmp::Reverse(c.view));
        // One of the first f + 1 is honest, so the last of them is not above where an honest worker is.
        let Some(reached) = changes.get(self.config.faults()).filter(|c| c.view > self.view()) else { return false };
        let (view, query) = (reached.view, reached.query);
        self.took(Arm::V4);
        self.note_query(query);
        self.change_view(view);
        true
    }

    fn lead(&mut self) -> bool {
        let (view, sequence) = (self.view(), self.sequence);
        let Some(query) = self.state.durable.query else { return false };
        if self.config.leader(view) != self.me || self.state.open.is_some() {
            return false;
        }
        if view == View(0) {
            self.took(Arm::S2);
            self.broadcast(Message::PrePrepare { sequence, query });
            self.open(view, Open { query, free: true, outcome: None });
            return true;
        }
        let here = self.state.changes.iter().filter(|(_, c)| c.view == view);
        let view_changes: BTreeMap<WorkerId, ViewChange> = here.map(|(w, c)| (*w, c.clone())).collect();
        if view_changes.len() < self.config.quorum() {
            return false;
        }
        let forced = must_propose(self.config, &view_changes);
        let (query, outcome) = forced.map_or((query, None), |(q, o)| (q, Some(o)));
        self.took(if outcome.is_some() { Arm::V6 } else { Arm::V5 });
        self.broadcast(Message::NewView { view, sequence, query, outcome, view_changes });
        self.open(view, Open { query, free: outcome.is_none(), outcome });
        true
    }

    fn has_voted(&self, phase: Phase) -> bool {
        self.state.votes.get(&(phase, self.me)).is_some_and(|v| v.view >= self.view())
    }

    fn output(&self, view: View, query: Query, digest: Digest) -> Vote {
        Vote { phase: Phase::Output, view, sequence: self.sequence, query, outcome: Outcome::Output(digest) }
    }

    /// Casts a vote of this worker, once in a view.
    fn cast(&mut self, arm: Arm, vote: Vote) {
        self.took(arm);
        self.state.votes.insert((vote.phase, self.me), vote);
        self.broadcast(Message::Vote(vote));
    }

    fn send_output(&mut self) -> bool {
        let (Some(open), Some((query, digest))) = (self.state.open, self.state.answer) else { return false };
        if !open.free || query != open.query || self.has_voted(Phase::Output) {
            return false;
        }
        self.state.durable.report = Some(Report { view: self.view(), query, digest });
        self.cast(Arm::O2, self.output(self.view(), query, digest));
        true
    }

    fn propose(&mut self) -> bool {
        let (view, sequence) = (self.view(), self.sequence);
        let Some(open) = self.state.open else { return false };
        if self.config.leader(view) != self.me || open.outcome.is_some() {
            return false;
        }
        let mut outputs = BTreeMap::new();
        for ((phase, signer), vote) in &self.state.votes {
            if let (Phase::Output, Outcome::Output(digest)) = (phase, vote.outcome)
                && vote.view == view
                && vote.query == open.query
            {
                outputs.insert(*signer, digest);
            }
        }
        if outputs.len() < self.config.answering() {
            return false;
        }
        let outcome = representative(self.config, &outputs);
        self.took(Arm::R1);
        self.broadcast(Message::Propose { view, sequence, query: open.query, outcome, outputs });
        self.state.open = Some(Open { outcome: Some(outcome), ..open });
        true
    }

    fn prepare(&mut self) -> bool {
        let Some(Open { query, outcome: Some(outcome), .. }) = self.state.open else { return false };
        if self.has_voted(Phase::Prepare) {
            return false;
        }
        let (view, sequence) = (self.view(), self.sequence);
        self.cast(Arm::P1, Vote { phase: Phase::Prepare, view, sequence, query, outcome });
        true
    }

    fn commit(&mut self) -> bool {
        let view = self.view();
        if self.state.open.is_none() || self.has_voted(Phase::Commit) {
            return false;
        }
        let Some(lock) = self.certificate(Phase::Prepare, self.config.quorum(), |v| v.view == view) else {
            return false;
        };
        let vote = Vote { phase: Phase::Commit, ..lock.vote };
        self.state.durable.lock = Some(lock);
        self.cast(Arm::P3, vote);
        true
    }
}

/// The ticks that a worker waits in a view: they double, so that some view is long enough whatever the delays are.
fn patience(view: View) -> u64 {
    1 << view.0.min(62)
}
