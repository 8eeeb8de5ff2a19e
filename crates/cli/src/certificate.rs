//! What stands in a certificate, and which keys a registry has. Nothing is judged here.

use crate::answer::{Answer, Line};
use crate::args::Ids;
use crate::files::up_to;
use crate::init::{refuse, shown};
use crate::kernels;
use crate::options::{Options, id};
use crate::trust;
use crate::usage::{Mistake, line};
use bfv_cert::certificate::{Batch, Fields, Output};
use bfv_cert::envelope::{ENVELOPE_LIMIT, Envelope};
use bfv_cert::registry::{Entry, Reason};
use bfv_driver::{Code, Problem, count};
use bfv_ledger::{Ledger, reason_word, role_word};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// `bfv show certificate`.
pub fn show(paths: &[PathBuf], options: &Options) -> Result<Answer, Mistake> {
    let [path] = paths else {
        let what = "One file with a certificate must be named.";
        return Err(Mistake::new(what, vec![line(&["show", "certificate", "answer.bfc"])]));
    };
    let file = shown(path);
    // What has more than that is no envelope.
    let bytes = up_to(path, ENVELOPE_LIMIT as u64).map_err(|e| refuse(Problem::not_read(&file, &e)))?;
    let envelope = Envelope::decode(&bytes).map_err(|refusal| {
        let what = format!("The file {file} is no envelope of a certificate. {refusal}");
        refuse(Problem::new(Code::Record, what, "take the file from whoever sent it."))
    })?;
    let facts = facts(&envelope, options.ids);
    let certificate = envelope.certificate();
    let mut document = Map::new();
    let mut all: Map<String, Value> =
        facts.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())).collect();
    all.insert("id".into(), certificate.id().to_string().into());
    document.insert("certificate".into(), all.into());
    let bytes = certificate.encode().len();
    Ok(Answer {
        first: format!(
            "Certificate {file}: {bytes} bytes, in an envelope of {}.",
            count(length(&envelope), "opened value")
        ),
        lines: facts.into_iter().map(|(name, text, _)| Line::from(sentence(name, &text))).collect(),
        hint: Some(format!("to judge it, run bfv verify {file}")),
        closing: "End of the certificate. Nothing in it was checked.".to_owned(),
        document,
        list: "certificate",
        ..Answer::default()
    })
}

fn sentence(name: &str, text: &str) -> String {
    let mut out = format!("{}: {text}.", name.replace('_', " "));
    out.get_mut(..1).map(str::make_ascii_uppercase);
    out
}

fn length(envelope: &Envelope<'_>) -> usize {
    envelope.cells().count()
}

/// Every field: its name, what it says in words, and as a value.
fn facts(envelope: &Envelope<'_>, ids: Ids) -> Vec<(&'static str, String, Value)> {
    let f: &Fields = envelope.certificate().fields();
    let hex = |d: &bfv_cert::digest::Digest| (id(&d.to_string(), ids), json!(d.to_string()));
    let mut out = Vec::new();
    let mut add = |name, (text, value): (String, Value)| out.push((name, text, value));
    let plain = |text: String| (text.clone(), Value::String(text));
    let list = |dims: &[u32]| (dims.iter().map(u32::to_string).collect::<Vec<_>>().join(" by "), json!(dims));
    add("lane", plain(kernels::name(f.lane)));
    add("operation", plain(words(&format!("{:?}", f.operation))));
    add("query", hex(&f.query));
    add("epoch", (f.slot.epoch.to_string(), json!(f.slot.epoch)));
    add("view", (f.slot.view.to_string(), json!(f.slot.view)));
    add("sequence", (f.slot.seq.to_string(), json!(f.slot.seq)));
    add("not_before", (f.validity.not_before.to_string(), json!(f.validity.not_before)));
    add("not_after", (f.validity.not_after.to_string(), json!(f.validity.not_after)));
    add("worker", hex(&f.worker.0));
    add("model", hex(&f.model));
    add("specification", hex(&f.spec));
    add("layers", (format!("{} to {}", f.layers.start, f.layers.end), json!([f.layers.start, f.layers.end])));
    add("input_shape", list(f.input_shape.dims()));
    add("output_shape", list(f.output_shape.dims()));
    add("input", hex(&f.input));
    add("output_root", hex(&f.output_root));
    add("trace", hex(&f.trace));
    add("trace_leaves", (f.trace_shape.leaves().to_string(), json!(f.trace_shape.leaves())));
    match &f.output {
        Output::Inline(bytes) => add("output", (count(bytes.len(), "byte"), json!(bytes))),
        Output::Hashed(hash) => add("output_hash", hex(hash)),
    }
    add("seed", hex(&f.seed));
    if let Some(e) = &f.execution {
        add("kernel", hex(&e.kernel));
        add("device", (e.device.to_string(), json!(e.device)));
        match &e.batch {
            Batch::Fixed(s) => {
                add(
                    "batch",
                    (format!("{} of {}", s.position, s.sequences), json!([s.position, s.sequences, s.tokens])),
                );
            }
            Batch::Schedule { root, .. } => add("batch_schedule", hex(root)),
        }
    }
    let parents: Vec<String> = f.parents.iter().map(ToString::to_string).collect();
    add("parents", (f.parents.len().to_string(), json!(parents)));
    add("previous", hex(&f.previous));
    add("log_time", (envelope.log().certificate.time.to_string(), json!(envelope.log().certificate.time)));
    out
}

/// `FullForward` as `full forward`.
fn words(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// `bfv list workers`: the keys of the ledger that `verify.toml` names.
pub fn workers(paths: &[PathBuf], options: &Options) -> Result<Answer, Mistake> {
    let start = paths.first().map_or(Path::new("."), PathBuf::as_path);
    if let Err(e) = start.metadata() {
        return Err(refuse(Problem::not_read(&shown(start), &e)));
    }
    let file = if start.is_file() { Some(start.to_owned()) } else { trust::find(start).map_err(refuse)? };
    let usage = || vec![line(&["list", "workers", "verify.toml"]), line(&["help", "trust"])];
    let file = file.ok_or_else(|| Mistake::new("There is no verify.toml, which names the registry.", usage()))?;
    let trust = trust::read(&file, &shown(&file)).map_err(refuse)?;
    let Some(path) = trust.ledger.as_ref().filter(|l| l.is_file()) else {
        return Err(Mistake::new(format!("The file {} names no ledger that is there.", shown(&file)), usage()));
    };
    let ledger = Ledger::open(path, trust.keepers).map_err(|e| refuse(trust::not_read(e)))?;
    let all = ledger.entries();
    let lines = all.iter().enumerate().map(|(i, e)| {
        let head = format!("Key {} of {}. Name: {}.", i + 1, all.len(), trust.name(&e.key));
        let (times, key) = (valid(e, ledger.reason(e)), id(&e.key.0.to_string(), options.ids));
        let manifest = e.manifest.map_or_else(|| "none".to_owned(), |d| id(&d.to_string(), options.ids));
        Line::from(format!("{head} Role: {}. {times} Manifest: {manifest}. Id: {key}.", role_word(e.role)))
    });
    let mut document = Map::new();
    document.insert("workers".into(), all.iter().map(|e| json_of(e, &trust.name(&e.key), ledger.reason(e))).collect());
    Ok(Answer {
        first: format!("Found {} in the registry {}.", count(all.len(), "key"), shown(path)),
        lines: lines.collect(),
        closing: "End of the list.".to_owned(),
        document,
        list: "workers",
        ..Answer::default()
    })
}

/// When a key of a registry is valid, and why it is revoked.
pub fn valid(e: &Entry, reason: Option<Reason>) -> String {
    let until = format!("Valid from {} to {}.", e.not_before, e.not_after);
    let revoked = e.revoked_at.zip(reason).map(|(at, why)| format!(" Revoked from {at} on: {}.", reason_word(why)));
    until + &revoked.unwrap_or_default()
}

/// An entry of a registry as JSON.
pub fn json_of(e: &Entry, name: &str, reason: Option<Reason>) -> Value {
    json!({
        "name": name, "key": e.key.0.to_string(), "role": role_word(e.role), "not_before": e.not_before,
        "not_after": e.not_after, "revoked_at": e.revoked_at, "reason": reason.map(reason_word),
        "manifest": e.manifest.map(|d| d.to_string()),
    })
}
