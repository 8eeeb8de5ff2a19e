//! Scores a text from both sides, and says which characters surprise the model most.
//!
//! The words after it: the file of the weights, that of the text, and how many characters to name, five where no number stands.

use bfv_butterfly::score::{self, SPACING};
use bfv_butterfly::shape::Shape;
use bfv_butterfly::words::report;
use bfv_butterfly::{Net, text};
use bfv_model::Problem;
use candle_core::Device;
use std::io::Write;
use std::process::ExitCode;

/// How many characters are named where nothing is said.
const NAMED: usize = 5;
/// The longest text: scoring a character takes as long as a sixteenth of a pass over what the model sees.
const LONGEST: usize = 1 << 16;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (text, code) = match run(&words) {
        Ok(text) => (text, ExitCode::SUCCESS),
        Err(why) => (format!("Not scored: {}. {} {}", why.place, why.what, why.mend), ExitCode::FAILURE),
    };
    let _closed = writeln!(std::io::stdout().lock(), "{text}");
    code
}

fn run(words: &[String]) -> Result<String, Problem> {
    let usage = |what: &str| {
        Problem::new(
            "the words after the program",
            what.to_owned(),
            "Name the weights, the text, and how many characters.",
        )
    };
    let (weights, file, named) = match words {
        [weights, file] => (weights, file, NAMED),
        [weights, file, n] => (weights, file, n.parse().map_err(|_| usage("The last one is no number."))?),
        _ => return Err(usage("There are not two or three.")),
    };
    let all = std::fs::read_to_string(file).map_err(|e| {
        Problem::new(format!("file {file}"), format!("It cannot be read: {e}."), "Name a file of text.")
    })?;
    let tokens = text::tokens(&all)?;
    if tokens.len() > LONGEST {
        let what = format!("It has {} characters, and at most {LONGEST} are scored at once.", tokens.len());
        return Err(Problem::new(format!("file {file}"), what, "Score it in parts."));
    }
    let tensors = candle_core::safetensors::load(weights, &Device::Cpu).map_err(|_| {
        Problem::new(format!("file {weights}"), "It is no file of weights.", "Run cargo xtask butterfly-train scoring.")
    })?;
    let net = Net::read(Shape::of_scoring().checked()?, tensors)?;
    Ok(report(&tokens, &score::scores(&net, &tokens, SPACING)?, named))
}
