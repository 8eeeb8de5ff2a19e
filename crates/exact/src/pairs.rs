//! Attention of chunks that are paired: a query sees the chunk `2^l` before its own, where there is one, and its own up to itself.
//!
//! A row of scores has a column for each key of the other chunk, then one for each of the own chunk. What a query does not see has the score 0 and the weight 0,
//! so a row depends on nothing but what it sees, and a block of tokens gives what its tokens one by one give, whatever its chunks are. A row has
//! `2 C` columns, whatever the context is.

use crate::attention::{Attention, Head, grouped, part, softmax_of, transposed};
use crate::linear;
use crate::matrix::Matrix;
use crate::refused::Refused;
use std::ops::Range;

/// Where something is refused.
const PLACE: &str = "attention of paired chunks";

/// What the queries of a block see in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The position of the first query.
    pub first: usize,
    /// The tokens of a chunk, at least 1.
    pub chunk: usize,
    /// The digit l by which the layer pairs.
    pub digit: u32,
}

impl Pair {
    /// The columns of a row of scores.
    #[must_use]
    pub fn columns(self) -> usize {
        self.chunk.saturating_mul(2)
    }

    /// How many chunks before its own a query sees one.
    #[must_use]
    pub fn far(self) -> usize {
        1usize.checked_shl(self.digit).unwrap_or(usize::MAX)
    }

    /// The chunk that the queries of a chunk see beside their own.
    #[must_use]
    pub fn other(self, chunk: usize) -> Option<usize> {
        chunk.checked_sub(self.far())
    }

    /// The columns that the query in row t sees, which are never none.
    #[must_use]
    pub fn keys(self, t: usize) -> Range<usize> {
        let position = self.first.saturating_add(t);
        let start = if self.other(position / self.chunk).is_some() { 0 } else { self.chunk };
        start..self.chunk + position % self.chunk + 1
    }

    /// The position of the key in a column that the query in row t sees.
    #[must_use]
    pub fn position(self, t: usize, column: usize) -> usize {
        let own = self.first.saturating_add(t) / self.chunk;
        match column.checked_sub(self.chunk) {
            Some(place) => own * self.chunk + place,
            None => own.saturating_sub(self.far()) * self.chunk + column,
        }
    }

    /// The first position that the queries from row t on may still see.
    #[must_use]
    pub fn oldest(self, t: usize) -> usize {
        (self.first.saturating_add(t) / self.chunk).saturating_sub(self.far()).saturating_mul(self.chunk)
    }

    /// The positions that some of so many queries may see, each once and ascending: the other chunks of theirs that lie before, and theirs up to the last query.
    #[must_use]
    pub fn ranges(self, queries: usize) -> Vec<Range<usize>> {
        let chunk = self.chunk.max(1);
        let end = self.first.saturating_add(queries.max(1));
        let (own, last) = (self.first / chunk, (end - 1) / chunk);
        let others = (own..=last).filter_map(|c| self.other(c)).take_while(|other| *other < own);
        let others = others.map(|other| other * chunk..(other + 1) * chunk);
        others.chain(std::iter::once(own * chunk..end)).collect()
    }

    /// All query heads in order, over keys and values from position `from` on; otherwise as [`Attention::grouped`].
    ///
    /// # Errors
    /// As [`Attention::grouped`], or a key that is seen is missing.
    pub fn grouped(
        self,
        attention: &Attention<'_>,
        width: usize,
        from: usize,
        qkv: [&Matrix<i16>; 3],
        done: impl FnMut(usize, Head) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let [q, k, v] = qkv;
        self.fits(from, qkv)?;
        let mut pieces = Vec::new();
        let mut t = 0;
        while t < q.rows() {
            let own = (self.first + t) / self.chunk;
            let rows = t..q.rows().min((own + 1) * self.chunk - self.first);
            let keys = self.seen(own, self.first + rows.end - 1, from);
            t = rows.end;
            let (keys, values) = (taken(k, &keys)?, taken(v, &keys)?);
            pieces.push(Piece { queries: taken(q, std::slice::from_ref(&rows))?, rows, keys, values });
        }
        grouped(width, qkv, |h, kv| self.head(attention, &pieces, [h, kv, width]), done)
    }

    /// That there is a key and a value for each position from `from` up to the last query, and none that is seen is missing.
    pub(crate) fn fits(self, from: usize, [q, k, v]: [&Matrix<i16>; 3]) -> Result<(), Refused> {
        let end = self.first.checked_add(q.rows());
        if self.chunk == 0 || from > self.oldest(0) || from.checked_add(k.rows()) != end || k.rows() != v.rows() {
            let (q, k, v) = (q.rows(), k.rows(), v.rows());
            let why =
                format!("{q} queries from position {}, {k} keys and {v} values from {from} do not fit", self.first);
            return Err(Refused::new(PLACE, why));
        }
        Ok(())
    }

    /// One head.
    fn head(self, attention: &Attention<'_>, pieces: &[Piece], [h, kv, width]: [usize; 3]) -> Result<Head, Refused> {
        let rows = pieces.last().map_or(0, |p| p.rows.end);
        let mut scores = Matrix::filled(PLACE, rows, self.columns(), 0i64)?;
        for piece in pieces {
            let found = linear::vectored(&part(&piece.keys, kv, width)?, &part(&piece.queries, h, width)?)?;
            let own = scores.each_row_mut().skip(piece.rows.start);
            for ((t, row), found) in piece.rows.clone().zip(own).zip(found.each_row()) {
                let seen = self.keys(t);
                row.iter_mut().skip(seen.start).zip(found).take(seen.len()).for_each(|(to, from)| *to = *from);
            }
        }
        let weights = softmax_of(attention.powers, attention.scale, |t| self.keys(t), &scores)?;
        let mut sums = Vec::new();
        for piece in pieces {
            let (start, seen) = (self.keys(piece.rows.start).start, piece.keys.rows());
            let own = weights.each_row().skip(piece.rows.start).take(piece.rows.len());
            let own = own.flat_map(|row| row.iter().skip(start).take(seen).copied()).collect();
            let own = Matrix::new(PLACE, piece.rows.len(), seen, own)?;
            sums.extend(linear::vectored(&transposed(&part(&piece.values, kv, width)?)?, &own)?.into_entries());
        }
        Ok(Head { sums: Matrix::new(PLACE, rows, width, sums)?, scores, weights })
    }

    /// The rows of the keys that queries of a chunk up to a position see, as counted from position `from`.
    fn seen(self, own: usize, last: usize, from: usize) -> Vec<Range<usize>> {
        let of = |chunk: usize| chunk * self.chunk - from;
        let other = self.other(own).map(|other| of(other)..of(other) + self.chunk);
        other.into_iter().chain(std::iter::once(of(own)..last + 1 - from)).collect()
    }
}

/// The queries of a block that lie in one chunk, with the keys and values that the last of them sees.
struct Piece {
    rows: Range<usize>,
    queries: Matrix<i16>,
    keys: Matrix<i16>,
    values: Matrix<i16>,
}

/// Some rows of a matrix, one range after the other.
///
/// # Errors
/// A row is missing, or there are none.
pub fn taken(m: &Matrix<i16>, ranges: &[Range<usize>]) -> Result<Matrix<i16>, Refused> {
    let mut entries = Vec::new();
    let mut count = 0;
    for rows in ranges {
        match m.entries().get(rows.start * m.cols()..rows.end * m.cols()) {
            Some(found) => entries.extend_from_slice(found),
            None => return Err(Refused::new(PLACE, "a key that is seen is missing")),
        }
        count += rows.len();
    }
    Matrix::new(PLACE, count, m.cols(), entries)
}
