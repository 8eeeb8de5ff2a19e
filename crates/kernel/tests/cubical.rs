//! Attempts to prove what is false with path constructors and displaced data, and what must be refused
//! of them by its own reason (T15, T20, T26 to T31, T47). `tests/checkers.rs` puts every judgement to the second checker too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod both;
/// The kernel alone; `tests/checkers.rs` compiles this file again and gives every judgement to the second checker too.
#[allow(dead_code)]
fn second(_: &bfv_format::Stored, _: Option<&str>) {}
use bfv_format::{Cof, DataRef, Decl, Dim, GlueFace, Node, Part, Prim, Term};
use bfv_kernel::{Limits, Signature};
use both::*;

const END: &str = "wrong path endpoint";
const MISMATCH: &str = "type mismatch";
const PART: &str = "part disagrees with base";
const FACES: &str = "faces disagree";
const BOUNDARY: &str = "boundary not of constructors";
const BRANCH: &str = "boundary disagrees";
const UNIVERSE: &str = "universe too small";

fn none() -> Signature {
    signature(vec![])
}
fn yes() -> Term {
    prim(Prim::True)
}
fn no() -> Term {
    prim(Prim::False)
}
fn unit() -> Term {
    prim(Prim::Unit)
}
fn star() -> Term {
    prim(Prim::Star)
}
fn faces_of_not(i: Dim) -> Vec<GlueFace> {
    vec![glued(i, I0, boolean(), not_equiv()), glued(i, I1, boolean(), id_equiv())]
}
/// The path of types that negation gives, at i.
fn ua(i: Dim) -> Term {
    glue(boolean(), faces_of_not(i))
}

/// Transport along negation negates, forth and back, and true is still not false (T15).
#[test]
fn t15_transport_moves_and_does_not_identify() {
    let moved = |x: Term| coe(I0, I1, ua(d(0)), x);
    let back = |x: Term| coe(I1, I0, ua(d(0)), x);
    let same = |a: Term, b: Term| accepts(&none(), path(boolean(), a, b.clone()), refl(b));
    let apart = |a: Term, b: Term| rejects(&none(), path(boolean(), a, b.clone()), refl(b), END);
    same(moved(yes()), no());
    same(back(yes()), no());
    same(moved(moved(yes())), yes());
    same(back(moved(no())), no());
    apart(moved(yes()), yes());
    apart(back(no()), no());
    apart(moved(back(yes())), no());
    // A path over the line from true to false, and none from true to true, nor one in Bool.
    let over = |l: Term, r: Term| t(Node::Path(ua(d(0)), l, r));
    let el = |b: Term, l: Term, r: Term| dlam(glue_el(b, vec![part(d(0), I0, l), part(d(0), I1, r)]));
    accepts(&none(), over(yes(), no()), el(no(), yes(), no()));
    rejects(&none(), over(yes(), yes()), el(yes(), yes(), yes()), PART);
    rejects(&none(), over(yes(), yes()), el(no(), yes(), no()), END);
    rejects(&none(), over(yes(), no()), dlam(yes()), MISMATCH);
    rejects(&none(), path(boolean(), yes(), no()), el(no(), yes(), no()), MISMATCH);
    // What lies below an element of the line is constant where the element is not.
    let below = |i: Dim| {
        let g = glue_el(no(), vec![part(i, I0, yes()), part(i, I1, no())]);
        unglue(boolean(), faces_of_not(i), g)
    };
    accepts(&none(), path(boolean(), no(), no()), dlam(below(d(0))));
    rejects(&none(), path(boolean(), yes(), no()), dlam(below(d(0))), END);
}

/// A boundary lies at ends of dimensions, one equation each.
#[test]
fn t27_a_boundary_lies_at_ends_of_dimensions() {
    let base = || con(0, 0, vec![], vec![]);
    let at = |dims, cof: Cof| {
        path_data(vec![], 0, vec![point(vec![]), path_con(vec![], dims, vec![Part { cof, body: base() }])])
    };
    refuses(&mut none(), at(2, vec![]), BOUNDARY);
    refuses(&mut none(), at(2, vec![(I0, I0)]), BOUNDARY);
    refuses(&mut none(), at(2, vec![(I0, I1)]), BOUNDARY);
    refuses(&mut none(), at(2, vec![(d(0), d(1))]), BOUNDARY);
    refuses(&mut none(), at(2, vec![(I0, d(0))]), BOUNDARY);
    refuses(&mut none(), at(2, vec![(d(0), I0), (d(1), I0)]), BOUNDARY);
    refuses(&mut none(), at(2, vec![(d(2), I0)]), "dimension out of scope");
    signature(vec![at(2, vec![(d(1), I0)])]);
    // A constructor without dimensions has no boundary.
    refuses(&mut none(), at(0, vec![]), BOUNDARY);
    refuses(&mut none(), at(0, vec![(d(0), I0)]), "dimension out of scope");
    refuses(&mut none(), at(0, vec![(I0, I0)]), BOUNDARY);
}

/// A declaration of a few bytes that asks for billions of dimensions is refused before they are made.
#[test]
fn dimensions_are_paid_for() {
    let many = |boundary| path_data(vec![], 0, vec![point(vec![]), path_con(vec![], u32::MAX, boundary)]);
    let refused = |decl: Decl| none().add(decl, Limits::default()).unwrap_err().reason;
    assert_eq!(refused(many(vec![part(d(0), I0, con(0, 0, vec![], vec![]))])), "budget");
    assert_eq!(refused(many(vec![])), "budget");
}

/// The circle: its loop is no reflexivity, its ends are the base, and a function on it respects them (T26).
#[test]
fn t26_branches_respect_boundaries() {
    let s = signature(vec![circle(0)]);
    let me = || data_at(0, vec![]);
    let base = || con(0, 0, vec![], vec![]);
    let turn = |i| con_at(0, 1, vec![], vec![], vec![i]);
    let ends = path(me(), base(), base());
    accepts(&s, ends.clone(), dlam(turn(d(0))));
    rejects(&s, path(ends.clone(), dlam(turn(d(0))), dlam(base())), refl(dlam(base())), END);
    rejects(&s, path(ends.clone(), dlam(base()), dlam(turn(d(0)))), refl(dlam(turn(d(0)))), END);
    let go = |m: Term, a: Term, b: Term| lam(data_elim(0, vec![], m, vec![a, b], v(0)));
    let into = |m: Term| pi(me(), m);
    accepts(&s, into(boolean()), go(boolean(), yes(), dlam(yes())));
    rejects(&s, into(boolean()), go(boolean(), yes(), dlam(no())), BRANCH);
    let mixed = |i| hcom(I0, I1, boolean(), vec![face(i, I0, yes())], yes());
    accepts(&s, into(boolean()), go(boolean(), yes(), dlam(mixed(d(0)))));
    // A branch at one end only, at the other end only.
    let p = pi(u(0), pi(v(0), pi(v(1), pi(path(v(2), v(1), v(0)), pi(me(), v(4))))));
    let from = |x: u32| {
        let b = dlam(papp(v(1), v(3), v(2), d(0)));
        lam(lam(lam(lam(lam(data_elim(0, vec![], v(5), vec![v(x), b], v(0)))))))
    };
    rejects(&s, p.clone(), from(3), BRANCH);
    rejects(&s, p, from(2), BRANCH);
    // Too few branches, the loop forgotten, no line where one is needed.
    rejects(&s, into(nat()), lam(data_elim(0, vec![], nat(), vec![num(0)], v(0))), "wrong number of arguments");
    rejects(&s, into(nat()), go(nat(), num(0), num(0)), MISMATCH);
    rejects(&s, me(), con_at(0, 1, vec![], vec![], vec![]), "wrong number of arguments");
    rejects(&s, me(), con_at(0, 0, vec![], vec![], vec![I0]), "wrong number of arguments");
    rejects(&s, me(), con_at(0, 1, vec![], vec![], vec![d(0)]), "dimension out of scope");
    // Encode, decode: the base of a double cover tells the two apart, so the loop is not trivial; were it, true would be false.
    let cover = |x: Term| data_elim(0, vec![], u(0), vec![boolean(), dlam(ua(d(0)))], x);
    let along = |q: Term| coe(I0, I1, cover(papp(q, base(), base(), d(0))), yes());
    let loop_ = || let_(ends.clone(), dlam(turn(d(0))), v(0));
    accepts(&s, path(boolean(), along(loop_()), no()), refl(no()));
    rejects(&s, path(boolean(), along(loop_()), yes()), refl(yes()), END);
    // A composite of no sides is a point of the circle and not its base.
    let composed = hcom(I0, I1, me(), vec![], base());
    rejects(&s, path(me(), composed.clone(), base()), refl(base()), END);
    accepts(
        &s,
        path(boolean(), data_elim(0, vec![], boolean(), vec![yes(), dlam(yes())], composed), yes()),
        refl(yes()),
    );
}

/// What a boundary is made of (T27): not of itself, of later constructors, of functions on the type, of things outside.
#[test]
fn t27_boundaries_speak_of_earlier_constructors_only() {
    let me = || data_at(0, vec![]);
    let base = || con(0, 0, vec![], vec![]);
    let with = |fields: Vec<Term>, body: Term| {
        path_data(vec![], 0, vec![point(vec![]), path_con(fields, 1, vec![part(d(0), I0, body)])])
    };
    let itself = con_at(0, 1, vec![], vec![], vec![I1]);
    refuses(&mut none(), with(vec![], itself), BOUNDARY);
    let later =
        path_data(vec![], 0, vec![path_con(vec![], 1, vec![part(d(0), I0, con(0, 1, vec![], vec![]))]), point(vec![])]);
    refuses(&mut none(), later, BOUNDARY);
    // The eliminator of the type on its own boundary: `x` goes to what it was not.
    refuses(&mut none(), with(vec![me()], data_elim(0, vec![], me(), vec![base(), v(0)], v(0))), BOUNDARY);
    refuses(&mut none(), with(vec![me()], let_(me(), v(0), v(0))), BOUNDARY);
    refuses(&mut none(), with(vec![me()], hcom(I0, I1, me(), vec![], v(0))), BOUNDARY);
    refuses(&mut none(), with(vec![me()], coe(I0, I1, me(), v(0))), BOUNDARY);
    refuses(&mut none(), with(vec![nat()], v(0)), BOUNDARY);
    refuses(&mut none(), with(vec![pi(nat(), me())], app(v(0), yes())), MISMATCH);
    refuses(&mut none(), with(vec![], num(0)), BOUNDARY);
    refuses(&mut none(), with(vec![], v(0)), BOUNDARY);
    signature(vec![with(vec![pi(nat(), me())], app(v(0), num(0)))]);
    // An argument in which the type occurs.
    let hidden = let_(me(), base(), num(0));
    refuses(&mut none(), with(vec![pi(nat(), me())], app(v(0), hidden)), BOUNDARY);
    // Positivity is as for points, in path constructors too (T4).
    let negative = path_con(vec![pi(me(), empty())], 1, vec![]);
    refuses(&mut none(), path_data(vec![], 0, vec![point(vec![]), negative]), "not strictly positive");
    // Other parameters than those of the type.
    let ends = vec![part(d(0), I0, con(0, 0, vec![nat()], vec![num(0)]))];
    let other = path_data(vec![u(0)], 0, vec![point(vec![v(0)]), path_con(vec![], 1, ends)]);
    refuses(&mut none(), other, BOUNDARY);
    // Two faces that meet must agree (T10).
    let corner = vec![part(d(1), I0, con(0, 0, vec![], vec![])), part(d(0), I0, con(0, 1, vec![], vec![]))];
    refuses(&mut none(), path_data(vec![], 0, vec![point(vec![]), point(vec![]), path_con(vec![], 2, corner)]), FACES);
    // The field of a path constructor counts for the level (T3, Coq-HoTT 565).
    refuses(&mut none(), path_data(vec![], 0, vec![path_con(vec![u(0)], 1, vec![])]), UNIVERSE);
    signature(vec![path_data(vec![], 1, vec![path_con(vec![u(0)], 1, vec![])])]);
}

/// Out of a truncation come only elements of propositions (T28, agda 8557).
#[test]
fn t28_a_truncation_hides() {
    let s = signature(vec![truncation(0)]);
    let some = |a: Term| data_at(0, vec![a]);
    let elim = |m: Term, point: Term, squash: Term, x: Term| data_elim(0, vec![boolean()], m, vec![point, squash], x);
    // Fields x y, hypotheses hx hy, then a line.
    let fake = |k: u32| lam(lam(lam(lam(dlam(v(k))))));
    let get = |m: Term, point: Term, squash: Term| lam(elim(m, point, squash, v(0)));
    let into = |m: Term| pi(some(boolean()), m);
    for k in [0, 1] {
        rejects(&s, into(boolean()), get(boolean(), lam(v(0)), fake(k)), BRANCH);
        // A large elimination: the type Bool at true and Empty at false.
        let choose = lam(bool_elim(u(0), boolean(), empty(), v(0)));
        rejects(&s, into(u(0)), get(u(0), choose, fake(k)), BRANCH);
        // Even where both points have the same image: the hypotheses are variables.
        rejects(&s, into(boolean()), get(boolean(), lam(yes()), fake(k)), BRANCH);
    }
    accepts(&s, into(unit()), get(unit(), lam(star()), fake(0)));
    // The family may depend on the point; a choice of one of two truncated things is none.
    let both = sigma(boolean(), path(some(boolean()), con(0, 0, vec![boolean()], vec![v(0)]), v(1)));
    let section = lam(elim(both.clone(), lam(pair(v(0), dlam(con(0, 0, vec![boolean()], vec![v(0)])))), fake(0), v(0)));
    rejects(&s, pi(some(boolean()), both), section, MISMATCH);
    // The constructor is no embedding: |true| and |false| are equal by a path, and not by computation.
    let at = |x: Term| con(0, 0, vec![boolean()], vec![x]);
    let squash = |i| con_at(0, 1, vec![boolean()], vec![at(yes()), at(no())], vec![i]);
    accepts(&s, path(some(boolean()), at(yes()), at(no())), dlam(squash(d(0))));
    rejects(&s, path(some(boolean()), at(yes()), at(no())), dlam(at(yes())), END);
}

/// `all i. phi` is false where phi speaks of i, and not what phi is at an end (T20, agda 5886).
#[test]
fn t20_for_all_is_not_at_zero() {
    // Along i, with faces at i = 0 and at j = 0: at j = 0 the whole line is that of the face, elsewhere it starts and ends in Bool.
    let line_of = |i: Dim, j: Dim| {
        glue(boolean(), vec![glued(j, I0, boolean(), not_equiv()), glued(i, I0, boolean(), not_equiv())])
    };
    let moved = |j: Dim| {
        coe(
            I0,
            I1,
            line_of(
                d(0),
                match j {
                    Dim::Var(n) => d(n + 1),
                    end => end,
                },
            ),
            yes(),
        )
    };
    // At j = 0 the type is Bool all along, and coe there the identity.
    accepts(&none(), path(boolean(), moved(I0), yes()), refl(yes()));
    rejects(&none(), path(boolean(), moved(I0), no()), refl(no()), END);
    // At j = 1 it leaves the face: the element is unglued.
    let there = || glue(boolean(), vec![]);
    accepts(&none(), path(there(), moved(I1), moved(I1)), refl(moved(I1)));
    accepts(&none(), path(boolean(), unglue(boolean(), vec![], moved(I1)), no()), refl(no()));
    rejects(&none(), path(boolean(), unglue(boolean(), vec![], moved(I1)), yes()), refl(yes()), END);
    // The square of all j has these two sides.
    let over = |r: Term| t(Node::Path(line_of(I1, d(0)), yes(), r));
    accepts(&none(), over(moved(I1)), dlam(moved(d(0))));
    let wrong = t(Node::Path(line_of(I1, d(0)), no(), moved(I1)));
    rejects(&none(), wrong, dlam(moved(d(0))), END);
    // From an end to a variable and back.
    let part_way = |r| coe(I0, r, ua(d(0)), yes());
    accepts(&none(), t(Node::Path(ua(d(0)), yes(), no())), dlam(part_way(d(0))));
    rejects(&none(), t(Node::Path(ua(d(0)), yes(), yes())), dlam(part_way(d(0))), END);
}

/// Displaced data: as large as it is said to be, and the same type only where no universe occurs (T47).
#[test]
fn t47_displaced_path_constructors() {
    let at = |id, shift, ps: Vec<Term>| t(Node::Data(DataRef { id, shift }, ps));
    let of =
        |id, shift, c, ps: Vec<Term>, xs: Vec<Term>, rs: Vec<Dim>| t(Node::Con(DataRef { id, shift }, c, ps, xs, rs));
    let s = signature(vec![truncation(0), circle(1)]);
    // Truncation has a parameter of universe 0; raised it has one of universe 1.
    accepts(&s, u(1), at(0, 1, vec![u(0)]));
    rejects(&s, u(0), at(0, 1, vec![nat()]), UNIVERSE);
    rejects(&s, u(0), at(0, 0, vec![u(0)]), UNIVERSE);
    accepts(&s, at(0, 1, vec![u(0)]), of(0, 1, 0, vec![u(0)], vec![nat()], vec![]));
    rejects(&s, at(0, 1, vec![nat()]), of(0, 0, 0, vec![nat()], vec![num(0)], vec![]), MISMATCH);
    rejects(&s, at(0, 0, vec![nat()]), of(0, 1, 0, vec![nat()], vec![num(0)], vec![]), MISMATCH);
    let squash = |n, m| {
        let point = |k, x| of(0, k, 0, vec![nat()], vec![num(x)], vec![]);
        of(0, n, 1, vec![nat()], vec![point(m, 0), point(m, 1)], vec![d(0)])
    };
    accepts(&s, line(at(0, 1, vec![nat()])), dlam(squash(1, 1)));
    rejects(&s, line(at(0, 1, vec![nat()])), dlam(squash(1, 0)), MISMATCH);
    let elim = |k| {
        let go = t(Node::DataElim(
            DataRef { id: 0, shift: k },
            vec![nat()],
            unit(),
            vec![lam(star()), lam(lam(lam(lam(dlam(star())))))],
            v(0),
        ));
        lam(go)
    };
    accepts(&s, pi(at(0, 1, vec![nat()]), unit()), elim(1));
    rejects(&s, pi(at(0, 1, vec![nat()]), unit()), elim(0), MISMATCH);
    // The circle has no universe in it: it is the same circle at every displacement.
    accepts(&s, path(u(0), at(1, 3, vec![]), at(1, 0, vec![])), refl(at(1, 0, vec![])));
    accepts(&s, at(1, 7, vec![]), of(1, 0, 0, vec![], vec![], vec![]));
    // A boundary is raised with its constructor: A : U 0, and a point for each type in U 0.
    let types = path_data(
        vec![],
        1,
        vec![point(vec![u(0)]), path_con(vec![], 1, vec![part(d(0), I0, con(0, 0, vec![], vec![nat()]))])],
    );
    let s = signature(vec![types]);
    let end =
        |k, m| path(at(0, k, vec![]), of(0, k, 1, vec![], vec![], vec![I0]), of(0, m, 0, vec![], vec![nat()], vec![]));
    accepts(&s, end(1, 1), refl(of(0, 1, 0, vec![], vec![nat()], vec![])));
    rejects(&s, end(1, 0), refl(of(0, 1, 0, vec![], vec![nat()], vec![])), MISMATCH);
    rejects(&s, u(1), at(0, 1, vec![]), UNIVERSE);
    rejects(&s, at(0, 0, vec![]), of(0, 0, 0, vec![], vec![u(0)], vec![]), UNIVERSE);
    accepts(&s, at(0, 1, vec![]), of(0, 1, 0, vec![], vec![u(0)], vec![]));
}

/// A path constructor is coerced as a composite, whose sides lead from its boundary here to its boundary there (T31, redtt 279).
#[test]
fn t31_direction_of_coe_at_path_constructors() {
    let susp = || {
        let pole = |k: u32, of: u32| con(0, k, vec![v(of)], vec![]);
        path_data(
            vec![u(0)],
            0,
            vec![
                point(vec![]),
                point(vec![]),
                path_con(vec![v(0)], 1, vec![part(d(0), I0, pole(0, 1)), part(d(0), I1, pole(1, 1))]),
            ],
        )
    };
    let s = signature(vec![susp(), truncation(1)]);
    // l : I -> U 0, a : l 0; then j.
    let ctx = |ty: Term| pi(line(u(0)), pi(lapp(v(0), I0), ty));
    let go = |x: Term| lam(lam(x));
    let at = |r: Dim| lapp(v(1), r);
    let merid = |r: Dim, x: Term, j: Dim| con_at(0, 2, vec![at(r)], vec![x], vec![j]);
    let pole = |k: u32, r: Dim| con(0, k, vec![at(r)], vec![]);
    let moved = |j: Dim| coe(I0, I1, data_at(0, vec![at(d(0))]), merid(I0, v(0), j));
    let image = || coe(I0, I1, at(d(0)), v(0));
    let composed = |from: Dim, to: Dim| {
        hcom(
            from,
            to,
            data_at(0, vec![at(I1)]),
            vec![face(d(0), I0, pole(0, I1)), face(d(0), I1, pole(1, I1))],
            merid(I1, image(), d(0)),
        )
    };
    let ty = || line(data_at(0, vec![at(I1)]));
    accepts(&s, ctx(path(ty(), dlam(moved(d(0))), dlam(composed(I1, I0)))), go(refl(dlam(composed(I1, I0)))));
    rejects(&s, ctx(path(ty(), dlam(moved(d(0))), dlam(composed(I0, I1)))), go(refl(dlam(composed(I0, I1)))), END);
    rejects(&s, ctx(path(ty(), dlam(moved(d(0))), dlam(merid(I1, image(), d(0))))), go(refl(dlam(moved(d(0))))), END);
    accepts(&s, ctx(path(data_at(0, vec![at(I1)]), moved(I0), pole(0, I1))), go(refl(pole(0, I1))));
    // The truncation, whose boundary is its fields: they are carried, and their ends with them.
    let some = |r: Dim| data_at(1, vec![at(r)]);
    let ctx = |ty: Term| pi(line(u(0)), pi(data_at(1, vec![lapp(v(0), I0)]), ty));
    let squash = |r: Dim, x: Term, j: Dim| con_at(1, 1, vec![at(r)], vec![x.clone(), x], vec![j]);
    let carried = |from: Dim, to: Dim| coe(from, to, some(d(0)), v(0));
    let moved = |j: Dim| coe(I0, I1, some(d(0)), squash(I0, v(0), j));
    accepts(&s, ctx(path(some(I1), moved(I0), carried(I0, I1))), go(refl(carried(I0, I1))));
    accepts(&s, ctx(path(some(I1), carried(I0, I1), carried(I0, I1))), go(dlam(moved(d(0)))));
    rejects(
        &s,
        ctx(path(line(some(I1)), dlam(moved(d(0))), dlam(squash(I1, carried(I0, I1), d(0))))),
        go(refl(dlam(moved(d(0))))),
        END,
    );
    // Along a constant line nothing is dropped either (T11).
    let fixed = |j: Dim| con_at(0, 2, vec![v(1)], vec![v(0)], vec![j]);
    let there = coe(I0, I1, data_at(0, vec![v(1)]), fixed(d(0)));
    let same = pi(u(0), pi(v(0), path(line(data_at(0, vec![v(1)])), dlam(there.clone()), dlam(fixed(d(0))))));
    rejects(&s, same, lam(lam(refl(dlam(there)))), END);
}
