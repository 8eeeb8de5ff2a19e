//! Kan operations, `sctt/KERNEL.md` section 5. Each arm is the line of that section with the same name.

use crate::data::length;
use crate::face::{Solved, is_false, is_true, solve};
use crate::machine::Machine;
use crate::refusal::Res;
use crate::value::{Clo, DClo, Elim, Head, Ivl, Lazy, Name, Native, V, VFace, Val};
use bfv_format::{DataRef, Prim};
use num_bigint::BigUint;
use std::rc::Rc;

/// What the head of a natural number or integer is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Zero,
    Suc,
    Pos,
    NegSuc,
    True,
    False,
}

/// Whether a line was evaluated already, to a universe or a type of the theory.
fn stays(line: &DClo) -> bool {
    let DClo::Abs(_, at) = line else { return false };
    matches!(&*at.0.state.borrow(), Lazy::Done(w, _) if matches!(&**w, Val::Univ(_) | Val::Prim(_)))
}

impl Machine<'_> {
    /// `coe r s line t`, delayed.
    pub fn coerce(&self, r: Ivl, s: Ivl, line: &DClo, t: &V) -> V {
        // Along a line that is known to stay where it is there is nothing to do.
        if r == s || stays(line) { t.clone() } else { self.delay(Lazy::Coe(Rc::new((r, s, line.clone(), t.clone())))) }
    }

    /// `hcom r s ty faces base`, delayed.
    pub fn compose(&self, r: Ivl, s: Ivl, ty: &V, faces: &Rc<Vec<VFace>>, base: &V) -> V {
        self.delay(Lazy::HCom(Rc::new((r, s, ty.clone(), faces.clone(), base.clone()))))
    }

    /// `com r s line faces base`: composition in a line of types, by coercing everything to its end first.
    pub(crate) fn com(&self, r: Ivl, s: Ivl, line: &DClo, faces: &[VFace], base: &V) -> V {
        let faces = self.coerced(s, line, faces);
        self.compose(r, s, &self.dinst(line, s), &Rc::new(faces), &self.coerce(r, s, line, base))
    }

    /// Sides in a line of types, coerced to its end.
    pub(crate) fn coerced(&self, s: Ivl, line: &DClo, faces: &[VFace]) -> Vec<VFace> {
        if stays(line) {
            return faces.to_vec();
        }
        let coerced = |face: &VFace| {
            let k = self.fresh_dim();
            let u = self.dinst(&face.side, Ivl::Name(k));
            VFace { cof: face.cof.clone(), side: DClo::Abs(k, self.coerce(Ivl::Name(k), s, line, &u)) }
        };
        faces.iter().map(coerced).collect()
    }

    /// Faces with every side eliminated.
    pub(crate) fn map_faces(&self, faces: &[VFace], e: &Elim) -> Rc<Vec<VFace>> {
        let side = |f: &VFace| DClo::Elim(Rc::new((f.side.clone(), e.clone())));
        Rc::new(faces.iter().map(|f| VFace { cof: f.cof.clone(), side: side(f) }).collect())
    }

    pub(crate) fn coe(&self, r: Ivl, s: Ivl, line: &DClo, t: &V) -> Res<Rc<Val>> {
        if r == s {
            return self.folded(t);
        }
        let i = self.fresh_dim();
        self.coe_open(r, s, i, &self.dinst(line, Ivl::Name(i)), t)
    }

    /// Coercion along a line given at the name i, which occurs neither in r and s nor in t.
    pub(crate) fn coe_open(&self, r: Ivl, s: Ivl, i: Name, at: &V, t: &V) -> Res<Rc<Val>> {
        let _level = self.enter()?;
        let abs = |v: V| DClo::Abs(i, v);
        let line = &abs(at.clone());
        match &*self.whnf(at)? {
            Val::Univ(_) | Val::Prim(_) => self.folded(t),
            Val::Pi(dom, cod) => {
                let n = Native::CoePi(r, s, i, dom.clone(), cod.clone(), t.clone());
                Ok(self.done(Val::Lam(Clo::Native(Rc::new(n)))))
            }
            Val::Sigma(dom, cod) => {
                let dom = abs(dom.clone());
                let first = self.fst(t);
                let filler = self.coerce(r, Ivl::Name(i), &dom, &first);
                let second = self.coerce(r, s, &abs(self.inst(cod, filler)), &self.snd(t));
                Ok(self.done(Val::Pair(self.coerce(r, s, &dom, &first), second)))
            }
            Val::Line(l) => {
                let j = self.fresh_dim();
                let line = abs(self.dinst(l, Ivl::Name(j)));
                Ok(self.done(Val::DLam(DClo::Abs(j, self.coerce(r, s, &line, &self.lapp(t, Ivl::Name(j)))))))
            }
            Val::Path(l, a, b) => {
                let j = self.fresh_dim();
                let line = abs(self.dinst(l, Ivl::Name(j)));
                let at_r = crate::DimSub::one(i, r);
                let p = self.papp(t, &self.act(a, &at_r), &self.act(b, &at_r), Ivl::Name(j));
                let faces = Rc::new(vec![
                    VFace { cof: [(Ivl::Name(j), Ivl::Zero)].into(), side: abs(a.clone()) },
                    VFace { cof: [(Ivl::Name(j), Ivl::One)].into(), side: abs(b.clone()) },
                ]);
                Ok(self.done(Val::DLam(DClo::Abs(j, self.com(r, s, &line, &faces, &p)))))
            }
            // No parameter, nothing that could vary.
            Val::Data(_, ps) if ps.is_empty() => self.folded(t),
            Val::Data(d, ps) => {
                let w = self.whnf(t)?;
                if let Val::Con(_, c, _, xs, dims) = &*w {
                    return self.coe_constructor(r, s, i, *d, *c, ps, xs, dims);
                }
                let Some(h) = self.as_composition(&w)? else {
                    return self.stuck_coe(r, s, line, t);
                };
                // A composition is an element: it is coerced part by part.
                let (u, v, _, faces, b) = &*h;
                let coerced = |f: &VFace| {
                    let k = self.fresh_dim();
                    let side = self.coerce(r, s, line, &self.dinst(&f.side, Ivl::Name(k)));
                    VFace { cof: f.cof.clone(), side: DClo::Abs(k, side) }
                };
                let faces = Rc::new(faces.iter().map(coerced).collect());
                self.hcom(*u, *v, &self.dinst(line, s), &faces, &self.coerce(r, s, line, b))
            }
            Val::Glue(a, faces) => self.coe_glue(r, s, i, a, faces, t),
            _ => self.stuck_coe(r, s, line, t),
        }
    }

    fn stuck_coe(&self, r: Ivl, s: Ivl, line: &DClo, t: &V) -> Res<Rc<Val>> {
        Ok(self.done(Val::neutral(Head::Coe(Rc::new((r, s, line.clone(), t.clone()))))))
    }

    /// Coercion of a constructor: its fields one after another, each along the line given by the fillers of earlier ones.
    #[allow(clippy::too_many_arguments)] // the judgement has that many parts
    fn coe_constructor(
        &self,
        r: Ivl,
        s: Ivl,
        i: Name,
        d: DataRef,
        c: u32,
        ps: &Rc<[V]>,
        xs: &Rc<[V]>,
        dims: &Rc<[Ivl]>,
    ) -> Res<Rc<Val>> {
        let (mut fillers, mut out) = (Vec::new(), Vec::new());
        for x in xs.iter() {
            let line = DClo::Abs(i, self.field_type(d, c, ps, &fillers)?);
            out.push(self.coerce(r, s, &line, x));
            fillers.push(self.coerce(r, Ivl::Name(i), &line, x));
        }
        let at_s = crate::DimSub::one(i, s);
        let end: Rc<[V]> = ps.iter().map(|p| self.act(p, &at_s)).collect();
        let base = self.done(Val::Con(d, c, end.clone(), out.into(), dims.clone()));
        if dims.is_empty() {
            return Ok(base);
        }
        // On its boundary the constructor at s is the coerced boundary only up to the path that coerces it on from i to s (T31).
        let line = DClo::Abs(i, self.value(Val::Data(d, ps.clone())));
        let mut faces = Vec::new();
        for part in self.boundary(d, c, ps, &fillers, dims)? {
            faces.push(VFace { cof: part.cof, side: DClo::Abs(i, self.coerce(Ivl::Name(i), s, &line, &part.body)) });
        }
        self.hcom(s, r, &self.value(Val::Data(d, end)), &Rc::new(faces), &self.shared(base))
    }

    pub(crate) fn hcom(&self, r: Ivl, s: Ivl, ty: &V, faces: &Rc<Vec<VFace>>, base: &V) -> Res<Rc<Val>> {
        let _level = self.enter()?;
        if r == s {
            return self.folded(base);
        }
        let mut kept = Vec::new();
        for f in faces.iter() {
            self.spend(length(1 + f.cof.len()))?;
            if is_true(&f.cof) {
                return self.folded(&self.dinst(&f.side, s));
            }
            if !is_false(&f.cof) {
                kept.push(f);
            }
        }
        let faces = if kept.len() == faces.len() { faces } else { &Rc::new(kept.into_iter().cloned().collect()) };
        match &*self.whnf(ty)? {
            Val::Pi(_, cod) => {
                let n = Native::HComPi(r, s, cod.clone(), faces.clone(), base.clone());
                Ok(self.done(Val::Lam(Clo::Native(Rc::new(n)))))
            }
            Val::Sigma(dom, cod) => {
                let firsts = self.map_faces(faces, &Elim::Fst);
                let first = |to| self.compose(r, to, dom, &firsts, &self.fst(base));
                let k = self.fresh_dim();
                let line = DClo::Abs(k, self.inst(cod, first(Ivl::Name(k))));
                let second = self.com(r, s, &line, &self.map_faces(faces, &Elim::Snd), &self.snd(base));
                Ok(self.done(Val::Pair(first(s), second)))
            }
            Val::Line(l) => {
                let j = Ivl::Name(self.fresh_dim());
                let at = self.map_faces(faces, &Elim::LApp(j));
                let body = self.compose(r, s, &self.dinst(l, j), &at, &self.lapp(base, j));
                Ok(self.done(Val::DLam(self.abstracted(j, body))))
            }
            Val::Path(l, a, b) => {
                let j = Ivl::Name(self.fresh_dim());
                let mut at = (*self.map_faces(faces, &Elim::PApp(a.clone(), b.clone(), j))).clone();
                for (end, v) in [(Ivl::Zero, a), (Ivl::One, b)] {
                    at.push(VFace { cof: [(j, end)].into(), side: DClo::Abs(self.fresh_dim(), v.clone()) });
                }
                let body = self.compose(r, s, &self.dinst(l, j), &Rc::new(at), &self.papp(base, a, b, j));
                Ok(self.done(Val::DLam(self.abstracted(j, body))))
            }
            Val::Prim(Prim::Nat | Prim::Int | Prim::Bool) => match self.hcom_number(r, s, ty, faces, base)? {
                Some(w) => Ok(w),
                None => self.stuck_hcom(r, s, ty, faces, base),
            },
            Val::Univ(_) => self.hcom_universe(r, s, faces, base),
            Val::Glue(a, glue) => self.hcom_glue(r, s, a, glue, faces, base),
            Val::Data(d, _) if self.has_paths(*d)? => self.stuck_hcom(r, s, ty, faces, base),
            Val::Data(d, ps) => match self.hcom_constructor(r, s, *d, ps, faces, base)? {
                Some(w) => Ok(w),
                None => self.stuck_hcom(r, s, ty, faces, base),
            },
            _ => self.stuck_hcom(r, s, ty, faces, base),
        }
    }

    fn abstracted(&self, j: Ivl, body: V) -> DClo {
        match j {
            Ivl::Name(n) => DClo::Abs(n, body),
            _ => DClo::Abs(self.fresh_dim(), body),
        }
    }

    fn stuck_hcom(&self, r: Ivl, s: Ivl, ty: &V, faces: &Rc<Vec<VFace>>, base: &V) -> Res<Rc<Val>> {
        Ok(self.done(Val::neutral(Head::HCom(Rc::new((r, s, ty.clone(), faces.clone(), base.clone()))))))
    }

    /// The sides of a system under their own faces, each with its dimension free: name and value.
    fn sides(&self, faces: &Rc<Vec<VFace>>) -> Vec<(Name, V)> {
        faces
            .iter()
            .filter_map(|f| match solve(&f.cof) {
                Solved::False => None,
                Solved::Unifier(u) => {
                    let k = self.fresh_dim();
                    Some((k, self.act(&self.dinst(&f.side, Ivl::Name(k)), &u)))
                }
            })
            .collect()
    }

    fn shape(&self, v: &V) -> Res<Option<Shape>> {
        Ok(match &*self.whnf(v)? {
            Val::NatLit(n) if *n == BigUint::ZERO => Some(Shape::Zero),
            Val::NatLit(_) | Val::Suc(..) => Some(Shape::Suc),
            Val::IntLit(i) if i.sign() == num_bigint::Sign::Minus => Some(Shape::NegSuc),
            Val::IntLit(_) | Val::IntPos(_) => Some(Shape::Pos),
            Val::IntNegSuc(_) => Some(Shape::NegSuc),
            Val::Prim(Prim::True) => Some(Shape::True),
            Val::Prim(Prim::False) => Some(Shape::False),
            _ => None,
        })
    }

    /// The argument of the constructor that an integer begins with.
    fn peel(&self, v: &V) -> Res<V> {
        Ok(match &*self.whnf(v)? {
            Val::IntLit(i) => match i.to_biguint() {
                Some(n) => self.value(Val::NatLit(n)),
                None => self.value(Val::NatLit((-(i + 1u8)).magnitude().clone())),
            },
            Val::IntPos(x) | Val::IntNegSuc(x) => x.clone(),
            _ => v.clone(),
        })
    }

    /// How many successors a natural number begins with.
    fn successors(&self, v: &V) -> Res<BigUint> {
        Ok(match &*self.whnf(v)? {
            Val::NatLit(n) | Val::Suc(n, _) => n.clone(),
            _ => BigUint::ZERO,
        })
    }

    /// A natural number with so many successors taken off.
    fn less(&self, v: &V, k: &BigUint) -> Res<V> {
        Ok(match &*self.whnf(v)? {
            Val::NatLit(n) => self.value(Val::NatLit(n - k)),
            Val::Suc(n, x) if n == k => x.clone(),
            Val::Suc(n, x) => self.value(Val::Suc(n - k, x.clone())),
            _ => v.clone(),
        })
    }

    /// Composition of numbers and truth values: when base and all sides begin with one constructor. All common successors
    /// are taken off at once, so that large literals cost nothing.
    fn hcom_number(&self, r: Ivl, s: Ivl, ty: &V, faces: &Rc<Vec<VFace>>, base: &V) -> Res<Option<Rc<Val>>> {
        let Some(shape) = self.shape(base)? else { return Ok(None) };
        let sides = self.sides(faces);
        for (_, u) in &sides {
            if self.shape(u)? != Some(shape) {
                return Ok(None);
            }
        }
        if matches!(shape, Shape::Zero | Shape::True | Shape::False) {
            return Ok(Some(self.whnf(base)?));
        }
        let mut common = BigUint::from(1u8);
        if shape == Shape::Suc {
            common = self.successors(base)?;
            for (_, u) in &sides {
                common = common.min(self.successors(u)?);
            }
        }
        let peel = |v: &V| if shape == Shape::Suc { self.less(v, &common) } else { self.peel(v) };
        let mut inner = Vec::new();
        for (f, (k, u)) in faces.iter().zip(&sides) {
            inner.push(VFace { cof: f.cof.clone(), side: DClo::Abs(*k, peel(u)?) });
        }
        let nat = if shape == Shape::Suc { ty.clone() } else { self.value(Val::Prim(Prim::Nat)) };
        let arg = self.compose(r, s, &nat, &Rc::new(inner), &peel(base)?);
        Ok(Some(match shape {
            Shape::Suc => self.add_successors(&common, &arg)?,
            _ => self.integer(shape == Shape::Pos, &arg)?,
        }))
    }

    /// Composition at a data type: when base and all sides are the same constructor, field by field along the fillers of earlier fields.
    fn hcom_constructor(
        &self,
        r: Ivl,
        s: Ivl,
        d: DataRef,
        ps: &Rc<[V]>,
        faces: &Rc<Vec<VFace>>,
        base: &V,
    ) -> Res<Option<Rc<Val>>> {
        let w = self.whnf(base)?;
        let Val::Con(_, c, _, xs, _) = &*w else { return Ok(None) };
        let sides = self.sides(faces);
        for (_, u) in &sides {
            match &*self.whnf(u)? {
                Val::Con(_, k, ..) if k == c => {}
                _ => return Ok(None),
            }
        }
        let k = self.fresh_dim();
        let (mut fillers, mut out) = (Vec::new(), Vec::new());
        for (n, x) in xs.iter().enumerate() {
            let line = DClo::Abs(k, self.field_type(d, *c, ps, &fillers)?);
            let field = |(f, (i, u)): (&VFace, &(Name, V))| VFace {
                cof: f.cof.clone(),
                side: DClo::Abs(*i, self.delay(Lazy::Field(u.clone(), n))),
            };
            let at: Vec<VFace> = faces.iter().zip(&sides).map(field).collect();
            out.push(self.com(r, s, &line, &at, x));
            fillers.push(self.com(r, Ivl::Name(k), &line, &at, x));
        }
        Ok(Some(self.done(Val::Con(d, *c, ps.clone(), out.into(), self.no_dims.clone()))))
    }
}
