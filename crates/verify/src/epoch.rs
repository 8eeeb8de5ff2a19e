//! Audits of an epoch: which of the logged certificates are looked at.
//!
//! Workers log certificates, the log signs a head, and then a beacon becomes known that nobody could choose before. Both together say which certificates are
//! drawn, and with which random numbers each is judged ([`crate::Beacon`]). A worker has signed by then, and the log cannot put in or leave out anything
//! without another head.
//!
//! A beacon may come from elsewhere, or from several people ([`shared`]): each commits to a random share before the head is signed, and reveals it afterwards. The
//! signatures of a head are no beacon: whoever signs by Ed25519 can make as many signatures of one head as he likes, and choose.

use bfv_cert::digest::{Context, Digest, Words};
use bfv_replay::draw::pick;
use std::collections::BTreeSet;
use std::fmt;

/// The random words of a beacon and a head of the log, for the draw.
fn words(beacon: &[u8; 32], log_head: &Digest) -> Words {
    Context::Challenge.hash().bytes(b"audit").digest(&Digest(*beacon)).digest(log_head).words()
}

/// Draws so many of a number of certificates, as [`pick`] does. A share f of wrong ones is missed with probability at most `(1 - f)^wanted`.
#[must_use]
pub fn picks(beacon: &[u8; 32], log_head: &Digest, wanted: u64, of: u64) -> BTreeSet<u64> {
    pick(words(beacon, log_head), wanted, of)
}

/// A beacon that several people have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// Its value.
    pub value: [u8; 32],
    /// Among how many values all of them but one could choose, by holding back shares.
    pub choices: u64,
}

/// Why shares make no beacon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareFault {
    /// There are so many commitments, and so many shares or places for them.
    Count(usize, usize),
    /// So many shares are needed, of so many.
    Least(usize, usize),
    /// The share of this number, from 1, is not the one that was committed to.
    Wrong(usize),
    /// So many shares are revealed, and so many are needed.
    Missing(usize, usize),
}

impl fmt::Display for ShareFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShareFault::Count(commitments, shares) => {
                write!(
                    f,
                    "there are {commitments} commitments and {shares} shares, with empty ones for those held back"
                )
            }
            ShareFault::Least(least, all) => write!(f, "the number of needed shares is {least}, of {all}"),
            ShareFault::Wrong(number) => write!(f, "share {number} is not the one that was committed to"),
            ShareFault::Missing(revealed, least) => {
                write!(f, "the number of revealed shares is {revealed}, and must be at least {least}")
            }
        }
    }
}

/// What somebody says of a random share before the head of the log is signed.
#[must_use]
pub fn commitment(share: &[u8; 32]) -> Digest {
    Context::Challenge.hash().bytes(b"share").digest(&Digest(*share)).finish()
}

/// The beacon of shares for the head of a log with this root. Of those who have committed, at least so many must have revealed their shares; who holds
/// one back has nothing there.
///
/// Where one of m people is honest, the others know nothing of the value before that one reveals a share, and can then only choose which of their own to hold back: at most
/// `m - least` of `m - 1`. [`Shared::choices`] counts these ways.
///
/// # Errors
/// The numbers do not fit, a share is another, or too few are revealed.
pub fn shared(
    log_head: &Digest,
    commitments: &[Digest],
    shares: &[Option<[u8; 32]>],
    least: usize,
) -> Result<Shared, ShareFault> {
    let all = commitments.len();
    if all == 0 || shares.len() != all {
        return Err(ShareFault::Count(all, shares.len()));
    }
    if least == 0 || least > all {
        return Err(ShareFault::Least(least, all));
    }
    let wrong = |(share, own): (&Option<[u8; 32]>, &Digest)| share.is_some_and(|share| commitment(&share) != *own);
    if let Some(at) = shares.iter().zip(commitments).position(wrong) {
        return Err(ShareFault::Wrong(at + 1));
    }
    let revealed = shares.iter().flatten().count();
    if revealed < least {
        return Err(ShareFault::Missing(revealed, least));
    }
    let hash = Context::Challenge.hash().bytes(b"shares").digest(log_head).number(all as u64).number(least as u64);
    let hash = shares.iter().zip(commitments).fold(hash, |hash, (share, own)| match share {
        Some(share) => hash.byte(1).digest(&Digest(*share)),
        None => hash.byte(0).digest(own),
    });
    // The ways to hold back j of m - 1, for j from 0 to m - least, each from the one before.
    let others = all as u64 - 1;
    let (mut ways, mut choices) = (1u64, 1u64);
    for j in 1..=(all - least) as u64 {
        ways = u64::try_from(u128::from(ways) * u128::from(others.saturating_sub(j - 1)) / u128::from(j))
            .unwrap_or(u64::MAX);
        choices = choices.saturating_add(ways);
    }
    let Digest(value) = hash.finish();
    Ok(Shared { value, choices })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn shares_make_a_beacon_when_enough_of_them_are_revealed() {
        let head = Digest([3; 32]);
        let shares: Vec<[u8; 32]> = (0..4).map(|i| [i; 32]).collect();
        let commitments: Vec<Digest> = shares.iter().map(commitment).collect();
        let all: Vec<Option<[u8; 32]>> = shares.iter().copied().map(Some).collect();
        let whole = shared(&head, &commitments, &all, 4).unwrap();
        assert_eq!(whole.choices, 1);
        // Of three who hold back at most one, or two: 1 + 3 and 1 + 3 + 3 ways.
        assert_eq!(shared(&head, &commitments, &all, 3).unwrap().choices, 4);
        assert_eq!(shared(&head, &commitments, &all, 2).unwrap().choices, 7);
        let mut values = BTreeSet::from([whole.value, shared(&Digest([4; 32]), &commitments, &all, 4).unwrap().value]);
        for i in 0..4 {
            let mut some = all.clone();
            some[i] = None;
            assert_eq!(shared(&head, &commitments, &some, 4), Err(ShareFault::Missing(3, 4)));
            values.insert(shared(&head, &commitments, &some, 3).unwrap().value);
            some[i] = Some([9; 32]);
            assert_eq!(shared(&head, &commitments, &some, 3), Err(ShareFault::Wrong(i + 1)));
        }
        assert_eq!(values.len(), 6);
        assert_eq!(shared(&head, &commitments, &all[1..], 3), Err(ShareFault::Count(4, 3)));
        assert_eq!(shared(&head, &[], &[], 0), Err(ShareFault::Count(0, 0)));
        assert_eq!(shared(&head, &commitments, &all, 0), Err(ShareFault::Least(0, 4)));
        assert_eq!(shared(&head, &commitments, &all, 5), Err(ShareFault::Least(5, 4)));
        // Many people who may hold back half of the shares could choose among more values than 64 bits count.
        let many: Vec<[u8; 32]> = (0..200).map(|i| [i; 32]).collect();
        let commitments: Vec<Digest> = many.iter().map(commitment).collect();
        let all: Vec<Option<[u8; 32]>> = many.into_iter().map(Some).collect();
        assert_eq!(shared(&head, &commitments, &all, 100).unwrap().choices, u64::MAX);
    }

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
