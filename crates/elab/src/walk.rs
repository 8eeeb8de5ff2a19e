//! Walks over core terms: one map over the children of a node, and what is made of it.

use bfv_format::{Cof, Dim, Face, GlueFace, Hypothesis, Node, Part, Rule, Term};
use std::rc::Rc;

/// How many binders of each scope lie between the root and a child.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    pub terms: u32,
    pub dims: u32,
}

impl Depth {
    fn term(self, n: u32) -> Self {
        Depth { terms: self.terms + n, ..self }
    }
    fn dim(self, n: u32) -> Self {
        Depth { dims: self.dims + n, ..self }
    }
}

/// Rebuilds a node with its children (and interval terms) mapped; `f` and `g` get the depth at the child.
pub fn map<E>(
    t: &Term,
    at: Depth,
    f: &mut dyn FnMut(&Term, Depth) -> Result<Term, E>,
    g: &mut dyn FnMut(Dim, Depth) -> Result<Dim, E>,
) -> Result<Term, E> {
    let (b, d) = (at.term(1), at.dim(1));
    Ok(Rc::new(match &**t {
        Node::Var(_)
        | Node::Univ(_)
        | Node::Const { .. }
        | Node::Prim(_)
        | Node::NatLit(_)
        | Node::IntLit(_)
        | Node::RealLit(_) => return Ok(t.clone()),
        Node::Pi(x, y) => Node::Pi(f(x, at)?, f(y, b)?),
        Node::Sigma(x, y) => Node::Sigma(f(x, at)?, f(y, b)?),
        Node::Lam(x) => Node::Lam(f(x, b)?),
        Node::App(x, y) => Node::App(f(x, at)?, f(y, at)?),
        Node::Let(x, y, z) => Node::Let(f(x, at)?, f(y, at)?, f(z, b)?),
        Node::Pair(x, y) => Node::Pair(f(x, at)?, f(y, at)?),
        Node::Fst(x) => Node::Fst(f(x, at)?),
        Node::Snd(x) => Node::Snd(f(x, at)?),
        Node::Line(x) => Node::Line(f(x, d)?),
        Node::Path(x, y, z) => Node::Path(f(x, d)?, f(y, at)?, f(z, at)?),
        Node::DLam(x) => Node::DLam(f(x, d)?),
        Node::LApp(x, r) => Node::LApp(f(x, at)?, g(*r, at)?),
        Node::PApp(x, y, z, r) => Node::PApp(f(x, at)?, f(y, at)?, f(z, at)?, g(*r, at)?),
        Node::Coe(r, s, x, y) => Node::Coe(g(*r, at)?, g(*s, at)?, f(x, d)?, f(y, at)?),
        Node::HCom(r, s, x, faces, y) => Node::HCom(
            g(*r, at)?,
            g(*s, at)?,
            f(x, at)?,
            faces
                .iter()
                .map(|face| Ok(Face { cof: map_cof(&face.cof, at, g)?, body: f(&face.body, d)? }))
                .collect::<Result<_, E>>()?,
            f(y, at)?,
        ),
        Node::EmptyElim(m, x) => Node::EmptyElim(f(m, b)?, f(x, at)?),
        Node::BoolElim(m, x, y, z) => Node::BoolElim(f(m, b)?, f(x, at)?, f(y, at)?, f(z, at)?),
        Node::NatElim(m, x, y, z) => Node::NatElim(f(m, b)?, f(x, at)?, f(y, at)?, f(z, at)?),
        Node::IntElim(m, x, y, z) => Node::IntElim(f(m, b)?, f(x, at)?, f(y, at)?, f(z, at)?),
        Node::Data(r, ps) => Node::Data(*r, all(ps, at, f)?),
        Node::Con(r, c, ps, xs, rs) => {
            let dims = rs.iter().map(|r| g(*r, at)).collect::<Result<_, E>>()?;
            Node::Con(*r, *c, all(ps, at, f)?, all(xs, at, f)?, dims)
        }
        Node::Glue(x, faces) => Node::Glue(f(x, at)?, map_glue(faces, at, f, g)?),
        Node::GlueEl(x, parts) => {
            let mut out = Vec::new();
            for p in parts {
                out.push(Part { cof: map_cof(&p.cof, at, g)?, body: f(&p.body, at)? });
            }
            Node::GlueEl(f(x, at)?, out)
        }
        Node::Unglue(x, faces, y) => Node::Unglue(f(x, at)?, map_glue(faces, at, f, g)?, f(y, at)?),
        Node::DataElim(r, ps, m, bs, x) => Node::DataElim(*r, all(ps, at, f)?, f(m, b)?, all(bs, at, f)?, f(x, at)?),
        Node::Rule(rule) => Node::Rule(Box::new(map_rule(rule, at, f)?)),
    }))
}

fn map_cof<E>(cof: &Cof, at: Depth, g: &mut dyn FnMut(Dim, Depth) -> Result<Dim, E>) -> Result<Cof, E> {
    cof.iter().map(|(r, s)| Ok((g(*r, at)?, g(*s, at)?))).collect()
}

fn map_glue<E>(
    faces: &[GlueFace],
    at: Depth,
    f: &mut dyn FnMut(&Term, Depth) -> Result<Term, E>,
    g: &mut dyn FnMut(Dim, Depth) -> Result<Dim, E>,
) -> Result<Vec<GlueFace>, E> {
    let mut out = Vec::new();
    for face in faces {
        out.push(GlueFace { cof: map_cof(&face.cof, at, g)?, ty: f(&face.ty, at)?, equiv: f(&face.equiv, at)? });
    }
    Ok(out)
}

fn all<E>(ts: &[Term], at: Depth, f: &mut dyn FnMut(&Term, Depth) -> Result<Term, E>) -> Result<Vec<Term>, E> {
    ts.iter().map(|t| f(t, at)).collect()
}

fn map_rule<E>(rule: &Rule, at: Depth, f: &mut dyn FnMut(&Term, Depth) -> Result<Term, E>) -> Result<Rule, E> {
    let mut rule = rule.clone();
    let (atoms, hypotheses): (_, &mut [Hypothesis]) = match &mut rule {
        Rule::Ring { atoms, .. } => (atoms, &mut []),
        Rule::Psatz { atoms, hypotheses, .. } | Rule::Lia { atoms, hypotheses, .. } => (atoms, hypotheses),
    };
    for (_, t) in atoms {
        *t = f(t, at)?;
    }
    for h in hypotheses {
        h.proof = f(&h.proof, at)?;
    }
    Ok(rule)
}

/// Moves the free variables of a term out by as many binders of each scope.
pub fn shift(t: &Term, by: Depth) -> Term {
    if by == Depth::default() {
        return t.clone();
    }
    let result: Result<Term, std::convert::Infallible> =
        rename(t, Depth::default(), &mut |n| Ok(n + by.terms), &mut |n| Ok(n + by.dims));
    match result {
        Ok(t) => t,
    }
}

/// Renames free variables: the functions get indices counted from the root.
pub fn rename<E>(
    t: &Term,
    at: Depth,
    var: &mut dyn FnMut(u32) -> Result<u32, E>,
    dim: &mut dyn FnMut(u32) -> Result<u32, E>,
) -> Result<Term, E> {
    if let Node::Var(n) = &**t {
        return Ok(if *n < at.terms { t.clone() } else { Rc::new(Node::Var(var(*n - at.terms)? + at.terms)) });
    }
    // The two closures below both need `dim`, one after another, never at once.
    let cell = std::cell::RefCell::new(dim);
    map(
        t,
        at,
        &mut |c, d| {
            let mut dims = cell.borrow_mut();
            rename(c, d, var, &mut **dims)
        },
        &mut |r, d| match r {
            Dim::Var(n) if n >= d.dims => Ok(Dim::Var((cell.borrow_mut())(n - d.dims)? + d.dims)),
            _ => Ok(r),
        },
    )
}

/// Whether a term variable (index at the root) occurs.
#[must_use]
pub fn mentions(t: &Term, index: u32) -> bool {
    rename(t, Depth::default(), &mut |n| if n == index { Err(()) } else { Ok(n) }, &mut Ok).is_err()
}

/// Replaces every occurrence of `what` (a term at the root) by the variable 0 of a new innermost binder; the count says how many.
pub fn abstract_over(t: &Term, what: &Term, count: &mut u32) -> Term {
    fn go(t: &Term, what: &Term, at: Depth, count: &mut u32) -> Term {
        if *t == shift(what, at) {
            *count += 1;
            return Rc::new(Node::Var(at.terms));
        }
        if let Node::Var(n) = &**t {
            return if *n < at.terms { t.clone() } else { Rc::new(Node::Var(*n + 1)) };
        }
        let result: Result<Term, std::convert::Infallible> =
            map(t, at, &mut |c, d| Ok(go(c, what, d, count)), &mut |r, _| Ok(r));
        match result {
            Ok(t) => t,
        }
    }
    go(t, what, Depth::default(), count)
}

/// Simultaneous substitution: the innermost `terms.len()` term variables and `dims.len()` dimension variables are replaced
/// (the last element replaces index 0), the others move in.
pub fn instantiate(t: &Term, terms: &[Term], dims: &[Dim]) -> Term {
    fn go(t: &Term, at: Depth, terms: &[Term], dims: &[Dim]) -> Term {
        let n = u32::try_from(terms.len()).unwrap_or(u32::MAX);
        let m = u32::try_from(dims.len()).unwrap_or(u32::MAX);
        if let Node::Var(i) = &**t {
            return match i.checked_sub(at.terms) {
                None => t.clone(),
                Some(k) if k < n => match terms.get(usize::try_from(n - 1 - k).unwrap_or(usize::MAX)) {
                    Some(arg) => shift(arg, at),
                    None => t.clone(),
                },
                Some(_) => Rc::new(Node::Var(i - n)),
            };
        }
        let result: Result<Term, std::convert::Infallible> =
            map(t, at, &mut |c, d| Ok(go(c, d, terms, dims)), &mut |r, d| {
                Ok(match r {
                    Dim::Var(i) if i >= d.dims => {
                        let k = i - d.dims;
                        if k < m {
                            match dims.get(usize::try_from(m - 1 - k).unwrap_or(usize::MAX)) {
                                Some(Dim::Var(j)) => Dim::Var(j + d.dims),
                                Some(end) => *end,
                                None => r,
                            }
                        } else {
                            Dim::Var(i - m)
                        }
                    }
                    _ => r,
                })
            });
        match result {
            Ok(t) => t,
        }
    }
    if terms.is_empty() && dims.is_empty() { t.clone() } else { go(t, Depth::default(), terms, dims) }
}

/// An argument of a spine of applications.
#[derive(Clone)]
pub enum Argument {
    Term(Term),
    Dim(Dim),
}

/// Applies a term to arguments, contracting functions and lines that stand at its head.
pub fn apply(head: &Term, args: &[Argument]) -> Term {
    let (mut body, mut terms, mut dims, mut rest) = (head, Vec::new(), Vec::new(), args);
    loop {
        match (&**body, rest.first()) {
            (Node::Lam(b), Some(Argument::Term(t))) => {
                terms.push(t.clone());
                body = b;
            }
            (Node::DLam(b), Some(Argument::Dim(r))) => {
                dims.push(*r);
                body = b;
            }
            _ => break,
        }
        rest = rest.get(1..).unwrap_or(&[]);
    }
    let mut out = instantiate(body, &terms, &dims);
    if rest.len() < args.len() && !rest.is_empty() {
        return apply(&out, rest);
    }
    for a in rest {
        out = Rc::new(match a {
            Argument::Term(t) => Node::App(out, t.clone()),
            Argument::Dim(r) => Node::LApp(out, *r),
        });
    }
    out
}

/// The head of a spine of applications and line applications, and its arguments.
pub fn unapply(t: &Term) -> (Term, Vec<Argument>) {
    let (mut head, mut args) = (t.clone(), Vec::new());
    loop {
        let next = match &*head {
            Node::App(f, a) => {
                args.push(Argument::Term(a.clone()));
                f.clone()
            }
            Node::LApp(f, r) => {
                args.push(Argument::Dim(*r));
                f.clone()
            }
            _ => break,
        };
        head = next;
    }
    args.reverse();
    (head, args)
}

/// Puts the solutions of metavariables in, contracting where a solution meets its arguments. Unsolved ones stay; the first is told.
pub fn zonk(scratch: &crate::scratch::Scratch<'_>, t: &Term, unsolved: &mut Option<u32>) -> Term {
    fn go(s: &crate::scratch::Scratch<'_>, t: &Term, at: Depth, unsolved: &mut Option<u32>) -> Term {
        if matches!(&**t, Node::App(..) | Node::LApp(..) | Node::Const { .. }) {
            let (head, args) = unapply(t);
            if let Node::Const { id, .. } = &*head {
                if let Some(body) = s.solution(*id) {
                    return go(s, &apply(&body, &args), at, unsolved);
                }
                if *id >= bfv_kernel::META_BASE {
                    unsolved.get_or_insert(*id);
                }
            }
        }
        let result: Result<Term, std::convert::Infallible> =
            map(t, at, &mut |c, d| Ok(go(s, c, d, unsolved)), &mut |r, _| Ok(r));
        let Ok(t) = result;
        // A solution may have become a pair or a function under an elimination.
        match &*t {
            Node::App(f, a) if matches!(&**f, Node::Lam(_)) => apply(f, &[Argument::Term(a.clone())]),
            Node::LApp(f, r) | Node::PApp(f, _, _, r) if matches!(&**f, Node::DLam(_)) => {
                apply(f, &[Argument::Dim(*r)])
            }
            Node::Fst(p) => match &**p {
                Node::Pair(a, _) => a.clone(),
                _ => t,
            },
            Node::Snd(p) => match &**p {
                Node::Pair(_, b) => b.clone(),
                _ => t,
            },
            _ => t,
        }
    }
    go(scratch, t, Depth::default(), unsolved)
}

/// The values at which evidence against a claim uses the claim: the arguments of the first application of the variable that the evidence
/// binds to all of `arguments`, of which those that are no hypotheses are closed. Nothing where there is none.
#[must_use]
pub fn point(evidence: &Term, arguments: &[(String, bool)]) -> Option<Vec<Term>> {
    let Node::Lam(body) = &**evidence else { return None };
    if arguments.is_empty() {
        return Some(Vec::new());
    }
    let mut found = None;
    let _stop = look(body, Depth::default(), arguments, &mut found);
    found
}

/// An error ends the walk.
fn look(t: &Term, at: Depth, arguments: &[(String, bool)], found: &mut Option<Vec<Term>>) -> Result<Term, ()> {
    let (head, args) = unapply(t);
    if matches!(&*head, Node::Var(n) if *n == at.terms) {
        let args: Vec<Term> = args
            .into_iter()
            .map_while(|a| match a {
                Argument::Term(t) => Some(t),
                Argument::Dim(_) => None,
            })
            .collect();
        let closed = |t: &Term| rename(t, Depth::default(), &mut |_| Err(()), &mut |_| Err(())).is_ok();
        let fits = arguments.iter().zip(&args).all(|((_, hypothesis), t)| *hypothesis || closed(t));
        if args.len() >= arguments.len() && fits {
            *found = Some(args);
            return Err(());
        }
    }
    map(t, at, &mut |child, depth| look(child, depth, arguments, found), &mut |r, _| Ok(r))
}
