//! The proof store: `proofs/<module>/<claim>.bfvp`, and `proofs/<module>/scripts.bfvl` beside them, plain files.

use crate::problem::{Code, Problem};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest stored proof that is read.
pub const SIZE_LIMIT: u64 = 1 << 28;

/// What may be done with stored proofs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreMode {
    /// `--fresh`: what is stored is ignored.
    pub fresh: bool,
    /// `--locked`: nothing is ever written.
    pub locked: bool,
}

/// The proof store of a project.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    mode: StoreMode,
    /// Whose proofs are kept: these files, and what lies in these folders. Nothing means all files.
    sources: Option<Vec<PathBuf>>,
}

/// The place of a claim's proof under the project's folder.
///
/// # Errors
/// A name that could leave its folder or be taken for another file.
pub fn proof_path(module: &str, claim: &str) -> Result<PathBuf, Problem> {
    place(module, claim, "bfvp")
}

/// The place of what the scripts of a module gave, under the project's folder.
///
/// # Errors
/// As `proof_path`.
pub fn scripts_path(module: &str) -> Result<PathBuf, Problem> {
    place(module, "scripts", "bfvl")
}

fn place(module: &str, file: &str, ending: &str) -> Result<PathBuf, Problem> {
    for name in [module, file] {
        let legal = |c: char| c.is_alphanumeric() || matches!(c, '_' | '\'' | '-' | '.');
        if name.is_empty() || name.starts_with('.') || name.contains("..") || !name.chars().all(legal) {
            let what = format!("The name {} cannot be the name of a file.", name.escape_debug());
            return Err(Problem::new(
                Code::Source("bad-name".into()),
                what,
                "use letters, digits, underscores and single dots.",
            ));
        }
    }
    Ok(Path::new("proofs").join(module).join(format!("{file}.{ending}")))
}

impl Store {
    /// The store of the project in this folder.
    #[must_use]
    pub fn new(project: &Path, mode: StoreMode) -> Self {
        Store { root: project.to_owned(), mode, sources: None }
    }

    /// The same for the proofs of these files and folders only, given relative to the project.
    #[must_use]
    pub fn of(self, sources: &[PathBuf]) -> Self {
        let sources = sources.iter().map(|s| real(&self.root.join(s))).collect();
        Store { sources: Some(sources), ..self }
    }

    /// The same with what is stored ignored.
    #[must_use]
    pub(crate) fn ignored(self) -> Self {
        Store { mode: StoreMode { fresh: true, ..self.mode }, ..self }
    }

    /// Whether anything may be written.
    #[must_use]
    pub fn writes(&self) -> bool {
        !self.mode.locked
    }

    /// Whether the proofs of a file are kept here.
    #[must_use]
    pub fn keeps(&self, file: &str) -> bool {
        let file = real(Path::new(file));
        self.sources.as_ref().is_none_or(|sources| sources.iter().any(|s| file.starts_with(s)))
    }

    /// The stored bytes, if there are any and they are to be used.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn load(&self, module: &str, claim: &str) -> Result<Option<Vec<u8>>, Problem> {
        self.load_at(&proof_path(module, claim)?)
    }

    /// What the scripts of a module gave, if it is there and is to be used.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn load_scripts(&self, module: &str) -> Result<Option<Vec<u8>>, Problem> {
        self.load_at(&scripts_path(module)?)
    }

    fn load_at(&self, path: &Path) -> Result<Option<Vec<u8>>, Problem> {
        if self.mode.fresh {
            return Ok(None);
        }
        let path = self.root.join(path);
        let shown = path.display().to_string();
        let file = match fs::File::open(&path) {
            Ok(f) => f,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Problem::not_read(&shown, &e)),
        };
        let mut bytes = Vec::new();
        file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(|e| Problem::not_read(&shown, &e))?;
        if u64::try_from(bytes.len()).is_ok_and(|n| n <= SIZE_LIMIT) {
            Ok(Some(bytes))
        } else {
            Err(Problem::new(
                Code::NotRead,
                format!("The file {shown} is too large."),
                "delete it and check again to store a new proof.",
            ))
        }
    }

    /// Every stored proof, as pairs of module and file name without its ending, in order. A project without the folder has none.
    ///
    /// # Errors
    /// A folder that is there and cannot be read.
    pub fn list(&self) -> Result<Vec<(String, String)>, Problem> {
        self.list_of("bfvp")
    }

    /// The modules of which it is stored what their scripts gave, in order.
    ///
    /// # Errors
    /// A folder that is there and cannot be read.
    pub fn list_scripts(&self) -> Result<Vec<String>, Problem> {
        let all = self.list_of("bfvl")?;
        Ok(all.into_iter().filter(|(_, file)| file == "scripts").map(|(module, _)| module).collect())
    }

    fn list_of(&self, ending: &str) -> Result<Vec<(String, String)>, Problem> {
        let root = self.root.join("proofs");
        let mut out = Vec::new();
        for module in inside(&root)?.into_iter().filter(|p| p.is_dir()) {
            for file in inside(&module)?.into_iter().filter(|p| p.extension().is_some_and(|e| e == ending)) {
                let name =
                    |p: Option<&std::ffi::OsStr>| p.map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                out.push((name(module.file_name()), name(file.file_stem())));
            }
        }
        out.sort();
        Ok(out)
    }

    /// Writes a proof: first beside its place, then moved there, so that no reader sees a half. Returns whether anything was written.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn save(&self, module: &str, claim: &str, bytes: &[u8]) -> Result<bool, Problem> {
        self.save_at(&proof_path(module, claim)?, bytes)
    }

    /// The same for what the scripts of a module gave.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn save_scripts(&self, module: &str, bytes: &[u8]) -> Result<bool, Problem> {
        self.save_at(&scripts_path(module)?, bytes)
    }

    fn save_at(&self, path: &Path, bytes: &[u8]) -> Result<bool, Problem> {
        if self.mode.locked {
            return Ok(false);
        }
        let path = self.root.join(path);
        if fs::read(&path).is_ok_and(|old| old == bytes) {
            return Ok(false);
        }
        let fail = |p: &Path, e: std::io::Error| Problem::not_written(&p.display().to_string(), &e);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| fail(folder, e))?;
        }
        let half = path.with_added_extension(format!("{}.part", std::process::id()));
        fs::write(&half, bytes).map_err(|e| fail(&half, e))?;
        fs::rename(&half, &path).map_err(|e| fail(&path, e))?;
        Ok(true)
    }

    /// Removes a proof, where anything may be written.
    ///
    /// # Errors
    /// A file that is there and cannot be removed.
    pub fn remove(&self, module: &str, claim: &str) -> Result<(), Problem> {
        if self.mode.locked {
            return Ok(());
        }
        let path = self.root.join(proof_path(module, claim)?);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Problem::not_written(&path.display().to_string(), &e))
            }
            _ => Ok(()),
        }
    }
}

/// A path without links and dots, where it exists.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// What lies in a folder; nothing when there is no such folder.
fn inside(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let read = fs::read_dir(folder).and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect());
    match read {
        Ok(paths) => Ok(paths),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(Problem::not_read(&folder.display().to_string(), &e)),
    }
}
