//! An explanation of the e-graph, replayed as a term of the kernel. Nothing in an explanation is believed: each step is a path that the
//! kernel judges, at the place where the explanation says that it is used, and an explanation without sense gives no term.

use crate::graph::{Graph, Op, Proof, Why};
use crate::scope::{Named, Stack, indexed};
use crate::tree::{Shape, assemble};
use bfv_format::{Dim, Face, Node, Term};
use bfv_search::chain::Chain;
use egg::{FlatTerm, Id};
use std::rc::Rc;

/// Explanations with more steps are given up.
const STEPS: usize = 2_000;

/// Adds the steps of the explanation that two trees are equal; none where there is none, or where a step has no sense.
pub fn replay(graph: &mut Graph, left: Id, right: Id, stack: &mut Stack, mut chain: Chain) -> Option<Chain> {
    let mut explanation = graph.explain(left, right)?;
    let terms = explanation.make_flat_explanation();
    if terms.len() > STEPS {
        return None;
    }
    for term in terms {
        if !term.has_rewrite_forward() && !term.has_rewrite_backward() {
            continue;
        }
        match step(graph, term, stack)? {
            Replayed::Path(path) => chain = chain.then(path),
            Replayed::Same(_) => {}
        }
    }
    Some(chain)
}

/// A term of the kernel, and whether a step is in it.
enum Replayed {
    Path(Term),
    Same(Term),
}

fn step(graph: &Graph, t: &FlatTerm<Op>, stack: &mut Stack) -> Option<Replayed> {
    let rule = t.forward_rule.or(t.backward_rule);
    if let Some(rule) = rule {
        let reason = graph.reasons.get(rule.as_str().parse::<usize>().ok()?)?;
        if let Why::Proof { proof, ty, left, right } = reason {
            let (a, b) = (left.term(stack)?, right.term(stack)?);
            let proof = match proof {
                Proof::Term(p) => indexed(stack, p)?,
                Proof::Ring(r) => r.term(stack)?,
            };
            let at = |r| Rc::new(Node::PApp(proof.clone(), a.clone(), b.clone(), r));
            if t.forward_rule.is_some() {
                return Some(Replayed::Path(at(Dim::Var(0))));
            }
            return Some(Replayed::Path(backwards(indexed(stack, ty)?, &a, &at(Dim::Var(0)))));
        }
    }
    let shape = graph.shape_at(t.node.shape)?.clone();
    let depth = stack.len();
    if let Shape::Lam(name) = &*shape {
        stack.push(*name);
    }
    let children: Option<Vec<Replayed>> = t.children.iter().map(|c| step(graph, c, stack)).collect();
    stack.truncate(depth);
    let mut moved = false;
    let children = children?.into_iter().map(|c| match c {
        Replayed::Path(t) => {
            moved = true;
            t
        }
        Replayed::Same(t) => t,
    });
    let t = assemble(&shape, children.collect(), stack)?;
    Some(if moved { Replayed::Path(t) } else { Replayed::Same(t) })
}

/// From the right end of a path to its left end, which is `a`; at the dimension 0 of the scope.
fn backwards(ty: Named, a: &Term, path: &Term) -> Term {
    let face = |end, body: &Term| Face { cof: vec![(Dim::Var(0), end)], body: body.clone() };
    Rc::new(Node::HCom(Dim::Zero, Dim::One, ty, vec![face(Dim::Zero, path), face(Dim::One, a)], a.clone()))
}
