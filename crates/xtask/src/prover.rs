//! The benchmarks of commitments and of tiles: what `crates/worker/benches` measures, written down.

use crate::results;

/// Runs the benchmark and writes the section of the results.
///
/// # Errors
/// The benchmark cannot be run, or the results cannot be written.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let rows = results::measured("bfv-worker", "prover", "|")?;
    let page = format!(
        "{machine}\n\nWritten by `cargo xtask bench prover`. A model of the shape of Llama with 2 layers, random weights and a vocabulary of 4,096 \
         answers a prompt of 16 tokens with 64, 32 or 16 tokens, on one core, with the fast form of linear layers. *Without* is the answer alone, the shortest of 9. *Online* is \
         the time of hashing every intermediate while it is computed, and *in all* that with the tree, the certificate and its signature, each \
         divided by the rest of the same run, the median of 9. *By comparison* is the shortest run with all of that, divided by the shortest \
         without, which other programs disturb more. Its times, and those without, are those for which the thread had a core. The last column is the whole certificate \
         with its signature.\n\n\
         | grid and width | without | online | in all | by comparison | bytes of the certificate |\n|---|---|---|---|---|---|\n{rows}"
    );
    results::written("Prover", &page)
}

/// Measures what tiles of the lane of replay cost, and writes the section of the results.
///
/// # Errors
/// As [`bench`].
pub fn replay() -> Result<(), String> {
    let machine = results::machine();
    let rows = results::measured("bfv-worker", "replay", "|")?;
    let page = format!(
        "{machine}\n\nWritten by `cargo xtask bench replay`. A float model with 4 layers, width 512, random weights and a vocabulary of 4,096 answers a prompt of 16 tokens with 17 \
         tokens, in the reference order of sums, and commits to every value. *Answer* is that, on one core with the float unit, and *kept* the same with values that may be opened. \
         *By integers* is the mean time to compute one of 256 drawn tiles again as a judge does, and *by floats* the same by the float unit. *64 tiles* is what a judge of 64 tiles \
         computes, divided by the answer. *Opened* are the bytes of the values that these tiles need, and *all* those of the answer.\n\n\
         | format | tiles | answer | kept | by integers | by floats | 64 tiles | opened | all |\n|---|---|---|---|---|---|---|---|---|\n{rows}"
    );
    results::written("Replay", &page)
}
