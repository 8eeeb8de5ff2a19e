//! What a goal or a theorem looks like: the walks in its conclusion, and those in what it is given.

use bfv_encode::{telescope, walks};
use bfv_format::Term;

/// The walks of one, two and three nodes, each once and in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Those in the conclusion.
    pub end: Vec<u64>,
    /// Those in the types of arguments and hypotheses.
    pub given: Vec<u64>,
}

impl Features {
    /// Those of a goal: its statement, and the types of what it may use. Of a theorem these are part of the statement. `name` is a number for a
    /// declaration that does not depend on where it stands.
    #[must_use]
    pub fn of_goal(statement: &Term, given: &[Term], name: &dyn Fn(u32) -> u64) -> Features {
        let (domains, end) = telescope(statement);
        let mut all: Vec<u64> = given.iter().chain(domains).flat_map(|ty| walks(ty, name)).collect();
        all.sort_unstable();
        all.dedup();
        Features { end: walks(end, name), given: all }
    }
}

/// A number of bytes (Fowler, Noll and Vo, version 1a). It is the same on every machine and in every version, so what was learned of names and
/// the weights' sum can rest on it. It keeps nobody from making two texts with one number.
#[must_use]
pub fn number(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |n, b| (n ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// What two lists without repetition, in order, have in common.
pub(crate) fn common<'l, T: Ord + Copy>(a: &'l [T], b: &'l [T]) -> impl Iterator<Item = T> + 'l {
    let mut rest = b;
    a.iter().copied().filter(move |x| {
        let before = rest.partition_point(|y| y < x);
        rest = rest.get(before..).unwrap_or_default();
        rest.first() == Some(x)
    })
}
