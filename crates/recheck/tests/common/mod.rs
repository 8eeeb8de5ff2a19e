//! Core terms written with names: a binder is a Rust function, and a variable knows where it was introduced.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use bfv_format::{
    Cof, Constructor, DataDecl, DataRef, Decl, Dim, Face, GlueFace, Node, Outcome, Part, Prim, Stored, Term, write,
};
use bfv_recheck::{Judge, Limits, Report, Verdict, recheck};
use std::rc::Rc;

/// A term at a place with so many term variables and dimensions in scope.
pub type T = Rc<dyn Fn(u32, u32) -> Term>;

/// An interval term by level.
#[derive(Clone, Copy)]
pub enum D {
    Zero,
    One,
    At(u32),
}

pub use D::{One, Zero};

fn dim(d: D, m: u32) -> Dim {
    match d {
        Zero => Dim::Zero,
        One => Dim::One,
        D::At(k) => Dim::Var(m - 1 - k),
    }
}

pub type Eqs = Vec<(D, D)>;

fn cof(c: &Eqs, m: u32) -> Cof {
    c.iter().map(|(a, b)| (dim(*a, m), dim(*b, m))).collect()
}

pub fn leaf(n: Node) -> T {
    let t = Rc::new(n);
    Rc::new(move |_, _| t.clone())
}

fn at_level(level: u32) -> T {
    Rc::new(move |n, _| Rc::new(Node::Var(n - 1 - level)))
}

fn all(ts: &[T], n: u32, m: u32) -> Vec<Term> {
    ts.iter().map(|t| t(n, m)).collect()
}

macro_rules! built {
    ($n:ident, $m:ident, $node:expr) => {
        Rc::new(move |$n, $m| Rc::new($node))
    };
}

type Under = Rc<dyn Fn(u32, u32) -> Term>;

fn bind(f: impl Fn(T) -> T + 'static) -> Under {
    Rc::new(move |n, m| f(at_level(n))(n + 1, m))
}

fn dbind(f: impl Fn(D) -> T + 'static) -> Under {
    Rc::new(move |n, m| f(D::At(m))(n, m + 1))
}

pub fn prim(p: Prim) -> T {
    leaf(Node::Prim(p))
}
pub fn univ(n: u32) -> T {
    leaf(Node::Univ(n))
}
pub fn constant(id: u32) -> T {
    leaf(Node::Const { id, shift: 0 })
}
pub fn bool() -> T {
    prim(Prim::Bool)
}
pub fn yes() -> T {
    prim(Prim::True)
}
pub fn no() -> T {
    prim(Prim::False)
}
pub fn unit() -> T {
    prim(Prim::Unit)
}
pub fn star() -> T {
    prim(Prim::Star)
}
pub fn lam(f: impl Fn(T) -> T + 'static) -> T {
    let b = bind(f);
    built!(n, m, Node::Lam(b(n, m)))
}
pub fn pi(a: T, f: impl Fn(T) -> T + 'static) -> T {
    let b = bind(f);
    built!(n, m, Node::Pi(a(n, m), b(n, m)))
}
pub fn arrow(a: T, b: T) -> T {
    pi(a, move |_| b.clone())
}
pub fn sigma(a: T, f: impl Fn(T) -> T + 'static) -> T {
    let b = bind(f);
    built!(n, m, Node::Sigma(a(n, m), b(n, m)))
}
pub fn pair(a: T, b: T) -> T {
    built!(n, m, Node::Pair(a(n, m), b(n, m)))
}
pub fn fst(a: T) -> T {
    built!(n, m, Node::Fst(a(n, m)))
}
pub fn snd(a: T) -> T {
    built!(n, m, Node::Snd(a(n, m)))
}
pub fn app(f: &T, a: &T) -> T {
    let (f, a) = (f.clone(), a.clone());
    built!(n, m, Node::App(f(n, m), a(n, m)))
}
/// A term whose type is written: only some terms can stand where a type is asked for.
pub fn typed(t: T, ty: T) -> T {
    built!(n, m, Node::Let(ty(n, m), t(n, m), Rc::new(Node::Var(0))))
}
pub fn line(f: impl Fn(D) -> T + 'static) -> T {
    let b = dbind(f);
    built!(n, m, Node::Line(b(n, m)))
}
pub fn pathp(f: impl Fn(D) -> T + 'static, l: T, r: T) -> T {
    let b = dbind(f);
    built!(n, m, Node::Path(b(n, m), l(n, m), r(n, m)))
}
pub fn path(a: T, l: T, r: T) -> T {
    pathp(move |_| a.clone(), l, r)
}
pub fn dlam(f: impl Fn(D) -> T + 'static) -> T {
    let b = dbind(f);
    built!(n, m, Node::DLam(b(n, m)))
}
pub fn lapp(p: &T, r: D) -> T {
    let p = p.clone();
    built!(n, m, Node::LApp(p(n, m), dim(r, m)))
}
pub fn papp(p: T, a: T, b: T, r: D) -> T {
    built!(n, m, Node::PApp(p(n, m), a(n, m), b(n, m), dim(r, m)))
}
pub fn coe(r: D, s: D, f: impl Fn(D) -> T + 'static, t: T) -> T {
    let b = dbind(f);
    built!(n, m, Node::Coe(dim(r, m), dim(s, m), b(n, m), t(n, m)))
}
pub type Side = (Eqs, Rc<dyn Fn(D) -> T>);
pub fn side(c: Eqs, f: impl Fn(D) -> T + 'static) -> Side {
    (c, Rc::new(f))
}
pub fn hcom(r: D, s: D, a: T, sides: Vec<Side>, b: T) -> T {
    Rc::new(move |n, m| {
        let faces = sides.iter().map(|(c, f)| Face { cof: cof(c, m), body: f(D::At(m))(n, m + 1) }).collect();
        Rc::new(Node::HCom(dim(r, m), dim(s, m), a(n, m), faces, b(n, m)))
    })
}
/// `com` as KERNEL.md section 5 defines it.
pub fn com(r: D, s: D, f: impl Fn(D) -> T + Clone + 'static, sides: Vec<Side>, b: T) -> T {
    let sides = sides.into_iter().map(|(c, u)| {
        let f = f.clone();
        side(c, move |i| coe(i, s, f.clone(), u(i)))
    });
    hcom(r, s, f(s), sides.collect(), coe(r, s, f.clone(), b))
}
pub type Glued = (Eqs, T, T);
fn glue_faces(faces: &[Glued], n: u32, m: u32) -> Vec<GlueFace> {
    faces.iter().map(|(c, t, e)| GlueFace { cof: cof(c, m), ty: t(n, m), equiv: e(n, m) }).collect()
}
pub fn glue(a: T, faces: Vec<Glued>) -> T {
    built!(n, m, Node::Glue(a(n, m), glue_faces(&faces, n, m)))
}
pub fn unglue(a: T, faces: Vec<Glued>, g: T) -> T {
    built!(n, m, Node::Unglue(a(n, m), glue_faces(&faces, n, m), g(n, m)))
}
pub fn glue_el(a: T, parts: Vec<(Eqs, T)>) -> T {
    Rc::new(move |n, m| {
        let parts = parts.iter().map(|(c, t)| Part { cof: cof(c, m), body: t(n, m) }).collect();
        Rc::new(Node::GlueEl(a(n, m), parts))
    })
}
pub fn bool_elim(motive: impl Fn(T) -> T + 'static, t: T, f: T, x: T) -> T {
    let b = bind(motive);
    built!(n, m, Node::BoolElim(b(n, m), t(n, m), f(n, m), x(n, m)))
}
pub fn nat_elim(motive: impl Fn(T) -> T + 'static, z: T, s: T, x: T) -> T {
    let b = bind(motive);
    built!(n, m, Node::NatElim(b(n, m), z(n, m), s(n, m), x(n, m)))
}
pub fn int_elim(motive: impl Fn(T) -> T + 'static, p: T, s: T, x: T) -> T {
    let b = bind(motive);
    built!(n, m, Node::IntElim(b(n, m), p(n, m), s(n, m), x(n, m)))
}
pub fn number(k: u32) -> T {
    leaf(Node::NatLit(k.into()))
}
pub fn integer(k: i32) -> T {
    leaf(Node::IntLit(k.into()))
}
pub fn data(id: u32, params: &[T]) -> T {
    let ps = params.to_vec();
    built!(n, m, Node::Data(DataRef { id, shift: 0 }, all(&ps, n, m)))
}
pub fn con(id: u32, c: u32, params: &[T], fields: &[T], dims: &[D]) -> T {
    let (ps, fs, rs) = (params.to_vec(), fields.to_vec(), dims.to_vec());
    Rc::new(move |n, m| {
        let rs = rs.iter().map(|r| dim(*r, m)).collect();
        Rc::new(Node::Con(DataRef { id, shift: 0 }, c, all(&ps, n, m), all(&fs, n, m), rs))
    })
}
pub fn data_elim(id: u32, params: &[T], motive: impl Fn(T) -> T + 'static, branches: &[T], x: T) -> T {
    let (ps, b, bs) = (params.to_vec(), bind(motive), branches.to_vec());
    built!(n, m, Node::DataElim(DataRef { id, shift: 0 }, all(&ps, n, m), b(n, m), all(&bs, n, m), x(n, m)))
}

pub fn refl(a: T) -> T {
    dlam(move |_| a.clone())
}

/// `Equiv T A`, written out as in KERNEL.md.
pub fn equiv(t: T, a: T) -> T {
    let inverse = |ty: T, there: T, back: T| {
        let of = ty.clone();
        pi(of, move |x| path(ty.clone(), app(&back, &app(&there, &x)), x))
    };
    sigma(arrow(t.clone(), a.clone()), move |f| {
        let (t, a) = (t.clone(), a.clone());
        sigma(arrow(a.clone(), t.clone()), move |g| {
            let (t, a, f) = (t.clone(), a.clone(), f.clone());
            sigma(inverse(t.clone(), f.clone(), g.clone()), move |eta| {
                let (t, a, f, g) = (t.clone(), a.clone(), f.clone(), g.clone());
                sigma(inverse(a.clone(), g.clone(), f.clone()), move |epsilon| {
                    let (a, f, g, eta) = (a.clone(), f.clone(), g.clone(), eta.clone());
                    pi(t.clone(), move |x| {
                        let fx = app(&f, &x);
                        let (f, gfx, eta) = (f.clone(), app(&g, &fx), eta.clone());
                        let row = path(a.clone(), app(&f, &gfx), fx.clone());
                        let low = dlam(move |k| app(&f, &papp(app(&eta, &x), gfx.clone(), x.clone(), k)));
                        path(row, low, app(&epsilon, &fx))
                    })
                })
            })
        })
    })
}

pub fn five(f: T, g: T, eta: T, epsilon: T, tau: T) -> T {
    pair(f, pair(g, pair(eta, pair(epsilon, tau))))
}

pub fn identity() -> T {
    let refl_refl = || lam(|x| dlam(move |_| refl(x.clone())));
    five(lam(|x| x), lam(|x| x), lam(refl), lam(refl), refl_refl())
}

/// A field type in the scope of parameters and earlier fields.
pub type Field = Rc<dyn Fn(&[T]) -> T>;

/// A face of a boundary.
pub type Edge = (Eqs, Rc<dyn Fn(&[T], &[D]) -> T>);

/// One constructor: fields in the scope of parameters and earlier fields, dimensions, boundary.
pub struct Con {
    pub fields: Vec<Field>,
    pub dims: u32,
    pub boundary: Vec<Edge>,
}

pub fn point(fields: Vec<Field>) -> Con {
    Con { fields, dims: 0, boundary: vec![] }
}

pub fn field(f: impl Fn(&[T]) -> T + 'static) -> Field {
    Rc::new(f)
}

pub fn end(k: u32, at: D, f: impl Fn(&[T], &[D]) -> T + 'static) -> Edge {
    (vec![(D::At(k), at)], Rc::new(f))
}

/// A judge and how many declarations it has.
pub struct World {
    judge: Judge,
    decls: Vec<Decl>,
    pub next: u32,
}

pub type Answer = Result<(), &'static str>;

impl World {
    pub fn new() -> World {
        World { judge: Judge::new(Limits { steps: 40_000_000, depth: 4_000 }), decls: vec![], next: 0 }
    }

    pub fn add(&mut self, d: &Decl) -> Answer {
        self.judge.add(d).map_err(|r| r.reason)?;
        self.decls.push(d.clone());
        self.next += 1;
        Ok(())
    }

    pub fn def(&mut self, ty: T, body: T) -> T {
        self.add(&Decl::Def { name: "d".into(), ty: ty(0, 0), body: body(0, 0) }).unwrap();
        constant(self.next - 1)
    }

    /// A data type at the next position; `params` in the scope of earlier ones.
    pub fn data(&mut self, params: Vec<Field>, level: u32, cons: Vec<Con>) -> Answer {
        let scope = |n: usize| (0..u32::try_from(n).unwrap()).map(at_level).collect::<Vec<T>>();
        let at = |f: &Field, n: usize| f(&scope(n))(u32::try_from(n).unwrap(), 0);
        let constructors = cons.iter().map(|c| {
            let inner = params.len() + c.fields.len();
            let dims: Vec<D> = (0..c.dims).map(D::At).collect();
            Constructor {
                name: "c".into(),
                fields: c.fields.iter().enumerate().map(|(k, f)| at(f, params.len() + k)).collect(),
                dims: c.dims,
                boundary: c
                    .boundary
                    .iter()
                    .map(|(e, f)| Part {
                        cof: cof(e, c.dims),
                        body: f(&scope(inner), &dims)(u32::try_from(inner).unwrap(), c.dims),
                    })
                    .collect(),
            }
        });
        let d = DataDecl {
            name: "D".into(),
            params: params.iter().enumerate().map(|(k, f)| at(f, k)).collect(),
            level,
            constructors: constructors.collect(),
        };
        self.add(&Decl::Data(d))
    }

    pub fn check(&self, ty: &T, t: &T) -> Answer {
        self.judge.judge(&ty(0, 0), Verdict::Proved, &t(0, 0)).map_err(|r| r.reason)
    }

    /// What the bytes of a stored proof are said to show.
    pub fn stored(&self, ty: &T, t: &T) -> Result<Report, &'static str> {
        let stored = Stored {
            decls: self.decls.clone(),
            claim: "claim".into(),
            statement: ty(0, 0),
            verdict: Outcome::Proved,
            evidence: t(0, 0),
            witness: vec![],
            engine: String::new(),
        };
        recheck(&write(&stored), Limits { steps: 40_000_000, depth: 4_000 }).map_err(|r| r.reason)
    }

    /// Whether two elements of a closed type are convertible.
    pub fn equal(&self, ty: &T, a: &T, b: &T) -> Answer {
        self.check(&path(ty.clone(), a.clone(), b.clone()), &refl(a.clone()))
    }
}

/// Runs a test with room for the recursion of a checker.
pub fn deep(f: impl FnOnce() + Send + 'static) {
    let run = std::thread::Builder::new().stack_size(1 << 29).spawn(f).unwrap();
    if let Err(e) = run.join() {
        std::panic::resume_unwind(e);
    }
}

pub fn not(x: &T) -> T {
    bool_elim(|_| bool(), no(), yes(), x.clone())
}

/// The circle, at the next position.
pub fn circle(w: &mut World) -> u32 {
    let id = w.next;
    let at = move |_: &[T], _: &[D]| con(id, 0, &[], &[], &[]);
    let turn = Con { fields: vec![], dims: 1, boundary: vec![end(0, Zero, at), end(0, One, at)] };
    w.data(vec![], 0, vec![point(vec![]), turn]).unwrap();
    id
}

pub fn start(id: u32) -> T {
    con(id, 0, &[], &[], &[])
}

pub fn turn(id: u32, i: D) -> T {
    con(id, 1, &[], &[], &[i])
}
