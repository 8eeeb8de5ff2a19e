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
    variables: u32,
    says: Term,
}

/// How a fact comes about: a variable of the goal, with what is done to it; arguments are numbered.
struct Uses {
    index: u32,
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
        self.steps.iter().try_fold(Rc::new(Node::Var(self.index)), |t, s| {
            Some(Rc::new(match s {
                Step::Argument(n) => Node::App(t, args.get(usize::try_from(*n).ok()?)?.clone()),
                Step::First => Node::Fst(t),
                Step::Second => Node::Snd(t),
            }))
        })
    }
}

/// What the variables of a context say.
pub fn facts(m: &Machine<'_>, ctx: &Ctx) -> Res<Vec<Fact>> {
    let mut out = Vec::new();
    for (index, ty) in (0u32..).zip(ctx.types.iter().rev()) {
        let mut open = vec![(ctx.clone(), ty.clone(), Rc::new(Node::Var(index)) as Term, Vec::new(), 0u32)];
        while let Some((inner, ty, term, steps, variables)) = open.pop() {
            let w = m.whnf(&ty)?;
            let says = m.normal(&inner, &ty)?;
            out.push(Fact { term: Uses { index, steps: steps.clone() }, variables, says });
            let with = |s: Step| steps.iter().cloned().chain([s]).collect::<Vec<_>>();
            match &*w {
                Val::Pi(dom, cod) => {
                    let (below, x) = m.bind(&inner, dom.clone());
                    let Some(term) = crate::terms::lift(&term, 1, 0) else { continue };
                    let term = Rc::new(Node::App(term, Rc::new(Node::Var(0))));
                    open.push((below, m.inst(cod, x), term, with(Step::Argument(variables)), variables + 1));
                }
                Val::Sigma(a, b) => {
                    let first = m.fst(&m.eval(&inner.env, &term));
                    let (fst, snd) = (Rc::new(Node::Fst(term.clone())), Rc::new(Node::Snd(term)));
                    open.push((inner.clone(), m.inst(b, first), snd, with(Step::Second), variables));
                    open.push((inner, a.clone(), fst, with(Step::First), variables));
                }
                _ => {}
            }
        }
    }
    Ok(out)
}

/// The number of an argument from the number of a variable of the pattern, which counts from the innermost one.
fn arguments(found: Vec<Option<Term>>) -> Option<Vec<Term>> {
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
    // From b at 1 back to 0, with the wall at b along the path from b to a.
    let face = |end, body| Face { cof: vec![(Dim::Var(0), end)], body };
    let walls = vec![
        face(Dim::Zero, Rc::new(Node::PApp(there, b.clone(), a.clone(), Dim::Var(0)))),
        face(Dim::One, b.clone()),
    ];
    Some(Rc::new(Node::DLam(Rc::new(Node::HCom(Dim::Zero, Dim::One, ty, walls, b.clone())))))
}

/// A cube whose faces are given, in a type of which a fact says that any two elements are equal.
pub fn cube(m: &Machine<'_>, ctx: &Ctx, fact: &Fact, target: &V) -> Res<Option<Term>> {
    // The two ends that a fact speaks of are its last two variables.
    let Node::Path(line, x, y) = &*fact.says else { return Ok(None) };
    let ends = |t: &Term| match &**t {
        Node::Var(n) if *n < fact.variables => Some(*n),
        _ => None,
    };
    let (Some(x), Some(y), Some(carrier)) = (ends(x), ends(y), outside(line)) else { return Ok(None) };
    if x == y {
        return Ok(None);
    }
    let (mut inner, mut ty, mut levels) = (ctx.clone(), target.clone(), Vec::new());
    while let Val::Path(line, a, b) = &*m.whnf(&ty)? {
        let (below, i) = m.bind_dim(&inner);
        ty = m.dinst(line, Ivl::Name(i));
        levels.push((line.clone(), a.clone(), b.clone(), i));
        inner = below;
    }
    let dims = u32::try_from(levels.len()).unwrap_or(u32::MAX);
    let of = m.normal(&inner, &ty)?;
    let Some(of) = crate::terms::lower(&of, 0, dims) else { return Ok(None) };
    let mut pattern = Pattern::new(fact.variables);
    if dims == 0 || !pattern.fits(&carrier, &of, 0, 0) {
        return Ok(None);
    }
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
    // A corner to start from.
    let Some((_, _, first)) = faces.first() else { return Ok(None) };
    let Some(corner) = corner(first) else { return Ok(None) };
    let place = |n: u32| usize::try_from(n).ok();
    let (Some(px), Some(py)) = (place(x), place(y)) else { return Ok(None) };
    let mut sides = Vec::new();
    for (n, end, value) in &faces {
        let mut found = pattern.found.clone();
        let Some(value) = crate::terms::lift(value, 0, 1) else { return Ok(None) };
        for (p, t) in [(px, &corner), (py, &value)] {
            match found.get_mut(p) {
                Some(slot) => *slot = Some(t.clone()),
                None => return Ok(None),
            }
        }
        let Some(path) = arguments(found).and_then(|args| fact.term.at(&args)) else { return Ok(None) };
        let body = Rc::new(Node::PApp(path, corner.clone(), value, Dim::Var(0)));
        sides.push(Face { cof: vec![(Dim::Var(*n), *end)], body });
    }
    let filled: Term = Rc::new(Node::HCom(Dim::Zero, Dim::One, of, sides, corner));
    Ok(Some((0..dims).fold(filled, |t, _| Rc::new(Node::DLam(t)))))
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
