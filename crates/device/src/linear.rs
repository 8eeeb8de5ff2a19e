//! Linear layers: matrices as kernels take them, and their products.

use crate::kernels::Kernel;
use crate::machine::{Argument, Machine, PLACE, ROWS_OF_BLOCKS, Start, longs, parts, word};
use bfv_exact::linear::Grid;
use bfv_exact::{Matrix, Refused};

/// Bytes of which a row has a whole number, so that a tile of the matrix unit never ends within a row.
const STRIDE: usize = 32;
/// Threads of a warp, and warps of a block.
const WARP: u32 = 32;
const WARPS: u32 = 4;
/// From so many tokens on a product is computed in tiles.
const TILES_FROM: usize = 8;
const LAYER: &str = "a linear layer";
/// Rows of a tile.
const TILE_ROWS: u32 = 16;

/// A grid whose products are computed by kernels.
pub trait Planes: Grid {
    /// The planes of bytes in which a row stands.
    const PLANES: usize;
    /// The kernel for few tokens, and that for many.
    const KERNELS: [Kernel; 2];
    /// The tokens of a tile.
    const TILE_TOKENS: u32;
    /// The bytes of a sum.
    const SUM: usize;
    /// The byte of a number that stands in a plane.
    fn byte(self, plane: usize) -> u8;
    /// Sums from their bytes.
    fn sums(bytes: &[u8]) -> Vec<Self::Sum>;
}

impl Planes for i8 {
    const PLANES: usize = 1;
    const KERNELS: [Kernel; 2] = [Kernel::LinearI8, Kernel::TilesI8];
    const TILE_TOKENS: u32 = 32;
    const SUM: usize = 4;

    fn byte(self, _: usize) -> u8 {
        self.cast_unsigned()
    }

    fn sums(bytes: &[u8]) -> Vec<i32> {
        let (all, _) = bytes.as_chunks::<4>();
        all.iter().map(|b| i32::from_le_bytes(*b)).collect()
    }
}

impl Planes for i16 {
    const PLANES: usize = 2;
    const KERNELS: [Kernel; 2] = [Kernel::LinearI16, Kernel::TilesI16];
    const TILE_TOKENS: u32 = 16;
    const SUM: usize = 8;

    /// The high byte, with the sign, then the low one.
    fn byte(self, plane: usize) -> u8 {
        let [low, high] = self.to_le_bytes();
        if plane == 0 { high } else { low }
    }

    fn sums(bytes: &[u8]) -> Vec<i64> {
        longs(bytes)
    }
}

/// A matrix in the memory of a machine: rows of a whole number of strides, one plane after the other.
pub struct Placed<M> {
    rows: usize,
    cols: usize,
    stride: u32,
    planes: Vec<M>,
}

impl<M> Placed<M> {
    /// The bytes in memory, of all planes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::from(self.stride).saturating_mul(self.rows as u64).saturating_mul(self.planes.len() as u64)
    }

    /// Puts a matrix into the memory of a machine.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn new<G: Planes>(machine: &impl Machine<Memory = M>, matrix: &Matrix<G>) -> Result<Placed<M>, Refused> {
        let stride = matrix.cols().next_multiple_of(STRIDE);
        let plane = |plane: usize| {
            let mut bytes = vec![0; stride.saturating_mul(matrix.rows())];
            for (to, row) in bytes.chunks_exact_mut(stride).zip(matrix.each_row()) {
                to.iter_mut().zip(row).for_each(|(to, from)| *to = from.byte(plane));
            }
            machine.upload(&bytes)
        };
        let planes = (0..G::PLANES).map(plane).collect::<Result<_, _>>()?;
        Ok(Placed { rows: matrix.rows(), cols: matrix.cols(), stride: word(stride)?, planes })
    }
}

/// The two ways to compute a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A warp for each sum.
    Sums,
    /// Tiles on the matrix unit.
    Tiles,
}

impl Way {
    /// The way that pays for so many tokens.
    #[must_use]
    pub fn for_tokens(tokens: usize) -> Way {
        if tokens < TILES_FROM { Way::Sums } else { Way::Tiles }
    }
}

/// `W x` for each token x: what [`bfv_exact::linear::scalar()`] gives.
///
/// # Errors
/// As there, or the machine fails.
pub fn product<G: Planes, M: Machine>(
    machine: &M,
    w: &Placed<M::Memory>,
    x: &Placed<M::Memory>,
    way: Way,
) -> Result<Matrix<G::Sum>, Refused> {
    let y = start::<G, M>(machine, w, x, way)?;
    Matrix::new(LAYER, x.rows, w.rows, G::sums(&machine.download(&y)?))
}

/// Starts the product, and gives the memory in which its sums will be.
///
/// # Errors
/// As [`product`].
pub fn start<G: Planes, M: Machine>(
    machine: &M,
    w: &Placed<M::Memory>,
    x: &Placed<M::Memory>,
    way: Way,
) -> Result<M::Memory, Refused> {
    let sums = bfv_exact::elements(LAYER, x.rows, w.rows)?;
    let y = machine.room(sums.saturating_mul(G::SUM))?;
    start_in::<G, M>(machine, w, x, way, &y)?;
    Ok(y)
}

/// The same with memory that is there: as many sums as tokens times rows of the weights, each of [`Planes::SUM`] bytes.
///
/// # Errors
/// As [`product`].
pub(crate) fn start_in<G: Planes, M: Machine>(
    machine: &M,
    w: &Placed<M::Memory>,
    x: &Placed<M::Memory>,
    way: Way,
    y: &M::Memory,
) -> Result<(), Refused> {
    let refuse = |why: String| Err(Refused::new(LAYER, why));
    if w.cols != x.cols {
        return refuse(format!("the weights have {} columns, and a token {}", w.cols, x.cols));
    }
    if w.cols > G::MAX_K {
        return refuse(format!("{} columns are more than {}, so a sum might overflow", w.cols, G::MAX_K));
    }
    let (rows, tokens) = (word(w.rows)?, word(x.rows)?);
    let mut arguments: Vec<Argument<'_, M::Memory>> = w.planes.iter().chain(&x.planes).map(Argument::Memory).collect();
    arguments.extend([Argument::Memory(y), Argument::Word(rows)]);
    let [few, many] = G::KERNELS;
    let (kernel, grid) = match way {
        Way::Sums => (few, [parts(rows, WARPS), tokens]),
        Way::Tiles => {
            arguments.push(Argument::Word(tokens));
            (many, [parts(tokens, G::TILE_TOKENS), parts(rows, TILE_ROWS * WARPS)])
        }
    };
    arguments.push(Argument::Word(w.stride));
    let [_, y_blocks] = grid;
    if y_blocks > ROWS_OF_BLOCKS {
        return Err(Refused::new(PLACE, format!("{y_blocks} blocks are more than {ROWS_OF_BLOCKS} along y")));
    }
    machine.start(kernel, Start { grid, block: [WARP, WARPS] }, &arguments)
}
