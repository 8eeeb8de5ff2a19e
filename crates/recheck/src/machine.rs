//! Weak head normal forms: a current closure and a stack of what waits for its value, eliminators and shared arguments.
//!
//! Sharing is that of a `let`: what a function is applied to is evaluated when it is first looked at, and then kept. Without it
//! a choice that depends on an earlier choice, such as the position of the smallest of seven numbers, is evaluated exponentially often.

use crate::closure::{
    Bind, Branch, Clo, Closure, Coe, DBind, Delay, Elim, Env, Equations, Faces, HCom, Ivl, Side, Sub, holds,
};
use crate::compute::arity;
use crate::data::recursive_arity;
use crate::scene::{Scene, con, nat, sucs};
use crate::{Limits, Refusal, Res};
use bfv_format::{DataDecl, DataRef, Decl, Dim, GlueFace, Node, Part, Prim, Rational, Term};
use num_bigint::{BigInt, BigUint, Sign};
use std::cell::Cell;
use std::rc::Rc;

/// A checked declaration.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) decl: Decl,
    /// Whether a universe occurs in its closure, so that displacement means something (KERNEL.md, rule const).
    pub(crate) universes: bool,
    /// Whether it is a function that only takes apart what it is given. Such a definition never stays folded: to compare what it is
    /// applied to, such as two states of a protocol as a whole, is more work than to take the part.
    pub(crate) projects: bool,
    /// What its closure is computed from.
    pub(crate) refs: crate::trust::Refs,
}

/// Unfold no definition but those that only project. Definitions at positions from the threshold on are unfolded, the others stay folded.
pub(crate) const FOLDED: u32 = u32::MAX;

/// A weak head normal form; children are closures.
#[derive(Clone, Debug)]
pub(crate) enum Whnf {
    Univ(u32),
    Pi(Clo, Bind),
    Sigma(Clo, Bind),
    Line(DBind),
    Path(DBind, Clo, Clo),
    Lam(Bind),
    Pair(Clo, Clo),
    DLam(DBind),
    /// A type or element of the theory, or a function of the theory with too few arguments.
    Prim(Prim, Vec<Clo>),
    Nat(BigUint),
    /// So many successors (at least one) of a closure.
    Suc(BigUint, Clo),
    Int(BigInt),
    /// `IntNegSuc` when true, `IntPos` otherwise.
    IntCon(bool, Clo),
    Real(Rational),
    Data(DataRef, Rc<[Clo]>),
    /// A constructor off its boundary.
    Con(DataRef, u32, Rc<[Clo]>, Rc<[Clo]>, Vec<Ivl>),
    /// An hcom of a data type with path constructors.
    HCom(Box<HCom>),
    /// No face is true or false.
    Glue(Clo, Faces),
    /// Its base: where no part is true the parts follow from the type and are not looked at.
    GlueEl(Clo),
    Stuck(Stuck),
}

impl Whnf {
    /// The folded definition in the way, if one is.
    pub(crate) fn blocked(&self) -> Option<u32> {
        if let Whnf::Stuck(s) = self { s.blocked } else { None }
    }
}

/// A head that cannot move, and what waits for it, innermost first.
#[derive(Clone, Debug)]
pub(crate) struct Stuck {
    pub(crate) head: Head,
    pub(crate) spine: Vec<Elim>,
    /// The folded definition in the way, if one is.
    pub(crate) blocked: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) enum Head {
    Var {
        id: u64,
        ty: Clo,
    },
    Const {
        id: u32,
        shift: u32,
    },
    Prim(Prim, Vec<Clo>),
    Coe(Box<Coe>),
    HCom(Box<HCom>),
    /// A certificate rule in its environment.
    Rule(Term, Env),
}

/// What waits for the value of the current closure.
pub(crate) enum Frame {
    /// An eliminator.
    Elim(Elim),
    /// A shared closure that keeps the value.
    Keep(Clo),
}

/// One step of evaluation: go on with another closure, or a value.
pub(crate) enum Flow {
    Next(Clo),
    /// The same with a term in an environment, of which nobody else needs a closure.
    Go(Term, Env),
    Value(Whnf),
}

pub(crate) fn stuck(head: Head, blocked: Option<u32>) -> Flow {
    Flow::Value(Whnf::Stuck(Stuck { head, spine: Vec::new(), blocked }))
}

/// A natural number looked at from outside.
pub(crate) enum NatView {
    Lit(BigUint),
    Suc(BigUint, Clo),
    Stuck(Option<u32>),
}

/// The evaluator: checked declarations, and what is left of the budget.
pub(crate) struct Machine<'a> {
    pub(crate) entries: &'a [Entry],
    /// The data type whose declaration is being checked; its position is the number of entries.
    pub(crate) pending: Option<&'a DataDecl>,
    limits: Limits,
    steps: Cell<u64>,
    depth: Rc<Cell<u32>>,
    fresh: Cell<u64>,
}

/// Leaves a level of recursion when dropped.
pub(crate) struct Level(Rc<Cell<u32>>);

impl Drop for Level {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// Bits that the numbers of one operation may have together; beyond it the answer is the reason "budget".
const BITS: u64 = 1 << 18;
/// So many links of an environment are followed in the time of one step.
const WALK: u64 = 16;

impl<'a> Machine<'a> {
    pub(crate) fn new(entries: &'a [Entry], pending: Option<&'a DataDecl>, limits: Limits) -> Self {
        Machine { entries, pending, limits, steps: Cell::new(0), depth: Rc::new(Cell::new(0)), fresh: Cell::new(0) }
    }

    /// Counts a step.
    pub(crate) fn tick(&self) -> Res<()> {
        self.charge(1)
    }

    /// Counts work (KERNEL.md section 8).
    pub(crate) fn charge(&self, work: u64) -> Res<()> {
        let steps = self.steps.get().saturating_add(work);
        self.steps.set(steps);
        if steps > self.limits.steps { Err(Refusal::new("budget", "the steps are used up")) } else { Ok(()) }
    }

    /// Enters a level of recursion.
    pub(crate) fn enter(&self) -> Res<Level> {
        let depth = self.depth.get();
        if depth >= self.limits.depth {
            return Err(Refusal::new("budget", "the depth is used up"));
        }
        self.depth.set(depth.saturating_add(1));
        Ok(Level(self.depth.clone()))
    }

    pub(crate) fn name(&self) -> u64 {
        let n = self.fresh.get();
        self.fresh.set(n.saturating_add(1));
        n
    }

    pub(crate) fn free(&self, ty: Clo) -> Clo {
        Rc::new(Closure::Free { id: self.name(), ty })
    }

    /// Pays for an operation on numbers: the words, or their square for products and for anything on rationals.
    pub(crate) fn pay(&self, bits: u64, square: bool) -> Res<()> {
        if bits > BITS {
            return Err(Refusal::new("budget", "numbers are too large to compute with"));
        }
        let words = bits / 64;
        self.charge(if square { words * words } else { words })
    }

    pub(crate) fn entry(&self, id: u32) -> Res<&'a Entry> {
        usize::try_from(id)
            .ok()
            .and_then(|k| self.entries.get(k))
            .ok_or_else(|| Refusal::new("unknown constant", format!("there is no declaration number {id}")))
    }

    pub(crate) fn data(&self, id: u32) -> Res<&'a DataDecl> {
        if let (Some(d), true) = (self.pending, usize::try_from(id).is_ok_and(|k| k == self.entries.len())) {
            return Ok(d);
        }
        match &self.entry(id)?.decl {
            Decl::Data(d) => Ok(d),
            other => Err(Refusal::new("unknown constant", format!("{} is not a data type", other.name()))),
        }
    }

    /// The displacement of a constant, 0 when no universe occurs in its closure.
    pub(crate) fn displacement(&self, id: u32, shift: u32, env: &Env) -> Res<u32> {
        if self.entry(id)?.universes { raise(shift, env.shift) } else { Ok(0) }
    }

    /// What a variable stands for.
    pub(crate) fn variable(&self, env: &Env, k: u32) -> Res<Clo> {
        match env.var(k) {
            Some((c, way)) => {
                self.charge(way / WALK)?;
                Ok(c)
            }
            None => Err(Refusal::new("variable out of scope", format!("index {k}"))),
        }
    }

    /// A data type in an environment, displaced as a constant is.
    pub(crate) fn raised(&self, env: &Env, d: DataRef) -> Res<DataRef> {
        let pending = self.pending.is_some() && usize::try_from(d.id) == Ok(self.entries.len());
        let shift = if pending { 0 } else { self.displacement(d.id, d.shift, env)? };
        Ok(DataRef { id: d.id, shift })
    }

    pub(crate) fn dim(&self, env: &Env, d: Dim) -> Res<Ivl> {
        match env.dim(d) {
            Some((r, way)) => {
                self.charge(way / WALK)?;
                Ok(r)
            }
            None => Err(Refusal::new("dimension out of scope", format!("{d:?}"))),
        }
    }

    pub(crate) fn cof(&self, env: &Env, cof: &[(Dim, Dim)]) -> Res<Equations> {
        cof.iter().map(|(a, b)| Ok((self.dim(env, *a)?, self.dim(env, *b)?))).collect()
    }

    /// Weak head normal form with every definition unfolded.
    pub(crate) fn whnf(&self, c: &Clo) -> Res<Whnf> {
        self.whnf_at(c, 0)
    }

    /// Weak head normal form with the definitions below `threshold` left folded.
    pub(crate) fn whnf_at(&self, c: &Clo, threshold: u32) -> Res<Whnf> {
        let _level = self.enter()?;
        let (mut stack, mut flow) = (Vec::new(), Flow::Next(c.clone()));
        loop {
            self.tick()?;
            flow = match flow {
                Flow::Next(c) => self.step(&c, &mut stack, threshold)?,
                Flow::Go(t, env) => self.term(&t, &env, &mut stack, threshold)?,
                Flow::Value(w) if stack.is_empty() => return Ok(w),
                Flow::Value(w) => self.feed(w, &mut stack, threshold)?,
            };
        }
    }

    fn step(&self, c: &Clo, stack: &mut Vec<Frame>, threshold: u32) -> Res<Flow> {
        Ok(match &**c {
            Closure::Term(t, env) => self.term(t, env, stack, threshold)?,
            Closure::Act(inner, s) => Flow::Next(inner.push_in(s)),
            Closure::Free { id, ty } => stuck(Head::Var { id: *id, ty: ty.clone() }, None),
            Closure::Let { value, .. } => Flow::Next(value.clone()),
            Closure::Shared { once, kept } => {
                let fits = |k: &&Rc<(u32, Whnf)>| k.0 == threshold || k.0 > threshold && k.1.blocked().is_none();
                match kept.borrow().iter().flatten().find(fits) {
                    Some(kept) => Flow::Value(kept.1.clone()),
                    None => {
                        stack.push(Frame::Keep(c.clone()));
                        Flow::Next(once.clone())
                    }
                }
            }
            Closure::Fun(b) => Flow::Value(Whnf::Lam(b.clone())),
            Closure::DFun(b) => Flow::Value(Whnf::DLam(b.clone())),
            Closure::Elim(c, e) => match e {
                Elim::PApp(a, _, Ivl::Zero) => Flow::Next(a.clone()),
                Elim::PApp(_, b, Ivl::One) => Flow::Next(b.clone()),
                Elim::Unglue(a, faces) => unglue(stack, a, faces, c.clone()),
                e => push(stack, e.clone(), Flow::Next(c.clone())),
            },
            Closure::Coe(k) => self.coe(k, threshold)?,
            Closure::HCom(k) => self.hcom(k, threshold)?,
            Closure::Branch(b) => self.branch(b)?,
            Closure::Ih { field, value, motive } => match self.whnf(field)? {
                Whnf::Pi(a, b) => Flow::Value(Whnf::Pi(
                    a,
                    Bind::Ih { field: Rc::new(b), value: value.clone(), motive: Rc::new(motive.clone()) },
                )),
                _ => Flow::Next(motive.inst(value.clone())),
            },
        })
    }

    fn term(&self, t: &Term, env: &Env, stack: &mut Vec<Frame>, threshold: u32) -> Res<Flow> {
        let clo = |t: &Term| -> Clo { Rc::new(Closure::Term(t.clone(), env.clone())) };
        // As an argument a variable is what it stands for, and anything else is shared.
        let once = |t: &Term| match &**t {
            Node::Var(k) => self.variable(env, *k),
            _ => Ok(clo(t).share()),
        };
        let all = |ts: &[Term]| ts.iter().map(once).collect::<Res<Rc<[Clo]>>>();
        let bind = |t: &Term| Bind::Term(t.clone(), env.clone());
        let dbind = |t: &Term| DBind::Term(t.clone(), env.clone());
        let up = |d: &DataRef| self.raised(env, *d);
        let run = |t: &Term| Flow::Go(t.clone(), env.clone());
        Ok(match &**t {
            Node::Var(k) => Flow::Next(self.variable(env, *k)?),
            Node::Univ(n) => Flow::Value(Whnf::Univ(raise(*n, env.shift)?)),
            Node::Const { id, shift } => {
                let shift = self.displacement(*id, *shift, env)?;
                let entry = self.entry(*id)?;
                match &entry.decl {
                    Decl::Def { body, .. } if *id >= threshold || entry.projects => {
                        Flow::Go(body.clone(), Env::empty(shift))
                    }
                    Decl::Def { .. } => stuck(Head::Const { id: *id, shift }, Some(*id)),
                    _ => stuck(Head::Const { id: *id, shift }, None),
                }
            }
            Node::Prim(p) => Flow::Value(Whnf::Prim(*p, Vec::new())),
            Node::NatLit(n) => Flow::Value(Whnf::Nat(n.clone())),
            Node::IntLit(n) => Flow::Value(Whnf::Int(n.clone())),
            Node::RealLit(q) => Flow::Value(Whnf::Real(q.clone())),
            Node::Pi(a, b) => Flow::Value(Whnf::Pi(clo(a), bind(b))),
            Node::Sigma(a, b) => Flow::Value(Whnf::Sigma(clo(a), bind(b))),
            Node::Line(a) => Flow::Value(Whnf::Line(dbind(a))),
            Node::Path(a, l, r) => Flow::Value(Whnf::Path(dbind(a), clo(l), clo(r))),
            Node::Lam(b) => Flow::Value(Whnf::Lam(bind(b))),
            Node::Pair(a, b) => Flow::Value(Whnf::Pair(once(a)?, once(b)?)),
            Node::DLam(b) => Flow::Value(Whnf::DLam(dbind(b))),
            Node::Let(ty, v, b) => {
                Flow::Go(b.clone(), env.push(Rc::new(Closure::Let { value: once(v)?, ty: clo(ty) })))
            }
            Node::App(f, a) => push(stack, Elim::App(once(a)?), run(f)),
            Node::Fst(p) => push(stack, Elim::Fst, run(p)),
            Node::Snd(p) => push(stack, Elim::Snd, run(p)),
            Node::LApp(p, r) => push(stack, Elim::LApp(self.dim(env, *r)?), run(p)),
            Node::PApp(p, a, b, r) => match self.dim(env, *r)? {
                Ivl::Zero => run(a),
                Ivl::One => run(b),
                r => push(stack, Elim::PApp(clo(a), clo(b), r), run(p)),
            },
            Node::EmptyElim(m, s) => push(stack, Elim::Empty(bind(m)), run(s)),
            Node::BoolElim(m, t, f, s) => push(stack, Elim::Bool(bind(m), clo(t), clo(f)), run(s)),
            Node::NatElim(m, z, n, s) => push(stack, Elim::Nat(bind(m), clo(z), clo(n)), run(s)),
            Node::IntElim(m, p, n, s) => push(stack, Elim::Int(bind(m), clo(p), clo(n)), run(s)),
            Node::DataElim(d, ps, m, bs, s) => {
                push(stack, Elim::Data(up(d)?, all(ps)?, Rc::new(bind(m)), all(bs)?), run(s))
            }
            Node::Data(d, ps) => Flow::Value(Whnf::Data(up(d)?, all(ps)?)),
            Node::Con(d, c, ps, fs, rs) => {
                let (d, ps, fs) = (up(d)?, all(ps)?, all(fs)?);
                let rs = rs.iter().map(|r| self.dim(env, *r)).collect::<Res<Vec<_>>>()?;
                if !rs.is_empty() {
                    let own = ps.iter().chain(fs.iter()).fold(Env::empty(d.shift), |e, c| e.push(c.clone()));
                    if let Err(at) = self.live(&self.boundary(d, *c, &own, &rs)?)? {
                        return Ok(Flow::Next(at.body.clone()));
                    }
                }
                Flow::Value(Whnf::Con(d, *c, ps, fs, rs))
            }
            Node::Glue(a, faces) => self.glue(clo(a), &self.faces(env, faces)?)?,
            Node::GlueEl(a, parts) => self.glue_el(once(a)?, &self.parts(env, parts)?)?,
            Node::Unglue(a, faces, g) => unglue(stack, &clo(a), &self.faces(env, faces)?, clo(g)),
            Node::Coe(r, s, line, arg) => self.coe(
                &Coe { from: self.dim(env, *r)?, to: self.dim(env, *s)?, line: dbind(line), arg: clo(arg) },
                threshold,
            )?,
            Node::HCom(r, s, ty, faces, base) => {
                let sides = faces
                    .iter()
                    .map(|f| Ok(Side { cof: self.cof(env, &f.cof)?, body: dbind(&f.body) }))
                    .collect::<Res<Vec<_>>>()?;
                let h = HCom { from: self.dim(env, *r)?, to: self.dim(env, *s)?, ty: clo(ty), sides, base: clo(base) };
                self.hcom(&h, threshold)?
            }
            Node::Rule(_) => stuck(Head::Rule(t.clone(), env.clone()), None),
        })
    }

    /// Gives a value to the eliminators that wait for it.
    fn feed(&self, mut w: Whnf, stack: &mut Vec<Frame>, threshold: u32) -> Res<Flow> {
        while let Some(frame) = stack.pop() {
            self.tick()?;
            let e = match frame {
                Frame::Elim(e) => e,
                Frame::Keep(c) => {
                    c.keep(threshold, &w);
                    continue;
                }
            };
            let flow = match (w, e) {
                (Whnf::Lam(Bind::Term(t, env)), Elim::App(a)) => Flow::Go(t, env.push(a)),
                (Whnf::Lam(b), Elim::App(a)) => Flow::Next(b.inst(a)),
                (Whnf::Prim(p, mut args), Elim::App(a)) => {
                    args.push(a);
                    if args.len() < arity(p) {
                        Flow::Value(Whnf::Prim(p, args))
                    } else {
                        self.compute(p, args, threshold)?
                    }
                }
                (Whnf::Pair(a, _), Elim::Fst) => Flow::Next(a),
                (Whnf::Pair(_, b), Elim::Snd) => Flow::Next(b),
                (Whnf::DLam(b), Elim::LApp(r) | Elim::PApp(_, _, r)) => Flow::Next(b.inst(r)),
                (Whnf::Prim(Prim::True, _), Elim::Bool(_, t, _)) => Flow::Next(t),
                (Whnf::Prim(Prim::False, _), Elim::Bool(_, _, f)) => Flow::Next(f),
                (Whnf::Nat(n), Elim::Nat(m, z, s)) => {
                    if n == BigUint::default() {
                        Flow::Next(z)
                    } else {
                        unfold_nat(stack, m, z, s, nat(n - 1u8))
                    }
                }
                (Whnf::Suc(k, c), Elim::Nat(m, z, s)) => unfold_nat(stack, m, z, s, sucs(k - 1u8, c)),
                (Whnf::Int(n), Elim::Int(_, p, s)) => {
                    if n.sign() == Sign::Minus {
                        push(stack, Elim::App(nat(n.magnitude() - 1u8)), Flow::Next(s))
                    } else {
                        push(stack, Elim::App(nat(n.magnitude().clone())), Flow::Next(p))
                    }
                }
                (Whnf::IntCon(negative, c), Elim::Int(_, p, s)) => {
                    push(stack, Elim::App(c), Flow::Next(if negative { s } else { p }))
                }
                (Whnf::Con(d, c, ps, fs, rs), Elim::Data(_, _, m, bs)) => {
                    stack.extend(rs.iter().rev().map(|r| Frame::Elim(Elim::LApp(*r))));
                    self.match_con(stack, (d, c), &fs, Elim::Data(d, ps, m, bs.clone()), &bs)?
                }
                (Whnf::HCom(h), ref e @ Elim::Data(_, _, ref m, _)) => self.match_hcom(&h, m, e)?,
                (Whnf::GlueEl(a), Elim::Unglue(..)) => Flow::Next(a),
                (Whnf::Stuck(mut s), e) => {
                    s.spine.push(e);
                    Flow::Value(Whnf::Stuck(s))
                }
                _ => return Err(Refusal::new("ill-formed term", "an eliminator met a value of another type")),
            };
            match flow {
                Flow::Value(v) => w = v,
                next => return Ok(next),
            }
        }
        Ok(Flow::Value(w))
    }

    /// A data eliminator at a constructor: the branch at the fields, then at the recursive values.
    fn match_con(&self, stack: &mut Vec<Frame>, at: (DataRef, u32), fs: &[Clo], elim: Elim, bs: &[Clo]) -> Res<Flow> {
        let (types, branch) = (self.fields(at.0, at.1)?, bs.get(count(at.1)?).cloned());
        let branch = branch.ok_or_else(|| Refusal::new("ill-formed term", "a branch is missing"))?;
        let mut args: Vec<Clo> = fs.to_vec();
        for (field, ty) in fs.iter().zip(types) {
            match recursive_arity(ty, at.0.id) {
                Some(0) => args.push(field.elim(elim.clone()).share()),
                Some(n) => {
                    let mut scene = Scene::new();
                    let e = scene.fun(Bind::Elim(Rc::new(elim.clone())));
                    let f = scene.term(field.clone());
                    let t = scene.pen().lams(n, |pen, xs| {
                        let at = xs.iter().fold(pen.v(f), |g, x| crate::scene::app(g, pen.v(*x)));
                        crate::scene::app(pen.v(e), at)
                    });
                    args.push(scene.close(t));
                }
                None => {}
            }
        }
        stack.extend(args.into_iter().rev().map(|a| Frame::Elim(Elim::App(a))));
        Ok(Flow::Next(branch))
    }

    /// The boundary of a constructor at parameters and fields in `own`, and at dimensions.
    pub(crate) fn boundary(&self, d: DataRef, c: u32, own: &Env, dims: &[Ivl]) -> Res<Vec<Side<Clo>>> {
        self.parts(&dims.iter().fold(own.clone(), |e, r| e.push_dim(*r)), &self.constructor(d, c)?.boundary)
    }

    pub(crate) fn parts(&self, env: &Env, parts: &[Part]) -> Res<Vec<Side<Clo>>> {
        let part = |p: &Part| {
            Ok(Side { cof: self.cof(env, &p.cof)?, body: Rc::new(Closure::Term(p.body.clone(), env.clone())).share() })
        };
        parts.iter().map(part).collect()
    }

    pub(crate) fn faces(&self, env: &Env, faces: &[GlueFace]) -> Res<Faces> {
        let clo = |t: &Term| Rc::new(Closure::Term(t.clone(), env.clone())).share();
        let face = |f: &GlueFace| Ok(Side { cof: self.cof(env, &f.cof)?, body: (clo(&f.ty), clo(&f.equiv)) });
        faces.iter().map(face).collect()
    }

    /// Rule `glue`: the first true face, or the type without its false faces.
    pub(crate) fn glue(&self, a: Clo, faces: &[Side<(Clo, Clo)>]) -> Res<Flow> {
        Ok(match self.live(faces)? {
            Err(face) => Flow::Next(face.body.0.clone()),
            Ok(live) => Flow::Value(Whnf::Glue(a, live.into())),
        })
    }

    /// The type of a branch of an eliminator (rule data-elim) after the arguments given so far.
    fn branch(&self, b: &Branch) -> Res<Flow> {
        let types = self.fields(b.data, b.con)?;
        let next = |domain: Clo| Ok(Flow::Value(Whnf::Pi(domain, Bind::Branch(Box::new(b.clone())))));
        let field_type = |k: usize, ty: &Term| -> Clo {
            let env = b.params.iter().fold(Env::empty(b.data.shift), |e, p| e.push(p.clone()));
            let env = b.given.iter().take(k).fold(env, |e, f| e.push(f.clone()));
            Rc::new(Closure::Term(ty.clone(), env))
        };
        let given = b.given.len();
        if let Some(ty) = types.get(given) {
            return next(field_type(given, ty));
        }
        let mut recursive = types.iter().enumerate().filter(|(_, ty)| recursive_arity(ty, b.data.id).is_some());
        let fields = b.given.get(..types.len()).unwrap_or_default();
        if let Some((k, ty)) = recursive.nth(given.saturating_sub(types.len())) {
            let value = fields.get(k).cloned().ok_or_else(|| Refusal::new("ill-formed term", "a field is missing"))?;
            return next(Rc::new(Closure::Ih { field: field_type(k, ty), value, motive: (*b.motive).clone() }));
        }
        if b.dims.len() < count(self.constructor(b.data, b.con)?.dims)? {
            let (i, mut next) = (self.name(), b.clone());
            next.dims.push(Ivl::Name(i));
            return Ok(Flow::Value(Whnf::Line(DBind::abs(i, Rc::new(Closure::Branch(Box::new(next)))))));
        }
        Ok(Flow::Next(b.motive.inst(con(b.data, b.con, &b.params, fields, &b.dims))))
    }

    /// Rule `glue-el`: the first true part, or the element.
    pub(crate) fn glue_el(&self, a: Clo, parts: &[Side<Clo>]) -> Res<Flow> {
        Ok(match self.live(parts)? {
            Err(part) => Flow::Next(part.body.clone()),
            Ok(_) => Flow::Value(Whnf::GlueEl(a)),
        })
    }

    /// The entries that are not false: `Err` gives the first true one, if one is true.
    pub(crate) fn live<'s, T: Clone>(&self, sides: &'s [Side<T>]) -> Res<Result<Vec<Side<T>>, &'s Side<T>>> {
        for side in sides {
            self.charge(1 + u64::try_from(side.cof.len()).unwrap_or(u64::MAX))?;
        }
        Ok(match sides.iter().find(|s| holds(&s.cof)) {
            Some(side) => Err(side),
            None => Ok(sides.iter().filter(|s| Sub::unify(&s.cof).is_some()).cloned().collect()),
        })
    }
}

pub(crate) fn count(n: u32) -> Res<usize> {
    usize::try_from(n).map_err(|_| Refusal::new("budget", "a number does not fit"))
}

/// Rule `unglue`: `e.f g` when a face is true.
fn unglue(stack: &mut Vec<Frame>, a: &Clo, faces: &Faces, g: Clo) -> Flow {
    match faces.iter().find(|f| holds(&f.cof)) {
        Some(face) => {
            stack.push(Frame::Elim(Elim::App(g)));
            push(stack, Elim::Fst, Flow::Next(face.body.1.clone()))
        }
        None => push(stack, Elim::Unglue(a.clone(), faces.clone()), Flow::Next(g)),
    }
}

fn push(stack: &mut Vec<Frame>, e: Elim, next: Flow) -> Flow {
    stack.push(Frame::Elim(e));
    next
}

/// `elim (Suc n) = s n (elim n)`.
fn unfold_nat(stack: &mut Vec<Frame>, m: Bind, z: Clo, s: Clo, n: Clo) -> Flow {
    stack.push(Frame::Elim(Elim::App(n.elim(Elim::Nat(m, z, s.clone())).share())));
    push(stack, Elim::App(n), Flow::Next(s))
}

pub(crate) fn raise(level: u32, by: u32) -> Res<u32> {
    level.checked_add(by).ok_or_else(|| Refusal::new("budget", "a universe level does not fit"))
}
