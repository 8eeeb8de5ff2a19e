//! The field, combinations and keys against big integers, the error that is stated, and random numbers that were leaked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod common;

use bfv_exact::Matrix;
use bfv_exact::commit::write;
use bfv_exact::forward::Shown;
use bfv_exact::linear::scalar;
use bfv_exact::spec::Bits;
use bfv_verify::combine::{Rows, combine, combine_plain, draw};
use bfv_verify::field::{self, P};
use bfv_verify::keys::{Key, Weight, sum_bits};
use bfv_verify::lanes::{Near, residual, signed_rows, tolerance};
use bfv_verify::product;
use bfv_verify::product::row_passes;
use common::numbers::Random;
use num_bigint::BigInt;

fn words(random: &mut Random) -> impl Iterator<Item = u64> + '_ {
    std::iter::repeat_with(|| random.word())
}

/// The bytes of a matrix.
fn bytes<T: Shown>(x: &Matrix<T>, width: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(T::shown(x), width, &mut bytes);
    bytes
}

fn rows<T: Copy>(x: &Matrix<T>, bytes: &[u8]) -> usize {
    bytes.len() / x.rows()
}

fn combine_all<T: Shown>(x: &Matrix<T>, width: usize, bits: u32, coefficients: &[[u32; 2]]) -> Option<[Vec<u64>; 2]> {
    let bytes = bytes(x, width);
    combine(&Rows { rows: bytes.chunks(rows(x, &bytes)).collect(), width }, bits, coefficients)
}

/// One key and its coefficients; inputs with their bytes and bits.
fn passes<X: Shown, Y: Shown>(
    key: &Key,
    coefficients: &[[u32; 2]],
    (x, x_width): (&Matrix<X>, usize),
    (y, bits): (&Matrix<Y>, u32),
) -> bool {
    let x_bits = if x_width == 1 { 7 } else { 15 };
    let Some(x) = combine_all(x, x_width, x_bits, coefficients) else { return false };
    let Some(y) = combine_all(y, if bits < 31 { 4 } else { 8 }, bits, coefficients) else { return false };
    product::passes(std::slice::from_ref(key), &vec![x], &vec![y])
}

fn modulo(x: &BigInt) -> u64 {
    let p = BigInt::from(P);
    u64::try_from(((x % &p) + &p) % &p).unwrap()
}

#[test]
fn the_field_is_that_of_the_prime() {
    let mut random = Random(1);
    let ends = [0, 1, u128::from(P) - 1, u128::from(P), u128::from(P) + 1, u128::MAX, u128::MAX - 1, 1 << 122];
    for x in ends.into_iter().chain((0..10_000u32).map(|i| u128::from(random.word()) << (i % 65) | u128::from(i))) {
        assert_eq!(u128::from(field::reduce(x)), x % u128::from(P));
    }
    for x in [0, 1, -1, i128::MAX, -(1 << 126), 1 << 126, i128::from(P), -i128::from(P)] {
        assert_eq!(field::signed(x), modulo(&x.into()), "{x}");
    }
    for n in [0, 1, 31, 32, 33, 1023, 1024, 1025, 3000] {
        let mut some = || (0..n).map(|_| P - 1 - random.word() % 3).collect::<Vec<u64>>();
        let (a, b) = (some(), some());
        let dot: BigInt = a.iter().zip(&b).map(|(a, b)| BigInt::from(*a) * b).sum();
        assert_eq!(field::dot(&a, &b), modulo(&dot));
        let small: Vec<i64> = (0..n).map(|i| if i % 3 == 0 { (1 << 55) - 1 } else { -(1 << 55) + 1 }).collect();
        let dot: BigInt = a.iter().zip(&small).map(|(a, b)| BigInt::from(*a) * b).sum();
        assert_eq!(field::dot_small(&a, &small), modulo(&dot));
        let same = vec![-(1i64 << 55); n];
        let dot: BigInt = a.iter().zip(&same).map(|(a, b)| BigInt::from(*a) * b).sum();
        assert_eq!(field::dot_small(&a, &same), modulo(&dot));
    }
    // Numbers are drawn from all of the field, p itself left out.
    assert_eq!(field::draw(&mut [u64::MAX, 5 << 3].into_iter()), 5);
    assert_eq!(field::draw(&mut [(P - 1) << 3].into_iter()), P - 1);
}

#[test]
fn combinations_are_sums_over_tokens() {
    let mut random = Random(2);
    for round in 0..200 {
        let (rows, cols) = (1 + random.below(70), 1 + random.below(40));
        let bits = [7, 15, 20, 27, 28, 29, 30, 31, 42, 51][round % 10];
        let coefficients =
            if round % 5 == 0 { vec![[(1 << 31) - 1; 2]; rows] } else { draw(&mut words(&mut random), rows) };
        let low = -(1i64 << bits);
        let x: Matrix<i64> = random.matrix(rows, cols, low, -low - 1);
        let found = combine_all(&x, 8, bits, &coefficients).unwrap();
        for (c, found) in found.iter().enumerate() {
            for (i, found) in found.iter().enumerate() {
                let sum: BigInt =
                    x.each_row().zip(&coefficients).map(|(x, a)| BigInt::from(x[i]) * BigInt::from(a[c])).sum();
                assert_eq!(*found, modulo(&sum));
            }
        }
        // One entry that is too large or too small, anywhere, is noticed.
        let at = random.below(rows * cols);
        for beyond in [-low, low - 1, i64::MAX, i64::MIN, -low + (1 << 32)] {
            let mut x = x.clone();
            x.entries_mut()[at] = beyond;
            assert!(combine_all(&x, 8, bits, &coefficients).is_none(), "{bits} {beyond}");
        }
        if bits < 31 {
            let narrow = x.map(|x| i32::try_from(x).unwrap());
            assert_eq!(combine_all(&narrow, 4, bits, &coefficients), combine_all(&x, 8, bits, &coefficients));
            let mut beyond = narrow.clone();
            beyond.entries_mut()[at] = if round % 2 == 0 { i32::MAX } else { i32::MIN };
            assert!(combine_all(&beyond, 4, bits, &coefficients).is_none());
        }
        // A token without a coefficient would not be checked.
        assert!(combine_all(&x, 8, bits, &coefficients[1..]).is_none());
    }
}

/// Both forms against big integers, with the largest entries and coefficients, with all columns of a vector and with some, and with more
/// tokens than fit before sums are reduced.
#[test]
fn vector_instructions_and_plain_loops_give_the_same() {
    let mut random = Random(8);
    for (rows, cols) in
        [(1, 1), (3, 15), (7, 16), (8, 17), (9, 33), (64, 511), (130, 530), (300, 40), (1100, 5), (5, 4099)]
    {
        for (width, bits) in [(1, 7), (2, 15), (3, 20), (4, 24), (4, 27), (4, 28), (4, 29)] {
            let most = (1i64 << bits) - 1;
            for extreme in [None, Some(most), Some(-most - 1)] {
                let coefficients = match extreme {
                    Some(_) => vec![[(1 << 31) - 1, (1 << 31) - 1 - (1 << 15)]; rows],
                    None => draw(&mut words(&mut random), rows),
                };
                let mut x: Matrix<i64> = random.matrix(rows, cols, -most - 1, most);
                x.entries_mut().iter_mut().for_each(|x| *x = extreme.unwrap_or(*x));
                let bytes = bytes(&x, width);
                let lines = || Rows { rows: bytes.chunks(cols * width).collect(), width };
                let found = combine(&lines(), bits, &coefficients).unwrap();
                assert_eq!(Some(&found), combine_plain(&lines(), bits, &coefficients).as_ref());
                for (c, found) in found.iter().enumerate() {
                    for (i, found) in found.iter().enumerate() {
                        let terms = x.each_row().zip(&coefficients).map(|(x, a)| i128::from(x[i]) * i128::from(a[c]));
                        assert_eq!(*found, modulo(&BigInt::from(terms.sum::<i128>())), "{rows} {cols} {width} {bits}");
                    }
                }
            }
        }
    }
}

fn keys_combine<G: Weight + Copy + TryFrom<i64>>(rows: usize) {
    let mut random = Random(3);
    let half = i64::from(G::HALF);
    for cols in [1, 7] {
        let w: Matrix<G> = random.matrix(rows, cols, -half, half - 1);
        let key = G::key(&w, &mut words(&mut random));
        assert!(key.r.iter().all(|r| *r < P) && key.r.len() == rows);
        for (j, v) in key.v.iter().enumerate() {
            let sum: BigInt = w.each_row().zip(&key.r).map(|(w, r)| BigInt::from(Into::<i64>::into(w[j])) * r).sum();
            assert_eq!(*v, modulo(&sum));
        }
    }
}

#[test]
fn keys_are_combinations_of_rows() {
    for rows in [1, 2, 100, 70_000] {
        keys_combine::<i8>(rows);
        keys_combine::<i16>(rows);
    }
}

#[test]
fn right_products_pass_at_the_ends_of_the_grid() {
    let mut random = Random(4);
    for cols in [1, 3, 64, 4096] {
        for end in [-128i8, 127] {
            let w = Matrix::filled("w", 3, cols, -128i8).unwrap();
            let x = Matrix::filled("x", 9, cols, end).unwrap();
            let y = scalar(&w, &x).unwrap();
            let key = i8::key(&w, &mut words(&mut random));
            let coefficients = draw(&mut words(&mut random), 9);
            let bits = sum_bits(Bits::Eight, cols);
            assert!(passes(&key, &coefficients, (&x, 1), (&y, bits)));
            for i in 0..y.entries().len() {
                let mut wrong = y.clone();
                wrong.entries_mut()[i] -= 1;
                assert!(!passes(&key, &coefficients, (&x, 1), (&wrong, bits)));
            }
            assert!(!passes(&key, &coefficients[..8], (&x, 1), (&y, bits)), "a token without coefficient");
        }
    }
}

#[test]
fn the_stated_error_is_not_less_than_the_exact_one() {
    let p = BigInt::from(P);
    // 2^-62 + 1/q <= 2^-60, for q = p and after 2^20 vectors were ruled out, times q 2^62.
    for q in [p.clone(), &p - (1 << 20)] {
        assert!(&q + (BigInt::from(1) << 62) <= &q * 4);
    }
    // Nothing wraps: what is claimed and what is right differ by less than p.
    for (grid, k) in [(Bits::Eight, (1 << 17) - 1), (Bits::Sixteen, 1 << 20)] {
        let bits = sum_bits(grid, k);
        assert!(bits <= 51 && BigInt::from(2) << bits < p);
        for k in [1, 2, 3, 511, 512, 513, 4096, k] {
            let most = BigInt::from(k) << (if grid == Bits::Eight { 14 } else { 30 });
            assert!(most < BigInt::from(1) << sum_bits(grid, k));
        }
    }
}

/// Whole numbers x and y, not both 0 and at most about `2^31` in size, with `a x + b y` a multiple of p: a step of the algorithm of Euclid.
fn orthogonal(a: u64, b: u64) -> (i64, i64) {
    // a c = -b modulo p, so x = c y is one solution for each y; the first small remainder is taken.
    let inverse = (0..61)
        .fold((1, a, P - 2), |(r, s, e), _| (if e & 1 == 1 { field::mul(r, s) } else { r }, field::mul(s, s), e >> 1));
    let c = field::mul(inverse.0, P - b);
    let (mut r, mut t) = ((i128::from(P), i128::from(c)), (0i128, 1i128));
    while r.1 > 1 << 30 {
        let q = r.0 / r.1;
        (r, t) = ((r.1, r.0 - q * r.1), (t.1, t.0 - q * t.1));
    }
    (i64::try_from(r.1).unwrap(), i64::try_from(t.1).unwrap())
}

#[test]
fn attack_21_a_change_orthogonal_to_a_leaked_vector() {
    let mut random = Random(5);
    let w: Matrix<i16> = random.matrix(4, 64, -32_768, 32_767);
    let x: Matrix<i16> = random.matrix(1, 64, -32_768, 32_767);
    let y = scalar(&w, &x).unwrap();
    let leaked = i16::key(&w, &mut words(&mut random));
    let (a, b) = orthogonal(leaked.r[0], leaked.r[1]);
    assert!(
        (a, b) != (0, 0)
            && field::add(
                field::mul(leaked.r[0], field::signed(a.into())),
                field::mul(leaked.r[1], field::signed(b.into()))
            ) == 0
    );
    let mut wrong = y.clone();
    wrong.entries_mut()[0] += a;
    wrong.entries_mut()[1] += b;
    let bits = sum_bits(Bits::Sixteen, 64);
    let by = |key: &Key, random: &mut Random| {
        let coefficients = draw(&mut words(random), 1);
        (passes(key, &coefficients, (&x, 2), (&y, bits)), passes(key, &coefficients, (&x, 2), (&wrong, bits)))
    };
    // Whoever knows r can cheat, so r is drawn after the commitment or kept secret.
    assert_eq!(by(&leaked, &mut random), (true, true));
    for _ in 0..100 {
        let fresh = i16::key(&w, &mut words(&mut random));
        assert_eq!(by(&fresh, &mut random), (true, false));
    }
    // Over more tokens a change must survive coefficients as well: one that vanishes when tokens are added up does not.
    let two = Matrix::new("x", 2, 64, [x.entries(), x.entries()].concat()).unwrap();
    let mut cancelling = scalar(&w, &two).unwrap();
    cancelling.entries_mut()[0] += 1;
    cancelling.entries_mut()[4] -= 1;
    for _ in 0..100 {
        let coefficients = draw(&mut words(&mut random), 2);
        assert!(!passes(&leaked, &coefficients, (&two, 2), (&cancelling, bits)));
    }
    assert!(!row_passes(&leaked, x.entries(), &[1i64, 2, 3, 4]));
}

#[test]
fn multiples_of_the_prime_are_no_way_around() {
    // Without the bound on entries this would pass: the difference is p itself.
    let w = Matrix::filled("w", 1, 1, 1i16).unwrap();
    let x = Matrix::filled("x", 1, 1, 5i16).unwrap();
    let wrapped = Matrix::new("y", 1, 1, vec![5 + P as i64]).unwrap();
    let mut random = Random(6);
    let key = i16::key(&w, &mut words(&mut random));
    assert_eq!(field::mul(key.r[0], 5), field::mul(key.r[0], field::signed(wrapped.entries()[0].into())));
    let coefficients = draw(&mut words(&mut random), 1);
    assert!(!passes(&key, &coefficients, (&x, 2), (&wrapped, sum_bits(Bits::Sixteen, 1))));
}

#[test]
fn a_residual_makes_the_tolerance_exact() {
    let mut random = Random(7);
    let w: Matrix<i16> = random.matrix(5, 33, -32_768, 32_767);
    let x: Matrix<i16> = random.matrix(6, 33, -32_768, 32_767);
    let sums = scalar(&w, &x).unwrap();
    // y on a grid 2^10 times as coarse, rounded to nearest.
    let y = sums.map(|s| (s + 512) >> 10);
    let e =
        Matrix::new("e", 6, 5, sums.entries().iter().zip(y.entries()).map(|(s, y)| s - (y << 10)).collect()).unwrap();
    let key = i16::key(&w, &mut words(&mut random));
    let coefficients = draw(&mut words(&mut random), 6);
    let bits = sum_bits(Bits::Sixteen, 33);
    let x_bytes = bytes(&x, 2);
    let inputs = Rows { rows: x_bytes.chunks(66).collect(), width: 2 };
    let coefficients = std::slice::from_ref(&coefficients);
    let combined_x = product::combined(&inputs, 15, coefficients).unwrap();
    let check = |y: &Matrix<i64>, e: &Matrix<i64>, tolerance: i64| {
        residual(std::slice::from_ref(&key), coefficients, &combined_x, (1 << 10, y, e), &[tolerance; 5], bits)
    };
    assert_eq!(check(&y, &e, 512), Near::Within);
    // A tolerance comes from the specification: a smaller one is met by fewer.
    assert!(matches!(check(&y, &e, 3), Near::Residual(..)));
    // A y that is off by one unit needs a residual that is too large, or fails as a product.
    let (mut far, mut hidden) = (y.clone(), e.clone());
    far.entries_mut()[7] += 1;
    assert_eq!(check(&far, &e, 512), Near::Product);
    hidden.entries_mut()[7] -= 1 << 10;
    assert_eq!(check(&far, &hidden, 512), Near::Residual(1, 2));
    // Numbers that would overflow, or tolerances for other columns.
    let mut large = y.clone();
    large.entries_mut()[0] = i64::MAX;
    assert_eq!(check(&large, &e, 512), Near::Shape);
    hidden.entries_mut()[7] = i64::MIN;
    assert_eq!(check(&far, &hidden, i64::MAX), Near::Residual(1, 2));
}

#[test]
fn signs_catch_half_of_what_is_beyond_the_tolerance() {
    let mut random = Random(8);
    let w: Matrix<i16> = random.matrix(16, 20, -32_768, 32_767);
    let x: Matrix<i16> = random.matrix(2, 20, -32_768, 32_767);
    let y = scalar(&w, &x).unwrap();
    let some = |random: &mut Random, n: usize| {
        (0..n)
            .map(|_| {
                let signs: Vec<bool> = (0..16).map(|_| random.word().is_multiple_of(2)).collect();
                let v = signed_rows(&w, &signs);
                (signs, v)
            })
            .collect::<Vec<_>>()
    };
    let signs = some(&mut random, 20);
    assert_eq!(tolerance(&signs, &x, 1, &y, 0), Near::Within);
    // Attack 20: two entries exchanged by the same amount pass one vector of signs half of the time, and twenty almost never.
    let mut wrong = y.clone();
    wrong.entries_mut()[18] += 50;
    wrong.entries_mut()[19] -= 50;
    let passed = (0..1000).filter(|_| tolerance(&some(&mut random, 1), &x, 1, &wrong, 49) == Near::Within).count();
    assert!((400..600).contains(&passed), "{passed}");
    assert!(matches!(tolerance(&signs, &x, 1, &wrong, 49), Near::Signs(1, _)));
    assert_eq!(tolerance(&signs, &x, 1, &wrong, 100), Near::Within);
    assert_eq!(tolerance(&[], &x, 1, &y, 0), Near::Shape);
    assert_eq!(tolerance(&signs, &x, 1, &y, -1), Near::Shape);
    assert_eq!(tolerance(&signs, &y.map(|_| 0i16), 1, &y, 0), Near::Shape);
}
