//! Verdicts through the real program: what comes with a claim, both sides, and the exit codes one by one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod project;

use project::Project;
use serde_json::{Value, json};

const MEAN: &str = "import std.fusion\n\n@[expect refuted, holds_if Simplex w]\n\
    claim above {k : Nat} (w x : Vec (k + 1) Real) : weighted_mean w x <= max x\n\
    refuted at (k := 0) (w := [2]) (x := [1])\n";

fn goal(said: &project::Said) -> Value {
    said.json()["goals"][0].clone()
}

/// The three goals that `holds_if` adds, in JSON, stored and judged again.
#[test]
fn a_condition_has_three_goals() {
    let p = Project::new("three", "");
    p.write("m.sctt", MEAN);
    for source in ["searched", "stored"] {
        let said = p.run(&["check", "m.sctt", "--format", "json"]);
        said.code(0);
        let g = goal(&said);
        assert_eq!(g["verdict"], "refuted");
        let h = &g["holds_if"][0];
        assert_eq!((&h["without"], &h["verdict"], &h["met"]), (&json!("refuted"), &json!("proved"), &json!(true)));
        assert_eq!(h["message"], "It holds if Simplex of w.");
        assert_eq!(h["hypotheses"]["verdict"], "satisfiable");
        assert_eq!(h["hypotheses"]["proof"]["source"], source);
        let point = h["hypotheses"]["point"].as_array().unwrap();
        let names: Vec<&str> = point.iter().map(|p| p["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["k", "w", "x"], "the point has a value for every variable");
        for part in ["above", "above-if-1", "above-if-1-hypotheses"] {
            assert!(p.proof(&format!("m/{part}")).exists(), "{part}");
        }
    }
    p.run(&["gate"]).code(0);
    for part in ["above-if-1", "above-if-1-hypotheses"] {
        let kept = std::fs::read(p.proof(&format!("m/{part}"))).unwrap();
        std::fs::remove_file(p.proof(&format!("m/{part}"))).unwrap();
        p.run(&["gate"]).code(5).says("m.above");
        std::fs::write(p.proof(&format!("m/{part}")), kept).unwrap();
    }
}

/// Trap T43: a condition that cannot be satisfied makes every claim true, and is never a success.
#[test]
fn t43_a_condition_that_cannot_be_met_is_no_success() {
    for (name, condition, words, hypothesis) in [
        ("alone", "x < 0 /\\ 0 < x", "x is less than 0 and 0 is less than x", "0 <= 1"),
        ("together", "x < 0", "x is less than 0", "0 <= x"),
        ("whole", "n < 0", "n is less than 0", "0 <= x"),
    ] {
        let p = Project::new(&format!("never-{name}"), "");
        let text = format!(
            "import std.real\nimport std.nat\n\n@[expect refuted, holds_if {condition}]\n\
             claim c (n : Nat) (x : Real) (h : {hypothesis}) : x <= x - 1\nrefuted at (n := 0) (x := 1)\n"
        );
        p.write("m.sctt", &text);
        let said = p.run(&["check", "m.sctt", "--format", "json"]);
        said.code(1);
        let g = goal(&said);
        let h = &g["holds_if"][0];
        assert_eq!((&h["verdict"], &h["met"]), (&json!("proved"), &json!(false)), "{name}");
        assert_eq!(h["hypotheses"]["verdict"], "contradictory", "{name}");
        let sentence = format!("The condition {words} contradicts the hypotheses, so it mends nothing.");
        assert_eq!(h["message"], sentence);
        assert!(g["message"].as_str().unwrap().contains(&sentence));
        assert!(!said.out.contains("It holds if"), "{}", said.out);
        assert_eq!(said.json()["summary"]["expected"], 0);
        p.run(&["gate"]).code(5).says("The condition 1 of m.c contradicts its hypotheses.");
    }
}

#[test]
fn a_condition_of_a_true_claim_is_no_success() {
    let p = Project::new("needless", "");
    p.write("m.sctt", "import std.real\n\n@[holds_if 0 <= x]\nclaim c (x : Real) : x <= x + 1\n");
    let said = p.run(&["check", "m.sctt"]);
    said.code(1).says("The condition 0 is at most x is not needed, because the claim is proved.");
    p.run(&["gate"]).code(5).says("The claim m.c has a condition and is not expected to be refuted.");
}

#[test]
fn a_condition_under_which_the_claim_still_fails_is_no_success() {
    let p = Project::new("useless", "");
    p.write("m.sctt", "import std.real\n\n@[expect refuted, holds_if 0 <= x]\nclaim c (x : Real) : x <= 0\n");
    p.run(&["check", "m.sctt"]).code(1).says("It does not hold even if 0 is at most x.");
    p.run(&["gate"]).code(5).says("The claim m.c does not hold under its condition 1.");
}

const VACUOUS: &str = "claim never (x : Real) (h : x < 0) (k : 1 <= x) : x = 7\n";

/// Trap T43: a claim whose hypotheses contradict each other says so, in the sentence, in JSON and at the gate.
#[test]
fn t43_a_vacuous_claim_is_reported_and_refused() {
    let p = Project::new("vacuous", "");
    p.write("m.sctt", &format!("import std.real\n\n{VACUOUS}"));
    let sentence = "It is vacuous: its hypotheses contradict each other. To accept that, mark the claim as vacuous.";
    for source in ["searched", "stored"] {
        let said = p.run(&["check", "m.sctt", "--format", "json"]);
        said.code(1);
        let g = goal(&said);
        assert_eq!((&g["verdict"], &g["vacuous"]), (&json!("proved"), &json!(true)));
        assert_eq!(g["hypotheses"]["verdict"], "contradictory");
        assert_eq!(g["hypotheses"]["proof"]["source"], source);
        assert!(g["message"].as_str().unwrap().contains(sentence), "{g}");
    }
    p.run(&["check", "m.sctt"]).code(1).says(sentence);
    p.run(&["gate"]).code(5).says("The hypotheses of m.never contradict each other, so its proof says nothing.");

    p.write("m.sctt", &format!("import std.real\n\n@[vacuous]\n{VACUOUS}"));
    p.run(&["check", "m.sctt"]).code(0).says("It is vacuous, as marked: its hypotheses contradict each other.");
    p.run(&["gate"]).code(0);
    // The mark must be true: its proof is asked for.
    std::fs::remove_file(p.proof("m/never-hypotheses")).unwrap();
    p.run(&["gate"]).code(5).says("The claim m.never is marked vacuous, but no stored proof shows it.");
    p.write("m.sctt", "import std.real\n\n@[vacuous]\nclaim never (x : Real) (h : 1 <= x) : 0 <= x\n");
    p.run(&["check", "m.sctt"]).code(1).says("It is marked vacuous, but its hypotheses hold at a point.");
    p.run(&["gate"]).code(5).says("The claim m.never is marked vacuous, but its hypotheses hold at a point.");
}

/// What is not vacuous: hypotheses that hold somewhere, none at all, and a conclusion that is itself a contradiction.
#[test]
fn other_claims_are_not_vacuous() {
    let p = Project::new("not-vacuous", "points = true");
    let text = "import std.fusion\n\n\
        claim none (x : Real) : x <= x\n\
        claim somewhere (x : Real) (h : 3/2 < x) (k : x < 1.6) : 1 < x\n\
        claim denial (x : Real) (h : x < 0) : not (1 <= x)\n\
        claim order (x : Real) (h : 0 <= x) : not (x < 0)\n\
        claim mean {k : Nat} (w x : Vec (k + 1) Real) (h : Simplex w) : weighted_mean w x <= max x\n";
    p.write("m.sctt", text);
    let said = p.run(&["check", "m.sctt", "--format", "json"]);
    said.code(0);
    for g in said.json()["goals"].as_array().unwrap() {
        let known = if g["name"] == "m.none" { Value::Null } else { json!("satisfiable") };
        assert_eq!(g["hypotheses"].get("verdict").cloned().unwrap_or_default(), known, "{g}");
        assert_eq!(g["vacuous"], false, "{g}");
    }
    p.run(&["gate"]).code(0);
    std::fs::remove_file(p.proof("m/mean-hypotheses")).unwrap();
    p.run(&["gate"]).code(5).says("No stored point shows that the hypotheses of m.mean can hold.");
    p.run(&["check", "m.sctt", "--goal", "somewhere"]).code(0).says("The hypotheses hold where x is");
}

const FALSE_AXIOM: &str = "import std.real\n\n@[bundle real, reference \"none\"]\naxiom wrong (x : Real) : x < x\n\n";
const BY_AXIOM: &str = "claim c : (1 : Real) < 1\nby exact wrong 1\n";
const AT_POINT: &str = "@[expect refuted]\nclaim c : (1 : Real) < 1\n";

/// A false axiom: the claim and its negation are both accepted, in whatever way the two meet.
#[test]
fn both_sides_stop_with_70() {
    let sentence = "The kernel accepted the claim m.c and its negation.";
    // A proof in the source, and a point that the program finds by itself.
    let p = Project::new("both-searched", "");
    p.write("m.sctt", &format!("{FALSE_AXIOM}claim c (x : Real) : x < x\nby exact wrong x\n"));
    p.run(&["check", "m.sctt"]).code(70).says(sentence);

    // A stored proof, and a refutation in the source.
    let p = Project::new("both-stored", "");
    let hidden = "@[bundle real, reference \"none\"]\naxiom wrong (f : Real -> Real) : f 1 < f 0\n\n";
    let text = |rest: &str| format!("import std.real\n\n{hidden}{rest}");
    p.write("m.sctt", &text("claim c : forall (f : Real -> Real), f 1 < f 0\nby exact wrong\n"));
    let first = p.run(&["check", "m.sctt"]);
    if first.code == 0 {
        p.write(
            "m.sctt",
            &text("@[expect refuted]\nclaim c : forall (f : Real -> Real), f 1 < f 0\nrefuted at (f := fun x => 0)\n"),
        );
        p.run(&["check", "m.sctt"]).code(70).says(sentence);
    } else {
        first.code(70).says(sentence);
    }

    // Two claims that say the same, one proved and one refuted, in one run; and at the gate.
    let p = Project::new("both-claims", "");
    p.write("m.sctt", &text("claim c : forall (f : Real -> Real), f 1 < f 0\nby exact wrong\n"));
    p.run(&["check", "m.sctt"]).code(0);
    let both = "claim c : forall (f : Real -> Real), f 1 < f 0\nby exact wrong\n\
        @[expect refuted]\nclaim d : forall (f : Real -> Real), f 1 < f 0\nrefuted at (f := fun x => 0)\n";
    p.write("m.sctt", &text(both));
    p.run(&["check", "m.sctt"]).code(70).says("The kernel accepted the claim m.c and the negation of m.d");
    p.run(&["check", "m.sctt", "--goal", "d"]).code(0);
    p.run(&["gate"]).code(70).says("The kernel accepted the claim m.c and the negation of m.d");
    let said = p.run(&["check", "m.sctt", "--format", "json"]);
    assert_eq!(said.code(70).json()["problems"][0]["code"], "contradiction");
}

#[test]
fn exit_0_every_verdict_is_as_expected() {
    let p = Project::new("exit-0", "");
    p.write("m.sctt", "claim a : 1 = 1\n@[expect refuted]\nclaim b : 1 = 2\n");
    p.run(&["check", "m.sctt"]).code(0).says("Result: every verdict is as expected.");
}

#[test]
fn exit_1_a_decided_verdict_differs() {
    let p = Project::new("exit-1", "");
    p.write("m.sctt", "claim b : 1 = 2\n");
    p.run(&["check", "m.sctt"]).code(1).says("Result: 1 verdict differs from what is expected.");
    p.write("m.sctt", "@[expect unknown]\nclaim b : 1 = 1\n");
    p.run(&["check", "m.sctt"]).code(1);
}

#[test]
fn exit_2_usage() {
    let p = Project::new("exit-2", "");
    p.write("m.sctt", "claim a : 1 = 1\n");
    for args in [&["check", "m.sctt", "--gaol", "a"][..], &["chekc"], &["check", "m.sctt", "--goal", "b"]] {
        p.run(args).code(2);
    }
    p.write("bfv.toml", "nmae = 1\n");
    p.run(&["check", "m.sctt"]).code(2).says("malformed");
}

#[test]
fn exit_3_ill_formed() {
    let p = Project::new("exit-3", "");
    p.write("m.sctt", "claim a : nothing = 1\n");
    p.run(&["check", "m.sctt"]).code(3).says("Error E0201");
}

const OPEN: &str = "claim root (p q : Nat) (h : p * p = 2 * (q * q)) : q = 0\n";

#[test]
fn exit_4_unknown() {
    let p = Project::new("exit-4", "");
    p.write("m.sctt", &format!("import std.nat\n{OPEN}"));
    p.run(&["check", "m.sctt", "--budget", "2000"]).code(4).says("Unknown: root");
}

#[test]
fn exit_5_policy() {
    let p = Project::new("exit-5", "");
    p.write("m.sctt", "claim a : 1 = 1\n");
    p.run(&["gate"]).code(5).says("The claim m.a has no stored proof.");
}

#[test]
fn exit_70_internal() {
    let p = Project::new("exit-70", "");
    p.write("m.sctt", &format!("{FALSE_AXIOM}{BY_AXIOM}"));
    p.run(&["check", "m.sctt"]).code(70).says("Trust no verdict of this version");
    // Over every other code.
    let text = format!("{FALSE_AXIOM}{BY_AXIOM}claim e : 1 = 2\nclaim f : nothing = 1\n");
    p.write("m.sctt", &text);
    p.run(&["check", "m.sctt"]).code(70).says("Error E0201");
}

#[test]
fn exit_74_input_and_output() {
    let p = Project::new("exit-74", "");
    p.run(&["check", "missing.sctt"]).code(74).says("The file missing.sctt cannot be read");
    // A proof that cannot be stored.
    p.write("m.sctt", "claim a : 1 = 1\n");
    p.write("proofs", "a file where the folder should be");
    p.run(&["check", "m.sctt"]).code(74);
    // Over a wrong verdict and an ill-formed declaration.
    p.write("m.sctt", "claim a : 1 = 1\nclaim b : 1 = 2\nclaim c : nothing = 1\n");
    p.run(&["check", "m.sctt"]).code(74);
}

/// The order of the codes where several apply: 70, 74, 2, 3, 1, 4, 6, 5. What can meet in one run of the real program is met here;
/// the whole order is tested beside the function that decides it.
#[test]
fn exit_codes_in_their_order() {
    let p = Project::new("order", "");
    // 74 over 3: a missing file beside an ill-formed one.
    p.write("bad.sctt", "claim a : nothing = 1\n");
    p.run(&["check", "missing.sctt", "bad.sctt"]).code(74);
    // 2 over 3: a goal that does not exist.
    p.write("m.sctt", "claim a : 1 = 1\nclaim b : nothing = 1\n");
    p.run(&["check", "m.sctt", "--goal", "x"]).code(2);
    // 3 over 1 and 4.
    p.write("m.sctt", &format!("import std.nat\nclaim a : nothing = 1\nclaim b : 1 = 2\n{OPEN}"));
    p.run(&["check", "m.sctt", "--budget", "2000"]).code(3);
    // 1 over 4.
    p.write("m.sctt", &format!("import std.nat\nclaim b : 1 = 2\n{OPEN}"));
    p.run(&["check", "m.sctt", "--budget", "2000"]).code(1);
    // 3 over 5 at the gate.
    p.write("m.sctt", "claim a : 1 = 1\nclaim b : nothing = 1\n");
    p.run(&["gate", "m.sctt"]).code(3);
}

#[test]
fn a_refutation_of_a_false_statement_is_no_contradiction() {
    let p = Project::new("at-point", "");
    p.write("m.sctt", &format!("import std.real\n{AT_POINT}"));
    p.run(&["check", "m.sctt"]).code(0);
}

/// A stored proof names declarations by what they say, and these two say the same: it must be read back about the right one.
#[test]
fn claims_about_data_types_of_one_shape_are_proved() {
    let p = Project::new("one-shape", "");
    let text = "data Colour\n| red\n| green\n\ndata Light\n| stop\n| go\n\n\
        def other (c : Colour) : Colour := match c with | red => green | green => red end\n\
        def change (l : Light) : Light := match l with | stop => go | go => stop end\n\n\
        claim light : change stop = go := fun i => go\n\
        claim both : (other red = green) /\\ (change stop = go) := (fun i => green, fun i => go)\n";
    p.write("m.sctt", text);
    p.run(&["check", "m.sctt"]).code(0).says("2 proved");
    p.run(&["check", "m.sctt", "--locked"]).code(0).says("2 proved");
    p.run(&["gate"]).code(0);
}
