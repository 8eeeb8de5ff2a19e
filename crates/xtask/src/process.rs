//! A program run to its end, with the time it took and the most memory it held.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often a running program is looked at.
const PAUSE: Duration = Duration::from_micros(500);

/// What a program may take before it is stopped.
pub struct Bounds {
    /// Time from start to end.
    pub time: Duration,
    /// Memory in kilobytes.
    pub memory: u64,
}

/// How a program ended.
pub enum End {
    /// By itself, with this code; without one where a signal ended it.
    Code(Option<i32>),
    /// It was stopped, because the time was up.
    Time,
    /// It was stopped, because it held too much memory.
    Memory,
}

/// A program that has ended.
pub struct Run {
    pub end: End,
    /// Milliseconds from start to end.
    pub took: f64,
    /// The most memory that it held, in kilobytes, as the system counts it; not known on every system.
    pub peak: Option<u64>,
    /// What it printed.
    pub said: String,
}

/// Runs a program with its output in the file `said`, which is read and left behind.
///
/// The peak is the high-water mark that Linux keeps of a process. It is read while the program runs, so what is taken in the
/// last half of a millisecond is not in it.
pub fn run(command: &mut Command, said: &Path, bounds: &Bounds) -> Result<Run, String> {
    let out = create(said)?;
    finish(command, out, Stdio::null(), said, bounds)
}

/// The same with the messages of the program among its output, for programs that answer there.
pub fn run_with_messages(command: &mut Command, said: &Path, bounds: &Bounds) -> Result<Run, String> {
    let out = create(said)?;
    let messages = out.try_clone().map_err(|e| format!("The file {} cannot be shared: {e}.", said.display()))?;
    finish(command, out, messages.into(), said, bounds)
}

fn create(said: &Path) -> Result<File, String> {
    File::create(said).map_err(|e| format!("The file {} cannot be written: {e}.", said.display()))
}

fn finish(command: &mut Command, out: File, messages: Stdio, said: &Path, bounds: &Bounds) -> Result<Run, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(messages)
        .spawn()
        .map_err(|e| format!("The program {name} cannot be run: {e}."))?;
    let mut peak = None;
    let end = loop {
        match child.try_wait() {
            Ok(Some(status)) => break End::Code(status.code()),
            Ok(None) => peak = held(&child).or(peak),
            Err(e) => return Err(format!("The program {name} cannot be waited for: {e}.")),
        }
        if start.elapsed() > bounds.time {
            break stopped(&mut child, End::Time);
        }
        if peak.is_some_and(|p| p > bounds.memory) {
            break stopped(&mut child, End::Memory);
        }
        std::thread::sleep(PAUSE);
    };
    let took = start.elapsed().as_secs_f64() * 1000.0;
    let said = std::fs::read(said).map_err(|e| format!("What {name} printed cannot be read: {e}."))?;
    Ok(Run { end, took, peak, said: String::from_utf8_lossy(&said).into_owned() })
}

/// Runs something, and again while that is quick, and gives the run of the median.
pub fn median(runs: usize, mut once: impl FnMut() -> Result<Run, String>) -> Result<Run, String> {
    let mut done: Vec<Run> = Vec::new();
    while done.len() < runs && done.iter().all(|r| matches!(r.end, End::Code(_)) && r.took < 1000.0) {
        done.push(once()?);
    }
    done.sort_by(|a, b| a.took.total_cmp(&b.took));
    let middle = done.len() / 2;
    Ok(done.swap_remove(middle))
}

/// Runs a command, and again while that is quick, and gives the run of the median.
pub fn often(mut command: impl FnMut() -> Command, folder: &Path, bounds: &Bounds, runs: usize) -> Result<Run, String> {
    median(runs, || run(&mut command(), &folder.join("said.txt"), bounds))
}

/// What the second checker says of a stored proof: its run, and a word where it ended by itself.
pub fn second(
    recheck: &Path,
    proof: &Path,
    folder: &Path,
    bounds: &Bounds,
    runs: usize,
) -> Result<(Run, Option<String>), String> {
    let run = often(
        || {
            let mut command = Command::new(recheck);
            command.arg(proof);
            command
        },
        folder,
        bounds,
        runs,
    )?;
    let line = run.said.lines().nth(1).unwrap_or_default();
    let word = match line.split_once(": ") {
        Some(("Rejected", rest)) => rest.split_once("Reason: ").map_or(rest, |(_, why)| why).split('.').next(),
        Some((verdict, _)) => Some(verdict),
        None => None,
    };
    let word = word.filter(|_| matches!(run.end, End::Code(_))).map(str::to_lowercase);
    Ok((run, word))
}

fn stopped(child: &mut Child, why: End) -> End {
    let _ended = child.kill();
    let _reaped = child.wait();
    why
}

/// The high-water mark of the memory of a running process, in kilobytes.
fn held(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.trim().split(' ').next()?.parse().ok()
}
