//! The hash of a committed value: BLAKE3 in its mode `derive_key`, by chunks and then by rows of the tree.

use crate::kernels::Kernel;
use crate::machine::{Argument, Machine, Start, parts, word};
use bfv_cert::digest::{Context, DIGEST_LEN, Digest};
use bfv_exact::Refused;

/// Bytes of a chunk, and of a word.
const CHUNK: usize = 1024;
const WORD: usize = 4;
/// Threads of a block.
const THREADS: u32 = 128;

/// Numbers in the memory of a machine, as a commitment has them.
pub struct Numbers<'a, M> {
    /// The numbers, one after the other.
    pub memory: &'a M,
    /// The bytes of a number there.
    pub from: usize,
    /// How many there are.
    pub count: usize,
    /// The bytes of a number in its cell: the lowest of those there.
    pub width: usize,
}

impl<M> Numbers<'_, M> {
    /// The bytes of the cell.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.count.saturating_mul(self.width)
    }
}

fn start_of(n: u32) -> Start {
    Start { grid: [parts(n, THREADS), 1], block: [THREADS, 1] }
}

/// The chunks of so many bytes: one where there are none.
fn chunks(bytes: usize) -> usize {
    bytes.div_ceil(CHUNK).max(1)
}

/// What [`Context::of`] gives.
///
/// # Errors
/// The machine fails.
pub fn of<M: Machine>(machine: &M, context: Context, bytes: &[u8]) -> Result<Digest, Refused> {
    let mut padded = bytes.to_vec();
    padded.resize(chunks(bytes.len()).saturating_mul(CHUNK), 0);
    let (placed, key) = (machine.upload(&padded)?, machine.upload(&context.key())?);
    root(machine, &key, &placed, bytes.len())
}

/// The hash of the cell of numbers: what [`Context::of`] gives of the bytes that [`bfv_exact::commit::write`] writes, with the key of its context.
///
/// # Errors
/// The machine fails, or a number has fewer bytes than are committed.
pub fn cell<M: Machine>(machine: &M, key: &M::Memory, numbers: &Numbers<'_, M::Memory>) -> Result<Digest, Refused> {
    if numbers.width == 0 || numbers.width > numbers.from {
        let why = format!("{} bytes of numbers of {} bytes are none, or more", numbers.width, numbers.from);
        return Err(Refused::new("a hash", why));
    }
    let room = chunks(numbers.bytes()).saturating_mul(CHUNK);
    let packed = machine.room(room)?;
    let words = word(room / WORD)?;
    let arguments = [
        Argument::Memory(numbers.memory),
        Argument::Word(word(numbers.from)?),
        Argument::Long(numbers.count as u64),
        Argument::Word(word(numbers.width)?),
        Argument::Memory(&packed),
        Argument::Word(words),
    ];
    machine.start(Kernel::HashPack, start_of(words), &arguments)?;
    root(machine, key, &packed, numbers.bytes())
}

/// The hash of so many bytes in memory, with zeros behind them up to a whole number of chunks.
fn root<M: Machine>(machine: &M, key: &M::Memory, bytes: &M::Memory, length: usize) -> Result<Digest, Refused> {
    let chunks = chunks(length);
    let mut nodes = word(chunks)?;
    let mut row = machine.room(chunks.saturating_mul(DIGEST_LEN))?;
    let arguments = [
        Argument::Memory(bytes),
        Argument::Long(length as u64),
        Argument::Memory(key),
        Argument::Memory(&row),
        Argument::Word(nodes),
    ];
    machine.start(Kernel::HashChunks, start_of(nodes), &arguments)?;
    while nodes > 1 {
        let above = parts(nodes, 2);
        let next = machine.room(usize::try_from(above).unwrap_or(usize::MAX).saturating_mul(DIGEST_LEN))?;
        let arguments = [Argument::Memory(&row), Argument::Memory(key), Argument::Memory(&next), Argument::Word(nodes)];
        machine.start(Kernel::HashParents, start_of(above), &arguments)?;
        (row, nodes) = (next, above);
    }
    let root = machine.download(&row)?;
    let root = <[u8; DIGEST_LEN]>::try_from(root.as_slice());
    root.map(Digest).map_err(|_| Refused::new("a hash", "it has another number of bytes"))
}
