//! Attention of all heads in one launch, over the keys of a chunk pair or of all positions before.

use crate::kernels::Kernel;
use crate::machine::{Argument, Machine, ROWS_OF_BLOCKS, Start, longs, word};
use bfv_exact::attention::{Attention, Head};
use bfv_exact::{Matrix, Refused};

/// Threads of a block, as the kernel has them.
const THREADS: u32 = 128;
const PLACE: &str = "attention";

/// What [`Attention::grouped`] computes: each head is handed over in order.
///
/// # Errors
/// As there, or the machine fails.
pub fn grouped<M: Machine>(
    machine: &M,
    attention: &Attention<'_>,
    width: usize,
    [q, k, v]: [&Matrix<i16>; 3],
    done: &mut dyn FnMut(usize, Head) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let refuse = |why: String| Err(Refused::new(PLACE, why));
    let count = |x: &Matrix<i16>| if x.cols().checked_rem(width) == Some(0) { x.cols() / width } else { 0 };
    let (heads, kv_heads) = (count(q), count(k));
    if kv_heads == 0 || heads == 0 || heads % kv_heads != 0 || v.cols() != k.cols() {
        return refuse(format!(
            "{}, {} and {} columns are no groups of heads of width {width}",
            q.cols(),
            k.cols(),
            v.cols()
        ));
    }
    let (rows, keys, mask) = (q.rows(), k.rows(), attention.mask);
    if mask.first.checked_add(rows) != Some(keys) || v.rows() != keys {
        let v = v.rows();
        return refuse(format!("{rows} queries from position {}, {keys} keys and {v} values do not fit", mask.first));
    }
    let scores = bfv_exact::elements(PLACE, rows, keys)?;
    let sums = bfv_exact::elements(PLACE, rows, width)?;
    let bytes = |x: &Matrix<i16>| x.entries().iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let (placed_q, placed_k, placed_v) =
        (machine.upload(&bytes(q))?, machine.upload(&bytes(k))?, machine.upload(&bytes(v))?);
    let powers = machine.upload(&attention.powers.bytes().collect::<Vec<u8>>())?;
    let room = |each: usize, of: usize| machine.room(each.saturating_mul(heads).saturating_mul(of));
    let (all_scores, all_weights, all_sums) = (room(scores, 8)?, room(scores, 2)?, room(sums, 8)?);
    let blocks = word(heads)?;
    if blocks > ROWS_OF_BLOCKS {
        return refuse(format!("{blocks} heads are more than {ROWS_OF_BLOCKS}"));
    }
    let window = mask.window.map_or(u32::MAX, |n| u32::try_from(n.max(1)).unwrap_or(u32::MAX));
    let words = [rows, keys, heads, kv_heads, width, mask.first];
    let words = words.into_iter().map(word).collect::<Result<Vec<u32>, Refused>>()?;
    let scale = [window, attention.scale.multiplier().unsigned_abs(), attention.scale.shift().into()];
    let mut arguments: Vec<Argument<'_, M::Memory>> =
        [&placed_q, &placed_k, &placed_v, &powers, &all_scores, &all_weights, &all_sums].map(Argument::Memory).into();
    arguments.extend(words.into_iter().chain(scale).map(Argument::Word));
    machine.start(Kernel::Attention, Start { grid: [word(rows)?, blocks], block: [THREADS, 1] }, &arguments)?;
    let all_scores = longs(&machine.download(&all_scores)?);
    let all_weights = machine.download(&all_weights)?;
    let (all_weights, _) = all_weights.as_chunks::<2>();
    let all_sums = longs(&machine.download(&all_sums)?);
    let each = all_scores.chunks(scores).zip(all_weights.chunks(scores)).zip(all_sums.chunks(sums));
    for (h, ((scores, weights), sums)) in each.enumerate() {
        let weights = weights.iter().map(|b| i16::from_le_bytes(*b)).collect();
        let head = Head {
            scores: Matrix::new(PLACE, rows, keys, scores.to_vec())?,
            weights: Matrix::new(PLACE, rows, keys, weights)?,
            sums: Matrix::new(PLACE, rows, width, sums.to_vec())?,
        };
        done(h, head)?;
    }
    Ok(())
}
