//! Boxes whose walls do not move, and coercion along types that do not change: both do nothing up to a path, and this is that path. The theory
//! has no rule for it, so they are left over wherever a path has become constant.

use bfv_format::{Dim, Face, Node, Term};
use bfv_search::shift::{parts, rename};
use std::rc::Rc;

/// A term below one more dimension, which it does not mention.
pub fn below(t: &Term) -> Option<Term> {
    rename(t, 0, 0, &mut Some, &mut |n| n.checked_add(1))
}

/// A term outside of the dimension that is bound innermost; none where it is mentioned.
pub fn outside(t: &Term) -> Option<Term> {
    rename(t, 0, 0, &mut Some, &mut |n| n.checked_sub(1))
}

/// What one round does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Everything that does nothing is left out, also where it is inside of such.
    All,
    /// Only what has nothing of that kind inside.
    Innermost,
}

/// One round on boxes and coercions that do nothing: the path from the term to the simpler one at its dimension 0, and that simpler one.
/// None where there are none. Where some agree with others on a common boundary the path has no sense if only some are left out.
pub fn round(t: &Term, which: Round) -> Option<(Term, Term)> {
    let (end, changed) = simpler(t, which)?;
    if !changed {
        return None;
    }
    let (path, _) = along(&below(t)?, 0, which)?;
    Some((path, end))
}

/// A term, and whether it has changed.
type Changed = Option<(Term, bool)>;

/// Rebuilds a term from its parts, and says whether one of them has changed.
fn each(t: &Term, part: &mut dyn FnMut(&Term, u32) -> Changed) -> Changed {
    let mut changed = false;
    let mut go = |t: &Term, _: u32, dims: u32| {
        let (t, c) = part(t, dims)?;
        changed |= c;
        Some(t)
    };
    let t = parts(t, &mut go, &mut Some)?;
    Some((t, changed))
}

/// A box whose walls do not move, with its base; or a coercion along one type, with what is coerced.
fn idle(t: &Term) -> Option<&Term> {
    match &**t {
        Node::HCom(_, _, _, faces, base) => faces.iter().all(|f| outside(&f.body).is_some()).then_some(base),
        Node::Coe(_, _, line, t) => outside(line).is_some().then_some(t),
        _ => None,
    }
}

fn simpler(t: &Term, which: Round) -> Changed {
    let (rebuilt, changed) = each(t, &mut |t, _| simpler(t, which))?;
    if idle(t).is_none() || (changed && which == Round::Innermost) {
        return Some((rebuilt, changed));
    }
    Some((idle(&rebuilt)?.clone(), true))
}

/// The same, where what does nothing is led to what is inside of it. The path is at the dimension with this index.
fn along(t: &Term, k: u32, which: Round) -> Changed {
    let (rebuilt, changed) = each(t, &mut |t, dims| along(t, k + dims, which))?;
    if idle(t).is_none() || (changed && which == Round::Innermost) {
        return Some((rebuilt, changed));
    }
    let face = |end, body| Face { cof: vec![(Dim::Var(k), end)], body };
    let node = match &*rebuilt {
        Node::HCom(r, s, ty, faces, base) => {
            let faces = faces.iter().cloned().chain([face(Dim::One, below(base)?)]).collect();
            Node::HCom(*r, *s, ty.clone(), faces, base.clone())
        }
        Node::Coe(r, s, line, inside) => {
            let up = |d: Dim| match d {
                Dim::Var(n) => Dim::Var(n + 1),
                end => end,
            };
            let ty = outside(line)?;
            let line = below(&below(&ty)?)?;
            let wall = Rc::new(Node::Coe(Dim::Var(0), up(*s), line, below(inside)?));
            let faces = vec![face(Dim::Zero, wall), face(Dim::One, below(inside)?)];
            Node::HCom(*s, *r, ty, faces, inside.clone())
        }
        _ => return None,
    };
    Some((Rc::new(node), true))
}
