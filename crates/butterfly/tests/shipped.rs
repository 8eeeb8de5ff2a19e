//! The weights that are shipped, on text that nothing was learned from.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use bfv_butterfly::ngram::Counted;
use bfv_butterfly::shape::Shape;
use bfv_butterfly::train::measured;
use bfv_butterfly::{Net, text};
use candle_core::Device;
use std::path::Path;

/// So many held-out characters are foretold here; `cargo xtask butterfly-train` measures all of them.
const CHARACTERS: usize = 2_048;

#[test]
fn the_shipped_weights_foretell_better_than_counted_characters() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = std::fs::read_to_string(folder.join("text/library.txt")).unwrap();
    let parts = text::split(&text::files(&all).unwrap());
    let held = &parts.held[..CHARACTERS];
    let weights = candle_core::safetensors::load(folder.join("weights/butterfly.safetensors"), &Device::Cpu).unwrap();
    let net = Net::read(Shape::of_recipe().checked().unwrap(), weights).unwrap();
    let cost = measured(&net, held, 512).unwrap();
    for order in [4, 5, 6] {
        let counted = Counted::new(&parts.learned, order).unwrap().measured(held);
        assert!(cost < counted, "learned {cost}, counted with {order} characters before {counted}");
        println!("learned {cost}, counted with {order} characters before {counted}");
    }
}
