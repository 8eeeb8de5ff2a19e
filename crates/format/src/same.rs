//! Whether two terms are the same, however they are shared.

use crate::encode::{Sink, encode};
use crate::leb::put_u32;
use crate::term::{Node, Term};
use crate::walk::AddressHasher;
use std::collections::HashSet;
use std::hash::BuildHasherDefault;

/// A node without its children, as bytes, and its children.
#[derive(Default)]
struct Shape<'a> {
    bytes: Vec<u8>,
    children: Vec<&'a Term>,
}

impl<'a> Sink<'a> for Shape<'a> {
    fn out(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
    fn child(&mut self, t: &'a Term) {
        self.children.push(t);
    }
    fn reference(&mut self, id: u32) {
        put_u32(&mut self.bytes, id);
    }
}

/// Whether two terms are the same. A pair of nodes is compared once, so shared parts cost once, where `==` goes through them as often as they
/// stand there. Nothing recurses.
#[must_use]
pub fn same(a: &Term, b: &Term) -> bool {
    let mut seen: HashSet<(*const Node, *const Node), BuildHasherDefault<AddressHasher>> = HashSet::default();
    let (mut waiting, mut one, mut other) = (vec![(a, b)], Shape::default(), Shape::default());
    while let Some((a, b)) = waiting.pop() {
        let pair = (Term::as_ptr(a), Term::as_ptr(b));
        if pair.0 == pair.1 || !seen.insert(pair) {
            continue;
        }
        for (t, shape) in [(a, &mut one), (b, &mut other)] {
            shape.bytes.clear();
            shape.children.clear();
            encode(t, shape);
        }
        if one.bytes != other.bytes || one.children.len() != other.children.len() {
            return false;
        }
        waiting.extend(one.children.drain(..).zip(other.children.drain(..)));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    /// A term of `2 ^ depth` leaves, of which each level is there once.
    fn doubled(depth: u32, leaf: Node) -> Term {
        (0..depth).fold(Rc::new(leaf), |t, _| Rc::new(Node::Pair(t.clone(), t)))
    }

    #[test]
    fn shared_terms_are_compared_part_by_part() {
        let tall = |leaf| doubled(200, leaf);
        assert!(same(&tall(Node::Var(0)), &tall(Node::Var(0))));
        assert!(!same(&tall(Node::Var(0)), &tall(Node::Var(1))));
        assert!(!same(&tall(Node::Univ(0)), &doubled(199, Node::Univ(0))));
        // Declarations count, and so does what stands where.
        let constant = |id| Rc::new(Node::Const { id, shift: 0 });
        assert!(!same(&constant(1), &constant(2)));
        let pair = |a, b| Rc::new(Node::Pair(constant(a), constant(b)));
        assert!(same(&pair(1, 2), &pair(1, 2)) && !same(&pair(1, 2), &pair(2, 1)));
        // Sharing does not count.
        let shared = constant(1);
        assert!(same(&Rc::new(Node::Pair(shared.clone(), shared)), &pair(1, 1)));
    }
}
