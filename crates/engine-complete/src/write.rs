//! A derivation as a term of the kernel: a definition for each equation on which the proof rests, and a path at the end.

use crate::complete::{Equation, Step};
use crate::read::{Given, Symbols, Use};
use crate::term::{Head, Sort, Sub, Tm, replace, subst};
use bfv_format::{Dim, Node, Term};
use bfv_search::chain::Chain;
use bfv_search::shift::rename;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Writes in the scope of a goal.
pub struct Writer<'a> {
    pub symbols: &'a Symbols,
    /// What the first equations are.
    pub given: &'a [Given],
    pub equations: &'a [Equation],
}

/// Where a term stands: inside of so many definitions, and of functions of so many variables of an equation.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// Which definition is which equation.
    defined: &'a BTreeMap<usize, u32>,
    variables: u32,
}

impl Place<'_> {
    fn definitions(self) -> Option<u32> {
        u32::try_from(self.defined.len()).ok()
    }
}

impl Writer<'_> {
    /// The path from a term along steps, at the dimension 0 of the scope. None where a step has no sense.
    pub fn proof(&self, start: &Tm, sort: Sort, steps: &[Step]) -> Option<Term> {
        let mut wanted: BTreeSet<usize> = steps.iter().map(|s| s.by).collect();
        let mut order = Vec::new();
        while let Some(id) = wanted.pop_last() {
            if let Some(steps) = &self.equations.get(id)?.steps {
                wanted.extend(steps.iter().map(|s| s.by));
                order.push(id);
            }
        }
        let (mut defined, mut definitions) = (BTreeMap::new(), Vec::new());
        for id in order.into_iter().rev() {
            definitions.push(self.definition(id, &defined)?);
            defined.insert(id, u32::try_from(defined.len()).ok()?);
        }
        let place = Place { defined: &defined, variables: 0 };
        let body = self.chain(place, start, sort, steps)?;
        Some(definitions.into_iter().rev().fold(body, |body, (ty, value)| Rc::new(Node::Let(ty, value, body))))
    }

    /// The statement of an equation, and its proof.
    fn definition(&self, id: usize, defined: &BTreeMap<usize, u32>) -> Option<(Term, Term)> {
        let e = self.equations.get(id)?;
        let count = u32::try_from(e.sorts.len()).ok()?;
        let place = Place { defined, variables: count };
        let sort = self.sort_of(&e.left, &e.sorts)?;
        let sides = (self.term(place, &e.left)?, self.term(place, &e.right)?);
        let mut ty: Term = Rc::new(Node::Path(self.sort(place, sort)?, sides.0, sides.1));
        let mut value = Rc::new(Node::DLam(self.chain(place, &e.left, sort, e.steps.as_ref()?)?));
        for (n, sort) in (0..count).zip(&e.sorts).rev() {
            ty = Rc::new(Node::Pi(self.sort(Place { defined, variables: n }, *sort)?, ty));
            value = Rc::new(Node::Lam(value));
        }
        Some((ty, value))
    }

    fn sort_of(&self, t: &Tm, sorts: &[Sort]) -> Option<Sort> {
        match t.head {
            Head::Var(n, _) => sorts.get(usize::try_from(n).ok()?).copied(),
            Head::Sym(f) => self.symbols.results.get(f).copied(),
        }
    }

    fn sort(&self, place: Place<'_>, sort: Sort) -> Option<Term> {
        self.lift(place, self.symbols.sorts.get(sort)?)
    }

    /// A term of the scope of the goal, further inside.
    fn lift(&self, place: Place<'_>, t: &Term) -> Option<Term> {
        let by = place.definitions()?.checked_add(place.variables)?;
        rename(t, 0, 0, &mut |n| n.checked_add(by), &mut |_| None)
    }

    fn chain(&self, place: Place<'_>, start: &Tm, sort: Sort, steps: &[Step]) -> Option<Term> {
        let mut chain = Chain::at(self.sort(place, sort)?, self.term(place, start)?);
        let mut now = start.clone();
        for s in steps {
            let e = self.equations.get(s.by)?;
            let sides = (subst(&e.left, &s.sub), subst(&e.right, &s.sub));
            let (from, to) = if s.forward { (&sides.0, &sides.1) } else { (&sides.1, &sides.0) };
            if crate::term::at(&now, &s.place)? != from {
                return None;
            }
            let path = self.path(place, s, &sides)?;
            let step = self.around(place, &now, &s.place, path)?;
            chain = if s.forward { chain.then(step) } else { chain.back(step) };
            now = replace(&now, &s.place, to)?;
        }
        Some(chain.body())
    }

    /// A term with something else at a place.
    fn around(&self, place: Place<'_>, t: &Tm, at: &[usize], inside: Term) -> Option<Term> {
        let Some((first, rest)) = at.split_first() else { return Some(inside) };
        let Head::Sym(f) = t.head else { return None };
        let mut args = t.args.iter().map(|a| self.term(place, a)).collect::<Option<Vec<_>>>()?;
        *args.get_mut(*first)? = self.around(place, t.args.get(*first)?, rest, inside)?;
        self.applied(place, f, args)
    }

    /// An equation at values of its variables, where its path has got to.
    fn path(&self, place: Place<'_>, s: &Step, sides: &(Tm, Tm)) -> Option<Term> {
        let along = |t, l, r| Rc::new(Node::PApp(t, l, r, Dim::Var(0)));
        let value = |n: u32, sub: &Sub| self.term(place, sub.get(&n)?);
        let (l, r) = (self.term(place, &sides.0)?, self.term(place, &sides.1)?);
        let Some(given) = self.given.get(s.by) else {
            let n = place.definitions()?.checked_sub(*place.defined.get(&s.by)? + 1)?;
            let count = u32::try_from(self.equations.get(s.by)?.sorts.len()).ok()?;
            let head: Term = Rc::new(Node::Var(n.checked_add(place.variables)?));
            let t = (0..count).try_fold(head, |t, n| Some(Rc::new(Node::App(t, value(n, &s.sub)?))))?;
            return Some(along(t, l, r));
        };
        let (mut t, mut done) = (self.lift(place, &given.proof)?, false);
        for u in &given.uses {
            t = match u {
                Use::Variable(n) => Rc::new(Node::App(t, value(*n, &s.sub)?)),
                Use::Known(a) => Rc::new(Node::App(t, self.lift(place, a)?)),
                Use::First => Rc::new(Node::Fst(t)),
                Use::Second => Rc::new(Node::Snd(t)),
                Use::Along(f, g) => {
                    done = true;
                    along(t, self.lift(place, f)?, self.lift(place, g)?)
                }
            };
        }
        Some(if done { t } else { along(t, l, r) })
    }

    fn term(&self, place: Place<'_>, t: &Tm) -> Option<Term> {
        match t.head {
            Head::Var(n, _) => Some(Rc::new(Node::Var(place.variables.checked_sub(n.checked_add(1)?)?))),
            Head::Sym(f) => {
                let args = t.args.iter().map(|a| self.term(place, a)).collect::<Option<_>>()?;
                self.applied(place, f, args)
            }
        }
    }

    fn applied(&self, place: Place<'_>, f: usize, args: Vec<Term>) -> Option<Term> {
        let symbol = self.symbols.symbols.get(f)?;
        let mut args = args.into_iter();
        let mut t = self.lift(place, &symbol.head)?;
        for fixed in &symbol.fixed {
            let a = match fixed {
                Some(a) => self.lift(place, a)?,
                None => args.next()?,
            };
            t = Rc::new(Node::App(t, a));
        }
        Some(t)
    }
}
