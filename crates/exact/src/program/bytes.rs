//! The bytes of a program. Each operation is a number of one byte and its operands.

use super::{Axis, Input, MAX_LIST, MAX_OPS, MAX_TABLE, Op, Program, Shape, Source, Table};
use crate::bytes::{Reader, Writer};
use crate::refused::Refused;

const MAGIC: [u8; 4] = *b"bfxp";
const VERSION: u8 = 1;

impl Program {
    /// The bytes of the program. Two programs have the same bytes only if they are equal.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let source = self.source();
        let mut w = Writer::new(MAGIC, VERSION);
        w.u32(source.workers);
        w.u32(source.coords);
        w.count(source.inputs.len());
        for input in &source.inputs {
            w.u8(u8::from(input.shape.workers));
            w.u8(u8::from(input.shape.coords));
            w.i64(input.low);
            w.i64(input.high);
        }
        w.count(source.tables.len());
        for table in &source.tables {
            w.i64(table.low);
            w.count(table.entries.len());
            table.entries.iter().for_each(|e| w.i64(*e));
        }
        w.count(source.ops.len());
        source.ops.iter().for_each(|op| write(&mut w, *op));
        w.count(source.conditions.len());
        source.conditions.iter().for_each(|c| w.u32(*c));
        w.u32(source.result);
        w.end()
    }

    /// Reads a program and checks it.
    ///
    /// # Errors
    /// The bytes are not those that [`Program::bytes`] writes of some program.
    pub fn read(bytes: &[u8]) -> Result<Self, Refused> {
        let mut r = Reader::new("the bytes of a program", MAGIC, VERSION, bytes)?;
        let (workers, coords) = (r.u32()?, r.u32()?);
        let inputs = r.list(MAX_LIST, |r| {
            Ok(Input { shape: Shape { workers: r.flag()?, coords: r.flag()? }, low: r.i64()?, high: r.i64()? })
        })?;
        let tables = r.list(MAX_LIST, |r| Ok(Table { low: r.i64()?, entries: r.list(MAX_TABLE, Reader::i64)? }))?;
        let ops = r.list(MAX_OPS, read)?;
        let conditions = r.list(MAX_LIST, Reader::u32)?;
        let result = r.u32()?;
        r.end()?;
        Self::new(Source { workers, coords, inputs, tables, ops, conditions, result })
    }
}

fn write(w: &mut Writer, op: Op) {
    let (tag, operands): (u8, &[u32]) = match op {
        Op::Const(n) => {
            w.u8(0);
            return w.i64(n);
        }
        Op::Input(i) => (1, &[i]),
        Op::Worker => (2, &[]),
        Op::Coord => (3, &[]),
        Op::Add(a, b) => (4, &[a, b]),
        Op::Sub(a, b) => (5, &[a, b]),
        Op::Mul(a, b) => (6, &[a, b]),
        Op::Div(a, b) => (7, &[a, b]),
        Op::Round(a, k) => (8, &[a, k.into()]),
        Op::Min(a, b) => (9, &[a, b]),
        Op::Max(a, b) => (10, &[a, b]),
        Op::Clamp(a, low, high) => (11, &[a, low, high]),
        Op::Less(a, b) => (12, &[a, b]),
        Op::Equal(a, b) => (13, &[a, b]),
        Op::Select(c, a, b) => (14, &[c, a, b]),
        Op::Lookup(a, t) => (15, &[a, t]),
        Op::Sum(a, Axis::Workers) => (16, &[a]),
        Op::Sum(a, Axis::Coords) => (17, &[a]),
        Op::Sorted(a) => (18, &[a]),
        Op::At(a, worker) => (19, &[a, worker]),
        Op::Pick(a, i) => (20, &[a, i]),
        Op::ArgMax(a) => (21, &[a]),
        Op::Alike(a) => (22, &[a]),
    };
    w.u8(tag);
    operands.iter().for_each(|o| w.u32(*o));
}

fn read(r: &mut Reader<'_>) -> Result<Op, Refused> {
    Ok(match r.u8()? {
        0 => Op::Const(r.i64()?),
        1 => Op::Input(r.u32()?),
        2 => Op::Worker,
        3 => Op::Coord,
        4 => Op::Add(r.u32()?, r.u32()?),
        5 => Op::Sub(r.u32()?, r.u32()?),
        6 => Op::Mul(r.u32()?, r.u32()?),
        7 => Op::Div(r.u32()?, r.u32()?),
        8 => {
            let a = r.u32()?;
            // Checked with its limit; a larger number must not become a smaller one.
            Op::Round(a, u8::try_from(r.u32()?).unwrap_or(u8::MAX))
        }
        9 => Op::Min(r.u32()?, r.u32()?),
        10 => Op::Max(r.u32()?, r.u32()?),
        11 => Op::Clamp(r.u32()?, r.u32()?, r.u32()?),
        12 => Op::Less(r.u32()?, r.u32()?),
        13 => Op::Equal(r.u32()?, r.u32()?),
        14 => Op::Select(r.u32()?, r.u32()?, r.u32()?),
        15 => Op::Lookup(r.u32()?, r.u32()?),
        16 => Op::Sum(r.u32()?, Axis::Workers),
        17 => Op::Sum(r.u32()?, Axis::Coords),
        18 => Op::Sorted(r.u32()?),
        19 => Op::At(r.u32()?, r.u32()?),
        20 => Op::Pick(r.u32()?, r.u32()?),
        21 => Op::ArgMax(r.u32()?),
        22 => Op::Alike(r.u32()?),
        tag => return Err(r.refused(&format!("there is no operation {tag}"))),
    })
}
