//! One walk over the nodes of a term.

use bfv_format::{Node, Rule, Term};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Calls `f` on a node and on all below it, on shared nodes once. Iterative, so that no term is too deep for it.
pub(crate) fn visit(t: &Term, f: &mut dyn FnMut(&Node)) {
    let (mut todo, mut seen) = (vec![t], BTreeSet::new());
    while let Some(t) = todo.pop() {
        // What stands in many places may stand in exponentially many; addresses only say that a node was seen.
        if Rc::strong_count(t) > 1 && !seen.insert(Rc::as_ptr(t)) {
            continue;
        }
        f(t);
        match &**t {
            Node::Var(_)
            | Node::Univ(_)
            | Node::Const { .. }
            | Node::Prim(_)
            | Node::NatLit(_)
            | Node::IntLit(_)
            | Node::RealLit(_) => {}
            Node::Lam(a) | Node::Fst(a) | Node::Snd(a) | Node::Line(a) | Node::DLam(a) | Node::LApp(a, _) => {
                todo.push(a)
            }
            Node::Pi(a, b)
            | Node::App(a, b)
            | Node::Sigma(a, b)
            | Node::Pair(a, b)
            | Node::EmptyElim(a, b)
            | Node::Coe(_, _, a, b) => todo.extend([a, b]),
            Node::Let(a, b, c) | Node::Path(a, b, c) | Node::PApp(a, b, c, _) => todo.extend([a, b, c]),
            Node::BoolElim(a, b, c, d) | Node::NatElim(a, b, c, d) | Node::IntElim(a, b, c, d) => {
                todo.extend([a, b, c, d]);
            }
            Node::HCom(_, _, a, faces, b) => {
                todo.extend([a, b]);
                todo.extend(faces.iter().map(|f| &f.body));
            }
            Node::Data(_, ps) => todo.extend(ps),
            Node::Con(_, _, ps, xs, _) => todo.extend(ps.iter().chain(xs)),
            Node::DataElim(_, ps, m, bs, x) => {
                todo.extend(ps.iter().chain(bs));
                todo.extend([m, x]);
            }
            Node::Glue(a, faces) => {
                todo.push(a);
                todo.extend(faces.iter().flat_map(|f| [&f.ty, &f.equiv]));
            }
            Node::GlueEl(a, parts) => {
                todo.push(a);
                todo.extend(parts.iter().map(|p| &p.body));
            }
            Node::Unglue(a, faces, g) => {
                todo.extend([a, g]);
                todo.extend(faces.iter().flat_map(|f| [&f.ty, &f.equiv]));
            }
            Node::Rule(r) => match &**r {
                Rule::Ring { atoms, .. } => todo.extend(atoms.iter().map(|(_, t)| t)),
                Rule::Psatz { atoms, hypotheses, .. } | Rule::Lia { atoms, hypotheses, .. } => {
                    todo.extend(atoms.iter().map(|(_, t)| t));
                    todo.extend(hypotheses.iter().map(|h| &h.proof));
                }
            },
        }
    }
}
