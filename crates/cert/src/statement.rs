//! Statements that a quorum signs: tree heads and registry heads.

use crate::cbor::{Reader, Writer};
use crate::refusal::{Malformed, Part, Refusal};
use crate::sign::{KeyId, Payload, Quorum, SecretKey, Signature};

/// The largest number of signatures of a statement.
pub const SIGNER_LIMIT: u64 = 64;

/// What can be signed by a quorum.
pub trait Statement: Sized {
    /// The purpose of the signatures.
    const PAYLOAD: Payload;
    /// The name of the part in a refusal.
    const PART: Part;

    /// Writes the bytes that are signed.
    fn write(&self, w: &mut Writer);

    /// Reads those bytes.
    ///
    /// # Errors
    /// They are malformed.
    fn read(r: &mut Reader<'_>) -> Result<Self, Refusal>;

    /// The bytes that are signed.
    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.write(&mut w);
        w.finish()
    }

    /// Reads those bytes, with nothing after them.
    ///
    /// # Errors
    /// They are malformed.
    fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(Self::PART, bytes);
        let statement = Self::read(&mut reader)?;
        reader.end()?;
        Ok(statement)
    }

    /// Signs, as one of the quorum.
    fn sign(&self, key: &SecretKey) -> (KeyId, Signature) {
        (key.public().id(), key.sign(Self::PAYLOAD, &self.encode()))
    }
}

/// A statement and who signed it, strictly ascending by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<S> {
    /// The statement.
    pub head: S,
    signers: Vec<(KeyId, Signature)>,
}

impl<S: Statement> Signed<S> {
    /// A statement with these signatures. They are checked by [`Signed::verify`].
    pub fn new(head: S, mut signers: Vec<(KeyId, Signature)>) -> Signed<S> {
        signers.sort_by_key(|(id, _)| *id);
        Signed { head, signers }
    }

    /// Checks every signature.
    ///
    /// # Errors
    /// The quorum did not sign.
    pub fn verify(&self, quorum: &Quorum) -> Result<(), Refusal> {
        let checked = quorum.verify(S::PAYLOAD, &self.head.encode(), &self.signers);
        checked.map_err(|fault| Refusal::Signature(S::PART, fault))
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        self.head.write(w.array(2));
        w.array(self.signers.len() as u64);
        for (id, signature) in &self.signers {
            w.array(2).digest(&id.0).bytes(&signature.0);
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Signed<S>, Refusal> {
        r.tuple("signed head", 2)?;
        let head = S::read(r)?;
        let mut signers: Vec<(KeyId, Signature)> = Vec::new();
        for _ in 0..r.array("signers", 1, SIGNER_LIMIT)? {
            r.tuple("signers", 2)?;
            let id = KeyId(r.digest("signers")?);
            if signers.last().is_some_and(|(last, _)| *last >= id) {
                return r.deny("signers", Malformed::Order);
            }
            signers.push((id, Signature(r.fixed("signers")?)));
        }
        Ok(Signed { head, signers })
    }
}
