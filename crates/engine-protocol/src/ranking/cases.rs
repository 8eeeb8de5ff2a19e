//! Functions that take an element of a finite type apart.

use super::{call, index, lam, lams, lift, node, number, prim, var};
use crate::finite::Shape;
use crate::reader::{Stop, outside};
use bfv_format::{Node, Prim, Term};

/// The type of what is made for an element, by the term of the element and the number of binders around.
type Family<'f> = &'f dyn Fn(Term, usize) -> Result<Term, Stop>;
/// What is made for an element that is written out, and so closed.
type Made<'f> = &'f mut dyn FnMut(Term, usize) -> Result<Term, Stop>;

/// A function that takes an element of a shape apart, under so many binders. Elements come in their order.
fn cases(shape: &Shape, under: usize, ty: Family<'_>, made: Made<'_>) -> Result<Term, Stop> {
    let motive = || ty(var(0), under + 2);
    Ok(lam(match shape {
        Shape::Bool => {
            let no = made(prim(Prim::False), under + 1)?;
            node(Node::BoolElim(motive()?, made(prim(Prim::True), under + 1)?, no, var(0)))
        }
        Shape::Unit => made(prim(Prim::Star), under + 1)?,
        Shape::Empty => node(Node::EmptyElim(motive()?, var(0))),
        Shape::Nat(_) => return outside("A proof for finitely many states needs commands without numbers."),
        Shape::Data(d, params, constructors) => {
            let mut branches = Vec::new();
            for (c, fields) in (0u32..).zip(constructors) {
                let whole = |xs: Vec<Term>| node(Node::Con(*d, c, params.clone(), xs, Vec::new()));
                branches.push(by_fields(&whole, &[], fields, under + 1, ty, made)?);
            }
            node(Node::DataElim(*d, params.clone(), motive()?, branches, var(0)))
        }
    }))
}

/// The same for a constructor with its first fields: a function of the others.
fn by_fields(
    whole: &dyn Fn(Vec<Term>) -> Term,
    given: &[Term],
    fields: &[Shape],
    under: usize,
    ty: Family<'_>,
    made: Made<'_>,
) -> Result<Term, Stop> {
    let Some((first, others)) = fields.split_first() else { return made(whole(given.to_vec()), under) };
    let own = |x: Term, depth: usize| {
        let later = (0..others.len()).rev().map(|n| var(index(n)));
        let all = given.iter().cloned().chain([lift(&x, others.len())?]).chain(later).collect();
        let end = ty(whole(all), depth + others.len())?;
        Ok(others.iter().rev().fold(end, |t, s| node(Node::Pi(type_of(s), t))))
    };
    cases(first, under, &own, &mut |x, depth| by_fields(whole, &[given, &[x]].concat(), others, depth, ty, made))
}

/// The number of each action.
///
/// # Errors
/// A command has a number as an argument.
pub fn numbers(actions: &Shape) -> Result<Term, Stop> {
    let mut n = 0;
    cases(actions, 0, &|_, _| Ok(prim(Prim::Nat)), &mut |_, _| {
        n += 1;
        Ok(number(n - 1))
    })
}

/// What holds of all actions in order holds of each action.
///
/// # Errors
/// A command has a number as an argument.
pub fn complete(actions: &Shape) -> Result<Term, Stop> {
    let mut n = 0;
    let each = cases(actions, 2, &|a, depth| Ok(call(&var(index(depth - 1)), &[a])), &mut |_, depth| {
        n += 1;
        Ok(node(Node::Fst((1..n).fold(var(index(depth - 2)), |t, _| node(Node::Snd(t))))))
    })?;
    Ok(lams(2, each))
}

/// The type of a shape.
pub fn type_of(s: &Shape) -> Term {
    match s {
        Shape::Bool => prim(Prim::Bool),
        Shape::Unit => prim(Prim::Unit),
        Shape::Empty => prim(Prim::Empty),
        Shape::Nat(_) => prim(Prim::Nat),
        Shape::Data(d, params, _) => node(Node::Data(*d, params.clone())),
    }
}
