//! Linear layers in single precision, and answers in the lanes of floats.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::certificate::{Batch, BatchStep, Lane, Slot, Validity};
use bfv_cert::digest::{Digest, query_id};
use bfv_cert::merkle::Builder;
use bfv_cert::sign::SecretKey;
use bfv_exact::Matrix;
use bfv_exact::commit::Layout;
use bfv_exact::forward::{Op, Shown};
use bfv_exact::linear::scalar;
use bfv_exact::requantise::Saturate;
use bfv_exact::rounding::{Arithmetic, SINGLE, largest, tolerance};
use bfv_exact::spec::Named;
use bfv_model::stored::Element;
use bfv_worker::prove::{Circumstances, Failure, Prover, Question};
use bfv_worker::quantise::{Choice, quantise};
use bfv_worker::single::{Single, execution};
use common::{Draw, Random, Tiny};

/// Sums are near to the exact ones, and residuals are what they miss.
fn near<G>(high: i64, sides: &[(usize, usize, usize)]) -> (usize, usize)
where
    G: Named + Into<f32> + TryFrom<i64>,
    G::Sum: Saturate,
{
    let mut random = Random(5);
    let (mut off, mut all) = (0, 0);
    for &(rows, cols, tokens) in sides {
        let ends = [-high - 1, high, 0, 1];
        let mut any = |n: usize| -> Vec<G> {
            let one = |w: u64| {
                let within = i64::try_from(w % u64::try_from(2 * high + 2).unwrap()).unwrap() - high - 1;
                usize::try_from(w >> 61).ok().and_then(|i| ends.get(i).copied()).unwrap_or(within)
            };
            (0..n).map(|_| G::try_from(one(random.word())).ok().unwrap()).collect()
        };
        let w = Matrix::new("w", rows, cols, any(rows * cols)).unwrap();
        let x = Matrix::new("x", tokens, cols, any(tokens * cols)).unwrap();
        let exact = scalar(&w, &x).unwrap();
        for residuals in [true, false] {
            let product = Single { residuals }.product(&w, &x).unwrap();
            assert_eq!(product.residuals.is_some(), residuals);
            for t in 0..tokens {
                for (i, w) in w.each_row().enumerate() {
                    let (exact, near): (i64, i64) = (exact.row(t)[i].into(), product.sums.row(t)[i].into());
                    let size = w.iter().map(|&w| i64::unsigned_abs(w.into())).sum::<u64>() * largest(G::BITS);
                    let most = tolerance(G::BITS, cols, size, SINGLE).unwrap();
                    assert!(near.abs_diff(exact) <= most, "{near} is not within {most} of {exact}");
                    if let Some(e) = &product.residuals {
                        assert_eq!(near + e.row(t)[i], exact);
                    }
                    off += usize::from(near != exact);
                    all += 1;
                }
            }
        }
    }
    (off, all)
}

#[test]
fn sums_of_single_precision_are_within_their_tolerance() {
    let sides = [(1, 1, 1), (3, 15, 2), (5, 16, 3), (4, 17, 1), (9, 100, 4), (2, 5000, 3), (1, 120_000, 1)];
    let (off, all) = near::<i8>(127, &sides);
    assert!(off < all / 4, "{off} of {all}");
    let (off, all) = near::<i16>(32_767, &sides);
    assert!(off > all / 4, "{off} of {all}");
    let w: Matrix<i8> = Matrix::filled("w", 2, 3, 1).unwrap();
    let x: Matrix<i8> = Matrix::filled("x", 2, 4, 1).unwrap();
    for residuals in [true, false] {
        assert!(Single { residuals }.product(&w, &x).is_err());
    }
}

fn certified<G: Element + Shown + Into<f32>>(choice: Choice)
where
    G::Sum: Shown + Saturate,
{
    let tokens = Random(3).tokens(16, 13);
    let made = quantise::<G>(&Tiny::new(3).checkpoint(), &tokens, 32, choice).unwrap();
    let prover = Prover::new(made.model).unwrap();
    let prompt = vec![3, 1, 12];
    let query = query_id(&[5; 32], &prompt, &Digest([1; 32]), &Digest([2; 32]));
    let question = Question { query, prompt, count: 4 };
    let key = SecretKey::from_seed(&[1; 32]);
    let mut circumstances = Circumstances {
        slot: Slot { epoch: 1, view: 2, seq: 3 },
        validity: Validity { not_before: 100, not_after: 200 },
        previous: Digest::ZERO,
        execution: None,
    };
    let plain = prover.answer(question.clone(), [7; 32], true).unwrap();
    for residuals in [true, false] {
        let by = Single { residuals };
        let answer = prover.answer_by(&by, question.clone(), [7; 32], true).unwrap();
        circumstances.execution = None;
        // Without a kernel nobody can say what the sums are worth.
        assert!(matches!(prover.certify(&answer, &circumstances, &key), Err(Failure::Certificate(_))));
        circumstances.execution = execution(Digest([9; 32]), 2, 3, 4);
        let fields = prover.certify(&answer, &circumstances, &key).unwrap().fields().clone();
        assert_eq!(fields.lane, if residuals { Lane::Residual } else { Lane::Tolerance });
        assert_eq!(fields.execution, circumstances.execution);
        // The same trace, with longer cells where there are residuals.
        assert_eq!(answer.committed().shape, plain.committed().shape);
        let layout = Layout::new(prover.model().spec(), 3, 4).unwrap().in_lane(fields.lane);
        for (leaf, cell) in (0..).zip(&answer.committed().cells) {
            let Some((block, place)) = layout.place(leaf) else { continue };
            let form = layout.form(block, place.layer, place.op).unwrap();
            assert_eq!(cell.len(), form.bytes(), "{place:?}");
            assert!(form.residual == 0 || (residuals && place.op.is_product()));
        }
        assert!(answer.products(prover.model().spec()).unwrap().len() > 10);
    }
    let leaf = Layout::new(prover.model().spec(), 3, 4).unwrap().leaf(0, 1, Op::QuerySums).unwrap();
    assert!(!plain.committed().cells[usize::try_from(leaf).unwrap()].is_empty());
}

#[test]
fn answers_in_the_lanes_of_floats_name_their_lane_and_kernel() {
    certified::<i8>(Choice::Greedy);
    certified::<i16>(Choice::Draw { temperature: 1.5, top_k: 13, top_p: 65_536 });
}

#[test]
fn an_execution_says_what_is_in_each_step() {
    let step = |tokens| BatchStep { sequences: 1, tokens, position: 0 };
    let batch = |prompt, answer| execution(Digest([4; 32]), 7, prompt, answer).map(|e| e.batch);
    assert_eq!(batch(1, 9), Some(Batch::Fixed(step(1))));
    assert_eq!(batch(5, 1), Some(Batch::Fixed(step(5))));
    let mut tree = Builder::new();
    [5, 1, 1].into_iter().for_each(|n| tree.push(step(n).content()));
    assert_eq!(batch(5, 3), Some(Batch::Schedule { steps: 3, root: tree.finish().unwrap().root() }));
    assert_eq!((batch(0, 3), batch(3, 0)), (None, None));
}
