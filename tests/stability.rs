//! `bfv measure stability`: verdicts under changes that keep what a claim says, through the real program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod project;

use project::Project;
use serde_json::{Value, json};

const CLAIMS: &str = "import std.real

def double (a : Real) : Real := a + a
def triple (a : Real) : Real := double a + a
def zero : Real := 0

claim grows (a b : Real) (h : a < b) (g : 0 < a) : a + a < b + b

claim fails (a : Real) : a * a <= a

claim own (a b : Real) (h : a = b) : triple a = 3 * b by unfold triple, double rewrite h ring

claim square (a b : Real) : a * b <= (a * a + b * b) / 2

claim open (p q : Nat) (h : p * p = 2 * (q * q)) : q = 0
";

fn project(name: &str) -> Project {
    let p = Project::new(&format!("stability-{name}"), "");
    p.write("m.sctt", CLAIMS);
    p
}

fn goal<'v>(v: &'v Value, name: &str) -> &'v Value {
    v["goals"].as_array().unwrap().iter().find(|g| g["name"] == name).unwrap_or_else(|| panic!("{name}: {v}"))
}

#[test]
fn verdicts_are_compared_after_changes_that_keep_the_meaning() {
    let p = project("all");
    let said = p.run(&["measure", "stability", "m.sctt", "--budget", "20000", "--format", "json"]);
    said.code(0);
    let v = said.json();
    for (name, verdict) in [("m.grows", "proved"), ("m.fails", "refuted")] {
        let g = goal(&v, name);
        assert_eq!(
            (&g["verdict"], &g["stable"], &g["own_evidence"]),
            (&json!(verdict), &json!(true), &json!(false)),
            "{g}"
        );
        let changes = g["changes"].as_array().unwrap();
        // A claim with one variable and no hypothesis has fewer places.
        assert_eq!(changes.len(), if name == "m.grows" { 8 } else { 6 }, "{g}");
        assert!(changes.iter().all(|c| c["verdict"] == verdict && c["steps"].as_u64().unwrap() > 0), "{g}");
        let steps = |k: &str| g["steps"][k].as_u64().unwrap();
        assert!(steps("least") <= steps("median") && steps("median") <= steps("most"), "{g}");
        assert!(steps("least") <= steps("unchanged") && steps("unchanged") <= steps("most"), "{g}");
    }
    // Names, sides, order, hypotheses and declarations are changed.
    let texts: Vec<&str> =
        goal(&v, "m.grows")["changes"].as_array().unwrap().iter().map(|c| c["change"].as_str().unwrap()).collect();
    for kind in
        ["has the name", "becomes", "change places", "which is not used", "stand in another order", "half the steps"]
    {
        assert!(texts.iter().any(|t| t.contains(kind)), "{kind}: {texts:?}");
    }
    // A proof in the source counts where the search alone finds none, and what is unknown is not measured.
    assert_eq!(goal(&v, "m.own")["verdict"], "proved");
    assert_eq!(v["undecided"], json!(["m.open"]));
    assert_eq!(v["summary"]["claims"], 4);
}

#[test]
fn the_text_is_sentences_and_the_same_for_a_seed() {
    let p = project("text");
    let args = ["measure", "stability", "m.sctt", "--goal", "grows"];
    let said = p.run(&args);
    said.code(0)
        .says("Measured 1 claim: 1 stable, 0 unstable, 0 unknown.")
        .says("Stable: grows, line 7. It stays proved after 8 of 8 changes. Steps of the search: least ")
        .says("Result: 8 of 8 changes kept the verdict.");
    assert_eq!(p.run(&args).out, said.out);
    let json = |seed: &str| p.run(&[&args[..], &["--seed", seed, "--format", "json"]].concat()).json();
    assert_ne!(json("1")["goals"], json("2")["goals"]);
    assert_eq!(json("1"), json("1"));
    let few = p.run(&[&args[..], &["--changes", "2"]].concat());
    few.says("Result: 2 of 2 changes kept the verdict.");
    assert!(!p.path("proofs").exists(), "something was stored");
}

/// A budget that is only just enough is not enough any more when halved: that is said, and is no failure.
#[test]
fn what_is_lost_is_said() {
    let p = project("lost");
    let steps = |v: &Value| goal(v, "m.square")["steps"]["unchanged"].as_u64().unwrap();
    let args = ["measure", "stability", "m.sctt", "--goal", "square", "--format", "json"];
    let used = steps(&p.run(&args).json());
    let budget = (used + used / 2).to_string();
    let said = p.run(&["measure", "stability", "m.sctt", "--goal", "square", "--budget", &budget]);
    said.code(0)
        .says("Unstable: square, line 13.")
        .says("It is unknown after this change: the search may take half the steps.");
}

/// No change makes a name mean another thing: `c` is a definition in the first binder and a variable in the second.
#[test]
fn names_are_not_captured() {
    let p = Project::new("stability-capture", "");
    p.write(
        "m.sctt",
        "import std.real\n\ndef c : Real := 1\n\nclaim a (h : c = 0) (c : Real) : c = 1\n\n\
         @[expect refuted]\nclaim b (h : c = 1) (c : Real) : c = 1\n",
    );
    p.run(&["measure", "stability", "m.sctt", "--changes", "30"]).code(0);
}

#[test]
fn mistakes_are_said_and_nothing_is_measured() {
    let p = project("mistakes");
    p.run(&["measure", "stability", "m.sctt", "--goal", "grosw"]).code(2).says("--goal grows");
    p.run(&["measure"]).code(2).says("bfv measure stability FILE");
    p.run(&["measure", "stabilty", "m.sctt"]).code(2).says("bfv measure stability m.sctt");
    p.run(&["measure", "stability", "m.sctt", "--changes", "0"]).code(2);
    p.run(&["measure", "stability", "no.sctt"]).code(74);
    p.write("m.sctt", "claim a : 0 = true\n");
    p.run(&["measure", "stability", "m.sctt"]).code(3);
}
