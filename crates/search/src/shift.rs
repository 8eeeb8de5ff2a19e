//! Renaming of free variables in core terms.

use bfv_format::{Dim, Face, Hypothesis, Node, Rule, Sort, Term};
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

/// Renames free term variables and dimensions (indices counted at the root); `None` when a renaming fails, or for glue.
pub fn rename(
    t: &Term,
    at: u32,
    dims: u32,
    var: &mut dyn FnMut(u32) -> Option<u32>,
    dim: &mut dyn FnMut(u32) -> Option<u32>,
) -> Option<Term> {
    macro_rules! go {
        ($t:expr) => {
            rename($t, at, dims, var, dim)?
        };
        ($t:expr, term) => {
            rename($t, at + 1, dims, var, dim)?
        };
        ($t:expr, dim) => {
            rename($t, at, dims + 1, var, dim)?
        };
    }
    macro_rules! r {
        ($r:expr) => {
            match $r {
                Dim::Var(n) if *n >= dims => Dim::Var(dim(*n - dims)? + dims),
                other => *other,
            }
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
        Node::Var(n) if *n < at => return Some(t.clone()),
        Node::Var(n) => Node::Var(var(*n - at)? + at),
        Node::Univ(_) | Node::Const { .. } | Node::Prim(_) | Node::NatLit(_) | Node::IntLit(_) | Node::RealLit(_) => {
            return Some(t.clone());
        }
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
        Node::LApp(a, s) => Node::LApp(go!(a), r!(s)),
        Node::PApp(p, a, b, s) => Node::PApp(go!(p), go!(a), go!(b), r!(s)),
        Node::Coe(x, y, a, b) => Node::Coe(r!(x), r!(y), go!(a, dim), go!(b)),
        Node::HCom(x, y, a, faces, b) => {
            let mut sides = Vec::new();
            for f in faces {
                let mut cof = Vec::new();
                for (i, j) in &f.cof {
                    cof.push((r!(i), r!(j)));
                }
                sides.push(Face { cof, body: go!(&f.body, dim) });
            }
            Node::HCom(r!(x), r!(y), go!(a), sides, go!(b))
        }
        Node::EmptyElim(m, x) => Node::EmptyElim(go!(m, term), go!(x)),
        Node::BoolElim(m, a, b, x) => Node::BoolElim(go!(m, term), go!(a), go!(b), go!(x)),
        Node::NatElim(m, a, b, x) => Node::NatElim(go!(m, term), go!(a), go!(b), go!(x)),
        Node::IntElim(m, a, b, x) => Node::IntElim(go!(m, term), go!(a), go!(b), go!(x)),
        Node::Data(d, ps) => Node::Data(*d, all!(ps)),
        Node::Con(d, c, ps, xs, rs) => {
            let mut dims = Vec::new();
            for s in rs {
                dims.push(r!(s));
            }
            Node::Con(*d, *c, all!(ps), all!(xs), dims)
        }
        Node::DataElim(d, ps, m, bs, x) => Node::DataElim(*d, all!(ps), go!(m, term), all!(bs), go!(x)),
        // A rule binds nothing: its atoms and proofs are terms of the scope that it stands in.
        Node::Rule(rule) => Node::Rule(Box::new(rename_rule(rule, &mut |t| rename(t, at, dims, var, dim))?)),
        // What the engines search for is not glued.
        Node::Glue(..) | Node::GlueEl(..) | Node::Unglue(..) => return None,
    }))
}

fn rename_rule(rule: &Rule, go: &mut dyn FnMut(&Term) -> Option<Term>) -> Option<Rule> {
    fn atoms(list: &[(Sort, Term)], go: &mut dyn FnMut(&Term) -> Option<Term>) -> Option<Vec<(Sort, Term)>> {
        list.iter().map(|(s, t)| Some((*s, go(t)?))).collect()
    }
    fn facts(list: &[Hypothesis], go: &mut dyn FnMut(&Term) -> Option<Term>) -> Option<Vec<Hypothesis>> {
        list.iter().map(|h| Some(Hypothesis { proof: go(&h.proof)?, ..h.clone() })).collect()
    }
    Some(match rule {
        Rule::Ring { sort, atoms: list, left, right } => {
            Rule::Ring { sort: *sort, atoms: atoms(list, go)?, left: left.clone(), right: right.clone() }
        }
        Rule::Psatz { atoms: list, hypotheses, products, equalities } => Rule::Psatz {
            atoms: atoms(list, go)?,
            hypotheses: facts(hypotheses, go)?,
            products: products.clone(),
            equalities: equalities.clone(),
        },
        Rule::Lia { sort, atoms: list, hypotheses, steps } => {
            Rule::Lia { sort: *sort, atoms: atoms(list, go)?, hypotheses: facts(hypotheses, go)?, steps: steps.clone() }
        }
    })
}
