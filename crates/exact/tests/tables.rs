//! Tables against enclosures over big integers, which share no code with the crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap
)]

mod common;

use bfv_exact::Matrix;
use bfv_exact::attention::Powers;
use bfv_exact::gate::{Function, Gate, Shape};
use bfv_exact::rope::Rope;
use common::{Random, clamp, floor, nearest};
use num_bigint::BigInt;

/// Fraction bits of the enclosures.
const BITS: u32 = 400;

fn one() -> BigInt {
    BigInt::from(1) << BITS
}

/// Bounds on the product of positive numbers in bounds.
fn times(a: &(BigInt, BigInt), b: &(BigInt, BigInt)) -> (BigInt, BigInt) {
    ((&a.0 * &b.0) >> BITS, ((&a.1 * &b.1) >> BITS) + 1)
}

/// Bounds on `exp(-2^-a)`: consecutive partial sums of an alternating series whose terms fall.
fn exp_minus_power(a: u32) -> (BigInt, BigInt) {
    let (mut term, mut sum) = (one(), one());
    for k in 1..150u32 {
        term = (term >> a) / k;
        sum += if k % 2 == 1 { -&term } else { term.clone() };
    }
    // Each of the terms is off by less than 2 units; the rest of the series is less than one.
    (&sum - 300, sum + 300)
}

/// Bounds on `2^output * q / (1 + exp(-q / 2^input))` as whole numbers over `2^BITS`, for each q from 0, by the bits of q.
fn silu_agrees(shape: Shape) {
    let gate = Gate::new(shape).unwrap();
    let mut powers = vec![exp_minus_power(shape.input.into())];
    for i in 0..15 {
        powers.push(times(&powers[i], &powers[i]));
    }
    for size in 0..=32_768u32 {
        let set = (0..16).filter(|i| size >> i & 1 == 1);
        let e = set.fold((one(), one()), |e, i| times(&e, &powers[i]));
        // size / (1 + e) for q = size, and -size e / (1 + e) for q = -size.
        let scaled = (BigInt::from(size) << (BITS + u32::from(shape.output))) >> shape.input;
        let positive = ((&scaled << BITS) / (one() + &e.1), (&scaled << BITS) / (one() + &e.0) + 1);
        let negative = (floor(&-(&scaled * &e.1), &(one() + &e.1)) - 1, floor(&-(&scaled * &e.0), &(one() + &e.0)) + 1);
        let rounded = |a: &BigInt| clamp(nearest(a, &one()), -32_768, 32_767);
        for (q, bounds) in [(i64::from(size), positive), (-i64::from(size), negative)] {
            if let Ok(q) = i16::try_from(q) {
                let (low, high) = (rounded(&bounds.0), rounded(&bounds.1));
                assert_eq!(low, high, "the enclosure for {q} is too wide");
                assert_eq!(i64::from(gate.at(q)), low, "{shape:?} at {q}");
            }
        }
    }
}

#[test]
fn every_entry_of_silu_is_the_nearest_number() {
    // With 8 bits in and 4 out, many entries lie just below a tie.
    for (input, output) in [(8, 8), (8, 4), (11, 12), (15, 15)] {
        silu_agrees(Shape { function: Function::Silu, input, output });
    }
}

#[test]
fn every_entry_of_relu_is_the_nearest_number() {
    for input in 0..=15 {
        for output in 0..=15 {
            let gate = Gate::new(Shape { function: Function::Relu, input, output }).unwrap();
            for q in (i16::MIN..=i16::MAX).step_by(7).chain([i16::MAX, 0, 1, 2, 3]) {
                let exact = nearest(&(BigInt::from(q.max(0)) << output), &(BigInt::from(1) << input));
                assert_eq!(i64::from(gate.at(q)), clamp(exact, -32_768, 32_767));
            }
        }
    }
}

#[test]
fn every_table_of_silu_can_be_made_and_bytes_are_in_order() {
    for input in 0..=15 {
        let gate = Gate::new(Shape { function: Function::Silu, input, output: 15 - input }).unwrap();
        let bytes: Vec<u8> = gate.bytes().collect();
        assert_eq!(bytes.len(), 1 << 17);
        for q in [i16::MIN, -1, 0, 1, 4711, i16::MAX] {
            let place = usize::try_from(i32::from(q) + 32_768).unwrap() * 2;
            assert_eq!(i16::from_le_bytes([bytes[place], bytes[place + 1]]), gate.at(q));
        }
    }
    let shape = Shape { function: Function::Silu, input: 16, output: 3 };
    assert!(Gate::new(shape).unwrap_err().to_string().contains("16 and 3 fraction bits"));
    assert!(Gate::new(Shape { input: 3, output: 255, ..shape }).is_err());
}

#[test]
fn a_gate_multiplies_entry_by_entry() {
    let gate = Gate::new(Shape { function: Function::Relu, input: 4, output: 4 }).unwrap();
    let mut random = Random(6);
    for _ in 0..10_000 {
        let (g, u) = (random.matrix::<i16>(1, 3, -32_768, 32_767), random.matrix::<i16>(1, 3, -32_768, 32_767));
        let y = gate.apply(&g, &u).unwrap();
        for i in 0..3 {
            assert_eq!(i64::from(y.row(0)[i]), i64::from(g.row(0)[i].max(0)) * i64::from(u.row(0)[i]));
        }
    }
    let one = Matrix::filled("u", 1, 1, 1i16).unwrap();
    assert!(gate.apply(&Matrix::filled("g", 1, 2, 1i16).unwrap(), &one).is_err());
}

/// `e` is nearest to `2^(30 - f/1024)`: `(2 e - 1)^1024 < 2^(31 * 1024 - f) < (2 e + 1)^1024`.
#[test]
fn every_power_of_two_is_the_nearest_number() {
    let bytes: Vec<u8> = Powers::new().bytes().collect();
    assert_eq!(bytes.len(), 4096);
    for (f, entry) in bytes.chunks_exact(4).enumerate() {
        let entry = BigInt::from(u32::from_le_bytes(entry.try_into().unwrap()));
        let exact = BigInt::from(1) << (31 * 1024 - f);
        let (low, high): (BigInt, BigInt) = (&entry * 2 - 1, entry * 2 + 1);
        assert!(low.pow(1024) < exact && exact < high.pow(1024), "{f}");
    }
}

/// Cosine and sine of `position * base^(-2 i / d)` over `2^BITS`: the frequency by a root, the angle halved 20 times, then doubled.
fn turn(base: u32, d: u32, i: u32, position: u32) -> (BigInt, BigInt) {
    let half = d / 2;
    let frequency = ((BigInt::from(1) << (BITS * half)) / BigInt::from(base).pow(i)).nth_root(half);
    let angle = (frequency * position) >> 20;
    let (mut sine, mut cosine, mut power) = (BigInt::from(0), BigInt::from(0), one());
    for k in 0..200u32 {
        let into = if k % 2 == 0 { &mut cosine } else { &mut sine };
        *into += if k % 4 < 2 { power.clone() } else { -&power };
        power = ((power * &angle) >> BITS) / (k + 1);
    }
    for _ in 0..20 {
        (cosine, sine) = ((&cosine * &cosine - &sine * &sine) >> BITS, (&cosine * &sine) >> (BITS - 1));
    }
    (cosine, sine)
}

#[test]
fn sines_and_cosines_are_as_near_as_they_say() {
    for (base, d, positions) in [(10_000, 64, 4096), (500_000, 128, 4096), (2, 2, 1 << 20), (10_000, 6, 1 << 17)] {
        let rope = Rope::new(d, base, positions).unwrap();
        let bytes: Vec<u8> = rope.bytes().collect();
        let entry = |place: u32| {
            let at = usize::try_from(place).unwrap() * 2;
            BigInt::from(i16::from_le_bytes([bytes[at], bytes[at + 1]]))
        };
        let mut random = Random(7);
        let mut places: Vec<(u32, u32)> =
            (0..60).map(|_| (random.below(positions as usize) as u32, random.below(d as usize / 2) as u32)).collect();
        places.extend([(0, 0), (positions - 1, 0), (positions - 1, d / 2 - 1), (1, 0)]);
        for (position, i) in places {
            let (cosine, sine) = turn(base, d, i, position);
            for (exact, place) in [(cosine, position * d + i), (sine, position * d + d / 2 + i)] {
                // 2^14 times the exact value is within 1/2 + 2^-12 of the entry.
                let off = (exact << 14u8) - (entry(place) << BITS);
                let bound = (BigInt::from(1) << (BITS - 1)) + (BigInt::from(1) << (BITS - 12));
                assert!(-&bound <= off && off <= bound, "base {base}, width {d}, position {position}, pair {i}");
            }
        }
    }
}

#[test]
fn rotation_is_its_formula_and_keeps_position_0() {
    let mut random = Random(8);
    let (d, positions) = (6usize, 40usize);
    let rope = Rope::new(6, 10_000, 40).unwrap();
    let bytes: Vec<i16> =
        rope.bytes().collect::<Vec<u8>>().chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    for _ in 0..10_000 {
        let heads = 1 + random.below(3);
        let tokens = 1 + random.below(3);
        let x: Matrix<i16> = random.matrix(tokens, heads * d, -32_768, 32_767);
        let first = random.below(positions - x.rows() + 1);
        let mut y = x.clone();
        rope.apply(&mut y, first).unwrap();
        for t in 0..x.rows() {
            let turn = &bytes[(first + t) * d..(first + t + 1) * d];
            for h in 0..heads {
                for i in 0..d / 2 {
                    let (a, b) = (BigInt::from(x.row(t)[h * d + i]), BigInt::from(x.row(t)[h * d + d / 2 + i]));
                    let (c, s) = (turn[i], turn[d / 2 + i]);
                    let unit = BigInt::from(1 << 14);
                    let low = clamp(nearest(&(&a * c - &b * s), &unit), -32_768, 32_767);
                    let high = clamp(nearest(&(b * c + a * s), &unit), -32_768, 32_767);
                    assert_eq!(i64::from(y.row(t)[h * d + i]), low);
                    assert_eq!(i64::from(y.row(t)[h * d + d / 2 + i]), high);
                }
            }
        }
        let mut still = Matrix::new("x", 1, d, x.row(0)[..d].to_vec()).unwrap();
        rope.apply(&mut still, 0).unwrap();
        assert_eq!(still.entries(), &x.row(0)[..d]);
    }
}

#[test]
fn positions_that_lie_are_refused() {
    for (width, base, positions) in
        [(0, 10, 1), (3, 10, 1), (1026, 10, 1), (2, 1, 1), (2, 10, 0), (2, 10, u32::MAX), (1024, 10, 1 << 20)]
    {
        assert!(Rope::new(width, base, positions).is_err(), "{width} {base} {positions}");
    }
    let rope = Rope::new(4, 100, 8).unwrap();
    let mut x = Matrix::filled("x", 2, 8, 1i16).unwrap();
    assert!(rope.apply(&mut x, 6).is_ok());
    assert!(rope.apply(&mut x, 7).unwrap_err().to_string().contains("exceed 8 positions"));
    assert!(rope.apply(&mut x, usize::MAX).is_err());
    assert!(rope.apply(&mut Matrix::filled("x", 1, 6, 1i16).unwrap(), 0).is_err());
}
