//! Terms of the search, closures, and weak head normal forms.
//!
//! Everything but functions, their types and universes is an atom that is applied: variables of the goal, data types, constructors, eliminators.
//! So there is one rule for heads, and an eliminator is no more than a head whose result depends on an argument.

use std::rc::Rc;

/// A shared term.
pub type Tm = Rc<T>;

/// A term. Variables are de Bruijn indices of the binders of the search only; those of the goal are atoms.
#[derive(Debug)]
pub enum T {
    /// A variable, 0 the innermost.
    Var(usize),
    /// A head with a type of its own.
    Atom(usize),
    /// What is still open, or was found in its place; it stands in the scope of all binders around it.
    Meta(usize),
    /// An application to at least one argument.
    App(Tm, Rc<[Tm]>),
    /// A function.
    Lam(Tm),
    /// A function type.
    Pi(Tm, Tm),
    /// A universe; without a level, any.
    Univ(Option<u32>),
    /// A term that is left out, because the kernel's terms do not have it; it is equal to anything.
    Any,
}

/// What a variable stands for.
#[derive(Clone, Debug)]
pub enum Slot {
    /// A term.
    Clo(Clo),
    /// A variable, by its number.
    Local(usize),
}

/// What the variables of a term stand for, the innermost first.
#[derive(Clone, Debug, Default)]
pub struct Env(Option<Rc<(Slot, Env)>>);

impl Env {
    /// With one more variable.
    #[must_use]
    pub fn push(&self, slot: Slot) -> Env {
        Env(Some(Rc::new((slot, self.clone()))))
    }

    /// What a variable stands for.
    #[must_use]
    pub fn get(&self, n: usize) -> Option<&Slot> {
        let mut cell = self.0.as_deref()?;
        for _ in 0..n {
            cell = cell.1.0.as_deref()?;
        }
        Some(&cell.0)
    }

    /// Whether both are the same list in memory.
    #[must_use]
    pub fn same(&self, other: &Env) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }
}

/// A term with what its variables stand for.
#[derive(Clone, Debug)]
pub struct Clo {
    /// What the variables stand for.
    pub env: Env,
    /// The term.
    pub tm: Tm,
}

/// What an application is headed by, where nothing can be put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// An atom.
    Atom(usize),
    /// A variable that is bound by the search.
    Local(usize),
}

/// A weak head normal form.
#[derive(Clone, Debug)]
pub enum W {
    /// A universe.
    Univ(Option<u32>),
    /// A function type: domain, and the codomain below one more variable.
    Pi(Clo, Env, Tm),
    /// A function.
    Lam(Env, Tm),
    /// A head that stays, with its arguments.
    Rigid(Head, Vec<Clo>),
    /// Something open with its arguments.
    Flex(usize, Env, Vec<Clo>),
    /// An eliminator that waits for something open.
    Blocked(usize, usize, Vec<Clo>),
    /// What is left out.
    Any,
}

impl W {
    /// What it waits for, if it does.
    #[must_use]
    pub fn waits(&self) -> Option<usize> {
        match self {
            W::Flex(m, ..) | W::Blocked(m, ..) => Some(*m),
            _ => None,
        }
    }
}

/// A term raised by so many variables, where they are free.
#[must_use]
pub fn raise(t: &Tm, by: usize, below: usize) -> Tm {
    if by == 0 {
        return t.clone();
    }
    Rc::new(match &**t {
        T::Var(n) if *n >= below => T::Var(n + by),
        T::Var(_) | T::Atom(_) | T::Meta(_) | T::Univ(_) | T::Any => return t.clone(),
        T::App(f, args) => T::App(raise(f, by, below), args.iter().map(|a| raise(a, by, below)).collect()),
        T::Lam(b) => T::Lam(raise(b, by, below + 1)),
        T::Pi(a, b) => T::Pi(raise(a, by, below), raise(b, by, below + 1)),
    })
}

/// An application, of which there may be nothing to apply to.
#[must_use]
pub fn app(f: Tm, args: Vec<Tm>) -> Tm {
    if args.is_empty() {
        return f;
    }
    match &*f {
        T::App(g, before) => Rc::new(T::App(g.clone(), before.iter().cloned().chain(args).collect())),
        _ => Rc::new(T::App(f, args.into())),
    }
}

/// Whether a variable occurs in a term. What is open may have any variable in it.
#[must_use]
pub fn occurs(t: &Tm, n: usize) -> bool {
    match &**t {
        T::Var(m) => *m == n,
        T::Atom(_) | T::Univ(_) | T::Any => false,
        T::Meta(_) => true,
        T::App(f, args) => occurs(f, n) || args.iter().any(|a| occurs(a, n)),
        T::Lam(b) => occurs(b, n + 1),
        T::Pi(a, b) => occurs(a, n) || occurs(b, n + 1),
    }
}

/// Function types over domains, the outermost first.
#[must_use]
pub fn pis(domains: impl DoubleEndedIterator<Item = Tm>, result: Tm) -> Tm {
    domains.rev().fold(result, |b, a| Rc::new(T::Pi(a, b)))
}

/// A variable.
#[must_use]
pub fn var(n: usize) -> Tm {
    Rc::new(T::Var(n))
}
