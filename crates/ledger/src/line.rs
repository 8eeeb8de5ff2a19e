//! One line of a ledger.

use crate::hex::{digest, from_hex, key_id, to_hex};
use bfv_cert::digest::Digest;
use bfv_cert::log::TreeHead;
use bfv_cert::registry::{Entry, RegistryHead, Role};
use bfv_cert::sign::{KeyId, SIGNATURE_LEN, Signature};
use std::fmt;

/// What a line says. Words are separated by one space, numbers are decimal, bytes hexadecimal in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A key enters the registry.
    Entry(Entry),
    /// A key is revoked from a time on.
    Revoke(KeyId, Role, u64),
    /// The authority signs the registry as it is now; the log takes the head at its time.
    Registry(RegistryHead, KeyId, Signature),
    /// The log takes a certificate.
    Certificate(u64, Digest),
    /// The log signs what it has.
    Head(TreeHead, KeyId, Signature),
}

pub(crate) const ROLES: [(&str, Role); 3] = [("worker", Role::Worker), ("head", Role::Head), ("voter", Role::Voter)];

fn word(role: Role) -> &'static str {
    ROLES.iter().find(|(_, r)| *r == role).map_or("", |(word, _)| word)
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Entry(entry) => write!(f, "entry {}", to_hex(&entry.encode())),
            Line::Revoke(key, role, at) => write!(f, "revoke {} {} {at}", key.0, word(*role)),
            Line::Registry(head, key, s) => {
                write!(f, "registry {} {} {} {} {}", head.time, head.count, head.root, key.0, to_hex(&s.0))
            }
            Line::Certificate(time, id) => write!(f, "certificate {time} {id}"),
            Line::Head(head, key, s) => {
                write!(f, "head {} {} {} {} {}", head.size, head.time, head.root, key.0, to_hex(&s.0))
            }
        }
    }
}

fn signature(text: &str) -> Option<Signature> {
    <[u8; SIGNATURE_LEN]>::try_from(from_hex(text)?).ok().map(Signature)
}

impl Line {
    /// Reads a line, of which the writer gives the same text.
    pub(crate) fn read(text: &str) -> Option<Line> {
        let words: Vec<&str> = text.split(' ').collect();
        let line = match *words.as_slice() {
            ["entry", bytes] => Line::Entry(Entry::decode(&from_hex(bytes)?).ok()?),
            ["revoke", key, role, at] => {
                let (_, role) = ROLES.into_iter().find(|(word, _)| *word == role)?;
                Line::Revoke(key_id(key)?, role, at.parse().ok()?)
            }
            ["registry", time, count, root, key, s] => {
                let head = RegistryHead { time: time.parse().ok()?, count: count.parse().ok()?, root: digest(root)? };
                Line::Registry(head, key_id(key)?, signature(s)?)
            }
            ["certificate", time, id] => Line::Certificate(time.parse().ok()?, digest(id)?),
            ["head", size, time, root, key, s] => {
                let head = TreeHead { size: size.parse().ok()?, time: time.parse().ok()?, root: digest(root)? };
                Line::Head(head, key_id(key)?, signature(s)?)
            }
            _ => return None,
        };
        (line.to_string() == text).then_some(line)
    }
}
