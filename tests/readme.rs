//! What the README shows is what the program prints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

/// The first block of a kind in the README.
fn block(kind: &str) -> String {
    let readme = include_str!("../README.md");
    let start = readme.find(&format!("```{kind}\n")).unwrap() + kind.len() + 4;
    let end = start + readme[start..].find("```").unwrap();
    readme[start..end].to_owned()
}

#[test]
fn the_first_claims_get_the_answers_shown() {
    let dir = std::env::temp_dir().join(format!("bfv-readme-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("mine.sctt"), block("sctt")).unwrap();
    let o = Command::new(env!("CARGO_BIN_EXE_bfv"))
        .args(["check", "mine.sctt"])
        .current_dir(&dir)
        .env("BFV_CONFIG", dir.join("settings.toml"))
        .output()
        .unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(String::from_utf8(o.stdout).unwrap(), block("text"));
    assert_eq!(o.status.code(), Some(1));
}

/// The gate fails with code 5 and names the claim: statement edited, proof missing, proof cut, bundle not allowed.
#[test]
fn the_gate_refuses_what_its_policy_does_not_allow() {
    let dir = std::env::temp_dir().join(format!("bfv-gate-{}", std::process::id()));
    let run = |args: &[&str]| {
        let o = Command::new(env!("CARGO_BIN_EXE_bfv"))
            .args(args)
            .current_dir(&dir)
            .env("BFV_CONFIG", dir.join("settings.toml"))
            .output()
            .unwrap();
        (o.status.code(), String::from_utf8(o.stdout).unwrap())
    };
    let text = "module m\nimport std.order\n\nclaim bounded (a : Real) : a <= abs a\n\nclaim inverse (a : Real) (h : 0 < a) : 0 < inv a\nby exact inv_pos a h\n";
    let policy = |allow: &str| format!("name = \"m\"\n\n[gate]\nallow = [{allow}]\n");
    let fresh = || {
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("m.sctt"), text).unwrap();
        std::fs::write(dir.join("bfv.toml"), policy("\"real\"")).unwrap();
        assert_eq!(run(&["check", "m.sctt"]).0, Some(0));
    };
    fresh();
    assert_eq!(run(&["gate", "m.sctt"]).0, Some(0));
    let refused = |what: &str, name: &str| {
        let (code, out) = run(&["gate", "m.sctt"]);
        assert_eq!(code, Some(5), "{what}: {out}");
        assert!(out.contains(name), "{what}: {out}");
    };
    std::fs::write(dir.join("m.sctt"), text.replace("a <= abs a", "0 <= abs a")).unwrap();
    refused("statement edited", "bounded");
    fresh();
    std::fs::remove_file(dir.join("proofs/m/bounded.bfvp")).unwrap();
    refused("proof missing", "bounded");
    fresh();
    let proof = dir.join("proofs/m/inverse.bfvp");
    let bytes = std::fs::read(&proof).unwrap();
    std::fs::write(&proof, &bytes[..bytes.len() / 2]).unwrap();
    refused("proof cut", "inverse");
    fresh();
    std::fs::write(dir.join("bfv.toml"), policy("")).unwrap();
    refused("bundle not allowed", "inverse");
    std::fs::remove_dir_all(&dir).unwrap();
}
