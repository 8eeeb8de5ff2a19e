//! The random tests at length. Each runs with few cases in `cargo xtask test`; here they run with many, and their figures are kept.

use crate::{cargo, results, say};
use std::time::Instant;

/// A test that can be made longer: what it shows, the arguments of cargo, the settings with the cases of one portion, and in how
/// many runs a portion is taken. One that takes several has more runs for more portions, the others more cases.
struct Soak {
    what: &'static str,
    arguments: &'static [&'static str],
    settings: &'static [(&'static str, u64)],
    runs: u64,
}

const SOAKS: [Soak; 15] = [
    Soak {
        what: "random claims through engines and kernel",
        arguments: &["--package", "bfv-engine-native", "--test", "property"],
        settings: &[("BFV_CASES", 1000)],
        runs: 1,
    },
    Soak {
        what: "mutants of stored proofs under their seal, read by both checkers",
        arguments: &["--package", "bfv", "--test", "mutants"],
        settings: &[("BFV_MUTANTS", 3)],
        runs: 1,
    },
    Soak {
        what: "damaged sources through the program",
        arguments: &["--package", "bfv", "--test", "damage"],
        settings: &[("BFV_CASES", 1000)],
        runs: 1,
    },
    Soak {
        what: "random judgements about Glue types and path constructors, by both checkers",
        arguments: &["--package", "bfv", "--test", "agree_cubical"],
        settings: &[("BFV_CASES", 4000)],
        runs: 1,
    },
    Soak {
        what: "generated judgements of the whole theory, by both checkers",
        arguments: &["--package", "bfv", "--test", "generated"],
        settings: &[("BFV_CASES", 50_000)],
        runs: 20,
    },
    Soak {
        what: "random expressions, printed and in words, read back",
        arguments: &["--package", "bfv-syntax", "--test", "print", "--test", "words"],
        settings: &[("BFV_CASES", 100_000)],
        runs: 1,
    },
    Soak {
        what: "laws of the kernel on random terms",
        arguments: &["--package", "bfv-kernel", "--test", "laws"],
        settings: &[("BFV_CASES", 20_000)],
        runs: 1,
    },
    Soak {
        what: "runs of the repaired consensus protocol with Byzantine workers",
        arguments: &["--package", "bfv-wingbeat", "--test", "repaired"],
        settings: &[("BFV_CASES", 100_000)],
        runs: 1,
    },
    Soak {
        what: "changed bytes of certificates, envelopes and tree heads",
        arguments: &["--package", "bfv-cert", "--test", "soak"],
        settings: &[("BFV_CASES", 1_000_000)],
        runs: 1,
    },
    Soak {
        what: "changed envelopes, with and without new signatures, before the judge of answers",
        arguments: &["--package", "bfv-verify", "--test", "soak"],
        settings: &[("BFV_CASES", 1_000_000)],
        runs: 1,
    },
    Soak {
        what: "answers in the lanes of floats, off by random parts of their tolerances, and the intervals that they are judged by",
        arguments: &["--package", "bfv-verify", "--test", "floats"],
        settings: &[("BFV_CASES", 2000)],
        runs: 1,
    },
    Soak {
        what: "kernels of cards in the interpreter of their PTX, against their definitions",
        arguments: &["--package", "bfv-device", "--test", "kernels"],
        settings: &[("BFV_CASES", 10_000)],
        runs: 1,
    },
    Soak {
        what: "changed bytes of manifests, splitting configurations and files of tensors",
        arguments: &["--package", "bfv-model", "--test", "soak"],
        settings: &[("BFV_CASES", 1_000_000)],
        runs: 1,
    },
    Soak {
        what: "changed messages to the service, with what it called proved or refuted judged again",
        arguments: &["--package", "bfv-service", "--test", "fuzz"],
        settings: &[("BFV_CASES", 60_000)],
        runs: 1,
    },
    Soak {
        what: "recorded runs of the consensus protocol, followed in its specification",
        arguments: &["--package", "bfv", "--test", "abstract"],
        settings: &[("BFV_CASES", 1000)],
        runs: 1,
    },
];

/// Runs every test with so many portions, or those whose description has a word, and writes a section of the results.
pub fn soak(times: u64, word: Option<&str>) -> Result<(), String> {
    let machine = results::machine();
    let chosen: Vec<&Soak> = SOAKS.iter().filter(|s| word.is_none_or(|w| s.what.contains(w))).collect();
    if chosen.is_empty() {
        return Err(
            "No random test has this word in its description. Run cargo xtask soak without a word for all.".into()
        );
    }
    let (title, command) = match word {
        Some(w) => (format!("Soak of {w}"), format!("cargo xtask soak {times} {w}")),
        None => ("Soak".to_owned(), format!("cargo xtask soak {times}")),
    };
    let mut out = format!("{machine}\n\nWritten by `{command}`. A run that fails writes nothing.\n");
    let mut failed = Vec::new();
    for s in chosen {
        say(&format!("Running: {}.", s.what));
        let start = Instant::now();
        let (runs, portions) = if s.runs == 1 { (1, times) } else { (s.runs.saturating_mul(times), 1) };
        let settings: Vec<(&str, String)> =
            s.settings.iter().map(|(name, cases)| (*name, cases.saturating_mul(portions).to_string())).collect();
        let mut figures = Vec::new();
        for run in 1..=runs {
            // Other random cases than those that every test run sees, and others in each run.
            let seed = if s.runs == 1 { 1000 + times } else { 4000 + run };
            match figures_of(s, &settings, seed)? {
                Some(new) => add(&mut figures, new),
                None => failed.push(s.what),
            }
        }
        if failed.contains(&s.what) {
            continue;
        }
        let seconds = start.elapsed().as_secs();
        let with: Vec<String> = settings.iter().map(|(name, cases)| format!("{name} {cases}")).collect();
        let number = if runs == 1 { String::new() } else { format!(" in {runs} runs whose numbers are added") };
        out += &format!("\n- {}, with {}{number}: passed in {seconds} seconds.\n", s.what, with.join(", "));
        for f in figures {
            say(&f);
            out += &format!("  - {f}\n");
        }
    }
    if !failed.is_empty() {
        return Err(format!("Failed: {}.", failed.join("; ")));
    }
    results::written(&title, &out)
}

/// What one run of a test prints as its figures; none when it fails, which is said.
fn figures_of(s: &Soak, settings: &[(&str, String)], seed: u64) -> Result<Option<Vec<String>>, String> {
    let mut command = cargo(&["test", "--release", "--quiet"]);
    command.args(s.arguments).args(["--", "--nocapture", "--test-threads", "1"]);
    command.envs(settings.iter().map(|(name, cases)| (name, cases)));
    command.env("BFV_SEED", seed.to_string()).env("PROPTEST_RNG_SEED", seed.to_string());
    let done = command.output().map_err(|e| format!("The tests cannot be run: {e}."))?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    if !done.status.success() {
        say(&format!("The run with BFV_SEED {seed} failed."));
        say(&text);
        say(&String::from_utf8_lossy(&done.stderr));
        return Ok(None);
    }
    // Tests print their figures on lines that begin so; the progress of the tests may stand before them.
    Ok(Some(text.lines().filter_map(|l| l.split_once("Figures: ").map(|(_, f)| f.to_owned())).collect()))
}

/// A line taken apart: its numbers, and the text before, between and after them. Digits within a name, as of a kernel, are text.
fn numbers(line: &str) -> (Vec<&str>, Vec<u64>) {
    let (mut words, mut found, mut from, mut at) = (Vec::new(), Vec::new(), 0, 0);
    while let Some(next) = line[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + next;
        let end = line[start..].find(|c: char| !c.is_ascii_digit()).map_or(line.len(), |digits| start + digits);
        at = end;
        let named = line[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if !named && let Ok(n) = line[start..end].parse() {
            words.push(&line[from..start]);
            found.push(n);
            from = end;
        }
    }
    words.push(&line[from..]);
    (words, found)
}

/// Adds the numbers of lines that say the same of another run; a line that speaks of the slowest keeps the larger number.
fn add(all: &mut Vec<String>, new: Vec<String>) {
    for line in new {
        let (words, found) = numbers(&line);
        let Some(old) = all.iter_mut().find(|old| numbers(old).0 == words) else {
            all.push(line);
            continue;
        };
        let both = numbers(old).1.into_iter().zip(found);
        let sums = both.map(|(a, b)| if line.starts_with("slowest") { a.max(b) } else { a.saturating_add(b) });
        *old = words
            .iter()
            .zip(sums.map(|n| n.to_string()).chain([String::new()]))
            .map(|(w, n)| format!("{w}{n}"))
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_added() {
        let mut all = Vec::new();
        add(&mut all, vec!["3 of 10 accepted".into(), "slowest: 7 ms".into()]);
        add(&mut all, vec!["4 of 10 accepted".into(), "slowest: 5 ms".into(), "refused: 1".into()]);
        assert_eq!(all, ["7 of 20 accepted", "slowest: 7 ms", "refused: 1"]);
        // Two kernels whose names differ in a digit are two.
        let mut kernels = vec!["linear_i8: 5 inputs".into(), "linear_i16: 7 inputs".into()];
        add(&mut kernels, vec!["linear_i8: 1 inputs".into(), "linear_i16: 2 inputs".into()]);
        assert_eq!(kernels, ["linear_i8: 6 inputs", "linear_i16: 9 inputs"]);
    }
}
