//! What runs kernels: memory, and launches over it.

use crate::kernels::Kernel;
use bfv_exact::Refused;

/// Where a machine refuses something.
pub(crate) const PLACE: &str = "a kernel";

/// How a kernel is started: blocks along x and y, and threads of a block along x and y.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Blocks.
    pub grid: [u32; 2],
    /// Threads of a block.
    pub block: [u32; 2],
}

/// An argument of a kernel.
#[derive(Debug)]
pub enum Argument<'a, M> {
    /// The address of memory.
    Memory(&'a M),
    /// An address that is not used.
    Nothing,
    /// A number of 32 bits.
    Word(u32),
    /// A number of 64 bits.
    Long(u64),
}

// By hand, as memory itself need not be copied for that.
impl<M> Clone for Argument<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Argument<'_, M> {}

/// Whatever runs kernels.
pub trait Machine {
    /// Bytes that kernels see.
    type Memory;

    /// Memory with these bytes, of which there is at least one.
    ///
    /// # Errors
    /// There is no such room.
    fn upload(&self, bytes: &[u8]) -> Result<Self::Memory, Refused>;

    /// Memory of so many bytes, at least one, whatever is in it.
    ///
    /// # Errors
    /// There is no such room.
    fn room(&self, bytes: usize) -> Result<Self::Memory, Refused>;

    /// Puts bytes, of which there is at least one, into memory from a byte on, after the kernels that were started before have ended. What stands beside them stays.
    ///
    /// # Errors
    /// They do not fit, or a kernel has failed.
    fn write(&self, memory: &Self::Memory, at: usize, bytes: &[u8]) -> Result<(), Refused>;

    /// Starts a kernel after those that were started before. It may end later; its faults may be told by a later call.
    ///
    /// # Errors
    /// It cannot be started, or one that was started before has failed.
    fn start(&self, kernel: Kernel, start: Start, arguments: &[Argument<'_, Self::Memory>]) -> Result<(), Refused>;

    /// The bytes of memory, when all kernels have ended.
    ///
    /// # Errors
    /// A kernel has failed, or the bytes cannot be read.
    fn download(&self, memory: &Self::Memory) -> Result<Vec<u8>, Refused>;
}

/// A length that a kernel takes as a number of 32 bits.
pub(crate) fn word(n: usize) -> Result<u32, Refused> {
    u32::try_from(n).map_err(|_| Refused::new(PLACE, format!("{n} is more than 32 bits hold")))
}

/// How many parts of a size cover so many things.
pub(crate) fn parts(n: u32, size: u32) -> u32 {
    n.div_ceil(size)
}

/// The most blocks along y.
pub(crate) const ROWS_OF_BLOCKS: u32 = 65_535;

/// Bytes of numbers of 64 bits, the lowest first.
pub(crate) fn longs(bytes: &[u8]) -> Vec<i64> {
    let (all, _) = bytes.as_chunks::<8>();
    all.iter().map(|b| i64::from_le_bytes(*b)).collect()
}
