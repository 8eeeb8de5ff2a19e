//! Evaluation to weak head normal form. Every argument of the evaluator is shared and evaluated at most once.

use crate::data::length;
use crate::glue::GlueTerms;
use crate::prim::arity;
use crate::refusal::{BUDGET, CONSTANT, DIM_SCOPE, ILL_FORMED, INTERRUPTED, Res, SCOPE, refuse};
use crate::value::{
    Clo, DClo, DimSub, Elim, Env, Equations, Head, Ivl, Lazy, Name, Neutral, Slot, Spine, V, VFace, VGlue, VPart, Val,
};
use crate::{Globals, Interrupt, Limits, META_BASE};
use bfv_format::{Cof, DataRef, Dim, GlueFace, Node, Part, Prim, Term};
use num_bigint::BigUint;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::atomic::Ordering;

/// The evaluator over some globals. Results are `Err` only when a limit is reached or a term is ill formed.
pub struct Machine<'a> {
    pub(crate) globals: &'a dyn Globals,
    limits: Cell<Limits>,
    steps: Cell<u64>,
    /// Until so many steps neither the limit nor the interrupt need be looked at.
    unwatched: Cell<u64>,
    depth: Cell<u32>,
    names: Cell<Name>,
    pub(crate) terms: OnceCell<GlueTerms>,
    /// The dimensions of a point constructor.
    pub(crate) no_dims: Rc<[Ivl]>,
}

/// The arguments among eliminations.
pub(crate) fn applications(spine: &[Elim]) -> impl Iterator<Item = &V> {
    spine.iter().filter_map(|e| if let Elim::App(v) = e { Some(v) } else { None })
}

/// So many links of a list are followed in the time of one step.
pub(crate) const WALK: u32 = 16;

/// So many steps are taken before the interrupt is looked at again.
pub(crate) const UNWATCHED: u64 = 1_024;

/// Looks whether somebody still wants the judgement.
pub(crate) fn interrupted(interrupt: Option<&Interrupt>) -> Res<()> {
    if interrupt.is_some_and(|i| i.load(Ordering::Relaxed)) {
        return refuse(INTERRUPTED, "The check was stopped from outside.");
    }
    Ok(())
}

/// Gives the depth back when a recursive call ends.
pub(crate) struct Level<'m>(&'m Cell<u32>);
impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// A universe level raised by a displacement.
pub(crate) fn raise(level: u32, by: u32) -> Res<u32> {
    match level.checked_add(by) {
        Some(n) => Ok(n),
        None => refuse(BUDGET, "A universe level is too large."),
    }
}

impl<'a> Machine<'a> {
    /// A machine with fresh counters.
    pub fn new(globals: &'a dyn Globals, limits: Limits) -> Self {
        Machine {
            globals,
            limits: Cell::new(limits),
            steps: Cell::new(0),
            unwatched: Cell::new(0),
            depth: Cell::new(0),
            names: Cell::new(0),
            terms: OnceCell::new(),
            no_dims: Rc::new([]),
        }
    }

    /// The constants that it knows.
    pub fn globals(&self) -> &'a dyn Globals {
        self.globals
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// Counts one step and one level of recursion.
    pub(crate) fn enter(&self) -> Res<Level<'_>> {
        let (steps, depth) = (self.steps.get().saturating_add(1), self.depth.get() + 1);
        self.steps.set(steps);
        if steps > self.unwatched.get() {
            self.watch(steps)?;
        }
        let most = self.limits.get().depth;
        if depth > most {
            return refuse(BUDGET, format!("The terms are nested more than {most} deep."));
        }
        self.depth.set(depth);
        Ok(Level(&self.depth))
    }

    /// Whether to go on after so many steps, and until when that need not be asked again.
    #[cold]
    fn watch(&self, steps: u64) -> Res<()> {
        let limit = self.limits.get().steps;
        if steps > limit {
            return refuse(BUDGET, format!("The limit of {limit} steps is used up."));
        }
        let interrupt = self.globals.interrupt();
        interrupted(interrupt)?;
        self.unwatched.set(interrupt.map_or(limit, |_| limit.min(steps.saturating_add(UNWATCHED))));
        Ok(())
    }

    /// Counts work that is not a step of its own: the next step is refused when it was too much.
    pub(crate) fn charge(&self, units: u64) {
        self.steps.set(self.steps.get().saturating_add(units));
    }

    /// Counts work before it is done.
    pub(crate) fn spend(&self, units: u64) -> Res<()> {
        self.charge(units);
        let steps = self.steps.get();
        if steps > self.unwatched.get() { self.watch(steps) } else { Ok(()) }
    }

    /// Runs something within so many steps; none when they do not suffice. For questions whose answer nobody depends on.
    pub fn within<T>(&self, steps: u64, f: impl FnOnce() -> Res<T>) -> Res<Option<T>> {
        let outer = self.limits.get();
        let inner = self.steps.get().saturating_add(steps).min(outer.steps);
        self.limits.set(Limits { steps: inner, ..outer });
        self.unwatched.set(0);
        let done = f();
        self.limits.set(outer);
        self.unwatched.set(0);
        match done {
            Err(r) if r.reason == BUDGET && self.steps.get() <= outer.steps => Ok(None),
            done => done.map(Some),
        }
    }

    /// A dimension name not used before. When there are no more, every further step is refused.
    pub fn fresh_dim(&self) -> Name {
        let n = self.names.get();
        match n.checked_add(1) {
            Some(next) => self.names.set(next),
            None => self.charge(u64::MAX),
        }
        n
    }

    pub(crate) fn delay(&self, l: Lazy) -> V {
        V(Rc::new(Slot { birth: self.names.get(), state: RefCell::new(l), image: Cell::new(None) }))
    }

    /// A value that is weak head normal already.
    pub fn value(&self, v: Val) -> V {
        self.delay(Lazy::Done(Rc::new(v), self.globals.generation()))
    }

    pub(crate) fn done(&self, v: Val) -> Rc<Val> {
        Rc::new(v)
    }

    pub(crate) fn shared(&self, v: Rc<Val>) -> V {
        self.delay(Lazy::Done(v, self.globals.generation()))
    }

    /// A variable of a level and type.
    pub fn var(&self, level: u32, ty: V) -> V {
        self.value(Val::neutral(Head::Var(level, ty)))
    }

    /// Delayed evaluation; does no work.
    pub fn eval(&self, env: &Env, t: &Term) -> V {
        if let Node::Var(n) = &**t
            && let Some(v) = env.terms.get(*n)
        {
            self.charge(u64::from(*n / WALK));
            return v.clone();
        }
        self.delay(Lazy::Term(env.clone(), t.clone()))
    }

    /// A function at an argument.
    pub fn apply(&self, f: &V, a: V) -> V {
        self.delay(Lazy::Elim(f.clone(), Elim::App(a)))
    }
    /// First projection.
    pub fn fst(&self, p: &V) -> V {
        self.delay(Lazy::Elim(p.clone(), Elim::Fst))
    }
    /// Second projection.
    pub fn snd(&self, p: &V) -> V {
        self.delay(Lazy::Elim(p.clone(), Elim::Snd))
    }
    /// A line at an interval value.
    pub fn lapp(&self, p: &V, r: Ivl) -> V {
        self.delay(Lazy::Elim(p.clone(), Elim::LApp(r)))
    }
    /// A path with its ends at an interval value.
    pub fn papp(&self, p: &V, left: &V, right: &V, r: Ivl) -> V {
        match r {
            Ivl::Zero => left.clone(),
            Ivl::One => right.clone(),
            Ivl::Name(_) => self.delay(Lazy::Elim(p.clone(), Elim::PApp(left.clone(), right.clone(), r))),
        }
    }
    /// Any elimination.
    pub fn elim(&self, v: &V, e: Elim) -> V {
        self.delay(Lazy::Elim(v.clone(), e))
    }
    /// A closure at an argument.
    pub fn inst(&self, c: &Clo, a: V) -> V {
        match c {
            Clo::Const(v) => v.clone(),
            Clo::Term(env, t) => self.eval(&Env { terms: env.terms.push(a), ..env.clone() }, t),
            Clo::Native(n) => self.delay(Lazy::Inst(n.clone(), a)),
        }
    }
    /// A line at an interval value.
    pub fn dinst(&self, c: &DClo, r: Ivl) -> V {
        match c {
            DClo::Term(env, t) => self.eval(&Env { dims: env.dims.push(r), ..env.clone() }, t),
            DClo::Abs(name, v) if r == Ivl::Name(*name) => v.clone(),
            DClo::Abs(name, v) => self.act(v, &DimSub::one(*name, r)),
            DClo::Elim(c) => self.elim(&self.dinst(&c.0, r), c.1.clone()),
        }
    }

    /// The value of an interval term.
    pub fn dim(&self, env: &Env, d: Dim) -> Res<Ivl> {
        match d {
            Dim::Zero => Ok(Ivl::Zero),
            Dim::One => Ok(Ivl::One),
            Dim::Var(n) => match env.dims.get(n) {
                Some(r) => Ok(*r),
                None => refuse(DIM_SCOPE, format!("Dimension variable {n} is not bound.")),
            },
        }
    }

    /// The value of a cofibration.
    pub(crate) fn cof(&self, env: &Env, cof: &Cof) -> Res<Equations> {
        cof.iter().map(|(r, s)| Ok((self.dim(env, *r)?, self.dim(env, *s)?))).collect()
    }

    pub(crate) fn glue_faces(&self, env: &Env, faces: &[GlueFace]) -> Res<Vec<VGlue>> {
        let face = |f: &GlueFace| {
            let (ty, equiv) = (self.eval(env, &f.ty), self.eval(env, &f.equiv));
            Ok(VGlue { cof: self.cof(env, &f.cof)?, ty, equiv })
        };
        faces.iter().map(face).collect()
    }

    /// Weak head normal form, definitions unfolded.
    pub fn whnf(&self, v: &V) -> Res<Rc<Val>> {
        let mut w = self.folded(v)?;
        while let Val::Neutral(Neutral { unfolded: Some(u), .. }) = &*w {
            let _level = self.enter()?;
            let next = self.folded(u)?;
            w = next;
        }
        Ok(w)
    }

    /// Weak head normal form in which a definition at the head stays folded.
    pub fn folded(&self, v: &V) -> Res<Rc<Val>> {
        let now = self.globals.generation();
        if let Lazy::Done(w, then) = &*v.0.state.borrow()
            && (*then == now || !matches!(&**w, Val::Neutral(_) | Val::Suc(..) | Val::IntPos(_) | Val::IntNegSuc(_)))
        {
            return Ok(w.clone());
        }
        let _level = self.enter()?;
        let todo = v.0.state.replace(Lazy::Busy);
        let done = self.forced(&todo);
        // What was refused may be asked for again.
        *v.0.state.borrow_mut() = if let Ok(w) = &done { Lazy::Done(w.clone(), now) } else { todo };
        done
    }

    fn forced(&self, todo: &Lazy) -> Res<Rc<Val>> {
        match todo {
            Lazy::Busy => refuse(ILL_FORMED, "A value depends on itself."),
            Lazy::Done(w, _) => match &**w {
                Val::Neutral(n) => self.again(n),
                Val::Suc(n, x) => self.add_successors(n, x),
                Val::IntPos(x) => self.integer(true, x),
                Val::IntNegSuc(x) => self.integer(false, x),
                _ => Ok(w.clone()),
            },
            Lazy::Term(env, t) => self.run(env, t),
            // What stands under a face need not be of one type elsewhere, and may compute to something wrong there: a substitution
            // goes before the computation, unless the value was needed without it, where it is well typed.
            Lazy::Act(x, s) => match self.pushed(x, s) {
                Some(todo) => self.forced(&todo),
                None => self.act_val(&self.folded(x)?, s),
            },
            Lazy::Elim(x, e) => self.eliminate(&self.folded(x)?, e.clone()),
            Lazy::Forced(x, e) => self.eliminate(&self.whnf(x)?, e.clone()),
            Lazy::Applied(x, args) => self.apply_all(self.whnf(x)?, args.iter().rev().cloned().collect()),
            Lazy::Inst(n, a) => self.native(n, a),
            Lazy::Open(c) => self.coe_open(c.0, c.1, c.2, &c.3, &c.4),
            Lazy::Coe(c) => self.coe(c.0, c.1, &c.2, &c.3),
            Lazy::HCom(h) => self.hcom(h.0, h.1, &h.2, &h.3, &h.4),
            Lazy::Compute(p, spine) => match self.compute(*p, spine)? {
                Some(w) => Ok(w),
                None => {
                    Ok(self.done(Val::Neutral(Neutral { head: Head::Prim(*p), spine: spine.clone(), unfolded: None })))
                }
            },
            Lazy::Con(w) => match &**w {
                Val::Con(d, c, ps, xs, dims) => self.con(*d, *c, ps, xs, dims),
                _ => refuse(ILL_FORMED, "A constructor that is none."),
            },
            Lazy::Field(x, n) => match &*self.whnf(x)? {
                Val::Con(_, _, _, xs, _) => match xs.get(*n) {
                    Some(x) => self.folded(x),
                    None => refuse(ILL_FORMED, "A field that is not there."),
                },
                _ => refuse(ILL_FORMED, "A field of something that is no constructor."),
            },
        }
    }

    /// Evaluates at once what is needed at once and nowhere else.
    fn force(&self, env: &Env, t: &Term) -> Res<Rc<Val>> {
        if let Node::Var(n) = &**t
            && let Some(v) = env.terms.get(*n)
        {
            self.charge(u64::from(*n / WALK));
            return self.folded(v);
        }
        let _level = self.enter()?;
        self.run(env, t)
    }

    /// A closure at an argument, evaluated.
    fn enter_clo(&self, c: &Clo, a: V) -> Res<Rc<Val>> {
        match c {
            Clo::Const(v) => self.folded(v),
            Clo::Term(env, t) => self.force(&Env { terms: env.terms.push(a), ..env.clone() }, t),
            Clo::Native(n) => {
                let _level = self.enter()?;
                self.native(n, &a)
            }
        }
    }

    /// A line at an interval value, evaluated.
    fn enter_line(&self, c: &DClo, r: Ivl) -> Res<Rc<Val>> {
        match c {
            DClo::Term(env, t) => self.force(&Env { dims: env.dims.push(r), ..env.clone() }, t),
            DClo::Abs(..) => self.folded(&self.dinst(c, r)),
            DClo::Elim(c) => self.eliminate(&self.enter_line(&c.0, r)?, c.1.clone()),
        }
    }

    /// A weak head normal form applied to arguments, the last of them first in the list.
    pub(crate) fn apply_all(&self, mut w: Rc<Val>, mut args: Vec<V>) -> Res<Rc<Val>> {
        while let Some(a) = args.pop() {
            let next = match &*w {
                Val::Lam(Clo::Term(env, body)) => {
                    // As many arguments as the function takes one after another.
                    let (mut terms, mut body) = (env.terms.push(a), body);
                    while let Node::Lam(b) = &**body
                        && let Some(a) = args.pop()
                    {
                        self.spend(1)?;
                        (terms, body) = (terms.push(a), b);
                    }
                    self.force(&Env { terms, ..env.clone() }, body)?
                }
                Val::Neutral(n) => {
                    args.push(a);
                    // An operation computes as soon as it has its arguments; anything else takes all there are.
                    let takes = match n.head {
                        Head::Prim(p) if arity(p) > n.spine.len() => arity(p) - n.spine.len(),
                        _ => args.len(),
                    };
                    let now = args.split_off(args.len().saturating_sub(takes));
                    self.push(n, now.into_iter().rev().map(Elim::App).collect())?
                }
                _ => self.eliminate(&w, Elim::App(a))?,
            };
            w = next;
        }
        Ok(w)
    }

    fn run(&self, env: &Env, t: &Term) -> Res<Rc<Val>> {
        let clo = |t: &Term| Clo::Term(env.clone(), t.clone());
        let dclo = |t: &Term| DClo::Term(env.clone(), t.clone());
        let ev = |t: &Term| self.eval(env, t);
        let all = |ts: &[Term]| ts.iter().map(ev).collect::<Rc<[V]>>();
        let data = |d: &DataRef| self.displaced(*d, env.shift);
        let elim = |x: &Term, e: Elim| self.eliminate(&self.force(env, x)?, e);
        Ok(self.done(match &**t {
            Node::Var(n) => match env.terms.get(*n) {
                Some(v) => return self.folded(v),
                None => return refuse(SCOPE, format!("Variable {n} is not bound.")),
            },
            Node::Univ(n) => Val::Univ(raise(*n, env.shift)?),
            Node::Const { id, shift } => return self.constant(*id, raise(*shift, env.shift)?),
            Node::Prim(p) => return Ok(self.primitive(*p)),
            Node::NatLit(n) => Val::NatLit(n.clone()),
            Node::IntLit(n) => Val::IntLit(n.clone()),
            Node::RealLit(q) => Val::RealLit(q.clone()),
            Node::Pi(a, b) => Val::Pi(ev(a), clo(b)),
            Node::Lam(b) => Val::Lam(clo(b)),
            Node::App(f, a) => {
                let (mut head, mut args) = (f, vec![ev(a)]);
                while let Node::App(f, a) = &**head {
                    self.spend(1)?;
                    args.push(ev(a));
                    head = f;
                }
                return self.apply_all(self.force(env, head)?, args);
            }
            Node::Let(_, a, b) => return self.force(&Env { terms: env.terms.push(ev(a)), ..env.clone() }, b),
            Node::Sigma(a, b) => Val::Sigma(ev(a), clo(b)),
            Node::Pair(a, b) => Val::Pair(ev(a), ev(b)),
            Node::Fst(p) => return elim(p, Elim::Fst),
            Node::Snd(p) => return elim(p, Elim::Snd),
            Node::Line(a) => Val::Line(dclo(a)),
            Node::Path(a, l, r) => Val::Path(dclo(a), ev(l), ev(r)),
            Node::DLam(b) => Val::DLam(dclo(b)),
            Node::LApp(p, r) => return elim(p, Elim::LApp(self.dim(env, *r)?)),
            Node::PApp(p, a, b, r) => match self.dim(env, *r)? {
                Ivl::Zero => return self.force(env, a),
                Ivl::One => return self.force(env, b),
                r => return elim(p, Elim::PApp(ev(a), ev(b), r)),
            },
            Node::Coe(r, s, a, t) => return self.coe(self.dim(env, *r)?, self.dim(env, *s)?, &dclo(a), &ev(t)),
            Node::HCom(r, s, a, faces, b) => {
                let mut sides = Vec::new();
                for f in faces {
                    sides.push(VFace { cof: self.cof(env, &f.cof)?, side: dclo(&f.body) });
                }
                return self.hcom(self.dim(env, *r)?, self.dim(env, *s)?, &ev(a), &Rc::new(sides), &ev(b));
            }
            Node::EmptyElim(m, x) => return elim(x, Elim::EmptyElim(Rc::new(clo(m)))),
            Node::BoolElim(m, a, b, x) => {
                // Where the scrutinee is known the rest of the elimination is never made.
                let w = self.force(env, x)?;
                match &*w {
                    Val::Prim(Prim::True) => return self.force(env, a),
                    Val::Prim(Prim::False) => return self.force(env, b),
                    _ => return self.eliminate(&w, Elim::BoolElim(Rc::new((clo(m), ev(a), ev(b))))),
                }
            }
            Node::NatElim(m, z, s, x) => return elim(x, Elim::NatElim(Rc::new((clo(m), ev(z), ev(s))))),
            Node::IntElim(m, p, n, x) => return elim(x, Elim::IntElim(Rc::new((clo(m), ev(p), ev(n))))),
            Node::Data(d, ps) => Val::Data(data(d)?, all(ps)),
            Node::Con(d, c, ps, xs, rs) if rs.is_empty() => {
                Val::Con(data(d)?, *c, all(ps), all(xs), self.no_dims.clone())
            }
            Node::Con(d, c, ps, xs, rs) => {
                let dims = rs.iter().map(|r| self.dim(env, *r)).collect::<Res<Rc<[Ivl]>>>()?;
                return self.con(data(d)?, *c, &all(ps), &all(xs), &dims);
            }
            Node::Glue(a, faces) => return self.glue(&ev(a), self.glue_faces(env, faces)?),
            Node::GlueEl(a, parts) => {
                let part = |p: &Part| Ok(VPart { cof: self.cof(env, &p.cof)?, body: ev(&p.body) });
                return self.glue_el(&ev(a), parts.iter().map(part).collect::<Res<_>>()?);
            }
            Node::Unglue(a, faces, g) => return elim(g, Elim::Unglue(ev(a), Rc::new(self.glue_faces(env, faces)?))),
            Node::DataElim(d, ps, m, bs, x) => {
                return elim(x, Elim::DataElim(Rc::new((data(d)?, all(ps), clo(m), all(bs)))));
            }
            Node::Rule(rule) => {
                self.charge(crate::denote::size(rule));
                Val::neutral(Head::Rule(Rc::new((env.clone(), t.clone()))))
            }
        }))
    }

    /// A data type raised by an environment: not at all when no universe occurs in its closure.
    pub(crate) fn displaced(&self, d: DataRef, by: u32) -> Res<DataRef> {
        let shift = if self.globals.displaceable(d.id) { raise(d.shift, by)? } else { 0 };
        Ok(DataRef { id: d.id, shift })
    }

    /// A constant: folded when it is a definition, looked through when it is a solved metavariable.
    pub(crate) fn constant(&self, id: u32, shift: u32) -> Res<Rc<Val>> {
        let shift = if shift == 0 || !self.globals.displaceable(id) { 0 } else { shift };
        let head = Head::Const(id, shift);
        let Some(body) = self.globals.const_body(id) else {
            if self.globals.const_type(id).is_none() {
                return refuse(CONSTANT, format!("No declaration has position {id}."));
            }
            return Ok(self.done(Val::neutral(head)));
        };
        let value = self.eval(&Env { shift, ..Env::default() }, &body);
        if id >= META_BASE {
            return self.folded(&value);
        }
        Ok(self.done(Val::Neutral(Neutral { head, spine: Spine::default(), unfolded: Some(value) })))
    }

    /// One elimination of a weak head normal form.
    pub(crate) fn eliminate(&self, v: &Rc<Val>, e: Elim) -> Res<Rc<Val>> {
        match (&**v, e) {
            (_, Elim::PApp(l, _, Ivl::Zero)) => self.folded(&l),
            (_, Elim::PApp(_, r, Ivl::One)) => self.folded(&r),
            (w, Elim::Unglue(a, faces)) => self.unglue(v, w, &a, &faces),
            (Val::Lam(c), Elim::App(a)) => self.enter_clo(c, a),
            (Val::Pair(a, _), Elim::Fst) => self.folded(a),
            (Val::Pair(_, b), Elim::Snd) => self.folded(b),
            (Val::DLam(c), Elim::LApp(r) | Elim::PApp(_, _, r)) => self.enter_line(c, r),
            (Val::Prim(Prim::True), Elim::BoolElim(e)) => self.folded(&e.1),
            (Val::Prim(Prim::False), Elim::BoolElim(e)) => self.folded(&e.2),
            (Val::NatLit(n), Elim::NatElim(e)) if *n == BigUint::ZERO => self.folded(&e.1),
            (Val::NatLit(_) | Val::Suc(..), Elim::NatElim(e)) => {
                let pred = self.shared(self.predecessor(&self.shared(v.clone()))?);
                let rec = self.elim(&pred, Elim::NatElim(e.clone()));
                self.apply_all(self.folded(&e.2)?, vec![rec, pred])
            }
            (Val::IntLit(i), Elim::IntElim(e)) => {
                let (case, arg) = match i.to_biguint() {
                    Some(k) => (&e.1, k),
                    None => (&e.2, (-(i + 1u8)).magnitude().clone()),
                };
                self.eliminate(&self.folded(case)?, Elim::App(self.value(Val::NatLit(arg))))
            }
            (Val::IntPos(x), Elim::IntElim(e)) => self.eliminate(&self.folded(&e.1)?, Elim::App(x.clone())),
            (Val::IntNegSuc(x), Elim::IntElim(e)) => self.eliminate(&self.folded(&e.2)?, Elim::App(x.clone())),
            (Val::Con(d, c, _, xs, dims), e @ Elim::DataElim(_)) => self.match_constructor(*d, *c, xs, dims, &e),
            (Val::Neutral(n), e @ Elim::DataElim(_)) => match self.as_composition(v)? {
                Some(h) => self.match_composition(&h, &e),
                None => self.push(n, vec![e]),
            },
            (Val::Neutral(n), e) => self.push(n, vec![e]),
            _ => refuse(ILL_FORMED, "An eliminator meets a value that it is not for."),
        }
    }

    /// More eliminations of something stuck: one, or several applications. An operation with all its arguments may compute.
    pub(crate) fn push(&self, n: &Neutral, elims: Vec<Elim>) -> Res<Rc<Val>> {
        self.charge(length(n.spine.len()) / u64::from(WALK));
        let mut unfolded = n.unfolded.as_ref().map(|u| match elims.as_slice() {
            [e] => self.delay(Lazy::Forced(u.clone(), e.clone())),
            _ => self.delay(Lazy::Applied(u.clone(), applications(&elims).cloned().collect())),
        });
        let spine: Spine = n.spine.iter().cloned().chain(elims).collect();
        if let Head::Prim(p) = n.head {
            if spine.len() == arity(p) && (self.has_folded(&spine)? || self.is_large_multiple(p, &spine)?) {
                // An argument is a definition: the operation stays folded with it until somebody needs more.
                unfolded = Some(self.delay(Lazy::Compute(p, spine.clone())));
            } else if let Some(w) = self.compute(p, &spine)? {
                return Ok(w);
            }
        }
        Ok(self.done(Val::Neutral(Neutral { head: n.head.clone(), spine, unfolded })))
    }

    /// A multiple of something by a literal is not written out as a sum until somebody needs it.
    fn is_large_multiple(&self, p: Prim, spine: &[Elim]) -> Res<bool> {
        let (Prim::NatMul, [Elim::App(m), Elim::App(n)]) = (p, spine) else { return Ok(false) };
        Ok(matches!(&*self.folded(n)?, Val::NatLit(k) if *k > BigUint::from(1u8))
            && !matches!(&*self.folded(m)?, Val::NatLit(_)))
    }

    fn has_folded(&self, spine: &[Elim]) -> Res<bool> {
        for v in applications(spine) {
            if matches!(&*self.folded(v)?, Val::Neutral(Neutral { unfolded: Some(_), .. })) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
