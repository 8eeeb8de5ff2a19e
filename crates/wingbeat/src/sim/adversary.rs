//! What Byzantine workers do. They know everything that any of them has received, sign what they like in the names of all of them, and may
//! try to forge: the simulator's books stop that, as signatures do.
//!
//! Each runs the protocol as well, so that it is where an honest worker would be, and changes what it sends.

use super::random::Random;
use crate::config::Config;
use crate::message::*;
use crate::representative::{must_propose, representative};
use crate::worker::{Effect, Event, Step};
use std::collections::{BTreeMap, BTreeSet};

/// How a Byzantine worker behaves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Strategy {
    /// Sends nothing.
    Silent,
    /// Tells one part of the workers one thing and the others another, and agrees with each.
    Split,
    /// Agrees with whoever votes, for whatever they vote.
    Echo,
    /// Proposes what does not follow from what it gives as the reason.
    Liar,
    /// Hides locks and outputs in view changes, shows old ones, and opens views with the VIEW-CHANGEs that hide most.
    Forgetful,
    /// Helps one worker to decide and the others not: tells COMMIT, and what it says in views that it leads, to one; never proposes, and hides
    /// locks and outputs in view changes.
    Miser,
    /// Repeats what others said, and tries to change it.
    Replay,
    /// Says anything of the right form.
    Babble,
    /// Any of these, each time.
    Mixed,
}

/// All strategies.
pub const STRATEGIES: [Strategy; 9] = [
    Strategy::Silent,
    Strategy::Split,
    Strategy::Echo,
    Strategy::Liar,
    Strategy::Forgetful,
    Strategy::Miser,
    Strategy::Replay,
    Strategy::Babble,
    Strategy::Mixed,
];

impl Strategy {
    /// The name, as in traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Silent => "silent",
            Strategy::Split => "split",
            Strategy::Echo => "echo",
            Strategy::Liar => "liar",
            Strategy::Forgetful => "forgetful",
            Strategy::Miser => "miser",
            Strategy::Replay => "replay",
            Strategy::Babble => "babble",
            Strategy::Mixed => "mixed",
        }
    }
}

/// A message on its way to a worker.
pub(super) type Posted = (WorkerId, Signed<Message>);

/// Received messages that are remembered for replay.
const MEMORY: usize = 64;

/// The Byzantine workers together.
#[derive(Clone, Debug)]
pub(super) struct Coalition {
    config: Config,
    members: BTreeSet<WorkerId>,
    /// The workers that [`Strategy::Split`] tells the other thing.
    side: BTreeSet<WorkerId>,
    /// What that other thing is.
    told: BTreeMap<(View, Sequence), (Query, Outcome)>,
    queries: BTreeMap<Sequence, BTreeSet<Query>>,
    heard: Vec<Signed<Message>>,
    locks: BTreeSet<Certificate>,
    digests: BTreeSet<Digest>,
    highest: View,
}

impl Coalition {
    /// The coalition of some workers, with the queries that clients have signed.
    #[must_use]
    pub fn new(
        config: Config,
        members: BTreeSet<WorkerId>,
        queries: BTreeMap<Sequence, BTreeSet<Query>>,
        random: &mut Random,
    ) -> Coalition {
        let side = config.members().filter(|_| random.percent(50)).collect();
        let digests = BTreeSet::from([Digest(1), Digest(2)]);
        Coalition {
            config,
            members,
            side,
            told: BTreeMap::new(),
            queries,
            heard: Vec::new(),
            locks: BTreeSet::new(),
            digests,
            highest: View(0),
        }
    }

    /// What a member does not want to know: that something is decided, since it would stop there and could do no more harm. The OUTPUT of
    /// one honest worker belongs to that, as all n decide.
    #[must_use]
    pub fn ignores(&self, event: &Event) -> bool {
        let Event::Receive(signed) = event else { return false };
        let victim = self.config.members().find(|w| !self.members.contains(w));
        match &signed.message {
            Message::Vote(v) => v.phase == Phase::Commit || (v.phase == Phase::Output && Some(signed.signer) == victim),
            Message::Decided(_) => true,
            _ => false,
        }
    }

    /// What a member sends after a step that the protocol made for it.
    pub fn act(
        &mut self,
        random: &mut Random,
        me: WorkerId,
        strategy: Strategy,
        event: &Event,
        step: &Step,
    ) -> Vec<Posted> {
        self.learn(random, event);
        let strategy = match strategy {
            Strategy::Mixed => *random.pick(&STRATEGIES).unwrap_or(&Strategy::Silent),
            s => s,
        };
        let mut posted = Vec::new();
        if strategy == Strategy::Silent {
            return posted;
        }
        for effect in &step.effects {
            let (to, message) = match effect {
                Effect::Broadcast(m) => (self.config.members().filter(|w| *w != me).collect(), m),
                Effect::Send { to, message } => (vec![*to], message),
                _ => continue,
            };
            self.send(random, me, strategy, &to, message, &mut posted);
        }
        self.volunteer(random, me, strategy, event, &mut posted);
        posted
    }

    fn learn(&mut self, random: &mut Random, event: &Event) {
        let Event::Receive(signed) = event else { return };
        self.highest = self.highest.max(signed.message.view());
        match &signed.message {
            Message::Vote(Vote { outcome: Outcome::Output(d), .. }) => {
                self.digests.insert(*d);
            }
            Message::ViewChange(ViewChange { lock: Some(lock), .. }) => {
                self.locks.insert(lock.clone());
            }
            _ => {}
        }
        if self.heard.len() < MEMORY {
            self.heard.push(signed.clone());
        } else if let Some(old) = usize::try_from(random.below(MEMORY as u64)).ok().and_then(|n| self.heard.get_mut(n))
        {
            *old = signed.clone();
        }
    }

    fn send(
        &mut self,
        random: &mut Random,
        me: WorkerId,
        strategy: Strategy,
        to: &[WorkerId],
        message: &Message,
        posted: &mut Vec<Posted>,
    ) {
        let changed = match strategy {
            Strategy::Split => self.other_face(random, message),
            Strategy::Liar => self.lie(random, message),
            Strategy::Forgetful | Strategy::Miser => self.forget(random, message),
            _ => None,
        };
        let chosen = random.pick(to).copied();
        for to in to {
            let is_told = match message {
                Message::Propose { .. } => false,
                Message::Vote(v) if v.phase == Phase::Commit || self.config.leader(v.view) == me => chosen == Some(*to),
                _ => true,
            };
            if strategy == Strategy::Miser && !is_told {
                continue;
            }
            // Only one that splits tells its story to one side.
            let is_changed = strategy != Strategy::Split || self.side.contains(to);
            let message = changed.as_ref().filter(|_| is_changed).unwrap_or(message).clone();
            posted.push((*to, Signed { signer: me, message }));
        }
    }

    fn any_query(&self, random: &mut Random, sequence: Sequence, not: Query) -> Query {
        let known: Vec<Query> =
            self.queries.get(&sequence).into_iter().flatten().copied().filter(|q| *q != not).collect();
        *random.pick(&known).unwrap_or(&not)
    }

    fn any_digest(&self, random: &mut Random) -> Digest {
        let known: Vec<Digest> = self.digests.iter().copied().collect();
        let (less, more) = (random.below(4), random.below(12));
        Digest((random.pick(&known).map_or(0, |d| d.0) + more).saturating_sub(less))
    }

    /// The other thing that is told to one side.
    fn other_face(&mut self, random: &mut Random, message: &Message) -> Option<Message> {
        match message {
            Message::PrePrepare { sequence, query } => {
                Some(Message::PrePrepare { sequence: *sequence, query: self.any_query(random, *sequence, *query) })
            }
            Message::Vote(v @ Vote { outcome: Outcome::Output(digest), .. }) if v.phase == Phase::Output => {
                // Something similar but smaller wins a tie.
                let near = Digest(digest.0.saturating_sub(random.between(1, 5)));
                let other = if random.percent(50) { near } else { self.any_digest(random) };
                Some(Message::Vote(Vote { outcome: Outcome::Output(other), ..*v }))
            }
            Message::Vote(v) => {
                let (query, outcome) = *self.told.get(&(v.view, v.sequence))?;
                Some(Message::Vote(Vote { query, outcome, ..*v }))
            }
            Message::Propose { view, sequence, query, outcome, outputs } => {
                for _ in 0..8 {
                    let mut others = outputs.clone();
                    for member in &self.members {
                        others.insert(*member, self.any_digest(random));
                    }
                    while others.len() > self.config.answering() {
                        let workers: Vec<WorkerId> = others.keys().copied().collect();
                        others.remove(random.pick(&workers)?);
                    }
                    let other = representative(&self.config, &others);
                    if other != *outcome {
                        self.told.insert((*view, *sequence), (*query, other));
                        let (view, sequence, query) = (*view, *sequence, *query);
                        return Some(Message::Propose { view, sequence, query, outcome: other, outputs: others });
                    }
                }
                None
            }
            Message::ViewChange(_) | Message::NewView { .. } => self.forget(random, message),
            Message::Decided(_) => None,
        }
    }

    /// What does not follow from its reason.
    fn lie(&mut self, random: &mut Random, message: &Message) -> Option<Message> {
        let lie = Outcome::Output(self.any_digest(random));
        match message {
            Message::Propose { view, sequence, query, outputs, .. } => {
                let (view, sequence, query, outputs) = (*view, *sequence, *query, outputs.clone());
                Some(Message::Propose { view, sequence, query, outcome: lie, outputs })
            }
            Message::NewView { view, sequence, query, view_changes, .. } => Some(Message::NewView {
                view: *view,
                sequence: *sequence,
                query: self.any_query(random, *sequence, *query),
                outcome: Some(lie).filter(|_| random.percent(50)),
                view_changes: view_changes.clone(),
            }),
            Message::Decided(c) => {
                let vote = Vote { outcome: lie, ..c.vote };
                Some(Message::Decided(Certificate { vote, signers: self.members.clone() }))
            }
            _ => None,
        }
    }

    /// A VIEW-CHANGE or NEW-VIEW that hides what it can.
    fn forget(&mut self, random: &mut Random, message: &Message) -> Option<Message> {
        match message {
            Message::ViewChange(c) => {
                let old: Vec<&Certificate> = self.locks.iter().filter(|l| l.vote.view < c.view).collect();
                let lock = random.pick(&old).filter(|_| random.percent(30)).map(|l| (*l).clone());
                Some(Message::ViewChange(ViewChange { lock, report: None, ..c.clone() }))
            }
            Message::NewView { view, sequence, query, view_changes, .. } => {
                let mut all = view_changes.clone();
                for member in &self.members {
                    let (view, sequence) = (*view, *sequence);
                    let query = self.any_query(random, sequence, *query);
                    all.insert(*member, ViewChange { view, sequence, query, lock: None, report: None });
                }
                let mut all: Vec<(WorkerId, ViewChange)> = all.into_iter().collect();
                let known = |c: &ViewChange| (c.lock.as_ref().map(|l| l.vote.view), c.report.map(|r| r.view));
                all.sort_by_key(|(_, c)| known(c));
                let view_changes = all.into_iter().take(self.config.quorum()).collect();
                let forced = must_propose(&self.config, &view_changes);
                let (query, outcome) =
                    forced.map_or_else(|| (self.any_query(random, *sequence, *query), None), |(q, o)| (q, Some(o)));
                Some(Message::NewView { view: *view, sequence: *sequence, query, outcome, view_changes })
            }
            _ => None,
        }
    }

    /// What nobody asked for.
    fn volunteer(
        &mut self,
        random: &mut Random,
        me: WorkerId,
        strategy: Strategy,
        event: &Event,
        posted: &mut Vec<Posted>,
    ) {
        let mine = |message| Signed { signer: me, message };
        match (strategy, event) {
            // Two that agree with each other would do so for ever.
            (Strategy::Echo | Strategy::Split, Event::Receive(signed)) if !self.members.contains(&signed.signer) => {
                match &signed.message {
                    Message::Vote(v) => posted.push((signed.signer, mine(Message::Vote(*v)))),
                    Message::Propose { view, sequence, query, outcome, .. }
                    | Message::NewView { view, sequence, query, outcome: Some(outcome), .. } => {
                        for phase in [Phase::Prepare, Phase::Commit] {
                            let vote =
                                Vote { phase, view: *view, sequence: *sequence, query: *query, outcome: *outcome };
                            posted.push((signed.signer, mine(Message::Vote(vote))));
                        }
                    }
                    _ => {}
                }
            }
            (Strategy::Replay, _) if random.percent(40) => {
                let (Some(old), Some(to)) = (random.pick(&self.heard).cloned(), self.anybody(random, me)) else {
                    return;
                };
                let forged = match old.message {
                    Message::Vote(v) if random.percent(20) => Message::Vote(Vote { view: v.view.next(), ..v }),
                    message => message,
                };
                posted.push((to, Signed { signer: old.signer, message: forged }));
            }
            (Strategy::Babble, _) if random.percent(30) => {
                let Some(to) = self.anybody(random, me) else { return };
                if let Some(message) = self.anything(random) {
                    posted.push((to, mine(message)));
                }
            }
            _ => {}
        }
    }

    fn anybody(&self, random: &mut Random, me: WorkerId) -> Option<WorkerId> {
        let others: Vec<WorkerId> = self.config.members().filter(|w| *w != me).collect();
        random.pick(&others).copied()
    }

    /// A message of the right form about a sequence that there is.
    fn anything(&self, random: &mut Random) -> Option<Message> {
        let sequences: Vec<Sequence> = self.queries.keys().copied().collect();
        let sequence = *random.pick(&sequences)?;
        let query = self.any_query(random, sequence, Query(0));
        let view = View(random.below(self.highest.0 + 3));
        let locks: Vec<Certificate> = self.locks.iter().cloned().collect();
        let outcome = if random.percent(10) { Outcome::NoAgreement } else { Outcome::Output(self.any_digest(random)) };
        let change = |random: &mut Random| {
            let lock = random.pick(&locks).filter(|_| random.percent(50)).cloned();
            let digest = self.any_digest(random);
            let report =
                Some(Report { view: View(random.below(view.0 + 1)), query, digest }).filter(|_| random.percent(50));
            ViewChange { view, sequence, query, lock, report }
        };
        Some(match random.below(6) {
            0 => Message::PrePrepare { sequence, query },
            1 => {
                let phase = *random.pick(&[Phase::Output, Phase::Prepare, Phase::Commit])?;
                Message::Vote(Vote { phase, view, sequence, query, outcome })
            }
            2 => {
                let mut outputs: BTreeMap<WorkerId, Digest> = self.known_outputs(view, sequence, query);
                outputs.extend(self.members.iter().map(|w| (*w, self.any_digest(random))));
                let outcome = representative(&self.config, &outputs);
                Message::Propose { view, sequence, query, outcome, outputs }
            }
            3 => Message::ViewChange(change(random)),
            4 => {
                let mut view_changes: BTreeMap<WorkerId, ViewChange> = BTreeMap::new();
                for signed in &self.heard {
                    if let Message::ViewChange(c) = &signed.message
                        && c.view == view
                        && c.sequence == sequence
                    {
                        view_changes.insert(signed.signer, c.clone());
                    }
                }
                view_changes.extend(self.members.iter().map(|w| (*w, change(random))));
                let forced = must_propose(&self.config, &view_changes);
                let (query, outcome) = forced.map_or((query, None), |(q, o)| (q, Some(o)));
                Message::NewView { view, sequence, query, outcome, view_changes }
            }
            _ => {
                let phase = *random.pick(&[Phase::Output, Phase::Commit])?;
                let vote = Vote { phase, view, sequence, query, outcome };
                Message::Decided(Certificate { vote, signers: self.members.clone() })
            }
        })
    }

    fn known_outputs(&self, view: View, sequence: Sequence, query: Query) -> BTreeMap<WorkerId, Digest> {
        let mut outputs = BTreeMap::new();
        for signed in &self.heard {
            if let Message::Vote(v) = &signed.message
                && let (Phase::Output, Outcome::Output(digest)) = (v.phase, v.outcome)
                && (v.view, v.sequence, v.query) == (view, sequence, query)
            {
                outputs.insert(signed.signer, digest);
            }
        }
        outputs
    }
}
