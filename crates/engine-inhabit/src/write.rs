//! Terms that were found as terms of the kernel.

use crate::atom::{Kind, Rule};
use crate::store::Store;
use crate::term::{T, Tm, raise, var};
use bfv_format::{Dim, Node, Prim, Term};
use num_traits::ToPrimitive;
use std::rc::Rc;

/// Writes what was found, over a context with so many variables.
pub struct Writer<'a> {
    /// What was found.
    pub store: &'a Store,
    /// The number of variables of the context.
    pub variables: u32,
}

impl Writer<'_> {
    /// The term below so many binders of its own; nothing where it is not complete, or a head has fewer arguments than the kernel needs.
    #[must_use]
    pub fn term(&self, t: &Tm, below: u32) -> Option<Term> {
        Some(match &**t {
            T::Var(n) => Rc::new(Node::Var(n.to_u32()?)),
            T::Meta(m) => return self.term(self.store.metas.get(*m)?.found.as_ref()?, below),
            T::Lam(b) => Rc::new(Node::Lam(self.term(b, below + 1)?)),
            T::Pi(a, b) => Rc::new(Node::Pi(self.term(a, below)?, self.term(b, below + 1)?)),
            T::Univ(level) => Rc::new(Node::Univ((*level)?)),
            T::Any => return None,
            T::Atom(a) => return self.atom(*a, &[], below),
            T::App(f, args) => match &**f {
                T::Atom(a) => return self.atom(*a, args, below),
                _ => self.applied(self.term(f, below)?, args, below)?,
            },
        })
    }

    fn applied(&self, head: Term, args: &[Tm], below: u32) -> Option<Term> {
        args.iter().try_fold(head, |f, a| Some(Rc::new(Node::App(f, self.term(a, below)?))))
    }

    /// The body of a family below one more variable.
    fn body(&self, family: &Tm, below: u32) -> Option<Term> {
        match &**family {
            T::Lam(b) => self.term(b, below + 1),
            T::Meta(m) => self.body(self.store.metas.get(*m)?.found.as_ref()?, below),
            _ => {
                let function = self.term(&raise(family, 1, 0), below + 1)?;
                Some(Rc::new(Node::App(function, self.term(&var(0), below + 1)?)))
            }
        }
    }

    fn atom(&self, a: usize, args: &[Tm], below: u32) -> Option<Term> {
        let atom = self.store.atoms.get(a)?;
        let at = |n: usize| self.term(args.get(n)?, below);
        let body = |n: usize| self.body(args.get(n)?, below);
        let list = |from: usize, to: usize| {
            args.get(from..to)?.iter().map(|t| self.term(t, below)).collect::<Option<Vec<_>>>()
        };
        let (node, taken) = match &atom.kind {
            Kind::Variable(level) => (Node::Var((self.variables + below).checked_sub(level + 1)?), 0),
            Kind::Theorem(id) => (Node::Const { id: *id, shift: 0 }, 0),
            Kind::Opaque(t) => return self.applied(t.clone(), args, below),
            Kind::Sigma => (Node::Sigma(at(0)?, body(1)?), 2),
            Kind::Pair => (Node::Pair(at(2)?, at(3)?), 4),
            Kind::Fst => (Node::Fst(at(2)?), 3),
            Kind::Snd => (Node::Snd(at(2)?), 3),
            // The terms that are written have no dimensions of their own, so nothing is renamed below one.
            Kind::Path => (Node::Path(at(0)?, at(1)?, at(2)?), 3),
            Kind::Refl => (Node::DLam(at(1)?), 2),
            Kind::Subst => {
                let point = Node::PApp(at(4)?, at(1)?, at(2)?, Dim::Var(0));
                let line = Node::Let(at(0)?, Rc::new(point), body(3)?);
                (Node::Coe(Dim::Zero, Dim::One, Rc::new(line), at(5)?), 6)
            }
            Kind::Empty => (Node::Prim(Prim::Empty), 0),
            Kind::Unit => (Node::Prim(Prim::Unit), 0),
            Kind::Star => (Node::Prim(Prim::Star), 0),
            Kind::Bool => (Node::Prim(Prim::Bool), 0),
            Kind::True => (Node::Prim(Prim::True), 0),
            Kind::False => (Node::Prim(Prim::False), 0),
            Kind::Nat => (Node::Prim(Prim::Nat), 0),
            Kind::Zero => (Node::NatLit(0_u32.into()), 0),
            Kind::Suc => (Node::App(Rc::new(Node::Prim(Prim::Suc)), at(0)?), 1),
            Kind::EmptyElim => (Node::EmptyElim(body(0)?, at(1)?), 2),
            Kind::BoolElim => (Node::BoolElim(body(0)?, at(1)?, at(2)?, at(3)?), 4),
            Kind::NatElim => (Node::NatElim(body(0)?, at(1)?, at(2)?, at(3)?), 4),
            Kind::Data(d) => (Node::Data(*d, list(0, args.len())?), args.len()),
            Kind::Con(d, c) => {
                let case = self.store.atoms.iter().find_map(|e| match &e.rule {
                    Rule::Elim(_, cases) => cases.iter().find(|k| k.con == a),
                    _ => None,
                })?;
                let (params, fields) = (list(0, case.params)?, list(case.params, args.len())?);
                (Node::Con(*d, *c, params, fields, Vec::new()), args.len())
            }
            Kind::DataElim(d) => {
                let Rule::Elim(first, cases) = &atom.rule else { return None };
                let (params, last) = (first - 1, first + cases.len());
                (Node::DataElim(*d, list(0, params)?, body(params)?, list(*first, last)?, at(last)?), last + 1)
            }
        };
        self.applied(Rc::new(node), args.get(taken..)?, below)
    }
}
