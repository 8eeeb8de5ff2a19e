//! Solvers beside the service: the same goals as text of SMT-LIB, each in a process of its own, as far as a program of that name is in PATH.

use crate::process::{Bounds, End, run};
use crate::service::{SETS, percentile, sorted};
use crate::{root, say};
use bfv_goals::Expected;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How much memory it may take, in kilobytes.
const MEMORY: u64 = 4_000_000;

/// A solver: its name, and its words for what holds and for what is false.
const SOLVERS: [(&str, &[&str], &[&str]); 2] =
    [("cvc5", &["--quant-ind", "--conjecture-gen"], &["--finite-model-find", "--fmf-fun"]), ("z3", &[], &[])];

/// The text of a goal, or why there is none.
pub type Text = Result<String, String>;

/// A goal for solvers: the number of its set, what is expected, and its text.
pub type Question<'q> = (usize, Expected, &'q Text);

/// What solvers say of the goals, in their order, as a table and sentences about what was not asked.
///
/// # Errors
/// A file cannot be written, or a program cannot be run.
pub fn compare(questions: &[Question<'_>]) -> Result<String, String> {
    let folder = root().join("target/solvers");
    std::fs::create_dir_all(&folder).map_err(|e| format!("The folder {} cannot be made: {e}.", folder.display()))?;
    let (file, said) = (folder.join("goal.smt2"), folder.join("said.txt"));
    let mut out = String::new();
    let mut rows = String::new();
    for (name, proving, refuting) in SOLVERS {
        if !found(name) {
            out += &format!("- Not asked: {name}, because no program of that name is in PATH.\n");
            continue;
        }
        let mut times: BTreeMap<usize, Vec<Option<f64>>> = BTreeMap::new();
        let mut wrong: BTreeMap<usize, usize> = BTreeMap::new();
        for (set, expected, text) in questions {
            // Logic of solvers is classical, and nothing is asked of what it may say otherwise.
            let (options, wanted, other) = match expected {
                Expected::Proved => (proving, "unsat", "sat"),
                Expected::Refuted => (refuting, "sat", "unsat"),
                Expected::Open => continue,
            };
            let Ok(text) = text else { continue };
            std::fs::write(&file, text).map_err(|e| format!("The file {} cannot be written: {e}.", file.display()))?;
            let mut command = Command::new(name);
            command.args(options).arg(&file);
            let done = run(&mut command, &said, &Bounds { time: LIMIT, memory: MEMORY })?;
            let answer = done.said.lines().next().unwrap_or_default().trim();
            let solved = matches!(done.end, End::Code(_)) && answer == wanted;
            times.entry(*set).or_default().push(solved.then_some(done.took));
            *wrong.entry(*set).or_default() += usize::from(answer == other);
        }
        say(&format!("{name} was asked."));
        for (set, all) in times {
            let solved = sorted(all.iter().copied().flatten().collect());
            let quick = solved.iter().filter(|t| **t <= 50.0).count();
            let median =
                if solved.is_empty() { "none".to_owned() } else { format!("{:.0} ms", percentile(&solved, 50)) };
            let name_of_set = SETS.get(set).map_or("", |(name, _)| name);
            rows += &format!(
                "| {name} | {name_of_set} | {} | {} | {quick} | {median} | {} |\n",
                all.len(),
                solved.len(),
                wrong.get(&set).copied().unwrap_or_default()
            );
        }
    }
    if !rows.is_empty() {
        out = format!(
            "\nSolvers on the same goals in the same order, as text of SMT-LIB, each goal in a process of its own with {} s. cvc5 is told to prove by induction what holds, and to look for finite models of what is false. \
             A function as a value has no such text. Logic of solvers is classical, so goals without a proof are not asked, and of the others less is asked than of the service. No answer of theirs is checked. \
             The median is that of the goals that were solved.\n\n\
             | solver | set | asked | solved | within 50 ms | median | other answer |\n|---|---|---|---|---|---|---|\n{rows}\n{out}",
            LIMIT.as_secs()
        );
    }
    let mut without: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, _, text) in questions {
        if let Err(why) = text {
            *without.entry(why).or_default() += 1;
        }
    }
    for (why, count) in without {
        out += &format!("- Goals without a text for solvers: {count}. {why}\n");
    }
    Ok(
        out + "- Not asked: agda. It checks proofs that are given and looks for none of these, so there is no fair question.\n"
    )
}

/// Whether a program is in the path.
fn found(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|p| std::env::split_paths(&p).any(|f| f.join(name).is_file()))
}
