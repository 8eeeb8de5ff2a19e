//! What the holder of a key asks the authority for, as a file: an entry of the registry with its proof of possession. It holds no secret.

use crate::fault::Fault;
use crate::hex::{from_hex, to_hex};
use bfv_cert::registry::Entry;
use bfv_model::Problem;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The first line of such a file.
const TITLE: &str = "bfv registration 1";
/// The largest file, in bytes.
pub const REQUEST_LIMIT: u64 = 1024;

/// The text of a request.
#[must_use]
pub fn request(entry: &Entry) -> String {
    format!("{TITLE}\n{}\n", to_hex(&entry.encode()))
}

/// Reads a request. Whether its proof of possession fits is checked when the key is registered.
///
/// # Errors
/// The file cannot be read, or has another form than that of [`request`].
pub fn requested(path: &Path) -> Result<Entry, Fault> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Fault::files(path))?;
    file.take(REQUEST_LIMIT).read_to_end(&mut bytes).map_err(Fault::files(path))?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let digits = text.strip_prefix(TITLE).and_then(|t| t.strip_prefix('\n')).and_then(|t| t.strip_suffix('\n'));
    let entry = digits.and_then(from_hex).and_then(|bytes| Entry::decode(&bytes).ok());
    entry.ok_or_else(|| {
        let place = format!("the file {}", path.display());
        Problem::new(place, "It is no request to register a key.", "Make one with: bfv key request FILE.").into()
    })
}
