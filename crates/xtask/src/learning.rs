//! What is learned by floats, and from what.

use crate::{cargo, root, say};
use std::path::{Path, PathBuf};

/// What the float library is made of where it learns: without optimisation it takes ten times as long.
const FAST: [&str; 5] = ["candle-core", "gemm", "gemm-common", "gemm-f32", "half"];

/// Builds an example of a package with a fast float library, and runs it with these words. One that has threads of its own shares no product of
/// matrices between others.
pub fn example(package: &str, name: &str, words: &[&str], own_threads: bool) -> Result<(), String> {
    let mut all = vec!["run".to_owned(), "--release".to_owned(), "--quiet".to_owned()];
    for name in FAST {
        for option in ["opt-level=3", "debug-assertions=false", "overflow-checks=false"] {
            all.extend(["--config".to_owned(), format!("profile.release.package.{name}.{option}")]);
        }
    }
    all.extend(["--package", package, "--example", name, "--"].map(str::to_owned));
    let all: Vec<&str> = all.iter().map(String::as_str).chain(words.iter().copied()).collect();
    let mut command = cargo(&all);
    if own_threads {
        command.env("RAYON_NUM_THREADS", "1");
    }
    match command.status() {
        Ok(s) if s.success() => Ok(()),
        _ => Err("Nothing was learned. The lines above say why.".to_owned()),
    }
}

/// The text that the butterfly model is learned from.
fn text() -> PathBuf {
    root().join("crates/butterfly/text/library.txt")
}

/// Writes the sources of the library as one text, in the order of their paths, each with a form feed behind it. The text stays as it is when the library
/// changes, so that a recipe gives the same model; it is written again for another model.
pub fn butterfly_text() -> Result<(), String> {
    let folder = root().join("sctt");
    let mut files = Vec::new();
    for place in [folder.clone(), folder.join("cubical")] {
        let entries =
            std::fs::read_dir(&place).map_err(|e| format!("The folder {} cannot be read: {e}.", place.display()))?;
        for entry in entries {
            let path = entry.map_err(|e| format!("The folder {} cannot be read: {e}.", place.display()))?.path();
            if path.extension().is_some_and(|e| e == "sctt") {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut all = String::new();
    for file in &files {
        all +=
            &std::fs::read_to_string(file).map_err(|e| format!("The file {} cannot be read: {e}.", file.display()))?;
        all.push('\u{c}');
    }
    let to = text();
    written(&to, all.as_bytes())?;
    say(&format!("The text has {} files and {} characters, in {}.", files.len(), all.len(), to.display()));
    Ok(())
}

fn written(to: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(to, bytes).map_err(|e| format!("The file {} cannot be written: {e}.", to.display()))
}

/// A file of weights of the butterfly models, in a folder that is there.
fn weights(name: &str) -> Result<PathBuf, String> {
    let folder = root().join("crates/butterfly/weights");
    std::fs::create_dir_all(&folder).map_err(|e| format!("The folder {} cannot be made: {e}.", folder.display()))?;
    Ok(folder.join(name))
}

/// Learns the model that scores from both sides by its recipe, or in fewer steps, and writes its weights. It is measured beside the model that writes.
pub fn scoring(steps: Option<&str>) -> Result<(), String> {
    let [from, writing, to] = [text(), weights("butterfly.safetensors")?, weights("scoring.safetensors")?].map(shown);
    let words: Vec<&str> = [from.as_str(), &writing, &to].into_iter().chain(steps).collect();
    example("bfv-butterfly", "hidden", &words, true)?;
    say(&format!("The weights are written, in {to}."));
    Ok(())
}

/// Scores a file of text by that model, and names the characters that surprise it most.
pub fn score(file: &str, named: Option<&str>) -> Result<(), String> {
    let weights = shown(weights("scoring.safetensors")?);
    // The name is one from where the task was asked for, and the example runs in the root.
    let file = std::path::absolute(file).map_err(|e| format!("The file {file} has no place: {e}."))?;
    let file = shown(file);
    let words: Vec<&str> = [weights.as_str(), &file].into_iter().chain(named).collect();
    example("bfv-butterfly", "score", &words, false)
        .map_err(|_| "Nothing was scored. The lines above say why.".to_owned())
}

fn shown(path: PathBuf) -> String {
    path.display().to_string()
}

/// Learns the butterfly model by its recipe, or in fewer steps, and writes its weights, in floats and as whole numbers of 8 bits.
pub fn butterfly(steps: Option<&str>) -> Result<(), String> {
    let (from, to) = (shown(text()), shown(weights("butterfly.safetensors")?));
    let words: Vec<&str> = [from.as_str(), to.as_str()].into_iter().chain(steps).collect();
    example("bfv-butterfly", "train", &words, true)?;
    say(&format!("The weights are written, in {to}."));
    // Where the programs have it in them.
    let whole = shown(root().join("crates/model/butterfly"));
    let words =
        ["run", "--release", "--quiet", "--package", "bfv-worker", "--example", "whole", "--", &from, &to, &whole];
    match cargo(&words).status() {
        Ok(s) if s.success() => Ok(()),
        _ => Err("The weights have not become whole numbers. The lines above say why.".to_owned()),
    }
}
