//! The rows in `examples/claims`: every proved row has an instance of its hypotheses and a refuted sibling, and no row is
//! decided against the table of claims, where that table lies beside the project.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "rows/page.rs"]
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// Rows of this project's own with their truth: about the source texts' use of the theory of paths (K), and about training and
/// the model that is trained (H). They are in no table of claims. A conditional one is false as it stands, and true as repaired.
const OWN_ROWS: [(&str, &str); 14] = [
    ("h01", "conditional"),
    ("h02", "conditional"),
    ("h03", "conditional"),
    ("h04", "true"),
    ("h05", "conditional"),
    ("h06", "conditional"),
    ("k01", "conditional"),
    ("k02", "conditional"),
    ("k03", "conditional"),
    ("k04", "conditional"),
    ("k05", "conditional"),
    ("k06", "conditional"),
    ("k07", "conditional"),
    ("k08", "conditional"),
];

/// What a claim is to its row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Row,
    Repaired,
    Instance,
    Tight,
}

/// `a07_repaired_together` is the row `a07`, repaired, in the variant `together`.
fn parts(claim: &str) -> Option<(&str, Kind, &str)> {
    let (row, rest) = claim.split_at_checked(3)?;
    let mut letters = row.chars();
    if !(letters.next()?.is_ascii_lowercase() && letters.all(|c| c.is_ascii_digit())) {
        return None;
    }
    if rest.is_empty() {
        return Some((row, Kind::Row, ""));
    }
    let rest = rest.strip_prefix('_')?;
    for (word, kind) in [("repaired", Kind::Repaired), ("instance", Kind::Instance), ("tight", Kind::Tight)] {
        if let Some(variant) = rest.strip_prefix(word) {
            return if variant.is_empty() {
                Some((row, kind, ""))
            } else {
                Some((row, kind, variant.strip_prefix('_')?))
            };
        }
    }
    Some((row, Kind::Row, rest))
}

/// What `bfv` says as a JSON document.
fn document(arguments: &[&str]) -> serde_json::Value {
    let o = Command::new(env!("CARGO_BIN_EXE_bfv"))
        .args(arguments)
        .args(["--format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(o.status.code(), Some(0), "{}", String::from_utf8_lossy(&o.stdout));
    serde_json::from_slice(&o.stdout).unwrap()
}

/// All claims in `examples/claims`, judged from stored proofs only.
fn judged() -> &'static serde_json::Value {
    static JUDGED: OnceLock<serde_json::Value> = OnceLock::new();
    JUDGED.get_or_init(|| document(&["check", "examples/claims", "--locked"]))
}

/// All claims in `examples/claims` with the words before them.
fn listed() -> &'static serde_json::Value {
    static LISTED: OnceLock<serde_json::Value> = OnceLock::new();
    LISTED.get_or_init(|| document(&["list", "examples/claims"]))
}

/// The verdicts by the name of the claim.
fn verdicts() -> &'static BTreeMap<String, String> {
    static VERDICTS: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    VERDICTS.get_or_init(|| {
        let mut found = BTreeMap::new();
        for goal in judged()["goals"].as_array().unwrap() {
            let name = goal["name"].as_str().unwrap().rsplit('.').next().unwrap();
            let old = found.insert(name.to_owned(), goal["verdict"].as_str().unwrap().to_owned());
            assert_eq!(old, None, "two claims are named {name}");
        }
        found
    })
}

/// Every row or repair that is proved has an instance that is proved and a tightened sibling that is refuted, in its own variant.
#[test]
fn every_proved_row_has_an_instance_and_a_refuted_sibling() {
    let all = verdicts();
    let mut kinds: BTreeMap<(String, String), BTreeSet<(Kind, &str)>> = BTreeMap::new();
    for (name, verdict) in all {
        let (row, kind, variant) = parts(name).unwrap_or_else(|| panic!("{name} is not the name of a row"));
        kinds.entry((row.to_owned(), variant.to_owned())).or_default().insert((kind, verdict));
    }
    let mut missing = Vec::new();
    let mut pairs = 0;
    for ((row, variant), found) in &kinds {
        let proved = found.contains(&(Kind::Row, "proved")) || found.contains(&(Kind::Repaired, "proved"));
        let has = (found.contains(&(Kind::Instance, "proved")), found.contains(&(Kind::Tight, "refuted")));
        if proved {
            pairs += 1;
            if has != (true, true) {
                missing.push(format!("{row} {variant}: instance {}, refuted sibling {}", has.0, has.1));
            }
        } else if found.iter().any(|(k, _)| matches!(k, Kind::Instance | Kind::Tight)) {
            missing.push(format!("{row} {variant}: an instance or a sibling of nothing proved"));
        }
        let allowed = [
            (Kind::Row, "proved"),
            (Kind::Row, "refuted"),
            (Kind::Repaired, "proved"),
            (Kind::Instance, "proved"),
            (Kind::Tight, "refuted"),
        ];
        missing.extend(found.iter().filter(|f| !allowed.contains(f)).map(|f| format!("{row} {variant}: {f:?}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(pairs >= 30, "only {pairs} proved rows");
}

/// The verdict of a claim, from what it is to its row and what is known of the row.
fn wanted(kind: Kind, truth: &str) -> &'static str {
    match (kind, truth) {
        (Kind::Row, "true") | (Kind::Repaired | Kind::Instance, _) => "proved",
        (Kind::Row, _) | (Kind::Tight, _) => "refuted",
    }
}

/// The rows that are in no table are all decided, as they stand and, where they are false, as repaired.
#[test]
fn every_own_row_is_decided() {
    for (row, truth) in OWN_ROWS {
        let mut kinds = BTreeSet::new();
        for (name, verdict) in verdicts() {
            let (found, kind, _) = parts(name).unwrap();
            if found == row {
                assert_eq!(verdict, wanted(kind, truth), "{name}");
                kinds.insert(kind);
            }
        }
        assert_eq!(kinds.len(), if truth == "true" { 3 } else { 4 }, "{row}: {kinds:?}");
    }
}

/// Rows of the table of claims that hold under a condition and are proved under it, or under a weaker one.
const CONDITIONAL: [&str; 34] = [
    "a04", "a05", "a07", "a11", "a13", "a19", "c16", "c27", "c28", "c30", "d04", "d13", "e09", "e15", "p01", "p03",
    "p06", "p07", "p09", "p12", "r13", "r19", "r29", "r31", "s06", "s07", "s08", "s12", "s13", "s14", "s19", "s25",
    "s32", "s35",
];

/// Each of them is refuted as it stands and proved as repaired.
#[test]
fn conditional_rows_are_proved_under_a_condition() {
    for row in CONDITIONAL {
        let has = |wanted: Kind, verdict: &str| {
            verdicts().iter().any(|(n, v)| parts(n).is_some_and(|(r, k, _)| r == row && k == wanted) && v == verdict)
        };
        assert!(has(Kind::Row, "refuted") && has(Kind::Repaired, "proved"), "{row}");
    }
}

/// No row is decided against the ground truth: true rows are proved, false rows refuted, conditional rows refuted as they stand and proved as repaired.
#[test]
fn no_row_is_decided_against_the_table() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/claims/fusion_claims.json");
    let Ok(text) = std::fs::read_to_string(table) else {
        println!("Not compared: there is no table of claims at ../shared/claims.");
        return;
    };
    let table: serde_json::Value = serde_json::from_str(&text).unwrap();
    let truth: BTreeMap<String, &str> = table["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["id"].as_str().unwrap().to_lowercase(), r["truth"].as_str().unwrap()))
        .collect();
    assert!(CONDITIONAL.iter().all(|row| truth[*row] == "cond"), "a row is true or false without a condition");
    assert!(OWN_ROWS.iter().all(|(row, _)| !truth.contains_key(*row)), "the table decides its own rows");
    let mut decided = BTreeSet::new();
    for (name, verdict) in verdicts() {
        let (row, kind, _) = parts(name).unwrap();
        if OWN_ROWS.iter().any(|own| own.0 == row) {
            continue;
        }
        let Some(truth) = truth.get(row) else { panic!("{name}: the table has no such row") };
        assert_eq!(verdict, wanted(kind, truth), "{name}");
        decided.insert(row.to_owned());
    }
    assert_eq!(decided.len(), truth.len(), "every row of the table is decided");
}

/// The index names exactly the rows that each file holds.
#[test]
fn the_index_names_the_rows_of_each_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/claims");
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let mut listed = BTreeMap::new();
    for line in index.lines().filter(|l| l.contains(".sctt |")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let rows: Vec<String> = cells[2].split_whitespace().map(str::to_owned).collect();
        assert!(rows.is_sorted(), "{}", cells[1]);
        listed.insert(cells[1].to_owned(), rows);
    }
    let mut held = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(file) = path.file_name().and_then(|f| f.to_str()).filter(|f| f.ends_with(".sctt")) else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() <= 400, "{file} is too long");
        let rows: BTreeSet<String> = text
            .lines()
            .filter_map(|l| l.strip_prefix("claim "))
            .filter_map(|l| l.get(..3))
            .map(str::to_uppercase)
            .collect();
        held.insert(file.to_owned(), rows.into_iter().collect::<Vec<_>>());
    }
    assert_eq!(listed, held);
}

/// The words of a row stand before its claims: their documentation begins with the name of the row, or says what they are an instance of.
#[test]
fn every_row_is_stated_in_words() {
    for goal in listed()["goals"].as_array().unwrap() {
        let name = goal["name"].as_str().unwrap().rsplit('.').next().unwrap();
        let (row, kind, _) = parts(name).unwrap();
        let words = goal["doc"].as_str().unwrap_or_default();
        let row = row.to_uppercase();
        assert!(
            if kind == Kind::Row {
                words.starts_with(&row)
            } else {
                words.contains(&row) || kind == Kind::Instance && !words.is_empty()
            },
            "{name}: {words}"
        );
    }
}

/// `proofs/CLAIMS.md` says what the run says. After a meant change: `UPDATE_EXPECTED=1 cargo test --release --test rows`.
#[test]
fn the_page_of_claims_is_what_the_run_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("proofs/CLAIMS.md");
    let page = page::page(judged(), listed());
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page, "make the page again");
}
