//! Traces: the same seed, the same bytes; and what is written is what the crate's page says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_wingbeat::ARMS;
use bfv_wingbeat::sim::{Scenario, Trace, VERSION, published, run};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let mut bytes = 0;
    let mut all = BTreeSet::new();
    for seed in 0..300 {
        let scenario = Scenario::new(seed);
        let first = run(&scenario, Trace::written());
        let second = run(&scenario, Trace::written());
        assert!(first.trace == second.trace, "seed {seed}");
        // Writing changes nothing.
        let silent = run(&scenario, Trace::none());
        assert_eq!((silent.events, &silent.decisions), (first.events, &first.decisions), "seed {seed}");
        bytes += first.trace.len();
        all.insert(first.trace);
        let first = published::run(seed, Trace::written()).trace;
        assert!(first == published::run(seed, Trace::written()).trace, "seed {seed}");
        all.insert(first);
    }
    assert_eq!(all.len(), 600, "other seeds give other bytes");
    println!("300 traces have {bytes} bytes.");
}

/// Members that each line must have, beside those of its event, effect or message.
fn required(line: &str) -> &'static [&'static str] {
    match line {
        "start" => &[
            "version",
            "protocol",
            "seed",
            "workers",
            "faults",
            "quorum",
            "radius",
            "stabilisation",
            "byzantine",
            "strategies",
        ],
        "event" => &["time", "worker", "event", "arms"],
        "effect" => &["time", "worker", "effect"],
        "crash" => &["time", "worker", "lost"],
        "end" => &["time", "violations"],
        other => panic!("a line {other}"),
    }
}

fn of_kind(kind: &str) -> &'static [&'static str] {
    match kind {
        "submit" | "compute" => &["sequence", "query"],
        "receive" => &["signer", "message"],
        "computed" => &["sequence", "query", "digest"],
        "tick" => &["sequence"],
        "restart" => &[],
        "persist" => &["sequence", "view"],
        "broadcast" => &["message"],
        "send" => &["to", "message"],
        "decide" => &["sequence", "query", "outcome"],
        "pre-prepare" | "view-change" => &["view", "sequence", "query"],
        "output" | "prepare" | "commit" => &["view", "sequence", "query", "outcome"],
        "propose" => &["view", "sequence", "query", "outcome", "outputs"],
        "new-view" => &["view", "sequence", "query", "view_changes"],
        "decided" => &["view", "sequence", "query", "certificate"],
        other => panic!("a kind {other}"),
    }
}

#[test]
fn lines_have_the_members_of_their_kind() {
    let codes: BTreeSet<&str> = ARMS.iter().map(|a| a.code()).collect();
    let mut kinds = BTreeSet::new();
    for seed in 0..60 {
        let trace = run(&Scenario::new(seed), Trace::written()).trace;
        assert!(trace.is_ascii() && trace.ends_with('\n'));
        let lines: Vec<Value> = trace.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines[0]["line"], "start");
        assert_eq!(lines[0]["version"], VERSION);
        assert_eq!(lines.last().unwrap()["line"], "end");
        let mut time = 0;
        for line in &lines {
            let has = |names: &[&str]| names.iter().all(|n| !line[*n].is_null());
            assert!(has(required(line["line"].as_str().unwrap())), "{line}");
            for name in ["event", "effect", "message"] {
                if let Some(kind) = line[name].as_str() {
                    assert!(has(of_kind(kind)), "{line}");
                    kinds.insert(kind.to_owned());
                }
            }
            for arm in line["arms"].as_array().into_iter().flatten() {
                assert!(codes.contains(arm.as_str().unwrap()), "{line}");
            }
            if let Some(t) = line["time"].as_u64() {
                assert!(t >= time, "{line}");
                time = t;
            }
        }
    }
    assert_eq!(kinds.len(), 18, "{kinds:?}");
}
