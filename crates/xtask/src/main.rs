//! Tasks of the project that plain cargo cannot do. `cargo xtask test` is what a person and continuous integration run.

mod audit;
mod bench;
mod bundle;
mod butterfly;
mod claims;
mod control;
mod cubical;
mod exact;
mod files;
mod kernels;
mod learning;
mod peers;
mod process;
mod protocols;
mod prover;
mod ranking;
mod results;
mod service;
mod serving;
mod soak;
mod solvers;
mod statements;
mod test;
mod tools;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

const USAGE: &str = "There are twenty-four tasks. Usage:
cargo xtask test, or cargo xtask test --require-tools, runs every test.
cargo xtask setup fetches optional tools, checked by their hashes, and unpacks them under target.
cargo xtask bench measures the search and writes benches/RESULTS.md.
cargo xtask bench cubical measures the cubical library and the computations in benches/cubical, and writes benches/RESULTS.md.
cargo xtask bench claims gives claims to bfv and to other tools, and writes benches/RESULTS.md.
cargo xtask bench protocols measures proofs of protocols, and writes benches/RESULTS.md.
cargo xtask bench exact measures the integer operations of workers, and writes benches/RESULTS.md.
cargo xtask bench audit measures what it costs to check an answer, and writes benches/RESULTS.md.
cargo xtask bench prover measures what commitments cost a worker, and writes benches/RESULTS.md.
cargo xtask bench replay measures what it costs to compute tiles of a float answer again, and writes benches/RESULTS.md.
cargo xtask bench control measures an answer with a certificate beside a proof of ezkl, and writes benches/RESULTS.md.
cargo xtask bench service GOALS asks the service over HTTP about the goals in a folder, and writes benches/RESULTS.md. Without a folder, the variable BFV_GOALS names it.
cargo xtask bench ranking measures the orders in which the service tries theorems, and writes benches/RESULTS.md.
cargo xtask bench butterfly measures a streaming step as the context grows, and writes benches/RESULTS.md.
cargo xtask bench-setup fetches those tools, checked by their hashes, and unpacks them under target.
cargo xtask soak, or cargo xtask soak 10 for ten times as much, runs the random tests at length and writes benches/RESULTS.md. A word after the number, as in cargo xtask soak 1 envelopes, takes those that are about it.
cargo xtask bundle makes the bundles of the library in sctt/bundles.
cargo xtask kernels fetches the compiler of kernels, checked by its hash, and writes their PTX in crates/device/kernels.
cargo xtask device compares the kernels with the CPU on the card of this machine, and measures them there.
cargo xtask rank-train learns the order of theorems from the proofs of the library, and writes crates/engine-neural/weights.
cargo xtask butterfly-train, or cargo xtask butterfly-train 200 for so many steps, learns the butterfly model by its recipe in crates/butterfly/examples/train.rs, and writes crates/butterfly/weights.
cargo xtask butterfly-train scoring, or cargo xtask butterfly-train scoring 200, learns the model that scores from both sides by its recipe in crates/butterfly/examples/hidden.rs.
cargo xtask butterfly-score FILE, or cargo xtask butterfly-score FILE 10, scores a text from both sides and names the 5 or 10 characters that surprise the model most.
cargo xtask butterfly-text writes the sources of the library as the text that it is learned from.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => return test::test(false),
        ["test", "--require-tools"] => return test::test(true),
        ["setup"] => tools::setup(),
        ["bench"] => bench::bench(),
        ["bench", "cubical"] => cubical::bench(),
        ["bench", "claims"] => claims::bench(),
        ["bench", "protocols"] => protocols::bench(),
        ["bench", "exact"] => exact::bench(),
        ["bench", "audit"] => audit::bench(),
        ["bench", "prover"] => prover::bench(),
        ["bench", "replay"] => prover::replay(),
        ["bench", "control"] => control::bench(),
        ["bench", "service"] => service::bench(None),
        ["bench", "service", folder] => service::bench(Some(folder)),
        ["bench", "ranking"] => ranking::bench(),
        ["bench", "butterfly"] => butterfly::bench(),
        ["bench-setup"] => peers::setup(),
        ["soak"] => soak::soak(1, None),
        ["soak", times, word @ ..] if word.len() < 2 => match times.parse() {
            Ok(times) if times > 0 => soak::soak(times, word.first().copied()),
            _ => Err(format!("{times} is no number of times. {USAGE}")),
        },
        ["bundle"] => bundle::bundle(),
        ["kernels"] => kernels::write(),
        ["device"] => kernels::device(),
        ["rank-train"] => ranking::train(),
        ["butterfly-text"] => learning::butterfly_text(),
        ["butterfly-train"] => learning::butterfly(None),
        ["butterfly-train", "scoring"] => learning::scoring(None),
        ["butterfly-train", "scoring", steps] => match steps.parse::<usize>() {
            Ok(n) if n > 0 => learning::scoring(Some(steps)),
            _ => Err(format!("{steps} is no number of steps. {USAGE}")),
        },
        ["butterfly-score", file] => learning::score(file, None),
        ["butterfly-score", file, named] => match named.parse::<usize>() {
            Ok(_) => learning::score(file, Some(named)),
            Err(_) => Err(format!("{named} is no number of characters. {USAGE}")),
        },
        ["butterfly-train", steps] => match steps.parse::<usize>() {
            Ok(n) if n > 0 => learning::butterfly(Some(steps)),
            _ => Err(format!("{steps} is no number of steps. {USAGE}")),
        },
        _ => {
            say(USAGE);
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say(&why);
            ExitCode::FAILURE
        }
    }
}

/// Prints a line.
fn say(text: &str) {
    let _closed = writeln!(std::io::stdout().lock(), "{text}");
}

/// The folder of the project; the manifest lies in `crates/xtask`.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    here.canonicalize().unwrap_or(here)
}

/// The cargo that runs this, in the root.
fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Builds a program and says where it lies. Of the whole workspace, so that what other programs and the tests have built is used.
fn program(name: &str) -> Result<PathBuf, String> {
    let built = cargo(&["build", "--release", "--quiet", "--workspace", "--bin", name]).status();
    if !built.is_ok_and(|s| s.success()) {
        return Err(format!("The program {name} cannot be built. Run cargo build --release to see why."));
    }
    Ok(built_program(name))
}

/// Where a program lies that was built.
fn built_program(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
