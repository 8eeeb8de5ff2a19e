//! Terms by hand: every function builds one node. Indices count binders outwards from 0.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_format::{Constructor, DataDecl, DataRef, Decl, Dim, Face, Node, Prim, Rational, Term};
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
