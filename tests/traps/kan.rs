//! The traps of compositions, coercions, faces and Glue types as core terms.

use crate::common::*;
use crate::core::{Case, END, MISMATCH, after, declared, fine, refused};
use bfv_format::{Face, Prim, Term};

pub fn side() -> Term {
    hcom(I0, I1, boolean(), vec![face(d(0), I0, prim(Prim::False))], prim(Prim::True))
}

/// `hcom 0 1 S1 [r=0 -> j. base] (loop i)`, i the outer of two dimensions.
fn around(r: bfv_format::Dim) -> Term {
    let base = con(0, 0, vec![], vec![]);
    hcom(I0, I1, data_at(0, vec![]), vec![face(r, I0, base)], con_at(0, 1, vec![], vec![], vec![d(1)]))
}

/// Two faces that meet, with negation at the first and some equivalence at the second.
fn glue_at_both(e: Term) -> Term {
    glue(boolean(), vec![glued(d(0), I0, boolean(), not_equiv()), glued(d(1), I0, boolean(), e)])
}

fn glued_at(a: bfv_format::Dim, b: bfv_format::Dim) -> Term {
    glue(boolean(), vec![glued(a, b, boolean(), not_equiv())])
}

fn of_types(l: Term, r: Term) -> Term {
    path(line(u(0)), dlam(l), dlam(r))
}

/// The path of types that negation gives, at a dimension.
fn ua(i: bfv_format::Dim) -> Term {
    glue(boolean(), vec![glued(i, I0, boolean(), not_equiv()), glued(i, I1, boolean(), id_equiv())])
}

pub fn truth() -> Term {
    prim(Prim::True)
}

fn falsehood() -> Term {
    prim(Prim::False)
}

pub fn less(a: Term, b: Term) -> Term {
    path(boolean(), op(Prim::NatLtb, &[a, b]), prim(Prim::True))
}

pub fn t09() -> Vec<Case> {
    const BAD: &str = "side disagrees with base";
    let yes = || prim(Prim::True);
    let from_one = |end| dlam(hcom(I1, I0, nat(), vec![face(d(0), I0, lapp(v(0), d(0)))], lapp(v(0), end)));
    vec![
        refused(BAD, line(boolean()), dlam(side())),
        refused(BAD, line(boolean()), dlam(let_(boolean(), side(), v(0)))),
        refused(BAD, line(boolean()), dlam(let_(boolean(), side(), yes()))),
        refused(BAD, line(boolean()), dlam(bool_elim(boolean(), yes(), yes(), side()))),
        refused(BAD, line(boolean()), dlam(bool_elim(boolean(), side(), yes(), prim(Prim::False)))),
        refused(BAD, line(sigma(nat(), boolean())), dlam(pair(num(3), side()))),
        refused(BAD, line(u(0)), dlam(path(boolean(), side(), yes()))),
        refused(BAD, line(boolean()), dlam(hcom(I0, I1, boolean(), vec![], side()))),
        refused(BAD, line(boolean()), dlam(coe(I0, I1, boolean(), side()))),
        declared(Some(BAD), vec![def(line(boolean()), dlam(side()))]),
        declared(Some(BAD), vec![theorem(line(boolean()), dlam(side()))]),
        refused(BAD, pi(line(nat()), line(nat())), lam(from_one(I0))),
        fine(pi(line(nat()), line(nat())), lam(from_one(I1))),
        refused(BAD, line(u(0)), dlam(hcom(I0, I1, u(0), vec![face(d(0), I0, nat())], boolean()))),
        after(vec![circle(0)], refused(BAD, line(line(data_at(0, vec![]))), dlam(dlam(around(d(0)))))),
        after(vec![circle(0)], fine(line(line(data_at(0, vec![]))), dlam(dlam(around(d(1)))))),
    ]
}

pub fn t10() -> Vec<Case> {
    // A, x y : A, p : x = y
    let ty = || pi(u(0), pi(v(0), pi(v(1), pi(path(v(2), v(1), v(0)), line(line(v(3)))))));
    let along = || papp(v(0), v(2), v(1), d(0));
    let comp = |faces: Vec<Face>| lam(lam(lam(lam(dlam(dlam(hcom(I0, I1, v(3), faces, v(2))))))));
    const BAD: &str = "faces disagree";
    vec![
        refused(BAD, ty(), comp(vec![face(d(1), I0, along()), face(d(0), I0, v(2))])),
        refused(BAD, ty(), comp(vec![face(d(0), d(1), along()), face(d(0), I0, v(2))])),
        fine(ty(), comp(vec![face(d(1), I0, along()), face(d(0), I0, along())])),
        fine(ty(), comp(vec![face(d(0), I1, along()), face(d(0), I0, v(2))])),
        refused(BAD, line(line(u(0))), dlam(dlam(glue_at_both(id_equiv())))),
        fine(line(line(u(0))), dlam(dlam(glue_at_both(not_equiv())))),
    ]
}

pub fn t11() -> Vec<Case> {
    let composed = |a: Term| hcom(I0, I1, a, vec![], v(0));
    let at = |a: Term| refused(END, pi(a.clone(), path(a.clone(), composed(a), v(0))), lam(refl(v(0))));
    vec![
        refused(END, pi(u(0), pi(v(0), path(v(1), coe(I0, I1, v(1), v(0)), v(0)))), lam(lam(refl(v(0))))),
        at(nat()),
        at(real()),
        at(u(0)),
        fine(pi(nat(), path(nat(), coe(I0, I1, nat(), v(0)), v(0))), lam(refl(v(0)))),
    ]
}

pub fn t12() -> Vec<Case> {
    let ty = |body: Term| pi(line(u(0)), pi(lapp(v(0), I0), body));
    let under = |end| hcom(I0, I1, nat(), vec![face(d(0), end, let_(lapp(v(1), d(1)), v(0), num(0)))], num(0));
    vec![
        refused(MISMATCH, ty(line(lapp(v(1), d(0)))), lam(lam(dlam(v(0))))),
        refused(MISMATCH, ty(line(nat())), lam(lam(dlam(under(I1))))),
        fine(ty(line(nat())), lam(lam(dlam(under(I0))))),
    ]
}

pub fn t13() -> Vec<Case> {
    let ty = |from, to| pi(line(u(0)), pi(lapp(v(0), from), lapp(v(1), to)));
    let moved = |r, s| lam(lam(coe(r, s, lapp(v(1), d(0)), v(0))));
    vec![
        refused(MISMATCH, ty(I1, I1), moved(I0, I1)),
        refused(MISMATCH, ty(I0, I0), moved(I0, I1)),
        refused("not a type", pi(nat(), nat()), lam(coe(I0, I1, v(0), v(0)))),
        fine(ty(I0, I1), moved(I0, I1)),
        fine(ty(I1, I0), moved(I1, I0)),
    ]
}

pub fn t14() -> Vec<Case> {
    const BAD: &str = "dimension out of scope";
    let both = Face { cof: vec![(d(0), I0), (d(0), I1)], body: prim(Prim::True) };
    vec![
        refused(BAD, nat(), hcom(I0, I1, nat(), vec![face(d(0), I0, num(0))], num(0))),
        refused(BAD, nat(), hcom(I0, d(0), nat(), vec![], num(0))),
        refused(BAD, nat(), coe(d(0), I1, nat(), num(0))),
        refused(BAD, pi(line(nat()), nat()), lam(lapp(v(0), d(0)))),
        // In core terms a face may be true or false; one that is true is checked, one that is false is not.
        refused(MISMATCH, nat(), hcom(I0, I1, nat(), vec![face(I0, I0, prim(Prim::True))], num(0))),
        fine(nat(), hcom(I0, I1, nat(), vec![face(I0, I1, prim(Prim::True))], num(0))),
        fine(line(nat()), dlam(hcom(I0, I1, nat(), vec![both], num(0)))),
        refused(BAD, u(0), glue(boolean(), vec![glued(d(0), I0, boolean(), not_equiv())])),
        refused(MISMATCH, u(0), glue(boolean(), vec![glued(I0, I0, boolean(), truth())])),
        fine(path(u(0), glue(boolean(), vec![glued(I0, I0, boolean(), not_equiv())]), boolean()), refl(boolean())),
        fine(u(0), glue(boolean(), vec![glued(I0, I1, truth(), truth())])),
        refused(MISMATCH, boolean(), let_(glue(boolean(), vec![glued(I0, I1, truth(), truth())]), truth(), v(0))),
        after(vec![circle(0)], refused(BAD, data_at(0, vec![]), con_at(0, 1, vec![], vec![], vec![d(0)]))),
    ]
}

pub fn t15() -> Vec<Case> {
    let ty = |l, r| path(boolean(), prim(l), prim(r));
    vec![
        refused(END, ty(Prim::True, Prim::False), dlam(prim(Prim::True))),
        refused(END, ty(Prim::True, Prim::False), dlam(prim(Prim::False))),
        refused(END, path(nat(), num(0), num(1)), dlam(num(0))),
        fine(ty(Prim::True, Prim::True), dlam(prim(Prim::True))),
    ]
}

pub fn t16() -> Vec<Case> {
    // A, x y, p : x = y
    let ty = |l, r| pi(u(0), pi(v(0), pi(v(1), pi(path(v(2), v(1), v(0)), path(v(3), v(l), v(r))))));
    let p = |a, b| lam(lam(lam(lam(dlam(papp(v(0), v(a), v(b), d(0)))))));
    vec![
        refused(END, ty(2, 2), p(2, 1)),
        refused(END, ty(1, 1), p(2, 1)),
        // The ends that an application carries lie.
        refused(END, ty(2, 2), p(2, 2)),
        refused(END, ty(1, 1), p(1, 1)),
        refused("not a path", pi(pi(nat(), nat()), nat()), lam(lapp(v(0), I0))),
        refused("not a function", pi(line(nat()), nat()), lam(app(v(0), num(0)))),
        fine(ty(2, 1), p(2, 1)),
    ]
}

/// The interval is no node of the format: what can be stated is a dimension where a term is needed, which is a variable that no term binds.
pub fn t17() -> Vec<Case> {
    let scope = "variable out of scope";
    vec![
        refused(scope, line(nat()), dlam(v(0))),
        refused(scope, line(sigma(nat(), nat())), dlam(pair(v(0), num(0)))),
        refused("not a function", pi(line(nat()), pi(nat(), nat())), lam(lam(app(v(1), v(0))))),
        fine(u(0), line(nat())),
    ]
}

pub fn t18() -> Vec<Case> {
    let claim = || path(boolean(), prim(Prim::True), prim(Prim::False));
    let lie = || refl(prim(Prim::True));
    let inside = || hcom(I0, I1, nat(), vec![face(I0, I1, let_(claim(), lie(), num(0)))], num(0));
    // A face that is never true leaves a Glue type of no faces, which is not its base.
    let glued_nowhere = || glue(claim(), vec![glued(I0, I1, empty(), lie())]);
    vec![
        fine(nat(), inside()),
        refused(END, sigma(nat(), claim()), pair(inside(), lie())),
        refused(MISMATCH, pi(glued_nowhere(), claim()), lam(v(0))),
        refused(END, glued_nowhere(), glue_el(lie(), vec![])),
        fine(pi(glued_nowhere(), claim()), lam(unglue(claim(), vec![], v(0)))),
    ]
}

pub fn t21() -> Vec<Case> {
    let comp = |a, b| hcom(I0, I1, v(1), vec![face(a, b, v(0))], v(0));
    let square = |l, r| pi(u(0), pi(v(0), path(line(v(1)), dlam(l), dlam(r))));
    let diagonal = || lam(lam(dlam(dlam(comp(d(1), d(0))))));
    vec![
        fine(square(comp(d(0), I0), comp(d(0), I1)), diagonal()),
        refused(END, square(comp(d(0), I1), comp(d(0), I0)), diagonal()),
        refused(END, square(comp(d(0), I0), comp(d(0), I0)), diagonal()),
        fine(of_types(glued_at(d(0), I0), glued_at(d(0), I1)), dlam(dlam(glued_at(d(1), d(0))))),
        refused(END, of_types(glued_at(d(0), I1), glued_at(d(0), I0)), dlam(dlam(glued_at(d(1), d(0))))),
    ]
}

pub fn t19() -> Vec<Case> {
    let still = |a: u32, j| glue(v(a), vec![glued(j, I0, v(a), id_equiv())]);
    let constant = |j| coe(I0, I1, still(1, j), v(0));
    let at = |l: Term, r: Term| pi(u(0), pi(still(0, I0), path(still(1, I0), l, r)));
    let moved = coe(I0, I1, ua(d(0)), truth());
    vec![
        refused(END, at(constant(I0), v(0)), lam(lam(refl(v(0))))),
        refused(END, path(boolean(), moved.clone(), truth()), refl(truth())),
        refused(END, pi(u(0), path(u(0), hcom(I0, I1, u(0), vec![], v(0)), v(0))), lam(refl(v(0)))),
        refused(MISMATCH, pi(u(0), pi(v(0), hcom(I0, I1, u(0), vec![], v(1)))), lam(lam(v(0)))),
        fine(path(boolean(), moved, falsehood()), refl(falsehood())),
        fine(at(constant(I0), constant(I0)), lam(lam(refl(constant(I0))))),
    ]
}

pub fn t20() -> Vec<Case> {
    let on = |a, b| glued(a, b, boolean(), not_equiv());
    let moved = |j| coe(I0, I1, glue(boolean(), vec![on(j, I0), on(d(0), I0)]), truth());
    let below = |j| unglue(boolean(), vec![], moved(j));
    vec![
        fine(path(boolean(), moved(I0), truth()), refl(truth())),
        fine(path(boolean(), below(I1), falsehood()), refl(falsehood())),
        refused(END, path(boolean(), moved(I0), falsehood()), refl(falsehood())),
        refused(END, path(boolean(), below(I1), truth()), refl(truth())),
    ]
}

pub fn t22() -> Vec<Case> {
    let along = |e: Term| dlam(glue(boolean(), vec![glued(d(0), I0, boolean(), e)]));
    let (id, refls) = (|| lam(v(0)), || lam(dlam(v(0))));
    let bad = |reason, e: Term| refused(reason, line(u(0)), along(e));
    let types = || pi(u(0), pi(u(0), pi(equiv_between(0, 1), line(u(0)))));
    let between = |base, ty| lam(lam(lam(dlam(glue(v(base), vec![glued(d(0), I0, v(ty), v(0))])))));
    vec![
        bad(END, five(lam(truth()), id(), refls(), refls(), id())),
        bad(END, five(id(), lam(truth()), refls(), refls(), id())),
        bad(END, five(lam(negation(v(0))), id(), refls(), refls(), id())),
        bad(END, five(id(), id(), refls(), refls(), lam(refl(refl(truth()))))),
        bad(MISMATCH, pair(id(), pair(id(), pair(refls(), refls())))),
        bad(MISMATCH, id()),
        refused(MISMATCH, types(), between(1, 2)),
        refused("not a type", line(u(0)), dlam(glue(truth(), vec![]))),
        fine(types(), between(2, 1)),
        fine(line(u(0)), along(not_equiv())),
    ]
}

pub fn t23() -> Vec<Case> {
    const PART: &str = "part disagrees with base";
    let ty = || line(glue(boolean(), vec![glued(d(0), I0, boolean(), not_equiv())]));
    let el = |base: Term, parts| dlam(glue_el(base, parts));
    let over = |a, b, t: Term| vec![part(a, b, t)];
    vec![
        fine(ty(), el(falsehood(), over(d(0), I0, truth()))),
        refused(PART, ty(), el(truth(), over(d(0), I0, truth()))),
        refused(PART, ty(), el(truth(), over(d(0), I1, truth()))),
        refused(PART, ty(), el(falsehood(), vec![])),
        refused(PART, ty(), el(falsehood(), [over(d(0), I0, truth()), over(d(0), I0, truth())].concat())),
        refused(MISMATCH, ty(), el(falsehood(), over(d(0), I0, prim(Prim::Star)))),
        refused(MISMATCH, ty(), el(prim(Prim::Star), over(d(0), I0, truth()))),
        refused(MISMATCH, ty(), dlam(truth())),
        refused(MISMATCH, boolean(), glue_el(truth(), vec![])),
        refused(MISMATCH, boolean(), unglue(boolean(), vec![], truth())),
        refused(
            END,
            path(boolean(), truth(), falsehood()),
            dlam(unglue(boolean(), vec![], let_(glue(boolean(), vec![]), glue_el(truth(), vec![]), v(0)))),
        ),
    ]
}

pub fn t24() -> Vec<Case> {
    let of = |a, b, e: Term| glue(boolean(), vec![glued(a, b, boolean(), e)]);
    let same = |a: Term, b: Term| path(line(u(0)), dlam(a), dlam(b));
    let shown = |a: Term| refl(dlam(a));
    let bad = |a: Term, b: Term| refused(END, same(a.clone(), b), shown(a));
    // T, Unit, e : Equiv T Unit, x y : T
    let points = |x, y| {
        let at = |k| dlam(glue_el(prim(Prim::Star), vec![part(d(0), I0, v(k))]));
        let ty = line(glue(v(3), vec![glued(d(0), I0, v(4), v(2))]));
        let all = |t: Term| pi(u(0), let_(u(0), prim(Prim::Unit), pi(equiv_between(1, 0), pi(v(2), pi(v(3), t)))));
        (all(path(ty, at(x), at(y))), lam(let_(u(0), prim(Prim::Unit), lam(lam(lam(refl(at(x))))))))
    };
    vec![
        fine(points(1, 1).0, points(1, 1).1),
        refused(END, points(1, 0).0, points(1, 0).1),
        bad(of(d(0), I0, not_equiv()), of(d(0), I0, id_equiv())),
        bad(of(d(0), I0, not_equiv()), of(d(0), I1, not_equiv())),
        bad(of(d(0), I0, not_equiv()), glue(boolean(), vec![])),
        bad(of(d(0), I0, not_equiv()), boolean()),
        fine(same(ua(d(0)), ua(d(0))), shown(ua(d(0)))),
    ]
}

pub fn t25() -> Vec<Case> {
    let two = || path(path(u(0), boolean(), boolean()), dlam(ua(d(0))), dlam(boolean()));
    let line_of = papp(v(0), dlam(ua(d(0))), dlam(boolean()), d(1));
    let moved = coe(I0, I1, papp(line_of, boolean(), boolean(), d(0)), truth());
    vec![
        refused(END, two(), refl(dlam(boolean()))),
        refused(
            END,
            pi(u(0), pi(v(0), pi(path(v(1), v(0), v(0)), path(path(v(2), v(1), v(1)), v(0), refl(v(1)))))),
            lam(lam(lam(refl(v(0))))),
        ),
        // Were the two equal, true would be false.
        fine(pi(two(), path(boolean(), falsehood(), truth())), lam(dlam(moved))),
    ]
}

pub fn t29() -> Vec<Case> {
    let first = || let_(pi(nat(), pi(nat(), nat())), lam(lam(v(1))), app(v(0), v(1)));
    let ty = |right| pi(nat(), path(pi(nat(), nat()), first(), right));
    vec![
        fine(ty(lam(v(1))), lam(refl(lam(v(1))))),
        refused(END, ty(lam(v(0))), lam(refl(lam(v(0))))),
        refused(END, ty(lam(v(0))), lam(refl(lam(v(1))))),
    ]
}
