//! Statements signed by a quorum: their bytes, and who signed them.

use crate::cbor::{Reader, Writer};
use crate::refusal::{Malformed, Part, Refusal};
use crate::sign::{KeyId, Quorum, Signature};

/// The largest number of signatures.
pub(crate) const SIGNER_LIMIT: u64 = 64;

/// Keys and signatures, strictly ascending by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signers(Vec<(KeyId, Signature)>);

impl Signers {
    pub(crate) fn new(mut signers: Vec<(KeyId, Signature)>) -> Signers {
        signers.sort_by_key(|(id, _)| *id);
        Signers(signers)
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Signers, Refusal> {
        let mut signers: Vec<(KeyId, Signature)> = Vec::new();
        for _ in 0..r.array("signers", 1, SIGNER_LIMIT)? {
            r.tuple("signers", 2)?;
            let id = KeyId(r.digest("signers")?);
            if signers.last().is_some_and(|(last, _)| *last >= id) {
                return r.deny("signers", Malformed::Order);
            }
            signers.push((id, Signature(r.fixed("signers")?)));
        }
        Ok(Signers(signers))
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(self.0.len() as u64);
        for (id, signature) in &self.0 {
            w.array(2).digest(&id.0).bytes(&signature.0);
        }
    }

    pub(crate) fn verify(
        &self,
        quorum: &Quorum,
        payload: crate::sign::Payload,
        part: Part,
        body: &[u8],
    ) -> Result<(), Refusal> {
        quorum.verify(payload, body, &self.0).map_err(|fault| Refusal::Signature(part, fault))
    }
}
