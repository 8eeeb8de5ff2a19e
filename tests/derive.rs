//! Derivatives that are computed: true claims are proved without a script, and no sibling with one wrong number is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod project;

use std::collections::BTreeMap;
use std::path::Path;

/// The verdicts of the claims in a file of `tests/derive`, by name.
fn verdicts(file: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/derive");
    let dir = std::env::temp_dir().join(format!("bfv-derive-{}-{file}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::copy(folder.join(file), dir.join(file)).unwrap();
    let said = project::run(&dir, &["check", file, "--format", "json"]);
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let name = |g: &serde_json::Value| g["name"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    let document = said.json();
    let goals = document["goals"].as_array().unwrap();
    goals.iter().map(|g| (name(g), g["verdict"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn derivatives_are_computed() {
    let found = verdicts("right.sctt");
    assert!(found.len() >= 20, "{}", found.len());
    assert!(found.values().all(|v| v == "proved"), "{found:?}");
}

/// Each right claim has a sibling with one wrong number. None is proved, and most are refuted.
#[test]
fn wrong_derivatives_are_not_proved() {
    let found = verdicts("wrong.sctt");
    let right = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/derive/right.sctt")).unwrap();
    for claim in right.lines().filter_map(|l| l.strip_prefix("claim ")).filter_map(|l| l.split([' ', '(']).next()) {
        assert!(found.contains_key(claim), "{claim} has no sibling");
    }
    assert!(found.values().all(|v| v != "proved"), "{found:?}");
    assert!(found.values().filter(|v| *v == "refuted").count() >= 12, "{found:?}");
}
