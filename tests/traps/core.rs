//! The traps as core terms, for the stored proof and the second checker. Terms are built by hand, as no elaborator would build them.

use crate::common::*;
use bfv_format::{
    Constructor, DataDecl, DataRef, Decl, Face, Hypothesis, Node, Op, Prim, Rational, Relation, Rule, Sort, Term,
};

/// What a stored proof of `Unit` brings along, and what must be said of it.
pub struct Case {
    pub decls: Vec<Decl>,
    /// A term with its type; the evidence is `let x : type := term in tt`.
    pub term: Option<(Term, Term)>,
    /// The reason of both checkers; `None` when both must accept.
    pub reason: Option<&'static str>,
}

impl Case {
    pub fn evidence(&self) -> Term {
        let star = prim(Prim::Star);
        self.term.as_ref().map_or(star.clone(), |(ty, x)| let_(ty.clone(), x.clone(), star))
    }
}

fn refused(reason: &'static str, ty: Term, term: Term) -> Case {
    Case { decls: vec![], term: Some((ty, term)), reason: Some(reason) }
}

fn fine(ty: Term, term: Term) -> Case {
    Case { decls: vec![], term: Some((ty, term)), reason: None }
}

fn declared(reason: Option<&'static str>, decls: Vec<Decl>) -> Case {
    Case { decls, term: None, reason }
}

fn after(decls: Vec<Decl>, case: Case) -> Case {
    Case { decls, ..case }
}

const UNIVERSE: &str = "universe too small";
const POSITIVE: &str = "not strictly positive";
const END: &str = "wrong path endpoint";
const MISMATCH: &str = "type mismatch";

pub fn t01() -> Vec<Case> {
    vec![
        refused(UNIVERSE, u(0), u(0)),
        refused(UNIVERSE, u(3), u(3)),
        declared(Some(UNIVERSE), vec![def(u(0), u(0))]),
        declared(Some(UNIVERSE), vec![theorem(u(1), u(1))]),
        fine(u(1), u(0)),
        fine(u(2), u(0)),
    ]
}

/// `(X : U n) -> (((X -> U n) -> U n) -> X) -> (X -> U n) -> U n`
fn hurkens(n: u32) -> Term {
    let powers = |x: u32| pi(pi(v(x), u(n)), u(n));
    pi(u(n), pi(pi(powers(0), v(1)), powers(1)))
}

pub fn t02() -> Vec<Case> {
    let wrap = |n: u32, at: u32| data(vec![], at, vec![vec![hurkens(n)]]);
    // fun s => s Universe, which is well typed only when a universe of types is a type of its own level
    let power = pi(pi(v(0), u(0)), u(0));
    let applied = |n: u32| lam(app(v(0), c(n)));
    vec![
        refused(UNIVERSE, u(0), hurkens(0)),
        fine(u(1), hurkens(0)),
        refused(UNIVERSE, u(1), hurkens(1)),
        after(
            vec![def(u(1), hurkens(0))],
            refused(UNIVERSE, pi(c(0), pi(pi(pi(pi(c(0), u(0)), u(0)), c(0)), pi(pi(c(0), u(0)), u(0)))), applied(0)),
        ),
        declared(Some(UNIVERSE), vec![wrap(0, 0)]),
        declared(None, vec![wrap(0, 1)]),
        fine(u(1), pi(u(0), power)),
    ]
}

pub fn t03() -> Vec<Case> {
    vec![
        refused(UNIVERSE, u(0), pi(u(0), v(0))),
        refused(UNIVERSE, u(0), sigma(u(0), v(0))),
        refused(UNIVERSE, u(0), line(u(0))),
        refused(UNIVERSE, u(0), path(u(0), nat(), nat())),
        refused(UNIVERSE, pi(u(1), u(0)), lam(v(0))),
        fine(pi(u(0), u(1)), lam(v(0))),
        refused(MISMATCH, pi(pi(u(0), u(0)), pi(u(1), u(0))), lam(v(0))),
        declared(Some(UNIVERSE), vec![data(vec![], 0, vec![vec![u(0)]])]),
        declared(Some(UNIVERSE), vec![data(vec![u(1)], 0, vec![vec![v(0)]])]),
        declared(Some(UNIVERSE), vec![data(vec![], 0, vec![vec![pi(u(0), data_at(0, vec![]))]])]),
        declared(None, vec![data(vec![], 1, vec![vec![u(0)]])]),
        declared(None, vec![data(vec![u(1)], 0, vec![vec![]])]),
    ]
}

pub fn t04() -> Vec<Case> {
    let me = || data_at(0, vec![]);
    let with = |field: Term| declared(Some(POSITIVE), vec![data(vec![], 0, vec![vec![field]])]);
    vec![
        with(pi(me(), empty())),
        with(pi(pi(me(), empty()), me())),
        with(pi(pi(nat(), me()), me())),
        with(sigma(me(), nat())),
        declared(Some(POSITIVE), vec![data(vec![], 0, vec![vec![me(), path(me(), v(0), v(0))]])]),
        declared(None, vec![data(vec![], 0, vec![vec![], vec![pi(nat(), me())]])]),
    ]
}

pub fn t05() -> Vec<Case> {
    let not = def(pi(u(0), u(0)), lam(pi(v(0), empty())));
    let same = def(pi(u(0), u(0)), lam(v(0)));
    let refusal = data(vec![u(0)], 0, vec![vec![pi(v(0), empty())]]);
    let next = || data_at(1, vec![]);
    let field = |x: Term| data(vec![], 0, vec![vec![x]]);
    vec![
        declared(Some(POSITIVE), vec![not, field(app(c(0), next()))]),
        declared(Some(POSITIVE), vec![same, field(app(c(0), next()))]),
        declared(Some(POSITIVE), vec![refusal, field(data_at(0, vec![next()]))]),
        declared(Some(POSITIVE), vec![data(vec![u(0)], 0, vec![vec![data_at(0, vec![nat()])]])]),
        declared(Some(POSITIVE), vec![field(coe(I0, I1, u(0), data_at(0, vec![])))]),
        declared(Some(POSITIVE), vec![field(hcom(I0, I1, u(0), vec![], data_at(0, vec![])))]),
        declared(None, vec![data(vec![u(0)], 0, vec![vec![], vec![v(0), data_at(0, vec![v(1)])]])]),
    ]
}

fn side() -> Term {
    hcom(I0, I1, boolean(), vec![face(d(0), I0, prim(Prim::False))], prim(Prim::True))
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

/// `hcom 0 1 S1 [r=0 -> j. base] (loop i)`, i the outer of two dimensions.
fn around(r: bfv_format::Dim) -> Term {
    let base = con(0, 0, vec![], vec![]);
    hcom(I0, I1, data_at(0, vec![]), vec![face(r, I0, base)], con_at(0, 1, vec![], vec![], vec![d(1)]))
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

/// Two faces that meet, with negation at the first and some equivalence at the second.
fn glue_at_both(e: Term) -> Term {
    glue(boolean(), vec![glued(d(0), I0, boolean(), not_equiv()), glued(d(1), I0, boolean(), e)])
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

fn glued_at(a: bfv_format::Dim, b: bfv_format::Dim) -> Term {
    glue(boolean(), vec![glued(a, b, boolean(), not_equiv())])
}

fn of_types(l: Term, r: Term) -> Term {
    path(line(u(0)), dlam(l), dlam(r))
}

pub fn t26() -> Vec<Case> {
    const COUNT: &str = "wrong number of arguments";
    let vote = || data(vec![], 0, vec![vec![], vec![]]);
    let choose = |branches: Vec<Term>| lam(data_elim(0, vec![], nat(), branches, v(0)));
    let ty = || pi(data_at(0, vec![]), nat());
    vec![
        after(vec![vote()], refused(COUNT, ty(), choose(vec![num(1)]))),
        after(vec![vote()], refused(COUNT, ty(), choose(vec![]))),
        after(vec![vote()], refused(COUNT, ty(), choose(vec![num(1), num(1), num(2)]))),
        after(vec![vote()], fine(ty(), choose(vec![num(1), num(2)]))),
        after(vec![circle(0)], refused(COUNT, ty(), choose(vec![num(1)]))),
        after(vec![circle(0)], refused("boundary disagrees", ty(), choose(vec![num(1), dlam(num(2))]))),
        after(vec![circle(0)], refused(MISMATCH, ty(), choose(vec![num(1), num(1)]))),
        after(vec![circle(0)], fine(ty(), choose(vec![num(1), dlam(num(1))]))),
    ]
}

/// The path of types that negation gives, at a dimension.
fn ua(i: bfv_format::Dim) -> Term {
    glue(boolean(), vec![glued(i, I0, boolean(), not_equiv()), glued(i, I1, boolean(), id_equiv())])
}

fn truth() -> Term {
    prim(Prim::True)
}

fn falsehood() -> Term {
    prim(Prim::False)
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

pub fn t27() -> Vec<Case> {
    const BAD: &str = "boundary not of constructors";
    let me = || data_at(0, vec![]);
    let base = || con(0, 0, vec![], vec![]);
    let with = |reason, fields: Vec<Term>, body: Term| {
        let path = path_con(fields, 1, vec![part(d(0), I0, body)]);
        declared(reason, vec![path_data(vec![], 0, vec![point(vec![]), path])])
    };
    let corner = vec![part(d(1), I0, con(0, 0, vec![], vec![])), part(d(0), I0, con(0, 1, vec![], vec![]))];
    let square = path_data(vec![], 0, vec![point(vec![]), point(vec![]), path_con(vec![], 2, corner)]);
    let diagonal = path_data(vec![], 0, vec![point(vec![]), path_con(vec![], 2, vec![part(d(0), d(1), base())])]);
    vec![
        with(Some(BAD), vec![], con_at(0, 1, vec![], vec![], vec![I1])),
        with(Some(BAD), vec![me()], data_elim(0, vec![], me(), vec![base(), v(0)], v(0))),
        with(Some(BAD), vec![me()], hcom(I0, I1, me(), vec![], v(0))),
        with(Some(BAD), vec![me()], coe(I0, I1, me(), v(0))),
        with(Some(BAD), vec![], truth()),
        with(Some(BAD), vec![nat()], v(0)),
        with(Some(POSITIVE), vec![pi(me(), empty())], base()),
        with(Some(UNIVERSE), vec![u(0)], base()),
        declared(Some("faces disagree"), vec![square]),
        declared(Some(BAD), vec![diagonal]),
        with(None, vec![pi(nat(), me())], app(v(0), num(0))),
        with(None, vec![me()], v(0)),
    ]
}

pub fn t28() -> Vec<Case> {
    const BAD: &str = "boundary disagrees";
    let into = |m: Term| pi(data_at(0, vec![boolean()]), m);
    // The path from hypothesis to hypothesis is one of them.
    let get =
        |m: Term, of: Term, k| lam(data_elim(0, vec![boolean()], m, vec![of, lam(lam(lam(lam(dlam(v(k))))))], v(0)));
    let case = |c| after(vec![truncation(0)], c);
    let choose = || lam(bool_elim(u(0), boolean(), empty(), v(0)));
    vec![
        case(refused(BAD, into(boolean()), get(boolean(), lam(v(0)), 0))),
        case(refused(BAD, into(boolean()), get(boolean(), lam(v(0)), 1))),
        case(refused(BAD, into(u(0)), get(u(0), choose(), 0))),
        case(refused(BAD, into(u(0)), get(u(0), choose(), 1))),
        case(fine(into(prim(Prim::Unit)), get(prim(Prim::Unit), lam(prim(Prim::Star)), 0))),
    ]
}

pub fn t31() -> Vec<Case> {
    // l : I -> U 0, x y : l 0
    let some = |r| data_at(0, vec![lapp(v(2), r)]);
    let inc = |r, x: Term| con(0, 0, vec![lapp(v(2), r)], vec![x]);
    let squash = |r, x: Term, y: Term| con_at(0, 1, vec![lapp(v(2), r)], vec![inc(r, x), inc(r, y)], vec![d(0)]);
    let there = |x: u32| coe(I0, I1, lapp(v(2), d(0)), v(x));
    let moved = || coe(I0, I1, some(d(0)), squash(I0, v(1), v(0)));
    let side = |x: u32| coe(d(0), I1, some(d(0)), inc(d(0), coe(I0, d(0), lapp(v(2), d(0)), v(x))));
    let composed = |r, s| {
        let faces = vec![face(d(0), I0, side(1)), face(d(0), I1, side(0))];
        hcom(r, s, some(I1), faces, squash(I1, there(1), there(0)))
    };
    let all = |t: Term| pi(line(u(0)), pi(lapp(v(0), I0), pi(lapp(v(1), I0), t)));
    let same = |b: Term| all(path(line(some(I1)), dlam(moved()), dlam(b)));
    let shown = || lam(lam(lam(refl(dlam(moved())))));
    let case = |c| after(vec![truncation(0)], c);
    vec![
        case(fine(same(composed(I1, I0)), shown())),
        case(refused(END, same(composed(I0, I1)), shown())),
        case(refused(END, same(squash(I1, there(1), there(0))), shown())),
        case(fine(all(path(some(I1), inc(I1, there(1)), inc(I1, there(0)))), lam(lam(lam(dlam(moved())))))),
        case(refused(END, all(path(some(I1), inc(I1, there(0)), inc(I1, there(1)))), lam(lam(lam(dlam(moved())))))),
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

/// `0 < 0` on natural numbers, refuted by a proof of it.
fn absurd(proof: Term) -> Term {
    let zero = vec![Op::Lit(Sort::Nat, Rational { num: 0.into(), den: 1u8.into() })];
    let h = Hypothesis { relation: Relation::Lt, left: zero.clone(), right: zero, proof };
    t(Node::Rule(Box::new(Rule::Lia { sort: Sort::Nat, atoms: vec![], hypotheses: vec![h], steps: vec![] })))
}

fn less(a: Term, b: Term) -> Term {
    path(boolean(), op(Prim::NatLtb, &[a, b]), prim(Prim::True))
}

pub fn t37() -> Vec<Case> {
    let order = |x: Term, y: Term, to| path(boolean(), op(Prim::RealLtb, &[x, y]), prim(to));
    let inverse = op(Prim::RealMul, &[v(0), op(Prim::RealInv, &[v(0)])]);
    let sum = op(Prim::RealAdd, &[rat(1, 10), rat(1, 5)]);
    vec![
        refused(END, pi(real(), order(v(0), v(0), Prim::False)), lam(refl(prim(Prim::False)))),
        refused(END, path(real(), op(Prim::RealInv, &[rat(0, 1)]), rat(1, 1)), refl(rat(1, 1))),
        refused(END, pi(real(), path(real(), inverse, rat(1, 1))), lam(refl(rat(1, 1)))),
        refused(END, path(nat(), op(Prim::NatAdd, &[num(u64::MAX), num(1)]), num(0)), refl(num(0))),
        refused(END, order(rat(0, 1), rat(0, 1), Prim::True), refl(prim(Prim::True))),
        fine(path(real(), sum, rat(3, 10)), refl(rat(3, 10))),
        fine(path(real(), op(Prim::RealInv, &[rat(0, 1)]), rat(0, 1)), refl(rat(0, 1))),
    ]
}

/// No core term confuses the two either: a dimension is no term and a real number no dimension, so only these can be stated.
pub fn t38() -> Vec<Case> {
    vec![
        refused("not a function", pi(line(real()), pi(real(), real())), lam(lam(app(v(1), v(0))))),
        refused("variable out of scope", line(real()), dlam(v(0))),
        refused("not a path", pi(pi(real(), real()), real()), lam(lapp(v(0), I0))),
        fine(pi(line(real()), real()), lam(lapp(v(0), I0))),
    ]
}

pub fn t39() -> Vec<Case> {
    let composed = |n: Term| dlam(hcom(I0, I1, nat(), vec![face(d(0), I0, n.clone())], n));
    let same = |n: Term| path(line(nat()), composed(n.clone()), dlam(n));
    let decided = || bool_elim(nat(), num(1), num(1), op(Prim::RealLtb, &[v(0), rat(0, 1)]));
    let hidden = || theorem(nat(), num(3));
    vec![
        refused(END, pi(real(), same(decided())), lam(refl(dlam(decided())))),
        after(vec![hidden()], refused(END, same(c(0)), refl(dlam(c(0))))),
        after(vec![hidden()], refused(END, same(suc(c(0))), refl(dlam(suc(c(0)))))),
        after(vec![def(nat(), num(3))], fine(same(c(0)), refl(dlam(c(0))))),
    ]
}

pub fn t40() -> Vec<Case> {
    let h = || less(num(0), num(0));
    vec![
        fine(pi(h(), empty()), lam(absurd(v(0)))),
        refused(MISMATCH, pi(h(), nat()), lam(absurd(v(0)))),
        refused(MISMATCH, pi(h(), pi(empty(), empty())), lam(absurd(v(0)))),
        refused(MISMATCH, pi(u(0), pi(h(), v(1))), lam(lam(absurd(v(0))))),
        refused(MISMATCH, pi(less(num(0), num(1)), empty()), lam(absurd(v(0)))),
        refused(END, empty(), absurd(refl(prim(Prim::True)))),
    ]
}

pub fn t41() -> Vec<Case> {
    const BAD: &str = "axiom over types";
    let not = |a: Term| pi(a, empty());
    let choice = pi(pi(real(), u(0)), pi(not(not(sigma(real(), app(v(1), v(0))))), sigma(real(), app(v(2), v(0)))));
    let list = data(vec![u(1)], 1, vec![vec![], vec![v(0), data_at(0, vec![v(1)])]]);
    let with = |ty: Term| declared(Some(BAD), vec![axiom("choice", ty)]);
    vec![
        with(choice),
        with(pi(u(0), pi(not(not(v(0))), v(1)))),
        with(pi(sigma(u(0), v(0)), empty())),
        with(pi(nat(), u(0))),
        with(path(u(0), nat(), boolean())),
        with(u(0)),
        declared(Some(BAD), vec![def(u(1), u(0)), axiom("choice", pi(c(0), v(0)))]),
        declared(Some(BAD), vec![list, axiom("choice", pi(data_at(0, vec![u(0)]), nat()))]),
    ]
}

pub fn t44() -> Vec<Case> {
    let ring = |sort, atoms: Vec<Term>, right: u32| {
        let tree = |a, b| vec![Op::Atom(sort, a), Op::Atom(sort, b), Op::Add];
        let atoms = atoms.into_iter().map(|a| (sort, a)).collect();
        t(Node::Rule(Box::new(Rule::Ring { sort, atoms, left: tree(0, 1), right: tree(right, 0) })))
    };
    let sum = |a: Term, b: Term| op(Prim::NatAdd, &[a, b]);
    let commute = |a: Term, b: Term| path(nat(), sum(a.clone(), b.clone()), sum(b, a));
    let at = |r| lapp(v(0), r);
    let general = || def(pi(nat(), pi(nat(), commute(v(1), v(0)))), lam(lam(ring(Sort::Nat, vec![v(1), v(0)], 1))));
    vec![
        fine(pi(nat(), commute(v(0), v(0))), lam(ring(Sort::Nat, vec![v(0), v(0)], 1))),
        fine(pi(line(nat()), line(commute(at(d(0)), at(I0)))), lam(dlam(ring(Sort::Nat, vec![at(d(0)), at(I0)], 1)))),
        after(vec![general()], fine(pi(nat(), commute(v(0), v(0))), lam(app(app(c(0), v(0)), v(0))))),
        refused("ill-formed arithmetic tree", pi(nat(), commute(v(0), v(0))), lam(ring(Sort::Nat, vec![v(0)], 1))),
        refused("ill-formed arithmetic tree", pi(nat(), commute(v(0), v(0))), lam(ring(Sort::Nat, vec![v(0); 2], 7))),
        refused(MISMATCH, pi(real(), commute(num(0), num(0))), lam(ring(Sort::Nat, vec![v(0), v(0)], 1))),
        refused(
            "sides are different polynomials",
            pi(nat(), pi(nat(), path(nat(), sum(v(1), v(0)), sum(v(1), v(1))))),
            lam(lam(ring(Sort::Nat, vec![v(1), v(0)], 0))),
        ),
    ]
}

pub fn t45() -> Vec<Case> {
    let top = || num(u64::MAX);
    let over = || suc(top());
    let same = |a: Term, b: Term| fine(path(nat(), a, b.clone()), refl(b));
    let apart = |a: Term, b: Term| refused(END, path(nat(), a, b.clone()), refl(b));
    let (add, mul, sub) =
        (|a, b| op(Prim::NatAdd, &[a, b]), |a, b| op(Prim::NatMul, &[a, b]), |a, b| op(Prim::NatSub, &[a, b]));
    vec![
        same(add(num(7), over()), suc(add(num(7), top()))),
        same(mul(num(7), over()), add(mul(num(7), top()), num(7))),
        same(sub(over(), num(1)), top()),
        same(sub(top(), over()), num(0)),
        same(sub(num(0), num(1)), num(0)),
        fine(path(boolean(), op(Prim::NatLtb, &[top(), over()]), prim(Prim::True)), refl(prim(Prim::True))),
        apart(add(top(), num(1)), num(0)),
        apart(add(top(), num(1)), top()),
        apart(mul(over(), over()), num(0)),
        refused(END, pi(nat(), path(nat(), add(num(0), v(0)), v(0))), lam(refl(v(0)))),
        refused(END, pi(nat(), path(nat(), sub(v(0), v(0)), num(0))), lam(refl(num(0)))),
    ]
}

/// These do not come through the reader: its words stand in the test.
pub fn t46() -> Vec<Case> {
    let literal = |n, d| refused("rational not in lowest terms", real(), rat(n, d));
    vec![literal(2, 4), literal(0, 2), literal(1, 0), literal(-3, 3), fine(real(), rat(-1, 2)), fine(real(), rat(0, 1))]
}

pub fn t47() -> Vec<Case> {
    let universe = || def(u(1), u(0));
    let raised_box = || t(Node::Data(DataRef { id: 0, shift: 1 }, vec![]));
    let boxed = || {
        let field = Constructor { name: "box".into(), fields: vec![u(0)], dims: 0, boundary: vec![] };
        Decl::Data(DataDecl { name: "Box".into(), params: vec![], level: 1, constructors: vec![field] })
    };
    vec![
        after(vec![universe()], refused(UNIVERSE, u(1), raised(0, 1))),
        after(vec![universe()], refused(END, path(u(2), c(0), raised(0, 1)), refl(c(0)))),
        after(vec![universe(), def(u(1), c(0))], refused(UNIVERSE, u(1), raised(1, 1))),
        after(vec![boxed()], refused(UNIVERSE, u(1), raised_box())),
        after(vec![universe()], fine(u(2), raised(0, 1))),
        after(vec![boxed()], fine(u(2), raised_box())),
        after(vec![truncation(0)], refused(UNIVERSE, u(1), data_at(0, vec![u(0)]))),
        after(vec![truncation(0)], refused(UNIVERSE, u(0), t(Node::Data(DataRef { id: 0, shift: 1 }, vec![nat()])))),
        after(vec![truncation(0)], fine(u(1), t(Node::Data(DataRef { id: 0, shift: 1 }, vec![u(0)])))),
        after(vec![circle(0)], fine(u(0), t(Node::Data(DataRef { id: 0, shift: 9 }, vec![])))),
    ]
}

/// Every case, for what must hold of all of them.
pub fn all() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("t01", t01()),
        ("t02", t02()),
        ("t03", t03()),
        ("t04", t04()),
        ("t05", t05()),
        ("t09", t09()),
        ("t10", t10()),
        ("t11", t11()),
        ("t12", t12()),
        ("t13", t13()),
        ("t14", t14()),
        ("t15", t15()),
        ("t16", t16()),
        ("t17", t17()),
        ("t18", t18()),
        ("t19", t19()),
        ("t20", t20()),
        ("t21", t21()),
        ("t22", t22()),
        ("t23", t23()),
        ("t24", t24()),
        ("t25", t25()),
        ("t26", t26()),
        ("t27", t27()),
        ("t28", t28()),
        ("t29", t29()),
        ("t31", t31()),
        ("t37", t37()),
        ("t38", t38()),
        ("t39", t39()),
        ("t40", t40()),
        ("t41", t41()),
        ("t44", t44()),
        ("t45", t45()),
        ("t46", t46()),
        ("t47", t47()),
    ]
}
