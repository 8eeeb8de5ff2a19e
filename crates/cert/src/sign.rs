//! Ed25519 signatures (RFC 8032), strict only, over DSSE pre-authentication encodings.
//!
//! `verify` and `verify_batch` of `ed25519-dalek` accept a small-order key for any message, and keys in other than canonical form decode.
//! So a [`PublicKey`] is canonical (decoded, encoded again and compared) and not weak, and a signature is checked by `verify_strict` only,
//! which also refuses numbers that are not reduced and points of small order.

use crate::digest::{Context, Digest};
use crate::refusal::SignatureFault;
use ed25519_dalek::{Signature as Dalek, Signer, SigningKey, VerifyingKey};
use std::fmt;

/// Bytes of a signature.
pub const SIGNATURE_LEN: usize = 64;

/// The order of the group, 2^252 + 27742317777372353535851937790883648493 (RFC 8032, section 5.1), little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// What is signed. Each has its own type in the encoding, so a signature for one is none for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The body of a certificate, by a worker.
    Certificate,
    /// A key, its role and its times, by that key.
    Possession,
    /// A registry head, by the authority.
    RegistryHead,
    /// A tree head, by the log and its witnesses.
    TreeHead,
    /// Why a key is revoked, by the authority.
    Revocation,
    /// A question, by a worker and for itself only: the seed of its sampler comes of it.
    Seed,
}

impl Payload {
    /// Every kind.
    pub const ALL: [Payload; 6] = [
        Payload::Certificate,
        Payload::Possession,
        Payload::RegistryHead,
        Payload::TreeHead,
        Payload::Revocation,
        Payload::Seed,
    ];

    /// The type of the payload.
    pub const fn media_type(self) -> &'static str {
        match self {
            Payload::Certificate => "application/vnd.bfv.cert.v1+cbor",
            Payload::Possession => "application/vnd.bfv.key.v1+cbor",
            Payload::RegistryHead => "application/vnd.bfv.registry.v1+cbor",
            Payload::TreeHead => "application/vnd.bfv.log.v1+cbor",
            Payload::Revocation => "application/vnd.bfv.revocation.v1+cbor",
            Payload::Seed => "application/vnd.bfv.seed.v1",
        }
    }

    /// The bytes that are signed: `BFC1-sig` and a zero byte, then the pre-authentication encoding of DSSE version 1:
    /// `DSSEv1`, the length of the type, the type, the length of the body, and the body, with a space between.
    pub fn message(self, body: &[u8]) -> Vec<u8> {
        let kind = self.media_type();
        let mut message = b"BFC1-sig\0".to_vec();
        message.extend_from_slice(format!("DSSEv1 {} {kind} {} ", kind.len(), body.len()).as_bytes());
        message.extend_from_slice(body);
        message
    }
}

/// 64 bytes that claim to be a signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; SIGNATURE_LEN]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// A public key in canonical form that is not weak.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a key. Costs one decoding and one encoding of a point, about 10 microseconds.
    ///
    /// # Errors
    /// The bytes are no point, not canonical (y not reduced, or a sign without an x), or of small order.
    pub fn parse(bytes: &[u8; 32]) -> Result<PublicKey, SignatureFault> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| SignatureFault::NoPoint)?;
        if &key.to_edwards().compress().to_bytes() != bytes {
            return Err(SignatureFault::NotCanonicalKey);
        }
        if key.is_weak() {
            return Err(SignatureFault::WeakKey);
        }
        Ok(PublicKey(key))
    }

    /// The 32 bytes of the key, which are also its name.
    pub fn id(&self) -> KeyId {
        KeyId(Digest(self.0.to_bytes()))
    }

    /// Checks a signature of these bytes for this purpose. Costs about 44 microseconds.
    ///
    /// # Errors
    /// The signature is changed, made of weak parts, or of other bytes, another purpose or another key.
    pub fn verify(&self, payload: Payload, body: &[u8], signature: &Signature) -> Result<(), SignatureFault> {
        let strict = Dalek::from_bytes(&signature.0);
        self.0.verify_strict(&payload.message(body), &strict).map_err(|_| explain(signature))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.id(), f)
    }
}

/// Why a signature was refused. It does not decide whether.
fn explain(signature: &Signature) -> SignatureFault {
    let (point, number) = signature.0.split_at(32);
    if !number.iter().rev().lt(ORDER.iter().rev()) {
        return SignatureFault::NotReduced;
    }
    match <[u8; 32]>::try_from(point).map(|p| VerifyingKey::from_bytes(&p)) {
        Ok(Ok(p)) if !p.is_weak() => SignatureFault::Wrong,
        _ => SignatureFault::WeakPoint,
    }
}

/// 32 bytes that name a key, whether or not they are one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub Digest);

impl KeyId {
    /// The key of this name.
    ///
    /// # Errors
    /// As [`PublicKey::parse`].
    pub fn key(&self) -> Result<PublicKey, SignatureFault> {
        PublicKey::parse(self.0.as_bytes())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A key that signs. Its bytes are overwritten when it is dropped, and it has no `Debug`.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of this seed, 32 bytes of good randomness, which the caller has (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> SecretKey {
        SecretKey(SigningKey::from_bytes(seed))
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The seed of the sampler that this key has for a question, the same each time, so that nothing need be kept between the steps of an answer.
    /// Nobody else knows it before it is revealed: it is the hash of a signature (deterministic, RFC 8032 section 5.1.6) that nobody sees.
    pub fn sampler_seed(&self, query: &Digest) -> [u8; 32] {
        Context::OwnSeed.hash().bytes(&self.sign(Payload::Seed, query.as_bytes()).0).finish().0
    }

    /// Signs these bytes for this purpose.
    pub fn sign(&self, payload: Payload, body: &[u8]) -> Signature {
        Signature(self.0.sign(&payload.message(body)).to_bytes())
    }
}

/// Keys of which at least so many must have signed.
#[derive(Clone, Debug)]
pub struct Quorum {
    keys: Vec<PublicKey>,
    threshold: usize,
}

impl Quorum {
    /// These keys, of which `threshold` must sign. `None` if a key stands twice, or if none or more than all must sign.
    pub fn new(mut keys: Vec<PublicKey>, threshold: usize) -> Option<Quorum> {
        keys.sort_by_key(PublicKey::id);
        let twice = keys.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
        (!twice && threshold > 0 && threshold <= keys.len()).then_some(Quorum { keys, threshold })
    }

    /// One key that must sign.
    pub fn one(key: PublicKey) -> Quorum {
        Quorum { keys: vec![key], threshold: 1 }
    }

    /// Checks every signature given, also where fewer would do, so that no byte goes unchecked. Unknown keys are noticed before any
    /// cryptography. `signatures` must be strictly ascending by key, which their reader has seen to.
    ///
    /// # Errors
    /// A key that is not one of these, too few signatures, or a wrong one.
    pub fn verify(
        &self,
        payload: Payload,
        body: &[u8],
        signatures: &[(KeyId, Signature)],
    ) -> Result<(), SignatureFault> {
        let find = |id: &KeyId| {
            let at = self.keys.binary_search_by_key(id, PublicKey::id);
            at.ok().and_then(|i| self.keys.get(i)).ok_or(SignatureFault::UnknownSigner)
        };
        signatures.iter().try_for_each(|(id, _)| find(id).map(|_| ()))?;
        let distinct = signatures.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a < b));
        if !distinct || signatures.len() < self.threshold {
            return Err(SignatureFault::TooFewSigners(signatures.len(), self.threshold));
        }
        signatures.iter().try_for_each(|(id, signature)| find(id)?.verify(payload, body, signature))
    }
}
