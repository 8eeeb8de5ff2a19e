//! The one place where the elaborator is plugged in.

use crate::check::{Elaborated, Frontend};
use crate::problem::{Code, Problem};
use bfv_diag::Sources;

/// The front end for `.sctt` files.
#[must_use]
pub fn frontend() -> Box<dyn Frontend> {
    Box::new(Unplugged)
}

struct Unplugged;

impl Frontend for Unplugged {
    fn elaborate(&mut self, _: &mut Sources, _: &[u32]) -> Result<Elaborated, Vec<Problem>> {
        let what = "This version of bfv cannot read specifications yet.";
        Err(vec![Problem::new(Code::Internal, what, "use a version that has the elaborator.")])
    }
}
