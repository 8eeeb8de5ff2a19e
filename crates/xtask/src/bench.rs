//! The benchmark: each statement searched fresh, in a process of its own, beside z3 on the same statement where it is there.

use crate::process::{self, Bounds, End};
use crate::statements::{Statement, all};
use crate::{program, results, say, tools};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs of bfv for each statement; the median counts.
const RUNS: usize = 5;
/// How long z3 may think.
const LIMIT: Duration = Duration::from_secs(60);

/// What came of a statement.
struct Row {
    name: String,
    verdict: String,
    load: f64,
    judge: f64,
    process: f64,
    peer: Peer,
}

/// What z3 says.
enum Peer {
    Answer(String, f64),
    Nothing,
    NotStated,
    Missing,
}

/// Measures every statement and writes the section of the results.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let bfv = program("bfv")?;
    let folder = scratch()?;
    let z3 = tools::z3();
    if z3.is_none() {
        say("z3 is missing, so nothing is compared. Run cargo xtask setup to fetch it.");
    }
    let mut rows = Vec::new();
    for statement in all() {
        let row = measure(&statement, &bfv, z3.as_deref(), &folder)?;
        say(&sentence(&row));
        rows.push(row);
    }
    let _removed = std::fs::remove_dir_all(&folder);
    results::write("Search", &page(&machine, &rows))?;
    say("The figures are in benches/RESULTS.md, under the heading Search.");
    Ok(())
}

/// A folder outside of every project, so that nothing is stored and no stored proof is found.
pub fn scratch() -> Result<PathBuf, String> {
    let folder = std::env::temp_dir().join(format!("bfv-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| format!("The folder {} cannot be made: {e}.", folder.display()))?;
    Ok(folder)
}

fn measure(s: &Statement, bfv: &Path, z3: Option<&Path>, folder: &Path) -> Result<Row, String> {
    let file = folder.join("bench.sctt");
    std::fs::write(&file, &s.source).map_err(|e| format!("The file {} cannot be written: {e}.", file.display()))?;
    let mut runs = Vec::new();
    let mut verdict = String::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let out = Command::new(bfv)
            .args(["check", "--fresh", "--format", "json", "bench.sctt"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .map_err(|e| format!("The program cannot be run: {e}."))?;
        let process = start.elapsed().as_secs_f64() * 1000.0;
        let document: serde_json::Value =
            serde_json::from_slice(&out.stdout).map_err(|e| format!("The program printed no document: {e}."))?;
        let Some(goal) = document["goals"].get(0) else {
            verdict = "cannot be stated with this library".to_owned();
            continue;
        };
        verdict = goal["verdict"].as_str().unwrap_or("no verdict").to_owned();
        let number = |v: &serde_json::Value| v.as_f64().unwrap_or(f64::NAN);
        runs.push((process, number(&document["cost"]["load_ms"]), number(&goal["cost"]["wall_ms"])));
    }
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (process, load, judge) = runs.get(runs.len() / 2).copied().unwrap_or((f64::NAN, f64::NAN, f64::NAN));
    let peer = match (&s.smt, z3) {
        (None, _) => Peer::NotStated,
        (Some(_), None) => Peer::Missing,
        (Some(text), Some(z3)) => ask(z3, text, folder)?,
    };
    Ok(Row { name: s.name.clone(), verdict, load, judge, process, peer })
}

/// Runs z3 in a process of its own, which is ended when the time is up.
fn ask(z3: &Path, text: &str, folder: &Path) -> Result<Peer, String> {
    let file = folder.join("bench.smt2");
    std::fs::write(&file, text).map_err(|e| format!("The file {} cannot be written: {e}.", file.display()))?;
    let bounds = Bounds { time: LIMIT, memory: u64::MAX };
    let run = process::run(Command::new(z3).arg(&file), &folder.join("said.txt"), &bounds)?;
    if !matches!(run.end, End::Code(_)) {
        return Ok(Peer::Nothing);
    }
    // The negation has no model when the statement holds.
    Ok(match run.said.lines().next().unwrap_or("nothing") {
        "unsat" => Peer::Answer("proved".to_owned(), run.took),
        "sat" => Peer::Answer("refuted".to_owned(), run.took),
        other => Peer::Answer(other.to_owned(), run.took),
    })
}

fn peer(row: &Row) -> (String, String, String) {
    let ratio = |theirs: f64, ours: f64| format!("{:.1}", theirs / ours);
    match &row.peer {
        Peer::Answer(said, took) => {
            (format!("{said}, {took:.1} ms"), ratio(*took, row.judge), ratio(*took, row.process))
        }
        Peer::Nothing => {
            let limit = LIMIT.as_secs_f64() * 1000.0;
            let over = |ours: f64| format!("over {}", ratio(limit, ours));
            (format!("no answer in {} seconds", LIMIT.as_secs()), over(row.judge), over(row.process))
        }
        Peer::NotStated => ("the number of workers is a variable".to_owned(), "none".to_owned(), "none".to_owned()),
        Peer::Missing => ("not run: z3 is missing".to_owned(), "none".to_owned(), "none".to_owned()),
    }
}

/// Milliseconds in words for the table and the sentence.
pub fn ms(value: f64) -> String {
    if value.is_nan() { "not measured".to_owned() } else { format!("{value:.1} ms") }
}

fn sentence(row: &Row) -> String {
    let (z3, search, process) = peer(row);
    format!(
        "{}: {}. Library loaded: {}. Judged after that: {}. Whole process: {}. z3: {z3}. Ratio to the judging: {search}, to the process: {process}.",
        row.name,
        row.verdict,
        ms(row.load),
        ms(row.judge),
        ms(row.process)
    )
}

fn page(machine: &str, rows: &[Row]) -> String {
    let mut out = format!(
        "{machine}\n\nEach statement is searched fresh by `bfv check --fresh`, the median of {RUNS} processes. *Load* is the library, read and checked. *Judge* is \
the search with the kernel's judgement after that. *Process* is all from start to end. z3 gets the negation of the same statement, with weights and outputs \
variable, in exact real arithmetic, and {} seconds; its time is that of its process. A ratio is z3's time divided by ours.\n\n\
| statement | verdict | load | judge | process | z3 | ratio to judge | ratio to process |\n|---|---|---|---|---|---|---|---|\n",
        LIMIT.as_secs()
    );
    for row in rows {
        let (z3, search, process) = peer(row);
        out += &format!(
            "| {} | {} | {} | {} | {} | {z3} | {search} | {process} |\n",
            row.name,
            row.verdict,
            ms(row.load),
            ms(row.judge),
            ms(row.process)
        );
    }
    out
}
