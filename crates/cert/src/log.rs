//! The transparency log: an append-only Merkle tree (RFC 9162) of certificates and registry heads, signed tree heads, and proofs that an entry
//! is in it and that it has only grown. Hashes are BLAKE3.
//!
//! A certificate is judged at the time that the log gave it, not at a time of its own.

use crate::cbor::{Reader, Writer};
use crate::digest::{Context, Digest};
use crate::merkle::{Forest, node};
use crate::refusal::{BindingFault, Equivocation, FreshnessFault, Malformed, Part, Refusal};
use crate::sign::Payload;
use crate::statement::Statement;

/// The largest number of hashes of a proof of the log: one for each bit of a size, and one more.
pub const PROOF_LIMIT: usize = 65;
const MAGIC: &[u8; 4] = b"BFT1";

/// What an entry of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A certificate, by [`crate::certificate::Certificate::id`].
    Certificate,
    /// A registry head, by [`crate::registry::RegistryHead::id`].
    RegistryHead,
}

/// An entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// When the log took it, in seconds since 1970.
    pub time: u64,
    /// Its name.
    pub id: Digest,
}

impl Entry {
    /// The leaf: a byte 0, the kind, the time and the name.
    pub fn leaf(&self) -> Digest {
        let kind = match self.kind {
            Kind::Certificate => 0,
            Kind::RegistryHead => 1,
        };
        Context::LogLeaf.hash().byte(0).byte(kind).number(self.time).digest(&self.id).finish()
    }
}

/// How large the log was at a time, and its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Entries, at least 1.
    pub size: u64,
    /// Seconds since 1970.
    pub time: u64,
    /// The root (RFC 9162, section 2.1.1).
    pub root: Digest,
}

impl Statement for TreeHead {
    const PAYLOAD: Payload = Payload::TreeHead;
    const PART: Part = Part::TreeHead;

    fn write(&self, w: &mut Writer) {
        w.array(4).magic(MAGIC).number(self.size).number(self.time).digest(&self.root);
    }

    fn read(r: &mut Reader<'_>) -> Result<TreeHead, Refusal> {
        r.tuple("tree head", 4)?;
        r.magic(MAGIC)?;
        let head =
            TreeHead { size: r.number("size", u64::MAX)?, time: r.number("time", u64::MAX)?, root: r.digest("root")? };
        if head.size == 0 { r.deny("size", Malformed::Range(0)) } else { Ok(head) }
    }
}

/// Where an entry stands in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// Its index.
    pub index: u64,
    /// When the log took it.
    pub time: u64,
    /// The hashes beside the way to the root, from below.
    pub proof: Vec<Digest>,
}

impl Inclusion {
    /// Checks that the thing of this name stands there (RFC 9162, section 2.1.3.2), and is not younger than the head.
    ///
    /// # Errors
    /// A binding fault where it does not stand there, a freshness fault where its time is later than that of the head.
    pub fn verify(&self, head: &TreeHead, kind: Kind, id: Digest) -> Result<(), Refusal> {
        let refuse = |found| Err(Refusal::Binding(Part::TreeHead, found));
        if self.index >= head.size {
            return refuse(BindingFault::Index(self.index));
        }
        let (mut n, mut last) = (self.index, head.size.saturating_sub(1));
        let mut hash = Entry { kind, time: self.time, id }.leaf();
        for sibling in &self.proof {
            if last == 0 {
                return refuse(BindingFault::ProofLength);
            }
            if n & 1 == 1 || n == last {
                hash = node(Context::LogNode, sibling, &hash);
                while n & 1 == 0 && n != 0 {
                    n >>= 1;
                    last >>= 1;
                }
            } else {
                hash = node(Context::LogNode, &hash, sibling);
            }
            n >>= 1;
            last >>= 1;
        }
        if last != 0 {
            return refuse(BindingFault::ProofLength);
        }
        if hash != head.root {
            return refuse(BindingFault::Root);
        }
        if self.time > head.time {
            return Err(Refusal::Freshness(FreshnessFault::LoggedLater(self.time)));
        }
        Ok(())
    }
}

/// Checks that a log has only grown between two heads, of which the signatures have been checked (RFC 9162, section 2.1.4.2).
///
/// # Errors
/// The new head has fewer entries; or as many, with another root, which is equivocation; or the proof does not show it.
pub fn verify_consistency(old: &TreeHead, new: &TreeHead, proof: &[Digest]) -> Result<(), Refusal> {
    let inconsistent = Err(Refusal::Freshness(FreshnessFault::LogInconsistent));
    if new.size < old.size {
        return Err(Refusal::Freshness(FreshnessFault::LogRollback(new.size)));
    }
    if new.size == old.size {
        return match (new.root == old.root, proof.is_empty()) {
            (false, _) => Err(Refusal::Equivocation(Equivocation::Log(new.size, old.root, new.root))),
            (true, true) => Ok(()),
            (true, false) => inconsistent,
        };
    }
    if new.time < old.time {
        return inconsistent;
    }
    // Of a power of two, the old root is itself the first hash.
    let mut hashes = old.size.is_power_of_two().then_some(&old.root).into_iter().chain(proof);
    let (Some(first), Some(mut n), Some(mut last)) = (hashes.next(), old.size.checked_sub(1), new.size.checked_sub(1))
    else {
        return inconsistent;
    };
    while n & 1 == 1 {
        n >>= 1;
        last >>= 1;
    }
    let (mut before, mut now) = (*first, *first);
    for hash in hashes {
        if last == 0 {
            return inconsistent;
        }
        if n & 1 == 1 || n == last {
            before = node(Context::LogNode, hash, &before);
            now = node(Context::LogNode, hash, &now);
            while n & 1 == 0 && n != 0 {
                n >>= 1;
                last >>= 1;
            }
        } else {
            now = node(Context::LogNode, &now, hash);
        }
        n >>= 1;
        last >>= 1;
    }
    if last == 0 && before == old.root && now == new.root { Ok(()) } else { inconsistent }
}

/// A log as its keeper has it. 64 bytes an entry.
#[derive(Clone, Debug)]
pub struct Log {
    forest: Forest,
    time: u64,
}

impl Default for Log {
    fn default() -> Log {
        Log { forest: Forest::new(Context::LogNode), time: 0 }
    }
}

impl Log {
    /// Appends an entry and gives its index; `None` where it is older than the last one.
    pub fn append(&mut self, entry: &Entry) -> Option<u64> {
        let index = self.forest.len();
        self.time = (entry.time >= self.time).then_some(entry.time)?;
        self.forest.push(entry.leaf());
        Some(index)
    }

    /// The head at this time; `None` where the log is empty or has a younger entry.
    pub fn head(&self, time: u64) -> Option<TreeHead> {
        let size = self.forest.len();
        let root = self.forest.range(0, size)?;
        (time >= self.time).then_some(TreeHead { size, time, root })
    }

    /// The proof that an entry is in the log when it had this size (RFC 9162, section 2.1.3.1); `None` where it is not.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Digest>> {
        if index >= size || size > self.forest.len() {
            return None;
        }
        let (mut start, mut size, mut proof) = (0u64, size, Vec::new());
        while size > 1 {
            let left = crate::merkle::split(size);
            let (middle, rest) = (start.checked_add(left)?, size.checked_sub(left)?);
            if index < middle {
                proof.push(self.forest.range(middle, rest)?);
                size = left;
            } else {
                proof.push(self.forest.range(start, left)?);
                (start, size) = (middle, rest);
            }
        }
        proof.reverse();
        Some(proof)
    }

    /// The proof that the log of the second size continues that of the first (RFC 9162, section 2.1.4.1); `None` where there were never so
    /// many entries.
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Digest>> {
        if old == 0 || old > new || new > self.forest.len() {
            return None;
        }
        let (mut start, mut size, mut proof) = (0u64, new, Vec::new());
        // The subtree is complete in the old log once it ends where that log ends.
        while start.checked_add(size)? != old {
            let left = crate::merkle::split(size);
            let (middle, rest) = (start.checked_add(left)?, size.checked_sub(left)?);
            if old <= middle {
                proof.push(self.forest.range(middle, rest)?);
                size = left;
            } else {
                proof.push(self.forest.range(start, left)?);
                (start, size) = (middle, rest);
            }
        }
        if start != 0 {
            proof.push(self.forest.range(start, size)?);
        }
        proof.reverse();
        Some(proof)
    }
}
