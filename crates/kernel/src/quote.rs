//! Reading values back as terms.

use crate::check::Ctx;
use crate::data::count;
use crate::denote::rule;
use crate::face::{Solved, solve};
use crate::machine::Machine;
use crate::refusal::{DIM_SCOPE, ILL_FORMED, Res, SCOPE, refuse};
use crate::value::{Clo, DClo, Elim, Env, Head, Ivl, Levels, Name, Neutral, V, VFace, VGlue, Val};
use bfv_format::{Cof, Dim, Face, GlueFace, Node, Part, Rule, Term};
use std::rc::Rc;

/// How deep a value is read back: the number of term variables, the dimensions in scope, and whether definitions are unfolded.
#[derive(Clone)]
struct Place {
    depth: u32,
    dims: Levels<Name>,
    unfold: bool,
}

impl Place {
    fn under(&self) -> Place {
        Place { depth: self.depth + 1, ..self.clone() }
    }
    fn dim(&self, r: Ivl) -> Res<Dim> {
        match r {
            Ivl::Zero => Ok(Dim::Zero),
            Ivl::One => Ok(Dim::One),
            Ivl::Name(n) => match self.dims.iter().rev().position(|d| *d == n) {
                Some(p) => Ok(Dim::Var(count(p))),
                None => refuse(DIM_SCOPE, "A dimension name has no place in this context."),
            },
        }
    }
    fn cof(&self, cof: &[(Ivl, Ivl)]) -> Res<Cof> {
        cof.iter().map(|(a, b)| Ok((self.dim(*a)?, self.dim(*b)?))).collect()
    }
}

impl Machine<'_> {
    /// Reads a value back. Indices count the entries of `ctx.types` and of `ctx.dims`; definitions stay folded.
    pub fn quote(&self, ctx: &Ctx, v: &V) -> Res<Term> {
        self.read(&Place { depth: count(ctx.types.len()), dims: ctx.dims.clone(), unfold: false }, v)
    }

    /// The same with every definition unfolded.
    pub fn normal(&self, ctx: &Ctx, v: &V) -> Res<Term> {
        self.read(&Place { depth: count(ctx.types.len()), dims: ctx.dims.clone(), unfold: true }, v)
    }

    fn read(&self, at: &Place, v: &V) -> Res<Term> {
        let _level = self.enter()?;
        let w = if at.unfold { self.whnf(v)? } else { self.folded(v)? };
        let one = |n: Node| Ok(Rc::new(n));
        let call = |p, x: Term| Rc::new(Node::App(Rc::new(Node::Prim(p)), x));
        match &*w {
            Val::Univ(n) => one(Node::Univ(*n)),
            // The types of bound variables matter only while reading: the domain is at hand in Pi and Sigma, and
            // functions are read at a variable whose type is never looked at.
            Val::Pi(a, c) => one(Node::Pi(self.read(at, a)?, self.read_clo(at, c, a)?)),
            Val::Sigma(a, c) => one(Node::Sigma(self.read(at, a)?, self.read_clo(at, c, a)?)),
            Val::Lam(c) => one(Node::Lam(self.read_clo(at, c, &self.value(Val::Univ(0)))?)),
            Val::Pair(a, b) => one(Node::Pair(self.read(at, a)?, self.read(at, b)?)),
            Val::Line(c) => one(Node::Line(self.read_line(at, c)?)),
            Val::Path(c, a, b) => one(Node::Path(self.read_line(at, c)?, self.read(at, a)?, self.read(at, b)?)),
            Val::DLam(c) => one(Node::DLam(self.read_line(at, c)?)),
            Val::Prim(p) => one(Node::Prim(*p)),
            Val::NatLit(n) => one(Node::NatLit(n.clone())),
            Val::Suc(n, x) => {
                let x = self.read(at, x)?;
                if *n == 1u8.into() {
                    return Ok(call(bfv_format::Prim::Suc, x));
                }
                one(Node::App(call(bfv_format::Prim::NatAdd, x), Rc::new(Node::NatLit(n.clone()))))
            }
            Val::IntLit(i) => one(Node::IntLit(i.clone())),
            Val::IntPos(x) => Ok(call(bfv_format::Prim::IntPos, self.read(at, x)?)),
            Val::IntNegSuc(x) => Ok(call(bfv_format::Prim::IntNegSuc, self.read(at, x)?)),
            Val::RealLit(q) => one(Node::RealLit(q.clone())),
            Val::Data(d, ps) => one(Node::Data(*d, self.read_all(at, ps)?)),
            Val::Con(d, c, ps, xs, dims) => {
                let dims = dims.iter().map(|r| at.dim(*r)).collect::<Res<_>>()?;
                one(Node::Con(*d, *c, self.read_all(at, ps)?, self.read_all(at, xs)?, dims))
            }
            Val::Glue(a, faces) => one(Node::Glue(self.read(at, a)?, self.read_glue(at, faces)?)),
            Val::GlueEl(a, parts) => {
                let parts = parts
                    .iter()
                    .map(|p| Ok(Part { cof: at.cof(&p.cof)?, body: self.read_under(at, &p.cof, &p.body)? }))
                    .collect::<Res<_>>()?;
                one(Node::GlueEl(self.read(at, a)?, parts))
            }
            Val::Neutral(n) => self.read_neutral(at, n),
        }
    }

    fn read_all(&self, at: &Place, vs: &[V]) -> Res<Vec<Term>> {
        vs.iter().map(|v| self.read(at, v)).collect()
    }

    fn read_clo(&self, at: &Place, c: &Clo, ty: &V) -> Res<Term> {
        self.read(&at.under(), &self.inst(c, self.var(at.depth, ty.clone())))
    }

    fn read_line(&self, at: &Place, c: &DClo) -> Res<Term> {
        let i = self.fresh_dim();
        let mut at = at.clone();
        at.dims.push(i);
        self.read(&at, &self.dinst(c, Ivl::Name(i)))
    }

    fn read_neutral(&self, at: &Place, n: &Neutral) -> Res<Term> {
        let head = match &n.head {
            Head::Var(level, _) => match at.depth.checked_sub(level + 1) {
                Some(index) => Node::Var(index),
                None => return refuse(SCOPE, "A variable has no place in this context."),
            },
            Head::Const(id, shift) => Node::Const { id: *id, shift: *shift },
            Head::Prim(p) => Node::Prim(*p),
            Head::Coe(c) => {
                let (r, s, line, t) = &**c;
                Node::Coe(at.dim(*r)?, at.dim(*s)?, self.read_line(at, line)?, self.read(at, t)?)
            }
            Head::HCom(h) => {
                let (r, s, ty, faces, b) = &**h;
                Node::HCom(
                    at.dim(*r)?,
                    at.dim(*s)?,
                    self.read(at, ty)?,
                    faces.iter().map(|f| self.read_face(at, f)).collect::<Res<_>>()?,
                    self.read(at, b)?,
                )
            }
            Head::Rule(r) => Node::Rule(Box::new(self.read_rule(at, &r.0, rule(&r.1)?)?)),
        };
        n.spine.iter().try_fold(Rc::new(head), |t, e| self.read_elim(at, t, e))
    }

    fn read_face(&self, at: &Place, f: &VFace) -> Res<Face> {
        let i = self.fresh_dim();
        let mut inner = at.clone();
        inner.dims.push(i);
        let body = self.read_under(&inner, &f.cof, &self.dinst(&f.side, Ivl::Name(i)))?;
        Ok(Face { cof: at.cof(&f.cof)?, body })
    }

    /// What stands under a face is read back under it: elsewhere it need not make sense.
    fn read_under(&self, at: &Place, cof: &[(Ivl, Ivl)], v: &V) -> Res<Term> {
        match solve(cof) {
            Solved::False => refuse(ILL_FORMED, "A false face is left in a value."),
            Solved::Unifier(u) => self.read(at, &self.act(v, &u)),
        }
    }

    fn read_glue(&self, at: &Place, faces: &[VGlue]) -> Res<Vec<GlueFace>> {
        let face = |f: &VGlue| {
            let (ty, equiv) = (self.read_under(at, &f.cof, &f.ty)?, self.read_under(at, &f.cof, &f.equiv)?);
            Ok(GlueFace { cof: at.cof(&f.cof)?, ty, equiv })
        };
        faces.iter().map(face).collect()
    }

    fn read_rule(&self, at: &Place, env: &Env, rule: &Rule) -> Res<Rule> {
        let mut rule = rule.clone();
        let (atoms, hypotheses): (_, &mut [bfv_format::Hypothesis]) = match &mut rule {
            Rule::Ring { atoms, .. } => (atoms, &mut []),
            Rule::Psatz { atoms, hypotheses, .. } | Rule::Lia { atoms, hypotheses, .. } => (atoms, hypotheses),
        };
        for (_, t) in atoms {
            *t = self.read(at, &self.eval(env, t))?;
        }
        for h in hypotheses {
            h.proof = self.read(at, &self.eval(env, &h.proof))?;
        }
        Ok(rule)
    }

    fn read_elim(&self, at: &Place, t: Term, e: &Elim) -> Res<Term> {
        let any = self.value(Val::Univ(0));
        let v = |x: &V| self.read(at, x);
        Ok(Rc::new(match e {
            Elim::App(x) => Node::App(t, v(x)?),
            Elim::Fst => Node::Fst(t),
            Elim::Snd => Node::Snd(t),
            Elim::LApp(r) => Node::LApp(t, at.dim(*r)?),
            Elim::PApp(a, b, r) => Node::PApp(t, v(a)?, v(b)?, at.dim(*r)?),
            Elim::EmptyElim(m) => Node::EmptyElim(self.read_clo(at, m, &any)?, t),
            Elim::BoolElim(e) => Node::BoolElim(self.read_clo(at, &e.0, &any)?, v(&e.1)?, v(&e.2)?, t),
            Elim::NatElim(e) => Node::NatElim(self.read_clo(at, &e.0, &any)?, v(&e.1)?, v(&e.2)?, t),
            Elim::IntElim(e) => Node::IntElim(self.read_clo(at, &e.0, &any)?, v(&e.1)?, v(&e.2)?, t),
            Elim::DataElim(e) => {
                let (d, ps, m, bs) = &**e;
                Node::DataElim(*d, self.read_all(at, ps)?, self.read_clo(at, m, &any)?, self.read_all(at, bs)?, t)
            }
            Elim::Unglue(a, faces) => Node::Unglue(v(a)?, self.read_glue(at, faces)?, t),
        }))
    }
}
