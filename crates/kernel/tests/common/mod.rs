//! Terms by hand: every function builds one node. Indices count binders outwards from 0.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_format::{Constructor, DataDecl, DataRef, Decl, Dim, Face, GlueFace, Node, Part, Prim, Rational, Term};
use bfv_kernel::{Ctx, Limits, Machine, Signature};
use std::rc::Rc;

pub fn t(n: Node) -> Term {
    Rc::new(n)
}
pub fn v(i: u32) -> Term {
    t(Node::Var(i))
}
pub fn u(n: u32) -> Term {
    t(Node::Univ(n))
}
pub fn c(id: u32) -> Term {
    t(Node::Const { id, shift: 0 })
}
pub fn raised(id: u32, shift: u32) -> Term {
    t(Node::Const { id, shift })
}
pub fn prim(p: Prim) -> Term {
    t(Node::Prim(p))
}
pub fn nat() -> Term {
    prim(Prim::Nat)
}
pub fn boolean() -> Term {
    prim(Prim::Bool)
}
pub fn real() -> Term {
    prim(Prim::Real)
}
pub fn empty() -> Term {
    prim(Prim::Empty)
}
pub fn num(n: u64) -> Term {
    t(Node::NatLit(n.into()))
}
pub fn int(n: i64) -> Term {
    t(Node::IntLit(n.into()))
}
pub fn rat(n: i64, d: u64) -> Term {
    t(Node::RealLit(Rational { num: n.into(), den: d.into() }))
}
pub fn pi(a: Term, b: Term) -> Term {
    t(Node::Pi(a, b))
}
pub fn sigma(a: Term, b: Term) -> Term {
    t(Node::Sigma(a, b))
}
pub fn lam(b: Term) -> Term {
    t(Node::Lam(b))
}
pub fn app(f: Term, a: Term) -> Term {
    t(Node::App(f, a))
}
pub fn op(p: Prim, args: &[Term]) -> Term {
    args.iter().fold(prim(p), |f, a| app(f, a.clone()))
}
pub fn suc(n: Term) -> Term {
    op(Prim::Suc, &[n])
}
pub fn pair(a: Term, b: Term) -> Term {
    t(Node::Pair(a, b))
}
pub fn fst(p: Term) -> Term {
    t(Node::Fst(p))
}
pub fn snd(p: Term) -> Term {
    t(Node::Snd(p))
}
pub fn path(a: Term, l: Term, r: Term) -> Term {
    t(Node::Path(a, l, r))
}
pub fn line(a: Term) -> Term {
    t(Node::Line(a))
}
pub fn dlam(b: Term) -> Term {
    t(Node::DLam(b))
}
pub fn refl(a: Term) -> Term {
    dlam(a)
}
pub fn papp(p: Term, a: Term, b: Term, r: Dim) -> Term {
    t(Node::PApp(p, a, b, r))
}
pub fn lapp(p: Term, r: Dim) -> Term {
    t(Node::LApp(p, r))
}
pub fn coe(r: Dim, s: Dim, a: Term, x: Term) -> Term {
    t(Node::Coe(r, s, a, x))
}
pub fn hcom(r: Dim, s: Dim, a: Term, faces: Vec<Face>, b: Term) -> Term {
    t(Node::HCom(r, s, a, faces, b))
}
pub fn face(a: Dim, b: Dim, body: Term) -> Face {
    Face { cof: vec![(a, b)], body }
}
pub fn bool_elim(m: Term, a: Term, b: Term, x: Term) -> Term {
    t(Node::BoolElim(m, a, b, x))
}
pub fn nat_elim(m: Term, z: Term, s: Term, x: Term) -> Term {
    t(Node::NatElim(m, z, s, x))
}
pub fn let_(a: Term, x: Term, b: Term) -> Term {
    t(Node::Let(a, x, b))
}
pub const I0: Dim = Dim::Zero;
pub const I1: Dim = Dim::One;
pub fn d(i: u32) -> Dim {
    Dim::Var(i)
}

pub fn def(ty: Term, body: Term) -> Decl {
    Decl::Def { name: "d".into(), ty, body }
}
pub fn theorem(ty: Term, proof: Term) -> Decl {
    Decl::Theorem { name: "t".into(), ty, proof }
}
pub fn axiom(bundle: &str, ty: Term) -> Decl {
    Decl::Axiom { name: "a".into(), bundle: bundle.into(), ty }
}
pub fn data(params: Vec<Term>, level: u32, constructors: Vec<Vec<Term>>) -> Decl {
    let con =
        |(n, fields): (usize, Vec<Term>)| Constructor { name: format!("c{n}"), fields, dims: 0, boundary: vec![] };
    Decl::Data(DataDecl {
        name: "D".into(),
        params,
        level,
        constructors: constructors.into_iter().enumerate().map(con).collect(),
    })
}
pub fn dref(id: u32) -> DataRef {
    DataRef { id, shift: 0 }
}
pub fn data_at(id: u32, ps: Vec<Term>) -> Term {
    t(Node::Data(dref(id), ps))
}
pub fn con(id: u32, k: u32, ps: Vec<Term>, fs: Vec<Term>) -> Term {
    t(Node::Con(dref(id), k, ps, fs, vec![]))
}
pub fn data_elim(id: u32, ps: Vec<Term>, m: Term, bs: Vec<Term>, x: Term) -> Term {
    t(Node::DataElim(dref(id), ps, m, bs, x))
}

/// A path constructor; its terms are in the scope of parameters, fields and dimensions.
pub fn path_con(fields: Vec<Term>, dims: u32, boundary: Vec<Part>) -> Constructor {
    Constructor { name: "p".into(), fields, dims, boundary }
}
pub fn point(fields: Vec<Term>) -> Constructor {
    path_con(fields, 0, vec![])
}
pub fn path_data(params: Vec<Term>, level: u32, constructors: Vec<Constructor>) -> Decl {
    Decl::Data(DataDecl { name: "D".into(), params, level, constructors })
}
pub fn con_at(id: u32, k: u32, ps: Vec<Term>, fs: Vec<Term>, dims: Vec<Dim>) -> Term {
    t(Node::Con(dref(id), k, ps, fs, dims))
}
pub fn part(a: Dim, b: Dim, body: Term) -> Part {
    Part { cof: vec![(a, b)], body }
}
/// The circle, at position `id`.
pub fn circle(id: u32) -> Decl {
    let base = || con(id, 0, vec![], vec![]);
    path_data(vec![], 0, vec![point(vec![]), path_con(vec![], 1, vec![part(d(0), I0, base()), part(d(0), I1, base())])])
}
/// The truncation of a type, at position `id`.
pub fn truncation(id: u32) -> Decl {
    let me = |a: Term| data_at(id, vec![a]);
    let ends = vec![part(d(0), I0, v(1)), part(d(0), I1, v(0))];
    path_data(vec![u(0)], 0, vec![point(vec![v(0)]), path_con(vec![me(v(0)), me(v(1))], 1, ends)])
}
pub fn glue(a: Term, faces: Vec<GlueFace>) -> Term {
    t(Node::Glue(a, faces))
}
pub fn glued(a: Dim, b: Dim, ty: Term, equiv: Term) -> GlueFace {
    GlueFace { cof: vec![(a, b)], ty, equiv }
}
pub fn glue_el(a: Term, parts: Vec<Part>) -> Term {
    t(Node::GlueEl(a, parts))
}
pub fn unglue(a: Term, faces: Vec<GlueFace>, g: Term) -> Term {
    t(Node::Unglue(a, faces, g))
}
/// An equivalence from its five parts.
pub fn five(f: Term, g: Term, eta: Term, epsilon: Term, tau: Term) -> Term {
    pair(f, pair(g, pair(eta, pair(epsilon, tau))))
}
pub fn id_equiv() -> Term {
    let id = || lam(v(0));
    five(id(), id(), lam(dlam(v(0))), lam(dlam(v(0))), lam(dlam(dlam(v(0)))))
}
pub fn negation(x: Term) -> Term {
    bool_elim(boolean(), prim(Prim::False), prim(Prim::True), x)
}
/// `not (not x) = x`
pub fn negated_twice(x: Term) -> Term {
    let motive = path(boolean(), negation(negation(v(0))), v(0));
    bool_elim(motive, refl(prim(Prim::True)), refl(prim(Prim::False)), x)
}
/// Negation as an equivalence from Bool to Bool.
pub fn not_equiv() -> Term {
    let (f, back) = (|| lam(negation(v(0))), || lam(negated_twice(v(0))));
    let n = |x: Term| negation(x);
    let low = dlam(n(papp(negated_twice(v(0)), n(n(v(0))), v(0), d(0))));
    let motive = path(path(boolean(), n(n(n(v(0)))), n(v(0))), low, negated_twice(n(v(0))));
    let tau = lam(bool_elim(motive, refl(refl(prim(Prim::False))), refl(refl(prim(Prim::True))), v(0)));
    five(f(), f(), back(), back(), tau)
}
/// `Equiv T A` in a context where T is variable `ty` and A variable `base`.
pub fn equiv_between(ty: u32, base: u32) -> Term {
    let arrow = |a: u32, b: u32| pi(v(a), v(b + 1));
    let tau = {
        // f g eta epsilon x
        let fx = || app(v(4), v(0));
        let back = || app(v(3), fx());
        let low = dlam(app(v(4), papp(app(v(2), v(0)), back(), v(0), d(0))));
        pi(v(ty + 4), path(path(v(base + 5), app(v(4), back()), fx()), low, app(v(1), fx())))
    };
    let epsilon = pi(v(base + 3), path(v(base + 4), app(v(3), app(v(2), v(0))), v(0)));
    let eta = pi(v(ty + 2), path(v(ty + 3), app(v(1), app(v(2), v(0))), v(0)));
    sigma(arrow(ty, base), sigma(arrow(base + 1, ty + 1), sigma(eta, sigma(epsilon, tau))))
}

/// Runs a test on the big stack that callers of the kernel supply.
pub fn big<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let joined = std::thread::Builder::new().stack_size(1 << 30).spawn(f).unwrap().join();
    match joined {
        Ok(x) => x,
        Err(e) => std::panic::resume_unwind(e),
    }
}

/// Adds declarations that must be accepted.
pub fn signature(decls: Vec<Decl>) -> Signature {
    let mut s = Signature::new();
    for decl in decls {
        s.add(decl, Limits::default()).unwrap();
    }
    s
}

#[track_caller]
pub fn accepts(s: &Signature, ty: Term, term: Term) {
    if let Err(e) = s.prove(&ty, &term, Limits::default()) {
        panic!("refused: {} ({})", e.reason, e.detail);
    }
}

#[track_caller]
pub fn rejects(s: &Signature, ty: Term, term: Term, reason: &str) {
    match s.prove(&ty, &term, Limits::default()) {
        Ok(_) => panic!("accepted, but `{reason}` was expected"),
        Err(e) => assert_eq!(e.reason, reason, "{}", e.detail),
    }
}

#[track_caller]
pub fn refuses(s: &mut Signature, decl: Decl, reason: &str) {
    match s.add(decl, Limits::default()) {
        Ok(_) => panic!("accepted, but `{reason}` was expected"),
        Err(e) => assert_eq!(e.reason, reason, "{}", e.detail),
    }
}

/// The normal form of a closed term.
pub fn normal(s: &Signature, term: &Term) -> Term {
    let m = Machine::new(s, Limits::default());
    let ctx = Ctx::default();
    m.normal(&ctx, &m.eval(&ctx.env, term)).unwrap()
}
