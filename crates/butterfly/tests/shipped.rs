//! The weights that are shipped, on text that nothing was learned from.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use bfv_butterfly::holes::LEARNED_SPACING;
use bfv_butterfly::ngram::Counted;
use bfv_butterfly::score::{SPACING, mean, scores, window};
use bfv_butterfly::shape::Shape;
use bfv_butterfly::train::measured;
use bfv_butterfly::words::report;
use bfv_butterfly::{Net, text};
use candle_core::Device;
use std::path::Path;

/// So many held-out characters are foretold here; `cargo xtask butterfly-train` measures all of them.
const CHARACTERS: usize = 2_048;

/// The text in its parts, and weights that are shipped.
fn shipped(name: &str, shape: Shape) -> (text::Parts, Net) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = std::fs::read_to_string(folder.join("text/library.txt")).unwrap();
    let weights = candle_core::safetensors::load(folder.join("weights").join(name), &Device::Cpu).unwrap();
    (text::split(&text::files(&all).unwrap()), Net::read(shape.checked().unwrap(), weights).unwrap())
}

#[test]
fn the_shipped_weights_foretell_better_than_counted_characters() {
    let (parts, net) = shipped("butterfly.safetensors", Shape::of_recipe());
    let held = &parts.held[..CHARACTERS];
    let cost = measured(&net, held, 512).unwrap();
    for order in [4, 5, 6] {
        let counted = Counted::new(&parts.learned, order).unwrap().measured(held);
        assert!(cost < counted, "learned {cost}, counted with {order} characters before {counted}");
        println!("learned {cost}, counted with {order} characters before {counted}");
    }
}

/// On the same characters, with the same window to look at, both sides tell more than one.
#[test]
fn the_shipped_weights_foretell_better_from_both_sides_than_from_one() {
    let (parts, scoring) = shipped("scoring.safetensors", Shape::of_scoring());
    let (_, writing) = shipped("butterfly.safetensors", Shape::of_recipe());
    let window = window(&scoring.shape);
    let both = mean(&scores(&scoring, &parts.held[1..=window], LEARNED_SPACING).unwrap());
    let one = f64::from(writing.loss(&[parts.held[..=window].to_vec()], 0).unwrap().to_scalar::<f32>().unwrap());
    println!("from both sides {both}, from one {one}");
    assert!(both < one, "from both sides {both}, from one {one}");
}

/// What scores are for: of a text with letters that have changed places, these surprise most.
#[test]
fn a_slip_of_the_pen_surprises_most() {
    let (_, scoring) = shipped("scoring.safetensors", Shape::of_scoring());
    let said = "--- The sum of two numbers is nonnegatvie where both are.\ntheorem sum_nonneg (x : Real) (hx : 0 <= x) : 0 <= x + x";
    let text = text::tokens(said).unwrap();
    let scores = scores(&scoring, &text, SPACING).unwrap();
    let most = (0..text.len()).max_by(|a, b| scores[*a].cost.total_cmp(&scores[*b].cost)).unwrap();
    let slip = said.find("tvie").unwrap();
    assert!((slip..slip + 4).contains(&most), "{}", report(&text, &scores, 5));
}

/// What is shipped stays small: all weights of the project together have at most eight million bytes.
#[test]
fn all_weights_together_are_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    let (mut found, mut bytes) = (0, 0);
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|e| e.unwrap().path()) {
            if path.extension().is_some_and(|e| e == "safetensors") {
                bytes += path.metadata().unwrap().len();
                found += 1;
            }
            folders.push(path);
        }
    }
    assert!(found >= 4 && bytes <= 8_000_000, "{found} files with {bytes} bytes");
}
