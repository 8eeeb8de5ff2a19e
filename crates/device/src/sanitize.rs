//! This program under compute-sanitizer, which comes with the tools of CUDA: whether kernels touch memory that is not theirs, race, or read what nobody wrote.

use std::path::PathBuf;
use std::process::Command;

/// The checks.
const TOOLS: [&str; 4] = ["memcheck", "racecheck", "initcheck", "synccheck"];
/// Random inputs of each kernel under a check, which is slow.
const INPUTS: &str = "5";
/// The exit code of a check that has found something.
const FOUND: i32 = 99;

/// Where the tool may lie, the path first.
fn places() -> Vec<PathBuf> {
    let name = "compute-sanitizer";
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).collect::<Vec<_>>();
    let usual = ["/usr/local/cuda/bin", "/usr/local/cuda/compute-sanitizer", "/opt/cuda/bin"].map(PathBuf::from);
    folders.into_iter().chain(usual).map(|folder| folder.join(name)).filter(|file| file.is_file()).collect()
}

/// Runs each check over some random inputs of each kernel. What cannot be run is said, and is no fault.
///
/// # Errors
/// A check has found something; what it says is part of that.
pub fn sanitize(say: &mut dyn FnMut(String)) -> Result<(), String> {
    let Some(sanitizer) = places().into_iter().next() else {
        say("Not run: needs compute-sanitizer, which comes with the tools of CUDA.".into());
        return Ok(());
    };
    let own = std::env::current_exe().map_err(|why| format!("This program is not found again: {why}."))?;
    for tool in TOOLS {
        let mut command = Command::new(&sanitizer);
        command.args(["--tool", tool, "--error-exitcode", &FOUND.to_string()]).arg(&own).args(["trials", INPUTS]);
        let done = command.output().map_err(|why| format!("The program compute-sanitizer cannot be run: {why}."))?;
        let text = [done.stdout, done.stderr].concat();
        say(told(tool, done.status.code(), &String::from_utf8_lossy(&text))?);
    }
    Ok(())
}

/// What a check says by its exit code and its text.
///
/// # Errors
/// It has found something, or it did not come to its end.
fn told(tool: &str, code: Option<i32>, text: &str) -> Result<String, String> {
    if text.contains("Device not supported") {
        return Ok(format!("Not run: the check {tool} does not know this card or its driver."));
    }
    match code {
        Some(FOUND) => Err(format!("The check {tool} has found something.\n{text}")),
        Some(0) if text.contains(super::ENDED) => {
            let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
            Ok(format!("The check {tool} has found nothing on {INPUTS} random inputs of each kernel. {last}"))
        }
        _ => Err(format!("The check {tool} did not end.\n{text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_check_that_ended_has_found_nothing() {
        let ended = format!("{}\n========= ERROR SUMMARY: 0 errors\n\n", crate::ENDED);
        let clean = told("memcheck", Some(0), &ended);
        assert!(
            clean.is_ok_and(
                |said| said.starts_with("The check memcheck has found nothing") && said.ends_with("0 errors")
            )
        );
        for (code, text) in [(Some(FOUND), ended.as_str()), (Some(1), &ended), (None, &ended), (Some(0), "no card")] {
            assert!(told("memcheck", code, text).is_err(), "{code:?} {text}");
        }
        let other = told("racecheck", Some(FOUND), "========= Error: Device not supported.");
        assert!(other.is_ok_and(|said| said.starts_with("Not run: the check racecheck")));
    }
}
