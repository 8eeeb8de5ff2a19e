//! Workers in the lanes of floats: honest ones with sums of single precision, and others whose sums are off by what they like.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss
)]

use crate::common::numbers::Random;
use crate::common::*;
use bfv_cert::Roundoff;
use bfv_cert::certificate::Lane;
use bfv_exact::linear::{Grid, scalar};
use bfv_exact::model::Model;
use bfv_exact::requantise::{Saturate, Scale};
use bfv_exact::rounding::{Arithmetic, Product, largest_sum};
use bfv_exact::sample::Sampler;
use bfv_exact::spec::{Bits, Draft, Named, Spec};
use bfv_exact::{Matrix, Refused};
use bfv_verify::keys::Weight;
use bfv_verify::sizes::RowSizes;
use bfv_verify::{Judged, Subject, Verdict};
use std::cell::RefCell;

/// What a worker adds to the exact sums of a product: of the number of the product, and of the tolerance of each row.
pub type Add<'a> = dyn FnMut(usize, &[i64], &Matrix<i64>) -> Vec<i64> + 'a;

/// A worker whose sums are the exact ones and something.
pub struct Off<'a> {
    pub lane: Lane,
    pub roundoff: Roundoff,
    add: RefCell<(usize, Box<Add<'a>>)>,
}

impl<'a> Off<'a> {
    pub fn new(lane: Lane, add: impl FnMut(usize, &[i64], &Matrix<i64>) -> Vec<i64> + 'a) -> Off<'a> {
        Off { lane, roundoff: Roundoff::Single, add: RefCell::new((0, Box::new(add))) }
    }

    /// Off by anything within the tolerances, and often at their ends.
    pub fn anywhere(lane: Lane, seed: u64) -> Off<'a> {
        let mut random = Random(seed);
        Off::new(lane, move |_, most, sums| {
            let rows = sums.rows();
            (0..rows).flat_map(|_| most.iter().map(|t| random.extreme(-t, *t)).collect::<Vec<_>>()).collect()
        })
    }
}

fn product<S: Saturate>(bits: Bits, k: usize, exact: &Matrix<i64>, near: Vec<i64>, residuals: bool) -> Product<S> {
    let most = i64::try_from(largest_sum(bits, k)).unwrap();
    let near: Vec<i64> = near.into_iter().map(|y| y.clamp(-most, most)).collect();
    let e = exact.entries().iter().zip(&near).map(|(exact, y)| exact - y).collect();
    let (rows, cols) = (exact.rows(), exact.cols());
    let sums = Matrix::new("sums", rows, cols, near.into_iter().map(S::saturate).collect()).unwrap();
    Product { sums, residuals: residuals.then(|| Matrix::new("e", rows, cols, e).unwrap()) }
}

impl<G: Weight + Grid<Sum: Saturate>> Arithmetic<G> for Off<'_> {
    type Held = ();

    fn lane(&self) -> Lane {
        self.lane
    }

    fn product(&self, w: &Matrix<G>, x: &Matrix<G>) -> Result<Product<G::Sum>, Refused> {
        let exact: Matrix<i64> = scalar(w, x)?.map(Into::into);
        let (number, add) = &mut *self.add.borrow_mut();
        let off = add(*number, &RowSizes::new(w).tolerances(self.roundoff.bits()), &exact);
        *number += 1;
        let near = exact.entries().iter().zip(off).map(|(y, d)| y + d).collect();
        Ok(product(G::BITS, w.cols(), &exact, near, self.lane == Lane::Residual))
    }
}

/// A worker with sums of single precision, each in a random order.
pub struct Single {
    pub lane: Lane,
    random: RefCell<Random>,
}

impl Single {
    pub fn new(lane: Lane, seed: u64) -> Single {
        Single { lane, random: RefCell::new(Random(seed)) }
    }
}

impl<G: Weight + Grid<Sum: Saturate>> Arithmetic<G> for Single {
    type Held = ();

    fn lane(&self) -> Lane {
        self.lane
    }

    fn product(&self, w: &Matrix<G>, x: &Matrix<G>) -> Result<Product<G::Sum>, Refused> {
        let exact: Matrix<i64> = scalar(w, x)?.map(Into::into);
        let random = &mut *self.random.borrow_mut();
        let near = x.each_row().flat_map(|x| w.each_row().map(|w| sum(random, w, x)).collect::<Vec<_>>()).collect();
        Ok(product(G::BITS, w.cols(), &exact, near, self.lane == Lane::Residual))
    }
}

/// A sum of products in single precision: two parts that are left are added until there is one.
fn sum<G: Copy + Into<i64>>(random: &mut Random, w: &[G], x: &[G]) -> i64 {
    let mut parts: Vec<f32> = w.iter().zip(x).map(|(&w, &x)| w.into() as f32 * x.into() as f32).collect();
    while parts.len() > 1 {
        let a = parts.swap_remove(random.below(parts.len()));
        let b = random.below(parts.len());
        parts[b] += a;
    }
    parts[0].round() as i64
}

/// The usual shape on the grid of 16 bits, whose sums are rounded in single precision.
pub fn wide() -> Draft {
    Draft { layers: draft(Bits::Sixteen).layers, ..draft(Bits::Sixteen) }
}

/// The same with soft attention and small additions to the residual stream, as trained models have them.
pub fn calm() -> Draft {
    let mut draft = wide();
    let scale = |s: Scale, more: u8| Scale::new(s.multiplier(), s.shift() + more).unwrap();
    for l in &mut draft.layers {
        (l.score, l.output, l.down) = (scale(l.score, 12), scale(l.output, 7), scale(l.down, 7));
    }
    draft.head = scale(draft.head, 8);
    draft
}

/// A model with a greedy sampler.
pub fn greedy<G: Named + Saturate + TryFrom<i64> + Judged>(mut draft: Draft, seed: u64) -> Subject<G> {
    draft.sampler = Sampler::Greedy;
    let weights = numbers::small::any_weights(&mut Random(seed), &draft);
    Subject::new(Model::new(Spec::new(draft).unwrap(), weights).unwrap()).unwrap()
}

/// An answer to the usual prompt.
pub fn near<G: Judged>(subject: &Subject<G>, by: &impl Arithmetic<G, Held = ()>, tokens: usize) -> Proof {
    prove_by(subject.model(), by, subject, (&PROMPT, tokens), world::fields().query)
}

/// What the model itself answers.
pub fn right<G: Judged>(subject: &Subject<G>, tokens: usize) -> Vec<u32> {
    prove(subject.model(), subject, &PROMPT, tokens).answer
}

/// Whether it is accepted; otherwise that it is undecided, as it may be wherever numbers are near.
pub fn decided(verdict: Verdict) -> bool {
    use bfv_verify::Undecided;
    match verdict {
        Verdict::Accepted(_) => true,
        Verdict::Undecided(Undecided::Drift { .. } | Undecided::Drawn(..)) => false,
        other => panic!("{other}"),
    }
}
