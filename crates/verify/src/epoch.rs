//! Audits of an epoch: which of the logged certificates are looked at.
//!
//! Workers log certificates, the log signs a head, and then a beacon becomes known that nobody could choose before. Both together say which certificates are
//! drawn, and with which random numbers each is judged ([`crate::Beacon`]). A worker has signed by then, and the log cannot put in or leave out anything
//! without another head.

use bfv_cert::digest::{Context, Digest, Words};
use std::collections::BTreeSet;

/// How unlikely it must be that a draw prefers one set to another: a word of 64 bits times a number below `2^32`.
const MOST: u64 = 1 << 32;

/// The random words of a beacon and a head of the log, for the draw.
fn words(beacon: &[u8; 32], log_head: &Digest) -> Words {
    Context::Challenge.hash().bytes(b"audit").digest(&Digest(*beacon)).digest(log_head).words()
}

/// Draws so many of a number of things without putting any back, in ascending order; all of them where there are no more, or more than `2^32`.
///
/// Each set of that size is as likely as any other, but for `2^-32` (Floyd's method: Bentley and Floyd, A sample of brilliance, 1987). A share f of wrong
/// certificates is missed with probability at most `(1 - f)^wanted`.
#[must_use]
pub fn picks(beacon: &[u8; 32], log_head: &Digest, wanted: u64, of: u64) -> BTreeSet<u64> {
    if wanted >= of || of > MOST {
        return (0..of).collect();
    }
    let mut words = words(beacon, log_head);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_has_its_size_and_depends_on_beacon_and_head() {
        let head = Digest([3; 32]);
        for (wanted, of) in [(0, 9), (1, 1), (5, 9), (9, 9), (12, 9), (100, 1000)] {
            let own = picks(&[1; 32], &head, wanted, of);
            assert_eq!(own.len() as u64, wanted.min(of));
            assert!(own.iter().all(|i| *i < of));
            assert_eq!(own, picks(&[1; 32], &head, wanted, of));
        }
        let own = picks(&[1; 32], &head, 100, 1000);
        assert_ne!(own, picks(&[2; 32], &head, 100, 1000));
        assert_ne!(own, picks(&[1; 32], &Digest([4; 32]), 100, 1000));
    }

    /// Each of ten is among three of them in three of ten draws, as nearly as 2,000 draws tell.
    #[test]
    fn nobody_is_preferred() {
        let mut counts = [0u32; 10];
        for n in 0..2_000u64 {
            let mut beacon = [0; 32];
            beacon[..8].copy_from_slice(&n.to_le_bytes());
            for (i, count) in (0u64..).zip(&mut counts) {
                *count += u32::from(picks(&beacon, &Digest([3; 32]), 3, 10).contains(&i));
            }
        }
        // The standard deviation is 20.
        assert!(counts.iter().all(|count| (500..700).contains(count)), "{counts:?}");
    }
}
