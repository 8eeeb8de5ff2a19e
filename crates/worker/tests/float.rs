//! The float reference against plain loops, in all its forms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_worker::float::forward;
use common::{Draw, Random, Tiny};

fn agrees(tiny: &Tiny, tokens: &[u32]) {
    let (found, ranges) = forward(&tiny.checkpoint(), tokens).unwrap();
    let expected = tiny.logits(tokens);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert!((f64::from(*found) - expected).abs() < 2e-4 * (1.0 + expected.abs()), "{found} and {expected}");
    }
    let largest = expected.iter().flatten().fold(0f64, |m, x| m.max(x.abs()));
    assert!((ranges.logits - largest).abs() < 1e-3 * largest);
    assert_eq!(ranges.layers.len(), tiny.layers);
}

#[test]
fn the_reference_agrees_with_plain_loops() {
    let mut r = Random(1);
    for seed in 0..12 {
        let (kv_heads, group) = (1 + r.below(2), 1 + r.below(3));
        let sizes = [
            4 + r.below(20),
            kv_heads * group,
            kv_heads,
            2 + 2 * r.below(4),
            3 + r.below(30),
            2 + r.below(20),
            1 + r.below(3),
        ];
        let mut tiny = Tiny::sized(seed, sizes);
        tiny.window = (seed % 3 == 0).then(|| 1 + r.below(5));
        let n = 1 + r.below(12);
        let tokens = r.tokens(n, u32::try_from(sizes[5]).unwrap());
        agrees(&tiny, &tokens);
    }
}

#[test]
fn a_tied_head_is_the_embedding() {
    let mut tiny = Tiny::new(3);
    tiny.tied = true;
    tiny.tensors.remove("lm_head.weight");
    agrees(&tiny, &[1, 2, 3, 4, 5]);
}

#[test]
fn tokens_are_checked() {
    let model = Tiny::new(4).checkpoint();
    let refused = |tokens: &[u32], why: &str| {
        let problem = forward(&model, tokens).unwrap_err();
        assert!(problem.what.contains(why), "{problem}");
    };
    refused(&[], "There are 0");
    refused(&[0; 65], "There are 65");
    refused(&[3, 13], "no token 13");
    forward(&model, &[12; 64]).unwrap();
}
