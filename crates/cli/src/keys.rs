//! `bfv key`: what the holder of a key does.

use crate::answer::{Answer, Line};
use crate::args::{self, Key, KeyAction};
use crate::certificate::{json_of, valid};
use crate::files::bounded;
use crate::init::{refuse, shown};
use crate::trust::{not_read, not_written, of_file};
use crate::usage::{Mistake, line};
use bfv_cert::digest::Digest;
use bfv_cert::registry::{Entry, Role};
use bfv_driver::{Code, Problem};
use bfv_ledger::{create, generate, request, role_word, secret};
use bfv_model::json::FILE_LIMIT;
use bfv_model::manifest::Manifest;
use bfv_model::splitting::Splitting;
use serde_json::Map;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// How long a key is valid where nothing is said, in seconds.
pub const YEAR: u64 = 365 * 86_400;

/// `bfv key`.
pub fn key(args: &Key) -> Result<Answer, Mistake> {
    let given = [
        ("--role", args.role.is_some()),
        ("--from", args.from.is_some()),
        ("--until", args.until.is_some()),
        ("--manifest", args.manifest.is_some()),
        ("--output", args.output.is_some()),
    ];
    let takes: &[&str] = match args.action {
        KeyAction::Make | KeyAction::Show => &[],
        KeyAction::Request => &["--role", "--from", "--until", "--manifest", "--output"],
    };
    only("key", word(args.action), &given, takes)?;
    match args.action {
        KeyAction::Make => make(args),
        KeyAction::Show => show(args),
        KeyAction::Request => ask(args),
    }
}

fn word(action: KeyAction) -> &'static str {
    match action {
        KeyAction::Make => "make",
        KeyAction::Show => "show",
        KeyAction::Request => "request",
    }
}

/// Refuses options that an action would ignore.
pub fn only(command: &str, action: &str, given: &[(&str, bool)], takes: &[&str]) -> Result<(), Mistake> {
    match given.iter().find(|(option, is)| *is && !takes.contains(option)) {
        None => Ok(()),
        Some((option, _)) => {
            let what = format!("The option {option} does not go with {command} {action}.");
            Err(Mistake::new(what, vec![line(&["help", command])]))
        }
    }
}

/// The time that was given, or that of the clock, in seconds since 1970.
pub fn now(at: Option<u64>) -> Result<u64, Mistake> {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_secs());
    at.map_or_else(clock, Ok)
        .map_err(|_| refuse(Problem::new(Code::NotRead, "The clock of this machine is before 1970.", "set the clock.")))
}

pub fn role(role: args::Role) -> Role {
    match role {
        args::Role::Worker => Role::Worker,
        args::Role::Head => Role::Head,
        args::Role::Voter => Role::Voter,
    }
}

fn make(args: &Key) -> Result<Answer, Mistake> {
    let key = generate(&args.file).map_err(|e| refuse(not_written(e)))?;
    let file = shown(&args.file);
    // Elsewhere the folder decides who may read it.
    let only = if cfg!(unix) { "Only you may read the file. " } else { "" };
    Ok(Answer {
        first: format!("Wrote 1 file: {file}."),
        lines: vec![
            Line::from(format!("Public key: {}.", key.public().id().0)),
            Line::from(format!("{only}Whoever has it can sign as you do.")),
        ],
        hint: Some(format!("to ask for its registration, run bfv key request {file}")),
        closing: "Result: the file has a new secret key.".to_owned(),
        document: document(&file, &key.public().id().0),
        ..Answer::default()
    })
}

fn show(args: &Key) -> Result<Answer, Mistake> {
    let key = secret(&args.file).map_err(|e| refuse(not_read(e)))?;
    let file = shown(&args.file);
    Ok(Answer {
        first: format!("Read 1 file: {file}."),
        lines: vec![Line::from(format!("Public key: {}.", key.public().id().0))],
        closing: "End of the key.".to_owned(),
        document: document(&file, &key.public().id().0),
        ..Answer::default()
    })
}

fn document(file: &str, key: &Digest) -> Map<String, serde_json::Value> {
    let mut document = Map::new();
    document.insert("file".into(), file.into());
    document.insert("key".into(), key.to_string().into());
    document
}

fn ask(args: &Key) -> Result<Answer, Mistake> {
    let key = secret(&args.file).map_err(|e| refuse(not_read(e)))?;
    let role = role(args.role.unwrap_or(args::Role::Worker));
    let from = now(args.from)?;
    let until = args.until.unwrap_or(from.saturating_add(YEAR));
    if until < from {
        let what = "The key would end before it begins: --until is before --from.";
        return Err(Mistake::new(what, vec![line(&["help", "key"])]));
    }
    let manifest = args.manifest.as_deref().map(|path| manifest(path, role)).transpose()?;
    let entry = Entry::with_manifest(&key, role, from, until, manifest);
    let out = args.output.clone().unwrap_or_else(|| args.file.with_extension("request"));
    create(&out, request(&entry).as_bytes(), false).map_err(|e| refuse(not_written(e)))?;
    let file = shown(&out);
    let mut document = Map::new();
    document.insert("file".into(), file.clone().into());
    document.insert("request".into(), json_of(&entry, "", None));
    Ok(Answer {
        first: format!("Wrote 1 file: {file}."),
        lines: vec![
            Line::from(format!("Public key: {}. Role: {}. {}", entry.key.0, role_word(role), valid(&entry, None))),
            Line::from("It is signed by the key, and holds no secret.".to_owned()),
        ],
        hint: Some(format!("to register the key, the authority runs bfv registry register --request {file}")),
        closing: "Result: the request is for whoever keeps the registry.".to_owned(),
        document,
        ..Answer::default()
    })
}

/// The digest of what a worker or a head says of itself, once it was read and is well-formed.
fn manifest(path: &Path, role: Role) -> Result<Digest, Mistake> {
    let file = shown(path);
    let bytes = bounded(path, FILE_LIMIT as u64).map_err(refuse)?;
    let read = match role {
        Role::Worker => Manifest::read(&bytes).map(|m| m.digest()),
        Role::Head => Splitting::read(&bytes).map(|s| s.digest()),
        Role::Voter => {
            let what = "A voter has no manifest.";
            return Err(Mistake::new(what, vec![line(&["help", "key"])]));
        }
    };
    read.map_err(|p| refuse(of_file(&file, &p)))
}
