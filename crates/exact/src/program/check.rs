//! Shapes and ranges of all values, before anything is run.

use super::{
    Axis, Input, LIMIT, MAX_CELLS, MAX_COORDS, MAX_LIST, MAX_OPS, MAX_TABLE, MAX_WORK, MAX_WORKERS, Op, Shape, Source,
    Table, Value,
};
use crate::refused::{Refused, index, number};

/// What is known of a value: its shape, and bounds on its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// What it varies over.
    pub shape: Shape,
    /// No number is below this.
    pub low: i64,
    /// No number is above this.
    pub high: i64,
}

/// A checked program: every operand stands before its use, shapes fit, and no value can exceed [`LIMIT`] in size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    source: Source,
    facts: Vec<Fact>,
}

/// Bounds before it is known that they are within the limit. Each is at most `2^124 * 2^20` in size, or `2^62 * 2^62`.
type Range = (i128, i128);

impl Program {
    /// Checks a program.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place: a number outside of the limits of this module, an operand that is not there, a shape that does
    /// not fit, an argument that a table does not have, or a value that might exceed [`LIMIT`].
    pub fn new(source: Source) -> Result<Self, Refused> {
        sizes(&source)?;
        let mut facts: Vec<Fact> = Vec::new();
        let (mut cells, mut work) = (0usize, 0usize);
        for (i, op) in source.ops.iter().enumerate() {
            let at = |why: String| Refused::new(format!("operation {i} of a program"), why);
            let (shape, (low, high)) = Checker { source: &source, facts: &facts }.fact(*op).map_err(at)?;
            let within = |n: i128| i64::try_from(n).ok().filter(|n| (-LIMIT..=LIMIT).contains(n));
            let (Some(low), Some(high)) = (within(low), within(high)) else {
                return Err(at(format!("it may be {low} to {high}, and the limit is {LIMIT}")));
            };
            facts.push(Fact { shape, low, high });
            cells += shape.cells(&source);
            if cells > MAX_CELLS {
                return Err(at(format!("all values up to here have {cells} numbers, and may have {MAX_CELLS}")));
            }
            work = work.saturating_add(shape.cells(&source).max(Checker { source: &source, facts: &facts }.read(*op)));
            if work > MAX_WORK {
                return Err(at(format!("all operations up to here read {work} numbers, and may read {MAX_WORK}")));
            }
        }
        for value in source.conditions.iter().chain([&source.result]) {
            if index(*value) >= facts.len() {
                return Err(Refused::new(
                    "a program",
                    format!("the result or a condition is value {value}, of {}", facts.len()),
                ));
            }
        }
        Ok(Self { source, facts })
    }

    /// What was checked.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What is known of each value, in order.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }
}

impl Shape {
    /// How many numbers a value of this shape has.
    pub(super) fn cells(self, source: &Source) -> usize {
        let workers = if self.workers { index(source.workers) } else { 1 };
        let coords = if self.coords { index(source.coords) } else { 1 };
        workers * coords
    }

    fn with(self, other: Self) -> Self {
        Self { workers: self.workers || other.workers, coords: self.coords || other.coords }
    }
}

/// The limits of everything that is not an operation.
fn sizes(source: &Source) -> Result<(), Refused> {
    let fail = |why: String| Err(Refused::new("a program", why));
    let limits = [
        ("workers", index(source.workers), 1, index(MAX_WORKERS)),
        ("coordinates", index(source.coords), 1, index(MAX_COORDS)),
        ("inputs", source.inputs.len(), 0, MAX_LIST),
        ("tables", source.tables.len(), 0, MAX_LIST),
        ("conditions", source.conditions.len(), 0, MAX_LIST),
        ("operations", source.ops.len(), 1, MAX_OPS),
    ];
    for (what, n, least, most) in limits {
        if n < least || n > most {
            return fail(format!("there are {n} {what}, and there must be {least} to {most}"));
        }
    }
    for (i, Input { low, high, .. }) in source.inputs.iter().enumerate() {
        if low > high || *low < -LIMIT || *high > LIMIT {
            return fail(format!("the range of input {i} is {low} to {high}, which is empty or exceeds {LIMIT}"));
        }
    }
    for (i, Table { low, entries }) in source.tables.iter().enumerate() {
        let sized = |n: &i64| (-LIMIT..=LIMIT).contains(n);
        if entries.is_empty() || entries.len() > MAX_TABLE || !sized(low) || !entries.iter().all(sized) {
            return fail(format!(
                "table {i} has {} entries of 1 to {MAX_TABLE}, or numbers above {LIMIT}",
                entries.len()
            ));
        }
    }
    Ok(())
}

/// The values before an operation.
struct Checker<'a> {
    source: &'a Source,
    facts: &'a [Fact],
}

impl Checker<'_> {
    fn get(&self, v: Value) -> Result<(Shape, Range), String> {
        match self.facts.get(index(v)) {
            Some(f) => Ok((f.shape, (f.low.into(), f.high.into()))),
            None => Err(format!("value {v} does not stand before it")),
        }
    }

    fn two(&self, a: Value, b: Value, range: impl Fn(Range, Range) -> Range) -> Result<(Shape, Range), String> {
        let ((a_shape, a), (b_shape, b)) = (self.get(a)?, self.get(b)?);
        Ok((a_shape.with(b_shape), range(a, b)))
    }

    /// An operand along the workers.
    fn workers(&self, a: Value) -> Result<(Shape, Range), String> {
        let (shape, range) = self.get(a)?;
        if shape.workers { Ok((shape, range)) } else { Err(format!("value {a} does not vary over workers")) }
    }

    /// How many numbers an operation reads that looks at more of an operand than there is in its result.
    fn read(&self, op: Op) -> usize {
        let cells = |a: Value| self.facts.get(index(a)).map_or(0, |f| f.shape.cells(self.source));
        match op {
            Op::Sum(a, _) | Op::Sorted(a) | Op::ArgMax(a) => cells(a),
            Op::Alike(a) => cells(a).saturating_mul(index(self.source.workers)),
            _ => 0,
        }
    }

    /// The shape and range of an operation. The ends of ranges are where an operation that is monotone in each operand is extreme.
    fn fact(&self, op: Op) -> Result<(Shape, Range), String> {
        let last = i128::from(self.source.workers) - 1;
        let within = |(low, high): Range, last: i128, what: &str| {
            if 0 <= low && high <= last {
                Ok(())
            } else {
                Err(format!("{what} may be {low} to {high}, of 0 to {last}"))
            }
        };
        let without_workers = |shape: Shape| Shape { workers: false, ..shape };
        Ok(match op {
            Op::Const(n) => (Shape::default(), (n.into(), n.into())),
            Op::Input(i) => match self.source.inputs.get(index(i)) {
                Some(input) => (input.shape, (input.low.into(), input.high.into())),
                None => return Err(format!("there is no input {i}")),
            },
            Op::Worker => (Shape { workers: true, coords: false }, (0, last)),
            Op::Coord => (Shape { workers: false, coords: true }, (0, i128::from(self.source.coords) - 1)),
            Op::Add(a, b) => self.two(a, b, |a, b| (a.0 + b.0, a.1 + b.1))?,
            Op::Sub(a, b) => self.two(a, b, |a, b| (a.0 - b.1, a.1 - b.0))?,
            Op::Mul(a, b) => self.two(a, b, |a, b| ends([a.0 * b.0, a.0 * b.1, a.1 * b.0, a.1 * b.1]))?,
            Op::Div(a, b) => self.two(a, b, quotients)?,
            Op::Round(a, k) => {
                if k == 0 || k > 62 {
                    return Err(format!("the shift is {k}, and must be 1 to 62"));
                }
                let (shape, (low, high)) = self.get(a)?;
                let half = 1i128 << (k - 1);
                (shape, ((low + half) >> k, (high + half) >> k))
            }
            Op::Min(a, b) => self.two(a, b, min)?,
            Op::Max(a, b) => self.two(a, b, max)?,
            Op::Clamp(a, low, high) => {
                let ((a_shape, a), (l_shape, l), (h_shape, h)) = (self.get(a)?, self.get(low)?, self.get(high)?);
                (a_shape.with(l_shape).with(h_shape), max(l, min(h, a)))
            }
            Op::Less(a, b) | Op::Equal(a, b) => self.two(a, b, |_, _| (0, 1))?,
            Op::Select(c, a, b) => {
                let (shape, range) = self.two(a, b, |a, b| (a.0.min(b.0), a.1.max(b.1)))?;
                (self.get(c)?.0.with(shape), range)
            }
            Op::Lookup(a, t) => {
                let Some(table) = self.source.tables.get(index(t)) else {
                    return Err(format!("there is no table {t}"));
                };
                let (shape, (low, high)) = self.get(a)?;
                let start = i128::from(table.low);
                within(
                    (low - start, high - start),
                    i128::from(number(table.entries.len())) - 1,
                    "the place in the table",
                )?;
                let entries = || table.entries.iter().copied().map(i128::from);
                (shape, (entries().min().unwrap_or(0), entries().max().unwrap_or(0)))
            }
            Op::Sum(a, axis) => {
                let (shape, (low, high)) = self.get(a)?;
                let (varies, count, shape) = match axis {
                    Axis::Workers => (shape.workers, self.source.workers, without_workers(shape)),
                    Axis::Coords => (shape.coords, self.source.coords, Shape { coords: false, ..shape }),
                };
                if !varies {
                    return Err(format!("value {a} does not vary over what is summed"));
                }
                (shape, (low * i128::from(count), high * i128::from(count)))
            }
            Op::Sorted(a) => self.workers(a)?,
            Op::At(a, w) => {
                within((w.into(), w.into()), last, "the worker")?;
                let (shape, range) = self.workers(a)?;
                (without_workers(shape), range)
            }
            Op::Pick(a, i) => {
                let ((shape, range), (i_shape, i_range)) = (self.workers(a)?, self.get(i)?);
                if i_shape.workers {
                    return Err(format!("value {i} varies over workers, so it picks no one"));
                }
                within(i_range, last, "the worker")?;
                (without_workers(shape).with(i_shape), range)
            }
            Op::ArgMax(a) => (without_workers(self.workers(a)?.0), (0, last)),
            Op::Alike(a) => (self.workers(a)?.0, (1, last + 1)),
        })
    }
}

fn ends(corners: [i128; 4]) -> Range {
    corners.iter().fold((corners[0], corners[0]), |(low, high), c| (low.min(*c), high.max(*c)))
}

fn min(a: Range, b: Range) -> Range {
    (a.0.min(b.0), a.1.min(b.1))
}

fn max(a: Range, b: Range) -> Range {
    (a.0.max(b.0), a.1.max(b.1))
}

/// Bounds on quotients: the negative and the positive divisors each by their ends, and 0 where 0 is a divisor.
fn quotients(a: Range, b: Range) -> Range {
    let mut all: Option<Range> = (b.0 <= 0 && 0 <= b.1).then_some((0, 0));
    for (low, high) in [(b.0, b.1.min(-1)), (b.0.max(1), b.1)] {
        if low <= high {
            let floor = |a: i128, b: i128| if b < 0 { (-a).div_euclid(-b) } else { a.div_euclid(b) };
            let part = ends([floor(a.0, low), floor(a.0, high), floor(a.1, low), floor(a.1, high)]);
            all = Some(all.map_or(part, |all| (all.0.min(part.0), all.1.max(part.1))));
        }
    }
    all.unwrap_or((0, 0))
}
