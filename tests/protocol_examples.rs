//! The protocols in `examples/consensus`: the tables of PROTOCOLS.md there and what `bfv` says are the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The files of protocols.
const FILES: [&str; 9] =
    ["broadcast", "voting", "bosco", "tendermint", "rounds", "commit", "wingbeat", "paxos", "liveness"];

/// The rows of a table of the page, by their cells; the table is known by the word at the head of its first column.
fn rows(head: &str) -> Vec<Vec<String>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/consensus/PROTOCOLS.md");
    let text = std::fs::read_to_string(page).unwrap();
    let cells = |l: &str| -> Vec<String> {
        l.trim().trim_matches('|').split('|').map(|c| c.trim().trim_matches('`').to_owned()).collect()
    };
    let mut lines = text.lines().skip_while(|l| !l.starts_with(&format!("| {head} |")));
    let width = cells(lines.next().unwrap_or_else(|| panic!("there is no table of {head}"))).len();
    let rows: Vec<_> = lines.skip(1).take_while(|l| l.starts_with('|')).map(cells).collect();
    assert!(rows.iter().all(|r| r.len() == width), "{rows:?}");
    rows
}

/// What `bfv` says of each claim, searched anew so that runs are told, by file, protocol and property.
fn judged() -> &'static BTreeMap<String, serde_json::Value> {
    static JUDGED: OnceLock<BTreeMap<String, serde_json::Value>> = OnceLock::new();
    JUDGED.get_or_init(|| {
        let o = Command::new(env!("CARGO_BIN_EXE_bfv"))
            .args(["check", "--fresh", "--locked", "--format", "json"])
            .args(FILES.map(|f| format!("examples/consensus/{f}.sctt")))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert_eq!(o.status.code(), Some(0), "{}", String::from_utf8_lossy(&o.stdout));
        let document: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
        let named = document["goals"].as_array().unwrap().iter().map(|g| {
            let name = g["name"].as_str().unwrap().strip_prefix("examples.consensus.").unwrap();
            (name.to_owned(), g.clone())
        });
        named.collect()
    })
}

#[test]
fn the_table_says_what_the_run_says() {
    let told: Vec<(String, String)> = rows("claim").into_iter().map(|r| (r[0].clone(), r[1].clone())).collect();
    let found: BTreeMap<String, String> =
        judged().iter().map(|(n, g)| (n.clone(), g["verdict"].as_str().unwrap().to_owned())).collect();
    assert_eq!(told.iter().cloned().collect::<BTreeMap<_, _>>(), found);
    assert_eq!(told.len(), found.len(), "a claim stands twice in the table");
}

#[test]
fn every_protocol_has_a_source() {
    let told: BTreeSet<String> = rows("protocol").into_iter().map(|r| r[0].clone()).collect();
    let found: BTreeSet<String> = judged().keys().map(|n| n.rsplit_once('.').unwrap().0.to_owned()).collect();
    assert_eq!(told, found);
}

/// A refuted property is shown with the run that breaks it, step by step, as long as the table says; an unknown one has a reason.
#[test]
fn what_is_broken_is_shown() {
    let mut broken = BTreeSet::new();
    for row in rows("claim") {
        let [name, verdict, steps, ..] = &*row else { panic!("{row:?}") };
        let goal = &judged()[name.as_str()];
        assert_eq!(goal["expected"], verdict.as_str(), "{name}");
        match verdict.as_str() {
            "refuted" => {
                let run = goal["run"]["steps"].as_array().unwrap_or_else(|| panic!("{name} has no run"));
                assert_eq!(steps.parse::<usize>().unwrap(), run.len(), "{name}");
                let said: Vec<&str> =
                    goal["run"]["sentences"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
                for n in 1..=run.len() {
                    assert!(said.iter().any(|s| s.starts_with(&format!("Step {n}: "))), "{name}: {said:?}");
                }
                assert!(said.last().unwrap().contains(" fails"), "{name}: {said:?}");
                broken.insert(name.rsplit_once('.').unwrap().0.to_owned());
            }
            "proved" => assert_eq!((goal["vacuous"].as_bool(), steps.as_str()), (Some(false), ""), "{name}"),
            "unknown" => assert!(goal["reason"].is_string() && steps.is_empty(), "{name}"),
            other => panic!("{name}: {other} is no verdict"),
        }
    }
    // Protocols of which nothing is proved.
    let proved: BTreeSet<String> = judged()
        .iter()
        .filter(|(_, g)| g["verdict"] == "proved")
        .map(|(n, _)| n.rsplit_once('.').unwrap().0.to_owned())
        .collect();
    let only_broken = broken.difference(&proved).count();
    assert!(only_broken >= 10, "only {only_broken} broken variants");
}

/// A protocol of which something is proved does something: a claim that it never does is refuted.
#[test]
fn what_is_proved_is_not_trivial() {
    let mut verdicts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, goal) in judged() {
        let protocol = name.rsplit_once('.').unwrap().0;
        verdicts.entry(protocol).or_default().insert(goal["verdict"].as_str().unwrap());
    }
    for (protocol, found) in verdicts {
        assert!(!found.contains("proved") || found.contains("refuted"), "{protocol} may do nothing");
    }
}
