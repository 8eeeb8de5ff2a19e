//! Learns the model that scores from both sides from a file of text, and says what hidden characters of what is held out cost, beside counted characters
//! that are asked from both sides and beside the model that writes, which sees one side.
//!
//! The words after it: the file of the text, that of the weights of the model that writes, where to write the weights, and how many steps, all of them
//! where no number stands.

use bfv_butterfly::ngram::Counted;
use bfv_butterfly::score::{self, SPACING};
use bfv_butterfly::shape::Shape;
use bfv_butterfly::train::{Recipe, learn, measured};
use bfv_butterfly::{Net, text};
use candle_core::Device;
use std::time::Instant;

/// How many characters are scored, the first that are held out. Each of them is scored after the model has seen all others around it.
const SCORED: usize = 8192;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (from, writing, to, steps) = match words.as_slice() {
        [from, writing, to] => (from, writing, to, Recipe::SCORING.steps),
        [from, writing, to, steps] => (from, writing, to, steps.parse()?),
        _ => return Err("Name the file of the text, and those of both weights.".into()),
    };
    let recipe = Recipe { steps, ..Recipe::SCORING };
    let all = text::files(&std::fs::read_to_string(from)?).map_err(|p| p.what)?;
    let parts = text::split(&all);
    let held = parts.held.get(..SCORED).ok_or("The text is too short.")?;
    println!("{} characters to learn from, the first {SCORED} of those held out are scored.", parts.learned.len());
    let shape = Shape::of_scoring().checked().map_err(|p| p.what)?;
    let net = Net::new(shape, recipe.seed)?;
    println!("{} weights. {recipe:?}", net.shape.weights());
    let (start, every) = (Instant::now(), (recipe.steps / 40).max(1));
    let mut sum = 0.0;
    learn(&net, &parts.learned, &recipe, |step, cost| {
        sum += cost;
        if (step + 1) % every == 0 {
            let seconds = start.elapsed().as_secs_f64();
            println!("Step {}: {:.4} nats on what is learned, {seconds:.0} s.", step + 1, sum / every as f64);
            sum = 0.0;
        }
    })
    .map_err(|p| p.what)?;
    let seconds = start.elapsed().as_secs_f64();
    let short = net.shortened().map_err(|p| p.what)?;
    candle_core::safetensors::save(&short, to)?;
    let scored = |net: &Net| score::scores(net, held, SPACING).map(|s| score::mean(&s)).map_err(|p| p.what);
    told("Hidden characters, both sides seen", scored(&net)?, &format!(", after {seconds:.0} s"));
    let read = Net::read(net.shape.clone(), short).map_err(|p| p.what)?;
    told("The same as written, in brain floats of 16 bits", scored(&read)?, "");
    let writes = candle_core::safetensors::load(writing, &Device::Cpu)?;
    let writes = Net::read(Shape::of_recipe().checked().map_err(|p| p.what)?, writes).map_err(|p| p.what)?;
    told("The model that writes, which sees what stands before", measured(&writes, held, 512).map_err(|p| p.what)?, "");
    for order in [4, 5, 6] {
        let counted = Counted::new(&parts.learned, order).map_err(|p| p.what)?;
        let what = format!("Counted, {order} characters on either side");
        told(&what, counted.measured_between(held), "");
    }
    Ok(())
}

fn told(what: &str, nats: f64, more: &str) {
    println!("{what}: {nats:.4} nats, {:.4} bits{more}.", nats / std::f64::consts::LN_2);
}
