//! Bounds on sums that are computed in floats: their formula over big integers, and sums of single precision in any order, which must keep them.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

mod common;

use bfv_cert::certificate::Lane;
use bfv_exact::Matrix;
use bfv_exact::commit::{Commit, Form, Layout, OPERATIONS, read};
use bfv_exact::forward::{Op, State};
use bfv_exact::linear::{Grid, vectored};
use bfv_exact::model::Model;
use bfv_exact::rounding::{
    Arithmetic, COARSEST, Exact, Product, SINGLE, largest, largest_sum, residual_bytes, tolerance,
};
use bfv_exact::spec::{Bits, Spec};
use bfv_exact::{MAX_SIDE, Refused};
use common::small::{any_draft, any_weights};
use common::{Random, floor};
use num_bigint::BigInt;

#[test]
fn a_tolerance_is_the_largest_whole_number_within_its_bound() {
    let mut random = Random(1);
    for _ in 0..20_000 {
        let grid = if random.below(2) == 0 { Bits::Eight } else { Bits::Sixteen };
        let k = 1 + random.sized(20);
        let size = (random.word() % (largest_sum(grid, k) + 1)) >> random.below(30);
        let bits = COARSEST + random.below(3) as u32;
        let far = tolerance(grid, k, size, bits).unwrap();
        if bits == SINGLE && size <= 1 << 24 {
            assert_eq!(far, 0);
            continue;
        }
        let n = BigInt::from(k) - if grid == Bits::Eight { 1 } else { 0 };
        let rest = BigInt::from(1u64 << bits) - &n;
        // The largest t with t <= n / rest size + 1/2.
        assert_eq!(BigInt::from(far), floor(&(BigInt::from(2) * &n * size + &rest), &(BigInt::from(2) * &rest)));
    }
    // It grows with all that it depends on, so residuals have bytes enough for every row and kernel.
    for grid in [Bits::Eight, Bits::Sixteen] {
        for k in [1usize, 8, 11, 12, 16, 1024, 4096, (1 << 17) - 1, MAX_SIDE] {
            let most = tolerance(grid, k, largest_sum(grid, k), COARSEST).unwrap();
            assert!(most >= tolerance(grid, k, largest_sum(grid, k), SINGLE).unwrap());
            let bytes = residual_bytes(grid, k);
            assert!(bytes <= 7 && (most == 0) == (bytes == 0));
            assert!(bytes == 0 || (most < 1 << (8 * bytes - 1) && (bytes == 1 || most >= 1 << (8 * bytes - 9))));
        }
    }
    assert_eq!((largest(Bits::Eight), largest(Bits::Sixteen)), (128, 32_768));
    // Where so many roundings could lose everything there is no bound.
    assert_eq!(tolerance(Bits::Sixteen, 1 << 22, 5, 22), None);
}

/// A sum in single precision: two parts that are left are added until there is one.
fn sum(random: &mut Random, mut parts: Vec<f32>) -> f32 {
    while parts.len() > 1 {
        let a = parts.swap_remove(random.below(parts.len()));
        let b = random.below(parts.len());
        parts[b] += a;
    }
    parts[0]
}

#[test]
fn sums_of_single_precision_keep_their_tolerance_in_any_order() {
    let mut random = Random(2);
    let (mut off, mut exact) = (0, 0);
    for round in 0..4000 {
        let (grid, high) = if round % 2 == 0 { (Bits::Eight, 127) } else { (Bits::Sixteen, 32_767) };
        let k = 1 + random.sized(12);
        let mut row = || (0..k).map(|_| random.extreme(-high - 1, high)).collect::<Vec<i64>>();
        let (w, x) = (row(), row());
        let size = w.iter().map(|w| w.unsigned_abs()).sum::<u64>() * largest(grid);
        let most = tolerance(grid, k, size, SINGLE).unwrap();
        let right: i64 = w.iter().zip(&x).map(|(w, x)| w * x).sum();
        let parts = w.iter().zip(&x).map(|(w, x)| *w as f32 * *x as f32).collect();
        let near = sum(&mut random, parts).round() as i64;
        assert!(near.abs_diff(right) <= most, "{near} and {right}, {most}");
        off += usize::from(near != right);
        exact += usize::from(most == 0);
    }
    assert!(off > 500 && exact > 500, "{off} {exact}");
}

/// Exact sums and 1, with -1 as residual.
struct Off(Lane);

impl<G: Grid<Sum: TryFrom<i64>>> Arithmetic<G> for Off {
    type Held = ();

    fn lane(&self) -> Lane {
        self.0
    }

    fn product(&self, w: &Matrix<G>, x: &Matrix<G>) -> Result<Product<G::Sum>, Refused> {
        let sums = vectored(w, x)?.map(|y| G::Sum::try_from(y.into() + 1).ok().unwrap());
        let residuals = sums.map(|_| -1);
        Ok(Product { sums, residuals: (self.0 == Lane::Residual).then_some(residuals) })
    }
}

#[test]
fn residuals_stand_behind_the_sums_of_linear_layers_and_nowhere_else() {
    let mut random = Random(3);
    let linear = |op: Op| op.is_product() && !matches!(op, Op::Scores(_) | Op::HeadSums(_));
    for round in 0..20 {
        let grid = if round % 2 == 0 { Bits::Eight } else { Bits::Sixteen };
        let draft = any_draft(&mut random, grid);
        let spec = Spec::new(draft.clone()).unwrap();
        for lane in [Lane::Residual, Lane::Tolerance] {
            let commit = Commit::keeping(&spec).in_lane(lane);
            let committed = match grid {
                Bits::Eight => {
                    run(&Model::<i8>::new(spec.clone(), any_weights(&mut random, &draft)).unwrap(), lane, commit)
                }
                Bits::Sixteen => {
                    run(&Model::<i16>::new(spec.clone(), any_weights(&mut random, &draft)).unwrap(), lane, commit)
                }
            };
            let layout = Layout::new(&spec, 2, 1).unwrap().in_lane(lane);
            let plain = Layout::new(&spec, 2, 1).unwrap();
            assert_eq!(committed.shape, plain.shape());
            for layer in 0..u32::from(layout.rows().end) {
                for op in OPERATIONS {
                    let (Some(form), Some(leaf)) = (layout.form(0, layer, op), layout.leaf(0, layer, op)) else {
                        continue;
                    };
                    let cell = &committed.cells[leaf as usize];
                    assert_eq!(cell.len(), form.bytes());
                    let Form { residual, .. } = form;
                    assert_eq!(Form { residual: 0, ..form }, plain.form(0, layer, op).unwrap());
                    if lane == Lane::Tolerance || !linear(op) {
                        assert_eq!(residual, 0);
                        continue;
                    }
                    let (sums, behind) = form.split(cell);
                    assert_eq!(sums.len(), form.rows * form.cols * form.width);
                    let mut residuals = Vec::<i64>::new();
                    if residual > 0 {
                        read(behind, residual, &mut residuals);
                        assert_eq!(residuals, vec![-1; form.rows * form.cols]);
                    }
                }
            }
        }
    }
}

fn run<G>(model: &Model<G>, lane: Lane, mut commit: Commit) -> bfv_exact::commit::Committed
where
    G: bfv_exact::spec::Named + bfv_exact::requantise::Saturate + bfv_exact::forward::Shown,
    G::Sum: bfv_exact::forward::Shown + TryFrom<i64>,
{
    let (_, near) = model.forward_by(&Off(lane), State::default(), &[0, 1], &mut commit).unwrap();
    // Exact arithmetic is what the plain form does.
    let exact = model.forward_by(&Exact, State::default(), &[0, 1], &mut ()).unwrap();
    assert_eq!(exact, model.forward(State::default(), &[0, 1], &mut ()).unwrap());
    assert_eq!(near.len(), exact.1.len());
    commit.finish().unwrap()
}

#[test]
fn weights_do_not_grow_with_the_distance_of_their_score() {
    let powers = bfv_exact::attention::Powers::new();
    for unit in [32_767, 1 << 30] {
        let mut last = u32::MAX;
        for t in 0..(40 << 10) {
            let weight = powers.weight(unit, t);
            assert!(weight <= last, "{t}");
            last = weight;
        }
        assert_eq!([powers.weight(unit, i64::MAX), powers.weight(unit, -5)], [0, unit]);
    }
}
