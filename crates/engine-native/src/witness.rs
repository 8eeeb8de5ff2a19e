//! Search for counterexamples: small points at which the hypotheses hold and the conclusion fails, each closed by arithmetic.

use crate::arith::Prover;
use bfv_format::{Node, Prim, Rational, Term};
use bfv_kernel::{Ctx, Res, V, Val};
use bfv_search::{Budget, Reason};
use std::rc::Rc;

/// A refutation: a term of type `statement -> Empty`, and the values of the leading variables that are data.
pub type Point = (Term, Vec<Option<Term>>);

/// Lengths and natural numbers that are tried.
const NATURALS: u32 = 4;

/// What is known while the variables get values one after another.
struct Walk<'w, 'g> {
    prover: &'w Prover<'g>,
    /// The context that holds the claim as its only variable.
    ctx: Ctx,
    reals: Vec<Rational>,
    cons: Option<Term>,
    nil: Option<Term>,
}

impl Prover<'_> {
    /// Refutes a closed statement at a small point.
    pub fn refute(&self, statement: &V, budget: &mut Budget) -> Res<Result<Point, (Reason, String)>> {
        let (ctx, _) = self.m.bind(&Ctx::default(), statement.clone());
        let number = |n: i8, d: u8| Rational { num: n.into(), den: d.into() };
        let walk = Walk {
            prover: self,
            ctx,
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
            let choices = self.choices(dom)?;
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

    /// Values to try for a variable of a type; none when the type is a hypothesis.
    fn choices(&self, ty: &V) -> Res<Vec<Term>> {
        let m = self.prover.m;
        let real = |q: &Rational| Rc::new(Node::RealLit(q.clone()));
        Ok(match &*m.whnf(ty)? {
            Val::Prim(Prim::Nat) => (0..NATURALS).map(|n| Rc::new(Node::NatLit(n.into()))).collect(),
            Val::Prim(Prim::Int) => [0, 1, -1, 2].into_iter().map(|n: i8| Rc::new(Node::IntLit(n.into()))).collect(),
            Val::Prim(Prim::Real) => self.reals.iter().map(real).collect(),
            Val::Pi(dom, cod) => {
                let (_, x) = m.bind(&self.ctx, dom.clone());
                if !matches!(&*m.whnf(&m.inst(cod, x))?, Val::Prim(Prim::Real)) {
                    return Ok(Vec::new());
                }
                match self.size(dom)? {
                    Some(n) => self.vectors(n),
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        })
    }

    /// The number of elements of a finite type.
    fn size(&self, ty: &V) -> Res<Option<u32>> {
        Ok(match &*self.prover.m.whnf(ty)? {
            Val::Prim(Prim::Empty) => Some(0),
            Val::Data(_, ps) => match ps.get(1) {
                Some(rest) => self.size(rest)?.map(|n| n + 1),
                None => None,
            },
            _ => None,
        })
    }

    fn vectors(&self, n: u32) -> Vec<Term> {
        let (Some(cons), Some(nil)) = (&self.cons, &self.nil) else { return Vec::new() };
        let app = |f: &Term, args: &[Term]| args.iter().fold(f.clone(), |f, a| Rc::new(Node::App(f, a.clone())));
        let real: Term = Rc::new(Node::Prim(Prim::Real));
        let mut out = vec![app(nil, std::slice::from_ref(&real))];
        // Longer vectors use fewer values, so that their number stays small.
        let values = match n {
            0..=2 => self.reals.len(),
            3 => 3,
            _ => 2,
        };
        for len in 0..n {
            out = self
                .reals
                .iter()
                .take(values)
                .flat_map(|q| {
                    let head: Term = Rc::new(Node::RealLit(q.clone()));
                    let length: Term = Rc::new(Node::NatLit(len.into()));
                    out.iter()
                        .map(|v| app(cons, &[length.clone(), real.clone(), head.clone(), v.clone()]))
                        .collect::<Vec<_>>()
                })
                .collect();
        }
        out
    }
}
