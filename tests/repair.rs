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

/// A row that holds under a condition.
struct Truth {
    file: &'static str,
    claim: &'static str,
    /// Variables and hypotheses of the claim, and what the table of claims asks for.
    asked: &'static str,
    /// How the condition that is found follows from that; empty where the search sees it.
    script: &'static str,
}

const fn truth(file: &'static str, claim: &'static str, asked: &'static str, script: &'static str) -> Truth {
    Truth { file, claim, asked, script }
}

/// Rows for which a condition is found, with the hypothesis in the table of claims.
const TRUTH: [Truth; 23] = [
    truth("weighted", "a04", "{k : Nat} (w x : Vec (k + 1) Real) (hs : sum w = 1) (truth : forall i, 0 <= w i)", ""),
    truth("weighted", "a05", "{k : Nat} (w : Vec k Real) (hn : forall i, 0 <= w i) (truth : sum w = 1)", ""),
    truth("weighted", "a07", "{k : Nat} (w : Vec k Real) (hw : Simplex w) (truth : forall i j, w i = w j)", ""),
    truth(
        "smooth",
        "a11",
        "{k : Nat} (w x : Vec k Real) (denominator delta : Real) (hd : denominator = sum w) (hn : forall i, 0 <= w i) \
         (hp : 0 < delta) (truth : delta <= sum w)",
        "",
    ),
    truth("weighted", "a19", "(lower upper : Real) (truth : lower <= 0 /\\ 0 <= upper)", ""),
    truth(
        "seed_theorems",
        "s07_weighted",
        "{k : Nat} (w : Vec k Real) (i : Fin k) (eta : Real) (hw : Simplex w) (truth : 1 - eta <= w i)",
        "",
    ),
    truth(
        "seed_theorems",
        "s12",
        "{k : Nat} (d r : Vec (k + 1) Real) (truth : forall i, d i = 0 /\\ r i = 0)",
        "by split { intro i exact (truth i).1 } { intro i exact (truth i).2 }",
    ),
    truth(
        "seed_theorems",
        "s13",
        "(k : Nat) (time fusion : Real) (hk : 1 <= k) (truth : fusion <= time / (10 * of_nat k))",
        "by have t := inv_product 10 (of_nat k) (by { arith }) (of_nat_pos k hk)\n   have j : inv 10 = 1/10 by { refl }\n   \
         rewrite t, j at truth\n   arith",
    ),
    truth("seed_theorems", "s14", "(phases : Nat) (truth : phases = 0)", ""),
    truth(
        "seed_theorems",
        "s19",
        "{m : Nat} (valid : Vec m Real -> Bool) (truth : forall x y t, 0 <= t -> t <= 1 -> valid x = true -> valid y = true \
         -> valid (fun i => t * x i + (1 - t) * y i) = true)",
        "by exact truth",
    ),
    truth("seed_tables", "s25", "(n f q : Nat) (truth : n = 3 * f + 1)", ""),
    truth("seed_tables", "s32", "(chunks : Nat) (truth : chunks <= 512)", ""),
    truth(
        "seed_theorems",
        "s35",
        "{k : Nat} (x : Vec k Real) (c target : Real) (truth : ((forall j, target <= x j) /\\ target <= c) \\/ \
         ((forall j, x j <= target) /\\ c <= target))",
        "by intro none\n   cases truth { inl p => exact none.1 p.1 | inr p => exact none.2 p.1 }",
    ),
    truth("normalisation", "c27", "{d : Nat} (x : Vec d Real) (truth : x != (fun j => 0))", ""),
    truth("normalisation", "c28_any", "(eps : Real) (truth : 0 < eps)", ""),
    truth(
        "normalisation",
        "c30_any",
        "{k : Nat} (x : Vec k Real) (eps : Real) (truth : eps = 0) (spread : variance x != 0)",
        "",
    ),
    truth("pools", "d04", "{k : Nat} (w x : Vec k Real) (truth : forall i, 0 < x i)", ""),
    truth(
        "convex",
        "d13",
        "(f g : Real -> Real) (truth : (Monotone f /\\ Monotone g) \\/ (Antitone f /\\ Antitone g))",
        "by intro a b\n   intro less\n   cases truth { inl p => exact same_way f g p.1 p.2 a b less \
         | inr p => exact same_way_down f g p.1 p.2 a b less }",
    ),
    truth(
        "geodesic",
        "e15",
        "{d : Nat} (x y : Vec d Real) (delta : Real) (hd : 0 < delta) (hx : delta <= norm_two x) (hy : delta <= norm_two y)",
        "",
    ),
    truth(
        "robust",
        "r19",
        "(n : Nat) (truth : exists (m : Nat), n + 1 = 2 * m + 1)",
        "by intro l e\n   cases truth { witness m h => arith }",
    ),
    truth("nonfinite", "r29", "{m : Nat} (x : Vec (2 * m + 1) Float) (truth : forall i, is_finite (x i) = true)", ""),
    truth(
        "byzantine",
        "r31",
        "{n : Nat} (w x : Vec n Real) (honest : Fin n -> Bool) (hw : Simplex w) (truth : sum w < 2 * mass w honest)",
        "",
    ),
    truth("floating", "p12", "(k : Nat) (truth : k + 1 <= 2048)", ""),
];

/// How many rows of the table of claims hold under a condition.
const ROWS: usize = 36;

/// How many of the rows get a hypothesis that is the one of the table of claims, or weaker.
#[test]
fn conditions_of_rows_are_found() {
    let claims = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/claims");
    let p = Project::new("repair-rows", "");
    let mut missed = Vec::new();
    for Truth { file, claim, asked, script } in TRUTH {
        let text = std::fs::read_to_string(claims.join(format!("{file}.sctt"))).unwrap();
        let text = text.replace(", holds_if forall i, 0 <= w i]", "]").replace(", holds_if forall i, 0 < x i]", "]");
        assert!(!text.contains("holds_if "), "{file}");
        p.write("rows.sctt", &text);
        let start = Instant::now();
        let said = p.run(&["check", "rows.sctt", "--repair", "--goal", claim, "--format", "json"]);
        let all = found(&said);
        let [h] = all.as_slice() else {
            missed.push(claim);
            continue;
        };
        let condition = h["condition"].as_str().unwrap();
        println!("{claim}: {condition}, {} ms", start.elapsed().as_millis());
        let module = text.lines().find(|l| l.starts_with("module ")).unwrap().trim_start_matches("module ");
        p.write(
            "weaker.sctt",
            &format!("module weaker\nimport {module}\n\nclaim weaker {asked} : {condition}\n{script}\n"),
        );
        p.run(&["check", "weaker.sctt", "rows.sctt", "--goal", "weaker.weaker"]).code(0).says("Proved: weaker");
    }
    println!("{} of {ROWS} rows", TRUTH.len() - missed.len());
    assert!(missed.is_empty(), "no condition is found any more for {missed:?}");
}
