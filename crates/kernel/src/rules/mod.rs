//! The numeric half of the certificate rules, `sctt/KERNEL.md` section 6: exact, total, deterministic, without search.

mod lia;
mod poly;
mod psatz;
mod ring;
#[cfg(test)]
mod tests;

use crate::Interrupt;
use crate::refusal::Res;
use bfv_format::Rule;
use poly::{WORK, Work};

/// Checks that the numbers of a rule add up, and says how much work that was.
/// What its trees denote is the business of `denote`.
///
/// # Errors
/// The phrases of `refusal` for trees, polynomials, contradictions, multipliers, cuts and rationals; `budget` when a rule is too large, `interrupted` where that is set.
pub(crate) fn check(rule: &Rule, interrupt: Option<&Interrupt>) -> Res<u64> {
    let mut work = Work::new(WORK, interrupt);
    match rule {
        Rule::Ring { sort, atoms, left, right } => ring::check(&mut work, *sort, atoms, left, right),
        Rule::Psatz { atoms, hypotheses, products, equalities } => {
            psatz::check(&mut work, atoms, hypotheses, products, equalities)
        }
        Rule::Lia { sort, atoms, hypotheses, steps } => lia::check(&mut work, *sort, atoms, hypotheses, steps),
    }?;
    Ok(work.spent())
}
