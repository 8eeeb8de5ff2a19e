//! Canonical forms, vectors and instances of small statements.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_encode::{canonical, encode, instance};
use bfv_format::{Node, Prim, Term};
use std::rc::Rc;

fn node(n: Node) -> Term {
    Rc::new(n)
}

fn var(n: u32) -> Term {
    node(Node::Var(n))
}

fn nat() -> Term {
    node(Node::Prim(Prim::Nat))
}

fn call(p: Prim, args: &[Term]) -> Term {
    args.iter().fold(node(Node::Prim(p)), |f, a| node(Node::App(f, a.clone())))
}

fn equal(a: Term, b: Term) -> Term {
    node(Node::Path(nat(), a, b))
}

fn zero() -> Term {
    node(Node::NatLit(0_u8.into()))
}

/// `forall domains, end`, the outermost first.
fn forall(domains: &[Term], end: Term) -> Term {
    domains.iter().rev().fold(end, |rest, ty| node(Node::Pi(ty.clone(), rest)))
}

/// `n + 0 = n` about a variable.
fn plus_zero(n: Term) -> Term {
    equal(call(Prim::NatAdd, &[n.clone(), zero()]), n)
}

fn less(a: Term, b: Term) -> Term {
    node(Node::Path(node(Node::Prim(Prim::Bool)), call(Prim::NatLtb, &[a, b]), node(Node::Prim(Prim::True))))
}

#[test]
fn what_says_nothing_and_the_order_of_arguments_do_not_matter() {
    let one = forall(&[nat()], plus_zero(var(0)));
    let two = forall(&[nat(), nat()], plus_zero(var(1)));
    assert_ne!(one, two);
    assert_eq!(canonical(&one), canonical(&two));
    // A hypothesis is never left out, and a type that may be empty is not, either.
    let given = forall(&[nat(), less(zero(), zero())], plus_zero(var(1)));
    assert_ne!(canonical(&given), canonical(&one));
    let empty = forall(&[node(Node::Prim(Prim::Empty)), nat()], plus_zero(var(0)));
    assert_ne!(canonical(&empty), canonical(&one));
    // Two hypotheses in either order: `a < b -> b < c -> a < c`.
    let first = forall(&[nat(), nat(), nat(), less(var(2), var(1)), less(var(2), var(1))], less(var(4), var(2)));
    let second = forall(&[nat(), nat(), nat(), less(var(1), var(0)), less(var(3), var(2))], less(var(4), var(2)));
    assert_ne!(first, second);
    assert_eq!(canonical(&first), canonical(&second));
    // A variable of which a hypothesis speaks stays.
    assert_eq!(canonical(&canonical(&given)), canonical(&given));
    let about = forall(&[nat(), less(zero(), var(0))], plus_zero(var(1)));
    assert_eq!(canonical(&about), about);
}

#[test]
fn a_statement_follows_from_one_that_says_more() {
    let proof = var(99);
    let known = forall(&[nat()], plus_zero(var(0)));
    let named = |known: &Term, args: &[Term], binders: u32| {
        let applied = args.iter().fold(var(binders), |f, a| node(Node::App(f, a.clone())));
        let body = (0..binders).fold(applied, |t, _| node(Node::Lam(t)));
        Some(node(Node::Let(known.clone(), proof.clone(), body)))
    };
    let apply = |args: &[Term], binders: u32| named(&known, args, binders);
    // More variables, and a term in the place of one.
    let weaker = forall(&[nat(), nat()], plus_zero(var(1)));
    assert_eq!(instance(&known, &proof, &weaker), apply(&[var(1)], 2));
    let product = call(Prim::NatMul, &[var(1), var(0)]);
    let special = forall(&[nat(), nat()], plus_zero(product.clone()));
    assert_eq!(instance(&known, &proof, &special), apply(&[product], 2));
    // Not the other way round, and not for another end.
    assert_eq!(instance(&special, &proof, &known), None);
    assert_eq!(instance(&known, &proof, &forall(&[nat()], equal(var(0), var(0)))), None);
    // One variable stands for one thing.
    let twice = forall(&[nat(), nat()], equal(call(Prim::NatAdd, &[var(1), zero()]), var(0)));
    assert_eq!(instance(&known, &proof, &twice), None);
    // Hypotheses are looked for among what is given.
    let needs = forall(&[nat(), less(zero(), var(0))], plus_zero(var(1)));
    let has = forall(&[nat(), nat(), less(zero(), var(0)), less(zero(), var(2))], plus_zero(var(3)));
    assert_eq!(instance(&needs, &proof, &has), named(&needs, &[var(3), var(0)], 4));
    assert_eq!(instance(&needs, &proof, &weaker), None);
    // What is bound inside of a statement is not brought out of it.
    let all = |body: Term| forall(&[nat()], forall(&[node(Node::Pi(nat(), body))], plus_zero(var(1))));
    let family = all(plus_zero(var(1)));
    assert_eq!(instance(&family, &proof, &all(plus_zero(var(0)))), None);
    assert!(instance(&family, &proof, &family).is_some());
}

#[test]
fn similar_statements_have_similar_vectors() {
    let name = |id: u32| u64::from(id);
    let vector = |t: &Term| encode(&canonical(t), &name);
    let one = forall(&[nat()], plus_zero(var(0)));
    let two = forall(&[nat(), nat()], plus_zero(var(1)));
    let product = forall(&[nat(), nat()], plus_zero(call(Prim::NatMul, &[var(1), var(0)])));
    let order = forall(&[nat(), nat()], less(var(1), var(0)));
    assert_eq!(vector(&one), vector(&two));
    assert_eq!(vector(&one).similarity(&vector(&two)), 1000);
    let times_zero = forall(&[nat()], equal(call(Prim::NatMul, &[var(0), zero()]), var(0)));
    let (near, far) = (vector(&one).similarity(&vector(&times_zero)), vector(&one).similarity(&vector(&order)));
    assert!(near > far && near < 1000, "{near} {far}");
    assert_eq!(vector(&one).similarity(&vector(&product)), vector(&product).similarity(&vector(&one)));
    // Vectors of two versions are not compared.
    let older = bfv_encode::Vector { version: 0, ..vector(&one) };
    assert_eq!(older.similarity(&vector(&one)), 0);
    assert_eq!(vector(&one).structure.first(), Some(&9), "nodes of `Nat` and of `n + 0 = n`");
}
