//! Learns the model from a file of text, and says what it costs to foretell what is held out, beside counted characters.
//!
//! The words after it: the file of the text, where to write the weights, and how many steps, all of them where no number stands.

use bfv_butterfly::ngram::Counted;
use bfv_butterfly::shape::Shape;
use bfv_butterfly::stream::Stream;
use bfv_butterfly::train::{Recipe, learn, measured};
use bfv_butterfly::{Net, text};
use std::time::Instant;

/// Characters before each one that is foretold when the model is measured, at least.
const CONTEXT: usize = 512;

/// What the sample begins with.
const SAMPLE: &str = "theorem sum_nonneg {k : Nat} (x : Vec k Real)";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (from, to, steps) = match words.as_slice() {
        [from, to] => (from, to, Recipe::OWN.steps),
        [from, to, steps] => (from, to, steps.parse()?),
        _ => return Err("Name the file of the text and that of the weights.".into()),
    };
    let recipe = Recipe { steps, ..Recipe::OWN };
    let all = text::files(&std::fs::read_to_string(from)?).map_err(|p| p.what)?;
    let parts = text::split(&all);
    println!("{} characters to learn from, {} held out.", parts.learned.len(), parts.held.len());
    for order in [4, 5, 6] {
        let cost = Counted::new(&parts.learned, order).map_err(|p| p.what)?.measured(&parts.held);
        println!("Counted, {order} characters before: {cost:.4} nats, {:.4} bits.", bits(cost));
    }
    let net = Net::new(Shape::of_recipe().checked().map_err(|p| p.what)?, recipe.seed)?;
    println!("{} weights. {recipe:?}", net.shape.weights());
    let (start, every) = (Instant::now(), (recipe.steps / 40).max(1));
    let mut sum = 0.0;
    learn(&net, &parts.learned, &recipe, |step, cost| {
        sum += cost;
        if (step + 1) % every == 0 {
            println!(
                "Step {}: {:.4} nats on what is learned, {:.0} s.",
                step + 1,
                sum / every as f64,
                start.elapsed().as_secs_f64()
            );
            sum = 0.0;
        }
    })
    .map_err(|p| p.what)?;
    let cost = measured(&net, &parts.held, CONTEXT).map_err(|p| p.what)?;
    println!("Held out: {cost:.4} nats, {:.4} bits, after {:.0} s.", bits(cost), start.elapsed().as_secs_f64());
    let short = net.shortened().map_err(|p| p.what)?;
    let read = Net::read(net.shape.clone(), short.clone()).map_err(|p| p.what)?;
    let cost = measured(&read, &parts.held, CONTEXT).map_err(|p| p.what)?;
    println!("As written, in brain floats of 16 bits: {cost:.4} nats, {:.4} bits.", bits(cost));
    candle_core::safetensors::save(&short, to)?;
    let after = text::tokens(SAMPLE).map_err(|p| p.what)?;
    let written = Stream::new(&read).map_err(|p| p.what)?.write(&after, 400, 0.5, recipe.seed);
    println!("A sample, drawn at a temperature of one half:\n{SAMPLE}{}", text::text(&written));
    Ok(())
}

fn bits(nats: f64) -> f64 {
    nats / std::f64::consts::LN_2
}
