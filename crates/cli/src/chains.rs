//! Stages of answers, as they were judged, and the chains of them: one answer for each question and split.

use crate::trust::{SplitOf, Trust};
use bfv_cert::certificate::Layers;
use bfv_cert::digest::Digest;
use bfv_cert::sign::KeyId;
use bfv_verify::{Link, Stage, Verdict, judge_chain};

/// A stage that was judged.
#[derive(Clone)]
pub struct StageOf {
    /// The place of the split in `verify.toml`.
    pub split: usize,
    pub query: Digest,
    pub worker: KeyId,
    /// The rows that the certificate names.
    pub layers: Layers,
    pub verdict: Verdict<Stage>,
    /// The line for the file of slots, once the answer is accepted.
    pub slot: String,
}

impl StageOf {
    /// The split, and which of its stages this is, from 1.
    pub fn part<'a>(&self, trust: &'a Trust) -> Option<(&'a SplitOf, usize)> {
        let of = trust.splits.get(self.split)?;
        Some((of, of.split.number(self.layers.start)))
    }
}

/// An answer in stages.
pub struct Chain<'a> {
    pub of: &'a SplitOf,
    pub query: Digest,
    pub verdict: Verdict,
    /// The lines for the file of slots.
    pub slots: String,
}

impl Chain<'_> {
    /// The answer in words.
    pub fn place(&self) -> String {
        let query: String = self.query.to_string().chars().take(8).collect();
        format!("the answer to question {query} in stages of {}", self.of.name)
    }
}

/// Judges the answer to each question that some stage is of, in the order in which they first appear.
pub fn chains<'a>(stages: &[StageOf], trust: &'a Trust) -> Vec<Chain<'a>> {
    let mut groups: Vec<(usize, Digest)> = Vec::new();
    for stage in stages {
        if !groups.contains(&(stage.split, stage.query)) {
            groups.push((stage.split, stage.query));
        }
    }
    let chain = |(split, query): (usize, Digest)| {
        let of = trust.splits.get(split)?;
        let mut own: Vec<&StageOf> = stages.iter().filter(|s| (s.split, s.query) == (split, query)).collect();
        // They may be given in any order; of two with the same rows the first one given comes first.
        own.sort_by_key(|s| s.layers.start);
        let links: Vec<Link<'_>> =
            own.iter().map(|s| Link { worker: s.worker, layers: s.layers, verdict: &s.verdict }).collect();
        let verdict = judge_chain(&of.split, &links, trust.terms.deadline);
        let slots = own.iter().filter(|s| matches!(s.verdict, Verdict::Accepted(_))).map(|s| s.slot.as_str()).collect();
        Some(Chain { of, query, verdict, slots })
    };
    groups.into_iter().filter_map(chain).collect()
}
