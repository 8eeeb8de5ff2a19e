//! Claims about protocols through the real program: the run that breaks one, told from fresh and from stored evidence, and as data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;

use folder::{Folder, newcomer};
use serde_json::{Value, json};

const VOTING: &str = include_str!("protocols/voting.sctt");
const PROJECT: &str = "name = \"voting\"\nsources = [\".\"]\n";

fn run(folder: &Folder, args: &[&str]) -> String {
    let o = newcomer(&folder.0, &folder.0, args).output().unwrap();
    String::from_utf8(o.stdout).unwrap()
}

/// The lines that tell a run, in an answer about one goal.
const FIVE: &str = "\
Worker 0 is Byzantine.
Step 1: worker 1 takes vote with v 0.
Step 2: worker 2 takes vote with v 0.
Step 3: worker 3 takes vote with v 1.
Step 4: worker 4 takes vote with v 1.
Step 5: worker 0, Byzantine, sends vote with 0.
Step 6: worker 1 takes decide with v 0. It counts workers 0, 1 and 2.
Step 7: worker 0, Byzantine, sends vote with 1.
Step 8: worker 1 takes decide with v 1. It counts workers 0, 3 and 4.
After 8 steps, five with three fails where w is 1, u is 1, v is 0 and x is 1.
";

#[test]
fn a_run_is_told_the_same_from_fresh_and_from_stored_evidence() {
    let folder = Folder::new("protocols-told");
    folder.write("bfv.toml", PROJECT.as_bytes());
    folder.write("voting.sctt", VOTING.as_bytes());
    let fresh = run(&folder, &["check", "voting.sctt", "--goal", "five_with_three"]);
    assert!(fresh.contains("Counterexample: a run of 8 steps."), "{fresh}");
    assert!(fresh.contains(FIVE), "{fresh}");
    assert!(fresh.contains("Found by: explore."), "{fresh}");
    let stored = run(&folder, &["check", "voting.sctt", "--goal", "five_with_three", "--locked", "--format", "json"]);
    let document: Value = serde_json::from_str(&stored).unwrap();
    let goal = &document["goals"][0];
    assert_eq!(goal["proof"]["source"], "stored");
    let sentences: Vec<&str> =
        goal["run"]["sentences"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    assert_eq!(sentences, FIVE.lines().collect::<Vec<_>>());
    assert_eq!(goal["run"]["byzantine"], json!([0]));
    assert_eq!(
        goal["run"]["steps"][5],
        json!({
            "command": "decide",
            "arguments": [{ "name": "w", "value": "1" }, { "name": "v", "value": "0" }],
            "worker": 1,
            "byzantine": false,
            "counted": [[0, 1, 2]],
        })
    );
    assert_eq!(goal["run"]["fails_at"][3], json!({ "name": "x", "value": "1" }));
}

#[test]
fn what_a_source_gives_is_told_as_well_and_parameters_come_first() {
    let folder = Folder::new("protocols-given");
    folder.write("voting.sctt", VOTING.as_bytes());
    let given = run(&folder, &["check", "voting.sctt", "--goal", "given_by_hand"]);
    assert!(
        given.contains("In this run, n is 1, f is 0. Worker 0 is Byzantine.\nStep 1: worker 0, Byzantine, sends"),
        "{given}"
    );
    assert!(given.contains("Found by: source."), "{given}");
    let explained = run(&folder, &["explain", "given_by_hand", "voting.sctt"]);
    assert!(
        explained.contains("Step 4: worker 0, Byzantine, takes decide with v 1. It counts worker 0."),
        "{explained}"
    );
}

#[test]
fn a_safe_protocol_is_not_refuted_and_the_bounds_are_told() {
    let folder = Folder::new("protocols-safe");
    folder.write("voting.sctt", VOTING.as_bytes());
    let text = run(&folder, &["check", "voting.sctt", "--goal", "enough", "--budget", "30000"]);
    assert!(text.contains("Unknown, as expected: enough"), "{text}");
    assert!(text.contains("Nothing is known of larger ones."), "{text}");
    assert!(!text.contains("does not look into"), "{text}");
}

#[test]
fn the_states_of_a_run_are_written_for_other_programs() {
    let folder = Folder::new("protocols-itf");
    folder.write("bfv.toml", PROJECT.as_bytes());
    folder.write("voting.sctt", VOTING.as_bytes());
    let export = ["export", "counterexample", "five_with_three", "voting.sctt", "--as", "itf", "--replace"];
    let written = || {
        let said = run(&folder, &export);
        assert!(said.starts_with("Wrote 1 file: five_with_three.itf.json."), "{said}");
        std::fs::read_to_string(folder.0.join("five_with_three.itf.json")).unwrap()
    };
    let fresh = written();
    let v: Value = serde_json::from_str(&fresh).unwrap();
    assert_eq!(v["#meta"]["format"], "ITF");
    assert_eq!((&v["params"], &v["vars"]), (&json!(["byz"]), &json!(["byz", "voted", "decided"])));
    let states = v["states"].as_array().unwrap();
    assert_eq!(states.len(), 9);
    let number = |n: u32| json!({ "#bigint": n.to_string() });
    assert_eq!(states[0]["voted"], json!({ "#set": [] }));
    assert_eq!(states[0]["byz"], json!({ "#set": [number(0)] }));
    let pair = |w: u32, v: u32| json!({ "#tup": [number(w), number(v)] });
    assert_eq!(states[8]["decided"], json!({ "#set": [pair(1, 0), pair(1, 1)] }));
    assert_eq!(states[8]["#meta"]["step"], "Step 8: worker 1 takes decide with v 1. It counts workers 0, 3 and 4.");
    // What is stored is written alike.
    run(&folder, &["check", "voting.sctt", "--goal", "five_with_three"]);
    assert_eq!(written(), fresh);
}
