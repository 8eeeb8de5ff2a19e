//! `bfv-device`: whether kernels are what their sources say, and what a card does with them. `cargo xtask kernels` and `cargo xtask device` start it.
#![forbid(unsafe_code)]

mod sanitize;

use bfv_device::compile::compile;
use bfv_device::cuda::Cuda;
use bfv_device::kernels::{FILES, identity};
use bfv_device::measure::{TRIALS, figures, trials};
use sanitize::sanitize;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "There are four commands.
bfv-device check compiles all kernels and compares them with the PTX that is part of this program.
bfv-device write FOLDER compiles all kernels and writes their PTX into a folder.
bfv-device measure does all that is asked of a card, with the first one of this machine.
It measures kernels and commitments, and runs compute-sanitizer where it is found.
It also compares each kernel with the CPU on 10,000 random inputs.
bfv-device trials N compares each kernel with the CPU on N random inputs, on the first card.";

/// The last line of a comparison that has ended.
const ENDED: &str = "All inputs were compared.";

/// Prints a line.
fn say(text: &str) {
    let _closed = writeln!(std::io::stdout().lock(), "{text}");
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["check"] => check(),
        ["write", folder] => write(Path::new(folder)),
        ["measure"] => measure(),
        ["trials", inputs] => tried(inputs),
        ["help" | "--help"] => {
            say(USAGE);
            return ExitCode::SUCCESS;
        }
        _ => {
            let _closed = writeln!(std::io::stderr().lock(), "{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _closed = writeln!(std::io::stderr().lock(), "{why}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<(), String> {
    for file in FILES {
        if compile(&file)? != file.ptx {
            let name = file.name;
            return Err(format!(
                "The file {name}.ptx is not what the compiler makes of {name}.cu. Run cargo xtask kernels."
            ));
        }
    }
    let kernels: usize = FILES.iter().map(|file| file.kernels.len()).sum();
    say(&format!("Compiled {kernels} kernels in {} files: their PTX is that of their sources.", FILES.len()));
    Ok(())
}

fn write(folder: &Path) -> Result<(), String> {
    for file in FILES {
        let path = folder.join(file.name).with_extension("ptx");
        std::fs::write(&path, compile(&file)?)
            .map_err(|why| format!("The file {} cannot be written: {why}.", path.display()))?;
    }
    say(&format!("Wrote the PTX of {} files into {}.", FILES.len(), folder.display()));
    Ok(())
}

/// The first card; without one that is said.
fn card() -> Option<Cuda> {
    match Cuda::open() {
        Ok(cuda) => {
            say(&format!("The card is {}, and the kernels are {}.", cuda.name(), identity()));
            Some(cuda)
        }
        Err(why) => {
            say(&format!("Not run: needs a GPU. {why}"));
            None
        }
    }
}

/// Everything that is asked of a card. What is short comes first, so that a run that is cut off has said it; what goes wrong keeps nothing else from being done.
fn measure() -> Result<(), String> {
    let mut line = |text: String| say(&text);
    let Some(cuda) = card() else { return Ok(()) };
    let parts = [
        figures(&cuda, &mut line).map_err(|why| why.to_string()),
        sanitize(&mut line),
        trials(&cuda, TRIALS, &mut line).map_err(|why| why.to_string()),
    ];
    let wrong: Vec<String> = parts.into_iter().filter_map(Result::err).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn tried(inputs: &str) -> Result<(), String> {
    let inputs = inputs.parse().map_err(|_| format!("{inputs} is no number of inputs. {USAGE}"))?;
    let Some(cuda) = card() else { return Ok(()) };
    trials(&cuda, inputs, &mut |text| say(&text)).map_err(|why| why.to_string())?;
    say(ENDED);
    Ok(())
}
