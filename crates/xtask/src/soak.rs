//! The random tests at length. Each runs with few cases in `cargo xtask test`; here they run with many, and their figures are kept.

use crate::{cargo, results, say};
use std::time::Instant;

/// A test that can be made longer: what it shows, the arguments of cargo, and the settings with the cases of one portion.
struct Soak {
    what: &'static str,
    arguments: &'static [&'static str],
    settings: &'static [(&'static str, u64)],
}

const SOAKS: [Soak; 6] = [
    Soak {
        what: "random claims through engines and kernel",
        arguments: &["--package", "bfv-engine-native", "--test", "property"],
        settings: &[("BFV_CASES", 1000)],
    },
    Soak {
        what: "mutants of stored proofs under their seal, read by both checkers",
        arguments: &["--package", "bfv", "--test", "mutants"],
        settings: &[("BFV_MUTANTS", 3)],
    },
    Soak {
        what: "damaged sources through the program",
        arguments: &["--package", "bfv", "--test", "damage"],
        settings: &[("BFV_CASES", 1000)],
    },
    Soak {
        what: "random judgements about Glue types and path constructors, by both checkers",
        arguments: &["--package", "bfv", "--test", "agree_cubical"],
        settings: &[("BFV_CASES", 4000)],
    },
    Soak {
        what: "generated judgements of the whole theory, by both checkers",
        arguments: &["--package", "bfv", "--test", "generated"],
        settings: &[("BFV_CASES", 1_000_000)],
    },
    Soak {
        what: "laws of the kernel on random terms",
        arguments: &["--package", "bfv-kernel", "--test", "laws"],
        settings: &[("BFV_CASES", 20_000)],
    },
];

/// Runs every test with so many portions and writes the section of the results.
pub fn soak(times: u64) -> Result<(), String> {
    let machine = results::machine();
    let mut out = format!("{machine}\n\nWritten by `cargo xtask soak {times}`. A run that fails writes nothing.\n");
    let mut failed = Vec::new();
    for s in &SOAKS {
        say(&format!("Running: {}.", s.what));
        let start = Instant::now();
        let mut command = cargo(&["test", "--release", "--quiet"]);
        command.args(s.arguments).args(["--", "--nocapture", "--test-threads", "1"]);
        for (name, cases) in s.settings {
            command.env(name, cases.saturating_mul(times).to_string());
        }
        // Another portion of the random cases than the one that every test run sees.
        command.env("BFV_SEED", (1000 + times).to_string());
        let done = command.output().map_err(|e| format!("The tests cannot be run: {e}."))?;
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let seconds = start.elapsed().as_secs();
        if !done.status.success() {
            say(&text);
            say(&String::from_utf8_lossy(&done.stderr));
            failed.push(s.what);
            continue;
        }
        // Tests print their figures on lines that begin so; the progress of the tests may stand before them.
        let figures: Vec<&str> = text.lines().filter_map(|l| l.split_once("Figures: ").map(|(_, f)| f)).collect();
        let settings: Vec<String> =
            s.settings.iter().map(|(name, cases)| format!("{name} {}", cases.saturating_mul(times))).collect();
        out += &format!("\n- {}, with {}: passed in {seconds} seconds.\n", s.what, settings.join(", "));
        for f in figures {
            say(f);
            out += &format!("  - {f}\n");
        }
    }
    if !failed.is_empty() {
        return Err(format!("Failed: {}.", failed.join("; ")));
    }
    results::write("Soak", &out)?;
    say("The figures are in benches/RESULTS.md, under the heading Soak.");
    Ok(())
}
