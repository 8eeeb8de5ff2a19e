//! Whether a statement follows from a known one by putting terms for its variables: first-order matching of the conclusions.

use crate::parts::{children, same, telescope};
use bfv_format::{Node, Term};
use bfv_search::shift::rename;
use std::rc::Rc;

/// More arguments than this are not matched.
const MOST: usize = 64;

/// A proof of `wanted` from a proof of `known`, both closed: the proof at what its variables stand for. Variables of which the conclusion does
/// not speak are looked for among what is given, hypotheses by what they say. So `wanted` may have more hypotheses, in another order, and may
/// be a special case. Nothing where this finds none.
#[must_use]
pub fn instance(known: &Term, proof: &Term, wanted: &Term) -> Option<Term> {
    let (theirs, their_end) = telescope(known);
    let (ours, our_end) = telescope(wanted);
    if theirs.len() > MOST || ours.len() > MOST {
        return None;
    }
    let mut found = Matching { bound: vec![None; theirs.len()] };
    found.matches(their_end, our_end, 0, 0)?;
    // From the inside out, for a hypothesis says what the variables before it are.
    for n in (0..theirs.len()).rev() {
        if found.bound.get(n)?.is_some() {
            continue;
        }
        let ty = theirs.get(n)?;
        let mut given = None;
        for (m, our_ty) in ours.iter().enumerate().rev() {
            // The type of one of ours, in the scope of all of them.
            let by = u32::try_from(ours.len().checked_sub(m)?).ok()?;
            let here = rename(our_ty, 0, 0, &mut |v| v.checked_add(by), &mut Some)?;
            let mut attempt = Matching { bound: found.bound.clone() };
            if attempt.of(n).matches(ty, &here, 0, 0).is_some() {
                let index = u32::try_from(ours.len().checked_sub(m + 1)?).ok()?;
                attempt.bound.get_mut(n)?.replace(Rc::new(Node::Var(index)));
                given = Some(attempt);
                break;
            }
        }
        found = given?;
    }
    // The variables of a type may be what only that type says.
    let arguments = found.bound.into_iter().collect::<Option<Vec<Term>>>()?;
    // The type of what is applied must be known, so the proof is named with its statement first.
    let name = Rc::new(Node::Var(u32::try_from(ours.len()).ok()?));
    let applied = arguments.into_iter().fold(name, |f, a| Rc::new(Node::App(f, a)));
    let body = ours.iter().fold(applied, |body, _| Rc::new(Node::Lam(body)));
    Some(Rc::new(Node::Let(known.clone(), proof.clone(), body)))
}

/// What the variables of the known statement stand for, outermost first, as terms in the scope of all arguments of the wanted one.
struct Matching {
    bound: Vec<Option<Term>>,
}

/// The same for a term in which only the first so many variables are in scope.
struct Within<'m> {
    all: &'m mut Matching,
    scope: usize,
}

impl Matching {
    fn of(&mut self, scope: usize) -> Within<'_> {
        Within { all: self, scope }
    }

    fn matches(&mut self, pattern: &Term, t: &Term, terms: u32, dims: u32) -> Option<()> {
        let scope = self.bound.len();
        self.of(scope).matches(pattern, t, terms, dims)
    }
}

impl Within<'_> {
    /// Matches a term below so many binders.
    fn matches(&mut self, pattern: &Term, t: &Term, terms: u32, dims: u32) -> Option<()> {
        if let Node::Var(n) = &**pattern
            && let Some(outer) = n.checked_sub(terms)
        {
            let place = self.scope.checked_sub(usize::try_from(outer).ok()? + 1)?;
            // What is bound on the way cannot be brought out.
            let lowered = rename(t, 0, 0, &mut |v| v.checked_sub(terms), &mut |d| d.checked_sub(dims))?;
            let slot = self.all.bound.get_mut(place)?;
            return match slot {
                Some(before) => (*before == lowered).then_some(()),
                None => {
                    slot.replace(lowered);
                    Some(())
                }
            };
        }
        if !same(pattern, t) {
            return None;
        }
        let (theirs, ours) = (children(pattern)?, children(t)?);
        if theirs.len() != ours.len() {
            return None;
        }
        for ((p, more_terms, more_dims), (c, ..)) in theirs.into_iter().zip(ours) {
            self.matches(p, c, terms.checked_add(more_terms)?, dims.checked_add(more_dims)?)?;
        }
        Some(())
    }
}
