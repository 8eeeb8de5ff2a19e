//! Attention of all heads in one launch, over the keys of all positions before or of two chunks, with keys and values that stay in the memory of the machine.

use crate::hash::{self, Numbers};
use crate::kernels::Kernel;
use crate::machine::{Argument, Machine, ROWS_OF_BLOCKS, Start, longs, word};
use bfv_cert::digest::Context;
use bfv_exact::attention::{Head, Powers};
use bfv_exact::commit::score_bytes;
use bfv_exact::heads::{Handed, Heads, Wanted};
use bfv_exact::{Matrix, Refused};

/// Threads of a block, as the kernel has them.
const THREADS: u32 = 128;
const PLACE: &str = "attention";
/// Bytes of a score or a sum, and of a weight or a coordinate.
const LONG: usize = 8;
const SHORT: usize = 2;
/// Positions for which there is room in the beginning, beside those that there are.
const SPARE: usize = 16;

/// The tables that every launch reads.
pub struct Tables<M> {
    powers: M,
    key: M,
}

impl<M> Tables<M> {
    /// Puts the powers of two and the key of the hashes of cells into the memory of a machine.
    ///
    /// # Errors
    /// There is no room for them.
    pub fn new(machine: &impl Machine<Memory = M>, powers: &Powers) -> Result<Tables<M>, Refused> {
        let powers = machine.upload(&powers.bytes().collect::<Vec<u8>>())?;
        Ok(Tables { powers, key: machine.upload(&Context::Cell.key())? })
    }

    /// The key of the hashes of cells.
    pub(crate) fn key(&self) -> &M {
        &self.key
    }
}

/// The keys and values of one layer in the memory of a machine. It lies in the state of an answer, and follows what the state keeps.
pub struct Held<M> {
    /// The position of the first of them.
    from: usize,
    rows: usize,
    cols: usize,
    /// The rows for which there is room.
    room: usize,
    keys: M,
    values: M,
}

impl<M> Held<M> {
    /// With all keys and values, and room for half as many more. So as often as it grows or the state drops what is old, each position goes to the machine a few times.
    fn new(machine: &impl Machine<Memory = M>, from: usize, k: &Matrix<i16>, v: &Matrix<i16>) -> Result<Self, Refused> {
        let (rows, cols) = (k.rows(), k.cols());
        let room = rows.saturating_add(rows / 2).saturating_add(SPARE);
        let place = |m: &Matrix<i16>| {
            let memory = machine.room(room.saturating_mul(cols).saturating_mul(SHORT))?;
            machine.write(&memory, 0, &shorts(m.entries()))?;
            Ok(memory)
        };
        Ok(Held { from, rows, cols, room, keys: place(k)?, values: place(v)? })
    }

    /// Whether these are all that comes before the block, with room for it.
    fn precedes(&self, heads: &Heads<'_>) -> bool {
        let [q, k, _] = heads.qkv;
        let same = (self.from, self.cols) == (heads.from, k.cols());
        same && self.rows.checked_add(q.rows()) == Some(k.rows()) && self.room >= k.rows()
    }

    /// With the keys and values of one more block: only these go to the machine, where what is there is what the state keeps, and all otherwise.
    fn after(self, machine: &impl Machine<Memory = M>, heads: &Heads<'_>) -> Result<Self, Refused> {
        let [_, k, v] = heads.qkv;
        if !self.precedes(heads) {
            // Without it first, so that no memory is taken for both.
            drop(self);
            return Held::new(machine, heads.from, k, v);
        }
        let old = self.rows.saturating_mul(self.cols);
        for (memory, m) in [(&self.keys, k), (&self.values, v)] {
            let new = m.entries().get(old..).unwrap_or_default();
            machine.write(memory, old.saturating_mul(SHORT), &shorts(new))?;
        }
        Ok(Held { rows: k.rows(), ..self })
    }
}

/// The bytes of numbers of 16 bits, the lowest first.
fn shorts(numbers: &[i16]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// What [`Heads::each`] gives. Scores and weights stay in the machine where their numbers are not wanted; there they are hashed, too, where their cells have together at
/// least `hashed_from` bytes. What was held of keys and values is gone when this fails.
///
/// # Errors
/// As there, or the machine fails.
pub fn each<M: Machine>(
    machine: &M,
    tables: &Tables<M::Memory>,
    heads: &Heads<'_>,
    held: &mut Option<Held<M::Memory>>,
    hashed_from: usize,
    done: &mut dyn FnMut(Handed) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let before = held.take();
    let counts = heads.check()?;
    let [q, k, v] = heads.qkv;
    let (rows, columns, width, blocks) = (q.rows(), heads.columns(), heads.width, word(counts.heads)?);
    // The kernel counts positions in 32 bits.
    word(heads.first().saturating_add(rows))?;
    if blocks > ROWS_OF_BLOCKS {
        return Err(Refused::new(PLACE, format!("{blocks} heads are more than {ROWS_OF_BLOCKS}")));
    }
    let scores = bfv_exact::elements(PLACE, rows, columns)?;
    // Behind the sums of a row stands the total of its weights.
    let line = width.saturating_add(1);
    let sums = bfv_exact::elements(PLACE, rows, line)?;
    let now = match before {
        Some(before) => before.after(machine, heads)?,
        None => Held::new(machine, heads.from, k, v)?,
    };
    let queries = machine.upload(&shorts(q.entries()))?;
    let room = |each: usize, of: usize| machine.room(each.saturating_mul(counts.heads).saturating_mul(of));
    let (all_scores, all_weights, all_sums) = (room(scores, LONG)?, room(scores, SHORT)?, room(sums, LONG)?);
    let memory = [&queries, &now.keys, &now.values, &tables.powers, &all_scores, &all_weights, &all_sums];
    let mut arguments: Vec<Argument<'_, M::Memory>> = memory.map(Argument::Memory).into();
    let shape = [rows, columns, counts.heads, counts.kv_heads, width].map(word);
    let scale = heads.attention.scale;
    let scale = [scale.multiplier().unsigned_abs(), scale.shift().into()].map(Ok);
    let most = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (kernel, sight) = match heads.pair {
        None => {
            let window = heads.attention.mask.window.map_or(u32::MAX, |n| most(n.max(1)));
            (Kernel::Attention, vec![word(heads.first()), Ok(window)])
        }
        // No position has more than 32 bits, so what is that far before is as good as nothing.
        Some(pair) => {
            let sight = [word(pair.first), word(pair.chunk), Ok(most(pair.far())), word(heads.from)];
            (Kernel::AttentionPairs, sight.into())
        }
    };
    for number in shape.into_iter().chain(scale).chain(sight) {
        arguments.push(Argument::Word(number?));
    }
    machine.start(kernel, Start { grid: [word(rows)?, blocks], block: [THREADS, 1] }, &arguments)?;
    let count = scores.saturating_mul(counts.heads);
    let cells = [
        Numbers { memory: &all_scores, from: LONG, count, width: score_bytes(width) },
        Numbers { memory: &all_weights, from: SHORT, count, width: SHORT },
    ];
    let [of_scores, of_weights] = &cells;
    let there = match heads.wanted {
        Wanted::Nothing => true,
        Wanted::Hash => of_scores.bytes().saturating_add(of_weights.bytes()) >= hashed_from,
        Wanted::Numbers => false,
    };
    let lines = longs(&machine.download(&all_sums)?);
    let lines = lines.chunks(sums);
    let of_line = |lines: &[i64]| {
        let all = lines.chunks(line).flat_map(|line| line.iter().take(width).copied()).collect();
        Matrix::new(PLACE, rows, width, all)
    };
    if there {
        if heads.wanted == Wanted::Hash {
            let [a, b] = cells.map(|cell| hash::cell(machine, &tables.key, &cell));
            done(Handed::Hashes([a?, b?]))?;
        }
        for (h, lines) in lines.enumerate() {
            let totals = lines.chunks(line).filter_map(|line| line.last().copied()).collect();
            done(Handed::Sums(h, totals, of_line(lines)?))?;
        }
        *held = Some(now);
        return Ok(());
    }
    let all_scores = longs(&machine.download(&all_scores)?);
    let all_weights = machine.download(&all_weights)?;
    let (all_weights, _) = all_weights.as_chunks::<SHORT>();
    for (h, ((scores, weights), lines)) in
        all_scores.chunks(scores).zip(all_weights.chunks(scores)).zip(lines).enumerate()
    {
        let weights = weights.iter().map(|b| i16::from_le_bytes(*b)).collect();
        let head = Head {
            scores: Matrix::new(PLACE, rows, columns, scores.to_vec())?,
            weights: Matrix::new(PLACE, rows, columns, weights)?,
            sums: of_line(lines)?,
        };
        done(Handed::Head(h, head))?;
    }
    *held = Some(now);
    Ok(())
}
