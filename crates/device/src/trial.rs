//! One random input for a kernel, computed by a machine and by its definition on the CPU.
//!
//! The tests make few of them with the interpreter; `cargo xtask device` makes many on a card.

use crate::attention::Tables;
use crate::kernels::Kernel;
use crate::linear::{Placed, Planes, Way, product};
use crate::machine::Machine;
use crate::{attention, fusion, hash};
use bfv_cert::digest::Context;
use bfv_exact::attention::{Attention, Mask, Powers, totals};
use bfv_exact::commit::{score_bytes, write};
use bfv_exact::forward::Numbers;
use bfv_exact::heads::{Handed, Heads, Wanted};
use bfv_exact::linear::scalar;
use bfv_exact::pairs::Pair;
use bfv_exact::program::{Axis, Input, Op, Program, Shape, Source, Table};
use bfv_exact::requantise::{MAX_SHIFT, Scale};
use bfv_exact::{Matrix, Refused};

/// Random words that decide an input.
pub struct Draw<'a>(pub &'a mut dyn Iterator<Item = u64>);

impl Draw<'_> {
    fn word(&mut self) -> u64 {
        self.0.next().unwrap_or(0)
    }

    /// A number from 0 up to, and without, another one.
    fn below(&mut self, n: u64) -> u64 {
        self.word().checked_rem(n).unwrap_or(0)
    }

    /// A length from one up to another, both included.
    fn length(&mut self, from: usize, to: usize) -> usize {
        let more = self.below((to.saturating_sub(from) as u64).saturating_add(1));
        from.saturating_add(usize::try_from(more).unwrap_or(0))
    }

    fn number(&mut self, low: i64, high: i64) -> i64 {
        let range = u64::try_from(i128::from(high) - i128::from(low) + 1).unwrap_or(u64::MAX);
        low.saturating_add_unsigned(self.below(range))
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.word().to_le_bytes()).flatten().take(length).collect()
    }

    /// A matrix of numbers of 16 bits: any, or those where bytes and sums are extreme.
    fn matrix(&mut self, rows: usize, cols: usize) -> Result<Matrix<i16>, Refused> {
        const EXTREME: [i16; 6] = [i16::MIN, i16::MAX, -1, 255, -256, 0];
        let extreme = self.below(3) == 0;
        let mut entry = || {
            let [low, high, which, ..] = self.word().to_le_bytes();
            let all = usize::from(which) % EXTREME.len();
            if extreme { EXTREME.get(all).copied().unwrap_or(0) } else { i16::from_le_bytes([low, high]) }
        };
        Matrix::new("a trial", rows, cols, (0..rows.saturating_mul(cols)).map(|_| entry()).collect())
    }
}

/// Draws one input for a kernel and computes it both ways. Gives whether the results are the same, bit for bit.
///
/// # Errors
/// The machine fails, or a size is refused.
pub fn once<M: Machine>(machine: &M, kernel: Kernel, draw: &mut Draw<'_>) -> Result<bool, Refused> {
    match kernel {
        Kernel::LinearI8 => linear(machine, Way::Sums, 3, draw, byte),
        Kernel::LinearI16 => linear(machine, Way::Sums, 3, draw, |x| x),
        Kernel::TilesI8 => linear(machine, Way::Tiles, 40, draw, byte),
        Kernel::TilesI16 => linear(machine, Way::Tiles, 20, draw, |x| x),
        Kernel::Attention => heads(machine, draw, false),
        Kernel::AttentionPairs => heads(machine, draw, true),
        Kernel::FusionSums => programs(machine, draw, Some(Op::Sum(0, Axis::Coords)), 300),
        Kernel::Fusion => programs(machine, draw, None, 6),
        Kernel::HashPack => cells(machine, draw),
        Kernel::HashChunks => hashes(machine, draw, 1024),
        Kernel::HashParents => hashes(machine, draw, 12 * 1024),
    }
}

fn byte(x: i16) -> i8 {
    let [low, _] = x.to_le_bytes();
    low.cast_signed()
}

fn linear<G: Planes, M: Machine>(
    machine: &M,
    way: Way,
    most: usize,
    draw: &mut Draw<'_>,
    of: fn(i16) -> G,
) -> Result<bool, Refused>
where
    G::Sum: PartialEq,
{
    let (rows, cols, tokens) = (draw.length(1, 40), draw.length(1, 100), draw.length(1, most));
    let (w, x) = (draw.matrix(rows, cols)?.map(of), draw.matrix(tokens, cols)?.map(of));
    let (placed_w, placed_x) = (Placed::new(machine, &w)?, Placed::new(machine, &x)?);
    Ok(product::<G, M>(machine, &placed_w, &placed_x, way)? == scalar(&w, &x)?)
}

/// Two blocks of an answer, one after the other: of the second only what is new goes to the machine.
fn heads<M: Machine>(machine: &M, draw: &mut Draw<'_>, paired: bool) -> Result<bool, Refused> {
    let (width, kv_heads, groups) = (draw.length(1, 9), draw.length(1, 2), draw.length(1, 2));
    let (first, rows) = (draw.length(0, if paired { 20 } else { 6 }), [draw.length(1, 4), draw.length(1, 3)]);
    let [block, next] = rows;
    let (middle, end) = (first.saturating_add(block), first.saturating_add(block).saturating_add(next));
    let shift = u8::try_from(draw.below(u64::from(MAX_SHIFT) + 1)).unwrap_or(0);
    let multiplier = i32::try_from(draw.number(1, i32::MAX.into())).unwrap_or(1);
    let window = (draw.below(2) == 0).then(|| draw.length(0, 8));
    let (chunk, digit) = (draw.length(1, 7), u32::try_from(draw.below(3)).unwrap_or(0));
    let pair = |first: usize| paired.then_some(Pair { first, chunk, digit });
    // What is left out before the first key is any of what no query sees.
    let from = pair(first).map_or(0, |pair| draw.length(0, pair.oldest(0)));
    let columns = kv_heads * width;
    let keys = [draw.matrix(end - from, columns)?, draw.matrix(end - from, columns)?];
    let powers = Powers::new();
    let (scale, tables) = (Scale::new(multiplier, shift)?, Tables::new(machine, &powers)?);
    let mut held = None;
    let mut same = true;
    for (first, end) in [(first, middle), (middle, end)] {
        let q = draw.matrix(end - first, columns * groups)?;
        let until = |m: &Matrix<i16>| {
            let rows = end - from;
            Matrix::new("a trial", rows, columns, m.entries().iter().take(rows * columns).copied().collect())
        };
        let [k, v] = &keys;
        let (k, v) = (until(k)?, until(v)?);
        let attention = Attention { powers: &powers, scale, mask: Mask { first, window } };
        let wanted = if draw.below(2) == 0 { Wanted::Numbers } else { Wanted::Hash };
        let asked = Heads { attention, pair: pair(first), width, from, qkv: [&q, &k, &v], wanted };
        let (mut here, mut there) = (Vec::new(), Vec::new());
        asked.each(&mut |handed| {
            here.push(handed);
            Ok(())
        })?;
        attention::each(machine, &tables, &asked, &mut held, 0, &mut |handed| {
            there.push(handed);
            Ok(())
        })?;
        same &= there == if wanted == Wanted::Hash { hashed(here, score_bytes(width)) } else { here };
    }
    Ok(same)
}

/// What is handed over where hashes are wanted: those of all heads, and of each what comes next is made of.
fn hashed(all: Vec<Handed>, width: usize) -> Vec<Handed> {
    let (mut scores, mut weights, mut out) = (Vec::new(), Vec::new(), Vec::new());
    for handed in all {
        match handed {
            Handed::Head(h, head) => {
                write(Numbers::I64(&head.scores), width, &mut scores);
                write(Numbers::I16(&head.weights), 2, &mut weights);
                out.push(Handed::Sums(h, totals(&head.weights), head.sums));
            }
            other => out.push(other),
        }
    }
    out.insert(0, Handed::Hashes([Context::Cell.of(&scores), Context::Cell.of(&weights)]));
    out
}

/// A program that ends with one operation, this one or any, over values of every shape with at most so many coordinates.
fn programs<M: Machine>(machine: &M, draw: &mut Draw<'_>, wanted: Option<Op>, most: usize) -> Result<bool, Refused> {
    let (workers, coords) = (draw.length(1, 5), draw.length(1, most));
    let most = 1 << draw.below(20);
    let both = Shape { workers: true, coords: true };
    let shapes =
        [both, Shape { workers: true, coords: false }, Shape { workers: false, coords: true }, Shape::default()];
    let inputs = shapes.map(|shape| Input { shape, low: -most, high: most });
    let word = |n: usize| u32::try_from(n).unwrap_or(0);
    let table = Table { low: -2, entries: (0..7).map(|_| draw.number(-most, most)).collect() };
    let last = word(workers).saturating_sub(1);
    let k = u8::try_from(draw.below(20) + 1).unwrap_or(1);
    let numbers: Vec<Vec<i64>> = shapes
        .iter()
        .map(|shape| {
            let n = if shape.workers { workers } else { 1 } * if shape.coords { coords } else { 1 };
            // Few different numbers, so that some are alike.
            let most = if draw.below(2) == 0 { most.min(2) } else { most };
            (0..n).map(|_| draw.number(-most, most)).collect()
        })
        .collect();
    let mut one = || word(draw.length(0, 3));
    // Values 0 to 3 are the inputs, 4 a constant, 5 a condition and 6 the number of a worker; the last operation has operands among these.
    let (a, b, c) = (one(), one(), one());
    let last_ones = [
        Op::Const(most),
        Op::Worker,
        Op::Coord,
        Op::Add(a, b),
        Op::Sub(a, b),
        Op::Mul(a, b),
        Op::Div(a, b),
        Op::Round(a, k),
        Op::Min(a, b),
        Op::Max(a, b),
        Op::Clamp(a, 4, b),
        Op::Equal(a, b),
        Op::Select(5, a, b),
        Op::Lookup(6, 0),
        Op::Sum(0, Axis::Workers),
        Op::Sum(0, Axis::Coords),
        Op::Sorted(0),
        Op::Sorted(1),
        Op::At(0, last),
        Op::Pick(0, 6),
        Op::Pick(1, 6),
        Op::Alike(0),
        Op::Less(b, c),
    ];
    let Some(op) = last_ones.get(draw.length(0, last_ones.len() - 1)) else { return Ok(false) };
    let first =
        [Op::Input(0), Op::Input(1), Op::Input(2), Op::Input(3), Op::Const(-most), Op::Less(a, c), Op::ArgMax(0)];
    let source = Source {
        workers: word(workers),
        coords: word(coords),
        inputs: inputs.to_vec(),
        tables: vec![table],
        ops: first.into_iter().chain([wanted.unwrap_or(*op)]).collect(),
        conditions: Vec::new(),
        result: 7,
    };
    let inputs: Vec<&[i64]> = numbers.iter().map(Vec::as_slice).collect();
    let program = Program::new(source)?;
    Ok(fusion::run(machine, &program, &inputs)? == program.run(&inputs)?)
}

/// A cell of numbers of any size, of which the lowest bytes are committed.
fn cells<M: Machine>(machine: &M, draw: &mut Draw<'_>) -> Result<bool, Refused> {
    let from = 1 << draw.below(4);
    let (width, count) = (draw.length(1, from), draw.length(0, 900));
    let numbers = draw.bytes(count * from);
    // Memory has at least one byte, also where there are no numbers.
    let memory = machine.upload(if numbers.is_empty() { &[0] } else { &numbers })?;
    let cell: Vec<u8> = numbers.chunks(from).flat_map(|n| n.iter().take(width).copied()).collect();
    let key = machine.upload(&Context::Cell.key())?;
    let own = hash::Numbers { memory: &memory, from, count, width };
    Ok(hash::cell(machine, &key, &own)? == Context::Cell.of(&cell))
}

fn hashes<M: Machine>(machine: &M, draw: &mut Draw<'_>, most: usize) -> Result<bool, Refused> {
    let length = draw.length(0, most);
    let bytes = draw.bytes(length);
    Ok(hash::of(machine, Context::Cell, &bytes)? == Context::Cell.of(&bytes))
}
