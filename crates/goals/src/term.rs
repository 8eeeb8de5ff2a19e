//! Typed terms of TIP problems.

use crate::types::Ty;
use std::collections::BTreeMap;

/// What may be asked of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    Less,
    AtMost,
}

/// Operations on `Int`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Add,
    Sub,
    Mul,
    /// By a positive literal, rounded down.
    Div,
    /// What is left by it.
    Mod,
}

/// A branch of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The constructor by its name in the source.
    pub con: String,
    pub vars: Vec<String>,
    pub body: Term,
}

/// A term. Variables have names of the language; no binder of one function or goal has the name of another one around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    Var(String),
    Int(num_bigint::BigInt),
    Bool(bool),
    /// A constructor by its name in the source, the parameters of its type, and all arguments.
    Con(String, Vec<Ty>, Vec<Term>),
    /// A function by its name in the source, its type parameters, and all arguments.
    Call(String, Vec<Ty>, Vec<Term>),
    App(Box<Term>, Vec<Term>),
    Lam(Vec<(String, Ty)>, Box<Term>),
    /// What is matched, the type of it, the type of the result, one branch for each constructor.
    Match(Box<Term>, Ty, Ty, Vec<Branch>),
    Ite(Box<Term>, Box<Term>, Box<Term>, Ty),
    Let(String, Ty, Box<Term>, Box<Term>),
    /// Whether two values of a type are the same.
    Equal(Ty, Box<Term>, Box<Term>),
    Compare(Order, Ty, Box<Term>, Box<Term>),
    And(Vec<Term>),
    Or(Vec<Term>),
    Not(Box<Term>),
    Implies(Box<Term>, Box<Term>),
    Arith(Op, Box<Term>, Box<Term>),
    Forall(Vec<(String, Ty)>, Box<Term>),
    Exists(Vec<(String, Ty)>, Box<Term>),
}

impl Term {
    /// The parts of a term.
    pub fn parts(&self) -> Vec<&Term> {
        match self {
            Term::Var(_) | Term::Int(_) | Term::Bool(_) => Vec::new(),
            Term::Con(_, _, all) | Term::Call(_, _, all) | Term::And(all) | Term::Or(all) => all.iter().collect(),
            Term::App(f, all) => std::iter::once(&**f).chain(all).collect(),
            Term::Lam(_, b) | Term::Not(b) | Term::Forall(_, b) | Term::Exists(_, b) => vec![b],
            Term::Match(s, _, _, branches) => std::iter::once(&**s).chain(branches.iter().map(|b| &b.body)).collect(),
            Term::Ite(c, a, b, _) => vec![c, a, b],
            Term::Let(_, _, a, b)
            | Term::Equal(_, a, b)
            | Term::Compare(_, _, a, b)
            | Term::Implies(a, b)
            | Term::Arith(_, a, b) => vec![a, b],
        }
    }

    /// The term with each part changed.
    pub fn map(&self, f: &mut dyn FnMut(&Term) -> Term) -> Term {
        let mut each = |all: &[Term]| all.iter().map(&mut *f).collect::<Vec<_>>();
        match self {
            Term::Var(_) | Term::Int(_) | Term::Bool(_) => self.clone(),
            Term::Con(c, tys, all) => Term::Con(c.clone(), tys.clone(), each(all)),
            Term::Call(c, tys, all) => Term::Call(c.clone(), tys.clone(), each(all)),
            Term::And(all) => Term::And(each(all)),
            Term::Or(all) => Term::Or(each(all)),
            Term::App(g, all) => {
                let all = each(all);
                Term::App(Box::new(f(g)), all)
            }
            Term::Lam(xs, b) => Term::Lam(xs.clone(), Box::new(f(b))),
            Term::Not(b) => Term::Not(Box::new(f(b))),
            Term::Forall(xs, b) => Term::Forall(xs.clone(), Box::new(f(b))),
            Term::Exists(xs, b) => Term::Exists(xs.clone(), Box::new(f(b))),
            Term::Match(s, of, ty, branches) => {
                let s = f(s);
                let branches = branches
                    .iter()
                    .map(|b| Branch { con: b.con.clone(), vars: b.vars.clone(), body: f(&b.body) })
                    .collect();
                Term::Match(Box::new(s), of.clone(), ty.clone(), branches)
            }
            Term::Ite(c, a, b, ty) => Term::Ite(Box::new(f(c)), Box::new(f(a)), Box::new(f(b)), ty.clone()),
            Term::Let(x, ty, a, b) => Term::Let(x.clone(), ty.clone(), Box::new(f(a)), Box::new(f(b))),
            Term::Equal(ty, a, b) => Term::Equal(ty.clone(), Box::new(f(a)), Box::new(f(b))),
            Term::Compare(o, ty, a, b) => Term::Compare(*o, ty.clone(), Box::new(f(a)), Box::new(f(b))),
            Term::Implies(a, b) => Term::Implies(Box::new(f(a)), Box::new(f(b))),
            Term::Arith(o, a, b) => Term::Arith(*o, Box::new(f(a)), Box::new(f(b))),
        }
    }

    /// The term with variables replaced. Binders differ from all that is put in, see above.
    pub fn with(&self, map: &BTreeMap<String, Term>) -> Term {
        match self {
            Term::Var(x) => map.get(x).cloned().unwrap_or_else(|| self.clone()),
            _ => self.map(&mut |t| t.with(map)),
        }
    }

    /// The term with its types changed.
    pub fn retyped(&self, f: &dyn Fn(&Ty) -> Ty) -> Term {
        let tys = |all: &[Ty]| all.iter().map(f).collect::<Vec<_>>();
        let named = |all: &[(String, Ty)]| all.iter().map(|(x, t)| (x.clone(), f(t))).collect::<Vec<_>>();
        match self.map(&mut |t| t.retyped(f)) {
            Term::Con(c, all, args) => Term::Con(c, tys(&all), args),
            Term::Call(c, all, args) => Term::Call(c, tys(&all), args),
            Term::Lam(xs, b) => Term::Lam(named(&xs), b),
            Term::Forall(xs, b) => Term::Forall(named(&xs), b),
            Term::Exists(xs, b) => Term::Exists(named(&xs), b),
            Term::Match(s, of, ty, branches) => Term::Match(s, f(&of), f(&ty), branches),
            Term::Ite(c, a, b, ty) => Term::Ite(c, a, b, f(&ty)),
            Term::Let(x, ty, a, b) => Term::Let(x, f(&ty), a, b),
            Term::Equal(ty, a, b) => Term::Equal(f(&ty), a, b),
            Term::Compare(o, ty, a, b) => Term::Compare(o, f(&ty), a, b),
            other => other,
        }
    }

    /// Matches on what is known to be some constructor are taken, also where a match around them tells it.
    pub fn simplified(&self, known: &BTreeMap<String, (String, Vec<Term>)>) -> Term {
        let Term::Match(s, of, ty, branches) = self else { return self.map(&mut |t| t.simplified(known)) };
        let s = s.simplified(known);
        let as_con = match &s {
            Term::Con(c, _, args) => Some((c.clone(), args.clone())),
            Term::Var(x) => known.get(x).cloned(),
            _ => None,
        };
        if let Some((con, args)) = as_con
            && let Some(b) = branches.iter().find(|b| b.con == con)
        {
            let map = b.vars.iter().cloned().zip(args).collect();
            return b.body.with(&map).simplified(known);
        }
        let branches = branches
            .iter()
            .map(|b| {
                let mut known = known.clone();
                if let Term::Var(x) = &s {
                    known.insert(x.clone(), (b.con.clone(), b.vars.iter().cloned().map(Term::Var).collect()));
                }
                Branch { con: b.con.clone(), vars: b.vars.clone(), body: b.body.simplified(&known) }
            })
            .collect();
        Term::Match(Box::new(s), of.clone(), ty.clone(), branches)
    }

    /// All calls in it, at any depth, with their type parameters and arguments.
    pub fn calls<'t>(&'t self, out: &mut Vec<(&'t str, &'t [Ty], &'t [Term])>) {
        if let Term::Call(f, tys, args) = self {
            out.push((f, tys, args));
        }
        for part in self.parts() {
            part.calls(out);
        }
    }
}
