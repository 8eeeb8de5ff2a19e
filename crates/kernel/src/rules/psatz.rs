//! Rule `psatz`: hypotheses over Real that contradict each other, by a Positivstellensatz certificate.

use super::poly::{Poly, Work, difference, exact, polynomial};
use crate::refusal::{MULTIPLIER, NO_CONTRADICTION, Res, TREE, refuse};
use bfv_format::{Arith, Hypothesis, Product, Relation, Sort, Term};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// The sum of all products and of all multiples of equalities must be a negative constant, or zero with a strict product among them.
pub(crate) fn check(
    work: &mut Work<'_>,
    atoms: &[(Sort, Term)],
    hypotheses: &[Hypothesis],
    products: &[Product],
    equalities: &[(u32, Arith)],
) -> Res<()> {
    let mut facts = Vec::new();
    for h in hypotheses {
        facts.push((h.relation, difference(work, atoms, h, Sort::Real)?));
    }
    let fact = |n: u32| match usize::try_from(n).ok().and_then(|n| facts.get(n)) {
        Some(f) => Ok(f),
        None => refuse(TREE, "A certificate names a hypothesis that is not there."),
    };
    let real = |work: &mut Work<'_>, tree: &Arith| match polynomial(work, atoms, tree)? {
        (Sort::Real, p) => Ok(p),
        _ => refuse(TREE, "A square or multiplier is not of sort Real."),
    };
    let (mut sum, mut strict) = (Poly::default(), false);
    for p in products {
        work.spend(1)?;
        let coefficient = exact(work, &p.coefficient)?;
        if !coefficient.is_positive() {
            return refuse(MULTIPLIER, "The coefficient of a product must be positive.");
        }
        let mut term = Poly::constant(coefficient);
        // A product of positive factors is positive; one factor that may be zero makes it nonnegative only.
        let mut positive = p.squares.is_empty();
        for n in &p.hypotheses {
            work.spend(1)?;
            let (relation, q) = fact(*n)?;
            match relation {
                Relation::Lt => {}
                Relation::Le => positive = false,
                Relation::Eq => {
                    return refuse(MULTIPLIER, "An equality stands in a product; it needs a multiplier of its own.");
                }
            }
            term = term.times(work, q)?;
        }
        for square in &p.squares {
            work.spend(1)?;
            let q = real(work, square)?;
            let q = q.times(work, &q)?;
            term = term.times(work, &q)?;
        }
        strict |= positive;
        sum = sum.plus(work, &BigRational::one(), &term)?;
    }
    for (n, multiplier) in equalities {
        work.spend(1)?;
        let (Relation::Eq, q) = fact(*n)? else {
            return refuse(MULTIPLIER, "A free multiplier stands on a hypothesis that is no equality.");
        };
        let multiplier = real(work, multiplier)?;
        let multiple = q.times(work, &multiplier)?;
        sum = sum.plus(work, &BigRational::one(), &multiple)?;
    }
    match sum.as_constant() {
        Some(c) if c.is_negative() || (c.is_zero() && strict) => Ok(()),
        _ => refuse(NO_CONTRADICTION, "The sum of the certificate is neither negative, nor zero with a strict part."),
    }
}
