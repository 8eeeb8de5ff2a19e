//! Paths between paths along given ones, paths between pairs, squares seen from their other side, and paths over lines of types.

use crate::prove::{Prover, moving};
use crate::regular::outside;
use crate::terms::lift;
use crate::tower::{self, Part};
use bfv_format::{Dim, Face, Node, Term};
use bfv_kernel::{Ctx, DClo, DimSub, Env, Ivl, Res, V, Val};
use bfv_search::chain::Chain;
use std::rc::Rc;

/// How much deeper it goes along a given path between paths.
const DEEP: u32 = 4;

impl Prover<'_, '_> {
    /// A path between paths that goes along a given one: its ends are shown to be those that are wanted.
    pub fn bridge(&mut self, ctx: &Ctx, ty: &V, (a, b): (&V, &V), depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        let Some(depth) = depth.checked_sub(DEEP) else { return Ok(None) };
        for (level, given) in (0u32..).zip(ctx.types.iter()) {
            let w = m.whnf(given)?;
            let Val::Path(line, x, y) = &*w else { continue };
            let same = |r| m.conv_type(ctx, ty, &m.dinst(line, r));
            if self.spent.contains(&level) || !same(Ivl::Zero)? || !same(Ivl::One)? {
                continue;
            }
            self.spent.push(level);
            let mut found = None;
            for forward in [true, false] {
                let (x, y) = if forward { (x, y) } else { (y, x) };
                let (Some(one), Some(two)) = (self.path_type(ctx, ty, a, x)?, self.path_type(ctx, ty, y, b)?) else {
                    break;
                };
                let Some(first) = self.prove(ctx, &one, depth)? else { continue };
                let Some(last) = self.prove(ctx, &two, depth)? else { continue };
                found = Some((forward, x.clone(), y.clone(), first, last));
                break;
            }
            self.spent.pop();
            let Some((forward, x, y, first, last)) = found else { continue };
            let (a, b, x, y) = (m.quote(ctx, a)?, m.quote(ctx, b)?, m.quote(ctx, &x)?, m.quote(ctx, &y)?);
            let Some(n) = u32::try_from(ctx.types.len()).ok().and_then(|n| n.checked_sub(level.checked_add(1)?)) else {
                continue;
            };
            let along = Rc::new(Node::Var(n)) as Term;
            let steps = if forward { moving(&along, &x, &y) } else { moving(&along, &y, &x) };
            let (Some(one), Some(two), Some(three)) = (moving(&first, &a, &x), steps, moving(&last, &y, &b)) else {
                continue;
            };
            let chain = Chain::at(m.quote(ctx, ty)?, a).then(one);
            let chain = if forward { chain.then(two) } else { chain.back(two) };
            return Ok(Some(Rc::new(Node::DLam(chain.then(three).body()))));
        }
        Ok(None)
    }

    /// A square over a type that does not move, seen from its other side, where its sides are paths at one type.
    pub fn turned_over(&mut self, ctx: &Ctx, target: &V, depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        let w = m.whnf(target)?;
        let (Val::Path(line, a, b), Some(depth)) = (&*w, depth.checked_sub(1)) else { return Ok(None) };
        let (one, i) = m.bind_dim(ctx);
        let rows = m.whnf(&m.dinst(line, Ivl::Name(i)))?;
        let Val::Path(row, left, right) = &*rows else { return Ok(None) };
        let (_, k) = m.bind_dim(&one);
        let end = |r: Ivl, v: &V| -> Res<Option<V>> {
            let w = m.whnf(&m.dinst(line, r))?;
            let Val::Path(_, l, r) = &*w else { return Ok(None) };
            Ok(Some(m.papp(v, l, r, Ivl::Name(k))))
        };
        let (Some(a), Some(b)) = (end(Ivl::Zero, a)?, end(Ivl::One, b)?) else { return Ok(None) };
        let column = m.value(Val::Path(DClo::Abs(i, m.dinst(row, Ivl::Name(k))), a, b));
        let over = |v: &V| m.value(Val::DLam(DClo::Abs(i, v.clone())));
        let columns = m.value(Val::Path(DClo::Abs(k, column.clone()), over(left), over(right)));
        // There is something to be won only where the line stands still now.
        let (inner, n) = m.bind_dim(ctx);
        let column = m.act(&column, &DimSub::new([(k, Ivl::Name(n))]));
        if outside(&m.quote(&inner, &column)?).is_none() {
            return Ok(None);
        }
        let Some(t) = self.prove(ctx, &columns, depth)? else { return Ok(None) };
        let Some(body) = self.walked(ctx, &t, &columns, 2)? else { return Ok(None) };
        let swapped = bfv_search::shift::rename(&body, 0, 0, &mut Some, &mut |n| Some(if n < 2 { 1 - n } else { n }));
        let t = swapped.map(|t| Rc::new(Node::DLam(Rc::new(Node::DLam(t)))) as Term);
        Ok(t.and_then(|t| self.accepted(ctx, t, target)))
    }

    /// A path between pairs: of the first parts, and of the second parts over it.
    pub fn pairs(&mut self, ctx: &Ctx, target: &V, dims: u32, depth: u32) -> Res<Option<Term>> {
        let m = self.m;
        let Some(ty) = tower::part_type(m, ctx, target, &Part::First, target, &[])? else { return Ok(None) };
        let first_type = m.eval(&ctx.env, &ty);
        let Some(p) = self.prove(ctx, &first_type, depth)? else { return Ok(None) };
        let over = Part::Second(m.eval(&ctx.env, &p));
        let Some(ty) = tower::part_type(m, ctx, target, &over, &first_type, &[])? else { return Ok(None) };
        let second_type = m.eval(&ctx.env, &ty);
        let Some(q) = self.prove(ctx, &second_type, depth)? else { return Ok(None) };
        let first = self.walked(ctx, &p, &first_type, dims)?;
        let Some((p, q)) = first.zip(self.walked(ctx, &q, &second_type, dims)?) else { return Ok(None) };
        let t = (0..dims).fold(Rc::new(Node::Pair(p, q)) as Term, |t, _| Rc::new(Node::DLam(t)));
        Ok(self.accepted(ctx, t, target))
    }

    /// A path over a line of types from one at its end: its left end is carried there.
    pub fn over(
        &mut self,
        ctx: &Ctx,
        target: &V,
        inner: &Ctx,
        at: &V,
        (a, b): (&V, &V),
        depth: u32,
    ) -> Res<Option<Term>> {
        let m = self.m;
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        let line = m.quote(inner, at)?;
        let (l, r) = (m.quote(ctx, a)?, m.quote(ctx, b)?);
        let carried: Term = Rc::new(Node::Coe(Dim::Zero, Dim::One, line.clone(), l.clone()));
        let env = Env { dims: ctx.env.dims.push(Ivl::One), ..ctx.env.clone() };
        let end = m.eval(&env, &line);
        let Some(goal) = self.path_type(ctx, &end, &m.eval(&ctx.env, &carried), b)? else { return Ok(None) };
        let Some(q) = self.prove(ctx, &goal, depth)? else { return Ok(None) };
        let term = (|| {
            let face = |end, body| Face { cof: vec![(Dim::Var(0), end)], body };
            let wall = moving(&q, &carried, &r)?;
            let wall = lift_past(&wall)?;
            let start = Rc::new(Node::Coe(Dim::Zero, Dim::Var(0), lift_past(&line)?, lift(&l, 0, 1)?));
            let faces = vec![face(Dim::Zero, lift(&l, 0, 2)?), face(Dim::One, wall)];
            Some(Rc::new(Node::DLam(Rc::new(Node::HCom(Dim::Zero, Dim::One, line.clone(), faces, start)))) as Term)
        })();
        Ok(term.and_then(|t| self.accepted(ctx, t, target)))
    }
}

/// A term with one dimension below one more, which stands around that dimension.
fn lift_past(t: &Term) -> Option<Term> {
    let mut dim = |n: u32| if n == 0 { Some(0) } else { n.checked_add(1) };
    bfv_search::shift::rename(t, 0, 0, &mut Some, &mut dim)
}
