//! What is special about declarations that were made from a protocol: they need `std.protocol`, and the statements that the author
//! wrote in guards and invariants must be propositions, as those of claims. All else is as for any other declaration.

use crate::context::Local;
use crate::elab::{Elab, Engines, Kind, Problem, R, problem};
use crate::module::Session;
use bfv_diag::Span;
use bfv_format::{Node, Term};
use bfv_kernel::{V, Val};
use bfv_syntax::tree::{Decl, Expr};
use std::rc::Rc;

/// The type of runs.
pub const TRACE: &str = "std.protocol.Trace";

/// What generated names are said to be in; a reader knows them by their short names.
const MODULES: [&str; 3] = ["std.protocol.", "std.live.", "std.count."];

impl Session {
    /// Checks what must hold of a part of a protocol before it is elaborated. Each statement with a mistake is reported.
    pub(crate) fn part(&self, d: &Decl, engines: Engines<'_>) -> R<()> {
        let Some(part) = &d.part else { return Ok(()) };
        let module = part.needs;
        if !self.names.visible.contains(module) {
            let what = if module == "std.live" { "A liveness property" } else { "A protocol" };
            return problem(
                Kind::UnknownModule,
                part.protocol.span,
                format!("{what} needs the module `{module}`, which is not imported here."),
                format!("Add `import {module}` at the top of the file."),
            );
        }
        let mut problems = part.stated.iter().filter_map(|(binders, statement)| {
            self.statement(statement.span, statement.span, binders, statement, false, engines).err()
        });
        let Some(mut first) = problems.next() else { return Ok(()) };
        for p in problems {
            let p: Problem = *p;
            first.also.push(p);
        }
        Err(first)
    }
}

impl Elab<'_> {
    /// `[a, b]` where a run is needed: its steps from the start. Nothing where something else is needed.
    pub fn trace(&self, local: &Local, span: Span, items: &[Expr], ty: &V) -> R<Option<Term>> {
        let Some(trace) = self.names.library(TRACE).and_then(|g| g.target.data()) else { return Ok(None) };
        let needed = self.whnf(span, ty)?;
        let Val::Data(d, parameters) = &*needed else { return Ok(None) };
        let Some(action) = parameters.first().filter(|_| d.id == trace.id) else { return Ok(None) };
        let parameter = self.quote(local, span, action)?;
        let step = |number: u32, fields: Vec<Term>| {
            Rc::new(Node::Con(*d, number, vec![parameter.clone()], fields, Vec::new()))
        };
        let mut run = step(0, Vec::new());
        for item in items {
            run = step(1, vec![run, self.check(local, item, action)?]);
        }
        Ok(Some(run))
    }
}

/// The statement of a claim as it is written, and of a safety property with short names for what the protocol added.
pub fn shown(d: &Decl, ty: &Expr) -> String {
    let text = bfv_syntax::print::statement(&d.binders, ty);
    match d.part {
        Some(_) => MODULES.iter().fold(text, |text, module| text.replace(module, "")),
        None => text,
    }
}
