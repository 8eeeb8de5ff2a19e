//! The e-graph told lies: whatever it believes, the kernel refuses what is made of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::graph::{Graph, Proof, Why};
use crate::replay::replay;
use crate::ring::Ring;
use crate::tree::{Shape, Tree};
use bfv_format::{Decl, Node, Op, Prim, Rational, Sort, Term};
use bfv_kernel::{Limits, Signature};
use bfv_search::chain::Chain;
use egg::Symbol;
use std::rc::Rc;

fn real(n: u8) -> Node {
    Node::RealLit(Rational { num: n.into(), den: 1u8.into() })
}

fn carrier() -> Term {
    Rc::new(Node::Prim(Prim::Real))
}

/// A signature with a true lemma, `0 = 0`, at position 0.
fn signature() -> Signature {
    let mut signature = Signature::new();
    let zero = Rc::new(real(0));
    let ty = Rc::new(Node::Path(carrier(), zero.clone(), zero.clone()));
    let proof = Rc::new(Node::DLam(zero));
    signature.add(Decl::Theorem { name: "zero".into(), ty, proof }, Limits::default()).unwrap();
    signature
}

/// What is made of an e-graph that was told `0 = 1`, and whether the kernel takes it for a proof of that.
fn told(why: Why) -> (bool, bool) {
    let mut graph = Graph::new(0);
    let (zero, one) = (Tree::literal(real(0)), Tree::literal(real(1)));
    let (l, r) = (graph.add(&zero), graph.add(&one));
    assert!(graph.unite(&zero, &one, why));
    graph.rebuild();
    assert!(graph.equal(l, r));
    judged(&mut graph, l, r)
}

fn judged(graph: &mut Graph, l: egg::Id, r: egg::Id) -> (bool, bool) {
    let chain = replay(graph, l, r, &mut Vec::new(), Chain::at(carrier(), Rc::new(real(0))));
    let statement: Term = Rc::new(Node::Path(carrier(), Rc::new(real(0)), Rc::new(real(1))));
    let offered = chain.is_some();
    let proved =
        chain.is_some_and(|c| signature().prove(&statement, &Rc::new(Node::DLam(c.body())), Limits::default()).is_ok());
    (offered, proved)
}

fn claimed(proof: Proof) -> Why {
    Why::Proof { proof, ty: carrier(), left: Tree::literal(real(0)), right: Tree::literal(real(1)) }
}

#[test]
fn a_false_rule_proves_nothing() {
    // That both compute to the same, a lemma that says something else, one that is not there, and no path at all.
    assert_eq!(told(Why::Computes), (true, false));
    for id in [0, 7] {
        assert_eq!(told(claimed(Proof::Term(Rc::new(Node::Const { id, shift: 0 })))), (true, false), "{id}");
    }
    assert_eq!(told(claimed(Proof::Term(Rc::new(Node::Prim(Prim::Star))))), (true, false));
    let ring = |n| vec![Op::Lit(Sort::Real, Rational { num: i32::from(n).into(), den: 1u8.into() })];
    assert_eq!(told(claimed(Proof::Ring(Rc::new(Ring::of(Sort::Real, ring(0u8), ring(1)))))), (true, false));
    assert_eq!(told(claimed(Proof::Ring(Rc::new(Ring::of(Sort::Real, ring(0), ring(0)))))), (true, false));
}

#[test]
fn garbage_names_give_no_term() {
    // A variable that is nowhere bound.
    assert_eq!(told(claimed(Proof::Term(Rc::new(Node::Var(5))))), (false, false));
}

#[test]
fn a_forged_explanation_gives_no_verdict() {
    for rule in ["no-such-rule", "7", ""] {
        let mut graph = Graph::new(0);
        let (l, r) = (graph.add(&Tree::literal(real(0))), graph.add(&Tree::literal(real(1))));
        graph.egg.union_trusted(l, r, Symbol::from(rule));
        graph.rebuild();
        assert_eq!(judged(&mut graph, l, r), (false, false), "{rule:?}");
    }
    // Congruence that is none: two variables with one name are one leaf, and a shape is told from another by all of it.
    let mut graph = Graph::new(0);
    let (a, b) = (graph.add(&variable(1)), graph.add(&variable(2)));
    assert!(!graph.equal(a, b));
    assert!(graph.explain(a, b).is_none());
}

fn variable(name: u32) -> Rc<Tree> {
    Tree::new(Shape::Var(name), Vec::new())
}

/// The same machinery, told the truth: otherwise the refusals above would show nothing.
#[test]
fn the_truth_is_accepted() {
    let sum = Tree::call(Prim::RealAdd, vec![Tree::literal(real(0)), Tree::literal(real(1))]);
    let mut graph = Graph::new(0);
    let (l, r) = (graph.add(&sum), graph.add(&Tree::literal(real(1))));
    graph.unite(&sum, &Tree::literal(real(1)), Why::Computes);
    graph.rebuild();
    let start = sum.term(&mut Vec::new()).unwrap();
    let chain = replay(&mut graph, l, r, &mut Vec::new(), Chain::at(carrier(), start.clone())).unwrap();
    let statement: Term = Rc::new(Node::Path(carrier(), start, Rc::new(real(1))));
    signature().prove(&statement, &Rc::new(Node::DLam(chain.body())), Limits::default()).unwrap();
}
