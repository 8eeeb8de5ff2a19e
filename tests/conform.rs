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
    let own = "Compared with the step of this program, and with its protocol examples.consensus.repaired.repaired.\n";
    assert!(
        out.ends_with(&format!("{own}Result: every event follows from the step, and the protocol allows it.\n")),
        "{out}"
    );

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

/// The specification without its refutation, which judges its own run, and with something else changed.
fn changed(from: &str, to: &str) -> String {
    let text = include_str!("../examples/consensus/repaired.sctt");
    let (claims, rest) = text.split_once("  --- A worker can decide.").unwrap();
    assert!(rest.contains("protocol heedless"));
    let text = format!("{claims}end\n");
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}

/// The record is one of the step, and none of a protocol that allows less or keeps something else.
#[test]
fn the_first_event_that_the_protocol_does_not_allow_is_named() {
    let record = run(&Scenario::new(2), Trace::written()).trace;
    let strict =
        changed("do answered w s x := true,", "/\\ (exists y, accepted w s y)\n    do answered w s x := true,");
    let odd = changed("do decided w r v := true", "do decided w r v := false");
    let same = changed("do decided w r v := true", "do decided w r v := true");
    let files = [("run.jsonl", record.as_str()), ("strict.sctt", &strict), ("odd.sctt", &odd), ("same.sctt", &same)];
    let folder = Folder::new("protocol", &[&files[..], &[("other.sctt", "claim fine (n : Nat) : n = n\n")]].concat());
    let json = |file: &str| {
        let (code, out, _) = folder.run(&["conform", "run.jsonl", "--protocol", file, "--format", "json"]);
        (code, serde_json::from_str::<Value>(&out).unwrap())
    };
    let line = line_or_last(&record);

    let (code, document) = json("same.sctt");
    assert_eq!((code, document["protocol_file"].as_str()), (Some(0), Some("same.sctt")));
    assert!(
        document["records"][0]["commands"].as_u64() > Some(0) && document["records"][0]["states"].as_u64() > Some(0)
    );

    let (code, document) = json("strict.sctt");
    let departure = &document["records"][0];
    assert_eq!((code, &departure["departs_from"]), (Some(1), &Value::from("protocol")), "{departure}");
    assert_eq!(departure["line"], line("O2"), "{departure}");
    assert_eq!((&departure["command"], &departure["needs"]), (&"answer".into(), &"exists y, accepted w s y".into()));
    assert_eq!(departure["arguments"]["w"], departure["worker"].to_string());
    let (code, out, _) = folder.run(&["conform", "run.jsonl", "--protocol", "strict.sctt", "--math", "symbols"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("The protocol does not allow the command answer. Argument w: "), "{out}");
    assert!(out.contains("It needs `exists y, accepted w s y`, which does not hold."), "{out}");

    let (code, document) = json("odd.sctt");
    let departure = &document["records"][0];
    assert_eq!((code, &departure["relation"]), (Some(1), &Value::from("decided")), "{departure}");
    assert_eq!(departure["line"], ["C2", "F1", "D2"].map(&line).into_iter().min().unwrap());
    assert_eq!(departure["protocol_says"], "nothing");

    let (code, document) = json("other.sctt");
    assert_eq!((code, document["records"].as_array().map(Vec::len)), (Some(2), Some(0)));
    let (code, _) = json("nowhere.sctt");
    assert_eq!(code, Some(74));
}

/// The first line with a rule, or one after the last.
fn line_or_last(record: &str) -> impl Fn(&str) -> usize {
    move |arm| record.lines().take_while(|l| !l.contains(&format!("\"{arm}\""))).count() + 1
}

/// What the end of a record says is looked at.
#[test]
fn an_end_that_invents_or_hides_a_violation_departs() {
    let record = run(&Scenario::new(3), Trace::written()).trace;
    let last = record.lines().count();
    let invented = record.replace("\"violations\":[]", "\"violations\":[\"disagreement\"]");
    let decide = record.lines().position(|l| l.contains(r#""effect":"decide""#)).unwrap();
    let kept: Vec<&str> = record
        .lines()
        .enumerate()
        .take_while(|(n, l)| *n <= decide || l.contains("\"line\":\"effect\""))
        .map(|(_, l)| l)
        .collect();
    let hidden = format!("{}\n{{\"line\":\"end\",\"time\":1000000,\"violations\":[]}}\n", kept.join("\n"));
    let folder = Folder::new("end", &[("invented.jsonl", &invented), ("hidden.jsonl", &hidden)]);
    let (code, out, _) = folder.run(&["conform", "invented.jsonl", "hidden.jsonl"]);
    assert_eq!(code, Some(1), "{out}");
    let told = "The end names the violation disagreement once, and the run has it 0 times.";
    assert!(out.contains(&format!("Departs: invented.jsonl, line {last}. Time ")) && out.contains(told), "{out}");
    assert!(out.contains(&format!("Departs: hidden.jsonl, line {}. Time ", kept.len() + 1)), "{out}");
    assert!(out.contains("The end names the violation undecided 0 times, and the run has it "), "{out}");
}
