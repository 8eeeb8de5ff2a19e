//! The domain of an operator: where all its partial operations are used as meant. Operations are total, so an operator has a value
//! everywhere; `F.domain` is the conjunction of the side conditions of what F computes, such as denominators that are not zero.
//!
//! A constant `c` has side conditions of its own when a constant `c.domain` with the same parameters is declared.

use crate::arith::equal;
use crate::elab::Elab;
use crate::expr::{negate, up};
use crate::walk::{self, Argument, Depth};
use bfv_format::{Node, Prim, Rational, Term};
use bfv_kernel::{Ctx, Globals, Res, V, Val};
use std::rc::Rc;

/// Side conditions; `None` where they cannot be read off, as below a recursion that uses a partial operation.
type Conditions = Option<Vec<Term>>;

fn join(parts: impl IntoIterator<Item = Res<Conditions>>) -> Res<Conditions> {
    let mut out: Vec<Term> = Vec::new();
    for part in parts {
        let Some(part) = part? else { return Ok(None) };
        for c in part {
            if !out.contains(&c) {
                out.push(c);
            }
        }
    }
    Ok(Some(out))
}

/// `c = true` for a Boolean: where c compares numbers, this is the order itself.
fn holds(c: &Term) -> Term {
    equal(&Rc::new(Node::Prim(Prim::Bool)), c.clone(), Rc::new(Node::Prim(Prim::True)))
}

impl Elab<'_> {
    /// The domain of a definition with so many parameters, as a closed function of them: type and body.
    /// `None` when the definition recurses through a partial operation.
    pub fn domain(&self, ty: &Term, body: &Term, params: usize) -> Res<Option<(Term, Term)>> {
        let (mut ctx, mut domains, mut ty, mut body) = (Ctx::default(), Vec::new(), ty.clone(), body.clone());
        for _ in 0..params {
            let (Node::Pi(a, b), Node::Lam(inner)) = (&*ty.clone(), &*body.clone()) else { return Ok(None) };
            ctx = self.m.bind(&ctx, self.m.eval(&ctx.env, a)).0;
            domains.push(a.clone());
            (ty, body) = (b.clone(), inner.clone());
        }
        let Some(found) = self.conditions(&ctx, &body, &self.m.eval(&ctx.env, &ty))? else { return Ok(None) };
        let all = found.into_iter().rev().reduce(|rest, c| Rc::new(Node::Sigma(c, up(&rest))));
        let all = all.unwrap_or_else(|| Rc::new(Node::Prim(Prim::Unit)));
        let level = match self.m.infer(&ctx, &all).map(|u| self.m.whnf(&u)) {
            Ok(Ok(u)) => match &*u {
                Val::Univ(n) => *n,
                _ => 0,
            },
            _ => 0,
        };
        let ty = domains.iter().rev().fold(Rc::new(Node::Univ(level)), |t, a| Rc::new(Node::Pi(a.clone(), t)));
        let body = domains.iter().fold(all, |t, _| Rc::new(Node::Lam(t)));
        Ok(Some((ty, body)))
    }

    /// The side conditions of a term of a type.
    fn conditions(&self, ctx: &Ctx, t: &Term, ty: &V) -> Res<Conditions> {
        if !self.partial(t) {
            return Ok(Some(Vec::new()));
        }
        match &**t {
            Node::Lam(b) => {
                let w = self.m.whnf(ty)?;
                let Val::Pi(dom, cod) = &*w else { return Ok(None) };
                let (inner, x) = self.m.bind(ctx, dom.clone());
                let dom = self.m.quote(ctx, dom)?;
                let found = self.conditions(&inner, b, &self.m.inst(cod, x))?;
                Ok(found.map(|cs| cs.into_iter().map(|c| Rc::new(Node::Pi(dom.clone(), c))).collect()))
            }
            Node::Pair(a, b) => {
                let w = self.m.whnf(ty)?;
                let Val::Sigma(first, second) = &*w else { return Ok(None) };
                let second = self.m.inst(second, self.m.eval(&ctx.env, a));
                join([self.conditions(ctx, a, first), self.conditions(ctx, b, &second)])
            }
            Node::Let(_, v, b) => self.conditions(ctx, &walk::instantiate(b, std::slice::from_ref(v), &[]), ty),
            Node::Fst(p) | Node::Snd(p) => self.conditions(ctx, p, &self.m.infer(ctx, p)?),
            Node::BoolElim(_, yes, no, c) => {
                let bool_ty = self.prim(Prim::Bool);
                let branch = |b: &Term, when: Term| -> Res<Conditions> {
                    let found = self.conditions(ctx, b, &self.m.infer(ctx, t)?)?;
                    Ok(found.map(|cs| cs.iter().map(|p| Rc::new(Node::Pi(when.clone(), up(p)))).collect()))
                };
                join([self.conditions(ctx, c, &bool_ty), branch(yes, holds(c)), branch(no, negate(&holds(c)))])
            }
            Node::App(..) | Node::Const { .. } => self.conditions_of_call(ctx, t),
            _ => Ok(None),
        }
    }

    fn conditions_of_call(&self, ctx: &Ctx, t: &Term) -> Res<Conditions> {
        let (head, args) = walk::unapply(t);
        let terms: Option<Vec<&Term>> =
            args.iter().map(|a| if let Argument::Term(a) = a { Some(a) } else { None }).collect();
        let Some(terms) = terms else { return Ok(None) };
        let of_arguments = |own: Vec<Term>| -> Res<Conditions> {
            let mut ty = self.m.infer(ctx, &head)?;
            let mut parts = vec![Ok(Some(own))];
            for a in &terms {
                let w = self.m.whnf(&ty)?;
                let Val::Pi(dom, cod) = &*w else { return Ok(None) };
                parts.push(self.conditions(ctx, a, dom));
                ty = self.m.inst(cod, self.m.eval(&ctx.env, a));
            }
            join(parts)
        };
        match (&*head, terms.as_slice()) {
            (Node::Prim(Prim::RealInv), [x]) => {
                let zero = Rational { num: 0u8.into(), den: 1u8.into() };
                let own = match &***x {
                    Node::RealLit(r) if *r != zero => Vec::new(),
                    _ => {
                        let zero = Rc::new(Node::RealLit(zero));
                        vec![negate(&equal(&Rc::new(Node::Prim(Prim::Real)), (*x).clone(), zero))]
                    }
                };
                of_arguments(own)
            }
            (Node::Const { id, shift }, _) => {
                if let Some((domain, arity)) = self.declared_domain(*id) {
                    let Some(given) = args.get(..arity) else { return Ok(None) };
                    let own = walk::apply(&Rc::new(Node::Const { id: domain, shift: *shift }), given);
                    return of_arguments(vec![own]);
                }
                match self.scratch.const_body(*id) {
                    Some(body) if *shift == 0 && self.partial(&head) => {
                        let opened = walk::apply(&body, &args);
                        // A definition that is not applied to all its arguments is a function.
                        self.conditions(ctx, &opened, &self.m.infer(ctx, t)?)
                    }
                    _ => of_arguments(Vec::new()),
                }
            }
            (Node::Lam(_), _) => self.conditions(ctx, &walk::apply(&head, &args), &self.m.infer(ctx, t)?),
            (Node::Var(_) | Node::Prim(_), _) => of_arguments(Vec::new()),
            _ => Ok(None),
        }
    }

    /// The constant `c.domain` of a constant c, and how many arguments it takes.
    fn declared_domain(&self, id: u32) -> Option<(u32, usize)> {
        let domain = self.names.domain_of(id)?;
        let (mut ty, mut arity) = (self.scratch.const_type(domain)?, 0);
        while let Node::Pi(_, b) = &*ty.clone() {
            ty = b.clone();
            arity += 1;
        }
        Some((domain, arity))
    }

    /// Whether a term uses a partial operation, or a definition that does.
    fn partial(&self, t: &Term) -> bool {
        if self.is_partial_head(t) {
            return true;
        }
        let mut found = false;
        let done: Result<Term, std::convert::Infallible> = walk::map(
            t,
            Depth::default(),
            &mut |c, _| {
                found = found || self.partial(c);
                Ok(c.clone())
            },
            &mut |r, _| Ok(r),
        );
        let Ok(_) = done;
        found
    }

    fn is_partial_head(&self, t: &Term) -> bool {
        match &**t {
            Node::Prim(Prim::RealInv) => true,
            Node::Const { id, .. } => {
                if let Some(known) = self.partial_known.borrow().get(id) {
                    return *known;
                }
                let found = self.declared_domain(*id).is_some()
                    || self.scratch.const_body(*id).is_some_and(|body| self.partial(&body));
                self.partial_known.borrow_mut().insert(*id, found);
                found
            }
            _ => false,
        }
    }
}
