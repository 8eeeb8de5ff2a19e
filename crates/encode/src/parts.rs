//! The parts of a node, and what is its own.

use bfv_format::{Node, Term};

/// A child with how many term variables and dimensions are bound above it.
pub(crate) type Child<'t> = (&'t Term, u32, u32);

/// The children of a node; nothing for nodes that statements do not consist of: compositions, glue and rules.
pub(crate) fn children(t: &Term) -> Option<Vec<Child<'_>>> {
    fn plain(ts: &[Term]) -> impl Iterator<Item = Child<'_>> {
        ts.iter().map(|t| (t, 0, 0))
    }
    Some(match &**t {
        Node::Var(_)
        | Node::Univ(_)
        | Node::Const { .. }
        | Node::Prim(_)
        | Node::NatLit(_)
        | Node::IntLit(_)
        | Node::RealLit(_) => Vec::new(),
        Node::Pi(a, b) | Node::Sigma(a, b) => vec![(a, 0, 0), (b, 1, 0)],
        Node::Lam(b) => vec![(b, 1, 0)],
        Node::App(a, b) | Node::Pair(a, b) => vec![(a, 0, 0), (b, 0, 0)],
        Node::Let(a, v, b) => vec![(a, 0, 0), (v, 0, 0), (b, 1, 0)],
        Node::Fst(a) | Node::Snd(a) | Node::LApp(a, _) => vec![(a, 0, 0)],
        Node::Line(a) | Node::DLam(a) => vec![(a, 0, 1)],
        Node::Path(a, l, r) => vec![(a, 0, 1), (l, 0, 0), (r, 0, 0)],
        Node::PApp(p, a, b, _) => vec![(p, 0, 0), (a, 0, 0), (b, 0, 0)],
        Node::Coe(_, _, a, b) => vec![(a, 0, 1), (b, 0, 0)],
        Node::EmptyElim(m, x) => vec![(m, 1, 0), (x, 0, 0)],
        Node::BoolElim(m, a, b, x) | Node::NatElim(m, a, b, x) | Node::IntElim(m, a, b, x) => {
            vec![(m, 1, 0), (a, 0, 0), (b, 0, 0), (x, 0, 0)]
        }
        Node::Data(_, ps) => plain(ps).collect(),
        Node::Con(_, _, ps, xs, _) => plain(ps).chain(plain(xs)).collect(),
        Node::DataElim(_, ps, m, bs, x) => plain(ps).chain([(m, 1, 0)]).chain(plain(bs)).chain([(x, 0, 0)]).collect(),
        Node::HCom(..) | Node::Rule(_) | Node::Glue(..) | Node::GlueEl(..) | Node::Unglue(..) => return None,
    })
}

/// Whether two nodes are the same but for their children.
pub(crate) fn same(a: &Node, b: &Node) -> bool {
    if std::mem::discriminant(a) != std::mem::discriminant(b) {
        return false;
    }
    match (a, b) {
        (Node::Var(m), Node::Var(n)) | (Node::Univ(m), Node::Univ(n)) => m == n,
        (Node::Const { id: m, shift: s }, Node::Const { id: n, shift: t }) => (m, s) == (n, t),
        (Node::Prim(p), Node::Prim(q)) => p == q,
        (Node::NatLit(m), Node::NatLit(n)) => m == n,
        (Node::IntLit(m), Node::IntLit(n)) => m == n,
        (Node::RealLit(m), Node::RealLit(n)) => m == n,
        (Node::LApp(_, r), Node::LApp(_, s)) | (Node::PApp(_, _, _, r), Node::PApp(_, _, _, s)) => r == s,
        (Node::Coe(r, s, ..), Node::Coe(t, u, ..)) => (r, s) == (t, u),
        (Node::Data(d, _), Node::Data(e, _)) | (Node::DataElim(d, ..), Node::DataElim(e, ..)) => d == e,
        (Node::Con(d, c, _, _, r), Node::Con(e, k, _, _, s)) => (d, c, r) == (e, k, s),
        _ => true,
    }
}

/// The arguments that a statement begins with, outermost first, and what follows from them.
#[must_use]
pub fn telescope(statement: &Term) -> (Vec<&Term>, &Term) {
    let (mut domains, mut rest) = (Vec::new(), statement);
    while let Node::Pi(a, b) = &**rest {
        domains.push(a);
        rest = b;
    }
    (domains, rest)
}
