//! Orders of terms: which of two equal terms is the simpler one. On terms without variables they decide always.
//!
//! Knuth and Bendix, Simple word problems in universal algebras (1970); Kamin and Levy's lexicographic path order, as in Dershowitz,
//! Termination of rewriting (1987).

use crate::term::{Head, Sym, Tm};
use std::collections::BTreeMap;

/// How terms are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By weight first: everything weighs one, but for one function of one argument, which weighs nothing.
    Weight {
        /// That function.
        free: Option<Sym>,
    },
    /// By symbols first, wherever they stand.
    Path,
}

/// An order.
pub struct Order {
    pub kind: Kind,
    /// The rank of each symbol; no two have the same.
    pub rank: Vec<usize>,
}

impl Order {
    fn rank(&self, f: Sym) -> usize {
        match self.kind {
            Kind::Weight { free: Some(free) } if free == f => usize::MAX,
            _ => self.rank.get(f).copied().unwrap_or(0),
        }
    }

    /// Whether the first term is the greater one, whatever the variables stand for.
    pub fn greater(&self, a: &Tm, b: &Tm) -> bool {
        match self.kind {
            Kind::Weight { free } => {
                let mut counts = BTreeMap::new();
                let mut weight = 0;
                tally(a, free, 1, &mut weight, &mut counts);
                tally(b, free, -1, &mut weight, &mut counts);
                self.heavier(a, b, weight, &counts)
            }
            Kind::Path => self.path(a, b),
        }
    }

    fn heavier(&self, a: &Tm, b: &Tm, weight: i64, counts: &BTreeMap<u32, i64>) -> bool {
        if counts.values().any(|n| *n < 0) || weight < 0 {
            return false;
        }
        if weight > 0 {
            return true;
        }
        match (a.head, b.head) {
            (Head::Var(..), _) => false,
            // Of the same weight is only what has the free function around the variable.
            (Head::Sym(_), Head::Var(..)) => a != b,
            (Head::Sym(f), Head::Sym(g)) if f == g => {
                let first = a.args.iter().zip(&b.args).find(|(x, y)| x != y);
                first.is_some_and(|(x, y)| self.greater(x, y))
            }
            (Head::Sym(f), Head::Sym(g)) => self.rank(f) > self.rank(g),
        }
    }

    fn path(&self, a: &Tm, b: &Tm) -> bool {
        let Head::Sym(f) = a.head else { return false };
        if a.args.iter().any(|x| x == b || self.path(x, b)) {
            return true;
        }
        match b.head {
            Head::Var(..) => false,
            Head::Sym(g) if f == g => {
                let first = a.args.iter().zip(&b.args).find(|(x, y)| x != y);
                first.is_some_and(|(x, y)| self.path(x, y)) && b.args.iter().all(|y| self.path(a, y))
            }
            Head::Sym(g) => self.rank(f) > self.rank(g) && b.args.iter().all(|y| self.path(a, y)),
        }
    }
}

/// Adds weight and variables of a term, so many times.
fn tally(t: &Tm, free: Option<Sym>, times: i64, weight: &mut i64, counts: &mut BTreeMap<u32, i64>) {
    match t.head {
        Head::Var(n, _) => {
            *counts.entry(n).or_insert(0) += times;
            *weight += times;
        }
        Head::Sym(f) => {
            *weight += if Some(f) == free { 0 } else { times };
            t.args.iter().for_each(|a| tally(a, free, times, weight, counts));
        }
    }
}
