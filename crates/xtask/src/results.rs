//! `benches/RESULTS.md`: one section for each task that writes figures, with the machine that they were seen on.

use crate::{cargo, root, say};
use std::path::PathBuf;

fn path() -> PathBuf {
    root().join("benches/RESULTS.md")
}

/// Replaces the section of a title, or appends it.
pub fn write(title: &str, body: &str) -> Result<(), String> {
    let old = std::fs::read_to_string(path())
        .unwrap_or_else(|_| "# Results\n\nFigures as measured, written by `cargo xtask`.\n".to_owned());
    let mut out = String::new();
    let mut inside = false;
    for line in old.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            inside = heading == title;
        }
        if !inside {
            out += line;
            out.push('\n');
        }
    }
    let text = format!("{}\n\n## {title}\n\n{}\n", out.trim_end(), body.trim_end());
    let folder = path().parent().map(PathBuf::from).unwrap_or_default();
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path(), text))
        .map_err(|e| format!("The file benches/RESULTS.md cannot be written: {e}."))
}

/// The machine in words.
pub fn machine() -> String {
    let field = |file: &str, name: &str| -> Option<String> {
        let text = std::fs::read_to_string(file).ok()?;
        let line = text.lines().find(|l| l.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "of an unknown kind".to_owned());
    let kilobytes = field("/proc/meminfo", "MemTotal").and_then(|m| m.split(' ').next()?.parse::<u64>().ok());
    let memory = kilobytes.map_or_else(String::new, |k| format!(", {} GB of memory", k / 1_000_000));
    let load = std::fs::read_to_string("/proc/loadavg").ok().and_then(|l| Some(l.split(' ').next()?.to_owned()));
    let load = load.map_or_else(String::new, |l| format!(" Load when the run began: {l}."));
    format!("Machine: {cores} cores, processor {model}{memory}, {}.{load}", std::env::consts::OS)
}

/// Runs a benchmark of a crate and gives what it printed, which begins like this.
pub fn measured(package: &str, benchmark: &str, begins: &str) -> Result<String, String> {
    let done = cargo(&["bench", "--quiet", "--package", package, "--bench", benchmark]).output();
    let done = done.map_err(|e| format!("The benchmark cannot be run: {e}."))?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    if !done.status.success() || !text.starts_with(begins) {
        return Err(format!("The benchmark failed. {}", String::from_utf8_lossy(&done.stderr)));
    }
    say(&text);
    Ok(text)
}

/// Writes a section, and says so.
pub fn written(title: &str, body: &str) -> Result<(), String> {
    write(title, body)?;
    say(&format!("The figures are in benches/RESULTS.md, under the heading {title}."));
    Ok(())
}
