//! What was accepted before, so that nothing is accepted twice: the slots that were used, and what each worker did for each question. Beside it, how many
//! certificates were judged with a secret, whatever came of them.

use crate::init::shown;
use bfv_cert::certificate::{Fields, Operation, Slot};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_cert::freshness::Seen;
use bfv_cert::sign::KeyId;
use bfv_driver::{Code, Problem};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// A worker, and the epoch, view and number of its certificate.
type Place = ([u8; 32], u64, u64, u64);
/// A worker, the question, and what was done: a word for the operation, and of a stage, a fusion or a vote the model, its specification or that of the
/// fusion or vote, and the first layer. An answer counts once for a worker and a question, whatever the model, and so does the last stage of one:
/// where it counts in a vote, no other may. A later block of an answer counts once for the block before it, which stands in the place of the model.
type Done = ([u8; 32], Digest, &'static str, Digest, Digest, u16);

/// The file of `--seen`, to which a line is added for each certificate that is accepted.
pub struct Used<'a> {
    path: Option<&'a Path>,
    file: Option<File>,
    /// Why it could not be written.
    pub problem: Option<Problem>,
}

impl<'a> Used<'a> {
    /// The file, where there is one. It is made when something is added.
    pub fn new(path: Option<&'a Path>) -> Self {
        Used { path, file: None, problem: None }
    }

    /// Adds lines, and says whether they are on the disk. After a problem nothing more is added, as a line may be there in part.
    pub fn add(&mut self, lines: &str) -> bool {
        let Some(path) = self.path.filter(|_| !lines.is_empty() && self.problem.is_none()) else {
            return self.problem.is_none();
        };
        let open = || std::fs::OpenOptions::new().append(true).create(true).open(path);
        let file = self.file.take().map_or_else(open, Ok);
        let written = file.and_then(|mut file| {
            file.write_all(lines.as_bytes())?;
            file.sync_data()?;
            Ok(file)
        });
        match written {
            Ok(file) => self.file = Some(file),
            Err(e) => self.problem = Some(Problem::not_written(&shown(path), &e)),
        }
        self.problem.is_none()
    }
}

/// What certificates of earlier runs and of this one have used.
#[derive(Default)]
pub struct Slots {
    slots: BTreeMap<Place, Digest>,
    answers: BTreeMap<Done, Digest>,
    /// How many certificates were judged with each secret.
    judged: BTreeMap<Digest, u64>,
    /// Whether those of earlier runs are among them.
    kept: bool,
}

impl Seen for Slots {
    fn slot(&self, worker: &KeyId, slot: &Slot) -> Option<Digest> {
        self.slots.get(&(*worker.0.as_bytes(), slot.epoch, slot.view, slot.seq)).copied()
    }

    fn answer(&self, fields: &Fields) -> Option<Digest> {
        self.answers.get(&done(fields)).copied()
    }

    fn lasting(&self) -> bool {
        self.kept
    }
}

/// The word in front of a line about a secret.
const JUDGED: &str = "judged";
const OPERATIONS: [&str; 5] = ["layers", "answer", "fusion", "vote", "block"];

fn done(fields: &Fields) -> Done {
    let [layers, answer, fusion, vote, block] = OPERATIONS;
    let worker = *fields.worker.0.as_bytes();
    let word = match fields.operation {
        // Whoever chooses tokens has a seed, and no other stage has one.
        Operation::LayerRange if fields.seed == Digest::ZERO => layers,
        Operation::LayerRange | Operation::FullForward => {
            return (worker, fields.query, answer, Digest::ZERO, Digest::ZERO, 0);
        }
        // A worker continues a block once.
        Operation::Continuation => {
            let before = fields.parents.first().copied().unwrap_or(Digest::ZERO);
            return (worker, fields.query, block, before, Digest::ZERO, 0);
        }
        Operation::Fusion => fusion,
        Operation::Vote => vote,
    };
    (worker, fields.query, word, fields.model, fields.spec, fields.layers.start)
}

impl Slots {
    /// Notes an accepted certificate, and gives the line for the file.
    pub fn add(&mut self, envelope: &Envelope<'_>) -> String {
        let certificate = envelope.certificate();
        let (f, body) = (certificate.fields(), certificate.body().digest());
        self.slots.insert((*f.worker.0.as_bytes(), f.slot.epoch, f.slot.view, f.slot.seq), body);
        let done = done(f);
        self.answers.insert(done, body);
        let (_, query, word, model, spec, layer) = done;
        let used = format!("{} {} {} {} {body}", f.worker.0, f.slot.epoch, f.slot.view, f.slot.seq);
        format!("{used} {query} {word} {model} {spec} {layer}\n")
    }

    /// What earlier runs have kept; nothing where there is no file yet.
    pub fn read(path: &Path) -> Result<Slots, Problem> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(Problem::not_read(&shown(path), &e)),
        };
        let mut slots = Slots { kept: true, ..Slots::default() };
        for (n, line) in (1..).zip(text.lines()) {
            slots.line(line).ok_or_else(|| {
                let what = format!("Line {n} of {} is no slot that was used.", shown(path));
                Problem::new(Code::BadSettings, what, "take the file from a copy.")
            })?;
        }
        Ok(slots)
    }

    /// How many certificates earlier runs have judged with a secret.
    pub fn judged(&self, secret: &Digest) -> u64 {
        self.judged.get(secret).copied().unwrap_or_default()
    }

    /// The line for the file after so many more.
    pub fn judged_line(secret: &Digest, more: u64) -> String {
        format!("{JUDGED} {secret} {more}\n")
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let words: Vec<&str> = line.split(' ').collect();
        if let [JUDGED, secret, more] = words.as_slice() {
            let count = self.judged.entry(bfv_ledger::digest(secret)?).or_default();
            *count = count.saturating_add(more.parse().ok()?);
            return Some(());
        }
        let [worker, epoch, view, seq, body, query, word, model, spec, layer] = words.as_slice() else { return None };
        let worker = *bfv_ledger::key_id(worker)?.0.as_bytes();
        let [body, query, model, spec] = [body, query, model, spec].map(|d| bfv_ledger::digest(d));
        let body = body?;
        let word = OPERATIONS.into_iter().find(|own| own == word)?;
        self.slots.insert((worker, epoch.parse().ok()?, view.parse().ok()?, seq.parse().ok()?), body);
        self.answers.insert((worker, query?, word, model?, spec?, layer.parse().ok()?), body);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two models of one worker are no two votes, and neither are an answer and the last stage of another one.
    #[test]
    fn a_worker_has_one_answer_to_a_question() -> Result<(), Box<dyn std::error::Error>> {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/inference/accepted/question-1-law.bfc");
        let bytes = std::fs::read(file)?;
        let envelope = Envelope::decode(&bytes).map_err(|refusal| refusal.to_string())?;
        let answer = envelope.certificate().fields();
        let mut slots = Slots::default();
        slots.add(&envelope);
        let other = Fields { model: Digest([7; 32]), spec: Digest([8; 32]), ..answer.clone() };
        assert!(slots.answer(&other).is_some());
        let last = Fields { operation: Operation::LayerRange, seed: Digest([9; 32]), ..other.clone() };
        assert!(slots.answer(&last).is_some());
        // A stage that chooses no token, another question and another operation are something else.
        let stage = Fields { operation: Operation::LayerRange, seed: Digest::ZERO, ..answer.clone() };
        assert_eq!(slots.answer(&stage), None);
        assert_eq!(slots.answer(&Fields { query: Digest([1; 32]), ..answer.clone() }), None);
        assert_eq!(slots.answer(&Fields { operation: Operation::Vote, ..answer.clone() }), None);
        Ok(())
    }
}
