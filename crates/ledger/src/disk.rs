//! Files that are there once they are said to be.

use crate::fault::Fault;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Lets the disk keep the name of a new file, as its folder does not do by itself on every system.
#[cfg(unix)]
pub(crate) fn settle(path: &Path) -> Result<(), Fault> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|f| f.sync_all()).map_err(Fault::files(folder))
}

#[cfg(not(unix))]
pub(crate) fn settle(_path: &Path) -> Result<(), Fault> {
    Ok(())
}

/// Lets only the owner use a file that is made with these options.
#[cfg(unix)]
fn for_owner(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

/// Elsewhere the folder of the file decides who may use it.
#[cfg(not(unix))]
fn for_owner(_options: &mut OpenOptions) {}

/// Makes a file that is not there, for its owner only where it is `private` and the system is Unix; elsewhere its folder decides.
/// Nothing is ever overwritten.
///
/// # Errors
/// It is there already, or cannot be made.
pub fn create(path: &Path, bytes: &[u8], private: bool) -> Result<(), Fault> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if private {
        for_owner(&mut options);
    }
    let mut file = options.open(path).map_err(Fault::files(path))?;
    if let Err(why) = file.write_all(bytes).and_then(|()| file.sync_all()) {
        // A part of a file would keep the whole one from being made.
        let _left = std::fs::remove_file(path);
        return Err(Fault::Files(path.to_owned(), why));
    }
    settle(path)
}
