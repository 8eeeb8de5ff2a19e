//! Matching of terms in which some numbers stand for anything.

use bfv_format::{Node, Term};
use bfv_search::shift::rename;
use std::collections::{BTreeMap, BTreeSet};

/// A numbered term without so many binders around it. None where it mentions what they bind.
pub fn outside(t: &Term, under: u32) -> Option<Term> {
    if under == 0 {
        return Some(t.clone());
    }
    rename(t, 0, 0, &mut |n| n.checked_sub(under), &mut Some)
}

/// Values of the variables of a pattern.
pub type Found = BTreeMap<u32, Term>;

/// Matches a numbered pattern, in which some numbers stand for anything, with a numbered term.
/// What `same` calls equal is taken as equal.
pub fn matches(
    pattern: &Term,
    t: &Term,
    at: u32,
    open: &BTreeSet<u32>,
    same: &dyn Fn(&Term, &Term) -> bool,
    found: &mut Found,
) -> bool {
    if let Node::Var(n) = &**pattern
        && let Some(n) = n.checked_sub(at)
        && open.contains(&n)
    {
        // What is bound between cannot leave its scope.
        let Some(t) = outside(t, at) else { return false };
        return match found.get(&n) {
            Some(known) => *known == t || same(known, &t),
            None => {
                found.insert(n, t);
                true
            }
        };
    }
    let mut go = |a: &Term, b: &Term, under: u32| matches(a, b, at + under, open, same, found);
    if at == 0 && same(pattern, t) {
        return true;
    }
    match (&**pattern, &**t) {
        (Node::App(f, a), Node::App(g, b)) | (Node::Pair(f, a), Node::Pair(g, b)) => go(f, g, 0) && go(a, b, 0),
        (Node::Fst(a), Node::Fst(b)) | (Node::Snd(a), Node::Snd(b)) => go(a, b, 0),
        (Node::Lam(a), Node::Lam(b)) => go(a, b, 1),
        (Node::Path(l, a, b), Node::Path(k, c, d)) => l == k && go(a, c, 0) && go(b, d, 0),
        (Node::BoolElim(m, a, b, c), Node::BoolElim(k, x, y, z)) => m == k && go(a, x, 0) && go(b, y, 0) && go(c, z, 0),
        (Node::Con(d, c, ps, xs, rs), Node::Con(e, k, qs, ys, ss)) => {
            d == e
                && c == k
                && rs == ss
                && ps == qs
                && xs.len() == ys.len()
                && xs.iter().zip(ys).all(|(x, y)| go(x, y, 0))
        }
        (a, b) => a == b,
    }
}
