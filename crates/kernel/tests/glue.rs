//! Attempts to prove what is false with Glue types and compositions of types, and what must be refused
//! of them by its own reason (T19, T22 to T24). `tests/checkers.rs` puts every judgement to the second checker too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod both;
/// The kernel alone; `tests/checkers.rs` compiles this file again and gives every judgement to the second checker too.
#[allow(dead_code)]
fn second(_: &bfv_format::Stored, _: Option<&str>) {}
use bfv_format::{Cof, Dim, Face, GlueFace, Part, Prim, Term};
use bfv_kernel::Signature;
use both::*;

const END: &str = "wrong path endpoint";
const MISMATCH: &str = "type mismatch";
const PART: &str = "part disagrees with base";
const FACES: &str = "faces disagree";
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
