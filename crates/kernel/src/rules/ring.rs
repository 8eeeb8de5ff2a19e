//! Rule `ring`: two trees with the same polynomial.

use super::poly::{Work, polynomial};
use crate::refusal::{POLYNOMIALS, Res, TREE, refuse};
use bfv_format::{Arith, Sort, Term};

/// Both sides have the sort and the same polynomial.
pub(crate) fn check(work: &mut Work<'_>, sort: Sort, atoms: &[(Sort, Term)], left: &Arith, right: &Arith) -> Res<()> {
    let ((s, a), (t, b)) = (polynomial(work, atoms, left)?, polynomial(work, atoms, right)?);
    if s != sort || t != sort {
        return refuse(TREE, "A side of a ring equation has another sort than the rule.");
    }
    if a != b {
        return refuse(POLYNOMIALS, "The two sides of a ring equation are different polynomials.");
    }
    Ok(())
}
