//! What a key has signed so far, in a file beside it, so that an honest worker never signs two certificates for one slot, also after it was
//! stopped, and names the certificate before each.

use crate::fault::Fault;
use crate::hex::digest;
use bfv_cert::certificate::Slot;
use bfv_cert::digest::Digest;
use bfv_model::Problem;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The largest file, in bytes.
pub const CHAIN_LIMIT: u64 = 1 << 26;

/// The certificates of one key. Its file is locked until it is dropped, so that two processes do not sign at once.
pub struct Chain {
    path: PathBuf,
    file: File,
    last: Option<(Slot, Digest)>,
}

fn line(slot: &Slot, id: &Digest) -> String {
    format!("{} {} {} {id}\n", slot.epoch, slot.view, slot.seq)
}

fn read(text: &str) -> Option<(Slot, Digest)> {
    let words: Vec<&str> = text.trim_end_matches('\n').split(' ').collect();
    let [epoch, view, seq, id] = *words.as_slice() else { return None };
    let slot = Slot { epoch: epoch.parse().ok()?, view: view.parse().ok()?, seq: seq.parse().ok()? };
    let id = digest(id)?;
    (line(&slot, &id) == text).then_some((slot, id))
}

impl Chain {
    /// Opens the chain in this file, or begins an empty one. Waits while another process has it.
    ///
    /// # Errors
    /// The file cannot be used, or a line is malformed or does not ascend.
    pub fn open(path: &Path) -> Result<Chain, Fault> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(Fault::files(path))?;
        file.lock().map_err(Fault::files(path))?;
        let mut text = String::new();
        (&file).take(CHAIN_LIMIT + 1).read_to_string(&mut text).map_err(Fault::files(path))?;
        let refuse = |n: usize, what: &str| {
            let mend = "Use a new key: what this one has signed is not known.";
            Problem::new(format!("line {n} of {}", path.display()), what, mend)
        };
        if text.len() as u64 > CHAIN_LIMIT {
            return Err(refuse(1, "The file is too long.").into());
        }
        let mut last: Option<(Slot, Digest)> = None;
        for (n, text) in (1..).zip(text.split_inclusive('\n')) {
            let next = read(text).ok_or_else(|| refuse(n, "It is cut off or malformed."))?;
            if last.is_some_and(|(before, _)| before >= next.0) {
                return Err(refuse(n, "Its slot is not after the one before.").into());
            }
            last = Some(next);
        }
        Ok(Chain { path: path.to_owned(), file, last })
    }

    /// The certificate before the next one, or zeros.
    #[must_use]
    pub fn previous(&self) -> Digest {
        self.last.map_or(Digest::ZERO, |(_, id)| id)
    }

    /// Whether a certificate may be signed for a slot: only for slots after all that were used.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self, slot: Slot) -> Result<(), Fault> {
        match self.last {
            Some((used, _)) if used >= slot => {
                let what = format!("This key has signed for slot {}.{}.{} already.", used.epoch, used.view, used.seq);
                Err(Problem::new(format!("the chain {}", self.path.display()), what, "Give a later slot.").into())
            }
            _ => Ok(()),
        }
    }

    /// Writes down what was signed, before anybody else sees it.
    ///
    /// # Errors
    /// The slot may not be used, or the file cannot be written.
    pub fn push(&mut self, slot: Slot, id: Digest) -> Result<(), Fault> {
        self.check(slot)?;
        let written = self.file.write_all(line(&slot, &id).as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(Fault::files(&self.path))?;
        self.last = Some((slot, id));
        Ok(())
    }
}
