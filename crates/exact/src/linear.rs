//! `y = W x` over the integers, on two grids. The result is the exact sum, so it does not depend on the order of additions, and
//! one definition holds on every machine.
//!
//! Every `i8` and every `i16` is on its grid, the least included, so no input has to be looked through. Bounds:
//! - `i8`: a product is at most `2^14` in size, and K at most [`MAX_K8`] = `2^17 - 1`, so a sum is below `2^31` in size.
//! - `i16`: a product is at most `2^30`, and K at most [`MAX_SIDE`] = `2^20`, so a sum is at most `2^50` in size.
//!
//! Both are below `2^60`, as the check of committed products modulo `2^61 - 1` wants it.
//!
//! [`scalar()`] is the definition. [`vectored`] computes the same with loops that the compiler turns into vector instructions: a row
//! of W is widened once and used for several tokens. Its additions wrap, which the bounds show to make no difference.

use crate::matrix::{MAX_SIDE, Matrix};
use crate::refused::Refused;

/// The most columns of an `i8` matrix: `(2^17 - 1) * 2^14 < 2^31`.
pub const MAX_K8: usize = (1 << 17) - 1;
/// Tokens that share one pass over a row of weights.
const TOKENS: usize = 4;
/// Products that are added before they are added to the sum.
const LANES: usize = 32;
/// Entries whose products with a slice of a token fit into 32 bits when they are added: `480 * 2^22 < 2^31`.
const BLOCK: usize = 480;

/// A grid on which a linear layer is exact.
pub trait Grid: Copy + Into<i64> {
    /// The type that holds every sum.
    type Sum: Copy + Default + Into<i64>;
    /// The most columns of a matrix.
    const MAX_K: usize;
    /// [`scalar()`] on this grid.
    ///
    /// # Errors
    /// As there.
    fn scalar(w: &Matrix<Self>, x: &Matrix<Self>) -> Result<Matrix<Self::Sum>, Refused>;
    /// [`vectored()`] on this grid. It is compiled in this crate, whatever the settings of who calls it.
    ///
    /// # Errors
    /// As there.
    fn vectored(w: &Matrix<Self>, x: &Matrix<Self>) -> Result<Matrix<Self::Sum>, Refused>;
}

/// What both forms are made of.
trait Parts: Grid {
    /// One sum of products, by definition. Both slices have one length, at most [`Grid::MAX_K`].
    fn dot(w: &[Self], x: &[Self]) -> Self::Sum;
    /// How many numbers of 16 bits stand for an entry of a token in [`vectored()`].
    const SLICES: usize;
    /// The entries of a token in slices, each as long as the token, one after the other.
    fn slice(x: &[Self], to: &mut [i16]);
    /// A row of weights as numbers of 16 bits, into a buffer of the same length.
    fn widen(w: &[Self], to: &mut [i16]);
    /// One sum for each token, of a widened row and a token in slices.
    fn dots<const N: usize>(w: &[i16], x: [&[i16]; N]) -> [Self::Sum; N];
}

impl Grid for i8 {
    type Sum = i32;
    const MAX_K: usize = MAX_K8;

    fn scalar(w: &Matrix<i8>, x: &Matrix<i8>) -> Result<Matrix<i32>, Refused> {
        scalar_of(w, x)
    }

    fn vectored(w: &Matrix<i8>, x: &Matrix<i8>) -> Result<Matrix<i32>, Refused> {
        vectored_of(w, x)
    }
}

impl Parts for i8 {
    fn dot(w: &[i8], x: &[i8]) -> i32 {
        let mut sum = 0;
        for (&w, &x) in w.iter().zip(x) {
            sum += i32::from(w) * i32::from(x);
        }
        sum
    }

    const SLICES: usize = 1;

    fn slice(x: &[i8], to: &mut [i16]) {
        Self::widen(x, to);
    }

    fn widen(w: &[i8], to: &mut [i16]) {
        for (to, &w) in to.iter_mut().zip(w) {
            *to = i16::from(w);
        }
    }

    fn dots<const N: usize>(w: &[i16], x: [&[i16]; N]) -> [i32; N] {
        x.map(|x| pairs(w, x))
    }
}

impl Grid for i16 {
    type Sum = i64;
    const MAX_K: usize = MAX_SIDE;

    fn scalar(w: &Matrix<i16>, x: &Matrix<i16>) -> Result<Matrix<i64>, Refused> {
        scalar_of(w, x)
    }

    fn vectored(w: &Matrix<i16>, x: &Matrix<i16>) -> Result<Matrix<i64>, Refused> {
        vectored_of(w, x)
    }
}

impl Parts for i16 {
    fn dot(w: &[i16], x: &[i16]) -> i64 {
        let mut sum = 0;
        for (&w, &x) in w.iter().zip(x) {
            sum += i64::from(w) * i64::from(x);
        }
        sum
    }

    const SLICES: usize = 2;

    /// `x = 256 h + l` with l from -128 to 127 and h from -128 to 128: all h, then all l.
    fn slice(x: &[i16], to: &mut [i16]) {
        let (high, low) = to.split_at_mut(x.len());
        for ((high, low), &x) in high.iter_mut().zip(low).zip(x) {
            let [byte, _] = x.to_le_bytes();
            *low = i16::from(byte.cast_signed());
            *high = (x >> 8) + i16::from(*low < 0);
        }
    }

    fn widen(w: &[i16], to: &mut [i16]) {
        to.copy_from_slice(w);
    }

    fn dots<const N: usize>(w: &[i16], x: [&[i16]; N]) -> [i64; N] {
        x.map(|x| {
            let (high, low) = x.split_at(w.len());
            let blocks = w.chunks(BLOCK).zip(high.chunks(BLOCK).zip(low.chunks(BLOCK)));
            blocks.fold(0, |sum: i64, (w, (high, low))| {
                sum.wrapping_add(256 * i64::from(pairs(w, high))).wrapping_add(i64::from(pairs(w, low)))
            })
        })
    }
}

/// A sum of products of which the caller knows that it fits, so that additions in any order give it. In parts of [`LANES`] it becomes
/// multiplications that add neighbours, which a plain loop does not.
fn pairs(w: &[i16], x: &[i16]) -> i32 {
    let (w_whole, w_rest) = w.as_chunks::<LANES>();
    let (x_whole, x_rest) = x.as_chunks::<LANES>();
    let mut sum = 0i32;
    for (w, x) in w_whole.iter().zip(x_whole) {
        let mut part = 0i32;
        for i in 0..LANES {
            part = part.wrapping_add(i32::from(w[i]).wrapping_mul(i32::from(x[i])));
        }
        sum = sum.wrapping_add(part);
    }
    let rest = w_rest.iter().zip(x_rest).map(|(&w, &x)| i32::from(w).wrapping_mul(i32::from(x)));
    rest.fold(sum, i32::wrapping_add)
}

/// Shapes of `y = W x` for tokens as rows of x: K is shared and within the grid's limit, and the result is within the limits.
fn shapes<G: Grid>(w: &Matrix<G>, x: &Matrix<G>) -> Result<Matrix<G::Sum>, Refused> {
    let place = "a linear layer";
    if w.cols() != x.cols() {
        return Err(Refused::new(place, format!("the weights have {} columns, and a token {}", w.cols(), x.cols())));
    }
    if w.cols() > G::MAX_K {
        return Err(Refused::new(
            place,
            format!("{} columns are more than {}, so a sum might overflow", w.cols(), G::MAX_K),
        ));
    }
    Matrix::filled(place, x.rows(), w.rows(), G::Sum::default())
}

/// The definition: entry (t, i) of the result is the sum over k of `w[i][k] * x[t][k]`.
///
/// # Errors
/// The numbers of columns differ or are above the limit of the grid, or the result is too large for a matrix.
pub fn scalar<G: Grid>(w: &Matrix<G>, x: &Matrix<G>) -> Result<Matrix<G::Sum>, Refused> {
    G::scalar(w, x)
}

fn scalar_of<G: Parts>(w: &Matrix<G>, x: &Matrix<G>) -> Result<Matrix<G::Sum>, Refused> {
    let mut y = shapes(w, x)?;
    for (y, x) in y.each_row_mut().zip(x.each_row()) {
        for (y, w) in y.iter_mut().zip(w.each_row()) {
            *y = G::dot(w, x);
        }
    }
    Ok(y)
}

/// The same, faster.
///
/// # Errors
/// As [`scalar()`].
pub fn vectored<G: Grid>(w: &Matrix<G>, x: &Matrix<G>) -> Result<Matrix<G::Sum>, Refused> {
    G::vectored(w, x)
}

fn vectored_of<G: Parts>(w: &Matrix<G>, x: &Matrix<G>) -> Result<Matrix<G::Sum>, Refused> {
    let mut y = shapes(w, x)?;
    let (k, m) = (w.cols(), w.rows());
    let mut tokens = vec![0; x.entries().len() * G::SLICES];
    for (x, to) in x.each_row().zip(tokens.chunks_exact_mut(k * G::SLICES)) {
        G::slice(x, to);
    }
    let long = k * G::SLICES;
    // Tokens in groups, then those left over one by one.
    let whole = x.rows() - x.rows() % TOKENS;
    let (groups, single) = tokens.split_at(whole * long);
    let mut row = vec![0; k];
    for (i, w) in w.each_row().enumerate() {
        G::widen(w, &mut row);
        let (y_groups, y_single) = y.entries_mut().split_at_mut(whole * m);
        for (x, y) in groups.chunks_exact(TOKENS * long).zip(y_groups.chunks_exact_mut(TOKENS * m)) {
            let mut parts = x.chunks_exact(long);
            let parts: [&[i16]; TOKENS] = std::array::from_fn(|_| parts.next().unwrap_or(&[]));
            for (y, sum) in y.iter_mut().skip(i).step_by(m).zip(G::dots(&row, parts)) {
                *y = sum;
            }
        }
        for (x, y) in single.chunks_exact(long).zip(y_single.iter_mut().skip(i).step_by(m)) {
            let [sum] = G::dots(&row, [x]);
            *y = sum;
        }
    }
    Ok(y)
}
