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
            "sends": [],
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

const SWITCH: &str = "module demo
import std.live

protocol switch
  relation lit : Fin 1 -> Bool
  function on : Bool := false
  relation ready : Fin 1 -> Bool
  command prepare (w : Fin 1) when not ready w do ready w := true
  command press (w : Fin 1) when ready w do on := if on then false else true
  command light (w : Fin 1) when on do lit w := true
  decides lit
  @[expect refuted]
  live comes under fair prepare, press, light : exists w, lit w
  @[expect refuted]
  live ready_first under fair light : exists w, ready w
end
";

/// A run without end is told once, with what repeats; as data it says to which state it returns.
#[test]
fn a_run_without_end_is_told_with_what_repeats() {
    let folder = Folder::new("protocols-live");
    folder.write("bfv.toml", PROJECT.as_bytes());
    folder.write("demo.sctt", SWITCH.as_bytes());
    let told = run(&folder, &["check", "demo.sctt", "--goal", "switch.comes"]);
    let says = "a run of 1 step, then of 2 steps again and again.";
    assert!(told.contains(&format!("Refuted, as expected: switch comes, line 13. Counterexample: {says}")), "{told}");
    let lines = "Step 1: worker 0 takes prepare.\nFrom here these steps repeat for ever.\nStep 2: worker 0 takes press.\n\
                 Step 3: worker 0 takes press.\nThis run is fair and has no end, and switch comes fails.\n";
    assert!(told.contains(lines), "{told}");
    let still = run(&folder, &["check", "demo.sctt", "--goal", "ready_first"]);
    assert!(still.contains("Counterexample: a run that stands still after 0 steps."), "{still}");
    assert!(still.contains("From here nothing more happens.\n"), "{still}");
    let stored = run(&folder, &["check", "demo.sctt", "--goal", "switch.comes", "--locked", "--format", "json"]);
    let goal = &serde_json::from_str::<Value>(&stored).unwrap()["goals"][0];
    assert_eq!((&goal["proof"]["source"], &goal["run"]["repeats_after"]), (&json!("stored"), &json!(1)), "{goal}");
    let said = run(&folder, &["export", "counterexample", "switch.comes", "demo.sctt", "--as", "itf", "--replace"]);
    let file = std::fs::read_dir(&folder.0).unwrap().map(|f| f.unwrap().path());
    let file =
        file.into_iter().find(|f| f.to_string_lossy().ends_with(".itf.json")).unwrap_or_else(|| panic!("{said}"));
    let itf: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    // Not ready, ready, and on; then it is as before the light was on.
    assert_eq!((itf["states"].as_array().unwrap().len(), &itf["loop"]), (3, &json!(1)), "{itf}");
    assert_eq!((&itf["states"][1]["on"], &itf["states"][2]["on"]), (&json!(false), &json!(true)), "{itf}");
}

#[test]
fn liveness_needs_its_module() {
    let folder = Folder::new("protocols-live-module");
    folder.write("demo.sctt", SWITCH.replace("std.live", "std.protocol").as_bytes());
    let said = run(&folder, &["check", "demo.sctt"]);
    assert!(said.contains("A liveness property needs the module `std.live`, which is not imported here."), "{said}");
}

/// A refutation by a lasso that is written with the property, with the steps that the kernel asks for.
const BLINKING: &str = include_str!("protocols/blinking.sctt");

#[test]
fn the_lasso_that_is_printed_may_be_written() {
    let folder = Folder::new("protocols-lasso-written");
    let goal = |text: &str| -> Value {
        folder.write("blinking.sctt", text.as_bytes());
        let said = run(&folder, &["check", "blinking.sctt", "--format", "json"]);
        let document: Value = serde_json::from_str(&said).unwrap();
        document["goals"][0].clone()
    };
    // The search prints a run.
    let (before, _) = BLINKING.split_once("    refuted at").unwrap();
    let found = goal(&format!("{before}end\n"));
    assert_eq!((&found["verdict"], &found["proof"]["engine"]), (&json!("refuted"), &json!("explore")), "{found}");
    let point = &found["counterexample"][0];
    assert_eq!(point, &json!({ "name": "course", "value": "lasso [] [blinking.switch, blinking.switch]" }));
    // In these words it is a witness.
    let printed = point["value"].as_str().unwrap();
    let written = BLINKING.replacen("lasso [] [switch, switch]", printed, 1);
    assert_ne!(written, BLINKING);
    for text in [BLINKING, &written] {
        let given = goal(text);
        assert_eq!((&given["verdict"], &given["run"]["repeats_after"]), (&json!("refuted"), &json!(0)), "{given}");
        assert_ne!(given["proof"]["engine"], "explore", "{given}");
    }
    // One step does not come back to where the run begins.
    folder.write("blinking.sctt", BLINKING.replace("[switch, switch]", "[switch]").as_bytes());
    let said = run(&folder, &["check", "blinking.sctt"]);
    assert!(said.contains("Error E"), "{said}");
}
