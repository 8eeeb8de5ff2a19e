//! The benchmark of audits: what `crates/verify/benches` measures, written down.

use crate::results;

/// Runs the benchmark and writes the section of the results.
///
/// # Errors
/// The benchmark cannot be run, or the results cannot be written.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let text = results::measured("bfv-verify", "audit", "Linear part")?;
    let page = format!("{machine}\n\nWritten by `cargo xtask bench audit`. {text}");
    results::written("Audit", &page)
}
