//! The protocol as published in the simulator: what the claims about it say is found, each by its name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_wingbeat::published::{cluster, quorum};
use bfv_wingbeat::sim::published::{FINDINGS, Finding, run};
use bfv_wingbeat::sim::{Trace, similar};
use bfv_wingbeat::{Digest, WorkerId};
use std::collections::BTreeMap;

#[test]
fn every_finding_is_made_within_a_thousand_runs() {
    let mut found: BTreeMap<Finding, (u64, u64)> = BTreeMap::new();
    let mut answered = 0;
    for seed in 0..1000 {
        let done = run(seed, Trace::none());
        answered += done.answered;
        for finding in done.findings {
            found.entry(finding).or_insert((seed, 0)).1 += 1;
            if finding == Finding::DisjointQuorums {
                // Claims 1, 2 and 6: 2 f + 1 is a quorum where n is 1 more than a multiple of 3, and only there.
                assert!([5, 6].contains(&done.workers), "seed {seed} with {} workers", done.workers);
            }
        }
    }
    for (finding, (first, times)) in &found {
        println!("{}: first in run {first}, in {times} of 1000.", finding.name());
    }
    for finding in FINDINGS {
        assert!(found.contains_key(&finding), "{} is not found", finding.name());
    }
    // The findings are not those of a protocol that never works.
    assert!(answered > 2000, "{answered} of 3000 queries are answered");
}

/// Claim 14: with f from the responses received, three responses need one vote.
#[test]
fn three_responses_need_one_vote() {
    assert_eq!([1, 2, 3, 4, 5, 6, 7, 10].map(quorum), [1, 1, 1, 3, 3, 3, 5, 7]);
}

fn outputs(digests: &[u64]) -> Vec<(WorkerId, Digest)> {
    (0..).map(WorkerId).zip(digests.iter().map(|d| Digest(*d))).collect()
}

/// Claim 17, with distances for angles: first fit depends on the order, and both clusters are large enough.
#[test]
fn clusters_depend_on_the_order() {
    let mut four = outputs(&[0, 8, 10, 18]);
    let first = cluster(&four, similar);
    four.reverse();
    let second = cluster(&four, similar);
    assert_eq!((first[0].len(), second[0].len()), (3, 3));
    assert_eq!(quorum(4), 3);
    assert_ne!(first[0][0].1, second[0][0].1);
    assert!(!similar(first[0][0].1, second[0][0].1));
}

/// Claim 18: one output of a Byzantine worker parts honest ones that are all similar to each other.
#[test]
fn one_output_parts_the_others() {
    let clusters = cluster(&outputs(&[0, 8, 12, 18]), similar);
    assert_eq!(clusters.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    assert!(similar(Digest(8), Digest(18)));
}
