//! Attempts to prove what is false with Glue types, path constructors, compositions of types and displaced data, and what must be refused
//! of them by its own reason (T18 to T31, T47). `tests/checkers.rs` puts every judgement to the second checker too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod both;
/// The kernel alone; `tests/checkers.rs` compiles this file again and gives every judgement to the second checker too.
#[allow(dead_code)]
fn second(_: &bfv_format::Stored, _: Option<&str>) {}
use bfv_format::{Cof, DataRef, Decl, Dim, Face, GlueFace, Node, Part, Prim, Term};
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

/// What a side is where its face does not hold is nobody's business: there it may compute to something of another type.
#[test]
fn a_side_computes_under_its_face_only() {
    // i |- if (coe 0 i ua(not) true) then 3 else 3, a number where i is 0; elsewhere the condition is glued.
    let side = bool_elim(nat(), num(3), num(3), coe(I0, d(1), ua(d(0)), yes()));
    let composed = hcom(I0, I1, nat(), vec![face(d(0), I0, side)], num(3));
    accepts(&none(), path(line(nat()), dlam(composed.clone()), dlam(num(3))), refl(dlam(num(3))));
    rejects(&none(), path(line(nat()), dlam(composed), dlam(num(4))), refl(dlam(num(4))), END);
    // What stands under a face that is false there is not even looked at: i = 1 under i = 0, with a variable that nobody binds.
    let hidden = hcom(I0, I1, nat(), vec![face(d(1), I1, app(yes(), yes()))], num(3));
    let composed = hcom(I0, I1, nat(), vec![face(d(0), I0, hidden)], num(3));
    accepts(&none(), path(line(nat()), dlam(composed), dlam(num(3))), refl(dlam(num(3))));
    // The same for the type and for the part of a glued element.
    let line_of = |i: Dim| glue(boolean(), vec![glued(i, I0, boolean(), not_equiv())]);
    let el = |i: Dim, x: Term| glue_el(no(), vec![part(i, I0, bool_elim(boolean(), x, yes(), yes()))]);
    accepts(&none(), line(line_of(d(0))), dlam(el(d(0), yes())));
    rejects(&none(), line(line_of(d(0))), dlam(el(d(0), no())), PART);
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

/// What is no equivalence is not glued along (T22).
#[test]
fn t22_bogus_equivalences() {
    let with = |e: Term| glue(boolean(), vec![glued(d(0), I0, boolean(), e)]);
    let line_of = |e: Term| dlam(with(e));
    let id = || lam(v(0));
    let constant = || lam(yes());
    let refls = || lam(dlam(v(0)));
    accepts(&none(), line(u(0)), line_of(id_equiv()));
    accepts(&none(), line(u(0)), line_of(not_equiv()));
    // The constant map; an inverse that is none; homotopies that are none; a coherence that is none.
    rejects(&none(), line(u(0)), line_of(five(constant(), id(), refls(), refls(), lam(refl(refl(v(0)))))), END);
    rejects(&none(), line(u(0)), line_of(five(lam(negation(v(0))), id(), refls(), refls(), id())), END);
    rejects(&none(), line(u(0)), line_of(five(id(), constant(), refls(), refls(), id())), END);
    rejects(&none(), line(u(0)), line_of(five(id(), id(), refls(), lam(dlam(yes())), id())), END);
    rejects(&none(), line(u(0)), line_of(five(id(), id(), refls(), refls(), lam(refl(refl(yes()))))), END);
    rejects(&none(), line(u(0)), line_of(pair(id(), pair(id(), pair(refls(), refls())))), MISMATCH);
    rejects(&none(), line(u(0)), line_of(id()), MISMATCH);
    // From Unit to Bool and back: sizes differ.
    let small =
        glue(boolean(), vec![glued(d(0), I0, unit(), five(constant(), lam(star()), lam(dlam(star())), refls(), id()))]);
    rejects(&none(), line(u(0)), dlam(small), END);
    let large =
        glue(unit(), vec![glued(d(0), I0, boolean(), five(lam(star()), constant(), refls(), lam(dlam(star())), id()))]);
    rejects(&none(), line(u(0)), dlam(large), END);
    // An equivalence between other types, and one the wrong way round.
    let p = || pi(u(0), pi(u(0), pi(equiv_between(0, 1), line(u(0)))));
    let of = |base: u32, ty: u32| lam(lam(lam(dlam(glue(v(base), vec![glued(d(0), I0, v(ty), v(0))])))));
    accepts(&none(), p(), of(2, 1));
    rejects(&none(), p(), of(1, 2), MISMATCH);
    rejects(&none(), p(), of(2, 2), MISMATCH);
    // The same must hold where the type is only mentioned: in unglue, in an element, in a composition.
    let bogus = || five(constant(), id(), refls(), refls(), lam(refl(refl(v(0)))));
    let g = || vec![glued(d(0), I0, boolean(), bogus())];
    rejects(&none(), line(boolean()), dlam(unglue(boolean(), g(), yes())), END);
    rejects(&none(), line(u(0)), dlam(hcom(I0, I1, u(0), vec![face(d(0), I1, boolean())], glue(boolean(), g()))), END);
    // A homotopy of f that belongs to another map under the same face.
    let f = || lam(negation(v(0)));
    rejects(
        &none(),
        line(u(0)),
        line_of(five(f(), f(), lam(negated_twice(v(0))), lam(negated_twice(v(0))), lam(refl(refl(v(0)))))),
        END,
    );
    // Two faces that meet with different equivalences, with different types.
    let two = |a: Term, b: Term| {
        dlam(dlam(glue(boolean(), vec![glued(d(0), I0, boolean(), a), glued(d(1), I0, boolean(), b)])))
    };
    accepts(&none(), line(line(u(0))), two(not_equiv(), not_equiv()));
    rejects(&none(), line(line(u(0))), two(not_equiv(), id_equiv()), FACES);
    rejects(&none(), line(line(u(0))), two(id_equiv(), not_equiv()), FACES);
}

/// A glued element lies over its base in every part, and has its parts where its type has its faces (T23).
#[test]
fn t23_parts_lie_over_the_base() {
    let ty = |faces: Vec<GlueFace>| line(line(glue(boolean(), faces)));
    let el = |b: Term, parts: Vec<Part>| dlam(dlam(glue_el(b, parts)));
    let (i, j) = (d(0), d(1));
    let one = || vec![glued(i, I0, boolean(), not_equiv())];
    accepts(&none(), ty(one()), el(no(), vec![part(i, I0, yes())]));
    rejects(&none(), ty(one()), el(yes(), vec![part(i, I0, yes())]), PART);
    rejects(&none(), ty(one()), el(no(), vec![part(i, I1, yes())]), PART);
    rejects(&none(), ty(one()), el(no(), vec![part(j, I0, yes())]), PART);
    rejects(&none(), ty(one()), el(no(), vec![]), PART);
    rejects(&none(), ty(one()), el(no(), vec![part(i, I0, yes()), part(j, I0, yes())]), PART);
    rejects(&none(), ty(one()), el(no(), vec![part(i, I0, yes()), part(i, I0, yes())]), PART);
    rejects(&none(), ty(one()), el(no(), vec![part(i, I0, star())]), MISMATCH);
    rejects(&none(), ty(one()), el(star(), vec![part(i, I0, yes())]), MISMATCH);
    // The same face otherwise written, and a false one that counts on neither side.
    accepts(&none(), ty(one()), el(no(), vec![part(I0, i, yes())]));
    accepts(&none(), ty(one()), el(no(), vec![part(I0, I1, star()), part(i, I0, yes())]));
    let diagonal = vec![glued(i, j, boolean(), not_equiv())];
    accepts(&none(), ty(diagonal), el(no(), vec![part(j, i, yes())]));
    // Two parts, in the order of the faces.
    let two = vec![glued(i, I0, boolean(), not_equiv()), glued(j, I0, boolean(), not_equiv())];
    accepts(&none(), ty(two.clone()), el(no(), vec![part(i, I0, yes()), part(j, I0, yes())]));
    rejects(&none(), ty(two.clone()), el(no(), vec![part(j, I0, yes()), part(i, I0, yes())]), PART);
    rejects(&none(), ty(two), el(no(), vec![part(i, I0, yes()), part(j, I0, star())]), MISMATCH);
    // A true face: the type is T, and its elements are written as such; a Glue below it is another type.
    let open = |e: Term| glue(boolean(), vec![glued(I0, I0, boolean(), e)]);
    accepts(&none(), open(not_equiv()), yes());
    rejects(&none(), open(not_equiv()), glue_el(no(), vec![part(I0, I0, yes())]), MISMATCH);
    accepts(&none(), path(u(0), open(not_equiv()), boolean()), refl(boolean()));
    accepts(
        &none(),
        path(boolean(), unglue(boolean(), vec![glued(I0, I0, boolean(), not_equiv())], yes()), no()),
        refl(no()),
    );
    // No faces at all: glued along nothing, yet no element of the base.
    accepts(&none(), glue(boolean(), vec![]), glue_el(yes(), vec![]));
    rejects(&none(), glue(boolean(), vec![]), yes(), MISMATCH);
    rejects(&none(), boolean(), glue_el(yes(), vec![]), MISMATCH);
    rejects(&none(), path(u(0), glue(boolean(), vec![]), boolean()), refl(boolean()), END);
    rejects(&none(), boolean(), let_(boolean(), glue_el(yes(), vec![]), v(0)), MISMATCH);
    // Without its type it has none.
    rejects(&none(), boolean(), unglue(boolean(), vec![], yes()), MISMATCH);
    rejects(&none(), boolean(), fst(glue_el(yes(), vec![])), "cannot infer");
}

/// Elements with one base and different parts are different (T24, agda 4949, cubicaltt 52): all of them lie over the one of Unit.
#[test]
fn t24_glued_elements_are_compared_in_every_face() {
    // T, e : Equiv T Unit, x y : T
    let with = |ty: Term| pi(u(0), let_(u(0), unit(), pi(equiv_between(1, 0), pi(v(2), pi(v(3), ty)))));
    // In scope: T = 4, Unit = 3, e = 2, x = 1, y = 0.
    let faces = |i: Dim| vec![glued(i, I0, v(4), v(2))];
    let ty = || line(glue(v(3), faces(d(0))));
    let el = |x: u32| dlam(glue_el(star(), vec![part(d(0), I0, v(x))]));
    let go = |body: Term| lam(let_(u(0), unit(), lam(lam(lam(body)))));
    accepts(&none(), with(path(ty(), el(1), el(1))), go(refl(el(1))));
    rejects(&none(), with(path(ty(), el(1), el(0))), go(refl(el(1))), END);
    rejects(&none(), with(path(ty(), el(1), el(0))), go(refl(el(0))), END);
    // Two parts that differ where they meet, though both lie over the base.
    let square = |x: u32, y: u32| dlam(dlam(glue_el(star(), vec![part(d(0), I0, v(x)), part(d(1), I0, v(y))])));
    let corner = || line(line(glue(v(3), [faces(d(0)), faces(d(1))].concat())));
    accepts(&none(), with(corner()), go(square(1, 1)));
    rejects(&none(), with(corner()), go(square(1, 0)), FACES);
    // Below they are equal, and where the face is false, too.
    let below = |x: u32| {
        dlam(unglue(
            v(3),
            faces(d(0)),
            let_(glue(v(3), faces(d(0))), glue_el(star(), vec![part(d(0), I0, v(x))]), v(0)),
        ))
    };
    accepts(&none(), with(path(line(v(3)), below(1), below(0))), go(refl(below(1))));
    let at_one = |x: u32| let_(ty(), el(x), lapp(v(0), I1));
    let there = || glue(v(3), vec![]);
    accepts(&none(), with(path(there(), at_one(1), at_one(0))), go(refl(at_one(1))));
    // Types that differ in a face, in the equivalence there, in the base.
    let same = |a: Term, b: Term, ok: bool| {
        let (ty, el) = (path(line(u(0)), dlam(a.clone()), dlam(b)), refl(dlam(a)));
        if ok { accepts(&none(), ty, el) } else { rejects(&none(), ty, el, END) }
    };
    let of = |i, end, e: Term| glue(boolean(), vec![glued(i, end, boolean(), e)]);
    same(of(d(0), I0, not_equiv()), of(d(0), I0, not_equiv()), true);
    same(of(d(0), I0, not_equiv()), of(d(0), I0, id_equiv()), false);
    same(of(d(0), I0, not_equiv()), of(d(0), I1, not_equiv()), false);
    same(of(d(0), I0, not_equiv()), glue(boolean(), vec![]), false);
    same(of(d(0), I0, not_equiv()), boolean(), false);
    let swapped =
        |a: Term, b: Term| glue(boolean(), vec![glued(d(0), I1, boolean(), a), glued(d(0), I0, boolean(), b)]);
    same(ua(d(0)), swapped(id_equiv(), not_equiv()), true);
    same(ua(d(0)), swapped(not_equiv(), id_equiv()), false);
    let thrice = [faces_of_not(d(0)), faces_of_not(d(0)), vec![glued(I0, I1, nat(), id_equiv())]].concat();
    same(ua(d(0)), glue(boolean(), thrice), true);
}

/// Systems are compared as sets of places: neither more nor fewer places are equal, whatever their order.
#[test]
fn systems_are_sets() {
    // A, a : A, p q : a = a
    let ctx = |ty: Term| pi(u(0), pi(v(0), pi(path(v(1), v(0), v(0)), pi(path(v(2), v(1), v(1)), ty))));
    let p = |x: u32, r: Dim| papp(v(x), v(2), v(2), r);
    // Under i (2 in a side), j (1 in a side); the dimension of a side is 0.
    let comp = |faces: Vec<(Cof, u32)>| {
        let faces =
            faces.into_iter().map(|(cof, x)| Face { cof, body: if x == 2 { v(2) } else { p(x, d(0)) } }).collect();
        dlam(dlam(hcom(I0, I1, v(3), faces, v(2))))
    };
    let same = |f: Vec<(Cof, u32)>, g: Vec<(Cof, u32)>, ok: bool| {
        let (ty, el) = (path(line(line(v(3))), comp(f.clone()), comp(g)), lam(lam(lam(lam(refl(comp(f)))))));
        if ok { accepts(&none(), ctx(ty), el) } else { rejects(&none(), ctx(ty), el, END) }
    };
    let (i, j) = (d(1), d(0));
    let at = |a: Dim, b: Dim| vec![(a, b)];
    let both = |a: (Dim, Dim), b: (Dim, Dim)| vec![a, b];
    same(vec![(at(i, I0), 1), (at(i, I1), 0)], vec![(at(i, I1), 0), (at(i, I0), 1)], true);
    same(vec![(at(i, I0), 1), (at(i, I1), 0)], vec![(at(i, I1), 1), (at(i, I0), 0)], false);
    same(vec![(at(i, I0), 1)], vec![(at(i, I0), 1), (at(i, I0), 1)], true);
    same(vec![(at(i, I0), 1)], vec![(at(i, I0), 1), (both((i, I0), (j, I0)), 1)], true);
    same(vec![(at(i, I0), 1), (both((i, I0), (j, I0)), 1)], vec![(at(i, I0), 1)], true);
    same(vec![(both((i, I0), (j, I0)), 1)], vec![(at(i, I0), 1)], false);
    same(vec![(at(i, I0), 1)], vec![(both((i, I0), (j, I0)), 1)], false);
    same(vec![(at(i, I0), 1)], vec![], false);
    same(vec![], vec![(at(i, I0), 1)], false);
    same(vec![], vec![(at(i, I0), 2)], false);
    same(vec![(at(i, I0), 1)], vec![(at(i, I0), 0)], false);
    same(vec![(at(i, I0), 1)], vec![(at(j, I0), 1)], false);
    same(vec![(at(i, j), 1)], vec![(at(j, i), 1)], true);
    same(vec![(at(i, j), 1)], vec![(both((i, I0), (j, I0)), 1), (both((i, I1), (j, I1)), 1)], false);
    same(vec![(both((i, I0), (j, I0)), 1)], vec![(both((i, j), (j, I0)), 1)], true);
    // Two halves are not the whole: there are more points of the interval than its ends.
    same(vec![(at(i, I0), 1)], vec![(both((i, I0), (j, I0)), 1), (both((i, I0), (j, I1)), 1)], false);
    // A part that differs hidden behind one that agrees.
    same(vec![(at(i, I0), 1), (at(j, I0), 1)], vec![(at(j, I0), 1), (at(i, I0), 1)], true);
    same(vec![(at(i, I0), 1), (at(j, I0), 1)], vec![(at(j, I0), 1)], false);
    same(vec![(at(j, I0), 1)], vec![(at(i, I0), 1), (at(j, I0), 1)], false);
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

/// A composite of types: Glue along its sides (T19: what is used there is checked, and nothing is constant unless it is).
#[test]
fn t19_composites_of_types() {
    // not, then not: coe along the composite is the identity on values, and the composite is no constant line.
    let twice = |i: Dim| hcom(I0, I1, u(0), vec![face(i, I0, boolean()), face(i, I1, ua(d(0)))], ua(i));
    let along = |x: Term| coe(I0, I1, twice(d(0)), x);
    for (a, b) in [(yes(), no()), (no(), yes())] {
        accepts(&none(), path(boolean(), along(a.clone()), a.clone()), refl(a.clone()));
        rejects(&none(), path(boolean(), along(a), b.clone()), refl(b), END);
    }
    let ends = || path(u(0), boolean(), boolean());
    rejects(&none(), path(ends(), dlam(twice(d(0))), dlam(boolean())), refl(dlam(boolean())), END);
    rejects(&none(), path(u(0), hcom(I0, I1, u(0), vec![], boolean()), boolean()), refl(boolean()), END);
    // A side that does not start at the base; two that differ where they meet.
    let bad = hcom(I0, I1, u(0), vec![face(d(0), I0, nat())], boolean());
    rejects(&none(), line(u(0)), dlam(bad), "side disagrees with base");
    let turned = hcom(I0, I1, u(0), vec![face(d(0), I0, ua(d(0))), face(d(1), I0, boolean())], boolean());
    rejects(&none(), line(line(u(0))), dlam(dlam(turned)), FACES);
    // The level of a composite is that of its universe, and no lower.
    rejects(&none(), u(0), hcom(I0, I1, u(1), vec![], nat()), UNIVERSE);
    accepts(&none(), u(1), hcom(I0, I1, u(1), vec![], nat()));
    rejects(&none(), u(0), glue(u(0), vec![]), UNIVERSE);
    let large = five(lam(v(0)), lam(v(0)), lam(dlam(v(0))), lam(dlam(v(0))), lam(refl(refl(v(0)))));
    rejects(&none(), line(u(0)), dlam(glue(u(0), vec![glued(d(0), I0, u(0), large)])), UNIVERSE);
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

/// A part over negation, in a type that is itself a Glue: what is unglued there is the part, and not what lies below the whole.
/// Evaluated where the face does not hold it would be `false` instead of `true`, and a path from one to the other would follow.
#[test]
fn a_side_is_unglued_under_its_face() {
    // G = Glue Bool [], and e from G to Bool: not of what is below.
    let g = || glue(boolean(), vec![]);
    let below = |x: Term| unglue(boolean(), vec![], x);
    let e = || {
        let n = negation;
        let low = dlam(n(papp(negated_twice(v(0)), n(n(v(0))), v(0), d(0))));
        let motive = path(path(boolean(), n(n(n(v(0)))), n(v(0))), low, negated_twice(n(v(0))));
        let tau = lam(bool_elim(motive, refl(refl(no())), refl(refl(yes())), below(v(0))));
        let up = papp(negated_twice(below(v(0))), n(n(below(v(0)))), below(v(0)), d(0));
        five(
            lam(n(below(v(0)))),
            lam(glue_el(n(v(0)), vec![])),
            lam(dlam(glue_el(up, vec![]))),
            lam(negated_twice(v(0))),
            tau,
        )
    };
    let start = || let_(g(), glue_el(yes(), vec![]), v(0));
    // y : Glue Bool [i=1 -> (G, e)] is the start where i is 1, and lies over false; as a side at G it is unglued twice.
    let outer = |i| glue(boolean(), vec![glued(i, I1, g(), e())]);
    let y = |i| glue_el(no(), vec![part(i, I1, glue_el(yes(), vec![]))]);
    let composed = |i: Dim| let_(outer(i), y(i), hcom(I0, I1, g(), vec![face(i, I1, v(0))], start()));
    let p = || dlam(below(composed(d(0))));
    let pushed = || hcom(I0, I1, line(boolean()), vec![], let_(line(boolean()), p(), v(0)));
    let inside = || let_(line(boolean()), dlam(hcom(I0, I1, boolean(), vec![], below(composed(d(0))))), v(0));
    let same = let_(path(line(boolean()), pushed(), inside()), refl(pushed()), v(0));
    let along = dlam(lapp(papp(same, pushed(), inside(), d(0)), I1));
    rejects(&none(), path(boolean(), no(), yes()), along, END);
    for l in [pushed(), inside()] {
        accepts(&none(), path(boolean(), lapp(l.clone(), I1), yes()), refl(yes()));
        rejects(&none(), path(boolean(), lapp(l, I1), no()), refl(no()), END);
    }
}
