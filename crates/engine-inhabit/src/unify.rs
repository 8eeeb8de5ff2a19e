//! Which terms can be equal. What cannot be told yet waits as an equation.

use crate::atom::Kind;
use crate::store::{Equation, Halt, R, Store};
use crate::term::{Clo, Env, Head, Slot, T, Tm, W, app};
use std::rc::Rc;

impl Store {
    /// Whether two terms can be equal. Equations that wait are noted.
    ///
    /// # Errors
    /// It takes too long.
    pub fn equal(&mut self, a: &Clo, b: &Clo) -> R<bool> {
        if Rc::ptr_eq(&a.tm, &b.tm) && a.env.same(&b.env) {
            return Ok(true);
        }
        let (a, b) = (self.whnf(a)?, self.whnf(b)?);
        self.unify(a, b)
    }

    /// The same of normal forms.
    ///
    /// # Errors
    /// It takes too long.
    pub fn unify(&mut self, a: W, b: W) -> R<bool> {
        match (a, b) {
            (W::Any, _) | (_, W::Any) => Ok(true),
            (a, b) if a.waits().is_some() || b.waits().is_some() => {
                if let (W::Flex(m, e, xs), W::Flex(n, f, ys)) = (&a, &b)
                    && m == n
                    && e.same(f)
                    && xs.is_empty()
                    && ys.is_empty()
                {
                    return Ok(true);
                }
                let (on_a, on_b) = (a.waits(), b.waits());
                let flexible = |w: &W| matches!(w, W::Flex(..));
                let pressing = (on_b.is_none() && flexible(&a)) || (on_a.is_none() && flexible(&b));
                let sides = Rc::new((a, b));
                for on in on_a.into_iter().chain(on_b.filter(|n| Some(*n) != on_a)) {
                    self.wait(Equation { sides: sides.clone(), on, pressing })?;
                }
                Ok(true)
            }
            (W::Univ(m), W::Univ(n)) => Ok(m.is_none() || n.is_none() || m == n),
            (W::Pi(a, e, b), W::Pi(c, f, d)) => {
                if !self.equal(&a, &c)? {
                    return Ok(false);
                }
                self.below(&e, &b, &f, &d)
            }
            (W::Lam(e, b), W::Lam(f, d)) => self.below(&e, &b, &f, &d),
            (W::Lam(e, b), W::Rigid(h, args)) | (W::Rigid(h, args), W::Lam(e, b)) => {
                let id = self.fresh();
                let x = Clo { env: Env::default().push(Slot::Local(id)), tm: Rc::new(T::Var(0)) };
                let a = self.run(e.push(Slot::Local(id)), b, Vec::new())?;
                // Where the head computes it may do so with one more argument.
                let b = match h {
                    Head::Atom(n) => {
                        let args: Vec<Clo> = args.into_iter().chain([x]).rev().collect();
                        self.run(Env::default(), Rc::new(T::Atom(n)), args)?
                    }
                    Head::Local(_) => W::Rigid(h, args.into_iter().chain([x]).collect()),
                };
                self.unify(a, b)
            }
            (W::Rigid(h, xs), W::Rigid(k, ys)) => {
                if h != k || xs.len() != ys.len() {
                    return self.by_parts(h, &xs, k, &ys);
                }
                for (x, y) in xs.iter().zip(&ys) {
                    if !self.equal(x, y)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// A pair is equal to what has its parts, and all elements of the type with one element are equal.
    fn by_parts(&mut self, h: Head, xs: &[Clo], k: Head, ys: &[Clo]) -> R<bool> {
        let is = |store: &Store, h: Head, kind: &Kind| matches!(h, Head::Atom(n) if store.atoms.get(n).is_some_and(|a| a.kind == *kind));
        if is(self, h, &Kind::Star) || is(self, k, &Kind::Star) {
            return Ok(true);
        }
        let (pair, other, k) = match (is(self, h, &Kind::Pair), is(self, k, &Kind::Pair)) {
            (true, false) => (xs, ys, k),
            (false, true) => (ys, xs, h),
            _ => return Ok(false),
        };
        let whole = self.closed(k, other);
        let [first, second, x, y] = pair else { return Ok(false) };
        for (part, is_second) in [(x, false), (y, true)] {
            let (tm, _) = self.part(&whole.tm, &whole.env, (first, second), is_second)?;
            if !self.equal(part, &Clo { env: whole.env.clone(), tm })? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A head at arguments as a closure.
    fn closed(&self, h: Head, args: &[Clo]) -> Clo {
        let env = args.iter().fold(Env::default(), |e, a| e.push(Slot::Clo(a.clone())));
        let n = args.len();
        let vars = |above: usize| (0..n).map(|i| Rc::new(T::Var(n - 1 - i + above))).collect::<Vec<Tm>>();
        match h {
            Head::Atom(a) => Clo { env, tm: app(Rc::new(T::Atom(a)), vars(0)) },
            Head::Local(id) => Clo { env: env.push(Slot::Local(id)), tm: app(Rc::new(T::Var(0)), vars(1)) },
        }
    }

    /// Whether two terms are equal whatever is found for what is open.
    ///
    /// # Errors
    /// It takes too long.
    pub fn same(&mut self, a: &Clo, b: &Clo) -> R<bool> {
        let mark = self.mark();
        let equal = self.equal(a, b);
        let settled = self.equations.len() == mark.1;
        self.forget(mark);
        Ok(equal? && settled)
    }

    fn below(&mut self, e: &Env, b: &Tm, f: &Env, d: &Tm) -> R<bool> {
        let id = self.fresh();
        let at = |env: &Env, tm: &Tm| Clo { env: env.push(Slot::Local(id)), tm: tm.clone() };
        self.equal(&at(e, b), &at(f, d))
    }

    fn wait(&mut self, equation: Equation) -> R<()> {
        let meta = self.metas.get_mut(equation.on).ok_or(Halt::Broken)?;
        meta.waiting.push(self.equations.len());
        meta.pressed += usize::from(equation.pressing);
        self.equations.push(equation);
        Ok(())
    }
}
