//! What is wrong with a file.

use std::fmt;

/// A problem: where it is, what was found, and how it is mended. The last two are sentences, and all three are plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place, such as `line 3, column 5, in capabilities 1, weight`.
    pub place: String,
    /// What was found and why that is refused.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(place: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Problem {
        Problem { place: place.into(), what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "At {}: {} {}", self.place, self.what, self.mend)
    }
}

impl std::error::Error for Problem {}

/// Text of a file inside of a sentence: at most 40 characters of visible ASCII, the others as question marks.
pub(crate) fn quoted(text: &str) -> String {
    let mut short: String =
        text.chars().take(40).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    if text.chars().nth(40).is_some() {
        short.push_str(" and more");
    }
    format!("\"{short}\"")
}
