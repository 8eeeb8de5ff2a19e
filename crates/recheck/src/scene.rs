//! Template terms: the rules of KERNEL.md section 5 are written as core terms over an environment of closures.
//!
//! A `Scene` collects the closures and interval values a rule speaks of; a `Pen` writes the term and counts the
//! binders, so that a variable is always named by the place where it was introduced.

use crate::closure::{Bind, Clo, Closure, DBind, Env, Equations, Ivl};
use bfv_format::{Cof, DataRef, Dim, Face, Node, Part, Prim, Term};
use num_bigint::BigUint;
use std::rc::Rc;

/// A term variable by the number of term variables outside it.
#[derive(Clone, Copy)]
pub(crate) struct V(u32);

/// An interval term by the same convention.
#[derive(Clone, Copy)]
pub(crate) enum D {
    Zero,
    One,
    At(u32),
}

/// The environment of a template.
pub(crate) struct Scene {
    env: Env,
    terms: u32,
    dims: u32,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Scene { env: Env::empty(0), terms: 0, dims: 0 }
    }

    pub(crate) fn term(&mut self, c: Clo) -> V {
        self.env = self.env.push(c);
        self.terms += 1;
        V(self.terms - 1)
    }

    pub(crate) fn line(&mut self, b: DBind) -> V {
        self.term(Rc::new(Closure::DFun(b)))
    }

    pub(crate) fn fun(&mut self, b: Bind) -> V {
        self.term(Rc::new(Closure::Fun(b)))
    }

    /// A line of functions: `name` is bound in `b`.
    pub(crate) fn line_of_fun(&mut self, name: u64, b: Bind) -> V {
        self.line(DBind::abs(name, Rc::new(Closure::Fun(b))))
    }

    pub(crate) fn dim(&mut self, r: Ivl) -> D {
        match r {
            Ivl::Zero => D::Zero,
            Ivl::One => D::One,
            Ivl::Name(_) => {
                self.env = self.env.push_dim(r);
                self.dims += 1;
                D::At(self.dims - 1)
            }
        }
    }

    pub(crate) fn cof(&mut self, cof: &Equations) -> Vec<(D, D)> {
        cof.iter().map(|(a, b)| (self.dim(*a), self.dim(*b))).collect()
    }

    /// Writing may begin; nothing may be added afterwards.
    pub(crate) fn pen(&self) -> Pen {
        Pen { terms: self.terms, dims: self.dims }
    }

    pub(crate) fn close(self, t: Term) -> Clo {
        Rc::new(Closure::Term(t, self.env))
    }
}

/// Where a part of a template stands: how many variables are in scope.
#[derive(Clone, Copy)]
pub(crate) struct Pen {
    terms: u32,
    dims: u32,
}

/// A face of a template system before its side is written.
pub(crate) type Shape = Vec<(D, D)>;

/// A side: where it is defined, and how it is drawn at a dimension.
type Drawn<'s> = (&'s Shape, &'s dyn Fn(Pen, D) -> Term);

impl Pen {
    pub(crate) fn v(self, v: V) -> Term {
        Rc::new(Node::Var(self.terms - 1 - v.0))
    }

    fn d(self, d: D) -> Dim {
        match d {
            D::Zero => Dim::Zero,
            D::One => Dim::One,
            D::At(k) => Dim::Var(self.dims - 1 - k),
        }
    }

    fn in_term(self) -> Pen {
        Pen { terms: self.terms + 1, dims: self.dims }
    }

    fn in_dim(self) -> (Pen, D) {
        (Pen { terms: self.terms, dims: self.dims + 1 }, D::At(self.dims))
    }

    pub(crate) fn lam(self, f: impl FnOnce(Pen, V) -> Term) -> Term {
        Rc::new(Node::Lam(f(self.in_term(), V(self.terms))))
    }

    pub(crate) fn dlam(self, f: impl FnOnce(Pen, D) -> Term) -> Term {
        let (pen, j) = self.in_dim();
        Rc::new(Node::DLam(f(pen, j)))
    }

    /// The value of a line variable at an interval term.
    pub(crate) fn at(self, line: V, r: D) -> Term {
        self.lapp(self.v(line), r)
    }

    pub(crate) fn lapp(self, t: Term, r: D) -> Term {
        Rc::new(Node::LApp(t, self.d(r)))
    }

    pub(crate) fn papp(self, p: Term, a: Term, b: Term, r: D) -> Term {
        Rc::new(Node::PApp(p, a, b, self.d(r)))
    }

    pub(crate) fn coe(self, r: D, s: D, line: impl FnOnce(Pen, D) -> Term, t: Term) -> Term {
        let (pen, i) = self.in_dim();
        Rc::new(Node::Coe(self.d(r), self.d(s), line(pen, i), t))
    }

    fn cof(self, cof: &Shape) -> Cof {
        cof.iter().map(|(a, b)| (self.d(*a), self.d(*b))).collect()
    }

    pub(crate) fn face(self, cof: &Shape, side: impl FnOnce(Pen, D) -> Term) -> Face {
        let (pen, i) = self.in_dim();
        Face { cof: self.cof(cof), body: side(pen, i) }
    }

    pub(crate) fn part(self, cof: &Shape, body: Term) -> Part {
        Part { cof: self.cof(cof), body }
    }

    /// `(x : dom) -> cod`
    fn pi(self, dom: Term, cod: impl FnOnce(Pen, V) -> Term) -> Term {
        Rc::new(Node::Pi(dom, cod(self.in_term(), V(self.terms))))
    }

    /// `(x : dom) * cod`
    fn sigma(self, dom: Term, cod: impl FnOnce(Pen, V) -> Term) -> Term {
        Rc::new(Node::Sigma(dom, cod(self.in_term(), V(self.terms))))
    }

    /// `Path (_. ty) a b`
    fn path(self, ty: impl FnOnce(Pen) -> Term, a: Term, b: Term) -> Term {
        Rc::new(Node::Path(ty(self.in_dim().0), a, b))
    }

    pub(crate) fn hcom(self, r: D, s: D, ty: Term, faces: Vec<Face>, base: Term) -> Term {
        Rc::new(Node::HCom(self.d(r), self.d(s), ty, faces, base))
    }

    /// `com r s (i. A) [phi -> i. u] b = hcom r s A[s/i] [phi -> i. coe i s (i. A) u] (coe r s (i. A) b)`.
    pub(crate) fn com(self, r: D, s: D, line: impl Fn(Pen, D) -> Term, sides: &[Drawn<'_>], base: Term) -> Term {
        let faces = sides.iter().map(|(cof, u)| self.face(cof, |pen, i| pen.coe(i, s, &line, u(pen, i)))).collect();
        // `line` is written at `s` itself for the type, and under its own binder for the coercions.
        self.hcom(r, s, line(self, s), faces, self.coe(r, s, line, base))
    }
}

pub(crate) fn app(f: Term, a: Term) -> Term {
    Rc::new(Node::App(f, a))
}

pub(crate) fn fst(p: Term) -> Term {
    Rc::new(Node::Fst(p))
}

pub(crate) fn snd(p: Term) -> Term {
    Rc::new(Node::Snd(p))
}

pub(crate) fn pair(a: Term, b: Term) -> Term {
    Rc::new(Node::Pair(a, b))
}

pub(crate) fn prim(p: Prim) -> Term {
    Rc::new(Node::Prim(p))
}

/// A closed term as a closure.
pub(crate) fn closed(n: Node) -> Clo {
    Rc::new(Closure::Term(Rc::new(n), Env::empty(0)))
}

pub(crate) fn base(p: Prim) -> Clo {
    closed(Node::Prim(p))
}

pub(crate) fn nat(n: BigUint) -> Clo {
    closed(Node::NatLit(n))
}

/// A function of the theory at closures.
pub(crate) fn call(p: Prim, args: &[Clo]) -> Clo {
    let mut scene = Scene::new();
    let vs: Vec<V> = args.iter().map(|a| scene.term(a.clone())).collect();
    let pen = scene.pen();
    let t = vs.iter().fold(prim(p), |f, v| app(f, pen.v(*v)));
    scene.close(t)
}

/// `c` after `k` successors.
pub(crate) fn sucs(k: BigUint, c: Clo) -> Clo {
    if k == BigUint::default() { c } else { call(Prim::NatAdd, &[c, nat(k)]) }
}

pub(crate) fn data(d: DataRef, params: &[Clo]) -> Clo {
    let mut scene = Scene::new();
    let vs: Vec<V> = params.iter().map(|a| scene.term(a.clone())).collect();
    let pen = scene.pen();
    scene.close(Rc::new(Node::Data(d, vs.iter().map(|v| pen.v(*v)).collect())))
}

pub(crate) fn con(d: DataRef, c: u32, params: &[Clo], fields: &[Clo], dims: &[Ivl]) -> Clo {
    let mut scene = Scene::new();
    let ps: Vec<V> = params.iter().map(|a| scene.term(a.clone())).collect();
    let fs: Vec<V> = fields.iter().map(|a| scene.term(a.clone())).collect();
    let rs: Vec<D> = dims.iter().map(|r| scene.dim(*r)).collect();
    let pen = scene.pen();
    let of = |vs: &[V]| vs.iter().map(|v| pen.v(*v)).collect::<Vec<_>>();
    scene.close(Rc::new(Node::Con(d, c, of(&ps), of(&fs), rs.iter().map(|r| pen.d(*r)).collect())))
}

impl Pen {
    /// So many functions one inside the other.
    pub(crate) fn lams(self, n: usize, f: impl FnOnce(Pen, &[V]) -> Term) -> Term {
        let mut pen = self;
        let mut vars = Vec::new();
        for _ in 0..n {
            vars.push(V(pen.terms));
            pen = pen.in_term();
        }
        let body = f(pen, &vars);
        vars.iter().fold(body, |t, _| Rc::new(Node::Lam(t)))
    }
}

/// `Equiv T A`, half-adjoint equivalences (rule `glue`).
pub(crate) fn equivalence(t: Clo, a: Clo) -> Clo {
    let mut scene = Scene::new();
    let (t, a) = (scene.term(t), scene.term(a));
    let type_of_tau = |pen: Pen, f: V, g: V, eta: V, epsilon: V| {
        pen.pi(pen.v(t), |pen, x| {
            let fx = |pen: Pen| app(pen.v(f), pen.v(x));
            let gfx = |pen: Pen| app(pen.v(g), fx(pen));
            let low = pen.dlam(|pen, k| app(pen.v(f), pen.papp(app(pen.v(eta), pen.v(x)), gfx(pen), pen.v(x), k)));
            let row = |pen: Pen| pen.path(|pen| pen.v(a), app(pen.v(f), gfx(pen)), fx(pen));
            pen.path(row, low, app(pen.v(epsilon), fx(pen)))
        })
    };
    // A two-sided inverse: for every x of `ty`, `back (there x)` is x.
    let inverse = |pen: Pen, ty: V, there: V, back: V| {
        let round = |pen: Pen, x: V| app(pen.v(back), app(pen.v(there), pen.v(x)));
        pen.pi(pen.v(ty), |pen, x| pen.path(|pen| pen.v(ty), round(pen, x), pen.v(x)))
    };
    let pen = scene.pen();
    let all = pen.sigma(pen.pi(pen.v(t), |pen, _| pen.v(a)), |pen, f| {
        pen.sigma(pen.pi(pen.v(a), |pen, _| pen.v(t)), |pen, g| {
            pen.sigma(inverse(pen, t, f, g), |pen, eta| {
                pen.sigma(inverse(pen, a, g, f), |pen, epsilon| type_of_tau(pen, f, g, eta, epsilon))
            })
        })
    });
    scene.close(all)
}

/// `E(s, r, i. B) : Equiv B[s/i] B[r/i]`, coercion as an equivalence (KERNEL.md section 5).
pub(crate) fn coercion(s: Ivl, r: Ivl, line: DBind) -> Clo {
    let mut scene = Scene::new();
    let (s, r, b) = (scene.dim(s), scene.dim(r), scene.line(line));
    let line = |pen: Pen, i: D| pen.at(b, i);
    let coe = |pen: Pen, from: D, to: D, t: Term| pen.coe(from, to, line, t);
    let y = |pen: Pen, x: V| coe(pen, s, r, pen.v(x));
    let on = |k: D, end: D| vec![(k, end)];
    // H(k, to) with the ends (0, 1), and H'(k, to) with the ends (1, 0).
    let h = |pen: Pen, x: V, k: D, (at_y, at_x): (D, D), to: D| {
        let sides: [Drawn<'_>; 2] =
            [(&on(k, at_y), &|pen, i| coe(pen, r, i, y(pen, x))), (&on(k, at_x), &|pen, i| coe(pen, s, i, pen.v(x)))];
        pen.com(r, to, line, &sides, y(pen, x))
    };
    let (ends, turned) = ((D::Zero, D::One), (D::One, D::Zero));
    // E(k, to) at z, with `back z = coe r s z`.
    let e = |pen: Pen, z: &dyn Fn(Pen) -> Term, k: D, to: D| {
        let back = |pen: Pen| coe(pen, r, s, z(pen));
        let sides: [Drawn<'_>; 2] = [
            (&on(k, D::Zero), &|pen, i| coe(pen, s, i, back(pen))),
            (&on(k, D::One), &|pen, i| coe(pen, r, i, z(pen))),
        ];
        pen.com(s, to, line, &sides, back(pen))
    };
    let middle = |pen: Pen, x: V, j: D, k: D| {
        let sides: [Drawn<'_>; 4] = [
            (&on(j, D::Zero), &|pen, i| h(pen, x, k, ends, i)),
            (&on(j, D::One), &|pen, i| coe(pen, r, i, y(pen, x))),
            (&on(k, D::Zero), &|pen, i| coe(pen, r, i, y(pen, x))),
            (&on(k, D::One), &|pen, i| h(pen, x, j, turned, i)),
        ];
        pen.com(r, s, line, &sides, y(pen, x))
    };
    let square = |pen: Pen, x: V, j: D, k: D| {
        let sides: [Drawn<'_>; 4] = [
            (&on(j, D::Zero), &|pen, i| coe(pen, s, i, h(pen, x, k, ends, s))),
            (&on(j, D::One), &|pen, i| e(pen, &|pen| y(pen, x), k, i)),
            (&on(k, D::Zero), &|pen, i| coe(pen, s, i, coe(pen, r, s, y(pen, x)))),
            (&on(k, D::One), &|pen, i| h(pen, x, j, turned, i)),
        ];
        pen.com(s, r, line, &sides, middle(pen, x, j, k))
    };
    let pen = scene.pen();
    let f = pen.lam(y);
    let g = pen.lam(|pen, x| coe(pen, r, s, pen.v(x)));
    let eta = pen.lam(|pen, x| pen.dlam(|pen, k| h(pen, x, k, ends, s)));
    let epsilon = pen.lam(|pen, z| pen.dlam(|pen, k| e(pen, &|pen| pen.v(z), k, r)));
    let tau = pen.lam(|pen, x| pen.dlam(|pen, j| pen.dlam(|pen, k| square(pen, x, j, k))));
    scene.close(pair(f, pair(g, pair(eta, pair(epsilon, tau)))))
}
