//! Attention of all heads of a block in one layer: what is asked of whoever computes it, and what is handed over.
//!
//! Of what attention computes, nothing but the commitment needs scores and weights: what comes next is made of the weighted sums and of the totals of weights. So who
//! keeps them elsewhere than in this memory hands over their hashes, or nothing where nobody wants those, and the numbers only where a trace sees them.

use crate::attention::{Attention, Head};
use crate::matrix::Matrix;
use crate::pairs::Pair;
use crate::refused::Refused;
use bfv_cert::digest::Digest;

/// What a trace wants to know of numbers that nothing else needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// Nothing.
    Nothing,
    /// The hash of the bytes of a cell. The numbers serve as well.
    Hash,
    /// The numbers.
    Numbers,
}

/// What attention of a block reads in one layer.
#[derive(Debug, Clone, Copy)]
pub struct Heads<'a> {
    /// The powers, the scale, and what queries see where no chunks are paired.
    pub attention: Attention<'a>,
    /// What queries see where chunks are paired.
    pub pair: Option<Pair>,
    /// Coordinates of a head.
    pub width: usize,
    /// The position of the first key and value.
    pub from: usize,
    /// Queries, a row for each token of the block; keys and values, a row for each position from `from` to the end of the block. A row has the coordinates of all
    /// its heads.
    pub qkv: [&'a Matrix<i16>; 3],
    /// What is wanted of scores and weights.
    pub wanted: Wanted,
}

/// What is handed over, the hashes first where they are known, then a head after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    /// The hashes of the cells of scores and of weights, of all heads.
    Hashes([Digest; 2]),
    /// All numbers of a head, by its number.
    Head(usize, Head),
    /// What comes next is made of this, of a head by its number: the total of each row of weights, and the weighted sums.
    Sums(usize, Vec<i64>, Matrix<i64>),
}

/// How many query heads there are, and how many key heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Query heads.
    pub heads: usize,
    /// Key heads.
    pub kv_heads: usize,
}

impl Counts {
    /// Counts the heads of one width in matrices of queries, keys and values.
    ///
    /// # Errors
    /// The number of query heads is no multiple of that of key heads, or there is no whole number of heads.
    pub fn of(width: usize, [q, k, v]: [&Matrix<i16>; 3]) -> Result<Counts, Refused> {
        let count = |x: &Matrix<i16>| if x.cols().checked_rem(width) == Some(0) { x.cols() / width } else { 0 };
        let (heads, kv_heads) = (count(q), count(k));
        if kv_heads == 0 || heads == 0 || heads % kv_heads != 0 || v.cols() != k.cols() {
            let why =
                format!("{}, {} and {} columns are no groups of heads of width {width}", q.cols(), k.cols(), v.cols());
            return Err(Refused::new("attention", why));
        }
        Ok(Counts { heads, kv_heads })
    }
}

impl Heads<'_> {
    /// The position of the first query.
    #[must_use]
    pub fn first(&self) -> usize {
        self.pair.map_or(self.attention.mask.first, |pair| pair.first)
    }

    /// The columns of a row of scores: one for each key, or where chunks are paired for each token of two.
    #[must_use]
    pub fn columns(&self) -> usize {
        let [_, k, _] = self.qkv;
        self.pair.map_or(k.rows(), Pair::columns)
    }

    /// That queries, keys and values fit each other, as all who compute this see to first.
    ///
    /// # Errors
    /// As [`Heads::each`], but for what is too large.
    pub fn check(&self) -> Result<Counts, Refused> {
        match self.pair {
            None => {
                // The counts come first, as in `Attention::grouped`.
                let counts = Counts::of(self.width, self.qkv)?;
                self.attention.mask.fits(self.qkv)?;
                if self.from != 0 {
                    return Err(Refused::new("attention", format!("the first key is that of position {}", self.from)));
                }
                Ok(counts)
            }
            Some(pair) => {
                pair.fits(self.from, self.qkv)?;
                Counts::of(self.width, self.qkv)
            }
        }
    }

    /// The definition: [`Attention::grouped`] or [`Pair::grouped`]. Each head is handed over with all its numbers, whatever is wanted.
    ///
    /// # Errors
    /// Queries, keys and values do not fit each other, a result is too large for a matrix, or whoever gets a head refuses it.
    pub fn each(&self, done: &mut dyn FnMut(Handed) -> Result<(), Refused>) -> Result<(), Refused> {
        self.check()?;
        let done = |h, head| done(Handed::Head(h, head));
        match self.pair {
            None => self.attention.grouped(self.width, self.qkv, done),
            Some(pair) => pair.grouped(&self.attention, self.width, self.from, self.qkv, done),
        }
    }
}
