//! Sums in several orders, and that their results tell the order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]

mod common;

use bfv_replay::probe::{Tree, order, tree};
use bfv_replay::{Format, Mode, Order, Unit};
use common::{any, bits, words};

/// Finite products of numbers of 16 bits.
fn lists(format: Format, n: usize, seed: u64) -> (Vec<u32>, Vec<u32>) {
    let mut words = words(seed);
    let mut list = || -> Vec<u32> {
        std::iter::repeat_with(|| format.narrow(any(&mut words)))
            .filter(|x| format.is_finite(*x))
            .map(|x| format.widen(x))
            .take(n)
            .collect()
    };
    (list(), list())
}

/// A loop of the processor.
fn processor(a: &[u32], b: &[u32]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + f32::from_bits(*a) * f32::from_bits(*b))
}

#[test]
fn the_reference_order_is_a_loop_of_the_processor() {
    let mut finite = 0;
    for seed in 0..4000 {
        let format = if seed % 2 == 0 { Format::Bf16 } else { Format::F16 };
        let (a, b) = lists(format, (seed % 40) as usize, seed);
        let (own, expected) = (Order::Sequential.sum(&a, &b), processor(&a, &b));
        if expected.is_nan() {
            assert!(f32::from_bits(own).is_nan());
        } else {
            assert_eq!(own, expected.to_bits(), "{seed}");
            finite += usize::from(expected.is_finite());
        }
    }
    assert!(finite > 2000, "{finite}");
}

fn unit(terms: u16, kept: u8, joined: bool, mode: Mode) -> Order {
    Order::Unit(Unit { terms, kept, joined, mode })
}

/// By hand: 1 stands at the point, and 24 kept bits hold `2^-24`, which single precision cuts off in the end.
#[test]
fn a_unit_cuts_off_what_it_does_not_keep() {
    let list = |all: &[f32]| -> Vec<u32> { all.iter().map(|x| x.to_bits()).collect() };
    let ones = list(&[1.0; 8]);
    let sum = |order: Order, all: &[f32]| f32::from_bits(order.sum(&list(all), &ones[..all.len()]));
    let tiny = 2f32.powi(-24);
    let up = 1.0 + 2f32.powi(-23);
    assert_eq!(sum(unit(4, 24, true, Mode::Zero), &[1.0, tiny, tiny]), up);
    assert_eq!(sum(unit(4, 24, true, Mode::Zero), &[1.0, tiny]), 1.0);
    assert_eq!(sum(unit(4, 23, true, Mode::Zero), &[1.0, tiny, tiny]), 1.0);
    assert_eq!(sum(unit(4, 23, true, Mode::Zero), &[1.0, tiny, -1.0]), 0.0);
    assert_eq!(sum(unit(4, 24, true, Mode::Zero), &[1.0, tiny, -1.0]), tiny);
    // Towards zero from both sides.
    assert_eq!(sum(unit(4, 24, true, Mode::Zero), &[-1.0, -tiny]), -1.0);
    assert_eq!(sum(unit(4, 23, true, Mode::Zero), &[1.0, -tiny]), 1.0);
    assert_eq!(sum(unit(4, 25, true, Mode::Nearest), &[1.0, tiny, tiny / 2.0]), up);
    // A second block meets the sum of the first, at its point or after it was rounded.
    assert_eq!(sum(unit(2, 24, true, Mode::Zero), &[1.0, 0.0, tiny, tiny]), up);
    assert_eq!(sum(unit(2, 24, false, Mode::Zero), &[1.0, 0.0, tiny, tiny]), up);
    assert_eq!(sum(unit(1, 24, false, Mode::Zero), &[1.0, 0.0, tiny, tiny]), 1.0);
    assert_eq!(sum(Order::Sequential, &[1.0, tiny, tiny]), 1.0);
}

#[test]
fn what_is_small_enough_is_exact_in_every_order() {
    let mut words = words(9);
    for _ in 0..300 {
        let list: Vec<u32> = (0..24).map(|_| ((bits(&mut words) % 31) as f32 - 15.0).to_bits()).collect();
        let exact = processor(&list, &list).to_bits();
        for order in [
            Order::Sequential,
            unit(4, 23, true, Mode::Zero),
            unit(16, 24, false, Mode::Nearest),
            unit(8, 60, true, Mode::Zero),
        ] {
            assert_eq!(order.sum(&list, &list), exact, "{order}");
        }
    }
}

#[test]
fn what_is_no_number_stays_none() {
    let big = [f32::MAX.to_bits(); 3];
    for order in [Order::Sequential, unit(4, 24, true, Mode::Zero)] {
        assert!(!Format::F32.is_finite(order.sum(&[0x7f80_0000], &[0])), "{order}");
    }
    assert!(!Format::F32.is_finite(Order::Sequential.sum(&big, &big)));
    assert!(!Format::F32.is_finite(unit(2, 24, true, Mode::Nearest).sum(&big, &big)));
    assert_eq!(Order::Sequential.sum(&[], &[]), 0);
    assert_eq!(unit(2, 24, true, Mode::Zero).sum(&[0x8000_0000], &[0]), 0);
}

#[test]
fn the_probe_finds_every_order_that_is_known() {
    let all = [
        Order::Sequential,
        unit(4, 23, true, Mode::Zero),
        unit(8, 24, true, Mode::Zero),
        unit(16, 25, true, Mode::Zero),
        unit(4, 24, false, Mode::Zero),
        unit(8, 25, true, Mode::Nearest),
    ];
    for own in all {
        let found = order(20, &mut |a, b| own.sum(a, b)).unwrap();
        assert_eq!(found, own);
    }
}

#[test]
fn the_probe_draws_the_trees_of_other_orders_and_names_none() {
    let value = |x: f32| x.to_bits();
    let pairwise = |a: &[u32], b: &[u32]| {
        fn half(all: &[f32]) -> f32 {
            match all {
                [one] => *one,
                _ => half(&all[..all.len() / 2]) + half(&all[all.len() / 2..]),
            }
        }
        let all: Vec<f32> = a.iter().zip(b).map(|(a, b)| f32::from_bits(*a) * f32::from_bits(*b)).collect();
        value(half(&all))
    };
    let strided = |a: &[u32], b: &[u32]| {
        let mut lanes = [0f32; 2];
        for (i, (a, b)) in a.iter().zip(b).enumerate() {
            lanes[i % 2] += f32::from_bits(*a) * f32::from_bits(*b);
        }
        value(lanes[0] + lanes[1])
    };
    let backwards = |a: &[u32], b: &[u32]| {
        value(a.iter().zip(b).rev().fold(0.0, |sum, (a, b)| sum + f32::from_bits(*a) * f32::from_bits(*b)))
    };
    let drawn = |n, sum: &mut dyn FnMut(&[u32], &[u32]) -> u32| tree(n, sum).unwrap().to_string();
    assert_eq!(drawn(5, &mut { pairwise }), "((0 1) (2 (3 4)))");
    assert_eq!(drawn(6, &mut { strided }), "(((0 2) 4) ((1 3) 5))");
    assert_eq!(drawn(4, &mut { backwards }), "(0 (1 (2 3)))");
    let blocks = unit(3, 24, true, Mode::Zero);
    assert_eq!(drawn(7, &mut |a, b| blocks.sum(a, b)), "(((0 1 2) 3 4 5) 6)");
    for sum in [&mut { pairwise } as &mut dyn FnMut(&[u32], &[u32]) -> u32, &mut { strided }, &mut { backwards }] {
        let why = order(12, sum).unwrap_err();
        assert!(why.to_string().starts_with("The machine sums in an order that is not known here: ("), "{why}");
    }
}

#[test]
fn what_adds_in_no_order_has_no_tree() {
    assert!(tree(1, &mut |_, _| 0).is_err());
    assert!(tree(300, &mut |_, _| 0).is_err());
    assert!(tree(4, &mut |_, _| 1f32.to_bits()).is_err());
    // Whatever an exact adder loses is nothing, so no pair meets anywhere.
    let exact = |a: &[u32], b: &[u32]| -> u32 {
        (a.iter().zip(b).map(|(a, b)| f64::from(f32::from_bits(*a)) * f64::from(f32::from_bits(*b))).sum::<f64>()
            as f32)
            .to_bits()
    };
    assert!(!matches!(tree(4, &mut { exact }), Ok(Tree::Leaf(_))));
    assert!(order(8, &mut { exact }).is_err());
}
