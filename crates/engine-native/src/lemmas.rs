//! Backward chaining with tagged lemmas: a lemma whose conclusion matches the goal leaves its premises as goals.

use crate::arith::{Found, Prover};
use crate::matching::{Bindings, matches};
use crate::reify;
use bfv_format::{Node, Term};
use bfv_kernel::{Ctx, Env, Res, V, Val};
use bfv_search::{Budget, Lemma, Reason};
use std::rc::Rc;

/// How many lemmas may be applied one below the other.
const DEPTH: u32 = 4;

/// A lemma ready for matching: its premises and its conclusion in the scope of its own variables.
struct Opened {
    /// Variables of the lemma, premises included.
    binders: u32,
    conclusion: Term,
}

impl Prover<'_> {
    /// Proves a goal by assumptions, arithmetic and lemmas, deepening step by step.
    pub fn search(&self, ctx: &Ctx, target: &V, budget: &mut Budget) -> Found {
        let mut last = Ok(Err((Reason::Incomplete, "No lemma and no combination of facts proves it.".to_owned())));
        for depth in 0..=DEPTH {
            last = self.chain(ctx, target, depth, budget);
            if matches!(last, Err(_) | Ok(Ok(_)) | Ok(Err((Reason::Budget, _)))) {
                break;
            }
        }
        last
    }

    fn chain(&self, ctx: &Ctx, target: &V, depth: u32, budget: &mut Budget) -> Found {
        if let Err(reason) = budget.spend(1) {
            return Ok(Err((reason, "The search for lemmas ran out of steps.".to_owned())));
        }
        if let Some(t) = self.assumption(ctx, target)? {
            return Ok(Ok(t));
        }
        let atomic = match reify::negated(self.m, ctx, target)? {
            Some(inner) => reify::strict(self.m, &inner)?.is_some(),
            None => false,
        };
        let w = self.m.whnf(target)?;
        match &*w {
            Val::Pi(dom, cod) if !atomic => {
                // Arithmetic goes through finite types element by element.
                if (depth == 0 || self.finite(dom)?)
                    && let Ok(t) = self.prove(ctx, target, &[], budget)?
                {
                    return Ok(Ok(t));
                }
                // A named predicate may be the conclusion of a lemma before it is opened.
                if depth > 0
                    && let Ok(t) = self.by_lemmas(ctx, target, depth, budget)?
                {
                    return Ok(Ok(t));
                }
                let (inner, x) = self.m.bind(ctx, dom.clone());
                Ok(self.chain(&inner, &self.m.inst(cod, x), depth, budget)?.map(|t| Rc::new(Node::Lam(t))))
            }
            Val::Sigma(a, b) => {
                if depth > 0
                    && let Ok(t) = self.by_lemmas(ctx, target, depth, budget)?
                {
                    return Ok(Ok(t));
                }
                let first = match self.chain(ctx, a, depth, budget)? {
                    Ok(t) => t,
                    Err(e) => return Ok(Err(e)),
                };
                let b = self.m.inst(b, self.m.eval(&ctx.env, &first));
                Ok(self.chain(ctx, &b, depth, budget)?.map(|second| Rc::new(Node::Pair(first, second))))
            }
            _ => {
                if depth == 0 {
                    return self.prove(ctx, target, &[], budget);
                }
                self.by_lemmas(ctx, target, depth, budget)
            }
        }
    }

    /// A hypothesis of the goal's type, or a part of a conjunction among the hypotheses.
    fn assumption(&self, ctx: &Ctx, target: &V) -> Res<Option<Term>> {
        let wanted = self.m.quote(ctx, target)?;
        for (index, ty) in (0u32..).zip(ctx.types.iter().rev()) {
            let proof = Rc::new(Node::Var(index));
            if let Some(t) = self.part(ctx, ty, &proof, target, &wanted)? {
                return Ok(Some(t));
            }
        }
        Ok(None)
    }

    fn part(&self, ctx: &Ctx, ty: &V, proof: &Term, target: &V, wanted: &Term) -> Res<Option<Term>> {
        if self.m.quote(ctx, ty)? == *wanted {
            return Ok(Some(proof.clone()));
        }
        let (w, t) = (self.m.whnf(ty)?, self.m.whnf(target)?);
        // Orders, and statements for all that end in one, are compared as they are written: comparing what they compute to
        // could unroll sums of any length.
        let order = matches!(&*w, Val::Pi(..)) || reify::strict(self.m, ty)?.is_some();
        if !order && std::mem::discriminant(&*w) == std::mem::discriminant(&*t) && self.m.conv_type(ctx, ty, target)? {
            return Ok(Some(proof.clone()));
        }
        if let Val::Sigma(a, b) = &*w {
            if let Some(t) = self.part(ctx, a, &Rc::new(Node::Fst(proof.clone())), target, wanted)? {
                return Ok(Some(t));
            }
            let first = self.m.fst(&self.m.eval(&ctx.env, proof));
            return self.part(ctx, &self.m.inst(b, first), &Rc::new(Node::Snd(proof.clone())), target, wanted);
        }
        Ok(None)
    }

    fn by_lemmas(&self, ctx: &Ctx, target: &V, depth: u32, budget: &mut Budget) -> Found {
        let subject = self.m.quote(ctx, target)?;
        for lemma in self.lemmas.iter().filter(|l| l.tags.iter().any(|t| !t.contains('.'))) {
            if let Err(reason) = budget.spend(1) {
                return Ok(Err((reason, "The search for lemmas ran out of steps.".to_owned())));
            }
            for opened in self.open(lemma)? {
                let mut bound = Bindings::new(opened.binders);
                if matches(&opened.conclusion, &subject, &mut bound)
                    && let Some(t) = self.premises(ctx, lemma, &opened, bound, depth, budget)?
                {
                    return Ok(Ok(t));
                }
            }
        }
        Ok(Err((Reason::Incomplete, "No lemma fits.".to_owned())))
    }

    /// The lemma's type taken apart at every point where a conclusion may begin, the longest first.
    fn open(&self, lemma: &Lemma) -> Res<Vec<Opened>> {
        let Some(ty) = self.m.globals().const_type(lemma.id) else { return Ok(Vec::new()) };
        let mut ctx = Ctx::default();
        let mut current = self.m.eval(&Env::default(), &ty);
        let mut out = Vec::new();
        let mut binders = 0;
        loop {
            let w = self.m.whnf(&current)?;
            out.push(Opened { binders, conclusion: self.m.quote(&ctx, &current)? });
            let Val::Pi(dom, cod) = &*w else { break };
            if let Some(inner) = reify::negated(self.m, &ctx, &current)?
                && reify::strict(self.m, &inner)?.is_some()
            {
                break;
            }
            let (next, x) = self.m.bind(&ctx, dom.clone());
            current = self.m.inst(cod, x);
            ctx = next;
            binders += 1;
        }
        out.reverse();
        // Statements whose conclusion is a bare variable would match everything.
        out.retain(|o| !matches!(&*o.conclusion, Node::Var(_)));
        out.truncate(2);
        Ok(out)
    }

    /// Fills the variables that matching left open: premises are proved, data is read off hypotheses.
    fn premises(
        &self,
        ctx: &Ctx,
        lemma: &Lemma,
        opened: &Opened,
        mut bound: Bindings,
        depth: u32,
        budget: &mut Budget,
    ) -> Res<Option<Term>> {
        let Some(ty) = self.m.globals().const_type(lemma.id) else { return Ok(None) };
        self.read_hypotheses(ctx, lemma, opened, &mut bound)?;
        let mut current = self.m.eval(&Env::default(), &ty);
        let mut term: Term = Rc::new(Node::Const { id: lemma.id, shift: 0 });
        for n in 0..opened.binders {
            let w = self.m.whnf(&current)?;
            let Val::Pi(dom, cod) = &*w else { return Ok(None) };
            let arg = match bound.get(n) {
                Some(t) => t.clone(),
                None => {
                    if self.is_data(ctx, dom)? {
                        return Ok(None);
                    }
                    match self.deepen(ctx, dom, depth - 1, budget)? {
                        Some(t) => t,
                        None => return Ok(None),
                    }
                }
            };
            current = self.m.inst(cod, self.m.eval(&ctx.env, &arg));
            term = Rc::new(Node::App(term, arg));
        }
        Ok(Some(term))
    }

    fn deepen(&self, ctx: &Ctx, target: &V, depth: u32, budget: &mut Budget) -> Res<Option<Term>> {
        for d in 0..=depth {
            if let Ok(t) = self.chain(ctx, target, d, budget)? {
                return Ok(Some(t));
            }
        }
        Ok(None)
    }

    /// Whether a premise's type is data, which cannot be proved but only given.
    pub fn is_data(&self, ctx: &Ctx, ty: &V) -> Res<bool> {
        let w = self.m.whnf(ty)?;
        Ok(match &*w {
            Val::Prim(_) | Val::Univ(_) | Val::Data(..) | Val::Neutral(_) => true,
            Val::Pi(dom, cod) => {
                let (inner, x) = self.m.bind(ctx, dom.clone());
                let result = self.m.inst(cod, x);
                let empty = matches!(&*self.m.whnf(&result)?, Val::Prim(bfv_format::Prim::Empty));
                !empty && self.is_data(&inner, &result)?
            }
            _ => false,
        })
    }

    /// Matches premises that mention open variables with hypotheses of the context.
    fn read_hypotheses(&self, ctx: &Ctx, lemma: &Lemma, opened: &Opened, bound: &mut Bindings) -> Res<()> {
        if bound.complete() {
            return Ok(());
        }
        let Some(ty) = self.m.globals().const_type(lemma.id) else { return Ok(()) };
        let hypotheses = ctx.types.iter().map(|t| self.m.quote(ctx, t)).collect::<Res<Vec<_>>>()?;
        let mut own = Ctx::default();
        let mut current = self.m.eval(&Env::default(), &ty);
        for n in 0..opened.binders {
            let w = self.m.whnf(&current)?;
            let Val::Pi(dom, cod) = &*w else { return Ok(()) };
            let premise = self.m.quote(&own, dom)?;
            if bound.get(n).is_none() && !self.is_data(&own, dom)? {
                for h in hypotheses.iter().rev() {
                    let mut attempt = bound.clone();
                    attempt.at_depth(n);
                    if matches(&premise, h, &mut attempt) {
                        attempt.at_depth(opened.binders);
                        *bound = attempt;
                        break;
                    }
                }
            }
            let (next, x) = self.m.bind(&own, dom.clone());
            current = self.m.inst(cod, x);
            own = next;
        }
        Ok(())
    }
}
