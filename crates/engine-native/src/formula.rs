//! Claims as plain numbers and statements, so that a point can be tried without the evaluator. Nothing here is trusted:
//! a point is only proposed, and the kernel judges what is made of it.

use crate::arith::Prover;
use crate::number::Q;
use crate::reify::carrier;
use bfv_format::{Prim, Sort};
use bfv_kernel::{Ctx, Elim, Head, Ivl, Neutral, Res, V, Val};
use num_bigint::BigInt;
use num_rational::BigRational;
use std::collections::BTreeMap;

/// More parts than this, and what is left stays opaque.
const PARTS: usize = 20_000;

/// A number; parts are given by their place on the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    Literal(Q),
    /// A variable whose value is looked for.
    Unknown(u32),
    /// Something that the search does not see through.
    Opaque,
    Add(usize, usize),
    Sub(usize, usize),
    Mul(usize, usize),
    /// Zero for zero.
    Inverse(usize),
    /// By a statement.
    Choice(usize, usize, usize),
}

/// A statement; parts are given by their place on the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// Nothing is known of it.
    Open,
    Less(Sort, usize, usize),
    Equal(Sort, usize, usize),
    Not(usize),
    All(Vec<usize>),
    Any(Vec<usize>),
}

/// What stands at a place of the sheet. Parts come before what they are parts of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Number(Number),
    Statement(Statement),
}

/// Numbers and statements of one claim.
#[derive(Clone, Default)]
pub struct Sheet {
    pub entries: Vec<Entry>,
    /// Which unknown a variable of the context is, by level.
    pub unknowns: BTreeMap<u32, u32>,
}

/// What an entry is at a point; `None` where something opaque decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Worth {
    Number(Option<Q>),
    Truth(Option<bool>),
}

impl Sheet {
    fn push(&mut self, e: Entry) -> usize {
        // Equal numbers next to each other are common; a full index would cost more than it saves.
        if self.entries.last() == Some(&e) {
            return self.entries.len() - 1;
        }
        self.entries.push(e);
        self.entries.len() - 1
    }

    fn number(&mut self, n: Number) -> usize {
        self.push(Entry::Number(n))
    }

    fn is(&self, n: usize, s: &Statement) -> bool {
        matches!(self.entries.get(n), Some(Entry::Statement(t)) if t == s)
    }

    /// Writes a statement; parts that are true or false whatever the point are looked through, so that few alternatives are left.
    pub fn statement(&mut self, s: Statement) -> usize {
        let (truth, falsehood) = (Statement::All(Vec::new()), Statement::Any(Vec::new()));
        let s = match s {
            Statement::Not(a) if self.is(a, &truth) => falsehood,
            Statement::Not(a) if self.is(a, &falsehood) => truth,
            Statement::Not(a) => match self.entries.get(a) {
                Some(Entry::Statement(Statement::Not(b))) => return *b,
                _ => Statement::Not(a),
            },
            Statement::All(parts) if parts.iter().any(|p| self.is(*p, &falsehood)) => falsehood,
            Statement::Any(parts) if parts.iter().any(|p| self.is(*p, &truth)) => truth,
            Statement::All(mut parts) => {
                parts.retain(|p| !self.is(*p, &truth));
                if let [only] = parts.as_slice() {
                    return *only;
                }
                Statement::All(parts)
            }
            Statement::Any(mut parts) => {
                parts.retain(|p| !self.is(*p, &falsehood));
                if let [only] = parts.as_slice() {
                    return *only;
                }
                Statement::Any(parts)
            }
            other => other,
        };
        self.push(Entry::Statement(s))
    }

    /// The worth of every entry at a point.
    pub fn worth(&self, point: &[Q]) -> Vec<Worth> {
        let mut out: Vec<Worth> = Vec::with_capacity(self.entries.len());
        for e in &self.entries {
            let number =
                |n: &usize| if let Some(Worth::Number(Some(q))) = out.get(*n) { Some(q.clone()) } else { None };
            let truth = |n: &usize| if let Some(Worth::Truth(t)) = out.get(*n) { *t } else { None };
            let both = |a: &usize, b: &usize| Some((number(a)?, number(b)?));
            let worth = match e {
                Entry::Number(n) => Worth::Number(match n {
                    Number::Literal(q) => Some(q.clone()),
                    Number::Unknown(n) => usize::try_from(*n).ok().and_then(|n| point.get(n)).cloned(),
                    Number::Opaque => None,
                    Number::Add(a, b) => both(a, b).map(|(a, b)| a.plus(&b)),
                    Number::Sub(a, b) => both(a, b).map(|(a, b)| a.plus(&b.negated())),
                    Number::Mul(a, b) => both(a, b).map(|(a, b)| a.times(&b)),
                    Number::Inverse(a) => number(a).map(|a| a.inverse()),
                    Number::Choice(c, a, b) => truth(c).and_then(|c| number(if c { a } else { b })),
                }),
                Entry::Statement(s) => Worth::Truth(match s {
                    Statement::Open => None,
                    Statement::Less(_, a, b) => both(a, b).map(|(a, b)| a < b),
                    Statement::Equal(_, a, b) => both(a, b).map(|(a, b)| a == b),
                    Statement::Not(a) => truth(a).map(|t| !t),
                    Statement::All(parts) => all(parts.iter().map(truth)),
                    Statement::Any(parts) => all(parts.iter().map(|p| truth(p).map(|t| !t))).map(|t| !t),
                }),
            };
            out.push(worth);
        }
        out
    }
}

/// Conjunction where some parts may be unknown.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for p in parts {
        match p {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

impl Prover<'_> {
    /// The elements of a type that is a finite sum of units, in order.
    pub fn elements(&self, ty: &V, most: u32) -> Res<Option<Vec<V>>> {
        Ok(match &*self.m.whnf(ty)? {
            Val::Prim(Prim::Empty) => Some(Vec::new()),
            Val::Prim(Prim::Unit) => Some(vec![self.m.value(Val::Prim(Prim::Star))]),
            Val::Data(d, ps) => {
                let (Some(most), [unit, rest]) = (most.checked_sub(1), &**ps) else { return Ok(None) };
                if !matches!(&*self.m.whnf(unit)?, Val::Prim(Prim::Unit)) {
                    return Ok(None);
                }
                let Some(rest) = self.elements(rest, most)? else { return Ok(None) };
                let con = |n, x: V| self.m.value(Val::Con(*d, n, ps.clone(), [x].into(), [].into()));
                let first = con(0, self.m.value(Val::Prim(Prim::Star)));
                Some(std::iter::once(first).chain(rest.into_iter().map(|x| con(1, x))).collect())
            }
            _ => None,
        })
    }

    /// Writes a number on the sheet.
    pub fn write_number(&self, ctx: &Ctx, sheet: &mut Sheet, v: &V) -> Res<usize> {
        let literal = |q: BigRational| Number::Literal(Q::from(&q));
        let whole = |n: BigInt| literal(BigRational::from_integer(n));
        if sheet.entries.len() > PARTS {
            return Ok(sheet.number(Number::Opaque));
        }
        let n = match &*self.m.whnf(v)? {
            Val::NatLit(n) => whole(n.clone().into()),
            Val::IntLit(n) => whole(n.clone()),
            Val::RealLit(q) => literal(bfv_search::poly::number(q)),
            Val::Suc(n, x) => {
                let (x, n) = (self.write_number(ctx, sheet, x)?, sheet.number(whole(n.clone().into())));
                Number::Add(x, n)
            }
            Val::IntPos(x) => return self.write_number(ctx, sheet, x),
            Val::IntNegSuc(x) => {
                let (x, one) = (self.write_number(ctx, sheet, x)?, sheet.number(whole((-1).into())));
                Number::Sub(one, x)
            }
            Val::Neutral(Neutral { head: Head::Var(level, _), spine, .. }) if spine.is_empty() => {
                sheet.unknowns.get(level).map_or(Number::Opaque, |n| Number::Unknown(*n))
            }
            Val::Neutral(Neutral { head: Head::Prim(p), spine, .. }) => match (p, &**spine) {
                (Prim::RealOfNat | Prim::RealOfInt, [Elim::App(a)]) => return self.write_number(ctx, sheet, a),
                (Prim::RealInv, [Elim::App(a)]) => Number::Inverse(self.write_number(ctx, sheet, a)?),
                (Prim::NatSub, [Elim::App(a), Elim::App(b)]) => {
                    let (a, b) = (self.write_number(ctx, sheet, a)?, self.write_number(ctx, sheet, b)?);
                    let less = sheet.statement(Statement::Less(Sort::Nat, a, b));
                    let (zero, difference) = (sheet.number(Number::Literal(Q::ZERO)), sheet.number(Number::Sub(a, b)));
                    Number::Choice(less, zero, difference)
                }
                (p, [Elim::App(a), Elim::App(b)]) if operation(*p).is_some() => {
                    let (a, b) = (self.write_number(ctx, sheet, a)?, self.write_number(ctx, sheet, b)?);
                    operation(*p).map_or(Number::Opaque, |op| op(a, b))
                }
                (p, [Elim::App(a), Elim::App(b), Elim::BoolElim(cases), rest @ ..]) if order(*p).is_some() => {
                    let (_, yes, no) = &**cases;
                    let c = self.write_order(ctx, sheet, *p, a, b)?;
                    let then = |v: &V| rest.iter().fold(v.clone(), |v, e| self.m.elim(&v, e.clone()));
                    let yes = self.write_number(ctx, sheet, &then(yes))?;
                    let no = self.write_number(ctx, sheet, &then(no))?;
                    Number::Choice(c, yes, no)
                }
                _ => Number::Opaque,
            },
            _ => Number::Opaque,
        };
        Ok(sheet.number(n))
    }

    fn write_order(&self, ctx: &Ctx, sheet: &mut Sheet, p: Prim, a: &V, b: &V) -> Res<usize> {
        let (a, b) = (self.write_number(ctx, sheet, a)?, self.write_number(ctx, sheet, b)?);
        Ok(sheet.statement(order(p).map_or(Statement::Open, |s| Statement::Less(s, a, b))))
    }

    /// Writes that a truth value is true.
    fn write_truth(&self, ctx: &Ctx, sheet: &mut Sheet, v: &V) -> Res<usize> {
        let s = match &*self.m.whnf(v)? {
            Val::Prim(Prim::True) => Statement::All(Vec::new()),
            Val::Prim(Prim::False) => Statement::Any(Vec::new()),
            Val::Neutral(Neutral { head: Head::Prim(p), spine, .. }) if order(*p).is_some() => match &**spine {
                [Elim::App(a), Elim::App(b)] => return self.write_order(ctx, sheet, *p, a, b),
                [Elim::App(a), Elim::App(b), Elim::BoolElim(cases), rest @ ..] => {
                    let (_, yes, no) = &**cases;
                    let then = |v: &V| rest.iter().fold(v.clone(), |v, e| self.m.elim(&v, e.clone()));
                    let c = self.write_order(ctx, sheet, *p, a, b)?;
                    let yes = self.write_truth(ctx, sheet, &then(yes))?;
                    let no = self.write_truth(ctx, sheet, &then(no))?;
                    return Ok(choice(sheet, c, yes, no));
                }
                _ => Statement::Open,
            },
            _ => Statement::Open,
        };
        Ok(sheet.statement(s))
    }

    /// Writes a proposition on the sheet.
    pub fn write_statement(&self, ctx: &Ctx, sheet: &mut Sheet, ty: &V) -> Res<usize> {
        if sheet.entries.len() > PARTS {
            return Ok(sheet.statement(Statement::Open));
        }
        let s = match &*self.m.whnf(ty)? {
            Val::Prim(Prim::Empty) => Statement::Any(Vec::new()),
            Val::Prim(Prim::Unit) => Statement::All(Vec::new()),
            Val::Path(line, a, b) => {
                let sort = match &*self.m.whnf(&self.m.dinst(line, Ivl::Zero))? {
                    Val::Prim(Prim::Bool) => None,
                    Val::Prim(p) => {
                        let sort = [Sort::Nat, Sort::Int, Sort::Real].into_iter().find(|s| carrier(*s) == *p);
                        let Some(sort) = sort else { return Ok(sheet.statement(Statement::Open)) };
                        Some(sort)
                    }
                    _ => return Ok(sheet.statement(Statement::Open)),
                };
                match sort {
                    Some(sort) => {
                        let (a, b) = (self.write_number(ctx, sheet, a)?, self.write_number(ctx, sheet, b)?);
                        Statement::Equal(sort, a, b)
                    }
                    None => {
                        let (a, b) = (self.write_truth(ctx, sheet, a)?, self.write_truth(ctx, sheet, b)?);
                        let not = sheet.statement(Statement::Not(b));
                        return Ok(choice(sheet, a, b, not));
                    }
                }
            }
            Val::Sigma(a, b) => {
                let first = self.write_statement(ctx, sheet, a)?;
                let (inner, x) = self.m.bind(ctx, a.clone());
                let second = self.write_statement(&inner, sheet, &self.m.inst(b, x))?;
                Statement::All(vec![first, second])
            }
            Val::Pi(dom, cod) => {
                if let Some(elements) = self.elements(dom, crate::arith::ELEMENTS)? {
                    let mut parts = Vec::new();
                    for x in elements {
                        parts.push(self.write_statement(ctx, sheet, &self.m.inst(cod, x))?);
                    }
                    Statement::All(parts)
                } else if self.is_data(ctx, dom)? {
                    Statement::Open
                } else {
                    let condition = self.write_statement(ctx, sheet, dom)?;
                    let (inner, x) = self.m.bind(ctx, dom.clone());
                    let then = self.write_statement(&inner, sheet, &self.m.inst(cod, x))?;
                    let not = sheet.statement(Statement::Not(condition));
                    Statement::Any(vec![not, then])
                }
            }
            _ => Statement::Open,
        };
        Ok(sheet.statement(s))
    }
}

/// `if c then yes else no`
fn choice(sheet: &mut Sheet, c: usize, yes: usize, no: usize) -> usize {
    let not = sheet.statement(Statement::Not(c));
    let yes = sheet.statement(Statement::All(vec![c, yes]));
    let no = sheet.statement(Statement::All(vec![not, no]));
    sheet.statement(Statement::Any(vec![yes, no]))
}

fn order(p: Prim) -> Option<Sort> {
    match p {
        Prim::NatLtb => Some(Sort::Nat),
        Prim::IntLtb => Some(Sort::Int),
        Prim::RealLtb => Some(Sort::Real),
        _ => None,
    }
}

fn operation(p: Prim) -> Option<fn(usize, usize) -> Number> {
    match p {
        Prim::NatAdd | Prim::IntAdd | Prim::RealAdd => Some(Number::Add),
        Prim::IntSub | Prim::RealSub => Some(Number::Sub),
        Prim::NatMul | Prim::IntMul | Prim::RealMul => Some(Number::Mul),
        _ => None,
    }
}
