//! Unification: solves metavariables so that two values become convertible. Untrusted: the kernel checks the result.

use crate::elab::Elab;
use crate::walk::{self, Depth};
use bfv_format::{DataRef, Node, Term};
use bfv_kernel::{Clo, Ctx, DClo, Elim, Globals, Head, Ivl, META_BASE, Name, Neutral, Res, V, VGlue, Val};
use std::collections::BTreeMap;
use std::rc::Rc;

/// An equation put off until more is known.
#[derive(Clone)]
pub struct Postponed {
    pub ctx: Ctx,
    pub ty: V,
    pub left: V,
    pub right: V,
}

impl Elab<'_> {
    /// Unifies two types.
    pub fn unify_type(&self, ctx: &Ctx, a: &V, b: &V) -> Res<bool> {
        // Types are compared structurally; the universe they live in is never inspected.
        let universe = self.m.value(Val::Univ(u32::MAX >> 1));
        self.unify(ctx, &universe, a, b)
    }

    /// Unifies `a <= b`: universes are cumulative, also to the right of arrows.
    pub fn unify_subtype(&self, ctx: &Ctx, a: &V, b: &V) -> Res<bool> {
        let (fa, fb) = (self.m.folded(a)?, self.m.folded(b)?);
        if self.is_flex(&fa) || self.is_flex(&fb) {
            return self.unify_type(ctx, a, b);
        }
        match (&*fa, &*fb) {
            (Val::Univ(m), Val::Univ(n)) => Ok(m <= n),
            (Val::Pi(d1, c1), Val::Pi(d2, c2)) => {
                if !self.unify_type(ctx, d1, d2)? {
                    return Ok(false);
                }
                let (ctx, x) = self.m.bind(ctx, d2.clone());
                self.unify_subtype(&ctx, &self.m.inst(c1, x.clone()), &self.m.inst(c2, x))
            }
            _ => self.unify_type(ctx, a, b),
        }
    }

    /// Unifies, and takes every solution back when it fails.
    pub fn try_unify(&self, ctx: &Ctx, ty: &V, a: &V, b: &V) -> Res<bool> {
        let (mark, waiting) = (self.scratch.mark(), self.postponed.borrow().len());
        let done = self.unify(ctx, ty, a, b);
        if !matches!(done, Ok(true)) {
            self.scratch.rollback(mark);
            self.postponed.borrow_mut().truncate(waiting);
        }
        done
    }

    fn is_flex(&self, v: &Val) -> bool {
        matches!(v, Val::Neutral(Neutral { head: Head::Const(id, _), .. }) if *id >= META_BASE && !self.scratch.is_solved(*id))
    }

    /// Unifies two values of a type.
    pub fn unify(&self, ctx: &Ctx, ty: &V, a: &V, b: &V) -> Res<bool> {
        let (fa, fb) = (self.m.folded(a)?, self.m.folded(b)?);
        if Rc::ptr_eq(&fa, &fb) {
            return Ok(true);
        }
        if let Some(done) = self.unify_code(ctx, a, b)? {
            return Ok(done);
        }
        match (self.is_flex(&fa), self.is_flex(&fb)) {
            (false, false) => {}
            (left, right) => return self.unify_flex(ctx, ty, a, b, left, right),
        }
        if let (Val::Neutral(x), Val::Neutral(y)) = (&*fa, &*fb)
            && x.unfolded.is_some()
            && match (&x.head, &y.head) {
                (Head::Const(c, m), Head::Const(d, n)) => (c, m) == (d, n),
                (Head::Prim(p), Head::Prim(q)) => p == q,
                _ => false,
            }
        {
            let (mark, waiting) = (self.scratch.mark(), self.postponed.borrow().len());
            if self.unify_neutral(ctx, x, y)? {
                return Ok(true);
            }
            self.scratch.rollback(mark);
            self.postponed.borrow_mut().truncate(waiting);
        }
        match &*self.m.whnf(ty)? {
            Val::Pi(dom, cod) => {
                let (ctx, x) = self.m.bind(ctx, dom.clone());
                let (fx, gx) = (self.m.apply(a, x.clone()), self.m.apply(b, x.clone()));
                self.unify(&ctx, &self.m.inst(cod, x), &fx, &gx)
            }
            Val::Sigma(dom, cod) => {
                let (a1, b1) = (self.m.fst(a), self.m.fst(b));
                Ok(self.unify(ctx, dom, &a1, &b1)?
                    && self.unify(ctx, &self.m.inst(cod, a1), &self.m.snd(a), &self.m.snd(b))?)
            }
            Val::Line(line) => {
                let (ctx, i) = self.m.bind_dim(ctx);
                let i = Ivl::Name(i);
                self.unify(&ctx, &self.m.dinst(line, i), &self.m.lapp(a, i), &self.m.lapp(b, i))
            }
            Val::Path(line, l, r) => {
                let (ctx, i) = self.m.bind_dim(ctx);
                let i = Ivl::Name(i);
                self.unify(&ctx, &self.m.dinst(line, i), &self.m.papp(a, l, r, i), &self.m.papp(b, l, r, i))
            }
            Val::Prim(bfv_format::Prim::Unit) => Ok(true),
            Val::Glue(base, faces) => {
                let under = |g: &V| self.m.elim(g, Elim::Unglue(base.clone(), faces.clone()));
                if !self.unify(ctx, base, &under(a), &under(b))? {
                    return Ok(false);
                }
                for f in faces.iter() {
                    if let Some((inside, u)) = self.m.restrict(ctx, &f.cof)
                        && !self.unify(&inside, &self.m.act(&f.ty, &u), &self.m.act(a, &u), &self.m.act(b, &u))?
                    {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => self.unify_rigid(ctx, ty, a, b),
        }
    }

    fn unify_rigid(&self, ctx: &Ctx, ty: &V, a: &V, b: &V) -> Res<bool> {
        let (wa, wb) = (self.m.whnf(a)?, self.m.whnf(b)?);
        match (&*wa, &*wb) {
            (Val::Univ(m), Val::Univ(n)) => Ok(m == n),
            (Val::Pi(d1, c1), Val::Pi(d2, c2)) | (Val::Sigma(d1, c1), Val::Sigma(d2, c2)) => {
                if matches!(&*wa, Val::Pi(..)) != matches!(&*wb, Val::Pi(..)) {
                    return Ok(false);
                }
                Ok(self.unify_type(ctx, d1, d2)? && self.unify_family(ctx, d1, c1, c2)?)
            }
            (Val::Line(l1), Val::Line(l2)) => self.unify_line(ctx, l1, l2),
            (Val::Path(l1, a1, b1), Val::Path(l2, a2, b2)) => Ok(self.unify_line(ctx, l1, l2)?
                && self.unify(ctx, &self.m.dinst(l1, Ivl::Zero), a1, a2)?
                && self.unify(ctx, &self.m.dinst(l1, Ivl::One), b1, b2)?),
            (Val::Prim(p), Val::Prim(q)) => Ok(p == q),
            (Val::NatLit(m), Val::NatLit(n)) => Ok(m == n),
            (Val::IntLit(m), Val::IntLit(n)) => Ok(m == n),
            (Val::RealLit(m), Val::RealLit(n)) => Ok(m == n),
            (Val::Suc(m, x), Val::Suc(n, y)) => {
                let least = m.min(n);
                let (x, y) = (self.successors(m - least, x), self.successors(n - least, y));
                self.unify(ctx, ty, &x, &y)
            }
            (Val::Suc(m, x), Val::NatLit(n)) | (Val::NatLit(n), Val::Suc(m, x)) => {
                Ok(n >= m && self.unify(ctx, ty, x, &self.m.value(Val::NatLit(n - m)))?)
            }
            (Val::IntPos(x), Val::IntPos(y)) | (Val::IntNegSuc(x), Val::IntNegSuc(y)) => {
                Ok(matches!(&*wa, Val::IntPos(_)) == matches!(&*wb, Val::IntPos(_))
                    && self.unify(ctx, &self.m.value(Val::Prim(bfv_format::Prim::Nat)), x, y)?)
            }
            (Val::Data(d, ps), Val::Data(e, qs)) => Ok(d == e && self.unify_params(ctx, *d, ps, qs)?),
            (Val::Glue(x, fs), Val::Glue(y, gs)) => self.unify_glue(ctx, a, b, (x, fs), (y, gs)),
            (Val::Con(d, c, ps, xs, is), Val::Con(e, k, _, ys, js)) => {
                if d != e || c != k || is != js {
                    return Ok(false);
                }
                for n in 0..xs.len() {
                    let (given, x, y) = (xs.get(..n).unwrap_or(&[]), xs.get(n), ys.get(n));
                    let ty = self.m.field_type(*d, *c, ps, given)?;
                    match (x, y) {
                        (Some(x), Some(y)) if self.unify(ctx, &ty, x, y)? => {}
                        _ => return Ok(false),
                    }
                }
                Ok(true)
            }
            (Val::Neutral(x), Val::Neutral(y)) => {
                if self.unify_neutral(ctx, x, y)? {
                    return Ok(true);
                }
                self.stuck_on_meta(ctx, ty, a, b, &wa, &wb)
            }
            _ => self.stuck_on_meta(ctx, ty, a, b, &wa, &wb),
        }
    }

    /// The parameters of a data type, each at its own type: one may be a function.
    fn unify_params(&self, ctx: &Ctx, d: DataRef, ps: &[V], qs: &[V]) -> Res<bool> {
        for (n, (p, q)) in ps.iter().zip(qs).enumerate() {
            if !self.unify(ctx, &self.m.param_type(d, ps.get(..n).unwrap_or(&[]))?, p, q)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Glue types with the same faces in the same order are unified part by part, others only compared.
    fn unify_glue(&self, ctx: &Ctx, a: &V, b: &V, (x, fs): (&V, &[VGlue]), (y, gs): (&V, &[VGlue])) -> Res<bool> {
        if fs.len() != gs.len() || fs.iter().zip(gs).any(|(f, g)| f.cof != g.cof) {
            return self.m.conv_type(ctx, a, b);
        }
        if !self.unify_type(ctx, x, y)? {
            return Ok(false);
        }
        for (f, g) in fs.iter().zip(gs) {
            let Some((inside, u)) = self.m.restrict(ctx, &f.cof) else { continue };
            let act = |v: &V| self.m.act(v, &u);
            let equiv = self.m.equiv_type(&act(&f.ty), &act(x));
            if !self.unify_type(&inside, &act(&f.ty), &act(&g.ty))?
                || !self.unify(&inside, &equiv, &act(&f.equiv), &act(&g.equiv))?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A value that waits for a metavariable may still become equal: the equation is put off.
    fn stuck_on_meta(&self, ctx: &Ctx, ty: &V, a: &V, b: &V, wa: &Val, wb: &Val) -> Res<bool> {
        if self.waits(wa) || self.waits(wb) {
            self.postpone(ctx, ty, a, b);
            return Ok(true);
        }
        Ok(false)
    }

    fn waits(&self, v: &Val) -> bool {
        match v {
            Val::Neutral(n) => match &n.head {
                Head::Const(id, _) => *id >= META_BASE && !self.scratch.is_solved(*id),
                Head::Prim(_) => n.spine.iter().any(|e| match e {
                    Elim::App(v) => self.m.whnf(v).is_ok_and(|w| self.waits(&w)),
                    _ => false,
                }),
                _ => false,
            },
            Val::Suc(_, x) => self.m.whnf(x).is_ok_and(|w| self.waits(&w)),
            _ => false,
        }
    }

    fn unify_family(&self, ctx: &Ctx, dom: &V, c1: &Clo, c2: &Clo) -> Res<bool> {
        let (ctx, x) = self.m.bind(ctx, dom.clone());
        self.unify_type(&ctx, &self.m.inst(c1, x.clone()), &self.m.inst(c2, x))
    }

    fn unify_line(&self, ctx: &Ctx, l1: &DClo, l2: &DClo) -> Res<bool> {
        let (ctx, i) = self.m.bind_dim(ctx);
        self.unify_type(&ctx, &self.m.dinst(l1, Ivl::Name(i)), &self.m.dinst(l2, Ivl::Name(i)))
    }

    /// Heads equal and spines unifiable.
    fn unify_neutral(&self, ctx: &Ctx, x: &Neutral, y: &Neutral) -> Res<bool> {
        let same = match (&x.head, &y.head) {
            (Head::Var(i, _), Head::Var(j, _)) => i == j,
            (Head::Const(c, m), Head::Const(d, n)) => (c, m) == (d, n),
            (Head::Prim(p), Head::Prim(q)) => p == q,
            _ => return self.conv_neutral(ctx, x, y),
        };
        if !same || x.spine.len() != y.spine.len() {
            return Ok(false);
        }
        for n in 0..x.spine.len() {
            let (Some(e), Some(f)) = (x.spine.get(n), y.spine.get(n)) else { return Ok(false) };
            let before =
                Neutral { head: x.head.clone(), spine: x.spine.iter().take(n).cloned().collect(), unfolded: None };
            if !self.unify_elim(ctx, &before, e, f)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn conv_neutral(&self, ctx: &Ctx, x: &Neutral, y: &Neutral) -> Res<bool> {
        let ty = self.m.type_of_neutral(x)?;
        self.m.conv(ctx, &ty, &self.m.value(Val::Neutral(x.clone())), &self.m.value(Val::Neutral(y.clone())))
    }

    fn unify_elim(&self, ctx: &Ctx, before: &Neutral, e: &Elim, f: &Elim) -> Res<bool> {
        Ok(match (e, f) {
            (Elim::App(a), Elim::App(b)) => {
                let ty = self.m.type_of_neutral(before)?;
                match &*self.m.whnf(&ty)? {
                    Val::Pi(dom, _) => self.unify(ctx, dom, a, b)?,
                    _ => false,
                }
            }
            (Elim::Fst, Elim::Fst) | (Elim::Snd, Elim::Snd) => true,
            (Elim::LApp(r), Elim::LApp(s)) | (Elim::PApp(_, _, r), Elim::PApp(_, _, s)) => r == s,
            (Elim::EmptyElim(_), Elim::EmptyElim(_)) => true,
            (Elim::BoolElim(e), Elim::BoolElim(f)) => {
                let ((m, x, y), (n, z, w)) = (&**e, &**f);
                use bfv_format::Prim::{Bool, False, True};
                let at = |c: &Clo, p| self.m.inst(c, self.m.value(Val::Prim(p)));
                self.unify_family(ctx, &self.m.value(Val::Prim(Bool)), m, n)?
                    && self.unify(ctx, &at(m, True), x, z)?
                    && self.unify(ctx, &at(m, False), y, w)?
            }
            (Elim::NatElim(e), Elim::NatElim(f)) => {
                let ((m, x, y), (n, z, w)) = (&**e, &**f);
                let nat = self.m.value(Val::Prim(bfv_format::Prim::Nat));
                let zero = self.m.value(Val::NatLit(0u8.into()));
                self.unify_family(ctx, &nat, m, n)?
                    && self.unify(ctx, &self.m.inst(m, zero), x, z)?
                    && self.unify(ctx, &self.nat_step_type(m), y, w)?
            }
            (Elim::DataElim(a), Elim::DataElim(b)) => {
                let ((d, ps, m, xs), (e, qs, n, ys)) = (&**a, &**b);
                if d != e || xs.len() != ys.len() || !self.unify_params(ctx, *d, ps, qs)? {
                    return Ok(false);
                }
                let data = self.m.value(Val::Data(*d, ps.clone()));
                if !self.unify_family(ctx, &data, m, n)? {
                    return Ok(false);
                }
                for (c, (x, y)) in (0..).zip(xs.iter().zip(ys.iter())) {
                    let ty = self.m.branch_type(*d, c, ps, m)?;
                    if !self.unify(ctx, &ty, x, y)? {
                        return Ok(false);
                    }
                }
                true
            }
            _ => {
                let with = |e: &Elim| {
                    let mut n = before.clone();
                    n.spine = n.spine.iter().chain([e]).cloned().collect();
                    n
                };
                self.conv_neutral(ctx, &with(e), &with(f))?
            }
        })
    }

    fn postpone(&self, ctx: &Ctx, ty: &V, a: &V, b: &V) {
        self.postponed.borrow_mut().push(Postponed {
            ctx: ctx.clone(),
            ty: ty.clone(),
            left: a.clone(),
            right: b.clone(),
        });
    }

    fn unify_flex(&self, ctx: &Ctx, ty: &V, a: &V, b: &V, left: bool, right: bool) -> Res<bool> {
        let (fa, fb) = (self.m.folded(a)?, self.m.folded(b)?);
        if let (Val::Neutral(x), Val::Neutral(y)) = (&*fa, &*fb)
            && left
            && right
            && let (Head::Const(c, _), Head::Const(d, _)) = (&x.head, &y.head)
            && c == d
        {
            if x.spine.len() == y.spine.len() && self.m.conv(ctx, ty, a, b)? {
                return Ok(true);
            }
            self.postpone(ctx, ty, a, b);
            return Ok(true);
        }
        for (flex, v, other) in [(left, &fa, b), (right, &fb, a)] {
            if flex
                && let Val::Neutral(n) = &**v
                && let Some(done) = self.solve(ctx, n, other)?
            {
                return Ok(done);
            }
        }
        // Eta: a function unknown outside the pattern fragment may still be compared pointwise.
        if let Val::Pi(dom, cod) = &*self.m.whnf(ty)?
            && (!left || !right)
        {
            let (ctx, x) = self.m.bind(ctx, dom.clone());
            let (fx, gx) = (self.m.apply(a, x.clone()), self.m.apply(b, x.clone()));
            return self.unify(&ctx, &self.m.inst(cod, x), &fx, &gx);
        }
        self.postpone(ctx, ty, a, b);
        Ok(true)
    }

    /// Solves `?m x1 ... xn = v` when the arguments are distinct variables. `None`: not a pattern.
    fn solve(&self, ctx: &Ctx, n: &Neutral, v: &V) -> Res<Option<bool>> {
        let Head::Const(id, _) = n.head else { return Ok(None) };
        let (mut vars, mut dims) = (BTreeMap::new(), BTreeMap::new());
        let (mut shape, mut places) = (Vec::new(), 0);
        let fixed = self.scratch.fixed(id);
        for (at, e) in n.spine.iter().enumerate() {
            match e {
                // Under the face where it was made the dimension has one value, so a solution need not speak of it.
                Elim::LApp(_) if fixed.contains(&at) => {
                    places += 1;
                    shape.push(false);
                }
                Elim::App(x) => match &*self.m.whnf(x)? {
                    Val::Neutral(Neutral { head: Head::Var(level, _), spine, .. }) if spine.is_empty() => {
                        if vars.insert(*level, vars.len()).is_some() {
                            return Ok(None);
                        }
                        shape.push(true);
                    }
                    _ => return Ok(None),
                },
                Elim::LApp(Ivl::Name(name)) => {
                    if dims.insert(*name, places).is_some() {
                        return Ok(None);
                    }
                    places += 1;
                    shape.push(false);
                }
                _ => return Ok(None),
            }
        }
        let renaming = Renaming { ctx, vars, dims, places, id };
        let rhs = self.m.quote(ctx, v)?;
        let solution = match self.rename_solution(&rhs, &renaming)? {
            Some(t) => t,
            None => match self.rename_solution(&self.m.normal(ctx, v)?, &renaming)? {
                Some(t) => t,
                None => return Ok(Some(false)),
            },
        };
        let closed =
            shape.iter().rev().fold(solution, |t, var| Rc::new(if *var { Node::Lam(t) } else { Node::DLam(t) }));
        Ok(Some(self.scratch.solve(id, closed)))
    }

    /// The right side in the scope of the metavariable's arguments; `None` when something in it is out of that scope.
    fn rename_solution(&self, rhs: &Term, r: &Renaming<'_>) -> Res<Option<Term>> {
        let rhs = self.prune(rhs, r)?;
        if occurs(&rhs, r.id) {
            return Ok(None);
        }
        let (n, k) = (r.vars.len(), r.places);
        let out = walk::rename(
            &rhs,
            Depth::default(),
            &mut |index| {
                let position = r.level(index).and_then(|l| r.vars.get(&l)).ok_or(())?;
                u32::try_from(n - 1 - position).map_err(|_| ())
            },
            &mut |index| {
                let position = r.dim(index).and_then(|d| r.dims.get(&d)).ok_or(())?;
                u32::try_from(k - 1 - position).map_err(|_| ())
            },
        );
        Ok(out.ok())
    }

    /// Unsolved metavariables in a term applied to variables that may not be used lose those arguments.
    fn prune(&self, t: &Term, r: &Renaming<'_>) -> Res<Term> {
        let mut doomed = Vec::new();
        find_doomed(t, Depth::default(), r, &mut doomed);
        if doomed.is_empty() {
            return Ok(t.clone());
        }
        for (id, keep) in doomed {
            if !self.scratch.is_solved(id) {
                self.drop_arguments(id, &keep);
            }
        }
        Ok(walk::zonk(self.scratch, t, &mut None))
    }

    /// Solves a metavariable by a new one that takes only the arguments kept, when its type allows that.
    fn drop_arguments(&self, id: u32, keep: &[bool]) {
        let Some(ty) = self.scratch.const_type(id) else { return };
        let mut domains = Vec::new();
        let mut rest = ty;
        for _ in keep {
            let Node::Pi(a, b) = &*rest.clone() else { return };
            domains.push(a.clone());
            rest = b.clone();
        }
        // From the inside out, a dropped binder must not be mentioned.
        let mut out = rest;
        for (a, kept) in domains.iter().zip(keep).rev() {
            if *kept {
                out = Rc::new(Node::Pi(a.clone(), out));
            } else if walk::mentions(&out, 0) {
                return;
            } else {
                out = walk::instantiate(&out, &[Rc::new(Node::Prim(bfv_format::Prim::Star))], &[]);
            }
        }
        let new = self.scratch.meta(out, Vec::new());
        let n = u32::try_from(keep.len()).unwrap_or(0);
        let mut body = Rc::new(Node::Const { id: new, shift: 0 });
        for (i, kept) in (0..n).zip(keep) {
            if *kept {
                body = Rc::new(Node::App(body, Rc::new(Node::Var(n - 1 - i))));
            }
        }
        let closed = keep.iter().fold(body, |t, _| Rc::new(Node::Lam(t)));
        self.scratch.assign(id, closed);
    }

    /// Tries every equation that was put off again, until nothing changes. False when one is refuted.
    pub fn retry(&self) -> Res<Result<(), Postponed>> {
        loop {
            let waiting = std::mem::take(&mut *self.postponed.borrow_mut());
            if waiting.is_empty() {
                return Ok(Ok(()));
            }
            let mark = self.scratch.mark();
            let before = waiting.len();
            for p in waiting {
                if !self.unify(&p.ctx, &p.ty, &p.left, &p.right)? {
                    return Ok(Err(p));
                }
            }
            if self.scratch.mark() == mark && self.postponed.borrow().len() >= before {
                return Ok(Ok(()));
            }
        }
    }
}

struct Renaming<'c> {
    ctx: &'c Ctx,
    /// Level to position among the arguments.
    vars: BTreeMap<u32, usize>,
    dims: BTreeMap<Name, usize>,
    /// How many of the arguments are dimensions.
    places: usize,
    id: u32,
}

impl Renaming<'_> {
    fn level(&self, index: u32) -> Option<u32> {
        u32::try_from(self.ctx.types.len()).ok()?.checked_sub(index + 1)
    }
    fn dim(&self, index: u32) -> Option<Name> {
        let n = self.ctx.dims.len().checked_sub(usize::try_from(index).ok()? + 1)?;
        self.ctx.dims.get(n).copied()
    }
}

fn occurs(t: &Term, id: u32) -> bool {
    if matches!(&**t, Node::Const { id: i, .. } if *i == id) {
        return true;
    }
    walk::map(t, Depth::default(), &mut |c, _| if occurs(c, id) { Err(()) } else { Ok(c.clone()) }, &mut |r, _| Ok(r))
        .is_err()
}

fn find_doomed(t: &Term, at: Depth, r: &Renaming<'_>, out: &mut Vec<(u32, Vec<bool>)>) {
    if let Node::App(..) = &**t {
        let (head, args) = walk::unapply(t);
        if let Node::Const { id, .. } = &*head
            && *id >= META_BASE
            && *id != r.id
        {
            let keep: Vec<bool> = args
                .iter()
                .map(|a| match a {
                    walk::Argument::Term(a) => match &**a {
                        Node::Var(n) if *n >= at.terms => {
                            r.level(*n - at.terms).is_some_and(|l| r.vars.contains_key(&l))
                        }
                        _ => true,
                    },
                    walk::Argument::Dim(_) => true,
                })
                .collect();
            if keep.iter().any(|k| !k) && args.iter().all(|a| matches!(a, walk::Argument::Term(_))) {
                out.push((*id, keep));
            }
        }
    }
    let done: Result<Term, std::convert::Infallible> = walk::map(
        t,
        at,
        &mut |c, d| {
            find_doomed(c, d, r, out);
            Ok(c.clone())
        },
        &mut |r, _| Ok(r),
    );
    let Ok(_) = done;
}
