//! A quick look at linear facts about natural numbers, by elimination of one unknown after the other (Fourier and Motzkin). What it says
//! is proved by the arithmetic of the kernel's rules before it counts; it only saves asking in vain.

use num_integer::Integer;
use std::collections::{BTreeMap, BTreeSet};

/// A linear form in unknowns that are natural numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linear {
    constant: i64,
    factors: BTreeMap<u32, i64>,
}

/// With more facts than this the question is handed on.
const FACTS: usize = 400;

impl Linear {
    pub fn constant(constant: i64) -> Self {
        Linear { constant, factors: BTreeMap::new() }
    }

    pub fn unknown(n: u32) -> Self {
        Linear { constant: 0, factors: BTreeMap::from([(n, 1)]) }
    }

    /// The form plus a multiple of another; none when numbers get too large.
    pub fn plus(&self, other: &Self, by: i64) -> Option<Self> {
        let mut out = self.clone();
        out.constant = out.constant.checked_add(other.constant.checked_mul(by)?)?;
        for (n, c) in &other.factors {
            let sum = out.factors.entry(*n).or_insert(0);
            *sum = sum.checked_add(c.checked_mul(by)?)?;
        }
        out.factors.retain(|_, c| *c != 0);
        Some(out)
    }

    /// The product, where one factor has no unknowns.
    pub fn times(&self, other: &Self) -> Option<Self> {
        match (self.factors.is_empty(), other.factors.is_empty()) {
            (true, _) => Linear::constant(0).plus(other, self.constant),
            (_, true) => Linear::constant(0).plus(self, other.constant),
            _ => None,
        }
    }

    /// Divided by what its factors share, and rounded down: the same for a whole number that is not negative.
    fn tight(mut self) -> Self {
        let common = self.factors.values().fold(0i64, |g, c| g.gcd(c));
        if common > 1 {
            self.factors.values_mut().for_each(|c| *c /= common);
            self.constant = self.constant.div_euclid(common);
        }
        self
    }
}

/// Forms that cannot all be at least zero, by their places.
pub enum Contradiction {
    Of(BTreeSet<usize>),
    /// There is too much to look at.
    Perhaps,
}

/// A contradiction between forms that are at least zero, if one can be seen.
pub fn contradictory(facts: &[Linear]) -> Option<Contradiction> {
    let mut facts: Vec<(Linear, BTreeSet<usize>)> =
        facts.iter().enumerate().map(|(n, f)| (f.clone().tight(), BTreeSet::from([n]))).collect();
    let mut unknowns: Vec<u32> = facts.iter().flat_map(|f| f.0.factors.keys().copied()).collect();
    unknowns.sort_unstable();
    unknowns.dedup();
    // Natural numbers are not negative.
    facts.extend(unknowns.iter().map(|n| (Linear::unknown(*n), BTreeSet::new())));
    loop {
        facts.sort();
        facts.dedup_by(|a, b| a.0 == b.0);
        if let Some((_, from)) = facts.iter().find(|(f, _)| f.factors.is_empty() && f.constant < 0) {
            return Some(Contradiction::Of(from.clone()));
        }
        facts.retain(|(f, _)| !f.factors.is_empty());
        // The unknown that makes the fewest new facts goes first.
        let cost = |n: &u32| {
            let side = |up: bool| facts.iter().filter(|f| f.0.factors.get(n).is_some_and(|c| (*c > 0) == up)).count();
            side(true) * side(false)
        };
        let n = unknowns.iter().copied().min_by_key(cost)?;
        unknowns.retain(|m| *m != n);
        let (with, without): (Vec<_>, Vec<_>) = facts.into_iter().partition(|(f, _)| f.factors.contains_key(&n));
        facts = without;
        for (low, of_low) in &with {
            for (high, of_high) in &with {
                let (Some(a), Some(b)) = (low.factors.get(&n), high.factors.get(&n)) else { continue };
                if *a > 0 && *b < 0 {
                    let scaled = Linear::constant(0).plus(low, -*b).and_then(|x| x.plus(high, *a));
                    match scaled {
                        Some(f) => facts.push((f.tight(), of_low.union(of_high).copied().collect())),
                        None => return Some(Contradiction::Perhaps),
                    }
                }
            }
            if facts.len() > FACTS {
                return Some(Contradiction::Perhaps);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn form(constant: i64, factors: &[(u32, i64)]) -> Linear {
        Linear { constant, factors: factors.iter().copied().collect() }
    }

    #[test]
    fn quorums_meet_outside_of_the_bad_ones() {
        // n + f < 2a, n + f < 2b, f is at least the bad ones, and a + b is at most n and the bad ones.
        let mut facts = vec![
            form(-1, &[(0, -1), (1, -1), (2, 2)]),
            form(-1, &[(0, -1), (1, -1), (3, 2)]),
            form(0, &[(1, 1), (4, -1)]),
            form(0, &[(0, 1), (4, 1), (2, -1), (3, -1)]),
        ];
        // One that has no part in it.
        facts.insert(0, form(0, &[(5, 1)]));
        assert!(matches!(contradictory(&facts), Some(Contradiction::Of(from)) if from == BTreeSet::from([1, 2, 3, 4])));
        facts.pop();
        assert!(contradictory(&facts).is_none());
    }

    #[test]
    fn numbers_are_whole_and_not_negative() {
        assert!(contradictory(&[form(-1, &[(0, 2)]), form(1, &[(0, -2)])]).is_some());
        assert!(contradictory(&[form(-1, &[(0, -1)])]).is_some());
        assert!(contradictory(&[form(0, &[(0, -1)])]).is_none());
    }
}
