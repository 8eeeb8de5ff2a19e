//! Terms that look the same where only part of them is looked at: one body under two definitions, ends of one line, displacements, and
//! computations that nothing depends on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod both;
/// The kernel alone; `tests/checkers.rs` compiles this file again and gives every judgement to the second checker too.
#[allow(dead_code)]
fn second(_: &bfv_format::Stored, _: Option<&str>) {}
use bfv_format::{Prim, Term};
use bfv_kernel::Signature;
use both::*;

const END: &str = "wrong path endpoint";
const OTHER: &str = "type mismatch";

fn none() -> Signature {
    signature(vec![])
}

/// Under these variables, whether a path from one term to the other is constant.
fn same(s: &Signature, variables: &[Term], ty: &Term, a: &Term, b: &Term) {
    let (mut statement, mut proof) = (path(ty.clone(), a.clone(), b.clone()), refl(a.clone()));
    for x in variables.iter().rev() {
        (statement, proof) = (pi(x.clone(), statement), lam(proof));
    }
    accepts(s, statement, proof);
}

fn differ(s: &Signature, variables: &[Term], ty: &Term, a: &Term, b: &Term) {
    for (a, b) in [(a, b), (b, a)] {
        let (mut statement, mut proof) = (path(ty.clone(), a.clone(), b.clone()), refl(a.clone()));
        for x in variables.iter().rev() {
            (statement, proof) = (pi(x.clone(), statement), lam(proof));
        }
        rejects(s, statement, proof, END);
    }
}

/// The same body, kept in one place, under definitions that differ.
#[test]
fn one_body_under_two_definitions() {
    let s = none();
    let maps = pi(nat(), nat());
    let bodies = [
        lam(v(1)),
        lam(suc(v(1))),
        lam(op(Prim::NatAdd, &[v(0), v(1)])),
        lam(nat_elim(nat(), v(1), lam(lam(v(0))), v(0))),
    ];
    for body in bodies {
        let under = |n: u64| let_(nat(), num(n), body.clone());
        same(&s, &[], &maps, &under(3), &under(3));
        differ(&s, &[], &maps, &under(3), &under(4));
        // Another definition outside, which the body does not mention: it is no difference.
        let deep = |far: u64, near: u64| let_(nat(), num(far), let_(nat(), num(near), body.clone()));
        same(&s, &[], &maps, &deep(1, 3), &deep(2, 3));
        differ(&s, &[], &maps, &deep(3, 1), &deep(3, 2));
        // One more definition, so that the places are others.
        let far = lam(v(2));
        let two = |a: u64, b: u64| let_(nat(), num(a), let_(nat(), num(b), far.clone()));
        differ(&s, &[], &maps, &two(1, 2), &two(2, 1));
        same(&s, &[], &maps, &two(1, 2), &two(1, 1));
    }
    // Variables in place of numbers, and a definition that is a variable or not.
    let body = lam(v(1));
    let under = |x: Term| let_(nat(), x, body.clone());
    same(&s, &[nat(), nat()], &maps, &under(v(1)), &under(v(1)));
    differ(&s, &[nat(), nat()], &maps, &under(v(1)), &under(v(0)));
    differ(&s, &[nat(), nat()], &maps, &under(suc(v(0))), &under(v(0)));
}

/// A type mentions a dimension that stands outside of it, and its parts do not say so.
#[test]
fn the_ends_of_a_line_of_types_are_others() {
    let s = none();
    // For a b : Nat and p : a = b, at each i the type of paths from the function that is `p i` everywhere to the one that is a.
    let line_of_types = dlam(path(pi(nat(), nat()), lam(papp(v(1), v(3), v(2), d(0))), lam(v(3))));
    let arrow = |from, to| let_(line(u(0)), line_of_types.clone(), pi(lapp(v(0), from), lapp(v(1), to)));
    let under = |t: Term| [nat(), nat(), path(nat(), v(1), v(0))].iter().rev().fold(t, |t, x| pi(x.clone(), t));
    let identity = || lam(lam(lam(lam(v(0)))));
    for end in [I0, I1] {
        accepts(&s, under(arrow(end, end)), identity());
    }
    rejects(&s, under(arrow(I0, I1)), identity(), OTHER);
    rejects(&s, under(arrow(I1, I0)), identity(), OTHER);
}

#[test]
fn displacements_and_levels_are_compared_wherever_they_stand() {
    // c0 is a function to universes, c1 a pair of one and a number, c2 a type with a universe inside.
    let s = signature(vec![
        def(pi(nat(), u(1)), lam(u(0))),
        def(sigma(u(1), nat()), pair(u(0), num(0))),
        def(u(2), pi(nat(), u(1))),
    ]);
    let maps = pi(nat(), u(3));
    same(&s, &[], &maps, &lam(app(raised(0, 1), v(0))), &raised(0, 1));
    differ(&s, &[], &maps, &raised(0, 0), &raised(0, 1));
    differ(&s, &[], &sigma(u(3), nat()), &raised(1, 0), &raised(1, 1));
    differ(&s, &[], &u(4), &raised(2, 0), &raised(2, 1));
    // What is smaller may stand where more is needed, but not below an arrow's source or a path.
    accepts(&s, pi(raised(2, 0), raised(2, 1)), lam(v(0)));
    rejects(&s, pi(raised(2, 1), raised(2, 0)), lam(v(0)), OTHER);
    rejects(&s, pi(pi(u(0), nat()), pi(u(1), nat())), lam(v(0)), OTHER);
}

/// Eta and irrelevance are no business of a comparison without types; its `no` must not be the answer.
#[test]
fn what_looks_different_may_be_the_same() {
    let s = none();
    let unit = || prim(Prim::Unit);
    same(&s, &[unit(), unit()], &unit(), &v(1), &v(0));
    same(&s, &[pi(nat(), nat())], &pi(nat(), nat()), &v(0), &lam(app(v(1), v(0))));
    same(&s, &[sigma(nat(), unit())], &sigma(nat(), unit()), &v(0), &pair(fst(v(0)), prim(Prim::Star)));
    same(&s, &[pi(nat(), unit()), pi(nat(), unit())], &pi(nat(), unit()), &v(1), &v(0));
    same(&s, &[line(nat())], &line(nat()), &v(0), &dlam(lapp(v(0), d(0))));
    // At the type Nat two variables are two.
    differ(&s, &[nat(), nat()], &nat(), &v(1), &v(0));
    differ(&s, &[sigma(nat(), unit()), sigma(nat(), unit())], &sigma(nat(), unit()), &v(1), &v(0));
}

/// Two functions that depend on nothing are the same whatever was defined around them. That costs nothing.
#[test]
#[ignore = "finding 7"]
fn what_nothing_depends_on_is_not_computed() {
    big(|| {
        let s = none();
        // So many rounds that no budget does for them, each of which looks at the one before.
        let step = lam(lam(nat_elim(nat(), num(0), lam(lam(num(1))), v(0))));
        let endless = nat_elim(nat(), num(0), step, num(10_000_000_000));
        let body = lam(num(0));
        let under = || let_(nat(), endless.clone(), body.clone());
        same(&s, &[], &pi(nat(), nat()), &under(), &under());
        // For P about functions: from P of one to P of the other.
        let about = |f: Term, g: Term| pi(pi(pi(nat(), nat()), u(0)), pi(app(v(0), f), app(v(1), g)));
        accepts(&s, about(under(), lam(num(0))), lam(lam(v(0))));
        accepts(&s, about(under(), under()), lam(lam(v(0))));
        rejects(&s, about(under(), lam(num(1))), lam(lam(v(0))), OTHER);
    });
}
