//! The benchmark of the integer operations of workers and verifiers: what `crates/exact/benches` measures, written down.

use crate::results;

/// Runs the benchmark and writes the section of the results.
///
/// # Errors
/// The benchmark cannot be run, or the results cannot be written.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let rows = results::measured("bfv-exact", "operations", "|")?;
    let page = format!(
        "{machine}\n\nWritten by `cargo xtask bench exact`. Each operation of the crate `exact` runs on one core, and the shortest of 200 \
         runs counts. A product is one multiplication with its addition. The fast form of a linear layer gives the same numbers as the \
         definition, bit for bit; the compiler makes its vector instructions, which are those that every processor of the family has.\n\n\
         | operation | each second | unit |\n|---|---|---|\n{rows}"
    );
    results::written("Integer operations", &page)
}
