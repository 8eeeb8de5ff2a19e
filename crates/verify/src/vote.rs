//! A vote on accepted answers, counted again.
//!
//! What is counted are whole answers: every token must agree. A head may leave answers out, as workers may be late; that does not help it, since
//! the rule leaves room for one answer with a quorum only. So an accepted vote says that at least a quorum of the workers have given this
//! answer, each in a certificate that was accepted on its own.

use crate::challenge::Soundness;
use crate::fusion::{answers, binding, ends, named};
use crate::judge::{accepted, contradicts, delivered, read, tokens, verdict};
use crate::verdict::{Accepted, Checked, Stop, Undecided, Verdict};
use bfv_cert::certificate::{Fields, Lane, Operation};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_cert::sign::KeyId;
use bfv_cert::{BindingFault, Expected, Policy, admit_read};
use bfv_exact::Refused;
use bfv_exact::commit::{numbers_root, token_bytes, tokens_root, tokens_shape};
use bfv_exact::vote::{Rule, ballots, leading, support};

/// A vote as the verifier knows it.
#[derive(Debug, Clone)]
pub struct Vote {
    head: KeyId,
    workers: Vec<KeyId>,
    rule: Rule,
}

impl Vote {
    /// A vote of these workers, which this head counts with a key of the role voter. So many of them must give one answer.
    ///
    /// # Errors
    /// A worker stands twice, or the numbers are none of a rule ([`Rule::new`]).
    pub fn new(head: KeyId, workers: Vec<KeyId>, quorum: usize) -> Result<Vote, Refused> {
        let rule = Rule::new(workers.len(), quorum)?;
        if (1..).zip(&workers).any(|(next, w)| workers.iter().skip(next).any(|other| other == w)) {
            return Err(Refused::new("the rule of a vote", "a worker stands twice"));
        }
        Ok(Vote { head, workers, rule })
    }

    /// Who counts.
    #[must_use]
    pub fn head(&self) -> &KeyId {
        &self.head
    }

    /// Who has a vote.
    #[must_use]
    pub fn workers(&self) -> &[KeyId] {
        &self.workers
    }

    /// How many they are, and how many must give one answer.
    #[must_use]
    pub fn rule(&self) -> Rule {
        self.rule
    }
}

/// Judges the certificate of a vote. `parents` are the answers that were counted, each accepted before, in any order: at most one of each worker, to one
/// question, which is that of the vote. What is delivered are the tokens of the answer that has the quorum, four bytes each, the lowest first.
pub fn judge_vote(
    envelope: &[u8],
    policy: &Policy,
    expected: &Expected<'_>,
    vote: &Vote,
    parents: &[&Accepted],
) -> Verdict {
    read(envelope, |envelope| judge_vote_read(envelope, policy, expected, vote, parents))
}

/// The same for an envelope that was read before.
pub fn judge_vote_read(
    envelope: &Envelope<'_>,
    policy: &Policy,
    expected: &Expected<'_>,
    vote: &Vote,
    parents: &[&Accepted],
) -> Verdict {
    verdict(judged(envelope, policy, expected, vote, parents))
}

fn judged(
    envelope: &Envelope<'_>,
    policy: &Policy,
    expected: &Expected<'_>,
    vote: &Vote,
    parents: &[&Accepted],
) -> Result<Accepted, Stop> {
    let heads = [vote.head];
    let expected = Expected { workers: Some(&heads), ..*expected };
    let admitted = admit_read(envelope.clone(), policy, &expected)?;
    let fields = admitted.envelope().certificate().fields();
    if fields.lane != Lane::Exact {
        return Err(Stop::Undecided(Undecided::Lane(fields.lane)));
    }
    if fields.operation != Operation::Vote {
        return Err(Stop::Undecided(Undecided::Operation));
    }
    if fields.spec != vote.rule.root() {
        return Err(Stop::Undecided(Undecided::OtherModel));
    }
    let counted = counted(fields, vote, parents)?;
    let said = tokens(&delivered(admitted.envelope(), &expected)?)?;
    let values: Vec<i64> = said.iter().map(|t| i64::from(*t)).collect();
    let (own, quorum) = (support(&counted, &values.as_slice()), vote.rule.quorum());
    let most = leading(&counted).map_or(0, |(_, most)| most);
    if own < most {
        return Err(binding(BindingFault::Outvoted(own as u64, most as u64)));
    }
    if own < quorum {
        return Err(binding(BindingFault::Quorum(own as u64, quorum as u64)));
    }
    let ballots = ballots(&counted);
    let output = (tokens_shape(&said)?, tokens_root(&said)?);
    ends(&admitted, numbers_root(&[ballots.len()], &ballots)?, output, &token_bytes(&said))?;
    if fields.seed != Digest::ZERO {
        return Err(contradicts("seed", "the operation"));
    }
    let numbers = counted.iter().map(|a| a.len() as u64).sum();
    let checked = Checked { products: 0, computed: numbers, compared: numbers, drift: 0 };
    Ok(Accepted { support: Some(own), ..accepted(&admitted, Soundness::FULL, checked, values) })
}

/// The answers that are counted, in the order of the certificates that are named: each accepted, of this question, and of another worker who has a vote.
fn counted<'a>(fields: &Fields, vote: &Vote, parents: &[&'a Accepted]) -> Result<Vec<&'a [i64]>, Stop> {
    let (named_ones, quorum) = (fields.parents.len(), vote.rule.quorum());
    // So few cannot have the quorum, whatever they say.
    if named_ones < quorum {
        return Err(binding(BindingFault::Count(quorum as u64, named_ones as u64)));
    }
    named(fields, parents)?;
    let mut ordered: Vec<&Accepted> = parents.to_vec();
    ordered.sort_by_key(|p| p.certificate);
    for (i, parent) in ordered.iter().enumerate() {
        answers(parent, fields, i)?;
        if !vote.workers.contains(&parent.worker) {
            return Err(binding(BindingFault::NoVote(i)));
        }
        if ordered.iter().take(i).any(|other| other.worker == parent.worker) {
            return Err(binding(BindingFault::VotesTwice(i)));
        }
    }
    Ok(ordered.into_iter().map(|p| p.values.as_slice()).collect())
}
