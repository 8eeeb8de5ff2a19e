//! The sums of linear layers in the lanes of floats, checked, with intervals for those of the model.
//!
//! With residuals (`residual_check` in `sctt/tolerance.sctt`) sums and residuals together are the exact sums of the worker's input, but for the probability of
//! the exact lane: they are combined over all tokens and checked as sums are there. With signs (`signs_repeated`) every sum is within the threshold of its
//! vectors of signs, but for `2^-60` for each repetition. What fails there by chance and is right is computed in full, and then its own tolerances bound it.

use crate::audit::{Audit, Input, Judged};
use crate::challenge::SIGNS;
use crate::combine::Rows;
use crate::drift::{self, Near};
use crate::keys::weights;
use crate::lanes::{self, Signs, completed, row_tolerance, signed_rows};
use crate::sizes::{RowSizes, Sizes, threshold};
use crate::verdict::{Fault, Found, Spot, Stop, Undecided};
use bfv_cert::Roundoff;
use bfv_exact::Matrix;
use bfv_exact::forward::Op;
use bfv_exact::linear::scalar;

/// How products are checked in the lanes of floats.
#[derive(Clone, Copy)]
pub(crate) struct Floats<'a> {
    /// Whether residuals are committed; otherwise sums of signs are compared.
    pub(crate) residuals: bool,
    /// Of all rows of weights.
    pub(crate) sizes: &'a Sizes,
    /// Of the kernel, by the word of the verifier.
    pub(crate) roundoff: Roundoff,
}

impl<G: Judged> Audit<'_, '_, G> {
    /// Checks the sums of a linear layer, in these bytes. There are residuals in the lane of residuals only.
    pub(crate) fn near(
        &mut self,
        (layer, op): (u32, Op),
        floats: Floats<'_>,
        x: &Input<G>,
        (y, rows, residuals): (Matrix<G::Sum>, &Rows<'_>, Vec<i64>),
        bits: u32,
    ) -> Result<Near<G::Sum>, Stop> {
        let (Some(sizes), Some(w)) = (floats.sizes.of(layer, op), weights(self.model, layer, op)) else {
            return Err(Stop::Undecided(Undecided::Keys));
        };
        let tolerances = sizes.tolerances(floats.roundoff.bits());
        if !floats.residuals {
            if tolerances.iter().any(|t| *t > 0) {
                return self.signed((layer, op), x, y, (w, sizes, &tolerances));
            }
            // Whatever the order of the sums, they are exact.
            self.exactly((layer, op), x, &y, rows, bits)?;
            let centre = y.map(Into::into);
            return Ok(drift::linear(y, &centre, |_, _| 0, &x.numbers, (w, sizes))?);
        }
        let residuals = match residuals.is_empty() {
            // They have no bytes where they are always 0.
            true => y.map(|_| 0),
            false => Matrix::new("residuals", y.rows(), y.cols(), residuals)?,
        };
        let keys = self.numbers.keys.of(layer, op);
        let product = (1, &y, &residuals);
        match lanes::residual(keys, &self.numbers.coefficients, &x.combined, product, &tolerances, bits) {
            lanes::Near::Within => (),
            lanes::Near::Residual(t, i) => {
                let claimed = residuals.row(t).get(i).copied().unwrap_or_default();
                let most = tolerances.get(i).copied().unwrap_or_default();
                let spot = Spot { layer, op, token: self.position(op, t) };
                return Err(Fault { spot, found: Found::Residual(i, claimed, most) }.into());
            }
            // Sums and residuals were read as one shape, and have fewer than 64 bits.
            lanes::Near::Product | lanes::Near::Signs(..) | lanes::Near::Shape => {
                let Some(sums) = completed(1, &y, &residuals) else { return Err(Stop::Undecided(Undecided::Keys)) };
                return Err(self.locate((layer, op), &x.numbers.own, &sums, bits, Found::Rounded));
            }
        }
        // What was checked is that these are the exact sums of the worker's input, whatever the residuals are.
        let Some(exact) = completed(1, &y, &residuals) else { return Err(Stop::Undecided(Undecided::Keys)) };
        Ok(drift::linear(y, &exact, |_, _| 0, &x.numbers, (w, sizes))?)
    }

    /// The lane of tolerances: sums of signs for each token. One that fails is computed in full.
    fn signed(
        &mut self,
        (layer, op): (u32, Op),
        x: &Input<G>,
        y: Matrix<G::Sum>,
        (w, sizes, tolerances): (&Matrix<G>, &RowSizes, &[i64]),
    ) -> Result<Near<G::Sum>, Stop> {
        let signs = self.signs((layer, op), w);
        let t = threshold(tolerances);
        let mut in_full = Vec::new();
        for (row, (token, sums)) in x.numbers.own.each_row().zip(y.each_row()).enumerate() {
            let passes = row_tolerance(&signs, token, 1, sums, t) == lanes::Near::Within;
            if !passes {
                let token = Matrix::new("a token", 1, token.len(), token.to_vec())?;
                let exact = scalar(w, &token)?;
                let entries = sums.iter().zip(exact.entries()).zip(tolerances).enumerate();
                for (i, ((&claimed, &exact), &most)) in entries {
                    let (claimed, exact): (i64, i64) = (claimed.into(), exact.into());
                    if claimed.abs_diff(exact) > most.unsigned_abs() {
                        let spot = Spot { layer, op, token: self.position(op, row) };
                        return Err(Fault { spot, found: Found::Far(i, claimed, exact, most) }.into());
                    }
                }
            }
            in_full.push(!passes);
        }
        let t = i64::try_from(t).unwrap_or(i64::MAX);
        let far = |row: usize, i: usize| match in_full.get(row) {
            Some(true) => tolerances.get(i).copied().unwrap_or(i64::MAX),
            _ => t,
        };
        let centre = y.map(Into::into);
        Ok(drift::linear(y, &centre, far, &x.numbers, (w, sizes))?)
    }

    /// Vectors of signs of a linear layer, drawn for this certificate: what small differences pass would tell about signs that are used again.
    fn signs(&self, (layer, op): (u32, Op), w: &Matrix<G>) -> Vec<Signs> {
        let all = self.numbers.keys.repetitions().saturating_mul(usize::try_from(SIGNS).unwrap_or(usize::MAX));
        let one = |n: usize| {
            let words = self.numbers.signs(layer, op, n);
            let signs: Vec<bool> =
                words.flat_map(|w| (0..u64::BITS).map(move |b| w >> b & 1 == 1)).take(w.rows()).collect();
            let rows = signed_rows(w, &signs);
            (signs, rows)
        };
        (0..all).map(one).collect()
    }
}
