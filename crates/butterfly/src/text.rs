//! Text as tokens, and which part of it is not learned from.

use bfv_model::Problem;

/// Ends a file: a form feed, which stands in no source.
pub const END: u8 = 0x0c;

/// The characters of a text as tokens.
///
/// # Errors
/// A character is not of Latin-1, or is the one that ends a file.
pub fn tokens(text: &str) -> Result<Vec<u8>, Problem> {
    match text.chars().enumerate().find(|(_, c)| *c == char::from(END)) {
        Some((i, c)) => Err(unknown(i, c)),
        None => files(text),
    }
}

/// The characters of files that stand one after the other, each with its end, as tokens.
///
/// # Errors
/// A character is not of Latin-1.
pub fn files(text: &str) -> Result<Vec<u8>, Problem> {
    text.chars().enumerate().map(|(i, c)| u8::try_from(u32::from(c)).map_err(|_| unknown(i, c))).collect()
}

fn unknown(place: usize, c: char) -> Problem {
    let what = format!("Character {place}, {}, has no token.", c.escape_unicode());
    Problem::new("the text", what, "Use characters of Latin-1, without the form feed.")
}

/// Tokens as text.
#[must_use]
pub fn text(tokens: &[u8]) -> String {
    tokens.iter().map(|t| char::from(*t)).collect()
}

/// A text in two parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// What is learned from, file after file, each with its end.
    pub learned: Vec<u8>,
    /// What is held out, in the same way.
    pub held: Vec<u8>,
}

/// Splits files that stand one after the other, each with its end: of every ten the fifth is held out. Whole files are, so that nothing of one is learned from.
#[must_use]
pub fn split(files: &[u8]) -> Parts {
    let mut parts = Parts::default();
    for (i, file) in files.split_inclusive(|t| *t == END).enumerate() {
        if i % 10 == 4 { &mut parts.held } else { &mut parts.learned }.extend(file);
    }
    parts
}
