//! Orders that no gradient has made, to compare with: by the proofs of goals that look alike, and by the goals that a theorem helped with.
//!
//! Source: Kuehlwein, Blanchette, Kaliszyk, Urban, "MaSh: Machine Learning for Sledgehammer" (2013), nearest neighbours and naive Bayes.

use crate::features::{Features, common};
use std::collections::BTreeMap;

/// How rare walks are.
#[derive(Clone, Debug, Default)]
pub struct Frequencies {
    counts: BTreeMap<u64, u32>,
    all: u32,
}

fn float(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}

impl Frequencies {
    /// Counts in how many of these each walk is.
    pub fn of<'f>(all: impl Iterator<Item = &'f Features>) -> Frequencies {
        let mut out = Frequencies::default();
        for f in all {
            out.all = out.all.saturating_add(1);
            let own: std::collections::BTreeSet<u64> = f.end.iter().chain(&f.given).copied().collect();
            for walk in own {
                *out.counts.entry(walk).or_default() += 1;
            }
        }
        out
    }

    /// The weight of a walk: the logarithm of how rare it is.
    #[must_use]
    pub fn weight(&self, walk: u64) -> f64 {
        let count = self.counts.get(&walk).copied().unwrap_or(0);
        ((f64::from(self.all) + 1.0) / (f64::from(count) + 1.0)).ln()
    }
}

/// Goals with the theorems that their proofs use.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    goals: Vec<(Features, Vec<usize>)>,
    /// Which goals a theorem helped with.
    helped: BTreeMap<usize, Vec<usize>>,
}

impl Memory {
    /// Keeps what a proof uses.
    pub fn note(&mut self, goal: Features, used: Vec<usize>) {
        for theorem in &used {
            self.helped.entry(*theorem).or_default().push(self.goals.len());
        }
        self.goals.push((goal, used));
    }

    /// Scores of theorems from the nearest goals.
    #[must_use]
    pub fn nearest(&self, goal: &Features, neighbours: usize, rare: &Frequencies) -> BTreeMap<usize, f64> {
        let like = |other: &Features| {
            let sum = |a: &[u64], b: &[u64]| common(a, b).map(|w| rare.weight(w)).sum::<f64>();
            let both = sum(&goal.end, &other.end) + 0.5 * sum(&goal.given, &other.given);
            let all = sum(&other.end, &other.end) + 0.5 * sum(&other.given, &other.given);
            both / all.max(1e-9).sqrt()
        };
        let mut near: Vec<(f64, usize)> = self.goals.iter().enumerate().map(|(n, (f, _))| (like(f), n)).collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut scores = BTreeMap::new();
        for (similarity, n) in near.into_iter().take(neighbours) {
            let Some((_, used)) = self.goals.get(n) else { continue };
            for theorem in used {
                *scores.entry(*theorem).or_default() += similarity / float(used.len());
            }
        }
        scores
    }

    /// The score of a theorem from the goals that it helped with.
    #[must_use]
    pub fn bayes(&self, goal: &Features, theorem: usize, own: &Features, rare: &Frequencies) -> f64 {
        let helped = self.helped.get(&theorem).map_or(&[][..], Vec::as_slice);
        // It helps with its own statement.
        let mut counts: BTreeMap<u64, f64> = own.end.iter().map(|w| (*w, 1.0)).collect();
        for n in helped {
            for walk in self.goals.get(*n).map_or(&[][..], |(f, _)| &f.end) {
                *counts.entry(*walk).or_default() += 1.0;
            }
        }
        let times = float(helped.len() + 1);
        let mut score = (30.0 * times).ln();
        for walk in &goal.end {
            score += rare.weight(*walk)
                * match counts.get(walk) {
                    Some(count) => (5.0 * count / times).ln(),
                    None => -18.0,
                };
        }
        for (walk, count) in &counts {
            if goal.end.binary_search(walk).is_err() {
                score += 0.2 * rare.weight(*walk) * (1.0 - count / times).max(0.05).ln();
            }
        }
        score
    }
}
