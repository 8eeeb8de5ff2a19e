//! Exact feasibility of `A x = b, x >= 0` by the first phase of the simplex method with Bland's rule, which always ends.

use bfv_search::{Budget, Reason};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// A solution of `sum over j of columns[j] * x_j = b` with all `x_j >= 0`, or `None` when there is none.
///
/// Each column lists its nonzero entries as (row, value). One step of the budget is one pivot.
///
/// # Errors
/// `Reason::Budget` when the budget ends first.
pub fn feasible(
    rows: usize,
    columns: &[Vec<(usize, BigRational)>],
    b: &[BigRational],
    budget: &mut Budget,
) -> Result<Option<Vec<BigRational>>, Reason> {
    let n = columns.len();
    let zero = BigRational::zero;
    // The tableau holds the columns, then the right side; rows with a negative right side are negated.
    let mut table = vec![vec![zero(); n + 1]; rows];
    for (j, column) in columns.iter().enumerate() {
        for (i, v) in column {
            if let Some(cell) = table.get_mut(*i).and_then(|r| r.get_mut(j)) {
                *cell += v;
            }
        }
    }
    for (row, v) in table.iter_mut().zip(b) {
        if let Some(last) = row.last_mut() {
            *last = v.clone();
        }
        if v.is_negative() {
            for cell in row.iter_mut() {
                *cell = -cell.clone();
            }
        }
    }
    // One artificial variable per row is basic at first; the objective is their sum.
    let mut basis: Vec<usize> = (n..n + rows).collect();
    let mut objective = vec![zero(); n + 1];
    for row in &table {
        for (o, c) in objective.iter_mut().zip(row) {
            *o += c;
        }
    }
    while let Some(enter) = objective.iter().take(n).position(Signed::is_positive) {
        budget.spend(1)?;
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
        let nonzero: Vec<usize> = (0..=n).filter(|j| row.get(*j).is_some_and(|c| !c.is_zero())).collect();
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
        return Ok(None);
    }
    let mut x = vec![zero(); n];
    for (row, var) in table.iter().zip(&basis) {
        if let (Some(slot), Some(v)) = (x.get_mut(*var), row.last()) {
            *slot = v.clone();
        }
    }
    Ok(Some(x))
}
