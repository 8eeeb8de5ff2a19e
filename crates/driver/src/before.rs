//! The library as it grows: before each of its theorems a desk that knows what stands before it, and nothing else.
//!
//! For measuring what helps with goals that are not known yet: neither the theorem nor what rests on it can be found by a search.

use crate::desk::Desk;
use crate::front::{Plugged, mistake, script_engines, with_library};
use crate::library;
use crate::problem::Problem;
use bfv_diag::Sources;
use bfv_syntax::tree::{Decl, DeclKind, File};

/// Elaborates a module of the library from its source, and calls this before each theorem. A name that the library does not have has none.
///
/// # Errors
/// Problems of the library.
pub fn before_theorems(
    engines: Plugged,
    module: &str,
    each: &mut dyn FnMut(&mut Desk, &Decl),
) -> Result<(), Vec<Problem>> {
    let Some(text) = library::source(module) else { return Ok(()) };
    let imports: Vec<String> = library::imports(text).map(str::to_owned).collect();
    let mut session = with_library(engines, &imports)?;
    let mut sources = Sources::new();
    let number = sources.add(module, text.as_bytes());
    let (File { decls, imports: lines, .. }, diagnostics) = bfv_syntax::parse(number, text.as_bytes());
    if !diagnostics.is_empty() {
        return Err(diagnostics.iter().map(|d| Problem::from_diagnostic(d, &sources)).collect());
    }
    let source = |span| sources.span_text(span).unwrap_or_default().to_owned();
    for d in decls {
        if d.kind == DeclKind::Theorem {
            let mut seen = session.clone();
            seen.enter(module, imports.clone());
            each(&mut Desk::over(engines, vec![module.to_owned()], seen)?, &d);
        }
        let one = File { decls: vec![d], imports: lines.clone(), ..File::default() };
        let out = session.module(module, &one, script_engines(engines), &source);
        if !out.problems.is_empty() {
            return Err(out.problems.into_iter().map(|p| mistake(p, &sources)).collect());
        }
    }
    Ok(())
}
