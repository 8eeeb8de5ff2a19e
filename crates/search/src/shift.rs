//! Renaming of free variables in core terms.

use bfv_format::{Dim, Face, Node, Rule, Term};
use std::cell::RefCell;
use std::rc::Rc;

/// The constant that an application is headed by.
#[must_use]
pub fn head_constant(t: &Term) -> Option<u32> {
    match &**t {
        Node::Const { id, .. } => Some(*id),
        Node::App(f, _) => head_constant(f),
        _ => None,
    }
}

/// A term with something else for each of its direct parts and dimensions; `None` when one of them fails, or for glue. Parts come with how
/// many variables and dimensions are bound around them; dimensions of the term itself come as they are.
pub fn parts(
    t: &Term,
    part: &mut dyn FnMut(&Term, u32, u32) -> Option<Term>,
    dim: &mut dyn FnMut(Dim) -> Option<Dim>,
) -> Option<Term> {
    macro_rules! go {
        ($t:expr) => {
            part($t, 0, 0)?
        };
        ($t:expr, term) => {
            part($t, 1, 0)?
        };
        ($t:expr, dim) => {
            part($t, 0, 1)?
        };
    }
    macro_rules! all {
        ($ts:expr) => {{
            let mut out = Vec::new();
            for t in $ts {
                out.push(go!(t));
            }
            out
        }};
    }
    Some(Rc::new(match &**t {
        Node::Var(_)
        | Node::Univ(_)
        | Node::Const { .. }
        | Node::Prim(_)
        | Node::NatLit(_)
        | Node::IntLit(_)
        | Node::RealLit(_) => return Some(t.clone()),
        Node::Pi(a, b) => Node::Pi(go!(a), go!(b, term)),
        Node::Sigma(a, b) => Node::Sigma(go!(a), go!(b, term)),
        Node::Lam(a) => Node::Lam(go!(a, term)),
        Node::App(f, a) => Node::App(go!(f), go!(a)),
        Node::Let(a, v, b) => Node::Let(go!(a), go!(v), go!(b, term)),
        Node::Pair(a, b) => Node::Pair(go!(a), go!(b)),
        Node::Fst(a) => Node::Fst(go!(a)),
        Node::Snd(a) => Node::Snd(go!(a)),
        Node::Line(a) => Node::Line(go!(a, dim)),
        Node::Path(a, l, s) => Node::Path(go!(a, dim), go!(l), go!(s)),
        Node::DLam(a) => Node::DLam(go!(a, dim)),
        Node::LApp(a, s) => Node::LApp(go!(a), dim(*s)?),
        Node::PApp(p, a, b, s) => Node::PApp(go!(p), go!(a), go!(b), dim(*s)?),
        Node::Coe(x, y, a, b) => Node::Coe(dim(*x)?, dim(*y)?, go!(a, dim), go!(b)),
        Node::HCom(x, y, a, faces, b) => {
            let mut sides = Vec::new();
            for f in faces {
                let mut cof = Vec::new();
                for (i, j) in &f.cof {
                    cof.push((dim(*i)?, dim(*j)?));
                }
                sides.push(Face { cof, body: go!(&f.body, dim) });
            }
            Node::HCom(dim(*x)?, dim(*y)?, go!(a), sides, go!(b))
        }
        Node::EmptyElim(m, x) => Node::EmptyElim(go!(m, term), go!(x)),
        Node::BoolElim(m, a, b, x) => Node::BoolElim(go!(m, term), go!(a), go!(b), go!(x)),
        Node::NatElim(m, a, b, x) => Node::NatElim(go!(m, term), go!(a), go!(b), go!(x)),
        Node::IntElim(m, a, b, x) => Node::IntElim(go!(m, term), go!(a), go!(b), go!(x)),
        Node::Data(d, ps) => Node::Data(*d, all!(ps)),
        Node::Con(d, c, ps, xs, rs) => {
            let mut dims = Vec::new();
            for s in rs {
                dims.push(dim(*s)?);
            }
            Node::Con(*d, *c, all!(ps), all!(xs), dims)
        }
        Node::DataElim(d, ps, m, bs, x) => Node::DataElim(*d, all!(ps), go!(m, term), all!(bs), go!(x)),
        Node::Rule(r) => {
            let mut rule = (**r).clone();
            let (atoms, hypotheses) = match &mut rule {
                Rule::Ring { atoms, .. } => (atoms, None),
                Rule::Psatz { atoms, hypotheses, .. } | Rule::Lia { atoms, hypotheses, .. } => {
                    (atoms, Some(hypotheses))
                }
            };
            for (_, t) in atoms {
                *t = go!(t);
            }
            for h in hypotheses.into_iter().flatten() {
                h.proof = go!(&h.proof);
            }
            Node::Rule(Box::new(rule))
        }
        // What the engines search for is not glued.
        Node::Glue(..) | Node::GlueEl(..) | Node::Unglue(..) => return None,
    }))
}

/// Renames free term variables and dimensions (indices counted at the root); `None` when a renaming fails, or for glue.
pub fn rename(
    t: &Term,
    at: u32,
    dims: u32,
    var: &mut dyn FnMut(u32) -> Option<u32>,
    dim: &mut dyn FnMut(u32) -> Option<u32>,
) -> Option<Term> {
    match &**t {
        Node::Var(n) if *n < at => Some(t.clone()),
        Node::Var(n) => Some(Rc::new(Node::Var(var(*n - at)? + at))),
        _ => {
            let named = RefCell::new(dim);
            parts(t, &mut |t, v, d| rename(t, at + v, dims + d, var, &mut **named.borrow_mut()), &mut |r| match r {
                Dim::Var(n) if n >= dims => Some(Dim::Var((*named.borrow_mut())(n - dims)? + dims)),
                other => Some(other),
            })
        }
    }
}
