//! From paths to source texts.

use crate::problem::{Code, Problem, escaped};
use bfv_diag::Sources;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Deepest nesting of folders that is searched.
const FOLDER_LIMIT: u32 = 64;

/// A file that was read. Its text is in the `Sources`; the parser wants the bytes, so that it can name those that are no UTF-8.
#[derive(Clone, Debug)]
pub struct Input {
    /// Number in the `Sources`.
    pub number: u32,
    /// As read.
    pub bytes: Vec<u8>,
}

/// The `.sctt` files of the given paths, folders searched through, each folder in the order of names.
/// A path that cannot be read is a problem; the others are still read.
pub fn load(paths: &[PathBuf], sources: &mut Sources) -> (Vec<Input>, Vec<Problem>) {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        let before = (files.len(), problems.len());
        collect(path, true, FOLDER_LIMIT, &mut files, &mut problems);
        if (files.len(), problems.len()) == before && path.is_dir() {
            problems.push(Problem::new(
                Code::NotRead,
                format!("The folder {} holds no .sctt file.", path.display()),
                "write a file there whose name ends in .sctt, or name another folder.",
            ));
        }
    }
    let mut inputs = Vec::new();
    for file in files {
        let shown = escaped(&file.strip_prefix("./").unwrap_or(&file).display().to_string(), char::is_control);
        match read(&file) {
            Ok(bytes) => inputs.push(Input { number: sources.add(shown, &bytes), bytes }),
            Err(e) => problems.push(Problem::not_read(&shown, &e)),
        }
    }
    (inputs, problems)
}

/// The bytes of a file; of one that is too large, as many as it takes to see that. A device may have no end.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bfv_syntax::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    fs::File::open(file)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn collect(path: &Path, named: bool, depth: u32, files: &mut Vec<PathBuf>, problems: &mut Vec<Problem>) {
    let shown = path.display().to_string();
    if !path.is_dir() {
        if (named || path.extension().is_some_and(|e| e == "sctt")) && !files.iter().any(|f| f == path) {
            files.push(path.to_owned());
        }
        return;
    }
    if depth == 0 {
        let what = format!("The folder {shown} is nested more than {FOLDER_LIMIT} deep.");
        problems.push(Problem::new(Code::NotRead, what, "name a folder further down."));
        return;
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match entries {
        Ok(entries) => {
            let mut inside: Vec<PathBuf> = entries.into_iter().map(|e| e.path()).collect();
            inside.sort();
            for p in inside {
                let hidden = p.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
                // A link could lead in a circle; only a path named by a person is followed.
                if !hidden && !p.is_symlink() {
                    collect(&p, false, depth - 1, files, problems);
                }
            }
        }
        Err(e) => problems.push(Problem::not_read(&shown, &e)),
    }
}
