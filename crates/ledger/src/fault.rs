//! Why something was not done.

use bfv_model::Problem;
use std::fmt;
use std::path::{Path, PathBuf};

/// A fault: of the files, or of what stands in them or was asked for.
#[derive(Debug)]
pub enum Fault {
    /// A file could not be read, made or written.
    Files(PathBuf, std::io::Error),
    /// The operating system gave no random numbers.
    Random(getrandom::Error),
    /// What stands in a file, or what was asked for, is refused.
    Refused(Problem),
}

impl Fault {
    pub(crate) fn files(path: &Path) -> impl FnOnce(std::io::Error) -> Fault + use<'_> {
        move |why| Fault::Files(path.to_owned(), why)
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Fault {
        Fault::Refused(problem)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Files(path, why) => write!(f, "The file {} cannot be used: {why}.", path.display()),
            Fault::Random(why) => write!(f, "The operating system gives no random numbers: {why}."),
            Fault::Refused(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}
