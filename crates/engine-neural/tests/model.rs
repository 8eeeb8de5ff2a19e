//! Weights: those of the program are read, and whatever is damaged is refused in words.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use bfv_engine_neural::{Features, LONGEST, Model, PLACES, WEIGHTS, WIDTH, by_score};
use candle_core::{Device, Tensor};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// Features by small numbers of walks, moved to where places are made of them.
fn features(end: &[u64], given: &[u64]) -> Features {
    let moved = |all: &[u64]| all.iter().map(|w| w << 20).collect();
    Features { end: moved(end), given: moved(given) }
}

/// A file in which place 1 is shared by goals and theorems that help, and place 3 is that of theorems that do not.
fn written(version: Option<u32>) -> Vec<u8> {
    let column = |values: &[(usize, f32)]| {
        let mut all = vec![0.0_f32; PLACES];
        for (place, value) in values {
            all[*place] = *value;
        }
        Tensor::from_vec(all, (PLACES, 1), &Device::Cpu).unwrap()
    };
    let rows = || Tensor::zeros((PLACES, WIDTH), candle_core::DType::F32, &Device::Cpu).unwrap();
    let rare = column(&(0..PLACES).map(|p| (p, 1.0)).collect::<Vec<_>>());
    let mut file = Model::file([column(&[(1, 4.0)]), column(&[(3, -2.0)]), rows(), rows(), rare]).unwrap();
    if let Some(version) = version {
        file.insert("version".to_owned(), Tensor::new(&[version], &Device::Cpu).unwrap());
    }
    // Tests of one process run at once.
    static MADE: AtomicU32 = AtomicU32::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("weights-{}-{number}", std::process::id()));
    candle_core::safetensors::save(&file, &path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    bytes
}

#[test]
fn the_weights_of_the_program_are_small_and_tell_goals_apart() {
    assert!(WEIGHTS.len() <= 300_000, "{} bytes", WEIGHTS.len());
    let model = Model::read(WEIGHTS).unwrap();
    let goal = model.goal(&features(&[1, 2, 3], &[4]));
    let (near, far) = (model.theorem(&features(&[1, 2, 3], &[4])), model.theorem(&features(&[700, 800], &[900])));
    assert!(model.overlap(&goal, &near) > model.overlap(&goal, &far));
    assert!(model.score(&goal, &near).is_finite() && model.score(&goal, &far).is_finite());
    assert!((model.score(&goal, &near) - model.score(&goal, &far)).abs() > 0.0);
    // The same question has the same answer.
    let again = Model::read(WEIGHTS).unwrap();
    let (g, t) = (again.goal(&features(&[1, 2, 3], &[4])), again.theorem(&features(&[1, 2, 3], &[4])));
    assert_eq!(again.score(&g, &t).to_bits(), model.score(&goal, &near).to_bits());
}

#[test]
fn a_score_is_what_is_shared_and_what_the_theorem_has() {
    let model = Model::read(&written(None)).unwrap();
    let goal = model.goal(&features(&[1, 2], &[]));
    let score = |end: &[u64], given: &[u64]| model.score(&goal, &model.theorem(&features(end, given)));
    // One of two places is shared, with weight 4: each side is divided by the root of how many it has.
    assert!((score(&[1, 5], &[]) - 2.0).abs() < 1e-6, "{}", score(&[1, 5], &[]));
    assert!((score(&[3], &[]) + 2.0).abs() < 1e-6);
    // What is given has places of its own.
    assert!(score(&[5], &[1]).abs() < 1e-6);
    let overlap = |end: &[u64]| model.overlap(&goal, &model.theorem(&features(end, &[])));
    assert!((overlap(&[1, 2]) - 1.0).abs() < 1e-6 && (overlap(&[1]) - 2.0 / 3.0).abs() < 1e-6 && overlap(&[9]) == 0.0);
}

#[test]
fn damaged_weights_are_refused_in_words() {
    let good = written(None);
    for at in (0..good.len()).step_by(997).chain([good.len() - 1]) {
        let mut bad = good.clone();
        bad[at] ^= 0x41;
        let why = Model::read(&bad).unwrap_err();
        assert!(why.starts_with("The weights of the ranking are ") && why.ends_with('.'), "{at}: {why}");
    }
    for short in [0, 7, 100, good.len() / 2, good.len() - 1] {
        assert_eq!(Model::read(&good[..short]).unwrap_err(), "The weights of the ranking are damaged.");
    }
    assert_eq!(Model::read(&written(Some(9))).unwrap_err(), "The weights of the ranking are not of version 1.");
    let why = Model::read(&vec![0; LONGEST + 1]).unwrap_err();
    assert_eq!(why, "The weights of the ranking have more than 1048576 bytes.");
}

#[test]
fn equal_scores_keep_their_order() {
    assert_eq!(by_score(vec![1, 2, 3, 4], |n| f64::from(n % 2)), [1, 3, 2, 4]);
}
