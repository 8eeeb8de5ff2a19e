//! Rule `lia`: linear hypotheses over Nat or Int that contradict each other, by combinations and integer cuts.

use super::poly::{Poly, Work, difference};
use crate::refusal::{CUT, MULTIPLIER, NO_CONTRADICTION, Res, TREE, refuse};
use bfv_format::{Hypothesis, Relation, Sort, Step, Term};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// A fact: `p >= 0`, or `p = 0`.
struct Fact {
    poly: Poly,
    equality: bool,
}

/// The last fact reached must be contradictory.
pub(crate) fn check(
    work: &mut Work<'_>,
    sort: Sort,
    atoms: &[(Sort, Term)],
    hypotheses: &[Hypothesis],
    steps: &[Step],
) -> Res<()> {
    if sort == Sort::Real {
        return refuse(TREE, "Integer reasoning is asked for over Real.");
    }
    let mut facts = Vec::new();
    for h in hypotheses {
        let p = difference(work, atoms, h, sort)?;
        let poly = if h.relation == Relation::Lt { p.minus(work, &Poly::constant(BigRational::one()))? } else { p };
        facts.push(Fact { poly, equality: h.relation == Relation::Eq });
    }
    for step in steps {
        work.spend(1)?;
        let fact = |n: u32| match usize::try_from(n).ok().and_then(|n| facts.get(n)) {
            Some(f) => Ok(f),
            None => refuse(TREE, "A certificate names a fact that is not there yet."),
        };
        let next = match step {
            Step::Combine(c) => {
                let (mut poly, mut equality) = (Poly::default(), true);
                for (n, multiplier) in &c.terms {
                    work.spend(1)?;
                    let f = fact(*n)?;
                    if !f.equality && multiplier.is_negative() {
                        return refuse(MULTIPLIER, "An inequality is multiplied by a negative number.");
                    }
                    equality &= f.equality;
                    poly = poly.plus(work, &BigRational::from_integer(multiplier.clone()), &f.poly)?;
                }
                Fact { poly, equality }
            }
            Step::Cut(n, d) => {
                let f = fact(*n)?;
                let d = BigRational::from_integer(BigInt::from(d.clone()));
                if d.is_zero() || f.equality {
                    return refuse(CUT, "A cut needs an inequality and a positive divisor.");
                }
                let mut poly = Poly::default();
                for (m, c) in &f.poly.0 {
                    work.numbers(&[c, &d])?;
                    let mut q = c / &d;
                    if m.is_empty() {
                        q = q.floor();
                    } else if !q.is_integer() {
                        return refuse(CUT, "The divisor of a cut does not divide every coefficient.");
                    }
                    poly.insert(work, m.clone(), q)?;
                }
                Fact { poly, equality: false }
            }
            Step::NatAtom(n) => match usize::try_from(*n).ok().and_then(|i| atoms.get(i)) {
                Some((Sort::Nat, _)) => Fact { poly: Poly::atom(*n), equality: false },
                _ => return refuse(TREE, "Only an atom of sort Nat is nonnegative."),
            },
        };
        facts.push(next);
    }
    let contradiction = facts
        .last()
        .is_some_and(|f| f.poly.as_constant().is_some_and(|c| if f.equality { !c.is_zero() } else { c.is_negative() }));
    if contradiction {
        Ok(())
    } else {
        refuse(NO_CONTRADICTION, "The last fact of the certificate is not contradictory.")
    }
}
