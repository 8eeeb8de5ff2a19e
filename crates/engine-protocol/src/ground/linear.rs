//! A quick look at linear facts about natural numbers, by elimination of one unknown after the other (Fourier and Motzkin). What it says
//! is proved by the arithmetic of the kernel's rules before it counts; it only saves asking in vain.

use num_integer::Integer;
use std::collections::BTreeSet;

/// A linear form in unknowns that are natural numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linear {
    constant: i64,
    /// Unknowns in ascending order, each with a factor that is not zero.
    factors: Vec<(u32, i64)>,
}

/// With more facts than this the question is handed on.
const FACTS: usize = 400;

impl Linear {
    pub fn constant(constant: i64) -> Self {
        Linear { constant, factors: Vec::new() }
    }

    pub fn unknown(n: u32) -> Self {
        Linear { constant: 0, factors: vec![(n, 1)] }
    }

    fn factor(&self, n: u32) -> Option<i64> {
        let at = self.factors.binary_search_by_key(&n, |f| f.0).ok()?;
        self.factors.get(at).map(|f| f.1)
    }

    /// `a` times one form plus `b` times another; none when numbers get too large.
    fn combined(&self, a: i64, other: &Self, b: i64) -> Option<Self> {
        let sum = |x: i64, y: i64| x.checked_mul(a)?.checked_add(y.checked_mul(b)?);
        let mut out = Linear::constant(sum(self.constant, other.constant)?);
        out.factors.reserve(self.factors.len() + other.factors.len());
        let (mut left, mut right) = (self.factors.as_slice(), other.factors.as_slice());
        loop {
            let (n, c) = match (left, right) {
                ([], []) => return Some(out),
                ([(n, x), l @ ..], [(m, y), r @ ..]) if n == m => {
                    (left, right) = (l, r);
                    (*n, sum(*x, *y)?)
                }
                ([(n, x), l @ ..], []) => {
                    left = l;
                    (*n, sum(*x, 0)?)
                }
                ([(n, x), l @ ..], [(m, _), ..]) if n < m => {
                    left = l;
                    (*n, sum(*x, 0)?)
                }
                (_, [(m, y), r @ ..]) => {
                    right = r;
                    (*m, sum(0, *y)?)
                }
            };
            if c != 0 {
                out.factors.push((n, c));
            }
        }
    }

    /// The form plus a multiple of another; none when numbers get too large.
    pub fn plus(&self, other: &Self, by: i64) -> Option<Self> {
        self.combined(1, other, by)
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
        let common = self.factors.iter().fold(0i64, |g, f| g.gcd(&f.1));
        if common > 1 {
            self.factors.iter_mut().for_each(|f| f.1 /= common);
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
    // Each with the places that it comes from, in ascending order.
    let mut facts: Vec<(Linear, Vec<usize>)> =
        facts.iter().enumerate().map(|(n, f)| (f.clone().tight(), vec![n])).collect();
    let mut unknowns: Vec<u32> = facts.iter().flat_map(|f| f.0.factors.iter().map(|f| f.0)).collect();
    unknowns.sort_unstable();
    unknowns.dedup();
    // Natural numbers are not negative.
    facts.extend(unknowns.iter().map(|n| (Linear::unknown(*n), Vec::new())));
    loop {
        facts.sort();
        facts.dedup_by(|a, b| a.0 == b.0);
        if let Some((_, from)) = facts.iter().find(|(f, _)| f.factors.is_empty() && f.constant < 0) {
            return Some(Contradiction::Of(from.iter().copied().collect()));
        }
        facts.retain(|(f, _)| !f.factors.is_empty());
        // The unknown that makes the fewest new facts goes first. How many facts bound it from below and from above:
        let mut sides: Vec<(usize, usize)> = vec![(0, 0); unknowns.len()];
        for (n, c) in facts.iter().flat_map(|f| &f.0.factors) {
            if let Some((up, down)) = unknowns.binary_search(n).ok().and_then(|at| sides.get_mut(at)) {
                if *c > 0 { *up += 1 } else { *down += 1 }
            }
        }
        let (at, _) = sides.iter().enumerate().min_by_key(|(_, (up, down))| up * down)?;
        let n = unknowns.remove(at);
        let (with, without): (Vec<_>, Vec<_>) = facts.into_iter().partition(|(f, _)| f.factor(n).is_some());
        facts = without;
        for (low, of_low) in &with {
            for (high, of_high) in &with {
                let (Some(a), Some(b)) = (low.factor(n), high.factor(n)) else { continue };
                if a > 0 && b < 0 {
                    let Some(f) = low.combined(-b, high, a) else { return Some(Contradiction::Perhaps) };
                    let mut from = [of_low.as_slice(), of_high].concat();
                    from.sort_unstable();
                    from.dedup();
                    facts.push((f.tight(), from));
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
        let mut factors = factors.to_vec();
        factors.sort_unstable();
        Linear { constant, factors }
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
