//! Induction on a path: one of its ends is let go, and what holds of the constant path holds of it. The path may be any term, not only a
//! variable; then its end is let go where the path is used.

use crate::regular::below;
use crate::terms::{Abstract, End, lift, mentions, size, visit};
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
    /// The levels of these, and of the path where it is a variable.
    pub spent: Vec<u32>,
    /// Whether the goal holds only if this does.
    pub lossless: bool,
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
    /// For a path between functions that comes from paths at every argument: the variable that says so.
    pointwise: Option<u32>,
}

fn path_of(m: &Machine<'_>, ctx: &Ctx, term: &Term, types: bool) -> Res<Option<Path>> {
    let ty = m.infer(ctx, term)?;
    let w = m.whnf(&ty)?;
    let Val::Path(line, a, b) = &*w else { return Ok(None) };
    let ty = m.dinst(line, Ivl::Zero);
    if !m.conv_type(ctx, &ty, &m.dinst(line, Ivl::One))? {
        return Ok(None);
    }
    // Boxes of types are glued, and large.
    if !types && matches!(&*m.whnf(&ty)?, Val::Univ(_)) {
        return Ok(None);
    }
    let (left, right) = (m.normal(ctx, a)?, m.normal(ctx, b)?);
    Ok(Some(Path { term: term.clone(), ty: m.normal(ctx, &ty)?, left, right, pointwise: None }))
}

/// The path between two functions that a variable of the goal gives at every argument.
fn functions(m: &Machine<'_>, ctx: &Ctx, n: u32) -> Res<Option<Path>> {
    let h = m.infer(ctx, &Rc::new(Node::Var(n)))?;
    let w = m.whnf(&h)?;
    let Val::Pi(dom, cod) = &*w else { return Ok(None) };
    let (inner, x) = m.bind(ctx, dom.clone());
    let says = m.inst(cod, x);
    let w = m.whnf(&says)?;
    let Val::Path(line, a, b) = &*w else { return Ok(None) };
    let at = m.dinst(line, Ivl::Zero);
    if !m.conv_type(&inner, &at, &m.dinst(line, Ivl::One))? {
        return Ok(None);
    }
    let (a, b) = (m.normal(&inner, a)?, m.normal(&inner, b)?);
    // `f x` for a variable f is f.
    let function = |t: &Term| match &**t {
        Node::App(f, x) if matches!(&**x, Node::Var(0)) => match &**f {
            Node::Var(f) => f.checked_sub(1).map(|f| Rc::new(Node::Var(f)) as Term),
            _ => None,
        },
        _ => None,
    };
    let (left, right) = (function(&a), function(&b));
    if left.is_none() && right.is_none() {
        return Ok(None);
    }
    let lambda = |t: &Term| Rc::new(Node::Lam(t.clone())) as Term;
    let path = (|| {
        let h = Rc::new(Node::App(lift(&Rc::new(Node::Var(n)), 1, 1)?, Rc::new(Node::Var(0))));
        let at = Rc::new(Node::PApp(h, lift(&a, 0, 1)?, lift(&b, 0, 1)?, Dim::Var(0)));
        Some(Rc::new(Node::DLam(Rc::new(Node::Lam(at)))) as Term)
    })();
    let Some(term) = path else { return Ok(None) };
    let ty = Rc::new(Node::Pi(m.normal(ctx, dom)?, m.normal(&inner, &at)?));
    let (left, right) = (left.unwrap_or_else(|| lambda(&a)), right.unwrap_or_else(|| lambda(&b)));
    Ok(Some(Path { term, ty, left, right, pointwise: Some(n) }))
}

/// The ways in which a goal can be shown by induction on a path that occurs in it, or whose end does; the later a variable the earlier.
pub fn inductions(m: &Machine<'_>, ctx: &Ctx, target: &V, spent: &[u32]) -> Res<Vec<Induction>> {
    let goal = m.normal(ctx, target)?;
    let types = size(&goal) <= TYPES;
    let count = u32::try_from(ctx.types.len()).unwrap_or(u32::MAX);
    let mut out = Vec::new();
    for n in 0..count {
        if spent.contains(&(count - 1 - n)) {
            continue;
        }
        let term: Term = Rc::new(Node::Var(n));
        let path = match path_of(m, ctx, &term, types)? {
            Some(path) => Some(path),
            None => functions(m, ctx, n)?,
        };
        let Some(path) = path else { continue };
        for end in [End::Right, End::Left] {
            let loose = if end == End::Right { &path.right } else { &path.left };
            let Node::Var(y) = &**loose else { continue };
            if mentions(&goal, n) || mentions(&goal, *y) {
                out.extend(by_variable(m, ctx, &goal, &path, end, *y, spent)?);
            }
        }
    }
    if !out.is_empty() {
        return Ok(out);
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
        let Some(path) = path_of(m, ctx, &term, types)? else { continue };
        for end in [End::Right, End::Left] {
            out.extend(induction(m, ctx, &goal, &path, end, Vec::new())?);
        }
    }
    Ok(out)
}

/// Where the end is a variable: what depends on it is carried along.
fn by_variable(
    m: &Machine<'_>,
    ctx: &Ctx,
    goal: &Term,
    path: &Path,
    end: End,
    y: u32,
    spent: &[u32],
) -> Res<Option<Induction>> {
    let p = match (&*path.term, path.pointwise) {
        (Node::Var(p), None) => *p,
        (_, Some(p)) => p,
        _ => return Ok(None),
    };
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
        if n != p && n != y && !spent.contains(&level) && ([y, p].iter().chain(&carried)).any(|d| mentions(&ty, *d)) {
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
    Ok(induction(m, ctx, &all, path, end, carried)?.map(|found| Induction { lossless: true, ..found }))
}

fn induction(
    m: &Machine<'_>,
    ctx: &Ctx,
    goal: &Term,
    path: &Path,
    end: End,
    carried: Vec<u32>,
) -> Res<Option<Induction>> {
    let (loose, fixed) = if end == End::Right { (&path.right, &path.left) } else { (&path.left, &path.right) };
    // The two variables of the motive, and whether it is a type over them.
    let (inner, _) = m.bind(ctx, m.eval(&ctx.env, &path.ty));
    let Some(q_type) = q_type(path, end) else { return Ok(None) };
    let (inner, _) = m.bind(&inner, m.eval(&inner.env, &q_type));
    let Some((_, met, _)) = motive(goal, path, end, loose, Vec::new()) else { return Ok(None) };
    let few = if met > 1 && met <= OCCURRENCES { 1u32 << met } else { 0 };
    let near = |mask: &u32| {
        let ones = mask.count_ones();
        ones <= APART || few.trailing_zeros() - ones <= APART
    };
    let masks = (1..few.saturating_sub(1)).filter(near).map(|mask| (0..met).map(|n| mask >> n & 1 == 1).collect());
    let mut motives = [vec![true; met], vec![false; met]].into_iter().chain(masks);
    let fits = |which: Vec<bool>| -> Res<Option<Term>> {
        let Some((motive, _, true)) = motive(goal, path, end, loose, which) else { return Ok(None) };
        // Where a function stands for what was a variable, it may be applied.
        let motive = if path.pointwise.is_some() { m.normal(&inner, &m.eval(&inner.env, &motive))? } else { motive };
        Ok(m.check_type(&inner, &motive).is_ok().then_some(motive))
    };
    let mut found = None;
    while let (None, Some(which)) = (&found, motives.next()) {
        found = fits(which)?;
    }
    let Some(motive) = found else { return Ok(None) };
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
    let count = u32::try_from(ctx.types.len()).unwrap_or(u32::MAX);
    let own = match (&*path.term, path.pointwise) {
        (Node::Var(p), None) => Some(*p),
        (_, p) => p,
    };
    let spent = carried.iter().copied().chain(own).filter_map(|n| count.checked_sub(n.checked_add(1)?)).collect();
    Ok(Some(Induction { left, line, carried, spent, lossless: false }))
}

/// Induction on paths between types is for goals with no more parts.
const TYPES: u64 = 150;

/// Ends that occur more often are let go everywhere or nowhere.
const OCCURRENCES: usize = 12;
/// Others also at so many places, or everywhere but at so many.
const APART: u32 = 3;

/// The goal over a path of which one end is loose; how often that end occurs; and whether the goal is about any of this.
fn motive(goal: &Term, path: &Path, end: End, loose: &Term, which: Vec<bool>) -> Option<(Term, usize, bool)> {
    let (goal, loose) = (lift(goal, 2, 0)?, lift(loose, 2, 0)?);
    let (p, becomes) = match path.pointwise {
        None => (lift(&path.term, 2, 0)?, Rc::new(Node::Var(0)) as Term),
        Some(n) => {
            // The variable says at x what the path between functions is there.
            let y = Rc::new(Node::Var(2));
            let (l, r) = match end {
                End::Right => (lift(&path.left, 3, 1)?, y),
                End::Left => (y, lift(&path.right, 3, 1)?),
            };
            let q = Rc::new(Node::PApp(Rc::new(Node::Var(1)), l, r, Dim::Var(0)));
            let at = Rc::new(Node::App(q, Rc::new(Node::Var(0))));
            (Rc::new(Node::Var(n.checked_add(2)?)) as Term, Rc::new(Node::Lam(Rc::new(Node::DLam(at)))) as Term)
        }
    };
    let mut made = Abstract { path: &p, becomes: &becomes, end, loose: &loose, which, met: 0 };
    let motive = made.of(&goal, 0, 0)?;
    // It must be about the path, or about its end.
    let changed = motive != goal;
    Some((motive, made.met, changed))
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
