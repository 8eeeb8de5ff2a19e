//! The format safetensors: eight bytes with the length of a header, the header in JSON, then the elements of all tensors.
//!
//! The common reader keeps the last of two tensors with one name and accepts absurd shapes. Here a file has one meaning: names are unique and
//! of visible ASCII, so that no two look alike, each tensor has just the bytes of its type and shape, and the tensors follow on each other
//! from the first byte to the last, without overlaps or gaps.

use crate::fields::{Fields, Found};
use crate::json;
use crate::problem::{Problem, quoted};
use bfv_cert::tensor::{Name, Shape};
use std::collections::BTreeMap;

/// The largest header, in bytes. That of a model of 400 billion parameters has about 150,000.
pub const HEADER_LIMIT: u64 = json::FILE_LIMIT as u64;
const MAGIC_LENGTH: usize = 8;
const METADATA: &str = "__metadata__";

/// A type of elements, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    /// Integers of 8 bits.
    I8,
    /// Integers of 16 bits.
    I16,
    /// Floats of 16 bits.
    F16,
    /// Brain floats of 16 bits.
    Bf16,
    /// Floats of 32 bits.
    F32,
}

const DTYPES: [(&str, Dtype); 5] =
    [("I8", Dtype::I8), ("I16", Dtype::I16), ("F16", Dtype::F16), ("BF16", Dtype::Bf16), ("F32", Dtype::F32)];

impl Dtype {
    /// Bytes of an element.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Dtype::I8 => 1,
            Dtype::I16 | Dtype::F16 | Dtype::Bf16 => 2,
            Dtype::F32 => 4,
        }
    }

    /// The name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        DTYPES.iter().find(|(_, d)| *d == self).map_or("", |(name, _)| name)
    }
}

/// A tensor of a file that lies in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor<'a> {
    /// The type of elements.
    pub dtype: Dtype,
    /// One to four dimensions, none of them zero.
    pub shape: Shape,
    /// The elements, row after row.
    pub bytes: &'a [u8],
}

/// The tensors of a file by name.
///
/// # Errors
/// The file is not exactly one well-formed file of tensors of these types.
pub fn read(file: &[u8]) -> Result<BTreeMap<String, Tensor<'_>>, Problem> {
    let start = |what: String, mend: &str| Problem::new("the start of the file", what, mend);
    let Some((length, rest)) = file.split_first_chunk::<MAGIC_LENGTH>() else {
        return Err(start("The file has fewer than eight bytes.".to_owned(), "Fetch the file again."));
    };
    let length = u64::from_le_bytes(*length);
    if length > HEADER_LIMIT {
        return Err(start(
            format!("The header has {length} bytes, and may have {HEADER_LIMIT}."),
            "Fetch the file again.",
        ));
    }
    let header = usize::try_from(length).ok().and_then(|n| rest.split_at_checked(n));
    let Some((header, data)) = header else {
        return Err(start(format!("The header of {length} bytes is cut off."), "Fetch the file again."));
    };
    let text = json::text(header)?;
    if !text.starts_with('{') {
        return Err(start(
            "The header does not begin with a brace.".to_owned(),
            "Check that the file is in safetensors format.",
        ));
    }
    let tree = json::read(text)?;
    let entries = Fields::new(text, &tree)?.every();
    let mut tensors = BTreeMap::new();
    let mut spans = Vec::new();
    for (name, found) in entries {
        if name == METADATA {
            for (_, note) in found.object()?.every() {
                note.text()?;
            }
            continue;
        }
        if Name::new(name).is_err() {
            let what = format!("{} is no name of a tensor.", quoted(name));
            return Err(found.problem(what, "Name tensors with at most 128 visible ASCII characters."));
        }
        let (tensor, span) = tensor(&found, data)?;
        spans.push((span, found));
        tensors.insert(name.to_owned(), tensor);
    }
    adjoin(spans, data.len() as u64)?;
    Ok(tensors)
}

/// A tensor, and its first and last byte in the data, the last one excluded.
fn tensor<'a>(found: &Found<'_>, data: &'a [u8]) -> Result<(Tensor<'a>, (u64, u64)), Problem> {
    let mut f = found.object()?;
    let dtype = f.must("dtype")?.one_of(&DTYPES)?;
    let (dims, offsets) = (f.must("shape")?, f.must("data_offsets")?);
    f.end()?;
    let sides: Vec<u32> = dims.list(4)?.iter().map(|d| d.whole(1, u32::MAX)).collect::<Result<_, _>>()?;
    let shape = Shape::new(&sides).map_err(|why| {
        dims.problem(format!("The dimensions {sides:?} are refused, because the {why}."), "Fetch the file again.")
    })?;
    let (from, to) = match offsets.list(2)?.as_slice() {
        [from, to] => (offset(from)?, offset(to)?),
        _ => return Err(offsets.problem("A tensor has a first and a last offset.", "Fetch the file again.")),
    };
    // At most 2^36 elements of 4 bytes.
    let needed = shape.elements().saturating_mul(dtype.bytes());
    if to.checked_sub(from) != Some(needed) {
        let what = format!("Offsets {from} to {to} do not hold the {needed} bytes of the shape.");
        return Err(offsets.problem(what, "Fetch the file again."));
    }
    let bytes = usize::try_from(from).ok().zip(usize::try_from(to).ok()).and_then(|(from, to)| data.get(from..to));
    let Some(bytes) = bytes else {
        let what = format!("The tensor ends at byte {to}, and there are {} bytes.", data.len());
        return Err(offsets.problem(what, "Fetch the file again; it may be cut off."));
    };
    Ok((Tensor { dtype, shape, bytes }, (from, to)))
}

fn offset(found: &Found<'_>) -> Result<u64, Problem> {
    let written = found.number()?;
    written.parse().map_err(|_| found.problem(format!("{} is no offset.", quoted(written)), "Fetch the file again."))
}

/// The spans follow on each other from 0 to the end.
fn adjoin(mut spans: Vec<((u64, u64), Found<'_>)>, end: u64) -> Result<(), Problem> {
    spans.sort_by_key(|(span, _)| *span);
    let mut reached = 0;
    for ((from, to), found) in &spans {
        if *from < reached {
            return Err(
                found.problem(format!("The tensor overlaps another, from byte {from} on."), "Fetch the file again.")
            );
        }
        if *from > reached {
            return Err(
                found.problem(format!("There is a gap from byte {reached} to {from}."), "Save the file without gaps.")
            );
        }
        reached = *to;
    }
    if reached == end {
        return Ok(());
    }
    let what = format!("{} bytes follow the last tensor.", end.saturating_sub(reached));
    Err(Problem::new("the end of the file", what, "Save the file without them."))
}

/// Writes a file: tensors in the given order, each with its type, its dimensions and its elements. Names are plain ASCII, as those of
/// [`crate::stored`] are.
#[must_use]
pub fn write(tensors: &[(String, Dtype, Vec<usize>, Vec<u8>)]) -> Vec<u8> {
    let mut at = 0usize;
    let entry = |(name, dtype, dims, bytes): &(String, Dtype, Vec<usize>, Vec<u8>)| {
        let from = at;
        at = at.saturating_add(bytes.len());
        format!("\"{name}\":{{\"dtype\":\"{}\",\"shape\":{dims:?},\"data_offsets\":[{from},{at}]}}", dtype.name())
    };
    let entries: Vec<String> = tensors.iter().map(entry).collect();
    let mut header = format!("{{{}}}", entries.join(","));
    // Elements of all types are aligned.
    while !header.len().is_multiple_of(MAGIC_LENGTH) {
        header.push(' ');
    }
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    tensors.iter().for_each(|(.., bytes)| file.extend_from_slice(bytes));
    file
}
