//! Walks over shared terms without recursion, each shared node once.

use crate::encode::{Sink, encode};
use crate::term::{Constructor, DataDecl, Decl, Node, Term};
use std::collections::BTreeSet;

struct Parts<'a> {
    bytes: Vec<u8>,
    children: Vec<&'a Term>,
    references: Vec<u32>,
}

impl<'a> Sink<'a> for Parts<'a> {
    fn out(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
    fn child(&mut self, t: &'a Term) {
        self.children.push(t);
    }
    fn reference(&mut self, id: u32) {
        self.references.push(id);
    }
}

/// The children of a node and the declarations that it names itself, in the order of its encoding.
pub(crate) fn parts(n: &Node) -> (Vec<&Term>, Vec<u32>) {
    let mut p = Parts { bytes: Vec::new(), children: Vec::new(), references: Vec::new() };
    encode(n, &mut p);
    (p.children, p.references)
}

/// The terms of a declaration, in the order of its encoding.
pub(crate) fn roots(d: &Decl) -> Vec<&Term> {
    match d {
        Decl::Def { ty, body, .. } => vec![ty, body],
        Decl::Theorem { ty, proof, .. } => vec![ty, proof],
        Decl::Axiom { ty, .. } => vec![ty],
        Decl::Data(DataDecl { params, constructors, .. }) => {
            params.iter().chain(constructors.iter().flat_map(Constructor::terms)).collect()
        }
    }
}

/// Nodes seen, by address. Addresses stay valid while the terms walked are borrowed.
#[derive(Default)]
pub(crate) struct Seen(BTreeSet<*const Node>);

/// Calls `visit` on every node at or below `root` that was not seen before, children first, leftmost first.
pub(crate) fn post_order<'a>(root: &'a Term, seen: &mut Seen, mut visit: impl FnMut(&'a Term)) {
    let mut stack = vec![(root, false)];
    while let Some((t, children_done)) = stack.pop() {
        let address = Term::as_ptr(t);
        if seen.0.contains(&address) {
            continue;
        }
        if children_done {
            seen.0.insert(address);
            visit(t);
        } else {
            stack.push((t, true));
            stack.extend(parts(t).0.into_iter().rev().map(|c| (c, false)));
        }
    }
}
