//! Proofs as they are found: variables have numbers that are never used twice, so that parts can be put under binders in any order.

use bfv_format::{DataRef, Dim, Node, Prim, Term};
use bfv_search::shift::rename;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A proof, shared.
pub type P = Rc<Proof>;

/// Numbers from here on are those of facts; smaller ones are levels of data.
pub const FACTS: u32 = 1 << 24;

/// A proof or a piece of data. Terms inside are *numbered*: a free variable is the number of what it stands for, raised by the binders it is under.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A variable.
    Var(u32),
    /// A term.
    Data(Term),
    App(P, P),
    Fst(P),
    Snd(P),
    Pair(P, P),
    /// `fun x => p`
    Lam(u32, P),
    /// `let x : A := p in q`; the type is numbered.
    Let(u32, Term, P, P),
    /// From falsehood, an element of a type.
    Absurd(Term, P),
    /// What stands under names for the parts of a tuple, the last of which is all that is left: `p.1`, `p.2.1`, `p.2.2`.
    Split(P, Vec<u32>, P),
    /// `coe 0 1 (i. A) p`; the dimension is bound in the type.
    Along(Term, P),
    /// The eliminator of a data type.
    Cases(Rc<Cases>),
    /// A proof that is looked for once it is known to be used, by a name until then.
    Later(u32, OnceCell<P>),
}

/// Cases over the constructors of a data type; all terms are numbered.
#[derive(Debug)]
pub struct Cases {
    pub data: DataRef,
    pub parameters: Vec<Term>,
    /// Binds what is taken apart.
    pub motive: Term,
    /// A function of the fields for each constructor.
    pub branches: Vec<P>,
    pub on: P,
}

impl Proof {
    pub fn var(n: u32) -> P {
        Rc::new(Proof::Var(n))
    }

    pub fn constant(id: u32) -> P {
        Rc::new(Proof::Data(Rc::new(Node::Const { id, shift: 0 })))
    }

    pub fn data(t: Term) -> P {
        Rc::new(Proof::Data(t))
    }

    pub fn app(f: P, a: P) -> P {
        Rc::new(Proof::App(f, a))
    }

    pub fn lam(n: u32, p: P) -> P {
        Rc::new(Proof::Lam(n, p))
    }

    /// A constant at arguments.
    pub fn call(id: u32, args: impl IntoIterator<Item = P>) -> P {
        args.into_iter().fold(Proof::constant(id), Proof::app)
    }

    /// `fun x : A => 0 = 0`-like: the path that stays.
    pub fn stays(t: &Term) -> P {
        Proof::data(Rc::new(Node::DLam(t.clone())))
    }

    /// The numbers of the facts that a proof uses and does not bind.
    pub fn facts(&self) -> BTreeSet<u32> {
        let mut out = BTreeSet::new();
        self.collect(&mut out);
        out
    }

    fn collect(&self, out: &mut BTreeSet<u32>) {
        match self {
            Proof::Var(n) => {
                out.insert(*n);
            }
            Proof::Data(t) => free(t, out),
            Proof::App(a, b) | Proof::Pair(a, b) | Proof::Split(a, _, b) => {
                a.collect(out);
                b.collect(out);
            }
            Proof::Fst(a) | Proof::Snd(a) => a.collect(out),
            Proof::Lam(_, a) => a.collect(out),
            Proof::Later(n, found) => match found.get() {
                Some(p) => p.collect(out),
                None => {
                    out.insert(*n);
                }
            },
            Proof::Let(_, t, a, b) => {
                free(t, out);
                a.collect(out);
                b.collect(out);
            }
            Proof::Absurd(t, a) | Proof::Along(t, a) => {
                free(t, out);
                a.collect(out);
            }
            Proof::Cases(c) => {
                c.parameters.iter().for_each(|t| free(t, out));
                c.branches.iter().for_each(|b| b.collect(out));
                c.on.collect(out);
                // One more binder stands around what the motive mentions.
                let mut inner = BTreeSet::new();
                free(&c.motive, &mut inner);
                out.extend(inner.into_iter().filter_map(|n| n.checked_sub(1)));
            }
        }
    }
}

/// Adds the numbers that occur in a numbered term.
pub fn free(t: &Term, out: &mut BTreeSet<u32>) {
    // The renaming is not used: reading the variables is all that is wanted.
    let _ = rename(
        t,
        0,
        0,
        &mut |n| {
            out.insert(n);
            Some(n)
        },
        &mut Some,
    );
}

/// A term of a context of so many variables, numbered by their levels. None for what engines do not handle.
pub fn numbered(t: &Term, depth: u32) -> Option<Term> {
    rename(t, 0, 0, &mut |n| depth.checked_sub(1)?.checked_sub(n), &mut Some)
}

/// Which variables are bound where a proof is written down, outermost first.
#[derive(Default)]
pub struct Scope {
    places: BTreeMap<u32, u32>,
    depth: u32,
    /// What stands for a name that is bound by nothing.
    parts: BTreeMap<u32, P>,
}

impl Scope {
    /// Binds a variable.
    pub fn bind(&mut self, n: u32) {
        self.places.insert(n, self.depth);
        self.depth += 1;
    }

    fn under(&mut self, n: u32, f: impl FnOnce(&mut Self) -> Option<Term>) -> Option<Term> {
        self.bind(n);
        let out = f(self);
        self.depth -= 1;
        self.places.remove(&n);
        out
    }

    fn index(&self, n: u32) -> Option<u32> {
        self.depth.checked_sub(1)?.checked_sub(*self.places.get(&n)?)
    }

    /// A numbered term with indices in the place of numbers.
    pub fn term(&self, t: &Term) -> Option<Term> {
        rename(t, 0, 0, &mut |n| self.index(n), &mut Some)
    }

    /// A proof as a core term. None when a variable is used out of its scope, which would be a mistake of the search.
    pub fn write(&mut self, p: &Proof) -> Option<Term> {
        Some(Rc::new(match p {
            Proof::Var(n) => match self.parts.get(n).cloned() {
                Some(part) => return self.write(&part),
                None => Node::Var(self.index(*n)?),
            },
            Proof::Data(t) => return self.term(t),
            Proof::App(f, a) => Node::App(self.write(f)?, self.write(a)?),
            Proof::Fst(a) => Node::Fst(self.write(a)?),
            Proof::Snd(a) => Node::Snd(self.write(a)?),
            Proof::Pair(a, b) => Node::Pair(self.write(a)?, self.write(b)?),
            Proof::Lam(n, a) => Node::Lam(self.under(*n, |s| s.write(a))?),
            Proof::Let(n, ty, a, b) => {
                let (ty, a) = (self.term(ty)?, self.write(a)?);
                Node::Let(ty, a, self.under(*n, |s| s.write(b))?)
            }
            // The motive binds what is known to be false, and does not use it.
            Proof::Absurd(ty, a) => {
                let motive = self.under(u32::MAX, |s| s.term(ty))?;
                Node::EmptyElim(motive, self.write(a)?)
            }
            Proof::Cases(c) => {
                let parameters: Option<Vec<Term>> = c.parameters.iter().map(|t| self.term(t)).collect();
                let mut branches = Vec::new();
                for b in &c.branches {
                    branches.push(self.write(b)?);
                }
                // The variable of the motive is bound in it already.
                let motive = rename(&c.motive, 1, 0, &mut |n| self.index(n), &mut Some)?;
                Node::DataElim(c.data, parameters?, motive, branches, self.write(&c.on)?)
            }
            Proof::Split(tuple, names, rest) => {
                let mut left = tuple.clone();
                for (n, name) in names.iter().enumerate() {
                    let last = n + 1 == names.len();
                    self.parts.insert(*name, if last { left.clone() } else { Rc::new(Proof::Fst(left.clone())) });
                    left = Rc::new(Proof::Snd(left));
                }
                let written = self.write(rest);
                names.iter().for_each(|name| drop(self.parts.remove(name)));
                return written;
            }
            Proof::Later(_, found) => return self.write(found.get()?),
            Proof::Along(line, a) => Node::Coe(Dim::Zero, Dim::One, self.term(line)?, self.write(a)?),
        }))
    }
}

/// `A -> Empty`, numbered.
pub fn negation(t: &Term) -> Term {
    // What is free in A is not raised in the codomain, which mentions nothing.
    Rc::new(Node::Pi(t.clone(), Rc::new(Node::Prim(Prim::Empty))))
}
