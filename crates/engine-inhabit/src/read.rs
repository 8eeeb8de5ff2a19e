//! Types of the kernel as terms of the search. Data types bring their constructors and eliminators as heads; what is not understood is a head
//! that nothing else is equal to.

use crate::atom::{Atom, Case, Kind, Lead, Rule};
use crate::store::Store;
use crate::term::{Clo, Env, T, Tm, app, pis, raise, var};
use bfv_format::{Constructor, DataRef, Node, Prim, Term};
use bfv_kernel::Machine;
use bfv_search::Reason;
use bfv_search::shift::rename;
use num_traits::ToPrimitive;
use std::rc::Rc;

/// Why a goal cannot be read, and one sentence about it.
pub type Open = (Reason, String);

/// Literals up to this one are successors of zero.
const LITERAL: u32 = 8;

/// A goal with more parts than this is not read.
const PARTS: usize = 20_000;

/// More heads than this are not searched.
const ATOMS: usize = 400;

/// Reads types in one context.
pub struct Reader<'a> {
    machine: &'a Machine<'a>,
    /// The number of variables of the context.
    variables: usize,
    parts: usize,
    /// What was read.
    pub store: Store,
}

fn outside(what: &str) -> Open {
    (Reason::OutsideFragment, format!("The search for a term of a type does not know {what}."))
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing, for a context with so many variables.
    #[must_use]
    pub fn new(machine: &'a Machine<'a>, variables: usize) -> Self {
        Reader { machine, variables, parts: 0, store: Store::default() }
    }

    fn tm(&mut self, kind: Kind) -> Result<Tm, Open> {
        Ok(Rc::new(T::Atom(self.atom(kind)?)))
    }

    /// The atom of a kind, with all that belongs to it.
    fn atom(&mut self, kind: Kind) -> Result<usize, Open> {
        if let Some(n) = self.store.atoms.iter().position(|a| a.kind == kind) {
            return Ok(n);
        }
        // What belongs together is made at once, by the name of the type.
        match kind {
            Kind::Pair | Kind::Fst | Kind::Snd => self.atom(Kind::Sigma)?,
            Kind::Refl | Kind::Subst => self.atom(Kind::Path)?,
            Kind::EmptyElim => self.atom(Kind::Empty)?,
            Kind::Star => self.atom(Kind::Unit)?,
            Kind::True | Kind::False | Kind::BoolElim => self.atom(Kind::Bool)?,
            Kind::Zero | Kind::Suc | Kind::NatElim => self.atom(Kind::Nat)?,
            Kind::Con(d, _) | Kind::DataElim(d) => self.atom(Kind::Data(d))?,
            Kind::Variable(_) | Kind::Opaque(_) | Kind::Theorem(_) => return self.add(kind, None),
            kind => return self.family(kind),
        };
        let found = self.store.atoms.iter().position(|a| a.kind == kind);
        found.ok_or_else(|| outside("this constructor or eliminator"))
    }

    fn add(&mut self, kind: Kind, ty: Option<Tm>) -> Result<usize, Open> {
        let n = self.store.atoms.len();
        if n >= ATOMS {
            return Err((Reason::Unsupported, format!("The goal has more than {ATOMS} heads.")));
        }
        let constructs = matches!(kind, Kind::Pair | Kind::Refl | Kind::Star | Kind::True | Kind::False)
            || matches!(kind, Kind::Zero | Kind::Suc | Kind::Con(..));
        let atom = Atom {
            kind,
            ty,
            rule: Rule::Inert,
            scrutinee: None,
            constructs,
            leads: Rc::new([]),
            sum: false,
            offered: true,
        };
        self.store.atoms.push(atom);
        Ok(n)
    }

    fn eliminator(&mut self, kind: Kind, ty: Tm, first: usize, cases: Vec<Case>) -> Result<usize, Open> {
        let n = self.add(kind, Some(ty))?;
        if let Some(atom) = self.store.atoms.get_mut(n) {
            atom.scrutinee = Some(first + cases.len());
            atom.rule = Rule::Elim(first, cases);
        }
        Ok(n)
    }

    /// A type former with its constructors and eliminators.
    fn family(&mut self, kind: Kind) -> Result<usize, Open> {
        let u = |l: u32| Rc::new(T::Univ(Some(l)));
        let any = || Rc::new(T::Univ(None));
        let pi = |a: Tm, b: Tm| Rc::new(T::Pi(a, b));
        let unary = |m: usize| app(var(m), vec![var(0)]);
        match kind {
            Kind::Empty => {
                let n = self.add(Kind::Empty, Some(u(0)))?;
                let empty: Tm = Rc::new(T::Atom(n));
                let ty = pi(pi(empty.clone(), any()), pi(empty, unary(1)));
                self.eliminator(Kind::EmptyElim, ty, 1, Vec::new())?;
                Ok(n)
            }
            Kind::Unit => {
                let n = self.add(Kind::Unit, Some(u(0)))?;
                self.add(Kind::Star, Some(Rc::new(T::Atom(n))))?;
                Ok(n)
            }
            Kind::Bool => {
                let n = self.add(Kind::Bool, Some(u(0)))?;
                let bool: Tm = Rc::new(T::Atom(n));
                let yes = self.add(Kind::True, Some(bool.clone()))?;
                let no = self.add(Kind::False, Some(bool.clone()))?;
                let at = |m: usize, c: usize| app(var(m), vec![Rc::new(T::Atom(c))]);
                let ty =
                    pis([pi(bool.clone(), any()), at(0, yes), at(1, no), bool].into_iter(), app(var(3), vec![var(0)]));
                let case = |con| Case { con, params: 0, recursive: Vec::new() };
                self.eliminator(Kind::BoolElim, ty, 1, vec![case(yes), case(no)])?;
                Ok(n)
            }
            Kind::Nat => {
                let n = self.add(Kind::Nat, Some(u(0)))?;
                let nat: Tm = Rc::new(T::Atom(n));
                let zero = self.add(Kind::Zero, Some(nat.clone()))?;
                let suc = self.add(Kind::Suc, Some(pi(nat.clone(), nat.clone())))?;
                let next = app(Rc::new(T::Atom(suc)), vec![var(1)]);
                let step = pi(nat.clone(), pi(app(var(2), vec![var(0)]), app(var(3), vec![next])));
                let base = app(var(0), vec![Rc::new(T::Atom(zero))]);
                let ty = pis([pi(nat.clone(), any()), base, step, nat].into_iter(), app(var(3), vec![var(0)]));
                let cases = vec![
                    Case { con: zero, params: 0, recursive: Vec::new() },
                    Case { con: suc, params: 0, recursive: vec![(0, 0)] },
                ];
                self.eliminator(Kind::NatElim, ty, 1, cases)?;
                Ok(n)
            }
            Kind::Sigma => {
                let family = |a: Tm| pi(a, any());
                let n = self.add(Kind::Sigma, Some(pi(any(), pi(family(var(0)), any()))))?;
                let sigma = |a: usize, b: usize| app(Rc::new(T::Atom(n)), vec![var(a), var(b)]);
                let parts = [any(), family(var(0)), var(1), app(var(1), vec![var(0)])];
                let pair = self.add(Kind::Pair, Some(pis(parts.into_iter(), sigma(3, 2))))?;
                // Heads lead to their parts, so a projection is no head of its own.
                let fst = self.add(Kind::Fst, None)?;
                let snd = self.add(Kind::Snd, None)?;
                self.store.sigma = Some(n);
                for (projection, part) in [(fst, 2), (snd, 3)] {
                    if let Some(atom) = self.store.atoms.get_mut(projection) {
                        atom.rule = Rule::Field(pair, part);
                    }
                }
                Ok(n)
            }
            Kind::Path => {
                let n = self.add(Kind::Path, Some(pis([any(), var(0), var(1)].into_iter(), any())))?;
                let path = |a: usize, x: usize, y: usize| app(Rc::new(T::Atom(n)), vec![var(a), var(x), var(y)]);
                self.add(Kind::Refl, Some(pis([any(), var(0)].into_iter(), path(1, 0, 0))))?;
                // A x y P, p : x = y, t : P x, to P y.
                let parts = [any(), var(0), var(1), pi(var(2), any()), path(3, 2, 1), app(var(1), vec![var(3)])];
                let ty = pis(parts.into_iter(), app(var(2), vec![var(3)]));
                let subst = self.add(Kind::Subst, Some(ty))?;
                if let Some(atom) = self.store.atoms.get_mut(subst) {
                    atom.scrutinee = Some(4);
                }
                Ok(n)
            }
            Kind::Data(d) => self.data(d),
            _ => Err(outside("this term")),
        }
    }

    fn data(&mut self, d: DataRef) -> Result<usize, Open> {
        let decl = self.machine.globals().data(d.id).ok_or_else(|| outside("this data type"))?;
        let params =
            (0..).zip(&decl.params).map(|(n, p)| self.term(p, n, d.shift)).collect::<Result<Vec<Tm>, Open>>()?;
        let universe = Rc::new(T::Univ(Some(decl.level.saturating_add(d.shift))));
        let n = self.add(Kind::Data(d), Some(pis(params.clone().into_iter(), universe)))?;
        // Paths among elements are not searched for.
        if decl.constructors.iter().any(|c| c.dims > 0) {
            return Ok(n);
        }
        let count = params.len();
        // The parameters, where so many variables were bound after them.
        let given = |after: usize| (0..count).map(|i| var(count - 1 - i + after)).collect::<Vec<Tm>>();
        let of = |after: usize| app(Rc::new(T::Atom(n)), given(after));
        let motive = Rc::new(T::Pi(of(0), Rc::new(T::Univ(None))));
        let (mut cases, mut branches) = (Vec::new(), Vec::new());
        for (number, c) in (0..).zip(&decl.constructors) {
            let mut fields = Vec::new();
            for (k, f) in c.fields.iter().enumerate() {
                fields.push(self.term(f, count + k, d.shift)?);
            }
            let len = fields.len();
            let ty = pis(params.iter().cloned().chain(fields.iter().cloned()).collect::<Vec<_>>().into_iter(), of(len));
            let con = self.add(Kind::Con(d, number), Some(ty))?;
            let recursive: Vec<(usize, usize)> =
                fields.iter().enumerate().filter_map(|(k, f)| Some((k, recursion(f, n)?))).collect();
            // Below parameters, motive, earlier branches, and the fields so far.
            let before = 1 + branches.len();
            let mut domains: Vec<Tm> = fields.iter().enumerate().map(|(k, f)| raise(f, before, k)).collect();
            for (given_before, (k, arity)) in recursive.iter().enumerate() {
                let Some(f) = fields.get(*k) else { continue };
                // The type of the field, where it was, then below the fields and hypotheses that came later.
                let f = raise(&raise(f, before, *k), len - k + given_before, 0);
                domains.push(hypothesis(&f, *arity, len - 1 - k + given_before, len + given_before + before - 1));
            }
            let (all, hypotheses) = (domains.len(), recursive.len());
            let mut args = given(all + before);
            args.extend((0..len).map(|i| var(len - 1 - i + hypotheses)));
            let built = app(Rc::new(T::Atom(con)), args);
            branches.push(pis(domains.into_iter(), app(var(all + before - 1), vec![built])));
            cases.push(Case { con, params: count, recursive });
        }
        let last = branches.len();
        let telescope: Vec<Tm> = params.into_iter().chain([motive]).chain(branches).chain([of(1 + last)]).collect();
        let ty = pis(telescope.into_iter(), app(var(1 + last), vec![var(0)]));
        let one = |c: &Constructor| matches!(&c.fields[..], [f] if matches!(**f, Node::Var(_)));
        if let Some(atom) = self.store.atoms.get_mut(n) {
            atom.sum = count == 2 && last == 2 && decl.constructors.iter().all(one);
        }
        self.eliminator(Kind::DataElim(d), ty, count + 1, cases)?;
        Ok(n)
    }

    /// A term of the kernel with so many variables of its own.
    ///
    /// # Errors
    /// It has something in it that cannot be read.
    pub fn term(&mut self, t: &Term, own: usize, shift: u32) -> Result<Tm, Open> {
        let all =
            |r: &mut Self, ts: &[Term]| ts.iter().map(|t| r.term(t, own, shift)).collect::<Result<Vec<Tm>, Open>>();
        let lam = |t: Tm| Rc::new(T::Lam(t));
        // Definitions are read in full wherever they stand.
        self.parts += 1;
        if self.parts > PARTS {
            return Err((Reason::Unsupported, format!("The goal has more than {PARTS} parts.")));
        }
        Ok(match &**t {
            Node::Var(n) => {
                let n = n.to_usize().ok_or_else(|| outside("this variable"))?;
                match n.checked_sub(own) {
                    None => var(n),
                    Some(n) => {
                        let level = self.variables.checked_sub(n + 1).and_then(|l| l.to_u32());
                        self.tm(Kind::Variable(level.ok_or_else(|| outside("this variable"))?))?
                    }
                }
            }
            Node::Univ(l) => Rc::new(T::Univ(Some(l.saturating_add(shift)))),
            Node::Const { id, shift: more } => match self.machine.globals().const_body(*id) {
                Some(body) => self.term(&body, 0, shift.saturating_add(*more))?,
                None => self.tm(Kind::Opaque(Rc::new(Node::Const { id: *id, shift: shift.saturating_add(*more) })))?,
            },
            Node::Pi(a, b) => Rc::new(T::Pi(self.term(a, own, shift)?, self.term(b, own + 1, shift)?)),
            Node::Lam(b) => lam(self.term(b, own + 1, shift)?),
            Node::App(f, a) => app(self.term(f, own, shift)?, vec![self.term(a, own, shift)?]),
            Node::Let(_, v, b) => app(lam(self.term(b, own + 1, shift)?), vec![self.term(v, own, shift)?]),
            Node::Sigma(a, b) => {
                app(self.tm(Kind::Sigma)?, vec![self.term(a, own, shift)?, lam(self.term(b, own + 1, shift)?)])
            }
            Node::Pair(a, b) => {
                let any = Rc::new(T::Any);
                app(self.tm(Kind::Pair)?, [vec![any.clone(), any], all(self, &[a.clone(), b.clone()])?].concat())
            }
            Node::Fst(p) | Node::Snd(p) => {
                let kind = if matches!(&**t, Node::Fst(_)) { Kind::Fst } else { Kind::Snd };
                let any = Rc::new(T::Any);
                app(self.tm(kind)?, vec![any.clone(), any, self.term(p, own, shift)?])
            }
            Node::Path(line, a, b) => {
                let Some(ty) = rename(line, 0, 0, &mut Some, &mut |n| n.checked_sub(1)) else {
                    return Err(outside("a path over a line of types"));
                };
                app(self.tm(Kind::Path)?, all(self, &[ty, a.clone(), b.clone()])?)
            }
            Node::Prim(p) => self.prim(*p)?,
            Node::NatLit(n) => match n.to_u32().filter(|n| *n <= LITERAL) {
                Some(n) => {
                    let (zero, suc) = (self.tm(Kind::Zero)?, self.tm(Kind::Suc)?);
                    (0..n).fold(zero, |t, _| app(suc.clone(), vec![t]))
                }
                None => self.tm(Kind::Opaque(t.clone()))?,
            },
            Node::IntLit(_) | Node::RealLit(_) => self.tm(Kind::Opaque(t.clone()))?,
            Node::Data(d, ps) => app(self.tm(Kind::Data(raised(*d, shift)))?, all(self, ps)?),
            Node::Con(d, c, ps, xs, dims) if dims.is_empty() => {
                let con = self.tm(Kind::Con(raised(*d, shift), *c))?;
                app(con, [all(self, ps)?, all(self, xs)?].concat())
            }
            Node::EmptyElim(m, x) => {
                let m = lam(self.term(m, own + 1, shift)?);
                app(self.tm(Kind::EmptyElim)?, vec![m, self.term(x, own, shift)?])
            }
            Node::BoolElim(m, a, b, x) | Node::NatElim(m, a, b, x) => {
                let kind = if matches!(&**t, Node::BoolElim(..)) { Kind::BoolElim } else { Kind::NatElim };
                let m = lam(self.term(m, own + 1, shift)?);
                let rest = all(self, &[a.clone(), b.clone(), x.clone()])?;
                app(self.tm(kind)?, [vec![m], rest].concat())
            }
            Node::DataElim(d, ps, m, bs, x) => {
                let (ps, m, bs) = (all(self, ps)?, lam(self.term(m, own + 1, shift)?), all(self, bs)?);
                let x = self.term(x, own, shift)?;
                app(self.tm(Kind::DataElim(raised(*d, shift)))?, [ps, vec![m], bs, vec![x]].concat())
            }
            Node::Rule(_) | Node::IntElim(..) => return Err(outside("certificates or eliminators of whole numbers")),
            _ => return Err(outside("lines, Kan operations or Glue")),
        })
    }

    fn prim(&mut self, p: Prim) -> Result<Tm, Open> {
        self.tm(match p {
            Prim::Empty => Kind::Empty,
            Prim::Unit => Kind::Unit,
            Prim::Bool => Kind::Bool,
            Prim::Nat => Kind::Nat,
            Prim::Star => Kind::Star,
            Prim::True => Kind::True,
            Prim::False => Kind::False,
            Prim::Suc => Kind::Suc,
            p => Kind::Opaque(Rc::new(Node::Prim(p))),
        })
    }

    /// A variable of the context with its type.
    ///
    /// # Errors
    /// Its type cannot be read.
    pub fn variable(&mut self, level: u32, ty: &Term) -> Result<Tm, Open> {
        let ty = self.term(ty, 0, 0)?;
        let n = self.atom(Kind::Variable(level))?;
        if let Some(atom) = self.store.atoms.get_mut(n) {
            atom.ty = Some(ty.clone());
        }
        Ok(ty)
    }

    /// A theorem as a head.
    ///
    /// # Errors
    /// Its type cannot be read.
    pub fn theorem(&mut self, id: u32) -> Result<(), Open> {
        let ty = self.machine.globals().const_type(id).ok_or_else(|| outside("this theorem"))?;
        let ty = self.term(&ty, 0, 0)?;
        let n = self.atom(Kind::Theorem(id))?;
        if let Some(atom) = self.store.atoms.get_mut(n) {
            atom.ty = Some(ty);
        }
        Ok(())
    }

    /// Leaves only heads that first-order logic needs: elements are variables and applications of variables, or zero.
    pub fn first_order(&mut self) {
        for atom in &mut self.store.atoms {
            atom.offered =
                matches!(atom.kind, Kind::Variable(_) | Kind::Theorem(_) | Kind::Pair | Kind::Star | Kind::Zero);
        }
    }

    /// Looks at the types of all atoms, so that the search can tell what cannot fit.
    ///
    /// # Errors
    /// A type has no value.
    pub fn leads(&mut self) -> Result<(), Open> {
        for n in 0..self.store.atoms.len() {
            let Some(ty) = self.store.atoms.get(n).and_then(|a| a.ty.clone()) else { continue };
            self.store.refuel();
            let leads = self.store.leads(&Clo { env: Env::default(), tm: ty });
            let leads = leads.map_err(|_| (Reason::Unsupported, "A type takes too long to evaluate.".to_owned()))?;
            if let Some(atom) = self.store.atoms.get_mut(n) {
                // A part of what was just put together is no normal form.
                let whole = |(path, _): &&Lead| path.is_empty() || !atom.constructs;
                atom.leads = leads.iter().filter(whole).cloned().collect();
            }
        }
        Ok(())
    }
}

/// How many arguments a recursive field takes; nothing for another field.
fn recursion(field: &Tm, data: usize) -> Option<usize> {
    match &**field {
        T::Pi(_, b) => Some(recursion(b, data)? + 1),
        T::Atom(n) => (*n == data).then_some(0),
        T::App(f, _) => matches!(&**f, T::Atom(n) if *n == data).then_some(0),
        _ => None,
    }
}

/// What the eliminator gives for a recursive field of this type, with these variables for the field and the motive.
fn hypothesis(f: &Tm, arity: usize, field: usize, motive: usize) -> Tm {
    let (mut domains, mut rest) = (Vec::new(), f);
    while let (T::Pi(a, b), true) = (&**rest, domains.len() < arity) {
        domains.push(a.clone());
        rest = b;
    }
    let at = app(var(field + arity), (0..arity).rev().map(var).collect());
    pis(domains.into_iter(), app(var(motive + arity), vec![at]))
}

fn raised(d: DataRef, shift: u32) -> DataRef {
    DataRef { id: d.id, shift: d.shift.saturating_add(shift) }
}
