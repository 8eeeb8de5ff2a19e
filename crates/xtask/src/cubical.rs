//! The benchmark of the cubical part: the computations in `benches/cubical`, judged by bfv, by the second checker and by Cubical
//! Agda where it is there, and the time to check each module of the cubical library.

use crate::bench::{ms, scratch};
use crate::files::{files, read, write};
use crate::process::{self, Bounds, End, Run, often};
use crate::{program, results, root, say, tools};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What each program may take for one row.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(120), memory: 8_000_000 };
/// Steps of the kernel for one row.
const STEPS: &str = "1000000000";
/// Runs of what ends within a second; the median counts. What takes longer runs once.
const RUNS: usize = 5;

/// A file of computations, taken apart: what stands above the first claim, and the claims by name, each of one line.
struct Family {
    stem: String,
    above: String,
    claims: Vec<(String, String)>,
}

/// What came of a computation.
struct Row {
    name: String,
    answer: String,
    steps: String,
    load: f64,
    judge: f64,
    run: Run,
    second: String,
    peer: String,
}

/// What came of a module of the library.
struct Module {
    name: String,
    source: Run,
    bundle: Run,
}

/// Measures every computation and every module, and writes the section of the results.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let programs = (program("bfv")?, program("bfv-recheck")?);
    let folder = scratch()?;
    let done = measure(&machine, &programs, &folder);
    let _removed = std::fs::remove_dir_all(&folder);
    results::write("Cubical", &done?)?;
    say("The figures are in benches/RESULTS.md, under the heading Cubical.");
    Ok(())
}

fn measure(machine: &str, (bfv, recheck): &(PathBuf, PathBuf), folder: &Path) -> Result<String, String> {
    write(&folder.join("bfv.toml"), "name = \"bench\"\n")?;
    let mut modules = Vec::new();
    for file in files(&root().join("sctt/cubical"), "sctt")? {
        let m = module(&file, bfv, folder)?;
        say(&format!("{}: from its source {}. From its bundle {}.", m.name, figures(&m.source), figures(&m.bundle)));
        modules.push(m);
    }
    let mut peer = Agda::new(folder)?;
    let mut rows = Vec::new();
    for file in files(&root().join("benches/cubical"), "sctt")? {
        let family = family(&file)?;
        for (name, line) in &family.claims {
            let row = computation(&family, name, line, (bfv, recheck), &mut peer, folder)?;
            say(&sentence(&row));
            rows.push(row);
        }
    }
    if peer.program.is_none() {
        say(&format!(
            "Not run: needs agda, for {} of {} rows. Put it on the path, or unpack the Debian packages agda-bin and libghc-agda-dev under target/tools/agda.",
            peer.asked,
            rows.len()
        ));
    }
    Ok(page(machine, &modules, &rows, &peer))
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn family(file: &Path) -> Result<Family, String> {
    let text = read(file)?;
    let mut family = Family { stem: stem(file), above: String::new(), claims: Vec::new() };
    for line in text.lines() {
        match line.strip_prefix("claim ").and_then(|l| l.split(' ').next()) {
            Some(name) => family.claims.push((name.to_owned(), line.to_owned())),
            // Comments and blank lines between the claims are left out.
            None if family.claims.is_empty() => family.above += &format!("{line}\n"),
            None => {}
        }
    }
    Ok(family)
}

/// One module cold, twice: its text under a name of its own, so that it is elaborated and judged while its imports come from
/// their bundles; and a file that only imports it, so that it comes from its bundle as well.
fn module(file: &Path, bfv: &Path, folder: &Path) -> Result<Module, String> {
    let text = read(file)?;
    let (first, rest) = text.split_once('\n').unwrap_or_default();
    let name = first.strip_prefix("module ").ok_or_else(|| format!("{} names no module.", file.display()))?.to_owned();
    let cold = |text: &str| -> Result<Run, String> {
        write(&folder.join("cold.sctt"), text)?;
        let run = often(
            || {
                let mut command = Command::new(bfv);
                command.args(["check", "--fresh", "cold.sctt"]).current_dir(folder);
                command
            },
            folder,
            &BOUNDS,
            RUNS,
        )?;
        match run.end {
            End::Code(Some(0)) => Ok(run),
            _ => Err(format!("The module {name} was not checked. What bfv said: {}", run.said)),
        }
    };
    let source = cold(rest)?;
    let bundle = cold(&format!("import {name}\n"))?;
    Ok(Module { name, source, bundle })
}

fn computation(
    family: &Family,
    name: &str,
    line: &str,
    (bfv, recheck): (&Path, &Path),
    peer: &mut Agda,
    folder: &Path,
) -> Result<Row, String> {
    let file = format!("{}.sctt", family.stem);
    write(&folder.join(&file), &format!("{}{line}\n", family.above))?;
    let run = often(
        || {
            let mut command = Command::new(bfv);
            command.args(["check", "--fresh", "--format", "json", "--budget", STEPS, &file]).current_dir(folder);
            command
        },
        folder,
        &BOUNDS,
        RUNS,
    )?;
    let document: serde_json::Value = serde_json::from_str(&run.said).unwrap_or_default();
    let goal = &document["goals"][0];
    let answer = match (&run.end, goal["verdict"].as_str()) {
        (End::Code(_), Some("unknown")) => reason(goal["message"].as_str()),
        (End::Code(_), Some(verdict)) => verdict.to_owned(),
        // What the elaborator gives up on is a problem of the file.
        (End::Code(_), None) => reason(document["problems"][0]["message"].as_str()),
        _ => figures(&run),
    };
    let second = match folder.join("proofs").join(&family.stem).join(format!("{name}.bfvp")) {
        proof if proof.is_file() => second(recheck, &proof, folder)?,
        _ => "no proof stored".to_owned(),
    };
    let number = |v: &serde_json::Value| v.as_f64().unwrap_or(f64::NAN);
    let steps = goal["cost"]["kernel_steps"].as_u64().filter(|s| *s > 0);
    Ok(Row {
        name: format!("{}.{name}", family.stem),
        answer,
        steps: steps.map_or_else(|| "not known".to_owned(), |s| s.to_string()),
        load: number(&document["cost"]["load_ms"]),
        judge: number(&goal["cost"]["wall_ms"]),
        second,
        peer: peer.ask(&family.stem, name)?,
        run,
    })
}

/// Why there is no verdict: what the kernel says, otherwise the whole message.
fn reason(message: Option<&str>) -> String {
    let message = message.unwrap_or("no answer");
    let why = message.split_once("The kernel says: ").map_or(message, |(_, why)| why);
    format!("none: {}", why.trim_end_matches('.'))
}

/// What the second checker says of a stored proof, with its figures.
fn second(recheck: &Path, proof: &Path, folder: &Path) -> Result<String, String> {
    let (run, word) = process::second(recheck, proof, folder, &BOUNDS, RUNS)?;
    Ok(match word {
        Some(word) => format!("{word}, {}", figures(&run)),
        None => figures(&run),
    })
}

/// Cubical Agda on the same computations, in files of our own.
struct Agda {
    program: Option<(PathBuf, Option<PathBuf>)>,
    /// Its version.
    version: String,
    folder: PathBuf,
    /// Rows that have a file for it.
    asked: usize,
    /// Families with a row that it did not answer; larger rows of those are not tried.
    lost: Vec<String>,
}

impl Agda {
    fn new(folder: &Path) -> Result<Agda, String> {
        let program = tools::agda();
        let folder = folder.join("agda");
        std::fs::create_dir_all(&folder)
            .map_err(|e| format!("The folder {} cannot be made: {e}.", folder.display()))?;
        for file in files(&root().join("benches/cubical/agda"), "agda")? {
            write(&folder.join(file.file_name().unwrap_or_default()), &read(&file)?)?;
        }
        let mut agda = Agda { program, version: String::new(), folder, asked: 0, lost: Vec::new() };
        if let Some(run) = agda.run("--version")? {
            agda.version = run.said.lines().next().unwrap_or_default().to_owned();
        }
        // What the rows import is checked before, as the bundles of bfv are made before.
        if let Some(run) = agda.run("Paths.agda")?
            && !matches!(run.end, End::Code(Some(0)))
        {
            return Err(format!(
                "The file benches/cubical/agda/Paths.agda was not checked. What agda said: {}",
                run.said
            ));
        }
        Ok(agda)
    }

    fn run(&self, argument: &str) -> Result<Option<Run>, String> {
        let Some((program, data)) = &self.program else { return Ok(None) };
        let mut command = Command::new(program);
        command.arg(argument).current_dir(&self.folder);
        if let Some(data) = data {
            command.env("Agda_datadir", data);
        }
        process::run(&mut command, &self.folder.join("said.txt"), &BOUNDS).map(Some)
    }

    /// Its answer to the row of a family, whose name ends with the number that is put into the file.
    fn ask(&mut self, family: &str, row: &str) -> Result<String, String> {
        let file = self.folder.join(format!("{family}.agda"));
        let Some(count) = row.rsplit('_').next().filter(|n| n.parse::<u64>().is_ok() && file.is_file()) else {
            return Ok("not stated".to_owned());
        };
        self.asked += 1;
        if self.lost.iter().any(|f| f == family) {
            return Ok("not tried: a smaller one had no answer".to_owned());
        }
        let lines: Vec<String> = read(&file)?
            .lines()
            .map(|l| if l.starts_with("count = ") { format!("count = {count}") } else { l.to_owned() })
            .collect();
        write(&file, &(lines.join("\n") + "\n"))?;
        let Some(run) = self.run(&format!("{family}.agda"))? else { return Ok("not run: needs agda".to_owned()) };
        Ok(match run.end {
            End::Code(Some(0)) => format!("proved, {}", figures(&run)),
            End::Code(_) => return Err(format!("The row {row} was refused by agda. What it said: {}", run.said)),
            _ => {
                self.lost.push(family.to_owned());
                figures(&run)
            }
        })
    }
}

/// Time and memory in words, or the bound at which a program was stopped.
fn figures(run: &Run) -> String {
    match run.end {
        End::Code(_) => format!("{}, {}", ms(run.took), memory(run)),
        End::Time => format!("no answer in {} seconds", BOUNDS.time.as_secs()),
        End::Memory => format!("no answer in {} MB", BOUNDS.memory / 1000),
    }
}

fn memory(run: &Run) -> String {
    run.peak.map_or_else(|| "memory not measured".to_owned(), |k| format!("{}.{} MB", k / 1000, k % 1000 / 100))
}

fn sentence(row: &Row) -> String {
    format!(
        "{}: {}. Steps: {}. Read and elaborated: {}. Judged after that: {}. Whole process: {}. Second checker: {}. Agda: {}.",
        row.name,
        row.answer,
        row.steps,
        ms(row.load),
        ms(row.judge),
        figures(&row.run),
        row.second,
        row.peer
    )
}

fn page(machine: &str, modules: &[Module], rows: &[Row], peer: &Agda) -> String {
    let agda = if peer.program.is_some() { peer.version.as_str() } else { "It was not run: agda is missing." };
    let mut out = format!(
        "{machine}\n\nWritten by `cargo xtask bench cubical`. What ends within a second runs {RUNS} times, and the median counts; what takes longer runs once. \
Memory is the most that the process held. A program is stopped after {} seconds or at {} MB.\n\n\
Each module of the cubical library cold: a new process, nothing stored. *From source*: the module is elaborated and judged, and its imports come from \
their bundles, which the kernel checks. *From bundle*: the module comes from its bundle as well.\n\n\
| module | from source | memory | from bundle | memory |\n|---|---|---|---|---|\n",
        BOUNDS.time.as_secs(),
        BOUNDS.memory / 1000
    );
    for m in modules {
        out += &format!(
            "| `{}` | {} | {} | {} | {} |\n",
            m.name,
            ms(m.source.took),
            memory(&m.source),
            ms(m.bundle.took),
            memory(&m.bundle)
        );
    }
    out += &format!(
        "\nEach computation in `benches/cubical`, in a file and a process of its own, by `bfv check --fresh --budget {STEPS}`. *Load* is the library, read and \
checked, and the file, elaborated; the elaborator computes the row once itself. *Judge* is the kernel's judgement after that, *steps* its steps. *Second checker* is \
`bfv-recheck` on the proof that was stored. *Cubical Agda* is the whole process on the file of the same name in `benches/cubical/agda`. {agda}\n\n\
| computation | answer | steps | load | judge | process | memory | second checker | Cubical Agda |\n|---|---|---|---|---|---|---|---|---|\n"
    );
    for r in rows {
        out += &format!(
            "| `{}` | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            r.name,
            r.answer,
            r.steps,
            ms(r.load),
            ms(r.judge),
            ms(r.run.took),
            memory(&r.run),
            r.second,
            r.peer
        );
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_missing_agda_is_counted_and_not_hidden() {
        let folder = std::env::temp_dir().join(format!("bfv-bench-test-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        write(&folder.join("rows.agda"), "count = 5\n").unwrap();
        let mut agda =
            Agda { program: None, version: String::new(), folder: folder.clone(), asked: 0, lost: Vec::new() };
        assert_eq!(agda.ask("rows", "n_7").unwrap(), "not run: needs agda");
        assert_eq!(agda.ask("rows", "beta3'").unwrap(), "not stated");
        assert_eq!(agda.ask("others", "n_7").unwrap(), "not stated");
        assert_eq!(agda.asked, 1);
        assert_eq!(read(&folder.join("rows.agda")).unwrap(), "count = 7\n");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn every_file_of_computations_is_taken_apart() {
        for file in files(&root().join("benches/cubical"), "sctt").unwrap() {
            let f = family(&file).unwrap();
            assert!(f.above.starts_with(&format!("module {}\n", f.stem)), "{}", f.stem);
            assert!(f.claims.len() >= 5 && !f.above.contains("\nclaim "), "{}", f.stem);
        }
    }

    #[test]
    fn the_reason_is_what_the_kernel_says() {
        let message = "Unknown: n, line 9. The kernel says: budget: The limit of 1000 steps is used up.";
        assert_eq!(reason(Some(message)), "none: budget: The limit of 1000 steps is used up");
        assert_eq!(reason(None), "none: no answer");
    }
}
