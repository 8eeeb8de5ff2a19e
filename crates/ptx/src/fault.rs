//! Why a text is not read, or a run is stopped.

use std::fmt;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line of the text, from 1; 0 where it is about the launch as a whole.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl Fault {
    pub(crate) fn new(line: usize, why: impl Into<String>) -> Fault {
        Fault { line, why: why.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "The launch is refused: {}.", self.why),
            line => write!(f, "Line {line} of the kernel is refused: {}.", self.why),
        }
    }
}

impl std::error::Error for Fault {}
