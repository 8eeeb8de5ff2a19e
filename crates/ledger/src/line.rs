//! One line of a ledger.

use crate::hex::{digest, from_hex, key_id, to_hex};
use bfv_cert::digest::Digest;
use bfv_cert::log::TreeHead;
use bfv_cert::registry::{Entry, Reason, RegistryHead, Revocation, Role};
use bfv_cert::sign::{KeyId, SIGNATURE_LEN, Signature};
use std::fmt;

/// What a line says. Words are separated by one space, numbers are decimal, bytes hexadecimal in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A key enters the registry.
    Entry(Entry),
    /// The authority revokes a key from a time on.
    Revoke(Revocation, KeyId, Signature),
    /// The authority signs the registry as it is now; the log takes the head at its time.
    Registry(RegistryHead, KeyId, Signature),
    /// The log takes a certificate.
    Certificate(u64, Digest),
    /// The log signs what it has.
    Head(TreeHead, KeyId, Signature),
}

/// The word of a role, as it stands in a ledger.
#[must_use]
pub fn role_word(role: Role) -> &'static str {
    match role {
        Role::Worker => "worker",
        Role::Head => "head",
        Role::Voter => "voter",
    }
}

/// The word of a reason, as it stands in a ledger.
#[must_use]
pub fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Stolen => "stolen",
        Reason::Replaced => "replaced",
        Reason::Retired => "retired",
        Reason::Lied => "lied",
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Entry(entry) => write!(f, "entry {}", to_hex(&entry.encode())),
            Line::Revoke(r, key, s) => {
                let (role, reason) = (role_word(r.role), reason_word(r.reason));
                write!(f, "revoke {} {role} {} {reason} {} {}", r.key.0, r.from, key.0, to_hex(&s.0))
            }
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
            ["revoke", key, role, from, reason, signer, s] => {
                let role = [Role::Worker, Role::Head, Role::Voter].into_iter().find(|r| role_word(*r) == role)?;
                let reason = Reason::ALL.into_iter().find(|r| reason_word(*r) == reason)?;
                let revocation = Revocation { key: key_id(key)?, role, from: from.parse().ok()?, reason };
                Line::Revoke(revocation, key_id(signer)?, signature(s)?)
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
