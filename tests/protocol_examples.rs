//! The protocols in `examples/consensus`: the tables of PROTOCOLS.md there and what `bfv` says are the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;

use folder::Folder;
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

/// What the visual layout adds to the runs in all files, by claim: the lines from the head of a chart to the end of the run.
/// They are read off stored evidence, together with the JSON document of the same check.
fn charts() -> (BTreeMap<String, Vec<String>>, BTreeMap<String, serde_json::Value>) {
    let folder = Folder::new("charts");
    let json = folder.0.join("all.json");
    let o = Command::new(env!("CARGO_BIN_EXE_bfv"))
        .args(["check", "examples/consensus", "--locked", "--layout", "visual", "--report"])
        .arg(format!("json={}", json.display()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(o.stdout).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    let goals = document["goals"].as_array().unwrap().iter().filter(|g| g["run"].is_object());
    let runs: BTreeMap<String, serde_json::Value> =
        goals.map(|g| (g["name"].as_str().unwrap().to_owned(), g["run"].clone())).collect();
    // Charts come in the order of the goals, each after the sentence about the end of its run.
    let order = document["goals"].as_array().unwrap().iter().filter(|g| g["run"].is_object());
    let mut lines = text.lines();
    let mut out = BTreeMap::new();
    for g in order {
        let end = g["run"]["sentences"].as_array().unwrap().last().unwrap().as_str().unwrap();
        let name = g["name"].as_str().unwrap();
        assert!(lines.any(|l| l == end), "{name} is not told before it is drawn");
        let mut chart: Vec<String> = Vec::new();
        // The end is told once more, in as many lines as it takes.
        while !chart.join(" ").ends_with(end) {
            chart.push(lines.next().unwrap_or_else(|| panic!("{name} is not drawn to its end")).to_owned());
        }
        out.insert(name.to_owned(), chart);
    }
    (out, runs)
}

const FIVE: &str = "\
Chart of this run: a column for each worker that takes part, and * takes the
step. An arrow is a message. The messages of those with o are counted. Byzantine
workers have BYZ. Steps of no worker are in the column else.
        0    1    2    3    4 else
      BYZ    |    |    |    |    |
   1    <----*---->---->---->---->   vote: v 0; sends voted
   2    <----<----*---->---->---->   vote: v 0; sends voted
   3    <----<----<----*---->---->   vote: v 1; sends voted
   4    <----<----<----<----*---->   vote: v 1; sends voted
   5    *---->---->---->---->---->   sends voted: 0; Byzantine
   6    |    |    |    |    |    *   answer: o 0, v 0
        o----o----o------------->*   counts 0, 1, 2
   7    *---->---->---->---->---->   sends voted: 1; Byzantine
   8    |    |    |    |    |    *   answer: o 1, v 1
        o--------------o----o--->*   counts 0, 3, 4
After 8 steps, n01 five agreement fails where o is 0, p is 1, v is 0 and x is 1.
";

const QUESTION: &str = "\
Chart of this run: a column for each worker that takes part, and * takes the
step. Steps of no worker are in the column else.
     else
------ from here on again ------
   1    *   ask
   2    *   time out
------ again from step 1 ------
This run is fair and has no end, and n39 question terminates at once fails.
";

#[test]
fn every_run_is_drawn_as_a_chart_of_messages() {
    let (charts, runs) = charts();
    assert!(runs.len() > 40, "{} runs", runs.len());
    for (name, run) in &runs {
        let chart = &charts[name];
        assert!(chart.iter().all(|l| l.is_ascii() && l.len() <= 80), "{name}: {chart:#?}");
        assert!(chart[0].starts_with("Chart of this run: "), "{name}: {chart:#?}");
        // Each step has one row, in order, with the command; the sets that it counts have rows after it.
        let steps = run["steps"].as_array().unwrap();
        let taking = steps.iter().map(|s| s["worker"].to_string());
        let counted =
            steps.iter().flat_map(|s| s["counted"].as_array().unwrap().iter().flat_map(|q| q.as_array().unwrap()));
        let byzantine = run["byzantine"].as_array().into_iter().flatten();
        let columns = taking.chain(counted.chain(byzantine).map(|w| w.to_string())).collect::<BTreeSet<_>>().len();
        let row = |l: &String| l.get(..4)?.trim().parse::<usize>().ok();
        let rows: Vec<usize> = chart.iter().filter_map(row).collect();
        assert_eq!(rows, (1..=steps.len()).collect::<Vec<_>>(), "{name}: {chart:#?}");
        for (n, step) in steps.iter().enumerate() {
            let from = chart.iter().position(|l| row(l) == Some(n + 1)).unwrap();
            let rest = chart[from + 1..].iter().position(|l| !l.starts_with("        ")).unwrap();
            let own = chart[from..=from + rest].join("\n");
            let command = step["command"].as_str().unwrap().rsplit('.').next().unwrap();
            let command = command.trim_end_matches("_by_byzantine").replace('_', " ");
            assert!(own.contains(&format!("   {command}")) || own.contains(&format!("   sends {command}")), "{own}");
            assert_eq!(own.contains("; Byzantine"), step["byzantine"] == true, "{name}: {own}");
            for counted in step["counted"].as_array().unwrap() {
                let all: Vec<String> = counted.as_array().unwrap().iter().map(|w| w.to_string()).collect();
                assert!(own.contains(&format!("counts {}", all.join(", "))), "{name}: {own}");
            }
            // Whatever a Byzantine worker sends was not sent before, in a shortest run. A message has an arrow.
            if let Some(message) = step["command"].as_str().unwrap().strip_suffix("_by_byzantine") {
                let message = message.rsplit('.').next().unwrap();
                assert_eq!(step["sends"], serde_json::json!([message]), "{name}: {own}");
            }
            let arrow = own.lines().next().unwrap().contains(['<', '>']);
            assert_eq!(arrow, step["sends"] != serde_json::json!([]) && columns > 1, "{name}: {own}");
        }
        let marked = chart.iter().filter(|l| l.contains("BYZ")).map(|l| l.matches("BYZ").count()).collect::<Vec<_>>();
        let byzantine = run["byzantine"].as_array().map_or(0, Vec::len);
        assert!(byzantine == 0 && marked.is_empty() || marked.last() == Some(&byzantine), "{name}: {chart:#?}");
        let again = chart.iter().filter(|l| l.contains("from here on")).count();
        assert_eq!(again, usize::from(run["repeats_after"].is_u64()), "{name}: {chart:#?}");
    }
    assert_eq!(charts["examples.consensus.liveness.n39_question.terminates_at_once"].join("\n"), QUESTION.trim_end());
    assert_eq!(charts["examples.consensus.wingbeat.n01_five.agreement"].join("\n"), FIVE.trim_end());
}
