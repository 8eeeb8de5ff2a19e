//! Whether two closures are one term at one environment, read node by node and without evaluating anything.
//!
//! This is reflexivity, found before either side is opened: nodes of one shape, and variables that stand for closures of which the
//! same holds. A `no` says nothing; conversion decides then. Most types that meet in a proof were made twice of the same parts.

use crate::Res;
use crate::closure::{Clo, Closure, Delay, Env};
use crate::machine::Machine;
use bfv_format::{Node, Term};
use std::rc::Rc;

/// So many nodes are read at most in one comparison.
const NODES: u32 = 256;

/// How many nodes may still be read.
struct Reading(u32);

impl Machine<'_> {
    /// Whether two closures are seen to be one term. What was read is paid for.
    pub(crate) fn alike(&self, a: &Clo, b: &Clo) -> Res<bool> {
        let mut reading = Reading(NODES);
        let yes = reading.closures(a, b);
        self.charge(u64::from(NODES - reading.0)).map(|()| yes)
    }
}

impl Reading {
    fn closures(&mut self, a: &Clo, b: &Clo) -> bool {
        if a.same(b) || self.0 == 0 {
            return a.same(b);
        }
        self.0 -= 1;
        // A variable is what it stands for.
        let variable = |t: &Term, env: &Env| if let Node::Var(k) = **t { env.var(k) } else { None };
        match (&**a, &**b) {
            (Closure::Let { value: c, .. } | Closure::Shared { once: c, .. }, _) => self.closures(c, b),
            (_, Closure::Let { value: c, .. } | Closure::Shared { once: c, .. }) => self.closures(a, c),
            (Closure::Term(t, e), _) if let Some((c, _)) = variable(t, e) => self.closures(&c, b),
            (_, Closure::Term(u, f)) if let Some((c, _)) = variable(u, f) => self.closures(a, &c),
            (Closure::Term(t, e), Closure::Term(u, f)) => e.shift == f.shift && self.terms(t, e, u, f, 0),
            _ => false,
        }
    }

    /// Two terms under so many variables, each in its environment. Nothing that is read mentions a dimension.
    fn terms(&mut self, t: &Term, e: &Env, u: &Term, f: &Env, under: u32) -> bool {
        if Rc::ptr_eq(t, u) && e.same(f) || self.0 == 0 {
            return self.0 > 0;
        }
        self.0 -= 1;
        let mut all = |pairs: &[(&Term, &Term, u32)]| pairs.iter().all(|(t, u, n)| self.terms(t, e, u, f, under + n));
        match (&**t, &**u) {
            (Node::Var(k), Node::Var(n)) if *k < under || *n < under => k == n,
            (Node::Var(k), Node::Var(n)) => {
                e.var(k - under).zip(f.var(n - under)).is_some_and(|((a, _), (b, _))| self.closures(&a, &b))
            }
            (Node::App(a, b), Node::App(c, d)) | (Node::Pair(a, b), Node::Pair(c, d)) => all(&[(a, c, 0), (b, d, 0)]),
            (Node::Pi(a, b), Node::Pi(c, d)) | (Node::Sigma(a, b), Node::Sigma(c, d)) => all(&[(a, c, 0), (b, d, 1)]),
            (Node::Fst(a), Node::Fst(b)) | (Node::Snd(a), Node::Snd(b)) => all(&[(a, b, 0)]),
            (Node::Lam(a), Node::Lam(b)) => all(&[(a, b, 1)]),
            (Node::Path(a, b, c), Node::Path(x, y, z)) => all(&[(a, x, 0), (b, y, 0), (c, z, 0)]),
            (Node::Const { .. } | Node::Prim(_) | Node::Univ(_) | Node::NatLit(_), _) => t == u,
            _ => false,
        }
    }
}
