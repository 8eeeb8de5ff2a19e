//! The model that the programs have in them, so that worker and verifier need no file: a butterfly model of whole numbers of 8 bits over the characters of Latin-1.
//! How it was made is told beside its weights of floats, in `crates/butterfly/text/README.md`.

use crate::problem::Problem;
use crate::stored::Stored;

/// Its name, in the place of a folder.
pub const NAME: &str = "butterfly";

/// The bytes of its specification.
pub const SPEC: &[u8] = include_bytes!("../butterfly/model.spec");
/// The bytes of its weights.
pub const WEIGHTS: &[u8] = include_bytes!("../butterfly/model.safetensors");

/// Reads it.
///
/// # Errors
/// The program was built from damaged files.
pub fn read() -> Result<Stored, Problem> {
    Stored::read(SPEC, WEIGHTS)
}

/// The tokens of a text, one for each character.
///
/// # Errors
/// The first character that Latin-1 does not have.
pub fn tokens(text: &str) -> Result<Vec<u32>, char> {
    text.chars().map(|c| u8::try_from(c).map(u32::from).map_err(|_| c)).collect()
}

/// The character of a token; nothing where there is none.
#[must_use]
pub fn character(token: u32) -> Option<char> {
    u8::try_from(token).ok().map(char::from)
}
