//! Exact feasibility of `A x = b, x >= 0` by the first phase of the simplex method. The largest coefficient enters; after pivots that
//! gain nothing Bland's rule takes over until one gains again, so the method always ends.

use crate::number::Q;
use bfv_search::{Budget, Reason};
use num_rational::BigRational;
use num_traits::{Signed, Zero};

/// What became of a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Values of the unknowns.
    Point(Vec<BigRational>),
    /// There is no solution: a value y for every row such that y times each column is at most zero and y times b is positive.
    Separating(Vec<BigRational>),
}

/// So many pivots for every row may gain nothing in a row before Bland's rule takes over. Most programs here gain only in the end.
const STALLED: usize = 3;

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
    // The tableau holds the columns, one artificial unknown per row, then the right side.
    let width = n + rows;
    let mut table = vec![vec![Q::ZERO; width + 1]; rows];
    for (j, column) in columns.iter().enumerate() {
        for (i, v) in column {
            if let Some(cell) = table.get_mut(*i).and_then(|r| r.get_mut(j)) {
                *cell = cell.plus(&Q::from(v));
            }
        }
    }
    // Rows with a negative right side are negated, so that the artificial unknowns begin nonnegative.
    for (i, (row, v)) in table.iter_mut().zip(b).enumerate() {
        if let Some(last) = row.last_mut() {
            *last = Q::from(v);
        }
        if v.is_negative() {
            for cell in row.iter_mut().filter(|c| !c.is_zero()) {
                *cell = cell.negated();
            }
        }
        if let Some(cell) = row.get_mut(n + i) {
            *cell = Q::ONE;
        }
    }
    // The artificial unknowns are basic at first; the objective is their sum, less what each of them costs.
    let mut basis: Vec<usize> = (n..width).collect();
    let mut objective = vec![Q::ZERO; width + 1];
    for row in &table {
        for (o, c) in objective.iter_mut().zip(row) {
            *o = o.plus(c);
        }
    }
    for cell in objective.iter_mut().take(width).skip(n) {
        *cell = Q::ZERO;
    }
    let mut stalled = 0usize;
    let patience = STALLED * (rows + 10);
    while let Some(enter) = entering(objective.get(..n).unwrap_or_default(), stalled > patience) {
        let mut leave: Option<(usize, Q)> = None;
        for (i, row) in table.iter().enumerate() {
            let (Some(a), Some(r)) = (row.get(enter), row.last()) else { continue };
            if a.is_positive() {
                let ratio = r.times(&a.inverse());
                let better = match &leave {
                    None => true,
                    Some((k, best)) => ratio < *best || (ratio == *best && basis.get(i) < basis.get(*k)),
                };
                if better {
                    leave = Some((i, ratio));
                }
            }
        }
        let Some((pivot, gain)) = leave else { break };
        stalled = if gain.is_zero() { stalled + 1 } else { 0 };
        let Some(row) = table.get_mut(pivot) else { break };
        let scale = row.get(enter).map_or(Q::ONE, Q::inverse);
        for cell in row.iter_mut().filter(|c| !c.is_zero()) {
            *cell = cell.times(&scale);
        }
        let row = row.clone();
        let nonzero: Vec<(usize, &Q)> = row.iter().enumerate().filter(|(_, c)| !c.is_zero()).collect();
        let mut work = 0u64;
        let mut eliminate = |other: &mut Vec<Q>| {
            let factor = other.get(enter).cloned().unwrap_or(Q::ZERO);
            if !factor.is_zero() {
                for (j, v) in &nonzero {
                    if let Some(cell) = other.get_mut(*j) {
                        *cell = cell.minus_product(&factor, v);
                        work = work.saturating_add(cell.weight());
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
        // A pivot costs by the numbers it touches, so that the budget follows the work and not the count of pivots alone.
        budget.spend(1 + work / 5_000)?;
        if let Some(slot) = basis.get_mut(pivot) {
            *slot = enter;
        }
    }
    if !objective.last().is_none_or(Q::is_zero) {
        // The multipliers of the rows stand under the artificial unknowns; negated rows are turned back.
        let multiplier = |i: usize| {
            let y = objective.get(n + i).unwrap_or(&Q::ZERO).plus(&Q::ONE).big();
            if b.get(i).is_some_and(Signed::is_negative) { -y } else { y }
        };
        return Ok(Answer::Separating((0..rows).map(multiplier).collect()));
    }
    let mut x = vec![BigRational::zero(); n];
    for (row, var) in table.iter().zip(&basis) {
        if let (Some(slot), Some(v)) = (x.get_mut(*var), row.last()) {
            *slot = v.big();
        }
    }
    Ok(Answer::Point(x))
}

/// The column that enters: of the largest coefficient, or the first when nothing was gained for long.
fn entering(objective: &[Q], first: bool) -> Option<usize> {
    if first {
        return objective.iter().position(Q::is_positive);
    }
    let positive = objective.iter().enumerate().filter(|(_, c)| c.is_positive());
    positive.max_by(|(i, a), (j, b)| a.cmp(b).then(j.cmp(i))).map(|(j, _)| j)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q(n: i32) -> BigRational {
        BigRational::from_integer(n.into())
    }

    /// A system as a matrix by rows, with its right sides.
    fn system() -> impl Strategy<Value = (Vec<Vec<i32>>, Vec<i32>)> {
        (1usize..6, 1usize..7).prop_flat_map(|(rows, columns)| {
            let entry = prop_oneof![Just(0), Just(0), -3i32..4, -50i32..51];
            (
                prop::collection::vec(prop::collection::vec(entry, columns), rows),
                prop::collection::vec(prop_oneof![Just(0), -5i32..6], rows),
            )
        })
    }

    fn columns(matrix: &[Vec<i32>]) -> Vec<Vec<(usize, BigRational)>> {
        let width = matrix.first().map_or(0, Vec::len);
        let column = |j: usize| matrix.iter().enumerate().map(move |(i, r)| (i, q(r[j]))).filter(|(_, v)| !v.is_zero());
        (0..width).map(|j| column(j).collect()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn a_point_solves_the_system_and_multipliers_show_that_there_is_none((matrix, b) in system()) {
            let columns = columns(&matrix);
            let b: Vec<BigRational> = b.into_iter().map(q).collect();
            match feasible(b.len(), &columns, &b, &mut Budget::new(100_000)).unwrap() {
                Answer::Point(x) => {
                    prop_assert_eq!(x.len(), columns.len());
                    prop_assert!(x.iter().all(|v| !v.is_negative()));
                    for (row, right) in matrix.iter().zip(&b) {
                        let left = row.iter().zip(&x).fold(q(0), |s, (a, v)| s + q(*a) * v);
                        prop_assert_eq!(&left, right);
                    }
                }
                Answer::Separating(y) => {
                    for column in &columns {
                        let product = column.iter().fold(q(0), |s, (i, a)| s + a * &y[*i]);
                        prop_assert!(!product.is_positive());
                    }
                    prop_assert!(y.iter().zip(&b).fold(q(0), |s, (u, v)| s + u * v).is_positive());
                }
            }
        }

        #[test]
        fn a_system_that_was_made_around_a_point_has_one((matrix, _) in system(), seed in prop::collection::vec(0i32..9, 6)) {
            let b: Vec<BigRational> =
                matrix.iter().map(|row| row.iter().zip(&seed).fold(q(0), |s, (a, v)| s + q(*a) * q(*v))).collect();
            let answer = feasible(b.len(), &columns(&matrix), &b, &mut Budget::new(100_000)).unwrap();
            prop_assert!(matches!(answer, Answer::Point(_)));
        }
    }

    #[test]
    fn a_program_known_to_go_in_circles_ends() {
        // Beale's example in the form of a system: with the largest coefficient alone the simplex method returns to where it began.
        let half = |n: i32, d: i32| BigRational::new(n.into(), d.into());
        let rows = [
            [half(1, 4), q(-8), q(-1), q(9), q(1), q(0), q(0)],
            [half(1, 2), q(-12), half(-1, 2), q(3), q(0), q(1), q(0)],
            [q(0), q(0), q(1), q(0), q(0), q(0), q(1)],
            [half(3, 4), q(-20), half(1, 2), q(-6), q(0), q(0), q(0)],
        ];
        let columns: Vec<Vec<(usize, BigRational)>> =
            (0..7).map(|j| rows.iter().enumerate().map(|(i, r)| (i, r[j].clone())).collect()).collect();
        let solved = |value: BigRational| {
            let b = [q(0), q(0), q(1), value];
            feasible(4, &columns, &b, &mut Budget::new(10_000)).unwrap()
        };
        assert!(matches!(solved(half(5, 4)), Answer::Point(_)));
        assert!(matches!(solved(half(6, 4)), Answer::Separating(_)));
    }
}
