//! Walks over core terms: one map over the children of a node, and what is made of it.

use crate::scratch::Scratch;
use bfv_format::{Cof, Dim, Face, GlueFace, Hypothesis, Node, Part, Rule, Term};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many binders of each scope lie between the root and a child.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
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

/// What became of nodes that stand in several places: they may stand in exponentially many. Each is held, so that no address is used again.
#[derive(Default)]
struct Done {
    nodes: u32,
    made: BTreeMap<(*const Node, Depth), (Term, Term)>,
}

impl Done {
    /// So many nodes are mapped before any of them is looked up: most terms have fewer.
    const FEW: u32 = 64;

    fn get(&mut self, t: &Term, at: Depth) -> Option<Term> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes < Done::FEW || Rc::strong_count(t) == 1 {
            return None;
        }
        self.made.get(&(Rc::as_ptr(t), at)).map(|(_, out)| out.clone())
    }

    fn put(&mut self, t: &Term, at: Depth, out: &Term) {
        if self.nodes >= Done::FEW && Rc::strong_count(t) > 1 {
            self.made.insert((Rc::as_ptr(t), at), (t.clone(), out.clone()));
        }
    }
}

/// Maps variables and interval terms. What does not change is not made again, and what stands in several places is made once.
fn replace<E>(
    t: &Term,
    at: Depth,
    done: &mut Done,
    var: &mut dyn FnMut(&Term, u32, Depth) -> Result<Term, E>,
    dim: &mut dyn FnMut(Dim, Depth) -> Result<Dim, E>,
) -> Result<Term, E> {
    match &**t {
        Node::Var(n) => return var(t, *n, at),
        Node::Univ(_) | Node::Const { .. } | Node::Prim(_) | Node::NatLit(_) | Node::IntLit(_) | Node::RealLit(_) => {
            return Ok(t.clone());
        }
        _ => {}
    }
    if let Some(out) = done.get(t, at) {
        return Ok(out);
    }
    let changed = Cell::new(false);
    // The two closures below both need `dim`, one after another, never at once.
    let cell = RefCell::new(dim);
    let out = map(
        t,
        at,
        &mut |c, d| {
            let out = replace(c, d, done, var, &mut **cell.borrow_mut())?;
            changed.set(changed.get() || !Rc::ptr_eq(&out, c));
            Ok(out)
        },
        &mut |r, d| {
            let out = (cell.borrow_mut())(r, d)?;
            changed.set(changed.get() || out != r);
            Ok(out)
        },
    )?;
    let out = if changed.get() { out } else { t.clone() };
    done.put(t, at, &out);
    Ok(out)
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
    replace(
        t,
        at,
        &mut Done::default(),
        &mut |t, n, at| {
            let Some(free) = n.checked_sub(at.terms) else { return Ok(t.clone()) };
            let other = var(free)?;
            Ok(if other == free { t.clone() } else { Rc::new(Node::Var(other + at.terms)) })
        },
        &mut |r, at| match r {
            Dim::Var(n) if n >= at.dims => Ok(Dim::Var(dim(n - at.dims)? + at.dims)),
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
    if terms.is_empty() && dims.is_empty() {
        return t.clone();
    }
    let n = u32::try_from(terms.len()).unwrap_or(u32::MAX);
    let m = u32::try_from(dims.len()).unwrap_or(u32::MAX);
    let place = |last: u32| usize::try_from(last).unwrap_or(usize::MAX);
    let result: Result<Term, std::convert::Infallible> = replace(
        t,
        Depth::default(),
        &mut Done::default(),
        &mut |t, i, at| {
            Ok(match i.checked_sub(at.terms) {
                None => t.clone(),
                Some(k) if k < n => match terms.get(place(n - 1 - k)) {
                    Some(arg) => shift(arg, at),
                    None => t.clone(),
                },
                Some(_) if n == 0 => t.clone(),
                Some(_) => Rc::new(Node::Var(i - n)),
            })
        },
        &mut |r, at| {
            Ok(match r {
                Dim::Var(i) if i >= at.dims => match i - at.dims {
                    k if k < m => match dims.get(place(m - 1 - k)) {
                        Some(Dim::Var(j)) => Dim::Var(j + at.dims),
                        Some(end) => *end,
                        None => r,
                    },
                    _ => Dim::Var(i - m),
                },
                _ => r,
            })
        },
    );
    match result {
        Ok(t) => t,
    }
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
pub fn zonk(scratch: &Scratch<'_>, t: &Term, unsolved: &mut Option<u32>) -> Term {
    fn go(s: &Scratch<'_>, t: &Term, done: &mut Done, unsolved: &mut Option<u32>) -> Term {
        let at = Depth::default();
        if matches!(&**t, Node::App(..) | Node::LApp(..) | Node::Const { .. }) {
            let (head, args) = unapply(t);
            if let Node::Const { id, .. } = &*head {
                if let Some(body) = s.solution(*id) {
                    return go(s, &apply(&body, &args), done, unsolved);
                }
                if *id >= bfv_kernel::META_BASE {
                    unsolved.get_or_insert(*id);
                }
            }
        }
        if let Some(out) = done.get(t, at) {
            return out;
        }
        let mut changed = false;
        let result: Result<Term, std::convert::Infallible> = map(
            t,
            at,
            &mut |c, _| {
                let out = go(s, c, done, unsolved);
                changed |= !Rc::ptr_eq(&out, c);
                Ok(out)
            },
            &mut |r, _| Ok(r),
        );
        let before = t;
        let Ok(t) = result;
        let t = if changed { t } else { before.clone() };
        // A solution may have become a pair or a function under an elimination.
        let out = match &*t {
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
        };
        done.put(before, at, &out);
        out
    }
    go(scratch, t, &mut Done::default(), unsolved)
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
