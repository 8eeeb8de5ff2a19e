//! The ledger: lines that only grow, read from the first one each time.
//!
//! Every line is covered by a signed head behind it: heads of the registry cover keys and revocations, heads of the log cover certificates and
//! heads of the registry. So a line that was changed, left out, moved or added by somebody without the keys is noticed when the file is read.
//! That lines were taken off at the end is not: for that, a verifier keeps the last head that it saw.
//!
//! A change is written at once, ends with a head, and is on the disk before anybody hears of it. A machine that stops in the middle leaves a
//! part of it without a head, which nobody relies on. Such a file is refused, and [`Ledger::recover`] sets that part aside.

use crate::disk::settle;
use crate::fault::Fault;
use crate::line::Line;
use bfv_cert::certificate::Certificate;
use bfv_cert::digest::Digest;
use bfv_cert::envelope::{LogExtract, RegistryExtract};
use bfv_cert::log::{Entry as LogEntry, Inclusion, Kind, Log, TreeHead};
use bfv_cert::registry::{Entry, Reason, Registry, RegistryHead, Revocation, Role};
use bfv_cert::sign::{KeyId, PublicKey, Quorum, SecretKey};
use bfv_cert::statement::{Signed, Statement};
use bfv_model::Problem;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The largest ledger, in bytes.
pub const FILE_LIMIT: u64 = 1 << 26;

/// The most lines of one change: what is said of a key, the registry, and the head of the log.
const CHANGE_LINES: usize = 3;

/// Whose signatures a ledger must have.
#[derive(Debug, Clone, Copy)]
pub struct Trust {
    /// The authority, which signs registries.
    pub authority: PublicKey,
    /// The keeper of the log, who signs its heads.
    pub log: PublicKey,
}

/// A ledger. Its file is locked until it is dropped.
pub struct Ledger {
    path: PathBuf,
    file: File,
    trust: Trust,
    book: Book,
}

/// What the lines of a ledger say, which need not be changed to be read.
#[derive(Clone, Default)]
pub struct Book {
    /// Keys with what was said of them last, in the order in which they came.
    entries: Vec<Entry>,
    /// Why keys are revoked, as was said last.
    reasons: BTreeMap<(KeyId, Role), Reason>,
    /// The registry that was signed last; `None` where keys were added since.
    registry: Option<Registry>,
    signed: Option<Signed<RegistryHead>>,
    log: Log,
    size: u64,
    /// The place and the time of everything in the log.
    places: BTreeMap<Digest, (u64, u64)>,
    /// The certificates in the log, in its order.
    certificates: Vec<Digest>,
    /// The head that was signed last; `None` where the log has grown since.
    head: Option<Signed<TreeHead>>,
}

/// What was found, and how it is mended.
type Refusal = (&'static str, &'static str);
/// A refusal, and the number of the line that it is about.
type Wrong = (usize, Refusal);
const LATE: Refusal = ("The time is before that of the last entry of the log.", "Check the clock.");

/// Lines that are not yet written.
struct Draft {
    book: Book,
    text: String,
    trust: Trust,
}

impl Draft {
    fn take(&mut self, line: Line) -> Result<(), Refusal> {
        self.text.push_str(&format!("{line}\n"));
        self.book.take(line, &self.trust)
    }
}

impl Book {
    /// Reads a ledger and checks every line, as [`Ledger::open`] does, without the right to write. Nothing is made where there is none, and another
    /// process may read it at the same time. Waits while one changes it.
    ///
    /// # Errors
    /// As for [`Ledger::open`], and where there is no such file.
    pub fn read(path: &Path, trust: Trust) -> Result<Book, Fault> {
        let file = File::open(path).map_err(Fault::files(path))?;
        file.lock_shared().map_err(Fault::files(path))?;
        let bytes = contents(&file, path)?;
        Lines::read(&bytes, &trust).whole(path, &bytes)
    }

    /// The same as it was under the head of the log with this root: whatever came later is checked, and is not in it. So an epoch can be audited after it.
    ///
    /// # Errors
    /// As for [`Book::read`], or no head of this ledger has that root.
    pub fn under(path: &Path, trust: Trust, root: &Digest) -> Result<Book, Fault> {
        let file = File::open(path).map_err(Fault::files(path))?;
        file.lock_shared().map_err(Fault::files(path))?;
        let bytes = contents(&file, path)?;
        let mut then = None;
        let lines = Lines::read_seeing(&bytes, &trust, |book| {
            if book.head.as_ref().is_some_and(|head| head.head.root == *root) {
                then = Some(book.clone());
            }
        });
        lines.whole(path, &bytes)?;
        let none = || {
            let what = "No head of the log in it has the root of the beacon.";
            Problem::new(format!("the ledger {}", path.display()), what, "Give the ledger of that log, or its root.")
        };
        then.ok_or_else(|| none().into())
    }

    /// The certificates in the log, in its order.
    #[must_use]
    pub fn certificates(&self) -> &[Digest] {
        &self.certificates
    }

    /// The head of the log that was signed last; nothing where there is none.
    #[must_use]
    pub fn head(&self) -> Option<&TreeHead> {
        self.head.as_ref().map(|head| &head.head)
    }

    /// The keys with what was said of them last.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// When the authority signed the registry last, in seconds since 1970; nothing where it never did.
    #[must_use]
    pub fn signed(&self) -> Option<u64> {
        self.signed.as_ref().map(|s| s.head.time)
    }

    /// The extracts that an envelope of this certificate needs, under the last heads.
    ///
    /// # Errors
    /// What is missing, and how it is mended: the log does not have the certificate, or the registry does not have its worker in the role that it needs.
    pub fn extract(
        &self,
        certificate: &Certificate,
    ) -> Result<(LogExtract, RegistryExtract), (&'static str, &'static str)> {
        let (Some(head), Some(registry), Some(signed)) = (&self.head, &self.registry, &self.signed) else {
            return Err(("The registry has no keys.", "Register a key first."));
        };
        let inclusion = |id: Digest| {
            let (index, time) = self.places.get(&id).copied()?;
            Some(Inclusion { index, time, proof: self.log.inclusion(index, head.head.size)? })
        };
        let places = inclusion(certificate.id()).zip(inclusion(signed.head.id()));
        let (own, of_registry) =
            places.ok_or(("The log does not have the certificate.", "Let the log take it first."))?;
        let fields = certificate.fields();
        let opening = registry.open(fields.worker, fields.operation.role());
        let opening = opening.ok_or(("The worker's key is not registered.", "Register it first."))?;
        let log = LogExtract { head: head.clone(), certificate: own, registry: of_registry };
        Ok((log, RegistryExtract { head: signed.clone(), opening }))
    }

    /// A change of keys is followed by a registry, and whatever the log takes by a head, so no line can be left out.
    fn take(&mut self, line: Line, trust: &Trust) -> Result<(), Refusal> {
        let follows = match line {
            Line::Head(..) => self.registered() && self.size > 0 && self.head.is_none(),
            Line::Registry(..) => self.size == 0 || self.head.is_some(),
            _ => self.covered(),
        };
        if !follows {
            return Err(("It does not follow on the line before.", "Take the file from a copy."));
        }
        match line {
            Line::Entry(entry) => {
                if self.entries.iter().any(|e| (e.key, e.role) == (entry.key, entry.role)) {
                    return Err(("The key is registered for this role already.", "Use another key."));
                }
                if entry.revoked_at.is_some() || entry.verify_possession().is_err() {
                    return Err(("The entry is not signed by its key.", "Register the key with its own signature."));
                }
                self.entries.push(entry);
                self.registry = None;
            }
            Line::Revoke(revocation, signer, signature) => {
                let Revocation { key, role, from, reason } = revocation;
                let Some(entry) = self.entries.iter_mut().find(|e| (e.key, e.role) == (key, role)) else {
                    return Err(("There is no such key with this role.", "Check the key and the role."));
                };
                // An earlier time may replace a later one, but nothing takes a revocation back.
                if entry.revoked_at.is_some_and(|before| before <= from) {
                    return Err(("The key is revoked from then on already.", "Nothing is to be done."));
                }
                let signed = Signed::new(revocation, vec![(signer, signature)]);
                if signed.verify(&Quorum::one(trust.authority)).is_err() {
                    return Err(("The authority did not sign this revocation.", "Check the key of the authority."));
                }
                entry.revoked_at = Some(from);
                self.reasons.insert((key, role), reason);
                self.registry = None;
            }
            Line::Registry(head, key, signature) => {
                let made = self.made()?;
                let signed = Signed::new(head, vec![(key, signature)]);
                if made.head(head.time) != head || signed.verify(&Quorum::one(trust.authority)).is_err() {
                    return Err(("The authority did not sign this registry.", "Check the key of the authority."));
                }
                self.log(Kind::RegistryHead, head.time, head.id())?;
                (self.registry, self.signed) = (Some(made), Some(signed));
            }
            Line::Certificate(time, id) => self.log(Kind::Certificate, time, id)?,
            Line::Head(head, key, signature) => {
                let signed = Signed::new(head, vec![(key, signature)]);
                let own = self.log.head(head.time) == Some(head);
                if !own || signed.verify(&Quorum::one(trust.log)).is_err() {
                    return Err(("The keeper of the log did not sign this head.", "Check the key of the log."));
                }
                self.head = Some(signed);
            }
        }
        Ok(())
    }

    /// The registry of the entries. Those were checked when they came, so what may be wrong is that there are none.
    fn made(&self) -> Result<Registry, Refusal> {
        Registry::new(self.entries.clone()).map_err(|_| ("The registry has no keys.", "Register a key first."))
    }

    fn log(&mut self, kind: Kind, time: u64, id: Digest) -> Result<(), Refusal> {
        if self.places.contains_key(&id) {
            return Err(("The log has this already.", "Nothing is to be done."));
        }
        let index = self.log.append(&LogEntry { kind, time, id });
        let index = index.ok_or(LATE)?;
        self.places.insert(id, (index, time));
        if kind == Kind::Certificate {
            self.certificates.push(id);
        }
        self.size = index.saturating_add(1);
        self.head = None;
        Ok(())
    }

    /// Everything that was said of keys is signed by the authority.
    fn registered(&self) -> bool {
        self.registry.is_some() || self.entries.is_empty()
    }

    /// Everything is covered by a signed head.
    fn covered(&self) -> bool {
        self.registered() && (self.head.is_some() || self.size == 0)
    }
}

/// The lines of a ledger.
struct Lines {
    book: Book,
    /// How many bytes the lines up to the last signed head have.
    covered: usize,
    /// The first line that is wrong, after which nothing was read.
    wrong: Option<Wrong>,
}

impl Lines {
    fn read(bytes: &[u8], trust: &Trust) -> Lines {
        Lines::read_seeing(bytes, trust, |_| ())
    }

    /// The same, with somebody who sees what the lines say each time that a head covers them.
    fn read_seeing(bytes: &[u8], trust: &Trust, mut see: impl FnMut(&Book)) -> Lines {
        let mut lines = Lines { book: Book::default(), covered: 0, wrong: None };
        if bytes.len() as u64 > FILE_LIMIT {
            lines.wrong = Some((1, ("The file is too long.", "Begin a new ledger.")));
            return lines;
        }
        let (mut at, mut last) = (0, 0);
        for (n, bytes) in (1..).zip(bytes.split_inclusive(|b| *b == b'\n')) {
            let text = bytes.strip_suffix(b"\n").and_then(|b| std::str::from_utf8(b).ok());
            let line = text.and_then(Line::read);
            let taken = line.ok_or(("It is cut off or malformed.", "Take the file from a copy."));
            if let Err(why) = taken.and_then(|line| lines.book.take(line, trust)) {
                lines.wrong = Some((n, why));
                return lines;
            }
            (at, last) = (at + bytes.len(), n);
            if lines.book.covered() {
                lines.covered = at;
                see(&lines.book);
            }
        }
        if !lines.book.covered() {
            lines.wrong = Some((last, ("No signed head covers the lines up to here.", "Take the file from a copy.")));
        }
        lines
    }

    /// Whether what comes after the last signed head is what a change leaves that was stopped while it was written: no head ends in it, and it
    /// has no more lines than one change. Of a file that is too long only the beginning was read, so nothing is known of its end.
    fn stopped(&self, bytes: &[u8]) -> bool {
        if bytes.len() as u64 > FILE_LIMIT {
            return false;
        }
        let rest = bytes.get(self.covered..).unwrap_or_default();
        let head = |line: &[u8]| line.starts_with(b"head ") && line.ends_with(b"\n");
        let mut lines = rest.split_inclusive(|b| *b == b'\n');
        !rest.is_empty() && lines.clone().count() <= CHANGE_LINES && !lines.any(head)
    }

    /// What they say, where none is wrong.
    fn whole(self, path: &Path, bytes: &[u8]) -> Result<Book, Fault> {
        let Some((n, (what, mend))) = self.wrong else { return Ok(self.book) };
        let recover = "Take the file from a copy, or run bfv registry recover.";
        let mend = if self.stopped(bytes) { recover } else { mend };
        Err(Problem::new(format!("line {n} of {}", path.display()), what, mend).into())
    }
}

/// Takes off what comes after the first `length` bytes.
fn shortened(file: &File, length: u64) -> std::io::Result<()> {
    file.set_len(length).and_then(|()| file.sync_all())
}

/// The file of a ledger, locked, and its bytes; of a file that is too long only the beginning.
fn locked(path: &Path) -> Result<(File, Vec<u8>), Fault> {
    let new = !path.exists();
    let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(Fault::files(path))?;
    if new {
        settle(path)?;
    }
    file.lock().map_err(Fault::files(path))?;
    let bytes = contents(&file, path)?;
    Ok((file, bytes))
}

/// The bytes of a file; of one that is too long only the beginning.
fn contents(file: &File, path: &Path) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(Fault::files(path))?;
    Ok(bytes)
}

impl Ledger {
    /// Opens a ledger and checks every line, or begins an empty one. Waits while another process has it.
    ///
    /// # Errors
    /// The file cannot be used, is too long, or has a line that is malformed, does not follow from those before it or is not signed.
    pub fn open(path: &Path, trust: Trust) -> Result<Ledger, Fault> {
        let (file, bytes) = locked(path)?;
        let book = Lines::read(&bytes, &trust).whole(path, &bytes)?;
        Ok(Ledger { path: path.to_owned(), file, trust, book })
    }

    /// Makes a ledger usable again that was left in the middle of a change. What comes after the last signed head is added to a file beside it
    /// with the further ending `cut`, and taken off. Nobody was told that it was done, so nothing that counted is lost. Where the very first
    /// change was cut off, an empty ledger is left. The number of bytes that were taken off: 0 where the ledger is whole.
    ///
    /// # Errors
    /// The ledger is wrong in another way: a head or more than one change comes after what is signed by these keys, or the file is too long.
    /// Or a file cannot be used.
    pub fn recover(path: &Path, trust: Trust) -> Result<usize, Fault> {
        let (file, bytes) = locked(path)?;
        let lines = Lines::read(&bytes, &trust);
        let Some((n, (what, mend))) = lines.wrong else { return Ok(0) };
        if !lines.stopped(&bytes) {
            return Err(Problem::new(format!("line {n} of {}", path.display()), what, mend).into());
        }
        let rest = bytes.get(lines.covered..).unwrap_or_default();
        let aside = path.with_added_extension("cut");
        let mut kept = OpenOptions::new().append(true).create(true).open(&aside).map_err(Fault::files(&aside))?;
        kept.write_all(rest).and_then(|()| kept.sync_all()).map_err(Fault::files(&aside))?;
        settle(&aside)?;
        shortened(&file, lines.covered as u64).map_err(Fault::files(path))?;
        Ok(rest.len())
    }

    fn place(&self) -> String {
        format!("the ledger {}", self.path.display())
    }

    /// Adds lines and a head of the log, all or none of them.
    fn change(
        &mut self,
        log: &SecretKey,
        now: u64,
        make: impl FnOnce(&mut Draft) -> Result<(), Refusal>,
    ) -> Result<(), Fault> {
        let mut draft = Draft { book: self.book.clone(), text: String::new(), trust: self.trust };
        let made = make(&mut draft).and_then(|()| {
            let head = draft.book.log.head(now).ok_or(LATE)?;
            let (id, signature) = head.sign(log);
            draft.take(Line::Head(head, id, signature))
        });
        made.map_err(|(what, mend)| Problem::new(self.place(), what, mend))?;
        let before = self.file.metadata().map_err(Fault::files(&self.path))?.len();
        let written = self.file.write_all(draft.text.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(why) = written {
            // A part of it may stand there, on a full disk for instance. Where that cannot be taken off either, the next one who opens it is told.
            let _left = shortened(&self.file, before);
            return Err(Fault::Files(self.path.clone(), why));
        }
        self.book = draft.book;
        Ok(())
    }

    /// Signs the registry after a change, and lets the log take it.
    fn publish(&mut self, line: Option<Line>, keys: Keys<'_>, now: u64) -> Result<(), Fault> {
        self.change(keys.log, now, |draft| {
            line.map_or(Ok(()), |line| draft.take(line))?;
            let head = draft.book.made()?.head(now);
            let (id, signature) = head.sign(keys.authority);
            draft.take(Line::Registry(head, id, signature))
        })
    }

    /// Registers a key at this time.
    ///
    /// # Errors
    /// It is registered for this role already, its proof of possession does not fit, a key is not the one that is trusted, the time is
    /// before that of the last entry, or the file cannot be written.
    pub fn register(&mut self, entry: Entry, keys: Keys<'_>, now: u64) -> Result<(), Fault> {
        self.publish(Some(Line::Entry(entry)), keys, now)
    }

    /// Revokes a key from a time on, for a reason.
    ///
    /// # Errors
    /// There is no such key, it is revoked from then on already, or as in [`Ledger::register`].
    pub fn revoke(&mut self, revocation: Revocation, keys: Keys<'_>, now: u64) -> Result<(), Fault> {
        let (id, signature) = revocation.sign(keys.authority);
        self.publish(Some(Line::Revoke(revocation, id, signature)), keys, now)
    }

    /// Signs the same registry at a later time, as verifiers refuse old ones.
    ///
    /// # Errors
    /// There are no keys, or as in [`Ledger::register`].
    pub fn renew(&mut self, keys: Keys<'_>, now: u64) -> Result<(), Fault> {
        self.publish(None, keys, now)
    }

    /// Takes a certificate at this time. Whether it is any good is not for a log to say.
    ///
    /// # Errors
    /// The log has it already, the key is not that of the log, the time is before that of the last entry, or the file cannot be written.
    pub fn add(&mut self, certificate: &Certificate, log: &SecretKey, now: u64) -> Result<(), Fault> {
        self.change(log, now, |draft| draft.take(Line::Certificate(now, certificate.id())))
    }

    /// The extracts that an envelope of this certificate needs, under the last heads.
    ///
    /// # Errors
    /// The log does not have the certificate, or the registry does not have its worker in the role that it needs.
    pub fn extract(&self, certificate: &Certificate) -> Result<(LogExtract, RegistryExtract), Fault> {
        self.book.extract(certificate).map_err(|(what, mend)| Problem::new(self.place(), what, mend).into())
    }

    /// The keys with what was said of them last.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.book.entries()
    }

    /// Why the key of an entry is revoked; nothing where it is not.
    #[must_use]
    pub fn reason(&self, entry: &Entry) -> Option<Reason> {
        self.book.reasons.get(&(entry.key, entry.role)).copied()
    }

    /// When the authority signed the registry last, in seconds since 1970; nothing where it never did.
    #[must_use]
    pub fn signed(&self) -> Option<u64> {
        self.book.signed()
    }

    /// The last head, and the proof that the log has only grown since it had `old` entries.
    #[must_use]
    pub fn grown(&self, old: u64) -> Option<(&Signed<TreeHead>, Vec<Digest>)> {
        let head = self.book.head.as_ref()?;
        Some((head, self.book.log.consistency(old, head.head.size)?))
    }
}

/// The keys that sign a registry and a head of the log.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    /// Of the authority.
    pub authority: &'a SecretKey,
    /// Of the log.
    pub log: &'a SecretKey,
}
