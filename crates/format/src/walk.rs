//! Walks over shared terms without recursion, each shared node once.

use crate::encode::{Sink, encode};
use crate::term::{Constructor, DataDecl, Decl, Node, Term};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What is known of nodes, by address. Nobody goes through it in its own order. Addresses stay valid while the terms are kept.
pub(crate) type ByAddress<T> = HashMap<*const Node, T, BuildHasherDefault<AddressHasher>>;

/// Addresses are spread already: one multiplication brings their differences to the top bits, where the table looks.
#[derive(Default)]
pub(crate) struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_usize(usize::from(*b));
        }
    }
    fn write_usize(&mut self, n: usize) {
        // The fraction of the golden ratio in 64 bits (Knuth, The Art of Computer Programming 3, section 6.4).
        let mixed = (self.0 ^ u64::try_from(n).unwrap_or(u64::MAX)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// The children of a node and the declarations that it names itself, in the order of its encoding.
#[derive(Default)]
struct Parts<'a> {
    bytes: Vec<u8>,
    children: Vec<&'a Term>,
    references: Vec<u32>,
}

impl<'a> Sink<'a> for Parts<'a> {
    fn out(&mut self) -> &mut Vec<u8> {
        self.bytes.clear();
        &mut self.bytes
    }
    fn child(&mut self, t: &'a Term) {
        self.children.push(t);
    }
    fn reference(&mut self, id: u32) {
        self.references.push(id);
    }
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

/// Nodes seen.
#[derive(Default)]
pub(crate) struct Seen(ByAddress<()>);

/// Calls `visit` on every node at or below `root` that was not seen before, children first, leftmost first.
pub(crate) fn post_order<'a>(root: &'a Term, seen: &mut Seen, mut visit: impl FnMut(&'a Term)) {
    let mut stack = vec![(root, false)];
    let mut parts = Parts::default();
    while let Some((t, children_done)) = stack.pop() {
        let address = Term::as_ptr(t);
        if children_done {
            // A node may wait twice when it stands twice among what is open.
            if seen.0.insert(address, ()).is_none() {
                visit(t);
            }
        } else if !seen.0.contains_key(&address) {
            stack.push((t, true));
            parts.children.clear();
            encode(t, &mut parts);
            stack.extend(
                parts.children.drain(..).rev().filter(|c| !seen.0.contains_key(&Term::as_ptr(c))).map(|c| (c, false)),
            );
        }
    }
}

/// Calls `visit` with every declaration named at or below `root`, leaving out what was seen before.
pub(crate) fn references(root: &Term, seen: &mut Seen, mut visit: impl FnMut(u32)) {
    let (mut stack, mut parts) = (vec![root], Parts::default());
    while let Some(t) = stack.pop() {
        if seen.0.insert(Term::as_ptr(t), ()).is_none() {
            encode(t, &mut parts);
            stack.append(&mut parts.children);
            parts.references.drain(..).for_each(&mut visit);
        }
    }
}
