//! Optional tools: what needs them, and how those are fetched that come as a package.

use crate::{root, say};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A tool that some test needs: its name, what needs it, and whether it is there.
pub struct Needed {
    pub tool: &'static str,
    pub what: &'static str,
    found: fn() -> bool,
}

pub const NEEDED: [Needed; 4] = [
    Needed {
        tool: "script",
        what: "accessibility items 3 and 4, under a pseudo-terminal",
        found: || answers("script", "--version"),
    },
    Needed {
        tool: "python3",
        what: "counterexamples as programs in Python, and the speech of accessibility",
        found: || answers("python3", "--version"),
    },
    Needed { tool: SPEECH, what: "accessibility items 5, 8 and 18, as speech", found: has_speech },
    Needed { tool: COMPILER, what: "whether the kernels of cards are those of their sources", found: has_compiler },
];

/// The compiler of kernels, and its package. An old one, as an older driver loads what it makes.
const COMPILER: &str = "NVRTC";
const COMPILER_PACKAGE: &str = "nvidia-cuda-nvrtc-cu12";

/// The folder of the libraries of the compiler of kernels.
pub fn compiler() -> PathBuf {
    folder().join("nvidia/cuda_nvrtc/lib")
}

/// Whether that compiler is unpacked.
pub fn has_compiler() -> bool {
    compiler().join("libnvrtc.so.12").is_file()
}

/// Fetches the compiler of kernels, where it is missing.
pub fn fetch_compiler() -> Result<(), String> {
    if has_compiler() {
        return Ok(());
    }
    fetch(COMPILER_PACKAGE)?;
    if !has_compiler() {
        return Err("The package of NVRTC holds no library of it.".to_owned());
    }
    say("Fetched and checked: NVRTC, for the kernels of cards.");
    Ok(())
}

/// The voice that reads what bfv prints.
const SPEECH: &str = "espeak-ng";

/// Whether the library of the voice is unpacked; `tests/accessibility/speech.py` calls it.
fn has_speech() -> bool {
    folder().join("espeakng_loader/libespeak-ng.so").is_file()
}

/// Whether the program `bfv-z3` lies beside `bfv`; one test asks it.
pub fn has_bfv_z3() -> bool {
    root().join("target/release/bfv-z3").is_file()
}

/// The version of z3 in its package, which the crate of z3 asks for.
pub const Z3_VERSION: &str = "5.3.3";

/// Packages with their hashes; the client refuses any other bytes.
const PACKAGES: &str = include_str!("../packages.txt");

/// Tools that tests need and that are missing, with what needs them.
pub fn missing() -> Vec<&'static Needed> {
    NEEDED.iter().filter(|n| !(n.found)()).collect()
}

/// Whether a program is there: it can be run with an argument that only asks for its version.
pub fn answers(tool: &str, version: &str) -> bool {
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

/// The program of Python.
pub fn python() -> Option<&'static str> {
    ["python3", "python"].into_iter().find(|p| answers(p, "--version"))
}

/// Fetches packages of Python by the ordinary client into a folder; the list has a hash for each, and any other bytes are refused.
///
/// # Errors
/// The end of a sentence that says why not.
pub fn pip(python: &str, folder: &Path, list: &str) -> Result<(), String> {
    let file = folder.with_extension("txt");
    let made = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, list));
    made.map_err(|e| format!("the folder {} cannot be written: {e}", folder.display()))?;
    let done = Command::new(python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action", "ignore"])
        .args(["--upgrade", "--no-deps", "--only-binary", ":all:", "--require-hashes"])
        .arg("--target")
        .arg(folder)
        .arg("--requirement")
        .arg(&file)
        .status()
        .map_err(|e| format!("the program {python} cannot be run: {e}"))?;
    if done.success() { Ok(()) } else { Err("pip fails; what it said stands above".to_owned()) }
}

/// Fetches the packages by the ordinary client with its own configuration, checked by hash, and unpacks them.
pub fn setup() -> Result<(), String> {
    for n in missing().into_iter().filter(|n| n.tool != SPEECH && n.tool != COMPILER) {
        let (tool, what) = (n.tool, n.what);
        say(&format!("The tool {tool} is missing. It is for {what}. Install it with your system's packages."));
    }
    if python().is_none() {
        say(
            "Not fetched: z3, for the comparison of the benchmark and for bfv check with --engine z3. It comes through python, which is missing.",
        );
        say("Not fetched: espeak-ng, for the speech of accessibility. It comes through python, too.");
        say("Not fetched: NVRTC, for the kernels of cards. It comes through python, too.");
        return Ok(());
    }
    speech()?;
    fetch_compiler()?;
    fetch("z3-solver")?;
    match z3() {
        Some(_) => {
            say("Fetched and checked: z3, for the comparison of the benchmark and for bfv check with --engine z3.")
        }
        None => return Err("The package of z3 holds no program z3.".to_owned()),
    }
    bfv_z3(&folder().join("z3/lib"))
}

/// Fetches the voice that reads what bfv prints, where it is missing.
pub fn speech() -> Result<(), String> {
    if has_speech() {
        return Ok(());
    }
    fetch("espeakng-loader")?;
    if !has_speech() {
        return Err("The package of espeak-ng holds no library of it.".to_owned());
    }
    say("Fetched and checked: espeak-ng, for the speech of accessibility.");
    Ok(())
}

/// Fetches one of the packages and unpacks it beside the others.
fn fetch(package: &str) -> Result<(), String> {
    let python = python().ok_or_else(|| format!("The package {package} comes through python, which is missing."))?;
    let folder = folder();
    let wanted: String = PACKAGES.lines().filter(|l| l.starts_with(package)).map(|l| format!("{l}\n")).collect();
    pip(python, &folder, &wanted).map_err(|why| format!("The package {package} cannot be fetched, because {why}."))
}

/// Builds the program `bfv-z3` over the library of the package and puts it beside `bfv`.
fn bfv_z3(library: &Path) -> Result<(), String> {
    let folder = root().join("target/tools/bfv-z3");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--target-dir"])
        .arg(&folder)
        .current_dir(root().join("crates/z3"))
        .env("Z3_NO_PKG_CONFIG", "1")
        .env("Z3_SYS_Z3_VERSION", Z3_VERSION)
        .env("Z3_LIBRARY_PATH_OVERRIDE", library)
        .env("RUSTFLAGS", format!("-C link-arg=-Wl,-rpath,{}", library.display()))
        .status()
        .map_err(|e| format!("The program cargo cannot be run: {e}."))?;
    if !status.success() {
        return Err("The program bfv-z3 cannot be built. What cargo said stands above.".to_owned());
    }
    let beside = root().join("target/release/bfv-z3");
    let copied = std::fs::create_dir_all(root().join("target/release"))
        .and_then(|()| std::fs::copy(folder.join("release/bfv-z3"), &beside));
    copied.map_err(|e| format!("The program bfv-z3 cannot be put at {}: {e}.", beside.display()))?;
    say("Built: bfv-z3, beside bfv.");
    Ok(())
}
