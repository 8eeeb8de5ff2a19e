//! Core terms with named free variables: bound variables are indices, free ones have numbers from `NAME` on.
//!
//! Such a term means the same wherever it stands, so the generator never shifts an index; it closes a term over a name instead.

use crate::change::map;
use bfv_format::{Cof, Dim, Face, GlueFace, Node, Part, Term};
use std::rc::Rc;

/// Free variables and free dimensions have numbers from here on.
pub const NAME: u32 = 1 << 24;

/// How many variables and dimensions a node binds in its n-th subterm, in the numbering of `map`.
fn binds(node: &Node, n: usize) -> (u32, u32) {
    match (node, n) {
        (Node::Pi(..) | Node::Sigma(..), 1) | (Node::Lam(_), 0) | (Node::Let(..), 2) => (1, 0),
        (Node::EmptyElim(..) | Node::BoolElim(..) | Node::NatElim(..) | Node::IntElim(..), 0) => (1, 0),
        (Node::DataElim(_, ps, ..), n) if n == ps.len() => (1, 0),
        (Node::Line(_) | Node::Path(..) | Node::DLam(_) | Node::Coe(..), 0) => (0, 1),
        (Node::HCom(_, _, _, faces, _), n) if (1..=faces.len()).contains(&n) => (0, 1),
        _ => (0, 0),
    }
}

/// A cofibration with each of its interval terms changed.
fn cof_map(c: &Cof, f: &dyn Fn(Dim) -> Dim) -> Cof {
    c.iter().map(|(a, b)| (f(*a), f(*b))).collect()
}

/// A node with each of its own interval terms changed.
pub fn map_dims(node: &Node, f: &dyn Fn(Dim) -> Dim) -> Node {
    let glued = |faces: &[GlueFace]| -> Vec<GlueFace> {
        faces.iter().map(|g| GlueFace { cof: cof_map(&g.cof, f), ..g.clone() }).collect()
    };
    match node {
        Node::LApp(a, r) => Node::LApp(a.clone(), f(*r)),
        Node::PApp(a, b, c, r) => Node::PApp(a.clone(), b.clone(), c.clone(), f(*r)),
        Node::Coe(r, s, a, b) => Node::Coe(f(*r), f(*s), a.clone(), b.clone()),
        Node::HCom(r, s, a, faces, b) => {
            let faces = faces.iter().map(|g| Face { cof: cof_map(&g.cof, f), body: g.body.clone() }).collect();
            Node::HCom(f(*r), f(*s), a.clone(), faces, b.clone())
        }
        Node::Con(d, c, ps, xs, rs) => Node::Con(*d, *c, ps.clone(), xs.clone(), rs.iter().map(|r| f(*r)).collect()),
        Node::Glue(a, faces) => Node::Glue(a.clone(), glued(faces)),
        Node::GlueEl(a, parts) => Node::GlueEl(
            a.clone(),
            parts.iter().map(|p| Part { cof: cof_map(&p.cof, f), body: p.body.clone() }).collect(),
        ),
        Node::Unglue(a, faces, g) => Node::Unglue(a.clone(), glued(faces), g.clone()),
        other => other.clone(),
    }
}

/// Every variable and dimension, with the number of binders over it, replaced where something is said.
fn walk(
    t: &Term,
    (vars, dims): (u32, u32),
    var: &dyn Fn(u32, u32) -> Option<Term>,
    dim: &dyn Fn(u32, u32) -> Option<Dim>,
) -> Term {
    if let Node::Var(k) = &**t {
        return var(*k, vars).unwrap_or_else(|| t.clone());
    }
    let node = map_dims(t, &|r| if let Dim::Var(k) = r { dim(k, dims).unwrap_or(r) } else { r });
    Rc::new(map(&node, &mut |n, x| {
        let (a, b) = binds(&node, n);
        walk(x, (vars + a, dims + b), var, dim)
    }))
}

/// The body of a binder of the variable with this name.
pub fn close(t: &Term, name: u32) -> Term {
    walk(t, (0, 0), &|k, depth| (k == name).then(|| Rc::new(Node::Var(depth))), &|_, _| None)
}

/// The body of a binder of the dimension with this name.
pub fn close_dim(t: &Term, name: u32) -> Term {
    walk(t, (0, 0), &|_, _| None, &|k, depth| (k == name).then_some(Dim::Var(depth)))
}

/// The body of a binder with a term for its variable.
pub fn open(body: &Term, x: &Term) -> Term {
    walk(body, (0, 0), &|k, depth| (k == depth).then(|| x.clone()), &|_, _| None)
}

/// The body of a binder with an interval term for its dimension.
pub fn open_dim(body: &Term, r: Dim) -> Term {
    walk(body, (0, 0), &|_, _| None, &|k, depth| (k == depth).then_some(r))
}

/// The term with an interval term in place of a free dimension.
pub fn at(t: &Term, name: u32, r: Dim) -> Term {
    walk(t, (0, 0), &|_, _| None, &|k, _| (k == name).then_some(r))
}

/// The term with another one in place of a free variable.
pub fn put(t: &Term, name: u32, x: &Term) -> Term {
    walk(t, (0, 0), &|k, _| (k == name).then(|| x.clone()), &|_, _| None)
}

/// Whether a cofibration is true, false (`Some`), or neither.
pub fn known(c: &Cof) -> Option<bool> {
    let (mut rest, mut always) = (c.clone(), true);
    while let Some((a, b)) = rest.pop() {
        let (from, to) = match (a, b) {
            (a, b) if a == b => continue,
            (Dim::Var(n), r) | (r, Dim::Var(n)) => (Dim::Var(n), r),
            _ => return Some(false),
        };
        always = false;
        rest = cof_map(&rest, &|r| if r == from { to } else { r });
    }
    always.then_some(true)
}

/// A type as far as it must be computed to see its form: faces that are true.
pub fn head(ty: &Term) -> Term {
    match &**ty {
        Node::Glue(_, faces) => match faces.iter().find(|f| known(&f.cof) == Some(true)) {
            Some(f) => head(&f.ty),
            None => ty.clone(),
        },
        Node::HCom(r, s, _, _, base) if r == s => head(base),
        Node::HCom(_, s, _, faces, _) => match faces.iter().find(|f| known(&f.cof) == Some(true)) {
            Some(f) => head(&open_dim(&f.body, *s)),
            None => ty.clone(),
        },
        _ => ty.clone(),
    }
}
