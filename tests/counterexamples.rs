//! The counterexamples with numbers of the table of claims, put into the formal claims: the kernel must refute each claim exactly there.
//!
//! The table lies outside the project. Where it is not found, there is nothing to compare with, and the tests say so and pass.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod claims;
#[path = "counterexamples/numbers.rs"]
mod numbers;
mod project;
#[path = "counterexamples/rows.rs"]
mod rows;

use numbers::v;
use rows::{ROWS, Use};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Counterexamples by row, for rows that are not simply true; nothing without the table.
fn table() -> Option<BTreeMap<String, Value>> {
    let path = root().join("../shared/claims/fusion_claims.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("Not compared: there is no table of claims at ../shared/claims.");
        return None;
    };
    let document: Value = serde_json::from_str(&text).unwrap();
    let rows = document["rows"].as_array().unwrap();
    Some(rows.iter().map(|r| (r["id"].as_str().unwrap().to_owned(), r["evidence"]["counterexample"].clone())).collect())
}

/// Whether a counterexample says anything beside its row.
fn says_something(c: &Value) -> bool {
    c.as_object().is_some_and(|o| !o.is_empty())
}

/// A row in the examples: the file without its claims, and the claim of the row.
struct Formal {
    file: String,
    rest: String,
    claim: String,
}

impl Formal {
    /// The file with only this claim, refuted at a point, by the claim's own script unless the point brings one.
    fn at(&self, point: &str) -> String {
        let (statement, script) = taken_apart(&self.claim);
        let claim = match (point, script) {
            (at, _) if at.contains(" by\n") => format!("{statement}\nrefuted at {at}"),
            (at, Some(script)) => format!("{statement}\nrefuted at {at} by\n  {script}"),
            (at, None) => format!("{statement}\nrefuted at {at}"),
        };
        format!("{}\n\n@[expect refuted]\n{claim}\n", self.rest)
    }
}

/// The claims named by a row of the table, such as `a04` and not `a04_tight`.
/// Rows that begin with K are this project's own: they are in no table, and `tests/rows.rs` says how they are decided.
fn formal() -> BTreeMap<String, Formal> {
    let mut out = BTreeMap::new();
    for rows in claims::rows() {
        for claim in rows.claims {
            let name = claim.name;
            // Rows of this project's own, H and K, are in no table.
            if name.len() == 3 && !name.starts_with(['h', 'k']) && name[1..].chars().all(|c| c.is_ascii_digit()) {
                let found = Formal { file: rows.file.clone(), rest: rows.rest.clone(), claim: claim.text };
                assert!(out.insert(name.to_uppercase(), found).is_none(), "{name} is claimed twice");
            }
        }
    }
    assert!(out.len() >= 50, "{} rows", out.len());
    out
}

/// The statement of a claim, and the script of its `refuted at`, where it has one.
fn taken_apart(claim: &str) -> (&str, Option<&str>) {
    let Some((statement, at)) = claim.split_once("refuted at") else { return (claim, None) };
    let script = at.find(" by\n").or_else(|| at.find(" by ")).map(|n| at[n + 4..].trim());
    (statement.trim_end(), script)
}

#[test]
fn every_counterexample_with_numbers_refutes_its_claim() {
    let Some(table) = table() else { return };
    let formal = formal();
    let dir = std::env::temp_dir().join(format!("bfv-counterexamples-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (mut refuted, mut results, mut reasons, mut missing) = (0, 0, Vec::new(), Vec::new());
    for (id, f) in &formal {
        let Some(c) = table.get(id) else { panic!("{id} in {} is no row of the table", f.file) };
        if !says_something(c) {
            continue;
        }
        let Some(row) = ROWS.iter().find(|r| r.id == id) else {
            missing.push(format!("{id}: {c}"));
            continue;
        };
        let points = match row.how {
            Use::At(make) => make(c),
            Use::Reason(why) => {
                reasons.push(format!("{id}: {why}"));
                continue;
            }
        };
        for (n, point) in points.iter().enumerate() {
            let mut text = f.at(point);
            let wanted = if n == 0 { (row.results)(c) } else { Vec::new() };
            for (k, statement) in wanted.iter().enumerate() {
                text += &format!("\nclaim result_{k} : {statement}\n");
            }
            judge(&dir, id, &text, wanted.len());
            refuted += 1;
            results += wanted.len();
        }
    }
    std::fs::remove_dir_all(dir).unwrap();
    assert!(
        missing.is_empty(),
        "rows with a counterexample and neither a mapping nor a reason in tests/counterexamples.rs: {missing:#?}"
    );
    println!("Counterexamples of the table: {refuted} refute their claim, {results} results of theirs are proved.");
    for r in &reasons {
        println!("Not used, {r}");
    }
    assert!(refuted >= 45 && results >= 25, "{refuted} {results}");
}

/// The claim is refuted at the point that is given, and every result is proved.
fn judge(dir: &Path, id: &str, text: &str, results: usize) {
    std::fs::write(dir.join("m.sctt"), text).unwrap();
    let said = project::run(dir, &["check", "m.sctt", "--format", "json"]);
    assert_eq!(said.code, 0, "{id}: {}{}\n{text}", said.out, said.err);
    let goals = said.json()["goals"].as_array().unwrap().clone();
    assert_eq!(goals.len(), results + 1, "{id}");
    let claim = goals.iter().find(|g| g["name"] == format!("m.{}", id.to_lowercase())).unwrap();
    assert_eq!(claim["verdict"], "refuted", "{id}");
    assert_eq!(claim["proof"]["engine"], "source", "{id}");
    assert!(claim["counterexample"].is_array(), "{id}");
    assert!(goals.iter().all(|g| g["name"] == claim["name"] || g["verdict"] == "proved"), "{id}");
}

/// The substitution is not vacuous: a number changed in the table is noticed, by the same script that takes the right one.
#[test]
fn a_changed_number_would_be_noticed() {
    let Some(mut table) = table() else { return };
    let formal = formal();
    let dir = std::env::temp_dir().join(format!("bfv-counterexamples-changed-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for (id, key, changed) in [
        ("A04", "w", json!([1, 0])),
        ("A11", "denominator", json!(1)),
        ("A20", "S", json!([1])),
        ("A16", "q", json!("(w,x)=(0,1)")),
        ("R16", "n", json!(8)),
        ("S03", "cos", json!(1)),
        ("S04", "forced_cos_at_least", json!(0.98)),
        ("S08", "lhs_at_x", json!("1/3")),
        ("S09", "claimed_bound", json!("1/2")),
        ("S11", "fused", json!("1/2")),
        ("S14", "k", json!(63)),
        ("S15", "acc_F", json!(1)),
        ("S16", "quality_after", json!(1)),
        ("S19", "p", json!([2, 2])),
        ("S21", "S8", json!(3.433)),
        ("S23", "overhead", json!(46)),
        ("S25", "unsafe_rows", json!([4])),
        ("S29", "left_slope", json!(0)),
        ("C04", "left", json!(0)),
        ("C18", "right", json!(0)),
        ("C24", "jump", json!("1/2")),
        ("R28", "right", json!(0)),
        ("S30", "target", json!(1)),
        ("S32", "chunks", json!(512)),
        ("S34", "per1000", json!(2.063)),
        ("S36", "eff", json!(0.32)),
        ("P12", "expected", json!(2048)),
        ("D10", "mid", json!(2)),
        ("C07", "x", json!([0])),
        ("D07", "pool", json!(1)),
        ("D13", "mid", json!("1/8")),
        ("E03", "norm_sq", json!("1/3")),
        ("E05", "F", json!([0, 0.5])),
        ("R08", "F", json!([0, 0, 1])),
        ("R19", "x", json!([0, 2])),
        ("R25", "Var_S", json!(1)),
        ("S06", "claimed", json!("1/3")),
        ("S06", "true_grad_theta1", json!("3/2")),
    ] {
        let c = table.get_mut(id).unwrap();
        let right = std::mem::replace(&mut c[key], changed);
        let row = ROWS.iter().find(|r| r.id == id).unwrap();
        let Use::At(make) = row.how else { panic!("{id}") };
        let text = formal[id].at(&make(c)[0]);
        c[key] = right;
        std::fs::write(dir.join("m.sctt"), &text).unwrap();
        let said = project::run(&dir, &["check", "m.sctt"]);
        assert_eq!(said.code, 3, "{id} {key}: {}\n{text}", said.out);
    }
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn rows_are_listed_once_and_numbers_are_exact() {
    let mut ids: Vec<&str> = ROWS.iter().map(|r| r.id).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|w| w[0] != w[1]));
    let text = |s: &str| v(&serde_json::from_str(s).unwrap());
    assert_eq!(
        text("[2, -1, \"3/5\", \".1\", 0.1, 1000000000000.0, -2.0, 1e-12]"),
        "[2, (-1), (3/5), 0.1, 0.1, 1000000000000, (-2), (1/1000000000000)]"
    );
}
