//! The two choices that a leader makes, as functions of what others signed, so that everybody can make them again.
//! Neither depends on an order: the arguments are sets.

use crate::config::{Config, Rule};
use crate::message::{Digest, Outcome, Query, Report, View, ViewChange, WorkerId};
use std::collections::{BTreeMap, BTreeSet};

/// The representative of the outputs of `m >= n - f` workers.
///
/// 1. A digest that at least `m - f` of them report exactly. There is at most one, since two would need `2 (m - f) <= m`, that is
///    `m <= 2 f`, and `m >= n - f >= 2 f + 1`. It is there for the fast path: if all n workers sent OUTPUT d, every justification
///    has at least `m - f` honest reports of d, so that nothing but d can be prepared in that view.
/// 2. Otherwise, of the digests that are similar to at least f + 1 reports (so that an honest worker vouches for it), the one
///    similar to most; of several, the smallest.
/// 3. Otherwise there is no agreement. That cannot happen when the outputs of the honest workers are pairwise similar:
///    `m - f >= f + 1` of the reports are theirs.
///
/// Similarity is not transitive, so that "the cluster" is not well defined, and no cluster is formed.
#[must_use]
pub fn representative(config: &Config, outputs: &BTreeMap<WorkerId, Digest>) -> Outcome {
    let digests: BTreeSet<Digest> = outputs.values().copied().collect();
    let reports = |like: &dyn Fn(Digest) -> bool| outputs.values().filter(|d| like(**d)).count();
    let exact = digests.iter().find(|d| reports(&|e| e == **d) + config.faults() >= outputs.len());
    if let Some(d) = exact.filter(|_| config.keeps(Rule::Exact)) {
        return Outcome::Output(*d);
    }
    let mut best = None;
    // Digests come in ascending order, and only a larger support replaces the best.
    for d in digests {
        let support = reports(&|e| config.similar(d, e));
        if support > config.faults() && best.is_none_or(|(most, _)| support > most) {
            best = Some((support, d));
        }
    }
    best.map_or(Outcome::NoAgreement, |(_, d)| Outcome::Output(d))
}

/// The value that a view must propose again, from the `m >= q` VIEW-CHANGEs for it; none when the view is free to ask for outputs.
///
/// - The lock is the prepared certificate of the highest view p. (Castro and Liskov 1999, section 4.4.)
/// - The fast candidate is a report (k, query, digest) that at least `m - f` of the VIEW-CHANGEs carry. There is at most one,
///   since `m >= q >= 2 f + 1`, as above.
/// - The fast candidate is chosen when there is no lock, or when `k > p`; otherwise the lock.
///
/// Why no decision is lost. Let v be decided in view k, and suppose the views between k and the present one proposed v only.
/// - By COMMITs: a quorum holds a prepared certificate of view k or, since only v was proposed later, a later one for v. One of the
///   quorum is honest and among the m. A fast candidate of a view above k would be carried by `m - f >= f + 1` workers, one of them honest;
///   it would have sent OUTPUT in a view above k, which a worker does only in a view that is free, and none was. So the lock is chosen,
///   and locks of one view are equal as quorums intersect in honest workers.
/// - By n OUTPUTs: every honest worker sent OUTPUT v in view k before it left that view, and none since. At least `m - f` of the m are honest,
///   so v is the fast candidate, and any lock of a view below k gives way to it. A lock of view k is for v by rule 1 of
///   [`representative`], and one of a higher view is for v as nothing else was proposed.
///
/// The count fails with fewer than all n OUTPUTs: with `n - 1`, one honest worker may have reported something else, and at n = 3 f + 1 and
/// m = q = 2 f + 1 only f of the m are left that are sure to report v, as many as may report a lie.
#[must_use]
pub fn must_propose(config: &Config, changes: &BTreeMap<WorkerId, ViewChange>) -> Option<(Query, Outcome)> {
    let lock = changes.values().filter_map(|c| c.lock.as_ref()).map(|l| l.vote).max_by_key(|v| v.view);
    let mut reports: BTreeMap<Report, usize> = BTreeMap::new();
    for report in changes.values().filter_map(|c| c.report).filter(|_| config.keeps(Rule::Recovery)) {
        *reports.entry(report).or_default() += 1;
    }
    let fast = reports.into_iter().find(|(_, count)| count + config.faults() >= changes.len()).map(|(r, _)| r);
    match (lock, fast) {
        (Some(l), Some(r)) if r.view <= l.view => Some((l.query, l.outcome)),
        (_, Some(r)) => Some((r.query, Outcome::Output(r.digest))),
        (Some(l), None) => Some((l.query, l.outcome)),
        (None, None) => None,
    }
}

/// Whether a VIEW-CHANGE can be true: what it carries is of lower views and of its sequence, and a lock is proved.
#[must_use]
pub fn is_sound(config: &Config, change: &ViewChange) -> bool {
    let below = |view: View| view < change.view;
    let lock =
        |l: &crate::Certificate| below(l.vote.view) && l.vote.sequence == change.sequence && config.proves_prepared(l);
    change.lock.as_ref().is_none_or(lock) && change.report.is_none_or(|r| below(r.view))
}
