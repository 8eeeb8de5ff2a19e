//! Why something was refused.

use std::fmt;

/// A refusal: where it was met, and why. Nothing was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The operation, or the part of a specification or program.
    pub place: String,
    /// The reason, with the numbers that decide it.
    pub why: String,
}

impl Refused {
    /// A refusal of a place, for a reason.
    pub fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self { place: place.into(), why: why.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "In {}: {}.", self.place, self.why)
    }
}

impl std::error::Error for Refused {}

/// A number as an index or a length. Lengths here are at most [`crate::MAX_ELEMENTS`], and no address is narrower than 32 bits.
pub(crate) fn index(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// A length as a number. It is exact: no length has more than 63 bits.
pub(crate) fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
