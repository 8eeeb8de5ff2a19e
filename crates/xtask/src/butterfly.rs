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
    results::written("Butterfly", &page)?;
    listened(&machine)
}

/// What judging costs as the text grows, as `crates/worker/benches` measures it.
fn listened(machine: &str) -> Result<(), String> {
    let rows = results::measured("bfv-worker", "listener", "|")?;
    let page = format!(
        "{machine}\n\nWritten by `cargo xtask bench butterfly`. The model that is built in (6 layers, width 128, chunks of 64 tokens, 8 bits) writes one text of 65,536 tokens in blocks, and a listener judges \
         all of it from the first token on. At each context blocks of 16 tokens are measured, on one core: the time to judge a token in microseconds, with secret random numbers and with hashes of the \
         certificate (two repetitions, which cost a pass over the weights for each block), and beside it the time in which the worker computes a token and commits to its values. Means of 25 runs, of 5 for the worker, of the time that the thread had a core where the system says so. *Kept* is \
         how many bytes of keys and values the listener keeps, *opened* how many bytes an envelope has for a token.\n\n\
         | tokens before | judging, secret | judging, hashes | computing | kept | opened |\n|---|---|---|---|---|---|\n{rows}"
    );
    results::written("Judging a stream", &page)
}
