//! Typing (KERNEL.md section 2). An environment is the context: its free variables carry their types.

use crate::closure::{Bind, Branch, Clo, Closure, DBind, Delay, Elim, Env, Faces, Ivl, Same, Side, Sub, holds};
use crate::conv::{int_case, step_type};
use crate::machine::{Machine, Whnf, count, raise};
use crate::scene::{base, closed, data, equivalence, nat};
use crate::{Res, refuse};
use bfv_format::{DataRef, Face, GlueFace, Node, Part, Prim, Term};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Zero};
use std::rc::Rc;

fn clo(t: &Term, env: &Env) -> Clo {
    Rc::new(Closure::Term(t.clone(), env.clone()))
}

/// The type that a variable's closure carries.
fn carried(c: &Clo) -> Option<Clo> {
    match &**c {
        Closure::Free { ty, .. } | Closure::Let { ty, .. } => Some(ty.clone()),
        Closure::Act(inner, s) => carried(inner).map(|ty| ty.act(s)),
        _ => None,
    }
}

impl Machine<'_> {
    pub(crate) fn check_type(&self, env: &Env, t: &Term) -> Res<u32> {
        match self.whnf(&self.infer(env, t)?)? {
            Whnf::Univ(n) => Ok(n),
            _ => refuse("not a type", "an element stands where a type is needed"),
        }
    }

    fn family(&self, env: &Env, dom: Clo, t: &Term) -> Res<(Bind, u32)> {
        let level = self.check_type(&env.push(self.free(dom)), t)?;
        Ok((Bind::Term(t.clone(), env.clone()), level))
    }

    fn type_line(&self, env: &Env, t: &Term) -> Res<(DBind, u32)> {
        let level = self.check_type(&env.push_dim(Ivl::Name(self.name())), t)?;
        Ok((DBind::Term(t.clone(), env.clone()), level))
    }

    pub(crate) fn check(&self, env: &Env, t: &Term, ty: &Clo) -> Res<()> {
        let _level = self.enter()?;
        self.tick()?;
        match &**t {
            Node::Lam(_) | Node::Pair(..) | Node::DLam(_) | Node::GlueEl(..) => {
                self.check_made(env, t, &self.whnf(ty)?)
            }
            Node::Let(a, v, b) => self.check(&self.bind_let(env, a, v)?, b, ty),
            _ => {
                let found = self.infer(env, t)?;
                if self.subtype(&found, ty)? {
                    return Ok(());
                }
                match (self.whnf(&found)?, self.whnf(ty)?) {
                    (Whnf::Univ(_), Whnf::Univ(_)) => {
                        refuse("universe too small", "a type stands in a smaller universe")
                    }
                    _ => refuse("type mismatch", "a term has another type than the one needed"),
                }
            }
        }
    }

    /// What is written out against its type.
    fn check_made(&self, env: &Env, t: &Term, ty: &Whnf) -> Res<()> {
        match (&**t, ty) {
            (Node::Lam(b), Whnf::Pi(dom, cod)) => {
                let x = self.free(dom.clone());
                self.check(&env.push(x.clone()), b, &cod.inst(x))
            }
            (Node::Pair(a, b), Whnf::Sigma(dom, cod)) => {
                self.check(env, a, dom)?;
                self.check(env, b, &cod.inst(clo(a, env)))
            }
            (Node::DLam(b), Whnf::Line(l)) => {
                let i = Ivl::Name(self.name());
                self.check(&env.push_dim(i), b, &l.inst(i))
            }
            (Node::DLam(b), Whnf::Path(l, left, right)) => {
                let i = Ivl::Name(self.name());
                self.check(&env.push_dim(i), b, &l.inst(i))?;
                for (end, want) in [(Ivl::Zero, left), (Ivl::One, right)] {
                    if !self.conv(&l.inst(end), &clo(b, &env.push_dim(end)), want)? {
                        return refuse("wrong path endpoint", "a path ends elsewhere than its type says");
                    }
                }
                Ok(())
            }
            (Node::GlueEl(a, parts), Whnf::Glue(under, faces)) => self.glued(env, (a, parts), under, faces),
            _ => refuse("type mismatch", "a function, pair, path or glue stands where its type is another"),
        }
    }

    fn bind_let(&self, env: &Env, a: &Term, v: &Term) -> Res<Env> {
        self.check_type(env, a)?;
        let ty = clo(a, env);
        self.check(env, v, &ty)?;
        Ok(env.push(Rc::new(Closure::Let { value: clo(v, env).share(), ty })))
    }

    pub(crate) fn infer(&self, env: &Env, t: &Term) -> Res<Clo> {
        let _level = self.enter()?;
        self.tick()?;
        let here = |t: &Term| clo(t, env);
        let univ = |n: u32| closed(Node::Univ(n));
        Ok(match &**t {
            Node::Var(k) => match carried(&self.variable(env, *k)?) {
                Some(ty) => ty,
                None => return refuse("ill-formed term", "a variable carries no type"),
            },
            Node::Univ(n) => univ(raise(raise(*n, env.shift)?, 1)?),
            Node::Const { id, shift } => self.const_type(*id, self.displacement(*id, *shift, env)?)?,
            Node::Prim(p) => crate::compute::prim_type(*p),
            Node::NatLit(_) => base(Prim::Nat),
            Node::IntLit(_) => base(Prim::Int),
            Node::RealLit(q) => {
                self.pay(q.num.bits().saturating_add(q.den.bits()), true)?;
                let den = BigInt::from(q.den.clone());
                if den.is_zero() || !q.num.gcd(&den).is_one() {
                    return refuse("rational not in lowest terms", "a literal is not in lowest terms");
                }
                base(Prim::Real)
            }
            Node::Pi(a, b) | Node::Sigma(a, b) => {
                let m = self.check_type(env, a)?;
                univ(m.max(self.family(env, here(a), b)?.1))
            }
            Node::App(f, a) => match self.whnf(&self.infer(env, f)?)? {
                Whnf::Pi(dom, cod) => {
                    self.check(env, a, &dom)?;
                    cod.inst(here(a))
                }
                _ => return refuse("not a function", "something applied is no function"),
            },
            Node::Let(a, v, b) => self.infer(&self.bind_let(env, a, v)?, b)?,
            Node::Fst(p) => match self.whnf(&self.infer(env, p)?)? {
                Whnf::Sigma(dom, _) => dom,
                _ => return refuse("not a pair", "something projected is no pair"),
            },
            Node::Snd(p) => match self.whnf(&self.infer(env, p)?)? {
                Whnf::Sigma(_, cod) => cod.inst(here(&Rc::new(Node::Fst(p.clone())))),
                _ => return refuse("not a pair", "something projected is no pair"),
            },
            Node::Line(a) => univ(self.type_line(env, a)?.1),
            Node::Path(a, l, r) => {
                let (line, n) = self.type_line(env, a)?;
                self.check(env, l, &line.inst(Ivl::Zero))?;
                self.check(env, r, &line.inst(Ivl::One))?;
                univ(n)
            }
            Node::LApp(p, r) => match self.whnf(&self.infer(env, p)?)? {
                Whnf::Line(l) => l.inst(self.dim(env, *r)?),
                _ => return refuse("not a path", "something applied to a dimension is no line"),
            },
            Node::PApp(p, a, b, r) => {
                let r = self.dim(env, *r)?;
                let Whnf::Path(l, x, y) = self.whnf(&self.infer(env, p)?)? else {
                    return refuse("not a path", "something applied to a dimension is no path");
                };
                for (t, want, end) in [(a, x, Ivl::Zero), (b, y, Ivl::One)] {
                    self.check(env, t, &l.inst(end))?;
                    if !self.conv(&l.inst(end), &here(t), &want)? {
                        return refuse("wrong path endpoint", "a stored end is not the end of the path");
                    }
                }
                l.inst(r)
            }
            Node::Coe(r, s, a, x) => {
                let (r, s) = (self.dim(env, *r)?, self.dim(env, *s)?);
                let (line, _) = self.type_line(env, a)?;
                self.check(env, x, &line.inst(r))?;
                line.inst(s)
            }
            Node::HCom(r, s, a, faces, b) => {
                self.dim(env, *s)?;
                self.check_type(env, a)?;
                self.check(env, b, &here(a))?;
                self.system(env, self.dim(env, *r)?, a, faces, b)?;
                here(a)
            }
            Node::EmptyElim(m, x) => self.eliminated(env, m, base(Prim::Empty), x)?.inst(here(x)),
            Node::BoolElim(m, a, b, x) => {
                let m = self.eliminated(env, m, base(Prim::Bool), x)?;
                self.check(env, a, &m.inst(base(Prim::True)))?;
                self.check(env, b, &m.inst(base(Prim::False)))?;
                m.inst(here(x))
            }
            Node::NatElim(m, z, s, x) => {
                let m = self.eliminated(env, m, base(Prim::Nat), x)?;
                self.check(env, z, &m.inst(nat(0u8.into())))?;
                self.check(env, s, &step_type(&m))?;
                m.inst(here(x))
            }
            Node::IntElim(m, p, n, x) => {
                let m = self.eliminated(env, m, base(Prim::Int), x)?;
                self.check(env, p, &int_case(&m, Prim::IntPos))?;
                self.check(env, n, &int_case(&m, Prim::IntNegSuc))?;
                m.inst(here(x))
            }
            Node::Data(d, ps) => {
                let d = self.raised(env, *d)?;
                self.params(env, d, ps)?;
                univ(raise(self.data(d.id)?.level, d.shift)?)
            }
            Node::Con(d, c, ps, xs, rs) => {
                let d = self.raised(env, *d)?;
                let params = self.params(env, d, ps)?;
                let constructor = self.constructor(d, *c)?;
                let given = params.iter().fold(Env::empty(d.shift), |e, p| e.push(p.clone()));
                // What can be counted comes before what must be judged.
                if xs.len() != constructor.fields.len() || rs.len() != count(constructor.dims)? {
                    return refuse("wrong number of arguments", "a constructor has other fields or dimensions");
                }
                rs.iter().try_for_each(|r| self.dim(env, *r).map(|_| ()))?;
                self.telescope(env, given, &constructor.fields, xs)?;
                data(d, &params)
            }
            Node::DataElim(d, ps, m, bs, x) => {
                let d = self.raised(env, *d)?;
                let params: Rc<[Clo]> = self.params(env, d, ps)?.into();
                let m = self.eliminated(env, m, data(d, &params), x)?;
                if self.data(d.id)?.constructors.len() != bs.len() {
                    return refuse("wrong number of arguments", "an eliminator has another number of branches");
                }
                let all: Vec<Clo> = bs.iter().map(here).collect();
                for (con, b) in (0u32..).zip(bs) {
                    self.check(env, b, &Branch::whole(d, con, &params, &m))?;
                    self.branch_boundary((d, con), &params, &m, &all)?;
                }
                m.inst(here(x))
            }
            Node::Glue(a, faces) => univ(self.glue_type(env, a, faces)?),
            Node::Unglue(a, faces, g) => {
                self.glue_type(env, a, faces)?;
                self.check(env, g, &here(&Rc::new(Node::Glue(a.clone(), faces.clone()))))?;
                here(a)
            }
            Node::Rule(r) => {
                self.check_rule(env, r)?;
                self.rule_type(env, r)?
            }
            Node::Lam(_) | Node::Pair(..) | Node::DLam(_) | Node::GlueEl(..) => {
                return refuse("cannot infer", "a function, pair, path or glue stands where its type is not known");
            }
        })
    }

    /// A scrutinee of a type and a motive over it.
    fn eliminated(&self, env: &Env, motive: &Term, ty: Clo, x: &Term) -> Res<Bind> {
        self.check(env, x, &ty)?;
        Ok(self.family(env, ty, motive)?.0)
    }

    fn params(&self, env: &Env, d: DataRef, ps: &[Term]) -> Res<Vec<Clo>> {
        self.telescope(env, Env::empty(d.shift), &self.data(d.id)?.params, ps)
    }

    /// Checks terms against a telescope that lives in an environment of its own.
    fn telescope(&self, env: &Env, mut own: Env, types: &[Term], terms: &[Term]) -> Res<Vec<Clo>> {
        if types.len() != terms.len() {
            return refuse("wrong number of arguments", "a telescope has another length");
        }
        let mut out = Vec::new();
        for (t, ty) in terms.iter().zip(types) {
            self.check(env, t, &clo(ty, &own))?;
            own = own.push(clo(t, env));
            out.push(clo(t, env));
        }
        Ok(out)
    }

    /// Rule `hcom`: sides have the type, start at the base, and agree on overlaps; each under its own face.
    fn system(&self, env: &Env, r: Ivl, ty: &Term, faces: &[Face], b: &Term) -> Res<()> {
        let (i, mut sides) = (Ivl::Name(self.name()), Vec::new());
        for f in faces {
            let cof = self.cof(env, &f.cof)?;
            if let Some(s) = Sub::unify(&cof) {
                let inside = env.act(&s);
                self.check(&inside.push_dim(Ivl::Name(self.name())), &f.body, &clo(ty, &inside))?;
                let start = clo(&f.body, &inside.push_dim(s.apply(r)));
                if !self.conv(&clo(ty, &inside), &start, &clo(b, &inside))? {
                    return refuse("side disagrees with base", "a side does not start at the base");
                }
            }
            sides.push(Side { cof, body: clo(&f.body, &env.push_dim(i)) });
        }
        let ty = clo(ty, env);
        self.overlaps(&sides, "faces disagree", &|s, x, y| self.conv(&ty.act(s), &x.act(s), &y.act(s)))
    }

    /// Every two entries of a system are the same where both are defined.
    pub(crate) fn overlaps<T>(&self, sides: &[Side<T>], reason: &'static str, same: Same<'_, T>) -> Res<()> {
        for (n, x) in sides.iter().enumerate() {
            for y in sides.iter().skip(n + 1) {
                self.tick()?;
                if let Some(s) = Sub::unify(&[x.cof.as_slice(), &y.cof].concat())
                    && !same(&s, &x.body, &y.body)?
                {
                    return refuse(reason, "two entries of a system differ where both are defined");
                }
            }
        }
        Ok(())
    }

    /// Rule `glue`: the level of the type.
    fn glue_type(&self, env: &Env, a: &Term, faces: &[GlueFace]) -> Res<u32> {
        let mut level = self.check_type(env, a)?;
        for f in faces {
            if let Some(s) = Sub::unify(&self.cof(env, &f.cof)?) {
                let inside = env.act(&s);
                level = level.max(self.check_type(&inside, &f.ty)?);
                self.check(&inside, &f.equiv, &equivalence(clo(&f.ty, &inside), clo(a, &inside)))?;
            }
        }
        let a = clo(a, env);
        self.overlaps(&self.faces(env, faces)?, "faces disagree", &|s, x, y| self.conv_face(&a, s, x, y))?;
        Ok(level)
    }

    /// Rule `glue-el`: the parts have the cofibrations of the faces and lie over the base; false ones are dropped on both sides.
    fn glued(&self, env: &Env, (a, parts): (&Term, &[Part]), under: &Clo, faces: &Faces) -> Res<()> {
        self.check(env, a, under)?;
        let (mut left, mut typed) = (faces.iter(), Vec::new());
        for Part { cof, body: t } in parts {
            let cof = self.cof(env, cof)?;
            let Some(s) = Sub::unify(&cof) else { continue };
            let fits = |f: &&Side<_>| holds(&s.on(&f.cof)) && Sub::unify(&f.cof).is_some_and(|u| holds(&u.on(&cof)));
            let Some(Side { body: (ty, e), .. }) = left.next().filter(fits) else {
                return refuse("part disagrees with base", "a part is defined where its type has no face");
            };
            let inside = env.act(&s);
            self.check(&inside, t, &ty.act(&s))?;
            let image = e.act(&s).elim(Elim::Fst).elim(Elim::App(clo(t, &inside)));
            if !self.conv(&under.act(&s), &image, &clo(a, &inside))? {
                return refuse("part disagrees with base", "the image of a part is not the base");
            }
            typed.push(Side { cof, body: (clo(t, env), ty.clone()) });
        }
        if left.next().is_some() {
            return refuse("part disagrees with base", "an element has fewer parts than its type");
        }
        self.overlaps(&typed, "faces disagree", &|s, x, y| self.conv(&x.1.act(s), &x.0.act(s), &y.0.act(s)))
    }
}
