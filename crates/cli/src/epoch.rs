//! `bfv verify --audit`: the certificates of a log, which of them are looked at, and which nobody has opened.

use crate::args::Verify;
use crate::init::{refuse, shown};
use crate::trust::{Trust, bad, not_read};
use crate::usage::{Mistake, line};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_ledger::Book;
use bfv_verify::epoch::picks;
use std::collections::{BTreeMap, BTreeSet};

/// An audit.
pub struct Audit {
    book: Book,
    /// The certificates of the log, with their numbers among them, from 1.
    logged: BTreeMap<Digest, u64>,
    /// Those that are looked at, by their numbers.
    picked: BTreeSet<u64>,
    /// Those of them of which an envelope came.
    given: BTreeSet<u64>,
}

/// What becomes of an envelope in an audit.
pub enum Taken<'a> {
    /// It is judged, under the head of the audit, and this is the number of its certificate in the log.
    Judge(Box<Envelope<'a>>, u64),
    /// Its certificate was not drawn.
    Left,
    /// Its certificate is not in the log.
    Strange,
}

impl Audit {
    /// The audit of the flag, where there is one.
    pub fn of(args: &Verify, trust: &Trust, trust_file: &str) -> Result<Option<Audit>, Mistake> {
        let Some(text) = &args.audit else { return Ok(None) };
        let wanted = match text.as_str() {
            "all" => None,
            number => Some(number.parse::<u64>().ok().filter(|n| *n > 0).ok_or_else(|| {
                let what = "An audit takes the word all, or how many certificates are drawn.";
                Mistake::new(what, vec![line(&["verify", "--audit", "all", "answer.bfc"])])
            })?),
        };
        let none = || refuse(bad(trust_file, "an audit needs a ledger", "name it in the line ledger."));
        let path = trust.ledger.as_ref().filter(|path| path.is_file()).ok_or_else(none)?;
        let book = match &trust.epoch {
            Some(epoch) => Book::under(path, trust.keepers, &epoch.root),
            None => Book::read(path, trust.keepers),
        };
        let book = book.map_err(|fault| refuse(not_read(fault)))?;
        let all = book.certificates();
        if all.is_empty() {
            return Err(refuse(bad(&shown(path), "its log has no certificates", "let the log take some first.")));
        }
        let of = all.len() as u64;
        let picked = match (wanted, &trust.epoch) {
            (None, _) => (0..of).collect(),
            (Some(wanted), Some(epoch)) => picks(&epoch.value, &epoch.root, wanted, of),
            (Some(_), None) => {
                let mend = "write kind = \"beacon\" under challenge, or audit all.";
                return Err(refuse(bad(trust_file, "a part of a log is drawn by a beacon, and there is none", mend)));
            }
        };
        let picked: BTreeSet<u64> = picked.into_iter().map(|i| i + 1).collect();
        let logged = all.iter().copied().zip(1..).collect();
        Ok(Some(Audit { book, logged, picked, given: BTreeSet::new() }))
    }

    /// How many are looked at, and how many there are.
    pub fn sizes(&self) -> (usize, usize) {
        (self.picked.len(), self.logged.len())
    }

    /// What becomes of an envelope.
    pub fn take<'a>(&mut self, envelope: Envelope<'a>) -> Taken<'a> {
        let certificate = envelope.certificate();
        let Some(number) = self.logged.get(&certificate.id()).copied() else { return Taken::Strange };
        if !self.picked.contains(&number) {
            return Taken::Left;
        }
        self.given.insert(number);
        // Where the registry of then does not have its key, the judge says so of what came with it.
        let envelope = match self.book.extract(certificate) {
            Ok((log, registry)) => envelope.under(log, registry),
            Err(_) => envelope,
        };
        Taken::Judge(Box::new(envelope), number)
    }

    /// Those that were drawn and of which no envelope came: the number and the name.
    pub fn missing(&self) -> Vec<(u64, Digest)> {
        let missing = |number: &u64| self.picked.contains(number) && !self.given.contains(number);
        let mut all: Vec<(u64, Digest)> =
            self.logged.iter().filter(|(_, n)| missing(n)).map(|(id, n)| (*n, *id)).collect();
        all.sort_unstable();
        all
    }

    /// Whether what was not given at this time counts as withheld: after the deadline. Without a time it is that of the head.
    pub fn late(&self, trust: &Trust, at: Option<u64>) -> bool {
        let at = at.or_else(|| self.book.head().map(|head| head.time)).unwrap_or(0);
        trust.terms.deadline.is_some_and(|deadline| at > deadline)
    }
}

/// Where a certificate stands, in words.
pub fn place(number: u64, of: usize, from: &str) -> String {
    format!("{from}, certificate {number} of {of} in the log")
}
