//! Learning in small, and the counted characters beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bfv_butterfly::ngram::{Counted, MAX_ORDER};
use bfv_butterfly::score::{mean, scores};
use bfv_butterfly::shape::Shape;
use bfv_butterfly::train::{Recipe, learn, measured, uniform};
use bfv_butterfly::{Net, text};

/// Sentences in which what comes at the end was said more than six characters before, so that counting six does not foretell it.
fn sentences(n: usize) -> Vec<u8> {
    let names = ["ann", "bob", "cid", "dee"];
    let line = |i: usize| {
        let name = names[i * i % 7 % 4];
        format!("{name} gave it away, and it was {name} who had it.\n")
    };
    text::tokens(&(0..n).map(line).collect::<String>()).unwrap()
}

/// The shrunken run: a model of some thousand weights learns in seconds what the counted characters cannot know.
#[test]
fn a_small_model_learns_what_counting_does_not_tell() {
    let shape = Shape {
        width: 24,
        heads: 1,
        head_width: 24,
        inner: 32,
        chunk: 16,
        layers: Shape::writing(1, 2, 0),
        rope_base: 10_000,
    };
    let all = sentences(400);
    let (learned, held) = all.split_at(all.len() * 9 / 10);
    let recipe = Recipe { seed: 7, steps: 60, batch: 4, threads: 2, length: 64, rate: 0.02, decay: 0.01, clip: 1.0 };
    let run = || {
        let net = Net::new(shape.clone().checked().unwrap(), recipe.seed).unwrap();
        let mut costs = Vec::new();
        learn(&net, learned, &recipe, |_, cost| costs.push(cost)).unwrap();
        (costs, measured(&net, held, 64).unwrap())
    };
    let (costs, found) = run();
    assert!((costs[0] - uniform()).abs() < 0.5, "at first nothing is known: {}", costs[0]);
    let counted = Counted::new(learned, 4).unwrap().measured(held);
    assert!(found < counted, "learned {found}, counted {counted}");
    println!("learned {found}, counted {counted}");
}

/// Letters that nothing before them foretells, each twelve times: where the first of them stands, only what stands behind it tells which it is.
fn letters(n: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let run = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        [b'A' + u8::try_from(state >> 61).unwrap(); 12]
    };
    (0..n).flat_map(run).collect()
}

/// The shrunken run of the model that scores from both sides: in seconds it learns what no count of what stands before a character tells.
#[test]
fn a_small_model_that_looks_ahead_learns_what_is_hidden() {
    let layers = Shape::writing(0, 2, 0);
    let shape = Shape { width: 16, heads: 1, head_width: 16, inner: 16, chunk: 4, layers, rope_base: 100 }.scoring();
    let all = letters(300);
    let (learned, held) = (&all[..2760], &all[2760..]);
    let recipe = Recipe { seed: 7, steps: 80, batch: 8, threads: 2, length: 16, rate: 0.03, decay: 0.01, clip: 1.0 };
    let net = Net::new(shape.checked().unwrap(), recipe.seed).unwrap();
    let mut costs = Vec::new();
    learn(&net, learned, &recipe, |_, cost| costs.push(cost)).unwrap();
    assert!((costs[0] - uniform()).abs() < 0.5, "at first nothing is known: {}", costs[0]);
    let found = scores(&net, held, 6).unwrap();
    let firsts: Vec<usize> = (12..held.len()).step_by(12).filter(|i| held[*i] != held[i - 1]).collect();
    let mean_of = |costs: &dyn Fn(usize) -> f64| firsts.iter().map(|i| costs(*i)).sum::<f64>() / firsts.len() as f64;
    let own = mean_of(&|i| found[i].cost);
    let counted = Counted::new(learned, 4).unwrap();
    let before = mean_of(&|i| -counted.likelihood(&held[i - 4..i], held[i]).ln());
    let between = mean_of(&|i| counted.cost_between(held, i));
    println!("all {}, firsts {own}, counted before {before}, on both sides {between}", mean(&found));
    assert!(between < 1.0 && before > 3.0, "what the test is about: {before}, {between}");
    // Who saw only what stands before would have to take any of eight letters.
    assert!(own < 0.85 * 8_f64.ln(), "learned {own}");
}

/// A text that differs in one character has its share of both likelihoods: of two characters by hand.
#[test]
fn a_counted_character_between_others_has_its_share() {
    let counted = Counted::new(b"abacabacadabab", 2).unwrap();
    let text = b"abacab";
    let whole = |text: &[u8]| -> f64 {
        (0..text.len()).map(|i| counted.likelihood(&text[i.saturating_sub(2)..i], text[i])).product()
    };
    for place in 0..text.len() {
        let with = |token: u8| {
            let mut other = text.to_vec();
            other[place] = token;
            whole(&other)
        };
        let all: f64 = (0..=255).map(with).sum();
        let wanted = -(whole(text) / all).ln();
        assert!((counted.cost_between(text, place) - wanted).abs() < 1e-9, "place {place}");
    }
}

#[test]
fn the_same_recipe_gives_the_same_model() {
    let shape = Shape {
        width: 8,
        heads: 1,
        head_width: 8,
        inner: 8,
        chunk: 4,
        layers: Shape::writing(0, 2, 0),
        rope_base: 10_000,
    };
    let text = sentences(20);
    let recipe = Recipe { seed: 3, steps: 5, batch: 2, threads: 2, length: 16, rate: 0.01, decay: 0.1, clip: 1.0 };
    let run = || {
        let net = Net::new(shape.clone(), recipe.seed).unwrap();
        let mut costs = Vec::new();
        learn(&net, &text, &recipe, |_, cost| costs.push(cost)).unwrap();
        costs
    };
    assert_eq!(run(), run());
    let net = Net::new(shape.clone(), 1).unwrap();
    assert!(learn(&net, &text[..16], &recipe, |_, _| ()).unwrap_err().what.contains("16 characters"));
    assert!(measured(&net, &text, 6).unwrap_err().what.contains("no multiple"));
    assert!(measured(&net, &text[..8], 4).unwrap_err().what.contains("more than 8"));
}

/// All likelihoods of what may come next make one, whatever was seen.
#[test]
fn likelihoods_make_one() {
    let text = sentences(30);
    for order in [0, 1, 4, MAX_ORDER] {
        let counted = Counted::new(&text, order).unwrap();
        for before in [&b""[..], b"a", b"ann ", b"gave it away", b"never seen before"] {
            let sum: f64 = (0..=255).map(|t| counted.likelihood(before, t)).sum();
            assert!((sum - 1.0).abs() < 1e-9, "order {order}, after {before:?}: {sum}");
        }
    }
}

/// The counts of a text that can be counted by hand: after a stands b twice and c once.
#[test]
fn shares_are_those_of_the_published_formula() {
    let counted = Counted::new(b"abacab", 1).unwrap();
    let lower = Counted::new(b"abacab", 1).unwrap().likelihood(b"", b'b');
    // One gram of two and three of one: the share of what is kept back is 3/5, so the discounts are 1 - 2 * 3/5 * 1/3 and so on.
    let (one, two) = (1.0 - 2.0 * 0.6 / 3.0, 2.0 - 3.0 * 0.6);
    let wanted = (2.0 - two) / 3.0 + (one + two) / 3.0 * lower;
    assert!((counted.likelihood(b"a", b'b') - wanted).abs() < 1e-12);
    assert!(Counted::new(b"abacab", MAX_ORDER + 1).is_err() && Counted::new(b"ab", 2).is_err());
}

/// Longer contexts foretell better where the text repeats itself.
#[test]
fn longer_contexts_cost_less_on_what_repeats() {
    let all = sentences(200);
    let (learned, held) = all.split_at(all.len() / 2);
    let costs: Vec<f64> = [1, 2, 4].iter().map(|n| Counted::new(learned, *n).unwrap().measured(held)).collect();
    assert!(costs[0] > costs[1] && costs[1] > costs[2], "{costs:?}");
}

#[test]
fn text_becomes_tokens_and_back() {
    let tokens = text::tokens("caf\u{e9} 1 < 2\n").unwrap();
    assert_eq!(tokens[3], 0xe9);
    assert_eq!(text::text(&tokens), "caf\u{e9} 1 < 2\n");
    assert!(text::tokens("\u{3b1}").unwrap_err().what.contains("Character 0"));
    assert!(text::tokens("a\u{c}").is_err());
    let files: Vec<u8> = (0_u8..10).flat_map(|i| [i, text::END]).collect();
    let parts = text::split(&files);
    assert_eq!(parts.held, [4, text::END]);
    assert_eq!(parts.learned.len(), 18);
}

/// The text belongs to the recipe: another one makes another model.
#[test]
fn the_text_of_the_recipe_is_the_one_that_was_written_down() {
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/text/library.txt")).unwrap();
    assert_eq!(
        blake3::hash(&bytes).to_hex().as_str(),
        "c0ac9a02a69e8f83bfd6e11650af1a5daedc5b8183f95aa4b540121eb71c1644"
    );
    let all = String::from_utf8(bytes).unwrap();
    let files: Vec<Vec<u8>> = all.split_terminator('\u{c}').map(|f| text::tokens(f).unwrap()).collect();
    let parts = text::split(all.as_bytes());
    assert_eq!((files.len(), all.len(), parts.held.len(), parts.learned.len()), (95, 958_017, 60_859, 897_158));
}
