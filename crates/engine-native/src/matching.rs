//! One-sided first-order matching of core terms, with patterns of the form `f x` for bound x.

use bfv_format::{Dim, Node, Term};
use std::rc::Rc;

/// What the variables of a lemma stand for, outermost first, in the scope of the goal.
#[derive(Clone)]
pub struct Bindings {
    found: Vec<Option<Term>>,
    /// How many of the lemma's variables are in scope of the pattern at hand.
    scope: u32,
}

impl Bindings {
    pub fn new(binders: u32) -> Self {
        Bindings { found: vec![None; usize::try_from(binders).unwrap_or(0)], scope: binders }
    }

    /// The binding of the n-th variable, counted from the outermost.
    pub fn get(&self, n: u32) -> Option<&Term> {
        self.found.get(usize::try_from(n).ok()?)?.as_ref()
    }

    /// Binds the n-th variable.
    pub fn set(&mut self, n: u32, t: Term) {
        if let Some(slot) = usize::try_from(n).ok().and_then(|n| self.found.get_mut(n)) {
            *slot = Some(t);
        }
    }

    pub fn complete(&self) -> bool {
        self.found.iter().all(Option::is_some)
    }

    /// Patterns from now on live in the scope of the first variables only.
    pub fn at_depth(&mut self, scope: u32) {
        self.scope = scope;
    }
}

/// Whether a term is the pattern with its variables replaced; the bindings say how. After a failure the bindings are of no use.
pub fn matches(pattern: &Term, subject: &Term, bound: &mut Bindings) -> bool {
    go(pattern, subject, 0, 0, bound)
}

fn dims(a: Dim, b: Dim) -> bool {
    a == b
}

/// `depth` binders of terms and `inner` binders of dimensions were passed on both sides.
fn go(p: &Term, t: &Term, depth: u32, inner: u32, bound: &mut Bindings) -> bool {
    if let Some((variable, args)) = flexible(p, depth) {
        return assign(variable, &args, t, depth, inner, bound);
    }
    let mut same = |p: &Term, t: &Term, d: u32, i: u32| go(p, t, depth + d, inner + i, bound);
    match (&**p, &**t) {
        (Node::Var(a), Node::Var(b)) => a == b,
        (Node::Univ(a), Node::Univ(b)) => a == b,
        (Node::Const { .. } | Node::Prim(_) | Node::NatLit(_) | Node::IntLit(_) | Node::RealLit(_), _) => p == t,
        (Node::Pi(a, b), Node::Pi(c, d)) | (Node::Sigma(a, b), Node::Sigma(c, d)) => {
            matches!(&**p, Node::Pi(..)) == matches!(&**t, Node::Pi(..)) && same(a, c, 0, 0) && same(b, d, 1, 0)
        }
        (Node::Lam(a), Node::Lam(b)) => same(a, b, 1, 0),
        // Functions are the same as what they do.
        (Node::Lam(a), _) => match bfv_search::shift::rename(t, 0, 0, &mut |i| Some(i + 1), &mut Some) {
            Some(f) => same(a, &Rc::new(Node::App(f, Rc::new(Node::Var(0)))), 1, 0),
            None => false,
        },
        (Node::App(f, a), Node::App(g, b)) => same(f, g, 0, 0) && same(a, b, 0, 0),
        // `Suc k` against a literal: one less.
        (Node::App(f, a), Node::NatLit(n)) if matches!(&**f, Node::Prim(bfv_format::Prim::Suc)) => {
            *n != 0u8.into() && same(a, &Rc::new(Node::NatLit(n - 1u8)), 0, 0)
        }
        (Node::Pair(a, b), Node::Pair(c, d)) => same(a, c, 0, 0) && same(b, d, 0, 0),
        (Node::Fst(a), Node::Fst(b)) | (Node::Snd(a), Node::Snd(b)) => {
            matches!(&**p, Node::Fst(_)) == matches!(&**t, Node::Fst(_)) && same(a, b, 0, 0)
        }
        (Node::Line(a), Node::Line(b)) | (Node::DLam(a), Node::DLam(b)) => {
            matches!(&**p, Node::Line(_)) == matches!(&**t, Node::Line(_)) && same(a, b, 0, 1)
        }
        (Node::Path(a, l, r), Node::Path(b, m, s)) => same(a, b, 0, 1) && same(l, m, 0, 0) && same(r, s, 0, 0),
        (Node::LApp(a, r), Node::LApp(b, s)) => dims(*r, *s) && same(a, b, 0, 0),
        (Node::Data(a, ps), Node::Data(b, qs)) => {
            a == b && ps.len() == qs.len() && ps.iter().zip(qs).all(|(p, q)| same(p, q, 0, 0))
        }
        (Node::Con(a, c, ps, xs, is), Node::Con(b, d, qs, ys, js)) => {
            a == b
                && c == d
                && is.len() == js.len()
                && is.iter().zip(js).all(|(r, s)| dims(*r, *s))
                && ps.iter().zip(qs).all(|(p, q)| same(p, q, 0, 0))
                && xs.len() == ys.len()
                && xs.iter().zip(ys).all(|(x, y)| same(x, y, 0, 0))
        }
        (Node::BoolElim(m, a, b, x), Node::BoolElim(n, c, d, y))
        | (Node::NatElim(m, a, b, x), Node::NatElim(n, c, d, y)) => {
            matches!(&**p, Node::BoolElim(..)) == matches!(&**t, Node::BoolElim(..))
                && same(m, n, 1, 0)
                && same(a, c, 0, 0)
                && same(b, d, 0, 0)
                && same(x, y, 0, 0)
        }
        _ => false,
    }
}

/// A pattern variable applied to distinct bound variables: its index beyond the binders passed, and those variables.
fn flexible(p: &Term, depth: u32) -> Option<(u32, Vec<u32>)> {
    let (mut head, mut args) = (p, Vec::new());
    while let Node::App(f, a) = &**head {
        match &**a {
            Node::Var(n) if *n < depth && !args.contains(n) => args.push(*n),
            _ => return None,
        }
        head = f;
    }
    args.reverse();
    match &**head {
        Node::Var(n) => n.checked_sub(depth).map(|v| (v, args)),
        _ => None,
    }
}

fn assign(variable: u32, args: &[u32], t: &Term, depth: u32, inner: u32, bound: &mut Bindings) -> bool {
    let Some(n) = bound.scope.checked_sub(variable + 1).and_then(|n| usize::try_from(n).ok()) else { return false };
    // The value lives outside the binders passed: bound variables may occur only as arguments.
    let Some(value) = lower(t, args, depth, inner) else { return false };
    match bound.found.get_mut(n) {
        Some(Some(old)) => *old == value || contracted(old) == contracted(&value),
        Some(slot) => {
            *slot = Some(value);
            true
        }
        None => false,
    }
}

/// A term under `depth` binders as a function of some of them, outside of all of them.
pub fn lower(t: &Term, args: &[u32], depth: u32, inner: u32) -> Option<Term> {
    let n = u32::try_from(args.len()).ok()?;
    let body = bfv_search::shift::rename(
        t,
        0,
        0,
        &mut |i| {
            if i < depth {
                // The last argument becomes the innermost variable.
                let place = args.iter().position(|a| *a == i)?;
                n.checked_sub(1 + u32::try_from(place).ok()?)
            } else {
                Some(i - depth + n)
            }
        },
        &mut |i| i.checked_sub(inner),
    )?;
    Some(args.iter().fold(body, |t, _| Rc::new(Node::Lam(t))))
}

/// `f` for `fun x => f x`: two forms of one function.
fn contracted(t: &Term) -> Term {
    let Node::Lam(body) = &**t else { return t.clone() };
    if let Node::App(f, x) = &*contracted(body)
        && matches!(&**x, Node::Var(0))
        && let Some(f) = bfv_search::shift::rename(f, 0, 0, &mut |n| n.checked_sub(1), &mut Some)
    {
        return f;
    }
    t.clone()
}
