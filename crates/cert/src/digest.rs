//! Hashes with a purpose: BLAKE3 in its mode `derive_key`, one constant context for each use.
//!
//! Two uses never share a context, so a hash made for one is never taken for another. Whatever has no fixed length is preceded by its
//! length, so that two sequences of parts never give the same bytes.

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};
use std::fmt;
use std::sync::OnceLock;

/// Bytes of a [`Digest`], of a key and of everything else that has the size of a hash.
pub const DIGEST_LEN: usize = 32;

/// A BLAKE3 hash, 32 bytes. Equality is not in constant time: no digest here is a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; DIGEST_LEN]);

impl Digest {
    /// What stands where there is no certificate before this one.
    pub const ZERO: Digest = Digest([0; DIGEST_LEN]);

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; DIGEST_LEN] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a hash is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// The bytes of one committed intermediate value.
    Cell,
    /// The bytes of a tensor that is no weight, such as the input of a stage.
    Activation,
    /// One tile of a weight.
    Tile,
    /// One weight within a model.
    Weight,
    /// A leaf of a commitment.
    Leaf,
    /// An inner node of a commitment.
    Node,
    /// The root of a commitment.
    Root,
    /// A question to a worker.
    Query,
    /// The seed of a sampler.
    Seed,
    /// The seed of a sampler, from the key of a worker and a question.
    OwnSeed,
    /// The random word of one token that is drawn.
    Draw,
    /// The bytes of a checked specification.
    Spec,
    /// The numbers that a judge draws for one certificate.
    Challenge,
    /// The name of a certificate.
    Certificate,
    /// The body of a certificate, whoever signed it.
    Body,
    /// The output of a worker, where the certificate has its hash only.
    Output,
    /// One step of a changing batch.
    Batch,
    /// One key of a registry.
    RegistryEntry,
    /// The name of a registry.
    RegistryHead,
    /// A leaf of the log.
    LogLeaf,
    /// An inner node of the log.
    LogNode,
    /// The file in which a worker or a head says what it is.
    Manifest,
    /// The rule of a vote.
    Vote,
    /// The kernels that a device computed with.
    Kernel,
}

impl Context {
    /// Every use.
    pub const ALL: [Context; 24] = [
        Context::Cell,
        Context::Activation,
        Context::Tile,
        Context::Weight,
        Context::Leaf,
        Context::Node,
        Context::Root,
        Context::Query,
        Context::Seed,
        Context::OwnSeed,
        Context::Draw,
        Context::Spec,
        Context::Challenge,
        Context::Certificate,
        Context::Body,
        Context::Output,
        Context::Batch,
        Context::RegistryEntry,
        Context::RegistryHead,
        Context::LogLeaf,
        Context::LogNode,
        Context::Manifest,
        Context::Vote,
        Context::Kernel,
    ];

    /// The context string of `derive_key`. Part of the format: a changed string is another format.
    pub const fn string(self) -> &'static str {
        match self {
            Context::Cell => "bfv 2026 cell v1",
            Context::Activation => "bfv 2026 activation v1",
            Context::Tile => "bfv 2026 tensor v1",
            Context::Weight => "bfv 2026 model v1",
            Context::Leaf => "bfv 2026 leaf v1",
            Context::Node => "bfv 2026 node v1",
            Context::Root => "bfv 2026 root v1",
            Context::Query => "bfv 2026 query v1",
            Context::Seed => "bfv 2026 seed v1",
            Context::OwnSeed => "bfv 2026 own seed v1",
            Context::Draw => "bfv 2026 draw v1",
            Context::Spec => "bfv 2026 spec v1",
            Context::Challenge => "bfv 2026 challenge v1",
            Context::Certificate => "bfv cert id v1",
            Context::Body => "bfv 2026 body v1",
            Context::Output => "bfv 2026 output v1",
            Context::Batch => "bfv 2026 batch v1",
            Context::RegistryEntry => "bfv 2026 registry entry v1",
            Context::RegistryHead => "bfv 2026 registry head v1",
            Context::LogLeaf => "bfv 2026 log leaf v1",
            Context::LogNode => "bfv 2026 log node v1",
            Context::Manifest => "bfv 2026 manifest v1",
            Context::Vote => "bfv 2026 vote v1",
            Context::Kernel => "bfv 2026 kernel v1",
        }
    }

    /// The context key of `derive_key`: what the mode has in the place of the first chaining value.
    pub fn key(self) -> [u8; DIGEST_LEN] {
        hash_derive_key_context(self.string())
    }

    /// Begins a hash for this use. The strings are hashed once.
    pub fn hash(self) -> Hash {
        static KEYS: OnceLock<[ContextKey; Context::ALL.len()]> = OnceLock::new();
        let keys = KEYS.get_or_init(|| Context::ALL.map(|context| hash_derive_key_context(context.string())));
        // The list has every use in the order of the declaration, as a test says.
        match keys.get(self as usize) {
            Some(key) => Hash(blake3::Hasher::new_from_context_key(key)),
            None => Hash(blake3::Hasher::new_derive_key(self.string())),
        }
    }

    /// The hash of bytes alone. They need no length, as nothing follows; at once, long ones are hashed faster than in parts. For short ones it counts that the key of
    /// the use is there already.
    pub fn of(self, bytes: &[u8]) -> Digest {
        if bytes.len() > blake3::CHUNK_LEN {
            return Digest(blake3::derive_key(self.string(), bytes));
        }
        let mut hash = self.hash();
        hash.0.update(bytes);
        hash.finish()
    }
}

/// A hash that is being made.
pub struct Hash(blake3::Hasher);

impl Hash {
    /// Absorbs one byte.
    pub fn byte(mut self, b: u8) -> Hash {
        self.0.update(&[b]);
        self
    }

    /// Absorbs a number as eight bytes, little-endian.
    pub fn number(mut self, n: u64) -> Hash {
        self.0.update(&n.to_le_bytes());
        self
    }

    /// Absorbs a digest, without its length, which is fixed.
    pub fn digest(mut self, d: &Digest) -> Hash {
        self.0.update(&d.0);
        self
    }

    /// Absorbs the length as eight bytes, then the bytes.
    pub fn bytes(self, b: &[u8]) -> Hash {
        let mut hash = self.number(b.len() as u64);
        hash.0.update(b);
        hash
    }

    /// The hash.
    pub fn finish(self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }

    /// Random words without end, in place of the hash.
    pub fn words(self) -> Words {
        Words(self.0.finalize_xof())
    }
}

/// Words that look random to whoever does not know what was absorbed.
pub struct Words(blake3::OutputReader);

impl Iterator for Words {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let mut word = [0; 8];
        self.0.fill(&mut word);
        Some(u64::from_le_bytes(word))
    }
}

/// What a question is: the verifier's nonce, the tokens of the prompt, how to decode, and the policy. Issued by the client.
pub fn query_id(nonce: &[u8; 32], prompt: &[u32], decoding: &Digest, policy: &Digest) -> Digest {
    let hash = Context::Query.hash().digest(&Digest(*nonce)).number(prompt.len() as u64);
    let hash = prompt.iter().fold(hash, |hash, token| hash.number(u64::from(*token)));
    hash.digest(decoding).digest(policy).finish()
}

/// What a worker commits to before it samples. The seed is revealed in the envelope.
pub fn seed_commitment(seed: &[u8; 32], query: &Digest) -> Digest {
    Context::Seed.hash().digest(&Digest(*seed)).digest(query).finish()
}

/// The random word for token `index` of the answer, from 0, by the seed that was committed to for this question.
pub fn draw_word(seed: &[u8; 32], query: &Digest, index: u64) -> u64 {
    let Digest(hash) = Context::Draw.hash().digest(&Digest(*seed)).digest(query).number(index).finish();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// What a certificate names as the specification: the hash of its bytes, which begin with the kind of specification.
pub fn spec_root(bytes: &[u8]) -> Digest {
    Context::Spec.hash().bytes(bytes).finish()
}

/// What the certificate of a vote names as the specification: how many workers have a vote, and how many must give one answer.
pub fn vote_root(workers: u64, quorum: u64) -> Digest {
    Context::Vote.hash().number(workers).number(quorum).finish()
}

/// The hash of an output that is too long for the certificate.
pub fn output_digest(output: &[u8]) -> Digest {
    Context::Output.hash().bytes(output).finish()
}
