//! From an operator of real numbers to a program. Nothing here is believed: whether the program is near the operator is a statement that
//! is proved, and a wrong guess gives a program of which nothing is known.
//!
//! The operator is evaluated at variables: the inputs x, a worker w and a coordinate c. What is met then is looked at by its head. A definition
//! that programs have an operation for is translated, any other one is unfolded, and what is left is refused by its name.

use crate::build::{apply, constant};
use crate::decay::decay;
use crate::emit::{Emitter, Fixed, Rounding, quotient};
use crate::property::{Number, Ratio};
use bfv_exact::Refused;
use bfv_exact::program::{Axis, Input, MAX_OPS, Op, Program, Source, Table, Value};
use bfv_format::{Decl, Prim};
use bfv_kernel::{Elim, Env, Head, Limits, Machine, Neutral, Signature, V, Val};
use num_bigint::BigInt;
use num_rational::BigRational;
use std::collections::BTreeMap;
use std::rc::Rc;

/// An input: what a program declares of it, and its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Shape and range, in units.
    pub input: Input,
    /// The unit.
    pub unit: Ratio,
    /// Whether the numbers of the workers sum to 1, which becomes a condition.
    pub weights: bool,
}

/// What an operator is extracted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The number of workers.
    pub workers: u32,
    /// The number of coordinates.
    pub coords: u32,
    /// The inputs. Input 0 holds the outputs of the workers.
    pub inputs: Vec<Grid>,
    /// The unit of the result.
    pub unit: Ratio,
    /// How it is rounded to that.
    pub rounding: Rounding,
    /// Whether the result is brought between the smallest and the largest output.
    pub clamp: bool,
}

/// Where the declarations of a signature stand, by their full names.
pub type Names = BTreeMap<String, u32>;

/// The program of an operator, a definition with type `Nat -> Fin n -> Fin d -> Real`, `Fin n` and `Fin d` to `Real` after these numbers.
///
/// # Errors
/// What the language of programs has no operation for, by name; numbers of different units that meet; or what [`Program::new`] refuses.
pub fn extract(
    signature: &Signature,
    names: &Names,
    operator: u32,
    numbers: &[Number],
    plan: &Plan,
    limits: Limits,
) -> Result<Program, Refused> {
    let machine = Machine::new(signature, limits);
    let mut t = Translator { machine: &machine, signature, names, plan, emitter: Emitter::default(), next: 3, seen: 0 };
    t.declare();
    let f = apply(constant(operator), numbers.iter().map(|n| n.term()));
    let places = Places { worker: Some(1), coord: Some(2) };
    let applied = [0, 1, 2].into_iter().fold(t.machine.eval(&Env::default(), &f), |f, level| {
        let x = t.variable(level);
        t.machine.apply(&f, x)
    });
    let result = t.number(&applied, places)?;
    let rounded = t.emitter.rounded(&result, &rational(plan.unit), plan.rounding)?;
    t.finish(rounded)
}

/// Which variables stand for the worker and for the coordinate that an expression is about, by level.
#[derive(Clone, Copy)]
struct Places {
    worker: Option<u32>,
    coord: Option<u32>,
}

/// So many numbers are looked at: what an operator shares is met as often as it is written out.
const MAX_SEEN: usize = 1 << 17;

struct Translator<'a> {
    machine: &'a Machine<'a>,
    signature: &'a Signature,
    names: &'a Names,
    plan: &'a Plan,
    emitter: Emitter,
    /// The level of the next variable.
    next: u32,
    /// So many numbers were looked at.
    seen: usize,
}

fn fail<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::new("an operator", why))
}

fn one() -> BigRational {
    BigRational::from(BigInt::from(1))
}

fn rational(q: Ratio) -> BigRational {
    let (num, den) = q.parts();
    BigRational::new(num.into(), den.into())
}

/// The arguments of a stuck value, which may be followed by other eliminations.
pub(crate) fn arguments(n: &Neutral) -> Vec<V> {
    n.spine.iter().map_while(|e| if let Elim::App(v) = e { Some(v.clone()) } else { None }).collect()
}

impl Translator<'_> {
    fn variable(&self, level: u32) -> V {
        // Nothing here looks at the type of a variable.
        self.machine.var(level, self.machine.value(Val::Univ(0)))
    }

    fn fresh(&mut self) -> (u32, V) {
        self.next += 1;
        (self.next, self.variable(self.next))
    }

    fn folded(&self, v: &V) -> Result<Rc<Val>, Refused> {
        self.machine.folded(v).map_err(|r| Refused::new("an operator", format!("it cannot be evaluated: {}", r.reason)))
    }

    fn whnf(&self, v: &V) -> Result<Rc<Val>, Refused> {
        self.machine.whnf(v).map_err(|r| Refused::new("an operator", format!("it cannot be evaluated: {}", r.reason)))
    }

    fn is(&self, n: &Neutral, name: &str) -> bool {
        matches!(n.head, Head::Const(id, _) if self.names.get(name) == Some(&id))
    }

    /// Inputs and conditions.
    fn declare(&mut self) {
        let plan = self.plan;
        self.emitter.source = Source { workers: plan.workers, coords: plan.coords, ..Source::default() };
        for (k, grid) in (0..).zip(&plan.inputs) {
            self.emitter.source.inputs.push(grid.input);
            self.emitter.push(Op::Input(k));
        }
    }

    fn finish(mut self, result: Value) -> Result<Program, Refused> {
        let last = self.plan.workers.saturating_sub(1);
        for (k, grid) in (0..).zip(&self.plan.inputs) {
            if grid.weights {
                let (num, den) = grid.unit.parts();
                if num != 1 {
                    return fail("weights have a unit that does not divide 1");
                }
                let total = self.emitter.push(Op::Sum(k, Axis::Workers));
                let one = self.emitter.push(Op::Const(den));
                let holds = self.emitter.push(Op::Equal(total, one));
                self.emitter.source.conditions.push(holds);
            }
        }
        self.emitter.source.result = if self.plan.clamp {
            let sorted = self.emitter.push(Op::Sorted(0));
            let (low, high) = (self.emitter.push(Op::At(sorted, 0)), self.emitter.push(Op::At(sorted, last)));
            self.emitter.push(Op::Clamp(result, low, high))
        } else {
            result
        };
        Program::new(self.emitter.source)
    }

    /// A real number.
    fn number(&mut self, v: &V, at: Places) -> Result<Fixed, Refused> {
        if self.emitter.source.ops.len() > MAX_OPS {
            return fail(format!("it needs more than {MAX_OPS} operations"));
        }
        self.seen += 1;
        if self.seen > MAX_SEEN {
            return fail(format!("it has more than {MAX_SEEN} parts, where what stands twice counts twice"));
        }
        let folded = self.folded(v)?;
        let n = match &*folded {
            Val::RealLit(q) => {
                let unit = BigRational::new(q.num.clone(), BigInt::from(q.den.clone()));
                return Ok(Fixed { unit, over: None, under: None });
            }
            Val::Neutral(n) => n,
            _ => return fail("it gives something that is no number"),
        };
        let args = arguments(n);
        match (&n.head, args.as_slice()) {
            (Head::Var(0, _), [i, w, c]) => self.input(i, w, c, at),
            (Head::Prim(p), _) => self.operation(*p, &args, n, at),
            _ if self.is(n, "std.sum.total") => self.total(&args, at),
            _ if self.is(n, "std.rank.ranked") => self.ranked(&args, at),
            _ if self.is(n, "std.robust.first_sum") => self.first_sum(&args, at),
            _ if self.is(n, "std.softmax.softmax") => self.softmax(&args, at),
            (_, [a, b]) if self.is(n, "std.real.min2") => self.extreme(a, b, at, Op::Min),
            (_, [a, b]) if self.is(n, "std.real.max2") => self.extreme(a, b, at, Op::Max),
            _ => match &n.unfolded {
                Some(u) => self.number(&u.clone(), at),
                None => fail(format!("programs have no operation for {}", self.head(&n.head))),
            },
        }
    }

    fn head(&self, head: &Head) -> String {
        match head {
            Head::Const(id, _) => {
                self.signature.decl(*id).map_or_else(|| "a constant".to_owned(), |d: &Decl| d.name().to_owned())
            }
            Head::Prim(p) => format!("{p:?}"),
            Head::Var(..) => "a variable that is no input".to_owned(),
            _ => "what is no function of its inputs".to_owned(),
        }
    }

    fn pair(&mut self, a: &V, b: &V, at: Places, op: fn(Value, Value) -> Op) -> Result<Fixed, Refused> {
        let (a, b) = (self.number(a, at)?, self.number(b, at)?);
        let (x, y, frame) = self.emitter.alike(&a, &b)?;
        Ok(Fixed { over: Some(self.emitter.push(op(x, y))), ..frame })
    }

    /// The lesser or the larger number.
    fn extreme(&mut self, a: &V, b: &V, at: Places, op: fn(Value, Value) -> Op) -> Result<Fixed, Refused> {
        let (a, b) = (self.number(a, at)?, self.number(b, at)?);
        let (x, y, frame) = self.emitter.ordered(&a, &b)?;
        Ok(Fixed { over: Some(self.emitter.push(op(x, y))), ..frame })
    }

    /// An operation of the theory.
    fn operation(&mut self, p: Prim, args: &[V], n: &Neutral, at: Places) -> Result<Fixed, Refused> {
        match (p, args) {
            (Prim::RealAdd, [a, b]) => self.pair(a, b, at, Op::Add),
            (Prim::RealSub, [a, b]) => self.pair(a, b, at, Op::Sub),
            (Prim::RealMul, [a, b]) => {
                let (a, b) = (self.number(a, at)?, self.number(b, at)?);
                Ok(self.emitter.times(&a, &b))
            }
            (Prim::RealInv, [a]) => {
                let a = self.number(a, at)?;
                Ok(Fixed { unit: quotient(&one(), &a.unit)?, over: a.under, under: a.over })
            }
            (Prim::RealOfNat, [a]) => self.whole(a, at),
            (Prim::RealLtb, [a, b]) => match n.spine.get(2..) {
                Some([Elim::BoolElim(cases)]) => {
                    let cases = cases.clone();
                    let (yes, no) = (self.number(&cases.1, at)?, self.number(&cases.2, at)?);
                    let (a, b) = (self.number(a, at)?, self.number(b, at)?);
                    let (x, y, _) = self.emitter.ordered(&a, &b)?;
                    let less = self.emitter.push(Op::Less(x, y));
                    let (yes, no, frame) = self.emitter.alike(&yes, &no)?;
                    Ok(Fixed { over: Some(self.emitter.push(Op::Select(less, yes, no))), ..frame })
                }
                _ => fail("it uses a comparison as something else than a condition"),
            },
            _ => fail(format!("programs have no operation for {p:?}")),
        }
    }

    /// A whole number as a real one: a literal, or how often a number occurs among the workers.
    fn whole(&mut self, v: &V, at: Places) -> Result<Fixed, Refused> {
        if let Val::Neutral(n) = &*self.folded(v)?
            && self.is(n, "std.count.count")
            && let [_, set] = arguments(n).as_slice()
        {
            let (level, u) = self.fresh();
            let member = self.machine.apply(set, u);
            if let Val::Neutral(same) = &*self.folded(&member)?
                && self.is(same, "std.refine.real_eqb")
                && let [a, b] = arguments(same).as_slice()
            {
                let a = self.number(a, Places { worker: Some(level), ..at })?;
                let b = self.number(b, at)?;
                if let (true, Some(v)) = (a == b && a.under.is_none(), a.over) {
                    let alike = self.emitter.push(Op::Alike(v));
                    return Ok(Fixed { unit: one(), over: Some(alike), under: None });
                }
            }
            return fail("it counts something else than how often a number occurs");
        }
        match &*self.whnf(v)? {
            Val::NatLit(k) => Ok(Fixed { unit: BigRational::from(BigInt::from(k.clone())), over: None, under: None }),
            _ => fail("it uses a natural number that is no literal"),
        }
    }

    /// An input at a worker, which may be a chosen one.
    fn input(&mut self, i: &V, w: &V, c: &V, at: Places) -> Result<Fixed, Refused> {
        let Val::NatLit(place) = &*self.whnf(i)? else { return fail("it asks for an input that is no literal") };
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        let Some(grid) = usize::try_from(place).ok().and_then(|k| self.plan.inputs.get(k)) else {
            return fail(format!("there is no input {place}"));
        };
        if self.level(c)? != at.coord {
            return fail("it asks for another coordinate");
        }
        let value = match self.level(w)? {
            None => {
                let chosen = self.chosen(w, at)?;
                self.emitter.push(Op::Pick(place, chosen))
            }
            level if level == at.worker => place,
            _ => return fail("it asks for two workers at once"),
        };
        Ok(Fixed { unit: rational(grid.unit), over: Some(value), under: None })
    }

    /// The level of a variable; nothing for what is none.
    fn level(&self, v: &V) -> Result<Option<u32>, Refused> {
        Ok(match &*self.folded(v)? {
            Val::Neutral(Neutral { head: Head::Var(level, _), spine, .. }) if spine.is_empty() => Some(*level),
            _ => None,
        })
    }

    /// The worker with the largest number.
    fn chosen(&mut self, v: &V, at: Places) -> Result<Value, Refused> {
        let folded = self.folded(v)?;
        let Val::Neutral(n) = &*folded else { return fail("it names a worker") };
        if let (true, [_, f]) = (self.is(n, "std.accuracy.argmax"), arguments(n).as_slice()) {
            let value = self.over_workers(f, at)?;
            return Ok(self.emitter.push(Op::ArgMax(value)));
        }
        match &n.unfolded {
            Some(u) => self.chosen(&u.clone(), at),
            None => fail(format!("programs choose no worker by {}", self.head(&n.head))),
        }
    }

    /// A function of workers as a whole number for each; its unit must be positive and is left out.
    fn over_workers(&mut self, f: &V, at: Places) -> Result<Value, Refused> {
        match self.function(f, at)? {
            Fixed { unit, over: Some(v), under: None } if unit > BigRational::from(BigInt::from(0)) => Ok(v),
            _ => fail("it compares numbers that are no positive multiples of whole ones"),
        }
    }

    /// A function of workers.
    fn function(&mut self, f: &V, at: Places) -> Result<Fixed, Refused> {
        let (level, w) = self.fresh();
        let body = self.machine.apply(f, w);
        self.number(&body, Places { worker: Some(level), ..at })
    }

    /// A sum, over the workers or, where it is no sum over them, over the coordinates.
    fn total(&mut self, args: &[V], at: Places) -> Result<Fixed, Refused> {
        let [k, f] = args else { return fail("it sums no vector") };
        let Val::NatLit(k) = &*self.whnf(k)? else { return fail("it sums a vector whose length is no literal") };
        let (workers, coords) = (*k == self.plan.workers.into(), *k == self.plan.coords.into());
        if !workers && !coords {
            return fail(format!("it sums {k} numbers, and there are neither so many workers nor coordinates"));
        }
        let before = self.emitter.source.clone();
        let over_workers = match workers {
            true => self.function(f, at).and_then(|body| self.emitter.sum(&body, Axis::Workers)),
            false => fail("it does not sum over the workers"),
        };
        // With as many workers as coordinates, what the sum is about tells.
        if over_workers.is_ok() || !coords {
            return over_workers;
        }
        self.emitter.source = before;
        let (level, c) = self.fresh();
        let body = self.number(&self.machine.apply(f, c), Places { coord: Some(level), ..at });
        let over_coords = body.and_then(|body| self.emitter.sum(&body, Axis::Coords));
        if workers { over_coords.or(over_workers) } else { over_coords }
    }

    /// An order statistic of all workers: the sorted numbers, and the place or what chooses it.
    fn sorted(&mut self, args: &[V], at: Places) -> Result<(Fixed, Op), Refused> {
        let [_, x, p] = args else { return fail("it sorts no vector") };
        let number = self.function(x, at)?;
        let (Some(v), None) = (number.over, number.under) else { return fail("it sorts what is divided first") };
        if number.unit < BigRational::from(BigInt::from(0)) {
            return fail("it sorts numbers with a negative unit");
        }
        let sorted = self.emitter.push(Op::Sorted(v));
        let op = match &*self.folded(p)? {
            Val::Neutral(n) if self.is(n, "std.tally.place") => match arguments(n).as_slice() {
                [_, w] if self.level(w)?.is_some() && self.level(w)? == at.worker => {
                    return Ok((Fixed { over: Some(sorted), ..number }, Op::Sorted(v)));
                }
                [_, w] => Op::Pick(sorted, self.chosen(w, at)?),
                _ => return fail("it uses a place of no worker"),
            },
            _ => match &*self.whnf(p)? {
                Val::NatLit(p) => Op::At(sorted, u32::try_from(p).unwrap_or(u32::MAX)),
                _ => return fail("it asks for an order statistic that is no literal"),
            },
        };
        Ok((number, op))
    }

    fn ranked(&mut self, args: &[V], at: Places) -> Result<Fixed, Refused> {
        let (number, op) = self.sorted(args, at)?;
        Ok(Fixed { over: Some(self.emitter.push(op)), ..number })
    }

    /// A sum of neighbouring order statistics: the sorted numbers of the places from the first to the last of them.
    fn first_sum(&mut self, args: &[V], at: Places) -> Result<Fixed, Refused> {
        let [f, m] = args else { return fail("it sums no function") };
        let Val::NatLit(m) = &*self.whnf(m)? else { return fail("it sums so many numbers that are no literal") };
        let Ok(m) = u32::try_from(m) else { return fail(format!("it sums {m} numbers")) };
        let mut found: Option<(Fixed, Value, u32)> = None;
        for q in 0..m {
            let term = self.machine.apply(f, self.machine.value(Val::NatLit(q.into())));
            let folded = self.folded(&term)?;
            let Val::Neutral(n) = &*folded else { return fail("it sums what is no order statistic") };
            if !self.is(n, "std.rank.ranked") {
                return fail("it sums what is no order statistic");
            }
            let (number, op) = self.sorted(&arguments(n), at)?;
            match (op, &found) {
                (Op::At(v, p), None) => found = Some((number, v, p)),
                (Op::At(v, p), Some((_, w, first))) if v == *w && Some(p) == first.checked_add(q) => {}
                _ => return fail("it sums order statistics that are no neighbours"),
            }
        }
        let Some((number, sorted, first)) = found else { return fail("it sums nothing") };
        let end = i64::from(first) + i64::from(m);
        let e = &mut self.emitter;
        let place = e.push(Op::Worker);
        let (before, end) = (e.push(Op::Const(i64::from(first) - 1)), e.push(Op::Const(end)));
        let (late, early) = (e.push(Op::Less(before, place)), e.push(Op::Less(place, end)));
        let inside = e.push(Op::Mul(late, early));
        let kept = e.push(Op::Mul(inside, sorted));
        Ok(Fixed { over: Some(e.push(Op::Sum(kept, Axis::Workers))), ..number })
    }

    /// A weight of softmax: the entry of a table for how far the score is below the largest, over the sum of these.
    fn softmax(&mut self, args: &[V], at: Places) -> Result<Fixed, Refused> {
        let [_, temperature, f, w] = args else { return fail("it uses softmax for no worker") };
        if self.level(w)? != at.worker {
            return fail("it asks for two workers at once");
        }
        let temperature = self.number(temperature, at)?;
        let score = self.function(f, at)?;
        let (None, None, Some(s), None) = (temperature.over, temperature.under, score.over, score.under) else {
            return fail("softmax has a temperature that is no number, or scores that are divided");
        };
        let source = self.emitter.source.clone();
        let facts = Program::new(source)?;
        let Some(fact) = usize::try_from(s).ok().and_then(|s| facts.facts().get(s)) else {
            return fail("a score is missing");
        };
        let Some(last) = fact.high.checked_sub(fact.low) else { return fail("scores are too far apart") };
        let step = quotient(&score.unit, &temperature.unit)?;
        let table = self.table(&step, last)?;
        let e = &mut self.emitter;
        let sorted = e.push(Op::Sorted(s));
        let largest = e.push(Op::At(sorted, self.plan.workers.saturating_sub(1)));
        let distance = e.push(Op::Sub(largest, s));
        let (zero, last) = (e.push(Op::Const(0)), e.push(Op::Const(last)));
        let distance = e.push(Op::Clamp(distance, zero, last));
        let weight = e.push(Op::Lookup(distance, table));
        let all = e.push(Op::Sum(weight, Axis::Workers));
        Ok(Fixed { unit: one(), over: Some(weight), under: Some(all) })
    }

    /// The place of a table of `exp (-step q)` for q from 0 to a last one.
    fn table(&mut self, step: &BigRational, last: i64) -> Result<u32, Refused> {
        let parts = (i64::try_from(step.numer()), i64::try_from(step.denom()), u32::try_from(last));
        let (Ok(num), Ok(den), Ok(last)) = parts else {
            return fail(format!("softmax has scores up to {last} apart, in steps of {step}"));
        };
        let table = Table { low: 0, entries: decay(Ratio::new(num, den)?, last)? };
        let tables = &mut self.emitter.source.tables;
        let place = tables.iter().position(|t| *t == table).unwrap_or(tables.len());
        if place == tables.len() {
            tables.push(table);
        }
        Ok(u32::try_from(place).unwrap_or(u32::MAX))
    }
}
