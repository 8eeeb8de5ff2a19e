//! Secret keys in files that nobody else may read.

use crate::disk::create;
use crate::fault::Fault;
use crate::hex::{from_hex, to_hex};
use bfv_cert::sign::SecretKey;
use bfv_model::Problem;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// The first line of a file of a key.
const TITLE: &str = "bfv secret key 1";
/// The largest file of a key, in bytes.
pub const KEY_LIMIT: u64 = 256;

/// 32 random bytes of the operating system, for a key or the seed of a sampler.
///
/// # Errors
/// The system gives none.
pub fn random() -> Result<[u8; 32], Fault> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(Fault::Random)?;
    Ok(bytes)
}

/// Makes a key and a file with it, which only its owner may read. The seed is overwritten in memory.
///
/// # Errors
/// The file is there already, so that no key is ever overwritten, or cannot be made.
pub fn generate(path: &Path) -> Result<SecretKey, Fault> {
    let seed = Zeroizing::new(random()?);
    let digits = Zeroizing::new(to_hex(&*seed));
    let text = Zeroizing::new(format!("{TITLE}\n{}\n", *digits));
    create(path, text.as_bytes(), true)?;
    Ok(SecretKey::from_seed(&seed))
}

/// Reads a key.
///
/// # Errors
/// The file cannot be read, others than its owner may read or write it, or it has no key.
pub fn secret(path: &Path) -> Result<SecretKey, Fault> {
    let file = File::open(path).map_err(Fault::files(path))?;
    private(path, &file)?;
    let mut text = Zeroizing::new(String::new());
    file.take(KEY_LIMIT).read_to_string(&mut text).map_err(Fault::files(path))?;
    let digits = text.strip_prefix(TITLE).and_then(|t| t.strip_prefix('\n')).and_then(|t| t.strip_suffix('\n'));
    let seed = digits.and_then(from_hex).map(Zeroizing::new);
    let seed = seed.and_then(|s| <[u8; 32]>::try_from(s.as_slice()).ok()).map(Zeroizing::new);
    match seed {
        Some(seed) => Ok(SecretKey::from_seed(&seed)),
        None => Err(Problem::new(
            format!("the file {}", path.display()),
            "It holds no secret key.",
            "Make one with: bfv key make FILE.",
        )
        .into()),
    }
}

/// Nobody but the owner may read or write the file. Systems without such permissions are not asked.
#[cfg(unix)]
fn private(path: &Path, file: &File) -> Result<(), Fault> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(Fault::files(path))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let what = format!("Others may use it: its permissions are {:o}.", mode & 0o777);
    let mend = format!("Run: chmod 600 {}.", path.display());
    Err(Problem::new(format!("the file {}", path.display()), what, mend).into())
}

#[cfg(not(unix))]
fn private(_path: &Path, _file: &File) -> Result<(), Fault> {
    Ok(())
}
