//! Derivatives of functions that are written out. The rules are theorems of the library, tagged `derive.rule`: what the conclusion of one
//! says of the derivative is made from the derivatives in its premises. Nothing here is trusted: each step is an application of a theorem.

use crate::arith::Prover;
use crate::certificate::Fact;
use crate::lemmas::DEPTH;
use crate::matching::{Bindings, lower, matches};
use crate::reify;
use bfv_format::{Node, Prim, Rational, Relation, Term};
use bfv_kernel::{Ctx, Elim, Env, Head, Neutral, Res, V, Val};
use bfv_search::shift::{head_constant, rename};
use bfv_search::{Budget, Lemma};
use std::rc::Rc;

/// A theorem with this tag computes the derivative of what one way to build a function gives.
const RULE: &str = "derive.rule";
/// The chain rule for a function of which only the derivative is known.
const AFTER: &str = "derive.after";
/// How many definitions may stand between a statement and `HasDeriv`.
const NAMES: usize = 4;
/// How often the definition at the head of a function is put in.
const UNFOLDINGS: usize = 16;
/// The level of a variable that no context has, for what is not known: it cannot be read back.
const UNKNOWN: u32 = u32::MAX - 1;
/// Steps for a side condition.
const CONDITION: u64 = 2_000;

/// A statement that a map is the derivative of a function at a point.
pub struct Derivative {
    /// `HasDeriv s t f x`, applied to all but the derivative.
    subject: V,
    map: V,
}

/// A derivative that was computed: the map, and the proof that it is the derivative.
pub struct Computed {
    map: Term,
    proof: Term,
}

/// What a premise about a derivative gives: the value of the variable that it is about, the premise, its proof.
pub struct Filled {
    pub value: Term,
    pub premise: u32,
    pub proof: Term,
}

fn apply(f: Term, args: impl IntoIterator<Item = Term>) -> Term {
    args.into_iter().fold(f, |f, a| Rc::new(Node::App(f, a)))
}

fn under(binders: u32, body: Term) -> Term {
    (0..binders).fold(body, |t, _| Rc::new(Node::Lam(t)))
}

impl Prover<'_> {
    /// Reads a statement about a derivative, through the definitions that name it.
    pub fn derivative_statement(&self, ty: &V) -> Res<Option<Derivative>> {
        let Some(wanted) = self.derivative else { return Ok(None) };
        let mut now = ty.clone();
        for _ in 0..NAMES {
            let folded = self.m.folded(&now)?;
            let Val::Neutral(Neutral { head: Head::Const(id, 0), spine, .. }) = &*folded else { return Ok(None) };
            let args: Option<Vec<V>> =
                spine.iter().map(|e| if let Elim::App(a) = e { Some(a.clone()) } else { None }).collect();
            let Some(mut args) = args else { return Ok(None) };
            let head = if *id == wanted {
                let (5, Some(map)) = (args.len(), args.pop()) else { return Ok(None) };
                let head = self.m.eval(&Env::default(), &Rc::new(Node::Const { id: *id, shift: 0 }));
                let subject = args.into_iter().fold(head, |f, a| self.m.apply(&f, a));
                return Ok(Some(Derivative { subject, map }));
            } else {
                match self.m.globals().const_body(*id) {
                    Some(body) => self.m.eval(&Env::default(), &body),
                    None => return Ok(None),
                }
            };
            now = args.into_iter().fold(head, |f, a| self.m.apply(&f, a));
        }
        Ok(None)
    }

    /// Proves that a map is the derivative: the derivative is computed, and the two are the same.
    pub fn by_derivative(&self, ctx: &Ctx, wanted: &Derivative, budget: &mut Budget) -> Res<Option<Term>> {
        let subject = self.m.quote(ctx, &wanted.subject)?;
        let Some(found) = self.differentiate(ctx, subject, budget)? else { return Ok(None) };
        self.restated(ctx, wanted, found, budget)
    }

    fn restated(&self, ctx: &Ctx, wanted: &Derivative, found: Computed, budget: &mut Budget) -> Res<Option<Term>> {
        let map = self.m.quote(ctx, &wanted.map)?;
        if map == found.map {
            return Ok(Some(found.proof));
        }
        let Some(same) = self.role("derive.same") else { return Ok(None) };
        let subject = self.m.quote(ctx, &wanted.subject)?;
        let mut args = arguments(&subject);
        args.extend([found.map, map, found.proof]);
        let term = apply(same, args);
        let ty = self.m.infer(ctx, &term)?;
        let w = self.m.whnf(&ty)?;
        let Val::Pi(equal, _) = &*w else { return Ok(None) };
        Ok(self.agree(ctx, equal, budget)?.map(|e| Rc::new(Node::App(term, e))))
    }

    /// Proves that two maps agree everywhere, or two values: part by part, and numbers by multiplying out.
    fn agree(&self, ctx: &Ctx, ty: &V, budget: &mut Budget) -> Res<Option<Term>> {
        let w = self.m.whnf(ty)?;
        let (line, a, b) = match &*w {
            Val::Pi(dom, cod) => {
                let (inner, x) = self.m.bind(ctx, dom.clone());
                return Ok(self.agree(&inner, &self.m.inst(cod, x), budget)?.map(|t| under(1, t)));
            }
            Val::Path(line, a, b) => (line, a, b),
            _ => return Ok(None),
        };
        let carrier = self.m.dinst(line, bfv_kernel::Ivl::Zero);
        let role = match &*self.m.whnf(&carrier)? {
            Val::Sigma(..) => "derive.pair",
            Val::Pi(..) => "derive.function",
            _ => {
                if let Some(t) = self.field(ctx, ty, budget)? {
                    return Ok(Some(t));
                }
                let mut part = budget.part(CONDITION);
                let found = self.search(ctx, ty, &mut part)?;
                return Ok(budget.spend(part.used).ok().and(found.ok()));
            }
        };
        let Some(lemma) = self.lemmas.iter().find(|l| l.has(role)) else { return Ok(None) };
        let (Val::Sigma(left, right) | Val::Pi(left, right)) = &*self.m.whnf(&carrier)? else { return Ok(None) };
        let (_, x) = self.m.bind(ctx, left.clone());
        // The lemma takes two types, the two sides, and then what is to be shown.
        let right = self.m.inst(right, x);
        let mut given = [left, &right, a, b].into_iter();
        let mut term: Term = Rc::new(Node::Const { id: lemma.id, shift: 0 });
        let Some(ty) = self.m.globals().const_type(lemma.id) else { return Ok(None) };
        let mut current = self.m.eval(&Env::default(), &ty);
        while let Val::Pi(dom, cod) = &*self.m.whnf(&current)? {
            let arg = match given.next() {
                Some(v) => self.m.quote(ctx, v)?,
                None => match self.agree(ctx, dom, budget)? {
                    Some(t) => t,
                    None => return Ok(None),
                },
            };
            current = self.m.inst(cod, self.m.eval(&ctx.env, &arg));
            term = Rc::new(Node::App(term, arg));
        }
        Ok(Some(term))
    }

    /// The derivative of what a subject, `HasDeriv s t f x`, is about.
    fn differentiate(&self, ctx: &Ctx, subject: Term, budget: &mut Budget) -> Res<Option<Computed>> {
        let Some(mut subject) = expanded(&subject) else { return Ok(None) };
        for _ in 0..UNFOLDINGS {
            if budget.spend(1).is_err() {
                return Ok(None);
            }
            // What is being read off a statement is not read off that statement.
            if !self.deriving.get()
                && let Some(known) = self.assumed_derivative(ctx, &subject)?
            {
                return Ok(Some(known));
            }
            for lemma in self.lemmas.iter().filter(|l| l.has(RULE)) {
                if let Some(found) = self.by_rule(ctx, lemma, &subject, budget)? {
                    return Ok(Some(found));
                }
            }
            let Some(next) = self.unfold_argument(ctx, &subject)? else { break };
            let Some(next) = expanded(&next) else { break };
            subject = next;
        }
        // What remains is opaque: its derivative may be known.
        if let Node::App(rest, _) = &*subject
            && let Node::App(_, f) = &**rest
            && let Node::Lam(body) = &**f
            && let Node::App(g, a) = &**body
            && !matches!(&**a, Node::Var(0))
            && head_constant(g).is_none()
            && let Some(after) = self.lemmas.iter().find(|l| l.has(AFTER))
        {
            return self.by_rule(ctx, after, &subject, budget);
        }
        Ok(None)
    }

    /// A derivative that is assumed: at this point, or at every point.
    fn assumed_derivative(&self, ctx: &Ctx, subject: &Term) -> Res<Option<Computed>> {
        let Node::App(_, point) = &**subject else { return Ok(None) };
        for (index, ty) in (0u32..).zip(ctx.types.iter().rev()) {
            let mut proof: Term = Rc::new(Node::Var(index));
            let mut ty = ty.clone();
            if self.derivative_statement(&ty)?.is_none() {
                let w = self.m.whnf(&ty)?;
                let Val::Pi(dom, cod) = &*w else { continue };
                // The point must be of the type that is quantified over.
                let Ok(given) = self.m.infer(ctx, point) else { continue };
                if !self.m.conv_type(ctx, dom, &given)? {
                    continue;
                }
                ty = self.m.inst(cod, self.m.eval(&ctx.env, point));
                proof = Rc::new(Node::App(proof, point.clone()));
            }
            let Some(known) = self.derivative_statement(&ty)? else { continue };
            if expanded(&self.m.quote(ctx, &known.subject)?).as_ref() == Some(subject) {
                return Ok(Some(Computed { map: self.m.quote(ctx, &known.map)?, proof }));
            }
        }
        Ok(None)
    }

    fn by_rule(&self, ctx: &Ctx, lemma: &Lemma, subject: &Term, budget: &mut Budget) -> Res<Option<Computed>> {
        let opened = self.opened(lemma)?;
        let Some(opened) = opened.first() else { return Ok(None) };
        let Node::App(pattern, _) = &*opened.conclusion else { return Ok(None) };
        let mut bound = Bindings::new(opened.binders);
        if !matches(pattern, subject, &mut bound) {
            return Ok(None);
        }
        let Some((proof, ty)) = self.premises(ctx, lemma, opened, bound, DEPTH, budget)? else { return Ok(None) };
        let Some(found) = self.derivative_statement(&ty)? else { return Ok(None) };
        Ok(Some(Computed { map: self.m.quote(ctx, &found.map)?, proof }))
    }

    /// The value of a variable of a lemma that a later premise says is a derivative, such as `forall y, HasSlope f y (d y)` of d.
    pub fn filled(
        &self,
        ctx: &Ctx,
        lemma: &Lemma,
        bound: &Bindings,
        n: u32,
        budget: &mut Budget,
    ) -> Res<Option<Filled>> {
        let Some(ty) = self.m.globals().const_type(lemma.id) else { return Ok(None) };
        if !self.speaks_of_derivatives(&ty) {
            return Ok(None);
        }
        // The lemma in its own scope, and at what was found; what was not found is a variable that cannot be read back.
        let mut own = Ctx::default();
        let mut pattern = self.m.eval(&Env::default(), &ty);
        let mut actual = pattern.clone();
        let mut premise = 0;
        loop {
            let (p, a) = (self.m.whnf(&pattern)?, self.m.whnf(&actual)?);
            let (Val::Pi(dom, cod), Val::Pi(at, rest)) = (&*p, &*a) else { return Ok(None) };
            if premise > n
                && bound.get(premise).is_none()
                && let Some((value, proof)) = self.premise_about(ctx, &own, dom, at, premise - n, budget)?
            {
                return Ok(Some(Filled { value, premise, proof }));
            }
            let (next, x) = self.m.bind(&own, dom.clone());
            let given = match bound.get(premise) {
                Some(t) => self.m.eval(&ctx.env, t),
                None => self.m.var(UNKNOWN, at.clone()),
            };
            pattern = self.m.inst(cod, x);
            actual = self.m.inst(rest, given);
            own = next;
            premise += 1;
        }
    }

    /// Whether a premise of a lemma says that something is a derivative, in these words or by a definition.
    fn speaks_of_derivatives(&self, ty: &Term) -> bool {
        let heads = |t: &Term| {
            let mut last = t.clone();
            while let Node::Pi(_, rest) | Node::Lam(rest) = &*last.clone() {
                last = rest.clone();
            }
            head_constant(&last)
        };
        let mut ty = ty.clone();
        while let Node::Pi(premise, rest) = &*ty.clone() {
            let mut head = heads(premise);
            for _ in 0..NAMES {
                if head.is_none() {
                    break;
                }
                if head == self.derivative {
                    return true;
                }
                head = head.and_then(|id| self.m.globals().const_body(id)).and_then(|body| heads(&body));
            }
            ty = rest.clone();
        }
        false
    }

    /// When a premise says that a variable of the lemma, so many binders outside of it, is a derivative: that derivative, with the proof.
    fn premise_about(
        &self,
        ctx: &Ctx,
        own: &Ctx,
        dom: &V,
        at: &V,
        distance: u32,
        budget: &mut Budget,
    ) -> Res<Option<(Term, Term)>> {
        let (mut own, mut inner) = (own.clone(), ctx.clone());
        let (mut pattern, mut actual) = (dom.clone(), at.clone());
        let mut binders = 0;
        let (stated, wanted) = loop {
            if let Some(stated) = self.derivative_statement(&pattern)? {
                let Some(wanted) = self.derivative_statement(&actual)? else { return Ok(None) };
                break (stated, wanted);
            }
            let (p, a) = (self.m.whnf(&pattern)?, self.m.whnf(&actual)?);
            let (Val::Pi(dom, cod), Val::Pi(at, rest)) = (&*p, &*a) else { return Ok(None) };
            let ((next, x), (deeper, y)) = (self.m.bind(&own, dom.clone()), self.m.bind(&inner, at.clone()));
            pattern = self.m.inst(cod, x);
            actual = self.m.inst(rest, y);
            (own, inner) = (next, deeper);
            binders += 1;
        };
        let Some((arguments, number)) = about(&self.m.quote(&own, &stated.map)?, binders + distance - 1, binders)
        else {
            return Ok(None);
        };
        let Ok(subject) = self.m.quote(&inner, &wanted.subject) else { return Ok(None) };
        let Some(found) = self.differentiate(&inner, subject, budget)? else { return Ok(None) };
        let (value, proof) = if number {
            // The derivative of a function of a number is a factor: what the map makes of 1.
            let one = Rc::new(Node::RealLit(Rational { num: 1.into(), den: 1u8.into() }));
            let factor = self.m.apply(&self.m.eval(&inner.env, &found.map), self.m.eval(&inner.env, &one));
            let factor = self.m.quote(&inner, &factor)?;
            let Some(lifted) = rename(&factor, 0, 0, &mut |i| i.checked_add(1), &mut Some) else { return Ok(None) };
            let product = apply(Rc::new(Node::Prim(Prim::RealMul)), [lifted, Rc::new(Node::Var(0))]);
            let map = self.m.eval(&inner.env, &Rc::new(Node::Lam(product)));
            let restated = Derivative { subject: wanted.subject, map };
            match self.restated(&inner, &restated, found, budget)? {
                Some(proof) => (factor, proof),
                None => return Ok(None),
            }
        } else {
            (found.map, found.proof)
        };
        Ok(lower(&value, &arguments, binders, 0).map(|value| (value, under(binders, proof))))
    }

    /// Proves that there is a derivative, `exists d, HasSlope f x d`: the computed one.
    pub fn some_derivative(&self, ctx: &Ctx, target: &V, budget: &mut Budget) -> Res<Option<Term>> {
        if self.derivative.is_none() {
            return Ok(None);
        }
        let Some(none) = reify::negated(self.m, ctx, target)? else { return Ok(None) };
        let (inner, _) = self.m.bind(ctx, none.clone());
        let w = self.m.whnf(&none)?;
        let Val::Pi(dom, cod) = &*w else { return Ok(None) };
        let (own, x) = self.m.bind(&inner, dom.clone());
        let Some(pattern) = reify::negated(self.m, &own, &self.m.inst(cod, x))? else { return Ok(None) };
        let unknown = self.m.inst(cod, self.m.var(UNKNOWN, dom.clone()));
        let Val::Pi(actual, _) = &*self.m.whnf(&unknown)? else { return Ok(None) };
        let found = self.premise_about(&inner, &own, &pattern, actual, 1, budget)?;
        Ok(found.map(|(value, proof)| under(1, apply(Rc::new(Node::Var(0)), [value, proof]))))
    }

    /// Facts in a statement about the derivative of a function of a number: the computed one takes the same value at 1.
    pub fn derivative_facts(&self, ctx: &Ctx, stated: &Derivative, proof: &Term, out: &mut Vec<Fact>) -> Res<()> {
        let Some(agree) = self.role("derive.agree") else { return Ok(()) };
        let mut budget = Budget::new(CONDITION);
        let subject = self.m.quote(ctx, &stated.subject)?;
        let Some(found) = self.differentiate(ctx, subject.clone(), &mut budget)? else { return Ok(()) };
        let [_, _, f, x] = &*arguments(&subject) else { return Ok(()) };
        let map = self.m.quote(ctx, &stated.map)?;
        let same = apply(agree, [f.clone(), found.map, map, x.clone(), found.proof, proof.clone()]);
        // Between other spaces the lemma says nothing.
        let Ok(ty) = self.m.infer(ctx, &same) else { return Ok(()) };
        let Some((sort, left, right)) = reify::equation(self.m, &ty)? else { return Ok(()) };
        self.field_facts(ctx, &left, &right, out, &mut budget)?;
        out.push(Fact { sort, relation: Relation::Eq, left, right, proof: same });
        Ok(())
    }
}

/// The arguments of an application, in their order.
fn arguments(t: &Term) -> Vec<Term> {
    let (mut head, mut out) = (t, Vec::new());
    while let Node::App(f, a) = &**head {
        out.push(a.clone());
        head = f;
    }
    out.reverse();
    out
}

/// `HasDeriv s t f x` with f written as a function of its argument.
fn expanded(subject: &Term) -> Option<Term> {
    let Node::App(rest, x) = &**subject else { return None };
    let Node::App(spaces, f) = &**rest else { return None };
    let f = match &**f {
        Node::Lam(_) => f.clone(),
        _ => {
            let f = rename(f, 0, 0, &mut |i| i.checked_add(1), &mut Some)?;
            Rc::new(Node::Lam(Rc::new(Node::App(f, Rc::new(Node::Var(0))))))
        }
    };
    Some(apply(spaces.clone(), [f, x.clone()]))
}

/// Whether a map is a variable, applied to some of so many bound variables: which ones. Or the multiple by such a number, as in `HasSlope`.
fn about(map: &Term, variable: u32, binders: u32) -> Option<(Vec<u32>, bool)> {
    if let Node::Lam(body) = &**map
        && let Node::App(product, v) = &**body
        && matches!(&**v, Node::Var(0))
        && let Node::App(times, factor) = &**product
        && matches!(&**times, Node::Prim(Prim::RealMul))
    {
        let factor = rename(factor, 0, 0, &mut |i| i.checked_sub(1), &mut Some)?;
        return Some((applied(&factor, variable, binders)?, true));
    }
    Some((applied(map, variable, binders)?, false))
}

fn applied(t: &Term, variable: u32, binders: u32) -> Option<Vec<u32>> {
    let (mut head, mut out) = (t, Vec::new());
    while let Node::App(f, a) = &**head {
        match &**a {
            Node::Var(n) if *n < binders && !out.contains(n) => out.push(*n),
            _ => return None,
        }
        head = f;
    }
    out.reverse();
    (**head == Node::Var(variable)).then_some(out)
}
