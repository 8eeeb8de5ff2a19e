//! Files read, written and listed, with a sentence where that fails.

use std::path::{Path, PathBuf};

/// The files of a folder with an ending, in order.
pub fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, String> {
    let entries =
        std::fs::read_dir(folder).map_err(|e| format!("The folder {} cannot be read: {e}.", folder.display()))?;
    let mut out: Vec<PathBuf> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|f| f.extension().is_some_and(|x| x == ending)).collect();
    out.sort();
    Ok(out)
}

/// The text of a file.
pub fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|e| format!("The file {} cannot be read: {e}.", file.display()))
}

/// Writes a file.
pub fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|e| format!("The file {} cannot be written: {e}.", file.display()))
}
