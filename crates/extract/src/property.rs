//! What can be proved of a program: a closed set of properties, each one definition of `sctt/program.sctt`.

use crate::build::{apply, int, nat, real};
use crate::denote::Meaning;
use crate::vocabulary::Vocabulary;
use bfv_exact::Refused;
use bfv_exact::bytes::{Reader, Writer};
use bfv_exact::program::{MAX_LIST, Program};
use bfv_format::{Hash, Prim, Rational, Term};
use num_bigint::{BigInt, BigUint};
use std::fmt;

/// A property of a program. Input 0 holds the outputs of the workers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// The result lies between the outputs.
    InHull,
    /// The result lies between the outputs of all but so many workers, whichever those are.
    WithinHonest(u32),
    /// The order of the workers does not matter.
    FreeOfOrder,
    /// Larger outputs never make the result smaller.
    NeverFalls,
    /// When all outputs move by the same amount, so does the result: the weights sum to one.
    MovesAlong,
    /// The result is a weight for each worker; none is negative, and they sum to this.
    SumsTo(i64),
    /// The result is the output of one worker.
    SelectsOne,
    /// At each coordinate the result is the output of some worker.
    SelectsEach,
    /// What more than half of the workers say is the result.
    FollowsMajority,
    /// The result is near an operator of real numbers.
    Near(Refinement),
}

/// How far a program may be from an operator of real numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refinement {
    /// The operator, by the hash of its declaration: a function of the numbers below, then of `Nat -> Fin n -> Fin d -> Real`.
    pub operator: Hash,
    /// Its first arguments: numbers of workers and coordinates among them, where it takes these.
    pub arguments: Vec<Number>,
    /// The unit of each input.
    pub units: Vec<Ratio>,
    /// The unit of the result.
    pub unit: Ratio,
    /// The largest distance, not in units.
    pub bound: Ratio,
}

/// A number with its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// A natural number.
    Nat(u64),
    /// A whole number.
    Int(i64),
    /// A fraction.
    Real(Ratio),
}

/// A fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    num: i64,
    den: i64,
}

impl Ratio {
    /// One.
    pub const ONE: Ratio = Ratio { num: 1, den: 1 };

    /// A fraction.
    ///
    /// # Errors
    /// The denominator is not positive, or the fraction is not in lowest terms.
    pub fn new(num: i64, den: i64) -> Result<Self, Refused> {
        let own = Self { num, den };
        Self::reduced(num, den).filter(|lowest| *lowest == own).ok_or_else(|| {
            Refused::new("a fraction", format!("{num}/{den} is not in lowest terms with a positive denominator"))
        })
    }

    /// A fraction brought to lowest terms; nothing where the denominator is not positive.
    #[must_use]
    pub fn reduced(num: i64, den: i64) -> Option<Self> {
        // With 128 bits nothing overflows, whatever is given.
        let lowest = (den > 0).then(|| num_rational::Ratio::new(i128::from(num), i128::from(den)))?;
        Some(Self { num: i64::try_from(*lowest.numer()).ok()?, den: i64::try_from(*lowest.denom()).ok()? })
    }

    /// Numerator and denominator.
    #[must_use]
    pub fn parts(self) -> (i64, i64) {
        (self.num, self.den)
    }

    fn term(self) -> Term {
        real(Rational { num: BigInt::from(self.num), den: BigUint::from(self.den.unsigned_abs()) })
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.den == 1 { write!(f, "{}", self.num) } else { write!(f, "{}/{}", self.num, self.den) }
    }
}

impl Number {
    pub(crate) fn term(self) -> Term {
        match self {
            Number::Nat(n) => nat(n),
            Number::Int(z) => int(z),
            Number::Real(q) => q.term(),
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Property::InHull => write!(f, "the result lies between the outputs"),
            Property::WithinHonest(t) => write!(f, "the result lies between the outputs of all but any {t} workers"),
            Property::FreeOfOrder => write!(f, "the order of the workers does not matter"),
            Property::NeverFalls => write!(f, "larger outputs never make the result smaller"),
            Property::MovesAlong => write!(f, "the result moves along with all outputs"),
            Property::SumsTo(unit) => write!(f, "the results of the workers are weights that sum to {unit}"),
            Property::SelectsOne => write!(f, "the result is the output of one worker"),
            Property::SelectsEach => write!(f, "each coordinate of the result is the output of some worker"),
            Property::FollowsMajority => write!(f, "the result is what more than half of the workers say"),
            Property::Near(r) => {
                let operator = r.operator.to_string();
                let short = operator.get(..8).unwrap_or_default();
                write!(f, "the result is at most {} from the operator {short} of real numbers", r.bound)
            }
        }
    }
}

impl Property {
    /// The statement that a program has the property. It is made from the program, so no two programs share it unless they mean the same.
    pub(crate) fn statement(
        &self,
        program: &Program,
        meaning: &Meaning,
        words: &Vocabulary,
        operator: impl Fn(&Hash) -> Option<Term>,
    ) -> Result<Term, Refused> {
        let (name, arguments) = match self {
            Property::InHull => ("InHull", vec![]),
            Property::WithinHonest(t) => ("WithinHonest", vec![nat(*t)]),
            Property::FreeOfOrder => ("FreeOfOrder", vec![]),
            Property::NeverFalls => ("NeverFalls", vec![]),
            Property::MovesAlong => ("MovesAlong", vec![]),
            Property::SumsTo(unit) => ("SumsTo", vec![int(*unit)]),
            Property::SelectsOne => ("SelectsOne", vec![]),
            Property::SelectsEach => ("SelectsEach", vec![]),
            Property::FollowsMajority => ("FollowsMajority", vec![]),
            Property::Near(r) => {
                let Some(f) = operator(&r.operator) else {
                    return Err(Refused::new("a proof", format!("it does not know the operator {}", r.operator)));
                };
                let f = apply(f, r.arguments.iter().map(|n| n.term()));
                ("Near", vec![f, units(&r.units, words)?, r.unit.term(), r.bound.term()])
            }
        };
        let sizes = [nat(program.source().workers), nat(program.source().coords)];
        let both = [meaning.valid.clone(), meaning.run.clone()];
        words.apply(&format!("std.program.{name}"), sizes.into_iter().chain(arguments).chain(both))
    }

    /// The number by which packages know the kind of property, which is also the usual order.
    #[must_use]
    pub fn place(&self) -> u8 {
        match self {
            Property::InHull => 0,
            Property::WithinHonest(_) => 1,
            Property::FreeOfOrder => 2,
            Property::NeverFalls => 3,
            Property::MovesAlong => 4,
            Property::SumsTo(_) => 5,
            Property::SelectsOne => 6,
            Property::SelectsEach => 7,
            Property::FollowsMajority => 8,
            Property::Near(_) => 9,
        }
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.u8(self.place());
        match self {
            Property::InHull
            | Property::FreeOfOrder
            | Property::NeverFalls
            | Property::MovesAlong
            | Property::SelectsOne
            | Property::SelectsEach
            | Property::FollowsMajority => {}
            Property::WithinHonest(t) => w.u32(*t),
            Property::SumsTo(unit) => w.i64(*unit),
            Property::Near(r) => {
                r.operator.0.iter().for_each(|b| w.u8(*b));
                w.count(r.arguments.len());
                r.arguments.iter().for_each(|n| write_number(w, *n));
                w.count(r.units.len());
                r.units.iter().chain([&r.unit, &r.bound]).for_each(|q| write_ratio(w, *q));
            }
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, Refused> {
        Ok(match r.u8()? {
            0 => Property::InHull,
            1 => Property::WithinHonest(r.u32()?),
            2 => Property::FreeOfOrder,
            3 => Property::NeverFalls,
            4 => Property::MovesAlong,
            5 => Property::SumsTo(r.i64()?),
            6 => Property::SelectsOne,
            7 => Property::SelectsEach,
            8 => Property::FollowsMajority,
            9 => {
                let operator = Hash(r.take()?);
                let arguments = r.list(MAX_LIST, read_number)?;
                let units = r.list(MAX_LIST, read_ratio)?;
                Property::Near(Refinement { operator, arguments, units, unit: read_ratio(r)?, bound: read_ratio(r)? })
            }
            tag => return Err(r.refused(&format!("there is no property {tag}"))),
        })
    }
}

/// The units of inputs as a function of their places; what is no input has the unit 0.
fn units(units: &[Ratio], words: &Vocabulary) -> Result<Term, Refused> {
    let vector = words.vector(Prim::Real, units.iter().map(|q| q.term()))?;
    words.apply("std.rank.nth", [nat(units.len()), vector])
}

fn write_ratio(w: &mut Writer, q: Ratio) {
    w.i64(q.num);
    w.i64(q.den);
}

fn read_ratio(r: &mut Reader<'_>) -> Result<Ratio, Refused> {
    Ratio::new(r.i64()?, r.i64()?)
}

fn write_number(w: &mut Writer, n: Number) {
    match n {
        Number::Nat(n) => {
            w.u8(0);
            w.u64(n);
        }
        Number::Int(z) => {
            w.u8(1);
            w.i64(z);
        }
        Number::Real(q) => {
            w.u8(2);
            write_ratio(w, q);
        }
    }
}

fn read_number(r: &mut Reader<'_>) -> Result<Number, Refused> {
    match r.u8()? {
        0 => Ok(Number::Nat(r.u64()?)),
        1 => Ok(Number::Int(r.i64()?)),
        2 => Ok(Number::Real(read_ratio(r)?)),
        tag => Err(r.refused(&format!("there is no type {tag} of numbers"))),
    }
}
