//! Fusion programs: the usual operators, random programs against the formulas over big integers, damaged bytes, and refusals.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap
)]

mod common;

use bfv_exact::program::{Axis, Input, LIMIT, MAX_OPS, Op, Program, Shape, Source, Table, Value};
use common::{Random, floor, nearest};
use num_bigint::BigInt;
use std::collections::BTreeMap;

const BOTH: Shape = Shape { workers: true, coords: true };
const WORKERS: Shape = Shape { workers: true, coords: false };
/// 1 of weights.
const UNIT: i64 = 1 << 14;

fn source(workers: u32, coords: u32, inputs: &[Input]) -> Source {
    Source { workers, coords, inputs: inputs.to_vec(), ..Source::default() }
}

fn outputs() -> Input {
    Input { shape: BOTH, low: -1_000_000, high: 1_000_000 }
}

/// `clamp(round(sum_w weight_w x_w / 2^14), min x, max x)`, where weights sum to the unit.
fn weighted_mean(n: u32, d: u32) -> Program {
    let mut s = source(n, d, &[outputs(), Input { shape: WORKERS, low: 0, high: UNIT }]);
    let (x, w) = (s.push(Op::Input(0)), s.push(Op::Input(1)));
    let product = s.push(Op::Mul(x, w));
    let sum = s.push(Op::Sum(product, Axis::Workers));
    let mean = s.push(Op::Round(sum, 14));
    let sorted = s.push(Op::Sorted(x));
    let (low, high) = (s.push(Op::At(sorted, 0)), s.push(Op::At(sorted, n - 1)));
    let total = s.push(Op::Sum(w, Axis::Workers));
    let unit = s.push(Op::Const(UNIT));
    s.conditions = vec![s.push(Op::Equal(total, unit))];
    s.push(Op::Clamp(mean, low, high));
    Program::new(s).unwrap()
}

/// `floor(sum of x_w e_w / sum of e_w)`, where e is a table of the distance of the score from the largest.
fn softmax_mean(n: u32, d: u32) -> Program {
    let mut s = source(n, d, &[outputs(), Input { shape: WORKERS, low: -100, high: 100 }]);
    s.tables = vec![Table { low: 0, entries: (0..=200).map(|t| UNIT >> (t / 8)).collect() }];
    let (x, score) = (s.push(Op::Input(0)), s.push(Op::Input(1)));
    let sorted = s.push(Op::Sorted(score));
    let largest = s.push(Op::At(sorted, n - 1));
    let distance = s.push(Op::Sub(largest, score));
    // The checker knows of no dependence, so the distance is brought to the table by hand.
    let (zero, last) = (s.push(Op::Const(0)), s.push(Op::Const(200)));
    let distance = s.push(Op::Clamp(distance, zero, last));
    let e = s.push(Op::Lookup(distance, 0));
    let products = s.push(Op::Mul(x, e));
    let (sum, total) = (s.push(Op::Sum(products, Axis::Workers)), s.push(Op::Sum(e, Axis::Workers)));
    s.push(Op::Div(sum, total));
    Program::new(s).unwrap()
}

/// The mean of the order statistics t to n - t - 1, by floor.
fn trimmed_mean(n: u32, d: u32, t: u32) -> Program {
    let mut s = source(n, d, &[outputs()]);
    let x = s.push(Op::Input(0));
    let (sorted, place) = (s.push(Op::Sorted(x)), s.push(Op::Worker));
    let (first, end) = (s.push(Op::Const(i64::from(t) - 1)), s.push(Op::Const(i64::from(n - t))));
    let (late, early) = (s.push(Op::Less(first, place)), s.push(Op::Less(place, end)));
    let kept = s.push(Op::Mul(late, early));
    let kept = s.push(Op::Mul(kept, sorted));
    let (sum, count) = (s.push(Op::Sum(kept, Axis::Workers)), s.push(Op::Const(i64::from(n - 2 * t))));
    s.push(Op::Div(sum, count));
    Program::new(s).unwrap()
}

fn median(n: u32, d: u32) -> Program {
    let mut s = source(n, d, &[outputs()]);
    let x = s.push(Op::Input(0));
    let sorted = s.push(Op::Sorted(x));
    s.push(Op::At(sorted, n / 2));
    Program::new(s).unwrap()
}

/// The most frequent number at each coordinate, the smallest of several.
fn majority(n: u32, d: u32) -> Program {
    let mut s = source(n, d, &[outputs()]);
    let x = s.push(Op::Input(0));
    let sorted = s.push(Op::Sorted(x));
    let alike = s.push(Op::Alike(sorted));
    let best = s.push(Op::ArgMax(alike));
    s.push(Op::Pick(sorted, best));
    Program::new(s).unwrap()
}

/// The output of the worker with the largest score, the first of several.
fn select(n: u32, d: u32) -> Program {
    let mut s = source(n, d, &[outputs(), Input { shape: WORKERS, low: -100, high: 100 }]);
    let (x, score) = (s.push(Op::Input(0)), s.push(Op::Input(1)));
    let best = s.push(Op::ArgMax(score));
    s.push(Op::Pick(x, best));
    Program::new(s).unwrap()
}

fn numbers(random: &mut Random, n: usize, low: i64, high: i64) -> Vec<i64> {
    (0..n).map(|_| random.extreme(low, high)).collect()
}

/// Weights that sum to the unit.
fn weights(random: &mut Random, n: usize) -> Vec<i64> {
    let mut left = UNIT;
    let mut all: Vec<i64> = (1..n)
        .map(|_| {
            let w = random.between(0, left);
            left -= w;
            w
        })
        .collect();
    all.push(left);
    all
}

fn column(x: &[i64], d: usize, c: usize) -> Vec<i64> {
    x.iter().skip(c).step_by(d).copied().collect()
}

#[test]
fn the_usual_operators_are_what_they_are_called() {
    let mut random = Random(21);
    for _ in 0..2_000 {
        let (n, d) = (1 + random.below(7), 1 + random.below(4));
        let (workers, coords) = (n as u32, d as u32);
        let range = 1 + random.sized(20) as i64;
        let x = numbers(&mut random, n * d, -range, range);
        let (w, score) = (weights(&mut random, n), numbers(&mut random, n, -100, 100));
        let t = random.below(n.div_ceil(2));
        let weighted = weighted_mean(workers, coords).run(&[&x, &w]).unwrap();
        let soft = softmax_mean(workers, coords).run(&[&x, &score]).unwrap();
        let trimmed = trimmed_mean(workers, coords, t as u32).run(&[&x]).unwrap();
        let middle = median(workers, coords).run(&[&x]).unwrap();
        let frequent = majority(workers, coords).run(&[&x]).unwrap();
        let selected = select(workers, coords).run(&[&x, &score]).unwrap();
        for c in 0..d {
            let column = column(&x, d, c);
            let mut sorted = column.clone();
            sorted.sort_unstable();
            let dot: BigInt = column.iter().zip(&w).map(|(x, w)| BigInt::from(*x) * w).sum();
            let mean = nearest(&dot, &UNIT.into()).clamp(sorted[0].into(), sorted[n - 1].into());
            assert_eq!(BigInt::from(weighted[c]), mean);
            let largest = score.iter().max().unwrap();
            let e: Vec<i64> = score.iter().map(|s| UNIT >> ((largest - s) / 8)).collect();
            let dot: BigInt = column.iter().zip(&e).map(|(x, e)| BigInt::from(*x) * e).sum();
            assert_eq!(BigInt::from(soft[c]), floor(&dot, &BigInt::from(e.iter().sum::<i64>())));
            let kept = &sorted[t..n - t];
            assert_eq!(trimmed[c], kept.iter().sum::<i64>().div_euclid(kept.len() as i64));
            assert_eq!(middle[c], sorted[n / 2]);
            let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
            column.iter().for_each(|x| *counts.entry(*x).or_default() += 1);
            let most = counts.values().max().unwrap();
            assert_eq!(frequent[c], *counts.iter().find(|(_, k)| *k == most).unwrap().0);
            assert_eq!(selected[c], column[score.iter().position(|s| s == largest).unwrap()]);
        }
    }
}

#[test]
fn the_order_of_workers_does_not_matter_where_it_should_not() {
    let mut random = Random(22);
    for _ in 0..500 {
        let (n, d) = (5, 3);
        let x = numbers(&mut random, n * d, -4, 4);
        let (w, score) = (weights(&mut random, n), numbers(&mut random, n, -100, 100));
        let mut order: Vec<usize> = (0..n).collect();
        (1..n).for_each(|i| order.swap(i, random.below(i + 1)));
        let rows =
            |x: &[i64], d: usize| order.iter().flat_map(|i| x[i * d..(i + 1) * d].to_vec()).collect::<Vec<i64>>();
        for (program, second) in [
            (weighted_mean(5, 3), Some(&w)),
            (softmax_mean(5, 3), Some(&score)),
            (trimmed_mean(5, 3, 1), None),
            (median(5, 3), None),
            (majority(5, 3), None),
        ] {
            let (moved, moved_second) = (rows(&x, d), second.map(|s| rows(s, 1)));
            let mut before: Vec<&[i64]> = vec![&x];
            before.extend(second.map(Vec::as_slice));
            let mut after: Vec<&[i64]> = vec![&moved];
            after.extend(moved_second.as_deref());
            assert_eq!(program.run(&before).unwrap(), program.run(&after).unwrap());
        }
    }
}

#[test]
fn inputs_that_are_not_as_declared_are_refused() {
    let program = weighted_mean(2, 2);
    let x = [1, 2, 3, 4];
    assert_eq!(program.run(&[&x, &[UNIT, 0]]).unwrap(), [1, 2]);
    for (inputs, why) in [
        (vec![&x[..], &[UNIT, 1]], "condition 0 does not hold"),
        (vec![&x[..], &[UNIT + 1, -1]], "input 1 has the number 16385, outside of 0 to 16384"),
        (vec![&x[..], &[UNIT]], "input 1 has 1 numbers, and must have 2"),
        (vec![&x[..]], "there are 1, and the program takes 2"),
        (vec![&[1, 2, 3, 1_000_001], &[UNIT, 0]], "input 0 has the number 1000001"),
    ] {
        let said = program.run(&inputs).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
}

/// The formulas of the operations over the integers, one number at a time, without the checker.
fn meaning(s: &Source, inputs: &[Vec<i64>], v: Value, w: usize, c: usize) -> BigInt {
    let get = |v: Value| meaning(s, inputs, v, w, c);
    let row = |v: Value| -> Vec<BigInt> { (0..s.workers as usize).map(|w| meaning(s, inputs, v, w, c)).collect() };
    let truth = |b: bool| BigInt::from(u8::from(b));
    match s.ops[v as usize] {
        Op::Const(x) => x.into(),
        Op::Input(i) => {
            let shape = s.inputs[i as usize].shape;
            let w = if shape.workers { w } else { 0 };
            let (c, d) = if shape.coords { (c, s.coords as usize) } else { (0, 1) };
            inputs[i as usize][w * d + c].into()
        }
        Op::Worker => w.into(),
        Op::Coord => c.into(),
        Op::Add(a, b) => get(a) + get(b),
        Op::Sub(a, b) => get(a) - get(b),
        Op::Mul(a, b) => get(a) * get(b),
        Op::Div(a, b) => match get(b) {
            b if b == BigInt::from(0) => 0.into(),
            b if b < BigInt::from(0) => floor(&-get(a), &-b),
            b => floor(&get(a), &b),
        },
        Op::Round(a, k) => nearest(&get(a), &(BigInt::from(1) << k)),
        Op::Min(a, b) => get(a).min(get(b)),
        Op::Max(a, b) => get(a).max(get(b)),
        Op::Clamp(a, low, high) => get(low).max(get(high).min(get(a))),
        Op::Less(a, b) => truth(get(a) < get(b)),
        Op::Equal(a, b) => truth(get(a) == get(b)),
        Op::Select(q, a, b) => {
            if get(q) == BigInt::from(0) {
                get(b)
            } else {
                get(a)
            }
        }
        Op::Lookup(a, t) => {
            let table = &s.tables[t as usize];
            table.entries[usize::try_from(get(a) - table.low).unwrap()].into()
        }
        Op::Sum(a, Axis::Workers) => row(a).into_iter().sum(),
        Op::Sum(a, Axis::Coords) => (0..s.coords as usize).map(|c| meaning(s, inputs, a, w, c)).sum(),
        Op::Sorted(a) => {
            // The number x for which at most w numbers are smaller and more than w are smaller or equal.
            let row = row(a);
            let right =
                |x: &&BigInt| row.iter().filter(|y| y < x).count() <= w && row.iter().filter(|y| y <= x).count() > w;
            row.iter().find(right).unwrap().clone()
        }
        Op::At(a, worker) => meaning(s, inputs, a, worker as usize, c),
        Op::Pick(a, i) => meaning(s, inputs, a, usize::try_from(get(i)).unwrap(), c),
        Op::ArgMax(a) => {
            let row = row(a);
            (0..row.len()).find(|w| row.iter().all(|x| *x <= row[*w])).unwrap().into()
        }
        Op::Alike(a) => row(a).iter().filter(|x| **x == get(a)).count().into(),
    }
}

fn any_op(random: &mut Random, before: usize) -> Op {
    let mut v = || random.below(before.max(1)) as Value;
    let (a, b, c) = (v(), v(), v());
    match random.below(23) {
        0 => Op::Const(random.extreme(-LIMIT, LIMIT) >> random.below(62)),
        1 => Op::Input(random.below(4) as u32),
        2 => Op::Worker,
        3 => Op::Coord,
        4 => Op::Add(a, b),
        5 => Op::Sub(a, b),
        6 => Op::Mul(a, b),
        7 => Op::Div(a, b),
        8 => Op::Round(a, 1 + random.below(30) as u8),
        9 => Op::Min(a, b),
        10 => Op::Max(a, b),
        11 => Op::Clamp(a, b, c),
        12 => Op::Less(a, b),
        13 => Op::Equal(a, b),
        14 => Op::Select(a, b, c),
        15 => Op::Lookup(a, 0),
        16 => Op::Sum(a, Axis::Workers),
        17 => Op::Sum(a, Axis::Coords),
        18 => Op::Sorted(a),
        19 => Op::At(a, random.below(4) as u32),
        20 => Op::Pick(a, b),
        21 => Op::ArgMax(a),
        _ => Op::Alike(a),
    }
}

/// A program of up to 14 operations; operations that would be refused are left out one by one.
fn any_program(random: &mut Random) -> Program {
    let (n, d) = (1 + random.below(3) as u32, 1 + random.below(3) as u32);
    let shapes = [BOTH, WORKERS, Shape { workers: false, coords: true }, Shape::default()];
    let inputs = shapes.map(|shape| {
        let size = 1 + random.sized(40) as i64;
        Input { shape, low: random.between(-size, 0), high: random.between(0, size) }
    });
    let mut s = source(n, d, &inputs);
    s.tables = vec![Table { low: -3, entries: numbers(random, 12, -LIMIT, LIMIT) }];
    s.push(Op::Input(0));
    for _ in 0..30 {
        let mut more = s.clone();
        more.push(any_op(random, s.ops.len()));
        if s.ops.len() < 14 && Program::new(more.clone()).is_ok() {
            s = more;
        }
    }
    Program::new(s).unwrap()
}

fn any_inputs(random: &mut Random, s: &Source) -> Vec<Vec<i64>> {
    let cells = |shape: Shape| {
        (if shape.workers { s.workers as usize } else { 1 }) * (if shape.coords { s.coords as usize } else { 1 })
    };
    s.inputs.iter().map(|i| numbers(random, cells(i.shape), i.low, i.high)).collect()
}

#[test]
fn random_programs_are_their_formulas_and_keep_within_their_ranges() {
    let mut random = Random(23);
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..10_000 {
        let program = any_program(&mut random);
        let s = program.source();
        let inputs = any_inputs(&mut random, s);
        let given: Vec<&[i64]> = inputs.iter().map(Vec::as_slice).collect();
        for (v, (op, fact)) in s.ops.iter().zip(program.facts()).enumerate() {
            let mut one = s.clone();
            one.result = v as Value;
            // The last value is asked for always, the others now and then.
            if v + 1 < s.ops.len() && random.below(8) != 0 {
                continue;
            }
            let result = Program::new(one).unwrap().run(&given).unwrap();
            let (workers, coords) =
                (if fact.shape.workers { s.workers } else { 1 }, if fact.shape.coords { s.coords } else { 1 });
            assert_eq!(result.len(), (workers * coords) as usize);
            for (i, x) in result.iter().enumerate() {
                let (w, c) = (i / coords as usize, i % coords as usize);
                assert_eq!(BigInt::from(*x), meaning(s, &inputs, v as Value, w, c), "{op:?} in {s:?} with {inputs:?}");
                assert!((fact.low..=fact.high).contains(x), "{op:?} gives {x}, outside of {fact:?}");
            }
            *used.entry(format!("{op:?}").split('(').next().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert!(used.len() == 22 && used.values().all(|n| *n > 20), "every operation is tried: {used:?}");
}

#[test]
fn bytes_are_read_back_and_no_others_are_read() {
    let mut random = Random(24);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..400 {
        let program = any_program(&mut random);
        let bytes = program.bytes();
        assert_eq!(Program::read(&bytes).unwrap(), program);
        for end in 0..bytes.len() {
            assert!(Program::read(&bytes[..end]).is_err(), "cut off at {end}");
        }
        assert!(Program::read(&[bytes.as_slice(), &[0]].concat()).unwrap_err().to_string().contains("left over"));
        assert!(Program::read(&[bytes.as_slice(), &bytes].concat()).is_err());
        for _ in 0..60 {
            let mut damaged = bytes.clone();
            for _ in 0..=random.below(3) {
                let place = random.below(damaged.len());
                damaged[place] = match random.below(3) {
                    0 => damaged[place] ^ (1 << random.below(8)),
                    1 => random.word() as u8,
                    _ => [0, 1, 127, 128, 255][random.below(5)],
                };
            }
            match Program::read(&damaged) {
                Ok(other) => {
                    assert_eq!(other.bytes(), damaged);
                    // Small enough to be run with what it says about its inputs.
                    let s = other.source();
                    if s.coords <= 64 {
                        let inputs = any_inputs(&mut random, s);
                        let _either = other.run(&inputs.iter().map(Vec::as_slice).collect::<Vec<_>>());
                    }
                    read += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
}

#[test]
fn programs_that_cannot_be_run_are_refused_with_the_place() {
    let with = |ops: &[Op]| {
        let mut s = source(3, 2, &[outputs()]);
        s.tables = vec![Table { low: 0, entries: vec![1, 2] }];
        s.ops = ops.to_vec();
        Program::new(s)
    };
    let big = Op::Const(LIMIT);
    for (ops, why) in [
        (vec![], "there are 0 operations"),
        (vec![Op::Add(0, 0)], "operation 0 of a program: value 0 does not stand before it"),
        (vec![big, Op::Add(0, 7)], "value 7 does not stand before it"),
        (vec![Op::Input(1)], "there is no input 1"),
        (vec![big, Op::Lookup(0, 1)], "there is no table 1"),
        (vec![big, Op::Lookup(0, 0)], "the place in the table may be"),
        (vec![Op::Const(-1), Op::Lookup(0, 0)], "the place in the table may be -1 to -1, of 0 to 1"),
        (vec![big, Op::Add(0, 0)], "operation 1 of a program: it may be 9223372036854775808"),
        (vec![big, Op::Mul(0, 0)], "and the limit is 4611686018427387904"),
        (vec![Op::Const(i64::MIN)], "and the limit is"),
        (vec![big, Op::Round(0, 0)], "the shift is 0"),
        (vec![big, Op::Round(0, 63)], "the shift is 63"),
        (vec![big, Op::Sum(0, Axis::Workers)], "value 0 does not vary over what is summed"),
        (vec![big, Op::Sum(0, Axis::Coords)], "value 0 does not vary over what is summed"),
        (vec![Op::Coord, Op::Sorted(0)], "value 0 does not vary over workers"),
        (vec![Op::Coord, Op::ArgMax(0)], "value 0 does not vary over workers"),
        (vec![Op::Input(0), Op::At(0, 3)], "the worker may be 3 to 3, of 0 to 2"),
        (vec![Op::Input(0), Op::Const(3), Op::Pick(0, 1)], "the worker may be 3 to 3, of 0 to 2"),
        (vec![Op::Input(0), Op::Worker, Op::Pick(0, 1)], "so it picks no one"),
        (vec![big; MAX_OPS + 1], "there are 1025 operations"),
    ] {
        let said = with(&ops).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
    let change = |f: fn(&mut Source)| {
        let mut s = median(3, 2).source().clone();
        f(&mut s);
        Program::new(s).unwrap_err().to_string()
    };
    assert!(change(|s| s.workers = 0).contains("0 workers"));
    assert!(change(|s| s.workers = 65).contains("65 workers"));
    assert!(change(|s| s.coords = u32::MAX).contains("4294967295 coordinates"));
    assert!(change(|s| s.inputs[0].low = 2_000_000).contains("which is empty"));
    assert!(change(|s| s.inputs[0].high = i64::MAX).contains("exceeds"));
    assert!(change(|s| s.tables = vec![Table { low: 0, entries: vec![] }]).contains("table 0 has 0 entries"));
    assert!(change(|s| s.result = 3).contains("the result or a condition is value 3"));
    assert!(change(|s| s.conditions = vec![9]).contains("the result or a condition is value 9"));
    assert!(change(|s| s.conditions = vec![0; 17]).contains("17 conditions"));
    // A program that is short and would take long.
    let slow = |s: &mut Source| {
        (s.workers, s.coords) = (16, 1 << 18);
        s.ops = vec![Op::Input(0)];
        s.ops.extend([Op::Sum(0, Axis::Coords); 1000]);
    };
    assert!(change(slow).contains("and may read"));
    assert!(change(|s| (s.workers, s.coords) = (64, 1 << 20)).contains("and may have"));
}
