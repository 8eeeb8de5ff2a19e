//! `bfv check --attack-spec`: changed operators that the claims do not notice are said, through the real program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod project;

use project::{Project, Said};
use serde_json::{Value, json};

const TOWARD: &str = "import std.real\n\noperator toward (t a b : Real) : Real := a + t * (b - a)\n\n";

/// Says little: the two ends may be anything else.
const WEAK: &str = "claim stays (t a : Real) : toward t a a = a by unfold toward ring\n";

/// Says everything.
const STRONG: &str = "claim value (t a b : Real) : toward t a b = (1 - t) * a + t * b by unfold toward ring\n";

fn project(name: &str, claims: &str) -> Project {
    let p = Project::new(&format!("attack-{name}"), "");
    p.write("m.sctt", &format!("{TOWARD}{claims}"));
    p
}

fn attacked(p: &Project) -> Value {
    p.run(&["check", "m.sctt", "--attack-spec", "--format", "json"]).json()["attack"].clone()
}

fn results<'v>(attack: &'v Value, result: &str) -> Vec<&'v str> {
    let all = attack["mutants"].as_array().unwrap().iter();
    all.filter(|m| m["result"] == result).map(|m| m["change"].as_str().unwrap()).collect()
}

#[test]
fn weak_claims_let_changes_survive() {
    let p = project("weak", WEAK);
    let attack = attacked(&p);
    let survivors = results(&attack, "survives");
    for change in ["the inputs `a` and `b` are swapped", "the result is the input `b`", "`b - a` becomes `a - b`"] {
        assert!(survivors.contains(&change), "{survivors:?}");
    }
    assert!(results(&attack, "noticed").contains(&"the result is the input `t`"), "{attack}");
    assert_eq!(attack["summary"]["survives"], survivors.len());
    // Each survivor has a point where the operator and the changed one differ.
    for m in attack["mutants"].as_array().unwrap().iter().filter(|m| m["result"] == "survives") {
        assert_eq!(m["differ"].as_array().unwrap().len(), 3, "{m}");
        assert_eq!(m["noticed_by"], Value::Null);
    }
    let said = p.run(&["check", "m.sctt", "--attack-spec"]);
    said.code(0)
        .says("Survives: toward, line 3. The change: the inputs `a` and `b` are swapped. It makes a difference where")
        .says("A claim about the value there would tell.")
        .says("Result: every verdict is as expected, and ");
    // The same again, to the letter.
    assert_eq!(p.run(&["check", "m.sctt", "--attack-spec"]).out, said.out);
}

#[test]
fn a_claim_that_says_everything_notices_every_change() {
    let p = project("strong", STRONG);
    let attack = attacked(&p);
    let summary = &attack["summary"];
    assert_eq!((&summary["survives"], &summary["undecided"]), (&json!(0), &json!(0)), "{attack}");
    assert!(summary["noticed"].as_u64().unwrap() >= 12, "{summary}");
    for m in attack["mutants"].as_array().unwrap() {
        assert_eq!(m["noticed_by"], "m.value");
    }
    p.run(&["check", "m.sctt", "--attack-spec"]).code(0).says("Result: every verdict is as expected.");
    p.run(&["check", "m.sctt", "--attack-spec", "--deny-survivors"]).code(0);
}

/// Survivors are a failure only where they are denied, and a wrong verdict is worse.
#[test]
fn the_exit_code_minds_survivors_only_when_asked() {
    let p = project("exit", WEAK);
    p.run(&["check", "m.sctt", "--attack-spec", "--deny-survivors"]).code(5);
    p.run(&["check", "m.sctt", "--deny-survivors"]).code(2).says("is for --attack-spec");
    p.write("m.sctt", &format!("{TOWARD}{WEAK}claim wrong (t a b : Real) : toward t a b = a\n"));
    let said = p.run(&["check", "m.sctt", "--attack-spec", "--deny-survivors", "--format", "json"]);
    said.code(1);
    // A claim that fails says nothing about what the operator should be.
    assert!(said.json()["attack"].to_string().contains("m.stays"));
    assert!(!said.json()["attack"].to_string().contains("m.wrong"));
}

/// A claim that must fail notices a change that makes it true.
#[test]
fn expected_refutations_notice_too() {
    let p = project("refuted", "@[expect refuted]\nclaim first (t a b : Real) : toward t a b = a\n");
    let attack = attacked(&p);
    assert!(results(&attack, "noticed").contains(&"the result is the input `a`"), "{attack}");
    assert!(results(&attack, "survives").contains(&"the result is the input `b`"), "{attack}");
}

/// A change without effect is no survivor, and a proof that is lost is no notice.
#[test]
fn equal_changes_and_lost_proofs_are_told_apart() {
    let p = Project::new("attack-equal", "");
    p.write(
        "m.sctt",
        "import std.fusion\n\noperator blend {k : Nat} (w x : Vec k Real) : Real := sum i, w i * x i\n\n\
         claim stays {k : Nat} (w x : Vec (k + 1) Real) (hw : Simplex w) : blend w x <= max x := weighted_le w x (max x) hw (le_max x)\n",
    );
    p.run(&["check", "m.sctt"]).code(0);
    let attack = attacked(&p);
    assert_eq!(results(&attack, "equal"), ["the inputs `w` and `x` are swapped"], "{attack}");
    assert!(attack["summary"]["undecided"].as_u64().unwrap() > 0, "{attack}");
    for m in attack["mutants"].as_array().unwrap().iter().filter(|m| m["result"] == "undecided") {
        assert_eq!(m["lost"], json!(["m.stays"]));
    }
}

/// Nothing is stored but the proofs of the claims themselves and what scripts gave; an operator that no claim speaks of is named.
#[test]
fn nothing_else_is_stored_and_silent_operators_are_named() {
    let p = project("stored", &format!("{WEAK}\noperator unused (a : Real) : Real := 2 * a\n"));
    let said: Said = p.run(&["check", "m.sctt", "--attack-spec"]);
    said.code(0).says("No claim of its file speaks of the operator unused, line 7.");
    let mut stored: Vec<_> = std::fs::read_dir(p.path("proofs/m")).unwrap().map(|e| e.unwrap().file_name()).collect();
    stored.sort();
    assert_eq!(stored, ["scripts.bfvl", "stays.bfvp"]);
    p.run(&["gate"]).code(0);
    // With a goal, only that claim is asked.
    p.write("m.sctt", &format!("{TOWARD}{WEAK}{STRONG}"));
    let said = p.run(&["check", "m.sctt", "--attack-spec", "--goal", "stays", "--format", "json"]);
    assert!(!said.json()["attack"].to_string().contains("m.value"));
    // An operator whose claims are not asked is not one without claims.
    p.write(
        "m.sctt",
        &format!(
            "{TOWARD}{WEAK}\noperator thrice (a : Real) : Real := 3 * a\n\nclaim above (a : Real) : thrice a = 3 * a\n"
        ),
    );
    let said = p.run(&["check", "m.sctt", "--attack-spec", "--goal", "stays"]);
    said.code(0).says("No claim was asked about the operator thrice, line 7.");
}

/// The budget bounds each question.
#[test]
fn the_budget_bounds_each_question() {
    let p = project("budget", WEAK);
    let said = p.run(&["check", "m.sctt", "--attack-spec", "--budget", "2000", "--format", "json"]);
    assert_eq!(said.json()["attack"]["steps"], 2000);
    assert_eq!(attacked(&p)["steps"], 10_000);
}
