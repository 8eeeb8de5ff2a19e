//! Typing, `sctt/KERNEL.md` section 2: `infer` finds the type of a term, `check` is given it. Every term is checked before it is evaluated.

use crate::data::{count, length};
use crate::face::{Solved, solve};
use crate::machine::{Machine, WALK, raise};
use crate::refusal::{
    ARITY, BASE, CANNOT_INFER, CONSTANT, ENDPOINT, FACES, MISMATCH, NOT_FUNCTION, NOT_PAIR, NOT_PATH, NOT_TYPE,
    RATIONAL, Res, SCOPE, UNIVERSE, refuse,
};
use crate::value::{Clo, DClo, DimSub, Env, Ivl, Levels, Name, V, Val};
use bfv_format::{Cof, DataRef, Dim, Face, Node, Prim, Term};
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use std::rc::Rc;

/// A context: the types of term variables by level, the environment that interprets the indices of a term under judgement,
/// and the dimensions in scope, outermost first. `env` may hold definitions that have no level.
#[derive(Clone, Default)]
pub struct Ctx {
    /// Types by level.
    pub types: Levels<V>,
    /// Types of the entries of `env.terms`, innermost first when read with `get`.
    pub(crate) entries: crate::List<V>,
    /// The environment.
    pub env: Env,
    /// Dimension names for reading back.
    pub dims: Levels<Name>,
}

impl Machine<'_> {
    /// The context extended by a variable of a type, and the variable.
    pub fn bind(&self, ctx: &Ctx, ty: V) -> (Ctx, V) {
        let x = self.var(count(ctx.types.len()), ty.clone());
        let mut ctx = ctx.clone();
        ctx.types.push(ty.clone());
        ctx.entries = ctx.entries.push(ty);
        ctx.env.terms = ctx.env.terms.push(x.clone());
        (ctx, x)
    }

    /// The context extended by a dimension, and its name.
    pub fn bind_dim(&self, ctx: &Ctx) -> (Ctx, Name) {
        let i = self.fresh_dim();
        let mut ctx = ctx.clone();
        ctx.dims.push(i);
        ctx.env.dims = ctx.env.dims.push(Ivl::Name(i));
        (ctx, i)
    }

    /// The context extended by a definition: no new level.
    fn define(&self, ctx: &Ctx, ty: V, value: V) -> Ctx {
        let mut ctx = ctx.clone();
        ctx.entries = ctx.entries.push(ty);
        ctx.env.terms = ctx.env.terms.push(value);
        ctx
    }

    /// Rule `face`: the context restricted to a face; `None` when the face is false.
    pub fn restrict(&self, ctx: &Ctx, cof: &[(Ivl, Ivl)]) -> Option<(Ctx, DimSub)> {
        self.charge(length(cof.len()));
        match solve(cof) {
            Solved::False => None,
            Solved::Unifier(s) => {
                self.charge(length(ctx.types.len()));
                let ctx = Ctx {
                    types: ctx.types.map(|t| self.moved(t, &s)),
                    entries: ctx.entries.map(|t| self.moved(t, &s)),
                    env: self.act_env(&ctx.env, &s),
                    dims: ctx.dims.clone(),
                };
                Some((ctx, s))
            }
        }
    }

    /// Checks that a term is a type, and gives the level of its universe.
    pub fn check_type(&self, ctx: &Ctx, t: &Term) -> Res<u32> {
        let ty = self.infer(ctx, t)?;
        match &*self.whnf(&ty)? {
            Val::Univ(n) => Ok(*n),
            _ => refuse(NOT_TYPE, "A type is needed here, but the term is an element."),
        }
    }

    /// Checks a family: a type under one more variable.
    fn check_family(&self, ctx: &Ctx, dom: V, t: &Term) -> Res<(Clo, u32)> {
        let level = self.check_type(&self.bind(ctx, dom).0, t)?;
        Ok((Clo::Term(ctx.env.clone(), t.clone()), level))
    }

    fn check_line(&self, ctx: &Ctx, t: &Term) -> Res<(DClo, u32)> {
        let level = self.check_type(&self.bind_dim(ctx).0, t)?;
        Ok((DClo::Term(ctx.env.clone(), t.clone()), level))
    }

    /// Rule `conv`: a term checks against a type when it is introduced there, or when the type it infers is at most that type.
    pub fn check(&self, ctx: &Ctx, t: &Term, ty: &V) -> Res<()> {
        let _level = self.enter()?;
        match (&**t, &*self.whnf(ty)?) {
            (Node::Lam(b), Val::Pi(dom, cod)) => {
                let (ctx, x) = self.bind(ctx, dom.clone());
                self.check(&ctx, b, &self.inst(cod, x))
            }
            (Node::Lam(_), _) => refuse(MISMATCH, "A function stands where no function type is needed."),
            (Node::Pair(a, b), Val::Sigma(dom, cod)) => {
                self.check(ctx, a, dom)?;
                self.check(ctx, b, &self.inst(cod, self.eval(&ctx.env, a)))
            }
            (Node::Pair(..), _) => refuse(MISMATCH, "A pair stands where no pair type is needed."),
            (Node::DLam(b), Val::Line(l)) => {
                let (inner, i) = self.bind_dim(ctx);
                self.check(&inner, b, &self.dinst(l, Ivl::Name(i)))
            }
            (Node::DLam(b), Val::Path(l, left, right)) => {
                let (inner, i) = self.bind_dim(ctx);
                self.check(&inner, b, &self.dinst(l, Ivl::Name(i)))?;
                for (end, want, word) in [(Ivl::Zero, left, "left"), (Ivl::One, right, "right")] {
                    let env = Env { dims: ctx.env.dims.push(end), ..ctx.env.clone() };
                    if !self.conv(ctx, &self.dinst(l, end), &self.eval(&env, b), want)? {
                        return refuse(ENDPOINT, format!("The {word} end of a path is not the one in its type."));
                    }
                }
                Ok(())
            }
            (Node::DLam(_), _) => refuse(MISMATCH, "A path stands where no path type is needed."),
            (Node::Let(a, v, b), _) => {
                let inner = self.check_let(ctx, a, v)?;
                self.check(&inner, b, ty)
            }
            (Node::GlueEl(a, parts), Val::Glue(base, faces)) => self.check_glue_el(ctx, a, parts, base, faces),
            (Node::GlueEl(..), _) => refuse(MISMATCH, "A glued element stands where no Glue type is needed."),
            _ => {
                let found = self.infer(ctx, t)?;
                if self.subtype(ctx, &found, ty)? {
                    return Ok(());
                }
                if let (Val::Univ(m), Val::Univ(n)) = (&*self.whnf(&found)?, &*self.whnf(ty)?) {
                    return refuse(UNIVERSE, format!("A type of universe {m} stands where universe {n} is needed."));
                }
                refuse(MISMATCH, "A term has another type than the one needed.")
            }
        }
    }

    fn check_let(&self, ctx: &Ctx, a: &Term, v: &Term) -> Res<Ctx> {
        self.check_type(ctx, a)?;
        let ty = self.eval(&ctx.env, a);
        self.check(ctx, v, &ty)?;
        Ok(self.define(ctx, ty, self.eval(&ctx.env, v)))
    }

    /// Finds the type of a term.
    pub fn infer(&self, ctx: &Ctx, t: &Term) -> Res<V> {
        let _level = self.enter()?;
        let univ = |n: u32| self.value(Val::Univ(n));
        let prim = |p| self.value(Val::Prim(p));
        let ev = |t: &Term| self.eval(&ctx.env, t);
        match &**t {
            Node::Var(n) => match ctx.entries.get(*n) {
                Some(ty) => {
                    self.charge(u64::from(*n / WALK));
                    Ok(ty.clone())
                }
                None => refuse(SCOPE, format!("Variable {n} is not bound.")),
            },
            Node::Univ(n) => Ok(univ(raise(raise(*n, ctx.env.shift)?, 1)?)),
            Node::Const { id, shift } => match self.globals.const_type(*id) {
                Some(ty) => {
                    let shift = if self.globals.displaceable(*id) { raise(*shift, ctx.env.shift)? } else { 0 };
                    Ok(self.eval(&Env { shift, ..Env::default() }, &ty))
                }
                None => refuse(CONSTANT, format!("No constant has position {id}.")),
            },
            Node::Prim(p) => Ok(self.prim_type(*p)),
            Node::NatLit(_) => Ok(prim(Prim::Nat)),
            Node::IntLit(_) => Ok(prim(Prim::Int)),
            Node::RealLit(q) => {
                self.pay(q.num.bits().saturating_add(q.den.bits()), true)?;
                let den = BigInt::from_biguint(Sign::Plus, q.den.clone());
                if q.den == 0u8.into() || q.num.gcd(&den) != 1u8.into() {
                    return refuse(RATIONAL, "A real literal is not in lowest terms with a positive denominator.");
                }
                Ok(prim(Prim::Real))
            }
            Node::Pi(a, b) | Node::Sigma(a, b) => {
                let m = self.check_type(ctx, a)?;
                let (_, n) = self.check_family(ctx, ev(a), b)?;
                Ok(univ(m.max(n)))
            }
            Node::App(f, a) => {
                let ty = self.infer(ctx, f)?;
                match &*self.whnf(&ty)? {
                    Val::Pi(dom, cod) => {
                        self.check(ctx, a, dom)?;
                        Ok(self.inst(cod, ev(a)))
                    }
                    _ => refuse(NOT_FUNCTION, "A term is applied that is no function."),
                }
            }
            Node::Let(a, v, b) => {
                let inner = self.check_let(ctx, a, v)?;
                self.infer(&inner, b)
            }
            Node::Fst(p) | Node::Snd(p) => {
                let ty = self.infer(ctx, p)?;
                match &*self.whnf(&ty)? {
                    Val::Sigma(dom, _) if matches!(&**t, Node::Fst(_)) => Ok(dom.clone()),
                    Val::Sigma(_, cod) => Ok(self.inst(cod, self.fst(&ev(p)))),
                    _ => refuse(NOT_PAIR, "A term is projected that is no pair."),
                }
            }
            Node::Line(a) => Ok(univ(self.check_line(ctx, a)?.1)),
            Node::Path(a, l, r) => {
                let (line, n) = self.check_line(ctx, a)?;
                self.check(ctx, l, &self.dinst(&line, Ivl::Zero))?;
                self.check(ctx, r, &self.dinst(&line, Ivl::One))?;
                Ok(univ(n))
            }
            Node::LApp(p, r) => {
                let ty = self.infer(ctx, p)?;
                match &*self.whnf(&ty)? {
                    Val::Line(l) => Ok(self.dinst(l, self.dim(&ctx.env, *r)?)),
                    _ => refuse(NOT_PATH, "A term is applied to a dimension that is no line."),
                }
            }
            Node::PApp(p, a, b, r) => self.infer_papp(ctx, p, a, b, *r),
            Node::Coe(r, s, a, t) => {
                let (r, s) = (self.dim(&ctx.env, *r)?, self.dim(&ctx.env, *s)?);
                let (line, _) = self.check_line(ctx, a)?;
                self.check(ctx, t, &self.dinst(&line, r))?;
                Ok(self.dinst(&line, s))
            }
            Node::HCom(r, s, a, faces, b) => {
                self.dim(&ctx.env, *s)?;
                self.check_type(ctx, a)?;
                let ty = ev(a);
                self.check(ctx, b, &ty)?;
                self.check_system(ctx, self.dim(&ctx.env, *r)?, &ty, faces, &ev(b))?;
                Ok(ty)
            }
            Node::EmptyElim(m, x) => {
                self.check(ctx, x, &prim(Prim::Empty))?;
                let (m, _) = self.check_family(ctx, prim(Prim::Empty), m)?;
                Ok(self.inst(&m, ev(x)))
            }
            Node::BoolElim(m, a, b, x) => {
                self.check(ctx, x, &prim(Prim::Bool))?;
                let (m, _) = self.check_family(ctx, prim(Prim::Bool), m)?;
                self.check(ctx, a, &self.inst(&m, prim(Prim::True)))?;
                self.check(ctx, b, &self.inst(&m, prim(Prim::False)))?;
                Ok(self.inst(&m, ev(x)))
            }
            Node::NatElim(m, z, s, x) => {
                self.check(ctx, x, &prim(Prim::Nat))?;
                let (m, _) = self.check_family(ctx, prim(Prim::Nat), m)?;
                self.check(ctx, z, &self.inst(&m, self.value(Val::NatLit(0u8.into()))))?;
                self.check(ctx, s, &self.nat_step_type(&m))?;
                Ok(self.inst(&m, ev(x)))
            }
            Node::IntElim(m, p, n, x) => {
                self.check(ctx, x, &prim(Prim::Int))?;
                let (m, _) = self.check_family(ctx, prim(Prim::Int), m)?;
                self.check(ctx, p, &self.int_case_type(&m, true))?;
                self.check(ctx, n, &self.int_case_type(&m, false))?;
                Ok(self.inst(&m, ev(x)))
            }
            Node::Data(d, ps) => {
                let d = self.displaced(*d, ctx.env.shift)?;
                self.check_params(ctx, d, ps)?;
                Ok(univ(raise(self.data(d)?.level, d.shift)?))
            }
            Node::Con(d, c, ps, xs, dims) => {
                let d = self.displaced(*d, ctx.env.shift)?;
                let params = self.check_params(ctx, d, ps)?;
                let decl = self.data(d)?;
                let con = self.constructor(&decl, *c)?;
                if con.fields.len() != xs.len() {
                    return refuse(ARITY, "A constructor has another number of fields.");
                }
                if con.dims != count(dims.len()) {
                    return refuse(ARITY, "A constructor has another number of dimensions.");
                }
                for r in dims {
                    self.dim(&ctx.env, *r)?;
                }
                let mut given = Vec::new();
                for x in xs {
                    self.check(ctx, x, &self.field_type(d, *c, &params, &given)?)?;
                    given.push(ev(x));
                }
                Ok(self.value(Val::Data(d, params)))
            }
            Node::DataElim(d, ps, m, bs, x) => {
                let d = self.displaced(*d, ctx.env.shift)?;
                let params = self.check_params(ctx, d, ps)?;
                let data = self.value(Val::Data(d, params.clone()));
                self.check(ctx, x, &data)?;
                let (m, _) = self.check_family(ctx, data, m)?;
                if self.data(d)?.constructors.len() != bs.len() {
                    return refuse(ARITY, "An eliminator needs one branch for each constructor.");
                }
                let mut judged = Vec::new();
                for (c, b) in (0u32..).zip(bs) {
                    self.check(ctx, b, &self.branch_type(d, c, &params, &m)?)?;
                    judged.push(ev(b));
                    self.check_branch(ctx, d, c, &params, &m, &judged)?;
                }
                Ok(self.inst(&m, ev(x)))
            }
            Node::Rule(rule) => {
                self.check_rule(ctx, rule)?;
                self.rule_type(&ctx.env, rule)
            }
            Node::Glue(a, faces) => Ok(univ(self.check_glue(ctx, a, faces)?)),
            Node::Unglue(a, faces, g) => {
                self.check_glue(ctx, a, faces)?;
                let ty = self.shared(self.glue(&ev(a), self.glue_faces(&ctx.env, faces)?)?);
                self.check(ctx, g, &ty)?;
                Ok(ev(a))
            }
            Node::Lam(_) | Node::Pair(..) | Node::DLam(_) | Node::GlueEl(..) => {
                refuse(CANNOT_INFER, "A function, pair, path or glued element must stand where its type is known.")
            }
        }
    }

    fn check_params(&self, ctx: &Ctx, d: DataRef, ps: &[Term]) -> Res<Rc<[V]>> {
        if self.data(d)?.params.len() != ps.len() {
            return refuse(ARITY, "A data type has another number of parameters.");
        }
        let mut given = Vec::new();
        for p in ps {
            self.check(ctx, p, &self.param_type(d, &given)?)?;
            given.push(self.eval(&ctx.env, p));
        }
        Ok(given.into())
    }

    fn infer_papp(&self, ctx: &Ctx, p: &Term, a: &Term, b: &Term, r: Dim) -> Res<V> {
        let r = self.dim(&ctx.env, r)?;
        let ty = self.infer(ctx, p)?;
        let Val::Path(l, left, right) = &*self.whnf(&ty)? else {
            return refuse(NOT_PATH, "A term is applied to a dimension that is no path.");
        };
        for (t, want, end) in [(a, left, Ivl::Zero), (b, right, Ivl::One)] {
            let at = self.dinst(l, end);
            self.check(ctx, t, &at)?;
            if !self.conv(ctx, &at, &self.eval(&ctx.env, t), want)? {
                return refuse(ENDPOINT, "A stored end of a path is not the one in its type.");
            }
        }
        Ok(self.dinst(l, r))
    }

    /// Rule `hcom`: every side has the type, starts at the base, and agrees with the others where both are defined.
    fn check_system(&self, ctx: &Ctx, r: Ivl, ty: &V, faces: &[Face], base: &V) -> Res<()> {
        for f in faces {
            let cof = self.cof(&ctx.env, &f.cof)?;
            let Some((inside, u)) = self.restrict(ctx, &cof) else { continue };
            let (inner, _) = self.bind_dim(&inside);
            self.check(&inner, &f.body, &self.act(ty, &u))?;
            let start = self.dinst(&DClo::Term(inside.env.clone(), f.body.clone()), u.ivl(r));
            if !self.conv(&inside, &self.act(ty, &u), &start, &self.act(base, &u))? {
                return refuse(BASE, "A side of a composition does not start at its base.");
            }
        }
        let cofs: Vec<&Cof> = faces.iter().map(|f| &f.cof).collect();
        self.agree(ctx, &cofs, &mut |inside, u, n, m| {
            let (inner, k) = self.bind_dim(inside);
            let side = |n: usize| {
                let body = faces.get(n).map(|f| DClo::Term(inside.env.clone(), f.body.clone()));
                body.map(|b| self.dinst(&b, Ivl::Name(k)))
            };
            match (side(n), side(m)) {
                (Some(a), Some(b)) => self.conv(&inner, &self.act(ty, u), &a, &b),
                _ => Ok(false),
            }
        })
    }

    /// What a system says on every two of its faces where both are defined must be the same.
    pub(crate) fn agree(
        &self,
        ctx: &Ctx,
        cofs: &[&Cof],
        same: &mut dyn FnMut(&Ctx, &DimSub, usize, usize) -> Res<bool>,
    ) -> Res<()> {
        for (n, f) in cofs.iter().enumerate() {
            for (m, g) in cofs.iter().enumerate().skip(n + 1) {
                self.spend(1)?;
                let mut both = self.cof(&ctx.env, f)?.to_vec();
                both.extend_from_slice(&self.cof(&ctx.env, g)?);
                let Some((inside, u)) = self.restrict(ctx, &both) else { continue };
                if !same(&inside, &u, n, m)? {
                    return refuse(FACES, "Two sides of a system differ where both are defined.");
                }
            }
        }
        Ok(())
    }
}
