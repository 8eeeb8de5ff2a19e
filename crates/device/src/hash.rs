//! The hash of a committed value: BLAKE3 in its mode `derive_key`, by chunks and then by rows of the tree.

use crate::kernels::Kernel;
use crate::machine::{Argument, Machine, Start, parts, word};
use bfv_cert::digest::{Context, DIGEST_LEN, Digest};
use bfv_exact::Refused;

/// Bytes of a chunk.
const CHUNK: usize = 1024;
/// Threads of a block.
const THREADS: u32 = 128;

/// What [`Context::of`] gives.
///
/// # Errors
/// The machine fails.
pub fn of<M: Machine>(machine: &M, context: Context, bytes: &[u8]) -> Result<Digest, Refused> {
    let chunks = bytes.len().div_ceil(CHUNK).max(1);
    let mut padded = bytes.to_vec();
    padded.resize(chunks.saturating_mul(CHUNK), 0);
    let (placed, key) = (machine.upload(&padded)?, machine.upload(&context.key())?);
    let mut nodes = word(chunks)?;
    let mut row = machine.room(chunks.saturating_mul(DIGEST_LEN))?;
    let start = |nodes: u32| Start { grid: [parts(nodes, THREADS), 1], block: [THREADS, 1] };
    let arguments = [
        Argument::Memory(&placed),
        Argument::Long(bytes.len() as u64),
        Argument::Memory(&key),
        Argument::Memory(&row),
        Argument::Word(nodes),
    ];
    machine.start(Kernel::HashChunks, start(nodes), &arguments)?;
    while nodes > 1 {
        let above = parts(nodes, 2);
        let next = machine.room(usize::try_from(above).unwrap_or(usize::MAX).saturating_mul(DIGEST_LEN))?;
        let arguments =
            [Argument::Memory(&row), Argument::Memory(&key), Argument::Memory(&next), Argument::Word(nodes)];
        machine.start(Kernel::HashParents, start(above), &arguments)?;
        (row, nodes) = (next, above);
    }
    let root = machine.download(&row)?;
    let root = <[u8; DIGEST_LEN]>::try_from(root.as_slice());
    root.map(Digest).map_err(|_| Refused::new("a hash", "it has another number of bytes"))
}
