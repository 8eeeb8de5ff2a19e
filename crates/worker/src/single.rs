//! Linear layers in single precision, for the lanes of floats: sums that are rounded to whole numbers, and what they miss.
//!
//! Weights and tokens are whole numbers of at most 16 bits, which single precision holds. Products and partial sums are rounded, by 16 sums side by side that
//! the compiler turns into vector instructions; in which order they are added does not matter to whoever judges the answer.
//! Everything between products is the integer code of the exact lane, so the answer differs from that of the integer model only by what these sums miss.

use crate::number::whole;
use bfv_cert::certificate::{Batch, BatchStep, Execution, Lane};
use bfv_cert::digest::Digest;
use bfv_cert::merkle::Builder;
use bfv_exact::linear::vectored;
use bfv_exact::requantise::Saturate;
use bfv_exact::rounding::{Arithmetic, Product, largest_sum};
use bfv_exact::spec::Named;
use bfv_exact::{Matrix, Refused};

/// Sums that are made side by side.
const SIDE: usize = 16;

/// Sums of single precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Single {
    /// Whether residuals are computed, too, by integers: then answers are in the lane of residuals, and otherwise in that of tolerances.
    pub residuals: bool,
}

impl<G> Arithmetic<G> for Single
where
    G: Named + Into<f32>,
    G::Sum: Saturate,
{
    type Held = ();

    fn lane(&self) -> Lane {
        if self.residuals { Lane::Residual } else { Lane::Tolerance }
    }

    fn product(&self, w: &Matrix<G>, x: &Matrix<G>) -> Result<Product<G::Sum>, Refused> {
        // It has the shape of the result, and says what does not fit.
        let exact = if self.residuals { Some(vectored(w, x)?) } else { None };
        if w.cols() != x.cols() || w.cols() > G::MAX_K {
            let why = format!("the weights have {} columns, and a token {}", w.cols(), x.cols());
            return Err(Refused::new("a linear layer", why));
        }
        let most = i64::try_from(largest_sum(G::BITS, w.cols())).unwrap_or(i64::MAX);
        let tokens: Vec<f32> = x.entries().iter().map(|&x| x.into()).collect();
        let mut sums = Matrix::filled("a linear layer", x.rows(), w.rows(), G::Sum::default())?;
        let mut row = Vec::new();
        for (i, w) in w.each_row().enumerate() {
            row.clear();
            row.extend(w.iter().map(|&w| -> f32 { w.into() }));
            for (sums, token) in sums.each_row_mut().zip(tokens.chunks_exact(row.len())) {
                if let Some(to) = sums.get_mut(i) {
                    // No exact sum is larger, so this brings it nearer.
                    *to = G::Sum::saturate(whole(dot(&row, token).into()).clamp(-most, most));
                }
            }
        }
        let missing = |exact: Matrix<G::Sum>| {
            let both = exact.entries().iter().zip(sums.entries());
            let entries = both.map(|(&exact, &near)| exact.into() - near.into()).collect();
            Matrix::new("residuals", sums.rows(), sums.cols(), entries)
        };
        let residuals = exact.map(missing).transpose()?;
        Ok(Product { sums, residuals })
    }
}

/// A sum of products of two slices of one length.
fn dot(w: &[f32], x: &[f32]) -> f32 {
    let (w_whole, w_rest) = w.as_chunks::<SIDE>();
    let (x_whole, x_rest) = x.as_chunks::<SIDE>();
    let mut side = [0f32; SIDE];
    for (w, x) in w_whole.iter().zip(x_whole) {
        for i in 0..SIDE {
            side[i] += w[i] * x[i];
        }
    }
    let rest = w_rest.iter().zip(x_rest).fold(0f32, |sum, (w, x)| sum + w * x);
    side.iter().fold(rest, |sum, x| sum + x)
}

/// What a certificate says of how an answer was computed: this kernel, on a device of this class, for one question alone, the tokens of the prompt in the
/// first step and one in each later one. Nothing where there are no tokens of prompt or answer, or too many for a batch.
#[must_use]
pub fn execution(kernel: Digest, device: u8, prompt: usize, answer: usize) -> Option<Execution> {
    let step = |tokens: usize| u32::try_from(tokens).ok().map(|tokens| BatchStep { sequences: 1, tokens, position: 0 });
    let first = step(prompt).filter(|step| step.tokens > 0)?;
    let batch = match (first.tokens, answer) {
        (_, 0) => return None,
        (1, _) | (_, 1) => Batch::Fixed(first),
        _ => {
            let mut tree = Builder::new();
            tree.push(first.content());
            for _ in 1..answer {
                tree.push(step(1)?.content());
            }
            Batch::Schedule { steps: u32::try_from(answer).ok()?, root: tree.finish()?.root() }
        }
    };
    Some(Execution { kernel, device, batch })
}
