//! Integer models beside the float reference; what is stored is read again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_exact::sample::Sampler;
use bfv_exact::spec::{Bits, Spec};
use bfv_model::stored::{Stored, weights_file};
use bfv_worker::quantise::{Choice, compare, quantise};
use common::{Draw, Random, Tiny};

const DRAW: Choice = Choice::Draw { temperature: 0.7, top_k: 5, top_p: 60_000 };

/// The errors are reported; the bounds here only tell a working model from a broken one.
#[test]
fn integers_are_near_to_the_reference() {
    for seed in 0..6 {
        let mut r = Random(seed);
        let mut tiny = Tiny::sized(seed, [32, 4, 2, 8, 48, 40, 2]);
        tiny.window = (seed % 2 == 1).then_some(5);
        let model = tiny.checkpoint();
        let (calibration, other) = (r.tokens(32, 40), r.tokens(24, 40));
        let eight = quantise::<i8>(&model, &calibration, 64, Choice::Greedy).unwrap();
        let sixteen = quantise::<i16>(&model, &calibration, 64, Choice::Greedy).unwrap();
        let (eight, sixteen) = (compare(&model, &eight, &other).unwrap(), compare(&model, &sixteen, &other).unwrap());
        for (name, d) in [("8 bits", eight), ("16 bits", sixteen)] {
            println!(
                "Model {seed}, {name}: relative error {:.6}, largest {:.5}, same token at {} of {}.",
                d.relative, d.largest, d.same, d.positions
            );
        }
        assert!(eight.relative < 0.2 && sixteen.relative < 2e-3, "{eight:?} {sixteen:?}");
        assert!(sixteen.relative * 10.0 < eight.relative && sixteen.same >= 23, "{eight:?} {sixteen:?}");
        assert_eq!(sixteen.positions, 24);
    }
}

#[test]
fn a_model_is_stored_and_read_again() {
    let model = Tiny::new(20).checkpoint();
    let tokens = Random(1).tokens(16, 13);
    let eight = quantise::<i8>(&model, &tokens, 32, Choice::Greedy).unwrap().model;
    let sixteen = quantise::<i16>(&model, &tokens, 64, DRAW).unwrap().model;
    match Stored::read(&eight.spec().bytes(), &weights_file(&eight)).unwrap() {
        Stored::Eight(m) => assert!(m.weights() == eight.weights() && m.spec() == eight.spec()),
        Stored::Sixteen(_) => panic!("another grid"),
    }
    match Stored::read(&sixteen.spec().bytes(), &weights_file(&sixteen)).unwrap() {
        Stored::Sixteen(m) => assert!(m.weights() == sixteen.weights() && m.spec() == sixteen.spec()),
        Stored::Eight(_) => panic!("another grid"),
    }
    assert!(matches!(sixteen.spec().draft().sampler, Sampler::Draw(d) if d.top_k() == 5 && d.top_p() == 60_000));
    assert_eq!(eight.spec().draft().grid, Bits::Eight);
    // The weights of one with the specification of the other.
    for (spec, weights) in
        [(eight.spec().bytes(), weights_file(&sixteen)), (sixteen.spec().bytes(), weights_file(&eight))]
    {
        let problem = Stored::read(&spec, &weights).unwrap_err();
        assert!(problem.to_string().contains("It has the type"), "{problem}");
    }
}

#[test]
fn a_stored_model_that_was_changed_is_refused() {
    let model = Tiny::sized(21, [4, 1, 1, 2, 3, 2, 1]).checkpoint();
    let m = quantise::<i8>(&model, &[0, 1], 8, Choice::Greedy).unwrap().model;
    let (spec, good) = (m.spec().bytes(), weights_file(&m));
    let text = String::from_utf8_lossy(&good).into_owned();
    let length = usize::try_from(u64::from_le_bytes(good[..8].try_into().unwrap())).unwrap();
    let (header, data) = (&text[8..8 + length], &good[8 + length..]);
    assert!(Stored::read(&spec, &common::file(header, data)).is_ok());
    for (from, to, why) in [
        ("lm_head.weight", "lm_head.weighs", "It is missing."),
        ("\"I8\",\"shape\":[3, 4]", "\"I8\",\"shape\":[4, 3]", "the shape is 4 by 3"),
        ("\"I8\",\"shape\":[3, 4]", "\"I8\",\"shape\":[12]", "It has 1 dimensions, and must have 2."),
        ("\"I8\",\"shape\":[3, 4]", "\"I16\",\"shape\":[6]", "It has the type I16"),
        ("\"I16\",\"shape\":[4]", "\"I16\",\"shape\":[2, 2]", "It has 2 dimensions, and must have 1."),
    ] {
        assert!(header.contains(from), "{header}");
        let changed = common::file(&header.replacen(from, to, 1), data);
        let problem = Stored::read(&spec, &changed).unwrap_err().to_string();
        assert!(problem.contains(why), "{problem} for {to}");
    }
    for end in 0..spec.len() {
        Stored::read(&spec[..end], &good).unwrap_err();
    }
    for end in 0..good.len() {
        Stored::read(&spec, &good[..end]).unwrap_err();
    }
    // A surplus tensor of one byte.
    let surplus = header.trim_end().strip_suffix('}').unwrap().to_owned()
        + &format!(",\"x\":{{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[{},{}]}}}}", data.len(), data.len() + 1);
    let problem = Stored::read(&spec, &common::file(&surplus, &[data, &[0]].concat())).unwrap_err();
    assert!(problem.what.contains("no such weight"), "{problem}");
}

/// Sizes at the edges: nothing but zeros, and weights that are far apart.
#[test]
fn extreme_weights_are_taken_or_refused_by_name() {
    let tokens = [0, 1, 2, 3];
    for size in [0.0, 1e-30, 1e-6, 1.0, 1e4, 1e10] {
        let mut tiny = Tiny::new(22);
        tiny.tensors.iter_mut().filter(|(n, _)| n.contains("mlp")).for_each(|(_, e)| {
            e.values.iter_mut().for_each(|v| *v *= size);
        });
        let model = tiny.checkpoint();
        match quantise::<i16>(&model, &tokens, 16, Choice::Greedy) {
            Ok(q) => assert!(compare(&model, &q, &tokens).unwrap().relative.is_finite(), "{size}"),
            Err(problem) => assert!(problem.place.contains("scale") || problem.place.contains("gate"), "{problem}"),
        }
    }
    let mut tiny = Tiny::new(23);
    tiny.tensors.values_mut().flat_map(|e| &mut e.values).for_each(|v| *v = 0.0);
    let zeros = quantise::<i8>(&tiny.checkpoint(), &tokens, 16, Choice::Greedy).unwrap();
    let d = compare(&tiny.checkpoint(), &zeros, &tokens).unwrap();
    assert!(d.largest == 0.0 && d.same == 4, "{d:?}");
}

#[test]
fn what_a_specification_does_not_have_is_refused() {
    let model = Tiny::new(24).checkpoint();
    let refused = |tokens: &[u32], positions, choice, why: &str| {
        let problem = quantise::<i16>(&model, tokens, positions, choice).unwrap_err();
        assert!(problem.to_string().contains(why), "{problem}");
    };
    refused(&[1], 65, Choice::Greedy, "There are 65 positions");
    refused(&[1], 0, Choice::Greedy, "there are 0 positions");
    refused(&[], 8, Choice::Greedy, "There are 0");
    refused(&[13], 8, Choice::Greedy, "no token 13");
    for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(&[1], 8, Choice::Draw { temperature, top_k: 5, top_p: 1 }, "a scale");
    }
    refused(&[1], 8, Choice::Draw { temperature: 1.0, top_k: 1, top_p: 1 }, "top_k is 1");
    refused(&[1], 8, Choice::Draw { temperature: 1.0, top_k: 14, top_p: 1 }, "top_k is 14");
    refused(&[1], 8, Choice::Draw { temperature: 1.0, top_k: 5, top_p: 65_537 }, "top_p");
}

#[test]
fn a_specification_is_read_from_its_bytes() {
    let model = Tiny::new(25).checkpoint();
    let spec = quantise::<i16>(&model, &[1, 2], 16, DRAW).unwrap().model.spec().clone();
    assert_eq!(Spec::read(&spec.bytes()).unwrap(), spec);
}
