//! The benchmark of the streaming step of butterfly models: what `crates/butterfly/benches` measures, written down.

use crate::results;

/// Runs the benchmark and writes the section of the results.
///
/// # Errors
/// The benchmark cannot be run, or the results cannot be written.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let rows = results::measured("bfv-butterfly", "streaming", "|")?;
    let page = format!(
        "{machine}\n\nWritten by `cargo xtask bench butterfly`. One token is added to a stream of so many, by a model of whole numbers of 8 bits with chunks of 128 tokens, width 32, random weights, \
         and as many mixing layers as reach all of the context. *Keys* are those that all layers read in the last step. The time is the median of the last 128 steps in microseconds, with the head; \
         beside it, divided by the number of layers. *Kept* is how many keys all layers keep. The last two columns are the same model without chunks, whose layers read all keys.\n\n\
         | context | layers | keys | time | time for a layer | kept | time without chunks | keys without chunks |\n|---|---|---|---|---|---|---|---|\n{rows}"
    );
    results::written("Butterfly", &page)
}
