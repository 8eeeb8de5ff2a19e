//! Paths between paths between functions, or between pairs: such a path of any dimension is a function, or a pair, of paths of that dimension.

use bfv_format::{Node, Term};
use bfv_kernel::{Ctx, Ivl, Machine, Res, V, Val};
use std::rc::Rc;

/// Which part of functions or pairs is looked at.
pub enum Part {
    /// The value at an argument.
    At(V),
    First,
    /// The second part, over a path of the same dimension between first parts.
    Second(V),
}

/// What stands at the end of a type of paths of any dimension.
pub enum Base {
    /// Functions from a type that does not depend on dimensions.
    Functions(V),
    Pairs,
    Other,
}

/// What a type of paths of any dimension is about, and that dimension.
pub fn base(m: &Machine<'_>, ctx: &Ctx, ty: &V) -> Res<(Base, u32)> {
    let (mut inner, mut ty, mut dims) = (ctx.clone(), ty.clone(), 0);
    loop {
        let w = m.whnf(&ty)?;
        match &*w {
            Val::Path(line, ..) => {
                let (below, i) = m.bind_dim(&inner);
                ty = m.dinst(line, Ivl::Name(i));
                inner = below;
                dims += 1;
            }
            Val::Pi(dom, _) => {
                let dom = crate::terms::lower(&m.quote(&inner, dom)?, 0, dims);
                return Ok((dom.map_or(Base::Other, |d| Base::Functions(m.eval(&ctx.env, &d))), dims));
            }
            Val::Sigma(..) => return Ok((Base::Pairs, dims)),
            _ => return Ok((Base::Other, dims)),
        }
    }
}

/// The type of a part; `way` are the dimensions so far.
pub fn part_type(m: &Machine<'_>, ctx: &Ctx, ty: &V, part: &Part, whole: &V, way: &[Ivl]) -> Res<Option<Term>> {
    let w = m.whnf(ty)?;
    match &*w {
        Val::Path(line, a, b) => {
            let (inner, i) = m.bind_dim(ctx);
            let on: Vec<Ivl> = way.iter().copied().chain([Ivl::Name(i)]).collect();
            let below = part_type(m, &inner, &m.dinst(line, Ivl::Name(i)), part, whole, &on)?;
            let left = part_of(m, ctx, &m.dinst(line, Ivl::Zero), part, a)?;
            let right = part_of(m, ctx, &m.dinst(line, Ivl::One), part, b)?;
            let ends = left.zip(right);
            Ok(below.zip(ends).map(|(line, (l, r))| Rc::new(Node::Path(line, l, r)) as Term))
        }
        Val::Pi(_, cod) => match part {
            Part::At(x) => Ok(Some(m.quote(ctx, &m.inst(cod, x.clone()))?)),
            _ => Ok(None),
        },
        Val::Sigma(a, b) => match part {
            Part::First => Ok(Some(m.quote(ctx, a)?)),
            Part::Second(first) => {
                let Some(first) = walk(m, first, whole, way)? else { return Ok(None) };
                Ok(Some(m.quote(ctx, &m.inst(b, first))?))
            }
            Part::At(_) => Ok(None),
        },
        _ => Ok(None),
    }
}

/// A part of an element, below as many dimensions as its type has.
pub fn part_of(m: &Machine<'_>, ctx: &Ctx, ty: &V, part: &Part, v: &V) -> Res<Option<Term>> {
    let w = m.whnf(ty)?;
    match (&*w, part) {
        (Val::Path(line, a, b), _) => {
            let (inner, i) = m.bind_dim(ctx);
            let at = m.papp(v, a, b, Ivl::Name(i));
            let below = part_of(m, &inner, &m.dinst(line, Ivl::Name(i)), part, &at)?;
            Ok(below.map(|t| Rc::new(Node::DLam(t)) as Term))
        }
        (_, Part::At(x)) => Ok(Some(m.quote(ctx, &m.apply(v, x.clone()))?)),
        (_, Part::First) => Ok(Some(m.quote(ctx, &m.fst(v))?)),
        (_, Part::Second(_)) => Ok(Some(m.quote(ctx, &m.snd(v))?)),
    }
}

/// A path of some dimension, given by its type, at as many places.
pub fn walk(m: &Machine<'_>, v: &V, ty: &V, way: &[Ivl]) -> Res<Option<V>> {
    let (mut v, mut ty) = (v.clone(), ty.clone());
    for r in way {
        let w = m.whnf(&ty)?;
        let Val::Path(line, a, b) = &*w else { return Ok(None) };
        v = m.papp(&v, a, b, *r);
        ty = m.dinst(line, *r);
    }
    Ok(Some(v))
}

/// A context with so many more dimensions, and these.
pub fn bound(m: &Machine<'_>, ctx: &Ctx, dims: u32) -> (Ctx, Vec<Ivl>) {
    (0..dims).fold((ctx.clone(), Vec::new()), |(ctx, mut way), _| {
        let (inner, i) = m.bind_dim(&ctx);
        way.push(Ivl::Name(i));
        (inner, way)
    })
}
