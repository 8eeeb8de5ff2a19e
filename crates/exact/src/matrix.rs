//! Matrices whose shape was checked when they were made.

use crate::refused::Refused;

/// The most rows, and the most columns, of a matrix.
pub const MAX_SIDE: usize = 1 << 20;
/// The most entries of a matrix. An embedding of 2^18 tokens by 2^12 coordinates has that many.
pub const MAX_ELEMENTS: usize = 1 << 30;

/// Rows by columns, row after row. Neither side is 0, and the number of entries is their product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix<T> {
    rows: usize,
    cols: usize,
    data: Vec<T>,
}

/// The number of entries of a shape within the limits.
///
/// # Errors
/// A side is 0 or above [`MAX_SIDE`], or the product is above [`MAX_ELEMENTS`]. The product cannot wrap: it is checked.
pub fn elements(place: &str, rows: usize, cols: usize) -> Result<usize, Refused> {
    for (side, n) in [("rows", rows), ("columns", cols)] {
        if n == 0 || n > MAX_SIDE {
            return Err(Refused::new(place, format!("there are {n} {side}, and there must be 1 to {MAX_SIDE}")));
        }
    }
    match rows.checked_mul(cols) {
        Some(n) if n <= MAX_ELEMENTS => Ok(n),
        _ => Err(Refused::new(place, format!("{rows} by {cols} are more than {MAX_ELEMENTS} entries"))),
    }
}

impl<T: Copy> Matrix<T> {
    /// A matrix of given entries, row after row.
    ///
    /// # Errors
    /// The shape is outside of the limits, or the number of entries is another.
    pub fn new(place: &str, rows: usize, cols: usize, data: Vec<T>) -> Result<Self, Refused> {
        let n = elements(place, rows, cols)?;
        if data.len() == n {
            Ok(Self { rows, cols, data })
        } else {
            Err(Refused::new(place, format!("{rows} by {cols} are {n} entries, and {} were given", data.len())))
        }
    }

    /// A matrix with one value everywhere.
    ///
    /// # Errors
    /// The shape is outside of the limits.
    pub fn filled(place: &str, rows: usize, cols: usize, value: T) -> Result<Self, Refused> {
        let n = elements(place, rows, cols)?;
        Ok(Self { rows, cols, data: vec![value; n] })
    }

    /// The same shape with each entry replaced.
    #[must_use]
    pub fn map<U>(&self, f: impl FnMut(T) -> U) -> Matrix<U> {
        Matrix { rows: self.rows, cols: self.cols, data: self.data.iter().copied().map(f).collect() }
    }

    /// Appends the rows of another matrix.
    ///
    /// # Errors
    /// The numbers of columns differ, or there are too many rows.
    pub fn append(&mut self, other: &Self) -> Result<(), Refused> {
        let place = "a matrix that grows";
        if self.cols != other.cols {
            return Err(Refused::new(place, format!("rows of {} and {} entries differ", self.cols, other.cols)));
        }
        let rows = self.rows.saturating_add(other.rows);
        elements(place, rows, self.cols)?;
        self.rows = rows;
        self.data.extend_from_slice(&other.data);
        Ok(())
    }

    /// Leaves out so many of the first rows, but never the last one.
    pub fn drop_first(&mut self, rows: usize) {
        let rows = rows.min(self.rows.saturating_sub(1));
        self.data.drain(..rows.saturating_mul(self.cols).min(self.data.len()));
        self.rows -= rows;
    }

    /// The number of rows, at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns, at least 1.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// All entries, row after row.
    #[must_use]
    pub fn entries(&self) -> &[T] {
        &self.data
    }

    /// All entries, to be changed in place.
    pub fn entries_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The rows in order.
    pub fn each_row(&self) -> std::slice::ChunksExact<'_, T> {
        self.data.chunks_exact(self.cols)
    }

    /// The rows in order, to be changed in place.
    pub fn each_row_mut(&mut self) -> std::slice::ChunksExactMut<'_, T> {
        self.data.chunks_exact_mut(self.cols)
    }

    /// One row; empty where there is none.
    #[must_use]
    pub fn row(&self, i: usize) -> &[T] {
        let start = i.saturating_mul(self.cols);
        self.data.get(start..start.saturating_add(self.cols)).unwrap_or(&[])
    }

    /// The entries, taken out.
    #[must_use]
    pub fn into_entries(self) -> Vec<T> {
        self.data
    }
}
