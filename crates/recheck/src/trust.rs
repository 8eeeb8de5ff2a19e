//! What a declaration rests on: the declarations that its terms name.

use bfv_format::{GlueFace, Hypothesis, Node, Rule, Term};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Positions named in some terms, and whether a universe is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refs {
    pub(crate) ids: BTreeSet<u32>,
    pub(crate) universe: bool,
}

/// The declaration that a node names itself.
fn named(n: &Node) -> Option<u32> {
    match n {
        Node::Const { id, .. } => Some(*id),
        Node::Con(d, ..) | Node::Data(d, ..) | Node::DataElim(d, ..) => Some(d.id),
        _ => None,
    }
}

impl Refs {
    /// Adds what a term names. What is shared in it may stand in very many places, and is read once.
    pub(crate) fn add(&mut self, root: &Term) {
        let mut met = BTreeSet::new();
        let mut below = vec![root];
        while let Some(t) = below.pop() {
            let is_new = Rc::strong_count(t) == 1 || met.insert(Rc::as_ptr(t));
            if is_new {
                self.ids.extend(named(t));
                self.universe |= matches!(**t, Node::Univ(_));
                below.extend(children(t));
            }
        }
    }
}

/// The terms directly below a node.
pub(crate) fn children(t: &Term) -> Vec<&Term> {
    match &**t {
        Node::Var(_)
        | Node::Univ(_)
        | Node::Const { .. }
        | Node::Prim(_)
        | Node::NatLit(_)
        | Node::IntLit(_)
        | Node::RealLit(_) => Vec::new(),
        Node::Pi(a, b) | Node::Sigma(a, b) | Node::App(a, b) | Node::Pair(a, b) | Node::EmptyElim(a, b) => vec![a, b],
        Node::Lam(a) | Node::Fst(a) | Node::Snd(a) | Node::Line(a) | Node::DLam(a) | Node::LApp(a, _) => vec![a],
        Node::Let(a, b, c) | Node::Path(a, b, c) | Node::PApp(a, b, c, _) => vec![a, b, c],
        Node::Coe(_, _, a, b) => vec![a, b],
        Node::HCom(_, _, a, faces, b) => [a, b].into_iter().chain(faces.iter().map(|f| &f.body)).collect(),
        Node::BoolElim(a, b, c, d) | Node::NatElim(a, b, c, d) | Node::IntElim(a, b, c, d) => vec![a, b, c, d],
        Node::Data(_, ps) => ps.iter().collect(),
        Node::Con(_, _, ps, xs, _) => ps.iter().chain(xs).collect(),
        Node::Glue(a, faces) => [a].into_iter().chain(of_faces(faces)).collect(),
        Node::GlueEl(a, parts) => [a].into_iter().chain(parts.iter().map(|p| &p.body)).collect(),
        Node::Unglue(a, faces, g) => [a, g].into_iter().chain(of_faces(faces)).collect(),
        Node::DataElim(_, ps, m, bs, x) => ps.iter().chain([m]).chain(bs).chain([x]).collect(),
        Node::Rule(r) => {
            let (atoms, hypotheses) = parts(r);
            atoms.iter().map(|(_, t)| t).chain(hypotheses.iter().map(|h| &h.proof)).collect()
        }
    }
}

fn of_faces(faces: &[GlueFace]) -> impl Iterator<Item = &Term> {
    faces.iter().flat_map(|f| [&f.ty, &f.equiv])
}

/// Atoms and hypotheses of a rule.
pub(crate) fn parts(r: &Rule) -> (&[(bfv_format::Sort, Term)], &[Hypothesis]) {
    let (Rule::Ring { atoms, .. } | Rule::Psatz { atoms, .. } | Rule::Lia { atoms, .. }) = r;
    let given =
        if let Rule::Psatz { hypotheses, .. } | Rule::Lia { hypotheses, .. } = r { hypotheses.as_slice() } else { &[] };
    (atoms, given)
}
