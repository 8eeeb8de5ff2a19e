//! The one place where the elaborator and the engines are plugged in.

use crate::check::{Elaborated, Frontend, NoSearch, Search};
use crate::load::Input;
use crate::problem::{Code, Problem};
use bfv_diag::Sources;

/// The front end for `.sctt` files.
#[must_use]
pub fn frontend() -> Box<dyn Frontend> {
    Box::new(Unplugged)
}

/// The engines of `check`.
#[must_use]
pub fn engines() -> Box<dyn Search> {
    Box::new(NoSearch)
}

struct Unplugged;

impl Frontend for Unplugged {
    fn elaborate(&mut self, sources: &mut Sources, files: &[Input]) -> Result<Elaborated, Vec<Problem>> {
        let mut problems = Vec::new();
        for file in files {
            let (_, diagnostics) = bfv_syntax::parse(file.number, &file.bytes);
            problems.extend(diagnostics.iter().map(|d| Problem::from_diagnostic(d, sources)));
        }
        if !problems.iter().any(Problem::is_error) {
            let what = "This version of bfv reads specifications and cannot judge them yet.";
            problems.push(Problem::new(Code::Internal, what, "use a version that has the elaborator."));
        }
        Err(problems)
    }
}
