//! Paths between paths from a map of paths to paths that forgets which one it was given (Hedberg, A coherence theorem for Martin-Loef's type
//! theory, 1998): at its place a path and any other one become the same, and boxes lead back. Such a map is what is given, where it makes a
//! path from a path with these ends, say from one that is not not there.
//!
//! Also sides of a goal that differ at one place only: then it is enough that what stands there is equal.

use crate::facts::{self, Fact, put};
use crate::prove::{Prover, moving};
use crate::regular::{below, outside};
use crate::terms::{Pattern, lift, split};
use bfv_format::{Dim, Face, Node, Term};
use bfv_kernel::{Ctx, Res, V, Val};
use bfv_search::shift::{parts, rename};
use std::rc::Rc;

/// Steps for what a map asks for, and for showing that it forgets.
const MAP: u64 = 4_000;

/// A map of paths: for every end and path to it, below a variable for each, another path to it.
struct Map {
    at: Term,
    ty: Term,
    from: Term,
}

impl Map {
    /// The path that it makes, in a scope with so many dimensions.
    fn of(&self, end: Term, path: Term, dims: u32) -> Option<Term> {
        put(&lift(&self.at, 0, dims)?, &[end, path])
    }
}

impl Prover<'_, '_> {
    /// A path between paths by a map that forgets which path it was given.
    pub fn by_endomap(&mut self, ctx: &Ctx, ty: &V, (p, q): (&V, &V), depth: u32) -> Res<Option<Term>> {
        let (m, Some(depth)) = (self.m, depth.checked_sub(1)) else { return Ok(None) };
        let w = m.whnf(ty)?;
        let Val::Path(line, x, y) = &*w else { return Ok(None) };
        let (one, i) = m.bind_dim(ctx);
        let Some(base) = outside(&m.quote(&one, &m.dinst(line, bfv_kernel::Ivl::Name(i)))?) else { return Ok(None) };
        let ends = (m.quote(ctx, x)?, m.quote(ctx, y)?);
        let (p, q) = (m.quote(ctx, p)?, m.quote(ctx, q)?);
        // Any other end, and any path there.
        let (inner, _) = m.bind(ctx, m.eval(&ctx.env, &base));
        let path_to = |n: u32| {
            let line = lift(&base, n, 1)?;
            Some(Rc::new(Node::Path(line, lift(&ends.0, n, 0)?, Rc::new(Node::Var(n.checked_sub(1)?)))) as Term)
        };
        let (Some(there), Some(again)) = (path_to(1), path_to(2)) else { return Ok(None) };
        let (inner, _) = m.bind(&inner, m.eval(&inner.env, &there));
        for fact in facts::facts(m, &inner)? {
            // The path that is there is no map.
            if fact.variables == 0 {
                continue;
            }
            let found = self.limited(MAP, |this| this.applied(&inner, &fact, &again, depth))?;
            let Some(at) = found else { continue };
            let map = Map { at, ty: base.clone(), from: ends.0.clone() };
            let found = self.limited(MAP, |this| this.forgotten(ctx, &map, ty, (&p, &q), &ends.1, depth))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// A fact at arguments, of which some are to be found.
    fn applied(&mut self, ctx: &Ctx, fact: &Fact, goal: &Term, depth: u32) -> Res<Option<Term>> {
        let mut pattern = Pattern::new(fact.variables);
        if !pattern.fits(&fact.says, goal, 0, 0) {
            return Ok(None);
        }
        self.premises(ctx, fact, pattern, depth)
    }

    fn forgotten(
        &mut self,
        ctx: &Ctx,
        map: &Map,
        ty: &V,
        (p, q): (&Term, &Term),
        end: &Term,
        depth: u32,
    ) -> Res<Option<Term>> {
        let m = self.m;
        let still = |n: u32| Some(Rc::new(Node::DLam(lift(&map.from, 0, n.checked_add(1)?)?)) as Term);
        // What a path has reached at a dimension of the scope, which has so many, and the path to there.
        let reached = |path: &Term, r: Dim, n: u32| -> Option<(Term, Term)> {
            let up = |t: &Term, n: u32| lift(t, 0, n);
            let at =
                |n: u32, r: Dim| Some(Rc::new(Node::PApp(up(path, n)?, up(&map.from, n)?, up(end, n)?, r)) as Term);
            let under = n.checked_add(1)?;
            let line = Node::Path(up(&map.ty, under.checked_add(1)?)?, up(&map.from, under)?, at(under, Dim::Var(0))?);
            Some((at(n, r)?, Rc::new(Node::Coe(Dim::Zero, r, Rc::new(line), still(n)?))))
        };
        let image = |path: &Term, r: Dim, n: u32| {
            let (end, path) = reached(path, r, n)?;
            Some((map.of(end.clone(), path, n)?, end))
        };
        let (Some((kp, _)), Some((kq, _))) = (image(p, Dim::One, 0), image(q, Dim::One, 0)) else { return Ok(None) };
        let (vp, vq) = (m.eval(&ctx.env, &kp), m.eval(&ctx.env, &kq));
        let Some(goal) = self.path_type(ctx, ty, &vp, &vq)? else { return Ok(None) };
        let Some(same) = self.prove(ctx, &goal, depth)? else { return Ok(None) };
        Ok((|| {
            let up = |t: &Term| lift(t, 0, 3);
            let x = up(&map.from)?;
            let walk = |path: Term, end: Term| Rc::new(Node::PApp(path, x.clone(), end, Dim::Var(0))) as Term;
            let face = |n: u32, end: Dim, body| Face { cof: vec![(Dim::Var(n), end)], body };
            let start = walk(map.of(x.clone(), still(3)?, 3)?, x.clone());
            // At the outermost of the three dimensions.
            let outermost = |n: u32| if n == 0 { Some(2) } else { n.checked_add(2) };
            let joined = rename(&moving(&same, &kp, &kq)?, 0, 0, &mut Some, &mut { outermost })?;
            let (left, right) = (image(p, Dim::Var(1), 3)?, image(q, Dim::Var(1), 3)?);
            let faces = vec![
                face(0, Dim::Zero, start),
                face(0, Dim::One, walk(joined, up(end)?)),
                face(1, Dim::Zero, walk(left.0, left.1)),
                face(1, Dim::One, walk(right.0, right.1)),
            ];
            let (ty, base) = (lift(&map.ty, 0, 2)?, lift(&map.from, 0, 2)?);
            let cube = Rc::new(Node::HCom(Dim::Zero, Dim::One, ty, faces, base));
            Some(Rc::new(Node::DLam(Rc::new(Node::DLam(cube)))) as Term)
        })())
    }

    /// A path between sides that differ at one place, from one between what stands there.
    pub fn at_one_place(&mut self, ctx: &Ctx, (a, b): (&V, &V), depth: u32) -> Res<Option<Term>> {
        let (m, Some(depth)) = (self.m, depth.checked_sub(1)) else { return Ok(None) };
        let (left, right) = (m.quote(ctx, a)?, m.quote(ctx, b)?);
        let Some((l, r, function)) = apart(&left, &right, None) else { return Ok(None) };
        if l == left {
            return Ok(None);
        }
        let ty = match function {
            Some(f) => {
                let Ok(ty) = m.infer(ctx, &f) else { return Ok(None) };
                let Val::Pi(dom, _) = &*m.whnf(&ty)? else { return Ok(None) };
                dom.clone()
            }
            None => match m.infer(ctx, &l) {
                Ok(ty) => ty,
                Err(_) => return Ok(None),
            },
        };
        if matches!(&*m.whnf(&ty)?, Val::Univ(_)) {
            return Ok(None);
        }
        let Some(goal) = self.path_type(ctx, &ty, &m.eval(&ctx.env, &l), &m.eval(&ctx.env, &r))? else {
            return Ok(None);
        };
        let Some(t) = self.prove(ctx, &goal, depth)? else { return Ok(None) };
        let made = moving(&t, &l, &r).zip(below(&left).zip(below(&right)));
        Ok(made.and_then(|(at, (left, right))| Some(Rc::new(Node::DLam(put_apart(&left, &right, &at)?)) as Term)))
    }
}

/// The parts at the innermost place that two terms differ at, where there is one only, and the function that takes them as its argument.
fn apart(a: &Term, b: &Term, function: Option<Term>) -> Option<(Term, Term, Option<Term>)> {
    let here = || Some((a.clone(), b.clone(), function.clone()));
    let Some((x, y, at)) = one(a, b) else { return here() };
    let function = match (&**a, at) {
        (Node::App(f, _), 1) => Some(f.clone()),
        _ => None,
    };
    apart(&x, &y, function)
}

/// The parts at which two terms differ, where it is one that is below no binder, and which part that is.
fn one(a: &Term, b: &Term) -> Option<(Term, Term, usize)> {
    let ((shell, left), (other, right)) = (split(a)?, split(b)?);
    if shell != other || left.len() != right.len() {
        return None;
    }
    let mut differ = left.iter().zip(&right).enumerate().filter(|(_, (l, r))| l.0 != r.0);
    let (Some((n, (l, r))), None) = (differ.next(), differ.next()) else { return None };
    (l.1 == 0 && l.2 == 0).then(|| (l.0.clone(), r.0.clone(), n))
}

/// A term with something else at that place.
fn put_apart(a: &Term, b: &Term, new: &Term) -> Option<Term> {
    let Some((.., place)) = one(a, b) else { return Some(new.clone()) };
    let (_, right) = split(b)?;
    let mut n = 0usize;
    parts(
        a,
        &mut |t, _, _| {
            let here = n;
            n = n.checked_add(1)?;
            if here == place { put_apart(t, &right.get(here)?.0, new) } else { Some(t.clone()) }
        },
        &mut Some,
    )
}
