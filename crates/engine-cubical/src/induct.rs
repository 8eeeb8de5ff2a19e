//! Induction on a path: one of its ends is let go, and what holds of the constant path holds of it. The path may be any term, not only a
//! variable; then its end is let go where the path is used.

use crate::regular::below;
use crate::terms::{Abstract, End, lift, mentions, visit};
use bfv_format::{Dim, Face, Node, Term};
use bfv_kernel::{Ctx, Ivl, Machine, Res, V, Val};
use bfv_search::shift::rename;
use std::rc::Rc;

/// A goal after induction: what is left to show, and how that shows the goal.
pub struct Induction {
    /// What is to be shown of the constant path.
    pub left: V,
    line: Term,
    /// Variables that depend on what is let go, outermost first.
    carried: Vec<u32>,
}

impl Induction {
    /// The proof of the goal from the proof of what was left.
    pub fn proof(&self, base: Term) -> Term {
        let start = Rc::new(Node::Coe(Dim::Zero, Dim::One, self.line.clone(), base));
        self.carried.iter().fold(start, |t, n| Rc::new(Node::App(t, Rc::new(Node::Var(*n)))))
    }
}

/// A path at one type, with its ends.
struct Path {
    term: Term,
    ty: Term,
    left: Term,
    right: Term,
}

fn path_of(m: &Machine<'_>, ctx: &Ctx, term: &Term) -> Res<Option<Path>> {
    let ty = m.infer(ctx, term)?;
    let w = m.whnf(&ty)?;
    let Val::Path(line, a, b) = &*w else { return Ok(None) };
    let ty = m.dinst(line, Ivl::Zero);
    if !m.conv_type(ctx, &ty, &m.dinst(line, Ivl::One))? {
        return Ok(None);
    }
    let (left, right) = (m.normal(ctx, a)?, m.normal(ctx, b)?);
    Ok(Some(Path { term: term.clone(), ty: m.normal(ctx, &ty)?, left, right }))
}

/// The ways in which a goal can be shown by induction on a path that occurs in it, or whose end does; the later a variable the earlier.
pub fn inductions(m: &Machine<'_>, ctx: &Ctx, target: &V) -> Res<Vec<Induction>> {
    let goal = m.normal(ctx, target)?;
    let count = u32::try_from(ctx.types.len()).unwrap_or(u32::MAX);
    let mut out = Vec::new();
    for n in 0..count {
        let term: Term = Rc::new(Node::Var(n));
        let Some(path) = path_of(m, ctx, &term)? else { continue };
        for end in [End::Right, End::Left] {
            let loose = if end == End::Right { &path.right } else { &path.left };
            let Node::Var(y) = &**loose else { continue };
            if mentions(&goal, n) || mentions(&goal, *y) {
                out.extend(by_variable(m, ctx, &goal, &path, end, *y)?);
            }
        }
    }
    let mut used: Vec<Term> = Vec::new();
    visit(&goal, 0, 0, &mut |t, vars, dims| {
        if let Node::PApp(p, ..) = &**t
            && let Some(p) = rename(p, 0, 0, &mut |n| n.checked_sub(vars), &mut |n| n.checked_sub(dims))
            && !used.contains(&p)
        {
            used.push(p);
        }
    });
    for term in used {
        let Some(path) = path_of(m, ctx, &term)? else { continue };
        for end in [End::Right, End::Left] {
            for everywhere in [true, false] {
                out.extend(induction(m, ctx, &goal, &path, end, everywhere, Vec::new())?);
            }
        }
    }
    Ok(out)
}

/// Where the end is a variable: what depends on it is carried along.
fn by_variable(m: &Machine<'_>, ctx: &Ctx, goal: &Term, path: &Path, end: End, y: u32) -> Res<Option<Induction>> {
    let Node::Var(p) = &*path.term else { return Ok(None) };
    let other = if end == End::Right { &path.left } else { &path.right };
    if mentions(&path.ty, y) || mentions(other, y) {
        return Ok(None);
    }
    let count = u32::try_from(ctx.types.len()).unwrap_or(u32::MAX);
    let mut carried: Vec<u32> = Vec::new();
    let mut types = Vec::new();
    for (level, ty) in (0u32..).zip(ctx.types.iter()) {
        let n = count - 1 - level;
        let ty = m.normal(ctx, ty)?;
        if n != *p && n != y && ([y, *p].iter().chain(&carried)).any(|d| mentions(&ty, *d)) {
            carried.push(n);
            types.push(ty);
        }
    }
    if carried.iter().any(|d| mentions(&path.ty, *d) || mentions(other, *d)) {
        return Ok(None);
    }
    let mut all = goal.clone();
    for (d, ty) in carried.iter().zip(&types).rev() {
        let bound = rename(&all, 0, 0, &mut |v| if v == *d { Some(0) } else { v.checked_add(1) }, &mut Some);
        let Some(bound) = bound else { return Ok(None) };
        all = Rc::new(Node::Pi(ty.clone(), bound));
    }
    induction(m, ctx, &all, path, end, true, carried)
}

fn induction(
    m: &Machine<'_>,
    ctx: &Ctx,
    goal: &Term,
    path: &Path,
    end: End,
    everywhere: bool,
    carried: Vec<u32>,
) -> Res<Option<Induction>> {
    let (loose, fixed) = if end == End::Right { (&path.right, &path.left) } else { (&path.left, &path.right) };
    let Some(motive) = motive(goal, path, end, loose, everywhere) else { return Ok(None) };
    // The two variables of the motive, and whether it is a type over them.
    let ty = m.eval(&ctx.env, &path.ty);
    let (inner, _) = m.bind(ctx, ty);
    let Some(q_type) = q_type(path, end) else { return Ok(None) };
    let q_type = m.eval(&inner.env, &q_type);
    let (inner, _) = m.bind(&inner, q_type);
    if m.check_type(&inner, &motive).is_err() {
        return Ok(None);
    }
    let Some((at, so_far)) = walked(path, end) else { return Ok(None) };
    let (along, _) = m.bind_dim(ctx);
    let with = |base: &Ctx, y: &Term, q: &Term| {
        let mut env = base.env.clone();
        let (y, q) = (m.eval(&base.env, y), m.eval(&base.env, q));
        env.terms = env.terms.push(y).push(q);
        m.eval(&env, &motive)
    };
    let line = m.quote(&along, &with(&along, &at, &so_far))?;
    let Some(still) = below(fixed) else { return Ok(None) };
    let left = with(ctx, fixed, &Rc::new(Node::DLam(still)));
    Ok(Some(Induction { left, line, carried }))
}

/// The goal over a path of which one end is loose.
fn motive(goal: &Term, path: &Path, end: End, loose: &Term, everywhere: bool) -> Option<Term> {
    let (goal, p, loose) = (lift(goal, 2, 0)?, lift(&path.term, 2, 0)?, lift(loose, 2, 0)?);
    let motive = Abstract { path: &p, end, everywhere: everywhere.then_some(&loose) }.of(&goal, 0, 0)?;
    // It must be about the path, or about its end.
    (motive != goal).then_some(motive)
}

/// The type of the path below the variable for its loose end.
fn q_type(path: &Path, end: End) -> Option<Term> {
    let y = Rc::new(Node::Var(0));
    let line = lift(&path.ty, 1, 1)?;
    Some(Rc::new(match end {
        End::Right => Node::Path(line, lift(&path.left, 1, 0)?, y),
        End::Left => Node::Path(line, y, lift(&path.right, 1, 0)?),
    }))
}

/// What a path has reached at the dimension 0 of the scope, and the path between that and its fixed end: constant at 0, all of it at 1.
fn walked(path: &Path, end: End) -> Option<(Term, Term)> {
    let (fixed, from) = match end {
        End::Right => (&path.left, Dim::Zero),
        End::Left => (&path.right, Dim::One),
    };
    // Below the dimension of the walk, and below one or two more.
    let go = |r: Dim, depth: u32| -> Option<Term> {
        let (p, l, r2) =
            (lift(&path.term, 0, depth + 1)?, lift(&path.left, 0, depth + 1)?, lift(&path.right, 0, depth + 1)?);
        let wall = Rc::new(Node::PApp(p, l, r2, Dim::Var(0)));
        let face = |e, body| Face { cof: vec![(Dim::Var(depth - 1), e)], body };
        let faces = vec![face(Dim::Zero, lift(fixed, 0, depth + 1)?), face(Dim::One, wall)];
        Some(Rc::new(Node::HCom(from, r, lift(&path.ty, 0, depth)?, faces, lift(fixed, 0, depth)?)))
    };
    let to = match end {
        End::Right => Dim::One,
        End::Left => Dim::Zero,
    };
    Some((go(to, 1)?, Rc::new(Node::DLam(go(Dim::Var(0), 2)?))))
}
