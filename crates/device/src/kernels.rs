//! The kernels: their sources, their PTX and their names, and the hash that certificates name them by.

use bfv_cert::digest::{Context, Digest};

/// A file of kernels: its name, the source, and the PTX that was made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// The name without an ending.
    pub name: &'static str,
    /// The source, in CUDA.
    pub source: &'static str,
    /// What the compiler made of it.
    pub ptx: &'static str,
    /// The kernels in it.
    pub kernels: &'static [Kernel],
}

macro_rules! file {
    ($name:literal, $kernels:expr) => {
        File {
            name: $name,
            source: include_str!(concat!("../kernels/", $name, ".cu")),
            ptx: include_str!(concat!("../kernels/", $name, ".ptx")),
            kernels: $kernels,
        }
    };
}

/// All files.
pub const FILES: [File; 4] = [
    file!("linear", &[Kernel::LinearI8, Kernel::LinearI16, Kernel::TilesI8, Kernel::TilesI16]),
    file!("attention", &[Kernel::Attention, Kernel::AttentionPairs]),
    file!("fusion", &[Kernel::FusionSums, Kernel::Fusion]),
    file!("hash", &[Kernel::HashPack, Kernel::HashChunks, Kernel::HashParents]),
];

/// A kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Sums of products of 8 bits, a warp for each.
    LinearI8,
    /// The same of 16 bits.
    LinearI16,
    /// Tiles of sums of products of 8 bits, on the matrix unit.
    TilesI8,
    /// The same of 16 bits.
    TilesI16,
    /// Attention of all heads over all positions before.
    Attention,
    /// The same over the keys of two chunks.
    AttentionPairs,
    /// Sums over the coordinates of a fusion program.
    FusionSums,
    /// Any other operation of a fusion program.
    Fusion,
    /// Numbers in the bytes in which they are committed.
    HashPack,
    /// Chaining values of the chunks of a hash.
    HashChunks,
    /// One row of the tree of a hash.
    HashParents,
}

impl Kernel {
    /// Every kernel, in the order of [`FILES`].
    pub const ALL: [Kernel; 11] = [
        Kernel::LinearI8,
        Kernel::LinearI16,
        Kernel::TilesI8,
        Kernel::TilesI16,
        Kernel::Attention,
        Kernel::AttentionPairs,
        Kernel::FusionSums,
        Kernel::Fusion,
        Kernel::HashPack,
        Kernel::HashChunks,
        Kernel::HashParents,
    ];

    /// Its name in source and PTX.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kernel::LinearI8 => "linear_i8",
            Kernel::LinearI16 => "linear_i16",
            Kernel::TilesI8 => "tiles_i8",
            Kernel::TilesI16 => "tiles_i16",
            Kernel::Attention => "attention",
            Kernel::AttentionPairs => "attention_pairs",
            Kernel::FusionSums => "fusion_sums",
            Kernel::Fusion => "fusion",
            Kernel::HashPack => "hash_pack",
            Kernel::HashChunks => "hash_chunks",
            Kernel::HashParents => "hash_parents",
        }
    }
}

/// What certificates name the kernels by: the hash of the names of all kernels and of all PTX. In the exact lane it is for information only, as the numbers
/// are the same whoever computes them.
#[must_use]
pub fn identity() -> Digest {
    FILES
        .iter()
        .fold(Context::Kernel.hash(), |hash, file| {
            let hash = hash.bytes(file.name.as_bytes()).number(file.kernels.len() as u64);
            let hash = file.kernels.iter().fold(hash, |hash, kernel| hash.bytes(kernel.name().as_bytes()));
            hash.bytes(file.ptx.as_bytes())
        })
        .finish()
}
