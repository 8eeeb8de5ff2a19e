//! From values of the kernel to expressions over cells. What is quantified over is written out, so nothing but cells is left open.

use crate::finite::{Layout, Shape};
use crate::formula::Expr;
use bfv_format::Prim;
use bfv_kernel::{Clo, Ctx, Elim, Env, Head, Ivl, Machine, Neutral, V, Val};
use bfv_search::{Reason, stopped};
use std::rc::Rc;

/// Why a protocol cannot be read, as a sentence (may be empty).
pub type Stop = (Reason, String);

/// The reason that a part of a protocol is for no finite search.
pub fn outside<T>(why: &str) -> Result<T, Stop> {
    Err((Reason::OutsideFragment, why.to_owned()))
}

/// A variable whose values lie in cells.
#[derive(Clone)]
pub struct Input {
    /// Its level in the context.
    pub level: u32,
    /// The variable is a run, and its cells are those of the state at its end.
    pub run: bool,
    /// Where its values lie.
    pub layout: Layout,
    /// The first of its cells.
    pub first: usize,
}

/// What is needed for reading.
#[derive(Clone)]
pub struct Reader<'m, 'g> {
    /// The evaluator.
    pub m: &'m Machine<'g>,
    /// The context of what is read.
    pub ctx: Ctx,
    /// Variables that have cells.
    pub inputs: Vec<Input>,
    /// The last number that is told apart. It occurs in no action, and stands for all larger ones as well: of an unknown number that
    /// is compared with those that occur, it matters which of them it is, or that it is none; one above all of them is that one.
    pub last: u64,
}

/// A stuck value so far: an expression, its shape, and how many eliminations were read.
type Stuck = (Expr, Rc<Shape>, usize);

impl Reader<'_, '_> {
    /// A value of a type with a shape.
    pub fn value(&self, v: &V, shape: &Shape) -> Result<Expr, Stop> {
        let lit = |n: u64| Ok(Expr::Lit(n));
        match &*self.m.whnf(v).map_err(|r| stopped(&r))? {
            Val::Prim(Prim::True) => lit(1),
            Val::Prim(Prim::False | Prim::Star) => lit(0),
            Val::NatLit(n) => lit(u64::try_from(n).unwrap_or(u64::MAX)),
            Val::Suc(n, x) => Ok(Expr::sum(self.value(x, shape)?, Expr::Lit(u64::try_from(n).unwrap_or(u64::MAX)))),
            Val::Con(_, number, _, fields, _) => {
                let Shape::Data(_, _, constructors) = shape else {
                    return outside("A value has another type than its place.");
                };
                let number = usize::try_from(*number).unwrap_or(usize::MAX);
                let before = constructors.iter().take(number).map(|c| crate::finite::product(c)).sum();
                let mut place = Expr::Lit(0);
                for (x, s) in fields.iter().zip(constructors.get(number).into_iter().flatten()) {
                    place = Expr::sum(Expr::times(place, Expr::Lit(s.size())), self.value(x, s)?);
                }
                Ok(Expr::sum(Expr::Lit(before), place))
            }
            Val::Neutral(n) => self.neutral(n, &|r, v| r.value(v, shape)),
            _ => outside("A part of the state is neither a number nor an element of a finite type."),
        }
    }

    /// A statement, as whether it holds.
    pub fn statement(&self, ty: &V) -> Result<Expr, Stop> {
        let m = self.m;
        match &*m.whnf(ty).map_err(|r| stopped(&r))? {
            Val::Prim(Prim::Unit) => Ok(Expr::Lit(1)),
            Val::Prim(Prim::Empty) => Ok(Expr::Lit(0)),
            Val::Sigma(a, b) => match self.elements(a)? {
                Some(all) => {
                    let parts = all.into_iter().map(|x| self.statement(&m.inst(b, x)));
                    Ok(Expr::any(parts.collect::<Result<_, _>>()?))
                }
                None => {
                    let first = self.statement(a)?;
                    let second = if first == Expr::Lit(0) { Expr::Lit(0) } else { self.under(a, b)? };
                    Ok(Expr::all(vec![first, second]))
                }
            },
            Val::Pi(dom, cod) => match self.elements(dom)? {
                Some(all) => {
                    let mut parts = Vec::new();
                    for x in all {
                        let part = self.statement(&m.inst(cod, x))?;
                        if part == Expr::Lit(0) {
                            return Ok(part);
                        }
                        parts.push(part);
                    }
                    Ok(Expr::all(parts))
                }
                None => {
                    let first = self.statement(dom)?;
                    let second = if first == Expr::Lit(0) { Expr::Lit(1) } else { self.under(dom, cod)? };
                    Ok(Expr::any(vec![first.not(), second]))
                }
            },
            Val::Path(line, a, b) => {
                let ty = m.dinst(line, Ivl::Zero);
                let Some(shape) = Shape::of(m, &ty, self.last).map_err(|r| stopped(&r))? else {
                    return outside("An equation is about something else than numbers and elements of finite types.");
                };
                let truth = shape == Shape::Bool;
                Ok(Expr::same(self.value(a, &shape)?, self.value(b, &shape)?, truth))
            }
            Val::Neutral(n) => self.neutral(n, &|r, v| r.statement(v)),
            _ => outside("A part of a statement is no equation, no order and no formula over them."),
        }
    }

    /// A statement under a proof of another.
    fn under(&self, dom: &V, cod: &Clo) -> Result<Expr, Stop> {
        let (ctx, x) = self.m.bind(&self.ctx, dom.clone());
        let inner = Reader { ctx, ..self.clone() };
        inner.statement(&self.m.inst(cod, x))
    }

    /// All elements of a type of data; nothing for a statement.
    pub fn elements(&self, ty: &V) -> Result<Option<Vec<V>>, Stop> {
        let m = self.m;
        let data = matches!(&*m.whnf(ty).map_err(|r| stopped(&r))?, Val::Data(..) | Val::Prim(Prim::Bool | Prim::Nat));
        if !data {
            return Ok(None);
        }
        let Some(shape) = Shape::of(m, ty, self.last).map_err(|r| stopped(&r))? else {
            return outside("A variable runs over a type that is neither finite nor that of the natural numbers.");
        };
        let all = (0..shape.size()).filter_map(|n| shape.element(n));
        Ok(Some(all.map(|t| m.eval(&Env::default(), &t)).collect()))
    }

    /// Something stuck: what it is stuck at is read, and for each value of that the rest.
    fn neutral(&self, n: &Neutral, read: &dyn Fn(&Self, &V) -> Result<Expr, Stop>) -> Result<Expr, Stop> {
        let m = self.m;
        let (at, shape, taken) = match &n.head {
            Head::Var(level, _) => self.variable(*level, &n.spine)?,
            Head::Prim(p) => self.operation(*p, &n.spine)?,
            _ => return outside("A theorem, an axiom or a coercion decides something of the protocol."),
        };
        let rest = n.spine.get(taken..).unwrap_or(&[]);
        if rest.is_empty() {
            return Ok(at);
        }
        let mut branches = Vec::new();
        for k in 0..shape.size() {
            let Some(x) = shape.element(k) else { break };
            let x = m.eval(&Env::default(), &x);
            branches.push(read(self, &rest.iter().fold(x, |x, e| m.elim(&x, e.clone())))?);
        }
        Ok(Expr::case(at, branches))
    }

    /// A variable that has cells.
    fn variable(&self, level: u32, spine: &[Elim]) -> Result<Stuck, Stop> {
        let Some(input) = self.inputs.iter().find(|i| i.level == level) else {
            return outside("Something depends on a proof.");
        };
        let mut taken = 0;
        if input.run {
            if !matches!(spine.first(), Some(Elim::DataElim(_))) {
                return outside("The claim looks at a run itself, and not only at the state at its end.");
            }
            taken = 1;
        }
        let (mut layout, mut first, mut offsets) = (&input.layout, input.first, Vec::new());
        loop {
            layout = match (layout, spine.get(taken)) {
                (Layout::Leaf(shape), _) => return Ok((Expr::at(first, offsets), shape.clone(), taken)),
                (Layout::Pair(a, _), Some(Elim::Fst)) => a,
                (Layout::Pair(a, b), Some(Elim::Snd)) => {
                    first += a.width();
                    b
                }
                (Layout::Function(s, inner, _), Some(Elim::App(x))) => {
                    offsets.push((self.value(x, s)?, inner.width(), s.size()));
                    inner
                }
                _ => return outside("Something depends on a whole function."),
            };
            taken += 1;
        }
    }

    /// An operation of the theory.
    fn operation(&self, p: Prim, spine: &[Elim]) -> Result<Stuck, Stop> {
        let nat = Rc::new(Shape::Nat(self.last + 1));
        let arg = |n: usize| match spine.get(n) {
            Some(Elim::App(x)) => self.value(x, &nat),
            _ => outside("An operation lacks an argument."),
        };
        let made = |f: fn(Expr, Expr) -> Expr| Ok((f(arg(0)?, arg(1)?), nat.clone(), 2));
        match p {
            Prim::Suc => Ok((Expr::sum(arg(0)?, Expr::Lit(1)), nat, 1)),
            Prim::NatAdd => made(Expr::sum),
            Prim::NatMul => made(Expr::times),
            Prim::NatSub => made(Expr::less_by),
            Prim::NatLtb => Ok((Expr::less(arg(0)?, arg(1)?), Rc::new(Shape::Bool), 2)),
            _ => outside("The protocol computes with other numbers than natural ones."),
        }
    }
}
