//! Why evaluations could not go on. As long as that is so they are not tried again: what has not changed is stuck on the same.

use crate::eval::Part;

/// An evaluation that looked at more parts than this is done again.
const OPEN: usize = 48;

/// A part that is not known: its number, which part with that number it is, and how often its range was made smaller.
pub type Unknown = (usize, u64, usize);

/// What an evaluation was stuck on.
pub struct Stuck {
    /// The part that is best filled in.
    pub first: usize,
    /// All parts that were looked at and not known, as they were.
    pub open: Vec<Unknown>,
    /// The innermost choice that what was looked at depends on.
    pub depends: usize,
}

impl Stuck {
    /// What is kept of an evaluation; nothing where it looked at too many parts.
    pub fn new(first: usize, open: Vec<Unknown>, depends: usize) -> Option<Self> {
        (open.len() <= OPEN).then_some(Stuck { first, open, depends })
    }

    /// Whether all parts are as unknown as they were.
    pub fn holds(&self, parts: &[Part]) -> bool {
        self.open.iter().all(|(n, serial, cuts)| {
            let known = parts.get(*n);
            known.is_some_and(|p| p.serial == *serial && p.fill.is_none() && p.range.cuts() == *cuts)
        })
    }
}
