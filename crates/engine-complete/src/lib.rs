//! Equations that follow from equations for all values, as the laws of groups: ordered completion, by `complete.rs`. An e-graph has to guess
//! at which values a law is used; here laws are put together as they are, and the values come last.
//!
//! Nothing here is trusted: each equation that was derived becomes a definition with a path as its proof, and the kernel judges that.
//! What is absent: no clock, no floats, no threads, and no arithmetic; conditions of equations are not proved, and definitions are not
//! unfolded.

mod complete;
mod order;
mod read;
mod term;
mod write;

use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ctx, Ivl, Res, V, Val};
use bfv_search::shift::rename;
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, stopped};
use complete::{Completion, Stop};
use order::{Kind, Order};
use read::{Given, Reader};
use std::rc::Rc;
use term::{Head, Sym, Tm, app};
use write::Writer;

/// Steps of the evaluator for each step of the budget, at most.
const EVALUATIONS: u64 = 100;

/// Of the steps that are left an equation gets this part: others may know more about it.
const PART: u64 = 2;

/// Proves equations from equations.
pub struct Complete;

impl Engine for Complete {
    fn name(&self) -> &'static str {
        "complete"
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        if !goal.ctx.dims.is_empty() {
            return Outcome::GaveUp(Reason::OutsideFragment, String::new());
        }
        let found = goal.machine.within(budget.left.saturating_mul(EVALUATIONS), || {
            let (ctx, target, taken) = goal.taken_in()?;
            let found = Prover { goal }.prove(&ctx, &target, budget)?;
            Ok(found.map(|t| (0..taken).fold(t, |t, _| Rc::new(Node::Lam(t)))))
        });
        match found {
            Ok(Some(Ok(t))) => Outcome::Candidate(t),
            Ok(Some(Err((reason, why)))) => Outcome::GaveUp(reason, why),
            Ok(None) => Outcome::GaveUp(Reason::Budget, "The evaluator ran out of steps.".to_owned()),
            Err(r) => {
                let (reason, why) = stopped(&r);
                Outcome::GaveUp(reason, why)
            }
        }
    }
}

/// A term, or why there is none.
type Found = Res<Result<Term, (Reason, String)>>;

fn outside<T>() -> Result<T, (Reason, String)> {
    Err((Reason::OutsideFragment, String::new()))
}

struct Prover<'g> {
    goal: &'g Goal<'g>,
}

impl Prover<'_> {
    fn prove(&self, ctx: &Ctx, target: &V, budget: &mut Budget) -> Found {
        let m = self.goal.machine;
        match &*m.whnf(target)? {
            Val::Pi(dom, cod) => {
                let (inner, x) = m.bind(ctx, dom.clone());
                Ok(self.prove(&inner, &m.inst(cod, x), budget)?.map(|t| Rc::new(Node::Lam(t))))
            }
            Val::Sigma(a, b) => {
                let first = match self.prove(ctx, a, budget)? {
                    Ok(t) => t,
                    Err(e) => return Ok(Err(e)),
                };
                let rest = m.inst(b, m.eval(&ctx.env, &first));
                Ok(self.prove(ctx, &rest, budget)?.map(|second| Rc::new(Node::Pair(first, second))))
            }
            Val::Path(line, a, b) => {
                let ty = m.dinst(line, Ivl::Zero);
                if !m.conv_type(ctx, &ty, &m.dinst(line, Ivl::One))? {
                    return Ok(outside());
                }
                self.equation(ctx, ty, a.clone(), b.clone(), budget)
            }
            _ => Ok(outside()),
        }
    }

    /// An equation, of functions at every argument.
    fn equation(&self, outer: &Ctx, mut ty: V, mut left: V, mut right: V, budget: &mut Budget) -> Found {
        let m = self.goal.machine;
        let (mut ctx, mut arguments) = (outer.clone(), 0);
        while let Val::Pi(dom, cod) = &*m.whnf(&ty)? {
            let (inner, x) = m.bind(&ctx, dom.clone());
            (left, right) = (m.apply(&left, x.clone()), m.apply(&right, x.clone()));
            ty = m.inst(cod, x);
            ctx = inner;
            arguments += 1;
        }
        let mut reader = Reader::new(m, &ctx);
        let mut given = Vec::new();
        for (n, hypothesis) in (0u32..).zip(ctx.types.iter().rev()) {
            reader.equations(&Rc::new(Node::Var(n)), hypothesis, &mut given)?;
        }
        for hint in &self.goal.hints {
            let ty = m.infer(outer, hint)?;
            if let Some(hint) = rename(hint, 0, 0, &mut |n| n.checked_add(arguments), &mut Some) {
                reader.equations(&hint, &ty, &mut given)?;
            }
        }
        // Numbers have laws that are not given, and engines of their own.
        let number = |ty: &V| Ok(matches!(&*m.whnf(ty)?, Val::Prim(Prim::Nat | Prim::Int | Prim::Real | Prim::Bool)));
        if given.is_empty() || number(&ty)? {
            return Ok(outside());
        }
        let (l, r) = (m.quote(&ctx, &left)?, m.quote(&ctx, &right)?);
        let (Some(l), Some(r)) = (reader.term(&ctx, &l, &ty)?, reader.term(&ctx, &r, &ty)?) else {
            return Ok(outside());
        };
        let Some(sort) = reader.sort(&ctx, &ty)? else { return Ok(outside()) };
        // What was named first is mostly what later things are about, so the first hypotheses come first.
        given.reverse();
        let mut why = (Reason::Incomplete, String::new());
        let most = budget.left / PART;
        for (part, kind) in schedule(&reader, &given) {
            let mut own = budget.part(most.saturating_mul(part) / 100);
            let mut search = Completion::new(Order { kind, rank: ranks(&reader) }, &reader.results, &constants(&reader));
            for g in &given {
                search.given(g.left.clone(), g.right.clone(), g.sorts.clone());
            }
            let ended = search.run(&l, &r, &mut own);
            if let Err(reason) = budget.spend(own.used) {
                return Ok(Err((reason, String::new())));
            }
            match ended {
                Ok(steps) => {
                    let writer = Writer { reader: &reader, given: &given, equations: &search.equations };
                    let body = writer.proof(&l, sort, &steps).map(|body| {
                        let body = (0..arguments).fold(body, |t, _| Rc::new(Node::Lam(t)));
                        Rc::new(Node::DLam(body))
                    });
                    let broken = || (Reason::Unsupported, "A derivation could not be written down.".to_owned());
                    return Ok(body.ok_or_else(broken));
                }
                Err(Stop::Complete) => {
                    let apart = "All that follows from the equations was derived, and the two sides stay apart.";
                    return Ok(Err((Reason::Incomplete, apart.to_owned())));
                }
                Err(Stop::Incomplete) => {
                    why = (Reason::Incomplete, "No equation was left to derive that is small enough.".to_owned());
                }
                Err(Stop::Reason(Reason::Budget)) => {
                    why = (Reason::Budget, "The equations have too many consequences for the steps allowed.".to_owned());
                }
                Err(Stop::Reason(reason)) => return Ok(Err((reason, String::new()))),
            }
        }
        Ok(Err(why))
    }
}

/// The symbols without arguments.
fn constants(reader: &Reader<'_>) -> Vec<Tm> {
    let none = reader.arities.iter().enumerate().filter(|(_, n)| **n == 0);
    none.map(|(f, _)| app(f, Vec::new())).collect()
}

/// The rank of each symbol: first those without arguments; then what is bound later, which mostly speaks about what is bound earlier.
fn ranks(reader: &Reader<'_>) -> Vec<usize> {
    let mut order: Vec<Sym> = (0..reader.symbols.len()).collect();
    let bound = |f: &Sym| match reader.symbols.get(*f).map(|s| &*s.head) {
        // A greater index was bound earlier.
        Some(Node::Var(n)) => (1, u32::MAX - n),
        _ => (0, 0),
    };
    let arity = |f: &Sym| reader.arities.get(*f).copied().unwrap_or(0);
    order.sort_by_key(|f| (arity(f) > 0, bound(f), *f));
    let mut ranks = vec![0; order.len()];
    for (n, f) in order.iter().enumerate() {
        if let Some(rank) = ranks.get_mut(*f) {
            *rank = n;
        }
    }
    ranks
}

/// The orders that are tried, each with its part of the steps in hundredths.
fn schedule(reader: &Reader<'_>, given: &[Given]) -> Vec<(u64, Kind)> {
    // A function that undoes something, as an inverse does, may go inside of products when it weighs nothing.
    let inside = |t: &Tm, f: Sym| t.args.iter().any(|a| a.head == Head::Sym(f));
    let undoes = |f: &Sym| {
        let law = |g: &Given| inside(&g.left, *f) || inside(&g.right, *f);
        let same = reader.results.get(*f);
        reader.arities.get(*f) == Some(&1)
            && given.iter().any(|g| law(g) && g.sorts.iter().all(|s| Some(s) == same) && !g.sorts.is_empty())
    };
    let free = (0..reader.symbols.len()).rev().find(undoes);
    let weight = Kind::Weight { free: None };
    match free {
        Some(_) => vec![(10, Kind::Weight { free }), (10, Kind::Path), (20, weight), (60, Kind::Weight { free })],
        None => vec![(20, weight), (20, Kind::Path), (60, weight)],
    }
}
