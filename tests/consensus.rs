//! The numbered claims in `examples/consensus`: the table of the page there and the verdicts of `bfv` say the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The numbers that must be stated.
const NUMBERS: [u32; 37] = [
    1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 27, 28, 29, 32, 33, 37, 41, 42, 43, 45,
    46, 47, 49, 51, 52, 55, 56,
];

/// Variants of claims that only compute: they have no hypotheses that could be weakened.
const COMPUTED: [&str; 2] = ["table", "numbers"];

/// A row of the table.
struct Row {
    number: u32,
    truth: String,
    claim: String,
    verdict: String,
    repaired: String,
}

fn rows() -> Vec<Row> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/consensus/README.md");
    let text = std::fs::read_to_string(page).unwrap();
    let cells = text.lines().filter(|l| l.starts_with("| ")).map(|l| l.split('|').map(str::trim).collect::<Vec<_>>());
    cells
        .filter(|c| c[1] != "number")
        .map(|c| {
            assert_eq!(c.len(), 8, "a row has six cells: {c:?}");
            Row {
                number: c[1].parse().unwrap_or_else(|_| panic!("{} is no number", c[1])),
                truth: c[3].to_owned(),
                claim: c[4].to_owned(),
                verdict: c[5].to_owned(),
                repaired: c[6].to_owned(),
            }
        })
        .collect()
}

/// What a claim is to its number: the sentence, a repair, a point, or one with a hypothesis weakened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Sentence,
    Repaired,
    Instance,
    Tight,
}

/// `n12_tight_further` is of number 12, with a hypothesis weakened, in the variant `further`.
fn parts(claim: &str) -> Option<(u32, Kind, &str)> {
    let (number, rest) = claim.strip_prefix('n')?.split_at_checked(2)?;
    let number = number.parse().ok()?;
    if rest.is_empty() {
        return Some((number, Kind::Sentence, ""));
    }
    let rest = rest.strip_prefix('_')?;
    let (first, last) = rest.split_once('_').unwrap_or((rest, ""));
    Some(match first {
        "repaired" => (number, Kind::Repaired, last),
        "instance" => (number, Kind::Instance, last),
        "tight" => (number, Kind::Tight, last),
        _ => (number, Kind::Sentence, rest),
    })
}

/// The protocols beside the numbered claims have a table of their own, see `protocol_examples.rs`.
fn of_a_protocol(name: &str) -> bool {
    name.starts_with("examples.consensus.")
}

/// What `bfv` says of each claim, from stored proofs only, by the name of the claim.
fn judged() -> &'static BTreeMap<String, serde_json::Value> {
    static JUDGED: OnceLock<BTreeMap<String, serde_json::Value>> = OnceLock::new();
    JUDGED.get_or_init(|| {
        let o = Command::new(env!("CARGO_BIN_EXE_bfv"))
            .args(["check", "examples/consensus", "--locked", "--format", "json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert_eq!(o.status.code(), Some(0), "{}", String::from_utf8_lossy(&o.stdout));
        let document: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
        let mut found = BTreeMap::new();
        for goal in document["goals"].as_array().unwrap() {
            let name = goal["name"].as_str().unwrap();
            if of_a_protocol(name) {
                continue;
            }
            let name = name.rsplit('.').next().unwrap().to_owned();
            assert!(parts(&name).is_some(), "{name} has no number");
            assert!(found.insert(name.clone(), goal.clone()).is_none(), "two claims are named {name}");
        }
        found
    })
}

fn verdict(claim: &str) -> &'static str {
    let judged = judged().get(claim).unwrap_or_else(|| panic!("there is no claim {claim}"));
    judged["verdict"].as_str().unwrap()
}

/// A true sentence is proved and a false one refuted, as the table says; what a repair is named is proved.
#[test]
fn the_table_says_what_the_run_says() {
    let rows = rows();
    assert!(rows.is_sorted_by_key(|r| r.number), "the table is in the order of the numbers");
    for row in &rows {
        let wanted = match row.truth.as_str() {
            "T" => "proved",
            "F" => "refuted",
            other => panic!("{}: {other} is no truth", row.claim),
        };
        assert_eq!((row.verdict.as_str(), verdict(&row.claim)), (wanted, wanted), "{}", row.claim);
        let (number, kind, _) = parts(&row.claim).unwrap();
        assert_eq!((number, kind), (row.number, Kind::Sentence), "{}", row.claim);
        if !row.repaired.is_empty() {
            assert_eq!(row.truth, "F", "{}: what is true needs no repair", row.claim);
            assert_eq!(verdict(&row.repaired), "proved", "{}", row.repaired);
        }
    }
    let stated: BTreeSet<u32> = rows.iter().map(|r| r.number).collect();
    assert_eq!(stated, BTreeSet::from(NUMBERS));
}

/// No claim is left out of the table, but for points, siblings, and what only computes.
#[test]
fn every_sentence_is_in_the_table() {
    let rows = rows();
    let mut told: Vec<&str> = rows.iter().map(|r| r.claim.as_str()).collect();
    let count = told.len();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), count, "a claim stands twice in the table");
    told.extend(rows.iter().map(|r| r.repaired.as_str()));
    for name in judged().keys() {
        let (_, kind, variant) = parts(name).unwrap();
        let listed = matches!(kind, Kind::Sentence | Kind::Repaired) && variant != "numbers";
        assert!(!listed || told.contains(&name.as_str()), "{name} is not in the table");
    }
}

/// A proved claim with hypotheses says something: there is a point at which they hold, found by bfv or stated as an instance.
#[test]
fn no_proved_claim_is_vacuous() {
    let mut points = 0;
    for (name, goal) in judged() {
        assert_eq!(goal["vacuous"], false, "{name}");
        if goal["verdict"] != "proved" || goal["hypotheses"].is_null() {
            continue;
        }
        let (number, _, variant) = parts(name).unwrap();
        let instance = if variant.is_empty() {
            format!("n{number:02}_instance")
        } else {
            format!("n{number:02}_instance_{variant}")
        };
        let found = goal["hypotheses"]["verdict"] == "satisfiable";
        points += usize::from(found);
        assert!(found || judged().contains_key(&instance) && verdict(&instance) == "proved", "{name} has no point");
    }
    assert!(points >= 25, "only {points} points");
}

/// Each sentence and repair that is proved has a refuted sibling of its variant, so that its hypotheses are needed as they are.
#[test]
fn every_proved_claim_has_a_refuted_sibling() {
    let mut kinds: BTreeMap<(u32, &str), BTreeSet<(Kind, &str)>> = BTreeMap::new();
    for name in judged().keys() {
        let (number, kind, variant) = parts(name).unwrap();
        kinds.entry((number, variant)).or_default().insert((kind, verdict(name)));
    }
    for ((number, variant), found) in kinds {
        let proved = found.contains(&(Kind::Sentence, "proved")) || found.contains(&(Kind::Repaired, "proved"));
        let sibling = found.contains(&(Kind::Tight, "refuted"));
        assert_eq!(proved && !COMPUTED.contains(&variant), sibling, "{number} {variant}: {found:?}");
        let wrong =
            |f: &&(Kind, &str)| matches!(f, (Kind::Tight, "proved") | (Kind::Repaired | Kind::Instance, "refuted"));
        assert_eq!(found.iter().find(wrong), None, "{number} {variant}");
    }
}

/// The words of a sentence stand before its claims: they name the number.
#[test]
fn every_number_is_stated_in_words() {
    let o = Command::new(env!("CARGO_BIN_EXE_bfv"))
        .args(["list", "examples/consensus", "--format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&o.stdout).unwrap();
    let all = listed["goals"].as_array().unwrap();
    let goals: Vec<_> = all.iter().filter(|g| !of_a_protocol(g["name"].as_str().unwrap())).collect();
    assert_eq!(goals.len(), judged().len());
    for goal in goals {
        let name = goal["name"].as_str().unwrap().rsplit('.').next().unwrap();
        let (number, kind, _) = parts(name).unwrap();
        let words = goal["doc"].as_str().unwrap_or_default();
        let named = words.starts_with(&format!("N{number:02}"));
        assert!(named || kind == Kind::Instance && !words.is_empty(), "{name}: {words}");
    }
}

/// No sentence is decided against the list of numbered claims, where that lies beside the project.
#[test]
fn no_number_is_decided_against_the_list() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/CONSENSUS.md");
    let Ok(text) = std::fs::read_to_string(list) else {
        println!("Not compared: there is no list of numbered claims at ../shared.");
        return;
    };
    let truth: BTreeMap<u32, char> = text
        .lines()
        .filter_map(|l| l.split_once(". "))
        .filter_map(|(number, rest)| Some((number.parse().ok()?, rest.chars().next().filter(|c| "TFU".contains(*c))?)))
        .collect();
    let mut compared = BTreeSet::new();
    for row in rows() {
        let truth = truth.get(&row.number).unwrap_or_else(|| panic!("the list has no number {}", row.number));
        if compared.insert(row.number) {
            assert_eq!(row.truth, truth.to_string(), "{}", row.claim);
        }
    }
    assert_eq!(compared.len(), NUMBERS.len());
}
