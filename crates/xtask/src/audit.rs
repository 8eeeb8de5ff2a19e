//! The benchmark of audits: what `crates/verify/benches` measures, written down.

use crate::{cargo, results, say};

/// Runs the benchmark and writes the section of the results.
///
/// # Errors
/// The benchmark cannot be run, or the results cannot be written.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let done = cargo(&["bench", "--quiet", "--package", "bfv-verify", "--bench", "audit"]).output();
    let done = done.map_err(|e| format!("The benchmark cannot be run: {e}."))?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    if !done.status.success() || !text.starts_with("Linear part") {
        return Err(format!("The benchmark failed. {}", String::from_utf8_lossy(&done.stderr)));
    }
    say(&text);
    let page = format!("{machine}\n\nWritten by `cargo xtask bench audit`. {text}");
    results::write("Audit", &page)?;
    say("The figures are in benches/RESULTS.md, under the heading Audit.");
    Ok(())
}
