//! Goals and facts about equations: both sides compared part by part, variables replaced by what they equal, vectors read element by element.

use crate::arith::{ELEMENTS, Found, Prover};
use crate::reify;
use bfv_format::{Dim, Node, Prim, Term};
use bfv_kernel::{Ctx, Env, Head, Ivl, Neutral, Res, V, Val};
use bfv_search::shift::rename;
use bfv_search::{Budget, Reason};
use std::rc::Rc;

/// A term in the scope of one more dimension.
fn under_dimension(ctx: &Ctx, t: &Term) -> Option<Term> {
    // Without dimensions there is nothing to rename. That matters for proofs by arithmetic, which are not renamed.
    if ctx.dims.is_empty() {
        return Some(t.clone());
    }
    rename(t, 0, 0, &mut Some, &mut |d| d.checked_add(1))
}

/// What a comparison of two sides starts from.
struct Sides {
    /// How many variables there were: those after them are bound inside of the sides.
    outside: usize,
}

impl Prover<'_> {
    /// A goal that follows from another one by equations: its two sides differ in parts that arithmetic shows to be equal, or a
    /// variable in it equals something else by a hypothesis.
    pub fn by_equations(&self, ctx: &Ctx, target: &V, depth: u32, budget: &mut Budget) -> Found {
        // Which parts are equal does not depend on how many lemmas may be applied.
        if depth == 1
            && let Some(t) = self.part_by_part(ctx, target, budget)?
        {
            return Ok(Ok(t));
        }
        if let Some(below) = depth.checked_sub(1)
            && let Some(t) = self.replaced(ctx, target, below, budget)?
        {
            return Ok(Ok(t));
        }
        Ok(Err((Reason::Incomplete, "No lemma fits.".to_owned())))
    }

    /// An equation of numbers whose sides are the same but for parts that are equal.
    fn part_by_part(&self, ctx: &Ctx, target: &V, budget: &mut Budget) -> Res<Option<Term>> {
        let Some((_, a, b)) = reify::equation(self.m, target)? else { return Ok(None) };
        let (a, b) = (self.m.quote(ctx, &a)?, self.m.quote(ctx, &b)?);
        let sides = Sides { outside: ctx.types.len() };
        let found = self.inside(ctx, &sides, &a, &b, budget)?;
        Ok(found.map(|body| Rc::new(Node::DLam(body))))
    }

    /// A path from one term to the other: a term in the scope of one more dimension. `ty` is their type where it matters.
    fn alike(&self, ctx: &Ctx, sides: &Sides, ty: &V, a: &Term, b: &Term, budget: &mut Budget) -> Res<Option<Term>> {
        if a == b {
            return Ok(under_dimension(ctx, a));
        }
        match &*self.m.whnf(ty)? {
            Val::Prim(Prim::Nat | Prim::Int | Prim::Real) => {
                if let Some(path) = self.equal_numbers(ctx, sides, ty, a, b, budget)? {
                    return Ok(Some(path));
                }
            }
            Val::Pi(dom, cod) => {
                let (inner, x) = self.m.bind(ctx, dom.clone());
                let of = |f: &Term| -> Res<Option<Term>> {
                    let applied = self.m.apply(&self.m.eval(&ctx.env, f), x.clone());
                    self.m.quote(&inner, &applied).map(Some)
                };
                let (Some(a), Some(b)) = (of(a)?, of(b)?) else { return Ok(None) };
                let found = self.alike(&inner, sides, &self.m.inst(cod, x.clone()), &a, &b, budget)?;
                return Ok(found.map(|body| Rc::new(Node::Lam(body))));
            }
            _ => {}
        }
        self.inside(ctx, sides, a, b, budget)
    }

    /// The same for two applications, compared argument by argument.
    fn inside(&self, ctx: &Ctx, sides: &Sides, a: &Term, b: &Term, budget: &mut Budget) -> Res<Option<Term>> {
        let (Node::App(f, x), Node::App(g, y)) = (&**a, &**b) else { return Ok(None) };
        if bfv_search::shift::head_constant(f) != bfv_search::shift::head_constant(g) {
            return Ok(None);
        }
        let head = if f == g { under_dimension(ctx, f) } else { self.inside(ctx, sides, f, g, budget)? };
        let Some(head) = head else { return Ok(None) };
        let Ok(function) = self.m.infer(ctx, f) else { return Ok(None) };
        let Val::Pi(dom, _) = &*self.m.whnf(&function)? else { return Ok(None) };
        Ok(self.alike(ctx, sides, dom, x, y, budget)?.map(|argument| Rc::new(Node::App(head, argument))))
    }

    fn equal_numbers(
        &self,
        ctx: &Ctx,
        sides: &Sides,
        ty: &V,
        a: &Term,
        b: &Term,
        budget: &mut Budget,
    ) -> Res<Option<Term>> {
        let line = self.m.quote(ctx, ty)?;
        let goal = self.m.eval(&ctx.env, &Rc::new(Node::Path(line, a.clone(), b.clone())));
        let hints = self.at_bound_variables(ctx, sides)?;
        let Ok(proof) = self.prove(ctx, &goal, &hints, budget)? else { return Ok(None) };
        let lifted = (under_dimension(ctx, &proof), under_dimension(ctx, a), under_dimension(ctx, b));
        let (Some(proof), Some(a), Some(b)) = lifted else { return Ok(None) };
        Ok(Some(Rc::new(Node::PApp(proof, a, b, Dim::Var(0)))))
    }

    /// What the hypotheses for all say of the variables that are bound inside of the sides.
    fn at_bound_variables(&self, ctx: &Ctx, sides: &Sides) -> Res<Vec<Term>> {
        let mut out = Vec::new();
        for (index, ty) in (0u32..).zip(ctx.types.iter().rev()) {
            let mut parts = vec![(ty.clone(), Rc::new(Node::Var(index)))];
            while let Some((ty, proof)) = parts.pop() {
                match &*self.m.whnf(&ty)? {
                    Val::Sigma(a, b) => {
                        let first = self.m.fst(&self.m.eval(&ctx.env, &proof));
                        parts.push((a.clone(), Rc::new(Node::Fst(proof.clone()))));
                        parts.push((self.m.inst(b, first), Rc::new(Node::Snd(proof))));
                    }
                    Val::Pi(dom, cod) => {
                        for (bound, of) in (0u32..).zip(ctx.types.iter().skip(sides.outside).rev()) {
                            if self.m.conv_type(ctx, dom, of)? {
                                let at: Term = Rc::new(Node::Var(bound));
                                let said = self.m.inst(cod, self.m.eval(&ctx.env, &at));
                                parts.push((said, Rc::new(Node::App(proof.clone(), at))));
                            }
                        }
                        if matches!(&*proof, Node::App(..)) {
                            out.push(proof);
                        }
                    }
                    _ if matches!(&*proof, Node::Var(_)) => {}
                    _ => out.push(proof),
                }
            }
        }
        Ok(out)
    }

    /// The goal with a variable replaced by what a hypothesis says it equals, and the proof carried back.
    fn replaced(&self, ctx: &Ctx, target: &V, depth: u32, budget: &mut Budget) -> Res<Option<Term>> {
        let subject = self.m.quote(ctx, target)?;
        let count = u32::try_from(ctx.types.len()).unwrap_or(u32::MAX);
        for (index, ty) in (0u32..).zip(ctx.types.iter().rev()) {
            let Some((_, left, right)) = reify::equation(self.m, ty)? else { continue };
            let Some(variable) = self.variable(&left)? else { continue };
            let at = |v: &Term| {
                let mut occurs = false;
                let _renamed = rename(
                    v,
                    0,
                    0,
                    &mut |n| {
                        occurs |= Some(n) == count.checked_sub(variable + 1);
                        Some(n)
                    },
                    &mut Some,
                );
                occurs
            };
            if !at(&subject) || at(&self.m.quote(ctx, &right)?) {
                continue;
            }
            let with = |value: V| {
                let mut env = Env { terms: Default::default(), ..ctx.env.clone() };
                for n in (0..count).rev() {
                    let Some(old) = ctx.env.terms.get(n) else { continue };
                    let this = Some(n) == count.checked_sub(variable + 1);
                    env.terms = env.terms.push(if this { value.clone() } else { old.clone() });
                }
                self.m.eval(&env, &subject)
            };
            let Ok(proof) = self.up_to(ctx, &with(right.clone()), depth, budget)? else { continue };
            let mut inner = ctx.clone();
            let name = self.m.fresh_dim();
            inner.dims.push(name);
            let path = self.m.eval(&ctx.env, &Rc::new(Node::Var(index)));
            let line = self.m.quote(&inner, &with(self.m.papp(&path, &left, &right, Ivl::Name(name))))?;
            return Ok(Some(Rc::new(Node::Coe(Dim::One, Dim::Zero, line, proof))));
        }
        Ok(None)
    }

    /// The level of a value that is a variable.
    fn variable(&self, v: &V) -> Res<Option<u32>> {
        Ok(match &*self.m.whnf(v)? {
            Val::Neutral(Neutral { head: Head::Var(level, _), spine, .. }) if spine.is_empty() => Some(*level),
            _ => None,
        })
    }

    /// What an equation of functions on a small finite type says at each element: the equations, with their proofs.
    pub fn at_elements(&self, ctx: &Ctx, ty: &V, proof: &Term) -> Res<Vec<(V, Term)>> {
        let Val::Path(line, a, b) = &*self.m.whnf(ty)? else { return Ok(Vec::new()) };
        let of = self.m.dinst(line, Ivl::Zero);
        let Val::Pi(dom, cod) = &*self.m.whnf(&of)? else { return Ok(Vec::new()) };
        let Some(elements) = self.elements(dom, ELEMENTS)? else { return Ok(Vec::new()) };
        let (left, right) = (self.m.quote(ctx, a)?, self.m.quote(ctx, b)?);
        let lifted = (under_dimension(ctx, proof), under_dimension(ctx, &left), under_dimension(ctx, &right));
        let (Some(path), Some(l), Some(r)) = lifted else { return Ok(Vec::new()) };
        let path: Term = Rc::new(Node::PApp(path, l, r, Dim::Var(0)));
        let mut out = Vec::new();
        for x in elements {
            let of = self.m.quote(ctx, &self.m.inst(cod, x.clone()))?;
            let x = self.m.quote(ctx, &x)?;
            let (Some(of), Some(inner)) = (under_dimension(ctx, &of), under_dimension(ctx, &x)) else { continue };
            let app = |f: &Term| -> Term { Rc::new(Node::App(f.clone(), x.clone())) };
            let equation = Rc::new(Node::Path(of, app(&left), app(&right)));
            let proof = Rc::new(Node::DLam(Rc::new(Node::App(path.clone(), inner))));
            out.push((self.m.eval(&ctx.env, &equation), proof));
        }
        Ok(out)
    }
}
