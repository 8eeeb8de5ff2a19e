//! The helpers of `common` for tests that two checkers share: every judgement also goes, as a stored proof, to `crate::second`.
//!
//! In the kernel's own tests that does nothing. `tests/checkers.rs` compiles the same files with the second checker there.
#![allow(dead_code)]

#[path = "../common/mod.rs"]
mod common;

use bfv_format::{Decl, Outcome, Prim, Stored, Term};
use bfv_kernel::Signature;
pub use common::*;

fn stored(decls: Vec<Decl>, statement: Term, evidence: Term) -> Stored {
    let (verdict, claim) = (Outcome::Proved, "trap".to_owned());
    Stored { decls, claim, statement, verdict, evidence, witness: vec![], engine: String::new() }
}

#[track_caller]
pub fn accepts(s: &Signature, ty: Term, term: Term) {
    common::accepts(s, ty.clone(), term.clone());
    crate::second(&stored(s.decls().cloned().collect(), ty, term), None);
}

#[track_caller]
pub fn rejects(s: &Signature, ty: Term, term: Term, reason: &str) {
    common::rejects(s, ty.clone(), term.clone(), reason);
    crate::second(&stored(s.decls().cloned().collect(), ty, term), Some(reason));
}

#[track_caller]
pub fn refuses(s: &mut Signature, decl: Decl, reason: &str) {
    let decls = s.decls().cloned().chain([decl.clone()]).collect();
    common::refuses(s, decl, reason);
    crate::second(&stored(decls, prim(Prim::Unit), prim(Prim::Star)), Some(reason));
}
