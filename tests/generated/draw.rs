//! Types and terms drawn from a list of numbers, well typed but for the few places that say otherwise.
//!
//! Every number chooses among alternatives, the first of which is the simplest; a list that is used up goes on with zeros.
//! So a shorter list with smaller numbers is a smaller term, and a failure shrinks.

#[path = "eliminate.rs"]
mod eliminate;

use crate::common::*;
use crate::free::{at, close, close_dim, head, known, open, open_dim};
use crate::signature::*;
use bfv_format::{Cof, DataRef, Dim, Face, GlueFace, Node, Part, Prim, Term};

pub struct Draw {
    numbers: Vec<u16>,
    place: usize,
    /// Variables in scope with their types, and dimensions in scope, outermost first.
    pub vars: Vec<(u32, Term)>,
    pub dims: Vec<u32>,
    names: u32,
    /// Elements of the path types drawn so far.
    paths: Vec<(Term, Term)>,
}

impl Draw {
    pub fn new(numbers: Vec<u16>) -> Self {
        Draw { numbers, place: 0, vars: vec![], dims: vec![], names: crate::free::NAME, paths: vec![] }
    }

    /// A number below n.
    pub fn roll(&mut self, n: u32) -> u32 {
        let x = self.numbers.get(self.place).map_or(0, |x| u32::from(*x));
        self.place += 1;
        x % n
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let n = self.roll(u32::try_from(from.len()).unwrap());
        from[usize::try_from(n).unwrap()].clone()
    }

    fn name(&mut self) -> u32 {
        self.names += 1;
        self.names
    }

    /// A new variable of a type in scope.
    pub fn assume(&mut self, ty: Term) -> Term {
        let name = self.name();
        self.vars.push((name, ty));
        v(name)
    }

    /// What a binder of a variable of this type binds.
    fn under(&mut self, ty: &Term, f: impl FnOnce(&mut Draw, Term) -> Term) -> Term {
        let x = self.assume(ty.clone());
        let body = f(self, x);
        close(&body, self.vars.pop().unwrap().0)
    }

    /// Something in which a new dimension is free, and the dimension.
    fn free<T>(&mut self, f: impl FnOnce(&mut Draw, Dim) -> T) -> (u32, T) {
        let i = self.name();
        self.dims.push(i);
        let out = f(self, d(i));
        self.dims.pop();
        (i, out)
    }

    /// What a binder of a dimension binds.
    fn along(&mut self, f: impl FnOnce(&mut Draw, Dim) -> Term) -> Term {
        let (i, body) = self.free(f);
        close_dim(&body, i)
    }

    fn dim(&mut self) -> Dim {
        let ends = [I0, I1];
        let all: Vec<Dim> = ends.into_iter().chain(self.dims.iter().map(|i| d(*i))).collect();
        self.pick(&all)
    }

    /// A cofibration, of a dimension in scope where there is one.
    fn cof(&mut self) -> Cof {
        let equation = |g: &mut Draw| {
            let dims: Vec<Dim> = g.dims.iter().map(|i| d(*i)).collect();
            let left = if dims.is_empty() || g.roll(8) == 7 { g.dim() } else { g.pick(&dims) };
            (left, if g.roll(4) == 3 { g.dim() } else { g.pick(&[I0, I1]) })
        };
        (0..1 + self.roll(4) / 3).map(|_| equation(self)).collect()
    }

    /// The universe that a drawn type lives in.
    fn level(&self, ty: &Term) -> u32 {
        match &**ty {
            Node::Univ(n) => n + 1,
            Node::Pi(a, b) | Node::Sigma(a, b) => self.level(a).max(self.level(b)),
            Node::Line(a) | Node::Path(a, ..) => self.level(a),
            Node::Data(d, _) if d.id == BOX => 1 + d.shift,
            Node::Data(d, _) if displaced(d.id) => d.shift,
            Node::Glue(a, faces) => faces.iter().fold(self.level(a), |n, f| n.max(self.level(&f.ty))),
            // A type drawn with a mistake may be composed in something else than a universe.
            Node::HCom(_, _, ty, ..) => self.level(ty).saturating_sub(1),
            Node::Var(x) => match self.vars.iter().find(|(y, _)| x == y).map(|(_, ty)| &**ty) {
                Some(Node::Univ(n)) => *n,
                _ => 0,
            },
            _ => 0,
        }
    }

    /// The equivalences `Bool = Bool` by negation where i is 0, and by the identity where it is 1: negation as a line of types.
    fn ua(i: Dim) -> Term {
        glue(boolean(), vec![glued(i, I0, boolean(), c(NOT)), glued(i, I1, boolean(), app(c(SAME), boolean()))])
    }

    fn same(&self, ty: &Term) -> Term {
        app(raised(SAME, self.level(ty)), ty.clone())
    }

    /// A type, in a form that shows what it is.
    pub fn ty(&mut self, fuel: u32) -> Term {
        let f = fuel.saturating_sub(1);
        match self.roll(if fuel == 0 { 14 } else { 27 }) {
            0 => nat(),
            1 => boolean(),
            2 => prim(Prim::Int),
            3 => real(),
            4 => prim(Prim::Unit),
            5 => data_at(CIRCLE, vec![]),
            6 => data_at(TORUS, vec![]),
            7 => data_at(TREE, vec![]),
            8 => u(self.roll(2)),
            9 => Draw::ua(self.dim()),
            10 | 11 => {
                let e = self.pick(&[c(NOT), app(c(SAME), boolean())]);
                let faces =
                    (0..1 + self.roll(2)).map(|_| GlueFace { cof: self.cof(), ty: boolean(), equiv: e.clone() });
                glue(boolean(), faces.collect())
            }
            12 | 13 => self.type_variable(),
            14 | 15 => {
                let a = self.ty(f);
                pi(a.clone(), self.under(&a, |g, _| g.ty(f)))
            }
            16 => pi(empty(), self.under(&empty(), |g, _| g.ty(f))),
            17 | 18 => {
                let a = self.ty(f);
                sigma(a.clone(), self.under(&a, |g, _| g.ty(f)))
            }
            19 => line(self.along(|g, _| g.ty(f))),
            20 => self.path_type(f).0,
            21..=23 => {
                let a = self.ty(f);
                let id = self.pick(&[LIST, TRUNCATION, SUSPENSION]);
                let shift = self.level(&a) + self.roll(4) / 3;
                data_with(id, shift, vec![a])
            }
            24 => data_with(BOX, self.roll(2), vec![]),
            25 => {
                let a = self.ty(f);
                let e = self.same(&a);
                let faces =
                    (0..1 + self.roll(2)).map(|_| GlueFace { cof: self.cof(), ty: a.clone(), equiv: e.clone() });
                glue(a.clone(), faces.collect())
            }
            _ => {
                let (k, a) = self.free(|g, _| g.ty(f));
                let (r, s) = (self.dim(), self.dim());
                let side = close_dim(&a, k);
                let faces = (0..1 + self.roll(2)).map(|_| Face { cof: self.cof(), body: side.clone() }).collect();
                hcom(r, s, u(self.level(&a)), faces, at(&a, k, r))
            }
        }
    }

    /// A type of a universe.
    fn small(&mut self, level: u32, fuel: u32) -> Term {
        for _ in 0..4 {
            let ty = self.ty(fuel);
            if self.level(&ty) <= level {
                return ty;
            }
        }
        nat()
    }

    /// A type that is a variable, or what stands in a line of types, or glued along an equivalence of which nothing is known.
    fn type_variable(&mut self) -> Term {
        let mut all = Vec::new();
        for (x, ty) in self.vars.clone() {
            match &*ty {
                Node::Univ(_) => all.push(v(x)),
                Node::Line(a) if matches!(&**a, Node::Univ(0)) => all.push(lapp(v(x), self.dim())),
                Node::App(f, base) => {
                    if let Node::App(_, over) = &**f {
                        let face = GlueFace { cof: self.cof(), ty: over.clone(), equiv: v(x) };
                        all.push(glue(base.clone(), vec![face]));
                    }
                }
                _ => {}
            }
        }
        if all.is_empty() { nat() } else { self.pick(&all) }
    }

    /// A path type and an element of it.
    pub fn path_type(&mut self, fuel: u32) -> (Term, Term) {
        let (i, (a, x)) = self.free(|g, _| {
            let a = g.ty(fuel);
            let x = g.term(&a, fuel);
            (a, x)
        });
        let ty = path(close_dim(&a, i), at(&x, i, I0), at(&x, i, I1));
        let x = dlam(close_dim(&x, i));
        self.paths.push((ty.clone(), x.clone()));
        (ty, x)
    }

    /// A variable of a type, as a context may have it; types that are variables come with elements.
    pub fn declare(&mut self) {
        match self.roll(5) {
            0 => {
                let ty = self.ty(1);
                self.assume(ty);
            }
            1 => {
                let x = self.assume(u(0));
                self.assume(x);
            }
            2 => {
                let l = self.assume(line(u(0)));
                let r = self.dim();
                self.assume(lapp(l, r));
            }
            3 => {
                let (over, base) = (self.assume(u(0)), self.assume(u(0)));
                self.assume(app(app(c(EQUIV), over.clone()), base));
                self.assume(over);
            }
            _ => {
                let ty = self.ty(0);
                let (a, b) = (self.assume(ty.clone()), self.assume(ty.clone()));
                self.assume(path(ty, a, b));
            }
        }
    }

    /// A type written in some way; it computes to the one given.
    fn written(&mut self, ty: &Term) -> Term {
        let n = self.level(ty);
        let ty = ty.clone();
        match self.roll(16) {
            8 => let_(u(n + self.roll(2)), ty, v(0)),
            9 => lapp(let_(line(u(n)), dlam(ty), v(0)), self.dim()),
            10 => app(app(raised(IDENTITY, n + 1 + self.roll(2)), u(n)), ty),
            11 => bool_elim(u(n), ty, nat(), prim(Prim::True)),
            12 => coe(self.dim(), self.dim(), u(n), ty),
            13 => {
                let r = self.dim();
                hcom(r, r, u(n), vec![], ty)
            }
            14 => {
                let equiv = self.same(&ty);
                glue(ty.clone(), vec![glued(I0, I0, ty, equiv)])
            }
            15 if ty == u(0) => c(TYPES),
            15 if ty == u(1) => raised(TYPES, 1),
            15 => match &*ty {
                Node::Pi(a, b) if open(b, &nat()) == *b => app(app(raised(ARROW, n), a.clone()), b.clone()),
                _ => ty,
            },
            _ => ty,
        }
    }

    /// Elements that the context has of a type.
    fn variable(&mut self, ty: &Term) -> Option<Term> {
        let mut fits = Vec::new();
        for (x, of) in self.vars.clone() {
            match &*of {
                _ if of == *ty => fits.push(v(x)),
                Node::Path(a, l, r) if open_dim(a, I0) == *ty => {
                    fits.push(papp(v(x), l.clone(), r.clone(), self.dim()))
                }
                Node::Line(a) if open_dim(a, I0) == *ty && open_dim(a, I1) == *ty => fits.push(lapp(v(x), self.dim())),
                // From elsewhere on the line.
                Node::LApp(l, r) => {
                    if let Node::LApp(k, s) = &**ty
                        && k == l
                    {
                        fits.push(coe(*r, *s, lapp(l.clone(), d(0)), v(x)));
                    }
                }
                Node::Pi(a, b) if open(b, &nat()) == *ty && self.vars.iter().any(|(_, ty)| ty == a) => {
                    let (y, _) = self.vars.iter().find(|(_, ty)| ty == a).unwrap();
                    fits.push(app(v(x), v(*y)));
                }
                _ => {}
            }
        }
        if fits.is_empty() { None } else { Some(self.pick(&fits)) }
    }

    /// A term of a type.
    pub fn term(&mut self, ty: &Term, fuel: u32) -> Term {
        let ty = head(ty);
        if fuel > 0 && self.roll(2) == 1 {
            return self.eliminated(&ty, fuel - 1);
        }
        if self.roll(3) != 1
            && let Some(x) = self.variable(&ty)
        {
            return x;
        }
        self.introduced(&ty, fuel.saturating_sub(1))
    }

    /// A term whose type can be inferred.
    pub fn typed(&mut self, ty: &Term, fuel: u32) -> Term {
        let x = self.term(ty, fuel);
        self.annotated(ty, x)
    }

    fn annotated(&mut self, ty: &Term, x: Term) -> Term {
        fn infers(x: &Term) -> bool {
            match &**x {
                Node::Lam(_) | Node::Pair(..) | Node::DLam(_) | Node::GlueEl(..) => false,
                Node::Let(_, _, b) => infers(b),
                _ => true,
            }
        }
        if infers(&x) { x } else { let_(self.written(ty), x, v(0)) }
    }

    fn introduced(&mut self, ty: &Term, f: u32) -> Term {
        match &**ty {
            Node::Univ(n) => {
                let some = self.small(*n, f.min(1));
                self.written(&some)
            }
            Node::Prim(p) => self.number(*p, f),
            Node::Pi(a, b) => lam(self.under(a, |g, x| g.term(&open(b, &x), f))),
            Node::Sigma(a, b) => {
                let x = self.typed(a, f);
                pair(x.clone(), self.term(&open(b, &x), f))
            }
            Node::Line(a) => dlam(self.along(|g, i| g.term(&open_dim(a, i), f))),
            Node::Path(a, l, r) => match self.paths.iter().find(|(p, _)| p == ty) {
                Some((_, x)) => x.clone(),
                None => match &*head(&open_dim(a, I0)) {
                    Node::Data(k, ps) if k.id == TRUNCATION => {
                        dlam(t(Node::Con(*k, 1, ps.clone(), vec![l.clone(), r.clone()], vec![d(0)])))
                    }
                    // Right where both ends are the same; a small mistake elsewhere.
                    _ => dlam(l.clone()),
                },
            },
            Node::Data(k, ps) => self.constructor(*k, ps, f),
            Node::Glue(base, faces) => self.glued(base, faces, f),
            Node::HCom(r, s, n, faces, base) => {
                let start = self.term(base, f);
                let turned = self.along(|_, k| hcom(*r, k, n.clone(), faces.clone(), base.clone()));
                coe(*r, *s, turned, start)
            }
            // An element of a type of which nothing is known, and the context has none.
            _ => self.variable(ty).unwrap_or_else(|| prim(Prim::Star)),
        }
    }

    fn constructor(&mut self, k: DataRef, ps: &[Term], f: u32) -> Term {
        let me = t(Node::Data(k, ps.to_vec()));
        let shift = if displaced(k.id) { k.shift } else { self.roll(8) / 7 };
        let k = DataRef { id: k.id, shift };
        let made = |c: u32, xs: Vec<Term>, rs: Vec<Dim>| t(Node::Con(k, c, ps.to_vec(), xs, rs));
        match k.id {
            LIST if f == 0 || self.roll(2) == 0 => made(0, vec![], vec![]),
            LIST => made(1, vec![self.term(&ps[0], f), self.term(&me, f)], vec![]),
            CIRCLE if self.roll(2) == 0 => made(0, vec![], vec![]),
            CIRCLE => made(1, vec![], vec![self.dim()]),
            TORUS => match self.roll(4) {
                0 => made(0, vec![], vec![]),
                3 => made(3, vec![], vec![self.dim(), self.dim()]),
                n => made(n, vec![], vec![self.dim()]),
            },
            TRUNCATION if f == 0 || self.roll(2) == 0 => made(0, vec![self.term(&ps[0], f)], vec![]),
            TRUNCATION => made(1, vec![self.term(&me, f), self.term(&me, f)], vec![self.dim()]),
            SUSPENSION => match self.roll(4) {
                n if n < 2 => made(n, vec![], vec![]),
                _ => made(2, vec![self.term(&ps[0], f)], vec![self.dim()]),
            },
            TREE if f == 0 || self.roll(2) == 0 => made(0, vec![], vec![]),
            TREE => made(1, vec![self.term(&pi(nat(), me), f)], vec![]),
            _ => {
                let a = self.small(k.shift, f.min(1));
                made(0, vec![self.written(&a), self.term(&a, f)], vec![])
            }
        }
    }

    /// An element of a Glue type without a true face: all its faces have one equivalence, or the identity.
    fn glued(&mut self, base: &Term, faces: &[GlueFace], f: u32) -> Term {
        let identity = |e: &Term| matches!(&**e, Node::App(..));
        let kept: Vec<&GlueFace> = faces.iter().filter(|f| known(&f.cof) != Some(false) || self.roll(2) == 0).collect();
        let Some(first) = kept.iter().find(|g| !identity(&g.equiv)) else {
            let x = self.term(base, f);
            return glue_el(x.clone(), kept.iter().map(|g| Part { cof: g.cof.clone(), body: x.clone() }).collect());
        };
        let over = self.term(&first.ty, f);
        let below = match &*over {
            Node::Prim(Prim::True) if first.equiv == c(NOT) => prim(Prim::False),
            Node::Prim(Prim::False) if first.equiv == c(NOT) => prim(Prim::True),
            _ => app(fst(first.equiv.clone()), over.clone()),
        };
        let body = |g: &GlueFace| if identity(&g.equiv) { below.clone() } else { over.clone() };
        glue_el(below.clone(), kept.iter().map(|g| Part { cof: g.cof.clone(), body: body(g) }).collect())
    }

    fn call(&mut self, p: Prim, args: &[Prim], f: u32) -> Term {
        let args: Vec<Term> = args.iter().map(|a| self.term(&prim(*a), f)).collect();
        op(p, &args)
    }

    fn number(&mut self, p: Prim, fuel: u32) -> Term {
        use Prim::{Bool, Int, Nat, Real};
        let f = fuel.saturating_sub(1);
        let n = if fuel == 0 { 0 } else { self.roll(9) };
        match (p, n) {
            (Nat, 1) => self.call(Prim::Suc, &[Nat], f),
            (Nat, 2) => self.call(Prim::NatAdd, &[Nat, Nat], f),
            (Nat, 3) => self.call(Prim::NatSub, &[Nat, Nat], f),
            (Nat, 4) => self.call(Prim::NatMul, &[Nat, Nat], f),
            (Nat, 5) => app(raised(DOUBLE, self.roll(2)), self.term(&nat(), f)),
            (Nat, 6) => raised(TWO, self.roll(2)),
            (Nat, 7) => c(SOME),
            (Nat, 8) => num(u64::MAX - u64::from(self.roll(2))),
            (Nat, _) => num(u64::from(self.roll(4))),
            (Bool, 1 | 2) => self.call(Prim::NatLtb, &[Nat, Nat], f),
            (Bool, 3) => self.call(Prim::IntLtb, &[Int, Int], f),
            (Bool, 4) => self.call(Prim::RealLtb, &[Real, Real], f),
            (Bool, _) => prim(self.pick(&[Prim::True, Prim::False])),
            (Int, 1) => self.call(Prim::IntPos, &[Nat], f),
            (Int, 2) => self.call(Prim::IntNegSuc, &[Nat], f),
            (Int, 3) => self.call(Prim::IntAdd, &[Int, Int], f),
            (Int, 4) => self.call(Prim::IntSub, &[Int, Int], f),
            (Int, 5) => self.call(Prim::IntMul, &[Int, Int], f),
            (Int, 6 | 7) => self.call(Prim::RealFloor, &[Real], f),
            (Int, _) => int(i64::from(self.roll(5)) - 2),
            (Real, 1) => self.call(Prim::RealAdd, &[Real, Real], f),
            (Real, 2) => self.call(Prim::RealMul, &[Real, Real], f),
            (Real, 3) => self.call(Prim::RealInv, &[Real], f),
            (Real, 4) => self.call(Prim::RealOfNat, &[Nat], f),
            (Real, 5) => self.call(Prim::RealOfInt, &[Int], f),
            (Real, 6) => self.call(Prim::RealSub, &[Real, Real], f),
            (Real, _) => {
                let (n, den) = self.pick(&[(0, 1), (1, 1), (-1, 1), (1, 2), (-3, 2)]);
                rat(n, den)
            }
            _ => prim(Prim::Star),
        }
    }

    /// A line of types, by a dimension that is free in it: at s it is this type, at least after some computation.
    fn line_of(&mut self, ty: &Term, s: Dim) -> (u32, Term) {
        let j = self.name();
        let turned = match (self.roll(4), s) {
            // What holds at one dimension holds at another one.
            (1 | 2, Dim::Var(i)) => at(ty, i, d(j)),
            (1, _) => match &**ty {
                Node::LApp(l, r) if *r == s => lapp(l.clone(), d(j)),
                _ => ty.clone(),
            },
            // Along negation, at both ends Bool.
            (3, Dim::Zero | Dim::One) => bent(ty, d(j)),
            _ => ty.clone(),
        };
        (j, turned)
    }
}

/// The type with every Bool in it that stands for itself replaced by negation as a line of types.
fn bent(ty: &Term, i: Dim) -> Term {
    match &**ty {
        Node::Prim(Prim::Bool) => Draw::ua(i),
        Node::Pi(a, b) => pi(bent(a, i), bent(b, i)),
        Node::Sigma(a, b) => sigma(bent(a, i), bent(b, i)),
        Node::Line(a) => line(bent(a, i)),
        Node::Data(k, ps) => t(Node::Data(*k, ps.iter().map(|p| bent(p, i)).collect())),
        _ => ty.clone(),
    }
}
