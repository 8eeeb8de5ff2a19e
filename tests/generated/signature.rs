//! What generated terms may use: data types with and without parameters, recursion and path constructors, constants, an axiom.

use crate::common::*;
use bfv_format::{DataRef, Decl, Node, Prim, Term};

pub const LIST: u32 = 0;
pub const CIRCLE: u32 = 1;
pub const TORUS: u32 = 2;
pub const TRUNCATION: u32 = 3;
pub const SUSPENSION: u32 = 4;
pub const TREE: u32 = 5;
/// A type in a box, with an element of it.
pub const BOX: u32 = 6;
pub const IDENTITY: u32 = 7;
/// `Equiv T A`.
pub const EQUIV: u32 = 8;
pub const NOT: u32 = 9;
/// The identity as an equivalence.
pub const SAME: u32 = 10;
pub const DOUBLE: u32 = 11;
pub const TWO: u32 = 12;
/// A natural number of which nothing is known.
pub const SOME: u32 = 13;
/// The lowest universe.
pub const TYPES: u32 = 14;
pub const ARROW: u32 = 15;

thread_local! {
    static ALL: Vec<Decl> = all();
}

/// The declarations at these positions.
pub fn declarations() -> Vec<Decl> {
    ALL.with(Clone::clone)
}

/// The position of a declaration after them.
pub fn next() -> u32 {
    ALL.with(|all| u32::try_from(all.len()).unwrap())
}

fn all() -> Vec<Decl> {
    let at = |r| con_at(TORUS, 1, vec![], vec![], vec![r]);
    let other = |r| con_at(TORUS, 2, vec![], vec![], vec![r]);
    let corner = || con(TORUS, 0, vec![], vec![]);
    let ends = || vec![part(d(0), I0, corner()), part(d(0), I1, corner())];
    let square = vec![
        part(d(1), I0, other(d(0))),
        part(d(1), I1, other(d(0))),
        part(d(0), I0, at(d(1))),
        part(d(0), I1, at(d(1))),
    ];
    let pole = |k| con(SUSPENSION, k, vec![v(1)], vec![]);
    let meridian = vec![part(d(0), I0, pole(0)), part(d(0), I1, pole(1))];
    let poles = vec![point(vec![]), point(vec![]), path_con(vec![v(0)], 1, meridian)];
    let equiv = |a: Term, b: Term| app(app(c(EQUIV), a), b);
    vec![
        data(vec![u(0)], 0, vec![vec![], vec![v(0), data_at(LIST, vec![v(1)])]]),
        circle(CIRCLE),
        path_data(
            vec![],
            0,
            vec![point(vec![]), path_con(vec![], 1, ends()), path_con(vec![], 1, ends()), path_con(vec![], 2, square)],
        ),
        truncation(TRUNCATION),
        path_data(vec![u(0)], 0, poles),
        data(vec![], 0, vec![vec![], vec![pi(nat(), data_at(TREE, vec![]))]]),
        data(vec![], 1, vec![vec![u(0), v(0)]]),
        def(pi(u(0), pi(v(0), v(1))), lam(lam(v(0)))),
        def(pi(u(0), pi(u(0), u(0))), lam(lam(equiv_between(1, 0)))),
        def(equiv(boolean(), boolean()), not_equiv()),
        def(pi(u(0), equiv(v(0), v(0))), lam(id_equiv())),
        def(pi(nat(), nat()), lam(op(Prim::NatAdd, &[v(0), v(0)]))),
        theorem(nat(), num(2)),
        axiom("given", nat()),
        def(u(1), u(0)),
        def(pi(u(0), pi(u(0), u(0))), lam(lam(pi(v(1), v(1))))),
    ]
}

/// Whether displacement means something for a data type.
pub fn displaced(id: u32) -> bool {
    matches!(id, LIST | TRUNCATION | SUSPENSION | BOX)
}

pub fn data_with(id: u32, shift: u32, params: Vec<Term>) -> Term {
    t(Node::Data(DataRef { id, shift }, params))
}
