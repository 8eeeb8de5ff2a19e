//! Arithmetic on values of which parts may not be known: a natural number is known as far as its successors are.

use crate::eval::{Eval, Machine, State, Stop, Thunk, Value, Work, done, todo};
use bfv_format::Prim;
use bfv_search::Budget;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{ToPrimitive, Zero};
use std::rc::Rc;

impl Machine<'_> {
    /// A natural number that is known to the end.
    pub fn number(&mut self, slot: &Thunk, budget: &mut Budget) -> Eval<u64> {
        let mut slot = slot.clone();
        let mut more = 0u64;
        loop {
            match self.force(&slot, budget)? {
                Value::Nat(n) => return n.checked_add(more).ok_or(Stop::Unsupported),
                Value::Suc(less) => {
                    more = more.checked_add(1).ok_or(Stop::Unsupported)?;
                    slot = less;
                }
                _ => return Err(Stop::Unsupported),
            }
        }
    }

    fn integer(&mut self, slot: &Thunk, budget: &mut Budget) -> Eval<i64> {
        match self.force(slot, budget)? {
            Value::Int(n) => Ok(n),
            _ => Err(Stop::Unsupported),
        }
    }

    fn real(&mut self, slot: &Thunk, budget: &mut Budget) -> Eval<Rc<BigRational>> {
        match self.force(slot, budget)? {
            Value::Real(q) => Ok(q),
            _ => Err(Stop::Unsupported),
        }
    }

    pub fn operate(&mut self, p: Prim, a: &Thunk, b: &Thunk, budget: &mut Budget) -> Eval<Value> {
        let real = |q: BigRational| Ok(Value::Real(Rc::new(q)));
        let natural = |n: u64| BigRational::from_integer(BigInt::from(n));
        match p {
            Prim::Suc => match &*a.0.borrow() {
                State::Done(Value::Nat(n), 0) if *n < u64::MAX => Ok(Value::Nat(*n + 1)),
                _ => Ok(Value::Suc(a.clone())),
            },
            Prim::NatAdd => self.sum(a, b, budget),
            Prim::NatMul => self.times(a, b, budget),
            Prim::NatSub => Ok(Value::Nat(self.number(a, budget)?.saturating_sub(self.number(b, budget)?))),
            Prim::NatLtb => self.less(a, b, budget).map(Value::Bool),
            Prim::IntPos => i64::try_from(self.number(a, budget)?).map(Value::Int).map_err(|_| Stop::Unsupported),
            Prim::IntNegSuc => {
                let n = i64::try_from(self.number(a, budget)?).map_err(|_| Stop::Unsupported)?;
                n.checked_neg().and_then(|n| n.checked_sub(1)).map(Value::Int).ok_or(Stop::Unsupported)
            }
            Prim::IntAdd | Prim::IntSub | Prim::IntMul => {
                let (a, b) = (self.integer(a, budget)?, self.integer(b, budget)?);
                let found = match p {
                    Prim::IntAdd => a.checked_add(b),
                    Prim::IntSub => a.checked_sub(b),
                    _ => a.checked_mul(b),
                };
                found.map(Value::Int).ok_or(Stop::Unsupported)
            }
            Prim::IntLtb => self.int_less(a, b, budget).map(Value::Bool),
            Prim::RealAdd => real(&*self.real(a, budget)? + &*self.real(b, budget)?),
            Prim::RealSub => real(&*self.real(a, budget)? - &*self.real(b, budget)?),
            Prim::RealMul => real(&*self.real(a, budget)? * &*self.real(b, budget)?),
            Prim::RealLtb => Ok(Value::Bool(self.real(a, budget)? < self.real(b, budget)?)),
            Prim::RealInv => {
                let q = self.real(a, budget)?;
                real(if q.is_zero() { BigRational::zero() } else { q.recip() })
            }
            Prim::RealOfNat => {
                let n = self.number(a, budget)?;
                real(natural(n))
            }
            Prim::RealOfInt => real(BigRational::from_integer(BigInt::from(self.integer(a, budget)?))),
            Prim::RealFloor => {
                self.real(a, budget)?.floor().to_integer().to_i64().map(Value::Int).ok_or(Stop::Unsupported)
            }
            _ => Err(Stop::Unsupported),
        }
    }

    fn op(p: Prim, a: Thunk, b: Thunk) -> Thunk {
        todo(Work::Op(p, a, b))
    }

    /// A sum, as far as one side is known.
    fn sum(&mut self, a: &Thunk, b: &Thunk, budget: &mut Budget) -> Eval<Value> {
        match self.force(a, budget) {
            Ok(Value::Nat(0)) => self.force(b, budget),
            Ok(Value::Nat(n)) => match self.force(b, budget) {
                Ok(Value::Nat(m)) => n.checked_add(m).map(Value::Nat).ok_or(Stop::Unsupported),
                Ok(Value::Suc(_)) | Err(Stop::Stuck(_)) => {
                    Ok(Value::Suc(Self::op(Prim::NatAdd, done(Value::Nat(n.saturating_sub(1))), b.clone())))
                }
                Ok(_) => Err(Stop::Unsupported),
                Err(stop) => Err(stop),
            },
            Ok(Value::Suc(less)) => Ok(Value::Suc(Self::op(Prim::NatAdd, less, b.clone()))),
            Ok(_) => Err(Stop::Unsupported),
            Err(Stop::Stuck(part)) => match self.force(b, budget) {
                Ok(Value::Suc(less)) => Ok(Value::Suc(Self::op(Prim::NatAdd, a.clone(), less))),
                Ok(Value::Nat(m)) if m > 0 => {
                    Ok(Value::Suc(Self::op(Prim::NatAdd, a.clone(), done(Value::Nat(m.saturating_sub(1))))))
                }
                Ok(_) | Err(Stop::Stuck(_)) => Err(Stop::Stuck(part)),
                Err(stop) => Err(stop),
            },
            Err(stop) => Err(stop),
        }
    }

    /// A product, as far as both sides are known.
    fn times(&mut self, a: &Thunk, b: &Thunk, budget: &mut Budget) -> Eval<Value> {
        match (self.force(a, budget)?, self.force(b, budget)?) {
            (Value::Nat(0), _) | (_, Value::Nat(0)) => Ok(Value::Nat(0)),
            (Value::Nat(n), Value::Nat(m)) => n.checked_mul(m).map(Value::Nat).ok_or(Stop::Unsupported),
            (Value::Suc(less), _) => {
                let rest = Self::op(Prim::NatMul, less, b.clone());
                self.sum(b, &rest, budget)
            }
            (_, Value::Suc(less)) => {
                let rest = Self::op(Prim::NatMul, a.clone(), less);
                self.sum(a, &rest, budget)
            }
            _ => Err(Stop::Unsupported),
        }
    }

    fn less(&mut self, a: &Thunk, b: &Thunk, budget: &mut Budget) -> Eval<bool> {
        let (mut a, mut b) = (a.clone(), b.clone());
        loop {
            self.pay(budget)?;
            let right = self.force(&b, budget)?;
            if matches!(right, Value::Nat(0)) {
                return Ok(false);
            }
            match (self.force(&a, budget)?, right) {
                (Value::Nat(n), Value::Nat(m)) => return Ok(n < m),
                (Value::Nat(0), Value::Suc(_)) => return Ok(true),
                (x, y) => {
                    a = predecessor(x)?;
                    b = predecessor(y)?;
                }
            }
        }
    }
}

/// A natural number less one.
pub fn predecessor(v: Value) -> Eval<Thunk> {
    match v {
        Value::Nat(n) => n.checked_sub(1).map(|n| done(Value::Nat(n))).ok_or(Stop::Unsupported),
        Value::Suc(less) => Ok(less),
        _ => Err(Stop::Unsupported),
    }
}

/// How many arguments an operation takes.
pub fn arity(p: Prim) -> usize {
    match p {
        Prim::Suc
        | Prim::IntPos
        | Prim::IntNegSuc
        | Prim::RealInv
        | Prim::RealOfNat
        | Prim::RealOfInt
        | Prim::RealFloor => 1,
        _ => 2,
    }
}
