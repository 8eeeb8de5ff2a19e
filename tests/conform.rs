//! `bfv conform` through the real program: records of the simulator conform, changed ones depart, and cut ones are errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_wingbeat::sim::{Scenario, Trace, run};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Folder {
        let path = std::env::temp_dir().join(format!("bfv-conform-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        for (file, text) in files {
            std::fs::write(path.join(file), text).unwrap();
        }
        Folder(path)
    }

    /// Exit code, standard output and standard error.
    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bfv"));
        let o =
            command.args(args).current_dir(&self.0).env("BFV_CONFIG", self.0.join("settings.toml")).output().unwrap();
        (o.status.code(), String::from_utf8(o.stdout).unwrap(), String::from_utf8(o.stderr).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn records_conform_depart_or_cannot_be_read() {
    let record = run(&Scenario::new(3), Trace::written()).trace;
    // Another decision than the one that follows.
    let at = record.lines().position(|l| l.contains(r#""effect":"decide""#)).unwrap();
    let changed: String = record
        .lines()
        .enumerate()
        .map(|(n, l)| format!("{}\n", if n == at { l.replace(r#""query":"#, r#""query":9"#) } else { l.to_owned() }))
        .collect();
    let cut: String = record.lines().take(at).map(|l| format!("{l}\n")).collect();
    let folder = Folder::new("three", &[("good.jsonl", &record), ("changed.jsonl", &changed), ("cut.jsonl", &cut)]);

    let (code, out, _) = folder.run(&["conform", "good.jsonl"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.starts_with("Did 1 record again: 1 conforming, 0 departing.\nConforms: good.jsonl."), "{out}");
    assert!(out.ends_with("Result: every event follows from the protocol.\n"), "{out}");

    let (code, out, _) = folder.run(&["conform", "good.jsonl", "changed.jsonl"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains(&format!("Departs: changed.jsonl, line {}. Worker ", at + 1)), "{out}");
    assert!(out.contains("The member query must be "), "{out}");

    let (code, out, _) = folder.run(&["conform", "changed.jsonl", "cut.jsonl", "--format", "json"]);
    assert_eq!(code, Some(3), "{out}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["records"][0]["conforms"], false);
    assert_eq!(document["records"][0]["line"], at + 1);
    assert!(document["records"][0]["worker"].is_u64() && document["records"][0]["time"].is_u64());
    assert_eq!(document["problems"][0]["code"], "record");
    assert_eq!(document["problems"][0]["range"]["start"]["line"], at);

    let (code, _, err) = folder.run(&["conform"]);
    assert_eq!(code, Some(2), "{err}");
    let (code, out, _) = folder.run(&["conform", "none.jsonl"]);
    assert_eq!(code, Some(74), "{out}");
    let (code, out, _) = folder.run(&["conform", "."]);
    assert_eq!(code, Some(74), "{out}");
    assert!(out.contains("The file . cannot be read: it is a folder."), "{out}");
}
