//! Backward chaining with tagged lemmas: a lemma whose conclusion matches the goal leaves its premises as goals.

use crate::arith::{Found, Prover};
use crate::matching::{Bindings, matches};
use crate::reify;
use bfv_format::{Node, Term};
use bfv_kernel::{Ctx, Elim, Env, Head, Neutral, Res, V, Val};
use bfv_search::shift::rename;
use bfv_search::{Budget, Lemma, Reason};
use std::rc::Rc;

/// How many lemmas may be applied one below the other.
const DEPTH: u32 = 4;

/// The tag of lemmas whose premises are all about smaller parts of what the conclusion is about. They may be applied
/// to any depth: a proof by them is as long as the term that it is about.
const STRUCTURAL: &str = "structural";

/// A lemma ready for matching: its premises and its conclusion in the scope of its own variables.
pub struct Opened {
    /// Variables of the lemma, premises included.
    binders: u32,
    conclusion: Term,
}

impl Prover<'_> {
    /// Proves a goal by assumptions, arithmetic and lemmas, deepening step by step.
    pub fn search(&self, ctx: &Ctx, target: &V, budget: &mut Budget) -> Found {
        self.up_to(ctx, target, DEPTH, budget)
    }

    fn up_to(&self, ctx: &Ctx, target: &V, most: u32, budget: &mut Budget) -> Found {
        let mut last = Ok(Err((Reason::Incomplete, "No lemma or combination of facts proves it.".to_owned())));
        for depth in 0..=most {
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
                // One part may need arithmetic and the other lemmas.
                let first = match self.up_to(ctx, a, depth, budget)? {
                    Ok(t) => t,
                    Err(e) => return Ok(Err(e)),
                };
                let b = self.m.inst(b, self.m.eval(&ctx.env, &first));
                Ok(self.up_to(ctx, &b, depth, budget)?.map(|second| Rc::new(Node::Pair(first, second))))
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
        if self.pursues(ctx, &subject)? {
            return Ok(Err((Reason::Incomplete, "No lemma fits.".to_owned())));
        }
        self.pursued.borrow_mut().push((ctx.types.len(), subject.clone()));
        let found = self.by_lemmas_unfolding(ctx, subject, depth, budget);
        self.pursued.borrow_mut().pop();
        found
    }

    /// Whether a goal is below itself, with nothing but data assumed since: what proves it there proves it above.
    /// Without this, a vector of functions and its elements would lead to each other for ever.
    fn pursues(&self, ctx: &Ctx, subject: &Term) -> Res<bool> {
        let now = ctx.types.len();
        for (then, above) in self.pursued.borrow().iter() {
            let Some(later) = now.checked_sub(*then).and_then(|n| u32::try_from(n).ok()) else { continue };
            let lifted = rename(above, 0, 0, &mut |n| n.checked_add(later), &mut Some);
            if lifted.as_ref() != Some(subject) {
                continue;
            }
            let mut only_data = true;
            for ty in ctx.types.iter().skip(*then) {
                only_data &= self.is_data(ctx, ty)?;
            }
            if only_data {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lemmas for the goal as it is written, then for it with the definitions of what it is about put in, one after another.
    fn by_lemmas_unfolding(&self, ctx: &Ctx, mut subject: Term, depth: u32, budget: &mut Budget) -> Found {
        loop {
            match self.by_lemmas_as_written(ctx, &subject, depth, budget)? {
                Err((Reason::Incomplete, why)) => match self.unfold_argument(ctx, &subject)? {
                    Some(unfolded) => subject = unfolded,
                    None => return Ok(Err((Reason::Incomplete, why))),
                },
                done => return Ok(done),
            }
        }
    }

    /// A named predicate of a function, `P (fun x => f (a x))`, with the definition of f put in once.
    fn unfold_argument(&self, ctx: &Ctx, subject: &Term) -> Res<Option<Term>> {
        let unfolded = match &**subject {
            Node::App(p, a) => match self.unfold_argument(ctx, p)? {
                Some(p) => Some(Rc::new(Node::App(p, a.clone()))),
                None if bfv_search::shift::head_constant(p).is_some() && matches!(&**a, Node::Lam(_)) => {
                    self.unfold_body(a).map(|a| Rc::new(Node::App(p.clone(), a)))
                }
                None => None,
            },
            _ => None,
        };
        match unfolded {
            Some(t) => Ok(Some(self.m.quote(ctx, &self.m.eval(&ctx.env, &t))?)),
            None => Ok(None),
        }
    }

    /// The definition of the constant that heads the body of a function, in its place.
    fn unfold_body(&self, t: &Term) -> Option<Term> {
        Some(match &**t {
            Node::Lam(b) => Rc::new(Node::Lam(self.unfold_body(b)?)),
            Node::App(f, a) => Rc::new(Node::App(self.unfold_body(f)?, a.clone())),
            Node::Const { id, shift: 0 } => self.m.globals().const_body(*id)?,
            _ => return None,
        })
    }

    fn by_lemmas_as_written(&self, ctx: &Ctx, subject: &Term, depth: u32, budget: &mut Budget) -> Found {
        for lemma in self.lemmas.iter().filter(|l| l.tags.iter().any(|t| !t.contains('.'))) {
            if let Err(reason) = budget.spend(1) {
                return Ok(Err((reason, "The search for lemmas ran out of steps.".to_owned())));
            }
            for opened in self.opened(lemma)?.iter() {
                let mut bound = Bindings::new(opened.binders);
                if matches(&opened.conclusion, subject, &mut bound)
                    && let Some(t) = self.premises(ctx, lemma, opened, bound, depth, budget)?
                {
                    return Ok(Ok(t));
                }
            }
        }
        Ok(Err((Reason::Incomplete, "No lemma fits.".to_owned())))
    }

    fn opened(&self, lemma: &Lemma) -> Res<Rc<[Opened]>> {
        if let Some(known) = self.opened.borrow().get(&lemma.id) {
            return Ok(known.clone());
        }
        let opened: Rc<[Opened]> = self.open(lemma)?.into();
        self.opened.borrow_mut().insert(lemma.id, opened.clone());
        Ok(opened)
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
        // The conclusion as it is written comes first, such as `Convex f`, which itself opens to a statement for all.
        let mut written = 0;
        let mut rest = &ty;
        while let Node::Pi(_, cod) = &**rest {
            written += 1;
            rest = cod;
        }
        let named = (written + 1 < out.len()).then(|| out.remove(written));
        out.reverse();
        out.splice(0..0, named);
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
        self.read_types(ctx, lemma, opened, &mut bound)?;
        self.read_hypotheses(ctx, lemma, opened, &mut bound)?;
        let mut current = self.m.eval(&Env::default(), &ty);
        let mut term: Term = Rc::new(Node::Const { id: lemma.id, shift: 0 });
        let below = if lemma.has(STRUCTURAL) { depth } else { depth - 1 };
        for n in 0..opened.binders {
            let w = self.m.whnf(&current)?;
            let Val::Pi(dom, cod) = &*w else { return Ok(None) };
            let arg = match bound.get(n) {
                Some(t) => t.clone(),
                None => {
                    if self.is_data(ctx, dom)? {
                        return Ok(None);
                    }
                    match self.up_to(ctx, dom, below, budget)? {
                        Ok(t) => t,
                        Err(_) => return Ok(None),
                    }
                }
            };
            current = self.m.inst(cod, self.m.eval(&ctx.env, &arg));
            term = Rc::new(Node::App(term, arg));
        }
        Ok(Some(term))
    }

    /// Whether a premise's type is data, which cannot be proved but only given.
    pub fn is_data(&self, ctx: &Ctx, ty: &V) -> Res<bool> {
        if let Val::Neutral(Neutral { head: Head::Const(id, _), .. }) = &*self.m.folded(ty)?
            && self.is_predicate(*id)
        {
            return Ok(false);
        }
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

    /// Whether a theorem tagged `proposition` says that a constant is a predicate: its last premise is the constant applied.
    fn is_predicate(&self, constant: u32) -> bool {
        self.lemmas.iter().filter(|l| l.has("proposition")).any(|l| {
            let (mut ty, mut last) = (self.m.globals().const_type(l.id), None);
            while let Some(Node::Pi(a, b)) = ty.as_deref() {
                last = bfv_search::shift::head_constant(a);
                ty = Some(b.clone());
            }
            last == Some(constant)
        })
    }

    /// Matches the types of variables that were found with the types of what they stand for: a position gives the length of its
    /// vector, and a function the length of the vectors that it returns.
    fn read_types(&self, ctx: &Ctx, lemma: &Lemma, opened: &Opened, bound: &mut Bindings) -> Res<()> {
        if bound.complete() {
            return Ok(());
        }
        let Some(ty) = self.m.globals().const_type(lemma.id) else { return Ok(()) };
        let mut own = Ctx::default();
        // The lemma's type in its own scope, and at what was found; what was not found stands for itself.
        let (mut pattern, mut actual) = (self.m.eval(&Env::default(), &ty), self.m.eval(&Env::default(), &ty));
        for n in 0..opened.binders {
            let (p, a) = (self.m.whnf(&pattern)?, self.m.whnf(&actual)?);
            let (Val::Pi(dom, cod), Val::Pi(at, rest)) = (&*p, &*a) else { return Ok(()) };
            let (next, x) = self.m.bind(&own, dom.clone());
            let found = bound.get(n).cloned();
            if let Some(term) = &found {
                let mut attempt = bound.clone();
                attempt.at_depth(n);
                if self.type_of_found(ctx, &own, dom, at, term, &mut attempt)? {
                    attempt.at_depth(opened.binders);
                    *bound = attempt;
                }
            }
            pattern = self.m.inst(cod, x.clone());
            actual = self.m.inst(rest, found.map_or(x, |t| self.m.eval(&ctx.env, &t)));
            own = next;
        }
        Ok(())
    }

    /// When an argument has the type `T code`, as points of a space have: a type that computes to the same as `T part`, for a part
    /// of the code, in that form.
    fn part_of_argument(&self, ctx: &Ctx, argument: &V, ty: &V) -> Res<Option<V>> {
        let folded = self.m.folded(argument)?;
        let Val::Neutral(n) = &*folded else { return Ok(None) };
        let (Head::Const(id, _), [Elim::App(code)]) = (&n.head, &*n.spine) else { return Ok(None) };
        let of = self.m.eval(&Env::default(), &Rc::new(Node::Const { id: *id, shift: 0 }));
        let mut parts = vec![code.clone()];
        while let Some(part) = parts.pop() {
            let w = self.m.whnf(&part)?;
            let Val::Con(d, _, _, fields, _) = &*w else { continue };
            let named = self.m.apply(&of, part);
            if self.m.conv_type(ctx, &named, ty)? {
                return Ok(Some(named));
            }
            for field in fields.iter() {
                if matches!(&*self.m.whnf(field)?, Val::Con(e, ..) if e == d) {
                    parts.push(field.clone());
                }
            }
        }
        Ok(None)
    }

    /// Matches the type of one variable of a lemma, in the lemma's own scope, with that of the term found for it.
    fn type_of_found(&self, ctx: &Ctx, own: &Ctx, dom: &V, at: &V, term: &Term, bound: &mut Bindings) -> Res<bool> {
        let Node::Lam(body) = &**term else {
            let Ok(given) = self.m.infer(ctx, term) else { return Ok(false) };
            return Ok(matches(&self.m.quote(own, dom)?, &self.m.quote(ctx, &given)?, bound));
        };
        let (d, a) = (self.m.whnf(dom)?, self.m.whnf(at)?);
        let (Val::Pi(d, c), Val::Pi(argument, _)) = (&*d, &*a) else { return Ok(false) };
        let ((inner, _), (own, x)) = (self.m.bind(ctx, argument.clone()), self.m.bind(own, d.clone()));
        let Ok(given) = self.m.infer(&inner, body) else { return Ok(false) };
        let under = |t| Rc::new(Node::Lam(t));
        let wanted = self.m.inst(c, x);
        let mut whole = bound.clone();
        if matches(&under(self.m.quote(&own, &wanted)?), &under(self.m.quote(&inner, &given)?), &mut whole) {
            *bound = whole;
            return Ok(true);
        }
        if let Some(named) = self.part_of_argument(&inner, argument, &given)? {
            let mut part = bound.clone();
            if matches(&under(self.m.quote(&own, &wanted)?), &under(self.m.quote(&inner, &named)?), &mut part) {
                *bound = part;
                return Ok(true);
            }
        }
        // Types of vectors may be written in several ways: what they are defined on is compared.
        let (c, g) = (self.m.whnf(&wanted)?, self.m.whnf(&given)?);
        let (Val::Pi(wanted, _), Val::Pi(given, _)) = (&*c, &*g) else { return Ok(false) };
        Ok(matches(&under(self.m.quote(&own, wanted)?), &under(self.m.quote(&inner, given)?), bound))
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
