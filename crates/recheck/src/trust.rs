//! What a declaration rests on: the declarations and rules that its terms name.

use bfv_format::{GlueFace, Hypothesis, Node, Rule, Term};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Positions and rules named in some terms, and whether a universe is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refs {
    pub(crate) ids: BTreeSet<u32>,
    pub(crate) rules: BTreeSet<&'static str>,
    pub(crate) universe: bool,
}

impl Refs {
    pub(crate) fn add(&mut self, root: &Term) {
        let (mut todo, mut seen) = (vec![root], BTreeSet::new());
        while let Some(t) = todo.pop() {
            // A shared term may stand in very many places; it is read once.
            if Rc::strong_count(t) > 1 && !seen.insert(Rc::as_ptr(t)) {
                continue;
            }
            match &**t {
                Node::Const { id, .. } => {
                    self.ids.insert(*id);
                }
                Node::Data(d, _) | Node::Con(d, ..) | Node::DataElim(d, ..) => {
                    self.ids.insert(d.id);
                }
                Node::Univ(_) => self.universe = true,
                Node::Rule(r) => {
                    self.rules.insert(match &**r {
                        Rule::Ring { .. } => "ring",
                        Rule::Psatz { .. } => "psatz",
                        Rule::Lia { .. } => "lia",
                    });
                }
                _ => {}
            }
            todo.extend(children(t));
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
    match r {
        Rule::Ring { atoms, .. } => (atoms, &[]),
        Rule::Psatz { atoms, hypotheses, .. } | Rule::Lia { atoms, hypotheses, .. } => (atoms, hypotheses),
    }
}
