//! `bfv registry`: what the authority does, which keeps a registry of keys with its log. Nothing is taken back there.

use crate::answer::{Answer, Line};
use crate::args::{self, Registry, RegistryAction};
use crate::certificate::{json_of, valid};
use crate::init::{refuse, shown};
use crate::keys::{now, only, role};
use crate::options::{Options, id};
use crate::trust::{FILE, not_read, not_written};
use crate::usage::{Mistake, line};
use bfv_cert::registry::{Entry, Reason, Revocation};
use bfv_cert::sign::SecretKey;
use bfv_driver::{Code, Problem, count};
use bfv_ledger::{Keys, Ledger, Trust, create, generate, reason_word, requested, role_word, secret};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The name of the file with the lines of the registry and its log.
const LEDGER: &str = "ledger.txt";
/// Fewer digits of a key than this may be meant for another one.
const LEAST_DIGITS: usize = 8;

/// Where everything of a registry lies.
pub struct Places {
    pub ledger: PathBuf,
    pub authority: PathBuf,
    pub log: PathBuf,
}

impl Places {
    /// Where they are in a folder, when nothing else is said.
    pub fn of(folder: &Path) -> Places {
        let [ledger, authority, log] = [LEDGER, "authority.key", "log.key"].map(|name| folder.join(name));
        Places { ledger, authority, log }
    }

    /// Reads the secret keys.
    pub fn signers(&self) -> Result<Signers, Mistake> {
        let read = |path: &Path| secret(path).map_err(|e| refuse(not_read(e)));
        Ok(Signers { authority: read(&self.authority)?, log: read(&self.log)? })
    }
}

/// The secret keys of a registry.
pub struct Signers {
    authority: SecretKey,
    log: SecretKey,
}

impl Signers {
    pub fn trust(&self) -> Trust {
        Trust { authority: self.authority.public(), log: self.log.public() }
    }

    pub fn keys(&self) -> Keys<'_> {
        Keys { authority: &self.authority, log: &self.log }
    }
}

/// `bfv registry`.
pub fn registry(args: &Registry, options: &Options) -> Result<Answer, Mistake> {
    let given = [
        ("--request", args.request.is_some()),
        ("--key", args.key.is_some()),
        ("--role", args.role.is_some()),
        ("--reason", args.reason.is_some()),
        ("--from", args.from.is_some()),
        ("--at", args.at.is_some()),
    ];
    let (word, takes): (_, &[&str]) = match args.action {
        RegistryAction::Start => ("start", &[]),
        RegistryAction::Register => ("register", &["--request", "--at"]),
        RegistryAction::Revoke => ("revoke", &["--key", "--role", "--reason", "--from", "--at"]),
        RegistryAction::Renew => ("renew", &["--at"]),
        RegistryAction::Recover => ("recover", &[]),
    };
    only("registry", word, &given, takes)?;
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    let usual = Places::of(&folder);
    let places = Places {
        authority: args.authority_key.clone().unwrap_or(usual.authority),
        log: args.log_key.clone().unwrap_or(usual.log),
        ledger: usual.ledger,
    };
    if args.action == RegistryAction::Start {
        return begin(&folder, &places);
    }
    if !places.ledger.is_file() {
        let what = format!("There is no registry in {}: the file {LEDGER} is missing.", shown(&folder));
        return Err(Mistake::new(what, vec![line(&["registry", "start", &shown(&folder)])]));
    }
    let signers = places.signers()?;
    if args.action == RegistryAction::Recover {
        return recover(&places.ledger, &signers);
    }
    // Whatever can be wrong with the words is said before the ledger is opened.
    let revoked = match args.action {
        RegistryAction::Revoke => Some(wanted(args)?),
        _ => None,
    };
    let request = match (args.action, &args.request) {
        (RegistryAction::Register, None) => {
            let what = "The request of a key must be named.";
            return Err(Mistake::new(what, vec![line(&["registry", "register", "--request", "law.request"])]));
        }
        (_, path) => path.as_deref().map(requested).transpose().map_err(|e| refuse(not_read(e)))?,
    };
    let time = now(args.at)?;
    let mut ledger = Ledger::open(&places.ledger, signers.trust()).map_err(|e| refuse(not_read(e)))?;
    let written = |done: Result<(), bfv_ledger::Fault>| done.map_err(|e| refuse(not_written(e)));
    let (first, about): (String, Vec<Entry>) = match (request, revoked) {
        (Some(entry), _) => {
            written(ledger.register(entry, signers.keys(), time))?;
            ("Registered 1 key".to_owned(), vec![entry])
        }
        (_, Some((digits, reason))) => {
            let from = args.from.unwrap_or(time);
            let all = meant(&ledger, &digits, args, from)?;
            for e in &all {
                let revocation = Revocation { key: e.key, role: e.role, from, reason };
                written(ledger.revoke(revocation, signers.keys(), time))?;
            }
            (format!("Revoked 1 key in {}", count(all.len(), "role")), all)
        }
        (None, None) => {
            written(ledger.renew(signers.keys(), time))?;
            ("Signed the registry anew".to_owned(), Vec::new())
        }
    };
    Ok(changed(first, &about, &ledger, &places.ledger, time, options))
}

/// What a change did, read from the ledger as it is now.
fn changed(first: String, about: &[Entry], ledger: &Ledger, file: &Path, time: u64, options: &Options) -> Answer {
    let now: Vec<&Entry> =
        about.iter().filter_map(|a| ledger.entries().iter().find(|e| (e.key, e.role) == (a.key, a.role))).collect();
    let lines = now.iter().map(|e| {
        let (key, times) = (id(&e.key.0.to_string(), options.ids), valid(e, ledger.reason(e)));
        Line::from(format!("Key: {key}. Role: {}. {times}", role_word(e.role)))
    });
    let (file, total) = (shown(file), ledger.entries().len());
    let mut document = Map::new();
    document.insert("ledger".into(), file.clone().into());
    document.insert("time".into(), time.into());
    document.insert("count".into(), total.into());
    document.insert("workers".into(), now.iter().map(|e| json_of(e, "", ledger.reason(e))).collect());
    Answer {
        first: format!("{first}, at time {time}."),
        lines: lines.collect(),
        closing: format!("Result: the registry {file} has {}, and the authority has signed it.", count(total, "key")),
        document,
        list: "workers",
        ..Answer::default()
    }
}

/// The digits of the key to revoke, and why.
fn wanted(args: &Registry) -> Result<(String, Reason), Mistake> {
    let example = || vec![line(&["registry", "revoke", "--key", "0a1b2c3d", "--reason", "stolen"])];
    let Some(digits) = args.key.clone() else {
        return Err(Mistake::new("The key to revoke must be named.", example()));
    };
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if digits.len() < LEAST_DIGITS || !digits.chars().all(hex) {
        let what = format!("The key {} is no key.", digits.escape_debug());
        return Err(refuse(Problem::new(Code::Usage, what, "write at least its first 8 hexadecimal digits.")));
    }
    let reason = match args.reason {
        Some(args::Reason::Stolen) => Reason::Stolen,
        Some(args::Reason::Replaced) => Reason::Replaced,
        Some(args::Reason::Retired) => Reason::Retired,
        Some(args::Reason::Lied) => Reason::Lied,
        None => {
            let all = Reason::ALL.map(reason_word);
            let with = |r: &str| line(&["registry", "revoke", "--key", &digits, "--reason", r]);
            return Err(Mistake::new("A reason must be given.", all.into_iter().take(3).map(with).collect()));
        }
    };
    Ok((digits, reason))
}

/// The entries that are to be revoked: those of one key that are not revoked from then on already.
fn meant(ledger: &Ledger, digits: &str, args: &Registry, from: u64) -> Result<Vec<Entry>, Mistake> {
    let refused = |what: String, mend: &str| Err(refuse(Problem::new(Code::Usage, what, mend)));
    let fits =
        |e: &&Entry| e.key.0.to_string().starts_with(digits) && args.role.is_none_or(|wanted| role(wanted) == e.role);
    let all: Vec<Entry> = ledger.entries().iter().filter(fits).copied().collect();
    let Some(one) = all.first() else {
        return refused(format!("The registry has no such key: {digits}."), "run bfv list workers to see the keys.");
    };
    if all.iter().any(|e| e.key != one.key) {
        return refused(format!("Several keys begin with {digits}."), "write more digits.");
    }
    let open: Vec<Entry> = all.iter().filter(|e| e.revoked_at.is_none_or(|at| at > from)).copied().collect();
    if open.is_empty() {
        return refused("The key is revoked from then on already.".to_owned(), "nothing is to be done.");
    }
    Ok(open)
}

/// A new registry. Keys that are there are used, so that a start that was stopped can be done again.
/// Makes the keys, an empty ledger and the file of trust.
pub fn begin(folder: &Path, places: &Places) -> Result<Answer, Mistake> {
    let settings = folder.join(FILE);
    if settings.exists() {
        let what = format!("The file {} exists already.", shown(&settings));
        return Err(refuse(Problem::new(Code::NotWritten, what, "keep it, or name another folder.")));
    }
    std::fs::create_dir_all(folder).map_err(|e| refuse(Problem::not_written(&shown(folder), &e)))?;
    let mut made = Vec::new();
    let mut key = |path: &Path| {
        if path.exists() {
            return secret(path).map_err(|e| refuse(not_read(e)));
        }
        made.push(shown(path));
        generate(path).map_err(|e| refuse(not_written(e)))
    };
    let signers = Signers { authority: key(&places.authority)?, log: key(&places.log)? };
    if signers.authority.public().id() == signers.log.public().id() {
        let what = "The authority and the log have the same key.";
        return Err(refuse(Problem::new(Code::Usage, what, "give each a key of its own.")));
    }
    if !places.ledger.exists() {
        made.push(shown(&places.ledger));
    }
    Ledger::open(&places.ledger, signers.trust()).map_err(|e| refuse(not_written(e)))?;
    let [authority, log] = [&signers.authority, &signers.log].map(|k| k.public().id().0.to_string());
    let text = format!(
        "# Whom a verifier trusts. See: bfv help trust\nauthority = \"{authority}\"\nlog = \"{log}\"\nledger = \"{LEDGER}\"\n"
    );
    create(&settings, text.as_bytes(), false).map_err(|e| refuse(not_written(e)))?;
    made.push(shown(&settings));
    let mut document = Map::new();
    document.insert("files".into(), made.clone().into());
    document.insert("authority".into(), authority.clone().into());
    document.insert("log".into(), log.clone().into());
    Ok(Answer {
        first: format!("Wrote {}: {}.", count(made.len(), "file"), made.join(", ")),
        lines: vec![
            Line::from(format!("Public key of the authority: {authority}.")),
            Line::from(format!("Public key of the log: {log}.")),
        ],
        hint: Some("to register a key, run bfv key request FILE, then bfv registry register".to_owned()),
        closing: "Result: the registry has no keys yet. Keep the secret keys where workers cannot read them."
            .to_owned(),
        document,
        ..Answer::default()
    })
}

fn recover(ledger: &Path, signers: &Signers) -> Result<Answer, Mistake> {
    let bytes = Ledger::recover(ledger, signers.trust()).map_err(|e| refuse(not_written(e)))?;
    let file = shown(ledger);
    let mut document = Map::new();
    document.insert("ledger".into(), file.clone().into());
    document.insert("bytes".into(), Value::from(bytes));
    let first = match bytes {
        0 => format!("The registry {file} is whole: 0 bytes were taken off."),
        n => format!("Took {} off the registry {file}.", count(n, "byte")),
    };
    let lines = match bytes {
        0 => Vec::new(),
        _ => {
            vec![Line::from(format!("They were added to {file}.cut: a change that was cut off before it was signed."))]
        }
    };
    Ok(Answer { first, lines, closing: "Result: the registry can be used.".to_owned(), document, ..Answer::default() })
}
