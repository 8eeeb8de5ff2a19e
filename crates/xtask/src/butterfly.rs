//! The benchmarks of butterfly models: what `crates/butterfly/benches` and `crates/worker/benches` measure, written down.

use crate::results;

/// Runs the benchmarks and writes the sections of the results.
///
/// # Errors
/// A benchmark cannot be run, or the results cannot be written.
pub fn bench() -> Result<(), String> {
    streaming()?;
    memory()?;
    shipped()
}

/// The time of a streaming step.
fn streaming() -> Result<(), String> {
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

/// What a streaming step reads, allocates and keeps.
fn memory() -> Result<(), String> {
    let machine = results::machine();
    let rows = results::measured("bfv-butterfly", "memory", "|")?;
    let page = format!(
        "{machine}\n\nWritten by `cargo xtask bench butterfly`. Everything here is counted, and nothing is timed. *Shipped* is the model over whole numbers of 8 bits that is shipped, with chunks of \
         64 tokens and six layers of width 128; *reaches all* has chunks of 128 tokens, width 32, random weights, and as many layers as reach all of the context.\n\n\
         *Keys* are those that all layers read in the last step, and *bytes read* are theirs and those of their values; beside these a step reads the weights, which do not grow. *Allocated* is all that a step allocates, the median of the last 128 steps, \
         and *largest* that of one step in the second half of the stream: then a layer moves what it keeps to a larger place. *At once* is the most that any of these steps has in use beside what was kept before it. *Keys kept* are those of all layers between steps, and *bytes kept* \
         their memory and that of their values, with what was taken in advance.\n\n\
         Constant in the context is what a step reads and allocates in each layer, but for the steps that move. For a model whose layers stay the same everything is constant once the context is longer than its layers reach. Where layers are added until they reach all \
         of a context of N tokens, a step reads and allocates with the logarithm of N, and what is kept between steps grows with N: layer l keeps the keys of `2^l + 1` chunks, up to twice as many.\n\n\
         | model | context | layers | keys | bytes read | allocated | largest | at once | keys kept | bytes kept |\n|---|---|---|---|---|---|---|---|---|---|\n{rows}"
    );
    results::written("Butterfly memory", &page)
}

/// How fast the shipped model is, and what commitments add.
fn shipped() -> Result<(), String> {
    let machine = results::machine();
    let rows = results::measured("bfv-worker", "butterfly", "|")?;
    let Some((speed, overhead)) = rows.split_once("\n\n") else {
        return Err("The benchmark of the worker has printed one table, and two are needed.".to_owned());
    };
    let page = format!(
        "{machine}\n\nWritten by `cargo xtask bench butterfly`. The model over whole numbers of 8 bits that is shipped: 1,197,696 weights, six layers of width 128, chunks of 64 tokens. Tokens in a second, the median of 9 runs: of a prompt of 512 tokens in one block, and then of \
         256 tokens one by one. On the CPU time is that for which the thread had a core.\n\n\
         | where | prompt | stream |\n|---|---|---|\n{speed}\n\n\
         The same answers with commitments and without, in turns, on one core; columns as under the heading Prover. At most 12 % in all are asked. Hashing grows with the width and products with its square, so this model, which is small, pays more than those there: for a token it \
         hashes every number of each layer, in cells of mostly less than a kilobyte, and a tree has 176 leaves for each block, of which one in three is empty.\n\n\
         | answer | without | online | in all | by comparison |\n|---|---|---|---|---|\n{overhead}"
    );
    results::written("Butterfly worker", &page)
}
