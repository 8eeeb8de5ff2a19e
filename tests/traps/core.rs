//! The traps as core terms, for the stored proof and the second checker. Terms are built by hand, as no elaborator would build them.

use crate::common::*;
pub use crate::kan::*;
use bfv_format::{
    Constructor, DataDecl, DataRef, Decl, Hypothesis, Node, Op, Prim, Rational, Relation, Rule, Sort, Term,
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

pub fn refused(reason: &'static str, ty: Term, term: Term) -> Case {
    Case { decls: vec![], term: Some((ty, term)), reason: Some(reason) }
}

pub fn fine(ty: Term, term: Term) -> Case {
    Case { decls: vec![], term: Some((ty, term)), reason: None }
}

pub fn declared(reason: Option<&'static str>, decls: Vec<Decl>) -> Case {
    Case { decls, term: None, reason }
}

pub fn after(decls: Vec<Decl>, case: Case) -> Case {
    Case { decls, ..case }
}

pub const UNIVERSE: &str = "universe too small";
const POSITIVE: &str = "not strictly positive";
pub const END: &str = "wrong path endpoint";
pub const MISMATCH: &str = "type mismatch";

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

pub fn t30() -> Vec<Case> {
    // Square A: point, line between points, and a square of which two sides are lines.
    let corner = |ps: Term, x: Term| con(0, 0, vec![ps], vec![x]);
    let edge = |ps: Term, x: Term, y: Term, r| con_at(0, 1, vec![ps], vec![x, y], vec![r]);
    let with = |bottom: Term| {
        let between = vec![part(d(0), I0, corner(v(2), v(1))), part(d(0), I1, corner(v(2), v(0)))];
        let sides = vec![part(d(1), I0, edge(v(3), v(2), v(1), d(0))), part(d(0), I0, bottom)];
        let (line, square) = (path_con(vec![v(0), v(1)], 1, between), path_con(vec![v(0), v(1), v(2)], 2, sides));
        path_data(vec![u(0)], 0, vec![point(vec![v(0)]), line, square])
    };
    let square = || with(edge(v(3), v(2), v(0), d(1)));
    // A, a b c : A
    let all = |x: Term| pi(u(0), pi(v(0), pi(v(1), pi(v(2), x))));
    let shown = |x: Term| lam(lam(lam(lam(x))));
    let at = |r, s| con_at(0, 2, vec![v(3)], vec![v(2), v(1), v(0)], vec![r, s]);
    let ab = |r| edge(v(3), v(2), v(1), r);
    let ac = |r| edge(v(3), v(2), v(0), r);
    let some = || data_at(0, vec![v(3)]);
    let after = |c| after(vec![square()], c);
    let same = |ty: Term, x: Term, y: Term| after(fine(all(path(ty, x.clone(), y)), shown(refl(x))));
    let apart = |ty: Term, x: Term, y: Term| after(refused(END, all(path(ty, x.clone(), y)), shown(refl(x))));
    let lines = || line(some());
    let under = line(path(lines(), dlam(ab(d(1))), dlam(ab(d(0)))));
    // The free type with a commuting product: the images of the two factors keep their places, or change them.
    let times = |x: Term, y: Term| con(0, 1, vec![v(2)], vec![x, y]);
    let swap = vec![part(d(0), I0, times(v(1), v(0))), part(d(0), I1, times(v(0), v(1)))];
    let fields = || vec![data_at(0, vec![v(0)]), data_at(0, vec![v(1)])];
    let free = || path_data(vec![u(0)], 0, vec![point(vec![]), point(fields()), path_con(fields(), 1, swap.clone())]);
    let mirrored = |x: u32, y: u32| {
        let product = lam(lam(lam(lam(con(0, 1, vec![v(5)], vec![v(0), v(1)])))));
        let path = lam(lam(lam(lam(dlam(con_at(0, 2, vec![v(5)], vec![v(x), v(y)], vec![d(0)]))))));
        lam(lam(data_elim(
            0,
            vec![v(1)],
            data_at(0, vec![v(2)]),
            vec![con(0, 0, vec![v(1)], vec![]), product, path],
            v(0),
        )))
    };
    let to_itself = || pi(u(0), pi(data_at(0, vec![v(0)]), data_at(0, vec![v(1)])));
    vec![
        declared(None, vec![square()]),
        declared(Some("faces disagree"), vec![with(edge(v(3), v(0), v(2), d(1)))]),
        same(lines(), dlam(at(I0, d(0))), dlam(ab(d(0)))),
        apart(lines(), dlam(at(I0, d(0))), dlam(ac(d(0)))),
        same(lines(), dlam(at(d(0), I0)), dlam(ac(d(0)))),
        apart(lines(), dlam(at(d(0), I0)), dlam(ab(d(0)))),
        same(some(), at(I0, I1), corner(v(3), v(1))),
        apart(some(), at(I1, I0), corner(v(3), v(1))),
        same(line(lines()), dlam(dlam(at(d(1), d(0)))), dlam(dlam(at(d(1), d(0))))),
        apart(line(lines()), dlam(dlam(at(d(1), d(0)))), dlam(dlam(at(d(0), d(1))))),
        after(refused(END, all(under), shown(dlam(refl(dlam(ab(d(0)))))))),
        Case { decls: vec![free()], ..fine(to_itself(), mirrored(0, 1)) },
        Case { decls: vec![free()], ..refused("boundary disagrees", to_itself(), mirrored(1, 0)) },
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

/// `0 < 0` on natural numbers, refuted by a proof of it.
fn absurd(proof: Term) -> Term {
    let zero = vec![Op::Lit(Sort::Nat, Rational { num: 0.into(), den: 1u8.into() })];
    let h = Hypothesis { relation: Relation::Lt, left: zero.clone(), right: zero, proof };
    t(Node::Rule(Box::new(Rule::Lia { sort: Sort::Nat, atoms: vec![], hypotheses: vec![h], steps: vec![] })))
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
        // Rounding down goes away from zero below zero, and decides nothing of a variable.
        refused(END, path(prim(Prim::Int), op(Prim::RealFloor, &[rat(-1, 2)]), int(0)), refl(int(0))),
        refused(END, path(prim(Prim::Int), op(Prim::RealFloor, &[rat(3, 2)]), int(2)), refl(int(2))),
        refused(END, pi(real(), path(prim(Prim::Int), op(Prim::RealFloor, &[v(0)]), int(0))), lam(refl(int(0)))),
        fine(path(prim(Prim::Int), op(Prim::RealFloor, &[rat(-1, 2)]), int(-1)), refl(int(-1))),
        fine(path(prim(Prim::Int), op(Prim::RealFloor, &[rat(-2, 1)]), int(-2)), refl(int(-2))),
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
        ("t30", t30()),
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
