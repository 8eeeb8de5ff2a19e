//! The order in which the service tries theorems: learning it, and measuring it beside orders without learning.

use crate::{cargo, results, root, say};

/// Writes the section of the results.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let text = results::measured("bfv-service", "ranking", "Of ")?;
    results::written("Ranking", &format!("{machine}\n\nWritten by `cargo xtask bench ranking`. {text}"))
}

/// What the float library is made of where it learns: without optimisation it takes ten times as long.
const FAST: [&str; 5] = ["candle-core", "gemm", "gemm-common", "gemm-f32", "half"];

/// Learns from the proofs of the library as it is, and writes the weights.
pub fn train() -> Result<(), String> {
    let file = std::env::temp_dir().join(format!("bfv-rank-train-{}.txt", std::process::id()));
    let data = file.display().to_string();
    let weights = root().join("crates/engine-neural/weights/rank.safetensors").display().to_string();
    let mut own = cargo(&["bench", "--quiet", "--package", "bfv-service", "--bench", "ranking", "--", "data", &data]);
    if !own.status().is_ok_and(|s| s.success()) {
        return Err("The proofs of the library cannot be read off. The lines above say why.".to_owned());
    }
    let mut words = vec!["run".to_owned(), "--release".to_owned(), "--quiet".to_owned()];
    for name in FAST {
        for option in ["opt-level=3", "debug-assertions=false", "overflow-checks=false"] {
            words.extend(["--config".to_owned(), format!("profile.release.package.{name}.{option}")]);
        }
    }
    words.extend(["--package", "bfv-engine-neural", "--example", "train", "--", &data, &weights].map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = cargo(&words).status().is_ok_and(|s| s.success());
    std::fs::remove_file(&file).map_err(|e| format!("The file {data} cannot be removed: {e}."))?;
    if !done {
        return Err("Nothing was learned. The lines above say why.".to_owned());
    }
    say("The weights are written. Run cargo xtask bench ranking to see what they are worth.");
    Ok(())
}
