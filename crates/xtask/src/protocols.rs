//! The benchmark of protocols: the safety of each for every number of workers, searched fresh in a process of its own, and its
//! certificate read by the second checker. The figures of other tools are quoted, and said to be.

use crate::bench::scratch;
use crate::files::{read, write};
use crate::process::{self, Bounds, End};
use crate::{program, results, root, say};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What a program may take for one property.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(60), memory: 8_000_000 };
/// Runs of what ends within a second; the median counts.
const RUNS: usize = 5;

/// The properties: in words, the file in `examples/consensus`, and the name there.
const PROPERTIES: [(&str, &str, &str); 11] = [
    ("One round of voting, agreement", "voting", "voting.agreement"),
    ("Reliable broadcast, unforgeability", "broadcast", "broadcast.unforgeability"),
    ("Reliable broadcast, relay", "broadcast", "broadcast.relay"),
    ("Two-phase commit, atomicity", "commit", "commit.atomic"),
    ("Bosco, agreement", "bosco", "bosco.agreement"),
    ("Bosco, strongly one step", "bosco", "bosco.strongly_one_step"),
    ("Bosco, what it goes on with", "bosco", "going_on.kept_agrees"),
    ("Tendermint, one round, agreement", "tendermint", "tendermint.agreement"),
    ("Paxos, agreement", "paxos", "paxos.agreement"),
    ("Tendermint, any number of rounds, agreement", "rounds", "rounds.agreement"),
    ("Wingbeat repaired, agreement", "repaired", "repaired.agreement"),
];

/// What other tools take, as the plan of this project has it: the protocol, the tool and the seconds.
const TO_BEAT: [(&str, &str, &str); 6] = [
    ("Reliable broadcast", "TACO", "0.06"),
    ("Bosco", "TACO", "1.15"),
    ("Tendermint, one round", "TACO", "1.7"),
    ("Paxos", "mypyvy", "3.2"),
    ("Bosco", "mypyvy", "57.8"),
    ("Tendermint, any number of rounds", "Ivy", "30.5"),
];

/// What came of a property.
struct Row {
    words: &'static str,
    verdict: String,
    seconds: f64,
    bytes: Option<u64>,
    kernel: Option<f64>,
    again: Option<f64>,
    certified: bool,
}

/// Measures every property and writes the section of the results.
///
/// # Errors
/// What cannot be built, read, run or written.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let programs = (program("bfv")?, program("bfv-recheck")?);
    let folder = scratch()?;
    let rows = measure(&programs.0, &programs.1, &folder);
    let _removed = std::fs::remove_dir_all(&folder);
    results::write("Protocols", &page(&machine, &rows?))?;
    say("The figures are in benches/RESULTS.md, under the heading Protocols.");
    Ok(())
}

fn measure(bfv: &Path, recheck: &Path, folder: &Path) -> Result<Vec<Row>, String> {
    write(&folder.join("bfv.toml"), "name = \"bench\"\n")?;
    let mut rows = Vec::new();
    for (words, file, goal) in PROPERTIES {
        let name = format!("{file}.sctt");
        write(&folder.join(&name), &read(&root().join("examples/consensus").join(&name))?)?;
        let run = process::often(
            || {
                let mut command = Command::new(bfv);
                command.args(["check", "--fresh", &name, "--goal", goal]).current_dir(folder);
                command
            },
            folder,
            &BOUNDS,
            RUNS,
        )?;
        let line = run.said.lines().nth(1).unwrap_or_default();
        let verdict = match (&run.end, line.split([':', ',']).next()) {
            (End::Code(_), Some(word @ ("Proved" | "Refuted" | "Unknown"))) => word.to_lowercase(),
            _ => "no answer".to_owned(),
        };
        let proof = folder.join(format!("proofs/examples.consensus.{file}/{goal}.bfvp"));
        let bytes = std::fs::metadata(&proof).ok().map(|m| m.len()).filter(|_| verdict == "proved");
        let (mut kernel, mut again, mut certified) = (None, None, false);
        if bytes.is_some() {
            kernel = judged(bfv, &name, goal, folder)?;
            let (second, word) = process::second(recheck, &proof, folder, &BOUNDS, RUNS)?;
            again = Some(second.took / 1000.0);
            certified = word.as_deref() == Some("proved");
        }
        let row = Row { words, verdict, seconds: run.took / 1000.0, bytes, kernel, again, certified };
        say(&format!("{words}: {}, {:.3} seconds.", row.verdict, row.seconds));
        rows.push(row);
    }
    Ok(rows)
}

/// What the kernel takes for the stored proof, reading it included, in seconds: the median of some processes.
fn judged(bfv: &Path, name: &str, goal: &str, folder: &Path) -> Result<Option<f64>, String> {
    let mut all = Vec::new();
    for _ in 0..RUNS {
        let mut command = Command::new(bfv);
        command.args(["check", "--locked", "--format", "json", name, "--goal", goal]).current_dir(folder);
        let run = process::run(&mut command, &folder.join("said.txt"), &BOUNDS)?;
        let document: Value =
            serde_json::from_str(&run.said).map_err(|e| format!("What bfv printed is no JSON: {e}."))?;
        let goal = &document["goals"][0];
        all.extend(goal["cost"]["wall_ms"].as_f64().filter(|_| goal["proof"]["source"] == "stored"));
    }
    all.sort_by(f64::total_cmp);
    Ok(all.get(all.len() / 2).map(|ms| ms / 1000.0))
}

fn page(machine: &str, rows: &[Row]) -> String {
    let mut out = format!(
        "{machine}\n\nWritten by `cargo xtask bench protocols`. Each property of `examples/consensus` is searched fresh by \
         `bfv check --fresh --goal`, the median of {RUNS} processes, from start to end; what takes longer than a second runs once. \
         *Kernel* is the time in which it reads and accepts the stored proof, within the process of `bfv check`. *Re-check* is the \
         second checker, a program of its own, from start to end, and *certified* says that it accepts the stored proof.\n\n\
         | protocol | all n? | verdict | seconds | certificate, bytes | kernel, ms | re-check, ms | certified |\n\
         |---|---|---|---|---|---|---|---|\n"
    );
    let milliseconds = |seconds: f64| format!("{:.1}", seconds * 1000.0);
    let or = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    for r in rows {
        let all = if r.certified { "yes" } else { "no" };
        out += &format!(
            "| {} | {all} | {} | {:.3} | {} | {} | {} | {all} |\n",
            r.words,
            r.verdict,
            r.seconds,
            or(r.bytes.map(|b| b.to_string())),
            or(r.kernel.map(milliseconds)),
            or(r.again.map(milliseconds)),
        );
    }
    out += "\nThe figures of other tools to beat. They were not measured in this run: they are those of the plan of this project, from other \
            machines and with models of their own, and none of these tools leaves a certificate.\n\n\
            | protocol | tool | all n? | seconds, not run here | certified |\n|---|---|---|---|---|\n";
    for (protocol, tool, seconds) in TO_BEAT {
        out += &format!("| {protocol} | {tool} | yes | {seconds} | no |\n");
    }
    out
}
