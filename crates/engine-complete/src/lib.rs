//! Equations that follow from equations for all values, as the laws of groups: ordered completion, by `complete.rs`. An e-graph has to guess
//! at which values a law is used; here laws are put together as they are, and the values come last.
//!
//! Nothing here is trusted: each equation that was derived becomes a definition with a path as its proof, and the kernel judges that.
//! What is absent: no clock, no floats, no threads, and no arithmetic; conditions of equations are not proved.

mod complete;
mod order;
mod read;
mod term;
#[cfg(test)]
mod tests;
mod write;

use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ctx, Ivl, Res, V, Val};
use bfv_search::shift::rename;
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
use complete::{Completion, Stop};
use order::{Kind, Order};
use read::{Given, Reader, Symbols};
use std::rc::Rc;
use term::{Head, Sort, Sym, Tm, app};
use write::Writer;

/// Steps of the evaluator for each step of the budget, at most.
const EVALUATIONS: u64 = 100;

/// Of the steps that are left an equation gets this part: others may know more about it.
const PART: u64 = 2;

/// Steps for an equation between data, at most.
const DATA: u64 = 20_000;

/// Steps of one search before it is the turn of another one.
const SLICE: u64 = 2_000;

/// Proves equations from equations.
pub struct Complete;

impl Engine for Complete {
    fn name(&self) -> &'static str {
        "complete"
    }

    fn looks_into_definitions(&self) -> bool {
        true
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
            Err(r) => Outcome::from(&r),
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
        // Numbers have laws that are not given, and engines of their own.
        if matches!(&*m.whnf(&ty)?, Val::Prim(Prim::Nat | Prim::Int | Prim::Real | Prim::Bool)) {
            return Ok(outside());
        }
        let asked = Asked { outer, ctx: &ctx, arguments, ty, left, right };
        let Some(folded) = self.posed(&asked, false)? else { return Ok(outside()) };
        let unfolded = self.posed(&asked, true)?.filter(|other| *other != folded);
        let wrapped = |body| Rc::new(Node::DLam((0..arguments).fold(body, |t, _| Rc::new(Node::Lam(t)))));
        // Of data more is known than what is given, and others know it.
        let limit = if matches!(&*m.whnf(&asked.ty)?, Val::Data(..)) { DATA } else { u64::MAX };
        let share = if unfolded.is_some() { 2 * PART } else { PART };
        let found = folded.search(budget, (budget.left / share).min(limit));
        Ok(match (found, unfolded) {
            (Err((reason, _)), Some(other)) if reason != Reason::Cancelled => {
                other.search(budget, (budget.left / PART).min(limit)).map(wrapped)
            }
            (found, _) => found.map(wrapped),
        })
    }

    /// The hypotheses and an equation as first-order terms; none where the equation cannot be read, or nothing is given.
    fn posed(&self, asked: &Asked<'_>, unfold: bool) -> Res<Option<Posed>> {
        let (m, ctx) = (self.goal.machine, asked.ctx);
        let mut reader = Reader::new(m, ctx, unfold);
        let mut given = Vec::new();
        for (n, hypothesis) in (0u32..).zip(ctx.types.iter().rev()) {
            reader.equations(&Rc::new(Node::Var(n)), hypothesis, &mut given)?;
        }
        for hint in &self.goal.hints {
            let ty = m.infer(asked.outer, hint)?;
            if let Some(hint) = rename(hint, 0, 0, &mut |n| n.checked_add(asked.arguments), &mut Some) {
                reader.equations(&hint, &ty, &mut given)?;
            }
        }
        if given.is_empty() {
            return Ok(None);
        }
        // What was assumed first comes first.
        given.reverse();
        let (l, r) = (reader.quote(ctx, &asked.left)?, reader.quote(ctx, &asked.right)?);
        let (left, right) = (reader.term(ctx, &l, &asked.ty)?, reader.term(ctx, &r, &asked.ty)?);
        let (Some(left), Some(right), Some(sort)) = (left, right, reader.sort(ctx, &asked.ty)?) else {
            return Ok(None);
        };
        let partly = reader.left_aside;
        Ok(Some(Posed { symbols: Symbols::from(reader), given, left, right, sort, partly }))
    }
}

/// An equation in a context, whose last variables are arguments at which two functions are compared.
struct Asked<'a> {
    outer: &'a Ctx,
    ctx: &'a Ctx,
    arguments: u32,
    ty: V,
    left: V,
    right: V,
}

/// The same as first-order terms.
#[derive(PartialEq)]
struct Posed {
    symbols: Symbols,
    given: Vec<Given>,
    left: Tm,
    right: Tm,
    sort: Sort,
    /// Whether something that is given may say more.
    partly: bool,
}

impl Posed {
    /// The path at the dimension of the scope, within so many steps.
    fn search(&self, budget: &mut Budget, most: u64) -> Result<Term, (Reason, String)> {
        let mut own = budget.part(most);
        let found = self.in_turns(&mut own);
        budget.spend(own.used).map_err(|reason| (reason, String::new()))?;
        found
    }

    /// The searches with each order, in turns, so that none waits for what another one does not find.
    fn in_turns(&self, budget: &mut Budget) -> Result<Term, (Reason, String)> {
        let (results, constants) = (&self.symbols.results, constants(&self.symbols));
        let begin = |(slice, kind)| {
            let order = Order { kind, rank: ranks(&self.symbols) };
            let mut search = Completion::new(order, results, &constants, (&self.left, &self.right));
            for g in &self.given {
                search.given(g.left.clone(), g.right.clone(), g.sorts.clone());
            }
            (slice, search)
        };
        let mut searches: Vec<_> = schedule(&self.symbols, &self.given).into_iter().map(begin).collect();
        while !searches.is_empty() {
            let mut going_on = Vec::new();
            for (slice, mut search) in searches {
                match search.run(slice, budget) {
                    Ok(Some(steps)) => {
                        let writer =
                            Writer { symbols: &self.symbols, given: &self.given, equations: &search.equations };
                        let body = writer.proof(&self.left, self.sort, &steps);
                        return body.ok_or_else(|| (Reason::Unsupported, BROKEN.to_owned()));
                    }
                    Ok(None) => going_on.push((slice, search)),
                    Err(Stop::Complete) => {
                        let why = if self.partly { PARTLY } else { APART };
                        return Err((Reason::Incomplete, why.to_owned()));
                    }
                    Err(Stop::Incomplete) => {}
                    Err(Stop::Reason(Reason::Budget)) => return Err((Reason::Budget, ENDLESS.to_owned())),
                    Err(Stop::Reason(reason)) => return Err((reason, String::new())),
                }
            }
            searches = going_on;
        }
        Err((Reason::Incomplete, LEFT_OUT.to_owned()))
    }
}

const BROKEN: &str = "A derivation from the given equations could not be written down.";
const APART: &str = "All consequences of the given equations were derived, and the two sides stay apart.";
const PARTLY: &str = "All consequences of the equations that can be used were derived, and the two sides stay apart.";
const LEFT_OUT: &str =
    "All consequences of the given equations were derived, but for long ones, and the two sides stay apart.";
const ENDLESS: &str = "The given equations have too many consequences for the steps allowed.";

/// The symbols without arguments.
fn constants(symbols: &Symbols) -> Vec<Tm> {
    let none = symbols.arities.iter().enumerate().filter(|(_, n)| **n == 0);
    none.map(|(f, _)| app(f, Vec::new())).collect()
}

/// The rank of each symbol: first those without arguments; then what is bound later, which mostly speaks about what is bound earlier.
fn ranks(symbols: &Symbols) -> Vec<usize> {
    let mut order: Vec<Sym> = (0..symbols.symbols.len()).collect();
    let bound = |f: &Sym| match symbols.symbols.get(*f).map(|s| &*s.head) {
        // A greater index was bound earlier.
        Some(Node::Var(n)) => (1, u32::MAX - n),
        _ => (0, 0),
    };
    let arity = |f: &Sym| symbols.arities.get(*f).copied().unwrap_or(0);
    order.sort_by_key(|f| (arity(f) > 0, bound(f), *f));
    let mut ranks = vec![0; order.len()];
    for (n, f) in order.iter().enumerate() {
        if let Some(rank) = ranks.get_mut(*f) {
            *rank = n;
        }
    }
    ranks
}

/// The orders that are tried, each with the steps that it gets at a time.
fn schedule(symbols: &Symbols, given: &[Given]) -> Vec<(u64, Kind)> {
    // A function that undoes something, as an inverse does, may go inside of products when it weighs nothing.
    let inside = |t: &Tm, f: Sym| t.args.iter().any(|a| a.head == Head::Sym(f));
    let undoes = |f: &Sym| {
        let law = |g: &Given| inside(&g.left, *f) || inside(&g.right, *f);
        let same = symbols.results.get(*f);
        symbols.arities.get(*f) == Some(&1)
            && given.iter().any(|g| law(g) && g.sorts.iter().all(|s| Some(s) == same) && !g.sorts.is_empty())
    };
    let free = (0..symbols.symbols.len()).rev().find(undoes);
    let plain = (SLICE, Kind::Weight { free: None });
    match free {
        Some(_) => vec![(2 * SLICE, Kind::Weight { free }), (SLICE, Kind::Path), plain],
        None => vec![plain, (SLICE, Kind::Path)],
    }
}
