//! Files of which no more is read than they may have.

use crate::init::shown;
use bfv_driver::{Code, Problem};
use std::io::Read;
use std::path::Path;

/// The bytes of a file up to a limit, and one more, so that what is too large is told from what is not.
pub fn up_to(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes of a file that has at most so many.
pub fn bounded(path: &Path, limit: u64) -> Result<Vec<u8>, Problem> {
    let file = shown(path);
    let bytes = up_to(path, limit).map_err(|e| Problem::not_read(&file, &e))?;
    if bytes.len() as u64 > limit {
        let what = format!("The file {file} has more than {limit} bytes, and cannot be what it must be.");
        return Err(Problem::new(Code::NotRead, what, "check which file is named."));
    }
    Ok(bytes)
}
