//! The table of floors in `crates/README.md` against what cargo says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

struct Row {
    floor: u32,
    outside: BTreeSet<String>,
}

/// Crates that may be named on any floor, with those that they bring.
const NUMBERS: [&str; 4] = ["num-bigint", "num-rational", "num-traits", "num-integer"];
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn table() -> BTreeMap<String, Row> {
    let page = std::fs::read_to_string(format!("{ROOT}/crates/README.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let [floor, name, _, outside] = cells.as_slice()
            && let Ok(floor) = floor.parse()
        {
            let outside = outside.split(", ").filter(|o| *o != "none").map(str::to_owned).collect();
            assert!(rows.insert((*name).to_owned(), Row { floor, outside }).is_none(), "{name} stands twice");
        }
    }
    rows
}

/// Every member with its dependencies of the normal kind.
fn members() -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let o = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    let v: Value = serde_json::from_slice(&o.stdout).unwrap();
    let packages = v["packages"].as_array().unwrap();
    let name = |v: &Value| v["name"].as_str().unwrap().to_owned();
    let normal = |p: &Value| {
        let all = p["dependencies"].as_array().unwrap().iter();
        all.filter(|d| d["kind"].is_null()).map(name).collect()
    };
    packages.iter().map(|p| (name(p), normal(p))).collect()
}

/// The name in the table.
fn row_name(package: &str) -> &str {
    package.strip_prefix("bfv-").unwrap_or(package)
}

#[test]
fn the_table_lists_the_members_and_no_others() {
    let rows: BTreeSet<String> = table().into_keys().collect();
    let members: BTreeSet<String> = members().keys().map(|m| row_name(m).to_owned()).collect();
    assert_eq!(rows, members);
}

#[test]
fn every_crate_uses_lower_floors_and_its_own_outside_crates_only() {
    let rows = table();
    let members = members();
    let mut inner = 0;
    for (package, dependencies) in &members {
        let row = &rows[row_name(package)];
        for d in dependencies {
            if members.contains_key(d) {
                let other = &rows[row_name(d)];
                assert!(other.floor < row.floor, "{package} on floor {} uses {d} on floor {}", row.floor, other.floor);
                inner += 1;
            } else {
                assert!(NUMBERS.contains(&d.as_str()) || row.outside.contains(d), "{package} uses {d}");
            }
        }
    }
    assert!(inner > 10, "the test has seen {inner} edges");
}

#[test]
fn members_stand_in_the_order_of_their_floors() {
    let manifest = std::fs::read_to_string(format!("{ROOT}/Cargo.toml")).unwrap();
    let list = manifest.split_once("members = [").unwrap().1.split_once(']').unwrap().0;
    let rows = table();
    let floors: Vec<u32> = list
        .split('"')
        .skip(1)
        .step_by(2)
        .map(|path| if path == "." { "bfv" } else { path.strip_prefix("crates/").unwrap() })
        .map(|name| rows[name].floor)
        .collect();
    assert!(floors.is_sorted(), "{floors:?}");
    assert_eq!(floors.len(), rows.len());
}

/// What is heavy is in programs of their own, so that the first command is built soon and no verdict rests on it.
#[test]
fn the_program_bfv_links_nothing_heavy() {
    let tree = |package: &str| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let o = Command::new(cargo)
            .args([
                "tree",
                "--package",
                package,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{lib}",
                "--offline",
            ])
            .current_dir(ROOT)
            .output()
            .unwrap();
        let text = String::from_utf8(o.stdout).unwrap();
        text.lines().map(|l| l.trim_end_matches(" (*)").to_owned()).collect::<BTreeSet<String>>()
    };
    let bfv = tree("bfv");
    assert!(bfv.contains("bfv_kernel") && bfv.len() > 50, "{bfv:?}");
    for heavy in [
        "candle_core",
        "cudarc",
        "axum",
        "tokio",
        "hyper",
        "z3",
        "bfv_worker",
        "bfv_device",
        "bfv_service",
        "bfv_engine_neural",
    ] {
        assert!(!bfv.contains(heavy), "bfv links {heavy}");
    }
    let worker = tree("bfv-worker");
    assert!(worker.contains("candle_core") && worker.contains("cudarc") && !worker.contains("bfv_verify"));
    // The interpreter is for tests only.
    assert!(!worker.contains("bfv_ptx"));
    let service = tree("bfv-service");
    assert!(service.contains("axum") && service.contains("bfv_kernel") && !service.contains("cudarc"));
}

/// What must be read to trust a verdict stays small: lines of code, comments and blank lines left out.
#[test]
fn the_checkers_stay_small() {
    for (name, most) in [("kernel", 7_000), ("recheck", 3_500)] {
        let (mut code, mut files) = (0, 0);
        let mut todo = vec![std::path::PathBuf::from(format!("{ROOT}/crates/{name}/src"))];
        while let Some(path) = todo.pop() {
            if path.is_dir() {
                todo.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.lines().count() <= 600, "{} has more than 600 lines", path.display());
            code += text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("//")).count();
            files += 1;
        }
        println!("{name}: {code} lines of code in {files} files; at most {most} are allowed.");
        assert!(files > 5 && code <= most, "{name} has {code} lines of code");
    }
}
