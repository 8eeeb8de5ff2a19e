//! `bfv key` and `bfv registry` by the real program, and the page that walks a newcomer through them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;
#[path = "project/worker.rs"]
mod worker;

use folder::{Folder, bfv};
use serde_json::Value;
use std::path::Path;
use worker::build_the_worker;

fn ok(dir: &Path, line: &str) -> String {
    let (code, said) = bfv(dir, line);
    assert_eq!(code, Some(0), "{line}: {said}");
    said
}

fn json(dir: &Path, line: &str) -> Value {
    serde_json::from_str(&ok(dir, &format!("{line} --format json"))).unwrap()
}

/// A refusal with this exit code that says so.
fn refused(dir: &Path, line: &str, code: i32, says: &str) {
    let (found, said) = bfv(dir, line);
    assert_eq!(found, Some(code), "{line}: {said}");
    assert!(said.starts_with("Error ") && said.contains(says), "{line}: {said}");
}

fn public(dir: &Path, file: &str) -> String {
    json(dir, &format!("key show {file}"))["key"].as_str().unwrap().to_owned()
}

/// A registry with one key, of the role worker, registered at 1000.
fn with_law(name: &str) -> Folder {
    let folder = Folder::new(name);
    let dir = &folder.0;
    ok(dir, "registry start trust");
    ok(dir, "key make law.key");
    ok(dir, "key request law.key --from 900 --until 5000");
    ok(dir, "registry register trust --request law.request --at 1000");
    folder
}

#[test]
fn a_key_is_made_once_and_for_its_owner_only() {
    let folder = Folder::new("registry-key");
    let dir = &folder.0;
    let said = ok(dir, "key make law.key");
    let key = public(dir, "law.key");
    assert!(said.contains(&format!("\nPublic key: {key}.\n")), "{said}");
    let before = std::fs::read(dir.join("law.key")).unwrap();
    refused(dir, "key make law.key", 74, "The file law.key exists already.");
    assert_eq!(std::fs::read(dir.join("law.key")).unwrap(), before);
    assert!(!ok(dir, "key request law.key").contains(std::str::from_utf8(&before).unwrap().lines().nth(1).unwrap()));
    refused(dir, "key request law.key", 74, "The file law.request exists already.");
    refused(dir, "key show missing.key", 74, "The file missing.key cannot be read");
    refused(dir, "key show law.request", 2, "Others may use it");
    refused(dir, "key make other.key --role head", 2, "The option --role does not go with key make.");
    refused(dir, "key request law.key --from 10 --until 9 --output x.request", 2, "The key would end before it begins");
    refused(
        dir,
        "key request law.key --manifest law.request --output x.request",
        2,
        "The file law.request cannot be used.",
    );
    refused(
        dir,
        "key request law.key --role voter --manifest law.request --output x.request",
        2,
        "A voter has no manifest.",
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &str| std::fs::metadata(dir.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("law.key"), 0o600);
        std::fs::set_permissions(dir.join("law.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
        refused(dir, "key show law.key", 2, "Others may use it: its permissions are 644.");
        std::fs::set_permissions(dir.join("law.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    std::fs::write(dir.join("law.key"), "bfv secret key 1\nno\n").unwrap();
    refused(dir, "key show law.key", 2, "It holds no secret key.");
    assert!(!dir.join("x.request").exists() && !dir.join("other.key").exists());
}

#[test]
fn a_registry_is_started_kept_and_listed() {
    let folder = with_law("registry-kept");
    let dir = &folder.0;
    let law = public(dir, "law.key");
    let ledger = || std::fs::read_to_string(dir.join("trust/ledger.txt")).unwrap();
    let mut before = ledger();
    // Whatever is done adds lines and changes none.
    let mut grown = |lines: usize| {
        let now = ledger();
        let rest = now.strip_prefix(&before).expect("lines that were there are gone");
        assert_eq!(rest.lines().count(), lines, "{rest}");
        before = now;
    };
    let trust = std::fs::read_to_string(dir.join("trust/verify.toml")).unwrap();
    for key in ["authority", "log"] {
        let line = format!("{key} = \"{}\"\n", public(dir, &format!("trust/{key}.key")));
        assert!(trust.contains(&line), "{trust}");
    }
    refused(dir, "registry start trust", 74, "verify.toml exists already");
    refused(
        dir,
        "registry register trust --request law.request --at 1001",
        2,
        "The key is registered for this role already.",
    );
    refused(dir, "registry register trust", 2, "The request of a key must be named.");
    refused(dir, "registry register trust --request law.key --at 1001", 2, "It is no request to register a key.");
    refused(dir, "registry renew trust --at 999", 2, "The time is before that of the last entry of the log.");
    refused(dir, "registry renew trust --reason lied", 2, "The option --reason does not go with registry renew.");
    refused(dir, "registry renew nowhere", 2, "There is no registry in nowhere");
    refused(
        dir,
        "registry renew trust --authority-key law.key --at 1001",
        2,
        "The authority did not sign this registry.",
    );
    grown(0);
    // One key, two roles.
    ok(dir, "key request law.key --role head --from 900 --until 5000 --output head.request");
    let registered = json(dir, "registry register trust --request head.request --at 1001");
    assert_eq!((&registered["count"], &registered["time"]), (&2.into(), &1001.into()));
    assert_eq!(
        (&registered["workers"][0]["key"], &registered["workers"][0]["role"]),
        (&law.as_str().into(), &"head".into())
    );
    grown(3);
    ok(dir, "registry renew trust --at 1002");
    grown(2);
    // Nothing that was asked for with a request of another key is registered.
    let text = std::fs::read_to_string(dir.join("head.request")).unwrap();
    ok(dir, "key make other.key");
    let stolen = text.replace(&law, &public(dir, "other.key"));
    assert_ne!(stolen, text);
    std::fs::write(dir.join("stolen.request"), stolen).unwrap();
    refused(
        dir,
        "registry register trust --request stolen.request --at 1003",
        2,
        "The entry is not signed by its key.",
    );
    refused(dir, "registry revoke trust --reason stolen", 2, "The key to revoke must be named.");
    refused(dir, "registry revoke trust --key 0a1b2c3 --reason stolen", 2, "The key 0a1b2c3 is no key.");
    let short = &law[..8];
    refused(dir, &format!("registry revoke trust --key {short}"), 2, "A reason must be given.");
    refused(
        dir,
        &format!("registry revoke trust --key {short} --reason lied --role voter"),
        2,
        "The registry has no such key",
    );
    grown(0);
    let revoked =
        json(dir, &format!("registry revoke trust --key {short} --reason lied --from 1500 --at 1003 --role head"));
    assert_eq!(
        (&revoked["workers"][0]["revoked_at"], &revoked["workers"][0]["reason"]),
        (&1500.into(), &"lied".into())
    );
    grown(3);
    // Of both roles, the one that is left; then there is nothing left to do, and an earlier time may be said.
    ok(dir, &format!("registry revoke trust --key {law} --reason stolen --from 1500 --at 1004"));
    grown(3);
    refused(
        dir,
        &format!("registry revoke trust --key {law} --reason stolen --from 1500 --at 1005"),
        2,
        "revoked from then on already",
    );
    ok(dir, &format!("registry revoke trust --key {law} --reason stolen --from 1400 --at 1005"));
    grown(6);
    let said = ok(dir, "list workers trust");
    assert!(said.starts_with("Found 2 keys in the registry "), "{said}");
    assert_eq!(said.matches(" Valid from 900 to 5000. Revoked from 1400 on: stolen. ").count(), 2, "{said}");
    let listed = json(dir, "list workers trust");
    assert_eq!(listed["workers"][1]["reason"], "stolen");
    // The authority has signed the reason.
    let changed = ledger().replace(" 1400 stolen ", " 1400 retired ");
    std::fs::write(dir.join("trust/ledger.txt"), changed).unwrap();
    refused(dir, "list workers trust", 2, "The authority did not sign this revocation.");
}

#[test]
fn a_start_that_was_stopped_is_done_again() {
    let folder = Folder::new("registry-start");
    let dir = &folder.0;
    ok(dir, "registry start trust");
    let key = public(dir, "trust/authority.key");
    std::fs::remove_file(dir.join("trust/verify.toml")).unwrap();
    let said = ok(dir, "registry start trust");
    assert!(said.starts_with("Wrote 1 file: trust/verify.toml.\n"), "{said}");
    assert_eq!(public(dir, "trust/authority.key"), key);
    refused(dir, "registry renew trust", 2, "The registry has no keys.");
    refused(dir, "registry start same --authority-key trust/log.key --log-key trust/log.key", 2, "have the same key");
}

#[test]
fn a_change_that_was_cut_off_is_recovered_by_command() {
    let folder = with_law("registry-cut");
    let dir = &folder.0;
    let path = dir.join("trust/ledger.txt");
    let whole = std::fs::read(&path).unwrap();
    ok(dir, "registry renew trust --at 1001");
    let cut = std::fs::read(&path).unwrap()[..whole.len() + 40].to_vec();
    std::fs::write(&path, cut).unwrap();
    refused(
        dir,
        "registry renew trust --at 1002",
        2,
        "To mend it: Take the file from a copy, or run bfv registry recover.",
    );
    let said = ok(dir, "registry recover trust");
    assert!(said.starts_with("Took 40 bytes off the registry trust/ledger.txt.\n"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    assert_eq!(std::fs::read(dir.join("trust/ledger.txt.cut")).unwrap().len(), 40);
    assert!(ok(dir, "registry recover trust").contains("0 bytes were taken off"));
    ok(dir, "registry renew trust --at 1002");
}

#[test]
fn a_first_change_that_was_cut_off_is_recovered_by_command() {
    let folder = with_law("registry-first");
    let dir = &folder.0;
    let path = dir.join("trust/ledger.txt");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..40]).unwrap();
    let again = "registry register trust --request law.request --at 1000";
    refused(dir, again, 2, "To mend it: Take the file from a copy, or run bfv registry recover.");
    let said = ok(dir, "registry recover trust");
    assert!(said.starts_with("Took 40 bytes off the registry trust/ledger.txt.\n"), "{said}");
    assert_eq!(std::fs::read(dir.join("trust/ledger.txt.cut")).unwrap(), whole[..40]);
    ok(dir, again);
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

/// Several at once wait for each other, and no line is lost.
#[test]
fn several_writers_wait_for_each_other() {
    let folder = with_law("registry-writers");
    let dir = &folder.0;
    for n in 0..6 {
        ok(dir, &format!("key make {n}.key"));
        ok(dir, &format!("key request {n}.key --from 900"));
    }
    std::thread::scope(|s| {
        for n in 0..6 {
            s.spawn(move || ok(dir, &format!("registry register trust --request {n}.request --at 1001")));
        }
    });
    assert_eq!(json(dir, "list workers trust")["workers"].as_array().unwrap().len(), 7);
}

/// The fenced blocks of a part of a page: the word after the fence, and the lines.
fn blocks(part: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut rest = part;
    while let Some((_, after)) = rest.split_once("```") {
        let (word, after) = after.split_once('\n').unwrap();
        let (body, after) = after.split_once("```").unwrap();
        out.push((word.to_owned(), body.to_owned()));
        rest = after;
    }
    out
}

/// Every command of the page is run in a folder of its own, and says at least the lines that are shown, in their order.
#[test]
fn the_page_for_newcomers_is_what_bfv_does() {
    build_the_worker();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("examples/inference/README.md")).unwrap();
    let part = page.split_once("## Do it yourself\n").unwrap().1;
    let folder = Folder::new("registry-walk");
    let dir = &folder.0;
    let model = Path::new("examples/inference/models/law");
    std::fs::create_dir_all(dir.join(model)).unwrap();
    for entry in std::fs::read_dir(root.join(model)).unwrap() {
        let name = entry.unwrap().file_name();
        std::fs::copy(root.join(model).join(&name), dir.join(model).join(&name)).unwrap();
    }
    let mut ran = 0;
    for (word, body) in blocks(part) {
        let filled = |text: &str| {
            let key = |file: &str| if dir.join(file).exists() { public(dir, file) } else { String::new() };
            text.replace("AUTHORITY", &key("trust/authority.key")).replace("LAW_KEY", &key("law.key"))
        };
        match word.as_str() {
            "toml" => {
                let path = dir.join("trust/verify.toml");
                let before = std::fs::read_to_string(&path).unwrap();
                std::fs::write(path, before + &filled(&body)).unwrap();
            }
            "console" => {
                for step in body.split("$ ").skip(1) {
                    let (command, shown) = step.split_once('\n').unwrap();
                    let line = filled(command.strip_prefix("bfv ").expect("every command is one of bfv"));
                    let said = bfv(dir, &line).1;
                    let mut left = said.as_str();
                    for shown in shown.lines().filter(|l| *l != "...").map(&filled) {
                        let at = left.find(&shown).unwrap_or_else(|| panic!("{line} does not say {shown}: {said}"));
                        left = &left[at + shown.len()..];
                    }
                    ran += 1;
                }
            }
            other => panic!("a block {other}"),
        }
    }
    assert!(ran >= 8, "{ran} commands");
}
