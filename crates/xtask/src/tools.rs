//! Optional tools: what needs them, and how those are fetched that come as a package.

use crate::{root, say};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A tool that some test needs: program, argument that only asks for its version, what needs it.
pub const NEEDED: [(&str, &str, &str); 1] =
    [("script", "--version", "accessibility items 3 and 4, under a pseudo-terminal")];

/// Packages with their hashes; the client refuses any other bytes.
const PACKAGES: &str = include_str!("../packages.txt");

/// Tools that tests need and that are missing, with what needs them.
pub fn missing() -> Vec<(&'static str, &'static str)> {
    NEEDED.iter().filter(|(tool, version, _)| !answers(tool, version)).map(|(tool, _, what)| (*tool, *what)).collect()
}

fn answers(tool: &str, version: &str) -> bool {
    Command::new(tool).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn folder() -> PathBuf {
    root().join("target/tools/python")
}

/// The z3 that `setup` unpacked, otherwise one on the path.
pub fn z3() -> Option<PathBuf> {
    let own = folder().join("bin/z3");
    if own.is_file() {
        return Some(own);
    }
    answers("z3", "--version").then(|| PathBuf::from("z3"))
}

/// Cubical Agda and the folder of its builtins: what stands under `target/tools/agda`, otherwise the one on the path, which
/// knows its own folder.
pub fn agda() -> Option<(PathBuf, Option<PathBuf>)> {
    let own = root().join("target/tools/agda/usr");
    let program = own.join("bin/agda");
    if program.is_file() {
        return Some((program, Some(own.join("share/libghc-agda-dev"))));
    }
    answers("agda", "--version").then(|| (PathBuf::from("agda"), None))
}

/// Fetches the packages by the ordinary client with its own configuration, checked by hash, and unpacks them.
pub fn setup() -> Result<(), String> {
    for (tool, what) in missing() {
        say(&format!("The tool {tool} is missing. It is for {what}. Install it with your system's packages."));
    }
    let Some(python) = ["python3", "python"].into_iter().find(|p| answers(p, "--version")) else {
        say("Not fetched: z3, for the comparison of the benchmark. It comes through python, which is missing.");
        return Ok(());
    };
    let folder = folder();
    let list = root().join("target/tools/packages.txt");
    let made = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&list, PACKAGES));
    made.map_err(|e| format!("The folder {} cannot be written: {e}.", folder.display()))?;
    let status = Command::new(python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--root-user-action",
            "ignore",
            "--upgrade",
            "--no-deps",
        ])
        .args(["--only-binary", ":all:", "--require-hashes"])
        .arg("--target")
        .arg(&folder)
        .arg("--requirement")
        .arg(&list)
        .status()
        .map_err(|e| format!("The program {python} cannot be run: {e}."))?;
    if !status.success() {
        return Err("The packages cannot be fetched. What pip said stands above.".to_owned());
    }
    match z3() {
        Some(_) => say("Fetched and checked: z3, for the comparison of the benchmark."),
        None => return Err("The package of z3 holds no program z3.".to_owned()),
    }
    Ok(())
}
