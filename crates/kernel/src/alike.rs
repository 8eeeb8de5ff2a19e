//! Whether two values are seen to be one, part by part and without looking at types.
//!
//! This is reflexivity and congruence: heads and constructors that are the same, with parts of which the same holds, and closures of one
//! term in environments of which the same holds. Of what is read, nothing mentions a dimension but lines, which bind it. A `no` says
//! nothing; conversion decides then.

use crate::machine::Machine;
use crate::refusal::Res;
use crate::value::{Clo, DClo, Elim, Env, Head, Ivl, Neutral, V, Val};
use bfv_format::Term;
use std::rc::Rc;

/// So many parts are read at most in one comparison.
const PARTS: u32 = 256;
/// So many steps are taken at most to find the parts.
const STEPS: u64 = 1_000;

/// One comparison, and how many parts may still be read.
struct Reading<'m, 'a> {
    m: &'m Machine<'a>,
    left: u32,
}

impl Machine<'_> {
    /// Whether two values in a context of so many variables are seen to be one. What was read is paid for.
    pub(crate) fn alike(&self, at: u32, a: &V, b: &V) -> Res<bool> {
        let mut reading = Reading { m: self, left: PARTS };
        // What is kept in an environment may be a long computation that nothing depends on.
        let yes = self.within(STEPS, || reading.values(at, a, b))?;
        self.charge(u64::from(PARTS - reading.left));
        Ok(yes.unwrap_or(false))
    }
}

impl Reading<'_, '_> {
    fn part(&mut self) -> bool {
        let more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        more
    }

    fn values(&mut self, at: u32, a: &V, b: &V) -> Res<bool> {
        if Rc::ptr_eq(&a.0, &b.0) {
            return Ok(true);
        }
        if !self.part() {
            return Ok(false);
        }
        let (x, y) = (self.m.folded(a)?, self.m.folded(b)?);
        if Rc::ptr_eq(&x, &y) {
            return Ok(true);
        }
        Ok(match (&*x, &*y) {
            (Val::Univ(m), Val::Univ(n)) => m == n,
            (Val::Prim(p), Val::Prim(q)) => p == q,
            (Val::NatLit(m), Val::NatLit(n)) => m == n,
            (Val::IntLit(m), Val::IntLit(n)) => m == n,
            (Val::Pi(d, c), Val::Pi(e, f)) | (Val::Sigma(d, c), Val::Sigma(e, f)) => {
                matches!(&*x, Val::Pi(..)) == matches!(&*y, Val::Pi(..))
                    && self.values(at, d, e)?
                    && (self.closures(at, c, f)? || {
                        let v = self.m.var(at, d.clone());
                        self.values(at.saturating_add(1), &self.m.inst(c, v.clone()), &self.m.inst(f, v))?
                    })
            }
            (Val::Suc(m, a), Val::Suc(n, b)) => m == n && self.values(at, a, b)?,
            (Val::Lam(c), Val::Lam(d)) => self.closures(at, c, d)?,
            (Val::Pair(a, b), Val::Pair(c, d)) => self.values(at, a, c)? && self.values(at, b, d)?,
            (Val::Path(l, a, b), Val::Path(k, c, d)) => {
                self.values(at, a, c)? && self.values(at, b, d)? && self.lines(at, l, k)?
            }
            (Val::Data(d, ps), Val::Data(e, qs)) => d == e && self.all(at, ps, qs)?,
            (Val::Neutral(n), Val::Neutral(k)) => self.neutrals(at, n, k)?,
            _ => false,
        })
    }

    fn all(&mut self, at: u32, xs: &[V], ys: &[V]) -> Res<bool> {
        if xs.len() != ys.len() {
            return Ok(false);
        }
        for (x, y) in xs.iter().zip(ys) {
            if !self.values(at, x, y)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn neutrals(&mut self, at: u32, n: &Neutral, k: &Neutral) -> Res<bool> {
        let heads = match (&n.head, &k.head) {
            (Head::Var(a, _), Head::Var(b, _)) => a == b,
            (Head::Const(c, s), Head::Const(d, t)) => (c, s) == (d, t),
            (Head::Prim(p), Head::Prim(q)) => p == q,
            _ => false,
        };
        if !heads || n.spine.len() != k.spine.len() {
            return Ok(false);
        }
        for (e, f) in n.spine.iter().zip(k.spine.iter()) {
            let same = match (e, f) {
                (Elim::App(x), Elim::App(y)) => self.values(at, x, y)?,
                (Elim::Fst, Elim::Fst) | (Elim::Snd, Elim::Snd) => true,
                (Elim::BoolElim(x), Elim::BoolElim(y))
                | (Elim::NatElim(x), Elim::NatElim(y))
                | (Elim::IntElim(x), Elim::IntElim(y)) => {
                    Rc::ptr_eq(x, y)
                        || self.closures(at, &x.0, &y.0)?
                            && self.values(at, &x.1, &y.1)?
                            && self.values(at, &x.2, &y.2)?
                }
                (Elim::DataElim(x), Elim::DataElim(y)) => Rc::ptr_eq(x, y),
                _ => false,
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn closures(&mut self, at: u32, c: &Clo, d: &Clo) -> Res<bool> {
        match (c, d) {
            (Clo::Term(e, t), Clo::Term(f, u)) => self.closed(at, (e, t), (f, u)),
            (Clo::Const(a), Clo::Const(b)) => self.values(at, a, b),
            _ => Ok(false),
        }
    }

    fn lines(&mut self, at: u32, l: &DClo, k: &DClo) -> Res<bool> {
        if let (DClo::Term(e, t), DClo::Term(f, u)) = (l, k)
            && self.closed(at, (e, t), (f, u))?
        {
            return Ok(true);
        }
        let i = Ivl::Name(self.m.fresh_dim());
        self.values(at, &self.m.dinst(l, i), &self.m.dinst(k, i))
    }

    /// One term in two environments: what they bind is one, variable by variable, up to where the environments are kept in one place.
    fn closed(&mut self, at: u32, (e, t): (&Env, &Term), (f, u): (&Env, &Term)) -> Res<bool> {
        if !Rc::ptr_eq(t, u) || e.shift != f.shift || !e.dims.is(&f.dims) {
            return Ok(false);
        }
        let (mut own, mut other) = (&e.terms, &f.terms);
        while !own.is(other) {
            let (Some((a, more)), Some((b, rest))) = (own.split(), other.split()) else { return Ok(false) };
            if !self.values(at, a, b)? {
                return Ok(false);
            }
            (own, other) = (more, rest);
        }
        Ok(true)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Limits, Signature};
    use bfv_format::{Node, Prim};

    /// What is seen of two terms with three variables, the first in an environment with a displacement.
    fn seen(a: &Term, b: &Term, shift: u32) -> bool {
        let signature = Signature::new();
        let m = Machine::new(&signature, Limits::default());
        let nat = m.value(Val::Prim(Prim::Nat));
        let env = |shift| {
            let terms = (0..3).fold(Env::default().terms, |terms, n| terms.push(m.var(n, nat.clone())));
            Env { terms, shift, ..Env::default() }
        };
        // Both before and after their forms are known.
        let (x, y) = (m.eval(&env(shift), a), m.eval(&env(0), b));
        let (early, _, late) = (m.alike(3, &x, &y).unwrap(), m.folded(&x).unwrap(), m.alike(3, &x, &y).unwrap());
        assert_eq!(early, late, "{a:?} and {b:?}");
        late
    }

    #[test]
    fn what_differs_in_one_place_is_not_alike() {
        let t = |n: Node| -> Term { Rc::new(n) };
        let (var, prim) = (|n| t(Node::Var(n)), |p| t(Node::Prim(p)));
        let (nat, bool, int) = (prim(Prim::Nat), prim(Prim::Bool), prim(Prim::Int));
        let (pi, sigma) =
            (|a: &Term, b: Term| t(Node::Pi(a.clone(), b)), |a: &Term, b: Term| t(Node::Sigma(a.clone(), b)));
        let lam = |b| t(Node::Lam(b));
        let app = |f, a| t(Node::App(f, a));
        let path = |line: &Term, a, b| t(Node::Path(line.clone(), a, b));
        let pair = |a, b| t(Node::Pair(a, b));
        let case = |motive: &Term, a, b, on| t(Node::BoolElim(motive.clone(), a, b, on));
        let suc = |n| app(prim(Prim::Suc), n);
        let pairs = [
            (var(0), var(1)),
            (nat.clone(), bool.clone()),
            (t(Node::Univ(0)), t(Node::Univ(1))),
            (t(Node::NatLit(1u8.into())), t(Node::NatLit(2u8.into()))),
            (suc(var(0)), suc(suc(var(0)))),
            (suc(var(0)), suc(var(1))),
            (pi(&nat, nat.clone()), sigma(&nat, nat.clone())),
            (pi(&nat, nat.clone()), pi(&bool, nat.clone())),
            (pi(&nat, nat.clone()), pi(&nat, bool.clone())),
            (pi(&nat, path(&nat, var(0), var(1))), pi(&nat, path(&nat, var(1), var(1)))),
            (sigma(&nat, nat.clone()), sigma(&bool, nat.clone())),
            (sigma(&nat, nat.clone()), sigma(&nat, bool.clone())),
            (lam(var(0)), lam(var(1))),
            (lam(var(1)), lam(var(2))),
            (pair(var(0), var(1)), pair(var(0), var(2))),
            (pair(var(0), var(1)), pair(var(2), var(1))),
            (t(Node::Fst(var(0))), t(Node::Snd(var(0)))),
            (app(var(0), var(1)), app(var(0), var(2))),
            (app(var(0), var(1)), app(var(2), var(1))),
            (app(var(0), var(1)), app(app(var(0), var(1)), var(1))),
            (path(&nat, var(0), var(1)), path(&nat, var(1), var(0))),
            (path(&nat, var(0), var(1)), path(&nat, var(0), var(0))),
            (path(&nat, var(0), var(1)), path(&int, var(0), var(1))),
            (case(&nat, var(0), var(1), var(2)), case(&nat, var(1), var(1), var(2))),
            (case(&nat, var(0), var(1), var(2)), case(&nat, var(0), var(0), var(2))),
            (case(&nat, var(0), var(1), var(2)), case(&int, var(0), var(1), var(2))),
            (case(&nat, var(0), var(1), var(2)), case(&nat, var(0), var(1), var(0))),
        ];
        for (a, b) in &pairs {
            assert!(!seen(a, b, 0) && !seen(b, a, 0), "{a:?} and {b:?}");
            // Each is alike to itself in another environment.
            assert!(seen(a, a, 0) && seen(b, b, 0), "{a:?} and {b:?}");
        }
        let universes = lam(t(Node::Univ(0)));
        assert!(seen(&universes, &universes, 0) && !seen(&universes, &universes, 1));
    }
}
