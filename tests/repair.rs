//! `bfv check --repair`: the missing hypothesis of a refuted claim, found, proved, met at a point, stored and read back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod project;

use project::{Project, Said};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

const ABOVE: &str = "import std.fusion\n\n@[expect refuted]\n\
    claim above {k : Nat} (w x : Vec (k + 1) Real) : weighted_mean w x <= max x\n\
    refuted at (k := 0) (w := [2]) (x := [1])\n";

/// The files of a repair of the claim `above` in the module `m`.
const FILES: [&str; 2] = ["m/above-repair", "m/above-repair-hypotheses"];

fn found(said: &Said) -> Vec<Value> {
    said.json()["goals"][0]["holds_if"].as_array().unwrap().clone()
}

/// A project with one file.
fn project(name: &str, text: &str) -> Project {
    let p = Project::new(&format!("repair-{name}"), "");
    p.write("m.sctt", text);
    p
}

fn repaired(name: &str, text: &str) -> Said {
    project(name, text).run(&["check", "m.sctt", "--repair", "--format", "json"])
}

#[test]
fn a_condition_is_found_stored_and_read_back() {
    let p = project("stored", ABOVE);
    // Without the option nothing is looked for.
    assert_eq!(found(&p.run(&["check", "m.sctt", "--format", "json"])), Vec::<Value>::new());
    assert!(FILES.iter().all(|f| !p.proof(f).exists()));
    let said = p.run(&["check", "m.sctt", "--repair", "--format", "json"]);
    said.code(0);
    let [h] = found(&said).try_into().unwrap();
    assert_eq!(h["condition"], "Simplex w");
    assert_eq!((&h["source"], &h["minimal"], &h["met"]), (&json!("searched"), &json!(true), &json!(true)));
    assert_eq!((&h["without"], &h["verdict"]), (&json!("refuted"), &json!("proved")));
    assert_eq!(h["hypotheses"]["verdict"], "satisfiable");
    let names: Vec<&str> =
        h["hypotheses"]["point"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["k", "w", "x"]);
    let sentence = "It holds if Simplex of w. This condition was found by a search.";
    assert_eq!(h["message"], format!("{sentence} Nothing weaker that was tried is proved."));
    assert!(FILES.iter().all(|f| p.proof(f).exists()));
    // What is stored is read back whatever is asked for, and nothing is said of a search that was not made.
    for more in [&["--locked"][..], &["--repair"], &[]] {
        let said = p.run(&[&["check", "m.sctt", "--format", "json"], more].concat());
        said.code(0);
        let [h] = found(&said).try_into().unwrap();
        assert_eq!((&h["source"], &h["minimal"], &h["message"]), (&json!("searched"), &json!(false), &json!(sentence)));
        assert_eq!(h["hypotheses"]["proof"]["source"], "stored");
    }
    p.run(&["explain", "above", "m.sctt"]).says("It holds if Simplex of w.");
    p.run(&["gate"]).code(0);
}

/// Nothing is searched under `--locked`, and the two options together are a mistake.
#[test]
fn locked_searches_for_no_condition() {
    let p = project("locked", ABOVE);
    p.run(&["check", "m.sctt"]).code(0);
    let said = p.run(&["check", "m.sctt", "--locked", "--format", "json"]);
    assert_eq!(found(&said), Vec::<Value>::new());
    p.run(&["check", "m.sctt", "--locked", "--repair"]).code(2).says("--repair");
    // A stored one that does not count is not replaced either.
    p.run(&["check", "m.sctt", "--repair"]).code(0);
    std::fs::write(p.proof(FILES[0]), "no proof").unwrap();
    assert_eq!(found(&p.run(&["check", "m.sctt", "--locked", "--format", "json"])), Vec::<Value>::new());
    assert_eq!(std::fs::read(p.proof(FILES[0])).unwrap(), b"no proof");
    // Without the option it is searched for again, like any proof.
    assert_eq!(found(&p.run(&["check", "m.sctt", "--format", "json"])).len(), 1);
    p.run(&["gate"]).code(0);
}

/// The gate judges what is stored, and accepts no half of it.
#[test]
fn the_gate_judges_a_repair() {
    let p = project("gate", ABOVE);
    p.run(&["check", "m.sctt", "--repair"]).code(0);
    p.run(&["gate"]).code(0);
    for file in FILES {
        let kept = std::fs::read(p.proof(file)).unwrap();
        std::fs::remove_file(p.proof(file)).unwrap();
        p.run(&["gate"]).code(5).says("m.above");
        std::fs::write(p.proof(file), &kept[..kept.len() - 1]).unwrap();
        p.run(&["gate"]).code(5).says("m.above");
        std::fs::write(p.proof(file), kept).unwrap();
    }
    p.run(&["gate"]).code(0);
    // Of another claim it is stale, until check has looked for it again, as it does for any proof that does not count.
    p.write("m.sctt", &ABOVE.replace("weighted_mean w x <= max x", "min x <= weighted_mean w x").replace("[2]", "[0]"));
    p.run(&["gate"]).code(5).says("belongs to an earlier form");
    p.run(&["check", "m.sctt"]).code(0).says("It holds if Simplex of w.");
    p.run(&["gate"]).code(0);
    // A claim that has a condition of its own, or is not expected to fail, has none.
    for attribute in ["expect refuted, holds_if Simplex w", "expect unknown"] {
        p.write("m.sctt", &ABOVE.replace("expect refuted", attribute));
        p.run(&["check", "m.sctt"]);
        p.run(&["gate"]).code(5).says("above-repair.bfvp belongs to no claim");
    }
}

/// A proof that is stored with the text of another condition is no proof of it.
#[test]
fn the_text_of_a_stored_condition_must_be_what_is_proved() {
    let p = project("text", ABOVE);
    p.run(&["check", "m.sctt", "--repair"]).code(0);
    let bytes = std::fs::read(p.proof(FILES[0])).unwrap();
    for text in ["0 <= 1", "forall i, 0 <= w i", "Simplex x", "Simplex w\nclaim d : 0 <= 1", "", "by arith"] {
        let mut stored = bfv_format::read(&bytes).unwrap();
        stored.witness = vec![("condition".into(), text.into())];
        std::fs::write(p.proof(FILES[0]), bfv_format::write(&stored)).unwrap();
        p.run(&["gate"]).code(5).says("earlier form");
        let said = p.run(&["check", "m.sctt", "--locked", "--format", "json"]);
        assert_eq!(found(&said), Vec::<Value>::new(), "{text}");
    }
}

/// A claim that is meant to hold gets its condition shown; it is to be mended in the source, so nothing is stored.
#[test]
fn a_claim_that_should_hold_stores_no_repair() {
    let p = project("meant", &ABOVE.replace("@[expect refuted]\n", ""));
    let said = p.run(&["check", "m.sctt", "--repair", "--format", "json"]);
    said.code(1);
    assert_eq!(found(&said)[0]["condition"], "Simplex w");
    assert!(FILES.iter().all(|f| !p.proof(f).exists()));
}

/// A condition that contradicts the hypotheses proves everything, and is refused.
#[test]
fn a_vacuous_condition_is_refused() {
    // With x <= 0 it would be proved, for no x at all.
    let said = repaired(
        "vacuous",
        "import std.real\n\n@[expect refuted]\nclaim c (x : Real) (h : 0 < x) : x * x <= 0 - 1\nrefuted at (x := 1)\n",
    );
    said.code(0);
    assert_eq!(found(&said), Vec::<Value>::new());
    let message = said.json()["goals"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("No condition in the menu was found to mend it."), "{message}");
}

/// Of conditions that are enough the weakest is reported, and each part of a conjunction is needed.
#[test]
fn what_is_reported_is_minimal() {
    for (name, binders, conclusion, point, condition) in [
        // Positive numbers would do, and so would those from 0 to 1.
        ("sign", "(x : Real)", "0 <= 2 * x", "(x := 0 - 2)", "0 <= x"),
        ("both", "(t : Real)", "t * t <= t", "(t := 2)", "0 <= t /\\ t <= 1"),
        (
            "one",
            "{k : Nat} (w x : Vec (k + 1) Real) (hs : sum w = 1)",
            "weighted_mean w x <= max x",
            "",
            "forall i, 0 <= w i",
        ),
        (
            "sum",
            "{k : Nat} (w : Vec k Real) (hn : forall i, 0 <= w i)",
            "sum w != 0",
            "(k := 0) (w := [])",
            "sum w != 0",
        ),
    ] {
        let imports = "import std.fusion\nimport std.order\n\n";
        let refutation = if point.is_empty() { String::new() } else { format!("refuted at {point}\n") };
        let text = format!("{imports}@[expect refuted]\nclaim c {binders} : {conclusion}\n{refutation}");
        let said = repaired(name, &text);
        said.code(0);
        let all = found(&said);
        assert_eq!(all.len(), 1, "{name}: {}", said.out);
        assert_eq!(all[0]["condition"], condition, "{name}");
        // Without one part it fails.
        let parts: Vec<&str> = condition.split(" /\\ ").collect();
        for part in parts.iter().filter(|_| parts.len() > 1) {
            let p = project("part", &format!("{imports}claim c {binders} (h : {part}) : {conclusion}\n"));
            p.run(&["check", "m.sctt"]).code(1).says("Refuted: c");
        }
    }
}

/// The steps are shared by all conditions; when they are used up, that is said, and nothing is reported.
#[test]
fn the_search_has_a_budget() {
    let p = project("budget", ABOVE);
    let said = p.run(&["check", "m.sctt", "--repair", "--budget", "3000", "--format", "json"]);
    assert_eq!(found(&said), Vec::<Value>::new());
    let message = said.json()["goals"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("used up its steps"), "{message}");
}

/// Rows that hold under a condition: their claims, and that the hypothesis in the table of claims implies what is found.
const TRUTH: [(&str, &str, &str); 4] = [
    ("weighted", "a04", "{k : Nat} (w x : Vec (k + 1) Real) (hs : sum w = 1) (truth : forall i, 0 <= w i)"),
    (
        "smooth",
        "a11",
        "{k : Nat} (w x : Vec k Real) (denominator delta : Real) (hd : denominator = sum w) (hn : forall i, 0 <= w i) \
         (hp : 0 < delta) (truth : delta <= sum w)",
    ),
    ("seed_tables", "s25", "(n f q : Nat) (truth : n = 3 * f + 1)"),
    (
        "byzantine",
        "r31",
        "{n : Nat} (w x : Vec n Real) (honest : Fin n -> Bool) (hw : Simplex w) (truth : sum w < 2 * mass w honest)",
    ),
];

/// How many rows that hold under a condition the project states.
const ROWS: usize = 22;

/// How many of the rows get a hypothesis that is the one of the table of claims, or weaker.
#[test]
fn conditions_of_rows_are_found() {
    let claims = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/claims");
    let p = Project::new("repair-rows", "");
    let mut count = 0;
    for (file, row, before) in TRUTH {
        let text = std::fs::read_to_string(claims.join(format!("{file}.sctt"))).unwrap();
        let text = text.replace(", holds_if forall i, 0 <= w i]", "]");
        assert!(!text.contains("holds_if"), "{file}");
        p.write("rows.sctt", &text);
        let start = Instant::now();
        let said = p.run(&["check", "rows.sctt", "--repair", "--goal", row, "--format", "json"]);
        let [h] = found(&said).try_into().unwrap();
        let condition = h["condition"].as_str().unwrap();
        println!("{row}: {condition}, {} ms", start.elapsed().as_millis());
        let module = text.lines().find(|l| l.starts_with("module ")).unwrap().trim_start_matches("module ");
        p.write("weaker.sctt", &format!("module weaker\nimport {module}\n\nclaim weaker {before} : {condition}\n"));
        p.run(&["check", "weaker.sctt", "rows.sctt", "--goal", "weaker.weaker"]).code(0).says("Proved: weaker");
        count += 1;
    }
    println!("{count} of {ROWS} rows");
    assert!(count >= 4);
}
