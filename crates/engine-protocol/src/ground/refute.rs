//! From a statement and what is known of its atoms: a proof of falsehood from it, a proof of it, that it is stable, and its clauses.

use crate::ground::formula::{F, Kind, Reader, Says};
use crate::ground::library::Library;
use crate::ground::proof::{FACTS, P, Proof};
use bfv_format::{Node, Prim, Term};
use bfv_kernel::Res;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What is known of an atom: whether it is true, and the proof of it or of its negation.
#[derive(Clone)]
pub struct Known {
    pub truth: bool,
    pub proof: P,
}

/// An atom and whether it is true.
pub type Literal = (usize, bool);

/// More clauses than this are not made of one statement.
const CLAUSES: usize = 64;

/// The clauses of a statement, or of its negation: each says that one of its literals is right. None when there are too many.
pub fn clauses(f: &F, truth: bool) -> Option<Vec<Vec<Literal>>> {
    let both = |a: Option<Vec<Vec<Literal>>>, b: Option<Vec<Vec<Literal>>>| {
        let (mut a, b) = (a?, b?);
        a.extend(b);
        (a.len() <= CLAUSES).then_some(a)
    };
    let either = |a: Option<Vec<Vec<Literal>>>, b: Option<Vec<Vec<Literal>>>| {
        let (a, b) = (a?, b?);
        if a.len() * b.len() > CLAUSES {
            return None;
        }
        let mut out = Vec::new();
        for x in &a {
            for y in &b {
                let mut z = x.clone();
                z.extend(y.iter().filter(|l| !x.contains(l)));
                // A clause with both an atom and its negation says nothing.
                if !z.iter().any(|(n, t)| z.contains(&(*n, !*t))) {
                    out.push(z);
                }
            }
        }
        Some(out)
    };
    match &f.kind {
        Kind::True(_) => Some(if truth { Vec::new() } else { vec![Vec::new()] }),
        Kind::False | Kind::Absurd => Some(if truth { vec![Vec::new()] } else { Vec::new() }),
        Kind::Atom(n) => Some(vec![vec![(*n, truth)]]),
        Kind::Not(g) => clauses(g, !truth),
        Kind::Same { other, .. } => clauses(other, truth),
        Kind::And(a, b) if truth => both(clauses(a, true), clauses(b, true)),
        Kind::And(a, b) => either(clauses(a, false), clauses(b, false)),
        Kind::Implies(a, b) if truth => either(clauses(a, false), clauses(b, true)),
        Kind::Implies(a, b) => both(clauses(a, true), clauses(b, false)),
    }
}

/// Makes numbers of facts.
#[derive(Default)]
pub struct Fresh(u32);

impl Fresh {
    pub fn next(&mut self) -> u32 {
        self.0 += 1;
        FACTS + self.0
    }
}

/// What is needed to write proofs about statements.
pub struct Writer<'w, 'g> {
    pub reader: &'w mut Reader<'g>,
    pub fresh: &'w mut Fresh,
}

impl Writer<'_, '_> {
    fn lib(&self) -> Library {
        self.reader.lib
    }

    /// Falsehood from a proof of a statement that is false by what is known.
    pub fn refute(&mut self, f: &F, proof: P, known: &BTreeMap<usize, Known>) -> Res<Option<P>> {
        Ok(match &f.kind {
            Kind::True(_) => None,
            Kind::False => Some(proof),
            Kind::Absurd => Some(Proof::app(Proof::constant(self.lib().absurd), proof)),
            Kind::Atom(n) => known.get(n).filter(|k| !k.truth).map(|k| Proof::app(k.proof.clone(), proof)),
            Kind::Not(g) => self.prove(g, known)?.map(|g| Proof::app(proof, g)),
            Kind::And(a, b) => match self.refute(a, Rc::new(Proof::Fst(proof.clone())), known)? {
                Some(p) => Some(p),
                None => self.refute(b, Rc::new(Proof::Snd(proof)), known)?,
            },
            Kind::Implies(a, b) => match self.prove(a, known)? {
                Some(a) => self.refute(b, Proof::app(proof, a), known)?,
                None => None,
            },
            Kind::Same { other, to, .. } => self.refute(other, Proof::app(to.clone(), proof), known)?,
        })
    }

    /// A proof of a statement that is true by what is known.
    pub fn prove(&mut self, f: &F, known: &BTreeMap<usize, Known>) -> Res<Option<P>> {
        Ok(match &f.kind {
            Kind::True(p) => Some(p.clone()),
            Kind::False | Kind::Absurd => None,
            Kind::Atom(n) => known.get(n).filter(|k| k.truth).map(|k| k.proof.clone()),
            Kind::Not(g) => {
                let x = self.fresh.next();
                self.refute(g, Proof::var(x), known)?.map(|p| Proof::lam(x, p))
            }
            Kind::And(a, b) => match (self.prove(a, known)?, self.prove(b, known)?) {
                (Some(a), Some(b)) => Some(Rc::new(Proof::Pair(a, b))),
                _ => None,
            },
            Kind::Implies(a, b) => {
                let x = self.fresh.next();
                if let Some(b) = self.prove(b, known)? {
                    return Ok(Some(Proof::lam(x, b)));
                }
                match (self.refute(a, Proof::var(x), known)?, self.reader.term(&b.ty)?) {
                    (Some(p), Some(ty)) => Some(Proof::lam(x, Rc::new(Proof::Absurd(ty, p)))),
                    _ => None,
                }
            }
            Kind::Same { other, back, .. } => self.prove(other, known)?.map(|p| Proof::app(back.clone(), p)),
        })
    }

    /// A proof of a statement from one that it cannot be false. None where it is not known to be stable.
    pub fn stable(&mut self, f: &F, proof: P) -> Res<Option<P>> {
        let (x, y) = (self.fresh.next(), self.fresh.next());
        let lib = self.lib();
        // `proof (fun no => no (...))` for what follows from the statement.
        let through = |p: P| Proof::app(proof.clone(), Proof::lam(x, p));
        Ok(match &f.kind {
            Kind::True(p) => Some(p.clone()),
            Kind::False => Some(Proof::app(proof, Proof::lam(x, Proof::var(x)))),
            Kind::Absurd => self
                .reader
                .term(&f.ty)?
                .map(|ty| Rc::new(Proof::Absurd(ty, Proof::app(proof, Proof::constant(lib.absurd))))),
            Kind::Not(_) => {
                let given = Proof::app(Proof::var(x), Proof::var(y));
                Some(Proof::lam(y, through(given)))
            }
            Kind::And(a, b) => {
                let part = |of: fn(P) -> Proof| {
                    let whole = Proof::lam(y, Proof::app(Proof::var(x), Rc::new(of(Proof::var(y)))));
                    Proof::lam(x, Proof::app(proof.clone(), whole))
                };
                let (left, right) = (part(Proof::Fst), part(Proof::Snd));
                match (self.stable_from(a, left)?, self.stable_from(b, right)?) {
                    (Some(a), Some(b)) => Some(Rc::new(Proof::Pair(a, b))),
                    _ => None,
                }
            }
            Kind::Implies(_, b) => {
                let z = self.fresh.next();
                let whole = Proof::lam(y, Proof::app(Proof::var(x), Proof::app(Proof::var(y), Proof::var(z))));
                let cannot_fail = Proof::lam(x, Proof::app(proof, whole));
                self.stable_from(b, cannot_fail)?.map(|b| Proof::lam(z, b))
            }
            Kind::Same { other, to, back } => {
                let whole = Proof::lam(y, Proof::app(Proof::var(x), Proof::app(to.clone(), Proof::var(y))));
                let cannot_fail = Proof::lam(x, Proof::app(proof, whole));
                self.stable_from(other, cannot_fail)?.map(|p| Proof::app(back.clone(), p))
            }
            Kind::Atom(n) => match self.reader.atoms.get(*n).map(|a| a.says.clone()) {
                Some(Says::Bool(b)) => Some(Proof::call(lib.bool_stable, [Proof::data(b), proof])),
                Some(Says::Equal { of: None, left, right }) => {
                    Some(Proof::call(lib.nat_stable, [Proof::data(left), Proof::data(right), proof]))
                }
                Some(Says::Equal { of: Some(n), left, right }) => {
                    Some(Proof::call(lib.fin_stable, [Proof::data(n), Proof::data(left), Proof::data(right), proof]))
                }
                Some(Says::All(dom, body)) => {
                    let (level, v) = self.reader.variable(dom);
                    let at = self.reader.m.inst(&body, v);
                    let Some(inner) = self.reader.read(&at)? else { return Ok(None) };
                    let whole = Proof::lam(y, Proof::app(Proof::var(x), Proof::app(Proof::var(y), Proof::var(level))));
                    let cannot_fail = Proof::lam(x, Proof::app(proof, whole));
                    self.stable_from(&inner, cannot_fail)?.map(|p| Proof::lam(level, p))
                }
                Some(Says::Opaque) | None => None,
            },
        })
    }

    /// As `stable`, where the proof is a function that is written out and so has no type of its own: it is named first.
    pub fn stable_from(&mut self, f: &F, cannot_fail: P) -> Res<Option<P>> {
        let name = self.fresh.next();
        let Some(ty) = self.reader.term(&f.ty)? else { return Ok(None) };
        let named = self.stable(f, Proof::var(name))?;
        let twice = crate::ground::proof::negation(&crate::ground::proof::negation(&ty));
        Ok(named.map(|p| Rc::new(Proof::Let(name, twice, cannot_fail, p))))
    }

    /// `A -> Empty` for an atom, as a numbered term.
    pub fn refuted(&self, atom: usize) -> Option<Term> {
        let written = self.reader.atoms.get(atom)?.written.clone();
        Some(Rc::new(Node::Pi(written, Rc::new(Node::Prim(Prim::Empty)))))
    }
}
