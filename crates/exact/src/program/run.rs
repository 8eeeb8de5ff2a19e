//! Running a checked program.

use super::check::Fact;
use super::{Axis, Op, Program, Shape, Source, Value};
use crate::refused::{Refused, index, number};

/// The numbers of a value, those of a worker side by side.
struct Numbers {
    /// How far the numbers of neighbouring workers, and coordinates, lie apart: 0 where there is one for all.
    steps: (usize, usize),
    cells: Vec<i64>,
}

impl Numbers {
    fn new(shape: Shape, source: &Source, cells: Vec<i64>) -> Self {
        let coords = if shape.coords { index(source.coords) } else { 1 };
        Self { steps: (if shape.workers { coords } else { 0 }, usize::from(shape.coords)), cells }
    }

    fn at(&self, w: usize, c: usize) -> i64 {
        self.cells.get(w * self.steps.0 + c * self.steps.1).copied().unwrap_or(0)
    }
}

impl Program {
    /// The result for inputs: for each the numbers in order of workers, and for each worker in order of coordinates. The result has
    /// the shape of its value, in the same order.
    ///
    /// # Errors
    /// There is another number of inputs, one has another number of entries or one outside of its range, or a condition is 0.
    pub fn run(&self, inputs: &[&[i64]]) -> Result<Vec<i64>, Refused> {
        let source = self.source();
        self.takes(inputs)?;
        let mut values: Vec<Numbers> = Vec::new();
        for (op, fact) in source.ops.iter().zip(self.facts()) {
            let cells = step(source, inputs, &values, *op, *fact);
            values.push(Numbers::new(fact.shape, source, cells));
        }
        for (i, condition) in source.conditions.iter().enumerate() {
            if values.get(index(*condition)).is_none_or(|v| v.cells.contains(&0)) {
                return Err(Refused::new("a program", format!("condition {i} does not hold of the inputs")));
            }
        }
        let result = values.into_iter().nth(index(source.result));
        Ok(result.map(|r| r.cells).unwrap_or_default())
    }

    /// Whether the inputs are as declared.
    ///
    /// # Errors
    /// There is another number of inputs, or one has another number of entries or one outside of its range.
    pub fn takes(&self, inputs: &[&[i64]]) -> Result<(), Refused> {
        let source = self.source();
        let fail = |why: String| Err(Refused::new("the inputs of a program", why));
        if inputs.len() != source.inputs.len() {
            return fail(format!("there are {}, and the program takes {}", inputs.len(), source.inputs.len()));
        }
        for (i, (numbers, input)) in inputs.iter().zip(&source.inputs).enumerate() {
            let n = input.shape.cells(source);
            if numbers.len() != n {
                return fail(format!("input {i} has {} numbers, and must have {n}", numbers.len()));
            }
            if let Some(x) = numbers.iter().find(|&&x| x < input.low || x > input.high) {
                return fail(format!("input {i} has the number {x}, outside of {} to {}", input.low, input.high));
            }
        }
        Ok(())
    }
}

/// The numbers of one operation. No sum or product exceeds the range of its value, which the checks have bounded, on the way to it:
/// the parts of a sum have the range of the whole sum or a smaller one, with 0.
fn step(source: &Source, inputs: &[&[i64]], values: &[Numbers], op: Op, fact: Fact) -> Vec<i64> {
    let (n, d) = (index(source.workers), index(source.coords));
    let workers = if fact.shape.workers { n } else { 1 };
    let coords = if fact.shape.coords { d } else { 1 };
    let get = |v: Value, w: usize, c: usize| values.get(index(v)).map_or(0, |v| v.at(w, c));
    let each = |f: &dyn Fn(usize, usize) -> i64| {
        (0..workers).flat_map(|w| (0..coords).map(move |c| (w, c))).map(|(w, c)| f(w, c)).collect::<Vec<i64>>()
    };
    let two = |a: Value, b: Value, f: fn(i64, i64) -> i64| each(&|w, c| f(get(a, w, c), get(b, w, c)));
    match op {
        Op::Const(x) => vec![x],
        Op::Input(i) => inputs.get(index(i)).map(|x| x.to_vec()).unwrap_or_default(),
        Op::Worker => each(&|w, _| number(w)),
        Op::Coord => each(&|_, c| number(c)),
        Op::Add(a, b) => two(a, b, |a, b| a + b),
        Op::Sub(a, b) => two(a, b, |a, b| a - b),
        Op::Mul(a, b) => two(a, b, |a, b| a * b),
        Op::Div(a, b) => two(a, b, |a, b| match b.signum() {
            // For positive divisors Euclidean division is that by floor.
            1 => a.div_euclid(b),
            0 => 0,
            _ => (-a).div_euclid(-b),
        }),
        // The half is at most 2^61, and a at most 2^62.
        Op::Round(a, k) => each(&|w, c| (get(a, w, c) + (1 << (k - 1))) >> k),
        Op::Min(a, b) => two(a, b, i64::min),
        Op::Max(a, b) => two(a, b, i64::max),
        Op::Clamp(a, low, high) => each(&|w, c| get(low, w, c).max(get(high, w, c).min(get(a, w, c)))),
        Op::Less(a, b) => two(a, b, |a, b| i64::from(a < b)),
        Op::Equal(a, b) => two(a, b, |a, b| i64::from(a == b)),
        Op::Select(q, a, b) => each(&|w, c| get(if get(q, w, c) == 0 { b } else { a }, w, c)),
        Op::Lookup(a, t) => each(&|w, c| {
            let entry = |table: &super::Table| {
                let place = usize::try_from(get(a, w, c) - table.low).ok()?;
                table.entries.get(place).copied()
            };
            source.tables.get(index(t)).and_then(entry).unwrap_or(0)
        }),
        Op::Sum(a, Axis::Workers) => each(&|_, c| (0..n).map(|w| get(a, w, c)).sum()),
        Op::Sum(a, Axis::Coords) => each(&|w, _| (0..d).map(|c| get(a, w, c)).sum()),
        Op::Sorted(a) => {
            let mut out = vec![0; workers * coords];
            for c in 0..coords {
                let mut column: Vec<i64> = (0..n).map(|w| get(a, w, c)).collect();
                column.sort_unstable();
                for (out, x) in out.iter_mut().skip(c).step_by(coords).zip(column) {
                    *out = x;
                }
            }
            out
        }
        Op::At(a, worker) => each(&|_, c| get(a, index(worker), c)),
        Op::Pick(a, i) => each(&|_, c| get(a, usize::try_from(get(i, 0, c)).unwrap_or(0), c)),
        // Of equal numbers the last is taken of those from the last worker to the first.
        Op::ArgMax(a) => each(&|_, c| (0..n).rev().max_by_key(|w| get(a, *w, c)).map_or(0, number)),
        Op::Alike(a) => each(&|w, c| number((0..n).filter(|v| get(a, *v, c) == get(a, w, c)).count())),
    }
}
