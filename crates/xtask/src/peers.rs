//! The tools that benchmarks compare with: how they are fetched, and how they are found and run.

use crate::{root, say, tools};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Packages of Python with their hashes, in groups; the client refuses any other bytes.
const PYTHON: &str = include_str!("../peers.txt");
/// Packages of Debian with their hashes, in groups.
const DEBIAN: &str = include_str!("../debian.txt");

/// The lines of each group of a list, by name.
fn groups(list: &str) -> Vec<(&str, Vec<&str>)> {
    let mut out: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in list.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        match line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            Some(name) => out.push((name, Vec::new())),
            None => out.iter_mut().last().into_iter().for_each(|(_, lines)| lines.push(line)),
        }
    }
    out
}

fn folder(name: &str) -> PathBuf {
    root().join("target/tools").join(name)
}

/// Fetches every tool by the ordinary clients with their own configuration, checked by hash, and unpacks them under `target`.
///
/// # Errors
/// Only where nothing can be written. A tool that cannot be fetched is said with the reason, and the others go on.
pub fn setup() -> Result<(), String> {
    let python = tools::python();
    for (name, lines) in groups(PYTHON) {
        match python {
            Some(python) => told(name, tools::pip(python, &folder(name), &(lines.join("\n") + "\n"))),
            None => told(name, Err("it comes through python, which is missing".to_owned())),
        }
    }
    for (name, lines) in groups(DEBIAN) {
        told(name, debian(&folder(name), &lines));
    }
    say("The benchmark is run by cargo xtask bench claims. z3 is fetched by cargo xtask setup.");
    Ok(())
}

fn told(name: &str, done: Result<(), String>) {
    match done {
        Ok(()) => say(&format!("Fetched and checked: {name}.")),
        Err(why) => say(&format!("Not fetched: {name}, because {why}.")),
    }
}

/// Downloads packages of Debian, checks their hashes and unpacks them into a folder; nothing is installed.
fn debian(folder: &Path, packages: &[&str]) -> Result<(), String> {
    let missing = ["apt-get", "dpkg-deb", "sha256sum"].into_iter().find(|tool| !tools::answers(tool, "--version"));
    if let Some(tool) = missing {
        return Err(format!("the program {tool} is missing"));
    }
    let fetched = root().join("target/tools/packages");
    let mut files = Vec::new();
    for package in packages {
        let (name, hash) = package.split_once(' ').ok_or("its list is wrong")?;
        // A folder of its own, because the client chooses the name of the file.
        let place = fetched.join(name.replace([':', '='], "-"));
        std::fs::create_dir_all(&place).map_err(|e| format!("the folder {} cannot be made: {e}", place.display()))?;
        if file_of(&place).is_none() {
            run(Command::new("apt-get").args(["download", "--quiet", name]).current_dir(&place)).map_err(|_| {
                format!("apt-get finds no {name}; apt-get update reads the lists again, and what it said stands above")
            })?;
        }
        let file = file_of(&place).ok_or_else(|| format!("apt-get left no file of {name}"))?;
        if !has_hash(&file, hash)? {
            let _removed = std::fs::remove_file(&file);
            return Err(format!("the package {name} has another hash and was removed"));
        }
        files.push(file);
    }
    // Nothing is unpacked before everything is checked.
    for file in files {
        run(Command::new("dpkg-deb").arg("--extract").arg(&file).arg(folder))
            .map_err(|_| format!("the package {} cannot be unpacked", file.display()))?;
    }
    Ok(())
}

/// Whether a folder is there and holds something; a client that fails may leave an empty one.
fn filled(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// Whether a file has the hash SHA-256 that is written.
fn has_hash(file: &Path, hash: &str) -> Result<bool, String> {
    let open = std::fs::File::open(file).map_err(|e| format!("the file {} cannot be read: {e}", file.display()))?;
    // Read from its input, the program prints the hash first, whatever the name of the file.
    let sum = Command::new("sha256sum").stdin(open).output().map_err(|e| format!("sha256sum cannot be run: {e}"))?;
    Ok(hash.len() == 64 && String::from_utf8_lossy(&sum.stdout).starts_with(hash))
}

fn file_of(folder: &Path) -> Option<PathBuf> {
    let mut files = std::fs::read_dir(folder).ok()?.filter_map(|e| Some(e.ok()?.path()));
    files.find(|f| f.extension().is_some_and(|e| e == "deb"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let done = command.stdout(Stdio::null()).status().map_err(|e| e.to_string())?;
    if done.success() { Ok(()) } else { Err("it failed".to_owned()) }
}

/// Why these groups of packages cannot be used; nothing where all were fetched.
pub fn absent(needs: &[&str]) -> Option<String> {
    let absent: Vec<&str> = needs.iter().filter(|n| !filled(&folder(n))).copied().collect();
    (!absent.is_empty()).then(|| format!("cargo xtask bench-setup has not fetched {}", absent.join(" and ")))
}

/// The version of a package, whose line in its list begins like this.
pub fn version_of(package: &str) -> String {
    let line = PYTHON.lines().chain(DEBIAN.lines()).find_map(|l| l.strip_prefix(package)).unwrap_or_default();
    line.split(' ').next().unwrap_or_default().to_owned()
}

/// Tools of the comparison other than bfv.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    Z3,
    Cvc5,
    Cvxpy,
    Marabou,
    Vehicle,
    Gappa,
}

/// All of them, in the order of the table.
pub const ALL: [Peer; 6] = [Peer::Z3, Peer::Cvc5, Peer::Cvxpy, Peer::Marabou, Peer::Vehicle, Peer::Gappa];

impl Peer {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Peer::Z3 => "z3",
            Peer::Cvc5 => "cvc5",
            Peer::Cvxpy => "CVXPY",
            Peer::Marabou => "Marabou",
            Peer::Vehicle => "Vehicle with Marabou",
            Peer::Gappa => "Gappa",
        }
    }

    /// How a file is named that states a claim for it, after the name of the claim.
    pub fn ending(self) -> &'static str {
        match self {
            Peer::Z3 | Peer::Cvc5 => "smt2",
            Peer::Cvxpy => "py",
            Peer::Marabou => "txt",
            Peer::Vehicle => "vcl",
            Peer::Gappa => "g",
        }
    }

    /// What must have been fetched for it.
    fn needs(self) -> &'static [&'static str] {
        match self {
            Peer::Z3 => &[],
            Peer::Cvc5 => &["cvc5"],
            Peer::Cvxpy => &["cvxpy", "numpy"],
            // The networks are written with onnx.
            Peer::Marabou => &["marabou", "onnx", "numpy"],
            Peer::Vehicle => &["vehicle", "marabou", "onnx", "numpy"],
            Peer::Gappa => &["gappa"],
        }
    }

    /// Why it cannot be run here.
    pub fn missing(self) -> Option<String> {
        if self == Peer::Z3 {
            return tools::z3().is_none().then(|| "cargo xtask setup has not fetched it".to_owned());
        }
        absent(self.needs())
    }

    /// The version of its package.
    pub fn version(self) -> String {
        let package = match self {
            Peer::Z3 => return tools::Z3_VERSION.to_owned(),
            Peer::Cvc5 => "cvc5==",
            Peer::Cvxpy => "cvxpy-base==",
            Peer::Marabou => "maraboupy==",
            Peer::Vehicle => "vehicle-lang==",
            Peer::Gappa => "gappa=",
        };
        version_of(package)
    }

    /// The command that asks about the claim in a folder which holds its files and the networks.
    ///
    /// # Errors
    /// The tool is missing.
    pub fn ask(self, claim: &str, network: &str) -> Result<Command, String> {
        let file = format!("{claim}.{}", self.ending());
        let network = format!("{network}.onnx");
        Ok(match self {
            Peer::Z3 => {
                let mut command = Command::new(tools::z3().ok_or("z3 is missing")?);
                command.arg(file);
                command
            }
            Peer::Cvc5 => python(&["ask_cvc5.py", &file])?,
            Peer::Cvxpy => python(&[&file])?,
            Peer::Marabou => python(&[&marabou(), &network, &file, "--verbosity", "0"])?,
            Peer::Vehicle => {
                let network = network_argument(&network);
                python(&["-m", "vehicle_lang", "verify", "-s", &file, "-n", &network, "-v", &marabou()])?
            }
            Peer::Gappa => {
                let mut command = gappa();
                command.arg(file);
                command
            }
        })
    }

    /// The command that writes a certificate, where the tool has one; its output is the certificate.
    ///
    /// # Errors
    /// The tool is missing.
    pub fn certify(self, claim: &str) -> Result<Option<Command>, String> {
        let file = format!("{claim}.{}", self.ending());
        Ok(match self {
            Peer::Z3 => {
                let mut command = Command::new(tools::z3().ok_or("z3 is missing")?);
                command.arg(proof_file(claim));
                Some(command)
            }
            Peer::Cvc5 => Some(python(&["ask_cvc5.py", &file, "proof"])?),
            Peer::Gappa => {
                let mut command = gappa();
                command.args(["-Bcoq", &file]);
                Some(command)
            }
            Peer::Cvxpy | Peer::Marabou | Peer::Vehicle => None,
        })
    }
}

/// The file that asks z3 for its proof, too.
pub fn proof_file(claim: &str) -> String {
    format!("{claim}.proof.smt2")
}

/// Vehicle names a network by its name in the specification and its file.
fn network_argument(file: &str) -> String {
    format!("{}:{file}", file.trim_end_matches(".onnx"))
}

/// Python with the fetched packages.
///
/// # Errors
/// There is no python.
pub fn python(arguments: &[&str]) -> Result<Command, String> {
    let mut command = Command::new(tools::python().ok_or("python is missing")?);
    let folders = groups(PYTHON).into_iter().map(|(name, _)| folder(name));
    let path = std::env::join_paths(folders).map_err(|e| format!("The folder of the tools cannot be named: {e}."))?;
    command.args(arguments).env("PYTHONPATH", path);
    Ok(command)
}

/// The program of Marabou, itself in Python.
fn marabou() -> String {
    folder("marabou").join("bin/Marabou").display().to_string()
}

fn gappa() -> Command {
    let folder = folder("gappa").join("usr");
    let mut command = Command::new(folder.join("bin/gappa"));
    command.env("LD_LIBRARY_PATH", folder.join("lib/x86_64-linux-gnu"));
    command
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn other_bytes_are_refused() {
        if !tools::answers("sha256sum", "--version") {
            return say("Not run: needs sha256sum.");
        }
        let file = std::env::temp_dir().join(format!("bfv-hash-test-{}", std::process::id()));
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        std::fs::write(&file, "abc").unwrap();
        assert!(has_hash(&file, hash).unwrap());
        assert!(!has_hash(&file, "").unwrap());
        std::fs::write(&file, "abd").unwrap();
        assert!(!has_hash(&file, hash).unwrap());
        std::fs::remove_file(&file).unwrap();
        assert!(has_hash(&file, hash).is_err());
    }

    #[test]
    fn every_package_has_a_version_and_a_hash() {
        for (name, lines) in groups(PYTHON).into_iter().chain(groups(DEBIAN)) {
            assert!(!lines.is_empty(), "{name}");
            for line in lines {
                let hash = line.rsplit([' ', ':']).next().unwrap_or_default();
                assert!(hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{line}");
                assert!(line.contains('='), "{line}");
            }
        }
    }

    #[test]
    fn every_tool_has_a_version_and_what_it_needs_is_fetched() {
        let fetched: Vec<&str> = groups(PYTHON).into_iter().chain(groups(DEBIAN)).map(|(name, _)| name).collect();
        assert!(!version_of("ezkl==").is_empty() && fetched.contains(&"ezkl"));
        for peer in ALL {
            assert!(!peer.version().is_empty(), "{}", peer.name());
            assert!(peer.needs().iter().all(|n| fetched.contains(n)), "{}", peer.name());
        }
    }
}
