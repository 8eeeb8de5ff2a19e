//! Conversion, directed by types: eta for functions, pairs, lines, paths and Unit; definitions unfold only on mismatch.

use crate::check::Ctx;
use crate::data::{count, length};
use crate::denote::rule;
use crate::face::{Solved, is_true, solve};
use crate::machine::Machine;
use crate::refusal::{CONSTANT, ILL_FORMED, NOT_FUNCTION, NOT_PAIR, Res, refuse};
use crate::value::{Clo, DClo, DimSub, Elim, Env, Equations, Head, Ivl, Neutral, V, VFace, VGlue, Val};
use bfv_format::{Prim, Rule};
use std::rc::Rc;

/// Whether two values stand folded under one head, so that comparing their spines may spare unfolding them.
fn same_folded_head(x: &Neutral, y: &Neutral) -> bool {
    match (&x.head, &y.head) {
        (Head::Const(c, m), Head::Const(d, n)) => (c, m) == (d, n),
        (Head::Prim(p), Head::Prim(q)) => p == q && x.unfolded.is_some() && y.unfolded.is_some(),
        _ => false,
    }
}

/// Whether two eliminations are one and the same.
fn one_place(e: &Elim, f: &Elim) -> bool {
    match (e, f) {
        (Elim::App(x), Elim::App(y)) => Rc::ptr_eq(&x.0, &y.0),
        (Elim::Fst, Elim::Fst) | (Elim::Snd, Elim::Snd) => true,
        (Elim::BoolElim(x), Elim::BoolElim(y))
        | (Elim::NatElim(x), Elim::NatElim(y))
        | (Elim::IntElim(x), Elim::IntElim(y)) => Rc::ptr_eq(x, y),
        (Elim::DataElim(x), Elim::DataElim(y)) => Rc::ptr_eq(x, y),
        _ => false,
    }
}

/// The beginnings of a stuck value, made when a type depends on one.
struct Prefix<'n> {
    whole: &'n Neutral,
    made: Option<V>,
    length: usize,
}

impl<'n> Prefix<'n> {
    fn new(whole: &'n Neutral) -> Self {
        Prefix { whole, made: None, length: 0 }
    }

    /// The stuck value with its first n eliminations; n never falls.
    fn value(&mut self, m: &Machine<'_>, n: usize) -> Res<V> {
        let mut v = match self.made.take() {
            Some(v) => v,
            None => m.head_value(&self.whole.head)?,
        };
        for e in self.whole.spine.iter().take(n).skip(self.length) {
            v = m.elim(&v, e.clone());
        }
        self.length = n;
        Ok(self.made.insert(v).clone())
    }
}

impl Machine<'_> {
    /// Whether two values of a type are convertible.
    pub fn conv(&self, ctx: &Ctx, ty: &V, a: &V, b: &V) -> Res<bool> {
        self.same(count(ctx.types.len()), ty, a, b)
    }

    /// Whether two types are convertible.
    pub fn conv_type(&self, ctx: &Ctx, a: &V, b: &V) -> Res<bool> {
        self.same_type(count(ctx.types.len()), a, b)
    }

    /// Rule `conv`: whether a value of the first type may stand where one of the second is needed.
    pub fn subtype(&self, ctx: &Ctx, a: &V, b: &V) -> Res<bool> {
        self.below(count(ctx.types.len()), a, b)
    }

    fn below(&self, at: u32, a: &V, b: &V) -> Res<bool> {
        let _level = self.enter()?;
        if Rc::ptr_eq(&a.0, &b.0) {
            return Ok(true);
        }
        // Most types that meet in a proof were made twice of the same parts.
        if self.alike(at, a, b)? || self.same_folded(at, a, b)? {
            return Ok(true);
        }
        match (&*self.whnf(a)?, &*self.whnf(b)?) {
            (Val::Univ(m), Val::Univ(n)) => Ok(m <= n),
            (Val::Pi(d, c), Val::Pi(e, f)) => {
                if !self.same_type(at, d, e)? {
                    return Ok(false);
                }
                let x = self.var(at, e.clone());
                self.below(at + 1, &self.inst(c, x.clone()), &self.inst(f, x))
            }
            (Val::Sigma(d, c), Val::Sigma(e, f)) => {
                if !self.below(at, d, e)? {
                    return Ok(false);
                }
                let x = self.var(at, d.clone());
                self.below(at + 1, &self.inst(c, x.clone()), &self.inst(f, x))
            }
            _ => self.same_type(at, a, b),
        }
    }

    fn same_type(&self, at: u32, a: &V, b: &V) -> Res<bool> {
        // Any universe does: types are compared by their structure.
        self.same(at, &self.value(Val::Univ(0)), a, b)
    }

    fn same(&self, at: u32, ty: &V, a: &V, b: &V) -> Res<bool> {
        let _level = self.enter()?;
        if Rc::ptr_eq(&a.0, &b.0) {
            return Ok(true);
        }
        if self.alike(at, a, b)? || self.same_folded(at, a, b)? {
            return Ok(true);
        }
        match &*self.whnf(ty)? {
            Val::Pi(dom, cod) => {
                let x = self.var(at, dom.clone());
                let (fx, gx) = (self.apply(a, x.clone()), self.apply(b, x.clone()));
                self.same(at + 1, &self.inst(cod, x), &fx, &gx)
            }
            Val::Sigma(dom, cod) => {
                let (x, y) = (self.fst(a), self.fst(b));
                Ok(self.same(at, dom, &x, &y)? && self.same(at, &self.inst(cod, x), &self.snd(a), &self.snd(b))?)
            }
            Val::Line(l) => {
                let i = Ivl::Name(self.fresh_dim());
                self.same(at, &self.dinst(l, i), &self.lapp(a, i), &self.lapp(b, i))
            }
            Val::Path(l, x, y) => {
                let i = Ivl::Name(self.fresh_dim());
                self.same(at, &self.dinst(l, i), &self.papp(a, x, y, i), &self.papp(b, x, y, i))
            }
            Val::Prim(Prim::Unit) => Ok(true),
            Val::Glue(base, faces) => self.same_glued(at, base, faces, a, b),
            _ => self.same_whnf(at, ty, a, b),
        }
    }

    /// Whether two values are seen to be equal without unfolding what is at their heads. A `no` says nothing.
    fn same_folded(&self, at: u32, a: &V, b: &V) -> Res<bool> {
        let (a, b) = (self.folded(a)?, self.folded(b)?);
        if Rc::ptr_eq(&a, &b) {
            return Ok(true);
        }
        match (&*a, &*b) {
            (Val::Neutral(x), Val::Neutral(y)) if same_folded_head(x, y) => self.same_neutral(at, x, y),
            _ => Ok(false),
        }
    }

    fn same_family(&self, at: u32, dom: &V, c: &Clo, d: &Clo) -> Res<bool> {
        let x = self.var(at, dom.clone());
        self.same_type(at + 1, &self.inst(c, x.clone()), &self.inst(d, x))
    }

    fn same_line(&self, at: u32, c: &DClo, d: &DClo) -> Res<bool> {
        let i = Ivl::Name(self.fresh_dim());
        self.same_type(at, &self.dinst(c, i), &self.dinst(d, i))
    }

    /// Values of a type without eta, weak head normal.
    fn same_whnf(&self, at: u32, ty: &V, a: &V, b: &V) -> Res<bool> {
        Ok(match (&*self.whnf(a)?, &*self.whnf(b)?) {
            (Val::Univ(m), Val::Univ(n)) => m == n,
            (Val::Pi(d, c), Val::Pi(e, f)) | (Val::Sigma(d, c), Val::Sigma(e, f)) => {
                matches!(&*self.whnf(a)?, Val::Pi(..)) == matches!(&*self.whnf(b)?, Val::Pi(..))
                    && self.same_type(at, d, e)?
                    && self.same_family(at, d, c, f)?
            }
            (Val::Line(c), Val::Line(d)) => self.same_line(at, c, d)?,
            (Val::Path(c, x, y), Val::Path(d, z, w)) => {
                self.same_line(at, c, d)?
                    && self.same(at, &self.dinst(c, Ivl::Zero), x, z)?
                    && self.same(at, &self.dinst(c, Ivl::One), y, w)?
            }
            (Val::Prim(p), Val::Prim(q)) => p == q,
            (Val::NatLit(m), Val::NatLit(n)) => m == n,
            (Val::Suc(m, x), Val::Suc(n, y)) => m == n && self.same(at, ty, x, y)?,
            (Val::IntLit(m), Val::IntLit(n)) => m == n,
            (Val::IntPos(x), Val::IntPos(y)) | (Val::IntNegSuc(x), Val::IntNegSuc(y)) => {
                self.same(at, &self.value(Val::Prim(Prim::Nat)), x, y)?
            }
            (Val::RealLit(p), Val::RealLit(q)) => p == q,
            (Val::Data(d, ps), Val::Data(e, qs)) => {
                if d != e || ps.len() != qs.len() {
                    return Ok(false);
                }
                for (n, (p, q)) in ps.iter().zip(qs.iter()).enumerate() {
                    if !self.same(at, &self.param_type(*d, ps.get(..n).unwrap_or(&[]))?, p, q)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Val::Glue(x, fs), Val::Glue(y, gs)) => self.same_type(at, x, y)? && self.same_glue_faces(at, x, fs, gs)?,
            (Val::Con(d, c, ps, xs, is), Val::Con(e, k, _, ys, js)) => {
                if d != e || c != k || xs.len() != ys.len() || is != js {
                    return Ok(false);
                }
                for (n, (x, y)) in xs.iter().zip(ys.iter()).enumerate() {
                    if !self.same(at, &self.field_type(*d, *c, ps, xs.get(..n).unwrap_or(&[]))?, x, y)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Val::Neutral(x), Val::Neutral(y)) => self.same_neutral(at, x, y)?,
            _ => false,
        })
    }

    fn same_neutral(&self, at: u32, x: &Neutral, y: &Neutral) -> Res<bool> {
        if x.spine.len() != y.spine.len() || !self.same_head(at, &x.head, &y.head)? {
            return Ok(false);
        }
        let same = |(e, f): (&Elim, &Elim)| one_place(e, f);
        // What is one and the same needs no comparison, and nobody needs the types behind the last that is not.
        let Some(last) = x.spine.iter().zip(y.spine.iter()).rposition(|p| !same(p)) else { return Ok(true) };
        let (mut ty, mut prefix) = (self.head_type(&x.head)?, Prefix::new(x));
        for (n, (e, f)) in x.spine.iter().zip(y.spine.iter()).enumerate().take(last + 1) {
            if !same((e, f)) && !self.same_elim(at, &ty, e, f)? {
                return Ok(false);
            }
            if n < last {
                ty = self.elim_type(&ty, &mut prefix, n, e)?;
            }
        }
        Ok(true)
    }

    fn same_head(&self, at: u32, a: &Head, b: &Head) -> Res<bool> {
        Ok(match (a, b) {
            (Head::Var(m, _), Head::Var(n, _)) => m == n,
            (Head::Const(c, m), Head::Const(d, n)) => c == d && m == n,
            (Head::Prim(p), Head::Prim(q)) => p == q,
            (Head::Coe(c), Head::Coe(d)) => {
                let ((r, s, l, x), (u, v, m, y)) = (&**c, &**d);
                r == u && s == v && self.same_line(at, l, m)? && self.same(at, &self.dinst(l, *r), x, y)?
            }
            (Head::HCom(h), Head::HCom(k)) => {
                let ((r, s, t, fs, x), (u, v, w, gs, y)) = (&**h, &**k);
                r == u
                    && s == v
                    && self.same_type(at, t, w)?
                    && self.same(at, t, x, y)?
                    && self.same_faces(at, t, fs, gs)?
            }
            (Head::Rule(r), Head::Rule(q)) => self.same_rule(at, &r.0, rule(&r.1)?, &q.0, rule(&q.1)?)?,
            _ => false,
        })
    }

    /// Rules with the same numbers, the same atoms and the same proofs. Their terms are compared as values.
    fn same_rule(&self, at: u32, e: &Env, r: &Rule, f: &Env, q: &Rule) -> Res<bool> {
        self.spend(crate::denote::size(r))?;
        if !crate::denote::same_shape(r, q) {
            return Ok(false);
        }
        let types = self.part_types(e, r)?;
        for ((x, y), ty) in crate::denote::parts(r).zip(crate::denote::parts(q)).zip(types) {
            if !self.same(at, &ty, &self.eval(e, x), &self.eval(f, y))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn same_faces(&self, at: u32, ty: &V, fs: &[VFace], gs: &[VFace]) -> Res<bool> {
        self.same_system(
            fs,
            gs,
            |f| &f.cof,
            |f, g, u| {
                let k = Ivl::Name(self.fresh_dim());
                let (x, y) = (self.act(&self.dinst(&f.side, k), u), self.act(&self.dinst(&g.side, k), u));
                self.same(at, &self.act(ty, u), &x, &y)
            },
        )
    }

    fn same_glue_faces(&self, at: u32, base: &V, fs: &[VGlue], gs: &[VGlue]) -> Res<bool> {
        self.same_system(
            fs,
            gs,
            |f| &f.cof,
            |f, g, u| {
                let (x, y) = (self.act(&f.ty, u), self.act(&g.ty, u));
                let equiv = self.equiv_type(&x, &self.act(base, u));
                Ok(self.same_type(at, &x, &y)?
                    && self.same(at, &equiv, &self.act(&f.equiv, u), &self.act(&g.equiv, u))?)
            },
        )
    }

    /// Rule `system`: two systems are defined at the same places and equal there. A place is a point of some face, and under the
    /// unifier of one face of the first some face of the second is true or none ever is: unions of faces have no other points.
    fn same_system<F>(
        &self,
        fs: &[F],
        gs: &[F],
        cof: impl Fn(&F) -> &Equations,
        mut equal: impl FnMut(&F, &F, &DimSub) -> Res<bool>,
    ) -> Res<bool> {
        self.spend(length(fs.len().saturating_mul(gs.len())))?;
        for f in fs {
            let Solved::Unifier(u) = solve(cof(f)) else { continue };
            match gs.iter().find(|g| is_true(&u.cof(cof(g)))) {
                Some(g) if equal(f, g, &u)? => {}
                _ => return Ok(false),
            }
        }
        // What the second says beyond the first was compared already: where a face of the first is true, both agree with it.
        Ok(gs.iter().all(|g| match solve(cof(g)) {
            Solved::False => true,
            Solved::Unifier(u) => fs.iter().any(|f| is_true(&u.cof(cof(f)))),
        }))
    }

    /// Elements of a Glue type: equal below and on every face (T24).
    fn same_glued(&self, at: u32, base: &V, faces: &Rc<Vec<VGlue>>, a: &V, b: &V) -> Res<bool> {
        let under = |g: &V| self.elim(g, Elim::Unglue(base.clone(), faces.clone()));
        if !self.same(at, base, &under(a), &under(b))? {
            return Ok(false);
        }
        for f in faces.iter() {
            if let Solved::Unifier(u) = solve(&f.cof)
                && !self.same(at, &self.act(&f.ty, &u), &self.act(a, &u), &self.act(b, &u))?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn same_elim(&self, at: u32, ty: &V, e: &Elim, f: &Elim) -> Res<bool> {
        let prim = |p| self.value(Val::Prim(p));
        Ok(match (e, f) {
            (Elim::App(x), Elim::App(y)) => match &*self.whnf(ty)? {
                Val::Pi(dom, _) => self.same(at, dom, x, y)?,
                _ => return refuse(NOT_FUNCTION, "A stuck term is applied that is no function."),
            },
            (Elim::Fst, Elim::Fst) | (Elim::Snd, Elim::Snd) => true,
            // The type of what is unglued was compared: with it base and faces.
            (Elim::Unglue(..), Elim::Unglue(..)) => true,
            (Elim::LApp(r), Elim::LApp(s)) | (Elim::PApp(_, _, r), Elim::PApp(_, _, s)) => r == s,
            (Elim::EmptyElim(m), Elim::EmptyElim(n)) => self.same_family(at, &prim(Prim::Empty), m, n)?,
            (Elim::BoolElim(e), Elim::BoolElim(f)) => {
                let ((m, x, y), (n, z, w)) = (&**e, &**f);
                self.same_family(at, &prim(Prim::Bool), m, n)?
                    && self.same(at, &self.inst(m, prim(Prim::True)), x, z)?
                    && self.same(at, &self.inst(m, prim(Prim::False)), y, w)?
            }
            (Elim::NatElim(e), Elim::NatElim(f)) => {
                let ((m, x, y), (n, z, w)) = (&**e, &**f);
                let zero = self.value(Val::NatLit(0u8.into()));
                self.same_family(at, &prim(Prim::Nat), m, n)?
                    && self.same(at, &self.inst(m, zero), x, z)?
                    && self.same(at, &self.nat_step_type(m), y, w)?
            }
            (Elim::IntElim(e), Elim::IntElim(f)) => {
                let ((m, x, y), (n, z, w)) = (&**e, &**f);
                self.same_family(at, &prim(Prim::Int), m, n)?
                    && self.same(at, &self.int_case_type(m, true), x, z)?
                    && self.same(at, &self.int_case_type(m, false), y, w)?
            }
            (Elim::DataElim(a), Elim::DataElim(b)) => {
                let ((d, ps, m, xs), (e, _, n, ys)) = (&**a, &**b);
                if d != e || xs.len() != ys.len() {
                    return Ok(false);
                }
                // The parameters agree because the scrutinees do.
                if !self.same_family(at, &self.value(Val::Data(*d, ps.clone())), m, n)? {
                    return Ok(false);
                }
                for (c, (x, y)) in (0u32..).zip(xs.iter().zip(ys.iter())) {
                    if !self.same(at, &self.branch_type(*d, c, ps, m)?, x, y)? {
                        return Ok(false);
                    }
                }
                true
            }
            _ => false,
        })
    }

    fn head_type(&self, h: &Head) -> Res<V> {
        Ok(match h {
            Head::Var(_, ty) => ty.clone(),
            Head::Const(id, shift) => match self.globals.const_type(*id) {
                Some(t) => self.eval(&Env { shift: *shift, ..Env::default() }, &t),
                None => return refuse(CONSTANT, format!("No declaration has position {id}.")),
            },
            Head::Prim(p) => self.prim_type(*p),
            Head::Coe(c) => self.dinst(&c.2, c.1),
            Head::HCom(h) => h.2.clone(),
            Head::Rule(r) => self.rule_type(&r.0, rule(&r.1)?)?,
        })
    }

    fn head_value(&self, h: &Head) -> Res<V> {
        Ok(match h {
            Head::Const(id, shift) => self.shared(self.constant(*id, *shift)?),
            _ => self.value(Val::neutral(h.clone())),
        })
    }

    /// The type of the n-th elimination of a stuck value, given the type of what stands before it.
    fn elim_type(&self, ty: &V, prefix: &mut Prefix<'_>, n: usize, e: &Elim) -> Res<V> {
        Ok(match (e, &*self.whnf(ty)?) {
            (Elim::App(a), Val::Pi(_, cod)) => self.inst(cod, a.clone()),
            (Elim::App(_), _) => return refuse(NOT_FUNCTION, "A stuck term is applied that is no function."),
            (Elim::Fst, Val::Sigma(dom, _)) => dom.clone(),
            (Elim::Snd, Val::Sigma(_, cod)) => self.inst(cod, self.fst(&prefix.value(self, n)?)),
            (Elim::Fst | Elim::Snd, _) => return refuse(NOT_PAIR, "A stuck term is projected that is no pair."),
            (Elim::LApp(r), Val::Line(l)) | (Elim::PApp(_, _, r), Val::Path(l, ..)) => self.dinst(l, *r),
            (Elim::EmptyElim(m), _) => self.inst(m, prefix.value(self, n)?),
            (Elim::BoolElim(e) | Elim::NatElim(e) | Elim::IntElim(e), _) => self.inst(&e.0, prefix.value(self, n)?),
            (Elim::DataElim(e), _) => self.inst(&e.2, prefix.value(self, n)?),
            (Elim::Unglue(base, _), _) => base.clone(),
            _ => return refuse(ILL_FORMED, "A stuck term is eliminated against its type."),
        })
    }

    /// The type of a stuck value.
    pub fn type_of_neutral(&self, n: &Neutral) -> Res<V> {
        let (mut ty, mut prefix) = (self.head_type(&n.head)?, Prefix::new(n));
        for (k, e) in n.spine.iter().enumerate() {
            ty = self.elim_type(&ty, &mut prefix, k, e)?;
        }
        Ok(ty)
    }
}
