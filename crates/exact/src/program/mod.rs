//! Fusion programs as data: a small total language over the integers.
//!
//! A program has workers `w = 0, ..., n - 1` and coordinates `c = 0, ..., d - 1`. A value is a whole number, or one for each worker,
//! for each coordinate, or for each of both; what does not vary is the same everywhere. A program is a list of operations, each
//! on values before it. There are no loops and no calls, so every program ends.
//!
//! The meaning of every operation is a formula over the mathematical integers. In the kernel's words: `+ - *` are those of `Int`,
//! comparison is `ltb`, a sum is a finite sum, and division is `floor (a * inv b)`, where `inv 0 = 0`. A number in fixed point is a whole
//! number of which the program knows the unit; scaling is multiplication, and [`Op::Round`].
//!
//! [`Program::new`] computes the shape and a range of every value from the declared ranges of the inputs, by interval arithmetic, and
//! refuses a program with a value that might leave [`LIMIT`]. So `i64` never overflows in [`Program::run`], and its result is
//! that of the integers.

mod bytes;
mod check;
mod run;

pub use check::{Fact, Program};

/// The most workers: as many as a certificate has parents.
pub const MAX_WORKERS: u32 = 64;
/// The most coordinates.
pub const MAX_COORDS: u32 = 1 << 20;
/// The most operations.
pub const MAX_OPS: usize = 1024;
/// The most inputs, the most tables, and the most conditions.
pub const MAX_LIST: usize = 16;
/// The most entries of a table.
pub const MAX_TABLE: usize = 1 << 16;
/// The most numbers that all values of a run have together.
pub const MAX_CELLS: usize = 1 << 24;
/// The most numbers that all operations of a run read or write together.
pub const MAX_WORK: usize = 1 << 28;
/// The size that no value may exceed.
pub const LIMIT: i64 = 1 << 62;

/// The place of a value: that of its operation in the list.
pub type Value = u32;

/// What a value varies over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// Whether there is one number for each worker.
    pub workers: bool,
    /// Whether there is one number for each coordinate.
    pub coords: bool,
}

/// An axis of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// The workers.
    Workers,
    /// The coordinates.
    Coords,
}

/// An input: its shape, and the range in which each of its numbers lies, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// What it varies over.
    pub shape: Shape,
    /// The least number.
    pub low: i64,
    /// The largest number.
    pub high: i64,
}

/// A function from `low, ..., low + entries - 1`, by its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The least argument.
    pub low: i64,
    /// The values, at least one.
    pub entries: Vec<i64>,
}

/// An operation. Where nothing else is said it works at each worker w and coordinate c, and `a`, `b`, ... are the operands there.
/// The operations along the workers refuse an operand that does not vary over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// The number itself.
    Const(i64),
    /// The input of that place.
    Input(u32),
    /// w.
    Worker,
    /// c.
    Coord,
    /// `a + b`.
    Add(Value, Value),
    /// `a - b`.
    Sub(Value, Value),
    /// `a * b`.
    Mul(Value, Value),
    /// `floor(a / b)`, and 0 for `b = 0`.
    Div(Value, Value),
    /// `floor(a / 2^k + 1/2)`, for k from 1 to 62.
    Round(Value, u8),
    /// The smaller of a and b.
    Min(Value, Value),
    /// The larger of a and b.
    Max(Value, Value),
    /// `max(low, min(high, a))`, as `Clamp(a, low, high)`.
    Clamp(Value, Value, Value),
    /// 1 if `a < b`, otherwise 0.
    Less(Value, Value),
    /// 1 if `a = b`, otherwise 0.
    Equal(Value, Value),
    /// a if the condition is not 0, otherwise b, as `Select(condition, a, b)`.
    Select(Value, Value, Value),
    /// The table of that place at a.
    Lookup(Value, u32),
    /// The sum of a over the axis.
    Sum(Value, Axis),
    /// At worker w the number with w numbers of a before it in ascending order: the order statistic w of a over the workers.
    Sorted(Value),
    /// a at the worker of that number.
    At(Value, u32),
    /// a at the worker i, where i does not vary over the workers.
    Pick(Value, Value),
    /// The least w at which a is largest.
    ArgMax(Value),
    /// At worker w how many workers v have `a_v = a_w`.
    Alike(Value),
}

/// A program before it was checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// The number n of workers.
    pub workers: u32,
    /// The number d of coordinates.
    pub coords: u32,
    /// The inputs.
    pub inputs: Vec<Input>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The operations.
    pub ops: Vec<Op>,
    /// Conditions on the inputs: values that must be 0 nowhere, such as that weights sum to the unit.
    pub conditions: Vec<Value>,
    /// The value that is the result.
    pub result: Value,
}

impl Source {
    /// Appends an operation and makes it the result; its place.
    pub fn push(&mut self, op: Op) -> Value {
        self.result = u32::try_from(self.ops.len()).unwrap_or(Value::MAX);
        self.ops.push(op);
        self.result
    }
}
