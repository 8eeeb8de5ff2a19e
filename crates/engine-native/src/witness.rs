//! Search for counterexamples: small points at which the hypotheses hold and the conclusion fails, each closed by arithmetic.

use crate::arith::Prover;
use crate::points::{Values, whole};
use bfv_format::{Node, Prim, Rational, Term};
use bfv_kernel::{Ctx, Res, V, Val, rational};
use bfv_search::{Budget, Reason};
use std::rc::Rc;

/// A refutation: a term of type `statement -> Empty`, and the values of the leading variables that are data.
pub type Point = (Term, Vec<Option<Term>>);

/// Lengths and natural numbers that are tried.
const NATURALS: u32 = 4;
/// How many values a variable gets at most.
const MOST: usize = 27;
/// How deep the types of values may be nested.
const NESTING: u32 = 8;

/// What is known while the variables get values one after another.
struct Walk<'w, 'g> {
    prover: &'w Prover<'g>,
    /// The context that holds the claim as its only variable.
    ctx: Ctx,
    /// Values that the linear part of the claim suggests, tried before all others.
    suggested: Vec<Values>,
    reals: Vec<Rational>,
    cons: Option<Term>,
    nil: Option<Term>,
}

impl Prover<'_> {
    /// Refutes a closed statement at a small point.
    pub fn refute(&self, statement: &V, budget: &mut Budget) -> Res<Result<Point, (Reason, String)>> {
        let (ctx, _) = self.m.bind(&Ctx::default(), statement.clone());
        let number = |n: i8, d: u8| Rational { num: n.into(), den: d.into() };
        // Suggestions are a help only: where the evaluator cannot make them, the small points remain.
        let suggested = match self.suggest(statement, budget).unwrap_or_else(|_| Ok(Vec::new())) {
            Ok(values) => values,
            Err(reason) => return Ok(Err((reason, "The search for a point ran out of steps.".to_owned()))),
        };
        let walk = Walk {
            prover: self,
            ctx,
            suggested,
            reals: vec![number(1, 1), number(0, 1), number(2, 1), number(-1, 1), number(1, 2)],
            cons: self.role("vector.cons"),
            nil: self.role("vector.nil"),
        };
        let mut values = Vec::new();
        match walk.step(&Rc::new(Node::Var(0)), statement, &mut values, budget)? {
            Ok(Some(t)) => Ok(Ok((Rc::new(Node::Lam(t)), values))),
            Ok(None) => Ok(Err((Reason::Incomplete, "No small point refutes it.".to_owned()))),
            Err(reason) => Ok(Err((reason, "The search for a point ran out of steps.".to_owned()))),
        }
    }
}

impl Walk<'_, '_> {
    /// The claim applied so far, its type, and the values given. A term of type `Empty` ends the walk.
    fn step(
        &self,
        claim: &Term,
        ty: &V,
        values: &mut Vec<Option<Term>>,
        budget: &mut Budget,
    ) -> Res<Result<Option<Term>, Reason>> {
        if let Err(r) = budget.spend(1) {
            return Ok(Err(r));
        }
        let m = self.prover.m;
        let w = m.whnf(ty)?;
        if matches!(&*w, Val::Prim(Prim::Empty)) {
            return Ok(Ok(Some(claim.clone())));
        }
        if let Val::Pi(dom, cod) = &*w {
            let choices = self.preferred(values.len(), dom)?;
            if !choices.is_empty() {
                for c in choices {
                    let next = m.inst(cod, m.eval(&self.ctx.env, &c));
                    values.push(Some(c.clone()));
                    let done = self.step(&Rc::new(Node::App(claim.clone(), c)), &next, values, budget)?;
                    if !matches!(done, Ok(None)) {
                        return Ok(done);
                    }
                    values.pop();
                }
                return Ok(Ok(None));
            }
            // A hypothesis must hold at the point; an order `a <= b` is the conclusion itself.
            let rest = m.inst(cod, m.bind(&self.ctx, dom.clone()).1);
            let conclusion =
                matches!(&*m.whnf(&rest)?, Val::Prim(Prim::Empty)) && crate::reify::strict(m, dom)?.is_some();
            if !conclusion {
                return match self.prover.prove(&Ctx::default(), dom, &[], budget)? {
                    Ok(t) => {
                        let next = m.inst(cod, m.eval(&self.ctx.env, &t));
                        values.push(None);
                        let done = self.step(&Rc::new(Node::App(claim.clone(), t)), &next, values, budget)?;
                        if matches!(done, Ok(None)) {
                            values.pop();
                        }
                        Ok(done)
                    }
                    Err((Reason::Budget, _)) => Ok(Err(Reason::Budget)),
                    Err(_) => Ok(Ok(None)),
                };
            }
        }
        match self.prover.contradictory(&self.ctx, ty, claim, budget)? {
            Ok(t) => Ok(Ok(Some(t))),
            Err((Reason::Budget, _)) => Ok(Err(Reason::Budget)),
            Err(_) => Ok(Ok(None)),
        }
    }

    /// Values to try for the leading variable of a number: what is suggested for it, then what its type offers.
    fn preferred(&self, number: usize, ty: &V) -> Res<Vec<Term>> {
        let usual = self.choices(ty, NESTING)?;
        let Ok(number) = u32::try_from(number) else { return Ok(usual) };
        let w = self.prover.m.whnf(ty)?;
        let mut out: Vec<Term> = Vec::new();
        for q in self.suggested.iter().filter_map(|values| values.get(&number)) {
            match &*w {
                Val::Prim(Prim::Real) => out.push(Rc::new(Node::RealLit(rational(q)))),
                Val::Prim(Prim::Int) => out.extend(whole(q).into_iter().map(|n| Rc::new(Node::IntLit(n)))),
                Val::Prim(Prim::Nat) => {
                    out.extend(whole(q).iter().filter_map(|n| n.to_biguint()).map(|n| Rc::new(Node::NatLit(n))));
                }
                _ => {}
            }
        }
        for t in usual {
            if !out.contains(&t) {
                out.push(t);
            }
        }
        Ok(out)
    }

    /// Values to try for a variable of a type; none when the type is a hypothesis.
    fn choices(&self, ty: &V, nesting: u32) -> Res<Vec<Term>> {
        let m = self.prover.m;
        let Some(nesting) = nesting.checked_sub(1) else { return Ok(Vec::new()) };
        let prim = |p| -> Term { Rc::new(Node::Prim(p)) };
        Ok(match &*m.whnf(ty)? {
            Val::Prim(Prim::Nat) => (0..NATURALS).map(|n| Rc::new(Node::NatLit(n.into()))).collect(),
            Val::Prim(Prim::Int) => [0, 1, -1, 2].into_iter().map(|n: i8| Rc::new(Node::IntLit(n.into()))).collect(),
            Val::Prim(Prim::Real) => self.reals.iter().map(|q| Rc::new(Node::RealLit(q.clone()))).collect(),
            Val::Prim(Prim::Bool) => vec![prim(Prim::True), prim(Prim::False)],
            Val::Prim(Prim::Unit) => vec![prim(Prim::Star)],
            Val::Data(d, params) => {
                let Some(decl) = m.globals().data(d.id) else { return Ok(Vec::new()) };
                let given = params.iter().map(|p| m.quote(&self.ctx, p)).collect::<Res<Vec<_>>>()?;
                let mut out = Vec::new();
                for (n, c) in (0u32..).zip(&decl.constructors) {
                    let con = |fields| -> Term { Rc::new(Node::Con(*d, n, given.clone(), fields)) };
                    match c.fields.len() {
                        0 => out.push(con(Vec::new())),
                        1 => {
                            let field = m.field_type(*d, n, params, &[])?;
                            out.extend(self.choices(&field, nesting)?.into_iter().map(|x| con(vec![x])));
                        }
                        _ => {}
                    }
                }
                out.truncate(MOST);
                out
            }
            Val::Pi(dom, cod) => {
                let Some(n) = self.size(dom, NESTING)? else { return Ok(Vec::new()) };
                let (inner, x) = m.bind(&self.ctx, dom.clone());
                let element = m.inst(cod, x);
                // The type of the elements must not depend on their place.
                let quoted = m.quote(&inner, &element)?;
                match crate::shift::rename(&quoted, 0, 0, &mut |i| i.checked_sub(1), &mut Some) {
                    Some(ty) => self.vectors(n, &ty, &self.choices(&element, nesting)?),
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        })
    }

    /// The number of elements of a type that is a finite sum of units.
    fn size(&self, ty: &V, nesting: u32) -> Res<Option<u32>> {
        let Some(nesting) = nesting.checked_sub(1) else { return Ok(None) };
        Ok(match &*self.prover.m.whnf(ty)? {
            Val::Prim(Prim::Empty) => Some(0),
            Val::Data(_, ps) => match ps.get(1) {
                Some(rest) => self.size(rest, nesting)?.map(|n| n + 1),
                None => None,
            },
            _ => None,
        })
    }

    /// Vectors of a length over a type, their elements among those given.
    fn vectors(&self, n: u32, ty: &Term, elements: &[Term]) -> Vec<Term> {
        let (Some(cons), Some(nil)) = (&self.cons, &self.nil) else { return Vec::new() };
        let app = |f: &Term, args: &[Term]| args.iter().fold(f.clone(), |f, a| Rc::new(Node::App(f, a.clone())));
        let mut out = vec![app(nil, std::slice::from_ref(ty))];
        // Longer vectors use fewer values, so that their number stays small.
        let values = (1..=elements.len()).take_while(|v| v.saturating_pow(n) <= MOST).last().unwrap_or(0);
        for len in 0..n {
            let length: Term = Rc::new(Node::NatLit(len.into()));
            out = elements
                .iter()
                .take(values)
                .flat_map(|head| {
                    out.iter()
                        .map(|v| app(cons, &[length.clone(), ty.clone(), head.clone(), v.clone()]))
                        .collect::<Vec<_>>()
                })
                .collect();
        }
        out
    }
}
