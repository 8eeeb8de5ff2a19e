//! The registry: which keys may sign what, and from when until when.
//!
//! A registry is a list of entries sorted by key and role, a commitment to it, and a head signed by the authority; heads are entries of the log.
//! A revocation is an entry of the next head, so a verifier who refuses old heads cannot be kept from seeing it for longer than that.

use crate::cbor::{Reader, Writer};
use crate::digest::{Context, Digest};
use crate::merkle::{Builder, Tree, verify_opening};
use crate::refusal::{Malformed, Part, Place, Refusal, SignatureFault};
use crate::sign::{KeyId, Payload, SIGNATURE_LEN, SecretKey, Signature};
use crate::statement::Statement;

const MAGIC: &[u8; 4] = b"BFR1";
const KEY_MAGIC: &[u8; 4] = b"BFK1";
const REVOCATION_MAGIC: &[u8; 4] = b"BFV1";

/// What a key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Certificates of layers and of whole models.
    Worker,
    /// Certificates of fusions.
    Head,
    /// Certificates of votes.
    Voter,
}

const ROLES: [Role; 3] = [Role::Worker, Role::Head, Role::Voter];

impl Role {
    fn code(self) -> u64 {
        match self {
            Role::Worker => 0,
            Role::Head => 1,
            Role::Voter => 2,
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Role, Refusal> {
        let code = r.number("role", u64::MAX)?;
        match ROLES.into_iter().find(|role| role.code() == code) {
            Some(role) => Ok(role),
            None => r.deny("role", Malformed::Code(code)),
        }
    }
}

/// A key of the registry. Times are seconds since 1970, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: KeyId,
    /// What it may sign.
    pub role: Role,
    /// Not earlier.
    pub not_before: u64,
    /// Not later.
    pub not_after: u64,
    /// Not from this time on.
    pub revoked_at: Option<u64>,
    /// The digest of the file in which the holder of the key says what it is, where there is one: of a worker its capabilities, of a head how
    /// a model is split.
    pub manifest: Option<Digest>,
    /// The signature of this key over key, role, times and manifest, which shows that whoever registers it has it.
    pub possession: Signature,
}

impl Entry {
    /// The entry of a key that is not revoked and has no manifest.
    pub fn new(key: &SecretKey, role: Role, not_before: u64, not_after: u64) -> Entry {
        Entry::with_manifest(key, role, not_before, not_after, None)
    }

    /// The entry of a key that is not revoked.
    pub fn with_manifest(
        key: &SecretKey,
        role: Role,
        not_before: u64,
        not_after: u64,
        manifest: Option<Digest>,
    ) -> Entry {
        let unsigned = Signature([0; SIGNATURE_LEN]);
        let id = key.public().id();
        let mut entry =
            Entry { key: id, role, not_before, not_after, revoked_at: None, manifest, possession: unsigned };
        entry.possession = key.sign(Payload::Possession, &entry.claimed());
        entry
    }

    /// What the key signs. A revocation is no part of it: that is for the authority to say.
    fn claimed(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(6).magic(KEY_MAGIC).digest(&self.key.0).number(self.role.code());
        write_manifest(w.number(self.not_before).number(self.not_after), &self.manifest);
        w.finish()
    }

    /// Whether the key was valid at this time, which should be that of the log.
    ///
    /// # Errors
    /// It was not valid yet, had expired, or was revoked.
    pub fn valid_at(&self, time: u64) -> Result<(), SignatureFault> {
        if self.revoked_at.is_some_and(|at| time >= at) {
            Err(SignatureFault::Revoked)
        } else if time < self.not_before {
            Err(SignatureFault::NotYetValid)
        } else if time > self.not_after {
            Err(SignatureFault::Expired)
        } else {
            Ok(())
        }
    }

    /// Checks that the key is one and that whoever registered it has it. For the authority: a verifier trusts it to have done so.
    ///
    /// # Errors
    /// The key is none, not canonical or weak, or the proof of possession does not fit.
    pub fn verify_possession(&self) -> Result<(), Refusal> {
        let body = self.claimed();
        let checked = self.key.key().and_then(|key| key.verify(Payload::Possession, &body, &self.possession));
        checked.map_err(|fault| Refusal::Signature(Part::RegistryEntry, fault))
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(7).digest(&self.key.0).number(self.role.code()).number(self.not_before).number(self.not_after);
        match self.revoked_at {
            None => w.array(0),
            Some(at) => w.array(1).number(at),
        };
        write_manifest(w, &self.manifest);
        w.bytes(&self.possession.0);
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Entry, Refusal> {
        r.tuple("entry", 7)?;
        let key = KeyId(r.digest("key")?);
        let role = Role::read(r)?;
        let (not_before, not_after) = (r.number("not before", u64::MAX)?, r.number("not after", u64::MAX)?);
        let revoked_at = match r.array("revoked at", 0, 1)? {
            0 => None,
            _ => Some(r.number("revoked at", u64::MAX)?),
        };
        let manifest = match r.array("manifest", 0, 1)? {
            0 => None,
            _ => Some(r.digest("manifest")?),
        };
        let possession = Signature(r.fixed("possession")?);
        Ok(Entry { key, role, not_before, not_after, revoked_at, manifest, possession })
    }

    /// The bytes of the entry.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.write(&mut w);
        w.finish()
    }

    /// Reads those bytes, with nothing after them.
    ///
    /// # Errors
    /// They are malformed. Whether the proof of possession fits is for [`Entry::verify_possession`].
    pub fn decode(bytes: &[u8]) -> Result<Entry, Refusal> {
        let mut reader = Reader::new(Part::RegistryEntry, bytes);
        let entry = Entry::read(&mut reader)?;
        reader.end()?;
        Ok(entry)
    }

    fn content(&self) -> Digest {
        Context::RegistryEntry.hash().bytes(&self.encode()).finish()
    }
}

fn write_manifest(w: &mut Writer, manifest: &Option<Digest>) {
    match manifest {
        None => w.array(0),
        Some(digest) => w.array(1).digest(digest),
    };
}

/// Why a key is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Others may have the secret key.
    Stolen,
    /// The holder has another key now.
    Replaced,
    /// The holder signs nothing any more.
    Retired,
    /// The holder signed what is not true.
    Lied,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 4] = [Reason::Stolen, Reason::Replaced, Reason::Retired, Reason::Lied];

    fn code(self) -> u64 {
        match self {
            Reason::Stolen => 0,
            Reason::Replaced => 1,
            Reason::Retired => 2,
            Reason::Lied => 3,
        }
    }
}

/// What the authority signs about a key that it revokes. The next registry has the time, which is what verifiers go by; the reason stands
/// here only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The key.
    pub key: KeyId,
    /// The role that it loses.
    pub role: Role,
    /// From then on, in seconds since 1970.
    pub from: u64,
    /// Why.
    pub reason: Reason,
}

impl Statement for Revocation {
    const PAYLOAD: Payload = Payload::Revocation;
    const PART: Part = Part::Revocation;

    fn write(&self, w: &mut Writer) {
        w.array(5).magic(REVOCATION_MAGIC).digest(&self.key.0).number(self.role.code());
        w.number(self.from).number(self.reason.code());
    }

    fn read(r: &mut Reader<'_>) -> Result<Revocation, Refusal> {
        r.tuple("revocation", 5)?;
        r.magic(REVOCATION_MAGIC)?;
        let (key, role, from) = (KeyId(r.digest("key")?), Role::read(r)?, r.number("from", u64::MAX)?);
        let code = r.number("reason", u64::MAX)?;
        match Reason::ALL.into_iter().find(|reason| reason.code() == code) {
            Some(reason) => Ok(Revocation { key, role, from, reason }),
            None => r.deny("reason", Malformed::Code(code)),
        }
    }
}

/// What the authority signs: when a registry was made, how many entries it has, and the commitment to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryHead {
    /// Seconds since 1970.
    pub time: u64,
    /// Entries, at least 1.
    pub count: u64,
    /// The commitment to the entries, sorted by key and role.
    pub root: Digest,
}

impl RegistryHead {
    /// The name by which the log knows it.
    pub fn id(&self) -> Digest {
        Context::RegistryHead.hash().bytes(&self.encode()).finish()
    }
}

impl Statement for RegistryHead {
    const PAYLOAD: Payload = Payload::RegistryHead;
    const PART: Part = Part::RegistryHead;

    fn write(&self, w: &mut Writer) {
        w.array(4).magic(MAGIC).number(self.time).number(self.count).digest(&self.root);
    }

    fn read(r: &mut Reader<'_>) -> Result<RegistryHead, Refusal> {
        r.tuple("registry head", 4)?;
        r.magic(MAGIC)?;
        Ok(RegistryHead {
            time: r.number("time", u64::MAX)?,
            count: r.number("count", crate::merkle::LEAF_LIMIT)?,
            root: r.digest("root")?,
        })
    }
}

/// One entry with its way to the root of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryOpening {
    /// The entry.
    pub entry: Entry,
    /// Its index.
    pub index: u64,
    /// Its proof.
    pub proof: Vec<Digest>,
}

impl EntryOpening {
    /// Checks that the entry is in the registry of this head, by hashes only.
    ///
    /// # Errors
    /// It is not: whatever key is meant, it does not stand in this registry.
    pub fn verify(&self, head: &RegistryHead) -> Result<(), Refusal> {
        let leaf = std::iter::once((self.index, self.entry.content()));
        verify_opening(Part::RegistryEntry, &head.root, head.count, leaf, self.proof.iter().copied())
            .map_err(|_| Refusal::Signature(Part::RegistryEntry, SignatureFault::NotRegistered))
    }
}

/// A registry as its authority has it.
#[derive(Clone, Debug)]
pub struct Registry {
    entries: Vec<Entry>,
    tree: Tree,
}

impl Registry {
    /// A registry of these entries.
    ///
    /// # Errors
    /// There are none, two for one key and role, or a key or proof of possession is bad.
    pub fn new(mut entries: Vec<Entry>) -> Result<Registry, Refusal> {
        let refuse = |found| Refusal::Malformed(Place { part: Part::RegistryHead, field: "entries", offset: 0 }, found);
        entries.sort_by_key(|e| (e.key, e.role));
        if entries.windows(2).any(|pair| matches!(pair, [a, b] if (a.key, a.role) == (b.key, b.role))) {
            return Err(refuse(Malformed::Order));
        }
        entries.iter().try_for_each(Entry::verify_possession)?;
        let mut builder = Builder::new();
        entries.iter().for_each(|e| builder.push(e.content()));
        let tree = builder.finish().ok_or(refuse(Malformed::TooSmall(0, 1)))?;
        Ok(Registry { entries, tree })
    }

    /// The head at this time.
    pub fn head(&self, time: u64) -> RegistryHead {
        RegistryHead { time, count: self.tree.count(), root: self.tree.root() }
    }

    /// The entry of this key and role, opened; `None` where there is none.
    pub fn open(&self, key: KeyId, role: Role) -> Option<EntryOpening> {
        let at = self.entries.binary_search_by_key(&(key, role), |e| (e.key, e.role)).ok()?;
        let index = u64::try_from(at).ok()?;
        Some(EntryOpening { entry: *self.entries.get(at)?, index, proof: self.tree.open(&[index])? })
    }
}
