//! The envelope, the file `.bfc`: a certificate, its place in the log, the registry entry of its key, and what is opened of its commitments.
//!
//! Every byte has one possible form given what is signed or hashed: frames and lengths are canonical, the certificate and the heads are signed,
//! everything else leads to a signed root. An envelope may hold fewer openings than a judge wants; which are needed is for the judge to say.
//! Opened values are not copied: they are slices of the bytes that were given, read one after the other.

use crate::cbor::{Reader, Writer};
use crate::certificate::{BODY_LIMIT, Certificate, Output};
use crate::digest::{DIGEST_LEN, Digest};
use crate::log::{Inclusion, PROOF_LIMIT, TreeHead};
use crate::refusal::{Malformed, Part, Place, Refusal};
use crate::registry::{Entry, EntryOpening, RegistryHead};
use crate::sign::SIGNATURE_LEN;
use crate::statement::Signed;

/// The largest envelope, in bytes: 512 MiB, openings of 64 tokens of 7 MB each.
pub const ENVELOPE_LIMIT: usize = 1 << 29;
/// The largest output that is revealed, in bytes.
pub const REVEAL_LIMIT: usize = 1 << 20;
const MAGIC: &[u8; 4] = b"BFCE";

/// A place in the log, under a signed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogExtract {
    /// The head.
    pub head: Signed<TreeHead>,
    /// Where the certificate stands.
    pub certificate: Inclusion,
    /// Where the registry head stands.
    pub registry: Inclusion,
}

/// An entry of a registry, under a signed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryExtract {
    /// The head.
    pub head: Signed<RegistryHead>,
    /// The entry of the worker.
    pub opening: EntryOpening,
}

/// What is revealed beside intermediate values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reveal<'a> {
    /// The seed of the sampler.
    pub seed: Option<[u8; 32]>,
    /// The output, where the certificate has its hash.
    pub output: Option<&'a [u8]>,
}

/// A well-formed envelope over bytes that lie in memory. Nothing in it has been checked: see [`crate::admit`].
#[derive(Clone, Debug)]
pub struct Envelope<'a> {
    certificate: Certificate,
    log: LogExtract,
    registry: RegistryExtract,
    reveal: Reveal<'a>,
    cells: Cells<'a>,
    proof: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Reads an envelope. Opened values are skipped over, so this costs little whatever their size; memory does not depend on it.
    ///
    /// # Errors
    /// The bytes are too many or not exactly one canonical envelope.
    pub fn decode(bytes: &'a [u8]) -> Result<Envelope<'a>, Refusal> {
        if bytes.len() > ENVELOPE_LIMIT {
            let place = Place { part: Part::Envelope, field: "envelope", offset: 0 };
            return Err(Refusal::Malformed(place, Malformed::TooLarge(bytes.len() as u64, ENVELOPE_LIMIT as u64)));
        }
        let (envelope, length) = Envelope::first(bytes)?;
        match bytes.len().checked_sub(length) {
            None | Some(0) => Ok(envelope),
            Some(more) => {
                let place = Place { part: Part::Envelope, field: "end", offset: length };
                Err(Refusal::Malformed(place, Malformed::Trailing(more)))
            }
        }
    }

    /// Reads the first of several envelopes, one after the other, and says how many bytes it has.
    ///
    /// # Errors
    /// The bytes do not begin with a canonical envelope.
    pub fn first(bytes: &'a [u8]) -> Result<(Envelope<'a>, usize), Refusal> {
        let mut reader = Reader::new(Part::Envelope, bytes);
        let r = &mut reader;
        r.tuple("envelope", 6)?;
        r.magic(MAGIC)?;
        let most = BODY_LIMIT.saturating_add(SIGNATURE_LEN) as u64;
        let certificate = Certificate::decode(r.bytes("certificate", 0, most)?)?;
        r.tuple("log", 3)?;
        let log = LogExtract { head: Signed::read(r)?, certificate: read_inclusion(r)?, registry: read_inclusion(r)? };
        r.tuple("registry", 4)?;
        let registry = RegistryExtract {
            head: Signed::read(r)?,
            opening: EntryOpening {
                entry: Entry::read(r)?,
                index: r.number("entry", u64::MAX)?,
                proof: read_proof(r)?,
            },
        };
        r.tuple("revealed", 2)?;
        let seed = if r.array("seed", 0, 1)? == 0 { None } else { Some(r.fixed("seed")?) };
        let output =
            if r.array("output", 0, 1)? == 0 { None } else { Some(r.bytes("output", 0, REVEAL_LIMIT as u64)?) };
        if output.is_some() && matches!(certificate.fields().output, Output::Inline(_)) {
            return r.deny("output", Malformed::Contradicts("the certificate, which has the output"));
        }
        r.tuple("trace", 2)?;
        let left = r.array("cells", 0, certificate.fields().trace_shape.leaves())?;
        let cells = Cells { reader: r.clone(), left };
        for _ in 0..left {
            read_cell(r)?;
        }
        let proof = r.bytes("proof", 0, ENVELOPE_LIMIT as u64)?;
        if !proof.len().is_multiple_of(DIGEST_LEN) || (left == 0 && !proof.is_empty()) {
            return r.deny("proof", Malformed::Range(proof.len() as u64));
        }
        let length = r.offset();
        if length > ENVELOPE_LIMIT {
            return r.deny("envelope", Malformed::TooLarge(length as u64, ENVELOPE_LIMIT as u64));
        }
        Ok((Envelope { certificate, log, registry, reveal: Reveal { seed, output }, cells, proof }, length))
    }

    /// The same certificate and openings under later heads of log and registry: what an audit of an epoch judges.
    #[must_use]
    pub fn under(self, log: LogExtract, registry: RegistryExtract) -> Envelope<'a> {
        Envelope { log, registry, ..self }
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What is carried of the log.
    pub fn log(&self) -> &LogExtract {
        &self.log
    }

    /// What is carried of the registry.
    pub fn registry(&self) -> &RegistryExtract {
        &self.registry
    }

    /// What is revealed.
    pub fn reveal(&self) -> &Reveal<'a> {
        &self.reveal
    }

    /// The opened intermediate values, with their leaves.
    pub fn cells(&self) -> Cells<'a> {
        self.cells.clone()
    }

    /// The proof of the opened values.
    pub fn proof(&self) -> impl Iterator<Item = Digest> + use<'a> {
        let (hashes, _) = self.proof.as_chunks::<DIGEST_LEN>();
        hashes.iter().map(|h| Digest(*h))
    }
}

/// Writes an envelope. `cells` are leaves and values, strictly ascending, and `proof` is that of [`crate::merkle::Tree::open`] for them.
///
/// # Errors
/// What [`Envelope::decode`] refuses.
pub fn write(
    certificate: &Certificate,
    log: &LogExtract,
    registry: &RegistryExtract,
    reveal: &Reveal<'_>,
    cells: &[(u64, &[u8])],
    proof: &[Digest],
) -> Result<Vec<u8>, Refusal> {
    let mut w = Writer::default();
    w.array(6).magic(MAGIC).bytes(&certificate.encode());
    log.head.write(w.array(3));
    write_inclusion(&mut w, &log.certificate);
    write_inclusion(&mut w, &log.registry);
    registry.head.write(w.array(4));
    registry.opening.entry.write(&mut w);
    w.number(registry.opening.index);
    write_proof(&mut w, &registry.opening.proof);
    w.array(2);
    match &reveal.seed {
        None => w.array(0),
        Some(seed) => w.array(1).bytes(seed),
    };
    match reveal.output {
        None => w.array(0),
        Some(output) => w.array(1).bytes(output),
    };
    w.array(2).array(cells.len() as u64);
    for (leaf, value) in cells {
        w.array(2).number(*leaf).bytes(value);
    }
    write_proof(&mut w, proof);
    let bytes = w.finish();
    Envelope::decode(&bytes)?;
    Ok(bytes)
}

/// Opened values, one after the other: the leaf, and the value as a slice of the envelope.
#[derive(Clone, Debug)]
pub struct Cells<'a> {
    reader: Reader<'a>,
    left: u64,
}

impl<'a> Iterator for Cells<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<(u64, &'a [u8])> {
        self.left = self.left.checked_sub(1)?;
        // They were all read once, when the envelope was, so this does not fail.
        read_cell(&mut self.reader).ok()
    }
}

fn read_cell<'a>(r: &mut Reader<'a>) -> Result<(u64, &'a [u8]), Refusal> {
    r.tuple("cell", 2)?;
    Ok((r.number("leaf", u64::MAX)?, r.bytes("value", 0, ENVELOPE_LIMIT as u64)?))
}

fn read_inclusion(r: &mut Reader<'_>) -> Result<Inclusion, Refusal> {
    r.tuple("inclusion", 3)?;
    Ok(Inclusion { index: r.number("index", u64::MAX)?, time: r.number("time", u64::MAX)?, proof: read_proof(r)? })
}

fn write_inclusion(w: &mut Writer, inclusion: &Inclusion) {
    w.array(3).number(inclusion.index).number(inclusion.time);
    write_proof(w, &inclusion.proof);
}

/// At most [`PROOF_LIMIT`] hashes, as one byte string.
fn read_proof(r: &mut Reader<'_>) -> Result<Vec<Digest>, Refusal> {
    let bytes = r.bytes("proof", 0, PROOF_LIMIT.saturating_mul(DIGEST_LEN) as u64)?;
    match bytes.as_chunks::<DIGEST_LEN>() {
        (hashes, []) => Ok(hashes.iter().map(|h| Digest(*h)).collect()),
        _ => r.deny("proof", Malformed::Range(bytes.len() as u64)),
    }
}

fn write_proof(w: &mut Writer, proof: &[Digest]) {
    let bytes: Vec<u8> = proof.iter().flat_map(|d| d.0).collect();
    w.bytes(&bytes);
}
