//! Exact feasibility of `A x = b, x >= 0` by the first phase of the simplex method with Bland's rule, which always ends.

use bfv_search::{Budget, Reason};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// What became of a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Values of the unknowns.
    Point(Vec<BigRational>),
    /// There is no solution: a value y for every row such that y times each column is at most zero and y times b is positive.
    Separating(Vec<BigRational>),
}

/// A solution of `sum over j of columns[j] * x_j = b` with all `x_j >= 0`, or why there is none.
///
/// Each column lists its nonzero entries as (row, value). A pivot takes at least one step of the budget, more when it touches many large numbers.
///
/// # Errors
/// `Reason::Budget` when the budget ends first.
pub fn feasible(
    rows: usize,
    columns: &[Vec<(usize, BigRational)>],
    b: &[BigRational],
    budget: &mut Budget,
) -> Result<Answer, Reason> {
    let n = columns.len();
    let zero = BigRational::zero;
    // The tableau holds the columns, one artificial unknown per row, then the right side.
    let width = n + rows;
    let mut table = vec![vec![zero(); width + 1]; rows];
    for (j, column) in columns.iter().enumerate() {
        for (i, v) in column {
            if let Some(cell) = table.get_mut(*i).and_then(|r| r.get_mut(j)) {
                *cell += v;
            }
        }
    }
    // Rows with a negative right side are negated, so that the artificial unknowns begin nonnegative.
    for (i, (row, v)) in table.iter_mut().zip(b).enumerate() {
        if let Some(last) = row.last_mut() {
            *last = v.clone();
        }
        if v.is_negative() {
            for cell in row.iter_mut() {
                *cell = -cell.clone();
            }
        }
        if let Some(cell) = row.get_mut(n + i) {
            *cell = BigRational::one();
        }
    }
    // The artificial unknowns are basic at first; the objective is their sum, less what each of them costs.
    let mut basis: Vec<usize> = (n..width).collect();
    let mut objective = vec![zero(); width + 1];
    for row in &table {
        for (o, c) in objective.iter_mut().zip(row) {
            *o += c;
        }
    }
    for cell in objective.iter_mut().take(width).skip(n) {
        *cell = zero();
    }
    while let Some(enter) = objective.iter().take(n).position(Signed::is_positive) {
        let mut leave: Option<(usize, BigRational)> = None;
        for (i, row) in table.iter().enumerate() {
            let (Some(a), Some(r)) = (row.get(enter), row.last()) else { continue };
            if a.is_positive() {
                let ratio = r / a;
                let better = match &leave {
                    None => true,
                    Some((k, best)) => ratio < *best || (ratio == *best && basis.get(i) < basis.get(*k)),
                };
                if better {
                    leave = Some((i, ratio));
                }
            }
        }
        let Some((pivot, _)) = leave else { break };
        let Some(row) = table.get_mut(pivot) else { break };
        let scale = row.get(enter).cloned().unwrap_or_else(BigRational::one);
        if !scale.is_one() {
            for cell in row.iter_mut().filter(|c| !c.is_zero()) {
                *cell /= &scale;
            }
        }
        let row = row.clone();
        // A pivot costs by the numbers it touches, so that the budget follows the work and not the count of pivots alone.
        let bits: u64 = row.iter().filter(|c| !c.is_zero()).map(|c| 64 + c.numer().bits() + c.denom().bits()).sum();
        let touched = table.iter().filter(|r| r.get(enter).is_some_and(|c| !c.is_zero())).count();
        budget.spend(1 + u64::try_from(touched).unwrap_or(u64::MAX).saturating_mul(bits) / 100_000)?;
        let nonzero: Vec<usize> = (0..=width).filter(|j| row.get(*j).is_some_and(|c| !c.is_zero())).collect();
        let eliminate = |other: &mut Vec<BigRational>| {
            let factor = other.get(enter).cloned().unwrap_or_else(zero);
            if !factor.is_zero() {
                for j in &nonzero {
                    if let (Some(cell), Some(v)) = (other.get_mut(*j), row.get(*j)) {
                        *cell -= &factor * v;
                    }
                }
            }
        };
        for (i, other) in table.iter_mut().enumerate() {
            if i != pivot {
                eliminate(other);
            }
        }
        eliminate(&mut objective);
        if let Some(slot) = basis.get_mut(pivot) {
            *slot = enter;
        }
    }
    if !objective.last().is_none_or(Zero::is_zero) {
        // The multipliers of the rows stand under the artificial unknowns; negated rows are turned back.
        let multiplier = |i: usize| {
            let y = objective.get(n + i).cloned().unwrap_or_else(zero) + BigRational::one();
            if b.get(i).is_some_and(Signed::is_negative) { -y } else { y }
        };
        return Ok(Answer::Separating((0..rows).map(multiplier).collect()));
    }
    let mut x = vec![zero(); n];
    for (row, var) in table.iter().zip(&basis) {
        if let (Some(slot), Some(v)) = (x.get_mut(*var), row.last()) {
            *slot = v.clone();
        }
    }
    Ok(Answer::Point(x))
}
