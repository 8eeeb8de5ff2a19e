//! Reads a goal, and writes the proof of it.

use crate::lang::{Kind, Ty, Type, Var};
use crate::proof::{Clause, Lit, Name, Proof};
use crate::read::{Entry, Reader};
use crate::simplify::{Hyp, Prover, Seq};
use crate::write::Writer;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ctx, Ivl, Machine, Res, V, Val};
use bfv_search::{Budget, Goal};
use std::collections::BTreeSet;
use std::rc::Rc;

/// What a variable of the context is.
#[derive(Clone, Copy)]
enum Bound {
    Type(u32),
    Var(Var),
    Name(Name),
    Nothing,
}

/// A goal as a sequent, and how it is bound.
pub struct Read {
    pub prover: Prover,
    pub seq: Seq,
    bound: Vec<Bound>,
    /// How many of these the proof has to bind.
    taken: u32,
}

/// A goal that is about data; none when it is about something else.
pub fn read(goal: &Goal<'_>, wish: Budget) -> Res<Option<Read>> {
    let m = goal.machine;
    let mut scope = Scope {
        m,
        reader: Reader::new(m),
        ctx: Ctx::default(),
        env: Vec::new(),
        bound: Vec::new(),
        names: 0,
        hyps: Vec::new(),
    };
    for ty in &goal.ctx.types {
        let (inner, _) = m.bind(&scope.ctx, ty.clone());
        scope.bind(ty)?;
        scope.ctx = inner;
    }
    if !goal.ctx.dims.is_empty() {
        return Ok(None);
    }
    let given = scope.bound.len();
    scope.ctx = goal.ctx.clone();
    let mut target = goal.target.clone();
    loop {
        let w = m.whnf(&target)?;
        let Val::Pi(a, b) = &*w else { break };
        let (inner, x) = m.bind(&scope.ctx, a.clone());
        scope.bind(a)?;
        scope.ctx = inner;
        target = m.inst(b, x);
    }
    let Some(concl) = scope.lit(&target)? else { return Ok(None) };
    if !scope.computes(concl) {
        return Ok(None);
    }
    let Scope { reader, bound, names, hyps, .. } = scope;
    let taken = u32::try_from(bound.len() - given).unwrap_or(u32::MAX);
    let mut prover = Prover::new(reader.l, wish);
    prover.names = names;
    Ok(Some(Read { prover, seq: Seq { hyps, goal: concl }, bound, taken }))
}

struct Scope<'m> {
    m: &'m Machine<'m>,
    reader: Reader<'m>,
    ctx: Ctx,
    env: Vec<Entry>,
    bound: Vec<Bound>,
    names: Name,
    hyps: Vec<Hyp>,
}

impl Scope<'_> {
    /// One more variable: a type, data, or a hypothesis. What is none of these cannot be used.
    fn bind(&mut self, ty: &V) -> Res<()> {
        let w = self.m.whnf(ty)?;
        let (entry, bound) = match &*w {
            Val::Univ(_) => {
                let k = u32::try_from(self.env.len()).unwrap_or(u32::MAX);
                (Entry::Type(self.reader.l.ty(Type::Var(k))), Bound::Type(k))
            }
            _ => match self.ty(ty)? {
                Some(t) => {
                    let (v, x) = self.reader.l.fresh_term(t);
                    (Entry::Term(x), Bound::Var(v))
                }
                None => match self.clause(ty)? {
                    Some(clause) => {
                        self.names += 1;
                        let name = self.names;
                        self.hyps.push(Hyp { name, clause: Rc::new(clause), hint: Vec::new() });
                        (Entry::Opaque, Bound::Name(name))
                    }
                    None => (Entry::Opaque, Bound::Nothing),
                },
            },
        };
        self.env.push(entry);
        self.bound.push(bound);
        Ok(())
    }

    /// Whether something in a statement or hypothesis is a definition by cases, or made by a constructor of parts.
    fn computes(&self, concl: Lit) -> bool {
        let mut terms = Vec::new();
        Clause::plain(concl).terms(&mut terms);
        self.hyps.iter().for_each(|h| h.clause.terms(&mut terms));
        let mut symbols = BTreeSet::new();
        terms.iter().for_each(|t| self.reader.l.symbols_of(*t, &mut symbols));
        // What is only about the numbers of the theory is arithmetic, which others are for.
        let declared = |ty| matches!(self.reader.l.type_of_ty(ty), Type::Data(..));
        symbols.iter().map(|s| self.reader.l.sym(*s)).any(|s| match s.kind {
            Kind::Con(ty, _) => declared(ty) && !s.params.is_empty(),
            Kind::Const(..) | Kind::Elim(..) => s.tree.is_some(),
            Kind::Prim(_) | Kind::Table(_) => false,
        })
    }

    fn quoted(&self, v: &V) -> Res<Term> {
        self.m.quote(&self.ctx, v)
    }

    fn ty(&mut self, ty: &V) -> Res<Option<Ty>> {
        let w = self.m.whnf(ty)?;
        if matches!(&*w, Val::Path(..) | Val::Univ(_) | Val::Prim(Prim::Empty) | Val::Sigma(..)) {
            return Ok(None);
        }
        let t = self.quoted(ty)?;
        Ok(self.reader.ty(&t, &self.env))
    }

    fn clause(&mut self, ty: &V) -> Res<Option<Clause>> {
        let w = self.m.whnf(ty)?;
        match &*w {
            Val::Pi(a, b) => {
                let data = self.ty(a)?;
                let prem = if data.is_some() { None } else { self.clause(a)? };
                let entry = match (data, &prem) {
                    (Some(t), _) => {
                        let (v, x) = self.reader.l.fresh_term(t);
                        (Entry::Term(x), Some(v))
                    }
                    (None, Some(_)) => (Entry::Opaque, None),
                    (None, None) => return Ok(None),
                };
                let outer = self.ctx.clone();
                let (inner, x) = self.m.bind(&outer, a.clone());
                self.ctx = inner;
                self.env.push(entry.0);
                let rest = self.clause(&self.m.inst(b, x));
                self.env.pop();
                self.ctx = outer;
                let Some(mut rest) = rest? else { return Ok(None) };
                if let Some(v) = entry.1 {
                    // Variables come before premises in the statements that are used here.
                    rest.vars.insert(0, v);
                } else if let Some(p) = prem {
                    if !rest.vars.is_empty() {
                        return Ok(None);
                    }
                    rest.prems.insert(0, p);
                }
                Ok(Some(rest))
            }
            _ => Ok(self.lit(ty)?.map(Clause::plain)),
        }
    }

    fn lit(&mut self, ty: &V) -> Res<Option<Lit>> {
        let w = self.m.whnf(ty)?;
        Ok(match &*w {
            Val::Prim(Prim::Empty) => Some(Lit::Bot),
            Val::Path(line, a, b) => {
                let of = self.m.dinst(line, Ivl::Zero);
                if !self.m.conv_type(&self.ctx, &of, &self.m.dinst(line, Ivl::One))? || self.ty(&of)?.is_none() {
                    return Ok(None);
                }
                let (a, b) = (self.quoted(a)?, self.quoted(b)?);
                let a = self.reader.term(&a, &self.env);
                let b = self.reader.term(&b, &self.env);
                a.zip(b).map(|(a, b)| Lit::Eq(a, b))
            }
            _ => None,
        })
    }
}

impl Read {
    /// The proof as a term, with the lemmas that it rests on.
    pub fn write(&mut self, proof: Proof, lemmas: &[(Name, Rc<Clause>, Proof)]) -> Option<Term> {
        let mut proof = proof;
        for (name, clause, p) in lemmas.iter().rev() {
            if uses(&proof, *name) {
                proof = Proof::Lemma(*name, (**clause).clone(), Box::new(p.clone()), Box::new(proof));
            }
        }
        let mut w = Writer::new(&mut self.prover.l);
        for b in &self.bound {
            match b {
                Bound::Type(k) => {
                    w.types.insert(*k, w.depth);
                    w.depth += 1;
                }
                Bound::Var(v) => w.bind_var(*v),
                Bound::Name(name) => w.bind_name(*name),
                Bound::Nothing => w.depth += 1,
            }
        }
        let body = w.proof(&proof)?;
        Some((0..self.taken).fold(body, |t, _| Rc::new(Node::Lam(t))))
    }
}

/// Whether a proof mentions a lemma.
fn uses(p: &Proof, name: Name) -> bool {
    use crate::proof::{Fact, Step};
    fn fact(f: &Fact, name: Name) -> bool {
        match f {
            Fact::Inst(n, _, prems) => *n == name || prems.iter().any(|p| uses(p, name)),
            Fact::Field(f, ..) => fact(f, name),
            Fact::Along(_, s, f) => step(s, name) || fact(f, name),
        }
    }
    fn step(s: &Step, name: Name) -> bool {
        fact(&s.fact, name)
    }
    match p {
        Proof::Refl(_) => false,
        Proof::Rewrite(_, s, rest) => step(s, name) || uses(rest, name),
        Proof::Fields(_, _, ps) => ps.iter().any(|p| uses(p, name)),
        Proof::Let(_, _, f, rest) => fact(f, name) || uses(rest, name),
        Proof::Lemma(_, _, p, rest) => uses(p, name) || uses(rest, name),
        Proof::Intro(_, _, rest) => uses(rest, name),
        Proof::Clash(f, ..) | Proof::Absurd(f, _) | Proof::Exact(f) => fact(f, name),
        Proof::Split(_, _, cases) => cases.iter().any(|c| uses(&c.2, name)),
        Proof::Induct(i) => i.cases.iter().any(|c| uses(&c.proof, name)),
    }
}
