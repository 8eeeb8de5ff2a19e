//! Both checkers on one term in two places: under definitions that are the same or not, below binders and dimensions, as an argument of a
//! variable. The kernel compares such terms without their types before it unfolds anything, and the second checker without evaluating.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
#[allow(dead_code)]
#[path = "mutants/change.rs"]
mod change;
#[path = "../crates/kernel/tests/common/mod.rs"]
mod common;

use agreement::{Count, Dice, compare};
use bfv_format::{Prim, Term};
use common::*;

/// What is drawn.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Nat,
    Bool,
    Map,
    Pair,
    Line,
    Type,
}
use Kind::{Bool, Line, Map, Nat, Pair, Type};

impl Kind {
    fn ty(self) -> Term {
        match self {
            Nat => nat(),
            Bool => boolean(),
            Map => pi(nat(), nat()),
            Pair => sigma(nat(), nat()),
            Line => line(nat()),
            Type => u(0),
        }
    }
}

/// A term whose type is not seen from it, as one whose type is.
fn named(of: Kind, t: Term) -> Term {
    named_as(&of.ty(), t)
}

fn named_as(ty: &Term, t: Term) -> Term {
    let_(ty.clone(), t, v(0))
}

fn one_of<T: Copy>(dice: &mut Dice, all: &[T]) -> T {
    all[usize::try_from(dice.roll(u32::try_from(all.len()).unwrap())).unwrap()]
}

/// A variable or a constant.
fn leaf(dice: &mut Dice, of: Kind, context: &[Kind]) -> Term {
    let known: Vec<u32> = (0..).zip(context.iter().rev()).filter(|(_, k)| **k == of).map(|(i, _)| i).collect();
    if !known.is_empty() && dice.roll(5) > 0 {
        return v(one_of(dice, &known));
    }
    match of {
        Nat => num(dice.small(3)),
        Bool => prim(one_of(dice, &[Prim::True, Prim::False])),
        Map => prim(Prim::Suc),
        Pair => named(Pair, pair(num(dice.small(2)), num(1))),
        Line => named(Line, dlam(num(dice.small(2)))),
        Type => prim(one_of(dice, &[Prim::Nat, Prim::Bool, Prim::Empty])),
    }
}

/// A term in a context, outermost first, under so many dimensions.
fn term(dice: &mut Dice, of: Kind, context: &[Kind], dims: u32, size: u32) -> Term {
    if size == 0 || dice.roll(4) == 0 {
        return leaf(dice, of, context);
    }
    let under = |more: &[Kind]| [context, more].concat();
    let here = |dice: &mut Dice, of| term(dice, of, context, dims, size - 1);
    let first = here(dice, Nat);
    match (of, dice.roll(10)) {
        (_, 0) => let_(nat(), first, term(dice, of, &under(&[Nat]), dims, size - 1)),
        (_, 1) => {
            let f = here(dice, Map);
            let_(Map.ty(), f, term(dice, of, &under(&[Map]), dims, size - 1))
        }
        (Nat | Bool | Map, 2) => {
            let [a, b] = [(); 2].map(|()| here(dice, of));
            bool_elim(of.ty(), a, b, here(dice, Bool))
        }
        (Nat | Bool | Map, 9) => {
            let zero = here(dice, of);
            let step = term(dice, of, &under(&[Nat, of]), dims, size - 1);
            nat_elim(of.ty(), zero, lam(lam(step)), first)
        }
        (Nat, 3) => fst(here(dice, Pair)),
        (Nat, 4) => snd(here(dice, Pair)),
        (Nat, 5 | 6) => {
            let end = match dice.roll(dims + 2) {
                0 => I0,
                1 => I1,
                n => d(n - 2),
            };
            lapp(here(dice, Line), end)
        }
        (Nat, 7) => suc(first),
        (Nat, 8) => op(Prim::NatAdd, &[first, here(dice, Nat)]),
        (Nat, _) => app(here(dice, Map), first),
        (Bool, _) => op(Prim::NatLtb, &[first, here(dice, Nat)]),
        (Map, _) => named(Map, lam(term(dice, Nat, &under(&[Nat]), dims, size - 1))),
        (Pair, _) => named(Pair, pair(first, here(dice, Nat))),
        (Line, _) => named(Line, dlam(term(dice, Nat, context, dims + 1, size - 1))),
        (Type, 2..=4) => path(nat(), first, here(dice, Nat)),
        (Type, 5 | 6) => sigma(nat(), term(dice, Type, &under(&[Nat]), dims, size - 1)),
        (Type, 7) => line(term(dice, Type, context, dims + 1, size - 1)),
        (Type, _) => pi(nat(), term(dice, Type, &under(&[Nat]), dims, size - 1)),
    }
}

/// What every judgement has around it: variables of each kind, below a variable P that says something of a term.
const OUTSIDE: [Kind; 8] = [Nat, Nat, Bool, Map, Map, Pair, Line, Type];

/// From P of a body under some definitions to P of it, or of another body, under definitions that may be others.
fn judgement(dice: &mut Dice) -> (Term, Term) {
    let inside: Vec<Kind> = (0..dice.roll(4)).map(|_| one_of(dice, &[Nat, Bool, Map, Pair, Line])).collect();
    let whole = [&OUTSIDE[..], &inside].concat();
    let (of, dims) = (one_of(dice, &[Nat, Bool, Map, Pair, Line, Type]), dice.roll(2));
    let size = 1 + dice.roll(4);
    let body = term(dice, of, &whole, dims, size);
    let other = match dice.roll(4) {
        0 => term(dice, of, &whole, dims, 2),
        1 | 2 => change::somewhere(&body, 2, |n| dice.roll(n)),
        _ => body.clone(),
    };
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for (k, kind) in inside.iter().enumerate() {
        let context = &whole[..OUTSIDE.len() + k];
        let value = term(dice, *kind, context, dims, 2);
        two.push(if dice.roll(2) == 0 { value.clone() } else { term(dice, *kind, context, dims, 2) });
        one.push(value);
    }
    let around = |values: &[Term], body: Term| {
        inside.iter().zip(values).rev().fold(body, |body, (kind, value)| let_(kind.ty(), value.clone(), body))
    };
    let level = u32::from(of == Type);
    let about = |t| app(v(u32::try_from(OUTSIDE.len()).unwrap()), t);
    // The constants are arrows between types of each universe. The two places may be two ends of a line.
    let ends = [dice.roll(2), dice.roll(2)].map(|end| if end == 0 { I0 } else { I1 });
    let mut statement = if dims > 0 && dice.roll(2) == 0 {
        let along = named_as(&line(u(level)), dlam(about(around(&one, body))));
        let [from, to] = ends.map(|end| lapp(along.clone(), end));
        app(app(c(level), from), to)
    } else {
        app(app(c(level), about(around(&one, body))), about(around(&two, other)))
    };
    let mut evidence = lam(v(0));
    for _ in 0..dims {
        (statement, evidence) = (line(statement), dlam(evidence));
    }
    let says = [pi(of.ty(), u(level))];
    for ty in says.into_iter().chain(OUTSIDE.map(Kind::ty)).rev() {
        (statement, evidence) = (pi(ty, statement), lam(evidence));
    }
    (statement, evidence)
}

#[test]
fn one_term_in_two_places() {
    big(|| {
        let arrow = |n| def(pi(u(n), pi(u(n), u(n))), lam(lam(pi(v(1), v(1)))));
        let s = signature(vec![arrow(0), arrow(1)]);
        let mut count = Count::default();
        for seed in 0..12_000 {
            let (statement, evidence) = judgement(&mut Dice(seed));
            compare(seed, &s, statement, evidence, &mut count);
        }
        println!("Figures: {count:?}");
        // Both answers are frequent, so a comparison that says yes or no too often is noticed.
        assert!(count.accepted > 3_000 && count.refused > 3_000 && count.unknown == 0, "{count:?}");
    });
}
