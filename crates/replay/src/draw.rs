//! Drawing without putting back, and what it is worth.

use bfv_cert::digest::{Context, Digest, Words};
use std::collections::BTreeSet;

/// How unlikely it must be that a draw prefers one set to another: a word of 64 bits times a number below `2^32`.
const MOST: u64 = 1 << 32;

/// Draws so many of a number of things without putting any back, in ascending order; all of them where there are no more, or more than `2^32`.
///
/// Each set of that size is as likely as any other, but for `2^-32` (Floyd's method: Bentley and Floyd, A sample of brilliance, 1987). A share f of wrong
/// things is missed with probability at most `(1 - f)^wanted`.
#[must_use]
pub fn pick(mut words: Words, wanted: u64, of: u64) -> BTreeSet<u64> {
    if wanted >= of || of > MOST {
        return (0..of).collect();
    }
    let mut below = |n: u64| {
        let scaled = u128::from(words.next().unwrap_or(0)) * u128::from(n);
        u64::try_from(scaled >> u64::BITS).unwrap_or(0)
    };
    let mut chosen = BTreeSet::new();
    for last in of - wanted..of {
        let one = below(last + 1);
        if !chosen.insert(one) {
            chosen.insert(last);
        }
    }
    chosen
}

/// Tiles that were drawn. All of them take no memory: how many there are is said by whoever made the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tiles {
    /// All of so many.
    All(u64),
    /// These.
    Some(BTreeSet<u64>),
}

impl Tiles {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            Tiles::All(of) => *of,
            Tiles::Some(set) => set.len() as u64,
        }
    }

    /// Their numbers, ascending.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        let (all, some) = match self {
            Tiles::All(of) => (0..*of, None),
            Tiles::Some(set) => (0..0, Some(set.iter().copied())),
        };
        all.chain(some.into_iter().flatten())
    }
}

/// The tiles that are drawn for a certificate with this challenge ([`bfv_cert::certificate::Body::challenge`]).
#[must_use]
pub fn tiles(challenge: &Digest, wanted: u64, of: u64) -> Tiles {
    if wanted >= of || of > MOST {
        return Tiles::All(of);
    }
    Tiles::Some(pick(Context::Challenge.hash().bytes(b"tiles").digest(challenge).words(), wanted, of))
}

/// So many bits b that a share of wrong tiles, `wrong` of `all`, is missed by so many draws with probability at most `2^-b`, rounded down: `(1 - wrong/all)^draws`.
/// A share of nothing is always missed, and one of everything never: then it is `u32::MAX`, if there are draws.
#[must_use]
pub fn missed_bits(wrong: u32, all: u32, draws: u64) -> u32 {
    let left = all.saturating_sub(wrong);
    if draws == 0 || wrong == 0 || all == 0 {
        return 0;
    }
    if left == 0 {
        return u32::MAX;
    }
    // A size from 2^63 on, below 2^64, rounded up, and how often it was halved: size / 2^(63 + halvings) is at least the power.
    let share = (u128::from(left) << 64).div_ceil(u128::from(all));
    let normal = |size: u128, halvings: u64| {
        let length = u128::BITS - size.leading_zeros();
        match length.checked_sub(64) {
            Some(by) => {
                // Rounded up, which may make one bit more, so once more.
                let up = (size + ((1u128 << by) - 1)) >> by;
                let (up, by) = if up >> 64 == 0 { (up, by) } else { (up >> 1, by + 1) };
                (up, i128::from(halvings) - i128::from(by))
            }
            None => (size << (64 - length), i128::from(halvings) + i128::from(64 - length)),
        }
    };
    // A number is size 2^-below.
    let (mut base, mut base_below) = normal(share, 64);
    let (mut power, mut power_below) = (1u128 << 63, 63i128);
    let mut left = draws;
    while left > 0 {
        if left & 1 == 1 {
            let (size, shift) = normal(power * base, 0);
            (power, power_below) = (size, power_below + base_below + shift);
        }
        let (size, shift) = normal(base * base, 0);
        (base, base_below) = (size, base_below * 2 + shift);
        left >>= 1;
    }
    // The power is below 2^(64 - power_below), and half of that where it is a power of two.
    let half = i128::from(power == 1 << 63);
    u32::try_from((power_below - 64 + half).max(0)).unwrap_or(u32::MAX)
}
