//! Types as formulas. An implication is a function type whose result does not depend on the argument, a conjunction such a pair type, a
//! disjunction a data type like `Sum`, and everything else is an atom. Atoms are one where the kernel can convert one to the other.

use crate::formula::{Formula, Id, Table};
use bfv_format::{DataRef, Node, Prim, Term};
use bfv_kernel::{Ctx, Ivl, Machine, Res, V, Val};
use bfv_search::Lemma;
use bfv_search::shift::rename;
use std::collections::HashMap;
use std::rc::Rc;

/// More parts than this, and what is left stays an atom.
const PARTS: usize = 20_000;

/// Reads types in one context.
pub struct Reader<'a> {
    machine: &'a Machine<'a>,
    ctx: &'a Ctx,
    /// The formulas that were read.
    pub table: Table,
    atoms: Vec<V>,
    /// The type of each formula that was read, in the context.
    types: HashMap<Id, Term>,
    /// The formula of each type that was read: what stands inside of others many times is read once.
    known: HashMap<Term, Id>,
    /// The data type that stands for disjunction, in the order in which it was met.
    sums: HashMap<Id, DataRef>,
    parts: usize,
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing.
    #[must_use]
    pub fn new(machine: &'a Machine<'a>, ctx: &'a Ctx) -> Self {
        let (types, known, sums) = (HashMap::new(), HashMap::new(), HashMap::new());
        Reader { machine, ctx, table: Table::default(), atoms: Vec::new(), types, known, sums, parts: 0 }
    }

    /// The formula of a type.
    ///
    /// # Errors
    /// The evaluator refuses.
    pub fn read(&mut self, ty: &V) -> Res<Id> {
        let written = self.machine.quote(self.ctx, ty)?;
        if let Some(id) = self.known.get(&written) {
            return Ok(*id);
        }
        self.parts += 1;
        let id = match &*self.machine.whnf(ty)? {
            _ if self.parts > PARTS => self.atom(ty)?,
            Val::Prim(Prim::Empty) => self.table.id(Formula::False),
            Val::Prim(Prim::Unit) => self.table.id(Formula::True),
            Val::Pi(a, b) => match self.constant(a, |x| self.machine.inst(b, x))? {
                Some(b) => {
                    let (a, b) = (self.read(a)?, self.read(&b)?);
                    self.table.imp(a, b)
                }
                None => self.atom(ty)?,
            },
            Val::Sigma(a, b) => match self.constant(a, |x| self.machine.inst(b, x))? {
                Some(b) => {
                    let (a, b) = (self.read(a)?, self.read(&b)?);
                    self.table.and(a, b)
                }
                None => self.atom(ty)?,
            },
            Val::Data(d, parameters) if self.is_sum(*d) => {
                let [a, b] = &**parameters else { return self.atom(ty) };
                let (a, b) = (self.read(a)?, self.read(b)?);
                let id = self.table.or(a, b);
                if *self.sums.entry(id).or_insert(*d) == *d { id } else { self.atom(ty)? }
            }
            _ => self.atom(ty)?,
        };
        self.types.entry(id).or_insert_with(|| written.clone());
        self.known.insert(written, id);
        Ok(id)
    }

    /// The value of a family that does not depend on its argument; nothing where it does.
    fn constant(&self, domain: &V, family: impl Fn(V) -> V) -> Res<Option<V>> {
        let (inner, x) = self.machine.bind(self.ctx, domain.clone());
        let written = self.machine.quote(&inner, &family(x))?;
        let lowered = rename(&written, 0, 0, &mut |n| n.checked_sub(1), &mut Some);
        Ok(lowered.map(|t| self.machine.eval(&self.ctx.env, &t)))
    }

    /// Two constructors, each of which has one parameter as its only field.
    fn is_sum(&self, d: DataRef) -> bool {
        let Some(decl) = self.machine.globals().data(d.id) else { return false };
        let field = |c: usize, index: u32| {
            decl.constructors.get(c).is_some_and(|c| {
                c.dims == 0 && matches!(c.fields.as_slice(), [f] if matches!(&**f, Node::Var(n) if *n == index))
            })
        };
        decl.params.len() == 2 && decl.constructors.len() == 2 && field(0, 1) && field(1, 0)
    }

    fn atom(&mut self, ty: &V) -> Res<Id> {
        for (n, known) in (0..).zip(&self.atoms) {
            if self.machine.conv_type(self.ctx, known, ty)? {
                return Ok(self.table.atom(n));
            }
        }
        let n = u32::try_from(self.atoms.len()).unwrap_or(u32::MAX);
        self.atoms.push(ty.clone());
        Ok(self.table.atom(n))
    }

    /// A proof that each atom follows from its double negation, where a lemma says so: orders and equations of numbers, truth of Booleans.
    /// The first is the number of the statement.
    ///
    /// # Errors
    /// The evaluator refuses.
    pub fn stable(&mut self, lemmas: &[Lemma]) -> Res<Vec<(Id, Term)>> {
        let mut found = Vec::new();
        for (n, ty) in (0..).zip(self.atoms.clone()) {
            let Some((carrier, sides)) = self.equation(&ty)? else { continue };
            let Some(lemma) = lemmas.iter().find(|l| l.has(&format!("logic.stable_{carrier}"))) else { continue };
            let constant = Rc::new(Node::Const { id: lemma.id, shift: 0 });
            let proof = sides.into_iter().fold(constant, |f, a| Rc::new(Node::App(f, a)));
            let atom = self.table.atom(n);
            let no = self.table.not(atom);
            let no_no = self.table.not(no);
            found.push((self.table.imp(no_no, atom), proof));
        }
        Ok(found)
    }

    /// The carrier of an equation whose sides are numbers, or of which the right one is `true`, and what its lemma is told.
    fn equation(&self, ty: &V) -> Res<Option<(&'static str, Vec<Term>)>> {
        let m = self.machine;
        let w = m.whnf(ty)?;
        let Val::Path(line, a, b) = &*w else { return Ok(None) };
        let carrier = match &*m.whnf(&m.dinst(line, Ivl::Zero))? {
            Val::Prim(Prim::Bool) if matches!(&*m.whnf(b)?, Val::Prim(Prim::True)) => {
                return Ok(Some(("bool", vec![m.quote(self.ctx, a)?])));
            }
            Val::Prim(Prim::Nat) => "nat",
            Val::Prim(Prim::Int) => "int",
            Val::Prim(Prim::Real) => "real",
            _ => return Ok(None),
        };
        Ok(Some((carrier, vec![m.quote(self.ctx, a)?, m.quote(self.ctx, b)?])))
    }

    /// An atom as a type in the context.
    ///
    /// # Errors
    /// The evaluator refuses, or there is no such atom.
    pub fn atom_type(&self, n: u32) -> Res<Option<Term>> {
        let at = usize::try_from(n).ok().and_then(|n| self.atoms.get(n));
        at.map(|ty| self.machine.quote(self.ctx, ty)).transpose()
    }

    /// The type of a formula as it was read, in the context; nothing for one that was made of others.
    pub(crate) fn written(&self, id: Id) -> Option<&Term> {
        self.types.get(&id)
    }

    /// The universe of a type that was read.
    pub(crate) fn universe(&self, written: &Term) -> Option<u32> {
        self.machine.check_type(self.ctx, written).ok()
    }

    /// The data type of a disjunction. One that was made of others takes the one that is in the highest universe.
    pub(crate) fn sum(&self, id: Id) -> Option<DataRef> {
        self.sums.get(&id).or_else(|| self.sums.values().max_by_key(|d| (d.shift, d.id))).copied()
    }
}

/// A term of the context below so many binders more.
pub(crate) fn lift(t: &Term, below: u32) -> Option<Term> {
    if below == 0 { Some(t.clone()) } else { rename(t, 0, 0, &mut |n| n.checked_add(below), &mut Some) }
}
