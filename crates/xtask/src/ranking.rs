//! The order in which the service tries theorems: learning it, and measuring it beside orders without learning.

use crate::{cargo, learning, results, root, say};

/// Writes the section of the results.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let text = results::measured("bfv-service", "ranking", "Of ")?;
    results::written("Ranking", &format!("{machine}\n\nWritten by `cargo xtask bench ranking`. {text}"))
}

/// Learns from the proofs of the library as it is, and writes the weights.
pub fn train() -> Result<(), String> {
    let file = std::env::temp_dir().join(format!("bfv-rank-train-{}.txt", std::process::id()));
    let data = file.display().to_string();
    let weights = root().join("crates/engine-neural/weights/rank.safetensors").display().to_string();
    let mut own = cargo(&["bench", "--quiet", "--package", "bfv-service", "--bench", "ranking", "--", "data", &data]);
    if !own.status().is_ok_and(|s| s.success()) {
        return Err("The proofs of the library cannot be read off. The lines above say why.".to_owned());
    }
    let done = learning::example("bfv-engine-neural", "train", &[&data, &weights], false);
    std::fs::remove_file(&file).map_err(|e| format!("The file {data} cannot be removed: {e}."))?;
    done?;
    say("The weights are written. Run cargo xtask bench ranking to see what they are worth.");
    Ok(())
}
