//! Takes learned weights of the butterfly model to whole numbers of 8 bits, writes them as a model that workers run, and says what the whole numbers cost.
//!
//! The words after it: the file of the text, that of the weights, and a folder for the model.

use bfv_butterfly::stream::Stream;
use bfv_butterfly::{Net, Shape, text};
use bfv_exact::forward::State;
use bfv_model::stored::{SPEC_FILE, WEIGHTS_FILE, weights_file};
use bfv_worker::butterfly::quantise;
use bfv_worker::quantise::Choice;
use candle_core::Device;
use std::path::Path;

/// Characters that ranges are taken from, of what was learned.
const CALIBRATION: usize = 2048;
/// Characters that are held out and foretold, from the first one on.
const MEASURED: usize = 8192;
/// Positions of the model.
const POSITIONS: u32 = 1 << 16;
/// How the model chooses when it writes.
const CHOICE: Choice = Choice::Draw { temperature: 0.5, top_k: 40, top_p: 62_259 };

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [from, weights, to] = words.as_slice() else {
        return Err("Name the file of the text, that of the weights, and a folder.".into());
    };
    let all = text::files(&std::fs::read_to_string(from)?).map_err(|p| p.to_string())?;
    let parts = text::split(&all);
    let tensors = candle_core::safetensors::load(weights, &Device::Cpu)?;
    let net =
        Net::read(Shape::of_recipe().checked().map_err(|p| p.to_string())?, tensors).map_err(|p| p.to_string())?;
    let some = parts.learned.get(..CALIBRATION).ok_or("The text is too short.")?;
    let held = parts.held.get(..=MEASURED).ok_or("The text is too short.")?;
    let whole = quantise::<i8>(&net, some, POSITIONS, CHOICE).map_err(|p| p.to_string())?;
    let mut stream = Stream::new(&net).map_err(|p| p.to_string())?;
    let floats = measured(held, |token| Ok(stream.step(token).into_iter().map(f64::from).collect()))?;
    let mut state = State::default();
    let found = measured(held, |token| {
        let (next, logits) = whole.model.forward(std::mem::take(&mut state), &[u32::from(token)], &mut ())?;
        state = next;
        Ok(logits.into_iter().map(|l| f64::from(l) * whole.logit).collect())
    })?;
    println!(
        "The first {MEASURED} characters that are held out, in a stream: {floats:.4} nats in floats, {found:.4} nats over whole numbers of 8 bits."
    );
    std::fs::create_dir_all(to)?;
    std::fs::write(Path::new(to).join(SPEC_FILE), whole.model.spec().bytes())?;
    std::fs::write(Path::new(to).join(WEIGHTS_FILE), weights_file(&whole.model))?;
    println!("The model over whole numbers is written, in {to}.");
    Ok(())
}

/// The mean cost of every character after the first, in nats.
fn measured(
    text: &[u8],
    mut step: impl FnMut(u8) -> Result<Vec<f64>, Box<dyn std::error::Error>>,
) -> Result<f64, Box<dyn std::error::Error>> {
    let (mut sum, mut counted) = (0.0, 0.0);
    for pair in text.windows(2) {
        let [given, wanted] = pair else { continue };
        let logits = step(*given)?;
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logits.iter().map(|l| (l - largest).exp()).sum();
        let own = logits.get(usize::from(*wanted)).ok_or("There are too few logits.")?;
        sum += largest + total.ln() - own;
        counted += 1.0;
    }
    Ok(sum / counted)
}
