//! What an equation determines: where only one term can be equal to the other side of it, that term is copied instead of searched for. This is
//! unification of patterns (Miller, A logic programming language with lambda-abstraction, 1991), and a little more: a variable may also stand
//! for a term of which nothing occurs on the other side.

use crate::atom::{Kind, Rule};
use crate::store::{Halt, R, Store};
use crate::term::{Clo, Env, Head, Slot, T, Tm, W, app};
use std::rc::Rc;

/// What a head of the other side is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Image {
    /// A variable, counted from the innermost in scope.
    Variable(usize),
    /// Several terms could stand for it.
    Unclear,
}

/// Writes values of an equation in the scope of what the equation is about.
pub struct Copier {
    images: Vec<(Head, Image)>,
    /// The variables that are bound in what is copied, outermost first.
    bound: Vec<usize>,
}

impl Copier {
    /// For an environment of so many variables; nothing where one of them stands for something that could become anything.
    ///
    /// # Errors
    /// It takes too long.
    pub fn new(store: &mut Store, env: &Env, variables: usize) -> R<Option<Copier>> {
        let mut images: Vec<(Head, Image)> = Vec::with_capacity(variables);
        for n in 0..variables {
            let (head, alone) = match env.get(n).cloned().ok_or(Halt::Broken)? {
                Slot::Local(id) => (Head::Local(id), true),
                Slot::Clo(c) => match store.whnf(&c)? {
                    W::Rigid(h, args) => (h, args.is_empty()),
                    _ => return Ok(None),
                },
            };
            let simple = match head {
                Head::Local(_) => true,
                Head::Atom(a) => {
                    store.atoms.get(a).is_some_and(|a| matches!(a.rule, Rule::Inert) && a.kind != Kind::Pair)
                }
            };
            if !simple {
                return Ok(None);
            }
            // An atom can be written as itself, too.
            let clear = alone && matches!(head, Head::Local(_)) && images.iter().all(|(h, _)| *h != head);
            if !clear {
                images.retain(|(h, _)| *h != head);
            }
            images.push((head, if clear { Image::Variable(n) } else { Image::Unclear }));
        }
        Ok(Some(Copier { images, bound: Vec::new() }))
    }

    /// A head; nothing where it is not clear or not in scope.
    pub fn head(&self, h: Head) -> Option<Tm> {
        if let Some((_, image)) = self.images.iter().find(|(head, _)| *head == h) {
            return match image {
                Image::Variable(n) => Some(Rc::new(T::Var(n + self.bound.len()))),
                Image::Unclear => None,
            };
        }
        match h {
            Head::Atom(a) => Some(Rc::new(T::Atom(a))),
            Head::Local(id) => {
                let n = self.bound.iter().rev().position(|b| *b == id)?;
                Some(Rc::new(T::Var(n)))
            }
        }
    }

    /// A value; nothing where it is not clear or something in it is open.
    ///
    /// # Errors
    /// It takes too long.
    pub fn value(&mut self, store: &mut Store, c: &Clo) -> R<Option<Tm>> {
        let w = store.whnf(c)?;
        self.normal(store, &w)
    }

    /// The same of a normal form.
    ///
    /// # Errors
    /// It takes too long.
    pub fn normal(&mut self, store: &mut Store, w: &W) -> R<Option<Tm>> {
        Ok(Some(match w {
            W::Univ(level) => Rc::new(T::Univ(*level)),
            W::Pi(a, env, b) => {
                let Some(a) = self.value(store, a)? else { return Ok(None) };
                let Some(b) = self.below(store, env, b)? else { return Ok(None) };
                Rc::new(T::Pi(a, b))
            }
            W::Lam(env, b) => match self.below(store, env, b)? {
                Some(b) => Rc::new(T::Lam(b)),
                None => return Ok(None),
            },
            W::Rigid(h, args) => {
                let Some(head) = self.head(*h) else { return Ok(None) };
                let mut copies = Vec::with_capacity(args.len());
                for a in args {
                    let Some(a) = self.value(store, a)? else { return Ok(None) };
                    copies.push(a);
                }
                app(head, copies)
            }
            W::Flex(..) | W::Blocked(..) | W::Any => return Ok(None),
        }))
    }

    fn below(&mut self, store: &mut Store, env: &Env, b: &Tm) -> R<Option<Tm>> {
        let id = store.fresh();
        self.bound.push(id);
        let copy = self.value(store, &Clo { env: env.push(Slot::Local(id)), tm: b.clone() });
        self.bound.pop();
        copy
    }
}
