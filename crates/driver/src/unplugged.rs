//! The one place where the elaborator and the engines are plugged in.

use crate::check::{Elaborated, Frontend, NoSearch, Search};
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
    fn elaborate(&mut self, _: &mut Sources, _: &[u32]) -> Result<Elaborated, Vec<Problem>> {
        let what = "This version of bfv cannot read specifications yet.";
        Err(vec![Problem::new(Code::Internal, what, "use a version that has the elaborator.")])
    }
}
