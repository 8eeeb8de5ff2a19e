//! The canonical form of a statement: what it depends on, in an order that does not depend on how it was written.

use crate::parts::telescope;
use bfv_format::{Node, Prim, Term};
use bfv_search::shift::rename;
use std::collections::BTreeSet;
use std::rc::Rc;

/// More arguments than this are left as they are.
const MOST: usize = 64;

/// The statement without arguments that say nothing, the others in one order. Names are not part of a term. An argument says nothing where
/// nothing speaks of it and its type is one of numbers or Booleans, which has elements: leaving it out changes nothing about whether the
/// statement holds. An argument stands as early as what it speaks of allows, and of several the one with the least type comes first.
#[must_use]
pub fn canonical(statement: &Term) -> Term {
    let (domains, end) = telescope(statement);
    if domains.len() > MOST {
        return statement.clone();
    }
    arranged(&domains, end).unwrap_or_else(|| statement.clone())
}

/// The arguments that a term speaks of, by their numbers from the outside, where so many are in scope.
fn spoken_of(t: &Term, scope: usize) -> Option<BTreeSet<usize>> {
    let mut found = BTreeSet::new();
    let mut note = |n: u32| {
        let from_outside = usize::try_from(n).ok().and_then(|n| scope.checked_sub(n + 1));
        found.extend(from_outside);
        Some(n)
    };
    rename(t, 0, 0, &mut note, &mut Some)?;
    Some(found)
}

fn arranged(domains: &[&Term], end: &Term) -> Option<Term> {
    let mut needs: Vec<BTreeSet<usize>> = Vec::new();
    for (scope, ty) in domains.iter().enumerate() {
        needs.push(spoken_of(ty, scope)?);
    }
    let of_end = spoken_of(end, domains.len())?;
    let inhabited = |t: &Term| matches!(**t, Node::Prim(Prim::Nat | Prim::Int | Prim::Real | Prim::Bool | Prim::Unit));
    // From the inside out: what an argument that is left out spoke of may be left out, too.
    let mut kept: BTreeSet<usize> = (0..domains.len()).collect();
    for (n, ty) in domains.iter().enumerate().rev() {
        let wanted = of_end.contains(&n) || kept.iter().any(|k| needs.get(*k).is_some_and(|s| s.contains(&n)));
        if !wanted && inhabited(ty) {
            kept.remove(&n);
        }
    }
    // The place of each argument in the new order.
    let mut order: Vec<usize> = Vec::new();
    let moved = |t: &Term, scope: usize, order: &[usize], depth: usize| {
        let place = |n: u32| {
            let old = scope.checked_sub(usize::try_from(n).ok()? + 1)?;
            let new = order.iter().position(|o| *o == old)?;
            u32::try_from(depth.checked_sub(new + 1)?).ok()
        };
        rename(t, 0, 0, &mut { place }, &mut Some)
    };
    let mut types = Vec::new();
    while order.len() < kept.len() {
        let ready =
            |n: &&usize| !order.contains(n) && needs.get(**n).is_some_and(|s| s.iter().all(|m| order.contains(m)));
        let mut best: Option<(String, usize, Term)> = None;
        for n in kept.iter().filter(ready) {
            let ty = moved(domains.get(*n)?, *n, &order, order.len())?;
            // How it is written without names says what it is; equal ones keep their order.
            let word = bfv_format::show(&ty, &[]);
            if best.as_ref().is_none_or(|(least, ..)| word < *least) {
                best = Some((word, *n, ty));
            }
        }
        let (_, n, ty) = best?;
        order.push(n);
        types.push(ty);
    }
    let end = moved(end, domains.len(), &order, order.len())?;
    Some(types.into_iter().rev().fold(end, |rest, ty| Rc::new(Node::Pi(ty, rest))))
}
