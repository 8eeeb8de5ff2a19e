//! Whether values are the same, and whether statements hold, where parts of them may not be known.

use crate::eval::{Eval, Machine, Stop, Thunk, Value};
use crate::numbers::predecessor;
use bfv_format::{Node, Prim};
use bfv_search::Budget;

impl Machine<'_> {
    /// Whether two values of a first-order type are the same. Where something is not known, a difference elsewhere suffices.
    pub fn same(&mut self, a: &Thunk, b: &Thunk, budget: &mut Budget) -> Eval<bool> {
        self.pay(budget)?;
        let pairs: Vec<(Thunk, Thunk)> = match (self.force(a, budget)?, self.force(b, budget)?) {
            (Value::Con(c, xs), Value::Con(d, ys)) => {
                if c != d {
                    return Ok(false);
                }
                xs.iter().cloned().zip(ys.iter().cloned()).collect()
            }
            (Value::Bool(a), Value::Bool(b)) => return Ok(a == b),
            (Value::Star, Value::Star) => return Ok(true),
            (Value::Nat(a), Value::Nat(b)) => return Ok(a == b),
            (Value::Nat(0), Value::Suc(_)) | (Value::Suc(_), Value::Nat(0)) => return Ok(false),
            (x @ (Value::Nat(_) | Value::Suc(_)), y @ (Value::Nat(_) | Value::Suc(_))) => {
                vec![(predecessor(x)?, predecessor(y)?)]
            }
            (Value::Int(a), Value::Int(b)) => return Ok(a == b),
            (Value::Real(a), Value::Real(b)) => return Ok(a == b),
            (Value::Pair(a, b), Value::Pair(c, d)) => vec![(a, c), (b, d)],
            _ => return Err(Stop::Unsupported),
        };
        let mut stuck = None;
        for (x, y) in pairs {
            match self.same(&x, &y, budget) {
                Ok(true) => {}
                Err(Stop::Stuck(part)) => stuck = Some(stuck.map_or(part, |s| self.sooner(s, part))),
                other => return other,
            }
        }
        stuck.map_or(Ok(true), |part| Err(Stop::Stuck(part)))
    }

    /// Whether a statement holds, which is made of equations, pairs and implications.
    pub fn holds(&mut self, slot: &Thunk, budget: &mut Budget) -> Eval<bool> {
        self.pay(budget)?;
        match self.force(slot, budget)? {
            Value::Type(t) => match &*t {
                Node::Prim(Prim::Empty) => Ok(false),
                Node::Prim(Prim::Unit) => Ok(true),
                _ => Err(Stop::Unsupported),
            },
            Value::Same(a, b) => self.same(&a, &b, budget),
            Value::Both(p, q) => match self.holds(&p, budget) {
                Ok(true) => self.holds(&q, budget),
                Err(Stop::Stuck(part)) => match self.holds(&q, budget) {
                    Ok(false) => Ok(false),
                    Ok(true) => Err(Stop::Stuck(part)),
                    Err(Stop::Stuck(other)) => Err(Stop::Stuck(self.sooner(part, other))),
                    Err(stop) => Err(stop),
                },
                other => other,
            },
            Value::Implies(p, q) => match self.holds(&p, budget) {
                Ok(false) => Ok(true),
                Ok(true) => self.holds(&q, budget),
                Err(Stop::Stuck(part)) => match self.holds(&q, budget) {
                    Ok(true) => Ok(true),
                    Ok(false) => Err(Stop::Stuck(part)),
                    Err(Stop::Stuck(other)) => Err(Stop::Stuck(self.sooner(part, other))),
                    Err(stop) => Err(stop),
                },
                Err(stop) => Err(stop),
            },
            _ => Err(Stop::Unsupported),
        }
    }
}
