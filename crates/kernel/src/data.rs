//! Data types, `sctt/KERNEL.md` section 4: declarations, field types, branches of eliminators, their computation.

use crate::check::Ctx;
use crate::machine::Machine;
use crate::refusal::{ARITY, CONSTANT, POSITIVITY, Res, UNIVERSE, refuse};
use crate::value::{Clo, Elim, Env, Native, V, Val};
use bfv_format::{Constructor, DataDecl, DataRef, Node, Term};
use std::rc::Rc;

/// A length as an index.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A length as an amount of work.
pub(crate) fn length(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Whether a field type is recursive: `D params` under any number of arrows. The declaration was checked, so the head suffices.
fn is_recursive(field: &Term, id: u32) -> bool {
    match &**field {
        Node::Pi(_, b) => is_recursive(b, id),
        Node::Data(d, _) => d.id == id,
        _ => false,
    }
}

impl Machine<'_> {
    pub(crate) fn data(&self, d: DataRef) -> Res<Rc<DataDecl>> {
        match self.globals.data(d.id) {
            Some(decl) => Ok(decl),
            None => refuse(CONSTANT, format!("Position {} is no data type.", d.id)),
        }
    }

    pub(crate) fn constructor(&self, d: &DataDecl, c: u32) -> Res<Constructor> {
        match usize::try_from(c).ok().and_then(|c| d.constructors.get(c)) {
            Some(c) => Ok(c.clone()),
            None => refuse(ARITY, format!("There is no constructor number {c}.")),
        }
    }

    /// The type of the next field of a constructor, at parameters and earlier fields.
    pub fn field_type(&self, d: DataRef, con: u32, params: &[V], given: &[V]) -> Res<V> {
        let c = self.constructor(&*self.data(d)?, con)?;
        self.charge(length(params.len() + given.len() + c.fields.len()) / 16);
        let Some(field) = c.fields.get(given.len()) else {
            return refuse(ARITY, "A constructor has fewer fields than this.");
        };
        let terms = params.iter().chain(given).fold(crate::List::default(), |l, v| l.push(v.clone()));
        Ok(self.eval(&Env { terms, shift: d.shift, ..Env::default() }, field))
    }

    /// The type of the n-th parameter, at earlier parameters.
    pub fn param_type(&self, d: DataRef, given: &[V]) -> Res<V> {
        let decl = self.data(d)?;
        let Some(p) = decl.params.get(given.len()) else {
            return refuse(ARITY, "A data type has fewer parameters than this.");
        };
        let terms = given.iter().fold(crate::List::default(), |l, v| l.push(v.clone()));
        Ok(self.eval(&Env { terms, shift: d.shift, ..Env::default() }, p))
    }

    /// Rule `data-elim`: the type that the branch of a constructor must have.
    pub fn branch_type(&self, d: DataRef, con: u32, params: &Rc<[V]>, motive: &Clo) -> Res<V> {
        Ok(self.shared(self.branch_from(d, con, params, Vec::new(), motive)?))
    }

    pub(crate) fn branch_from(&self, d: DataRef, c: u32, ps: &Rc<[V]>, given: Vec<V>, m: &Clo) -> Res<Rc<Val>> {
        let total = self.constructor(&*self.data(d)?, c)?.fields.len();
        if given.len() < total {
            let ty = self.field_type(d, c, ps, &given)?;
            let rest = Native::Branch(d, c, ps.clone(), given, m.clone());
            return Ok(self.done(Val::Pi(ty, Clo::Native(Rc::new(rest)))));
        }
        self.hypotheses_from(d, c, ps, &given, m, 0)
    }

    /// The hypotheses for recursive fields from number `next` on, then the motive at the constructor.
    pub(crate) fn hypotheses_from(
        &self,
        d: DataRef,
        c: u32,
        ps: &Rc<[V]>,
        given: &[V],
        m: &Clo,
        next: usize,
    ) -> Res<Rc<Val>> {
        let con = self.constructor(&*self.data(d)?, c)?;
        for (n, field) in con.fields.iter().enumerate().skip(next) {
            if let Some(x) = given.get(n)
                && is_recursive(field, d.id)
            {
                let ty = self.field_type(d, c, ps, given.get(..n).unwrap_or(&[]))?;
                let hypothesis = self.shared(self.hypothesis(&ty, x, m)?);
                let rest = Native::Hypotheses(d, c, ps.clone(), given.to_vec(), m.clone(), n + 1);
                return Ok(self.done(Val::Pi(hypothesis, Clo::Native(Rc::new(rest)))));
            }
        }
        self.folded(&self.inst(m, self.value(Val::Con(d, c, ps.clone(), given.to_vec().into()))))
    }

    /// `M x` for a field x of type `D params`; `(a : A) -> M (x a)` for one of type `(a : A) -> D params`.
    pub(crate) fn hypothesis(&self, ty: &V, x: &V, m: &Clo) -> Res<Rc<Val>> {
        match &*self.whnf(ty)? {
            Val::Pi(dom, cod) => {
                let rest = Native::Hypothesis(cod.clone(), x.clone(), m.clone());
                Ok(self.done(Val::Pi(dom.clone(), Clo::Native(Rc::new(rest)))))
            }
            _ => self.folded(&self.inst(m, x.clone())),
        }
    }

    /// The eliminator at a recursive field.
    pub(crate) fn recurse(&self, ty: &V, x: &V, e: &Elim) -> Res<V> {
        match &*self.whnf(ty)? {
            Val::Pi(_, cod) => {
                let rest = Native::Recurse(cod.clone(), x.clone(), e.clone());
                Ok(self.value(Val::Lam(Clo::Native(Rc::new(rest)))))
            }
            _ => Ok(self.elim(x, e.clone())),
        }
    }

    /// The eliminator meets a constructor.
    pub(crate) fn match_constructor(&self, d: DataRef, c: u32, xs: &Rc<[V]>, e: &Elim) -> Res<Rc<Val>> {
        let Elim::DataElim(_, ps, _, branches) = e else { return refuse(ARITY, "No eliminator of a data type.") };
        let Some(branch) = usize::try_from(c).ok().and_then(|c| branches.get(c)) else {
            return refuse(ARITY, format!("There is no branch for constructor number {c}."));
        };
        let con = self.constructor(&*self.data(d)?, c)?;
        let mut out = xs.iter().fold(branch.clone(), |f, x| self.apply(&f, x.clone()));
        for (n, field) in con.fields.iter().enumerate() {
            if let Some(x) = xs.get(n)
                && is_recursive(field, d.id)
            {
                let ty = self.field_type(d, c, ps, xs.get(..n).unwrap_or(&[]))?;
                out = self.apply(&out, self.recurse(&ty, x, e)?);
            }
        }
        self.folded(&out)
    }

    /// Checks a data declaration that will stand at position `id`.
    pub(crate) fn check_data(&self, id: u32, decl: &DataDecl) -> Res<()> {
        let mut ctx = Ctx::default();
        for p in &decl.params {
            if mentions(p, id) {
                return refuse(POSITIVITY, "A data type occurs in its own parameters.");
            }
            self.check_type(&ctx, p)?;
            ctx = self.bind(&ctx, self.eval(&ctx.env, p)).0;
        }
        let params = count(decl.params.len());
        for c in &decl.constructors {
            let mut ctx = ctx.clone();
            for (n, field) in c.fields.iter().enumerate() {
                positive(field, id, params, count(n))?;
                let level = self.check_type(&ctx, field)?;
                if level > decl.level {
                    return refuse(
                        UNIVERSE,
                        format!("A field of universe {level} stands in a data type of universe {}.", decl.level),
                    );
                }
                ctx = self.bind(&ctx, self.eval(&ctx.env, field)).0;
            }
        }
        Ok(())
    }
}

/// Whether a data type occurs in a term at all.
fn mentions(t: &Term, id: u32) -> bool {
    let mut found = false;
    crate::walk::visit(t, &mut |n| {
        found |= match n {
            Node::Data(d, _) | Node::Con(d, ..) | Node::DataElim(d, ..) => d.id == id,
            Node::Const { id: c, .. } => *c >= id,
            _ => false,
        }
    });
    found
}

/// Strict positivity: the data type may occur only as `D params` at the end of arrows whose sources are free of it.
fn positive(field: &Term, id: u32, params: u32, depth: u32) -> Res<()> {
    if !mentions(field, id) {
        return Ok(());
    }
    match &**field {
        Node::Pi(a, b) if !mentions(a, id) => positive(b, id, params, depth + 1),
        Node::Data(d, ps) if d.id == id && d.shift == 0 && count(ps.len()) == params => {
            let same = ps.iter().zip(0u32..).all(|(p, n)| matches!(&**p, Node::Var(i) if *i == params + depth - 1 - n));
            if same { Ok(()) } else { refuse(POSITIVITY, "A recursive field has other parameters than the data type.") }
        }
        _ => refuse(POSITIVITY, "A data type occurs in a field elsewhere than at the end of its arrows."),
    }
}
