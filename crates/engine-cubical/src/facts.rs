//! What is given, where it is for all values of some variables: a goal that is an instance of it, and cubes in types of which any two
//! elements are equal.

use crate::regular::outside;
use crate::terms::Pattern;
use bfv_format::{Dim, Face, Node, Term};
use bfv_kernel::{Ctx, Ivl, Machine, Res, V, Val};
use std::rc::Rc;

/// A given fact: the term that is applied, how many variables it takes, and what it says of them, below them.
pub struct Fact {
    term: Uses,
    pub variables: u32,
    /// Of which types the variables are; each is in the scope of those before it.
    pub takes: Vec<Term>,
    pub says: Term,
}

impl Fact {
    /// The fact at arguments.
    pub fn at(&self, args: &[Term]) -> Option<Term> {
        self.term.at(args)
    }

    /// How many parts what it says has.
    pub fn size(&self) -> u64 {
        crate::terms::size(&self.says)
    }
}

/// How a fact comes about: a variable of the goal or a theorem, with what is done to it; arguments are numbered.
struct Uses {
    head: Term,
    steps: Vec<Step>,
}

#[derive(Clone)]
enum Step {
    Argument(u32),
    First,
    Second,
}

impl Uses {
    /// The term at arguments, below so many dimensions.
    fn at(&self, args: &[Term]) -> Option<Term> {
        self.steps.iter().try_fold(self.head.clone(), |t, s| {
            Some(Rc::new(match s {
                Step::Argument(n) => Node::App(t, args.get(usize::try_from(*n).ok()?)?.clone()),
                Step::First => Node::Fst(t),
                Step::Second => Node::Snd(t),
            }))
        })
    }
}

/// What the variables of a context say, with definitions unfolded.
pub fn facts(m: &Machine<'_>, ctx: &Ctx) -> Res<Vec<Fact>> {
    let mut out = Vec::new();
    for (index, ty) in (0u32..).zip(ctx.types.iter().rev()) {
        out.extend(said(m, ctx, &(Rc::new(Node::Var(index)) as Term), ty, false)?);
    }
    Ok(out)
}

/// What a term of some type says. Definitions stay as they are where that is asked for.
pub fn said(m: &Machine<'_>, ctx: &Ctx, head: &Term, ty: &V, folded: bool) -> Res<Vec<Fact>> {
    let mut out = Vec::new();
    let mut open = vec![(ctx.clone(), ty.clone(), head.clone(), Vec::new(), Vec::new())];
    while let Some((inner, ty, term, steps, takes)) = open.pop() {
        let w = m.whnf(&ty)?;
        let variables = u32::try_from(takes.len()).unwrap_or(u32::MAX);
        let says = if folded { m.quote(&inner, &plain(m, &w, &ty))? } else { m.normal(&inner, &ty)? };
        out.push(Fact {
            term: Uses { head: head.clone(), steps: steps.clone() },
            variables,
            takes: takes.clone(),
            says,
        });
        let with = |s: Step| steps.iter().cloned().chain([s]).collect::<Vec<_>>();
        match &*w {
            Val::Pi(dom, cod) => {
                let takes = takes.iter().cloned().chain([m.quote(&inner, dom)?]).collect();
                let (below, x) = m.bind(&inner, dom.clone());
                let Some(term) = crate::terms::lift(&term, 1, 0) else { continue };
                let term = Rc::new(Node::App(term, Rc::new(Node::Var(0))));
                open.push((below, m.inst(cod, x), term, with(Step::Argument(variables)), takes));
            }
            Val::Sigma(a, b) => {
                let first = m.fst(&m.eval(&inner.env, &term));
                let (fst, snd) = (Rc::new(Node::Fst(term.clone())), Rc::new(Node::Snd(term)));
                open.push((inner.clone(), m.inst(b, first), snd, with(Step::Second), takes.clone()));
                open.push((inner, a.clone(), fst, with(Step::First), takes));
            }
            _ => {}
        }
    }
    Ok(out)
}

/// A type that is seen to be one of paths, where it is; the parts stay as they are.
pub fn plain(m: &Machine<'_>, w: &Val, ty: &V) -> V {
    match w {
        Val::Path(line, a, b) => m.value(Val::Path(line.clone(), a.clone(), b.clone())),
        _ => ty.clone(),
    }
}

/// The number of an argument from the number of a variable of the pattern, which counts from the innermost one.
pub fn arguments(found: Vec<Option<Term>>) -> Option<Vec<Term>> {
    found.into_iter().rev().collect()
}

/// The goal as an instance of a fact, up to turning it round where it is a path at one type.
pub fn instance(fact: &Fact, goal: &Term) -> Option<Term> {
    let direct = |goal: &Term| {
        let mut pattern = Pattern::new(fact.variables);
        let fits = pattern.fits(&fact.says, goal, 0, 0);
        let args = fits.then(|| arguments(pattern.found)).flatten()?;
        fact.term.at(&args)
    };
    if let Some(t) = direct(goal) {
        return Some(t);
    }
    let Node::Path(line, a, b) = &**goal else { return None };
    let ty = outside(line)?;
    let there = direct(&Rc::new(Node::Path(line.clone(), b.clone(), a.clone())))?;
    Some(turned(&there, ty, a, b))
}

/// A path from a to b from one back.
pub fn turned(back: &Term, ty: Term, a: &Term, b: &Term) -> Term {
    // From b at 1 back to 0, with the wall at b along the path from b to a.
    let face = |end, body| Face { cof: vec![(Dim::Var(0), end)], body };
    let wall = Rc::new(Node::PApp(back.clone(), b.clone(), a.clone(), Dim::Var(0)));
    let walls = vec![face(Dim::Zero, wall), face(Dim::One, b.clone())];
    Rc::new(Node::DLam(Rc::new(Node::HCom(Dim::Zero, Dim::One, ty, walls, b.clone()))))
}

/// How a fact fills cubes: it leads from one element to every other one.
struct Filling {
    /// The variable that is the other one, and, where it is a variable too, the one element.
    other: usize,
    one: Option<usize>,
    /// Whether the fact leads from the one element to the other one.
    forward: bool,
    carrier: Term,
}

fn filling(fact: &Fact) -> Option<Filling> {
    let Node::Path(line, x, y) = &*fact.says else { return None };
    let carrier = outside(line)?;
    let variable = |t: &Term| match &**t {
        Node::Var(n) if *n < fact.variables => usize::try_from(*n).ok(),
        _ => None,
    };
    let apart = |n: usize, t: &Term| u32::try_from(n).is_ok_and(|n| !crate::terms::mentions(t, n));
    match (variable(x), variable(y)) {
        (one, Some(other)) if one != Some(other) && apart(other, x) => {
            Some(Filling { other, one, forward: true, carrier })
        }
        (Some(other), None) if apart(other, y) => Some(Filling { other, one: None, forward: false, carrier }),
        _ => None,
    }
}

/// A cube whose faces are given, in a type of which a fact says that one element is equal to every other one.
pub fn cube(m: &Machine<'_>, ctx: &Ctx, fact: &Fact, target: &V) -> Res<Option<Term>> {
    let Some(filling) = filling(fact) else { return Ok(None) };
    let (mut inner, mut ty, mut levels) = (ctx.clone(), target.clone(), Vec::new());
    let mut found = None;
    while let Val::Path(line, a, b) = &*m.whnf(&ty)? {
        let (below, i) = m.bind_dim(&inner);
        ty = m.dinst(line, Ivl::Name(i));
        levels.push((line.clone(), a.clone(), b.clone(), i));
        inner = below;
        let dims = u32::try_from(levels.len()).unwrap_or(u32::MAX);
        let of = m.normal(&inner, &ty)?;
        let mut pattern = Pattern::new(fact.variables);
        // The type must be the same everywhere in the cube.
        if let Some(outer) = crate::terms::lower(&of, 0, dims)
            && pattern.fits(&filling.carrier, &outer, 0, 0)
        {
            found = Some((pattern, of, inner.clone(), levels.len()));
            break;
        }
    }
    let Some((pattern, of, inner, count)) = found else { return Ok(None) };
    let dims = u32::try_from(count).unwrap_or(u32::MAX);
    // The value on each face, over the dimensions of all others.
    let mut faces: Vec<(u32, Dim, Term)> = Vec::new();
    for (n, (line, a, b, _)) in (0u32..).zip(&levels) {
        for (end, at, mut v) in [(Dim::Zero, Ivl::Zero, a.clone()), (Dim::One, Ivl::One, b.clone())] {
            let mut ty = m.dinst(line, at);
            for (.., i) in levels.iter().skip(usize::try_from(n).unwrap_or(usize::MAX).saturating_add(1)) {
                let w = m.whnf(&ty)?;
                let Val::Path(line, l, r) = &*w else { return Ok(None) };
                v = m.papp(&v, l, r, Ivl::Name(*i));
                ty = m.dinst(line, Ivl::Name(*i));
            }
            faces.push((dims - 1 - n, end, m.quote(&inner, &v)?));
        }
    }
    Ok(filled(fact, &filling, &pattern, &faces, dims, of))
}

fn filled(
    fact: &Fact,
    filling: &Filling,
    pattern: &Pattern,
    faces: &[(u32, Dim, Term)],
    dims: u32,
    of: Term,
) -> Option<Term> {
    let at = |one: Option<&Term>, other: &Term| {
        let mut found = pattern.found.clone();
        *found.get_mut(filling.other)? = Some(other.clone());
        if let (Some(n), Some(one)) = (filling.one, one) {
            *found.get_mut(n)? = Some(one.clone());
        }
        arguments(found)
    };
    // A corner is as good as any element where the fact is about any two.
    let some = corner(&faces.first()?.2)?;
    let center = match (filling.one, &*fact.says) {
        (Some(_), _) => some,
        (None, Node::Path(_, x, y)) => {
            let args = at(None, &some)?;
            put(if filling.forward { x } else { y }, &args)?
        }
        _ => return None,
    };
    let mut sides = Vec::new();
    for (n, end, value) in faces {
        let value = crate::terms::lift(value, 0, 1)?;
        let path = fact.term.at(&at(Some(&center), &value)?)?;
        let (l, r) = if filling.forward { (center.clone(), value) } else { (value, center.clone()) };
        let body = Rc::new(Node::PApp(path, l, r, Dim::Var(0)));
        sides.push(Face { cof: vec![(Dim::Var(*n), *end)], body });
    }
    let (from, to) = if filling.forward { (Dim::Zero, Dim::One) } else { (Dim::One, Dim::Zero) };
    let cube: Term = Rc::new(Node::HCom(from, to, of, sides, center));
    Some((0..dims).fold(cube, |t, _| Rc::new(Node::DLam(t))))
}

/// What a fact speaks of at arguments, which are in the scope of the goal.
pub fn put(t: &Term, args: &[Term]) -> Option<Term> {
    fn at(t: &Term, args: &[Term], vars: u32, dims: u32) -> Option<Term> {
        if let Node::Var(n) = &**t
            && *n >= vars
        {
            let count = u32::try_from(args.len()).ok()?;
            let n = *n - vars;
            return match n.checked_sub(count) {
                Some(outer) => Some(Rc::new(Node::Var(outer.checked_add(vars)?))),
                None => crate::terms::lift(args.get(usize::try_from(count - 1 - n).ok()?)?, vars, dims),
            };
        }
        bfv_search::shift::parts(t, &mut |t, v, d| at(t, args, vars + v, dims + d), &mut Some)
    }
    at(t, args, 0, 0)
}

/// A term at 0 in place of every dimension that is not bound in it.
fn corner(t: &Term) -> Option<Term> {
    fn at(t: &Term, bound: u32) -> Option<Term> {
        bfv_search::shift::parts(t, &mut |t, _, d| at(t, bound + d), &mut |r| {
            Some(match r {
                Dim::Var(n) if n >= bound => Dim::Zero,
                other => other,
            })
        })
    }
    at(t, 0)
}
