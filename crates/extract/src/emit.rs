//! Programs put together from numbers in fixed point: a number is a whole one times a unit, perhaps divided by another whole one.

use bfv_exact::Refused;
use bfv_exact::program::{Axis, Op, Program, Source, Value};
use num_bigint::BigInt;
use num_rational::BigRational;

/// `unit * over / under`, where nothing stands for 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fixed {
    pub(crate) unit: BigRational,
    pub(crate) over: Option<Value>,
    pub(crate) under: Option<Value>,
}

/// How a result is brought to its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// By floor.
    Down,
    /// To nearest, ties upwards.
    Nearest,
}

/// A quotient of units.
pub(crate) fn quotient(a: &BigRational, b: &BigRational) -> Result<BigRational, Refused> {
    if *b.numer() == BigInt::from(0) { fail("it divides by 0") } else { Ok(a / b) }
}

/// A program that grows. An operation that is there already is not made again.
#[derive(Debug, Default)]
pub(crate) struct Emitter {
    pub(crate) source: Source,
}

fn zero() -> BigRational {
    BigRational::from(BigInt::from(0))
}

fn fail<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::new("an operator", why))
}

fn small(n: &BigInt) -> Result<i64, Refused> {
    i64::try_from(n).map_err(|_| Refused::new("an operator", format!("{n} does not fit 64 bits")))
}

impl Emitter {
    pub(crate) fn push(&mut self, op: Op) -> Value {
        match (0..).zip(&self.source.ops).find(|(_, o)| **o == op) {
            Some((place, _)) => place,
            None => self.source.push(op),
        }
    }

    fn constant(&mut self, n: &BigInt) -> Result<Value, Refused> {
        Ok(self.push(Op::Const(small(n)?)))
    }

    /// A product of whole numbers, the earlier one first.
    fn product(&mut self, a: Option<Value>, b: Option<Value>) -> Option<Value> {
        match (a, b) {
            (Some(a), Some(b)) => Some(self.push(Op::Mul(a.min(b), a.max(b)))),
            (a, b) => a.or(b),
        }
    }

    pub(crate) fn times(&mut self, a: &Fixed, b: &Fixed) -> Fixed {
        let unit = &a.unit * &b.unit;
        if unit == zero() {
            return Fixed { unit, over: None, under: None };
        }
        let (over, under) = (self.product(a.over, b.over), self.product(a.under, b.under));
        Fixed { unit, over, under }
    }

    /// Both numbers as whole ones in one unit, which is that of the first one that is no literal.
    pub(crate) fn alike(&mut self, a: &Fixed, b: &Fixed) -> Result<(Value, Value, Fixed), Refused> {
        let literal = Fixed { unit: BigRational::from(BigInt::from(1)), over: None, under: None };
        // In units of 0 nothing can be said.
        let lead = [a, b].into_iter().find(|x| x.over.is_some()).unwrap_or(b);
        let lead = if lead.unit == zero() { &literal } else { lead };
        let frame = Fixed { over: None, ..lead.clone() };
        let mut whole = |x: &Fixed| match x.over {
            Some(v) if x.unit == lead.unit && x.under == lead.under => Ok(v),
            None if x.under.is_none() && lead.under.is_none() && (&x.unit / &lead.unit).is_integer() => {
                self.constant((&x.unit / &lead.unit).numer())
            }
            _ => {
                fail(format!("two numbers are compared or added that have different units, {} and {}", a.unit, b.unit))
            }
        };
        Ok((whole(a)?, whole(b)?, frame))
    }

    /// The same with whole numbers that are ordered as the numbers are.
    pub(crate) fn ordered(&mut self, a: &Fixed, b: &Fixed) -> Result<(Value, Value, Fixed), Refused> {
        let (x, y, frame) = self.alike(a, b)?;
        if let Some(under) = frame.under {
            let facts = Program::new(self.source.clone())?;
            let fact = usize::try_from(under).ok().and_then(|v| facts.facts().get(v));
            if fact.is_none_or(|fact| fact.low <= 0) {
                return fail("it compares quotients whose divisor need not be positive");
            }
        }
        if frame.unit > zero() {
            return Ok((x, y, frame));
        }
        let minus = self.constant(&BigInt::from(-1))?;
        let mut turned = |v: Value| self.push(Op::Mul(v.min(minus), v.max(minus)));
        Ok((turned(x), turned(y), Fixed { unit: -frame.unit, ..frame }))
    }

    /// A sum over an axis.
    pub(crate) fn sum(&mut self, a: &Fixed, axis: Axis) -> Result<Fixed, Refused> {
        match a.over {
            Some(v) => Ok(Fixed { over: Some(self.push(Op::Sum(v, axis))), ..a.clone() }),
            None => fail("it sums what is the same everywhere"),
        }
    }

    /// The number in a unit, as a whole one.
    pub(crate) fn rounded(&mut self, a: &Fixed, unit: &BigRational, rounding: Rounding) -> Result<Value, Refused> {
        let ratio = quotient(&a.unit, unit)?;
        let one = BigInt::from(1);
        let Some(over) = a.over else { return fail("its result is the same for all inputs") };
        let scaled = |e: &mut Self, v: Option<Value>, factor: &BigInt| {
            let factor = if *factor == one { None } else { Some(e.constant(factor)?) };
            Ok::<_, Refused>(e.product(v, factor))
        };
        let shift = ratio.denom().trailing_zeros().unwrap_or(0);
        match rounding {
            _ if a.under.is_none() && ratio.is_integer() => {
                Ok(scaled(self, Some(over), ratio.numer())?.unwrap_or(over))
            }
            Rounding::Nearest if a.under.is_none() && *ratio.denom() == BigInt::from(1) << shift => {
                let over = scaled(self, Some(over), ratio.numer())?.unwrap_or(over);
                let shift = u8::try_from(shift).unwrap_or(u8::MAX);
                Ok(self.push(Op::Round(over, shift)))
            }
            Rounding::Nearest => fail("it divides by no power of two, so it is rounded down only"),
            Rounding::Down => {
                let over = scaled(self, Some(over), ratio.numer())?.unwrap_or(over);
                match scaled(self, a.under, ratio.denom())? {
                    Some(under) => Ok(self.push(Op::Div(over, under))),
                    None => Ok(over),
                }
            }
        }
    }
}
