//! Recorded runs of the simulator are runs of the protocol; records that were changed are not, from the right event on.
//! `BFV_CASES` makes the first test longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_wingbeat::Rule;
use bfv_wingbeat::sim::{Altered, NotConforming, Scenario, Trace, replay, replay_altered, run};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn recorded(seed: u64) -> String {
    run(&Scenario::new(seed), Trace::written()).trace
}

#[test]
fn recorded_runs_conform() {
    let cases = std::env::var("BFV_CASES").ok().map_or(50, |v| v.parse().expect("a whole number"));
    let (mut events, mut effects, mut crashes, mut byzantine) = (0, 0, 0, 0);
    for seed in 0..cases {
        let done = replay(&recorded(seed)).unwrap_or_else(|e| panic!("seed {seed}: {e:?}"));
        events += done.events;
        effects += done.effects;
        crashes += done.crashes;
        byzantine += done.byzantine;
    }
    println!(
        "Figures: {cases} records conform, with {byzantine} Byzantine workers, {events} events, {effects} effects, {crashes} crashes."
    );
    assert!(byzantine > 0 && crashes > 0);
}

/// A record as values, one a line.
fn lines(seed: u64) -> Vec<Value> {
    recorded(seed).lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|l| format!("{l}\n")).collect()
}

/// The first line that fits, from 0 on.
fn find(lines: &[Value], fits: impl Fn(&Value) -> bool) -> Option<usize> {
    lines.iter().position(fits)
}

fn is(line: &Value, members: &[(&str, &str)]) -> bool {
    members.iter().all(|(name, value)| line[*name] == *value)
}

/// A change to a record, and the line at which it must be noticed, from 0 on; nothing where the record has no place for it.
type Change = fn(&mut Vec<Value>) -> Option<usize>;

fn effect(lines: &[Value], kind: &str, message: &str) -> Option<usize> {
    find(lines, |l| is(l, &[("line", "effect"), ("effect", kind), ("message", message)]))
}

/// The event to which an effect belongs.
fn of_event(lines: &[Value], effect: usize) -> usize {
    (0..effect).rev().find(|n| lines[*n]["line"] == "event").unwrap()
}

/// Changes the value of a member that is a number.
fn shift(line: &mut Value, member: &str) {
    line[member] = json!(line[member].as_u64().unwrap() + 1);
}

fn changed(lines: &mut [Value], at: Option<usize>, member: &str) -> Option<usize> {
    shift(&mut lines[at?], member);
    at
}

fn honest(lines: &[Value], worker: &Value) -> bool {
    !lines[0]["byzantine"].as_array().unwrap().contains(worker)
}

const CHANGES: [(&str, Change, &str); 20] = [
    (
        "a PREPARE for another value",
        |l| {
            let at = effect(l, "broadcast", "prepare");
            changed(l, at, "outcome")
        },
        "effect is not what follows",
    ),
    (
        "a COMMIT for another value",
        |l| {
            let at = effect(l, "broadcast", "commit");
            changed(l, at, "outcome")
        },
        "effect is not what follows",
    ),
    (
        "a PREPARE in another view",
        |l| {
            let at = effect(l, "broadcast", "prepare");
            changed(l, at, "view")
        },
        "effect is not what follows",
    ),
    (
        "an OUTPUT that the model has not computed",
        |l| {
            let at = effect(l, "broadcast", "output");
            changed(l, at, "outcome")
        },
        "effect is not what follows",
    ),
    (
        "a decision for another value",
        |l| {
            let at = find(l, |l| is(l, &[("effect", "decide")]) && l["outcome"].is_u64());
            changed(l, at, "outcome")
        },
        "effect is not what follows",
    ),
    (
        "a decision for another query",
        |l| {
            let at = find(l, |l| is(l, &[("effect", "decide")]));
            changed(l, at, "query")
        },
        "effect is not what follows",
    ),
    (
        "a VIEW-CHANGE that hides its lock",
        |l| {
            let at =
                find(l, |l| is(l, &[("effect", "broadcast"), ("message", "view-change")]) && l["lock"].is_object())?;
            l[at].as_object_mut().unwrap().remove("lock");
            Some(at)
        },
        "effect is not what follows",
    ),
    (
        "a VIEW-CHANGE that hides its last OUTPUT",
        |l| {
            let at =
                find(l, |l| is(l, &[("effect", "broadcast"), ("message", "view-change")]) && l["report"].is_object())?;
            l[at].as_object_mut().unwrap().remove("report");
            Some(at)
        },
        "effect is not what follows",
    ),
    (
        "a NEW-VIEW with another value",
        |l| {
            let at = find(l, |l| is(l, &[("effect", "broadcast"), ("message", "new-view")]) && l["outcome"].is_u64());
            changed(l, at, "outcome")
        },
        "effect is not what follows",
    ),
    (
        "a PROPOSE with another value",
        |l| {
            let at = find(l, |l| is(l, &[("effect", "broadcast"), ("message", "propose")]) && l["outcome"].is_u64());
            changed(l, at, "outcome")
        },
        "effect is not what follows",
    ),
    (
        "a state that is kept in another view",
        |l| {
            let at = find(l, |l| is(l, &[("effect", "persist")]));
            changed(l, at, "view")
        },
        "effect is not what follows",
    ),
    (
        "a lock that is not kept",
        |l| {
            let at = find(l, |l| is(l, &[("effect", "persist")]) && l["lock"].is_object())?;
            l.remove(at);
            Some(at)
        },
        "",
    ),
    (
        "a COMMIT that nobody sent",
        |l| {
            let at = effect(l, "broadcast", "commit")?;
            let extra = l[at].clone();
            l.insert(at + 1, extra);
            Some(at + 1)
        },
        "",
    ),
    (
        "a COMMIT that was not sent",
        |l| {
            let at = effect(l, "broadcast", "commit")?;
            l.remove(at);
            Some(at)
        },
        "",
    ),
    (
        "another rule than the one applied",
        |l| {
            let at = find(l, |l| l["arms"].as_array().is_some_and(|a| a.contains(&json!("P3"))))?;
            l[at]["arms"] = json!(["C2"]);
            Some(at)
        },
        "event is not what follows",
    ),
    (
        "a refusal that was none",
        |l| {
            let at = find(l, |l| is(l, &[("event", "receive")]) && l["refusal"].is_null())?;
            l[at]["refusal"] = json!("stale");
            Some(at)
        },
        "event is not what follows",
    ),
    (
        "a vote that its honest signer has not cast",
        |l| {
            let at = find(l, |x| {
                is(x, &[("event", "receive"), ("message", "prepare")])
                    && honest(l, &x["signer"])
                    && x["outcome"].is_u64()
            });
            changed(l, at, "outcome")
        },
        "not signed",
    ),
    (
        "a vote in the name of another",
        |l| {
            let at = find(l, |x| is(x, &[("event", "receive"), ("message", "output")]) && !honest(l, &x["signer"]))?;
            let other =
                (0..l[0]["workers"].as_u64().unwrap()).find(|w| honest(l, &json!(w)) && json!(w) != l[at]["worker"])?;
            l[at]["signer"] = json!(other);
            Some(at)
        },
        "not signed",
    ),
    (
        "an output of the model that nobody asked for",
        |l| {
            let at = find(l, |l| is(l, &[("event", "computed")]));
            changed(l, at, "query")
        },
        "not asked",
    ),
    (
        "a restart without a crash",
        |l| {
            let at = find(l, |l| is(l, &[("event", "tick")]))?;
            let (time, worker) = (l[at]["time"].clone(), l[at]["worker"].clone());
            l.insert(at, json!({"line": "event", "time": time, "worker": worker, "event": "restart", "arms": []}));
            Some(at)
        },
        "has not crashed",
    ),
];

/// Each change is tried in the first record that has a place for it.
#[test]
fn changed_records_do_not_conform_from_the_change_on() {
    for (name, change, why) in CHANGES {
        let tried = (0..200).find_map(|seed| {
            let mut lines = lines(seed);
            change(&mut lines).map(|at| (seed, at, lines))
        });
        let (seed, at, lines) = tried.unwrap_or_else(|| panic!("{name}: no record has a place for it"));
        match replay(&text(&lines)) {
            Err(NotConforming::Departure(d)) => {
                assert_eq!(
                    (d.line, json!(d.worker.unwrap().0)),
                    (at + 1, lines[of_worker(&lines, at)]["worker"].clone()),
                    "{name}, seed {seed}: {d:?}"
                );
                assert!(d.what.contains(why), "{name}, seed {seed}: {d:?}");
            }
            other => panic!("{name}, seed {seed}: {other:?}"),
        }
    }
}

/// The message in a line.
fn message(line: &Value) -> Value {
    let mut line = line.clone();
    for other in ["line", "time", "worker", "event", "effect", "signer", "arms", "refusal"] {
        line.as_object_mut().unwrap().remove(other);
    }
    line
}

/// Nothing is signed when a crash has lost what it rests on. Were it, the worker could vote again, and otherwise.
#[test]
fn what_a_crash_has_lost_reaches_nobody() {
    let tried = (0..200).find_map(|seed| {
        let lines = lines(seed);
        // An event with something to be kept, the line after its effects, and the first message of the worker that is received later.
        let found = (1..lines.len()).filter(|n| lines[*n]["effect"] == "persist").find_map(|kept| {
            let next = (kept..lines.len()).find(|n| lines[*n]["line"] != "effect")?;
            let signer = &lines[kept]["worker"];
            let heard =
                (next..lines.len()).find(|n| lines[*n]["signer"] == *signer && lines[*n]["event"] == "receive")?;
            let sent = lines[kept..next].iter().any(|l| message(l) == message(&lines[heard]));
            // The worker does nothing before that.
            let quiet = lines[next..heard].iter().all(|l| l["worker"] != *signer);
            (sent && quiet && lines[kept - 1]["line"] == "event").then_some((kept, next, heard))
        });
        found.map(|found| (lines, found))
    });
    let (lines, (kept, next, heard)) = tried.expect("a record with a message that is received");
    let with_crash = |at: usize| {
        let mut lines = lines.clone();
        let (time, worker) = (lines[at - 1]["time"].clone(), lines[kept]["worker"].clone());
        lines.insert(at, json!({"line": "crash", "time": time, "worker": worker, "lost": next - kept}));
        match replay(&text(&lines)) {
            Err(NotConforming::Departure(d)) => (d.line, d.what),
            other => panic!("{other:?}"),
        }
    };
    // The crash stands just after the event, or after the message was received.
    let (line, what) = with_crash(next);
    assert!(line == heard + 2 && what.contains("not signed"), "{line}: {what}");
    let after = (heard + 1..lines.len()).find(|n| lines[*n]["line"] != "effect").unwrap();
    let (line, what) = with_crash(after);
    assert!(line == after + 1 && what.contains("loses more effects"), "{line}: {what}");
}

/// The violations that the end of a record names.
fn named(text: &str) -> Vec<String> {
    let end: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    end["violations"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// A record whose end names these.
fn naming(text: &str, violations: &[String]) -> String {
    let mut lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    lines.last_mut().unwrap()["violations"] = json!(violations);
    self::text(&lines)
}

/// Makes the run of a seed.
type Make = fn(u64) -> Scenario;

/// Runs of altered steps in which something goes wrong, with what does.
const WRONG: [(&str, Make); 3] = [
    ("disagreement", |seed| Scenario { omitted: Some(Rule::Quorum), ..Scenario::new(seed) }),
    ("not-vouched", |seed| Scenario { omitted: Some(Rule::Proposal), ..Scenario::new(seed) }),
    ("not-vouched", |seed| Scenario { omitted: Some(Rule::NewView), ..Scenario::new(seed) }),
];

/// What the end of a record says is found again, and neither less nor more may stand there.
#[test]
fn the_end_names_the_violations_of_the_run() {
    for (violation, scenario) in WRONG {
        let wrong = |seed: &u64| run(&scenario(*seed), Trace::none()).violations.iter().any(|v| v.name() == violation);
        let seed = (0..1000).find(wrong).unwrap();
        let text = run(&scenario(seed), Trace::written()).trace;
        println!("{violation}: run {seed}.");
        let end = |violations: &[String]| {
            replay_altered(&naming(&text, violations), Altered { omitted: scenario(seed).omitted, forget: None }).end
        };
        let all = named(&text);
        assert_eq!(end(&all).unwrap().violations, all, "{violation}, seed {seed}");
        let mut changed: Vec<Vec<String>> = (0..all.len()).map(|n| [&all[..n], &all[n + 1..]].concat()).collect();
        changed.extend(
            ["changed", "late", "agreed", "nonsense", violation].map(|more| [&all[..], &[more.to_owned()]].concat()),
        );
        changed.push(Vec::new());
        for violations in changed {
            match end(&violations) {
                Err(NotConforming::Departure(d)) => {
                    assert_eq!((d.line, d.worker), (text.lines().count(), None), "{violation}, seed {seed}: {d:?}");
                    assert!(d.what.contains("The end names the violation"), "{d:?}");
                }
                other => panic!("{violation}, seed {seed}, {violations:?}: {other:?}"),
            }
        }
    }
}

/// A record that was cut before all had decided, and got an end, must say so.
#[test]
fn a_record_cut_short_must_name_who_is_undecided() {
    let mut lines = lines(3);
    let first = find(&lines, |l| is(l, &[("effect", "decide")])).unwrap();
    let cut = (first + 1..lines.len()).find(|n| lines[*n]["line"] != "effect").unwrap();
    let time = lines[cut - 1]["time"].clone();
    lines.truncate(cut);
    let with = |n: usize| {
        let end = json!({"line": "end", "time": time, "violations": vec!["undecided"; n]});
        replay(&text(&[&lines[..], &[end]].concat()))
    };
    let right: Vec<usize> = (0..12).filter(|n| with(*n).is_ok()).collect();
    assert!(matches!(right.as_slice(), [n] if *n > 0), "{right:?}");
}

/// Whether a client has asked does not stand in a record unless an honest worker was told.
#[test]
fn only_a_query_of_which_no_honest_worker_was_told_may_be_named_as_not_asked() {
    let told = |text: &str| {
        let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let of = |kind: &str, name: &str| -> BTreeSet<String> {
            let all = lines.iter().filter(|l| l[name] == kind);
            all.map(|l| format!("{} {}", l["sequence"], l["query"])).collect()
        };
        of("decide", "effect").is_subset(&of("submit", "event"))
    };
    for all in [true, false] {
        let text = (0..200).map(recorded).find(|text| told(text) == all).unwrap();
        assert_eq!(replay(&naming(&text, &["not-asked".to_owned()])).is_err(), all);
        assert!(replay(&text).is_ok());
    }
}

/// The line that names the worker of a departure: the line itself, or the event before where an effect is missing.
fn of_worker(lines: &[Value], at: usize) -> usize {
    if lines[at]["line"] == "event" { at } else { of_event(lines, at) }
}

/// Records that cannot be read: the line, and a part of what is said.
#[test]
fn faults_of_a_record_are_named() {
    let good = lines(1);
    let event = find(&good, |l| is(l, &[("event", "receive")])).unwrap();
    let with = |at: usize, change: &dyn Fn(&mut Value)| {
        let mut lines = good.clone();
        change(&mut lines[at]);
        text(&lines)
    };
    let removed = |at: usize, name: &'static str| with(at, &move |l| drop(l.as_object_mut().unwrap().remove(name)));
    let last = good.len();
    let rows: Vec<(String, usize, &str)> = vec![
        (text(&good[..last - 1]), last - 1, "no end"),
        (String::new(), 1, "no end"),
        ("{\n".to_owned(), 1, "no JSON"),
        (text(&good[1..]), 1, "not the start"),
        (with(0, &|l| l["version"] = json!(2)), 1, "version"),
        (with(0, &|l| l["protocol"] = json!("published")), 1, "another protocol"),
        (with(0, &|l| l["quorum"] = json!(0)), 1, "quorum"),
        (with(0, &|l| l["radius"] = json!(11)), 1, "similarity"),
        (with(0, &|l| l["faults"] = json!(9)), 1, "faults"),
        (with(0, &|l| l["workers"] = json!(u32::MAX)), 1, "more than 10000 workers"),
        (with(0, &|l| l["byzantine"] = json!([0, 0])), 1, "different workers"),
        (removed(event, "time"), event + 1, "member time is missing"),
        (removed(event, "worker"), event + 1, "member worker is missing"),
        (removed(event, "signer"), event + 1, "member signer is missing"),
        (removed(event, "line"), event + 1, "member line is missing"),
        (with(event, &|l| l["event"] = json!("sleep")), event + 1, "no event sleep"),
        (with(event, &|l| l["message"] = json!("gossip")), event + 1, "no message gossip"),
        (with(event, &|l| l["line"] = json!("note")), event + 1, "no line note"),
        (with(event, &|l| l["worker"] = json!(99)), event + 1, "no worker 99"),
        (with(event, &|l| l["view"] = json!(-1)), event + 1, "member view"),
        (with(last - 1, &|l| l["time"] = json!(0)), last, "goes back"),
        (text(&[good.as_slice(), &good[last - 1..]].concat()), last + 1, "after the end"),
    ];
    for (text, line, part) in rows {
        match replay(&text) {
            Err(NotConforming::Fault(f)) => {
                assert_eq!(f.line, line, "{f:?}");
                assert!(f.what.contains(part) && f.mend.ends_with('.'), "{part}: {f:?}");
            }
            other => panic!("{part}: {other:?}"),
        }
    }
}
