//! Arithmetic by integers against that of the processor, which follows the same standard.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_precision_loss)]

mod common;

use bfv_replay::{Format, Machine, Mode};
use common::{REFERENCE, any, words};

const CASES: usize = 400_000;

/// Equal bits, or both no number: which bits such a result has is not said by the standard.
fn same(own: u32, processor: f32) -> bool {
    if processor.is_nan() { f32::from_bits(own).is_nan() } else { own == processor.to_bits() }
}

#[test]
fn all_four_operations_and_the_root_are_those_of_the_processor() {
    let (m, mut words) = (REFERENCE, words(1));
    let (mut subnormal, mut infinite) = (0, 0);
    for _ in 0..CASES {
        let (a, b) = (any(&mut words), any(&mut words));
        let (x, y) = (f32::from_bits(a), f32::from_bits(b));
        for (name, own, processor) in [
            ("add", m.add(a, b), x + y),
            ("sub", m.sub(a, b), x - y),
            ("mul", m.mul(a, b), x * y),
            ("div", m.div(a, b), x / y),
            ("sqrt", m.sqrt(a), x.sqrt()),
        ] {
            assert!(same(own, processor), "{name} of {a:08x} and {b:08x} is {own:08x}, and must be {processor:e}");
            subnormal += usize::from(processor.is_subnormal());
            infinite += usize::from(processor.is_infinite());
        }
    }
    assert!(subnormal > 1000 && infinite > 1000, "{subnormal} {infinite}");
}

/// Of all numbers of a format none is nearer, and of two that are equally near the even one is taken.
#[test]
fn narrowing_takes_the_nearest_number() {
    let mut words = words(2);
    for format in [Format::Bf16, Format::F16] {
        let value = |bits: u32| f64::from(f32::from_bits(format.widen(bits)));
        for _ in 0..CASES / 4 {
            // Within the range of the format, or around ties, which have few digits.
            let mut x = any(&mut words);
            if format == Format::F16 {
                x = (x & 0x8fff_ffff) | 0x3000_0000;
            }
            if words.next().unwrap().is_multiple_of(2) {
                x &= 0xffff_f000 | if format == Format::Bf16 { 0x8000 } else { 0 };
            }
            let exact = f64::from(f32::from_bits(x));
            let own = format.narrow(x);
            if exact.is_nan() {
                assert!(value(own).is_nan());
                continue;
            }
            if !format.is_finite(own) {
                let largest = value(format.infinity() - 1);
                let previous = value(format.infinity() - 2);
                assert!(exact.abs() >= largest + (largest - previous) / 2.0, "{x:08x}");
                continue;
            }
            let error = (value(own) - exact).abs();
            for other in [own.wrapping_sub(1) & 0xffff, (own + 1) & 0xffff] {
                if format.is_finite(other) && (other ^ own) & 0x8000 == 0 {
                    let others = (value(other) - exact).abs();
                    assert!(error < others || error == others && own & 1 == 0, "{x:08x} to {own:04x}, not {other:04x}");
                }
            }
        }
    }
}

#[test]
fn every_number_of_16_bits_survives_widening() {
    for format in [Format::Bf16, Format::F16] {
        for bits in (0..=0xffff).filter(|b| format.is_finite(*b)) {
            assert_eq!(format.narrow(format.widen(bits)), bits);
            assert!(f32::from_bits(format.widen(bits)).is_finite());
        }
    }
}

#[test]
fn towards_zero_is_never_above() {
    let mut words = words(3);
    for _ in 0..CASES / 4 {
        let (size, exponent) =
            (u128::from(words.next().unwrap()), i32::try_from(words.next().unwrap() % 280).unwrap() - 200);
        let exact = size as f64 * 2f64.powi(exponent);
        let zero = f64::from(f32::from_bits(Format::F32.round(Mode::Zero, false, size, exponent)));
        let near = f64::from(f32::from_bits(Format::F32.round(Mode::Nearest, false, size, exponent)));
        assert!(zero <= exact + exact * 1e-15 && zero <= near, "{size} {exponent}");
    }
}

/// The exponential is within two units of the last place of the true one.
#[test]
fn the_exponential_is_near_the_true_one() {
    let mut worst = 0f64;
    for i in -10_400..8_850i32 {
        let x = i as f32 / 100.0;
        let own = f64::from(f32::from_bits(bfv_replay::ops::exp(&REFERENCE, x.to_bits())));
        let exact = f64::from(x).exp();
        let unit = (exact * 2f64.powi(-23)).max(2f64.powi(-149));
        worst = worst.max((own - exact).abs() / unit);
    }
    assert!(worst < 2.0, "{worst}");
    for (x, limit) in [(-3e38f32, -104f32), (3e38, 88.5)] {
        let exp = |x: f32| bfv_replay::ops::exp(&REFERENCE, x.to_bits());
        assert_eq!(exp(x), exp(limit));
    }
}

#[test]
fn decimal_numbers_are_the_nearest() {
    for (digits, tens) in [
        (1, -5),
        (1, -6),
        (1, -12),
        (9_999_999_999, -12),
        (123_456_789, -9),
        (3, 0),
        (7, 18),
        (16_777_217, 0),
        (1, -18),
    ] {
        let text = format!("{digits}e{tens}");
        let bits = bfv_replay::spec::decimal(digits, tens);
        assert_eq!(bits, Some(text.parse::<f32>().unwrap().to_bits()), "{text}");
    }
    assert_eq!(bfv_replay::spec::decimal(0, 0), None);
    assert_eq!(bfv_replay::spec::decimal(1, -19), None);
}
