//! Entries as bytes: two's complement, the lowest byte first, in as few bytes as the bound on them allows.

use super::Form;
use crate::forward::Numbers;
use crate::matrix::Matrix;
use crate::refused::Refused;
use crate::requantise::Saturate;
use crate::rounding::largest_sum;
use crate::spec::Bits;

/// The bytes that hold every sum of k products on a grid, the fewest.
#[must_use]
pub fn sum_bytes(grid: Bits, k: usize) -> usize {
    let most = largest_sum(grid, k);
    (1..8).find(|bytes| most < 1 << (8 * bytes - 1)).unwrap_or(8)
}

/// Appends entries, each in so many bytes of two's complement, the lowest first. What has more bytes loses the highest.
pub fn write(numbers: Numbers<'_>, width: usize, out: &mut Vec<u8>) {
    match numbers {
        Numbers::I8(m) => write_all(m.entries(), width, out),
        Numbers::I16(m) => write_all(m.entries(), width, out),
        Numbers::I32(m) => write_all(m.entries(), width, out),
        Numbers::I64(m) => write_all(m.entries(), width, out),
    }
}

pub(super) fn write_all<T: Copy + Into<i64>>(entries: &[T], width: usize, out: &mut Vec<u8>) {
    match width {
        1 => write_as::<T, 1>(entries, out),
        2 => write_as::<T, 2>(entries, out),
        3 => write_as::<T, 3>(entries, out),
        4 => write_as::<T, 4>(entries, out),
        5 => write_as::<T, 5>(entries, out),
        6 => write_as::<T, 6>(entries, out),
        7 => write_as::<T, 7>(entries, out),
        _ => write_as::<T, 8>(entries, out),
    }
}

/// A loop with a fixed width, which the compiler turns into moves of several entries.
fn write_as<T: Copy + Into<i64>, const W: usize>(entries: &[T], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + entries.len() * W, 0);
    let (slots, _) = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<W>();
    for (slot, &x) in slots.iter_mut().zip(entries) {
        let x: i64 = x.into();
        if let Some(low) = x.to_le_bytes().first_chunk::<W>() {
            *slot = *low;
        }
    }
}

/// Appends the entries that bytes stand for; bytes that are too few for one more are left out. The type must hold so many bytes.
pub fn read<T: Saturate>(bytes: &[u8], width: usize, out: &mut Vec<T>) {
    match width {
        1 => read_as::<T, 1>(bytes, out),
        2 => read_as::<T, 2>(bytes, out),
        3 => read_as::<T, 3>(bytes, out),
        4 => read_as::<T, 4>(bytes, out),
        5 => read_as::<T, 5>(bytes, out),
        6 => read_as::<T, 6>(bytes, out),
        7 => read_as::<T, 7>(bytes, out),
        _ => read_as::<T, 8>(bytes, out),
    }
}

fn read_as<T: Saturate, const W: usize>(bytes: &[u8], out: &mut Vec<T>) {
    let (slots, _) = bytes.as_chunks::<W>();
    out.extend(slots.iter().map(|slot| {
        let mut all = [0; 8];
        // The bytes are the highest, and are shifted down with their sign.
        if let Some(high) = all.last_chunk_mut::<W>() {
            *high = *slot;
        }
        T::saturate(i64::from_le_bytes(all) >> (64 - 8 * W))
    }));
}

/// Reads the values of a cell, without residuals: a matrix for each part.
///
/// # Errors
/// There are more or fewer bytes than the form says, or it is too large for a matrix. Memory is taken for as many bytes as there are.
pub fn read_cell<T: Saturate>(form: Form, bytes: &[u8]) -> Result<Vec<Matrix<T>>, Refused> {
    let place = "a committed value";
    if bytes.len() != form.bytes() {
        return Err(Refused::new(place, format!("there are {} bytes, and must be {}", bytes.len(), form.bytes())));
    }
    let (bytes, _) = form.split(bytes);
    let part = form.rows.saturating_mul(form.cols).saturating_mul(form.width).max(1);
    let read_part = |part: &[u8]| {
        let mut entries = Vec::new();
        read(part, form.width, &mut entries);
        Matrix::new(place, form.rows, form.cols, entries)
    };
    bytes.chunks(part).map(read_part).collect()
}
