//! Linear layers, requantisation and norms against references over big integers, and hostile shapes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap
)]

mod common;

use bfv_exact::linear::{Grid, MAX_K8, scalar, vectored};
use bfv_exact::norm::{LIMIT, Norm, is_reciprocal_root, reciprocal_root};
use bfv_exact::requantise::{MAX_SHIFT, Scale};
use bfv_exact::{MAX_ELEMENTS, MAX_SIDE, Matrix, Refused};
use common::{Random, clamp, nearest};
use num_bigint::BigInt;

const CASES: usize = 10_000;

fn entry<G: Grid>(w: &Matrix<G>, x: &Matrix<G>, row: usize, token: usize) -> BigInt {
    (0..w.cols()).map(|k| BigInt::from(Into::<i64>::into(w.row(row)[k])) * Into::<i64>::into(x.row(token)[k])).sum()
}

fn linear_agrees<G: Grid + TryFrom<i64>>(low: i64, high: i64, seed: u64)
where
    G::Sum: PartialEq + std::fmt::Debug,
{
    let mut random = Random(seed);
    for case in 0..CASES {
        // Sometimes longer than the parts of the fast form.
        let k = 1 + random.below(if case % 50 == 0 { 1100 } else { 70 });
        let (rows, tokens) = (1 + random.below(4), 1 + random.below(10));
        let (w, x) = (random.matrix::<G>(rows, k, low, high), random.matrix::<G>(tokens, k, low, high));
        let y = scalar(&w, &x).unwrap();
        assert_eq!(y, vectored(&w, &x).unwrap(), "case {case}");
        let (row, token) = (random.below(rows), random.below(tokens));
        assert_eq!(BigInt::from(y.row(token)[row].into()), entry(&w, &x, row, token), "case {case}");
    }
}

#[test]
fn both_forms_of_an_i8_layer_are_the_sum_of_products() {
    linear_agrees::<i8>(-128, 127, 1);
}

#[test]
fn both_forms_of_an_i16_layer_are_the_sum_of_products() {
    linear_agrees::<i16>(-32_768, 32_767, 2);
}

#[test]
fn sums_at_the_limits_do_not_overflow() {
    for (a, b) in [(-128, -128), (-128, 127), (127, 127)] {
        let w = Matrix::<i8>::filled("w", 1, MAX_K8, a).unwrap();
        let x = Matrix::<i8>::filled("x", 5, MAX_K8, b).unwrap();
        let sum = i64::from(a) * i64::from(b) * MAX_K8 as i64;
        for y in [scalar(&w, &x).unwrap(), vectored(&w, &x).unwrap()] {
            assert!(y.entries().iter().all(|&y| i64::from(y) == sum));
        }
    }
    for (a, b) in [(i16::MIN, i16::MIN), (i16::MIN, i16::MAX), (i16::MAX, i16::MAX)] {
        let w = Matrix::<i16>::filled("w", 1, MAX_SIDE, a).unwrap();
        let x = Matrix::<i16>::filled("x", 1, MAX_SIDE, b).unwrap();
        let sum = i64::from(a) * i64::from(b) * MAX_SIDE as i64;
        assert_eq!(scalar(&w, &x).unwrap().entries(), [sum]);
        assert_eq!(vectored(&w, &x).unwrap().entries(), [sum]);
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Refused>, why: &str) {
    let said = result.expect_err("this must be refused").to_string();
    assert!(said.contains(why), "{said}");
}

#[test]
fn shapes_that_lie_are_refused_before_anything_is_allocated() {
    refused(Matrix::<i8>::filled("w", 0, 3, 0), "there are 0 rows");
    refused(Matrix::<i8>::filled("w", 3, 0, 0), "there are 0 columns");
    refused(Matrix::<i8>::filled("w", usize::MAX, 2, 0), "rows, and there must be 1 to");
    refused(Matrix::<i8>::filled("w", 2, 1 << 40, 0), "columns, and there must be 1 to");
    refused(Matrix::<i8>::filled("w", MAX_SIDE, MAX_SIDE, 0), "more than 1073741824 entries");
    refused(Matrix::<i8>::new("w", MAX_SIDE, MAX_ELEMENTS / MAX_SIDE, vec![]), "and 0 were given");
    refused(Matrix::new("w", 2, 2, vec![1i8; 5]), "In w: 2 by 2 are 4 entries, and 5 were given.");
    let w = Matrix::<i8>::filled("w", 1, MAX_K8 + 1, 0).unwrap();
    refused(scalar(&w, &w), "a sum might overflow");
    refused(vectored(&w, &w), "a sum might overflow");
    let x = Matrix::<i8>::filled("x", 1, 3, 0).unwrap();
    refused(vectored(&w, &x), "the weights have 131072 columns, and a token 3");
    refused(Scale::new(0, 3), "the multiplier is 0");
    refused(Scale::new(-1, 3), "the multiplier is -1");
    refused(Scale::new(1, MAX_SHIFT + 1), "the shift is 63");
    refused(Norm::new(0, 0), "eps is 0");
    refused(Norm::new(1, 25), "the shift is 25");
    let norm = Norm::new(1, 0).unwrap();
    let wide = Matrix::filled("x", 1, (1 << 16) + 1, 0).unwrap();
    refused(norm.apply::<i16>(&wide, &vec![1; wide.cols()]), "more than 65536");
    let x = Matrix::filled("x", 1, 2, LIMIT).unwrap();
    refused(norm.apply::<i16>(&x, &[1, 1]), "has more than 24 bits");
    refused(norm.apply::<i16>(&x, &[1]), "1 gains and 2 coordinates");
    refused(norm.root(&[i32::MIN]), "has more than 24 bits");
    refused(norm.root(&vec![1; (1 << 16) + 1]), "more than 65536");
    assert!(!norm.is_root(&[i32::MIN], 0) && !norm.is_root(&vec![0; 1 << 17], 0));
    assert!(x.row(1).is_empty() && x.row(usize::MAX).is_empty());
}

#[test]
fn requantisation_rounds_to_nearest_with_ties_upwards_and_saturates() {
    let mut random = Random(3);
    for case in 0..CASES {
        let range = 1i64 << random.below(63);
        let a = if case % 100 == 0 { [i64::MIN, i64::MAX][case / 100 % 2] } else { random.extreme(-range, range) };
        let bits = 1 + random.below(31);
        let multiplier = random.extreme(1, (1 << bits) - 1);
        let shift = random.below(63) as u8;
        let scale = Scale::new(i32::try_from(multiplier).unwrap(), shift).unwrap();
        let exact = nearest(&(BigInt::from(a) * multiplier), &(BigInt::from(1) << shift));
        assert_eq!(scale.round(a), clamp(exact.clone(), i64::MIN, i64::MAX), "{a} times {scale:?}");
        assert_eq!(i64::from(scale.apply::<i8>(a)), clamp(exact.clone(), -128, 127));
        assert_eq!(i64::from(scale.apply::<i16>(a)), clamp(exact.clone(), -32_768, 32_767));
        assert_eq!(i64::from(scale.apply::<i32>(a)), clamp(exact.clone(), i32::MIN.into(), i32::MAX.into()));
        assert_eq!(scale.apply::<i64>(a), clamp(exact, i64::MIN, i64::MAX));
    }
    let half = Scale::new(1, 1).unwrap();
    assert_eq!([-3, -2, -1, 0, 1, 2, 3].map(|a| half.apply::<i8>(a)), [-1, -1, 0, 0, 1, 1, 2]);
}

#[test]
fn a_reciprocal_root_is_known_by_two_comparisons() {
    let mut random = Random(4);
    for _ in 0..CASES {
        let d = 1 + random.sized(17) as u32;
        let m = 1 + (random.word() >> random.below(63)) / 2;
        let r = reciprocal_root(m, d);
        let exact = ((BigInt::from(d) << 76u8) / BigInt::from(m)).sqrt();
        assert_eq!(BigInt::from(r), exact);
        assert!(is_reciprocal_root(m, d, r));
        let off = [r - 1, r + 1, -r - 1, r + random.between(1, 1 << 40), i64::MAX, i64::MIN];
        assert!(off.iter().all(|&other| !is_reciprocal_root(m, d, other)));
    }
}

#[test]
fn a_norm_is_its_formula_and_near_the_real_one() {
    let mut random = Random(5);
    let mut entries = 0;
    for case in 0..CASES {
        let d = 1 + random.below(if case % 100 == 0 { 3000 } else { 12 });
        let size = 1i64 << random.below(24);
        let x: Matrix<i32> = random.matrix(1, d, -size, size - 1);
        let gains: Vec<i16> = (0..d).map(|_| random.extreme(-32_768, 32_767) as i16).collect();
        let eps = 1 + random.sized(32) as u32;
        let norm = Norm::new(eps, random.below(25) as u8).unwrap();
        let y = norm.apply::<i32>(&x, &gains).unwrap();
        let squares: BigInt = x.entries().iter().map(|&x| BigInt::from(x) * x).sum();
        let energy = squares + BigInt::from(eps) * d;
        let r = ((BigInt::from(d) << 76u8) / &energy).sqrt();
        assert!(norm.is_root(x.row(0), i64::try_from(&r).unwrap()));
        assert_eq!(norm.root(x.row(0)).unwrap(), i64::try_from(&r).unwrap());
        for ((&x, &g), &y) in x.entries().iter().zip(&gains).zip(y.entries()) {
            let exact = nearest(&(BigInt::from(x) * g * &r), &(BigInt::from(1) << (38 + norm.shift())));
            assert_eq!(BigInt::from(y), exact);
            // (2^9 y +- 2^9 (1/2 + |y| / 2^14 + 1/64))^2 encloses 2^18 g^2 x^2 d / (m 4^shift), and the signs agree.
            let slack = 256 + 8 + i64::from(y.unsigned_abs()) / 32;
            let square = ((BigInt::from(g) * x).pow(2) * d) << 18u8;
            let parts = energy.clone() << (2 * norm.shift());
            let (low, high) = (i64::from(y.abs()) * 512 - slack, i64::from(y.abs()) * 512 + slack);
            assert!(square <= BigInt::from(high).pow(2) * &parts, "{x} {g} {y} {norm:?}");
            assert!(low < 0 || square >= BigInt::from(low).pow(2) * &parts, "{x} {g} {y} {norm:?}");
            assert!(y == 0 || (i64::from(x) * i64::from(g)).signum() == i64::from(y).signum());
            entries += 1;
        }
    }
    assert!(entries > 50_000);
}
