//! Closed terms from their parts.

use bfv_format::{Node, Prim, Rational, Term};
use num_bigint::{BigInt, BigUint};

pub(crate) fn var(index: usize) -> Term {
    Term::new(Node::Var(u32::try_from(index).unwrap_or(u32::MAX)))
}

pub(crate) fn prim(p: Prim) -> Term {
    Term::new(Node::Prim(p))
}

pub(crate) fn nat(n: impl Into<BigUint>) -> Term {
    Term::new(Node::NatLit(n.into()))
}

pub(crate) fn int(z: i64) -> Term {
    Term::new(Node::IntLit(BigInt::from(z)))
}

pub(crate) fn real(q: Rational) -> Term {
    Term::new(Node::RealLit(q))
}

pub(crate) fn constant(id: u32) -> Term {
    Term::new(Node::Const { id, shift: 0 })
}

pub(crate) fn apply(f: Term, arguments: impl IntoIterator<Item = Term>) -> Term {
    arguments.into_iter().fold(f, |f, a| Term::new(Node::App(f, a)))
}

pub(crate) fn lambda(body: Term) -> Term {
    Term::new(Node::Lam(body))
}

/// The reason why a comparison of numbers that computes to true holds: the constant path at true.
pub(crate) fn computed() -> Term {
    Term::new(Node::DLam(prim(Prim::True)))
}

/// A function from natural numbers to whole ones by its first values; 0 at all others.
pub(crate) fn table(entries: &[i64]) -> Term {
    // Below the first case analysis, the number that is left stands second: after it comes what a recursion would use.
    let nested = entries.iter().enumerate().rev().fold(int(0), |rest, (k, e)| {
        let scrutinee = var(usize::from(k > 0));
        Term::new(Node::NatElim(prim(Prim::Int), int(*e), lambda(lambda(rest)), scrutinee))
    });
    lambda(nested)
}
