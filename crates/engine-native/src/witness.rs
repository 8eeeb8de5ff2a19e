//! Search for counterexamples: the claim is opened, its numbers are solved for, and arithmetic closes what is left at the point.
//!
//! Lengths and elements of finite types are gone through; numbers, also those in vectors, become unknowns of one statement.

use crate::arith::{ELEMENTS, Found, Prover};
use crate::formula::{Sheet, Statement, Worth};
use crate::number::Q;
use crate::points::{self, Effort, Wanted};
use crate::reify;
use bfv_format::{Node, Prim, Sort, Term};
use bfv_kernel::{Clo, Ctx, Env, Res, V, Val, rational};
use bfv_search::{Budget, Reason, Solver};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A refutation: a term of type `statement -> Empty`, and the values of the leading variables that are data.
pub type Point = (Term, Vec<Option<Term>>);

/// Lengths that are tried.
const LENGTHS: u32 = 4;
/// How many values a variable gets at most that is no number.
const MOST: usize = 27;
/// How deep the types of values may be nested.
const NESTING: u32 = 8;
/// How many ways to choose lengths and elements are tried.
const SHAPES: u32 = 64;
/// Steps of the search for a proof of one hypothesis at a point.
const LEMMAS: u64 = 500;
/// A claim with more unknowns than this is too large.
const UNKNOWNS: usize = 80;

/// What a leading variable of the claim gets.
#[derive(Clone)]
enum Slot {
    /// The value of an unknown.
    Number(Sort, usize),
    /// A vector: type of its elements, and they.
    Vector(Term, Vec<Slot>),
    /// Something that was chosen.
    Given(Term),
    /// A proof.
    Hypothesis,
}

/// A claim whose leading variables are being taken off.
#[derive(Clone)]
struct Opening {
    ctx: Ctx,
    current: V,
    slots: Vec<Slot>,
    sheet: Rc<Sheet>,
    /// Statements of the hypotheses so far.
    hypotheses: Vec<usize>,
    sorts: Vec<Sort>,
    groups: Vec<usize>,
}

/// How the search goes on.
enum Flow {
    /// With the next choice.
    On,
    /// It is done.
    Done(Point),
    /// It ends.
    Stop(Reason),
    /// From the start, with these natural numbers gone through as lengths.
    Again(Vec<usize>),
}

/// What stays the same during the search.
struct Walk<'w, 'g> {
    prover: &'w Prover<'g>,
    statement: &'w V,
    effort: Effort,
    cons: Option<Term>,
    nil: Option<Term>,
    /// Places of leading natural numbers that are lengths.
    lengths: BTreeSet<usize>,
    shapes: u32,
    /// Who is asked for points in place of the search for them, and why it last gave none.
    solver: Option<&'w dyn Solver>,
    silent: (Reason, String),
}

impl Prover<'_> {
    /// Refutes a closed statement at a point. A solver is asked for points where one is given.
    pub fn refute(
        &self,
        statement: &V,
        effort: Effort,
        solver: Option<&dyn Solver>,
        budget: &mut Budget,
    ) -> Res<Result<Point, (Reason, String)>> {
        let mut walk = Walk {
            prover: self,
            statement,
            effort,
            solver,
            silent: (Reason::Incomplete, "No small point refutes it.".to_owned()),
            cons: self.role("vector.cons"),
            nil: self.role("vector.nil"),
            lengths: BTreeSet::new(),
            shapes: 0,
        };
        loop {
            walk.shapes = 0;
            let start = Opening {
                ctx: Ctx::default(),
                current: statement.clone(),
                slots: Vec::new(),
                sheet: Rc::default(),
                hypotheses: Vec::new(),
                sorts: Vec::new(),
                groups: Vec::new(),
            };
            match walk.open(start, budget)? {
                Flow::Done(point) => return Ok(Ok(point)),
                Flow::Stop(reason) => return Ok(Err((reason, "The search for a point ran out of steps.".to_owned()))),
                Flow::Again(more) if more.iter().any(|n| !walk.lengths.contains(n)) => walk.lengths.extend(more),
                Flow::Again(_) | Flow::On => return Ok(Err(walk.silent)),
            }
        }
    }
}

impl Walk<'_, '_> {
    /// Takes off the next leading variable in every way that is tried.
    fn open(&mut self, mut o: Opening, budget: &mut Budget) -> Res<Flow> {
        let m = self.prover.m;
        loop {
            if let Err(reason) = budget.spend(1) {
                return Ok(Flow::Stop(reason));
            }
            let w = m.whnf(&o.current)?;
            let Val::Pi(dom, cod) = &*w else { return self.leaf(o, budget) };
            // An order `a <= b` is the conclusion itself.
            if let Some(inner) = reify::negated(m, &o.ctx, &o.current)?
                && reify::strict(m, &inner)?.is_some()
            {
                return self.leaf(o, budget);
            }
            if let Some((slot, x)) = self.unknown(&mut o, dom, NESTING)? {
                o.current = m.inst(cod, x);
                o.slots.push(slot);
                if o.sorts.len() > UNKNOWNS {
                    return Ok(Flow::On);
                }
                continue;
            }
            let choices = self.choices(&o.ctx, dom, NESTING)?;
            if !choices.is_empty() {
                if choices.len() > 1 {
                    if let Err(reason) = budget.spend(1) {
                        return Ok(Flow::Stop(reason));
                    }
                    if self.hopeless(&o)? {
                        return Ok(Flow::On);
                    }
                }
                for c in choices {
                    let mut next = o.clone();
                    next.current = m.inst(cod, m.eval(&Env::default(), &c));
                    next.slots.push(Slot::Given(c));
                    match self.open(next, budget)? {
                        Flow::On if self.shapes < SHAPES => {}
                        end => return Ok(end),
                    }
                }
                return Ok(Flow::On);
            }
            if self.prover.is_data(&o.ctx, dom)? {
                return self.stuck(&o, dom);
            }
            let mut sheet = Rc::unwrap_or_clone(std::mem::take(&mut o.sheet));
            let hypothesis = self.prover.write_statement(&o.ctx, &mut sheet, dom)?;
            let decided = sheet.worth(&[]).get(hypothesis) == Some(&Worth::Truth(Some(false)));
            o.sheet = Rc::new(sheet);
            if decided {
                return Ok(Flow::On);
            }
            o.hypotheses.push(hypothesis);
            let (inner, x) = m.bind(&o.ctx, dom.clone());
            o.current = m.inst(cod, x);
            o.ctx = inner;
            o.slots.push(Slot::Hypothesis);
        }
    }

    /// Whether one of the hypotheses to come is false whatever is chosen, as in a protocol what nobody has done yet: a run has one
    /// form that is tried, and the state after it does not depend on what is chosen besides.
    fn hopeless(&self, o: &Opening) -> Res<bool> {
        let m = self.prover.m;
        let (mut ctx, mut current) = (o.ctx.clone(), o.current.clone());
        loop {
            let w = m.whnf(&current)?;
            let Val::Pi(dom, cod) = &*w else { return Ok(false) };
            let shape = m.whnf(dom)?;
            let only = match &*shape {
                Val::Data(..) => self.choices(&ctx, dom, NESTING)?,
                Val::Path(_, a, b) => match (&*m.whnf(a)?, &*m.whnf(b)?) {
                    (Val::Prim(a @ (Prim::True | Prim::False)), Val::Prim(b @ (Prim::True | Prim::False)))
                        if a != b =>
                    {
                        return Ok(true);
                    }
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            };
            let x = match only.as_slice() {
                [one] => m.eval(&Env::default(), one),
                _ => {
                    let (inner, x) = m.bind(&ctx, dom.clone());
                    ctx = inner;
                    x
                }
            };
            current = m.inst(cod, x);
        }
    }

    /// A type that offers nothing: perhaps because a natural number in it is not known.
    fn stuck(&self, o: &Opening, dom: &V) -> Res<Flow> {
        let quoted = self.prover.m.quote(&o.ctx, dom)?;
        let depth = u32::try_from(o.ctx.types.len()).unwrap_or(u32::MAX);
        let mut levels = BTreeSet::new();
        let _renamed = bfv_search::shift::rename(
            &quoted,
            0,
            0,
            &mut |i| {
                levels.extend(depth.checked_sub(i + 1));
                Some(i)
            },
            &mut Some,
        );
        let unknowns: BTreeSet<u32> = levels.iter().filter_map(|l| o.sheet.unknowns.get(l).copied()).collect();
        let naturals = self.naturals(o, |n| u32::try_from(n).is_ok_and(|n| unknowns.contains(&n)));
        Ok(if naturals.is_empty() { Flow::On } else { Flow::Again(naturals) })
    }

    /// Places of leading natural numbers.
    fn naturals(&self, o: &Opening, which: impl Fn(usize) -> bool) -> Vec<usize> {
        let natural = |s: &Slot| matches!(s, Slot::Number(Sort::Nat, n) if which(*n));
        o.slots.iter().enumerate().filter(|(_, s)| natural(s)).map(|(n, _)| n).collect()
    }

    /// New unknowns for a number or a vector of numbers, and the value over them.
    fn unknown(&self, o: &mut Opening, ty: &V, nesting: u32) -> Res<Option<(Slot, V)>> {
        let m = self.prover.m;
        let Some(nesting) = nesting.checked_sub(1) else { return Ok(None) };
        let group = o.slots.len();
        match &*m.whnf(ty)? {
            Val::Prim(p @ (Prim::Nat | Prim::Int | Prim::Real)) => {
                if *p == Prim::Nat && self.lengths.contains(&group) {
                    return Ok(None);
                }
                let level = u32::try_from(o.ctx.types.len()).unwrap_or(u32::MAX);
                let number = o.sorts.len();
                let sort = [Sort::Nat, Sort::Int, Sort::Real].into_iter().find(|s| reify::carrier(*s) == *p);
                let Some(sort) = sort else { return Ok(None) };
                let (inner, x) = m.bind(&o.ctx, ty.clone());
                o.ctx = inner;
                o.sorts.push(sort);
                o.groups.push(group);
                let mut sheet = Rc::unwrap_or_clone(std::mem::take(&mut o.sheet));
                sheet.unknowns.insert(level, u32::try_from(number).unwrap_or(u32::MAX));
                o.sheet = Rc::new(sheet);
                Ok(Some((Slot::Number(sort, number), x)))
            }
            Val::Pi(dom, cod) => {
                let Some(elements) = self.prover.elements(dom, ELEMENTS)? else { return Ok(None) };
                let Some((element, ty)) = self.element(&o.ctx, dom, cod)? else { return Ok(None) };
                let (Some(cons), Some(nil)) = (&self.cons, &self.nil) else { return Ok(None) };
                let closed = |t: &Term| m.eval(&Env::default(), t);
                let mut tail = m.apply(&closed(nil), closed(&ty));
                let mut slots = Vec::new();
                let mut values = Vec::new();
                for _ in &elements {
                    let before = o.clone();
                    match self.unknown(o, &element, nesting)? {
                        Some((slot, x)) => {
                            slots.push(slot);
                            values.push(x);
                        }
                        None => {
                            *o = before;
                            return Ok(None);
                        }
                    }
                }
                if elements.is_empty() && self.unknown(&mut o.clone(), &element, nesting)?.is_none() {
                    return Ok(None);
                }
                for (n, x) in values.into_iter().rev().enumerate() {
                    let length = m.value(Val::NatLit(n.into()));
                    let cons = m.apply(&m.apply(&closed(cons), length), closed(&ty));
                    tail = m.apply(&m.apply(&cons, x), tail);
                }
                Ok(Some((Slot::Vector(ty, slots), tail)))
            }
            _ => Ok(None),
        }
    }

    /// The type of the elements of a vector, which must not depend on their place nor on unknowns; as a value and as a closed term.
    fn element(&self, ctx: &Ctx, dom: &V, cod: &Clo) -> Res<Option<(V, Term)>> {
        let m = self.prover.m;
        let (inner, x) = m.bind(ctx, dom.clone());
        let quoted = m.quote(&inner, &m.inst(cod, x))?;
        Ok(bfv_search::shift::rename(&quoted, 0, 0, &mut |_| None, &mut |_| None)
            .map(|ty| (m.eval(&Env::default(), &ty), ty)))
    }

    /// All leading variables are off: looks for a point and closes the claim there.
    fn leaf(&mut self, mut o: Opening, budget: &mut Budget) -> Res<Flow> {
        self.shapes += 1;
        let mut sheet = Rc::unwrap_or_clone(std::mem::take(&mut o.sheet));
        let conclusion = self.prover.write_statement(&o.ctx, &mut sheet, &o.current)?;
        let not = sheet.statement(Statement::Not(conclusion));
        let mut parts = o.hypotheses.clone();
        parts.push(not);
        let goal = sheet.statement(Statement::All(parts));
        let wanted = Wanted { sheet: &sheet, goal, sorts: &o.sorts, groups: &o.groups };
        let found = match self.solver {
            None => match wanted.search(self.effort, budget) {
                Ok(found) => found,
                Err(reason) => return Ok(Flow::Stop(reason)),
            },
            Some(solver) => match wanted.ask(solver) {
                Ok(point) => points::Found { sure: point, doubtful: Vec::new() },
                Err(why) => {
                    // A solver that is missing, or out of time once, is not asked again.
                    self.silent = why;
                    self.shapes = SHAPES;
                    return Ok(Flow::On);
                }
            },
        };
        let opaque = !found.doubtful.is_empty();
        for point in found.sure.into_iter().chain(found.doubtful) {
            let values: Vec<Option<Term>> = o.slots.iter().map(|s| self.term(s, &point)).collect();
            // A point that the evaluator cannot go through is no point.
            match self.close(&values, budget).unwrap_or(Ok(None)) {
                Ok(Some(t)) => return Ok(Flow::Done((t, values))),
                Ok(None) => {}
                Err(reason) => return Ok(Flow::Stop(reason)),
            }
        }
        // What stays opaque may compute when natural numbers are known.
        let naturals = self.naturals(&o, |_| true);
        if opaque && self.effort == Effort::Much && !naturals.is_empty() {
            return Ok(Flow::Again(naturals));
        }
        Ok(Flow::On)
    }

    /// The value of a slot at a point; none for a hypothesis.
    fn term(&self, slot: &Slot, point: &[Q]) -> Option<Term> {
        match slot {
            Slot::Number(sort, n) => {
                let q = point.get(*n)?.big();
                Some(Rc::new(match sort {
                    Sort::Real => Node::RealLit(rational(&q)),
                    Sort::Int => Node::IntLit(q.to_integer()),
                    Sort::Nat => Node::NatLit(q.to_integer().to_biguint()?),
                }))
            }
            Slot::Vector(ty, slots) => {
                let app =
                    |f: &Term, args: &[Term]| args.iter().fold(f.clone(), |f, a| Rc::new(Node::App(f, a.clone())));
                let mut out = app(self.nil.as_ref()?, std::slice::from_ref(ty));
                for (n, slot) in slots.iter().rev().enumerate() {
                    let length: Term = Rc::new(Node::NatLit(n.into()));
                    out = app(self.cons.as_ref()?, &[length, ty.clone(), self.term(slot, point)?, out]);
                }
                Some(out)
            }
            Slot::Given(t) => Some(t.clone()),
            Slot::Hypothesis => None,
        }
    }

    /// The claim applied to the values, hypotheses proved, and what is left shown to be false.
    fn close(&self, values: &[Option<Term>], budget: &mut Budget) -> Res<Result<Option<Term>, Reason>> {
        let m = self.prover.m;
        let (ctx, _) = m.bind(&Ctx::default(), self.statement.clone());
        let mut claim: Term = Rc::new(Node::Var(0));
        let mut current = self.statement.clone();
        for value in values {
            let w = m.whnf(&current)?;
            let Val::Pi(dom, cod) = &*w else { return Ok(Ok(None)) };
            let arg = match value {
                Some(t) => t.clone(),
                None => match self.holds(dom, budget)? {
                    Ok(t) => t,
                    Err((Reason::Budget, _)) => return Ok(Err(Reason::Budget)),
                    Err(_) => return Ok(Ok(None)),
                },
            };
            current = m.inst(cod, m.eval(&Env::default(), &arg));
            claim = Rc::new(Node::App(claim, arg));
        }
        Ok(self.absurd(&ctx, &current, &claim, budget)?.map(|found| found.map(|t| Rc::new(Node::Lam(t)))))
    }

    /// A hypothesis at a point.
    fn holds(&self, statement: &V, budget: &mut Budget) -> Found {
        let ctx = Ctx::default();
        match self.prover.prove(&ctx, statement, &[], budget)? {
            Err((Reason::Incomplete | Reason::OutsideFragment, _)) if self.effort == Effort::Wide => {}
            found => return Ok(found),
        }
        if let Some(t) = self.one_side(statement, budget)? {
            return Ok(Ok(t));
        }
        let mut part = budget.part(LEMMAS);
        let found = self.prover.search(&ctx, statement, &mut part)?;
        Ok(match (found, budget.spend(part.used)) {
            (_, Err(reason)) => Err((reason, String::new())),
            // That these few steps are used up is no reason to end.
            (Err((Reason::Budget, why)), Ok(())) => Err((Reason::Incomplete, why)),
            (found, Ok(())) => found,
        })
    }

    /// `P \/ Q`, which is that not both fail, from the side that holds.
    fn one_side(&self, statement: &V, budget: &mut Budget) -> Res<Option<Term>> {
        let (m, ctx) = (self.prover.m, Ctx::default());
        let Some(both_fail) = reify::negated(m, &ctx, statement)? else { return Ok(None) };
        let Val::Sigma(first, second) = &*m.whnf(&both_fail)? else { return Ok(None) };
        let (_, x) = m.bind(&ctx, first.clone());
        let parts = [(first.clone(), Node::Fst as fn(Term) -> Node), (m.inst(second, x), Node::Snd)];
        for (fails, part) in parts {
            let Some(side) = reify::negated(m, &ctx, &fails)? else { return Ok(None) };
            if let Ok(t) = self.holds(&side, budget)? {
                let refuted = Rc::new(part(Rc::new(Node::Var(0))));
                return Ok(Some(Rc::new(Node::Lam(Rc::new(Node::App(refuted, t))))));
            }
        }
        Ok(None)
    }

    /// A term of type `Empty` from a proof of something that is false, looked for part by part.
    fn absurd(&self, ctx: &Ctx, ty: &V, proof: &Term, budget: &mut Budget) -> Res<Result<Option<Term>, Reason>> {
        let m = self.prover.m;
        match self.prover.contradictory(ctx, ty, proof, budget)? {
            Ok(t) => return Ok(Ok(Some(t))),
            Err((Reason::Budget, _)) => return Ok(Err(Reason::Budget)),
            Err(_) => {}
        }
        match &*m.whnf(ty)? {
            Val::Prim(Prim::Empty) => Ok(Ok(Some(proof.clone()))),
            Val::Sigma(a, b) => {
                let first: Term = Rc::new(Node::Fst(proof.clone()));
                let found = self.absurd(ctx, a, &first, budget)?;
                if !matches!(found, Ok(None)) {
                    return Ok(found);
                }
                let second = m.inst(b, m.eval(&ctx.env, &first));
                self.absurd(ctx, &second, &Rc::new(Node::Snd(proof.clone())), budget)
            }
            Val::Pi(dom, cod) => {
                let mut args = Vec::new();
                match self.prover.elements(dom, ELEMENTS)? {
                    Some(elements) => {
                        for x in elements {
                            args.push(m.quote(ctx, &x)?);
                        }
                    }
                    None if self.prover.is_data(ctx, dom)? => {}
                    None => match self.prover.prove(ctx, dom, &[], budget)? {
                        Ok(t) => args.push(t),
                        Err((Reason::Budget, _)) => return Ok(Err(Reason::Budget)),
                        Err(_) => {}
                    },
                }
                for arg in args {
                    let rest = m.inst(cod, m.eval(&ctx.env, &arg));
                    let found = self.absurd(ctx, &rest, &Rc::new(Node::App(proof.clone(), arg)), budget)?;
                    if !matches!(found, Ok(None)) {
                        return Ok(found);
                    }
                }
                Ok(Ok(None))
            }
            _ => Ok(Ok(None)),
        }
    }

    /// Values to try for a variable that is no number and no vector of numbers; none when the type is a hypothesis.
    fn choices(&self, ctx: &Ctx, ty: &V, nesting: u32) -> Res<Vec<Term>> {
        let m = self.prover.m;
        let Some(nesting) = nesting.checked_sub(1) else { return Ok(Vec::new()) };
        let prim = |p| -> Term { Rc::new(Node::Prim(p)) };
        Ok(match &*m.whnf(ty)? {
            Val::Prim(Prim::Nat) => (0..LENGTHS).map(|n| Rc::new(Node::NatLit(n.into()))).collect(),
            Val::Prim(Prim::Int) => [0, 1, -1, 2].into_iter().map(|n: i8| Rc::new(Node::IntLit(n.into()))).collect(),
            Val::Prim(Prim::Real) => [1, 0, 2, -1]
                .into_iter()
                .map(|n: i8| Rc::new(Node::RealLit(bfv_format::Rational { num: n.into(), den: 1u8.into() })))
                .collect(),
            Val::Prim(Prim::Bool) => vec![prim(Prim::True), prim(Prim::False)],
            Val::Prim(Prim::Unit) => vec![prim(Prim::Star)],
            Val::Data(d, params) => {
                let Some(decl) = m.globals().data(d.id) else { return Ok(Vec::new()) };
                let mut given = Vec::new();
                for p in params.iter() {
                    let quoted = m.quote(ctx, p)?;
                    let Some(t) = bfv_search::shift::rename(&quoted, 0, 0, &mut |_| None, &mut |_| None) else {
                        return Ok(Vec::new());
                    };
                    given.push(t);
                }
                let mut out = Vec::new();
                for (n, c) in (0u32..).zip(&decl.constructors) {
                    let con = |fields| -> Term { Rc::new(Node::Con(*d, n, given.clone(), fields, Vec::new())) };
                    match c.fields.len() {
                        _ if c.dims > 0 => {}
                        0 => out.push(con(Vec::new())),
                        1 => {
                            let field = m.field_type(*d, n, params, &[])?;
                            out.extend(self.choices(ctx, &field, nesting)?.into_iter().map(|x| con(vec![x])));
                        }
                        _ => {}
                    }
                }
                out.truncate(MOST);
                out
            }
            Val::Univ(0) if self.effort == Effort::Wide => vec![prim(Prim::Unit)],
            Val::Pi(dom, cod) => {
                let Some(elements) = self.prover.elements(dom, ELEMENTS)? else {
                    return self.functions(ctx, ty, dom, cod, nesting);
                };
                match self.element(ctx, dom, cod)? {
                    Some((element, ty)) => self.vectors(elements.len(), &ty, &self.choices(ctx, &element, nesting)?),
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        })
    }

    /// Functions on a type that is not gone through: constant ones, and the identity.
    fn functions(&self, ctx: &Ctx, ty: &V, dom: &V, cod: &Clo, nesting: u32) -> Res<Vec<Term>> {
        if self.effort != Effort::Wide || !self.prover.is_data(ctx, ty)? {
            return Ok(Vec::new());
        }
        let Some((result, _)) = self.element(ctx, dom, cod)? else { return Ok(Vec::new()) };
        // A vector whose length is not known yet is no function.
        let domain = self.prover.m.quote(ctx, dom)?;
        if bfv_search::shift::rename(&domain, 0, 0, &mut |_| None, &mut |_| None).is_none() {
            return Ok(Vec::new());
        }
        let lam = |body| -> Term { Rc::new(Node::Lam(body)) };
        // What is chosen is closed, so it stays as it is below the argument.
        let mut out: Vec<Term> = self.choices(ctx, &result, nesting)?.into_iter().map(lam).collect();
        if self.prover.m.conv_type(ctx, dom, &result)? {
            out.push(lam(Rc::new(Node::Var(0))));
        }
        Ok(out)
    }

    /// Vectors of a length over a type, their elements among those given.
    fn vectors(&self, n: usize, ty: &Term, elements: &[Term]) -> Vec<Term> {
        let (Some(cons), Some(nil)) = (&self.cons, &self.nil) else { return Vec::new() };
        let app = |f: &Term, args: &[Term]| args.iter().fold(f.clone(), |f, a| Rc::new(Node::App(f, a.clone())));
        let mut out = vec![app(nil, std::slice::from_ref(ty))];
        // Longer vectors use fewer values, so that their number stays small.
        let power = u32::try_from(n).unwrap_or(u32::MAX);
        let values = (1..=elements.len()).take_while(|v| v.saturating_pow(power) <= MOST).last().unwrap_or(0);
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
