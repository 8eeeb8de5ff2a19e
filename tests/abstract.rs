//! Recorded runs of the code are runs of the verified protocol, examples/consensus/repaired.sctt. Runs of a step in which a rule is left out are
//! not, although that step does them again: only the guards of the protocol, or its state, notice. `BFV_CASES` makes the first test longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../crates/cli/src/plug.rs"]
#[allow(dead_code)]
mod plug;

use bfv_conform::{Departure, Followed, NotFollowed, Specification, What};
use bfv_wingbeat::sim::{
    Abstract, Action, Actions, Altered, Argument, Fact, Forget, Outputs, Replayed, Scenario, Stand, Strategy, Trace,
    Which, replay_altered, run,
};
use bfv_wingbeat::{Rule, Sequence, WorkerId};
use serde_json::Value;
use std::collections::BTreeSet;

fn with_large_stack(test: impl FnOnce(&Specification) + Send + 'static) {
    let work = move || {
        let specification = Specification::own(plug::frontend().as_mut()).unwrap_or_else(|p| panic!("{p:?}"));
        assert_eq!(specification.name, "examples.consensus.repaired.repaired");
        test(&specification);
    };
    std::thread::Builder::new().stack_size(1 << 28).spawn(work).unwrap().join().unwrap();
}

fn recorded(scenario: &Scenario) -> Replayed {
    let altered = Altered { omitted: scenario.omitted, forget: scenario.forget };
    replay_altered(&run(scenario, Trace::written()).trace, altered)
}

#[test]
fn recorded_runs_are_runs_of_the_protocol() {
    let cases: u64 = std::env::var("BFV_CASES").ok().map_or(15, |v| v.parse().expect("a whole number"));
    with_large_stack(move |specification| {
        let (mut commands, mut states, mut events, mut crashes, mut byzantine) = (0, 0, 0, 0, 0);
        for seed in 0..cases {
            let done = recorded(&Scenario::new(seed));
            let followed = specification.follow(&done.run).unwrap_or_else(|e| panic!("seed {seed}: {e:?}"));
            let end = done.end.unwrap_or_else(|e| panic!("seed {seed}: {e:?}"));
            commands += followed.commands;
            states += followed.states;
            events += end.events;
            crashes += end.crashes;
            byzantine += end.byzantine;
        }
        println!(
            "Figures: {cases} records with {byzantine} Byzantine workers, {crashes} crashes and {events} events are runs of the protocol, with \
             {commands} commands and {states} states."
        );
        assert!(commands > 0 && states > 0 && crashes > 0 && byzantine > 0);
    });
}

/// The lines of a record.
struct Lines(Vec<Value>);

impl Lines {
    fn line(&self, at: usize) -> &Value {
        &self.0[at - 1]
    }

    fn is_event(&self, at: usize) -> bool {
        self.line(at)["line"] == "event"
    }

    /// The effects of an event.
    fn effects(&self, at: usize) -> impl Iterator<Item = &Value> {
        self.0[at..].iter().take_while(|l| l["line"] == "effect")
    }

    fn took(&self, at: usize, arms: &[&str]) -> bool {
        self.line(at)["arms"].as_array().is_some_and(|all| all.iter().any(|a| arms.iter().any(|b| a == b)))
    }

    /// The NEW-VIEW that an event sends or accepts.
    fn new_view(&self, at: usize) -> Option<&Value> {
        let all = self.effects(at).chain([self.line(at)]);
        all.into_iter().find(|l| l["message"] == "new-view").filter(|_| self.took(at, &["V5", "V6", "N1", "N2"]))
    }

    /// The PROPOSE that an event sends or accepts.
    fn propose(&self, at: usize) -> Option<&Value> {
        let all = self.effects(at).chain([self.line(at)]);
        all.into_iter().find(|l| l["message"] == "propose").filter(|_| self.took(at, &["R1", "R2"]))
    }

    fn number(&self, name: &str) -> u64 {
        self.line(1)[name].as_u64().unwrap()
    }

    fn honest(&self, worker: &Value) -> bool {
        !self.line(1)["byzantine"].as_array().unwrap().contains(worker)
    }

    /// What a worker kept of a sequence last, before a line.
    fn kept(&self, before: usize, worker: &Value, sequence: &Value) -> Option<&Value> {
        let of = |l: &&Value| l["effect"] == "persist" && l["worker"] == *worker && l["sequence"] == *sequence;
        self.0[..before - 1].iter().rev().find(of)
    }

    /// Whether a certificate has fewer signers than a quorum.
    fn weak(&self, certificate: &Value) -> bool {
        let n = certificate["signers"].as_array().map(Vec::len);
        n.is_some_and(|n| 2 * n as u64 <= self.number("workers") + self.number("faults"))
    }
}

/// A certificate with too few signers is relied on.
fn too_few(lines: &Lines, at: usize) -> bool {
    let kept = lines.effects(at).filter(|e| e["effect"] == "persist");
    let weak = kept.into_iter().any(|e| lines.weak(&e["lock"]) || lines.weak(&e["decision"]));
    let count = lines.new_view(at).and_then(|m| m["view_changes"].as_array()).map(Vec::len);
    weak || count.is_some_and(|n| 2 * n as u64 <= lines.number("workers") + lines.number("faults"))
}

/// A NEW-VIEW rests on a VIEW-CHANGE of an honest worker that hides what this worker has kept.
fn hidden(lines: &Lines, at: usize, name: &str) -> bool {
    let Some(message) = lines.new_view(at) else { return false };
    let changes = message["view_changes"].as_array().unwrap();
    changes.iter().any(|c| {
        let kept = lines.kept(at, &c["signer"], &message["sequence"]);
        lines.honest(&c["signer"]) && c[name].is_null() && kept.is_some_and(|k| !k[name].is_null())
    })
}

/// A worker restarts and keeps something else of this name than before.
fn forgotten(lines: &Lines, at: usize, name: &str, worse: fn(&Value, &Value) -> bool) -> bool {
    let worker = &lines.line(at)["worker"];
    lines.line(at)["event"] == "restart"
        && lines
            .effects(at)
            .filter(|e| e["effect"] == "persist")
            .any(|e| lines.kept(at, worker, &e["sequence"]).is_some_and(|before| worse(&before[name], &e[name])))
}

fn lost(before: &Value, after: &Value) -> bool {
    !before.is_null() && after.is_null()
}

fn lower(before: &Value, after: &Value) -> bool {
    after.as_u64() <= before.as_u64()
}

/// All honest workers among those whose OUTPUTs are taken sent the same, and it is not that.
fn other_than_theirs(lines: &Lines, at: usize) -> bool {
    let Some(message) = lines.propose(at) else { return false };
    let outputs = message["outputs"].as_array().unwrap();
    let honest: BTreeSet<Option<u64>> =
        outputs.iter().filter(|o| lines.honest(&o["signer"])).map(|o| o["digest"].as_u64()).collect();
    honest.len() == 1 && honest.first() != Some(&message["outcome"].as_u64())
}

struct Row {
    name: &'static str,
    scenario: fn(u64) -> Scenario,
    /// Commands or relations in which it is noticed.
    noticed: &'static [&'static str],
    /// Whether the event at a line is wrong, read off the record.
    wrong: fn(&Lines, usize) -> bool,
    /// Whether the first such event is the one that departs. Otherwise what is hidden may not matter for what follows from it.
    first: bool,
}

fn hard(seed: u64) -> Scenario {
    Scenario { two_queries: true, isolate: true, ..Scenario::new(seed) }
}

fn crashing(seed: u64) -> Scenario {
    Scenario { crashing: 15, ..hard(seed) }
}

/// Without crashes everything that stands in a record was done.
fn calm(rule: Rule, scenario: Scenario) -> Scenario {
    Scenario { crashes: Vec::new(), crashing: 0, omitted: Some(rule), ..scenario }
}

fn led_by(strategy: Strategy, scenario: Scenario) -> Scenario {
    let byzantine = scenario.byzantine.keys().map(|w| (*w, strategy)).collect();
    Scenario { byzantine, ..scenario }
}

const RELEASES: &[&str] = &["release", "release_apart", "force_lock", "force_lock_apart", "force_answer"];

const ROWS: [Row; 9] = [
    Row {
        name: "a quorum with one fewer",
        scenario: |seed| calm(Rule::Quorum, Scenario::new(seed)),
        noticed: &["certify", "ratify", "release", "release_apart", "force_lock", "force_lock_apart", "force_answer"],
        wrong: too_few,
        first: true,
    },
    Row {
        name: "VIEW-CHANGE without the lock",
        scenario: |seed| calm(Rule::Lock, hard(seed)),
        noticed: RELEASES,
        wrong: |lines, at| hidden(lines, at, "lock"),
        first: false,
    },
    Row {
        name: "VIEW-CHANGE without the last OUTPUT",
        scenario: |seed| calm(Rule::Recovery, Scenario { outputs: Outputs::Same, ..hard(seed) }),
        noticed: RELEASES,
        wrong: |lines, at| hidden(lines, at, "report"),
        first: false,
    },
    Row {
        name: "NEW-VIEW that nobody verifies",
        scenario: |seed| calm(Rule::NewView, led_by(Strategy::Liar, hard(seed))),
        noticed: RELEASES,
        wrong: |lines, at| lines.new_view(at).is_some() && !lines.honest(&lines.line(at)["signer"]),
        first: false,
    },
    Row {
        name: "PROPOSE that nobody verifies",
        scenario: |seed| {
            calm(Rule::Proposal, led_by(Strategy::Liar, Scenario { outputs: Outputs::Same, ..Scenario::new(seed) }))
        },
        noticed: &["accept"],
        wrong: other_than_theirs,
        first: true,
    },
    Row {
        name: "similarity before equality",
        scenario: |seed| calm(Rule::Exact, Scenario { outputs: Outputs::Same, ..Scenario::new(seed) }),
        noticed: &["accept"],
        wrong: other_than_theirs,
        first: true,
    },
    Row {
        name: "a lock that is lost in a crash",
        scenario: |seed| Scenario { forget: Some(Forget::Lock), ..crashing(seed) },
        noticed: &["locked"],
        wrong: |lines, at| forgotten(lines, at, "lock", lost),
        first: true,
    },
    Row {
        name: "a last OUTPUT that is lost in a crash",
        scenario: |seed| Scenario { forget: Some(Forget::Report), ..crashing(seed) },
        noticed: &["answered"],
        wrong: |lines, at| forgotten(lines, at, "report", lost),
        first: true,
    },
    Row {
        name: "a view that is lost in a crash",
        scenario: |seed| Scenario { forget: Some(Forget::View), ..crashing(seed) },
        noticed: &["enter", "free", "accepted", "prepared", "committed"],
        wrong: |lines, at| forgotten(lines, at, "view", lower),
        // To enter a view again in which nothing was done is no harm.
        first: false,
    },
];

/// The step without a rule does the run again, so nothing but the protocol can notice.
#[test]
fn only_the_protocol_notices_a_rule_that_is_left_out() {
    with_large_stack(|specification| {
        for Row { name, scenario, noticed, wrong, first } in ROWS {
            let found = (0..400).find_map(|seed| {
                let scenario = scenario(seed);
                let done = recorded(&scenario);
                assert!(done.end.is_ok(), "{name}, seed {seed}: {:?}", done.end);
                match specification.follow(&done.run) {
                    Ok(_) => None,
                    Err(NotFollowed::Departs(d)) => Some((seed, *d, run(&scenario, Trace::written()).trace)),
                    Err(e) => panic!("{name}, seed {seed}: {e:?}"),
                }
            });
            let (seed, Departure { line, worker, what, .. }, trace) =
                found.unwrap_or_else(|| panic!("{name}: not noticed"));
            let lines = Lines(trace.lines().map(|l| serde_json::from_str(l).unwrap()).collect());
            let told = format!("{name}, seed {seed}, line {line}: {what:?}");
            assert!(lines.is_event(line) && lines.line(line)["worker"] == worker, "{told}");
            assert!(wrong(&lines, line), "{told}");
            let before = (2..line).find(|at| lines.is_event(*at) && wrong(&lines, *at));
            assert!(!first || before.is_none(), "{told}: line {before:?}");
            let word = match &what {
                What::Command { command, needs, .. } => {
                    assert!(needs.is_some(), "{told}");
                    command
                }
                What::State { relation, worker, protocol } => {
                    assert_ne!(worker, protocol, "{told}");
                    relation
                }
            };
            assert!(noticed.contains(&word.as_str()), "{told}");
        }
    });
}

/// Nobody need follow others to a higher view: that matters for progress only, of which the protocol says nothing.
#[test]
fn what_is_for_progress_only_is_not_noticed() {
    with_large_stack(|specification| {
        let mut undecided = 0;
        for seed in 0..5 {
            let done = recorded(&Scenario { omitted: Some(Rule::Join), ..Scenario::new(seed) });
            specification.follow(&done.run).unwrap_or_else(|e| panic!("seed {seed}: {e:?}"));
            undecided += done.end.unwrap().violations.len();
        }
        assert!(undecided > 0);
    });
}

/// Lists of commands of four workers of which the last may lie, and the command at which each departs, from 0 on, with what its guard needs.
#[test]
fn broken_lists_are_stopped_at_the_right_command() {
    fn one(command: &'static str, arguments: &[u64]) -> Action {
        let arguments = arguments.iter().map(|n| Argument::One(*n)).collect();
        Action { line: 1, time: 0, worker: WorkerId(0), command, arguments }
    }
    fn with(mut action: Action, set: [bool; 4], more: &[u64]) -> Action {
        action.arguments.push(Argument::Set(set.into()));
        action.arguments.extend(more.iter().map(|n| Argument::One(*n)));
        action
    }
    const THREE: [bool; 4] = [true, true, true, false];
    with_large_stack(|specification| {
        let answers: Vec<Action> = (0..3).flat_map(|w| [one("open_first", &[w]), one("answer", &[w, 0, 1])]).collect();
        let accepts: Vec<Action> = (0..3).map(|w| with(one("accept", &[w, 0, 1]), THREE, &[0])).collect();
        let votes = |command| (0..3).map(move |w| one(command, &[w, 0, 1])).collect::<Vec<Action>>();
        let locked =
            [answers.clone(), accepts.clone(), votes("prepare"), vec![one("certify", &[0, 1, 0])], votes("lock")]
                .concat();
        let changes: Vec<Action> = (0..3).flat_map(|w| [one("enter", &[w, 1]), one("change_view", &[w, 1])]).collect();
        let decided = [
            locked.clone(),
            votes("commit"),
            vec![one("ratify", &[0, 1, 0]), one("settle", &[0, 1]), one("choose", &[0, 1]), one("decide", &[0, 0, 1])],
        ]
        .concat();
        let rows: Vec<(Vec<Action>, Option<&str>)> = vec![
            (decided, None),
            (
                [locked.clone(), votes("commit")[..2].to_vec(), vec![one("ratify", &[0, 1, 0])]].concat(),
                Some("n + f < 2 * count (fun u => committed u r v)"),
            ),
            ([locked.clone(), vec![one("decide", &[0, 0, 1])]].concat(), Some("chosen r v")),
            (
                [answers.clone(), accepts.clone(), vec![one("prepare", &[0, 0, 1]), one("prepare", &[0, 0, 1])]]
                    .concat(),
                Some("forall x, not prepared w r x"),
            ),
            (
                [answers.clone(), vec![with(one("accept", &[0, 0, 2]), THREE, &[0])]].concat(),
                Some("forall y, (forall u, p u -> not byz u -> answered u s y) -> y = x"),
            ),
            (
                [locked.clone(), changes.clone(), vec![with(one("release", &[1]), THREE, &[0])]].concat(),
                Some("forall u (t : view) y, q u -> not byz u -> t < s -> not locked u t y"),
            ),
            (vec![with(one("release", &[1]), THREE, &[0])], Some("forall u, q u -> changed u s")),
            (vec![one("prepared_by_byzantine", &[0, 0, 1])], Some("")),
        ];
        for (list, needs) in rows {
            let last = list.len();
            match (follow(specification, list, Vec::new()), needs) {
                (Ok(followed), None) => assert_eq!(followed.commands, last),
                (Err(NotFollowed::Departs(d)), Some(needs)) => {
                    let What::Command { needs: told, .. } = &d.what else { panic!("{d:?}") };
                    assert_eq!((d.line, told.as_deref().unwrap_or_default()), (last, needs), "{d:?}");
                }
                (done, needs) => panic!("{done:?} {needs:?}"),
            }
        }
        // After the worker 0 has locked it stands as the protocol says, and any other lock, view or vote is noticed.
        let stand = |relation, which, tuples: &[&[u64]]| {
            let facts = vec![Fact { relation, which, tuples: tuples.iter().map(|t| t.to_vec()).collect() }];
            vec![Stand { line: 99, time: 0, worker: WorkerId(0), taken: locked.len(), facts }]
        };
        let rows: [(&'static str, Which, &[&[u64]], bool); 9] = [
            ("locked", Which::Highest, &[&[0, 1]], true),
            ("locked", Which::Highest, &[], false),
            ("locked", Which::Highest, &[&[0, 2]], false),
            ("left", Which::All, &[], true),
            ("left", Which::All, &[&[0]], false),
            ("committed", Which::At(0), &[], true),
            ("committed", Which::At(0), &[&[0, 1]], false),
            ("decided", Which::All, &[], true),
            ("decided", Which::All, &[&[0, 1]], false),
        ];
        for (relation, which, tuples, same) in rows {
            match follow(specification, locked.clone(), stand(relation, which, tuples)) {
                Ok(_) => assert!(same, "{relation} {tuples:?}"),
                Err(NotFollowed::Departs(d)) => {
                    assert!(!same && d.line == 99, "{d:?}");
                    assert!(matches!(&d.what, What::State { relation: r, .. } if r == relation), "{d:?}");
                }
                Err(e) => panic!("{e:?}"),
            }
        }
        // What has no place in the cells of a state is no departure.
        let far = follow(specification, vec![one("open_first", &[0]), one("enter", &[0, 1_000_000])], Vec::new());
        assert!(matches!(far, Err(NotFollowed::Unable(_))), "{far:?}");
        for workers in [23, 24] {
            let many = specification.follow(&Abstract { workers, ..Abstract::default() });
            assert_eq!(many.is_ok(), workers == 23, "{many:?}");
        }
    });
}

/// Follows commands of four workers, of which the last may lie, each in a line of its own from 1 on.
fn follow(specification: &Specification, mut list: Vec<Action>, stands: Vec<Stand>) -> Result<Followed, NotFollowed> {
    let mut above = 3;
    for (n, action) in list.iter_mut().enumerate() {
        action.line = n + 1;
        for argument in &action.arguments {
            above = above.max(if let Argument::One(n) = argument { n + 1 } else { 0 });
        }
    }
    let actions = Actions { list, stands, above, ..Actions::default() };
    let sequences = [(Sequence(0), actions)].into();
    specification.follow(&Abstract { workers: 4, faults: 1, byzantine: [WorkerId(3)].into(), sequences })
}
