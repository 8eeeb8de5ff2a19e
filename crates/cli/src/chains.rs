//! Stages of answers, as they were judged, and the chains of them: one answer for each question and split.

use crate::trust::{SplitOf, Trust};
use bfv_cert::certificate::Layers;
use bfv_cert::digest::Digest;
use bfv_cert::sign::KeyId;
use bfv_verify::{Link, Stage, Verdict, judge_chain};

/// A stage as it was judged for one split.
#[derive(Clone)]
pub struct Found {
    /// The place of the split in `verify.toml`.
    pub split: usize,
    pub verdict: Verdict<Stage>,
}

/// A stage that was judged, once for each split to which it belongs: what holds of one may not hold of another, which another head registered.
#[derive(Clone)]
pub struct StageOf {
    /// What is said of it: where it is accepted, or else for the first split.
    pub said: Found,
    /// For the other splits.
    pub others: Vec<Found>,
    pub query: Digest,
    pub worker: KeyId,
    /// The rows that the certificate names.
    pub layers: Layers,
    /// The hash of what the certificate says.
    pub body: Digest,
    /// The line for the file of slots, once the answer is accepted.
    pub slot: String,
}

impl StageOf {
    /// The split, and which of its stages is that of the worker, from 1; no number where the worker has none.
    pub fn part<'a>(&self, trust: &'a Trust) -> Option<(&'a SplitOf, Option<usize>)> {
        let of = trust.splits.get(self.said.split)?;
        Some((of, of.split.number_of(&self.worker)))
    }

    /// How often it was judged.
    pub fn looks(&self) -> u64 {
        self.others.len() as u64 + 1
    }

    /// How many tokens of answers it holds.
    pub fn tokens(&self) -> usize {
        self.all()
            .filter_map(|found| if let Verdict::Accepted(s) = &found.verdict { Some(s.tokens()) } else { None })
            .sum()
    }

    fn all(&self) -> impl Iterator<Item = &Found> {
        std::iter::once(&self.said).chain(&self.others)
    }

    /// What it is in a split, where it belongs to it.
    fn of(&self, split: usize) -> Option<&Verdict<Stage>> {
        self.all().find(|found| found.split == split).map(|found| &found.verdict)
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

/// Judges the answer to each question that some stage is of, in the order in which they first appear. Where splits share stages, an answer of one of
/// them leaves the others without theirs: of a split that has only stages of an accepted answer, nothing is said.
pub fn chains<'a>(stages: &[StageOf], trust: &'a Trust) -> Vec<Chain<'a>> {
    let mut groups: Vec<(usize, Digest)> = Vec::new();
    for stage in stages {
        for found in stage.all() {
            if !groups.contains(&(found.split, stage.query)) {
                groups.push((found.split, stage.query));
            }
        }
    }
    let all: Vec<(usize, Chain<'a>)> =
        groups.into_iter().filter_map(|(split, query)| Some((split, chain(stages, trust, split, query)?))).collect();
    let accepted: Vec<(usize, Digest)> = all
        .iter()
        .filter(|(_, c)| matches!(c.verdict, Verdict::Accepted(_)))
        .map(|(split, c)| (*split, c.query))
        .collect();
    let elsewhere = |split: usize, query: Digest| {
        let mut own = stages.iter().filter(|s| s.query == query && s.of(split).is_some());
        own.all(|s| accepted.iter().any(|(other, q)| *other != split && *q == query && s.of(*other).is_some()))
    };
    let kept = |(split, chain): (usize, Chain<'a>)| {
        let own = accepted.contains(&(split, chain.query)) || !elsewhere(split, chain.query);
        own.then_some(chain)
    };
    all.into_iter().filter_map(kept).collect()
}

fn chain<'a>(stages: &[StageOf], trust: &'a Trust, split: usize, query: Digest) -> Option<Chain<'a>> {
    let of = trust.splits.get(split)?;
    let own = stages.iter().filter(|s| s.query == query);
    let mut own: Vec<(&StageOf, &Verdict<Stage>)> = own.filter_map(|s| Some((s, s.of(split)?))).collect();
    // They may be given in any order; of two with the same rows the first one given comes first.
    own.sort_by_key(|(s, _)| s.layers.start);
    let links: Vec<Link<'_>> =
        own.iter().map(|(s, verdict)| Link { worker: s.worker, layers: s.layers, body: s.body, verdict }).collect();
    let verdict = judge_chain(&of.split, &links, trust.terms.deadline);
    let slots = own.iter().filter(|(_, v)| matches!(v, Verdict::Accepted(_))).map(|(s, _)| s.slot.as_str()).collect();
    Some(Chain { of, query, verdict, slots })
}
