//! The numeric half of the certificate rules, `sctt/KERNEL.md` section 6: exact, total, deterministic, without search.

mod lia;
mod poly;
mod psatz;
mod ring;

use crate::refusal::Res;
use bfv_format::Rule;

/// Checks that the numbers of a rule add up. What its trees denote is the business of `denote`.
pub(crate) fn check(rule: &Rule) -> Res<()> {
    match rule {
        Rule::Ring { sort, atoms, left, right } => ring::check(*sort, atoms, left, right),
        Rule::Psatz { atoms, hypotheses, products, equalities } => {
            psatz::check(atoms, hypotheses, products, equalities)
        }
        Rule::Lia { sort, atoms, hypotheses, steps } => lia::check(*sort, atoms, hypotheses, steps),
    }
}
