//! The end of a declaration: what waits is run, what is left open is reported.

use crate::context::Local;
use crate::elab::{Elab, HoleAt, Kind, Problem, R, problem};
use crate::walk;
use bfv_diag::Span;
use bfv_format::{Node, Term};
use bfv_kernel::V;
use std::rc::Rc;

impl Elab<'_> {
    /// Runs what waits, puts solutions in, and reports what is left open.
    pub fn finish(&self, span: Span, t: &Term) -> R<Term> {
        self.run_scripts()?;
        self.settle(span)?;
        let mut found = self.open_holes();
        if !found.is_empty() {
            let mut first = found.remove(0);
            first.also = found;
            return Err(Box::new(first));
        }
        let mut open = None;
        let t = walk::zonk(self.scratch, t, &mut open);
        if let Some(id) = open {
            let waiting = self.postponed.borrow().first().cloned();
            let why = waiting.map_or_else(String::new, |p| {
                let local = Local { ctx: p.ctx.clone(), ..Local::default() };
                format!(
                    " The equation of `{}` with `{}` does not determine it.",
                    self.show(&local, &p.left),
                    self.show(&local, &p.right)
                )
            });
            let origins = self.origins.borrow();
            let found = origins.iter().find(|o| o.meta == id);
            let (span, what) = found.map_or((span, "a part"), |o| (o.span, o.what.as_str()));
            let what = match what {
                "an argument" | "a type" | "a part" | "a hole" | "a goal" | "a case" => what.to_owned(),
                named if named.contains(' ') => named.to_owned(),
                named => format!("`{named}`"),
            };
            return problem(
                Kind::CannotInfer,
                span,
                format!("The value of {what} cannot be inferred here.{why}"),
                match what.strip_prefix('`').and_then(|w| w.strip_suffix('`')) {
                    Some(name) => format!("Write `({name} := ...)` after the function, or state a type that gives it."),
                    None => "State the type, as in `(e : Real)` or `(x : Real)`.".to_owned(),
                },
            );
        }
        Ok(t)
    }

    /// What each hole that is left open must be, and what is known there.
    pub fn open_holes(&self) -> Vec<Problem> {
        let holes = self.holes.borrow();
        // A place may have been elaborated several times; a `_` is filled when one of these is.
        let unfilled = |h: &HoleAt| {
            let mut left = None;
            walk::zonk(self.scratch, &Rc::new(Node::Const { id: h.meta, shift: 0 }), &mut left);
            left.is_some()
        };
        let filled = |span: Span| holes.iter().any(|o| o.span == span && !unfilled(o));
        let first = |h: &HoleAt, at: usize| holes.iter().position(|o| o.span == h.span) == Some(at);
        let open = holes.iter().enumerate().filter(|(at, h)| first(h, *at) && (h.name.is_some() || !filled(h.span)));
        let view = |h: &HoleAt| {
            let goal = self.show(&h.local, &h.ty);
            let proves = self.proposition(&h.local, h.span, &h.ty).is_ok();
            let must =
                if proves { format!("It must prove `{goal}`.") } else { format!("It must be of type `{goal}`.") };
            let (kind, message, fix) = match &h.name {
                Some(name) => (
                    Kind::Hole,
                    format!("The hole `?{name}` is open. {must}"),
                    "Replace the hole by a term of that type.",
                ),
                None => (
                    Kind::CannotInfer,
                    format!("Nothing says what this `_` is. {must}"),
                    "Replace it by a term of that type.",
                ),
            };
            let message = message + &self.known(&h.local);
            *Problem::new(kind, h.span, message, fix)
        };
        open.map(|(_, h)| view(h)).collect()
    }

    /// " Known: `h` says `0 < n`." for every variable of a context that has a name, each in a sentence of its own.
    pub fn known(&self, local: &Local) -> String {
        let names = local.names();
        let all = names.iter().zip(&local.ctx.types).enumerate();
        // A name that is bound again further in can no longer be written.
        let seen = all.filter(|(at, (n, _))| *n != "_" && !names.iter().skip(at + 1).any(|m| m == *n));
        let fact = |(n, ty): (&String, &V)| {
            let says = if self.proposition(local, Span::default(), ty).is_ok() { "says" } else { "is of type" };
            format!(" Known: `{n}` {says} `{}`.", self.show(local, ty))
        };
        seen.map(|(_, known)| fact(known)).collect()
    }
}
