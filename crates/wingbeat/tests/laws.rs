//! Laws of one step, on random events: messages that no honest worker would send included, and with forged parts, as the laws do not
//! depend on signatures. `BFV_CASES` makes the run longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_wingbeat::sim::similar;
use bfv_wingbeat::*;
use proptest::prelude::*;
use proptest::test_runner::{Config as Settings, RngAlgorithm, TestRng, TestRunner};
use std::collections::{BTreeMap, BTreeSet};

const ME: WorkerId = WorkerId(1);

fn runner() -> TestRunner {
    let cases = std::env::var("BFV_CASES").map_or(150, |v| v.parse().expect("a whole number"));
    let settings = Settings { cases, failure_persistence: None, ..Settings::default() };
    TestRunner::new_with_rng(settings, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

fn config() -> Config {
    Config::new(4, 1, similar).unwrap()
}

/// Mostly small numbers, so that messages fit each other; sometimes the largest.
fn number(below: u64) -> impl Strategy<Value = u64> {
    prop_oneof![40 => 0..below, 1 => Just(u64::MAX)]
}

fn worker() -> impl Strategy<Value = WorkerId> {
    prop_oneof![20 => 0u32..4, 1 => 4u32..6].prop_map(WorkerId)
}

fn sequence() -> impl Strategy<Value = Sequence> {
    prop_oneof![30 => Just(0), 5 => Just(1), 1 => Just(WINDOW), 1 => Just(u64::MAX)].prop_map(Sequence)
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![4 => number(2).prop_map(|d| Outcome::Output(Digest(d))), 1 => Just(Outcome::NoAgreement)]
}

fn view() -> impl Strategy<Value = View> {
    number(3).prop_map(View)
}

fn query() -> impl Strategy<Value = Query> {
    number(2).prop_map(Query)
}

fn vote() -> impl Strategy<Value = Vote> {
    let phase = prop_oneof![Just(Phase::Output), Just(Phase::Prepare), Just(Phase::Commit)];
    (phase, view(), sequence(), query(), outcome()).prop_map(|(phase, view, sequence, query, outcome)| Vote {
        phase,
        view,
        sequence,
        query,
        outcome,
    })
}

fn certificate() -> impl Strategy<Value = Certificate> {
    (vote(), prop::collection::btree_set(worker(), 0..5)).prop_map(|(vote, signers)| Certificate { vote, signers })
}

fn change() -> impl Strategy<Value = ViewChange> {
    let report = (view(), query(), number(2)).prop_map(|(view, query, d)| Report { view, query, digest: Digest(d) });
    (view(), sequence(), query(), prop::option::of(certificate()), prop::option::of(report))
        .prop_map(|(view, sequence, query, lock, report)| ViewChange { view, sequence, query, lock, report })
}

fn message() -> impl Strategy<Value = Message> {
    let outputs = prop::collection::btree_map(worker(), number(2).prop_map(Digest), 0..5);
    let changes = prop::collection::btree_map(worker(), change(), 0..5);
    prop_oneof![
        2 => (sequence(), query()).prop_map(|(sequence, query)| Message::PrePrepare { sequence, query }),
        6 => vote().prop_map(Message::Vote),
        3 => (view(), sequence(), query(), prop::option::of(outcome()), outputs).prop_map(|(view, sequence, query, told, outputs)| {
            let outcome = told.unwrap_or_else(|| representative(&config(), &outputs));
            Message::Propose { view, sequence, query, outcome, outputs }
        }),
        3 => change().prop_map(Message::ViewChange),
        3 => (view(), sequence(), query(), any::<bool>(), changes).prop_map(|(view, sequence, query, fits, mut view_changes)| {
            if fits {
                // Nearly what an honest leader would send.
                view_changes.values_mut().for_each(|c| *c = ViewChange { view, sequence, lock: None, report: None, ..c.clone() });
            }
            let forced = must_propose(&config(), &view_changes);
            let (query, outcome) = forced.map_or((query, None), |(q, o)| (q, Some(o)));
            Message::NewView { view, sequence, query, outcome, view_changes }
        }),
        1 => certificate().prop_map(Message::Decided),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => (sequence(), query()).prop_map(|(sequence, query)| Event::Submit { sequence, query }),
        12 => (worker(), message()).prop_map(|(signer, message)| Event::Receive(Signed { signer, message })),
        2 => (sequence(), query(), number(2)).prop_map(|(sequence, query, d)| Event::Computed { sequence, query, digest: Digest(d) }),
        2 => sequence().prop_map(|sequence| Event::Tick { sequence }),
        1 => Just(Event::Restart),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(event(), 1..40)
}

/// A worker with what it has kept. At [`Event::Restart`] it loses all else.
struct Machine {
    worker: Worker,
    kept: BTreeMap<Sequence, Durable>,
}

impl Machine {
    fn new() -> Machine {
        Machine { worker: Worker::new(config(), ME), kept: BTreeMap::new() }
    }

    fn take(&mut self, event: &Event) -> Step {
        if *event == Event::Restart {
            self.worker = Worker::restore(config(), ME, self.kept.clone());
        }
        let (worker, step) = step(self.worker.clone(), event.clone());
        self.worker = worker;
        for effect in &step.effects {
            if let Effect::Persist(sequence, durable) = effect {
                self.kept.insert(*sequence, durable.clone());
            }
        }
        step
    }
}

fn holds(law: impl Fn(Vec<Event>) -> Result<(), TestCaseError>) {
    runner().run(&events(), law).unwrap();
}

#[test]
fn a_refusal_changes_nothing_and_has_no_effects() {
    holds(|events| {
        let mut machine = Machine::new();
        for event in events {
            let before = machine.worker.clone();
            let step = machine.take(&event);
            if step.refusal.is_some() {
                prop_assert!(step.effects.is_empty() && step.arms.is_empty(), "{:?}", step);
                prop_assert_eq!(&before, &machine.worker);
            }
        }
        Ok(())
    });
}

#[test]
fn nothing_is_said_before_it_is_kept() {
    holds(|events| {
        let mut machine = Machine::new();
        for event in events {
            let step = machine.take(&event);
            let mut said = BTreeSet::new();
            for effect in &step.effects {
                match effect {
                    Effect::Persist(sequence, _) => prop_assert!(!said.contains(sequence)),
                    Effect::Broadcast(m) | Effect::Send { message: m, .. } => drop(said.insert(m.sequence())),
                    Effect::Decide { sequence, .. } => drop(said.insert(*sequence)),
                    Effect::Compute { .. } | Effect::Tick { .. } => {}
                }
            }
            // What is kept is what the worker has, up to sequences of which it knows nothing worth keeping.
            for (sequence, kept) in &machine.kept {
                prop_assert_eq!(Some(kept), machine.worker.durable(*sequence));
            }
        }
        Ok(())
    });
}

/// One vote of each phase in a view, one VIEW-CHANGE for a view, and one decision: whatever others send, and also across crashes.
#[test]
fn a_worker_never_contradicts_itself() {
    holds(|events| {
        let mut machine = Machine::new();
        let mut votes: BTreeMap<(Phase, View, Sequence), Vote> = BTreeMap::new();
        let mut changes: BTreeMap<(View, Sequence), ViewChange> = BTreeMap::new();
        let mut decided: BTreeMap<Sequence, (Query, Outcome)> = BTreeMap::new();
        for event in events {
            for effect in machine.take(&event).effects {
                match effect {
                    Effect::Broadcast(Message::Vote(v)) => {
                        let first = *votes.entry((v.phase, v.view, v.sequence)).or_insert(v);
                        prop_assert_eq!(first, v);
                    }
                    Effect::Broadcast(Message::ViewChange(c)) => {
                        let first = changes.entry((c.view, c.sequence)).or_insert_with(|| c.clone()).clone();
                        prop_assert_eq!(first, c);
                    }
                    Effect::Decide { sequence, query, outcome } => {
                        let first = *decided.entry(sequence).or_insert((query, outcome));
                        prop_assert_eq!(first, (query, outcome));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    });
}

/// The view of a sequence never falls, the lock never goes back, and VIEW-CHANGEs that are sent are sound.
#[test]
fn views_and_locks_only_rise() {
    holds(|events| {
        let mut machine = Machine::new();
        let mut highest: BTreeMap<Sequence, (View, Option<View>)> = BTreeMap::new();
        for event in events {
            let step = machine.take(&event);
            for effect in step.effects {
                match effect {
                    Effect::Persist(sequence, d) => {
                        let now = (d.view, d.lock.map(|l| l.vote.view));
                        let before = highest.insert(sequence, now);
                        prop_assert!(before.is_none_or(|b| b.0 <= now.0 && b.1 <= now.1));
                        prop_assert!(now.1 <= Some(now.0));
                    }
                    Effect::Broadcast(Message::ViewChange(c)) => {
                        // The last view cannot be left; q workers would have to be there first, and each view takes time.
                        prop_assert!(c.view == View(u64::MAX) || is_sound(&config(), &c));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    });
}

/// What was heard once says nothing new the second time; only a worker that has decided answers again.
#[test]
fn messages_heard_twice_do_nothing() {
    holds(|events| {
        let mut machine = Machine::new();
        for event in events {
            let first = machine.take(&event);
            if !matches!(event, Event::Receive(_) | Event::Submit { .. } | Event::Computed { .. }) {
                continue;
            }
            let before = machine.worker.clone();
            let again = machine.take(&event);
            let answers = again.arms == [Arm::D1];
            prop_assert!(again.refusal.is_some() || answers, "{:?}: {:?}, then {:?}", event, first, again);
            prop_assert_eq!(before, machine.worker.clone());
        }
        Ok(())
    });
}

#[test]
fn nobody_else_is_heard() {
    let mut machine = Machine::new();
    let vote = |sequence| Vote {
        phase: Phase::Commit,
        view: View(0),
        sequence: Sequence(sequence),
        query: Query(1),
        outcome: Outcome::Output(Digest(1)),
    };
    let from = |signer, message| Event::Receive(Signed { signer: WorkerId(signer), message });
    let refusal = |machine: &mut Machine, event| machine.take(&event).refusal;
    assert_eq!(refusal(&mut machine, from(4, Message::Vote(vote(0)))), Some(Refusal::NotAMember));
    assert_eq!(refusal(&mut machine, from(ME.0, Message::Vote(vote(0)))), Some(Refusal::Duplicate));
    assert_eq!(refusal(&mut machine, from(0, Message::Vote(vote(WINDOW)))), Some(Refusal::OutOfWindow));
    assert_eq!(refusal(&mut machine, Event::Tick { sequence: Sequence(0) }), Some(Refusal::Unexpected));
    // Somebody inside a message is no member either.
    let outputs = BTreeMap::from([0, 2, 9].map(|w| (WorkerId(w), Digest(1))));
    let (view, sequence, query, outcome) = (View(0), Sequence(0), Query(1), Outcome::Output(Digest(1)));
    let propose = Message::Propose { view, sequence, query, outcome, outputs };
    assert_eq!(refusal(&mut machine, from(0, propose)), Some(Refusal::NotAMember));
}

#[test]
fn other_queries_are_refused() {
    let mut machine = Machine::new();
    let (sequence, from) = (Sequence(0), |message| Event::Receive(Signed { signer: WorkerId(0), message }));
    let open = machine.take(&from(Message::PrePrepare { sequence, query: Query(1) }));
    assert_eq!(open.refusal, None);
    let (view, outcome) = (View(0), Outcome::Output(Digest(5)));
    for phase in [Phase::Output, Phase::Prepare, Phase::Commit] {
        let vote = Vote { phase, view, sequence, query: Query(2), outcome };
        assert_eq!(machine.take(&from(Message::Vote(vote))).refusal, Some(Refusal::OtherQuery));
    }
    let outputs = BTreeMap::from([0, 2, 3].map(|w| (WorkerId(w), Digest(5))));
    let propose = Message::Propose { view, sequence, query: Query(2), outcome, outputs };
    assert_eq!(machine.take(&from(propose)).refusal, Some(Refusal::OtherQuery));
}

/// What everybody computes again does not depend on an order, and is what its page says.
#[test]
fn representatives() {
    let of = |digests: &[u64]| {
        let outputs = (0..).map(WorkerId).zip(digests.iter().map(|d| Digest(*d))).collect();
        representative(&config(), &outputs)
    };
    let output = |d| Outcome::Output(Digest(d));
    // Claim 17's four outputs: two are similar to all, and the smaller is taken, in every order.
    assert_eq!(of(&[0, 8, 10, 18]), output(8));
    assert_eq!(of(&[18, 10, 8, 0]), output(8));
    // Claim 18's: the Byzantine 0 parts nobody.
    assert_eq!(of(&[0, 8, 12, 18]), output(8));
    // What all but one say is taken, though 1 is similar to as many and smaller.
    assert_eq!(of(&[2, 2, 1]), output(2));
    // Vouched for by one worker is not enough, as that may be the Byzantine one.
    assert_eq!(of(&[0, 100, 200]), Outcome::NoAgreement);
}

proptest! {
    #![proptest_config(Settings { cases: 500, failure_persistence: None, ..Settings::default() })]

    /// The representative is similar to the output of an honest worker, whichever f lie; and honest outputs that are all similar agree.
    #[test]
    fn a_representative_is_vouched_for(digests in prop::collection::vec(0u64..40, 5..=7), liars in prop::collection::btree_set(0u32..7, 0..=2)) {
        let config = Config::new(7, 2, similar).unwrap();
        let outputs: BTreeMap<WorkerId, Digest> = (0..).map(WorkerId).zip(digests.into_iter().map(Digest)).collect();
        let honest: Vec<Digest> = outputs.iter().filter(|(w, _)| !liars.contains(&w.0)).map(|(_, d)| *d).collect();
        match representative(&config, &outputs) {
            Outcome::Output(d) => prop_assert!(honest.iter().any(|h| similar(*h, d))),
            Outcome::NoAgreement => prop_assert!(honest.iter().any(|a| honest.iter().any(|b| !similar(*a, *b)))),
        }
    }
}
