//! Fusion programs, one launch for each operation.

use crate::kernels::Kernel;
use crate::machine::{Argument, Machine, Start, longs, parts, word};
use bfv_exact::Refused;
use bfv_exact::program::{Axis, Fact, Op, Program, Shape, Source, Value};

/// Threads of a block.
const THREADS: u32 = 128;
const PLACE: &str = "a program";
/// The number of the operation that has a kernel of its own.
const SUM_OF_COORDINATES: u32 = 17;

/// A value in the memory of a machine.
struct Placed<M> {
    memory: M,
    shape: Shape,
}

/// The operands of an operation, in the order in which the kernel takes them, and its number.
struct Operands {
    code: u32,
    values: [Option<Value>; 3],
    number: i64,
    table: Option<u32>,
}

/// What [`Program::run`] gives.
///
/// # Errors
/// As there, or the machine fails.
pub fn run<M: Machine>(machine: &M, program: &Program, inputs: &[&[i64]]) -> Result<Vec<i64>, Refused> {
    let source = program.source();
    program.takes(inputs)?;
    let placed = |numbers: &[i64]| machine.upload(&numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>());
    let mut values: Vec<Placed<M::Memory>> = Vec::new();
    for (op, fact) in source.ops.iter().zip(program.facts()) {
        let value = match op {
            // An input is there already: it is a value of its own shape.
            Op::Input(i) => {
                let numbers = usize::try_from(*i).ok().and_then(|i| inputs.get(i)).copied().unwrap_or_default();
                Placed { memory: placed(numbers)?, shape: fact.shape }
            }
            op => step(machine, source, &values, operands(*op), *fact)?,
        };
        values.push(value);
    }
    let numbers = |value: &Value| {
        let value = usize::try_from(*value).ok().and_then(|value| values.get(value));
        let value = value.ok_or_else(|| Refused::new(PLACE, "a value is missing"))?;
        machine.download(&value.memory).map(|bytes| longs(&bytes))
    };
    for (i, condition) in source.conditions.iter().enumerate() {
        if numbers(condition)?.contains(&0) {
            return Err(Refused::new(PLACE, format!("condition {i} does not hold of the inputs")));
        }
    }
    numbers(&source.result)
}

fn operands(op: Op) -> Operands {
    let of = |code, values, number| Operands { code, values, number, table: None };
    let two = |code, a, b| of(code, [Some(a), Some(b), None], 0);
    match op {
        Op::Const(n) => of(0, [None; 3], n),
        Op::Input(_) => of(1, [None; 3], 0),
        Op::Worker => of(2, [None; 3], 0),
        Op::Coord => of(3, [None; 3], 0),
        Op::Add(a, b) => two(4, a, b),
        Op::Sub(a, b) => two(5, a, b),
        Op::Mul(a, b) => two(6, a, b),
        Op::Div(a, b) => two(7, a, b),
        Op::Round(a, k) => of(8, [Some(a), None, None], k.into()),
        Op::Min(a, b) => two(9, a, b),
        Op::Max(a, b) => two(10, a, b),
        Op::Clamp(a, low, high) => of(11, [Some(a), Some(low), Some(high)], 0),
        Op::Less(a, b) => two(12, a, b),
        Op::Equal(a, b) => two(13, a, b),
        Op::Select(c, a, b) => of(14, [Some(c), Some(a), Some(b)], 0),
        Op::Lookup(a, table) => Operands { table: Some(table), ..of(15, [Some(a), None, None], 0) },
        Op::Sum(a, Axis::Workers) => of(16, [Some(a), None, None], 0),
        Op::Sum(a, Axis::Coords) => of(SUM_OF_COORDINATES, [Some(a), None, None], 0),
        Op::Sorted(a) => of(18, [Some(a), None, None], 0),
        Op::At(a, worker) => of(19, [Some(a), None, None], worker.into()),
        Op::Pick(a, i) => two(20, a, i),
        Op::ArgMax(a) => of(21, [Some(a), None, None], 0),
        Op::Alike(a) => of(22, [Some(a), None, None], 0),
    }
}

fn step<M: Machine>(
    machine: &M,
    source: &Source,
    values: &[Placed<M::Memory>],
    o: Operands,
    fact: Fact,
) -> Result<Placed<M::Memory>, Refused> {
    let (n, d) = (source.workers, source.coords);
    let shape = fact.shape;
    let sides = [if shape.workers { n } else { 1 }, if shape.coords { d } else { 1 }];
    let [workers, coords] = sides;
    let cells = workers.saturating_mul(coords);
    let memory = machine.room(usize::try_from(cells).unwrap_or(usize::MAX).saturating_mul(8))?;
    let table = o.table.and_then(|t| source.tables.get(usize::try_from(t).ok()?));
    let placed_table = match table {
        Some(table) => Some(machine.upload(&table.entries.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>())?),
        None => None,
    };
    let entries = word(table.map_or(0, |t| t.entries.len()))?;
    let mut arguments =
        vec![Argument::Word(o.code), Argument::Memory(&memory), Argument::Word(workers), Argument::Word(coords)];
    for value in o.values {
        let value = value.map(|v| {
            let placed = usize::try_from(v).ok().and_then(|v| values.get(v));
            placed.ok_or_else(|| Refused::new(PLACE, format!("value {v} does not stand before it")))
        });
        match value.transpose()? {
            None => arguments.extend([Argument::Nothing, Argument::Word(0), Argument::Word(0)]),
            Some(Placed { memory, shape }) => {
                let line = if shape.coords { d } else { 1 };
                let steps = [if shape.workers { line } else { 0 }, u32::from(shape.coords)];
                arguments.push(Argument::Memory(memory));
                arguments.extend(steps.map(Argument::Word));
            }
        }
    }
    arguments.push(Argument::Long(table.map_or(o.number, |t| t.low).cast_unsigned()));
    arguments.push(placed_table.as_ref().map_or(Argument::Nothing, Argument::Memory));
    arguments.extend([entries, n, d].map(Argument::Word));
    if o.code == SUM_OF_COORDINATES {
        // Of the arguments it takes the place of the result, the operand, and the number of coordinates.
        let own = arguments.get(1).into_iter().chain(arguments.get(4..7).unwrap_or_default());
        let arguments: Vec<Argument<'_, M::Memory>> = own.copied().chain([Argument::Word(d)]).collect();
        machine.start(Kernel::FusionSums, Start { grid: [cells, 1], block: [THREADS, 1] }, &arguments)?;
        return Ok(Placed { memory, shape });
    }
    machine.start(Kernel::Fusion, Start { grid: [parts(cells, THREADS), 1], block: [THREADS, 1] }, &arguments)?;
    Ok(Placed { memory, shape })
}
