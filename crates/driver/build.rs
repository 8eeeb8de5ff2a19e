//! Lists the bundles that lie in `sctt/bundles`, so that the library also builds where some are missing: those are elaborated.

use std::fmt::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = std::env::var("CARGO_MANIFEST_DIR")?;
    let folder = Path::new(&root).join("../../sctt/bundles");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    if folder.is_dir() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "bfvl") {
                found.push(path.canonicalize()?);
            }
        }
    }
    found.sort();
    let mut text = "&[\n".to_owned();
    for path in &found {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        writeln!(text, "    ({:?}, include_bytes!({:?}) as &[u8]),", stem, path.display().to_string())?;
    }
    text += "]\n";
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("bundles.rs"), text)?;
    Ok(())
}
