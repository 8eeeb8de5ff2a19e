//! Quorums for two to sixteen workers, by counting.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_wingbeat::published;
use bfv_wingbeat::sim::similar;
use bfv_wingbeat::{Certificate, Config, ConfigError, Digest, Outcome, Phase, Query, Sequence, View, Vote, WorkerId};
use std::collections::BTreeSet;

#[test]
fn the_table_of_quorums() {
    let of = |n: u32| Config::new(n, (n - 1) / 3, similar).unwrap().quorum();
    let table: Vec<usize> = (2..=16).map(of).collect();
    assert_eq!(table, [2, 2, 3, 4, 4, 5, 6, 6, 7, 8, 8, 9, 10, 10, 11]);
}

/// Two sets of q of n workers share at least 2 q - n, which must be more than the f that may lie; and the others are enough for a quorum.
#[test]
fn quorums_meet_in_an_honest_worker_and_can_be_had() {
    for n in 1..=40 {
        for f in 0..=(n - 1) / 3 {
            let config = Config::new(n, f, similar).unwrap();
            let (q, n, f) = (config.quorum(), n as usize, f as usize);
            assert!(2 * q > n + f, "n {n}, f {f}");
            assert!(q <= n - f, "n {n}, f {f}");
            // With one fewer, two quorums may share Byzantine workers only.
            assert!(2 * (q - 1) <= n + f, "n {n}, f {f}");
            // The counts of the fast path.
            assert!(n - f > 2 * f && q > 2 * f, "n {n}, f {f}");
        }
    }
}

#[test]
fn a_third_of_byzantine_workers_is_refused() {
    assert_eq!(Config::new(3, 1, similar).unwrap_err(), ConfigError::TooFewWorkers);
    assert_eq!(Config::new(0, 0, similar).unwrap_err(), ConfigError::TooFewWorkers);
    assert!(Config::new(u32::MAX, u32::MAX / 3 - 1, similar).is_ok());
    assert!(Config::new(u32::MAX, u32::MAX / 3, similar).is_err());
}

/// Claim 6: the published number is safe only where n is one more than a multiple of three.
#[test]
fn the_published_quorum_is_safe_for_some_n_only() {
    for n in 1..=40_usize {
        let f = (n - 1) / 3;
        assert_eq!(2 * published::quorum(n) > n + f, n % 3 == 1, "n {n}");
    }
}

#[test]
fn a_certificate_needs_enough_members_and_the_right_phase() {
    let config = Config::new(4, 1, similar).unwrap();
    let certificate = |phase, signers: &[u32]| {
        let outcome = Outcome::Output(Digest(1));
        let vote = Vote { phase, view: View(0), sequence: Sequence(0), query: Query(1), outcome };
        let signers: BTreeSet<WorkerId> = signers.iter().copied().map(WorkerId).collect();
        Certificate { vote, signers }
    };
    assert!(config.proves_prepared(&certificate(Phase::Prepare, &[0, 1, 2])));
    assert!(!config.proves_prepared(&certificate(Phase::Prepare, &[0, 1])));
    assert!(!config.proves_prepared(&certificate(Phase::Prepare, &[0, 1, 4])));
    assert!(!config.proves_prepared(&certificate(Phase::Commit, &[0, 1, 2])));
    assert!(config.proves_decision(&certificate(Phase::Commit, &[0, 1, 2])));
    assert!(!config.proves_decision(&certificate(Phase::Commit, &[0, 1])));
    assert!(config.proves_decision(&certificate(Phase::Output, &[0, 1, 2, 3])));
    assert!(!config.proves_decision(&certificate(Phase::Output, &[0, 1, 2])));
    assert!(!config.proves_decision(&certificate(Phase::Prepare, &[0, 1, 2, 3])));
}
