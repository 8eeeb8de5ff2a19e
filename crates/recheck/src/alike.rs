//! Whether two closures are one term at one environment, read node by node and without evaluating anything.
//!
//! This is reflexivity, found before either side is opened: nodes of one shape, variables that stand for closures of which the
//! same holds, ends and displacements that are one. A `no` says nothing; conversion decides then. Most types that meet in a
//! proof were made twice of the same parts, and need no evaluation to be seen the same.

use crate::Res;
use crate::closure::{Bind, Clo, Closure, Delay, Elim, Env};
use crate::machine::Machine;
use bfv_format::{Dim, Node, Term};
use std::rc::Rc;

/// So many nodes are read at most in one comparison.
const NODES: u32 = 256;

/// How many binders were passed on the way to a node: variables by number, dimensions by number.
#[derive(Clone, Copy, Default)]
struct Under {
    terms: u32,
    dims: u32,
}

impl Under {
    fn term(self) -> Self {
        Under { terms: self.terms + 1, ..self }
    }

    fn dim(self) -> Self {
        Under { dims: self.dims + 1, ..self }
    }
}

/// A comparison and the nodes that it may still read.
struct Reading {
    left: u32,
}

impl Machine<'_> {
    /// Whether two closures are seen to be one term. What was read is paid for.
    pub(crate) fn alike(&self, a: &Clo, b: &Clo) -> Res<bool> {
        let mut reading = Reading { left: NODES };
        let yes = reading.closures(a, b);
        self.charge(u64::from(NODES - reading.left))?;
        Ok(yes)
    }

    /// The same of two eliminations.
    pub(crate) fn alike_elim(&self, x: &Elim, y: &Elim) -> Res<bool> {
        let mut reading = Reading { left: NODES };
        let yes = reading.eliminators(x, y);
        self.charge(u64::from(NODES - reading.left))?;
        Ok(yes)
    }
}

impl Reading {
    /// Takes one from what may be read.
    fn go(&mut self) -> bool {
        let more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        more
    }

    fn closures(&mut self, a: &Clo, b: &Clo) -> bool {
        if a.same(b) {
            return true;
        }
        if !self.go() {
            return false;
        }
        match (&**a, &**b) {
            (Closure::Let { value, .. }, _) => self.closures(value, b),
            (_, Closure::Let { value, .. }) => self.closures(a, value),
            (Closure::Shared { once, .. }, _) => self.closures(once, b),
            (_, Closure::Shared { once, .. }) => self.closures(a, once),
            // A variable is what it stands for.
            (Closure::Term(t, e), _) if let Node::Var(k) = **t => e.var(k).is_some_and(|(c, _)| self.closures(&c, b)),
            (_, Closure::Term(u, f)) if let Node::Var(k) = **u => f.var(k).is_some_and(|(c, _)| self.closures(a, &c)),
            (Closure::Term(t, e), Closure::Term(u, f)) => {
                e.shift == f.shift && self.terms(t, e, u, f, Under::default())
            }
            (Closure::Elim(c, x), Closure::Elim(d, y)) => self.eliminators(x, y) && self.closures(c, d),
            (Closure::Fun(x), Closure::Fun(y)) => self.binds(x, y),
            _ => false,
        }
    }

    fn eliminators(&mut self, x: &Elim, y: &Elim) -> bool {
        match (x, y) {
            (Elim::App(a), Elim::App(b)) => self.closures(a, b),
            (Elim::Fst, Elim::Fst) | (Elim::Snd, Elim::Snd) => true,
            (Elim::LApp(r), Elim::LApp(s)) => r == s,
            (Elim::PApp(a, c, r), Elim::PApp(b, d, s)) => r == s && self.closures(a, b) && self.closures(c, d),
            _ => false,
        }
    }

    fn binds(&mut self, x: &Bind, y: &Bind) -> bool {
        match (x, y) {
            (Bind::Term(t, e), Bind::Term(u, f)) => {
                e.shift == f.shift && self.terms(t, e, u, f, Under::default().term())
            }
            _ => false,
        }
    }

    /// Two terms under as many binders, each in its environment.
    fn terms(&mut self, t: &Term, e: &Env, u: &Term, f: &Env, under: Under) -> bool {
        if Rc::ptr_eq(t, u) && e.same(f) {
            return true;
        }
        if !self.go() {
            return false;
        }
        if let (Node::Var(k), Node::Var(n)) = (&**t, &**u) {
            return self.variables(*k, e, *n, f, under);
        }
        let mut all = |pairs: &[(&Term, &Term)], under: Under| pairs.iter().all(|(t, u)| self.terms(t, e, u, f, under));
        match (&**t, &**u) {
            (Node::Univ(m), Node::Univ(n)) => m == n,
            (Node::Const { id, shift }, Node::Const { id: other, shift: by }) => (id, shift) == (other, by),
            (Node::Prim(p), Node::Prim(q)) => p == q,
            (Node::NatLit(m), Node::NatLit(n)) => m == n,
            (Node::IntLit(m), Node::IntLit(n)) => m == n,
            (Node::RealLit(p), Node::RealLit(q)) => p == q,
            (Node::App(g, a), Node::App(h, b)) | (Node::Pair(g, a), Node::Pair(h, b)) => all(&[(g, h), (a, b)], under),
            (Node::Fst(a), Node::Fst(b)) | (Node::Snd(a), Node::Snd(b)) => all(&[(a, b)], under),
            (Node::Pi(a, c), Node::Pi(b, d)) | (Node::Sigma(a, c), Node::Sigma(b, d)) => {
                all(&[(a, b)], under) && all(&[(c, d)], under.term())
            }
            (Node::EmptyElim(m, x), Node::EmptyElim(n, y)) => all(&[(x, y)], under) && all(&[(m, n)], under.term()),
            (Node::Lam(a), Node::Lam(b)) => all(&[(a, b)], under.term()),
            (Node::Let(a, v, c), Node::Let(b, w, d)) => all(&[(a, b), (v, w)], under) && all(&[(c, d)], under.term()),
            (Node::Line(a), Node::Line(b)) | (Node::DLam(a), Node::DLam(b)) => all(&[(a, b)], under.dim()),
            (Node::Path(a, l, r), Node::Path(b, x, y)) => all(&[(l, x), (r, y)], under) && all(&[(a, b)], under.dim()),
            (Node::LApp(a, r), Node::LApp(b, s)) => all(&[(a, b)], under) && dims(*r, e, *s, f, under),
            (Node::PApp(a, l, m, r), Node::PApp(b, x, y, s)) => {
                all(&[(a, b), (l, x), (m, y)], under) && dims(*r, e, *s, f, under)
            }
            (Node::BoolElim(m, a, b, x), Node::BoolElim(n, c, d, y))
            | (Node::NatElim(m, a, b, x), Node::NatElim(n, c, d, y))
            | (Node::IntElim(m, a, b, x), Node::IntElim(n, c, d, y)) => {
                all(&[(x, y), (a, c), (b, d)], under) && all(&[(m, n)], under.term())
            }
            (Node::Data(d, ps), Node::Data(o, qs)) => d == o && self.lists(ps, e, qs, f, under),
            (Node::Con(d, c, ps, xs, rs), Node::Con(o, k, qs, ys, ss)) => {
                (d, c) == (o, k)
                    && rs.is_empty()
                    && ss.is_empty()
                    && self.lists(xs, e, ys, f, under)
                    && self.lists(ps, e, qs, f, under)
            }
            (Node::DataElim(d, ps, m, xs, x), Node::DataElim(o, qs, n, ys, y)) => {
                d == o
                    && all(&[(x, y)], under)
                    && all(&[(m, n)], under.term())
                    && self.lists(ps, e, qs, f, under)
                    && self.lists(xs, e, ys, f, under)
            }
            // What is left is rare in types.
            _ => false,
        }
    }

    fn lists(&mut self, ts: &[Term], e: &Env, us: &[Term], f: &Env, under: Under) -> bool {
        ts.len() == us.len() && ts.iter().zip(us).all(|(t, u)| self.terms(t, e, u, f, under))
    }

    fn variables(&mut self, k: u32, e: &Env, n: u32, f: &Env, under: Under) -> bool {
        match (k.checked_sub(under.terms), n.checked_sub(under.terms)) {
            (None, None) => k == n,
            (Some(k), Some(n)) => match (e.var(k), f.var(n)) {
                (Some((a, _)), Some((b, _))) => self.closures(&a, &b),
                _ => false,
            },
            _ => false,
        }
    }
}

fn dims(r: Dim, e: &Env, s: Dim, f: &Env, under: Under) -> bool {
    let bound = |d: Dim| matches!(d, Dim::Var(k) if k < under.dims);
    let outside = |d: Dim, env: &Env| match d {
        Dim::Var(k) => env.dim(Dim::Var(k.checked_sub(under.dims)?)),
        end => env.dim(end),
    };
    if bound(r) || bound(s) {
        return r == s;
    }
    match (outside(r, e), outside(s, f)) {
        (Some((x, _)), Some((y, _))) => x == y,
        _ => false,
    }
}
