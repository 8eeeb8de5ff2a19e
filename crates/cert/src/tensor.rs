//! Commitments to tensors: weights by tiles, models by their weights, and values that pass from one stage to the next.
//!
//! What is bound are the decoded integers, little-endian and row by row, not the file that they came in.

use crate::cbor::Reader;
use crate::digest::{Context, Digest, Hash};
use crate::merkle::{Builder, Tree, verify_opening};
use crate::refusal::{BindingFault, Malformed, Part, Place, Refusal};

/// Rows of a tile; the last tile of a tensor may have fewer.
pub const TILE_ROWS: u64 = 64;
/// The largest number of elements of a tensor, 2^36.
pub const ELEMENT_LIMIT: u64 = 1 << 36;
/// The largest number of dimensions.
pub const DIMENSION_LIMIT: usize = 4;
/// The largest number of bytes of a name.
pub const NAME_LIMIT: usize = 128;
/// The largest number of tensors of a model.
pub const TENSOR_LIMIT: u64 = 1 << 16;

/// A type of elements. Version 1 has integers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// 8 bits, two's complement.
    I8,
    /// 16 bits, two's complement.
    I16,
    /// 32 bits, two's complement.
    I32,
    /// 64 bits, two's complement.
    I64,
}

impl Dtype {
    /// The code in hashed bytes.
    pub fn code(self) -> u8 {
        match self {
            Dtype::I8 => 0,
            Dtype::I16 => 1,
            Dtype::I32 => 2,
            Dtype::I64 => 3,
        }
    }

    /// The type of this code.
    pub fn from_code(code: u8) -> Option<Dtype> {
        [Dtype::I8, Dtype::I16, Dtype::I32, Dtype::I64].into_iter().find(|d| d.code() == code)
    }

    /// Bytes of an element.
    pub fn bytes(self) -> u64 {
        1 << self.code()
    }
}

/// One to four dimensions, none of them zero, with at most [`ELEMENT_LIMIT`] elements in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    dims: [u32; DIMENSION_LIMIT],
    len: usize,
}

impl Shape {
    /// These dimensions.
    ///
    /// # Errors
    /// None or too many dimensions, one that is zero, or too many elements. The product never wraps.
    pub fn new(dims: &[u32]) -> Result<Shape, Malformed> {
        let mut shape = Shape { dims: [0; DIMENSION_LIMIT], len: dims.len() };
        if dims.is_empty() {
            return Err(Malformed::TooSmall(0, 1));
        }
        match shape.dims.get_mut(..dims.len()) {
            Some(own) => own.copy_from_slice(dims),
            None => return Err(Malformed::TooLarge(dims.len() as u64, DIMENSION_LIMIT as u64)),
        }
        let mut elements = 1u64;
        for d in dims {
            elements = elements.saturating_mul(u64::from(*d));
            if elements == 0 || elements > ELEMENT_LIMIT {
                return Err(Malformed::Range(elements));
            }
        }
        Ok(shape)
    }

    /// Reads an array of dimensions.
    pub(crate) fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Shape, Refusal> {
        let count = reader.array(field, 1, DIMENSION_LIMIT as u64)?;
        let mut dims = [0; DIMENSION_LIMIT];
        let count = usize::try_from(count).unwrap_or(DIMENSION_LIMIT);
        for d in dims.iter_mut().take(count) {
            *d = reader.uint(field)?;
        }
        Shape::new(dims.get(..count).unwrap_or_default()).or_else(|found| reader.deny(field, found))
    }

    /// The dimensions, the slowest first.
    pub fn dims(&self) -> &[u32] {
        self.dims.get(..self.len).unwrap_or_default()
    }

    /// The number of elements, at least 1 and at most [`ELEMENT_LIMIT`].
    pub fn elements(&self) -> u64 {
        self.dims().iter().fold(1, |n, d| n.saturating_mul(u64::from(*d)))
    }

    /// The first dimension.
    pub fn rows(&self) -> u64 {
        self.dims().first().map_or(1, |d| u64::from(*d))
    }

    fn absorb(&self, hash: Hash) -> Hash {
        self.dims().iter().fold(hash.number(self.len as u64), |hash, d| hash.number(u64::from(*d)))
    }
}

/// The exponent e of a scale 2^e, from -126 to 126: what is stored is the value divided by the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale(i8);

impl Scale {
    /// The largest exponent, and the negative of the smallest.
    pub const LIMIT: i8 = 126;

    /// The scale of this exponent.
    ///
    /// # Errors
    /// The exponent is out of range; what was found is its absolute value.
    pub fn new(exponent: i32) -> Result<Scale, Malformed> {
        match i8::try_from(exponent) {
            Ok(e) if (-Self::LIMIT..=Self::LIMIT).contains(&e) => Ok(Scale(e)),
            _ => Err(Malformed::Range(u64::from(exponent.unsigned_abs()))),
        }
    }

    /// The exponent.
    pub fn exponent(self) -> i8 {
        self.0
    }
}

/// The name of a weight: 1 to [`NAME_LIMIT`] visible ASCII characters, so that no two names look alike but differ in normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// This name.
    ///
    /// # Errors
    /// It is empty, too long, or has spaces, control characters or characters outside of ASCII.
    pub fn new(name: &str) -> Result<Name, Malformed> {
        if name.len() > NAME_LIMIT {
            return Err(Malformed::TooLarge(name.len() as u64, NAME_LIMIT as u64));
        }
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Malformed::Name);
        }
        Ok(Name(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is known of a weight beside its elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name, by which the weights of a model are sorted.
    pub name: Name,
    /// The type of elements.
    pub dtype: Dtype,
    /// The dimensions; the first counts rows.
    pub shape: Shape,
    /// The scale of elements.
    pub scale: Scale,
}

impl Header {
    /// The number of tiles.
    pub fn tiles(&self) -> u64 {
        self.shape.rows().div_ceil(TILE_ROWS)
    }

    /// Bytes of this tile; `None` where there is no such tile.
    pub fn tile_bytes(&self, tile: u64) -> Option<u64> {
        let rows = self.shape.rows();
        let left = rows.checked_sub(tile.checked_mul(TILE_ROWS)?).filter(|left| *left > 0)?;
        let row = self.shape.elements().checked_div(rows)?.checked_mul(self.dtype.bytes())?;
        left.min(TILE_ROWS).checked_mul(row)
    }

    fn absorb(&self, hash: Hash) -> Hash {
        let hash = hash.bytes(self.name.0.as_bytes()).byte(self.dtype.code());
        let [exponent] = self.scale.0.to_le_bytes();
        self.shape.absorb(hash).byte(exponent)
    }

    /// The hash of one tile: name, type, shape, scale, index of the tile, and its bytes.
    ///
    /// # Errors
    /// There is no such tile, or it has another number of bytes.
    pub fn tile(&self, tile: u64, bytes: &[u8]) -> Result<Digest, Refusal> {
        let refuse = |found| Refusal::Malformed(Place { part: Part::Tensor, field: "tile", offset: 0 }, found);
        let needed = self.tile_bytes(tile).ok_or_else(|| refuse(Malformed::Range(tile)))?;
        let found = bytes.len() as u64;
        if found < needed {
            return Err(refuse(Malformed::TooSmall(found, needed)));
        }
        if found > needed {
            return Err(refuse(Malformed::TooLarge(found, needed)));
        }
        Ok(self.absorb(Context::Tile.hash()).number(tile).bytes(bytes).finish())
    }

    /// What a weight contributes to a model.
    fn weight(&self, root: &Digest) -> Digest {
        self.absorb(Context::Weight.hash()).digest(root).finish()
    }
}

/// A weight that is being committed to, tile by tile.
#[derive(Clone, Debug)]
pub struct WeightBuilder {
    header: Header,
    tiles: Builder,
}

impl WeightBuilder {
    /// No tiles yet.
    pub fn new(header: Header) -> WeightBuilder {
        WeightBuilder { header, tiles: Builder::new() }
    }

    /// Appends the next tile.
    ///
    /// # Errors
    /// There are no more tiles, or this one has another number of bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.tiles.push(self.header.tile(self.tiles.len(), bytes)?);
        Ok(())
    }

    /// The commitment.
    ///
    /// # Errors
    /// Tiles are missing.
    pub fn finish(self) -> Result<Weight, Refusal> {
        let (found, needed) = (self.tiles.len(), self.header.tiles());
        let missing = Refusal::Binding(Part::Tensor, BindingFault::Count(needed, found));
        match self.tiles.finish() {
            Some(tree) if found == needed => Ok(Weight { header: self.header, tree }),
            _ => Err(missing),
        }
    }
}

/// A weight that was committed to.
#[derive(Clone, Debug)]
pub struct Weight {
    header: Header,
    tree: Tree,
}

impl Weight {
    /// The commitment to the tiles.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }
}

/// The commitment to a weight with scale 1, whose elements are in memory. `write` appends the bytes of some of them, by their numbers.
///
/// # Errors
/// The name or the dimensions are none, or `write` gives another number of bytes.
pub fn weight(
    name: &str,
    dtype: Dtype,
    dims: &[usize],
    mut write: impl FnMut(std::ops::Range<usize>, &mut Vec<u8>),
) -> Result<Weight, Refusal> {
    let refuse = |found| Refusal::Malformed(Place { part: Part::Tensor, field: "weight", offset: 0 }, found);
    let sides: Vec<u32> = dims.iter().map(|d| u32::try_from(*d).unwrap_or(u32::MAX)).collect();
    let shape = Shape::new(&sides).map_err(refuse)?;
    let (name, scale) = (Name::new(name).map_err(refuse)?, Scale::new(0).map_err(refuse)?);
    let row = dims.iter().skip(1).fold(1usize, |n, d| n.saturating_mul(*d));
    let tile = row.saturating_mul(usize::try_from(TILE_ROWS).unwrap_or(64));
    let mut builder = WeightBuilder::new(Header { name, dtype, shape, scale });
    let (mut bytes, mut start) = (Vec::new(), 0);
    let all = usize::try_from(shape.elements()).unwrap_or(usize::MAX);
    while start < all {
        let end = start.saturating_add(tile).min(all);
        bytes.clear();
        write(start..end, &mut bytes);
        builder.push(&bytes)?;
        start = end;
    }
    builder.finish()
}

/// The commitment to all weights of a model: sorted by name, with their count.
///
/// # Errors
/// No weights or too many, or two of one name.
pub fn model(mut weights: Vec<Weight>) -> Result<Tree, Refusal> {
    let place = Place { part: Part::Tensor, field: "names", offset: 0 };
    weights.sort_by(|a, b| a.header.name.cmp(&b.header.name));
    if weights.windows(2).any(|pair| matches!(pair, [a, b] if a.header.name == b.header.name)) {
        return Err(Refusal::Malformed(place, Malformed::Order));
    }
    let count = weights.len() as u64;
    if count > TENSOR_LIMIT {
        return Err(Refusal::Malformed(place, Malformed::TooLarge(count, TENSOR_LIMIT)));
    }
    let mut builder = Builder::new();
    weights.iter().for_each(|w| builder.push(w.header.weight(&w.tree.root())));
    builder.finish().ok_or(Refusal::Malformed(place, Malformed::TooSmall(0, 1)))
}

/// One tile of one weight, with the way to the root of the model.
#[derive(Clone, Debug)]
pub struct TileOpening<'a> {
    /// The weight.
    pub header: &'a Header,
    /// Which tile.
    pub tile: u64,
    /// Its elements.
    pub bytes: &'a [u8],
    /// The commitment to the tiles of the weight.
    pub root: Digest,
    /// The proof of the tile in the weight.
    pub tile_proof: &'a [Digest],
    /// Which weight of the model, by name.
    pub weight: u64,
    /// How many weights the model has; the root of the model binds it.
    pub weights: u64,
    /// The proof of the weight in the model.
    pub weight_proof: &'a [Digest],
}

impl TileOpening<'_> {
    /// Checks that the tile belongs to the model with this root.
    ///
    /// # Errors
    /// The tile has a wrong size, or does not lead to the root.
    pub fn verify(&self, model: &Digest) -> Result<(), Refusal> {
        let content = self.header.tile(self.tile, self.bytes)?;
        let proof = self.tile_proof.iter().copied();
        let leaf = std::iter::once((self.tile, content));
        verify_opening(Part::Tensor, &self.root, self.header.tiles(), leaf, proof)?;
        let leaf = std::iter::once((self.weight, self.header.weight(&self.root)));
        verify_opening(Part::Tensor, model, self.weights, leaf, self.weight_proof.iter().copied())
    }
}

/// The commitment to a tensor that passes from one stage to the next. It has no name, so that the output of one stage is the input of another.
///
/// # Errors
/// The bytes are not as many as type and shape say.
pub fn activation(dtype: Dtype, shape: &Shape, scale: Scale, bytes: &[u8]) -> Result<Digest, Refusal> {
    let place = Place { part: Part::Tensor, field: "values", offset: 0 };
    let (found, needed) = (bytes.len() as u64, shape.elements().saturating_mul(dtype.bytes()));
    if found != needed {
        let fault =
            if found < needed { Malformed::TooSmall(found, needed) } else { Malformed::TooLarge(found, needed) };
        return Err(Refusal::Malformed(place, fault));
    }
    let [exponent] = scale.0.to_le_bytes();
    let hash = Context::Activation.hash().byte(dtype.code());
    Ok(shape.absorb(hash).byte(exponent).bytes(bytes).finish())
}
