//! Files of which no more is read than they may have.

use std::io::Read;
use std::path::Path;

/// The bytes of a file up to a limit, and one more, so that what is too large is told from what is not.
pub fn up_to(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
